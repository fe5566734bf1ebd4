"""What speaks against signing calls: judged on everything inside them, and on whom they really go to. Pure.

A selector says what a call looks like; only an address says what it is. Contracts are taken for what they are where
their addresses are known: from the presets of the chain, and from its deployment where somebody has read that.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import attrs

from aztec_butler.core.calls import OPEN_ALLOWANCE, Call, refuse_open_allowance
from aztec_butler.core.checks import Outcome
from aztec_butler.core.decoding import Decoded, find_function
from aztec_butler.core.decoding_calls import STRANGE_CODE, TOO_DEEP, TOO_MUCH, explain, known_roles
from aztec_butler.core.errors import InputError

DANGERS: Final = frozenset({OPEN_ALLOWANCE, STRANGE_CODE, TOO_DEEP, TOO_MUCH})
"""Warnings that no signature should be asked for; behind what cannot be read, the others could hide."""


@attrs.frozen
class Remark:
    """Something that speaks against a call, or against one inside it."""

    sentence: str
    is_danger: bool = False

    @property
    def outcome(self) -> Outcome:
        """As a check tells it."""
        return Outcome.FAIL if self.is_danger else Outcome.WARN


def judge_call(
    call: Call, *, chain_id: int | None = None, roles: Mapping[str, str] | None = None
) -> tuple[Remark, ...]:
    """What speaks against a call; each thing once, the dangers first.

    Args:
        call: the call.
        chain_id: where it is to be made; None where nobody knows.
        roles: contracts beside those of the presets, by address.
    """
    known = {**known_roles(chain_id), **(roles or {})}
    tree = explain(call, roles=known)
    found = dict.fromkeys(
        attrs.evolve(remark, sentence=f"inside it, {remark.sentence}") if node is not tree else remark
        for node in tree.walk()
        for remark in _remarks(node, known)
    )
    return tuple(sorted(found, key=lambda remark: not remark.is_danger))


def refuse_dangers(calls: Sequence[Call]) -> None:
    """Refuse calls that let everybody take something, or hand over everything, at any depth.

    Raises:
        InputError: one does; with its position.
    """
    for position, call in enumerate(calls, 1):
        try:
            refuse_open_allowance(call.data)
        except InputError as error:
            error.facts = {"transaction": position, **error.facts}
            raise
        for remark in judge_call(call):
            if remark.is_danger:
                raise InputError(
                    remark.sentence,
                    hint="see it with `aztec-butler calldata explain`, and do not sign it",
                    transaction=position,
                    to=call.to,
                )


def looks_like(decoded: Decoded) -> str:
    """A call whose function is known, and whose receiver is not.

    >>> looks_like(explain("0x1d934975"))
    'looks like flushEntryQueue() of a rollup or flush_rewarder'
    """
    return f"looks like {decoded.signature} of a {' or '.join(decoded.roles)}"


def _remarks(node: Decoded, known: Mapping[str, str]) -> Iterator[Remark]:
    yield from (Remark(warning, is_danger=warning in DANGERS) for warning in node.warnings)
    if node.signature is None:
        return
    role = known.get(node.to or "")
    if role is None:
        yield Remark(f"{looks_like(node)}, at an address that is not known here")
    elif role not in node.roles:
        yield Remark(f"{looks_like(node)}, but goes to the {role}, which has no such function")
    found = find_function(node.data[:4], role)
    if node.value_wei and found is not None and found[0].mutability != "payable":
        yield Remark(
            f"sends ether to {node.signature}, which takes none: it fails, or this is another contract"
        )
