"""One raw log to the record of its event."""

import pickle
import subprocess
import sys

import attrs
import eth_abi
import pytest
from hexbytes import HexBytes
from hypothesis import given, settings
from hypothesis import strategies as st
from web3 import Web3
from web3.datastructures import AttributeDict

from aztec_butler.core import events
from aztec_butler.core.abi_structs import Array, Tuple
from aztec_butler.core.contracts import CONTRACTS
from aztec_butler.core.errors import DecodeError, InputError
from aztec_butler.core.events_fields import event_fields, record_names
from aztec_butler.core.hexes import checksum_address

ATTESTER = "0xA27EC0006e59f245217Ff08CD52A7E8b169E62D2"
ROLLUP = "0x603bb2c05D474794ea97805e8De69bCcFb3bCA12"
# Source: keccak of Slashed(address,uint256), as cast prints it.
SLASHED_TOPIC = "0x4ed05e9673c26d2ed44f7ef6a7f2942df0ee3b5e1e17db4b99f9dcd261a339cd"
NAMES = sorted(record_names())
POSITION = events.Position(
    address=ROLLUP,
    block_number=24_000_000,
    block_hash="0x" + "ab" * 32,
    transaction_hash="0x" + "cd" * 32,
    transaction_index=3,
    log_index=17,
)


def slashed(**changes):
    return {
        "address": ROLLUP.lower(),
        "topics": [SLASHED_TOPIC, "0x" + "00" * 12 + ATTESTER[2:].lower()],
        "data": "0x" + (2000 * 10**18).to_bytes(32, "big").hex(),
        "blockNumber": "0x16e3600",
        "blockHash": "0x" + "ab" * 32,
        "transactionHash": "0x" + "cd" * 32,
        "transactionIndex": "0x3",
        "logIndex": "0x11",
        "removed": False,
    } | changes


def values_of(of):
    """Any value of an ABI type."""
    if isinstance(of, Array):
        return st.lists(values_of(of.item), max_size=4).map(tuple)
    if isinstance(of, Tuple):
        return st.tuples(*map(values_of, of.components))
    if of.name == "address":
        return st.binary(min_size=20, max_size=20).map(checksum_address)
    if of.name == "bool":
        return st.booleans()
    if of.name == "bytes":
        return st.binary(max_size=70)
    if of.name.startswith("bytes"):
        return st.binary(min_size=of.size, max_size=of.size)
    edge = st.sampled_from([0, 1, 2**of.bits - 1, 2 ** (of.bits - 1)])
    return st.one_of(st.integers(0, 2**of.bits - 1), edge)


def records(name):
    """Any record of an event."""
    kind = getattr(events, name)
    fields = {field.name: values_of(field.type) for field in event_fields(kind.event)}
    positions = st.builds(attrs.evolve, st.just(POSITION), block_number=st.integers(0, 2**40))
    return st.builds(kind, position=positions, **fields)


def json_log(raw):
    return {
        "address": raw.address.lower(),
        "topics": ["0x" + topic.hex() for topic in raw.topics],
        "data": "0x" + raw.data.hex(),
        "blockNumber": hex(raw.block_number),
        "blockHash": raw.block_hash,
        "transactionHash": raw.transaction_hash,
        "transactionIndex": hex(raw.transaction_index),
        "logIndex": hex(raw.log_index),
        "removed": False,
    }


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=8, deadline=None)
@given(data=st.data())
def test_decode__what_encode_wrote__is_the_record(name, data):
    record = data.draw(records(name))
    raw = events.encode(record)
    role = type(record).role
    assert events.decode_log(raw, role) == record
    decoded = events.decode_log(json_log(raw), {ROLLUP.lower(): role})
    assert decoded == record
    assert pickle.loads(pickle.dumps(decoded)) == record


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=2, deadline=None)
@given(data=st.data())
def test_decode__against_eth_abi__has_equal_values(name, data):
    record = data.draw(records(name))
    raw = events.encode(record)
    plain = [p for p in type(record).event.inputs if not p.indexed]
    indexed = [p for p in type(record).event.inputs if p.indexed]
    theirs = dict(
        zip((p.name for p in plain), eth_abi.decode([p.type.name for p in plain], raw.data), strict=True)
    )
    for p, topic in zip(indexed, raw.topics[1:], strict=True):
        theirs[p.name] = eth_abi.decode([p.type.name], topic)[0]
    for field in event_fields(type(record).event):
        ours = getattr(events.decode_log(raw, type(record).role), field.name)
        assert lowered(ours) == lowered(theirs[field.label])


def lowered(value):
    if isinstance(value, str):
        return value.lower()
    return tuple(map(lowered, value)) if isinstance(value, tuple) else value


@pytest.mark.parametrize("role", [role for role, contract in CONTRACTS.items() if contract.events])
def test_decode__logs_as_web3_hands_them__equals_its_own_decoding(role):
    for event in CONTRACTS[role].events:
        kind = events.record_of(role, event)
        example = {field.name: example_of(field.type) for field in event_fields(event)}
        raw = events.encode(kind(position=POSITION, **example))
        log = AttributeDict(
            {
                "address": raw.address,
                "topics": [HexBytes(topic) for topic in raw.topics],
                "data": HexBytes(raw.data),
                "blockNumber": raw.block_number,
                "blockHash": HexBytes(raw.block_hash),
                "transactionHash": HexBytes(raw.transaction_hash),
                "transactionIndex": raw.transaction_index,
                "logIndex": raw.log_index,
                "removed": False,
            }
        )
        theirs = Web3().eth.contract(abi=[event.to_json_abi()]).events[event.name]().process_log(log)["args"]
        ours = events.decode_log(log, role)
        assert {
            field.label: plain(getattr(ours, field.name), field.type) for field in event_fields(event)
        } == {name: frozen(value) for name, value in theirs.items()}


def plain(value, of):
    """A value as web3 gives it, structs as dicts."""
    if isinstance(of, Array):
        return tuple(plain(item, of.item) for item in value)
    if isinstance(of, Tuple):
        return {k: plain(v, t) for k, v, t in zip(of.labels, value, of.components, strict=True)}
    return value


def frozen(value):
    if isinstance(value, list | tuple):
        return tuple(frozen(item) for item in value)
    if hasattr(value, "items"):
        return {name: frozen(item) for name, item in value.items()}
    return bytes(value) if isinstance(value, bytes) else value


def example_of(of):
    if isinstance(of, Array):
        return (example_of(of.item),) * 3
    if isinstance(of, Tuple):
        return tuple(map(example_of, of.components))
    if of.name == "address":
        return ATTESTER
    if of.name == "bool":
        return True
    if of.name.startswith("bytes"):
        return b"\x5a" * getattr(of, "size", 33)
    return 2**of.bits - 7


def test_decode__json_log__reads_well():
    record = events.decode_log(slashed(), "rollup")
    assert isinstance(record, events.RollupSlashed)
    assert (record.attester, record.amount_wei) == (ATTESTER, 2000 * 10**18)
    assert record.position == POSITION
    assert repr(record) == (
        f"<RollupSlashed block 24000000 log 17: attester={ATTESTER}, amount_wei=2000000000000000000000>"
    )
    assert record.values() == {"attester": ATTESTER, "amount_wei": 2000 * 10**18}


def test_decode__block_timestamp__is_kept():
    assert events.decode_log(slashed(blockTimestamp="0x10"), "rollup").position.block_timestamp == 16


@pytest.mark.parametrize(
    "changes",
    [
        {"topics": ["0x" + "11" * 32]},
        {"topics": []},
        {"topics": [SLASHED_TOPIC]},
        {"topics": [SLASHED_TOPIC, "0x" + "01" * 32]},
        {"data": "0x"},
        {"data": "0x" + "00" * 31},
        {"data": "0x" + "00" * 64},
    ],
    ids=["unknown", "anonymous", "few topics", "dirty", "no data", "short", "long"],
)
def test_decode__log_that_does_not_fit__is_named_or_set_apart(changes):
    with pytest.raises(DecodeError) as caught:
        events.decode_log(slashed(**changes), "rollup")
    facts = caught.value.facts
    assert (facts["block_number"], facts["log_index"]) == (24_000_000, 17)
    assert facts["transaction_hash"] == "0x" + "cd" * 32
    good, bad = events.decode_logs([slashed(), slashed(**changes)], "rollup", strict=False)
    assert isinstance(good, events.RollupSlashed)
    assert isinstance(bad, events.UndecodedLog)
    assert (bad.log.log_index, bad.reason) == (17, caught.value.sentence)


@pytest.mark.parametrize(
    "changes",
    [
        {"removed": True},
        {"blockNumber": None},
        {"blockNumber": "24"},
        {"blockNumber": -1},
        {"logIndex": True},
        {"topics": ["0x12"]},
        {"topics": ["0x" + "11" * 32] * 5},
        {"address": "0x12"},
        {"data": None},
    ],
)
def test_decode__no_mined_log__is_refused_even_when_lenient(changes):
    with pytest.raises(DecodeError):
        events.decode_log(slashed(**changes), "rollup", strict=False)


def test_decode__log_without_a_field__names_it():
    log = slashed()
    del log["blockHash"]
    with pytest.raises(DecodeError) as caught:
        events.decode_log(log, "rollup")
    assert caught.value.facts["field"] == "blockHash"


def test_decode__addresses_with_roles__choose_the_event():
    # Governance and rollup have events of one name with other parameters.
    record = events.decode_log(slashed(), {ATTESTER: "governance", ROLLUP: "rollup"})
    assert type(record).__name__ == "RollupSlashed"
    with pytest.raises(DecodeError, match="role is unknown"):
        events.decode_log(slashed(), {ATTESTER: "rollup"})
    with pytest.raises(InputError, match="no such role"):
        events.decode_log(slashed(), "rolup")


def test_names__of_two_generations__are_two():
    gen4, latest = events.RollupRewardConfigUpdatedGen4, events.RollupRewardConfigUpdated
    assert gen4.event.signature == "RewardConfigUpdated((address,uint32,address,uint96))"
    assert latest.event.signature == "RewardConfigUpdated((uint32,uint96))"
    assert events.record_type("rollup", "RewardConfigUpdated", 4) is gen4
    assert {"RollupRewardConfigUpdatedGen4", "AtpStakerUpgraded", "AtpPositionStakerUpgraded"} <= set(
        dir(events)
    )
    assert len(NAMES) == sum(len(contract.events) for contract in CONTRACTS.values())


def test_structs__are_named_tuples():
    config = events.RollupStakingQueueConfigUpdated(position=POSITION, config=(1, 2, 3, 4, 5))
    decoded = events.decode_log(events.encode(config), "rollup")
    assert decoded.config.normal_flush_size_min == 3
    assert decoded.config == (1, 2, 3, 4, 5)


def test_unknown_name__of_the_module__is_an_attribute_error():
    with pytest.raises(AttributeError, match="RollupDepositt"):
        _ = events.RollupDepositt


def test_import__events__stays_light():
    program = "import sys, aztec_butler.core.events; print({'numpy', 'pyarrow', 'pandas', 'web3'} & set(sys.modules))"
    shown = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert shown.strip() == "set()"


# --------------------------------------------------------------------------- without a role


def test_decode__one_log_or_several__told_from_the_topic():
    record = events.decode(slashed())
    assert (type(record).__name__, record.attester, record.amount_wei) == (
        "RollupSlashed",
        ATTESTER,
        2000 * 10**18,
    )
    assert events.decode(events.encode(record)) == record
    assert events.decode(AttributeDict(slashed())) == record
    assert events.decode(iter([slashed(), slashed(logIndex="0x12")]))[0] == record
    assert events.decode([]) == []
    assert events.decode(slashed(), {ROLLUP.lower(): "rollup"}) == record


def test_decode__event_of_several_roles__needs_the_role():
    topic = "0x" + CONTRACTS["registry"].event("OwnershipTransferred").topic0.hex()
    owner = "0x" + "00" * 12 + ATTESTER[2:].lower()
    log = slashed(topics=[topic, owner, owner], data="0x")
    with pytest.raises(DecodeError, match="several roles") as caught:
        events.decode(log)
    assert "gse" in str(caught.value.facts["roles"])
    assert type(events.decode(log, "gse")).__name__ == "GseOwnershipTransferred"


@pytest.mark.parametrize("topics", [[], ["0x" + "11" * 32]], ids=["anonymous", "unknown"])
def test_decode__unknown_topic_without_a_role__is_named_or_set_apart(topics):
    with pytest.raises(DecodeError, match="unknown event"):
        events.decode(slashed(topics=topics))
    (apart,) = events.decode([slashed(topics=topics)], strict=False)
    assert apart.reason == "the log of an unknown event"
