"""A season's events extracted into a place of its own, here and by workers."""

from __future__ import annotations

import pytest

import aztec_butler as ab
from aztec_butler import InputError, NotFoundError, connect
from aztec_butler.clients.blocks import fetch_block
from aztec_butler.core.event_kinds import select_events
from aztec_butler.store.events_datasets import stores

pytestmark = [pytest.mark.devnet, pytest.mark.xdist_group("history")]


@pytest.fixture
def net(played_season):
    devnet, _ = played_season
    with connect(
        "devnet",
        l1=devnet.url,
        registry=devnet.addresses["registry"],
        staking_registry=devnet.addresses["staking_registry"],
        event_store=False,
        progress=False,
    ) as network:
        yield network


@pytest.fixture
def finalized(net):
    return fetch_block(net.rpc, "latest")[1]


def truth(net, finalized, names="staking", first=None):
    """The same events, read without a store."""
    return net.events(names, first, finalized)


def same(network, place, expected, finalized, names="staking"):
    """What the store gives to another connection, which asks for no log."""
    with connect(
        "devnet",
        l1=network.rpc.settings.endpoints,
        registry=network.deployment.registry,
        staking_registry=network.deployment.staking_registry,
        event_store=place,
        progress=False,
    ) as other:
        assert other.events(names, None, finalized).equals(expected)


def test_extract__here__the_rows_of_net_events(net, finalized, tmp_path):
    expected = truth(net, finalized)
    done = ab.extract(net, "staking", None, None, tmp_path)
    assert (done.first_block, done.last_block) == (net.deployment.first_block, finalized)
    counts = expected.event.value_counts()
    assert {event: rows for event, rows in done.rows.items() if rows} == counts[counts > 0].to_dict()
    assert set(done.rows) <= {kind.record for kind in select_events("staking")}
    assert done.files > 0
    assert done.seconds > 0
    same(net, tmp_path, expected, finalized)
    frame = ab.dask_events(tmp_path, "staking").compute(scheduler="synchronous")
    staking = [name for name in expected.columns if name in frame.columns]
    assert len(staking) == len(frame.columns)
    assert frame.index.tolist() == expected.block_number.tolist()
    assert frame.event.astype(str).tolist() == expected.event.astype(str).tolist()
    again = ab.extract(net, "staking", None, None, tmp_path)
    assert (sum(again.rows.values()), again.files, again.ranges) == (0, 0, ())


def test_extract__on_a_cluster__the_same_store(net, finalized, tmp_path):
    from distributed import Client, LocalCluster

    with (
        LocalCluster(
            n_workers=1,
            threads_per_worker=2,
            processes=False,
            protocol="tcp",
            host="127.0.0.1",
            dashboard_address="127.0.0.1:0",
            worker_dashboard_address=None,
        ) as cluster,
        Client(cluster) as client,
    ):
        half = finalized // 2
        first = ab.extract(net, "staking", None, half, tmp_path / "shared", client=client)
        assert first.last_block == half
        rest = ab.extract(net, "staking", None, None, tmp_path / "shared", client=client, at_once=3)
        assert rest.ranges[0][0] == half + 1
    ab.extract(net, "staking", None, None, tmp_path / "alone")
    same(net, tmp_path / "shared", truth(net, finalized), finalized)
    (shared,), (alone,) = stores(tmp_path / "shared"), stores(tmp_path / "alone")
    assert shared.coverage() == alone.coverage()
    assert shared.verify() == []


def test_extract__grows_and_other_events__only_what_is_missing_is_asked_for(net, finalized, tmp_path):
    ab.extract(net, ["Slashed"], None, finalized // 2, tmp_path)
    more = ab.extract(net, ["Slashed", "GseDeposit"], None, None, tmp_path)
    expected = truth(net, finalized, ["Slashed", "GseDeposit"])
    assert more.rows["GseDeposit"] == (expected.event == "GseDeposit").sum()
    assert (
        more.rows["RollupSlashed"]
        == ((expected.event == "RollupSlashed") & (expected.block_number > finalized // 2)).sum()
    )
    same(net, tmp_path, expected, finalized, ["Slashed", "GseDeposit"])


def test_extract__pinned_network__nothing_behind_its_block(net, finalized, tmp_path):
    done = ab.extract(net.at(finalized - 5), "Slashed", None, None, tmp_path)
    assert done.last_block == finalized - 5


def test_extract__behind_the_last_final_block__is_an_error_that_names_it(net, finalized, tmp_path):
    with pytest.raises(NotFoundError) as caught:
        ab.extract(net, "Slashed", None, finalized + 1, tmp_path)
    assert str(finalized) in caught.value.hint
    assert list(tmp_path.rglob("*.parquet")) == []


@pytest.mark.parametrize(
    ("arguments", "options", "match"),
    [
        (("Slahsed", None, None), {}, "no such event"),
        (("Slashed", None, None), {"at_once": 0}, "at least one"),
        (("Slashed", None, None), {"client": "tcp://127.0.0.1:8786"}, "client"),
    ],
    ids=["event", "at-once", "client"],
)
def test_extract__bad_input__is_refused_before_anything_is_asked(net, tmp_path, arguments, options, match):
    asked = net.rpc.request_count
    with pytest.raises(InputError, match=match):
        ab.extract(net, *arguments, tmp_path, **options)
    assert net.rpc.request_count == asked


def test_extract__range_that_ends_before_it_begins__is_refused(net, tmp_path):
    with pytest.raises(InputError, match="ends before"):
        ab.extract(net, "Slashed", 9, 3, tmp_path)
    assert list(tmp_path.rglob("*")) == []


def test_extract__progress__is_told(net, played_season, tmp_path):
    devnet, _ = played_season
    told = []
    with (
        connect(
            "devnet",
            l1=devnet.url,
            registry=devnet.addresses["registry"],
            staking_registry=devnet.addresses["staking_registry"],
            event_store=False,
            progress=lambda *steps: told.append(steps),
        ) as network,
    ):
        done = ab.extract(network, "Slashed", None, None, tmp_path)
    blocks = done.last_block - done.first_block + 1
    assert told[-1] == (blocks, blocks, "blocks of events")
