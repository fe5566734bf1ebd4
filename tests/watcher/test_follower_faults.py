"""Nodes that misbehave in every way there is: in the end the same state, or an error with a name, and nothing lost."""

import contextlib
import json

import pytest
from event_logs import ROLLUP
from fault_proxy import altered, http_status, on_chain
from forking_chain import ForkingChain, Reader
from node_faults import FAULTS, HARMLESS, of_logs

from aztec_butler.clients.log_piece import Canary
from aztec_butler.clients.policy import RetryPolicy
from aztec_butler.clients.rpc import Rpc
from aztec_butler.core.contracts import CONTRACTS
from aztec_butler.core.errors import ButlerError, NodeError, NodeRefused

pytestmark = pytest.mark.loopback
POLICY = RetryPolicy(rounds=2, first_wait_seconds=0.001, cool_down_seconds=0.0)


class Tale:
    """A chain that grows and turns, and its reader, who meets a fault."""

    def __init__(self, node, rpc, chain):
        self.node, self.chain = node, chain
        self.reader = Reader(rpc, patience=3)

    CHAPTERS = (
        lambda chain: None,
        lambda chain: chain.mine(1, events=2),
        lambda chain: chain.mine(4),
        lambda chain: (chain.drop(3), chain.mine(5)),
        lambda chain: chain.mine(30),
        lambda chain: None,
    )

    def tell(self, *, heal_after=None):
        """Let all of it happen; the reader comes back until it has understood, or a few times."""
        for chapter in self.CHAPTERS:
            chapter(self.chain)
            for attempt in range(4):
                if attempt == heal_after:
                    self.node.always(lambda exchange: exchange.send(exchange.replies()))
                if self.read():
                    break
            self.assert_nothing_wrong()

    def read(self):
        try:
            self.reader.read()
        except ButlerError:  # anything without a name fails the test
            return False
        return self.reader.checkpoint.noticed is not None and (
            self.reader.checkpoint.noticed.hash == self.chain.head.hash
        )

    def assert_nothing_wrong(self):
        assert self.reader.known() <= self.chain.ever
        final = self.reader.checkpoint.final
        if final is not None:
            assert set(self.reader.final) == self.chain.events(0, final.number)

    def assert_settled(self):
        assert self.reader.known() == self.chain.events()
        assert set(self.reader.final) == self.chain.events(0, self.chain.final)


def tale_of(stack, timeout=0.15):
    chain = ForkingChain(finality=8)
    chain.mine(20)
    node = stack.enter_context(chain.node())
    return Tale(node, stack.enter_context(Rpc(node.url, policy=POLICY, timeout_seconds=timeout)), chain)


@pytest.fixture
def tale():
    from contextlib import ExitStack

    with ExitStack() as stack:
        yield tale_of(stack)


@pytest.mark.parametrize("name", [*FAULTS, *HARMLESS])
def test_fault__at_any_one_request__changes_nothing_in_the_end(tale, name):
    """Every third request meets it, so that each kind of request does at some time."""
    asked = iter(range(10**6))
    fault = (FAULTS | HARMLESS)[name]
    tale.node.decide(lambda _: fault if next(asked) % 3 == 1 else None)
    tale.tell()
    tale.node.decide(None)
    assert next(asked) > 6
    tale.read()
    tale.read()
    tale.assert_settled()


@pytest.mark.parametrize("name", FAULTS)
def test_fault__that_stays__is_an_error_with_a_name_or_the_same_state(tale, name):
    tale.node.always(FAULTS[name])
    tale.tell(heal_after=2)
    tale.read()
    tale.assert_settled()


@pytest.mark.parametrize("name", FAULTS)
def test_fault__that_stays_while_the_head_is_followed__loses_nothing(tale, name):
    assert tale.read()
    tale.node.always(FAULTS[name])
    for _ in range(2):
        tale.chain.mine(1)
        tale.read()
        tale.assert_nothing_wrong()
    tale.chain.drop(2)
    tale.chain.mine(3)
    tale.read()
    tale.assert_nothing_wrong()
    tale.node.always(lambda exchange: exchange.send(exchange.replies()))
    for _ in range(3):
        tale.read()
    tale.assert_settled()


def test_node__on_another_chain__is_refused_before_anything_is_believed(tale):
    with Rpc(tale.node.url, policy=POLICY, chain_id=1) as rpc:
        reader = Reader(rpc)
        with pytest.raises(ButlerError, match="chain"):
            reader.read()
    assert reader.steps == []


def test_endpoint__that_goes_over_to_another_chain__is_left_for_the_next(tale):
    tale.node.always(on_chain(77))
    with tale.chain.node() as other, Rpc([tale.node.url, other.url], chain_id=31337, policy=POLICY) as rpc:
        tale.reader = Reader(rpc)
        tale.tell()
    tale.assert_settled()


@pytest.mark.parametrize("limit", [1, 3, 7])
def test_node__that_gives_few_blocks_at_once__is_asked_for_fewer(tale, limit):
    def refuse_wide(reply, call):
        asked = call["params"][0] if call["method"] == "eth_getLogs" else None
        if asked is None or width(asked, tale.chain) <= limit:
            return reply
        error = {"code": -32005, "message": f"block range is too large, at most {limit} blocks"}
        return {"jsonrpc": "2.0", "id": reply["id"], "error": error}

    tale.node.always(altered(refuse_wide))
    tale.tell()
    tale.assert_settled()


def width(asked, chain):
    last = chain.head.number if asked["toBlock"] == "latest" else int(asked["toBlock"], 16)
    return last - int(asked["fromBlock"], 16) + 1


def test_node__that_takes_no_batches__is_asked_one_by_one(tale):
    tale.node.batches = False
    tale.tell()
    tale.assert_settled()


def test_logs__that_a_node_leaves_out_at_the_head__come_when_they_are_final(tale):
    assert tale.read()
    tale.chain.finality += 2
    tale.node.always(of_logs(lambda _: []))
    before = tale.reader.known()
    tale.chain.mine(2)
    assert tale.read()
    assert tale.reader.known() == before
    tale.node.always(lambda exchange: exchange.send(exchange.replies()))
    tale.chain.mine(10)
    tale.read()
    assert set(tale.reader.final) == tale.chain.events(0, tale.chain.final)


def test_logs__that_were_noticed_and_are_left_out_when_they_are_final__are_waited_for(tale):
    assert tale.read()
    before = tale.reader.checkpoint.final
    tale.node.always(of_logs(lambda logs: logs[:-1]))
    tale.chain.mine(3)
    for _ in range(2):
        with pytest.raises(NodeRefused, match="left out logs"):
            tale.reader.read()
    assert tale.reader.checkpoint.final == before
    tale.node.always(lambda exchange: exchange.send(exchange.replies()))
    tale.chain.mine(12)
    tale.read()
    tale.assert_settled()


def test_node__that_dropped_old_logs__is_found_out_by_one_that_is_known():
    chain = ForkingChain(finality=8)
    chain.mine(1_500)
    real = chain.get_logs
    chain.get_logs = lambda asked: [log for log in real(asked) if int(log["blockNumber"], 16) > 1_200]
    topic = CONTRACTS["rollup"].event("Slashed").topic0
    canary = Canary(address=ROLLUP, topics=((topic,),), block=1)
    with chain.node() as node, Rpc(node.url, policy=POLICY) as rpc:
        reader = Reader(rpc, canary=canary)
        with pytest.raises(NodeRefused, match="dropped old logs"):
            reader.read()
        assert reader.known() == set()
        chain.get_logs = real
    with chain.node() as node, Rpc(node.url, policy=POLICY) as rpc:
        reader.rpc = rpc
        reader.restart()
        reader.read()
    assert reader.known() == chain.events()


def test_errors__of_endpoints_with_keys__do_not_show_them(tale):
    with Rpc(tale.node.url + "/v3/SECRETKEY", policy=POLICY) as rpc:
        reader = Reader(rpc)
        reader.read()
        tale.chain.drop(15)
        tale.chain.mine(16)
        with pytest.raises(ButlerError) as deep:
            reader.read()
        tale.node.always(http_status(503))
        with pytest.raises(NodeError) as down:
            reader.read()
    for caught in (deep, down):
        assert "SECRETKEY" not in json.dumps(str(caught.value)) + repr(caught.value.facts)


def test_poll__log_of_the_head_with_the_number_of_another_block__is_noticed_all_the_same():
    """It must not pass for one of a block that came while the node was asked."""
    chain = ForkingChain()
    chain.mine(20)
    with chain.node() as node, Rpc(node.url, policy=POLICY) as rpc:
        reader = Reader(rpc)
        reader.read()
        for _ in range(3):
            chain.mine(1)
            node.script(FAULTS["log outside"])
            with contextlib.suppress(NodeError):
                reader.read()
            reader.read()
            assert reader.known() == chain.events()
