"""The commands about what would be if: the entry queue, activations, exits by date, one attester more."""

from datetime import timedelta
from typing import Annotated, Any

from aztec_butler.cli.answer import Answer
from aztec_butler.cli.command import command, parse_whole
from aztec_butler.cli.session import Session, connection, pinned
from aztec_butler.core.fractions_written import parse_fraction
from aztec_butler.core.hexes import parse_address

Block = int | str
_DAY = 86_400


def _addresses(text: str) -> tuple[str, ...]:
    """Addresses between commas."""
    return tuple(parse_address(part.strip()) for part in text.split(",") if part.strip())


def _duration(text: str) -> int:
    from aztec_butler.core.time_steps import parse_step

    return parse_step(text)


Duration = Annotated[int, _duration, "DURATION"]
Number = Annotated[Any, parse_fraction, "NUMBER"]


@command(connection, pinned)
def queue(  # noqa: D417 - what groups of options give is not the caller's
    session: Session,
    block: Block,
    *,
    bootstrap_validator_set_size: int | None = None,
    bootstrap_flush_size: int | None = None,
    normal_flush_size_min: int | None = None,
    normal_flush_size_quotient: int | None = None,
    max_queue_flush_size: int | None = None,
    deposits_per_day: Number | None = None,
    exits_per_day: Number = "0",
    flushed_share: Number = "100%",
    ahead: Duration = 90 * _DAY,
    step: Duration = _DAY,
) -> Answer:
    """The entry queue played forward, as it is configured and under another configuration or rate of deposits.

    Args:
        bootstrap_validator_set_size: of the other configuration, as all that follow: so many wait before the first flush.
        bootstrap_flush_size: deposits per epoch until the set has that size.
        normal_flush_size_min: deposits per epoch after that, at least.
        normal_flush_size_quotient: one deposit per epoch for so many active attesters.
        max_queue_flush_size: deposits per epoch, at most.
        deposits_per_day: that join the queue; as many as in the last 28 days, or since the rollup began, if left away.
        exits_per_day: attesters that leave the set.
        flushed_share: of the epochs, those in which somebody flushes.
        ahead: how far to look.
        step: between two rows.

    Examples:
        aztec-butler queue what-if --max-queue-flush-size 8
        aztec-butler queue what-if --deposits-per-day 40 --ahead 180d --step 1w --format csv
    """
    from aztec_butler.core.queue_what_if import QueuePoint
    from aztec_butler.network.what_if import LATELY_SECONDS

    changes = {
        "bootstrap_validator_set_size": bootstrap_validator_set_size,
        "bootstrap_flush_size": bootstrap_flush_size,
        "normal_flush_size_min": normal_flush_size_min,
        "normal_flush_size_quotient": normal_flush_size_quotient,
        "max_queue_flush_size": max_queue_flush_size,
    }
    exits, share = parse_fraction(exits_per_day), parse_fraction(flushed_share)
    with session.connect(block) as network:
        records = network.what_if_records()
        deposits = records.deposits_per_day(LATELY_SECONDS) if deposits_per_day is None else deposits_per_day
        rows = records.queue(
            changes,
            deposits_per_day=deposits,
            exits_per_day=exits,
            flushed_share=share,
            ahead=timedelta(seconds=ahead),
            step=timedelta(seconds=step),
        )
    told = f"{float(deposits):,.2f} deposits{' as lately' if deposits_per_day is None else ''}"
    return Answer(
        rows=rows,
        row_type=QueuePoint,
        stamp=records.snapshot.block,
        facts={
            "network": network.name,
            "chain_id": network.chain_id,
            "deposits_per_day": float(deposits),
            "exits_per_day": float(exits),
            "flushed_share": float(share),
        },
        essential=(
            "scenario",
            "begins_at",
            "queue_length",
            "wait_seconds",
            "active",
            "flush_size",
            "activations",
            "deposits",
        ),
        notes=(
            f"assumed: {told} and {float(exits):,.2f} exits a day, flushes in {float(share):.0%} of the epochs",
        ),
    )


@command(connection, pinned)
def activation_forecast(  # noqa: D417 - as above
    session: Session,
    block: Block,
    *,
    deposits_per_day: Number = "0",
    exits_per_day: Number = "0",
    flushed_share: Number | None = None,
) -> Answer:
    """When each deposit in the entry queue is activated: at the earliest, and at the pace at which people flush.

    Nothing but a call empties the queue. Earliest times hold if somebody calls in every epoch; expected ones if as often as
    in the last 28 days.

    Args:
        deposits_per_day: that are expected: they delay nobody, but begin a queue that waits for deposits.
        exits_per_day: attesters that are expected to leave: a smaller set lets fewer in.
        flushed_share: of the epochs, those in which somebody flushes, in place of what was observed.

    Examples:
        aztec-butler activation-forecast
        aztec-butler activation-forecast --flushed-share 50% --format json
    """
    from aztec_butler.core.activation_forecast import ActivationForecast

    with session.connect(block) as network:
        records = network.what_if_records()
        rows = records.activations(
            deposits_per_day=parse_fraction(deposits_per_day),
            exits_per_day=parse_fraction(exits_per_day),
            flushed_share=flushed_share,
        )
    return Answer(
        rows=rows,
        row_type=ActivationForecast,
        stamp=records.snapshot.block,
        facts={"network": network.name, "chain_id": network.chain_id},
        essential=(
            "position",
            "attester",
            "earliest_at",
            "expected_at",
            "earliest_duty_at",
            "fails_because",
            "provider_id",
        ),
        notes=("when to expect anybody is not known: nobody flushed lately while somebody waited",)
        if rows and rows[0].flushed_share is None
        else (),
    )


@command(connection, pinned)
def exit_calendar(  # noqa: D417 - as above
    session: Session,
    block: Block,
    *,
    leaving: Annotated[tuple[str, ...], _addresses, "ADDRESS,..."] = (),
) -> Answer:
    """Who may withdraw what when, the next one first; also if some attesters left now.

    Args:
        leaving: attesters in the set that are thought to leave in the block.

    Examples:
        aztec-butler exit-calendar
        aztec-butler exit-calendar --leaving 0x00000000000000000000000000000000000000aa --format csv
    """
    from aztec_butler.core.exit_calendar import ExitDate

    with session.connect(block) as network:
        records = network.what_if_records()
        rows = records.exits(leaving)
    return Answer(
        rows=rows,
        row_type=ExitDate,
        stamp=records.snapshot.block,
        facts={"network": network.name, "chain_id": network.chain_id},
        essential=(
            "withdrawable_at",
            "attester",
            "amount_wei",
            *(("planned", "state") if leaving else ("state",)),
            "cumulative_wei",
            "next_actor",
            "recipient",
        ),
    )


@command(connection, pinned)
def next_attester_reward(  # noqa: D417 - as above
    session: Session,
    block: Block,
    *,
    provider_id: Annotated[int, parse_whole, "PROVIDER_ID"] | None = None,
    take_rate_bps: int | None = None,
    joining: int = 1,
    already_held: int = 0,
    proposed_share: Number = "100%",
    window: Duration = 365 * _DAY,
) -> Answer:
    """What one attester more would earn, on average and after the commission; fees are not counted.

    Args:
        provider_id: whose take rate of now counts.
        take_rate_bps: what a provider takes, in basis points, in place of an id.
        joining: how many join.
        already_held: how many of those in the set belong to the same holder, and earn less then.
        proposed_share: part of the slots in which a checkpoint is proposed and later proven.
        window: of what time.

    Examples:
        aztec-butler next-attester-reward --provider-id 7
        aztec-butler next-attester-reward --take-rate-bps 2500 --window 30d --format json
    """
    from aztec_butler.core.marginal_reward import MarginalReward

    with session.connect(block) as network:
        records = network.what_if_records()
        found = records.next_attester(
            provider_id=provider_id,
            take_rate_bps=take_rate_bps,
            joining=joining,
            already_held=already_held,
            proposed_share=parse_fraction(proposed_share),
            window=timedelta(seconds=window),
        )
    return Answer(
        rows=(found,),
        row_type=MarginalReward,
        is_single=True,
        stamp=records.snapshot.block,
        facts={"network": network.name, "chain_id": network.chain_id},
        notes=("at this pace the distributor cannot pay for so long, see the runway",)
        if found.runway_seconds < found.window_seconds
        else (),
    )
