"""Events of a whole season on the real contracts, against web3's decoding of the same logs."""

from __future__ import annotations

import json
from collections import Counter
from contextlib import ExitStack
from itertools import pairwise

import fault_proxy as faults
import pandas as pd
import pyarrow as pa
import pytest
import requests
from hypothesis import given, settings
from hypothesis import strategies as st
from web3 import HTTPProvider, Web3

from aztec_butler import InputError, NodeError, NotFoundError, SettingsError, connect
from aztec_butler.archive.contracts import FINDABLE
from aztec_butler.archive.union import values_of
from aztec_butler.core.abi_structs import Tuple
from aztec_butler.core.event_kinds import event_kinds, select_events
from aztec_butler.core.events_fields import event_fields, struct_fields
from aztec_butler.devnet.season_keys import attester_keys, wallet
from aztec_butler.devnet.staking_moves import Deposit, StakingMoves
from aztec_butler.store.events import EventStore

pytestmark = [pytest.mark.devnet, pytest.mark.xdist_group("history")]

EVERYTHING = [kind.record for kind in event_kinds() if kind.role in FINDABLE]
ROLES = {"staking_asset": "token", "fee_asset": "token"}


@pytest.fixture(scope="module")
def season(played_season):
    return played_season[0]


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    """Where this module's connections keep events."""
    return tmp_path_factory.mktemp("kept")


@pytest.fixture(scope="module")
def net(season, kept):
    with open_network(season, kept) as network:
        yield network


def open_network(devnet, kept=False, **options):
    given = {
        "l1": devnet.url,
        "registry": devnet.addresses["registry"],
        "staking_registry": devnet.addresses["staking_registry"],
        "event_store": kept,
        "progress": False,
    }
    return connect("devnet", **(given | options))


@pytest.fixture(scope="module")
def decoded(season):
    """Every log of the season that a contract of ``FINDABLE`` emitted, as web3 and the official ABIs decode it."""
    emitters = {}
    shared = [(name, season.contract(name)) for name in season.addresses]
    own = [pair for each in season.rollups for pair in each.contracts.items()]
    for name, contract in [*shared, *own]:
        role = ROLES.get(name, name)
        if role in FINDABLE:
            emitters[contract.address] = role, contract.compiled.abi
    known = {(kind.role, kind.topic0) for kind in event_kinds()}
    found = []
    with requests.Session() as session:
        w3 = Web3(HTTPProvider(season.url, session=session))
        for log in w3.eth.get_logs({"fromBlock": 0, "toBlock": "latest"}):
            role, abi = emitters.get(log["address"], (None, None))
            if (
                role,
                bytes(log["topics"][0]),
            ) in known:  # the devnet's token has a minter, which is not AZTEC's
                contract = w3.eth.contract(address=log["address"], abi=abi)
                event = contract.get_event_by_topic(log["topics"][0].to_0x_hex())
                found.append((role, event().process_log(log)))
    return found


def flat(fields, values):
    """Values of an event by the names of columns, structs one column for each of their fields."""
    columns = {}
    for field, value in zip(fields, values, strict=True):
        if isinstance(field.type, Tuple):
            parts = value.values() if hasattr(value, "values") else value
            inner = flat(struct_fields(field.type, field.label), parts)
            columns |= {f"{field.name}_{name}": part for name, part in inner.items()}
        else:
            columns[field.name] = value
    return columns


def plain(value):
    if isinstance(value, bytes):
        return "0x" + value.hex()
    return tuple(map(plain, value)) if isinstance(value, list | tuple) else value


# --------------------------------------------------------------------------- whole and true


def test_events__whole_season__every_field_as_web3_decodes_it(net, decoded):
    frame = net.events(EVERYTHING)
    assert len(frame) == len(decoded) > 500
    kinds = {kind.record: kind for kind in select_events(EVERYTHING)}
    values = frame.astype(object).where(frame.notna(), None).to_dict("records")
    for row, (role, log) in zip(values, decoded, strict=True):
        kind = kinds[row["event"]]
        assert (kind.role, kind.event.name) == (role, log["event"])
        assert (row["block_number"], row["log_index"]) == (log["blockNumber"], log["logIndex"])
        assert row["transaction_hash"] == log["transactionHash"].to_0x_hex()
        assert row["block_hash"] == log["blockHash"].to_0x_hex()
        assert (row["transaction_index"], row["address"]) == (log["transactionIndex"], log["address"])
        arguments = [log["args"][parameter.name] for parameter in kind.event.inputs]
        expected = flat(event_fields(kind.event), arguments)
        assert {name: plain(row[name]) for name in expected} == {
            name: plain(value) for name, value in expected.items()
        }
        others = {name for name in frame.columns[8:] if row[name] is not None} - set(expected)
        assert others <= {name.removesuffix("_wei") + "_aztec" for name in expected}


def test_events__staking__is_the_default_and_counts_as_the_chain_does(net, decoded):
    frame = net.events()
    wanted = {(kind.role, kind.event.name): kind.record for kind in select_events("staking")}
    counts = Counter(wanted[role, log["event"]] for role, log in decoded if (role, log["event"]) in wanted)
    assert frame.event.value_counts()[lambda found: found > 0].to_dict() == counts
    assert counts["SlashingProposerRoundExecuted"] == 1
    assert counts["RegistryCanonicalRollupUpdated"] == 2
    assert set(frame.address[frame.event == "RollupDeposit"]) == {
        each.address for each in net.deployment.rollups
    }


def test_events__block_time__is_the_block_s(net, season):
    frame = net.events("Slashed")
    for row in frame.itertuples():
        header = season.rpc.call("eth_getBlockByNumber", hex(row.block_number), False)
        assert row.block_time == pd.Timestamp(int(header["timestamp"], 16), unit="s", tz="UTC")


def test_events__arrow__is_the_frame(net):
    frame, table = net.events(), net.events(arrow=True)
    assert isinstance(table, pa.Table)
    assert [name for name in frame.columns if not name.endswith("_aztec")] == table.column_names
    for name in table.column_names:
        if name == "block_time":
            assert table.column(name).to_pylist() == frame[name].tolist()
            continue
        values = [plain(value) for value in values_of(table.column(name), table.schema.field(name))]
        found = frame[name].astype(object)
        assert found.where(found.notna(), None).tolist() == values, name
    facts = json.loads(table.schema.metadata[b"aztec_butler"])
    assert facts == {name: list(v) if isinstance(v, tuple) else v for name, v in frame.attrs.items()}


def test_events__attrs__name_block_range_and_events(net):
    frame = net.at(120).events("Slashed", 90, 110)
    facts = frame.attrs
    assert (facts["block"], facts["first_block"], facts["last_block"]) == (120, 90, 110)
    assert facts["events"] == ("RollupSlashed",)
    assert facts["chain_id"] == 31_337
    assert frame.block_number.between(90, 110).all()


def test_events__nothing_found__all_columns_and_dtypes(net):
    some, none = (
        net.events(["Slashed", "StakedWithProvider"]),
        net.events(["Slashed", "StakedWithProvider"], 0, 5),
    )
    assert len(none) == 0
    assert list(none.columns) == list(some.columns)
    for name in some.columns.difference(some.select_dtypes("category").columns):
        assert none[name].dtype == some[name].dtype
    assert str(none.block_time.dtype) == "datetime64[ns, UTC]"


@given(cuts=st.lists(st.integers(1, 157), max_size=4))
@settings(max_examples=8, deadline=None)
def test_events__range_cut_anyhow__the_same_rows(net, cuts):
    whole = net.events(["Slashed", "Deposit", "AttestersAddedToProvider"], arrow=True)
    bounds = sorted({0, *cuts, net.block.number + 1})
    parts = [
        net.events(["Slashed", "Deposit", "AttestersAddedToProvider"], first, last - 1, arrow=True)
        for first, last in pairwise(bounds)
    ]
    joined = pa.concat_tables([part.replace_schema_metadata() for part in parts])
    assert joined.to_pylist() == whole.to_pylist()


# --------------------------------------------------------------------------- times and blocks


def test_events__times__bound_the_range(net):
    whole = net.events("Slashed")
    second, last = whole.block_time[1], whole.block_time[5]
    found = net.events("Slashed", second.isoformat(), last.isoformat())
    assert found.block_number.tolist() == whole.block_number[1:6].tolist()
    assert (
        len(net.events("Slashed", "1h"))
        == (whole.block_time > whole.block_time.max() - pd.Timedelta("1h")).sum()
    )
    assert found.attrs["first_block"] == whole.block_number[1]


def test_events__a_past_block__ends_there(net):
    frame = net.at(110).events("Slashed")
    assert frame.block_number.max() <= 110
    with pytest.raises(NotFoundError, match="behind"):
        net.at(110).events("Slashed", 100, 111)


# --------------------------------------------------------------------------- disk and node


def log_ranges(node):
    """The blocks that a node was asked for logs of, by the addresses that were asked for."""
    calls = [call for request in node.requests for call in request if call[0] == "eth_getLogs"]
    return [(int(asked["fromBlock"], 16), int(asked["toBlock"], 16)) for _, (asked,) in calls]


def test_events__second_connection__asks_the_node_for_the_tail_alone(season, tmp_path):
    with faults.FaultyNode(upstream=season.url) as node:
        with open_network(season, tmp_path, l1=node.url) as first:
            cold = first.events()
            cold_requests = first.rpc.request_count
            genesis = min(each.genesis_block for each in first.deployment.rollups)
        node.requests.clear()
        with open_network(season, tmp_path, l1=node.url) as second:
            warm = second.events()
            finalized = int(second.rpc.call("eth_getBlockByNumber", "finalized", False)["number"], 16)
    pd.testing.assert_frame_equal(cold, warm)
    canary = (genesis, genesis)
    assert {asked for asked in log_ranges(node) if asked != canary} == {
        (finalized + 1, season.chain.block_number())
    }
    assert second.rpc.request_count <= cold_requests


def test_events__all_final__no_log_is_asked_for(season, tmp_path):
    with faults.FaultyNode(upstream=season.url) as node, open_network(season, tmp_path, l1=node.url) as net:
        pinned = net.at("finalized")
        cold = pinned.events()
        node.requests.clear()
        pd.testing.assert_frame_equal(net.at("finalized").events(), cold)
        assert log_ranges(node) == []


def test_events__nothing_kept__the_same_answer(season, net, tmp_path, monkeypatch):
    monkeypatch.setenv("AZTEC_BUTLER_EVENT_STORE", "none")
    for place in (False, None):
        with open_network(season, place) as plain_network:
            pd.testing.assert_frame_equal(plain_network.events(), net.events())
    monkeypatch.setenv("AZTEC_BUTLER_EVENT_STORE", str(tmp_path))
    with open_network(season, None) as plain_network:
        plain_network.events("Slashed")
    assert [path.name for path in tmp_path.iterdir()] == ["events"]


def test_events__chain_began_anew_with_the_same_ids__nothing_of_the_old_one_is_served(devnet, tmp_path):
    def play(numbers):
        moves = StakingMoves(devnet, devnet.rollups[-1])
        moves.deposit([Deposit(keys=attester_keys(n), withdrawer=wallet("owner")) for n in numbers])
        devnet.chain.mine_many(5)

    for numbers in (range(5), range(5, 7), range(7, 15)):
        with devnet.restored():
            play(numbers)
            with open_network(devnet, tmp_path) as net:
                for _ in range(2):
                    queued = net.events("ValidatorQueued").attester.tolist()
                    assert queued == [attester_keys(n).address for n in numbers]


def test_events__node_that_tells_no_times__the_same_frame(season, net):
    def untimed(reply, call):
        if call["method"] == "eth_getLogs":
            for log in reply["result"]:
                log.pop("blockTimestamp", None)
        return reply

    with faults.FaultyNode(upstream=season.url) as node, open_network(season, l1=node.url) as plain_network:
        node.always(faults.altered(untimed))
        names = ["Slashed", "Deposit"]
        pd.testing.assert_frame_equal(plain_network.events(names), net.events(names))


def test_events__pruned_node__is_an_error_and_not_an_empty_frame(season, tmp_path):
    def pruned(reply, call):
        return reply | {"result": []} if call["method"] == "eth_getLogs" else reply

    with faults.FaultyNode(upstream=season.url) as node, open_network(season, tmp_path, l1=node.url) as net:
        node.always(faults.altered(pruned))
        with pytest.raises(NodeError, match="log"):
            net.events("VetoedPayload")


# --------------------------------------------------------------------------- the history that tables come from

TABLES = ("attesters", "entry_queue", "providers", "delegations", "exits", "slashings")


def test_tables__from_node_or_disk__are_the_same(season, tmp_path):
    def answers(net):
        return {name: getattr(net, name)() for name in TABLES}

    with open_network(season) as plain_network:
        expected = answers(plain_network)
    with faults.FaultyNode(upstream=season.url) as node:
        for when in ("cold", "warm"):
            node.requests.clear()
            with open_network(season, tmp_path, l1=node.url) as net:
                found = answers(net)
                finalized = int(net.rpc.call("eth_getBlockByNumber", "finalized", False)["number"], 16)
                genesis = min(each.genesis_block for each in net.deployment.rollups)
            for name, frame in expected.items():
                pd.testing.assert_frame_equal(found[name], frame, obj=f"{name}, {when}")
            # Splits are asked for by themselves; of the rest the first table asks for all, the others for the tail.
            factory = season.addresses["pull_split_factory"].lower()
            asked = [call[1][0] for request in node.requests for call in request if call[0] == "eth_getLogs"]
            starts = [
                int(each["fromBlock"], 16)
                for each in asked
                if each["address"] != [factory] and each["fromBlock"] != hex(genesis)
            ]
            assert min(starts) == (0 if when == "cold" else finalized + 1)
            assert starts.count(0) == (when == "cold")
            assert starts.count(finalized + 1) == len(TABLES)


def test_tables__chain_goes_on_under_a_connection__what_became_final_is_read_once(devnet, tmp_path):
    moves = StakingMoves(devnet, devnet.rollups[-1])
    with faults.FaultyNode(upstream=devnet.url) as node, open_network(devnet, tmp_path, l1=node.url) as net:
        for count in range(1, 4):
            moves.deposit([Deposit(keys=attester_keys(count), withdrawer=wallet("owner"))])
            devnet.chain.mine()  # the deposit is not final yet, and is when the next one follows
            assert net.entry_queue().attester.tolist() == [attester_keys(n + 1).address for n in range(count)]
        ranges = [asked for asked in log_ranges(node) if asked[0] != asked[1]]
    read = [block for first, last in ranges for block in range(first, last + 1)]
    final = devnet.chain.block_number() - 2
    assert sorted(block for block in set(read) if block <= final) == list(range(final + 1))
    twice = {block for block in read if read.count(block) > 1}
    assert len(twice) <= 2 * 2  # what was not final yet, at each of two turns


def test_tables__second_question_of_a_connection__reads_only_what_is_new_from_the_disk(
    season, tmp_path, monkeypatch
):
    read, asked = EventStore.read, []

    def watched(self, event, **options):
        asked.append((event, options["first_block"]))
        return read(self, event, **options)

    monkeypatch.setattr(EventStore, "read", watched)
    with open_network(season, tmp_path) as net:
        first = net.attesters()
        assert {block for _, block in asked} == {0}
        asked.clear()
        pd.testing.assert_frame_equal(net.attesters(), first)
        assert asked == []


# --------------------------------------------------------------------------- contracts


def test_events__replaced_slasher__both_are_read(devnet):
    """The slasher that is named by events only, and the one there is now."""
    rollup = devnet.rollups[-1]
    old = rollup.contracts["slasher"].address
    with open_network(devnet) as net:
        found = net.events(["VetoedPayload", "RoundExecuted"], arrow=True)
    assert len(found) == 0
    governance = devnet.addresses["governance"]
    devnet.chain.set_ether_balance(governance, 10**18)
    rollup.rollup.send("setSlasher", wallet("new slasher"), sender=governance)
    with faults.FaultyNode(upstream=devnet.url) as node, open_network(devnet, l1=node.url) as net:
        (update,) = net.events("SlasherUpdated").itertuples()
        assert (update.old_slasher, update.new_slasher) == (old, wallet("new slasher"))
        node.requests.clear()
        net.events("VetoedPayload")
        calls = [call for request in node.requests for call in request if call[0] == "eth_getLogs"]
    assert sorted([old.lower(), update.new_slasher.lower()]) in [asked["address"] for _, (asked,) in calls]


def test_events__contracts_of_one_s_own__are_read_too(season, net):
    warehouse = season.addresses["splits_warehouse"]
    frame = net.events("Withdraw", contracts={warehouse.lower(): "splits_warehouse"})
    assert set(frame.address) == {warehouse}
    assert len(frame) == 2
    assert "amount_aztec" not in frame


@pytest.mark.parametrize(
    ("names", "options", "match"),
    [
        ("Slashd", {}, "no such event"),
        ("Withdraw", {}, "nothing leads"),
        ("Slashed", {"first_block": "yesterday"}, "a block or a time"),
        ("Slashed", {"first_block": "7d", "last_block": "1d"}, "from the other"),
        ("Slashed", {"contracts": {"0x00": "rollup"}}, "address"),
        ("Slashed", {"contracts": {"0x" + "11" * 20: "rolup"}}, "no such role"),
    ],
    ids=str,
)
def test_events__mistake__is_told_before_anything_is_asked(net, names, options, match):
    before = net.rpc.request_count
    with pytest.raises(InputError, match=match):
        net.events(names, **options)
    assert net.rpc.request_count == before


def test_events__no_staking_registry__says_which_setting_is_missing(season):
    with ExitStack() as stack:
        registry = season.addresses["registry"]
        net = stack.enter_context(
            connect("devnet", l1=season.url, registry=registry, event_store=False, progress=False)
        )
        if net.deployment.staking_registry is None:
            with pytest.raises(SettingsError, match="without the contract"):
                net.events("StakedWithProvider")
            assert len(net.events("staking")) > 100
