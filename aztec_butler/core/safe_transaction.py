"""A transaction of a Safe: its hash, several calls in one, and the signatures that let it through. Pure.

What the owners sign is the EIP-712 hash of the transaction under the Safe's own domain: the same on every machine, so
each of them can compute it again.

Source: ``Safe.sol`` and ``SignatureDecoder.sol`` of safe-global/safe-smart-account.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from enum import IntEnum
from typing import Final

import attrs

from aztec_butler.core.calls import Call
from aztec_butler.core.errors import DecodeError, InputError
from aztec_butler.core.hexes import ZERO_ADDRESS, keccak256, parse_address, parse_bytes
from aztec_butler.core.records import unit
from aztec_butler.core.safe_abi import SAFE
from aztec_butler.core.safe_multi_send import MULTI_SENDS, decode_multi_send, encode_multi_send

SIGNATURE_BYTES: Final = 65
_DOMAIN_TYPE: Final = keccak256(b"EIP712Domain(uint256 chainId,address verifyingContract)")
_TRANSACTION_TYPE: Final = keccak256(
    b"SafeTx(address to,uint256 value,bytes data,uint8 operation,uint256 safeTxGas,uint256 baseGas,"
    b"uint256 gasPrice,address gasToken,address refundReceiver,uint256 nonce)"
)
_VERSION: Final = re.compile(r"(\d+)\.(\d+)\.(\d+)(?:\+L2)?")
_LARGEST_WORD: Final = (1 << 256) - 1


class Operation(IntEnum):
    """How a Safe carries a transaction out. Source: ``Enum.sol``."""

    CALL = 0
    DELEGATE_CALL = 1


@attrs.frozen(kw_only=True)
class SafeTransaction:
    """What the owners of a Safe sign.

    Args:
        to: who is called.
        value_wei: ether sent along.
        data: calldata.
        operation: how.
        safe_tx_gas: gas for the inner call; 0 gives it all, and makes a failing transaction revert.
        base_gas: gas for the rest, where a refund is paid.
        gas_price_wei: of the refund; 0 for none.
        gas_token: the refund's token; the zero address for ether.
        refund_receiver: the zero address for whoever executes.
        nonce: transactions of one Safe are executed in the order of their nonces, each nonce once.
    """

    to: str = attrs.field(converter=parse_address)
    value_wei: int = unit("wei", default=0)
    data: bytes = attrs.field(default=b"", repr=False)
    operation: Operation = attrs.field(default=Operation.CALL, converter=Operation)
    safe_tx_gas: int = 0
    base_gas: int = 0
    gas_price_wei: int = unit("wei", default=0)
    gas_token: str = attrs.field(default=ZERO_ADDRESS, converter=parse_address)
    refund_receiver: str = attrs.field(default=ZERO_ADDRESS, converter=parse_address)
    nonce: int

    def __attrs_post_init__(self) -> None:
        for name in ("value_wei", "safe_tx_gas", "base_gas", "gas_price_wei", "nonce"):
            value = getattr(self, name)
            if not 0 <= value <= _LARGEST_WORD:
                raise InputError(
                    "a number of a Safe transaction does not fit a word", field=name, value=value
                )

    @property
    def arguments(self) -> tuple[object, ...]:
        """As ``getTransactionHash`` takes them, without the nonce: ``execTransaction`` has the signatures there."""
        return (
            self.to,
            self.value_wei,
            self.data,
            int(self.operation),
            self.safe_tx_gas,
            self.base_gas,
            self.gas_price_wei,
            self.gas_token,
            self.refund_receiver,
        )


# --------------------------------------------------------------------------- versions


def parse_version(text: str) -> tuple[int, int]:
    """The generation of a Safe, from what its ``VERSION()`` or the Transaction Service says.

    >>> parse_version("1.3.0+L2")
    (1, 3)

    Raises:
        InputError: not a version, one before 1.3.0 (whose hash has no chain id), or one that is not known here.
    """
    match = _VERSION.fullmatch(text)
    if match is None:
        raise InputError("expected the version of a Safe", value=text, hint="for example 1.4.1")
    version = (int(match[1]), int(match[2]))
    if version not in MULTI_SENDS:
        raise InputError(
            "Safes of this version are not known here",
            version=text,
            known=", ".join(f"{major}.{minor}" for major, minor in MULTI_SENDS),
            hint="update the Safe in its web app"
            if version < (1, 3)
            else "write a Transaction Builder file and import it in the web app instead",
        )
    return version


# --------------------------------------------------------------------------- hashes


def domain_separator(*, chain_id: int, safe: str) -> bytes:
    """The EIP-712 domain of one Safe on one chain, for Safes from 1.3.0 on.

    Source: ``Safe.sol``, ``domainSeparator``.
    """
    return keccak256(_DOMAIN_TYPE + _word(chain_id) + _address_word(safe))


def message_hash(transaction: SafeTransaction) -> bytes:
    """The EIP-712 hash of the transaction alone, which hardware wallets show beside the domain's.

    Source: ``Safe.sol``, ``encodeTransactionData``.
    """
    return keccak256(
        _TRANSACTION_TYPE
        + _address_word(transaction.to)
        + _word(transaction.value_wei)
        + keccak256(transaction.data)
        + _word(transaction.operation)
        + _word(transaction.safe_tx_gas)
        + _word(transaction.base_gas)
        + _word(transaction.gas_price_wei)
        + _address_word(transaction.gas_token)
        + _address_word(transaction.refund_receiver)
        + _word(transaction.nonce)
    )


def transaction_hash(transaction: SafeTransaction, *, chain_id: int, safe: str) -> bytes:
    """What the owners sign.

    Args:
        transaction: of the Safe.
        chain_id: EIP-155 id.
        safe: its address.

    Source: ``Safe.sol``, ``getTransactionHash``; EIP-712.
    """
    return keccak256(b"\x19\x01" + domain_separator(chain_id=chain_id, safe=safe) + message_hash(transaction))


def _word(value: int) -> bytes:
    return value.to_bytes(32, "big")


def _address_word(address: str) -> bytes:
    return parse_bytes(address, size=20).rjust(32, b"\0")


# --------------------------------------------------------------------------- several calls in one


def transaction_of(calls: Sequence[Call], *, nonce: int, version: tuple[int, int]) -> SafeTransaction:
    """One transaction that makes all the calls, in order, or none of them.

    Args:
        calls: at least one; a single one is called directly.
        nonce: of the transaction.
        version: of the Safe, from ``parse_version``.

    Raises:
        InputError: no call.
    """
    if not calls:
        raise InputError("a Safe transaction needs at least one call")
    if len(calls) == 1:
        (call,) = calls
        return SafeTransaction(to=call.to, value_wei=call.value_wei, data=call.data, nonce=nonce)
    return SafeTransaction(
        to=MULTI_SENDS[version].address,
        data=encode_multi_send(calls),
        operation=Operation.DELEGATE_CALL,
        nonce=nonce,
    )


def calls_of(transaction: SafeTransaction) -> tuple[Call, ...]:
    """The calls that a transaction makes; their summaries are empty.

    Raises:
        DecodeError: a delegate call to anything but a known MultiSendCallOnly, which may do whatever it likes.
    """
    if transaction.operation is Operation.CALL:
        call = Call(to=transaction.to, value_wei=transaction.value_wei, data=transaction.data, summary="")
        return (call,)
    if transaction.to not in {known.address for known in MULTI_SENDS.values()}:
        raise DecodeError(
            "a Safe transaction hands the Safe over to a contract that is not known here",
            hint="do not sign it unless you know what that contract does",
            to=transaction.to,
        )
    return decode_multi_send(transaction.data)


# --------------------------------------------------------------------------- signatures


def pack_signatures(signatures: Mapping[str, bytes]) -> bytes:
    """Signatures of the hash as ``execTransaction`` wants them: in the order of the owners' addresses.

    Args:
        signatures: 65 bytes each (r, s, v with v 27 or 28), by owner.

    Raises:
        InputError: a signature of another size, or an owner twice.
    """
    by_owner: dict[bytes, bytes] = {}
    for owner, signature in signatures.items():
        if len(signature) != SIGNATURE_BYTES:
            raise InputError("a signature has 65 bytes", owner=owner, bytes=len(signature))
        key = parse_bytes(parse_address(owner), size=20)
        if key in by_owner:
            raise InputError("an owner signs once", owner=parse_address(owner))
        by_owner[key] = signature
    return b"".join(by_owner[owner] for owner in sorted(by_owner))


def encode_execution(transaction: SafeTransaction, signatures: Mapping[str, bytes]) -> bytes:
    """Calldata of ``execTransaction``, for whoever pays the gas.

    Args:
        transaction: with the Safe's current nonce.
        signatures: by owner; as many as the threshold.
    """
    return SAFE.function("execTransaction").encode_call(*transaction.arguments, pack_signatures(signatures))
