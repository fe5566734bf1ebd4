"""Steps of a season: exits, ejections, and the move to a second rollup."""

from __future__ import annotations

from typing import Final

from aztec_butler.core.records import Status
from aztec_butler.core.units import WEI_PER_TOKEN
from aztec_butler.core.views import decode_attester_view
from aztec_butler.devnet.parameters import DevnetParameters, StakingQueueParameters
from aztec_butler.devnet.season_keys import wallet
from aztec_butler.devnet.season_stage import Stage, Story
from aztec_butler.devnet.staking_moves import StakingMoves

_EJECTING_WEI: Final = 5_000 * WEI_PER_TOKEN
"""More than the ``small`` preset lets anybody lose."""
_SMALL_WEI: Final = 2_000 * WEI_PER_TOKEN

_SLOW_QUEUE: Final = StakingQueueParameters(
    bootstrap_validator_set_size=0,
    bootstrap_flush_size=0,
    normal_flush_size_min=2,
    normal_flush_size_quotient=16,
    max_queue_flush_size=4,
)
"""Of the second rollup: a crowd has to wait."""


def ejects(parameters: DevnetParameters) -> bool:
    """Whether the season's large slash puts an attester out, and the small one does not."""
    slack_wei = parameters.gse.activation_threshold_wei - parameters.rollup.local_ejection_threshold_wei
    return _SMALL_WEI <= slack_wei < _EJECTING_WEI


def _leave(stage: Stage, moves: StakingMoves, story: Story, *attesters: str) -> None:
    for attester in attesters:
        moves.leave(attester, wallet(f"recipient of {attester}"))
    stage.tell(story, *attesters)


def leave_early(stage: Stage) -> None:
    """Four attesters leave; one of them is slashed on its way out."""
    direct, aurora = stage.direct, stage.providers[0]
    _leave(stage, stage.moves, Story.PAID, direct[0], aurora.staked[0])
    _leave(stage, stage.moves, Story.WITHDRAWABLE, direct[1], direct[2])
    stage.moves.slash(direct[2], _SMALL_WEI)
    stage.tell(Story.SLASHED_LEAVING, direct[2])


def eject(stage: Stage) -> None:
    """Slashes put three attesters out and leave a fourth with nothing; one withdrawer names a recipient."""
    direct, borealis = stage.direct, stage.providers[1]
    for attester in (direct[3], direct[4], borealis.staked[0]):
        stage.moves.slash(attester, _EJECTING_WEI)
    stage.tell(Story.ZOMBIE, direct[3], borealis.staked[0])
    _leave(stage, stage.moves, Story.ZOMBIE_NAMED, direct[4])
    stage.moves.slash(direct[5], stage.moves.threshold_wei)
    stage.tell(Story.SLASHED_TO_NOTHING, direct[5])


def pay_out(stage: Stage) -> None:
    """An hour later, when Governance's delay is over too, two of those who left are paid out."""
    chain, governance = stage.devnet.chain, stage.devnet.contract("governance")
    unlocked = [
        governance.read("getWithdrawal", number) for number in range(governance.read("withdrawalCount"))
    ]
    chain.wait_until(max(unlocks_at for _, unlocks_at, *_ in unlocked))
    for attester in stage.told(Story.PAID):
        stage.moves.pay_out(attester)


def leave_the_old_rollup(stage: Stage) -> None:
    """Two more leave while there is one rollup only."""
    _leave(stage, stage.moves, Story.LEAVING_HALFWAY, stage.direct[6], stage.providers[2].staked[0])


def change_rollup(stage: Stage) -> None:
    """A second rollup becomes canonical: movers follow it at once, the others and every exit stay."""
    added = stage.devnet.add_rollup(staking_queue_config=_SLOW_QUEUE)
    stage.moves = StakingMoves(stage.devnet, added)


def leave_the_new_rollup(stage: Stage) -> None:
    """One leaves the new rollup."""
    _leave(stage, stage.moves, Story.LEAVING_HALFWAY, stage.direct[7])


def slash_on_the_new_rollup(stage: Stage) -> None:
    """The new rollup's slasher puts one out and takes a little from another."""
    stage.moves.slash(stage.direct[10], _EJECTING_WEI)
    stage.tell(Story.ZOMBIE, stage.direct[10])
    stage.moves.slash(stage.direct[11], _SMALL_WEI)
    stage.tell(Story.SLASHED, stage.direct[11])


def leave_late(stage: Stage) -> None:
    """When the rollup's delay is over for those who left last, three more leave, one of them the old rollup."""
    halfway = stage.told(Story.LEAVING_HALFWAY)[-1]
    (_, _, exitable_at, *_) = stage.moves.rollup.read("getExit", halfway)
    stage.devnet.chain.wait_until(exitable_at)
    _leave(stage, stage.moves, Story.LEAVING, stage.direct[8], stage.providers[0].staked[1])
    _leave(stage, stage.old_moves, Story.LEAVING, stage.direct[9])


def see_who_is_left(stage: Stage) -> None:
    """Keys that nobody has staked on stay on the providers' lists, and who does not move stays on the old rollup."""
    for provider in stage.providers:
        stage.tell(Story.LISTED, *provider.listed)
    staying = [each.address for each in stage.attesters.values() if each.moves is False]
    views = {
        address: decode_attester_view(stage.old_moves.rollup.read("getAttesterView", address))
        for address in staying
    }
    stage.tell(
        Story.STAYED, *(address for address, view in views.items() if view.status is Status.VALIDATING)
    )
