"""Answers as Excel workbooks: exact, typed, and never a formula."""

from __future__ import annotations

import sys
from datetime import datetime

import openpyxl
import pytest

from aztec_butler.cli import excel
from aztec_butler.core.rows import Attester, Exit

LARGE_WEI = 123_456_789_012_345_678_901_234_567


@pytest.fixture
def saved(cli, tmp_path):
    def run(*words):
        path = tmp_path / "answer.xlsx"
        ran = cli(*words, "--format", "xlsx", "--output", str(path))
        assert (ran.code, ran.out) == (0, "")
        book = openpyxl.load_workbook(path)
        head, *rows = [[cell.value for cell in row] for row in book["rows"].rows]
        return [dict(zip(head, row, strict=True)) for row in rows], dict(book["about"].values), book

    return run


def test_xlsx__amounts__are_exact_text(saved, network, make):
    network.tables["attesters"] = (make(Attester, stake_wei=LARGE_WEI, provider_id=None),)
    (row,), about, _ = saved("attesters")
    assert row["stake_wei"] == str(LARGE_WEI)
    assert row["provider_id"] is None
    assert row["moves_with_latest_rollup"] is True
    assert row["activated_block"] == 7
    assert about["network"] == "mainnet"
    assert about["block_number"] == 24_000_000


def test_xlsx__times__are_times(saved, network):
    (row, *_), _, _ = saved("entry-queue")
    assert row["activation_at"] == datetime(2023, 11, 14, 22, 13, 20)  # noqa: DTZ001 - Excel knows no zones


def test_xlsx__text_like_a_formula__stays_text(saved, network, make):
    network.tables["attesters"] = (make(Attester, staker="=1+1", coinbase="a\x07b"),)
    (row,), _, book = saved("attesters")
    assert row["staker"] == "=1+1"
    assert row["coinbase"] == "a\\x07b"
    assert all(cell.data_type != "f" for line in book["rows"].rows for cell in line)


def test_xlsx__no_rows__has_its_columns(saved, network):
    network.tables["exits"] = ()
    rows, _, book = saved("exits")
    assert rows == []
    assert next(book["rows"].values)[0] == Exit.__attrs_attrs__[0].name


def test_xlsx__without_a_file_or_openpyxl_or_too_long__refused(cli, network, tmp_path, monkeypatch):
    assert cli("attesters", "--format", "xlsx").code == 2
    path = tmp_path / "a.xlsx"
    monkeypatch.setattr(excel, "_MOST_ROWS", 0)
    assert cli("attesters", "--format", "xlsx", "--output", str(path)).code == 2
    monkeypatch.setitem(sys.modules, "openpyxl", None)
    ran = cli("attesters", "--format", "xlsx", "--output", str(path))
    assert ran.code == 2
    assert "aztec-butler[excel]" in ran.err
    assert not path.exists()
