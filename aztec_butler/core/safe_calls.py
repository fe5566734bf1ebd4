"""Calls as JSON, as commands that build calls print them: what a batch is put together from. Pure.

What a call does is told from its calldata; the file's own words about it stand beside, as a quotation.
"""

from __future__ import annotations

import json
from typing import Any, Final

import attrs

from aztec_butler.core.calls import Call, check_address
from aztec_butler.core.decoding_text import render_value
from aztec_butler.core.errors import InputError
from aztec_butler.core.json_depth import check_depth
from aztec_butler.core.networks import PRESETS
from aztec_butler.core.safe_batch import describe_call

_MEMBERS: Final = ("to", "data", "value_wei", "summary")
_MOST_DIGITS: Final = 78
_LONGEST_QUOTATION: Final = 200


def read_calls(content: bytes, *, chain_id: int | None = None) -> tuple[Call, ...]:
    """The calls in a JSON document: one object, a list of them, or a list named ``rows``.

    Args:
        content: each call has ``to`` and ``data`` (hex), and may have ``value_wei`` (a number or decimal text) and
            ``summary``; the document or a call may have ``chain_id``; other members are passed over.
        chain_id: the chain that the calls are wanted for; None for any.

    Raises:
        InputError: no such document, or one of another chain; the message tells which call does not fit.
    """
    check_depth(content)
    try:
        document = json.loads(content)
    except (UnicodeDecodeError, json.JSONDecodeError):
        raise InputError("a file of calls is not JSON") from None
    except ValueError:
        raise InputError("a file of calls holds a number with too many digits") from None
    told = None
    if isinstance(document, dict):
        if "transactions" in document:
            raise InputError(
                "this is a Transaction Builder file, not a file of calls",
                hint="look at it with `aztec-butler safe check`",
            )
        told = _chain(document, chain_id)
        document = document.get("rows", [document])
    if not isinstance(document, list) or not document:
        raise InputError(
            "a file of calls holds an object or a list of them",
            hint="commands that build calls print one with --format json",
        )
    calls = []
    for position, entry in enumerate(document, 1):
        try:
            calls.append(_call(entry, chain_id if told is None else told))
        except InputError as error:
            error.facts = {"call": position, **error.facts}
            raise
    return tuple(calls)


def _chain(fields: dict[str, Any], wanted: int | None) -> int | None:
    """The chain that a document or a call names; what is ``wanted`` where it names none."""
    value = fields.get("chain_id")
    if value is None:
        return wanted
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= _MOST_DIGITS:
        value = int(value)
    if type(value) is not int:
        raise InputError("a chain id is a whole number", chain_id=value)
    if wanted is not None and value != wanted:
        names = [network.name for network in PRESETS.values() if network.chain_id == value]
        raise InputError(
            "the calls were made for another chain",
            hint=f"--network {names[0]}" if names else "make them again for the network that is meant",
            chain_id=value,
            expected=wanted,
        )
    return value


def _call(entry: Any, chain_id: int | None) -> Call:
    if not isinstance(entry, dict) or not {"to", "data"} <= set(entry):
        raise InputError("a call is an object with `to` and `data`", known=", ".join(_MEMBERS))
    summary = entry.get("summary") or ""
    if not isinstance(summary, str):
        raise InputError("the summary of a call is text", value=summary)
    call = Call(
        to=check_address("to", entry["to"]),
        data=entry["data"],
        value_wei=_amount(entry.get("value_wei", 0)),
    )
    told = describe_call(call, chain_id=_chain(entry, chain_id))
    return attrs.evolve(call, summary=f"{told}; the file says {_quoted(summary)}" if summary else told)


def _quoted(text: str) -> str:
    """A stranger's words on one line, in quotation marks that they cannot close."""
    short = text if len(text) <= _LONGEST_QUOTATION else text[:_LONGEST_QUOTATION] + "..."
    return render_value(json.dumps(short, ensure_ascii=False))


def _amount(value: Any) -> int:
    # Large amounts are printed as text.
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= _MOST_DIGITS:
        return int(value)
    if type(value) is int:
        return value
    raise InputError("the value of a call is a whole number of wei", value=value)
