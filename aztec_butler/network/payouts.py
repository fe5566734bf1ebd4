"""How a payout is made, and how the record of one is held against the chain."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from aztec_butler.archive.checkpoints_payout import PayoutInputs, payout_delegations, read_payout_inputs
from aztec_butler.core.calls import check_address
from aztec_butler.core.checks import Check
from aztec_butler.core.errors import CheckFailed, InputError, NotFoundError
from aztec_butler.core.payouts_checks import check_chain, check_file
from aztec_butler.core.payouts_record import PayoutRecord, check_begins, check_follows

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
        self.snapshot: Snapshot = duties.snapshot

    def settle(
        self,
        provider_id: int,
        last_epoch: int,
        *,
        wallet: str,
        first_epoch: int | None = None,
        after: PayoutRecord | None = None,
        commission_bps: int | None = None,
        rollup_version: int | None = None,
        allow_unfinalized: bool = False,
    ) -> PayoutRecord:
        """The payout of a window; see ``Network.payout``."""
        wallet = check_address("wallet", wallet)
        if first_epoch is None:
            if after is None:
                raise InputError(
                    "a window needs a beginning", hint="its first epoch, or the record of the payout before"
                )
            first_epoch = after.window.last_epoch + 1
        if rollup_version is None and after is not None:
            rollup_version = after.window.rollup_version
        deployment = self.snapshot.deployment
        if after is not None:
            check_begins(
                after,
                chain_id=deployment.chain_id,
                provider_id=provider_id,
                rollup=self._duties.rollup(rollup_version).address,
                first_epoch=first_epoch,
            )
        delegations = self._delegations(provider_id, commission_bps)
        if not delegations(self.snapshot.block.number):
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
            settled_at=found.settled_at,
            terms=found.terms,
            delegations=found.delegations,
            checkpoints=found.checkpoints,
            previous=None if after is None else after.digest,
        )

    def verify(self, read: ReadRecord, previous: PayoutRecord | None) -> tuple[Check, ...]:
        """What the record and the chain say about each other; see ``Network.verify_payout``."""
        record, deployment = read.record, self.snapshot.deployment
        if record.chain_id != deployment.chain_id:
            raise CheckFailed(
                "the record is of another chain", record=record.chain_id, chain_id=deployment.chain_id
            )
        found = self._inputs(
            self._delegations(record.provider_id, None),
            record.window.first_epoch,
            record.window.last_epoch,
            record.window.rollup_version,
            allow_unfinalized=True,
        )
        return check_file(read, previous=previous) + check_chain(
            record,
            token=deployment.staking_asset,
            window=found.window,
            settled_at=found.settled_at,
            terms=found.terms,
            reward_changes=found.reward_changes,
            delegations=found.delegations,
            checkpoints=found.checkpoints,
        )

    def _delegations(
        self, provider_id: int, commission_bps: int | None
    ) -> Callable[[int], tuple[PayoutDelegation, ...]]:
        """The provider's delegations up to a block."""
        rows = self.snapshot.delegations()
        return lambda block: payout_delegations(rows, provider_id, commission_bps, last_block=block)

    def _inputs(
        self,
        delegations: Callable[[int], Sequence[PayoutDelegation]],
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
            block=self.snapshot.block,
            finalized_number=self._duties.finalized_number,
            allow_unfinalized=allow_unfinalized,
            progress=self._connection.progress,
        )
