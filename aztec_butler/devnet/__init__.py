"""A local chain with the real Aztec L1 contracts on it."""

from aztec_butler.devnet.anvil import AnvilOptions
from aztec_butler.devnet.devnet import Devnet
from aztec_butler.devnet.parameters import MAINNET, PRESETS, SMALL, DevnetParameters, RollupParameters

__all__ = ["MAINNET", "PRESETS", "SMALL", "AnvilOptions", "Devnet", "DevnetParameters", "RollupParameters"]
