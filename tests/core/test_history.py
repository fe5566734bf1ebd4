"""The replay of staking events: who is who, and how missing events show."""

from __future__ import annotations

import itertools

import pytest

from aztec_butler.core.contracts import CONTRACTS
from aztec_butler.core.errors import NodeRefused
from aztec_butler.core.history import Outcome, decode_staking_events, replay
from aztec_butler.core.logs import RawLog
from aztec_butler.core.records import Deployment, Rollup
from aztec_butler.core.whereabouts import Whereabouts

TOKEN = 10**18
STAKE = 200_000 * TOKEN
POINTS = {"publicKeyInG1": (1, 2), "publicKeyInG2": (1, 2, 3, 4), "proofOfPossession": (1, 2)}


def account(number: int) -> str:
    return f"0x{number:040d}"


OLD, NEW, REGISTRY, GSE, STAKING_REGISTRY, BONUS = (account(number) for number in range(1, 7))
ALICE, BOB, CAROL, OWNER, SPLIT, STAKER = (account(number) for number in range(11, 17))
ROLES = {OLD: "rollup", NEW: "rollup", REGISTRY: "registry", GSE: "gse", STAKING_REGISTRY: "staking_registry"}


def rollup(version: int, address: str) -> Rollup:
    return Rollup(
        version=version,
        address=address,
        generation=4,
        genesis_block=1,
        genesis_at=0,
        slot_seconds=72,
        epoch_slots=32,
        lag_in_epochs=2,
        exit_delay_seconds=345_600,
    )


DEPLOYMENT = Deployment(
    chain_id=1,
    registry=REGISTRY,
    rollups=(rollup(0, OLD), rollup(1, NEW)),
    gse=GSE,
    bonus_instance=BONUS,
    governance=account(7),
    staking_asset=account(8),
    activation_threshold_wei=STAKE,
    ejection_threshold_wei=100_000 * TOKEN,
    staking_registry=STAKING_REGISTRY,
    pull_split_factory=account(9),
    first_block=1,
)


class Story:
    """Events in order, each in a transaction of its own unless told otherwise."""

    def __init__(self) -> None:
        self.logs: list[RawLog] = []
        self.transactions = itertools.count(1)

    def tell(self, address, event, *, same_transaction=False, **values):
        number = len(self.logs) + 1
        topics, data = CONTRACTS[ROLES[address]].event(event).encode(**values)
        transaction = (
            self.logs[-1].transaction_hash if same_transaction else f"0x{next(self.transactions):064x}"
        )
        self.logs.append(
            RawLog(
                address=address,
                topics=topics,
                data=data,
                block_number=number,
                block_hash=f"0x{number:064x}",
                transaction_hash=transaction,
                transaction_index=0,
                log_index=number,
            )
        )
        return self

    def queued(self, attester, at=OLD, **options):
        return self.tell(at, "ValidatorQueued", attester=attester, withdrawer=OWNER, **options)

    def activated(self, attester, at=OLD, instance=None):
        self.tell(GSE, "Deposit", instance=instance or at, attester=attester, withdrawer=OWNER)
        return self.tell(
            at, "Deposit", attester=attester, withdrawer=OWNER, **POINTS, amount=STAKE, same_transaction=True
        )

    def refunded(self, attester, at=OLD):
        return self.tell(at, "FailedDeposit", attester=attester, withdrawer=OWNER, **POINTS)

    def slashed(self, attester, amount, at=OLD):
        return self.tell(at, "Slashed", attester=attester, amount=amount)

    def delegated(self, attester, provider_id, at=OLD, **options):
        return self.tell(
            STAKING_REGISTRY,
            "StakedWithProvider",
            providerIdentifier=provider_id,
            rollupAddress=at,
            attester=attester,
            coinbaseSplitContractAddress=SPLIT,
            stakerImplementation=STAKER,
            **options,
        )

    def history(self, local=190_000 * TOKEN):
        events = decode_staking_events(self.logs, DEPLOYMENT)
        return replay(events, DEPLOYMENT, {OLD: local, NEW: local})


def test_replay__deposits__are_settled_in_the_order_of_the_queue():
    story = Story().queued(ALICE).queued(BOB).queued(CAROL).activated(ALICE).refunded(BOB)
    outcomes = [(stake.attester, stake.outcome) for stake in story.history().stakes]
    assert outcomes == [(ALICE, Outcome.ACTIVATED), (BOB, Outcome.REFUNDED), (CAROL, Outcome.WAITING)]
    assert [stake.attester for stake in story.history().waiting(OLD)] == [CAROL]
    assert story.history().balances_wei == {ALICE: STAKE}


def test_replay__queues_of_two_rollups__do_not_mix():
    story = Story().queued(ALICE, OLD).queued(BOB, NEW).activated(BOB, NEW)
    assert [stake.attester for stake in story.history().waiting(OLD)] == [ALICE]
    assert story.history().waiting(NEW) == ()


@pytest.mark.parametrize(
    "story",
    [
        Story().queued(ALICE).queued(BOB).activated(BOB),
        Story().activated(ALICE),
        Story().queued(ALICE).refunded(BOB),
        Story().slashed(ALICE, TOKEN),
        Story().tell(OLD, "WithdrawInitiated", attester=ALICE, recipient=OWNER, amount=STAKE),
        Story().tell(OLD, "WithdrawFinalized", attester=ALICE, recipient=OWNER, amount=STAKE),
        Story().delegated(ALICE, 1),
        Story().queued(ALICE).delegated(ALICE, 1),
        Story().queued(ALICE).delegated(BOB, 1, same_transaction=True),
        Story().queued(ALICE).tell(OLD, "Deposit", attester=ALICE, withdrawer=OWNER, **POINTS, amount=STAKE),
    ],
    ids=[
        "out-of-order",
        "nobody-queued",
        "other-refund",
        "slash",
        "exit",
        "payment",
        "no-deposit",
        "other-tx",
        "other-attester",
        "no-gse",
    ],
)
def test_replay__an_event_does_not_follow__is_an_error_about_missing_logs(story):
    with pytest.raises(NodeRefused, match="logs are missing"):
        story.history()


def test_replay__delegation_before_or_after_its_deposit__belongs_to_it():
    before = Story().delegated(ALICE, 7).queued(ALICE, same_transaction=True).queued(BOB)
    after = Story().queued(ALICE).delegated(ALICE, 7, same_transaction=True).queued(BOB)
    for story in (before, after):
        alice, bob = story.history().stakes
        assert alice.delegated is not None
        assert (alice.delegated.provider_id, alice.delegated.split) == (7, SPLIT)
        assert bob.delegated is None


def test_replay__same_attester_staked_twice__each_delegation_finds_its_own_deposit():
    story = Story().queued(ALICE).delegated(ALICE, 1, same_transaction=True)
    story.queued(ALICE).delegated(ALICE, 2, same_transaction=True).activated(ALICE).refunded(ALICE)
    history = story.history()
    assert [(s.delegated.provider_id, s.outcome) for s in history.stakes] == [
        (1, Outcome.ACTIVATED),
        (2, Outcome.REFUNDED),
    ]


def test_replay__slashes_above_the_threshold__reduce_the_stake():
    story = Story().queued(ALICE).activated(ALICE).slashed(ALICE, 4_000 * TOKEN).slashed(ALICE, 6_000 * TOKEN)
    history = story.history()
    assert [slash.is_ejection for slash in history.slashes] == [False, False]
    assert history.balances_wei[ALICE] == 190_000 * TOKEN
    assert history.departures == ()


def test_replay__slash_below_the_threshold__ejects_and_the_rest_waits():
    story = Story().queued(ALICE).activated(ALICE).slashed(ALICE, 10_000 * TOKEN).slashed(ALICE, 1)
    history = story.history()
    assert [slash.is_ejection for slash in history.slashes] == [False, True]
    (departure,) = history.departures
    assert (departure.is_ejection, departure.recipient) == (True, None)
    assert departure.amount_wei == 190_000 * TOKEN - 1


def test_replay__ejected_then_recipient_named_then_slashed_then_paid__is_one_departure():
    story = Story().queued(ALICE).activated(ALICE).slashed(ALICE, 20_000 * TOKEN)
    story.tell(OLD, "WithdrawInitiated", attester=ALICE, recipient=BOB, amount=180_000 * TOKEN)
    story.slashed(ALICE, 5_000 * TOKEN)
    story.tell(OLD, "WithdrawFinalized", attester=ALICE, recipient=BOB, amount=175_000 * TOKEN)
    history = story.history()
    (departure,) = history.departures
    assert departure.recipient == BOB
    assert departure.amount_wei == 175_000 * TOKEN
    assert departure.finalized == story.logs[-1]
    assert [slash.is_ejection for slash in history.slashes] == [True, False]


def test_replay__threshold_changed_since__old_slashes_are_judged_by_the_old_one():
    story = Story().queued(ALICE).queued(BOB).activated(ALICE).activated(BOB).slashed(ALICE, 5_000 * TOKEN)
    story.tell(
        OLD,
        "LocalEjectionThresholdUpdated",
        oldLocalEjectionThreshold=190_000 * TOKEN,
        newLocalEjectionThreshold=199_000 * TOKEN,
    )
    story.slashed(BOB, 5_000 * TOKEN)
    assert [slash.is_ejection for slash in story.history(local=199_000 * TOKEN).slashes] == [False, True]


def test_home__movers_stand_on_the_latest_rollup_and_others_where_they_are():
    story = Story().queued(ALICE).queued(BOB).queued(CAROL)
    story.activated(ALICE, instance=BONUS).activated(BOB).queued(OWNER, NEW)
    where = Whereabouts(deployment=DEPLOYMENT, latest_rollup=NEW, history=story.history())
    assert [where.home(attester) for attester in (ALICE, BOB, CAROL, OWNER)] == [NEW, OLD, OLD, NEW]


def test_home__a_mover_that_left_on_the_old_rollup__is_looked_for_there():
    story = Story().queued(ALICE).activated(ALICE, instance=BONUS)
    story.tell(OLD, "WithdrawInitiated", attester=ALICE, recipient=BOB, amount=STAKE)
    where = Whereabouts(deployment=DEPLOYMENT, latest_rollup=NEW, history=story.history())
    assert where.home(ALICE) == OLD


def test_stakes__of_several_deposits__the_one_that_counts():
    story = Story().queued(ALICE).refunded(ALICE).queued(ALICE).activated(ALICE).queued(ALICE)
    where = Whereabouts(deployment=DEPLOYMENT, latest_rollup=NEW, history=story.history())
    assert where.stakes[ALICE].outcome is Outcome.ACTIVATED
    again = Story().queued(BOB).refunded(BOB).queued(BOB)
    where = Whereabouts(deployment=DEPLOYMENT, latest_rollup=NEW, history=again.history())
    assert where.stakes[BOB].outcome is Outcome.WAITING
