"""What the commands tell of a journal."""

from __future__ import annotations

import hashlib
import json
import sqlite3

import pytest
from journal_entries import NOW, began, block, condition, final, log, new, nothing_new, noticed, opened

from aztec_butler.core.intents import IntentState, Mode
from aztec_butler.store.journal_audit import canonical


@pytest.fixture
def path(tmp_path):
    """A journal with a story: all that has words of its own."""
    place = tmp_path / "journal.sqlite3"
    with opened(place) as journal:
        asked = [new(log(1), mode=Mode.APPROVE), new(log(2))]
        waits, told = journal.commit(final(log(1), log(2), upto=4, intents=asked), now=NOW).new
        number = journal.begin(told, now=NOW + 1)
        journal.step(told, number, "sending", {"targets": 2}, now=NOW + 2)
        journal.end(told, number, IntentState.DONE, "told", now=NOW + 3)
        journal.record_plan(waits, summary="Tell.", lines=(), problems=("no",), now=NOW + 4)
        journal.decide(waits, approve=False, by="anna", reason="no", now=NOW + 5)
        journal.commit(nothing_new(5, began=(began(5),)), now=NOW + 6)
        journal.commit(nothing_new(5, ended=(condition().key,)), now=NOW + 6)
        journal.commit(noticed(log(6), log(7), log(8), upto=8), now=NOW + 7)
        journal.commit(noticed(upto=7, retracted_above=7, reorg_depth=1), now=NOW + 8)
        journal.commit(final(log(6), first=5, upto=6), now=NOW + 9)
        journal.note("started", {"version": "0.1"}, now=NOW + 10)
    return place


def rows(ran):
    return json.loads(ran.out)["rows"]


# --------------------------------------------------------------------------- which journal


def test_place__of_the_network__in_the_state_directory(cli, tmp_path):
    with opened(tmp_path / "state" / "aztec-butler" / "testnet" / "journal.sqlite3"):
        ran = cli("journal", "status", "--network", "testnet", "--format", "json")
    assert (ran.code, json.loads(ran.out)["chain_id"]) == (0, 31_337)


def test_place__another_state_directory__by_the_environment(cli, path, monkeypatch):
    monkeypatch.setenv("AZTEC_BUTLER_STATE_DIR", str(path.parent))
    assert json.loads(cli("journal", "status", "--format", "json").out)["file"] == str(path)


def test_place__named_twice__refused(cli, path):
    assert cli("journal", "status", "--network", "testnet", "--journal", str(path)).code == 2


@pytest.mark.parametrize(
    "words", [("journal", "status"), ("actions", "list"), ("actions", "approve", "--all")]
)
def test_no_journal__told(cli, tmp_path, words):
    ran = cli(*words, "--journal", str(tmp_path / "none.sqlite3"))
    assert (ran.code, ran.out) == (2, "")
    assert "a watcher makes one when it first runs" in ran.err


def test_a_file_that_is_none__named_and_kept(cli, tmp_path):
    place = tmp_path / "journal.sqlite3"
    place.write_text("a diary")
    ran = cli("journal", "verify", "--journal", str(place))
    assert ran.code == 2
    assert str(place) in ran.err
    assert place.read_text() == "a diary"


# --------------------------------------------------------------------------- status


def test_status__for_people(cli, path):
    with opened(path):
        ran = cli("journal", "status", "--journal", str(path))
    lines = dict(line.split(None, 1) for line in ran.out.splitlines() if not line.startswith("last hash"))
    assert lines["watcher"].startswith("runs as process")
    assert lines["final"].startswith(f"block 6, 2023-11-14 22:14:32Z, {block(6).hash}")
    assert lines["events"] == "3 final, 1 noticed, 1 vanished"
    assert lines["actions"] == "1 done, 1 rejected, 1 retracted"
    assert lines["conditions"] == "0 hold"


def test_status__for_machines(cli, path):
    shown = json.loads(cli("journal", "status", "--journal", str(path), "--format", "json").out)
    assert (shown["final_block"], shown["noticed_block"], shown["watcher"]) == (6, 6, None)
    assert shown["actions"]["rejected"] == 1
    assert set(shown["actions"]) == {state.value for state in IntentState}
    assert shown["final_at"] == "2023-11-14T22:14:32Z"


def test_status__nothing_read_yet(cli, tmp_path):
    opened(tmp_path / "journal.sqlite3").close()
    ran = cli("journal", "status", "--journal", str(tmp_path / "journal.sqlite3"))
    assert "final       none yet" in ran.out
    assert "watcher     none runs" in ran.out


# --------------------------------------------------------------------------- history


def test_history__every_line_is_a_sentence(cli, path):
    shown = rows(cli("journal", "history", "--journal", str(path), "--format", "json"))
    assert [row["seq"] for row in shown] == list(range(1, len(shown) + 1))
    assert not [row["text"] for row in shown if row["text"].startswith("{")]
    texts = [row["text"] for row in shown]
    assert "blocks 0 to 4: 2 final events" in texts
    assert "attempt 1: sending (targets: 2)" in texts
    assert "attempt 1 ended, done: told" in texts
    assert "plan: Tell.; it would be refused: no" in texts
    assert "waiting -> rejected: rejected by anna: no" in texts
    assert "keys-low of provider:4 holds, since block 5" in texts
    assert "keys-low of provider:4 holds no more, since block 5" in texts
    assert "block 7: another chain behind block 7, 1 block left; 1 event vanished" in texts
    assert "blocks 5 to 6: 1 noticed event is final" in texts
    assert texts[-1] == "started (version: 0.1)"


def test_history__chosen_lines(cli, path):
    def seqs(*words):
        return [
            row["seq"]
            for row in rows(cli("journal", "history", "--journal", str(path), "--format=json", *words))
        ]

    whole = seqs()
    assert seqs("--last", "2") == whole[-2:]
    assert seqs("--kinds", "begun,ended") == [5, 7]
    assert seqs("--since", "1h") == []
    done = next(row for row in rows(cli("actions", "list", "--all", "--journal", str(path), "--format=json")))
    assert len(seqs("--action", done["id"][:8])) == 3
    assert cli("journal", "history", "--journal", str(path), "--last", "0").code == 2


def test_history__fits_a_narrow_terminal(cli, path, monkeypatch):
    monkeypatch.setattr("aztec_butler.cli.journal_commands.width", lambda: 72)
    out = cli("journal", "history", "--journal", str(path)).out
    assert max(map(len, out.splitlines())) <= 72
    assert "provider:4" in out


# --------------------------------------------------------------------------- verify and export


def test_verify__as_written__tells_the_last_hash_which_can_be_noted(cli, path):
    ran = cli("journal", "verify", "--journal", str(path), "--format", "json")
    answer = json.loads(ran.out)
    assert (ran.code, answer["rows"]) == (0, [])
    assert answer["head"] in ran.err
    assert cli("journal", "verify", "--journal", str(path), "--noted", answer["head"]).code == 0
    assert cli("journal", "verify", "--journal", str(path), "--noted", "00" * 32).code == 5
    assert cli("journal", "verify", "--journal", str(path), "--noted", "00").code == 2


def test_verify__changed_by_hand__exit_5_and_the_row(cli, path):
    connection = sqlite3.connect(path)
    connection.execute("UPDATE intents SET state = 'ready' WHERE state = 'rejected'")
    connection.commit()
    (changed,) = connection.execute("SELECT id FROM intents WHERE state = 'ready'").fetchone()
    connection.close()
    ran = cli("journal", "verify", "--journal", str(path), "--format", "json")
    assert ran.code == 5
    assert [(row["where"], row["which"]) for row in rows(ran)] == [("intent", changed)]
    assert changed in cli("journal", "verify", "--journal", str(path)).out


def test_export__can_be_proven_by_anybody(cli, path, tmp_path):
    target = tmp_path / "audit.jsonl"
    assert cli("journal", "export", "--journal", str(path), "--output", str(target)).code == 0
    text = cli("journal", "export", "--journal", str(path)).out
    assert target.read_text() == text
    previous = bytes(32)
    for number, line in enumerate(map(json.loads, text.splitlines()), start=1):
        told = json.dumps(
            [line[name] for name in ("seq", "at", "kind", "intent", "body")],
            sort_keys=True,
            separators=(",", ":"),
        )
        assert line["previous"] == previous.hex()
        previous = hashlib.sha256(previous + told.encode()).digest()
        assert (line["seq"], line["hash"]) == (number, previous.hex())
        assert canonical(json.loads(line["body"])) == line["body"]


def test_export__events_as_well(cli, path):
    lines = [
        json.loads(line)
        for line in cli("journal", "export", "--events", "--journal", str(path)).out.splitlines()
    ]
    events = {(each["block_number"], each["state"]): each for each in lines if "event" in each}
    assert set(events) == {(1, "final"), (2, "final"), (6, "final"), (7, "noticed"), (8, "retracted")}
    one = events[1, "final"]
    assert one["block_hash"] == block(1).hash
    assert (len(one["topics"]), one["log_index"], one["event"]) == (2, 0, "RollupSlashed")


def test_export__over_the_journal_itself__refused(cli, path):
    before = path.read_bytes()
    ran = cli("journal", "export", "--journal", str(path), "--output", str(path))
    assert ran.code == 2
    assert path.read_bytes() == before
