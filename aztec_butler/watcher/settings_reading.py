"""The watcher's settings out of flags, environment and files, merged and checked; every problem is told at once."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import attrs

from aztec_butler.core.errors import SettingsError
from aztec_butler.core.setting_layers import (
    CONFIG_VARIABLE,
    ENVIRONMENT_PREFIX,
    Layer,
    Origin,
    document_layer,
    environment_layer,
    merge_layers,
    names_of,
    refuse_settings,
    unknown_settings,
)
from aztec_butler.core.setting_values import alternatives
from aztec_butler.core.settings import SETTINGS, Settings, chosen_network
from aztec_butler.serving.key_shapes import find_keys
from aztec_butler.store.settings_files import complete_settings, default_file, read_document, read_secret
from aztec_butler.watcher.conditions import CONDITION_NAMES
from aztec_butler.watcher.handlers import HANDLERS
from aztec_butler.watcher.settings import SECTION, WATCHER_SETTINGS, WatcherSettings
from aztec_butler.watcher.settings_checks import contradictions

_CONNECTION: Final = names_of(SETTINGS)
_OWN: Final = names_of(WATCHER_SETTINGS)
_NEEDED: Final = {
    "l1": "no Ethereum node is set: --l1 URL, AZTEC_BUTLER_L1=URL, or l1 in the settings file",
    "registry": "the address of the Registry is not known: --registry ADDRESS; is the devnet running?",
}
_OF_COMMANDS: Final = f"this is about the network, and not only for the watcher: put it above [{SECTION}]"
_OF_THE_WATCHER: Final = f"this is the watcher's: put it below [{SECTION}]"

Found = Callable[[str], Layer | None]
_Document = tuple[str, Mapping[str, object]]


def read_watcher_settings(
    flags: Mapping[str, object],
    own_flags: Mapping[str, object],
    *,
    config: str | None = None,
    environment: Mapping[str, str] | None = None,
    found: Found | None = None,
) -> WatcherSettings:
    """The settings that hold now.

    Args:
        flags: those of every command: ``network``, ``l1`` and so on, by name.
        own_flags: those of the watcher, by name.
        config: path of the settings file; by default ``AZTEC_BUTLER_CONFIG``, else ``watcher.toml`` in the user's
            configuration folder, else what every command reads: ``<network>.toml`` there.
        environment: the variables; the process's own by default.
        found: what runs on this machine of a network, by its name.

    Raises:
        SettingsError: a private key stands somewhere, and then nothing else is told; else with every problem there is.
    """
    variables = os.environ if environment is None else environment
    given = {name: value for name, value in flags.items() if value is not None}
    own = {name: value for name, value in own_flags.items() if value is not None}
    general = [Layer(Origin.FLAGS, given), environment_layer(variables)]
    document = _main_document(config or variables.get(CONFIG_VARIABLE))
    refuse_keys(given | own, variables, document)
    if document is None:
        document = _document_of(chosen_network(general))
        refuse_keys({}, {}, document)
    problems: dict[str, str] = {}
    specific = [Layer(Origin.FLAGS, own), environment_layer(variables, SECTION)]
    if document is not None:
        path, content = document
        top = document_layer(content, path)
        general.append(top)
        specific.append(_table(content, path, problems))
        _misplaced(top, _OWN, _CONNECTION, _OF_THE_WATCHER, problems)
    for layer in specific:
        problems.update(unknown_settings(layer, _OWN))
        _misplaced(layer, _CONNECTION, _OWN, _OF_COMMANDS, problems)
    merged = merge_layers(
        WATCHER_SETTINGS, [_only(layer, _OWN) for layer in specific], read_secret=read_secret
    )
    problems.update(merged.problems)
    known_names = (*(line.record for line in HANDLERS), *CONDITION_NAMES)
    for name in merged.values["quiet"]:
        if name not in known_names:
            problems.setdefault(
                merged.sources["quiet"],
                f"no such event or condition: {name}; {alternatives(name, known_names)}",
            )
    connection = _connection(
        [_without(layer, set(_OWN) - set(_CONNECTION)) for layer in general], problems, found
    )
    for name, clause in contradictions(merged.values, connection):
        problems.setdefault(_label(name, merged.sources), clause)
    refuse_settings(problems)
    assert connection is not None  # else there was a problem
    return WatcherSettings(connection=connection, **merged.values)


def refuse_keys(
    flags: Mapping[str, object], variables: Mapping[str, str], document: _Document | None
) -> None:
    """Refuse private keys, wherever they stand. The key of a Safe's proposer comes from a file of its own.

    Args:
        flags: by name of the setting.
        variables: the environment; what does not begin like ours is not looked at.
        document: a settings file, whole, tables of others included.

    Raises:
        SettingsError: with every place, and no value.
    """
    known = {*_CONNECTION, *_OWN}
    problems: dict[str, str] = {}
    for name, value in flags.items():
        for _, why in find_keys(name, value, is_known=name in known):
            problems[f"--{name.replace('_', '-')}"] = why
    for name, text in variables.items():
        if name.startswith(ENVIRONMENT_PREFIX) and name != CONFIG_VARIABLE:
            setting = name.removeprefix(ENVIRONMENT_PREFIX).lower()
            is_known = setting in known or setting.removeprefix(f"{SECTION}_") in known
            for _, why in find_keys(setting, text, is_known=is_known):
                problems[name] = why
    path, content = document or ("", {})
    for name, value in content.items():
        for place, why in find_keys(name, value):
            problems[f"{place} in {path}"] = why
    if problems:
        raise SettingsError(
            "the watcher signs nothing on L1, and does not start where a private key is among its settings",
            hint="take it out, and think of who may have seen it;"
            " the key of a Safe's proposer comes from the file that safe_proposer_key_file names",
            **problems,
        )


# --------------------------------------------------------------------------- files


def _main_document(named: str | None) -> _Document | None:
    """The file that is about the watcher; None where there is none."""
    path = Path(named).expanduser() if named else default_file(SECTION)
    if not named and not path.exists():
        return None
    return str(path), read_document(path)


def _document_of(network: str) -> _Document | None:
    """The user's own file of a network; None where there is none."""
    path = default_file(network)
    if not network.isidentifier() or not path.exists():
        return None
    document = read_document(path)
    told = document.get("network", network)
    if told != network:
        raise SettingsError(
            "the settings file of one network names another",
            hint="rename the file, or drop the line",
            file=path,
            network=told,
            expected=network,
        )
    return str(path), document


def _table(document: Mapping[str, object], path: str, problems: dict[str, str]) -> Layer:
    table = document.get(SECTION, {})
    if not isinstance(table, Mapping):
        problems[f"{SECTION} in {path}"] = "expected a table"
        table = {}
    return Layer(Origin.FILE, table, path, SECTION)


# --------------------------------------------------------------------------- the merge


def _connection(layers: Sequence[Layer], problems: dict[str, str], found: Found | None) -> Settings | None:
    """The network's settings; None when something is wrong with them."""
    named = next((layer.values["network"] for layer in layers if layer.values.get("network")), "")
    if isinstance(named, str) and len(named.replace(",", " ").split()) > 1:
        problems["network"] = "one process watches one network; start another one for each"
        return None
    try:
        settings = complete_settings(layers, chosen_network(layers), found=found)
    except SettingsError as error:
        problems.update({place: str(clause) for place, clause in error.facts.items()})
        return None
    for needed, sentence in _NEEDED.items():
        if getattr(settings, needed) is None:
            problems[f"{needed} of {settings.network}"] = sentence
    return settings


def _misplaced(
    layer: Layer, names: Sequence[str], others: Sequence[str], clause: str, problems: dict[str, str]
) -> None:
    """What stands where it cannot be meant."""
    problems.update(
        {layer.label(name): clause for name in layer.values if name in names and name not in others}
    )


def _label(name: str, sources: Mapping[str, str]) -> str:
    """Where the value came from that contradicts another; its name where nobody gave it."""
    source = sources.get(name, Origin.DEFAULT.value)
    return name if source == Origin.DEFAULT.value else source


def _only(layer: Layer, names: Sequence[str]) -> Layer:
    values: dict[str, Any] = {name: value for name, value in layer.values.items() if name in names}
    return attrs.evolve(layer, values=values)


def _without(layer: Layer, names: set[str]) -> Layer:
    values: dict[str, Any] = {name: value for name, value in layer.values.items() if name not in names}
    return attrs.evolve(layer, values=values)
