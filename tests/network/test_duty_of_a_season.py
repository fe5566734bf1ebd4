"""Committees, proposers and performance of a whole season, against plain web3's reads of the same chain."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

import attrs
import pytest
import requests
from web3 import HTTPProvider, Web3

from aztec_butler import InputError, NotFoundError, connect
from aztec_butler.__main__ import main
from aztec_butler.clients.committees import CommitteeReader
from aztec_butler.core.committees import committee_proposers, draw_indices, sample_seed
from aztec_butler.core.node_records import MissedDuties, SlotStatus, ValidatorsStats, ValidatorStats

pytestmark = [pytest.mark.devnet, pytest.mark.xdist_group("history")]


@pytest.fixture(scope="module")
def played(played_season):
    return played_season[0]


@pytest.fixture(scope="module")
def w3(played):
    with requests.Session() as session:
        yield Web3(HTTPProvider(played.url, session=session))


@pytest.fixture(scope="module")
def net(played):
    with connect("devnet", l1=played.url, progress=False) as connected:
        yield connected.at("latest")


@pytest.fixture(scope="module")
def rollups(played, w3):
    """The contracts of both rollups by version, through plain web3."""
    return {
        each.parameters.version: w3.eth.contract(
            address=each.rollup.address, abi=each.rollup.compiled.abi
        ).functions
        for each in played.rollups
    }


@pytest.fixture(scope="module")
def readers(net):
    """What reads the committees of both rollups."""
    return {
        state.rollup.version: CommitteeReader(
            net.rpc, net.multicall, state.rollup, net.deployment.gse, block=net.block
        )
        for state in net.snapshot().rollups
    }


@pytest.fixture(scope="module")
def committees(readers):
    return {version: reader.committees(0, reader.last_epoch()) for version, reader in readers.items()}


def test_committees__every_epoch_of_both_rollups__as_the_rollup_tells(committees, readers, rollups):
    full = 0
    for version, of_rollup in committees.items():
        clock = readers[version].clock
        for each in of_rollup:
            at = clock.epoch_start_at(each.epoch)
            assert each.set_size == rollups[version].getSamplingSizeAt(at).call()
            if each.members:
                full += 1
                assert list(each.members) == rollups[version].getCommitteeAt(at).call()
                assert each.seed == rollups[version].getSampleSeedAt(at).call()
            else:
                assert each.seed is None
                assert each.set_size < rollups[version].getTargetCommitteeSize().call()
    assert full > 70


def test_committees__drawn_offline__the_same_members(committees, readers):
    for version, of_rollup in committees.items():
        reader = readers[version]
        for each in of_rollup:
            if each.members:
                indices = draw_indices(each.seed, set_size=each.set_size, committee_size=len(each.members))
                everyone = reader.set_at(reader.clock.sampled_at(each.epoch), size=each.set_size)
                assert tuple(everyone[index] for index in indices) == each.members


def test_proposers__every_slot_of_both_rollups__as_the_rollup_tells(committees, readers, rollups):
    slots = 0
    for version, of_rollup in committees.items():
        clock = readers[version].clock
        for each in of_rollup:
            first = each.epoch * clock.epoch_slots
            for slot, proposer in enumerate(committee_proposers(each, clock.epoch_slots), first):
                slots += 1
                assert proposer == rollups[version].getProposerAt(clock.slot_start_at(slot)).call()
    assert slots > 280


def test_seeds__every_epoch__from_ethereums_randomness_of_its_block(committees, readers, w3):
    """Each seed is the hash of some block's ``mixHash``: of a block in the epoch of its sample, or earlier."""
    blocks = [w3.eth.get_block(number) for number in range(w3.eth.block_number + 1)]
    for version, of_rollup in committees.items():
        reader = readers[version]
        lag = reader.rules().randao_lag_in_epochs
        for each in of_rollup:
            if each.members:
                end = reader.clock.epoch_start_at(each.epoch - lag + 1)
                earlier = {int(b["mixHash"].hex(), 16) for b in blocks if b["timestamp"] < end}
                assert each.seed in {sample_seed(each.epoch, randomness) for randomness in earlier}


def test_committees__few_calls__for_many_epochs(net, readers):
    reader = min(readers.items())[1]
    reader.rules()
    before = net.rpc.request_count
    assert len(reader.committees(0, 60)) == 61
    assert net.rpc.request_count - before <= 5


def test_committees__epoch_not_drawn__is_refused_and_names_the_last_one(readers):
    reader = min(readers.items())[1]
    with pytest.raises(InputError, match="not drawn") as caught:
        reader.committees(0, reader.last_epoch() + 1)
    assert caught.value.facts["last_known_epoch"] == reader.last_epoch()


# --------------------------------------------------------------------------- performance


@pytest.fixture(scope="module")
def proposed(played, w3):
    """Every checkpoint event of both rollups, with its slot: (version, slot)."""
    found = []
    for each in played.rollups:
        contract = w3.eth.contract(address=each.rollup.address, abi=each.rollup.compiled.abi)
        functions = contract.functions
        for log in contract.events.CheckpointProposed.get_logs(from_block=0):
            at = w3.eth.get_block(log["blockNumber"])["timestamp"]
            found.append((each.parameters.version, functions.getSlotAt(at).call()))
    return found


def counted(committees, readers, proposed, rollups, wanted):
    """Slots due and proposed in, by rollup and attester, of the wanted (version, epoch), one by one from the rollup."""
    due, done = Counter(), Counter()
    for version, epoch in wanted:
        clock = readers[version].clock
        if not committees[version][epoch].members:
            continue
        for slot in range(epoch * clock.epoch_slots, (epoch + 1) * clock.epoch_slots):
            if clock.slot_start_at(slot + 1) > readers[version]._block.timestamp:
                continue
            proposer = rollups[version].getProposerAt(clock.slot_start_at(slot)).call()
            due[version, proposer] += 1
            done[version, proposer] += proposed.count((version, slot))
    return due, done


def test_performance__whole_season__as_counted_slot_by_slot(net, readers, committees, rollups, proposed):
    for version, reader in readers.items():
        last = reader.clock.epoch_at(net.block.timestamp)
        frame = net.performance(0, last, rollup_version=version)
        wanted = [(version, epoch) for epoch in range(last + 1)]
        due, done = counted(committees, readers, proposed, rollups, wanted)
        told = {(version, row.attester): row for row in frame.itertuples()}
        assert {key: row.proposer_slots for key, row in told.items() if row.proposer_slots} == due
        assert {key: row.proposed_slots for key, row in told.items()} == {key: done[key] for key in told}
        assert frame.proven_slots.sum() == sum(1 for each in proposed if each[0] == version) > 0
        assert (frame.missed_slots == frame.proposer_slots - frame.proposed_slots).all()


def test_performance__window_across_the_change_of_the_rollup__each_epoch_of_the_canonical_one(
    net, readers, committees, rollups, proposed, played, w3
):
    registry = played.contract("registry")
    contract = w3.eth.contract(address=registry.address, abi=registry.compiled.abi)
    since = {
        log["args"]["version"]: w3.eth.get_block(log["blockNumber"])["timestamp"]
        for log in contract.events.CanonicalRollupUpdated.get_logs(from_block=0)
    }
    (old, began_old), (new, began_new) = sorted(since.items(), key=lambda item: item[1])
    wanted = []
    for version, begins, ends in ((old, began_old, began_new), (new, began_new, net.block.timestamp + 1)):
        clock = readers[version].clock
        wanted += [
            (version, epoch)
            for epoch in range(clock.epoch_at(ends - 1) + 1)
            if begins <= clock.epoch_start_at(epoch) < ends
        ]
    due, done = counted(committees, readers, proposed, rollups, wanted)
    frame = net.performance(window="30d")
    assert set(frame.rollup_version) == {old, new}
    told = {(row.rollup_version, row.attester): row for row in frame.itertuples()}
    assert {key: row.proposer_slots for key, row in told.items() if row.proposer_slots} == due
    assert {key: row.proposed_slots for key, row in told.items() if row.proposed_slots} == +done
    by_provider = net.performance(window="30d", by="provider")
    assert by_provider.proposer_slots.sum() == due.total()
    assert by_provider.attesters.sum() == len(frame)


class Node:
    """An Aztec node that has watched somebody."""

    def __init__(self, version, stats):
        self.get_rollup_version = lambda: version
        self.get_validators_stats = lambda: stats


def test_performance__node_of_another_rollup_or_without_a_sentinel__tells_nothing(net):
    duties = net.duty_records()
    spans = duties.spans(None, None, window_seconds=None, rollup_version=None)
    rollup = spans[0].rollup
    attester = duties.performance(spans, None)[0].attester
    slot = spans[0].last_epoch * rollup.epoch_slots - 1
    nothing = MissedDuties(streak=0, count=0, total=0)
    stats = ValidatorsStats(
        validators=(
            ValidatorStats(
                attester=attester,
                total_slots=1,
                missed_proposals=nothing,
                missed_attestations=nothing,
                last_proposal=None,
                last_attestation=None,
                history=(SlotStatus(slot=slot, status="attestation-missed"),),
            ),
        ),
        first_slot=0,
        last_slot=slot,
        slot_window=100,
    )

    def told(node):
        return {row.attester: row.watched_missed_attestations for row in duties.performance(spans, node)}

    seen = told(Node(rollup.version, stats))
    assert seen[attester] == 1
    assert set(seen.values()) == {1, None}
    assert set(told(Node(rollup.version + 1, stats)).values()) == {None}
    blind = attrs.evolve(stats, validators=(), slot_window=0)
    assert set(told(Node(rollup.version, blind)).values()) == {None}


@pytest.mark.parametrize(
    ("question", "told"),
    [
        ({"first_epoch": 5, "last_epoch": 4}, "begins before it ends"),
        ({"first_epoch": -1}, "counted from 0"),
        ({"last_epoch": 10_000}, "not begun"),
        ({"first_epoch": 10_000}, "not begun"),
        ({"window": "7d", "first_epoch": 1}, "either a window or epochs"),
        ({"by": "rollup"}, "by attester or by provider"),
        ({"first_epoch": "3"}, "whole number"),
        ({"last_epoch": 2.5}, "whole number"),
        ({"window": 0}, "one or more whole seconds"),
        ({"window": -86_400}, "one or more whole seconds"),
        ({"window": 3.5}, "length of time"),
    ],
)
def test_performance__question_that_makes_no_sense__is_refused(net, question, told):
    with pytest.raises(InputError, match=told):
        net.performance(**question)


def test_performance__which_epochs_were_counted__stands_beside_the_table(net, readers):
    frame = net.performance(2, 5, rollup_version=min(readers))
    assert frame.attrs["epochs"] == ((min(readers), 2, 5),)
    across = net.performance(window="30d", by="provider").attrs["epochs"]
    assert [version for version, *_ in across] == sorted(readers)
    nothing = net.performance(window=1)
    assert len(nothing) == 0
    assert nothing.attrs["epochs"] == ()


@pytest.mark.parametrize(
    ("words", "columns"),
    [
        (["performance", "--window", "30d", "--by", "provider"], {"rollup_version", "provider_id"}),
        (["performance", "--window", "30d"], {"rollup_version", "attester", "missed_slots"}),
        (["exit-calendar"], {"withdrawable_at", "attester", "amount_aztec", "state"}),
        (["committee-odds"], {"entity", "attesters", "third_chance", "quorum_chance"}),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_commands__narrow_terminal__keep_what_tells_rows_apart_and_answers(
    played, capsys, monkeypatch, words, columns
):
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    monkeypatch.setenv("COLUMNS", "80")
    addresses = played.addresses
    options = ["--network", "devnet", "--l1", played.url, "--registry", addresses["registry"]]
    assert main([*words, *options, "--staking-registry", addresses["staking_registry"]]) == 0
    shown = capsys.readouterr().out.splitlines()
    assert max(map(len, shown)) <= 80
    assert columns <= set(shown[0].split())


def test_performance_command__no_epoch_began__says_so(played, capsys):
    addresses = played.addresses
    options = ["--network", "devnet", "--l1", played.url, "--registry", addresses["registry"]]
    options += ["--staking-registry", addresses["staking_registry"]]
    assert main(["performance", "--window", "1s", *options]) == 0
    assert "no epoch began in this window" in capsys.readouterr().err


def test_duty_forecast__attester_that_nobody_knows__is_no_attester_without_duties(net):
    known = net.duty_forecast().attester[0]
    assert set(net.duty_forecast(known.lower()).attester) == {known}
    with pytest.raises(NotFoundError, match="do not know this attester"):
        net.duty_forecast([known, "0x" + "00" * 19 + "aa"])


def test_performance__one_window__in_every_way_to_write_it(net):
    ways = ("2h", 7_200, timedelta(hours=2))
    one, *others = (net.performance(window=way) for way in ways)
    assert one.attrs["epochs"]
    for other in others:
        assert other.attrs["epochs"] == one.attrs["epochs"]
        assert other.equals(one)


def test_committees__epochs_of_a_table__are_whole_numbers_too(net):
    epoch = net.committees().epoch.to_numpy(dtype="int64")[0]
    assert net.committees(epoch).equals(net.committees(int(epoch)))
    with pytest.raises(InputError, match="whole number"):
        net.proposers("3")


def test_committees_and_proposers__frames__agree_with_each_other(net, readers):
    seats, slots = net.committees(), net.proposers()
    assert set(slots.proposer) <= set(seats.attester)
    assert seats.attrs["empty_epochs"] == ()
    epochs = sorted(set(seats.epoch))
    reader = max(readers.items())[1]
    assert epochs == [reader.last_epoch() - 1, reader.last_epoch()]
    none = net.committees(0, 1)
    assert len(none) == 0
    assert none.attrs["empty_epochs"] == (0, 1)
    assert net.proposers(0, 0).proposer.isna().all()
