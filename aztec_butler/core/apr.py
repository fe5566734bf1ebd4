"""What stake yields: rewards of a window against the stake that stood in it, as a yearly rate. Pure, exact until the ratio.

The formula, with no compounding and a year of 365 days::

    APR = rewards in the window / integral of the stake over the window * 365 days

The integral counts every wei for the seconds it was in the set, so activations, slashes and exits inside the window weigh
what they should. *Simple* takes what accrued: credited by rollups when the epochs were proven, claimed or not. *Realised*
takes what was paid out: claims in the window, whenever they were earned. Both are before commission; a staker's rate is
what remains of the accrued after the split's.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from typing import Any, Final

import attrs

from aztec_butler.core.errors import InputError
from aztec_butler.core.history import Outcome, StakingHistory
from aztec_butler.core.units import parse_duration

YEAR_SECONDS: Final = 365 * 86_400

_MAYBE_INT: Final[Any] = int | None
_MAYBE_FLOAT: Final[Any] = float | None


@attrs.frozen(kw_only=True)
class StakeMove:
    """Stake that came into the set of any rollup, or left it.

    Args:
        provider_id: whose; None where it was staked directly.
        at: when, in Unix seconds.
        change_wei: less than nothing where it left.
    """

    provider_id: int | None
    at: int
    change_wei: int


def stake_moves(history: StakingHistory, times: Mapping[int, int]) -> list[StakeMove]:
    """Every change of the stake in the set, by provider.

    Args:
        history: of the network.
        times: Unix seconds of the blocks it names.
    """
    owners: dict[str, int | None] = {}
    moves = []
    for stake in history.stakes:
        if stake.outcome is not Outcome.ACTIVATED or stake.settled is None:
            continue
        owner = None if stake.delegated is None else stake.delegated.provider_id
        owners[stake.attester] = owner
        moves.append(
            StakeMove(provider_id=owner, at=times[stake.settled.block_number], change_wei=stake.activated_wei)
        )
    moves += [
        StakeMove(
            provider_id=owners.get(slash.attester),
            at=times[slash.log.block_number],
            change_wei=-slash.lost_stake_wei,
        )
        for slash in history.slashes
        if slash.lost_stake_wei
    ]
    moves += [
        StakeMove(
            provider_id=owners.get(departure.attester),
            at=times[departure.initiated.block_number],
            change_wei=-departure.left_wei,
        )
        for departure in history.departures
        if not departure.is_ejection  # an ejection's is in its slash
    ]
    return moves


def stake_seconds(moves: Iterable[StakeMove], begins_at: int, ends_at: int) -> dict[int | None, int]:
    """The integral of stake over a window, in wei times seconds, by provider.

    >>> stake_seconds([StakeMove(provider_id=1, at=10, change_wei=5)], 0, 20)
    {1: 50}
    """
    found: dict[int | None, int] = defaultdict(int)
    for move in moves:
        if move.at < ends_at:
            found[move.provider_id] += move.change_wei * (ends_at - max(move.at, begins_at))
    return dict(found)


def apr(rewards_wei: int, wei_seconds: int) -> Fraction | None:
    """A yearly rate; None where no stake stood, so that there is no rate.

    >>> apr(7, 100 * YEAR_SECONDS)
    Fraction(7, 100)
    """
    return Fraction(rewards_wei * YEAR_SECONDS, wei_seconds) if wei_seconds else None


@attrs.frozen(kw_only=True)
class Yield:
    """What somebody's stake earned in one window.

    Args:
        accrued_wei: credited by rollups.
        claimed_wei: paid by rollups.
        stakers_wei: of the accrued, what is left to stakers after the commission.
        wei_seconds: integral of the stake over the window.
        seconds: length of the window.
    """

    accrued_wei: int
    claimed_wei: int
    stakers_wei: int
    wei_seconds: int
    seconds: int


def parse_windows(windows: str | int | Sequence[str | int]) -> dict[str, int]:
    """Windows as people write them: their seconds, by the name that columns end with.

    >>> parse_windows(["7d", "30d"])
    {'7d': 604800, '30d': 2592000}

    Raises:
        InputError: none, no duration, or the same one twice.
    """
    given = [windows] if isinstance(windows, str | int) else list(windows)
    if not given:
        raise InputError("a yield needs a window", hint='"30d", for example')
    found: dict[str, int] = {}
    for each in given:
        seconds = parse_duration(each) if isinstance(each, str) else each
        if seconds <= 0:
            raise InputError("a window has a length", window=each)
        name = (
            each.strip().replace(" ", "") if isinstance(each, str) and not each.isdigit() else f"{seconds}s"
        )
        if name in found:
            raise InputError("a window stands twice", window=each)
        found[name] = seconds
    return found


def yield_type(windows: Sequence[str]) -> type:
    """The record type of a table of yields, with the window in the name of every column that depends on it.

    Args:
        windows: their names, as ``parse_windows`` gives them.
    """
    fields: dict[str, object] = {
        "provider_id": attrs.field(type=_MAYBE_INT),
        "stake_wei": attrs.field(type=int, metadata={"unit": "wei"}),
    }
    for name in windows:
        for kind in ("apr_simple", "apr_realised", "apr_staker"):
            fields[f"{kind}_{name}"] = attrs.field(type=_MAYBE_FLOAT, metadata={"unit": "ratio"})
    for name in windows:
        for kind in ("accrued", "claimed", "average_stake"):
            fields[f"{kind}_{name}_wei"] = attrs.field(type=int, metadata={"unit": "wei"})
    return attrs.make_class("Yields", fields, frozen=True, kw_only=True)


def yield_rows(
    record_type: type,
    yields: Mapping[int | None, Mapping[str, Yield]],
    stakes_wei: Mapping[int | None, int],
) -> tuple[object, ...]:
    """A row for the network (no provider), then one for each provider.

    Args:
        record_type: of ``yield_type``.
        yields: by provider and name of the window; those of None are the network's.
        stakes_wei: what stands now, by provider; that of None is the network's.
    """
    rows = []
    for provider_id, by_window in yields.items():
        values: dict[str, object] = {
            "provider_id": provider_id,
            "stake_wei": stakes_wei.get(provider_id, 0),
        }
        for name, each in by_window.items():
            rates = {
                "apr_simple": each.accrued_wei,
                "apr_realised": each.claimed_wei,
                "apr_staker": each.stakers_wei,
            }
            for kind, rewards in rates.items():
                rate = apr(rewards, each.wei_seconds)
                values[f"{kind}_{name}"] = None if rate is None else float(rate)
            values[f"accrued_{name}_wei"] = each.accrued_wei
            values[f"claimed_{name}_wei"] = each.claimed_wei
            values[f"average_stake_{name}_wei"] = each.wei_seconds // each.seconds
        rows.append(record_type(**values))
    return tuple(rows)
