"""What the values of events are called: Solidity's names in snake_case, with their units.

Records and columns take their names from here, so that a value has one name everywhere.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Final

import attrs

from aztec_butler.core.abi import Event
from aztec_butler.core.abi_structs import Array, Tuple
from aztec_butler.core.abi_types import Type
from aztec_butler.core.contracts import CONTRACTS, GENERATIONS

_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_AMOUNTS: Final = frozenset({
    "allocation",
    "allowance",
    "amount",
    "amountReturned",
    "amounts",
    "checkpointReward",
    "earmarkedAmountUsed",
    "implicitAmountUsed",
    "newBudget",
    "newLocalEjectionThreshold",
    "newValue",
    "oldLocalEjectionThreshold",
    "oldValue",
    "punishment",
    "reward",
    "rewardPerInsertion",
    "value",
})  # fmt: skip
"""Amounts of a token in its smallest unit, votes included, which are amounts of the staking asset."""
_NAMES: Final = {
    "blockNumber": "l2_block_number",  # block_number is the L1 block of the log
    "from": "from_address",  # a keyword of Python
    "to": "to_address",
    "providerIdentifier": "provider_id",
    "providerTakeRate": "take_rate_bps",
    "newTakeRate": "new_take_rate_bps",
}
_WORDS: Final = frozenset({"publicKeyInG1", "publicKeyInG2", "proofOfPossession"})


@attrs.frozen
class Field:
    """One value of an event, or of a struct inside it.

    Args:
        name: in snake_case, with its unit.
        label: the parameter's name in the ABI line.
        type: its ABI type.
        unit: ``wei`` for amounts, ``word`` for coordinates of curve points, whose 256 bits are no quantity, None for
            the rest.
    """

    name: str
    label: str
    type: Type
    unit: str | None = None


@cache
def event_fields(event: Event) -> tuple[Field, ...]:
    """The values of an event, in the line's order."""
    return tuple(
        _field(label, parameter.type) for label, parameter in zip(event.labels, event.inputs, strict=True)
    )


@cache
def struct_fields(of: Tuple, label: str = "") -> tuple[Field, ...]:
    """The values of a struct; ``label`` is the name of the parameter it stands in."""
    fields = [_field(name, component) for name, component in zip(of.labels, of.components, strict=True)]
    if label in _WORDS:
        fields = [attrs.evolve(field, unit="word") for field in fields]
    return tuple(fields)


def struct_of(of: Type) -> Tuple | None:
    """The struct that a type is, or is an array of."""
    while isinstance(of, Array):
        of = of.item
    return of if isinstance(of, Tuple) else None


@cache
def record_names() -> dict[str, tuple[str, Event]]:
    """Role and event of every record, by the record's name.

    A name is the role and the event: ``GovernanceDeposit``. Where generations of a contract have different events of
    one name, the latest has the plain name, an earlier one ends with its last generation:
    ``RollupRewardConfigUpdatedGen4``.
    """
    named: dict[str, tuple[str, Event]] = {}
    for role, contract in CONTRACTS.items():
        lines = [(line, line.item) for line in contract.lines if line.kind == "event"]
        events = [(line, item) for line, item in lines if isinstance(item, Event)]
        for line, event in events:
            name = role_name(role) + event.name
            twins = [other for _, other in events if other.name == event.name]
            if len(twins) > 1 and line.until != GENERATIONS[-1]:
                name += f"Gen{line.until}"
            elif len(twins) > 1 and event.labels[-1] == "salt":
                name += "WithSalt"  # CREATE2 with a salt or with a nonce, by one and the same factory
            assert name not in named, name
            named[name] = role, event
    return named


@cache
def _names_by_event() -> dict[tuple[str, bytes], str]:
    return {(role, event.topic0): name for name, (role, event) in record_names().items()}


@cache
def roles_by_topic0() -> dict[bytes, tuple[str, ...]]:
    """The roles of the contracts that emit an event, by its topic."""
    found: dict[bytes, tuple[str, ...]] = {}
    for role, event in record_names().values():
        found[event.topic0] = (*found.get(event.topic0, ()), role)
    return found


def record_name(role: str, event: Event) -> str:
    """The name of an event's record."""
    return _names_by_event()[role, event.topic0]


def role_name(role: str) -> str:
    """A role as records begin with it.

    >>> role_name("staking_registry")
    'StakingRegistry'
    """
    # Else the StakerUpgraded of an ATP would have the name of the Upgraded of an ATP's staker.
    return "AtpPosition" if role == "atp" else "".join(map(str.capitalize, role.split("_")))


def _field(label: str, of: Type) -> Field:
    plain = label.lstrip("_")
    innermost = of
    while isinstance(innermost, Array):
        innermost = innermost.item
    if plain in _AMOUNTS and innermost.name.startswith("uint"):
        return Field(_HUMP.sub("_", plain).lower() + "_wei", label, of, "wei")
    return Field(_NAMES.get(plain, _HUMP.sub("_", plain).lower()), label, of)
