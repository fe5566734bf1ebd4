"""What every pin of one network shares: the door, the deployment, what was read already."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from aztec_butler.clients.discovery import fetch_deployment
from aztec_butler.clients.multicall import Multicall
from aztec_butler.clients.rpc import Rpc
from aztec_butler.clients.snapshot import Progress
from aztec_butler.clients.staking_logs import StakingLogs
from aztec_butler.core.errors import SettingsError
from aztec_butler.core.networks import NetworkPreset
from aztec_butler.core.records import BlockStamp, Deployment

if TYPE_CHECKING:
    from aztec_butler.clients.aztec_node import AztecNode


class Connection:
    """What every pin of one network shares: the door, the deployment, the logs already fetched."""

    def __init__(
        self, rpc: Rpc, *, settings: NetworkPreset, node: AztecNode | None, progress: Progress | None
    ) -> None:
        self.rpc = rpc
        self.settings = settings
        self.node = node
        self.progress = progress
        self.multicall = Multicall(rpc)
        self.logs = StakingLogs(rpc)
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


def _required(registry: str | None) -> str:
    if registry is None:
        raise SettingsError("the address of the Registry is needed", hint='connect(..., registry="0x...")')
    return registry
