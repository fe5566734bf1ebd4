"""The command that fills an event store, here or on a cluster."""

from typing import Annotated

import attrs

from aztec_butler.cli.answer import Answer
from aztec_butler.cli.command import command
from aztec_butler.cli.events_command import parse_contracts, parse_names
from aztec_butler.cli.session import Session, connection, pinned
from aztec_butler.core.errors import SettingsError

Block = int | str


@attrs.frozen(kw_only=True)
class ExtractedEvent:
    """What ``extract`` fetched of one event."""

    event: str
    rows: int


@command(connection, pinned)
def extract(  # noqa: D417 - what groups of options give is not the caller's
    session: Session,
    block: Block,
    *names: Annotated[tuple[str, ...], parse_names, "NAMES"],
    from_: Annotated[str, str, "WHEN"] | None = None,
    to: Annotated[str, str, "WHEN"] | None = None,
    contracts: Annotated[dict[str, str], parse_contracts, "ADDRESS=ROLE,..."] | None = None,
    scheduler: Annotated[str, str, "ADDRESS"] | None = None,
) -> Answer:
    """Fetch final events into the event store, and show nothing of them: alone, or with the workers of a Dask cluster.

    What is there already is not asked for again; a run that was stopped goes on when it is repeated. NAMES and WHEN are those
    of `aztec-butler events`. On a cluster the store has to be a place that its workers reach by the same name: a folder
    that all of them mount, or an address like s3://bucket/aztec.

    Args:
        names: events, with spaces or commas between them; by default all that matter for stake.
        from_: begin with this block, or with the first one at or after this time; by default where the network began.
        to: end with this block, or with the last one at or before this time; by default with the last final one.
        contracts: contracts that nothing leads to from the Registry, and their roles.
        scheduler: where a Dask scheduler listens, like tcp://10.0.0.1:8786; by default this process works alone.

    Examples:
        aztec-butler extract --event-store /data/aztec
        aztec-butler extract Slashed,Deposit --from 2026-06-01 --to 30d --event-store /data/aztec
        aztec-butler extract --event-store s3://bucket/aztec --scheduler tcp://10.0.0.1:8786 --requests-per-second 100
    """
    from aztec_butler.network.events import EventQuestion
    from aztec_butler.network.extraction import extract as fetch
    from aztec_butler.store.settings_files import event_store_root

    wanted = [name for group in names for name in group] or "staking"
    EventQuestion.of(wanted, from_, to, contracts)  # a mistake is told before anything is connected
    place = event_store_root(session.settings.event_store)
    if place is None:
        raise SettingsError(
            "events are kept nowhere", hint="--event-store PLACE, or AZTEC_BUTLER_EVENT_STORE=PLACE"
        )
    with session.connect(block) as network:
        if scheduler is None:
            done = fetch(network, wanted, from_, to, place, contracts=contracts)
        else:
            from aztec_butler.archive.cluster import open_client

            with open_client(scheduler) as client:
                done = fetch(network, wanted, from_, to, place, client=client, contracts=contracts)
    rows = tuple(ExtractedEvent(event=event, rows=count) for event, count in done.rows.items())
    told = f"{sum(done.rows.values()):,} rows fetched in {done.seconds:,.1f} s"
    return Answer(
        rows=rows,
        row_type=ExtractedEvent,
        facts={
            "first_block": done.first_block,
            "last_block": done.last_block,
            "files": done.files,
            "seconds": round(done.seconds, 3),
        },
        notes=(f"{told}; all of blocks {done.first_block} to {done.last_block} is kept",),
    )
