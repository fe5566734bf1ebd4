"""Coinbases: whether the rewards of our attesters go where they should.

An attester without a coinbase in its keystore is its own: its rewards go to an address whose key lies in the keystore.
"""

from __future__ import annotations

from typing import Final

from aztec_butler.exporter.metric import Metric

MISSING: Final = Metric(
    name="coinbase_missing",
    help="Whether one of our attesters, validating or about to, has no coinbase in its keystore, so that its rewards go"
    " to its own address; absent where we know no keystore of it.",
    labels=("attester",),
    old_names=("aztec_butler_attesters_missing_coinbase_address", "aztec_butler_attesters_coinbase_needed"),
)
MISSING_ACTIVATION_AT: Final = Metric(
    name="coinbase_missing_activation_timestamp_seconds",
    help="When an attester whose coinbase is missing can be activated at the earliest, or was activated, in Unix"
    " seconds; absent while the queue stalls before it.",
    labels=("attester",),
    old_names=("aztec_butler_entry_queue_provider_next_missing_coinbase_timestamp",),
)
DRIFT: Final = Metric(
    name="coinbase_drift",
    help="Whether the coinbase in the keystore of one of our delegated attesters is another than the split of its"
    " delegation; absent where there is no coinbase to compare.",
    labels=("attester",),
)
CHECKPOINT_DRIFT: Final = Metric(
    name="checkpoint_coinbase_drift",
    help="Whether the last checkpoint that one of our attesters proposed sent its rewards elsewhere than to the split"
    " of its delegation, or without one to the coinbase in its keystore; absent when it has not proposed lately.",
    labels=("attester",),
)
CHECKPOINT_AT: Final = Metric(
    name="checkpoint_coinbase_timestamp_seconds",
    help="When that last checkpoint was proposed, in Unix seconds.",
    labels=("attester",),
)
MISSING_COUNT: Final = Metric(
    name="coinbases_missing", help="Our attesters whose coinbase is missing, those without a series included."
)
DRIFTING_COUNT: Final = Metric(
    name="coinbases_drifting",
    help="Our attesters whose coinbase in the keystore is not the split of their delegation.",
)
UNKNOWN_COUNT: Final = Metric(
    name="coinbases_unknown",
    help="Our attesters, validating or about to, that are in no keystore we know, so that their coinbase is not known.",
)
METRICS: Final = (
    MISSING,
    MISSING_ACTIVATION_AT,
    DRIFT,
    CHECKPOINT_DRIFT,
    CHECKPOINT_AT,
    MISSING_COUNT,
    DRIFTING_COUNT,
    UNKNOWN_COUNT,
)
