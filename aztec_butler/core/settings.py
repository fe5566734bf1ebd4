"""Settings: which network, through which nodes, within which limits.

Pure: several layers of raw values (flags, environment, file, preset, defaults) become one checked record, in which
the first layer that names a setting wins. ``store.settings_files`` reads the layers from the machine. Every problem is
reported, not the first one only, and every value remembers where it came from.

A secret can also be named as ``<setting>_file``, a file that holds it. The key of the Aztec node's admin port can be
given no other way, so that it stands neither in a process list nor in an environment.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

import attrs

from aztec_butler.core.hexes import parse_address
from aztec_butler.core.networks import PRESETS
from aztec_butler.core.setting_layers import (
    Layer,
    Origin,
    Setting,
    merge_layers,
    refuse_settings,
)
from aztec_butler.core.setting_values import (
    read_count,
    read_network,
    read_positive,
    read_text,
    read_url,
    read_urls,
)

DEFAULT_NETWORK: Final = "mainnet"
DEFAULT_TIMEOUT_SECONDS: Final = 30.0
NOWHERE: Final = "none"
"""Where events are kept that are not kept."""


# --------------------------------------------------------------------------- the table of settings


SETTINGS: Final = (
    Setting(
        name="network", parse=read_network, default=DEFAULT_NETWORK, meaning="mainnet, testnet or devnet"
    ),
    Setting(name="l1", parse=read_urls, is_url=True, meaning="Ethereum JSON-RPC, one URL or several"),
    Setting(name="l2", parse=read_url, is_url=True, meaning="an Aztec node's JSON-RPC"),
    Setting(name="l2_admin", parse=read_url, is_url=True, meaning="an Aztec node's admin JSON-RPC"),
    Setting(name="l2_admin_key", parse=read_text, only_by_file=True, meaning="the admin port's API key"),
    Setting(name="registry", parse=parse_address, meaning="address of the Registry contract"),
    Setting(name="staking_registry", parse=parse_address, meaning="address of the StakingRegistry contract"),
    Setting(name="first_block", parse=read_count, meaning="no staking event lies before this L1 block"),
    Setting(
        name="requests_per_second", parse=read_positive, meaning="limit for L1 requests; none by default"
    ),
    Setting(
        name="timeout_seconds",
        parse=read_positive,
        default=DEFAULT_TIMEOUT_SECONDS,
        meaning="how long one answer may take",
    ),
    Setting(name="cache_dir", parse=read_text, meaning="where what can be fetched again is kept"),
    Setting(
        name="event_store",
        parse=read_text,
        is_place=True,
        meaning="where events that were read are kept: a folder, an fsspec address, or none; in cache_dir by default",
    ),
    Setting(name="state_dir", parse=read_text, meaning="where journals and locks are kept"),
)


@attrs.frozen(kw_only=True)
class Settings:
    """The merged settings. Addresses are checksummed; None: not set, and then the network's own value holds."""

    network: str
    l1: tuple[str, ...] | None = attrs.field(repr=False)
    l2: str | None = attrs.field(repr=False)
    l2_admin: str | None = attrs.field(repr=False)
    l2_admin_key: str | None = attrs.field(repr=False)
    registry: str | None
    staking_registry: str | None
    first_block: int | None
    requests_per_second: float | None
    timeout_seconds: float
    cache_dir: str | None
    event_store: str | None = attrs.field(repr=False)
    state_dir: str | None
    sources: Mapping[str, str] = attrs.field(repr=False)
    """Where each value came from, by setting."""

    def shown(self) -> tuple[ShownSetting, ...]:
        """Every setting with its source, secrets and paths of URLs left out."""
        return tuple(
            ShownSetting(
                setting=setting.name,
                value=setting.render(getattr(self, setting.name)),
                source=self.sources[setting.name],
            )
            for setting in SETTINGS
        )


@attrs.frozen(kw_only=True)
class ShownSetting:
    """One setting as ``config show`` prints it."""

    setting: str
    value: str
    source: str
    """The flag, variable, file, preset or default that decided it."""


# --------------------------------------------------------------------------- layers


def preset_layer(network: str, stronger: Sequence[Layer] = ()) -> Layer:
    """What is known of a network beforehand; nothing when there is no such network.

    Args:
        network: its name.
        stronger: the layers above. Where one of them names another Registry, what belongs to the network's own
            deployment is left out.
    """
    preset = PRESETS.get(network)
    if preset is None:
        return Layer(Origin.PRESET, {}, network)
    known: dict[str, object] = {"l1": preset.l1_endpoints or None, "l2": preset.l2_endpoint}
    named = next((layer.values["registry"] for layer in stronger if layer.values.get("registry")), None)
    if named is None or str(named).lower() == str(preset.registry).lower():
        known |= {name: getattr(preset, name) for name in ("registry", "staking_registry", "first_block")}
    return Layer(Origin.PRESET, {name: value for name, value in known.items() if value is not None}, network)


def chosen_network(layers: Sequence[Layer]) -> str:
    """The network the strongest layer names, unchecked: it decides which file and preset come next."""
    for layer in layers:
        value = layer.values.get("network")
        if isinstance(value, str) and value.strip():
            return value.strip().lower()
    return DEFAULT_NETWORK


# --------------------------------------------------------------------------- the merge


def merge_settings(
    layers: Sequence[Layer],
    *,
    read_secret: Callable[[str], str],
    defaults: Mapping[str, object] | None = None,
) -> Settings:
    """One record out of several layers, the strongest first.

    Args:
        layers: the sources; a setting's value is taken from the first that names it.
        read_secret: the content of a secret file, by path; raises SettingsError when it must not be used.
        defaults: values that only this machine knows, below all layers.

    Raises:
        SettingsError: unknown names, values that do not fit, or settings that contradict each other; all of them.
    """
    merged = merge_layers(SETTINGS, layers, read_secret=read_secret, defaults=defaults)
    values, sources = merged.values, merged.sources
    if values["event_store"] is None:
        values["event_store"], sources["event_store"] = values["cache_dir"], sources["cache_dir"]
    for name, sentence in _contradictions(values):
        merged.problems.setdefault(sources[name], sentence)
    refuse_settings(merged.problems)
    return Settings(**values, sources=sources)


def _contradictions(values: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    if values["l2_admin_key"] is not None and values["l2_admin"] is None:
        yield "l2_admin_key", "a key for the admin port, but l2_admin is not set"
