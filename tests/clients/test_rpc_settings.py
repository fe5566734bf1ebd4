"""How a door is opened, as a value."""

from __future__ import annotations

import pickle

import pytest

from aztec_butler.clients.rpc import Rpc
from aztec_butler.core.errors import SettingsError

SECRET = "0123456789abcdef"
URL = f"https://user:pass{SECRET}@node.example/v3/{SECRET}?apikey={SECRET}"


def test_settings__pickled__open_the_same_door():
    with Rpc(
        [URL, "http://other.example"], chain_id=7, requests_per_second=2.5, headers={"x-key": SECRET}
    ) as rpc:
        settings = pickle.loads(pickle.dumps(rpc.settings))
        with settings.open() as other:
            assert other.settings == rpc.settings
            assert other.endpoint_names == rpc.endpoint_names
            assert other.chain_id == 7
    assert dict(settings.endpoints[0].headers)["x-key"] == SECRET


def test_settings__shown__tell_hosts_alone():
    settings = Rpc([URL, "http://other.example:8545"]).settings
    assert repr(settings) == "<RpcSettings node.example, other.example:8545>"
    assert SECRET not in f"{settings!r}{settings!s}"


def test_settings__other_endpoints__keep_the_rest():
    settings = Rpc(URL, requests_per_second=3).settings
    moved = settings.at("http://inside.example")
    assert repr(moved) == "<RpcSettings inside.example>"
    assert moved.requests_per_second == 3
    with pytest.raises(SettingsError) as caught:
        settings.at(["ftp://inside.example/" + SECRET])
    assert SECRET not in str(caught.value)
