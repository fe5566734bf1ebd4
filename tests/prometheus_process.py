"""A real Prometheus on this machine, with the configuration that is shipped, for as long as a test."""

from __future__ import annotations

import http.client
import json
import socket
import subprocess
import time
from pathlib import Path
from urllib.parse import urlencode

import yaml

DEPLOY = Path(__file__).parents[1] / "scripts" / "deploy"
PATIENCE_SECONDS = 60


class PrometheusProcess:
    """Scrapes one target every second; a context manager.

    Args:
        program: path of the binary.
        folder: for its data.
        target: host and port of the exporter.
    """

    def __init__(self, program, folder: Path, target: str):
        settings = yaml.safe_load((DEPLOY / "prometheus.yml").read_text())
        settings["global"] = {"scrape_interval": "1s", "evaluation_interval": "1s"}
        settings["rule_files"] = [str(DEPLOY / name) for name in settings["rule_files"]]
        scraped = next(job for job in settings["scrape_configs"] if job["job_name"] == "aztec_butler")
        settings["scrape_configs"] = [scraped]  # no watcher runs
        scraped["scrape_timeout"] = "1s"
        scraped["static_configs"] = [{"targets": [target]}]
        path = folder / "prometheus.yml"
        path.write_text(yaml.safe_dump(settings))
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self.log_path = folder / "prometheus.log"
        with self.log_path.open("wb") as log:
            self.process = subprocess.Popen(
                [
                    program,
                    f"--config.file={path}",
                    f"--storage.tsdb.path={folder / 'data'}",
                    f"--web.listen-address=127.0.0.1:{self.port}",
                    "--log.level=warn",
                ],
                stdout=log,
                stderr=log,
            )

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()

    def wait_for(self, what, condition):
        """The first truthy answer of a function, in good time."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline:
            assert self.process.poll() is None, self.log_path.read_text()
            found = condition()
            if found:
                return found
            time.sleep(0.1)
        raise AssertionError(f"not in time: {what}; {self.log_path.read_text()}")

    def ask(self, path, **parameters):
        """The data of an answer of its API; what is wrong is raised in its words."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request("GET", f"/api/v1/{path}?{urlencode(parameters)}")
            answer = json.loads(connection.getresponse().read())
        except ConnectionRefusedError:
            return None  # it is still starting
        finally:
            connection.close()
        assert answer["status"] == "success", answer
        return answer["data"]

    def query(self, expression, **at):
        """Values by labels, without those that say where they were scraped."""
        data = self.ask("query", query=expression, **at)
        if data is None:
            return {}
        if data["resultType"] == "scalar":
            return {(): float(data["result"][1])}
        return {labels_of(each["metric"]): float(each["value"][1]) for each in data["result"]}

    def value(self, expression, **at):
        """The only value there is; None when there is none."""
        found = self.query(expression, **at)
        assert len(found) <= 1, found
        return next(iter(found.values()), None)


def labels_of(metric):
    """What tells series of one metric apart: a text for one label, texts for several, in the order of their names."""
    texts = tuple(
        text
        for name, text in sorted(metric.items())
        if name not in {"__name__", "job", "instance", "network"}
    )
    return texts[0] if len(texts) == 1 else texts
