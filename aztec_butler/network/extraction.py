"""Events of long ranges into a place that many share: the same extraction in this process and on a cluster."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs

from aztec_butler.archive.contracts import canary_of, find_contracts
from aztec_butler.archive.coverage import Gap, gaps
from aztec_butler.archive.extraction import Extraction, OwnHands, Source, Tally, close_gaps
from aztec_butler.archive.reader import EventReader, Span, Steps
from aztec_butler.clients.block_range import fetch_range
from aztec_butler.clients.blocks import fetch_block
from aztec_butler.core.errors import InputError, NodeRefused, NotFoundError
from aztec_butler.network.events import EventQuestion, check_configured
from aztec_butler.store.events import EventStore

if TYPE_CHECKING:
    from aztec_butler.archive.extraction import Hands
    from aztec_butler.clients.snapshot import Progress
    from aztec_butler.core.records import BlockStamp
    from aztec_butler.network.connection import Connection
    from aztec_butler.network.network import Network

_ATTEMPTS = 3
"""Files that are found damaged on the way are missing, and fetched again."""


def extract(
    network: Network,
    events: str | Sequence[str],
    first_block: int | str | date | timedelta | None,
    last_block: int | str | date | timedelta | None,
    path: str | Path,
    *,
    client: Any = None,
    l1: str | Sequence[str] | None = None,
    contracts: Mapping[str, str] | None = None,
    storage_options: Mapping[str, Any] | None = None,
    requests_per_second: float | None = None,
    at_once: int | None = None,
) -> Extraction:
    """Read the final events of a range of blocks into an event store, here or on a Dask cluster.

    The store is one that ``connect(event_store=path)`` reads and ``dask_events(path)`` shows. What it holds already is not
    asked for again, so a run that was stopped goes on when it is repeated. On a cluster the range is cut into parts; each
    worker connects to the nodes by itself, reads parts and writes files, and this process publishes them. The loss of a
    worker costs the part that it was reading; no log is missing or there twice.

    >>> from distributed import Client  # doctest: +SKIP
    >>> net = ab.connect("mainnet", l1="https://...", requests_per_second=100)  # doctest: +SKIP
    >>> with Client("tcp://scheduler:8786") as client:  # doctest: +SKIP
    ...     ab.extract(net, "staking", None, None, "s3://bucket/aztec", client=client)

    Any cluster will do, for example ``dask_kubernetes.operator.KubeCluster(image=...)`` or
    ``distributed.SSHCluster([...])``. All of its workers and this process need the same version of aztec_butler, and
    must reach ``path`` by that name: an address of fsspec, or a folder that all of them mount. The nodes' URLs travel to the
    workers with the work, to nobody's eyes, but through the cluster's network: use Dask's TLS where others listen to it.

    Args:
        network: from ``connect``. Of a network pinned to a block nothing behind it is read.
        events: as for ``Network.events``.
        first_block: where to begin: a block, a time, or a distance back from the end; None for the network's first block.
        last_block: where to end: a block, a time, or a distance from the beginning; None for the last final block.
        path: a folder, or an address that fsspec knows (``s3://...``).
        client: of a Dask cluster (``distributed.Client``); None for this process alone.
        l1: URLs of Ethereum nodes as the workers reach them; None for the network's own.
        contracts: contracts that nothing leads to from the Registry, as role by address.
        storage_options: what fsspec needs to reach the path, keys for example. Never shown.
        requests_per_second: limit for each endpoint, for all workers together; None for the network's own limit.
        at_once: parts under way at once; None for as many as the workers have threads.

    Returns:
        What was fetched; see ``Extraction``. The store then holds all of the range.

    Raises:
        InputError: an unknown event, no range, no such place, or no client; or a worker wrote what is not seen here.
        NotFoundError: the range reaches behind the last final block.
        CheckFailed: the store holds events of another chain.
        SettingsError: the workers have another version of aztec_butler.
        NodeError: a node, the store's place or the cluster failed; what came until then is kept.
    """
    started = time.monotonic()
    question = EventQuestion.of(events, first_block, last_block, contracts)
    if at_once is not None and at_once < 1:
        raise InputError("at least one part is under way", at_once=at_once)
    if client is not None:
        from aztec_butler.archive.cluster import check_client

        check_client(client)
    if isinstance(path, Path) or "://" not in path:
        path = Path(path).expanduser().absolute()  # workers have working directories of their own
    connection = network._connection  # noqa: SLF001 - of this room
    settings = connection.rpc.settings
    if l1 is not None:
        settings = settings.at(l1)
    if requests_per_second is not None:
        settings = attrs.evolve(settings, requests_per_second=requests_per_second)
    head = _final_block(network)
    final = network.at(head.number)
    store = EventStore(
        path,
        chain_id=final.deployment.chain_id,
        genesis_hash=connection.rpc.call("eth_getBlockByNumber", hex(0), False)["hash"],
        storage_options=storage_options,
    )
    canary = canary_of(final.deployment)
    reader = EventReader(connection.rpc, store, canary=canary)
    whole = _whole(connection, final, head, question, reader)
    source = Source(rpc=settings, store=store, canary=canary, anchor=(head.number, head.hash))
    tally = _fill(whole, source, reader, connection, client, at_once)
    return Extraction(
        first_block=whole.first_block,
        last_block=whole.last_block,
        rows={event: tally.rows[event] for event in whole.events},
        ranges=tuple(tally.ranges),
        files=tally.files,
        seconds=time.monotonic() - started,
    )


def _final_block(network: Network) -> BlockStamp:
    """The network's block, or the last final one before it."""
    block, finalized_number = fetch_block(network.rpc, network.block_name)
    if block.number <= finalized_number:
        return block
    if finalized_number < 0:
        raise NotFoundError(
            "no block of this chain is final",
            hint="only final events are kept; net.events() reads the others",
        )
    return fetch_block(network.rpc, finalized_number)[0]


def _whole(
    connection: Connection, final: Network, head: BlockStamp, question: EventQuestion, reader: EventReader
) -> Gap:
    """All that is wanted."""
    deployment = final.deployment
    earliest = min(deployment.first_block, head.number)
    try:
        first_block, last_block = fetch_range(
            connection.rpc, question.first, question.last, earliest=earliest, head=head
        )
    except NotFoundError as error:
        error.hint = f"block {head.number} is the last final one; what lies behind it is not kept, net.events() reads it"
        raise
    roles = {kind.role for kind in question.kinds}
    found = find_contracts(
        roles,
        deployment,
        multicall=connection.multicall,
        block=head,
        read_events=lambda kinds, fixed: reader.read(
            kinds,
            fixed,
            Span(first_block=earliest, last_block=head.number, block=head, finalized_number=head.number),
        ),
    )
    contracts = {**found, **question.contracts}
    check_configured(roles, contracts.values())
    return Gap(
        contracts={address: role for address, role in contracts.items() if role in roles},
        events=tuple(kind.record for kind in question.kinds if kind.role in contracts.values()),
        first_block=first_block,
        last_block=last_block,
    )


def _fill(
    whole: Gap,
    source: Source,
    reader: EventReader,
    connection: Connection,
    client: Any,
    at_once: int | None,
) -> Tally:
    """Fetch until nothing is missing."""
    store = source.store
    tally = Tally(store)
    for _ in range(_ATTEMPTS):
        missing = store.missing(whole.contracts, whole.events, whole.first_block, whole.last_block)
        lacking = gaps(whole, reader.covered(store))
        if not missing and not lacking:
            return tally
        total = sum(gap.last_block - gap.first_block + 1 for gap in lacking)
        steps = Steps(_told(connection.progress), total)
        close_gaps(lacking, _hands(source, client, at_once, steps), tally)
        store.compact()
    raise NodeRefused(
        "files of the event store are damaged as soon as they are written",
        hint="check the disk, or use another place",
        store=repr(store),
    )


def _told(progress: Progress | None) -> Callable[[int, int], None] | None:
    return None if progress is None else lambda done, total: progress(done, total, "blocks of events")


def _hands(source: Source, client: Any, at_once: int | None, steps: Steps) -> Hands:
    """Whoever will read."""
    if client is None:
        return OwnHands(source, steps.done)
    from aztec_butler.archive.cluster import Cluster, threads_of

    count = at_once or threads_of(client)
    limit = source.rpc.requests_per_second
    if limit is not None:
        # No more than this many doors are open at once, so together they keep the limit.
        source = attrs.evolve(source, rpc=attrs.evolve(source.rpc, requests_per_second=limit / count))
    return Cluster(client, source, at_once=count, told=steps.done)
