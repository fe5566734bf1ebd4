"""Every proof of epochs of a network, with what it says of rewards, and the sequencers' part of them over time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

import attrs

from aztec_butler.clients.multicall import Multicall, Read
from aztec_butler.clients.rewards_proofs import ProofPlace, fetch_proofs
from aztec_butler.core.columns_records import to_records
from aztec_butler.core.contracts import ROLLUP
from aztec_butler.core.event_kinds import select_events
from aztec_butler.core.ledger_proofs import EpochProof, SequencerShare

if TYPE_CHECKING:
    from aztec_butler.archive.reader import EventReader, Span
    from aztec_butler.clients.rpc import Rpc
    from aztec_butler.core.records import Deployment, Rollup
    from aztec_butler.core.rewards import RollupRewards

Progress = Callable[[int, int], None]
_VERIFIED = "RollupL2ProofVerified"


@attrs.frozen(kw_only=True, slots=False)
class ProofReader:
    """Reads the proofs of a network.

    Args:
        rpc: the door to the node.
        multicall: reads of contracts, through the same door.
        deployment: the contracts.
        rewards: in which token each rollup pays.
        reader: of events.
        span: the whole life of the network.
        about: makes a function that is told how far something is.
    """

    rpc: Rpc
    multicall: Multicall
    deployment: Deployment
    rewards: tuple[RollupRewards, ...]
    reader: EventReader
    span: Span
    about: Callable[[str], Progress | None]

    @cached_property
    def _verified(self) -> list[Any]:
        contracts = {rollup.address: "rollup" for rollup in self.deployment.rollups}
        tables = self.reader.read(
            select_events([_VERIFIED]), contracts, self.span, progress=self.about("blocks of proofs")
        )
        return to_records(tables[_VERIFIED], _VERIFIED)

    @cached_property
    def provers(self) -> frozenset[str]:
        """Everybody who ever proved an epoch."""
        return frozenset(event.prover_id for event in self._verified)

    def proofs(self, after_block: int, last_block: int | None = None) -> list[EpochProof]:
        """The proofs behind a block, with those before them that proved a part of the same epochs.

        Args:
            after_block: behind which.
            last_block: up to which; None for the last one.

        Raises:
            CheckFailed: a proof's transaction does not tell what it paid for.
            NodeError: the node failed.
        """
        rollups = {rollup.address: rollup for rollup in self.deployment.rollups}
        end = self.span.last_block if last_block is None else last_block
        places = [
            ProofPlace(
                rollup=rollups[event.position.address],
                last_checkpoint=event.checkpoint_number,
                block_number=event.position.block_number,
                log_index=event.position.log_index,
                transaction_hash=event.position.transaction_hash,
            )
            for event in self._verified
            if event.position.block_number <= end
        ]
        found = self._fetch([place for place in places if place.block_number > after_block])
        begun: dict[int, int] = {}
        for proof in found:
            known = begun.get(proof.rollup_version, proof.first_checkpoint)
            begun[proof.rollup_version] = min(known, proof.first_checkpoint)
        earlier = [
            place
            for place in places
            if place.block_number <= after_block
            and place.last_checkpoint >= begun.get(place.rollup.version, place.last_checkpoint + 1)
        ]
        return self._fetch(earlier) + found

    def _fetch(self, places: Sequence[ProofPlace]) -> list[EpochProof]:
        if not places:
            return []
        return fetch_proofs(
            self.rpc,
            self.multicall,
            {each.version: each for each in self.rewards},
            places,
            self.span.block,
            progress=self.about("proofs"),
        )

    def shares(self) -> list[SequencerShare]:
        """The sequencers' part of rewards over time, as far as events and the present state tell it.

        Raises:
            NodeError: the node failed.
        """
        names = ["RollupRewardConfigUpdatedGen4", "RollupRewardConfigUpdated"]
        contracts = {rollup.address: "rollup" for rollup in self.deployment.rollups}
        tables = self.reader.read(select_events(names), contracts, self.span)
        versions = {rollup.address: rollup.version for rollup in self.deployment.rollups}
        changes: list[Any] = [event for name in names for event in to_records(tables[name], name)]
        found = [
            SequencerShare(
                rollup_version=versions[event.position.address],
                block_number=event.position.block_number,
                log_index=event.position.log_index,
                bps=event.reward_config.sequencer_bps,
            )
            for event in changes
        ]
        changed = {each.rollup_version for each in found}
        # What a rollup began with is told by no event; where it never changed, it is what it is now.
        unchanged = [rollup for rollup in self.deployment.rollups if rollup.version not in changed]
        return found + [
            SequencerShare(rollup_version=rollup.version, block_number=-1, log_index=0, bps=bps)
            for rollup, bps in zip(unchanged, self._shares_now(unchanged), strict=True)
        ]

    def _shares_now(self, rollups: Sequence[Rollup]) -> list[int]:
        answers = self.multicall.read(
            [Read(each.address, ROLLUP.function("getRewardConfig", each.generation)) for each in rollups],
            self.span.block,
        )
        return [bps for _, bps, *_ in answers]
