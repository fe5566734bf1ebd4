"""What is wrong with a registration, found without a chain. The same verdicts on the contracts: devnet/rules."""

from __future__ import annotations

import attrs
import pytest
from broken_registrations import BROKEN, GOOD, OTHER
from hypothesis import given, settings
from hypothesis import strategies as st

from aztec_butler.core import bls
from aztec_butler.core.bls import RegistrationFault, find_fault


@pytest.mark.parametrize(("broken", "fault"), BROKEN.values(), ids=BROKEN)
def test_find_fault__broken_registration__is_named(broken, fault):
    assert find_fault(broken) is fault
    assert fault.meaning


@settings(max_examples=10, deadline=None)
@given(st.one_of(st.integers(1, 5000), st.integers(1, bls.GROUP_ORDER - 1)))
def test_find_fault__honest_registration__has_none(secret):
    assert find_fault(bls.registration(secret), proof_gas_limit=10**6) is None


def test_faults__every_one_of_a_registration__is_among_the_broken_ones():
    elsewhere = {
        RegistrationFault.PROOF_TOO_DEAR,
        RegistrationFault.ATTESTER_REPEATED,
        RegistrationFault.KEY_REPEATED,
    }
    assert {fault for _, fault in BROKEN.values()} | elsewhere == set(RegistrationFault)
    assert len({fault.meaning for fault in RegistrationFault}) == len(RegistrationFault)


def test_find_fault__search_too_long_for_the_gas__is_named():
    made = bls.registration(57193)
    needed = bls.registration_digest(made.public_key_g1).proof_gas
    assert find_fault(made) is RegistrationFault.PROOF_TOO_DEAR
    assert find_fault(made, proof_gas_limit=needed - 1) is RegistrationFault.PROOF_TOO_DEAR
    assert find_fault(made, proof_gas_limit=needed) is None


def test_find_fault__something_wrong_and_too_dear__is_told_as_wrong():
    made = attrs.evolve(bls.registration(57193), proof_of_possession=GOOD.proof_of_possession)
    assert find_fault(made) is RegistrationFault.PROOF_OF_ANOTHER_KEY


def test_find_fault__challenge_of_zero__is_refused(monkeypatch):
    # No hash is known that is zero modulo the order; the contract refuses it all the same.
    from aztec_butler.core.bls import examination

    monkeypatch.setattr(examination, "keccak256", lambda _: bls.GROUP_ORDER.to_bytes(32, "big"))
    assert find_fault(GOOD) is not None


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 7), st.integers(0, 255))
def test_find_fault__one_bit_changed_anywhere__is_seen(place, bit):
    numbers = [*GOOD.public_key_g1, *GOOD.public_key_g2, *GOOD.proof_of_possession]
    numbers[place] ^= 1 << bit
    x, y, x0, x1, y0, y1, proof_x, proof_y = numbers
    changed = bls.Registration(
        public_key_g1=(x, y), public_key_g2=(x0, x1, y0, y1), proof_of_possession=(proof_x, proof_y)
    )
    assert find_fault(changed) is not None


def test_find_faults__addresses_and_keys_that_repeat__are_taken_by_the_first_good_one():
    broken, fault = BROKEN["proof negated"]
    entries = [
        bls.AttesterRegistration(attester=attester, registration=made)
        for attester, made in (
            ("a", broken),
            ("a", GOOD),
            ("a", OTHER),
            ("b", GOOD),
            (None, GOOD),
            ("b", OTHER),
            (None, OTHER),
            (None, bls.registration(7)),
            (None, bls.registration(57193)),
        )
    ]
    told = []
    assert bls.find_faults(entries, progress=lambda *step: told.append(step)) == (
        fault,
        None,
        RegistrationFault.ATTESTER_REPEATED,
        RegistrationFault.KEY_REPEATED,
        RegistrationFault.KEY_REPEATED,
        None,
        RegistrationFault.KEY_REPEATED,
        None,
        RegistrationFault.PROOF_TOO_DEAR,
    )
    assert told == [(done, 9) for done in range(1, 10)]
    assert bls.find_faults(entries[-1:], proof_gas_limit=300_000) == (None,)
