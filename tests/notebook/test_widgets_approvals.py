"""The approval panel, on a real journal: what is shown is what is decided, and nothing else."""

from __future__ import annotations

import pytest
from journal_entries import NOW, final, log, new, opened

from aztec_butler.core.errors import ButlerError, InputError
from aztec_butler.core.intents import ActionKind, IntentState, Mode
from aztec_butler.notebook.widgets import approvals
from aztec_butler.store.journal_reading import JournalReader

HOSTILE = "<script>alert(1)</script>"
LATER = NOW + 1_000


@pytest.fixture
def journal(tmp_path):
    """Two actions that wait, the first one with a plan, and one that does not."""
    path = tmp_path / "journal.sqlite3"
    waiting = [
        new(
            log(5),
            Mode.APPROVE,
            target=f"provider:{number}",
            kind=ActionKind.ADD_KEYS,
            summary=f"Add keys to provider {number} {HOSTILE}.",
            parameters={"amount_wei": str(2**80), "note": HOSTILE},
        )
        for number in (4, 5)
    ]
    done = new(log(5), Mode.AUTO, summary="Tell somebody.")
    with opened(path) as written:
        written.commit(final(log(5), upto=6, intents=[*waiting, done]), now=NOW)
        first = written.intents()[0]
        written.record_plan(first.id, summary=f"Write {HOSTILE}", lines=("12 keys",), problems=(), now=NOW)
    return path


@pytest.fixture
def panel(journal):
    form = approvals(journal, by="anna", clock=lambda: LATER)
    form.refresh_button.click()
    assert form.error is None
    return form


def ids(form) -> list[str]:
    return [value for _, value in form.list_field.options]


def state_of(journal, intent_id):
    with JournalReader.read_only(journal) as reading:
        return reading.intent(intent_id)


def test_list__at_first__has_what_waits_and_nothing_chosen(panel):
    assert len(ids(panel)) == 2
    assert panel.list_field.value is None
    assert panel.shown_id is None
    assert panel.approve_button.disabled
    assert panel.reject_button.disabled
    assert "2 actions" in panel.status.value


def test_list__of_all__has_the_others_too_and_they_cannot_be_decided(panel):
    panel.filter_field.value = 3
    assert len(ids(panel)) == 3
    other = next(name for name in ids(panel) if "Tell" in dict(map(reversed, panel.list_field.options))[name])
    panel.list_field.value = other
    assert panel.approve_button.disabled


def test_details__of_a_hostile_action__are_exact_and_harmless(panel):
    panel.list_field.value = ids(panel)[0]
    shown = panel.details.value
    assert panel.shown_id == ids(panel)[0]
    assert "12 keys" in shown
    assert f"{2**80} wei" in shown
    assert "&lt;script&gt;" in shown
    assert "<script" not in shown
    assert not panel.approve_button.disabled


def test_details__of_what_nobody_looked_at__say_so(panel):
    panel.list_field.value = ids(panel)[1]
    assert "has not looked at it yet" in panel.details.value


@pytest.mark.parametrize(("approve", "state"), [(True, IntentState.READY), (False, IntentState.REJECTED)])
def test_decision__is_in_the_journal_with_who_and_why(panel, journal, approve, state):
    chosen, other = ids(panel)
    panel.list_field.value = chosen
    panel.reason_field.value = "looked at the keys"
    (panel.approve_button if approve else panel.reject_button).click()
    found = state_of(journal, chosen)
    assert found.state is state
    assert found.decided_by == "anna"
    assert "looked at the keys" in found.reason
    assert ids(panel) == [other]
    assert ("approved" if approve else "rejected") in panel.status.value
    assert panel.reason_field.value == ""


def test_button__pressed_twice__decides_once(panel, journal):
    chosen, other = ids(panel)
    panel.list_field.value = chosen
    panel.approve_button.click()
    panel.approve_button.click()
    assert state_of(journal, other).state is IntentState.WAITING
    assert isinstance(panel.error, InputError)
    assert "No action is shown" in panel.status.value


def test_decision__about_a_plan_that_changed_meanwhile__is_not_taken(panel, journal):
    chosen = ids(panel)[0]
    panel.list_field.value = chosen
    with opened(journal) as writing:
        writing.record_plan(chosen, summary="Something else", lines=(), problems=("no",), now=NOW)
    panel.approve_button.click()
    assert isinstance(panel.error, InputError)
    assert state_of(journal, chosen).state is IntentState.WAITING
    assert "Something else" in panel.details.value
    panel.approve_button.click()
    assert state_of(journal, chosen).state is IntentState.READY


def test_decision__about_what_somebody_else_decided__is_refused(panel, journal):
    chosen = ids(panel)[0]
    panel.list_field.value = chosen
    other = approvals(journal, by="bert", clock=lambda: LATER)
    other.refresh_button.click()
    other.list_field.value = chosen
    other.reject_button.click()
    panel.approve_button.click()
    assert isinstance(panel.error, InputError)
    assert state_of(journal, chosen).decided_by == "bert"


def test_decision__by_nobody__is_refused(panel, journal):
    panel.list_field.value = chosen = ids(panel)[0]
    panel.by_field.value = "  "
    panel.approve_button.click()
    assert "Say who decides" in panel.status.value
    assert state_of(journal, chosen).state is IntentState.WAITING


def test_journal__beside_a_running_watcher__is_read_and_decided(journal):
    with opened(journal) as running:
        form = approvals(journal.parent, by="anna", clock=lambda: LATER)
        form.refresh_button.click()
        form.list_field.value = chosen = ids(form)[0]
        form.approve_button.click()
        assert form.error is None
        assert running.intent(chosen).state is IntentState.READY


def test_journal__that_is_not_there__is_an_error_in_the_form(tmp_path):
    form = approvals(tmp_path / "none.sqlite3", by="anna")
    form.refresh_button.click()
    assert isinstance(form.error, ButlerError)
    assert "none.sqlite3" in form.status.value


def test_journal__that_is_damaged__is_an_error_in_the_form(tmp_path):
    path = tmp_path / "journal.sqlite3"
    path.write_bytes(b"no database at all" * 100)
    form = approvals(path, by="anna")
    form.refresh_button.click()
    assert isinstance(form.error, ButlerError)
    assert "Traceback" not in form.status.value
