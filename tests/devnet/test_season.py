"""The season's end, against plain contract reads that share nothing with the code that played it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from aztec_butler.devnet import SMALL, Devnet
from aztec_butler.devnet.season import Season, Story, play_season
from aztec_butler.devnet.season_keys import wallet

pytestmark = [pytest.mark.devnet, pytest.mark.xdist_group("season")]

AZTEC = 10**18
NONE, VALIDATING, ZOMBIE, EXITING = range(4)
ZERO = "0x" + "00" * 20


@pytest.fixture(scope="module")
def played(cache_folder: Path | None) -> Iterator[tuple[Devnet, Season]]:
    with Devnet.start(SMALL, cache_folder=cache_folder) as devnet:
        yield devnet, play_season(devnet)


@pytest.fixture(scope="module")
def devnet(played: tuple[Devnet, Season]) -> Devnet:
    return played[0]


@pytest.fixture(scope="module")
def season(played: tuple[Devnet, Season]) -> Season:
    return played[1]


@pytest.fixture(scope="module")
def views(devnet: Devnet, season: Season) -> dict[str, list[Any]]:
    """``getAttesterView`` of every attester, on the old and on the new rollup."""
    return {
        attester: [each.rollup.read("getAttesterView", attester) for each in devnet.rollups]
        for attester in season.attesters
    }


def queued(devnet: Devnet, number: int) -> list[str]:
    """Attesters in a rollup's entry queue, in order."""
    rollup = devnet.rollups[number].rollup
    return [rollup.read("getEntryQueueAt", at)[0] for at in range(rollup.read("getEntryQueueLength"))]


def balance(devnet: Devnet, holder: str) -> int:
    value: int = devnet.contract("staking_asset").read("balanceOf", holder)
    return value


# --------------------------------------------------------------------------- the crowd


def test_season__every_story__has_an_example(season: Season) -> None:
    assert [story for story, attesters in season.stories.items() if not attesters] == []
    for story, attesters in season.stories.items():
        assert len(set(attesters)) == len(attesters), story


def test_season__validators__are_at_least_twenty(devnet: Devnet, views: dict[str, list[Any]]) -> None:
    active = [each.rollup.read("getActiveAttesterCount") for each in devnet.rollups]
    statuses = [[view[number][0] for view in views.values()].count(VALIDATING) for number in (0, 1)]
    # The set of a rollup holds nobody the season does not know.
    assert active == statuses
    assert active[1] >= 20 > active[0] > 0


@pytest.mark.parametrize(
    ("story", "status"),
    [
        (Story.LISTED, NONE),
        (Story.DRIPPED, NONE),
        (Story.QUEUED, NONE),
        (Story.QUEUED_BEHIND, NONE),
        (Story.STAYED, VALIDATING),
        (Story.SLASHED, VALIDATING),
        (Story.ZOMBIE, ZOMBIE),
        (Story.ZOMBIE_NAMED, EXITING),
        (Story.SLASHED_TO_NOTHING, NONE),
        (Story.SLASHED_LEAVING, EXITING),
        (Story.LEAVING, EXITING),
        (Story.LEAVING_HALFWAY, EXITING),
        (Story.WITHDRAWABLE, EXITING),
        (Story.PAID, NONE),
    ],
)
def test_season__attesters_of_a_story__have_its_status(
    season: Season, views: dict[str, list[Any]], story: Story, status: int
) -> None:
    for attester in season.stories[story]:
        assert {view[0] for view in views[attester]} - {NONE} == {status} - {NONE}, attester


def test_season__who_was_ever_in_the_set__is_known_to_the_gse(
    devnet: Devnet, season: Season, views: dict[str, list[Any]]
) -> None:
    outside = (Story.LISTED, Story.DRIPPED, Story.QUEUED, Story.QUEUED_BEHIND, Story.REFUNDED)
    expected = set(season.attesters) - {attester for story in outside for attester in season.stories[story]}
    assert {attester for attester, (_, new) in views.items() if new[3][1] != ZERO} == expected


def test_season__entry_queues__hold_who_waits(devnet: Devnet, season: Season) -> None:
    waiting = queued(devnet, 1)
    assert len(waiting) >= 12
    # The last one validates already; it is nobody's story to wait.
    assert set(waiting[:-1]) == set(season.stories[Story.QUEUED])
    assert devnet.rollups[1].rollup.read("getStatus", waiting[-1]) == VALIDATING
    assert queued(devnet, 0) == list(season.stories[Story.QUEUED_BEHIND])


def test_season__deposits_that_will_fail__fail(devnet: Devnet, season: Season) -> None:
    waiting = queued(devnet, 1)
    doomed = set(season.stories[Story.WILL_FAIL])
    with devnet.restored():
        failed: set[str] = set()
        for each in devnet.rollups:
            rollup = each.rollup
            while rollup.read("getEntryQueueLength"):
                devnet.chain.wait(96)
                receipt = rollup.send("flushEntryQueue()")
                failed |= {values["attester"] for values in rollup.decode_logs(receipt, "FailedDeposit")}
    assert failed == doomed | {waiting[-1]}


def test_season__refunded_deposits__are_paid_back(devnet: Devnet, season: Season) -> None:
    rollup, token = devnet.rollups[0].rollup, devnet.contract("staking_asset")
    logs = devnet.rpc.call(
        "eth_getLogs",
        {
            "address": rollup.address,
            "fromBlock": "0x0",
            "toBlock": "latest",
            "topics": ["0x" + rollup.compiled.event("FailedDeposit").topic0.hex()],
        },
    )
    refunded = {"0x" + log["topics"][1][-40:] for log in logs}
    assert len(logs) == 3  # a repeated attester, a repeated key, and a mover that was too late
    assert {attester.lower() for attester in season.stories[Story.REFUNDED]} < refunded
    for log in logs:
        receipt = devnet.rpc.call("eth_getTransactionReceipt", log["transactionHash"])
        transfers = [
            int(other["data"], 16)
            for other in receipt["logs"]
            if other["address"].lower() == token.address.lower()
            and other["topics"][1:] == ["0x" + "00" * 12 + rollup.address[2:].lower(), log["topics"][2]]
        ]
        assert 200_000 * AZTEC in transfers


# --------------------------------------------------------------------------- exits


def test_season__exits__stand_where_their_story_says(devnet: Devnet, season: Season) -> None:
    now, governance = devnet.chain.now(), devnet.contract("governance")
    found: dict[str, Counter[tuple[bool, bool]]] = {}
    for story in (Story.LEAVING, Story.LEAVING_HALFWAY, Story.WITHDRAWABLE, Story.ZOMBIE_NAMED):
        over = found[story.name] = Counter()
        for attester in season.stories[story]:
            exits = [each.rollup.read("getExit", attester) for each in devnet.rollups]
            (exit_,) = [each for each in exits if each[-1]]
            unlocks_at = governance.read("getWithdrawal", exit_[0])[1]
            over[exit_[2] <= now, unlocks_at <= now] += 1
    assert found == {
        "LEAVING": {(False, False): 3},
        "LEAVING_HALFWAY": {(True, False): 3},
        "WITHDRAWABLE": {(True, True): 2},
        "ZOMBIE_NAMED": {(True, True): 1},
    }


def test_season__amounts_in_exits__are_less_what_was_slashed(
    season: Season, views: dict[str, list[Any]]
) -> None:
    def amounts(story: Story) -> set[int]:
        return {max(view[2][1] for view in views[attester]) // AZTEC for attester in season.stories[story]}

    assert amounts(Story.LEAVING) == amounts(Story.LEAVING_HALFWAY) == {200_000}
    assert amounts(Story.SLASHED_LEAVING) == {198_000}
    assert amounts(Story.ZOMBIE) == amounts(Story.ZOMBIE_NAMED) == {195_000}
    assert amounts(Story.SLASHED_TO_NOTHING) == {0}
    stakes = {max(view[1] for view in views[each]) // AZTEC for each in season.stories[Story.SLASHED]}
    assert stakes == {198_000}


def test_season__who_was_paid_out__has_the_money(devnet: Devnet, season: Season) -> None:
    paid = season.stories[Story.PAID]
    assert [balance(devnet, wallet(f"recipient of {attester}")) for attester in paid] == [
        200_000 * AZTEC
    ] * len(paid)


def test_season__slashing_by_vote__went_through_the_slasher(devnet: Devnet, season: Season) -> None:
    contracts = devnet.rollups[0].contracts
    logs = devnet.rpc.call(
        "eth_getLogs", {"address": contracts["slashing_proposer"].address, "fromBlock": "0x0"}
    )
    executed = contracts["slashing_proposer"].compiled.event("RoundExecuted")
    (log,) = [log for log in logs if log["topics"][0] == "0x" + executed.topic0.hex()]
    assert int(log["data"], 16) == 1  # slashed
    receipt = devnet.rpc.call("eth_getTransactionReceipt", log["transactionHash"])
    slashed = contracts["rollup"].compiled.event("Slashed").topic0.hex()
    (slash,) = [each for each in receipt["logs"] if each["topics"][0] == "0x" + slashed]
    assert slash["topics"][1][-40:] == season.stories[Story.SLASHED][0][2:].lower()


# --------------------------------------------------------------------------- providers and rewards


def test_season__providers__stand_as_recorded(devnet: Devnet, season: Season) -> None:
    registry = devnet.contract("staking_registry")
    assert registry.read("nextProviderIdentifier") == len(season.providers) + 1 >= 5
    for provider in season.providers:
        configuration = registry.read("providerConfigurations", provider.provider_id)
        assert configuration == (provider.admin, provider.take_rate_bps, provider.rewards_recipient)
        first, last = registry.read("providerQueues", provider.provider_id)
        keys = [
            registry.read("getValueAtIndexInQueue", provider.provider_id, at)[0] for at in range(first, last)
        ]
        assert keys == provider.listed
    assert len({provider.take_rate_bps for provider in season.providers}) == 5
    assert season.providers[2].admin != wallet("Corona admin")
    assert season.providers[1].take_rate_bps != 1000


def test_season__proven_checkpoints__pay_their_coinbases(devnet: Devnet, season: Season) -> None:
    proven = sum(each.rollup.read("getProvenCheckpointNumber") for each in devnet.rollups)
    assert proven == season.checkpoint_count >= 13 + 7
    pending = {
        coinbase: sum(each.rollup.read("getSequencerRewards", coinbase) for each in devnet.rollups)
        for coinbase in season.coinbases
    }
    claimed = [coinbase for coinbase, reward in pending.items() if reward == 0]
    assert len(claimed) <= 2 < len(pending)
    # 70 % of 500 tokens for each checkpoint; nothing has rounded here.
    assert all(reward % (350 * AZTEC) == 0 for reward in pending.values())
    splits = {each.coinbase for each in season.attesters.values() if each.provider_id is not None}
    assert {coinbase for coinbase in pending if pending[coinbase]} & splits


def test_season__divided_split__pays_both_sides(devnet: Devnet, season: Season) -> None:
    provider, staker = season.withdrawn_from_warehouse
    paid = balance(devnet, provider), balance(devnet, staker)
    checkpoints = -(-sum(paid) // (350 * AZTEC))
    divided = checkpoints * 350 * AZTEC - 1  # one wei stays in the split
    rates = {500, 1000, 1250, 2500, 300}  # what providers took when splits were made
    # One wei of each share stays in the warehouse.
    assert paid in {(divided * rate // 10_000 - 1, divided * (10_000 - rate) // 10_000 - 1) for rate in rates}


def test_season__tokens__are_conserved(devnet: Devnet, season: Season) -> None:
    token = devnet.contract("staking_asset")
    logs = devnet.rpc.call(
        "eth_getLogs",
        {
            "address": token.address,
            "fromBlock": "0x0",
            "topics": ["0x" + token.compiled.event("Transfer").topic0.hex()],
        },
    )
    holders = {"0x" + topic[-40:] for log in logs for topic in log["topics"][1:]} - {ZERO}
    assert sum(balance(devnet, holder) for holder in holders) == token.read("totalSupply")
