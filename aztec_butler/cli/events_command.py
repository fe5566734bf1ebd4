"""The command that reads events."""

import json
from typing import Annotated

from aztec_butler.cli.answer import Answer
from aztec_butler.cli.command import command
from aztec_butler.cli.session import Session, connection, pinned
from aztec_butler.core.errors import InputError

Block = int | str


def parse_names(text: str) -> tuple[str, ...]:
    """Names of events between commas."""
    return tuple(part.strip() for part in text.split(",") if part.strip())


def parse_contracts(text: str) -> dict[str, str]:
    """Contracts and their roles: ``ADDRESS=ROLE`` between commas."""
    found = {}
    for part in filter(None, map(str.strip, text.split(","))):
        address, given, role = part.partition("=")
        if not given:
            raise InputError("a contract is given as ADDRESS=ROLE", value=part)
        found[address] = role
    return found


@command(connection, pinned)
def events(  # noqa: D417 - what groups of options give is not the caller's
    session: Session,
    block: Block,
    *names: Annotated[tuple[str, ...], parse_names, "NAMES"],
    from_: Annotated[str, str, "WHEN"] | None = None,
    to: Annotated[str, str, "WHEN"] | None = None,
    contracts: Annotated[dict[str, str], parse_contracts, "ADDRESS=ROLE,..."] | None = None,
) -> Answer:
    """Decoded events of every version of the contracts, in the order of the chain.

    A name is an event's in Solidity (Slashed, Deposit: of every contract that has one), a record's (RollupDeposit: of the
    rollups alone), or staking, which stands for all that matter for stake and is meant when nothing is named.

    WHEN is a block (number, hash, latest, finalized), a date or time in UTC (2026-06-01, 2026-06-01T12:30), or a
    distance (7d, 12h, 30m): of --from back from the end, of --to forward from the beginning.

    Final events are kept on this machine, and read from there the next time; see `aztec-butler cache show`.

    Args:
        names: events, with spaces or commas between them.
        from_: begin with this block, or with the first one at or after this time; by default where the network began.
        to: end with this block, or with the last one at or before this time; by default with --block.
        contracts: contracts that nothing leads to from the Registry, and their roles.

    Examples:
        aztec-butler events
        aztec-butler events Slashed --from 7d
        aztec-butler events Deposit,StakedWithProvider --from 2026-06-01 --to 7d --format csv --output june.csv
        aztec-butler events staking --block finalized --format parquet --output events.parquet
    """
    from aztec_butler.core.records import BlockStamp
    from aztec_butler.network.events import EventQuestion

    wanted = [name for group in names for name in group] or "staking"
    EventQuestion.of(wanted, from_, to, contracts)  # a mistake is told before anything is connected
    with session.connect(block) as network:
        table = network.events(wanted, from_, to, arrow=True, contracts=contracts)
    facts = json.loads(table.schema.metadata[b"aztec_butler"])
    return Answer(
        table=table,
        stamp=BlockStamp(
            number=facts["block"],
            hash=facts["block_hash"],
            timestamp=facts["block_timestamp"],
            is_finalized=facts["finalized"],
        ),
        facts={name: facts[name] for name in ("network", "chain_id", "first_block", "last_block", "events")},
    )
