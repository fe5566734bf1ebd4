"""A watcher on a devnet, as somebody uses it: settings in a file, the command, and other commands beside it.

::

    watching = Watching(devnet, tmp_path, {"provider_ids": [1], "mode": "auto"})
    ran = watching.once()              # serve --watcher --once, in this process: code, out, err
    watching.run("actions", "list")    # any other command, with the same settings
"""

from __future__ import annotations

import contextlib
import http.client
import io
import json
import os
import subprocess
import sys
import time
from types import SimpleNamespace

import pytest

from aztec_butler.__main__ import main
from aztec_butler.serving.metric import PREFIX
from aztec_butler.store.journal_reading import JournalReader
from aztec_butler.watcher.once import watch_once

FINALITY = 2
"""The devnet's final block is so many behind its newest one."""


class Watching:
    """Settings, and what is run with them.

    Args:
        devnet: that is watched.
        folder: for settings, journal and files.
        settings: of the table ``[watcher]``.
        top: settings of all commands besides those of the devnet.
    """

    def __init__(self, devnet, folder, settings, **top):
        self.devnet = devnet
        self.folder = folder
        self.state = folder / "state"
        self.config = folder / "watcher.toml"
        addresses = devnet.addresses
        self.top = {
            "network": "devnet",
            "l1": [devnet.url],
            "registry": addresses["registry"],
            "staking_registry": addresses["staking_registry"],
            "first_block": 0,
            "state_dir": str(self.state),
        } | top
        self.settings = {"start_block": 0, "poll_seconds": 0.2, "look_seconds": 0.2, "listen": "127.0.0.1:0"}
        self.set(**settings)

    def set(self, **settings):
        """Write the settings, with some of them changed."""
        self.settings |= settings
        lines = [f"{name} = {toml(value)}" for name, value in self.top.items()]
        lines += ["[watcher]", *(f"{name} = {toml(value)}" for name, value in self.settings.items())]
        self.config.write_text("\n".join(lines) + "\n")

    def once(self, *words, later=0):
        """One run for cron, by a clock that is so many seconds ahead."""
        with pytest.MonkeyPatch.context() as patched:
            patched.setitem(watch_once.__kwdefaults__, "clock", lambda: time.time() + later)
            return self.run("serve", "--watcher", "--once", *words)

    def run(self, *words):
        """A command in this process: code, and what it wrote."""
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = main([*words, "--config", str(self.config)])
        return SimpleNamespace(code=code, out=out.getvalue(), err=err.getvalue())

    def elsewhere(self, *words):
        """A command in a process of its own."""
        command = [sys.executable, "-m", "aztec_butler", *words, "--config", str(self.config)]
        return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)

    def settle(self, blocks=2 * FINALITY + 2):
        """Let what happened be final."""
        self.devnet.chain.mine_many(blocks)

    # ------------------------------------------------------------------ what it kept

    def journal(self):
        """Its journal, to be read."""
        return JournalReader.read_only(self.state / "journal.sqlite3")

    def intents(self, **chosen):
        with self.journal() as journal:
            return journal.intents(**chosen)

    def of(self, kind):
        """Intents of a kind."""
        return [row for row in self.intents() if row.intent.kind.value == kind]

    def titles(self, state="done"):
        """Of the notices in a state."""
        return [
            row.intent.parameters["title"]
            for row in self.intents()
            if row.intent.kind.value == "notify" and row.state.value == state
        ]


def toml(value):
    """A value as TOML has it."""
    if isinstance(value, dict):
        return "{ " + ", ".join(f'"{name}" = {toml(each)}' for name, each in value.items()) + " }"
    return json.dumps(value)


def notices(err):
    """Titles of the notices in a log."""
    lines = [json.loads(line) for line in err.splitlines() if line.startswith("{")]
    return [line["title"] for line in lines if line["event"] == "notice"]


class WatcherProcess:
    """A watcher that runs in a process of its own; a context manager.

    Args:
        watching: its settings.
        words: more of the command.
    """

    def __init__(self, watching, *words):
        self.config = watching.config
        self.log_path = watching.folder / "watcher.log"
        environment = {name: value for name, value in os.environ.items() if not name.startswith("NOTIFY")}
        command = ["-m", "aztec_butler", "serve", "--watcher", "--config", str(watching.config), *words]
        with self.log_path.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, *command], stdout=log, stderr=log, env=environment
            )

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()

    def write_settings(self, text):
        self.config.write_text(text)

    @property
    def log(self) -> str:
        return self.log_path.read_text()

    def events(self, name):
        """The log's lines of a name."""
        lines = [json.loads(line) for line in self.log.splitlines() if line.endswith("}")]
        return [line for line in lines if line["event"] == name]

    @property
    def port(self) -> int:
        return int(self.events("watching")[-1]["url"].rpartition(":")[2])

    def get(self, path):
        """Status and body."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        connection.request("GET", path)
        response = connection.getresponse()
        body = response.read().decode()
        connection.close()
        return response.status, body

    def value(self, beginning) -> float:
        """The sum of the series whose names begin so, behind the prefix of all."""
        lines = [line.rpartition(" ") for line in self.get("/metrics")[1].splitlines()]
        return sum(
            float(value)
            for name, _, value in lines
            if name.removeprefix(PREFIX).startswith(beginning) and not name.startswith("#")
        )
