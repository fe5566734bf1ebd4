"""ABI lines: read, shown, and turned into the items of a JSON ABI."""

import pytest
from eth_utils import function_signature_to_4byte_selector, keccak

from aztec_butler.core.abi import CustomError, Event, Function, parse_line, parse_type
from aztec_butler.core.errors import InputError

VIEW = (
    "function getView(address attester) view returns "
    "((uint8 status, (uint256 x, uint256 y)[] keys, bool[2][] flags) attesterView, bytes)"
)


def test_function__every_part__is_read():
    function = parse_line(VIEW)
    assert isinstance(function, Function)
    assert function.name == "getView"
    assert function.mutability == "view"
    assert function.signature == "getView(address)"
    assert function.selector == function_signature_to_4byte_selector("getView(address)")
    assert [(parameter.name, parameter.type.name) for parameter in function.inputs] == [
        ("attester", "address")
    ]
    assert [(parameter.name, parameter.type.name) for parameter in function.outputs] == [
        ("attesterView", "(uint8,(uint256,uint256)[],bool[2][])"),
        ("", "bytes"),
    ]


def test_function__json_abi__is_the_official_shape():
    assert parse_line(VIEW).to_json_abi() == {
        "type": "function",
        "name": "getView",
        "stateMutability": "view",
        "inputs": [{"name": "attester", "type": "address"}],
        "outputs": [
            {
                "name": "attesterView",
                "type": "tuple",
                "components": [
                    {"name": "status", "type": "uint8"},
                    {
                        "name": "keys",
                        "type": "tuple[]",
                        "components": [{"name": "x", "type": "uint256"}, {"name": "y", "type": "uint256"}],
                    },
                    {"name": "flags", "type": "bool[2][]"},
                ],
            },
            {"name": "", "type": "bytes"},
        ],
    }


def test_event__json_abi__is_the_official_shape():
    event = parse_line("event Slashed(address indexed attester, (uint256 x) point)")
    assert isinstance(event, Event)
    assert event.topic0 == keccak(text="Slashed(address,(uint256))")
    assert event.to_json_abi() == {
        "type": "event",
        "name": "Slashed",
        "anonymous": False,
        "inputs": [
            {"name": "attester", "type": "address", "indexed": True},
            {
                "name": "point",
                "type": "tuple",
                "components": [{"name": "x", "type": "uint256"}],
                "indexed": False,
            },
        ],
    }


def test_error__json_abi__is_the_official_shape():
    error = parse_line("error Staking__NotExiting(address)")
    assert isinstance(error, CustomError)
    assert error.selector == keccak(text="Staking__NotExiting(address)")[:4]
    assert error.to_json_abi() == {
        "type": "error",
        "name": "Staking__NotExiting",
        "inputs": [{"name": "", "type": "address"}],
    }


@pytest.mark.parametrize(
    ("words", "mutability"),
    [
        ("", "nonpayable"),
        ("view", "view"),
        ("external view", "view"),
        ("public pure", "pure"),
        ("payable", "payable"),
        ("external", "nonpayable"),
    ],
)
def test_function__mutability__is_read(words, mutability):
    assert parse_line(f"function f() {words} returns (bool)").mutability == mutability


@pytest.mark.parametrize(
    ("short", "canonical"),
    [
        ("uint", "uint256"),
        ("int", "int256"),
        ("uint[][3]", "uint256[][3]"),
        ("(uint,bytes1)[]", "(uint256,bytes1)[]"),
    ],
)
def test_type__short_form__becomes_canonical(short, canonical):
    assert parse_type(short).name == canonical


@pytest.mark.parametrize(
    "line",
    [
        VIEW,
        "function f()",
        "function f(uint256, (bytes32[3] a, string)[2][] b) payable returns (bool, int8 done)",
        "event E()",
        "event E(address indexed, uint256 indexed id, bytes data)",
        "error Wrong(uint256 expected, uint256 actual)",
    ],
)
def test_render__of_a_parsed_line__is_the_line(line):
    assert parse_line(line).render() == line


def test_parse_line__white_space__does_not_matter():
    assert parse_line("  event   E (address   indexed a ,uint256 b)") == parse_line(
        "event E(address indexed a, uint256 b)"
    )


@pytest.mark.parametrize(
    "line",
    [
        "",
        "struct S(uint256 a)",
        "function f",
        "function f(",
        "function f(uint256",
        "function f(uint256))",
        "function f(uint256,)",
        "function f(,)",
        "function f((uint256 a)",
        "function f(uint7)",
        "function f(uint264)",
        "function f(uint0)",
        "function f(uint08)",
        "function f(bytes0)",
        "function f(bytes33)",
        "function f(int255)",
        "function f(addressfoo a)",
        "function f(fixed128x18)",
        "function f(Point p)",
        "function f(uint256[-1])",
        "function f(uint256[)",
        "function f(uint256 memory a)",
        "function f(uint256 2a)",
        "function f(uint256 indexed)",
        "function f(uint256 indexed a)",
        "function f() views",
        "function f() returns",
        "function f() returns uint256",
        "function f() returns x (uint256)",
        "function f() returns (uint256) view",
        "error E(uint256 indexed a)",
        "error E() view",
        "event E() anonymous",
        "event E((uint256 indexed a) b)",
    ],
)
def test_parse_line__wrong_line__is_an_input_error(line):
    with pytest.raises(InputError):
        parse_line(line)
