"""Which rollup's word counts for an attester: from history alone, before any view is read."""

from __future__ import annotations

from functools import cached_property

import attrs

from aztec_butler.core.history import Departure, Outcome, Stake, StakingHistory
from aztec_butler.core.records import Deployment


@attrs.frozen(kw_only=True)
class Whereabouts:
    """Where everybody who was ever staked is to be looked for."""

    deployment: Deployment
    latest_rollup: str
    """The GSE's latest, on which movers count."""
    history: StakingHistory

    @cached_property
    def activated(self) -> dict[str, Stake]:
        """The deposit that took each attester into the set; there is at most one in a life."""
        return {stake.attester: stake for stake in self.history.stakes if stake.outcome is Outcome.ACTIVATED}

    @cached_property
    def departed(self) -> dict[str, Departure]:
        """How each attester that left did so."""
        return {departure.attester: departure for departure in self.history.departures}

    @cached_property
    def stakes(self) -> dict[str, Stake]:
        """The deposit that decides about each attester: the one activated, else the first waiting, else the last."""
        stakes: dict[str, Stake] = {}
        for stake in self.history.stakes:
            known = stakes.get(stake.attester)
            if known is None or known.outcome is Outcome.REFUNDED or stake.outcome is Outcome.ACTIVATED:
                stakes[stake.attester] = stake
        return stakes

    def home(self, attester: str) -> str:
        """The rollup whose view of an attester decides: where it left, else its bucket's, else where it was staked.

        Source: GSE ``effectiveBalanceOf`` (an attester is in one bucket, and movers count for the latest rollup only),
        StakingLib ``slash`` and ``initiateWithdraw`` (an exit stays with the rollup that began it).
        """
        departure = self.departed.get(attester)
        if departure is not None:
            return departure.rollup
        stake = self.stakes.get(attester)
        if stake is None or stake.instance == self.deployment.bonus_instance:
            return self.latest_rollup
        return stake.rollup if stake.instance is None else stake.instance
