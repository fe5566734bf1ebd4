"""The key that proposes. It can do nothing but propose: a delegate's signature counts for no owner's.

The key never leaves its object: it is in no message, no ``repr`` and no pickle.
"""

from __future__ import annotations

from functools import cached_property
from typing import NoReturn, Protocol

from aztec_butler.core.errors import SettingsError
from aztec_butler.core.secp256k1 import GROUP_ORDER, address_of


class Signer(Protocol):
    """Whoever signs a proposal."""

    @property
    def address(self) -> str:
        """Whose signature it is."""

    def sign(self, message_hash: bytes) -> bytes:
        """65 bytes: r, s, and v as 27 or 28."""


class ProposerKey:
    """A secp256k1 key in memory.

    Args:
        text: 64 hex digits, with or without 0x.

    Raises:
        SettingsError: no key; the message does not show it.
    """

    def __init__(self, text: str) -> None:
        digits = text.strip().removeprefix("0x")
        try:
            secret = bytes.fromhex(digits)
        except ValueError:
            secret = b""
        is_key = len(secret) == 32 and len(digits) == 64 and 0 < int.from_bytes(secret) < GROUP_ORDER
        self._secret = secret
        del text, digits, secret  # locals end up in error reports
        if not is_key:
            del self._secret
            # Raised outside of the except clause: its text would quote the key.
            raise SettingsError(
                "the proposer's key file does not hold a key",
                hint="64 hex digits, with or without 0x; a keystore has to be decrypted first",
            )

    @cached_property
    def address(self) -> str:
        """The address of the key."""
        return address_of(int.from_bytes(self._secret))

    def sign(self, message_hash: bytes) -> bytes:
        """Sign a hash as it is (RFC 6979, low s).

        Args:
            message_hash: 32 bytes.

        Returns:
            65 bytes: r, s, and v as 27 or 28, as Safe's contracts take it.
        """
        from eth_keys.datatypes import PrivateKey  # comes with web3

        signature = PrivateKey(self._secret).sign_msg_hash(message_hash)
        return signature.to_bytes()[:64] + bytes((27 + signature.v,))

    def __repr__(self) -> str:
        return "<ProposerKey>"

    def __reduce__(self) -> NoReturn:
        message = "a key is not to be written down"
        raise TypeError(message)
