"""One run for cron: catch up, carry out what is due, and say by the exit code what is left."""

from __future__ import annotations

import time
from collections.abc import Callable

from structlog.typing import FilteringBoundLogger

from aztec_butler.core.errors import ApprovalPending, CheckFailed, NodeError, NodeRefused
from aztec_butler.core.intents import IntentState
from aztec_butler.store.journal_rows import IntentRow
from aztec_butler.watcher.actor import Actor
from aztec_butler.watcher.running import Connecting, Running
from aztec_butler.watcher.settings import WatcherSettings
from aztec_butler.watcher.watcher import Watcher


def watch_once(
    settings: WatcherSettings,
    connecting: Connecting,
    log: FilteringBoundLogger,
    *,
    clock: Callable[[], float] = time.time,
    on_step: Callable[[str], None] = lambda _: None,
) -> None:
    """Read up to the head, look at what holds, and carry out everything that is due.

    Args:
        settings: the watcher's.
        connecting: opens the network.
        log: what happens.
        clock: Unix seconds.
        on_step: told of named moments.

    Raises:
        CheckFailed: actions were given up; somebody has to look.
        NodeError: an attempt failed and will be made again by a later run.
        ApprovalPending: actions wait for approval.
        LockHeld: another watcher runs.
        ButlerError: the chain could not be read; what was read stays.
    """
    with Running.open(settings, connecting, log, clock=clock, on_step=on_step) as running:
        given_up = {row.id for row in running.journal.intents(states=[IntentState.DEAD])}
        running.watcher.turn()
        is_at_head = running.watcher.is_at_head
        with running.open_actor() as actor:
            actor.recover()
            _carry_out(running.watcher, actor)
            running.watcher.look()
            _carry_out(running.watcher, actor)
        rows = running.journal.intents()
    if not is_at_head:
        raise NodeRefused(
            "the nodes contradict what was read before, so that the head of the chain was not reached",
            hint="one of several endpoints may lag behind; the next run reads on",
            retryable=True,
        )
    # Those of earlier runs were told then, and wait for somebody; those of this one are news.
    _raise(
        "an action was given up",
        [row for row in rows if row.state is IntentState.DEAD and row.id not in given_up],
        CheckFailed,
    )
    _raise(
        "an attempt at an action failed and will be made again",
        [row for row in rows if row.state is IntentState.READY and row.failures],
        NodeError,
    )
    _raise(
        "actions wait for approval",
        [row for row in rows if row.state is IntentState.WAITING],
        ApprovalPending,
        hint="aztec-butler actions list",
    )


def _carry_out(watcher: Watcher, actor: Actor) -> None:
    """Everything that is due, and what that leads to: a notice of a failure is due at once."""
    while actor.turn() or watcher.tell_failures():
        pass


def _raise(
    sentence: str, rows: list[IntentRow], error: Callable[..., Exception], hint: str | None = None
) -> None:
    if not rows:
        return
    names = "; ".join(f"{row.id[:8]} {row.intent.kind.value} {row.intent.target}" for row in rows[:10])
    more = {} if len(rows) <= 10 else {"and_more": len(rows) - 10}
    raise error(sentence, hint=hint or "aztec-butler actions show ID tells why", actions=names, **more)
