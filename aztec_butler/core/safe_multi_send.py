"""Several calls in one: what a Safe hands to MultiSendCallOnly. Pure.

The Safe delegates to that contract, which can do nothing but call: the Safe's own storage is out of its reach.

Source: ``MultiSendCallOnly.sol`` of safe-global/safe-smart-account.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import attrs

from aztec_butler.core.calls import Call
from aztec_butler.core.errors import DecodeError
from aztec_butler.core.hexes import checksum_address, parse_bytes
from aztec_butler.core.safe_abi import MULTI_SEND

_CALL: Final = 0
_HEAD_BYTES: Final = 1 + 20 + 32 + 32


@attrs.frozen(kw_only=True)
class MultiSend:
    """A deployed MultiSendCallOnly."""

    address: str
    code_hash: str
    """Keccak of its code: what stands at the address must have it."""


MULTI_SENDS: Final[dict[tuple[int, int], MultiSend]] = {
    (1, 3): MultiSend(
        address="0x40A2aCCbd92BCA938b02010E17A5b8929b49130D",
        code_hash="0xa9865ac2d9c7a1591619b188c4d88167b50df6cc0c5327fcbd1c8c75f7c066ad",
    ),
    (1, 4): MultiSend(
        address="0x9641d764fc13c8B624c04430C7356C1C7C8102e2",
        code_hash="0xecd5bd14a08c5d2122379900b2f272bdf107a7e92423c10dd5fe3254386c9939",
    ),
    (1, 5): MultiSend(
        address="0xA83c336B20401Af773B6219BA5027174338D1836",
        code_hash="0xcdbdcec38d2f1c7d961b0029ff8416b7e86e9974d6f0e9c9580c7d17fcfb6663",
    ),
}
"""The canonical deployments on mainnet and Sepolia, by the Safe's version. Source: safe-global/safe-deployments."""


def encode_multi_send(calls: Sequence[Call]) -> bytes:
    """Calldata for MultiSendCallOnly.

    Source: ``MultiSendCallOnly.sol``: operation, address, value, length and data, packed without padding.
    """
    packed = bytearray()
    for call in calls:
        packed += bytes((_CALL,)) + parse_bytes(call.to, size=20)
        packed += call.value_wei.to_bytes(32, "big") + len(call.data).to_bytes(32, "big") + call.data
    return MULTI_SEND.function("multiSend").encode_call(bytes(packed))


def decode_multi_send(data: bytes) -> tuple[Call, ...]:
    """The calls in calldata for MultiSendCallOnly; their summaries are empty.

    Raises:
        DecodeError: other calldata, or an operation that MultiSendCallOnly refuses.
    """
    (packed,) = MULTI_SEND.function("multiSend").decode_call(data)
    calls: list[Call] = []
    start = 0
    while start < len(packed):
        head = packed[start : start + _HEAD_BYTES]
        if len(head) < _HEAD_BYTES:
            raise DecodeError("packed calls end in the middle of one", bytes=len(packed), start=start)
        if head[0] != _CALL:
            raise DecodeError(
                "packed calls hold something else than a call", operation=head[0], position=len(calls)
            )
        size = int.from_bytes(head[53:], "big")
        end = start + _HEAD_BYTES + size
        if end > len(packed):
            raise DecodeError("packed calls end in the middle of one", bytes=len(packed), needed_bytes=end)
        calls.append(
            Call(
                to=checksum_address(head[1:21]),
                value_wei=int.from_bytes(head[21:53], "big"),
                data=packed[start + _HEAD_BYTES : end],
                summary="",
            )
        )
        start = end
    return tuple(calls)
