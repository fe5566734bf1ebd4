"""Whether an operator's hosts answer: names, peer-to-peer ports, Aztec nodes and Ethereum nodes, all at once.

Every check has its own time limit, and none of them waits for another: a host that swallows packets costs its own
time-out and nobody else's.
"""

from __future__ import annotations

import ipaddress
import socket
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any, Final

import attrs

from aztec_butler.clients.aztec_node import AztecNode
from aztec_butler.clients.endpoints import Endpoint
from aztec_butler.clients.host_tasks import HostTask, run_tasks
from aztec_butler.clients.l1_checks import Expected, check_endpoint
from aztec_butler.clients.node_checks import check_node
from aztec_butler.clients.policy import NO_RETRIES
from aztec_butler.clients.rpc import Rpc
from aztec_butler.core.checks import Check, Outcome, failed_by
from aztec_butler.core.errors import ButlerError
from aztec_butler.core.hosts import Host

DEFAULT_TIMEOUT_SECONDS: Final = 10.0
_REQUESTS: Final = 8
"""What a node is asked at most, one after the other: the limit of a whole check."""
_HEAD: Final = ("reachable", "chain", "head", "finality")

Resolve = Callable[[str, int | None], list[Any]]


@attrs.frozen(kw_only=True)
class HostAnswer:
    """What one thing on a host answered, and how fast.

    Args:
        host: its name.
        check: ``dns``, ``p2p``, ``aztec`` or ``ethereum``, with a number where there are several of it.
        is_ok: whether everything that was looked at is in order.
        seconds: until it gave its first answer: a name, a connection, a reply; None when there was none.
    """

    host: str
    check: str
    is_ok: bool
    seconds: float | None


def check_hosts(
    hosts: Sequence[Host],
    *,
    chain_id: int,
    block_seconds: int | None = None,
    timeout_seconds: float = DEFAULT_TIMEOUT_SECONDS,
    resolve: Resolve | None = None,
) -> tuple[Check, ...]:
    """Examine hosts.

    Args:
        hosts: what should answer.
        chain_id: of L1: every node has to follow it.
        block_seconds: between blocks of L1; None where an old head means nothing.
        timeout_seconds: for a name, a connection, a request.
        resolve: looks a name up, as ``socket.getaddrinfo``.

    Returns:
        The checks in the order of the file, a failure for each that did not end in time.
    """
    tasks = _all_tasks(hosts, chain_id, block_seconds, timeout_seconds, resolve)
    return tuple(check for found, _ in run_tasks(tasks) for check in found)


def measure_hosts(
    hosts: Sequence[Host],
    *,
    chain_id: int,
    block_seconds: int | None = None,
    timeout_seconds: float = DEFAULT_TIMEOUT_SECONDS,
    resolve: Resolve | None = None,
) -> tuple[HostAnswer, ...]:
    """Examine hosts as ``check_hosts`` does, and tell how fast they answered.

    Args:
        hosts: what should answer.
        chain_id: of L1: every node has to follow it.
        block_seconds: between blocks of L1; None where an old head means nothing.
        timeout_seconds: for a name, a connection, a request.
        resolve: looks a name up, as ``socket.getaddrinfo``.

    Returns:
        One answer for each name, port and URL, in the order of the file.
    """
    tasks = _all_tasks(hosts, chain_id, block_seconds, timeout_seconds, resolve)
    return tuple(
        HostAnswer(
            host=task.host,
            check=task.check,
            is_ok=all(check.outcome is not Outcome.FAIL for check in found),
            # What failed at once has not answered, however fast it failed.
            seconds=seconds if found[0].outcome is not Outcome.FAIL else None,
        )
        for task, (found, seconds) in zip(tasks, run_tasks(tasks), strict=True)
    )


def _all_tasks(
    hosts: Sequence[Host],
    chain_id: int,
    block_seconds: int | None,
    timeout_seconds: float,
    resolve: Resolve | None,
) -> list[HostTask]:
    expected = Expected(
        chain_id=chain_id,
        block_seconds=block_seconds,
        registry=None,
        staking_registry=None,
        first_block=None,
    )
    return [
        task
        for host in hosts
        for task in _tasks(host, expected, timeout_seconds, resolve or socket.getaddrinfo)
    ]


def _tasks(host: Host, expected: Expected, timeout_seconds: float, resolve: Resolve) -> Iterator[HostTask]:
    whole = timeout_seconds * _REQUESTS
    if host.address is not None:
        if not _is_literal(host.address):
            name = partial(_check_name, host.name, host.address, resolve)
            yield HostTask(host.name, "dns", name, timeout_seconds)
        if host.p2p_port is not None:
            port = partial(_check_port, host.name, host.address, host.p2p_port, timeout_seconds)
            yield HostTask(host.name, "p2p", port, 2 * timeout_seconds)
    if host.aztec is not None:
        node = partial(_check_aztec, host.name, host.aztec, expected, timeout_seconds)
        yield HostTask(host.name, "aztec", node, whole)
    for number, url in enumerate(host.ethereum, 1):
        label = "ethereum" if len(host.ethereum) == 1 else f"ethereum {number}"
        endpoint = partial(_check_ethereum, host.name, label, url, expected, timeout_seconds)
        yield HostTask(host.name, label, endpoint, whole)


# --------------------------------------------------------------------------- one by one


def _is_literal(address: str) -> bool:
    try:
        ipaddress.ip_address(address)
    except ValueError:
        return False
    return True


def _check_name(name: str, address: str, resolve: Resolve) -> Iterator[Check]:
    try:
        answers = resolve(address, None)
    except (OSError, UnicodeError) as error:
        yield Check(
            outcome=Outcome.FAIL,
            subject=name,
            check="dns",
            finding=f"{address} does not resolve ({getattr(error, 'strerror', None) or type(error).__name__})",
            remedy="check the name, and the DNS of this machine",
        )
        return
    addresses = list(dict.fromkeys(str(answer[4][0]) for answer in answers))
    shown = ", ".join(addresses[:4]) + (f" and {len(addresses) - 4} more" if len(addresses) > 4 else "")
    yield Check(outcome=Outcome.OK, subject=name, check="dns", finding=f"{address} is {shown}")


def _check_port(name: str, address: str, port: int, timeout_seconds: float) -> Iterator[Check]:
    began = time.monotonic()
    try:
        with socket.create_connection((address, port), timeout_seconds):
            pass
    except (OSError, UnicodeError) as error:
        if isinstance(error, TimeoutError):
            reason = f"no answer within {timeout_seconds:g} s"
        else:
            reason = getattr(error, "strerror", None) or type(error).__name__
        yield Check(
            outcome=Outcome.FAIL,
            subject=name,
            check="p2p",
            finding=f"port {port}: {reason}",
            remedy="is the node running, and do firewall and router let TCP through to this port?",
        )
        return
    milliseconds = (time.monotonic() - began) * 1000
    yield Check(
        outcome=Outcome.OK, subject=name, check="p2p", finding=f"port {port} answers in {milliseconds:.0f} ms"
    )


def _check_aztec(name: str, url: str, expected: Expected, timeout_seconds: float) -> Iterator[Check]:
    try:
        with AztecNode(url, timeout_seconds=timeout_seconds, policy=NO_RETRIES) as node:
            checks = check_node(node, chain_id=expected.chain_id, rpc=None, registry=None, has_admin=False)
            for check in checks:
                yield attrs.evolve(check, subject=name, check=f"aztec {check.check}")
    except ButlerError as error:
        yield failed_by(error, subject=name, check="aztec")


def _check_ethereum(
    name: str, label: str, url: str, expected: Expected, timeout_seconds: float
) -> Iterator[Check]:
    """The first of the checks an L1 endpoint goes through; an Aztec node needs no contracts of us and no old logs."""
    try:
        endpoint = Endpoint.parse(url)
        with Rpc(endpoint, policy=NO_RETRIES, timeout_seconds=timeout_seconds) as rpc:
            for check in check_endpoint(rpc, expected):
                yield attrs.evolve(check, subject=name, check=f"{label} {check.check}")
                if check.check == _HEAD[-1]:
                    return
    except ButlerError as error:
        yield failed_by(error, subject=name, check=label)
