"""BLS keys of attesters on BN254: registrations from secrets, and whether the chain will take a registration.

A key enters the attester set with three points that the GSE checks in one pairing: ``secret * G1``, ``secret * G2`` and
``secret * D``, where ``D`` is the curve point that the contract derives from the key in G1. Here all of it is computed
without a chain: the points, the check, and the gas that the check takes there.

Plain Python integers, so nothing here runs in constant time: make keys on a machine that nobody else measures.
Secrets appear in no ``repr``, in no pickle and in no error.
"""

from aztec_butler.core.bls.digest import (
    PROOF_DOMAIN,
    PROOF_GAS_LIMIT,
    Digest,
    hash_to_point,
    registration_digest,
)
from aztec_butler.core.bls.examination import RegistrationFault, find_fault, find_faults
from aztec_butler.core.bls.field import FIELD_MODULUS, GROUP_ORDER
from aztec_butler.core.bls.g1 import Affine
from aztec_butler.core.bls.key_registration import (
    Registration,
    public_key_hash,
    registration,
    registrations,
)
from aztec_butler.core.bls.registration_file import (
    AttesterRegistration,
    parse_registrations,
    render_registrations,
)
from aztec_butler.core.bls.secret_key import AttesterSecret, SecretKey, parse_secret_lines

__all__ = [
    "FIELD_MODULUS",
    "GROUP_ORDER",
    "PROOF_DOMAIN",
    "PROOF_GAS_LIMIT",
    "Affine",
    "AttesterRegistration",
    "AttesterSecret",
    "Digest",
    "Registration",
    "RegistrationFault",
    "SecretKey",
    "find_fault",
    "find_faults",
    "hash_to_point",
    "parse_registrations",
    "parse_secret_lines",
    "public_key_hash",
    "registration",
    "registration_digest",
    "registrations",
    "render_registrations",
]
