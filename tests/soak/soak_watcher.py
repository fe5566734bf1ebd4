"""Do to a watcher what a year does: ``python tests/soak/soak_watcher.py [WHAT ...] [--kills 1000] [--seed 1]``.

WHAT is one or more of these, all by default; each is tried on a chain that grows and turns, with executors of every sort:

- ``points``: end the process with SIGKILL at each named moment: of the journal, of attempts, of writes to files;
- ``kills``: and at so many random ones;
- ``disk``: let every size of the journal, and each write of a keystore or a Safe file, find a full disk once;
- ``faults``: let the node misbehave in every way of ``node_faults``;
- ``clock``: set the clock back and forth by an hour, and by years, while it runs and while it does not;
- ``instances``: start a second watcher beside it.

The last line is one JSON object. ``lost`` counts events, effects, files and notices that a watcher has that nobody
disturbed and this one has not, ``doubled`` what happened twice without saying so. What was asked for again because
nobody could know whether it had arrived is ``repeated``: a reload, which does the same twice, and a notice that says so.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import resource
import select
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parent.parent))

from node_faults import FAULTS
from soak.watched_season import Season, lost, watch_writes
from watcher_world import NOW

from aztec_butler.clients.policy import RetryPolicy
from aztec_butler.clients.rpc import Rpc
from aztec_butler.core.errors import InputError, LockHeld, NodeError
from aztec_butler.store import keystore_edits
from aztec_butler.store.journal_errors import JournalUnwritable
from aztec_butler.store.journal_reading import JournalReader
from aztec_butler.watcher.executors import safe_files

WHAT = ("points", "kills", "disk", "faults", "clock", "instances")
POLICY = RetryPolicy(rounds=2, first_wait_seconds=0.001, cool_down_seconds=0.0)
MEAN_SECONDS = 0.12
"""A process lives so long on average."""


class Expected:
    """What undisturbed watchers are left with, by seed."""

    def __init__(self, folder: Path, ticks: int) -> None:
        self._folder, self._ticks = folder, ticks
        self._left: dict[int, dict] = {}

    def of(self, seed: int) -> dict:
        if seed not in self._left:
            season = Season(self._folder / f"undisturbed-{seed}", seed, self._ticks)
            season.play()
            self._left[seed] = season.left()
            assert self._left[seed]["findings"] == [], self._left[seed]["findings"]
            assert season.doubled() == 0
            season.watched.close()
        return self._left[seed]


class Tally:
    """Figures of what was tried."""

    def __init__(self, expected: Expected) -> None:
        self.expected = expected
        self.figures: Counter[str] = Counter(
            dict.fromkeys(("trials", "seasons", "lost", "doubled", "unproven", "other_in_the_end"), 0)
        )
        self.repeated: Counter[str] = Counter()

    def judge(self, season: Season) -> None:
        """Compare what is left of a season with what an undisturbed one leaves."""
        left, expected = season.left(), self.expected.of(season.seed)
        self.figures["seasons"] += 1
        self.figures["lost"] += lost(left, expected)
        self.figures["doubled"] += season.doubled()
        self.figures["unproven"] += bool(left["findings"])
        self.figures["other_in_the_end"] += left != expected
        self.repeated.update(season.repeated())
        if left != expected:
            for name, value in left.items():
                if value != expected[name]:
                    print(season.folder.name, name, _differing(value, expected[name]), file=sys.stderr)
        self.figures["effects"] += len(left["effects"]) + len(left["coinbases"]) + len(left["files"])
        self.figures["notices"] += len(left["told"])
        season.watched.close()

    def told(self) -> dict:
        return dict(self.figures) | {"repeated": dict(self.repeated)}


def _differing(one, other) -> str:
    if not isinstance(one, list):
        return f"{one} instead of {other}"
    return f"too many: {[each for each in one if each not in other]}, too few: {[each for each in other if each not in one]}"


# --------------------------------------------------------------------------- processes that are killed


def run(folder: Path, seed: int, ticks: int, on_point=lambda _: None, after=None) -> bool:
    """A process that plays on; killed by itself at a point, or after some seconds. Whether the season is over."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        try:
            watch_writes(on_point)
            os.write(writing, b"!")
            Season(folder, seed, ticks, on_point=on_point).play()
            os._exit(0)
        except BaseException:  # noqa: BLE001 - whatever it is, it is told and ends this process alone
            sys.excepthook(*sys.exc_info())
        finally:
            os._exit(1)
    os.close(writing)
    if after is not None:
        select.select([reading], [], [], 30)
        time.sleep(after)
        os.kill(child, signal.SIGKILL)
    status = os.waitpid(child, 0)[1]
    os.close(reading)
    if os.WIFSIGNALED(status):
        return False
    assert os.WEXITSTATUS(status) == 0, "a process ended by itself"
    return True


def verified(folder: Path) -> bool:
    """Whether the journal that a killed process left can be proven."""
    path = folder / "journal.sqlite3"
    if not path.exists():
        return True
    with JournalReader.read_only(path) as journal:
        return journal.verify() == []


def points(folder: Path, tally: Tally, options) -> dict:
    """Killed at each named moment: the first one of its name, and later ones."""
    names: Counter[str] = Counter()
    watched, write, whole = keystore_edits._Prepared.put, keystore_edits._write, safe_files.write_whole
    watch_writes(lambda name: names.update([name]))
    Season(folder / "named", options.seed, options.ticks, on_point=lambda name: names.update([name])).play()
    keystore_edits._Prepared.put, keystore_edits._write = watched, write
    safe_files.write_whole = whole
    for place, (name, count) in enumerate(sorted(names.items())):
        where = folder / f"point-{place}"
        left = sorted({1, 1 + count // 3, 1 + 2 * count // 3})[: options.per_point]
        over = False
        for nth in [*left, None]:
            seen = Counter()

            def stop(reached, name=name, nth=nth, seen=seen):
                seen[reached] += 1
                if seen[name] == nth:
                    os.kill(os.getpid(), signal.SIGKILL)

            over = run(where, options.seed, options.ticks, stop)
            tally.figures["trials"] += nth is not None
            tally.figures["unproven"] += not verified(where)
            if over:
                break
        assert over
        tally.judge(Season(where, options.seed, options.ticks))
        shutil.rmtree(where)
    return {"points": sorted(names)}


def kills(folder: Path, tally: Tally, options) -> dict:
    """Killed at random moments, until that many processes were."""
    chance, killed, seed, lives = random.Random(options.seed), 0, options.seed, []
    while killed < options.kills:
        where, over = folder / f"season-{seed}", False
        while not over:
            after = chance.expovariate(1 / MEAN_SECONDS) if killed < options.kills else 60.0
            lives.append(after)
            over = run(where, seed, options.ticks, after=None if killed >= options.kills else after)
            killed += not over
            if killed % 20 == 0:
                tally.figures["unproven"] += not verified(where)
        tally.judge(Season(where, seed, options.ticks))
        shutil.rmtree(where)
        seed = options.seed + (seed - options.seed + 1) % 4
    tally.figures["trials"] += killed
    return {"kills": killed}


# --------------------------------------------------------------------------- disks, nodes, clocks


def disk(folder: Path, tally: Tally, options) -> dict:
    """Full at each size of the journal's files, and at writes of keystores and Safe files."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
    report = Counter({"sizes": 0, "journal_full": 0, "files_full": 0})
    tally.expected.of(options.seed)

    def limit(size: int) -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))

    size, is_full = options.disk_step, True
    while is_full:
        where = folder / f"disk-{size}"
        limit(size)
        season, is_full = None, False
        while season is None or not season.is_over:
            try:
                season = season or Season(where, options.seed, options.ticks)
                season.play(turn=lambda s=season: s.watched.turn())
            except (JournalUnwritable, OSError):
                is_full = True
                report["journal_full"] += 1
                limit(hard)
                if season is not None:
                    season.watched.actor.recover()
        limit(hard)
        report["sizes"] += 1
        tally.figures["trials"] += 1
        tally.judge(season)
        shutil.rmtree(where)
        size += options.disk_step

    write, whole = keystore_edits._write, safe_files.write_whole
    failing = iter(range(10**9))

    def full(real):
        def attempt(path, content, *more):
            if next(failing) % 3:
                return real(path, content, *more)
            report["files_full"] += 1
            limit(len(content) // 2)
            try:
                return real(path, content, *more)
            finally:
                limit(hard)

        return attempt

    keystore_edits._write, safe_files.write_whole = full(write), full(whole)
    try:
        season = Season(folder / "files", options.seed, options.ticks)
        season.play()
    finally:
        keystore_edits._write, safe_files.write_whole = write, whole
    tally.figures["trials"] += report["files_full"]
    tally.judge(season)
    return dict(report)


def faults(folder: Path, tally: Tally, options) -> dict:
    """A node that misbehaves now and then, in each of the ways."""
    met = 0
    names = list(FAULTS)[:: options.fault_step]
    for place, name in enumerate(names):
        if name == "hang" and options.fault_step > 1:
            continue  # takes its time
        seen = Counter()
        season = Season(
            folder / f"fault-{place}",
            options.seed,
            options.ticks,
            rpc_of=_Door(FAULTS[name], seen, options.seed),
        )
        season.play(turn=lambda s=season: _until_it_goes_through(s))
        met += seen["faults"]
        tally.figures["trials"] += seen["faults"]
        season.watched.rpc.close_all()
        tally.judge(season)
    return {"faults": len(names), "faulty_answers": met}


class _Door:
    """The door to a node of the season's chain that misbehaves at random."""

    def __init__(self, fault, seen, seed) -> None:
        self.fault, self.seen, self.chance = fault, seen, random.Random(seed)

    def __call__(self, chain):
        node = chain.node().__enter__()

        def decide(_):
            if self.chance.random() < 0.25:
                self.seen["faults"] += 1
                return self.fault
            return None

        node.decide(decide)
        rpc = Rpc(node.url, policy=POLICY, timeout_seconds=0.5)

        def close_all():
            rpc.close()
            node.__exit__(None, None, None)

        rpc.close_all = close_all
        return rpc


def _until_it_goes_through(season: Season) -> None:
    """Polls until one reached the head: what comes next is the same then as for one whom nobody disturbed."""
    for _ in range(200):
        try:
            season.watched.watcher.turn()
        except NodeError:
            continue
        at = season.watched.journal.checkpoint()
        if at.noticed.hash == season.chain.head.hash and at.final.number == season.chain.final:
            season.watched.act()
            return
    raise AssertionError("the watcher never got through")


def clock(folder: Path, tally: Tally, options) -> dict:
    """Set back and forth while it runs, and between two processes."""
    chance = random.Random(options.seed)
    season, jumps = None, 0
    where = folder / "clock"
    offset = [0.0]
    while season is None or not season.is_over:
        if season is not None:
            season.watched.close()
        season = Season(where, options.seed, options.ticks, clock=lambda: NOW + offset[0])
        for _ in range(3):
            if season.is_over:
                break
            offset[0] = chance.choice([-3600, 3600, 0, -86_400 * 365, 86_400 * 365, -1])
            jumps += 1
            season.play_once()
    tally.figures["trials"] += jumps
    tally.judge(season)
    return {"jumps": jumps}


def instances(folder: Path, tally: Tally, options) -> dict:
    """A second watcher at every tick; it ends at once, and nothing changes."""
    season, refused = Season(folder / "instances", options.seed, options.ticks), 0
    while not season.is_over:
        child = os.fork()
        if child == 0:
            code = 1
            try:
                Season(folder / "instances", options.seed, options.ticks)
            except LockHeld:
                code = LockHeld.exit_code
            finally:
                os._exit(code)
        refused += os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == LockHeld.exit_code
        season.play_once()
    tally.figures["trials"] += options.ticks + 1
    tally.judge(season)
    return {"second_watchers": options.ticks + 1, "refused": refused}


# --------------------------------------------------------------------------- the command


def main(words: list[str] | None = None) -> dict:
    """See above."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", nargs="*", metavar="WHAT", help=f"some of {', '.join(WHAT)}; all by default")
    parser.add_argument(
        "--kills", type=int, default=20, help="how many processes are killed at random moments"
    )
    parser.add_argument("--per-point", type=int, default=1, help="how often at each named moment")
    parser.add_argument(
        "--disk-step", type=int, default=64 << 10, help="bytes between two sizes of a full disk"
    )
    parser.add_argument("--fault-step", type=int, default=1, help="try every so many-th fault only")
    parser.add_argument("--dir", help="where its files are; in memory by default, where that is possible")
    parser.add_argument("--ticks", type=int, default=24, help="how long a season is")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args(words)
    unknown = set(options.what) - set(WHAT)
    if unknown:
        raise InputError("there is no such thing to do to a watcher", what=", ".join(sorted(unknown)))
    began = time.perf_counter()
    figures: dict = {"name": "soak_watcher", "what": {}}
    # In memory where that is possible: a process that is killed loses nothing of what it wrote, on no file system.
    memory = "/dev/shm" if options.dir is None and os.access("/dev/shm", os.W_OK) else options.dir
    with tempfile.TemporaryDirectory(prefix="soak-watcher-", dir=memory) as folder:
        expected = Expected(Path(folder), options.ticks)
        for name in options.what or WHAT:
            tally, place = Tally(expected), Path(folder) / name
            place.mkdir()
            figures["what"][name] = globals()[name](place, tally, options) | tally.told()
            print(name, json.dumps(figures["what"][name]), file=sys.stderr, flush=True)
    for figure in ("trials", "lost", "doubled", "unproven", "other_in_the_end"):
        figures[figure] = sum(each[figure] for each in figures["what"].values())
    figures["seconds"] = round(time.perf_counter() - began, 1)
    return figures


if __name__ == "__main__":
    found = main()
    print(json.dumps(found))
    sys.exit(any(found[each] for each in ("lost", "doubled", "unproven", "other_in_the_end")))
