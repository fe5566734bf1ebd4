"""A reader of README: at a desk beside a devnet with a season on it, with a shell, Python and some keystores."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import attrs
import matplotlib.pyplot as plt
import pytest

from aztec_butler.__main__ import main
from aztec_butler.cli.fire_door import parse
from aztec_butler.cli.table_of_commands import COMMANDS, load
from aztec_butler.cli.words import prepare_words, take_apart
from aztec_butler.core.hexes import keccak256
from aztec_butler.devnet.season_keys import attester_keys
from aztec_butler.devnet.session import write_session
from aztec_butler.devnet.session_attached import describe

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()

NOT_TRIED = {("demo",), ("devnet",), ("safe", "propose")}
"""Commands that start chains, which have tests of their own, or ask somebody on the internet; their words are tried."""
PROVIDER = 2
"""Whose keystores lie on the desk; none of them names a coinbase."""
FINDS_PROBLEMS = {("coinbase", "check"): 5}
"""Commands that have something to find here, and the exit code that says so."""


@attrs.frozen
class Block:
    """A block of code, and what it is written in."""

    number: int
    language: str
    code: str

    @property
    def commands(self) -> list[str]:
        """Of a block for the shell, without what is said about them."""
        lines = [line.removeprefix("$ ") for line in self.code.splitlines()]
        return [re.sub(r"\s+&$", "", re.sub(r"\s{2,}#.*$", "", line)) for line in lines]


BLOCKS = [
    Block(number, language, code)
    for number, (language, code) in enumerate(
        re.findall(r"^```(\w+)\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
    )
]


@attrs.define
class Desk:
    """Runs what README shows, from its first block on: later ones build on earlier ones."""

    folder: Path
    monkeypatch: pytest.MonkeyPatch
    instead: dict[str, str]
    """What stands in README, and what takes its place here: its nodes and its cluster are not on this machine."""
    names: dict[str, Any] = attrs.field(factory=dict)
    failures: dict[int, BaseException | None] = attrs.field(factory=dict)
    networks: list[Any] = attrs.field(factory=list)
    """Connected by Python on the page, to be closed in the end."""

    def run(self, block: Block) -> None:
        """Run a block, and those before it if they have not been."""
        for earlier in BLOCKS[: block.number + 1]:
            if earlier.number not in self.failures:
                try:
                    self._run(earlier)
                except Exception as error:  # noqa: BLE001 - told by the test of that block
                    self.failures[earlier.number] = error
                else:
                    self.failures[earlier.number] = None
        failure = self.failures[block.number]
        if failure is not None:
            raise failure

    def _run(self, block: Block) -> None:
        if block.language == "python":
            exec(self.translated(block.code), self.names)
            plt.close("all")
            self.networks.append(self.names["net"])
            return
        for command in block.commands:
            for part in re.split(r" && |; ", command):
                self.type(part)

    def translated(self, text: str) -> str:
        for shown, here in self.instead.items():
            text = text.replace(shown, here)
        return text

    def type(self, line: str) -> None:
        """Do what a line for the shell does."""
        words = shlex.split(self.translated(self._with_variables(line)))
        match words:
            case ["export", setting]:
                name, _, value = setting.partition("=")
                self.monkeypatch.setenv(name, value)
            case ["unset", name]:
                self.monkeypatch.delenv(name)
            case ["aztec-butler", *rest]:
                self._butler(rest)
            case ["python", "scripts/exporter.py" as script, *rest]:
                assert (ROOT / script).exists()
                self._butler(["serve", "--prometheus", *rest])
            case ["python3", "-m", "venv", ".venv"] | [".", ".venv/bin/activate"]:
                pass  # as in .ci/run
            case ["pip" | ".venv/bin/pip", "install", *_] | [".venv/bin/python", "-m", "pytest"]:
                pass
            case ["jupyter", "lab", folder]:
                assert list((ROOT / folder).glob("*.ipynb"))
            case _:
                raise AssertionError(f"no test knows how to run this line: {line}")

    def _butler(self, words: list[str]) -> None:
        if any(tuple(words[: len(path)]) == path for path in NOT_TRIED):
            line = take_apart(words, COMMANDS)
            command = load(line.target)
            parse(command, line.path, prepare_words(command, line.path, line.rest))
            return
        if words[0] == "serve" and "--once" not in words:
            words = [*words, "--once"]  # and not until Ctrl-C
        expected = next(
            (code for path, code in FINDS_PROBLEMS.items() if tuple(words[: len(path)]) == path), 0
        )
        assert main(words) == expected, " ".join(words)

    @staticmethod
    def _with_variables(line: str) -> str:
        import os

        return re.sub(r"\$([A-Z_]+)", lambda found: os.environ[found[1]], line)


def write_keystore(path: Path, numbers: Iterable[int], **more: str) -> None:
    """A keystore as the node reads it, with devnet attesters of these numbers."""
    validators = [
        {
            "attester": {
                "eth": f"0x{keccak256(f'devnet attester {number}'.encode()).hex()}",
                "bls": f"0x{1000 + number:064x}",
            },
            "publisher": f"0x{9:064x}",
            "feeRecipient": f"0x{1:064x}",
            **more,
        }
        for number in numbers
    ]
    path.parent.mkdir()
    path.write_text(json.dumps({"schemaVersion": 1, "validators": validators}))
    path.chmod(0o600)


@pytest.fixture(scope="module")
def desk(played_season, cache_folder, tmp_path_factory) -> Iterator[Desk]:
    """The reader's desk."""
    devnet, season = played_season
    folder = tmp_path_factory.mktemp("desk")
    at_work = {attester.address for attester in season.attesters.values() if attester.provider_id == PROVIDER}
    numbers = [number for number in range(100) if attester_keys(number).address in at_work]
    assert numbers
    write_keystore(folder / "keys" / "ours.json", numbers)
    write_keystore(folder / "new-keys" / "fresh.json", [9_001, 9_002], coinbase="0x" + "cc" * 20)
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.chdir(folder)
        for name in ("XDG_STATE_HOME", "XDG_CONFIG_HOME"):
            monkeypatch.setenv(name, str(folder / name.lower()))
        monkeypatch.setenv("AZTEC_BUTLER_NETWORK", "devnet")
        monkeypatch.setenv("MPLBACKEND", "agg")
        write_session(describe(devnet, cache_folder=cache_folder))
        reader = Desk(
            folder,
            monkeypatch,
            {
                '"mainnet", l1="https://your-ethereum-node"': '"devnet"',
                "https://your-ethereum-node": devnet.url,
                "--network mainnet": "--network devnet",
                'distributed.Client("tcp://10.0.0.1:8786")': "None",
                "s3://bucket": str(folder / "bucket"),
                "/var/lib/node_exporter": str(folder),
                "Devnet.start(MAINNET)": "Devnet.start(MAINNET, cache_folder=cache_folder)",
            },
            {"cache_folder": cache_folder},
        )
        yield reader
        for network in reader.networks:
            network.close()


@pytest.fixture(autouse=True)
def _kept_at_the_desk(_event_store_of_its_own, desk, monkeypatch) -> None:
    """What one question keeps the next one finds, as on a reader's machine."""
    monkeypatch.setenv("AZTEC_BUTLER_EVENT_STORE", str(desk.folder / "kept"))
