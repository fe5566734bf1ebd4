"""Every command tells what it does, with examples that parse."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping

import pytest

from aztec_butler.cli.command import flag_of
from aztec_butler.cli.docstring import read_docstring
from aztec_butler.cli.fire_door import parse
from aztec_butler.cli.help import _EXAMPLES, _brief, _metavar, walk
from aztec_butler.cli.table_of_commands import COMMANDS, GROUPS, load
from aztec_butler.cli.words import prepare_words, take_apart

PATHS = dict(walk(COMMANDS))
IDS = [" ".join(path) for path in PATHS]


@pytest.mark.parametrize(("path", "target"), PATHS.items(), ids=IDS)
def test_command__help__on_stdout_with_everything_documented(cli, path, target):
    for words in ([*path, "--help"], ["--help", *path], [*path, "-h"], [*path, "--", "--help"]):
        ran = cli(*words)
        assert (ran.code, ran.err) == (0, "")
    doc = read_docstring(load(target).function)
    assert " ".join(ran.out.split()).startswith(doc.summary)
    assert doc.summary.endswith((".", ".`"))
    assert f"Usage: aztec-butler {' '.join(path)}" in ran.out
    assert doc.examples
    for example in doc.examples:
        assert example in ran.out
    assert "Exit codes:" in ran.out
    for name, parameter in load(target).parameters.items():
        is_option = parameter.kind is parameter.KEYWORD_ONLY
        assert (flag_of(name) if is_option else _metavar(parameter)) in ran.out
    assert "FIRE" not in ran.out


@pytest.mark.parametrize(("path", "target"), PATHS.items(), ids=IDS)
def test_command__examples__parse_and_belong_to_it(path, target):
    for example in read_docstring(load(target).function).examples:
        if example == "aztec-butler --version":
            continue
        line = take_apart(shlex.split(example)[1:], COMMANDS)
        assert line.path == path
        command = load(line.target)
        invocation = parse(command, line.path, prepare_words(command, line.path, line.rest))
        assert invocation.command is command


@pytest.mark.parametrize(("path", "target"), PATHS.items(), ids=IDS)
def test_command__parameters__are_options_that_fire_reads_right(path, target):
    for name, parameter in load(target).parameters.items():
        assert not name.startswith("h"), "-h would be read as its short form"
        if parameter.default is not parameter.empty:
            assert parameter.kind is parameter.KEYWORD_ONLY, "an option could be taken for an argument"


def test_program__help__has_a_line_for_every_command_and_group(cli):
    ran = cli("--help")
    assert (ran.code, ran.err) == (0, "")
    assert cli().out == ran.out
    lines = [line.split()[0] for line in ran.out.splitlines() if line.startswith("  ")]
    assert sorted(word for word in lines if word in COMMANDS) == sorted(COMMANDS)
    assert f"  calldata ({len(COMMANDS['calldata'])})  " in ran.out
    for meaning in GROUPS.values():
        assert f" {meaning}\n" in ran.out, "it is cut"
    for code in ("0", "5", "130", "141"):
        assert code in lines


def test_program__groups__all_have_a_word_for_what_they_are_about():
    assert {*GROUPS} == {word for word, target in COMMANDS.items() if isinstance(target, Mapping)}


@pytest.mark.parametrize("columns", ["80", "110"])
def test_program__help__fits_two_screens_with_whole_words(cli, monkeypatch, columns):
    monkeypatch.setenv("COLUMNS", columns)
    lines = cli("--help").out.splitlines()
    assert len(lines) <= 2 * 48
    assert max(map(len, lines)) <= int(columns)
    for path, target in PATHS.items():
        if len(path) == 1:
            (shown,) = [line.split(maxsplit=1)[1] for line in lines if line.startswith(f"  {path[0]} ")]
            whole = read_docstring(load(target).function).summary
            assert whole.startswith(shown.removesuffix("...").rstrip())
            assert len(shown) > 9, shown


@pytest.mark.parametrize(("width", "shown"), [(99, "One, two: three, four"), (20, "One, two"), (7, "One")])
def test_brief__too_long__ends_with_a_clause(width, shown):
    assert _brief("One, two: three, four.", width) == shown


def test_brief__no_clause_fits__ends_with_a_word():
    assert _brief("Much too long for this, or not.", 16) == "Much too long..."


def test_commands__list__has_every_command_on_one_line(cli):
    ran = cli("commands", "--format", "json")
    assert [row["command"] for row in json.loads(ran.out)["rows"]] == IDS
    lines = cli("commands").out.splitlines()
    for path in PATHS:
        assert any(line.startswith(" ".join(path) + " ") for line in lines), path


@pytest.mark.parametrize("example", _EXAMPLES)
def test_program__examples__parse(example):
    line = take_apart(shlex.split(example)[1:], COMMANDS)
    command = load(line.target)
    parse(command, line.path, prepare_words(command, line.path, line.rest))


def test_group__help__names_its_commands(cli):
    ran = cli("devnet")
    assert ran.code == 0
    assert "devnet up" in ran.out
    assert "devnet season" in ran.out


def test_help__fits_the_terminal(cli, monkeypatch):
    monkeypatch.setenv("COLUMNS", "72")
    shown = cli("attesters", "--help").out
    lines = [line for line in shown.splitlines() if "aztec-butler" not in line]  # examples stay whole
    assert max(map(len, lines)) <= 72


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("publishers",), "--critical ETH [0.1 by default]"),
        (("publishers",), "--window DURATION [7d by default]"),
        (("queue", "runway"), "[7d,28d,91d by default]"),
    ],
)
def test_help__defaults__are_shown_as_one_would_write_them(cli, words, told):
    option, _, default = told.partition(" [")
    shown = " ".join(cli(*words, "--help").out.split())
    assert option in shown
    assert f"[{default}" in shown
    assert "()" not in shown
