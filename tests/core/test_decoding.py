"""Bytes of any known contract, to names and values."""

from __future__ import annotations

import pytest

from aztec_butler.core.abi import parse_line
from aztec_butler.core.contracts import CONTRACTS
from aztec_butler.core.decoding import Kind, _signature, decode_bytes
from aztec_butler.core.errors import DecodeError, InputError, NotFoundError

ATTESTER = "0x00000000000000000000000000000000000000AA"
# Selectors and topics as the facts about the deployed contracts give them, not as our codec computes them.
GET_STATUS = "30ccebb5"
ADD_KEYS = "e2530fd1"
SLASHED = "4ed05e9673c26d2ed44f7ef6a7f2942df0ee3b5e1e17db4b99f9dcd261a339cd"
STAKED = "c91c8b4e934fb8f46c6d08a34d60ceb8dbe4ab6844a7040ca4c580e5a837d5c7"


def word(value: int) -> str:
    return f"{value:064x}"


def test_every_line__its_signature_cut_out_is_the_parsed_one():
    checked = 0
    for contract in CONTRACTS.values():
        for line in contract.lines:
            assert _signature(line) == line.item.signature, line.text
            checked += 1
    assert checked > 1_000


def test_calldata__of_a_view__names_and_values():
    decoded = decode_bytes(bytes.fromhex(GET_STATUS + word(0xAA)))
    assert (decoded.kind, decoded.signature, decoded.roles) == (Kind.CALL, "getStatus(address)", ("rollup",))
    assert [value.value for value in decoded.values] == [ATTESTER]


def test_calldata__with_structs__fields_by_name():
    numbers = [0xAA, *range(1, 9)]
    body = word(7) + word(64) + word(1) + "".join(word(number) for number in numbers)
    decoded = decode_bytes(bytes.fromhex(ADD_KEYS + body))
    assert decoded.roles == ("staking_registry",)
    identifier, keys = decoded.values
    assert identifier.value == 7
    (key,) = keys.value
    assert key["attester"] == ATTESTER
    assert list(key["publicKeyG1"].values()) == [1, 2]


def test_calldata__too_short_for_its_function__is_an_error():
    with pytest.raises(DecodeError):
        decode_bytes(bytes.fromhex(GET_STATUS))


def test_revert_data__of_a_known_error__names_values_and_meaning():
    error = next(e for e in CONTRACTS["rollup"].errors if e.name == "Staking__NotWithdrawer")
    decoded = decode_bytes(error.encode(ATTESTER, ATTESTER))
    assert decoded.kind is Kind.ERROR
    assert decoded.signature == "Staking__NotWithdrawer(address,address)"
    assert [value.value for value in decoded.values] == [ATTESTER, ATTESTER]
    assert [value.type for value in decoded.values] == ["address", "address"]


def test_revert_data__of_the_language__is_read():
    message = parse_line("error Error(string message)").encode("too late")
    decoded = decode_bytes(message)
    assert decoded.signature == "Error(string)"
    assert [value.value for value in decoded.values] == ["too late"]


def test_topic_alone__names_the_event():
    decoded = decode_bytes(bytes.fromhex(SLASHED))
    assert (decoded.kind, decoded.signature) == (Kind.EVENT, "Slashed(address,uint256)")
    assert decoded.values == ()


def test_log__with_topics_and_data__values():
    decoded = decode_bytes(
        bytes.fromhex(SLASHED), topics=[bytes.fromhex(word(0xAA))], data=bytes.fromhex(word(2 * 10**21))
    )
    assert {value.name: value.value for value in decoded.values} == {
        "attester": ATTESTER,
        "amount": 2 * 10**21,
    }


def test_log__all_in_topics__needs_no_data():
    # ManaTargetUpdated(uint256 indexed manaTarget), as the official ABI has it.
    topic0 = "aaa1053539ab4621b2aecf54a7ccf2096610ff768f32261f667aca9ae3069482"
    decoded = decode_bytes(bytes.fromhex(topic0), topics=[bytes.fromhex(word(7))])
    assert [value.value for value in decoded.values] == [7]


def test_log__with_too_few_topics__is_an_error():
    with pytest.raises(DecodeError):
        decode_bytes(bytes.fromhex(STAKED), topics=[bytes(32)], data=bytes(64))


@pytest.mark.parametrize("content", ["deadbeef", "ab" * 32], ids=["selector", "topic"])
def test_unknown__is_not_found(content):
    with pytest.raises(NotFoundError) as raised:
        decode_bytes(bytes.fromhex(content))
    assert f"0x{content}" in str(raised.value)


def test_too_few_bytes__is_refused():
    with pytest.raises(InputError):
        decode_bytes(b"\1\2\3")


def test_topics__without_an_event__are_refused():
    with pytest.raises(InputError):
        decode_bytes(bytes.fromhex(GET_STATUS + word(1)), topics=[bytes(32)])
