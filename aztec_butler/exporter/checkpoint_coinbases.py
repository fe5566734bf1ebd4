"""Where the checkpoints that our attesters proposed sent their rewards, read from L1.

What is read of each is in ``clients.checkpoint_proposals``; here is which are read, and what is remembered of them.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Final

import attrs

from aztec_butler.clients.checkpoint_proposals import fetch_coinbases, fetch_proposers, proposal_topic
from aztec_butler.clients.logs import fetch_logs
from aztec_butler.clients.snapshot import Snapshot
from aztec_butler.core.logs import RawLog
from aztec_butler.core.records import Rollup, unit
from aztec_butler.exporter.block_times import BlockTimes
from aztec_butler.exporter.l1_collector import canonical_rollup
from aztec_butler.exporter.source import Source

LOOKBACK_BLOCKS: Final = 800
"""Two hours and a half: so far back is looked at first. At 4 000 attesters each proposes every three days."""
UNSETTLED_BLOCKS: Final = 96
"""These may still be reorganised, and are looked at again each time."""


@attrs.frozen(kw_only=True)
class ProposedCoinbase:
    """The checkpoint that an attester proposed last.

    Args:
        coinbase: that it named; None when its transaction is of no form that is known here.
        proposed_at: the time of its block.
    """

    coinbase: str | None
    proposed_at: int = unit("s")


@attrs.frozen(kw_only=True)
class _Proposal:
    block_number: int
    proposer: str
    proposed_at: int
    log: RawLog


class CheckpointCoinbases:
    """The last checkpoint of each attester on the canonical rollup, as far as it was seen by this process.

    Args:
        source: the network.
        times: of blocks.
    """

    def __init__(self, source: Source, times: BlockTimes) -> None:
        self._source = source
        self._times = times
        self._rollup: Rollup | None = None
        self._scanned_to = -1
        self._proposals: list[_Proposal] = []
        self._proposers: dict[tuple[str, int], str] = {}
        self._coinbases: dict[tuple[str, int], str | None] = {}

    def last(self, snapshot: Snapshot, attesters: Collection[str]) -> dict[str, ProposedCoinbase]:
        """The last checkpoint of each of these attesters; of those that proposed lately.

        Args:
            snapshot: up to whose block is looked.
            attesters: whose checkpoints are wanted.

        Raises:
            NodeError: the node failed.
        """
        self._scan(snapshot)
        newest = {each.proposer: each for each in self._proposals if each.proposer in attesters}
        self._read_coinbases([each.log for each in newest.values()])
        return {
            proposer: ProposedCoinbase(coinbase=self._coinbases[_key(each.log)], proposed_at=each.proposed_at)
            for proposer, each in newest.items()
        }

    def _scan(self, snapshot: Snapshot) -> None:
        rollup, head = canonical_rollup(snapshot.state).rollup, snapshot.block.number
        first = self._scanned_to + 1 - UNSETTLED_BLOCKS
        oldest = head + 1 - LOOKBACK_BLOCKS
        if rollup != self._rollup or not oldest <= first <= head:
            # Another rollup, too long ago to follow on, or a chain that begins again further back: what was the last
            # then need not be the last now.
            self._rollup, self._proposals, first = rollup, [], oldest
        first = max(first, rollup.genesis_block)
        logs = fetch_logs(
            self._source.rpc,
            addresses=[rollup.address],
            topics=[[proposal_topic(rollup)]],
            first_block=first,
            last_block=head,
        )
        times = self._times.of(logs)
        self._read_proposers(snapshot, rollup, logs, times)
        kept = [each for each in self._proposals if each.block_number < first]
        last_kept = {each.proposer: each for each in kept}.values()
        found = [
            _Proposal(
                block_number=log.block_number,
                proposer=self._proposers[_key(log)],
                proposed_at=at,
                log=log,
            )
            for log, at in zip(logs, times, strict=True)
        ]
        self._proposals = [*last_kept, *found]
        self._scanned_to = head
        keys = {_key(each.log) for each in self._proposals}
        self._proposers = {key: self._proposers[key] for key in keys & self._proposers.keys()}
        self._coinbases = {key: self._coinbases[key] for key in keys & self._coinbases.keys()}

    def _read_proposers(
        self, snapshot: Snapshot, rollup: Rollup, logs: Sequence[RawLog], times: Sequence[int]
    ) -> None:
        unknown = [(log, at) for log, at in zip(logs, times, strict=True) if _key(log) not in self._proposers]
        proposers = fetch_proposers(self._source.multicall, rollup, [at for _, at in unknown], snapshot.block)
        self._proposers |= {
            _key(log): proposer for (log, _), proposer in zip(unknown, proposers, strict=True)
        }

    def _read_coinbases(self, logs: Sequence[RawLog]) -> None:
        unknown = [log for log in logs if _key(log) not in self._coinbases]
        for log, coinbase in zip(unknown, fetch_coinbases(self._source.rpc, unknown), strict=True):
            self._coinbases[_key(log)] = coinbase


def _key(log: RawLog) -> tuple[str, int]:
    return log.block_hash, log.log_index
