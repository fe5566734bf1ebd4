"""web3 through our door: the same answers, our errors, and no secrets."""

import subprocess
import sys

import pytest
from fault_proxy import FaultyNode, http_status, on_chain, out_of_order, reset, rpc_error

from aztec_butler.clients.policy import NO_RETRIES
from aztec_butler.clients.rpc import Rpc
from aztec_butler.core.errors import (
    ButlerError,
    NodeBusy,
    NodeRefused,
    NodeUnreachable,
    RevertError,
    SettingsError,
)

KEY = "0123456789abcdef0123456789abcdef"
ADDRESS = "0x" + "11" * 20
loopback = pytest.mark.loopback


@pytest.fixture
def node():
    with FaultyNode({"eth_getBalance": hex(7 * 10**18), "eth_call": "0x" + "00" * 31 + "2a"}) as node:
        yield node


@pytest.fixture
def connect():
    """A factory of web3 objects over a door of their own."""
    from aztec_butler.clients.web3_provider import connect_web3

    opened = []

    def connect(url, **options):
        opened.append(Rpc(url, **({"sleep": lambda _: None, "timeout_seconds": 5.0} | options)))
        return connect_web3(opened[-1])

    yield connect
    for rpc in opened:
        rpc.close()


def key_shaped(node):
    return f"http://user:s3cret@127.0.0.1:{node.port}/v3/{KEY}?apikey={KEY}"


@loopback
def test_w3__faults_that_pass__are_retried(node, connect):
    w3 = connect(node.url)
    node.script(reset(), http_status(429), http_status(502))

    assert w3.eth.get_balance(ADDRESS) == 7 * 10**18


@loopback
def test_w3__first_endpoint_down__the_second_answers(node, connect):
    w3 = connect(["http://127.0.0.1:9", node.url])

    assert w3.eth.get_balance(ADDRESS) == 7 * 10**18


@loopback
def test_w3__contract_call__is_one_request(node, connect):
    w3 = connect(node.url, chain_id=31337)
    function = w3.eth.contract(
        ADDRESS,
        abi=[
            {
                "type": "function",
                "name": "answer",
                "inputs": [],
                "outputs": [{"type": "uint256", "name": ""}],
                "stateMutability": "view",
            }
        ],
    ).functions.answer()
    assert function.call() == 42
    before = node.request_count

    assert function.call(block_identifier=16) == 42
    assert node.request_count == before + 1


@loopback
@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (http_status(429), NodeBusy),
        (http_status(401), NodeRefused),
        (reset(), NodeUnreachable),
        (rpc_error(-32000, f"denied for /v3/{KEY}"), NodeRefused),
        (rpc_error(3, f"execution reverted {KEY}", "0x4e487b71" + "00" * 31 + "11"), RevertError),
    ],
)
def test_w3__failure__is_our_error_without_secrets(node, connect, fault, kind):
    w3 = connect(key_shaped(node), policy=NO_RETRIES)
    node.always(fault)

    with pytest.raises(kind) as caught:
        w3.eth.call({"to": ADDRESS, "data": "0x"})

    error = caught.value
    while error is not None:
        assert KEY not in str(error) + repr(error.args)
        assert "s3cret" not in str(error)
        error = error.__cause__ or error.__context__


@loopback
def test_w3__wrong_chain__is_a_settings_error(node, connect):
    node.always(on_chain(5))

    with pytest.raises(SettingsError):
        connect(node.url, chain_id=1).eth.get_balance(ADDRESS)


@loopback
def test_w3__shown__tells_no_secret(node, connect):
    w3 = connect(key_shaped(node))

    shown = f"{w3.provider} {w3.provider!r} {w3!r} {vars(w3.provider)}"
    assert str(w3.provider) == f"RPC connection 127.0.0.1:{node.port}"
    assert KEY not in shown
    assert "s3cret" not in shown


@loopback
def test_w3__is_connected__says_whether_a_node_answers(node, connect):
    from web3.exceptions import ProviderConnectionError

    w3 = connect(key_shaped(node), policy=NO_RETRIES)
    assert w3.is_connected()

    node.always(http_status(500))
    assert not w3.is_connected()
    with pytest.raises(ProviderConnectionError) as caught:
        w3.is_connected(show_traceback=True)
    assert KEY not in str(caught.value)


@loopback
def test_w3__batch__comes_back_in_order(node, connect):
    node.answers["eth_getBalance"] = lambda address, _: hex(int(address, 16))
    node.always(out_of_order())
    w3 = connect(node.url)
    addresses = [f"0x{number:040x}" for number in range(10)]

    with w3.batch_requests() as batch:
        for address in addresses:
            batch.add(w3.eth.get_balance(address))
        balances = batch.execute()

    assert balances == list(range(10))
    assert [len(calls) for calls in node.requests] == [10]


@loopback
def test_w3__types_of_web3__are_written_as_json(node, connect):
    from hexbytes import HexBytes
    from web3.datastructures import AttributeDict

    node.answers["eth_getTransactionReceipt"] = None
    w3 = connect(node.url)

    w3.provider.make_request(
        "eth_call", [AttributeDict({"to": ADDRESS, "data": HexBytes("0x00ff")}), HexBytes("0x10")]
    )

    assert node.requests[-1] == [("eth_call", [{"to": ADDRESS, "data": "0x00ff"}, "0x10"])]


@loopback
def test_w3__receipt_that_is_not_there__is_web3s_own_error(node, connect):
    from web3.exceptions import TransactionNotFound

    node.answers["eth_getTransactionReceipt"] = None

    with pytest.raises(TransactionNotFound):
        connect(node.url).eth.get_transaction_receipt("0x" + "00" * 32)


def test_rpc__imported__does_not_load_web3():
    code = "import sys, aztec_butler.clients.rpc, aztec_butler.clients.logs; print(sorted({'web3', 'requests', 'urllib3', 'aiohttp', 'pandas', 'eth_abi'} & set(sys.modules)))"

    assert (
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
        == "[]\n"
    )


@pytest.mark.devnet
def test_w3__real_contracts_through_a_node_that_fails_now_and_then__answers_as_web3_alone(devnet, connect):
    with FaultyNode(upstream=devnet.url) as node:
        node.decide(lambda calls: [None, reset(), http_status(429), None][node.request_count % 4])
        w3 = connect(key_shaped(node), chain_id=devnet.chain_id)
        plain = devnet.w3
        for role, name in (
            ("rollup", "getActiveAttesterCount"),
            ("rollup", "getGSE"),
            ("gse", "ACTIVATION_THRESHOLD"),
        ):
            abi = [item.to_json_abi() for item in _functions(role) if item.name == name]
            ours, theirs = (
                each.eth.contract(each.to_checksum_address(devnet.addresses[role]), abi=abi)
                for each in (w3, plain)
            )
            assert ours.functions[name]().call() == theirs.functions[name]().call()
        block = plain.eth.block_number
        assert w3.eth.get_block(block) == plain.eth.get_block(block)
        filter_ = {"fromBlock": 0, "toBlock": block, "address": devnet.addresses["rollup"]}
        assert w3.eth.get_logs(filter_) == plain.eth.get_logs(filter_)
        assert node.request_count > 8


@pytest.mark.devnet
def test_w3__real_contract_reverts__is_its_custom_error(devnet, connect):
    w3 = connect(devnet.url)
    [item] = [item for item in _functions("rollup") if item.name == "finalizeWithdraw"]
    rollup = w3.eth.contract(w3.to_checksum_address(devnet.addresses["rollup"]), abi=[item.to_json_abi()])

    with pytest.raises(RevertError) as caught:
        rollup.functions.finalizeWithdraw(ADDRESS).call()
    assert caught.value.error.startswith("Staking__")
    assert isinstance(caught.value, ButlerError)


def _functions(role):
    from aztec_butler.core.contracts import CONTRACTS

    return CONTRACTS[role].functions
