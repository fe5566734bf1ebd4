"""The ledger of a whole season, with its claims, refunds and change of rollup, against a walk over every block."""

from __future__ import annotations

import pytest
from reward_walk import block_times, check_ledger, walk

from aztec_butler import connect

pytestmark = [pytest.mark.devnet, pytest.mark.xdist_group("history")]


@pytest.fixture(scope="module")
def net(played_season):
    devnet, _ = played_season
    with connect(
        "devnet",
        l1=devnet.url,
        registry=devnet.addresses["registry"],
        staking_registry=devnet.addresses["staking_registry"],
        progress=False,
    ) as connected:
        yield connected.at("latest")


@pytest.fixture(scope="module")
def walked(played_season):
    devnet, season = played_season
    last = devnet.chain.block_number()
    return walk(devnet.rpc, season.rollups, season.coinbases, last), block_times(devnet.rpc, last)


@pytest.mark.parametrize("source", ["state", "proofs"])
@pytest.mark.parametrize("step", ["1d", "10m"])
def test_ledger__of_a_season__what_a_walk_over_every_block_finds(net, walked, source, step):
    check_ledger(net.reward_ledger("all", step=step, source=source), *walked)


def test_rewards__of_a_season__what_is_owed_at_its_end(net, walked):
    coinbases, _ = walked
    owed = net.rewards().groupby("coinbase", observed=True)["pending_wei"].sum()
    assert dict(owed) == {name: each.owed[-1] for name, each in coinbases.items() if each.owed[-1]}
