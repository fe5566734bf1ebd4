"""Every getter of every typed client, against plain web3 and the official ABI at the same block."""

from __future__ import annotations

import inspect

import attrs
import pytest
import requests
from web3 import HTTPProvider, Web3
from web3.exceptions import ContractLogicError

from aztec_butler import InputError, NotFoundError, RevertError, connect
from aztec_butler.clients import rollup as rollup_module
from aztec_butler.clients import staking_contracts
from aztec_butler.clients.contract import ContractClient
from aztec_butler.clients.contract_clients import ContractClients
from aztec_butler.clients.rollup import RollupClient
from aztec_butler.core.hexes import ZERO_ADDRESS
from aztec_butler.core.records import STATUSES
from aztec_butler.devnet.season import Story
from aztec_butler.devnet.season_keys import wallet

pytestmark = [pytest.mark.devnet, pytest.mark.xdist_group("history")]

CLASSES = {
    kind
    for module in (staking_contracts, rollup_module)
    for kind in vars(module).values()
    if inspect.isclass(kind) and issubclass(kind, ContractClient) and kind is not ContractClient
}


class Chain:
    """The season's contracts, by client and by plain web3, and somebody to ask about."""

    def __init__(self, played_season, net, w3) -> None:
        self.devnet, self.season = played_season
        self.net, self.w3, self.block = net, w3, net.block
        (self.old, self.new) = self.devnet.rollups
        self.stories = {story: attesters[0] for story, attesters in self.season.stories.items() if attesters}
        staked = [each for each in self.season.attesters.values() if each.provider_id and each.withdrawer]
        self.split = next(each.coinbase for each in staked if each.provider_id == 1)

    def contract(self, role: str, address: str | None = None):
        deployed = self.devnet.contract(role)
        return self.w3.eth.contract(address=address or deployed.address, abi=deployed.compiled.abi).functions

    def plain(self, name: str):
        """Plain web3 functions of what ``net.clients`` calls so."""
        token = self.devnet.addresses["staking_asset"]
        asset = self.devnet.contract("staking_asset")
        slasher, proposer = (self.new.contracts[role] for role in ("slasher", "slashing_proposer"))
        special = {
            "rollup": lambda: self.contract("rollup", self.new.rollup.address),
            "split": lambda: self.contract("pull_split_implementation", self.split),
            "staking_asset": lambda: self.w3.eth.contract(address=token, abi=asset.compiled.abi).functions,
            "slasher": lambda: (
                self.w3.eth.contract(address=slasher.address, abi=slasher.compiled.abi).functions
            ),
            "slashing_proposer": lambda: (
                self.w3.eth.contract(address=proposer.address, abi=proposer.compiled.abi).functions
            ),
        }
        return special[name]() if name in special else self.contract(name)

    def client(self, name: str):
        clients: ContractClients = self.net.clients
        if name == "split":
            return clients.split(self.split)
        if name in ("slasher", "slashing_proposer", "splits_warehouse"):
            return getattr(clients, f"fetch_{name}")(block=self.block)
        return getattr(clients, name)


@pytest.fixture(scope="module")
def chain(played_season):
    with (
        requests.Session() as session,
        connect("devnet", l1=played_season[0].url, progress=False) as net,
    ):
        yield Chain(played_season, net, Web3(HTTPProvider(played_season[0].url, session=session)))


def exit_of(value):
    return None if not value[5] else value[:5]


def astuple(record):
    return None if record is None else attrs.astuple(record)


# client, getter, arguments (of the chain), Solidity function, what plain web3's value is to be turned into
GETTERS = [
    ("registry", "get_number_of_versions", (), "numberOfVersions", None),
    ("registry", "get_version", (1,), "getVersion", None),
    ("registry", "get_rollup", (lambda c: c.old.parameters.version,), "getRollup", None),
    ("registry", "get_canonical_rollup", (), "getCanonicalRollup", None),
    ("gse", "get_latest_rollup", (), "getLatestRollup", None),
    ("gse", "get_latest_rollup_at", (lambda c: c.block.timestamp - 1000,), "getLatestRollupAt", None),
    ("gse", "get_bonus_instance_address", (), "BONUS_INSTANCE_ADDRESS", None),
    ("gse", "get_supply_of", (lambda c: c.old.rollup.address,), "supplyOf", None),
    ("gse", "get_total_supply", (), "totalSupply", None),
    (
        "gse",
        "get_attester_count_at_time",
        (lambda c: c.old.rollup.address, lambda c: c.block.timestamp - 1000),
        "getAttesterCountAtTime",
        None,
    ),
    (
        "gse",
        "get_attesters_from_indices_at_time",
        (lambda c: c.new.rollup.address, lambda c: c.block.timestamp - 300, (0, 3, 1)),
        "getAttestersFromIndicesAtTime",
        tuple,
    ),
    (
        "gse",
        "get_effective_balance_of",
        (lambda c: c.new.rollup.address, lambda c: c.season.stories[Story.SLASHED][-1]),
        "effectiveBalanceOf",
        None,
    ),
    ("gse", "get_withdrawer", (lambda c: c.stories[Story.STAYED],), "getWithdrawer", None),
    (
        "gse",
        "get_delegatee",
        (lambda c: c.old.rollup.address, lambda c: c.stories[Story.STAYED]),
        "getDelegatee",
        None,
    ),
    ("gse", "get_voting_power", (lambda c: c.old.rollup.address,), "getVotingPower", None),
    (
        "gse",
        "get_voting_power_at",
        (lambda c: c.old.rollup.address, lambda c: c.block.timestamp - 3000),
        "getVotingPowerAt",
        None,
    ),
    ("gse", "get_registration_digest", ((1, 2),), "getRegistrationDigest", tuple),
    ("governance", "get_withdrawal", (0,), "getWithdrawal", lambda value: (0, *value)),
    ("governance", "get_withdrawal_count", (), "withdrawalCount", None),
    ("governance", "get_configuration", (), "getConfiguration", tuple),
    ("governance", "get_power_now", (lambda c: c.devnet.addresses["gse"],), "powerNow", None),
    (
        "governance",
        "get_power_at",
        (lambda c: c.devnet.addresses["gse"], lambda c: c.block.timestamp - 5000),
        "powerAt",
        None,
    ),
    ("governance", "get_total_power_at", (lambda c: c.block.timestamp - 5000,), "totalPowerAt", None),
    ("staking_registry", "get_next_provider_identifier", (), "nextProviderIdentifier", None),
    (
        "staking_registry",
        "get_value_at_index_in_queue",
        (2, lambda c: c.contract("staking_registry").providerQueues(2).call()[0]),
        "getValueAtIndexInQueue",
        lambda value: (2, None, value[0], tuple(value[1])),
    ),
    ("staking_registry", "get_pull_split_factory", (), "PULL_SPLIT_FACTORY", None),
    ("pull_split_factory", "get_split_wallet_implementation", (), "SPLIT_WALLET_IMPLEMENTATION", None),
    ("split", "get_split_hash", (), "splitHash", bytes),
    (
        "split",
        "get_split_balance",
        (lambda c: c.devnet.addresses["staking_asset"],),
        "getSplitBalance",
        tuple,
    ),
    ("split", "get_splits_warehouse", (), "SPLITS_WAREHOUSE", None),
    (
        "splits_warehouse",
        "get_balance_of",
        (lambda c: c.season.withdrawn_from_warehouse[0], lambda c: c.devnet.addresses["staking_asset"]),
        "balanceOf",
        None,
    ),
    ("staking_asset", "get_balance_of", (lambda c: c.devnet.addresses["governance"],), "balanceOf", None),
    (
        "staking_asset",
        "get_allowance",
        (lambda c: c.devnet.addresses["reward_distributor"], lambda c: c.old.rollup.address),
        "allowance",
        None,
    ),
    ("staking_asset", "get_total_supply", (), "totalSupply", None),
    ("slasher", "get_proposer", (), "PROPOSER", None),
    ("slasher", "get_is_slashing_enabled", (), "isSlashingEnabled", None),
    ("slashing_proposer", "get_current_round", (), "getCurrentRound", None),
    ("slashing_proposer", "get_quorum", (), "QUORUM", None),
    (
        "rollup",
        "get_status",
        (lambda c: c.season.stories[Story.ZOMBIE][-1],),
        "getStatus",
        STATUSES.__getitem__,
    ),
    (
        "rollup",
        "get_exit",
        (lambda c: c.season.stories[Story.ZOMBIE][-1],),
        "getExit",
        exit_of,
    ),
    ("rollup", "get_exit", (lambda c: c.stories[Story.STAYED],), "getExit", exit_of),
    ("rollup", "get_active_attester_count", (), "getActiveAttesterCount", None),
    ("rollup", "get_local_ejection_threshold", (), "getLocalEjectionThreshold", None),
    ("rollup", "get_exit_delay", (), "getExitDelay", None),
    ("rollup", "get_slasher", (), "getSlasher", None),
    ("rollup", "get_entry_queue_length", (), "getEntryQueueLength", None),
    (
        "rollup",
        "get_entry_queue_at",
        (2,),
        "getEntryQueueAt",
        lambda value: (2, value[0], value[1], tuple(value[2]), value[5]),
    ),
    ("rollup", "get_next_flushable_epoch", (), "getNextFlushableEpoch", None),
    ("rollup", "get_available_validator_flushes", (), "getAvailableValidatorFlushes", None),
    ("rollup", "get_entry_queue_flush_size", (), "getEntryQueueFlushSize", None),
    ("rollup", "get_is_bootstrapped", (), "getIsBootstrapped", None),
    ("rollup", "get_genesis_time", (), "getGenesisTime", None),
    ("rollup", "get_current_epoch", (), "getCurrentEpoch", None),
    ("rollup", "get_current_slot", (), "getCurrentSlot", None),
    ("rollup", "get_lag_in_epochs", (), "getLagInEpochsForValidatorSet", None),
    (
        "rollup",
        "get_epoch_committee",
        (lambda c: c.contract("rollup", c.new.rollup.address).getCurrentEpoch().call(),),
        "getEpochCommittee",
        tuple,
    ),
    ("rollup", "get_sampling_size_at", (lambda c: c.block.timestamp,), "getSamplingSizeAt", None),
    ("rollup", "get_pending_checkpoint_number", (), "getPendingCheckpointNumber", None),
    ("rollup", "get_proven_checkpoint_number", (), "getProvenCheckpointNumber", None),
    ("rollup", "get_sequencer_rewards", (lambda c: c.season.coinbases[-1],), "getSequencerRewards", None),
]
ELSEWHERE = {  # getters with tests of their own below
    (RollupClient, "get_attester_view"),
    (staking_contracts.SlashingProposerClient, "get_slash_amounts"),
    (staking_contracts.StakingRegistryClient, "fetch_provider"),
}


@pytest.mark.parametrize(
    ("name", "getter", "arguments", "function", "convert"),
    GETTERS,
    ids=[f"{name}.{getter}-{place}" for place, (name, getter, *_) in enumerate(GETTERS)],
)
def test_getter__says_what_plain_web3_says(chain, name, getter, arguments, function, convert):
    given = [argument(chain) if callable(argument) else argument for argument in arguments]
    found = getattr(chain.client(name), getter)(*given, block=chain.block)
    asked = [
        int(each, 16) if function == "balanceOf" and name == "splits_warehouse" and place else each
        for place, each in enumerate(given)
    ]
    value = getattr(chain.plain(name), function)(*asked).call(block_identifier=chain.block.number)
    expected = value if convert is None else convert(value)
    if attrs.has(type(found)):
        found = attrs.astuple(found)
        expected = tuple(known if known is not None else given[1] for known in expected)
    assert found == expected
    assert type(found) is type(expected)


def test_getters__all_of_every_client__are_tested(chain):
    tested = {(type(chain.client(name)), getter) for name, getter, *_ in GETTERS} | ELSEWHERE
    every = {
        (kind, name)
        for kind in CLASSES
        for name, _ in inspect.getmembers(kind, inspect.isfunction)
        if name.startswith(("get_", "fetch_"))
    }
    assert tested == every
    assert {type(chain.client(name)) for name, *_ in GETTERS} == CLASSES


@pytest.mark.parametrize("story", Story)
def test_attester_view__every_story__on_both_rollups(chain, story):
    for deployed, client in zip((chain.old, chain.new), chain.net.clients.rollups, strict=True):
        attester = chain.stories[story]
        plain = chain.contract("rollup", deployed.rollup.address)
        status, balance, leaving, (key, withdrawer) = plain.getAttesterView(attester).call()
        view = client.get_attester_view(attester, block=chain.block)
        assert (view.status, view.effective_balance_wei) == (STATUSES[status], balance)
        assert (view.public_key, view.withdrawer) == (tuple(key), withdrawer)
        assert astuple(view.exit) == exit_of(leaving)


def test_fetch_provider__every_one__and_none(chain):
    client, plain = chain.net.clients.staking_registry, chain.contract("staking_registry")
    for number in range(1, plain.nextProviderIdentifier().call()):
        provider = client.fetch_provider(number, block=chain.block)
        assert attrs.astuple(provider) == (
            number,
            *plain.providerConfigurations(number).call(),
            *plain.providerQueues(number).call(),
        )
        assert provider.keys_queued == plain.getProviderQueueLength(number).call()
    with pytest.raises(NotFoundError):
        client.fetch_provider(number + 1, block=chain.block)
    with pytest.raises(InputError):
        client.fetch_provider(0, block=chain.block)


def test_slash_amounts__small_medium_and_large(chain):
    plain = chain.plain("slashing_proposer")
    sizes = ("SMALL", "MEDIUM", "LARGE")
    expected = tuple(getattr(plain, f"SLASH_AMOUNT_{size}")().call() for size in sizes)
    assert chain.client("slashing_proposer").get_slash_amounts(block=chain.block) == expected


def test_clients__rollups__by_order_and_version(chain):
    clients = chain.net.clients
    assert [client.address for client in clients.rollups] == list(chain.season.rollups)
    assert clients.rollup.address == chain.season.rollups[1]
    version = chain.old.parameters.version
    assert clients.rollup_of_version(version).address == chain.season.rollups[0]
    with pytest.raises(NotFoundError) as caught:
        clients.rollup_of_version(77)
    assert str(version) in str(caught.value)


def test_clients__contracts_that_another_names__of_each_rollup(chain):
    clients = chain.net.clients
    for deployed in (chain.old, chain.new):
        version = deployed.parameters.version
        slasher = clients.fetch_slasher(version=version, block=chain.block)
        proposer = clients.fetch_slashing_proposer(version=version, block=chain.block)
        assert slasher.address == deployed.contracts["slasher"].address
        assert proposer.address == deployed.contracts["slashing_proposer"].address
    warehouse = clients.fetch_splits_warehouse(block=chain.block)
    assert warehouse.address == chain.devnet.addresses["splits_warehouse"]


def test_clients__a_network_without_a_staking_registry__says_so(chain):
    poor = attrs.evolve(chain.net.deployment, staking_registry=None, pull_split_factory=None)
    clients = ContractClients(chain.net.multicall, poor)
    for name in ("staking_registry", "pull_split_factory"):
        with pytest.raises(NotFoundError) as caught:
            getattr(clients, name)
        assert caught.value.facts == {"role": name}


def test_clients__a_rollup_without_a_slasher__says_so(chain, monkeypatch):
    monkeypatch.setattr(RollupClient, "get_slasher", lambda *_, **__: ZERO_ADDRESS)
    with pytest.raises(NotFoundError, match="no slasher"):
        chain.net.clients.fetch_slasher(block=chain.block)


def test_clients__any_token_or_split__by_an_address_of_any_case(chain):
    token = chain.net.clients.token(chain.devnet.addresses["staking_asset"].lower())
    assert token.get_balance_of(wallet("nobody"), block=chain.block) == 0
    assert chain.net.clients.split(chain.split.lower()).address == chain.split
    with pytest.raises(InputError):
        chain.net.clients.token("0x12")


def test_getter__a_past_block__is_as_it_was_then(chain):
    before = chain.net.at(chain.block.number - 60)
    clients = before.clients
    assert len(clients.rollups) == 2  # found by the same connection, though one of them is not canonical yet
    supply = clients.gse.get_total_supply(block=before.block)
    plain = chain.contract("gse")
    assert (
        supply == plain.totalSupply().call(block_identifier=before.block.number) != plain.totalSupply().call()
    )


def test_getter__the_contract_reverts__is_a_revert_error_with_its_name(chain):
    at = chain.block.timestamp
    with pytest.raises(RevertError) as caught:
        chain.net.clients.governance.get_total_power_at(at, block=chain.block)
    assert caught.value.error == "Governance__CheckpointedUintLib__NotInPast()"
    with pytest.raises(ContractLogicError):
        chain.contract("governance").totalPowerAt(at).call(block_identifier=chain.block.number)


def test_lag__of_the_second_generation__has_another_name():
    client = RollupClient(None, ZERO_ADDRESS, 2)
    assert client.read(rollup_module.lag_function(2)).function.name == "getLagInEpochs"
    assert rollup_module.lag_function(4) == rollup_module.lag_function(5) == "getLagInEpochsForValidatorSet"
