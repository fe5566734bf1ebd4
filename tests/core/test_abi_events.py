"""Logs of events, and data of custom errors."""

import eth_abi
import pytest
from eth_utils import keccak
from hypothesis import given, settings
from hypothesis import strategies as st

from aztec_butler.core.abi import parse_line
from aztec_butler.core.errors import DecodeError, InputError

ATTESTER = "0xA27EC0006e59f245217Ff08CD52A7E8b169E62D2"
SLASHED = parse_line("event Slashed(address indexed attester, uint256 amount)")
# Source: keccak of Slashed(address,uint256), as cast prints it.
SLASHED_TOPIC = bytes.fromhex("4ed05e9673c26d2ed44f7ef6a7f2942df0ee3b5e1e17db4b99f9dcd261a339cd")


def word(value):
    return value.to_bytes(32, "big")


def address_word(address):
    return bytes(12) + bytes.fromhex(address[2:])


def test_decode__log__gives_values_by_name_in_order():
    values = SLASHED.decode([SLASHED_TOPIC, address_word(ATTESTER)], word(7))
    assert list(values.items()) == [("attester", ATTESTER), ("amount", 7)]


def test_decode__indexed_after_plain_parameters__keeps_the_order_of_the_line():
    event = parse_line("event E(uint256 a, uint256 indexed b, uint256 c, uint256 indexed d)")
    values = event.decode([event.topic0, word(2), word(4)], word(1) + word(3))
    assert list(values.items()) == [("a", 1), ("b", 2), ("c", 3), ("d", 4)]


@pytest.mark.parametrize(
    "topics",
    [
        [],
        [bytes(32)],
        [SLASHED_TOPIC],
        [SLASHED_TOPIC, bytes(32), bytes(32)],
        [SLASHED_TOPIC, word(2**160)],
        [SLASHED_TOPIC, bytes(31)],
        [SLASHED_TOPIC, bytes(33)],
    ],
    ids=["none", "another", "too few", "too many", "dirty", "short", "long"],
)
def test_decode__wrong_topics__are_refused(topics):
    with pytest.raises(DecodeError):
        SLASHED.decode(topics, word(7))


@pytest.mark.parametrize("data", [b"", bytes(31), bytes(33), bytes(64)])
def test_decode__data_of_another_length__is_refused(data):
    with pytest.raises(DecodeError):
        SLASHED.decode([SLASHED_TOPIC, address_word(ATTESTER)], data)


def test_decode__data_where_the_event_has_none__is_refused():
    event = parse_line("event FloodGatesOpened()")
    assert event.decode([event.topic0], b"") == {}
    with pytest.raises(DecodeError):
        event.decode([event.topic0], word(1))


def test_decode__indexed_text__is_its_hash():
    event = parse_line("event E(string indexed name, uint256[2] indexed pair)")
    hashes = [keccak(text="mainnet"), keccak(word(1) + word(2))]
    assert event.decode([event.topic0, *hashes], b"") == {"name": hashes[0], "pair": hashes[1]}


def test_decode__parameters_without_names__are_numbered():
    event = parse_line("event E(uint256 indexed, address to, bool)")
    values = event.decode([event.topic0, word(1)], address_word(ATTESTER) + word(1))
    assert values == {"arg0": 1, "to": ATTESTER, "arg2": True}


@settings(deadline=None)
@given(
    st.integers(0, 2**256 - 1),
    st.binary(min_size=20, max_size=20),
    st.lists(st.binary(min_size=20, max_size=20), max_size=3),
    st.binary(max_size=40),
)
def test_decode__any_log__gives_back_what_was_encoded(number, attester, committee, payload):
    event = parse_line("event E(uint256 indexed id, address attester, address[] committee, bytes payload)")
    data = eth_abi.encode(["address", "address[]", "bytes"], [attester, committee, payload])
    values = event.decode([event.topic0, word(number)], data)
    assert values["id"] == number
    assert values["payload"] == payload
    assert [bytes.fromhex(a[2:]) for a in (values["attester"], *values["committee"])] == [
        attester,
        *committee,
    ]
    assert event.encode(**values) == ((event.topic0, word(number)), data)


def test_encode__hashed_parameter__takes_the_hash():
    event = parse_line("event E(string indexed name)")
    assert event.encode(name=bytes(32)) == ((event.topic0, bytes(32)), b"")


@pytest.mark.parametrize(
    "values", [{}, {"attester": ATTESTER}, {"attester": ATTESTER, "amount": 1, "more": 2}]
)
def test_encode__missing_or_unknown_parameters__are_an_input_error(values):
    with pytest.raises(InputError):
        SLASHED.encode(**values)


def test_error__arguments__are_decoded_by_name():
    error = parse_line("error Wrong(uint256 expected, uint256)")
    data = keccak(text="Wrong(uint256,uint256)")[:4] + word(1) + word(2)
    assert error.decode(data) == {"expected": 1, "arg1": 2}
    assert error.encode(1, 2) == data


@pytest.mark.parametrize("data", [b"", bytes(4), bytes.fromhex("a7d7baab")])
def test_error__other_data__is_refused(data):
    # 0xa7d7baab is the selector of Staking__FailedToRemove(address), without its argument.
    with pytest.raises(DecodeError):
        parse_line("error Staking__FailedToRemove(address)").decode(data)
