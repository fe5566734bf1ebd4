"""Whatever happens to the files of an event store: wrong rows never come out of it, and the file is named."""

from __future__ import annotations

import json
import os
import shutil
import warnings
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from soak import made_logs
from soak.made_logs import CHAIN_ID, CONTRACTS, EVENTS, GENESIS_HASH, block_hash

from aztec_butler.core.errors import InputError
from aztec_butler.core.events_fields import record_names
from aztec_butler.store.events import BlocksMissing, EventStore, StoreWarning
from aztec_butler.store.events_manifest import _digest

LAST = 299
EMITTED = [event for event in EVENTS if event != "RollupBlockInvalidated"]
TRUTH = {event: table.to_pylist() for event, table in made_logs.tables(0, LAST).items()}


@pytest.fixture(autouse=True, scope="module")
def _no_waiting_for_disks():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda _: None)
        yield


def opened(root):
    return EventStore(root, chain_id=CHAIN_ID, genesis_hash=GENESIS_HASH)


def put(store, first, last):
    store.commit(
        made_logs.tables(first, last),
        contracts=CONTRACTS,
        events=EVENTS,
        first_block=first,
        last_block=last,
        last_block_hash=block_hash(last),
    )


@pytest.fixture(scope="module")
def original(tmp_path_factory):
    """A dataset of one compacted commit and one that is not."""
    root = tmp_path_factory.mktemp("original")
    store = opened(root)
    put(store, 0, 99)
    put(store, 100, 199)
    store.compact()
    put(store, 200, LAST)
    return root


@pytest.fixture
def root(original, tmp_path):
    return copied(original, tmp_path)


def copied(original, below):
    root = below / "copy"
    shutil.rmtree(root, ignore_errors=True)
    shutil.copytree(original, root)
    return root


def files(root):
    return sorted(path for path in root.rglob("*") if path.is_file() and path.name != "lock")


def read(store, event, first=0, last=LAST):
    return store.read(
        event, addresses=made_logs.addresses(event), first_block=first, last_block=last
    ).to_pylist()


def recovered(root):
    """Read as a user does, fetching what is missing: every row read has to be right.

    Returns:
        The warnings, and the ranges that were fetched.
    """
    store, fetched = opened(root), []
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        for event in EMITTED:
            for _ in range(9):
                for first, last in store.missing(CONTRACTS, EVENTS, 0, LAST):
                    put(store, first, last)
                    fetched.append((first, last))
                try:
                    assert read(store, event) == TRUTH[event]
                    break
                except BlocksMissing:
                    continue
            else:
                pytest.fail("it does not heal")
    assert all(issubclass(each.category, StoreWarning) for each in told)
    return [str(each.message) for each in told], fetched


def flip(path, place, mask=0xFF):
    content = bytearray(path.read_bytes())
    content[place] ^= mask
    path.write_bytes(content)


@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_read__a_byte_of_any_file_was_changed__is_right_and_names_the_file(original, tmp_path_factory, data):
    root = copied(original, tmp_path_factory.getbasetemp() / "flip")
    path = data.draw(st.sampled_from(files(root)).map(lambda path: path.relative_to(root)), label="file")
    place = data.draw(st.integers(0, (root / path).stat().st_size - 1), label="byte")
    flip(root / path, place, data.draw(st.integers(1, 255), label="mask"))
    problems = opened(root)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert path.name in {Path(problem.path).name for problem in problems.verify()}
    told, fetched = recovered(root)
    # Parquet's mark at the begin of a file is read by nobody.
    assert (len(told), len(fetched)) == (1, 1) or (path.suffix == ".parquet" and place < 4)
    assert all(str(path) in each for each in told)


@settings(max_examples=20, deadline=None)
@given(data=st.data())
def test_read__a_file_of_another_length__is_right_and_names_the_file(original, tmp_path_factory, data):
    root = copied(original, tmp_path_factory.getbasetemp() / "cut")
    path = data.draw(st.sampled_from(files(root)).map(lambda path: path.relative_to(root)), label="file")
    size = data.draw(st.integers(0, (root / path).stat().st_size + 99), label="size")
    before = (root / path).stat().st_size
    os.truncate(root / path, size)  # longer is filled with zeros
    told, fetched = recovered(root)
    assert len(told) == len(fetched) == (size != before)
    assert all(str(path) in each for each in told)


def test_read__any_file_is_gone__is_right_and_names_a_data_file(original, tmp_path):
    for path in [path.relative_to(original) for path in files(original)]:
        root = copied(original, tmp_path)
        (root / path).unlink()
        told, fetched = recovered(root)
        assert len(fetched) == 1
        assert len(told) == (path.suffix == ".parquet")
        assert all(str(path) in each and "gone" in each for each in told)


def test_read__two_files_changed_places__is_right(original, tmp_path):
    first, *others = [path.relative_to(original) for path in files(original)]
    for other in others:
        root = copied(original, tmp_path)
        (root / first).rename(root / "x")
        (root / other).rename(root / first)
        (root / "x").rename(root / other)
        told, _ = recovered(root)
        assert len(told) >= 1


def test_read__a_file_edited_with_pandas__is_right_and_names_it(root):
    path = next(path for path in files(root) if "RollupDeposit" in str(path))
    frame = pd.read_parquet(path)
    frame.loc[0, "attester"] = frame.loc[1, "attester"]
    frame.to_parquet(path)
    told, fetched = recovered(root)
    assert len(told) == len(fetched) == 1
    assert str(path) in told[0]


def test_read__a_folder_where_a_file_was__is_right(root):
    path = next(path for path in files(root) if path.suffix == ".parquet")
    path.unlink()
    path.mkdir()
    told, fetched = recovered(root)
    assert len(told) == len(fetched) == 1


def test_missing__after_damage_was_found__is_the_blocks_of_that_file_only(root):
    path = next(
        path for path in files(root) if path.suffix == ".parquet" and "TokenTransfer/200" in str(path)
    )
    flip(path, 100)
    store = opened(root)
    rows = [row["block_number"] for row in TRUTH["TokenTransfer"] if row["block_number"] >= 200]
    assert store.missing(CONTRACTS, EVENTS, 0, LAST) == []
    with pytest.warns(StoreWarning, match=path.name), pytest.raises(BlocksMissing) as caught:
        read(store, "TokenTransfer")
    assert caught.value.ranges == [(min(rows), max(rows))]
    # Everybody knows it now, without another word.
    assert opened(root).missing(CONTRACTS, EVENTS, 0, LAST) == [(min(rows), max(rows))]
    assert read(opened(root), "RollupDeposit") == TRUTH["RollupDeposit"]
    assert read(opened(root), "TokenTransfer", 0, min(rows) - 1) == [
        row for row in TRUTH["TokenTransfer"] if row["block_number"] < min(rows)
    ]


def test_read__damage_in_a_part_not_asked_for__does_not_disturb(root):
    path = next(
        path for path in files(root) if path.suffix == ".parquet" and "TokenTransfer/200" in str(path)
    )
    flip(path, 100)
    assert read(opened(root), "TokenTransfer", 0, 199)


def test_read__damaged_but_a_second_commit_has_the_blocks__is_read_from_there(root):
    store = opened(root)
    put(store, 150, LAST)
    path = next(
        path for path in files(root) if path.suffix == ".parquet" and "TokenTransfer/200" in str(path)
    )
    flip(path, 100)
    put(store, 200, LAST)
    with warnings.catch_warnings(record=True):
        warnings.simplefilter("always")
        assert read(store, "TokenTransfer") == TRUTH["TokenTransfer"]


@pytest.mark.parametrize("how", ["gone", "damaged"])
def test_read__a_file_whose_blocks_a_second_commit_has__is_told_where_it_is_damage(root, how):
    """Gone it is where two machines tidied up at once, too: nothing happened, and nothing has to be fetched."""
    store = opened(root)
    put(store, 150, LAST)
    put(store, 200, LAST + 1)  # which reaches farther, and so is read
    path = max(
        (path for path in files(root) if path.suffix == ".parquet" and "TokenTransfer/200" in str(path)),
        key=lambda path: path.stat().st_mtime_ns,
    )
    path.unlink() if how == "gone" else flip(path, 100)
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        assert read(store, "TokenTransfer") == TRUTH["TokenTransfer"]
        assert store.missing(CONTRACTS, EVENTS, 0, LAST) == []
    assert [
        str(path) in str(each.message) and "in another file, too" in str(each.message) for each in told
    ] == ([] if how == "gone" else [True])


def test_missing__two_find_the_same_file_gone__one_of_them_says_so(root, monkeypatch):
    store, other = opened(root), opened(root)
    path = next(path for path in files(root) if "TokenTransfer/200" in str(path))
    path.unlink()
    lost = store._dataset.lost

    def found_by_another_too(wanted):
        found = lost(wanted)
        if found:
            with pytest.warns(StoreWarning, match=path.name):
                assert other.missing(CONTRACTS, EVENTS, 0, LAST) != []
        return found

    monkeypatch.setattr(store._dataset, "lost", found_by_another_too)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert store.missing(CONTRACTS, EVENTS, 0, LAST) == other.missing(CONTRACTS, EVENTS, 0, LAST)


def test_repair__damage_and_leftovers__are_gone_and_only_their_blocks_missing(root):
    path = next(
        path for path in files(root) if path.suffix == ".parquet" and "TokenTransfer/200" in str(path)
    )
    flip(path, 100)
    leftover = root / path.parent / "0-9-abc.parquet"
    leftover.write_bytes(b"x")
    half = root / path.parent / ".0-9.parquet.12345678.part"
    half.write_bytes(b"x")
    store = opened(root)
    assert {problem.kind for problem in store.verify()} == {"damaged"}  # young files may be somebody's
    found = store.repair(leftover_after_seconds=0)
    assert sorted((problem.kind, Path(problem.path).name) for problem in found) == sorted(
        [
            ("damaged", path.name),
            ("leftover", leftover.name),
            ("leftover", half.name),
        ]
    )
    assert not any(each.exists() for each in (path, leftover, half))
    assert store.verify(leftover_after_seconds=0) == []
    assert len(store.missing(CONTRACTS, EVENTS, 0, LAST)) == 1
    assert recovered(root)[0] == []


def test_repair__a_damaged_commit__is_gone_with_its_files(root):
    newest = max(path for path in files(root) if path.suffix == ".json")
    flip(newest, 50)
    store = opened(root)
    with pytest.warns(StoreWarning, match=newest.name):
        found = store.repair(leftover_after_seconds=0)
    assert [problem.kind for problem in found].count("damaged") == 1
    assert not newest.exists()
    assert store.verify(leftover_after_seconds=0) == []
    assert store.missing(CONTRACTS, EVENTS, 0, LAST) == [(200, LAST)]


def test_verify__two_commits_that_contradict__are_told(root):
    store = opened(root)
    store.commit(
        {},
        contracts=CONTRACTS,
        events=["TokenTransfer"],
        first_block=0,
        last_block=150,
        last_block_hash=block_hash(150),
    )
    (problem,) = store.verify()
    assert (problem.kind, problem.event, problem.first_block, problem.last_block) == (
        "contradiction",
        "TokenTransfer",
        0,
        150,
    )


def test_version__older__is_set_aside_and_fetched_again(root, monkeypatch):
    monkeypatch.setattr("aztec_butler.store.events_manifest.VERSION", 2)
    store = opened(root)
    with pytest.warns(StoreWarning, match="older version"):
        assert store.missing(CONTRACTS, EVENTS, 0, LAST) == [(0, LAST)]
    put(store, 0, LAST)
    assert read(store, "TokenTransfer") == TRUTH["TokenTransfer"]
    store.repair(leftover_after_seconds=0)
    assert store.verify(leftover_after_seconds=0) == []
    assert read(store, "TokenTransfer") == TRUTH["TokenTransfer"]


def test_commit__whole_but_without_what_this_version_needs__is_set_aside_and_fetched_again(root):
    shutil.rmtree(root)
    put(opened(root), 0, LAST)
    (path,) = (root / "events").glob("*/commits/*.json")
    document = json.loads(path.read_bytes())
    del document["files"][0]["crc"]
    content = json.dumps(document).encode()
    path.unlink()
    time, _, _ = path.name.partition("-")
    (path.parent / f"{time}-{_digest(content)}.json").write_bytes(content)
    store = opened(root)
    with pytest.warns(StoreWarning, match="something else than this version writes"):
        assert store.missing(CONTRACTS, EVENTS, 0, LAST) == [(0, LAST)]
    put(store, 0, LAST)
    assert read(store, "TokenTransfer") == TRUTH["TokenTransfer"]


def test_columns__of_another_release__are_set_aside_and_fetched_again(root, monkeypatch):
    monkeypatch.setattr(
        "aztec_butler.store.events_dataset.fingerprint",
        lambda event: "another" if event == "RollupDeposit" else _usual(event),
    )
    store = opened(root)
    with pytest.warns(StoreWarning, match="columns of another version"):
        assert store.missing(CONTRACTS, EVENTS, 0, LAST) != []
    assert read(store, "TokenTransfer") == TRUTH["TokenTransfer"]


def _usual(event):
    from aztec_butler.store.events_schema import fingerprint

    return fingerprint(event)


def test_compact__an_event_that_a_newer_release_has__is_left_to_it(root, monkeypatch):
    put(opened(root), 0, 50)
    before = {path.name for path in files(root)}
    names = {name: each for name, each in record_names().items() if name != "RollupDeposit"}
    monkeypatch.setattr("aztec_butler.store.events_compaction.record_names", lambda: names)
    opened(root).compact()
    assert {path.name for path in files(root)} == before
    monkeypatch.undo()
    opened(root).compact()
    assert len(files(root)) == len(EMITTED) + 1
    assert recovered(root) == ([], [])


def test_compact__files_nobody_needs_for_a_day__are_removed(root):
    old, young = (root / "events" / f"{CHAIN_ID}-5e5e5e5e" / name for name in ("old.part", "young.part"))
    for path in (old, young):
        path.write_bytes(b"")
    os.utime(old, (0, 0))
    opened(root).compact()
    assert (old.exists(), young.exists()) == (False, True)


def test_folder__of_another_chain_by_name__is_not_believed(original, tmp_path):
    root = copied(original, tmp_path)
    (dataset,) = (root / "events").iterdir()
    other = GENESIS_HASH[:10] + "00" * 28  # the same eight digits
    with pytest.warns(StoreWarning, match="another chain"):
        missing = EventStore(root, chain_id=CHAIN_ID, genesis_hash=other).missing(CONTRACTS, EVENTS, 0, LAST)
    assert dataset.exists()
    assert missing == [(0, LAST)]


def test_read_only__damage__is_remembered_by_the_reader(root, monkeypatch):
    path = next(
        path for path in files(root) if path.suffix == ".parquet" and "TokenTransfer/200" in str(path)
    )
    flip(path, 100)
    store = opened(root)

    def refuse(*_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("aztec_butler.store.events_folder.write_whole", refuse)
    with pytest.warns(StoreWarning, match=path.name), pytest.raises(BlocksMissing):
        read(store, "TokenTransfer")
    with pytest.raises(BlocksMissing):  # and no second warning
        read(store, "TokenTransfer")
    assert store.missing(CONTRACTS, EVENTS, 0, LAST) != []
    with pytest.raises(InputError, match="cannot be written"):
        put(store, 200, LAST)
