"""How a network's events are read: names to kinds, times to blocks, addresses to contracts, logs to one table."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import attrs

from aztec_butler.archive.contracts import FINDABLE, canary_of, find_contracts
from aztec_butler.archive.reader import EventReader, Span
from aztec_butler.archive.union import union_table
from aztec_butler.clients.block_range import fetch_range
from aztec_butler.core.errors import SettingsError
from aztec_butler.core.event_kinds import EventKind, select_events
from aztec_butler.core.events import check_role
from aztec_butler.core.hexes import parse_address
from aztec_butler.core.moments import Moment, check_ends, parse_moment

if TYPE_CHECKING:
    import pyarrow as pa

    from aztec_butler.clients.snapshot import Snapshot
    from aztec_butler.network.connection import Connection

_CONFIGURED = {"staking_registry": "staking_registry", "pull_split_factory": "staking_registry"}
"""Roles that a network can do without, and the setting that leads to them."""


@attrs.frozen(kw_only=True)
class EventQuestion:
    """What was asked for, understood before anything is asked of a node.

    Args:
        kinds: of events.
        first: where the range begins; None for the network's first block.
        last: where it ends; None for the network's block.
        contracts: more contracts than the network leads to, as role by address.
    """

    kinds: tuple[EventKind, ...]
    first: Moment | None
    last: Moment | None
    contracts: Mapping[str, str]

    @classmethod
    def of(
        cls,
        names: str | Sequence[str],
        first_block: object,
        last_block: object,
        contracts: Mapping[str, str] | None,
    ) -> EventQuestion:
        """A question from what people write.

        Raises:
            InputError: it cannot be understood.
        """
        given = {parse_address(address): role for address, role in (contracts or {}).items()}
        for role in given.values():
            check_role(role)
        first, last = (None if each is None else parse_moment(each) for each in (first_block, last_block))
        check_ends(first, last)
        kinds = select_events(names, roles={*FINDABLE, *given.values()})
        return cls(kinds=kinds, first=first, last=last, contracts=given)


@attrs.frozen(kw_only=True, eq=False)
class FoundEvents:
    """The answer.

    Args:
        table: of ``archive.union``.
        first_block: of the range.
        last_block: of the range.
    """

    table: pa.Table
    first_block: int
    last_block: int


def read_events(
    connection: Connection, snapshot: Snapshot, finalized_number: int, question: EventQuestion
) -> FoundEvents:
    """The events of a range of blocks, up to a snapshot's block.

    Raises:
        InputError: the range ends before it begins.
        SettingsError: only a contract that the network was connected without emits them.
        NotFoundError: the range reaches behind the block.
        NodeError: the node failed.
    """
    block, deployment = snapshot.block, snapshot.deployment
    rpc, progress = connection.rpc, connection.progress
    first_block, last_block = fetch_range(
        rpc, question.first, question.last, earliest=deployment.first_block, head=block
    )
    reader = EventReader(rpc, connection.event_store(), canary=canary_of(deployment))

    def read(kinds: Sequence[EventKind], contracts: Mapping[str, str], first: int, last: int) -> Any:
        span = Span(first_block=first, last_block=last, block=block, finalized_number=finalized_number)
        tell = None if progress is None else lambda done, total: progress(done, total, "blocks of events")
        return reader.read(kinds, contracts, span, progress=tell)

    roles = {kind.role for kind in question.kinds}
    contracts = find_contracts(
        roles,
        deployment,
        multicall=connection.multicall,
        block=block,
        read_events=lambda kinds, fixed: read(
            kinds, fixed, min(deployment.first_block, block.number), block.number
        ),
    )
    contracts |= question.contracts
    check_configured(roles, contracts.values())
    tables = read(question.kinds, contracts, first_block, last_block)
    return FoundEvents(
        table=union_table(question.kinds, tables), first_block=first_block, last_block=last_block
    )


def check_configured(roles: Collection[str], found: Collection[str]) -> None:
    """Refuse a question about nothing but contracts whose address nobody told.

    Args:
        roles: that are asked about.
        found: roles of contracts whose addresses are known.

    Raises:
        SettingsError: it is one.
    """
    unknown = [role for role in roles if role in _CONFIGURED and role not in found]
    if unknown and not set(roles) - set(unknown):
        raise SettingsError(
            "this network was connected without the contract that emits these events",
            hint=f'connect(..., {_CONFIGURED[unknown[0]]}="0x...")',
            contract=unknown[0],
        )
