"""What is told when the rules change that all stake lives by: the canonical rollup, its queue, its thresholds."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from aztec_butler.core.intents import Intent, Severity
from aztec_butler.core.lifecycle import Lifecycle
from aztec_butler.watcher.facts import Facts
from aztec_butler.watcher.notices import aztec, moment, notice, rollup_name
from aztec_butler.watcher.settings import WatcherSettings


def canonical_changed(record: Any, facts: Facts, settings: WatcherSettings) -> Iterator[Intent]:
    """Another rollup is canonical."""
    ours = sum(each.lifecycle is Lifecycle.VALIDATING for each in facts.attesters.values())
    yield notice(
        record,
        facts,
        settings,
        target=f"rollup:{record.instance}",
        severity=Severity.CRITICAL,
        title="The canonical rollup changed",
        text=f"Rollup version {record.version} ({record.instance}) is canonical now. Stake that was deposited to move follows"
        f" it; other stake stays where it is. {ours} of our attesters are in a validator set: check that the node runs a"
        " version that follows the new rollup.",
        version=record.version,
        rollup=record.instance,
    )


def queue_changed(record: Any, facts: Facts, settings: WatcherSettings) -> Iterator[Intent]:
    """An entry queue is emptied at another pace."""
    config = record.config
    pace = (
        f"one attester an epoch for every {config.normal_flush_size_quotient} in the set, at least"
        f" {config.normal_flush_size_min} and at most {config.max_queue_flush_size}"
    )
    if config.bootstrap_validator_set_size:
        pace += f"; until {config.bootstrap_validator_set_size} are in the set, {config.bootstrap_flush_size} an epoch"
    waiting = sum(each.lifecycle is Lifecycle.ENTRY_QUEUED for each in facts.attesters.values())
    yield notice(
        record,
        facts,
        settings,
        target=f"rollup:{record.position.address}",
        severity=Severity.WARNING,
        title="The entry queue has another pace",
        text=f"The entry queue of {_rollup(record, facts)} lets in {pace}. {waiting} of our attesters wait in a queue, and"
        " the times of their activation are others now.",
        **config._asdict(),
    )


def ejection_changed(record: Any, facts: Facts, settings: WatcherSettings) -> Iterator[Intent]:
    """A rollup puts attesters out at another stake."""
    yield notice(
        record,
        facts,
        settings,
        target=f"rollup:{record.position.address}",
        severity=Severity.WARNING,
        title="The ejection threshold changed",
        text=f"On {_rollup(record, facts)} a slash puts an attester out that it leaves with less than"
        f" {aztec(record.new_local_ejection_threshold_wei)}; before it was"
        f" {aztec(record.old_local_ejection_threshold_wei)}.",
        old_wei=record.old_local_ejection_threshold_wei,
        new_wei=record.new_local_ejection_threshold_wei,
    )


def slasher_changed(record: Any, facts: Facts, settings: WatcherSettings) -> Iterator[Intent]:
    """A rollup has another slasher."""
    yield notice(
        record,
        facts,
        settings,
        target=f"rollup:{record.position.address}",
        severity=Severity.WARNING,
        title="The slasher changed",
        text=f"{record.new_slasher} slashes on {_rollup(record, facts)} now, in the place of {record.old_slasher}.",
        old_slasher=record.old_slasher,
        new_slasher=record.new_slasher,
    )


def slasher_queued(record: Any, facts: Facts, settings: WatcherSettings) -> Iterator[Intent]:
    """A rollup will have another slasher."""
    yield notice(
        record,
        facts,
        settings,
        target=f"rollup:{record.position.address}",
        severity=Severity.WARNING,
        title="The slasher will change",
        text=f"{record.slasher} may take over slashing on {_rollup(record, facts)} from {moment(record.ready_at)} on.",
        slasher=record.slasher,
        ready_at=record.ready_at,
    )


def _rollup(record: Any, facts: Facts) -> str:
    return rollup_name(record.position.address, facts)
