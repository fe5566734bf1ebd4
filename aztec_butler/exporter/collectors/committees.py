"""Committees: which of our attesters are on duty in this epoch and in the next one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from aztec_butler.clients.multicall import Read
from aztec_butler.clients.snapshot import Snapshot
from aztec_butler.core.contracts import ROLLUP
from aztec_butler.core.epochs import EpochClock
from aztec_butler.core.errors import ButlerError, RevertError
from aztec_butler.exporter.collector import Collector
from aztec_butler.exporter.l1_collector import USUAL_PACE, Pace, canonical_rollup, l1_collector
from aztec_butler.exporter.l1_reading import L1Reading
from aztec_butler.exporter.ours import OwnAttesters, Who
from aztec_butler.serving.exposition import Samples
from aztec_butler.serving.metric import Metric

IN_COMMITTEE: Final = Metric(
    name="attester_in_committee",
    help="Whether one of our attesters sits in the canonical rollup's committee of this epoch (current) or of the one"
    " after it (next), which is absent until it is drawn and final only with the epoch's first checkpoint.",
    labels=("attester", "epoch"),
)
OWN_MEMBERS: Final = Metric(
    name="own_committee_members",
    help="Our attesters in that committee, those without a series included.",
    labels=("epoch",),
)
SIZE: Final = Metric(
    name="committee_size",
    help="Members of that committee; 0 when the set is too small to have one.",
    labels=("epoch",),
)
METRICS: Final = (IN_COMMITTEE, OWN_MEMBERS, SIZE)

_EPOCHS: Final = ("current", "next")
_TOO_FEW: Final = "ValidatorSelection__InsufficientValidatorSetSize("
_NOT_DRAWN: Final = "ValidatorSelection__EpochNotStable("


def plan(snapshot: Snapshot) -> tuple[Read, ...]:
    """What has to be read besides the snapshot: two committees, none before the rollup's genesis."""
    rollup = canonical_rollup(snapshot.state).rollup
    at = snapshot.block.timestamp
    if at < rollup.genesis_at:
        return ()
    epoch = EpochClock.of(rollup).epoch_at(at)
    # No view, because it keeps what it has drawn for the rest of the transaction; that is no matter to a call.
    function = ROLLUP.function("getEpochCommittee")
    return Read(rollup.address, function, (epoch,)), Read(rollup.address, function, (epoch + 1,))


def committees(answers: Sequence[Any]) -> dict[str, frozenset[str]]:
    """The committees that there are, by which epoch they are of.

    Args:
        answers: to ``plan``, errors of a read in its place.

    Raises:
        ButlerError: an answer is an error of another kind than a committee that is not there.
    """
    found: dict[str, frozenset[str]] = {}
    for epoch, answer in zip(_EPOCHS, answers, strict=False):
        if isinstance(answer, RevertError) and (answer.error or "").startswith(_TOO_FEW):
            found[epoch] = frozenset()
        elif isinstance(answer, RevertError) and (answer.error or "").startswith(_NOT_DRAWN):
            continue
        elif isinstance(answer, ButlerError):
            raise answer
        else:
            found[epoch] = frozenset(answer)
    return found


def samples(own: OwnAttesters, drawn: Mapping[str, frozenset[str]]) -> Samples:
    """The metrics of one block.

    Args:
        own: our attesters.
        drawn: members of the committees.
    """
    return {
        IN_COMMITTEE: {
            (attester, epoch): int(attester in members)
            for epoch, members in drawn.items()
            for attester in own.shown
        },
        OWN_MEMBERS: {(epoch,): len(members & own.lifecycles.keys()) for epoch, members in drawn.items()},
        SIZE: {(epoch,): len(members) for epoch, members in drawn.items()},
    }


def collector(reading: L1Reading, who: Who, pace: Pace = USUAL_PACE) -> Collector:
    """The collector. Both committees travel with what other collectors read, in no round trip of their own.

    Args:
        reading: of the network.
        who: we are.
        pace: how often.
    """

    def collect() -> Samples:
        look = reading.look(plan)
        return samples(who().find(look.snapshot.state), committees(look.tried))

    return l1_collector("committees", METRICS, reading, collect, pace)
