"""Balances over time on a real chain, and nodes that forget."""

from __future__ import annotations

import pytest
from fault_proxy import FaultyNode, NodeSays

from aztec_butler.clients.policy import NO_RETRIES
from aztec_butler.clients.publishers import fetch_publishers
from aztec_butler.clients.rpc import Rpc
from aztec_butler.core.errors import InputError, NodeRefused
from aztec_butler.core.publishers import judge_publisher
from aztec_butler.devnet.chain import DEPLOYER, Transaction

ETHER = 10**18
A = "0x00000000000000000000000000000000000000AA"
B = "0x00000000000000000000000000000000000000bb"
SINK = "0x00000000000000000000000000000000000000Cc"


@pytest.fixture
def spending(devnet):
    """Twenty blocks in which one account loses 0.1 ETH a block, and another is paid once."""
    chain = devnet.chain
    chain.set_ether_balance(A, 10 * ETHER)
    chain.set_ether_balance(B, ETHER)
    chain.mine()  # what is set by hand counts for the block before it, too
    first = chain.block_number()
    for block in range(20):
        spent = Transaction(sender=A, to=SINK, content=b"", value_wei=ETHER // 10, gas=21_000)
        paid = Transaction(sender=DEPLOYER, to=B, content=b"", value_wei=ETHER, gas=21_000)
        chain.send_together([spent, paid] if block == 9 else [spent])
    return first


@pytest.mark.devnet
def test_fetch__whole_window__rate_and_top_up(devnet, spending):
    history = fetch_publishers(devnet.rpc, [A, B], window_seconds=20 * 12, samples=21)
    assert (history.first_block, history.is_pruned) == (spending, False)
    assert [len(taken) for taken in history.samples.values()] == [21, 21]
    spender = judge_publisher(A, history.samples[A])
    assert spender.spent_per_day_wei == ETHER // 10 * 7200
    assert (spender.balance_wei, spender.runway_seconds) == (8 * ETHER, 80 * 12)
    paid = judge_publisher(B, history.samples[B])
    assert (paid.balance_wei, paid.top_ups, paid.spent_per_day_wei) == (2 * ETHER, 1, 0)


@pytest.mark.devnet
def test_fetch__nonces__count_transactions(devnet):
    chain = devnet.chain
    sender = devnet.rpc.call("eth_accounts")[7]
    for _ in range(3):
        chain.send(A, b"", sender=sender, value_wei=1)
    history = fetch_publishers(devnet.rpc, [sender], window_seconds=3 * 12, samples=4)
    assert judge_publisher(sender, history.samples[sender]).transactions == 3


@pytest.mark.devnet
def test_fetch__window_before_the_chain_began__from_its_first_block(devnet):
    history = fetch_publishers(devnet.rpc, [A], window_seconds=10**9, samples=5)
    assert (history.first_block, history.is_pruned) == (0, False)
    assert len(history.samples[A]) == 5


@pytest.mark.devnet
def test_fetch__at_an_earlier_block__as_it_was(devnet, spending):
    history = fetch_publishers(devnet.rpc, [A], window_seconds=5 * 12, samples=6, block=spending + 10)
    assert history.samples[A][-1].balance_wei == 9 * ETHER
    assert history.samples[A][-1].nonce == 10
    assert history.block.number == spending + 10


# --------------------------------------------------------------------------- nodes that forget


def forgetful(oldest, *, head=100_000):
    """A chain of 12 s blocks whose state is known from one block on; the account loses a wei a block."""

    def header(name, _):
        number = head if name in ("latest", "finalized") else int(name, 16)
        return {
            "number": hex(number),
            "hash": "0x" + "ab" * 32,
            "timestamp": hex(1_700_000_000 + 12 * number),
        }

    def balance(_, name):
        number = int(name, 16)
        if number < oldest:
            raise NodeSays(-32000, "missing trie node 0a0a (path ) state 0x0b is not available")
        return hex(10**18 - number)

    return FaultyNode(
        {
            "eth_getBlockByNumber": header,
            "eth_getBalance": balance,
            "eth_getTransactionCount": lambda _, name: balance(_, name) and hex(int(name, 16)),
        }
    )


@pytest.mark.loopback
@pytest.mark.parametrize(
    "oldest", [0, 49_600, 99_872, 99_999], ids=["archive", "half", "128 blocks", "last block"]
)
def test_fetch__node_that_forgets__takes_what_it_remembers_and_says_so(oldest):
    with forgetful(oldest) as node, Rpc(node.url) as rpc:
        history = fetch_publishers(rpc, [A], window_seconds=7 * 86_400, samples=24)
    asked = 100_000 - 7 * 7200
    assert history.is_pruned == (oldest > asked)
    assert history.first_block == max(asked, min(100_000, oldest + 16 if oldest > asked else asked))
    found = judge_publisher(A, history.samples[A])
    assert found.balance_wei == 10**18 - 100_000
    if history.first_block < 100_000:
        assert found.spent_per_day_wei == 7200
        assert found.transactions == 100_000 - history.first_block


@pytest.mark.loopback
def test_fetch__node_without_any_state__refused():
    with forgetful(200_000) as node, Rpc(node.url) as rpc, pytest.raises(NodeRefused):
        fetch_publishers(rpc, [A], window_seconds=86_400)


@pytest.mark.loopback
def test_fetch__nonsense_for_an_amount__refused_and_never_zero():
    with forgetful(0) as node, Rpc(node.url, policy=NO_RETRIES) as rpc:
        node.answers["eth_getBalance"] = lambda *_: None
        with pytest.raises(NodeRefused):
            fetch_publishers(rpc, [A], window_seconds=86_400)


@pytest.mark.parametrize("options", [{"window_seconds": 0}, {"samples": 1}, {"addresses": []}], ids=str)
def test_fetch__that_tells_nothing__refused(options):
    with pytest.raises(InputError):
        fetch_publishers(None, **{"addresses": [A], "window_seconds": 60, **options})
