"""Registration of BLS keys against the contracts' published vectors and against textbook curve arithmetic."""

import attrs
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from aztec_butler.core import bls


def words(text: str) -> tuple[int, ...]:
    return tuple(int(text[start : start + 64], 16) for start in range(0, len(text), 64))


# secret, key in G1, key in G2, digest, proof. Source: aztec-packages 78252e1,
# l1-contracts/test/fixtures/bn254_pop_gas_vectors.json, vectors sample-0, sample-4, sample-6, sample-8: one and many hash
# attempts, the smaller and the larger root. The contracts' own tests check every tuple with the pairing.
VECTORS = [
    (
        0x7777777,
        words(
            "1f0ab74ec8d67c9eaef9d27138e28331bf519dda5de2ef0e5fb57a2fda8fa8b0"
            "0de5106f65eec84d4f0b670f4240d3b6b904d09619ac58c96f6d8f33920908fc"
        ),
        words(
            "27a4a07c97eda53675c53c1b0fd45cf0099140a7f2ae1b8171558032353b79fe"
            "1a87dd8fd27982cc598b4b0e5de701ea0ed10941f1d9a88fee96f27d0248b23d"
            "153ff1b9e19335f59e2f4498a661b9ab2b0e907e9445fa1d2e174040251f8ace"
            "08816e3eef0a875ea78cacfd2aea639c7b1ca2990586989543a5b75cc96b16f1"
        ),
        words(
            "1109e7114879f460499eaded8947fdbb52ccd7a0c3a4bd5a550cfcae3cd22296"
            "2ebce2259162f9f0f6eb12742ba403acd08fa7f1238dfaa608336f29126ef429"
        ),
        words(
            "12ca1fbecaed7615573bb3ed71a75946a485992a3c500c8d3a7aed11bbb9444a"
            "0db15b21e57cf7d610aa2c659f65f45c0bdeaaba0590743a98c9e1aa15d3d9de"
        ),
    ),
    (
        0x777777B,
        words(
            "0f80f8e2c701ad5db9df428a31b7342eebdb3e720b224f3795043cdf60181e0c"
            "184fcd35c6232dd03c1fac6e8bb8f0b93fc91d240ea900947537e4c2e15b0dfe"
        ),
        words(
            "2e46b939a72603ae7dfbbee947fe0fafc5cbc2d7b625b547dc5ceb6d7d02062d"
            "1baeb9f158ee8e48545a0122310611803e331e02e06a85694b01261b1775fcdd"
            "14afcd2e2c72f52c61e49b840777bc1d96544952bbe003c7dc2ca914e687eeb3"
            "1c2ff996001e23cd2a0d240e0e99a1ac853129808d3587cfeec3a31a26da5761"
        ),
        words(
            "0d48fb43eb1e7c106a86f4812d368eb52d2acaf8952979261b5bbf4fa961b42f"
            "1ab47923b0d9a29ba0469e517994df2ee2c667b0c82c5e8cad79c44c8d2965ad"
        ),
        words(
            "2bcbb861d1a65eb3c72924fda53cfe27a8ab41e872c98da4b45a3f6dbb61d15e"
            "2a87646738a3f592381b930cffb93a3765989376d3e2acd576651d54d2297dcc"
        ),
    ),
    (
        0x777777D,
        words(
            "07c470fab4ef5303ddee437cc8eee61ecdc7e061c102c5763c50ea582de161ca"
            "1508f368039f181c9619a99d6bd8a40da2dfc94d8185539b522bd00a63369f50"
        ),
        words(
            "1b55ca9ca12261e1d5dfc448390c39bd6c21783bca0406f07f2da04b3f60a9a6"
            "255128576ce1ae4f3cd83945e6951580d08e8f000d2777d221fe0e78d616a55b"
            "0765899ff7131c099536e136b941594f85625b40fa57f8c129bd9189b0096e66"
            "2cd2bdc7a9aa24898579fb43894388140831913f4dcc050e671cfcdd4e2af1bc"
        ),
        words(
            "1588e3361e8b747ae7401a223febe95cba754691e99a914bf0ddca6def14ae3e"
            "0341aeb1d4c39ac6df0dab79d56cd171ceef3173f8c27fc293427b0c4381399b"
        ),
        words(
            "0767251267af7f86b0f595a6c2a37c34aa9e31d7fd4914a8eb620c509f39a2bf"
            "248170ab9df9edeeafdacc17189e698514d88cca97b5af9df33d245f0a52d48f"
        ),
    ),
    (
        0x777777F,
        words(
            "20c73e1e3ae96f755e2a2b466433b2a273c8af24b910934b6333b76b59672dc6"
            "110805c3256016cbe49ecdbd33e5d86a31136e3f9148993756c94dd2196f6900"
        ),
        words(
            "00c032ed504ba1132cb1861a778ca544d64e48358b5903e55c0e2d51f1a88492"
            "2d647c25330ce3b7c4247b7ba131238a021ac3035ff588543e9ff6cb1d70176e"
            "1eb15b79ac230a9bb744a0a7073b799def8f22fe609f7a051059d2ad2c9875ae"
            "2f35ff61a69d7b5c2da658c00fdbea48f0ec89a54c404f0eb9478e5b1efbc1fc"
        ),
        words(
            "27d3976ac9fde93a8456353450b46c4394e023981e57343dfe03d3941af1b320"
            "0d3d7f7fb28025a8de5580b24dabc386c9dcf27b9daebcb52ce067b81d44144f"
        ),
        words(
            "10c79bbd54a9d18a127bfc1deb94853abee43cb627cb1ce51dc5fab50fa394f9"
            "03a8542b1092a5b2b5dc282844690c8ae39449b5d5471af8bc6e67963ea656c2"
        ),
    ),
]

SECRETS = st.one_of(st.integers(1, 5000), st.integers(1, bls.GROUP_ORDER - 1))


@attrs.frozen
class Extension:
    """A number a + b*u with u*u = -1, modulo the field; with b = 0 it is the base field."""

    a: int = attrs.field(converter=lambda value: value % bls.FIELD_MODULUS)
    b: int = attrs.field(converter=lambda value: value % bls.FIELD_MODULUS, default=0)

    def __add__(self, other):
        return Extension(self.a + other.a, self.b + other.b)

    def __sub__(self, other):
        return Extension(self.a - other.a, self.b - other.b)

    def __mul__(self, other):
        return Extension(self.a * other.a - self.b * other.b, self.a * other.b + self.b * other.a)

    def __truediv__(self, other):
        norm = pow(other.a * other.a + other.b * other.b, -1, bls.FIELD_MODULUS)
        return self * Extension(other.a * norm, -other.b * norm)


def chord_and_tangent(one, other):
    """Sum of two affine points, None is the neutral one: the definition of the group, as in any textbook."""
    if one is None or other is None:
        return one or other
    (x1, y1), (x2, y2) = one, other
    if x1 == x2:
        if y1 + y2 == Extension(0):
            return None
        slope = Extension(3) * x1 * x1 / (y1 + y1)
    else:
        slope = (y2 - y1) / (x2 - x1)
    x = slope * slope - x1 - x2
    return x, slope * (x1 - x) - y1


def times(scalar: int, point):
    total = None
    for bit in f"{scalar:b}":
        total = chord_and_tangent(total, total)
        if bit == "1":
            total = chord_and_tangent(total, point)
    return total


def base_point(x: int, y: int):
    return Extension(x), Extension(y)


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: hex(vector[0]))
def test_registration__published_vector__equals_it(vector):
    secret, key_g1, key_g2, digest, proof = vector
    made = bls.registration(secret)
    assert made.public_key_g1 == key_g1
    assert made.public_key_g2 == key_g2
    assert made.proof_of_possession == proof
    assert bls.registration_digest(made.public_key_g1).point == digest


@settings(max_examples=40, deadline=None)
@given(secret=SECRETS)
@example(secret=1)
@example(secret=31)
@example(secret=32)
@example(secret=1 << 253)
@example(secret=bls.GROUP_ORDER - 1)
@example(secret=bls.GROUP_ORDER - 2)
@example(secret=bls.GROUP_ORDER - 17)
def test_registration__any_secret__equals_textbook_arithmetic(secret):
    made = bls.registration(secret)
    x, y = times(secret, base_point(1, 2))
    assert made.public_key_g1 == (x.a, y.a)
    # The generator of EIP-197, in decimal as the contracts have it.
    generator = (
        Extension(
            10857046999023057135944570762232829481370756359578518086990519993285655852781,
            11559732032986387107991004021392285783925812861821192530917403151452391805634,
        ),
        Extension(
            8495653923123431417604973247489272438418190587263600148770280649306958101930,
            4082367875863433681332203403145435568316851327593401208105741076214120093531,
        ),
    )
    x, y = times(secret, generator)
    assert made.public_key_g2 == (x.a, x.b, y.a, y.b)
    x, y = times(secret, base_point(*bls.registration_digest(made.public_key_g1).point))
    assert made.proof_of_possession == (x.a, y.a)


@settings(max_examples=8, deadline=None)
@given(secrets=st.lists(SECRETS, min_size=1, max_size=30))
def test_registrations__many__equal_each_by_itself(secrets):
    told = []
    made = bls.registrations(secrets, progress=lambda done, total: told.append((done, total)))
    assert made == tuple(bls.registration(secret) for secret in secrets)
    assert told == [(len(secrets), len(secrets))]


def test_registrations__more_than_a_piece__come_in_order_and_are_told_of():
    told = []
    made = bls.registrations(range(1, 301), progress=lambda done, total: told.append((done, total)))
    assert told == [(128, 300), (256, 300), (300, 300)]
    assert [made[place] for place in (0, 127, 128, 299)] == [bls.registration(n) for n in (1, 128, 129, 300)]


def test_registrations__none__are_none():
    assert bls.registrations([]) == ()


def test_constants__of_the_curve__equal_the_contracts():
    # BN254Lib.sol writes them in decimal.
    assert str(bls.FIELD_MODULUS) == (
        "21888242871839275222246405745257275088696311157297823662689037894645226208583"
    )
    assert str(bls.GROUP_ORDER) == (
        "21888242871839275222246405745257275088548364400416034343698204186575808495617"
    )
