"""The entry queue under other numbers: sliders for its configuration and for what people do, a picture that follows."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from math import ceil
from typing import Any, Final

import ipywidgets
import pandas as pd

from aztec_butler.core.queue_what_if import DAY_SECONDS, QueuePoint
from aztec_butler.core.units import render_duration
from aztec_butler.notebook import plots
from aztec_butler.notebook.frames import to_frame
from aztec_butler.notebook.staked_rows import facts_of
from aztec_butler.notebook.widgets.asked import AskedNetwork, block_words, read_block
from aztec_butler.notebook.widgets.panel import Panel, button, labelled, line, progress_bar, row
from aztec_butler.notebook.widgets.shown import code_html, plot_html, table_html

_CONFIG: Final = (
    ("max_queue_flush_size", "Deposits per epoch, at most"),
    ("normal_flush_size_min", "Deposits per epoch, at least"),
    ("normal_flush_size_quotient", "Active attesters for each deposit per epoch"),
    ("bootstrap_flush_size", "Deposits per epoch during the bootstrap"),
    ("bootstrap_validator_set_size", "Size of the set that ends the bootstrap"),
)
_HORIZONS: Final = {
    "6 hours": 6,
    "1 day": 24,
    "3 days": 72,
    "7 days": 168,
    "30 days": 720,
    "90 days": 2_160,
    "180 days": 4_320,
    "1 year": 8_760,
}
"""In hours."""
_FEWEST_EPOCHS: Final = 60
_USUAL_EPOCHS: Final = 4_000
_MOST_EPOCHS: Final = 15_000
"""Played while somebody waits: about a second."""
_MOST_STEPS: Final = 120
_LARGEST: Final = 2**32 - 1
"""Of a number of the configuration: far below what a browser counts exactly."""


def queue_what_if(network: AskedNetwork, *, block: int | str = "latest") -> QueueWhatIf:
    """Try the canonical rollup's entry queue under another configuration, or with other people.

    Args:
        network: as ``ab.connect`` makes it.
        block: in the field at first: a number, a hash, or ``latest``, ``safe``, ``finalized``.

    Returns:
        A form. ``.table`` is the DataFrame behind the picture.
    """
    return QueueWhatIf(network, block=block)


class QueueWhatIf(Panel):
    """Sliders for an entry queue. The chain is read when *Read* is pressed; sliders only reckon with what was read.

    Args:
        network: whose queue.
        block: in the field at first.

    Attributes:
        sliders: by the name of what they change.
        table: both scenarios, step by step; None before the chain was read.
    """

    def __init__(self, network: AskedNetwork, *, block: int | str = "latest") -> None:
        self._network = network
        self._records: Any = None
        self._facts: dict[str, Any] = {}
        self._as_is: dict[str, int] = {}
        self._rate = Fraction(0)
        self._is_filling = False
        self.table: pd.DataFrame | None = None
        self.block_field = ipywidgets.Text(str(block), placeholder="latest", continuous_update=False)
        self.read_button = button(
            "Read", self.read, tooltip="Read the queue and its configuration at this block", primary=True
        )
        self.reset_button = button(
            "As it is", self.reset, tooltip="Put every slider back to what the chain says"
        )
        self.reset_button.disabled = True
        self.column_field = ipywidgets.Dropdown(
            options=[("how many wait", "queue_length"), ("how long a new deposit waits", "wait_seconds")]
        )
        self.horizon_field = ipywidgets.Dropdown(options=list(_HORIZONS.items()), value=2_160)
        self.sliders = {
            "deposits_per_day": _slider(0, 100),
            "exits_per_day": _slider(0, 50),
            "flushed_percent": _slider(1, 100, 100),
            **{name: _slider(0, 100) for name, _ in _CONFIG},
        }
        for field in (*self.sliders.values(), self.column_field, self.horizon_field):
            field.observe(self._on_change, "value")
        self.picture = ipywidgets.HTML(layout={"width": "auto"})
        self.rows = ipywidgets.HTML(layout={"width": "auto"})
        self.code = ipywidgets.HTML(layout={"width": "auto"})
        people = [
            labelled("Deposits a day", self.sliders["deposits_per_day"], width="280px"),
            labelled("Exits a day", self.sliders["exits_per_day"], width="280px"),
            labelled("Epochs in which somebody flushes (%)", self.sliders["flushed_percent"], width="280px"),
        ]
        config = [labelled(label, self.sliders[name], width="280px") for name, label in _CONFIG]
        bar, said = progress_bar(), line()
        super().__init__(
            "The entry queue, if ...",
            [
                row(
                    labelled("Block: number, hash, latest, finalized", self.block_field, width="250px"),
                    self.read_button,
                    self.reset_button,
                    labelled("Show", self.column_field, width="230px"),
                    labelled("Ahead", self.horizon_field, width="110px"),
                ),
                row(*people),
                row(*config),
                bar,
                said,
                self.picture,
                self.rows,
                self.code,
            ],
            buttons=[self.read_button],
            lines=[said],
            bar=bar,
        )

    # -- reading

    def read(self) -> None:
        """Ask the network for the queue at the block; what the button does."""
        self.attempt("Reading ...", self._read)

    def _read(self) -> str:
        pinned = self._network.at(read_block(self.block_field.value), progress=self.progress)
        records = pinned.what_if_records()
        config = records.snapshot.state.queue_state(records.canonical).config
        rate = records.deposits_per_day(28 * DAY_SECONDS)
        # Everything that a run needs is read once here, so that sliders need nobody.
        records.queue({}, deposits_per_day=rate, ahead="1d", step="1d")
        self._facts = facts_of(pinned.attesters())
        self._records, self._rate = records, rate
        self._as_is = {
            "deposits_per_day": ceil(rate),
            "exits_per_day": 0,
            "flushed_percent": 100,
            **{name: getattr(config, name) for name, _ in _CONFIG},
        }
        self.reset_button.disabled = False
        self._offer_horizons(records.clock.epoch_seconds)
        self._put_back()
        self._reckon()
        told = "no deposit" if rate == 0 else f"{_rate(rate)} deposits a day"
        return f"{self._network.name}, {block_words(pinned.block)}; in the last 28 days {told}"

    def _offer_horizons(self, epoch_seconds: int) -> None:
        """Those that are worth a look, and do not take long: a devnet's epochs are short."""
        epochs = {hours: hours * 3_600 // epoch_seconds for hours in _HORIZONS.values()}
        fitting = {
            name: hours
            for name, hours in _HORIZONS.items()
            if _FEWEST_EPOCHS <= epochs[hours] <= _MOST_EPOCHS
        } or {"6 hours": 6}
        chosen = self.horizon_field.value
        usual = max((hours for hours in fitting.values() if epochs[hours] <= _USUAL_EPOCHS), default=6)
        self._is_filling = True
        try:
            self.horizon_field.options = list(fitting.items())
            self.horizon_field.value = chosen if chosen in fitting.values() else usual
        finally:
            self._is_filling = False

    def reset(self) -> None:
        """Put every slider back; what the other button does."""

        def put_back() -> None:
            self._put_back()
            self._reckon()

        self.attempt("", put_back)

    def _put_back(self) -> None:
        self._is_filling = True
        try:
            for name, value in self._as_is.items():
                slider = self.sliders[name]
                if name != "flushed_percent":
                    # The largest first: a slider refuses a value beyond it.
                    slider.max = min(max(4 * value, 20), _LARGEST)
                slider.value = value
                slider.disabled = False
        finally:
            self._is_filling = False

    # -- reckoning

    def _on_change(self, _: Any) -> None:
        if self._records is not None and not self._is_filling:
            self.attempt("", self._reckon)

    def _changes(self) -> dict[str, int | None]:
        """What differs from the chain's configuration."""
        values = {name: int(self.sliders[name].value) for name, _ in _CONFIG}
        return {name: None if value == self._as_is[name] else value for name, value in values.items()}

    def _deposits_per_day(self) -> Fraction:
        """As many as lately, exactly, until somebody moves the slider."""
        value = int(self.sliders["deposits_per_day"].value)
        return self._rate if value == self._as_is["deposits_per_day"] else Fraction(value)

    def _reckon(self) -> None:
        hours, changes = int(self.horizon_field.value), self._changes()
        step = max(hours * 60 // _MOST_STEPS, 1)
        points: Sequence[QueuePoint] = self._records.queue(
            changes,
            deposits_per_day=self._deposits_per_day(),
            exits_per_day=Fraction(int(self.sliders["exits_per_day"].value)),
            flushed_share=Fraction(int(self.sliders["flushed_percent"].value), 100),
            ahead=f"{hours}h",
            step=f"{step}min",
        )
        self.table = frame = to_frame(points, QueuePoint, facts=self._facts)
        self.picture.value = plot_html(
            lambda ax: plots.queue_forecast(frame, column=self.column_field.value, ax=ax),
            height=4.2,
            words="The entry queue played forward, a line for each scenario.",
        )
        self.rows.value = table_html(_summary(points), _COLUMNS, nothing="There is nothing to see.")
        self.code.value = code_html(self._code(hours, step, changes))

    def _code(self, hours: int, step: int, changes: dict[str, int | None]) -> str:
        options = [f"{name}={value}" for name, value in changes.items() if value is not None]
        if self._deposits_per_day() != self._rate:
            options.append(f"deposits_per_day={self._deposits_per_day()}")
        if self.sliders["exits_per_day"].value:
            options.append(f"exits_per_day={int(self.sliders['exits_per_day'].value)}")
        if self.sliders["flushed_percent"].value != 100:
            options.append(f'flushed_share="{int(self.sliders["flushed_percent"].value)}%"')
        options += [f'ahead="{hours}h"', f'step="{step}min"']
        return f"net.at({self._facts['block']}).queue_what_if({', '.join(options)})"


_COLUMNS: Final = (
    "scenario",
    "queue now",
    "a deposit now waits",
    "longest queue",
    "queue at the end",
    "activated",
)


def _summary(points: Sequence[QueuePoint]) -> pd.DataFrame:
    """A row for each scenario."""
    names = list(dict.fromkeys(point.scenario for point in points))
    rows = []
    for name in names:
        some = [point for point in points if point.scenario == name]
        wait = some[0].wait_seconds
        rows.append(
            {
                "scenario": name,
                "queue now": some[0].queue_length,
                "a deposit now waits": "too long to tell" if wait is None else render_duration(wait),
                "longest queue": max(point.queue_length for point in some),
                "queue at the end": some[-1].queue_length,
                "activated": some[-1].activations,
            }
        )
    return pd.DataFrame(rows, columns=list(_COLUMNS))


def _slider(least: int, most: int, value: int = 0) -> ipywidgets.IntSlider:
    # Only when it is let go: each step would be reckoned otherwise, one after the other.
    return ipywidgets.IntSlider(value, min=least, max=most, continuous_update=False, disabled=True)


def _rate(rate: Fraction) -> str:
    return f"{rate.numerator:,}" if rate.denominator == 1 else f"{float(rate):,.1f}"
