"""Keys in a provider's queue, out of a registration file that was prepared beforehand."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Final

import attrs

from aztec_butler.clients.known_keys import fetch_known_keys
from aztec_butler.clients.staking_contracts import StakingRegistryClient
from aztec_butler.core.bls import AttesterRegistration, find_faults, parse_registrations
from aztec_butler.core.calldata import add_keys
from aztec_butler.core.calldata.key_stores import ADD_KEYS
from aztec_butler.core.calls import Call
from aztec_butler.core.errors import InputError
from aztec_butler.core.intent_parameters import AddKeys
from aztec_butler.core.intents import Intent
from aztec_butler.core.known_keys import CandidateKey, KeyPlace, KnownBy, KnownKey, as_candidates
from aztec_butler.core.records import BlockStamp
from aztec_butler.watcher.executors.chain import Chain, Heads
from aztec_butler.watcher.executors.effects import Built, Effected, Presence
from aztec_butler.watcher.executors.provider_effect import registry_of

KEYS_PER_CALL: Final = 50
_LARGEST_FILE: Final = 64 << 20
_SHOWN: Final = 20


@attrs.frozen(kw_only=True)
class _Places:
    """Where the keys of an intent are known.

    Args:
        listed: attesters in the queue of the provider that is meant.
        elsewhere: of the others, where they are known, in words.
    """

    listed: tuple[str, ...]
    elsewhere: dict[str, str]

    def __contains__(self, attester: str | None) -> bool:
        return attester in self.listed or attester in self.elsewhere


class KeysEffect:
    """Carries out ``add-keys``.

    Args:
        chain: what is read.
        safe: who lists the keys; has to be the provider's admin.
        waiting: calls of other intents that wait to be signed, each with the place where it waits.
    """

    def __init__(
        self, chain: Chain, safe: str, waiting: Callable[[Intent], Iterable[tuple[str, Call]]]
    ) -> None:
        self._chain = chain
        self._safe = safe
        self._waiting = waiting

    def look(self, intent: Intent, heads: Heads, out: tuple[Call, ...] | None) -> Effected:
        """Whether the keys are in the queue, or were and have been staked on."""
        wanted = AddKeys.from_json(intent.parameters)
        handed_out = [attester for call in out or () for attester in attesters_of(call)] or list(
            wanted.attesters
        )
        places = self._places(wanted, handed_out, heads, heads.head)
        known = [attester for attester in handed_out if attester in places]
        where = f"of provider {wanted.provider_id} at block {heads.head.number:,}"
        told = f"{len(places.listed)} of {len(handed_out)} keys are in the queue {where}"
        if places.elsewhere:
            told += f"; {_named(places.elsewhere)}"
        if len(known) == len(handed_out):
            if out is None and not places.listed:
                return Effected(
                    presence=Presence.CONFLICT,
                    evidence=f"every key is in use already: {_named(places.elsewhere)}",
                )
            settled = self._places(wanted, handed_out, heads, heads.settled)
            is_settled = all(attester in settled for attester in handed_out)
            return Effected(presence=Presence.SETTLED if is_settled else Presence.SEEN, evidence=told)
        if out is not None and known:
            return Effected(
                presence=Presence.CONFLICT,
                evidence=f"what waits for signatures must not be executed any more, some of its keys are in use: {told}",
            )
        return Effected(presence=Presence.ABSENT, evidence=told)

    def build(self, intent: Intent, heads: Heads) -> Built:
        """The calls that list those keys which are known nowhere; all are examined as the GSE will."""
        wanted = AddKeys.from_json(intent.parameters)
        entries = read_registrations(wanted)
        _refuse_faulty(entries, wanted)
        registry = registry_of(heads.deployment)
        current = StakingRegistryClient(self._chain.multicall, registry).fetch_provider(
            wanted.provider_id, block=heads.head
        )
        if current.admin != self._safe:
            raise InputError(
                "the Safe is not the provider's admin, and cannot list keys for it",
                provider_id=wanted.provider_id,
                admin=current.admin,
                safe=self._safe,
            )
        self._refuse_waiting(intent, wanted)
        known = self._known(as_candidates(entries), heads, heads.head)
        places = _places_of(known, entries, wanted.provider_id)
        chosen = [entry for entry in entries if entry.attester not in places]
        if not chosen:
            raise InputError(
                "every key of the registration file that was chosen is in use already",
                hint="prepare new keys",
                registration_file=wanted.registration_file,
                **_facts(places.elsewhere),
            )
        calls = add_keys(
            wanted.provider_id,
            chosen,
            chunk_size=KEYS_PER_CALL,
            verify=False,  # done just now, in better words
            current=current,
            staking_registry=registry,
        )
        skipped = [
            *(f"{attester} is left out: it is in the queue already" for attester in places.listed),
            *(f"{attester} is left out: {place}" for attester, place in places.elsewhere.items()),
        ]
        added = [f"{entry.attester} is added" for entry in chosen]
        return Built(calls=tuple(calls), lines=(*skipped, *added))

    def _refuse_waiting(self, intent: Intent, wanted: AddKeys) -> None:
        """Keys that wait for signatures somewhere else would be listed twice if they were handed out again."""
        waiting = {
            attester: place for place, call in self._waiting(intent) for attester in attesters_of(call)
        }
        twice = {attester: waiting[attester] for attester in wanted.attesters if attester in waiting}
        if twice:
            raise InputError(
                "keys wait for the Safe's signatures already",
                hint="execute or delete what waits; then this is looked at again",
                keys=len(twice),
                **_facts(twice),
            )

    def _places(self, wanted: AddKeys, attesters: Sequence[str], heads: Heads, block: BlockStamp) -> _Places:
        candidates = [CandidateKey(attester=attester, public_key=None) for attester in attesters]
        return _places_of(self._known(candidates, heads, block), candidates, wanted.provider_id)

    def _known(
        self, candidates: Sequence[CandidateKey], heads: Heads, block: BlockStamp
    ) -> tuple[KnownKey, ...]:
        return fetch_known_keys(self._chain.multicall, heads.deployment, block, candidates)


def _places_of(
    known: Iterable[KnownKey], candidates: Sequence[CandidateKey | AttesterRegistration], provider_id: int
) -> _Places:
    listed: dict[str, None] = {}
    elsewhere: dict[str, list[str]] = {}
    for each in known:
        attester = candidates[each.position].attester
        assert attester is not None
        if each.place is KeyPlace.LIST:
            continue  # told by those who examine the list
        is_ours = each.place is KeyPlace.PROVIDER_QUEUE and each.provider_id == provider_id
        if is_ours and each.known_by is KnownBy.ATTESTER and each.other_attester is None:
            listed[attester] = None
        else:
            elsewhere.setdefault(attester, []).append(each.finding)
    words = {attester: "; ".join(dict.fromkeys(findings)) for attester, findings in elsewhere.items()}
    return _Places(
        listed=tuple(listed),
        elsewhere={attester: place for attester, place in words.items() if attester not in listed},
    )


def read_registrations(wanted: AddKeys) -> tuple[AttesterRegistration, ...]:
    """The registrations of the attesters that an intent names, in its order.

    Raises:
        InputError: the file cannot be read, or lacks one of them.
    """
    path = Path(wanted.registration_file).expanduser()
    try:
        with path.open("rb") as opened:
            content = opened.read(_LARGEST_FILE + 1)
    except OSError as error:
        raise InputError(
            "the registration file cannot be read", file=wanted.registration_file, reason=error.strerror
        ) from None
    if len(content) > _LARGEST_FILE:
        raise InputError("the registration file is too large to be read", file=wanted.registration_file)
    try:
        entries = parse_registrations(content)
    except InputError as error:
        error.facts = {"file": wanted.registration_file, **error.facts}
        raise
    by_attester: dict[str, AttesterRegistration] = {}
    for entry in entries:
        if entry.attester in wanted.attesters and entry.attester is not None:
            if entry.attester in by_attester:
                raise InputError(
                    "an attester stands twice in the registration file",
                    file=wanted.registration_file,
                    attester=entry.attester,
                )
            by_attester[entry.attester] = entry
    missing = [attester for attester in wanted.attesters if attester not in by_attester]
    if missing:
        raise InputError(
            "the registration file does not have the keys that were chosen from it",
            hint="somebody has changed it since",
            file=wanted.registration_file,
            missing=", ".join(missing[:_SHOWN]),
        )
    return tuple(by_attester[attester] for attester in wanted.attesters)


def _refuse_faulty(entries: Sequence[AttesterRegistration], wanted: AddKeys) -> None:
    """One wrong key blocks everything behind it in the queue."""
    faults = {
        str(entry.attester): fault.meaning
        for entry, fault in zip(entries, find_faults(entries), strict=True)
        if fault is not None
    }
    if faults:
        raise InputError(
            "some registrations are wrong: nobody could be activated with them, and they would block the queue",
            hint="make them again from the secrets",
            file=wanted.registration_file,
            keys=len(faults),
            **_facts(faults),
        )


def attesters_of(call: Call) -> tuple[str, ...]:
    """The attesters that a call lists in a provider's queue; none where it does something else."""
    if call.data[:4] != ADD_KEYS.selector:
        return ()
    _, key_stores = ADD_KEYS.decode_call(call.data)
    return tuple(attester for attester, *_ in key_stores)


def _named(places: dict[str, str]) -> str:
    shown = [f"{attester}: {place}" for attester, place in list(places.items())[:_SHOWN]]
    return "; ".join(shown) + (f"; and {len(places) - _SHOWN} more" if len(places) > _SHOWN else "")


def _facts(places: dict[str, str]) -> dict[str, str]:
    # Addresses cannot clash with the names of an error's parameters.
    return dict(list(places.items())[:_SHOWN])
