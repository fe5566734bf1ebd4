"""What operators ask, on a whole season: against plain web3's reads and events of the same chain."""

from __future__ import annotations

from fractions import Fraction

import pandas as pd
import pytest
import requests
from web3 import HTTPProvider, Web3

from aztec_butler import InputError, NotFoundError, connect
from aztec_butler.devnet.season_keys import attester_keys, wallet
from aztec_butler.devnet.staking_moves import Deposit, StakingMoves
from aztec_butler.network import Network

pytestmark = [pytest.mark.devnet, pytest.mark.xdist_group("history")]

NOBODY = "0x" + "0" * 40
VALIDATING = 1


@pytest.fixture(scope="module")
def played(played_season):
    return played_season[0]


@pytest.fixture(scope="module")
def season(played_season):
    return played_season[1]


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
def registry(contract):
    return contract("staking_registry")


@pytest.fixture(scope="module")
def net(played):
    with connect("devnet", l1=played.url, progress=False) as connected:
        yield connected.at("latest")


@pytest.fixture(scope="module")
def stakes(registry, w3):
    """Every stake with a provider: the event's arguments, and when it was."""
    logs = registry.events.StakedWithProvider.get_logs(from_block=0)
    return [(log["args"], w3.eth.get_block(log["blockNumber"])["timestamp"]) for log in logs]


# --------------------------------------------------------------------------- providers


def test_provider_ids__of_every_admin__are_those_the_registry_tells(net, registry):
    count = registry.functions.nextProviderIdentifier().call() - 1
    admins = {
        number: registry.functions.providerConfigurations(number).call()[0] for number in range(1, count + 1)
    }
    assert count == 5
    for admin in set(admins.values()):
        frame = net.provider_ids(admin.lower())
        assert frame.provider_id.tolist() == [number for number, of in admins.items() if of == admin]
        assert set(frame.admin) == {admin}


def test_provider_ids__of_nobody__are_not_found(net, season):
    with pytest.raises(NotFoundError):
        net.provider_ids(wallet("Corona"))  # an admin that handed over
    with pytest.raises(InputError):
        net.provider_ids("Corona")


def test_provider__every_one__as_the_registry_and_events_tell(net, registry, contract, stakes, w3):
    rollups = [contract("rollup", each.address) for each in net.deployment.rollups]
    for number in range(1, 6):
        found = net.provider(number)
        admin, rate, recipient = registry.functions.providerConfigurations(number).call()
        first, last = registry.functions.providerQueues(number).call()
        assert (found.admin, found.take_rate_bps, found.rewards_recipient) == (admin, rate, recipient)
        assert found.pending_admin is None
        assert registry.functions.pendingProviderAdmins(number).call() == NOBODY
        assert (found.keys_queued, found.delegations) == (
            last - first,
            sum(of["providerIdentifier"] == number for of, _ in stakes),
        )
        (registered,) = registry.events.ProviderRegistered.get_logs(
            from_block=0, argument_filters={"providerIdentifier": number}
        )
        assert found.registered_at == w3.eth.get_block(registered["blockNumber"])["timestamp"]
        shown = [
            registry.functions.getValueAtIndexInQueue(number, at).call()[0]
            for at in range(first, min(last, first + 5))
        ]
        assert [key.attester for key in found.next_keys] == shown
        assert [key.trouble for key in found.next_keys] == [None] * len(shown)
        mine = {of["attester"] for of, _ in stakes if of["providerIdentifier"] == number}
        views = [
            view
            for each in mine
            for rollup in rollups
            if (view := rollup.functions.getAttesterView(each).call())[0] == VALIDATING
        ]
        assert (found.validating, found.active_stake_wei) == (len(views), sum(view[1] for view in views))


@pytest.mark.parametrize(
    "ask", [lambda net, number: net.provider(number), lambda net, number: net.queue_runway(number)]
)
def test_provider__that_does_not_exist__is_not_found(net, ask):
    for number in (6, 10**9):
        with pytest.raises(NotFoundError):
            ask(net, number)
    for number in (0, -1):
        with pytest.raises(InputError):
            ask(net, number)


# --------------------------------------------------------------------------- runway


def test_queue_runway__every_provider__is_keys_over_stakes_of_each_window(net, registry, stakes, w3):
    now_at = net.block.timestamp
    for number in range(1, 6):
        first, last = registry.functions.providerQueues(number).call()
        (registered,) = registry.events.ProviderRegistered.get_logs(
            from_block=0, argument_filters={"providerIdentifier": number}
        )
        registered_at = w3.eth.get_block(registered["blockNumber"])["timestamp"]
        frame = net.queue_runway(number, ["10min", "1h", 5_000])
        begins = [now_at - 600, now_at - 3600, now_at - 5000, registered_at]
        assert frame.window_seconds.tolist() == [now_at - each for each in begins]
        for row, begins_at in zip(frame.itertuples(), begins, strict=True):
            made = sum(of["providerIdentifier"] == number and at >= begins_at for of, at in stakes)
            assert (row.keys_queued, row.delegations) == (last - first, made)
            if made:
                exact = Fraction((last - first) * (now_at - begins_at), made)
                assert row.runway_seconds == exact.numerator // exact.denominator
                assert row.runs_out_at == pd.Timestamp(now_at + row.runway_seconds, unit="s", tz="UTC")
            elif last == first:
                assert row.runway_seconds == 0
            else:
                assert pd.isna(row.runway_seconds)
                assert pd.isna(row.runs_out_at)
    usual = net.queue_runway(1)  # the season is younger than a week
    assert usual.window_seconds.tolist() == [now_at - net.provider(1).registered_at]


# --------------------------------------------------------------------------- the entry queue


def test_queue_stats__every_rollup__as_its_views_tell(net, contract):
    frame = net.queue_stats()
    assert frame.is_canonical.tolist() == [True, False]
    addresses = {each.version: each.address for each in net.deployment.rollups}
    failing = net.entry_queue().groupby("rollup_version").fails_because.count()
    for row in frame.itertuples():
        views = contract("rollup", addresses[row.rollup_version]).functions
        assert (row.length, row.active) == (
            views.getEntryQueueLength().call(),
            views.getActiveAttesterCount().call(),
        )
        assert (row.flush_size, row.allowance) == (
            views.getEntryQueueFlushSize().call(),
            views.getAvailableValidatorFlushes().call(),
        )
        assert row.epoch == views.getCurrentEpoch().call()
        assert row.will_fail == failing[row.rollup_version]
        assert row.will_fail > 0


def test_queue_stats__flushed_in_every_epoch__is_empty_when_it_said(devnet):
    """On a chain of its own, which it changes."""
    moves = StakingMoves(devnet, devnet.rollups[-1])
    moves.deposit(
        [Deposit(keys=attester_keys(n), withdrawer=wallet("owner"), moves=n % 2 == 0) for n in range(11)]
    )
    moves.flush_all()
    entering = [Deposit(keys=attester_keys(n), withdrawer=wallet("late")) for n in range(20, 27)]
    again = Deposit(keys=attester_keys(50), withdrawer=wallet("late"), address=attester_keys(3).address)
    moves.deposit([*entering, again])
    with connect("devnet", l1=devnet.url, progress=False) as net:
        (before,) = net.queue_stats().itertuples()
    assert (before.length, before.will_fail) == (8, 1)
    flushed, last_activation = [], None
    while moves.rollup.read("getEntryQueueLength"):
        if moves.epoch < before.next_flush_epoch or flushed:
            moves.wait_epochs(1)
        while (done := moves.flush()) and (done.activated or done.refunded):
            flushed.append(moves.epoch)
            if done.activated:
                last_activation = moves.epoch
    assert flushed[0] == before.next_flush_epoch
    assert len(set(flushed)) == before.epochs_to_drain > 1
    assert last_activation == before.last_activation_epoch


# --------------------------------------------------------------------------- coinbases


@pytest.mark.parametrize("provider_id", range(1, 6))
def test_coinbase_check__nothing_configured__expects_the_split_of_each_stake(
    net, stakes, contract, provider_id
):
    rollups = [contract("rollup", each.address).functions for each in net.deployment.rollups]
    splits = {
        of["attester"]: of["coinbaseSplitContractAddress"]
        for of, _ in stakes
        if of["providerIdentifier"] == provider_id
    }
    frame = net.coinbase_check(dict.fromkeys(splits), provider_id=provider_id).set_index("attester")
    assert set(frame.index) == set(splits)
    waiting = net.entry_queue().set_index("attester")
    for attester, split in splits.items():
        row = frame.loc[attester]
        status = max(views.getStatus(attester).call() for views in rollups)
        assert row.expected == split
        if status == VALIDATING or attester in waiting.index:
            assert row.verdict == "missing"
        else:
            assert row.verdict == "idle"
        if attester in waiting.index:
            assert row.activation_at == waiting.activation_at[attester]
            until = waiting.activation_at[attester] - pd.Timestamp(net.block.timestamp, unit="s", tz="UTC")
            assert row.activates_in_seconds == until.total_seconds()
        elif status == VALIDATING:
            assert row.activates_in_seconds == 0
    assert frame.verdict.tolist() == sorted(frame.verdict, key=["missing", "idle"].index)
    right = net.coinbase_check(splits, provider_id=provider_id)
    assert set(right.verdict) <= {"right", "idle"}
    others = net.coinbase_check(splits, provider_id=provider_id % 5 + 1)
    assert others[others.attester.isin(list(splits))].expected.isna().all()


def test_coinbase_check__of_a_provider__finds_attesters_in_no_file(net, stakes):
    frame = net.coinbase_check({}, provider_id=2)
    assert set(frame.verdict) == {"unknown"}
    mine = {of["attester"] for of, _ in stakes if of["providerIdentifier"] == 2}
    lives = net.lifecycle(sorted(mine)).set_index("attester").lifecycle
    earning = set(lives.index[lives.isin(["validating", "entry-queued"])])
    assert set(frame.attester) == earning
    assert earning


def test_coinbase_check__rules_that_contradict_themselves__ask_nobody():
    unreachable = Network(None, "latest")
    for options in ({"policy": "both"}, {"policy": "wallet"}, {"wallet": wallet("x")}):
        with pytest.raises(InputError):
            unreachable.coinbase_check({}, **options)
