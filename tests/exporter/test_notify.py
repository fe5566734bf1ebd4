from __future__ import annotations

import os
import secrets
import socket

import pytest

from aztec_butler.exporter.notify import Notifier


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


def test_notifier__supervisor_that_does_not_read__is_not_waited_for(tmp_path):
    name = str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(name)
        notifier = Notifier(name)
        for _ in range(5000):
            notifier.alive()


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
