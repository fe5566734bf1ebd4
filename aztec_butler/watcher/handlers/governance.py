"""What is told about Governance: what is proposed, carried out, dropped, and under which rules."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from aztec_butler.core.intents import Intent, Severity
from aztec_butler.watcher.facts import Facts
from aztec_butler.watcher.notices import notice
from aztec_butler.watcher.settings import WatcherSettings


def proposed(record: Any, facts: Facts, settings: WatcherSettings) -> Iterator[Intent]:
    """A proposal was made."""
    yield notice(
        record,
        facts,
        settings,
        target=f"proposal:{record.proposal_id}",
        severity=Severity.WARNING,
        title="Governance proposal made",
        text=f"Proposal {record.proposal_id} of Governance asks to carry out the payload {record.proposal}. It will be open"
        " for votes after the delay for it.",
        proposal_id=record.proposal_id,
        payload=record.proposal,
    )


def executed(record: Any, facts: Facts, settings: WatcherSettings) -> Iterator[Intent]:
    """A proposal was carried out."""
    yield notice(
        record,
        facts,
        settings,
        target=f"proposal:{record.proposal_id}",
        severity=Severity.WARNING,
        title="Governance proposal carried out",
        text=f"Proposal {record.proposal_id} of Governance was carried out: what it changes holds from this block on.",
        proposal_id=record.proposal_id,
    )


def dropped(record: Any, facts: Facts, settings: WatcherSettings) -> Iterator[Intent]:
    """A proposal was dropped."""
    yield notice(
        record,
        facts,
        settings,
        target=f"proposal:{record.proposal_id}",
        title="Governance proposal dropped",
        text=f"Proposal {record.proposal_id} of Governance was dropped, and will never be carried out.",
        proposal_id=record.proposal_id,
    )


def submittable(record: Any, facts: Facts, settings: WatcherSettings) -> Iterator[Intent]:
    """Proposers signalled enough for a payload."""
    yield notice(
        record,
        facts,
        settings,
        target=f"payload:{record.payload}",
        title="A payload has enough signals",
        text=f"Enough proposers signalled in round {record.round} for the payload {record.payload}: anybody can make it a"
        " proposal of Governance once the round is over.",
        payload=record.payload,
        round=record.round,
    )


def configuration_changed(record: Any, facts: Facts, settings: WatcherSettings) -> Iterator[Intent]:
    """Governance goes by other delays and quorums."""
    yield notice(
        record,
        facts,
        settings,
        target=f"governance:{record.position.address}",
        severity=Severity.WARNING,
        title="Governance has other rules",
        text="The delays, quorums and amounts of Governance changed. Exits that begin from now on wait for its new delays.",
    )


def proposer_changed(record: Any, facts: Facts, settings: WatcherSettings) -> Iterator[Intent]:
    """Somebody else makes proposals."""
    yield notice(
        record,
        facts,
        settings,
        target=f"governance:{record.position.address}",
        severity=Severity.WARNING,
        title="Governance has another proposer",
        text=f"{record.governance_proposer} makes the proposals of Governance now; those of the one before can be dropped.",
        governance_proposer=record.governance_proposer,
    )
