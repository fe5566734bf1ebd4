from __future__ import annotations

import json

import pytest

from aztec_butler.core.errors import CheckFailed, SettingsError
from aztec_butler.exporter import assembly as assemblies
from aztec_butler.exporter.board import FRESHNESS
from aztec_butler.exporter.catalogue import METRICS
from aztec_butler.exporter.setting_values import COLLECTORS
from aztec_butler.exporter.settings_reading import read_exporter_settings

L1 = "http://127.0.0.1:1"
HOSTS = '[[hosts]]\nname = "one"\naddress = "127.0.0.1"\np2p_port = 1\n'


class Connection:
    def __init__(self, settings):
        self.settings = settings
        self.closed = False
        self.rpc = self.multicall = None

    def snapshot(self):
        raise AssertionError("nothing is asked")

    def close(self):
        self.closed = True


def assemble(wanted, connect, before=None):
    return assemblies.assemble(wanted, connect, lambda network, request: None, before)


def settings(flags=None, environment=None, **own):
    return read_exporter_settings({"l1": L1} | (flags or {}), own, environment=environment or {})


@pytest.fixture
def hosts(tmp_path):
    path = tmp_path / "hosts.toml"
    path.write_text(HOSTS)
    return str(path)


@pytest.fixture
def everything(hosts):
    return settings(
        {"l2": "http://127.0.0.1:2"}, {"AZTEC_BUTLER_L2_ADMIN": "http://127.0.0.1:3"}, check_hosts=hosts
    )


def test_assembly__with_everything_named__has_every_collector_and_metric(everything):
    assembly = assemble(everything, Connection)
    assert [collector.name for collector in assembly.collectors] == list(COLLECTORS)
    assert assembly.left_out == {"mainnet": {}}
    found = {metric for collector in assembly.collectors for metric in collector.metrics}
    assert found | set(FRESHNESS) == set(METRICS)
    assembly.close()


def test_assembly__without_a_node_of_ours__leaves_out_what_cannot_run():
    # A public Aztec node is known of mainnet, and not ours to look after.
    assembly = assemble(settings(without="network"), Connection)
    missing = set(COLLECTORS) - {collector.name for collector in assembly.collectors}
    assert missing == {"node", "node_progress", "validators", "offenses", "hosts", "network"}
    assert missing - {"network"} == assembly.left_out["mainnet"].keys()


def test_assembly__chosen_collectors_at_their_pace(everything):
    wanted = settings(collectors="rollup,node,rewards", intervals="rollup=7,node=3", timeouts="rollup=9")
    assembly = assemble(wanted, Connection)
    paces = {each.name: (each.interval_seconds, each.timeout_seconds) for each in assembly.collectors}
    assert paces["rollup"] == (7, 9)
    assert paces.keys() == {"rollup", "rewards"}
    assert assembly.left_out["mainnet"].keys() == {"node"}
    usual = {each.name: each.interval_seconds for each in assemble(everything, Connection).collectors}
    assert usual["rewards"] == paces["rewards"][0]


def test_assembly__fast_rounds__share_no_reading_of_the_one_before():
    def max_age(**own):
        return assemble(settings(**own), Connection).readers["mainnet"].reading.max_age_seconds

    assert max_age() == 15
    assert max_age(intervals="rollup=10,node=1") == 5
    assert max_age(intervals="node=1,hosts=2,publishers=3") == 15
    first = assemble(settings(), Connection)
    second = assemble(settings(intervals="rollup=4"), Connection, first)
    assert second.readers["mainnet"] is not first.readers["mainnet"]


def test_assembly__again__takes_over_what_has_not_changed():
    first = assemble(settings(provider_ids="1"), Connection)
    second = assemble(settings(provider_ids="2", listen="127.0.0.1:0"), Connection, first)
    assert second.readers["mainnet"] is first.readers["mainnet"]
    _ = first.readers["mainnet"].source.rpc
    first.close(but=second)
    assert first.readers["mainnet"].source._opened is not None
    third = assemble(settings({"l1": "http://127.0.0.1:9"}), Connection, second)
    assert third.readers["mainnet"] is not second.readers["mainnet"]
    opened = [each.readers["mainnet"].source for each in (second, third)]
    for source in opened:
        _ = source.rpc
    second.close(but=third)
    assert opened[0]._opened is None
    assert opened[1]._opened is not None


def test_assembly__of_two_networks__each_is_read_by_itself(tmp_path):
    path = tmp_path / "exporter.toml"
    path.write_text(
        f'[exporter.networks.mainnet]\nl1 = "{L1}"\nl2 = "{L1}"\n'
        '[exporter.networks.testnet]\nl1 = "http://127.0.0.1:9"\nprovider_ids = [7]\n'
    )
    opened = []

    def connect(of):
        opened.append(of.network)
        return Connection(of)

    assembly = assemble(read_exporter_settings({}, {}, config=str(path), environment={}), connect)
    names = {(each.network, each.name) for each in assembly.collectors}
    assert {("mainnet", "node"), ("mainnet", "rollup"), ("testnet", "rollup")} <= names
    assert ("testnet", "node") not in names
    assert opened == []
    _ = assembly.readers["testnet"].source.rpc
    assert opened == ["testnet"]
    assembly.close()


def test_assembly__aztec_node_chosen_by_hand__is_ours_though_it_is_the_public_one():
    public = settings().networks[0].connection.l2
    first = assemble(settings(), Connection)
    second = assemble(settings({"l2": public}), Connection, first)
    assert "node" in {collector.name for collector in second.collectors}


def test_assembly__files_that_are_not_as_they_should_be__are_told(tmp_path, hosts):
    with pytest.raises(SettingsError, match="hosts cannot be read"):
        assemble(settings(check_hosts=str(tmp_path / "missing")), Connection)
    (tmp_path / "hosts.json").write_text('{"hosts": []}')
    with pytest.raises(SettingsError, match="file of hosts") as caught:
        assemble(settings(check_hosts=str(tmp_path / "hosts.json")), Connection)
    assert caught.value.facts["file"] == tmp_path / "hosts.json"
    (tmp_path / "keys.json").write_text(json.dumps({"schemaVersion": 1}))
    with pytest.raises(CheckFailed):
        assemble(settings(keystores=str(tmp_path / "keys.json")), Connection)
