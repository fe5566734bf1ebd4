"""Workers of a Dask cluster as hands: each reads stretches by itself, with a door to the nodes of its own.

What Dask shows of its work, on the dashboard and in logs, is the names of functions and keys, at worst the ``repr`` of
arguments; none of them holds a URL or a key. A worker that dies is Dask's business: it gives the stretch to another one.
"""

from __future__ import annotations

import queue
import time
import uuid
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from aztec_butler import __version__
from aztec_butler.archive.extraction import Source, Stretch, read_stretch
from aztec_butler.core.errors import InputError, NodeError, NodeUnreachable, SettingsError

if TYPE_CHECKING:
    from aztec_butler.archive.coverage import Gap

_GLANCE_SECONDS: Final = 5.0
_PATIENCE_SECONDS: Final = 300.0
"""Clusters that grow with their work need minutes for the first worker."""
_INSTALL: Final = f"pip install 'aztec-butler[scale]=={__version__}' on every worker"


def open_client(scheduler: str) -> Any:
    """A client of the cluster whose scheduler listens at an address like ``tcp://10.0.0.1:8786``.

    Raises:
        SettingsError: Dask is not installed.
        NodeUnreachable: nobody answers there.
    """
    try:
        import distributed
    except ImportError:
        raise SettingsError("a cluster needs Dask", hint="pip install 'aztec-butler[scale]'") from None
    try:
        client = distributed.Client(scheduler, set_as_default=False)  # type: ignore[no-untyped-call,unused-ignore]
    except (OSError, ValueError) as error:
        raise NodeUnreachable(
            "the Dask scheduler does not answer", scheduler=scheduler, reason=type(error).__name__
        ) from None
    return client


def check_client(client: Any) -> None:
    """Refuse what is no client of a Dask cluster that can be waited for.

    Raises:
        InputError: it is something else.
    """
    if not (hasattr(client, "submit") and hasattr(client, "nthreads")):
        raise InputError(
            "expected a client of a Dask cluster",
            hint="from distributed import Client; client=Client('tcp://...')",
            type=type(client).__name__,
        )
    if getattr(client, "asynchronous", False):
        raise InputError(
            "an asynchronous Dask client cannot be waited for", hint="Client(..., asynchronous=False)"
        )


def threads_of(client: Any, *, patience_seconds: float = _PATIENCE_SECONDS) -> int:
    """How many threads the workers have together, once there is one.

    Raises:
        NodeUnreachable: the cluster has no worker, or does not answer.
    """
    try:
        client.wait_for_workers(1, timeout=patience_seconds)
        threads: dict[str, int] = client.nthreads()
        return max(1, sum(threads.values()))
    except (OSError, TimeoutError, ValueError):
        raise NodeUnreachable(
            "the Dask cluster has no worker", hint="start some, or look at its dashboard"
        ) from None


class Cluster:
    """The workers of a Dask cluster.

    Args:
        client: of the cluster.
        source: what to read from, and where to.
        at_once: stretches under way at once.
        told: called with how many blocks more were read.
        patience_seconds: how long to wait for a worker when there is none.
    """

    attempts = 2

    def __init__(
        self,
        client: Any,
        source: Source,
        *,
        at_once: int,
        told: Callable[[int], None],
        patience_seconds: float = _PATIENCE_SECONDS,
    ) -> None:
        self._client = client
        self._source = source
        self.at_once = at_once
        self._told = told
        self._patience_seconds = patience_seconds
        # Answers of another run under the same name must not be taken for this one's.
        self._run = uuid.uuid4().hex[:8]
        self._count = 0
        self._under_way: dict[str, tuple[Any, Gap]] = {}
        self._done: queue.SimpleQueue[Any] = queue.SimpleQueue()

    def start(self, gap: Gap) -> None:
        """Give a gap to the scheduler."""
        self._count += 1
        key = f"aztec-events-{self._run}-{self._count}-blocks-{gap.first_block}-{gap.last_block}"
        future = self._client.submit(read_stretch, self._source, gap, key=key, pure=False)
        self._under_way[key] = future, gap
        future.add_done_callback(self._done.put)

    def next_done(self) -> Stretch:
        """Wait until any stretch is done."""
        last_seen = time.monotonic()
        while True:
            try:
                future = self._done.get(timeout=_GLANCE_SECONDS)
            except queue.Empty:
                if self._has_workers():
                    last_seen = time.monotonic()
                elif (
                    self._client.status == "closed" or time.monotonic() - last_seen >= self._patience_seconds
                ):
                    raise NodeUnreachable(
                        "the Dask cluster has lost its workers",
                        hint="what came until then is kept: start workers, and ask again",
                    ) from None
                continue
            _, gap = self._under_way[future.key]
            stretch = _result(future, gap)
            self._told(stretch.last_block - gap.first_block + 1)
            del self._under_way[future.key]  # last: whoever is interrupted before finds it in ``close``
            return stretch

    def close(self) -> list[Stretch]:
        """Cancel what is under way. A stretch that runs already ends by itself, and nobody will see it."""
        left, self._under_way = list(self._under_way.values()), {}
        done: list[Stretch] = []
        with suppress(OSError, TimeoutError):  # the scheduler may be gone
            done += [future.result() for future, _ in left if future.status == "finished"]
        rest = [future for future, _ in left if future.status != "finished"]
        if rest and self._client.status == "running":
            self._client.cancel(rest)
        return done

    def _has_workers(self) -> bool:
        try:
            return self._client.status == "running" and bool(self._client.nthreads())
        except (OSError, TimeoutError, ValueError):
            return False


def _result(future: Any, gap: Gap) -> Stretch:
    """What a worker answered.

    Raises:
        NodeError: the workers died, or the scheduler did.
        SettingsError: the workers lack this package.
    """
    from distributed import KilledWorker

    blocks: dict[str, Any] = {"first_block": gap.first_block, "last_block": gap.last_block}
    if future.status in {"cancelled", "lost"}:
        raise NodeUnreachable(
            "the Dask scheduler dropped a part of the work", hint="it may have been restarted", **blocks
        )
    error = future.exception() if future.status == "error" else None
    if isinstance(error, KilledWorker):
        raise NodeError(
            "every worker that read these blocks died",
            hint="often the system stopped it for want of memory: see the workers' logs",
            retryable=True,
            **blocks,
        )
    if isinstance(error, ImportError):
        raise SettingsError("a worker lacks what it needs", hint=_INSTALL, reason=str(error))
    if error is not None:
        raise error
    stretch: Stretch = future.result()
    return stretch
