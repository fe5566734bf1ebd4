"""Compile the contracts of this folder: ``python -m aztec_butler.devnet.contracts.build`` writes ``artifacts.json``.

Vyper has neither custom errors, nor overloads, nor names for returned values. The lines below say what it cannot: each
replaces the compiled ABI item of the same signature, or is added.
"""

from __future__ import annotations

import json
from pathlib import Path, PurePosixPath
from typing import Any

from aztec_butler.core.abi import parse_line
from aztec_butler.core.errors import SettingsError
from aztec_butler.devnet.contracts import ARTIFACTS

COMPILER = "0.4.3"

_SPLIT = (
    "(address[] recipients, uint256[] allocations, uint256 totalAllocation, uint16 distributionIncentive)"
)
_CALL = "(address to, uint256 value, bytes data)"
_DOMAIN = (
    "function eip712Domain() view returns (bytes1 fields, string name, string version, uint256 chainId,"
    " address verifyingContract, bytes32 salt, uint256[] extensions)"
)
_TOKEN_REFUSED = "error SafeERC20FailedOperation(address token)"
_SPLIT_ERRORS = (
    "error InvalidSplit_LengthMismatch()",
    "error InvalidSplit_TotalAllocationMismatch()",
)

# Sources: the Aztec StakingRegistry (errors with its prefix, QueueLib's, OpenZeppelin's SafeERC20), 0xSplits v2.2.
LINES: dict[str, tuple[str, ...]] = {
    "SplitsWarehouse": (
        _DOMAIN,
        "function withdraw(address _owner, address _token)",
        "function balanceOf(address owner, uint256 id) view returns (uint256 amount)",
        "function allowance(address owner, address spender, uint256 tokenId) view returns (uint256 amount)",
        "function isOperator(address owner, address operator) view returns (bool approved)",
        "function withdrawConfig(address owner) view returns (uint16 incentive, bool paused)",
        "function nonceBitMap(address account, uint256 word) view returns (uint256 bitMap)",
        "function supportsInterface(bytes4 _interfaceId) view returns (bool supported)",
        "error ExpiredSignature(uint48 deadline)",
        "error FailedInnerCall()",
        "error InvalidAck()",
        "error InvalidAmount()",
        "error InvalidNonce()",
        "error InvalidPermitParams()",
        "error InvalidSigner()",
        "error LengthMismatch()",
        "error Overflow()",
        "error WithdrawalPaused(address owner)",
        _TOKEN_REFUSED,
    ),
    "PullSplit": (
        _DOMAIN,
        f"function distribute({_SPLIT} _split, address _token, uint256 _distributeAmount, bool _performWarehouseTransfer, address _distributor)",
        f"function execCalls({_CALL}[] _calls) payable returns (uint256 blockNumber, bytes[] returnData)",
        "function getSplitBalance(address _token) view returns (uint256 splitBalance, uint256 warehouseBalance)",
        "function isValidSignature(bytes32 hash, bytes signature) view returns (bytes4 result)",
        f"error InvalidCalldataForEOA({_CALL} call)",
        "error InvalidSplit()",
        *_SPLIT_ERRORS,
        "error Paused()",
        "error Unauthorized()",
        "error UnauthorizedInitializer()",
        _TOKEN_REFUSED,
    ),
    "PullSplitFactory": (
        f"event SplitCreated(address indexed split, {_SPLIT} splitParams, address owner, address creator, bytes32 salt)",
        f"function createSplit({_SPLIT} _splitParams, address _owner, address _creator) returns (address split)",
        f"function createSplitDeterministic({_SPLIT} _splitParams, address _owner, address _creator, bytes32 _salt) returns (address split)",
        f"function isDeployed({_SPLIT} _splitParams, address _owner, bytes32 _salt) view returns (address split, bool exists)",
        *_SPLIT_ERRORS,
    ),
    "StakingRegistry": (
        "function pendingProviderAdmins(uint256 providerIdentifier) view returns (address providerAdmin)",
        "function providerConfigurations(uint256 providerIdentifier) view returns (address providerAdmin, uint16 providerTakeRate, address providerRewardsRecipient)",
        "function providerQueues(uint256 providerIdentifier) view returns (uint128 first, uint128 last)",
        "error QueueIndexOutOfBounds()",
        "error QueueIsEmpty()",
        "error StakingRegistry__InvalidProviderIdentifier(uint256 _providerIdentifier)",
        "error StakingRegistry__InvalidTakeRate(uint256 _takeRate)",
        "error StakingRegistry__NotPendingProviderAdmin()",
        "error StakingRegistry__NotProviderAdmin()",
        "error StakingRegistry__UnexpectedTakeRate(uint256 _expectedTakeRate, uint256 _gotTakeRate)",
        "error StakingRegistry__UpdatedProviderAdminToSameAddress()",
        "error StakingRegistry__UpdatedProviderTakeRateToSameValue()",
        "error StakingRegistry__ZeroAddress()",
        _TOKEN_REFUSED,
    ),
}

_KINDS = ("constructor", "function", "event", "error")


def compile_contracts() -> dict[str, dict[str, Any]]:
    """Compile every contract: what ``artifacts.json`` holds, by contract name.

    PullSplit comes first: the factory carries its creation code.
    """
    sources = {path.name: path.read_text() for path in Path(__file__).parent.glob("*.vy")}
    artifacts: dict[str, dict[str, Any]] = {}
    for name, lines in LINES.items():
        compiled = _compile(name, sources)
        if name == "PullSplit":
            sources["pull_split_code.vy"] = _as_module(compiled["bytecode"])
        artifacts[name] = {
            "abi": _complete(compiled["abi"], lines),
            "bytecode": compiled["bytecode"],
            "compiler": COMPILER,
        }
    return artifacts


def render(artifacts: dict[str, dict[str, Any]]) -> str:
    """The text of ``artifacts.json``."""
    return json.dumps(artifacts, indent=1, sort_keys=True) + "\n"


def _compile(name: str, sources: dict[str, str]) -> dict[str, Any]:
    import vyper
    from vyper.compiler import compile_from_file_input
    from vyper.compiler.input_bundle import JSONInputBundle

    if vyper.__version__.partition("+")[0] != COMPILER:
        raise SettingsError(
            "another version of Vyper is installed", wanted=COMPILER, installed=vyper.__version__
        )
    bundle = JSONInputBundle(
        {PurePosixPath(path): {"content": source} for path, source in sources.items()}, [PurePosixPath()]
    )
    # The metadata at the end of the code would change with every comment.
    compiled: dict[str, Any] = compile_from_file_input(
        bundle.load_file(PurePosixPath(f"{name}.vy")),
        input_bundle=bundle,
        output_formats=["abi", "bytecode"],
        no_bytecode_metadata=True,
    )
    return compiled


def _as_module(code: str) -> str:
    """A Vyper module with creation code as a constant."""
    digits = code.removeprefix("0x")
    return f'INIT_CODE: constant(Bytes[{len(digits) // 2}]) = x"{digits}"\n'


def _complete(compiled: list[dict[str, Any]], lines: tuple[str, ...]) -> list[dict[str, Any]]:
    items = {_signature(item): item for item in compiled if item["type"] in _KINDS}
    items["constructor"] = {key: value for key, value in items["constructor"].items() if key != "outputs"}
    for line in lines:
        item = parse_line(line).to_json_abi()
        items[_signature(item)] = item
    return sorted(items.values(), key=lambda item: (_KINDS.index(item["type"]), _signature(item)))


def _signature(item: dict[str, Any]) -> str:
    if item["type"] == "constructor":
        return "constructor"
    return f"{item['type']} {item['name']}{_types(item['inputs'])}"


def _types(parameters: list[dict[str, Any]]) -> str:
    return "(" + ",".join(_type(parameter) for parameter in parameters) + ")"


def _type(parameter: dict[str, Any]) -> str:
    kind: str = parameter["type"]
    if kind.startswith("tuple"):
        return _types(parameter["components"]) + kind.removeprefix("tuple")
    return kind


if __name__ == "__main__":
    ARTIFACTS.write_text(render(compile_contracts()))
