"""What is known about JSON-RPC methods themselves."""

from __future__ import annotations

from typing import Final

# Besides what the prefixes below cover.
_READS: Final = frozenset(
    (
        "eth_accounts",
        "eth_blobBaseFee",
        "eth_blockNumber",
        "eth_call",
        "eth_chainId",
        "eth_createAccessList",
        "eth_estimateGas",
        "eth_feeHistory",
        "eth_gasPrice",
        "eth_maxPriorityFeePerGas",
        "eth_protocolVersion",
        "eth_simulateV1",
        "eth_syncing",
        "anvil_nodeInfo",
        "anvil_metadata",
        "txpool_content",
        "txpool_inspect",
        "txpool_status",
    )
)
_READ_PREFIXES: Final = (
    "eth_get",
    "net_",
    "web3_",
    "debug_get",
    "debug_trace",
    "trace_",
    "erigon_get",
    "ots_get",
)
_STATEFUL: Final = frozenset(("eth_getFilterChanges", "eth_getWork"))

# Their results are hex text; anything else is the sign of a gateway in trouble.
_HEX_RESULTS: Final = frozenset(
    (
        "eth_blockNumber",
        "eth_call",
        "eth_chainId",
        "eth_estimateGas",
        "eth_gasPrice",
        "eth_getBalance",
        "eth_getCode",
        "eth_getStorageAt",
        "eth_getTransactionCount",
    )
)


def is_repeatable(method: str) -> bool:
    """Whether asking twice is as good as asking once, so that a lost answer may simply be asked for again.

    >>> is_repeatable("eth_call"), is_repeatable("eth_sendRawTransaction"), is_repeatable("anvil_mine")
    (True, False, False)
    """
    return method in _READS or (method.startswith(_READ_PREFIXES) and method not in _STATEFUL)


def is_plausible(method: str, result: memoryview) -> bool:
    """Whether a result, as JSON text, is of the kind that the method returns; ``null`` often is not.

    >>> is_plausible("eth_call", memoryview(b"null")), is_plausible("eth_getBlockByNumber", memoryview(b"null"))
    (False, True)
    """
    if method in _HEX_RESULTS:
        return result[:3].tobytes() == b'"0x'
    if method == "eth_getLogs":
        return result[:1].tobytes() == b"["
    return True
