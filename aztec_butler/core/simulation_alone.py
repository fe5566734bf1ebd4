"""Which of several calls may change what a later one does, for nodes that cannot run them one after the other. Pure.

A call does the same as before when nobody wrote what it reads. So two calls that share no word of storage, and no
ether, have nothing to do with each other; all others might.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from aztec_butler.core.calls import Call
from aztec_butler.core.hexes import parse_address

Touched = frozenset[tuple[str, str]]
"""Words of storage: contract and slot."""


def touched_storage(access_list: Any) -> Touched | None:
    """What a call reads or writes, from an answer to ``eth_createAccessList``; None where the node does not say.

    Args:
        access_list: the answer.
    """
    if not isinstance(access_list, dict) or not isinstance(access_list.get("accessList"), list):
        return None
    words: set[tuple[str, str]] = set()
    for entry in access_list["accessList"]:
        address = parse_address(str(entry["address"]).lower())
        words |= {(address, f"{int(slot, 16):064x}") for slot in entry.get("storageKeys") or ()}
    return frozenset(words)


def dependencies(calls: Sequence[Call], touched: Sequence[Touched | None]) -> list[tuple[int, ...]]:
    """For each call the positions of those before it that may change what it does.

    Args:
        calls: in order.
        touched: the storage of each; None where it is not known.
    """
    return [
        tuple(earlier for earlier in range(later) if _may_matter(calls, touched, earlier, later))
        for later in range(len(calls))
    ]


def _may_matter(calls: Sequence[Call], touched: Sequence[Touched | None], one: int, other: int) -> bool:
    first, second = touched[one], touched[other]
    if first is None or second is None:
        return True
    return bool(first & second) or bool(calls[one].value_wei and calls[other].value_wei)
