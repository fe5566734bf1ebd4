"""Settings: which network, through which nodes, within which limits.

Pure: several layers of raw values (flags, environment, file, preset, defaults) become one checked record, in which
the first layer that names a setting wins. ``store.settings_files`` reads the layers from the machine. Every problem is
reported, not the first one only, and every value remembers where it came from.

A secret can also be named as ``<setting>_file``, a file that holds it. The key of the Aztec node's admin port can be
given no other way, so that it stands neither in a process list nor in an environment.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from enum import StrEnum
from typing import Any, Final
from urllib.parse import urlsplit

import attrs

from aztec_butler.core.errors import ButlerError, InputError, SettingsError
from aztec_butler.core.hexes import parse_address
from aztec_butler.core.networks import PRESETS
from aztec_butler.core.spelling import did_you_mean

ENVIRONMENT_PREFIX: Final = "AZTEC_BUTLER_"
CONFIG_VARIABLE: Final = "AZTEC_BUTLER_CONFIG"
"""Names the settings file; the only variable with the prefix that is no setting."""
DEFAULT_NETWORK: Final = "mainnet"
DEFAULT_TIMEOUT_SECONDS: Final = 30.0


# --------------------------------------------------------------------------- values


def redact_url(url: str) -> str:
    """A URL as it may be shown: its path, query and user-info may hold keys.

    >>> redact_url("https://user:pw@node.example:8545/v3/0123456789abcdef?key=1")
    'https://node.example:8545/...'
    >>> redact_url("http://127.0.0.1:8545")
    'http://127.0.0.1:8545'
    """
    parts = urlsplit(url)
    host = parts.hostname or ""
    authority = f"[{host}]" if ":" in host else host
    if parts.port is not None:
        authority += f":{parts.port}"
    hidden = parts.username is not None or parts.path not in ("", "/") or parts.query or parts.fragment
    return f"{parts.scheme}://{authority}" + ("/..." if hidden else "")


def _text(raw: object) -> str:
    if not isinstance(raw, str) or not raw.strip():
        raise InputError("expected text")
    return raw.strip()


def _network(raw: object) -> str:
    name = _text(raw).lower()
    if name not in PRESETS:
        raise InputError("no such network", hint=_alternatives(name, PRESETS))
    return name


def _url(raw: object) -> str:
    text = _text(raw)
    sentence = "a URL begins with http:// or https:// and names a host"
    try:
        parts = urlsplit(text)
        well_formed = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:  # a port that is no number, or broken brackets
        raise InputError(sentence) from None
    if not well_formed or not text.isascii() or any(letter.isspace() for letter in text):
        raise InputError(sentence)
    return text


def _urls(raw: object) -> tuple[str, ...]:
    parts = raw if isinstance(raw, list | tuple) else _text(raw).replace(",", " ").split()
    urls = tuple(_url(part) for part in parts)
    if not urls:
        raise InputError("expected at least one URL")
    if len(set(urls)) != len(urls):
        raise InputError("the same URL is named twice")
    return urls


def _count(raw: object) -> int:
    sentence = "expected a whole number, zero or more"
    if isinstance(raw, bool) or not isinstance(raw, int | str):
        raise InputError(sentence)
    try:
        number = int(raw, 0) if isinstance(raw, str) else raw
    except ValueError:
        raise InputError(sentence) from None
    if number < 0:
        raise InputError(sentence)
    return number


def _positive(raw: object) -> float:
    sentence = "expected a number above zero"
    if isinstance(raw, bool) or not isinstance(raw, int | float | str):
        raise InputError(sentence)
    try:
        number = float(raw)
    except ValueError:
        raise InputError(sentence) from None
    if not math.isfinite(number) or number <= 0:
        raise InputError(sentence)
    return number


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
        return str(value)


SETTINGS: Final = (
    Setting(name="network", parse=_network, default=DEFAULT_NETWORK, meaning="mainnet, testnet or devnet"),
    Setting(name="l1", parse=_urls, is_url=True, meaning="Ethereum JSON-RPC, one URL or several"),
    Setting(name="l2", parse=_url, is_url=True, meaning="an Aztec node's JSON-RPC"),
    Setting(name="l2_admin", parse=_url, is_url=True, meaning="an Aztec node's admin JSON-RPC"),
    Setting(name="l2_admin_key", parse=_text, only_by_file=True, meaning="the admin port's API key"),
    Setting(name="registry", parse=parse_address, meaning="address of the Registry contract"),
    Setting(name="staking_registry", parse=parse_address, meaning="address of the StakingRegistry contract"),
    Setting(name="first_block", parse=_count, meaning="no staking event lies before this L1 block"),
    Setting(name="requests_per_second", parse=_positive, meaning="limit for L1 requests; none by default"),
    Setting(
        name="timeout_seconds",
        parse=_positive,
        default=DEFAULT_TIMEOUT_SECONDS,
        meaning="how long one answer may take",
    ),
    Setting(name="cache_dir", parse=_text, meaning="where what can be fetched again is kept"),
    Setting(name="state_dir", parse=_text, meaning="where journals and locks are kept"),
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
            content = read_secret(_text(raw)) if name == setting.file_name else raw
            values[setting.name] = setting.parse(content)
        except ButlerError as error:
            visible = name == setting.file_name or not (setting.is_url or setting.only_by_file)
            problems[layer.label(name)] = _told(error, raw if visible else None)
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
                else f"no such setting; {_alternatives(name, _KNOWN)}"
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


def _alternatives(name: str, known: Iterable[str]) -> str:
    return did_you_mean(name, known) or f"there is {', '.join(known)}"


def _told(error: ButlerError, raw: object) -> str:
    """The error on one line, with the value unless that may be secret; facts that only repeat it are left out."""
    facts = ", ".join(f"{name} {value}" for name, value in error.facts.items() if name != "value")
    shown = "" if raw is None else f": {_short(raw)}"
    told = f"{error.sentence}{shown}" + (f" ({facts})" if facts else "")
    return f"{told}; {error.hint}" if error.hint else told


def _short(raw: object) -> str:
    text = repr(raw)
    return text if len(text) <= 80 else f"{text[:60]}... ({len(text)} characters)"
