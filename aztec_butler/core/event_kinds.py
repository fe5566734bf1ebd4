"""Which events are meant: names as people write them, to the kinds of logs that a node is asked for.

::

    select_events("Slashed")              # of every contract that emits one: RollupSlashed
    select_events("Deposit")              # RollupDeposit, GseDeposit, GovernanceDeposit
    select_events(["GseDeposit", "StakedWithProvider"])
    select_events("staking")              # everything that matters for stake

A kind is (contract role, topic 0), never the event's name alone: three contracts emit a ``Deposit``.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from functools import cache
from typing import Final

import attrs

from aztec_butler.core.abi import Event
from aztec_butler.core.errors import InputError
from aztec_butler.core.events_fields import record_names
from aztec_butler.core.spelling import did_you_mean

STAKING: Final = "staking"
"""The word for every event that matters for stake."""

_STAKING: Final[Mapping[str, Collection[str]]] = {
    "registry": {"CanonicalRollupUpdated"},
    "rollup": {
        "ValidatorQueued",
        "Deposit",
        "FailedDeposit",
        "WithdrawInitiated",
        "WithdrawFinalized",
        "Slashed",
        "StakingQueueConfigUpdated",
        "LocalEjectionThresholdUpdated",
        "SlasherUpdated",
        "PendingSlasherQueued",
        "PendingSlasherCancelled",
        "LegacySlasherAuthorized",
    },
    "gse": {"Deposit", "DelegateChanged", "DelegateVotesChanged"},
    "staking_registry": {
        "ProviderRegistered",
        "ProviderAdminUpdateInitiated",
        "ProviderAdminUpdated",
        "ProviderTakeRateUpdated",
        "ProviderRewardsRecipientUpdated",
        "AttestersAddedToProvider",
        "ProviderQueueDripped",
        "StakedWithProvider",
    },
    "slasher": {"VetoedPayload", "SlashingDisabled"},
    "slashing_proposer": {"RoundExecuted"},
    "empire_slashing_proposer": {"PayloadSubmitted"},
}


@attrs.frozen(kw_only=True)
class EventKind:
    """One event of one role.

    Args:
        role: of the contracts that emit it.
        record: the name of its record in ``core.events``.
        event: its ABI line.
    """

    role: str
    record: str
    event: Event = attrs.field(repr=False, eq=False)

    @property
    def topic0(self) -> bytes:
        """What its logs begin with."""
        return self.event.topic0


def select_events(
    names: str | Iterable[str], *, roles: Collection[str] | None = None
) -> tuple[EventKind, ...]:
    """The kinds of events that are meant.

    ``staking`` is what happens to stake and what decides about it: queueing, activation, refund, exit, payment and
    slash of every rollup, with the settings of its queue, its ejection threshold and its slasher; the GSE's deposits and
    delegations of voting power; all of the StakingRegistry; the Registry's change of the canonical rollup, which moves
    stake; vetoes, pauses and executed rounds of slashing. Not in it: single votes, one for each slot; Governance, where
    everybody may deposit; the factory of splits, which serves the whole world; rewards, fees and checkpoints.

    Args:
        names: one or several, each an event's name in Solidity (of every role that emits it), the name of a record
            (exactly one), or ``staking``. Commas may stand between them.
        roles: of the contracts whose addresses can be found; None for all.

    Returns:
        Each kind once, in the order of the contracts and their lines, whatever the order of the names.

    Raises:
        InputError: an unknown name, with the nearest ones; one that only contracts elsewhere have; or none at all.

    >>> [kind.record for kind in select_events("Deposit")]
    ['RollupDeposit', 'GseDeposit', 'GovernanceDeposit']
    """
    asked = [
        part.strip() for name in ([names] if isinstance(names, str) else names) for part in name.split(",")
    ]
    asked = [name for name in asked if name]
    if not asked:
        raise InputError(
            "no event is named", hint=f'"{STAKING}" stands for every event that matters for stake'
        )
    wanted: set[str] = set()
    for name in asked:
        found = _named(name)
        usable = [kind for kind in found if roles is None or kind.role in roles]
        if not usable:
            raise InputError(
                "nothing leads from the network to the contracts that emit this event",
                hint=f'name them: contracts={{"0x...": "{found[0].role}"}}, --contracts 0x...={found[0].role}',
                event=name,
                roles=", ".join(kind.role for kind in found),
            )
        wanted |= {kind.record for kind in usable}
    return tuple(kind for kind in event_kinds() if kind.record in wanted)


@cache
def event_kinds() -> tuple[EventKind, ...]:
    """Every kind there is, in the order of the contracts and their lines."""
    return tuple(
        EventKind(role=role, record=record, event=event) for record, (role, event) in record_names().items()
    )


def _named(name: str) -> list[EventKind]:
    kinds = event_kinds()
    if name == STAKING:
        return [kind for kind in kinds if kind.event.name in _STAKING.get(kind.role, ())]
    found = [kind for kind in kinds if name in (kind.record, kind.event.name)]
    if not found:
        known = [STAKING, *dict.fromkeys(kind.event.name for kind in kinds), *(kind.record for kind in kinds)]
        raise InputError("there is no such event", hint=did_you_mean(name, known), event=name)
    return found
