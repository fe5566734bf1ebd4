"""The same extraction on a Dask cluster of two processes, one of which is killed in the middle."""

from __future__ import annotations

import logging
import os
import signal
import threading
import time

import attrs
import pytest
from event_logs import block_hash
from fault_proxy import delay, healthy
from served_chain import CANARY, CHAIN_ID, CONTRACTS, EVENTS, LAST, ROWS, WHOLE, ServedChain

from aztec_butler.archive.cluster import Cluster, check_client, open_client, threads_of
from aztec_butler.archive.coverage import gaps
from aztec_butler.archive.extraction import OwnHands, Source, Tally, close_gaps, read_stretch
from aztec_butler.clients.policy import NO_RETRIES
from aztec_butler.clients.rpc import Rpc
from aztec_butler.core.errors import InputError, NodeRefused, NodeUnreachable, SettingsError
from aztec_butler.store.events import EventStore

pytestmark = [pytest.mark.loopback, pytest.mark.xdist_group("cluster")]

SECRET = "0123456789abcdef"


@pytest.fixture(scope="module")
def cluster():
    from distributed import LocalCluster

    with LocalCluster(
        n_workers=2,
        threads_per_worker=1,
        processes=True,
        host="127.0.0.1",
        dashboard_address="127.0.0.1:0",
        worker_dashboard_address=None,
        silence_logs=logging.WARNING,
    ) as cluster:
        yield cluster


@pytest.fixture
def client(cluster):
    client = open_client(cluster.scheduler_address)
    with client:
        client.wait_for_workers(2)
        yield client


@pytest.fixture(scope="module")
def served():
    chain = ServedChain()
    with chain.node() as node:
        yield chain, node


@pytest.fixture
def source(served, tmp_path):
    chain, node = served
    chain.asked.clear()
    chain.broken_from = None
    node.always(healthy())
    return source_at(node, tmp_path / "shared")


def source_at(node, place):
    rpc = Rpc(f"{node.url}/v3/{SECRET}", chain_id=CHAIN_ID, policy=NO_RETRIES)
    return Source(
        rpc=rpc.settings,
        store=EventStore(place, chain_id=CHAIN_ID, genesis_hash=block_hash(0)),
        canary=CANARY,
        anchor=(LAST, block_hash(LAST)),
    )


def extract(client, source, **options):
    tally = Tally(source.store)
    hands = Cluster(client, source, at_once=2, told=lambda _: None, **options)
    close_gaps(gaps(WHOLE, source.store.coverage()), hands, tally)
    return tally


def content(store):
    """All rows, and what the manifest says about them when everything is tidied up."""
    store.compact()
    tables = [
        store.read(event, addresses=[address], first_block=0, last_block=LAST).to_pylist()
        for event, address in zip(EVENTS, CONTRACTS, strict=True)
    ]
    snapshot = store._dataset.commits.load()
    files = {
        attrs.evolve(file, path=file.event)
        for commit in snapshot.commits.values()
        for file in files_of(commit)
    }
    return tables, store.coverage(), sorted(files, key=lambda file: file.event)


def files_of(commit):
    return [attrs.evolve(file, wide=tuple(file.wide.items())) for file in commit.content.files]


def alone(source, tmp_path):
    """The same range, read by this process."""
    mine = attrs.evolve(
        source, store=EventStore(tmp_path / "alone", chain_id=CHAIN_ID, genesis_hash=block_hash(0))
    )
    close_gaps([WHOLE], OwnHands(mine, lambda _: None), Tally(mine.store))
    return content(mine.store)


def test_cluster__a_worker_is_killed_in_the_middle__same_rows_and_manifest_and_none_twice(
    client, served, source, tmp_path
):
    chain, node = served
    node.always(delay(0.02))
    before = client.run(os.getpid)
    killed, finished = [], threading.Event()

    def kill():
        while len(chain.asked) < 12:
            time.sleep(0.005)
        os.kill(next(iter(before.values())), signal.SIGKILL)
        if not finished.is_set():
            killed.append(next(iter(before.values())))

    killer = threading.Thread(target=kill)
    killer.start()
    tally = extract(client, source)
    finished.set()
    killer.join()
    assert killed
    assert killed[0] not in client.run(os.getpid).values()
    assert dict(tally.rows) == ROWS
    assert tally.ranges == [(0, LAST)]
    node.always(healthy())
    chain.asked.clear()
    assert dict(extract(client, source).rows) == {}  # nothing is missing
    assert chain.asked == []
    assert {problem.kind for problem in source.store.verify(leftover_after_seconds=0)} <= {"leftover"}
    tables, coverage, files = content(source.store)
    assert [len(table) for table in tables] == list(ROWS.values())
    assert (tables, coverage, files) == alone(source, tmp_path)


def test_cluster__stopped_by_a_broken_node__same_error_as_here_and_the_rest_the_next_time(
    client, served, source, tmp_path
):
    chain, _ = served
    chain.broken_from = 1_200
    with pytest.raises(NodeRefused) as caught:
        extract(client, source)
    here = read_stretch(source, attrs.evolve(WHOLE, first_block=1_200)).error
    assert type(caught.value) is type(here)
    assert caught.value.sentence == here.sentence
    assert caught.value.code == here.code == -32000
    assert SECRET not in str(caught.value) + repr(caught.value.__dict__)
    kept = source.store.coverage()
    chain.broken_from = None
    chain.asked.clear()
    extract(client, source)
    held = {block for each in kept for block in range(each.first_block, each.last_block + 1)}
    assert held
    assert not any(held.issuperset(range(first, last + 1)) for first, last in chain.asked if last > 0)
    assert content(source.store) == alone(source, tmp_path)


def test_cluster__bug_in_a_worker__is_raised_and_what_dask_shows_of_it_holds_no_secret(client, source):
    broken = attrs.evolve(source, anchor="nonsense")
    with pytest.raises((TypeError, ValueError)):
        extract(client, broken)
    logs = repr(client.get_worker_logs()) + repr(client.get_scheduler_logs())
    assert "Compute Failed" in logs  # some versions of Dask show arguments as well
    assert "read_stretch" in logs
    shown = repr(client.run_on_scheduler(lambda dask_scheduler: repr(list(dask_scheduler.transition_log))))
    assert "aztec-events" in shown
    for text in (logs, shown):
        assert SECRET not in text
        assert "/v3/" not in text


def test_cluster__worker_without_the_package__says_what_to_install(client, source):
    from aztec_butler.archive import cluster

    future = client.submit(_lacking, pure=False)
    future.exception()
    with pytest.raises(SettingsError, match="lacks") as caught:
        cluster._result(future, WHOLE)
    assert "pip install" in caught.value.hint


def _lacking():
    raise ModuleNotFoundError("No module named 'aztec_butler'")


def test_threads_of__two_workers(client):
    assert threads_of(client) == 2


def test_check_client__no_client__is_an_input_error():
    with pytest.raises(InputError, match="client"):
        check_client("tcp://127.0.0.1:8786")


def test_open_client__nobody_answers__is_unreachable():
    import dask

    with dask.config.set({"distributed.comm.timeouts.connect": "0.2s"}), pytest.raises(NodeUnreachable):
        open_client("tcp://127.0.0.1:1")
