"""The two threads of a watcher: when they begin, what they outlive, and how they end."""

from __future__ import annotations

import io
import threading
from contextlib import contextmanager

import pytest
from watcher_facts import settings_of

from aztec_butler.clients import stopping
from aztec_butler.core.errors import InputError, LockHeld, NodeRefused, ReorgTooDeep, SettingsError
from aztec_butler.core.intents import ActionKind, BlockRef, Checkpoint, IntentState
from aztec_butler.serving.logs import Redactor, open_log
from aztec_butler.serving.self_metrics import SelfMetrics
from aztec_butler.serving.setting_values import LogLevel
from aztec_butler.store.journal_errors import JournalUnwritable
from aztec_butler.watcher import engine as engine_module
from aztec_butler.watcher.engine import Engine
from aztec_butler.watcher.watcher import Tally, View

PATIENCE = 20
BLOCK = BlockRef(number=7, hash="0x07", parent_hash="0x06", timestamp=7)


class FakeWatcher:
    def __init__(self, house):
        self.house = house
        self.is_at_head = True

    def turn(self):
        self.house.note("turn")
        self.house.do("turn")
        self.house.on_turn()
        return 0

    def view(self):
        return View(
            checkpoint=Checkpoint(final=BLOCK, noticed=BLOCK),
            counts={(ActionKind.TOP_UP, IntentState.WAITING): 2},
            oldest_waiting_at={},
            oldest_open_at={},
            conditions={},
            reached_head_at=1.0,
            tally=Tally(),
        )


class FakeActor:
    def __init__(self, house):
        self.house = house
        self.outcomes, self.last_at = {}, {}

    def recover(self):
        self.house.note("recover")

    def turn(self):
        self.house.note("act")
        self.house.do("act")

    def stop(self):
        self.house.note("stop")


class House:
    """Everything that an engine opens, as a test wants it to behave."""

    def __init__(self):
        self.noted = []
        self.script = {}
        self.on_turn = lambda: None
        self.news = threading.Condition()
        self.watcher = FakeWatcher(self)
        self.journal = self

    def note(self, what, *_, **__):
        with self.news:
            self.noted.append(what)
            self.news.notify_all()

    def do(self, what):
        """What the script says for this time; the last one stays."""
        steps = self.script.get(what, [None])
        step = steps.pop(0) if len(steps) > 1 else steps[0]
        if isinstance(step, BaseException):
            raise step
        if step is not None:
            step()

    def wait_for(self, what, count=1):
        with self.news:
            assert self.news.wait_for(lambda: self.noted.count(what) >= count, PATIENCE), (what, self.noted)

    # -- as Running

    def open(self, *_, on_turn, **__):
        self.note("open")
        self.do("open")
        self.on_turn = on_turn
        return self

    @contextmanager
    def open_actor(self):
        self.do("actor")
        yield FakeActor(self)
        self.note("actor closed")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.note("closed")


@pytest.fixture
def house(monkeypatch):
    house = House()
    monkeypatch.setattr(engine_module, "Running", house)
    monkeypatch.setattr(engine_module, "_AFTER_FAILURE_SECONDS", 0.01)
    monkeypatch.setattr(engine_module, "_ACTOR_TICK_SECONDS", 0.01)
    return house


@pytest.fixture
def make(house):
    made = []

    def make(**options):
        engine = Engine(
            settings_of(poll_seconds=0.01, connection=Connection()),
            None,
            open_log(io.StringIO(), Redactor(), level=LogLevel.DEBUG),
            own=SelfMetrics("0"),
            show=lambda shown: setattr(engine, "shown", shown),
            on_end=lambda error: (setattr(engine, "ended", error), house.note("ended")),
            **options,
        )
        engine.ended = None
        made.append(engine)
        engine.start()
        return engine

    yield make
    for engine in made:
        engine.stop()


class Connection:
    network = "devnet"


def test_engine__reads_acts_and_ends(house, make):
    engine = make()
    house.wait_for("act", 3)
    house.wait_for("turn", 3)
    assert (engine.has_opened, engine.seconds_since_turn < PATIENCE) == (True, True)
    assert engine.stop()
    assert engine.ended is None
    ends = [each for each in house.noted if each != "stop"]
    assert ends[-3:] == ["actor closed", "stopped", "closed"]
    assert engine.shown.failing == ()
    assert ("waiting for approval", "2") in engine.shown.rows


def test_start__node_is_down__is_tried_until_it_is_up(house, make):
    house.script["open"] = [NodeRefused("busy")] * 3 + [None]
    make()
    house.wait_for("act")
    assert house.noted.count("open") == 4


@pytest.mark.parametrize("error", [InputError("wrong"), SettingsError("wrong"), LockHeld("held")])
def test_start__what_waiting_does_not_mend__ends_it(house, make, error):
    house.script["open"] = [error]
    engine = make()
    house.wait_for("ended")
    assert (engine.ended, engine.has_opened) == (error, False)


def test_start__lock_of_the_engine_before__is_waited_for(house, make):
    house.script["open"] = [LockHeld("held")] * 3 + [None]
    engine = make(takes_over=True)
    house.wait_for("act")
    assert engine.ended is None


def test_start__chain_left_behind_what_is_final__nothing_is_done(house, make):
    house.script["turn"] = [ReorgTooDeep("gone")]
    engine = make()
    house.wait_for("ended")
    assert isinstance(engine.ended, ReorgTooDeep)
    assert "act" not in house.noted
    assert house.noted.index("stopped") < house.noted.index("closed"), "why it stopped is in the journal"


def test_turn__node_fails__is_not_ready_after_a_while_and_goes_on(house, make, monkeypatch):
    house.script["turn"] = [None, NodeRefused("busy")]
    clock = Clock()
    engine = make(monotonic=clock)
    house.wait_for("turn", 3)
    assert engine.shown.failing == (), "one that fails now and then is no reason"
    clock.now += 1000
    house.wait_for("turn", house.noted.count("turn") + 3)
    assert "busy" in engine.shown.failing[0]
    house.script["turn"] = [None]
    house.wait_for("turn", house.noted.count("turn") + 3)
    assert engine.shown.failing == ()
    assert engine.ended is None


class Clock:
    def __init__(self):
        self.now = 1000.0

    def __call__(self):
        self.now += 0.001
        return self.now


def test_turn__nodes_contradict_each_other__head_is_not_reached(house, make):
    house.watcher.is_at_head = False
    engine = make()
    house.wait_for("turn", 3)
    assert engine.shown.failing == ("it has not reached the head of the chain yet",)


def test_journal__cannot_be_written_for_a_while__both_threads_go_on(house, make):
    full = JournalUnwritable("the journal cannot be used")
    house.script["turn"] = [None, full, full, None]
    house.script["act"] = [None, full, None]
    house.script["actor"] = [full, None]
    engine = make()
    house.wait_for("act", 5)
    house.wait_for("turn", 6)
    assert engine.ended is None
    assert house.noted.count("recover") == 2, "what it had begun has to be found out"


@pytest.mark.parametrize("where", ["turn", "act"])
@pytest.mark.parametrize("error", [SettingsError("damaged"), RuntimeError("bug")])
def test_thread__that_cannot_go_on__ends_the_other_one(house, make, where, error):
    house.script[where] = [None, error]
    engine = make()
    house.wait_for("ended")
    assert engine.ended is error
    house.wait_for("closed")
    assert engine.stop()


def test_stop__action_is_under_way__journal_is_held_until_it_has_ended(house, make, monkeypatch):
    monkeypatch.setattr(engine_module, "_PATIENCE_SECONDS", 0.05)
    may_end = threading.Event()
    house.script["act"] = [lambda: may_end.wait(PATIENCE)]
    engine = make()
    house.wait_for("act")
    assert not engine.stop()
    assert "closed" not in house.noted
    may_end.set()
    house.wait_for("closed")
    assert house.noted.index("actor closed") < house.noted.index("closed")
    assert engine.stop()


def test_stop__chain_thread_waits_for_a_node__is_ended(house, make):
    house.script["turn"] = [lambda: stopping.sleep(PATIENCE)]
    engine = make()
    house.wait_for("turn")
    assert engine.stop()
    assert engine.ended is None
    house.wait_for("closed")
