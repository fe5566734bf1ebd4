"""Keys from a mnemonic, as the node and its command line derive them.

Ethereum's by BIP-39, BIP-32 and BIP-44 at ``m/44'/60'/account'/0/address``, without a passphrase; BLS by the rule of
``aztec validator-keys new``, at ``m/12381/3600/account/0/address``. The words are not looked up in a list: the node does
not do so either, and a mistyped word gives it other keys without a word.
"""

from __future__ import annotations

import hashlib
import hmac
import unicodedata
from collections.abc import Iterator

from aztec_butler.core import secp256k1
from aztec_butler.core.bls import GROUP_ORDER
from aztec_butler.core.keystores.records import Mnemonic

_HARDENED = 1 << 31
_BLS_DOMAIN = b"Aztec bn254 key"


def seed_of(words: str) -> bytes:
    """The seed of 64 bytes.

    >>> seed_of("test test test test test test test test test test test junk").hex()[:16]
    '9dfc3c64c2f8bede'

    Source: BIP-39, "From mnemonic to seed".
    """
    return hashlib.pbkdf2_hmac("sha512", unicodedata.normalize("NFKD", words).encode(), b"mnemonic", 2048)


def derived_indices(mnemonic: Mnemonic) -> Iterator[tuple[int, int]]:
    """Account and address of each key of a mnemonic, in the node's order."""
    for account in range(mnemonic.account_index, mnemonic.account_index + mnemonic.account_count):
        for address in range(mnemonic.address_index, mnemonic.address_index + mnemonic.address_count):
            yield account, address


def derive_eth_keys(mnemonic: Mnemonic) -> list[int]:
    """Every private key of a mnemonic, in the node's order.

    Source: node-keystore ``createSignersFromMnemonic``, viem ``mnemonicToAccount``.
    """
    tree = _Tree(seed_of(mnemonic.words.reveal()))
    keys: list[int] = []
    branches: dict[int, tuple[int, bytes]] = {}
    for account, address in derived_indices(mnemonic):
        if account not in branches:
            branches[account] = tree.at(44 + _HARDENED, 60 + _HARDENED, account + _HARDENED, 0)
        keys.append(tree.child(branches[account], address)[0])
    return keys


def derive_bls_key(words: str, account: int, address: int) -> int:
    """The BLS secret that ``aztec validator-keys new`` gives an attester of a mnemonic.

    Source: foundation ``deriveBlsKeyFromMnemonic``, cli ``withValidatorIndex`` (since 2.1.5).
    """
    path = f"m/12381/3600/{account}/0/{address}".encode()
    content = b"\0" + seed_of(words) + path
    counter = 0
    while True:
        message = content + bytes([counter]) if counter else content
        secret = int.from_bytes(hmac.digest(_BLS_DOMAIN, message, "sha512"), "big") % GROUP_ORDER
        if secret:
            return secret
        counter = (counter + 1) & 0xFF


class _Tree:
    """Private derivation. Source: BIP-32, "Private parent key to private child key"."""

    def __init__(self, seed: bytes) -> None:
        self.root = self._split(hmac.digest(b"Bitcoin seed", seed, "sha512"))

    @staticmethod
    def _split(digest: bytes) -> tuple[int, bytes]:
        return int.from_bytes(digest[:32], "big"), digest[32:]

    def at(self, *steps: int) -> tuple[int, bytes]:
        node = self.root
        for step in steps:
            node = self.child(node, step)
        return node

    def child(self, parent: tuple[int, bytes], step: int) -> tuple[int, bytes]:
        secret, chain_code = parent
        if step & _HARDENED:
            head = b"\0" + secret.to_bytes(32, "big")
        else:
            x, y = secp256k1.point_of(secret)
            head = bytes([2 + (y & 1)]) + x.to_bytes(32, "big")
        tweak, child_code = self._split(hmac.digest(chain_code, head + step.to_bytes(4, "big"), "sha512"))
        # Either event has a chance of 2^-127; BIP-32 would take the next index, and so would the node.
        key = (tweak + secret) % secp256k1.GROUP_ORDER
        assert tweak < secp256k1.GROUP_ORDER, "an index without a key"
        assert key, "an index without a key"
        return key, child_code
