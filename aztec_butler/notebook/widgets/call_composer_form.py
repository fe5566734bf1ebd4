"""The composer: calls with fields, what they would do, and a file for a Safe. Nothing is sent."""

from __future__ import annotations

import base64
from typing import Final

import ipywidgets

from aztec_butler.core import calldata
from aztec_butler.core.calls import Call
from aztec_butler.core.cards import escaped
from aztec_butler.core.errors import InputError
from aztec_butler.core.networks import preset
from aztec_butler.core.safe_batch import encode_batch, split_calls
from aztec_butler.notebook.widgets.asked import AskedNetwork
from aztec_butler.notebook.widgets.call_fields import (
    BUILDERS,
    OFFLINE_UNKNOWN,
    CallField,
    check_unit,
    fields_of,
    purpose,
    read_fields,
)
from aztec_butler.notebook.widgets.panel import Panel, button, labelled, line, row

_LINK: Final = (
    "display:inline-block;padding:4px 12px;margin:4px 8px 4px 0;border:1px solid #0072B2;border-radius:4px;"
    "color:var(--jp-content-link-color,#005a8c);text-decoration:none"
)


def call_composer(network: AskedNetwork | str = "mainnet") -> CallComposer:
    """Compose calls: choose one, fill in its fields, see what it says and would do, take it along as a file for a Safe.

    Args:
        network: as ``ab.connect`` makes it: what is left empty comes from the chain, and calls can be simulated. Or the name
            of a preset, without any node.

    Returns:
        A form. ``.calls`` is what was composed so far.

    Raises:
        SettingsError: no such preset.
    """
    return CallComposer(network)


class CallComposer(Panel):
    """Calls to sign elsewhere. The network is asked when a button is pressed, to fill in what is empty and to simulate.

    Args:
        network: a network, or the name of a preset.

    Attributes:
        calls: composed so far, in order.
        files: what can be downloaded now, by name.
    """

    def __init__(self, network: AskedNetwork | str) -> None:
        self._network = None if isinstance(network, str) else network
        self._preset = preset(network) if isinstance(network, str) else None
        self.calls: list[Call] = []
        self.files: dict[str, bytes] = {}
        self._is_filling = False
        online = self._network is not None
        offered = [each for each in BUILDERS if online or each not in OFFLINE_UNKNOWN]
        self.builder_field = ipywidgets.Dropdown(
            options=[(each.replace("_", " "), each) for each in offered], value="update_take_rate"
        )
        self.builder_field.observe(lambda _: self._lay_out(), "value")
        self.fields: list[CallField] = []
        self.purpose = ipywidgets.HTML(layout={"width": "auto"})
        self.form = ipywidgets.Box(layout={"flex_flow": "row wrap", "width": "auto"})
        self.add_button = button(
            "Add call", self.add, tooltip="Build this call and put it behind the others", primary=True
        )
        self.list_field = ipywidgets.Select(options=[], rows=4, layout={"width": "auto"})
        self.list_field.observe(lambda _: self._explain(), "value")
        self.remove_button = button("Remove", self.remove, tooltip="Take the chosen call out of the list")
        self.clear_button = button("Clear", self.clear, tooltip="Take every call out of the list")
        self.sender_field = ipywidgets.Text(placeholder="0x...", continuous_update=False)
        self.simulate_button = button(
            "Simulate", self.simulate, tooltip="What the calls would do, one after the other; nothing is sent"
        )
        self.simulate_button.disabled = not online
        self.safe_field = ipywidgets.Text(placeholder="0x...", continuous_update=False)
        self.file_button = button(
            "Make file for a Safe", self.make_files, tooltip="A file for the Safe's Transaction Builder"
        )
        self.explanation = ipywidgets.HTML(layout={"width": "auto"})
        self.simulation = ipywidgets.HTML(layout={"width": "auto"})
        self.downloads = ipywidgets.HTML(layout={"width": "auto"})
        self._add_line, self._list_line, self._simulation_line, self._file_line = (line() for _ in range(4))
        name = network if isinstance(network, str) else network.name
        super().__init__(
            f"Compose calls for {name}",
            [
                row(labelled("Call", self.builder_field, width="260px")),
                self.purpose,
                self.form,
                row(self.add_button),
                self._add_line,
                labelled("Calls, in order; nothing is sent", self.list_field, width="98%"),
                row(self.remove_button, self.clear_button),
                self._list_line,
                self.explanation,
                row(
                    labelled("Sender of the simulation", self.sender_field, width="400px"),
                    self.simulate_button,
                ),
                self._simulation_line,
                self.simulation,
                row(
                    labelled("Safe that is to make the calls", self.safe_field, width="400px"),
                    self.file_button,
                ),
                self._file_line,
                self.downloads,
            ],
            buttons=[
                self.add_button,
                self.remove_button,
                self.clear_button,
                self.simulate_button,
                self.file_button,
            ],
            lines=[self._add_line, self._list_line, self._simulation_line, self._file_line],
        )
        self._lay_out()

    # -- one call

    def _lay_out(self) -> None:
        """Show the fields of the chosen builder."""
        builder = self.builder_field.value
        self.fields = fields_of(builder, is_online=self._network is not None)
        self.purpose.value = f'<div style="padding:2px 2px 6px;color:var(--jp-ui-font-color1,#222)">{escaped(purpose(builder))}</div>'
        self.form.children = [each.box for each in self.fields]
        self.say("")

    def field(self, name: str) -> ipywidgets.Widget:
        """A field of the chosen call.

        Args:
            name: of the argument.
        """
        return next(each.field for each in self.fields if each.name == name)

    def add(self) -> None:
        """Build the call and put it behind the others; what the button does."""
        self.attempt("Building ...", self._add, self._add_line)

    def _add(self) -> str:
        builder, given = self.builder_field.value, read_fields(self.fields)
        build = getattr(calldata if self._network is None else self._network.calldata, builder)
        if "amount_wei" in given and builder in ("approve", "transfer"):
            asset = None if self._network is None else self._network.deployment.staking_asset
            given["has_18_decimals"] = check_unit(
                given, self.field("amount_wei").value, chain_id=self._chain_id, staking_asset=asset
            )
        if self._preset is not None and any(each.name == "staking_registry" for each in self.fields):
            given.setdefault("staking_registry", self._preset.name)
        made = build(**given)
        made = made if isinstance(made, list) else [made]
        self.calls += made
        self._refresh(len(self.calls) - 1)
        return f"{len(made)} calls were added." if len(made) > 1 else "The call was added."

    @property
    def _chain_id(self) -> int:
        if self._network is not None:
            return self._network.chain_id
        assert self._preset is not None, "one of both is there"
        return self._preset.chain_id

    # -- all calls

    def _refresh(self, chosen: int | None) -> None:
        """Show the list as it is now; what was found out about another list is taken away."""
        self.files = {}
        self.simulation.value = self.downloads.value = ""
        self._is_filling = True
        try:
            self.list_field.options = [
                (f"{number + 1}. {call.summary}", number) for number, call in enumerate(self.calls)
            ]
            self.list_field.value = chosen
        finally:
            self._is_filling = False
        self._explain()

    def _explain(self) -> None:
        if not self._is_filling:
            number = self.list_field.value
            self.explanation.value = "" if number is None else self.calls[number]._repr_html_()

    def remove(self) -> None:
        """Take the chosen call out of the list; what the button does."""

        def remove() -> str:
            number = self.list_field.value
            if number is None:
                raise InputError("no call is chosen in the list")
            del self.calls[number]
            self._refresh(min(number, len(self.calls) - 1) if self.calls else None)
            return "The call was removed."

        self.attempt("", remove, self._list_line)

    def clear(self) -> None:
        """Take every call out of the list; what the button does."""

        def clear() -> str:
            self.calls = []
            self._refresh(None)
            return "There are no calls now."

        self.attempt("", clear, self._list_line)

    def simulate(self) -> None:
        """Ask the network what the calls would do; what the button does."""
        self.simulation.value = ""
        self.attempt("Simulating ...", self._simulate, self._simulation_line)

    def _simulate(self) -> str:
        if self._network is None:
            raise InputError("calls are simulated by a node", hint="call_composer(ab.connect(...))")
        self._check_calls()
        sender = self.sender_field.value.strip()
        if not sender:
            raise InputError("say who would send the calls", hint="an account, or the Safe")
        found = self._network.simulate(self.calls, sender=sender)
        self.simulation.value = found._repr_html_()
        return "Simulated; nothing was sent."

    def make_files(self) -> None:
        """Make files of the calls for a Safe's Transaction Builder; what the button does."""
        self.files, self.downloads.value = {}, ""
        self.attempt("", self._make_files, self._file_line)

    def _make_files(self) -> str:
        self._check_calls()
        safe = self.safe_field.value.strip()
        if not safe:
            raise InputError("say which Safe is to make the calls")
        batches = split_calls(self.calls, chain_id=self._chain_id, safe=safe)
        names = (
            ["safe-calls.json"]
            if len(batches) == 1
            else [f"safe-calls-{n}.json" for n in range(1, len(batches) + 1)]
        )
        self.files = {name: encode_batch(batch) for name, batch in zip(names, batches, strict=True)}
        self.downloads.value = "".join(_link(name, content) for name, content in self.files.items())
        return "The file is ready: load it into the Transaction Builder of this Safe, and let a second person compare it."

    def _check_calls(self) -> None:
        if not self.calls:
            raise InputError("there are no calls yet", hint="fill in the fields and add one")


def _link(name: str, content: bytes) -> str:
    data = base64.b64encode(content).decode()
    size = f"{len(content):,} bytes"
    return (
        f'<a style="{_LINK}" download="{escaped(name)}" href="data:application/json;base64,{data}">'
        f"Download {escaped(name)} ({size})</a>"
    )
