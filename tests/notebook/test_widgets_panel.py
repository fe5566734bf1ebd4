"""What all forms have in common: errors stay in the form, nothing becomes markup, buttons come back."""

from __future__ import annotations

from pathlib import Path

import ipywidgets
import pandas as pd
import pytest

from aztec_butler.core.errors import InputError, NodeUnreachable
from aztec_butler.notebook.widgets.panel import Panel, button, labelled, line
from aztec_butler.notebook.widgets.shown import MOST_ROWS, code_html, plot_html, table_html

HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(2)>"
SECRET = "https://node.example/v3/0123456789abcdef"


def panel(action) -> tuple[Panel, ipywidgets.Button]:
    said = line()
    made: list[Panel] = []
    pressed = button("Go", lambda: made[0].attempt("Going ...", action), tooltip="Go")
    made.append(Panel("A <b>form</b>", [pressed, said], buttons=[pressed], lines=[said]))
    return made[0], pressed


def fails(error):
    def action():
        raise error

    return action


def test_button__that_succeeds__says_so():
    form, pressed = panel(lambda: f"done {HOSTILE}")
    pressed.click()
    assert "done &lt;script&gt;" in form.status.value
    assert form.error is None
    assert not pressed.disabled
    assert "A &lt;b&gt;form&lt;/b&gt;" in form.children[0].value


def test_button__while_something_runs__is_locked_and_says_what():
    seen = []
    form, pressed = panel(lambda: seen.append((pressed.disabled, form.status.value)))
    pressed.click()
    assert seen[0][0] is True
    assert "Going ..." in seen[0][1]
    assert form.status.value == ""


def test_error__of_the_package__stands_with_facts_and_hint():
    form, pressed = panel(
        fails(InputError("a name is wrong", hint=f"try {HOSTILE}", name=HOSTILE, data=b"\x01"))
    )
    pressed.click()
    shown = form.status.value
    assert 'role="alert"' in shown
    assert "A name is wrong" in shown
    assert "What to do: try &lt;script&gt;" in shown
    assert "data: 0x01" in shown
    assert "<script" not in shown
    assert "<img" not in shown
    assert not pressed.disabled


def test_error__of_a_node__shows_no_traceback():
    form, pressed = panel(fails(NodeUnreachable("the node did not answer", endpoint="node.example")))
    pressed.click()
    assert "Traceback" not in form.status.value
    assert "node.example" in form.status.value


def test_error__that_is_a_bug__is_kept_and_not_shown():
    form, pressed = panel(fails(RuntimeError(SECRET)))
    pressed.click()
    assert SECRET not in form.status.value
    assert "RuntimeError" in form.status.value
    assert isinstance(form.error, RuntimeError)
    assert not pressed.disabled


def test_interruption__leaves_a_form_that_works():
    form, pressed = panel(fails(KeyboardInterrupt()))
    pressed.click()
    assert "interrupted" in form.status.value
    assert not pressed.disabled


def test_error__is_forgotten__by_the_next_success():
    outcomes = [InputError("no"), None]

    def action() -> str:
        outcome = outcomes.pop(0)
        if outcome is not None:
            raise outcome
        return "yes"

    form, pressed = panel(action)
    pressed.click()
    pressed.click()
    assert form.error is None
    assert "yes" in form.status.value


def test_progress__of_counts_beyond_what_browsers_hold__goes_out_as_parts():
    form, _ = panel(lambda: "")
    form.progress(2**60, 2**61, "blocks of logs")
    assert form.bar.value == 500
    assert form.bar.description == "Reading blocks of logs"
    form.progress(0, 0, "nothing")
    assert form.bar.value == form.bar.max


def test_field__under_its_label__can_be_read_aloud():
    field = ipywidgets.Text()
    box = labelled("Take rate <x>", field)
    assert field.tooltip == "Take rate <x>"
    assert "Take rate &lt;x&gt;" in box.children[0].value


def test_table__of_exact_amounts_and_hostile_text__is_harmless():
    frame = pd.DataFrame(
        {
            "entity": [HOSTILE, "0x" + "ab" * 20],
            "stake_wei": pd.Series([2**200 + 1, None], dtype=object),
            "begins_at": pd.to_datetime([1_700_000_000, None], unit="s", utc=True),
            "stake_share": [0.25, None],
            "take_rate_bps": pd.array([2_550, None], dtype="Int64"),
            "wait_seconds": pd.array([3_600, None], dtype="Int64"),
            "provider_id": pd.array([12_345, None], dtype="Int64"),
            "attesters": pd.array([12_345, None], dtype="Int64"),
            "is_late": pd.array([True, None], dtype="boolean"),
        }
    )
    html = table_html(frame, list(frame.columns), nothing="")
    assert "<script" not in html
    assert "<img" not in html
    for shown in (
        f'title="{2**200 + 1} wei"',
        "2023-11-14 22:13",
        "25.00%",
        "25.50%",
        "1h",
        ">12345<",
        ">12,345<",
        ">yes<",
    ):
        assert shown in html
    assert html.count("—") == 8
    assert "2 rows" in html


def test_table__longer_than_a_browser_should_hold__says_how_much_is_left_out():
    frame = pd.DataFrame({"rank": range(MOST_ROWS + 5)})
    html = table_html(frame, ["rank"], nothing="")
    assert html.count("<tr ") == MOST_ROWS
    assert f"{MOST_ROWS + 5} rows, of which the first {MOST_ROWS} are shown" in html


def test_table__without_rows__says_so():
    assert "Nobody &lt;x&gt;" in table_html(pd.DataFrame({"rank": []}), ["rank"], nothing="Nobody <x>")


def test_picture__has_words_and_opens_no_window():
    import matplotlib.pyplot as plt

    before = plt.get_fignums()
    html = plot_html(lambda ax: ax.plot([1, 2]), height=2, words='a "line"')
    assert 'alt="a &quot;line&quot;"' in html
    assert "data:image/png;base64," in html
    assert plt.get_fignums() == before
    assert "&lt;x&gt;" in code_html("<x>")


def test_forms__hold_amounts_as_text_only():
    """Browsers round whole numbers beyond 2^53: no amount may pass through a numeric field."""
    room = Path(__file__).parents[2] / "aztec_butler" / "notebook" / "widgets"
    sources = "\n".join(path.read_text() for path in room.glob("*.py"))
    for numeric in ("IntText", "FloatText", "FloatSlider", "BoundedInt", "BoundedFloat"):
        assert numeric not in sources


@pytest.mark.parametrize(
    "name", ["Approvals", "CallComposer", "Explorer", "QueueWhatIf", "approvals", "explorer"]
)
def test_forms__are_public_and_documented(name):
    import aztec_butler as ab

    assert getattr(ab.widgets, name).__doc__
