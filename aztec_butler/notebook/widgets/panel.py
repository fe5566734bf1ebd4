"""What all forms have in common: a heading, a line of what is going on, a bar, and errors that stay in the form."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

import ipywidgets

from aztec_butler.core.cards import escaped
from aztec_butler.core.errors import ButlerError

_BOX: Final = (
    "border-left:4px solid {line};background:{ground};color:{ink};padding:8px 12px;margin:4px 0;"
    "border-radius:0 6px 6px 0;line-height:1.5;overflow-wrap:anywhere;max-width:960px"
)
_WIDE: Final = "auto"
_STEPS: Final = 1_000


class Panel(ipywidgets.VBox):  # type: ignore[misc]
    """A form.

    Args:
        heading: what it is for.
        rows: the form itself, with the lines and the bar at their places.
        buttons: locked while something runs.
        lines: where the form says what is going on; each button has one in sight. ``line()`` makes them.
        bar: how far a long read is; ``progress_bar()`` makes it.

    Attributes:
        error: what went wrong last, for whoever wants to raise it; None when nothing did.
        status: the line that was used last.
    """

    def __init__(
        self,
        heading: str,
        rows: Sequence[ipywidgets.Widget],
        *,
        buttons: Sequence[ipywidgets.Button],
        lines: Sequence[ipywidgets.HTML],
        bar: ipywidgets.IntProgress | None = None,
    ) -> None:
        self.error: BaseException | None = None
        self._buttons, self._lines = tuple(buttons), tuple(lines)
        self.status = self._lines[0]
        self.bar = progress_bar() if bar is None else bar
        title = ipywidgets.HTML(
            f'<div role="heading" aria-level="3" style="font-weight:600;font-size:15px">{escaped(heading)}</div>'
        )
        super().__init__([title, *rows], layout={"width": _WIDE, "padding": "4px 0"})

    def progress(self, done: int, total: int, what: str) -> None:
        """Move the bar: so much is done, of how much, and what.

        Parts of the whole go to the browser, never the counts themselves.
        """
        self.bar.value = _STEPS * done // total if total else _STEPS
        self.bar.description = f"Reading {what}"
        self.bar.layout.display = "flex"

    def attempt(
        self, doing: str, action: Callable[[], str | None], place: ipywidgets.HTML | None = None
    ) -> bool:
        """Do what a button asks for; whether it could be done.

        Args:
            doing: said while it runs.
            action: does it, and returns what is to be said afterwards, as text.
            place: the line to say it in; None for the first one.
        """
        self.error = None
        self.status = self._lines[0] if place is None else place
        for other in self._lines:
            if other is not self.status:
                other.value = ""
        locked = [button for button in self._buttons if not button.disabled]
        for button in locked:
            button.disabled = True
        self.say(doing)
        said: str | None = ""
        try:
            said = action()
        except ButlerError as error:
            self._fail(error, error_html(error))
        except KeyboardInterrupt as error:
            self._fail(error, _box("It was interrupted; nothing was changed in this form.", kind="bad"))
        except Exception as error:  # noqa: BLE001 - a callback's exception would vanish in the browser's console
            # Its message may hold anything, so it is not shown; whoever wants it raises it.
            self._fail(
                error,
                _box(
                    f"This is a bug in aztec_butler, not yours: {type(error).__name__}. "
                    "The form keeps the exception as its .error; raise it to see more.",
                    kind="bad",
                ),
            )
        finally:
            for button in locked:
                button.disabled = False
            self.bar.layout.display = "none"
        if self.error is None:
            self.say(said or "")
        return self.error is None

    def _fail(self, error: BaseException, html: str) -> None:
        self.error = error
        self.status.value = html

    def say(self, text: str) -> None:
        """Say a line of text; an empty one takes it away."""
        self.status.value = (
            f'<div role="status" style="color:var(--jp-ui-font-color2,#5f5f5f)">{escaped(text)}</div>'
            if text
            else ""
        )


def line() -> ipywidgets.HTML:
    """A place where a form says what is going on."""
    return ipywidgets.HTML(layout={"width": _WIDE})


def progress_bar() -> ipywidgets.IntProgress:
    """A bar that is seen while something is read."""
    return ipywidgets.IntProgress(
        min=0,
        max=_STEPS,
        description="Reading",
        layout={"display": "none", "width": "60%"},
        style={"description_width": "initial"},
    )


def error_html(error: ButlerError) -> str:
    """An error as a box: the sentence, its facts, a way out; no traceback.

    Args:
        error: of this package.
    """
    facts = "".join(
        f"<div>{escaped(name)}: {escaped(_shown(value))}</div>" for name, value in error.facts.items()
    )
    hint = f'<div style="margin-top:4px">What to do: {escaped(error.hint)}</div>' if error.hint else ""
    return _box(error.sentence[:1].upper() + error.sentence[1:], kind="bad", inner=facts + hint)


def notice_html(text: str) -> str:
    """A box that is no error.

    Args:
        text: what it says.
    """
    return _box(text, kind="plain")


def _shown(value: object) -> object:
    return "0x" + value.hex() if isinstance(value, bytes) else value


def _box(text: str, *, kind: str, inner: str = "") -> str:
    bad = kind == "bad"
    style = _BOX.format(
        line="#a83200" if bad else "#0072B2",
        ground="#fdf0ea" if bad else "#eef6fb",
        ink="#3d1100" if bad else "#10222e",
    )
    role = "alert" if bad else "status"
    return (
        f'<div role="{role}" style="{style}"><div style="font-weight:600">{escaped(text)}</div>{inner}</div>'
    )


def row(*children: ipywidgets.Widget) -> ipywidgets.HBox:
    """Fields beside each other, as many as there is room for.

    Args:
        children: the fields.
    """
    return ipywidgets.HBox(
        list(children), layout={"flex_flow": "row wrap", "align_items": "flex-end", "width": _WIDE}
    )


def labelled(label: str, field: ipywidgets.Widget, *, width: str = "220px") -> ipywidgets.VBox:
    """A field under its name, so that long names are never cut.

    Args:
        label: as people call it.
        field: its tooltip says the same, for those who do not see where it stands.
        width: of both.
    """
    if not field.tooltip:
        field.tooltip = label
    field.layout.width = "auto"
    name = ipywidgets.HTML(
        f'<span style="font-size:12px;color:var(--jp-ui-font-color2,#5f5f5f)">{escaped(label)}</span>',
        layout={"margin": "0 2px -6px 2px"},
    )
    return ipywidgets.VBox(
        [name, field], layout={"width": width, "margin": "0 8px 4px 0", "overflow": "hidden"}
    )


def button(
    label: str, on_click: Callable[[], Any], *, tooltip: str, primary: bool = False
) -> ipywidgets.Button:
    """A button.

    Args:
        label: what it does.
        on_click: does it; must not raise.
        tooltip: the same in a sentence.
        primary: whether it is the one that most people want.
    """
    made = ipywidgets.Button(
        description=label,
        tooltip=tooltip,
        button_style="primary" if primary else "",
        layout={"width": "auto", "margin": "0 8px 6px 2px"},
    )
    made.on_click(lambda _: on_click())
    return made
