"""Calldata of ``addKeysToProvider``, at once: every key is nine words, so nothing has to be looked up.

The bytes are those of the general codec, which takes nine times as long; a test compares.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from aztec_butler.core.calldata.registrations import AttesterRegistration
from aztec_butler.core.contracts.staking_registry import STAKING_REGISTRY

ADD_KEYS: Final = STAKING_REGISTRY.function("addKeysToProvider")
_WORD: Final = 32
_PADDING: Final = bytes(12)


def encode_add_keys(provider_id: int, registrations: Sequence[AttesterRegistration]) -> bytes:
    """Calldata that lists keys in a provider's queue.

    Args:
        provider_id: of the provider, at least 0.
        registrations: in the order of the queue; their records have checked every value.
    """
    parts = [
        ADD_KEYS.selector,
        provider_id.to_bytes(_WORD, "big"),
        (2 * _WORD).to_bytes(_WORD, "big"),
        len(registrations).to_bytes(_WORD, "big"),
    ]
    add, from_hex, padding = parts.append, bytes.fromhex, _PADDING
    for each in registrations:
        x, y = each.public_key_g1
        x0, x1, y0, y1 = each.public_key_g2
        px, py = each.proof_of_possession
        add(
            padding
            + from_hex(each.attester[2:])
            + x.to_bytes(32, "big")
            + y.to_bytes(32, "big")
            + x0.to_bytes(32, "big")
            + x1.to_bytes(32, "big")
            + y0.to_bytes(32, "big")
            + y1.to_bytes(32, "big")
            + px.to_bytes(32, "big")
            + py.to_bytes(32, "big")
        )
    return b"".join(parts)
