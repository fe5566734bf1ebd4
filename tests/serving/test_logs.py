from __future__ import annotations

import io
import json
import logging
import threading

import pytest

from aztec_butler.core.errors import NodeUnreachable
from aztec_butler.exporter.settings_reading import read_exporter_settings
from aztec_butler.serving.logs import Redactor, logging_everything, open_log, told
from aztec_butler.serving.setting_values import LogLevel

KEY = "0123456789abcdef0123456789abcdef"
TOKEN = "a-bearer-token-of-ours"
PASSWORD = "correct-horse"


class Terminal(io.StringIO):
    def isatty(self):
        return True


def entries(stream):
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_log__into_a_pipe__is_json_with_its_head_first():
    stream = io.StringIO()
    log = open_log(stream, Redactor())
    log.bind(network="mainnet").warning(
        "a collection failed", seconds=1.5, facts={"block": 7, "names": ("a",)}
    )
    (entry,) = entries(stream)
    assert list(entry)[:3] == ["timestamp", "level", "event"]
    assert entry["level"] == "warning"
    assert (entry["network"], entry["seconds"], entry["facts"]) == (
        "mainnet",
        1.5,
        {"block": 7, "names": ["a"]},
    )


def test_log__on_a_terminal__is_for_people():
    stream = Terminal()
    open_log(stream, Redactor()).info("serving", url="http://127.0.0.1:9464")
    assert "serving" in stream.getvalue()
    assert not stream.getvalue().startswith("{")


@pytest.mark.parametrize(
    ("level", "count"), [(LogLevel.DEBUG, 4), (LogLevel.WARNING, 2), (LogLevel.ERROR, 1)]
)
def test_log__below_its_level__is_silent(level, count):
    stream = io.StringIO()
    log = open_log(stream, Redactor(), level=level)
    for tell in (log.debug, log.info, log.warning, log.error):
        tell("x")
    assert len(entries(stream)) == count


def test_log__stream_that_is_gone__ends_nothing():
    stream = io.StringIO()
    log = open_log(stream, Redactor())
    stream.close()
    log.info("serving")


def test_secrets__of_the_settings__are_all_known(tmp_path):
    paths = {}
    for name, content in {"token": TOKEN, "admin": KEY[::-1]}.items():
        paths[name] = tmp_path / name
        paths[name].write_text(content)
        paths[name].chmod(0o600)
    settings = read_exporter_settings(
        {
            "l1": f"https://user:{PASSWORD}@node.example/v3/{KEY}",
            "l2": f"http://node.example?apikey={KEY[:20]}",
            "event_store": f"s3://access:{PASSWORD[::-1]}@bucket/events",
        },
        {"token_file": str(paths["token"]), "push": f"http://pusher:{PASSWORD.upper()}@gateway.example"},
        environment={
            "AZTEC_BUTLER_L2_ADMIN": "http://127.0.0.1:8880",
            "AZTEC_BUTLER_L2_ADMIN_KEY_FILE": str(paths["admin"]),
        },
    )
    known = settings.secrets
    assert {KEY, KEY[:20], KEY[::-1], TOKEN, PASSWORD, PASSWORD[::-1], PASSWORD.upper()} <= known
    assert not known & {"", "/", "v3", "bucket"}


@pytest.mark.parametrize("stream", [io.StringIO(), Terminal()], ids=["json", "terminal"])
def test_redactor__whatever_is_logged__no_secret_gets_out(stream):
    sink = open_log(stream, Redactor([KEY, TOKEN]), level=LogLevel.DEBUG)

    class Strange:
        def __repr__(self):
            return f"<Strange {KEY}>"

    def bug():
        local_variable = f"https://node.example/{KEY}"
        raise RuntimeError(f"connecting to {local_variable} with {TOKEN}")

    with pytest.raises(RuntimeError) as caught:
        bug()
    sink.warning("bug", exc_info=caught.value)
    sink.warning("told", **told(caught.value))
    sink.warning(
        KEY + " in the event",
        url=f"wss://other.example/{KEY[::-1]}",
        nested={"a": [Strange(), {TOKEN: 1}]},
        error=told(NodeUnreachable("no answer", endpoint=f"https://x.example/?key={KEY[::-1]}")),
    )
    text = stream.getvalue()
    for secret in (KEY, TOKEN, KEY[::-1]):
        assert secret not in text
    assert "RuntimeError" in text
    assert "test_logs.py" in text  # a traceback is there
    assert "https://node.example/..." in text or "***" in text


def test_redactor__new_secrets__are_known_besides_the_old():
    redactor = Redactor(["old-secret"])
    redactor.know(["new-secret"])
    assert redactor.text("old-secret new-secret") == "*** ***"


@pytest.mark.parametrize("text", ["http://[::1:80/x", "https://host:port/key", "http://", "a://b"])
def test_redactor__url_that_is_none__does_not_fail(text):
    assert "key" not in Redactor().text(text)


def test_redactor__what_moves_a_cursor__is_written_out():
    assert Redactor().text("a\x1b[2Kb\r\nc\x9b") == "a\\x1b[2Kb\\x0d\nc\\x9b"


def test_everything__libraries_and_threads_that_end__come_out_the_same_way():
    stream = io.StringIO()
    before = threading.excepthook

    def fail():
        raise ValueError(f"https://node.example/{KEY}")

    with logging_everything(open_log(stream, Redactor())):
        logging.getLogger("urllib3").warning("retrying %s", f"https://node.example/{KEY}")
        logging.getLogger("urllib3").info("not worth it")
        thread = threading.Thread(target=fail, name="collect")
        thread.start()
        thread.join()
    first, second = entries(stream)
    assert (first["logger"], first["event"]) == ("urllib3", "retrying https://node.example/...")
    assert second["thread"] == "collect"
    assert "ValueError" in second["exception"]
    assert KEY not in stream.getvalue()
    assert threading.excepthook is before
