"""Answers as tables, JSON, CSV and Parquet."""

from __future__ import annotations

import csv
import io
import json
from decimal import Decimal

import attrs
import pytest

from aztec_butler.cli.columns import columns_of, render_text, to_plain
from aztec_butler.cli.table import render_table
from aztec_butler.core.lifecycle import Lifecycle
from aztec_butler.core.records import unit
from aztec_butler.core.rows import Attester

ADDRESS = "0xA27EC0006e59f245217Ff08CD52A7E8b169E62D2"
LARGE_WEI = 2**100 + 1


@attrs.frozen(kw_only=True)
class Row:
    attester: str
    state: Lifecycle | None
    stake_wei: int | None = unit("wei")
    take_rate_bps: int = unit("bps")
    stake_share: float = unit("ratio")
    exitable_at: int | None = unit("s")
    delay_seconds: int = unit("s")
    is_ejection: bool
    note: str | None


def row(**changes):
    values = {
        "attester": ADDRESS,
        "state": Lifecycle.ZOMBIE,
        "stake_wei": 1_234_567_890_000_000_000_000_000,
        "take_rate_bps": 1205,
        "stake_share": 0.123456,
        "exitable_at": 1_700_000_000,
        "delay_seconds": 90,
        "is_ejection": False,
        "note": None,
    }
    return Row(**values | changes)


COLUMNS = columns_of(Row)


# --------------------------------------------------------------------------- tables


def test_table__cells__as_people_read_them():
    heading, line = render_table(COLUMNS, [row()]).lines
    assert heading.split() == [
        "attester",
        "state",
        "stake_aztec",
        "take_rate",
        "stake_share",
        "exitable_at",
        "delay",
        "is_ejection",
        "note",
    ]
    cells = [cell.strip() for cell in line.split("  ") if cell.strip()]
    assert cells == [
        ADDRESS,
        "zombie",
        "1,234,567.89",
        "12.05%",
        "12.35%",
        "2023-11-14 22:13:20Z",
        "1m 30s",
        "no",
        "-",
    ]


@pytest.mark.parametrize(
    ("share", "shown"),
    [
        (0, "0.00%"),
        (1e-30, "<0.01%"),
        (0.00004, "<0.01%"),
        (0.0001, "0.01%"),
        (0.9999, "99.99%"),
        (0.99999, ">99.99%"),
        (1, "100.00%"),
        (10.898, "1089.80%"),
    ],
)
def test_table__shares_that_round_to_nothing_or_all__are_neither(share, shown):
    assert shown in render_table(COLUMNS, [row(stake_share=share)]).lines[1].split()


def test_table__numbers__end_under_each_other():
    heading, small, large = render_table(COLUMNS, [row(stake_wei=5 * 10**17), row()]).lines
    end = heading.index("stake_aztec") + len("stake_aztec")
    assert small[:end].endswith(" 0.50")
    assert large[:end].endswith(" 1,234,567.89")


def test_table__without_rows__has_its_headings():
    assert len(render_table(COLUMNS, []).lines) == 1


def test_table__wide_enough__nothing_is_shortened():
    table = render_table(COLUMNS, [row()], width=400)
    assert ADDRESS in table.lines[1]
    assert table.left_out == ()


def test_table__too_wide__addresses_are_shortened_first():
    full = max(map(len, render_table(COLUMNS, [row()]).lines))
    table = render_table(COLUMNS, [row()], width=full - 1)
    assert "0xA27E…62D2" in table.lines[1]
    assert table.left_out == ()


def test_table__much_too_wide__columns_go_the_essential_ones_last():
    essential = ("stake_wei", "attester")
    table = render_table(COLUMNS, [row()], width=40, essential=essential)
    assert max(map(len, table.lines)) <= 40
    assert {"stake_wei", "attester"}.isdisjoint(table.left_out)
    assert list(table.left_out) == [column.name for column in COLUMNS if column.name in table.left_out]
    tiny = render_table(COLUMNS, [row()], width=5, essential=essential)
    assert tiny.lines[0].split() == ["stake_aztec"]


@pytest.mark.parametrize("width", range(20, 260, 7))
def test_table__any_width__fits(width, make):
    columns = columns_of(Attester)
    table = render_table(columns, [make(Attester)] * 3, width=width, essential=("attester", "lifecycle"))
    assert max(map(len, table.lines)) <= max(width, 42)
    assert len(table.lines[0].split()) + len(table.left_out) == len(columns)


def test_text__that_could_steer_a_terminal__is_escaped():
    assert render_text("a\x1b[2Jb\nc\u202e") == "a\\x1b[2Jb\\nc\\u202e"


def test_text__nested_values__on_one_line():
    assert render_text(({"x": 1, "y": b"\x01"}, True, None)) == "x: 1, y: 0x01, yes, None"


# --------------------------------------------------------------------------- for machines


def test_json__one_document_sorted_and_exact(cli, network, make):
    network.tables["attesters"] = (make(Attester, stake_wei=LARGE_WEI, provider_id=None),)
    first = cli("attesters", "--format", "json")
    document = json.loads(first.out)
    assert document["rows"][0]["stake_wei"] == str(LARGE_WEI)
    assert document["rows"][0]["provider_id"] is None
    assert first.out == json.dumps(document, sort_keys=True, indent=2) + "\n"
    assert cli("attesters", "--format", "json").out == first.out


def test_json__no_rows__is_an_empty_list(cli, network):
    network.tables["exits"] = ()
    assert json.loads(cli("exits", "--format=json").out)["rows"] == []


def test_plain__integers_that_readers_round__are_text():
    assert to_plain(2**53) == "9007199254740992"
    assert to_plain(2**53 - 1) == 2**53 - 1
    assert to_plain({"a": (b"\xff", True, Lifecycle.EXITED)}) == {"a": ["0xff", True, "exited"]}


def test_csv__exact_and_parseable(cli, network, make):
    network.tables["attesters"] = (make(Attester, stake_wei=LARGE_WEI, provider_id=None, coinbase='a,"b'),)
    ran = cli("attesters", "--format", "csv")
    (line,) = csv.DictReader(io.StringIO(ran.out))
    assert list(line) == [column.name for column in columns_of(Attester)]
    assert line["stake_wei"] == str(LARGE_WEI)
    assert line["provider_id"] == ""
    assert line["coinbase"] == 'a,"b'
    assert line["moves_with_latest_rollup"] == "true"
    assert "\r" not in ran.out


def test_csv__no_rows__has_its_header(cli, network):
    network.tables["exits"] = ()
    assert cli("exits", "--format", "csv").out.count("\n") == 1


def test_parquet__exact_typed_and_with_its_block(cli, network, make, tmp_path):
    import pyarrow.parquet as pq

    network.tables["attesters"] = (make(Attester, stake_wei=LARGE_WEI, provider_id=None),)
    path = tmp_path / "a.parquet"
    ran = cli("attesters", "--format", "parquet", "--output", str(path))
    assert (ran.code, ran.out) == (0, "")
    assert f"written to {path}" in ran.err
    table = pq.read_table(path)
    (found,) = table.to_pylist()
    assert found["stake_wei"] == Decimal(LARGE_WEI)
    assert found["provider_id"] is None
    assert str(table.schema.field("stake_wei").type) == "decimal128(38, 0)"
    facts = json.loads(table.schema.metadata[b"aztec_butler"])
    assert facts["block"]["number"] == 24_000_000
    assert facts["network"] == "mainnet"


def test_parquet__times__are_instants_in_utc(cli, network, tmp_path):
    import pyarrow.parquet as pq

    path = tmp_path / "q.parquet"
    cli("entry-queue", "--format", "parquet", "--output", str(path))
    table = pq.read_table(path)
    assert table.schema.field("activation_at").type.tz == "UTC"
    assert table.to_pylist()[0]["activation_at"].timestamp() == 1_700_000_000


def test_parquet__no_rows__has_its_columns(cli, network, tmp_path):
    import pyarrow.parquet as pq

    network.tables["exits"] = ()
    path = tmp_path / "e.parquet"
    cli("exits", "--format", "parquet", "--output", str(path))
    table = pq.read_table(path)
    assert table.num_rows == 0
    assert "withdrawable_at" in table.column_names


# --------------------------------------------------------------------------- files


@pytest.mark.parametrize("format_name", ["table", "json", "csv"])
def test_output__the_file_holds_what_stdout_would(cli, network, tmp_path, format_name):
    path = tmp_path / "out"
    shown = cli("attesters", "--wide", "--format", format_name).out
    ran = cli("attesters", "--format", format_name, "--output", str(path), "--quiet")
    assert (ran.out, ran.err) == ("", "")
    assert path.read_text() == shown


def test_output__a_failure__leaves_the_old_file(cli, network, tmp_path, monkeypatch):
    from aztec_butler.core.errors import NodeRefused

    path = tmp_path / "out"
    path.write_text("old")

    def fail(*_, **__):
        raise NodeRefused("no")

    monkeypatch.setattr("aztec_butler.network.connect", fail)
    assert cli("attesters", "--output", str(path)).code == 3
    assert path.read_text() == "old"
    assert list(tmp_path.glob(".out*")) == []


def test_output__folder_that_does_not_exist__exit_2(cli, network, tmp_path):
    ran = cli("attesters", "--output", str(tmp_path / "missing" / "out"))
    assert (ran.code, ran.out) == (2, "")


def test_terminal__narrow__fits_and_tells_what_is_left_out(cli, network, monkeypatch):
    import sys

    monkeypatch.setenv("COLUMNS", "60")
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    ran = cli("attesters")
    assert max(map(len, ran.out.splitlines())) <= 60
    assert "left out to fit the terminal: " in ran.err
    wide = cli("attesters", "--wide")
    assert max(map(len, wide.out.splitlines())) > 200
    assert "left out" not in wide.err
    assert json.loads(cli("attesters", "--format", "json").out)["rows"][0]["withdrawer"].startswith(
        "0x0000000"
    )
