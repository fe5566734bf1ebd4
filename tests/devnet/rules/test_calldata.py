"""Every builder on the real contracts: the effect that its summary says, simulated first and found the same."""

from __future__ import annotations

import attrs
import pytest

from aztec_butler import calldata
from aztec_butler.clients.blocks import fetch_block
from aztec_butler.clients.simulation import simulate
from aztec_butler.core.bls import registration
from aztec_butler.core.contracts import PULL_SPLIT, PULL_SPLIT_FACTORY
from aztec_butler.core.errors import RevertError
from aztec_butler.core.events import EventRecord, UndecodedLog
from aztec_butler.core.hexes import checksum_address, keccak256, parse_bytes
from aztec_butler.core.records import SplitParameters
from aztec_butler.core.simulation import Verdict
from aztec_butler.devnet.chain import DEPLOYER
from aztec_butler.devnet.season_keys import attester_keys, wallet
from aztec_butler.devnet.staking_moves import Deposit, StakingMoves

pytestmark = pytest.mark.devnet

ADMIN, RECIPIENT, STAKER = wallet("admin"), wallet("provider rewards"), wallet("staker")
TOKEN = 10**18


def key(number):
    made = registration(5000 + number)
    return (
        wallet(f"attester {number}"),
        made.public_key_g1,
        made.public_key_g2,
        made.proof_of_possession,
    )


class Signer:
    """Sends calls as whoever is to sign them, and holds every simulation against what then happens."""

    def __init__(self, devnet):
        self.devnet, self.chain = devnet, devnet.chain
        self.moves = StakingMoves(devnet, devnet.rollups[-1])
        at = devnet.addresses
        self.rollup, self.token, self.gse = at["rollup"], at["staking_asset"], at["gse"]
        self.registry, self.warehouse = at["staking_registry"], at["splits_warehouse"]
        self.proposer = at["governance_proposer"]
        self.roles = {
            self.rollup: "rollup",
            self.token: "token",
            self.gse: "gse",
            self.registry: "staking_registry",
            at["governance"]: "governance",
        }

    def read(self, role, function, *arguments):
        return self.devnet.contract(role).read(function, *arguments)

    def simulate(self, *calls, sender):
        block, _ = fetch_block(self.devnet.rpc, "latest")
        return simulate(self.devnet.rpc, calls, sender=sender, block=block, roles=self.roles)

    def sign(self, call, sender=ADMIN):
        """Simulate, send, and compare gas and every log; the receipt."""
        (foreseen,) = self.simulate(call, sender=sender).calls
        assert foreseen.verdict is Verdict.SUCCEEDS, foreseen.revert
        receipt = self.chain.send(call.to, call.data, sender=sender, value_wei=call.value_wei)
        assert foreseen.gas == receipt.gas_used
        assert [_log(event) for event in foreseen.events] == [_raw(log) for log in receipt.logs]
        assert all(isinstance(event, EventRecord) for event in foreseen.events)
        return receipt

    def refusal(self, call, sender=ADMIN):
        """The error's name, which simulation and chain agree on."""
        (foreseen,) = self.simulate(call, sender=sender).calls
        with pytest.raises(RevertError) as refused:
            self.chain.send(call.to, call.data, sender=sender)
        assert foreseen.verdict is Verdict.REVERTS
        assert foreseen.gas is None
        assert foreseen.revert.signature == refused.value.error
        assert foreseen.revert.data == refused.value.data
        return foreseen.revert.name

    # -- short ways

    def provider(self):
        return self.read("staking_registry", "providerConfigurations", 1)

    def queued(self):
        return self.read("staking_registry", "getProviderQueueLength", 1)

    def register(self, rate=500, keys=()):
        self.sign(
            calldata.register_provider(
                admin=ADMIN, take_rate_bps=rate, rewards_recipient=RECIPIENT, staking_registry=self.registry
            )
        )
        if keys:
            for call in calldata.add_keys(1, keys, staking_registry=self.registry):
                self.sign(call)

    def activate(self, number, *, moves=True):
        """An attester in the set; its withdrawer."""
        owner = wallet(f"owner {number}")
        self.moves.deposit([Deposit(keys=attester_keys(number), withdrawer=owner, moves=moves)])
        self.moves.flush_all()
        return attester_keys(number).address, owner

    def status(self, attester):
        return self.read("rollup", "getStatus", attester)


def _log(event):
    """A simulated event as address, topics and data."""
    if isinstance(event, UndecodedLog):
        return event.log.address, event.log.topics, event.log.data
    fields = {name: getattr(event, name) for name in event.values()}
    labels = dict(zip(fields, event.event.labels, strict=True))
    topics, data = event.event.encode(**{labels[name]: value for name, value in fields.items()})
    return event.position.address, topics, data


def _raw(log):
    return (
        checksum_address(parse_bytes(log["address"])),
        tuple(map(parse_bytes, log["topics"])),
        parse_bytes(log["data"]),
    )


@pytest.fixture
def signer(devnet):
    return Signer(devnet)


# --------------------------------------------------------------------------- providers


def test_register_provider__signed__registers_these_terms(signer):
    signer.register(rate=2550)
    assert signer.provider() == (ADMIN, 2550, RECIPIENT)


def test_update_provider_admin__signed_and_accepted__changes_hands(signer):
    signer.register()
    new = wallet("new admin")
    signer.sign(calldata.update_provider_admin(1, new, staking_registry=signer.registry))
    assert signer.provider()[0] == ADMIN
    accept = calldata.accept_provider_admin(1, staking_registry=signer.registry)
    assert signer.refusal(accept, wallet("other")) == "StakingRegistry__NotPendingProviderAdmin"
    signer.sign(accept, new)
    assert signer.provider()[0] == new


def test_update_rewards_recipient__signed__goes_elsewhere(signer):
    signer.register()
    new = wallet("new recipient")
    signer.sign(calldata.update_rewards_recipient(1, new, staking_registry=signer.registry))
    assert signer.provider() == (ADMIN, 500, new)


def test_update_take_rate__signed__changes_and_the_same_is_refused(signer):
    signer.register()
    signer.sign(calldata.update_take_rate(1, 2500, staking_registry=signer.registry))
    assert signer.provider()[1] == 2500
    again = calldata.update_take_rate(1, 2500, staking_registry=signer.registry)
    assert signer.refusal(again) == "StakingRegistry__UpdatedProviderTakeRateToSameValue"
    other = calldata.update_take_rate(1, 1, staking_registry=signer.registry)
    assert signer.refusal(other, RECIPIENT) == "StakingRegistry__NotProviderAdmin"


def test_add_keys__signed_in_chunks__lists_every_key_in_order(signer):
    signer.register()
    keys = [key(number) for number in range(5)]
    for call in calldata.add_keys(1, keys, chunk_size=2, staking_registry=signer.registry):
        signer.sign(call)
    first = signer.read("staking_registry", "getFirstIndexInQueue", 1)
    listed = [signer.read("staking_registry", "getValueAtIndexInQueue", 1, first + n) for n in range(5)]
    assert [tuple(each) for each in listed] == keys
    assert signer.queued() == 5


def test_drip_queue__signed__takes_the_first_keys_off(signer):
    signer.register(keys=[key(number) for number in range(3)])
    signer.sign(calldata.drip_queue(1, 2, staking_registry=signer.registry))
    assert signer.queued() == 1
    first = signer.read("staking_registry", "getFirstIndexInQueue", 1)
    assert signer.read("staking_registry", "getValueAtIndexInQueue", 1, first)[0] == key(2)[0]
    assert signer.refusal(calldata.drip_queue(1, 2, staking_registry=signer.registry)) == "QueueIsEmpty"


def stake(signer, **changes):
    options = {
        "rollup_version": signer.moves.version,
        "withdrawer": wallet("withdrawer"),
        "expected_take_rate_bps": 500,
        "rewards_recipient": wallet("staker rewards"),
        "moves_with_latest_rollup": True,
        "staking_registry": signer.registry,
    }
    return calldata.stake(1, **{**options, **changes})


def test_stake__approved_and_signed__queues_the_first_key_for_this_withdrawer(signer):
    signer.register(keys=[key(0), key(1)])
    threshold = signer.moves.threshold_wei
    signer.devnet.contract("staking_asset").send("transfer", STAKER, threshold)
    assert signer.refusal(stake(signer), STAKER) == "ERC20InsufficientAllowance"
    signer.sign(calldata.approve(signer.registry, threshold, token=signer.token), STAKER)
    assert (
        signer.refusal(stake(signer, expected_take_rate_bps=501), STAKER)
        == "StakingRegistry__UnexpectedTakeRate"
    )
    signer.sign(stake(signer), STAKER)
    queued = signer.read("rollup", "getEntryQueueAt", 0)
    assert (queued[0], queued[1], queued[-1]) == (key(0)[0], wallet("withdrawer"), True)
    assert signer.read("staking_asset", "balanceOf", STAKER) == 0
    assert signer.queued() == 1


# --------------------------------------------------------------------------- stakes


def test_deposit_flush__signed__activate_the_attester(signer):
    threshold = signer.moves.threshold_wei
    signer.devnet.contract("staking_asset").send("transfer", STAKER, threshold)
    signer.sign(calldata.approve(signer.rollup, threshold, token=signer.token), STAKER)
    call = calldata.deposit(
        key(0), withdrawer=wallet("withdrawer"), moves_with_latest_rollup=False, rollup=signer.rollup
    )
    signer.sign(call, STAKER)
    queued = signer.read("rollup", "getEntryQueueAt", 0)
    assert (queued[0], queued[1], queued[-1]) == (key(0)[0], wallet("withdrawer"), False)
    signer.moves.wait_epochs(1)
    signer.sign(calldata.flush_entry_queue(rollup=signer.rollup), STAKER)
    assert signer.status(key(0)[0]) == 1
    assert signer.read("gse", "getWithdrawer", key(0)[0]) == wallet("withdrawer")


def test_flush_entry_queue__at_most__activates_no_more(signer):
    deposits = [Deposit(keys=attester_keys(n), withdrawer=wallet("late")) for n in range(3)]
    signer.moves.deposit(deposits)
    signer.moves.wait_epochs(1)
    before = signer.read("rollup", "getActiveAttesterCount")
    signer.sign(calldata.flush_entry_queue(at_most=1, rollup=signer.rollup))
    assert signer.read("rollup", "getActiveAttesterCount") == before + 1
    assert signer.read("rollup", "getEntryQueueLength") == 2


def test_initiate_and_finalize_withdraw__signed__pay_the_recipient(signer):
    attester, owner = signer.activate(0)
    recipient = wallet("recipient")
    leave = calldata.initiate_withdraw(attester, recipient, rollup=signer.rollup)
    assert signer.refusal(leave, ADMIN) == "Staking__NotWithdrawer"
    signer.sign(leave, owner)
    assert signer.status(attester) == 3
    pay = calldata.finalize_withdraw(attester, rollup=signer.rollup)
    assert signer.refusal(pay).endswith("NotUnlockedYet")
    withdrawal_id = signer.read("rollup", "getExit", attester)[0]
    signer.chain.wait_until(signer.read("governance", "getWithdrawal", withdrawal_id)[1] + 1)
    signer.sign(pay)
    assert signer.read("staking_asset", "balanceOf", recipient) == signer.moves.threshold_wei
    assert signer.status(attester) == 0


def test_delegate__signed__moves_the_voting_power(signer):
    attester, owner = signer.activate(0)
    instance, delegatee = signer.read("gse", "BONUS_INSTANCE_ADDRESS"), wallet("delegatee")
    call = calldata.delegate(attester, delegatee, instance=instance, gse=signer.gse)
    assert signer.refusal(call, ADMIN) == "GSE__NotWithdrawer"
    signer.sign(call, owner)
    assert signer.read("gse", "getDelegatee", instance, attester) == delegatee
    assert signer.read("gse", "getVotingPower", delegatee) == signer.moves.threshold_wei


# --------------------------------------------------------------------------- governance


def test_signal_and_votes__signed__carry_a_payload_through_its_proposal(signer):
    """Six stake, one of them delegates; proposers signal for a payload until it is a proposal, and everybody votes."""
    clock, threshold = signer.moves.clock, signer.moves.threshold_wei
    deposits = [Deposit(keys=attester_keys(n), withdrawer=wallet(f"owner {n}")) for n in range(6)]
    signer.moves.deposit(deposits)
    signer.moves.flush_all()
    delegatee, payload = wallet("delegatee"), signer.token
    instance = signer.read("gse", "BONUS_INSTANCE_ADDRESS")
    delegate = calldata.delegate(deposits[0].attester, delegatee, instance=instance, gse=signer.gse)
    signer.sign(delegate, deposits[0].withdrawer)
    signer.moves.wait_epochs(clock.lag_in_epochs + 2)

    size = signer.read("governance_proposer", "ROUND_SIZE")
    quorum = signer.read("governance_proposer", "QUORUM_SIZE")
    first = -(-(signer.read("rollup", "getCurrentSlot") + 2) // size) * size
    signal = calldata.signal(payload, governance_proposer=signer.proposer)
    signer.chain.wait_until(clock.genesis_at + (first - 1) * clock.slot_seconds)
    assert signer.refusal(signal, ADMIN) == "EmpireBase__OnlyProposerCanSignal"
    for slot in range(first, first + quorum):
        signer.chain.wait_until(clock.genesis_at + slot * clock.slot_seconds)
        signer.sign(signal, signer.read("rollup", "getCurrentProposer"))
    number = first // size
    count = signer.read("governance_proposer", "signalCount", signer.rollup, number, payload)
    assert count == quorum
    signer.chain.wait_until(clock.genesis_at + (first + size) * clock.slot_seconds)
    signer.devnet.contract("governance_proposer").send("submitRoundWinner", number)

    yea, nay = (
        calldata.rollup_vote(0, rollup=signer.rollup),
        calldata.gse_vote(0, 3, support=False, gse=signer.gse),
    )
    assert signer.refusal(yea) == "Governance__CheckpointedUintLib__NotInPast"  # voting has not begun
    signer.chain.wait(120)
    signer.sign(yea, wallet("anybody"))
    signer.sign(nay, delegatee)
    assert signer.refusal(nay, wallet("anybody")) == "Delegation__InsufficientPower"
    *_, ballot = signer.read("governance", "getProposal", 0)
    assert ballot == (5 * threshold, 3)


def test_signal__where_nobody_proposes__is_refused_as_simulated(signer):
    call = calldata.signal(signer.token, governance_proposer=signer.proposer)
    assert signer.refusal(call) == "ValidatorSelection__InsufficientValidatorSetSize"


def test_rollup_vote__without_a_proposal__is_refused_as_simulated(signer):
    assert signer.refusal(calldata.rollup_vote(0, rollup=signer.rollup)) == "Staking__NotOurProposal"


# --------------------------------------------------------------------------- tokens


def test_approve_and_transfer__signed__allow_and_move(signer):
    signer.sign(calldata.transfer(STAKER, 3 * TOKEN, token=signer.token), DEPLOYER)
    assert signer.read("staking_asset", "balanceOf", STAKER) == 3 * TOKEN
    for amount in (2 * TOKEN, 0):
        signer.sign(calldata.approve(ADMIN, amount, token=signer.token), STAKER)
        assert signer.read("staking_asset", "allowance", STAKER, ADMIN) == amount
    too_much = calldata.transfer(ADMIN, 4 * TOKEN, token=signer.token)
    assert signer.refusal(too_much, STAKER) == "ERC20InsufficientBalance"


# --------------------------------------------------------------------------- rewards and splits


@pytest.fixture
def split(signer):
    """A delegation's split, with its parameters from its creation."""
    signer.register(keys=[key(0)])
    threshold = signer.moves.threshold_wei
    signer.devnet.contract("staking_asset").send("transfer", STAKER, threshold)
    signer.sign(calldata.approve(signer.registry, threshold, token=signer.token), STAKER)
    receipt = signer.sign(stake(signer), STAKER)
    factory = signer.devnet.contract("pull_split_factory")
    created = PULL_SPLIT_FACTORY.event(
        "SplitCreated(address,(address[],uint256[],uint256,uint16),address,address,uint256)"
    )
    (log,) = [log for log in receipt.logs if checksum_address(parse_bytes(log["address"])) == factory.address]
    values = created.decode([parse_bytes(topic) for topic in log["topics"]], parse_bytes(log["data"]))
    recipients, allocations, total, incentive = values["splitParams"]
    return SplitParameters(
        split=values["split"],
        recipients=recipients,
        allocations=allocations,
        total_allocation=total,
        distribution_incentive=incentive,
    )


def rewards_slot(coinbase):
    """Where the rollup keeps what a coinbase has earned. Source: RewardLib.sol, ``RewardStorage``."""
    base = keccak256(b"aztec.reward.storage")
    return int.from_bytes(keccak256(bytes(12) + bytes.fromhex(coinbase[2:]) + base))


def test_claim_distribute_withdraw__signed__pay_both_sides_of_a_split(signer, split):
    chain, earned = signer.chain, 1_000 * TOKEN
    chain.set_storage(signer.rollup, rewards_slot(split.split), earned)
    signer.devnet.contract("staking_asset").send("transfer", signer.rollup, earned)
    assert signer.read("rollup", "getSequencerRewards", split.split) == earned

    signer.sign(calldata.claim_sequencer_rewards(split.split, rollup=signer.rollup))
    assert signer.read("staking_asset", "balanceOf", split.split) == earned

    question = {"to": split.split, "data": "0x" + PULL_SPLIT.function("splitHash").selector.hex()}
    on_chain = parse_bytes(signer.devnet.rpc.call("eth_call", question, "latest"))
    assert calldata.hash_of_split(split) == on_chain
    signer.sign(
        calldata.distribute(split, token=signer.token, distributor=ADMIN, split_hash=on_chain), STAKER
    )
    held = [
        signer.read("splits_warehouse", "balanceOf", recipient, int(signer.token, 16))
        for recipient in split.recipients
    ]
    assert [round(each / earned * split.total_allocation) for each in held] == list(split.allocations)

    wrong = attrs.evolve(split, recipients=tuple(reversed(split.recipients)))
    refused = calldata.distribute(wrong, token=signer.token, distributor=ADMIN)
    assert signer.refusal(refused, STAKER) == "InvalidSplit"

    for recipient, amount in zip(split.recipients, held, strict=True):
        before = signer.read("staking_asset", "balanceOf", recipient)
        signer.sign(calldata.warehouse_withdraw(recipient, token=signer.token, warehouse=signer.warehouse))
        assert signer.read("staking_asset", "balanceOf", recipient) == before + amount - 1


def test_batch__of_claim_distribute_and_withdraw__does_all_at_once(signer, split):
    chain, earned = signer.chain, 1_000 * TOKEN
    chain.set_storage(signer.rollup, rewards_slot(split.split), earned)
    signer.devnet.contract("staking_asset").send("transfer", signer.rollup, earned)
    calls = [
        calldata.claim_sequencer_rewards(split.split, rollup=signer.rollup),
        calldata.distribute(split, token=signer.token, distributor=ADMIN),
        *(
            calldata.warehouse_withdraw(recipient, token=signer.token, warehouse=signer.warehouse)
            for recipient in split.recipients
        ),
    ]
    signer.sign(calldata.batch(calls), wallet("anybody"))
    paid = [signer.read("staking_asset", "balanceOf", recipient) for recipient in split.recipients]
    assert sum(paid) == pytest.approx(earned, abs=10)

    # One that fails takes the others with it, or is passed over.
    failing = [calldata.finalize_withdraw(ADMIN, rollup=signer.rollup), *calls[:1]]
    chain.set_storage(signer.rollup, rewards_slot(split.split), TOKEN)
    signer.devnet.contract("staking_asset").send("transfer", signer.rollup, TOKEN)
    (all_or_nothing,) = signer.simulate(calldata.batch(failing), sender=ADMIN).calls
    assert all_or_nothing.verdict is Verdict.REVERTS
    before = signer.read("staking_asset", "balanceOf", split.split)
    signer.sign(calldata.batch(failing, allow_failure=True))
    assert signer.read("staking_asset", "balanceOf", split.split) == before + TOKEN


# --------------------------------------------------------------------------- calls that depend on each other


def test_simulate__approve_then_deposit_then_flush__each_sees_what_went_before(signer):
    threshold = signer.moves.threshold_wei
    signer.devnet.contract("staking_asset").send("transfer", STAKER, threshold)
    deposit = calldata.deposit(
        key(0), withdrawer=wallet("withdrawer"), moves_with_latest_rollup=True, rollup=signer.rollup
    )
    approve = calldata.approve(signer.rollup, threshold, token=signer.token)
    alone = signer.simulate(deposit, sender=STAKER)
    assert (alone.succeeds, alone.calls[0].revert.name) == (False, "ERC20InsufficientAllowance")
    wrong_order = signer.simulate(deposit, approve, sender=STAKER)
    assert [each.verdict for each in wrong_order.calls] == [Verdict.REVERTS, Verdict.SUCCEEDS]
    together = signer.simulate(approve, deposit, sender=STAKER)
    assert together.succeeds
    assert {(c.holder, c.change_wei) for c in together.balance_changes} == {
        (STAKER, -threshold),
        (signer.rollup, threshold),
    }
    for call, foreseen in zip((approve, deposit), together.calls, strict=True):
        receipt = signer.chain.send(call.to, call.data, sender=STAKER)
        assert foreseen.gas == receipt.gas_used
        assert [_log(event) for event in foreseen.events] == [_raw(log) for log in receipt.logs]
    assert signer.read("rollup", "getEntryQueueAt", 0)[0] == key(0)[0]


def test_simulate__register_then_add_keys__knows_the_provider_that_is_not_there_yet(signer):
    calls = [
        calldata.register_provider(
            admin=ADMIN, take_rate_bps=500, rewards_recipient=RECIPIENT, staking_registry=signer.registry
        ),
        *calldata.add_keys(1, [key(0)], staking_registry=signer.registry),
        calldata.drip_queue(1, 1, staking_registry=signer.registry),
        calldata.drip_queue(1, 1, staking_registry=signer.registry),
    ]
    simulation = signer.simulate(*calls, sender=ADMIN)
    assert [each.verdict for each in simulation.calls] == [Verdict.SUCCEEDS] * 3 + [Verdict.REVERTS]
    assert simulation.calls[3].revert.name == "QueueIsEmpty"
    assert signer.read("staking_registry", "nextProviderIdentifier") == 1  # nothing was sent


def test_simulate__at_a_later_time__sees_the_delays_over(signer):
    attester, owner = signer.activate(0)
    signer.sign(calldata.initiate_withdraw(attester, wallet("recipient"), rollup=signer.rollup), owner)
    call = calldata.finalize_withdraw(attester, rollup=signer.rollup)
    block, _ = fetch_block(signer.devnet.rpc, "latest")
    withdrawal_id = signer.read("rollup", "getExit", attester)[0]
    due = signer.read("governance", "getWithdrawal", withdrawal_id)[1]
    for at, verdict in ((due - 1, Verdict.REVERTS), (due, Verdict.SUCCEEDS)):
        simulation = simulate(signer.devnet.rpc, [call], sender=ADMIN, block=block, at=at, roles=signer.roles)
        assert simulation.calls[0].verdict is verdict
    (change,) = [c for c in simulation.balance_changes if c.holder == wallet("recipient")]
    assert change.change_wei == signer.moves.threshold_wei
