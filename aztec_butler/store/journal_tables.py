"""The journal's tables, and how older ones become newer ones.

Plain tables, so that ``sqlite3`` shows them to whoever has to look. What must never change is guarded by triggers; the
audit proves that nobody went round them.
"""

from __future__ import annotations

from typing import Final

# What an empty line parts is run on its own.
_FIRST: Final = """
CREATE TABLE meta (
    key TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT

CREATE TABLE audit (
    seq INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,
    kind TEXT NOT NULL,
    intent TEXT,
    body TEXT NOT NULL,
    previous BLOB NOT NULL,
    hash BLOB NOT NULL
) STRICT

CREATE INDEX audit_intent ON audit (intent) WHERE intent IS NOT NULL

CREATE TABLE tail (  -- the last line once more, so that lines cut off at the end are missed
    id INTEGER PRIMARY KEY CHECK (id = 1),
    seq INTEGER NOT NULL,
    hash BLOB NOT NULL
) STRICT

CREATE TRIGGER audit_tail AFTER INSERT ON audit
BEGIN INSERT OR REPLACE INTO tail VALUES (1, NEW.seq, NEW.hash); END

CREATE TRIGGER audit_update BEFORE UPDATE ON audit
BEGIN SELECT RAISE(ABORT, 'lines of the audit do not change'); END

CREATE TRIGGER audit_delete BEFORE DELETE ON audit
BEGIN SELECT RAISE(ABORT, 'lines of the audit stay'); END

CREATE TABLE checkpoint (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    final_number INTEGER,
    final_hash TEXT,
    final_parent TEXT,
    final_timestamp INTEGER,
    noticed_number INTEGER,
    noticed_hash TEXT,
    noticed_parent TEXT,
    noticed_timestamp INTEGER,
    watched TEXT NOT NULL,
    audit_seq INTEGER NOT NULL,
    mark TEXT NOT NULL
) STRICT

CREATE TABLE window (  -- of the checkpoint; apart, so that a new head does not write all of it again
    number INTEGER PRIMARY KEY,
    hash TEXT NOT NULL,
    parent_hash TEXT NOT NULL,
    timestamp INTEGER NOT NULL
) STRICT

CREATE TABLE events (  -- those that were noticed before they were final: each may vanish
    id INTEGER PRIMARY KEY,
    block_number INTEGER NOT NULL,
    block_hash BLOB NOT NULL,
    transaction_hash BLOB NOT NULL,
    transaction_index INTEGER NOT NULL,
    log_index INTEGER NOT NULL,
    address BLOB NOT NULL,
    name TEXT NOT NULL,
    topics BLOB NOT NULL,
    data BLOB NOT NULL,
    timestamp INTEGER NOT NULL,
    mark BLOB NOT NULL,
    seen_seq INTEGER NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('noticed', 'final', 'retracted')),
    end_seq INTEGER
) STRICT

CREATE INDEX events_block ON events (block_number)

CREATE INDEX events_noticed ON events (block_number) WHERE state = 'noticed'

CREATE TRIGGER events_update BEFORE UPDATE ON events
WHEN OLD.state <> 'noticed' OR NEW.state = 'noticed' OR NEW.end_seq IS NULL
    OR NEW.id <> OLD.id OR NEW.mark <> OLD.mark OR NEW.seen_seq <> OLD.seen_seq
BEGIN SELECT RAISE(ABORT, 'an event becomes final or vanishes, once'); END

CREATE TRIGGER events_delete BEFORE DELETE ON events
BEGIN SELECT RAISE(ABORT, 'events stay'); END

CREATE TABLE event_packs (  -- those that were final when first seen; columns in MessagePack, a commit's in a row
    seq INTEGER PRIMARY KEY,
    first_block INTEGER NOT NULL,
    last_block INTEGER NOT NULL,
    count INTEGER NOT NULL,
    columns BLOB NOT NULL
) STRICT

CREATE TRIGGER event_packs_update BEFORE UPDATE ON event_packs
BEGIN SELECT RAISE(ABORT, 'final events do not change'); END

CREATE TRIGGER event_packs_delete BEFORE DELETE ON event_packs
BEGIN SELECT RAISE(ABORT, 'events stay'); END

CREATE TABLE intents (
    id TEXT PRIMARY KEY,
    kind TEXT NOT NULL,
    target TEXT NOT NULL,
    name TEXT NOT NULL,
    block_number INTEGER NOT NULL,
    block_hash TEXT NOT NULL,
    transaction_hash TEXT NOT NULL,
    log_index INTEGER NOT NULL,
    parameters TEXT NOT NULL,
    summary TEXT NOT NULL,
    not_before INTEGER,
    expires_at INTEGER,
    mode TEXT NOT NULL,
    answers TEXT,
    turn TEXT,
    created_at INTEGER NOT NULL,
    created_seq INTEGER NOT NULL,
    state TEXT NOT NULL,
    reason TEXT NOT NULL,
    changed_at INTEGER NOT NULL,
    changed_seq INTEGER NOT NULL,
    next_at INTEGER,
    attempts INTEGER NOT NULL,
    failures INTEGER NOT NULL,
    decided_by TEXT
) STRICT

CREATE INDEX intents_state ON intents (state)

CREATE INDEX intents_cause ON intents (block_hash, log_index)

CREATE INDEX intents_answers ON intents (answers) WHERE answers IS NOT NULL

CREATE TRIGGER intents_update BEFORE UPDATE OF id, kind, target, name, block_number, block_hash, transaction_hash,
    log_index, parameters, summary, not_before, expires_at, mode, answers, turn, created_at, created_seq ON intents
BEGIN SELECT RAISE(ABORT, 'what an intent is does not change'); END

CREATE TRIGGER intents_delete BEFORE DELETE ON intents
BEGIN SELECT RAISE(ABORT, 'intents stay'); END

CREATE TABLE conditions (  -- each time that one began to hold
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    kind TEXT NOT NULL,
    target TEXT NOT NULL,
    block_number INTEGER NOT NULL,
    block_hash TEXT NOT NULL,
    intent TEXT,
    began_seq INTEGER NOT NULL,
    ended_seq INTEGER
) STRICT

CREATE UNIQUE INDEX conditions_open ON conditions (name, kind, target) WHERE ended_seq IS NULL

CREATE TRIGGER conditions_update BEFORE UPDATE ON conditions
WHEN OLD.ended_seq IS NOT NULL OR NEW.ended_seq IS NULL OR NEW.id <> OLD.id OR NEW.began_seq <> OLD.began_seq
BEGIN SELECT RAISE(ABORT, 'a condition ends once'); END

CREATE TRIGGER conditions_delete BEFORE DELETE ON conditions
BEGIN SELECT RAISE(ABORT, 'conditions stay'); END
"""

MIGRATIONS: tuple[str, ...] = (_FIRST,)
"""What makes version 1 of nothing, 2 of 1, and so on; ``user_version`` says how many were done."""
