"""The hash to a point, and what it costs on the chain, against the contracts' own calibration."""

from __future__ import annotations

import pytest

from aztec_butler.core import bls

# secret, hashes, roots, least gas with which the contract accepts the key. Source: aztec-packages 78252e1,
# l1-contracts/test/fixtures/bn254_pop_gas_vectors.json ("osaka", "minStipend"): the shortest searches, and the longest
# among the first two million secrets.
CALIBRATION = [
    (12, 1, 1, 137_779),
    (11, 31, 3, 162_454),
    (0x7777777, 15, 1, 145_000),
    (0x777777B, 42, 7, 186_505),
    (13154, 102, 10, 231_939),
    (57193, 95, 18, 264_826),
    (723828, 139, 13, 265_559),
    (241572, 128, 19, 287_081),
    (693083, 97, 23, 288_787),
    (1314687, 116, 24, 303_525),
]


@pytest.mark.parametrize(("secret", "hashes", "roots", "least_gas"), CALIBRATION)
def test_digest__calibrated_key__takes_as_many_steps_and_hardly_more_gas(secret, hashes, roots, least_gas):
    digest = bls.registration_digest(bls.registration(secret).public_key_g1)
    assert (digest.hashes, digest.roots) == (hashes, roots)
    assert 0 <= digest.proof_gas - least_gas <= 130


def test_digest__keys_of_the_nodes_tests__are_estimated_as_there():
    # Source: aztec-packages, yarn-project/cli bls_key_derivation.test.ts: the keys of the mnemonic "abandon ... about" at
    # m/12381/3600/0/0/712 and /1, as compressed public keys, with the gas that the node's tools estimate.
    for compressed, gas in (
        ("27e1fd07eb9ec38a5ac4d164bdb8e64a93c8913aaab3deeadea2698a7d4c306c", 234_466),
        ("902745c577bdb58e2f5e292129bfa529477d488eef3813ead0688d452d5e0862", 143_916),
    ):
        number = int(compressed, 16)
        x = number & ~(1 << 255)
        y = pow(x**3 + 3, (bls.FIELD_MODULUS + 1) // 4, bls.FIELD_MODULUS)
        if y & 1 != number >> 255:
            y = bls.FIELD_MODULUS - y
        assert bls.registration_digest((x, y)).proof_gas == gas


def test_hash_to_point__other_domain_or_message__is_another_point():
    point = bls.hash_to_point(bls.PROOF_DOMAIN, b"message").point
    assert point != bls.hash_to_point(bytes(32), b"message").point
    assert point != bls.hash_to_point(bls.PROOF_DOMAIN, b"massage").point
    x, y = point
    assert (y * y - x**3 - 3) % bls.FIELD_MODULUS == 0
