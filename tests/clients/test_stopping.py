"""A sign that ends whatever its threads wait for: answers, pauses, their turn."""

import threading
import time

import pytest
from fault_proxy import FaultyNode, drip, hang, http_status

from aztec_butler.clients import stopping
from aztec_butler.clients.policy import RateLimit
from aztec_butler.clients.rpc import Rpc
from aztec_butler.clients.stopping import Stopped, StopSign


def stopped_while(work, *, until):
    """What work raised when the sign was shown as soon as ``until`` was set; it may take no longer than that."""
    sign, raised = StopSign(), []

    def carry():
        with sign:
            try:
                work()
            except Exception as error:  # noqa: BLE001 - whatever it is, the test looks at it
                raised.append(error)

    thread = threading.Thread(target=carry, daemon=True)
    thread.start()
    assert until.wait(10)
    time.sleep(0.02)  # into the wait itself
    sign.show()
    thread.join(10)
    assert not thread.is_alive()
    return raised


@pytest.mark.loopback
@pytest.mark.parametrize("fault", [hang(), drip(1.0), http_status(503)], ids=["hang", "drip", "pause"])
def test_show__thread_waits_for_an_answer_or_a_pause__is_stopped(fault):
    asked, seen = threading.Event(), []
    with FaultyNode() as node:
        node.always(lambda exchange: (asked.set(), fault(exchange)))
        with Rpc(node.url, random_fraction=lambda: 1.0, on_request=seen.append) as rpc:
            # Waits of a quarter of a second and more lie between the retries.
            (error,) = stopped_while(lambda: rpc.call("eth_blockNumber"), until=asked)
            assert isinstance(error, Stopped)
            node.always(lambda exchange: exchange.send(exchange.replies()))
            assert rpc.call("eth_blockNumber") == "0x10"  # the door is as good as before
    assert "unreachable" not in {details.outcome for details in seen}  # and nobody is to blame


def test_show__thread_waits_for_its_turn__is_stopped():
    waits = threading.Event()
    limit = RateLimit(0.001, clock=time.monotonic, sleep=stopping.sleep)
    limit.wait()

    def work():
        waits.set()
        limit.wait()

    (error,) = stopped_while(work, until=waits)
    assert isinstance(error, Stopped)


@pytest.mark.loopback
def test_show__before_the_request__nothing_is_asked():
    sign = StopSign()
    sign.show()
    with FaultyNode() as node, Rpc(node.url) as rpc:
        with sign, pytest.raises(Stopped):
            rpc.call("eth_blockNumber")
        assert node.request_count == 0
        assert rpc.call("eth_blockNumber") == "0x10"  # without the sign


def test_sleep__no_sign__sleeps(monkeypatch):
    slept = []
    monkeypatch.setattr(stopping.time, "sleep", slept.append)
    stopping.sleep(3.0)
    stopping.check()
    assert slept == [3.0]


@pytest.mark.parametrize("shown", ["outer", "inner"])
def test_signs__one_inside_the_other__either_ends_a_pause(shown):
    signs = {"outer": StopSign(), "inner": StopSign()}
    waits, raised = threading.Event(), []

    def work():
        with signs["outer"], signs["inner"]:
            waits.set()
            try:
                stopping.sleep(30)
            except Stopped:
                raised.append(shown)

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    assert waits.wait(10)
    signs[shown].show()
    thread.join(10)
    assert raised == [shown]


def test_signs__the_inner_one_put_down__the_outer_one_is_carried_on():
    outer = StopSign()
    with outer:
        with StopSign():
            stopping.check()
        outer.show()
        with pytest.raises(Stopped):
            stopping.check()
    stopping.check()
