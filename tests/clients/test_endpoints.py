"""What may be said about an endpoint, and what may not."""

import base64
import pickle

import pytest

from aztec_butler.clients.endpoints import Endpoint
from aztec_butler.core.errors import SettingsError

KEY = "0123456789abcdef0123456789abcdef"
URL = f"https://user:s3cretpw@host.example:8443/v3/{KEY}?apikey=qu3rykey&x=1"


def test_endpoint__url_with_every_kind_of_secret__taken_apart():
    endpoint = Endpoint.parse(URL)

    assert (endpoint.scheme, endpoint.host, endpoint.port) == ("https", "host.example", 8443)
    assert endpoint.target == f"/v3/{KEY}?apikey=qu3rykey&x=1"
    assert endpoint.headers == (("authorization", "Basic " + base64.b64encode(b"user:s3cretpw").decode()),)
    assert endpoint.name == "host.example:8443"


def test_endpoint__percent_encoded_password__is_decoded_before_it_is_sent():
    endpoint = Endpoint.parse("http://me:p%40ss%3A@node.example")

    assert base64.b64decode(endpoint.headers[0][1].removeprefix("Basic ")) == b"me:p@ss:"


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("http://127.0.0.1:8545", "127.0.0.1:8545"),
        ("https://node.example/v3/key", "node.example"),
        ("http://[::1]:8545/rpc", "[::1]:8545"),
        ("HTTPS://Node.Example", "node.example"),
    ],
    ids=["ip", "no-port", "ipv6", "case"],
)
def test_endpoint__name__is_host_and_port_as_given(url, name):
    assert Endpoint.parse(url).name == name


@pytest.mark.parametrize("show", [repr, str, "{}".format, lambda endpoint: repr([endpoint])])
def test_endpoint__shown__tells_only_its_name(show):
    assert show(Endpoint.parse(URL)).strip("[]") == "<Endpoint host.example:8443>"
    assert "mine" in show(Endpoint.parse(URL, name="mine"))
    assert "host" not in show(Endpoint.parse(URL, name="mine"))


@pytest.mark.parametrize(
    "url",
    [
        "",
        "node.example:8545",
        f"ws://host.example/{KEY}",
        f"https:///{KEY}",
        f"https://host.example:99999/{KEY}",
        f"https://host.example:0/{KEY}",
        f"https://host.example:port/{KEY}",
        f"https://[::1/{KEY}",
        f"https://host.example/{KEY} ",
        f"https://host.example/{KEY}\r\nx: y",
        f"https://hôst.example/{KEY}",
        f"https://{'a' * 64}.example/{KEY}",
        f"https://host..example/{KEY}",
    ],
)
def test_endpoint__no_usable_url__is_refused_without_showing_it(url):
    with pytest.raises(SettingsError) as caught:
        Endpoint.parse(url)

    assert KEY not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None


@pytest.mark.parametrize("headers", [{"x-api-key": f"{KEY}\r\nx: y"}, {"bad name": "1"}, {"x": "é"}])
def test_endpoint__header_that_http_cannot_carry__is_refused_without_showing_it(headers):
    with pytest.raises(SettingsError) as caught:
        Endpoint.parse("http://node.example", headers=headers)

    assert KEY not in str(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        f"project {KEY} has no access",
        f"429 for url: https://user:s3cretpw@host.example:8443/v3/{KEY}?apikey=qu3rykey",
        "wrong password s3cretpw",
        "apikey=qu3rykey is disabled",
        f"/v3/{KEY} not found",
        "Basic " + base64.b64encode(b"user:s3cretpw").decode(),
        base64.b64encode(b"user:s3cretpw").decode(),
    ],
)
def test_redact__secret_of_the_endpoint__is_removed(text):
    shown = Endpoint.parse(URL).redact(text)

    for secret in (KEY, "s3cretpw", "qu3rykey", base64.b64encode(b"user:s3cretpw").decode()):
        assert secret not in shown
    assert "***" in shown


def test_redact__url_of_somebody_else__keeps_only_its_host():
    text = 'Post "https://me:pw@up.example:1/v2/otherkey?z=1": dial tcp 10.0.0.1:443: connection refused'

    assert (
        Endpoint.parse("http://proxy.local").redact(text)
        == 'Post "https://up.example:1/***": dial tcp 10.0.0.1:443: connection refused'
    )


def test_redact__api_key_header__is_removed():
    assert (
        Endpoint.parse("http://a.example", headers={"x-api-key": KEY}).redact(f"bad key {KEY}")
        == "bad key ***"
    )


def test_redact__percent_encoded_key__is_removed_in_both_forms():
    endpoint = Endpoint.parse("https://a.example/rpc?key=ab%2Bcd%3Def")

    assert endpoint.redact("key ab+cd=ef, sent as ab%2Bcd%3Def") == "key ***, sent as ***"


def test_redact__long_text__is_cut_after_the_secrets_are_gone():
    endpoint = Endpoint.parse(URL)
    text = "x" * 290 + KEY + "y" * 1000

    shown = endpoint.redact(text)

    assert len(shown) <= 303
    assert KEY[:8] not in shown


def test_redact__secret_across_the_first_cut__leaves_no_half():
    endpoint = Endpoint.parse(URL)
    text = KEY * 200  # 6400 characters: the first cut may fall into the middle of one

    assert KEY[:6] not in endpoint.redact(text, limit=300)


def test_endpoint__pickled__keeps_working():
    copy = pickle.loads(pickle.dumps(Endpoint.parse(URL)))

    assert copy == Endpoint.parse(URL)
    assert copy.redact(KEY) == "***"
