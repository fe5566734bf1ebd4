"""The commands about concentration: who holds the stake, how concentrated it is and was, who decides about committees."""

import textwrap
from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Any

from aztec_butler.cli.answer import Answer
from aztec_butler.cli.command import command
from aztec_butler.cli.session import Session, connection, pinned
from aztec_butler.core.concentration_holders import By, parse_bys

if TYPE_CHECKING:
    from aztec_butler.core.concentration_figures import Figure
    from aztec_butler.core.time_steps import Window
    from aztec_butler.network.concentration import ConcentrationRecords

Block = int | str
_DAY = 86_400
_COUNTS = {"holders", "nakamoto"}
_WIDTH = 80


def _levels(text: str) -> tuple[By, ...]:
    return parse_bys([part.strip() for part in text.split(",") if part.strip()])


def _window(text: str) -> "Window":
    from aztec_butler.core.time_steps import parse_window

    return parse_window(text)


def _step(text: str) -> int:
    from aztec_butler.core.time_steps import parse_step

    return parse_step(text)


Levels = Annotated[tuple[By, ...], _levels, "LEVEL,..."]


@command(connection, pinned)
def holders(  # noqa: D417 - what groups of options give is not the caller's
    session: Session, block: Block, *, by: Levels = (By.PROVIDER,)
) -> Answer:
    """Who holds the stake, the largest first: attesters, withdrawers, stakers or providers.

    Who staked directly is its own staker and provider, by its withdrawer's address. Stake on older versions of the rollup
    counts, too.

    Args:
        by: who is taken for one holder: attester, withdrawer, staker or provider; several for a list of each.

    Examples:
        aztec-butler holders
        aztec-butler holders --by staker,withdrawer --format csv
    """
    from aztec_butler.core.concentration_holders import Holder

    with session.connect(block) as network:
        records = network.concentration_records()
        rows = records.holders(by)
    return Answer(
        rows=rows,
        row_type=Holder,
        stamp=records.snapshot.block,
        facts={"network": network.name, "chain_id": network.chain_id},
        essential=(
            *(("by",) if len(by) > 1 else ()),
            *("rank", "entity", "stake_wei", "stake_share", "cumulative_share", "attesters"),
        ),
        notes=_elsewhere(records),
    )


def _elsewhere(records: "ConcentrationRecords") -> tuple[str, ...]:
    """What to know of stake that decides nothing on the canonical rollup."""
    count = records.elsewhere
    return (f"{count} attesters are in the set of an older rollup: their stake counts here",) if count else ()


@command(connection, pinned)
def concentration(  # noqa: D417 - as above
    session: Session, block: Block, *, by: Levels = (By.PROVIDER,)
) -> Answer:
    """How concentrated the stake is: Nakamoto coefficients with their thresholds, HHI, Gini, shares of the largest.

    Quorums are those of the canonical rollup, and stake on older ones counts, too; `committee-odds` tells of its set alone.

    Args:
        by: who is taken for one holder: attester, withdrawer, staker or provider; several for the figures of each.

    Examples:
        aztec-butler concentration
        aztec-butler concentration --by attester,withdrawer,provider --format json
    """
    from aztec_butler.core.concentration_figures import Figure

    with session.connect(block) as network:
        records = network.concentration_records()
        rows = records.figures(by)
    terms = records.terms
    return Answer(
        rows=rows,
        row_type=Figure,
        stamp=records.snapshot.block,
        facts={
            "network": network.name,
            "chain_id": network.chain_id,
            "committee_size": terms.committee_size,
            "slashing_quorum": terms.slashing_quorum,
            "slashing_round_size": terms.slashing_round_size,
            "attesters_elsewhere": records.elsewhere,
        },
        lines=tuple(_lines(rows)),
        notes=_elsewhere(records),
    )


def _lines(rows: Sequence["Figure"]) -> Iterator[str]:
    """The figures to read: counts whole, the rest with four digits."""
    values = [f"{row.value:,.0f}" if row.figure in _COUNTS else f"{row.value:,.4f}" for row in rows]
    wide = max(map(len, values))
    known = None
    for row, value in zip(rows, values, strict=True):
        if row.by != known:
            if known is not None:
                yield ""
            yield f"by {row.by.value}"
            known = row.by
        head = f"  {value:>{wide}}  {row.figure:<17}  "
        first, *more = textwrap.wrap(row.meaning, _WIDTH - len(head))
        yield head + first
        yield from (" " * len(head) + line for line in more)


@command(connection, pinned)
def concentration_history(  # noqa: D417 - as above
    session: Session,
    block: Block,
    *,
    window: Annotated[Any, _window, "WINDOW"] = "30d",
    step: Annotated[int, _step, "DURATION"] = _DAY,
    by: Levels = (By.PROVIDER,),
) -> Answer:
    """How concentrated the stake was over time, step by step, slashes and exits included; needs no archive node.

    Quorums are those of the canonical rollup now, so that a line does not jump because they changed.

    Args:
        window: how long before the block (30d), from when on (2026-06-01), from when to when (2026-06-01..2026-07-01, or
            two blocks), or all.
        step: how long a step is (1h, 1d, 1w), in whole multiples of UTC.
        by: who is taken for one holder: attester, withdrawer, staker or provider; several for a row of each.

    Examples:
        aztec-butler concentration-history
        aztec-butler concentration-history --window 90d --step 1w --by provider,staker
        aztec-butler concentration-history --window all --format parquet --output concentration.parquet
    """
    from aztec_butler.core.concentration_figures import ConcentrationStep

    with session.connect(block) as network:
        records = network.concentration_records()
        rows = records.history(window, timedelta(seconds=step), by)
    return Answer(
        rows=rows,
        row_type=ConcentrationStep,
        stamp=records.snapshot.block,
        facts={"network": network.name, "chain_id": network.chain_id},
        essential=(
            "ends_at",
            "by",
            "holders",
            "nakamoto_third",
            "nakamoto_half",
            "hhi_points",
            "gini",
            "top_1_share",
            "stake_wei",
        ),
    )


@command(connection, pinned)
def committee_odds(  # noqa: D417 - as above
    session: Session, block: Block, *, by: Levels = (By.PROVIDER,)
) -> Answer:
    """How likely each holder has a third of a committee, or its quorum: in one epoch, and in a year.

    Committees are drawn from the canonical rollup's attesters without replacement, each counting once whatever its stake;
    chances of a year assume that the set stays as it is.

    Args:
        by: who is taken for one holder: attester, withdrawer, staker or provider; several for a list of each.

    Examples:
        aztec-butler committee-odds
        aztec-butler committee-odds --by staker --format json
    """
    from aztec_butler.core.committee_odds import CommitteeOdds

    with session.connect(block) as network:
        records = network.concentration_records()
        rows = records.odds(by)
    return Answer(
        rows=rows,
        row_type=CommitteeOdds,
        stamp=records.snapshot.block,
        facts={"network": network.name, "chain_id": network.chain_id},
        essential=(
            *(("by",) if len(by) > 1 else ()),
            "entity",
            "attesters",
            "third_chance",
            "quorum_chance",
            "expected_seats",
            "third_chance_in_a_year",
            "quorum_chance_in_a_year",
        ),
    )
