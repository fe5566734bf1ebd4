"""Settings: who wins, what is refused, what is shown."""

from __future__ import annotations

import string

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aztec_butler.core.errors import SettingsError
from aztec_butler.core.setting_layers import Layer, Origin, environment_layer, file_layer
from aztec_butler.core.setting_values import redact_url
from aztec_butler.core.settings import SETTINGS, Settings, chosen_network, merge_settings, preset_layer

KEY = "0123456789abcdef0123456789abcdef"
SECRET_URL = f"https://user:{KEY}@node.example:8545/v3/{KEY}?apikey={KEY}"
REGISTRY = "0x00000000000000000000000000000000000000AA"


def no_secrets(path: str) -> str:
    raise AssertionError(f"no secret file is named, and {path} is read")


def merge(*layers: Layer, read_secret=no_secrets, defaults=None) -> Settings:
    return merge_settings(layers, read_secret=read_secret, defaults=defaults)


def flags(**values: object) -> Layer:
    return Layer(Origin.FLAGS, values)


def environment(**values: str) -> Layer:
    return environment_layer({f"AZTEC_BUTLER_{name.upper()}": value for name, value in values.items()})


def file(**values: object) -> Layer:
    return Layer(Origin.FILE, values, "butler.toml")


def problems(*layers: Layer, **options) -> dict[str, object]:
    with pytest.raises(SettingsError) as raised:
        merge(*layers, **options)
    return raised.value.facts


# --------------------------------------------------------------------------- precedence


@pytest.mark.parametrize(
    ("strongest", "expected", "source"),
    [
        (0, 1, "--first-block"),
        (1, 2, "AZTEC_BUTLER_FIRST_BLOCK"),
        (2, 3, "first_block in butler.toml"),
        (3, 23_786_827, "preset mainnet"),
        (4, 5, "default"),
        (5, None, "default"),
    ],
)
def test_merge__several_sources__the_strongest_wins_and_is_named(strongest, expected, source):
    layers = [
        flags(first_block="1"),
        environment(first_block="2"),
        file(first_block=3),
        preset_layer("mainnet"),
    ]
    defaults = {"first_block": 5} if strongest < 5 else {}
    settings = merge(*layers[strongest:], defaults=defaults)
    assert settings.first_block == expected
    assert settings.sources["first_block"] == source


def test_merge__nothing_given__defaults():
    settings = merge()
    assert (settings.network, settings.l1, settings.timeout_seconds) == ("mainnet", None, 30.0)
    assert set(settings.sources.values()) == {"default"}


def test_record__has_one_field_per_setting():
    assert [field.name for field in attrs.fields(Settings)] == [*(each.name for each in SETTINGS), "sources"]


@pytest.mark.parametrize(
    ("layers", "expected"),
    [
        ([flags(), environment(), file(network="testnet")], "testnet"),
        ([flags(), environment(network="Devnet"), file(network="testnet")], "devnet"),
        ([flags(network="mainnet"), environment(network="devnet")], "mainnet"),
        ([], "mainnet"),
    ],
)
def test_chosen_network__of_several_layers__the_strongest(layers, expected):
    assert chosen_network(layers) == expected


def test_environment__empty_and_foreign_variables__are_left_out():
    layer = environment_layer(
        {"AZTEC_BUTLER_L1": " ", "AZTEC_BUTLER_CONFIG": "x", "HOME": "/", "AZTEC_BUTLER_L2": "u"}
    )
    assert layer.values == {"l2": "u"}


def test_sections__of_modes__are_not_of_the_network():
    variables = {"AZTEC_BUTLER_EXPORTER_LISTEN": "a", "AZTEC_BUTLER_WATCHER_X": "b", "AZTEC_BUTLER_L2": "u"}
    assert environment_layer(variables).values == {"l2": "u"}
    own = environment_layer(variables, "exporter")
    assert own.values == {"listen": "a"}
    assert own.label("listen") == "AZTEC_BUTLER_EXPORTER_LISTEN"
    text = 'l2 = "u"\n[exporter]\nlisten = "a"\n[watcher]\nx = 1'
    assert file_layer(text, "butler.toml").values == {"l2": "u"}


# --------------------------------------------------------------------------- values


@pytest.mark.parametrize(
    ("name", "raw", "expected"),
    [
        ("network", " Testnet ", "testnet"),
        ("l1", "http://a", ("http://a",)),
        ("l1", "http://a, http://b http://c", ("http://a", "http://b", "http://c")),
        ("l1", ["http://a", "http://b"], ("http://a", "http://b")),
        ("l2", "http://[::1]:8080", "http://[::1]:8080"),
        ("registry", REGISTRY.lower(), REGISTRY),
        ("first_block", "0x10", 16),
        ("first_block", 0, 0),
        ("requests_per_second", "2.5", 2.5),
        ("timeout_seconds", 7, 7.0),
        ("state_dir", "/var/lib/x", "/var/lib/x"),
    ],
)
def test_value__of_text_or_toml__is_read(name, raw, expected):
    assert getattr(merge(flags(**{name: raw})), name) == expected


@pytest.mark.parametrize(
    ("name", "raw", "part"),
    [
        ("network", "mainet", "did you mean mainnet?"),
        ("network", 1, "expected text"),
        ("l1", "ftp://a", "http:// or https://"),
        ("l1", "http://", "names a host"),
        ("l1", "http://a:99999", "names a host"),
        ("l1", "http://[::1", "names a host"),
        ("l1", "http://a,http://a", "twice"),
        ("l1", [], "at least one URL"),
        ("l1", "", "expected text"),
        ("l1", 5, "expected text"),
        ("registry", "0x00", "40 hex digits"),
        ("registry", "0xA27ec0006e59f245217ff08cd52a7e8b169e62d2", "checksum"),
        ("first_block", "1e3", "whole number"),
        ("first_block", "-1", "zero or more"),
        ("first_block", True, "whole number"),
        ("first_block", 1.5, "whole number"),
        ("requests_per_second", "0", "above zero"),
        ("requests_per_second", "nan", "above zero"),
        ("requests_per_second", False, "above zero"),
        ("timeout_seconds", "soon", "above zero"),
        ("timeout_seconds", float("inf"), "above zero"),
        ("cache_dir", 3, "expected text"),
    ],
)
def test_value__wrong__is_refused_by_its_source(name, raw, part):
    told = problems(file(**{name: raw}))
    assert list(told) == [f"{name} in butler.toml"]
    assert part in str(told[f"{name} in butler.toml"])


def test_merge__many_mistakes__all_reported_at_once():
    told = problems(
        flags(network="mainet", first_block="many"),
        environment(timeout_seconds="0", registri="x"),
        file(l1="nowhere", nonsense=1),
    )
    assert set(told) == {
        "--network",
        "--first-block",
        "AZTEC_BUTLER_TIMEOUT_SECONDS",
        "AZTEC_BUTLER_REGISTRI",
        "l1 in butler.toml",
        "nonsense in butler.toml",
    }


@pytest.mark.parametrize(
    ("layer", "label", "meant"),
    [
        (flags(requests_per_secnd="1"), "--requests-per-secnd", "requests_per_second"),
        (environment(staking_registy=REGISTRY), "AZTEC_BUTLER_STAKING_REGISTY", "staking_registry"),
        (file(timeout="3"), "timeout in butler.toml", "timeout_seconds"),
    ],
)
def test_unknown_name__nearest_is_named(layer, label, meant):
    told = str(problems(layer)[label])
    assert "did you mean" in told
    assert meant in told


def test_value_of_a_weaker_source__is_not_looked_at():
    settings = merge(flags(first_block="7"), file(first_block="nonsense"))
    assert settings.first_block == 7


def test_file__that_is_no_toml__is_named_without_its_content():
    with pytest.raises(SettingsError) as raised:
        file_layer(f"l1 = https://node/{KEY}", "butler.toml")
    assert raised.value.facts["file"] == "butler.toml"
    assert KEY not in str(raised.value)


def test_file__toml__becomes_values():
    assert file_layer('l1 = ["http://a"]\nfirst_block = 3', "x").values == {
        "l1": ["http://a"],
        "first_block": 3,
    }


def test_preset__another_registry__nothing_else_of_the_preset_is_taken():
    layers = [flags(registry=REGISTRY)]
    settings = merge(*layers, preset_layer("mainnet", layers))
    assert (settings.registry, settings.staking_registry, settings.first_block) == (REGISTRY, None, None)


def test_preset__the_same_registry_spelled_otherwise__is_taken():
    known = preset_layer("mainnet").values
    layers = [flags(registry=str(known["registry"]).lower())]
    assert merge(*layers, preset_layer("mainnet", layers)).staking_registry == known["staking_registry"]


# --------------------------------------------------------------------------- secrets


def test_secret_file__its_content_is_read_and_its_name_shown():
    read = {"/run/url": SECRET_URL, "/run/key": KEY}
    settings = merge(
        environment(l1_file="/run/url", l2_admin_key_file="/run/key", l2_admin="http://a"),
        read_secret=read.__getitem__,
    )
    assert settings.l1 == (SECRET_URL,)
    assert settings.l2_admin_key == KEY
    assert settings.sources["l1"] == "AZTEC_BUTLER_L1_FILE"


def test_secret_file__of_a_weaker_source__is_not_read():
    assert merge(flags(l1="http://a"), file(l1_file="/nowhere")).l1 == ("http://a",)


def test_secret_and_its_file__in_one_source__are_one_too_many():
    assert "enough" in str(problems(file(l1="http://a", l1_file="/x"))["l1_file in butler.toml"])


def test_secret_file__refused__the_reason_is_among_the_problems():
    def refuse(path: str) -> str:
        raise SettingsError("others can read it")

    told = problems(flags(l1_file="/x"), file(bad=1), read_secret=refuse)
    assert "others can read it" in str(told["--l1-file"])
    assert "bad in butler.toml" in told


def test_admin_key__given_as_such__is_refused():
    told = problems(environment(l2_admin_key=KEY, l2_admin="http://a"))
    assert "l2_admin_key_file" in str(told["AZTEC_BUTLER_L2_ADMIN_KEY"])
    assert KEY not in str(told)


def test_admin_key__without_an_admin_port__is_refused():
    assert "l2_admin" in str(problems(flags(l2_admin_key_file="/x"), read_secret=lambda _: KEY))


@pytest.mark.parametrize(
    "layer",
    [
        flags(l1=f"htp://node/{KEY}"),
        file(l1=[f"https://node/{KEY}", f"https://node/{KEY}"]),
        environment(l2=f"https://node:port/{KEY}"),
        file(l2_admin={"url": KEY}),
    ],
    ids=["flag", "list", "variable", "table"],
)
def test_wrong_url__is_not_repeated_in_the_error(layer):
    with pytest.raises(SettingsError) as raised:
        merge(layer)
    assert KEY not in str(raised.value)


def test_shown_and_repr__hold_no_secret():
    settings = merge(
        flags(
            l1=f"{SECRET_URL},http://127.0.0.1:8545",
            l2=SECRET_URL,
            l2_admin=SECRET_URL,
            l2_admin_key_file="k",
        ),
        read_secret=lambda _: KEY,
    )
    shown = {row.setting: row for row in settings.shown()}
    assert list(shown) == [setting.name for setting in SETTINGS]
    assert KEY not in str(shown)
    assert KEY not in repr(settings)
    assert shown["l1"].value == "https://node.example:8545/..., http://127.0.0.1:8545"
    assert shown["l2_admin_key"].value == "(hidden)"
    assert shown["l1"].source == "--l1"
    assert shown["first_block"].value == "-"


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://node.example", "https://node.example"),
        ("https://node.example/", "https://node.example"),
        ("https://node.example/rpc", "https://node.example/..."),
        ("http://user@node.example", "http://node.example/..."),
        ("http://[::1]:8545?k=1", "http://[::1]:8545/..."),
    ],
)
def test_redact_url(url, shown):
    assert redact_url(url) == shown


_TOKEN = st.text(string.ascii_lowercase + string.digits, min_size=8, max_size=40)


@given(_TOKEN, _TOKEN, _TOKEN, _TOKEN)
def test_redact_url__whatever_the_secrets__none_is_shown(user, password, path, query):
    shown = redact_url(f"https://{user}:{password}@A.B:1/{path}?{query}#{path}")
    assert shown == "https://a.b:1/..."


# --------------------------------------------------------------------------- where events are kept


def test_event_store__not_set__is_where_the_cache_is():
    settings = merge(flags(cache_dir="/somewhere"), defaults={"cache_dir": "/usual"})
    assert (settings.event_store, settings.sources["event_store"]) == ("/somewhere", "--cache-dir")
    assert merge(defaults={"cache_dir": "/usual"}).event_store == "/usual"


@pytest.mark.parametrize("place", ["/elsewhere", "none", "s3://bucket/events"])
def test_event_store__set__is_there(place):
    settings = merge(environment(event_store=place), file(cache_dir="/somewhere"))
    assert (settings.event_store, settings.cache_dir) == (place, "/somewhere")
    assert settings.sources["event_store"] == "AZTEC_BUTLER_EVENT_STORE"


def test_event_store__address_with_a_password__is_shown_without():
    settings = merge(flags(event_store="s3://key:hunter2@bucket/events?token=hunter2"))
    (shown,) = (row for row in settings.shown() if row.setting == "event_store")
    assert shown.value == "s3://bucket/events"
    assert "hunter2" not in repr(settings)
