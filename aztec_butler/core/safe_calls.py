"""Calls as JSON, as commands that build calls print them: what a batch is put together from. Pure."""

from __future__ import annotations

import json
from typing import Any

from aztec_butler.core.calls import Call, check_address
from aztec_butler.core.errors import InputError
from aztec_butler.core.json_depth import check_depth

_MEMBERS = ("to", "data", "value_wei", "summary")


def read_calls(content: bytes) -> tuple[Call, ...]:
    """The calls in a JSON document: one object, a list of them, or a list named ``rows``.

    Args:
        content: each call has ``to`` and ``data`` (hex), and may have ``value_wei`` (a number or decimal text) and
            ``summary``; other members are passed over.

    Raises:
        InputError: no such document; the message tells which call does not fit.
    """
    check_depth(content)
    try:
        document = json.loads(content)
    except (UnicodeDecodeError, ValueError):
        raise InputError("a file of calls is not JSON") from None
    if isinstance(document, dict):
        if "transactions" in document:
            raise InputError(
                "this is a Transaction Builder file, not a file of calls",
                hint="look at it with `aztec-butler safe check`",
            )
        document = document.get("rows", [document])
    if not isinstance(document, list) or not document:
        raise InputError(
            "a file of calls holds an object or a list of them",
            hint="commands that build calls print one with --format json",
        )
    calls = []
    for position, entry in enumerate(document, 1):
        try:
            calls.append(_call(entry))
        except InputError as error:
            error.facts = {"call": position, **error.facts}
            raise
    return tuple(calls)


def _call(entry: Any) -> Call:
    if not isinstance(entry, dict) or not {"to", "data"} <= set(entry):
        raise InputError("a call is an object with `to` and `data`", known=", ".join(_MEMBERS))
    summary = entry.get("summary") or ""
    if not isinstance(summary, str):
        raise InputError("the summary of a call is text", value=summary)
    return Call(
        to=check_address("to", entry["to"]),
        data=entry["data"],
        value_wei=_amount(entry.get("value_wei", 0)),
        summary=summary,
    )


def _amount(value: Any) -> int:
    # Large amounts are printed as text.
    if isinstance(value, str) and value.isascii() and value.isdigit():
        return int(value[:100])
    if type(value) is int:
        return value
    raise InputError("the value of a call is a whole number of wei", value=value)
