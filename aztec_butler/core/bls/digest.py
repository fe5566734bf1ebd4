"""The point that a key signs to prove that its secret is known, and what finding it costs on the chain.

The contract hashes until the hash is the x of a point. Keys differ in how often that takes, and the GSE grants the whole
check a fixed amount of gas: a few honest keys need more, and their deposits fail.
"""

from __future__ import annotations

import attrs

from aztec_butler.core.bls import g1
from aztec_butler.core.bls.field import FIELD_MODULUS, square_root
from aztec_butler.core.hexes import keccak256

PROOF_DOMAIN = b"AZTEC_BLS_POP_BN254_V1".ljust(32, b"\0")
"""Domain of the hash that the proof signs. Source: BN254Lib ``STAKING_DOMAIN_SEPARATOR``."""
PROOF_GAS_LIMIT = 250_000
"""What the GSE grants unless governance changed it. Source: GSE ``proofOfPossessionGasLimit``."""

_SIGN_ATTEMPT = (1 << 256) - 1


@attrs.frozen(kw_only=True)
class Digest:
    """A point found by hashing, and how long the search was.

    Args:
        point: (x, y) in G1; nobody knows its discrete logarithm.
        hashes: taken until one was the x of a point.
        roots: square roots tried, one for every hash below the field's modulus.
    """

    point: g1.Affine
    hashes: int
    roots: int

    @property
    def proof_gas(self) -> int:
        """Gas that the check of the key's proof needs to be granted, at most 130 more than it really is.

        The pairing and whatever else is the same for every key, each hash, each root at the price that EIP-7883 gave
        it, and memory, which the search never frees: seven words a hash.

        Source: measured on Bn254LibWrapper ``proofOfPossession``, and on BN254Lib's own calibration in
        ``l1-contracts/test/fixtures/bn254_pop_gas_vectors.json``.
        """
        return 132_694 + 515 * self.hashes + 4_580 * self.roots - -95_975 * self.hashes**2 // 1_000_000


def registration_digest(public_key_g1: g1.Affine) -> Digest:
    """The point that the proof of possession of a key signs.

    Args:
        public_key_g1: public key in G1, (x, y).

    Source: GSE ``getRegistrationDigest``, BN254Lib ``g1ToDigestPoint``.
    """
    x, y = public_key_g1
    return hash_to_point(PROOF_DOMAIN, x.to_bytes(32, "big") + y.to_bytes(32, "big"))


def hash_to_point(domain: bytes, message: bytes) -> Digest:
    """The first hash that is the x of a point.

    Args:
        domain: 32 bytes.
        message: any bytes.

    Source: BN254Lib ``hashToPoint``.
    """
    attempt = roots = 0
    while True:
        x = _hash_attempt(domain, message, attempt)
        attempt += 1
        if x >= FIELD_MODULUS:
            continue
        roots += 1
        y = square_root((x * x * x + 3) % FIELD_MODULUS)
        if y is not None:
            lower, higher = sorted((y, FIELD_MODULUS - y))
            takes_higher = _hash_attempt(domain, message, _SIGN_ATTEMPT) & 1
            return Digest(point=(x, higher if takes_higher else lower), hashes=attempt, roots=roots)


def _hash_attempt(domain: bytes, message: bytes, attempt: int) -> int:
    """``keccak256(abi.encode(bytes32 domain, bytes message, uint256 attempt))`` as an integer."""
    words = (96, attempt, len(message))
    head = domain + b"".join(word.to_bytes(32, "big") for word in words)
    return int.from_bytes(keccak256(head + message + bytes(-len(message) % 32)), "big")
