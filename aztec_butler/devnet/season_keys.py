"""Attesters of the devnet: addresses and keys that follow from a number, known to everybody."""

from __future__ import annotations

from typing import Any

import attrs

from aztec_butler.core.bls import Registration, registration
from aztec_butler.core.hexes import checksum_address, keccak256

_FIRST_BLS_SECRET = 1000
"""Small secrets are quick to multiply with and as valid on the chain as others."""


@attrs.frozen(kw_only=True)
class Signature:
    """An ECDSA signature as the contracts take it."""

    v: int
    r: bytes
    s: bytes

    @property
    def packed(self) -> bytes:
        """65 bytes: v, r, s."""
        return bytes([self.v]) + self.r + self.s

    @property
    def struct(self) -> tuple[int, bytes, bytes]:
        """As the contracts' ``Signature`` encodes."""
        return self.v, self.r, self.s


@attrs.frozen(kw_only=True)
class AttesterKeys:
    """An attester's address and what it signs and registers with; made for a chain that holds nothing of value.

    Args:
        address: of the key that signs checkpoints and votes.
        registration: of its BLS key.
    """

    address: str
    registration: Registration = attrs.field(repr=False)
    _key: Any = attrs.field(repr=False, eq=False)

    @property
    def key_store(self) -> tuple[Any, ...]:
        """As providers list it."""
        keys = self.registration
        return self.address, keys.public_key_g1, keys.public_key_g2, keys.proof_of_possession

    def sign(self, digest: bytes) -> Signature:
        """Sign 32 bytes; the same bytes always give the same signature."""
        signed = self._key.sign_msg_hash(digest)
        return Signature(v=signed.v + 27, r=signed.r.to_bytes(32, "big"), s=signed.s.to_bytes(32, "big"))

    def sign_message(self, digest: bytes) -> Signature:
        """Sign 32 bytes as a personal message. Source: ERC-191, version 0x45."""
        return self.sign(keccak256(b"\x19Ethereum Signed Message:\n32" + digest))


def attester_keys(number: int) -> AttesterKeys:
    """Keys of the attester of a number; no two numbers share an address or a BLS key."""
    from eth_keys.datatypes import PrivateKey

    key = PrivateKey(keccak256(f"devnet attester {number}".encode()))
    return AttesterKeys(
        address=key.public_key.to_checksum_address(),
        registration=registration(_FIRST_BLS_SECRET + number),
        key=key,
    )


def wallet(name: str) -> str:
    """Address of somebody with a name, who needs no key because the chain lets anybody send."""
    return checksum_address(keccak256(f"devnet wallet {name}".encode())[12:])
