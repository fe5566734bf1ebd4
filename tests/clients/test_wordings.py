"""What nodes and providers were seen to say, and what it means."""

import pytest

from aztec_butler.clients.troubles import Trouble
from aztec_butler.clients.wordings import is_contract_failure, trouble_in

LOGS = "eth_getLogs"

TOO_LARGE = [
    (-32005, "query returned more than 10000 results. Try with this block range [0x1, 0x2]."),
    (-32005, "query returned more than 10000 results"),
    (-32602, "range 1000000 exceeds limit of 10000"),
    (-32602, "query exceeds max results 20000, retry with the range 24383075-24383096"),
    (-32602, "query exceeds max block range 100000"),
    (-32000, "block range is larger than max block range, block range = 5120, max block range = 5000"),
    (
        -32600,
        "You can make eth_getLogs requests with up to a 500 block range. Based on your parameters, this block range should work: [0x1a30dfd, 0x1a30ff0]",
    ),
    (
        -32602,
        "Log response size exceeded. You can make eth_getLogs requests with up to a 2K block range and no limit on the response size, or you can request any block range with a cap of 10K logs in the response.",
    ),
    (-32600, "Under the Free tier plan, you can make eth_getLogs requests with up to a 10 block range."),
    (-32614, "eth_getLogs is limited to a 10,000 range"),
    (-32600, "block range too high"),
    (-32600, "block range is too wide"),
    (-32602, "invalid params error_id: 4ed9, payload: range 9009594 is bigger than range limit 2000"),
    (-32000, "requested too many blocks from 0 to 5000, maximum is set to 2048"),
    (-32047, "Invalid eth_getLogs request. 'fromBlock'-'toBlock' range too large. Max range: 800"),
    (-32005, "Maximum allowed number of requested blocks is 3500"),
    (-32000, "limited to 1024 blocks range"),
    (-32000, "eth_getLogs and eth_newFilter are limited to a 10,000 blocks range"),
    (-32000, "response size should not greater than 10000000 bytes"),
    (-32020, "backend response too large"),
    (-32000, "Block range is too large"),
    (-32000, "logs matched by query exceeds limit of 10000"),
    (-32600, "exceeds the range allowed for your plan (100001 > 10000)"),
    (-32602, "Block range limit exceeded. See more details at https://docs.chainstack.com/docs/limits"),
    (-32602, "please limit the query to at most 1,000 blocks"),
    (-32602, "exceed maximum block range: 50000"),
    (-32602, "block range greater than 10000 max"),
    (-32000, "block range exceeds 1000"),
    (-32000, "eth_getLogs range is too large, max is 10k blocks"),
    (-32000, "query must be smaller than size 1024"),
    (-32000, "block range is too wide (maximum 1024)"),
    (-32602, "up to a 10,000 block range"),
    (-32000, "maximum [from, to] blocks distance: 10000"),
    (35, "ranges over 10000 blocks are not supported on freetier"),
    (-32005, "Too many logs requested. Max logs per response is 20000."),
    (-32005, "Requested range exceeds maximum RPC range limit"),
    (-32008, "Response is too big Exceeded max limit of 167772160"),
    (-32003, "response too large"),
    (-32007, "Request is too big"),
    (-32000, "eth_getLogs block range too large, range: 6000, max: 5000"),
    (-32000, "too many blocks"),
    (-32005, "Block range limit exceeded, 10000"),
    (-32001, "Unable to complete request at this time."),
    (-32000, "exceed max topics"),
    (-32600, "413 Request Entity Too Large"),
]
RATE_LIMITED = [
    (
        429,
        "Your app has exceeded its compute units per second capacity. If you have retries enabled, you can safely ignore this message.",
    ),
    (-32005, "project ID request rate exceeded"),
    (-32005, "daily request count exceeded, request rate limited"),
    (-32005, "limit exceeded"),
    (-32005, ""),
    (-32016, "over rate limit"),
    (-32016, ""),
    (-32097, ""),
    (-32029, "Too Many Requests"),
    (
        -32007,
        "50/second request limit reached - reduce calls per second or upgrade your account at quicknode.com",
    ),
    (
        -32000,
        '429 Too Many Requests: {"jsonrpc":"2.0","error":{"code":-32016,"message":"over rate limit"},"id":2239375}',
    ),
    (15, "Too many request, try again later"),
    (-32001, "limit exceeded: exceeded usage quota"),
    (-32009, "Server is busy, try again later"),
    (None, "Rate limit exceeded: 40 per 1 second. Check response body for more details on backoff."),
    (-32000, "rate limited"),
    (-32090, "Too many requests, reason: call rate limit exhausted, retry in 10s"),
    (-32000, "Monthly capacity limit exceeded. Visit the dashboard to upgrade"),
    (-32000, "request throttled"),
]
BLOCK_UNKNOWN = [
    (-32000, "header not found"),
    (-32001, "block not found: 0x989680"),
    (-32000, "header for hash not found"),
    (-32000, "unknown block"),
    (-39001, "Unknown block"),
    (-32000, "hash 0xabc is not currently canonical"),
    (-32602, "BlockOutOfRangeError: block height is 0 but requested was 10066329"),
    (-32000, "One of the blocks specified in filter (fromBlock, toBlock or blockHash) cannot be found."),
    (-32602, "block range extends beyond current head block"),
    (-32000, "cannot query unfinalized data"),
    (-32000, "requested block 99 after last accepted block 98"),
]
STATE_MISSING = [
    (-32000, "missing trie node 5ab8 (path ) state 0x5ab8 is not available, not found"),
    (-32000, "required historical state unavailable (reexec=128)"),
    (-32000, "historical state 3e5f is not available"),
    (-32002, "No state available for block 1"),
    (-32000, "World state unavailable"),
    (-32000, "state at block #1 is pruned"),
    (-32000, "project does not have access to archive state"),
    (-32000, "distance to target block exceeds maximum proof window"),
    (-32603, "state is not available"),
]
HISTORY_MISSING = [
    (4444, "pruned history unavailable"),
    (-32000, "History has been pruned for this block"),
    (-32000, "old data not available due to pruning"),
]
OTHERS = [
    (Trouble.METHOD_MISSING, -32601, "the method eth_foo does not exist/is not available"),
    (Trouble.METHOD_MISSING, -32601, "Method not found"),
    (Trouble.METHOD_MISSING, -32601, "the method trace_block does not exist/is not available"),
    (Trouble.METHOD_MISSING, -32004, "Method not supported"),
    (Trouble.METHOD_MISSING, -32600, "Unsupported method: eth_getBlockReceipts on ETH_MAINNET"),
    (Trouble.UNAUTHORIZED, -32600, "Must be authenticated!"),
    (Trouble.UNAUTHORIZED, -32002, "project id required in the url"),
    (Trouble.UNAUTHORIZED, -32000, "invalid api key"),
    (Trouble.UNAUTHORIZED, -32001, "Unauthorized: You must authenticate your request with an API key."),
    (Trouble.OUT_OF_GAS, -32000, "out of gas"),
    (Trouble.OUT_OF_GAS, -32603, "EVM error OutOfGas"),
    (Trouble.OUT_OF_GAS, -32000, "gas required exceeds allowance (50000000)"),
    (Trouble.BATCH_REFUSED, -32600, "batch too large"),
    (Trouble.BATCH_REFUSED, -32005, "Batched requests are not supported by this server"),
    (Trouble.BATCH_REFUSED, -32010, "The batch request was too large Exceeded max limit of 100"),
    (
        Trouble.BATCH_REFUSED,
        31,
        "Batch of more than 3 requests are not allowed on free tier, please use paid tier",
    ),
    (Trouble.BATCH_REFUSED, -32600, "too many requests in batch: maximum batch size is 50"),
    (Trouble.TIMED_OUT, -32002, "request timed out"),
    (Trouble.TIMED_OUT, -32000, "execution aborted (timeout = 5s)"),
    (Trouble.TIMED_OUT, -32016, "Request was canceled due to enabled timeout."),
    (Trouble.TIMED_OUT, -32000, "query timeout exceeded"),
    (Trouble.TIMED_OUT, 30, "Request timeout on the free tier, please upgrade your tier to the paid one"),
    (Trouble.TIMED_OUT, -32000, "context deadline exceeded"),
    (None, -32603, "Internal error"),
    (None, -32602, "invalid argument 0: hex string has length 38, want 40 for common.Address"),
    (None, -32000, "nonce too low"),
    (None, -32602, "missing value for required argument 1"),
    (None, -32000, "insufficient funds for gas * price + value"),
]


@pytest.mark.parametrize(("code", "text"), TOO_LARGE)
def test_trouble_in__too_many_logs_or_blocks__is_too_large(code, text):
    assert trouble_in(code, text, LOGS) is Trouble.TOO_LARGE


@pytest.mark.parametrize(("code", "text"), RATE_LIMITED)
@pytest.mark.parametrize("method", [LOGS, "eth_call"])
def test_trouble_in__rate_limit__is_one_for_every_method(code, text, method):
    assert trouble_in(code, text, method) is Trouble.RATE_LIMITED


@pytest.mark.parametrize(("code", "text"), BLOCK_UNKNOWN)
@pytest.mark.parametrize("method", [LOGS, "eth_call"])
def test_trouble_in__block_that_the_node_does_not_have__is_unknown(code, text, method):
    assert trouble_in(code, text, method) is Trouble.BLOCK_UNKNOWN


@pytest.mark.parametrize(("code", "text"), STATE_MISSING)
def test_trouble_in__state_pruned__is_missing(code, text):
    assert trouble_in(code, text, "eth_call") is Trouble.STATE_MISSING


@pytest.mark.parametrize(("code", "text"), HISTORY_MISSING)
def test_trouble_in__history_pruned__is_missing(code, text):
    assert trouble_in(code, text, LOGS) is Trouble.HISTORY_MISSING


@pytest.mark.parametrize(("trouble", "code", "text"), OTHERS)
def test_trouble_in__other_words__mean_what_they_say(trouble, code, text):
    assert trouble_in(code, text, "eth_call") is trouble


@pytest.mark.parametrize(
    ("code", "text"),
    [
        (3, "execution reverted"),
        (3, ""),
        (-32000, "execution reverted: rate limit exceeded"),
        (-32000, "execution reverted"),
        (-32015, "VM execution error."),
        (-32603, "Error: VM Exception while processing transaction: reverted with reason string 'x'"),
        (-32000, "Execution reverted"),
        (-32000, "invalid opcode: INVALID"),
        (-32000, "stack underflow (0 <=> 1)"),
        (-32000, "invalid jump destination"),
        (-32603, "EVM error InvalidFEOpcode"),
        (-32000, "VM Exception while processing transaction: revert"),
    ],
)
def test_is_contract_failure__what_the_contract_did__is_its_own(code, text):
    assert is_contract_failure(code, text)


@pytest.mark.parametrize(
    ("code", "text"),
    [
        (-32603, "EVM error OutOfGas"),
        (-32000, "out of gas"),
        (-32000, "header not found"),
        (-32005, "limit exceeded"),
    ],
)
def test_is_contract_failure__what_the_node_refuses__is_not(code, text):
    assert not is_contract_failure(code, text)
