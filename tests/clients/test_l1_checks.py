"""What is wrong with an endpoint, found one thing at a time."""

from __future__ import annotations

import attrs
import pytest
from fault_proxy import FaultyNode, NodeSays
from hypothesis import given
from hypothesis import strategies as st

from aztec_butler.clients.l1_checks import Expected, check_endpoint, find_oldest_state
from aztec_butler.clients.policy import NO_RETRIES
from aztec_butler.clients.rpc import Rpc
from aztec_butler.core.checks import Outcome
from aztec_butler.core.errors import NodeRefused, NodeUnreachable

ACCOUNT = "0x00000000000000000000000000000000000000AA"
NOW = 1_800_000_000
EXPECTED = Expected(chain_id=31337, block_seconds=12, registry=None, staking_registry=None, first_block=0)


def header(number: int, age: int = 3) -> dict[str, str]:
    return {"number": hex(number), "hash": "0x" + "cd" * 32, "timestamp": hex(NOW - age)}


def answers(**changes):
    healthy = {
        "eth_getBlockByNumber": lambda name, _: header(900 if name == "finalized" else 1_000),
        "eth_syncing": False,
        "web3_clientVersion": "geth/1",
        "eth_getCode": "0x60",
    }
    return healthy | changes


def outcomes(node: FaultyNode, expected: Expected = EXPECTED) -> dict[str, tuple[Outcome, str]]:
    with Rpc(node.url, policy=NO_RETRIES) as rpc:
        checks = list(check_endpoint(rpc, expected, now=lambda: NOW))
    assert all(check.subject == f"L1 127.0.0.1:{node.port}" for check in checks)
    assert all(check.remedy for check in checks if check.outcome is not Outcome.OK)
    return {check.check: (check.outcome, check.finding) for check in checks}


@pytest.mark.loopback
def test_endpoint__healthy__everything_but_the_unknown_registry_is_ok():
    with FaultyNode(answers()) as node:
        found = outcomes(node)
    assert {name: outcome.value for name, (outcome, _) in found.items()} == {
        "reachable": "ok",
        "chain": "ok",
        "head": "ok",
        "finality": "ok",
        "Multicall3": "ok",
        "contracts": "fail",
    }
    assert "geth/1" in found["reachable"][1]
    assert "1000" in found["head"][1]
    assert "900" in found["finality"][1]


@pytest.mark.loopback
@pytest.mark.parametrize(
    ("changes", "check", "outcome", "part"),
    [
        ({"eth_chainId": "0x1"}, "chain", "fail", "chain 1, expected 31337"),
        ({"eth_getBlockByNumber": lambda *_: header(9, age=100)}, "head", "warn", "100 s old"),
        ({"eth_getBlockByNumber": lambda *_: header(9, age=9_999)}, "head", "fail", "9999 s old"),
        ({"eth_getBlockByNumber": lambda *_: header(9, age=-500)}, "head", "warn", "future"),
        ({"eth_syncing": {"currentBlock": "0x1"}}, "head", "warn", "syncing"),
        ({"eth_getCode": "0x"}, "Multicall3", "warn", "no contract"),
    ],
    ids=["chain", "late", "dead", "future", "syncing", "no multicall"],
)
def test_endpoint__something_wrong__is_named(changes, check, outcome, part):
    with FaultyNode(answers(**changes)) as node:
        found = outcomes(node)
    assert found[check][0].value == outcome
    assert part in found[check][1]


@pytest.mark.loopback
def test_endpoint__blocks_on_demand__an_old_head_means_nothing():
    changes = {"eth_getBlockByNumber": lambda *_: header(9, age=10**8)}
    with FaultyNode(answers(**changes)) as node:
        assert outcomes(node, attrs.evolve(EXPECTED, block_seconds=None))["head"][0] is Outcome.OK


@pytest.mark.loopback
def test_endpoint__without_finality__warns():
    def block(name, _):
        if name == "finalized":
            raise NodeSays(-39001, "unknown block")
        return header(1_000)

    with FaultyNode(answers(eth_getBlockByNumber=block)) as node:
        assert outcomes(node)["finality"][0] is Outcome.WARN


@pytest.mark.loopback
def test_endpoint__wrong_chain__nothing_else_is_asked():
    with FaultyNode(answers(eth_chainId="0x1")) as node:
        assert list(outcomes(node)) == ["reachable", "chain"]


@pytest.mark.loopback
def test_endpoint__that_is_not_there__one_failure_without_the_key():
    with Rpc("http://127.0.0.1:1/v3/0123456789abcdef", policy=NO_RETRIES) as rpc:
        (check,) = check_endpoint(rpc, EXPECTED, now=lambda: NOW)
    assert (check.outcome, check.check) == (Outcome.FAIL, "reachable")
    assert check.remedy
    assert "0123456789abcdef" not in str(check)


# --------------------------------------------------------------------------- old state


class StateSince:
    """A node that has the state of a block and of all later ones."""

    def __init__(self, oldest: int, missing: Exception | None = None) -> None:
        self.oldest, self.rounds = oldest, 0
        self.missing = missing or NodeRefused("missing trie node")

    def try_batch(self, calls):
        self.rounds += 1
        return ["0x0" if int(block, 16) >= self.oldest else self.missing for _, (_, block) in calls]


@given(st.tuples(*[st.integers(0, 10**7)] * 3))
def test_oldest_state__wherever_it_begins__is_found(numbers):
    first, oldest, last = sorted(numbers)
    node = StateSince(oldest)
    assert find_oldest_state(node, ACCOUNT, first, last) == oldest
    assert node.rounds <= 9


def test_oldest_state__older_than_the_range__its_first_block():
    assert find_oldest_state(StateSince(3), ACCOUNT, 10, 20) == 10


def test_oldest_state__not_even_the_last_block__is_an_error():
    with pytest.raises(NodeRefused):
        find_oldest_state(StateSince(30), ACCOUNT, 10, 20)


def test_oldest_state__a_failure_that_says_nothing_of_state__is_an_error():
    with pytest.raises(NodeUnreachable):
        find_oldest_state(StateSince(15, NodeUnreachable("gone")), ACCOUNT, 10, 20)


# --------------------------------------------------------------------------- the real contracts


def pruning(*, logs_since: int | None = None, state_since: int | None = None):
    """A fault that answers from the real chain, without what a pruned node has dropped."""

    def reply_to(call, reply):
        if call["method"] == "eth_getLogs" and logs_since is not None:
            kept = [log for log in reply["result"] if int(log["blockNumber"], 16) >= logs_since]
            return reply | {"result": kept}
        is_balance = call["method"] == "eth_getBalance" and state_since is not None
        if is_balance and int(call["params"][1], 16) < state_since:
            error = {"code": -32000, "message": "missing trie node 00 (path ) state is not available"}
            return {"jsonrpc": "2.0", "id": call["id"], "error": error}
        return reply

    def fault(exchange):
        replies = exchange.replies()
        if not exchange.is_batch:
            exchange.send(reply_to(exchange.calls[0], replies))
            return
        exchange.send([reply_to(call, reply) for call, reply in zip(exchange.calls, replies, strict=True)])

    return fault


@pytest.fixture
def expected(devnet):
    return Expected(
        chain_id=devnet.chain_id,
        block_seconds=None,
        registry=devnet.addresses["registry"],
        staking_registry=devnet.addresses["staking_registry"],
        first_block=0,
    )


@pytest.mark.devnet
def test_endpoint__devnet__everything_is_ok(devnet, expected):
    with FaultyNode(upstream=devnet.url) as node:
        found = outcomes(node, expected)
    assert {outcome for outcome, _ in found.values()} == {Outcome.OK}
    assert list(found)[-4:] == ["contracts", "StakingRegistry", "old state", "old logs"]
    assert devnet.addresses["rollup"] in found["contracts"][1]


@pytest.mark.devnet
def test_endpoint__that_dropped_old_logs__is_found_out(devnet, expected):
    devnet.chain.mine_many(5)
    with FaultyNode(upstream=devnet.url) as node:
        node.always(pruning(logs_since=devnet.chain.block_number() - 2))
        found = outcomes(node, expected)
    assert found["old logs"][0] is Outcome.FAIL
    assert found["contracts"][0] is Outcome.OK


@pytest.mark.devnet
def test_endpoint__rollup_that_was_named_late__is_found_all_the_same(devnet, expected, monkeypatch):
    monkeypatch.setattr("aztec_butler.clients.l1_checks._CANARY_BLOCKS", 0)
    with FaultyNode(upstream=devnet.url) as node:
        found = outcomes(node, expected)
        searches = [calls for calls in node.requests if any(method == "eth_getLogs" for method, _ in calls)]
    assert found["old logs"][0] is Outcome.OK
    assert len(searches) == 2


@pytest.mark.devnet
def test_endpoint__without_old_state__tells_since_when(devnet, expected):
    devnet.chain.mine_many(30)
    since = devnet.chain.block_number() - 11
    with FaultyNode(upstream=devnet.url) as node:
        node.always(pruning(state_since=since))
        found = outcomes(node, expected)
    assert found["old state"] == (Outcome.WARN, f"state only since block {since}, 11 blocks back")


@pytest.mark.devnet
@pytest.mark.parametrize("role", ["gse", "staking_asset"])
def test_endpoint__registry_that_is_none__fails(devnet, expected, role):
    with FaultyNode(upstream=devnet.url) as node:
        found = outcomes(node, attrs.evolve(expected, registry=devnet.addresses[role]))
    assert found["contracts"][0] is Outcome.FAIL


@pytest.mark.devnet
def test_endpoint__no_staking_registry__warns(devnet, expected):
    with FaultyNode(upstream=devnet.url) as node:
        found = outcomes(node, attrs.evolve(expected, staking_registry=None))
    assert found["StakingRegistry"][0] is Outcome.WARN
