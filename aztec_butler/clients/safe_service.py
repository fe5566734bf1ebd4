"""Safe's Transaction Service: what waits for the owners' signatures, and proposing more.

::

    with SafeService.open("https://api.safe.global/tx-service/eth", chain_id=1, api_key=key) as service:
        state = service.get_safe(safe)
        queue = service.fetch_queue(safe, first_nonce=state.nonce)
        service.submit(plan, key)                       # a plan of ``safe_proposals``; arrives exactly once

The service is believed about what waits and who may propose; what a transaction hashes to is computed here.

Source of paths and shapes: safe-global/safe-transaction-service, history/views.py; npm's @safe-global/api-kit 5.0.3.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Self
from urllib.parse import urlencode

from aztec_butler.clients.http import DEFAULT_TIMEOUT_SECONDS, HttpTransport
from aztec_butler.clients.safe_door import SafeDoor
from aztec_butler.core.errors import NodeError, NodeRefused, NotFoundError, SettingsError
from aztec_butler.core.json_fields import Fields
from aztec_butler.core.safe_queue import (
    Delegate,
    QueuedTransaction,
    SafeState,
    decode_delegate,
    decode_safe,
    decode_transaction,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from aztec_butler.clients.http import Response
    from aztec_butler.core.errors import ButlerError

_PAGE_SIZE: Final = 100
_MOST_PAGES: Final = 1000
_READINGS: Final = 3
_CREATED: Final = (200, 201, 202)


class NotAProposer(SettingsError):
    """The key's address is neither an owner of the Safe nor an owner's delegate."""


class SafeService:
    """One Transaction Service.

    Args:
        door: the way to it.
        chain_id: of the chain it serves; every transaction it shows is checked against it.
    """

    def __init__(self, door: SafeDoor, *, chain_id: int) -> None:
        self._door = door
        self.chain_id = chain_id

    @classmethod
    def open(
        cls,
        url: str,
        *,
        chain_id: int,
        api_key: str | None = None,
        timeout_seconds: float = DEFAULT_TIMEOUT_SECONDS,
    ) -> Self:
        """The service at a URL.

        Args:
            url: its base, without ``/api``.
            chain_id: of the chain it serves.
            api_key: sent as a bearer token; None for services that want none.
            timeout_seconds: for each request.

        Raises:
            SettingsError: not a usable URL or key.
        """
        headers = {} if api_key is None else {"authorization": f"Bearer {api_key}"}
        transport = HttpTransport(url, headers=headers, timeout_seconds=timeout_seconds)
        return cls(SafeDoor(transport), chain_id=chain_id)

    @property
    def name(self) -> str:
        """The service as messages call it."""
        return self._door.name

    # ------------------------------------------------------------------ reading

    def get_safe(self, safe: str) -> SafeState:
        """A Safe as the service has indexed it; it may lag behind the chain.

        Args:
            safe: checksummed address.

        Raises:
            NotFoundError: the service does not know this Safe.
            NodeError: the service failed.
        """
        answer = self._door.get(f"/api/v1/safes/{safe}/")
        if answer is None:
            raise NotFoundError(
                "the Transaction Service does not know this Safe",
                hint="is it a Safe of this chain, and is this the service's base URL? a new Safe takes a minute",
                safe=safe,
                chain_id=self.chain_id,
                endpoint=self.name,
            )
        return decode_safe(answer)

    def get_transaction(self, safe_tx_hash: str) -> QueuedTransaction | None:
        """One transaction, executed or not; None where the service does not know it.

        Args:
            safe_tx_hash: 0x hex.

        Raises:
            NodeError: the service failed, or shows another transaction.
        """
        answer = self._door.get(f"/api/v2/multisig-transactions/{safe_tx_hash}/")
        if answer is None:
            return None
        found = decode_transaction(Fields(answer), chain_id=self.chain_id)
        if found.safe_tx_hash != safe_tx_hash.lower():
            raise NodeRefused(
                "the Transaction Service answered with another transaction",
                endpoint=self.name,
                asked=safe_tx_hash,
                answered=found.safe_tx_hash,
            )
        return found

    def fetch_queue(self, safe: str, *, first_nonce: int) -> tuple[QueuedTransaction, ...]:
        """Everything that waits, over all pages, by rising nonce.

        Args:
            safe: checksummed address.
            first_nonce: transactions below it can never be executed.

        Raises:
            NodeError: the service failed, or its pages do not fit together.
        """
        path = f"/api/v2/safes/{safe}/multisig-transactions/"
        query = {"executed": "false", "nonce__gte": str(first_nonce), "ordering": "nonce"}
        elements = self._fetch_pages(path, query, key="safeTxHash")
        return tuple(decode_transaction(element, chain_id=self.chain_id) for element in elements)

    def fetch_delegates(self, delegate: str) -> tuple[Delegate, ...]:
        """In whose names an address may propose, at whatever Safe.

        Args:
            delegate: the address.

        Raises:
            NodeError: the service failed, or its pages do not fit together.
        """
        elements = self._fetch_pages("/api/v2/delegates/", {"delegate": delegate}, key=None)
        return tuple(decode_delegate(element) for element in elements)

    def _fetch_pages(self, path: str, query: Mapping[str, str], *, key: str | None) -> list[Fields]:
        """Every element of a list, once.

        What comes and goes between two pages moves the others: then an element is missing or there twice, the counts
        differ, and the list is read again.
        """
        for _ in range(_READINGS):
            elements = list(self._iter_pages(path, query))
            stated = {count for count, _ in elements}
            names = [element.text(key) for _, element in elements] if key is not None else None
            if stated <= {len(elements)} and (names is None or len(set(names)) == len(names)):
                return [element for _, element in elements]
        raise NodeRefused(
            "the pages of the Transaction Service do not fit together",
            hint="its list changes while it is read: try again in a moment",
            retryable=True,
            endpoint=self.name,
            elements=len(elements),
            stated=", ".join(map(str, sorted(stated))),
        )

    def _iter_pages(self, path: str, query: Mapping[str, str]) -> Iterator[tuple[int, Fields]]:
        """Each element with the count that its page states."""
        offset = 0
        for _ in range(_MOST_PAGES):
            # Not the link to the next page, which names a host of the service's choice.
            words = urlencode({**query, "limit": str(_PAGE_SIZE), "offset": str(offset)})
            answer = self._door.get(f"{path}?{words}")
            if answer is None:
                raise NotFoundError("the Transaction Service has no such list", endpoint=self.name, path=path)
            page = Fields(answer)
            count, elements = page.integer("count"), page.objects("results")
            yield from ((count, element) for element in elements)
            offset += len(elements)
            if not elements or offset >= count:
                if not elements and offset < count:
                    raise NodeRefused(
                        "the Transaction Service ends a list too early",
                        retryable=True,
                        endpoint=self.name,
                        elements=offset,
                        stated=count,
                    )
                return
        raise NodeRefused("the Transaction Service's list has no end", endpoint=self.name, pages=_MOST_PAGES)

    # ------------------------------------------------------------------ proposing

    def submit(self, safe: str, safe_tx_hash: str, body: Mapping[str, Any]) -> QueuedTransaction:
        """Propose a transaction, and return it as the service shows it afterwards.

        It arrives once: after a reply that was lost or made no sense the service is asked for the hash before anything
        is sent again, and what is sent again has the same hash.

        Args:
            safe: checksummed address.
            safe_tx_hash: of the transaction.
            body: from ``core.safe_queue.proposal_body``.

        Raises:
            NotAProposer: the signer may not propose.
            SettingsError: the API key is missing or wrong.
            NodeError: the service failed; the message says whether the proposal may have arrived.
        """
        path = f"/api/v2/safes/{safe}/multisig-transactions/"
        started = self._door.now()
        round_number = 0
        while True:
            round_number += 1
            error = self._post(path, body)
            # Whatever the reply was, the service's own list decides.
            found = self._look(safe_tx_hash, error)
            if found is not None:
                return found
            if error is None:
                error = NodeRefused(
                    "the Transaction Service took the proposal and does not show it",
                    retryable=True,
                    endpoint=self.name,
                    safe_tx_hash=safe_tx_hash,
                )
            if not isinstance(error, NodeError) or not self._may_repeat(error):
                raise error
            if not self._door.pause(round_number, error, started):
                error.hint = (
                    "it has not arrived so far; propose again later: what arrived meanwhile is recognised"
                )
                raise error

    def _post(self, path: str, body: Mapping[str, Any]) -> ButlerError | None:
        try:
            response = self._door.post_once(path, dict(body))
        except NodeError as error:
            return error
        return None if response.status in _CREATED else self._refusal(response, str(body["sender"]))

    def _look(self, safe_tx_hash: str, error: ButlerError | None) -> QueuedTransaction | None:
        """The transaction as the service shows it; what failed before is told when looking fails as well."""
        try:
            return self.get_transaction(safe_tx_hash)
        except NodeError as trouble:
            trouble.facts["safe_tx_hash"] = safe_tx_hash
            if error is not None:
                trouble.facts["before_that"] = error.sentence
            trouble.hint = (
                "the proposal may have arrived: look at the queue, or propose again; it is recognised"
            )
            raise

    @staticmethod
    def _may_repeat(error: NodeError) -> bool:
        # A broken connection is marked as not to be repeated, because others could do harm: here the hash prevents it.
        return error.retryable or "status" not in error.facts

    def _refusal(self, response: Response, sender: str) -> ButlerError:
        words = self._door.words_of(response)
        facts: dict[str, Any] = {"endpoint": self.name, "status": response.status, "message": words}
        if response.status == 404:
            return NotFoundError("the Transaction Service does not know this Safe", **facts)
        if response.status == 409:
            return NodeRefused("the Transaction Service is busy with this Safe", retryable=True, **facts)
        if response.status not in (400, 422):
            return self._door.error_of(response)
        if "is not an owner or delegate" in words:
            return NotAProposer(
                "the proposer is neither an owner of the Safe nor an owner's delegate",
                hint=PROPOSER_HINT,
                sender=sender,
                **facts,
            )
        if "already executed" in words:
            return NodeRefused(
                "the nonce of the proposal was used meanwhile",
                hint="propose again: the nonce is chosen anew",
                **facts,
            )
        if "does not match provided contract-tx-hash" in words:
            return NodeRefused(
                "the Transaction Service computes another hash",
                hint="is this the service of another chain, or has the Safe another version?",
                chain_id=self.chain_id,
                **facts,
            )
        return NodeRefused("the Transaction Service refused the proposal", **facts)

    # ------------------------------------------------------------------ the end

    def close(self) -> None:
        """Close the connections."""
        self._door.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<SafeService {self.name}>"


PROPOSER_HINT: Final = (
    "an owner can add the address as a proposer (in the web app: Settings, Setup, Proposers);"
    " or write a Transaction Builder file instead, which an owner imports: `aztec-butler safe batch`"
)
