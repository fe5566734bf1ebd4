"""The whole network: how concentrated its stake is."""

from __future__ import annotations

from typing import Final

from aztec_butler.exporter.metric import Metric

_WHOSE: Final = (
    "of stake by attester, withdrawer or provider (without a provider the withdrawer stands for itself)"
)
ENTITIES: Final = Metric(name="stake_entities", help=f"Holders {_WHOSE} that have any.", labels=("by",))
NAKAMOTO: Final = Metric(
    name="stake_nakamoto",
    help=f"The fewest holders {_WHOSE} that reach a threshold together.",
    labels=("by", "threshold"),
)
HHI: Final = Metric(
    name="stake_hhi_ratio",
    help=f"Herfindahl-Hirschman index {_WHOSE}, 0 to 1; times 10 000 for the usual scale.",
    labels=("by",),
)
EFFECTIVE: Final = Metric(
    name="stake_effective_entities",
    help=f"How many equal holders {_WHOSE} would be as concentrated: 1 / HHI.",
    labels=("by",),
)
GINI: Final = Metric(name="stake_gini_ratio", help=f"Gini coefficient {_WHOSE}, 0 to 1.", labels=("by",))
TOP_SHARE: Final = Metric(
    name="stake_top_share_ratio",
    help=f"Share of the largest holders {_WHOSE}, 0 to 1.",
    labels=("by", "top"),
)
METRICS: Final = (ENTITIES, NAKAMOTO, HHI, EFFECTIVE, GINI, TOP_SHARE)
