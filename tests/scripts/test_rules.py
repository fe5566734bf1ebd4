"""Rules for Prometheus: that they are sound, that what they name exists, and that each alert is tried both ways."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml
from exported_names import collectors_of, exported_labels, watcher_labels
from promql import grouping_labels, series_of

from aztec_butler.cli.table_of_commands import COMMANDS
from aztec_butler.core.intents import IntentState
from aztec_butler.watcher.actor import OUTCOMES
from aztec_butler.watcher.watcher import REORG_DEPTHS

TESTS = sorted((Path(__file__).parent / "rules").glob("*.test.yml"))
SEVERITIES = {"critical", "warning", "info"}
FRESH = 'aztec_butler_last_success_timestamp_seconds{{collector="{}"}} < 600'
OUTSIDE = {"up": {"job", "instance"}}


@pytest.fixture(scope="module")
def alerts(rules):
    return {rule["alert"]: rule for rule in rules["alerts"] + rules["watcher"]}


@pytest.fixture(scope="module")
def recorded(rules):
    return {rule["record"] for name in ("recording", "thresholds") for rule in rules[name]}


def tried():
    """Every test of an alert, with its file."""
    for path in TESTS:
        for each in yaml.safe_load(path.read_text())["tests"]:
            yield path, each


# ---------------------------------------------------------------------- with promtool


def test_promtool__rules_and_configuration__are_sound(promtool, deploy):
    checked = promtool("check", "rules", *sorted(deploy.glob("*.rules.yml")))
    assert checked.returncode == 0, checked.stdout + checked.stderr
    configured = promtool("check", "config", deploy / "prometheus.yml")
    assert configured.returncode == 0, configured.stdout + configured.stderr
    assert configured.stdout.count("rules found") == 4


@pytest.mark.parametrize("path", TESTS, ids=lambda path: path.name.removesuffix(".test.yml"))
def test_promtool__each_alert__fires_when_it_should_and_only_then(promtool, path):
    ran = promtool("test", "rules", path.name, cwd=path.parent)
    assert ran.returncode == 0, ran.stdout + ran.stderr


def test_promtool__texts_of_alerts__are_filled_in(promtool, tmp_path, alerts, deploy):
    """Nothing is expected to fire, so that promtool shows what does."""
    files = []
    for _, each in tried():
        alert = alerts.get(each.get("name", "").partition(",")[0])
        if alert is None:
            continue
        name = alert["alert"]
        alone = tmp_path / f"{name}.rules.yml"
        alone.write_text(yaml.safe_dump({"groups": [{"name": "one", "rules": [alert]}]}))
        fires_at = next(check["eval_time"] for check in each["promql_expr_test"] if check["exp_samples"])
        test = {
            "interval": "1m",
            "input_series": each["input_series"],
            "alert_rule_test": [{"eval_time": fires_at, "alertname": name, "exp_alerts": []}],
        }
        needed = [] if name == "AztecButlerThresholdMissing" else [str(deploy / "thresholds.rules.yml")]
        files.append(tmp_path / f"{name}.test.yml")
        files[-1].write_text(
            yaml.safe_dump(
                {"rule_files": [str(alone), *needed], "evaluation_interval": "1m", "tests": [test]}
            )
        )
    told = promtool("test", "rules", *files)
    texts = dict(
        re.findall(
            r'Labels:\{[^}]*?alertname="(\w+)".*?Annotations:\{(.*?)\}(?=[\s\]])', told.stderr, re.DOTALL
        )
    )
    assert set(texts) == set(alerts), told.stderr[:3000]
    for name, text in texts.items():
        assert re.search(r'description="[^"]{40,}', text), f"{name}: {text}"
        assert not re.search(r"error|<no value>|%!|\{\{|map\[|e\+\d\d", text), f"{name}: {text}"


# ---------------------------------------------------------------------- without


def test_alerts__each__says_what_it_is_and_what_to_do(alerts, deploy):
    runbook = (deploy / "runbook.md").read_text()
    sections = re.findall(r"^### (\w+)$", runbook, re.MULTILINE)
    assert sections == list(alerts)
    for name, alert in alerts.items():
        assert set(alert) == {"alert", "expr", "for", "labels", "annotations"}, name
        assert alert["labels"]["severity"] in SEVERITIES, name
        assert set(alert["annotations"]) == {"summary", "description", "runbook_url"}, name
        assert alert["annotations"]["runbook_url"].endswith(f"/scripts/deploy/runbook.md#{name.lower()}")
        assert len(alert["annotations"]["summary"]) < 140, name
        assert alert["annotations"]["description"].endswith("."), name


def test_runbook__commands__exist(deploy):
    runbook = (deploy / "runbook.md").read_text()
    named = re.findall(r"`aztec-butler ([a-z-]+)(?: ([a-z-]+))?", runbook)
    assert len(named) > 10
    for word, second in named:
        entry = COMMANDS[word]
        if second and not isinstance(entry, str):
            assert second in entry, f"aztec-butler {word} {second}"


def test_alerts__each__is_tried_both_ways(alerts):
    fires, silent = set(), set()
    for _, each in tried():
        for check in each["promql_expr_test"]:
            for name in re.findall(r'alertname="(\w+)"', check["expr"]):
                (fires if check["exp_samples"] else silent).add(name)
    assert fires == silent == set(alerts)


def test_expressions__metrics_and_labels__exist(rules, recorded):
    exported = exported_labels() | watcher_labels() | OUTSIDE
    for rule in (rule for file in rules.values() for rule in file):
        known = set()
        for series in series_of(rule["expr"]):
            if series.name in recorded or series.name == "__name__":
                continue
            assert series.name in exported, f"{rule} asks for {series.name}"
            assert series.labels <= exported[series.name], f"{series} has no such labels"
            known |= exported[series.name]
        assert grouping_labels(rule["expr"]) <= known, rule


def test_annotations__labels__exist(alerts):
    exported = exported_labels() | watcher_labels() | OUTSIDE
    for name, alert in alerts.items():
        known = set().union(*(exported.get(series.name, set()) for series in series_of(alert["expr"])))
        used = set(re.findall(r"\$labels\.(\w+)", " ".join(alert["annotations"].values())))
        assert used <= known, name
        queried = re.findall(r'printf "([^"]*)"', alert["annotations"]["description"])
        for query in queried:
            for series in series_of(query):
                assert series.labels <= exported[series.name]


def test_alerts__each__believes_only_what_is_fresh(alerts):
    """Every metric of a collector stands beside the freshness of that collector."""
    owners = collectors_of()
    guarded = 0
    for name, alert in alerts.items():
        for series in series_of(alert["expr"]):
            for_one = owners.get(series.name)
            if for_one is None:
                continue
            guarded += 1
            assert any(FRESH.format(owner) in alert["expr"] for owner in for_one), f"{name}: {series.name}"
    assert guarded > 30


def test_alerts__of_the_watcher__believe_only_what_is_fresh(rules):
    """All but those about that very thing."""
    about = {"AztecButlerWatcher" + name for name in ("Down", "Absent", "Silent", "Failing", "Behind")}
    for alert in rules["watcher"]:
        is_guarded = "aztec_butler_watcher_last_success_timestamp_seconds < 600" in alert["expr"]
        assert is_guarded != (alert["alert"] in about), alert["alert"]


def test_alerts__of_either__keep_to_what_it_exports(rules):
    own = {"alerts": exported_labels(), "watcher": watcher_labels()}
    for file, exported in own.items():
        for rule in rules[file]:
            for series in series_of(rule["expr"]):
                if series.name.startswith("aztec_butler_"):
                    assert series.name in exported, rule["alert"]


def test_alerts__labels_they_select_of_the_watcher__are_values_that_exist(rules):
    """A rule that selects a word nobody says is silent for ever."""
    values = {
        "job": {"aztec_butler_watcher"},
        "state": {state.value for state in IntentState},
        "outcome": set(OUTCOMES),
        "depth_bucket": {name for name, _ in REORG_DEPTHS},
    }
    deep = {name for name, last in REORG_DEPTHS if last is None or last > 12}
    for alert in rules["watcher"]:
        for series in series_of(alert["expr"]):
            for label, operator, word in series.matchers:
                chosen = {
                    value
                    for value in values[label]
                    if (value == word if operator == "=" else re.fullmatch(word, value))
                }
                assert chosen == (deep if label == "depth_bucket" else {word}), alert["alert"]


def test_alerts__collectors__exist(alerts):
    names = {owner for owners in collectors_of().values() for owner in owners}
    for name, alert in alerts.items():
        for series in series_of(alert["expr"]):
            for label, _, value in series.matchers:
                if label == "collector":
                    assert value in names, name


def test_thresholds__each__is_used_and_there(rules, alerts):
    thresholds = [rule["record"] for rule in rules["thresholds"]]
    used = {
        series.name
        for alert in alerts.values()
        for series in series_of(alert["expr"])
        if series.name.startswith("aztec_butler:threshold:")
    }
    assert used == set(thresholds)
    assert len(set(thresholds)) == len(thresholds)
    assert alerts["AztecButlerThresholdMissing"]["expr"].endswith(f"!= {len(thresholds)}")


@pytest.mark.parametrize(
    ("threshold", "seconds_or_count"),
    [
        ("coinbase_missing_critical_seconds", 6 * 3600),
        ("coinbase_missing_warning_seconds", 24 * 3600),
        ("provider_keys", 5),
        ("provider_runway_seconds", 7 * 86400),
        ("publisher_critical_eth", 0.1),
        ("publisher_low_eth", 0.5),
        ("publisher_runway_seconds", 24 * 3600),
        ("slash_votes_ratio", 0.5),
        ("action_waiting_seconds", 3600),
    ],
)
def test_thresholds__those_that_are_promised__are_so(rules, threshold, seconds_or_count):
    expressions = {rule["record"]: rule["expr"] for rule in rules["thresholds"]}
    number = re.fullmatch(r"vector\(([\d. *]+)\)", expressions[f"aztec_butler:threshold:{threshold}"])[1]
    product = 1.0
    for factor in number.split("*"):
        product *= float(factor)
    assert product == seconds_or_count
