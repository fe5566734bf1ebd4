"""Sources of settings, and how the strongest wins: the machinery below ``core.settings`` and the settings of modes.

Pure: a layer holds what one source says, as it says it. A table of settings tells which names there are and how their
values are read. Every problem is reported, not the first one only, and every value remembers where it came from.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from enum import StrEnum
from typing import Any, Final

import attrs

from aztec_butler.core.errors import ButlerError, SettingsError
from aztec_butler.core.setting_values import alternatives, read_text, redact_place, redact_url

ENVIRONMENT_PREFIX: Final = "AZTEC_BUTLER_"
CONFIG_VARIABLE: Final = "AZTEC_BUTLER_CONFIG"
"""Names the settings file; the only variable with the prefix that is no setting."""
SECTIONS: Final = ("exporter", "watcher")
"""Tables of a settings file that are about a mode of running and not about a network. Variables for them have its name
behind the prefix."""


# --------------------------------------------------------------------------- one setting


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


def names_of(table: Sequence[Setting]) -> tuple[str, ...]:
    """Every name that a source may give."""
    return tuple(name for setting in table for name in setting.names)


# --------------------------------------------------------------------------- what one source says


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
    section: str = ""
    """The table of the file the values stand in, with dots between nested ones; what a mode's variables begin with."""

    def label(self, name: str) -> str:
        """How messages name a value of this layer.

        >>> Layer(Origin.ENVIRONMENT, {}).label("first_block")
        'AZTEC_BUTLER_FIRST_BLOCK'
        >>> Layer(Origin.FILE, {}, "butler.toml", "exporter").label("listen")
        'exporter.listen in butler.toml'
        """
        if self.origin is Origin.FLAGS:
            return "--" + name.replace("_", "-")
        if self.origin is Origin.ENVIRONMENT:
            return _prefix(self.section) + name.upper()
        if self.origin is Origin.FILE:
            return f"{self.section}.{name} in {self.where}" if self.section else f"{name} in {self.where}"
        return f"{self.origin.value} {self.where}".rstrip()


def environment_layer(environment: Mapping[str, str], section: str = "") -> Layer:
    """The variables ``AZTEC_BUTLER_*``; empty ones count as absent.

    Args:
        environment: all variables.
        section: of a mode, for the variables of that mode; else those that belong to no mode.
    """
    prefix = _prefix(section)
    others = () if section else tuple(_prefix(each) for each in SECTIONS)
    return Layer(
        Origin.ENVIRONMENT,
        {
            name.removeprefix(prefix).lower(): value
            for name, value in environment.items()
            if name.startswith(prefix)
            and name != CONFIG_VARIABLE
            and not name.startswith(others)
            and value.strip()
        },
        section=section,
    )


def _prefix(section: str) -> str:
    return f"{ENVIRONMENT_PREFIX}{section.upper()}_" if section else ENVIRONMENT_PREFIX


def parse_document(text: str, path: str) -> dict[str, object]:
    """A settings file in TOML as it stands, tables of modes included.

    Raises:
        SettingsError: not TOML.
    """
    import tomllib

    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        # The parser's words hold a position and no content, which may be secret.
        raise SettingsError("the settings file is not TOML", file=path, reason=str(error)) from None


def document_layer(document: Mapping[str, object], path: str) -> Layer:
    """What a settings file says of a network, without the tables of modes."""
    return Layer(Origin.FILE, {name: value for name, value in document.items() if name not in SECTIONS}, path)


def file_layer(text: str, path: str) -> Layer:
    """A settings file in TOML, without the tables of modes.

    Raises:
        SettingsError: not TOML.
    """
    return document_layer(parse_document(text, path), path)


# --------------------------------------------------------------------------- the merge


@attrs.frozen
class Merged:
    """Values of a table of settings, where each came from, and what is wrong; by name, the problems by source."""

    values: dict[str, Any] = attrs.field(factory=dict, repr=False)
    sources: dict[str, str] = attrs.field(factory=dict)
    problems: dict[str, str] = attrs.field(factory=dict)


def merge_layers(
    table: Sequence[Setting],
    layers: Sequence[Layer],
    *,
    read_secret: Callable[[str], str],
    defaults: Mapping[str, object] | None = None,
) -> Merged:
    """The settings of a table; a setting's value is taken from the first layer that names it.

    Args:
        table: the settings there are.
        layers: the sources, the strongest first.
        read_secret: the content of a secret file, by path; raises SettingsError when it must not be used.
        defaults: values that only this machine knows, below all layers.
    """
    merged = Merged()
    for layer in layers:
        merged.problems.update(unknown_settings(layer, names_of(table)))
    bottom = Layer(Origin.DEFAULT, defaults or {})
    for setting in table:
        merged.values[setting.name], merged.sources[setting.name] = setting.default, Origin.DEFAULT.value
        found = next(_given(setting, [*layers, bottom], merged.problems), None)
        if found is None:
            continue
        layer, name = found
        merged.sources[setting.name] = layer.label(name)
        raw = layer.values[name]
        try:
            content = read_secret(read_text(raw)) if name == setting.file_name else raw
            merged.values[setting.name] = setting.parse(content)
        except ButlerError as error:
            visible = name == setting.file_name or not (
                setting.is_url or setting.is_place or setting.only_by_file
            )
            merged.problems[layer.label(name)] = _told(error, raw if visible else None)
    return merged


def unknown_settings(layer: Layer, known: Sequence[str]) -> Iterator[tuple[str, str]]:
    """What a layer gives that there is not, each with what was probably meant.

    Args:
        layer: the source.
        known: the names there are.
    """
    for name in layer.values:
        if name not in known:
            only_file = f"{name}_file"
            clause = (
                f"this secret is read from a file: set {only_file}"
                if only_file in known
                else f"no such setting; {alternatives(name, known)}"
            )
            yield layer.label(name), clause


def refuse_settings(problems: Mapping[str, str]) -> None:
    """Raise all problems at once.

    Args:
        problems: what is wrong, by the source of the value.

    Raises:
        SettingsError: there is at least one.
    """
    if problems:
        count = len(problems)
        raise SettingsError("a setting is wrong" if count == 1 else f"{count} settings are wrong", **problems)


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


def _told(error: ButlerError, raw: object) -> str:
    """The error on one line, with the value unless that may be secret; facts that only repeat it are left out."""
    facts = ", ".join(f"{name} {value}" for name, value in error.facts.items() if name != "value")
    shown = "" if raw is None else f": {_short(raw)}"
    told = f"{error.sentence}{shown}" + (f" ({facts})" if facts else "")
    return f"{told}; {error.hint}" if error.hint else told


def _short(raw: object) -> str:
    text = repr(raw)
    return text if len(text) <= 80 else f"{text[:60]}... ({len(text)} characters)"
