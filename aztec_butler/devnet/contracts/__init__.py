"""The contracts around the protocol that no npm package carries: our own, in Vyper, with the originals' interface.

Function selectors, event topics, error selectors and semantics are those of the Aztec StakingRegistry and of 0xSplits
v2.2; the code is not. They serve a local chain and hold no value. ``artifacts.json`` is compiled from the ``.vy``
files beside it by ``python -m aztec_butler.devnet.contracts.build``.

Deploy them in this order:

================  ======================================================  ============================================
contract          constructor                                             remark
================  ======================================================  ============================================
SplitsWarehouse   (string native_token_name, string native_token_symbol)  on mainnet "Ether" and "ETH"
PullSplitFactory  (address splits_warehouse)                              deploys its PullSplit itself
StakingRegistry   (address staking_asset, address pull_split_factory,
                  address rollup_registry)
================  ======================================================  ============================================

The PullSplit of a factory stands at its ``SPLIT_WALLET_IMPLEMENTATION()``; every split is a clone of it.

Differences from the originals: lists and bytes have upper bounds (300 keys a call, 100 recipients a split, the
constants in the sources), splits are plain ERC-1167 clones (so they stand at other addresses, and take ether only with
enough gas), and the EIP-712 version of a split is not checked against a deployed one.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import attrs

from aztec_butler.core.errors import InputError

ARTIFACTS = Path(__file__).with_name("artifacts.json")
NAMES = ("PullSplit", "PullSplitFactory", "SplitsWarehouse", "StakingRegistry")


@attrs.frozen(kw_only=True)
class Artifact:
    """A compiled contract."""

    name: str
    abi: tuple[dict[str, Any], ...]
    """Items of the official JSON ABI shape, the custom errors included."""
    bytecode: str
    """Creation code as 0x hex, without constructor arguments."""
    compiler: str
    """Version of Vyper, e.g. ``0.4.3``."""


def artifact(name: str) -> Artifact:
    """The checked-in compilation of one contract.

    Raises:
        InputError: there is no contract of this name here.
    """
    entry = _read().get(name)
    if entry is None:
        raise InputError("no such contract in this package", name=name, names=", ".join(NAMES))
    return Artifact(
        name=name, abi=tuple(entry["abi"]), bytecode=entry["bytecode"], compiler=entry["compiler"]
    )


@cache
def _read() -> dict[str, Any]:
    content: dict[str, Any] = json.loads(ARTIFACTS.read_text())
    return content
