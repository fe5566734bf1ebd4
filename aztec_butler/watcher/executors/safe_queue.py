"""Proposals to the owners of a Safe through its Transaction Service: each once, behind what waits already.

A proposal is known by its hash, which is in the journal before it is sent. So a reply that was lost, or a crash, costs
a question to the service and never a second proposal. What the owners throw out of their queue is not proposed again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

from aztec_butler.clients.rpc import Rpc
from aztec_butler.clients.safe_contract import fetch_safe_state
from aztec_butler.clients.safe_proposals import plan_proposal, submit_proposal
from aztec_butler.clients.safe_service import SafeService
from aztec_butler.clients.safe_signer import Signer
from aztec_butler.core.calls import Call
from aztec_butler.core.errors import DecodeError
from aztec_butler.core.intents import Intent
from aztec_butler.core.safe_queue import LONGEST_ORIGIN, QueuedTransaction
from aztec_butler.core.safe_transaction import calls_of
from aztec_butler.watcher.executor import Attempt
from aztec_butler.watcher.executors.delivery import Delivered, Fate, Past, name_of


class SafeQueue:
    """Proposals at one Safe.

    Args:
        open_service: opens the Transaction Service.
        signer: gives the key that proposes, each time it is needed.
        rpc: the door to a node of the Safe's chain, which has the last word on nonce, owners and hash.
        safe: checksummed address.
    """

    def __init__(
        self,
        open_service: Callable[[], AbstractContextManager[SafeService]],
        signer: Callable[[], Signer],
        *,
        rpc: Rpc,
        safe: str,
    ) -> None:
        self._open = open_service
        self._signer = signer
        self._rpc = rpc
        self.safe = safe

    def find(self, intent: Intent, past: Past) -> Delivered | None:  # noqa: ARG002 - its steps tell
        """The proposal of an intent, as the service shows it."""
        safe_tx_hash = _last_proposal(past)
        if safe_tx_hash is None:
            return None
        was_there = any(
            name == "proposed" and facts.get("safe_tx_hash") == safe_tx_hash for name, facts in past
        )
        with self._open() as service:
            found = service.get_transaction(safe_tx_hash)
            if found is None:
                if not was_there:
                    return None
                return Delivered(
                    fate=Fate.ENDED,
                    evidence=f"proposal {safe_tx_hash} is no longer in the queue of Safe {self.safe}",
                )
            return self._fate_of(found, service)

    def _fate_of(self, found: QueuedTransaction, service: SafeService) -> Delivered:
        nonce, calls = found.transaction.nonce, _known_calls(found)
        name = f"proposal {found.safe_tx_hash} with nonce {nonce} of Safe {self.safe}"
        if found.is_executed:
            if found.is_successful is False:
                return Delivered(fate=Fate.ENDED, evidence=f"{name} was executed and failed", calls=calls)
            return Delivered(fate=Fate.EXECUTED, evidence=f"{name} was executed", calls=calls)
        state = fetch_safe_state(self._rpc, self.safe)
        if state.nonce > nonce and service.get_safe(self.safe).nonce > nonce:
            return Delivered(
                fate=Fate.ENDED,
                evidence=f"{name} can no longer be executed: the owners have used its nonce for something else",
                calls=calls,
            )
        waits = f"{name} has {len(found.confirmed_by)} of {state.threshold} signatures"
        ahead = nonce - state.nonce
        if ahead > 0:
            waits += f", and {ahead} transactions wait before it"
        return Delivered(fate=Fate.WAITING, evidence=waits, calls=calls)

    def waiting(self, intent: Intent) -> Iterator[tuple[str, Call]]:  # noqa: ARG002 - the queue does not name intents
        """The calls of everything that waits in the Safe's queue; an intent's own are recognised when it is proposed."""
        with self._open() as service:
            state = service.get_safe(self.safe)
            queue = service.fetch_queue(self.safe, first_nonce=state.nonce)
        for queued in queue:
            place = f"proposal {queued.safe_tx_hash} of Safe {self.safe}"
            yield from ((place, call) for call in _known_calls(queued))

    def plan(self, intent: Intent, calls: tuple[Call, ...]) -> tuple[str, ...]:  # noqa: ARG002 - as above
        """The proposal as it would be now."""
        with self._open() as service:
            plan = plan_proposal(service, calls, safe=self.safe, sender=self._signer().address, rpc=self._rpc)
        if plan.standing is not None:
            return (f"proposal {plan.safe_tx_hash} stands in the queue of Safe {self.safe} already",)
        proposal = (
            f"would be proposed to Safe {self.safe} by {plan.sender} with nonce {plan.transaction.nonce},"
            f" hash {plan.safe_tx_hash}"
        )
        queue = f"{plan.queue_length} transactions wait in its queue, {plan.state.threshold} signatures are needed"
        return (proposal, queue)

    def deliver(self, intent: Intent, calls: tuple[Call, ...], attempt: Attempt) -> None:
        """Propose, or find that it was proposed."""
        signer = self._signer()
        with self._open() as service:
            # A proposal that was begun and did not arrive is made again with the same nonce, and so with the same hash,
            # unless somebody else has taken that nonce since.
            plan = plan_proposal(service, calls, safe=self.safe, sender=signer.address, rpc=self._rpc)
            facts: dict[str, object] = {
                "safe": self.safe,
                "safe_tx_hash": plan.safe_tx_hash,
                "nonce": plan.transaction.nonce,
            }
            if plan.standing is None:
                attempt.step("proposing", **facts, proposer=signer.address)
                submit_proposal(service, plan, signer, origin=name_of(intent)[:LONGEST_ORIGIN])
            else:
                # Told in the same words, so that it is followed like one of our own.
                attempt.step("proposing", **facts, found=True)
            attempt.step("proposed", **facts)


def _last_proposal(past: Past) -> str | None:
    """Hash of the proposal that was begun last."""
    for name, facts in reversed(list(past)):
        safe_tx_hash = facts.get("safe_tx_hash")
        if name == "proposing" and isinstance(safe_tx_hash, str):
            return safe_tx_hash
    return None


def _known_calls(queued: QueuedTransaction) -> tuple[Call, ...]:
    try:
        return calls_of(queued.transaction)
    except DecodeError:
        return ()  # handed to a contract that is not known here; it is none of ours
