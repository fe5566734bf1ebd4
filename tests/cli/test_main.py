"""Words in, exit code out."""

from __future__ import annotations

import sys

import pytest

from aztec_butler import __version__
from aztec_butler.__main__ import main
from aztec_butler.core import errors
from aztec_butler.core.errors import ButlerError


@pytest.mark.parametrize("words", [["--version"], ["-V"], ["version"]], ids=lambda words: words[0])
def test_version(cli, words):
    ran = cli(*words)
    assert (ran.code, ran.out, ran.err) == (0, f"aztec-butler {__version__}\n", "")


def test_version__is_that_of_the_distribution():
    from importlib.metadata import version

    assert version("aztec-butler") == __version__


_CODES = {
    errors.InputError: 2,
    errors.SettingsError: 2,
    errors.NodeUnreachable: 3,
    errors.NodeBusy: 3,
    errors.NodeRefused: 3,
    errors.RevertError: 4,
    errors.NotFoundError: 4,
    errors.DecodeError: 4,
    errors.CheckFailed: 5,
    errors.ApprovalPending: 6,
    errors.LockHeld: 7,
}


@pytest.mark.parametrize(("error", "code"), _CODES.items(), ids=lambda value: getattr(value, "__name__", ""))
def test_error_of_the_tree__its_code_and_its_words_on_stderr(cli, network, monkeypatch, error, code):
    def fail(*_, **__):
        raise error("it went wrong", hint="do this", fact=7)

    monkeypatch.setattr("aztec_butler.network.connect", fail)
    ran = cli("attesters")
    assert (ran.code, ran.out) == (code, "")
    assert ran.err == "aztec-butler: it went wrong\n  fact: 7\n  hint: do this\n"


def test_codes__every_class_is_listed_in_the_help(cli):
    from aztec_butler.cli.help import EXIT_CODES

    classes = [
        kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, ButlerError)
    ]
    assert {kind.exit_code for kind in classes} | {0, 130, 141} == {code for code, _ in EXIT_CODES}


def test_unexpected_exception__passes_through_with_its_traceback(network, monkeypatch):
    def fail(*_, **__):
        raise ZeroDivisionError

    monkeypatch.setattr("aztec_butler.network.connect", fail)
    with pytest.raises(ZeroDivisionError):
        main(["attesters"])


def test_interrupt__130_without_a_traceback(cli, network, monkeypatch):
    def interrupt(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("aztec_butler.network.connect", interrupt)
    ran = cli("attesters")
    assert (ran.code, ran.err) == (130, "aztec-butler: interrupted\n")


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (["atesters"], "attesters"),
        (["config", "shw"], "show"),
        (["zebra"], "--help"),
        (["__class__"], "--help"),
        (["config", "show", "__dir__"], "__dir__"),
        (["--network", "mainnet"], "COMMAND"),
        (["decode", "0x00000000", "upper"], "upper"),
        (["attesters", "--", "--trace"], "whole program"),
    ],
    ids=" ".join,
)
def test_unknown_words__run_nothing(cli, network, words, hint):
    ran = cli(*words)
    assert (ran.code, ran.out, network.connected) == (2, "", [])
    assert hint in ran.err


def test_fire_itself__completion_names_the_commands_and_nothing_of_fire(cli):
    ran = cli("--", "--completion")
    assert ran.code == 0
    assert "entry-queue" in ran.out
    assert "metadata" not in ran.out.lower()


def test_fire__is_not_imported_for_help_or_version():
    import subprocess

    program = (
        "import sys; from aztec_butler.__main__ import main\n"
        "main(['attesters', '--help']); main(['--help']); main(['--version'])\n"
        "print(sorted({'fire', 'asyncio', 'IPython', 'web3', 'pandas', 'pyarrow'} & set(sys.modules)), file=sys.stderr)"
    )
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert ran.stderr.strip() == "[]"


def test_pure_command__loads_fire_alone_and_leaves_asyncio_as_it_was():
    import subprocess

    program = (
        "import sys; from aztec_butler.__main__ import main\n"
        "main(['decode', '0x30ccebb5' + '00' * 32])\n"
        "print(sorted({'fire', 'asyncio', 'IPython', 'web3', 'pandas', 'http.client'} & set(sys.modules)))\n"
        "import asyncio, fire\n"
        "async def answer(): return 7\n"
        "print(asyncio.run(answer()), fire.core.asyncio.sleep is asyncio.sleep)"
    )
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert ran.stdout.splitlines()[-2:] == ["['fire']", "7 True"]
