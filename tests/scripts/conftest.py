"""Tests of what operators plug in."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

DEPLOY = Path(__file__).parents[2] / "scripts" / "deploy"


@pytest.fixture(scope="session")
def deploy():
    """Where the files are."""
    return DEPLOY


@pytest.fixture(scope="session")
def rules():
    """Rules by file, each as it is written."""
    files = sorted(DEPLOY.glob("*.rules.yml"))
    return {
        path.name.removesuffix(".rules.yml"): [
            rule for group in yaml.safe_load(path.read_text())["groups"] for rule in group["rules"]
        ]
        for path in files
    }


@pytest.fixture
def promtool():
    """Runs promtool: ``promtool("check", "rules", path)`` returns how it ended."""
    program = shutil.which("promtool")
    if program is None:
        pytest.skip("promtool is not installed (Debian: apt-get install prometheus)")

    def run(*arguments, cwd=DEPLOY, stdin=None):
        return subprocess.run(
            [program, *map(str, arguments)],
            cwd=cwd,
            input=stdin,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    return run
