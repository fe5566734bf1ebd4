"""Contracts: how their lines are read, found and handed on."""

import re
import subprocess
import sys

import pytest

from aztec_butler.core.contracts import CONTRACTS, GENERATIONS, GSE, ROLLUP, SLASHING_PROPOSER, Contract
from aztec_butler.core.errors import InputError

EXAMPLE = Contract(
    role="example",
    name="Example",
    source="Example.sol",
    text="""
        # -- a comment
              event Moved(address indexed to)
        [2]   event Configured((address booster) config)
        [4+]  event Configured((uint32 bps) config)

        [2]   function getRound(uint256 round) view returns (bool isExecuted, bool isReady, uint256 votes)
        [4+]  function getRound(uint256 round) view returns (bool isExecuted, uint256 votes)
              function flush()
              function flush(uint256 toAdd)
        [2-4] function old()
        [5]   function young()
              error Refused()
    """,
)


# --------------------------------------------------------------------------- finding one


def test_function__by_name__is_found():
    assert EXAMPLE.function("old").signature == "old()"
    assert EXAMPLE.event("Moved").signature == "Moved(address)"
    assert EXAMPLE.error("Refused").signature == "Refused()"


def test_function__asked_twice__is_the_same_object():
    assert EXAMPLE.function("old") is EXAMPLE.function("old")


@pytest.mark.parametrize(
    ("signature", "found"),
    [("flush()", "flush()"), ("flush(uint256)", "flush(uint256)"), ("flush( uint256 )", "flush(uint256)")],
)
def test_function__by_signature__is_found(signature, found):
    assert EXAMPLE.function(signature).signature == found


@pytest.mark.parametrize(("generation", "outputs"), [(2, 3), (4, 2), (5, 2)])
def test_function__by_generation__is_found(generation, outputs):
    assert len(EXAMPLE.function("getRound", generation).outputs) == outputs
    assert len(EXAMPLE.function("getRound(uint256)", generation).outputs) == outputs


@pytest.mark.parametrize(("generation", "types"), [(2, "((address))"), (4, "((uint32))"), (5, "((uint32))")])
def test_event__by_generation__is_found(generation, types):
    assert EXAMPLE.event("Configured", generation).signature == "Configured" + types


@pytest.mark.parametrize("name", ["flush", "getRound", "getRound(uint256)"])
def test_function__several__is_an_input_error_that_lists_them(name):
    with pytest.raises(InputError) as raised:
        EXAMPLE.function(name)
    assert raised.value.facts["found"].count(";") == 1
    assert "generation" in raised.value.facts["found"]


@pytest.mark.parametrize(
    ("name", "generation", "found"),
    [
        ("young", 4, "young() in generation 5"),
        ("old", 5, "old() in generation 2 to 4"),
        ("old()", 5, "old() in generation 2 to 4"),
    ],
)
def test_function__of_another_generation__says_which(name, generation, found):
    with pytest.raises(InputError) as raised:
        EXAMPLE.function(name, generation)
    assert raised.value.facts["found"] == found


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("yuong", "did you mean young()?"),
        ("flush(uint8)", "did you mean flush(uint256) or flush()?"),
        ("Moved", None),
        ("zzz", None),
        ("", None),
    ],
)
def test_function__unknown__names_the_nearest(name, hint):
    with pytest.raises(InputError) as raised:
        EXAMPLE.function(name)
    if hint and "(" not in name:
        hint = hint.replace("()", "")
    assert raised.value.hint == hint
    assert raised.value.facts["contract"] == "example"


def test_function__unknown_generation__is_an_input_error():
    with pytest.raises(InputError) as raised:
        EXAMPLE.function("old", 3)
    assert raised.value.facts["known"] == "2, 4, 5"


@pytest.mark.parametrize(
    "row",
    [
        "evnt Moved()",
        "function",
        "function f",
        "4+ function f()",
        "[3-] function f()",
        "[] function f()",
        "x function f()",
    ],
)
def test_text__row_that_is_no_line__is_refused(row):
    contract = Contract(role="example", name="Example", source="", text=f"\n {row}\n")
    with pytest.raises(InputError) as raised:
        contract.lines  # noqa: B018 - reading it is the test
    assert raised.value.facts["row"] == row


# --------------------------------------------------------------------------- all of them


def test_items__of_every_generation__are_parsed():
    assert [function.name for function in EXAMPLE.functions] == [
        "getRound",
        "getRound",
        "flush",
        "flush",
        "old",
        "young",
    ]
    assert [event.name for event in EXAMPLE.events] == ["Moved", "Configured", "Configured"]
    assert [error.name for error in EXAMPLE.errors] == ["Refused"]


def test_functions_by_selector__several_with_one__is_the_latest():
    selector = EXAMPLE.function("getRound", 4).selector
    assert EXAMPLE.functions_by_selector[selector] is EXAMPLE.function("getRound", 4)
    assert len(EXAMPLE.functions_by_selector) == 5


@pytest.mark.parametrize(
    ("generation", "functions", "events"),
    [
        (2, ["getRound", "flush", "flush", "old"], ["Moved", "Configured"]),
        (4, ["getRound", "flush", "flush", "old"], ["Moved", "Configured"]),
        (5, ["getRound", "flush", "flush", "young"], ["Moved", "Configured"]),
        (None, ["getRound", "flush", "flush", "old", "young"], ["Moved", "Configured", "Configured"]),
    ],
)
def test_json_abi__of_a_generation__has_what_it_has(generation, functions, events):
    abi = EXAMPLE.json_abi(generation)
    assert [item["name"] for item in abi if item["type"] == "function"] == functions
    assert [item["name"] for item in abi if item["type"] == "event"] == events


def test_json_abi__equal_signatures__keeps_the_latest():
    (item,) = [item for item in EXAMPLE.json_abi() if item["name"] == "getRound"]
    assert len(item["outputs"]) == 2


@pytest.mark.parametrize("generation", [*GENERATIONS, None])
@pytest.mark.parametrize("contract", CONTRACTS.values(), ids=CONTRACTS)
def test_contract__names_and_signatures__are_unambiguous_within_a_generation(contract, generation):
    seen = [
        (line.kind, line.item.signature)
        for line in contract.lines
        if line.holds(generation) and (generation is not None or line.kind != "function")
    ]
    assert len(seen) == len(set(seen))


@pytest.mark.parametrize("contract", CONTRACTS.values(), ids=CONTRACTS)
def test_contract__every_line__is_written_as_it_is_rendered(contract):
    assert [line.text for line in contract.lines] == [line.item.render() for line in contract.lines]


@pytest.mark.parametrize("contract", CONTRACTS.values(), ids=CONTRACTS)
def test_contract__events__have_each_their_own_topic(contract):
    assert len(contract.events_by_topic0) == len(contract.events)


@pytest.mark.parametrize("contract", CONTRACTS.values(), ids=CONTRACTS)
def test_contract__functions__have_each_their_own_selector(contract):
    signatures = {function.signature for function in contract.functions}
    assert len(contract.functions_by_selector) == len(signatures)


@pytest.mark.parametrize(("role", "contract"), CONTRACTS.items(), ids=CONTRACTS)
def test_contract__role__is_one_word_and_its_constant(role, contract):
    import aztec_butler.core.contracts as package

    assert re.fullmatch(r"[a-z][a-z0-9_]*", role)
    assert getattr(package, role.upper()) is contract
    assert contract.role == role
    assert contract.source


def test_package__exports__are_sorted_and_complete():
    import aztec_butler.core.contracts as package

    assert sorted(package.__all__) == sorted(set(package.__all__))
    assert {role.upper() for role in CONTRACTS} < set(package.__all__)


# --------------------------------------------------------------------------- the generations of the rollup


@pytest.mark.parametrize(
    ("name", "generation"),
    [("getPendingSlasher", 5), ("getLagInEpochsForValidatorSet", 4), ("getLagInEpochs", 2)],
)
def test_rollup__telltale_functions__exist_from_their_generation_on(name, generation):
    assert ROLLUP.function(name, generation)
    for earlier in GENERATIONS[: GENERATIONS.index(generation)]:
        with pytest.raises(InputError):
            ROLLUP.function(name, earlier)


# Source: the verified contract of mainnet's rollup version 0, 0x603bb2c05D474794ea97805e8De69bCcFb3bCA12.
VERSION_0_FUNCTIONS = """
    L1_BLOCK_AT_GENESIS archive archiveAt canProposeAtTime canPruneAtTime checkBlob checkpointRandao claimProverRewards
    claimSequencerRewards deposit eip712Domain finalizeWithdraw flushEntryQueue getActivationThreshold
    getActiveAttesterCount getAttesterAtIndex getAttesterView getAvailableValidatorFlushes getBlobCommitmentsHash
    getBlock getBlockReward getBurnAddress getCollectiveProverRewardsForEpoch getCommitteeAt getCommitteeCommitmentAt
    getConfig getCurrentBlobCommitmentsHash getCurrentEpoch getCurrentEpochCommittee getCurrentProposer
    getCurrentSampleSeed getCurrentSlot getEarliestRewardsClaimableTimestamp getEjectionThreshold getEntryQueueAt
    getEntryQueueFlushSize getEntryQueueLength getEpochAt getEpochAtSlot getEpochCommittee getEpochCommitteeCommitment
    getEpochDuration getEpochForBlock getEpochProofPublicInputs getExit getExitDelay getFeeAsset getFeeAssetPerEth
    getFeeAssetPortal getFeeHeader getGSE getGenesisTime getHasClaimed getHasSubmitted getInbox getIsBootstrapped
    getL1FeesAt getLagInEpochs getLocalEjectionThreshold getManaBaseFeeAt getManaBaseFeeComponentsAt getManaLimit
    getManaTarget getNextFlushableEpoch getOutbox getPendingBlockNumber getProofSubmissionEpochs getProposerAt
    getProvenBlockNumber getProvingCostPerManaInEth getProvingCostPerManaInFeeAsset getRewardConfig
    getRewardDistributor getSampleSeedAt getSamplingSizeAt getSequencerRewards getSharesFor getSlasher getSlotAt
    getSlotDuration getSpecificProverRewardsForEpoch getStakingAsset getStatus getTargetCommitteeSize
    getTimestampForSlot getTips getVersion initiateWithdraw invalidateBadAttestation invalidateInsufficientAttestations
    isRewardsClaimable owner propose prune renounceOwnership setLocalEjectionThreshold setProvingCostPerMana
    setRewardConfig setRewardsClaimable setSlasher setupEpoch slash status submitEpochRootProof transferOwnership
    updateL1GasFeeOracle updateManaTarget updateStakingQueueConfig validateBlobs vote
"""
VERSION_0_EVENTS = """
    BlockInvalidated Deposit EIP712DomainChanged FailedDeposit L2BlockProposed L2ProofVerified
    LocalEjectionThresholdUpdated ManaTargetUpdated OwnershipTransferred PrunedPending RewardConfigUpdated
    RewardsClaimableUpdated Slashed SlasherUpdated StakingQueueConfigUpdated ValidatorQueued WithdrawFinalized
    WithdrawInitiated
"""


@pytest.mark.parametrize(("kind", "names"), [("function", VERSION_0_FUNCTIONS), ("event", VERSION_0_EVENTS)])
def test_rollup__generation_2__has_the_names_of_mainnets_version_0(kind, names):
    assert {line.name for line in ROLLUP.lines if line.kind == kind and line.holds(2)} == set(names.split())


def test_rollup__generation_5__lacks_what_was_removed():
    names = {line.name for line in ROLLUP.lines if line.holds(5)}
    removed = {
        "setRewardsClaimable",
        "isRewardsClaimable",
        "getEarliestRewardsClaimableTimestamp",
        "RewardsClaimableUpdated",
        "LocalEjectionThresholdUpdated",
        "setLocalEjectionThreshold",
        "EscapeHatchUpdated",
        "setSlasher",
        "L2BlockProposed",
    }
    assert not names & removed
    assert names >= {
        "EscapeHatchSet",
        "PendingSlasherQueued",
        "PendingSlasherCancelled",
        "LegacySlasherAuthorized",
    }
    assert ROLLUP.event("RewardConfigUpdated", 5).signature == "RewardConfigUpdated((uint32,uint96))"


def test_slashing_proposer__get_round__differs_between_generations():
    assert [parameter.name for parameter in SLASHING_PROPOSER.function("getRound", 2).outputs] == [
        "isExecuted",
        "readyToExecute",
        "voteCount",
    ]
    assert len(SLASHING_PROPOSER.function("getRound", 5).outputs) == 2


# --------------------------------------------------------------------------- cost and neighbours


def test_import__of_the_package__parses_no_line_and_loads_nothing_heavy():
    script = """
import sys
import aztec_butler.core.contracts as contracts
from aztec_butler.core.contracts import contract
assert contract._parse.cache_info().currsize == 0, contract._parse.cache_info()
contracts.ROLLUP.function("getStatus")
assert contract._parse.cache_info().currsize == 1, contract._parse.cache_info()
heavy = {"difflib", "eth_abi", "eth_utils", "web3", "pandas", "numpy", "json", "decimal"} & set(sys.modules)
assert not heavy, heavy
"""
    subprocess.run([sys.executable, "-c", script], check=True)


@pytest.mark.parametrize("generation", [*GENERATIONS, None])
def test_json_abi__of_the_rollup__is_taken_by_web3(generation):
    from web3 import Web3

    contract = Web3().eth.contract(abi=ROLLUP.json_abi(generation))
    calls = {
        "getStatus(address)": ["0x" + "11" * 20],
        "flushEntryQueue()": [],
        "flushEntryQueue(uint256)": [5],
    }
    for signature, arguments in calls.items():
        ours = ROLLUP.function(signature).encode_call(*arguments)
        assert contract.encode_abi(signature, args=arguments) == "0x" + ours.hex()
    assert contract.events.Slashed().topic == "0x" + ROLLUP.event("Slashed").topic0.hex()


def test_errors__named_by_the_gse__include_those_of_its_libraries():
    assert (
        GSE.error("Delegation__InsufficientPower").signature
        == "Delegation__InsufficientPower(address,uint256,uint256)"
    )
