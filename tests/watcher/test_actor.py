"""What is carried out when, what becomes of it, and who may still change his mind."""

from __future__ import annotations

import io
import json

import pytest
from journal_entries import NOW, log, new, noticed, opened

from aztec_butler.clients.stopping import Stopped
from aztec_butler.core.errors import InputError, NodeRefused, SettingsError
from aztec_butler.core.intents import ActionKind, IntentState, Mode
from aztec_butler.serving.logs import Redactor, open_log
from aztec_butler.serving.setting_values import LogLevel
from aztec_butler.store.journal import Journal
from aztec_butler.store.journal_errors import JournalUnwritable
from aztec_butler.watcher.actor import INTERRUPTED, UNSEEN, Actor
from aztec_butler.watcher.executor import Look, Plan, Standing

KIND = ActionKind.UPDATE_COINBASE
DAY = 86_400


class Fake:
    """An executor that does what a test says, and notes what it was asked."""

    kinds = frozenset(ActionKind)

    def __init__(self):
        self.asked = []
        self.has_acted = False
        self.standing = Standing.NEEDED
        self.after = Standing.DONE
        self.evidence = "seen at block 1,234"
        self.again = None
        self.raises = {}
        self.on = {}
        self.problems = ()

    def _asked(self, what):
        self.asked.append(what)
        if what in self.on:
            self.on[what]()
        if self.raises.get(what) is not None:
            raise self.raises[what]

    def look(self, intent, attempt):
        self._asked("look")
        standing = self.after if self.has_acted else self.standing
        return Look(standing=standing, evidence=self.evidence, again_in_seconds=self.again)

    def plan(self, intent):
        self._asked("plan")
        return Plan(summary="It would be done.", lines=("a line",), problems=self.problems)

    def act(self, intent, attempt):
        self._asked("act")
        attempt.step("writing", file="x")
        self.has_acted = True

    def of(self, kind):
        return self

    def stop(self):
        self._asked("stop")


class Stage:
    """A journal, an actor, and clocks that a test sets."""

    def __init__(self, folder):
        self.path = folder / "journal.sqlite3"
        self.now, self.monotonic = NOW, 0.0
        self.journal = opened(self.path)
        self.fake = Fake()
        self.stream = io.StringIO()
        self.modes = {}
        self.begin()
        self.blocks = 0

    def begin(self):
        log_ = open_log(self.stream, Redactor(), level=LogLevel.DEBUG)
        self.actor = Actor(
            self.journal,
            self.fake,
            log_,
            modes=self.modes,
            clock=lambda: self.now,
            monotonic=lambda: self.monotonic,
        )

    def want(self, mode=Mode.AUTO, kind=KIND, **changes):
        """An intent; its id."""
        self.blocks += 1
        here = log(self.blocks)
        committed = self.journal.commit(
            noticed(here, upto=self.blocks, intents=[new(here, mode=mode, kind=kind, **changes)]),
            now=self.now,
        )
        return committed.new[0]

    def row(self, intent_id):
        return self.journal.intent(intent_id)

    def wait(self, seconds):
        self.now += seconds
        self.monotonic += seconds

    def turn(self, seconds=0):
        self.wait(seconds)
        return self.actor.turn()

    @property
    def events(self):
        return [json.loads(line)["event"] for line in self.stream.getvalue().splitlines()]

    def lines(self):
        return self.journal.status().lines


@pytest.fixture
def stage(tmp_path):
    stage = Stage(tmp_path)
    yield stage
    stage.journal.close()


def test_auto__needed__looked_at_done_and_looked_at(stage):
    wanted = stage.want()
    assert stage.turn() == 1
    assert stage.fake.asked == ["look", "act", "look"]
    row = stage.row(wanted)
    assert (row.state, row.reason, row.attempts) == (IntentState.DONE, "seen at block 1,234", 1)
    assert stage.turn(DAY) == 0
    assert stage.actor.outcomes[KIND, "done"] == 1
    assert stage.actor.last_at[KIND] == NOW


def test_auto__there_already__done_without_an_attempt(stage):
    stage.fake.standing = Standing.DONE
    wanted = stage.want()
    stage.turn()
    assert stage.fake.asked == ["look"]
    assert (stage.row(wanted).state, stage.row(wanted).attempts) == (IntentState.DONE, 0)


def test_auto__found_under_way__is_followed_and_nothing_is_done(stage):
    stage.fake.standing = Standing.UNDER_WAY
    wanted = stage.want()
    stage.turn()
    assert stage.fake.asked == ["look"]
    assert stage.row(wanted).state is IntentState.FOLLOWING
    stage.fake.standing = Standing.DONE
    assert stage.turn(59) == 0
    assert stage.turn(2) == 1
    assert stage.row(wanted).state is IntentState.DONE


def test_following__nothing_but_figures_change__is_no_line_of_the_audit_and_no_news(stage):
    stage.fake.after = Standing.UNDER_WAY
    wanted = stage.want()
    stage.turn()
    lines = stage.lines()
    for number in range(10):
        stage.fake.evidence = f"looked up to block {number:,}"
        stage.turn(61)
    assert stage.lines() == lines + 1, "the first one said something else"
    assert stage.events.count("an action is under way") == 2
    stage.turn(3601)
    assert stage.lines() == lines + 2, "once an hour it is kept how it stands"
    stage.fake.evidence = "the owners have signed"
    stage.turn(61)
    assert stage.row(wanted).reason == "the owners have signed"
    assert stage.events.count("an action is under way") == 3


def test_following__cannot_be_looked_at__goes_on_and_is_told_once(stage):
    stage.fake.after = Standing.UNDER_WAY
    wanted = stage.want()
    stage.turn()
    stage.fake.raises["look"] = NodeRefused("busy")
    for _ in range(50):
        stage.turn(61)
    row = stage.row(wanted)
    assert (row.state, row.failures) == (IntentState.FOLLOWING, 0)
    assert row.reason.startswith(UNSEEN)
    assert stage.events.count("an action could not be looked at") == 1


def test_following__needed_again__is_done_again(stage):
    stage.fake.after = Standing.UNDER_WAY
    wanted = stage.want()
    stage.turn()
    stage.fake.asked.clear()
    stage.fake.has_acted, stage.fake.after = False, Standing.DONE
    stage.turn(61)
    assert stage.fake.asked == ["look", "act", "look"]
    assert (stage.row(wanted).state, stage.row(wanted).attempts) == (IntentState.DONE, 2)


def test_acted__and_it_does_not_show__counts_as_a_failure_that_somebody_has_to_mend(stage):
    stage.fake.after = Standing.NEEDED
    wanted = stage.want()
    stage.turn()
    row = stage.row(wanted)
    assert (row.state, row.failures, row.next_at) == (IntentState.READY, 1, NOW + 600)
    assert "did not show" in row.reason


@pytest.mark.parametrize(
    ("error", "waits", "most"),
    [(NodeRefused("busy"), [15, 30, 60, 120], 24), (InputError("wrong"), [600, 1200, 2400, 4800], 8)],
)
def test_failures__are_spaced_ever_more_and_given_up_in_the_end(stage, error, waits, most):
    stage.fake.raises["act"] = error
    wanted = stage.want()
    for number, wait in enumerate(waits, 1):
        assert stage.turn() == 1
        row = stage.row(wanted)
        assert (row.state, row.failures, row.next_at - stage.now) == (IntentState.READY, number, wait)
        assert stage.turn(wait - 1) == 0
        stage.wait(1)
    for _ in range(most - len(waits)):
        assert stage.row(wanted).state is IntentState.READY
        stage.turn(6 * 3600)
    row = stage.row(wanted)
    assert (row.state, f"failed {most} times" in row.reason) == (IntentState.DEAD, True)
    assert stage.turn(DAY) == 0
    assert stage.actor.outcomes[KIND, "given_up"] == 1


def test_failures__node_does_not_tell_how_the_world_stands__is_never_given_up(stage):
    stage.fake.raises["look"] = NodeRefused("busy")
    wanted = stage.want()
    for _ in range(60):
        stage.turn(3600)
    assert stage.row(wanted).state is IntentState.READY
    assert stage.row(wanted).next_at - stage.now == 3600
    stage.fake.raises.clear()
    stage.turn(3600)
    assert stage.row(wanted).state is IntentState.DONE


def test_impossible__is_given_up_at_once(stage):
    stage.fake.standing = Standing.IMPOSSIBLE
    wanted = stage.want()
    stage.turn()
    assert (stage.row(wanted).state, stage.fake.asked) == (IntentState.DEAD, ["look"])


def test_bug__of_an_executor__is_told_without_its_words_and_ends_nothing_else(stage):
    stage.fake.raises["act"] = RuntimeError("secret")
    first = stage.want()
    stage.turn()
    assert (stage.row(first).state, stage.row(first).failures) == (IntentState.READY, 1)
    assert "RuntimeError" in stage.row(first).reason
    assert "secret" not in stage.row(first).reason
    stage.fake.raises.clear()
    second = stage.want()
    stage.turn()
    assert stage.row(second).state is IntentState.DONE


# --------------------------------------------------------------------------- modes


def test_dry_run__plans_and_does_nothing(stage):
    wanted = stage.want(mode=Mode.DRY_RUN)
    stage.turn()
    assert stage.fake.asked == ["plan"]
    assert stage.row(wanted).state is IntentState.DRY
    assert stage.journal.plan(wanted).lines == ("a line",)


def test_dry_run__no_plan_yet__is_tried_again_and_ends_nobody(stage):
    stage.fake.raises["plan"] = NodeRefused("busy")
    wanted = stage.want(mode=Mode.DRY_RUN)
    assert stage.turn() == 1
    assert stage.turn() == 0
    assert stage.row(wanted).state is IntentState.READY
    stage.fake.raises.clear()
    stage.turn(16)
    assert stage.row(wanted).state is IntentState.DRY


@pytest.mark.parametrize("error", [InputError("no such key"), RuntimeError("x")])
def test_dry_run__cannot_be_planned__says_why(stage, error):
    stage.fake.raises["plan"] = error
    wanted = stage.want(mode=Mode.DRY_RUN)
    stage.turn()
    assert stage.row(wanted).state is IntentState.DRY
    assert len(stage.journal.plan(wanted).problems) == 1


def test_approval__is_planned_once_an_hour_and_done_when_given(stage):
    wanted = stage.want(mode=Mode.APPROVE)
    for _ in range(3):
        stage.turn(1)
    assert stage.fake.asked == ["plan"]
    stage.turn(3601)
    assert stage.fake.asked == ["plan"] * 2
    with Journal.attach(stage.path) as other:
        other.decide(wanted, approve=True, by="anna", now=stage.now)
    stage.turn(1)
    assert stage.row(wanted).state is IntentState.DONE


def test_retried_dry_run__is_done_in_earnest_at_once(stage):
    wanted = stage.want(mode=Mode.DRY_RUN)
    stage.turn()
    stage.journal.retry(wanted, by="anna", now=stage.now)
    stage.turn()
    assert stage.row(wanted).state is IntentState.DONE


@pytest.mark.parametrize(
    ("then", "now", "state"),
    [
        (Mode.AUTO, Mode.DRY_RUN, IntentState.DRY),
        (Mode.AUTO, Mode.APPROVE, IntentState.WAITING),
        (Mode.AUTO, Mode.AUTO, IntentState.DONE),
        (Mode.DRY_RUN, Mode.AUTO, IntentState.DRY),
    ],
)
def test_settings__that_allow_less_now__hold_for_what_was_wanted_before(stage, then, now, state):
    stage.modes[KIND] = now
    stage.begin()
    wanted = stage.want(mode=then)
    stage.turn()
    assert stage.row(wanted).state is state
    assert ("act" in stage.fake.asked) == (state is IntentState.DONE)


def test_settings__that_allow_less_now__do_not_take_back_a_decision(stage):
    stage.modes[KIND] = Mode.DRY_RUN
    stage.begin()
    wanted = stage.want(mode=Mode.APPROVE)
    stage.journal.decide(wanted, approve=True, by="anna", now=NOW)
    stage.turn()
    assert stage.row(wanted).state is IntentState.DONE


def test_settings__that_allow_less_now__what_is_followed_is_only_looked_at(stage):
    stage.fake.after = Standing.UNDER_WAY
    wanted = stage.want()
    stage.turn()
    stage.modes[KIND] = Mode.DRY_RUN
    stage.begin()
    stage.fake.asked.clear()
    stage.fake.after = Standing.NEEDED
    for _ in range(3):
        stage.turn(61)
    assert "act" not in stage.fake.asked
    assert stage.row(wanted).state is IntentState.DRY


# --------------------------------------------------------------------------- races, stops and clocks


@pytest.mark.parametrize("moment", ["look", "plan"])
def test_retracted__by_another_thread_meanwhile__is_passed_over(stage, moment):
    def retract():
        with Journal.attach(stage.path) as other:
            other.commit(noticed(upto=0, first_block=None, last_block=None, retracted_above=0), now=NOW)

    wanted = stage.want(mode=Mode.AUTO if moment == "look" else Mode.DRY_RUN)
    stage.fake.on[moment] = retract
    stage.turn()
    assert stage.row(wanted).state is IntentState.RETRACTED
    assert "act" not in stage.fake.asked
    assert stage.turn(60) == 0


def test_retracted__while_another_was_carried_out__is_not_taken(stage):
    first, second = stage.want(), stage.want()

    def retract():
        stage.fake.on.clear()
        with Journal.attach(stage.path) as other:
            other.commit(noticed(upto=1, first_block=None, last_block=None, retracted_above=1), now=NOW)

    stage.fake.on["act"] = retract
    assert stage.turn() == 1
    assert stage.row(first).state is IntentState.DONE
    assert stage.row(second).state is IntentState.RETRACTED


def test_stopped__in_the_middle__is_parked_and_no_failure(stage):
    stage.fake.raises["act"] = Stopped()
    wanted = stage.want()
    for _ in range(30):
        stage.turn(DAY)
    row = stage.row(wanted)
    assert (row.state, row.reason.startswith(INTERRUPTED)) == (IntentState.READY, True)
    stage.fake.raises["act"] = NodeRefused("busy")
    stage.turn(DAY)
    assert stage.row(wanted).state is IntentState.READY, "that was its first failure"


def test_stop__nothing_else_begins(stage):
    stage.want()
    second = stage.want()
    stage.fake.on["act"] = stage.actor.stop
    assert stage.turn() == 1
    assert stage.row(second).state is IntentState.READY
    assert "stop" in stage.fake.asked


def test_recover__what_a_process_left_running__is_looked_at_first(stage):
    wanted = stage.want()
    stage.journal.begin(wanted, now=NOW)
    stage.actor.recover()
    row = stage.row(wanted)
    assert (row.state, row.reason.startswith(INTERRUPTED)) == (IntentState.READY, True)
    stage.fake.standing = Standing.DONE
    stage.turn()
    assert (stage.row(wanted).state, stage.fake.asked) == (IntentState.DONE, ["look"])


def test_journal__that_cannot_be_written__is_no_failure_of_the_action(stage, monkeypatch):
    wanted = stage.want()
    step = Journal.step

    def full(self, *arguments, **options):
        raise JournalUnwritable("the journal cannot be used")

    monkeypatch.setattr(Journal, "step", full)
    with pytest.raises(JournalUnwritable):
        stage.turn()
    monkeypatch.setattr(Journal, "step", step)
    assert stage.row(wanted).state is IntentState.RUNNING
    stage.actor.recover()
    assert stage.turn() == 1
    assert stage.row(wanted).state is IntentState.DONE


@pytest.mark.parametrize("jump", [-3600, -365 * DAY])
def test_clock__set_back_while_it_runs__keeps_nothing_waiting(stage, jump):
    stage.fake.raises["act"] = NodeRefused("busy")
    wanted = stage.want()
    stage.turn()
    stage.now += jump
    stage.monotonic += 14
    assert stage.turn() == 0
    stage.monotonic += 1
    assert stage.turn() == 1
    assert stage.row(wanted).failures == 2


def test_clock__set_back_between_two_processes__keeps_nothing_waiting(stage):
    stage.fake.raises["act"] = SettingsError("wrong")
    wanted = stage.want()
    stage.turn()
    stage.now -= 365 * DAY
    stage.begin()
    assert stage.turn() == 1
    assert stage.row(wanted).failures == 2
    assert stage.turn() == 0


def test_clock__set_forward_while_it_runs__does_not_hurry(stage):
    stage.fake.raises["act"] = NodeRefused("busy")
    stage.want()
    stage.turn()
    stage.now += 365 * DAY
    assert stage.turn() == 0
    stage.monotonic += 15
    assert stage.turn() == 1


def test_following__for_longer_than_anything_is_put_off__is_not_asked_all_the_time(stage):
    stage.fake.after, stage.fake.again = Standing.UNDER_WAY, 3 * DAY
    stage.want()
    stage.turn()
    assert [stage.turn(3600) for _ in range(7)] == [0, 0, 0, 0, 0, 1, 0]


def test_not_before__is_waited_for(stage):
    stage.want(not_before=NOW + 100)
    assert stage.turn() == 0
    assert stage.turn(99) == 0
    assert stage.turn(1) == 1


def test_expired__actions_are_told_one_by_one_and_old_notices_together(stage):
    action = stage.want(mode=Mode.APPROVE, expires_at=NOW + 10)
    notices = [stage.want(kind=ActionKind.NOTIFY, expires_at=NOW + 10) for _ in range(3)]
    stage.turn(11)
    assert {stage.row(each).state for each in (action, *notices)} == {IntentState.EXPIRED}
    assert stage.events == ["an action's time is over", "events of long ago are no news"]
