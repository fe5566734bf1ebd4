"""Metrics to a Pushgateway, for what runs now and then and is scraped in between."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from typing import Final
from urllib.parse import quote

from aztec_butler.clients.http import HttpTransport
from aztec_butler.core.errors import NodeRefused
from aztec_butler.serving.site import PLAIN_TYPE

TIMEOUT_SECONDS: Final = 10.0
_ENCODED: Final = "@base64"


def push_metrics(
    url: str, content: bytes, *, job: str, instance: str, timeout_seconds: float = TIMEOUT_SECONDS
) -> None:
    """Put metrics in the place of those that were pushed last with the same labels.

    Args:
        url: of the Pushgateway; may hold a name and a password, which no message shows.
        content: the metrics as text, in Prometheus' own format.
        job: label ``job``.
        instance: label ``instance``.
        timeout_seconds: for all of it.

    Raises:
        NodeUnreachable: no whole answer arrived.
        NodeRefused: the Pushgateway did not take them.
    """
    headers = {"content-type": PLAIN_TYPE}
    with HttpTransport(url, headers=headers, timeout_seconds=timeout_seconds, max_body_bytes=1 << 16) as way:
        response = way.put(content, path=f"/metrics{_label('job', job)}{_label('instance', instance)}")
        if response.status not in (200, 202):
            raise NodeRefused(
                "the Pushgateway did not take the metrics",
                endpoint=way.endpoint.name,
                http_status=response.status,
                reason=way.endpoint.redact(response.body.decode(errors="replace").strip()) or None,
            )


def _label(name: str, value: str) -> str:
    """A label as a part of a path: slashes and nothing at all cannot stand there as they are.

    >>> _label("job", "a b"), _label("job", "a/b"), _label("instance", "")
    ('/job/a%20b', '/job@base64/YS9i', '/instance@base64/=')
    """
    if "/" in value or not value:
        return f"/{name}{_ENCODED}/{urlsafe_b64encode(value.encode()).decode() or '='}"
    return f"/{name}/{quote(value, safe='')}"
