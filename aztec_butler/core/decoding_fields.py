"""What the arguments of calls are called here: the names that builders take, with their units.

Functions that have a builder are listed; the rest get Solidity's names in snake_case, as events do.
"""

from __future__ import annotations

from functools import cache
from typing import Final

import attrs

from aztec_butler.core.abi import Function
from aztec_butler.core.abi_items import tuple_of
from aztec_butler.core.events_fields import Field, struct_fields

_NAMES: Final = {
    # -- the StakingRegistry
    "registerProvider(address,uint16,address)": "admin take_rate_bps rewards_recipient",
    "addKeysToProvider(uint256,(address,(uint256,uint256),(uint256,uint256,uint256,uint256),(uint256,uint256))[])": (
        "provider_id keys"
    ),
    "updateProviderAdmin(uint256,address)": "provider_id new_admin",
    "updateProviderRewardsRecipient(uint256,address)": "provider_id rewards_recipient",
    "updateProviderTakeRate(uint256,uint16)": "provider_id take_rate_bps",
    "dripProviderQueue(uint256,uint256)": "provider_id count",
    "stake(uint256,uint256,address,uint16,address,bool)": (
        "provider_id rollup_version withdrawer expected_take_rate_bps rewards_recipient moves_with_latest_rollup"
    ),
    # -- the rollup
    "deposit(address,address,(uint256,uint256),(uint256,uint256,uint256,uint256),(uint256,uint256),bool)": (
        "attester withdrawer public_key_g1 public_key_g2 proof_of_possession moves_with_latest_rollup"
    ),
    "flushEntryQueue(uint256)": "at_most",
    # -- tokens
    "approve(address,uint256)": "spender amount_wei",
    "transfer(address,uint256)": "recipient amount_wei",
    "transferFrom(address,address,uint256)": "sender recipient amount_wei",
    # -- batches
    "execTransaction(address,uint256,bytes,uint8,uint256,uint256,uint256,address,address,bytes)": (
        "to value_ether data operation safe_tx_gas base_gas gas_price gas_token refund_receiver signatures"
    ),
    # -- splits
    "distribute((address[],uint256[],uint256,uint16),address,address)": "split token distributor",
}
_UNITS: Final = {"wei": "wei", "bps": "bps", "ether": "ether"}
"""By how a name ends; ``ether`` is wei of ether, not of a token."""


@cache
def argument_fields(function: Function) -> tuple[Field, ...]:
    """The arguments of a function, in the line's order; each has a name."""
    fields = struct_fields(tuple_of(function.inputs))
    names = _NAMES.get(function.signature, "").split() or [
        field.name or f"arg{position}" for position, field in enumerate(fields)
    ]
    return tuple(
        attrs.evolve(
            field,
            name=name.replace("_ether", "_wei"),
            unit=_UNITS.get(name.rpartition("_")[2], field.unit),
        )
        for field, name in zip(fields, names, strict=True)
    )
