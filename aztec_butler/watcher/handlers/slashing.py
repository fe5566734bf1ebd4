"""What is told about rounds of slashing votes. A slash of one of ours is an event of the rollup: see ``stake``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from aztec_butler.core.intents import Intent, Severity
from aztec_butler.watcher.facts import Facts
from aztec_butler.watcher.notices import moment, notice
from aztec_butler.watcher.settings import WatcherSettings


def round_executed(record: Any, facts: Facts, settings: WatcherSettings) -> Iterator[Intent]:
    """A round of votes was carried out; one that slashed nobody is no news."""
    if not record.slash_count:
        return
    yield notice(
        record,
        facts,
        settings,
        target=f"slashing-round:{record.position.address}/{record.round}",
        title="Slashing round carried out",
        text=f"Slashing round {record.round} of {record.position.address} was carried out, with {record.slash_count}"
        f" {'slash' if record.slash_count == 1 else 'slashes'}. Those of our attesters are told one by one.",
        round=record.round,
        slashes=record.slash_count,
    )


def vetoed(record: Any, facts: Facts, settings: WatcherSettings) -> Iterator[Intent]:
    """The vetoer forbade a payload of slashes."""
    yield notice(
        record,
        facts,
        settings,
        target=f"payload:{record.payload}",
        title="Slashes vetoed",
        text=f"The vetoer forbade the slashes of the payload {record.payload}: its round cannot be carried out.",
        payload=record.payload,
    )


def paused(record: Any, facts: Facts, settings: WatcherSettings) -> Iterator[Intent]:
    """The vetoer paused slashing, or let it go on."""
    until = record.disabled_until
    now_at = record.position.block_timestamp or facts.block.timestamp
    text = (
        f"Slashing by {record.position.address} is paused until {moment(until)}."
        if until > now_at
        else f"Slashing by {record.position.address} is not paused any more."
    )
    yield notice(
        record,
        facts,
        settings,
        target=f"slasher:{record.position.address}",
        severity=Severity.WARNING,
        title="Slashing paused" if until > now_at else "Slashing goes on",
        text=text,
        disabled_until=until,
    )
