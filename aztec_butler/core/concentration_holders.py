"""Whose stake it is: the stakes of attesters, put together by who holds them.

Four levels, each coarser than the one before: the attester itself, the withdrawer who can take the stake out, the staker
who brought it, and the provider that runs it. Who staked directly has neither staker nor provider, and its withdrawer
stands for both: who stakes through a vault is the withdrawer of its own direct stakes, too.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import Protocol, TypeAlias

import attrs

from aztec_butler.core.concentration import Holdings
from aztec_butler.core.errors import InputError
from aztec_butler.core.records import unit
from aztec_butler.core.spelling import did_you_mean


class By(StrEnum):
    """Who is taken for one holder."""

    ATTESTER = "attester"
    """Every attester by itself."""
    WITHDRAWER = "withdrawer"
    """Who can take the stake out."""
    STAKER = "staker"
    """Who staked with a provider; else the withdrawer."""
    PROVIDER = "provider"
    """The provider that runs it; else the withdrawer."""


Entity: TypeAlias = str | int
"""A holder: an address, or a provider's id."""


class Staked(Protocol):
    """What is to be known of an attester: ``core.rows.Attester``, for one."""

    @property
    def attester(self) -> str:
        """Its address."""

    @property
    def withdrawer(self) -> str | None:
        """Who may withdraw."""

    @property
    def staker(self) -> str | None:
        """Who staked with a provider."""

    @property
    def provider_id(self) -> int | None:
        """The provider."""

    @property
    def stake_wei(self) -> int:
        """What counts for the set."""


def parse_by(value: str) -> By:
    """A level by its name.

    >>> parse_by("provider")
    <By.PROVIDER: 'provider'>

    Raises:
        InputError: another word.
    """
    try:
        return By(value)
    except ValueError:
        names = [member.value for member in By]
        raise InputError(
            "stake is not held by that",
            hint=did_you_mean(str(value), names) or f"one of {', '.join(names)}",
            by=value,
        ) from None


def parse_bys(value: str | Iterable[str]) -> tuple[By, ...]:
    """One level or several, by their names.

    Raises:
        InputError: another word, one of them twice, or none.
    """
    found = tuple(parse_by(each) for each in ([value] if isinstance(value, str) else value))
    if not found or len(set(found)) < len(found):
        raise InputError("name each level once, and at least one", by=", ".join(found) or "nothing")
    return found


def entity_of(
    by: By, *, attester: str, withdrawer: str | None, staker: str | None, provider_id: int | None
) -> Entity:
    """Who holds an attester's stake.

    >>> entity_of(By.PROVIDER, attester="0xA", withdrawer="0xB", staker="0xC", provider_id=7)
    7
    >>> entity_of(By.PROVIDER, attester="0xA", withdrawer="0xB", staker=None, provider_id=None)
    '0xB'

    Raises:
        InputError: an attester that was never staked on has no holder.
    """
    if by is By.ATTESTER:
        return attester
    found: Entity | None = {By.WITHDRAWER: None, By.STAKER: staker, By.PROVIDER: provider_id}[by]
    found = withdrawer if found is None else found
    if found is None:
        raise InputError("nobody has staked on this attester", attester=attester)
    return found


def entity_name(entity: Entity) -> str:
    """A holder as tables call it.

    >>> entity_name(7)
    'provider 7'
    """
    return entity if isinstance(entity, str) else f"provider {entity}"


@attrs.frozen(kw_only=True)
class Holder:
    """What one holder has of the stake."""

    rank: int
    """1 has the most."""
    by: By
    entity: str
    """An address, or ``provider 7``."""
    provider_id: int | None
    """None where the holder is no provider."""
    attesters: int
    """Validating."""
    stake_wei: int = unit("wei")
    stake_share: float = unit("ratio")
    """Of the stake of all validating attesters."""
    cumulative_share: float = unit("ratio")
    """Of this one and all that have more."""


def group_stakes(rows: Iterable[Staked], by: By) -> dict[Entity, tuple[int, int]]:
    """Attesters and stake of each holder, in the order of first appearance; who has no stake is left out."""
    found: dict[Entity, tuple[int, int]] = {}
    for row in rows:
        if row.stake_wei:
            entity = entity_of(
                by,
                attester=row.attester,
                withdrawer=row.withdrawer,
                staker=row.staker,
                provider_id=row.provider_id,
            )
            count, stake_wei = found.get(entity, (0, 0))
            found[entity] = count + 1, stake_wei + row.stake_wei
    return found


def holders_of(rows: Iterable[Staked], by: By) -> tuple[Holder, ...]:
    """Everyone that holds stake, the largest first; those with the same by name.

    Args:
        rows: attesters in the set.
        by: who is taken for one holder.
    """
    grouped = group_stakes(rows, by)
    total_wei = sum(stake_wei for _, stake_wei in grouped.values())
    ordered = sorted(grouped.items(), key=lambda item: (-item[1][1], str(item[0])))
    held_wei = 0
    found = []
    for rank, (entity, (count, stake_wei)) in enumerate(ordered, start=1):
        held_wei += stake_wei
        found.append(
            Holder(
                rank=rank,
                by=by,
                entity=entity_name(entity),
                provider_id=entity if isinstance(entity, int) else None,
                attesters=count,
                stake_wei=stake_wei,
                stake_share=stake_wei / total_wei,
                cumulative_share=held_wei / total_wei,
            )
        )
    return tuple(found)


def holdings_of(rows: Iterable[Staked], by: By) -> Holdings:
    """The amounts alone, for indices.

    Raises:
        InputError: nobody has any stake.
    """
    return Holdings.of(stake_wei for _, stake_wei in group_stakes(rows, by).values())
