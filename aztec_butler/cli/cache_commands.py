"""The commands around the events that are kept on this machine. They ask no node."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import attrs

from aztec_butler.cli.answer import Answer
from aztec_butler.cli.command import command
from aztec_butler.cli.session import Session, connection
from aztec_butler.core.errors import CheckFailed, SettingsError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aztec_butler.store.events import EventStore
    from aztec_butler.store.events_datasets import KeptEvents


@attrs.frozen(kw_only=True)
class FoundProblem:
    """Something in the store that should not be, as ``cache verify`` prints it."""

    chain_id: int
    kind: str
    event: str | None
    first_block: int | None
    last_block: int | None
    reason: str
    path: str


def _root(session: Session) -> str | Path:
    """Where events are kept.

    Raises:
        SettingsError: nowhere.
    """
    from aztec_butler.store.settings_files import event_store_root

    root = event_store_root(session.settings.event_store)
    if root is None:
        raise SettingsError(
            "events are kept nowhere", hint="--event-store PLACE, or AZTEC_BUTLER_EVENT_STORE=PLACE"
        )
    return root


def _stores(session: Session) -> "list[EventStore]":
    from aztec_butler.store.events_datasets import stores

    return stores(_root(session))


def _counted(kept: "Sequence[KeptEvents]") -> str:
    return f"{sum(each.rows for each in kept):,} rows of {len(kept)} kinds of events"


@command(connection)
def show(session: Session) -> Answer:
    """The events that are kept on this machine: of which blocks, how many, and how much room they take.

    Examples:
        aztec-butler cache show
        aztec-butler cache show --format json
    """
    from aztec_butler.core.setting_values import redact_place
    from aztec_butler.store.events_datasets import KeptEvents, kept_events

    root = _root(session)
    rows = tuple(row for store in _stores(session) for row in kept_events(root, store))
    total = sum(row.bytes for row in rows)
    place = redact_place(str(root))
    return Answer(
        rows=rows,
        row_type=KeptEvents,
        facts={"place": place, "bytes": total},
        essential=("event", "first_block", "last_block", "rows", "chain_id"),
        notes=(f"{_counted(rows)} in {total / 1e6:,.1f} MB at {place}",),
    )


@command(connection)
def verify(session: Session, *, repair: bool = False) -> Answer:  # noqa: D417 - groups give the session
    """Read everything that is kept, and tell what is not as it was written; exit code 5 if there is any.

    What is damaged is never served: its blocks are read from a node again when they are asked for.

    Args:
        repair: forget what is damaged, and remove files that nobody needs.

    Examples:
        aztec-butler cache verify
        aztec-butler cache verify --repair
    """
    rows = tuple(
        FoundProblem(
            chain_id=store.chain_id,
            kind=problem.kind,
            event=problem.event,
            first_block=problem.first_block,
            last_block=problem.last_block,
            reason=problem.reason,
            path=problem.path,
        )
        for store in _stores(session)
        for problem in (store.repair() if repair else store.verify())
    )
    bad = sum(row.kind != "leftover" for row in rows)
    failure = CheckFailed(
        "kept events are not as they were written",
        hint=None if repair else "aztec-butler cache verify --repair",
        problems=bad,
    )
    return Answer(
        rows=rows,
        row_type=FoundProblem,
        essential=("kind", "event", "first_block", "last_block", "reason"),
        notes=() if rows else ("everything is as it was written",),
        failure=failure if bad else None,
    )


def _network(text: str) -> str:
    """A network's name."""
    from aztec_butler.core.setting_values import read_network

    return read_network(text)


@command(connection)
def clear(  # noqa: D417 - groups give the session
    session: Session, name: Annotated[str, _network, "NETWORK"]
) -> Answer:
    """Forget the events of a network; they are read from a node again when they are asked for.

    Args:
        name: mainnet, testnet or devnet.

    Examples:
        aztec-butler cache clear devnet
    """
    from aztec_butler.core.networks import PRESETS
    from aztec_butler.store.events_datasets import KeptEvents, kept_events

    root = _root(session)
    gone: list[KeptEvents] = []
    for store in _stores(session):
        if store.chain_id == PRESETS[name].chain_id:
            gone += kept_events(root, store)
            store.clear()
    return Answer(
        rows=tuple(gone),
        row_type=KeptEvents,
        facts={"cleared": name},
        essential=("event", "first_block", "last_block", "rows", "chain_id"),
        notes=(f"no longer kept of {name}: {_counted(gone)}",),
    )
