"""Registrations of attesters as JSON: what a validator's owner hands to the staker, with nothing secret in it.

The form is that of the node's ``aztec validator-keys staker``: a list of objects with ``attester``, ``publicKeyG1``,
``publicKeyG2`` and ``proofOfPossession``, whose numbers are hex text. The names of the contracts' structs,
``publicKeyInG1`` and ``publicKeyInG2``, are read too.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import attrs

from aztec_butler.core.bls.key_registration import Registration
from aztec_butler.core.errors import InputError
from aztec_butler.core.hexes import ZERO_ADDRESS, parse_address
from aztec_butler.core.json_depth import check_depth

_KEY_G1 = ("publicKeyG1", "publicKeyInG1")
_KEY_G2 = ("publicKeyG2", "publicKeyInG2")
_PROOF = ("proofOfPossession",)
_WORD = 1 << 256


@attrs.frozen(kw_only=True)
class AttesterRegistration:
    """A registration, and the attester it is for.

    Args:
        attester: address; None when it is not known.
        registration: of the BLS key.
    """

    attester: str | None
    registration: Registration


def render_registrations(entries: Iterable[AttesterRegistration]) -> str:
    """JSON that the node's tools and ``parse_registrations`` read; an unknown attester is left out."""
    return json.dumps([_document(entry) for entry in entries], indent=2) + "\n"


def _document(entry: AttesterRegistration) -> dict[str, Any]:
    made = entry.registration
    document: dict[str, Any] = {} if entry.attester is None else {"attester": entry.attester}
    for name, parts, numbers in (
        (_KEY_G1[0], "x y", made.public_key_g1),
        (_KEY_G2[0], "x0 x1 y0 y1", made.public_key_g2),
        (_PROOF[0], "x y", made.proof_of_possession),
    ):
        document[name] = {
            part: f"0x{number:064x}" for part, number in zip(parts.split(), numbers, strict=True)
        }
    return document


def parse_registrations(content: bytes) -> tuple[AttesterRegistration, ...]:
    """Registrations from JSON. Whether the GSE will take them is another question: see ``find_fault``.

    Args:
        content: a list of registrations, or a single one.

    Raises:
        InputError: it is not JSON, or something in it is missing or of another kind; names the place.
    """
    try:
        check_depth(content)
        document = json.loads(content, object_pairs_hook=_object)
    except ValueError as error:
        if isinstance(error, InputError):
            raise
        raise InputError("a registration file is JSON, and this is not", reason=_reason(error)) from None
    entries = document if isinstance(document, list) else [document]
    if not entries:
        raise InputError("there is no registration in it")
    return tuple(_entry(entry, f"[{place}]") for place, entry in enumerate(entries))


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    names = [name for name, _ in pairs]
    for name in names:
        if names.count(name) > 1:
            raise InputError("a name stands twice in one JSON object", name=name)
    return dict(pairs)


def _reason(error: Exception) -> str:
    # Not the text of other errors: they quote the file, which may be the wrong one.
    if isinstance(error, json.JSONDecodeError):
        return f"{error.msg}, line {error.lineno}, column {error.colno}"
    return type(error).__name__


def _entry(entry: Any, path: str) -> AttesterRegistration:
    if not isinstance(entry, dict):
        raise InputError("a registration is a JSON object", path=path)
    attester = entry.get("attester")
    if attester is not None:
        attester = _attester(attester, f"{path}.attester")
    x, y = _numbers(entry, _KEY_G1, "x y", path)
    x0, x1, y0, y1 = _numbers(entry, _KEY_G2, "x0 x1 y0 y1", path)
    proof_x, proof_y = _numbers(entry, _PROOF, "x y", path)
    return AttesterRegistration(
        attester=attester,
        registration=Registration(
            public_key_g1=(x, y), public_key_g2=(x0, x1, y0, y1), proof_of_possession=(proof_x, proof_y)
        ),
    )


def _attester(value: Any, path: str) -> str:
    # A keystore has private keys where this file has addresses; only what has the length of an address is quoted.
    if not isinstance(value, str) or len(value) != 42:
        raise InputError("an attester is an address: 0x and 40 hex digits", path=path)
    try:
        address = parse_address(value)
    except InputError as error:
        raise InputError(error.sentence, hint=error.hint, path=path, attester=value) from None
    if address == ZERO_ADDRESS:
        raise InputError("the zero address is no attester; the rollup takes no deposit for it", path=path)
    return address


def _numbers(entry: dict[str, Any], names: tuple[str, ...], parts: str, path: str) -> list[int]:
    given = [name for name in names if name in entry]
    if len(given) != 1:
        raise InputError("a registration has each of its points once", path=path, point=" or ".join(names))
    path = f"{path}.{given[0]}"
    point = entry[given[0]]
    if not isinstance(point, dict) or set(point) != set(parts.split()):
        raise InputError("a point is a JSON object of its coordinates", path=path, coordinates=parts)
    return [_number(point[part], f"{path}.{part}") for part in parts.split()]


def _number(value: Any, path: str) -> int:
    number = -1
    if isinstance(value, str) and value[:2] in ("0x", "0X"):
        digits = value[2:]
        if digits and all(digit in "0123456789abcdefABCDEF" for digit in digits):
            number = int(digits, 16)
    elif isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) <= 78:
        number = int(value)
    if not 0 <= number < _WORD:
        raise InputError("a coordinate is text: hex with 0x, or decimal, of at most 256 bits", path=path)
    return number
