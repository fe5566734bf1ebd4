"""Reading, linking and calling compiled contracts."""

import json
from pathlib import Path

import pytest

from aztec_butler.core.abi import parse_line
from aztec_butler.core.errors import InputError
from aztec_butler.devnet.artifacts import Artifacts, CompiledContract, render_abi_item
from aztec_butler.devnet.packages import install_packages

ONE = "0x" + "11" * 20
TWO = "0x" + "22" * 20


def compiler_output(**changes: object) -> dict[str, object]:
    code = "60__$aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa$__61__$bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb$__62"
    references = {
        "src/one.sol": {"One": [{"start": 1, "length": 20}]},
        "src/two.sol": {"Two": [{"start": 22, "length": 20}]},
    }
    return {
        "abi": [
            {
                "type": "constructor",
                "inputs": [
                    {
                        "name": "config",
                        "type": "tuple",
                        "components": [{"name": "a", "type": "uint256"}, {"name": "b", "type": "uint8[2]"}],
                    }
                ],
            },
            {
                "type": "function",
                "name": "flush",
                "inputs": [],
                "outputs": [],
                "stateMutability": "nonpayable",
            },
            {
                "type": "function",
                "name": "flush",
                "inputs": [{"name": "toAdd", "type": "uint256"}],
                "outputs": [],
                "stateMutability": "nonpayable",
            },
        ],
        "bytecode": {"object": "0x" + code, "linkReferences": references},
        "deployedBytecode": {"object": "0x6001", "linkReferences": {}},
    } | changes


@pytest.fixture
def example(tmp_path: Path) -> CompiledContract:
    (tmp_path / "Source.sol").mkdir()
    (tmp_path / "Source.sol/Example.json").write_text(json.dumps(compiler_output()))
    return Artifacts(tmp_path).load("Example", "Source")


def test_creation_code__two_libraries__addresses_replace_the_placeholders(example: CompiledContract) -> None:
    code = example.creation_code((7, (1, 2)), libraries={"One": ONE, "Two": TWO, "Unused": ONE})
    words = b"".join(value.to_bytes(32, "big") for value in (7, 1, 2))
    assert code == bytes.fromhex("60" + "11" * 20 + "61" + "22" * 20 + "62") + words


def test_creation_code__library_missing__is_refused(example: CompiledContract) -> None:
    with pytest.raises(InputError) as raised:
        example.creation_code((7, (1, 2)), libraries={"One": ONE})
    assert raised.value.facts["library"] == "Two"


def test_function__overloaded__needs_its_signature(example: CompiledContract) -> None:
    assert len(example.function("flush(uint256)").inputs) == 1
    assert len(example.function("flush()").inputs) == 0
    with pytest.raises(InputError) as raised:
        example.function("flush")
    assert raised.value.facts["found"] == "flush(), flush(uint256)"


def test_load__unknown_contract__is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError):
        Artifacts(tmp_path).load("Nothing")


def test_load__our_own_contract__comes_without_a_compiler_folder(tmp_path: Path) -> None:
    contract = Artifacts(tmp_path).load("StakingRegistry")
    # Selector from the deployed StakingRegistry.
    assert contract.function("registerProvider").selector.hex() == "ea4a1e03"
    assert len(contract.creation_code(ONE, ONE, ONE)) > 1000


@pytest.mark.parametrize(
    ("item", "line"),
    [
        (
            {
                "type": "function",
                "name": "get",
                "inputs": [{"name": "", "type": "tuple[]", "components": [{"name": "x", "type": "bytes32"}]}],
                "outputs": [{"name": "count", "type": "uint256"}],
                "stateMutability": "view",
            },
            "function get((bytes32 x)[]) view returns (uint256 count)",
        ),
        (
            {
                "type": "event",
                "name": "Slashed",
                "inputs": [
                    {"name": "attester", "type": "address", "indexed": True},
                    {"name": "amount", "type": "uint256", "indexed": False},
                ],
            },
            "event Slashed(address indexed attester, uint256 amount)",
        ),
    ],
    ids=["function", "event"],
)
def test_render_abi_item__structs_and_indexed__are_written_as_lines(
    item: dict[str, object], line: str
) -> None:
    assert render_abi_item(item) == line


@pytest.mark.devnet
def test_function__every_deployed_contract__has_the_compilers_selectors(cache_folder: Path | None) -> None:
    folder = install_packages(cache_folder).contracts
    checked = 0
    for path in folder.glob("*.sol/*.json"):
        content = json.loads(path.read_bytes())
        if "ExtLib" in path.stem or not content.get("methodIdentifiers"):
            continue  # signatures of libraries name Solidity types
        if path.stem != path.parent.stem or content["bytecode"]["object"] == "0x":
            continue  # interfaces and second contracts
        contract = Artifacts(folder).load(path.stem)
        for signature, selector in content["methodIdentifiers"].items():
            assert contract.function(signature).selector.hex() == selector
            checked += 1
        for item in content["abi"]:
            if item["type"] in ("event", "error"):
                parse_line(render_abi_item(item))
    assert checked > 500
