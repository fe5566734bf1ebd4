"""Pictures: as they were when somebody looked at them and was content, and fit to print.

After a wanted change draw them anew, and look at each::

    AZTEC_BUTLER_DRAW_BASELINES=1 python -m pytest -n0 tests/notebook/test_plots.py
"""

from __future__ import annotations

import itertools
import os
import re
from pathlib import Path

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import plot_tables as tables
import pytest
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.testing.compare import compare_images

import aztec_butler as ab
from aztec_butler import InputError
from aztec_butler.core.performance import ProviderPerformance
from aztec_butler.notebook.plots import looks

BASELINES = Path(__file__).with_name("plots_baseline")
TOLERANCE = 9.0
"""Root mean square of grey values: another release of matplotlib sets letters a little differently."""
CAPTION = "devnet, block 24,000,000, 2026-01-01 00:00 UTC, final"
MANY = 4_000
plots = ab.plots

NAMES = {1: "A provider whose name is much too long for a label", 2: "Acme"}
PICTURES = {
    "activation_calendar": lambda **k: plots.activation_calendar(
        tables.activation_forecast(), tables.address(13), **k
    ),
    "activation_calendar_many": lambda **k: plots.activation_calendar(
        tables.activation_forecast(MANY, expected=False), **k
    ),
    "attester_lifecycle": lambda **k: plots.attester_lifecycle(tables.history(), **k),
    "attester_lifecycle_many": lambda **k: plots.attester_lifecycle(tables.history(365, 27), **k),
    "attesters_by_lifecycle": lambda **k: plots.attesters_by_lifecycle(tables.attesters(), **k),
    "attesters_by_lifecycle_many": lambda **k: plots.attesters_by_lifecycle(
        tables.attesters(MANY, 60, 900), **k
    ),
    "concentration_over_time": lambda **k: plots.concentration_over_time(tables.concentration_history(), **k),
    "duty_map": lambda **k: plots.duty_map(*tables.duties(), **k),
    "duty_map_many": lambda **k: plots.duty_map(*tables.duties(5, 48, MANY, 32), **k),
    "duty_map_without_checkpoints": lambda **k: plots.duty_map(*tables.duties()[:2], **k),
    "exit_calendar": lambda **k: plots.exit_calendar(tables.exit_calendar(), **k),
    "exit_calendar_many": lambda **k: plots.exit_calendar(tables.exit_calendar(MANY), **k),
    "lorenz_curve": lambda **k: plots.lorenz_curve(tables.attesters(), **k),
    "lorenz_curve_many": lambda **k: plots.lorenz_curve(
        tables.attesters(MANY, 60, 900), ["provider", "withdrawer", "staker", "attester"], **k
    ),
    "proposals": lambda **k: plots.proposals(tables.performance(), **k),
    "proposals_many": lambda **k: plots.proposals(
        tables.performance(90, ProviderPerformance), names=NAMES, top=30, **k
    ),
    "queue_forecast": lambda **k: plots.queue_forecast(tables.queue_what_if(), **k),
    "queue_forecast_wait": lambda **k: plots.queue_forecast(
        tables.queue_what_if(), column="wait_seconds", **k
    ),
    "rewards_per_day": lambda **k: plots.rewards_per_day(tables.ledger(), **k),
    "rewards_per_day_many": lambda **k: plots.rewards_per_day(tables.ledger(200, 20), **k),
    "slashing_headroom": lambda **k: plots.slashing_headroom(tables.slashing_what_if(), **k),
    "slashing_headroom_many": lambda **k: plots.slashing_headroom(tables.slashing_what_if(MANY), **k),
    "slashing_rounds": lambda **k: plots.slashing_rounds(tables.slashing_rounds(), **k),
    "slashing_rounds_many": lambda **k: plots.slashing_rounds(tables.slashing_rounds(90), **k),
    "stake_by_provider": lambda **k: plots.stake_by_provider(tables.holders(), names=NAMES, **k),
    "stake_by_provider_many": lambda **k: plots.stake_by_provider(tables.holders(60, 900), **k),
}
every_picture = pytest.mark.parametrize("name", list(PICTURES))
every_kind = pytest.mark.parametrize("name", [name for name in PICTURES if not name.endswith("_many")])
"""A large table changes nothing but the numbers."""


@pytest.fixture(autouse=True)
def _as_matplotlib_comes(monkeypatch):
    """Nobody's own settings, nothing shown, and nothing left open."""
    monkeypatch.setattr(plt, "show", lambda *_, **__: pytest.fail("a picture shows itself"))
    with mpl.rc_context():
        mpl.rcdefaults()
        plt.switch_backend("agg")
        yield
    plt.close("all")


def test_public_pictures__all_have_one_here():
    assert {name for name in plots.__all__ if not any(each.startswith(name) for each in PICTURES)} == set()


@every_picture
def test_picture__drawn_again__looks_as_it_did(name, tmp_path):
    ax = PICTURES[name]()
    drawn, kept = tmp_path / f"{name}.png", BASELINES / f"{name}.png"
    ax.figure.savefig(drawn, dpi=50, metadata={"Software": None})
    if os.environ.get("AZTEC_BUTLER_DRAW_BASELINES"):
        kept.write_bytes(drawn.read_bytes())
    assert compare_images(str(kept), str(drawn), TOLERANCE) is None


def test_comparison__a_single_bar_other__is_noticed(tmp_path):
    ax = PICTURES["proposals"]()
    ax.patches[3].set_width(0)
    ax.figure.savefig(tmp_path / "drawn.png", dpi=50)
    assert compare_images(str(BASELINES / "proposals.png"), str(tmp_path / "drawn.png"), TOLERANCE)


# --------------------------------------------------------------------------- what all have in common


@every_picture
def test_picture__units_block_and_text__are_there_and_fit(name):
    ax = PICTURES[name]()
    assert isinstance(ax, Axes)
    assert ax.get_title(loc="left")
    assert ax.get_xlabel()
    assert caption(ax).startswith(CAPTION)
    figure = ax.figure
    figure.canvas.draw()
    page = figure.bbox.padded(1)
    for text in visible_texts(ax):
        box = text.get_window_extent()
        assert page.x0 <= box.x0 <= box.x1 <= page.x1, text
        assert page.y0 <= box.y0 <= box.y1 <= page.y1, text
    for axis in (ax.xaxis, ax.yaxis):
        labels = [each for each in axis.get_ticklabels() if each.get_text() and is_within(each, ax, axis)]
        for one, other in itertools.pairwise(labels):
            assert not one.get_window_extent().overlaps(other.get_window_extent()), (one, other)


@every_kind
def test_picture__axes_given__are_drawn_into_and_nothing_else_is_opened(name):
    _, axes = plt.subplots(2, 1, layout="constrained")
    before = plt.get_fignums()
    assert PICTURES[name](ax=axes[1]) is axes[1]
    assert plt.get_fignums() == before
    assert not axes[0].has_data()


@every_kind
def test_picture__in_grey__is_told_apart_by_lightness(name):
    legend = PICTURES[name]().get_legend()
    levels = [] if legend is None else [lightness(colour_of(handle)) for handle in legend.legend_handles]
    for one, other in itertools.combinations(levels, 2):
        assert abs(one - other) >= 10, levels


def test_looks__hatches_lines_and_markers__no_two_alike():
    known = [
        look
        for look in vars(looks).values()
        if isinstance(look, looks.Look) and look not in (looks.GREY, looks.BARE)
    ]
    assert len({str(look.line) for look in known}) == len({look.marker for look in known}) == len(known)
    hatched = [look.hatch for look in known if look.hatch]
    assert len(set(hatched)) == len(hatched)


# Machado, Oliveira and Fernandes (2009), for those who lack one kind of cone; on linear RGB.
BLINDNESS = {
    "protan": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "deutan": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "tritan": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ],
}


@every_kind
def test_picture__to_colour_blind_eyes__is_told_apart(name):
    legend = PICTURES[name]().get_legend()
    colours = [] if legend is None else [colour_of(handle) for handle in legend.legend_handles]
    for kind, matrix in BLINDNESS.items():
        seen = [np.clip(np.array(matrix) @ linear(colour), 0, 1) for colour in colours]
        for one, other in itertools.combinations(map(perceived, seen), 2):
            assert np.linalg.norm(one - other) >= 12, kind


# --------------------------------------------------------------------------- tables of another kind


EMPTY = {
    "activation_calendar": lambda: plots.activation_calendar(tables.activation_forecast(0)),
    "attester_lifecycle": lambda: plots.attester_lifecycle(tables.history(0)),
    "attesters_by_lifecycle": lambda: plots.attesters_by_lifecycle(tables.attesters(0)),
    "concentration_over_time": lambda: plots.concentration_over_time(tables.concentration_history(0)),
    "concentration_before_anybody": lambda: plots.concentration_over_time(tables.concentration_history(2)),
    "duty_map": lambda: plots.duty_map(*tables.duties(0)),
    "duty_map_without_committees": lambda: plots.duty_map(*tables.duties(0, since=tables.NOW)),
    "exit_calendar": lambda: plots.exit_calendar(tables.exit_calendar(0)),
    "lorenz_curve": lambda: plots.lorenz_curve(tables.attesters(0)),
    "proposals": lambda: plots.proposals(tables.performance(0)),
    "queue_forecast": lambda: plots.queue_forecast(tables.queue_what_if(0)),
    "rewards_per_day": lambda: plots.rewards_per_day(tables.ledger(0)),
    "slashing_headroom": lambda: plots.slashing_headroom(tables.slashing_what_if(0)),
    "slashing_rounds": lambda: plots.slashing_rounds(tables.slashing_rounds(0)),
    "stake_by_provider": lambda: plots.stake_by_provider(tables.holders(0, 0)),
}


@pytest.mark.parametrize("name", list(EMPTY))
def test_empty_table__says_so_and_of_which_block(name):
    ax = EMPTY[name]()
    (said,) = [text for text in ax.texts if text.get_gid() == "blank"]
    assert re.search("no |No|empty", said.get_text())
    assert caption(ax) == CAPTION
    assert not ax.patches
    assert not ax.lines


def test_empty_tables__every_picture_has_a_test():
    assert {name for name in plots.__all__ if name not in EMPTY} == set()


@pytest.mark.parametrize("name", plots.__all__)
def test_table_of_another_kind__is_refused_before_anything_is_drawn(name):
    wrong = pd.DataFrame({"height": [1.0]})
    given = [wrong, wrong] if name == "duty_map" else [wrong]
    with pytest.raises(InputError):
        getattr(plots, name)(*given)
    assert plt.get_fignums() == []


def test_table_without_facts__says_that_nobody_knows():
    frame = tables.attesters().copy()
    frame.attrs = {}
    assert caption(plots.attesters_by_lifecycle(frame)).startswith(
        "The table does not say of which block it is"
    )


# --------------------------------------------------------------------------- single pictures


def test_stake_by_provider__more_than_fit__the_rest_is_added_up_exactly():
    ax = plots.stake_by_provider(tables.holders(60, 900), top=10)
    names = [label.get_text() for label in ax.get_yticklabels()]
    assert names == [*(f"provider {n}" for n in range(1, 11)), "50 other providers", "directly, 900 owners"]
    rest = sum(tables.STAKE * (60 - number) // 2 + number for number in range(10, 60))
    assert ax.patches[10].get_width() == float(rest) / tables.TOKEN


def test_stake_by_provider__holders_of_another_level__are_refused():
    with pytest.raises(InputError, match="another level"):
        plots.stake_by_provider(ab.analysis.holders(tables.attesters(), by="staker"))


def test_rewards_per_day__bars__are_what_the_ledger_adds_up_to():
    ledger = tables.ledger(3, 2)
    ax = plots.rewards_per_day(ledger)
    tops = {}
    for bar in ax.patches:
        tops[bar.get_x()] = max(tops.get(bar.get_x(), 0.0), bar.get_y() + bar.get_height())
    days = ledger.groupby("begins_at")["accrued_wei"].sum()
    assert list(tops.values()) == pytest.approx([each / tables.TOKEN for each in days])
    assert "Accrued 4.2k AZTEC, claimed 0" in caption(ax)


def test_rewards_per_day__weeks__are_said():
    ledger = tables.ledger(2)
    ax = plots.rewards_per_day(ledger.assign(ends_at=ledger["begins_at"] + pd.Timedelta(days=7)))
    assert ax.get_ylabel() == "rewards per week (AZTEC)"


def test_activation_calendar__attester_that_does_not_wait__is_refused():
    with pytest.raises(InputError, match="does not wait"):
        plots.activation_calendar(tables.activation_forecast(), tables.address(999))


@pytest.mark.parametrize("number", [0, 4, 29])
def test_activation_calendar__an_attester__is_told_of(number):
    ax = plots.activation_calendar(tables.activation_forecast(), tables.address(number).lower())
    said = [text.get_text() for text in ax.texts if text.get_gid() != "caption"]
    assert len(said) == 1
    assert said[0].split("\n")[0].endswith(f"place {number + 1}")
    assert ("refunded: key-repeated" in said[0]) == (number in (4, 29))


def test_duty_map__checkpoints__decide_what_a_slot_was():
    committees, proposers, checkpoints = tables.duties()
    cells = grid_of(plots.duty_map(committees, proposers, checkpoints))
    # 24 slots, of which 20 are over; each fifth of these was missed.
    assert [int((cells == kind).sum()) for kind in (2, 3, 4)] == [4, 16, 4]
    plain = grid_of(plots.duty_map(committees, proposers))
    assert [int((plain == kind).sum()) for kind in (2, 3, 4)] == [24, 0, 0]
    assert (cells > 0).sum() == (plain > 0).sum() == len(committees) * 8


def test_duty_map__checkpoints_of_another_rollup__do_not_count():
    committees, proposers, checkpoints = tables.duties()
    cells = grid_of(plots.duty_map(committees, proposers, checkpoints.assign(address="0x" + "66" * 20)))
    assert (cells == 3).sum() == 0


def test_duty_map__attesters_named__only_these():
    ax = plots.duty_map(*tables.duties(), attesters=[tables.address(0).lower()])
    assert grid_of(ax).shape == (1, 24)


def test_duty_map__other_epochs__are_refused():
    committees, proposers, _ = tables.duties()
    with pytest.raises(InputError, match="without proposers"):
        plots.duty_map(committees, proposers[proposers.epoch > 100])


def test_concentration_over_time__several_levels__one_has_to_be_named():
    history = tables.concentration_history()
    both = pd.concat([history, history.assign(by="staker")], ignore_index=True)
    with pytest.raises(InputError, match="which level"):
        plots.concentration_over_time(both)
    assert "staker" in plots.concentration_over_time(both, by="staker").get_title(loc="left")


def test_queue_forecast__unknown_waits__end_the_line_and_are_said():
    ax = plots.queue_forecast(tables.queue_what_if(), column="wait_seconds")
    assert np.isnan(ax.lines[0].get_ydata()[:3]).all()
    assert "longer than was looked ahead" in caption(ax)
    assert "(days)" in ax.get_ylabel()


def test_lorenz_curve__gini__is_that_of_the_analysis():
    attesters = tables.attesters(100)
    ax = plots.lorenz_curve(attesters, "provider")
    figures = ab.analysis.concentration(attesters, by="provider").set_index("figure").value
    assert f"Gini {figures['gini']:.2f}" in ax.get_legend().get_texts()[0].get_text()


# --------------------------------------------------------------------------- looking at pictures


def caption(ax):
    (found,) = [text.get_text() for text in ax.texts if text.get_gid() == "caption"]
    return found.replace("\n", " ")


def visible_texts(ax):
    found = [*ax.texts, ax.xaxis.label, ax.yaxis.label, ax._left_title]
    found += [] if ax.get_legend() is None else ax.get_legend().get_texts()
    for axis in (ax.xaxis, ax.yaxis):
        found += [label for label in axis.get_ticklabels() if is_within(label, ax, axis)]
    return [text for text in found if text.get_text()]


def is_within(label, ax, axis):
    """Whether matplotlib draws this label: it makes some for ticks outside."""
    low, high = sorted(ax.get_xlim() if axis is ax.xaxis else ax.get_ylim())
    at = label.get_position()[0 if axis is ax.xaxis else 1]
    return low <= at <= high


def grid_of(ax):
    return ax.collections[0].get_array().reshape(ax.collections[0].get_coordinates().shape[0] - 1, -1)


def colour_of(handle):
    if hasattr(handle, "get_facecolor"):
        face = np.atleast_2d(handle.get_facecolor())
        if len(face) and face[0][3] > 0:
            return to_rgb(tuple(face[0]))
    if hasattr(handle, "get_markerfacecolor") and handle.get_linestyle() == "None":
        return to_rgb(handle.get_markerfacecolor())
    colour = handle.get_color()
    return to_rgb(colour if isinstance(colour, str) else tuple(np.atleast_2d(colour)[0]))


def linear(colour):
    """sRGB without its gamma."""
    return np.array([part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in colour])


def lightness(colour):
    """L* of CIE 1976: what is left of a colour on a grey page."""
    return float(perceived(linear(colour))[0])


def perceived(rgb):
    """CIELAB, in which distances are as large as they seem."""
    matrix = [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]
    ratios = np.array(matrix) @ rgb / np.array([0.9505, 1.0, 1.089])
    x, y, z = (each ** (1 / 3) if each > 0.008856 else 7.787 * each + 16 / 116 for each in ratios)
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


def test_perceived__known_colours__are_those_of_the_books():
    assert perceived(linear(to_rgb("white"))) == pytest.approx([100, 0, 0], abs=0.1)
    assert perceived(linear(to_rgb("red"))) == pytest.approx([53.24, 80.09, 67.20], abs=0.3)
