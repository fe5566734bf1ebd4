"""How a door to nodes is opened, as a value: for another process, which opens its own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import attrs

from aztec_butler.clients.endpoints import Endpoint
from aztec_butler.clients.policy import RetryPolicy

if TYPE_CHECKING:
    from aztec_butler.clients.rpc import Rpc


@attrs.frozen(kw_only=True, repr=False)
class RpcSettings:
    """The arguments of an ``Rpc``, without what belongs to its process. Can be pickled; shows no more than hosts.

    Args:
        endpoints: the preferred one first.
        policy: how patient it is.
        requests_per_second: limit for each endpoint; None for none.
        timeout_seconds: for each HTTP request.
        chain_id: that every endpoint must have; None to take the first one's.
        batch_size: items of a JSON-RPC batch at most.
        workers: requests under way at once.
    """

    endpoints: tuple[Endpoint, ...]
    policy: RetryPolicy
    requests_per_second: float | None
    timeout_seconds: float
    chain_id: int | None
    batch_size: int
    workers: int

    def at(self, endpoints: str | Endpoint | Sequence[str | Endpoint]) -> RpcSettings:
        """The same for other endpoints.

        Raises:
            SettingsError: a URL is none.
        """
        given = [endpoints] if isinstance(endpoints, str | Endpoint) else list(endpoints)
        parsed = [each if isinstance(each, Endpoint) else Endpoint.parse(each) for each in given]
        return attrs.evolve(self, endpoints=tuple(parsed))

    def open(self) -> Rpc:
        """A door of one's own."""
        from aztec_butler.clients.rpc import Rpc

        return Rpc(
            self.endpoints,
            policy=self.policy,
            requests_per_second=self.requests_per_second,
            timeout_seconds=self.timeout_seconds,
            chain_id=self.chain_id,
            batch_size=self.batch_size,
            workers=self.workers,
        )

    def __repr__(self) -> str:
        return f"<RpcSettings {', '.join(endpoint.name for endpoint in self.endpoints)}>"
