"""What ``demo`` prints: the public tables of one block, cut down to what a first look needs."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from aztec_butler.cli.columns import columns_of, render_time
from aztec_butler.cli.table import render_table
from aztec_butler.core.lifecycle import Lifecycle
from aztec_butler.core.rows import Exit, Provider, QueueEntry, Slashing
from aztec_butler.core.units import render_tokens

if TYPE_CHECKING:
    from aztec_butler.clients.snapshot import Snapshot

_WIDTH = 120
_LONGEST = 24

_SECTIONS: tuple[tuple[str, str, type, tuple[str, ...]], ...] = (
    (
        "Entry queue: who waits, and the earliest activation",
        "entry_queue",
        QueueEntry,
        (
            "rollup_version",
            "position",
            "attester",
            "provider_id",
            "activation_epoch",
            "activation_at",
            "fails_because",
        ),
    ),
    (
        "Providers, with their share of the stake",
        "providers",
        Provider,
        (
            "provider_id",
            "take_rate_bps",
            "keys_queued",
            "delegations",
            "validating",
            "active_stake_wei",
            "stake_share",
        ),
    ),
    (
        "Exits, and from when each can be withdrawn (the later of two delays)",
        "exits",
        Exit,
        ("attester", "state", "amount_wei", "recipient", "withdrawable_at"),
    ),
    (
        "Slashings, and how each attester stands now",
        "slashings",
        Slashing,
        ("slashed_at", "attester", "amount_wei", "is_ejection", "lifecycle", "headroom_wei", "slashes_left"),
    ),
)
"""Title, method, row type, columns."""

_FAREWELL = """\
The same commands answer for mainnet, with the URL of any Ethereum node:

  aztec-butler doctor --l1 https://your-ethereum-node
  aztec-butler attesters --l1 https://your-ethereum-node
  aztec-butler entry-queue --l1 https://your-ethereum-node --format csv

or in Python:

  import aztec_butler as ab
  net = ab.connect("mainnet", l1="https://your-ethereum-node")
  net.attesters()

`aztec-butler devnet up --season` keeps such a chain to look around; `aztec-butler --help` lists everything."""


def lines_of_season(snapshot: "Snapshot") -> Iterator[str]:
    """The lines, one after the other.

    Args:
        snapshot: of the chain on which a season was played.
    """
    block = snapshot.block
    yield f"A season of staking on the real Aztec contracts, seen at block {block.number} ({_at(block.timestamp)})."
    yield from _attesters(snapshot)
    for title, method, row_type, names in _SECTIONS:
        yield from _section(title, getattr(snapshot, method)(), row_type, names)
    yield ""
    yield _FAREWELL


def _attesters(snapshot: "Snapshot") -> Iterator[str]:
    """How many attesters are in each state, and with how much stake."""
    attesters = snapshot.attesters()
    counts = Counter(attester.lifecycle for attester in attesters)
    yield from _heading("Attesters by state")
    yield f"{'state':<18}{'attesters':>10}  {'stake':>16}  {'in exits':>16}"
    for state in Lifecycle:
        mine = [attester for attester in attesters if attester.lifecycle is state]
        stake_wei = sum(attester.stake_wei for attester in mine)
        exit_wei = sum(attester.exit_amount_wei for attester in mine)
        yield f"{state.value:<18}{counts[state]:>10}  {render_tokens(stake_wei):>16}  {render_tokens(exit_wei):>16}"


def _section(title: str, rows: Sequence[Any], row_type: type, names: Sequence[str]) -> Iterator[str]:
    yield from _heading(title)
    columns = {column.name: column for column in columns_of(row_type)}
    table = render_table([columns[name] for name in names], rows[:_LONGEST], width=_WIDTH, essential=names)
    yield from table.lines
    if len(rows) > _LONGEST:
        yield f"... and {len(rows) - _LONGEST} more"


def _heading(title: str) -> Iterator[str]:
    yield ""
    yield title
    yield "-" * len(title)


def _at(seconds: int) -> str:
    return render_time(seconds).replace("T", " ")
