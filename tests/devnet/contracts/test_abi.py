"""The compiled interface against the facts of the original contracts, hashes included."""

import pytest
from eth_utils import event_abi_to_log_topic, function_abi_to_4byte_selector

from aztec_butler.core.errors import InputError
from aztec_butler.devnet.contracts import NAMES, artifact

# Every event with its topic, as generated from the originals' ABIs (struct fields without names).
EVENTS = {
    "StakingRegistry": {
        "AttestersAddedToProvider(uint256 indexed providerIdentifier, address[] attesters)": "0x8dc338d3490cc6b09bdcf6e2a20a42d02c2da00c19901dea14363bc2897e87ab",
        "ProviderAdminUpdateInitiated(uint256 indexed providerIdentifier, address indexed newAdmin)": "0xd381857c9c5d677780d13306b42c792e92744dbdfa920fe601d671dc8e1793c1",
        "ProviderAdminUpdated(uint256 indexed providerIdentifier, address indexed newAdmin)": "0xea1fd99243b41c0449ac314627c3aeeab6309a80f25fb8b1f8457d49efec91c7",
        "ProviderQueueDripped(uint256 indexed providerIdentifier, address indexed attester)": "0x973a89c42abd20693a9268df8b16ebbf2ef4e660750a885ff8f8fc5936413301",
        "ProviderRegistered(uint256 indexed providerIdentifier, address indexed providerAdmin, uint16 indexed providerTakeRate)": "0x43fe1b4477c9a580955f586c904f4670929e184ef4bef4936221c52d0a79a75b",
        "ProviderRewardsRecipientUpdated(uint256 indexed providerIdentifier, address indexed newRewardsRecipient)": "0x531187eeb6da46ef038e0fbe1fde716531bdf460767f60e38dd64e3568a611a3",
        "ProviderTakeRateUpdated(uint256 indexed providerIdentifier, uint16 newTakeRate)": "0xe1e5d3bc252ff6f708999555a6123770d124eb8e484120e49c296ef88df1ff72",
        "StakedWithProvider(uint256 indexed providerIdentifier, address indexed rollupAddress, address indexed attester, address coinbaseSplitContractAddress, address stakerImplementation)": "0xc91c8b4e934fb8f46c6d08a34d60ceb8dbe4ab6844a7040ca4c580e5a837d5c7",
    },
    "PullSplitFactory": {
        "SplitCreated(address indexed split, (address[],uint256[],uint256,uint16) splitParams, address owner, address creator, bytes32 salt)": "0xc4cec5a1846f5c98dc275670618bfecffec4da2e7cba63760ef46f38c75d236e",
        "SplitCreated(address indexed split, (address[],uint256[],uint256,uint16) splitParams, address owner, address creator, uint256 nonce)": "0xf36c74b44f70742fdc66fe7f34107c9e5025433a131e7797e9203203a3a74428",
    },
    "PullSplit": {
        "ExecCalls((address,uint256,bytes)[] calls)": "0x79dfcb184c75a8c53199ae76930d72ffcdac408a45ea4b710dfe3f2d35a45a26",
        "OwnershipTransferred(address indexed oldOwner, address indexed newOwner)": "0x8be0079c531659141344cd1fd0a4f28419497f9722a3daafe3b4186f6b6457e0",
        "SetPaused(bool paused)": "0x3c70af01296aef045b2f5c9d3c30b05d4428fd257145b9c7fcd76418e65b5980",
        "SplitDistributed(address indexed token, address indexed distributor, uint256 amount)": "0x562c19c0e7b3493417e3cf5103baa939f4d0e9c1087be236aebb46b84e09c7d9",
        "SplitUpdated((address[],uint256[],uint256,uint16) _split)": "0x52cd08e805db808b670064dedc5cf97374a918fc17c82d7097753189550e8d51",
    },
    "SplitsWarehouse": {
        "Approval(address indexed owner, address indexed spender, uint256 indexed id, uint256 amount)": "0xb3fd5071835887567a0671151121894ddccc2842f1d10bedad13e0d17cace9a7",
        "NonceInvalidation(address indexed owner, uint256 indexed nonce)": "0x239b0d63832ec06e8082928dc583392b57a30d16e4bb425b49d82c7808e308b0",
        "OperatorSet(address indexed owner, address indexed spender, bool approved)": "0xceb576d9f15e4e200fdb5096d64d5dfd667e16def20c1eefd14256d8e3faa267",
        "Transfer(address caller, address indexed sender, address indexed receiver, uint256 indexed id, uint256 amount)": "0x1b3d7edb2e9c0b0e7c525b20aaaef0f5940d2ed71663c7d39266ecafac728859",
        "Withdraw(address indexed owner, address indexed token, address indexed withdrawer, uint256 amount, uint256 reward)": "0xfbde797d201c681b91056529119e0b02407c7bb96a4a2c75c01fc9667232c8db",
        "WithdrawConfigUpdated(address indexed owner, (uint16,bool) config)": "0xbc150027ce95c264ad6d257eb2f738f76ce357f3b4a68aaf2d1681ce903cb21c",
    },
}

# Every view, likewise.
VIEWS = {
    "StakingRegistry": (
        "PULL_SPLIT_FACTORY() returns address",
        "ROLLUP_REGISTRY() returns address",
        "STAKING_ASSET() returns address",
        "getActivationThreshold(uint256) returns uint256",
        "getFirstIndexInQueue(uint256) returns uint128",
        "getLastIndexInQueue(uint256) returns uint128",
        "getProviderQueueLength(uint256) returns uint256",
        "getValueAtIndexInQueue(uint256,uint128) returns (address,(uint256,uint256),(uint256,uint256,uint256,uint256),(uint256,uint256))",
        "nextProviderIdentifier() returns uint256",
        "pendingProviderAdmins(uint256) returns address",
        "providerConfigurations(uint256) returns address,uint16,address",
        "providerQueues(uint256) returns uint128,uint128",
    ),
    "PullSplitFactory": (
        "SPLIT_WALLET_IMPLEMENTATION() returns address",
        "isDeployed((address[],uint256[],uint256,uint16),address,bytes32) returns address,bool",
        "nonces(bytes32) returns uint256",
        "predictDeterministicAddress((address[],uint256[],uint256,uint16),address) returns address",
        "predictDeterministicAddress((address[],uint256[],uint256,uint16),address,bytes32) returns address",
    ),
    "PullSplit": (
        "FACTORY() returns address",
        "NATIVE_TOKEN() returns address",
        "SPLITS_WAREHOUSE() returns address",
        "eip712Domain() returns bytes1,string,string,uint256,address,bytes32,uint256[]",
        "getSplitBalance(address) returns uint256,uint256",
        "isValidSignature(bytes32,bytes) returns bytes4",
        "owner() returns address",
        "paused() returns bool",
        "replaySafeHash(bytes32) returns bytes32",
        "splitHash() returns bytes32",
        "supportsInterface(bytes4) returns bool",
        "updateBlockNumber() returns uint256",
    ),
    "SplitsWarehouse": (
        "APPROVE_AND_CALL_TYPE_HASH() returns bytes32",
        "DOMAIN_SEPARATOR() returns bytes32",
        "NATIVE_TOKEN() returns address",
        "NATIVE_TOKEN_ID() returns uint256",
        "PERCENTAGE_SCALE() returns uint256",
        "allowance(address,address,uint256) returns uint256",
        "balanceOf(address,uint256) returns uint256",
        "decimals(uint256) returns uint8",
        "eip712Domain() returns bytes1,string,string,uint256,address,bytes32,uint256[]",
        "isOperator(address,address) returns bool",
        "isValidNonce(address,uint256) returns bool",
        "name(uint256) returns string",
        "nonceBitMap(address,uint256) returns uint256",
        "supportsInterface(bytes4) returns bool",
        "symbol(uint256) returns string",
        "withdrawConfig(address) returns uint16,bool",
    ),
}

# Every function that sends a transaction. Those of the StakingRegistry with the selectors that calldata is made of.
TRANSACTIONS = {
    "StakingRegistry": (
        "registerProvider(address,uint16,address)",
        "addKeysToProvider(uint256,(address,(uint256,uint256),(uint256,uint256,uint256,uint256),(uint256,uint256))[])",
        "updateProviderAdmin(uint256,address)",
        "acceptProviderAdmin(uint256)",
        "updateProviderRewardsRecipient(uint256,address)",
        "updateProviderTakeRate(uint256,uint16)",
        "dripProviderQueue(uint256,uint256)",
        "stake(uint256,uint256,address,uint16,address,bool)",
    ),
    "PullSplitFactory": (
        "createSplit((address[],uint256[],uint256,uint16),address,address)",
        "createSplitDeterministic((address[],uint256[],uint256,uint16),address,address,bytes32)",
    ),
    "PullSplit": (
        "depositToWarehouse(address,uint256)",
        "distribute((address[],uint256[],uint256,uint16),address,address)",
        "distribute((address[],uint256[],uint256,uint16),address,uint256,bool,address)",
        "execCalls((address,uint256,bytes)[]) payable",
        "initialize((address[],uint256[],uint256,uint16),address)",
        "onERC1155BatchReceived(address,address,uint256[],uint256[],bytes)",
        "onERC1155Received(address,address,uint256,uint256,bytes)",
        "onERC721Received(address,address,uint256,bytes)",
        "setPaused(bool)",
        "transferOwnership(address)",
        "updateSplit((address[],uint256[],uint256,uint16))",
    ),
    "SplitsWarehouse": (
        "approve(address,uint256,uint256)",
        "approveBySig(address,address,bool,uint256,uint256,uint256,uint48,bytes)",
        "batchDeposit(address[],address,uint256[]) payable",
        "batchTransfer(address[],address,uint256[])",
        "deposit(address,address,uint256) payable",
        "invalidateNonce(uint256)",
        "setOperator(address,bool)",
        "setWithdrawConfig((uint16,bool))",
        "temporaryApproveAndCall(address,bool,uint256,uint256,address,bytes)",
        "temporaryApproveAndCallBySig(address,address,bool,uint256,uint256,address,bytes,uint256,uint48,bytes)",
        "transfer(address,uint256,uint256)",
        "transferFrom(address,address,uint256,uint256)",
        "withdraw(address,address)",
        "withdraw(address,address[],uint256[],address)",
    ),
}
SELECTORS = {
    "registerProvider(address,uint16,address)": "0xea4a1e03",
    "addKeysToProvider(uint256,(address,(uint256,uint256),(uint256,uint256,uint256,uint256),(uint256,uint256))[])": "0xe2530fd1",
    "updateProviderAdmin(uint256,address)": "0xae996dc5",
    "acceptProviderAdmin(uint256)": "0x22b2b62d",
    "updateProviderRewardsRecipient(uint256,address)": "0x48922b95",
    "updateProviderTakeRate(uint256,uint16)": "0xcea00fa5",
    "dripProviderQueue(uint256,uint256)": "0x26f7424f",
    "stake(uint256,uint256,address,uint16,address,bool)": "0x6fde9315",
    "PULL_SPLIT_FACTORY()": "0x2dd2eb5e",
}

ERRORS = {
    "StakingRegistry": (
        "QueueIndexOutOfBounds()",
        "QueueIsEmpty()",
        "SafeERC20FailedOperation(address)",
        "StakingRegistry__InvalidProviderIdentifier(uint256)",
        "StakingRegistry__InvalidTakeRate(uint256)",
        "StakingRegistry__NotPendingProviderAdmin()",
        "StakingRegistry__NotProviderAdmin()",
        "StakingRegistry__UnexpectedTakeRate(uint256,uint256)",
        "StakingRegistry__UpdatedProviderAdminToSameAddress()",
        "StakingRegistry__UpdatedProviderTakeRateToSameValue()",
        "StakingRegistry__ZeroAddress()",
    ),
    "PullSplitFactory": (
        "InvalidSplit_LengthMismatch()",
        "InvalidSplit_TotalAllocationMismatch()",
    ),
    "PullSplit": (
        "InvalidCalldataForEOA((address,uint256,bytes))",
        "InvalidSplit()",
        "InvalidSplit_LengthMismatch()",
        "InvalidSplit_TotalAllocationMismatch()",
        "Paused()",
        "SafeERC20FailedOperation(address)",
        "Unauthorized()",
        "UnauthorizedInitializer()",
    ),
    "SplitsWarehouse": (
        "ExpiredSignature(uint48)",
        "FailedInnerCall()",
        "InvalidAck()",
        "InvalidAmount()",
        "InvalidNonce()",
        "InvalidPermitParams()",
        "InvalidSigner()",
        "LengthMismatch()",
        "Overflow()",
        "SafeERC20FailedOperation(address)",
        "WithdrawalPaused(address)",
    ),
}


def types(parameters):
    return ",".join(type_of(parameter) for parameter in parameters)


def type_of(parameter):
    if parameter["type"].startswith("tuple"):
        return f"({types(parameter['components'])})" + parameter["type"].removeprefix("tuple")
    return parameter["type"]


def signature(item):
    return f"{item['name']}({types(item['inputs'])})"


def items(name, kind):
    return [item for item in artifact(name).abi if item["type"] == kind]


def render_event(item):
    inputs = (
        f"{type_of(entry)} {'indexed ' if entry['indexed'] else ''}{entry['name']}"
        for entry in item["inputs"]
    )
    return f"{item['name']}({', '.join(inputs)})"


def render_function(item):
    if item["stateMutability"] in ("view", "pure"):
        return f"{signature(item)} returns {types(item['outputs'])}"
    payable = " payable" if item["stateMutability"] == "payable" else ""
    return signature(item) + payable


@pytest.mark.parametrize("name", NAMES)
def test_events__topics_and_indexed_parameters__are_the_originals(name):
    found = {render_event(item): "0x" + event_abi_to_log_topic(item).hex() for item in items(name, "event")}
    assert found == EVENTS[name]


@pytest.mark.parametrize("name", NAMES)
def test_functions__types_and_mutability__are_the_originals(name):
    found = sorted(render_function(item) for item in items(name, "function"))
    assert found == sorted(VIEWS[name] + TRANSACTIONS[name])


def test_selectors__of_the_staking_registry__are_the_originals():
    found = {
        signature(item): "0x" + function_abi_to_4byte_selector(item).hex()
        for item in items("StakingRegistry", "function")
    }
    assert {key: found[key] for key in SELECTORS} == SELECTORS


@pytest.mark.parametrize("name", NAMES)
def test_errors__of_every_contract__are_in_its_abi(name):
    assert sorted(signature(item) for item in items(name, "error")) == sorted(ERRORS[name])


@pytest.mark.parametrize(
    ("name", "inputs"),
    [
        ("SplitsWarehouse", "string,string"),
        ("PullSplit", "address"),
        ("PullSplitFactory", "address"),
        ("StakingRegistry", "address,address,address"),
    ],
)
def test_constructor__types__are_the_originals(name, inputs):
    (constructor,) = items(name, "constructor")
    assert types(constructor["inputs"]) == inputs


def test_names__of_returned_values__are_the_originals():
    named = {
        signature(item): [entry["name"] for entry in item["outputs"]]
        for item in artifact("StakingRegistry").abi
        if item["type"] == "function"
    }
    assert named["providerConfigurations(uint256)"] == [
        "providerAdmin",
        "providerTakeRate",
        "providerRewardsRecipient",
    ]
    assert named["providerQueues(uint256)"] == ["first", "last"]


def test_key_store__fields__are_named_as_in_the_original():
    (item,) = [item for item in items("StakingRegistry", "function") if item["name"] == "addKeysToProvider"]
    fields = item["inputs"][1]["components"]
    assert [field["name"] for field in fields] == [
        "attester",
        "publicKeyG1",
        "publicKeyG2",
        "proofOfPossession",
    ]
    assert [field["name"] for field in fields[2]["components"]] == ["x0", "x1", "y0", "y1"]


def test_artifact__unknown_name__is_an_input_error():
    with pytest.raises(InputError, match="no such contract"):
        artifact("PushSplit")
