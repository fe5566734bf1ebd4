"""Slashing: votes against our attesters, what they can still lose, and what has been slashed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import attrs

from aztec_butler.clients.multicall import Read
from aztec_butler.clients.snapshot import Snapshot
from aztec_butler.core.contracts import SLASHER, SLASHING_PROPOSER
from aztec_butler.core.epochs import EpochClock
from aztec_butler.core.errors import RevertError
from aztec_butler.core.lifecycle import Lifecycle
from aztec_butler.core.records import BlockStamp, RollupState, unit
from aztec_butler.core.slashing import EjectionThresholds, headroom_wei, slashes_survived
from aztec_butler.core.slashing_rounds import SlashingTerms, votes_against
from aztec_butler.core.staking_state import StakingState
from aztec_butler.exporter.amounts import whole_tokens
from aztec_butler.exporter.collector import Collector
from aztec_butler.exporter.l1_collector import USUAL_PACE, Pace, l1_collector
from aztec_butler.exporter.l1_reading import L1Reading, Look
from aztec_butler.exporter.ours import OwnAttesters, Who
from aztec_butler.serving.exposition import Samples
from aztec_butler.serving.metric import Metric, MetricKind

ENABLED: Final = Metric(
    name="slashing_enabled",
    help="Whether the rollup's slasher executes slashes now; its vetoer can pause it.",
    labels=("rollup_version",),
)
ROUND: Final = Metric(
    name="slashing_round",
    help="The round that proposers of the rollup vote in now.",
    labels=("rollup_version",),
)
ROUND_VOTES: Final = Metric(
    name="slashing_round_votes", help="Votes cast in that round.", labels=("rollup_version",)
)
QUORUM: Final = Metric(name="slashing_quorum", help="Votes that a slash needs.", labels=("rollup_version",))
VOTES: Final = Metric(
    name="attester_slash_votes",
    help="Votes to slash one of our attesters in the running round, the most of all rollups.",
    labels=("attester",),
)
PENDING_SLASH: Final = Metric(
    name="attester_pending_slash_aztec",
    help="What rounds that are over and had a quorum take from one of our attesters once they are executed, if they"
    " are not vetoed, in whole AZTEC.",
    labels=("attester",),
)
SLASHES_LEFT: Final = Metric(
    name="attester_slashes_left",
    help="Slashes of the largest size that one of our validating attesters survives; at 0 one of them ejects it.",
    labels=("attester",),
)
HEADROOM: Final = Metric(
    name="attester_slash_headroom_aztec",
    help="What one of our validating attesters can lose and still stay in the set, in whole AZTEC.",
    labels=("attester",),
)
SLASHES: Final = Metric(
    name="slashes_total", help="Slashes executed, on all rollups.", kind=MetricKind.COUNTER
)
SLASHED: Final = Metric(
    name="slashed_aztec_total",
    help="What slashes took, on all rollups, in whole AZTEC.",
    kind=MetricKind.COUNTER,
)
OWN_SLASHES: Final = Metric(
    name="own_slashes_total", help="Slashes of our attesters.", kind=MetricKind.COUNTER
)
OWN_SLASHED: Final = Metric(
    name="own_slashed_aztec_total",
    help="What slashes took from our attesters, in whole AZTEC.",
    kind=MetricKind.COUNTER,
)
METRICS: Final = (
    ENABLED,
    ROUND,
    ROUND_VOTES,
    QUORUM,
    VOTES,
    PENDING_SLASH,
    SLASHES_LEFT,
    HEADROOM,
    SLASHES,
    SLASHED,
    OWN_SLASHES,
    OWN_SLASHED,
)


@attrs.frozen(kw_only=True)
class RollupSlashing:
    """How slashing stands on one rollup."""

    rollup: RollupState
    terms: SlashingTerms
    is_enabled: bool
    current_round: int
    votes_cast: int
    """In the present round."""
    votes: Mapping[str, int]
    """Against each attester in the present round, where there are any."""
    pending_wei: Mapping[str, int] = unit("wei")
    """What rounds that are over will take from each attester, where they will."""


def samples(state: StakingState, own: OwnAttesters, rollups: Sequence[RollupSlashing]) -> Samples:
    """The metrics of one block.

    Args:
        state: everything about stake.
        own: our attesters.
        rollups: how slashing stands on each rollup where votes decide about it.
    """
    found: dict[Metric, dict[tuple[str, ...], float]] = {metric: {} for metric in METRICS}
    for each in rollups:
        key = (str(each.rollup.rollup.version),)
        found[ENABLED][key] = int(each.is_enabled)
        found[ROUND][key] = each.current_round
        found[ROUND_VOTES][key] = each.votes_cast
        found[QUORUM][key] = each.terms.quorum
    if rollups:
        for attester in own.followed:
            found[VOTES][attester,] = max(each.votes.get(attester, 0) for each in rollups)
            pending_wei = sum(each.pending_wei.get(attester, 0) for each in rollups)
            found[PENDING_SLASH][attester,] = whole_tokens(pending_wei)
    terms = {each.rollup.rollup.address: each.terms for each in rollups}
    for attester, standing in own.followed.items():
        if standing is not Lifecycle.VALIDATING:
            continue
        home = state.by_address[state.whereabouts.home(attester)]
        thresholds = EjectionThresholds(
            local_wei=home.local_ejection_threshold_wei, gse_wei=state.deployment.ejection_threshold_wei
        )
        stake_wei = state.by_attester[attester].stake_wei
        found[HEADROOM][attester,] = whole_tokens(headroom_wei(stake_wei, thresholds))
        if home.rollup.address in terms:
            largest_wei = max(terms[home.rollup.address].amounts_wei)
            found[SLASHES_LEFT][attester,] = slashes_survived(stake_wei, largest_wei, thresholds)
    slashes = state.whereabouts.history.slashes
    for count, amount, some in (
        (SLASHES, SLASHED, slashes),
        (OWN_SLASHES, OWN_SLASHED, [slash for slash in slashes if slash.attester in own.lifecycles]),
    ):
        found[count][()] = len(some)
        found[amount][()] = whole_tokens(sum(slash.amount_wei for slash in some))
    return found


# ---------------------------------------------------------------------- how it is read


def fetch_slashing(reading: L1Reading) -> tuple[StakingState, list[RollupSlashing]]:
    """How slashing stands on every rollup where votes decide about it.

    Raises:
        ButlerError: something could not be read.
    """
    look = reading.look(lambda snapshot: _plan(snapshot, reading.slashers.of(snapshot)))
    answers = iter(look.values)
    rollups = []
    for rollup, terms in reading.slashers.of(look.snapshot):
        current = _current_round(rollup, terms, look.snapshot.block)
        is_enabled = next(answers)
        rounds = {number: next(answers) for number in terms.live_rounds(current)}
        rollups.append(_fetch_votes(reading, look, rollup, terms, is_enabled, current, rounds))
    return look.snapshot.state, rollups


def _plan(snapshot: Snapshot, slashers: Sequence[tuple[RollupState, SlashingTerms]]) -> list[Read]:
    reads = []
    for rollup, terms in slashers:
        reads.append(Read(rollup.slasher, SLASHER.function("isSlashingEnabled")))
        function = SLASHING_PROPOSER.function("getRound", rollup.rollup.generation)
        current = _current_round(rollup, terms, snapshot.block)
        reads += [Read(terms.proposer, function, (number,)) for number in terms.live_rounds(current)]
    return reads


def _current_round(rollup: RollupState, terms: SlashingTerms, block: BlockStamp) -> int:
    return terms.round_at(EpochClock.of(rollup.rollup).slot_at(block.timestamp))


def _fetch_votes(
    reading: L1Reading,
    look: Look,
    rollup: RollupState,
    terms: SlashingTerms,
    is_enabled: bool,
    current: int,
    rounds: Mapping[int, Sequence[int]],
) -> RollupSlashing:
    """Votes of the present round, and what rounds that are over and had enough of them will take."""
    cast = {number: answer[-1] for number, answer in rounds.items()}
    undone = {number for number, answer in rounds.items() if not answer[0]}
    heavy = [n for n in rounds if n != current and n in undone and cast[n] >= terms.quorum]
    asked = [current, *heavy] if cast.get(current) else heavy

    def read(function: str, *arguments: object) -> Read:
        return Read(terms.proposer, SLASHING_PROPOSER.function(function, rollup.rollup.generation), arguments)

    reads = [read("getSlashTargetCommittees", number) for number in asked]
    if cast.get(current):
        reads += [read("getVotes", current, index) for index in range(cast[current])]
    multicall, block = reading.source.multicall, look.snapshot.block
    answers = multicall.read(reads, block) if reads else []
    committees = dict(zip(asked, answers, strict=False))
    votes = {}
    if cast.get(current):
        votes = votes_against(answers[len(asked) :], committees[current], terms.committee_size)
    pending_wei: dict[str, int] = {}
    tallies = [read("getTally", number, committees[number]) for number in heavy]
    for actions in multicall.try_read(tallies, block) if tallies else []:
        if isinstance(actions, RevertError):
            continue  # as ``executeRound`` will, so that nobody is slashed
        if isinstance(actions, Exception):
            raise actions
        for attester, amount_wei in actions:
            pending_wei[attester] = pending_wei.get(attester, 0) + amount_wei
    return RollupSlashing(
        rollup=rollup,
        terms=terms,
        is_enabled=is_enabled,
        current_round=current,
        votes_cast=cast.get(current, 0),
        votes=votes,
        pending_wei=pending_wei,
    )


def collector(reading: L1Reading, who: Who, pace: Pace = USUAL_PACE) -> Collector:
    """The collector.

    Args:
        reading: of the network.
        who: we are.
        pace: how often.
    """

    def collect() -> Samples:
        state, rollups = fetch_slashing(reading)
        return samples(state, who().find(state), rollups)

    return l1_collector("slashing", METRICS, reading, collect, pace)
