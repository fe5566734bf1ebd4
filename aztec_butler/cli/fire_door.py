"""The one place that imports Fire, and what it takes to import it in half the time.

Fire imports asyncio to run commands that are coroutines. None of ours is, and asyncio is half of Fire's import time.
So while Fire is imported, the name ``asyncio`` leads to a stand-in, which answers the one question that is asked of
it (is this function a coroutine?) and fetches the real module for any other. Afterwards the name is free again:
whoever imports asyncio gets asyncio.
"""

import contextlib
import importlib
import inspect
import io
import sys
from collections.abc import Iterator, Mapping, Sequence
from types import ModuleType
from typing import Any

from aztec_butler.cli.command import Command, Invocation
from aztec_butler.core.errors import InputError


class _Asyncio(ModuleType):
    """asyncio as far as Fire asks; the rest on demand."""

    iscoroutinefunction = staticmethod(inspect.iscoroutinefunction)

    def __getattr__(self, name: str) -> Any:
        return getattr(importlib.import_module("asyncio"), name)


@contextlib.contextmanager
def _asyncio_on_demand() -> Iterator[None]:
    if "asyncio" in sys.modules:  # somebody paid for it already
        yield
        return
    sys.modules["asyncio"] = _Asyncio("asyncio")
    try:
        yield
    finally:
        del sys.modules["asyncio"]


def import_fire() -> Any:
    """Fire, without asyncio."""
    if "fire" not in sys.modules:
        with _asyncio_on_demand():
            import fire
    import fire

    return fire


def parse(command: Command, path: Sequence[str], words: Sequence[str]) -> Invocation:
    """Let Fire read the words of one command.

    Args:
        command: the command.
        path: the words that name it, for messages.
        words: the words behind it, prepared by ``words.prepare_words``.

    Raises:
        InputError: too few words, too many, or one that does not fit; nothing has run.
    """
    fire = import_fire()
    complaint = io.StringIO()
    try:
        with contextlib.redirect_stderr(complaint):
            invocation = fire.Fire(
                as_fire_sees(command), command=list(words), name=" ".join(path), serialize=_nothing
            )
    except fire.core.FireExit as refusal:
        raise InputError(
            "the command line does not fit the command",
            hint=f"aztec-butler {' '.join(path)} --help",
            reason=refusal.trace.elements[-1].ErrorAsStr(),
        ) from None
    assert isinstance(invocation, Invocation), "Fire called something else than the command"
    return invocation


def run_fire_itself(commands: Mapping[str, Any], words: Sequence[str], name: str) -> None:
    """Hand Fire its own flags, such as ``-- --completion``.

    Args:
        commands: the whole tree, commands as ``as_fire_sees`` makes them.
        words: everything on the command line.
        name: of the program.
    """
    import_fire().Fire(commands, command=list(words), name=name, serialize=_text_alone)


def as_fire_sees(command: Command) -> Any:
    """A function with the command's signature and parsers that returns an Invocation."""
    import_fire()
    from fire.decorators import SetParseFn, SetParseFns

    def invoke(*arguments: Any, **options: Any) -> Invocation:
        return Invocation(command, arguments, options)

    invoke.__name__ = command.function.__name__
    invoke.__doc__ = command.function.__doc__
    invoke.__signature__ = command.signature  # type: ignore[attr-defined]
    positional = []
    rest = None
    for name, parameter in command.parameters.items():
        if parameter.kind is parameter.VAR_POSITIONAL:
            rest = command.parsers[name]
        elif parameter.kind is not parameter.KEYWORD_ONLY:
            positional.append(command.parsers[name])
    parsed = SetParseFns(*positional, **command.parsers)(invoke)
    # Fire knows the words of *arguments by no name: the default parser is theirs.
    return parsed if rest is None else SetParseFn(rest)(parsed)


def _nothing(_: object) -> None:
    """Fire prints what a command returns; ours print for themselves, later."""


def _text_alone(result: object) -> str | None:
    """A completion script; Fire would show a help page of its own for anything else."""
    return result if isinstance(result, str) else None
