"""Views against events: whatever differs is named, and never becomes a table."""

from __future__ import annotations

import attrs
import pytest
from staking_story import ALICE, BOB, BONUS, CAROL, DEPLOYMENT, NEW, OLD, OWNER, STAKE, TOKEN, Story

from aztec_butler.core.errors import NodeRefused
from aztec_butler.core.hexes import ZERO_ADDRESS
from aztec_butler.core.records import (
    AttesterView,
    BlockStamp,
    ExitView,
    ProviderConfiguration,
    QueuedDeposit,
    RollupState,
    Status,
)
from aztec_butler.core.staking_agreement import disagreement
from aztec_butler.core.staking_state import StakingState
from aztec_butler.core.whereabouts import Whereabouts


def view(status=Status.VALIDATING, stake_wei=STAKE, leaving=None):
    return AttesterView(
        status=status, effective_balance_wei=stake_wei, exit=leaving, public_key=(1, 2), withdrawer=OWNER
    )


def leaving(amount_wei, recipient=None):
    return ExitView(
        withdrawal_id=3,
        amount_wei=amount_wei,
        exitable_at=9,
        recipient_or_withdrawer=recipient or OWNER,
        is_recipient=recipient is not None,
    )


def rollup_state(rollup, active, queued):
    return RollupState(
        rollup=rollup,
        is_canonical=rollup.address == NEW,
        is_latest_in_gse=rollup.address == NEW,
        active_count=active,
        queued_count=queued,
        next_flushable_epoch=0,
        allowance=0,
        is_bootstrapped=True,
        queue_config_word=0,
        local_ejection_threshold_wei=0,
        slasher=ZERO_ADDRESS,
    )


def provider(number, first, last):
    return ProviderConfiguration(
        provider_id=number,
        admin=OWNER,
        take_rate_bps=500,
        rewards_recipient=OWNER,
        queue_first_index=first,
        queue_last_index=last,
    )


STORY = (
    Story()
    .registered(1)
    .registered(2)
    .listed(CAROL, OWNER)
    .dripped(CAROL)
    .queued(ALICE)
    .queued(BOB, NEW)
    .queued(CAROL)
    .activated(ALICE, instance=BONUS)
    .activated(BOB, NEW)
    .slashed(ALICE, TOKEN, NEW)
    .slashed(BOB, STAKE // 2, NEW)
)
"""ALICE moves and was slashed, BOB is a zombie, CAROL waits, OWNER is listed."""
VIEWS = {
    ALICE: view(stake_wei=STAKE - TOKEN),
    BOB: view(Status.ZOMBIE, 0, leaving(STAKE // 2)),
    CAROL: view(Status.NONE, 0),
}
QUEUED = QueuedDeposit(
    position=0, attester=CAROL, withdrawer=OWNER, public_key=(1, 2), moves_with_latest_rollup=False
)


def state(
    story=STORY, *, active=(0, 1), queues=((QUEUED,), ()), views=VIEWS, providers=((1, 2, 3), (2, 1, 1))
):
    history = story.history()
    return StakingState(
        block=BlockStamp(number=50, hash="0x" + "ab" * 32, timestamp=600, is_finalized=True),
        deployment=DEPLOYMENT,
        rollups=tuple(
            rollup_state(rollup, count, len(queue))
            for rollup, count, queue in zip(DEPLOYMENT.rollups, active, queues, strict=True)
        ),
        queues=dict(zip((OLD, NEW), queues, strict=True)),
        providers=tuple(provider(*each) for each in providers),
        whereabouts=Whereabouts(deployment=DEPLOYMENT, latest_rollup=NEW, history=history),
        views=views,
    )


def test_agreement__both_say_the_same__is_a_state():
    assert [row.attester for row in state().attesters()] == [ALICE, BOB, CAROL, OWNER]


@pytest.mark.parametrize(
    ("changes", "facts"),
    [
        ({"active": (0, 2)}, {"rollup": NEW, "validating": "2 by the contract, 1 by logs"}),
        ({"queues": ((), ())}, {"rollup": OLD, "queued": "0 by the contract, 1 by logs"}),
        (
            {"queues": ((attrs.evolve(QUEUED, attester=BOB),), ())},
            {"rollup": OLD, "queued": "1 by the contract, 1 by logs"},
        ),
        (
            {"views": VIEWS | {ALICE: view()}},
            {"attester": ALICE, "stake_wei": f"{STAKE} by the contract, {STAKE - TOKEN} by logs"},
        ),
        (
            {"views": VIEWS | {BOB: view(Status.NONE, 0)}},
            {"attester": BOB, "exit_wei": f"0 by the contract, {STAKE // 2} by logs"},
        ),
        (
            {"views": VIEWS | {BOB: view(Status.ZOMBIE, 0, leaving(1))}},
            {"attester": BOB, "exit_wei": f"1 by the contract, {STAKE // 2} by logs"},
        ),
        (
            {"views": VIEWS | {BOB: view(Status.EXITING, 0, leaving(STAKE // 2, ALICE))}},
            {"attester": BOB, "recipient": f"{ALICE} by the contract, None by logs"},
        ),
        ({"providers": ((1, 2, 3),)}, {"providers": "1 by the contract, 2 by logs"}),
        (
            {"providers": ((1, 2, 3), (2, 1, 1), (3, 1, 1))},
            {"providers": "3 by the contract, 2 by logs"},
        ),
        (
            {"providers": ((1, 2, 4), (2, 1, 1))},
            {"provider_id": 1, "keys_queued": "2 by the contract, 1 by logs"},
        ),
    ],
    ids=["set", "queue", "order", "stake", "no-exit", "exit", "recipient", "fewer", "more", "keys"],
)
def test_agreement__one_of_them_differs__is_an_error_that_names_it(changes, facts):
    with pytest.raises(NodeRefused, match="do not agree") as caught:
        state(**changes)
    assert caught.value.facts.items() >= (facts | {"block": 50}).items()
    assert "doctor" in caught.value.hint


def test_disagreement__values__both_are_told():
    error = disagreement({"time": "noon"}, attesters=(3, 4))
    assert error.facts == {"time": "noon", "attesters": "3 by the contract, 4 by logs"}
