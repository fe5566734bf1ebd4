"""All metrics together: nothing twice, nothing forgotten, and names that say what they are."""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections import Counter

import pytest

from aztec_butler.exporter import collectors
from aztec_butler.exporter.catalogue import METRICS
from aztec_butler.serving.metric import Metric
from aztec_butler.serving.self_metrics import SelfMetrics

MODULES = [
    importlib.import_module(f"{collectors.__name__}.{each.name}")
    for each in pkgutil.iter_modules(collectors.__path__)
]
SECRET = re.compile(r"(^|_)(url|uri|path|key|token|error|message)(_|$)")


def test_catalogue__names__are_there_once():
    own = {family.name for family in SelfMetrics("1").registry.collect()}
    names = Counter(metric.full_name for metric in METRICS)
    assert [name for name, count in names.items() if count > 1] == []
    assert not own & {name.removesuffix("_total") for name in names}


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.__name__.rpartition(".")[2])
def test_catalogue__every_collectors_metrics__are_in_it(module):
    constants = {value for value in vars(module).values() if isinstance(value, Metric)}
    assert constants >= set(module.METRICS)
    assert set(module.METRICS) <= set(METRICS)
    assert len(set(module.METRICS)) == len(module.METRICS)


def test_catalogue__constants__are_all_used():
    defined = {value for module in MODULES for value in vars(module).values() if isinstance(value, Metric)}
    assert defined <= set(METRICS)


def test_catalogue__labels__hold_nothing_secret_or_boundless():
    assert not [(metric.name, label) for metric in METRICS for label in metric.labels if SECRET.search(label)]


def test_catalogue__instants__are_timestamps_and_never_ages():
    assert not [metric.name for metric in METRICS if re.search(r"(_ago|_age|_eta|_in)_seconds$", metric.name)]
    for metric in METRICS:
        if "Unix seconds" in metric.help and metric.unit == "seconds":
            assert metric.name.endswith("_timestamp_seconds"), metric.name


def test_catalogue__amounts__say_that_they_are_whole_tokens():
    for metric in METRICS:
        if metric.unit == "aztec":
            assert "whole AZTEC" in metric.help, metric.name
