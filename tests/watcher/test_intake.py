"""What an event asks for, by how sure it is and how much is done without asking; and what is said when it vanishes."""

from __future__ import annotations

import attrs
import pytest
from event_logs import ROLLUP, SOMEBODY, log
from journal_entries import opened
from staking_story import Story
from watcher_facts import facts_of, settings_of
from watcher_world import FOR_EVER, with_effects

from aztec_butler.core.intent_parameters import Notice
from aztec_butler.core.intents import ActionKind, Checkpoint, IntentState, Mode
from aztec_butler.core.lifecycle import Lifecycle
from aztec_butler.store.journal_entry import Delivery
from aztec_butler.watcher.facts import OwnAttester
from aztec_butler.watcher.intake import Intake, returned, vanished
from aztec_butler.watcher.steps import Step, WatchedContract, events_of, watched_logs

NOW = 1_000
WATCHED = watched_logs([WatchedContract(address=ROLLUP, role="rollup")], ["RollupSlashed"])
FACTS = attrs.evolve(
    facts_of(Story(), provider_ids=()),
    attesters={SOMEBODY: OwnAttester(attester=SOMEBODY, lifecycle=Lifecycle.VALIDATING)},
)


@pytest.fixture(autouse=True)
def _effects(monkeypatch):
    with_effects(monkeypatch)


def entry(delivery, mode=Mode.AUTO, **changes):
    settings = settings_of(
        provider_ids=(),
        keystores=(),
        mode={kind: mode if kind.is_irreversible else Mode.AUTO for kind in ActionKind},
        notices_expire=FOR_EVER,
        approval_expires=600,
        **changes,
    )
    step = Step(
        delivery=delivery,
        first_block=7,
        last_block=9,
        checkpoint=Checkpoint(),
        events=events_of([log("RollupSlashed", 8, attester=SOMEBODY)], WATCHED),
    )
    return Intake(settings, lambda: NOW).entry_of(step, step.events.records(), FACTS)


def kinds(entry):
    return [new.intent.kind for new in entry.intents]


def test_noticed__tells_and_asks_for_nothing_that_cannot_be_undone():
    assert kinds(entry(Delivery.NOTICED)) == [ActionKind.NOTIFY]
    found = entry(Delivery.FINAL)
    assert kinds(found) == [ActionKind.NOTIFY, ActionKind.TOP_UP]
    assert (found.first_block, found.last_block, len(found.events)) == (7, 9, 1)


@pytest.mark.parametrize(
    ("mode", "title", "command"),
    [
        (Mode.APPROVE, "An action waits for approval", "actions approve"),
        (Mode.DRY_RUN, "An action was not taken: dry run", "actions retry"),
    ],
)
def test_final__somebody_has_to_decide__is_told_how(mode, title, command):
    _, wanted, companion = entry(Delivery.FINAL, mode).intents
    assert (wanted.intent.kind, wanted.mode) == (ActionKind.TOP_UP, mode)
    notice = Notice.from_json(companion.intent.parameters)
    assert (notice.title, companion.mode) == (title, Mode.AUTO)
    assert f"{command} {wanted.intent.id[:8]}" in notice.text
    assert notice.fields["action"] == wanted.intent.id
    assert companion.intent.cause == wanted.intent.cause


def test_approval__expires_and_the_rest_does_not():
    _, wanted, companion = entry(Delivery.FINAL, Mode.APPROVE).intents
    assert wanted.intent.expires_at == NOW + 600
    assert companion.intent.expires_at is None
    assert entry(Delivery.FINAL, Mode.AUTO).intents[1].intent.expires_at is None


def test_ids__are_the_same_however_often_and_by_whatever_mode_it_is_read():
    first = {new.intent.id for new in entry(Delivery.FINAL, Mode.AUTO).intents}
    again = {new.intent.id for new in entry(Delivery.FINAL, Mode.APPROVE).intents}
    assert first < again
    assert {new.intent.id for new in entry(Delivery.NOTICED).intents} < first


@pytest.fixture
def rows(tmp_path):
    """A notice and an action, as the journal has them."""
    chain_id = FACTS.chain_id
    with opened(tmp_path / "journal.sqlite3", chain_id=chain_id) as journal:
        journal.commit(entry(Delivery.FINAL), now=NOW)
        yield journal.intents()


@pytest.mark.parametrize("ask", [vanished, returned])
def test_follow_ups__of_each_time__have_ids_of_their_own_and_go_as_far_as_the_first_one(rows, ask):
    for row in rows:
        ids = {new.intent.id for times in (1, 2, 2) for new in ask(row, times)}
        assert len(ids) == 2
        assert row.id not in ids
        (new,) = ask(row, 1)
        assert (new.intent.kind, new.mode, new.intent.cause) == (
            ActionKind.NOTIFY,
            Mode.AUTO,
            row.intent.cause,
        )


def test_vanished__a_notice__is_taken_back_by_its_id(rows):
    (new,) = vanished(rows[0], 1)
    notice = Notice.from_json(new.intent.parameters)
    assert (notice.retracts, notice.title) == (rows[0].id, "Taken back: Attester slashed")


def test_vanished__a_notice_that_was_only_rehearsed__is_taken_back_no_louder(rows):
    quiet = attrs.evolve(rows[0], mode=Mode.DRY_RUN)
    assert [new.mode for new in vanished(quiet, 1)] == [Mode.DRY_RUN]


def test_vanished__an_action__is_critical_and_names_it(rows):
    (new,) = vanished(rows[1], 1)
    notice = Notice.from_json(new.intent.parameters)
    assert (notice.severity.value, notice.retracts) == ("critical", None)
    assert rows[1].id[:8] in notice.text


def test_failures__are_told_but_those_of_notices():
    intake = Intake(settings_of(provider_ids=(), keystores=()), lambda: NOW)
    assert intake.entry_of_failures([], Checkpoint()) is None


def test_failures__of_actions_only(rows):
    intake = Intake(settings_of(provider_ids=(), keystores=()), lambda: NOW)
    dead = [attrs.evolve(row, state=IntentState.DEAD, reason="it did not work", attempts=3) for row in rows]
    found = intake.entry_of_failures(dead, Checkpoint())
    (new,) = found.intents
    notice = Notice.from_json(new.intent.parameters)
    assert "it did not work" in notice.text
    assert f"actions retry {rows[1].id[:8]}" in notice.text
    again = intake.entry_of_failures([attrs.evolve(row, attempts=4) for row in dead], Checkpoint())
    assert again.intents[0].intent.id != new.intent.id
