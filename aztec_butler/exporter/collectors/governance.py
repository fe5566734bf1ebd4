"""Governance: how its proposals stand, and what sequencers signal for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any, Final

import attrs

from aztec_butler.clients.multicall import Read
from aztec_butler.clients.snapshot import Snapshot
from aztec_butler.core.contracts import GOVERNANCE, GOVERNANCE_PROPOSER
from aztec_butler.core.epochs import EpochClock
from aztec_butler.core.governance import PROPOSAL_STATES, ProposalState, signal_round
from aztec_butler.core.hexes import ZERO_ADDRESS
from aztec_butler.exporter.collector import Collector
from aztec_butler.exporter.l1_collector import USUAL_PACE, Pace, canonical_rollup, l1_collector
from aztec_butler.exporter.l1_reading import L1Reading, good
from aztec_butler.serving.exposition import Samples
from aztec_butler.serving.metric import Metric

PROPOSALS: Final = Metric(
    name="governance_proposals", help="Proposals of Governance by their state.", labels=("state",)
)
ROUND: Final = Metric(name="governance_round", help="The round in which proposers signal for a payload now.")
SIGNALS: Final = Metric(
    name="governance_signals",
    help="Signals for the payload that leads in this round; absent while nobody has signalled in it.",
    labels=("payload",),
)
SIGNAL_QUORUM: Final = Metric(
    name="governance_signal_quorum", help="Signals that a payload needs to be proposed."
)
METRICS: Final = (PROPOSALS, ROUND, SIGNALS, SIGNAL_QUORUM)


@attrs.frozen(kw_only=True)
class SignalRound:
    """How far the running round of signals is.

    Args:
        number: of the round.
        quorum: signals that a payload needs.
        leader: the payload with the most signals; None while there is none.
        signals: for it.
    """

    number: int
    quorum: int
    leader: str | None
    signals: int


def samples(states: Iterable[ProposalState], signals: SignalRound) -> Samples:
    """The metrics of one block.

    Args:
        states: of every proposal.
        signals: of the running round.
    """
    counts = Counter(states)
    return {
        PROPOSALS: {(state.value,): counts[state] for state in ProposalState},
        ROUND: {(): signals.number},
        SIGNALS: {} if signals.leader is None else {(signals.leader,): signals.signals},
        SIGNAL_QUORUM: {(): signals.quorum},
    }


@attrs.frozen(kw_only=True)
class _Proposer:
    """What never changes of a GovernanceProposer."""

    address: str
    quorum: int
    round_size: int


class GovernanceReader:
    """Reads Governance, and remembers how much there was, so that one request asks for all of it the next time.

    Args:
        reading: of the network.
    """

    def __init__(self, reading: L1Reading) -> None:
        self._reading = reading
        self._count = 0
        self._proposer: _Proposer | None = None
        self._leader = ZERO_ADDRESS

    def read(self) -> tuple[list[ProposalState], SignalRound]:
        """The state of every proposal, and the running round.

        Raises:
            ButlerError: something could not be read.
        """
        expected, proposer, leader = self._count, self._proposer, self._leader
        look = self._reading.look(lambda snapshot: _plan(snapshot, expected, proposer, leader))
        snapshot = look.snapshot
        count, address = good(look.tried[:2])
        # A reorganisation may have taken the last ones away again: what was asked of them is no answer.
        numbers = good(look.tried[2 : 2 + min(expected, count)])
        numbers = [*numbers, *self._ask(snapshot, _state_reads(snapshot, range(expected, count)))]
        self._count = count
        if proposer is not None and proposer.address == address:
            answers = good(look.tried[2 + expected :])
        else:
            proposer = self._proposer = self._fetch_proposer(snapshot, address)
            answers = self._ask(snapshot, _signal_reads(snapshot, proposer, leader))
        states = [PROPOSAL_STATES[number] for number in numbers]
        return states, self._round(snapshot, proposer, leader, answers)

    def _round(
        self, snapshot: Snapshot, proposer: _Proposer, leader: str, values: Sequence[Any]
    ) -> SignalRound:
        (_, leads, _), signals = values
        if leads not in (leader, ZERO_ADDRESS):
            _, signals = self._ask(snapshot, _signal_reads(snapshot, proposer, leads))
        self._leader = leads
        nobody = leads == ZERO_ADDRESS
        return SignalRound(
            number=_round_number(snapshot, proposer),
            quorum=proposer.quorum,
            leader=None if nobody else leads,
            signals=0 if nobody else signals,
        )

    def _fetch_proposer(self, snapshot: Snapshot, address: str) -> _Proposer:
        names = ("QUORUM_SIZE", "ROUND_SIZE")
        quorum, size = self._ask(
            snapshot, [Read(address, GOVERNANCE_PROPOSER.function(name)) for name in names]
        )
        return _Proposer(address=address, quorum=quorum, round_size=size)

    def _ask(self, snapshot: Snapshot, reads: Sequence[Read]) -> list[Any]:
        return self._reading.source.multicall.read(reads, snapshot.block) if reads else []


def _plan(snapshot: Snapshot, expected: int, proposer: _Proposer | None, leader: str) -> list[Read]:
    governance = snapshot.deployment.governance
    reads = [Read(governance, GOVERNANCE.function(name)) for name in ("proposalCount", "governanceProposer")]
    reads += _state_reads(snapshot, range(expected))
    return reads if proposer is None else reads + _signal_reads(snapshot, proposer, leader)


def _state_reads(snapshot: Snapshot, numbers: Iterable[int]) -> list[Read]:
    governance = snapshot.deployment.governance
    return [Read(governance, GOVERNANCE.function("getProposalState"), (number,)) for number in numbers]


def _signal_reads(snapshot: Snapshot, proposer: _Proposer, leader: str) -> list[Read]:
    instance = canonical_rollup(snapshot.state).rollup.address
    number = _round_number(snapshot, proposer)
    return [
        Read(proposer.address, GOVERNANCE_PROPOSER.function("getRoundData"), (instance, number)),
        Read(proposer.address, GOVERNANCE_PROPOSER.function("signalCount"), (instance, number, leader)),
    ]


def _round_number(snapshot: Snapshot, proposer: _Proposer) -> int:
    clock = EpochClock.of(canonical_rollup(snapshot.state).rollup)
    return signal_round(clock.slot_at(snapshot.block.timestamp), proposer.round_size)


def collector(reading: L1Reading, pace: Pace = USUAL_PACE) -> Collector:
    """The collector.

    Args:
        reading: of the network.
        pace: how often.
    """
    reader = GovernanceReader(reading)
    return l1_collector("governance", METRICS, reading, lambda: samples(*reader.read()), pace)
