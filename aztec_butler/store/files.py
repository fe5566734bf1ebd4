"""Files that are either the old ones or the new ones, never a half."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from aztec_butler.core.errors import InputError


def write_whole(path: Path, content: bytes) -> None:
    """Write a file so that a reader, or a crash, sees all of it or none of it.

    Raises:
        InputError: its folder does not exist or must not be written.
    """
    write_whole_with(path, lambda file: file.write(content))


def write_whole_with(path: Path, write: Callable[[IO[bytes]], object]) -> None:
    """As ``write_whole``, for a writer that wants an open file.

    The new file takes the old one's permissions. What the writer raises leaves the old file untouched. A device or a
    pipe (``/dev/null``, ``/dev/stdout``) is written to as it is: a file must not take its place.

    Args:
        path: the file; a symbolic link is followed and stays.
        write: called once with a file open for binary writing.

    Raises:
        InputError: the folder does not exist or must not be written.
    """
    target = Path(os.path.realpath(path))
    if target.is_dir():
        raise InputError("the path of an output file is a folder", path=path)
    if target.exists() and not target.is_file():
        _write_to_device(target, write)
        return
    with _temporary(target) as (file, name):
        write(file)
        file.flush()
        with suppress(FileNotFoundError):
            os.fchmod(file.fileno(), target.stat().st_mode & 0o7777)
        os.fsync(file.fileno())
        file.close()
        os.replace(name, target)  # noqa: PTH105
    _sync_folder(target.parent)


def _write_to_device(target: Path, write: Callable[[IO[bytes]], object]) -> None:
    try:
        file = target.open("wb")
    except OSError as error:
        raise InputError("an output file cannot be written", path=target, reason=error.strerror) from None
    with file:
        write(file)


@contextmanager
def _temporary(target: Path) -> Iterator[tuple[IO[bytes], str]]:
    """A new file beside the target, with the permissions any new file of this user has; gone when not renamed."""
    name = str(target.parent / f".{target.name}.{secrets.token_hex(4)}.part")
    try:
        descriptor = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
    except OSError as error:
        raise InputError("an output file cannot be written", path=target, reason=error.strerror) from None
    try:
        with os.fdopen(descriptor, "wb") as file:
            yield file, name
    finally:
        with suppress(FileNotFoundError):
            os.unlink(name)  # noqa: PTH108


def _sync_folder(folder: Path) -> None:
    """Make the new name outlive a crash of the machine."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
