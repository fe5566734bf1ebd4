"""What operators ask of a network: about their providers, their keys, the queues and their coinbases."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from aztec_butler.core.units import parse_duration

if TYPE_CHECKING:
    import pandas as pd

    from aztec_butler.clients.multicall import Multicall
    from aztec_butler.clients.snapshot import Snapshot
    from aztec_butler.core.provider_details import ProviderDetails


class OperatorQuestions:
    """The part of ``Network`` that answers operators."""

    @property
    @abstractmethod
    def multicall(self) -> Multicall:
        """Many contract reads at one block."""

    @abstractmethod
    def snapshot(self) -> Snapshot:
        """Everything at one block."""

    @abstractmethod
    def _frame(self, snapshot: Snapshot, records: Sequence[Any], record_type: type) -> pd.DataFrame:
        """Records as a table."""

    def provider_ids(self, admin: str) -> pd.DataFrame:
        """The providers that an address rules.

        Args:
            admin: the address, any case.

        Returns:
            One row per provider, by id. Columns: ``core.provider_details.ProviderAdmin``.

        Raises:
            InputError: no address; nothing was asked.
            NotFoundError: it rules none.
        """
        from aztec_butler.clients.providers import fetch_provider_ids
        from aztec_butler.core.provider_details import ProviderAdmin

        snapshot = self.snapshot()
        return self._frame(snapshot, fetch_provider_ids(self.multicall, snapshot, admin), ProviderAdmin)

    def provider(self, provider_id: int) -> ProviderDetails:
        """Everything about one provider: its terms, its admin and the next one, its keys and how long they last.

        Args:
            provider_id: of the provider.

        Raises:
            InputError: ids begin at 1.
            NotFoundError: there is no provider with this id.
        """
        from aztec_butler.clients.providers import fetch_provider_details

        return fetch_provider_details(self.multicall, self.snapshot(), provider_id)

    def queue_stats(self) -> pd.DataFrame:
        """The entry queue in numbers: how long it is, how fast it moves, when the last one gets in, and who will not.

        Returns:
            One row per rollup, the canonical one first. Columns: ``core.queue_stats.QueueStats``.
        """
        from aztec_butler.core.queue_stats import QueueStats, queue_stats

        snapshot = self.snapshot()
        return self._frame(snapshot, queue_stats(snapshot.state), QueueStats)

    def queue_runway(
        self, provider_id: int, windows: Sequence[str | int] = ("7d", "28d", "91d")
    ) -> pd.DataFrame:
        """How long a provider's keys last at the pace at which people stake on them.

        Args:
            provider_id: of the provider.
            windows: how far to look back for the pace, each: a duration, or seconds.

        Returns:
            One row per window that begins after the provider registered, and a last one for all the time since then.
            Columns: ``core.runway.QueueRunway``; what is not known, because nobody staked, is missing.

        Raises:
            InputError: ids begin at 1, or no window.
            NotFoundError: there is no provider with this id.
        """
        from aztec_butler.clients.providers import fetch_queue_runway
        from aztec_butler.core.runway import QueueRunway

        seconds = [parse_duration(each) if isinstance(each, str) else each for each in windows]
        snapshot = self.snapshot()
        rows = fetch_queue_runway(snapshot, provider_id, windows_seconds=seconds)
        return self._frame(snapshot, rows, QueueRunway)

    def known_keys(self, keys: Iterable[Any]) -> pd.DataFrame:
        """Where keys are known already: in any provider's queue, any entry queue, the GSE, on any rollup, in the list.

        Args:
            keys: addresses, of which only the address is looked for; or registrations, of which the BLS key is as well
                (``core.bls.parse_registrations`` reads them from a file).

        Returns:
            One row per place, in the order of the list; none when every key is new. Columns:
            ``core.known_keys.KnownKey``.

        Raises:
            InputError: what is no key; nothing was asked.
            SettingsError: no StakingRegistry is known.
            NodeError: the node failed; nothing is known then.
        """
        from aztec_butler.clients.known_keys import fetch_known_keys
        from aztec_butler.core.known_keys import KnownKey, as_candidates

        candidates = as_candidates(keys)
        snapshot = self.snapshot()
        found = fetch_known_keys(self.multicall, snapshot.deployment, snapshot.block, candidates)
        return self._frame(snapshot, found, KnownKey)

    def coinbase_check(
        self,
        configured: Mapping[str, str | None],
        policy: str = "split",
        *,
        wallet: str | None = None,
        overrides: Mapping[str, str] | None = None,
        provider_id: int | None = None,
    ) -> pd.DataFrame:
        """Whether the rewards of attesters go where they should, the missing coinbases first.

        Args:
            configured: coinbases by attester; None for an attester without one, which is its own.
            policy: ``split`` for the split of each delegation, ``wallet`` for one address, ``keep`` for the overrides
                alone.
            wallet: the address of the policy ``wallet``.
            overrides: coinbases by attester, which win over the policy.
            provider_id: whose delegations count, needed for ``split``, since anybody can stake on an attester through a
                provider of their own; every attester of this provider that earns rewards or will is looked at.

        Returns:
            One row per attester. Columns: ``core.coinbase_check.CoinbaseFinding``.

        Raises:
            InputError: nobody to look at, what is no address, or rules that contradict themselves; nothing was asked.
            NotFoundError: there is no provider with this id.
        """
        from aztec_butler.core.coinbase_check import (
            CoinbaseFinding,
            check_coinbases,
            check_question,
            parse_policy,
        )

        rule = parse_policy(policy)
        check_question(configured, rule, wallet=wallet, overrides=overrides, provider_id=provider_id)
        snapshot = self.snapshot()
        found = check_coinbases(
            snapshot.state, configured, rule, wallet=wallet, overrides=overrides, provider_id=provider_id
        )
        return self._frame(snapshot, found, CoinbaseFinding)
