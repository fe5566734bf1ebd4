"""Steps carry logs as columns; few of them become records, all of them go to the journal."""

import attrs
import pytest
from event_logs import GSE, OTHER_ROLLUP, ROLLUP, SOMEBODY, log
from hypothesis import given, settings
from hypothesis import strategies as st

from aztec_butler.core.columns_batch import UNTIMED, batches_of
from aztec_butler.core.columns_rows import lists_of, timed, untimed_blocks
from aztec_butler.core.errors import InputError
from aztec_butler.core.events import decode_log
from aztec_butler.store.journal_entry import SeenEvents
from aztec_butler.watcher.steps import EventRows, WatchedContract, events_of, watched_logs

ROLES = {ROLLUP: "rollup", OTHER_ROLLUP: "rollup", GSE: "gse"}
NAMES = [
    "RollupSlashed",
    "RollupDeposit",
    "RollupStakingQueueConfigUpdated",
    "GseDeposit",
    "RollupOwnershipTransferred",
]
WATCHED = watched_logs(
    [WatchedContract(address=address, role=role) for address, role in ROLES.items()], NAMES
)
OURS = ["0x" + f"{number:040d}" for number in (91, 92)]


def word(address):
    return bytes(12) + bytes.fromhex(address[2:])


@st.composite
def logs(draw):
    made = []
    for block in range(draw(st.integers(0, 12))):
        for index in range(draw(st.integers(0, 3))):
            name = draw(st.sampled_from(NAMES))
            who = draw(st.sampled_from([*OURS, SOMEBODY]))
            values = {"attester": who} if name in ("RollupSlashed", "RollupDeposit", "GseDeposit") else {}
            address = GSE if name.startswith("Gse") else draw(st.sampled_from([ROLLUP, OTHER_ROLLUP]))
            made.append(log(name, block, index, address=address, **values))
    return made


def name_of(raw):
    return type(decode_log(raw, ROLES)).__name__


@settings(max_examples=60, deadline=None)
@given(logs())
def test_seen__of_any_logs__is_what_a_journal_takes_one_by_one(raws):
    events = events_of(raws, WATCHED)
    assert len(events) == len(raws)
    seen, expected = events.seen(), SeenEvents.of([(name_of(raw), raw) for raw in raws])
    for field in attrs.fields(SeenEvents):
        assert list(getattr(seen, field.name)) == list(getattr(expected, field.name)), field.name


@settings(max_examples=60, deadline=None)
@given(logs(), st.sets(st.sampled_from(NAMES)), st.sets(st.sampled_from(OURS)))
def test_records__of_some_kinds_and_words__are_those_and_no_others(raws, always, ours):
    records = events_of(raws, WATCHED).records(always=always, words=[word(each) for each in ours])
    expected = [
        decode_log(raw, ROLES)
        for raw in raws
        if name_of(raw) in always
        or {word(each) for each in ours}
        & {*raw.topics[1:], *(raw.data[place : place + 32] for place in range(0, len(raw.data), 32))}
    ]
    assert records == expected
    assert events_of(raws, WATCHED).records() == [decode_log(raw, ROLES) for raw in raws]


def test_records__of_data_that_is_no_multiple_of_a_word__are_found_all_the_same():
    slash = log("RollupSlashed", 1, attester=OURS[0])
    odd = attrs.evolve(log("RollupSlashed", 1, 1), data=b"\x01" * 7)
    whole = attrs.evolve(log("RollupSlashed", 1, 2), data=word(OURS[1]))
    events = EventRows(batches=tuple(batches_of([odd, slash, whole])), roles=ROLES)
    found = events.records(always=[], words=[word(OURS[1])])
    assert [record.position.log_index for record in found] == [2]


def test_records__of_words_that_end_alike__are_told_apart():
    slashes = [log("RollupSlashed", 1, index, attester=OURS[index % 2]) for index in range(4)]
    alike = [word(OURS[0]), b"\x01" + word(OURS[0])[1:], b"\x02" + word(OURS[0])[1:]]
    events = events_of(slashes, WATCHED)
    assert [each.position.log_index for each in events.records(always=[], words=alike)] == [0, 2]
    assert events.records(always=[], words=alike[1:]) == []


def test_events__that_another_role_emits__are_left_out():
    of_gse = log("GseDeposit", 1, address=GSE)
    strange = attrs.evolve(of_gse, address=ROLLUP, log_index=1)  # the rollup has no such event
    assert len(events_of([of_gse, strange], WATCHED)) == 1


def test_events__of_nothing__are_empty():
    assert (len(EventRows()), len(EventRows().seen()), EventRows().records()) == (0, 0, [])
    assert lists_of([], {}) == {}


def test_records__of_a_name_that_is_none__are_refused():
    with pytest.raises(InputError, match="no such event"):
        events_of([log("GseDeposit", 1, address=GSE)], WATCHED).records(always=["GseDeposits"])


def test_timed__fills_in_what_the_source_did_not_tell():
    [batch] = batches_of([log("RollupSlashed", 7, timed=False), log("RollupSlashed", 8)])
    assert batch.block_timestamp[0] == UNTIMED
    assert untimed_blocks([batch]) == {7}
    after = timed(batch, {7: 123})
    assert untimed_blocks([after]) == set()
    assert after.block_timestamp.tolist() == [123, batch.block_timestamp[1]]


def test_watched_logs__of_names__ask_for_no_more_than_the_roles_have():
    watched = watched_logs([WatchedContract(address=GSE, role="gse")], ["staking"])
    assert {kind.role for kind in watched.kinds} == {"gse"}
    assert watched.filter().addresses == {GSE}
    both = watched_logs(
        [WatchedContract(address=GSE, role="gse"), WatchedContract(address=ROLLUP, role="rollup")],
        ["GseDeposit"],
    )
    assert both.addresses == (GSE,)


@pytest.mark.parametrize(
    ("contracts", "names"),
    [
        ([], ["staking"]),
        ([WatchedContract(address=GSE, role="gse")], ["RollupSlashed"]),
        ([WatchedContract(address=GSE, role="gs")], ["staking"]),
        ([WatchedContract(address="0x12", role="gse")], ["staking"]),
        ([WatchedContract(address=GSE, role="gse")] * 2, ["staking"]),
        ([WatchedContract(address=GSE, role="gse")], ["Slashd"]),
    ],
)
def test_watched_logs__that_make_no_sense__are_refused(contracts, names):
    with pytest.raises(InputError):
        watched_logs(contracts, names)
