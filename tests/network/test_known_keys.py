"""The duplicate check on a whole season: every place is looked at, and a node that fails lets nothing through."""

from __future__ import annotations

import time
from functools import partial

import attrs
import fault_proxy as faults
import pytest

from aztec_butler import InputError, NodeRefused, SettingsError, connect
from aztec_butler.clients.known_keys import fetch_known_keys
from aztec_butler.clients.multicall import Multicall
from aztec_butler.clients.rpc import Rpc
from aztec_butler.core.bls import AttesterRegistration
from aztec_butler.core.calls import Call
from aztec_butler.core.errors import ButlerError
from aztec_butler.core.known_keys import as_candidates
from aztec_butler.devnet.season_keys import attester_keys
from aztec_butler.devnet.season_stage import Story

pytestmark = [pytest.mark.devnet, pytest.mark.xdist_group("history")]

FRESH, SPARE = 5000, 5001
NOBODY = "0x" + "0" * 40
PLACES = {
    Story.LISTED: ("provider-queue", "queue of provider"),
    Story.QUEUED: ("entry-queue", "entry queue of rollup"),
    Story.QUEUED_BEHIND: ("entry-queue", "entry queue of rollup"),
    Story.STAYED: ("gse", "in the set of rollup"),
    Story.ZOMBIE: ("rollup", "zombie"),
    Story.ZOMBIE_NAMED: ("rollup", "exiting"),
    Story.LEAVING: ("rollup", "exiting"),
    Story.WITHDRAWABLE: ("rollup", "exiting"),
    Story.SLASHED_TO_NOTHING: ("past", "was in the set once"),
    Story.PAID: ("past", "was in the set once"),
}
"""Where an example of each story is known."""


@pytest.fixture(scope="module")
def devnet(played_season):
    return played_season[0]


@pytest.fixture(scope="module")
def season(played_season):
    return played_season[1]


@pytest.fixture(scope="module")
def keys_of():
    """The registered BLS key of every attester of the season; small numbers are looked through once."""
    return {keys.address: keys.registration for keys in map(attester_keys, range(120))}


@pytest.fixture(scope="module")
def net(devnet):
    with connect("devnet", l1=devnet.url, progress=False) as connected:
        yield connected.at("latest")


def fresh(number: int = FRESH, *, attester=None, made=None) -> AttesterRegistration:
    keys = attester_keys(number)
    return AttesterRegistration(attester=attester or keys.address, registration=made or keys.registration)


def refused(make) -> InputError:
    with pytest.raises(InputError) as caught:
        make()
    return caught.value


@pytest.mark.parametrize(("story", "expected"), PLACES.items(), ids=[story.name for story in PLACES])
def test_add_keys__attester_in_a_place__is_refused_with_it(net, season, story, expected):
    place, words = expected
    attester = season.stories[story][0]
    known = net.known_keys([fresh(), fresh(SPARE, attester=attester)])
    assert set(known.place) == {place}
    assert set(known.position) == {1}
    error = refused(
        lambda: net.calldata.add_keys(2, [fresh(), fresh(SPARE, attester=attester)], verify=False)
    )
    assert words in error.facts[attester]
    assert attester_keys(FRESH).address not in error.facts


def test_add_keys__attester_that_moves_with_the_latest_rollup__is_refused(net, season, plain_gse):
    gse, bonus = plain_gse
    movers = [
        each
        for each, of in season.attesters.items()
        if of.moves and gse.functions.isRegistered(bonus, each).call()
    ]
    assert movers
    for attester in movers[:3]:
        assert (
            "move with the latest rollup"
            in refused(
                lambda attester=attester: net.calldata.add_keys(2, [fresh(attester=attester)], verify=False)
            ).facts[attester]
        )


@pytest.fixture
def plain_gse(devnet):
    import requests
    from web3 import HTTPProvider, Web3

    with requests.Session() as session:
        w3 = Web3(HTTPProvider(devnet.url, session=session))
        contract = devnet.contract("gse")
        gse = w3.eth.contract(address=contract.address, abi=contract.compiled.abi)
        yield gse, gse.functions.BONUS_INSTANCE_ADDRESS().call()


@pytest.mark.parametrize("story", [Story.LISTED, Story.QUEUED, Story.QUEUED_BEHIND, Story.STAYED, Story.PAID])
def test_add_keys__bls_key_of_another_attester__is_refused(net, season, keys_of, story):
    # Of a story whose deposit was made with the attester's own key.
    failing = season.stories[Story.WILL_FAIL]
    other = next(each for each in season.stories[story] if each in keys_of and each not in failing)
    twin = fresh(made=keys_of[other])
    known = net.known_keys([twin])
    assert set(known.known_by) == {"bls-key"}
    told = {Story.LISTED: "provider-queue", Story.QUEUED: "entry-queue", Story.QUEUED_BEHIND: "entry-queue"}
    assert told.get(story, "past") in set(known.place)
    if story in told:
        assert other in set(known.other_attester)
    error = refused(lambda: net.calldata.add_keys(2, [twin]))
    assert "its BLS key" in error.facts[twin.attester]


@pytest.mark.parametrize("story", [Story.DRIPPED, Story.REFUNDED])
def test_add_keys__attester_that_nobody_holds_any_more__is_free_again(net, season, story):
    attester = season.stories[story][0]
    assert net.known_keys([attester]).empty
    (call,) = net.calldata.add_keys(2, [fresh(attester=attester)], verify=False)
    assert isinstance(call, Call)


def test_add_keys__twice_in_the_list__is_refused_with_both_places(net):
    error = refused(lambda: net.calldata.add_keys(2, [fresh(), fresh(SPARE), fresh()]))
    assert error.facts["positions"] == "0, 2"
    assert net.known_keys([fresh(), fresh(SPARE), fresh()]).place.tolist() == ["list"]


def test_add_keys__new_ones__are_built_and_known_can_be_left_out(net, season):
    keys = iter([fresh(), fresh(SPARE)])  # an iterator is read once
    (call,) = net.calldata.add_keys(2, keys)
    assert "Add 2 keys" in call.summary
    taken = fresh(attester=season.stories[Story.PAID][0])
    assert net.calldata.add_keys(2, [taken], verify=False, known={})


def test_deposit__of_a_known_key__is_refused(net, season, keys_of):
    options = {"withdrawer": attester_keys(1).address, "moves_with_latest_rollup": True}
    listed = season.stories[Story.LISTED][0]
    for taken in (fresh(attester=listed), fresh(made=keys_of[listed])):
        assert (
            "provider"
            in refused(lambda taken=taken: net.calldata.deposit(taken, verify=False, **options)).facts[
                taken.attester
            ]
        )
    assert net.calldata.deposit(fresh(), **options).summary
    assert net.calldata.deposit(fresh(attester=listed), verify=False, known={}, **options)


def test_known_keys__everybody_of_the_season__as_their_lives_tell(net, season):
    everybody = list(season.attesters)
    lives = net.lifecycle(everybody).set_index("attester").lifecycle
    known = net.known_keys(everybody)
    assert set(known.attester) == set(lives.index[lives != "never-registered"])
    places = known.groupby("attester").place.agg(set)
    told = {
        "provider-queued": {"provider-queue"},
        "entry-queued": {"entry-queue"},
        "validating": {"gse"},
        "zombie": {"rollup"},
        "exiting": {"rollup"},
        "exited": {"past"},
    }
    for attester, found in places.items():
        assert told[lives[attester]] <= found


def test_known_keys__of_what_is_no_key__asks_nobody(net):
    for wrong in ([], ["0x12"], [7]):
        with pytest.raises(InputError):
            net.known_keys(wrong)


def test_known_keys__without_a_staking_registry__is_refused(net):
    bare = attrs.evolve(net.deployment, staking_registry=None)
    with pytest.raises(SettingsError, match="StakingRegistry"):
        fetch_known_keys(net.multicall, bare, net.block, as_candidates([fresh()]))
    # One that is given with the call is looked at.
    listed = net.snapshot().state.provider_queue(1)[:1]
    (known,) = fetch_known_keys(
        net.multicall,
        bare,
        net.block,
        as_candidates(listed),
        staking_registry=net.deployment.staking_registry,
    )
    assert known.place == "provider-queue"


def test_known_keys__of_a_deployment_that_has_grown__is_refused(net):
    short = attrs.evolve(net.deployment, rollups=net.deployment.rollups[:1])
    with pytest.raises(NodeRefused, match="nobody has looked at"):
        fetch_known_keys(net.multicall, short, net.block, as_candidates([fresh()]))


def test_check__at_a_pinned_block__knows_what_was_known_then(net, devnet, season):
    attester = season.stories[Story.LISTED][0]
    before = net.at(int(net.providers().registered_block.max()))
    assert before.known_keys([attester]).empty
    assert not net.known_keys([attester]).empty


# --------------------------------------------------------------------------- a node that fails


@pytest.fixture
def through(devnet, monkeypatch):
    """A function that connects through a faulty node, without waiting between attempts."""
    slept: list[float] = [0.0]

    def sleep(seconds):
        slept[0] += seconds

    monkeypatch.setattr(
        "aztec_butler.network.connecting.Rpc",
        partial(Rpc, sleep=sleep, clock=lambda: time.monotonic() + slept[0]),
    )
    monkeypatch.setattr("aztec_butler.network.connection.Multicall", partial(Multicall, chunk_reads=15))

    def connected(node):
        return connect(
            "devnet",
            l1=node.url,
            registry=devnet.addresses["registry"],
            staking_registry=devnet.addresses["staking_registry"],
            progress=False,
        )

    return connected


LASTING = {
    "refused": faults.rpc_error(-32000, "something went wrong"),
    "gone": faults.http_status(403),
    "null": faults.null_result(),
    "empty": faults.altered(lambda reply, _: reply | {"result": "0x"}),
    "reset": faults.reset(),
}


@pytest.mark.parametrize(
    ("name", "is_known"), [*((name, False) for name in LASTING), ("refused", True), ("empty", True)]
)
def test_add_keys__node_fails_from_some_request_on__is_refused_every_time(
    devnet, season, through, name, is_known
):
    attester = season.stories[Story.QUEUED][0] if is_known else None
    keys = [fresh(), fresh(SPARE, attester=attester)]
    with faults.FaultyNode(upstream=devnet.url) as node:
        refused_after = 0
        for healthy in range(100):
            failed: list[int] = []
            answered = iter(range(10**6))

            def fails(_, healthy=healthy, failed=failed, answered=answered):
                if next(answered) < healthy:
                    return None
                failed.append(healthy)
                return LASTING[name]

            node.decide(None)
            with through(node) as net:
                builders = net.at("latest").calldata
                node.decide(fails)
                try:
                    builders.add_keys(2, keys, verify=False)
                    verdict = "built"
                except InputError:
                    verdict = "known"
                except ButlerError:
                    verdict = "failed"
            if not failed:
                break  # it was not asked so often
            assert verdict == "failed", "an answer was made of half of the reads"
            refused_after += 1
        assert verdict == ("known" if is_known else "built")
        assert refused_after >= 6, "the check is made of several requests, so that it can fail in the middle"


def test_add_keys__one_request_fails__the_answer_is_the_same(devnet, season, through):
    listed = season.stories[Story.LISTED][0]
    with faults.FaultyNode(upstream=devnet.url) as node, through(node) as net:
        builders = net.at("latest").calldata
        whole = builders.known_keys([listed, attester_keys(FRESH).address])
        for turn in range(6):
            turns = iter(range(10**6))
            node.decide(
                lambda _, turns=turns, turn=turn: faults.http_status(503) if next(turns) == turn else None
            )
            assert builders.known_keys([listed, attester_keys(FRESH).address]) == whole


def test_known_keys__entry_queue_of_nobodies__is_not_believed(net):
    """Zeros are what a node answers that has lost its state; the rollup takes no deposit for the zero address."""

    class Forgetful:
        def read(self, reads, block, *, progress=None):
            values = net.multicall.read(reads, block)
            return [
                (NOBODY, NOBODY, *value[2:]) if read.function.name == "getEntryQueueAt" else value
                for read, value in zip(reads, values, strict=True)
            ]

    with pytest.raises(NodeRefused, match="holds nobody"):
        fetch_known_keys(Forgetful(), net.deployment, net.block, as_candidates([fresh()]))
