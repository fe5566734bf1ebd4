"""Who "we" are: which providers, attesters, publishers and coinbases are shown one by one. Public facts only."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import attrs

DEFAULT_CAP: Final = 500


@attrs.frozen(kw_only=True)
class Ours:
    """What settings and keystores name. Attesters of our providers come on top, from the chain.

    Args:
        provider_ids: our providers in the StakingRegistry.
        attesters: checksummed addresses that settings or keystores name, each once.
        coinbases: for every attester of our keystores where they send its rewards; None where they name nobody, so that
            the rewards go to the attester itself. Attesters that are in no keystore are not in it.
        publishers: checksummed addresses that pay for transactions on L1, each once.
        cap: series of one kind for so many of ours at most.
    """

    provider_ids: tuple[int, ...] = ()
    attesters: tuple[str, ...] = ()
    coinbases: Mapping[str, str | None] = attrs.field(factory=dict)
    publishers: tuple[str, ...] = ()
    cap: int = attrs.field(default=DEFAULT_CAP, validator=attrs.validators.ge(0))
