#!/usr/bin/env python3
"""Watch the chain and do what an operator would: ``aztec-butler serve --watcher`` under a name of its own.

python scripts/watcher.py --config /etc/aztec-butler/watcher.toml
python scripts/watcher.py --network mainnet --provider-ids 4 --keystores /etc/keystores --mode update-coinbase=approve
python scripts/watcher.py --config /etc/aztec-butler/watcher.toml --once

A dry run unless ``mode`` says otherwise. ``--help`` tells all options, ``scripts/deploy/watcher.toml`` all settings.
"""

from __future__ import annotations

import sys

from aztec_butler.__main__ import run

if __name__ == "__main__":
    run(["serve", "--watcher", *sys.argv[1:]])
