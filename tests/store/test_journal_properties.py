"""However a chain turns while it is read, a journal ends with what is final, and people with what is true."""

from __future__ import annotations

import itertools
import os
import shutil
from pathlib import Path

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from journal_entries import NOW, block, log, new, opened, seen

from aztec_butler.core.intents import Checkpoint, IntentState
from aztec_butler.store.journal_entry import Delivery, Entry
from aztec_butler.store.journal_rows import Turn

OPERATIONS = st.lists(
    st.one_of(
        st.tuples(st.just("extend"), st.integers(1, 4), st.integers(0, 63)),
        st.tuples(st.just("turn"), st.integers(1, 5), st.integers(0, 63)),
        st.tuples(st.just("back"), st.integers(1, 5), st.just(0)),
        st.tuples(st.just("finalize"), st.integers(1, 5), st.just(0)),
        st.tuples(st.just("unseen"), st.integers(1, 3), st.integers(0, 63)),
        st.tuples(st.just("deliver"), st.integers(0, 9), st.just(0)),
        st.tuples(st.just("repeat"), st.just(0), st.just(0)),
        st.tuples(st.just("reopen"), st.just(0), st.just(0)),
    ),
    max_size=30,
)


@attrs.define
class Follower:
    """A chain of blocks, each of a fork, with events by the bits of a number; and a journal that reads it."""

    path: Path
    journal: object
    chain: list = attrs.field(factory=list)
    left: list = attrs.field(factory=list)
    """The chain that was left behind last."""
    read: int = 0
    final: int = 0
    forks: object = attrs.field(factory=itertools.count)
    last: Entry | None = None

    def logs(self, first, last):
        """The events of blocks that are on the chain now."""
        return [
            log(number, index, fork)
            for number, (fork, bits) in enumerate(self.chain, start=1)
            if first <= number <= last
            for index in range(2)
            if bits >> index & 1
        ]

    def commit(self, delivery, first, last, **changes):
        logs = self.logs(first, last)
        at = block(last, self.chain[last - 1][0]) if last else None
        self.last = Entry(
            checkpoint=Checkpoint(noticed=at),
            delivery=delivery,
            first_block=first,
            last_block=last,
            events=seen(*logs),
            intents=tuple(new(each) for each in logs),
            on_vanished=lambda row, times: [new(row.intent.cause, target=f"#vanished-{times}")],
            on_returned=lambda row, times: [new(row.intent.cause, target=f"#returned-{times}")],
            **changes,
        )
        self.journal.commit(self.last, now=NOW)

    def extend(self, count, bits):
        """New blocks, which are noticed."""
        fork = str(next(self.forks))
        self.chain += [(fork, bits >> number & 3) for number in range(count)]
        self.notice()

    def unseen(self, count, bits):
        """New blocks, which are not looked at before they are final."""
        fork = str(next(self.forks))
        self.chain += [(fork, bits >> number & 3) for number in range(count)]

    def notice(self, **changes):
        self.commit(Delivery.NOTICED, self.read + 1, len(self.chain), **changes)
        self.read = len(self.chain)

    def turn(self, depth, bits):
        """Another chain behind a block that is not final."""
        ancestor = max(self.final, len(self.chain) - depth)
        self.left, self.chain = self.chain, self.chain[:ancestor]
        fork = str(next(self.forks))
        self.chain += [(fork, bits >> number & 3) for number in range(depth)]
        self.noticed_behind(ancestor)

    def back(self, _, __):
        """The chain that was left behind last is the longer one after all."""
        if len(self.left) <= self.final or self.left[: self.final] != self.chain[: self.final]:
            return
        pairs = zip(self.chain, self.left, strict=False)
        ancestor = len(list(itertools.takewhile(lambda pair: pair[0] == pair[1], pairs)))
        self.left, self.chain = self.chain, self.left
        self.noticed_behind(ancestor)

    def noticed_behind(self, ancestor):
        if ancestor < self.read:
            self.read = ancestor
            self.notice(retracted_above=ancestor, reorg_depth=1)
        else:
            self.notice()

    def finalize(self, count, _):
        """Blocks become final, whether they were noticed or not."""
        last = min(len(self.chain), self.final + count)
        if last > self.final:
            self.commit(Delivery.FINAL, self.final + 1, last)
            self.final = last
            self.read = max(self.read, last)

    def deliver(self, which, _):
        """A notice reaches people."""
        due = self.journal.intents(due_at=NOW)
        if due:
            row = due[which % len(due)]
            self.journal.end(row.id, self.journal.begin(row.id, now=NOW), IntentState.DONE, "told", now=NOW)

    def repeat(self, _, __):
        """The last entry once more, as after a crash that lost the answer."""
        if self.last is not None:
            self.journal.commit(self.last, now=NOW)

    def reopen(self, _, __):
        self.journal.close()
        self.journal = opened(self.path)


@pytest.fixture
def folder(tmp_path):
    shared = Path("/dev/shm")
    if not os.access(shared, os.W_OK):
        yield tmp_path
        return
    made = shared / f"aztec-butler-properties-{os.getpid()}"
    made.mkdir()
    yield made
    shutil.rmtree(made)


numbers = itertools.count()


def test_any_interleaving__ends_at_the_final_chain_and_people_know_it(folder):
    @given(OPERATIONS)
    @settings(max_examples=120, deadline=None)
    def run(operations):
        path = folder / f"journal{next(numbers)}.sqlite3"
        follower = Follower(path, opened(path))
        for name, *arguments in operations:
            # A retraction told once more would take back what was noticed since.
            if (
                name == "repeat"
                and follower.last is not None
                and follower.last.last_block != len(follower.chain)
            ):
                continue
            getattr(follower, name)(*arguments)
        follower.finalize(len(follower.chain), 0)
        while follower.journal.intents(due_at=NOW):
            follower.deliver(0, 0)
        check(follower)
        follower.journal.close()
        path.unlink()

    def check(follower):
        journal = follower.journal
        assert journal.verify() == []
        true = {(each.block_hash, each.log_index) for each in follower.logs(1, len(follower.chain))}
        kept = [("0x" + row[1].hex(), row[4]) for state, row in journal.events() if state != "retracted"]
        assert sorted(kept) == sorted(true)
        assert "noticed" not in {state for state, _ in journal.events()}
        rows = journal.intents()
        told = {}
        for row in rows:
            place = row.intent.cause.block_hash, row.intent.cause.log_index
            if row.state is IntentState.DONE:
                # What people were told last of an event is what they take for true.
                told[place] = row.turn is not Turn.VANISHED
            else:
                assert row.state is IntentState.RETRACTED
        assert {place for place, is_true in told.items() if is_true} == true
        assert len({row.id for row in rows}) == len(rows)

    run()
