"""The exporter as a process in front of a season, while the chain under it is killed and comes back."""

from __future__ import annotations

import json
import os
import signal
import threading
import time
from contextlib import ExitStack

import pytest
from exported_names import collectors_of
from exporter_process import ExporterProcess
from node_stand_in import stand_in_process

from aztec_butler import connect
from aztec_butler.core.lifecycle import Lifecycle
from aztec_butler.devnet.anvil import Anvil, AnvilOptions
from aztec_butler.devnet.chain import Chain
from aztec_butler.devnet.packages import install_packages
from aztec_butler.exporter.setting_values import COLLECTORS

pytestmark = [pytest.mark.devnet, pytest.mark.xdist_group("history")]

BLOCK = 'aztec_butler_l1_block{network="devnet"}'
STAKE = 'aztec_butler_stake_aztec{network="devnet"}'
SUCCESS = 'aztec_butler_scrape_success{network="devnet",collector="rollup"}'
TIP = 'aztec_butler_node_tip_block{network="devnet",tip="proposed"}'
HOSTS_UP = [
    f'aztec_butler_host_up{{network="devnet",host="one",check="{check}"}}' for check in ("aztec", "ethereum")
]
CHAIN_COLLECTORS = {
    *("rollup", "entry_queue", "provider", "coinbases", "rewards", "slashing", "governance", "network"),
    "committees",
}
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


USUAL = """
    provider_ids = [1]
    collectors = ["rollup", "entry_queue", "provider", "coinbases", "slashing", "rewards", "network"]
    intervals = { rollup = 0.2, entry_queue = 0.2 }
"""


def settings_for(chain, addresses, own=USUAL):
    return f"""
        network = "devnet"
        l1 = "{chain.url}"
        registry = "{addresses["registry"]}"
        staking_registry = "{addresses["staking_registry"]}"
        first_block = 0
        event_store = "none"
        [exporter]
        listen = "127.0.0.1:0"
        {own}
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


INTERVAL, TIMEOUT = 0.5, 4
MAX_AGE = 2 * INTERVAL + TIMEOUT + 2
"""As the README promises, and a turn of the loop more, which takes from the page what has become too old."""


def successes(shown):
    """Of every collector, whether it succeeded."""
    return {name.split('"')[3]: value for name, value in shown.items() if "scrape_success" in name}


def of_the_chain(shown):
    """What the contracts alone decide."""
    owners = collectors_of()
    return {
        name: value
        for name, value in shown.items()
        if owners.get(name.partition("{")[0], set()) & CHAIN_COLLECTORS
    }


class Watcher:
    """Scrapes without a pause, and looks on each page for what is old and shown as new; a context manager.

    Args:
        exporter: the process.
    """

    def __init__(self, exporter):
        self.exporter = exporter
        self.owners = collectors_of()
        self.scrapes, self.lies = 0, []
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._watch)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self.stop()

    def stop(self):
        self._done.set()
        self._thread.join()

    def _watch(self):
        while not self._done.wait(0.05):
            now, shown = time.time(), self.exporter.metrics()
            fresh = {name for name, value in successes(shown).items() if value}
            for name, value in shown.items():
                owners = self.owners.get(name.partition("{")[0])
                if owners is not None and not owners & fresh:
                    self.lies.append(f"{name} is there, and none of {owners} succeeded")
                if "last_success" in name and name.split('"')[3] in fresh and now - value > MAX_AGE:
                    self.lies.append(f"{name} is {now - value:.1f} seconds ago")
            self.scrapes += 1


def test_both_nodes_killed_then_hung__recovers_by_itself_and_never_lies(saved_season, start_chain, tmp_path):
    addresses = saved_season[1]
    chain = start_chain()
    with ExitStack() as stack:
        stand_in = stack.enter_context(stand_in_process(rollup=addresses["rollup"]))
        l1_port, l2_port = (int(url.rpartition(":")[2]) for url in (chain.url, stand_in.url))
        hosts = tmp_path / "hosts.toml"
        hosts.write_text(
            f'hosts = [{{ name = "one", aztec = "{stand_in.url}", ethereum = ["{chain.url}"] }}]'
        )
        own = f"""
            provider_ids = [1, 4]
            without = ["publishers"]  # there are none, so that it has nothing to ask
            check_hosts = "{hosts}"
            intervals = {{ {", ".join(f"{name} = {INTERVAL}" for name in COLLECTORS)} }}
            timeouts = {{ {", ".join(f"{name} = {TIMEOUT}" for name in COLLECTORS)} }}
        """
        nodes = f'l2 = "{stand_in.url}"\nl2_admin = "{stand_in.url}"\ntimeout_seconds = 3\n'
        exporter = stack.enter_context(ExporterProcess(tmp_path, nodes + settings_for(chain, addresses, own)))

        def wait_for_all(block, tip):
            def seen():
                shown = exporter.metrics()
                is_present = (shown.get(BLOCK), shown.get(TIP)) == (block, tip)
                return shown if is_present and all(successes(shown).values()) else None

            shown = exporter.wait_for(f"block {block}", seen)
            assert exporter.get("/readyz")[0] == 200
            return shown

        with chain.open_rpc() as rpc:
            mined = Chain(rpc, block_seconds=12)
            saved = mined.block_number()
            before = of_the_chain(wait_for_all(saved, 9))
            mined.mine_many(500)
        wait_for_all(saved + 500, 9)
        watcher = stack.enter_context(Watcher(exporter))

        os.kill(chain.process_id, signal.SIGKILL)
        stand_in.kill()
        exporter.wait_for(
            "failure",
            lambda: {name for name, value in successes(exporter.metrics()).items() if value} == {"hosts"},
        )
        exporter.wait_for("hosts", lambda: [exporter.metrics()[name] for name in HOSTS_UP] == [0, 0])
        assert not {BLOCK, STAKE, TIP} & exporter.metrics().keys()
        assert (exporter.get("/healthz")[0], exporter.get("/readyz")[0]) == (200, 503)

        # As a node that lost what it had not written: it comes back further back.
        chain.stop()
        chain = start_chain(l1_port)
        stand_in = stack.enter_context(stand_in_process(l2_port, rollup=addresses["rollup"], newest=12))
        assert of_the_chain(wait_for_all(saved, 12)) == before

        for process in (chain.process_id, stand_in.pid):
            os.kill(process, signal.SIGSTOP)
        exporter.wait_for("silence", lambda: not any(successes(exporter.metrics()).values()))
        assert not {BLOCK, STAKE, TIP} & exporter.metrics().keys()
        assert (exporter.get("/healthz")[0], exporter.get("/readyz")[0]) == (200, 503)
        for process in (chain.process_id, stand_in.pid):
            os.kill(process, signal.SIGCONT)
        assert of_the_chain(wait_for_all(saved, 12)) == before

        watcher.stop()
        assert watcher.lies == []
        assert watcher.scrapes > 50
        assert exporter.end()[0] == 0
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
