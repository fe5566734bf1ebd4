"""Tables of attesters back to records: what analyses need of them, and nothing else."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any, Final

import attrs
import pandas as pd

from aztec_butler.core.errors import InputError
from aztec_butler.core.lifecycle import Lifecycle

HOLDER_COLUMNS: Final = ("attester", "withdrawer", "staker", "provider_id")


@attrs.frozen
class StakedRow:
    """What an analysis needs of an attester."""

    attester: str
    withdrawer: str | None
    staker: str | None
    provider_id: int | None
    stake_wei: int


def validating_rows(attesters: pd.DataFrame) -> list[StakedRow]:
    """The attesters of a table that validate.

    Raises:
        InputError: no table of attesters.
    """
    check_columns(attesters, (*HOLDER_COLUMNS, "stake_wei", "lifecycle"), "net.attesters()")
    return [
        StakedRow(
            attester, known_text(withdrawer), known_text(staker), known_whole(provider_id), int(stake_wei)
        )
        for attester, withdrawer, staker, provider_id, stake_wei, lifecycle in _rows(attesters)
        if lifecycle == Lifecycle.VALIDATING.value
    ]


def _rows(attesters: pd.DataFrame) -> Iterator[tuple[Any, ...]]:
    return zip(*(attesters[name] for name in (*HOLDER_COLUMNS, "stake_wei", "lifecycle")), strict=True)


def check_columns(frame: pd.DataFrame, names: Collection[str], source: str) -> None:
    """Refuse a table of another kind.

    Args:
        frame: the table.
        names: columns that it needs.
        source: what gives such a table.

    Raises:
        InputError: it lacks one.
    """
    missing = [name for name in names if name not in frame.columns]
    if missing:
        raise InputError(
            "the table lacks columns of its kind",
            hint=f"give it as {source} gives it",
            missing=", ".join(missing),
        )


def known_text(value: Any) -> str | None:
    """A text, or None where it is missing."""
    return None if pd.isna(value) else str(value)


def known_whole(value: Any) -> int | None:
    """A whole number, or None where it is missing."""
    return None if pd.isna(value) else int(value)


def facts_of(frame: pd.DataFrame) -> dict[str, Any]:
    """What a table is of, for another that is made of it."""
    return {str(name): value for name, value in frame.attrs.items()}
