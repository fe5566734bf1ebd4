"""Pending rewards, gas and prices on the real rollups, and the command on top."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest

from aztec_butler.clients.blocks import fetch_block
from aztec_butler.clients.claims import fetch_pending_rewards
from aztec_butler.clients.discovery import fetch_deployment
from aztec_butler.clients.multicall import Multicall
from aztec_butler.clients.pools import fetch_pool_price
from aztec_butler.core.abi import parse_line
from aztec_butler.core.errors import InputError, NotFoundError
from aztec_butler.core.hexes import keccak256, parse_bytes
from aztec_butler.core.pools import parse_pool

pytestmark = pytest.mark.devnet

AZTEC = 10**18
A = "0x00000000000000000000000000000000000000AA"
B = "0x00000000000000000000000000000000000000bb"


def earn(devnet, rollup, coinbase, amount):
    """Owe a coinbase rewards. Source of the slot: RewardLib.sol, ``RewardStorage``."""
    base = keccak256(b"aztec.reward.storage")
    slot = int.from_bytes(keccak256(bytes(12) + bytes.fromhex(coinbase[2:]) + base))
    devnet.chain.set_storage(rollup.address, slot, amount)
    devnet.contract("staking_asset").send("transfer", rollup.address, amount)


@pytest.fixture
def fetch(devnet):
    def run(*coinbases):
        stamp, _ = fetch_block(devnet.rpc, "latest")
        multicall = Multicall(devnet.rpc)
        deployment = fetch_deployment(
            multicall,
            chain_id=devnet.chain_id,
            registry=devnet.addresses["registry"],
            staking_registry=None,
            first_block=0,
            block=stamp,
        )
        return fetch_pending_rewards(
            devnet.rpc, multicall, rollups=deployment.rollups, coinbases=coinbases, block=stamp
        )

    return run


@pytest.fixture(scope="session")
def state_view_code():
    from vyper.compiler import compile_code

    source = (Path(__file__).parent / "contracts" / "StateView.vy").read_text()
    return parse_bytes(compile_code(source, output_formats=["bytecode"])["bytecode"])


@pytest.fixture
def pool(devnet, state_view_code):
    """A pool of ether and AZTEC on a StateView of ours: its key, the StateView, and a way to set its state."""
    view = devnet.chain.send(None, state_view_code).contract_address
    key = parse_pool("3000:60", devnet.addresses["staking_asset"])
    line = parse_line("function set(bytes32 pool, uint160 sqrtPrice, uint128 liquidity)")

    def set_state(sqrt_price, liquidity):
        devnet.chain.send(view, line.encode_call(parse_bytes(key.id), sqrt_price, liquidity))

    return key, view, set_state


def test_fetch__rewards_on_two_rollups__each_with_the_gas_it_takes(devnet, fetch):
    old = devnet.contract("rollup")
    earn(devnet, old, A, 350 * AZTEC)
    devnet.add_rollup()
    new = devnet.contract("rollup")
    earn(devnet, new, A, 7)
    earn(devnet, new, B, 5 * AZTEC)

    pending = fetch(A, B)

    versions = [each.parameters.version for each in devnet.rollups]
    assert [(each.rollup_version, each.coinbase, each.reward_wei) for each in pending] == [
        (versions[0], A, 350 * AZTEC),
        (versions[1], A, 7),
        (versions[1], B, 5 * AZTEC),
    ]
    for reward in pending:
        assert reward.refusal is None
        rollup = old if reward.rollup == old.address else new
        receipt = rollup.send("claimSequencerRewards", reward.coinbase)
        # The estimate has to cover it, and not by much; a first AZTEC of a coinbase costs it a new slot.
        assert receipt.gas_used <= reward.gas < receipt.gas_used * 2
    assert devnet.contract("staking_asset").read("balanceOf", A) == 350 * AZTEC + 7


def test_fetch__rewards_kept_back__refused_with_the_reason(devnet, fetch):
    earn(devnet, devnet.contract("rollup"), A, AZTEC)
    rollup = devnet.contract("rollup")
    rollup.send("setRewardsClaimable", False, sender=rollup.read("owner"))
    (reward,) = fetch(A)
    assert (reward.gas, reward.refusal) == (None, "this rollup does not let anybody claim yet")


def test_fetch__rollup_cannot_pay__its_own_word(devnet, fetch):
    rollup = devnet.contract("rollup")
    earn(devnet, rollup, A, AZTEC)
    devnet.chain.set_token_balance(devnet.addresses["staking_asset"], rollup.address, 0)
    (reward,) = fetch(A)
    assert reward.gas is None
    assert "ERC20InsufficientBalance" in reward.refusal


def test_fetch__nothing_pending_or_nobody_named(fetch):
    assert fetch(A) == ()
    with pytest.raises(InputError):
        fetch()


def test_pool_price__of_a_state_view__exact(devnet, pool):
    key, view, set_state = pool
    set_state(2**96 * 300, 10**18)  # 90 000 AZTEC for one ether
    stamp, _ = fetch_block(devnet.rpc, "latest")
    price = fetch_pool_price(Multicall(devnet.rpc), key, state_view=view, block=stamp)
    assert price == Fraction(1, 90_000)


@pytest.mark.parametrize("state", [None, (2**96, 0)], ids=["no pool", "empty pool"])
def test_pool_price__that_means_nothing__refused(devnet, pool, state):
    key, view, set_state = pool
    if state is not None:
        set_state(*state)
    stamp, _ = fetch_block(devnet.rpc, "latest")
    with pytest.raises(NotFoundError):
        fetch_pool_price(Multicall(devnet.rpc), key, state_view=view, block=stamp)


def test_pool_price__no_state_view_there__refused(devnet):
    stamp, _ = fetch_block(devnet.rpc, "latest")
    key = parse_pool("3000:60", devnet.addresses["staking_asset"])
    with pytest.raises(NotFoundError) as missing:
        fetch_pool_price(Multicall(devnet.rpc), key, state_view=B, block=stamp)
    assert missing.value.facts["state_view"] == B
