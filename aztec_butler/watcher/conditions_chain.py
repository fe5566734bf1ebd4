"""Conditions of the rules that we live by: votes to slash ours, offenses of ours, open proposals of Governance."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Final

from aztec_butler.core.governance import ProposalState
from aztec_butler.core.intents import Condition, Severity
from aztec_butler.core.node_records import SlashOffense
from aztec_butler.watcher.conditions_words import tells
from aztec_butler.watcher.facts import Facts
from aztec_butler.watcher.notices import aztec, listed, moment, who
from aztec_butler.watcher.settings import WatcherSettings

_OPEN: Final = {
    ProposalState.ACTIVE: ("is open for votes", "Governance proposal open for votes"),
    ProposalState.QUEUED: (
        "was accepted, and can be carried out after its delay",
        "Governance proposal accepted",
    ),
    ProposalState.EXECUTABLE: ("can be carried out by anybody now", "Governance proposal can be carried out"),
}


def votes_against(facts: Facts, settings: WatcherSettings) -> Iterator[Condition]:  # noqa: ARG001 - as all of them
    """Half of a quorum of the running round wants one of ours slashed."""
    for each in facts.rounds:
        if each.votes and 2 * each.votes >= each.quorum:
            yield tells(
                "votes-against",
                f"attester:{each.attester}#{each.proposer}/{each.round}",
                "Votes to slash our attester",
                f"{each.votes} votes of slashing round {each.round} want {who(each.attester, facts)} slashed on rollup"
                f" version {each.rollup_version}; {each.quorum} are enough. Look whether its node is up.",
                attester=each.attester,
                votes=each.votes,
                quorum=each.quorum,
            )


def slash_decided(facts: Facts, settings: WatcherSettings) -> Iterator[Condition]:  # noqa: ARG001 - as all of them
    """A round that is over will slash one of ours, unless it is vetoed or nobody carries it out."""
    amounts_wei: dict[tuple[str, str, int], int] = defaultdict(int)
    rounds = {}
    for each in facts.rounds:
        if each.amount_wei:
            # A member of several judged committees is slashed once for each.
            key = each.attester, each.proposer, each.round
            amounts_wei[key] += each.amount_wei
            rounds[key] = each
    for key, each in rounds.items():
        yield tells(
            "slash-decided",
            f"attester:{each.attester}#{each.proposer}/{each.round}",
            "A slash of our attester is decided",
            f"Slashing round {each.round} takes {aztec(amounts_wei[key])} from {who(each.attester, facts)} on rollup version"
            f" {each.rollup_version} when somebody carries it out, from {moment(each.executable_at)} until"
            f" {moment(each.expires_at)}. Until then the vetoer can forbid it.",
            Severity.CRITICAL,
            attester=each.attester,
            amount_wei=amounts_wei[key],
            executable_at=each.executable_at,
            expires_at=each.expires_at,
        )


def offense_seen(facts: Facts, settings: WatcherSettings) -> Iterator[Condition]:  # noqa: ARG001 - as all of them
    """Our own node would vote to slash one of ours."""
    by_attester: dict[str, list[SlashOffense]] = defaultdict(list)
    for offense in facts.offenses or ():
        by_attester[offense.attester].append(offense)
    for attester, offenses in by_attester.items():
        names = sorted({offense.name for offense in offenses})
        yield tells(
            "offense-seen",
            f"attester:{attester}",
            "Our node saw an offense of our attester",
            f"Our node would vote to slash {who(attester, facts)} for {listed(names)}:"
            f" {aztec(sum(offense.amount_wei for offense in offenses))} in all. Nodes that saw the same vote alike.",
            attester=attester,
            offenses=len(offenses),
        )


def proposal_open(facts: Facts, settings: WatcherSettings) -> Iterator[Condition]:  # noqa: ARG001 - as all of them
    """A proposal of Governance waits for votes, its delay, or somebody who carries it out."""
    for proposal, state in facts.proposals.items():
        if state in _OPEN:
            clause, title = _OPEN[state]
            yield tells(
                f"proposal-{state.value}",
                f"proposal:{proposal}",
                title,
                f"Proposal {proposal} of Governance {clause}.",
                proposal_id=proposal,
            )
