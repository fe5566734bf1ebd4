"""The secret that everything about an attester's BLS key follows from.

Where something is wrong with a secret, neither the error nor the locals of any frame of this module tell it: error
reporters collect both.
"""

from __future__ import annotations

import re
from typing import NoReturn

import attrs

from aztec_butler.core.bls.field import GROUP_ORDER
from aztec_butler.core.errors import InputError
from aztec_butler.core.hexes import parse_address

_TEXT = re.compile(r"0x[0-9a-fA-F]{64}")


class SecretKey:
    """A BLS secret key: an integer of at least 1 and below ``GROUP_ORDER``, which it shows to nobody.

    It is kept out of ``repr``, of pickles and of copies. Python hides nothing from a debugger and wipes no memory: this
    guards against accidents, not against an attacker in the process.

    >>> SecretKey(1234)
    SecretKey(hidden)

    Raises:
        InputError: the number is out of range.
    """

    __slots__ = ("_value",)

    def __init__(self, value: int) -> None:
        problem = _problem(value)
        self._value = value
        del value
        if problem is not None:
            raise problem

    def reveal(self) -> int:
        """The number. Keep it out of variables while anything can fail: locals end up in error reports."""
        return self._value

    def __repr__(self) -> str:
        return "SecretKey(hidden)"

    def __reduce_ex__(self, _protocol: object) -> NoReturn:
        message = "a SecretKey is not copied or pickled"
        raise TypeError(message)

    @classmethod
    def parse(cls, text: str) -> SecretKey:
        """A secret key as keystores hold it: 0x and 64 hex digits.

        Raises:
            InputError: other text, or a number out of range.
        """
        found = _read(text)
        del text
        if isinstance(found, InputError):
            raise found
        return found


@attrs.frozen(kw_only=True)
class AttesterSecret:
    """A secret key, and the attester it is for.

    Args:
        attester: address; None when it is not known.
        secret: the BLS key.
    """

    attester: str | None
    secret: SecretKey


def parse_secret_lines(text: str) -> tuple[AttesterSecret, ...]:
    """Secret keys from a file with one on each line, behind the attester's address if there is one.

    Empty lines, and what stands behind ``#``, count for nothing.

    >>> parse_secret_lines("0x" + "0" * 60 + "04d2  # of no value")
    (AttesterSecret(attester=None, secret=SecretKey(hidden)),)

    Raises:
        InputError: a line is something else, or there is none; the error names the line's number.
    """
    found = [(number, _read_line(line)) for number, line in enumerate(text.splitlines(), start=1)]
    del text
    for number, entry in found:
        if isinstance(entry, InputError):
            entry.facts = {"line": number, **entry.facts}
            raise entry
    entries = tuple(entry for _, entry in found if isinstance(entry, AttesterSecret))
    if not entries:
        raise InputError("there is no secret key in it")
    return entries


def as_secret_key(secret: SecretKey | int) -> SecretKey | InputError:
    """A secret key, or the error that it is none, for the caller to raise when it has forgotten the number."""
    if isinstance(secret, SecretKey):
        return secret
    problem = _problem(secret)
    return SecretKey(secret) if problem is None else problem


def _read_line(line: str) -> AttesterSecret | InputError | None:
    words = line.partition("#")[0].split()
    if not words:
        return None
    secret = _read(words.pop())
    if isinstance(secret, InputError):
        return secret
    attester = None
    if words:
        try:
            attester = parse_address(words.pop())
        except InputError:
            return InputError(
                "what stands before a secret key is not an address"
            )  # and may be a secret itself
    if words:
        return InputError("expected a secret key on each line, with nothing but an address before it")
    return AttesterSecret(attester=attester, secret=secret)


def _read(text: str) -> SecretKey | InputError:
    if not _TEXT.fullmatch(text):
        return InputError("a BLS secret key is 0x and 64 hex digits", characters=len(text))
    return as_secret_key(int(text, 16))


def _problem(value: int) -> InputError | None:
    if 0 < value < GROUP_ORDER:
        return None
    return InputError(
        "a BLS secret key is an integer of at least 1 and below the group order", group_order=GROUP_ORDER
    )
