"""Reorganisations of a real node's chain, of any depth, while it is followed and while nobody looks."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from emitting_node import EMITTER, EmittingNode
from event_logs import TIME
from forking_chain import Reader

from aztec_butler.clients.policy import RetryPolicy
from aztec_butler.clients.rpc import Rpc
from aztec_butler.core.errors import ReorgTooDeep
from aztec_butler.devnet.anvil import Anvil, AnvilOptions
from aztec_butler.devnet.packages import install_packages
from aztec_butler.watcher.steps import WatchedContract, watched_logs

pytestmark = pytest.mark.devnet

WATCHED = watched_logs([WatchedContract(address=EMITTER, role="rollup")], ["RollupSlashed"])
FINALITY = 300
DEPTHS = [1, 2, 5, 12, 32, 64, 256]


@pytest.fixture(scope="module")
def node(cache_folder: Path | None) -> Iterator[EmittingNode]:
    options = AnvilOptions(finality_epoch_slots=FINALITY // 2, genesis_at=TIME)
    with Anvil(install_packages(cache_folder).anvil, options) as anvil:
        node = EmittingNode(anvil)
        node.mine(500)
        yield node
        node.rpc.close()


@pytest.fixture
def reader(node: EmittingNode) -> Iterator[Reader]:
    node.mine(320)  # whatever another test did is final
    policy = RetryPolicy(rounds=2, first_wait_seconds=0.01)
    with Rpc(node.url, policy=policy) as rpc:
        yield Reader(rpc, watched=WATCHED, time_of=node.time_of, start_block=node.head - 318)


def assert_settled(node: EmittingNode, reader: Reader) -> None:
    checkpoint, start = reader.checkpoint, reader.options["start_block"]
    assert reader.known() == node.events(start)
    assert reader.known()
    assert checkpoint.noticed.hash == node.header("latest")["hash"]
    assert checkpoint.final.number >= int(node.header("finalized")["number"], 16)  # this one's goes back
    assert checkpoint.final.hash == node.header(checkpoint.final.number)["hash"]
    assert set(reader.final) == (
        node.events(start, checkpoint.final.number) if checkpoint.final.number >= start else set()
    )


@pytest.mark.parametrize("stopped", [False, True], ids=["running", "stopped"])
def test_reorgs__of_all_depths__end_at_the_new_chain(
    node: EmittingNode, reader: Reader, stopped: bool
) -> None:
    reader.read()
    assert_settled(node, reader)
    for depth in DEPTHS:
        node.mine(4)
        reader.read()
        before = reader.known()
        node.reorg(depth)
        if stopped:
            reader.restart()
            node.mine(2)
        reader.read()
        assert reader.depths[-1] == depth
        assert reader.known() != before
        assert_settled(node, reader)
    assert reader.depths == DEPTHS
    node.mine(FINALITY + 10)
    reader.read()
    assert_settled(node, reader)


@pytest.mark.parametrize(("depth", "stopped"), [(257, False), (257, True), (310, True)])
def test_reorg__too_deep__stops_with_a_name_and_no_step(
    node: EmittingNode, reader: Reader, depth: int, stopped: bool
) -> None:
    reader.read()
    held = reader.checkpoint, dict(reader.noticed), len(reader.steps)
    node.reorg(depth)
    if stopped:
        reader.restart()
        node.mine(20)
    with pytest.raises(ReorgTooDeep):
        reader.read()
    assert (reader.checkpoint, reader.noticed, len(reader.steps)) == held


def test_reorgs__one_after_the_other_to_chains_of_one_beginning__end_at_the_last(
    node: EmittingNode, reader: Reader
) -> None:
    node.mine(10)
    reader.read()
    for _ in range(3):
        node.reorg(6)
        reader.read()
        assert_settled(node, reader)
    assert reader.depths == [6, 6, 6]


def test_transaction__mined_again_in_another_block__is_told_there(node: EmittingNode, reader: Reader) -> None:
    node.mine(3)
    moved = node.emit(7)
    node.mine(5, events=1)
    reader.read()
    places = [key for key in reader.known() if key[2] == moved]
    raw = node.rpc.call("eth_getRawTransactionByHash", moved)
    node.rpc.call("anvil_reorg", 5, [[raw, 3]])
    reader.read()
    assert_settled(node, reader)
    assert [key[0] for key in reader.known() if key[2] == moved] == [places[0][0] + 3]
    assert set(places) <= set(reader.retracted)


def test_event__that_vanishes_for_good__is_taken_back(node: EmittingNode, reader: Reader) -> None:
    node.mine(8)
    reader.read()
    gone = {key for key in reader.known() if key[0] > node.head - 8}
    assert gone
    node.rpc.call("anvil_reorg", 8, [])
    node.repair()
    node.mine(2, events=1)
    reader.read()
    assert set(reader.retracted) == gone
    node.mine(FINALITY + 10)
    reader.read()
    assert not gone & reader.known()
    assert_settled(node, reader)


@pytest.mark.parametrize("grows", [0, 2])
def test_chain__that_shrinks__ends_at_what_is_left(node: EmittingNode, reader: Reader, grows: int) -> None:
    node.mine(9)
    reader.read()
    node.rpc.call("anvil_rollback", 6)
    node.repair()
    if grows:
        node.mine(grows, events=1)
    for _ in range(reader.options["patience"]):
        reader.read()
    assert reader.depths == [6]
    assert_settled(node, reader)


def test_poll__when_nothing_happened__is_one_request(node: EmittingNode, reader: Reader) -> None:
    reader.read()
    before = reader.rpc.request_count
    assert [reader.read() for _ in range(3)] == [0, 0, 0]
    assert reader.rpc.request_count == before + 3
