"""Settings: which network, through which nodes, within which limits.

Pure: several layers of raw values (flags, environment, file, preset, defaults) become one checked record, in which
the first layer that names a setting wins. ``store.settings_files`` reads the layers from the machine. Every problem is
reported, not the first one only, and every value remembers where it came from.

A secret can also be named as ``<setting>_file``, a file that holds it. The key of the Aztec node's admin port can be
given no other way, so that it stands neither in a process list nor in an environment.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from enum import StrEnum
from typing import Any, Final

import attrs

from aztec_butler.core.errors import ButlerError, SettingsError
from aztec_butler.core.hexes import parse_address
from aztec_butler.core.networks import PRESETS
from aztec_butler.core.setting_values import (
    alternatives,
    read_count,
    read_network,
    read_positive,
    read_text,
    read_url,
    read_urls,
    redact_place,
    redact_url,
)

ENVIRONMENT_PREFIX: Final = "AZTEC_BUTLER_"
CONFIG_VARIABLE: Final = "AZTEC_BUTLER_CONFIG"
"""Names the settings file; the only variable with the prefix that is no setting."""
DEFAULT_NETWORK: Final = "mainnet"
DEFAULT_TIMEOUT_SECONDS: Final = 30.0
NOWHERE: Final = "none"
"""Where events are kept that are not kept."""


# --------------------------------------------------------------------------- the table of settings


@attrs.frozen(kw_only=True)
class Setting:
    """One setting: its name, how raw values are read, and what it means."""

    name: str
    parse: Callable[[object], Any]
    meaning: str
    default: object = None
    is_url: bool = False
    """Whether it holds URLs, which are shown without path and query."""
    is_place: bool = False
    """Whether it may be an address with a name and a password in it, which are not shown."""
    only_by_file: bool = False
    """Whether only ``<name>_file`` may be given."""

    @property
    def file_name(self) -> str | None:
        """The name under which a file holding the value is given; None where there is none."""
        return f"{self.name}_file" if self.is_url or self.only_by_file else None

    @property
    def names(self) -> tuple[str, ...]:
        """Every name under which a source may give it."""
        own = () if self.only_by_file else (self.name,)
        return own if self.file_name is None else (*own, self.file_name)

    def render(self, value: Any) -> str:
        """The value as it may be shown."""
        if value is None:
            return "-"
        if self.only_by_file:
            return "(hidden)"
        if self.is_url:
            return ", ".join(redact_url(url) for url in ([value] if isinstance(value, str) else value))
        if self.is_place:
            return redact_place(value)
        return str(value)


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
_KNOWN: Final = tuple(name for setting in SETTINGS for name in setting.names)


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


class Origin(StrEnum):
    """The kinds of sources, strongest first."""

    FLAGS = "flags"
    ENVIRONMENT = "environment"
    FILE = "file"
    RUNNING = "running"
    """What runs on this machine."""
    PRESET = "preset"
    DEFAULT = "default"


@attrs.frozen
class Layer:
    """What one source says, as it says it: text from flags and environment, typed values from a file."""

    origin: Origin
    values: Mapping[str, object]
    where: str = ""
    """The file's path, or the name of the preset or of what runs."""

    def label(self, name: str) -> str:
        """How messages name a value of this layer.

        >>> Layer(Origin.ENVIRONMENT, {}).label("first_block")
        'AZTEC_BUTLER_FIRST_BLOCK'
        """
        if self.origin is Origin.FLAGS:
            return "--" + name.replace("_", "-")
        if self.origin is Origin.ENVIRONMENT:
            return ENVIRONMENT_PREFIX + name.upper()
        if self.origin is Origin.FILE:
            return f"{name} in {self.where}"
        return f"{self.origin.value} {self.where}".rstrip()


def environment_layer(environment: Mapping[str, str]) -> Layer:
    """The variables ``AZTEC_BUTLER_*``; empty ones count as absent."""
    return Layer(
        Origin.ENVIRONMENT,
        {
            name.removeprefix(ENVIRONMENT_PREFIX).lower(): value
            for name, value in environment.items()
            if name.startswith(ENVIRONMENT_PREFIX) and name != CONFIG_VARIABLE and value.strip()
        },
    )


def file_layer(text: str, path: str) -> Layer:
    """A settings file in TOML.

    Raises:
        SettingsError: not TOML.
    """
    import tomllib

    try:
        return Layer(Origin.FILE, tomllib.loads(text), path)
    except tomllib.TOMLDecodeError as error:
        # The parser's words hold a position and no content, which may be secret.
        raise SettingsError("the settings file is not TOML", file=path, reason=str(error)) from None


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
    problems: dict[str, str] = {}
    values: dict[str, Any] = {}
    sources: dict[str, str] = {}
    for layer in layers:
        problems.update(_unknown(layer))
    bottom = Layer(Origin.DEFAULT, defaults or {})
    for setting in SETTINGS:
        values[setting.name], sources[setting.name] = setting.default, Origin.DEFAULT.value
        found = next(_given(setting, [*layers, bottom], problems), None)
        if found is None:
            continue
        layer, name = found
        sources[setting.name] = layer.label(name)
        raw = layer.values[name]
        try:
            content = read_secret(read_text(raw)) if name == setting.file_name else raw
            values[setting.name] = setting.parse(content)
        except ButlerError as error:
            visible = name == setting.file_name or not (
                setting.is_url or setting.is_place or setting.only_by_file
            )
            problems[layer.label(name)] = _told(error, raw if visible else None)
    if values["event_store"] is None:
        values["event_store"], sources["event_store"] = values["cache_dir"], sources["cache_dir"]
    for name, sentence in _contradictions(values):
        problems.setdefault(sources[name], sentence)
    if problems:
        count = len(problems)
        raise SettingsError("a setting is wrong" if count == 1 else f"{count} settings are wrong", **problems)
    return Settings(**values, sources=sources)


def _unknown(layer: Layer) -> Iterator[tuple[str, str]]:
    for name in layer.values:
        if name not in _KNOWN:
            only_file = f"{name}_file"
            clause = (
                f"this secret is read from a file: set {only_file}"
                if only_file in _KNOWN
                else f"no such setting; {alternatives(name, _KNOWN)}"
            )
            yield layer.label(name), clause


def _given(
    setting: Setting, layers: Sequence[Layer], problems: dict[str, str]
) -> Iterator[tuple[Layer, str]]:
    """Every layer that gives the setting, and under which name."""
    for layer in layers:
        names = [name for name in setting.names if layer.values.get(name) is not None]
        if len(names) > 1:
            problems[layer.label(names[1])] = f"{names[0]} is given as well; one of the two is enough"
        if names:
            yield layer, names[0]


def _contradictions(values: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    if values["l2_admin_key"] is not None and values["l2_admin"] is None:
        yield "l2_admin_key", "a key for the admin port, but l2_admin is not set"


def _told(error: ButlerError, raw: object) -> str:
    """The error on one line, with the value unless that may be secret; facts that only repeat it are left out."""
    facts = ", ".join(f"{name} {value}" for name, value in error.facts.items() if name != "value")
    shown = "" if raw is None else f": {_short(raw)}"
    told = f"{error.sentence}{shown}" + (f" ({facts})" if facts else "")
    return f"{told}; {error.hint}" if error.hint else told


def _short(raw: object) -> str:
    text = repr(raw)
    return text if len(text) <= 80 else f"{text[:60]}... ({len(text)} characters)"
