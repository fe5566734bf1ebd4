"""Attesters with their public BLS registration, as providers list them and deposits carry them; nothing secret."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import attrs

from aztec_butler.core.bls import FIELD_MODULUS, Registration
from aztec_butler.core.calls import check_address
from aztec_butler.core.errors import InputError
from aztec_butler.core.hexes import to_hex

_POINTS: Final = {
    "public_key_g1": ("publicKeyG1", ("x", "y")),
    "public_key_g2": ("publicKeyG2", ("x0", "x1", "y0", "y1")),
    "proof_of_possession": ("proofOfPossession", ("x", "y")),
}
"""Fields, by their names and coordinates in a registration file. Source: the node's ``validator-keys staker``."""


@attrs.frozen(kw_only=True)
class AttesterRegistration:
    """One attester and the registration of its BLS key.

    Args:
        attester: address of the key that signs checkpoints.
        public_key_g1: (x, y).
        public_key_g2: (x0, x1, y0, y1), with x = x0 + x1*u: the real part first.
        proof_of_possession: (x, y).

    Raises:
        InputError: no address, the zero address, or a coordinate that no point has.
    """

    attester: str
    public_key_g1: tuple[int, int]
    public_key_g2: tuple[int, int, int, int]
    proof_of_possession: tuple[int, int]

    def __attrs_post_init__(self) -> None:
        set_field = object.__setattr__
        set_field(self, "attester", check_address("attester", self.attester))
        for name, (_, coordinates) in _POINTS.items():
            set_field(self, name, _checked_point(self.attester, name, getattr(self, name), len(coordinates)))

    @classmethod
    def of(cls, attester: str, registration: Registration) -> AttesterRegistration:
        """The registration of a key for an attester's address."""
        return cls(
            attester=attester,
            public_key_g1=registration.public_key_g1,
            public_key_g2=registration.public_key_g2,
            proof_of_possession=registration.proof_of_possession,
        )

    @property
    def key_store(self) -> tuple[str, tuple[int, int], tuple[int, int, int, int], tuple[int, int]]:
        """The fields as the contracts' struct has them."""
        return self.attester, self.public_key_g1, self.public_key_g2, self.proof_of_possession

    def to_json(self) -> dict[str, Any]:
        """As it stands in a registration file."""
        points = {
            written: dict(zip(coordinates, map(_word, getattr(self, name)), strict=True))
            for name, (written, coordinates) in _POINTS.items()
        }
        return {"attester": self.attester, **points}


def as_registration(value: object) -> AttesterRegistration:
    """A registration from any of the forms in which people have it.

    Args:
        value: an ``AttesterRegistration``; an entry of a registration file (a mapping); or ``(attester,
            public_key_g1, public_key_g2, proof_of_possession)``.

    Raises:
        InputError: none of these, or one that is not well formed.
    """
    if isinstance(value, AttesterRegistration):
        return value
    if isinstance(value, Mapping):
        return _of_json(value)
    if isinstance(value, Sequence) and not isinstance(value, str | bytes) and len(value) == 4:
        attester, *points = value
        return AttesterRegistration(
            attester=attester, **dict(zip(_POINTS, (_tuple(point) for point in points), strict=True))
        )
    raise InputError(
        "expected a registration",
        hint="an entry of a registration file, or (attester, public_key_g1, public_key_g2, proof_of_possession)",
        got=type(value).__name__,
    )


def parse_registrations(content: object) -> tuple[AttesterRegistration, ...]:
    """The registrations of a file that ``keystore public`` or the node's ``validator-keys staker`` wrote.

    Args:
        content: what the file's JSON holds: a list of entries, or one entry.

    Raises:
        InputError: with every entry that is not well formed.
    """
    entries = [content] if isinstance(content, Mapping) else content
    if not isinstance(entries, Sequence) or isinstance(entries, str | bytes):
        raise InputError("expected a list of registrations", got=type(content).__name__)
    if not entries:
        raise InputError("the list of registrations is empty")
    found: list[AttesterRegistration] = []
    problems: dict[str, object] = {}
    for position, entry in enumerate(entries):
        try:
            found.append(as_registration(entry))
        except InputError as error:
            details = ", ".join(f"{name} {value}" for name, value in error.facts.items())
            problems[f"entry {position}"] = f"{error.sentence}{f': {details}' if details else ''}"
    if problems:
        raise InputError("some registrations are not well formed", **_as_facts(problems))
    return tuple(found)


def _as_facts(problems: dict[str, object], shown: int = 20) -> dict[str, Any]:
    facts: dict[str, Any] = dict(list(problems.items())[:shown])
    return facts if len(problems) <= shown else facts | {"more": len(problems) - shown}


def _of_json(entry: Mapping[str, Any]) -> AttesterRegistration:
    known = {"attester", *(written for written, _ in _POINTS.values())}
    if wrong := sorted(set(entry) ^ known):
        raise InputError("missing or unknown fields in a registration", fields=", ".join(map(str, wrong)))
    points = {}
    for name, (written, coordinates) in _POINTS.items():
        point = entry[written]
        if not isinstance(point, Mapping) or set(point) != set(coordinates):
            raise InputError("a point has other coordinates", field=written, expected=", ".join(coordinates))
        points[name] = tuple(_integer(f"{written}.{name}", point[name]) for name in coordinates)
    return AttesterRegistration(attester=entry["attester"], **points)  # type: ignore[arg-type]


def _integer(path: str, value: object) -> int:
    """JSON writers put large numbers into text, in decimal or hex."""
    if isinstance(value, str) and value.isascii() and "_" not in value:
        try:
            return int(value, 16 if value.startswith(("0x", "0X")) else 10)
        except ValueError:
            pass
    elif isinstance(value, int) and not isinstance(value, bool):
        return value
    raise InputError(
        "expected a whole number, or text of one in decimal or 0x hex", field=path, value=repr(value)
    )


def _tuple(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _checked_point(attester: str, name: str, point: Any, size: int) -> tuple[int, ...]:
    values = _tuple(point)
    if not isinstance(values, tuple) or len(values) != size:
        raise InputError(
            "a point has another number of coordinates", attester=attester, field=name, expected=size
        )
    for value in values:
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
    if not any(values):
        raise InputError("the point at infinity is no key and no proof", attester=attester, field=name)
    return values


def _word(value: int) -> str:
    return to_hex(value.to_bytes(32, "big"))
