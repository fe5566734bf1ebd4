"""What the watcher answers: from what the last turn left, and as it is in truth when the loop hangs."""

from __future__ import annotations

import gzip
import json
from http import HTTPStatus

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse_plain

from aztec_butler.serving.self_metrics import SelfMetrics
from aztec_butler.watcher.metrics import CHECKPOINT
from aztec_butler.watcher.site import Shown, WatcherSite


class Scene:
    def __init__(self, token=None):
        self.turned = 0.0
        self.site = WatcherSite(
            SelfMetrics("1.2.3"),
            network="main<net>",
            seconds_since_turn=lambda: self.turned,
            stuck_seconds=600,
            version="1.2.3",
            token=token,
        )

    def show(self, **shown):
        self.site.shown = Shown(samples={CHECKPOINT: {(): 7}}, **{"failing": ()} | shown)

    def get(self, path, **headers):
        answer = self.site.answer(
            "GET", path, {name.replace("_", "-"): value for name, value in headers.items()}
        )
        return answer.status, answer.content, answer.headers

    def ready(self):
        status, content, _ = self.get("/readyz")
        return status, json.loads(content)


@pytest.fixture
def scene():
    return Scene()


def test_readiness__before_the_first_turn__says_why(scene):
    status, told = scene.ready()
    assert (status, told["ready"]) == (HTTPStatus.SERVICE_UNAVAILABLE, False)
    assert told["failing"] == ["it has not reached the head of the chain yet"]


def test_readiness__afterwards__and_while_something_fails(scene):
    scene.show()
    assert scene.ready() == (HTTPStatus.OK, {"ready": True})
    scene.show(failing=("the disk is full",))
    assert scene.ready() == (
        HTTPStatus.SERVICE_UNAVAILABLE,
        {"ready": False, "failing": ["the disk is full"]},
    )


def test_loop_hangs__is_neither_healthy_nor_ready_and_shows_nothing_old(scene):
    scene.show()
    assert scene.get("/healthz")[0] == HTTPStatus.OK
    assert b"checkpoint_block" in scene.get("/metrics")[1]
    scene.turned = 601
    status, content, _ = scene.get("/healthz")
    assert (status, json.loads(content)["loop_stuck_for_seconds"]) == (HTTPStatus.SERVICE_UNAVAILABLE, 601)
    assert scene.ready()[1]["failing"] == ["the loop hangs"]
    content = scene.get("/metrics")[1]
    assert b"checkpoint_block" not in content
    assert b"build_info" in content


@pytest.mark.parametrize(
    ("accept", "parse"),
    [("application/openmetrics-text;version=1.0.0", parse_openmetrics), ("*/*", parse_plain)],
)
def test_metrics__both_formats__hold_the_sample(scene, accept, parse):
    scene.show()
    _, content, headers = scene.get("/metrics", accept=accept, accept_encoding="gzip")
    assert headers["Content-Encoding"] == "gzip"
    families = {each.name: each for each in parse(gzip.decompress(content).decode())}
    (sample,) = families["aztec_butler_checkpoint_block"].samples
    assert (sample.value, sample.labels) == (7, {"network": "main<net>"})


def test_landing_page__escapes_what_it_shows(scene):
    scene.show(rows=(("last final block", "<7>"),), failing=("a & b",))
    content = scene.get("/")[1].decode()
    for part in ("main&lt;net&gt;", "&lt;7&gt;", "a &amp; b", "1.2.3"):
        assert part in content


def test_token__is_asked_for_but_for_health():
    scene = Scene(token="t0ken")
    assert scene.get("/metrics")[0] == HTTPStatus.UNAUTHORIZED
    assert scene.get("/metrics", authorization="Bearer t0ken")[0] == HTTPStatus.OK
    assert scene.get("/healthz")[0] == HTTPStatus.OK
