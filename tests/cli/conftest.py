"""A network that asks nobody: rows built by hand behind a ``connect`` that remembers how it was called."""

from __future__ import annotations

import os
from enum import Enum
from types import SimpleNamespace

import attrs
import pytest

from aztec_butler.cli.columns import columns_of
from aztec_butler.core import rows
from aztec_butler.core.records import BlockStamp

ADDRESS = "0x00000000000000000000000000000000000000AA"
KEY = "0123456789abcdef0123456789abcdef"
STAMP = BlockStamp(number=24_000_000, hash="0x" + "ab" * 32, timestamp=1_700_000_000, is_finalized=True)


def sample(row_type, **changes):
    """A record with a value in every field; those of ``changes`` as given."""
    values = {}
    for column in columns_of(row_type):
        if issubclass(column.kind, Enum):
            values[column.name] = next(iter(column.kind))
        elif column.unit == "wei":
            values[column.name] = 200_000 * 10**18
        elif column.is_time:
            values[column.name] = 1_700_000_000
        else:
            values[column.name] = {bool: True, int: 7, float: 0.25, str: ADDRESS}[column.kind]
    return row_type(**values | changes)


@attrs.define
class FakeNetwork:
    """What ``connect`` gives, and how it was asked."""

    tables: dict = attrs.field(factory=dict)
    """Rows by the method that gives them."""
    connected: list = attrs.field(factory=list)
    """The arguments of each ``connect``."""
    asked: list = attrs.field(factory=list)
    """Each method, with its arguments."""
    name: str = "mainnet"
    chain_id: int = 1

    def connect(self, network, **options):
        self.name = network
        self.connected.append({"network": network, **options})
        return self

    def snapshot(self):
        return _Snapshot(self)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass


class _Snapshot:
    block = STAMP

    def __init__(self, network):
        self._network = network

    @property
    def state(self):
        return self._network.tables["state"]

    def __getattr__(self, method):
        def ask(*arguments):
            self._network.asked.append((method, *arguments))
            return self._network.tables[method]

        return ask


TYPES = {
    "attesters": rows.Attester,
    "entry_queue": rows.QueueEntry,
    "providers": rows.Provider,
    "delegations": rows.Delegation,
    "exits": rows.Exit,
    "slashings": rows.Slashing,
    "history_steps": rows.HistoryStep,
    "lifecycle": rows.LifecycleAnswer,
}


@pytest.fixture(autouse=True)
def _no_settings_of_this_machine(tmp_path, monkeypatch):
    for name in list(os.environ):
        if name.startswith("AZTEC_BUTLER_") and name not in {
            "AZTEC_BUTLER_CACHE_DIR",
            "AZTEC_BUTLER_EVENT_STORE",
        }:
            monkeypatch.delenv(name)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("COLUMNS", "100")


@pytest.fixture
def network(monkeypatch):
    """The fake, with one row in each table, connected whatever the settings say."""
    fake = FakeNetwork({method: (sample(kind),) for method, kind in TYPES.items()})
    monkeypatch.setattr("aztec_butler.network.connect", fake.connect)
    monkeypatch.setenv("AZTEC_BUTLER_L1", f"https://node.example/v3/{KEY}")
    return fake


@pytest.fixture
def make():
    """The builder of records."""
    return sample


@pytest.fixture
def cli(capsys):
    """Run a command line in this process: code, stdout and stderr."""
    from aztec_butler.__main__ import main

    def run(*words):
        code = main(list(words))
        out, err = capsys.readouterr()
        return SimpleNamespace(code=code, out=out, err=err)

    return run
