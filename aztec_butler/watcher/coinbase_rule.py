"""Where the rewards of an attester shall go, by the settings and the stake that counts; or why nobody may say. Pure."""

from __future__ import annotations

import attrs

from aztec_butler.core.hexes import ZERO_ADDRESS
from aztec_butler.core.intent_parameters import CoinbaseSource
from aztec_butler.watcher.facts import OwnAttester
from aztec_butler.watcher.settings import WatcherSettings


@attrs.frozen(kw_only=True)
class Wanted:
    """Where rewards shall go.

    Args:
        coinbase: the address.
        source: who says so.
    """

    coinbase: str
    source: CoinbaseSource

    @property
    def reason(self) -> str:
        """Who says so, in words."""
        return {
            CoinbaseSource.SPLIT: "the split of its delegation",
            CoinbaseSource.FIXED: "the address for all in the settings",
            CoinbaseSource.MAP: "its address in the settings",
        }[self.source]


@attrs.frozen
class Refused:
    """Why no coinbase may be set, though one is expected.

    Args:
        reason: a clause.
    """

    reason: str


def wanted_coinbase(own: OwnAttester, settings: WatcherSettings) -> Wanted | Refused | None:
    """Where the rewards of one of our attesters shall go; None where no rule says anything.

    Addresses of single attesters win. A split counts only if it belongs to the stake that counts, made with a provider of
    ours, and nobody can change it any more.

    Args:
        own: the attester.
        settings: the rule.
    """
    named = settings.coinbases.get(own.attester)
    if named is not None:
        return Wanted(coinbase=named, source=CoinbaseSource.MAP)
    rule = settings.coinbase
    if rule.source is CoinbaseSource.FIXED and rule.address is not None:
        return Wanted(coinbase=rule.address, source=CoinbaseSource.FIXED)
    if rule.source is not CoinbaseSource.SPLIT or own.split is None:
        return None
    if own.split == ZERO_ADDRESS:
        return Refused("the split of its delegation is the zero address: what goes there is lost")
    if own.split_owner is None:
        return Refused(f"the split of its delegation, {own.split}, does not answer as a split does")
    if own.split_owner != ZERO_ADDRESS:
        return Refused(
            f"the split of its delegation, {own.split}, has an owner, {own.split_owner}, who can change where rewards go"
        )
    return Wanted(coinbase=own.split, source=CoinbaseSource.SPLIT)
