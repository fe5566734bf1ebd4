"""The commands about duties: who is to propose, who did, and who will."""

from collections.abc import Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

from aztec_butler.cli.answer import Answer
from aztec_butler.cli.command import command, parse_whole
from aztec_butler.cli.session import Session, connection, pinned
from aztec_butler.core.hexes import parse_address
from aztec_butler.core.units import parse_duration

if TYPE_CHECKING:
    from aztec_butler.network import Network
    from aztec_butler.network.duty import Duties

Block = int | str
Epoch = Annotated[int, parse_whole, "EPOCH"]


class By(StrEnum):
    """Whose performance a row is of."""

    ATTESTER = "attester"
    PROVIDER = "provider"


def _answer(network: "Network", duties: "Duties", rows: Sequence[Any], row_type: type, **more: Any) -> Answer:
    facts = {"network": network.name, "chain_id": network.chain_id, **more.pop("facts", {})}
    return Answer(rows=rows, row_type=row_type, stamp=duties.snapshot.block, facts=facts, **more)


@command(connection, pinned)
def committees(  # noqa: D417 - what groups of options give is not the caller's
    session: Session,
    block: Block,
    *,
    first_epoch: Epoch | None = None,
    last_epoch: Epoch | None = None,
    rollup_version: Annotated[int, parse_whole, "N"] | None = None,
) -> Answer:
    """Who sits in the committees of some epochs, of the past as well; needs no archive node.

    Args:
        first_epoch: where to begin; the present epoch if left away.
        last_epoch: where to end; the first one if left away, and without that the last whose committee is known, which
            may still change: `duty-forecast` tells.
        rollup_version: whose epochs; the canonical rollup's if left away.

    Examples:
        aztec-butler committees
        aztec-butler committees --first-epoch 4894 --last-epoch 4951 --format csv --output committees.csv
    """
    from aztec_butler.core.committees import CommitteeSeat

    with session.connect(block) as network:
        duties = network.duty_records()
        seats, empty = duties.seats(first_epoch, last_epoch, rollup_version)
    epochs = ", ".join(map(str, empty[:10])) + (", ..." if len(empty) > 10 else "")
    return _answer(
        network,
        duties,
        seats,
        CommitteeSeat,
        facts={"empty_epochs": list(empty)},
        essential=("epoch", "position", "attester", "provider_id", "epoch_at"),
        notes=(f"without a committee, because the set was too small: epoch {epochs}",) if empty else (),
    )


@command(connection, pinned)
def proposers(  # noqa: D417 - as above
    session: Session,
    block: Block,
    *,
    first_epoch: Epoch | None = None,
    last_epoch: Epoch | None = None,
    rollup_version: Annotated[int, parse_whole, "N"] | None = None,
) -> Answer:
    """Who is to propose in each slot of some epochs, of the past as well; needs no archive node.

    Args:
        first_epoch: where to begin; the present epoch if left away.
        last_epoch: where to end; the first one if left away, and without that the last whose committee is known.
        rollup_version: whose epochs; the canonical rollup's if left away.

    Examples:
        aztec-butler proposers
        aztec-butler proposers --first-epoch 4000 --last-epoch 4999 --format parquet --output proposers.parquet
    """
    from aztec_butler.core.committees import ProposerSlot

    with session.connect(block) as network:
        duties = network.duty_records()
        slots = duties.slots(first_epoch, last_epoch, rollup_version)
    essential = ("slot", "slot_at", "proposer", "provider_id", "epoch")
    return _answer(network, duties, slots, ProposerSlot, essential=essential)


@command(connection, pinned)
def performance(  # noqa: D417 - as above
    session: Session,
    block: Block,
    *,
    first_epoch: Epoch | None = None,
    last_epoch: Epoch | None = None,
    window: Annotated[int, parse_duration, "DURATION"] | None = None,
    rollup_version: Annotated[int, parse_whole, "N"] | None = None,
    by: By = By.ATTESTER,
) -> Answer:
    """Slots that were proposed in and missed, counted from L1, the most missed first.

    With an Aztec node (--l2) what its sentinel has watched of the same slots stands beside it; what nobody tells is
    missing, never zero. A checkpoint that was pruned for want of a proof counts as proposed.

    Args:
        first_epoch: where to begin; 24 epochs up to the last one if left away.
        last_epoch: where to end; the present epoch if left away, of which the slots that are over count.
        window: in place of epochs how far back, across a change of the rollup.
        rollup_version: whose epochs; the canonical rollup's if left away.
        by: a row for each attester, or for each provider.

    Examples:
        aztec-butler performance
        aztec-butler performance --window 7d --by provider
        aztec-butler performance --first-epoch 4894 --last-epoch 4951 --format csv --l2 http://127.0.0.1:8080
    """
    from aztec_butler.core.performance import (
        AttesterPerformance,
        ProviderPerformance,
        provider_performance,
    )

    with session.connect(block) as network:
        duties = network.duty_records()
        spans = duties.spans(first_epoch, last_epoch, window_seconds=window, rollup_version=rollup_version)
        node = None if session.settings.l2 is None else session.open_node()
        rows = duties.performance(spans, node)
    told = [
        f"epochs {each.first_epoch} to {each.last_epoch} of rollup {each.rollup.version}" for each in spans
    ]
    if not spans:
        told.append("no epoch began in this window")
    if node is not None and rows and all(row.watched_slots is None for row in rows):
        told.append("the Aztec node tells nothing of them")
    by_provider = by is By.PROVIDER
    essential = (
        "missed_slots",
        "proposer_slots",
        "missed_share",
        "pruned_slots",
        "watched_missed_attestations",
    )
    return _answer(
        network,
        duties,
        provider_performance(rows) if by_provider else rows,
        ProviderPerformance if by_provider else AttesterPerformance,
        facts={"epochs": [[each.rollup.version, each.first_epoch, each.last_epoch] for each in spans]},
        # The same name stands there once for each rollup.
        essential=(
            *(("rollup_version",) if len(spans) > 1 else ()),
            *(("provider_id",) if by_provider else ("attester", "provider_id")),
            *essential,
        ),
        notes=tuple(told),
    )


def _addresses(text: str) -> tuple[str, ...]:
    """Addresses between commas."""
    return tuple(parse_address(part.strip()) for part in text.split(",") if part.strip())


@command(connection, pinned)
def duty_forecast(  # noqa: D417 - as above
    session: Session,
    block: Block,
    *attesters: Annotated[tuple[str, ...], _addresses, "ATTESTER"],
    provider_id: int | None = None,
) -> Answer:
    """Who is on duty in the present epoch and in the next ones, as far as the contracts have fixed it.

    The stage is final, drawn (the present epoch's randomness may still change it), or sampled (the set is fixed and the
    draw is not: only chances). Nothing is known of epochs behind the last one.

    Args:
        attesters: of whom to tell, with spaces or commas between them; everybody who has a chance if left away.
        provider_id: the attesters of this provider, in place of names.

    Examples:
        aztec-butler duty-forecast --provider-id 7
        aztec-butler duty-forecast 0x00000000000000000000000000000000000000aa --format json
    """
    from aztec_butler.core.duty import DutyForecast

    wanted = [address for group in attesters for address in group]
    with session.connect(block) as network:
        duties = network.duty_records()
        rows = duties.forecast(wanted or None, provider_id)
    essential = ("attester", "epoch", "stage", "is_in_committee", "proposals", "next_slot_at", "chance")
    return _answer(network, duties, rows, DutyForecast, essential=essential)
