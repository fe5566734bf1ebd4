"""``claims evaluate`` at a shell."""

from __future__ import annotations

import json

import pytest

from aztec_butler.core.hexes import keccak256

AZTEC = 10**18
A = "0x00000000000000000000000000000000000000AA"
B = "0x00000000000000000000000000000000000000bb"


@pytest.fixture
def words(devnet):
    """A devnet where one coinbase earned much and another little, and the words that name it."""
    rollup = devnet.contract("rollup")
    for coinbase, amount in ((A, 350 * AZTEC), (B, AZTEC // 1000)):
        base = keccak256(b"aztec.reward.storage")
        slot = int.from_bytes(keccak256(bytes(12) + bytes.fromhex(coinbase[2:]) + base))
        devnet.chain.set_storage(rollup.address, slot, amount)
        devnet.contract("staking_asset").send("transfer", rollup.address, amount)
    registry = devnet.addresses["registry"]
    return [
        "claims",
        "evaluate",
        f"{A},{B}",
        "--network",
        "devnet",
        "--l1",
        devnet.url,
        "--registry",
        registry,
    ]


@pytest.mark.devnet
def test_evaluate__at_a_price__says_which(cli, words):
    ran = cli(*words, "--price", "0.00001", "--gas-price", "1.5", "--format", "json")
    assert ran.code == 0
    document = json.loads(ran.out)
    first, second = document["rows"]
    assert (first["coinbase"], first["is_worth"], first["value_wei"]) == (A, True, str(35 * 10**14))
    assert (second["coinbase"], second["is_worth"]) == (B, False)
    assert first["cost_wei"] == str(first["gas"] * 1_500_000_000)
    assert (document["worth_claiming"], document["net_wei"]) == (1, first["net_wei"])
    assert "1 of 2 are worth claiming" in ran.err
    costly = cli(*words, "--price", "0.00001", "--gas-price", "1000", "--format", "json")
    assert json.loads(costly.out)["worth_claiming"] == 0


@pytest.mark.devnet
def test_evaluate__no_gas_price__the_node_s(cli, words, devnet):
    document = json.loads(cli(*words, "--price", "0.00001", "--format", "json").out)
    assert document["gas_price_wei"] == str(int(devnet.rpc.call("eth_gasPrice"), 16))


@pytest.mark.devnet
def test_evaluate__pool_on_a_chain_without_uniswap__exit_2_or_4(cli, words):
    assert cli(*words, "--pool", "3000:60").code == 2
    assert cli(*words, "--pool", "3000:60", "--state-view", A).code == 4


@pytest.mark.parametrize(
    "options",
    [
        [],
        ["--price", "1", "--pool", "3000:60"],
        ["--price", "1", "--gas-price", "-1"],
        ["--price", "1", "--gas-price", "1e"],
        ["--price", "1", "--gas-price", "0.0000000001"],
        ["--price", "-1"],
    ],
    ids=str,
)
def test_evaluate__contradictions__exit_2_before_anybody_is_asked(cli, options):
    ran = cli("claims", "evaluate", A, "--l1", "http://127.0.0.1:1", *options)
    assert (ran.code, ran.out) == (2, "")
