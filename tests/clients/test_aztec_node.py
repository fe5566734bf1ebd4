"""The client against cassettes of real 4.1.2 nodes.

Two networks were recorded. The first: one sequencer that runs 3 of 4 validators (anvil's accounts 1 to 3; the
fourth is down), a prover, p2p off, a keystore directory and an admin key. The second (``peers`` in the
names): three nodes with p2p, asked at the plain full node. What is expected here was known before: anvil's
accounts, the addresses that the deployment reported, the settings the nodes were started with.

To record anew: start such networks on the ports below and run pytest with ``--vcr-record=once``.
"""

import pytest

from aztec_butler.clients.aztec_node import AztecNode
from aztec_butler.core.errors import InputError, NodeRefused, NotFoundError, SettingsError
from aztec_butler.core.node_readiness import L1View, ReadinessLimits
from aztec_butler.core.node_records import SlotClock

PUBLIC = "http://127.0.0.1:8080"
ADMIN = "http://127.0.0.1:8880"
FULL_NODE = "http://127.0.0.1:8082"
FULL_NODE_ADMIN = "http://127.0.0.1:8882"
KEY = "not-a-real-admin-key"

DEPLOYER = "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266"
VALIDATORS = (
    "0x70997970C51812dc3A010C7d01b50e0d17dc79C8",
    "0x3C44CdDdB6a900fa2b585dd299e03d12FA4293BC",
    "0x90F79bf6EB2c4f870365E785982E1f101E93b906",
)
DOWN = "0x15d34AAf54267DB7D7c367839AAf71A00a2C6A65"
ROLLUP = "0x322813Fd9A801c5507c9de605d63CEA4f2CE6c44"
ROLLUP_VERSION = 628969693
SLOT_SECONDS = 24
EPOCH_SLOTS = 4

# When the readiness of each was recorded.
HEALTHY_AT = 1_795_429_665
L1_DEAD_AT = 1_795_430_033
PEERS_AT = 1_795_430_731


@pytest.fixture
def node():
    with AztecNode(PUBLIC, admin_url=ADMIN, admin_key=KEY, clock=lambda: 0) as node:
        yield node


@pytest.mark.vcr
def test_get_node_info__version_4__asked_by_its_old_name(node):
    info = node.get_node_info()
    assert (info.node_version, info.l1_chain_id, info.rollup_version) == ("4.1.2", 31337, ROLLUP_VERSION)
    assert info.l1_addresses.rollup == ROLLUP
    assert info.l1_addresses.registry == "0xB7f8BC63BbcaD18155201308C8f3540b07f84F5e"
    assert info.l1_addresses.gse == "0x610178dA211FEF7D417bC0e6FeD39F05609AD788"
    assert info.enr is None


@pytest.mark.vcr
def test_namespace__once_known__not_asked_for_again(node, vcr_cassette):
    """A cassette plays each recorded exchange once, so a second question by the new name would fail."""
    assert node.get_node_version() == "4.1.2"
    assert node.get_node_version() == "4.1.2"
    assert node.get_rollup_version() == ROLLUP_VERSION
    assert node.get_l1_chain_id() == 31337
    assert node.get_l1_addresses().rollup == ROLLUP
    assert len(vcr_cassette) == 6  # five answers, and one "method not found" at the very first


@pytest.mark.vcr
def test_get_tips__running_chain__stages_in_order(node):
    tips = node.get_tips()
    assert tips.proposed.number >= tips.checkpointed.block.number >= tips.proven.block.number
    assert tips.proven.block.number >= tips.finalized.block.number > 0
    assert len(tips.proposed.hash) == 66
    assert node.get_block_number() in (tips.proposed.number, tips.proposed.number + 1)


@pytest.mark.vcr
def test_get_sync_status__running_node__trees_in_sync(node):
    status = node.get_sync_status()
    assert status.trees_synced
    assert status.latest_block >= status.finalized_block >= status.oldest_block == 1


@pytest.mark.vcr
def test_get_block_header__latest_number_and_hash__same_block(node):
    tips = node.get_tips()
    header = node.get_block_header(tips.finalized.block.number)
    assert header == node.get_block_header(tips.finalized.block.hash)
    assert header.number == tips.finalized.block.number
    assert (header.l1_chain_id, header.rollup_version, header.coinbase) == (31337, ROLLUP_VERSION, DEPLOYER)
    newest = node.get_block_header()
    assert newest.number > header.number
    # Block times are those of their slots.
    assert newest.proposed_at - header.proposed_at == (newest.slot - header.slot) * SLOT_SECONDS


@pytest.mark.vcr
def test_get_block_header__block_of_the_future__not_found(node):
    with pytest.raises(NotFoundError) as caught:
        node.get_block_header(1_000_000)
    assert caught.value.facts["block"] == 1_000_000


@pytest.mark.vcr
def test_get_block_header__no_block_at_all__the_callers_mistake_in_the_nodes_words(node):
    with pytest.raises(InputError) as caught:
        node.get_block_header("yesterday")
    assert caught.value.facts["json_rpc_code"] == -32701
    assert caught.value.facts["values"] == ["yesterday"]
    assert caught.value.facts["message"]


@pytest.mark.vcr
def test_get_counts_and_fees__idle_sequencer__numbers(node):
    assert node.get_pending_tx_count() == 0
    fees = node.get_current_min_fees()
    assert fees.fee_per_da_gas == 0
    assert fees.fee_per_l2_gas > 0
    assert node.get_is_ready() is True
    assert node.get_enr() is None
    assert node.get_peers() == ()


@pytest.mark.vcr
def test_get_validators_stats__one_of_four_down__told_apart(node):
    stats = node.get_validators_stats()
    assert stats.is_watching
    assert {validator.attester for validator in stats.validators} == {*VALIDATORS, DOWN}
    for validator in stats.validators:
        missed = validator.missed_attestations
        assert missed.total > 0
        assert missed.count == (missed.total if validator.attester == DOWN else 0)
        # The counters and the history tell the same story.
        attestations = [each for each in validator.history if each.duty == "attestation"]
        assert missed.total == len(attestations)
        assert missed.count == sum(each.is_missed for each in attestations)
        assert (validator.last_attestation is None) == (validator.attester == DOWN)


@pytest.mark.vcr
def test_get_validator_stats__one_attester__window_and_epochs(node):
    stats = node.get_validator_stats(DOWN.lower())
    assert stats.validator.attester == DOWN
    assert stats.slot_window == 24 * EPOCH_SLOTS
    judged = [epoch for epoch in stats.epochs if epoch.total]
    assert judged
    assert all(epoch.missed == epoch.total for epoch in judged)


@pytest.mark.vcr
def test_get_validator_stats__range_of_slots__history_within(node):
    whole = node.get_validator_stats(VALIDATORS[0]).validator.history
    second, last_but_one = whole[1].slot, whole[-2].slot
    part = node.get_validator_stats(VALIDATORS[0], first_slot=second, last_slot=last_but_one)
    assert part.validator.history == whole[1:-1]
    until = node.get_validator_stats(VALIDATORS[0], last_slot=last_but_one)
    assert until.validator.history == whole[:-1]


@pytest.mark.vcr
def test_get_validator_stats__never_on_duty__none(node):
    assert node.get_validator_stats("0x" + "11" * 20) is None


@pytest.mark.vcr
@pytest.mark.parametrize("which", ["all", "current"])
def test_get_slash_offenses__validator_down__inactivity(node, which):
    offenses = node.get_slash_offenses(which)
    assert offenses
    for offense in offenses:
        assert (offense.attester, offense.name, offense.time_unit) == (DOWN, "inactivity", "epoch")
        assert offense.amount_wei == 10 * 10**18


@pytest.mark.vcr
def test_reload_keystore__unchanged_files__silence_is_success(node):
    assert node.reload_keystore() is None


@pytest.mark.vcr
def test_reload_keystore__publisher_unknown_at_start__refused_in_the_nodes_words(node):
    with pytest.raises(NodeRefused) as caught:
        node.reload_keystore()
    assert caught.value.code == -32702
    assert "Publishers cannot be hot-reloaded" in caught.value.facts["message"]


@pytest.mark.vcr
def test_get_config__sequencer__settings_without_secrets(node):
    config = node.get_config()
    assert config["proverId"] == "0xa0ee7a142d267c1f36714e4a8f75612f20a79720"
    assert config["slashInactivityPenalty"] == str(10 * 10**18)
    assert not [
        value for value in config.values() if isinstance(value, str) and value.startswith("0xac0974bec")
    ]


@pytest.mark.vcr
@pytest.mark.parametrize("key", [None, "another-key-of-some-length"], ids=["none", "wrong"])
def test_admin__key_missing_or_wrong__settings_error_without_the_key(key):
    with AztecNode(PUBLIC, admin_url=ADMIN, admin_key=key) as node, pytest.raises(SettingsError) as caught:
        node.get_slash_offenses()
    assert "another-key-of-some-length" not in str(caught.value)
    assert caught.value.hint
    assert ("another API key" in str(caught.value)) == (key is not None)


@pytest.mark.vcr
def test_admin__pointed_at_the_public_port__method_missing_and_a_hint():
    with AztecNode(PUBLIC, admin_url=PUBLIC) as node, pytest.raises(NodeRefused) as caught:
        node.get_slash_offenses()
    assert caught.value.code == -32601
    assert caught.value.facts["method"] == "aztecAdmin_getSlashOffenses or nodeAdmin_getSlashOffenses"
    assert "8880" in caught.value.hint


@pytest.mark.vcr
def test_get_slot_clock__version_4__does_not_tell(node):
    for get in (node.get_slot_clock, node.get_synced_l1_at):
        with pytest.raises(NodeRefused) as caught:
            get()
        assert caught.value.code == -32601


@pytest.mark.vcr
def test_fetch_readiness__healthy_node__ready():
    with AztecNode(PUBLIC, clock=lambda: HEALTHY_AT) as node:
        verdict = node.fetch_readiness(limits=ReadinessLimits(slot_seconds=SLOT_SECONDS))
    assert verdict.ready, verdict.reasons
    assert 0 <= verdict.tip_age_seconds < 4 * SLOT_SECONDS  # the one that is down misses its slots
    assert (verdict.says_ready, verdict.connected_peers, verdict.checkpoint_lag) == (True, None, None)


@pytest.mark.vcr
def test_fetch_readiness__its_l1_was_killed__not_ready_whatever_it_says():
    """Recorded three minutes after the node's L1 had been killed: it still says that it is ready."""
    l1 = L1View(block_at=L1_DEAD_AT, pending_checkpoint=1_000, proven_checkpoint=999)
    slots = SlotClock(
        genesis_at=L1_DEAD_AT - 100 * SLOT_SECONDS,
        slot_seconds=SLOT_SECONDS,
        epoch_slots=EPOCH_SLOTS,
        proof_submission_epochs=2,
    )
    with AztecNode(PUBLIC, clock=lambda: L1_DEAD_AT) as node:
        verdict = node.fetch_readiness(l1=l1, slots=slots, limits=ReadinessLimits(tip_age_slots=5))
    assert verdict.says_ready
    assert not verdict.ready
    assert [reason.code for reason in verdict.reasons] == ["l1-unreachable", "behind-l1", "tip-old"]
    assert verdict.tip_age_seconds > 120


@pytest.mark.vcr
def test_peers__full_node_of_three__two_connected():
    with AztecNode(FULL_NODE) as node:
        peers = node.get_peers(include_pending=True)
        assert [peer.status for peer in peers if peer.status == "connected"] == ["connected"] * 2
        assert all(peer.id.startswith("16Uiu2HA") for peer in peers)
        enr = node.get_enr()
        assert enr.startswith("enr:")
        assert node.get_node_info().enr == enr


@pytest.mark.vcr
def test_fetch_readiness__peers_of_full_node__counted():
    with AztecNode(FULL_NODE, clock=lambda: PEERS_AT) as node:
        verdict = node.fetch_readiness(limits=ReadinessLimits(slot_seconds=SLOT_SECONDS))
    assert verdict.ready, verdict.reasons
    assert verdict.connected_peers == 2


@pytest.mark.vcr
def test_admin__peers_full_node_is_no_sequencer__refused_in_the_nodes_words():
    with AztecNode(FULL_NODE, admin_url=FULL_NODE_ADMIN) as node:
        with pytest.raises(NodeRefused) as caught:
            node.get_slash_offenses()
        assert caught.value.facts["message"] == "Slasher client not enabled"
        with pytest.raises(NodeRefused) as caught:
            node.reload_keystore()
        assert "KEY_STORE_DIRECTORY" in caught.value.facts["message"]


def test_get_slash_offenses__round_number__refused_before_it_is_sent(node):
    with pytest.raises(InputError):
        node.get_slash_offenses(5)


def test_get_validator_stats__wrong_address_or_empty_range__refused_before_it_is_sent(node):
    with pytest.raises(InputError):
        node.get_validator_stats("0x12")
    with pytest.raises(InputError):
        node.get_validator_stats(DOWN, first_slot=9, last_slot=8)


def test_admin__not_configured__settings_error():
    with AztecNode(PUBLIC) as node, pytest.raises(SettingsError) as caught:
        node.reload_keystore()
    assert "8880" in caught.value.hint


def test_constructor__key_without_admin_port_or_key_with_line_break__settings_error():
    with pytest.raises(SettingsError):
        AztecNode(PUBLIC, admin_key=KEY)
    with pytest.raises(SettingsError) as caught:
        AztecNode(PUBLIC, admin_url=ADMIN, admin_key=KEY + "\n")
    assert KEY not in str(caught.value)


def test_repr__urls_with_keys__names_only():
    node = AztecNode(
        "https://node.example/v1/0123456789abcdef", admin_url="http://u:pw@10.0.0.1:8880", admin_key=KEY
    )
    assert repr(node) == "<AztecNode node.example, admin 10.0.0.1:8880>"
    assert KEY not in repr(vars(node))
