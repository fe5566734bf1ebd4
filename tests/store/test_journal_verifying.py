"""Edits of a journal by hand: each is found, and the row is named."""

from __future__ import annotations

import random
import shutil
import sqlite3

import msgspec
import pytest
from journal_entries import GENESIS, NOW, began, condition, final, log, new, nothing_new, noticed, opened

from aztec_butler.core.errors import SettingsError
from aztec_butler.core.intents import IntentState, Mode
from aztec_butler.store.journal import Journal
from aztec_butler.store.journal_errors import JournalDamaged
from aztec_butler.store.journal_reading import JournalReader


@pytest.fixture(scope="module")
def template(tmp_path_factory):
    """A journal with a row of every kind."""
    path = tmp_path_factory.mktemp("journal") / "journal.sqlite3"
    with opened(path) as journal:
        journal.commit(final(log(1), log(2), upto=4, intents=[new(log(2), mode=Mode.APPROVE)]), now=NOW)
        asked = new(log(7), expires_at=NOW + 10**6, not_before=NOW)
        (told,) = journal.commit(noticed(log(6), log(7), log(8), upto=8, intents=[asked]), now=NOW).new
        journal.record_plan(told, summary="Tell.", lines=("one",), problems=(), now=NOW)
        number = journal.begin(told, now=NOW)
        journal.step(told, number, "sending", {"to": "log"}, now=NOW)
        journal.end(told, number, IntentState.READY, "no", next_at=NOW + 9, now=NOW)
        journal.commit(noticed(upto=7, retracted_above=7, reorg_depth=1), now=NOW)
        journal.commit(final(log(6), first=5, upto=6), now=NOW)
        both = (began(1), began(1, target="provider:5"))
        journal.commit(nothing_new(9, began=both), now=NOW)
        journal.commit(noticed(upto=10, ended=(condition("provider:5").key,)), now=NOW)
        assert journal.verify() == []
    return path


@pytest.fixture
def path(template, tmp_path):
    """A copy of it."""
    return shutil.copy(template, tmp_path / "journal.sqlite3")


def edit(path, *statements):
    """Change a journal as somebody with a SQLite shell would."""
    connection = sqlite3.connect(path, isolation_level=None)
    triggers = connection.execute("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'").fetchall()
    connection.execute("BEGIN")
    for name, _ in triggers:
        connection.execute(f"DROP TRIGGER {name}")
    for statement, *values in statements:
        assert connection.execute(statement, values).rowcount != 0, "the edit changed nothing"
    for _, sql in triggers:
        connection.execute(sql)
    connection.execute("COMMIT")
    connection.close()


def found(path):
    with JournalReader.read_only(path) as journal:
        return journal.verify()


def tables(path):
    connection = sqlite3.connect(path)
    names = [
        row[0] for row in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'").fetchall()
    ]
    columns = [
        (name, row[1], row[2], bool(row[5]))
        for name in names
        for row in connection.execute(f"PRAGMA table_info({name})").fetchall()
    ]
    connection.close()
    return columns


NAMES = {
    "audit": "audit",
    "tail": "audit",
    "meta": "meta",
    "checkpoint": "checkpoint",
    "window": "checkpoint",
    "events": "event",
    "event_packs": "event",
    "intents": "intent",
    "conditions": "condition",
}
"""What a finding calls the row of a table."""


def test_verify__any_column_of_any_row_changed__is_found_and_named(template, tmp_path):
    tried = 0
    for table, column, kind, is_key in tables(template):
        connection = sqlite3.connect(template)
        # The row id of a table that nothing refers to says nothing.
        is_free = (table, column) in {
            ("events", "id"),
            ("conditions", "id"),
            ("checkpoint", "id"),
            ("tail", "id"),
        }
        rows = [row[0] for row in connection.execute(f"SELECT rowid FROM {table}").fetchall()]
        connection.close()
        assert rows, table
        for row in [] if is_free else {rows[0], rows[-1]}:
            copy = shutil.copy(template, tmp_path / "copy.sqlite3")
            value = {
                "INTEGER": f"coalesce({column}, 0) + {1000 if is_key else 1}",
                "TEXT": f"coalesce({column}, '') || '0'",
                "BLOB": f"CAST({column} || x'00' AS BLOB)",
            }[kind]
            if (table, column) == ("events", "state"):
                value = "CASE state WHEN 'final' THEN 'retracted' ELSE 'final' END"
            edit(copy, (f"UPDATE {table} SET {column} = {value} WHERE rowid = {row}",))
            try:
                findings = found(copy)
            except JournalDamaged:
                assert table == "meta"
                continue
            assert NAMES[table] in {each.where for each in findings}, (table, column, row)
            tried += 1
    assert tried > 80


@pytest.mark.parametrize("table", NAMES)
def test_verify__a_row_deleted__is_found(path, table):
    if table == "meta":
        edit(path, ("DELETE FROM meta WHERE key = 'genesis_hash'",))
        with pytest.raises(JournalDamaged, match="as a watcher leaves it"):
            found(path)
        return
    edit(path, (f"DELETE FROM {table} WHERE rowid = (SELECT max(rowid) FROM {table})",))
    assert NAMES[table] in {each.where for each in found(path)}


ADDED = {
    "intents": "INSERT INTO intents SELECT '{}', kind, target, name, block_number, block_hash, transaction_hash,"
    " log_index, parameters, summary, not_before, expires_at, mode, answers, turn, created_at, created_seq, 'ready',"
    " reason, changed_at, changed_seq, next_at, attempts, failures, decided_by FROM intents LIMIT 1".format(
        "ab" * 16
    ),
    "events": "INSERT INTO events SELECT id + 100, block_number + 1, block_hash, transaction_hash, transaction_index,"
    " log_index, address, name, topics, data, timestamp, mark, seen_seq, state, end_seq FROM events LIMIT 1",
    "event_packs": "INSERT INTO event_packs SELECT 3, first_block, last_block, count, columns FROM event_packs LIMIT 1",
    "conditions": "INSERT INTO conditions SELECT id + 100, name, kind, target || '0', block_number, block_hash, intent,"
    " began_seq, ended_seq FROM conditions LIMIT 1",
    "window": "INSERT INTO window VALUES (99, '0x', '0x', 5)",
    "meta": "INSERT INTO meta VALUES ('note', 'x')",
}


@pytest.mark.parametrize("table", ADDED)
def test_verify__a_row_added__is_found(path, table):
    edit(path, (ADDED[table],))
    assert NAMES[table] in {each.where for each in found(path)}


def test_verify__an_intent_marked_done_by_hand__is_named_by_its_id(path):
    edit(path, ("UPDATE intents SET state = 'done' WHERE state = 'waiting' AND kind = 'notify'",))
    (finding,) = found(path)
    with JournalReader.read_only(path) as journal:
        (row,) = journal.intents(states=[IntentState.DONE])
    assert (finding.where, finding.which) == ("intent", row.id)
    assert "changed after line" in finding.reason


def test_verify__one_event_of_a_pack_changed__its_blocks_are_named(path):
    connection = sqlite3.connect(path)
    columns = msgspec.msgpack.decode(connection.execute("SELECT columns FROM event_packs").fetchone()[0])
    connection.close()
    columns[8][1] = columns[8][1][:-1] + b"\x07"
    edit(path, ("UPDATE event_packs SET columns = ?", msgspec.msgpack.encode(columns)))
    (finding,) = found(path)
    assert (finding.where, finding.which) == ("event", "blocks 0 to 4, line 2")


def test_verify__an_older_checkpoint_put_back__is_found(tmp_path):
    path = tmp_path / "journal.sqlite3"
    with opened(path) as journal:
        journal.commit(final(log(1), upto=4), now=NOW)
        row = journal._connection.execute("SELECT * FROM checkpoint").fetchone()
        journal.commit(final(log(5), first=5, upto=8), now=NOW)
    edit(
        path,
        ("DELETE FROM checkpoint",),
        (f"INSERT INTO checkpoint VALUES ({', '.join('?' * len(row))})", *row),
    )
    (finding,) = found(path)
    assert (finding.where, finding.reason) == ("checkpoint", "it is older than the audit says")


def test_verify__lines_cut_off_at_the_end__are_missed(path):
    edit(
        path,
        ("DELETE FROM audit WHERE seq = (SELECT max(seq) FROM audit)",),
    )
    assert any("lines after it are gone" in each.reason for each in found(path))
    with pytest.raises(JournalDamaged, match="as a watcher leaves it"):
        opened(path)


def test_verify__a_line_in_the_middle_gone__its_number_is_told(path):
    edit(path, ("DELETE FROM audit WHERE seq = 5",))
    first = next(each for each in found(path) if each.where == "audit")
    assert (first.which, first.reason) == ("6", "lines 5 to 5 are gone")


def test_verify__a_whole_chain_written_anew__is_found_by_a_noted_hash(path, tmp_path):
    with JournalReader.read_only(path) as journal:
        noted = journal.status().head
        assert journal.verify(noted=noted) == []
    forged = tmp_path / "forged.sqlite3"
    with opened(forged) as journal:
        journal.commit(final(log(1), upto=4), now=NOW)
        assert journal.verify() == []
        (finding,) = journal.verify(noted=noted)
    assert finding.reason == "no line has the hash that was noted"


def test_verify__a_guard_removed__is_found(path):
    connection = sqlite3.connect(path)
    connection.execute("DROP TRIGGER audit_delete")
    connection.commit()
    connection.close()
    (finding,) = found(path)
    assert (finding.where, finding.which, finding.reason) == ("schema", "audit_delete", "it is gone")


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM audit WHERE seq = 1",
        "UPDATE audit SET body = '{}'",
        "DELETE FROM events",
        "UPDATE events SET state = 'noticed'",
        "UPDATE events SET end_seq = 3 WHERE state = 'final'",
        "DELETE FROM event_packs",
        "UPDATE event_packs SET count = 1",
        "DELETE FROM intents",
        "UPDATE intents SET target = 'x'",
        "DELETE FROM conditions",
        "UPDATE conditions SET ended_seq = 1 WHERE ended_seq IS NOT NULL",
    ],
)
def test_guards__what_never_changes__cannot_be_changed(path, statement):
    connection = sqlite3.connect(path)
    with pytest.raises(sqlite3.IntegrityError):
        connection.execute(statement)
    connection.close()


def test_open__the_checkpoint_was_changed__refused(path):
    edit(path, ("UPDATE checkpoint SET noticed_number = noticed_number + 1",))
    for open_it in (opened, Journal.attach):
        with pytest.raises(JournalDamaged, match="as a watcher leaves it") as caught:
            open_it(path)
        assert caught.value.facts["reason"] == "its checkpoint was changed"
        assert caught.value.facts["file"] == path


def test_open__the_last_line_was_changed__refused(path):
    edit(path, ("UPDATE audit SET body = '{}' WHERE seq = (SELECT max(seq) FROM audit)",))
    with pytest.raises(JournalDamaged) as caught:
        opened(path)
    assert "of its audit was changed" in caught.value.facts["reason"]


def test_read__a_row_that_no_watcher_writes__the_file_is_named(path):
    edit(path, ("UPDATE intents SET state = 'odd'",))
    with JournalReader.read_only(path) as journal, pytest.raises(JournalDamaged) as caught:
        journal.intents()
    assert caught.value.facts["file"] == path


def content(path):
    """All that can be read of a journal."""
    connection = sqlite3.connect(path)
    connection.text_factory = bytes
    try:
        return {
            name: connection.execute(f"SELECT * FROM {name} ORDER BY 1").fetchall()
            for name in NAMES
            if name != "tail"
        }
    finally:
        connection.close()


def test_verify__bytes_of_the_file_flipped__nothing_else_is_ever_read_without_a_finding(template, tmp_path):
    before, raw = content(template), template.read_bytes()
    chance = random.Random(11)
    noticed_it = 0
    used = [place for place in range(100, len(raw)) if raw[place]]
    for place in chance.sample(used, 250):
        path = tmp_path / "flipped.sqlite3"
        flipped = bytearray(raw)
        flipped[place] ^= 1 << chance.randrange(8)
        path.write_bytes(flipped)
        try:
            if found(path):
                noticed_it += 1
                continue
        except SettingsError:  # it is no journal any more, and says so
            noticed_it += 1
            continue
        assert content(path) == before, f"byte {place}"
    assert noticed_it > 150


def test_verify__another_chain_in_its_first_rows__is_found(path):
    edit(path, ("UPDATE meta SET value = '5' WHERE key = 'chain_id'",))
    assert ("meta", "chain_id") in {(each.where, each.which) for each in found(path)}
    with pytest.raises(SettingsError, match="another chain"):
        opened(path)
    with pytest.raises(SettingsError, match="another chain"):
        opened(path, chain_id=5, genesis_hash=GENESIS.replace("9", "8"))
