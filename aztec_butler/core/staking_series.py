"""Stake over time: what stood at the end of each step, and what happened in it.

Set sizes and stake come from the contracts, which remember them by timestamp; everything else, and the same once more,
from the replayed events. Where both know something they must agree, at every boundary.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import accumulate
from typing import Final, TypeAlias

import attrs

from aztec_butler.core.history import Departure, Outcome, Place, Slash, Stake, StakingHistory
from aztec_butler.core.records import Deployment, unit
from aztec_butler.core.rows import HistoryStep
from aztec_butler.core.staking_agreement import disagreement
from aztec_butler.core.time_steps import render_time

_STOCKS: Final = ("attesters", "entry_queued", "exiting", "exiting_wei", "keys_queued")
_FLOWS: Final = (
    "deposits",
    "delegations",
    "activations",
    "activated_wei",
    "failed_deposits",
    "exits_initiated",
    "ejections",
    "left_wei",
    "exits_finalized",
    "paid_wei",
    "exits_burned",
    "slashes",
    "slashed_wei",
    "slashed_exiting_wei",
    "keys_listed",
    "keys_dripped",
)
_Key: TypeAlias = str | tuple[str, str]
"""What is counted, of everybody or of one rollup or bucket."""
_Change: TypeAlias = tuple[Place, Mapping[_Key, int]]


@attrs.frozen(kw_only=True)
class Reading:
    """What the contracts say of one time."""

    at: int = unit("s")
    latest_rollup: str
    """The rollup that movers followed; the zero address before the first."""
    attesters: Mapping[str, int]
    """Size of the validator set of every rollup, movers included, by address."""
    movers: int
    stake_wei: int = unit("wei")
    """Of all rollups."""


def history_steps(
    history: StakingHistory, deployment: Deployment, readings: Sequence[Reading], cuts: Sequence[int]
) -> tuple[HistoryStep, ...]:
    """A row for each step between two boundaries.

    Args:
        history: up to the last boundary or further.
        deployment: the contracts it is of.
        readings: one for each boundary, in order.
        cuts: for each boundary a block: what happened up to that block was at or before it, the rest later.

    Raises:
        NodeRefused: the logs do not agree with the contracts at some boundary.
    """
    ledger = _Ledger(_changes(history), cuts)
    for place, reading in enumerate(readings):
        _check(ledger, deployment.bonus_instance, reading, place)
    versions = {rollup.address: rollup.version for rollup in deployment.rollups}
    rows = []
    for place in range(1, len(readings)):
        reading = readings[place]
        latest, bonus = reading.latest_rollup, deployment.bonus_instance
        is_known = latest in versions
        stake_wei = ledger.standing(("stake_wei", latest), place) + ledger.standing(
            ("stake_wei", bonus), place
        )
        rows.append(
            HistoryStep(
                begins_at=readings[place - 1].at,
                ends_at=reading.at,
                canonical_version=versions.get(latest),
                canonical_attesters=reading.attesters[latest] if is_known else None,
                canonical_stake_wei=stake_wei if is_known else None,
                canonical_entry_queued=(
                    ledger.standing(("entry_queued", latest), place) if is_known else None
                ),
                stake_wei=reading.stake_wei,
                **{name: ledger.standing(name, place) for name in _STOCKS},
                **{name: ledger.during(name, place) for name in _FLOWS},
            )
        )
    return tuple(rows)


def places(history: StakingHistory) -> Iterator[Place]:
    """Where everything happened that a series counts."""
    return (place for place, _ in _changes(history))


def _check(ledger: _Ledger, bonus: str, reading: Reading, place: int) -> None:
    facts = {"time": render_time(reading.at)}
    for rollup, by_contract in {**reading.attesters, bonus: reading.movers}.items():
        by_logs = ledger.standing(("attesters", rollup), place)
        if rollup == reading.latest_rollup:
            by_logs += ledger.standing(("attesters", bonus), place)
        if by_contract != by_logs:
            raise disagreement({**facts, "rollup": rollup}, attesters=(by_contract, by_logs))
    stake_wei = ledger.standing("stake_wei", place)
    if stake_wei != reading.stake_wei:
        raise disagreement(facts, stake_wei=(reading.stake_wei, stake_wei))


class _Ledger:
    """Changes between boundaries: place 0 holds all before the first one, place n the n-th step."""

    def __init__(self, changes: Iterable[_Change], cuts: Sequence[int]) -> None:
        size = len(cuts) + 1  # the last place is behind the last boundary
        self._during: dict[_Key, list[int]] = defaultdict(lambda: [0] * size)
        during = self._during
        for at, amounts in changes:
            place = bisect_left(cuts, at.block_number)
            for key, amount in amounts.items():
                during[key][place] += amount
        self._standing: dict[_Key, list[int]] = {}

    def during(self, key: _Key, place: int) -> int:
        """The change in a step."""
        return self._during[key][place]

    def standing(self, key: _Key, place: int) -> int:
        """The sum of all changes up to the end of a step."""
        if key not in self._standing:
            self._standing[key] = list(accumulate(self._during[key]))
        return self._standing[key][place]


def _changes(history: StakingHistory) -> Iterator[_Change]:
    """Everything that happened, with what it changed; each kind in its own order."""
    buckets = {stake.attester: stake.instance for stake in history.stakes if stake.instance is not None}
    for stake in history.stakes:
        yield from _of_stake(stake)
    for departure in history.departures:
        yield from _of_departure(departure, buckets[departure.attester])
    for slash in history.slashes:
        yield slash.log, _of_slash(slash, buckets[slash.attester])
    for delegated in history.delegations:
        yield delegated.log, {"delegations": 1, "keys_queued": -1}
    for listing in history.listings:
        yield listing.log, {"keys_listed": len(listing.attesters), "keys_queued": len(listing.attesters)}
    for drip in history.drips:
        yield drip.log, {"keys_dripped": 1, "keys_queued": -1}


def _of_stake(stake: Stake) -> Iterator[_Change]:
    in_queue = ("entry_queued", stake.rollup)
    yield stake.queued, {"deposits": 1, "entry_queued": 1, in_queue: 1}
    if stake.settled is None:
        return
    if stake.outcome is Outcome.REFUNDED or stake.instance is None:
        yield stake.settled, {"failed_deposits": 1, "entry_queued": -1, in_queue: -1}
        return
    amount_wei = stake.activated_wei
    yield (
        stake.settled,
        {
            "activations": 1,
            "activated_wei": amount_wei,
            "entry_queued": -1,
            in_queue: -1,
            **_in_the_set(stake.instance, 1, amount_wei),
        },
    )


def _of_departure(departure: Departure, bucket: str) -> Iterator[_Change]:
    left_wei = departure.left_wei
    begun: dict[_Key, int] = {"left_wei": left_wei, "exiting": 1, "exiting_wei": left_wei}
    if departure.is_ejection:
        begun["ejections"] = 1  # it is the slash that takes the stake out of the set
    else:
        begun |= {"exits_initiated": 1, **_in_the_set(bucket, -1, -left_wei)}
    yield departure.initiated, begun
    if departure.finalized is not None:
        paid_wei = departure.amount_wei
        yield (
            departure.finalized,
            {"exits_finalized": 1, "paid_wei": paid_wei, "exiting": -1, "exiting_wei": -paid_wei},
        )
    if departure.burned is not None:
        yield departure.burned, {"exits_burned": 1, "exiting": -1}


def _of_slash(slash: Slash, bucket: str) -> dict[_Key, int]:
    amount_wei = slash.amount_wei
    change: dict[_Key, int] = {"slashes": 1, "slashed_wei": amount_wei}
    if slash.lost_stake_wei:
        return change | _in_the_set(bucket, -1 if slash.is_ejection else 0, -slash.lost_stake_wei)
    return change | {"slashed_exiting_wei": amount_wei, "exiting_wei": -amount_wei}


def _in_the_set(bucket: str, count: int, amount_wei: int) -> dict[_Key, int]:
    return {
        "attesters": count,
        ("attesters", bucket): count,
        "stake_wei": amount_wei,
        ("stake_wei", bucket): amount_wei,
    }
