"""Delegations, providers, slashings and exits of a whole season, against plain web3's events and the blocks of then."""

from __future__ import annotations

import fault_proxy as faults
import pandas as pd
import pytest
import requests
from web3 import HTTPProvider, Web3

from aztec_butler import NodeRefused, connect

pytestmark = [pytest.mark.devnet, pytest.mark.xdist_group("history")]

SPLIT_CREATED = "SplitCreated(address,(address[],uint256[],uint256,uint16),address,address,uint256)"
NONE, VALIDATING, ZOMBIE, EXITING = range(4)


@pytest.fixture(scope="module")
def devnet(played_season):
    return played_season[0]


@pytest.fixture(scope="module")
def w3(devnet):
    with requests.Session() as session:
        yield Web3(HTTPProvider(devnet.url, session=session))


@pytest.fixture(scope="module")
def rollups(devnet, w3):
    """The contracts of both rollups by version."""
    return {
        each.parameters.version: w3.eth.contract(address=each.rollup.address, abi=each.rollup.compiled.abi)
        for each in devnet.rollups
    }


@pytest.fixture(scope="module")
def net(devnet):
    with connect("devnet", l1=devnet.url, progress=False) as connected:
        yield connected.at("latest")


@pytest.fixture
def contract(devnet, w3):
    def make(role):
        deployed = devnet.contract(role)
        return w3.eth.contract(address=deployed.address, abi=deployed.compiled.abi)

    return make


def time_of(w3, number) -> pd.Timestamp:
    return pd.Timestamp(w3.eth.get_block(int(number))["timestamp"], unit="s", tz="UTC")


def events(contract, name) -> list:
    return contract.events[name].get_logs(from_block=0)


def test_delegations__every_one__as_its_transaction_tells(net, w3, rollups, contract):
    frame = net.delegations()
    made = events(contract("staking_registry"), "StakedWithProvider")
    splits = {
        log["transactionHash"]: log["args"] for log in events(contract("pull_split_factory"), SPLIT_CREATED)
    }
    assert len(frame) == len(made) >= 17
    for row, log in zip(frame.itertuples(), made, strict=True):
        told = log["args"]
        assert (row.provider_id, row.attester, row.staker, row.split) == (
            told["providerIdentifier"],
            told["attester"],
            told["stakerImplementation"],
            told["coinbaseSplitContractAddress"],
        )
        assert (row.block_number, row.staked_at) == (log["blockNumber"], time_of(w3, log["blockNumber"]))
        assert row.transaction_hash == "0x" + log["transactionHash"].hex().removeprefix("0x")
        split = splits[log["transactionHash"]]
        recipients, allocations, total, _ = split["splitParams"].values()
        assert split["split"] == row.split
        assert [row.provider_recipient, row.staker_recipient] == recipients
        assert row.take_rate_bps * total == allocations[0] * 10_000
        assert rollups[row.rollup_version].address == told["rollupAddress"]
    assert frame.take_rate_bps.nunique() >= 4


def test_delegations__what_became_of_them__as_the_queue_tells(net, w3, rollups):
    frame = net.delegations()
    for version, rollup in rollups.items():
        # The queue is a FIFO: the n-th outcome belongs to the n-th that queued.
        queued = events(rollup, "ValidatorQueued")
        outcomes = sorted(
            [*events(rollup, "Deposit"), *events(rollup, "FailedDeposit")],
            key=lambda log: (log["blockNumber"], log["logIndex"]),
        )
        fates = {log["transactionHash"]: place for place, log in enumerate(queued)}
        for row in frame[frame.rollup_version == version].itertuples():
            place = fates[bytes.fromhex(row.transaction_hash[2:])]
            assert queued[place]["args"]["attester"] == row.attester
            if place < len(outcomes):
                fate = outcomes[place]
                assert fate["args"]["attester"] == row.attester
                assert row.outcome == {"Deposit": "activated", "FailedDeposit": "refunded"}[fate["event"]]
                assert (row.settled_block, row.settled_at) == (
                    fate["blockNumber"],
                    time_of(w3, fate["blockNumber"]),
                )
                assert pd.isna(row.queue_position)
            else:
                assert row.outcome == "waiting"
                entry = rollup.functions.getEntryQueueAt(int(row.queue_position)).call()
                assert (entry[0], row.queue_position) == (row.attester, place - len(outcomes))
                assert pd.isna(row.settled_block)
                assert pd.isna(row.settled_at)
    assert set(frame.outcome) == {"activated", "waiting"}


def test_providers__keys__as_events_and_queues_tell(net, contract):
    registry = contract("staking_registry")
    listed, dripped = events(registry, "AttestersAddedToProvider"), events(registry, "ProviderQueueDripped")
    registered = {
        log["args"]["providerIdentifier"]: log["blockNumber"]
        for log in events(registry, "ProviderRegistered")
    }
    frame = net.providers()
    assert frame.provider_id.tolist() == list(registered)
    for row in frame.itertuples():
        mine = int(row.provider_id)
        keys = sum(
            len(log["args"]["attesters"]) for log in listed if log["args"]["providerIdentifier"] == mine
        )
        drips = sum(log["args"]["providerIdentifier"] == mine for log in dripped)
        assert (row.keys_listed, row.keys_dripped, row.registered_block) == (keys, drips, registered[mine])
        first, last = registry.functions.providerQueues(mine).call()
        waiting = [registry.functions.getValueAtIndexInQueue(mine, at).call()[0] for at in range(first, last)]
        assert net.snapshot().state.provider_queue(mine) == tuple(waiting)
        assert row.keys_queued == len(waiting) == keys - drips - row.delegations
    assert frame.keys_dripped.sum() == 1


def test_attesters__listed_keys__belong_to_their_provider(net, contract):
    registry, frame = contract("staking_registry"), net.attesters().set_index("attester")
    found = 0
    for mine in map(int, net.providers().provider_id):
        first, last = registry.functions.providerQueues(mine).call()
        for at in range(first, last):
            row = frame.loc[registry.functions.getValueAtIndexInQueue(mine, at).call()[0]]
            assert (row.lifecycle, row.provider_id) == ("provider-queued", mine)
            found += 1
    assert found == (frame.lifecycle == "provider-queued").sum() > 5


def test_slashings__ejections__are_those_after_which_the_attester_was_gone(net, w3, rollups):
    frame = net.slashings()
    logs = [(version, log) for version, rollup in rollups.items() for log in events(rollup, "Slashed")]
    logs.sort(key=lambda each: (each[1]["blockNumber"], each[1]["logIndex"]))
    assert len(frame) == len(logs) >= 8
    for row, (version, log) in zip(frame.itertuples(), logs, strict=True):
        told, number = log["args"], log["blockNumber"]
        assert (row.attester, row.amount_wei, row.rollup_version) == (
            told["attester"],
            told["amount"],
            version,
        )
        assert (row.block_number, row.slashed_at) == (number, time_of(w3, number))
        before, after = (
            rollups[version].functions.getStatus(row.attester).call(block_identifier=at)
            for at in (number - 1, number)
        )
        assert row.is_ejection == (before == VALIDATING and after in (ZOMBIE, NONE))
    assert frame.is_ejection.sum() == 5


def test_exits__beginnings_and_payments__as_events_and_states_tell(net, w3, rollups):
    frame = net.exits()
    for row in frame.itertuples():
        rollup = rollups[row.rollup_version]
        left = int(row.initiated_block)
        status, stake_wei, *_ = rollup.functions.getAttesterView(row.attester).call(block_identifier=left - 1)
        assert status == VALIDATING
        assert row.initiated_at == time_of(w3, left)
        stored = rollup.functions.getExit(row.attester).call(block_identifier=left)
        assert row.left_wei == stored[1]
        if not row.is_ejection:
            assert row.left_wei == stake_wei
        assert row.left_wei >= row.amount_wei
        if row.state == "withdrawn":
            assert row.finalized_at == time_of(w3, row.finalized_block)
        else:
            assert pd.isna(row.finalized_block)
            assert pd.isna(row.finalized_at)
    paid = [
        (log["args"]["attester"], log["args"]["amount"], log["blockNumber"])
        for rollup in rollups.values()
        for log in events(rollup, "WithdrawFinalized")
    ]
    withdrawn = frame[frame.state == "withdrawn"]
    assert [*zip(withdrawn.attester, withdrawn.amount_wei, withdrawn.finalized_block, strict=True)] == paid
    assert frame.initiated_at.is_monotonic_increasing
    assert set(frame.state) == {"awaiting-recipient", "waiting", "withdrawable", "withdrawn", "burned"}


def test_delegations__a_split_that_another_transaction_created__is_not_believed(devnet):
    factory = devnet.addresses["pull_split_factory"].lower()

    def moved(reply, call):
        if call["method"] != "eth_getLogs" or factory not in call["params"][0]["address"]:
            return reply
        return reply | {"result": [log | {"transactionHash": "0x" + "77" * 32} for log in reply["result"]]}

    with (
        faults.FaultyNode(upstream=devnet.url) as node,
        connect("devnet", l1=node.url, progress=False) as net,
    ):
        node.always(faults.altered(moved))
        with pytest.raises(NodeRefused, match="split without its creation"):
            net.delegations()
