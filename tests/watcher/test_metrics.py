"""What the watcher shows of itself."""

from __future__ import annotations

from aztec_butler.core.intents import ActionKind, BlockRef, Checkpoint, IntentState
from aztec_butler.serving.exposition import page, sample_lines
from aztec_butler.watcher.metrics import METRICS, samples_of
from aztec_butler.watcher.watcher import REORG_DEPTHS, Tally, View

COUNTS = {(kind, state): 0 for kind in ActionKind for state in IntentState}
OUTCOMES = {(kind, "done"): 0 for kind in ActionKind}


def view(**changes):
    """A watcher that is at block 9 and acted upon block 4."""
    at = {number: BlockRef(number=number, hash="0x", parent_hash="0x", timestamp=0) for number in (4, 9)}
    return View(
        **{
            "checkpoint": Checkpoint(final=at[4], noticed=at[9]),
            "counts": COUNTS
            | {(ActionKind.TOP_UP, IntentState.WAITING): 2, (ActionKind.NOTIFY, IntentState.DEAD): 1},
            "oldest_waiting_at": {ActionKind.TOP_UP: 70},
            "oldest_open_at": {ActionKind.UPDATE_COINBASE: 60},
            "conditions": {"keys-low": 1},
            "reached_head_at": 80.0,
            "tally": Tally(),
        }
        | changes
    )


def shown(of):
    return samples_of(of, OUTCOMES, {ActionKind.NOTIFY: 50.0}, has_succeeded=True)


def test_samples__of_a_whole_view__have_every_metric_with_its_labels():
    samples = shown(view())
    assert list(METRICS) == [metric for metric in METRICS if samples.get(metric)]
    assert set(samples) == set(METRICS)
    for metric, values in samples.items():
        assert {len(labels) for labels in values} == {len(metric.labels)}, metric
    text = page([sample_lines(samples, network="devnet")], openmetrics=False).decode()
    for line in (
        'aztec_butler_checkpoint_lag_blocks{network="devnet"} 5',
        'aztec_butler_actions_pending{network="devnet",action="top-up",state="waiting"} 2',
        'aztec_butler_actions_ended{network="devnet",action="notify",state="dead"} 1',
        'aztec_butler_actions_waiting_since_timestamp_seconds{network="devnet",action="top-up"} 70',
        'aztec_butler_actions_open_since_timestamp_seconds{network="devnet",action="update-coinbase"} 60',
    ):
        assert line in text.splitlines(), text


def test_samples__of_a_journal_that_is_new__have_counters_at_zero_and_nothing_unknown():
    samples = shown(
        view(
            checkpoint=Checkpoint(),
            oldest_waiting_at={},
            oldest_open_at={},
            reached_head_at=None,
            conditions={},
        )
    )
    names = {metric.name for metric, values in samples.items() if not values}
    assert names == {
        "actions_waiting_since_timestamp_seconds",
        "actions_open_since_timestamp_seconds",
        "watcher_conditions",
    }
    known = {metric.name for metric in samples}
    assert not known & {"chain_head_block", "checkpoint_block", "checkpoint_lag_blocks"}
    assert "watcher_last_success_timestamp_seconds" not in known
    counters = {metric.name: values for metric, values in samples.items() if metric.name.endswith("_total")}
    assert counters["reorgs_total"] == {(name,): 0 for name, _ in REORG_DEPTHS}
    assert all(value == 0 for values in counters.values() for value in values.values())


def test_tally__counts_a_reorganisation_where_it_belongs():
    tally = Tally()
    for depth in (1, 2, 5, 6, 12, 13, 31, 32, 255, 256, 1000):
        tally.count_reorg(depth)
    assert tally.reorgs == {"1": 1, "2-5": 2, "6-12": 2, "13-31": 2, "32-255": 2, "256+": 2}
