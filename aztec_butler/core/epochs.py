"""The rollup's clock: slots and epochs, and which committees a change of the attester set can reach.

Everything is counted from the rollup's genesis. Epochs of different rollups are different epochs.
"""

from __future__ import annotations

import operator
from typing import SupportsIndex

import attrs

from aztec_butler.core.errors import InputError
from aztec_butler.core.records import Rollup, unit


@attrs.frozen(kw_only=True)
class EpochClock:
    """Slots and epochs of one rollup.

    >>> clock = EpochClock(genesis_at=1_000_000, slot_seconds=72, epoch_slots=32, lag_in_epochs=2)
    >>> clock.epoch_at(1_000_000 + 2304), clock.epoch_start_at(1), clock.first_duty_epoch(1_000_001)
    (1, 1002304, 3)
    """

    genesis_at: int = unit("s")
    slot_seconds: int = unit("s", validator=attrs.validators.ge(1))
    epoch_slots: int = attrs.field(validator=attrs.validators.ge(1))
    lag_in_epochs: int
    """Epochs between the sample of the attester set and the committee drawn from it."""

    @classmethod
    def of(cls, rollup: Rollup) -> EpochClock:
        """The clock of a rollup."""
        return cls(
            genesis_at=rollup.genesis_at,
            slot_seconds=rollup.slot_seconds,
            epoch_slots=rollup.epoch_slots,
            lag_in_epochs=rollup.lag_in_epochs,
        )

    @property
    def epoch_seconds(self) -> int:
        """Length of an epoch. Source: TimeLib ``getEpochDurationInSeconds``."""
        return self.slot_seconds * self.epoch_slots

    def slot_at(self, at: int) -> int:
        """The slot of a time.

        Args:
            at: Unix seconds, not before genesis.

        Raises:
            InputError: a time before genesis, for which the contract reverts.

        Source: TimeLib ``slotFromTimestamp``.
        """
        if at < self.genesis_at:
            raise InputError("a time before the rollup's genesis", at=at, genesis_at=self.genesis_at)
        return (at - self.genesis_at) // self.slot_seconds

    def epoch_at(self, at: int) -> int:
        """The epoch of a time.

        Args:
            at: Unix seconds, not before genesis.

        Raises:
            InputError: a time before genesis.

        Source: TimeLib ``epochFromTimestamp``.
        """
        return self.epoch_of_slot(self.slot_at(at))

    def epoch_of_slot(self, slot: int) -> int:
        """The epoch a slot belongs to. Source: TimeLib ``epochFromSlot``."""
        return slot // self.epoch_slots

    def slot_start_at(self, slot: int) -> int:
        """First second of a slot. Source: TimeLib ``toTimestamp(Slot)``."""
        return self.genesis_at + slot * self.slot_seconds

    def epoch_start_at(self, epoch: int) -> int:
        """First second of an epoch. Source: TimeLib ``toTimestamp(Epoch)``."""
        return self.slot_start_at(epoch * self.epoch_slots)

    def sampled_at(self, epoch: int) -> int:
        """The time whose attester set an epoch's committee is drawn from; may lie before genesis.

        Source: ValidatorSelectionLib ``stableEpochToValidatorSetSampleTime``.
        """
        return self.epoch_start_at(epoch - self.lag_in_epochs)

    def first_duty_epoch(self, activated_at: int) -> int:
        """The first epoch whose committee can hold an attester.

        The set is looked up as it stood at the end of second ``sampled_at``, so an activation in that very second
        counts.

        Args:
            activated_at: time of the block that took the attester into the set, in Unix seconds.

        Source: ValidatorSelectionLib ``sampleValidatorsIndices``, GSE ``getAttesterCountAtTime``.
        """
        return self._epochs_begun_by(activated_at) + self.lag_in_epochs

    def last_duty_epoch(self, left_at: int) -> int:
        """The last epoch whose committee can still hold an attester that left the set.

        It has to sign until the end of that epoch, and can be slashed for it while its exit waits.

        Args:
            left_at: time of the block that took the attester out of the set, in Unix seconds.

        Source: as ``first_duty_epoch``.
        """
        return self.first_duty_epoch(left_at) - 1

    def last_known_committee_epoch(self, now_at: int, *, randao_lag_in_epochs: int) -> int:
        """The last epoch for which the contract tells a committee.

        Beyond it ``getEpochCommittee`` reverts with ``ValidatorSelection__EpochNotStable``. The committee of this last
        epoch is final only after the present epoch's first transaction that stores randomness (a checkpoint or
        ``setupEpoch``): until then its seed is an older one.

        Args:
            now_at: time of the block that is asked, in Unix seconds.
            randao_lag_in_epochs: ``getLagInEpochsForRandao()``, never more than ``lag_in_epochs``.

        Raises:
            InputError: a time before genesis.

        Source: ValidatorSelectionLib ``stableEpochToRandaoSampleTime``, ``getSampleSeed``.
        """
        return self.epoch_at(now_at) + randao_lag_in_epochs

    def _epochs_begun_by(self, at: int) -> int:
        """The number of the first epoch that begins at this time or later."""
        return -((self.genesis_at - at) // self.epoch_seconds)


def parse_epoch(epoch: SupportsIndex) -> int:
    """The number of an epoch, of any kind of whole number, those of numpy included.

    >>> parse_epoch(7)
    7

    Raises:
        InputError: anything else.
    """
    try:
        return operator.index(epoch)
    except TypeError:
        raise InputError("an epoch is a whole number", epoch=epoch) from None
