"""The exporter as a process of its own: started, scraped, signalled, and always ended."""

from __future__ import annotations

import http.client
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

PATIENCE_SECONDS = 60


class ExporterProcess:
    """A running exporter; a context manager.

    Args:
        folder: for its log and its settings.
        settings: text of its settings file.
        environment: variables besides those of this process.
    """

    def __init__(self, folder: Path, settings: str, *, environment=None):
        self.folder = folder
        self.settings_path = folder / "exporter.toml"
        self.settings_path.write_text(settings)
        self.log_path = folder / "exporter.log"
        self.bodies = []
        variables = {name: value for name, value in os.environ.items() if not name.startswith("NOTIFY")}
        with self.log_path.open("wb") as log:
            self.process = subprocess.Popen(
                [
                    *(sys.executable, "-m", "aztec_butler", "serve", "--prometheus"),
                    *("--config", str(self.settings_path)),
                ],
                stderr=log,
                stdout=log,
                env=variables | (environment or {}),
            )

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()

    # ------------------------------------------------------------------ what it says

    @property
    def log(self) -> str:
        return self.log_path.read_text()

    @property
    def events(self) -> list[dict]:
        return [json.loads(line) for line in self.log.splitlines() if line.endswith("}")]

    def wait_for(self, what, condition):
        """The first truthy answer of a function, in good time."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline:
            assert self.process.poll() is None, f"it ended with {self.process.returncode}: {self.log}"
            found = condition()
            if found:
                return found
            time.sleep(0.02)
        raise AssertionError(f"not in time: {what}; {self.log}")

    def wait_for_event(self, name, count=1):
        """The last of so many events of a name."""

        def last():
            found = [event for event in self.events if event["event"] == name]
            return found[-1] if len(found) >= count else None

        return self.wait_for(name, last)

    @property
    def port(self) -> int:
        return int(self.wait_for_event("serving")["url"].rpartition(":")[2])

    # ------------------------------------------------------------------ what is asked of it

    def get(self, path, *, token=None, port=None, timeout=30):
        """Status and body."""
        connection = http.client.HTTPConnection("127.0.0.1", port or self.port, timeout=timeout)
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        connection.request("GET", path, headers=headers)
        response = connection.getresponse()
        body = response.read().decode()
        connection.close()
        self.bodies.append(body)
        return response.status, body

    def metrics(self, **options) -> dict[str, float]:
        """Values by series, as they are written."""
        status, body = self.get("/metrics", **options)
        assert status == 200, body
        lines = [line.rpartition(" ") for line in body.splitlines() if not line.startswith("#")]
        return {name: float(value) for name, _, value in lines}

    def reload(self, settings):
        """New settings; returns when it has judged them."""
        judged = ("serving", "the new settings are refused, the old ones stay")
        before = sum(event["event"] in judged for event in self.events)
        self.settings_path.write_text(settings)
        self.process.send_signal(signal.SIGHUP)
        self.wait_for("reload", lambda: sum(event["event"] in judged for event in self.events) > before)

    def end(self, number=signal.SIGTERM):
        """Exit code, and how long it took."""
        began = time.monotonic()
        self.process.send_signal(number)
        code = self.process.wait(PATIENCE_SECONDS)
        return code, time.monotonic() - began
