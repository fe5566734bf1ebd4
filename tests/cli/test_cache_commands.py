"""The commands around what is kept on this machine."""

from __future__ import annotations

import json

import pytest
from event_logs import GSE, ROLLUP, block_hash, slashed, tables

from aztec_butler.store.events import EventStore

CONTRACTS = {ROLLUP: "rollup", GSE: "gse"}


@pytest.fixture
def kept(tmp_path, monkeypatch):
    """A place with events of two chains."""
    place = tmp_path / "here"
    monkeypatch.setenv("AZTEC_BUTLER_EVENT_STORE", str(place))
    for chain_id, first in ((1, 10), (31_337, 20)):
        store = EventStore(place, chain_id=chain_id, genesis_hash=block_hash(0, chain_id % 256))
        store.commit(
            tables([slashed(block) for block in range(first, first + 5)]),
            contracts=CONTRACTS,
            events=["RollupSlashed", "GseDeposit"],
            first_block=first,
            last_block=first + 9,
            last_block_hash=block_hash(first + 9),
        )
    return place


def rows(ran):
    return json.loads(ran.out)["rows"]


def test_show__every_chain_and_event(cli, kept):
    ran = cli("cache", "show", "--format", "json")
    shown = [
        (row["chain_id"], row["event"], row["first_block"], row["last_block"], row["rows"])
        for row in rows(ran)
    ]
    assert shown == [
        (1, "GseDeposit", 10, 19, 0),
        (1, "RollupSlashed", 10, 19, 5),
        (31_337, "GseDeposit", 20, 29, 0),
        (31_337, "RollupSlashed", 20, 29, 5),
    ]
    assert f"10 rows of 4 kinds of events in 0.0 MB at {kept}" in ran.err
    assert rows(ran)[1]["bytes"] == sum(path.stat().st_size for path in kept.rglob("*.parquet")) // 2


def test_show__a_gap__is_told(cli, kept):
    store = EventStore(kept, chain_id=1, genesis_hash=block_hash(0, 1))
    end = {"first_block": 50, "last_block": 59, "last_block_hash": block_hash(59)}
    store.commit({}, contracts={ROLLUP: "rollup"}, events=["RollupSlashed"], **end)
    gaps = {
        row["event"]: (row["has_gaps"], row["last_block"])
        for row in rows(cli("cache", "show", "--format=json"))
        if row["chain_id"] == 1
    }
    assert gaps == {"GseDeposit": (False, 19), "RollupSlashed": (True, 59)}


def test_show__nothing_kept__an_empty_table(cli, tmp_path):
    ran = cli("cache", "show", "--event-store", str(tmp_path / "nowhere"))
    assert (ran.code, ran.out.count("\n")) == (0, 1)


def test_show__kept_nowhere__says_how_to_keep(cli):
    ran = cli("cache", "show", "--event-store", "none")
    assert (ran.code, ran.out) == (2, "")
    assert "--event-store" in ran.err


def test_verify__as_written__exit_0(cli, kept):
    ran = cli("cache", "verify")
    assert (ran.code, ran.err) == (0, "everything is as it was written\n")


def test_verify__a_damaged_file__exit_5_until_it_is_repaired(cli, kept):
    path = next(each for each in kept.rglob("*.parquet") if "31337" in str(each))
    content = bytearray(path.read_bytes())
    content[len(content) // 3] ^= 1
    path.write_bytes(content)
    ran = cli("cache", "verify", "--format", "json")
    assert ran.code == 5
    (row,) = rows(ran)
    assert (row["chain_id"], row["kind"], row["event"]) == (31_337, "damaged", "RollupSlashed")
    assert "--repair" in ran.err
    assert cli("cache", "verify", "--repair").code == 5
    assert cli("cache", "verify").code == 0


def test_clear__a_network__and_no_other(cli, kept):
    ran = cli("cache", "clear", "devnet")
    assert ran.code == 0
    assert "no longer kept of devnet: 5 rows" in ran.err
    assert {row["chain_id"] for row in rows(cli("cache", "show", "--format", "json"))} == {1}
    assert cli("cache", "clear", "devnet").err == "no longer kept of devnet: 0 rows of 0 kinds of events\n"


def test_clear__no_network__nothing_is_cleared(cli, kept):
    assert cli("cache", "clear").code == 2
    assert cli("cache", "clear", "mainet").code == 2
    assert len(rows(cli("cache", "show", "--format", "json"))) == 4
