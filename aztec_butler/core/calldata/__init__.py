"""Calldata for everything that an operator or staker signs, and calldata in words.

::

    from aztec_butler import calldata

    call = calldata.register_provider(admin="0x...", take_rate_bps=2500, rewards_recipient="0x...")
    call.to, call.data, call.summary
    print(calldata.explain(call.data, to=call.to))

Pure: nobody is asked and nothing is sent. Amounts are integers in wei, rates basis points. Whatever the contracts would
refuse, or their users regret, is refused where it can be seen: with the value, the reason and a way out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from aztec_butler.core.calldata.batches import batch
from aztec_butler.core.calldata.governing import delegate, gse_vote, signal
from aztec_butler.core.calldata.key_stores import as_key_store, encode_add_keys
from aztec_butler.core.calldata.provider_keys import add_keys, drip_queue
from aztec_butler.core.calldata.providers import (
    accept_provider_admin,
    register_provider,
    stake,
    update_provider_admin,
    update_rewards_recipient,
    update_take_rate,
)
from aztec_butler.core.calldata.splits import distribute, hash_of_split, warehouse_withdraw
from aztec_butler.core.calldata.stakes import (
    claim_sequencer_rewards,
    deposit,
    finalize_withdraw,
    flush_entry_queue,
    initiate_withdraw,
    rollup_vote,
)
from aztec_butler.core.calldata.tokens import approve, transfer
from aztec_butler.core.calls import Call

if TYPE_CHECKING:
    from aztec_butler.core.decoding_calls import explain

__all__ = [
    "Call",
    "accept_provider_admin",
    "add_keys",
    "approve",
    "as_key_store",
    "batch",
    "claim_sequencer_rewards",
    "delegate",
    "deposit",
    "distribute",
    "drip_queue",
    "encode_add_keys",
    "explain",
    "finalize_withdraw",
    "flush_entry_queue",
    "gse_vote",
    "hash_of_split",
    "initiate_withdraw",
    "register_provider",
    "rollup_vote",
    "signal",
    "stake",
    "transfer",
    "update_provider_admin",
    "update_rewards_recipient",
    "update_take_rate",
    "warehouse_withdraw",
]


def __getattr__(name: str) -> object:
    if name != "explain":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    # Reading takes more of the library than writing; most commands only write.
    from aztec_butler.core.decoding_calls import explain

    return explain
