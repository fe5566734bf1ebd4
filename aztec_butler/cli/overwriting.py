"""What an answer must not be written over: the files it was made from, and keystores.

A keystore is often the only place where a key is. So ``--output`` on one is refused before anything is read, whichever
command it is.
"""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from aztec_butler.cli.command import OUTPUT_OPTIONS, flag_of
from aztec_butler.core.errors import InputError

_KEYSTORE_WORDS: Final = (b'"schemaVersion"', b'"validators"')
_LARGEST_KEYSTORE: Final = 16 * 1024 * 1024


def check_outputs(arguments: Iterable[Any], options: Mapping[str, Any]) -> None:
    """Refuse outputs that would destroy what a command reads, or a keystore.

    Args:
        arguments: the command's arguments, parsed.
        options: its options, parsed.

    Raises:
        InputError: an output is an input, lies in a folder of inputs of which the node loads every file, or is a
            keystore.
    """
    outputs = {name: _path(options[name]) for name in OUTPUT_OPTIONS if options.get(name) is not None}
    given = [*arguments, *(value for name, value in options.items() if name not in outputs)]
    inputs = [path for path in map(_path, _texts(given)) if path is not None and path.exists()]
    for name, output in outputs.items():
        if output is None:
            continue
        for path in inputs:
            _check(flag_of(name), output, path)
        if output.is_file() and _is_keystore(output):
            raise InputError(
                "the output would replace a keystore",
                hint="name another file",
                option=flag_of(name),
                path=output,
            )


def _check(option: str, output: Path, read: Path) -> None:
    if output.exists() and output.samefile(read) and not read.is_char_device():
        raise InputError(
            "the output would replace a file that is read",
            hint="name another file",
            option=option,
            path=output,
        )
    if read.is_dir() and output.suffix == ".json" and output.parent.is_dir() and output.parent.samefile(read):
        raise InputError(
            "the output would lie among the keystores of a folder, and a node loads all of them",
            hint="name a file elsewhere",
            option=option,
            path=output,
        )


def _texts(values: Iterable[Any]) -> Iterator[str | Path]:
    for value in values:
        if isinstance(value, tuple | list):
            yield from _texts(value)
        elif isinstance(value, str | Path):
            yield value


def _path(value: str | Path) -> Path | None:
    """The path that a word may be; None for one that can be no path."""
    try:
        path = Path(value).expanduser()
        path.exists()
    except (OSError, ValueError, RuntimeError):  # too long, a zero byte, an unknown user
        return None
    return path


def _is_keystore(path: Path) -> bool:
    try:
        if path.stat().st_size > _LARGEST_KEYSTORE:
            return False
        content = path.read_bytes()
    except OSError:
        return False  # what cannot be read cannot be judged; writing it will tell why
    return all(word in content for word in _KEYSTORE_WORDS)
