"""The tour: a devnet with a past, and what the public API answers about it."""

import shutil
from collections import Counter
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import attrs

from aztec_butler.cli.columns import columns_of, render_time
from aztec_butler.cli.table import render_table
from aztec_butler.core.lifecycle import Lifecycle
from aztec_butler.core.records import unit

if TYPE_CHECKING:
    from aztec_butler.clients.snapshot import Snapshot
    from aztec_butler.devnet import Devnet
    from aztec_butler.devnet.season import Season

Out = Callable[[str], None]
Progress = Callable[[int, int, str], None]

_ROWS = 12
"""A longer table is cut, and says so."""
_NARROWEST, _WIDEST = 80, 160


@attrs.frozen(kw_only=True)
class LifecycleCount:
    """How many attesters stand at one point of their lives."""

    lifecycle: Lifecycle
    attesters: int
    stake_wei: int = unit("wei")
    """What counts for the validator sets."""
    exit_amount_wei: int = unit("wei")
    """What waits in exits."""


def run_demo(out: Out, *, progress: Progress | None = None) -> "Season":
    """Start a devnet, play a season, ask the questions, end the devnet.

    Args:
        out: takes the tour line by line.
        progress: told of the season's steps.

    Raises:
        SettingsError: anvil cannot be had or cannot run here.
        NodeError: fetching a package failed.
    """
    from aztec_butler.devnet import Devnet
    from aztec_butler.devnet.season import play_season

    out("Starting a local chain with the real Aztec staking contracts ...")
    with Devnet.start(report=out) as devnet:
        out("Playing a season of staking on it: providers, deposits, duties, rewards, slashes, exits ...")
        season = play_season(devnet, progress=progress)
        tour(devnet, out)
    out("")
    for line in _FAREWELL:
        out(line)
    return season


def tour(devnet: "Devnet", out: Out) -> None:
    """Ask the questions of a devnet with a past.

    Args:
        devnet: a running one.
        out: takes the answers line by line.
    """
    from aztec_butler import connect

    addresses = devnet.addresses
    with connect(
        "devnet",
        l1=devnet.url,
        registry=addresses["registry"],
        staking_registry=addresses["staking_registry"],
        first_block=0,
        progress=False,
    ) as network:
        snapshot = network.snapshot()
        stamp = snapshot.block
        out("")
        out(f"Everything below is read from block {stamp.number}, {render_time(stamp.timestamp)}.")
        for chapter in (_attesters, _queue, _providers, _exits, _slashings):
            out("")
            chapter(snapshot, out)


def count_by_lifecycle(attesters: Sequence[Any]) -> tuple[LifecycleCount, ...]:
    """Attesters and amounts by lifecycle, in the order of a life; empty ones are left out.

    Args:
        attesters: rows of ``core.rows.Attester``.
    """
    counts = Counter(row.lifecycle for row in attesters)
    return tuple(
        LifecycleCount(
            lifecycle=point,
            attesters=counts[point],
            stake_wei=sum(row.stake_wei for row in attesters if row.lifecycle is point),
            exit_amount_wei=sum(row.exit_amount_wei for row in attesters if row.lifecycle is point),
        )
        for point in Lifecycle
        if counts[point]
    )


# --------------------------------------------------------------------------- chapters


def _attesters(snapshot: "Snapshot", out: Out) -> None:
    counts = count_by_lifecycle(snapshot.attesters())
    _show("Where does everybody stand?  (aztec-butler attesters)", LifecycleCount, counts, out)


def _queue(snapshot: "Snapshot", out: Out) -> None:
    _show(
        "Who waits to be activated, and until when?  (aztec-butler entry-queue)",
        *_rows_of(snapshot.entry_queue(), "QueueEntry"),
        out,
        columns=("position", "attester", "provider_id", "rollup_version", "fails_because", "activation_at"),
    )


def _providers(snapshot: "Snapshot", out: Out) -> None:
    _show(
        "Who runs the attesters?  (aztec-butler providers)",
        *_rows_of(snapshot.providers(), "Provider"),
        out,
        columns=(
            "provider_id",
            "take_rate_bps",
            "keys_queued",
            "entry_queued",
            "validating",
            "active_stake_wei",
            "stake_share",
        ),
    )


def _exits(snapshot: "Snapshot", out: Out) -> None:
    _show(
        "Who leaves, and when can the money be had?  (aztec-butler exits)",
        *_rows_of(snapshot.exits(), "Exit"),
        out,
        columns=("attester", "state", "amount_wei", "is_ejection", "withdrawable_at"),
    )


def _slashings(snapshot: "Snapshot", out: Out) -> None:
    _show(
        "Who was slashed, and how much more would end it?  (aztec-butler slashings)",
        *_rows_of(snapshot.slashings(), "Slashing"),
        out,
        columns=("slashed_at", "attester", "amount_wei", "is_ejection", "lifecycle", "headroom_wei"),
    )


_FAREWELL = (
    "The chain is gone again. To look around in one of your own:",
    "  aztec-butler devnet up --season",
    "  aztec-butler attesters --network devnet",
    "The same questions to mainnet need an Ethereum node:",
    "  aztec-butler attesters --network mainnet --l1 https://...",
    '  python -c \'import aztec_butler as ab; print(ab.connect("mainnet", l1="https://...").providers())\'',
)


# --------------------------------------------------------------------------- tables


def _rows_of(rows: Sequence[Any], type_name: str) -> tuple[type, Sequence[Any]]:
    """The record type, and the rows."""
    from aztec_butler.core import rows as types

    record_type: type = getattr(types, type_name)
    return record_type, rows


def _show(
    title: str, record_type: type, rows: Sequence[Any], out: Out, *, columns: tuple[str, ...] | None = None
) -> None:
    """A title, and a table of the columns named, as wide as the terminal."""
    shown = [column for column in columns_of(record_type) if columns is None or column.name in columns]
    width = max(_NARROWEST, min(_WIDEST, shutil.get_terminal_size().columns))
    table = render_table(shown, rows[:_ROWS], width=width, essential=[column.name for column in shown])
    out(title)
    for line in table.lines:
        out(f"  {line}")
    if len(rows) > _ROWS:
        out(f"  ... and {len(rows) - _ROWS} more")
