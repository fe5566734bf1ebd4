"""The explorer: a network at a block, its providers and attesters, as tables and pictures that follow what is chosen."""

from __future__ import annotations

from typing import Any, Final

import ipywidgets
import pandas as pd

from aztec_butler.core.errors import ButlerError, InputError
from aztec_butler.core.hexes import parse_address
from aztec_butler.core.rows import Attester, Provider
from aztec_butler.notebook.widgets.asked import AskedNetwork, NetworkChoice, Networks, block_words, read_block
from aztec_butler.notebook.widgets.explorer_views import VIEWS, View, tabled
from aztec_butler.notebook.widgets.panel import (
    Panel,
    button,
    error_html,
    labelled,
    line,
    notice_html,
    progress_bar,
    row,
)
from aztec_butler.notebook.widgets.shown import code_html, plot_html, table_html

ANYBODY: Final = -1
DIRECT: Final = -2
"""In the list of providers, where ids begin at 1."""


def explorer(networks: Networks = None, *, block: int | str = "latest") -> Explorer:
    """Look at a network: choose a block, a provider, an attester, and what to see of them.

    Args:
        networks: one network; several by name, each made already or by a function when it is first needed; None for the
            presets, of which those can be reached whose endpoint is known.
        block: in the field at first: a number, a hash, or ``latest``, ``safe``, ``finalized``.

    Returns:
        A form. ``.table`` is the DataFrame that it shows now, ``.network`` the network pinned to the block.

    Raises:
        InputError: no network at all.
    """
    return Explorer(NetworkChoice(networks), block=block)


class Explorer(Panel):
    """A network to look at. Nothing is asked until *Read* is pressed, and nothing after it.

    Args:
        networks: to choose from.
        block: in the field at first.

    Attributes:
        network: pinned to the block that was read last; None before.
        table: what is shown now; None before.
    """

    def __init__(self, networks: NetworkChoice, *, block: int | str = "latest") -> None:
        self._networks = networks
        self._tables: dict[str, pd.DataFrame | ButlerError] = {}
        self._attesters: dict[str, Attester] = {}
        self._providers: dict[int, Provider] = {}
        self._is_filling = False
        self._said = ""
        self.network: AskedNetwork | None = None
        self.table: pd.DataFrame | None = None
        self.network_field = ipywidgets.Dropdown(options=networks.names)
        self.block_field = ipywidgets.Text(str(block), placeholder="latest", continuous_update=False)
        self.read_button = button(
            "Read", self.read, tooltip="Read everything about stake at this block", primary=True
        )
        self.view_field = ipywidgets.Dropdown(
            options=[(view.name, view.name) for view in VIEWS], disabled=True
        )
        self.provider_field = ipywidgets.Dropdown(options=[("all", ANYBODY)], disabled=True)
        self.attester_field = ipywidgets.Combobox(
            placeholder="all; paste an address", continuous_update=False, disabled=True
        )
        for field in (self.view_field, self.provider_field, self.attester_field):
            field.observe(self._on_choice, "value")
        self.picture = ipywidgets.HTML(layout={"width": "auto"})
        self.card = ipywidgets.HTML(layout={"width": "auto"})
        self.rows = ipywidgets.HTML(layout={"width": "auto"})
        self.code = ipywidgets.HTML(layout={"width": "auto"})
        bar, said = progress_bar(), line()
        super().__init__(
            "Explorer",
            [
                row(
                    labelled("Network", self.network_field, width="150px"),
                    labelled("Block: number, hash, latest, finalized", self.block_field, width="250px"),
                    self.read_button,
                ),
                row(
                    labelled("Show", self.view_field, width="230px"),
                    labelled("Provider", self.provider_field, width="200px"),
                    labelled("Attester", self.attester_field, width="360px"),
                ),
                bar,
                said,
                self.card,
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
        """Ask the network for everything at the block; what the button does."""
        self.attempt("Reading ...", self._read)

    def _read(self) -> str:
        block = read_block(self.block_field.value)
        name = self.network_field.value
        pinned = self._networks.connect(name).at(block, progress=self.progress)
        # All of it is read before anything is shown: what fails leaves the form as it was.
        snapshot = pinned.snapshot()
        attesters, providers = snapshot.attesters(), snapshot.providers()
        tables: dict[str, pd.DataFrame | ButlerError] = {}
        for view in VIEWS:
            try:
                tables[view.name] = view.read(pinned)
            except ButlerError as error:
                # Attesters are the ground of all else; another table may be missing, and says why where it would stand.
                if view is VIEWS[0]:
                    raise
                tables[view.name] = error
        self.network, self._tables = pinned, tables
        self._attesters = {each.attester: each for each in attesters}
        self._providers = {each.provider_id: each for each in providers}
        self._said = (
            f"{name}, {block_words(pinned.block)}: {len(attesters):,} attesters, {len(providers):,} providers"
        )
        self._fill()
        self._show()
        return self._said

    def _fill(self) -> None:
        """Put what was read into the lists, and keep what was chosen where it is still there."""
        chosen = self.provider_field.value
        options = [("all", ANYBODY)]
        options += [
            (
                f"{each.provider_id}: {each.validating} validating, {each.entry_queued} queued",
                each.provider_id,
            )
            for each in self._providers.values()
        ]
        options.append(("none, staked directly", DIRECT))
        self._is_filling = True
        try:
            self.provider_field.options = options
            self.provider_field.value = chosen if chosen in dict(options).values() else ANYBODY
            self.attester_field.options = tuple(self._attesters)
            for field in (self.view_field, self.provider_field, self.attester_field):
                field.disabled = False
        finally:
            self._is_filling = False

    # -- showing

    def _on_choice(self, _: Any) -> None:
        if self.network is None or self._is_filling:
            return

        def show() -> str:
            self._show()
            return self._said

        self.attempt("", show)

    def _show(self) -> None:
        try:
            attester = self._chosen_attester()
        except InputError:  # nothing is better than the picture of another choice
            self.table = None
            for part in (self.card, self.picture, self.rows, self.code):
                part.value = ""
            raise
        view = next(each for each in VIEWS if each.name == self.view_field.value)
        whole = self._tables[view.name]
        self.card.value = self._card(attester)
        if isinstance(whole, ButlerError):
            self.table = None
            self.picture.value, self.rows.value = error_html(whole), ""
        else:
            rows = self._chosen(whole, attester)
            table = tabled(view, rows)
            self.picture.value = plot_html(
                lambda ax: view.draw(rows, whole, attester, ax), height=view.height(rows), words=view.words
            )
            self.rows.value = table_html(table, view.columns, nothing=view.nothing)
            self.table = table
        self.code.value = self._code(view)

    def _chosen_attester(self) -> str | None:
        text = self.attester_field.value.strip()
        if not text:
            return None
        address = parse_address(text)
        if address not in self._attesters:
            raise InputError(
                "the contracts have never seen this attester at this block",
                attester=address,
                hint="empty the field to see all of them",
            )
        return address

    def _chosen(self, whole: pd.DataFrame, attester: str | None) -> pd.DataFrame:
        rows, provider = whole, self.provider_field.value
        if provider == DIRECT:
            rows = rows[rows["provider_id"].isna()]
        elif provider != ANYBODY:
            rows = rows[(rows["provider_id"] == provider).fillna(value=False)]
        if attester is not None:
            rows = rows[rows["attester"] == attester]
        return rows.reset_index(drop=True)

    def _card(self, attester: str | None) -> str:
        if attester is not None:
            record = self._attesters[attester]
            provider = self.provider_field.value
            outside = provider not in (
                ANYBODY,
                record.provider_id if record.provider_id is not None else DIRECT,
            )
            notice = (
                "This attester is not of the provider that is chosen, so tables are empty." if outside else ""
            )
            return record._repr_html_() + (notice_html(notice) if notice else "")
        row_ = self._providers.get(self.provider_field.value)
        return "" if row_ is None else row_._repr_html_()

    def _code(self, view: View) -> str:
        network = self.network
        assert network is not None, "shown only after it was read"
        text = f"net.at({network.block.number}).{view.code}"
        if isinstance(self._tables[view.name], ButlerError) or view.code.startswith("holders"):
            return code_html(text)
        provider = self.provider_field.value
        if provider == DIRECT:
            text += '.query("provider_id.isna()")'
        elif provider != ANYBODY:
            text += f'.query("provider_id == {provider}")'
        if (attester := self._chosen_attester()) is not None:
            text += f".query(\"attester == '{attester}'\")"
        return code_html(text)
