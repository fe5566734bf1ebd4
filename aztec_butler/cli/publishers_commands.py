"""The command that tells how long the accounts will last that pay for transactions on L1."""

from pathlib import Path
from typing import Annotated

import attrs

from aztec_butler.cli.answer import Answer
from aztec_butler.cli.columns import columns_of
from aztec_butler.cli.command import command
from aztec_butler.cli.session import Session, connection, pinned
from aztec_butler.core.checks import Outcome
from aztec_butler.core.errors import CheckFailed, InputError
from aztec_butler.core.hexes import parse_address
from aztec_butler.core.publishers import Publisher, PublisherLimits, judge_publishers
from aztec_butler.core.records import unit
from aztec_butler.core.units import parse_duration, parse_tokens, render_duration

_USUAL = PublisherLimits()


@attrs.frozen(kw_only=True)
class ShownPublisher:
    """A publisher for the eyes."""

    publisher: str
    verdict: str
    balance_wei: int = unit("ether")
    spent_per_day_wei: int | None = unit("ether")
    runway: str
    top_up_wei: int = unit("ether")
    finding: str


def _addresses(text: str) -> tuple[str, ...]:
    return tuple(parse_address(part.strip()) for part in text.split(",") if part.strip())


def _paths(text: str) -> tuple[Path, ...]:
    return tuple(Path(part.strip()).expanduser() for part in text.split(",") if part.strip())


@command(connection, pinned)
def publishers(  # noqa: D417 - what groups of options give is not the caller's
    session: Session,
    block: int | str,
    *addresses: Annotated[tuple[str, ...], _addresses, "ADDRESS"],
    keystores: Annotated[tuple[Path, ...], _paths, "PATH,..."] = (),
    window: Annotated[int, parse_duration, "DURATION"] = 7 * 86_400,
    samples: int = 24,
    critical: Annotated[int, parse_tokens, "ETH"] = _USUAL.critical_wei,
    low: Annotated[int, parse_tokens, "ETH"] = _USUAL.low_wei,
    target: Annotated[int, parse_duration, "DURATION"] = _USUAL.target_seconds,
) -> Answer:
    """How long the accounts will last that pay for transactions on L1, and what to pay in.

    What an account spends is read off its balance at several blocks. An archive node knows the whole window; another
    one remembers hours or minutes, and then the answer says so. Intervals in which somebody paid something in are left
    out. Exit code 5 when one is critical: below the limit, or used up within a day.

    Args:
        addresses: publishers, with spaces or commas between them.
        keystores: files or folders as the node loads them; their publishers are added, no key is opened.
        window: how far to look back, e.g. 7d.
        samples: blocks to look at within it.
        critical: a balance below it fails.
        low: a balance below it is a warning.
        target: a top-up is to last so long.

    Examples:
        aztec-butler publishers 0x00000000000000000000000000000000000000aa --l1 https://node.example/KEY
        aztec-butler publishers --keystores /var/lib/aztec/keystore --window 30d --target 60d --format json
    """
    from aztec_butler.clients.publishers import fetch_publishers

    wanted = [address for group in addresses for address in group]
    if keystores:
        wanted += _publishers_of(keystores)
    if not wanted:
        raise InputError("no publisher is named", hint="give addresses, or --keystores PATH")
    limits = attrs.evolve(_USUAL, critical_wei=critical, low_wei=low, target_seconds=target)
    with session.open_rpc() as rpc:
        history = fetch_publishers(
            rpc, list(dict.fromkeys(wanted)), window_seconds=window, samples=samples, block=block
        )
    judged = judge_publishers(history.samples, limits)
    failed = sum(publisher.outcome is Outcome.FAIL for publisher in judged)
    return Answer(
        rows=judged,
        row_type=Publisher,
        stamp=history.block,
        facts={
            "network": session.settings.network,
            "first_block": history.first_block,
            "is_pruned": history.is_pruned,
        },
        lines=_lines(judged),
        notes=_notes(judged[0].window_seconds, window, is_pruned=history.is_pruned),
        failure=CheckFailed(f"{failed} of {len(judged)} publishers are critical") if failed else None,
    )


def _publishers_of(paths: tuple[Path, ...]) -> list[str]:
    from aztec_butler.core.keystores.faults import refuse
    from aztec_butler.core.keystores.public import publishers_of
    from aztec_butler.store.keystores import check_keystores

    checked, _ = check_keystores(paths)
    # What hides accounts must not make the answer one about fewer.
    refuse(checked.findings)
    found = publishers_of(checked.public)
    if not found:
        raise InputError(
            "these keystores name no publisher whose address is known",
            hint="`aztec-butler keystore check` tells what is wrong with them",
            keystores=", ".join(map(str, paths)),
        )
    return list(found)


def _lines(judged: tuple[Publisher, ...]) -> tuple[str, ...]:
    from aztec_butler.cli.table import render_table

    rows = [
        ShownPublisher(
            publisher=publisher.address,
            verdict=publisher.outcome.value,
            balance_wei=publisher.balance_wei,
            spent_per_day_wei=publisher.spent_per_day_wei,
            runway="-" if publisher.runway_seconds is None else render_duration(publisher.runway_seconds),
            top_up_wei=publisher.top_up_wei,
            finding=publisher.finding,
        )
        for publisher in judged
    ]
    return render_table(columns_of(ShownPublisher), rows).lines


def _notes(found: int, asked: int, *, is_pruned: bool) -> tuple[str, ...]:
    """What limits the answer."""
    if is_pruned:
        seen, wanted = render_duration(found), render_duration(asked)
        return (
            f"the node remembers {seen} of the {wanted} that were asked for: an archive node knows the rest",
        )
    return ()
