"""Whether the contracts' views and the replayed events agree: where both know something, they must.

A difference means that one of them is incomplete, and is an error rather than a shorter table. What no later event
contradicts is found here: the last log of a chain may be missing as well.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from aztec_butler.core.errors import NodeRefused
from aztec_butler.core.history import MISSING_LOGS_HINT
from aztec_butler.core.records import ProviderConfiguration, RollupState, Status

if TYPE_CHECKING:
    from aztec_butler.core.staking_state import StakingState


def check_agreement(state: StakingState) -> None:
    """Compare everything that both know.

    Raises:
        NodeRefused: the logs do not agree with the contract; names what differs.
    """
    for rollup in state.rollups:
        _check_rollup(state, rollup)
    _check_attesters(state)
    registered = len(state.whereabouts.history.registrations)
    if registered != len(state.providers):
        raise disagreement({"block": state.block.number}, providers=(len(state.providers), registered))
    for provider in state.providers:
        _check_provider(state, provider)


def disagreement(of: Mapping[str, object], **values: tuple[object, object]) -> NodeRefused:
    """The error of logs that do not agree with the contract.

    Args:
        of: what the values are of.
        values: a pair for each name: by the contract, by logs.
    """
    error = NodeRefused("the logs do not agree with the contract", hint=MISSING_LOGS_HINT)
    error.facts.update(of)
    for name, (by_contract, by_logs) in values.items():
        error.facts[name] = f"{by_contract} by the contract, {by_logs} by logs"
    return error


def _check_rollup(state: StakingState, rollup: RollupState) -> None:
    address = rollup.rollup.address
    waiting = [stake.attester for stake in state.whereabouts.history.waiting(address)]
    queued = [deposit.attester for deposit in state.queues[address]]
    validating = sum(
        1
        for attester, view in state.views.items()
        if view.status is Status.VALIDATING and state.whereabouts.home(attester) == address
    )
    if waiting != queued or validating != rollup.active_count:
        raise disagreement(
            {"block": state.block.number, "rollup": address},
            validating=(rollup.active_count, validating),
            queued=(len(queued), len(waiting)),
        )


def _check_attesters(state: StakingState) -> None:
    history = state.whereabouts.history
    # An attester leaves once in its life.
    leaving = {each.attester: each for each in history.departures if each.finalized is None}
    for attester, view in state.views.items():
        stake_wei = history.balances_wei.get(attester, 0)
        departure = leaving.get(attester)
        exit_wei = 0 if departure is None else departure.amount_wei
        viewed_wei = 0 if view.exit is None else view.exit.amount_wei
        if (stake_wei, exit_wei) != (view.effective_balance_wei, viewed_wei):
            raise disagreement(
                {"block": state.block.number, "attester": attester},
                stake_wei=(view.effective_balance_wei, stake_wei),
                exit_wei=(viewed_wei, exit_wei),
            )
        if departure is not None and view.exit is not None:
            recipient = view.exit.recipient_or_withdrawer if view.exit.is_recipient else None
            if recipient != departure.recipient:
                raise disagreement(
                    {"block": state.block.number, "attester": attester},
                    recipient=(recipient, departure.recipient),
                )


def _check_provider(state: StakingState, provider: ProviderConfiguration) -> None:
    listed = len(state.provider_queue(provider.provider_id))
    if listed != provider.keys_queued:
        raise disagreement(
            {"block": state.block.number, "provider_id": provider.provider_id},
            keys_queued=(provider.keys_queued, listed),
        )
