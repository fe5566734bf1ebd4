"""Amounts of tokens on the command line: whole tokens of the staking asset only, and never more than there can be."""

from __future__ import annotations

import json

import pytest
from calldata_cases import ALICE, TOKEN

from aztec_butler.core.calldata.tokens import AZTEC, MOST_TOKENS

USDC = "0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48"


def made(ran):
    assert ran.code == 0, ran.err
    (row,) = json.loads(ran.out)["rows"]
    return int(row["data"][-64:], 16), row["summary"]


@pytest.mark.parametrize("builder", ["approve", "transfer"])
@pytest.mark.parametrize("amount", ["1.5", "1", "200,000 AZTEC"])
def test_amount__in_tokens_of_another_token__is_refused(cli, builder, amount):
    ran = cli("calldata", builder, ALICE, amount, "--token", USDC)
    assert (ran.code, ran.out) == (2, "")
    assert USDC in ran.err
    assert AZTEC[1] in ran.err
    assert "wei" in ran.err


def test_amount__in_tokens_where_no_staking_asset_is_known__says_what_would_tell(cli):
    ran = cli("calldata", "transfer", ALICE, "1", "--token", TOKEN, "--network", "testnet")
    assert (ran.code, ran.out) == (2, "")
    assert "--l1" in ran.err


@pytest.mark.parametrize(
    ("builder", "summary"),
    [
        ("approve", f"Let {ALICE} take up to 1,500,000 of the smallest unit of token {USDC}"),
        ("transfer", f"Send 1,500,000 of the smallest unit of token {USDC} to {ALICE}"),
    ],
)
def test_amount__in_the_smallest_unit_of_another_token__is_taken_and_told_as_such(cli, builder, summary):
    ran = cli("calldata", builder, ALICE, "1_500_000 wei", "--token", USDC, "--format", "json")
    assert made(ran) == (1_500_000, summary)


def test_amount__of_aztec_by_its_address__may_be_in_tokens_without_a_node(cli):
    ran = cli("calldata", "transfer", ALICE, "1.5", "--token", AZTEC[1].lower(), "--format", "json")
    assert made(ran) == (15 * 10**17, f"Send 1.5 tokens of {AZTEC[1]} to {ALICE}")


@pytest.mark.parametrize("amount", ["0", f"{2**256 - 1} wei"], ids=["nothing", "any"])
def test_approve__nothing_or_any_number__is_the_same_for_every_token(cli, amount):
    ran = cli("calldata", "approve", ALICE, amount, "--token", USDC, "--format", "json")
    value, summary = made(ran)
    assert value in (0, 2**256 - 1)
    assert ("no more tokens" if value == 0 else "any number of tokens") in summary


@pytest.mark.parametrize(
    "words", [("approve", ALICE), ("transfer", ALICE), ("gse-vote", "3")], ids=lambda w: w[0]
)
def test_amount__wei_written_as_tokens__is_refused_with_what_was_meant(cli, words):
    place = ("--gse", TOKEN) if words[0] == "gse-vote" else ("--token", AZTEC[1])
    ran = cli("calldata", *words, str(10**18), *place)
    assert (ran.code, ran.out) == (2, "")
    assert 'did you mean "1000000000000000000 wei"?' in ran.err
    assert cli("calldata", *words, f"{10**18} wei", *place).code == 0


def test_amount__largest_number_of_tokens__is_the_last_that_is_taken(cli):
    words = ("calldata", "transfer", ALICE)
    place = ("--token", AZTEC[1], "--format", "json")
    assert made(cli(*words, str(MOST_TOKENS), *place))[0] == 10**30
    ran = cli(*words, f"{MOST_TOKENS}.000000000000000001", *place)
    assert (ran.code, "did you mean" in ran.err) == (2, False)


@pytest.mark.devnet
def test_amount__of_the_chains_staking_asset_by_its_address__may_be_in_tokens(cli, devnet, monkeypatch):
    for name, value in {
        "NETWORK": "devnet",
        "L1": devnet.url,
        "REGISTRY": devnet.addresses["registry"],
        "STAKING_REGISTRY": devnet.addresses["staking_registry"],
    }.items():
        monkeypatch.setenv(f"AZTEC_BUTLER_{name}", value)
    asset = devnet.addresses["staking_asset"]
    ran = cli("calldata", "transfer", ALICE, "1.5", "--token", asset, "--format", "json")
    assert made(ran) == (15 * 10**17, f"Send 1.5 tokens of {asset} to {ALICE}")
    ran = cli("calldata", "transfer", ALICE, "1.5", "--token", TOKEN)
    assert (ran.code, ran.out) == (2, "")
    assert asset in ran.err
