"""Writes to a journal that end in the middle, for ``store/test_journal_processes.py``: run in a process of its own.

python journal_crashes.py killed FOLDER [TRIALS [SEED]]   kill a writer at random moments; what was lost or doubled
python journal_crashes.py steps FOLDER                    kill a writer at every named step
python journal_crashes.py limited FOLDER [EVERY]          a disk that takes only so many bytes, ever more of them
python journal_crashes.py full FOLDER [EVERY]             the same on a small file system; FOLDER lies on it

Each prints one JSON object.
"""

from __future__ import annotations

import json
import os
import random
import resource
import select
import shutil
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

import attrs
from journal_entries import NOW, began, condition, final, log, new, noticed, opened

from aztec_butler.core.intents import IntentState, Mode
from aztec_butler.store.journal import Journal
from aztec_butler.store.journal_errors import JournalUnwritable
from aztec_butler.store.journal_reading import JournalReader


def advance(journal: Journal, acknowledge: Callable[[str], None] = lambda _: None) -> None:
    """Take whatever the journal has not taken yet one operation further; said when it is done.

    Which that is depends on nothing but the journal, so a writer that was killed is followed by one that goes on, and at
    the end a journal tells the same, whatever happened to its writers.
    """
    running = journal.intents(states=[IntentState.RUNNING], limit=1)
    if running:
        row = running[0]
        steps = journal.attempts(row.id)[-1].steps
        if len(steps) < 2:
            journal.step(row.id, row.attempts, f"step-{len(steps)}", {"n": len(steps)}, now=NOW)
            acknowledge(f"step {row.id} {row.attempts} {len(steps)}")
        else:
            outcome = IntentState.DONE if row.attempts == 2 else IntentState.READY
            journal.end(row.id, row.attempts, outcome, "so", now=NOW)
            acknowledge(f"end {row.id} {row.attempts}")
        return
    due = journal.intents(due_at=NOW, limit=1)
    if due:
        number = journal.begin(due[0].id, now=NOW)
        acknowledge(f"begin {due[0].id} {number}")
        return
    waiting = journal.intents(states=[IntentState.WAITING], limit=1)
    if waiting:
        journal.decide(waiting[0].id, approve=len(waiting[0].id) % 2 == 0, by="anna", now=NOW)
        acknowledge(f"decide {waiting[0].id}")
        return
    at = journal.checkpoint().noticed
    number = 1 if at is None else at.number + 1
    journal.commit(entry_of(number), now=NOW)
    acknowledge(f"commit {number}")


def entry_of(number: int):
    """The entry of a block: events that come and stay, come and go, are final at once, and conditions."""
    here = [log(number, index) for index in range(number % 4)]
    entry = noticed(*here, upto=number, intents=[new(each) for each in here[:1]])
    if number % 5 == 4:
        entry = final(
            log(number, 9), first=number - 3, upto=number, intents=[new(log(number, 9), mode=Mode.APPROVE)]
        )
        if number % 10 == 4:
            kept = [log(n, index) for n in range(number - 3, number) for index in range(n % 4)]
            entry = final(*kept, first=number - 3, upto=number)
    if number % 7 == 3:
        return attrs.evolve(entry, began=(began(number),))
    if number % 7 == 5:
        return attrs.evolve(entry, ended=(condition().key,))
    return entry


def told_by(path: Path) -> list:
    """Everything that a journal tells, times aside."""
    with JournalReader.read_only(path) as journal:
        assert journal.verify() == [], journal.verify()
        return [
            [[state.value, *map(repr, row)] for state, row in journal.events()],
            [[row.id, row.state.value, row.attempts, row.reason] for row in journal.intents()],
            [[line.kind, line.intent, line.body] for line in journal.history()],
            repr(journal.checkpoint()),
        ]


def is_kept(journal: JournalReader, acknowledged: str) -> bool:
    """Whether a journal holds what a writer was told to be done."""
    what, *rest = acknowledged.split()
    if what == "commit":
        noticed_block = journal.checkpoint().noticed
        return noticed_block is not None and noticed_block.number >= int(rest[0])
    if what == "decide":
        return journal.intent(rest[0]).decided_by == "anna"
    tried = {attempt.number: attempt for attempt in journal.attempts(rest[0])}
    if int(rest[1]) not in tried:
        return False
    attempt = tried[int(rest[1])]
    if what == "step":
        return len(attempt.steps) > int(rest[2])
    return what == "begin" or attempt.outcome is not None


def place_of(journal: JournalReader) -> tuple[int, int]:
    """How far a journal is: lines, and the last block."""
    at = journal.checkpoint().noticed
    return journal.status().lines, -1 if at is None else at.number


def uninterrupted(folder: Path, place: tuple[int, int]) -> list:
    """What a journal tells at that place whose writer nobody killed."""
    path = folder / "uninterrupted.sqlite3"
    with opened(path) as journal:
        while place_of(journal) < place:
            advance(journal)
    return told_by(path)


def write_on(path: Path, pipe: int, on_step: Callable[[str], None] = lambda _: None) -> None:
    """What a writer's process does until it is killed."""
    with opened(path, on_step=on_step) as journal:
        while True:
            advance(journal, lambda text: os.write(pipe, f"{text}\n".encode()) and None)


def killed_after(path: Path, seconds: float, **options) -> list[str]:
    """Run a writer, kill it after a while from when it first did something; what it was told to be done."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        try:
            write_on(path, writing, **options)
        finally:
            os._exit(1)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        select.select([pipe], [], [], 10)
        time.sleep(seconds)
        os.kill(child, signal.SIGKILL)
        status = os.waitpid(child, 0)[1]
        assert os.WIFSIGNALED(status), "the writer ended by itself"
        return pipe.read().decode().splitlines()


def killed(folder: Path, trials: int = 60, seed: int = 1) -> dict:
    """Writers one after the other on one journal, each killed at a random moment; a new journal after fifty."""
    chance = random.Random(seed)
    report = {"trials": 0, "acknowledged": 0, "lost": 0, "journals": 0, "as_uninterrupted": 0}
    while report["trials"] < trials:
        place = folder / f"round{report['journals']}"
        place.mkdir(parents=True)
        opened(place / "journal.sqlite3").close()
        for _ in range(min(50, trials - report["trials"])):
            done = killed_after(place / "journal.sqlite3", chance.expovariate(1 / 0.03))
            report["trials"] += 1
            report["acknowledged"] += len(done)
            with JournalReader.read_only(place / "journal.sqlite3") as journal:
                check(not journal.verify(), "it cannot be proven")
                report["lost"] += sum(not is_kept(journal, each) for each in done[-20:])
                reached = place_of(journal)
        report["journals"] += 1
        report["as_uninterrupted"] += told_by(place / "journal.sqlite3") == uninterrupted(place, reached)
        shutil.rmtree(place)
    return report


def steps(folder: Path) -> dict:
    """A writer killed whenever a step is named, for the first hundred of them."""
    path, seen = folder / "journal.sqlite3", {}
    opened(path).close()
    for turn in range(100):
        left = turn % 7

        def stop(name: str) -> None:
            nonlocal left
            if left == 0:
                Path(folder / "stopped").write_text(name)
                os.kill(os.getpid(), signal.SIGKILL)
            left -= 1

        child = os.fork()
        if child == 0:
            try:
                write_on(path, os.open("/dev/null", os.O_WRONLY), on_step=stop)
            finally:
                os._exit(1)
        assert os.WIFSIGNALED(os.waitpid(child, 0)[1])
        name = Path(folder / "stopped").read_text()
        seen[name] = seen.get(name, 0) + 1
    with JournalReader.read_only(path) as journal:
        place = place_of(journal)
    return {
        "seen": seen,
        "lines": place[0],
        "as_uninterrupted": told_by(path) == uninterrupted(folder, place),
    }


# --------------------------------------------------------------------------- disks that are full

PLACE = (60, 20)
"""Where writers on a full disk may stop."""


def in_child(run: Callable[[], dict]) -> dict:
    """Run in a process of its own, so that limits end with it."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        try:
            os.write(writing, json.dumps(run()).encode())
            os._exit(0)
        finally:
            os._exit(1)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        answer = pipe.read()
    assert os.waitpid(child, 0)[1] == 0, "the child failed"
    return json.loads(answer)


def check(is_right: bool, what: str) -> None:
    """End the process where something is not as it should be."""
    if not is_right:
        raise AssertionError(what)


def write_until_full(path: Path, make_room: Callable[[], None]) -> dict:
    """Open a journal and write; when the disk is full, prove what is there, make room, and go on."""
    failures = 0
    journal = None
    while journal is None or place_of(journal) < PLACE:
        try:
            if journal is None:
                journal = opened(path)
            before = place_of(journal)
            advance(journal)
        except JournalUnwritable as error:
            failures += 1
            check(error.facts["file"].name.startswith(path.name) and failures < 5, str(error))
            if journal is not None:
                check(place_of(journal) == before, "half of it is there")
                check(not journal.verify(), "it cannot be proven")
            make_room()
    journal.close()
    return {"failures": failures}


def limited(folder: Path, every: int = 4096) -> dict:
    """Files that may only become so large: every write of all fails once."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
    expected = uninterrupted(folder, PLACE)
    report = {"sizes": 0, "failed": 0, "as_uninterrupted": 0}
    size = 0
    while True:
        place = folder / f"limited{size}"

        def run(place: Path = place, size: int = size) -> dict:
            resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
            return write_until_full(
                place / "journal.sqlite3", lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
            )

        failures = in_child(run)["failures"]
        report["sizes"] += 1
        report["failed"] += failures > 0
        report["as_uninterrupted"] += told_by(place / "journal.sqlite3") == expected
        shutil.rmtree(place)
        if not failures:
            return report
        size += every


def full(folder: Path, every: int = 4096) -> dict:
    """A file system with so much room: every write of all finds it full once."""
    report = {"sizes": 0, "failed": 0, "as_uninterrupted": 0}
    elsewhere = Path(os.environ.get("TMPDIR", "/tmp"))
    expected = None
    ballast = folder / "ballast"
    room = 0
    while True:
        place = folder / "full"

        def run(place: Path = place, room: int = room) -> dict:
            free = shutil.disk_usage(folder).free
            with ballast.open("wb") as file:
                os.posix_fallocate(file.fileno(), 0, max(free - room, 1))
            return write_until_full(place / "journal.sqlite3", ballast.unlink)

        failures = in_child(run)["failures"]
        ballast.unlink(missing_ok=True)
        if expected is None:
            other = elsewhere / f"uninterrupted-{os.getpid()}"
            other.mkdir()
            expected = uninterrupted(other, PLACE)
            shutil.rmtree(other)
        report["sizes"] += 1
        report["failed"] += failures > 0
        report["as_uninterrupted"] += told_by(place / "journal.sqlite3") == expected
        shutil.rmtree(place)
        if not failures:
            return report
        room += every


def main() -> None:
    """See above."""
    what, folder, *numbers = sys.argv[1:]
    place = Path(folder)
    place.mkdir(parents=True, exist_ok=True)
    run = {"killed": killed, "steps": steps, "limited": limited, "full": full}[what]
    print(json.dumps(run(place, *map(int, numbers))))


if __name__ == "__main__":
    main()
