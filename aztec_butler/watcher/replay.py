"""What a watcher would have wanted of a stretch of history: through the same handlers, written nowhere, always the same."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

import attrs

from aztec_butler.archive.contracts import canary_of
from aztec_butler.clients import blocks
from aztec_butler.core.errors import InputError, NodeRefused
from aztec_butler.core.intents import Checkpoint, Intent
from aztec_butler.watcher.fact_reading import FactReader
from aztec_butler.watcher.final_reading import FinalReader
from aztec_butler.watcher.handlers import ALWAYS, intents_of, own_words
from aztec_butler.watcher.knowledge import watched_of
from aztec_butler.watcher.polling import fetch_block
from aztec_butler.watcher.running import OpenNetwork
from aztec_butler.watcher.settings import WatcherSettings

Progress = Callable[[int, int], None]
_STEP_EVENTS: Final = 20_000
_IN_FLIGHT: Final = 8


@attrs.frozen(kw_only=True)
class Wanted:
    """One thing that an event of history asks for.

    Args:
        block_number: of the event.
        event: its record's name.
        action: the kind of action.
        target: of it.
        mode: how much of it would be done without asking.
        summary: a sentence.
        id: of the intent.
    """

    block_number: int
    event: str
    action: str
    target: str
    mode: str
    summary: str
    id: str


def replay(
    network: OpenNetwork,
    settings: WatcherSettings,
    *,
    first_block: int,
    last_block: int,
    progress: Progress | None = None,
) -> Iterator[Wanted]:
    """Run history through the handlers. Nothing is written and nobody is told.

    Facts are those of the last block, so that the same range always gives the same answer.

    Args:
        network: connected.
        settings: what is ours, and what would be done.
        first_block: of the range.
        last_block: of the range; the node has to have its state.
        progress: told after each piece how many blocks are done, and of how many.

    Raises:
        InputError: no such range.
        NodeError: the node failed, or has forgotten the state or the logs.
    """
    if not 0 <= first_block <= last_block:
        raise InputError(
            "a range of blocks begins before it ends", first_block=first_block, last_block=last_block
        )
    end, _ = blocks.fetch_block(network.rpc, last_block)
    facts = FactReader(network, settings).read(end.hash)
    watched = watched_of(facts)
    words = own_words(facts, settings)
    reader = FinalReader(
        network.rpc,
        start_block=first_block,
        step_events=_STEP_EVENTS,
        in_flight=_IN_FLIGHT,
        canary=canary_of(facts.deployment),
        on_step=lambda _: None,
    )
    target = fetch_block(network.rpc, last_block)
    if target.hash != end.hash:
        raise NodeRefused("the nodes contradict each other about a block", retryable=True, block=last_block)
    for step in reader.steps(Checkpoint(), watched, target):
        for record in step.events.records(always=ALWAYS, words=words):
            for intent in intents_of(record, facts, settings):
                yield _row(intent, settings)
        if progress is not None:
            progress(step.last_block - first_block + 1, last_block - first_block + 1)


def _row(intent: Intent, settings: WatcherSettings) -> Wanted:
    return Wanted(
        block_number=intent.cause.block_number,
        event=intent.cause.name,
        action=intent.kind.value,
        target=intent.target,
        mode=settings.mode[intent.kind].value,
        summary=intent.summary,
        id=intent.id,
    )
