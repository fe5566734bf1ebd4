from __future__ import annotations

import threading
import time

import pytest

from aztec_butler.core.errors import NodeUnreachable
from aztec_butler.exporter.board import Board
from aztec_butler.exporter.collector import Collector
from aztec_butler.exporter.loop import CollectionLoop, CollectionTimeout
from aztec_butler.serving.metric import Metric

EPOCH = Metric(name="epoch", help="The epoch.")


def collector(collect, **changes):
    return Collector(
        **{
            "name": "rollup",
            "network": "mainnet",
            "metrics": (EPOCH,),
            "interval_seconds": 0.01,
            "timeout_seconds": 30,
            "collect": collect,
        }
        | changes
    )


class Outcomes:
    """What the loop told, and a way to wait for it."""

    def __init__(self):
        self.told = []
        self._changed = threading.Condition()

    def __call__(self, outcome):
        with self._changed:
            self.told.append(outcome)
            self._changed.notify_all()

    def wait_for(self, condition):
        with self._changed:
            assert self._changed.wait_for(lambda: condition(self.told), timeout=20), self.told


@pytest.fixture
def outcomes():
    return Outcomes()


@pytest.fixture
def board():
    return Board(clock=time.time)


@pytest.fixture
def loop(board, outcomes):
    loop = CollectionLoop(board, on_outcome=outcomes)
    yield loop
    loop.stop()


def test_loop__collectors__run_again_and_again_each_at_its_pace(loop, outcomes, board):
    loop.replace([collector(lambda: {EPOCH: {(): 1}}), collector(dict, name="hosts", interval_seconds=3600)])
    loop.start()
    outcomes.wait_for(lambda told: sum(outcome.collector.name == "rollup" for outcome in told) >= 5)
    assert sum(outcome.collector.name == "hosts" for outcome in outcomes.told) == 1
    assert b'aztec_butler_epoch{network="mainnet"} 1' in board.pages.plain
    assert loop.seconds_since_turn < 20


def test_loop__collector_that_fails__is_told_and_tried_again(loop, outcomes, board):
    answers = iter(
        [NodeUnreachable("no answer"), KeyboardInterrupt(), {EPOCH: {(): float("nan")}}, "no samples"]
    )

    def collect():
        answer = next(answers, {EPOCH: {(): 9}})
        if isinstance(answer, BaseException):
            raise answer
        return answer

    loop.replace([collector(collect)])
    loop.start()
    outcomes.wait_for(lambda told: len(told) >= 5)
    kinds = [type(outcome.error) for outcome in outcomes.told[:5]]
    assert kinds == [NodeUnreachable, KeyboardInterrupt, ValueError, AttributeError, type(None)]
    assert b'aztec_butler_epoch{network="mainnet"} 9' in board.pages.plain


def test_loop__collector_that_hangs__neither_delays_the_others_nor_counts_when_it_ends(loop, outcomes, board):
    release = threading.Event()

    def hang():
        release.wait(20)
        return {EPOCH: {(): 1}}

    loop.replace(
        [
            collector(hang, name="node", timeout_seconds=0.05),
            collector(dict, name="hosts"),
        ]
    )
    loop.start()
    outcomes.wait_for(lambda told: any(outcome.collector.name == "node" for outcome in told))
    before = len(outcomes.told)
    outcomes.wait_for(lambda told: len(told) >= before + 3)
    hung = [outcome for outcome in outcomes.told if outcome.collector.name == "node"]
    assert [type(outcome.error) for outcome in hung] == [CollectionTimeout]
    assert b"aztec_butler_epoch" not in board.pages.plain
    release.set()
    # The late finding is dropped; the next collection in its turn counts again.
    outcomes.wait_for(lambda told: any(o.collector.name == "node" and o.error is None for o in told))
    assert b'aztec_butler_epoch{network="mainnet"} 1' in board.pages.plain


def test_loop__no_thread_to_be_had__fails_this_time_alone(loop, outcomes, board, monkeypatch):
    start, left = threading.Thread.start, [RuntimeError("can't start new thread")]

    def start_or_fail(thread):
        if thread.name.startswith("collect ") and left:
            raise left.pop()
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", start_or_fail)
    loop.replace([collector(lambda: {EPOCH: {(): 7}})])
    loop.start()
    outcomes.wait_for(lambda told: len(told) > 1)
    assert [type(each.error) for each in outcomes.told[:2]] == [RuntimeError, type(None)]


def test_loop__collectors_replaced__are_forgotten_with_what_they_find_later(loop, outcomes, board):
    release = threading.Event()

    def slow():
        release.wait(20)
        return {EPOCH: {(): 1}}

    loop.replace([collector(slow, name="old")])
    loop.start()
    loop.replace([collector(dict, name="new")])
    release.set()
    outcomes.wait_for(lambda told: len(told) >= 3)
    assert {outcome.collector.name for outcome in outcomes.told} == {"new"}
    assert b'collector="old"' not in board.pages.plain


def test_loop__collectors_replaced__those_that_stay_show_what_they_found(loop, outcomes, board):
    release = threading.Event()
    loop.replace([collector(lambda: {EPOCH: {(): 1}}, interval_seconds=3600)])
    loop.start()
    outcomes.wait_for(lambda told: len(told) == 1)

    def slow():
        release.wait(20)
        return {}

    loop.replace([collector(slow, interval_seconds=3600), collector(dict, name="node")])
    outcomes.wait_for(lambda told: len(told) == 2)
    assert b'aztec_butler_epoch{network="mainnet"} 1' in board.pages.plain
    release.set()


def test_loop__failure__is_told_without_values(loop, outcomes, board):
    errors = iter([NodeUnreachable("no answer", url="https://SECRET"), RuntimeError("SECRET")])

    def fail():
        raise next(errors, CollectionTimeout("it took too long"))

    loop.replace([collector(fail)])
    reasons = []
    for _ in range(3):
        loop.run_once()
        reasons.append(board.states()["mainnet", "rollup"].reason)
    assert reasons == ["no answer", "RuntimeError", "it took too long"]


def test_run_once__ends_with_every_collector_told(loop, outcomes, board):
    release = threading.Event()
    loop.replace(
        [
            collector(lambda: {EPOCH: {(): 1}}),
            collector(lambda: release.wait(20), name="node", timeout_seconds=0.05),
        ]
    )
    told = {outcome.collector.name: type(outcome.error) for outcome in loop.run_once()}
    release.set()
    assert told == {"rollup": type(None), "node": CollectionTimeout}
    assert len(outcomes.told) == 2
    assert b'aztec_butler_epoch{network="mainnet"} 1' in board.pages.plain


def test_loop__stopped__ends_while_a_collection_hangs(loop):
    release = threading.Event()
    loop.replace([collector(lambda: release.wait(20))])
    loop.start()
    loop.stop()
    release.set()
    assert not [thread for thread in threading.enumerate() if thread.name == "collection loop"]
