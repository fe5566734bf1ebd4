"""The commands about rewards: what is owed, what came in day by day, what can be claimed, what stake yields."""

from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Any

from aztec_butler.cli.answer import Answer
from aztec_butler.cli.command import command, parse_whole
from aztec_butler.cli.session import Session, connection, pinned
from aztec_butler.core.hexes import parse_address
from aztec_butler.core.units import render_tokens

if TYPE_CHECKING:
    from aztec_butler.core.time_steps import Window

Block = int | str
_DAY = 86_400


def _addresses(text: str) -> tuple[str, ...]:
    """Addresses between commas."""
    return tuple(parse_address(part.strip()) for part in text.split(",") if part.strip())


def _window(text: str) -> "Window":
    from aztec_butler.core.time_steps import parse_window

    return parse_window(text)


def _step(text: str) -> int:
    from aztec_butler.core.time_steps import parse_step

    return parse_step(text)


def _windows(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


@command(connection, pinned)
def rewards(  # noqa: D417 - what groups of options give is not the caller's
    session: Session,
    block: Block,
    *coinbases: Annotated[tuple[str, ...], _addresses, "COINBASE"],
    provider_id: Annotated[int, parse_whole, "PROVIDER_ID"] | None = None,
) -> Answer:
    """What every version of the rollup owes, by coinbase, and whose it is once it has gone through the split.

    Without a name: every split of a delegation, attester, withdrawer and provider that is owed something. A node may name
    any other address as its coinbase, which then has to be named here, too.

    Args:
        coinbases: whose rewards, with spaces or commas between them.
        provider_id: the splits of this provider's delegations, in place of coinbases.

    Examples:
        aztec-butler rewards
        aztec-butler rewards --provider-id 7 --format csv
        aztec-butler rewards 0x00000000000000000000000000000000000000aa,0x00000000000000000000000000000000000000bb
    """
    from aztec_butler.core.rewards import CoinbaseRewards
    from aztec_butler.network.rewards import Whose

    whose = Whose.of(_named(coinbases), provider_id)
    with session.connect(block) as network:
        records = network.reward_records()
        rows = records.pending(whose)
    owed = sum(row.pending_wei for row in rows)
    return Answer(
        rows=rows,
        row_type=CoinbaseRewards,
        stamp=records.snapshot.block,
        facts={"network": network.name, "chain_id": network.chain_id, "pending_wei": str(owed)},
        essential=("coinbase", "pending_wei", "rollup_version", "provider_id", "staker_wei", "provider_wei"),
        notes=(
            f"{render_tokens(owed)} AZTEC wait"
            + ("" if coinbases or provider_id else ", for addresses that staking tells of"),
        ),
    )


@command(connection, pinned)
def ledger(  # noqa: D417 - as above
    session: Session,
    block: Block,
    *coinbases: Annotated[tuple[str, ...], _addresses, "COINBASE"],
    provider_id: Annotated[int, parse_whole, "PROVIDER_ID"] | None = None,
    window: Annotated[Any, _window, "WINDOW"] = "30d",
    step: Annotated[int, _step, "DURATION"] = _DAY,
    by_rollup: bool = False,
    source: str = "auto",
) -> Answer:
    """What every coinbase accrued and claimed, day by day, over all versions of the rollup, exact to the wei.

    Accrued is the change of what is owed plus what was claimed. Every day has its row, also where nothing happened. What
    cannot be known is an error and never a guess. Shares are those of the delegation's split.

    Args:
        coinbases: whose rewards, with spaces or commas between them; if none is named, every one that staking tells of and
            that ever earned, and every one that was ever paid. A node may name any other address, which has to be named
            here, too, until it is paid; proofs find it.
        provider_id: the splits of this provider's delegations, in place of coinbases.
        window: how long before the block (30d), from when on (2026-06-01), from when to when (2026-06-01..2026-07-01, or
            two blocks), or all.
        step: how long a period is (1h, 1d, 1w), in whole multiples of UTC.
        by_rollup: a row for each version of the rollup, in place of one for all of them.
        source: state asks the rollups at the end of every day, which takes an archive node; proofs reads what every proof
            of an epoch credited, which takes none, as long as checkpoints had no fees; auto is the first, and the second
            where the node has pruned the state.

    Examples:
        aztec-butler reward-ledger --provider-id 7
        aztec-butler reward-ledger --window 2026-06-01..2026-07-01 --format xlsx --output june.xlsx
        aztec-butler reward-ledger 0x00000000000000000000000000000000000000aa --window 90d --step 1w --format csv
    """
    from aztec_butler.core.ledger import LedgerRow
    from aztec_butler.network.rewards import LedgerQuestion, Whose

    question = LedgerQuestion.of(
        Whose.of(_named(coinbases), provider_id),
        window,
        timedelta(seconds=step),
        by_rollup=by_rollup,
        source=source,
    )
    with session.connect(block) as network:
        records = network.reward_records()
        rows, used = records.ledger(question)
    accrued, claimed = (sum(getattr(row, name) for row in rows) for name in ("accrued_wei", "claimed_wei"))
    return Answer(
        rows=rows,
        row_type=LedgerRow,
        stamp=records.snapshot.block,
        facts={
            "network": network.name,
            "chain_id": network.chain_id,
            "source": used.value,
            "accrued_wei": str(accrued),
            "claimed_wei": str(claimed),
        },
        essential=("ends_at", "coinbase", "accrued_wei", "claimed_wei", "closing_wei", "staker_wei"),
        notes=(f"{render_tokens(accrued)} AZTEC accrued, {render_tokens(claimed)} were claimed",),
    )


@command(connection, pinned)
def claimable(  # noqa: D417 - as above
    session: Session, block: Block, delegator: Annotated[str, parse_address, "ADDRESS"]
) -> Answer:
    """What an address may have now: owed by rollups, in splits, in the warehouse of 0xSplits; to the wei.

    The sum is what its balance rises by once everything was claimed, distributed and withdrawn, which anybody may do:
    `aztec-butler calldata claim-sequencer-rewards`, `distribute` and `warehouse-withdraw` build the calls.

    Args:
        delegator: who is paid: the recipient in the splits, of a staker or of a provider.

    Examples:
        aztec-butler claimable 0x00000000000000000000000000000000000000aa
        aztec-butler claimable 0x00000000000000000000000000000000000000aa --format json
    """
    from aztec_butler.core.rewards_claimable import Claimable

    with session.connect(block) as network:
        records = network.reward_records()
        rows = records.claimable(delegator)
    total, held = (sum(getattr(row, name) for row in rows) for name in ("claimable_wei", "held_back_wei"))
    note = f"{render_tokens(total)} AZTEC can be had now"
    return Answer(
        rows=rows,
        row_type=Claimable,
        stamp=records.snapshot.block,
        facts={
            "network": network.name,
            "chain_id": network.chain_id,
            "claimable_wei": str(total),
            "held_back_wei": str(held),
        },
        essential=("claimable_from", "claimable_wei", "coinbase", "owed_wei", "provider_id", "share_bps"),
        notes=(f"{note}; {render_tokens(held)} are kept back by rollups" if held else note,),
    )


@command(connection, pinned)
def apr(  # noqa: D417 - as above
    session: Session,
    block: Block,
    *,
    windows: Annotated[tuple[str, ...], _windows, "WINDOW,..."] = ("30d",),
) -> Answer:
    """What stake yields, for the network (the first row) and each provider, as yearly rates.

    Rewards of the window, divided by the integral of the stake over it, times 365 days; nothing is compounded. Simple
    counts what accrued, realised what was claimed, staker what accrued to stakers after the commission. A provider's
    rewards are those of the splits of its delegations: where its nodes name another coinbase they are in the network's row
    only, and no commission is taken off them, because none is known.

    Args:
        windows: how far to look back, each.

    Examples:
        aztec-butler apr
        aztec-butler apr --windows 7d,30d,90d --format json
    """
    from aztec_butler.core.apr import parse_windows

    with session.connect(block) as network:
        records = network.reward_records()
        rows, row_type = records.yields(windows)
    names = parse_windows(windows)
    rates = [f"{kind}_{name}" for name in names for kind in ("apr_simple", "apr_realised", "apr_staker")]
    longest = max(names, key=names.__getitem__)
    idle = [
        str(row.provider_id)
        for row in rows
        if row.provider_id is not None
        and getattr(row, f"average_stake_{longest}_wei")
        and not getattr(row, f"accrued_{longest}_wei")
    ]
    whose = f"provider{'s' if len(idle) > 1 else ''} {', '.join(idle)}"
    reason = "nothing was proposed, or nodes name another coinbase (`coinbase check`)"
    return Answer(
        rows=rows,
        row_type=row_type,
        stamp=records.snapshot.block,
        facts={"network": network.name, "chain_id": network.chain_id},
        essential=("provider_id", *rates, "stake_wei"),
        notes=(f"nothing came to the splits of {whose}: {reason}",) if idle else (),
    )


def _named(coinbases: tuple[tuple[str, ...], ...]) -> tuple[str, ...] | None:
    """The addresses; None where none were given."""
    return tuple(address for group in coinbases for address in group) if coinbases else None
