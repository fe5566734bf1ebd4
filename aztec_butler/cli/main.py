"""One run of the command line: words in, exit code out."""

import sys
import warnings
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from aztec_butler.cli.command import OUTPUT_OPTIONS, Command
from aztec_butler.cli.stdout import drop_stdout, write_text
from aztec_butler.cli.table_of_commands import COMMANDS, GROUPS, load
from aztec_butler.cli.words import Line, prepare_words, take_apart
from aztec_butler.core.errors import ButlerError, InputError

_INTERRUPTED = 130
_PIPE_CLOSED = 141


def run_command_line(words: Sequence[str]) -> int:
    """Run the command that the words name.

    Errors of our tree are told on stderr and become their exit code. Any other exception is a bug and passes through,
    with its traceback.

    Returns:
        The exit code.
    """
    try:
        with warnings.catch_warnings():
            warnings.showwarning = partial(_tell_warning, warnings.showwarning)
            _run(take_apart(words, COMMANDS), words)
        if sys.stdout is not None:
            sys.stdout.flush()
    except ButlerError as error:
        print(f"aztec-butler: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print("aztec-butler: interrupted", file=sys.stderr)
        return _INTERRUPTED
    except BrokenPipeError:
        drop_stdout()  # the reader has had enough, like `head`
        return _PIPE_CLOSED
    return 0


def _tell_warning(usual: Any, message: Any, category: type[Warning], *rest: Any) -> None:
    """A warning of ours as the sentence it is: where in the code it came from helps nobody here."""
    if category.__module__.startswith("aztec_butler."):
        print(f"aztec-butler: {message}", file=sys.stderr)
    else:
        usual(message, category, *rest)


def _run(line: Line, words: Sequence[str]) -> None:
    if line.fire_flags and not line.wants_help:
        _run_fire(line, words)
        return
    if line.wants_help or isinstance(line.target, Mapping):
        write_text(_help(line))
        return
    command = load(line.target)
    prepared = prepare_words(command, line.path, line.rest)
    from aztec_butler.cli.fire_door import parse

    invocation = parse(command, line.path, prepared)
    run_invocation(invocation.command, invocation.arguments, invocation.options)


def run_invocation(command: Command, arguments: tuple[Any, ...], options: Mapping[str, Any]) -> None:
    """Run a parsed command and show its answer."""
    if any(options.get(name) is not None for name in OUTPUT_OPTIONS):
        from aztec_butler.cli.overwriting import check_outputs

        check_outputs(arguments, options)
    if not command.renders:
        command.run(arguments, options)
        return
    wanted = command.output(options)  # a contradiction in the options must not cost a read first
    answer = command.run(arguments, options)
    from aztec_butler.cli.rendering import show

    show(answer, wanted)


def _run_fire(line: Line, words: Sequence[str]) -> None:
    """Fire's own flags, which stand behind ``--``; of use is ``-- --completion``."""
    if line.path:
        raise InputError(
            "what stands behind -- is of the whole program",
            hint="aztec-butler -- --completion [bash|zsh|fish]",
        )
    from aztec_butler.cli.fire_door import run_fire_itself

    run_fire_itself(_as_fire_sees(COMMANDS), words, "aztec-butler")


def _help(line: Line) -> str:
    from aztec_butler.cli.help import command_help, group_help, program_help

    if not line.path:
        return program_help(COMMANDS, GROUPS, load)
    if isinstance(line.target, Mapping):
        return group_help(line.path, line.target, load)
    return command_help(line.path, load(line.target))


def _as_fire_sees(commands: Mapping[str, Any]) -> dict[str, Any]:
    from aztec_butler.cli.fire_door import as_fire_sees

    return {
        word: _as_fire_sees(target) if isinstance(target, Mapping) else as_fire_sees(load(target))
        for word, target in commands.items()
    }
