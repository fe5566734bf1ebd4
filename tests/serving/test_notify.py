from __future__ import annotations

import os
import secrets
import socket
import threading

import pytest

from aztec_butler.serving.notify import Notifier


@pytest.fixture(params=["path", "abstract"])
def supervisor(request, tmp_path):
    """A socket as systemd has it, and its name as the environment tells it."""
    is_abstract = request.param == "abstract"
    name = f"@aztec-butler-{secrets.token_hex(8)}" if is_abstract else str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind("\0" + name[1:] if is_abstract else name)
        listener.settimeout(10)
        yield listener, name


def test_notifier__tells_each_thing_in_a_datagram(supervisor):
    listener, name = supervisor
    notifier = Notifier.of({"NOTIFY_SOCKET": name})
    notifier.ready()
    notifier.alive()
    notifier.status("12 of 13\ncollectors\x00 " + "x" * 500)
    notifier.reloading()
    notifier.stopping()
    said = [listener.recv(4096).decode() for _ in range(5)]
    assert said[:2] == ["READY=1", "WATCHDOG=1"]
    assert said[2].startswith("STATUS=12 of 13 collectors")
    assert len(said[2]) < 300
    assert "\n" not in said[2]
    reloading, monotonic = said[3].split("\n")
    assert reloading == "RELOADING=1"
    assert int(monotonic.removeprefix("MONOTONIC_USEC=")) > 0
    assert said[4] == "STOPPING=1"


@pytest.mark.parametrize("address", [None, "/nowhere/notify", "@nobody-listens-here", "x" * 300])
def test_notifier__nobody_listens__disturbs_nothing(address):
    Notifier(address).ready()


def test_notifier__supervisor_that_does_not_read__is_not_waited_for_long(tmp_path):
    name = str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(name)
        notifier = Notifier(name, patience_seconds=0.001)
        for _ in range(100):
            notifier.alive()


def test_notifier__supervisor_that_reads_late__misses_nothing(tmp_path):
    name = str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(name)
        listener.settimeout(10)
        notifier = Notifier(name)

        def tell():
            for _ in range(300):  # more than wait in a socket
                notifier.ready()

        teller = threading.Thread(target=tell)
        teller.start()
        assert [listener.recv(100) for _ in range(300)] == [b"READY=1"] * 300
        teller.join()


@pytest.mark.parametrize(
    ("variables", "seconds"),
    [
        ({}, None),
        ({"WATCHDOG_USEC": "60000000"}, 60),
        ({"WATCHDOG_USEC": "500000", "WATCHDOG_PID": str(os.getpid())}, 0.5),
        ({"WATCHDOG_USEC": "500000", "WATCHDOG_PID": "1"}, None),
        ({"WATCHDOG_USEC": "0"}, None),
        ({"WATCHDOG_USEC": "soon"}, None),
    ],
)
def test_watchdog__is_what_is_meant_for_us(variables, seconds):
    assert Notifier.of(variables).watchdog_seconds == seconds
