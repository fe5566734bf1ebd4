"""Staking states made from stories: what tests of the exporter begin with, without a chain."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from staking_story import BONUS, DEPLOYMENT, LOCAL, NEW, OLD, OWNER, STAKING_REGISTRY, Story, account

from aztec_butler.core.hexes import ZERO_ADDRESS
from aztec_butler.core.history import Outcome, StakingHistory
from aztec_butler.core.records import (
    AttesterView,
    BlockStamp,
    ExitView,
    ProviderConfiguration,
    QueuedDeposit,
    RollupState,
    Status,
)
from aztec_butler.core.staking_state import StakingState
from aztec_butler.core.whereabouts import Whereabouts

SLASHERS = {OLD: account(21), NEW: account(22)}
OPEN_QUEUE = {"size": 0, "flush": 0, "least": 2, "quotient": 400, "most": 4}


def queue_word(*, size: int, flush: int, least: int, quotient: int, most: int) -> int:
    """A queue configuration as the contract packs it."""
    return most | quotient << 32 | least << 64 | flush << 96 | size << 128


def delegate(story: Story, attester: str, split: str, *, provider_id: int = 1, at: str = NEW) -> Story:
    """Somebody stakes with a provider."""
    story.queued(attester, at)
    return story.tell(
        STAKING_REGISTRY,
        "StakedWithProvider",
        same_transaction=True,
        providerIdentifier=provider_id,
        rollupAddress=at,
        attester=attester,
        coinbaseSplitContractAddress=split,
        stakerImplementation=OWNER,
    )


def state_of(
    story: Story,
    *,
    now_at: int = 2304 * 1000,
    queue: Mapping[str, int] = OPEN_QUEUE,
    take_rates_bps: Sequence[int] = (500,),
    key_of: Mapping[str, tuple[int, int]] | None = None,
    slasher: Mapping[str, str] = SLASHERS,
) -> StakingState:
    """The state after a story, as contracts that agree with it would tell it.

    Args:
        story: what happened.
        now_at: time of the block.
        queue: configuration of both entry queues.
        take_rates_bps: of each provider.
        key_of: BLS keys that are not an attester's own.
        slasher: of each rollup.
    """
    history = story.history()
    whereabouts = Whereabouts(deployment=DEPLOYMENT, latest_rollup=NEW, history=history)
    views = {attester: _view(attester, history, whereabouts, key_of or {}) for attester in whereabouts.stakes}
    queues = {address: _queue(history, address, key_of or {}) for address in (OLD, NEW)}
    rollups = tuple(
        RollupState(
            rollup=rollup,
            is_canonical=rollup.address == NEW,
            is_latest_in_gse=rollup.address == NEW,
            active_count=sum(
                view.status is Status.VALIDATING and whereabouts.home(attester) == rollup.address
                for attester, view in views.items()
            ),
            queued_count=len(queues[rollup.address]),
            next_flushable_epoch=0,
            allowance=0,
            is_bootstrapped=True,
            queue_config_word=queue_word(**queue),
            local_ejection_threshold_wei=LOCAL,
            slasher=slasher.get(rollup.address, ZERO_ADDRESS),
        )
        for rollup in DEPLOYMENT.rollups
    )
    return StakingState(
        block=BlockStamp(number=500, hash="0x" + "ab" * 32, timestamp=now_at, is_finalized=True),
        deployment=DEPLOYMENT,
        rollups=rollups,
        queues=queues,
        providers=tuple(
            _provider(number, history, rate) for number, rate in enumerate(take_rates_bps, start=1)
        )
        if history.registrations
        else (),
        whereabouts=whereabouts,
        views=views,
    )


def _key(attester: str, key_of: Mapping[str, tuple[int, int]]) -> tuple[int, int]:
    return key_of.get(attester, (int(attester, 16), 2))


def _view(
    attester: str, history: StakingHistory, whereabouts: Whereabouts, key_of: Mapping[str, tuple[int, int]]
) -> AttesterView:
    stake = whereabouts.stakes[attester]
    was_active = stake.outcome is Outcome.ACTIVATED
    departure = whereabouts.departed.get(attester)
    status, leaving = Status.VALIDATING if was_active else Status.NONE, None
    if departure is not None:
        status = Status.NONE
        if departure.finalized is None and departure.burned is None:
            status = Status.ZOMBIE if departure.recipient is None else Status.EXITING
            leaving = ExitView(
                withdrawal_id=0,
                amount_wei=departure.amount_wei,
                exitable_at=1,
                recipient_or_withdrawer=departure.recipient or OWNER,
                is_recipient=departure.recipient is not None,
            )
    return AttesterView(
        status=status,
        effective_balance_wei=history.balances_wei.get(attester, 0),
        exit=leaving,
        public_key=_key(attester, key_of),
        withdrawer=stake.withdrawer if was_active else ZERO_ADDRESS,
    )


def _queue(
    history: StakingHistory, rollup: str, key_of: Mapping[str, tuple[int, int]]
) -> tuple[QueuedDeposit, ...]:
    return tuple(
        QueuedDeposit(
            position=position,
            attester=stake.attester,
            withdrawer=stake.withdrawer,
            public_key=_key(stake.attester, key_of),
            moves_with_latest_rollup=stake.instance == BONUS,
        )
        for position, stake in enumerate(history.waiting(rollup))
    )


def _provider(number: int, history: StakingHistory, rate: int) -> ProviderConfiguration:
    listed = sum(len(each.attesters) for each in history.listings if each.provider_id == number)
    left = len(history.provider_queues.get(number, ()))
    return ProviderConfiguration(
        provider_id=number,
        admin=OWNER,
        take_rate_bps=rate,
        rewards_recipient=OWNER,
        queue_first_index=1 + listed - left,
        queue_last_index=1 + listed,
    )
