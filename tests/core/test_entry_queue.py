"""The entry queue against a step-by-step transcription of the contract, and on hand-computed cases."""

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aztec_butler.core.entry_queue import (
    DepositFailure,
    EntryQueueState,
    FlushOutcome,
    PlaceForecast,
    Stall,
    allowance,
    expected_failures,
    flush,
    flush_size,
    forecast,
)
from aztec_butler.core.epochs import EpochClock
from aztec_butler.core.errors import InputError, RevertError
from aztec_butler.core.queue_config import QueueConfig
from aztec_butler.core.records import QueuedDeposit

CLOCK = EpochClock(genesis_at=1_000_000, slot_seconds=24, epoch_slots=4, lag_in_epochs=2)  # 96 s an epoch


def config(set_size=500, flush_size=500, minimum=1, quotient=400, maximum=4):
    return QueueConfig(
        bootstrap_validator_set_size=set_size,
        bootstrap_flush_size=flush_size,
        normal_flush_size_min=minimum,
        normal_flush_size_quotient=quotient,
        max_queue_flush_size=maximum,
    )


def state(active=0, queued=0, *, next_epoch=0, left=0, bootstrapped=False, settings=None):
    return EntryQueueState(
        active_count=active,
        queued_count=queued,
        next_flushable_epoch=next_epoch,
        cached_allowance=left,
        is_bootstrapped=bootstrapped,
        config=settings or config(),
    )


def epochs(found):
    return [place.epoch for place in found.places]


def ask(seen, *, epoch=10, failing=()):
    return forecast(seen, clock=CLOCK, now_at=CLOCK.epoch_start_at(epoch) + 7, failing=failing)


# --------------------------------------------------------------------------- one flush


@pytest.mark.parametrize(
    ("seen", "size"),
    [
        # Bootstrap: the gate opens with the 500th deposit.
        (state(0, 499), 0),
        (state(0, 500), 500),
        # Growth, although the maximum is 4, and although fewer are queued than the set needs.
        (state(1, 0), 500),
        (state(499, 3), 500),
        # Normal: one for every 400 active ones, between 1 and 4.
        (state(500, 3), 1),
        (state(799, 3), 1),
        (state(800, 3), 2),
        (state(1_600, 3), 4),
        (state(4_000, 3), 4),
        # Once bootstrapped, never again, even with an empty set.
        (state(0, 3, bootstrapped=True), 1),
        (state(499, 3, bootstrapped=True), 1),
        # No bootstrap configured.
        (state(0, 1, settings=config(set_size=0)), 1),
        # Closed by governance.
        (state(4_000, 9, bootstrapped=True, settings=config(minimum=0, quotient=2**32 - 1)), 0),
        (state(4_000, 9, bootstrapped=True, settings=config(maximum=0)), 0),
    ],
)
def test_flush_size__each_phase__follows_the_configuration(seen, size):
    assert flush_size(seen) == size


def test_flush_size__quotient_of_zero__reverts_as_the_contract_does():
    broken = state(600, 3, settings=config(quotient=0))
    with pytest.raises(RevertError) as caught:
        flush_size(broken)
    assert caught.value.error == "Panic(uint256)"
    assert caught.value.arguments == {"code": 0x12}
    assert flush_size(state(3, 3, settings=config(quotient=0))) == 500  # growth does not divide


def test_allowance__within_and_after_the_epoch__is_what_is_left_and_then_new():
    seen = state(1_600, 9, next_epoch=11, left=3)
    assert allowance(seen, 10) == 3
    assert allowance(seen, 11) == 4


def test_flush__first_call_of_an_epoch__fixes_the_allowance_for_the_later_ones():
    seen, outcome = flush(state(799, 100), 10, to_add=0)
    assert (seen.next_flushable_epoch, seen.cached_allowance, outcome.dequeued_count) == (11, 1, 0)
    # By now 800 are active, but the epoch keeps its allowance of one.
    seen = attrs.evolve(seen, active_count=800)
    seen, outcome = flush(seen, 10)
    assert outcome == FlushOutcome(activated_count=1, failed_count=0)
    assert (seen.active_count, seen.queued_count, seen.cached_allowance) == (801, 99, 0)
    seen, outcome = flush(seen, 10)
    assert outcome.dequeued_count == 0
    seen, outcome = flush(seen, 11)
    assert outcome.activated_count == 2


def test_flush__too_early_in_bootstrap__burns_the_epoch():
    seen, outcome = flush(state(0, 499), 10)
    assert outcome.dequeued_count == 0
    assert (seen.next_flushable_epoch, seen.cached_allowance) == (11, 0)
    seen = attrs.evolve(seen, queued_count=500)
    seen, outcome = flush(seen, 10)
    assert outcome.dequeued_count == 0
    seen, outcome = flush(seen, 11)
    assert outcome.activated_count == 500
    assert seen.is_bootstrapped


def test_flush__unused_allowance__does_not_carry_over():
    seen, _ = flush(state(1_600, 1), 10)
    assert seen.cached_allowance == 3
    seen = attrs.evolve(seen, queued_count=9)
    seen, outcome = flush(seen, 11)
    assert outcome.activated_count == 4
    assert seen.cached_allowance == 0


def test_flush__failing_deposits__leave_their_places_but_not_their_allowance():
    seen, outcome = flush(state(1_600, 10), 10, failing=[0, 2, 7])
    assert outcome == FlushOutcome(activated_count=2, failed_count=2)
    assert (seen.active_count, seen.queued_count, seen.cached_allowance) == (1_602, 6, 2)
    seen, outcome = flush(seen, 10)
    assert outcome == FlushOutcome(activated_count=2, failed_count=0)


def test_flush__no_bootstrap_configured__marks_it_done_at_the_first_real_flush():
    without = config(set_size=0)
    assert not flush(state(0, 0, settings=without), 10)[0].is_bootstrapped
    assert not flush(state(0, 3, settings=without), 10, to_add=0)[0].is_bootstrapped
    assert flush(state(0, 3, settings=without), 10)[0].is_bootstrapped
    assert flush(state(0, 3, settings=without), 10, failing=[0])[0].is_bootstrapped


def test_flush__broken_configuration__uses_up_the_fixed_allowance_and_then_reverts():
    seen = state(600, 9, next_epoch=11, left=2, settings=config(quotient=0))
    seen, outcome = flush(seen, 10)
    assert outcome.activated_count == 2
    with pytest.raises(RevertError):
        flush(seen, 11)


# --------------------------------------------------------------------------- forecast, by hand


def test_forecast__steady_queue__fills_the_epochs_from_the_present_one():
    found = ask(state(1_600, 10, next_epoch=3))
    assert epochs(found) == [10, 10, 10, 10, 11, 11, 11, 11, 12, 12]
    assert (
        found.places[0].earliest_at == CLOCK.epoch_start_at(10) + 7
    )  # the present block: it can enter at once
    assert found.places[4].earliest_at == CLOCK.epoch_start_at(11)
    assert found.stall is None
    assert [place.position for place in found.places] == list(range(10))


@pytest.mark.parametrize(("left", "expected"), [(0, [11, 11, 11, 11, 12]), (1, [10, 11, 11, 11, 11])])
def test_forecast__epoch_already_flushed__uses_what_is_left_of_it(left, expected):
    assert epochs(ask(state(1_600, 5, next_epoch=11, left=left))) == expected


def test_forecast__growing_set__enters_faster_with_every_quotient():
    # 799 active let one in; with the 800th two, and with the 1200th three.
    found = ask(state(799, 6, bootstrapped=True))
    assert epochs(found) == [10, 11, 11, 12, 12, 13]
    found = ask(state(1_199, 6, bootstrapped=True))
    assert epochs(found) == [10, 10, 11, 11, 11, 12]


def test_forecast__bootstrap__goes_from_gate_to_growth_to_normal():
    small = config(set_size=6, flush_size=4, minimum=1, quotient=100, maximum=2)
    # Ten queued open the gate: 4, then 4 more because 4 < 6 are active, then one an epoch.
    assert epochs(ask(state(0, 10, settings=small))) == [10] * 4 + [11] * 4 + [12, 13]


def test_forecast__gate_closed__waits_for_deposits_and_says_how_many():
    found = ask(state(0, 3, settings=config(set_size=8)))
    assert epochs(found) == [None] * 3
    assert found.places[0].earliest_at is None
    assert (found.stall, found.missing_deposits_count) == (Stall.AWAITING_DEPOSITS, 5)
    assert ask(state(0, 8, settings=config(set_size=8))).stall is None


def test_forecast__first_deposits_fail_at_the_gate__goes_on_in_the_same_epoch():
    # Four open the gate of four. Two fail and leave fewer than four, but the epoch keeps its allowance of two.
    small = config(set_size=4, flush_size=2)
    assert epochs(ask(state(0, 4, settings=small), failing=[0, 1])) == [10, 10, 10, 10]
    assert epochs(ask(state(0, 4, settings=small), failing=[0, 1, 2, 3])) == [10, 10, 10, 10]
    assert epochs(ask(state(0, 5, next_epoch=11, left=0, settings=small), failing=[0, 1])) == [11] * 4 + [12]


def test_forecast__bootstrapped_set_that_emptied__has_no_gate_any_more():
    found = ask(state(0, 3, bootstrapped=True, settings=config(set_size=8)))
    assert epochs(found) == [10, 11, 12]


def test_forecast__closed_queue__never_reaches_anybody():
    closed = config(minimum=0, quotient=2**32 - 1)
    found = ask(state(4_000, 3, next_epoch=11, left=1, bootstrapped=True, settings=closed))
    assert epochs(found) == [10, None, None]  # what the epoch was already granted stays usable
    assert (found.stall, found.missing_deposits_count) == (Stall.CLOSED, 0)
    found = ask(state(4_000, 2, settings=config(quotient=0)))
    assert (epochs(found), found.stall) == ([None, None], Stall.BROKEN)


def test_forecast__queue_that_opens_by_itself__is_not_taken_for_closed():
    # No minimum: 99 active let nobody in, 100 let one in.
    assert ask(state(99, 2, settings=config(set_size=0, minimum=0, quotient=100))).stall is Stall.CLOSED
    assert epochs(ask(state(100, 2, settings=config(set_size=0, minimum=0, quotient=100)))) == [10, 11]


def test_forecast__failing_places__use_places_but_no_allowance():
    found = ask(state(1_600, 8), failing=[1, 2, 6])
    # Four enter in epoch 10: places 0, 3, 4, 5. Place 6 fails at the head of epoch 11.
    assert epochs(found) == [10, 10, 10, 10, 10, 10, 11, 11]
    assert [place.position for place in found.places if place.is_expected_to_fail] == [1, 2, 6]
    assert ask(state(0, 2), failing=[1]).places[1] == PlaceForecast(
        position=1, epoch=None, earliest_at=None, is_expected_to_fail=True
    )


def test_forecast__empty_queue__has_no_places():
    assert ask(state(0, 0)).places == ()
    assert ask(state(0, 0)).stall is None


def test_forecast__forty_thousand_places__end_in_the_right_epoch():
    found = ask(state(1_600, 40_000, bootstrapped=True))
    assert epochs(found) == [10 + position // 4 for position in range(40_000)]


@pytest.mark.parametrize("failing", [[3], [-1]])
def test_forecast__failing_place_outside_of_the_queue__is_refused(failing):
    with pytest.raises(InputError):
        ask(state(1_600, 3), failing=failing)


def test_forecast__state_of_a_later_time__is_refused():
    with pytest.raises(InputError) as caught:
        ask(state(1_600, 3, next_epoch=12))
    assert caught.value.facts == {"next_flushable_epoch": 12, "epoch": 10}


# --------------------------------------------------------------------------- against the contract, transcribed


class Rollup:
    """StakingLib's queue, statement by statement; the entries say themselves whether the GSE refuses them."""

    def __init__(self, seen: EntryQueueState, entries: list[tuple[int, bool]]) -> None:
        self.active, self.entries = seen.active_count, list(entries)
        self.next_flushable_epoch, self.available = seen.next_flushable_epoch, seen.cached_allowance
        self.is_bootstrapped, self.config = seen.is_bootstrapped, seen.config

    def get_entry_queue_flush_size(self) -> int:
        settings, queue_size = self.config, len(self.entries)
        if settings.bootstrap_validator_set_size > 0 and not self.is_bootstrapped:
            if self.active == 0 and queue_size < settings.bootstrap_validator_set_size:
                return 0
            if self.active < settings.bootstrap_validator_set_size:
                return settings.bootstrap_flush_size
        return min(
            max(self.active // settings.normal_flush_size_quotient, settings.normal_flush_size_min),
            settings.max_queue_flush_size,
        )

    def flush_entry_queue(self, epoch: int, to_add: int = 2**256 - 1) -> list[tuple[int, bool]]:
        if self.next_flushable_epoch <= epoch:
            self.available = self.get_entry_queue_flush_size()
            self.next_flushable_epoch = epoch + 1
        if self.available == 0:
            return []
        num_to_dequeue = min(self.available, len(self.entries), to_add)
        dequeued, self.entries = self.entries[:num_to_dequeue], self.entries[num_to_dequeue:]
        if not dequeued:
            return []
        deposit_count = sum(1 for _, fails in dequeued if not fails)
        self.active += deposit_count
        self.available -= deposit_count
        if not self.is_bootstrapped and self.active >= self.config.bootstrap_validator_set_size:
            self.is_bootstrapped = True
        return dequeued


CONFIGS = st.builds(
    config,
    st.integers(0, 12),
    st.integers(0, 8),
    st.integers(0, 3),
    st.integers(1, 12),
    st.integers(0, 8),
)


@st.composite
def queues(draw):
    """A state in epoch 10 and which of its places fail."""
    entries = draw(st.lists(st.booleans(), max_size=40))
    next_epoch = draw(st.sampled_from([0, 10, 11]))
    seen = state(
        draw(st.integers(0, 30)),
        len(entries),
        next_epoch=next_epoch,
        left=draw(st.integers(0, 8)),
        bootstrapped=draw(st.booleans()),
        settings=draw(CONFIGS),
    )
    return seen, entries


@settings(max_examples=300, deadline=None)
@given(
    queue=queues(), calls=st.lists(st.tuples(st.integers(0, 2), st.none() | st.integers(0, 5)), max_size=8)
)
def test_flush__any_calls__equal_the_transcribed_contract(queue, calls):
    seen, entries = queue
    rollup = Rollup(seen, list(enumerate(entries)))
    epoch = 10
    for later, to_add in calls:
        epoch += later
        assert allowance(seen, epoch) == (
            rollup.available if rollup.next_flushable_epoch > epoch else rollup.get_entry_queue_flush_size()
        )
        failing = [place for place, (_, fails) in enumerate(rollup.entries) if fails]
        seen, outcome = flush(seen, epoch, to_add=to_add, failing=failing)
        dequeued = rollup.flush_entry_queue(epoch, *([] if to_add is None else [to_add]))
        assert outcome == FlushOutcome(
            activated_count=sum(1 for _, fails in dequeued if not fails),
            failed_count=sum(1 for _, fails in dequeued if fails),
        )
        assert seen == EntryQueueState(
            active_count=rollup.active,
            queued_count=len(rollup.entries),
            next_flushable_epoch=rollup.next_flushable_epoch,
            cached_allowance=rollup.available,
            is_bootstrapped=rollup.is_bootstrapped,
            config=rollup.config,
        )


@settings(max_examples=500, deadline=None)
@given(queue=queues())
def test_forecast__any_queue__equals_the_transcribed_contract_flushed_every_epoch(queue):
    seen, entries = queue
    rollup = Rollup(seen, list(enumerate(entries)))
    reached: dict[int, int] = {}
    for epoch in range(10, 10 + len(entries) + 3):  # an epoch that moves nobody is the last that can
        while dequeued := rollup.flush_entry_queue(epoch):
            reached.update((position, epoch) for position, _ in dequeued)
    found = ask(seen, failing=[position for position, fails in enumerate(entries) if fails])
    assert epochs(found) == [reached.get(position) for position in range(len(entries))]
    assert [place.is_expected_to_fail for place in found.places] == entries
    assert (found.stall is not None) == (len(reached) < len(entries))
    if found.stall is Stall.AWAITING_DEPOSITS:
        # One deposit less than told does not open the gate, and the told number does.
        rollup.entries += [(-1, False)] * (found.missing_deposits_count - 1)
        assert rollup.flush_entry_queue(10_000) == []
        rollup.entries.append((-1, False))
        assert rollup.get_entry_queue_flush_size() == seen.config.bootstrap_flush_size


# --------------------------------------------------------------------------- deposits that will fail


def deposit(position, attester, key=None, *, moves=False):
    return QueuedDeposit(
        position=position,
        attester=attester,
        withdrawer="0xA27EC0006e59f245217Ff08CD52A7E8b169E62D2",
        public_key=key or (position + 100, 1),
        moves_with_latest_rollup=moves,
    )


def fails(deposits, *, attesters=(), keys=(), is_latest=True):
    return expected_failures(
        deposits, registered_attesters=set(attesters), registered_keys=set(keys), is_latest_rollup=is_latest
    )


def test_expected_failures__addresses_and_keys__count_once_in_queue_and_chain():
    deposits = [
        deposit(0, "a"),
        deposit(1, "a"),
        deposit(2, "b", (7, 7)),
        deposit(3, "c", (7, 7)),
        deposit(4, "old"),
        deposit(5, "d", (9, 9)),
    ]
    assert fails(deposits, attesters=["old"], keys=[(9, 9)]) == {
        1: DepositFailure.ATTESTER_REPEATED,
        3: DepositFailure.KEY_REPEATED,
        4: DepositFailure.ATTESTER_REGISTERED,
        5: DepositFailure.KEY_REGISTERED,
    }


def test_expected_failures__failed_deposit__frees_its_address_and_key():
    deposits = [
        deposit(0, "a", (9, 9)),  # the key is taken, so "a" does not enter ...
        deposit(1, "a", (8, 8)),  # ... and may enter with another key
        deposit(2, "old", (5, 5)),
        deposit(3, "b", (5, 5)),
    ]
    assert fails(deposits, attesters=["old"], keys=[(9, 9)]) == {
        0: DepositFailure.KEY_REGISTERED,
        2: DepositFailure.ATTESTER_REGISTERED,
    }


def test_expected_failures__mover_on_an_older_rollup__fails():
    deposits = [deposit(0, "a", moves=True), deposit(1, "a")]
    assert fails(deposits, is_latest=False) == {0: DepositFailure.NOT_LATEST_ROLLUP}
    assert fails(deposits, is_latest=True) == {1: DepositFailure.ATTESTER_REPEATED}
