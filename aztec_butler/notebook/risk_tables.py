"""What-ifs and calendars added up: what slashes would take from each holder, and what can be withdrawn when."""

from __future__ import annotations

import attrs
import pandas as pd

from aztec_butler.core.concentration_holders import By, entity_name, entity_of, parse_by
from aztec_butler.core.records import unit
from aztec_butler.core.time_steps import boundaries, parse_step
from aztec_butler.notebook.frames import to_frame
from aztec_butler.notebook.staked_rows import HOLDER_COLUMNS, check_columns, facts_of, known_text, known_whole


@attrs.frozen(kw_only=True)
class SlashLoss:
    """What slashes would take from one holder."""

    by: By
    entity: str
    provider_id: int | None
    """None where the holder is no provider."""
    attesters: int
    ejected: int
    """Of them, those that the slashes put out of the set."""
    stake_wei: int = unit("wei")
    """In the set before."""
    stake_after_wei: int = unit("wei")
    slashed_wei: int = unit("wei")


def slash_losses(what_if: pd.DataFrame, by: str = "provider") -> pd.DataFrame:
    """What slashes would take from each holder, the one that loses the most stake first.

    Args:
        what_if: as ``net.slashing_what_if()`` gives it.
        by: as for ``holders``, one level.

    Returns:
        One row per holder. Columns: ``SlashLoss``.

    Raises:
        InputError: no such level, or no such table.
    """
    level = parse_by(by)
    numbers = ("stake_wei", "stake_after_wei", "slashed_wei")
    check_columns(what_if, (*HOLDER_COLUMNS, "is_ejected", *numbers), "net.slashing_what_if()")
    found: dict[str | int, list[int]] = {}
    columns = [what_if[name] for name in (*HOLDER_COLUMNS, "is_ejected", *numbers)]
    for attester, withdrawer, staker, provider_id, is_ejected, *amounts in zip(*columns, strict=True):
        entity = entity_of(
            level,
            attester=attester,
            withdrawer=known_text(withdrawer),
            staker=known_text(staker),
            provider_id=known_whole(provider_id),
        )
        sums = found.setdefault(entity, [0, 0, 0, 0, 0])
        for place, number in enumerate((1, bool(is_ejected), *map(int, amounts))):
            sums[place] += number
    ordered = sorted(found.items(), key=lambda item: (item[1][3] - item[1][2], str(item[0])))
    return to_frame(
        (
            SlashLoss(
                by=level,
                entity=entity_name(entity),
                provider_id=entity if isinstance(entity, int) else None,
                attesters=attesters,
                ejected=ejected,
                stake_wei=stake_wei,
                stake_after_wei=after_wei,
                slashed_wei=slashed_wei,
            )
            for entity, (attesters, ejected, stake_wei, after_wei, slashed_wei) in ordered
        ),
        SlashLoss,
        facts=facts_of(what_if),
    )


@attrs.frozen(kw_only=True)
class ExitsInTime:
    """What can be withdrawn from the beginning of some time on."""

    begins_at: int = unit("s")
    ends_at: int = unit("s")
    exits: int
    """That can be paid for the first time then."""
    amount_wei: int = unit("wei")
    cumulative_wei: int = unit("wei")
    """Of then and before."""


def exits_by_time(calendar: pd.DataFrame, step: str = "1d") -> pd.DataFrame:
    """The calendar of exits added up, step by step without a gap.

    Args:
        calendar: as ``net.exit_calendar()`` gives it, or a part of it.
        step: its length (``1h``, ``1d``, ``1w``); steps lie on whole multiples in UTC, weeks begin on Monday.

    Returns:
        One row per step, from the first in which something can be withdrawn to the last; none without an exit. Columns:
        ``ExitsInTime``.

    Raises:
        InputError: no step, too many of them, or no such table.
    """
    seconds = parse_step(step)
    check_columns(calendar, ("withdrawable_at", "amount_wei"), "net.exit_calendar()")
    due = sorted(
        (int(at.timestamp()), int(amount))
        for at, amount in zip(calendar["withdrawable_at"], calendar["amount_wei"], strict=True)
    )
    rows: list[ExitsInTime] = []
    if due:
        edges = boundaries(due[0][0], due[-1][0] + seconds, seconds, whole=True)
        cumulative = 0
        for begin in edges[:-1]:
            amounts = [amount for at, amount in due if begin <= at < begin + seconds]
            cumulative += sum(amounts)
            if begin <= due[-1][0]:
                rows.append(
                    ExitsInTime(
                        begins_at=begin,
                        ends_at=begin + seconds,
                        exits=len(amounts),
                        amount_wei=sum(amounts),
                        cumulative_wei=cumulative,
                    )
                )
    return to_frame(rows, ExitsInTime, facts=facts_of(calendar))
