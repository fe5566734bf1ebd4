"""How a payout is made, and how the record of one is held against the chain."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from aztec_butler.archive.checkpoints_payout import PayoutInputs, payout_delegations, read_payout_inputs
from aztec_butler.clients.blocks import fetch_block
from aztec_butler.core.checks import Check
from aztec_butler.core.errors import CheckFailed, InputError, NotFoundError
from aztec_butler.core.payouts_checks import check_chain, check_file
from aztec_butler.core.payouts_record import PayoutBlock, PayoutRecord, check_begins, check_follows

if TYPE_CHECKING:
    from aztec_butler.clients.snapshot import Snapshot
    from aztec_butler.core.payouts import PayoutDelegation
    from aztec_butler.core.payouts_reading import ReadRecord
    from aztec_butler.network.connection import Connection
    from aztec_butler.network.duty import Duties


class Payouts:
    """Makes payouts, and examines records of them, at the block of a snapshot.

    Args:
        connection: to the network.
        duties: reads committees and checkpoints at that block.
    """

    def __init__(self, connection: Connection, duties: Duties) -> None:
        self._connection, self._duties = connection, duties
        self._snapshot: Snapshot = duties.snapshot

    def settle(
        self,
        provider_id: int,
        first_epoch: int,
        last_epoch: int,
        *,
        wallet: str,
        commission_bps: int | None,
        rollup_version: int | None,
        after: PayoutRecord | None,
        allow_unfinalized: bool,
    ) -> PayoutRecord:
        """The payout of a window; see ``Network.payout``."""
        block, deployment = self._snapshot.block, self._snapshot.deployment
        if after is not None:
            check_begins(
                after,
                chain_id=deployment.chain_id,
                provider_id=provider_id,
                rollup=self._duties.rollup(rollup_version).address,
                first_epoch=first_epoch,
            )
        delegations = self._delegations(provider_id, commission_bps, last_block=block.number)
        if not delegations:
            raise NotFoundError("nobody has staked with this provider", provider_id=provider_id)
        found = self._inputs(
            delegations, first_epoch, last_epoch, rollup_version, allow_unfinalized=allow_unfinalized
        )
        if found.reward_changes:
            raise InputError(
                "what a checkpoint earns was changed in the window or after it",
                hint="pin a block before the change, and end the window before it",
                changed_block=found.reward_changes[0],
            )
        if after is not None:
            check_follows(found.window, after, chain_id=deployment.chain_id, provider_id=provider_id)
        return PayoutRecord(
            network=self._connection.settings.name,
            chain_id=deployment.chain_id,
            provider_id=provider_id,
            wallet=wallet,
            token=deployment.staking_asset,
            window=found.window,
            read_at=PayoutBlock(number=block.number, hash=block.hash, timestamp=block.timestamp),
            terms=found.terms,
            delegations=found.delegations,
            checkpoints=found.checkpoints,
            previous=None if after is None else after.digest,
        )

    def verify(self, read: ReadRecord, previous: PayoutRecord | None) -> tuple[Check, ...]:
        """What the record and the chain say about each other; see ``Network.verify_payout``."""
        record, block = read.record, self._snapshot.block
        deployment = self._snapshot.deployment
        if record.chain_id != deployment.chain_id:
            raise CheckFailed(
                "the record is of another chain", record=record.chain_id, chain_id=deployment.chain_id
            )
        if record.read_at.number > block.number:
            raise NotFoundError(
                "the record was made at a later block", read_at=record.read_at.number, block=block.number
            )
        stamp, _ = fetch_block(self._connection.rpc, record.read_at.number)
        delegations = self._delegations(record.provider_id, None, last_block=record.read_at.number)
        found = self._inputs(
            delegations,
            record.window.first_epoch,
            record.window.last_epoch,
            record.window.rollup_version,
            allow_unfinalized=True,
        )
        return check_file(read, previous=previous) + check_chain(
            record,
            token=deployment.staking_asset,
            window=found.window,
            read_at=PayoutBlock(number=stamp.number, hash=stamp.hash, timestamp=stamp.timestamp),
            terms=found.terms,
            reward_changes=found.reward_changes,
            delegations=found.delegations,
            checkpoints=found.checkpoints,
        )

    def _delegations(
        self, provider_id: int, commission_bps: int | None, *, last_block: int
    ) -> tuple[PayoutDelegation, ...]:
        rows = self._snapshot.delegations()
        return payout_delegations(rows, provider_id, commission_bps, last_block=last_block)

    def _inputs(
        self,
        delegations: Sequence[PayoutDelegation],
        first_epoch: int,
        last_epoch: int,
        rollup_version: int | None,
        *,
        allow_unfinalized: bool,
    ) -> PayoutInputs:
        rollup = self._duties.rollup(rollup_version)
        return read_payout_inputs(
            self._connection.rpc,
            self._connection.multicall,
            self._duties.checkpoints(rollup),
            rollup,
            delegations,
            first_epoch,
            last_epoch,
            block=self._snapshot.block,
            finalized_number=self._duties.finalized_number,
            allow_unfinalized=allow_unfinalized,
            progress=self._connection.progress,
        )
