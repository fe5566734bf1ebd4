"""Keys from mnemonics, against what viem and the node's command line derive."""

from __future__ import annotations

import pytest

from aztec_butler.core import secp256k1
from aztec_butler.core.bls import registration
from aztec_butler.core.keystores.mnemonics import derive_bls_key, derive_eth_keys, derived_indices
from aztec_butler.core.keystores.records import Mnemonic, Secret
from aztec_butler.core.keystores.resolving import compressed_key

WORDS = (
    "test test test test test test test test test test test junk",
    "legal winner thank year wave sausage worth useful legal winner thank yellow",
    "zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo vote",
)
LAST = 2**31 - 1

# Mnemonic, account, address; then viem's `mnemonicToAccount`, and of @aztec/foundation 4.1.2 `deriveBlsPrivateKey` at the
# path of @aztec/cli's `withValidatorIndex`, and `computeBn254G1PublicKeyCompressed` of that key.
DERIVED = [
    (0, 0, 0, "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266", "0x285526323b860bde9d845bed1bcaffe6a0da0373b3cf08f45f5ee3c85e095da5", "0x8bc32126860a70c71bc6b37ff9aa7d0eabfae432d5c9f08db63dab0072e2620e"),
    (0, 0, 1, "0x70997970C51812dc3A010C7d01b50e0d17dc79C8", "0x23ef9bdaf48228f4479ade66987623a161ccb66f69e128fa70c155ff0dcc4f2f", "0x9d743e1784fa2270e879a19992403fa6dacd0c76d29afb4b0c950d4f4e9889f0"),
    (0, 1, 0, "0x8C8d35429F74ec245F8Ef2f4Fd1e551cFF97d650", "0x296a64b5ce6a66064a66a8d92eb8eb8c8a0ad02d4ae05c9fba51f0d29811c7ac", "0x0224fbed5e4f6fae1da11deac0d9129da045f926f3dba7787f72ce6b7bff2145"),
    (0, 3, 17, "0x8cE187411acB5435F3Dd228A00740307E37977a4", "0x0013a0b5a806f6adc9324125b34a936b70e7c148d3647123a0409d363feadefb", "0x8ccc2c612d0e2fb2f8a42bd3875036f9ea702f073c64ac8a5052fc7e3a7ec330"),
    (0, LAST, LAST, "0xc495B68e0B0D26052d500023EFf7cdd9566274F2", "0x06dbc464e47f99f78617baf482f094942a07deb764271c85cf69bb689980ab38", "0x22589c232a997eb0d0ccc53cf26473fdd109f9ca67d77c94e1e54512f82606e4"),
    (1, 0, 0, "0x58A57ed9d8d624cBD12e2C467D34787555bB1b25", "0x233853ba865be1fded892539fd60e1962dac48f8d1676eb4ba00f00a4938e93e", "0x93f801e8b73c66512c7956d574c5bc94ace26f6394fec2de67f3b47421bac044"),
    (1, 1, 0, "0x44f649fc8Dc77694E6ABEF1aA966983Dd6ED7C64", "0x21c0935dc46cd44d7859ad5d04f7c3868b269f76d6784215642e207338316ce4", "0xa0f18ef983627d1d1effc1cd3bca45dfe0827bfbac0b31b164e1b2a0070450c1"),
    (2, 0, 0, "0x1959f5f4979c5Cd87D5CB75c678c770515cb5E0E", "0x1150de5222e511d0d22da33aca84f244f6548a054c0a47bfdb93990537611dcf", "0xa8957f10ce9a4dd24f319d72aae0cc293beb643292c3db3cf8f58c4a16d7d2e2"),
    (2, 3, 17, "0xFb0d0B10B22B0Ab026A0D95F2e5109586eF6B8Fe", "0x2b18d0fc4a6e25b3531068889107217cbf3883000341c21d2976a49c5d78325a", "0x13f55982f7ed3689d5a0a9758d86351207002f2209c3a3ab7fbb7c9c700e84ab"),
]  # fmt: skip


def mnemonic(words: str, **counts: int) -> Mnemonic:
    return Mnemonic(path="attester", words=Secret(words), **counts)


@pytest.mark.parametrize(("words", "account", "address", "expected", "bls", "public_key"), DERIVED)
def test_derived_keys__equal_the_nodes(words, account, address, expected, bls, public_key):
    (key,) = derive_eth_keys(mnemonic(WORDS[words], account_index=account, address_index=address))
    assert secp256k1.address_of(key) == expected
    secret = derive_bls_key(WORDS[words], account, address)
    assert f"0x{secret:064x}" == bls
    assert "0x" + compressed_key(registration(secret).public_key_g1).hex() == public_key


def test_derived_indices__accounts_outside__addresses_inside():
    several = mnemonic(WORDS[0], account_index=1, account_count=2, address_index=4, address_count=2)
    assert list(derived_indices(several)) == [(1, 4), (1, 5), (2, 4), (2, 5)]
    each = [
        derive_eth_keys(mnemonic(WORDS[0], account_index=account, address_index=address))[0]
        for account, address in derived_indices(several)
    ]
    assert derive_eth_keys(several) == each


def test_derived_keys__of_composed_and_decomposed_letters__are_the_same():
    words = "\u00e9 " * 11 + "z"
    decomposed = "e\u0301 " * 11 + "z"
    assert derive_eth_keys(mnemonic(words)) == derive_eth_keys(mnemonic(decomposed))
    assert derive_bls_key(words, 0, 0) == derive_bls_key(decomposed, 0, 0)
