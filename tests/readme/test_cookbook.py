"""Twenty questions, each asked in Python and on the command line: they run, and both tell the same."""

from __future__ import annotations

import csv
import io
import json
import re

import attrs
import pandas as pd
import pytest

import aztec_butler

from .conftest import BLOCKS, README

COOKBOOK = re.findall(r"^\| (\d+) \| ([^|]+) \| `([^`]+)` \| `([^`]+)` \|$", README, re.MULTILINE)
SETTING = next(block for block in BLOCKS if "export ATTESTER" in block.code)
"""The last block that a reader has typed before the questions."""

devnet = [pytest.mark.devnet, pytest.mark.xdist_group("history")]


def test_cookbook__has_twenty_questions_and_each_is_another():
    numbers, questions, in_python, on_the_command_line = zip(*COOKBOOK, strict=True)
    assert numbers == tuple(map(str, range(1, 21)))
    assert all(question.endswith("?") for question in questions)
    assert len(set(in_python)) == len(set(on_the_command_line)) == 20


@pytest.mark.parametrize(
    ("question", "in_python", "words"),
    [pytest.param(*row[1:], id=row[3].split(" -")[0].replace(" ", "-")) for row in COOKBOOK],
)
class TestQuestion:
    pytestmark = devnet

    def test_question__in_python_and_on_the_command_line__has_one_answer(
        self, question, in_python, words, desk, capsys
    ):
        desk.run(SETTING)
        answer = eval(in_python, desk.names)
        capsys.readouterr()
        if isinstance(answer, pd.DataFrame):
            desk.type(f"aztec-butler {words} --format csv")
            told = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
            assert len(told) == len(answer) > 0, question
            compare(answer, told)
        else:
            desk.type(f"aztec-butler {words} --format json")
            told = json.loads(capsys.readouterr().out)
            assert str(answer.net_wei) == told["net_wei"] != "0"
            assert told.keys() >= {field.name for field in attrs.fields(type(answer))} - {"block"}

    def test_question__for_reading__is_a_table(self, question, in_python, words, desk, capsys):
        desk.run(SETTING)
        capsys.readouterr()
        desk.type(f"aztec-butler {words}")
        assert len(capsys.readouterr().out.splitlines()) >= 2, question


def compare(answer: pd.DataFrame, told: list[dict[str, str]]) -> None:
    """Amounts, numbers and names are the same in both; times and shares are written differently."""
    compared = 0
    for name in told[0]:
        if name not in answer or answer[name].dtype.kind in "fM":
            continue
        mine = ["" if pd.isna(value) else str(value) for value in answer[name]]
        theirs = [row[name] for row in told]
        if set(mine) <= {"True", "False", ""}:
            mine = [value.lower() for value in mine]
        assert mine == theirs, name
        compared += 1
    assert compared >= 2


def test_page__names_every_question_of_a_network():
    network = aztec_butler.Network
    tables = {
        name
        for name in dir(network)
        if not name.startswith("_")
        and getattr(getattr(network, name), "__annotations__", {}).get("return")
        in {"pd.DataFrame", "pd.DataFrame | pa.Table", "PayoutRecord", "ProviderDetails", "MarginalReward"}
    }
    assert len(tables) > 30
    named = set(re.findall(r"(?:\bnet\.|`)(?!net\.)(\w+)", README))
    assert tables <= named, tables - named
