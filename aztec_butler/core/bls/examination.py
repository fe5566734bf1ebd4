"""Whether the GSE will take a registration, found without a chain: the same checks, the same pairing, the same gas.

A key that the GSE refuses costs its owner a place in the entry queue, and a provider a delegation: the deposit fails
after it has waited, long after the key was listed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import StrEnum

from aztec_butler.core.bls import g1, g2
from aztec_butler.core.bls.digest import PROOF_GAS_LIMIT, registration_digest
from aztec_butler.core.bls.field import GROUP_ORDER
from aztec_butler.core.bls.key_registration import Registration
from aztec_butler.core.bls.multiples import generators, multiples
from aztec_butler.core.bls.pairing import is_pairing_product_one
from aztec_butler.core.bls.registration_file import AttesterRegistration
from aztec_butler.core.hexes import keccak256

_USUAL_COUNT = 40


class RegistrationFault(StrEnum):
    """Why the GSE will refuse a registration."""

    KEY_G1_MISSING = "key-g1-missing"
    KEY_G2_MISSING = "key-g2-missing"
    PROOF_MISSING = "proof-missing"
    KEY_G1_OFF_CURVE = "key-g1-off-curve"
    PROOF_OFF_CURVE = "proof-off-curve"
    KEY_G2_SWAPPED = "key-g2-swapped"
    KEY_G2_OFF_CURVE = "key-g2-off-curve"
    KEY_G2_OUT_OF_GROUP = "key-g2-out-of-group"
    KEYS_DIFFER = "keys-differ"
    PROOF_OF_ANOTHER_KEY = "proof-of-another-key"
    PROOF_TOO_DEAR = "proof-too-dear"
    ATTESTER_REPEATED = "attester-repeated"
    KEY_REPEATED = "key-repeated"

    @property
    def meaning(self) -> str:
        """The fault in a sentence."""
        return _MEANINGS[self]


_MEANINGS = {
    RegistrationFault.KEY_G1_MISSING: "the public key in G1 is all zeros",
    RegistrationFault.KEY_G2_MISSING: "the public key in G2 is all zeros",
    RegistrationFault.PROOF_MISSING: "the proof of possession is all zeros",
    RegistrationFault.KEY_G1_OFF_CURVE: "the public key in G1 is no point of the curve",
    RegistrationFault.PROOF_OFF_CURVE: "the proof of possession is no point of the curve",
    RegistrationFault.KEY_G2_SWAPPED: (
        "the parts of the public key in G2 stand in the wrong order: the real one, x0 and y0, comes first"
    ),
    RegistrationFault.KEY_G2_OFF_CURVE: "the public key in G2 is no point of the twist",
    RegistrationFault.KEY_G2_OUT_OF_GROUP: "the public key in G2 is a point of the twist, but not of the group",
    RegistrationFault.KEYS_DIFFER: "the public keys in G1 and in G2 do not belong to the same secret",
    RegistrationFault.PROOF_OF_ANOTHER_KEY: "the proof of possession was not made with the secret of this key",
    RegistrationFault.PROOF_TOO_DEAR: (
        "nothing is wrong with it, but the check takes more gas than the GSE grants: use another key"
    ),
    RegistrationFault.ATTESTER_REPEATED: "the attester stands further up; an address is registered once",
    RegistrationFault.KEY_REPEATED: "the public key stands further up; a key is registered once",
}


def find_fault(
    registration: Registration, *, proof_gas_limit: int = PROOF_GAS_LIMIT
) -> RegistrationFault | None:
    """The first reason for which the GSE will refuse a registration; None when it will take it.

    What only the chain knows stays open: whether the address or the key was activated before. About 20 ms.

    Args:
        registration: made by whomever.
        proof_gas_limit: what the GSE grants, its ``proofOfPossessionGasLimit``.

    >>> find_fault(Registration(public_key_g1=(1, 3), public_key_g2=(1, 2, 3, 4), proof_of_possession=(1, 2)))
    <RegistrationFault.KEY_G1_OFF_CURVE: 'key-g1-off-curve'>

    Source: GSE ``_checkProofOfPossession``, BN254Lib ``proofOfPossession``; EIP-196 and EIP-197 for the precompiles.
    """
    key, proof = registration.public_key_g1, registration.proof_of_possession
    x0, x1, y0, y1 = registration.public_key_g2
    twisted = ((x0, x1), (y0, y1))
    fault = _fault_of_points(key, twisted, proof)
    if fault is not None:
        return fault
    digest = registration_digest(key)
    if not _is_proof_good(registration, key, twisted, proof, digest.point):
        # The chain does not tell which half of its one equation is wrong.
        if is_pairing_product_one([(key, _MINUS_GENERATOR), (g1.GENERATOR, twisted)]):
            return RegistrationFault.PROOF_OF_ANOTHER_KEY
        return RegistrationFault.KEYS_DIFFER
    return RegistrationFault.PROOF_TOO_DEAR if digest.proof_gas > proof_gas_limit else None


def find_faults(
    entries: Sequence[AttesterRegistration],
    *,
    proof_gas_limit: int = PROOF_GAS_LIMIT,
    progress: Callable[[int, int], None] | None = None,
) -> tuple[RegistrationFault | None, ...]:
    """The fault of each of many registrations, as the GSE would find it if they came to it in this order.

    An address and a key can be registered once; a registration that is refused takes neither of them.

    Args:
        entries: an unknown attester is taken for one that stands nowhere else.
        proof_gas_limit: what the GSE grants, its ``proofOfPossessionGasLimit``.
        progress: told after each how many are done, and of how many.

    Source: GSE ``deposit``, ``_checkProofOfPossession``.
    """
    attesters: set[str] = set()
    keys: set[g1.Affine] = set()
    faults: list[RegistrationFault | None] = []
    for entry in entries:
        key = entry.registration.public_key_g1
        if entry.attester in attesters:
            fault: RegistrationFault | None = RegistrationFault.ATTESTER_REPEATED
        elif key in keys:
            fault = RegistrationFault.KEY_REPEATED
        else:
            fault = find_fault(entry.registration, proof_gas_limit=proof_gas_limit)
            if fault is None:
                keys.add(key)
                if entry.attester is not None:
                    attesters.add(entry.attester)
        faults.append(fault)
        if progress is not None:
            progress(len(faults), len(entries))
    return tuple(faults)


_MINUS_GENERATOR = g2.negate(g2.GENERATOR)


def _fault_of_points(key: g1.Affine, twisted: g2.Affine, proof: g1.Affine) -> RegistrationFault | None:
    if key == g1.IDENTITY:
        return RegistrationFault.KEY_G1_MISSING
    if twisted == g2.IDENTITY:
        return RegistrationFault.KEY_G2_MISSING
    if proof == g1.IDENTITY:
        return RegistrationFault.PROOF_MISSING
    if not g1.is_on_curve(key):
        return RegistrationFault.KEY_G1_OFF_CURVE
    if not g1.is_on_curve(proof):
        return RegistrationFault.PROOF_OFF_CURVE
    if not g2.is_on_curve(twisted):
        (x0, x1), (y0, y1) = twisted
        is_swapped = g2.is_on_curve(((x1, x0), (y1, y0)))
        return RegistrationFault.KEY_G2_SWAPPED if is_swapped else RegistrationFault.KEY_G2_OFF_CURVE
    return None if g2.is_in_group(twisted) else RegistrationFault.KEY_G2_OUT_OF_GROUP


def _is_proof_good(
    registration: Registration, key: g1.Affine, twisted: g2.Affine, proof: g1.Affine, digest: g1.Affine
) -> bool:
    """The contract's one equation for two claims: the proof is of the key, and the keys are of one secret.

    e(proof + challenge * key, -G2) * e(digest + challenge * G1, key in G2) = 1.
    """
    words = (*key, *registration.public_key_g2, *proof)
    challenge = int.from_bytes(keccak256(b"".join(word.to_bytes(32, "big") for word in words))) % GROUP_ORDER
    if not challenge:
        return False
    in_g1, _ = generators(_USUAL_COUNT)
    left, right = g1.add_all(
        [(proof, multiples([key], [challenge])[0]), (digest, in_g1.multiples([challenge])[0])]
    )
    return is_pairing_product_one([(left, _MINUS_GENERATOR), (right, twisted)])
