"""The commands about payouts: what stakers are owed, as a record and as transactions to sign; and a look at a record."""

from typing import TYPE_CHECKING, Annotated, Any

import attrs

from aztec_butler.cli.answer import Answer
from aztec_butler.cli.command import command, parse_whole
from aztec_butler.cli.session import Session, connection, pinned
from aztec_butler.core.checks import Check, Outcome
from aztec_butler.core.errors import CheckFailed, InputError
from aztec_butler.core.hexes import parse_address
from aztec_butler.core.units import render_tokens

if TYPE_CHECKING:
    from aztec_butler.core.payouts_reading import ReadRecord
    from aztec_butler.core.payouts_record import PayoutRecord

Block = int | str
Epoch = Annotated[int, parse_whole, "EPOCH"]


@command(connection, pinned)
def settle(  # noqa: D417 - what groups of options give is not the caller's
    session: Session,
    block: Block,
    provider_id: int,
    *,
    last_epoch: Epoch,
    wallet: Annotated[str, parse_address, "ADDRESS"],
    first_epoch: Epoch | None = None,
    after: Annotated[str, str, "RECORD"] | None = None,
    commission_bps: int | None = None,
    rollup_version: Annotated[int, parse_whole, "N"] | None = None,
    allow_unfinalized: bool = False,
    file: Annotated[str, str, "PATH"] | None = None,
    safe_file: Annotated[str, str, "PATH"] | None = None,
) -> Answer:
    """What a provider owes to those who staked with it, for a window of epochs, to the wei.

    For providers whose attesters name one wallet as coinbase, in place of their splits. Every checkpoint of the window
    has to be proven. The delegators are paid at the address that their split names, in transfers that the wallet itself
    sends; no contract is allowed to take anything. The same question gives the same files.

    Args:
        provider_id: whose attesters proposed.
        last_epoch: where the window ends.
        wallet: the coinbase whose checkpoints count, which holds the rewards.
        first_epoch: where the window begins; the epoch after the record before if left away.
        after: the record of the payout before, which this one continues without gap or overlap.
        commission_bps: what the provider keeps; the take rate in the split of each delegation if left away.
        rollup_version: whose epochs; that of the record before if left away, else the canonical rollup's.
        allow_unfinalized: count proofs that are not final on L1.
        file: where to write the record, with everything that is needed to work it out again.
        safe_file: where to write the transfers for the web app of Safe; more than 100 go into several files.

    Examples:
        aztec-butler payouts settle 6 --first-epoch 4894 --last-epoch 4951 --wallet 0x10eE0Af996dA1e206d96402B4F16fA00818083E0 --commission-bps 2500 --file payout.json
        aztec-butler payouts settle 6 --after payout.json --last-epoch 5140 --wallet 0x10eE0Af996dA1e206d96402B4F16fA00818083E0 --file next.json --safe-file safe.json
    """
    from aztec_butler.cli.safe_inputs import read_named, write_batches
    from aztec_butler.core.payouts import PayoutTransfer

    _check_places(file, safe_file, after)
    previous = None if after is None else read_named(after, _read_true)
    with session.connect(block) as network:
        record = network.payout_records().settle(
            provider_id,
            last_epoch,
            wallet=wallet,
            first_epoch=first_epoch,
            after=previous,
            commission_bps=commission_bps,
            rollup_version=rollup_version,
            allow_unfinalized=allow_unfinalized,
        )
        stamp = network.block
    settlement, batches = record.settlement, record.batches()
    notes = [
        (
            f"{settlement.checkpoints} checkpoints earned {render_tokens(settlement.reward_wei)} AZTEC,"
            f" of which {render_tokens(settlement.forwarded_wei)} go to {len(settlement.transfers)} delegators"
        )
    ]
    if settlement.passed_over:
        notes.append(f"{settlement.passed_over} checkpoints named another coinbase and do not count")
    if file is not None:
        _write(file, record)
    if safe_file is not None and batches:
        places = write_batches(safe_file, batches)
        notes.append(f"for the Safe: {', '.join(map(str, places))}")
    return Answer(
        rows=settlement.transfers,
        row_type=PayoutTransfer,
        stamp=stamp,
        facts={
            "network": network.name,
            "chain_id": network.chain_id,
            **_facts(record),
            "calls": [
                {"to": call.to, "data": "0x" + call.data.hex(), "value_wei": str(call.value_wei)}
                for call in record.calls
            ],
        },
        essential=("delegator", "amount_wei", "checkpoints", "commission_wei"),
        notes=tuple(notes),
    )


@command(connection, pinned)
def verify(  # noqa: D417 - as above
    session: Session,
    block: Block,
    record: Annotated[str, str, "RECORD"],
    *,
    after: Annotated[str, str, "RECORD"] | None = None,
    offline: bool = False,
) -> Answer:
    """Whether the record of a payout is true: its arithmetic, and every one of its checkpoints on the chain.

    Exit code 5 when something in it is not.

    Args:
        record: a file that `payouts settle` wrote.
        after: the record of the payout before, which this one should continue.
        offline: ask nobody, look at the arithmetic alone.

    Examples:
        aztec-butler payouts verify payout.json
        aztec-butler payouts verify next.json --after payout.json --offline
    """
    from aztec_butler.cli.safe_inputs import read_named
    from aztec_butler.core.payouts_checks import check_file

    read = read_named(record, _read)
    previous = None if after is None else read_named(after, _read_true)
    stamp = None
    if offline:
        checks = check_file(read, previous=previous)
    else:
        with session.connect(block) as network:
            checks = network.payout_records().verify(read, previous)
            stamp = network.block
    failed = [found for found in checks if found.outcome is Outcome.FAIL]
    lines: list[str] = []
    for found in checks:
        lines.append(f"{found.outcome.value:<4}  {found.check:<11}  {found.finding}")
        if found.remedy is not None:
            lines.append(f"      {'':<11}  -> {found.remedy}")
    return Answer(
        rows=checks,
        row_type=Check,
        stamp=stamp,
        facts={"digest": read.record.digest, **_facts(read.record)},
        lines=tuple(lines),
        failure=CheckFailed(f"{len(failed)} of {len(checks)} checks failed") if failed else None,
    )


def _read(content: bytes) -> "ReadRecord":
    from aztec_butler.core.payouts_reading import read_record

    return read_record(content)


def _read_true(content: bytes) -> "PayoutRecord":
    from aztec_butler.core.payouts_reading import true_record

    return true_record(content)


def _check_places(file: str | None, safe_file: str | None, after: str | None) -> None:
    from pathlib import Path

    places = {
        name: Path(name).expanduser().resolve() for name in (file, safe_file, after) if name is not None
    }
    given = [name for name in (file, safe_file, after) if name is not None]
    if len(set(places.values())) != len(given):
        raise InputError("the files of a payout must be different ones", files=", ".join(given))


def _write(file: str, record: "PayoutRecord") -> None:
    from pathlib import Path

    from aztec_butler.store.files import write_whole

    path = Path(file).expanduser()
    content = record.content
    if path.exists() and (not path.is_file() or path.read_bytes() != content):
        raise InputError(
            "a file is there already, and a record is never written over",
            hint="choose another name, or put that one away",
            file=file,
        )
    write_whole(path, content)


def _facts(record: "PayoutRecord") -> dict[str, Any]:
    window, settlement = record.window, record.settlement
    return {
        "provider_id": record.provider_id,
        "rollup_version": window.rollup_version,
        "first_epoch": window.first_epoch,
        "last_epoch": window.last_epoch,
        "first_block": window.first_block.number,
        "last_block": window.last_block.number,
        "totals": {
            name: str(value) if name.endswith("_wei") else value
            for name, value in attrs.asdict(settlement, recurse=False).items()
            if name != "transfers"
        },
    }
