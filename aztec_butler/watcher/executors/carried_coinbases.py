"""The last proof of a coinbase: a checkpoint that the attester proposed since, and that names it.

A node does not tell the coinbases that it works with, so a keystore that was written and reloaded is not the end of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import attrs

from aztec_butler.clients.blocks import fetch_timestamps
from aztec_butler.clients.checkpoint_proposals import fetch_coinbases, fetch_proposers, proposal_topic
from aztec_butler.clients.logs import fetch_logs
from aztec_butler.core.logs import RawLog
from aztec_butler.core.records import Rollup
from aztec_butler.watcher.executors.chain import Chain, Heads

BLOCKS_AT_ONCE: Final = 2400
"""Eight hours: a look is to be short, and the next one goes on where this one ended."""
_REMEMBERED: Final = 20_000


@attrs.frozen(kw_only=True)
class Carried:
    """What the checkpoints of an attester say.

    Args:
        block_number: of its newest proposal among those that were looked at; None where there is none.
        coinbase: that it names; None as above.
        up_to: the last block that was looked at.
        settled_to: the last of them that was final already when it was looked at.
    """

    block_number: int | None = None
    coinbase: str | None = None
    up_to: int
    settled_to: int


class CarriedCoinbases:
    """Follows proposals from some block on, for some attesters.

    Args:
        chain: the chain.
    """

    def __init__(self, chain: Chain) -> None:
        self._chain = chain
        self._proposers: dict[tuple[str, int], str] = {}

    def look(
        self,
        attester: str,
        coinbases: Sequence[str],
        heads: Heads,
        *,
        first_block: int,
        known: Carried | None,
    ) -> Carried:
        """The newest proposal of an attester that names one of some coinbases.

        Proposals that name others are passed over: finding out whose each of them is would cost a hundred times as much.

        Args:
            attester: checksummed.
            coinbases: checksummed; the one that is wanted, and the one that was there before.
            heads: up to where is looked.
            first_block: from where on.
            known: of an earlier look, to go on from; None to begin.

        Raises:
            NodeError: the node failed.
        """
        rollup = heads.deployment.rollups[-1]
        so_far = Carried(up_to=first_block - 1, settled_to=first_block - 1)
        if known is not None and known.up_to <= heads.head.number:
            so_far = known
        number, coinbase = so_far.block_number, so_far.coinbase
        if number is not None and number > so_far.settled_to:
            number = coinbase = None  # it may look otherwise by now
        first = max(so_far.settled_to + 1, rollup.genesis_block)
        last = min(heads.head.number, so_far.up_to + BLOCKS_AT_ONCE)
        if first <= last:
            for log, named in self._named(rollup, coinbases, first, last):
                if self._proposer(log, rollup, heads) == attester:
                    number, coinbase = log.block_number, named
        up_to = max(last, so_far.settled_to)
        settled_to = max(so_far.settled_to, min(up_to, heads.settled.number))
        return Carried(block_number=number, coinbase=coinbase, up_to=up_to, settled_to=settled_to)

    def _named(
        self, rollup: Rollup, coinbases: Sequence[str], first: int, last: int
    ) -> list[tuple[RawLog, str]]:
        logs = fetch_logs(
            self._chain.rpc,
            addresses=[rollup.address],
            topics=[[proposal_topic(rollup)]],
            first_block=first,
            last_block=last,
        )
        named = fetch_coinbases(self._chain.rpc, logs)
        return [
            (log, coinbase)
            for log, coinbase in zip(logs, named, strict=True)
            if coinbase is not None and coinbase in coinbases
        ]

    def _proposer(self, log: RawLog, rollup: Rollup, heads: Heads) -> str:
        key = (log.block_hash, log.log_index)
        if key not in self._proposers:
            at = log.block_timestamp
            if at is None:
                at = fetch_timestamps(self._chain.rpc, {log.block_number})[log.block_number]
            (self._proposers[key],) = fetch_proposers(self._chain.multicall, rollup, [at], heads.head)
            for oldest in list(self._proposers)[: max(0, len(self._proposers) - _REMEMBERED)]:
                del self._proposers[oldest]
        return self._proposers[key]
