"""Slashing rounds with votes against some attesters, read from the contracts that tally."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

import attrs

from aztec_butler.clients.multicall import Multicall, Read
from aztec_butler.clients.slashing_rounds import fetch_proposers, fetch_slashing_rules
from aztec_butler.core.contracts import SLASHER, SLASHING_PROPOSER
from aztec_butler.core.errors import RevertError
from aztec_butler.core.hexes import ZERO_ADDRESS
from aztec_butler.core.records import BlockStamp, RollupState
from aztec_butler.core.slashing_round_rows import SlashingRules
from aztec_butler.core.slashing_rounds import votes_against
from aztec_butler.watcher.facts import RoundAgainst


@attrs.frozen(kw_only=True)
class _Round:
    rules: SlashingRules
    number: int
    votes: int
    is_current: bool

    def read(self, function: str, *arguments: object) -> Read:
        generation = self.rules.rollup.generation
        contract = self.rules.terms.proposer
        return Read(contract, SLASHING_PROPOSER.function(function, generation), (self.number, *arguments))


class SlashingReader:
    """Reads votes; the rules of a slasher never change, and are asked for once.

    Args:
        multicall: reads of contracts.
    """

    def __init__(self, multicall: Multicall) -> None:
        self._multicall = multicall
        self._rules: dict[str, SlashingRules | None] = {}
        """By slasher; None for one that does not go by votes on slashes."""

    def learn(self, rollups: Sequence[RollupState], block: BlockStamp) -> tuple[SlashingRules, ...]:
        """The rules of every slasher that goes by votes.

        Args:
            rollups: which name their slashers.
            block: to ask at.

        Raises:
            NodeError: the node failed.
        """
        slashers = {each.rollup.address: each.slasher for each in rollups if each.slasher != ZERO_ADDRESS}
        new = {rollup: slasher for rollup, slasher in slashers.items() if slasher not in self._rules}
        if new:
            proposers = fetch_proposers(self._multicall, new, block)
            rules = fetch_slashing_rules(
                self._multicall,
                tuple(dict.fromkeys(proposers.values())),
                [each.rollup for each in rollups],
                block,
            )
            by_proposer = {each.terms.proposer: each for each in rules}
            for rollup, slasher in new.items():
                self._rules[slasher] = by_proposer.get(proposers.get(rollup, ""))
        found = (self._rules[slasher] for slasher in dict.fromkeys(slashers.values()))
        return tuple(each for each in found if each is not None)

    def plan(self, rules: Sequence[SlashingRules], now_at: int) -> list[Read]:
        """What to ask first: how many votes each round has that can still slash somebody.

        Args:
            rules: of the slashers.
            now_at: the block's time.
        """
        return [each.read("getRound") for each in _live(rules, now_at)]

    def rounds(
        self,
        rules: Sequence[SlashingRules],
        answers: Sequence[Any],
        attesters: Collection[str],
        block: BlockStamp,
    ) -> tuple[RoundAgainst, ...]:
        """The rounds with votes against some attesters.

        Args:
            rules: of the slashers.
            answers: to the plan.
            attesters: whose rounds are wanted.
            block: to ask at.

        Raises:
            NodeError: the node failed.
        """
        asked = []
        for each, (is_executed, *_, votes) in zip(_live(rules, block.timestamp), answers, strict=True):
            enough = 1 if each.is_current else each.rules.terms.quorum
            if not is_executed and votes >= enough:
                asked.append(attrs.evolve(each, votes=votes))
        if not asked or not attesters:
            return ()
        reads = [each.read("getSlashTargetCommittees") for each in asked]
        running = [each for each in asked if each.is_current]
        reads += [each.read("getVotes", index) for each in running for index in range(each.votes)]
        values = iter(self._multicall.read(reads, block))
        committees = {(each.rules.terms.proposer, each.number): next(values) for each in asked}
        found = []
        for each in running:
            votes = votes_against(
                [next(values) for _ in range(each.votes)],
                committees[each.rules.terms.proposer, each.number],
                each.rules.terms.committee_size,
            )
            found += [_against(each, attester, votes=votes[attester]) for attester in sorted(votes)]
        over = [each for each in asked if not each.is_current]
        found += self._condemned(over, committees, attesters, block)
        return tuple(each for each in found if each.attester in attesters)

    def _condemned(
        self,
        rounds: Sequence[_Round],
        committees: Mapping[tuple[str, int], Any],
        attesters: Collection[str],
        block: BlockStamp,
    ) -> list[RoundAgainst]:
        """What rounds that are over take from some attesters, unless they are vetoed."""
        reads = [each.read("getTally", committees[each.rules.terms.proposer, each.number]) for each in rounds]
        tallies: dict[_Round, Any] = {}
        for each, actions in zip(
            rounds, self._multicall.try_read(reads, block) if reads else (), strict=True
        ):
            if isinstance(actions, RevertError):
                continue  # as ``executeRound`` will, so that nobody is slashed
            if isinstance(actions, Exception):
                raise actions
            if any(attester in attesters for attester, _ in actions):
                tallies[each] = actions
        if not tallies:
            return []
        payloads = self._multicall.read(
            [each.read("getPayloadAddress", actions) for each, actions in tallies.items()], block
        )
        function = SLASHER.function("vetoedPayloads")
        vetoed = self._multicall.read(
            [
                Read(each.rules.slasher, function, (payload,))
                for each, payload in zip(tallies, payloads, strict=True)
            ],
            block,
        )
        return [
            _against(each, attester, amount_wei=amount_wei)
            for (each, actions), is_vetoed in zip(tallies.items(), vetoed, strict=True)
            for attester, amount_wei in actions
            if not is_vetoed
        ]


def _live(rules: Sequence[SlashingRules], now_at: int) -> Iterator[_Round]:
    for each in rules:
        current = each.current_round(now_at)
        for number in each.terms.live_rounds(current):
            yield _Round(rules=each, number=number, votes=0, is_current=number == current)


def _against(of: _Round, attester: str, *, votes: int = 0, amount_wei: int = 0) -> RoundAgainst:
    rules = of.rules
    return RoundAgainst(
        rollup_version=rules.rollup.version,
        proposer=rules.terms.proposer,
        round=of.number,
        attester=attester,
        votes=votes,
        quorum=rules.terms.quorum,
        amount_wei=amount_wei,
        executable_at=rules.begins_at(of.number + rules.delay_in_rounds + 1),
        expires_at=rules.begins_at(of.number + rules.terms.lifetime_in_rounds + 1),
    )
