"""Claims of sequencers' rewards: what rollups paid, without stake that came back and without the provers' part."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

from aztec_butler.core.decoding_calls import explain
from aztec_butler.core.errors import CheckFailed, NodeRefused
from aztec_butler.core.hexes import parse_bytes
from aztec_butler.core.ledger import Claimed
from aztec_butler.core.ledger_payments import Payment, StakeReturned, doubtful, without_stake

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from aztec_butler.clients.rpc import Rpc

_KINDS = ("claimSequencerRewards", "claimProverRewards")


def find_claims(
    rpc: Rpc,
    payments: Sequence[Payment],
    returned: Sequence[StakeReturned],
    provers: Callable[[], Collection[str]],
    versions: Mapping[str, int],
) -> tuple[Claimed, ...]:
    """The claims among payments of rollups, in the order of the chain.

    Args:
        rpc: the door to the node.
        payments: to some coinbases.
        returned: stake that came back to them.
        provers: everybody who ever proved an epoch; asked when there is a payment that may be a claim.
        versions: of the rollups, by address.

    Raises:
        NodeRefused: stake came back without a transfer: logs are missing.
        CheckFailed: a payment may be a prover's part as well, and its transaction does not tell.
        NodeError: the node failed.
    """
    rest = without_stake(payments, returned)
    unclear = doubtful(rest, provers() if rest else ())
    not_claims = set(_prover_payments(rpc, unclear)) if unclear else set()
    return tuple(
        Claimed(
            rollup_version=versions[payment.rollup],
            coinbase=payment.recipient,
            amount_wei=payment.amount_wei,
            block_number=payment.block_number,
            log_index=payment.log_index,
            transaction_hash=payment.transaction_hash,
        )
        for payment in rest
        if payment not in not_claims
    )


def _prover_payments(rpc: Rpc, unclear: Sequence[Payment]) -> list[Payment]:
    """Those of them that were a prover's part, as their transactions tell it."""
    hashes = list(dict.fromkeys(payment.transaction_hash for payment in unclear))
    transactions = rpc.batch([("eth_getTransactionByHash", [each]) for each in hashes])
    told = dict(zip(hashes, transactions, strict=True))
    found = []
    for payment in unclear:
        transaction = told[payment.transaction_hash]
        if transaction is None:
            raise NodeRefused(
                "the node does not have a transaction of its own chain",
                hint="it may have pruned old ones: use a node that keeps the whole history",
                retryable=True,
                transaction=payment.transaction_hash,
            )
        kinds = claims_in(parse_bytes(transaction["input"]), payment.recipient)
        if kinds == {"claimProverRewards"}:
            found.append(payment)
        elif kinds != {"claimSequencerRewards"}:
            raise CheckFailed(
                "a payment may be a claim of a sequencer's rewards or of a prover's",
                hint="the coinbase proves epochs, too, and the transaction does not tell which of both it claimed",
                coinbase=payment.recipient,
                amount_wei=payment.amount_wei,
                block=payment.block_number,
                transaction=payment.transaction_hash,
            )
    return found


def claims_in(calldata: bytes, recipient: str) -> set[str]:
    """Which kinds of rewards a transaction claims for somebody, at any depth: names of the rollup's functions.

    Args:
        calldata: of the transaction.
        recipient: for whom.
    """
    return {
        name
        for call in explain(calldata).walk()
        if (name := (call.signature or "").partition("(")[0]) in _KINDS
        and call.values
        and call.values[0].value == recipient
    }
