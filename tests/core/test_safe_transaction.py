"""Safe transactions: hashes against a real one, packing there and back, and what is refused."""

from __future__ import annotations

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aztec_butler.core.calls import Call
from aztec_butler.core.errors import DecodeError, InputError
from aztec_butler.core.hexes import checksum_address
from aztec_butler.core.safe_abi import MULTI_SEND
from aztec_butler.core.safe_multi_send import MULTI_SENDS, decode_multi_send, encode_multi_send
from aztec_butler.core.safe_transaction import (
    Operation,
    SafeTransaction,
    calls_of,
    domain_separator,
    message_hash,
    pack_signatures,
    parse_version,
    transaction_hash,
    transaction_of,
)

SAFE = "0x111CEEee040739fD91D29C34C33E6B3E112F2177"
V14 = (1, 4)

addresses = st.binary(min_size=20, max_size=20).map(checksum_address)
words = st.integers(0, 2**256 - 1)
calls = st.builds(Call, to=addresses, data=st.binary(max_size=200), value_wei=words, summary=st.just(""))


def call(**changes):
    return attrs.evolve(Call(to=SAFE, data=b"\x01\x02", value_wei=3, summary=""), **changes)


# --------------------------------------------------------------------------- hashes


def test_transaction_hash__of_a_real_safe__is_what_its_owners_signed():
    # Arbitrum, nonce 234 of this Safe, as safe_hashes.sh of pcaversaccio/safe-tx-hashes-util shows it in its README.
    owner = "0000000000000000000000000c75fa5a5f1c0997e3eea425cfa13184ed0ec9e5"
    transaction = SafeTransaction(to=SAFE, data=bytes.fromhex("0d582f13" + owner + f"{3:064x}"), nonce=234)
    domain = "1CF7F9B1EFE3BC47FE02FD27C649FEA19E79D66040683A1C86C7490C80BF7291"
    message = "D9109EA63C50ECD3B80B6B27ED5C5A9FD3D546C2169DFB69BFA7BA24CD14C7A5"
    assert domain_separator(chain_id=42161, safe=SAFE).hex() == domain.lower()
    assert message_hash(transaction).hex() == message.lower()
    assert (
        transaction_hash(transaction, chain_id=42161, safe=SAFE).hex()
        == "0cb7250b8becd7069223c54e2839feaed4cee156363fbfe5dd0a48e75c4e25b3"
    )


@pytest.mark.parametrize(
    "change",
    [
        {"to": MULTI_SENDS[V14].address},
        {"value_wei": 1},
        {"data": b"\0"},
        {"operation": 1},
        {"safe_tx_gas": 1},
        {"base_gas": 1},
        {"gas_price_wei": 1},
        {"gas_token": SAFE},
        {"refund_receiver": SAFE},
        {"nonce": 1},
    ],
    ids=lambda change: next(iter(change)),
)
def test_transaction_hash__any_field_changed__another_hash(change):
    plain = SafeTransaction(to=SAFE, nonce=0)
    other = attrs.evolve(plain, **change)
    assert message_hash(plain) != message_hash(other)


def test_transaction_hash__other_chain_or_safe__another_hash():
    plain = SafeTransaction(to=SAFE, nonce=0)
    hashes = {
        transaction_hash(plain, chain_id=chain_id, safe=safe)
        for chain_id in (1, 11_155_111)
        for safe in (SAFE, MULTI_SENDS[V14].address)
    }
    assert len(hashes) == 4


@pytest.mark.parametrize("field", ["value_wei", "safe_tx_gas", "base_gas", "gas_price_wei", "nonce"])
@pytest.mark.parametrize("value", [-1, 2**256], ids=["negative", "too large"])
def test_transaction__number_beyond_a_word__refused(field, value):
    with pytest.raises(InputError) as refused:
        SafeTransaction(**{"to": SAFE, "nonce": 0, field: value})
    assert refused.value.facts["field"] == field


# --------------------------------------------------------------------------- versions


@pytest.mark.parametrize(
    ("text", "version"),
    [("1.3.0", (1, 3)), ("1.3.0+L2", (1, 3)), ("1.4.1", (1, 4)), ("1.4.1+L2", (1, 4)), ("1.5.0", (1, 5))],
)
def test_parse_version__known__its_generation(text, version):
    assert parse_version(text) == version


@pytest.mark.parametrize(
    "text", ["1.1.1", "1.2.0", "0.1.0", "1.6.0", "2.0.0", "", "1.4", "1.4.1+L3", "v1.4.1"]
)
def test_parse_version__unknown_hash_rules__refused(text):
    with pytest.raises(InputError):
        parse_version(text)


# --------------------------------------------------------------------------- several calls in one


@given(st.lists(calls, max_size=5))
def test_multi_send__there_and_back__the_same_calls(several):
    assert decode_multi_send(encode_multi_send(several)) == tuple(several)


@given(st.lists(calls, min_size=1, max_size=4), st.sampled_from(sorted(MULTI_SENDS)))
def test_transaction_of__there_and_back__the_same_calls(several, version):
    transaction = transaction_of(several, nonce=7, version=version)
    assert transaction.nonce == 7
    assert calls_of(transaction) == tuple(several)
    if len(several) > 1:
        assert transaction.operation is Operation.DELEGATE_CALL
        assert (transaction.to, transaction.value_wei) == (MULTI_SENDS[version].address, 0)
    else:
        assert transaction.operation is Operation.CALL


def test_transaction_of__nothing__refused():
    with pytest.raises(InputError):
        transaction_of([], nonce=0, version=V14)


def test_calls_of__delegate_call_to_a_stranger__refused():
    stranger = SafeTransaction(to=SAFE, data=encode_multi_send([call()]), operation=1, nonce=0)
    with pytest.raises(DecodeError) as refused:
        calls_of(stranger)
    assert refused.value.facts["to"] == SAFE


def packed(*parts):
    return MULTI_SEND.function("multiSend").encode_call(b"".join(parts))


ENTRY = b"\0" + bytes(20) + bytes(32) + (4).to_bytes(32, "big") + b"abcd"


@pytest.mark.parametrize(
    "data",
    [
        packed(ENTRY, b"\x01" + ENTRY[1:]),
        packed(ENTRY[:-1]),
        packed(ENTRY, ENTRY[:50]),
        packed(ENTRY[:53] + (2**255).to_bytes(32, "big")),
        b"\x8d\x80\xff\x0a",
        b"\x12\x34\x56\x78",
    ],
    ids=["delegate call inside", "data cut off", "head cut off", "huge length", "no bytes", "other function"],
)
def test_decode_multi_send__what_the_contract_would_refuse__refused(data):
    with pytest.raises(DecodeError):
        decode_multi_send(data)


# --------------------------------------------------------------------------- signatures


def test_pack_signatures__any_order__by_rising_address():
    owners = ["0x" + digit * 40 for digit in "a19"]
    signatures = {owner: bytes([position]) * 65 for position, owner in enumerate(owners)}
    assert pack_signatures(signatures) == b"\x01" * 65 + b"\x02" * 65 + b"\x00" * 65


def test_pack_signatures__owner_twice_or_a_short_one__refused():
    with pytest.raises(InputError):
        pack_signatures({"0x" + "aa" * 20: bytes(65), "0x" + "AA" * 20: bytes(65)})
    with pytest.raises(InputError):
        pack_signatures({"0x" + "aa" * 20: bytes(64)})
