"""The ledger of rewards: what every coinbase accrued and claimed, period by period, exact to the wei. Pure.

What accrued in a period is what the rollups owe at its end, less what they owed at its beginning, plus what was claimed in
between; on every version of the rollup by itself. No period is left away and none is lumped with another: the state is
known at both of its ends, or there is no ledger. Amounts of one coinbase are shared by its split.

Splits round with every distribution, whenever somebody asks for one. The ledger rounds the running total instead, from the
first wei the coinbase ever earned: so the parts of every row add up to the row, and the rows of any division of a window
to the window.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise

import attrs

from aztec_butler.core.errors import InputError
from aztec_butler.core.history import missing_logs
from aztec_butler.core.records import unit
from aztec_butler.core.rewards import Parts, RewardSplit, parts_of
from aztec_butler.core.time_steps import render_time

Account = tuple[str, int]
"""A coinbase on a version of the rollup."""


@attrs.frozen(kw_only=True)
class Cut:
    """A time between two periods.

    Args:
        at: the time, in Unix seconds.
        block_number: the last block at or before it; -1 where the chain began later.
    """

    at: int
    block_number: int


@attrs.frozen(kw_only=True)
class Claimed:
    """A claim: the rollup paid a coinbase all that it owed.

    Args:
        rollup_version: of the rollup.
        coinbase: who was paid.
        amount_wei: of the rollup's fee asset.
        block_number: in which.
        log_index: of its Transfer in the block.
        transaction_hash: of the transaction.
    """

    rollup_version: int
    coinbase: str
    amount_wei: int = unit("wei")
    block_number: int
    log_index: int
    transaction_hash: str


@attrs.frozen(kw_only=True)
class LedgerRow:
    """What became of one coinbase's rewards in one period.

    Exactly::

        opening_wei + accrued_wei - claimed_wei = closing_wei
        provider_wei + staker_wei + direct_wei = accrued_wei
    """

    coinbase: str
    begins_at: int = unit("s")
    ends_at: int = unit("s")
    """What happened at this very second is in the period."""
    last_block: int | None
    """The last block of the period; None where the chain began later."""
    rollup_version: int | None
    """None: all versions together."""
    opening_wei: int = unit("wei")
    """What was owed at the beginning."""
    accrued_wei: int = unit("wei")
    claimed_wei: int = unit("wei")
    closing_wei: int = unit("wei")
    """What was owed at the end."""
    provider_id: int | None
    """Whose delegation the coinbase is the split of; None when it is none."""
    take_rate_bps: int | None = unit("bps")
    """The provider's part in the split; None as above."""
    provider_wei: int = unit("wei")
    """Of what accrued."""
    staker_wei: int = unit("wei")
    direct_wei: int = unit("wei")
    """Of a coinbase that is no split: all of it."""


def ledger_rows(
    cuts: Sequence[Cut],
    pending_wei: Mapping[Account, Sequence[int]],
    claims: Iterable[Claimed],
    splits: Mapping[str, RewardSplit] | None = None,
    *,
    by_rollup: bool = False,
) -> tuple[LedgerRow, ...]:
    """A row for every coinbase and period, in the order of the accounts, then of time.

    Args:
        cuts: the ends of the periods, ascending; one more than there are periods.
        pending_wei: what each account was owed at each cut.
        claims: every claim of these accounts from the beginning of the network to the last cut; others do no harm.
        splits: of those coinbases that are the split of a delegation.
        by_rollup: a row for each version of the rollup, in place of one for all of them.

    Raises:
        InputError: fewer than two cuts, or they do not ascend, or an account has another number of amounts.
        NodeRefused: something would have accrued that is less than nothing: claims are missing.
    """
    _check(cuts, pending_wei)
    paid = _claimed_between(cuts, pending_wei, claims)
    accounts: dict[str, dict[int, list[LedgerRow]]] = defaultdict(dict)
    for (coinbase, version), amounts in pending_wei.items():
        split = (splits or {}).get(coinbase)
        before_wei, per_period = paid[coinbase, version]
        accounts[coinbase][version] = _account_rows(
            coinbase, version, cuts, amounts, before_wei, per_period, split
        )
    rows: list[LedgerRow] = []
    for versions in accounts.values():
        if by_rollup:
            for each in versions.values():
                rows += each
        else:
            rows += [_together(same) for same in zip(*versions.values(), strict=True)]
    return tuple(rows)


def _check(cuts: Sequence[Cut], pending_wei: Mapping[Account, Sequence[int]]) -> None:
    if len(cuts) < 2:
        raise InputError("a ledger has a beginning and an end", cuts=len(cuts))
    for one, other in pairwise(cuts):
        if one.at >= other.at or one.block_number > other.block_number:
            raise InputError(
                "the periods of a ledger follow each other",
                times=f"{render_time(one.at)}, {render_time(other.at)}",
                blocks=f"{one.block_number}, {other.block_number}",
            )
    for (coinbase, version), amounts in pending_wei.items():
        if len(amounts) != len(cuts):
            raise InputError(
                "a ledger needs what is owed at every cut",
                coinbase=coinbase,
                rollup_version=version,
                cuts=len(cuts),
                amounts=len(amounts),
            )


def _claimed_between(
    cuts: Sequence[Cut], accounts: Iterable[Account], claims: Iterable[Claimed]
) -> dict[Account, tuple[int, list[int]]]:
    """For every account what was claimed before the first cut, and in each period."""
    from bisect import bisect_left

    blocks = [cut.block_number for cut in cuts]
    before = dict.fromkeys(accounts, 0)
    within = {account: [0] * (len(cuts) - 1) for account in before}
    for claim in claims:
        account = claim.coinbase, claim.rollup_version
        if account not in before:
            continue
        place = bisect_left(blocks, claim.block_number)  # the first cut whose block is the claim's, or later
        if place == 0:
            before[account] += claim.amount_wei
        elif place < len(cuts):
            within[account][place - 1] += claim.amount_wei
    return {account: (before[account], within[account]) for account in before}


def _account_rows(
    coinbase: str,
    version: int,
    cuts: Sequence[Cut],
    amounts: Sequence[int],
    before_wei: int,
    claimed: Sequence[int],
    split: RewardSplit | None,
) -> list[LedgerRow]:
    rows = []
    earned_wei = before_wei + amounts[0]
    shared = parts_of(earned_wei, split)
    for (begin, end), (opening, closing), taken in zip(
        pairwise(cuts), pairwise(amounts), claimed, strict=True
    ):
        accrued = closing - opening + taken
        if accrued < 0:
            raise missing_logs(
                "a coinbase is owed less than before, and was not paid the difference",
                coinbase=coinbase,
                rollup_version=version,
                begins=render_time(begin.at),
                ends=render_time(end.at),
                blocks=f"{begin.block_number + 1} to {end.block_number}",
                missing_wei=-accrued,
            )
        earned_wei += accrued
        total = parts_of(earned_wei, split) if accrued else shared
        parts, shared = total - shared, total
        rows.append(_row(coinbase, version, begin, end, opening, accrued, taken, closing, split, parts))
    return rows


def _row(
    coinbase: str,
    version: int,
    begin: Cut,
    end: Cut,
    opening_wei: int,
    accrued_wei: int,
    claimed_wei: int,
    closing_wei: int,
    split: RewardSplit | None,
    parts: Parts,
) -> LedgerRow:
    return LedgerRow(
        coinbase=coinbase,
        begins_at=begin.at,
        ends_at=end.at,
        last_block=end.block_number if end.block_number >= 0 else None,
        rollup_version=version,
        opening_wei=opening_wei,
        accrued_wei=accrued_wei,
        claimed_wei=claimed_wei,
        closing_wei=closing_wei,
        provider_id=None if split is None else split.provider_id,
        take_rate_bps=None if split is None else split.take_rate_bps,
        provider_wei=parts.provider_wei,
        staker_wei=parts.staker_wei,
        direct_wei=parts.direct_wei,
    )


def _together(rows: Sequence[LedgerRow]) -> LedgerRow:
    """The same period of one coinbase on all versions of the rollup."""
    first = rows[0]
    return LedgerRow(
        coinbase=first.coinbase,
        begins_at=first.begins_at,
        ends_at=first.ends_at,
        last_block=first.last_block,
        rollup_version=None,
        opening_wei=sum(row.opening_wei for row in rows),
        accrued_wei=sum(row.accrued_wei for row in rows),
        claimed_wei=sum(row.claimed_wei for row in rows),
        closing_wei=sum(row.closing_wei for row in rows),
        provider_id=first.provider_id,
        take_rate_bps=first.take_rate_bps,
        provider_wei=sum(row.provider_wei for row in rows),
        staker_wei=sum(row.staker_wei for row in rows),
        direct_wei=sum(row.direct_wei for row in rows),
    )
