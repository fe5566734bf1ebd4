#!/usr/bin/env python3
"""Serve metrics of Aztec stake to Prometheus: ``aztec-butler serve --prometheus`` under a name of its own.

python scripts/exporter.py --network mainnet --l1 https://node.example/KEY --provider-ids 4
python scripts/exporter.py --config /etc/aztec-butler/exporter.toml
python scripts/exporter.py --once --textfile /var/lib/node_exporter/aztec_butler.prom

``--help`` tells all options, ``scripts/README.md`` the metrics. Exits only on a signal, whatever nodes do.
"""

from __future__ import annotations

import sys

from aztec_butler.__main__ import run

if __name__ == "__main__":
    run(["serve", "--prometheus", *sys.argv[1:]])
