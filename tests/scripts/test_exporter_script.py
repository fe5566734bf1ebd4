"""The script, its documentation, and what runs it."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from deployed import arguments_of, unit_of

from aztec_butler.core.setting_layers import ENVIRONMENT_PREFIX, names_of
from aztec_butler.core.settings import SETTINGS
from aztec_butler.exporter import table
from aztec_butler.exporter.setting_values import COLLECTORS
from aztec_butler.exporter.settings import OWN_SETTINGS, PROCESS_SETTINGS
from aztec_butler.exporter.settings_reading import read_exporter_settings
from aztec_butler.serving.self_metrics import SelfMetrics
from aztec_butler.serving.table import OWN_METRICS

SCRIPTS = Path(__file__).parents[2] / "scripts"
SCRIPT = SCRIPTS / "exporter.py"
README = (SCRIPTS / "README.md").read_text()
SERVICE = SCRIPTS / "deploy" / "aztec-butler-exporter.service"


# --------------------------------------------------------------------------- the script


@pytest.mark.loopback
def test_script__is_the_command_under_another_name(tmp_path):
    words = ["--network", "devnet", "--l1", "http://127.0.0.1:1", "--collectors", "publishers", "--once"]
    ran = subprocess.run(
        [sys.executable, SCRIPT, *words],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        timeout=60,
        check=False,
    )
    assert (ran.returncode, ran.stderr) == (0, "")
    assert 'aztec_butler_scrape_success{network="devnet",collector="publishers"} 1' in ran.stdout


def test_script__is_short():
    assert len(SCRIPT.read_text().splitlines()) < 60
    assert SCRIPT.stat().st_mode & 0o111


# --------------------------------------------------------------------------- the documentation


def test_readme__tables_are_those_of_the_code():
    assert table.with_tables(README) == README, (
        f"run: python -m aztec_butler.exporter.table {SCRIPTS / 'README.md'}"
    )


def test_table__of_its_own_metrics__is_what_the_registry_has():
    own = SelfMetrics("1")
    texts = {family.name: family.documentation for family in own.registry.collect()}
    listed = {"aztec_butler_" + name.removesuffix("_total"): text for name, _, _, text in OWN_METRICS}
    assert listed == texts


def test_table__into_a_document_without_marks__is_refused(tmp_path, capsys):
    path = tmp_path / "README.md"
    path.write_text("nothing")
    with pytest.raises(ValueError, match="no marks"):
        table.main([str(path)])
    table.main([])
    assert "`aztec_butler_l1_block`" in capsys.readouterr().out


def test_readme__names_every_collector_and_file():
    assert all(f"`{name}`" in README for name in COLLECTORS)
    for name in re.findall(r"\]\((deploy/[^)#]+)\)", README):
        assert (SCRIPTS / name).exists(), name


# --------------------------------------------------------------------------- example settings


def parsed(text, tmp_path, environment=None):
    path = tmp_path / "exporter.toml"
    path.write_text(text)
    return read_exporter_settings({}, {}, config=str(path), environment=environment or {})


@pytest.mark.parametrize(
    ("name", "networks"), [("exporter", ["mainnet"]), ("exporter-two-networks", ["mainnet", "testnet"])]
)
def test_example_settings__are_settings(tmp_path, name, networks):
    settings = parsed((SCRIPTS / "deploy" / f"{name}.toml").read_text(), tmp_path)
    assert [network.name for network in settings.networks] == networks
    assert settings.networks[0].provider_ids == (4,)


def test_example_settings__that_are_commented_out__are_settings_too(tmp_path):
    """Each by itself, because some stand in for each other."""
    text = (SCRIPTS / "deploy" / "exporter.toml").read_text()
    head, _, own = text.partition("\n[exporter]\n")
    secret = tmp_path / "secret"
    secret.write_text("http://127.0.0.1:1")
    secret.chmod(0o600)
    shown = set()
    for part, section in ((head, ""), (own, "[exporter]\n")):
        for line in part.splitlines():
            match = re.match(r"# (\w+) = ", line)
            if match is None:
                continue
            shown.add(match[1])
            given = re.sub(r'"/etc/aztec-butler/secrets/\w+"', f'"{secret}"', line.removeprefix("# "))
            given += '\ncertificate = "x"' if match[1] == "certificate_key" else ""
            given = f'l2_admin = "http://x"\n{given}' if match[1] == "l2_admin_key_file" else given
            parsed(
                f"{section}{given}",
                tmp_path,
                {} if match[1] == "l1_file" else {"AZTEC_BUTLER_L1": "http://x"},
            )
    shown |= set(re.findall(r"^(\w+) = ", text, re.MULTILINE))
    known = set(names_of(PROCESS_SETTINGS)) | set(names_of(OWN_SETTINGS))
    # What is for a single run stands in cron's line; a few are for few.
    assert known - shown <= {"textfile", "push", "push_file", "push_job", "push_instance", "all_attesters"}


# --------------------------------------------------------------------------- the service and cron


@pytest.fixture(scope="module")
def service():
    return unit_of(SERVICE)


def test_service__runs_the_command_with_variables_that_are_settings(service):
    own = service["Service"]
    options = arguments_of(shlex.split(own["ExecStart"]))
    assert options["prometheus"] == "true"
    known = names_of(SETTINGS) + tuple(
        f"exporter_{name}" for name in names_of((*PROCESS_SETTINGS, *OWN_SETTINGS))
    )
    variables = [line.partition("=")[0] for line in own["Environment"].split("\n")]
    ours = [name for name in variables if name.startswith(ENVIRONMENT_PREFIX)]
    assert len(ours) >= 3
    assert {name.removeprefix(ENVIRONMENT_PREFIX).lower() for name in ours} <= set(known)


def test_service__tells_how_it_goes_and_holds_no_rights(service):
    own = service["Service"]
    expected = {
        "Type": "notify",
        "Restart": "on-failure",
        "RestartSec": "10",
        "WatchdogSec": "60",
        "DynamicUser": "yes",
        "ProtectSystem": "strict",
        "ProtectHome": "yes",
        "PrivateTmp": "yes",
        "NoNewPrivileges": "yes",
        "CapabilityBoundingSet": "",
        "StateDirectory": "aztec-butler",
        "ExecReload": "/bin/kill -HUP $MAINPID",
    }
    assert {name: own.get(name) for name in expected} == expected
    assert own["MemoryMax"]


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


def test_cron__runs_commands_that_are_there():
    text = (SCRIPTS / "deploy" / "aztec-butler.cron").read_text()
    jobs = [line.removeprefix("# ").split(None, 6) for line in text.splitlines() if "*/5" in line]
    assert [job[5] for job in jobs] == ["aztec-butler", "aztec-butler"]
    first, second = (arguments_of(shlex.split(job[6])) for job in jobs)
    assert first["once"] == second["once"] == "true"
    assert first["textfile"].endswith(".prom")
    assert second["push"] == "http://127.0.0.1:9091"
