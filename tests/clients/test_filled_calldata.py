"""Builders that look up what they were not told: on real contracts, against plain reads of the same chain."""

from __future__ import annotations

import inspect
import pickle

import pytest

from aztec_butler import calldata, connect
from aztec_butler.clients.filled_calldata import BUILDERS, FilledCalldata
from aztec_butler.core.errors import InputError, NotFoundError
from aztec_butler.devnet.season_keys import attester_keys, wallet
from aztec_butler.devnet.staking_moves import Deposit, StakingMoves

pytestmark = pytest.mark.devnet

ADMIN, RECIPIENT, STAKER = wallet("admin"), wallet("provider rewards"), wallet("staker")
ALICE, BOB = wallet("alice"), wallet("bob")


@pytest.fixture
def provided(devnet):
    """Provider 1 with a delegation and two keys left, an attester that moves and one that does not."""
    moves = StakingMoves(devnet, devnet.rollups[-1])
    registry = devnet.contract("staking_registry")
    registry.send("registerProvider", ADMIN, 500, RECIPIENT, sender=ADMIN)
    keys = [attester_keys(number).key_store for number in (10, 11, 12)]
    registry.send("addKeysToProvider", 1, keys, sender=ADMIN)
    moves.fund([STAKER], registry.address)
    registry.send(
        "stake", 1, moves.version, wallet("withdrawer"), 500, wallet("staker rewards"), True, sender=STAKER
    )
    moves.deposit(
        [Deposit(keys=attester_keys(n), withdrawer=wallet(f"owner {n}"), moves=n == 0) for n in (0, 1)]
    )
    moves.flush_all()
    return devnet


@pytest.fixture
def net(provided):
    addresses = provided.addresses
    with connect(
        "devnet",
        l1=provided.url,
        registry=addresses["registry"],
        staking_registry=addresses["staking_registry"],
        first_block=0,
        progress=False,
    ) as network:
        yield network


@pytest.fixture
def filled(net):
    return net.calldata


# --------------------------------------------------------------------------- addresses


@pytest.mark.parametrize(
    ("make", "role"),
    [
        (lambda c: c.accept_provider_admin(1), "staking_registry"),
        (
            lambda c: c.register_provider(admin=ALICE, take_rate_bps=1, rewards_recipient=BOB),
            "staking_registry",
        ),
        (lambda c: c.flush_entry_queue(), "rollup"),
        (lambda c: c.flush_entry_queue(at_most=3), "rollup"),
        (lambda c: c.rollup_vote(3), "rollup"),
        (lambda c: c.approve(ALICE, 5), "staking_asset"),
        (lambda c: c.transfer(ALICE, 5), "staking_asset"),
        (lambda c: c.warehouse_withdraw(ALICE), "splits_warehouse"),
        (lambda c: c.gse_vote(3, 5, support=True), "gse"),
        (lambda c: c.signal(ALICE), "governance_proposer"),
    ],
)
def test_filled__contract__is_the_networks(provided, filled, make, role):
    assert make(filled).to == provided.addresses[role]


def test_filled__what_is_given__goes_first(filled):
    assert filled.transfer(BOB, 5, token=ALICE).to == ALICE
    assert filled.flush_entry_queue(rollup=ALICE).to == ALICE
    assert filled.accept_provider_admin(1, staking_registry="mainnet", current=filled.provider(1)).to != ALICE


def test_filled__every_builder__has_its_signature_and_words(filled):
    for name in BUILDERS:
        function, builder = getattr(filled, name), getattr(calldata, name)
        assert inspect.getdoc(function) == inspect.getdoc(builder)
        assert inspect.signature(function) == inspect.signature(builder)
        assert name in dir(filled)


def test_filled__unknown_builder__is_an_attribute_error_that_lists_them(filled):
    with pytest.raises(AttributeError, match="register_provider"):
        filled.no_such_call  # noqa: B018
    with pytest.raises((AttributeError, TypeError)):
        pickle.dumps(filled)


@pytest.mark.parametrize(
    "make",
    [
        lambda c: c.update_take_rate(),
        lambda c: c.distribute(),
        lambda c: c.delegate(),
        lambda c: c.transfer(5, 5, 5),
    ],
)
def test_filled__missing_arguments__are_told_as_by_any_function(filled, make):
    with pytest.raises(TypeError):
        make(filled)


# --------------------------------------------------------------------------- present terms


def test_filled__terms_that_the_provider_has__are_refused(filled):
    for make in (
        lambda: filled.update_take_rate(1, 500),
        lambda: filled.update_provider_admin(1, ADMIN),
        lambda: filled.update_rewards_recipient(1, RECIPIENT),
        lambda: filled.drip_queue(1, 3),
    ):
        with pytest.raises(InputError):
            make()
    assert "from 5.00% to 6.00%" in filled.update_take_rate(1, 600).summary
    assert "first 2 keys of 2" in filled.drip_queue(1, 2).summary


def test_filled__provider_that_does_not_exist__is_not_found(filled):
    for make in (lambda: filled.update_take_rate(2, 1), lambda: filled.accept_provider_admin(2)):
        with pytest.raises(NotFoundError):
            make()
    with pytest.raises(InputError):
        filled.accept_provider_admin(0)


def test_filled__stake__expects_the_present_rate_on_the_canonical_rollup(provided, filled):
    call = filled.stake(1, withdrawer=ALICE, rewards_recipient=BOB, moves_with_latest_rollup=True)
    told = {value.field: value.value for value in calldata.explain(call).values}
    assert told["expected_take_rate_bps"] == 500
    assert told["rollup_version"] == provided.contract("rollup").read("getVersion")
    with pytest.raises(InputError):
        filled.stake(
            1,
            withdrawer=ALICE,
            rewards_recipient=BOB,
            moves_with_latest_rollup=True,
            expected_take_rate_bps=501,
        )


# --------------------------------------------------------------------------- where a stake lies


def test_filled__delegate__names_the_instance_of_the_stake(provided, filled):
    bonus, rollup = provided.contract("gse").read("BONUS_INSTANCE_ADDRESS"), provided.addresses["rollup"]
    for number, instance in ((0, bonus), (1, rollup)):
        attester = attester_keys(number).address
        assert filled.instance_of(attester.lower()) == instance
        call = filled.delegate(attester, ALICE)
        provided.chain.send(call.to, call.data, sender=wallet(f"owner {number}"))
        assert provided.contract("gse").read("getDelegatee", instance, attester) == ALICE
    with pytest.raises(NotFoundError):
        filled.delegate(BOB, ALICE)


# --------------------------------------------------------------------------- splits


def test_filled__distribute__takes_the_splits_parameters_from_its_creation(net, filled):
    (delegation,) = net.snapshot().delegations()
    split = filled.split(delegation.split.lower())
    assert split.recipients == (delegation.provider_recipient, delegation.staker_recipient)
    assert split.allocations == (500, 9500)
    call = filled.distribute(delegation.split)
    assert call.to == delegation.split
    assert net.simulate(call, sender=ALICE).succeeds
    assert calldata.explain(call).values[2].value == delegation.provider_recipient


def test_filled__what_is_no_split__is_not_found(filled):
    with pytest.raises(NotFoundError):
        filled.distribute(ALICE)


# --------------------------------------------------------------------------- at one block


def test_filled__of_a_pinned_network__knows_the_terms_of_its_block(provided, net):
    before = net.at("latest")
    provided.contract("staking_registry").send("updateProviderTakeRate", 1, 600, sender=ADMIN)
    with pytest.raises(InputError):
        before.calldata.update_take_rate(1, 500)
    with pytest.raises(InputError):
        net.calldata.update_take_rate(1, 600)
    before.calldata.update_take_rate(1, 600)


def test_network_simulate__one_call_or_several__with_events_of_the_deployment(net):
    assert isinstance(net.calldata, FilledCalldata)
    simulation = net.simulate(net.calldata.update_take_rate(1, 600), sender=ADMIN)
    (event,) = simulation.calls[0].events
    assert (event.role, event.new_take_rate_bps) == ("staking_registry", 600)
    several = net.simulate([net.calldata.drip_queue(1, 1), net.calldata.drip_queue(1, 1)], sender=ADMIN)
    assert several.succeeds
    assert several.block == net.block
    assert net.simulate([net.calldata.drip_queue(1, 1)], sender=ALICE).calls[0].revert.hint


def test_network_simulate__pinned__runs_on_that_block(provided, net):
    before = net.at("latest")
    provided.contract("staking_registry").send("dripProviderQueue", 1, 2, sender=ADMIN)
    call = before.calldata.drip_queue(1, 2)
    assert before.simulate(call, sender=ADMIN).succeeds
    assert not net.simulate(call, sender=ADMIN).succeeds
