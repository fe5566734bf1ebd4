"""Ether for a publisher, out of the Safe."""

from __future__ import annotations

from aztec_butler.clients.publishers import fetch_present
from aztec_butler.core.calls import Call, check_uint
from aztec_butler.core.errors import InputError
from aztec_butler.core.intent_parameters import TopUp
from aztec_butler.core.intents import Intent
from aztec_butler.core.records import BlockStamp
from aztec_butler.core.units import render_exact
from aztec_butler.watcher.executors.chain import Chain, Heads
from aztec_butler.watcher.executors.effects import Built, Effected, Presence


class TopUpEffect:
    """Carries out ``top-up``. A publisher that has enough again needs nothing, whoever paid.

    Args:
        chain: what is read.
        safe: who pays.
    """

    def __init__(self, chain: Chain, safe: str) -> None:
        self._chain = chain
        self._safe = safe

    def look(
        self,
        intent: Intent,
        heads: Heads,
        out: tuple[Call, ...] | None,  # noqa: ARG002 - the chain alone tells
    ) -> Effected:
        """Whether the publisher has as much as it needs."""
        wanted = TopUp.from_json(intent.parameters)
        balance = self._balance(wanted.publisher, heads.head)
        told = (
            f"{wanted.publisher} has {render_exact(balance)} ETH at block {heads.head.number:,},"
            f" and needs {render_exact(wanted.low_wei)} ETH"
        )
        if balance < wanted.low_wei:
            return Effected(presence=Presence.ABSENT, evidence=told)
        settled = self._balance(wanted.publisher, heads.settled)
        return Effected(
            presence=Presence.SETTLED if settled >= wanted.low_wei else Presence.SEEN, evidence=told
        )

    def build(self, intent: Intent, heads: Heads) -> Built:
        """The transfer, to the wei."""
        wanted = TopUp.from_json(intent.parameters)
        check_uint("amount_wei", wanted.amount_wei, at_least=1)
        if wanted.from_safe != self._safe:
            raise InputError(
                "the action is to be paid by another Safe than the one of the settings",
                from_safe=wanted.from_safe,
                safe=self._safe,
            )
        call = Call(
            to=wanted.publisher,
            data=b"",
            value_wei=wanted.amount_wei,
            summary=f"Send {render_exact(wanted.amount_wei)} ETH to publisher {wanted.publisher}",
        )
        (code,) = self._chain.rpc.batch([("eth_getCode", [wanted.publisher, hex(heads.head.number)])])
        lines = (
            ()
            if code == "0x"
            else (f"{wanted.publisher} has code: it is a contract, or an account that delegates to one",)
        )
        return Built(calls=(call,), lines=lines)

    def _balance(self, publisher: str, block: BlockStamp) -> int:
        return fetch_present(self._chain.rpc, [publisher], block)[publisher].balance_wei
