"""What a Safe is, what waits in its queue at the Transaction Service, and which nonce comes next. Pure.

The service's answers are checked, not believed: a transaction has to hash to what the service says it hashes to.

Source of the shapes: safe-global/safe-transaction-service, history/serializers.py; npm's @safe-global/types-kit 4.0.1.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

import attrs

from aztec_butler.core.errors import InputError, NodeRefused
from aztec_butler.core.hexes import ZERO_ADDRESS, parse_bytes, parse_hash, to_hex
from aztec_butler.core.json_fields import Fields, misfit
from aztec_butler.core.safe_transaction import Operation, SafeTransaction, transaction_hash

LONGEST_ORIGIN: Final = 200
"""Characters of the field ``origin`` that the service keeps."""


@attrs.frozen(kw_only=True)
class SafeState:
    """A Safe at one moment.

    Args:
        address: of the Safe.
        version: as its ``VERSION()`` says.
        nonce: of the next transaction that can be executed.
        threshold: owners that have to sign.
        owners: in the contract's order.
    """

    address: str
    version: str
    nonce: int
    threshold: int
    owners: tuple[str, ...]


@attrs.frozen(kw_only=True)
class QueuedTransaction:
    """A transaction that the service knows.

    Args:
        transaction: what the owners sign.
        safe_tx_hash: its hash; checked.
        confirmed_by: owners that signed.
        confirmations_required: how many have to; None where the service does not say.
        proposer: the owner in whose name it was proposed; None where the service does not say.
        is_executed: whether it is on the chain.
        is_successful: None as long as it is not executed.
        submitted: when it was proposed, as the service writes it; for people.
    """

    transaction: SafeTransaction
    safe_tx_hash: str
    confirmed_by: tuple[str, ...]
    confirmations_required: int | None
    proposer: str | None
    is_executed: bool
    is_successful: bool | None
    submitted: str | None


@attrs.frozen(kw_only=True)
class Delegate:
    """An address that may propose in an owner's name.

    Args:
        delegate: who may.
        delegator: in whose name.
        safe: at which Safe; None for all of the owner's.
    """

    delegate: str
    delegator: str
    safe: str | None


# --------------------------------------------------------------------------- answers


def decode_safe(answer: object) -> SafeState:
    """``/v1/safes/{address}/``.

    Raises:
        NodeRefused: it does not fit.
    """
    fields = Fields(answer)
    return SafeState(
        address=fields.address("address"),
        version=fields.text("version"),
        nonce=fields.integer("nonce"),
        threshold=fields.integer("threshold"),
        owners=_addresses(fields, "owners"),
    )


def decode_transaction(fields: Fields, *, chain_id: int) -> QueuedTransaction:
    """One element of ``/v2/safes/{address}/multisig-transactions/``.

    Args:
        fields: the element.
        chain_id: of the chain that the service should be of.

    Raises:
        NodeRefused: it does not fit, or does not hash to what it says.
    """
    operation = fields.integer("operation")
    if operation not in tuple(Operation):
        raise misfit("result.operation", "0 or 1", operation)
    transaction = SafeTransaction(
        to=fields.address("to"),
        value_wei=fields.integer("value"),
        data=_data(fields),
        operation=operation,
        safe_tx_gas=fields.integer("safeTxGas"),
        base_gas=fields.integer("baseGas"),
        gas_price_wei=fields.integer("gasPrice"),
        gas_token=fields.optional("gasToken", fields.address) or ZERO_ADDRESS,
        refund_receiver=fields.optional("refundReceiver", fields.address) or ZERO_ADDRESS,
        nonce=fields.integer("nonce"),
    )
    safe = fields.address("safe")
    computed = to_hex(transaction_hash(transaction, chain_id=chain_id, safe=safe))
    stated = fields.text("safeTxHash")
    if stated.lower() != computed:
        raise NodeRefused(
            "the Transaction Service shows a transaction that does not have the hash it names",
            hint="is this the service of another chain?",
            safe=safe,
            nonce=transaction.nonce,
            stated=stated,
            computed=computed,
            chain_id=chain_id,
        )
    confirmations = fields.objects("confirmations") if fields.has("confirmations") else []
    return QueuedTransaction(
        transaction=transaction,
        safe_tx_hash=computed,
        confirmed_by=tuple(confirmation.address("owner") for confirmation in confirmations),
        confirmations_required=fields.optional("confirmationsRequired", fields.integer),
        proposer=fields.optional("proposer", fields.address),
        is_executed=fields.flag("isExecuted"),
        is_successful=fields.optional("isSuccessful", fields.flag),
        submitted=fields.optional("submissionDate", fields.text),
    )


def decode_delegate(fields: Fields) -> Delegate:
    """One element of ``/v2/delegates/``.

    Raises:
        NodeRefused: it does not fit.
    """
    return Delegate(
        delegate=fields.address("delegate"),
        delegator=fields.address("delegator"),
        safe=fields.optional("safe", fields.address),
    )


def _addresses(fields: Fields, name: str) -> tuple[str, ...]:
    wrapped = [Fields({"address": text}, f"result.{name}") for text in fields.texts(name)]
    return tuple(item.address("address") for item in wrapped)


def _data(fields: Fields) -> bytes:
    if not fields.has("data"):
        return b""
    text = fields.text("data")
    try:
        return parse_bytes(text)
    except InputError:
        raise misfit("result.data", "hex text", text) from None


# --------------------------------------------------------------------------- rules


def next_nonce(first: int, queue: Iterable[QueuedTransaction]) -> int:
    """The nonce behind everything that waits.

    Args:
        first: the nonce of the next transaction that can be executed.
        queue: what waits.
    """
    return max([first, *(queued.transaction.nonce + 1 for queued in queue)])


def same_in_queue(
    transaction: SafeTransaction, queue: Sequence[QueuedTransaction]
) -> tuple[QueuedTransaction, ...]:
    """Those in the queue that would do the same, at whatever nonce.

    Args:
        transaction: what is about to be proposed; its nonce is passed over.
        queue: all pages of it.
    """
    wanted = attrs.evolve(transaction, nonce=0)
    return tuple(queued for queued in queue if attrs.evolve(queued.transaction, nonce=0) == wanted)


def proposers_for(delegates: Iterable[Delegate], *, state: SafeState, sender: str) -> tuple[str, ...]:
    """The owners in whose name an address may propose; empty when it may not.

    Args:
        delegates: as the service lists them.
        state: of the Safe.
        sender: who wants to propose.
    """
    if sender in state.owners:
        return (sender,)
    return tuple(
        entry.delegator
        for entry in delegates
        if entry.delegate == sender
        and entry.safe in (None, state.address)
        and entry.delegator in state.owners
    )


def proposal_body(
    transaction: SafeTransaction, *, safe_tx_hash: str, sender: str, signature: bytes, origin: str
) -> dict[str, Any]:
    """The JSON that proposes a transaction.

    Args:
        transaction: what is proposed.
        safe_tx_hash: its hash.
        sender: who signed.
        signature: of the hash.
        origin: what made it, for people; at most 200 characters.

    Source: ``SafeMultisigTransactionSerializer`` of the service; ``proposeTransaction`` of npm's @safe-global/api-kit.
    """
    if len(origin) > LONGEST_ORIGIN:
        raise InputError(
            "the origin of a proposal is too long", characters=len(origin), longest=LONGEST_ORIGIN
        )
    return {
        "to": transaction.to,
        "value": str(transaction.value_wei),
        "data": to_hex(transaction.data) if transaction.data else None,
        "operation": int(transaction.operation),
        "safeTxGas": str(transaction.safe_tx_gas),
        "baseGas": str(transaction.base_gas),
        "gasPrice": str(transaction.gas_price_wei),
        "gasToken": transaction.gas_token,
        "refundReceiver": transaction.refund_receiver,
        "nonce": transaction.nonce,
        "contractTransactionHash": parse_hash(safe_tx_hash),
        "sender": sender,
        "signature": to_hex(signature),
        "origin": origin,
    }
