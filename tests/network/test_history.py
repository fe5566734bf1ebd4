"""Stake over time on a whole season, against plain web3 at every block: this chain is an archive, and answers of then."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from datetime import UTC, datetime
from itertools import pairwise

import fault_proxy as faults
import pandas as pd
import pytest
import requests
from web3 import HTTPProvider, Web3

from aztec_butler import InputError, NodeError, NotFoundError, connect
from aztec_butler.clients.staking_series import fetch_history_steps
from aztec_butler.core.rows import HistoryStep
from aztec_butler.devnet.season_keys import wallet

pytestmark = [pytest.mark.devnet, pytest.mark.xdist_group("history")]

FLOWS = {  # column: role, event
    "deposits": ("rollup", "ValidatorQueued"),
    "delegations": ("staking_registry", "StakedWithProvider"),
    "activations": ("rollup", "Deposit"),
    "failed_deposits": ("rollup", "FailedDeposit"),
    "exits_finalized": ("rollup", "WithdrawFinalized"),
    "slashes": ("rollup", "Slashed"),
    "keys_dripped": ("staking_registry", "ProviderQueueDripped"),
}
AMOUNTS = {"activated_wei": "Deposit", "paid_wei": "WithdrawFinalized", "slashed_wei": "Slashed"}


@pytest.fixture(scope="module")
def devnet(played_season):
    return played_season[0]


@pytest.fixture(scope="module")
def past(devnet):
    with requests.Session() as session:
        yield Past(devnet, Web3(HTTPProvider(devnet.url, session=session)))


@pytest.fixture
def net(devnet):
    with connect("devnet", l1=devnet.url, progress=False) as connected:
        yield connected


class Past:
    """What the contracts said at each block, through plain web3 and the official ABIs."""

    def __init__(self, devnet, w3) -> None:
        self.w3 = w3
        self._since: dict[str, int] = {}
        self.head = w3.eth.block_number
        self.times = [w3.eth.get_block(number)["timestamp"] for number in range(self.head + 1)]
        self.registry, self.gse = (
            self._contract(devnet.contract(role)) for role in ("staking_registry", "gse")
        )
        self.rollups = [self._contract(each.rollup) for each in devnet.rollups]
        self.versions = {
            rollup.address: each.parameters.version
            for rollup, each in zip(self.rollups, devnet.rollups, strict=True)
        }
        self.logs = {
            (role, event): [
                log
                for contract in (self.rollups if role == "rollup" else [self.registry])
                for log in contract.events[event].get_logs(from_block=0)
            ]
            for role, event in {
                *FLOWS.values(),
                ("rollup", "WithdrawInitiated"),
                ("staking_registry", "AttestersAddedToProvider"),
            }
        }

    def _contract(self, deployed):
        return self.w3.eth.contract(address=deployed.address, abi=deployed.compiled.abi)

    def block_at(self, time: int) -> int:
        """The last block at or before a time."""
        return bisect_right(self.times, time) - 1

    def exists(self, contract, block: int) -> bool:
        if contract.address not in self._since:
            self._since[contract.address] = bisect_left(
                range(self.head + 1),
                1,
                key=lambda number: len(self.w3.eth.get_code(contract.address, number)),
            )
        return block >= self._since[contract.address]

    def stocks(self, block: int) -> dict:
        """Set sizes, stake and queues as the contracts told them at the block."""
        rollups = [rollup for rollup in self.rollups if self.exists(rollup, block)]
        known = [
            rollup
            for rollup in rollups
            if self.gse.functions.isRollupRegistered(rollup.address).call(block_identifier=block)
        ]
        counts = {
            rollup.address: rollup.functions.getActiveAttesterCount().call(block_identifier=block)
            for rollup in known
        }
        queues = {
            rollup.address: rollup.functions.getEntryQueueLength().call(block_identifier=block)
            for rollup in rollups
        }
        has_gse = self.exists(self.gse, block)
        latest = self.gse.functions.getLatestRollup().call(block_identifier=block) if known else None
        keys = 0
        if self.exists(self.registry, block):
            providers = self.registry.functions.nextProviderIdentifier().call(block_identifier=block)
            for provider in range(1, providers):
                keys += self.registry.functions.getProviderQueueLength(provider).call(block_identifier=block)
        return {
            "attesters": sum(counts.values()),
            "stake_wei": self.gse.functions.totalSupply().call(block_identifier=block) if has_gse else 0,
            "entry_queued": sum(queues.values()),
            "keys_queued": keys,
            "canonical_version": self.versions[latest] if latest else None,
            "canonical_attesters": counts[latest] if latest else None,
            "canonical_entry_queued": queues[latest] if latest else None,
            "canonical_stake_wei": self._stake(latest, block) if latest else None,
        }

    def _stake(self, rollup: str, block: int) -> int:
        bonus = self.gse.functions.BONUS_INSTANCE_ADDRESS().call()
        return sum(
            self.gse.functions.supplyOf(instance).call(block_identifier=block) for instance in (rollup, bonus)
        )

    def exits(self, attesters, block: int) -> dict:
        """How many exits are stored, and of how much together."""
        amounts = []
        for rollup in self.rollups:
            if self.exists(rollup, block):
                found = [rollup.functions.getExit(each).call(block_identifier=block) for each in attesters]
                amounts += [amount for _, amount, _, _, _, exists in found if exists]
        return {"exiting": len(amounts), "exiting_wei": sum(amounts)}

    def flows(self, after: int, last: int) -> dict:
        """Events behind one block, up to another."""

        def events(*kind):
            return [log for log in self.logs[kind] if after < log["blockNumber"] <= last]

        counted = {column: len(events(*kind)) for column, kind in FLOWS.items()}
        counted |= {
            column: sum(log["args"]["amount"] for log in events("rollup", event))
            for column, event in AMOUNTS.items()
        }
        listed = events("staking_registry", "AttestersAddedToProvider")
        return counted | {"keys_listed": sum(len(log["args"]["attesters"]) for log in listed)}


def assert_row(row: HistoryStep, expected: dict) -> None:
    assert {name: getattr(row, name) for name in expected} == expected, row.ends_at


def test_history__at_the_time_of_every_block__is_what_the_contracts_said_then(net, past, devnet):
    first = next(number for number in range(past.head) if past.exists(past.gse, number))
    times = past.times[first:]
    assert len(set(times)) == len(times)
    snapshot = net.snapshot()
    rows = fetch_history_steps(
        net.rpc, net.multicall, snapshot.history, snapshot.deployment, times, block=snapshot.block
    )
    assert len(rows) == past.head - first > 100
    asked = 0
    for number, row in enumerate(rows, start=first + 1):
        assert row.ends_at == past.times[number]
        flows = past.flows(number - 1, number)
        assert_row(row, flows)
        # web3 takes its time: the getters are read where something happened, and now and then where nothing did.
        if any(flows.values()) or number % 5 == 0:
            assert_row(row, past.stocks(number))
            asked += 1
    assert asked > 40


def test_history__exits_and_departures__are_what_the_contracts_said_then(net, past, played_season):
    attesters = list(played_season[1].attesters)
    rows = net.snapshot().history_steps("all", "20m")
    initiated = {log["blockNumber"]: log for log in past.logs["rollup", "WithdrawInitiated"]}
    assert len(initiated) > 8
    opening, left = {"exiting": 0, "exiting_wei": 0}, 0
    for row in rows:
        begins, ends = past.block_at(row.begins_at), past.block_at(row.ends_at)
        stored = past.exits(attesters, ends)
        assert_row(row, stored)
        came = row.exits_initiated + row.ejections - row.exits_finalized - row.exits_burned
        assert stored["exiting"] - opening["exiting"] == came
        opening = stored
        # An ejected attester's withdrawer names a recipient with the same event, but leaves no set.
        events = [number for number in initiated if begins < number <= ends]
        left += len(events) - row.exits_initiated
    assert left == 1
    assert sum(row.ejections for row in rows) == 5


@pytest.mark.parametrize("step", ["1m", "7m", "1h", "1d"])
def test_history__any_step__rows_are_the_sums_of_finer_ones(net, past, step):
    rows = net.snapshot().history_steps("all", step)
    for row in rows:
        begins, ends = past.block_at(row.begins_at), past.block_at(row.ends_at)
        assert_row(row, past.flows(begins, ends) | {"ends_at": row.ends_at})
    assert_row(rows[-1], past.stocks(past.head))
    assert rows[-1].ends_at == past.times[-1]


def test_history__a_frame__like_the_others(net, past):
    frame = net.history("2h", "10m")
    assert frame.attrs == net.attesters().attrs
    assert str(frame.begins_at.dtype) == str(frame.ends_at.dtype) == "datetime64[ns, UTC]"
    assert (frame.begins_at.iloc[1:].reset_index(drop=True) == frame.ends_at.iloc[:-1]).all()
    assert (frame.begins_at.dt.minute % 10 == 0).all()
    assert frame.stake_wei.dtype == object
    assert frame.stake_wei.iloc[-1] == past.gse.functions.totalSupply().call()
    assert frame.stake_aztec.iloc[-1] == float(frame.stake_wei.iloc[-1] // 10**18)
    assert frame.begins_at.iloc[0] <= pd.Timestamp(past.times[-1] - 7200, unit="s", tz="UTC")


def test_history__windows__blocks_times_and_durations(net, past):
    snapshot, head, middle = net.snapshot(), past.times[-1], past.head // 2

    def bounds(*arguments):
        rows = snapshot.history_steps(*arguments)
        assert all(one.ends_at == other.begins_at for one, other in pairwise(rows))
        return rows[0].begins_at, rows[-1].ends_at

    moment = datetime.fromtimestamp(past.times[middle], UTC)
    assert bounds((middle, None)) == (past.times[middle], head)
    assert bounds((middle, past.head - 3)) == (past.times[middle], past.times[-4])
    assert bounds(f"{middle}..{past.head}") == (past.times[middle], head)
    assert bounds(moment) == bounds(moment.isoformat()) == (past.times[middle], head)
    assert bounds((moment, "5m")) == (past.times[middle], past.times[middle] + 300)
    assert bounds("1h", "1h") == (head - 3600 - (head - 3600) % 3600, head)
    assert bounds("all", "1d") == (past.times[0] - past.times[0] % 86_400, head)


def test_history__a_pinned_block__ends_there(net, past):
    number = past.head - 20
    row = net.at(number).snapshot().history_steps("all", "1w")[-1]
    assert row.ends_at == past.times[number]
    assert_row(row, past.stocks(number))


@pytest.mark.parametrize(
    ("window", "step", "error"),
    [
        ("soon", None, InputError),
        ("7d", "0s", InputError),
        ("7d", "fast", InputError),
        ("7d", "1s", InputError),
        ((20, 10), None, InputError),
        ((10, 10), None, InputError),
        ((10, 10**9), None, NotFoundError),
        ("2100-01-01", None, NotFoundError),
        ((10, "999999999w"), None, NotFoundError),
        (("2026-01-01", "2100-01-01"), None, NotFoundError),
    ],
)
def test_history__no_such_window__is_refused(net, window, step, error):
    with pytest.raises(error):
        net.snapshot().history_steps(window, step)


def test_history__a_window_that_cannot_be_read__asks_nothing(devnet):
    with (
        faults.FaultyNode(upstream=devnet.url) as node,
        connect("devnet", l1=node.url, progress=False) as net,
    ):
        snapshot = net.snapshot()
        before = node.request_count
        for wrong in (("7 days", None), ("7d", "soon"), (("1d", "2d"), None)):
            with pytest.raises(InputError):
                snapshot.history_steps(*wrong)
        assert node.request_count == before


def without_times(reply, call):
    """As nodes answer that do not tell a block's time with its logs."""
    if call["method"] != "eth_getLogs":
        return reply
    return reply | {
        "result": [
            {name: value for name, value in log.items() if name != "blockTimestamp"}
            for log in reply["result"]
        ]
    }


def test_history__no_state_but_that_of_the_block__is_asked_for(devnet, net):
    asked = set()

    def watch(reply, call):
        if call["method"] in ("eth_call", "eth_getStorageAt"):
            asked.add(str(call["params"][-1]))
        return reply

    with (
        faults.FaultyNode(upstream=devnet.url) as node,
        connect("devnet", l1=node.url, progress=False) as far,
    ):
        node.always(faults.altered(watch))
        snapshot = far.snapshot()
        assert snapshot.history_steps("all", "10m") == net.snapshot().history_steps("all", "10m")
        assert asked == {str({"blockHash": snapshot.block.hash, "requireCanonical": True})}


@pytest.mark.parametrize("question", ["history", "exits", "delegations", "slashings"])
def test_times__a_node_says_zero_where_it_does_not_know__are_asked_for(devnet, net, question):
    def zero(reply, call):
        if call["method"] != "eth_getLogs":
            return reply
        return reply | {"result": [log | {"blockTimestamp": "0x0"} for log in reply["result"]]}

    with (
        faults.FaultyNode(upstream=devnet.url) as node,
        connect("devnet", l1=node.url, progress=False) as far,
    ):
        node.always(faults.altered(zero))
        pd.testing.assert_frame_equal(getattr(far, question)(), getattr(net, question)())


def test_history__times_not_told_with_logs__are_found_with_few_questions(devnet, net):
    whole = net.snapshot().history_steps("all", "1m")
    headers = 0

    def count(reply, call):
        nonlocal headers
        headers += call["method"] == "eth_getBlockByNumber"
        return without_times(reply, call)

    with (
        faults.FaultyNode(upstream=devnet.url) as node,
        connect("devnet", l1=node.url, progress=False) as poor,
    ):
        snapshot = poor.snapshot()
        assert snapshot.state
        node.always(faults.altered(count))
        before = node.request_count
        assert snapshot.history_steps("all", "1m") != ()
        assert node.request_count - before <= 12
        node.always(faults.altered(without_times))
        found = poor.snapshot().history_steps("all", "1m")
    assert found == whole
    assert headers < 120


def test_history__few_requests__however_many_steps(net):
    snapshot = net.snapshot()
    assert snapshot.state
    for step, limit in (("1h", 4), ("1m", 6)):
        before = net.rpc.request_count
        snapshot.history_steps("all", step)
        assert net.rpc.request_count - before <= limit


def test_history__a_gift_to_the_gse_in_governance__is_no_stake(devnet, past):
    with devnet.restored():
        token, governance = devnet.contract("staking_asset"), devnet.contract("governance")
        gse = devnet.addresses["gse"]
        donor = wallet("donor")
        token.send("mint", donor, 10**20)
        token.send("approve", governance.address, 10**20, sender=donor)
        devnet.chain.wait(600)
        governance.send("deposit", gse, 7, sender=donor)
        devnet.chain.wait(600)
        governance.send("deposit", gse, 10**19, sender=donor)
        devnet.chain.wait(600)
        staked = devnet.contract("gse").read("totalSupply")
        assert governance.read("powerNow", gse) == staked + 10**19 + 7
        with connect("devnet", l1=devnet.url, progress=False) as net:
            rows = net.snapshot().history_steps("30m", "1m")
        assert {row.stake_wei for row in rows} == {staked}


@pytest.mark.parametrize("kind", ["first", "last", "every other"])
def test_history__logs_are_missing__is_an_error_and_never_another_curve(devnet, kind):
    kept = {
        "first": lambda logs: logs[1:],
        "last": lambda logs: logs[:-1],
        "every other": lambda logs: logs[::2],
    }
    fault = faults.altered(
        lambda reply, call: (
            reply | {"result": kept[kind](reply["result"])} if call["method"] == "eth_getLogs" else reply
        )
    )
    with (
        faults.FaultyNode(upstream=devnet.url) as node,
        connect("devnet", l1=node.url, progress=False) as net,
    ):
        node.always(fault)
        with pytest.raises(NodeError):
            net.snapshot().history_steps("all")
