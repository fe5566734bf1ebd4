"""Withdrawals and claims go to the rollup that holds the stake, the exit or the reward, whichever is canonical."""

from __future__ import annotations

import pytest
import requests
from web3 import HTTPProvider, Web3

from aztec_butler import InputError, NotFoundError, connect
from aztec_butler.devnet.season_keys import wallet

pytestmark = [pytest.mark.devnet, pytest.mark.xdist_group("history")]

VALIDATING, ZOMBIE, EXITING = 1, 2, 3


@pytest.fixture(scope="module")
def net(played_season):
    devnet, _ = played_season
    with connect("devnet", l1=devnet.url, first_block=0, progress=False) as network:
        yield network.at("latest")


@pytest.fixture(scope="module")
def ask(played_season, net):
    """One view of every rollup by its address, through plain web3 and the official ABI."""
    devnet, _ = played_season
    with requests.Session() as session:
        w3 = Web3(HTTPProvider(devnet.url, session=session))
        abi = devnet.contract("rollup").compiled.abi

        def read(name, *arguments):
            return {
                rollup.address: w3.eth.contract(address=rollup.address, abi=abi)
                .functions[name](*arguments)
                .call()
                for rollup in net.deployment.rollups
            }

        yield read


def chosen(function, *arguments):
    """Where a call goes; None when it is refused because there is no such rollup."""
    try:
        return function(*arguments).to
    except NotFoundError:
        return None


def test_withdrawals__of_everybody__go_where_the_contracts_take_them(net, ask):
    leaving, paid = {}, {}
    for row in net.snapshot().attesters():
        statuses = ask("getStatus", row.attester)
        for address, status in statuses.items():
            if status in {VALIDATING, ZOMBIE}:
                leaving[row.attester] = address
            if status == EXITING:
                paid[row.attester] = address
        assert chosen(net.calldata.initiate_withdraw, row.attester, wallet("x")) == leaving.get(row.attester)
        assert chosen(net.calldata.finalize_withdraw, row.attester) == paid.get(row.attester)
    assert len(set(leaving.values())) == 2
    assert len(set(paid.values())) == 2


def test_claims__go_to_the_rollup_that_owes__or_have_to_name_it(net, ask):
    several = 0
    coinbases = {row.coinbase for row in net.snapshot().attesters()} - {None} | {
        row.attester for row in net.snapshot().attesters()
    }
    found = set()
    for coinbase in sorted(coinbases):
        owing = [address for address, wei in ask("getSequencerRewards", coinbase).items() if wei]
        if len(owing) > 1:
            several += 1
            with pytest.raises(InputError, match="several rollups owe") as caught:
                net.calldata.claim_sequencer_rewards(coinbase)
            assert set(owing) <= set(caught.value.facts)
            assert net.calldata.claim_sequencer_rewards(coinbase, rollup=owing[0]).to == owing[0]
        else:
            assert chosen(net.calldata.claim_sequencer_rewards, coinbase) == next(iter(owing), None)
            found |= set(owing)
    assert found or several
