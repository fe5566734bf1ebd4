"""The Grafana dashboards: that they import anywhere, and ask for what exporter and watcher have."""

from __future__ import annotations

import json
import re
from itertools import combinations

import pytest
from exported_names import collectors_of, exported_labels, watcher_labels
from promql import grouping_labels, series_of

from aztec_butler.watcher.metrics import METRICS as WATCHER_METRICS

SELECTED = {("instance", "=~", "$instance"), ("network", "=~", "$network")}
UNITS = {"none", "s", "percentunit", "locale", "reqps"}


EXPORTED = {"dashboard": exported_labels, "watcher-dashboard": watcher_labels}
UIDS = {"dashboard": "aztec-butler", "watcher-dashboard": "aztec-butler-watcher"}
ROWS = {
    "dashboard": [
        "Overview",
        "Our attesters",
        "Queue and provider",
        "Coinbases, rewards, publishers",
        "Node",
    ],
    "watcher-dashboard": ["Overview", "Actions", "The chain"],
}


@pytest.fixture(scope="module", params=list(EXPORTED))
def name(request):
    return request.param


@pytest.fixture(scope="module")
def dashboard(deploy, name):
    return json.loads((deploy / f"{name}.json").read_text())


@pytest.fixture(scope="module")
def exported(name):
    return EXPORTED[name]()


@pytest.fixture(scope="module")
def panels(dashboard):
    return [panel for panel in dashboard["panels"] if panel["type"] != "row"]


@pytest.fixture(scope="module")
def recorded(rules):
    return {rule["record"] for rule in rules["recording"]}


def test_dashboard__imports__into_any_grafana(dashboard, name):
    (given,) = dashboard["__inputs"]
    assert (given["name"], given["type"], given["pluginId"]) == ("DS_PROMETHEUS", "datasource", "prometheus")
    assert dashboard["uid"] == UIDS[name]
    assert dashboard["id"] is None
    assert dashboard["schemaVersion"] >= 38
    assert dashboard["title"]
    needed = {(each["type"], each["id"]) for each in dashboard["__requires"]}
    types = {panel["type"] for panel in dashboard["panels"]} - {"row"}
    assert needed == {
        ("grafana", "grafana"),
        ("datasource", "prometheus"),
        *(("panel", kind) for kind in types),
    }


def test_dashboard__through_grafanas_own_types__loses_nothing(dashboard):
    """A word that Grafana does not know would be dropped silently, by it and by its types."""
    types = pytest.importorskip("grafana_foundation_sdk.models.dashboard")
    plugins = pytest.importorskip("grafana_foundation_sdk.cog.plugins")
    encoder = pytest.importorskip("grafana_foundation_sdk.cog.encoder")
    plugins.register_default_plugins()
    known = json.loads(encoder.JSONEncoder().encode(types.Dashboard.from_json(dashboard)))
    assert set(lost(dashboard, known)) <= LOST


LOST = {
    # Of the format for sharing a dashboard, around it.
    *("__inputs", "__elements", "__requires", "id"),
    # Grafana writes these itself, beside what its types have.
    *("annotations.list.builtIn", "annotations.list.titleFormat", "templating.list.definition"),
    # Its type would have a number or be left out; the user interface writes false.
    "panels.fieldConfig.defaults.custom.spanNulls",
}


def lost(given, known, place=()):
    """Where something was given that is not there any more, without the numbers of lists."""
    if isinstance(given, dict) and isinstance(known, dict):
        for name, value in given.items():
            if name in known:
                yield from lost(value, known[name], (*place, name))
            else:
                yield ".".join((*place, name))
    elif isinstance(given, list) and isinstance(known, list) and len(given) == len(known):
        for one, other in zip(given, known, strict=True):
            yield from lost(one, other, place)
    elif given != known:
        yield ".".join(place)


def test_dashboard__sources__are_the_one_that_is_asked_for(dashboard):
    sources = list(sources_of(dashboard))
    assert len(sources) > 25
    assert {source["uid"] for source in sources} == {"${DS_PROMETHEUS}", "-- Grafana --"}


def sources_of(part):
    """Every data source that any part of the dashboard names."""
    if isinstance(part, list):
        for each in part:
            yield from sources_of(each)
    elif isinstance(part, dict):
        if "datasource" in part:
            yield part["datasource"]
        for each in part.values():
            yield from sources_of(each)


def test_dashboard__variables__network_and_process(dashboard, exported):
    variables = {each["name"]: each for each in dashboard["templating"]["list"]}
    assert set(variables) == {"instance", "network"}
    for of, variable in variables.items():
        series, label = re.fullmatch(
            r"label_values\((.+), (\w+)\)", variable["query"]["query"], re.DOTALL
        ).groups()
        assert label == of
        assert label in exported[series_of(series)[0].name]
        assert variable["includeAll"]
        assert variable["multi"]


def test_dashboard__rows__are_those_that_an_operator_looks_for(dashboard, name):
    rows = [panel["title"] for panel in dashboard["panels"] if panel["type"] == "row"]
    assert rows[:5] == ROWS[name]


def test_dashboard__places__do_not_overlap(dashboard):
    taken = [panel["gridPos"] for panel in dashboard["panels"]]
    assert all(each["x"] >= 0 and each["x"] + each["w"] <= 24 and each["h"] > 0 for each in taken)
    for one, other in combinations(taken, 2):
        apart = (
            one["x"] + one["w"] <= other["x"]
            or other["x"] + other["w"] <= one["x"]
            or one["y"] + one["h"] <= other["y"]
            or other["y"] + other["h"] <= one["y"]
        )
        assert apart, (one, other)
    numbers = [panel["id"] for panel in dashboard["panels"]]
    assert len(set(numbers)) == len(numbers)
    titles = [panel["title"] for panel in dashboard["panels"]]
    assert len(set(titles)) == len(titles)


def test_panels__each__has_a_unit_and_says_what_it_shows(panels):
    for panel in panels:
        assert panel["fieldConfig"]["defaults"]["unit"] in UNITS, panel["title"]
        assert panel["description"].endswith("."), panel["title"]
        assert panel["targets"], panel["title"]
        references = [target["refId"] for target in panel["targets"]]
        assert len(set(references)) == len(references), panel["title"]


def test_panels__metrics_and_labels__exist(panels, recorded, exported):
    for panel in panels:
        for target in panel["targets"]:
            known = set()
            for series in series_of(target["expr"]):
                if series.name == "ALERTS":
                    continue
                labels = {"instance", "network", "attester", "tip", "collector"}
                if series.name not in recorded:
                    assert series.name in exported, f"{panel['title']}: {series.name}"
                    labels = exported[series.name]
                assert series.labels <= labels, f"{panel['title']}: {series}"
                known |= labels
            assert grouping_labels(target["expr"]) <= known, panel["title"]
            shown = set(re.findall(r"\{\{(\w+)\}\}", target["legendFormat"]))
            assert shown <= known, panel["title"]


def test_panels__each__follows_the_variables(panels):
    for panel in panels:
        for target in panel["targets"]:
            for series in series_of(target["expr"]):
                if series.name != "ALERTS":
                    assert set(series.matchers) >= SELECTED, f"{panel['title']}: {series}"


def test_panels__seconds_and_ratios__are_shown_as_what_they_are(panels):
    """A metric's unit stands in its name: what is shown of it alone has that unit."""
    units = {
        "_seconds": "s",
        "_ratio": "percentunit",
        ":ratio": "percentunit",
        "_eth": "locale",
        "_aztec": "locale",
    }
    for panel in panels:
        if panel["type"] == "table":
            continue
        for target in panel["targets"]:
            names = [series.name for series in series_of(target["expr"])]
            for end, unit in units.items():
                if names and names[0].endswith(end):
                    assert panel["fieldConfig"]["defaults"]["unit"] == unit, panel["title"]


def test_tables__columns__have_names_and_units(panels, name):
    tables = [panel for panel in panels if panel["type"] == "table"]
    assert bool(tables) == (name == "dashboard")
    for panel in tables:
        joined, organized = (each["options"] for each in panel["transformations"])
        assert {f"Value #{target['refId']}" for target in panel["targets"]} == set(organized["renameByName"])
        overridden = {each["matcher"]["options"] for each in panel["fieldConfig"]["overrides"]}
        assert overridden == set(organized["renameByName"].values())
        for target in panel["targets"]:
            assert target["instant"]
            assert target["format"] == "table"
            assert grouping_labels(target["expr"]) == {joined["byField"]}


def test_dashboard__everything__is_seen(panels, name):
    """Nothing is collected that nobody looks at: each subject has a panel, and so has each metric of the watcher."""
    asked = {
        series.name.removeprefix("network:")
        .removeprefix("attester:")
        .replace("aztec_butler:", "aztec_butler_")
        for panel in panels
        for target in panel["targets"]
        for series in series_of(target["expr"])
    }
    if name == "dashboard":
        owners = collectors_of()
        seen = {owner for each in asked for owner in owners.get(each, ())}
        assert seen == {owner for each in owners.values() for owner in each}
    else:
        assert {metric.full_name for metric in WATCHER_METRICS} - asked == NOT_SHOWN


NOT_SHOWN = {
    "aztec_butler_watcher_polls_total",
    "aztec_butler_watcher_success",
    "aztec_butler_action_last_timestamp_seconds",
}
