from __future__ import annotations

import gzip
import json
from http import HTTPStatus

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse_plain

from aztec_butler.clients.request_details import RequestDetails
from aztec_butler.exporter.board import Board
from aztec_butler.exporter.site import ExporterSite
from aztec_butler.serving.metric import Metric
from aztec_butler.serving.self_metrics import SelfMetrics
from aztec_butler.serving.table import OWN_METRICS

EPOCH = Metric(name="epoch", help="The epoch.")
PROMETHEUS = (
    "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,"
    "application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;q=0.4,"
    "text/plain;version=0.0.4;q=0.3,*/*;q=0.2"
)


class Scene:
    """A site, and what it is made of."""

    def __init__(self, token=None):
        self.now = 1_000.0
        self.turned = 0.0
        self.board = Board(clock=lambda: self.now)
        self.own = SelfMetrics("1.2.3")
        self.site = ExporterSite(
            self.board, self.own, seconds_since_turn=lambda: self.turned, version="1.2.3", token=token
        )

    def collected(self):
        self.board.reserve("mainnet", "rollup", max_age_seconds=60)
        self.board.post("mainnet", "rollup", {EPOCH: {(): 7}}, began=self.now)
        self.board.refresh()
        return self

    def get(self, target, method="GET", **headers):
        return self.site.answer(method, target, {name.lower(): value for name, value in headers.items()})


def sample(families, name):
    return [s.value for family in families for s in family.samples if s.name == name]


def test_metrics__plain__is_the_page_and_the_exporters_own():
    answer = Scene().collected().get("/metrics")
    assert answer.status == HTTPStatus.OK
    assert answer.content_type.startswith("text/plain; version=0.0.4")
    families = list(parse_plain(answer.content.decode()))
    assert sample(families, "aztec_butler_epoch") == [7]
    assert sample(families, "aztec_butler_build_info") == [1]


def test_metrics__asked_as_prometheus_does__is_compressed_openmetrics():
    scene = Scene().collected()
    scene.own.count_request(
        "mainnet",
        RequestDetails(endpoint="node-1", method="eth_call", calls=1, outcome="ok", seconds=0.02),
    )
    answer = scene.site.answer("GET", "/metrics", {"accept": PROMETHEUS, "accept-encoding": "gzip"})
    assert answer.headers["Content-Encoding"] == "gzip"
    assert answer.content_type.startswith("application/openmetrics-text")
    families = list(parse_openmetrics(gzip.decompress(answer.content).decode()))
    assert sample(families, "aztec_butler_epoch") == [7]
    assert sample(families, "aztec_butler_rpc_requests_total") == [1]
    assert sample(families, "aztec_butler_rpc_request_duration_seconds_sum") == [0.02]
    assert len({family.name for family in families}) == len(families)


def test_metrics__counters_of_what_has_not_happened__are_there_at_zero():
    families = list(parse_plain(Scene().get("/metrics").content.decode()))
    assert sample(families, "aztec_butler_settings_reloads_total") == [0, 0]


@pytest.mark.parametrize("accept", ["text/plain", PROMETHEUS])
def test_metrics__of_its_own__are_those_of_the_table(accept):
    scene = Scene()
    scene.own.count_request(
        "mainnet",
        RequestDetails(endpoint="node-1", method="eth_call", calls=1, outcome="ok", seconds=0.02),
    )
    text = scene.get("/metrics", Accept=accept).content.decode()
    told = {line.partition("{")[0] for line in text.splitlines() if not line.startswith("#")}
    durations = {f"aztec_butler_rpc_request_duration_seconds_{part}" for part in ("bucket", "count", "sum")}
    rest = {f"aztec_butler_{name}" for name, *_ in OWN_METRICS if name != "rpc_request_duration_seconds"}
    assert told == durations | rest


def test_metrics__while_the_loop_hangs__lose_what_is_too_old():
    scene = Scene().collected()
    scene.now += 61
    scene.turned = 61
    families = list(parse_plain(scene.get("/metrics").content.decode()))
    assert sample(families, "aztec_butler_epoch") == []
    assert sample(families, "aztec_butler_scrape_success") == [0]


def test_health__while_the_loop_turns__is_good_whatever_nodes_do():
    scene = Scene()
    scene.turned = 29
    assert scene.get("/healthz").status == HTTPStatus.OK
    scene.turned = 31
    answer = scene.get("/healthz")
    assert answer.status == HTTPStatus.SERVICE_UNAVAILABLE
    assert json.loads(answer.content) == {"healthy": False, "loop_stuck_for_seconds": 31}


def test_readiness__names_what_is_failing_and_why():
    scene = Scene()
    assert json.loads(scene.get("/readyz").content)["failing"] == [{"reason": "there is no collector"}]
    scene.collected()
    assert scene.get("/readyz").status == HTTPStatus.OK
    scene.board.reserve("mainnet", "node", max_age_seconds=60)
    scene.now += 61
    answer = scene.get("/readyz")
    assert answer.status == HTTPStatus.SERVICE_UNAVAILABLE
    assert json.loads(answer.content) == {
        "ready": False,
        "failing": [
            {"network": "mainnet", "collector": "node", "reason": "no collection has succeeded yet"},
            {"network": "mainnet", "collector": "rollup", "reason": "what it found is too old"},
        ],
    }


def test_readiness__after_a_failure__says_why_without_values():
    scene = Scene().collected()
    scene.board.fail("mainnet", "rollup", began=scene.now, reason="no endpoint is on the expected chain")
    told = json.loads(scene.get("/readyz").content)
    assert told["failing"][0]["reason"] == "its last collection failed: no endpoint is on the expected chain"
    scene.collected()
    assert scene.get("/readyz").status == HTTPStatus.OK


def test_landing__names_the_collectors_and_escapes_them():
    scene = Scene()
    scene.board.reserve("<main>", "rollup", max_age_seconds=60)
    answer = scene.get("/")
    assert b"&lt;main&gt;" in answer.content
    assert b"<main>" not in answer.content
    assert b"no collection has succeeded yet" in answer.content


@pytest.mark.parametrize("path", ["/metrics", "/readyz", "/"])
def test_token__needed_for_all_but_health(path):
    scene = Scene(token="sesame").collected()
    for wrong in ({}, {"Authorization": "Bearer sesam"}, {"Authorization": "Basic sesame"}):
        answer = scene.get(path, **wrong)
        assert answer.status == HTTPStatus.UNAUTHORIZED
        assert b"epoch" not in answer.content
    assert scene.get(path, Authorization="bearer sesame").status == HTTPStatus.OK
    assert scene.get("/healthz").status == HTTPStatus.OK


def test_other_requests__are_refused():
    scene = Scene()
    assert scene.get("/metric").status == HTTPStatus.NOT_FOUND
    assert scene.get("/metrics", method="POST").status == HTTPStatus.METHOD_NOT_ALLOWED
    assert scene.get("/metrics?a=b").status == HTTPStatus.OK
