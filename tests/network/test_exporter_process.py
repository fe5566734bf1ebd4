"""The exporter as a process in front of a season, while the chain under it is killed and comes back."""

from __future__ import annotations

import json
import os
import signal

import pytest
from exporter_process import ExporterProcess

from aztec_butler import connect
from aztec_butler.core.lifecycle import Lifecycle
from aztec_butler.devnet.anvil import Anvil, AnvilOptions
from aztec_butler.devnet.chain import Chain
from aztec_butler.devnet.packages import install_packages

pytestmark = [pytest.mark.devnet, pytest.mark.xdist_group("history")]

BLOCK = 'aztec_butler_l1_block{network="devnet"}'
STAKE = 'aztec_butler_stake_aztec{network="devnet"}'
SUCCESS = 'aztec_butler_scrape_success{network="devnet",collector="rollup"}'
LAST_SUCCESS = 'aztec_butler_last_success_timestamp_seconds{network="devnet",collector="rollup"}'


@pytest.fixture(scope="module")
def saved_season(played_season, tmp_path_factory):
    """The end of a season in a file, and the addresses of its contracts."""
    devnet = played_season[0]
    path = tmp_path_factory.mktemp("season") / "state.json"
    devnet.chain.dump_state(path)
    return path, devnet.addresses


@pytest.fixture
def start_chain(saved_season, cache_folder):
    """Starts the saved chain: ``start_chain(port)``; all that were started are ended."""
    started = []

    def start(port=0, **options):
        executable = install_packages(cache_folder).anvil
        chain = Anvil(executable, AnvilOptions(port=port, state_file=saved_season[0], **options))
        started.append(chain)
        return chain

    yield start
    for chain in started:
        chain.stop()


def settings_for(chain, addresses):
    return f"""
        network = "devnet"
        l1 = "{chain.url}"
        registry = "{addresses["registry"]}"
        staking_registry = "{addresses["staking_registry"]}"
        first_block = 0
        event_store = "none"
        [exporter]
        listen = "127.0.0.1:0"
        provider_ids = [1]
        collectors = ["rollup", "entry_queue", "provider", "coinbases", "slashing", "rewards", "network"]
        intervals = {{ rollup = 0.2, entry_queue = 0.2 }}
    """


def test_chain_killed_and_restarted__never_exits_nor_shows_what_is_old(saved_season, start_chain, tmp_path):
    addresses = saved_season[1]
    chain = start_chain()
    port = int(chain.url.rpartition(":")[2])
    with ExporterProcess(tmp_path, settings_for(chain, addresses)) as exporter:
        exporter.wait_for("readiness", lambda: exporter.get("/readyz")[0] == 200)
        found = exporter.metrics()
        with connect(
            "devnet",
            l1=chain.url,
            registry=addresses["registry"],
            staking_registry=addresses["staking_registry"],
            event_store=False,
            progress=False,
        ) as net:
            snapshot = net.snapshot()
            attesters = snapshot.attesters()
        assert found[BLOCK] == snapshot.block.number
        assert found[SUCCESS] == 1
        for state in Lifecycle:
            name = f'aztec_butler_attesters{{network="devnet",state="{state.value}"}}'
            assert found[name] == sum(each.lifecycle is state for each in attesters)
        last, found_block = found[LAST_SUCCESS], found[BLOCK]

        os.kill(chain.process_id, signal.SIGKILL)
        exporter.wait_for("failure", lambda: exporter.metrics()[SUCCESS] == 0)
        found = exporter.metrics()
        assert BLOCK not in found
        assert STAKE not in found
        assert found[LAST_SUCCESS] >= last
        status, body = exporter.get("/readyz")
        failing = {each["collector"]: each["reason"] for each in json.loads(body)["failing"]}
        assert status == 503
        assert failing["rollup"].startswith("its last collection failed: ")
        assert exporter.get("/healthz")[0] == 200

        chain.stop()
        again = start_chain(port)
        assert again.url == chain.url
        with again.open_rpc() as rpc:
            mined = Chain(rpc, block_seconds=12)
            mined.mine()
            head = mined.block_number()
        exporter.wait_for("recovery", lambda: exporter.metrics().get(BLOCK) == head)
        assert exporter.metrics()[LAST_SUCCESS] > last
        assert head > found_block
        assert exporter.wait_for_event("a collector succeeds again")["failed_for_seconds"] >= 0
        code, seconds = exporter.end()
    assert (code, seconds < 5) == (0, True)
    assert "Traceback" not in exporter.log


def test_chain_that_is_another__is_told_and_forgiven(saved_season, start_chain, tmp_path):
    chain = start_chain(chain_id=31_338)
    port = int(chain.url.rpartition(":")[2])
    with ExporterProcess(tmp_path, settings_for(chain, saved_season[1])) as exporter:

        def reason():
            failing = json.loads(exporter.get("/readyz")[1]).get("failing", [])
            return next((each["reason"] for each in failing if each["collector"] == "rollup"), "")

        exporter.wait_for("the wrong chain", lambda: "no endpoint is on the expected chain" in reason())
        assert BLOCK not in exporter.metrics()
        chain.stop()
        start_chain(port)
        exporter.wait_for("the right chain", lambda: BLOCK in exporter.metrics())
