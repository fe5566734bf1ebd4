"""What the watcher knows and makes of a whole season of real contracts, against the season's own record."""

from __future__ import annotations

from collections import Counter

import attrs
import pytest
from watcher_facts import only, settings_of
from web3 import HTTPProvider, Web3

from aztec_butler import connect
from aztec_butler.clients.logs import fetch_logs
from aztec_butler.core.errors import CheckFailed, NodeRefused, NotFoundError
from aztec_butler.core.events import decode_logs
from aztec_butler.core.governance import ProposalState
from aztec_butler.core.hexes import ZERO_ADDRESS
from aztec_butler.core.intents import ActionKind
from aztec_butler.core.lifecycle import Lifecycle
from aztec_butler.devnet.season import Story
from aztec_butler.devnet.season_keys import wallet
from aztec_butler.watcher.conditions import conditions_of
from aztec_butler.watcher.fact_reading import FactReader
from aztec_butler.watcher.handlers import ALWAYS, HANDLERS, intents_of, own_words, watched_kinds

pytestmark = [pytest.mark.devnet, pytest.mark.xdist_group("history")]

ROUND_TRIPS = 10
PUBLISHERS = (wallet("publisher"), wallet("staker"))


@pytest.fixture(scope="module")
def season(played_season):
    return played_season[1]


@pytest.fixture
def net(played_season):
    devnet = played_season[0]
    addresses = devnet.addresses
    options = {"registry": addresses["registry"], "staking_registry": addresses["staking_registry"]}
    with connect("devnet", l1=devnet.url, progress=False, **options) as connected:
        yield connected


@pytest.fixture
def settings(season):
    ids = tuple(each.provider_id for each in season.providers)
    return settings_of(provider_ids=ids, publishers=PUBLISHERS, keystores=())


@pytest.fixture
def facts(net, settings):
    return FactReader(net, settings).read("latest")


def logs_of(net, facts):
    return fetch_logs(
        net.rpc,
        addresses=sorted(facts.contracts),
        topics=[sorted({kind.topic0 for kind in watched_kinds()})],
        first_block=0,
        last_block=facts.block.number,
    )


def events_of(net, facts):
    """Every event of the season that somebody handles, decoded by the role of who emitted it."""
    topics = {(kind.role, kind.topic0) for kind in watched_kinds()}
    logs = [log for log in logs_of(net, facts) if (facts.contracts[log.address], log.topics[0]) in topics]
    return decode_logs(logs, facts.contracts)


# --------------------------------------------------------------------------- facts


def test_facts__at_the_end__are_the_seasons_own(facts, season):
    assert facts.canonical.address == season.rollups[1]
    assert set(facts.providers) == {each.provider_id for each in season.providers}
    for provider in season.providers:
        found = facts.providers[provider.provider_id]
        assert (found.admin, found.take_rate_bps) == (provider.admin, provider.take_rate_bps)
        assert (found.rewards_recipient, found.keys_queued) == (
            provider.rewards_recipient,
            len(provider.listed),
        )
    ours = {
        address: each for address, each in season.attesters.items() if each.provider_id in facts.provider_ids
    }
    assert ours
    assert set(facts.attesters) >= set(ours)
    for address, each in ours.items():
        found = facts.attesters[address]
        is_listed = each.withdrawer is None
        assert found.provider_id == each.provider_id or address in season.stories[Story.DRIPPED], address
        if not is_listed:
            assert found.split is not None
            assert found.split_owner == ZERO_ADDRESS


LIFECYCLES = {
    Story.LISTED: Lifecycle.PROVIDER_QUEUED,
    Story.QUEUED: Lifecycle.ENTRY_QUEUED,
    Story.QUEUED_BEHIND: Lifecycle.ENTRY_QUEUED,
    Story.STAYED: Lifecycle.VALIDATING,
    Story.SLASHED: Lifecycle.VALIDATING,
    Story.ZOMBIE: Lifecycle.ZOMBIE,
    Story.PAID: Lifecycle.EXITED,
}


@pytest.mark.parametrize("story", LIFECYCLES, ids=lambda story: story.name.lower())
def test_facts__named_attesters__stand_where_their_story_says(net, season, settings, story):
    named = attrs.evolve(settings, provider_ids=(), attesters=season.stories[story])
    facts = FactReader(net, named).read("latest")
    assert list(facts.attesters) == list(season.stories[story])
    assert {each.lifecycle for each in facts.attesters.values()} == {LIFECYCLES[story]}


def test_facts__balances_and_contracts__are_those_that_plain_web3_reads(net, facts, played_season):
    devnet = played_season[0]
    w3 = Web3(HTTPProvider(devnet.url))
    assert facts.publishers == {each: w3.eth.get_balance(each) for each in PUBLISHERS}
    roles = Counter(facts.contracts.values())
    assert roles["rollup"] == roles["slasher"] == roles["slashing_proposer"] == 2
    assert facts.contracts[devnet.addresses["governance_proposer"]] == "governance_proposer"


def test_facts__read_again__few_round_trips(net, settings):
    reader = FactReader(net, settings)
    reader.read("latest")
    for _ in range(3):
        before = net.rpc.request_count
        reader.read("latest")
        assert net.rpc.request_count - before <= ROUND_TRIPS


def test_facts__of_an_earlier_block__are_of_it(net, settings, facts):
    reader = FactReader(net, settings)
    earlier = reader.read(facts.block.number - 40)
    assert earlier.block.number == facts.block.number - 40
    assert reader.read(facts.block.hash).block == facts.block
    assert len(earlier.ejections) <= len(facts.ejections)


def test_facts__provider_that_is_not_there__named(net, settings):
    with pytest.raises(NotFoundError) as caught:
        FactReader(net, attrs.evolve(settings, provider_ids=(1, 99))).read("latest")
    assert caught.value.facts["provider_id"] == "99"


def test_facts__admin_of_the_settings__finds_its_provider(net, season, settings):
    provider = season.providers[0]
    wanted = attrs.evolve(settings, provider_ids=(), provider_admin=provider.admin)
    facts = FactReader(net, wanted).read("latest")
    assert facts.provider_ids == facts.created_ids == (provider.provider_id,)


def test_facts__admin_without_a_provider__has_none(net, settings):
    wanted = attrs.evolve(
        settings,
        provider_ids=(),
        provider_admin=wallet("nobody"),
        provider_take_rate=500,
        provider_rewards_recipient=wallet("somebody"),
    )
    facts = FactReader(net, wanted).read("latest")
    assert (facts.provider_ids, facts.created_ids) == ((), ())
    assert [each.kind for each in conditions_of(facts, wanted)].count(ActionKind.CREATE_PROVIDER) == 1


def test_facts__keystore_that_is_not_there__fails_whole_before_the_chain_is_asked(net, settings, tmp_path):
    reader = FactReader(net, attrs.evolve(settings, keystores=(str(tmp_path / "gone.json"),)))
    before = net.rpc.request_count
    with pytest.raises(CheckFailed):
        reader.read("latest")
    assert net.rpc.request_count == before


class Silent:
    """A network whose node fails at one method."""

    def __init__(self, net, method):
        self._net, self._method = net, method
        self.name, self.multicall, self.at = net.name, net.multicall, net.at

    @property
    def rpc(self):
        return self

    def batch(self, calls):
        if any(method == self._method for method, _ in calls):
            raise NodeRefused("the node is busy")
        return self._net.rpc.batch(calls)


def test_facts__node_fails_at_a_part__fail_whole(net, settings):
    with pytest.raises(NodeRefused):
        FactReader(Silent(net, "eth_getBalance"), settings).read("latest")


class Busy:
    """An Aztec node that does not answer."""

    def get_slash_offenses(self):
        raise NodeRefused("the admin port is shut")


def test_facts__aztec_node_fails__its_part_is_not_known_and_the_rest_is(net, settings, facts):
    found = FactReader(net, settings, node=Busy()).read("latest")
    assert found.offenses is None
    assert found.troubles == {"offenses": "the admin port is shut"}
    assert attrs.evolve(found, troubles={}) == facts


def test_facts__broken_registration_file__its_part_is_not_known_and_the_rest_is(
    net, settings, facts, tmp_path
):
    path = tmp_path / "keys.json"
    path.write_text("[{]")
    found = FactReader(net, attrs.evolve(settings, registration_file=str(path))).read("latest")
    assert found.prepared is None
    assert str(path) in found.troubles["registration_file"]
    assert attrs.evolve(found, troubles={}) == facts


# --------------------------------------------------------------------------- events to intents


def test_season__its_events__make_what_the_season_says(net, facts, season, settings):
    settings = attrs.evolve(settings, keystores=("/keys",))
    events = events_of(net, facts)
    by_name = Counter(type(each).__name__ for each in events)
    intents = [intent for each in events for intent in intents_of(each, facts, settings)]
    assert len({intent.id for intent in intents}) == len(intents)

    updates = only(intents, ActionKind.UPDATE_COINBASE)
    wanted = {
        address: each.coinbase
        for address, each in season.attesters.items()
        if each.provider_id is not None
        and each.withdrawer is not None
        and facts.attesters[address].lifecycle in (Lifecycle.VALIDATING, Lifecycle.ENTRY_QUEUED)
    }
    told = {each.parameters["attester"]: each.parameters["coinbase"] for each in updates}
    assert told == {address: facts.attesters[address].split for address in wanted}
    uses_splits = {each.provider_id for each in season.providers if each.uses_splits}
    for address, coinbase in wanted.items():
        if season.attesters[address].provider_id in uses_splits:
            assert told[address] == coinbase

    titles = Counter(each.parameters["title"] for each in only(intents, ActionKind.NOTIFY))
    assert (
        titles["Provider registered"] == by_name["StakingRegistryProviderRegistered"] == len(season.providers)
    )
    assert titles["Key taken off the list"] == by_name["StakingRegistryProviderQueueDripped"] > 0
    assert titles["Take rate changed"] == by_name["StakingRegistryProviderTakeRateUpdated"] > 0
    # The second rollup; the first became canonical before anybody looked.
    assert titles["The canonical rollup changed"] == by_name["RegistryCanonicalRollupUpdated"] >= 1


def test_season__slashes__ejections_are_those_that_left_a_zombie(net, season, settings):
    """Named one by one, whoever staked them."""
    stories = (
        Story.ZOMBIE,
        Story.ZOMBIE_NAMED,
        Story.SLASHED_TO_NOTHING,
        Story.SLASHED,
        Story.SLASHED_LEAVING,
    )
    named = {address for story in stories for address in season.stories[story]}
    settings = attrs.evolve(settings, attesters=tuple(named))
    facts = FactReader(net, settings).read("latest")
    slashes = [
        each
        for each in events_of(net, facts)
        if type(each).__name__ == "RollupSlashed" and each.attester in named
    ]
    ejected = {
        each.attester
        for each in slashes
        for intent in intents_of(each, facts, settings)
        if intent.parameters["fields"]["ejected"] == "yes"
    }
    out = {address for story in stories[:3] for address in season.stories[story]}
    assert ejected == out
    assert {each.attester for each in slashes} >= out | set(season.stories[Story.SLASHED])


def test_season__the_sieve__lets_nothing_fall_that_asks_for_something(net, facts, settings):
    words = own_words(facts, settings)
    for log, record in zip(
        [log for log in logs_of(net, facts) if _is_watched(log, facts)], events_of(net, facts), strict=True
    ):
        if type(record).__name__ in ALWAYS or not intents_of(record, facts, settings):
            continue
        pieces = {*log.topics, *(log.data[at : at + 32] for at in range(0, len(log.data), 32))}
        assert pieces & words, record


def _is_watched(log, facts):
    return (facts.contracts[log.address], log.topics[0]) in {
        (kind.role, kind.topic0) for kind in watched_kinds()
    }


def test_season__before_a_round_was_executed__its_slash_is_decided(net, facts, season, settings):
    rounds = [
        each
        for each in events_of(net, facts)
        if type(each).__name__ == "SlashingProposerRoundExecuted" and each.slash_count
    ]
    assert rounds
    executed = rounds[-1]
    slashed = {
        each.attester: each.amount_wei
        for each in events_of(net, facts)
        if type(each).__name__ == "RollupSlashed"
        and each.position.transaction_hash == executed.position.transaction_hash
    }
    settings = attrs.evolve(settings, attesters=tuple(slashed))
    before = FactReader(net, settings).read(executed.position.block_number - 1)
    decided = {each.attester: each.amount_wei for each in before.rounds if each.amount_wei}
    assert decided == slashed
    names = {each.name for each in conditions_of(before, settings)}
    assert "slash-decided" in names
    after = FactReader(net, settings).read(executed.position.block_number)
    assert not [each for each in after.rounds if each.amount_wei]


def test_facts__proposals_that_a_reorganisation_took_away__are_none(net, settings):
    reader = FactReader(net, settings)
    reader._proposals = 2  # as on the chain that is gone
    assert reader.read("latest").proposals == {}


def test_table__kinds_that_the_season_does_not_play__are_few(net, facts):
    played = {type(each).__name__ for each in events_of(net, facts)}
    assert {line.record for line in HANDLERS} - played <= {
        "RollupPendingSlasherQueued",
        "RollupSlasherUpdated",
        "RollupLocalEjectionThresholdUpdated",
        "SlasherVetoedPayload",
        "SlasherSlashingDisabled",
        "GovernanceProposed",
        "GovernanceProposalExecuted",
        "GovernanceProposalDropped",
        "GovernanceConfigurationUpdated",
        "GovernanceGovernanceProposerUpdated",
        "GovernanceProposerPayloadSubmittable",
        "RollupStakingQueueConfigUpdated",
        "StakingRegistryProviderAdminUpdateInitiated",
        "StakingRegistryProviderAdminUpdated",
    }


def test_governance__a_proposal__is_told_as_an_event_and_while_it_is_open(played_season, settings):
    devnet = played_season[0]
    with devnet.restored():
        addresses = devnet.addresses
        options = {"registry": addresses["registry"], "staking_registry": addresses["staking_registry"]}
        with connect("devnet", l1=devnet.url, progress=False, **options) as net:
            reader = FactReader(net, settings)
            assert reader.read("latest").proposals == {}
            proposer = addresses["governance_proposer"]
            devnet.contract("governance").send("propose", addresses["gse"], sender=proposer)
            made = reader.read("latest")
            assert made.proposals == {0: ProposalState.PENDING}
            (event,) = [each for each in events_of(net, made) if type(each).__name__ == "GovernanceProposed"]
            (notice,) = intents_of(event, made, settings)
            assert (
                f"Proposal 0 of Governance asks to carry out the payload {addresses['gse']}" in notice.summary
            )
            devnet.chain.wait(120)
            devnet.chain.mine()
            open_now = reader.read("latest")
            assert open_now.proposals == {0: ProposalState.ACTIVE}
            assert "proposal-active" in {each.name for each in conditions_of(open_now, settings)}
