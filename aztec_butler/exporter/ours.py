"""Who "we" are: which providers, attesters, publishers and coinbases are shown one by one. Public facts only."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Final

import attrs

from aztec_butler.core.hexes import parse_address
from aztec_butler.core.lifecycle import Lifecycle
from aztec_butler.core.rows import Attester
from aztec_butler.core.staking_state import StakingState
from aztec_butler.serving.metric import Metric

DEFAULT_CAP: Final = 500

SERIES_CAPPED: Final = Metric(
    name="own_series_capped",
    help="How many of ours have no series of their own because there are more than the cap; 0 when all have.",
    labels=("kind",),
)

_BY_WEIGHT: Final = (
    Lifecycle.VALIDATING,
    Lifecycle.ENTRY_QUEUED,
    Lifecycle.ZOMBIE,
    Lifecycle.EXITING,
    Lifecycle.PROVIDER_QUEUED,
    Lifecycle.NEVER_REGISTERED,
    Lifecycle.EXITED,
)
"""Who is shown first when not all can be."""


def _addresses(addresses: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(parse_address(address) for address in addresses))


def _coinbases(coinbases: Mapping[str, str | None]) -> Mapping[str, str | None]:
    return {
        parse_address(attester): None if coinbase is None else parse_address(coinbase)
        for attester, coinbase in coinbases.items()
    }


@attrs.frozen(kw_only=True)
class Ours:
    """What settings and keystores name. Attesters of our providers come on top, from the chain.

    Args:
        provider_ids: our providers in the StakingRegistry.
        attesters: addresses that settings or keystores name, of any case.
        coinbases: for every attester of our keystores where they send its rewards; None where they name nobody, so that
            the rewards go to the attester itself. Attesters that are in no keystore are not in it.
        publishers: addresses that pay for transactions on L1, of any case.
        cap: series of one kind for so many of ours at most.
        everybody: whether to show every attester of the chain one by one as far as L1 tells of it, whatever the cap.

    Raises:
        InputError: an address that is none.
    """

    provider_ids: tuple[int, ...] = ()
    attesters: tuple[str, ...] = attrs.field(default=(), converter=_addresses)
    coinbases: Mapping[str, str | None] = attrs.field(factory=dict, converter=_coinbases)
    publishers: tuple[str, ...] = attrs.field(default=(), converter=_addresses)
    cap: int = attrs.field(default=DEFAULT_CAP, validator=attrs.validators.ge(0))
    everybody: bool = False

    @property
    def shown_publishers(self) -> tuple[str, ...]:
        """The publishers that have series of their own."""
        return self.publishers[: self.cap]

    def find(self, state: StakingState) -> OwnAttesters:
        """Our attesters on the chain: those that are named, and those of our providers.

        Args:
            state: everything at one block.
        """
        named = dict.fromkeys((*self.attesters, *self.coinbases))
        ids = frozenset(self.provider_ids)
        delegated = (
            [row.attester for row in state.by_attester.values() if row.provider_id in ids] if ids else []
        )
        everybody = tuple(dict.fromkeys((*named, *delegated)))
        standing = {
            attester: state.by_attester[attester].lifecycle
            if attester in state.by_attester
            # The history is whole: who is in no event was never there.
            else Lifecycle.NEVER_REGISTERED
            for attester in everybody
        }
        ranked = sorted(everybody, key=lambda attester: _BY_WEIGHT.index(standing[attester]))
        shown = tuple(ranked[: self.cap])
        followed = {attester: standing[attester] for attester in shown}
        if self.everybody:
            followed = standing | {row.attester: row.lifecycle for row in state.by_attester.values()}
        return OwnAttesters(lifecycles=standing, shown=shown, followed=followed)


Who = Callable[[], Ours]
"""Asked anew at each collection, so that an edited keystore shows without a restart."""


@attrs.frozen(kw_only=True)
class OwnAttesters:
    """Our attesters at one block.

    Args:
        lifecycles: where each of them stands.
        shown: those that have series of their own: as many as the cap allows, those with duties first.
        followed: where those stand that have series of what L1 tells: the same, or everybody.
    """

    lifecycles: Mapping[str, Lifecycle]
    shown: tuple[str, ...]
    followed: Mapping[str, Lifecycle]

    @property
    def capped(self) -> int:
        """How many of ours have no series of their own."""
        return sum(attester not in self.followed for attester in self.lifecycles)

    def counts(self) -> Counter[Lifecycle]:
        """How many stand where."""
        return Counter(self.lifecycles.values())

    def rows(self, state: StakingState) -> dict[str, Attester]:
        """What the contracts know of each of them that they know.

        Args:
            state: the one they were found in.
        """
        return {each: state.by_attester[each] for each in self.lifecycles if each in state.by_attester}
