"""Slashing by vote as the contracts tell it: the terms of every slasher, and the rounds whose votes they still keep."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, Final

from aztec_butler.clients.multicall import Multicall, Progress, Read
from aztec_butler.core.contracts import ESCAPE_HATCH, ROLLUP, SLASHER, SLASHING_PROPOSER
from aztec_butler.core.errors import DecodeError, RevertError
from aztec_butler.core.hexes import ZERO_ADDRESS
from aztec_butler.core.records import BlockStamp, Rollup
from aztec_butler.core.slashing_round_rows import ROUNDABOUT, RoundReading, SlashingRules
from aztec_butler.core.slashing_rounds import SlashingTerms
from aztec_butler.core.slashing_tally import tally

_TERMS: Final = (
    "QUORUM",
    "ROUND_SIZE",
    "LIFETIME_IN_ROUNDS",
    "SLASH_OFFSET_IN_ROUNDS",
    "COMMITTEE_SIZE",
    "SLASH_AMOUNT_SMALL",
    "SLASH_AMOUNT_MEDIUM",
    "SLASH_AMOUNT_LARGE",
    "EXECUTION_DELAY_IN_ROUNDS",
    "INSTANCE",
    "SLASHER",
)


def fetch_slashing_rules(
    multicall: Multicall, proposers: Sequence[str], rollups: Iterable[Rollup], block: BlockStamp
) -> tuple[SlashingRules, ...]:
    """The rules of slashers that go by votes, in the order given.

    Args:
        multicall: reads of contracts.
        proposers: contracts that tally.
        rollups: that they may be of; those of others are left out.
        block: to ask at.

    Raises:
        RevertError, DecodeError: one of them is no such contract.
        NodeError: the node failed.
    """
    known = {rollup.address: rollup for rollup in rollups}
    reads = [Read(each, SLASHING_PROPOSER.function(name)) for each in proposers for name in _TERMS]
    answers = iter(multicall.read(reads, block) if reads else [])
    found = []
    for proposer in proposers:
        quorum, size, lifetime, offset, committee, small, medium, large, delay, instance, slasher = (
            next(answers) for _ in _TERMS
        )
        if instance in known:
            found.append(
                SlashingRules(
                    rollup=known[instance],
                    slasher=slasher,
                    delay_in_rounds=delay,
                    terms=SlashingTerms(
                        proposer=proposer,
                        quorum=quorum,
                        round_size=size,
                        lifetime_in_rounds=lifetime,
                        offset_in_rounds=offset,
                        committee_size=committee,
                        amounts_wei=(small, medium, large),
                    ),
                )
            )
    return tuple(found)


def fetch_proposers(multicall: Multicall, slashers: Mapping[str, str], block: BlockStamp) -> dict[str, str]:
    """The contract that tallies for each rollup, by the rollup's address; those without one are left out.

    Args:
        multicall: reads of contracts.
        slashers: of each rollup, by its address.
        block: to ask at.

    Raises:
        NodeError: the node failed.
    """
    named = {rollup: slasher for rollup, slasher in slashers.items() if slasher != ZERO_ADDRESS}
    answers = _present(
        multicall, [Read(slasher, SLASHER.function("PROPOSER")) for slasher in named.values()], block
    )
    proposers = {rollup: str(each) for rollup, each in zip(named, answers, strict=True) if each}
    # Those that signal for whole payloads have no quorum by this name.
    quorums = _present(
        multicall, [Read(each, SLASHING_PROPOSER.function("QUORUM")) for each in proposers.values()], block
    )
    return {
        rollup: proposer
        for (rollup, proposer), quorum in zip(proposers.items(), quorums, strict=True)
        if quorum is not None
    }


def fetch_disabled_until(
    multicall: Multicall, slashers: Collection[str], block: BlockStamp
) -> dict[str, int]:
    """Until when each slasher's vetoer has paused it, in Unix seconds; 0: it has not.

    Raises:
        NodeError: the node failed.
    """
    asked = sorted(set(slashers))
    reads = [Read(each, SLASHER.function("slashingDisabledUntil")) for each in asked]
    return dict(zip(asked, multicall.read(reads, block) if reads else [], strict=True))


def fetch_rounds(
    multicall: Multicall,
    rules: SlashingRules,
    numbers: Iterable[int],
    block: BlockStamp,
    *,
    progress: Progress | None = None,
) -> dict[int, RoundReading]:
    """Rounds whose votes the contract still keeps, by number; the others are left out.

    Args:
        multicall: reads of contracts.
        rules: of the slasher.
        numbers: of the rounds.
        block: to ask at.
        progress: told how many reads are done, and of how many.

    Raises:
        DecodeError: the contract's tally is another than ours.
        NodeError: the node failed.
    """
    current = rules.current_round(block.timestamp)
    kept = sorted({number for number in numbers if current - ROUNDABOUT < number <= current})
    kept = [number for number in kept if number >= rules.terms.offset_in_rounds]
    if not kept:
        return {}

    def read(function: str, *arguments: object) -> Read:
        generation = rules.rollup.generation
        return Read(rules.terms.proposer, SLASHING_PROPOSER.function(function, generation), arguments)

    answers = multicall.read(
        [read(name, number) for number in kept for name in ("getRound", "getSlashTargetCommittees")],
        block,
        progress=progress,
    )
    rounds = dict(zip(kept, zip(answers[::2], answers[1::2], strict=True), strict=True))
    places = [(number, index) for number, (told, _) in rounds.items() for index in range(told[-1])]
    votes = (
        multicall.read(
            [read("getVotes", number, index) for number, index in places], block, progress=progress
        )
        if places
        else []
    )
    by_round: dict[int, list[bytes]] = {number: [] for number in kept}
    for (number, _), vote in zip(places, votes, strict=True):
        by_round[number].append(vote)
    hatches = _fetch_open_hatches(multicall, rules, kept, block)
    tallies = _tallies(multicall.try_read([read("getTally", n, rounds[n][1]) for n in kept], block))
    payloads = _fetch_payloads(multicall, rules, dict(zip(kept, tallies, strict=True)), block)
    found = {}
    for number, actions in zip(kept, tallies, strict=True):
        told, committees = rounds[number]
        accusations = tally(
            number,
            by_round[number],
            committees,
            rules.terms,
            first_epoch=rules.first_epoch(number),
            open_hatches=hatches,
        )
        ours = [(each.attester, each.amount_wei) for each in accusations if each.units]
        if actions is not None and ours != list(actions):
            raise DecodeError(
                "the contract tallies a round in another way",
                round=number,
                proposer=rules.terms.proposer,
                contract=len(actions),
                ours=len(ours),
            )
        payload, is_vetoed = payloads.get(number, (None, False))
        found[number] = RoundReading(
            is_executed=bool(told[0]),
            votes=tuple(by_round[number]),
            committees=tuple(map(tuple, committees)),
            accusations=accusations,
            tally=actions,
            payload=payload,
            is_vetoed=is_vetoed,
        )
    return found


def _tallies(answers: Iterable[Any]) -> list[tuple[tuple[str, int], ...] | None]:
    found: list[tuple[tuple[str, int], ...] | None] = []
    for answer in answers:
        if isinstance(answer, RevertError):
            found.append(None)  # as ``executeRound`` will
        elif isinstance(answer, Exception):
            raise answer
        else:
            found.append(tuple((attester, amount_wei) for attester, amount_wei in answer))
    return found


def _fetch_payloads(
    multicall: Multicall,
    rules: SlashingRules,
    tallies: Mapping[int, tuple[tuple[str, int], ...] | None],
    block: BlockStamp,
) -> dict[int, tuple[str, bool]]:
    """Where the payload of each round with a quorum is put, and whether it is vetoed."""
    condemning = {number: actions for number, actions in tallies.items() if actions}
    if not condemning:
        return {}
    function = SLASHING_PROPOSER.function("getPayloadAddress", rules.rollup.generation)
    payloads = multicall.read(
        [Read(rules.terms.proposer, function, (number, actions)) for number, actions in condemning.items()],
        block,
    )
    vetoed = multicall.read(
        [Read(rules.slasher, SLASHER.function("vetoedPayloads"), (payload,)) for payload in payloads], block
    )
    return dict(zip(condemning, zip(payloads, vetoed, strict=True), strict=True))


def _fetch_open_hatches(
    multicall: Multicall, rules: SlashingRules, numbers: Iterable[int], block: BlockStamp
) -> set[int]:
    """The epochs that some rounds judge in which the escape hatch was open.

    Source: TallySlashingProposer.sol ``_getEscapeHatchEpochFlags``; earlier generations have no hatch.
    """
    if rules.rollup.generation < 4:
        return set()
    epochs = [
        epoch
        for number in numbers
        for epoch in range(rules.first_epoch(number), rules.first_epoch(number + 1))
    ]
    function = ROLLUP.function("getEscapeHatchForEpoch", rules.rollup.generation)
    hatches = multicall.read([Read(rules.rollup.address, function, (epoch,)) for epoch in epochs], block)
    with_hatch = [
        (epoch, hatch) for epoch, hatch in zip(epochs, hatches, strict=True) if hatch != ZERO_ADDRESS
    ]
    if not with_hatch:
        return set()
    answers = multicall.read(
        [Read(hatch, ESCAPE_HATCH.function("isHatchOpen"), (epoch,)) for epoch, hatch in with_hatch], block
    )
    return {epoch for (epoch, _), (is_open, *_) in zip(with_hatch, answers, strict=True) if is_open}


def _present(multicall: Multicall, reads: Sequence[Read], block: BlockStamp) -> list[Any]:
    """Answers; None from a contract that does not have the function, or is none."""
    found = []
    for answer in multicall.try_read(reads, block) if reads else []:
        is_absent = isinstance(answer, DecodeError | RevertError)
        if isinstance(answer, Exception) and not is_absent:
            raise answer
        found.append(None if is_absent else answer)
    return found
