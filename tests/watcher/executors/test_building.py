"""Executors out of settings: what there are means for, and what is said where there are none."""

from __future__ import annotations

import io

import pytest
from executor_attempts import Steps, intent_of

from aztec_butler.core.errors import SettingsError
from aztec_butler.core.intent_parameters import Notice
from aztec_butler.core.intents import ActionKind
from aztec_butler.serving.logs import Redactor, open_log
from aztec_butler.watcher.executor import Standing
from aztec_butler.watcher.executors.building import Executors
from aztec_butler.watcher.settings_reading import read_watcher_settings

SAFE = "0x111CEEee040739fD91D29C34C33E6B3E112F2177"


class Source:
    """A network that nobody asks."""

    rpc = multicall = None


@pytest.fixture
def build(tmp_path):
    def build(*lines, **flags):
        config = tmp_path / "watcher.toml"
        config.write_text("\n".join(['l1 = "http://127.0.0.1:1"', "[watcher]", *lines]))
        settings = read_watcher_settings(flags, {}, config=str(config), environment={})
        log = open_log(io.StringIO(), Redactor(), is_terminal=False)
        return Executors.open(settings, Source(), log, chain_id=1, state_dir=tmp_path / "state")

    return build


def secret(tmp_path, name, text):
    path = tmp_path / name
    path.write_text(text)
    path.chmod(0o600)
    return path


def test_executors__nothing_set__notices_alone(build):
    with build() as executors:
        assert set(executors.by_kind) == {ActionKind.NOTIFY}
        attempt, intent = Steps(), intent_of(Notice(severity="info", title="a", text="b"))
        executors.of(ActionKind.NOTIFY).act(intent, attempt)
        assert executors.of(ActionKind.NOTIFY).look(intent, attempt).standing is Standing.DONE
        for kind in set(ActionKind) - {ActionKind.NOTIFY}:
            with pytest.raises(SettingsError, match="do not give the means"):
                executors.of(kind)


def test_executors__everything_set__every_kind(build, tmp_path):
    with build(
        f'keystores = ["{tmp_path}"]', f'safe = "{SAFE}"', l2_admin="http://127.0.0.1:8880"
    ) as all_of_them:
        assert set(all_of_them.by_kind) == set(ActionKind)
        assert "SafeFiles" in repr(all_of_them.of(ActionKind.TOP_UP)._delivery)
        all_of_them.stop()


def test_executors__service_and_key__propose(build, tmp_path):
    key = secret(tmp_path, "proposer", "0x" + "17" * 32)
    lines = (f'safe = "{SAFE}"', 'safe_service = "http://127.0.0.1:1"', f'safe_proposer_key_file = "{key}"')
    with build(*lines) as executors:
        assert "SafeQueue" in repr(executors.of(ActionKind.ADD_KEYS)._delivery)


def test_executors__key_that_is_none__refused_without_showing_it(build, tmp_path):
    key = secret(tmp_path, "proposer", "17" * 31)
    lines = (f'safe = "{SAFE}"', 'safe_service = "http://127.0.0.1:1"', f'safe_proposer_key_file = "{key}"')
    with pytest.raises(SettingsError) as error:
        build(*lines)
    assert "17" * 8 not in str(error.value)


def test_executors__reloaded_by_hand__no_admin_port_is_asked(build, tmp_path):
    lines = (f'keystores = ["{tmp_path}"]', "reload_by_hand = true")
    with build(*lines, l2_admin="http://127.0.0.1:8880") as executors:
        assert executors.of(ActionKind.UPDATE_COINBASE)._node is None
