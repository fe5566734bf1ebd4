"""Transaction Builder files: calls for a multisig, written so that Safe's web app imports them. Pure.

A file holds no time of its own: the same calls make the same bytes, so that a second person can build it again and
compare. ``safe_batch_file`` reads such files.

Source: safe-global/safe-wallet-monorepo, apps/tx-builder/src/{typings/models.ts,store/transactionLibraryContext.tsx}.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

import attrs

from aztec_butler.core.calls import Call, check_address
from aztec_butler.core.decoding import Kind, decode_bytes
from aztec_butler.core.decoding_calls import known_roles
from aztec_butler.core.errors import DecodeError, InputError, NotFoundError
from aztec_butler.core.hexes import to_hex
from aztec_butler.core.safe_checksum import batch_checksum
from aztec_butler.core.safe_judgement import looks_like, refuse_dangers
from aztec_butler.core.units import render_tokens

LARGEST_BATCH: Final = 100
"""Transactions in one file: beyond it the web app fails now and then, from 200 on always."""
FORMAT_VERSION: Final = "1.0"
BUILDER_VERSION: Final = "1.18.2"
"""The web app whose files these are like."""
DEFAULT_NAME: Final = "aztec-butler"


@attrs.frozen(kw_only=True)
class SafeBatch:
    """What one file holds.

    Args:
        chain_id: EIP-155 id.
        safe: whose transactions they are; None where a file does not say.
        name: shown by the web app.
        description: what the calls do, a line each.
        calls: in order.
        created_at_ms: Unix milliseconds; 0 for no time.
    """

    chain_id: int
    safe: str | None
    name: str
    description: str
    calls: tuple[Call, ...]
    created_at_ms: int = 0


def split_calls(
    calls: Sequence[Call], *, chain_id: int, safe: str, name: str = DEFAULT_NAME, largest: int = LARGEST_BATCH
) -> tuple[SafeBatch, ...]:
    """The files that hold these calls, in order.

    Args:
        calls: at least one.
        chain_id: EIP-155 id.
        safe: whose transactions they are to be.
        name: of the batch; several files are numbered.
        largest: calls in a file at most.

    Raises:
        InputError: no call, one to nobody, or one that lets everybody spend or runs a stranger's code, at any depth.
    """
    if not calls:
        raise InputError("a batch needs at least one call")
    if not 1 <= largest <= LARGEST_BATCH:
        raise InputError("a file holds 1 to 100 transactions", value=largest)
    owner = check_address("safe", safe)
    for position, call in enumerate(calls, 1):
        _check_receiver(call, position)
    refuse_dangers(calls)
    parts = [tuple(calls[start : start + largest]) for start in range(0, len(calls), largest)]
    return tuple(
        SafeBatch(
            chain_id=chain_id,
            safe=owner,
            name=name if len(parts) == 1 else f"{name} ({number} of {len(parts)})",
            description=_description(part),
            calls=part,
        )
        for number, part in enumerate(parts, 1)
    )


def encode_batch(batch: SafeBatch) -> bytes:
    """The file: the same bytes for the same batch, with the checksum that the web app will compute."""
    document: dict[str, Any] = {
        "version": FORMAT_VERSION,
        "chainId": str(batch.chain_id),
        "createdAt": batch.created_at_ms,
        "meta": {
            "name": batch.name,
            "description": batch.description,
            "txBuilderVersion": BUILDER_VERSION,
            "createdFromSafeAddress": batch.safe or "",
            "createdFromOwnerAddress": "",
        },
        "transactions": [
            {
                "to": call.to,
                "value": str(call.value_wei),
                "data": to_hex(call.data),
                "contractMethod": None,
                "contractInputsValues": None,
            }
            for call in batch.calls
        ],
    }
    document["meta"]["checksum"] = batch_checksum(document)
    return (json.dumps(document, indent=2, sort_keys=True, ensure_ascii=False) + "\n").encode()


def _check_receiver(call: Call, position: int) -> None:
    try:
        check_address("to", call.to)
    except InputError as error:
        error.facts = {"transaction": position, **error.facts}
        raise


def _description(calls: Sequence[Call]) -> str:
    return "\n".join(
        f"{position}. {call.summary or describe_call(call)}" for position, call in enumerate(calls, 1)
    )


def describe_call(call: Call, *, chain_id: int | None = None, roles: Mapping[str, str] | None = None) -> str:
    """What a call does, as far as its calldata and its receiver tell; for calls that nobody made here.

    Args:
        call: the call.
        chain_id: where it is to be made; None where nobody knows.
        roles: contracts beside those of the presets, by address.

    >>> describe_call(Call(to="0x00000000000000000000000000000000000000aa", data="0x", value_wei=5 * 10**17))
    'send 0.50 ETH'
    """
    ether = f"{render_tokens(call.value_wei)} ETH" if call.value_wei else ""
    if not call.data:
        return f"send {ether}" if ether else "call without data"
    with_ether = f" with {ether}" if ether else ""
    try:
        # 32 bytes would be taken for the topic of a log.
        decoded = decode_bytes(call.data) if len(call.data) % 32 == 4 else None
    except (NotFoundError, DecodeError):
        decoded = None
    if decoded is None or decoded.kind is not Kind.CALL or not decoded.roles:
        return f"unknown call {to_hex(call.data[:4])} of {len(call.data)} bytes{with_ether}"
    role = {**known_roles(chain_id), **(roles or {})}.get(call.to)
    told = f"{decoded.signature} of {role}" if role in decoded.roles else looks_like(decoded)
    return told + with_ether
