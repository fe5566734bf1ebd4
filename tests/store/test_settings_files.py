"""Where settings come from on this machine."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from aztec_butler.core.errors import SettingsError
from aztec_butler.core.setting_layers import Layer, Origin
from aztec_butler.store.settings_files import KeepingWarning, event_store_root, read_secret, read_settings

KEY = "0123456789abcdef0123456789abcdef"


@pytest.fixture(autouse=True)
def config_folder(tmp_path, monkeypatch) -> Path:
    for name in list(os.environ):
        if name.startswith("AZTEC_BUTLER_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    for kind in ("CONFIG", "STATE", "CACHE"):
        monkeypatch.setenv(f"XDG_{kind}_HOME", str(tmp_path / kind.lower()))
    import platformdirs

    folder = platformdirs.user_config_path("aztec-butler", appauthor=False)
    folder.mkdir(parents=True)
    return folder


def secret_file(tmp_path: Path, content: bytes = KEY.encode(), mode: int = 0o600) -> str:
    path = tmp_path / "secret"
    path.write_bytes(content)
    path.chmod(mode)
    return str(path)


def test_read__the_users_file_of_the_network__is_found(config_folder):
    (config_folder / "testnet.toml").write_text('l1 = "http://from-file"')
    assert read_settings({"network": "testnet"}).l1 == ("http://from-file",)
    assert read_settings().l1 is None


def test_read__order_of_sources(config_folder):
    (config_folder / "mainnet.toml").write_text('l1 = "http://file"\nl2 = "http://file"\nfirst_block = 3')
    settings = read_settings(
        {"l1": "http://flag"}, environment={"AZTEC_BUTLER_L1": "http://env", "AZTEC_BUTLER_L2": "http://env"}
    )
    assert (settings.l1, settings.l2, settings.first_block) == (("http://flag",), "http://env", 3)


def test_read__the_environment_is_the_process_own(monkeypatch):
    monkeypatch.setenv("AZTEC_BUTLER_NETWORK", "devnet")
    assert read_settings().network == "devnet"


@pytest.mark.parametrize("how", ["argument", "variable"])
def test_read__a_named_file__is_read_instead_and_may_name_the_network(config_folder, tmp_path, how):
    (config_folder / "testnet.toml").write_text('l1 = "http://users-own"')
    named = tmp_path / "named.toml"
    named.write_text('network = "testnet"\nfirst_block = 9')
    if how == "argument":
        settings = read_settings(config=str(named), environment={})
    else:
        settings = read_settings(environment={"AZTEC_BUTLER_CONFIG": str(named)})
    assert (settings.network, settings.first_block, settings.l1) == ("testnet", 9, None)
    assert settings.sources["first_block"] == f"first_block in {named}"


def test_read__a_named_file_that_is_missing__is_an_error(tmp_path):
    with pytest.raises(SettingsError):
        read_settings(config=str(tmp_path / "missing.toml"))


def test_read__file_of_one_network_that_names_another__is_refused(config_folder):
    (config_folder / "testnet.toml").write_text('network = "mainnet"')
    with pytest.raises(SettingsError, match="names another"):
        read_settings({"network": "testnet"})


def test_read__network_with_a_path_in_it__reads_no_file(config_folder, tmp_path):
    (config_folder.parent / "evil.toml").write_text("this is no TOML")
    with pytest.raises(SettingsError, match="no such network"):
        read_settings({"network": "../evil"})


def test_read__folders__are_the_users(tmp_path):
    settings = read_settings({"network": "testnet"})
    assert settings.cache_dir is not None
    assert settings.cache_dir.startswith(str(tmp_path))
    assert settings.state_dir is not None
    assert Path(settings.state_dir).parts[-2:] == ("aztec-butler", "testnet")


def test_read__what_runs__stands_between_file_and_preset(config_folder):
    def found(network: str) -> Layer:
        return Layer(Origin.RUNNING, {"l1": "http://running", "first_block": 7}, network)

    (config_folder / "devnet.toml").write_text("first_block = 3")
    settings = read_settings({"network": "devnet"}, found=found)
    assert (settings.l1, settings.first_block) == (("http://running",), 3)
    assert settings.sources["l1"] == "running devnet"


def test_read__what_runs__is_not_mixed_with_another_deployment():
    def found(network: str) -> Layer:
        raise AssertionError("the user named a Registry")

    address = "0x00000000000000000000000000000000000000AA"
    assert read_settings({"network": "devnet", "registry": address}, found=found).registry == address


def test_read__never_writes_the_environment():
    before = dict(os.environ)
    read_settings({"network": "testnet"})
    assert dict(os.environ) == before


def test_read__secret_named_in_the_file__end_to_end(config_folder, tmp_path):
    path = secret_file(tmp_path, f"https://node.example/{KEY}\n".encode())
    (config_folder / "mainnet.toml").write_text(f'l1_file = "{path}"')
    assert read_settings().l1 == (f"https://node.example/{KEY}",)


# --------------------------------------------------------------------------- secret files


def test_secret__without_the_white_space_around_it(tmp_path):
    assert read_secret(secret_file(tmp_path, f" {KEY}\n".encode())) == KEY


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o610], ids=oct)
def test_secret__that_others_can_use__is_refused(tmp_path, mode):
    with pytest.raises(SettingsError, match="chmod 600") as raised:
        read_secret(secret_file(tmp_path, mode=mode))
    assert KEY not in str(raised.value)


@pytest.mark.parametrize(
    ("content", "part"),
    [(b"", "empty"), (b" \n", "empty"), (b"\xff\xfe", "UTF-8"), (b"x" * 70_000, "too large")],
    ids=["empty", "blank", "binary", "large"],
)
def test_secret__that_is_none__is_refused(tmp_path, content, part):
    with pytest.raises(SettingsError, match=part):
        read_secret(secret_file(tmp_path, content))


def test_secret__missing_or_a_folder__is_refused(tmp_path):
    for path in (tmp_path / "missing", tmp_path):
        with pytest.raises(SettingsError, match="cannot be read"):
            read_secret(str(path))


def test_secret__a_pipe__is_refused(tmp_path):
    path = tmp_path / "pipe"
    os.mkfifo(path, 0o600)
    with pytest.raises(SettingsError, match="regular file"):
        read_secret(str(path))


def test_event_store_root__what_is_named__then_the_variable__then_the_cache(monkeypatch, tmp_path):
    monkeypatch.setenv("AZTEC_BUTLER_EVENT_STORE", "/variable")
    assert event_store_root("/named") == "/named"
    assert event_store_root(tmp_path) == tmp_path
    assert event_store_root() == "/variable"
    monkeypatch.delenv("AZTEC_BUTLER_EVENT_STORE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert event_store_root() == tmp_path / "aztec-butler"


@pytest.mark.parametrize("named", [False, "none"])
def test_event_store_root__nowhere__is_none(named, monkeypatch):
    assert event_store_root(named) is None
    monkeypatch.setenv("AZTEC_BUTLER_EVENT_STORE", "none")
    assert event_store_root() is None


def test_secret__from_systemd__may_be_read_by_its_group(tmp_path, monkeypatch):
    # An access control list for the service's user shows as a group's permission.
    path = secret_file(tmp_path, mode=0o440)
    with pytest.raises(SettingsError, match="chmod 600"):
        read_secret(path)
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    assert read_secret(path) == KEY
    Path(path).chmod(0o444)
    with pytest.raises(SettingsError, match="chmod 600"):
        read_secret(path)


def test_event_store_root__usual_place_cannot_be_written__nothing_is_kept_and_it_says_so(
    monkeypatch, tmp_path
):
    (tmp_path / "file").write_text("no folder")
    monkeypatch.delenv("AZTEC_BUTLER_EVENT_STORE", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    with pytest.warns(KeepingWarning, match="cannot be kept in"):
        assert event_store_root() is None
    assert (
        event_store_root(tmp_path / "file" / "named") == tmp_path / "file" / "named"
    )  # asked for: an error later
