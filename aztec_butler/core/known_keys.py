"""Keys that are known already, and where: before they are listed again, or staked on again. Pure.

The contracts check nothing when a key is listed. An address enters the set once in its life, on all rollups together,
and so does a BLS key: whoever stakes on one that is known gets a refund after the whole wait, and the provider loses its
place. So every place that can hold a key is looked at before.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from enum import StrEnum
from typing import Any

import attrs

from aztec_butler.core.calldata.key_stores import as_key_store
from aztec_butler.core.entry_queue import PublicKey
from aztec_butler.core.errors import InputError
from aztec_butler.core.hexes import ZERO_ADDRESS, parse_address
from aztec_butler.core.records import AttesterView, ProviderKey, QueuedDeposit, Status


class KeyPlace(StrEnum):
    """Where a key is known."""

    LIST = "list"
    """It stands in the list itself more than once."""
    PROVIDER_QUEUE = "provider-queue"
    """A provider lists it."""
    ENTRY_QUEUE = "entry-queue"
    """A deposit for it waits in the entry queue of a rollup."""
    GSE = "gse"
    """It is in the set: of a rollup, or of those that move with the latest one."""
    ROLLUP = "rollup"
    """A rollup holds its exit, or says that it validates."""
    PAST = "past"
    """It was in the set once, and is gone."""


class KnownBy(StrEnum):
    """What of a key is known."""

    ATTESTER = "attester"
    BLS_KEY = "bls-key"


@attrs.frozen(kw_only=True)
class CandidateKey:
    """A key that somebody wants to use.

    Args:
        attester: checksummed; None when it is not told, so that only the BLS key can be looked for.
        public_key: the BLS key in G1; None when it is not told, so that only the address can be looked for.
    """

    attester: str | None
    public_key: PublicKey | None


@attrs.frozen(kw_only=True)
class KnownKey:
    """One place where a key is known already."""

    position: int
    """Of the key in the list that was asked about, 0 is the first."""
    attester: str | None
    """Of the list; None when it is not told."""
    known_by: KnownBy
    place: KeyPlace
    provider_id: int | None
    """Whose queue it is; None for other places."""
    rollup_version: int | None
    """Whose queue, set or exit it is; None for other places, and for those that move with the latest rollup."""
    place_position: int | None
    """In the queue or in the list, 0 is the first; None for other places."""
    other_attester: str | None
    """Who has the same BLS key there; None when it is the attester itself, or when no contract tells."""
    finding: str
    """The place in words."""


@attrs.frozen(kw_only=True)
class ListedKey:
    """A key in a provider's queue."""

    staking_registry: str
    key: ProviderKey
    position: int
    """0 is next."""


@attrs.frozen(kw_only=True)
class KeyHoldings:
    """What the contracts hold at one block: of queues everything, of sets what concerns the candidates."""

    listed: Sequence[ListedKey]
    queued: Mapping[int, Sequence[QueuedDeposit]]
    """Every rollup's entry queue, by version."""
    instances: Mapping[int | None, Collection[str]]
    """Which candidates are in the set of each instance of the GSE, by rollup version; None for those that move."""
    registered: Mapping[str, PublicKey]
    """The BLS key that the GSE keeps for ever of each candidate that was ever activated."""
    owned: Collection[PublicKey]
    """Which BLS keys of candidates were ever activated (the GSE's ``ownedPKs``)."""
    views: Mapping[int, Mapping[str, AttesterView]]
    """What each rollup says of each candidate, by version."""


def as_candidates(keys: Iterable[Any]) -> tuple[CandidateKey, ...]:
    """Keys from any of the forms in which people have them.

    Args:
        keys: addresses; registrations (``core.bls.AttesterRegistration``), with or without an attester; or anything
            else that ``core.calldata.add_keys`` takes.

    Raises:
        InputError: something else, or none.
    """
    if isinstance(keys, str):
        keys = [keys]
    candidates = tuple(_candidate(key) for key in keys)
    if not candidates:
        raise InputError("there are no keys to look for")
    return candidates


def _candidate(key: Any) -> CandidateKey:
    if isinstance(key, str):
        return CandidateKey(attester=parse_address(key), public_key=None)
    if hasattr(key, "registration") and getattr(key, "attester", "") is None:
        return CandidateKey(attester=None, public_key=key.registration.public_key_g1)
    attester, public_key, *_ = as_key_store(key)
    return CandidateKey(attester=attester, public_key=public_key)


def find_known_keys(candidates: Sequence[CandidateKey], holdings: KeyHoldings) -> tuple[KnownKey, ...]:
    """Every place where a key is known already, in the order of the list.

    A BLS key that is found together with its own attester is not told a second time.

    Args:
        candidates: the keys.
        holdings: what the contracts hold, of each of them.

    Source: StakingRegistry.sol ``addKeysToProvider`` (which checks nothing), GSE.sol ``deposit``,
    ``_checkProofOfPossession``.
    """
    index = _Index(holdings)
    first_attesters: dict[str, int] = {}
    first_keys: dict[PublicKey, int] = {}
    found: list[KnownKey] = []
    for position, candidate in enumerate(candidates):
        found += _in_the_list(position, candidate, candidates, first_attesters, first_keys)
        found += index.find(position, candidate)
    return tuple(found)


def known_places(known: Iterable[KnownKey]) -> dict[str, str]:
    """Where each attester or its BLS key is known, in words: what ``core.calldata.add_keys(known=...)`` takes."""
    places: dict[str, list[str]] = {}
    for each in known:
        if each.attester is not None:
            places.setdefault(each.attester, []).append(each.finding)
    return {attester: "; ".join(dict.fromkeys(findings)) for attester, findings in places.items()}


# --------------------------------------------------------------------------- inside the list


def _in_the_list(
    position: int,
    candidate: CandidateKey,
    candidates: Sequence[CandidateKey],
    first_attesters: dict[str, int],
    first_keys: dict[PublicKey, int],
) -> Iterator[KnownKey]:
    """Whether a key stands further ahead in the list."""
    attester, public_key = candidate.attester, candidate.public_key
    same = position if attester is None else first_attesters.setdefault(attester, position)
    if same != position:
        yield _known(position, candidate, KeyPlace.LIST, f"at place {same} of the list", at=same)
    first = position if public_key is None else first_keys.setdefault(public_key, position)
    if first not in (position, same):
        yield _known(
            position,
            candidate,
            KeyPlace.LIST,
            f"at place {first} of the list",
            at=first,
            by_key=True,
            other=_other(attester, candidates[first].attester),
        )


# --------------------------------------------------------------------------- in the contracts


class _Index:
    """The holdings, so that a key is found without a walk through them."""

    def __init__(self, holdings: KeyHoldings) -> None:
        self._holdings = holdings
        self._listed_attesters: dict[str, list[ListedKey]] = {}
        self._listed_keys: dict[PublicKey, list[ListedKey]] = {}
        for listed in holdings.listed:
            self._listed_attesters.setdefault(listed.key.attester, []).append(listed)
            self._listed_keys.setdefault(listed.key.public_key, []).append(listed)
        self._queued_attesters: dict[str, list[tuple[int, QueuedDeposit]]] = {}
        self._queued_keys: dict[PublicKey, list[tuple[int, QueuedDeposit]]] = {}
        for version, deposits in holdings.queued.items():
            for deposit in deposits:
                self._queued_attesters.setdefault(deposit.attester, []).append((version, deposit))
                self._queued_keys.setdefault(deposit.public_key, []).append((version, deposit))

    def find(self, position: int, candidate: CandidateKey) -> Iterator[KnownKey]:
        """The places of one key: of its address, then of its BLS key."""
        attester, public_key = candidate.attester, candidate.public_key
        if attester is not None:
            for listed in self._listed_attesters.get(attester, ()):
                yield _listed(position, candidate, listed)
            for version, deposit in self._queued_attesters.get(attester, ()):
                yield _queued(position, candidate, version, deposit)
            yield from self._entered(position, candidate, attester)
        if public_key is not None:
            for listed in self._listed_keys.get(public_key, ()):
                if listed.key.attester != attester:
                    yield _listed(position, candidate, listed, by_key=True)
            for version, deposit in self._queued_keys.get(public_key, ()):
                if deposit.attester != attester:
                    yield _queued(position, candidate, version, deposit, by_key=True)
            if public_key in self._holdings.owned and (
                attester is None or self._holdings.registered.get(attester) != public_key
            ):
                yield _known(
                    position,
                    candidate,
                    KeyPlace.PAST,
                    "was activated once, and a key is activated only once",
                    by_key=True,
                )

    def _entered(self, position: int, candidate: CandidateKey, attester: str) -> Iterator[KnownKey]:
        """Where an address is or was in the set."""
        present = [version for version, inside in self._holdings.instances.items() if attester in inside]
        for version in present:
            where = (
                "in the set of those that move with the latest rollup"
                if version is None
                else f"in the set of rollup {version}"
            )
            yield _known(position, candidate, KeyPlace.GSE, where, version=version)
        is_told = bool(present)
        for version, views in self._holdings.views.items():
            status = views[attester].status
            if status is Status.NONE or (status is Status.VALIDATING and present):
                continue
            is_told = True
            yield _known(
                position, candidate, KeyPlace.ROLLUP, f"{status.value} on rollup {version}", version=version
            )
        # Rollups that keep their stake elsewhere than in this GSE tell whom they ever had as well.
        was_there = attester in self._holdings.registered or any(
            views[attester].withdrawer != ZERO_ADDRESS for views in self._holdings.views.values()
        )
        if was_there and not is_told:
            yield _known(
                position, candidate, KeyPlace.PAST, "was in the set once, and an address enters it only once"
            )


def _listed(position: int, candidate: CandidateKey, listed: ListedKey, *, by_key: bool = False) -> KnownKey:
    provider_id = listed.key.provider_id
    return _known(
        position,
        candidate,
        KeyPlace.PROVIDER_QUEUE,
        f"at place {listed.position} of the queue of provider {provider_id}",
        provider_id=provider_id,
        at=listed.position,
        by_key=by_key,
        other=_other(candidate.attester, listed.key.attester),
    )


def _queued(
    position: int, candidate: CandidateKey, version: int, deposit: QueuedDeposit, *, by_key: bool = False
) -> KnownKey:
    return _known(
        position,
        candidate,
        KeyPlace.ENTRY_QUEUE,
        f"at place {deposit.position} of the entry queue of rollup {version}",
        version=version,
        at=deposit.position,
        by_key=by_key,
        other=_other(candidate.attester, deposit.attester),
    )


def _other(attester: str | None, found: str | None) -> str | None:
    return None if found == attester else found


def _known(
    position: int,
    candidate: CandidateKey,
    place: KeyPlace,
    where: str,
    *,
    provider_id: int | None = None,
    version: int | None = None,
    at: int | None = None,
    by_key: bool = False,
    other: str | None = None,
) -> KnownKey:
    finding = f"its BLS key {where}" if by_key else where
    return KnownKey(
        position=position,
        attester=candidate.attester,
        known_by=KnownBy.BLS_KEY if by_key else KnownBy.ATTESTER,
        place=place,
        provider_id=provider_id,
        rollup_version=version,
        place_position=at,
        other_attester=other,
        finding=finding if other is None else f"{finding}, of attester {other}",
    )
