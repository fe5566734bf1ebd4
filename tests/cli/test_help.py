"""Every command tells what it does, with examples that parse."""

from __future__ import annotations

import shlex

import pytest

from aztec_butler.cli.command import flag_of
from aztec_butler.cli.docstring import read_docstring
from aztec_butler.cli.fire_door import parse
from aztec_butler.cli.help import _EXAMPLES, _metavar, walk
from aztec_butler.cli.table_of_commands import COMMANDS, load
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


def test_program__help__names_every_command(cli):
    ran = cli("--help")
    assert (ran.code, ran.err) == (0, "")
    assert cli().out == ran.out
    lines = [line.strip() for line in ran.out.splitlines()]
    for path in PATHS:
        assert any(line.startswith(" ".join(path)) for line in lines), path
    assert "130" in ran.out


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
