"""What the forms ask of a network: the part of ``Network`` that they use, and the fields of a block and a network."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Protocol, Self

from aztec_butler.clients.blocks import parse_block
from aztec_butler.core.errors import InputError
from aztec_butler.core.networks import PRESETS

if TYPE_CHECKING:
    import pandas as pd

    from aztec_butler.clients.snapshot import Progress, Snapshot
    from aztec_butler.core.calls import Call
    from aztec_butler.core.records import BlockStamp, Deployment
    from aztec_butler.core.simulation import Simulation


class AskedNetwork(Protocol):
    """A network, as ``aztec_butler.connect`` makes it."""

    @property
    def name(self) -> str:
        """The preset's name."""

    @property
    def chain_id(self) -> int:
        """EIP-155 id of the chain."""

    @property
    def block(self) -> BlockStamp:
        """The block that a question asked now is answered at."""

    @property
    def deployment(self) -> Deployment:
        """The contracts."""

    @property
    def calldata(self) -> Any:
        """The builders of calls, with what the chain knows filled in."""

    def at(self, block: int | str, *, progress: Progress | None = None) -> Self:
        """The same network pinned to a block."""

    def snapshot(self) -> Snapshot:
        """Everything at one block as records."""

    def attesters(self) -> pd.DataFrame:
        """Everyone that the contracts know."""

    def providers(self) -> pd.DataFrame:
        """Operators."""

    def activation_forecast(self) -> pd.DataFrame:
        """When each deposit in the queue is activated."""

    def exit_calendar(self) -> pd.DataFrame:
        """Who may withdraw what when."""

    def slashing_what_if(self) -> pd.DataFrame:
        """What a slash would do to everybody in the set."""

    def what_if_records(self) -> Any:
        """Answers about what might be as records."""

    def simulate(self, calls: Call | Sequence[Call], *, sender: str, at: int | None = None) -> Simulation:
        """What calls would do."""


Networks = AskedNetwork | Mapping[str, AskedNetwork | Callable[[], AskedNetwork]] | None
"""One network, or several by name, each made already or made when it is first needed; None for all presets."""


class NetworkChoice:
    """The networks that a form can look at; each is connected when it is first asked.

    Args:
        networks: one, several by name, or None for the presets.

    Raises:
        InputError: no network at all.
    """

    def __init__(self, networks: Networks) -> None:
        if networks is None:
            networks = {name: _connecting(name) for name in PRESETS}
        elif not isinstance(networks, Mapping):
            networks = {networks.name: networks}
        if not networks:
            raise InputError(
                "there is no network to look at", hint='ab.widgets.explorer(ab.connect("mainnet"))'
            )
        self._networks = dict(networks)

    @property
    def names(self) -> list[str]:
        """To choose from, in order."""
        return list(self._networks)

    def connect(self, name: str) -> AskedNetwork:
        """The network of a name.

        Args:
            name: one of ``names``.

        Raises:
            ButlerError: it cannot be connected.
        """
        found = self._networks[name]
        if callable(found):
            found = self._networks[name] = found()
        return found


def _connecting(name: str) -> Callable[[], AskedNetwork]:
    def connect() -> AskedNetwork:
        import aztec_butler

        return aztec_butler.connect(name, progress=False)

    return connect


def read_block(text: str) -> int | str:
    """A block as somebody typed it: a number, a hash, or ``latest``, ``safe``, ``finalized``.

    Args:
        text: thousands may be set apart by commas.

    Raises:
        InputError: no block's name.
    """
    return parse_block(text.strip().lower().replace(",", "") or "latest")


def block_words(block: BlockStamp) -> str:
    """A block in words.

    Args:
        block: of a network.
    """
    moment = datetime.fromtimestamp(block.timestamp, tz=UTC)
    return f"block {block.number:,}, {moment:%Y-%m-%d %H:%M} UTC, {'final' if block.is_finalized else 'not final'}"
