"""Edits of keystores: a file is the old one or the new one, the old one is kept, and nobody else's change is lost.

The order of things, for all files of an edit together: lock the folders; see that each file is still what the plan was
made from; write the new text beside it and the old text into a backup, both to the disk; look once more; rename. A crash
before the renaming leaves the old file, a crash behind it the new one.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import secrets
import stat
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

import attrs

from aztec_butler.core import secp256k1
from aztec_butler.core.errors import InputError, LockHeld
from aztec_butler.core.keystores.editing import FileEdit
from aztec_butler.core.keystores.faults import Fault
from aztec_butler.store.keystores import Source, is_open_to_others

DEFAULT_BACKUPS = 10
_PRIVATE = 0o600
_BACKUP = re.compile(r"\.(\d{8}T\d{6}Z)(?:-(\d+))?\.bak")


@attrs.frozen(kw_only=True)
class Written:
    """A file that was written."""

    file: str
    backup: str | None
    """Where the old text is; None: there was none."""


def apply_edits(
    edits: Sequence[FileEdit],
    sources: Iterable[Source] = (),
    *,
    keep_backups: int = DEFAULT_BACKUPS,
    now: datetime | None = None,
) -> tuple[Written, ...]:
    """Write the files of a plan, or none of them.

    Should the last step fail for one file of several, which hardly happens once its new text is on the disk, the error
    names those that were written.

    Args:
        edits: the plan; ``file`` is a path.
        sources: the files as they were read, from which the plan was made. A file that has no source is new.
        keep_backups: how many backups of each file to keep, at least 1.
        now: the time in the backups' names.

    Raises:
        InputError: a file is not what was read, not only ours, a link, or cannot be written.
        LockHeld: somebody else edits files of this folder.
    """
    if keep_backups < 1:
        raise InputError("at least one backup is kept", keep_backups=keep_backups)
    read = {str(source.path): source for source in sources}
    stamp = (now or datetime.now(UTC)).astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
    folders = sorted({Path(edit.file).parent for edit in edits})
    with ExitStack() as stack:
        for folder in folders:
            stack.enter_context(_locked(folder))
        prepared = [stack.enter_context(_prepared(edit, read.get(edit.file), stamp)) for edit in edits]
        written: list[Written] = []
        for each in prepared:
            try:
                each.put()
            except (OSError, InputError) as error:
                raise _not_written(each.path, error, written) from None
            backup = None if each.backup is None else str(each.backup)
            written.append(Written(file=each.edit.file, backup=backup))
        for each in prepared:
            _prune(each.path, keep_backups)
    return tuple(written)


def _not_written(path: Path, error: Exception, written: Sequence[Written]) -> InputError:
    done = ", ".join(each.file for each in written)
    if isinstance(error, InputError):
        if done:
            error.facts["already_written"] = done
        return error
    facts = {"already_written": done} if done else {}
    reason = error.strerror if isinstance(error, OSError) else str(error)
    return InputError("a keystore cannot be written", file=path, reason=reason, **facts)


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Be the only one who edits keystores of a folder; the lock is the folder's own and leaves nothing behind."""
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:
        raise InputError(
            "the folder of a keystore cannot be used", folder=folder, reason=error.strerror
        ) from None
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise LockHeld(
                "somebody else edits keystores of this folder",
                hint="try again when they are done",
                folder=folder,
            ) from None
        yield
    finally:
        os.close(descriptor)


@attrs.frozen(kw_only=True)
class _Prepared:
    """An edit of which everything is on the disk but the name."""

    edit: FileEdit
    path: Path
    temporary: Path
    backup: Path | None
    identity: tuple[int, ...] | None
    """What the file was when it was last looked at; None: there was none."""

    def put(self) -> None:
        """Give the new text the file's name."""
        if self.identity is None:
            self._put_new()
        else:
            if _identity(os.lstat(self.path)) != self.identity:
                raise _changed(self.path)
            self.temporary.replace(self.path)
        try:
            _sync_folder(self.path.parent)
        except OSError as error:
            raise InputError(
                "the new text has the keystore's name, and might lose it again should the machine crash now",
                file=self.path,
                reason=error.strerror,
            ) from None

    def _put_new(self) -> None:
        try:
            # Unlike renaming, it replaces nothing.
            os.link(self.temporary, self.path, follow_symlinks=False)
        except FileExistsError:
            raise _appeared(self.path) from None
        except OSError:  # a file system without links
            _no_file(self.path)
            self.temporary.replace(self.path)
        else:
            self.temporary.unlink()


@contextmanager
def _prepared(edit: FileEdit, source: Source | None, stamp: str) -> Iterator[_Prepared]:
    """Write the new text and the backup; both go again when the edit does not come about."""
    path = Path(edit.file)
    if (source is None) != (edit.before is None):
        raise AssertionError("a plan and what it was made from do not belong together")
    made: list[Path] = []
    try:
        _remove_leftovers(path)
        status = _no_file(path) if source is None else _examined(path, source)
        temporary = _temporary_path(path)
        made.append(temporary)
        _write(temporary, edit.after.encode(), status)
        backup = None
        if edit.before is not None:
            # By way of another name, so that no half of a text is ever called a backup.
            half = _temporary_path(path)
            made.append(half)
            _write(half, edit.before.encode(), status)
            backup = _backup_path(path, stamp)
            made.append(backup)
            half.rename(backup)
            _sync_folder(path.parent)
        identity = None if status is None else _identity(status)
        prepared = _Prepared(edit=edit, path=path, temporary=temporary, backup=backup, identity=identity)
    except OSError as error:
        _remove(made)
        raise InputError("a keystore cannot be written", file=path, reason=error.strerror) from None
    except BaseException:
        _remove(made)
        raise
    try:
        yield prepared
    except BaseException:
        # The backup stays if the new text has taken the name.
        _remove(made if temporary.exists() else [])
        raise


def _temporary_path(path: Path) -> Path:
    return path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")


def _no_file(path: Path) -> os.stat_result | None:
    """See that there is no file yet."""
    if os.path.lexists(path):
        raise _appeared(path)
    return None


def _appeared(path: Path) -> InputError:
    return InputError("there is a file already where a new one was to be", file=path)


def _remove(paths: Iterable[Path]) -> None:
    for path in paths:
        with suppress(OSError):
            path.unlink()


def _examined(path: Path, source: Source) -> os.stat_result:
    """See that a file is what was read, and may be replaced."""
    status = os.lstat(path)
    if stat.S_ISLNK(status.st_mode):
        raise InputError(
            "a keystore that is a symbolic link is not edited",
            hint="name the file that it leads to",
            file=path,
        )
    if not stat.S_ISREG(status.st_mode):
        raise InputError(Fault.NOT_A_FILE.sentence, file=path)
    if status.st_nlink > 1:
        raise InputError(
            "the file has a second name, which would keep the old text", file=path, names=status.st_nlink
        )
    if source.holds_secrets and is_open_to_others(status.st_mode):
        raise InputError(
            Fault.OPEN_TO_OTHERS.sentence,
            hint=f"chmod 600 {path}",
            file=path,
            mode=f"{stat.S_IMODE(status.st_mode):04o}",
        )
    if os.geteuid() not in (0, status.st_uid):
        raise InputError(
            "the file belongs to another user, who would lose it", file=path, owner=status.st_uid
        )
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    with open(descriptor, "rb") as opened:  # noqa: PTH123 - a descriptor
        opened_status = os.fstat(opened.fileno())
        digest = hashlib.sha256(opened.read()).hexdigest()
    if digest != source.digest or _identity(opened_status) != _identity(status):
        raise _changed(path)
    return status


def _changed(path: Path) -> InputError:
    return InputError(
        "somebody has changed the file since it was read; nothing was written to it",
        hint="run the command again, and look at its plan",
        file=path,
    )


def _identity(status: os.stat_result) -> tuple[int, ...]:
    return (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)


def _write(path: Path, content: bytes, like: os.stat_result | None) -> None:
    """Write a new file to the disk, private from the first byte on, with the mode and owner of another."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, _PRIVATE)
    with open(descriptor, "wb") as file:  # noqa: PTH123 - a descriptor
        file.write(content)
        file.flush()
        if like is not None:
            mine = os.fstat(file.fileno())
            if (mine.st_uid, mine.st_gid) != (like.st_uid, like.st_gid):
                os.fchown(file.fileno(), like.st_uid, like.st_gid)
            os.fchmod(file.fileno(), stat.S_IMODE(like.st_mode))
        os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


# --------------------------------------------------------------------------- what lies beside a keystore


def _backup_path(path: Path, stamp: str) -> Path:
    """A name of no file; its ending is not .json, or the node would load it."""
    plain = path.with_name(f"{path.name}.{stamp}.bak")
    count = 0
    candidate = plain
    while os.path.lexists(candidate):
        count += 1
        candidate = path.with_name(f"{path.name}.{stamp}-{count}.bak")
    return candidate


def backups_of(path: Path) -> list[Path]:
    """The backups of a keystore, the oldest first."""
    dated: list[tuple[str, int, Path]] = []
    for each in path.parent.iterdir():
        if each.name.startswith(path.name):
            matched = _BACKUP.fullmatch(each.name[len(path.name) :])
            if matched is not None:
                dated.append((matched[1], int(matched[2] or 0), each))
    return [backup for *_, backup in sorted(dated)]


def _prune(path: Path, keep: int) -> None:
    """Remove the oldest backups. That they cannot be removed is no reason to call a finished edit a failure."""
    with suppress(OSError):
        _remove(backups_of(path)[:-keep])


def _remove_leftovers(path: Path) -> None:
    """Remove what a crash has left of an earlier edit; nobody else is at work, because the folder is locked."""
    pattern = re.compile(rf"\.{re.escape(path.name)}\.[0-9a-f]{{8}}\.part")
    _remove([each for each in path.parent.iterdir() if pattern.fullmatch(each.name)])


def fresh_keys(count: int) -> list[int]:
    """New private keys of secp256k1, from the machine's randomness."""
    return [secrets.randbelow(secp256k1.GROUP_ORDER - 1) + 1 for _ in range(count)]
