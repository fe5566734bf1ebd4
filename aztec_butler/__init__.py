"""Read, understand and operate stake on the Aztec network.

::

    import aztec_butler as ab

    net = ab.connect("mainnet", l1="https://...")
    net.attesters()

Importing the package loads nothing heavy: every public name is fetched when it is first used.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from aztec_butler.core import abi as abi
    from aztec_butler.core import contracts as contracts
    from aztec_butler.core import errors as errors
    from aztec_butler.core import networks as networks
    from aztec_butler.core import units as units
    from aztec_butler.network import Network as Network
    from aztec_butler.network import connect as connect

__version__ = "0.1.0"

__all__ = ["Network", "__version__", "abi", "connect", "contracts", "errors", "networks", "units"]

_HOMES = {
    "Network": "aztec_butler.network",
    "abi": "aztec_butler.core",
    "connect": "aztec_butler.network",
    "contracts": "aztec_butler.core",
    "errors": "aztec_butler.core",
    "networks": "aztec_butler.core",
    "units": "aztec_butler.core",
}


def __getattr__(name: str) -> object:
    import importlib

    if name not in _HOMES:
        message = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(message)
    value: object = getattr(importlib.import_module(_HOMES[name]), name, None)
    if value is None:
        value = importlib.import_module(f"{_HOMES[name]}.{name}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
