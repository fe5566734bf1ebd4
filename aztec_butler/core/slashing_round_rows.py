"""Rounds of slashing votes as rows: how far each is, what it would take, what it took, and who stopped it."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

import attrs

from aztec_butler.core.epochs import EpochClock
from aztec_butler.core.records import Rollup, unit
from aztec_butler.core.slashing_rounds import SlashingTerms
from aztec_butler.core.slashing_tally import Accusation

ROUNDABOUT: int = 128
"""The contract keeps the votes of so many rounds. Source: TallySlashingProposer.sol ``ROUNDABOUT_SIZE``."""


class RoundState(StrEnum):
    """How far a round is."""

    VOTING = "voting"
    """It is the present round."""
    WAITING = "waiting"
    """Voting is over, and the delay in which it can be vetoed is not."""
    EXECUTABLE = "executable"
    """Anybody may execute it."""
    EXECUTED = "executed"
    VETOED = "vetoed"
    """The vetoer forbade it: its execution reverts."""
    EXPIRED = "expired"
    """Nobody executed it in time."""


@attrs.frozen(kw_only=True)
class SlashingRules:
    """Everything that never changes about the slashing by vote of one rollup."""

    rollup: Rollup
    slasher: str
    terms: SlashingTerms
    delay_in_rounds: int
    """Rounds between the one in which is voted and the first in which it can be executed, both not counted."""

    @property
    def round_epochs(self) -> int:
        """Epochs of a round, and epochs that it judges. Source: TallySlashingProposer.sol ``ROUND_SIZE_IN_EPOCHS``."""
        return self.terms.round_size // self.rollup.epoch_slots

    def first_epoch(self, number: int) -> int:
        """The first epoch that a round judges.

        Source: TallySlashingProposer.sol ``getSlashTargetEpoch``.
        """
        return (number - self.terms.offset_in_rounds) * self.round_epochs

    def begins_at(self, number: int) -> int:
        """When a round begins, in Unix seconds."""
        return EpochClock.of(self.rollup).slot_start_at(number * self.terms.round_size)

    def current_round(self, now_at: int) -> int:
        """The round of a time."""
        return self.terms.round_at(EpochClock.of(self.rollup).slot_at(now_at))

    def is_ready(self, number: int, current: int) -> bool:
        """Whether a round can be executed in another one.

        Source: TallySlashingProposer.sol ``_isRoundReadyToExecute``.
        """
        return number + self.delay_in_rounds < current <= number + self.terms.lifetime_in_rounds

    def state(self, number: int, current: int, *, is_executed: bool, is_vetoed: bool) -> RoundState:
        """How far a round is.

        Args:
            number: of the round.
            current: the present round.
            is_executed: as ``getRound`` says.
            is_vetoed: whether its payload is vetoed.
        """
        if is_executed:
            return RoundState.EXECUTED
        if number == current:
            return RoundState.VOTING
        if is_vetoed:
            return RoundState.VETOED
        if self.is_ready(number, current):
            return RoundState.EXECUTABLE
        return RoundState.WAITING if current <= number + self.delay_in_rounds else RoundState.EXPIRED


@attrs.frozen(kw_only=True)
class SlashingRound:
    """One round in which somebody voted."""

    rollup_version: int
    proposer: str
    """The contract that tallies."""
    round: int
    state: RoundState
    begins_at: int = unit("s")
    ends_at: int = unit("s")
    """When the next one begins."""
    judged_first_epoch: int
    judged_last_epoch: int
    votes: int
    """Cast, one a slot at most."""
    voters: int
    """Different proposers that cast them."""
    quorum: int
    accused: int | None
    """Places of committees with any vote against them; None where the contract does not keep the votes any more."""
    condemned: int | None
    """Of them, those with a quorum; None as above."""
    tally_wei: int | None = unit("wei")
    """What the execution takes from them, as long as they have it; None as above."""
    payload: str | None
    """Where the execution puts its payload, which is what can be vetoed; None as above, and where nobody is condemned."""
    blocked_because: str | None
    """Why an execution reverts although it is neither too early nor too late; None: nothing speaks against it."""
    executable_at: int = unit("s")
    """From when on it can be executed."""
    expires_at: int = unit("s")
    """From when on it cannot any more."""
    executed_block: int | None
    """None until it is executed."""
    executed_at: int | None = unit("s")
    slashes: int | None
    """Attempted by the execution; those who were gone already lose nothing. None until then."""
    slashed_wei: int | None = unit("wei")
    """What the execution took; None until then."""


@attrs.frozen(kw_only=True)
class RoundReading:
    """What the contracts say of a round whose votes they still keep."""

    is_executed: bool
    votes: tuple[bytes, ...]
    committees: tuple[tuple[str, ...], ...]
    accusations: tuple[Accusation, ...]
    tally: tuple[tuple[str, int], ...] | None
    """Whom the contract would slash by how much; None: its tally reverts, and with it the execution."""
    payload: str | None
    is_vetoed: bool


@attrs.frozen(kw_only=True)
class Execution:
    """The execution of a round."""

    block_number: int
    at: int = unit("s")
    slashes: int
    slashed_wei: int = unit("wei")


def round_row(
    rules: SlashingRules,
    number: int,
    *,
    now_at: int,
    voters: Sequence[str],
    reading: RoundReading | None,
    execution: Execution | None,
    disabled_until_at: int,
) -> SlashingRound:
    """One round as a row.

    Args:
        rules: of the rollup's slasher.
        number: of the round.
        now_at: the block's time.
        voters: of every vote, in order.
        reading: what the contracts keep of it; None where they do not any more.
        execution: None until it is executed.
        disabled_until_at: until when the vetoer has paused slashing; 0: it has not.
    """
    current = rules.current_round(now_at)
    is_vetoed = reading is not None and reading.is_vetoed
    state = rules.state(number, current, is_executed=execution is not None, is_vetoed=is_vetoed)
    condemned = None if reading is None else [each for each in reading.accusations if each.units]
    return SlashingRound(
        rollup_version=rules.rollup.version,
        proposer=rules.terms.proposer,
        round=number,
        state=state,
        begins_at=rules.begins_at(number),
        ends_at=rules.begins_at(number + 1),
        judged_first_epoch=rules.first_epoch(number),
        judged_last_epoch=rules.first_epoch(number + 1) - 1,
        votes=len(voters),
        voters=len(set(voters)),
        quorum=rules.terms.quorum,
        accused=None if reading is None else len(reading.accusations),
        condemned=None if condemned is None else len(condemned),
        tally_wei=None if condemned is None else sum(each.amount_wei for each in condemned),
        payload=None if reading is None else reading.payload,
        blocked_because=_blocked(state, reading, bool(condemned), now_at < disabled_until_at),
        executable_at=rules.begins_at(number + rules.delay_in_rounds + 1),
        expires_at=rules.begins_at(number + rules.terms.lifetime_in_rounds + 1),
        executed_block=None if execution is None else execution.block_number,
        executed_at=None if execution is None else execution.at,
        slashes=None if execution is None else execution.slashes,
        slashed_wei=None if execution is None else execution.slashed_wei,
    )


def _blocked(
    state: RoundState, reading: RoundReading | None, is_condemning: bool, is_paused: bool
) -> str | None:
    if state in (RoundState.EXECUTED, RoundState.EXPIRED) or reading is None:
        return None
    if state is RoundState.VETOED:
        return "its payload is vetoed"
    if reading.tally is None:
        return "a quorum is against a seat that nobody had"
    return "the vetoer has paused slashing" if is_condemning and is_paused else None
