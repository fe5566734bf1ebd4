"""What a watcher shows to Prometheus: how far it is, what waits, what was done."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from aztec_butler.core.intents import ActionKind, IntentState
from aztec_butler.serving.exposition import Samples
from aztec_butler.serving.metric import Metric, MetricKind
from aztec_butler.watcher.watcher import View

HEAD: Final = Metric(name="chain_head_block", help="The newest block whose events the watcher noticed.")
CHECKPOINT: Final = Metric(
    name="checkpoint_block", help="The last final block whose events the watcher acted upon."
)
LAG: Final = Metric(
    name="checkpoint_lag_blocks", help="Blocks from the last final one that was read to the newest one."
)
REACHED: Final = Metric(
    name="watcher_last_success_timestamp_seconds", help="When the watcher last read up to the head."
)
POLLS: Final = Metric(
    name="watcher_polls_total", kind=MetricKind.COUNTER, help="Times the watcher read up to the head."
)
SUCCESS: Final = Metric(
    name="watcher_success",
    help="1 when the last turn of the watcher went through, 0 when a node or a file failed it.",
)
EVENTS: Final = Metric(
    name="watcher_events_total",
    kind=MetricKind.COUNTER,
    labels=("delivery",),
    help="Events that were new to the journal, by whether they were noticed or final then.",
)
VANISHED: Final = Metric(
    name="watcher_vanished_events_total",
    kind=MetricKind.COUNTER,
    help="Noticed events that the chain left behind.",
)
REORGS: Final = Metric(
    name="reorgs_total",
    kind=MetricKind.COUNTER,
    labels=("depth_bucket",),
    help="Times the chain left noticed blocks behind, by how many.",
)
ACTIONS: Final = Metric(
    name="actions_total",
    kind=MetricKind.COUNTER,
    labels=("action", "outcome"),
    help="What became of attempts at actions since the process began.",
)
PENDING: Final = Metric(
    name="actions_pending",
    labels=("action", "state"),
    help="Actions that something may still happen to, by their state.",
)
ENDED: Final = Metric(
    name="actions_ended",
    labels=("action", "state"),
    help="Actions of the whole journal to which nothing happens any more, by their state.",
)
WAITING: Final = Metric(
    name="actions_waiting_since_timestamp_seconds",
    labels=("action",),
    help="Since when the oldest action waits for approval; no series where none does.",
)
OPEN: Final = Metric(
    name="actions_open_since_timestamp_seconds",
    labels=("action",),
    help="When the oldest action was wanted that may be taken and is not done; no series where there is none.",
)
LAST: Final = Metric(
    name="action_last_timestamp_seconds",
    labels=("action",),
    help="When an attempt at an action last ended.",
)
CONDITIONS: Final = Metric(
    name="watcher_conditions", labels=("condition",), help="Conditions that hold, by name."
)
METRICS: Final = (
    HEAD,
    CHECKPOINT,
    LAG,
    REACHED,
    POLLS,
    SUCCESS,
    EVENTS,
    VANISHED,
    REORGS,
    ACTIONS,
    PENDING,
    ENDED,
    WAITING,
    OPEN,
    LAST,
    CONDITIONS,
)


def samples_of(
    view: View,
    outcomes: Mapping[tuple[ActionKind, str], int],
    last_at: Mapping[ActionKind, float],
    *,
    has_succeeded: bool,
) -> Samples:
    """A watcher as samples.

    Args:
        view: how it stands.
        outcomes: of attempts, since the process began.
        last_at: when an attempt at an action of a kind last ended.
        has_succeeded: whether its last turn went through.
    """
    checkpoint, tally = view.checkpoint, view.tally
    noticed, final = checkpoint.noticed, checkpoint.final
    alone: dict[Metric, float | None] = {
        HEAD: None if noticed is None else noticed.number,
        CHECKPOINT: None if final is None else final.number,
        LAG: None if noticed is None or final is None else max(0, noticed.number - final.number),
        REACHED: view.reached_head_at,
        POLLS: tally.polls,
        SUCCESS: int(has_succeeded),
        VANISHED: tally.vanished,
    }
    samples: dict[Metric, dict[tuple[str, ...], float]] = {
        metric: {(): value} for metric, value in alone.items() if value is not None
    }
    samples[EVENTS] = {(name,): count for name, count in tally.events.items()}
    samples[REORGS] = {(name,): count for name, count in tally.reorgs.items()}
    samples[ACTIONS] = {(kind.value, outcome): count for (kind, outcome), count in outcomes.items()}
    samples[PENDING] = _by_state(view.counts, is_open=True)
    samples[ENDED] = _by_state(view.counts, is_open=False)
    samples[WAITING] = {(kind.value,): at for kind, at in view.oldest_waiting_at.items()}
    samples[OPEN] = {(kind.value,): at for kind, at in view.oldest_open_at.items()}
    samples[LAST] = {(kind.value,): at for kind, at in last_at.items()}
    samples[CONDITIONS] = {(name,): count for name, count in view.conditions.items()}
    return samples


def _by_state(
    counts: Mapping[tuple[ActionKind, IntentState], int], *, is_open: bool
) -> dict[tuple[str, ...], float]:
    return {
        (kind.value, state.value): count
        for (kind, state), count in counts.items()
        if state.is_open is is_open
    }
