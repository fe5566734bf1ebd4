"""How a network's slashing by vote is asked about: events to rounds, rounds to votes, attesters to what-ifs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

import attrs

from aztec_butler.archive.contracts import canary_of, find_contracts
from aztec_butler.archive.reader import EventReader, Span
from aztec_butler.clients.multicall import Multicall
from aztec_butler.clients.slashing_rounds import (
    fetch_disabled_until,
    fetch_proposers,
    fetch_rounds,
    fetch_slashing_rules,
)
from aztec_butler.core.columns_records import to_records
from aztec_butler.core.errors import InputError, NotFoundError
from aztec_butler.core.event_kinds import EventKind, select_events
from aztec_butler.core.events import Position
from aztec_butler.core.hexes import ZERO_ADDRESS, parse_address
from aztec_butler.core.history import missing_logs
from aztec_butler.core.slashing_round_rows import (
    Execution,
    RoundReading,
    SlashingRound,
    SlashingRules,
    round_row,
)
from aztec_butler.core.slashing_tally import UNITS, Accusation, CastVote, cast_votes
from aztec_butler.core.slashing_what_if import SlashWhatIf, slash_what_if

if TYPE_CHECKING:
    from aztec_butler.clients.snapshot import Snapshot
    from aztec_butler.network.connection import Connection

_VOTE: Final = "SlashingProposerVoteCast"
_EXECUTED: Final = "SlashingProposerRoundExecuted"
_SLASHED: Final = "RollupSlashed"
_ROUNDS_AT_ONCE: Final = 12
"""To tally a round of mainnet's size costs some 3M gas, and nodes give a call 50M."""

_Round = tuple[str, int]
"""The contract that tallies, and the number."""


@attrs.frozen(kw_only=True)
class _Told:
    """What events tell of rounds."""

    votes: Mapping[_Round, Sequence[tuple[int, str, Position]]]
    """Slot, voter and place of every vote, in order."""
    executed: Mapping[_Round, tuple[int, Position]]
    """How many slashes were attempted."""
    slashed_wei: Mapping[str, int]
    """What was slashed in each transaction."""


class SlashingRecords:
    """Answers about slashing as records, all of one block.

    Args:
        connection: to the network.
        snapshot: of the block.
        finalized_number: the last block that is final.
    """

    def __init__(self, connection: Connection, snapshot: Snapshot, finalized_number: int) -> None:
        self.snapshot = snapshot
        self._connection, self._finalized_number = connection, finalized_number
        self._multicall = connection.multicall
        # So costly reads would teach the shared one to ask for little at once.
        self._costly = Multicall(connection.rpc, chunk_reads=_ROUNDS_AT_ONCE)

    # -- what was voted

    def rounds(self, last: int | None = None) -> tuple[SlashingRound, ...]:
        """Every round in which somebody voted or that was executed, of every slasher there ever was, by their age.

        Args:
            last: only so many of the newest of each slasher.

        Raises:
            InputError: no number of rounds.
            NodeRefused: the events do not agree with the contracts.
            NodeError: the node failed.
        """
        if last is not None and last < 1:
            raise InputError("ask for one round at least", last=last)
        now_at = self.snapshot.block.timestamp
        disabled = fetch_disabled_until(
            self._multicall, [rules.slasher for rules in self._rules], self.snapshot.block
        )
        times = self.snapshot.times(place for _, place in self._told.executed.values())
        rows = []
        for rules in self._rules:
            numbers = self._numbers(rules)[-last:] if last else self._numbers(rules)
            readings = self._fetch(rules, numbers)
            for number in numbers:
                key = (rules.terms.proposer, number)
                rows.append(
                    round_row(
                        rules,
                        number,
                        now_at=now_at,
                        voters=[voter for _, voter, _ in self._told.votes.get(key, ())],
                        reading=readings.get(number),
                        execution=self._execution(key, times),
                        disabled_until_at=disabled[rules.slasher],
                    )
                )
        return tuple(sorted(rows, key=lambda row: (row.begins_at, row.rollup_version)))

    def votes(self, number: int, rollup_version: int | None = None) -> tuple[CastVote, ...]:
        """What every vote of a round asks for whom, in the order in which they were cast.

        Args:
            number: of the round.
            rollup_version: of the rollup; None for the canonical one.

        Raises:
            NotFoundError: there is no such round yet, no such rollup, or its votes are not kept any more.
            NodeError: the node failed.
        """
        found: list[CastVote] = []
        for rules, reading in self._readings(number, rollup_version):
            told = self._told.votes.get((rules.terms.proposer, number), ())
            found += cast_votes(
                number,
                [
                    (slot, voter, place.block_number, vote)
                    for (slot, voter, place), vote in zip(told, reading.votes, strict=True)
                ],
                reading.committees,
                rules.terms,
                first_epoch=rules.first_epoch(number),
            )
        return tuple(found)

    def tally(self, number: int, rollup_version: int | None = None) -> tuple[Accusation, ...]:
        """Whom the votes of a round accuse, and what they take from whom.

        Args:
            number: of the round.
            rollup_version: of the rollup; None for the canonical one.

        Raises:
            NotFoundError: as ``votes``.
            NodeError: the node failed.
        """
        return tuple(
            accusation
            for _, reading in self._readings(number, rollup_version)
            for accusation in reading.accusations
        )

    # -- what if

    def what_if(
        self,
        *,
        units: int = 1,
        amount_wei: int | None = None,
        slashes: int = 1,
        attesters: str | Sequence[str] | None = None,
    ) -> tuple[SlashWhatIf, ...]:
        """What slashes would do to everybody in the set, or to some attesters.

        Args:
            units: of each slash, 1 to 3: the small, medium or large amount of the attester's rollup.
            amount_wei: of each slash, in place of units.
            slashes: how many each attester gets.
            attesters: whom, one address or several; None for everybody in the set.

        Raises:
            InputError: no such units, amount or number, or what is no address; nothing was asked.
            NotFoundError: nobody has staked on one of them, or no votes decide about slashes on its rollup.
            NodeError: the node failed.
        """
        if amount_wei is None and units not in UNITS:
            raise InputError("a slash is of one to three units", units=units)
        if amount_wei is not None and not isinstance(amount_wei, int):
            raise InputError("an amount in wei is a whole number", amount_wei=amount_wei)
        given = [attesters] if isinstance(attesters, str) else attesters
        whom = None if given is None else [parse_address(each) for each in given]
        addresses = [state.rollup.address for state in self.snapshot.rollups]
        if amount_wei is not None:
            amounts = dict.fromkeys(addresses, amount_wei)
        else:
            slashers = {state.rollup.address: state.slasher for state in self.snapshot.rollups}
            proposers = fetch_proposers(self._multicall, slashers, self.snapshot.block)
            known = {rules.terms.proposer: rules for rules in self._fetch_rules(proposers.values())}
            amounts = {
                rollup: known[proposer].terms.amounts_wei[units - 1]
                for rollup, proposer in proposers.items()
                if proposer in known
            }
        return slash_what_if(self.snapshot.state, amounts, slashes, attesters=whom)

    # -- how it is read

    @cached_property
    def _contracts(self) -> dict[str, str]:
        return find_contracts(
            {"rollup", "slashing_proposer"},
            self.snapshot.deployment,
            multicall=self._multicall,
            block=self.snapshot.block,
            read_events=self._read_events,
        )

    @cached_property
    def _rules(self) -> tuple[SlashingRules, ...]:
        return self._fetch_rules(
            address for address, role in self._contracts.items() if role == "slashing_proposer"
        )

    def _fetch_rules(self, proposers: Iterable[str]) -> tuple[SlashingRules, ...]:
        return fetch_slashing_rules(
            self._multicall,
            sorted(set(proposers) - {ZERO_ADDRESS}),
            self.snapshot.deployment.rollups,
            self.snapshot.block,
        )

    @cached_property
    def _told(self) -> _Told:
        kinds = select_events([_VOTE, _EXECUTED, _SLASHED])
        tables = self._read_events(kinds, self._contracts)
        votes: dict[_Round, list[tuple[int, str, Position]]] = defaultdict(list)
        for event in _in_order(tables[_VOTE], _VOTE):
            votes[event.position.address, event.round].append((event.slot, event.proposer, event.position))
        slashed: dict[str, int] = defaultdict(int)
        for event in _in_order(tables[_SLASHED], _SLASHED):
            slashed[event.position.transaction_hash] += event.amount_wei
        return _Told(
            votes=votes,
            executed={
                (event.position.address, event.round): (event.slash_count, event.position)
                for event in _in_order(tables[_EXECUTED], _EXECUTED)
            },
            slashed_wei=slashed,
        )

    def _read_events(self, kinds: tuple[EventKind, ...], contracts: Mapping[str, str]) -> Any:
        block, deployment = self.snapshot.block, self.snapshot.deployment
        span = Span(
            first_block=min(deployment.first_block, block.number),
            last_block=block.number,
            block=block,
            finalized_number=self._finalized_number,
        )
        progress = self._connection.progress
        tell = None if progress is None else lambda done, total: progress(done, total, "blocks of events")
        reader = EventReader(
            self._connection.rpc, self._connection.event_store(), canary=canary_of(deployment)
        )
        return reader.read(kinds, contracts, span, progress=tell)

    def _numbers(self, rules: SlashingRules) -> list[int]:
        known = {*self._told.votes, *self._told.executed}
        return sorted(number for proposer, number in known if proposer == rules.terms.proposer)

    def _fetch(self, rules: SlashingRules, numbers: Sequence[int]) -> dict[int, RoundReading]:
        readings = fetch_rounds(self._costly, rules, numbers, self.snapshot.block)
        for number, reading in readings.items():
            told = self._told.votes.get((rules.terms.proposer, number), ())
            if len(told) != len(reading.votes):
                raise missing_logs(
                    "a slashing round has more votes than events tell, or fewer",
                    round=number,
                    contract=len(reading.votes),
                    events=len(told),
                )
        return readings

    def _execution(self, key: _Round, times: Mapping[int, int]) -> Execution | None:
        if key not in self._told.executed:
            return None
        count, place = self._told.executed[key]
        return Execution(
            block_number=place.block_number,
            at=times[place.block_number],
            slashes=count,
            slashed_wei=self._told.slashed_wei.get(place.transaction_hash, 0),
        )

    def _readings(self, number: int, rollup_version: int | None) -> list[tuple[SlashingRules, RoundReading]]:
        """A round of every slasher that the rollup ever had, as far as it has votes there."""
        rollup = next(
            (
                state.rollup
                for state in self.snapshot.rollups
                if (state.is_canonical if rollup_version is None else state.rollup.version == rollup_version)
            ),
            None,
        )
        if rollup is None:
            raise NotFoundError(
                "there is no rollup of this version",
                rollup_version=rollup_version,
                known=", ".join(str(state.rollup.version) for state in self.snapshot.rollups),
            )
        slashers = [rules for rules in self._rules if rules.rollup.version == rollup.version]
        if not slashers:
            raise NotFoundError("no votes decide about slashes on this rollup", rollup_version=rollup.version)
        current = slashers[0].current_round(self.snapshot.block.timestamp)
        if not 0 <= number <= current:
            raise NotFoundError(
                "there is no such round yet",
                hint="each version of the rollup counts its own: name one, of those that `slashing rounds` tells",
                round=number,
                present_round=current,
                rollup_version=rollup.version,
            )
        found = []
        for rules in slashers:
            reading = self._fetch(rules, [number]).get(number)
            if reading is not None:
                found.append((rules, reading))
            elif (rules.terms.proposer, number) in self._told.votes:
                raise NotFoundError(
                    "the contract does not keep the votes of this round any more",
                    hint="ask at a block of its time, of an archive node",
                    round=number,
                    present_round=current,
                )
        return found


def _in_order(table: Any, record: str) -> list[Any]:
    """The events of a table in the order of the chain."""
    return sorted(
        to_records(table, record), key=lambda event: (event.position.block_number, event.position.log_index)
    )
