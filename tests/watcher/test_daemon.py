"""Settings read again, engines that follow each other, and how the process ends; without threads and sockets."""

from __future__ import annotations

import io
import json
import signal
from typing import ClassVar

import attrs
import pytest
from watcher_facts import settings_of

from aztec_butler.core.errors import LockHeld, ReorgTooDeep, SettingsError
from aztec_butler.core.settings import Settings
from aztec_butler.serving.setting_values import Address
from aztec_butler.watcher import daemon as daemon_module
from aztec_butler.watcher.daemon import WatcherDaemon, _Ended

CONNECTION = Settings(
    **dict.fromkeys(each.name for each in attrs.fields(Settings)) | {"network": "devnet", "sources": {}}
)


class FakeEngine:
    """Notes what becomes of it; a test says what happens when it starts."""

    made: ClassVar[list[FakeEngine]] = []

    def __init__(self, settings, connecting, log, *, on_end, takes_over, **_):
        self.settings, self.on_end, self.takes_over = settings, on_end, takes_over
        self.has_opened = False
        self.seconds_since_turn = 0.0
        self.stopped = 0
        self.made.append(self)

    def start(self):
        self.script.pop(0)(self)

    def stop(self):
        self.stopped += 1
        return True


class FakeServer:
    url = "http://127.0.0.1:1"
    made: ClassVar[list[FakeServer]] = []

    def __init__(self, site, *, host, port, **_):
        if port == 1:
            raise SettingsError("the process cannot listen there", port=port)
        self.sites, self.is_closed = [site], False
        self.made.append(self)

    def start(self):
        pass

    def replace(self, site, **_):
        self.sites.append(site)

    def close(self):
        self.is_closed = True


@pytest.fixture
def run(monkeypatch):
    """Run a daemon with settings, one after the other, and what each engine does when it starts."""
    monkeypatch.setattr(daemon_module, "Engine", FakeEngine)
    monkeypatch.setattr(daemon_module, "Server", FakeServer)
    monkeypatch.setattr(FakeEngine, "made", [])
    monkeypatch.setattr(FakeServer, "made", [])

    def run(settings, *script):
        stream, given = io.StringIO(), list(settings)

        def read():
            found = given.pop(0)
            if isinstance(found, BaseException):
                raise found
            return found

        daemon = WatcherDaemon(read, None, version="1", stream=stream, environment={})
        FakeEngine.script = [lambda engine, do=do: do(engine, daemon._messages.put) for do in script]
        try:
            ended = daemon.run()
        except BaseException as error:  # noqa: BLE001 - the test judges
            ended = error
        return ended, [json.loads(line)["event"] for line in stream.getvalue().splitlines()]

    return run


def settings(**changes):
    return settings_of(connection=CONNECTION, **changes)


def opens_and(*messages):
    def start(engine, put):
        engine.has_opened = True
        for each in messages:
            put(each)

    return start


def fails(error):
    return lambda engine, put: put(_Ended(error, engine))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signal__ends_it_and_closes_everything(run, number):
    ended, events = run([settings()], opens_and(number))
    assert ended is number
    assert [each.stopped for each in FakeEngine.made] == [1]
    assert FakeServer.made[0].is_closed
    assert events == ["watching", "stopping"]


@pytest.mark.parametrize("error", [LockHeld("held"), ReorgTooDeep("gone"), SettingsError("wrong")])
def test_engine_that_cannot_go_on__ends_it_with_its_error(run, error):
    ended, _ = run([settings()], fails(error))
    assert ended is error
    assert FakeServer.made[0].is_closed


def test_bug__ends_it_without_a_word_of_the_exception(run):
    ended, events = run([settings()], fails(RuntimeError("secret")))
    assert (type(ended), events) == (SystemExit, ["watching", "a bug ended the watcher"])


def test_reload__another_engine_takes_over(run):
    other = settings(poll_seconds=3.0)
    ended, events = run([settings(), other], opens_and(signal.SIGHUP), opens_and(signal.SIGTERM))
    assert ended is signal.SIGTERM
    first, second = FakeEngine.made
    assert (first.stopped, first.takes_over, second.takes_over) == (1, False, True)
    assert second.settings is other
    assert len(FakeServer.made) == 1
    assert len(FakeServer.made[0].sites) == 2
    assert events == ["watching", "reading the settings again", "watching", "stopping"]


@pytest.mark.parametrize(
    "wrong", [SettingsError("no TOML"), "port"], ids=["cannot be read", "cannot be listened at"]
)
def test_reload__wrong_settings__the_engine_goes_on(run, wrong):
    if wrong == "port":
        wrong = settings(listen=Address(host="127.0.0.1", port=1))
    ended, events = run([settings(), wrong], opens_and(signal.SIGHUP, signal.SIGTERM))
    assert ended is signal.SIGTERM
    assert len(FakeEngine.made) == 1
    assert "the new settings are refused, the old ones stay" in events


def test_reload__settings_that_prove_to_be_of_no_use__the_old_ones_are_taken_again(run):
    first, other = settings(), settings(poll_seconds=3.0)
    ended, events = run(
        [first, other],
        opens_and(signal.SIGHUP),
        fails(SettingsError("a key is of no use")),
        opens_and(signal.SIGTERM),
    )
    assert ended is signal.SIGTERM
    assert [each.settings for each in FakeEngine.made] == [first, other, first]
    assert "the new settings are of no use, the old ones are taken again" in events


def test_reload__what_was_of_use_and_fails_later__ends_it(run):
    error = SettingsError("the journal was changed by hand")

    def opens_and_fails(engine, put):
        engine.has_opened = True
        put(_Ended(error, engine))

    ended, _ = run([settings(), settings(poll_seconds=3.0)], opens_and(signal.SIGHUP), opens_and_fails)
    assert ended is error


def test_reload__end_of_the_engine_before__is_no_news(run):
    def starts(engine, put):
        put(_Ended(ReorgTooDeep("gone"), FakeEngine.made[0]))
        put(signal.SIGTERM)

    ended, _ = run([settings(), settings(poll_seconds=3.0)], opens_and(signal.SIGHUP), starts)
    assert ended is signal.SIGTERM


@pytest.mark.parametrize(
    ("changes", "warning"),
    [
        ({"listen": Address(host="0.0.0.0", port=9)}, "no bearer token is set"),
        ({"listen": Address(host="0.0.0.0", port=9), "token": "t0ken-t0ken"}, "the bearer token travels"),
        ({"listen": Address(host="127.0.0.1", port=9)}, None),
    ],
)
def test_start__what_somebody_may_not_have_meant__is_told(run, changes, warning):
    _, events = run([attrs.evolve(settings(), **changes)], opens_and(signal.SIGTERM))
    found = [each for each in events if each.startswith(("no bearer", "the bearer"))]
    assert [each.startswith(warning or "") for each in found] == ([True] if warning else [])
