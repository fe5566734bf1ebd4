"""The queues of keys that providers list, replayed from events.

Each is a FIFO: keys are added at the end, and leave at the head when somebody stakes on them or when the provider drips
them. The contract keeps a first and a last index and no list of what has left.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

from aztec_butler.core.history import Drip, Listing, Place, missing_logs


class ProviderQueues:
    """The queues of all providers, moved on by one event at a time.

    Source: StakingRegistry.sol (``addKeysToProvider``, ``dripProviderQueue``, ``stake``), QueueLib.
    """

    def __init__(self) -> None:
        self.registrations: dict[int, Place] = {}
        self.listings: list[Listing] = []
        self.drips: list[Drip] = []
        self._queues: dict[int, deque[str]] = {}

    def register(self, at: Place, provider_id: int) -> None:
        """``ProviderRegistered``; ids are given in order, from 1."""
        if provider_id != len(self.registrations) + 1:
            raise missing_logs(
                "a provider registered before those with lower ids",
                provider_id=provider_id,
                expected_id=len(self.registrations) + 1,
                block=at.block_number,
            )
        self.registrations[provider_id] = at
        self._queues[provider_id] = deque()

    def list_keys(self, at: Place, provider_id: int, attesters: Sequence[str]) -> None:
        """``AttestersAddedToProvider``."""
        self._queue(at, provider_id).extend(attesters)
        self.listings.append(Listing(provider_id=provider_id, attesters=tuple(attesters), log=at))

    def drip(self, at: Place, provider_id: int, attester: str) -> None:
        """``ProviderQueueDripped``."""
        self._dequeue(at, provider_id, attester)
        self.drips.append(Drip(provider_id=provider_id, attester=attester, log=at))

    def stake(self, at: Place, provider_id: int, attester: str) -> None:
        """``StakedWithProvider``."""
        self._dequeue(at, provider_id, attester)

    def waiting(self) -> dict[int, tuple[str, ...]]:
        """Attesters whose keys wait, by provider, the next one first."""
        return {provider_id: tuple(queue) for provider_id, queue in self._queues.items()}

    def _dequeue(self, at: Place, provider_id: int, attester: str) -> None:
        queue = self._queue(at, provider_id)
        if not queue or queue[0] != attester:
            raise missing_logs(
                "a key leaves a provider's queue that is not at its head",
                provider_id=provider_id,
                attester=attester,
                block=at.block_number,
                expected=queue[0] if queue else "nobody",
            )
        queue.popleft()

    def _queue(self, at: Place, provider_id: int) -> deque[str]:
        if provider_id not in self._queues:
            raise missing_logs(
                "a provider that has not registered", provider_id=provider_id, block=at.block_number
            )
        return self._queues[provider_id]
