"""A Safe as the chain has it. The Transaction Service may lag behind; the contract cannot."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aztec_butler.clients.blocks import fetch_block
from aztec_butler.clients.multicall import Multicall, Read
from aztec_butler.core.errors import DecodeError, NotFoundError, RevertError
from aztec_butler.core.hexes import keccak256, parse_bytes, to_hex
from aztec_butler.core.safe_abi import SAFE
from aztec_butler.core.safe_multi_send import MULTI_SENDS
from aztec_butler.core.safe_queue import SafeState
from aztec_butler.core.safe_transaction import parse_version

if TYPE_CHECKING:
    from aztec_butler.clients.rpc import Rpc
    from aztec_butler.core.safe_transaction import SafeTransaction


def fetch_safe_state(rpc: Rpc, safe: str, *, block: int | str = "latest") -> SafeState:
    """A Safe at one block.

    Args:
        rpc: the door to the node.
        safe: checksummed address.
        block: number or tag.

    Raises:
        NotFoundError: there is no Safe at this address.
        NodeError: the node failed.
    """
    stamp, _ = fetch_block(rpc, block)
    names = ("VERSION", "nonce", "getThreshold", "getOwners")
    try:
        version, nonce, threshold, owners = Multicall(rpc).read(
            [Read(safe, SAFE.function(name)) for name in names], stamp
        )
    except (DecodeError, RevertError) as error:
        raise NotFoundError(
            "there is no Safe at this address",
            hint="check the address and the network",
            safe=safe,
            chain_id=rpc.chain_id,
            block=stamp.number,
            found=error.sentence,
        ) from None
    return SafeState(address=safe, version=version, nonce=nonce, threshold=threshold, owners=tuple(owners))


def fetch_transaction_hash(rpc: Rpc, safe: str, transaction: SafeTransaction) -> str:
    """The hash as the contract computes it: what ours has to be.

    Args:
        rpc: the door to the node.
        safe: checksummed address.
        transaction: of that Safe.

    Raises:
        NodeError: the node failed.
        DecodeError: there is no Safe at this address.
    """
    stamp, _ = fetch_block(rpc, "latest")
    read = Read(safe, SAFE.function("getTransactionHash"), (*transaction.arguments, transaction.nonce))
    (told,) = Multicall(rpc).read([read], stamp)
    return to_hex(told)


def check_multi_send(rpc: Rpc, version: str) -> None:
    """Make sure that the contract a batch is handed to is the one that can only call.

    Args:
        rpc: the door to the node.
        version: of the Safe.

    Raises:
        NotFoundError: something else stands there, or nothing.
        NodeError: the node failed.
    """
    known = MULTI_SENDS[parse_version(version)]
    code = parse_bytes(rpc.call("eth_getCode", known.address, "latest"))
    found = to_hex(keccak256(code))
    if found != known.code_hash:
        raise NotFoundError(
            "MultiSendCallOnly is not deployed on this chain",
            hint="write a Transaction Builder file instead, or propose the calls one by one",
            address=known.address,
            chain_id=rpc.chain_id,
            code_hash=found if code else "no code",
            expected=known.code_hash,
        )
