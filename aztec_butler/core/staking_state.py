"""Everything about stake at one block, put together from views and history: raw answers in, table rows out.

Views say how things are, history says how they came to be. Where both know something they must agree, see
``core.staking_agreement``.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property

import attrs

from aztec_butler.core.entry_queue import EntryQueueState, QueueForecast, expected_failures, forecast
from aztec_butler.core.epochs import EpochClock
from aztec_butler.core.hexes import ZERO_ADDRESS
from aztec_butler.core.history import Outcome, Stake
from aztec_butler.core.lifecycle import Lifecycle, lifecycle
from aztec_butler.core.queue_config import decode_queue_config_word
from aztec_butler.core.records import (
    AttesterView,
    BlockStamp,
    Deployment,
    ProviderConfiguration,
    QueuedDeposit,
    RollupState,
    Status,
)
from aztec_butler.core.rows import (
    Attester,
    LifecycleAnswer,
    Provider,
    QueueEntry,
)
from aztec_butler.core.staking_agreement import check_agreement
from aztec_butler.core.whereabouts import Whereabouts

# A key that was never staked on stands in no event and so in no contract but the provider's queue.
_UNSEEN = AttesterView(
    status=Status.NONE, effective_balance_wei=0, exit=None, public_key=(0, 0), withdrawer=ZERO_ADDRESS
)


@attrs.frozen(kw_only=True)
class StakingState:
    """What the contracts hold and the events tell, at one block."""

    block: BlockStamp
    deployment: Deployment
    rollups: tuple[RollupState, ...]
    """Those that exist at the block, in the order in which they became canonical."""
    queues: Mapping[str, tuple[QueuedDeposit, ...]]
    """Every rollup's entry queue, by address."""
    providers: tuple[ProviderConfiguration, ...]
    whereabouts: Whereabouts
    views: Mapping[str, AttesterView]
    """What an attester's home rollup says of it, for everyone who was ever staked."""

    def __attrs_post_init__(self) -> None:
        check_agreement(self)

    # -- who stands where

    def provider_queue(self, provider_id: int) -> tuple[str, ...]:
        """Attesters whose keys a provider has listed and nobody has staked on, the next one first."""
        return self.whereabouts.history.provider_queues.get(provider_id, ())

    @cached_property
    def by_address(self) -> dict[str, RollupState]:
        """The rollups by their address."""
        return {state.rollup.address: state for state in self.rollups}

    @cached_property
    def _queued(self) -> dict[str, QueuedDeposit]:
        """The queue entry of every attester that has one; of several the first, which alone can succeed."""
        queued: dict[str, QueuedDeposit] = {}
        for state in self.rollups:
            for deposit in self.queues[state.rollup.address]:
                queued.setdefault(deposit.attester, deposit)
        return queued

    @cached_property
    def _listed(self) -> dict[str, int]:
        """The provider that lists each waiting key; of several the one with the lowest id."""
        listed: dict[str, int] = {}
        for provider in self.providers:
            for attester in self.provider_queue(provider.provider_id):
                listed.setdefault(attester, provider.provider_id)
        return listed

    @property
    def known_attesters(self) -> tuple[str, ...]:
        """Everyone who is or was queued, staked or listed, in the order of first appearance."""
        return tuple(dict.fromkeys((*self.whereabouts.stakes, *self._listed)))

    def _lifecycle(self, attester: str, view: AttesterView) -> Lifecycle:
        return lifecycle(
            [view], is_entry_queued=attester in self._queued, is_provider_queued=attester in self._listed
        )

    # -- tables

    @cached_property
    def by_attester(self) -> dict[str, Attester]:
        """A row for everyone that the contracts know."""
        return {
            attester: self._attester(attester, self.views.get(attester, _UNSEEN))
            for attester in self.known_attesters
        }

    def _attester(self, attester: str, view: AttesterView) -> Attester:
        stake = self.whereabouts.stakes.get(attester)
        standing = self._lifecycle(attester, view)
        delegated = None if stake is None else stake.delegated
        queued = self._queued.get(attester) if standing is Lifecycle.ENTRY_QUEUED else None
        has_rollup = stake is not None and standing not in {
            Lifecycle.PROVIDER_QUEUED,
            Lifecycle.NEVER_REGISTERED,
        }
        provider_id = None if delegated is None else delegated.provider_id
        if stake is None:
            provider_id = self._listed.get(attester)
        return Attester(
            attester=attester,
            lifecycle=standing,
            status=view.status,
            rollup_version=self.by_address[self.whereabouts.home(attester)].rollup.version
            if has_rollup
            else None,
            moves_with_latest_rollup=self._moves(stake, queued) if has_rollup else None,
            stake_wei=view.effective_balance_wei,
            exit_amount_wei=0 if view.exit is None else view.exit.amount_wei,
            withdrawer=None if stake is None else stake.withdrawer,
            provider_id=provider_id,
            coinbase=None if delegated is None else delegated.split,
            staker=None if delegated is None else delegated.staker,
            queue_position=None if queued is None else queued.position,
            activated_block=None if stake is None or stake.instance is None else _settled_block(stake),
        )

    def _moves(self, stake: Stake | None, queued: QueuedDeposit | None) -> bool:
        if queued is not None:
            return queued.moves_with_latest_rollup
        return stake is not None and stake.instance == self.deployment.bonus_instance

    def attesters(self) -> tuple[Attester, ...]:
        """Everyone that the contracts know, in the order of first appearance."""
        return tuple(self.by_attester.values())

    def entry_queue(self) -> tuple[QueueEntry, ...]:
        """Every queued deposit, the canonical rollup's first, in queue order."""
        ordered = sorted(self.rollups, key=lambda state: not state.is_canonical)
        return tuple(entry for state in ordered for entry in self._entries(state))

    def _entries(self, state: RollupState) -> Iterable[QueueEntry]:
        address = state.rollup.address
        deposits = self.queues[address]
        if not deposits:
            return
        failures = expected_failures(
            deposits,
            registered_attesters=self.whereabouts.activated.keys(),
            registered_keys={self.views[attester].public_key for attester in self.whereabouts.activated},
            is_latest_rollup=state.is_latest_in_gse,
        )
        clock = EpochClock.of(state.rollup)
        plan = self.queue_forecast(state, failing=failures)
        for deposit, stake, place in zip(
            deposits, self.whereabouts.history.waiting(address), plan.places, strict=True
        ):
            failure = failures.get(deposit.position)
            starts = place.epoch is not None and place.earliest_at is not None and failure is None
            duty = (
                clock.first_duty_epoch(place.earliest_at)
                if starts and place.earliest_at is not None
                else None
            )
            yield QueueEntry(
                position=deposit.position,
                attester=deposit.attester,
                withdrawer=deposit.withdrawer,
                provider_id=None if stake.delegated is None else stake.delegated.provider_id,
                rollup_version=state.rollup.version,
                moves_with_latest_rollup=deposit.moves_with_latest_rollup,
                fails_because=None if failure is None else str(failure),
                activation_epoch=place.epoch if starts else None,
                activation_at=place.earliest_at if starts else None,
                first_duty_epoch=duty,
                first_duty_at=None if duty is None else clock.epoch_start_at(duty),
            )

    def queue_state(self, state: RollupState) -> EntryQueueState:
        """A rollup's entry queue as the rules of the queue take it."""
        return EntryQueueState(
            active_count=state.active_count,
            queued_count=state.queued_count,
            next_flushable_epoch=state.next_flushable_epoch,
            cached_allowance=state.allowance,
            is_bootstrapped=state.is_bootstrapped,
            config=decode_queue_config_word(state.queue_config_word),
        )

    def queue_forecast(self, state: RollupState, *, failing: Iterable[int] = ()) -> QueueForecast:
        """When each place of a rollup's entry queue is reached, if somebody flushes once an epoch."""
        return forecast(
            self.queue_state(state),
            clock=EpochClock.of(state.rollup),
            now_at=self.block.timestamp,
            failing=tuple(failing),
        )

    def provider_rows(self) -> tuple[Provider, ...]:
        """Every provider, by id."""
        stakes_wei: Counter[int] = Counter()
        standing: dict[int, Counter[Lifecycle]] = defaultdict(Counter)
        total_wei = 0
        for row in self.by_attester.values():
            if row.lifecycle is Lifecycle.VALIDATING:
                total_wei += row.stake_wei
            if row.provider_id is not None and row.lifecycle is not Lifecycle.PROVIDER_QUEUED:
                standing[row.provider_id][row.lifecycle] += 1
                if row.lifecycle is Lifecycle.VALIDATING:
                    stakes_wei[row.provider_id] += row.stake_wei
        history = self.whereabouts.history
        made = Counter(delegated.provider_id for delegated in history.delegations)
        dripped = Counter(drip.provider_id for drip in history.drips)
        listed: Counter[int] = Counter()
        for listing in history.listings:
            listed[listing.provider_id] += len(listing.attesters)
        return tuple(
            Provider(
                provider_id=provider.provider_id,
                admin=provider.admin,
                take_rate_bps=provider.take_rate_bps,
                rewards_recipient=provider.rewards_recipient,
                keys_queued=provider.keys_queued,
                keys_listed=listed[provider.provider_id],
                keys_dripped=dripped[provider.provider_id],
                delegations=made[provider.provider_id],
                validating=standing[provider.provider_id][Lifecycle.VALIDATING],
                entry_queued=standing[provider.provider_id][Lifecycle.ENTRY_QUEUED],
                active_stake_wei=stakes_wei[provider.provider_id],
                stake_share=stakes_wei[provider.provider_id] / total_wei if total_wei else 0.0,
                registered_block=history.registrations[provider.provider_id].block_number,
            )
            for provider in self.providers
        )

    def lifecycles(
        self, attesters: Sequence[str], strangers: Mapping[str, AttesterView]
    ) -> tuple[LifecycleAnswer, ...]:
        """Where each of these addresses stands, in their order.

        Args:
            attesters: checksummed addresses.
            strangers: a view of each one that is not in ``known_attesters``.
        """
        refunded = Counter(
            stake.attester for stake in self.whereabouts.history.stakes if stake.outcome is Outcome.REFUNDED
        )
        answers = []
        for attester in attesters:
            row = self.by_attester.get(attester) or self._attester(attester, strangers[attester])
            answers.append(
                LifecycleAnswer(
                    attester=attester,
                    lifecycle=row.lifecycle,
                    stake_wei=row.stake_wei,
                    rollup_version=row.rollup_version,
                    provider_id=row.provider_id,
                    queue_position=row.queue_position,
                    failed_deposits=refunded[attester],
                )
            )
        return tuple(answers)


def _settled_block(stake: Stake) -> int | None:
    return None if stake.settled is None else stake.settled.block_number
