"""The commands about queues: the rollups' entry queues in numbers, and how long a provider's keys last."""

from typing import Annotated

from aztec_butler.cli.answer import Answer
from aztec_butler.cli.command import command, parse_whole
from aztec_butler.cli.session import Session, connection, pinned
from aztec_butler.core.runway import WINDOWS_SECONDS
from aztec_butler.core.units import parse_duration

Block = int | str


def _windows(text: str) -> tuple[int, ...]:
    return tuple(parse_duration(part) for part in text.split(",") if part.strip())


@command(connection, pinned)
def stats(session: Session, block: Block) -> Answer:
    """The entry queue of each rollup: its length, its pace, the next flush, when the last one gets in, who will not.

    Times are the earliest: they hold if somebody flushes as soon as each epoch allows it. `entry-queue` tells of each
    deposit.

    Examples:
        aztec-butler queue stats
        aztec-butler queue stats --format json
    """
    from aztec_butler.core.queue_stats import QueueStats, queue_stats

    with session.connect(block) as network:
        snapshot = network.snapshot()
        found = queue_stats(snapshot.state)
    return Answer(
        rows=found,
        row_type=QueueStats,
        stamp=snapshot.block,
        facts={"network": network.name, "chain_id": network.chain_id},
        essential=(
            "rollup_version",
            "length",
            "will_fail",
            "flush_size",
            "allowance",
            "epochs_to_drain",
            "last_activation_at",
            "next_flush_at",
            "stall",
        ),
    )


@command(connection, pinned)
def runway(  # noqa: D417 - what groups of options give is not the caller's
    session: Session,
    block: Block,
    provider_id: Annotated[int, parse_whole, "PROVIDER_ID"],
    *,
    windows: Annotated[tuple[int, ...], _windows, "DURATION,..."] = WINDOWS_SECONDS,
) -> Answer:
    """How long a provider's keys last, at the pace at which people stake on them in several windows of time.

    The last row is of all the time since the provider registered. Where nobody staked, how long the keys last is not
    known, and the answer has no number for it.

    Args:
        provider_id: the provider's id.
        windows: how far to look back, each.

    Examples:
        aztec-butler queue runway 7
        aztec-butler queue runway 7 --windows 1d,7d,30d --format json
    """
    from aztec_butler.clients.providers import fetch_queue_runway
    from aztec_butler.core.runway import QueueRunway

    with session.connect(block) as network:
        snapshot = network.snapshot()
        found = fetch_queue_runway(snapshot, provider_id, windows_seconds=windows)
    unknown = sum(row.runway_seconds is None for row in found)
    return Answer(
        rows=found,
        row_type=QueueRunway,
        stamp=snapshot.block,
        facts={"network": network.name, "chain_id": network.chain_id},
        essential=("window_seconds", "runway_seconds", "keys_queued", "delegations", "delegations_per_week"),
        notes=(
            f"how long the keys last is not known from {unknown} of {len(found)} windows: nobody staked in them",
        )
        if unknown
        else (),
    )
