"""What handlers and conditions know besides an event: how things stand at one block, as far as it is about us.

Pure. Every part is of the same block. A part that may be unknown is None then, never empty: ``troubles`` says why. What
``fact_reading`` reads from contracts is put together here.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Final

import attrs

from aztec_butler.core.governance import ProposalState
from aztec_butler.core.lifecycle import Lifecycle
from aztec_butler.core.node_records import SlashOffense
from aztec_butler.core.records import BlockStamp, Deployment, Rollup, unit
from aztec_butler.core.rows import QueueEntry
from aztec_butler.core.slashing import EjectionThresholds, headroom_wei
from aztec_butler.core.staking_state import StakingState

GONE: Final = frozenset({Lifecycle.ZOMBIE, Lifecycle.EXITING, Lifecycle.EXITED})
"""Who earns nothing any more."""


@attrs.frozen(kw_only=True)
class OwnAttester:
    """One of our attesters: named by settings or keystores, or ever listed by a provider of ours.

    Args:
        attester: checksummed.
        lifecycle: where it stands.
        provider_id: the provider of ours that has it now; None when none of them does.
        stake_wei: what counts for the validator set.
        headroom_wei: what it can lose and still stay in the set; None when it is not in it.
        split: of the stake that counts for it, where that was made with a provider of ours; None else.
        split_owner: who could change that split: the zero address when nobody can; None without a split, and when the
            contract does not tell.
        fails_because: why its deposit will be refunded; None when nothing speaks against it, or none waits.
        activation_at: the earliest time of its activation; None when it does not wait, will fail, or the queue stalls.
    """

    attester: str
    lifecycle: Lifecycle
    provider_id: int | None = None
    stake_wei: int = unit("wei", default=0)
    headroom_wei: int | None = unit("wei", default=None)
    split: str | None = None
    split_owner: str | None = None
    fails_because: str | None = None
    activation_at: int | None = unit("s", default=None)

    @property
    def earns(self) -> bool:
        """Whether it earns rewards, or will: in the set, or waiting with a deposit that will not fail."""
        if self.lifecycle is Lifecycle.ENTRY_QUEUED:
            return self.fails_because is None
        return self.lifecycle is Lifecycle.VALIDATING


@attrs.frozen(kw_only=True)
class OwnProvider:
    """One of our providers.

    Args:
        provider_id: its id.
        admin: who rules it.
        pending_admin: who may accept to; None when nobody may.
        take_rate_bps: of new delegations.
        rewards_recipient: where its part goes.
        keys_queued: keys that are left.
        runway_seconds: how long they last at the pace of the last four weeks; None when nobody staked in that time.
    """

    provider_id: int
    admin: str
    pending_admin: str | None = None
    take_rate_bps: int = unit("bps")
    rewards_recipient: str
    keys_queued: int
    runway_seconds: int | None = unit("s", default=None)


@attrs.frozen(kw_only=True)
class PreparedKeys:
    """The registrations that wait in a file.

    Args:
        path: of the file.
        fresh: attesters of it that the staking contracts have never seen, in the file's order.
        known: how many others there are.
    """

    path: str
    fresh: tuple[str, ...]
    known: int = 0


@attrs.frozen(kw_only=True)
class RoundAgainst:
    """A slashing round with votes against one of our attesters.

    Args:
        rollup_version: where is voted.
        proposer: the contract that tallies.
        round: its number.
        attester: ours.
        votes: against it, in the running round; 0 for a round that is over.
        quorum: votes that a slash needs.
        amount_wei: what a round that is over takes from it once it is executed; 0 for the running one.
        executable_at: from when on it can be executed.
        expires_at: from when on it cannot any more.
    """

    rollup_version: int
    proposer: str
    round: int
    attester: str
    votes: int
    quorum: int
    amount_wei: int = unit("wei")
    executable_at: int = unit("s")
    expires_at: int = unit("s")


@attrs.frozen(kw_only=True)
class Facts:
    """How things stand at one block.

    Args:
        block: that everything is of.
        deployment: the contracts.
        canonical: the rollup that stake follows.
        contracts: addresses whose logs matter, with their roles.
        provider_ids: ours: those of the settings, and those of the admin that the settings name.
        providers: of them those that exist, by id.
        created_ids: providers that this admin ever registered; None where no provider is to be created.
        attesters: ours, by address.
        coinbases: where our keystores send rewards, by attester, None for those with no coinbase; None as a whole where
            no keystore is named.
        publishers: what each of our publishers has, in wei of ether.
        ejections: for each slash of ours, by transaction and log index, whether it took the attester out of the set.
        prepared: registrations to add keys from; None where no file is named, or it cannot be read.
        rounds: with votes against ours.
        proposals: of Governance, those that are not over, by id.
        offenses: of ours, that our node would vote to slash for; None where no node tells.
        troubles: what could not be read though it was named, and why.
    """

    block: BlockStamp
    deployment: Deployment
    canonical: Rollup
    contracts: Mapping[str, str] = attrs.field(factory=dict)
    provider_ids: tuple[int, ...] = ()
    providers: Mapping[int, OwnProvider] = attrs.field(factory=dict)
    created_ids: tuple[int, ...] | None = None
    attesters: Mapping[str, OwnAttester] = attrs.field(factory=dict)
    coinbases: Mapping[str, str | None] | None = None
    publishers: Mapping[str, int] = attrs.field(factory=dict)
    ejections: Mapping[tuple[str, int], bool] = attrs.field(factory=dict)
    prepared: PreparedKeys | None = None
    rounds: tuple[RoundAgainst, ...] = ()
    proposals: Mapping[int, ProposalState] = attrs.field(factory=dict)
    offenses: tuple[SlashOffense, ...] | None = None
    troubles: Mapping[str, str] = attrs.field(factory=dict)

    @property
    def chain_id(self) -> int:
        """EIP-155 id."""
        return self.deployment.chain_id

    def rollup_at(self, address: str) -> Rollup | None:
        """A rollup by its address; None for a stranger."""
        return next((each for each in self.deployment.rollups if each.address == address), None)


# --------------------------------------------------------------------------- out of a state


def own_provider_ids(state: StakingState, named: Collection[int], admin: str | None) -> tuple[int, ...]:
    """Our providers: those named, and those that the wanted admin rules.

    Args:
        state: everything at one block.
        named: ids of the settings.
        admin: of the provider that is to be created; None where none is.
    """
    ruled = [each.provider_id for each in state.providers if admin is not None and each.admin == admin]
    return tuple(dict.fromkeys((*named, *ruled)))


def own_addresses(
    state: StakingState, provider_ids: Collection[int], named: Collection[str]
) -> tuple[str, ...]:
    """Our attesters: those named, and everyone whom our providers ever listed; nobody else can be staked on with them.

    Args:
        state: everything at one block.
        provider_ids: ours.
        named: by settings and keystores, checksummed.
    """
    history, ours = state.whereabouts.history, frozenset(provider_ids)
    listed = [
        attester for each in history.listings if each.provider_id in ours for attester in each.attesters
    ]
    return tuple(dict.fromkeys((*named, *listed)))


def standing_split(state: StakingState, attester: str, provider_ids: Collection[int]) -> str | None:
    """The split of the stake that counts for an attester, where it was made with one of these providers.

    Anybody can stake on our attester through a provider of their own: their split is never where our rewards go.
    """
    stake = state.whereabouts.stakes.get(attester)
    delegated = None if stake is None else stake.delegated
    return delegated.split if delegated is not None and delegated.provider_id in provider_ids else None


def own_attesters(
    state: StakingState,
    addresses: Collection[str],
    provider_ids: Collection[int],
    owners: Mapping[str, str | None],
) -> dict[str, OwnAttester]:
    """Our attesters as they stand.

    Args:
        state: everything at one block.
        addresses: of them.
        provider_ids: ours.
        owners: of their splits, by split; None for one that does not tell.
    """
    entries: dict[str, QueueEntry] = {}
    for each in state.entry_queue():
        # Of several deposits for one attester the first alone can succeed.
        entries.setdefault(each.attester, each)
    found = {}
    for address in addresses:
        row = state.by_attester.get(address)
        if row is None:
            # The history is whole: who is in no event was never there.
            found[address] = OwnAttester(attester=address, lifecycle=Lifecycle.NEVER_REGISTERED)
            continue
        entry = entries.get(address) if row.lifecycle is Lifecycle.ENTRY_QUEUED else None
        split = standing_split(state, address, provider_ids)
        found[address] = OwnAttester(
            attester=address,
            lifecycle=row.lifecycle,
            provider_id=row.provider_id if row.provider_id in provider_ids else None,
            stake_wei=row.stake_wei,
            headroom_wei=_headroom(state, address) if row.lifecycle is Lifecycle.VALIDATING else None,
            split=split,
            split_owner=None if split is None else owners.get(split),
            fails_because=None if entry is None else entry.fails_because,
            activation_at=None if entry is None else entry.activation_at,
        )
    return found


def own_ejections(state: StakingState, addresses: Collection[str]) -> dict[tuple[str, int], bool]:
    """For each slash of ours, by transaction and log index, whether it took the attester out of the set.

    Args:
        state: everything at one block.
        addresses: ours.
    """
    ours = frozenset(addresses)
    return {
        (slash.log.transaction_hash, slash.log.log_index): slash.is_ejection
        for slash in state.whereabouts.history.slashes
        if slash.attester in ours
    }


def _headroom(state: StakingState, attester: str) -> int:
    home = state.by_address[state.whereabouts.home(attester)]
    thresholds = EjectionThresholds(
        local_wei=home.local_ejection_threshold_wei, gse_wei=state.deployment.ejection_threshold_wei
    )
    return headroom_wei(state.by_attester[attester].stake_wei, thresholds)
