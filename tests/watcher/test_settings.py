from __future__ import annotations

import configparser
import re
import shlex
from pathlib import Path

import attrs
import pytest

from aztec_butler.core.errors import SettingsError
from aztec_butler.core.intent_parameters import CoinbaseSource
from aztec_butler.core.intents import ActionKind, Mode, Severity
from aztec_butler.core.setting_layers import names_of
from aztec_butler.serving.setting_values import Address
from aztec_butler.watcher.setting_values import CoinbaseRule
from aztec_butler.watcher.settings import WATCHER_SETTINGS, WatcherSettings
from aztec_butler.watcher.settings_reading import read_watcher_settings

KEY = "0123456789abcdef" * 4
A, B, C = (f"0x{'0' * 38}{end}" for end in ("AA", "bb", "cc"))
ZERO = "0x" + "00" * 20
L1 = "http://127.0.0.1:8545"
DEPLOY = Path(__file__).parents[2] / "scripts" / "deploy"
ETHER = 10**18


@pytest.fixture(autouse=True)
def config_folder(tmp_path, monkeypatch) -> Path:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    folder = tmp_path / "config" / "aztec-butler"
    folder.mkdir(parents=True)
    return folder


@pytest.fixture
def read(tmp_path):
    """Read settings of a file's text, flags and variables: ``read(toml, safe=..., env={...})``."""

    def read(toml=None, *, flags=None, env=None, config=None, **own):
        path = config
        if toml is not None:
            path = str(tmp_path / "butler.toml")
            Path(path).write_text(toml)
        variables = {f"AZTEC_BUTLER_{name}": value for name, value in (env or {}).items()}
        given = {"l1": L1} if flags is None else flags
        return read_watcher_settings(given, own, config=path, environment=variables)

    return read


@pytest.fixture
def secret(tmp_path):
    """A file that is its owner's alone."""

    def secret(content, *, mode=0o600, name="secret"):
        path = tmp_path / name
        path.write_text(content)
        path.chmod(mode)
        return str(path)

    return secret


def problems(read, *arguments, **options) -> dict[str, str]:
    with pytest.raises(SettingsError) as caught:
        read(*arguments, **options)
    return {name: str(value) for name, value in caught.value.facts.items()}


# --------------------------------------------------------------------------- values


def test_nothing_but_a_node__defaults__nothing_is_done(read):
    settings = read()

    assert settings == WatcherSettings(connection=settings.connection)
    assert settings.network == "mainnet"
    assert settings.connection.l1 == (L1,)
    assert {kind for kind, mode in settings.mode.items() if mode is not Mode.DRY_RUN} == {ActionKind.NOTIFY}
    assert settings.listen == Address(host="127.0.0.1", port=9465)


WHOLE = f"""
network = "testnet"
l1 = "{L1}"
l2_admin = "http://127.0.0.1:8880"

[watcher]
provider_ids = [3]
attesters = ["{A.lower()}"]
keystores = ["/etc/keys", "/etc/more keys"]
publishers = ["{B}"]
coinbase = "{C}"
coinbases = {{ "{A}" = "{B}" }}
remind_before = ["6h", "2d"]
keys_low = 3
runway_low = "10d"
keys_target = 12
registration_file = "/etc/registrations.json"
publisher_low = 0.3
publisher_critical = "0.05 ETH"
publisher_target = 2
provider_admin = "{C}"
provider_take_rate = "2.5%"
provider_rewards_recipient = "{B}"
safe = "{C}"
approval_expires = "1d"
confirmations = 64
poll_seconds = 6
look_seconds = 30
start_block = 100
notify_from = "WARNING"
notices_per_hour = 10
digest_every = "5m"
notices_expire = "3d"
quiet = ["RollupValidatorQueued"]
listen = "[::1]:0"
log_level = "WARNING"
out_dir = "/var/safe files"

[watcher.mode]
update-coinbase = "auto"
top-up = "approve"
"""


def test_file__whole(read):
    settings = read(WHOLE, flags={})

    assert settings.network == "testnet"
    assert (settings.provider_ids, settings.attesters, settings.publishers) == ((3,), (A,), (B,))
    assert settings.keystores == ("/etc/keys", "/etc/more keys")
    assert settings.mode == {
        ActionKind.NOTIFY: Mode.AUTO,
        ActionKind.UPDATE_COINBASE: Mode.AUTO,
        ActionKind.TOP_UP: Mode.APPROVE,
        ActionKind.ADD_KEYS: Mode.DRY_RUN,
        ActionKind.CREATE_PROVIDER: Mode.DRY_RUN,
    }
    assert settings.coinbase == CoinbaseRule(source=CoinbaseSource.FIXED, address=C)
    assert settings.coinbases == {A: B}
    assert settings.remind_before == (2 * 86_400, 6 * 3600)
    assert (settings.keys_low, settings.runway_low, settings.keys_target) == (3, 864_000, 12)
    amounts = (settings.publisher_critical, settings.publisher_low, settings.publisher_target)
    assert amounts == (ETHER // 20, 3 * ETHER // 10, 2 * ETHER)
    assert (settings.provider_take_rate, settings.notify_from) == (250, Severity.WARNING)
    assert (settings.confirmations, settings.start_block, settings.digest_every) == (64, 100, 300)


def test_text__says_the_same_as_toml(read):
    said = {
        "provider_ids": "3",
        "attesters": A.lower(),
        "keystores": "/etc/keys,/etc/more keys",
        "publishers": B,
        "mode": "update-coinbase=auto, top-up=approve",
        "coinbase": C,
        "coinbases": f"{A}={B}",
        "remind_before": "6h,2d",
        "keys_low": "3",
        "runway_low": "10d",
        "keys_target": "12",
        "registration_file": "/etc/registrations.json",
        "publisher_low": "0.3",
        "publisher_critical": "0.05 ETH",
        "publisher_target": "2",
        "provider_admin": C,
        "provider_take_rate": "250",
        "provider_rewards_recipient": B,
        "safe": C,
        "approval_expires": "1d",
        "confirmations": "64",
        "poll_seconds": "6",
        "look_seconds": "30",
        "start_block": "100",
        "notify_from": "warning",
        "notices_per_hour": "10",
        "digest_every": "5m",
        "notices_expire": "3d",
        "quiet": "RollupValidatorQueued",
        "listen": "[::1]:0",
        "log_level": "warning",
        "out_dir": "/var/safe files",
    }
    general = {"network": "testnet", "l1": L1, "l2_admin": "http://127.0.0.1:8880"}
    from_file = bare(read(WHOLE, flags={}))

    assert bare(read(flags=general, **said)) == from_file
    variables = {f"WATCHER_{name.upper()}": value for name, value in said.items()}
    variables |= {name.upper(): value for name, value in general.items()}
    assert bare(read(flags={}, env=variables)) == from_file


def bare(settings):
    """Settings without where they come from."""
    return attrs.evolve(settings, connection=attrs.evolve(settings.connection, sources={}))


def test_layers__flags_then_environment_then_file(read):
    toml = '[watcher]\nkeys_low = 1\nkeys_target = 8\nlog_level = "error"'
    settings = read(toml, env={"WATCHER_KEYS_LOW": "2", "WATCHER_KEYS_TARGET": "9"}, keys_low="3")
    assert (settings.keys_low, settings.keys_target, settings.log_level) == (3, 9, "error")


def test_files__of_the_watcher_before_those_of_the_network(read, config_folder):
    (config_folder / "testnet.toml").write_text("[watcher]\nkeys_low = 2")
    assert read(flags={"network": "testnet", "l1": L1}).keys_low == 2
    (config_folder / "watcher.toml").write_text('network = "testnet"\n[watcher]\nkeys_low = 1')
    settings = read()
    assert (settings.network, settings.keys_low) == ("testnet", 1)


@pytest.mark.parametrize(
    ("given", "mode"),
    [("approve", Mode.APPROVE), ("auto", Mode.AUTO), ("dry_run", Mode.DRY_RUN)],
    ids=["approve", "auto", "dry-run"],
)
def test_mode__one_word__is_for_every_kind_but_notices(given, mode):
    setting = next(each for each in WATCHER_SETTINGS if each.name == "mode")
    found = setting.parse(given)
    assert found.pop(ActionKind.NOTIFY) is Mode.AUTO
    assert found == {kind: mode for kind in ActionKind if kind.is_irreversible}


# --------------------------------------------------------------------------- secrets


def test_secrets__from_files_alone__shown_nowhere(read, secret):
    api, proposer = secret("api-key-value", name="api"), secret("0x" + KEY, name="proposer")
    targets = secret(
        "# people\nslack://TokenA/TokenB/TokenC\nmailto://me:passw0rd@example.org\n", name="targets"
    )
    settings = read(
        safe=A,
        safe_service="https://safe.example/v1/pathkey0123456789",
        safe_api_key_file=api,
        safe_proposer_key_file=proposer,
        targets_file=targets,
    )

    assert settings.targets == ("slack://TokenA/TokenB/TokenC", "mailto://me:passw0rd@example.org")
    assert (settings.safe_api_key, settings.safe_proposer_key) == ("api-key-value", "0x" + KEY)
    hidden = {"api-key-value", KEY, "0x" + KEY, "TokenA", "passw0rd", "pathkey0123456789"}
    assert hidden <= settings.secrets
    assert not any(each in repr(settings) for each in hidden)


@pytest.mark.parametrize("name", ["safe_proposer_key", "safe_api_key", "targets", "token"])
def test_secret__readable_by_others__refused(read, secret, name):
    path = secret("slack://sesame/abc", mode=0o640)
    told = problems(
        read, safe=A, **{f"{name}_file": path}, **({"safe_service": "http://s"} if "safe" in name else {})
    )
    assert "chmod 600" in told[f"--{name.replace('_', '-')}-file"]
    assert "sesame" not in str(told)


@pytest.mark.parametrize("name", ["targets", "token"])
def test_secret__in_the_settings_themselves__names_the_file(read, name):
    told = problems(read, f'[watcher]\n{name} = "sesame://abc"')
    assert f"{name}_file" in "".join(told.values())
    assert "sesame" not in str(told)


@pytest.mark.parametrize(
    "toml",
    [
        f'[watcher]\nsafe_proposer_key = "0x{KEY}"',
        f'[watcher]\nsafe = "0x{KEY}"',
        f'[watcher]\nattesters = ["{A}", "{KEY}"]',
        f'[watcher]\nprivate_key = "{A}"',
        '[watcher]\nmnemonic = "whatever"',
        '[watcher]\nsafe_api_key = "whatever"',
        f'[exporter]\nanything = "0x{KEY}"',
        f'[watcher.coinbases]\n"0x{KEY}" = "{A}"',
    ],
    ids=["named", "safe", "among", "name", "mnemonic", "api-key", "table-of-another", "as-name"],
)
def test_private_key__anywhere__does_not_start(read, toml):
    with pytest.raises(SettingsError, match="private key") as caught:
        read(toml)
    assert KEY not in str(caught.value)


def test_private_key__in_flag_and_variable__does_not_start(read):
    told = problems(read, env={"WATCHER_SAFE": "0x" + KEY, "PRIVATE_KEY": "x"}, publishers="0x" + KEY)
    assert told.keys() == {"AZTEC_BUTLER_WATCHER_SAFE", "AZTEC_BUTLER_PRIVATE_KEY", "--publishers"}
    assert KEY not in str(told)


def test_private_key__in_the_file_found_by_itself__does_not_start(read, config_folder):
    (config_folder / "mainnet.toml").write_text(f'[watcher]\nsafe = "0x{KEY}"')
    with pytest.raises(SettingsError, match="private key"):
        read()


# --------------------------------------------------------------------------- what is wrong


def test_wrong__all_of_it_is_told_at_once_with_what_was_meant(read, tmp_path):
    told = problems(
        read,
        'l1 = "htp://x"\nnetwrk = "a"\nkeystores = ["/k"]\n[watcher]\nkeys_lo = 2\nattesters = ["0xab"]\n'
        'l2 = "http://y"\ncoinbase = "spilt"\nmode = { update-coinbas = "auto" }\nprovider_take_rate = "101%"',
        flags={"network": "mainnet"},
        env={"WATCHER_LISTEN": "nowhere", "WATCHER_REMIND_BEFORE": "soon", "WATCHER_SAVE": "1"},
        publisher_low="much",
        certificate_key="/k",
        notify_from="loud",
    )
    path = tmp_path / "butler.toml"
    expected = {
        f"l1 in {path}": "http://",
        f"netwrk in {path}": "did you mean network?",
        f"keystores in {path}": "below [watcher]",
        f"watcher.keys_lo in {path}": "did you mean keys_low",
        f"watcher.attesters in {path}": "40 hex digits",
        f"watcher.l2 in {path}": "above [watcher]",
        f"watcher.coinbase in {path}": "split, map, or an address",
        f"watcher.mode in {path}": "did you mean update-coinbase?",
        f"watcher.provider_take_rate in {path}": "at most 100%",
        "AZTEC_BUTLER_WATCHER_LISTEN": "address:port",
        "AZTEC_BUTLER_WATCHER_REMIND_BEFORE": "duration",
        "AZTEC_BUTLER_WATCHER_SAVE": "did you mean safe?",
        "--publisher-low": "amount",
        "--certificate-key": "certificate is not set",
        "--notify-from": "info",
    }
    assert told.keys() == expected.keys()
    for name, part in expected.items():
        assert part in told[name], (name, told[name])


@pytest.mark.parametrize(
    ("own", "place", "part"),
    [
        ({"mode": "update-coinbase=auto"}, "mode update-coinbase", "keystores, l2_admin"),
        ({"mode": "update-coinbase=approve", "keystores": "/k"}, "mode update-coinbase", "l2_admin"),
        ({"mode": "add-keys=auto"}, "mode add-keys", "safe, registration_file"),
        ({"mode": "top-up=approve", "safe": A}, "mode top-up", "publishers or keystores"),
        ({"mode": "create-provider=auto", "safe": A}, "mode create-provider", "provider_admin"),
        ({"provider_admin": A}, "provider_take_rate", "a provider needs"),
        ({"safe_service": "http://s"}, "--safe-service", "safe is not set"),
        ({"safe": A, "safe_service": "http://s"}, "--safe-service", "safe_proposer_key is not set"),
        ({"registration_file": "/r"}, "--registration-file", "provider_ids is not set"),
        ({"registration_file": "/r", "provider_ids": "1,2"}, "--registration-file", "which of the providers"),
        ({"coinbase": "map"}, "--coinbase", "coinbases is empty"),
        ({"coinbase": ZERO}, "--coinbase", "zero address"),
        ({"coinbases": f"{A}={ZERO}"}, "--coinbases", "zero address"),
        ({"keys_target": "4"}, "--keys-target", "less than keys_low"),
        ({"publisher_target": "0.5"}, "--publisher-target", "not more than publisher_low"),
        ({"publisher_critical": "0.7"}, "--publisher-critical", "more than publisher_low"),
        ({"approval_expires": "1s"}, "--approval-expires", "at least 1m"),
        ({"quiet": "keys-lo"}, "--quiet", "did you mean keys-low"),
        ({"confirmations": "0"}, "--confirmations", "above zero"),
    ],
    ids=lambda value: None if isinstance(value, str) else "-".join(value),
)
def test_contradiction__is_told(read, own, place, part):
    told = problems(read, **own)
    assert part in told[place]


def test_several_networks__refused(read):
    assert "one network" in problems(read, flags={"network": "mainnet,testnet", "l1": L1})["network"]


def test_no_node__says_how_to_name_one(read):
    assert "--l1" in problems(read, flags={})["l1 of mainnet"]


def test_table_of_settings__names_the_fields_of_the_record_and_their_defaults():
    fields = {each.name: each for each in attrs.fields(WatcherSettings) if each.name != "connection"}
    assert [setting.name for setting in WATCHER_SETTINGS] == list(fields)
    for setting in WATCHER_SETTINGS:
        default = fields[setting.name].default
        expected = default.factory() if isinstance(default, attrs.Factory) else default
        assert setting.default == expected, setting.name
        assert setting.meaning


# --------------------------------------------------------------------------- what is shipped


def shipped(text, tmp_path, environment=None):
    path = tmp_path / "watcher.toml"
    path.write_text(text)
    return read_watcher_settings({}, {}, config=str(path), environment=environment or {})


def test_example_settings__are_settings(tmp_path):
    settings = shipped((DEPLOY / "watcher.toml").read_text(), tmp_path)
    assert (settings.network, settings.provider_ids) == ("mainnet", (4,))


def test_example_settings__all_that_is_commented_out__are_settings_together(tmp_path, secret):
    text = (DEPLOY / "watcher.toml").read_text()
    path = secret("slack://one/two/three")
    given = re.sub(r"^# (\w+ = )", r"\1", text, flags=re.MULTILINE)
    given = re.sub(r"^l1 = .*\n", "", given, flags=re.MULTILINE)
    given = re.sub(r'"/etc/aztec-butler/secrets/[\w-]+"', f'"{path}"', given)
    given = given.replace(f'l1_file = "{path}"', 'l1 = "http://x"')

    settings = shipped(given, tmp_path)

    assert settings.mode[ActionKind.UPDATE_COINBASE] is Mode.APPROVE
    assert settings.safe_proposer_key is not None
    assert settings.publisher_target == ETHER


def test_example_settings__name_every_setting():
    shown = set(re.findall(r"^(?:# )?(\w+) = ", (DEPLOY / "watcher.toml").read_text(), re.MULTILINE))
    assert set(names_of(WATCHER_SETTINGS)) - shown <= {"safe_service_file"}


def test_example_settings__defaults_are_the_defaults(tmp_path):
    text = (DEPLOY / "watcher.toml").read_text()
    usual = WatcherSettings(connection=None)
    told = 0
    for line in text.splitlines():
        match = re.match(r"# (\w+) = ([^#]+)", line)
        setting = next((each for each in WATCHER_SETTINGS if match and each.name == match[1]), None)
        if setting is None or setting.default in (None, (), {}) or setting.name == "mode":
            continue
        settings = shipped(f'l1 = "{L1}"\n[watcher]\n{match[1]} = {match[2]}', tmp_path)
        assert getattr(settings, setting.name) == getattr(usual, setting.name), setting.name
        told += 1
    assert told > 10


def test_service__runs_the_command_and_names_settings_that_there_are():
    parser = configparser.RawConfigParser(strict=False)
    parser.optionxform = str
    text = (DEPLOY / "aztec-butler-watcher.service").read_text()
    parser.read_string(text)

    words = shlex.split(parser["Service"]["ExecStart"])
    assert words[1:5] == ["-m", "aztec_butler", "serve", "--watcher"]
    assert words[-1].endswith("/watcher.toml")
    assert parser["Service"]["Type"] == "notify"
    variables = re.findall(r"Environment=(AZTEC_BUTLER_\w+)", text)
    known = {f"AZTEC_BUTLER_WATCHER_{name.upper()}" for name in names_of(WATCHER_SETTINGS)}
    known |= {f"AZTEC_BUTLER_{name}" for name in ("L1_FILE", "L2_ADMIN_KEY_FILE", "STATE_DIR", "CACHE_DIR")}
    assert set(variables) <= known
    assert len(variables) >= 5
