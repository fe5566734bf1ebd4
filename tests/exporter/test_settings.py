from __future__ import annotations

from pathlib import Path

import attrs
import pytest

from aztec_butler.core.errors import SettingsError
from aztec_butler.core.setting_layers import Layer, Origin
from aztec_butler.exporter.setting_values import COLLECTORS
from aztec_butler.exporter.settings import DEFAULT_HOST, DEFAULT_PORT
from aztec_butler.exporter.settings_reading import read_exporter_settings
from aztec_butler.serving import server
from aztec_butler.serving.setting_values import Address

KEY = "0123456789abcdef" * 4
A, B = "0x00000000000000000000000000000000000000AA", "0x00000000000000000000000000000000000000bb"
L1 = "http://127.0.0.1:8545"


@pytest.fixture(autouse=True)
def config_folder(tmp_path, monkeypatch) -> Path:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    folder = tmp_path / "config" / "aztec-butler"
    folder.mkdir(parents=True)
    return folder


@pytest.fixture
def read(tmp_path):
    """Read settings of a file's text, flags and variables: ``read(toml, listen=..., env={...})``."""

    def read(toml=None, *, flags=None, env=None, config=None, **own):
        path = config
        if toml is not None:
            path = str(tmp_path / "butler.toml")
            Path(path).write_text(toml)
        variables = {f"AZTEC_BUTLER_{name}": value for name, value in (env or {}).items()}
        return read_exporter_settings(flags or {}, own, config=path, environment=variables)

    return read


def problems(read, *arguments, **options) -> dict[str, str]:
    with pytest.raises(SettingsError) as caught:
        read(*arguments, **options)
    return {name: str(value) for name, value in caught.value.facts.items()}


# --------------------------------------------------------------------------- values


def test_nothing_but_a_node__defaults(read):
    settings = read(flags={"l1": L1})
    (network,) = settings.networks
    assert (network.name, network.connection.l1) == ("mainnet", (L1,))
    assert (settings.listen, settings.token, settings.max_series) == (
        Address(host=DEFAULT_HOST, port=DEFAULT_PORT),
        None,
        500,
    )
    assert all(settings.runs(name) for name in COLLECTORS)
    assert (DEFAULT_HOST, DEFAULT_PORT) == (server.DEFAULT_HOST, server.DEFAULT_PORT)


WHOLE = f"""
network = "testnet"
l1 = "{L1}"

[exporter]
listen = "[::1]:0"
provider_ids = [3, 5]
attesters = ["{A.lower()}"]
keystores = ["/etc/keys", "/etc/more keys"]
publishers = ["{B}"]
coinbases = {{ "{A}" = "{B}" }}
all_attesters = true
check_hosts = "/etc/hosts.toml"
intervals = {{ rollup = 30, node = 7.5 }}
timeouts = {{ rollup = 300 }}
without = ["governance"]
max_series = 20
log_level = "WARNING"
"""


def test_file__whole(read):
    settings = read(WHOLE)
    (network,) = settings.networks
    assert network.name == "testnet"
    assert settings.listen == Address(host="::1", port=0)
    assert (network.provider_ids, network.attesters, network.publishers) == ((3, 5), (A,), (B,))
    assert network.keystores == ("/etc/keys", "/etc/more keys")
    assert network.coinbases == {A: B}
    assert (settings.intervals, settings.timeouts) == ({"rollup": 30, "node": 7.5}, {"rollup": 300})
    assert not settings.runs("governance")
    assert settings.runs("rollup")
    assert network.named(settings.max_series).cap == 20
    assert network.named(settings.max_series).everybody


def test_text__says_the_same_as_toml(read):
    said = {
        "LISTEN": "[::1]:0",
        "PROVIDER_IDS": "3, 5",
        "ATTESTERS": A.lower(),
        "KEYSTORES": "/etc/keys,/etc/more keys",
        "PUBLISHERS": B,
        "COINBASES": f"{A}={B}",
        "ALL_ATTESTERS": "yes",
        "CHECK_HOSTS": "/etc/hosts.toml",
        "INTERVALS": "rollup=30,node=7.5",
        "TIMEOUTS": "rollup=300",
        "WITHOUT": "governance",
        "MAX_SERIES": "20",
        "LOG_LEVEL": "warning",
    }
    variables = {f"EXPORTER_{name}": value for name, value in said.items()}
    flags = {name.lower(): value for name, value in said.items()}
    from_file = bare(read(WHOLE))
    assert bare(read(env=variables | {"NETWORK": "testnet", "L1": L1})) == from_file
    assert bare(read(flags={"network": "testnet", "l1": L1}, **flags)) == from_file


def bare(settings):
    """Settings without where they come from."""
    networks = [
        attrs.evolve(each, connection=attrs.evolve(each.connection, sources={})) for each in settings.networks
    ]
    return attrs.evolve(settings, networks=tuple(networks))


def test_layers__flags_then_environment_then_file(read):
    toml = '[exporter]\nlisten = "127.0.0.1:1"\nmax_series = 1\nlog_level = "error"'
    env = {"EXPORTER_LISTEN": "127.0.0.1:2", "EXPORTER_MAX_SERIES": "2", "L1": L1}
    settings = read(toml, env=env, listen="127.0.0.1:3")
    assert (settings.listen.port, settings.max_series, settings.log_level) == (3, 2, "error")


def test_token__only_from_a_file_that_is_the_owners_alone(read, tmp_path):
    path = tmp_path / "token"
    path.write_text("sesame\n")
    path.chmod(0o600)
    settings = read(flags={"l1": L1}, token_file=str(path))
    assert settings.token == "sesame"
    assert "sesame" not in repr(settings)
    path.chmod(0o644)
    assert "chmod 600" in problems(read, flags={"l1": L1}, token_file=str(path))["--token-file"]
    told = problems(read, '[exporter]\ntoken = "sesame"', flags={"l1": L1})
    assert "token_file" in "".join(told.values())
    assert "sesame" not in str(told)


def test_wrong__all_of_it_is_told_at_once_with_what_was_meant(read, tmp_path):
    told = problems(
        read,
        'l1 = "htp://x"\nnetwrk = "a"\n[exporter]\nlisen = "x"\nattesters = ["0xab"]\nl2 = "http://y"\n'
        'collectors = ["rolup"]\n[exporter.networks.manet]\nl1 = "http://x"',
        flags={"network": "mainnet"},
        env={"EXPORTER_LISTEN": "nowhere", "EXPORTER_INTERVALS": "node=0", "EXPORTER_MAX_SERIS": "1"},
        certificate_key="/k",
        timeouts="rollup",
    )
    path = tmp_path / "butler.toml"
    expected = {
        f"l1 in {path}": "http://",
        f"netwrk in {path}": "did you mean network?",
        f"exporter.lisen in {path}": "did you mean listen?",
        f"exporter.attesters in {path}": "40 hex digits",
        f"exporter.l2 in {path}": "above [exporter]",
        f"exporter.collectors in {path}": "did you mean rollup?",
        f"exporter.networks.manet in {path}": "did you mean mainnet?",
        "AZTEC_BUTLER_EXPORTER_LISTEN": "address:port",
        "AZTEC_BUTLER_EXPORTER_INTERVALS": "above zero",
        "AZTEC_BUTLER_EXPORTER_MAX_SERIS": "did you mean max_series?",
        "certificate_key": "certificate is not set",
        "--timeouts": "name=value",
    }
    assert told.keys() == expected.keys()
    for name, part in expected.items():
        assert part in told[name], name


@pytest.mark.parametrize("listen", ["9464", ":9464", "host", "127.0.0.1:70000", "::1:9464", "http://a:1", 5])
def test_listen__that_is_no_address_and_port__is_refused(read, listen):
    assert "address:port" in problems(read, flags={"l1": L1}, listen=listen)["--listen"]


def test_network__without_a_node__says_how_to_name_one(read):
    assert "--l1" in problems(read)["l1 of mainnet"]


def test_found__what_runs_on_this_machine_is_a_layer(read):
    running = Layer(Origin.RUNNING, {"l1": "http://127.0.0.1:7777", "registry": A}, "devnet")
    settings = read_exporter_settings(
        {"network": "devnet"}, {}, environment={}, found=lambda name: running if name == "devnet" else None
    )
    assert settings.networks[0].connection.l1 == ("http://127.0.0.1:7777",)


# --------------------------------------------------------------------------- several networks

TWO = f"""
timeout_seconds = 9

[exporter]
max_series = 7

[exporter.networks.mainnet]
l1 = "{L1}"
provider_ids = [1]

[exporter.networks.testnet]
l1 = "http://127.0.0.1:8546"
attesters = ["{A}"]
"""


def test_several__each_has_its_table_and_shares_the_rest(read):
    settings = read(TWO)
    mainnet, testnet = settings.networks
    assert (mainnet.name, testnet.name) == ("mainnet", "testnet")
    assert (mainnet.provider_ids, testnet.provider_ids) == ((1,), ())
    assert (mainnet.attesters, testnet.attesters) == ((), (A,))
    assert mainnet.connection.l1 != testnet.connection.l1
    assert mainnet.connection.registry != testnet.connection.registry
    assert {net.connection.timeout_seconds for net in settings.networks} == {9}


def test_several__one_of_them_chosen__its_settings_may_stand_anywhere(read):
    settings = read(TWO, flags={"network": "testnet"}, provider_ids="4")
    (network,) = settings.networks
    assert (network.name, network.provider_ids, network.attesters) == ("testnet", (4,), (A,))
    assert network.connection.l1 == ("http://127.0.0.1:8546",)


def test_several__what_could_be_of_any_of_them__is_refused(read, tmp_path):
    told = problems(
        read,
        f'registry = "{A}"\n' + TWO.replace("max_series = 7", "max_series = 7\nprovider_ids = [2]"),
        flags={"l1": L1},
        env={"L2": "http://l2", "EXPORTER_ATTESTERS": A},
        keystores="/keys",
    )
    path = tmp_path / "butler.toml"
    assert told.keys() == {
        f"registry in {path}",
        f"exporter.provider_ids in {path}",
        "--l1",
        "--keystores",
        "AZTEC_BUTLER_L2",
        "AZTEC_BUTLER_EXPORTER_ATTESTERS",
    }
    assert all("of which network?" in clause for clause in told.values())


def test_several__process_settings_in_a_networks_table__are_refused(read):
    told = problems(read, TWO + 'listen = "127.0.0.1:1"')
    assert "whole process" in "".join(told.values())


def test_several__from_the_users_own_files(read, config_folder):
    (config_folder / "mainnet.toml").write_text(f'l1 = "{L1}"\n[exporter]\nprovider_ids = [1]')
    (config_folder / "testnet.toml").write_text('l1 = "http://127.0.0.1:2"\n[exporter]\nprovider_ids = [2]')
    settings = read(flags={"network": "mainnet,testnet"}, listen="127.0.0.1:0")
    assert [net.provider_ids for net in settings.networks] == [(1,), (2,)]
    assert settings.networks[1].connection.l1 == ("http://127.0.0.1:2",)
    (config_folder / "testnet.toml").write_text('network = "devnet"\n[exporter]\nlisten = "127.0.0.1:1"')
    told = problems(read, flags={"network": "mainnet,testnet"})
    assert "whole process" in told[f"exporter.listen in {config_folder / 'testnet.toml'}"]
    assert f"network in {config_folder / 'testnet.toml'}" in told


def test_file__of_the_exporter_in_the_users_folder__is_found(read, config_folder):
    (config_folder / "mainnet.toml").write_text(f'l1 = "{L1}"\n[exporter]\nmax_series = 3')
    assert read().max_series == 3
    (config_folder / "exporter.toml").write_text(TWO)
    assert [net.name for net in read().networks] == ["mainnet", "testnet"]


def test_network__named_several_times_or_wrongly(read):
    both = read(TWO, flags={"network": "testnet, mainnet testnet"})
    assert [net.name for net in both.networks] == ["testnet", "mainnet"]
    assert "did you mean mainnet?" in problems(read, flags={"network": "mainet", "l1": L1})["--network"]
    assert problems(read, "network = 5")
    assert problems(read, "exporter = 5")
    assert problems(read, "exporter.networks = 5")
    assert problems(read, "exporter.networks.mainnet = 5")


# --------------------------------------------------------------------------- keys


@pytest.mark.parametrize(
    "options",
    [
        {"env": {"PRIVATE_KEY": "x"}},
        {"env": {"EXPORTER_SAFE_KEY": "x"}},
        {"env": {"WATCHER_SAFE_KEY": "x"}},
        {"env": {"L1": KEY}},
        {"flags": {"registry": "0x" + KEY}},
        {"flags": {"l1": L1}, "attesters": f"{A},{KEY}"},
        {"toml": f'[exporter]\nattesters = ["{A}", "0x{KEY}"]'},
        {"toml": f'[watcher]\nsigner = "{KEY}"'},
        {"toml": '[watcher]\nsafe_key = "x"'},
        {"toml": f'[exporter.networks.mainnet]\ncoinbases = {{ "{A}" = "{KEY}" }}'},
        {"toml": f'[exporter]\n"{KEY}" = 1'},
        {"toml": f"[exporter]\nmax_series = 0x{KEY.replace('0', 'f', 1)}"},
    ],
    ids=str,
)
def test_key__anywhere__it_does_not_start_and_does_not_repeat_it(read, options):
    toml = options.pop("toml", None)
    with pytest.raises(SettingsError, match="private key") as caught:
        read(toml, **options)
    assert KEY not in str(caught.value)
    assert KEY[1:] not in str(caught.value)
    assert len(caught.value.facts) == 1


def test_key__in_the_users_own_file__is_found(read, config_folder):
    (config_folder / "mainnet.toml").write_text(f'l1 = "{L1}"\nmnemonic = "x"')
    with pytest.raises(SettingsError, match="private key"):
        read()


def test_keys_of_providers__in_urls_and_files__are_none_of_them(read, tmp_path):
    token = tmp_path / "token"
    token.write_text(KEY)
    token.chmod(0o600)
    settings = read(flags={"l1": f"https://rpc.example/{KEY}"}, token_file=str(token))
    assert settings.token == KEY
    assert KEY not in repr(settings)
