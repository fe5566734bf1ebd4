"""From calls to a proposal in a Safe's queue: once, behind what waits there, by somebody who may.

A plan is made first and changes nothing: it can be shown, checked and written down. Submitting it may be repeated
as often as one likes, because the plan fixes the nonce and with it the hash.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import attrs

from aztec_butler.clients.safe_contract import check_multi_send, fetch_safe_state, fetch_transaction_hash
from aztec_butler.clients.safe_service import PROPOSER_HINT, NotAProposer
from aztec_butler.core.calls import Call
from aztec_butler.core.errors import InputError, NodeRefused
from aztec_butler.core.hexes import parse_bytes, to_hex
from aztec_butler.core.safe_judgement import refuse_dangers
from aztec_butler.core.safe_queue import (
    QueuedTransaction,
    SafeState,
    next_nonce,
    proposal_body,
    proposers_for,
    same_in_queue,
)
from aztec_butler.core.safe_transaction import (
    Operation,
    SafeTransaction,
    parse_version,
    transaction_hash,
    transaction_of,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aztec_butler.clients.rpc import Rpc
    from aztec_butler.clients.safe_service import SafeService
    from aztec_butler.clients.safe_signer import Signer

ORIGIN: Final = "aztec-butler"


@attrs.frozen(kw_only=True)
class ProposalPlan:
    """What is about to be proposed.

    Args:
        state: of the Safe.
        transaction: with the nonce behind everything that waits; that of ``standing`` where there is one.
        safe_tx_hash: what the owners will see.
        standing: the transaction in the queue that does the same already; None where there is none.
        queue_length: transactions that wait.
        sender: who proposes; None where nobody was named.
        on_behalf_of: owners in whose name; the sender itself when it is one.
        is_checked: whether the chain computes the same hash; False where no node was asked.
    """

    chain_id: int
    state: SafeState
    calls: tuple[Call, ...]
    transaction: SafeTransaction
    safe_tx_hash: str
    standing: QueuedTransaction | None
    queue_length: int
    sender: str | None
    on_behalf_of: tuple[str, ...]
    is_checked: bool


def plan_proposal(
    service: SafeService,
    calls: Sequence[Call],
    *,
    safe: str,
    sender: str | None = None,
    rpc: Rpc | None = None,
) -> ProposalPlan:
    """What proposing these calls would mean now; nothing is changed.

    Args:
        service: of the Safe's chain.
        calls: made by one transaction, in order.
        safe: checksummed address.
        sender: whose key will sign; None to plan without one.
        rpc: a node of the Safe's chain, which then has the last word on version, nonce, owners and hash.

    Raises:
        InputError: no call, or one that lets everybody spend or runs a stranger's code, at any depth.
        NotAProposer: the sender may not propose.
        NotFoundError: no such Safe.
        NodeError: the service or the node failed, or contradict each other.
    """
    refuse_dangers(calls)
    indexed = service.get_safe(safe)
    state = indexed if rpc is None else fetch_safe_state(rpc, safe)
    first = transaction_of(calls, nonce=0, version=parse_version(state.version))
    if rpc is not None and first.operation is Operation.DELEGATE_CALL:
        check_multi_send(rpc, state.version)
    queue = service.fetch_queue(safe, first_nonce=indexed.nonce)
    standing = _standing(first, queue, state)
    owners = _check_proposer(service, state, sender) if sender is not None else ()
    nonce = (
        next_nonce(max(indexed.nonce, state.nonce), queue) if standing is None else standing.transaction.nonce
    )
    transaction = attrs.evolve(first, nonce=nonce)
    computed = to_hex(transaction_hash(transaction, chain_id=service.chain_id, safe=safe))
    if rpc is not None:
        told = fetch_transaction_hash(rpc, safe, transaction)
        if told != computed:
            raise NodeRefused(
                "the Safe computes another hash than this package",
                hint="do not sign anything; the Safe may not be one of the versions it claims to be",
                safe=safe,
                version=state.version,
                computed=computed,
                told=told,
            )
    return ProposalPlan(
        chain_id=service.chain_id,
        state=state,
        calls=tuple(calls),
        transaction=transaction,
        safe_tx_hash=computed,
        standing=standing,
        queue_length=len(queue),
        sender=sender,
        on_behalf_of=owners,
        is_checked=rpc is not None,
    )


def _standing(
    transaction: SafeTransaction, queue: Sequence[QueuedTransaction], state: SafeState
) -> QueuedTransaction | None:
    """The transaction in the queue that does the same; the first to be executed where there are several."""
    same = same_in_queue(transaction, queue)
    stale = [queued for queued in same if queued.transaction.nonce < state.nonce]
    if stale:
        raise NodeRefused(
            "the Transaction Service lags behind the chain, which may have executed this already",
            hint="try again in a minute",
            retryable=True,
            safe=state.address,
            nonce_on_chain=state.nonce,
            nonce=stale[0].transaction.nonce,
            safe_tx_hash=stale[0].safe_tx_hash,
        )
    return min(same, key=lambda queued: queued.transaction.nonce, default=None)


def _check_proposer(service: SafeService, state: SafeState, sender: str) -> tuple[str, ...]:
    delegates = () if sender in state.owners else service.fetch_delegates(sender)
    owners = proposers_for(delegates, state=state, sender=sender)
    if not owners:
        raise NotAProposer(
            "the proposer is neither an owner of the Safe nor an owner's delegate",
            hint=PROPOSER_HINT,
            sender=sender,
            safe=state.address,
            endpoint=service.name,
        )
    return owners


def submit_proposal(
    service: SafeService, plan: ProposalPlan, signer: Signer, *, origin: str = ORIGIN
) -> QueuedTransaction:
    """Put a plan into the Safe's queue; where it stands already, nothing is sent.

    Args:
        service: of the Safe's chain.
        plan: as planned; an old one is as good, as long as its nonce has not been used.
        signer: the plan's sender.
        origin: what made it, for people.

    Raises:
        InputError: the signer is not the plan's sender.
        NotAProposer: the signer may not propose.
        NodeError: the service failed; the message says whether the proposal may have arrived.
    """
    if plan.standing is not None:
        return plan.standing
    if plan.sender is not None and plan.sender != signer.address:
        raise InputError("the plan was made for another proposer", planned=plan.sender, signer=signer.address)
    body = proposal_body(
        plan.transaction,
        safe_tx_hash=plan.safe_tx_hash,
        sender=signer.address,
        signature=signer.sign(parse_bytes(plan.safe_tx_hash, size=32)),
        origin=origin,
    )
    return service.submit(plan.state.address, plan.safe_tx_hash, body)
