"""Pictures of the tables that a network gives, ready for a notebook, a report or a journal.

::

    import aztec_butler as ab

    ab.plots.stake_by_provider(net.holders())
    ab.plots.queue_forecast(net.queue_what_if(max_queue_flush_size=8), ax=axes[0])

Each takes a table as it is and returns matplotlib's ``Axes``; with ``ax=`` it draws into those given. None shows or saves
anything by itself. Units stand on the axes, and below them which block of which network the picture is of. Whatever is told
apart by colour is told apart by lightness and by hatching, line or marker as well, so it is readable in grey and by those who
see colours otherwise. A table without rows gives a picture that says so.

Amounts are added up in wei; floats begin where a bar is drawn.
"""

from __future__ import annotations

from aztec_butler.notebook.plots.attesters import attester_lifecycle, attesters_by_lifecycle
from aztec_butler.notebook.plots.concentration import concentration_over_time, lorenz_curve
from aztec_butler.notebook.plots.duty import duty_map
from aztec_butler.notebook.plots.exits import exit_calendar
from aztec_butler.notebook.plots.performance import proposals
from aztec_butler.notebook.plots.queue import activation_calendar, queue_forecast
from aztec_butler.notebook.plots.rewards import rewards_per_day
from aztec_butler.notebook.plots.slashing import slashing_headroom, slashing_rounds
from aztec_butler.notebook.plots.stake import stake_by_provider

__all__ = [
    "activation_calendar",
    "attester_lifecycle",
    "attesters_by_lifecycle",
    "concentration_over_time",
    "duty_map",
    "exit_calendar",
    "lorenz_curve",
    "proposals",
    "queue_forecast",
    "rewards_per_day",
    "slashing_headroom",
    "slashing_rounds",
    "stake_by_provider",
]
