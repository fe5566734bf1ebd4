"""The rollup's clock, on hand-computed times and against the definition of the committee's sample."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aztec_butler.core.epochs import EpochClock
from aztec_butler.core.errors import InputError
from aztec_butler.core.records import Rollup

# Mainnet's first rollup: genesis as its getGenesisTime tells, 72 s slots, 32 slots an epoch.
MAINNET = EpochClock(genesis_at=1_762_995_155, slot_seconds=72, epoch_slots=32, lag_in_epochs=2)

CLOCKS = st.builds(
    EpochClock,
    genesis_at=st.integers(0, 2**32),
    slot_seconds=st.integers(1, 100),
    epoch_slots=st.integers(1, 64),
    lag_in_epochs=st.integers(0, 5),
)


@pytest.mark.parametrize(
    ("at", "slot", "epoch"),
    [
        (1_762_995_155, 0, 0),
        (1_762_995_155 + 71, 0, 0),
        (1_762_995_155 + 72, 1, 0),
        (1_762_995_155 + 2303, 31, 0),
        (1_762_995_155 + 2304, 32, 1),
        # 136 043 slots and 4 251 epochs after genesis, as its getCurrentSlot and getCurrentEpoch told together.
        (1_762_995_155 + 136_043 * 72 + 5, 136_043, 4_251),
    ],
)
def test_clock__mainnet_times__fall_into_their_slot_and_epoch(at, slot, epoch):
    assert MAINNET.slot_at(at) == slot
    assert MAINNET.epoch_at(at) == epoch


def test_clock__mainnet_starts__are_multiples_from_genesis():
    assert MAINNET.epoch_seconds == 2304
    assert MAINNET.slot_start_at(3) == 1_762_995_155 + 216
    assert MAINNET.epoch_start_at(2) == 1_762_995_155 + 4608


def test_clock__before_genesis__is_refused():
    with pytest.raises(InputError) as caught:
        MAINNET.epoch_at(1_762_995_154)
    assert caught.value.facts == {"at": 1_762_995_154, "genesis_at": 1_762_995_155}


def test_clock__of_a_rollup__takes_its_times():
    rollup = Rollup(
        version=1,
        address="0x603bb2c05D474794ea97805e8De69bCcFb3bCA12",
        generation=4,
        genesis_block=10,
        genesis_at=1_762_995_155,
        slot_seconds=72,
        epoch_slots=32,
        lag_in_epochs=2,
        exit_delay_seconds=345_600,
    )
    assert EpochClock.of(rollup) == MAINNET


@pytest.mark.parametrize(
    ("activated_at", "epoch"),
    [
        (1_762_995_155, 2),  # at genesis
        (1_762_995_156, 3),  # a second too late for the first sample
        (1_762_995_155 + 2304, 3),  # at the start of epoch 1, which is the sample of epoch 3
        (1_762_995_155 + 2305, 4),
    ],
)
def test_first_duty_epoch__around_an_epoch_start__includes_the_very_second(activated_at, epoch):
    assert MAINNET.first_duty_epoch(activated_at) == epoch


def test_last_known_committee_epoch__in_epoch_7_with_lag_1__is_8():
    assert MAINNET.last_known_committee_epoch(MAINNET.epoch_start_at(7) + 5, randao_lag_in_epochs=1) == 8


@given(clock=CLOCKS, since_genesis=st.integers(0, 10**7))
def test_duty_epochs__any_time__agree_with_the_sample_that_sees_the_change(clock, since_genesis):
    at = clock.genesis_at + since_genesis
    first = clock.first_duty_epoch(at)
    # The set of second t holds everybody that was taken in at t or before, and nobody that left at t or before.
    assert clock.sampled_at(first) >= at > clock.sampled_at(first - 1)
    last = clock.last_duty_epoch(at)
    assert clock.sampled_at(last) < at <= clock.sampled_at(last + 1)


@given(clock=CLOCKS, since_genesis=st.integers(0, 10**7))
def test_clock__any_time__lies_in_the_epoch_it_falls_into(clock, since_genesis):
    at = clock.genesis_at + since_genesis
    epoch = clock.epoch_at(at)
    assert clock.epoch_start_at(epoch) <= at < clock.epoch_start_at(epoch + 1)
    assert clock.slot_start_at(clock.slot_at(at)) <= at < clock.slot_start_at(clock.slot_at(at) + 1)
