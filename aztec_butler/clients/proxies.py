"""Which HTTP proxy a request goes through, by the environment's customary variables.

``HTTP_PROXY``, ``HTTPS_PROXY`` and ``NO_PROXY`` (lower case wins) are honoured, as ``curl`` does it. This machine itself
(``localhost``, ``127.*``, ``::1``) is never reached through a proxy: a devnet would be looked for elsewhere.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from aztec_butler.clients.endpoints import Endpoint
from aztec_butler.core.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Mapping


def proxy_for(endpoint: Endpoint, environment: Mapping[str, str]) -> Endpoint | None:
    """The proxy between this machine and an endpoint; None for the direct way.

    Args:
        endpoint: where the request goes.
        environment: ``os.environ`` or the like.

    Raises:
        SettingsError: the variable does not hold an ``http://`` URL.
    """
    variable = f"{endpoint.scheme}_proxy"
    url = environment.get(variable) or environment.get(variable.upper())
    if not url or _is_this_machine(endpoint.host):
        return None
    if _is_exempt(endpoint, environment.get("no_proxy") or environment.get("NO_PROXY") or ""):
        return None
    if "://" not in url:
        url = "http://" + url
    if not url.startswith("http://"):
        raise SettingsError(
            "the proxy in the environment is of a kind this package cannot use",
            hint="only http:// proxies are spoken to; unset the variable or name the host in NO_PROXY",
            variable=variable.upper(),
            scheme=url.partition("://")[0],
        )
    return Endpoint.parse(url, name=f"proxy of {variable.upper()}")


def _is_this_machine(host: str) -> bool:
    return host in ("localhost", "::1") or host.startswith("127.") or host.endswith(".localhost")


def _is_exempt(endpoint: Endpoint, exempt: str) -> bool:
    host = endpoint.host.rstrip(".")
    for entry in exempt.lower().split(","):
        entry = entry.strip().removeprefix("*.")
        if entry == "*":
            return True
        if "/" in entry and _is_in_network(host, entry):
            return True
        if entry.startswith("["):
            entry = entry.partition("]")[0].removeprefix("[")
        elif entry.count(":") == 1:
            entry, _, port = entry.partition(":")
            if port != str(endpoint.port):
                continue
        entry = entry.strip(".")
        if entry and (host == entry or host.endswith("." + entry)):
            return True
    return False


def _is_in_network(host: str, network: str) -> bool:
    import ipaddress

    with suppress(ValueError):
        return ipaddress.ip_address(host) in ipaddress.ip_network(network, strict=False)
    return False
