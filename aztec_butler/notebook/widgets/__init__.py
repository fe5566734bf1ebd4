"""Forms in a notebook: look at a network, try a queue, compose calls, decide about a watcher's actions.

::

    import aztec_butler as ab

    ab.widgets.explorer(net)             # block, provider, attester: tables and pictures that follow
    ab.widgets.queue_what_if(net)        # the entry queue under other numbers, by sliders
    ab.widgets.call_composer(net)        # calls with fields, simulation, and a file for a Safe
    ab.widgets.approvals("state/journal.sqlite3")   # what a watcher waits for

Nodes are asked when a button is pressed and at no other time. While they answer, a bar says how far they are; what goes wrong
stands in the form. Amounts are text until Python reads them, so none is ever rounded.
"""

from __future__ import annotations

from aztec_butler.notebook.widgets.approvals_form import Approvals, approvals
from aztec_butler.notebook.widgets.call_composer_form import CallComposer, call_composer
from aztec_butler.notebook.widgets.explorer_form import Explorer, explorer
from aztec_butler.notebook.widgets.queue_form import QueueWhatIf, queue_what_if

__all__ = [
    "Approvals",
    "CallComposer",
    "Explorer",
    "QueueWhatIf",
    "approvals",
    "call_composer",
    "explorer",
    "queue_what_if",
]
