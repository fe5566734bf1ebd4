"""The commands that read stake from L1, one per public method of a network."""

from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Any

from aztec_butler.cli.answer import Answer
from aztec_butler.cli.command import command
from aztec_butler.cli.session import Session, connection, pinned
from aztec_butler.core.errors import InputError

if TYPE_CHECKING:
    from aztec_butler.core.time_steps import Window

Block = int | str


def _read(
    session: Session, block: Block, method: str, row_type: str, essential: tuple[str, ...], *arguments: Any
) -> Answer:
    """One method of the snapshot at the block, whose rows are of a type of ``core.rows``."""
    from aztec_butler.core import rows

    with session.connect(block) as network:
        snapshot = network.snapshot()
        found = getattr(snapshot, method)(*arguments)
    return Answer(
        rows=found,
        row_type=getattr(rows, row_type),
        stamp=snapshot.block,
        facts={"network": network.name, "chain_id": network.chain_id},
        essential=essential,
    )


@command(connection, pinned)
def attesters(session: Session, block: Block) -> Answer:
    """Every attester the staking contracts know: its state, stake, provider and place in the queue.

    Examples:
        aztec-butler attesters
        aztec-butler attesters --block finalized --format parquet --output attesters.parquet
    """
    essential = ("attester", "lifecycle", "stake_wei", "provider_id", "queue_position", "withdrawer")
    return _read(session, block, "attesters", "Attester", essential)


@command(connection, pinned)
def entry_queue(session: Session, block: Block) -> Answer:
    """Every funded deposit that waits, in order, with the earliest epoch and time of its activation.

    Examples:
        aztec-butler entry-queue
        aztec-butler entry-queue --network testnet --format json
    """
    essential = ("position", "attester", "activation_at", "provider_id", "fails_because")
    return _read(session, block, "entry_queue", "QueueEntry", essential)


@command(connection, pinned)
def providers(session: Session, block: Block) -> Answer:
    """Every operator of the StakingRegistry: its terms, its keys, its attesters, its share of the stake.

    Examples:
        aztec-butler providers
        aztec-butler providers --format csv --output providers.csv
    """
    essential = (
        "provider_id",
        "stake_share",
        "active_stake_wei",
        "validating",
        "keys_queued",
        "take_rate_bps",
    )
    return _read(session, block, "providers", "Provider", essential)


@command(connection, pinned)
def delegations(session: Session, block: Block) -> Answer:
    """Every stake made with a provider: who staked, on which attester, through which split, at which rate.

    Examples:
        aztec-butler delegations --format json
    """
    essential = ("provider_id", "attester", "staker", "take_rate_bps", "lifecycle", "stake_wei")
    return _read(session, block, "delegations", "Delegation", essential)


@command(connection, pinned)
def exits(session: Session, block: Block) -> Answer:
    """Every exit, waiting or paid: how much, to whom, and from when it can be withdrawn.

    Examples:
        aztec-butler exits
        aztec-butler exits --block 24000000 --format csv
    """
    essential = ("attester", "state", "amount_wei", "withdrawable_at", "recipient")
    return _read(session, block, "exits", "Exit", essential)


@command(connection, pinned)
def slashings(session: Session, block: Block) -> Answer:
    """Every slash, and how far its attester is from being put out now.

    Examples:
        aztec-butler slashings
        aztec-butler slashings --format json
    """
    essential = ("slashed_at", "attester", "amount_wei", "lifecycle", "headroom_wei", "slashes_left")
    return _read(session, block, "slashings", "Slashing", essential)


def _window(text: str) -> "Window":
    from aztec_butler.core.time_steps import parse_window

    return parse_window(text)


def _step(text: str) -> timedelta:
    from aztec_butler.core.time_steps import parse_step

    return timedelta(seconds=parse_step(text))


@command(connection, pinned)
def history(  # noqa: D417 - what groups of options give is not the caller's
    session: Session,
    block: Block,
    *,
    window: Annotated[Any, _window, "WINDOW"] = "7d",
    step: Annotated[timedelta, _step, "DURATION"] | None = None,
) -> Answer:
    """Set size, stake, queue, exits and slashes over time, step by step; needs no archive node.

    Args:
        window: how long before the block (7d), from when on (2026-06-01), from when to when (2026-06-01..2026-07-01, or
            two blocks), or all.
        step: how long a step is (1h, 1d, 1w), in whole multiples of UTC; one that suits the window if left away.

    Examples:
        aztec-butler history
        aztec-butler history --window 30d --step 1d
        aztec-butler history --window 2026-06-01..2026-07-01 --format parquet --output june.parquet
    """
    essential = (
        "ends_at",
        "canonical_attesters",
        "stake_wei",
        "entry_queued",
        "activations",
        "exits_initiated",
        "slashes",
        "exiting_wei",
    )
    return _read(session, block, "history_steps", "HistoryStep", essential, window, step)


def _addresses(text: str) -> tuple[str, ...]:
    """Addresses between commas."""
    from aztec_butler.core.hexes import parse_address

    return tuple(parse_address(part.strip()) for part in text.split(",") if part.strip())


@command(connection, pinned)
def lifecycle(  # noqa: D417 - what groups of options give is not the caller's
    session: Session, block: Block, *addresses: Annotated[tuple[str, ...], _addresses, "ADDRESS"]
) -> Answer:
    """Where attesters stand, from never registered to exited.

    Args:
        addresses: one attester or several, with spaces or commas between them.

    Examples:
        aztec-butler lifecycle 0x00000000000000000000000000000000000000aa
        aztec-butler lifecycle 0x00000000000000000000000000000000000000aa,0x00000000000000000000000000000000000000bb
    """
    wanted = [address for group in addresses for address in group]
    if not wanted:
        raise InputError("no address was given", hint="aztec-butler lifecycle --help")
    essential = ("attester", "lifecycle", "stake_wei", "provider_id", "queue_position")
    return _read(session, block, "lifecycle", "LifecycleAnswer", essential, wanted)
