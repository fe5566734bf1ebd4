"""Whatever a node does wrong, a table is whole or an error has a name."""

from __future__ import annotations

import time
from functools import partial

import fault_proxy as faults
import pandas as pd
import pytest

from aztec_butler import (
    ButlerError,
    DecodeError,
    InputError,
    NodeError,
    NotFoundError,
    RevertError,
    SettingsError,
)
from aztec_butler.clients.rpc import Rpc

pytestmark = pytest.mark.devnet

QUESTIONS = ("attesters", "entry_queue", "providers", "delegations", "exits", "slashings", "history")
TRANSIENT = {
    "429": faults.http_status(429),
    "429 with Retry-After": faults.http_status(429, retry_after="1"),
    "500": faults.http_status(500),
    "502 page": faults.html(502),
    "503": faults.http_status(503),
    "page": faults.html(),
    "reset": faults.reset(),
    "reset in the middle": faults.reset_in_the_middle(),
    "closed": faults.close(),
    "closed in the middle": faults.close_in_the_middle(),
    "truncated JSON": faults.truncated(),
    "no HTTP": faults.no_http(),
    "limit in HTTP 200": faults.rpc_error(-32005, "daily request count exceeded, request rate limited"),
    "header not found": faults.rpc_error(-32000, "header not found"),
    "wrong id": faults.wrong_id(),
    "batch out of order": faults.out_of_order(),
    "batch short": faults.short(),
    "batch doubled": faults.doubled(),
    "hang": faults.hang(),
}
LASTING = {
    "null result": faults.null_result(),
    "no result": faults.no_result(),
    "refused": faults.rpc_error(-32000, "something went wrong"),
    "not allowed": faults.http_status(403),
    "empty answers to eth_call": faults.altered(
        lambda reply, call: reply | {"result": "0x"} if call["method"] == "eth_call" else reply
    ),
    "no logs, as from a pruned node": faults.altered(
        lambda reply, call: reply | {"result": []} if call["method"] == "eth_getLogs" else reply
    ),
    "half of the logs": faults.altered(
        lambda reply, call: (
            reply | {"result": reply["result"][::2]} if call["method"] == "eth_getLogs" else reply
        )
    ),
    "the last log is missing": faults.altered(
        lambda reply, call: (
            reply | {"result": reply["result"][:-1]} if call["method"] == "eth_getLogs" else reply
        )
    ),
    "another block than asked": faults.altered(
        lambda reply, call: (
            reply | {"result": reply["result"] | {"number": "0x1"}}
            if call["method"] == "eth_getBlockByNumber"
            else reply
        )
    ),
}


class QuickClock:
    """A clock on which waiting takes no time."""

    def __init__(self) -> None:
        self.slept = 0.0

    def __call__(self) -> float:
        return time.monotonic() + self.slept

    def sleep(self, seconds: float) -> None:
        self.slept += seconds


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch):
    clock = QuickClock()
    monkeypatch.setattr("aztec_butler.network.connecting.Rpc", partial(Rpc, sleep=clock.sleep, clock=clock))


def answers(net) -> dict[str, pd.DataFrame]:
    return {question: getattr(net, question)() for question in QUESTIONS}


def assert_same(found: dict[str, pd.DataFrame], whole: dict[str, pd.DataFrame]) -> None:
    for question, frame in whole.items():
        pd.testing.assert_frame_equal(found[question], frame)


def test_every_request_fails_once__the_tables_are_the_same(connected, populated):
    whole = answers(connected())
    assert [len(frame) for frame in whole.values()] == [12, 6, 1, 2, 2, 2, 169]
    for name, fault in TRANSIENT.items():
        with faults.FaultyNode(upstream=populated.url) as node:
            net = connected(l1=node.url, timeout_seconds=1.0 if name == "hang" else 10.0)
            turns = iter(range(10**6))
            # Every other request fails; a hanging one costs its time-out, so only a few of those.
            node.decide(
                lambda calls, fault=fault, turns=turns, few=name == "hang": (
                    fault if (turn := next(turns)) % 2 == 0 and not (few and turn > 2) else None
                )
            )
            try:
                assert_same(answers(net), whole)
            except BaseException as error:
                error.add_note(f"fault: {name}")
                raise


@pytest.mark.parametrize("name", LASTING, ids=lambda name: name.replace(" ", "-"))
def test_a_fault_that_stays__is_a_named_error_and_never_a_shorter_table(connected, populated, name):
    whole = answers(connected())
    with faults.FaultyNode(upstream=populated.url) as node:
        net = connected(l1=node.url)
        node.always(LASTING[name])
        for question, frame in whole.items():
            try:
                found = getattr(net, question)()
            except (NodeError, RevertError, NotFoundError, DecodeError, SettingsError):
                continue
            pd.testing.assert_frame_equal(found, frame)


def test_a_fault_that_stays__logs_missing__is_told_as_such(connected, populated):
    with faults.FaultyNode(upstream=populated.url) as node:
        net = connected(l1=node.url)
        node.always(LASTING["no logs, as from a pruned node"])
        with pytest.raises(NodeError, match="logs") as caught:
            net.attesters()
        assert "another provider" in (caught.value.hint or "")


def test_one_of_two_endpoints_fails__the_other_answers(connected, populated):
    whole = answers(connected())
    with faults.FaultyNode(upstream=populated.url) as broken:
        broken.always(faults.http_status(500))
        net = connected(l1=[broken.url, populated.url])
        assert_same(answers(net), whole)


def test_endpoint_on_another_chain__is_refused_at_connect(connected, populated):
    with faults.FaultyNode(upstream=populated.url) as node:
        node.always(faults.on_chain(1))
        with pytest.raises(SettingsError) as caught:
            connected(l1=node.url)
        assert "31337" in str(caught.value)


def test_nobody_listens__is_an_error_at_connect(connected):
    with pytest.raises(NodeError):
        connected(l1="http://127.0.0.1:9")


def test_no_secret_of_the_url__in_any_error(connected, populated):
    key = "0123456789abcdef0123456789abcdef"
    with faults.FaultyNode(upstream=populated.url) as node:
        net = connected(l1=f"http://user:hunter2@127.0.0.1:{node.port}/v3/{key}?apikey={key}")
        for fault in (faults.http_status(401, f"bad key {key}".encode()), faults.reset(), faults.html(502)):
            node.always(fault)
            with pytest.raises(ButlerError) as caught:
                net.attesters()
            shown = f"{caught.value} {caught.value!r} {caught.value.facts} {net!r}"
            assert key not in shown
            assert "hunter2" not in shown


@pytest.mark.parametrize(
    "text", ["0x1234", "0x" + "zz" * 20, "", "0xA27EC0006e59f245217Ff08CD52A7E8b169E62D3"]
)
def test_lifecycle__no_address__is_an_input_error_before_anything_is_asked(connected, populated, text):
    with faults.FaultyNode(upstream=populated.url) as node:
        net = connected(l1=node.url)
        before = node.request_count
        with pytest.raises(InputError):
            net.lifecycle([text])
        assert node.request_count == before
