"""Edits of keystores: whole or not at all, with the old text kept, and nobody else's change lost."""

from __future__ import annotations

import errno
import fcntl
import json
import os
import stat
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import keystore_cases as cases
import keystore_crashes
import pytest
from keystore_reading import NOBODY, as_nobody, common_folder

from aztec_butler.core import secp256k1
from aztec_butler.core.errors import InputError, LockHeld
from aztec_butler.core.keystores.editing import FileEdit
from aztec_butler.store import keystore_edits
from aztec_butler.store.keystore_edits import Written, apply_edits, backups_of, fresh_keys
from aztec_butler.store.keystores import Source, keystore_paths, read_source

OLD = json.dumps(cases.keys(), indent=2) + "\n"
NEW = OLD.replace(cases.COINBASE, cases.ADDRESSES[3])
NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
BACKUP = "key1.json.20260102T030405Z.bak"


@pytest.fixture
def path(tmp_path):
    """A keystore alone in its folder."""
    folder = tmp_path / "keystore"
    folder.mkdir()
    return put(folder / "key1.json")


def put(path: Path, text: str = OLD, mode: int = 0o600) -> Path:
    path.write_text(text)
    path.chmod(mode)
    return path


def read(path: Path) -> Source:
    source = read_source(path)
    assert isinstance(source, Source)
    return source


def edit(*paths: Path, after: str = NEW, now: datetime = NOW, sources=None, **options) -> tuple[Written, ...]:
    sources = sources or [read(path) for path in paths]
    edits = [FileEdit(file=str(source.path), before=source.text, after=after) for source in sources]
    return apply_edits(edits, sources, now=now, **options)


def names(path: Path) -> list[str]:
    return sorted(each.name for each in path.parent.iterdir())


# --------------------------------------------------------------------------- what is done


def test_edit__new_text__and_the_old_one_beside_it(path):
    (written,) = edit(path)
    assert path.read_text() == NEW
    assert Path(written.backup).read_text() == OLD
    assert names(path) == ["key1.json", BACKUP]


def test_edit__beside_a_keystore__lies_nothing_that_the_node_would_load(path):
    edit(path)
    assert keystore_paths(path.parent) == [path]


@pytest.mark.parametrize("mode", [0o600, 0o400, 0o700])
def test_edit__mode_and_owner__are_kept(path, mode):
    path.chmod(mode)
    before = path.stat()
    edit(path)
    after = path.stat()
    assert stat.S_IMODE(after.st_mode) == mode
    assert (after.st_uid, after.st_gid) == (before.st_uid, before.st_gid)
    assert stat.S_IMODE(Path(f"{path}.20260102T030405Z.bak").stat().st_mode) == mode


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_edit__by_root__the_owner_keeps_the_file(path):
    os.chown(path, NOBODY, NOBODY)
    edit(path)
    for each in path.parent.iterdir():
        assert (each.stat().st_uid, each.stat().st_gid) == (NOBODY, NOBODY)


def test_edit__whatever_the_umask__no_moment_is_open_to_others(path, monkeypatch):
    modes = []
    original = os.fsync

    def fsync(descriptor):
        modes.append(
            stat.S_IMODE(os.fstat(descriptor).st_mode) if stat.S_ISREG(os.fstat(descriptor).st_mode) else 0
        )
        original(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)
    before = os.umask(0)
    try:
        edit(path)
    finally:
        os.umask(before)
    assert [mode for mode in modes if mode & 0o077] == []


def test_edit__what_gets_a_name__is_on_the_disk_before(path, monkeypatch):
    """Both texts and the backup's name first, then the file's name, which is brought to the disk last."""
    done = []
    sync, rename, replace = os.fsync, Path.rename, Path.replace

    def kind(descriptor):
        return "folder" if stat.S_ISDIR(os.fstat(descriptor).st_mode) else "file"

    monkeypatch.setattr(
        os, "fsync", lambda descriptor: (done.append(f"sync {kind(descriptor)}"), sync(descriptor))
    )
    monkeypatch.setattr(Path, "rename", lambda old, new: (done.append("name backup"), rename(old, new)))
    monkeypatch.setattr(Path, "replace", lambda old, new: (done.append("name file"), replace(old, new)))
    edit(path)
    assert done == ["sync file", "sync file", "name backup", "sync folder", "name file", "sync folder"]


def test_edit__new_file__is_private_and_replaces_nothing(tmp_path):
    path = tmp_path / "publishers.json"
    new = FileEdit(file=str(path), before=None, after="{}")
    assert apply_edits([new]) == (Written(file=str(path), backup=None),)
    assert (path.read_text(), stat.S_IMODE(path.stat().st_mode)) == ("{}", 0o600)
    with pytest.raises(InputError, match="there is a file already"):
        apply_edits([new])
    assert names(path) == ["publishers.json"]


def test_edit__new_file_that_appears_at_the_last_moment__is_not_replaced(tmp_path, monkeypatch):
    path = tmp_path / "publishers.json"
    original = os.link

    def link(*arguments, **options):
        path.write_text("somebody's")
        original(*arguments, **options)

    monkeypatch.setattr(os, "link", link)
    with pytest.raises(InputError, match="there is a file already"):
        apply_edits([FileEdit(file=str(path), before=None, after="{}")])
    assert (path.read_text(), names(path)) == ("somebody's", ["publishers.json"])


def test_edit__where_links_cannot_be_made__the_new_file_is_renamed(tmp_path, monkeypatch):
    def link(*_, **__):
        raise OSError(errno.EPERM, os.strerror(errno.EPERM))

    monkeypatch.setattr(os, "link", link)
    apply_edits([FileEdit(file=str(tmp_path / "a.json"), before=None, after="{}")])
    assert names(tmp_path / "a.json") == ["a.json"]


# --------------------------------------------------------------------------- backups


def test_backups__the_last_ones_stay(path):
    texts = []
    for minute in range(5):
        texts.append(path.read_text())
        edit(path, after=NEW + " " * minute, now=NOW + timedelta(minutes=minute), keep_backups=3)
    assert [backup.read_text() for backup in backups_of(path)] == texts[-3:]


def test_backups__of_one_second__have_names_of_their_own(path):
    for count in range(12):
        edit(path, after=NEW + " " * count, keep_backups=11)
    backups = [backup.name for backup in backups_of(path)]
    assert backups == [f"key1.json.20260102T030405Z-{count}.bak" for count in range(1, 12)]


def test_backups__files_of_others__are_none(path):
    strangers = ["key1.json.bak", "key1.json.2026.bak", "key11.json.20260102T030405Z.bak", "other.json"]
    for name in strangers:
        put(path.parent / name)
    edit(path, keep_backups=1)
    edit(path, after=OLD, now=NOW + timedelta(1), keep_backups=1)
    assert names(path) == sorted([*strangers, "key1.json", "key1.json.20260103T030405Z.bak"])


def test_backups__none__is_refused(path):
    with pytest.raises(InputError, match="at least one backup"):
        edit(path, keep_backups=0)


# --------------------------------------------------------------------------- what is refused


def refused(path: Path, sentence: str, **options) -> InputError:
    """The edit is refused, and everything is as it was."""
    before = {each.name: each.lstat().st_ino for each in path.parent.iterdir()}
    text = path.read_text() if path.exists() else None
    with pytest.raises(InputError, match=sentence) as raised:
        edit(path, **options)
    assert {each.name: each.lstat().st_ino for each in path.parent.iterdir()} == before
    assert (path.read_text() if path.exists() else None) == text
    assert cases.ETH[0] not in str(raised.value)
    return raised.value


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o620])
def test_edit__a_file_that_others_can_use__is_refused(path, mode):
    path.chmod(mode)
    assert refused(path, "group or others can use it").hint == f"chmod 600 {path}"


def test_edit__a_symbolic_link__is_refused(path):
    link = path.with_name("link.json")
    link.symlink_to(path.name)
    refused(link, "symbolic link")


def test_edit__a_file_that_became_a_link__is_refused(path):
    source = read(path)
    path.rename(path.with_name("elsewhere.json"))
    path.symlink_to("elsewhere.json")
    refused(path, "symbolic link", sources=[source])


def test_edit__a_file_with_a_second_name__is_refused(path):
    os.link(path, path.with_name("second.json"))
    refused(path, "second name")


def test_edit__a_file_of_another_user__is_refused():
    with common_folder() as folder:
        path = put(folder / "key1.json")
        folder.chmod(0o777)
        source = read(path)
        if os.geteuid() == 0:
            with as_nobody(), pytest.raises(InputError, match="belongs to another user"):
                edit(path, sources=[source])
            assert path.read_text() == OLD


def test_edit__changed_by_somebody_else__is_refused(path):
    source = read(path)
    path.write_text(OLD + " ")
    refused(path, "somebody has changed the file", sources=[source])


def test_edit__changed_to_the_same_text__goes_through(path):
    source = read(path)
    path.write_text(OLD)
    edit(path, sources=[source])
    assert path.read_text() == NEW


def test_edit__changed_at_the_last_moment__is_refused(path, monkeypatch):
    original = keystore_edits._write

    def write(target, content, like):
        original(target, content, like)
        path.write_text(OLD + " ")

    monkeypatch.setattr(keystore_edits, "_write", write)
    with pytest.raises(InputError, match="somebody has changed the file"):
        edit(path)
    assert (path.read_text(), names(path)) == (OLD + " ", ["key1.json"])


def test_edit__replaced_at_the_last_moment_by_the_same_text__is_refused(path, monkeypatch):
    original = keystore_edits._sync_folder

    def sync(folder):
        original(folder)
        path.unlink()
        put(path)

    monkeypatch.setattr(keystore_edits, "_sync_folder", sync)
    with pytest.raises(InputError, match="somebody has changed the file"):
        edit(path)


def test_edit__removed_by_somebody_else__is_refused(path):
    source = read(path)
    path.unlink()
    refused(path, "cannot be written", sources=[source])


def test_edit__of_a_folder_that_is_gone__is_refused(path):
    source = read(path)
    path.unlink()
    path.parent.rmdir()
    with pytest.raises(InputError, match="folder of a keystore cannot be used"):
        edit(path, sources=[source])


def test_edit__in_a_folder_that_may_not_be_written__is_refused():
    with common_folder() as folder:
        path = put(folder / "key1.json")
        if os.geteuid() == 0:
            os.chown(path, NOBODY, NOBODY)
        folder.chmod(0o555)
        with as_nobody(), pytest.raises(InputError, match="cannot be written") as raised:
            edit(path)
        assert raised.value.facts["reason"] == os.strerror(errno.EACCES)
        assert (path.read_text(), names(path)) == (OLD, ["key1.json"])


def test_edit__while_somebody_else_edits__is_refused(path):
    descriptor = os.open(path.parent, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        with pytest.raises(LockHeld) as raised:
            edit(path)
    finally:
        os.close(descriptor)
    assert raised.value.exit_code == 7
    assert (path.read_text(), names(path)) == (OLD, ["key1.json"])
    edit(path)


def test_edit__of_several__one_refused__none_changes(path):
    other = put(path.with_name("key2.json"))
    sources = [read(path), read(other)]
    other.write_text(NEW)
    with pytest.raises(InputError, match="somebody has changed"):
        edit(path, other, sources=sources)
    assert (path.read_text(), other.read_text()) == (OLD, NEW)
    assert names(path) == ["key1.json", "key2.json"]


def test_edit__of_several__all_change(path):
    other = put(path.with_name("key2.json"))
    assert [Path(written.file) for written in edit(path, other)] == [path, other]
    assert path.read_text() == other.read_text() == NEW


def test_edit__of_several__the_last_step_fails__says_which_are_done(path, monkeypatch):
    other = put(path.with_name("key2.json"))
    original = Path.replace

    def replace(self, target):
        if target == other:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return original(self, target)

    monkeypatch.setattr(Path, "replace", replace)
    with pytest.raises(InputError, match="cannot be written") as raised:
        edit(path, other)
    assert raised.value.facts["already_written"] == str(path)
    assert (path.read_text(), other.read_text()) == (NEW, OLD)
    assert names(path) == ["key1.json", BACKUP, "key2.json"]


# --------------------------------------------------------------------------- full disks and crashes


@pytest.mark.parametrize("call", ["open", "fsync", "fchmod"])
@pytest.mark.parametrize("number", range(1, 5))
def test_edit__the_disk_is_full_at_any_call__nothing_has_changed(path, monkeypatch, call, number):
    original, count = getattr(os, call), 0

    def full(*arguments, **options):
        nonlocal count
        # Reading takes no space.
        writes = call != "open" or arguments[1] & os.O_CREAT
        count += bool(writes)
        if writes and count == number:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return original(*arguments, **options)

    monkeypatch.setattr(os, call, full)
    source = read(path)
    try:
        edit(path, sources=[source])
    except InputError as error:
        assert error.facts["reason"] == "No space left on device"  # noqa: PT017 - some calls are not made that often
        if "has the keystore's name" not in error.sentence:
            assert (path.read_text(), names(path)) == (OLD, ["key1.json"])
            return
    assert (path.read_text(), names(path)) == (NEW, ["key1.json", BACKUP])


def run_crashes(what: str, folder: Path) -> list[dict]:
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}  # the same package
    program = [sys.executable, keystore_crashes.__file__, what, str(folder)]
    ran = subprocess.run(program, capture_output=True, text=True, check=True, env=environment)
    return json.loads(ran.stdout)


def test_edit__killed_anywhere__the_file_is_the_old_one_or_the_new_one(tmp_path):
    states = run_crashes("killed", tmp_path)
    assert {state["text"] for state in states} == {"old", "new"}
    for state in states:
        assert state["mode"] == keystore_crashes.MODE
        assert state["json"] == ["key1.json"]
        assert state["open"] == []
        assert state["text"] == "old" or state["backups"] == ["old"]
        assert state["backups"] in ([], ["old"])
        assert (state["then"], state["leftovers"]) == ("new", [])
    assert len(states) > 60  # every line of an edit


def test_edit__no_room_for_the_new_text__nothing_is_left_of_it(tmp_path):
    states = run_crashes("full", tmp_path)
    assert len(states) == 4
    for state in states:
        assert state["reason"] == os.strerror(errno.EFBIG)
        assert (state["text"], state["files"]) == ("old", ["key1.json"])
        assert state["then"] == "new"


# --------------------------------------------------------------------------- keys


def test_fresh_keys__are_keys_and_different():
    keys = fresh_keys(50)
    assert len(set(keys)) == 50
    assert all(0 < key < secp256k1.GROUP_ORDER for key in keys)
    assert max(keys).bit_length() > 240
