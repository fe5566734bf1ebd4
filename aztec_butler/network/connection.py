"""What every pin of one network shares: the door, the deployment, what was read already."""

from __future__ import annotations

import threading
from functools import cached_property
from typing import TYPE_CHECKING, Literal

from aztec_butler.clients.discovery import fetch_deployment
from aztec_butler.clients.multicall import Multicall
from aztec_butler.clients.rpc import Rpc
from aztec_butler.clients.snapshot import Progress
from aztec_butler.clients.staking_logs import StakingHistorySource, StakingLogs
from aztec_butler.core.errors import SettingsError
from aztec_butler.core.networks import NetworkPreset
from aztec_butler.core.records import BlockStamp, Deployment
from aztec_butler.store.settings_files import event_store_root

if TYPE_CHECKING:
    from pathlib import Path

    from aztec_butler.archive.rewards_readings import RewardReadings
    from aztec_butler.clients.aztec_node import AztecNode
    from aztec_butler.store.events import EventStore


class Connection:
    """What a network knows whichever block it is pinned to.

    Args:
        rpc: the door to the Ethereum node.
        settings: the preset, with what was given in its place.
        node: the Aztec node, if there is one.
        progress: told about long reads.
        event_place: where events are kept; False to keep none, None for this machine's usual place.
    """

    def __init__(
        self,
        rpc: Rpc,
        *,
        settings: NetworkPreset,
        node: AztecNode | None,
        progress: Progress | None,
        event_place: str | Path | Literal[False] | None = False,
    ) -> None:
        self.rpc = rpc
        self.settings = settings
        self.node = node
        self.progress = progress
        self._event_place = event_place
        self._event_store: EventStore | None = None
        self.multicall = Multicall(rpc)
        self._deployment: Deployment | None = None
        self._lock = threading.Lock()

    def discover(self, block: BlockStamp, rollup_count: int) -> Deployment:
        """The deployment with at least so many rollups, asked for at a block when it is not known yet."""
        with self._lock:
            known = self._deployment
            if known is None or len(known.rollups) < rollup_count:
                known = self._deployment = fetch_deployment(
                    self.multicall,
                    chain_id=self.rpc.chain_id or self.settings.chain_id,
                    registry=_required(self.settings.registry),
                    staking_registry=self.settings.staking_registry,
                    first_block=self.settings.first_block,
                    block=block,
                )
            return known

    @cached_property
    def _event_root(self) -> str | Path | None:
        return event_store_root(self._event_place)

    @cached_property
    def logs(self) -> StakingHistorySource:
        """What the staking history is replayed from, for every snapshot of this connection."""
        if self._event_root is None:
            return StakingLogs(self.rpc)
        from aztec_butler.archive.staking_events import StakingEvents

        return StakingEvents(self.rpc, self.event_store)

    def event_store(self) -> EventStore | None:
        """Where the events of this chain are kept; None where none are.

        Raises:
            InputError: the place cannot be reached.
            NodeError: the node failed.
        """
        root = self._event_root
        if root is None:
            return None
        with self._lock:
            if self._event_store is None:
                from aztec_butler.store.events import EventStore

                genesis = self.rpc.call("eth_getBlockByNumber", hex(0), False)
                self._event_store = EventStore(
                    root,
                    chain_id=self.rpc.chain_id or self.settings.chain_id,
                    genesis_hash=genesis["hash"],
                )
            return self._event_store

    def reward_readings(self) -> RewardReadings | None:
        """Where amounts of final blocks are kept that an archive node told; None where nothing is kept.

        Raises:
            NodeError: the node failed.
        """
        store = self.event_store()
        if store is None:
            return None
        from aztec_butler.archive.rewards_readings import RewardReadings

        return RewardReadings(self._event_root, chain_id=store.chain_id, genesis_hash=store.genesis_hash)


def _required(registry: str | None) -> str:
    if registry is None:
        raise SettingsError("the address of the Registry is needed", hint='connect(..., registry="0x...")')
    return registry
