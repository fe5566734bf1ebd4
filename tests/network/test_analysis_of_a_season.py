"""Concentration, exits and queues of a whole season, against plain web3's reads of then and now."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from fractions import Fraction
from itertools import combinations

import pandas as pd
import pytest
import requests
from web3 import HTTPProvider, Web3
from web3.exceptions import ContractCustomError, ContractLogicError

import aztec_butler as ab
from aztec_butler import InputError, NotFoundError, connect
from aztec_butler.__main__ import main
from aztec_butler.core.concentration import Holdings
from aztec_butler.devnet.season_keys import wallet

pytestmark = [pytest.mark.devnet, pytest.mark.xdist_group("history")]

TOKEN = 10**18
VALIDATING = 1


@pytest.fixture(scope="module")
def played(played_season):
    return played_season[0]


@pytest.fixture(scope="module")
def w3(played):
    with requests.Session() as session:
        yield Web3(HTTPProvider(played.url, session=session))


@pytest.fixture(scope="module")
def contract(played, w3):
    def make(role, at=None):
        deployed = played.contract(role)
        return w3.eth.contract(address=at or deployed.address, abi=deployed.compiled.abi)

    return make


@pytest.fixture(scope="module")
def rollups(contract, net):
    return [contract("rollup", each.address) for each in net.deployment.rollups]


@pytest.fixture(scope="module")
def net(played):
    with connect("devnet", l1=played.url, progress=False) as connected:
        yield connected.at("latest")


@pytest.fixture(scope="module")
def owners(contract, rollups):
    """Withdrawer, provider and staker of everybody who ever staked, from plain events."""
    withdrawers = {
        log["args"]["attester"]: log["args"]["withdrawer"]
        for rollup in rollups
        for log in rollup.events.Deposit.get_logs(from_block=0)
    }
    delegated = {
        log["args"]["attester"]: log["args"]
        for log in contract("staking_registry").events.StakedWithProvider.get_logs(from_block=0)
    }
    return withdrawers, delegated


def stakes_at(rollups, attesters, block) -> dict[str, int]:
    """What the contracts said at a block, of whoever was in the set of any rollup."""
    found = {}
    for attester in attesters:
        for rollup in rollups:
            try:
                view = rollup.functions.getAttesterView(attester).call(block_identifier=block)
            except Exception:  # noqa: BLE001 - the rollup was not there yet
                continue
            if view[0] == VALIDATING:
                found[attester] = view[1]
    return found


def by_provider(stakes, owners) -> Counter:
    withdrawers, delegated = owners
    held: Counter = Counter()
    for attester, stake in stakes.items():
        known = delegated.get(attester)
        entity = f"provider {known['providerIdentifier']}" if known else withdrawers[attester]
        held[entity] += stake
    return held


def test_holders__by_provider__as_plain_views_and_events_tell(net, rollups, owners):
    held = by_provider(stakes_at(rollups, owners[0], "latest"), owners)
    frame = net.holders()
    assert dict(zip(frame.entity, frame.stake_wei, strict=True)) == held
    assert frame.stake_wei.is_monotonic_decreasing
    # The same of the table of attesters, and the same providers as the table of providers has.
    pd.testing.assert_frame_equal(ab.analysis.holders(net.attesters()), frame)
    providers = net.providers()
    told = frame.dropna(subset="provider_id").set_index("provider_id").stake_wei
    assert told.to_dict() == {
        each.provider_id: each.active_stake_wei for each in providers.itertuples() if each.active_stake_wei
    }


def test_holders__stakers__are_those_that_called_the_registry(net, rollups, owners):
    withdrawers, delegated = owners
    held: Counter = Counter()
    for attester, stake in stakes_at(rollups, withdrawers, "latest").items():
        known = delegated.get(attester)
        held[known["stakerImplementation"] if known else withdrawers[attester]] += stake
    frame = net.holders("staker")
    assert dict(zip(frame.entity, frame.stake_wei, strict=True)) == held


def test_concentration__thresholds__are_the_rollups_own(net, rollups, contract):
    frame = net.concentration(["provider", "attester"])
    size = rollups[-1].functions.getTargetCommitteeSize().call()
    told = frame.threshold.dropna()
    assert told.str.contains(f"{2 * size // 3 + 1}/{size} of the stake").sum() == 2
    assert told.str.contains("9/16 of the stake").sum() == 2
    pd.testing.assert_frame_equal(
        ab.analysis.concentration(
            net.attesters(),
            ["provider", "attester"],
            committee_size=size,
            slashing_quorum=9,
            slashing_round_size=16,
        ),
        frame,
    )
    assert frame.attrs["committee_size"] == size


def test_concentration__stake_on_an_older_rollup__counts_and_is_told(net, rollups, played, capsys):
    counts = [rollup.functions.getActiveAttesterCount().call() for rollup in rollups]
    assert net.concentration().attrs["attesters_elsewhere"] == counts[0] > 0
    assert net.holders("attester").attesters.sum() == sum(counts)
    addresses = played.addresses
    options = ["--network", "devnet", "--l1", played.url, "--registry", addresses["registry"]]
    options += ["--staking-registry", addresses["staking_registry"]]
    for words in (["holders"], ["concentration"]):
        assert main([*words, *options]) == 0
        assert f"{counts[0]} attesters are in the set of an older rollup" in capsys.readouterr().err


def test_concentration_history__every_step__as_the_chain_said_then(net, rollups, owners, w3):
    head = w3.eth.block_number
    times = [w3.eth.get_block(number)["timestamp"] for number in range(head + 1)]
    frame = net.concentration_history("all", "30m", by=["provider", "attester"])
    steps = net.history("all", "30m")
    seen = 0
    for at in frame.ends_at.unique():
        rows = frame[frame.ends_at == at].set_index("by")
        seconds = int(at.timestamp())
        stakes = stakes_at(rollups, owners[0], bisect_right(times, seconds) - 1)
        stood = steps[steps.ends_at == at].iloc[0]
        assert (stood.attesters, stood.stake_wei) == (len(stakes), sum(stakes.values()))
        for by, held in (("attester", stakes), ("provider", by_provider(stakes, owners))):
            row = rows.loc[by]
            assert (row.holders, row.attesters, row.stake_wei) == (len(held), len(stakes), sum(held.values()))
            if not held:
                assert pd.isna(row.hhi)
                assert pd.isna(row.nakamoto_half)
                continue
            seen += 1
            holdings = Holdings.of(held.values())
            assert row.hhi == float(holdings.hhi)
            assert row.gini == float(holdings.gini)
            largest = sorted(held.values(), reverse=True)
            half = next(n for n in range(1, len(held) + 1) if 2 * sum(largest[:n]) > sum(largest))
            assert row.nakamoto_half == half
    assert seen > 4


def test_committee_odds__of_the_canonical_set__count_its_committees(net, rollups, owners):
    frame = net.committee_odds("attester")
    here = {
        attester for attester in owners[0] if rollups[-1].functions.getStatus(attester).call() == VALIDATING
    }
    assert set(frame.entity) == here
    assert set(frame.set_size) == {len(here)} == {rollups[-1].functions.getActiveAttesterCount().call()}
    by_staker = net.committee_odds("provider")
    largest = by_staker.iloc[0]
    mine, total, size = int(largest.attesters), len(here), int(largest.committee_size)
    committees = list(combinations(range(total), size))
    for seats, chance in (
        (largest.third_seats, largest.third_chance),
        (largest.quorum_seats, largest.quorum_chance),
    ):
        reached = sum(sum(member < mine for member in each) >= seats for each in committees)
        assert chance == float(Fraction(reached, len(committees)))


# ---------------------------------------------------------------------- exits


def test_exit_calendar__all_that_is_not_paid__is_payable_then_and_not_before(
    net, played, rollups, w3, contract
):
    calendar = net.exit_calendar()
    assert calendar.withdrawable_at.is_monotonic_increasing
    assert calendar.cumulative_wei.tolist() == [
        sum(calendar.amount_wei[: number + 1]) for number in range(len(calendar))
    ]
    versions = [each.version for each in net.deployment.rollups]
    addresses = dict(zip(versions, rollups, strict=True))
    token = contract("staking_asset")
    paid = 0
    with played.restored():
        for row in calendar[calendar.next_actor != "withdrawer"].itertuples():
            at = int(row.withdrawable_at.timestamp())
            rollup = addresses[row.rollup_version]
            call = rollup.functions.finalizeWithdraw(row.attester)
            if at > played.chain.now() + 12:
                played.chain.wait_until(at - 24)
                played.chain.mine()
                with pytest.raises((ContractLogicError, ContractCustomError)):
                    call.call()
                played.chain.wait_until(at)
                played.chain.mine()
            before = token.functions.balanceOf(row.recipient).call()
            played.chain.send(rollup.address, bytes.fromhex(call._encode_transaction_data()[2:]))
            assert token.functions.balanceOf(row.recipient).call() == before + row.amount_wei
            paid += 1
    assert paid >= 8


def test_exit_calendar__who_would_leave__really_leaves_with_these_times(net, played, rollups):
    who = net.attesters().query("lifecycle == 'validating'").attester.iloc[0]
    row = net.exit_calendar(who.lower()).query("planned == 'if-left-now'").iloc[0]
    with played.restored():
        rollup = next(each for each in played.rollups if each.parameters.version == row.rollup_version)
        sent_at = played.chain.now() + 12
        rollup.rollup.send("initiateWithdraw", who, wallet("recipient"), sender=row.withdrawer, at=sent_at)
        view = rollup.rollup.read("getAttesterView", who)
        unlocks_at = played.contract("governance").read("getWithdrawal", view[2][0])[1]
        later = sent_at - net.block.timestamp
        assert view[2][2] == int(row.slashable_until_at.timestamp()) + later
        assert unlocks_at == int(row.unlocks_at.timestamp()) + later
        assert view[2][1] == row.amount_wei
    by_day = ab.analysis.exits_by_time(net.exit_calendar(), "1h")
    assert sum(by_day.amount_wei) == sum(net.exit_calendar().amount_wei)


# ---------------------------------------------------------------------- the entry queue


def test_activation_forecast__flushed_every_epoch__is_what_the_table_of_the_queue_says(net):
    queue = net.entry_queue()
    here = queue[queue.rollup_version == net.deployment.rollups[-1].version]
    frame = net.activation_forecast(flushed_share="100%")
    assert frame.attester.tolist() == here.attester.tolist()
    for column, known in (("earliest_epoch", "activation_epoch"), ("earliest_at", "activation_at")):
        assert frame[column].tolist() == here[known].tolist()
        expected = column.replace("earliest", "expected")
        assert frame[expected].tolist() == here[known].tolist()
    assert frame.earliest_duty_at.tolist() == here.first_duty_at.tolist()
    half = net.activation_forecast(flushed_share=0.5)
    good = half.dropna(subset="earliest_at")
    assert (good.expected_at >= good.earliest_at).all()
    assert good.expected_at.iloc[-1] > good.earliest_at.iloc[-1]


def test_queue_what_if__really_flushed_every_epoch__goes_as_played(net, played):
    rollup = played.rollups[-1].rollup
    clock = net.snapshot().rollups[-1].rollup
    epoch_seconds = clock.slot_seconds * clock.epoch_slots
    frame = net.queue_what_if(
        deposits_per_day=0, max_queue_flush_size=1, ahead=f"{12 * epoch_seconds}s", step=f"{epoch_seconds}s"
    )
    config = [0, 0, 2, 16, 4]
    for scenario, most in (("as configured", 4), ("what if", 1)):
        rows = frame[frame.scenario == scenario]
        with played.restored():
            changed = (*config[:4], most)
            rollup.send("updateStakingQueueConfig", changed, sender=rollup.read("owner"))
            by_epoch = {row.epoch: row for row in rows.itertuples()}
            first, *_, last = by_epoch
            for epoch in range(first + 1, last + 1):
                played.chain.wait_until(clock.genesis_at + epoch * epoch_seconds)
                played.chain.mine()
                if row := by_epoch.get(epoch):
                    assert rollup.read("getEntryQueueLength") == row.queue_length
                    assert rollup.read("getActiveAttesterCount") == row.active
                while rollup.read("getAvailableValidatorFlushes") and rollup.read("getEntryQueueLength"):
                    rollup.send("flushEntryQueue()")
    assert frame[frame.scenario == "what if"].queue_length.iloc[-1] > 0


def test_queue_what_if__rate_of_lately__is_told_beside_the_table(net, rollups, w3):
    """What nobody gave is counted from the events, over the time since the rollup began."""
    frame = net.queue_what_if(ahead="1d", exits_per_day="1/2")
    state = next(each for each in net.snapshot().rollups if each.is_canonical)
    queued = rollups[-1].events.ValidatorQueued.get_logs(from_block=0)
    lived = net.block.timestamp - state.rollup.genesis_at
    assert frame.attrs["deposits_per_day"] == pytest.approx(len(queued) * 86_400 / lived)
    assert (frame.attrs["exits_per_day"], frame.attrs["flushed_share"]) == (0.5, 1)


@pytest.fixture
def before_the_second_rollup(played):
    """The network while its first rollup was canonical; this chain is an archive."""
    with connect("devnet", l1=played.url, progress=False) as connected:
        yield connected.at(connected.at("latest").deployment.rollups[-1].genesis_block - 1)


def test_pace__of_the_first_rollup__as_its_events_tell_epoch_by_epoch(before_the_second_rollup, rollups, w3):
    net = before_the_second_rollup
    rollup, block = rollups[0], net.block
    clock = net.deployment.rollups[0]

    def times(name):
        logs = rollup.events[name].get_logs(from_block=0, to_block=block.number)
        return sorted(w3.eth.get_block(log["blockNumber"])["timestamp"] for log in logs)

    def epoch(at):
        return (at - clock.genesis_at) // (clock.slot_seconds * clock.epoch_slots)

    joined, left = times("ValidatorQueued"), sorted(times("Deposit") + times("FailedDeposit"))
    waiting = [
        each
        for each in range(epoch(block.timestamp))
        # As many have come by the end of the epoch as had left before it: nobody was there.
        if sum(epoch(at) <= each for at in joined) > sum(epoch(at) < each for at in left)
    ]
    flushed = {epoch(at) for at in left if epoch(at) < epoch(block.timestamp)}
    records = net.what_if_records()
    pace = records.pace(365 * 86_400)
    assert (pace.waiting_epochs, pace.flushed_epochs) == (len(waiting), len(flushed))
    assert 0 < pace.flushed_epochs < pace.waiting_epochs
    hour = block.timestamp - 1_200
    recent = sum(at >= hour for at in joined)
    assert records.deposits_per_day(1_200) == Fraction(recent * 86_400, 1_200)
    everything = records.deposits_per_day(365 * 86_400)
    assert everything == Fraction(len(joined) * 86_400, block.timestamp - clock.genesis_at)
    forecast = net.activation_forecast()
    assert (forecast.flushed_share == len(flushed) / len(waiting)).all()


# ---------------------------------------------------------------------- rewards


def test_next_attester_reward__per_checkpoint__is_what_proposers_got(net, rollups, contract, played_season):
    found = net.next_attester_reward(provider_id=1, window="30d")
    registry = contract("staking_registry")
    assert found.take_rate_bps == registry.functions.providerConfigurations(1).call()[1]
    assert found.set_size == rollups[-1].functions.getActiveAttesterCount().call() + 1
    # Every coinbase of the season has a multiple of it pending on the rollup of now.
    proposers = [log["args"] for log in rollups[-1].events.CheckpointProposed.get_logs(from_block=0)]
    pending = sum(
        rollups[-1].functions.getSequencerRewards(coinbase).call() for coinbase in played_season[1].coinbases
    )
    assert pending == len(proposers) * found.reward_per_checkpoint_wei > 0
    with pytest.raises(NotFoundError):
        net.next_attester_reward(provider_id=99)
    with pytest.raises(InputError, match="not both"):
        net.next_attester_reward(provider_id=1, take_rate_bps=5)
