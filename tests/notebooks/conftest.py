"""A devnet with a season on it, which is found as one finds it on one's own machine."""

from __future__ import annotations

import sys

import pytest

from aztec_butler.devnet.session import write_session
from aztec_butler.devnet.session_attached import describe


@pytest.fixture(scope="session")
def devnet_state(played_season, cache_folder, tmp_path_factory):
    """A state directory in which ``connect("devnet")`` finds the devnet with a season on it."""
    devnet, _ = played_season
    folder = tmp_path_factory.mktemp("state")
    write_session(describe(devnet, cache_folder=cache_folder), folder / "aztec-butler")
    return folder


@pytest.fixture
def found_devnet(devnet_state, monkeypatch, tmp_path):
    """For this process and those that it starts."""
    monkeypatch.setenv("XDG_STATE_HOME", str(devnet_state))
    monkeypatch.setitem(sys.modules, "__main__", sys.modules["__main__"])  # a shell puts its own there
    monkeypatch.setattr(
        "aztec_butler.devnet.session.default_state_folder", lambda: devnet_state / "aztec-butler"
    )
    for name in ("IPYTHONDIR", "JUPYTER_RUNTIME_DIR", "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR"):
        monkeypatch.setenv(name, str(tmp_path / name.lower()))
