"""Simulation through nodes of every kind: with ``eth_simulateV1``, without it, and in trouble."""

from __future__ import annotations

import pytest
from calldata_cases import ALICE, BOB, CAROL, ROLLUP, TOKEN

from aztec_butler import calldata
from aztec_butler.clients.blocks import fetch_block
from aztec_butler.clients.simulation import simulate
from aztec_butler.clients.troubles import Trouble
from aztec_butler.core.bls import registration
from aztec_butler.core.contracts import ROLLUP as ROLLUP_LINES
from aztec_butler.core.contracts import TOKEN as TOKEN_LINES
from aztec_butler.core.contracts import decode_error
from aztec_butler.core.errors import DecodeError, InputError, NodeRefused, NodeUnreachable, RevertError
from aztec_butler.core.records import BlockStamp
from aztec_butler.core.simulation import Verdict
from aztec_butler.devnet.chain import DEPLOYER
from aztec_butler.devnet.season_keys import wallet

BLOCK = BlockStamp(number=100, hash="0x" + "ab" * 32, timestamp=1_700_000_000, is_finalized=False)
PIN = {"blockHash": BLOCK.hash}
APPROVE = calldata.approve(ROLLUP, 5, token=TOKEN)
FLUSH = calldata.flush_entry_queue(rollup=ROLLUP)
SUCCESS = {"status": "0x1", "gasUsed": "0x5208", "returnData": "0x", "logs": []}


class Node:
    """A node by its answers: a value, an error, or a function of the parameters, by method."""

    def __init__(self, **answers):
        self.answers = {"eth_getCode": "0x60"} | answers
        self.asked = []

    def call(self, method, *parameters):
        self.asked.append((method, parameters))
        found = self._answer(method, parameters)
        if isinstance(found, Exception):
            raise found
        return found

    def try_batch(self, calls):
        self.asked += [(method, tuple(parameters)) for method, parameters in calls]
        return [self._answer(method, tuple(parameters)) for method, parameters in calls]

    def _answer(self, method, parameters):
        found = self.answers[method]
        return found(*parameters) if callable(found) else found


def missing():
    return NodeRefused("the node does not offer the method", code=-32601, reason=Trouble.METHOD_MISSING)


def run(node, *calls, **options):
    return simulate(node, calls or [APPROVE, FLUSH], **{"sender": ALICE, "block": BLOCK, **options})


# --------------------------------------------------------------------------- with eth_simulateV1


def test_simulate__question__is_pinned_in_order_and_of_the_next_slot():
    node = Node(eth_simulateV1=[{"calls": [SUCCESS, SUCCESS]}])
    simulation = run(node)
    (method, (payload, pin)), *codes = node.asked
    assert codes == [("eth_getCode", (call.to, PIN)) for call in (APPROVE, FLUSH)]
    assert (method, pin) == ("eth_simulateV1", PIN)
    assert (payload["validation"], payload["traceTransfers"]) == (False, True)
    (block,) = payload["blockStateCalls"]
    assert block["blockOverrides"] == {"time": hex(BLOCK.timestamp + 12)}
    assert block["calls"] == [
        {"from": ALICE, "to": call.to, "data": "0x" + call.data.hex(), "value": "0x0"}
        for call in (APPROVE, FLUSH)
    ]
    assert (simulation.succeeds, simulation.is_sequence, simulation.at) == (True, True, BLOCK.timestamp + 12)
    assert (simulation.sender, simulation.block) == (ALICE, BLOCK)


def test_simulate__another_time__is_asked_for():
    node = Node(eth_simulateV1=[{"calls": [SUCCESS]}])
    assert run(node, FLUSH, at=BLOCK.timestamp + 1_000_000).at == BLOCK.timestamp + 1_000_000
    assert node.asked[0][1][0]["blockStateCalls"][0]["blockOverrides"] == {"time": hex(1_701_000_000)}


@pytest.mark.parametrize("at", [0, BLOCK.timestamp, BLOCK.timestamp - 1])
def test_simulate__time_before_the_blocks__is_refused_before_anybody_is_asked(at):
    node = Node()
    with pytest.raises(InputError):
        run(node, at=at)
    assert node.asked == []


@pytest.mark.parametrize("sender", ["0x" + "00" * 20, "0x12", None])
def test_simulate__nobody_as_sender__is_refused(sender):
    with pytest.raises(InputError) as raised:
        run(Node(), sender=sender)
    assert "sender" in str(raised.value)


def test_simulate__node_that_knows_no_hashes__is_asked_by_number():
    def answer(_, pin):
        return NodeRefused("invalid params", code=-32602) if pin == PIN else [{"calls": [SUCCESS, SUCCESS]}]

    node = Node(eth_simulateV1=answer)
    assert run(node).succeeds
    assert [pin for method, (_, pin) in node.asked if method == "eth_simulateV1"] == [PIN, "0x64"]


@pytest.mark.parametrize(
    "answer",
    [[], None, "0x", [5], [{"calls": [SUCCESS]}], [{"calls": None}], [{"calls": [SUCCESS] * 3}]],
    ids=str,
)
def test_simulate__answer_that_cannot_be_right__is_an_error(answer):
    with pytest.raises(NodeRefused):
        run(Node(eth_simulateV1=answer))


def test_simulate__entry_that_is_none__is_an_error():
    with pytest.raises(DecodeError):
        run(Node(eth_simulateV1=[{"calls": [SUCCESS, {"status": "0x1"}]}]))


@pytest.mark.parametrize(
    ("code", "message"),
    [
        (-38014, "insufficient funds for gas * price + value"),
        (-32003, "Insufficient funds for gas * price + value"),
    ],
)
def test_simulate__sender_without_the_ether__is_a_revert_that_says_so(code, message):
    node = Node(eth_simulateV1=NodeRefused("refused", code=code, message=message))
    with pytest.raises(RevertError) as raised:
        run(node, calldata.Call(to=BOB, data=b"", value_wei=7))
    assert raised.value.facts["value_wei"] == 7


@pytest.mark.parametrize(
    "error", [NodeRefused("no", code=-32000), NodeUnreachable("gone")], ids=lambda e: e.sentence
)
def test_simulate__failing_node__is_its_error_and_nothing_else_is_asked(error):
    node = Node(eth_simulateV1=error)
    with pytest.raises(type(error)) as raised:
        run(node)
    assert raised.value is error
    assert len(node.asked) == 1


# --------------------------------------------------------------------------- without it


def words(**slots):
    return {"accessList": [{"address": TOKEN, "storageKeys": list(slots.values())}]}


def reverted():
    return decode_error(ROLLUP_LINES.error("Staking__QueueEmpty").encode()).to_error()


def lesser_node(**answers):
    usual = {
        "eth_simulateV1": missing(),
        "eth_call": "0x",
        "eth_estimateGas": "0x5208",
        "eth_createAccessList": {"accessList": []},
    }
    return Node(**usual | answers)


def test_simulate__node_without_the_method__runs_independent_calls_alone():
    node = lesser_node()
    simulation = run(node)
    assert (simulation.succeeds, simulation.is_sequence, simulation.gas) == (True, False, 42_000)
    assert simulation.at == BLOCK.timestamp
    assert "eth_simulateV1" in simulation.notes[0]
    assert len(simulation.notes) == 1
    assert {parameters[1]["blockHash"] for _, parameters in node.asked[1:]} == {BLOCK.hash}
    ran = [parameters[0] for method, parameters in node.asked[1:] if method != "eth_getCode"]
    assert all(call["from"] == ALICE for call in ran)


def test_simulate__calls_that_share_storage__are_undecided_and_say_why():
    def touched(call, _):
        return words(a="0x1") if call["to"] == TOKEN else words(a="0x1", b="0x2")

    simulation = run(lesser_node(eth_createAccessList=touched))
    first, second = simulation.calls
    assert (first.verdict, second.verdict) == (Verdict.SUCCEEDS, Verdict.UNDECIDED)
    assert (second.depends_on, simulation.succeeds) == ((0,), False)
    assert "depends on call 1; run alone it succeeds" in str(simulation)
    assert "alone" in simulation.notes[1]


def test_simulate__node_without_access_lists__leaves_every_later_call_undecided():
    simulation = run(lesser_node(eth_createAccessList=missing()), APPROVE, FLUSH, APPROVE)
    assert [each.depends_on for each in simulation.calls] == [(), (0,), (0, 1)]
    assert [each.verdict for each in simulation.calls] == [Verdict.SUCCEEDS] + [Verdict.UNDECIDED] * 2


def test_simulate__call_that_reverts_alone__is_decided_where_nothing_came_before():
    def called(call, _):
        return reverted() if call["to"] == ROLLUP else "0x"

    node = lesser_node(
        eth_call=called, eth_estimateGas=lambda call, _: reverted() if call["to"] == ROLLUP else "0x1"
    )
    simulation = run(node, FLUSH)
    (only,) = simulation.calls
    assert (only.verdict, only.gas, only.revert.name) == (Verdict.REVERTS, None, "Staking__QueueEmpty")
    assert "eth_createAccessList" not in [method for method, _ in node.asked]

    undecided = run(lesser_node(eth_call=called, eth_createAccessList=words(a="0x1")), APPROVE, FLUSH).calls[
        1
    ]
    assert (undecided.verdict, undecided.revert.name) == (Verdict.UNDECIDED, "Staking__QueueEmpty")


def test_simulate__node_that_cannot_run_a_call__is_its_error():
    with pytest.raises(NodeUnreachable):
        run(lesser_node(eth_call=NodeUnreachable("gone")))


def test_simulate__gas_that_nobody_tells__is_unknown():
    assert run(lesser_node(eth_estimateGas=NodeRefused("no", code=-32000))).gas is None


def test_simulate__lesser_node_that_knows_no_hashes__is_asked_by_number():
    def by_number(_, pin):
        return NodeRefused("invalid params", code=-32602) if pin == PIN else "0x5208"

    node = lesser_node(eth_call=by_number, eth_estimateGas=by_number, eth_getCode=by_number)
    assert run(node, FLUSH).succeeds


def test_simulate__lesser_node_at_another_time__is_refused():
    with pytest.raises(NodeRefused) as raised:
        run(lesser_node(), at=BLOCK.timestamp + 100)
    assert "time" in raised.value.sentence


# --------------------------------------------------------------------------- addresses without code


def code_except(*empty):
    return lambda address, _: "0x" if address in empty else "0x60"


def sequence_node(*entries, empty):
    return Node(eth_simulateV1=[{"calls": list(entries)}], eth_getCode=code_except(*empty))


@pytest.mark.parametrize(
    "node",
    [sequence_node(SUCCESS, empty=[TOKEN]), lesser_node(eth_getCode=code_except(TOKEN))],
    ids=["sequence", "alone"],
)
def test_simulate__target_without_code__does_not_succeed(node):
    simulation = run(node, APPROVE)
    assert (simulation.calls[0].verdict, simulation.succeeds) == (Verdict.NO_CONTRACT, False)
    assert f"there is no contract at {TOKEN}: a call to it succeeds, and does nothing" in simulation.notes
    first, *_ = str(simulation).splitlines()
    assert first == "the call would do nothing: there is no contract at the address that it calls"


def test_simulate__targets__are_asked_for_their_code_once_and_at_the_block():
    node = sequence_node(SUCCESS, SUCCESS, SUCCESS, empty=[])
    run(node, APPROVE, calldata.Call(to=BOB, data=b"", value_wei=7), APPROVE)
    assert node.asked[1:] == [("eth_getCode", (TOKEN, PIN))]


def test_simulate__ether_alone__needs_no_contract():
    assert run(sequence_node(SUCCESS, empty=[BOB]), calldata.Call(to=BOB, data=b"", value_wei=7)).succeeds


@pytest.mark.parametrize(
    "make", [lambda **a: sequence_node(SUCCESS, SUCCESS, **a), None], ids=["sequence", "alone"]
)
def test_simulate__contract_that_an_earlier_call_may_create__is_undecided(make):
    node = lesser_node(eth_getCode=code_except(ROLLUP)) if make is None else make(empty=[ROLLUP])
    simulation = run(node, APPROVE, FLUSH)
    assert [each.verdict for each in simulation.calls] == [Verdict.SUCCEEDS, Verdict.UNDECIDED]
    assert "unless an earlier call creates it" in simulation.notes[-1]


def test_simulate__contract_that_an_earlier_call_created__ran():
    created = SUCCESS | {"returnData": "0x" + "00" * 31 + "01"}
    assert run(sequence_node(SUCCESS, created, empty=[ROLLUP]), APPROVE, FLUSH).succeeds


@pytest.mark.parametrize("allow_failure", [False, True])
def test_simulate__batch_with_a_call_of_nobody__is_undecided(allow_failure):
    batch = calldata.batch([FLUSH, calldata.rollup_vote(3, rollup=BOB)], allow_failure=allow_failure)
    returned = SUCCESS | {"returnData": "0x" + "00" * 31 + "20"}
    assert run(sequence_node(returned, empty=[]), batch).succeeds
    node = sequence_node(returned, empty=[BOB])
    simulation = run(node, batch)
    assert [parameters[0] for _, parameters in node.asked[1:]] == [batch.to, ROLLUP, BOB]
    assert simulation.calls[0].verdict is Verdict.UNDECIDED
    assert f"there is no contract at {BOB}, unless" in simulation.notes[0]


def test_simulate__nothing_that_could_create_the_contract__is_decided():
    failed = {"status": "0x0", "gasUsed": "0x1", "returnData": "0x", "logs": []}
    simulation = run(sequence_node(failed, SUCCESS, SUCCESS, empty=[ROLLUP]), APPROVE, FLUSH, FLUSH)
    assert [each.verdict for each in simulation.calls] == [Verdict.REVERTS] + [Verdict.NO_CONTRACT] * 2
    assert len(simulation.notes) == 1


@pytest.mark.parametrize(
    ("code", "error"), [(NodeUnreachable("gone"), NodeUnreachable), (None, NodeRefused), ("0x6", NodeRefused)]
)
def test_simulate__code_that_nobody_tells__is_an_error(code, error):
    with pytest.raises(error):
        run(Node(eth_simulateV1=[{"calls": [SUCCESS]}], eth_getCode=code), APPROVE)


# --------------------------------------------------------------------------- a real chain


class WithoutSimulation:
    """A node like the devnet's, as older ones are."""

    def __init__(self, rpc):
        self._rpc = rpc

    def call(self, method, *parameters):
        return self._rpc.call("eth_simulateNothing" if method == "eth_simulateV1" else method, *parameters)

    def try_batch(self, calls):
        return self._rpc.try_batch(calls)


@pytest.fixture
def chain(devnet):
    block, _ = fetch_block(devnet.rpc, "latest")

    def run_there(*calls, sender=DEPLOYER, rpc=None, **options):
        return simulate(rpc or devnet.rpc, calls, sender=sender, block=block, **options)

    return devnet, run_there


@pytest.mark.devnet
def test_devnet__without_the_method__decides_the_same_as_far_as_it_can(chain):
    devnet, simulate_there = chain
    token, rollup = devnet.addresses["staking_asset"], devnet.addresses["rollup"]
    made = registration(7000)
    key = (wallet("attester"), made.public_key_g1, made.public_key_g2, made.proof_of_possession)
    calls = [
        calldata.approve(rollup, 200_000 * 10**18, token=token),
        calldata.deposit(key, withdrawer=CAROL, moves_with_latest_rollup=True, rollup=rollup),
    ]
    full = simulate_there(*calls)
    partial = simulate_there(*calls, rpc=WithoutSimulation(devnet.rpc))
    assert full.succeeds
    assert [each.verdict for each in partial.calls] == [Verdict.SUCCEEDS, Verdict.UNDECIDED]
    assert partial.calls[1].revert.name == "ERC20InsufficientAllowance"
    assert partial.calls[1].depends_on == (0,)

    # Two approvals of different spenders share no word of storage, and are decided even so.
    apart = [calldata.approve(who, 5, token=token) for who in (ALICE, BOB)]
    assert simulate_there(*apart, rpc=WithoutSimulation(devnet.rpc)).succeeds
    again = [calldata.approve(ALICE, amount, token=token) for amount in (5, 6)]
    assert not simulate_there(*again, rpc=WithoutSimulation(devnet.rpc)).succeeds


@pytest.mark.devnet
def test_devnet__ether_and_tokens__both_balances_are_told(chain):
    devnet, simulate_there = chain
    token = devnet.addresses["staking_asset"]
    gift = calldata.Call(to=BOB, data=b"", value_wei=7, summary="A gift")
    sent = calldata.Call(to=token, data=TOKEN_LINES.function("transfer").encode_call(BOB, 9))
    simulation = simulate_there(gift, sent, roles={token: "token"})
    assert {(c.holder, c.change_wei) for c in simulation.balance_changes} == {
        (DEPLOYER, -7),
        (BOB, 7),
        (DEPLOYER, -9),
        (BOB, 9),
    }
    assert devnet.contract("staking_asset").read("balanceOf", BOB) == 0


@pytest.mark.devnet
def test_devnet__call_of_nobody__is_told_with_the_method_and_without(chain):
    devnet, simulate_there = chain
    lost = calldata.transfer(BOB, 5, token=CAROL)
    for rpc in (devnet.rpc, WithoutSimulation(devnet.rpc)):
        assert simulate_there(lost, rpc=rpc).calls[0].verdict is Verdict.NO_CONTRACT
        assert simulate_there(calldata.Call(to=CAROL, data=b"", value_wei=7), rpc=rpc).succeeds


@pytest.mark.devnet
def test_devnet__sender_without_ether__is_told(chain):
    _, simulate_there = chain
    with pytest.raises(RevertError) as raised:
        simulate_there(calldata.Call(to=BOB, data=b"", value_wei=7), sender=CAROL)
    assert "ether" in raised.value.sentence


@pytest.mark.devnet
def test_devnet__pinned_block__is_the_state_that_counts(chain):
    devnet, simulate_there = chain
    token = devnet.addresses["staking_asset"]
    devnet.contract("staking_asset").send("transfer", ALICE, 5)  # after the pinned block
    simulation = simulate_there(calldata.transfer(BOB, 5, token=token), sender=ALICE)
    assert simulation.calls[0].revert.name == "ERC20InsufficientBalance"


@pytest.mark.devnet
def test_devnet__contract_as_sender__is_simulated_like_a_safe(chain):
    devnet, simulate_there = chain
    token, distributor = devnet.addresses["staking_asset"], devnet.addresses["reward_distributor"]
    simulation = simulate_there(calldata.transfer(BOB, 5, token=token), sender=distributor)
    assert simulation.succeeds
    assert {(c.holder, c.change_wei) for c in simulation.balance_changes} == {(distributor, -5), (BOB, 5)}
