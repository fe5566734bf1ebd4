#!/usr/bin/env python3
"""Draw the README's plot: a season of staking on a devnet, over time.

::

    python scripts/readme_plot.py README_PLOT.png

A running devnet is drawn if there is one (``aztec-butler devnet up --season``); else one is started and played, which takes
less than a minute and always comes to the same picture.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import matplotlib as mpl

import aztec_butler as ab
from aztec_butler.core.errors import NotFoundError


def main(arguments: list[str]) -> int:
    """Draw into the file that is named."""
    if len(arguments) != 1 or not arguments[0].endswith((".png", ".svg", ".pdf")):
        print("usage: readme_plot.py FILE.png", file=sys.stderr)  # noqa: T201
        return 2
    mpl.use("Agg")
    with _devnet() as net:
        ax = ab.plots.attester_lifecycle(net.history("all", "1m"))
        ax.figure.savefig(Path(arguments[0]), dpi=110)
    return 0


@contextmanager
def _devnet() -> Iterator[ab.Network]:
    from aztec_butler.devnet import Devnet
    from aztec_butler.devnet.season import play_season
    from aztec_butler.devnet.session import read_session

    with ExitStack() as stack:
        try:
            read_session()
            found = {}
        except NotFoundError:
            devnet = stack.enter_context(Devnet.start())
            play_season(devnet)
            known = devnet.addresses
            found = {"l1": devnet.url} | {name: known[name] for name in ("registry", "staking_registry")}
        net = stack.enter_context(ab.connect("devnet", event_store=False, progress=False, **found))
        yield net.at("latest")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
