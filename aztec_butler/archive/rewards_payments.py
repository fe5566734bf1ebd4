"""What rollups paid, and to whom: transfers from the disk where it holds the token's, else those of rollups from a node.

A token has a thousand times the transfers that its rollups send. So a node is asked for those alone, and they are not kept:
the next question costs a few requests again. Who has read all of the token's transfers already (``events Transfer``,
``extract``) is answered from the disk.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from aztec_butler.archive.contracts import canary_of
from aztec_butler.archive.reader import EventReader, Span
from aztec_butler.clients.log_stream import stream_logs
from aztec_butler.core.columns import Decoder
from aztec_butler.core.columns_records import to_records
from aztec_butler.core.contracts import TOKEN
from aztec_butler.core.event_kinds import select_events
from aztec_butler.core.ledger_payments import Payment, StakeReturned
from aztec_butler.store.events import BlocksMissing

if TYPE_CHECKING:
    from aztec_butler.clients.rpc import Rpc
    from aztec_butler.core.records import Deployment
    from aztec_butler.store.events import EventStore

TRANSFERS = "TokenTransfer"


def fetch_payments(
    rpc: Rpc,
    store: EventStore | None,
    deployment: Deployment,
    assets: Mapping[str, str],
    span: Span,
) -> list[Payment]:
    """Every transfer of its fee asset that a rollup sent, in the order of the chain.

    Args:
        rpc: the door to the node.
        store: where events are kept; None where none are.
        deployment: the contracts.
        assets: the token in which each rollup pays, by address of the rollup.
        span: the range of blocks.

    Raises:
        NodeRefused: the chain was reorganised while it was read, or the node dropped old logs.
        CheckFailed: the store holds events of another chain.
        NodeError: the node failed.
    """
    found: list[Payment] = []
    first = span.first_block
    kept_to = min(span.last_block, span.finalized_number)
    contracts = dict.fromkeys(assets.values(), "token")
    reader = EventReader(rpc, store, canary=canary_of(deployment))
    if (
        store is not None
        and first <= kept_to
        and not store.missing(contracts, [TRANSFERS], first, kept_to)
        and reader.covered(store)
    ):
        try:
            table = store.read(TRANSFERS, addresses=contracts, first_block=first, last_block=kept_to)
        except BlocksMissing:  # it was damaged, and says so itself
            pass
        else:
            found, first = payments_in(table, assets), kept_to + 1
    if first <= span.last_block:
        topic = TOKEN.event("Transfer").topic0
        stream = stream_logs(
            rpc,
            addresses=sorted(contracts),
            topics=[[topic], [bytes(12) + bytes.fromhex(rollup[2:]) for rollup in sorted(assets)]],
            first_block=first,
            last_block=span.last_block,
            canary=canary_of(deployment),
            anchor=(span.block.number, span.block.hash),
        )
        decoder = Decoder(contracts)
        for piece in stream:
            decoder.add_batches(piece.batches)
        tables = decoder.finish().tables
        if TRANSFERS in tables:
            found += payments_in(tables[TRANSFERS], assets)
    return sorted(found, key=lambda each: (each.block_number, each.log_index))


def payments_in(table: pa.Table, assets: Mapping[str, str]) -> list[Payment]:
    """The transfers of its fee asset that a rollup sent, among all of a table.

    Args:
        table: of ``TokenTransfer``, with all columns.
        assets: the token in which each rollup pays, by address of the rollup.
    """
    senders = pa.array(sorted(assets))
    is_sent = pc.is_in(table.column("from_address").cast(pa.string()), value_set=senders)
    sent: list[Any] = to_records(table.filter(is_sent), TRANSFERS)
    return [
        Payment(
            rollup=event.from_address,
            recipient=event.to_address,
            amount_wei=event.value_wei,
            block_number=event.position.block_number,
            log_index=event.position.log_index,
            transaction_hash=event.position.transaction_hash,
        )
        for event in sent
        if event.position.address == assets[event.from_address]
    ]


def fetch_returned(
    reader: EventReader,
    deployment: Deployment,
    assets: Mapping[str, str],
    recipients: Collection[str],
    span: Span,
) -> list[StakeReturned]:
    """Stake that rollups gave back to some recipients in the token in which they pay rewards, too.

    Args:
        reader: of events.
        deployment: the contracts.
        assets: the token in which each rollup pays, by address of the rollup.
        recipients: whose are wanted.
        span: the range of blocks.

    Raises:
        NodeError: the node failed.
    """
    rollups = {rollup: "rollup" for rollup, asset in assets.items() if asset == deployment.staking_asset}
    if not rollups:
        return []
    withdrawn, failed = "RollupWithdrawFinalized", "RollupFailedDeposit"
    tables = reader.read(select_events([withdrawn, failed]), rollups, span)
    paid: list[Any] = to_records(_to(tables[withdrawn], "recipient", recipients), withdrawn)
    refunded: list[Any] = to_records(_to(tables[failed], "withdrawer", recipients), failed)
    found = [_returned(event, event.recipient, event.amount_wei) for event in paid]
    # The event does not tell the amount; a deposit is always one whole stake. Source: StakingLib ``flushEntryQueue``.
    threshold_wei = deployment.activation_threshold_wei
    return found + [_returned(event, event.withdrawer, threshold_wei) for event in refunded]


def _to(table: pa.Table, column: str, recipients: Collection[str]) -> pa.Table:
    texts = table.column(column).cast(pa.string())
    return table.filter(pc.is_in(texts, value_set=pa.array(sorted(recipients), pa.string())))


def _returned(event: Any, recipient: str, amount_wei: int) -> StakeReturned:
    position = event.position
    return StakeReturned(
        rollup=position.address,
        recipient=recipient,
        amount_wei=amount_wei,
        block_number=position.block_number,
        log_index=position.log_index,
        transaction_hash=position.transaction_hash,
    )
