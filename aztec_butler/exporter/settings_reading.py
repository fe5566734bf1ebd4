"""The exporter's settings out of flags, environment and files, merged and checked; every problem is told at once.

Which networks: ``--network`` and the variable name one or several, else the tables ``[exporter.networks.NAME]`` do,
else the file's ``network``. With one network its settings may stand anywhere. With several, what belongs to one of them
stands in its table, or in the user's own ``<network>.toml``.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import attrs

from aztec_butler.core.errors import SettingsError
from aztec_butler.core.networks import PRESETS
from aztec_butler.core.setting_layers import (
    CONFIG_VARIABLE,
    ENVIRONMENT_PREFIX,
    Layer,
    Origin,
    Setting,
    environment_layer,
    merge_layers,
    names_of,
    refuse_settings,
    unknown_settings,
)
from aztec_butler.core.setting_values import alternatives
from aztec_butler.core.settings import DEFAULT_NETWORK, SETTINGS, Settings
from aztec_butler.exporter.settings import (
    OWN_SETTINGS,
    PROCESS_SETTINGS,
    SECTION,
    ExporterSettings,
    NetworkSettings,
)
from aztec_butler.exporter.settings_sources import NETWORKS, SettingsFile, files_of, main_file
from aztec_butler.serving.key_shapes import find_keys
from aztec_butler.store.settings_files import complete_settings, read_secret

_SHARED: Final = {"requests_per_second", "timeout_seconds", "cache_dir", "event_store", "state_dir"}
"""Settings of a network that may stand for several."""
_CONNECTION: Final = tuple(name for name in names_of(SETTINGS) if name != "network")
_OWN: Final = names_of(OWN_SETTINGS)
_PROCESS: Final = names_of(PROCESS_SETTINGS)
_NEEDED: Final = {
    "l1": "no Ethereum node is set: --l1 URL, AZTEC_BUTLER_L1=URL, or l1 in the settings file",
    "registry": "the address of the Registry is not known: --registry ADDRESS; is the devnet running?",
}
_OF_WHICH: Final = f"of which network? put it into a table [{SECTION}.{NETWORKS}.NAME]"
_OF_COMMANDS: Final = f"this is about the network, and not only for the exporter: put it above [{SECTION}]"
_OF_ALL: Final = f"this is about the whole process: put it into [{SECTION}] of a file named by --config"

Found = Callable[[str], Layer | None]


def read_exporter_settings(
    flags: Mapping[str, object],
    own_flags: Mapping[str, object],
    *,
    config: str | None = None,
    environment: Mapping[str, str] | None = None,
    found: Found | None = None,
) -> ExporterSettings:
    """The settings that hold now.

    Args:
        flags: those of every command: ``network``, ``l1`` and so on, by name; ``network`` may name several.
        own_flags: those of the exporter, by name.
        config: path of the settings file; by default ``AZTEC_BUTLER_CONFIG``, else ``exporter.toml`` in the user's
            configuration folder, else what every command reads: ``<network>.toml`` there.
        environment: the variables; the process's own by default.
        found: what runs on this machine of a network, by its name.

    Raises:
        SettingsError: a private key stands somewhere, and then nothing else is told; else with every problem there is.
    """
    variables = os.environ if environment is None else environment
    given = {name: value for name, value in flags.items() if value is not None}
    own = {name: value for name, value in own_flags.items() if value is not None}
    main = main_file(config or variables.get(CONFIG_VARIABLE))
    refuse_keys(given | own, variables, [main] if main else [])
    problems: dict[str, str] = {}
    names = _network_names(given, variables, main, problems)
    files = [main] if main else files_of(names)
    refuse_keys({}, {}, files)
    for file in files:
        problems |= dict.fromkeys(file.malformed(), "expected a table, or the network's name")
        for name, table in file.networks.items():
            if name not in PRESETS:
                problems[f"{table.section} in {file.path}"] = (
                    f"no such network; {alternatives(name, PRESETS)}"
                )
    shared = [Layer(Origin.FLAGS, own), environment_layer(variables, SECTION)]
    general = [Layer(Origin.FLAGS, given), environment_layer(variables)]
    return _Said(general=general, shared=shared, files=files, problems=problems).settings(names, found)


# --------------------------------------------------------------------------- keys


def refuse_keys(
    flags: Mapping[str, object], variables: Mapping[str, str], files: Sequence[SettingsFile]
) -> None:
    """Refuse private keys, wherever they stand.

    Args:
        flags: by name of the setting.
        variables: the environment; what does not begin like ours is not looked at.
        files: whole, tables of others included.

    Raises:
        SettingsError: with every place, and no value.
    """
    known = {*_CONNECTION, *_OWN, *_PROCESS}
    problems: dict[str, str] = {}
    for name, value in flags.items():
        for _, why in find_keys(name, value, is_known=True):
            problems[f"--{name.replace('_', '-')}"] = why
    for name, text in variables.items():
        if name.startswith(ENVIRONMENT_PREFIX) and name != CONFIG_VARIABLE:
            setting = name.removeprefix(ENVIRONMENT_PREFIX).lower()
            is_known = setting in known or setting.removeprefix(f"{SECTION}_") in known
            for _, why in find_keys(setting, text, is_known=is_known):
                problems[name] = why
    for file in files:
        for name, value in file.document.items():
            for place, why in find_keys(name, value):
                problems[f"{place} in {file.path}"] = why
    if problems:
        raise SettingsError(
            "the exporter only reads, and does not start where a private key is among its settings",
            hint="take it out, and think of who may have seen it",
            **problems,
        )


# --------------------------------------------------------------------------- networks


def _network_names(
    flags: Mapping[str, object],
    variables: Mapping[str, str],
    main: SettingsFile | None,
    problems: dict[str, str],
) -> tuple[str, ...]:
    """The networks that the strongest source names."""
    sources: dict[str, object] = {
        "--network": flags.get("network"),
        f"{ENVIRONMENT_PREFIX}NETWORK": variables.get(f"{ENVIRONMENT_PREFIX}NETWORK"),
    }
    if main is not None:
        sources[f"{SECTION}.{NETWORKS} in {main.path}"] = list(main.networks)
        sources[f"network in {main.path}"] = main.document.get("network")
    for label, raw in sources.items():
        if not raw:
            continue
        parts = raw.replace(",", " ").split() if isinstance(raw, str) else raw
        if not isinstance(parts, list) or not all(isinstance(each, str) for each in parts):
            problems[label] = "expected the name of a network"
            return ()
        names = tuple(dict.fromkeys(each.strip().lower() for each in parts))
        for name in names:
            if name not in PRESETS:
                problems[label] = f"no such network: {name}; {alternatives(name, PRESETS)}"
        return tuple(name for name in names if name in PRESETS)
    return (DEFAULT_NETWORK,)


# --------------------------------------------------------------------------- the merge


@attrs.define(kw_only=True)
class _Said:
    """What all sources say, and the problems found so far."""

    general: Sequence[Layer]
    """Flags and environment, about networks."""
    shared: Sequence[Layer]
    """Flags and environment, about the exporter."""
    files: Sequence[SettingsFile]
    problems: dict[str, str]

    def settings(self, names: Sequence[str], found: Found | None) -> ExporterSettings:
        is_single = len(names) == 1
        shared = [
            *self.shared,
            *(file.table for file in self.files if is_single or file.network is None),
        ]
        for layer in shared:
            self.problems.update(unknown_settings(layer, (*_PROCESS, *_OWN)))
        self._refuse(_OF_COMMANDS, shared, _CONNECTION)
        process = self._merge(PROCESS_SETTINGS, shared)
        if process["certificate_key"] is not None and process["certificate"] is None:
            self.problems["certificate_key"] = "a key, but certificate is not set"
        if not is_single:
            common = [file.top for file in self.files if file.network is None]
            of_one = [name for name in _CONNECTION if name not in _SHARED]
            self._refuse(_OF_WHICH, shared, _OWN)
            self._refuse(_OF_WHICH, [*self.general, *common], of_one)
        networks = [self._network(name, shared if is_single else (), found) for name in names]
        refuse_settings(self.problems)
        return ExporterSettings(networks=tuple(each for each in networks if each is not None), **process)

    def _network(self, name: str, shared: Sequence[Layer], found: Found | None) -> NetworkSettings | None:
        """One network; None when something is wrong with its own settings."""
        tables = [file.networks[name] for file in self.files if name in file.networks]
        # Flags and environment are stronger than any table.
        flags, weaker = list(shared[:2]), list(shared[2:])
        if not shared:
            weaker = [file.table for file in self.files if file.network == name]
        for table in tables:
            self.problems.update(unknown_settings(table, (*_CONNECTION, *_OWN, *_PROCESS)))
            self._refuse(_OF_ALL, [table], _PROCESS)
        if not shared:
            for table in weaker:
                self.problems.update(unknown_settings(table, (*_PROCESS, *_OWN)))
            self._refuse(_OF_ALL, weaker, _PROCESS)
        own = self._merge(OWN_SETTINGS, [*flags, *tables, *weaker])
        tops = [file.top for file in self.files if file.network in (None, name)]
        connection = self._connection(
            name, [*self.general, *(_only(table, _CONNECTION) for table in tables), *tops], found
        )
        return None if connection is None else NetworkSettings(connection=connection, **own)

    def _connection(self, name: str, layers: Sequence[Layer], found: Found | None) -> Settings | None:
        chosen = Layer(Origin.FLAGS, {"network": name})
        try:
            settings = complete_settings([chosen, *map(_without_network, layers)], name, found=found)
        except SettingsError as error:
            self.problems.update({place: str(clause) for place, clause in error.facts.items()})
            return None
        for needed, sentence in _NEEDED.items():
            if getattr(settings, needed) is None:
                self.problems[f"{needed} of {name}"] = sentence
        return settings

    def _merge(self, table: Sequence[Setting], layers: Sequence[Layer]) -> dict[str, Any]:
        names = names_of(table)
        merged = merge_layers(table, [_only(layer, names) for layer in layers], read_secret=read_secret)
        self.problems.update(merged.problems)
        return merged.values

    def _refuse(self, clause: str, layers: Sequence[Layer], names: Sequence[str]) -> None:
        """What stands where it cannot be meant."""
        self.problems.update(
            {layer.label(name): clause for layer in layers for name in layer.values if name in names}
        )


def _only(layer: Layer, names: Sequence[str]) -> Layer:
    values = {name: value for name, value in layer.values.items() if name in names}
    return attrs.evolve(layer, values=values)


def _without_network(layer: Layer) -> Layer:
    values = {name: value for name, value in layer.values.items() if name != "network"}
    return attrs.evolve(layer, values=values)
