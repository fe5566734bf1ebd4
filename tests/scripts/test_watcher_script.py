"""The watcher's script, its documentation, and what runs it."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from deployed import arguments_of, unit_of

from aztec_butler.core.errors import (
    ApprovalPending,
    CheckFailed,
    LockHeld,
    NodeError,
    ReorgTooDeep,
    SettingsError,
)
from aztec_butler.core.intents import ActionKind
from aztec_butler.core.setting_layers import ENVIRONMENT_PREFIX, names_of
from aztec_butler.core.settings import SETTINGS
from aztec_butler.serving.table import OWN_METRICS
from aztec_butler.watcher import table
from aztec_butler.watcher.conditions import CONDITION_NAMES, CONDITIONS
from aztec_butler.watcher.handlers import HANDLERS, stake
from aztec_butler.watcher.metrics import METRICS
from aztec_butler.watcher.settings import WATCHER_SETTINGS

SCRIPTS = Path(__file__).parents[2] / "scripts"
SCRIPT = SCRIPTS / "watcher.py"
README = (SCRIPTS / "README.md").read_text()
OWN = README.partition("\n## The watcher\n")[2]
SERVICE = SCRIPTS / "deploy" / "aztec-butler-watcher.service"


# --------------------------------------------------------------------------- the script


def test_script__is_the_command_under_another_name(tmp_path):
    ran = subprocess.run(
        [sys.executable, SCRIPT, "--network", "nowhere", "--once"],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        timeout=60,
        check=False,
    )
    assert (ran.returncode, ran.stdout) == (2, "")
    assert "nowhere" in ran.stderr


def test_script__is_short():
    assert len(SCRIPT.read_text().splitlines()) < 60
    assert SCRIPT.stat().st_mode & 0o111


# --------------------------------------------------------------------------- the documentation


def test_readme__tables_are_those_of_the_code():
    assert table.with_tables(README) == README, (
        f"run: python -m aztec_butler.watcher.table {SCRIPTS / 'README.md'}"
    )


def test_tables__have_a_line_for_everything():
    events, conditions, metrics, settings = (make() for make in table.TABLES.values())
    assert [line.split("`")[1] for line in events.splitlines()[2:]] == [line.record for line in HANDLERS]
    assert metrics.count("\n") == 2 + len(METRICS) + len(OWN_METRICS)
    assert settings.count("\n") == 2 + len(WATCHER_SETTINGS)
    assert conditions.count("\n") == 2 + len(CONDITIONS)
    assert all(line.count(" | ") == 2 and "|  |" not in line for line in events.splitlines())


def test_tables__every_name_of_a_condition__stands_once():
    assert [name for finder in CONDITIONS for name in table.names_of(finder)] == list(CONDITION_NAMES)


def test_tables__every_action__has_what_asks_for_it():
    asking = {
        line.record: table.actions_of(line.handler) for line in HANDLERS if table.actions_of(line.handler)
    }
    asking |= {finder.__name__: table.actions_of(finder) for finder in CONDITIONS if table.actions_of(finder)}
    assert asking == {
        "StakingRegistryStakedWithProvider": [ActionKind.UPDATE_COINBASE],
        "provider_absent": [ActionKind.CREATE_PROVIDER],
        "keys_low": [ActionKind.ADD_KEYS],
        "publisher_low": [ActionKind.TOP_UP],
    }
    assert table.actions_of(stake.slashed) == []


def test_table__into_a_document_without_marks__is_refused(tmp_path, capsys):
    path = tmp_path / "README.md"
    path.write_text("nothing")
    with pytest.raises(ValueError, match="no marks"):
        table.main([str(path)])
    table.main([])
    shown = capsys.readouterr().out
    assert "`aztec_butler_checkpoint_block`" in shown
    assert "| `publisher_low` | a balance below it is low, in ETH | `0.5` |" in shown
    assert "| `approval_expires` | how long an action waits for approval | `7d` |" in shown


def test_readme__files_and_settings_it_names__are_there():
    for name in re.findall(r"\]\((deploy/[^)#]+)", README):
        assert (SCRIPTS / name).exists(), name
    for place in re.findall(r"\]\(deploy/runbook.md#([^)]+)\)", OWN):
        titles = re.findall(r"^#+ (.+)$", (SCRIPTS / "deploy" / "runbook.md").read_text(), re.MULTILINE)
        assert place in {title.lower().replace(" ", "-") for title in titles}
    known = {*names_of(WATCHER_SETTINGS), *names_of(SETTINGS)}
    (thresholds,) = re.findall(r"^\*\*Thresholds\*\* are the settings ([^.]+)\.", OWN, re.MULTILINE)
    assert {"keys_low", "publisher_target"} <= set(re.findall(r"`(\w+)`", thresholds)) <= known


def test_readme__exit_codes__are_those_of_the_errors():
    (shown,) = re.findall(r"\| exit code \| what it means \|\n\| --- \| --- \|\n((?:\|.+\|\n)+)", OWN)
    codes = [int(line.split(" | ")[0].removeprefix("| ")) for line in shown.splitlines()]
    errors = (NodeError, CheckFailed, ApprovalPending, LockHeld)
    assert codes == [0, *(error.exit_code for error in errors)]
    prevented = unit_of(SERVICE)["Service"]["RestartPreventExitStatus"].split()
    assert set(map(int, prevented)) == {error.exit_code for error in (SettingsError, ReorgTooDeep, LockHeld)}


def test_readme__commands__take_these_options():
    blocks = re.findall(r"^```shell\n(.*?)```", OWN, re.MULTILINE | re.DOTALL)
    lines = [line.partition("#")[0] for block in blocks for line in block.splitlines()]
    ours = [shlex.split(line) for line in lines if "watcher.py" in line]
    assert len(ours) == 3
    for words in ours:
        arguments_of(["aztec-butler", "serve", "--watcher", *words[2:]])


# --------------------------------------------------------------------------- the service and cron


@pytest.fixture(scope="module")
def service():
    return unit_of(SERVICE)


def test_service__runs_the_command_with_variables_that_are_settings(service):
    own = service["Service"]
    assert arguments_of(shlex.split(own["ExecStart"]))["watcher"] == "true"
    known = {*names_of(SETTINGS), *(f"watcher_{name}" for name in names_of(WATCHER_SETTINGS))}
    text = SERVICE.read_text()
    variables = re.findall(rf"^(?:# )?Environment={ENVIRONMENT_PREFIX}(\w+)=", text, re.MULTILINE)
    assert len(variables) >= 4
    assert {name.lower() for name in variables} <= known


def test_service__tells_how_it_goes_and_holds_few_rights(service):
    own = service["Service"]
    expected = {
        "Type": "notify",
        "Restart": "on-failure",
        "RestartSec": "10",
        "WatchdogSec": "60",
        "User": "aztec-butler",
        "UMask": "0077",
        "ProtectSystem": "strict",
        "ProtectHome": "yes",
        "PrivateTmp": "yes",
        "NoNewPrivileges": "yes",
        "CapabilityBoundingSet": "",
        "StateDirectory": "aztec-butler",
        "StateDirectoryMode": "0700",
        "ExecReload": "/bin/kill -HUP $MAINPID",
    }
    assert {name: own.get(name) for name in expected} == expected
    assert int(own["TimeoutStopSec"]) > 10
    assert own["MemoryMax"]
    # It writes keystores, whose place nobody knows but who runs it.
    assert "# ReadWritePaths=" in SERVICE.read_text()


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not installed")
def test_service__systemd_understands_it(tmp_path):
    unit = tmp_path / SERVICE.name
    # Checked as well: whether the program is there.
    unit.write_text(SERVICE.read_text().replace("/opt/aztec-butler/bin/python", sys.executable))
    ran = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", unit],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (ran.returncode, ran.stderr) == (0, "")


def test_cron__runs_the_watcher_once():
    text = (SCRIPTS / "deploy" / "aztec-butler.cron").read_text()
    (line,) = [line.removeprefix("# ") for line in text.splitlines() if "--watcher" in line]
    *_, user, command = line.split(None, 6)
    variable, *words = shlex.split(command)
    assert user == "aztec-butler"
    assert variable.startswith(f"{ENVIRONMENT_PREFIX}STATE_DIR=/")
    arguments = arguments_of(words)
    assert (arguments["watcher"], arguments["once"]) == ("true", "true")
