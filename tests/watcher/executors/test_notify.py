"""Notices: the log always, each target once, too many of them as one; no URL of a target anywhere."""

from __future__ import annotations

import io
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from executor_attempts import CAUSE, Steps, intent_of

from aztec_butler.clients.stopping import Stopped
from aztec_butler.core.errors import NodeError, NodeUnreachable, SettingsError
from aztec_butler.core.intent_parameters import Notice
from aztec_butler.core.intents import Cause, Severity
from aztec_butler.serving.logs import Redactor, open_log
from aztec_butler.watcher.executor import Standing
from aztec_butler.watcher.executors.notice_text import REPEATED, HeldNotice, digest_of
from aztec_butler.watcher.executors.notify import NotifyExecutor
from aztec_butler.watcher.executors.targets import open_targets


def notice(number=1, severity="info", **changes):
    """An intent to tell something, another one for each number."""
    parameters = Notice(
        **{
            "severity": severity,
            "title": f"Title {number}",
            "text": f"Something happened {number} times.",
            "fields": {"attester": "0x" + "11" * 20},
            **changes,
        }
    )
    return intent_of(parameters, target=f"attester:{number}")


class Target:
    """Takes messages, or fails with what is scripted."""

    def __init__(self, name="one"):
        self.name = name
        self.got = []
        self.script = []

    def send(self, message):
        fault = self.script.pop(0) if self.script else None
        if fault is not None:
            raise fault
        self.got.append(message)


class Clock:
    def __init__(self):
        self.now = 1000.0

    def __call__(self):
        return self.now


@pytest.fixture
def stream():
    return io.StringIO()


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def make(stream, clock):
    def make(*targets, **options):
        log = open_log(stream, Redactor(), is_terminal=False)
        return NotifyExecutor(log, targets, network="devnet", clock=clock, **options)

    return make


def logged(stream):
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def carry(executor, intent, attempt=None):
    """As the loop does: look, act where needed, look."""
    attempt = attempt or Steps()
    if executor.look(intent, attempt).standing is Standing.NEEDED:
        executor.act(intent, attempt)
    return executor.look(intent, attempt)


DOWN = NodeUnreachable("a notification service did not take the message")


# --------------------------------------------------------------------------- the usual way


def test_notice__no_targets__is_in_the_log(make, stream):
    intent = notice(severity="critical")
    assert carry(make(), intent).standing is Standing.DONE
    (line,) = logged(stream)
    assert (line["level"], line["severity"], line["id"]) == ("critical", "critical", intent.id)
    assert (line["event"], line["title"], line["block"]) == ("notice", "Title 1", 1000)


def test_notice__two_targets__each_once_with_the_id(make, stream):
    one, two = Target("one"), Target("two")
    intent, attempt = notice(severity="warning"), Steps()
    executor = make(one, two)
    assert carry(executor, intent, attempt).standing is Standing.DONE
    executor.act(intent, attempt)  # whatever asks again
    for target in (one, two):
        (message,) = target.got
        assert message.title == "[devnet] WARNING: Title 1"
        assert f"notice {intent.id}" in message.body
        assert "0x" + "11" * 20 in message.body
        assert REPEATED not in message.body
    assert len(logged(stream)) == 1


def test_notice__one_target_down__only_that_one_is_asked_again(make, stream):
    good, bad = Target("good"), Target("bad")
    bad.script = [DOWN, DOWN]
    intent, attempt, executor = notice(), Steps(), make(bad, good)
    for _ in range(2):
        with pytest.raises(NodeError) as error:
            carry(executor, intent, attempt)
        assert error.value.facts["targets"] == "bad"
    assert carry(executor, intent, attempt).standing is Standing.DONE
    assert (len(good.got), len(bad.got), len(logged(stream))) == (1, 1, 1)


def test_notice__not_severe_enough__only_in_the_log(make, stream):
    target = Target()
    executor = make(target, from_severity=Severity.WARNING)
    assert carry(executor, notice(severity="info")).standing is Standing.DONE
    carry(executor, notice(2, severity="warning"))
    assert (len(target.got), len(logged(stream))) == (1, 2)


def test_notice__that_takes_another_back__names_it(make):
    target = Target()
    carry(make(target), notice(retracts="ab" * 16))
    assert f"takes back notice {'ab' * 16}" in target.got[0].body


def test_notice__of_a_condition__names_no_transaction(make):
    target = Target()
    cause = Cause(block_number=9, block_hash="0x" + "ef" * 32, name="keys-low")
    intent = intent_of(Notice(severity="info", title="a", text="b"), cause=cause)
    carry(make(target), intent)
    assert "transaction" not in target.got[0].body
    assert CAUSE.transaction_hash not in target.got[0].body


def test_plan__shows_the_message_and_who_gets_it(make, stream):
    plan = make(Target("slack-1")).plan(notice())
    assert "slack-1" in plan.summary
    assert plan.lines[0] == "[devnet] info: Title 1"
    assert logged(stream) == []


# --------------------------------------------------------------------------- crashes


class Killed(BaseException):
    pass


def killed_at(point):
    def on_step(name):
        if name == point:
            raise Killed

    return on_step


POINTS = ["before logged", "logged", "before sending", "sending", "before sent", "sent"]


@pytest.mark.parametrize("point", POINTS)
def test_notice__killed_anywhere__arrives_and_says_where_it_may_be_a_repetition(
    make, stream, tmp_path, point
):
    target, intent = Target(), notice()
    with pytest.raises(Killed):
        carry(make(target), intent, Steps(tmp_path / "steps", killed_at(point)))
    assert carry(make(target), intent, Steps(tmp_path / "steps")).standing is Standing.DONE
    assert len(target.got) == (2 if point == "before sent" else 1)
    assert (REPEATED in target.got[-1].body) == (point in ("sending", "before sent"))
    assert len(logged(stream)) == (2 if point == "before logged" else 1)


def test_notice__held_when_killed__arrives_in_a_digest(make, clock, tmp_path):
    target = Target()
    executor = make(target, per_hour=1, digest_seconds=60)
    carry(executor, notice(1))
    steps = [Steps(tmp_path / str(number)) for number in range(2)]
    for number, attempt in enumerate(steps):
        assert carry(executor, notice(2 + number), attempt).standing is Standing.UNDER_WAY
    restarted = make(target, per_hour=1, digest_seconds=60)
    again = [Steps(tmp_path / str(number)) for number in range(2)]
    looks = [restarted.look(notice(2 + number), attempt) for number, attempt in enumerate(again)]
    assert {look.standing for look in looks} == {Standing.UNDER_WAY}
    clock.now += 61
    for number, attempt in enumerate(again):
        assert carry(restarted, notice(2 + number), attempt).standing is Standing.DONE
    assert len(target.got) == 2
    assert target.got[1].body.count("may be a repetition") == 2


# --------------------------------------------------------------------------- too many


def test_limit__more_than_an_hour_takes__the_rest_goes_as_one(make, clock, stream):
    target = Target()
    executor = make(target, per_hour=3, digest_seconds=600)
    intents = [notice(number) for number in range(10)]
    attempts = [Steps() for _ in intents]
    looks = [carry(executor, *each) for each in zip(intents, attempts, strict=True)]
    assert [look.standing for look in looks] == [Standing.DONE] * 3 + [Standing.UNDER_WAY] * 7
    assert looks[-1].again_in_seconds == pytest.approx(600)
    assert len(logged(stream)) == 10

    clock.now += 300
    assert carry(executor, intents[5], attempts[5]).standing is Standing.UNDER_WAY
    clock.now += 301
    looks = [carry(executor, *each) for each in zip(intents, attempts, strict=True)]
    assert {look.standing for look in looks} == {Standing.DONE}
    assert len(target.got) == 4
    digest = target.got[3]
    assert digest.title == "[devnet] 7 notices that had to wait"
    assert all(intent.id in digest.body for intent in intents[3:])

    clock.now += 3601
    assert carry(executor, notice(20)).standing is Standing.DONE
    assert target.got[4].title.endswith("Title 20")


def test_limit__critical__goes_at_once(make):
    target = Target()
    executor = make(target, per_hour=1)
    for number in range(3):
        carry(executor, notice(number))
    assert carry(executor, notice(9, severity="critical")).standing is Standing.DONE
    assert [message.severity for message in target.got] == [Severity.INFO, Severity.CRITICAL]


def test_limit__digest_fails__is_put_off_and_loses_nothing(make, clock):
    target = Target()
    executor = make(target, per_hour=1, digest_seconds=100)
    carry(executor, notice(0))
    intents, attempts = [notice(1), notice(2)], [Steps(), Steps()]
    for each in zip(intents, attempts, strict=True):
        carry(executor, *each)
    clock.now += 101
    target.script = [DOWN]
    with pytest.raises(NodeError):
        carry(executor, intents[0], attempts[0])
    assert carry(executor, intents[1], attempts[1]).standing is Standing.UNDER_WAY
    clock.now += 61
    looks = [carry(executor, *each) for each in zip(intents, attempts, strict=True)]
    assert {look.standing for look in looks} == {Standing.DONE}
    assert all(intent.id in target.got[1].body for intent in intents)


def test_limit__each_target_has_its_own(make):
    one, two = Target("one"), Target("two")
    two.script = [DOWN]
    executor = make(one, two, per_hour=1)
    first, attempt = notice(1), Steps()
    with pytest.raises(NodeError):
        carry(executor, first, attempt)
    carry(executor, notice(2))  # held back for one, sent to two
    assert ([len(one.got), len(two.got)], two.got[0].title.endswith("Title 2")) == ([1, 1], True)


def test_digest__of_very_many__is_short_and_names_every_id():
    held = [
        HeldNotice(
            intent=notice(number), notice=Notice.from_json(notice(number, text="long " * 99).parameters)
        )
        for number in range(200)
    ]
    message = digest_of(held, network="devnet")
    assert len(message.body) < 30_000
    assert all(each.intent.id in message.body for each in held)
    worst = HeldNotice(intent=notice(999), notice=Notice(severity="critical", title="worst", text="of all"))
    assert digest_of([*held, worst], network="devnet").body.startswith("CRITICAL: worst")


def test_stop__between_targets__the_rest_is_told_later(make):
    class Stopping(Target):
        def send(self, message):
            super().send(message)
            executor.stop()

    first, second = Stopping("first"), Target("second")
    executor, attempt = make(first, second), Steps()
    with pytest.raises(Stopped):
        carry(executor, notice(), attempt)
    restarted = make(first, second)
    assert carry(restarted, notice(), attempt).standing is Standing.DONE
    assert (len(first.got), len(second.got)) == (1, 1)


# --------------------------------------------------------------------------- apprise


@pytest.fixture
def receiver():
    """An HTTP server that takes webhooks; ``status`` is what it answers."""
    got = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            content = json.loads(self.rfile.read(int(self.headers["content-length"])))
            got.append((self.path, content))
            self.send_response(server.status)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.status, server.got = 200, got
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


SECRET = "tokentokentoken"


@pytest.mark.loopback
@pytest.mark.parametrize(
    ("severity", "kind"), [("info", "info"), ("warning", "warning"), ("critical", "failure")]
)
def test_apprise__webhook__gets_title_text_and_kind(make, receiver, severity, kind):
    pytest.importorskip("apprise")
    targets = open_targets([f"json://127.0.0.1:{receiver.server_port}/{SECRET}"])
    assert carry(make(*targets), notice(severity=severity)).standing is Standing.DONE
    ((path, content),) = receiver.got
    assert path == f"/{SECRET}"
    assert content["title"].endswith("Title 1")
    assert notice().id in content["message"]
    assert content["type"] == kind


@pytest.mark.loopback
@pytest.mark.parametrize("status", [400, 403, 429, 500])
def test_apprise__service_refuses__an_error_without_the_url(make, receiver, status, stream, caplog, capfd):
    pytest.importorskip("apprise")
    targets = open_targets(
        [f"json://user:{SECRET}@127.0.0.1:{receiver.server_port}/{SECRET}?+X-Key={SECRET}"]
    )
    receiver.status = status
    attempt, executor = Steps(), make(*targets)
    with pytest.raises(NodeError) as error:
        carry(executor, notice(), attempt)
    shown = [str(error.value), repr(targets), json.dumps(attempt.told), stream.getvalue(), caplog.text]
    shown += [executor.look(notice(), attempt).evidence, str(executor.plan(notice())), *capfd.readouterr()]
    assert SECRET not in "".join(shown)
    assert "json-" in str(error.value)
    receiver.status = 200
    assert carry(executor, notice(), attempt).standing is Standing.DONE


@pytest.mark.loopback
def test_apprise__nobody_there__an_error_and_again_later(make):
    pytest.importorskip("apprise")
    (target,) = open_targets(["json://127.0.0.1:1/"])
    with pytest.raises(NodeError):
        carry(make(target), notice())


@pytest.mark.parametrize("url", [f"nosuchservice://{SECRET}", "slack://", f"discord://{SECRET}"])
def test_targets__no_url_of_apprise__refused_without_showing_it(url, caplog, capfd):
    pytest.importorskip("apprise")
    with pytest.raises(SettingsError) as error:
        open_targets(["json://127.0.0.1/", url])
    assert error.value.facts["target"] == "line 2"
    assert SECRET not in str(error.value) + caplog.text + "".join(capfd.readouterr())


def test_targets__same_url_in_another_place__keeps_its_name():
    pytest.importorskip("apprise")
    one, two = open_targets(["json://127.0.0.1/a", "json://127.0.0.1/b"])
    moved, _ = open_targets(["json://127.0.0.1/b", "json://127.0.0.1/a"])
    assert (moved.name == two.name, one.name != two.name) == (True, True)


def test_targets__none__need_no_extra(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "apprise", None)
    assert open_targets([]) == ()
    with pytest.raises(SettingsError, match="alerts"):
        open_targets(["json://127.0.0.1/"])
