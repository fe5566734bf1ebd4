"""The file that names an operator's hosts and what should answer on each. Pure.

::

    [[hosts]]
    name = "sequencer-1"
    address = "seq1.example.com"                # a DNS name or an IP address
    p2p_port = 40400                            # TCP; leave out where nothing listens
    aztec = "http://seq1.example.com:8080"      # JSON-RPC of the Aztec node
    ethereum = ["http://10.0.0.5:8545"]         # JSON-RPC of the Ethereum nodes that it uses

The same in JSON: ``{"hosts": [{"name": "sequencer-1", ...}]}``. URLs may hold keys: no message shows one.
"""

from __future__ import annotations

import ipaddress
import json
import re
import tomllib
from collections.abc import Callable, Mapping
from typing import Any, Final, TypeVar

import attrs

from aztec_butler.core.errors import InputError
from aztec_butler.core.json_depth import check_depth
from aztec_butler.core.setting_values import alternatives, read_url, read_urls

_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_LABEL: Final = re.compile(r"(?!-)[A-Za-z0-9_-]{1,63}(?<!-)")
_FIELDS: Final = ("name", "address", "p2p_port", "aztec", "ethereum")
_Value = TypeVar("_Value")


@attrs.frozen(kw_only=True)
class Host:
    """One machine.

    Args:
        name: what messages call it.
        address: a DNS name or an IP address; None where only its endpoints are known.
        p2p_port: TCP port of the node's peer-to-peer network; None where nothing listens.
        aztec: URL of the Aztec node's JSON-RPC; None where there is none. May be secret.
        ethereum: URLs of Ethereum nodes. May be secret.
    """

    name: str
    address: str | None = None
    p2p_port: int | None = None
    aztec: str | None = attrs.field(default=None, repr=False)
    ethereum: tuple[str, ...] = attrs.field(default=(), repr=False)


def read_hosts(content: bytes, *, is_json: bool) -> tuple[Host, ...]:
    """The hosts of a file, in its order.

    Args:
        content: the file's bytes.
        is_json: JSON, or else TOML.

    Raises:
        InputError: with every problem there is, each by its place in the file.
    """
    document = _document(content, is_json=is_json)
    problems: dict[str, str] = {}
    for name in document:
        if name != "hosts":
            problems[str(name)] = f"no such entry; {alternatives(str(name), ['hosts'])}"
    entries = document.get("hosts")
    if not isinstance(entries, list) or not entries:
        problems["hosts"] = "expected a list of hosts that is not empty"
        entries = []
    hosts = [_read_host(entry, f"hosts[{position}]", problems) for position, entry in enumerate(entries)]
    seen: dict[str, int] = {}
    for position, host in enumerate(hosts):
        if host.name and host.name in seen:
            problems[f"hosts[{position}].name"] = f"hosts[{seen[host.name]}] has this name, too"
        seen.setdefault(host.name, position)
    if problems:
        count = len(problems)
        raise InputError(
            "a file of hosts has a problem" if count == 1 else f"a file of hosts has {count} problems",
            **problems,
        )
    return tuple(hosts)


def _document(content: bytes, *, is_json: bool) -> Mapping[str, Any]:
    kind = "JSON" if is_json else "TOML"
    check_depth(content)
    try:
        text = content.decode("utf-8-sig")
        document = json.loads(text) if is_json else tomllib.loads(text)
    except UnicodeDecodeError:
        raise InputError("a file of hosts is not UTF-8 text") from None
    except json.JSONDecodeError as error:
        raise InputError(
            f"a file of hosts is not {kind}", reason=error.msg, line=error.lineno, column=error.colno
        ) from None
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"a file of hosts is not {kind}", reason=str(error)) from None
    except ValueError:
        raise InputError("a file of hosts holds a number with too many digits") from None
    if not isinstance(document, dict):
        raise InputError("a file of hosts is an object with a list `hosts`")
    return document


def _read_host(entry: Any, path: str, problems: dict[str, str]) -> Host:
    if not isinstance(entry, dict):
        problems[path] = "expected a host with a name"
        return Host(name="")
    for name in entry:
        if name not in _FIELDS:
            problems[f"{path}.{name}"] = f"no such field; {alternatives(str(name), _FIELDS)}"

    def field(name: str, read: Callable[[Any], _Value]) -> _Value | None:
        if entry.get(name) is None:
            return None
        try:
            return read(entry[name])
        except InputError as error:
            problems[f"{path}.{name}"] = error.sentence
            return None

    if entry.get("name") is None:
        problems[f"{path}.name"] = "every host has a name"
    host = Host(
        name=field("name", _read_name) or "",
        address=field("address", _read_address),
        p2p_port=field("p2p_port", _read_port),
        aztec=field("aztec", read_url),
        ethereum=field("ethereum", read_urls) or (),
    )
    if host.p2p_port is not None and entry.get("address") is None:
        problems[f"{path}.p2p_port"] = "a port without an address"
    if not any(entry.get(name) is not None for name in ("address", "aztec", "ethereum")):
        problems[path] = "there is nothing to check: give an address, aztec or ethereum"
    return host


def _read_name(raw: Any) -> str:
    if not isinstance(raw, str) or not _NAME.fullmatch(raw):
        raise InputError("a name has letters, digits, dots, dashes and underscores, 64 at most")
    return raw


def _read_address(raw: Any) -> str:
    sentence = "expected a DNS name or an IP address, without scheme and port"
    if not isinstance(raw, str):
        raise InputError(sentence)
    try:
        return str(ipaddress.ip_address(raw))
    except ValueError:
        labels = raw.removesuffix(".").split(".")
        is_number = labels[-1].isdigit()
        if is_number or len(raw) > 253 or not all(_LABEL.fullmatch(label) for label in labels):
            raise InputError(sentence) from None
        return raw


def _read_port(raw: Any) -> int:
    if isinstance(raw, bool) or not isinstance(raw, int) or not 1 <= raw <= 65535:
        raise InputError("a port is a whole number from 1 to 65535")
    return raw
