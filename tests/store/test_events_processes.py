"""Several processes use one event store, and some of them are killed; the long form is ``tests/soak/soak_store.py``."""

from __future__ import annotations

import itertools
import os
import pickle
from contextlib import suppress
from pathlib import Path

import pytest
from soak import made_logs
from soak.soak_store import compare, extract, forkserver, held, opened, soak

from aztec_butler.store import events_compaction, events_manifest
from aztec_butler.store.events import EventStore
from aztec_butler.store.events_folder import LocalFolder


@pytest.fixture(autouse=True)
def _no_waiting_for_disks(monkeypatch):
    monkeypatch.setattr(os, "fsync", lambda _: None)


@pytest.mark.parametrize("workers", [1, 2])
def test_extraction__killed_again_and_again__ends_as_if_undisturbed(tmp_path, workers):
    report = soak(tmp_path, kills=3, workers=workers, seed=workers, last_block=100)
    assert report["kills"] == 3


def _read_on(root, last_block, done, looks):
    """What a reader sees while others write and tidy up: ranges that only grow, and the source's rows in them."""
    while True:
        held(root, last_block)
        looks.value += 1
        if done.is_set():
            break


def test_processes__two_fetch_the_same_while_one_reads__every_row_is_right_and_there_once(tmp_path):
    last_block = 160
    context = forkserver()
    done, looks = context.Event(), context.Value("i", 0)
    reader = context.Process(target=_read_on, args=(tmp_path, last_block, done, looks))
    writers = [context.Process(target=extract, args=(tmp_path, seed, last_block)) for seed in (1, 2)]
    for process in (reader, *writers):
        process.start()
    for process in writers:
        process.join(120)
    done.set()
    reader.join(60)
    assert [process.exitcode for process in (reader, *writers)] == [0, 0, 0]
    assert looks.value > 0
    assert held(tmp_path, last_block) == []
    assert {problem.kind for problem in opened(tmp_path).verify()} == set()


def test_compaction__stopped_anywhere__changes_no_row_and_is_done_next_time(tmp_path, monkeypatch):
    """A crash at every write and every removal of it."""

    class Crash(BaseException):
        pass

    def crashing(original, steps):
        def counted(self, *arguments):
            if next(steps, None) is None:
                raise Crash
            return original(self, *arguments)

        return counted

    finished = False
    for stop in range(100):
        root = tmp_path / str(stop)
        store = opened(root)
        for first in range(0, 30, 10):
            _put(store, first, first + 9)
        with monkeypatch.context() as patch:
            steps = iter(range(stop))
            for name in ("write", "remove"):
                patch.setattr(LocalFolder, name, crashing(getattr(LocalFolder, name), steps))
            try:
                store.compact()
                finished = True
            except Crash:
                pass
        store = opened(root)
        compare(store, 0, 29)
        assert {problem.kind for problem in store.verify(leftover_after_seconds=0)} <= {"leftover"}
        store.compact()
        compare(store, 0, 29)
        store.repair(leftover_after_seconds=0)
        assert store.verify(leftover_after_seconds=0) == []
        assert len(list(root.rglob("*.parquet"))) == 4
        assert len(list(root.rglob("*.json"))) == 1
        if finished:
            break
    assert stop > 15


def test_compaction__another_commits_meanwhile__keeps_both(tmp_path, monkeypatch):
    store = opened(tmp_path)
    _put(store, 0, 9)
    _put(store, 10, 19)
    original = events_compaction._compacted

    def slow(*arguments):
        _put(opened(tmp_path), 15, 29)
        return original(*arguments)

    monkeypatch.setattr(events_compaction, "_compacted", slow)
    store.compact()
    monkeypatch.undo()
    compare(opened(tmp_path), 0, 29)
    compare(store, 0, 29)


def test_compaction__another_process_is_at_it__commits_do_not_wait(tmp_path):
    store = opened(tmp_path)
    _put(store, 400, 409)
    (dataset,) = (tmp_path / "events").iterdir()
    with LocalFolder(dataset).alone(wait=False) as alone:
        assert alone
        for first in range(0, 400, 10):
            _put(store, first, first + 9)
    assert len(list(tmp_path.rglob("*.json"))) == 41
    _put(store, 410, 419)
    assert len(list(tmp_path.rglob("*.json"))) == 1
    compare(store, 0, 419)


def test_compaction__files_vanish_under_a_reader__it_reads_the_new_ones(tmp_path, monkeypatch):
    store, other = opened(tmp_path), opened(tmp_path)
    for first in range(0, 50, 10):
        _put(store, first, first + 9)
    load, loads = store._dataset.commits.load, 0

    def listed_before(*arguments):
        nonlocal loads
        loads += 1
        found = load(*arguments)
        if loads == 1:
            other.compact()
        return found

    monkeypatch.setattr(store._dataset.commits, "load", listed_before)
    compare(store, 0, 49)
    assert loads > 1


class _Crash(BaseException):
    """SIGKILL, as seen from inside."""


def _at_every_step(monkeypatch, action):
    """Before every write and every removal in a folder, do something else first."""
    for name in ("write", "remove"):
        original = getattr(LocalFolder, name)

        def stepping(self, *arguments, _original=original):
            action()
            return _original(self, *arguments)

        monkeypatch.setattr(LocalFolder, name, stepping)


@pytest.mark.filterwarnings("error")
def test_compaction__others_look_before_every_step_of_it__see_every_row_and_no_damage(tmp_path, monkeypatch):
    """Those who know the commits from before, and those who come new; what they know is as old as it can be."""
    store = opened(tmp_path)
    for first in range(0, 30, 10):
        _put(store, first, first + 9)
    eyes = []

    def look():
        eyes.append(opened(tmp_path))
        for each in eyes:
            assert each.missing(made_logs.CONTRACTS, made_logs.EVENTS, 0, 29) == []
        compare(eyes[0], 0, 29)
        compare(eyes[-1], 0, 29)

    with monkeypatch.context() as patch:
        _at_every_step(patch, look)
        store.compact()
    look()
    assert len(eyes) > 15


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("step_ns", [1, -1], ids=["clock", "clock that runs backwards"])
def test_compaction__killed_twice_while_another_knows_the_commits_from_before__nothing_is_set_aside(
    tmp_path, monkeypatch, step_ns
):
    """A compaction is killed at one step, the next one at another; others go on, and what they know is old."""
    clock = itertools.count(10**18, step_ns)
    monkeypatch.setattr(events_manifest.time, "time_ns", lambda: next(clock))
    for stop in (8, 14, 19):
        for again in range(1, 26, 3):
            root = tmp_path / f"{stop}-{again}"
            store, witness = opened(root), opened(root)
            for first in range(0, 30, 10):
                _put(store, first, first + 9)
            assert witness.missing(made_logs.CONTRACTS, made_logs.EVENTS, 0, 29) == []
            for steps in (stop, again):
                left = iter(range(steps))

                def die(left=left):
                    if next(left, None) is None:
                        raise _Crash

                with monkeypatch.context() as patch:
                    _at_every_step(patch, die)
                    with suppress(_Crash):
                        opened(root).compact()
                assert witness.missing(made_logs.CONTRACTS, made_logs.EVENTS, 0, 29) == []
            compare(witness, 0, 29)
            assert {problem.kind for problem in witness.verify(leftover_after_seconds=0)} <= {"leftover"}


def test_compaction__after_others_that_were_killed__removes_commits_before_those_that_replaced_them(
    tmp_path, monkeypatch
):
    """Else a listing taken meanwhile might show one without what replaced it; clocks of machines do not help."""
    clock = itertools.count(10**18, -1)
    monkeypatch.setattr(events_manifest.time, "time_ns", lambda: next(clock))
    store = opened(tmp_path)
    for first in range(0, 30, 10):
        _put(store, first, first + 9)
    remove, removed = LocalFolder.remove, []
    monkeypatch.setattr(LocalFolder, "remove", lambda *_: None)  # two of them publish, and get no further
    store.compact()
    store.compact()
    commits = store._dataset.commits.load().commits
    monkeypatch.setattr(
        LocalFolder, "remove", lambda folder, path: (removed.append(Path(path).name), remove(folder, path))
    )
    store.compact()
    order = [name for name in removed if name in commits]
    assert {*order} == {*commits}
    assert len(commits) == 5
    for place, name in enumerate(order):
        assert {*commits[name].content.replaces}.isdisjoint(order[place:])


@pytest.mark.filterwarnings("error")
def test_listing__shows_twice_what_was_before_a_compaction__sets_nothing_aside(tmp_path, monkeypatch):
    """A folder elsewhere is listed page by page: removed commits may still be in it, and the new one not yet."""
    store, other = opened(tmp_path), opened(tmp_path)
    for first in range(0, 50, 10):
        _put(store, first, first + 9)
    assert store.missing(made_logs.CONTRACTS, made_logs.EVENTS, 0, 49) == []
    names = LocalFolder.names
    before = names(store._dataset.folder, "commits")
    other.compact()
    looks = iter([before, before])
    monkeypatch.setattr(LocalFolder, "names", lambda *asked: next(looks, None) or names(*asked))
    assert store.missing(made_logs.CONTRACTS, made_logs.EVENTS, 0, 49) == []
    looks = iter([before, before])
    compare(store, 0, 49)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("order", [(0, 1), (1, 0)], ids=["the keeper first", "the keeper last"])
def test_compaction__two_machines_at_once__nothing_is_set_aside_or_fetched_again(
    tmp_path, monkeypatch, order
):
    """No lock holds between machines: one keeps a full file that the other one, who knew more, replaces."""
    monkeypatch.setattr(events_compaction, "FULL_ROWS", 60)
    witness, steps = opened(tmp_path), []
    for first, last in [(0, 299), (300, 309), (310, 319)]:
        _put(witness, first, last)
    for _ in range(2):
        dataset = opened(tmp_path)._dataset
        parts = dataset.folder, dataset.commits, dataset.commits.load()
        steps.append((*parts, events_compaction._compacted(*parts)))
        _put(witness, 0, 305)  # the second one knows this, too
    kept, replaced = [{file.path for file in prepared.files} for *_, prepared in steps]
    assert (kept - replaced) & steps[0][2].live_paths
    for place in order:
        events_compaction._put_in_place(*steps[place])
        for each in (witness, opened(tmp_path)):
            assert each.missing(made_logs.CONTRACTS, made_logs.EVENTS, 0, 319) == []
            compare(each, 0, 319)
    if order == (0, 1):  # what was published is left alone
        assert witness._dataset.folder.sizes(sorted(kept)).keys() == kept
    witness.compact()
    compare(witness, 0, 319)
    assert opened(tmp_path).verify() == []


def test_store__pickled_into_a_worker__is_the_same(tmp_path):
    store = pickle.loads(pickle.dumps(EventStore(tmp_path, chain_id=1, genesis_hash=made_logs.GENESIS_HASH)))
    assert (store.chain_id, store.genesis_hash) == (1, made_logs.GENESIS_HASH)
    assert repr(store) == f"<EventStore {tmp_path}/events/1-5e5e5e5e>"


def test_listing__taken_while_commits_were_replaced__is_taken_again(tmp_path, monkeypatch):
    """A folder that is read while files come and go may show neither the old ones nor the new one."""
    store = opened(tmp_path)
    _put(store, 0, 49)
    names = LocalFolder.names
    looks = iter([True])
    monkeypatch.setattr(LocalFolder, "names", lambda *asked: [] if next(looks, False) else names(*asked))
    assert store.missing(made_logs.CONTRACTS, made_logs.EVENTS, 0, 49) == []
    looks = iter([True])
    compare(store, 0, 49)


def _put(store, first, last):
    store.commit(
        made_logs.tables(first, last),
        contracts=made_logs.CONTRACTS,
        events=made_logs.EVENTS,
        first_block=first,
        last_block=last,
        last_block_hash=made_logs.block_hash(last),
    )
