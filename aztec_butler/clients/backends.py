"""One endpoint in use: whether it may be believed, and how it is doing.

Retries and other endpoints are the business of ``clients.rpc``, the requests themselves that of ``clients.messenger``.
"""

from __future__ import annotations

import threading
from contextlib import suppress
from typing import TYPE_CHECKING

import msgspec

from aztec_butler.clients.jsonrpc import Call
from aztec_butler.clients.messenger import Messenger, for_each
from aztec_butler.clients.methods import is_repeatable
from aztec_butler.clients.troubles import Trouble
from aztec_butler.core.errors import NodeBusy, NodeError, NodeRefused, RevertError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from aztec_butler.clients.http import HttpTransport
    from aztec_butler.clients.messenger import Outcome
    from aztec_butler.clients.policy import RateLimit, RetryPolicy
    from aztec_butler.clients.request_details import RequestDetails

_CHAIN_ID = Call("eth_chainId")
_BLOCK_NUMBER = Call("eth_blockNumber")


class ExpectedChain:
    """The chain that all endpoints must be on, given or learned from the first that answers.

    Args:
        chain_id: EIP-155 chain id; None to learn it.
        must_agree: whether there is anything to compare: a given id, or several endpoints.
    """

    def __init__(self, chain_id: int | None, *, must_agree: bool) -> None:
        self.chain_id = chain_id
        self.must_agree = must_agree
        self._lock = threading.Lock()

    def accepts(self, chain_id: int) -> bool:
        """Whether this is the expected chain. The first answer is, when none was given."""
        with self._lock:
            if self.chain_id is None:
                self.chain_id = chain_id
            return self.chain_id == chain_id


class Backend:
    """One endpoint in use. Safe to use from many threads.

    Args:
        transport: the way to it.
        chain: the chain it must be on; asked together with the first requests.
        limit: its rate limit.
        policy: for how long it is spared after failures.
        batch_size: items of a batch, at first; it shrinks when the node refuses.
        observe: told of every HTTP request.
        clock: seconds of a monotonic clock.
    """

    def __init__(
        self,
        transport: HttpTransport,
        *,
        chain: ExpectedChain,
        limit: RateLimit,
        policy: RetryPolicy,
        batch_size: int,
        observe: Callable[[RequestDetails], None],
        clock: Callable[[], float],
    ) -> None:
        self.endpoint = transport.endpoint
        self.transport = transport
        self.wrong_chain: NodeRefused | None = None
        self._chain = chain
        self._policy = policy
        self._clock = clock
        self._messenger = Messenger(
            transport, limit=limit, batch_size=batch_size, observe=observe, note=self._note, clock=clock
        )
        self._lock = threading.Lock()
        self._is_on_chain = not chain.must_agree
        self._failures = 0
        self._cool_until = float("-inf")
        self._busy_until = float("-inf")

    def __repr__(self) -> str:
        return f"<Backend {self.endpoint.name}>"

    # ------------------------------------------------------------------ how it is doing

    def is_cooling(self) -> bool:
        """Whether it failed lately, so that others are asked first."""
        return self._clock() < self._cool_until

    def busy_seconds(self) -> float:
        """For how long the node asked not to be asked; 0 when it did not."""
        return max(0.0, self._busy_until - self._clock())

    def blame(self, error: NodeError) -> None:
        """Ask others first for a while: what it answered shows that it cannot be relied on."""
        self._note(error)

    def _note(self, error: NodeError | None) -> None:
        """Remember how the last exchange as a whole went."""
        with self._lock:
            now = self._clock()
            if error is None:
                self._failures = 0
                self._cool_until = now
                return
            if isinstance(error, NodeBusy) and error.retry_after_seconds is not None:
                # Not longer than we would ever wait without asking again: the header may be wrong.
                asked = min(error.retry_after_seconds, self._policy.longest_cool_down_seconds)
                self._busy_until = max(self._busy_until, now + asked)
            if now >= self._cool_until:  # many threads may fail at the same time; that is one failure
                self._failures += 1
                self._cool_until = now + self._policy.cool_down(self._failures)

    # ------------------------------------------------------------------ asking

    def ask(
        self,
        calls: Sequence[Call],
        *,
        known_block: int | None = None,
        timeout_seconds: float | None = None,
        vouching: int = 0,
        max_body_bytes: int | None = None,
    ) -> list[Outcome]:
        """Ask the node, in one round trip if it takes batches.

        Args:
            calls: what to ask, at least one.
            known_block: the node must know this block for its answers to count; None for no condition.
            timeout_seconds: for each HTTP request; None for the transport's own.
            vouching: how many of the first calls only vouch for the others: what is too large is none of them.
            max_body_bytes: a larger answer is refused; None for the transport's own limit.

        Returns:
            An outcome for each call, in their order.
        """
        guards: list[Call] = []
        if not self._is_on_chain:
            guards.append(_CHAIN_ID)
        if known_block is not None:
            guards.append(_BLOCK_NUMBER)
        if guards and not all(is_repeatable(call.method) for call in calls):
            # What changes something is sent only after the guards have passed.
            failure = self._check(guards, self._messenger.send(guards, timeout_seconds), known_block)
            return for_each(failure, calls) if failure else self._messenger.send(calls, timeout_seconds)
        outcomes = self._messenger.send(
            [*guards, *calls],
            timeout_seconds,
            guard_count=len(guards) + vouching,
            max_body_bytes=max_body_bytes,
        )
        failure = self._check(guards, outcomes, known_block)
        return for_each(failure, calls) if failure else outcomes[len(guards) :]

    def _check(
        self, guards: list[Call], outcomes: list[Outcome], known_block: int | None
    ) -> NodeError | None:
        """Why the answers do not count; None when they do."""
        for guard, outcome in zip(guards, outcomes, strict=False):
            if isinstance(outcome, NodeError):
                return outcome
            number = None if isinstance(outcome, RevertError) else _quantity(outcome)
            if number is None:
                return NodeRefused(
                    "the node answered something that is no number",
                    retryable=True,
                    reason=Trouble.MALFORMED,
                    endpoint=self.endpoint.name,
                    method=guard.method,
                )
            if guard is _CHAIN_ID:
                if not self._chain.accepts(number):
                    self.wrong_chain = self._is_elsewhere(number)
                    return self.wrong_chain
                self._is_on_chain = True
            elif known_block is not None and number < known_block:
                return NodeRefused(
                    "the node lags behind",
                    retryable=True,
                    reason=Trouble.BLOCK_UNKNOWN,
                    endpoint=self.endpoint.name,
                    latest_block=number,
                    wanted_block=known_block,
                )
        return None

    def _is_elsewhere(self, chain_id: int) -> NodeRefused:
        return NodeRefused(
            "the endpoint is on another chain",
            hint="check the network and the endpoint; this endpoint is not used",
            reason=Trouble.WRONG_CHAIN,
            endpoint=self.endpoint.name,
            chain_id=chain_id,
            expected_chain_id=self._chain.chain_id,
        )


def _quantity(result: msgspec.Raw) -> int | None:
    """A hex number out of JSON text; None when it is none."""
    with suppress(msgspec.DecodeError, UnicodeDecodeError, TypeError, ValueError):
        return int(msgspec.json.decode(result, type=str), 16)
    return None
