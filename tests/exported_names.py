"""What exporter and watcher can export: names, labels, and which collector they are from."""

from __future__ import annotations

import pkgutil
from importlib import import_module
from types import SimpleNamespace

from aztec_butler.exporter import collectors
from aztec_butler.exporter.catalogue import METRICS
from aztec_butler.serving.self_metrics import SelfMetrics
from aztec_butler.watcher.metrics import METRICS as WATCHER_METRICS

SCRAPED = {"job", "instance"}
"""What Prometheus adds to every series."""


def exported_labels():
    """The labels of each name on a page, those that Prometheus adds included."""
    names = {metric.full_name: {*metric.labels, "network", *SCRAPED} for metric in METRICS}
    own = SelfMetrics("0")
    own.count_request("devnet", SimpleNamespace(endpoint="a", method="m", outcome="ok", seconds=1.0))
    for family in own.registry.collect():
        for sample in family.samples:
            if sample.name.endswith("_created"):
                continue  # not shown
            names.setdefault(sample.name, set()).update(sample.labels, SCRAPED)
    return names


def watcher_labels():
    """The same of the watcher."""
    names = {metric.full_name: {*metric.labels, "network", *SCRAPED} for metric in WATCHER_METRICS}
    own = {name: labels for name, labels in exported_labels().items() if name not in _COLLECTED}
    return names | own


_COLLECTED = {metric.full_name for metric in METRICS}


def collectors_of():
    """The collectors that find each metric, by its name on a page."""
    found = {}
    for module in pkgutil.iter_modules(collectors.__path__):
        for metric in import_module(f"{collectors.__name__}.{module.name}").METRICS:
            found.setdefault(metric.full_name, set()).add(module.name)
    return found
