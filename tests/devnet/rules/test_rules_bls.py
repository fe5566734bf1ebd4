"""BLS keys on the real contracts: what is registered enters, and what is found wrong without a chain is refused there."""

from __future__ import annotations

import random

import attrs
import pytest
from broken_registrations import BROKEN, GOOD, OTHER, STRAY

from aztec_butler.core import bls
from aztec_butler.core.abi import parse_line
from aztec_butler.core.bls import RegistrationFault, find_fault, find_faults, g1, g2
from aztec_butler.core.bls.multiples import generators
from aztec_butler.core.bls.pairing import is_pairing_product_one
from aztec_butler.core.errors import RevertError
from aztec_butler.core.hexes import checksum_address, keccak256
from aztec_butler.core.queue_config import QueueConfig

pytestmark = pytest.mark.devnet

PROOF = parse_line(
    "function proofOfPossession((uint256 x, uint256 y) publicKeyInG1, (uint256 x0, uint256 x1, uint256 y0, uint256 y1)"
    " publicKeyInG2, (uint256 x, uint256 y) proofOfPossession) view returns (bool)"
)
# How the contract says each fault. It tells less: a wrong answer of its one equation is simply false.
ANSWERS = {
    None: True,
    RegistrationFault.KEY_G1_MISSING: "InfinityNotAllowed()",
    RegistrationFault.KEY_G2_MISSING: "InfinityNotAllowed()",
    RegistrationFault.PROOF_MISSING: "InfinityNotAllowed()",
    RegistrationFault.KEY_G1_OFF_CURVE: "MulPointFail()",
    RegistrationFault.PROOF_OFF_CURVE: "AddPointFail()",
    RegistrationFault.KEY_G2_SWAPPED: "PairingFail()",
    RegistrationFault.KEY_G2_OFF_CURVE: "PairingFail()",
    RegistrationFault.KEY_G2_OUT_OF_GROUP: "PairingFail()",
    RegistrationFault.KEYS_DIFFER: False,
    RegistrationFault.PROOF_OF_ANOTHER_KEY: False,
}
SELECTORS = {keccak256(answer.encode())[:4]: answer for answer in ANSWERS.values() if isinstance(answer, str)}


@pytest.fixture
def answer(staking):
    """What the contract that the GSE made for the check says of a registration, with gas to spare."""
    creator = bytes.fromhex(staking.gse.address[2:])
    checker = checksum_address(keccak256(b"\xd6\x94" + creator + b"\x01")[12:])  # its first creation

    def ask(made):
        content = PROOF.encode_call(*attrs.astuple(made))
        try:
            return PROOF.decode_single(staking.chain.call(checker, content))
        except RevertError as error:
            return SELECTORS[error.data[:4]]

    return ask


def deposit(staking, attester, made):
    return staking.rollup.transaction(
        "deposit",
        attester,
        attester,
        made.public_key_g1,
        made.public_key_g2,
        made.proof_of_possession,
        True,
    )


def random_secrets(seed, count):
    dice = random.Random(seed)
    return [dice.randrange(1, bls.GROUP_ORDER) for _ in range(count)]


def test_registration_digest__random_keys__equal_the_gse(staking):
    keys = [made.public_key_g1 for made in bls.registrations(random_secrets(7, 20))]
    for key in [*keys, (0, 0), (2**256 - 1, 12), (3, 2**256 - 1)]:
        assert bls.registration_digest(key).point == tuple(staking.gse.read("getRegistrationDigest", key))


def test_registration__secrets_of_every_length__pass_the_proof_and_own_their_key(staking, entry):
    secrets = [1, 31, 1 << 64, bls.GROUP_ORDER - 1, *random_secrets(11, 6)]
    staking.open_queue()
    for number, secret in enumerate(secrets):
        made = bls.registration(secret)
        staking.chain.send_together([deposit(staking, entry(number).attester, made)])
        assert not staking.gse.read("ownedPKs", bls.public_key_hash(made.public_key_g1))
    entered, failed = staking.flush()
    assert (len(entered), failed) == (len(secrets), [])
    for secret in secrets:
        assert staking.gse.read("ownedPKs", bls.public_key_hash(bls.registration(secret).public_key_g1))


def test_registrations__two_hundred_keys__are_all_activated(staking, entry):
    count = 200
    staking.configure(
        QueueConfig(
            bootstrap_validator_set_size=0,
            bootstrap_flush_size=0,
            normal_flush_size_min=count,
            normal_flush_size_quotient=1,
            max_queue_flush_size=count,
        )
    )
    staking.chain.wait_until(staking.clock.epoch_start_at(staking.epoch + 1))
    made = bls.registrations(random_secrets(13, count))
    attesters = [entry(number).attester for number in range(count)]
    staking.chain.send_together(
        [deposit(staking, attester, keys) for attester, keys in zip(attesters, made, strict=True)]
    )
    assert staking.flush() == (attesters, [])
    assert staking.rollup.read("getActiveAttesterCount") == count
    known = staking.gse.read("getG1PublicKeysFromAddresses", attesters)
    assert [tuple(key) for key in known] == [keys.public_key_g1 for keys in made]


@pytest.mark.parametrize("name", BROKEN)
def test_find_fault__broken_registration__has_the_contracts_answer(answer, name):
    made, fault = BROKEN[name]
    assert find_fault(made) is fault
    assert answer(made) == ANSWERS[fault]


def test_find_fault__parts_of_several_registrations_mixed__has_the_contracts_answer(answer):
    dice = random.Random(17)
    sources = [GOOD, OTHER, *bls.registrations(random_secrets(19, 2))]
    broken = [made for made, _ in BROKEN.values()]
    seen = set()
    for _ in range(80):
        pool = sources if dice.random() < 0.5 else [*sources[:1], *broken]
        one = dice.choice(pool)
        mixed = attrs.evolve(
            one,
            **{
                name: getattr(dice.choice(pool), name)
                for name in attrs.fields_dict(type(one))
                if dice.random() < 0.3
            },
        )
        fault = find_fault(mixed)
        assert answer(mixed) == ANSWERS[fault], mixed
        seen.add(fault)
    assert len(seen) > 6


def test_find_faults__deposits_broken_in_every_way__fail_and_the_good_ones_between_enter(staking, entry):
    queued = [(f"attester {number}", made) for number, (made, _) in enumerate(BROKEN.values())]
    # A refused one takes neither address nor key, a good one takes both.
    queued[5:5] = [(queued[0][0], GOOD), ("somebody", GOOD), (queued[0][0], OTHER)]
    queued += [("somebody", OTHER), ("somebody else", bls.registration(57193)), ("nobody", OTHER)]
    entries = [
        bls.AttesterRegistration(attester=entry(name).attester, registration=made) for name, made in queued
    ]
    staking.open_queue()
    staking.chain.send_together([deposit(staking, each.attester, each.registration) for each in entries])
    entered, failed = staking.flush()
    faults = find_faults(entries)
    assert entered == [each.attester for each, fault in zip(entries, faults, strict=True) if fault is None]
    assert failed == [each.attester for each, fault in zip(entries, faults, strict=True) if fault is not None]
    assert [entry("attester 0").attester, entry("somebody").attester] == entered
    assert {RegistrationFault.ATTESTER_REPEATED, RegistrationFault.KEY_REPEATED} < set(faults)


@pytest.mark.parametrize("secret", [12, 11, 13154, 57193])
def test_find_fault__granted_gas_at_the_edge__decides_as_the_gse(staking, entry, secret):
    made = bls.registration(secret)
    needed = bls.registration_digest(made.public_key_g1).proof_gas
    staking.open_queue()
    for number, (limit, fault) in enumerate(
        [(needed - 131, RegistrationFault.PROOF_TOO_DEAR), (needed, None)]
    ):
        attester = entry(number).attester
        staking.gse.send("setProofOfPossessionGasLimit", limit, sender=staking.gse.read("owner"))
        staking.chain.send_together([deposit(staking, attester, made)])
        entered, failed = staking.flush()
        assert find_fault(made, proof_gas_limit=limit) is fault
        assert (entered, failed) == (([attester], []) if fault is None else ([], [attester]))


def test_find_fault__gas_that_the_gse_grants__is_what_is_assumed(staking):
    assert staking.gse.read("proofOfPossessionGasLimit") == bls.PROOF_GAS_LIMIT


def test_pairing__random_products__equal_the_precompile(staking):
    in_g1, in_g2 = generators(1)

    def precompile(pairs):
        words = [word for (x, y), ((x0, x1), (y0, y1)) in pairs for word in (x, y, x1, x0, y1, y0)]
        content = b"".join(word.to_bytes(32, "big") for word in words)
        return int.from_bytes(staking.chain.call("0x" + f"{8:040x}", content), "big")

    dice = random.Random(23)
    answers = []
    for _ in range(8):
        scalars = [dice.randrange(1, bls.GROUP_ORDER) for _ in range(3)]
        if dice.random() < 0.5:
            scalars[2] = -scalars[0] * scalars[1] % bls.GROUP_ORDER
        a, c = in_g1.multiples([scalars[0], scalars[2]])
        (b,) = in_g2.multiples([scalars[1]])
        pairs = [(a, b), (c, g2.GENERATOR), (g1.IDENTITY, b), (a, g2.IDENTITY)]
        answers.append(is_pairing_product_one(pairs))
        assert precompile(pairs) == answers[-1]
    assert set(answers) == {True, False}
    x0, x1, y0, y1 = STRAY
    with pytest.raises(RevertError):
        precompile([(g1.GENERATOR, ((x0, x1), (y0, y1)))])
