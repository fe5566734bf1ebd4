"""Who takes part in a season, and what became of them: filled in while it is played, checked by tests afterwards."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import TYPE_CHECKING

import attrs

from aztec_butler.devnet.season_keys import AttesterKeys, attester_keys
from aztec_butler.devnet.staking_moves import StakingMoves

if TYPE_CHECKING:
    from aztec_butler.devnet.chain import DeployedContract
    from aztec_butler.devnet.checkpoints import Checkpoint
    from aztec_butler.devnet.devnet import Devnet


class Story(StrEnum):
    """What an attester is an example of, at the end of the season."""

    LISTED = "listed by a provider, and nobody has staked on it"
    DRIPPED = "listed by a provider, and taken off its list again"
    QUEUED = "waiting in the entry queue of the canonical rollup"
    QUEUED_BEHIND = "waiting in the entry queue of the old rollup"
    WILL_FAIL = "waiting in an entry queue with a deposit that will be refunded"
    REFUNDED = "never in the set: its deposit was refunded"
    STAYED = "validating on the old rollup"
    SLASHED = "slashed, and still in the set"
    ZOMBIE = "put out by a slash, and nobody has said where the rest goes"
    ZOMBIE_NAMED = "put out by a slash, and the rest is on its way to the withdrawer's recipient"
    SLASHED_TO_NOTHING = "slashed to nothing"
    SLASHED_LEAVING = "slashed while it left"
    LEAVING = "left, and neither delay is over"
    LEAVING_HALFWAY = "left, and the rollup's delay is over, but not Governance's"
    WITHDRAWABLE = "left, and both delays are over, but nobody has asked for the stake"
    PAID = "left, and paid out"


@attrs.frozen(kw_only=True)
class SeasonAttester:
    """An attester whose deposit or listing was made.

    Args:
        provider_id: None when it was staked directly.
        coinbase: address its rewards go to when it proposes: the split, or the withdrawer.
        withdrawer: of its stake; None while it is only listed.
        moves: whether it follows the canonical rollup; None while it is only listed.
    """

    address: str
    provider_id: int | None = None
    coinbase: str | None = None
    withdrawer: str | None = None
    moves: bool | None = None


@attrs.define(kw_only=True)
class SeasonProvider:
    """A provider as it stands at the end.

    Args:
        name: of the wallets it uses.
        uses_splits: whether its attesters send rewards to their splits, as they should.
        listed: attesters whose keys wait, in order.
        staked: attesters that were staked on, in order.
    """

    provider_id: int
    name: str
    admin: str
    take_rate_bps: int
    rewards_recipient: str
    uses_splits: bool = True
    listed: list[str] = attrs.field(factory=list)
    staked: list[str] = attrs.field(factory=list)


@attrs.frozen(kw_only=True)
class SplitTerms:
    """How a split divides, fixed when somebody stakes.

    Args:
        recipients: of the provider and of the staker.
        take_rate_bps: the provider's part.
    """

    recipients: tuple[str, str]
    take_rate_bps: int

    @property
    def struct(self) -> tuple[object, ...]:
        """As the contracts' ``Split`` encodes."""
        return self.recipients, (self.take_rate_bps, 10_000 - self.take_rate_bps), 10_000, 0


@attrs.frozen(kw_only=True)
class Season:
    """What was done.

    Args:
        rollups: addresses of the old and the new canonical rollup.
        providers: in the order of their ids.
        attesters: everyone with a deposit or a listing, by address.
        stories: attesters by what they are examples of; one may have several stories.
        coinbases: addresses that earned a sequencer's reward, in order of their first one.
        checkpoint_count: proposed and proven, on both rollups.
        withdrawn_from_warehouse: who took a share of a split's reward home.
    """

    rollups: tuple[str, str]
    providers: tuple[SeasonProvider, ...]
    attesters: Mapping[str, SeasonAttester]
    stories: Mapping[Story, tuple[str, ...]]
    coinbases: tuple[str, ...]
    checkpoint_count: int
    withdrawn_from_warehouse: tuple[str, ...]


class Stage:
    """A season while it is played.

    Args:
        devnet: a chain on which nobody has staked yet.
        scale: multiplies the crowd.

    Attributes:
        moves: staking on the canonical rollup.
        old_moves: staking on the rollup that was canonical before; the same one until there is a second.
        keys: of every attester, by address.
        splits: made by stakes with providers, by address.
        direct: attesters that were staked directly at the beginning, in order.
    """

    def __init__(self, devnet: Devnet, scale: int) -> None:
        self.devnet, self.scale = devnet, scale
        self.moves = self.old_moves = StakingMoves(devnet, devnet.rollups[-1])
        self.staking_registry: DeployedContract = devnet.contract("staking_registry")
        self.keys: dict[str, AttesterKeys] = {}
        self.attesters: dict[str, SeasonAttester] = {}
        self.providers: list[SeasonProvider] = []
        self.splits: dict[str, SplitTerms] = {}
        self.direct: list[str] = []
        self.checkpoints: list[Checkpoint] = []
        self.withdrawn_from_warehouse: list[str] = []
        self._stories: dict[Story, list[str]] = {story: [] for story in Story}

    def new_keys(self, count: int) -> list[AttesterKeys]:
        """Keys that nobody has used."""
        first = len(self.keys)
        made = [attester_keys(number) for number in range(first, first + count)]
        self.keys |= {keys.address: keys for keys in made}
        return made

    def tell(self, story: Story, *attesters: str) -> None:
        """Remember attesters as examples."""
        self._stories[story] += attesters

    def told(self, story: Story) -> tuple[str, ...]:
        """The examples so far."""
        return tuple(self._stories[story])

    def coinbase_of(self, attester: str) -> str:
        """Where a proposer's rewards go."""
        coinbase = self.attesters[attester].coinbase
        assert coinbase is not None, attester
        return coinbase

    def record(self) -> Season:
        """What was done."""
        old, new = (each.rollup.address for each in (self.old_moves, self.moves))
        return Season(
            rollups=(old, new),
            providers=tuple(self.providers),
            attesters=self.attesters,
            stories={story: tuple(attesters) for story, attesters in self._stories.items()},
            coinbases=tuple(dict.fromkeys(checkpoint.coinbase for checkpoint in self.checkpoints)),
            checkpoint_count=len(self.checkpoints),
            withdrawn_from_warehouse=tuple(self.withdrawn_from_warehouse),
        )
