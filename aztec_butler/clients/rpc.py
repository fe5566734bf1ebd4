"""The one door to Ethereum nodes: JSON-RPC with retries, failover, rate limits and batches.

::

    with Rpc(["https://one.example/v3/KEY", "https://two.example"], chain_id=1) as rpc:
        rpc.call("eth_blockNumber")                                  # "0x16e3600"
        rpc.batch([("eth_getBalance", [address, block]), ...])       # results in order, few round trips
        rpc.call_each([("eth_getLogs", [filter]), ...])              # the same, each in a request of its own, at once

Endpoints are asked in the order given: the first one that works serves, one that failed goes to the end of the line for
a while and then comes back. An endpoint must show its chain id before its first answer counts; the question travels
with the first request. Whatever goes wrong is an error of ``core.errors``, and no message holds more of a URL than its
host. Only what may safely be asked twice is ever asked twice.
"""

from __future__ import annotations

import os
import threading
import time
from functools import partial
from typing import TYPE_CHECKING, Any, Self

import msgspec

from aztec_butler.clients.backends import Backend, ExpectedChain
from aztec_butler.clients.endpoints import Endpoint
from aztec_butler.clients.http import DEFAULT_TIMEOUT_SECONDS, HttpTransport
from aztec_butler.clients.jsonrpc import Call
from aztec_butler.clients.policy import RateLimit, RetryPolicy
from aztec_butler.clients.request_details import RequestDetails
from aztec_butler.clients.rpc_settings import RpcSettings
from aztec_butler.clients.settlements import Settlement
from aztec_butler.clients.stopping import sleep as stoppable_sleep
from aztec_butler.core.errors import ButlerError, InputError, SettingsError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Sequence

    from aztec_butler.clients.troubles import Trouble

_MOMENT_SECONDS = 0.001


class Rpc:
    """JSON-RPC to one or several Ethereum nodes. Safe to use from many threads.

    Args:
        endpoints: URLs or ``Endpoint`` objects, the preferred one first.
        policy: how patient it is.
        requests_per_second: limit for each endpoint; None for none. Every item of a batch counts.
        timeout_seconds: for each HTTP request as a whole.
        chain_id: EIP-155 id that every endpoint must have; None to take the first endpoint's for all.
        batch_size: items of a JSON-RPC batch at most; it shrinks at nodes that take less.
        workers: requests under way at once in ``call_each`` and in long batches.
        headers: sent with every request to endpoints given as URLs.
        on_request: told of every HTTP request, e.g. for metrics. Called from many threads; it must not raise.
        sleep: waits for a number of seconds.
        clock: seconds of a monotonic clock.
        random_fraction: a random number from 0 to 1; None for the system's.

    Raises:
        SettingsError: no endpoint, or one that is no URL.
    """

    def __init__(
        self,
        endpoints: str | Endpoint | Sequence[str | Endpoint],
        *,
        policy: RetryPolicy | None = None,
        requests_per_second: float | None = None,
        timeout_seconds: float = DEFAULT_TIMEOUT_SECONDS,
        chain_id: int | None = None,
        batch_size: int = 100,
        workers: int = 8,
        headers: dict[str, str] | None = None,
        on_request: Callable[[RequestDetails], None] | None = None,
        sleep: Callable[[float], object] = stoppable_sleep,
        clock: Callable[[], float] = time.monotonic,
        random_fraction: Callable[[], float] | None = None,
    ) -> None:
        given = [endpoints] if isinstance(endpoints, str | Endpoint) else list(endpoints)
        if not given:
            raise SettingsError("there is no endpoint to ask", hint="give the URL of an Ethereum node")
        if batch_size < 1 or workers < 1:
            raise InputError(
                "a batch size and a number of workers are at least 1", batch_size=batch_size, workers=workers
            )
        self._policy = policy or RetryPolicy()
        self._workers = workers
        self._batch_size = batch_size
        self._requests_per_second = requests_per_second
        self._timeout_seconds = timeout_seconds
        self._on_request = on_request
        self._sleep = sleep
        self._clock = clock
        self._random_fraction = random_fraction or _random_fraction
        self._lock = threading.Lock()
        self._request_count = 0
        self._chain = ExpectedChain(chain_id, must_agree=chain_id is not None or len(given) > 1)
        self._backends = [
            Backend(
                HttpTransport(endpoint, headers=headers, timeout_seconds=timeout_seconds, clock=clock),
                chain=self._chain,
                limit=RateLimit(requests_per_second, clock=clock, sleep=sleep),
                policy=self._policy,
                batch_size=batch_size,
                observe=self._observe,
                clock=clock,
            )
            for endpoint in given
        ]

    @property
    def request_count(self) -> int:
        """HTTP requests made so far, retries included; one that found its kept-alive connection closed counts once."""
        return self._request_count

    @property
    def chain_id(self) -> int | None:
        """The chain that is expected, or was learned; None while unknown."""
        return self._chain.chain_id

    @property
    def endpoint_names(self) -> tuple[str, ...]:
        """The endpoints as messages call them, in order of preference."""
        return tuple(backend.endpoint.name for backend in self._backends)

    @property
    def settings(self) -> RpcSettings:
        """What another process needs to open a door like this one."""
        return RpcSettings(
            endpoints=tuple(backend.endpoint for backend in self._backends),
            policy=self._policy,
            requests_per_second=self._requests_per_second,
            timeout_seconds=self._timeout_seconds,
            chain_id=self.chain_id,
            batch_size=self._batch_size,
            workers=self._workers,
        )

    # ------------------------------------------------------------------ asking

    def call(
        self,
        method: str,
        *parameters: Any,
        decode: Callable[[msgspec.Raw], Any] = msgspec.json.decode,
        known_block: int | None = None,
        raise_at_once: Collection[Trouble] = (),
        timeout_seconds: float | None = None,
    ) -> Any:
        """The result of one method.

        Args:
            method: e.g. ``eth_call``.
            parameters: anything that is JSON.
            decode: makes the value of the result's JSON text. It may raise ``DecodeError`` about an answer that
                cannot be right; the question is then asked again.
            known_block: the node that answers must know this block, or its answer does not count. For methods
                that answer emptily about blocks they do not have, such as ``eth_getLogs``.
            raise_at_once: troubles that the caller deals with itself; they are not retried.
            timeout_seconds: for each HTTP request; None for the usual.

        Returns:
            What ``decode`` makes of it: plain Python values of JSON as a rule.

        Raises:
            RevertError: the contract reverted.
            NodeError: no endpoint answered properly, in spite of retries.
            SettingsError: every endpoint is on another chain.
        """
        [value] = self._settle(
            [Call(method, parameters)],
            decode=decode,
            known_block=known_block,
            raise_at_once=raise_at_once,
            timeout_seconds=timeout_seconds,
        )
        if isinstance(value, ButlerError):
            raise value
        return value

    def call_together(
        self,
        calls: Sequence[tuple[str, Sequence[Any]]],
        *,
        decode: Callable[[Sequence[msgspec.Raw], str], Any],
        raise_at_once: Collection[Trouble] = (),
        max_body_bytes: int | None = None,
    ) -> Any:
        """One value out of several methods that one and the same endpoint answered, at once if it takes batches.

        Args:
            calls: method and parameters of each. The last one is the question; the others vouch for its answer.
            decode: makes the value of the results' JSON text, in order, and of the endpoint's name. It may raise
                ``DecodeError`` about an answer that cannot be right, to have the question asked again; or a
                ``NodeError`` about this endpoint, to have others asked first from now on.
            raise_at_once: troubles that the caller deals with itself; they are not retried.
            max_body_bytes: a larger answer is too large; None for the usual limit.

        Raises:
            RevertError: a contract reverted.
            NodeError: no endpoint answered all of them properly, in spite of retries.
            SettingsError: every endpoint is on another chain.
        """
        question = Settlement(_calls(calls), decode, raise_at_once)
        self._pursue([question], vouching=len(calls) - 1, max_body_bytes=max_body_bytes)
        value = question.outcome(self._backends)
        if isinstance(value, ButlerError):
            raise value
        return value

    def batch(self, calls: Sequence[tuple[str, Sequence[Any]]]) -> list[Any]:
        """The results of many methods in order, in few round trips: all of them or an error.

        Args:
            calls: method and parameters of each; may be empty.

        Raises:
            RevertError: a contract reverted.
            NodeError: no endpoint answered properly, in spite of retries.
            SettingsError: every endpoint is on another chain.
        """
        return _all_or_raise(self.try_batch(calls))

    def try_batch(self, calls: Sequence[tuple[str, Sequence[Any]]]) -> list[Any]:
        """As ``batch``, but what failed for good stands in the list as its error.

        Raises:
            SettingsError: every endpoint is on another chain.
        """
        size = self._batch_size
        parts = [_calls(calls[start : start + size]) for start in range(0, len(calls), size)]
        return [value for values in self._at_once(parts) for value in values]

    def call_each(self, calls: Sequence[tuple[str, Sequence[Any]]]) -> list[Any]:
        """The results of many methods in order, each in a request of its own, several under way at once.

        Args:
            calls: method and parameters of each; may be empty.

        Raises:
            RevertError: a contract reverted.
            NodeError: no endpoint answered properly, in spite of retries.
            SettingsError: every endpoint is on another chain.
        """
        return _all_or_raise(self.try_call_each(calls))

    def try_call_each(
        self, calls: Sequence[tuple[str, Sequence[Any]]], *, raise_at_once: Collection[Trouble] = ()
    ) -> list[Any]:
        """As ``call_each``, but what failed for good stands in the list as its error.

        Args:
            calls: method and parameters of each; may be empty.
            raise_at_once: troubles that the caller deals with itself; they are not retried.

        Raises:
            SettingsError: every endpoint is on another chain.
        """
        return list(self.iter_call_each(calls, raise_at_once=raise_at_once))

    def iter_call_each(
        self, calls: Iterable[tuple[str, Sequence[Any]]], *, raise_at_once: Collection[Trouble] = ()
    ) -> Iterator[Any]:
        """As ``try_call_each``, one by one: the caller works on an answer while others are under way.

        Args:
            calls: method and parameters of each; one that takes time to make is made while others are under way.
            raise_at_once: troubles that the caller deals with itself; they are not retried.

        Raises:
            SettingsError: every endpoint is on another chain.
        """
        parts = ([Call(method, parameters)] for method, parameters in calls)
        for [value] in self._iter_at_once(parts, raise_at_once=raise_at_once):
            yield value

    def close(self) -> None:
        """Close the connections; the object cannot be used again."""
        for backend in self._backends:
            backend.transport.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<Rpc {', '.join(self.endpoint_names)}>"

    # ------------------------------------------------------------------ being patient

    def _at_once(self, parts: list[list[Call]]) -> list[list[Any]]:
        """The values or errors of several requests."""
        return [self._settle(part) for part in parts] if len(parts) < 2 else list(self._iter_at_once(parts))

    def _iter_at_once(
        self, parts: Iterable[list[Call]], *, raise_at_once: Collection[Trouble] = ()
    ) -> Iterator[list[Any]]:
        """The values or errors of several requests in order, asked by several threads."""
        settle = partial(self._settle, raise_at_once=raise_at_once)
        if self._workers == 1:
            yield from map(settle, parts)
            return
        from concurrent.futures import ThreadPoolExecutor

        executor = ThreadPoolExecutor(self._workers, thread_name_prefix="aztec-butler-rpc")
        try:
            yield from executor.map(settle, parts)
        finally:
            # After an interrupt nobody waits for what is under way.
            executor.shutdown(wait=False, cancel_futures=True)

    def _settle(
        self,
        calls: Sequence[Call],
        *,
        decode: Callable[[msgspec.Raw], Any] = msgspec.json.decode,
        known_block: int | None = None,
        raise_at_once: Collection[Trouble] = (),
        timeout_seconds: float | None = None,
    ) -> list[Any]:
        """A value or an error for each call, in order."""
        settlements = [
            Settlement([call], lambda results, _: decode(results[0]), raise_at_once) for call in calls
        ]
        self._pursue(settlements, known_block=known_block, timeout_seconds=timeout_seconds)
        return [settlement.outcome(self._backends) for settlement in settlements]

    def _pursue(
        self,
        settlements: Sequence[Settlement],
        *,
        known_block: int | None = None,
        timeout_seconds: float | None = None,
        vouching: int = 0,
        max_body_bytes: int | None = None,
    ) -> None:
        """Ask for as long as it makes sense."""
        started = self._clock()
        for round_number in range(1, self._policy.rounds + 1):
            for backend in self._line():
                waiting = [settlement for settlement in settlements if settlement.wants(backend)]
                if not waiting:
                    continue
                outcomes = backend.ask(
                    [call for settlement in waiting for call in settlement.calls],
                    known_block=known_block,
                    timeout_seconds=timeout_seconds,
                    vouching=vouching,
                    max_body_bytes=max_body_bytes,
                )
                place = 0
                for settlement in waiting:
                    end = place + len(settlement.calls)
                    settlement.take(backend, outcomes[place:end])
                    place = end
            usable = self._usable()
            if not any(settlement.wants(backend) for settlement in settlements for backend in usable):
                break
            if round_number == self._policy.rounds or not self._wait(round_number, started, usable):
                break

    def _usable(self) -> list[Backend]:
        """The endpoints on the right chain.

        Raises:
            SettingsError: there is none.
        """
        usable = [backend for backend in self._backends if backend.wrong_chain is None]
        if usable:
            return usable
        found = {backend.endpoint.name: backend.wrong_chain for backend in self._backends}
        raise SettingsError(
            "no endpoint is on the expected chain",
            hint="check the network's name and the endpoint's URL",
            expected_chain_id=self._chain.chain_id,
            **{
                f"chain id at {name}": error.facts["chain_id"]
                for name, error in found.items()
                if error is not None
            },
        )

    def _line(self) -> list[Backend]:
        """The endpoints in the order in which to ask them now: those that failed lately last."""
        ready = [backend for backend in self._usable() if backend.busy_seconds() <= _MOMENT_SECONDS]
        return sorted(ready, key=Backend.is_cooling)

    def _wait(self, round_number: int, started: float, usable: Sequence[Backend]) -> bool:
        """Wait between two rounds; False when waiting would take too long."""
        seconds = self._policy.wait_seconds(round_number, self._random_fraction())
        asked = min(backend.busy_seconds() for backend in usable)
        if asked > self._policy.longest_retry_after_seconds:
            return False
        seconds += asked
        if self._clock() + seconds - started > self._policy.total_seconds:
            return False
        self._sleep(seconds)
        return True

    def _observe(self, details: RequestDetails) -> None:
        with self._lock:
            self._request_count += 1
        if self._on_request is not None:
            self._on_request(details)


def _random_fraction() -> float:
    return (
        int.from_bytes(os.urandom(4), "big") / 2**32
    )  # importing random takes longer than many a whole command


def _calls(calls: Sequence[tuple[str, Sequence[Any]]]) -> list[Call]:
    return [Call(method, parameters) for method, parameters in calls]


def _all_or_raise(values: list[Any]) -> list[Any]:
    for value in values:
        if isinstance(value, ButlerError):
            raise value
    return values
