"""Raw values of the exporter's settings, as text or as TOML gives them, to what they mean.

As in ``core.setting_values``: text lists what a TOML list has with commas between, and pairs with an equals sign.
"""

from __future__ import annotations

from typing import Final

from aztec_butler.core.errors import InputError
from aztec_butler.core.setting_values import alternatives, read_positive, read_text
from aztec_butler.serving.setting_values import each_once, pairs_of, read_address

COLLECTORS: Final = (
    "rollup",
    "entry_queue",
    "provider",
    "coinbases",
    "rewards",
    "slashing",
    "governance",
    "network",
    "committees",
    "publishers",
    "node",
    "node_progress",
    "validators",
    "offenses",
    "hosts",
)
"""Every collector there is, by name."""


def read_collectors(raw: object) -> tuple[str, ...]:
    """Names of collectors, each once."""
    return each_once(raw, _read_collector)


def read_textfile(raw: object) -> str:
    """The path of a file that node_exporter reads."""
    path = read_text(raw)
    if not path.endswith(".prom"):
        raise InputError("node_exporter reads only files that end in .prom")
    return path


def read_seconds(raw: object) -> dict[str, float]:
    """Seconds by collector.

    >>> read_seconds("rollup=60, node=15")
    {'rollup': 60.0, 'node': 15.0}
    """
    return dict(pairs_of(raw, _read_collector, read_positive))


def read_coinbases(raw: object) -> dict[str, str]:
    """Coinbases by attester, checksummed."""
    return dict(pairs_of(raw, read_address, read_address))


def _read_collector(raw: object) -> str:
    name = read_text(raw).lower().replace("-", "_")
    if name not in COLLECTORS:
        raise InputError("no such collector", hint=alternatives(name, COLLECTORS))
    return name
