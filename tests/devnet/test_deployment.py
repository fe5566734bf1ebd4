"""The deployed contracts, read independently with web3 and the official ABI."""

import json
from pathlib import Path
from typing import Any

import pytest

from aztec_butler.core.errors import InputError, NotFoundError, RevertError
from aztec_butler.devnet import MAINNET, SMALL, Devnet, contracts
from aztec_butler.devnet.packages import install_packages
from aztec_butler.devnet.parameters import SlasherFlavor

pytestmark = pytest.mark.devnet

AZTEC = 10**18
ZERO = "0x" + "00" * 20
MULTICALL3 = "0xcA11bde05977b3631167028862bE2a173976CA11"


class Reader:
    """Contract views by role through web3."""

    def __init__(self, devnet: Devnet, folder: Path) -> None:
        self._devnet, self._folder = devnet, folder

    def __call__(self, role: str, function: str, *arguments: Any, address: str | None = None) -> Any:
        contract = self._devnet.contract(role)
        name = contract.compiled.name
        if name in contracts.NAMES:
            abi: Any = list(contracts.artifact(name).abi)
        else:
            abi = json.loads((self._folder / f"{name}.sol/{name}.json").read_text())["abi"]
        at = self._devnet.w3.eth.contract(address=address or contract.address, abi=abi)
        return at.functions[function](*arguments).call()


@pytest.fixture
def read(devnet: Devnet, cache_folder: Path | None) -> Reader:
    return Reader(devnet, install_packages(cache_folder).contracts)


def test_deployment__mainnet_preset__contracts_tell_the_published_figures(
    start_devnet: Any, cache_folder: Path | None
) -> None:
    devnet = start_devnet(MAINNET)
    read = Reader(devnet, install_packages(cache_folder).contracts)
    assert read("rollup", "getSlotDuration") == 72
    assert read("rollup", "getEpochDuration") == 32
    assert read("rollup", "getTargetCommitteeSize") == 48
    assert read("rollup", "getLagInEpochsForValidatorSet") == 2
    assert read("rollup", "getLagInEpochsForRandao") == 1
    assert read("rollup", "getProofSubmissionEpochs") == 1
    assert read("rollup", "getActivationThreshold") == 200_000 * AZTEC
    assert read("rollup", "getEjectionThreshold") == 100_000 * AZTEC
    assert read("rollup", "getLocalEjectionThreshold") == 190_000 * AZTEC
    assert read("rollup", "getExitDelay") == 345_600
    assert read("rollup", "getManaTarget") == 75_000_000
    assert read("rollup", "getRewardConfig")[1] == 7000
    assert read("rollup", "getRewardConfig")[3] == 500 * AZTEC
    assert read("rollup", "getEscapeHatch") == devnet.addresses["escape_hatch"]
    assert read("escape_hatch", "getFrequency") == 112
    assert read("slashing_proposer", "QUORUM") == 65
    assert read("slashing_proposer", "ROUND_SIZE") == 128
    assert read("slashing_proposer", "LIFETIME_IN_ROUNDS") == 34
    assert read("slashing_proposer", "EXECUTION_DELAY_IN_ROUNDS") == 28
    assert read("slashing_proposer", "SLASH_OFFSET_IN_ROUNDS") == 2
    assert read("slashing_proposer", "SLASH_AMOUNT_SMALL") == 2_000 * AZTEC
    assert read("slashing_proposer", "SLASH_AMOUNT_LARGE") == 5_000 * AZTEC
    assert read("slasher", "VETOER") == "0xBbB4aF368d02827945748b28CD4b2D42e4A37480"
    assert read("slasher", "SLASHING_DISABLE_DURATION") == 3 * 86400
    assert read("governance_proposer", "QUORUM_SIZE") == 600
    assert read("governance_proposer", "ROUND_SIZE") == 1000
    _, voting_delay, voting_duration, execution_delay, *_ = read("governance", "getConfiguration")
    assert voting_delay / 5 + voting_duration + execution_delay == 9.6 * 86400
    # The bootstrap: nothing is flushed until 500 deposits wait.
    assert read("rollup", "getEntryQueueFlushSize") == 0
    assert read("rollup", "getIsBootstrapped") is False


def test_deployment__wiring__every_contract_knows_the_others(devnet: Devnet, read: Reader) -> None:
    at = devnet.addresses
    assert read("registry", "getCanonicalRollup") == at["rollup"]
    assert read("registry", "numberOfVersions") == 1
    assert read("registry", "getRollup", 1) == at["rollup"]
    assert read("registry", "getRewardDistributor") == at["reward_distributor"]
    assert read("gse", "getLatestRollup") == at["rollup"]
    assert read("gse", "getGovernance") == at["governance"]
    assert read("gse", "ASSET") == at["staking_asset"]
    assert read("governance", "governanceProposer") == at["governance_proposer"]
    assert read("rollup", "getGSE") == at["gse"]
    assert read("rollup", "getStakingAsset") == at["staking_asset"]
    assert read("rollup", "getFeeAsset") == at["fee_asset"]
    assert read("rollup", "getSlasher") == at["slasher"]
    assert read("slasher", "PROPOSER") == at["slashing_proposer"]
    assert read("slash_factory", "VALIDATOR_SELECTION") == at["rollup"]
    assert read("flush_rewarder", "ROLLUP") == at["rollup"]
    assert read("inbox", "ROLLUP") == at["rollup"]
    assert read("coin_issuer", "ASSET") == at["staking_asset"]
    assert read("staking_registry", "STAKING_ASSET") == at["staking_asset"]
    assert read("staking_registry", "PULL_SPLIT_FACTORY") == at["pull_split_factory"]
    assert read("staking_registry", "ROLLUP_REGISTRY") == at["registry"]
    assert read("pull_split_factory", "SPLIT_WALLET_IMPLEMENTATION") == at["pull_split_implementation"]
    assert read("pull_split_implementation", "SPLITS_WAREHOUSE") == at["splits_warehouse"]


def test_deployment__owners__are_those_of_mainnet(devnet: Devnet, read: Reader) -> None:
    for role in ("registry", "gse", "rollup", "flush_rewarder", "date_gated_relayer"):
        assert read(role, "owner") == devnet.addresses["governance"], role
    assert read("staking_asset", "owner") == devnet.addresses["coin_issuer"]
    assert read("coin_issuer", "owner") == devnet.addresses["date_gated_relayer"]


def test_deployment__funding__is_there(devnet: Devnet, read: Reader) -> None:
    assert read("staking_asset", "balanceOf", devnet.addresses["reward_distributor"]) == 100_000_000 * AZTEC
    assert read("flush_rewarder", "rewardsAvailable") == 1_000_000 * AZTEC
    assert read("coin_issuer", "mintAvailable") > 0
    assert read("rollup", "isRewardsClaimable") is True


def test_deployment__multicall3__answers_at_the_canonical_address(devnet: Devnet, read: Reader) -> None:
    assert devnet.addresses["multicall3"] == MULTICALL3
    assert read("multicall3", "getBlockNumber") == devnet.chain.block_number()


def test_deployment__all_contracts__have_code(devnet: Devnet) -> None:
    assert [role for role, address in devnet.addresses.items() if not devnet.w3.eth.get_code(address)] == []


def test_deployment__repeated__is_the_same_to_the_block_hash(devnet: Devnet, start_devnet: Any) -> None:
    other = start_devnet(SMALL)
    number = other.chain.block_number()
    assert other.addresses == devnet.addresses
    assert other.w3.eth.get_block(number)["hash"] == devnet.w3.eth.get_block(number)["hash"]


def test_deployment__other_parameters__registries_stand_where_they_always_do(
    devnet: Devnet, start_devnet: Any
) -> None:
    other = start_devnet(MAINNET)
    for role in ("registry", "staking_registry", "staking_asset", "gse"):
        assert other.addresses[role] == devnet.addresses[role], role


def test_deployment__kept_by_the_deployer__is_its_own(start_devnet: Any) -> None:
    import attrs

    devnet = start_devnet(attrs.evolve(SMALL, owned_by_governance=False, rewards_claimable=False))
    assert devnet.contract("rollup").read("owner") == devnet.w3.eth.accounts[0]
    assert devnet.contract("rollup").read("isRewardsClaimable") is False


@pytest.mark.parametrize(
    ("flavor", "slashes"), [(SlasherFlavor.NONE, False), (SlasherFlavor.EMPIRE, True)], ids=["none", "empire"]
)
def test_deployment__other_slashers__have_their_roles(
    start_devnet: Any, flavor: SlasherFlavor, *, slashes: bool
) -> None:
    devnet = start_devnet(SMALL.with_rollup(slasher_flavor=flavor))
    assert ("slashing_proposer" in devnet.addresses) is slashes
    assert (devnet.contract("rollup").read("getSlasher") != ZERO) is slashes


def test_add_rollup__second_version__becomes_canonical(devnet: Devnet, read: Reader) -> None:
    first = devnet.addresses
    added = devnet.add_rollup(exit_delay_seconds=1234)

    at = devnet.addresses
    assert at["rollup"] == added.rollup.address != first["rollup"]
    assert at["slasher"] != first["slasher"]
    assert at["gse"] == first["gse"]
    assert read("registry", "getCanonicalRollup") == at["rollup"]
    assert read("gse", "getLatestRollup") == at["rollup"]
    assert read("registry", "numberOfVersions") == 2
    assert [read("registry", "getVersion", index) for index in range(2)] == [1, 2]
    assert read("rollup", "getExitDelay") == 1234
    assert read("rollup", "getExitDelay", address=first["rollup"]) == 600
    assert read("rollup", "owner") == at["governance"]
    assert read("gse", "isRollupRegistered", first["rollup"]) is True


def test_add_rollup__version_taken__is_refused_before_anything_is_sent(devnet: Devnet) -> None:
    number = devnet.chain.block_number()
    with pytest.raises(InputError):
        devnet.add_rollup(version=1)
    assert devnet.chain.block_number() == number


def test_add_rollup__as_anybody__the_registry_refuses(devnet: Devnet) -> None:
    with pytest.raises(RevertError):
        devnet.contract("registry").send("addRollup", devnet.addresses["rollup"])


def test_contract__unknown_role__names_the_roles(devnet: Devnet) -> None:
    with pytest.raises(NotFoundError) as raised:
        devnet.contract("rolup")
    assert "rollup" in str(raised.value.facts["roles"])
