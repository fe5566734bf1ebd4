"""Slashes: what one takes, and how many an attester survives."""

from __future__ import annotations

import attrs

from aztec_butler.core.errors import InputError
from aztec_butler.core.exits import is_exit_slashable
from aztec_butler.core.records import AttesterView, Status, unit


@attrs.frozen(kw_only=True)
class EjectionThresholds:
    """The stakes below which a slash ejects an attester."""

    local_wei: int = unit("wei")
    """The rollup's own, ``getLocalEjectionThreshold()``; 0 for rollups without one."""
    gse_wei: int = unit("wei")
    """The GSE's, ``getEjectionThreshold()``."""

    @property
    def first_wei(self) -> int:
        """The one that ejects first: a stake below it does not survive a slash, one equal to it does."""
        return max(self.local_wei, self.gse_wei)


@attrs.frozen(kw_only=True)
class SlashOutcome:
    """What one slash does to an attester."""

    slashed_wei: int = unit("wei")
    """What ``Slashed`` tells; 0 without an event where nothing was slashable."""
    status: Status
    """Afterwards, on this rollup."""
    stake_wei: int = unit("wei")
    """Effective balance afterwards."""
    exit_amount_wei: int = unit("wei")
    """Amount of the exit afterwards; 0: none."""
    is_ejection: bool
    """Whether it took the attester out of the set."""


def slash_outcome(
    view: AttesterView, amount_wei: int, *, thresholds: EjectionThresholds, now_at: int
) -> SlashOutcome:
    """What ``slash(attester, amount)`` by the rollup's slasher does.

    A slash takes at most what is there. When less than a threshold would remain, the whole stake leaves: the rest waits
    in an exit without a recipient. Whatever waits in an exit is slashable until the rollup's delay is over, and an exit
    that is slashed to nothing disappears. Where nothing is slashable the call changes nothing and does not revert.

    Args:
        view: the attester on this rollup.
        amount_wei: what the slasher asks for.
        thresholds: when the attester is ejected.
        now_at: the block's time, in Unix seconds.

    Source: StakingLib ``trySlash``, ``slash``; GSE ``withdraw``.
    """
    if view.exit is not None:
        if not is_exit_slashable(view.exit, now_at=now_at):
            return _outcome(view, slashed_wei=0, exit_amount_wei=view.exit.amount_wei)
        slashed_wei = min(amount_wei, view.exit.amount_wei)
        rest_wei = view.exit.amount_wei - slashed_wei
        status = view.status if rest_wei else _status_without_exit(view.effective_balance_wei)
        return _outcome(view, slashed_wei=slashed_wei, exit_amount_wei=rest_wei, status=status)
    stake_wei = view.effective_balance_wei
    if stake_wei == 0:
        return _outcome(view, slashed_wei=0)
    slashed_wei = min(amount_wei, stake_wei)
    rest_wei = stake_wei - slashed_wei
    withdrawn_wei = stake_wei if rest_wei < thresholds.local_wei else slashed_wei
    if stake_wei - withdrawn_wei >= thresholds.gse_wei:
        # With a GSE threshold of zero the GSE removes nobody: what the rollup takes out beyond the slash is lost.
        stake_wei -= withdrawn_wei
        status = _status_without_exit(stake_wei)
        return _outcome(view, slashed_wei=slashed_wei, status=status, stake_wei=stake_wei)
    return _outcome(
        view,
        slashed_wei=slashed_wei,
        exit_amount_wei=rest_wei,
        status=Status.ZOMBIE if rest_wei else Status.NONE,
        stake_wei=0,
        is_ejection=True,
    )


def headroom_wei(stake_wei: int, thresholds: EjectionThresholds) -> int:
    """What an attester can lose to one slash and still stay in the set.

    Zero as well when governance has raised a threshold above the stake: that ejects nobody, but any slash then does.

    >>> headroom_wei(200_000, EjectionThresholds(local_wei=190_000, gse_wei=100_000))
    10000

    Source: as ``slash_outcome``.
    """
    return max(stake_wei - thresholds.first_wei, 0)


def slashes_survived(stake_wei: int, amount_wei: int, thresholds: EjectionThresholds) -> int:
    """How many slashes of one amount leave an attester in the set.

    Args:
        stake_wei: effective balance of an attester in the set.
        amount_wei: what each takes, more than 0.
        thresholds: when it is ejected.

    >>> slashes_survived(200_000, 2_000, EjectionThresholds(local_wei=190_000, gse_wei=100_000))
    5

    Raises:
        InputError: an amount of zero, which can be repeated for ever.

    Source: as ``slash_outcome``.
    """
    if amount_wei <= 0:
        raise InputError("a slash takes more than nothing", amount_wei=amount_wei)
    return headroom_wei(stake_wei, thresholds) // amount_wei


def slashes_until_ejection(stake_wei: int, amount_wei: int, thresholds: EjectionThresholds) -> int:
    """Which slash of one amount ejects an attester: the first, the second, ...

    Args:
        stake_wei: effective balance of an attester in the set.
        amount_wei: what each takes, more than 0.
        thresholds: when it is ejected.

    Raises:
        InputError: an amount of zero.

    Source: as ``slash_outcome``.
    """
    return slashes_survived(stake_wei, amount_wei, thresholds) + 1


def _status_without_exit(stake_wei: int) -> Status:
    """Source: StakingLib ``getStatus``."""
    return Status.VALIDATING if stake_wei else Status.NONE


def _outcome(
    view: AttesterView,
    *,
    slashed_wei: int,
    exit_amount_wei: int = 0,
    status: Status | None = None,
    stake_wei: int | None = None,
    is_ejection: bool = False,
) -> SlashOutcome:
    """An outcome that leaves as it was what is not named."""
    return SlashOutcome(
        slashed_wei=slashed_wei,
        status=view.status if status is None else status,
        stake_wei=view.effective_balance_wei if stake_wei is None else stake_wei,
        exit_amount_wei=exit_amount_wei,
        is_ejection=is_ejection,
    )
