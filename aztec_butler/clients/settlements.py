"""What becomes of a question while several endpoints are asked, perhaps several times. Pure."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import msgspec

from aztec_butler.clients.methods import is_repeatable
from aztec_butler.clients.troubles import Trouble, trouble_of
from aztec_butler.core.errors import (
    ButlerError,
    DecodeError,
    NodeBusy,
    NodeError,
    NodeRefused,
    RevertError,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from aztec_butler.clients.backends import Backend
    from aztec_butler.clients.jsonrpc import Call
    from aztec_butler.clients.messenger import Outcome

# Nobody else would answer these either: whoever asked has to ask for less.
_CALLERS_OWN = frozenset((Trouble.TOO_LARGE, Trouble.OUT_OF_GAS))
_INVALID_PARAMETERS = -32602
# Each costs a whole time-out; whoever waits for the answer will not wait for many.
_TIME_OUTS_PER_ENDPOINT = 2


class Settlement:
    """One question, and the answers to it so far.

    Args:
        calls: what is asked: one call, or several that one endpoint has to answer together.
        decode: makes the value of their results' JSON text, in order, and of the endpoint's name. A DecodeError says
            that the node cannot be right; then it did not answer. A NodeError says what else is wrong with it.
        raise_at_once: troubles that the caller deals with itself. After a time-out the other endpoints are asked once
            all the same: the endpoint may be dead, and the request not too large.
    """

    def __init__(
        self,
        calls: Sequence[Call],
        decode: Callable[[Sequence[msgspec.Raw], str], Any],
        raise_at_once: Collection[Trouble],
    ) -> None:
        self.calls = calls
        self._decode = decode
        self._final_troubles = _CALLERS_OWN.union(raise_at_once)
        self._is_repeatable = all(is_repeatable(call.method) for call in calls)
        self._is_settled = False
        self._final: Any = None
        self._errors: dict[Backend, NodeError] = {}
        self._watches_time_outs = Trouble.TIMED_OUT in self._final_troubles
        self._time_outs: dict[Backend, int] = {}
        self._attempts = 0

    def wants(self, backend: Backend) -> bool:
        """Whether it makes sense to ask this endpoint, now or again."""
        if self._is_settled:
            return False
        last = self._errors.get(backend)
        if last is None:
            return True
        if self._watches_time_outs and self._time_outs:
            return False
        return last.retryable and self._time_outs.get(backend, 0) < _TIME_OUTS_PER_ENDPOINT

    def take(self, backend: Backend, outcomes: Sequence[Outcome]) -> None:
        """Note what an endpoint answered to each of the calls."""
        self._attempts += 1
        results = [outcome for outcome in outcomes if isinstance(outcome, msgspec.Raw)]
        if len(results) == len(outcomes):
            try:
                self._settle(self._decode(results, backend.endpoint.name))
            except (DecodeError, msgspec.DecodeError, UnicodeDecodeError) as error:
                self._errors[backend] = self._nonsense(backend, error)
            except NodeError as error:
                self._errors[backend] = error.with_traceback(None)
                backend.blame(error)
            return
        failures = [outcome for outcome in outcomes if not isinstance(outcome, msgspec.Raw)]
        # The one that the caller has to act upon, wherever it stands.
        failure = next((each for each in failures if self._is_final(each)), failures[0])
        if isinstance(failure, RevertError):
            self._settle(failure)
            return
        self._errors[backend] = failure
        if trouble_of(failure) is Trouble.TIMED_OUT:
            self._time_outs[backend] = self._time_outs.get(backend, 0) + 1
        if self._is_final(failure):
            self._settle(failure)

    def _settle(self, final: Any) -> None:
        self._final, self._is_settled = final, True

    def _nonsense(self, backend: Backend, error: Exception) -> NodeRefused:
        ours = error if isinstance(error, ButlerError) else None
        refusal = NodeRefused(
            "the node's result is not well-formed JSON" if ours is None else ours.sentence,
            retryable=True,
            reason=Trouble.MALFORMED,
            endpoint=backend.endpoint.name,
            method=self._method,
        )
        refusal.facts |= {} if ours is None else ours.facts
        return refusal

    @property
    def _method(self) -> str:
        methods = {call.method for call in self.calls}
        return methods.pop() if len(methods) == 1 else "batch"

    def _is_final(self, error: NodeError | RevertError) -> bool:
        if isinstance(error, RevertError):
            return True
        trouble = trouble_of(error)
        if trouble in self._final_troubles and trouble is not Trouble.TIMED_OUT:
            return True
        if not self._is_repeatable and not error.retryable and trouble is not Trouble.WRONG_CHAIN:
            return True  # it may have been carried out
        return trouble is None and isinstance(error, NodeRefused) and error.code == _INVALID_PARAMETERS

    def outcome(self, backends: Sequence[Backend]) -> Any:
        """The decoded result, or the error: what the preferred endpoint said, with a word about the others.

        Args:
            backends: all endpoints, the preferred one first.
        """
        if self._is_settled:
            return self._final
        told = [(backend, self._errors[backend]) for backend in backends if backend in self._errors]
        # What the caller can act upon goes first, and what is no fault of the call last.
        told.sort(
            key=lambda pair: (
                not (self._watches_time_outs and pair[0] in self._time_outs),
                trouble_of(pair[1]) is Trouble.WRONG_CHAIN,
            )
        )
        if not told:
            return NodeBusy(
                "the node asked for a longer pause than we wait",
                hint="come back later, or add an endpoint",
                retry_after_seconds=min(backend.busy_seconds() for backend in backends),
                endpoint=", ".join(backend.endpoint.name for backend in backends),
                method=self._method,
            )
        error = copy.copy(told[0][1])
        error.facts = dict(error.facts)
        error.retryable = any(other.retryable for _, other in told)
        if self._attempts > 1:
            error.facts["attempts"] = self._attempts
        for backend, other in told[1:]:
            error.facts[f"at {backend.endpoint.name}"] = other.sentence
        return error
