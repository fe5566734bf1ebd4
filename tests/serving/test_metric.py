from __future__ import annotations

import pytest

from aztec_butler.serving.metric import Metric, MetricKind


def test_metric__with_a_unit__tells_it_apart_from_its_name():
    assert Metric(name="epoch_duration_seconds", help="How long an epoch is.").unit == "seconds"
    assert Metric(name="attesters", help="Attesters.").unit is None
    claimed = Metric(name="claimed_aztec_total", help="Claimed so far.", kind=MetricKind.COUNTER)
    assert claimed.unit == "aztec"
    assert claimed.full_name == "aztec_butler_claimed_aztec_total"


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"name": "Attesters"}, "no name"),
        ({"name": "aztec_butler_attesters"}, "no name"),
        ({"name": "latency_ms"}, "base unit"),
        ({"name": "balance_wei_of_publisher"}, "base unit"),
        ({"name": "reorgs", "kind": MetricKind.COUNTER}, "_total"),
        ({"name": "reorgs_total"}, "_total"),
        ({"name": "node", "kind": MetricKind.INFO}, "_info"),
        ({"labels": ("network",)}, "twice"),
        ({"labels": ("state", "state")}, "twice"),
        ({"labels": ("the state",)}, "no names"),
        ({"help": "without a full stop"}, "full stop"),
        ({"help": "two\nlines."}, "one line"),
    ],
)
def test_metric__against_the_conventions__is_refused(changes, reason):
    with pytest.raises(ValueError, match=reason):
        Metric(**{"name": "attesters", "help": "Attesters."} | changes)
