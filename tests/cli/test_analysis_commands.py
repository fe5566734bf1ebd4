"""What researchers ask from a shell, on real contracts: every command answers, and refuses before it asks."""

from __future__ import annotations

import csv
import io
import json

import pytest

from aztec_butler.devnet.season_keys import attester_keys, wallet
from aztec_butler.devnet.staking_moves import Deposit, StakingMoves

ADMIN, OWNER, STAKER = (wallet(name) for name in ("admin", "owner", "staker"))
TOKEN = 10**18


def address(number: int) -> str:
    return attester_keys(number).address


@pytest.fixture
def chain(devnet, monkeypatch):
    """Provider 1 with two of five attesters; one is slashed, one leaves, two wait."""
    addresses = devnet.addresses
    for name, value in {
        "NETWORK": "devnet",
        "L1": devnet.url,
        "REGISTRY": addresses["registry"],
        "STAKING_REGISTRY": addresses["staking_registry"],
    }.items():
        monkeypatch.setenv(f"AZTEC_BUTLER_{name}", value)
    moves = StakingMoves(devnet, devnet.rollups[-1])
    registry = devnet.contract("staking_registry")
    registry.send("registerProvider", ADMIN, 500, wallet("rewards of 1"), sender=ADMIN)
    registry.send("addKeysToProvider", 1, [attester_keys(n).key_store for n in (1, 2)], sender=ADMIN)
    for _ in range(2):
        moves.fund([STAKER], registry.address)
        registry.send("stake", 1, moves.version, STAKER, 500, wallet("rewards"), True, sender=STAKER)
    moves.deposit([Deposit(keys=attester_keys(n), withdrawer=OWNER) for n in (3, 4, 5, 6)])
    moves.flush_all()
    moves.slash(address(3), 2_000 * TOKEN)
    moves.leave(address(6), wallet("recipient"))
    moves.deposit([Deposit(keys=attester_keys(n), withdrawer=OWNER) for n in (7, 8)])
    return devnet


def rows(ran):
    assert ran.code == 0, ran.err
    return json.loads(ran.out)["rows"]


@pytest.mark.devnet
def test_concentration__in_figures_and_over_time__agree(cli, chain):
    holders = rows(cli("holders", "--by", "provider,attester", "--format", "json"))
    assert [(row["entity"], row["stake_wei"]) for row in holders[:2]] == [
        (OWNER, str(598_000 * TOKEN)),
        ("provider 1", str(400_000 * TOKEN)),
    ]
    assert len(holders) == 2 + 5
    figures = rows(cli("concentration", "--format", "json"))
    told = {row["threshold"]: row["value"] for row in figures if row["figure"] == "nakamoto"}
    assert told["more than 1/2 of the stake"] == 1
    assert told["3/4 of the stake, the quorum of a committee on average"] == 2
    shown = cli("concentration", "--by", "provider,attester")
    assert shown.code == 0
    assert "by attester" in shown.out
    assert max(map(len, shown.out.splitlines())) <= 80
    past = cli("concentration-history", "--window", "all", "--step", "1h", "--format", "csv")
    last = list(csv.DictReader(io.StringIO(past.out)))[-1]
    assert (last["holders"], last["attesters"], last["stake_wei"]) == ("2", "5", str(998_000 * TOKEN))
    odds = rows(cli("committee-odds", "--format", "json"))
    assert [(row["entity"], row["attesters"], row["set_size"]) for row in odds] == [
        (OWNER, 3, 5),
        ("provider 1", 2, 5),
    ]
    assert odds[1]["third_chance"] == 3 / 5


@pytest.mark.devnet
def test_slashing__nobody_voted__tables_are_empty_and_what_ifs_are_not(cli, chain):
    assert rows(cli("slashing", "rounds", "--format", "json")) == []
    assert rows(cli("slashing", "votes", "0", "--format", "json")) == []
    assert rows(cli("slashing", "tally", "0", "--format", "json")) == []
    assert "no vote of this round asks for a slash" in cli("slashing", "votes", "0").err
    ran = cli("slashing", "votes", "10_000")
    assert ran.code == 4
    assert "no such round yet" in ran.err
    foretold = rows(cli("slashing", "what-if", "--slashes", "2", "--format", "json"))
    assert {row["attester"]: row["is_ejected"] for row in foretold} == {
        address(number): number == 3 for number in (1, 2, 3, 4, 5)
    }
    shown = cli("slashing", "what-if", "--amount", "4000.5", "--attesters", address(1).lower())
    assert "1 of 1 attesters would be ejected" in shown.err


@pytest.mark.devnet
def test_what_ifs__of_queue_exits_and_rewards__answer(cli, chain):
    forecast = rows(cli("activation-forecast", "--flushed-share", "50%", "--format", "json"))
    assert [row["attester"] for row in forecast] == [address(7), address(8)]
    assert all(row["earliest_at"] <= row["expected_at"] for row in forecast)
    played = rows(
        cli(
            "queue",
            "what-if",
            "--max-queue-flush-size",
            "1",
            "--deposits-per-day",
            "0",
            "--ahead",
            "1h",
            "--step",
            "10m",
            "--format",
            "json",
        )
    )
    assert {row["scenario"] for row in played} == {"as configured", "what if"}
    assert played[-1]["queue_length"] == 0
    assumed = cli("queue", "what-if", "--ahead", "1h", "--step", "1h", "--flushed-share", "1/2").err
    assert "deposits as lately and 0.00 exits a day, flushes in 50% of the epochs" in assumed
    dates = rows(cli("exit-calendar", "--leaving", address(1), "--format", "json"))
    assert [(row["attester"], row["planned"]) for row in dates] == [
        (address(6), "pending"),
        (address(1), "if-left-now"),
    ]
    one = cli("next-attester-reward", "--provider-id", "1", "--window", "30d", "--format", "json")
    found = json.loads(one.out)
    assert (found["take_rate_bps"], found["set_size"], found["window_seconds"]) == (500, 6, 30 * 86_400)
    assert int(found["net_wei"]) + int(found["commission_wei"]) == int(found["gross_wei"])
    shown = cli("next-attester-reward")
    assert "350.00" in shown.out
    assert "cannot pay for so long" in shown.err  # the devnet's slots are short
    assert "cannot pay" not in cli("next-attester-reward", "--window", "1h").err


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("holders", "--by", "whale"), "stake is not held by that"),
        (("concentration", "--by", ""), "at least one"),
        (("concentration-history", "--step", "soon"), "soon"),
        (("slashing", "what-if", "--attesters", "0x12"), "address"),
        (("slashing", "tally", "1e3"), "whole number"),
        (("queue", "what-if", "--flushed-share", "half"), "expected a number"),
        (("exit-calendar", "--leaving", "nobody"), "begins with 0x"),
    ],
)
def test_words_that_cannot_be__are_exit_2_before_anything_is_asked(cli, network, words, told):
    ran = cli(*words)
    assert ran.code == 2
    assert told in ran.err
    assert network.connected == []
