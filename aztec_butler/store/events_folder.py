"""Where an event store keeps its files: a folder of this machine, or any place that fsspec reaches.

Paths are relative to the dataset's folder. A file appears whole or not at all: locally it is renamed into place, elsewhere
it is one put, which object stores promise to be atomic. What cannot be done is an error that names the place; only a
missing file stays a ``FileNotFoundError``, which the store itself understands.
"""
# ruff: noqa: D102 - methods are documented once, in the protocol

from __future__ import annotations

import errno
import fcntl
import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final, Protocol

import pyarrow as pa

from aztec_butler.core.errors import InputError, NodeError
from aztec_butler.store.files import write_whole
from aztec_butler.store.settings_files import APPLICATION

Part = tuple[int, int]
"""Offset and length of bytes in a file."""
LOCK: Final = "lock"
_TORN = {errno.EIO, errno.EISDIR, errno.ENOTDIR, errno.ELOOP}


class TornFileError(Exception):
    """A file that is not as long as it was written, or that the disk cannot give back."""


class Folder(Protocol):
    """The few things that a store does with files."""

    def shown(self, path: str = "") -> str:
        """A path for people, without secrets."""

    def names(self, folder: str) -> list[str]:
        """The files in a folder, which need not exist."""

    def sizes(self, paths: Sequence[str]) -> dict[str, int]:
        """The sizes of those files that exist."""

    def everything(self) -> dict[str, tuple[int, float]]:
        """Size and age (Unix seconds of the last change) of every file."""

    def read(self, path: str) -> bytes:
        """A whole file."""

    def read_parts(self, path: str, size: int, parts: Iterable[Part]) -> pa.Buffer:
        """A file of which only these parts are filled in."""

    def write(self, path: str, content: Any) -> None:
        """Write a file that does not exist yet, with the folders it is in."""

    def remove(self, path: str) -> None:
        """Remove a file, which need not exist."""

    def alone(self, *, wait: bool) -> Any:
        """A context: whether nobody else of this machine is in it."""


def folder_at(root: str | Path | None, below: str, options: Mapping[str, Any] | None) -> Folder:
    """The folder ``below`` a root: None for the user's cache, a path, or the address of a place fsspec knows."""
    if root is None:
        import platformdirs

        root = platformdirs.user_cache_path(APPLICATION, appauthor=False)
    if isinstance(root, str) and (scheme := re.match(r"([A-Za-z][A-Za-z0-9+.-]*)::?//", root)):
        if scheme[1].lower() not in {"file", "local"}:
            return RemoteFolder(root, below, options)
        root = root[scheme.end() :]
    return LocalFolder(Path(root).expanduser() / below)


class LocalFolder:
    """A folder of this machine."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def shown(self, path: str = "") -> str:
        return str(self._path / path)

    def names(self, folder: str) -> list[str]:
        with self._named("read", folder), suppress(FileNotFoundError):
            return os.listdir(self._path / folder)  # noqa: PTH208
        return []

    def sizes(self, paths: Sequence[str]) -> dict[str, int]:
        found = {}
        for path in paths:
            with self._named("read", path), suppress(FileNotFoundError):
                found[path] = os.stat(self._path / path).st_size  # noqa: PTH116
        return found

    def everything(self) -> dict[str, tuple[int, float]]:
        found = {}
        with self._named("read"):
            for path in self._path.rglob("*"):
                with suppress(FileNotFoundError):
                    status = path.lstat()
                    if not path.is_dir():
                        found[path.relative_to(self._path).as_posix()] = status.st_size, status.st_mtime
        return found

    def read(self, path: str) -> bytes:
        with self._named("read", path):
            return (self._path / path).read_bytes()

    def read_parts(self, path: str, size: int, parts: Iterable[Part]) -> pa.Buffer:
        with self._named("read", path), open(self._path / path, "rb", buffering=0) as file:  # noqa: PTH123
            _check_size(os.fstat(file.fileno()).st_size, size)
            content = pa.allocate_buffer(size)
            for offset, length in parts:
                rest = memoryview(content).cast("B")[offset : offset + length]
                while rest:
                    done = os.preadv(file.fileno(), [rest], offset)
                    if not done:
                        raise TornFileError("it ends early")
                    rest, offset = rest[done:], offset + done
        return content

    def write(self, path: str, content: Any) -> None:
        with self._named("written", path):
            target = self._path / path
            target.parent.mkdir(parents=True, exist_ok=True)
            write_whole(target, content)

    def remove(self, path: str) -> None:
        with self._named("written", path), suppress(FileNotFoundError):
            os.unlink(self._path / path)  # noqa: PTH108

    @contextmanager
    def alone(self, *, wait: bool) -> Iterator[bool]:
        with self._named("written", LOCK):
            self._path.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(self._path / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        try:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
            except BlockingIOError:
                yield False
            else:
                yield True
        finally:
            os.close(descriptor)

    @contextmanager
    def _named(self, done: str, path: str = "") -> Iterator[None]:
        try:
            yield
        except FileNotFoundError:
            raise
        except OSError as error:
            if error.errno == errno.ESTALE:  # removed by another machine that shares the folder
                raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT)) from None
            if done == "read" and path and error.errno in _TORN and error.errno != errno.ENOTDIR:
                raise TornFileError(error.strerror) from None
            raise InputError(
                f"the event store cannot be {done}",
                hint="free some space" if error.errno in {errno.ENOSPC, errno.EDQUOT} else None,
                path=self.shown(path),
                reason=error.strerror,
            ) from None


class RemoteFolder:
    """A place that fsspec reaches."""

    def __init__(self, address: str, below: str, options: Mapping[str, Any] | None) -> None:
        try:
            import fsspec  # type: ignore[import-untyped,import-not-found,unused-ignore]
        except ImportError:
            raise InputError(
                "an event store that is no folder of this machine needs fsspec",
                hint="pip install 'aztec-butler[scale]'",
                scheme=address.partition("://")[0],
            ) from None
        # User, password and query of an address are nobody's business.
        self._shown = re.sub(r"//[^/@]*@", "//", address.partition("?")[0]).rstrip("/") + "/" + below
        with self._named("read"):
            try:
                self._system, root = fsspec.core.url_to_fs(address, **(options or {}))
            except (ImportError, ValueError) as error:
                raise InputError(
                    "fsspec cannot reach the place of the event store", path=self._shown, reason=str(error)
                ) from None
        self._root = f"{root.rstrip('/')}/{below}"

    def shown(self, path: str = "") -> str:
        return f"{self._shown}/{path}"

    def names(self, folder: str) -> list[str]:
        with self._named("read", folder), suppress(FileNotFoundError):
            self._system.invalidate_cache(self._at(folder))
            found = self._system.ls(self._at(folder), detail=False)
            return [str(each).rpartition("/")[2] for each in found]
        return []

    def sizes(self, paths: Sequence[str]) -> dict[str, int]:
        # One listing of everything is far fewer requests than one for each file.
        found = self.everything() if paths else {}
        return {path: found[path][0] for path in paths if path in found}

    def everything(self) -> dict[str, tuple[int, float]]:
        with self._named("read"), suppress(FileNotFoundError):
            self._system.invalidate_cache()
            found = self._system.find(self._root, detail=True)
            start = len(self._root.strip("/")) + 1
            return {
                path.strip("/")[start:]: (each["size"] or 0, _changed(each)) for path, each in found.items()
            }
        return {}

    def read(self, path: str) -> bytes:
        with self._named("read", path):
            content: bytes = self._system.cat_file(self._at(path))
            return content

    def read_parts(self, path: str, size: int, parts: Iterable[Part]) -> pa.Buffer:
        content = pa.allocate_buffer(size)
        view = memoryview(content).cast("B")
        for offset, length in parts:
            whole = offset == 0 and length == size
            with self._named("read", path):
                read = self._system.cat_file(
                    self._at(path), start=None if whole else offset, end=None if whole else offset + length
                )
            if len(read) != length:
                raise TornFileError("it has another size")
            view[offset : offset + length] = read
        return content

    def write(self, path: str, content: Any) -> None:
        with self._named("written", path):
            self._system.makedirs(self._at(path).rpartition("/")[0], exist_ok=True)
            self._system.pipe_file(self._at(path), bytes(content))

    def remove(self, path: str) -> None:
        with self._named("written", path), suppress(FileNotFoundError):
            self._system.rm_file(self._at(path))

    @contextmanager
    def alone(self, *, wait: bool) -> Iterator[bool]:  # noqa: ARG002
        # No lock is the same everywhere. Two that tidy up at once do no harm: see ``events_compaction``.
        yield True

    def _at(self, path: str) -> str:
        return f"{self._root}/{path}"

    @contextmanager
    def _named(self, done: str, path: str = "") -> Iterator[None]:
        try:
            yield
        except (FileNotFoundError, TornFileError, InputError):
            raise
        except PermissionError as error:
            raise InputError(
                f"the event store cannot be {done}", path=self.shown(path), reason=error.strerror
            ) from None
        except Exception as error:  # noqa: BLE001
            # Every place has its own errors, and their texts may hold its address.
            raise NodeError(
                f"the event store cannot be {done}",
                retryable=True,
                path=self.shown(path),
                reason=type(error).__name__,
            ) from None


def _check_size(found: int, expected: int) -> None:
    if found != expected:
        raise TornFileError(f"it has {found} bytes, not {expected}")


def _changed(entry: Mapping[str, Any]) -> float:
    """When a file was last changed, by the names that different places have for it; now if they do not tell."""
    import time

    for name in ("mtime", "LastModified", "last_modified", "updated", "created"):
        value: Any = entry.get(name)
        if hasattr(value, "timestamp"):
            return float(value.timestamp())
        if isinstance(value, int | float):
            return float(value)
    return time.time()
