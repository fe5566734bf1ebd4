"""Read, understand and operate stake on the Aztec network.

::

    import aztec_butler as ab

    net = ab.connect("mainnet", l1="https://...")
    net.attesters()

Names are imported when they are first used: importing the package costs next to nothing.
"""

from __future__ import annotations

TYPE_CHECKING = False  # typing.TYPE_CHECKING to type checkers, without the time that importing typing takes
if TYPE_CHECKING:
    from aztec_butler.core import bls, calldata, columns, events
    from aztec_butler.core.errors import (
        ApprovalPending,
        ButlerError,
        CheckFailed,
        DecodeError,
        InputError,
        LockHeld,
        NodeBusy,
        NodeError,
        NodeRefused,
        NodeUnreachable,
        NotFoundError,
        RevertError,
        SettingsError,
    )
    from aztec_butler.network import Network, connect
    from aztec_butler.network.extraction import extract
    from aztec_butler.notebook import analysis, plots, widgets
    from aztec_butler.notebook.dask_frames import dask_events

__all__ = [
    "ApprovalPending",
    "ButlerError",
    "CheckFailed",
    "DecodeError",
    "InputError",
    "LockHeld",
    "Network",
    "NodeBusy",
    "NodeError",
    "NodeRefused",
    "NodeUnreachable",
    "NotFoundError",
    "RevertError",
    "SettingsError",
    "analysis",
    "bls",
    "calldata",
    "columns",
    "connect",
    "dask_events",
    "events",
    "extract",
    "plots",
    "widgets",
]

__version__ = "0.1.0"

_HOMES = {
    "Network": "network",
    "connect": "network",
    "dask_events": "notebook.dask_frames",
    "extract": "network.extraction",
}
_MODULES = {
    "analysis": "notebook.analysis",
    "bls": "core.bls",
    "calldata": "core.calldata",
    "columns": "core.columns",
    "events": "core.events",
    "plots": "notebook.plots",
    "widgets": "notebook.widgets",
}
"""Public names that are modules themselves."""


def __getattr__(name: str) -> object:
    if name not in __all__:
        message = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(message)
    from importlib import import_module

    value: object
    if name in _MODULES:
        value = import_module(f"{__name__}.{_MODULES[name]}")
    else:
        value = getattr(import_module(f"{__name__}.{_HOMES.get(name, 'core.errors')}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
