"""A season of staking, played for real on a running devnet: every state that the library knows occurs in it.

::

    with Devnet.start() as devnet:
        season = play_season(devnet)
        season.stories[Story.ZOMBIE]

Nothing is drawn by lot: on the same parameters it ends with the same block hash.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from aztec_butler.core.errors import InputError
from aztec_butler.devnet import season_duty as duty
from aztec_butler.devnet import season_entry as entry
from aztec_butler.devnet import season_exits as exits
from aztec_butler.devnet.season_stage import Season, SeasonAttester, SeasonProvider, Stage, Story

if TYPE_CHECKING:
    from aztec_butler.devnet.devnet import Devnet

__all__ = ["STEPS", "Progress", "Season", "SeasonAttester", "SeasonProvider", "Story", "play_season"]

Progress = Callable[[int, int, str], None]
"""Told how many steps are done, of how many, and what happens next."""

_LARGEST_COMMITTEE: Final = 20
"""So many validate at any time of the season."""

STEPS: Final[tuple[Callable[[Stage], None], ...]] = (
    entry.register_providers,
    entry.list_keys,
    entry.deposit,
    entry.delegate,
    entry.open_queue,
    entry.flush,
    entry.change_providers,
    duty.propose_round,
    duty.claim,
    exits.leave_early,
    exits.eject,
    duty.slash_by_vote,
    exits.pay_out,
    exits.leave_the_old_rollup,
    entry.wait_behind,
    exits.change_rollup,
    entry.flush_behind,
    exits.leave_the_new_rollup,
    duty.propose_on_the_new_rollup,
    exits.slash_on_the_new_rollup,
    entry.queue_up,
    exits.leave_late,
    exits.see_who_is_left,
)
"""What happens, in order; each function's docstring says it in a sentence."""


def play_season(devnet: Devnet, *, scale: int = 1, progress: Progress | None = None) -> Season:
    """Play the season.

    Args:
        devnet: a chain on which nobody has staked yet, with the delays and thresholds of the ``small`` preset.
        scale: multiplies the crowd; the stories stay.
        progress: told of every step before it is taken, and once at the end.

    Raises:
        InputError: the chain has a past already, or its parameters do not suit the stories.
    """
    if scale < 1:
        raise InputError("a season needs a crowd of at least scale 1", scale=scale)
    if devnet.contract("staking_registry").read("nextProviderIdentifier") != 1 or len(devnet.rollups) != 1:
        raise InputError("a season needs a fresh chain, and this one has a past", url=devnet.url)
    rollup = devnet.parameters.rollup
    if rollup.target_committee_size > _LARGEST_COMMITTEE or not exits.ejects(devnet.parameters):
        raise InputError(
            "a season needs a small committee and a strict ejection threshold",
            parameters=devnet.parameters.name,
            target_committee_size=rollup.target_committee_size,
            local_ejection_threshold_wei=rollup.local_ejection_threshold_wei,
            hint="the small preset has both",
        )
    stage = Stage(devnet, scale)
    for done, step in enumerate(STEPS):
        if progress is not None:
            progress(done, len(STEPS), sentence_of(step))
        step(stage)
    if progress is not None:
        progress(len(STEPS), len(STEPS), "The season is over.")
    return stage.record()


def sentence_of(step: Callable[[Stage], None]) -> str:
    """What happens in a step."""
    assert step.__doc__ is not None
    return step.__doc__
