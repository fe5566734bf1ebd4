"""Which proxy is between us and an endpoint."""

import pytest

from aztec_butler.clients.endpoints import Endpoint
from aztec_butler.clients.proxies import proxy_for
from aztec_butler.core.errors import SettingsError

HTTP = Endpoint.parse("http://node.example:8545")
HTTPS = Endpoint.parse("https://node.example/key")


def host_of(endpoint, **environment):
    proxy = proxy_for(endpoint, environment)
    return None if proxy is None else f"{proxy.host}:{proxy.port}"


def test_proxy_for__no_variables__is_none():
    assert host_of(HTTP) is None


def test_proxy_for__scheme__has_its_own_variable_and_lower_case_wins():
    environment = {
        "HTTP_PROXY": "http://a.example:1",
        "https_proxy": "http://b.example:2",
        "HTTPS_PROXY": "http://c.example:3",
    }

    assert host_of(HTTP, **environment) == "a.example:1"
    assert host_of(HTTPS, **environment) == "b.example:2"


def test_proxy_for__bare_host__is_taken_as_http():
    assert host_of(HTTP, http_proxy="a.example:3128") == "a.example:3128"


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:8545", "http://localhost:1", "http://[::1]:1", "http://node.localhost"]
)
def test_proxy_for__this_machine__is_reached_directly(url):
    assert host_of(Endpoint.parse(url), http_proxy="http://a.example:1") is None


@pytest.mark.parametrize(
    ("url", "exempt", "direct"),
    [
        ("http://node.example", "*", True),
        ("http://node.example", "example", True),
        ("http://node.example", ".example", True),
        ("http://node.example", "other, node.example", True),
        ("http://node.example", "*.example", True),
        ("http://node.example", "ode.example", False),
        ("http://node.example", "", False),
        ("http://node.example:8545", "node.example:8545", True),
        ("http://node.example:8545", "node.example:80", False),
        ("http://10.1.2.3", "10.0.0.0/8", True),
        ("http://11.1.2.3", "10.0.0.0/8", False),
        ("http://node.example", "10.0.0.0/8", False),
        ("http://10.1.2.3", "10.1.2.3", True),
        ("http://[fd00::1]", "fd00::1", True),
        ("http://[fd00::1]:8545", "[fd00::1]", True),
        ("http://NODE.example", "Node.Example", True),
    ],
)
def test_proxy_for__no_proxy__exempts(url, exempt, direct):
    assert (host_of(Endpoint.parse(url), http_proxy="http://a.example:1", no_proxy=exempt) is None) is direct


@pytest.mark.parametrize("url", ["socks5://u:s3cret@a.example:1", "https://u:s3cret@a.example:1"])
def test_proxy_for__kind_we_cannot_use__is_refused_without_its_password(url):
    with pytest.raises(SettingsError) as caught:
        proxy_for(HTTPS, {"HTTPS_PROXY": url})

    assert "s3cret" not in str(caught.value)
    assert caught.value.facts["variable"] == "HTTPS_PROXY"
