"""Addresses, hashes and bytes as text."""

import pytest
from eth_utils import keccak, to_checksum_address
from hypothesis import given
from hypothesis import strategies as st

from aztec_butler.core.errors import InputError
from aztec_butler.core.hexes import (
    ZERO_ADDRESS,
    checksum_address,
    keccak256,
    parse_address,
    parse_bytes,
    parse_hash,
    to_hex,
)

# Source: the examples of EIP-55.
EIP_55 = [
    "0x52908400098527886E0F7030069857D2E4169EE7",
    "0xde709f2102306220921060314715629080e2fb77",
    "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
    "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359",
    "0xdbF03B407c01E7cD3CBea99509d93f8DDDC8C6FB",
    "0xD1220A0cf47c7B9Be7A2E6BA89F429762e7b9aDb",
]
ADDRESSES = st.binary(min_size=20, max_size=20)


@given(st.binary(max_size=300))
def test_keccak256__any_bytes__is_the_hash_of_ethereum(content):
    assert keccak256(content) == keccak(content)


@pytest.mark.parametrize("address", EIP_55)
def test_parse_address__examples_of_the_standard__are_taken_as_they_are(address):
    assert parse_address(address) == address
    assert parse_address(address.lower()) == address
    assert parse_address("0x" + address[2:].upper()) == address
    assert parse_address("0X" + address[2:].upper()) == address


@given(ADDRESSES)
def test_checksum_address__any_address__is_what_eth_utils_writes(content):
    assert checksum_address(content) == to_checksum_address(content)
    assert parse_address(to_hex(content)) == to_checksum_address(content)


@given(ADDRESSES, st.integers(0, 39))
def test_parse_address__one_letter_in_the_wrong_case__is_refused(content, position):
    digits = to_checksum_address(content)[2:]
    changed = digits[:position] + digits[position].swapcase() + digits[position + 1 :]
    if changed in (digits, digits.lower(), digits.upper()):
        return
    with pytest.raises(InputError) as raised:
        parse_address("0x" + changed)
    assert "checksum" in raised.value.sentence


@pytest.mark.parametrize(
    "text",
    [
        "",
        "0x",
        "0x0",
        "0x00aa",
        "a27ec0006e59f245217ff08cd52a7e8b169e62d2",
        "0xa27ec0006e59f245217ff08cd52a7e8b169e62d",
        "0xa27ec0006e59f245217ff08cd52a7e8b169e62d2a",
        "0xa27ec0006e59f245217ff08cd52a7e8b169e62d2ab",
        "0xg27ec0006e59f245217ff08cd52a7e8b169e62d2",
        "0x a27ec0006e59f245217ff08cd52a7e8b169e62d",
        "0xa27ec0006e59f245217ff08cd52a7e8b169e62 d",
        " 0xa27ec0006e59f245217ff08cd52a7e8b169e62d2",
        "0xa27ec0006e59f245217ff08cd52a7e8b169e62d2\n",
        "0x\N{FULLWIDTH DIGIT TWO}27ec0006e59f245217ff08cd52a7e8b169e62d2",
        "vitalik.eth",
        None,
        170,
        b"\x00" * 20,
    ],
)
def test_parse_address__no_address__is_an_input_error(text):
    with pytest.raises(InputError):
        parse_address(text)


@pytest.mark.parametrize("size", [0, 19, 21, 32])
def test_checksum_address__another_number_of_bytes__is_an_input_error(size):
    with pytest.raises(InputError):
        checksum_address(bytes(size))


def test_zero_address__is_all_zeros():
    assert parse_address("0x" + "00" * 20) == ZERO_ADDRESS == to_checksum_address(bytes(20))


@given(st.binary(max_size=100))
def test_parse_bytes__what_to_hex_wrote__is_the_bytes(content):
    assert parse_bytes(to_hex(content)) == content
    assert parse_bytes(to_hex(content).upper()) == content
    assert to_hex(content) == "0x" + content.hex()


@pytest.mark.parametrize(
    "text", ["", "ab", "0xa", "0xzz", "0xab cd", "0xab\n", "\t0xab", "0x0x", 5, None, b"\xab"]
)
def test_parse_bytes__no_hex__is_an_input_error(text):
    with pytest.raises(InputError):
        parse_bytes(text)


def test_parse_bytes__size__is_checked():
    assert parse_bytes("0xabcd", size=2) == b"\xab\xcd"
    with pytest.raises(InputError) as raised:
        parse_bytes("0xabcd", size=3)
    assert raised.value.facts["bytes"] == 2
    assert raised.value.facts["expected"] == 3


def test_parse_bytes__long_wrong_text__is_shown_by_its_ends():
    with pytest.raises(InputError) as raised:
        parse_bytes("0x" + "ab" * 5000 + "zz")
    assert len(str(raised.value.facts["value"])) < 120


@given(st.binary(min_size=32, max_size=32))
def test_parse_hash__any_case__is_lower_case(content):
    assert parse_hash("0x" + content.hex().upper()) == "0x" + content.hex()


@pytest.mark.parametrize("size", [0, 20, 31, 33])
def test_parse_hash__another_number_of_bytes__is_an_input_error(size):
    with pytest.raises(InputError):
        parse_hash("0x" + "00" * size)
