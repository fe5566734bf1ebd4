"""What waits for somebody, and the deciding of it."""

from __future__ import annotations

import json
import time

import pytest
from journal_entries import CHAIN_ID, began, final, log, new, nothing_new, opened

from aztec_butler.core.intents import ActionKind, IntentState, Mode
from aztec_butler.store.journal_reading import JournalReader

ATTESTER = "attester:0xA27EC0006e59f245217Ff08CD52A7E8b169E62D2"


class Made:
    """A journal, and its actions by name."""

    def __init__(self, path):
        self.path = path
        self.ids = {}

    def state(self, name):
        with JournalReader.read_only(self.path) as journal:
            assert journal.verify() == []
            return journal.intent(self.ids[name]).state


@pytest.fixture
def made(tmp_path):
    """Two actions that wait, one whose time is over, one that is ready, one that is dead."""
    at = int(time.time())
    found = Made(tmp_path / "journal.sqlite3")
    asked = {
        "waits": new(
            log(1),
            mode=Mode.APPROVE,
            target=ATTESTER,
            kind=ActionKind.UPDATE_COINBASE,
            expires_at=at + 7_300,
            parameters={"coinbase": "0x" + "11" * 20},
            summary=f"Point the rewards of {ATTESTER[9:]} at the split.",
        ),
        "late": new(log(1), mode=Mode.APPROVE, target="late", expires_at=at - 5),
        "ready": new(log(1), target="ready"),
        "dead": new(log(1), target="dead"),
    }
    with opened(found.path) as journal:
        journal.commit(final(log(1), upto=4, intents=asked.values()), now=at - 7_200)
        (found.ids["keys"],) = journal.commit(nothing_new(5, began=(began(5),)), now=at - 60).new
        found.ids |= {name: each.intent.id for name, each in asked.items()}
        number = journal.begin(found.ids["dead"], now=at)
        journal.step(found.ids["dead"], number, "sending", {"to": "a webhook"}, now=at)
        journal.end(found.ids["dead"], number, IntentState.DEAD, "gave up", now=at)
        journal.record_plan(
            found.ids["waits"],
            summary="Edit one file.",
            lines=("- old\n+ new",),
            problems=("it is locked",),
            now=at,
        )
    return found


@pytest.fixture
def run(cli, made):
    """A command on that journal."""
    return lambda *words: cli("actions", *words, "--journal", str(made.path))


# --------------------------------------------------------------------------- list and show


def test_list__what_is_open_or_dead(run, made):
    ran = run("list", "--format", "json")
    shown = {row["id"]: row for row in json.loads(ran.out)["rows"]}
    assert set(shown) == set(made.ids.values())
    row = shown[made.ids["waits"]]
    assert (row["state"], row["kind"], row["target"], row["cause"]) == (
        "waiting",
        "update-coinbase",
        ATTESTER,
        "RollupSlashed",
    )
    assert 7_200 <= row["age_seconds"] < 7_400
    assert shown[made.ids["keys"]]["transaction_hash"] is None
    assert "3 wait for an approval" in ran.err


def test_list__for_people__short_ids_ages_and_sentences(run, made):
    lines = run("list").out.splitlines()
    assert lines[0].split() == ["ID", "KIND", "STATE", "AGE", "EXPIRES", "TARGET"]
    assert lines[1].startswith(f"{made.ids['waits'][:8]}  update-coinbase  waiting  2h")
    assert lines[1].endswith(ATTESTER)
    assert "in 2h 1m" in lines[1]
    assert lines[2].strip() == f"Point the rewards of {ATTESTER[9:]} at the split."


def test_list__fits_a_narrow_terminal(run, monkeypatch):
    monkeypatch.setattr("aztec_butler.cli.action_commands.width", lambda: 70)
    out = run("list").out
    assert max(map(len, out.splitlines())) <= 70
    assert "attester:0xA27E…62D2" in out
    assert ATTESTER[9:] in out


def test_list__chosen(run, made):
    def ids(*words):
        return {row["id"] for row in json.loads(run("list", "--format=json", *words).out)["rows"]}

    assert ids("--states", "dead") == {made.ids["dead"]}
    assert ids("--kinds", "add-keys,top-up") == {made.ids["keys"]}
    assert ids("--states", "done") == set()
    run("approve", made.ids["keys"])
    run("reject", made.ids["waits"])
    assert made.ids["waits"] not in ids()
    assert made.ids["waits"] in ids("--all")
    assert run("list", "--states", "odd").code == 2


def test_list__check__exit_6_as_long_as_something_waits(run, made):
    assert run("list", "--check").code == 6
    assert run("list", "--check", "--states", "dead").code == 0
    assert run("list").code == 0


def test_show__the_whole_story(run, made):
    out = run("show", made.ids["waits"][:6]).out
    for words in (
        made.ids["waits"],
        "Edit one file.",
        "- old\n",
        "+ new\n",
        "refused:  it is locked",
        "coinbase: 0x11",
    ):
        assert words in out
    out = run("show", made.ids["dead"]).out
    for words in ("attempt 1 began", "sending (to: a webhook)", "ended, dead: gave up"):
        assert words in out


def test_show__for_machines(run, made):
    shown = json.loads(run("show", made.ids["dead"], "--format", "json").out)
    assert shown["action"]["id"] == made.ids["dead"]
    (attempt,) = shown["attempts"]
    assert (attempt["outcome"], attempt["steps"][0]["name"]) == ("dead", "sending")
    assert attempt["steps"][0]["taken_at"].endswith("Z")
    assert shown["plan"] is None
    assert json.loads(run("show", made.ids["waits"], "--format", "json").out)["plan"]["problems"] == [
        "it is locked"
    ]


def test_show__no_such_action(run):
    assert run("show", "0" * 32).code == 4
    assert run("show", "0x").code == 2


def test_show__cannot_steer_the_terminal(cli, tmp_path):
    path = tmp_path / "journal.sqlite3"
    asked = new(log(1), mode=Mode.APPROVE, summary="Nothing\x1b[2J here", parameters={"a": "\x1b[31mred"})
    with opened(path) as journal:
        (made,) = journal.commit(final(log(1), upto=1, intents=[asked]), now=5).new
        journal.record_plan(made, summary="a\x1b[1m", lines=("b\x1b[1m",), problems=(), now=5)
    for words in (("actions", "list"), ("actions", "show", made), ("journal", "history")):
        assert "\x1b" not in cli(*words, "--journal", str(path)).out


# --------------------------------------------------------------------------- deciding


def test_approve__by_whom_and_why__is_in_the_audit(run, made, cli):
    ran = run("approve", made.ids["waits"][:8], "--by", "anna", "--reason", "checked")
    assert ran.code == 0
    assert "1 approved" in ran.err
    assert "no watcher runs now" in ran.err
    assert made.state("waits") is IntentState.READY
    assert "approved by anna: checked" in run("show", made.ids["waits"]).out
    told = cli("journal", "history", "--last", "1", "--journal", str(made.path)).out
    assert "waiting -> ready: approved by anna: checked" in told


def test_approve__beside_a_running_watcher(run, made):
    with opened(made.path) as journal:
        ran = run("approve", made.ids["waits"])
        assert "no watcher" not in ran.err
        assert journal.intent(made.ids["waits"]).state is IntentState.READY


def test_approve__something_that_does_not_wait__nothing_is_decided(run, made):
    for other in ("ready", "dead", "late"):
        ran = run("approve", made.ids["waits"], made.ids[other])
        assert (ran.code, ran.out) == (2, "")
        assert made.ids[other] in ran.err
        assert made.state("waits") is IntentState.WAITING
    assert "is over" in run("approve", made.ids["late"]).err


def test_approve__all_of_a_kind(run, made):
    assert run("approve", "--all", "--kind", "add-keys").code == 0
    assert (made.state("keys"), made.state("waits")) == (IntentState.READY, IntentState.WAITING)
    ran = run("approve", "--all", "--kind", "top-up")
    assert (ran.code, ran.err) == (0, "nothing waits\n")


def test_approve__not_clear_which__refused(run, made):
    assert run("approve").code == 2
    assert run("approve", made.ids["waits"], "--all").code == 2
    assert run("approve", made.ids["waits"], "--kind", "add-keys").code == 2
    assert made.state("waits") is IntentState.WAITING


def test_approve__all__leaves_out_what_is_too_late(run, made):
    ran = run("approve", "--all")
    assert ran.code == 0
    assert "2 approved" in ran.err
    assert (made.state("late"), made.state("waits")) == (IntentState.WAITING, IntentState.READY)


def test_reject_and_retry(run, made):
    assert "1 rejected" in run("reject", made.ids["waits"], "--reason", "no").err
    assert made.state("waits") is IntentState.REJECTED
    assert run("reject", made.ids["waits"]).code == 2
    assert "retry" in run("reject", made.ids["waits"]).err
    assert run("retry", made.ids["waits"], made.ids["dead"]).code == 0
    assert (made.state("waits"), made.state("dead")) == (IntentState.READY, IntentState.READY)
    ran = run("retry", made.ids["keys"])
    assert (ran.code, made.state("keys")) == (2, IntentState.WAITING)
    assert run("retry").code == 2


def test_ids__of_digits_alone__are_not_numbers(cli, tmp_path, monkeypatch):
    monkeypatch.setattr("aztec_butler.core.intents.intent_id", lambda *_: "00e1" + "2" * 28)
    path = tmp_path / "journal.sqlite3"
    with opened(path, chain_id=CHAIN_ID) as journal:
        journal.commit(final(log(1), upto=1, intents=[new(log(1), mode=Mode.APPROVE)]), now=5)
    assert cli("actions", "approve", "00e122", "--journal", str(path)).code == 0
