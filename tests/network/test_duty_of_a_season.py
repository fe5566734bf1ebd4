"""Committees, proposers and performance of a whole season, against plain web3's reads of the same chain."""

from __future__ import annotations

import pytest
import requests
from web3 import HTTPProvider, Web3

from aztec_butler import InputError, connect
from aztec_butler.clients.committees import CommitteeReader
from aztec_butler.core.committees import committee_proposers, draw_indices, sample_seed

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
