"""Keystores on this machine: read as the node reads them, and never if others could read them, too.

The node takes a file, or every .json file of a folder in the order of their names. So nothing but keystores may end in
.json there: backups and files in the making have other endings.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path

import attrs

from aztec_butler.core.keystores.checks import CheckedSet, check_set
from aztec_butler.core.keystores.faults import Fault, Finding, found
from aztec_butler.core.keystores.publishers import PublishersReading, read_publishers
from aztec_butler.core.keystores.records import Secret, holds_secrets
from aztec_butler.core.keystores.resolving import KeyFile, KeyFiles, Means, referenced_files
from aztec_butler.core.keystores.schema import Reading, read_keystore

_LARGEST = 1 << 25


@attrs.frozen(kw_only=True)
class Source:
    """A file as it was read."""

    path: Path
    text: str = attrs.field(repr=False)
    digest: str
    """SHA-256 of its bytes."""
    mode: int
    holds_secrets: bool = True
    """Whether it must be private; supposed of a file until its text has been understood."""


def keystore_paths(path: Path) -> list[Path] | Finding:
    """The files that the node would load from a path.

    Source: node-keystore ``loader.ts``, ``loadKeystores``.
    """
    try:
        status = path.stat()
        if not stat.S_ISDIR(status.st_mode):
            return [path]
        names = sorted(os.listdir(path))  # noqa: PTH208 - names, in the node's order
    except FileNotFoundError:
        fault = Fault.DANGLING_LINK if path.is_symlink() else Fault.MISSING_FILE
        return found(fault, file=str(path))
    except OSError as error:
        return found(Fault.UNREADABLE, file=str(path), detail=error.strerror)
    files = [path / name for name in names if os.path.splitext(name)[1].lower() == ".json"]  # noqa: PTH122
    return files or found(Fault.NO_FILES, file=str(path))


def read_source(path: Path) -> Source | Finding:
    """The text of a file, or why it cannot be had."""
    file = str(path)
    try:
        # What is behind the name is asked of the open file, so that nobody can put another there in between. A pipe
        # must not make us wait for somebody to write into it.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        with open(descriptor, "rb") as opened:  # noqa: PTH123 - a descriptor
            status = os.fstat(opened.fileno())
            if not stat.S_ISREG(status.st_mode):
                return found(Fault.NOT_A_FILE, file=file)
            content = opened.read(_LARGEST + 1)
    except FileNotFoundError:
        return found(Fault.DANGLING_LINK if path.is_symlink() else Fault.VANISHED, file=file)
    except IsADirectoryError:
        return found(Fault.NOT_A_FILE, file=file)
    except OSError as error:
        return found(Fault.UNREADABLE, file=file, detail=error.strerror)
    if len(content) > _LARGEST:
        return found(Fault.TOO_LARGE, file=file)
    try:
        text = content.decode()
    except UnicodeDecodeError:
        return found(Fault.NOT_UTF8, file=file)
    return Source(
        path=path, text=text, digest=hashlib.sha256(content).hexdigest(), mode=stat.S_IMODE(status.st_mode)
    )


def is_open_to_others(mode: int) -> bool:
    """Whether group or others may do anything with a file."""
    return bool(mode & 0o077)


@attrs.frozen(kw_only=True)
class ReadSet:
    """What one node loads, as it lies on the disk."""

    sources: tuple[Source, ...]
    readings: tuple[Reading, ...]


def read_keystores(paths: Sequence[Path]) -> ReadSet:
    """Read every keystore of some files and folders; what is wrong with a file is a finding of its reading.

    Args:
        paths: in the order in which the node is given them.
    """
    sources: list[Source] = []
    readings: list[Reading] = []
    for file in dict.fromkeys(file for path in paths for file in _each(path)):
        source = file if isinstance(file, Finding) else read_source(file)
        if isinstance(source, Finding):
            readings.append(Reading(file=source.file or "", document=None, keystore=None, findings=(source,)))
            continue
        reading = read_keystore(source.text, str(source.path))
        source = attrs.evolve(source, holds_secrets=_holds_secrets(reading))
        sources.append(source)
        readings.append(_with_file_findings(reading, source))
    return ReadSet(sources=tuple(sources), readings=tuple(readings))


def keystores_beside(path: Path) -> tuple[Path, ...]:
    """The keystores with which the node would load a new file; none where its name keeps the node from loading it.

    Args:
        path: of the file that is to be written.
    """
    if path.suffix.lower() != ".json":
        return ()
    return tuple(source.path for source in read_keystores([path.parent]).sources if _is_keystore(source.text))


def _is_keystore(text: str) -> bool:
    return read_keystore(text).keystore is not None


def _each(path: Path) -> Iterator[Path | Finding]:
    files = keystore_paths(path)
    yield from [files] if isinstance(files, Finding) else files


def _holds_secrets(reading: Reading) -> bool:
    """Whether a file must be private. Of one that cannot be read nobody knows, unless it is known for something else."""
    if any(finding.fault is Fault.NOT_A_KEYSTORE for finding in reading.findings):
        return False
    return reading.keystore is None or holds_secrets(reading.keystore)


def _with_file_findings(reading: Reading, source: Source) -> Reading:
    """A reading, with what is wrong with its file."""
    findings = list(reading.findings)
    if source.path.is_symlink():
        findings.append(found(Fault.SYMBOLIC_LINK, file=reading.file))
    if source.holds_secrets and is_open_to_others(source.mode):
        findings.append(open_to_others(source))
    return attrs.evolve(reading, findings=tuple(findings))


def open_to_others(source: Source) -> Finding:
    """That others can use a file."""
    return found(
        Fault.OPEN_TO_OTHERS,
        file=str(source.path),
        detail=f"mode {source.mode:04o}",
        remedy=f"run: chmod 600 {source.path}",
    )


def load_key_files(paths: Sequence[str], folder: Path | None = None) -> KeyFiles:
    """The encrypted files that keystores name.

    Args:
        paths: as the keystores name them, which may be where a container has them.
        folder: look for them here, by their last names.
    """
    files: dict[str, Sequence[KeyFile] | str] = {}
    for name in paths:
        path = Path(name) if folder is None else folder / Path(name).name
        files[name] = _key_files(path)
    return files


def load_means(
    records: object, *, key_files: Path | None = None, password: Secret | None = None, opens_all: bool = False
) -> Means:
    """What it takes to turn the accounts of some records into public data: the encrypted files that they name.

    Args:
        records: keystores, or whatever else holds accounts.
        key_files: where the encrypted files are, if not where the records say.
        password: opens every encrypted file, whatever the records say.
        opens_all: whether to open encrypted files even where they tell what is needed.
    """
    files = load_key_files(referenced_files(records), key_files)
    return Means(key_files=files, password=password, opens_all=opens_all)


def _key_files(path: Path) -> Sequence[KeyFile] | str:
    paths = keystore_paths(path)
    if isinstance(paths, Finding):
        return f"{path}: {paths.finding}"
    found_files: list[KeyFile] = []
    for each in paths:
        source = read_source(each)
        if isinstance(source, Finding):
            return f"{each}: {source.finding}"
        found_files.append(KeyFile(name=each.name, text=source.text))
    return found_files


def check_keystores(
    paths: Sequence[Path],
    *,
    key_files: Path | None = None,
    password: Secret | None = None,
    opens_all: bool = False,
    registers: bool = False,
) -> tuple[CheckedSet, ReadSet]:
    """Read and examine what a node loads.

    Args:
        paths: files and folders.
        key_files: where the encrypted files are, if not where the keystores say.
        password: opens every encrypted file, whatever the keystores say.
        opens_all: whether to open encrypted files even where they tell what is needed.
        registers: whether registrations are wanted, which opens the encrypted BLS keys.
    """
    read = read_keystores(paths)
    records = tuple(reading.keystore for reading in read.readings)
    means = load_means(records, key_files=key_files, password=password, opens_all=opens_all)
    return check_set(read.readings, means, registers=registers), read


def read_publishers_file(path: Path) -> PublishersReading:
    """Read a file of publishers; what is wrong with the file is a finding like others."""
    source = read_source(path)
    if isinstance(source, Finding):
        missing = source.fault is Fault.VANISHED
        finding = found(Fault.MISSING_FILE, file=str(path)) if missing else source
        return PublishersReading(servers=(), findings=(finding,))
    reading = read_publishers(source.text, str(path))
    if is_open_to_others(source.mode) and holds_secrets(reading.servers):
        return attrs.evolve(reading, findings=(*reading.findings, open_to_others(source)))
    return reading
