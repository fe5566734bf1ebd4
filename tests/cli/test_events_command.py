"""The command that reads events, against tables built by hand."""

from __future__ import annotations

import csv
import io
import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from event_logs import GSE, ROLLUP, SOMEBODY, log, slashed, tables

from aztec_butler.archive.union import union_table
from aztec_butler.core.event_kinds import select_events
from aztec_butler.store.events_schema import empty, narrowest

FACTS = {
    "network": "mainnet",
    "chain_id": 1,
    "block": 24_000_000,
    "block_hash": "0x" + "ab" * 32,
    "block_timestamp": 1_700_000_000,
    "finalized": True,
    "first_block": 5,
    "last_block": 9,
}
LOGS = [
    slashed(5, amount=2_000 * 10**18),
    log(
        "StakingRegistryAttestersAddedToProvider",
        7,
        1,
        address=GSE,
        provider_id=3,
        attesters=(SOMEBODY, ROLLUP),
    ),
    slashed(9, amount=5 * 10**18),
]


def union(names, logs=LOGS):
    kinds = select_events(names)
    found = tables(logs, {ROLLUP: "rollup", GSE: "staking_registry"})
    table = union_table(kinds, {k.record: found.get(k.record, empty(narrowest(k.record))) for k in kinds})
    facts = FACTS | {"events": [kind.record for kind in kinds]}
    return table.replace_schema_metadata({"aztec_butler": json.dumps(facts)})


class EventNetwork:
    """What ``connect`` gives, and how it was asked."""

    def __init__(self):
        self.logs = LOGS
        self.connected = []
        self.asked = []

    def connect(self, network, **options):
        self.connected.append(options)
        return self

    def events(self, names, first, last, *, arrow, contracts):
        assert arrow
        self.asked.append((names, first, last, contracts))
        return union(names, self.logs)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass


@pytest.fixture
def network(monkeypatch):
    fake = EventNetwork()
    monkeypatch.setattr("aztec_butler.network.connect", fake.connect)
    monkeypatch.setenv("AZTEC_BUTLER_L1", "https://node.example/")
    return fake


@pytest.fixture
def terminal(monkeypatch):
    """A terminal of a width."""

    def of(columns):
        monkeypatch.setenv("COLUMNS", str(columns))
        monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)

    return of


@pytest.mark.parametrize(
    ("words", "asked"),
    [
        ([], ("staking", None, None, None)),
        (["Slashed"], (["Slashed"], None, None, None)),
        (["Slashed,Deposit", "RollupDeposit"], (["Slashed", "Deposit", "RollupDeposit"], None, None, None)),
        (["Slashed", "--from", "2026-06-01", "--to", "7d"], (["Slashed"], "2026-06-01", "7d", None)),
        (["--from=0x10", "Slashed"], (["Slashed"], "0x10", None, None)),
        (
            ["Withdraw", "--contracts", f"{ROLLUP}=splits_warehouse"],
            (["Withdraw"], None, None, {ROLLUP: "splits_warehouse"}),
        ),
    ],
    ids=lambda value: (
        " ".join(value) if isinstance(value, list) and value and isinstance(value[0], str) else ""
    ),
)
def test_events__words__are_passed_on(cli, network, words, asked):
    assert cli("events", *words, "--format", "json").code == 0
    assert network.asked == [asked]


@pytest.mark.parametrize(
    ("words", "part"),
    [
        (["Slashd"], "did you mean Slashed"),
        (["Staked"], "--contracts 0x...=atp_staker"),
        (["Slashed", "--from", "soon"], "a block or a time"),
        (["Slashed", "--from", "7d", "--to", "1d"], "from the other"),
        (["Slashed", "--form", "1"], "--from"),
        (["Slashed", "--contracts", ROLLUP], "ADDRESS=ROLE"),
        (["Slashed", "--contracts", f"{ROLLUP}=rolup"], "rollup"),
        (["Slashed", "--contracts", "0x00=rollup"], "40 hex digits"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_events__mistake__exit_2_and_nothing_is_connected(cli, network, words, part):
    ran = cli("events", *words)
    assert (ran.code, ran.out, network.connected) == (2, "", [])
    assert part in ran.err


def test_events__json__every_event_with_its_own_values(cli, network):
    document = json.loads(cli("events", "Slashed,AttestersAddedToProvider", "--format", "json").out)
    first, second, third = document["rows"]
    assert (first["event"], first["amount_wei"], first["attester"]) == (
        "RollupSlashed",
        "2" + "0" * 21,
        SOMEBODY,
    )
    assert first["block_time"] == "2026-06-01T00:01:00Z"
    assert "attesters" not in first
    assert (second["provider_id"], second["attesters"]) == (3, [SOMEBODY, ROLLUP])
    assert "amount_wei" not in second
    assert third["block_number"] == 9
    assert (document["first_block"], document["last_block"], document["network"]) == (5, 9, "mainnet")
    assert document["events"] == ["RollupSlashed", "StakingRegistryAttestersAddedToProvider"]
    assert document["block"]["number"] == 24_000_000


def test_events__csv__all_columns_exact(cli, network):
    ran = cli("events", "Slashed,AttestersAddedToProvider", "--format", "csv")
    rows = list(csv.DictReader(io.StringIO(ran.out)))
    assert [row["amount_wei"] for row in rows] == ["2" + "0" * 21, "", "5" + "0" * 18]
    assert json.loads(rows[1]["attesters"]) == [SOMEBODY, ROLLUP]
    assert list(rows[0]) == union("Slashed,AttestersAddedToProvider").column_names


def test_events__parquet__is_the_table(cli, network, tmp_path):
    path = tmp_path / "events.parquet"
    assert cli("events", "Slashed", "--format", "parquet", "--output", str(path)).code == 0
    found = pq.read_table(path)
    expected = union("Slashed")
    assert found.to_pylist() == expected.to_pylist()
    assert found.schema.field("amount_wei").type == pa.decimal128(38, 0)
    facts = json.loads(found.schema.metadata[b"aztec_butler"])
    assert (facts["first_block"], facts["block"]["number"]) == (5, 24_000_000)


def test_events__table_of_one_kind__a_column_for_each_value(cli, network):
    ran = cli("events", "Slashed")
    assert ran.out.splitlines() == [
        "block_time            block_number  attester                                    amount_aztec",
        f"2026-06-01 00:01:00Z             5  {SOMEBODY}      2,000.00",
        f"2026-06-01 00:01:48Z             9  {SOMEBODY}          5.00",
    ]
    assert ran.err.startswith("2 rows · mainnet (chain 1) · blocks 5 to 9 · block 24000000, ")


def test_events__table_of_several_kinds__the_values_in_a_row(cli, network):
    lines = cli("events", "Slashed,AttestersAddedToProvider").out.splitlines()
    assert lines[1] == (
        f"2026-06-01 00:01:00Z          5  Slashed                   attester={SOMEBODY}  amount_aztec=2,000.00"
    )
    assert lines[2].endswith(f"AttestersAddedToProvider  provider_id=3  attesters={SOMEBODY}, {ROLLUP}")


def test_events__narrow_terminal__fits_and_says_so(cli, network, terminal):
    terminal(84)
    ran = cli("events", "Slashed,AttestersAddedToProvider")
    assert max(map(len, ran.out.splitlines())) == 84
    assert "attester=0x0000…0077" in ran.out
    assert "the ends of long lines (--wide shows all)" in ran.err
    assert SOMEBODY in cli("events", "Slashed,AttestersAddedToProvider", "--wide").out


def test_events__only_one_kind_occurs__a_column_for_each_of_its_values(cli, network):
    network.logs = LOGS[1:2]
    header, row = cli("events", "Slashed,AttestersAddedToProvider").out.splitlines()
    assert header.split() == ["block_time", "block_number", "provider_id", "attesters"]
    assert row.endswith(f"{SOMEBODY}, {ROLLUP}")


@pytest.mark.parametrize("names", ["Slashed", "Slashed,Deposit"])
def test_events__none__headings_alone(cli, network, names):
    network.logs = []
    ran = cli("events", names)
    assert (ran.code, ran.out.count("\n")) == (0, 1)
    assert json.loads(cli("events", names, "--format", "json").out)["rows"] == []


def test_events__event_store__reaches_connect(cli, network, tmp_path, monkeypatch):
    cli("events", "Slashed", "--event-store", str(tmp_path))
    monkeypatch.setenv("AZTEC_BUTLER_EVENT_STORE", "s3://key:secret@bucket/x")
    cli("events", "Slashed")
    assert [given["event_store"] for given in network.connected] == [
        str(tmp_path),
        "s3://key:secret@bucket/x",
    ]
    shown = cli("config", "show").out
    assert "s3://bucket/x" in shown
    assert "secret" not in shown
