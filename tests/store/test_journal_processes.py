"""A journal among processes: killed writers, full disks, two watchers, decisions from elsewhere, read-only folders.

The long forms: ``python tests/journal_crashes.py killed FOLDER 1000``, ``... limited FOLDER``, ``... full FOLDER``.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from journal_entries import NOW, log, new, noticed, opened

from aztec_butler.core.errors import ButlerError, LockHeld
from aztec_butler.core.intents import IntentState, Mode
from aztec_butler.store.journal import Journal
from aztec_butler.store.journal_errors import JournalDamaged, JournalUnwritable
from aztec_butler.store.journal_lock import hold_lock, lock_holder
from aztec_butler.store.journal_reading import JournalReader

TESTS = Path(__file__).parent.parent
SCRIPT = TESTS / "journal_crashes.py"
NOBODY = 65_534


@pytest.fixture
def memory(tmp_path):
    """A folder in memory where there is one: what is tried here is order, not the disk's speed."""
    shared = Path("/dev/shm")
    if not os.access(shared, os.W_OK):
        yield tmp_path
        return
    folder = shared / f"aztec-butler-{os.getpid()}-{tmp_path.name}"
    folder.mkdir()
    yield folder
    shutil.rmtree(folder)


def report(*words):
    ran = subprocess.run(
        [sys.executable, SCRIPT, *map(str, words)], capture_output=True, text=True, timeout=300, check=False
    )
    assert ran.returncode == 0, ran.stderr
    return json.loads(ran.stdout)


# --------------------------------------------------------------------------- crashes and full disks


def test_killed__at_random_moments__nothing_acknowledged_is_lost_and_all_can_be_proven(memory):
    told = report("killed", memory, 30)
    assert (told["trials"], told["lost"], told["as_uninterrupted"]) == (30, 0, 1)
    assert told["acknowledged"] > 100


def test_killed__at_every_named_step__the_next_one_goes_on_as_if_nothing_had_been(memory):
    told = report("steps", memory)
    assert set(told["seen"]) == {"intent-written", "before-commit", "committed"}
    assert told["as_uninterrupted"]


def test_disk__takes_only_so_many_bytes__every_write_fails_whole_and_can_be_tried_again(memory):
    told = report("limited", memory, 50_000)
    assert told["as_uninterrupted"] == told["sizes"] == told["failed"] + 1
    assert told["failed"] > 15


def test_disk__is_full__every_write_fails_whole_and_can_be_tried_again(tmp_path):
    place = tmp_path / "small"
    place.mkdir()
    words = ["mount", "-t", "tmpfs", "-o", "size=4m", "aztec-butler-test", str(place)]
    if os.geteuid() or subprocess.run(words, capture_output=True, check=False).returncode:
        pytest.skip("a small file system takes root")
    try:
        told = report("full", place / "on-it", 50_000)
    finally:
        subprocess.run(["umount", str(place)], check=True)
    assert told["as_uninterrupted"] == told["sizes"] == told["failed"] + 1
    assert told["failed"] > 15


def test_every_commit__is_on_the_disk_before_it_returns(tmp_path):
    for journal in (opened(tmp_path / "journal.sqlite3"), Journal.attach(tmp_path / "journal.sqlite3")):
        (synchronous,) = journal._connection.execute("PRAGMA synchronous").fetchone()
        (mode,) = journal._connection.execute("PRAGMA journal_mode").fetchone()
        assert (synchronous, mode) == (2, "wal")  # 2 is FULL
        journal.close()


# --------------------------------------------------------------------------- two watchers


def test_two_watchers__the_second_is_told_who_has_it(tmp_path):
    path = tmp_path / "journal.sqlite3"
    program = (
        f"import sys; sys.path.insert(0, {str(TESTS)!r})\n"
        "from pathlib import Path; from journal_entries import opened\n"
        f"with opened(Path({str(path)!r})): print('open', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as first:
        assert first.stdout.readline() == "open\n"
        with pytest.raises(LockHeld) as caught:
            opened(path)
        assert (caught.value.exit_code, caught.value.facts["process"]) == (7, str(first.pid))
        assert lock_holder(path) == str(first.pid)
        with JournalReader.read_only(path) as reader:
            assert reader.verify() == []
        first.kill()
    assert lock_holder(path) is None
    with opened(path):  # the lock died with its process
        assert lock_holder(path) == str(os.getpid())


def test_open__fails__the_lock_is_free_again(tmp_path):
    path = tmp_path / "journal.sqlite3"
    path.write_text("no journal")
    for _ in range(2):
        with pytest.raises(JournalDamaged):
            opened(path)
    assert lock_holder(path) is None
    path.unlink()
    lock = hold_lock(path)
    with opened(path, lock=lock):
        assert lock_holder(path) is not None
    assert lock_holder(path) is None


def test_lock__nobody_may_write_there__told(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(JournalUnwritable, match="lock"):
        hold_lock(tmp_path / "file" / "journal.sqlite3")


# --------------------------------------------------------------------------- others beside it


def test_decisions__from_several_processes_beside_a_watcher__one_chain(memory):
    path = memory / "journal.sqlite3"
    with opened(path) as journal:
        asked = [new(log(7, index), mode=Mode.APPROVE) for index in range(40)]
        ids = journal.commit(noticed(log(7), upto=7, intents=asked), now=NOW).new
        children = []
        for part in range(2):
            child = os.fork()
            if child == 0:
                try:
                    for each in ids[part::2]:
                        with Journal.attach(path) as other:
                            other.decide(each, approve=part == 0, by=f"process {part}", now=NOW)
                    os._exit(0)
                finally:
                    os._exit(1)
            children.append(child)
        for number in range(8, 60):
            journal.commit(noticed(log(number), upto=number), now=NOW)
        assert [os.waitpid(child, 0)[1] for child in children] == [0, 0]
        assert journal.verify() == []
        assert len(journal.intents(states=[IntentState.READY])) == 20
        assert len(journal.intents(states=[IntentState.REJECTED])) == 20
        assert len(list(journal.history())) == 1 + 1 + 40 + 40 + 52


def as_nobody(path):
    """What reading a journal tells somebody who may not write there."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            if not os.geteuid():
                os.setgroups([])
                os.setgid(NOBODY)
                os.setuid(NOBODY)
            with JournalReader.read_only(path) as journal:
                findings = journal.verify()
                write_to = "yes" if os.access(path.parent, os.W_OK) else "no"
                told = [len(findings), len(journal.intents()), write_to]
            os.write(writing, json.dumps(told).encode())
        except ButlerError as error:
            os.write(writing, json.dumps(f"{type(error).__name__}: {error}").encode())
        finally:
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        answer = pipe.read()
    os.waitpid(child, 0)
    return json.loads(answer)


@pytest.fixture
def locked_up(memory):
    """A journal in a folder that may only be read, and whoever opened it."""
    folder = memory / "state"
    folder.mkdir()
    path = folder / "journal.sqlite3"
    journal = opened(path)
    journal.commit(noticed(log(7), upto=7, intents=[new(log(7))]), now=NOW)
    yield path, journal
    journal.close()
    folder.chmod(0o755)


def lock_up(path):
    for each in path.parent.iterdir():
        each.chmod(0o644)
    path.parent.chmod(0o555)


def test_read_only__a_folder_that_may_only_be_read__works(locked_up):
    path, journal = locked_up
    journal.close()
    lock_up(path)
    assert as_nobody(path) == [0, 1, "no"]
    path.parent.chmod(0o755)


def test_read_only__such_a_folder_while_a_watcher_runs__works(locked_up):
    path, journal = locked_up
    lock_up(path)
    journal.commit(noticed(log(8), upto=8, intents=[new(log(8))]), now=NOW)
    assert as_nobody(path) == [0, 2, "no"]


def test_read_only__a_log_that_cannot_be_taken_in__told(locked_up):
    path, _ = locked_up
    copy = path.parent / "copy"
    copy.mkdir()
    for ending in ("", "-wal"):  # as a crash leaves it: with a log, and without the shared memory
        shutil.copy(f"{path}{ending}", copy / f"journal.sqlite3{ending}")
    lock_up(copy / "journal.sqlite3")
    assert as_nobody(copy / "journal.sqlite3").startswith("JournalUnwritable")
    copy.chmod(0o755)
    if not os.geteuid():
        with JournalReader.read_only(copy / "journal.sqlite3") as reader:
            assert len(reader.intents()) == 1


def test_open__may_not_be_written__told(locked_up):
    path, journal = locked_up
    journal.close()
    lock_up(path)
    child = os.fork()
    if child == 0:
        code = 1
        try:
            if not os.geteuid():
                os.setgid(NOBODY)
                os.setuid(NOBODY)
            Journal.attach(path)
        except JournalUnwritable:
            code = 0
        finally:
            os._exit(code)
    assert os.waitpid(child, 0)[1] == 0
