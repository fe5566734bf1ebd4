"""The front door on the real contracts, compared with plain web3 and the official ABIs."""

from __future__ import annotations

import subprocess
import sys

import pandas as pd
import pytest

from aztec_butler import InputError, NotFoundError, SettingsError, connect
from aztec_butler.core.networks import DEVNET
from aztec_butler.devnet.season_keys import attester_keys, wallet
from aztec_butler.devnet.session import write_session
from aztec_butler.devnet.session_attached import describe

pytestmark = pytest.mark.devnet

TOKEN = 10**18
STATUSES = ("none", "validating", "zombie", "exiting")


def address(number: int) -> str:
    return attester_keys(number).address


def row(frame: pd.DataFrame, number: int) -> pd.Series:
    found = frame[frame.attester == address(number)]
    assert len(found) == 1
    return found.iloc[0]


def test_attesters__everyone__as_the_contracts_say(connected, populated, plain):
    frame = connected().attesters()
    rollup = plain("rollup")
    assert len(frame) == 12
    for _, each in frame.iterrows():
        view = rollup.getAttesterView(each.attester).call()
        assert each.status == STATUSES[view[0]]
        assert each.stake_wei == view[1]
        assert each.exit_amount_wei == view[2][1]
        if each.lifecycle in {"validating", "zombie", "exiting", "exited"}:
            assert each.withdrawer == view[3][1]
    assert frame.stake_wei.sum() == plain("gse").totalSupply().call()


def test_attesters__lifecycles__as_the_story_went(connected):
    frame = connected().attesters()
    found = dict(zip(frame.attester, frame.lifecycle, strict=True))
    expected = {0: "exiting", 1: "zombie", 2: "validating", 3: "validating", 4: "validating", 5: "validating"}
    expected |= dict.fromkeys((6, 7, 8, 9, 10), "entry-queued") | {11: "provider-queued"}
    assert found == {address(number): state for number, state in expected.items()}


def test_attesters__details(connected):
    frame = connected().attesters()
    slashed = row(frame, 3)
    assert slashed.stake_wei == 199_000 * TOKEN
    assert slashed.stake_aztec == 199_000.0
    assert row(frame, 2).moves_with_latest_rollup
    assert not slashed.moves_with_latest_rollup
    delegated = row(frame, 9)
    assert (delegated.provider_id, delegated.queue_position, delegated.staker) == (1, 0, wallet("staker"))
    assert row(frame, 11).provider_id == 1
    assert pd.isna(row(frame, 11).withdrawer)
    assert pd.isna(slashed.provider_id)


def test_entry_queue__places__as_get_entry_queue_at_says(connected, populated, plain):
    frame = connected().entry_queue()
    rollup = plain("rollup")
    assert len(frame) == rollup.getEntryQueueLength().call() == 6
    for place, each in enumerate(frame.itertuples()):
        entry = rollup.getEntryQueueAt(place).call()
        assert (each.position, each.attester, each.withdrawer) == (place, entry[0], entry[1])
        assert each.moves_with_latest_rollup == entry[5]
    assert frame.fails_because.tolist()[2] == "attester-registered"
    assert frame.fails_because.isna().sum() == 5
    assert frame.activation_epoch.isna().tolist() == [False, False, True, False, False, False]


def test_entry_queue__activation__happens_in_the_epoch_that_was_told(connected, populated):
    net, rollup = connected(), populated.contract("rollup")
    frame = net.entry_queue()
    for epoch, group in frame.dropna(subset="activation_epoch").groupby("activation_epoch"):
        begins = group.activation_at.min()
        populated.chain.wait_until(int(begins.timestamp()))
        assert rollup.read("getCurrentEpoch") == epoch
        receipt = rollup.send("flushEntryQueue()")
        entered = [values["attester"] for values in rollup.decode_logs(receipt, "Deposit")]
        assert entered == group.attester.tolist()
    assert len(net.entry_queue()) == 0


def test_providers__shares__are_of_the_validating_stake(connected, populated, plain):
    net = connected()
    (provider,) = net.providers().itertuples()
    registry = plain("staking_registry")
    admin, take_rate, recipient = registry.providerConfigurations(1).call()
    assert (provider.admin, provider.take_rate_bps, provider.rewards_recipient) == (
        admin,
        take_rate,
        recipient,
    )
    assert provider.keys_queued == registry.getProviderQueueLength(1).call() == 1
    assert (provider.delegations, provider.entry_queued, provider.validating) == (2, 2, 0)
    assert (provider.active_stake_wei, provider.stake_share) == (0, 0.0)
    populated.chain.wait(10_000)
    populated.contract("rollup").send("flushEntryQueue()")
    (provider,) = net.providers().itertuples()
    frame = net.attesters()
    total = frame[frame.lifecycle == "validating"].stake_wei.sum()
    assert provider.active_stake_wei == 400_000 * TOKEN
    assert provider.stake_share == pytest.approx(400_000 * TOKEN / total, abs=1e-15)


def test_delegations__splits__divide_as_the_rate_was_when_they_were_made(connected, populated, plain):
    net = connected()
    populated.contract("staking_registry").send("updateProviderTakeRate", 1, 2_500, sender=wallet("admin"))
    frame = net.delegations()
    assert frame.take_rate_bps.tolist() == [1_000, 1_000]
    assert net.providers().take_rate_bps.tolist() == [2_500]
    assert frame.attester.tolist() == [address(9), address(10)]
    assert set(frame.provider_recipient) == {wallet("provider rewards")}
    assert set(frame.staker_recipient) == {wallet("staker rewards")}
    assert frame.outcome.tolist() == ["waiting", "waiting"]
    for each in frame.itertuples():
        block = plain.w3.eth.get_block(int(each.block_number))
        assert each.staked_at == pd.Timestamp(block["timestamp"], unit="s", tz="UTC")
        split = plain("pull_split_implementation", at=each.split)
        assert split.FACTORY().call() == populated.addresses["pull_split_factory"]


def test_exits__withdrawable_at__reverts_a_second_before_and_pays_at_it(connected, populated, plain):
    net, rollup, token = connected(), populated.contract("rollup"), plain("staking_asset")
    leaving = row(net.exits(), 0)
    assert (leaving.state, leaving.recipient, leaving.is_ejection) == ("waiting", wallet("recipient"), False)
    exit_view = plain("rollup").getExit(address(0)).call()
    withdrawal = plain("governance").getWithdrawal(exit_view[0]).call()
    at = int(leaving.withdrawable_at.timestamp())
    assert at == max(exit_view[2], withdrawal[1])
    with pytest.raises(Exception, match="revert"):
        rollup.send("finalizeWithdraw", address(0), at=at - 1)
    assert row(net.exits(), 0).state == "waiting"
    rollup.send("finalizeWithdraw", address(0), at=at)
    assert token.balanceOf(wallet("recipient")).call() == leaving.amount_wei
    paid = row(net.exits(), 0)
    assert (paid.state, paid.amount_wei) == ("withdrawn", leaving.amount_wei)
    assert pd.isna(paid.withdrawable_at)
    assert row(net.attesters(), 0).lifecycle == "exited"


def test_exits__ejected__waits_for_its_withdrawer(connected, populated):
    ejected = row(connected().exits(), 1)
    assert (ejected.state, ejected.is_ejection) == ("awaiting-recipient", True)
    assert ejected.amount_wei == 140_000 * TOKEN
    assert pd.isna(ejected.recipient)
    assert ejected.withdrawer == wallet("owner 1")


def test_slashings__headroom__is_to_the_stricter_threshold(connected, populated, plain):
    frame = connected().slashings()
    local = plain("rollup").getLocalEjectionThreshold().call()
    assert frame.attester.tolist() == [address(3), address(1)]
    assert frame.is_ejection.tolist() == [False, True]
    assert frame.headroom_wei[0] == 199_000 * TOKEN - local
    assert frame.slashes_left[0] == (199_000 * TOKEN - local) // (1_000 * TOKEN)
    assert frame.loc[1, ["headroom_wei", "slashes_left"]].isna().all()


def test_lifecycle__known_and_strangers__in_the_order_asked(connected):
    stranger = wallet("nobody")
    frame = connected().lifecycle([stranger.lower(), address(2), address(11), stranger])
    assert frame.attester.tolist() == [stranger, address(2), address(11), stranger]
    assert frame.lifecycle.tolist() == [
        "never-registered",
        "validating",
        "provider-queued",
        "never-registered",
    ]


def test_at__a_past_block__is_as_it_was_then(connected, populated):
    net = connected()
    before = net.at("latest")
    assert before.block_name == populated.chain.block_number()
    old = before.attesters()
    populated.chain.wait(10_000)
    populated.contract("rollup").send("flushEntryQueue()")
    assert len(net.attesters()[lambda frame: frame.lifecycle == "validating"]) == 9
    pd.testing.assert_frame_equal(before.attesters(), old)
    pd.testing.assert_frame_equal(net.at(pd.Series([before.block_name]).iloc[0]).attesters(), old)
    pd.testing.assert_frame_equal(connected(block=before.block_name).attesters(), old)


def test_frame_attrs__name_the_block(connected, populated, plain):
    facts = connected().attesters().attrs
    block = plain.w3.eth.get_block(facts["block"])
    assert facts["block_hash"] == "0x" + block["hash"].hex().removeprefix("0x")
    assert facts["block_timestamp"] == block["timestamp"]
    assert facts["chain_id"] == 31337
    assert facts["rollup"] == populated.addresses["rollup"]


@pytest.mark.parametrize("block", ["pending", "yesterday", "-1", -1, True, "0xzz", 1.5])
def test_at__no_block__is_an_input_error(connected, block):
    with pytest.raises(InputError):
        connected().at(block)


def test_at__a_hash__is_that_block(connected):
    net = connected()
    stamp = net.at(net.block.number - 1).block
    assert net.at(stamp.hash.upper().replace("0X", "0x")).block == stamp
    pinned = connected(block=stamp.hash)
    assert pinned.block_name == stamp.number
    with pytest.raises(NotFoundError):
        net.at("0x" + "ab" * 32)


def test_at__a_future_block__is_not_found(connected):
    with pytest.raises(NotFoundError):
        connected().at(10**9)


def test_at__before_the_first_rollup__says_so(connected):
    with pytest.raises((NotFoundError, SettingsError), match=r"block|Registry"):
        connected().at(1).attesters()


def test_second_rollup__movers_move_and_others_stay(connected, populated, plain):
    net = connected()
    old = net.attesters()
    added = populated.add_rollup()
    frame = net.attesters()
    versions = {
        each.attester: each.rollup_version for each in frame.itertuples() if each.lifecycle == "validating"
    }
    first, second = (rollup.parameters.version for rollup in populated.rollups)
    assert versions == {address(2): second, address(3): first, address(4): second, address(5): first}
    assert frame.stake_wei.sum() == old.stake_wei.sum()
    new = plain.w3.eth.contract(address=added.rollup.address, abi=added.rollup.compiled.abi)
    assert new.functions.getStatus(address(2)).call() == 1
    queue = net.entry_queue()
    assert set(queue.fails_because.dropna()) == {"not-latest-rollup"}
    assert row(net.exits(), 0).rollup_version == first


def test_w3__is_the_same_connection(connected, populated):
    net = connected()
    before = net.rpc.request_count
    assert net.w3.eth.chain_id == 31337
    assert net.contracts.rollup.functions.getActiveAttesterCount().call() == 4
    assert net.contracts.gse.functions.getLatestRollup().call() == populated.addresses["rollup"]
    assert net.contracts.staking_registry.functions.nextProviderIdentifier().call() == 2
    assert net.rpc.request_count > before


def test_devnet_preset__names_the_contracts_that_a_devnet_deploys(populated):
    assert populated.addresses["registry"] == DEVNET.registry
    assert populated.addresses["staking_registry"] == DEVNET.staking_registry


def test_connect__wrong_registry__is_a_settings_error(populated):
    with (
        connect("devnet", l1=populated.url, registry=wallet("nobody")) as net,
        pytest.raises(SettingsError, match="Registry"),
    ):
        net.attesters()


def test_connect__without_an_endpoint__says_what_is_needed():
    with pytest.raises(SettingsError, match="Ethereum node"):
        connect("mainnet")


def test_connect__unknown_network__names_the_nearest():
    with pytest.raises(SettingsError) as caught:
        connect("mainet", l1="http://127.0.0.1:9")
    assert "mainnet" in str(caught.value)


def test_records__without_pandas(populated):
    program = (
        "import sys, aztec_butler as ab\n"
        f"net = ab.connect('devnet', l1={populated.url!r}, progress=False)\n"
        "print(len(net.snapshot().attesters()), 'pandas' in sys.modules, 'web3' in sys.modules)\n"
    )
    shown = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert shown.split() == ["12", "False", "False"]


def test_connect__devnet_of_another_terminal__is_found_by_itself(populated, monkeypatch, tmp_path):
    monkeypatch.setattr("aztec_butler.devnet.session.default_state_folder", lambda: tmp_path)
    write_session(describe(populated))
    with connect("devnet", progress=False) as net:
        assert len(net.snapshot().attesters()) == 12
