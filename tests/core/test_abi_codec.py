"""The codec against eth-abi, both ways, and where it is stricter."""

import eth_abi
import eth_abi.exceptions
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aztec_butler.core.abi import parse_line
from aztec_butler.core.errors import DecodeError, InputError

ATTESTER = "0xA27EC0006e59f245217Ff08CD52A7E8b169E62D2"

# --------------------------------------------------------------------------- any type, and any value of it


def integers(bits):
    return st.tuples(st.just(f"uint{bits}"), st.just(st.integers(0, 2**bits - 1)))


def signed_integers(bits):
    return st.tuples(st.just(f"int{bits}"), st.just(st.integers(-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)))


def fixed_bytes(size):
    return st.tuples(st.just(f"bytes{size}"), st.just(st.binary(min_size=size, max_size=size)))


ADDRESSES = st.binary(min_size=20, max_size=20).map(lambda content: "0x" + content.hex())
BITS = st.integers(1, 32).map(lambda size: size * 8)
ELEMENTARY = st.one_of(
    BITS.flatmap(integers),
    BITS.flatmap(signed_integers),
    st.integers(1, 32).flatmap(fixed_bytes),
    st.just(("address", ADDRESSES)),
    st.just(("bool", st.booleans())),
    st.just(("bytes", st.binary(max_size=70))),
    st.just(("string", st.text(max_size=40))),
)


def arrays(item):
    name, values = item
    fixed = st.integers(1, 3).map(
        lambda size: (f"{name}[{size}]", st.lists(values, min_size=size, max_size=size).map(tuple))
    )
    return st.just((f"{name}[]", st.lists(values, max_size=3).map(tuple))) | fixed


def structs(items):
    return (f"({','.join(name for name, _ in items)})", st.tuples(*(values for _, values in items)))


TYPES = st.recursive(
    ELEMENTARY,
    lambda inner: inner.flatmap(arrays) | st.lists(inner, min_size=1, max_size=4).map(structs),
    max_leaves=6,
)


@st.composite
def typed_values(draw):
    """Names of types, and a value of each."""
    drawn = draw(st.lists(TYPES, min_size=1, max_size=4))
    return [name for name, _ in drawn], tuple(draw(values) for _, values in drawn)


def plain(value):
    """Addresses in lower case, as eth-abi has them."""
    if isinstance(value, tuple | list):
        return tuple(plain(item) for item in value)
    if isinstance(value, str) and value.startswith("0x") and len(value) == 42:
        return value.lower()
    return value


def function_of(names):
    return parse_line(f"function f({','.join(names)}) returns ({','.join(names)})")


@settings(deadline=None)
@given(typed_values())
def test_encode__any_values__is_what_eth_abi_writes(case):
    names, values = case
    function = function_of(names)
    calldata = function.encode_call(*values)
    assert calldata == function.selector + eth_abi.encode(names, values)
    assert function.encode_result(*values) == calldata[4:]


@settings(deadline=None)
@given(typed_values())
def test_decode__what_eth_abi_wrote__is_the_values(case):
    names, values = case
    function = function_of(names)
    encoded = eth_abi.encode(names, values)
    assert plain(function.decode_result(encoded)) == plain(values)
    assert plain(function.decode_call(function.selector + encoded)) == plain(values)


@settings(deadline=None)
@given(typed_values(), st.data())
def test_decode__damaged_bytes__are_refused_or_read_as_eth_abi_reads_them(case, data):
    names, values = case
    damaged = bytearray(eth_abi.encode(names, values))
    for _ in range(data.draw(st.integers(0, 3))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    content = bytes(damaged[: data.draw(st.integers(0, len(damaged)) | st.just(len(damaged)))])
    try:
        decoded = function_of(names).decode_result(content)
    except DecodeError:
        return
    try:
        expected = eth_abi.decode(names, content + bytes(31))
    except eth_abi.exceptions.NonEmptyPaddingBytes:
        return  # the compiler does not look at the padding of bytes, eth-abi does
    assert plain(decoded) == plain(expected)


@settings(deadline=None)
@given(typed_values())
def test_decode__fewer_bytes__never_gives_values(case):
    names, values = case
    encoded = eth_abi.encode(names, values)
    with pytest.raises(DecodeError):
        function_of(names).decode_result(encoded[: len(encoded) // 2])


# --------------------------------------------------------------------------- results


def test_decode_single__one_output__is_its_value():
    function = parse_line("function owner() view returns (address)")
    assert function.decode_single(bytes(12) + bytes.fromhex(ATTESTER[2:])) == ATTESTER


def test_decode_single__several_outputs__is_their_tuple():
    function = parse_line("function providerQueues(uint256) view returns (uint128 first, uint128 last)")
    assert function.decode_single(eth_abi.encode(["uint128", "uint128"], [1, 4])) == (1, 4)


def test_decode_result__nothing_returned__names_the_likely_cause():
    with pytest.raises(DecodeError) as raised:
        parse_line("function owner() view returns (address)").decode_result(b"")
    assert raised.value.facts["function"] == "owner()"
    assert "no contract" in raised.value.hint


def test_decode_result__function_without_outputs__takes_nothing():
    assert parse_line("function f()").decode_result(b"") == ()


def test_decode_call__another_selector__is_a_decode_error():
    flush = parse_line("function flushEntryQueue(uint256 _toAdd)")
    with pytest.raises(DecodeError) as raised:
        flush.decode_call(bytes.fromhex("1d934975") + bytes(32))
    assert raised.value.facts["selector"] == "0x1d934975"


# --------------------------------------------------------------------------- strictness


def word(value):
    return value.to_bytes(32, "big")


OFFSET = word(32)


@pytest.mark.parametrize(
    ("type_name", "content"),
    [
        ("uint8", word(256)),
        ("uint96", word(2**96)),
        ("int8", word(128)),
        ("int8", word(2**255)),
        ("bool", word(2)),
        ("address", word(2**160)),
        ("bytes4", b"\x01\x02\x03\x04\x05" + bytes(27)),
        ("uint256", b""),
        ("uint256", bytes(31)),
        ("uint256", bytes(33)),
        ("uint256", bytes(64)),
        ("uint256[2]", bytes(96)),
        ("(uint256,bool)", bytes(32)),
        ("bytes", OFFSET),
        ("bytes", OFFSET + word(1)),
        ("bytes", OFFSET + word(33) + bytes(32)),
        ("bytes", OFFSET + word(2**256 - 1) + bytes(32)),
        ("bytes", word(33) + word(0)),
        ("bytes", word(64)),
        ("bytes", word(2**255) + word(0)),
        ("string", OFFSET + word(1) + b"\xff" + bytes(31)),
        ("uint256[]", OFFSET + word(1)),
        ("uint256[]", OFFSET + word(2**250) + bytes(32)),
        ("address[][]", OFFSET + word(1) + word(2**200)),
        ("address[][]", OFFSET + word(1) + word(32) + word(1) + word(2**160)),
    ],
    ids=lambda value: value if isinstance(value, str) else f"{len(value)} bytes",
)
def test_decode__bytes_no_compiler_writes__are_refused(type_name, content):
    with pytest.raises(DecodeError) as raised:
        parse_line(f"function f() returns ({type_name} value)").decode_result(content)
    assert raised.value.facts["signature" if content else "function"] == "f()"


def test_decode__offset_behind_the_data__says_so():
    with pytest.raises(DecodeError) as raised:
        parse_line("function f() returns (bytes)").decode_result(word(65) + word(0))
    assert raised.value.sentence == "an offset points outside the data"
    assert raised.value.facts["offset"] == 65


def test_decode__huge_array_of_empty_tuples__is_refused_at_once():
    with pytest.raises(DecodeError):
        parse_line("function f() returns (()[])").decode_result(OFFSET + word(2**255))


@pytest.mark.parametrize(
    ("type_name", "value"),
    [
        ("uint8", 256),
        ("uint8", -1),
        ("uint8", True),
        ("uint8", "1"),
        ("uint8", 1.0),
        ("uint8", None),
        ("int8", 128),
        ("int8", -129),
        ("bool", 1),
        ("bool", "true"),
        ("address", "0xa27ec0006e59f245217ff08cd52a7e8b169e62"),
        ("address", "0xA27EC0006e59f245217Ff08CD52A7E8b169E62d2"),
        ("address", 5),
        ("address", bytes(32)),
        ("bytes4", b"\x01\x02\x03"),
        ("bytes4", "0x010203"),
        ("bytes4", bytearray(4)),
        ("bytes", 5),
        ("bytes", "text"),
        ("string", b"text"),
        ("uint256[]", 5),
        ("uint256[]", "55"),
        ("uint256[]", b"55"),
        ("uint256[2]", [1]),
        ("uint256[2]", [1, 2, 3]),
        ("(uint256 x, uint256 y)", (1,)),
        ("(uint256 x, uint256 y)", (1, 2, 3)),
        ("(uint256 x, uint256 y)", {"x": 1}),
        ("(uint256 x, uint256 y)", {"x": 1, "y": 2, "z": 3}),
        ("(uint256 x, uint256 y)", "12"),
        ("(uint256 x, uint256 y)", 1),
    ],
)
def test_encode__value_of_another_type__is_an_input_error(type_name, value):
    with pytest.raises(InputError) as raised:
        parse_line(f"function f({type_name} amount)").encode_call(value)
    assert raised.value.facts["parameter"] == "amount" or type_name.startswith("(")


def test_encode__error_inside_a_struct__names_the_field():
    with pytest.raises(InputError) as raised:
        parse_line("function f((uint256 x, (bool flag)[] items) s)").encode_call((1, [(True,), (3,)]))
    assert raised.value.facts["parameter"] == "flag"


def test_encode__struct_as_a_mapping__is_read_by_name():
    function = parse_line("function f((uint256 x, uint256 y) point)")
    assert function.encode_call({"y": 2, "x": 1}) == function.encode_call((1, 2))


@pytest.mark.parametrize("address", [ATTESTER, ATTESTER.lower(), bytes.fromhex(ATTESTER[2:])])
def test_encode__address__takes_text_of_any_case_and_bytes(address):
    function = parse_line("function f(address a)")
    assert function.encode_call(address)[4:] == eth_abi.encode(["address"], [ATTESTER.lower()])


@pytest.mark.parametrize("arguments", [(), (1, 2)])
def test_encode_call__another_number_of_arguments__is_an_input_error(arguments):
    with pytest.raises(InputError):
        parse_line("function f(uint256 a)").encode_call(*arguments)


def test_encode__hex_text__stands_for_bytes():
    function = parse_line("function f(bytes32 a, bytes b)")
    assert function.encode_call("0x" + "0a" * 32, "0x0b") == function.encode_call(b"\x0a" * 32, b"\x0b")
