"""What a node says calls would do, as records and as lines."""

from __future__ import annotations

import attrs
import pytest
from calldata_cases import ALICE, BOB, CAROL, ROLLUP, TOKEN, WAREHOUSE
from hypothesis import given
from hypothesis import strategies as st

from aztec_butler import calldata
from aztec_butler.core.contracts import CONTRACTS
from aztec_butler.core.contracts import ROLLUP as ROLLUP_LINES
from aztec_butler.core.errors import DecodeError, InputError
from aztec_butler.core.events import UndecodedLog
from aztec_butler.core.records import BlockStamp
from aztec_butler.core.simulation import (
    BalanceChange,
    Simulation,
    Verdict,
    add_up,
    check_calls,
    decode_simulated,
)
from aztec_butler.core.simulation_alone import dependencies, touched_storage
from aztec_butler.core.token_amounts import ETHER

BLOCK = BlockStamp(number=100, hash="0x" + "ab" * 32, timestamp=1_700_000_000, is_finalized=False)
CALL = calldata.flush_entry_queue(rollup=ROLLUP)
TRANSFER = "0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef"
ZERO = "0x" + "00" * 20


def word(value):
    number = int(value, 16) if isinstance(value, str) else value
    return f"0x{number:064x}"


def transfer(token, sender, recipient, amount):
    return {"address": token, "topics": [TRANSFER, word(sender), word(recipient)], "data": word(amount)}


def reply(*logs, status="0x1", gas="0x5208", **more):
    return {"status": status, "gasUsed": gas, "returnData": "0x", "logs": list(logs), **more}


def changes(simulated):
    return {(c.holder, c.asset, c.held_in): c.change_wei for c in simulated.balance_changes}


# --------------------------------------------------------------------------- one reply


def test_decode__success__tells_gas_events_and_balances():
    queued = ROLLUP_LINES.event("ValidatorQueued")
    topics, data = queued.encode(attester=ALICE, withdrawer=BOB)
    log = {"address": ROLLUP, "topics": ["0x" + t.hex() for t in topics], "data": "0x" + data.hex()}
    simulated = decode_simulated(CALL, reply(transfer(TOKEN, ALICE, ROLLUP, 7), log), {ROLLUP: "rollup"})
    assert (simulated.verdict, simulated.gas, simulated.revert) == (Verdict.SUCCEEDS, 21_000, None)
    moved, entered = simulated.events
    assert (moved.role, moved.value_wei) == ("token", 7)  # nobody named the token: what it says names it
    assert (entered.attester, entered.withdrawer) == (ALICE, BOB)
    assert changes(simulated) == {(ALICE, TOKEN, None): -7, (ROLLUP, TOKEN, None): 7}


ALREADY_EXITING = ROLLUP_LINES.error("Staking__NotExiting").encode(ALICE)


@pytest.mark.parametrize(
    "failed",
    [
        # anvil, geth, and what both of them say at once
        reply(
            status="0x0",
            returnData="0x" + ALREADY_EXITING.hex(),
            error={"code": -3200, "message": "execution failed"},
        ),
        reply(
            status="0x0",
            returnData="0x",
            error={"code": 3, "message": "execution reverted", "data": "0x" + ALREADY_EXITING.hex()},
        ),
        reply(status="0x0", returnData="0x" + ALREADY_EXITING.hex()),
        reply(
            transfer(TOKEN, ALICE, BOB, 1), status="0x0", returnData="0x" + ALREADY_EXITING.hex(), error=None
        ),
    ],
    ids=["anvil", "geth", "bare", "logs"],
)
def test_decode__revert__is_read_wherever_the_node_puts_it(failed):
    simulated = decode_simulated(CALL, failed, {})
    assert (simulated.verdict, simulated.gas, simulated.events) == (Verdict.REVERTS, None, ())
    assert simulated.balance_changes == ()
    assert simulated.revert.name == "Staking__NotExiting"
    assert simulated.revert.hint
    assert ALICE in simulated.revert.arguments.values()


def test_decode__failure_without_revert__keeps_the_nodes_word():
    failed = reply(status="0x0", error={"code": -32015, "message": "out of gas\x1b[2J"})
    assert (
        decode_simulated(CALL, failed, {}).revert.sentence
        == "the call fails inside the contract: out of gas[2J"
    )
    silent = reply(status="0x0", error={"code": -32000, "message": "execution reverted"})
    assert "without a reason" in decode_simulated(CALL, silent, {}).revert.sentence


@pytest.mark.parametrize(
    "broken",
    [None, 5, {}, {"status": "0x1"}, {"status": "x", "gasUsed": "0x1"}, reply(5), reply({"topics": []})],
    ids=str,
)
def test_decode__what_is_no_reply__is_an_error(broken):
    with pytest.raises(DecodeError):
        decode_simulated(CALL, broken, {})


def test_decode__ether__is_a_balance_and_no_event():
    sent = reply(transfer(ETHER.lower(), ALICE, BOB, 5))
    simulated = decode_simulated(CALL, sent, {})
    assert simulated.events == ()
    assert changes(simulated) == {(ALICE, ETHER, None): -5, (BOB, ETHER, None): 5}


def test_decode__minting_and_burning__have_one_side():
    simulated = decode_simulated(
        CALL, reply(transfer(TOKEN, ZERO, ALICE, 5), transfer(TOKEN, BOB, ZERO, 3)), {}
    )
    assert changes(simulated) == {(ALICE, TOKEN, None): 5, (BOB, TOKEN, None): -3}


def test_decode__warehouse__tells_whose_token_it_holds():
    event = CONTRACTS["splits_warehouse"].event("Transfer")
    topics, data = event.encode(caller=CAROL, sender=ALICE, receiver=BOB, id=int(TOKEN, 16), amount=9)
    log = {"address": WAREHOUSE, "topics": ["0x" + t.hex() for t in topics], "data": "0x" + data.hex()}
    simulated = decode_simulated(CALL, reply(log), {})
    assert changes(simulated) == {(ALICE, TOKEN, WAREHOUSE): -9, (BOB, TOKEN, WAREHOUSE): 9}


@pytest.mark.parametrize(
    "topics", [[], [word(5)], [word(5), word(6)], [TRANSFER, word(1), word(2), word(3)]], ids=len
)
def test_decode__unknown_event__stands_as_it_is(topics):
    simulated = decode_simulated(CALL, reply({"address": CAROL, "topics": topics, "data": "0x01"}), {})
    (event,) = simulated.events
    assert isinstance(event, UndecodedLog)
    assert (event.log.address, event.log.data) == (CAROL, b"\1")
    assert simulated.balance_changes == ()


# --------------------------------------------------------------------------- sums


CHANGES = st.builds(
    BalanceChange,
    holder=st.sampled_from([ALICE, BOB]),
    asset=st.sampled_from([TOKEN, ETHER]),
    held_in=st.sampled_from([None, WAREHOUSE]),
    change_wei=st.integers(-(2**256), 2**256),
)


@given(st.lists(CHANGES, max_size=12))
def test_add_up__any_changes__keep_their_sum_and_lose_what_is_nothing(many):
    summed = add_up(many)
    assert sum(change.change_wei for change in summed) == sum(change.change_wei for change in many)
    assert all(change.change_wei for change in summed)
    assert len({(c.holder, c.asset, c.held_in) for c in summed}) == len(summed)
    assert add_up(summed) == summed


def simulation(*calls, **more):
    return Simulation(
        **{
            "block": BLOCK,
            "sender": ALICE,
            "at": BLOCK.timestamp + 12,
            "is_sequence": True,
            "calls": calls,
            **more,
        }
    )


def test_simulation__of_several_calls__adds_gas_and_balances():
    one = decode_simulated(CALL, reply(transfer(TOKEN, ALICE, BOB, 5)), {})
    other = decode_simulated(CALL, reply(transfer(TOKEN, BOB, ALICE, 2)), {})
    failed = decode_simulated(CALL, reply(status="0x0"), {})
    both = simulation(one, other)
    assert (both.succeeds, both.gas) == (True, 42_000)
    assert {(c.holder, c.change_wei) for c in both.balance_changes} == {(ALICE, -3), (BOB, 3)}
    assert (simulation(one, failed).succeeds, simulation(one, failed).gas) == (False, None)


def test_check_calls__none__is_refused():
    with pytest.raises(InputError):
        check_calls([])


# --------------------------------------------------------------------------- lines


def test_lines__of_success_and_revert__tell_everything():
    approve = calldata.approve(ROLLUP, 10**18, token=TOKEN)
    good = decode_simulated(approve, reply(transfer(TOKEN, ALICE, BOB, 15 * 10**17)), {})
    bad = decode_simulated(CALL, reply(status="0x0", returnData="0x" + ALREADY_EXITING.hex()), {})
    known = attrs.evolve(simulation(good, bad, notes=("a note",)), roles={TOKEN: "token"})
    assert str(known).splitlines() == [
        "call 1 of 2 would succeed with 21,000 gas",
        f"  {approve.summary}",
        f"  event Transfer(from_address={ALICE}, to_address={BOB}, value_wei=1500000000000000000 (1.5)) of token {TOKEN}",
        f"  balance of {ALICE}: -1.5 of {TOKEN}",
        f"  balance of {BOB}: +1.5 of {TOKEN}",
        "call 2 of 2 would revert",
        f"  {CALL.summary}",
        "  the contract reverted with Staking__NotExiting",
        f"    attester: {ALICE}",
        "    meaning: the attester has no exit to finalize",
        f"  balance of {ALICE}: -1.5 of {TOKEN}",
        f"  balance of {BOB}: +1.5 of {TOKEN}",
        f"simulated on the state of block 100 at 2023-11-14 22:13:32Z, sent by {ALICE}; nothing was sent",
        "note: a note",
    ]


def test_lines__of_a_token_that_nobody_knows__count_its_smallest_unit():
    """USDC has 6 decimals: 1,500,000 of it are no 0.0000000000015."""
    one = decode_simulated(CALL, reply(transfer(CAROL, ALICE, BOB, 1_500_000)), {})
    lines = str(simulation(one)).splitlines()
    assert f"  balance of {BOB}: +1,500,000 of the smallest unit of token {CAROL}" in lines
    (event,) = [line for line in lines if "event" in line]
    assert event.endswith(f"value_wei=1500000) of what looks like a token, {CAROL}")


def test_lines__of_ether_and_unknown_events__are_readable():
    one = decode_simulated(
        CALL,
        reply(transfer(ETHER, ALICE, BOB, 10**17), {"address": CAROL, "topics": [word(5)], "data": "0x"}),
        {},
    )
    text = str(simulation(one))
    assert f"balance of {ALICE}: -0.1 ETH" in text
    assert f"event of {CAROL} that is unknown here: {word(5)}" in text
    assert text.startswith("the call would succeed")


def test_lines__summary_out_of_a_strangers_file__cannot_steer_the_terminal():
    call = calldata.Call(to=BOB, data=b"", summary="harmless\x1b[2J\nand more")
    text = str(simulation(decode_simulated(call, reply(), {})))
    assert r"harmless\x1b[2J\nand more" in text


# --------------------------------------------------------------------------- calls run alone


def storage(*words_of):
    return touched_storage({"accessList": [{"address": a, "storageKeys": keys} for a, *keys in words_of]})


def test_touched_storage__any_spelling__is_the_same_word():
    spelled = storage((TOKEN.lower(), "0x5"), (ROLLUP,))
    assert spelled == storage((TOKEN, word(5)))
    assert touched_storage({"error": "x"}) is None
    assert touched_storage("0x") is None


@pytest.mark.parametrize(
    ("touched", "expected"),
    [
        ([storage((TOKEN, word(1))), storage((TOKEN, word(2))), storage((ROLLUP, word(1)))], [(), (), ()]),
        ([storage((TOKEN, word(1))), storage((TOKEN, word(1))), storage((TOKEN, word(2)))], [(), (0,), ()]),
        ([storage((TOKEN, word(1))), None, storage((TOKEN, word(1)))], [(), (0,), (0, 1)]),
        ([None], [()]),
    ],
)
def test_dependencies__shared_words__decide(touched, expected):
    assert dependencies([CALL] * len(touched), touched) == expected


def test_dependencies__ether_sent_twice__may_run_out():
    paying = calldata.Call(to=BOB, data=b"", value_wei=5)
    nothing = storage()
    assert dependencies([paying, CALL, paying], [nothing] * 3) == [(), (), (0,)]
