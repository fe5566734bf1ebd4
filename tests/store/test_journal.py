"""What a journal keeps of the chain, of intents and of attempts, without crashes."""

from __future__ import annotations

import sqlite3

import attrs
import pytest
from journal_entries import (
    CHAIN_ID,
    NOW,
    REGISTRY,
    began,
    block,
    cause_of,
    condition,
    final,
    intent,
    log,
    new,
    nothing_new,
    noticed,
    opened,
    word,
)

from aztec_butler.core.errors import InputError, NotFoundError
from aztec_butler.core.intents import ActionKind, Checkpoint, IntentState, Mode
from aztec_butler.store.journal import Journal
from aztec_butler.store.journal_entry import Delivery, Entry, NewIntent, SeenEvents
from aztec_butler.store.journal_reading import JournalReader
from aztec_butler.store.journal_rows import EventState, Turn


@pytest.fixture
def journal(tmp_path):
    """An empty one. Whatever a test does to it, it can be proven afterwards."""
    with opened(tmp_path / "state" / "journal.sqlite3") as made:
        yield made
        assert made.verify() == []


def states(journal):
    """The state of every event, by block and log index."""
    return [(row[0], row[4], state.value) for state, row in journal.events()]


def state_of(journal, asked):
    return journal.intent(asked.id).state


# --------------------------------------------------------------------------- checkpoint and events


def test_open__nothing_there__an_empty_journal(journal):
    assert journal.checkpoint() == Checkpoint()
    assert (journal.intents(), list(journal.events()), journal.open_conditions()) == ([], [], [])
    assert [line.kind for line in journal.history()] == ["created"]


def test_commit__what_was_written__is_there_after_reopening(tmp_path):
    path = tmp_path / "journal.sqlite3"
    entry = noticed(log(7), log(8), upto=9, intents=[new(log(7), not_before=5, expires_at=NOW + 9)])
    entry = attrs.evolve(entry, checkpoint=attrs.evolve(entry.checkpoint, watched=("0xAb",)))
    with opened(path) as journal:
        committed = journal.commit(entry, now=NOW)
    with opened(path) as journal:
        assert journal.checkpoint() == entry.checkpoint
        (row,) = journal.intents()
        assert row.intent == entry.intents[0].intent
        assert row.intent.parameters == {"amount_wei": str(2**80)}
        assert (committed.new, committed.events) == ((row.id,), 2)
        assert states(journal) == [(7, 0, "noticed"), (8, 0, "noticed")]
        _, columns = next(journal.events(first_block=8))
        assert columns == tuple(getattr(entry.events, field.name)[1] for field in attrs.fields(SeenEvents))


def test_commit__the_same_entry_again__changes_nothing(journal):
    for entry in (
        noticed(log(7), upto=8, intents=[new(log(7))]),
        final(log(3), log(4), upto=4, intents=[new(log(3))]),
    ):
        journal.commit(entry, now=NOW)
        before = list(journal.history()), states(journal), journal.intents()
        again = journal.commit(entry, now=NOW + 1)
        assert (again.seq, again.events, again.new) == (None, 0, ())
        assert (list(journal.history()), states(journal), journal.intents()) == before


def test_commit__nothing_happened__no_line_in_the_audit(journal):
    lines = list(journal.history())
    for number in range(1, 5):
        assert journal.commit(nothing_new(number), now=NOW).seq is None
    assert list(journal.history()) == lines
    assert journal.checkpoint().noticed == block(4)


def test_commit__an_event_twice_in_one_entry__is_kept_once(journal):
    journal.commit(noticed(log(7), log(7), upto=7), now=NOW)
    assert states(journal) == [(7, 0, "noticed")]


def test_commit__noticed_then_final__is_confirmed_without_a_second_event(journal):
    journal.commit(noticed(log(7), log(8), upto=8, intents=[new(log(7))]), now=NOW)
    done = journal.commit(final(log(7), upto=7, intents=[new(log(7))]), now=NOW)
    assert (done.events, done.confirmed, done.vanished, done.new) == (0, 1, (), ())
    assert states(journal) == [(7, 0, "final"), (8, 0, "noticed")]


def test_commit__final_without_what_was_noticed__that_vanishes(journal):
    asked = new(log(7))
    journal.commit(noticed(log(7), log(9), upto=9, intents=[asked]), now=NOW)
    done = journal.commit(final(log(7, fork="b"), upto=8), now=NOW)
    assert [(key.block_hash, key.log_index) for key in done.vanished] == [(log(7).block_hash, 0)]
    assert (done.events, done.retracted) == (1, (asked.intent.id,))
    assert states(journal) == [(7, 0, "retracted"), (9, 0, "noticed"), (7, 0, "final")]


def test_commit__final_of_one_contract_only__says_nothing_of_others(journal):
    journal.commit(noticed(log(7), log(7, 1, address=REGISTRY), upto=7), now=NOW)
    journal.commit(final(upto=8, contracts=(REGISTRY,)), now=NOW)
    assert states(journal) == [(7, 0, "noticed"), (7, 1, "retracted")]


def test_commit__blocks_read_again_for_a_new_contract__only_its_events_are_new(journal):
    journal.commit(final(log(3), log(5), upto=9), now=NOW)
    again = final(log(3), log(4, address=REGISTRY), log(5), upto=9, contracts=(REGISTRY,))
    assert journal.commit(again, now=NOW).events == 1
    assert sorted(states(journal)) == [(3, 0, "final"), (4, 0, "final"), (5, 0, "final")]


def test_commit__a_final_event_noticed_late__stays_one(journal):
    journal.commit(final(log(3), upto=4), now=NOW)
    assert journal.commit(noticed(log(3), upto=5), now=NOW).events == 0


def test_commit__events_outside_their_blocks__refused_and_nothing_kept(journal):
    with pytest.raises(InputError, match="outside"):
        journal.commit(final(log(9), upto=8), now=NOW)
    with pytest.raises(InputError, match="blocks"):
        journal.commit(attrs.evolve(noticed(log(9), upto=9), first_block=None), now=NOW)
    assert (journal.checkpoint(), states(journal)) == (Checkpoint(), [])


def test_commit__something_is_wrong_with_the_last_intent__nothing_of_the_entry_is_kept(journal):
    stranger = NewIntent(intent=intent(log(7), target="b", chain_id=1), mode=Mode.AUTO)
    with pytest.raises(InputError, match="another chain"):
        journal.commit(noticed(log(7), upto=7, intents=[new(log(7)), stranger]), now=NOW)
    assert (journal.checkpoint(), states(journal), journal.intents()) == (Checkpoint(), [], [])
    assert len(list(journal.history())) == 1


def test_commit__hundreds_of_intents__each_once_in_their_order_with_a_line_each(journal):
    def wanted(numbers):
        return [new(log(7), target=f"attester:{number}") for number in numbers]

    known = wanted(range(0, 1_200, 400))
    journal.commit(noticed(log(7), upto=7, intents=known), now=NOW)
    several = wanted(range(1_200))
    told = journal.commit(noticed(log(7), upto=8, intents=[*several, *wanted([5, 1_150])]), now=NOW)
    fresh = [each.intent.id for each in several if each not in known]
    assert list(told.new) == fresh
    assert [row.id for row in journal.intents()] == [each.intent.id for each in known] + fresh
    lines = [line.intent for line in journal.history() if line.kind == "intent"]
    assert lines == [row.id for row in journal.intents()]


def test_window__only_its_ends_are_written(journal):
    journal.commit(noticed(upto=10), now=NOW)
    changes = []
    journal._connection.set_trace_callback(changes.append)
    journal.commit(noticed(upto=11), now=NOW)
    journal._connection.set_trace_callback(None)
    touched = [text for text in changes if "window" in text and not text.startswith("SELECT")]
    assert touched == [
        "DELETE FROM window WHERE number = 8",
        f"INSERT INTO window VALUES (11, '{block(11).hash}', '{block(11).parent_hash}', {block(11).timestamp})",
    ]
    assert [each.number for each in journal.checkpoint().window] == [9, 10, 11]


def test_seen_events__columns_of_different_lengths__refused():
    with pytest.raises(InputError, match="different lengths"):
        SeenEvents(block_numbers=[1, 2], block_hashes=[bytes(32)])


# --------------------------------------------------------------------------- causes that vanish and return


@attrs.define
class Told:
    """What was asked for when causes turned."""

    turns: list = attrs.field(factory=list)

    def vanished(self, row, times):
        self.turns.append(("vanished", row.id, times))
        yield new(row.intent.cause, target=f"{row.intent.target}#vanished-{times}")

    def returned(self, row, times):
        self.turns.append(("returned", row.id, times))
        yield new(row.intent.cause, target=f"{row.intent.target}#returned-{times}")

    def gone(self, above=6, fork="b"):
        """The chain turns behind a block."""
        entry = noticed(upto=above, fork=fork, retracted_above=above, reorg_depth=2)
        return attrs.evolve(entry, on_vanished=self.vanished, on_returned=self.returned)

    def here(self, *intents):
        """The event of block 7 is on the chain."""
        entry = noticed(log(7), upto=7, intents=intents)
        return attrs.evolve(entry, on_vanished=self.vanished, on_returned=self.returned)


def deliver(journal, intent_id):
    number = journal.begin(intent_id, now=NOW)
    journal.end(intent_id, number, IntentState.DONE, "told", now=NOW)


def test_cause_vanishes__nothing_was_done__the_intent_is_retracted_and_comes_back_with_it(journal):
    told, asked = Told(), new(log(7), mode=Mode.APPROVE)
    journal.commit(told.here(asked), now=NOW)
    gone = journal.commit(told.gone(), now=NOW)
    assert (gone.retracted, gone.follow_ups) == ((asked.intent.id,), ())
    assert state_of(journal, asked.intent) is IntentState.RETRACTED
    back = journal.commit(told.here(asked), now=NOW)
    assert (back.revived, back.new) == ((asked.intent.id,), ())
    assert state_of(journal, asked.intent) is IntentState.WAITING
    assert told.turns == []
    assert states(journal) == [(7, 0, "retracted"), (7, 0, "noticed")]


def test_cause_vanishes__it_was_told__people_are_told_and_told_again_when_it_returns(journal):
    told, asked = Told(), new(log(7))
    journal.commit(told.here(asked), now=NOW)
    deliver(journal, asked.intent.id)
    (first,) = journal.commit(told.gone(), now=NOW).follow_ups
    assert journal.intent(first).turn is Turn.VANISHED
    assert journal.intent(first).answers == asked.intent.id
    deliver(journal, first)
    (second,) = journal.commit(told.here(asked), now=NOW).follow_ups
    deliver(journal, second)
    (third,) = journal.commit(told.gone(), now=NOW).follow_ups
    assert told.turns == [
        ("vanished", asked.intent.id, 1),
        ("returned", asked.intent.id, 1),
        ("vanished", asked.intent.id, 2),
    ]
    assert len({first, second, third}) == 3
    assert state_of(journal, asked.intent) is IntentState.DONE


def test_cause_returns__nobody_was_told_that_it_vanished__nobody_is_told_anything(journal):
    told, asked = Told(), new(log(7))
    journal.commit(told.here(asked), now=NOW)
    deliver(journal, asked.intent.id)
    (first,) = journal.commit(told.gone(), now=NOW).follow_ups
    back = journal.commit(told.here(asked), now=NOW)
    assert (back.retracted, back.follow_ups) == ((first,), ())
    (second,) = journal.commit(told.gone(), now=NOW).follow_ups
    assert [turn[0] for turn in told.turns] == ["vanished", "vanished"]
    assert second != first


def test_cause_vanishes_again__nobody_was_told_that_it_had_returned__nobody_is_told_anything(journal):
    told, asked = Told(), new(log(7))
    journal.commit(told.here(asked), now=NOW)
    deliver(journal, asked.intent.id)
    deliver(journal, *journal.commit(told.gone(), now=NOW).follow_ups)
    (returned,) = journal.commit(told.here(asked), now=NOW).follow_ups
    gone = journal.commit(told.gone(), now=NOW)
    assert (gone.retracted, gone.follow_ups) == ((returned,), ())
    assert [turn[0] for turn in told.turns] == ["vanished", "returned"]


def test_cause_vanishes__an_attempt_failed_before__it_may_have_been_told(journal):
    told, asked = Told(), new(log(7))
    journal.commit(told.here(asked), now=NOW)
    number = journal.begin(asked.intent.id, now=NOW)
    journal.end(asked.intent.id, number, IntentState.READY, "timed out", now=NOW)
    gone = journal.commit(told.gone(), now=NOW)
    assert (gone.retracted, len(gone.follow_ups)) == ((asked.intent.id,), 1)


def test_cause_vanishes__the_attempt_runs__it_goes_on_and_people_are_told(journal):
    told, asked = Told(), new(log(7))
    journal.commit(told.here(asked), now=NOW)
    number = journal.begin(asked.intent.id, now=NOW)
    assert len(journal.commit(told.gone(), now=NOW).follow_ups) == 1
    journal.end(asked.intent.id, number, IntentState.DONE, "told", now=NOW)


@pytest.mark.parametrize("outcome", [IntentState.DRY, IntentState.DEAD])
def test_cause_vanishes__it_never_reached_anybody__nobody_is_told(journal, outcome):
    told, asked = Told(), new(log(7))
    journal.commit(told.here(asked), now=NOW)
    number = journal.begin(asked.intent.id, now=NOW)
    journal.end(asked.intent.id, number, outcome, "so", now=NOW)
    gone = journal.commit(told.gone(), now=NOW)
    assert (gone.retracted, gone.follow_ups) == ((), ())


def test_retraction_and_return_in_one_entry__as_if_nothing_had_been(journal):
    told, asked = Told(), new(log(7))
    journal.commit(told.here(asked), now=NOW)
    deliver(journal, asked.intent.id)
    done = journal.commit(attrs.evolve(told.here(asked), retracted_above=6, reorg_depth=1), now=NOW)
    assert (len(done.vanished), done.events, done.follow_ups, told.turns) == (1, 1, (), [])


def test_same_transaction_in_another_block__is_another_cause(journal):
    told, asked = Told(), new(log(7))
    journal.commit(told.here(asked), now=NOW)
    moved = log(7, fork="b")
    entry = noticed(moved, upto=7, fork="b", retracted_above=6, reorg_depth=1, intents=[new(moved)])
    done = journal.commit(entry, now=NOW)
    assert (done.retracted, len(done.new)) == ((asked.intent.id,), 1)
    assert state_of(journal, asked.intent) is IntentState.RETRACTED


def test_reorg_without_events__is_in_the_audit(journal):
    journal.commit(Told().gone(), now=NOW)
    assert '"reorg_depth":2' in list(journal.history())[-1].body


# --------------------------------------------------------------------------- conditions


def test_condition__holds_on__one_intent_for_each_time_it_begins(journal):
    first = journal.commit(nothing_new(1, began=(began(1),)), now=NOW)
    again = journal.commit(nothing_new(2, began=(began(2),)), now=NOW)
    assert (len(first.new), again.new, again.seq) == (1, (), None)
    (holds,) = journal.open_conditions()
    assert (holds.key, holds.cause.block_number, holds.intent_id) == (condition().key, 1, first.new[0])
    ended = journal.commit(nothing_new(3, ended=(condition().key,)), now=NOW)
    assert ended.retracted == first.new
    assert journal.open_conditions() == []
    assert journal.commit(nothing_new(4, ended=(condition().key,)), now=NOW).seq is None
    second = journal.commit(nothing_new(5, began=(began(5),)), now=NOW)
    assert len(second.new) == 1
    assert second.new != first.new


def test_condition__ends_while_its_action_is_under_way__that_goes_on(journal):
    (asked,) = journal.commit(nothing_new(1, began=(began(1, mode=Mode.AUTO),)), now=NOW).new
    number = journal.begin(asked, now=NOW)
    journal.end(asked, number, IntentState.FOLLOWING, "proposed", now=NOW)
    assert journal.commit(nothing_new(2, ended=(condition().key,)), now=NOW).retracted == ()
    assert journal.intent(asked).state is IntentState.FOLLOWING


def test_condition__of_another_target__is_another_condition(journal):
    journal.commit(nothing_new(1, began=(began(1), began(1, target="provider:5"))), now=NOW)
    journal.commit(nothing_new(2, ended=(condition().key,)), now=NOW)
    assert [each.key[2] for each in journal.open_conditions()] == ["provider:5"]


# --------------------------------------------------------------------------- intents and attempts


@pytest.fixture
def ready(journal):
    """The id of an intent that is ready."""
    return journal.commit(noticed(log(7), upto=7, intents=[new(log(7))]), now=NOW).new[0]


@pytest.fixture
def waiting(journal):
    """The id of one that waits, until a minute from now."""
    asked = new(log(6), mode=Mode.APPROVE, expires_at=NOW + 60)
    return journal.commit(noticed(log(6), upto=6, intents=[asked]), now=NOW).new[0]


def test_attempt__its_whole_story(journal, ready):
    assert journal.begin(ready, now=NOW + 1) == 1
    journal.step(ready, 1, "writing", {"file": "key1.json"}, now=NOW + 2)
    journal.step(ready, 1, "written", now=NOW + 3)
    assert journal.attempts(ready)[0].outcome is None
    journal.end(ready, 1, IntentState.READY, "the node did not answer", next_at=NOW + 60, now=NOW + 4)
    assert journal.begin(ready, now=NOW + 60) == 2
    journal.end(ready, 2, IntentState.DONE, "read back", now=NOW + 61)
    first, second = journal.attempts(ready)
    assert [(step.name, step.facts) for step in first.steps] == [
        ("writing", {"file": "key1.json"}),
        ("written", {}),
    ]
    assert (first.began_at, first.ended_at, first.outcome) == (NOW + 1, NOW + 4, IntentState.READY)
    assert (second.number, second.detail, second.steps) == (2, "read back", ())
    row = journal.intent(ready)
    assert (row.state, row.reason, row.attempts, row.failures) == (IntentState.DONE, "read back", 2, 0)


def test_end__tried_again__failures_count_until_it_goes_well(journal, ready):
    for failures in (1, 2):
        journal.end(ready, journal.begin(ready, now=NOW), IntentState.READY, "no", next_at=NOW + 9, now=NOW)
        assert (journal.intent(ready).failures, journal.intent(ready).next_at) == (failures, NOW + 9)
    journal.end(ready, journal.begin(ready, now=NOW), IntentState.FOLLOWING, "proposed", now=NOW)
    assert (journal.intent(ready).failures, journal.intent(ready).next_at) == (0, None)


def test_intents__due__only_ready_and_followed_ones_whose_time_has_come(journal):
    later = new(log(7), target="later", not_before=NOW + 50)
    others = [new(log(7), target="now"), new(log(7), target="waits", mode=Mode.APPROVE)]
    journal.commit(noticed(log(7), upto=7, intents=[later, *others]), now=NOW)
    due = [row.intent.target for row in journal.intents(due_at=NOW)]
    assert due == ["now"]
    assert [row.intent.target for row in journal.intents(due_at=NOW + 50)] == ["later", "now"]
    (row,) = journal.intents(due_at=NOW)
    assert row.is_due(NOW)
    journal.end(row.id, journal.begin(row.id, now=NOW), IntentState.FOLLOWING, "so", next_at=NOW + 5, now=NOW)
    assert journal.intents(due_at=NOW + 4) == []
    assert not journal.intent(row.id).is_due(NOW + 4)
    assert len(journal.intents(due_at=NOW + 5)) == 1


def test_intents__chosen_by_state_and_kind(journal, ready, waiting):
    assert [row.id for row in journal.intents(states=[IntentState.WAITING])] == [waiting]
    assert [row.id for row in journal.intents(kinds=[ActionKind.NOTIFY])] == [ready, waiting]
    assert journal.intents(kinds=[ActionKind.TOP_UP]) == []
    assert [row.id for row in journal.intents(limit=1)] == [ready]
    counts = journal.counts()
    assert counts[ActionKind.NOTIFY, IntentState.READY] == 1
    assert sum(counts.values()) == 2
    assert len(counts) == len(ActionKind) * len(IntentState)


def test_step__of_an_attempt_that_does_not_run__refused(journal, ready):
    with pytest.raises(InputError, match="does not run"):
        journal.step(ready, 1, "writing", now=NOW)
    journal.begin(ready, now=NOW)
    with pytest.raises(InputError, match="does not run"):
        journal.end(ready, 2, IntentState.DONE, "", now=NOW)
    with pytest.raises(InputError):
        journal.begin(ready, now=NOW)
    with pytest.raises(InputError, match="ends in this state"):
        journal.end(ready, 1, IntentState.REJECTED, "", now=NOW)


def test_move__found_done__without_an_attempt(journal, waiting):
    journal.move(waiting, IntentState.DONE, "somebody did it", now=NOW)
    assert journal.intent(waiting).state is IntentState.DONE
    with pytest.raises(InputError, match="cannot go"):
        journal.move(waiting, IntentState.READY, "no", now=NOW)
    with pytest.raises(InputError, match="begin"):
        journal.move(waiting, IntentState.RUNNING, "no", now=NOW)


def test_plan__the_same_again__is_kept_once(journal, waiting):
    assert journal.plan(waiting) is None
    told = {"summary": "Write.", "lines": ("- old", "+ new"), "problems": ()}
    for _ in range(3):
        journal.record_plan(waiting, **told, now=NOW)
    journal.record_plan(waiting, **told | {"problems": ("locked",)}, now=NOW)
    assert journal.plan(waiting).problems == ("locked",)
    assert journal.plan(waiting).lines == ("- old", "+ new")
    assert [line.kind for line in journal.history(intent_id=waiting)] == ["intent", "plan", "plan"]


def test_intent__by_the_beginning_of_its_id(journal, ready):
    assert journal.intent(ready[:6].upper()).id == ready
    other = "f" * 32 if ready[0] != "f" else "0" * 32
    with pytest.raises(NotFoundError):
        journal.intent(other)
    with pytest.raises(InputError):
        journal.intent("xyzxyz")


def test_intent__several_begin_like_it__all_are_named(journal, monkeypatch):
    monkeypatch.setattr(
        "aztec_butler.core.intents.intent_id",
        lambda chain_id, cause, kind, target: "abcdef" + ("1" if target == "b" else "0") * 26,
    )
    journal.commit(noticed(log(7), upto=7, intents=[new(log(7)), new(log(7), target="b")]), now=NOW)
    with pytest.raises(InputError, match="several") as caught:
        journal.intent("abcdef")
    assert "abcdef" + "1" * 26 in str(caught.value)
    monkeypatch.undo()
    # These ids are not of their causes: the proof at the end must not see them.
    assert {each.reason for each in journal.verify()} == {"its id is not of its cause and effect"}
    journal.verify = list


# --------------------------------------------------------------------------- decisions


def test_decide__approved__ready_and_by_whom(journal, waiting):
    row = journal.decide(waiting[:8], approve=True, by="anna", reason="checked", now=NOW)
    assert (row.state, row.decided_by, row.reason) == (IntentState.READY, "anna", "approved by anna: checked")


def test_decide__rejected__and_made_ready_after_all(journal, waiting):
    assert journal.decide(waiting, approve=False, by="anna", now=NOW).state is IntentState.REJECTED
    assert journal.retry(waiting, by="ben", now=NOW).state is IntentState.READY


def test_decide__does_not_wait__refused(journal, ready):
    with pytest.raises(InputError, match="does not wait"):
        journal.decide(ready, approve=True, by="anna", now=NOW)
    with pytest.raises(InputError, match="neither dead"):
        journal.retry(ready, by="anna", now=NOW)


def test_decide__its_time_is_over__refused(journal, waiting):
    with pytest.raises(InputError, match="is over"):
        journal.decide(waiting, approve=True, by="anna", now=NOW + 61)


def test_expire__what_nobody_approved_in_time(journal, waiting, ready):
    assert journal.expire(now=NOW + 60) == []
    assert journal.expire(now=NOW + 61) == [waiting]
    assert journal.intent(waiting).state is IntentState.EXPIRED
    assert journal.expire(now=NOW + 62) == []
    assert journal.intent(ready).state is IntentState.READY


def test_retry__a_dead_one__counts_failures_anew(journal, ready):
    journal.end(ready, journal.begin(ready, now=NOW), IntentState.READY, "no", now=NOW)
    journal.end(ready, journal.begin(ready, now=NOW), IntentState.DEAD, "gave up", now=NOW)
    row = journal.retry(ready, by="anna", reason="the node is back", now=NOW)
    assert (row.state, row.failures, row.attempts) == (IntentState.READY, 0, 2)


# --------------------------------------------------------------------------- reading beside a writer


def test_read_only__beside_a_running_watcher__sees_what_is_committed(journal, waiting):
    with JournalReader.read_only(journal.path) as reader:
        assert [row.id for row in reader.intents()] == [waiting]
        journal.decide(waiting, approve=True, by="anna", now=NOW)
        assert reader.intent(waiting).state is IntentState.READY
        assert reader.verify() == []
        with pytest.raises(sqlite3.OperationalError, match="readonly"):
            reader._connection.execute("DELETE FROM window")


def test_attach__approves_beside_a_running_watcher__which_sees_it(journal, waiting):
    with Journal.attach(journal.path) as other:
        other.decide(waiting, approve=True, by="anna", now=NOW)
    assert journal.intent(waiting).state is IntentState.READY
    assert journal.begin(waiting, now=NOW) == 1


def test_history__chosen_lines(journal, waiting):
    journal.note("started", {"version": "1"}, now=NOW + 5)
    journal.decide(waiting, approve=True, by="anna", now=NOW + 9)
    kinds = [line.kind for line in journal.history()]
    assert kinds == ["created", "commit", "intent", "note", "decided"]
    assert [line.kind for line in journal.history(newest=2)] == ["note", "decided"]
    assert [line.kind for line in journal.history(since=NOW + 6)] == ["decided"]
    assert [line.kind for line in journal.history(kinds=["note", "commit"])] == ["commit", "note"]
    assert [line.seq for line in journal.history(after=3)] == [4, 5]
    assert {line.intent for line in journal.history(intent_id=waiting)} == {waiting}


def test_clock_goes_backwards__order_stays(journal, ready):
    journal.begin(ready, now=NOW + 3600)
    journal.step(ready, 1, "late", now=NOW - 3600)
    journal.end(ready, 1, IntentState.DONE, "told", now=NOW)
    assert [line.at - NOW for line in journal.history(intent_id=ready)] == [0, 3600, -3600, 0]


def test_status__in_figures(journal, waiting):
    journal.commit(final(log(3), log(6), upto=6), now=NOW + 5)
    journal.commit(noticed(log(8), upto=8), now=NOW + 6)
    journal.commit(noticed(upto=7, retracted_above=7, reorg_depth=1), now=NOW + 7)
    status = journal.status()
    assert (status.noticed, status.final, status.retracted) == (0, 2, 1)
    assert (status.chain_id, status.lines, status.last_at) == (
        CHAIN_ID,
        len(list(journal.history())),
        NOW + 7,
    )
    assert status.head == list(journal.history())[-1].hash
    assert status.bytes > 0


def test_events__states_are_told(journal):
    journal.commit(final(log(3), upto=4), now=NOW)
    assert [state for state, _ in journal.events(last_block=3)] == [EventState.FINAL]
    assert list(journal.events(first_block=4)) == []


def test_causes__spelled_in_upper_case__are_the_same(journal):
    shouting = attrs.evolve(cause_of(log(7)), block_hash=log(7).block_hash.upper().replace("X", "x"))
    journal.commit(noticed(log(7), upto=7, intents=[new(log(7)), new(shouting)]), now=NOW)
    assert len(journal.intents()) == 1
    assert len(word("a")) == 66
    assert Entry(checkpoint=Checkpoint()).delivery is Delivery.NOTICED
