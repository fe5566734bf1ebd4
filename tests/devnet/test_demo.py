"""The demonstration, in this process, from the chain's start to its end."""

from __future__ import annotations

from pathlib import Path

import pytest

from aztec_butler.cli.main import run_command_line

pytestmark = pytest.mark.devnet


def test_demo__on_a_machine_without_settings__shows_every_state(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    cache_folder: Path | None,
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))

    assert run_command_line(["demo"]) == 0

    output, errors = capsys.readouterr()
    assert errors == ""
    states = {line.split()[0]: line.split()[1:] for line in output.splitlines() if line.strip()}
    counts = {
        name: int(states[name][0])
        for name in (
            "never-registered",
            "provider-queued",
            "entry-queued",
            "validating",
            "zombie",
            "exiting",
            "exited",
        )
    }
    # Figures of the season, which the chain's own answers confirm elsewhere.
    assert counts == {
        "never-registered": 2,
        "provider-queued": 6,
        "entry-queued": 20,
        "validating": 25,
        "zombie": 3,
        "exiting": 9,
        "exited": 3,
    }
    assert "4,996,000.00" in states["validating"]
    for answer in ("key-repeated", "withdrawable", "awaiting-recipient", "mainnet", "--l1"):
        assert answer in output
    assert list(tmp_path.iterdir()) == []
