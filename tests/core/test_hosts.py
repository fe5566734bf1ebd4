"""The file of hosts: both spellings, and every problem at once."""

from __future__ import annotations

import json

import pytest

from aztec_butler.core.errors import InputError
from aztec_butler.core.hosts import Host, read_hosts

KEY = "0123456789abcdef"
TOML = f"""
[[hosts]]
name = "seq-1"
address = "seq1.example.com"
p2p_port = 40400
aztec = "http://seq1.example.com:8080"
ethereum = ["https://node.example/v3/{KEY}", "http://10.0.0.5:8545"]

[[hosts]]
name = "l1"
ethereum = "http://10.0.0.6:8545"

[[hosts]]
name = "v6"
address = "2001:DB8::1"
"""
HOSTS = (
    Host(
        name="seq-1",
        address="seq1.example.com",
        p2p_port=40400,
        aztec="http://seq1.example.com:8080",
        ethereum=(f"https://node.example/v3/{KEY}", "http://10.0.0.5:8545"),
    ),
    Host(name="l1", ethereum=("http://10.0.0.6:8545",)),
    Host(name="v6", address="2001:db8::1"),
)


def test_read_hosts__toml_and_json__the_same_hosts():
    import tomllib

    assert read_hosts(TOML.encode(), is_json=False) == HOSTS
    assert read_hosts(json.dumps(tomllib.loads(TOML)).encode(), is_json=True) == HOSTS


def test_host__repr__shows_no_url():
    assert KEY not in repr(HOSTS)


@pytest.mark.parametrize(
    ("host", "place"),
    [
        ({"address": "a.example"}, "hosts[0].name"),
        ({"name": "a b", "address": "a.example"}, "hosts[0].name"),
        ({"name": "a"}, "hosts[0]"),
        ({"name": "a", "adress": "a.example", "aztec": "http://a"}, "hosts[0].adress"),
        ({"name": "a", "address": "http://a.example"}, "hosts[0].address"),
        ({"name": "a", "address": "a.example:8080"}, "hosts[0].address"),
        ({"name": "a", "address": "10.0.0.256"}, "hosts[0].address"),
        ({"name": "a", "address": "-a.example"}, "hosts[0].address"),
        ({"name": "a", "address": ""}, "hosts[0].address"),
        ({"name": "a", "address": "a..example"}, "hosts[0].address"),
        ({"name": "a", "address": "a.example", "p2p_port": 0}, "hosts[0].p2p_port"),
        ({"name": "a", "address": "a.example", "p2p_port": 65536}, "hosts[0].p2p_port"),
        ({"name": "a", "address": "a.example", "p2p_port": "40400"}, "hosts[0].p2p_port"),
        ({"name": "a", "address": "a.example", "p2p_port": True}, "hosts[0].p2p_port"),
        ({"name": "a", "aztec": "http://a", "p2p_port": 40400}, "hosts[0].p2p_port"),
        ({"name": "a", "aztec": f"ftp://a/{KEY}"}, "hosts[0].aztec"),
        ({"name": "a", "ethereum": []}, "hosts[0].ethereum"),
        ({"name": "a", "ethereum": [f"http://a/{KEY}", f"http://a/{KEY}"]}, "hosts[0].ethereum"),
        ("a", "hosts[0]"),
    ],
    ids=lambda value: None,
)
def test_read_hosts__one_problem__told_by_its_place_and_without_urls(host, place):
    with pytest.raises(InputError) as refused:
        read_hosts(json.dumps({"hosts": [host]}).encode(), is_json=True)
    assert set(refused.value.facts) == {place}
    assert KEY not in str(refused.value)


def test_read_hosts__several_problems__all_at_once():
    document = {"hosts": [{"name": "a", "adress": "x"}, {"name": "a", "aztec": "x"}], "host": 1}
    with pytest.raises(InputError) as refused:
        read_hosts(json.dumps(document).encode(), is_json=True)
    assert set(refused.value.facts) == {
        "host",
        "hosts[0]",
        "hosts[0].adress",
        "hosts[1].aztec",
        "hosts[1].name",
    }
    assert "5 problems" in refused.value.sentence
    assert "did you mean address?" in refused.value.facts["hosts[0].adress"]


@pytest.mark.parametrize(
    "content", [b"", b"[]", b"{", b'{"hosts": []}', b"\xff", b"[" * 10_000], ids=lambda _: None
)
@pytest.mark.parametrize("is_json", [True, False], ids=["JSON", "TOML"])
def test_read_hosts__no_list_of_hosts__refused(content, is_json):
    with pytest.raises(InputError):
        read_hosts(content, is_json=is_json)


@pytest.mark.parametrize("is_json", [True, False], ids=["JSON", "TOML"])
def test_read_hosts__number_without_end__refused_by_name(is_json):
    digits = "9" * 5000
    toml = f'[[hosts]]\nname = "a"\naddress = "127.0.0.1"\np2p_port = {digits}\n'
    content = f'{{"hosts": [{{"name": "a", "p2p_port": {digits}}}]}}' if is_json else toml
    with pytest.raises(InputError, match="too many digits"):
        read_hosts(content.encode(), is_json=is_json)
