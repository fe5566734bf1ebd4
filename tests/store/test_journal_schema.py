"""The journal's file: made whole, brought up to date, and refused when it is not what it should be."""

from __future__ import annotations

import shutil
import sqlite3

import pytest
from journal_entries import NOW, log, new, noticed, opened

from aztec_butler.core.errors import InputError, SettingsError
from aztec_butler.store import journal_schema
from aztec_butler.store.journal import Journal, journal_file
from aztec_butler.store.journal_errors import JournalDamaged, JournalUnwritable
from aztec_butler.store.journal_reading import JournalReader
from aztec_butler.store.journal_tables import MIGRATIONS

DOORS = {"open": opened, "attach": Journal.attach, "read": JournalReader.read_only}
NEXT = """
ALTER TABLE intents ADD COLUMN color TEXT

CREATE TABLE colors (name TEXT PRIMARY KEY) STRICT
"""


@pytest.fixture
def path(tmp_path):
    """A journal with something in it."""
    place = tmp_path / "journal.sqlite3"
    with opened(place) as journal:
        journal.commit(noticed(log(7), upto=7, intents=[new(log(7))]), now=NOW)
    return place


@pytest.fixture
def newer(monkeypatch):
    """This program with one more migration."""
    for module in ("journal_schema", "journal"):
        monkeypatch.setattr(f"aztec_butler.store.{module}.MIGRATIONS", (*MIGRATIONS, NEXT))


def test_journal_file__in_the_state_directory():
    assert journal_file("/var/lib/aztec-butler/mainnet").name == "journal.sqlite3"


def test_made__for_its_owner_alone_and_without_leftovers(tmp_path):
    path = tmp_path / "deep" / "state" / "journal.sqlite3"
    opened(path).close()
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert sorted(each.name for each in path.parent.iterdir()) == ["journal.sqlite3", "journal.sqlite3.lock"]


def test_made__after_a_crash_while_making_one__as_if_nothing_had_been(tmp_path):
    path = tmp_path / "journal.sqlite3"
    for ending in ("", "-journal", "-wal"):
        (tmp_path / f"journal.sqlite3.new{ending}").write_bytes(b"half of it")
    with opened(path) as journal:
        assert journal.verify() == []
    assert not (tmp_path / "journal.sqlite3.new").exists()


def test_made__only_beside_no_log_of_another_one(path):
    """SQLite would mix that log into the new file."""
    with opened(path) as journal:
        journal.commit(noticed(upto=9), now=NOW)
        shutil.copy(f"{path}-wal", f"{path}-kept")
    path.unlink()
    shutil.move(f"{path}-kept", f"{path}-wal")
    with pytest.raises(JournalDamaged) as caught:
        opened(path)
    assert "log" in caught.value.facts["reason"]
    assert not path.exists()


def test_made__where_a_file_is_in_the_way_of_its_folder__told(tmp_path):
    (tmp_path / "state").write_text("")
    with pytest.raises(JournalUnwritable):
        opened(tmp_path / "state" / "journal.sqlite3")


# --------------------------------------------------------------------------- what is no journal


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "empty"),
        (b"a diary, from 2024\n" * 300, "not a database"),
        ("torn", None),
        ("other", "another program"),
        ("half", None),
    ],
    ids=["empty", "text", "torn", "other", "half"],
)
def test_no_journal__named_and_left_as_it_is(path, door, content, reason):
    if content == "torn":
        content = path.read_bytes()[:100] + bytes(5000)
    elif content == "half":
        content = path.read_bytes()[: path.stat().st_size // 2 + 100]
    elif content == "other":
        other = path.with_name("other")
        connection = sqlite3.connect(other)
        connection.execute("CREATE TABLE meta (key, value)")
        connection.commit()
        connection.close()
        content = other.read_bytes()
    path.write_bytes(content)
    with pytest.raises(JournalDamaged) as caught:
        DOORS[door](path)
    assert caught.value.facts["file"] == path
    assert reason is None or reason in caught.value.facts["reason"]
    assert path.read_bytes() == content
    assert caught.value.exit_code == 2


@pytest.mark.parametrize("door", ["attach", "read"])
def test_no_file__told(tmp_path, door):
    with pytest.raises(InputError, match="no journal"):
        DOORS[door](tmp_path / "journal.sqlite3")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_in_its_place__told(tmp_path):
    (tmp_path / "journal.sqlite3").mkdir()
    with pytest.raises(JournalDamaged, match="as a watcher leaves it"):
        opened(tmp_path / "journal.sqlite3")


# --------------------------------------------------------------------------- versions


def test_migration__an_older_journal__is_brought_up_to_date_once(path, newer):
    steps = []
    with opened(path, on_step=steps.append) as journal:
        assert "migrating" in steps
        assert journal.verify() == []
        assert journal.status().version == 2
        assert [line.kind for line in journal.history()][-1] == "migrated"
    with opened(path) as journal:
        assert [line.kind for line in journal.history()].count("migrated") == 1


def test_migration__of_nothing__is_the_same_as_of_an_older_one(path, newer, tmp_path):
    opened(path).close()
    opened(tmp_path / "new.sqlite3").close()
    shapes = []
    for each in (path, tmp_path / "new.sqlite3"):
        connection = sqlite3.connect(each)
        shapes.append(journal_schema.schema_of(connection))
        connection.close()
    assert shapes[0] == shapes[1] == journal_schema.expected_schema()


def test_migration__ends_in_the_middle__the_journal_is_the_older_one(path, newer, monkeypatch):
    class Crash(Exception):
        pass

    def crash(name):
        raise Crash

    with pytest.raises(Crash):
        opened(path, on_step=crash)
    monkeypatch.undo()
    with opened(path) as journal:
        assert (journal.status().version, journal.verify()) == (1, [])
        assert len(journal.intents()) == 1


@pytest.mark.parametrize("door", ["attach", "read"])
def test_older__for_who_may_not_migrate__told(path, newer, door):
    with pytest.raises(SettingsError, match="older version"):
        DOORS[door](path)
    connection = sqlite3.connect(path)
    assert connection.execute("PRAGMA user_version").fetchone() == (1,)
    connection.close()


@pytest.mark.parametrize("door", DOORS)
def test_newer__refused(path, newer, door, monkeypatch):
    opened(path).close()
    monkeypatch.undo()
    with pytest.raises(SettingsError, match="newer version") as caught:
        DOORS[door](path)
    assert (caught.value.facts["version"], caught.value.facts["known"]) == (2, 1)
