"""Keys as providers list them and deposits carry them: checked, and encoded at once.

Every key is nine words, so nothing of it has to be looked up. The bytes are those of the general codec, which takes nine
times as long; a test compares.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from aztec_butler.core.calls import check_address
from aztec_butler.core.contracts.staking_registry import STAKING_REGISTRY
from aztec_butler.core.errors import InputError
from aztec_butler.core.hexes import parse_address

KeyStore = tuple[str, tuple[int, int], tuple[int, int, int, int], tuple[int, int]]
"""Attester, public key in G1 and in G2 (real part first), proof of possession: the contracts' struct."""

ADD_KEYS: Final = STAKING_REGISTRY.function("addKeysToProvider")
_POINTS: Final = (("public_key_g1", 2), ("public_key_g2", 4), ("proof_of_possession", 2))
_WORD: Final = 32
_PADDING: Final = bytes(12)
_SHOWN: Final = 20


def as_key_store(value: Any) -> KeyStore:
    """A key from any of the forms in which people have it, checked.

    Whether the proof belongs to the key is another question; see ``refuse_faulty``.

    Args:
        value: an attester with its registration (``core.bls.AttesterRegistration``); or ``(attester, public_key_g1,
            public_key_g2, proof_of_possession)``.

    Raises:
        InputError: neither of them, no address, or a coordinate that no point has.
    """
    if hasattr(value, "registration"):
        made = value.registration
        fields = [value.attester, made.public_key_g1, made.public_key_g2, made.proof_of_possession]
    elif isinstance(value, Sequence) and not isinstance(value, str | bytes) and len(value) == 4:
        fields = list(value)
    else:
        raise InputError(
            "expected a key with its registration",
            hint="read a registration file, or give (attester, public_key_g1, public_key_g2, proof_of_possession)",
            got=type(value).__name__,
        )
    if fields[0] is None:
        raise InputError("a registration does not say whose it is", hint="add its attester")
    attester = check_address("attester", fields[0])
    points = [
        _point(attester, name, point, size) for (name, size), point in zip(_POINTS, fields[1:], strict=True)
    ]
    return (attester, *points)  # type: ignore[return-value]


def refuse_faulty(key_stores: Sequence[KeyStore]) -> None:
    """Refuse keys that the GSE will refuse when they are to be activated; about 20 ms each.

    Args:
        key_stores: as ``as_key_store`` made them.

    Raises:
        InputError: with every key that is wrong.
    """
    from aztec_butler.core.bls import Registration, find_fault

    faults: dict[str, Any] = {}
    for attester, public_key_g1, public_key_g2, proof in key_stores:
        fault = find_fault(
            Registration(public_key_g1=public_key_g1, public_key_g2=public_key_g2, proof_of_possession=proof)
        )
        if fault is not None:
            faults[attester] = fault.meaning
    if faults:
        shown = dict(list(faults.items())[:_SHOWN])
        raise InputError(
            "some registrations are wrong: nobody could be activated with them",
            hint="make them again from the secrets, or leave these attesters out",
            keys=len(faults),
            **shown,
        )


def refuse_known(key_stores: Sequence[KeyStore], known: Mapping[str, str]) -> None:
    """Refuse keys that are in use already.

    Args:
        key_stores: as ``as_key_store`` made them.
        known: where, by attester.

    Raises:
        InputError: with the places of those that are known.
    """
    places = {parse_address(address): place for address, place in known.items()}
    taken = {attester: places[attester] for attester, *_ in key_stores if attester in places}
    if taken:
        shown: dict[str, Any] = dict(list(taken.items())[:_SHOWN])
        raise InputError(
            "some attesters are in use already; nobody could be activated with them again",
            hint="leave them out, or make new keys",
            keys=len(taken),
            **shown,
        )


def encode_add_keys(provider_id: int, key_stores: Sequence[KeyStore]) -> bytes:
    """Calldata that lists keys in a provider's queue.

    Args:
        provider_id: of the provider, at least 0.
        key_stores: in the order of the queue, as ``as_key_store`` made them; nothing is checked again.
    """
    parts = [
        ADD_KEYS.selector,
        provider_id.to_bytes(_WORD, "big"),
        (2 * _WORD).to_bytes(_WORD, "big"),
        len(key_stores).to_bytes(_WORD, "big"),
    ]
    add, from_hex, padding = parts.append, bytes.fromhex, _PADDING
    for attester, (x, y), (x0, x1, y0, y1), (px, py) in key_stores:
        add(
            padding
            + from_hex(attester[2:])
            + x.to_bytes(32, "big")
            + y.to_bytes(32, "big")
            + x0.to_bytes(32, "big")
            + x1.to_bytes(32, "big")
            + y0.to_bytes(32, "big")
            + y1.to_bytes(32, "big")
            + px.to_bytes(32, "big")
            + py.to_bytes(32, "big")
        )
    return b"".join(parts)


def _point(attester: str, name: str, point: Any, size: int) -> tuple[int, ...]:
    from aztec_butler.core.bls import (
        FIELD_MODULUS,
    )  # most calls carry no keys, and the curve takes time to load

    if not isinstance(point, tuple | list) or len(point) != size:
        raise InputError(
            "a point has another number of coordinates", attester=attester, field=name, expected=size
        )
    for value in point:
        if isinstance(value, bool) or not isinstance(value, int):
            raise InputError(
                "a coordinate is an integer", attester=attester, field=name, value=repr(value)[:90]
            )
        if not 0 <= value < FIELD_MODULUS:
            raise InputError(
                "a coordinate is at least 0 and below the field's modulus",
                attester=attester,
                field=name,
                value=value,
            )
    if not any(point):
        raise InputError("the point at infinity is no key and no proof", attester=attester, field=name)
    return tuple(point)
