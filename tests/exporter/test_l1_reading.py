"""One reading for all: who reads, who waits, what is shared, and that nothing old is handed out."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import pytest

from aztec_butler.core.errors import NodeUnreachable, RevertError
from aztec_butler.exporter.l1_reading import L1Reading


class FakeSource:
    """A network whose snapshots are counted, and may be held up or fail."""

    name = "mainnet"
    rpc = None

    def __init__(self):
        self.snapshots = 0
        self.requests = []
        self.error = None
        self.gate = threading.Event()
        self.gate.set()
        self.entered = threading.Semaphore(0)
        self.multicall = self

    def snapshot(self):
        self.snapshots += 1
        number = self.snapshots
        self.entered.release()
        assert self.gate.wait(20)
        if self.error is not None:
            raise self.error
        return SimpleNamespace(
            number=number, block=f"block {number}", state=SimpleNamespace(by_attester={}), rollups=()
        )

    def try_read(self, reads, block):
        self.requests.append((tuple(reads), block))
        return [read if isinstance(read, Exception) else f"{read} at {block}" for read in reads]


class Clock:
    now = 1000.0

    def __call__(self):
        return self.now


@pytest.fixture
def source():
    return FakeSource()


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def reading(source, clock):
    return L1Reading(source, max_age_seconds=10, monotonic=clock)


@pytest.fixture
def pool():
    with ThreadPoolExecutor(16) as threads:
        yield threads


def together(pool, reading, source, plans):
    """Look with all plans at once: the first leads, the others have joined before its snapshot is there."""
    source.gate.clear()
    looks = [pool.submit(reading.look, plan) for plan in plans]
    assert source.entered.acquire(timeout=20)
    while len(reading._attempt.wishes) < len(plans):
        pass
    source.gate.set()
    return looks


def test_look__many_at_once__one_snapshot_and_one_request(pool, reading, source):
    plans = [lambda _, n=n: [f"{n}a", f"{n}b"][:n] for n in range(3)]
    looks = [look.result(20) for look in together(pool, reading, source, plans)]
    assert source.snapshots == 1
    assert len({id(look.snapshot) for look in looks}) == 1
    assert [list(look.values) for look in looks] == [
        [],
        ["1a at block 1"],
        ["2a at block 1", "2b at block 1"],
    ]
    [(reads, _)] = source.requests
    assert sorted(reads) == ["1a", "2a", "2b"]


def test_look__later_within_the_age__takes_the_snapshot_and_reads_its_own_plan(reading, source, clock):
    first = reading.look()
    clock.now += 10
    second = reading.look(lambda _: ["late"])
    assert second.snapshot is first.snapshot
    assert list(second.values) == ["late at block 1"]


def test_look__beyond_the_age__reads_anew(reading, source, clock):
    first = reading.look()
    clock.now += 10.001
    assert reading.look().snapshot is not first.snapshot
    assert source.snapshots == 2


def test_look__age__counts_from_the_beginning_of_the_reading(pool, reading, source, clock):
    [look] = together(pool, reading, source, [lambda _: []])
    look.result(20)
    source.gate.clear()
    clock.now += 11
    slow = pool.submit(reading.look)
    assert source.entered.acquire(timeout=20)
    clock.now += 11  # it takes longer than it may be old
    waiting = pool.submit(reading.look)
    while len(reading._attempt.wishes) < 2:
        pass
    source.gate.set()
    assert waiting.result(20).snapshot is slow.result(20).snapshot
    assert reading.look().snapshot.number == 3


def test_look__a_failed_reading__fails_all_who_waited_and_nobody_else(pool, reading, source):
    reading.look()
    assert source.entered.acquire(timeout=20)
    reading.max_age_seconds = -1
    source.error = NodeUnreachable("nobody answers")
    looks = together(pool, reading, source, [lambda _: ["never"]] * 5)
    for look in looks:
        with pytest.raises(NodeUnreachable):
            look.result(20)
    assert source.snapshots == 2
    assert source.requests == []
    source.error = None
    assert reading.look().snapshot.number == 3


def test_look__a_failed_reading__never_hands_out_the_old_one(reading, source, clock):
    reading.look()
    clock.now += 11
    source.error = NodeUnreachable("nobody answers")
    for _ in range(2):
        with pytest.raises(NodeUnreachable):
            reading.look()
    clock.now -= 11  # even if its age would allow it
    with pytest.raises(NodeUnreachable):
        reading.look()


def test_look__one_plan_that_cannot_be_made__is_that_ones_error(pool, reading, source):
    def broken(_):
        raise RevertError("no such contract")

    good, bad = together(pool, reading, source, [lambda _: ["a"], broken])
    assert list(good.result(20).values) == ["a at block 1"]
    with pytest.raises(RevertError):
        bad.result(20)


def test_look__one_read_that_reverts__is_that_ones_error(pool, reading, source):
    revert = RevertError("not there")
    good, bad = (
        look.result(20)
        for look in together(pool, reading, source, [lambda _: ["a"], lambda _: ["b", revert]])
    )
    assert list(good.values) == ["a at block 1"]
    assert list(bad.tried) == ["b at block 1", revert]
    with pytest.raises(RevertError):
        _ = bad.values


def test_look__shared_reads_that_fail__fail_all_but_keep_the_snapshot(pool, reading, source, monkeypatch):
    def refuse(reads, block):
        raise NodeUnreachable("gone in between")

    with monkeypatch.context() as patch:
        patch.setattr(source, "try_read", refuse)
        for look in together(pool, reading, source, [lambda _: ["a"], lambda _: ["b"]]):
            with pytest.raises(NodeUnreachable):
                look.result(20)
    assert list(reading.look(lambda _: ["c"]).values) == ["c at block 1"]
    assert source.snapshots == 1
