"""Files and words that hold calls or registrations, as the commands around calldata take them."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from aztec_butler.core.calls import Call
from aztec_butler.core.errors import InputError
from aztec_butler.core.hexes import parse_bytes

if TYPE_CHECKING:
    from aztec_butler.cli.session import Session
    from aztec_butler.core.bls import AttesterRegistration
    from aztec_butler.core.decoding import Decoded

_Value = TypeVar("_Value")


def read_registrations(path: str) -> tuple["AttesterRegistration", ...]:
    """The registrations of a file.

    Raises:
        InputError: the file cannot be read, or holds something else.
    """
    from aztec_butler.core.bls import parse_registrations

    return _read(path, parse_registrations)


def read_explained(words: str, to: str | None) -> tuple["Decoded", ...]:
    """Calldata in words, from hex or from a file.

    Args:
        words: 0x hex, or the name of a file.
        to: the contract that is called, for hex.

    Raises:
        InputError: neither hex nor a file, or a file that holds something else.
    """
    from aztec_butler.core.decoding_calls import explain

    if _is_hex(words):
        return (explain(parse_bytes(words), to),)
    content = _read(words, bytes)
    if content.strip()[:2] in (b"0x", b"0X"):
        return (explain(parse_bytes(content.decode("ascii", "replace").strip()), to),)
    document = _json(words, content)
    if isinstance(document, Mapping) and "transactions" in document:
        return (explain(document),)
    return tuple(explain(call) for call in _read_rows(words))


def read_calls(
    words: str, to: str | None = None, *, session: "Session", sender: str | None
) -> tuple[Call, ...]:
    """Calls from hex with a receiver, or from a file.

    Args:
        words: 0x hex, or the name of a file.
        to: the contract that is called, for hex.
        session: the settings: a file must be of their chain.
        sender: whose calls they are to be; a Safe's file must be of it. None for anybody.

    Raises:
        InputError: neither hex nor a file; or a file that holds something else, was changed since it was made, or is of
            another chain or Safe.
    """
    if _is_hex(words):
        if to is None:
            raise InputError("calldata goes to a contract, which was not told", hint="--to ADDRESS")
        return (Call(to=to, data=parse_bytes(words)),)
    from aztec_butler.cli.safe_inputs import chain_id_of, read_proposable

    document = _json(words, _read(words, bytes))
    if isinstance(document, Mapping) and "transactions" in document:
        return read_proposable(session, words, sender).batch.calls
    return _read_rows(words, chain_id_of(session))


def _read_rows(file: str, chain_id: int | None = None) -> tuple[Call, ...]:
    from aztec_butler.core import safe_calls

    return _read(file, partial(safe_calls.read_calls, chain_id=chain_id))


def _read(file: str, read: Callable[[bytes], _Value]) -> _Value:
    from aztec_butler.cli.safe_inputs import read_named  # most commands read no file

    return read_named(file, read)


def _is_hex(text: str) -> bool:
    return text.startswith(("0x", "0X"))


def _json(path: str, content: bytes) -> Any:
    import json

    try:
        return json.loads(content)
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError):
        raise InputError("expected 0x hex, or a file with JSON", file=path) from None
    except ValueError:
        raise InputError("a file holds a number with too many digits", file=path) from None
