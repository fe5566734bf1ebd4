"""What the replay reads of logs, against the decoder of whole events."""

from __future__ import annotations

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st
from staking_story import ALICE, BOB, DEPLOYMENT, NEW, OLD, REGISTRY, ROLES, TOKEN, Story, account

from aztec_butler.core.contracts import CONTRACTS
from aztec_butler.core.errors import DecodeError
from aztec_butler.core.events import decode_log, record_type
from aztec_butler.core.events_fields import event_fields
from aztec_butler.core.history_events import REPLAYED, HistoryReader, replayed
from aztec_butler.core.logs import RawLog

READER = HistoryReader(DEPLOYMENT)
ADDRESSES = {role: address for address, role in ROLES.items()}
VALUES = {
    "address": st.integers(0, 2**160 - 1).map(lambda number: f"0x{number:040x}"),
    "uint256": st.integers(0, 2**256 - 1),
    "uint16": st.integers(0, 2**16 - 1),
    "address[]": st.lists(st.integers(0, 2**160 - 1).map(lambda number: f"0x{number:040x}"), max_size=5),
}


def value_of(kind) -> st.SearchStrategy:
    if kind.name.startswith("("):
        return st.tuples(*(value_of(component) for component in kind.components))
    return VALUES[kind.name]


@st.composite
def logs(draw) -> RawLog:
    role, name = draw(st.sampled_from(replayed()))
    event = CONTRACTS[role].event(name)
    values = {
        label: draw(value_of(parameter.type))
        for label, parameter in zip(event.labels, event.inputs, strict=True)
    }
    topics, data = event.encode(**values)
    return attrs.evolve(Story().queued(ALICE).logs[0], address=ADDRESSES[role], topics=topics, data=data)


@given(logs())
def test_read__any_log__gives_the_values_that_its_record_has(log):
    record = decode_log(log, ROLES)
    ((key, place, values),) = READER.read([log])
    ((same_key, position, same_values),) = READER.read([record])
    fields = REPLAYED[key[0]][key[1]]
    assert values == same_values == [getattr(record, name) for name in fields]
    assert (key, place, position) == (same_key, log, record.position)
    assert type(record) is record_type(*key)


@given(logs(), st.data())
def test_read__a_log_with_less_data_or_other_topics__is_an_error_that_names_it(log, data):
    broken = [attrs.evolve(log, topics=log.topics[:-1]), attrs.evolve(log, topics=(*log.topics, bytes(32)))]
    if log.data:
        broken.append(attrs.evolve(log, data=log.data[: data.draw(st.integers(0, len(log.data) - 1))]))
    for each in broken:
        if len(each.topics) == 1 or len(each.topics) > 4:
            continue
        with pytest.raises(DecodeError) as caught:
            list(READER.read([each]))
        assert caught.value.facts["log_index"] == log.log_index


def test_read__a_topic_with_more_than_an_address__is_an_error():
    log = Story().slashed(ALICE, TOKEN).logs[0]
    dirty = attrs.evolve(log, topics=(log.topics[0], b"\1" + log.topics[1][1:]))
    with pytest.raises(DecodeError, match="more than an address"):
        list(READER.read([dirty]))


def test_read__other_events_of_the_same_contracts__are_left_out():
    topics, data = CONTRACTS["rollup"].event("SlasherUpdated").encode(oldSlasher=ALICE, newSlasher=BOB)
    other = attrs.evolve(Story().queued(ALICE).logs[0], topics=topics, data=data)
    story = Story().queued(ALICE)
    assert [key for key, *_ in READER.read([other, *story.logs])] == [("rollup", "ValidatorQueued")]
    assert list(READER.read([decode_log(other, "rollup")])) == []
    topics, data = CONTRACTS["registry"].event("CanonicalRollupUpdated").encode(instance=OLD, version=1)
    assert list(READER.read([attrs.evolve(other, address=REGISTRY, topics=topics, data=data)])) == []


def test_read__unknown_event_contract_or_role__is_an_error():
    log = Story().queued(ALICE).logs[0]
    for strange in (
        attrs.evolve(log, topics=(bytes(32),)),
        attrs.evolve(log, topics=()),
        attrs.evolve(log, address=account(99)),
        attrs.evolve(log, address=REGISTRY),
    ):
        with pytest.raises(DecodeError):
            list(READER.read([strange]))
    record = decode_log(log, "rollup")
    for address in (account(99), REGISTRY):
        position = attrs.evolve(record.position, address=address)
        with pytest.raises(DecodeError, match="role"):
            list(READER.read([attrs.evolve(record, position=position)]))


def test_only__one_event__of_logs_and_records():
    story = Story().queued(ALICE).threshold(1, 2).queued(BOB, NEW).threshold(2, 3, NEW)
    items = [story.logs[0], story.logs[1], *(decode_log(log, ROLES) for log in story.logs[2:])]
    wanted = ("rollup", "LocalEjectionThresholdUpdated")
    assert list(READER.only(items, *wanted)) == [items[1], items[3]]


def test_replayed__fields__are_of_the_records():
    for role, name in replayed():
        known = [field.name for field in event_fields(CONTRACTS[role].event(name))]
        assert set(REPLAYED[role][name]) <= set(known)
