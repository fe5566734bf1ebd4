from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, InfoMetricFamily
from prometheus_client.openmetrics.exposition import generate_latest as generate_openmetrics
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse_plain

from aztec_butler.serving.exposition import page, sample_lines
from aztec_butler.serving.metric import Metric, MetricKind

STAKE = Metric(name="attester_stake_aztec", help='Stake "at work".', labels=("attester", "state"))
EPOCH = Metric(name="epoch", help="The epoch.")
REORGS = Metric(name="reorgs_total", help="Reorganizations seen.", kind=MetricKind.COUNTER, labels=("depth",))
BUILD = Metric(name="build_info", help="What is running.", kind=MetricKind.INFO, labels=("version",))

texts = st.text(alphabet=st.characters(exclude_categories=["Cs"], exclude_characters="\r"), max_size=8)
values = st.floats(allow_nan=False, allow_infinity=False) | st.integers(-(2**53), 2**53)
samples = st.fixed_dictionaries(
    {
        STAKE: st.dictionaries(st.tuples(texts, texts), values, min_size=1),
        EPOCH: st.dictionaries(st.just(()), values, min_size=1),
        REORGS: st.dictionaries(st.tuples(texts), values.map(abs), min_size=1),
        BUILD: st.dictionaries(st.tuples(texts), st.just(1), min_size=1, max_size=3),
    }
)


class Peer:
    """The same samples through prometheus_client."""

    def __init__(self, samples, network):
        self.samples, self.network = samples, network

    def collect(self):
        kinds = {
            MetricKind.GAUGE: GaugeMetricFamily,
            MetricKind.COUNTER: CounterMetricFamily,
            MetricKind.INFO: InfoMetricFamily,
        }
        for metric, found in self.samples.items():
            if metric.kind is MetricKind.INFO:
                family = InfoMetricFamily(
                    metric.full_name.removesuffix("_info"), metric.help, labels=["network"]
                )
                for key in found:
                    family.add_metric([self.network], dict(zip(metric.labels, key, strict=True)))
            else:
                unit = metric.unit or ""
                family = kinds[metric.kind](
                    metric.full_name, metric.help, labels=["network", *metric.labels], unit=unit
                )
                for key, value in found.items():
                    family.add_metric([self.network, *key], value)
            yield family


def read(families):
    return {
        family.name: (
            family.documentation,
            family.type,
            family.unit,
            sorted((sample.name, sorted(sample.labels.items()), sample.value) for sample in family.samples),
        )
        for family in families
    }


@given(samples, texts)
def test_page__any_samples__reads_as_that_of_prometheus_client(samples, network):
    registry = CollectorRegistry()
    registry.register(Peer(samples, network))
    lines = [sample_lines(samples, network=network)]
    ours = page(lines, openmetrics=False).decode()
    assert read(parse_plain(ours)) == read(parse_plain(generate_latest(registry).decode()))
    ours = page(lines, openmetrics=True).decode() + "# EOF\n"
    assert read(parse_openmetrics(ours)) == read(parse_openmetrics(generate_openmetrics(registry).decode()))


def test_page__several_networks__keeps_each_family_in_one_piece():
    one = sample_lines({EPOCH: {(): 1}, STAKE: {("0xa", "x"): 2}}, network="one")
    two = sample_lines({EPOCH: {(): 3}}, network="two")
    assert page([one, two], openmetrics=False).decode().splitlines() == [
        "# HELP aztec_butler_epoch The epoch.",
        "# TYPE aztec_butler_epoch gauge",
        'aztec_butler_epoch{network="one"} 1',
        'aztec_butler_epoch{network="two"} 3',
        '# HELP aztec_butler_attester_stake_aztec Stake "at work".',
        "# TYPE aztec_butler_attester_stake_aztec gauge",
        'aztec_butler_attester_stake_aztec{network="one",attester="0xa",state="x"} 2',
    ]


def test_lines__metric_without_values__has_no_line():
    assert sample_lines({EPOCH: {}}, network="one") == {}


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, True, None, "1"])
def test_lines__value_that_is_no_number__is_refused(value):
    with pytest.raises(ValueError, match="epoch is no finite number"):
        sample_lines({EPOCH: {(): value}}, network="one")


@pytest.mark.parametrize("key", [(), ("0xa",), ("0xa", "x", "y")])
def test_lines__wrong_number_of_label_values__are_refused(key):
    with pytest.raises(ValueError, match="has the labels"):
        sample_lines({STAKE: {key: 1}}, network="one")
