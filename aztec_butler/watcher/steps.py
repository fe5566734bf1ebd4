"""What the follower hands out: a stretch of the chain, what was logged in it, and how far the chain is read after it.

Whoever takes a step keeps all of it in one transaction before asking for the next::

    for step in follower.steps(checkpoint):
        entry of the journal: step.checkpoint, step.events.seen(), step.retracted_above
        handlers: step.events.records(always=..., words=...)

Logs stay columns of bytes until somebody wants one of them: most are about others' stake, and a record of each would
take longer than everything else together.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

import attrs

from aztec_butler.core.errors import InputError
from aztec_butler.core.event_kinds import EventKind, select_events
from aztec_butler.core.events import EventRecord, check_role, decode_log
from aztec_butler.core.events_fields import record_names
from aztec_butler.core.hexes import parse_address
from aztec_butler.core.intents import BlockRef, Checkpoint
from aztec_butler.core.logs import LogFilter, RawLog
from aztec_butler.store.journal_entry import Delivery, SeenEvents

if TYPE_CHECKING:
    from aztec_butler.core.columns_batch import Batch


@attrs.frozen(kw_only=True)
class WatchedContract:
    """A contract whose logs are read.

    Args:
        address: checksummed.
        role: of ``core.contracts``.
        first_block: no log of it lies before; where it came to be watched later than others, reading begins here.
        since: the block whose state made it one of ours, 0 where settings did: before that block is final, the contract
            is no part of what is final.
    """

    address: str
    role: str
    first_block: int = 0
    since: int = 0


@attrs.frozen(kw_only=True)
class WatchedLogs:
    """Which logs are read: the events of some kinds, of some contracts.

    Args:
        contracts: each once.
        kinds: of events; a contract emits those of its role.
    """

    contracts: tuple[WatchedContract, ...]
    kinds: tuple[EventKind, ...]

    def __attrs_post_init__(self) -> None:
        if not self.contracts or not self.kinds:
            raise InputError("there is nothing to watch: no contract, or no kind of event")
        addresses = [contract.address for contract in self.contracts]
        if len(set(addresses)) < len(addresses):
            raise InputError("a contract is to be watched twice", addresses=", ".join(sorted(addresses)))
        idle = set(self.roles.values()) - {kind.role for kind in self.kinds}
        if idle:
            raise InputError(
                "a contract is to be watched for no kind of event", roles=", ".join(sorted(idle))
            )

    @property
    def addresses(self) -> tuple[str, ...]:
        """Of the contracts, sorted."""
        return tuple(sorted(contract.address for contract in self.contracts))

    @property
    def roles(self) -> dict[str, str]:
        """The role of each address."""
        return {contract.address: contract.role for contract in self.contracts}

    @property
    def topics(self) -> dict[bytes, set[bytes]]:
        """The first topics of each contract's events, by its address as bytes."""
        return topics_of([kind.record for kind in self.kinds], self.roles)

    def filter(self, addresses: Collection[str] | None = None) -> LogFilter:
        """What a node is asked for: somewhat more, because it does not know which contract emits what.

        Args:
            addresses: of some of the contracts; None for all.
        """
        roles = {role for address, role in self.roles.items() if addresses is None or address in addresses}
        topics = sorted({kind.topic0 for kind in self.kinds if kind.role in roles})
        return LogFilter.of(self.addresses if addresses is None else list(addresses), [topics])


@attrs.frozen(kw_only=True, eq=False)
class EventRows:
    """Logs of watched contracts, as columns.

    Args:
        batches: one or more for each number of topics, each in the order of the chain. Every log has a timestamp.
        roles: of the contracts, by checksummed address.
    """

    batches: tuple[Batch, ...] = ()
    roles: Mapping[str, str] = attrs.field(factory=dict)

    def __len__(self) -> int:
        return sum(len(batch) for batch in self.batches)

    def seen(self) -> SeenEvents:
        """All of them, in the order of the chain, as a journal takes them."""
        if not self.batches:
            return SeenEvents()
        from aztec_butler.core.columns_rows import lists_of  # numpy is loaded when there are logs

        return SeenEvents(**lists_of(self.batches, _names(self.roles)))

    def records(
        self, *, always: Collection[str] | None = None, words: Collection[bytes] = ()
    ) -> list[EventRecord]:
        """Those that may matter, decoded, in the order of the chain.

        Args:
            always: names of records of which all are wanted; None for those of every kind.
            words: 32 bytes each. Of other kinds those logs are decoded in which one of these stands somewhere, as an
                indexed or another argument. That is a sieve and no judgement: a number may be there by chance.

        Raises:
            DecodeError: a log does not fit its event's line.
        """
        from aztec_butler.core.columns_rows import sifted

        topics = None if always is None else topics_of(always, self.roles)
        logs = [log for batch in self.batches for log in sifted(batch, topics, words).raw_logs()]
        logs.sort(key=lambda log: (log.block_number, log.log_index))
        return [record_of_log(log, self.roles) for log in logs]


@attrs.frozen(kw_only=True, eq=False)
class Step:
    """A stretch of the chain.

    A step of ``NOTICED`` with ``retracted_above`` first takes back every noticed event in a block above that one. A step
    of ``FINAL`` makes its events final, and takes back every event that was noticed in its blocks and is not among them.
    An event may come that is known already, or that was taken back before: block hash and log index tell.

    Args:
        delivery: how sure it is.
        first_block: of the stretch.
        last_block: of the stretch; one before the first where nothing but a retraction is told.
        checkpoint: how far the chain is read with this step. Its window changes at its ends only.
        events: of the stretch.
        retracted_above: the last block that two chains have in common; None where no other chain showed.
        reorg_depth: how many blocks were left behind; None as above.
        contracts: the only ones of which the stretch tells: they came to be watched when it had been read already, so
            it may lie far back, and says nothing about what was noticed of others. None for all that are watched.
    """

    delivery: Delivery
    first_block: int
    last_block: int
    checkpoint: Checkpoint
    events: EventRows = attrs.field(factory=EventRows)
    retracted_above: BlockRef | None = None
    reorg_depth: int | None = None
    contracts: tuple[str, ...] | None = None


def events_of(logs: Sequence[RawLog], watched: WatchedLogs) -> EventRows:
    """Those of the kinds that are watched of their contract.

    Args:
        logs: with times.
        watched: which logs are read.
    """
    if not logs:
        return EventRows(roles=watched.roles)
    from aztec_butler.core.columns_batch import batches_of

    return watched_events(batches_of(logs), watched)


def watched_events(batches: Iterable[Batch], watched: WatchedLogs) -> EventRows:
    """As ``events_of``, of logs that are columns already."""
    from aztec_butler.core.columns_rows import sifted

    kept = [sifted(batch, watched.topics, ()) for batch in batches]
    return EventRows(batches=tuple(batch for batch in kept if len(batch)), roles=watched.roles)


def topics_of(names: Collection[str], roles: Mapping[str, str]) -> dict[bytes, set[bytes]]:
    """The first topics of events, by the addresses of those who emit them, as bytes.

    Args:
        names: of records.
        roles: of contracts by address.
    """
    known = record_names()
    unknown = set(names) - set(known)
    if unknown:
        raise InputError("there is no such event", names=", ".join(sorted(unknown)))
    return {
        bytes.fromhex(address[2:]): {known[name][1].topic0 for name in names if known[name][0] == role}
        for address, role in roles.items()
    }


def _names(roles: Mapping[str, str]) -> dict[bytes, str]:
    """Of records, by address and first topic."""
    return {
        bytes.fromhex(address[2:]) + event.topic0: name
        for address, role in roles.items()
        for name, (its_role, event) in record_names().items()
        if its_role == role
    }


def record_of_log(log: RawLog, roles: Mapping[str, str]) -> EventRecord:
    """A log as the record of its event.

    Args:
        log: of a contract that is, or was, watched.
        roles: by checksummed address.

    Raises:
        DecodeError: it does not fit its event's line, or is of a contract without a role.
    """
    record = decode_log(log, roles)
    assert isinstance(record, EventRecord)  # strict
    return record


def watched_logs(contracts: Iterable[WatchedContract], names: Collection[str]) -> WatchedLogs:
    """What is watched, from the names of records that somebody wants.

    Args:
        contracts: whose logs are read; their addresses may be of any case.
        names: of records, as ``RollupDeposit``, or what ``event_kinds.select_events`` takes. Those of roles that no
            contract has are left out, and so are contracts without any.

    Raises:
        InputError: an address is none, a role or a name is unknown, or nothing is left to watch.
    """
    known = tuple(attrs.evolve(each, address=parse_address(each.address)) for each in contracts)
    for each in known:
        check_role(each.role)
    roles = {each.role for each in known}
    kinds = tuple(kind for kind in select_events(names) if kind.role in roles)
    emitting = {kind.role for kind in kinds}
    return WatchedLogs(contracts=tuple(each for each in known if each.role in emitting), kinds=kinds)
