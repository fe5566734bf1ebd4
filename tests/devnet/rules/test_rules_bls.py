"""Registrations of BLS keys on the real GSE."""

import random

import pytest

from aztec_butler.core import bls

pytestmark = pytest.mark.devnet


def test_registration_digest__random_keys__equal_the_gse(staking):
    dice = random.Random(7)
    for _ in range(20):
        key = bls.registration(dice.randrange(1, bls.GROUP_ORDER)).public_key_g1
        assert bls.registration_digest(key).point == tuple(staking.gse.read("getRegistrationDigest", key))


def test_registration__secrets_of_every_length__pass_the_proof_and_own_their_key(staking, entry):
    dice = random.Random(11)
    secrets = [1, 31, 1 << 64, bls.GROUP_ORDER - 1, *(dice.randrange(1, bls.GROUP_ORDER) for _ in range(6))]
    staking.open_queue()
    for number, secret in enumerate(secrets):
        made = bls.registration(secret)
        staking.rollup.send(
            "deposit",
            entry(number).attester,
            entry(number).withdrawer,
            made.public_key_g1,
            made.public_key_g2,
            made.proof_of_possession,
            True,
        )
        assert not staking.gse.read("ownedPKs", bls.public_key_hash(made.public_key_g1))
    entered, failed = staking.flush()
    assert (len(entered), failed) == (len(secrets), [])
    for secret in secrets:
        assert staking.gse.read("ownedPKs", bls.public_key_hash(bls.registration(secret).public_key_g1))


def test_registration__proof_of_another_key__is_refused(staking, entry):
    one, other = bls.registration(1001), bls.registration(1002)
    staking.open_queue()
    staking.rollup.send(
        "deposit",
        entry(0).attester,
        entry(0).withdrawer,
        one.public_key_g1,
        one.public_key_g2,
        other.proof_of_possession,
        True,
    )
    assert staking.flush() == ([], [entry(0).attester])
