"""Settings files as the exporter reads them: its own tables in them, and what they say to all commands."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import attrs

from aztec_butler.core.setting_layers import Layer, Origin, document_layer
from aztec_butler.exporter.settings import SECTION
from aztec_butler.store.settings_files import default_file, read_document

NETWORKS: Final = "networks"
"""The table inside the exporter's that has a table for each network."""


@attrs.frozen(kw_only=True)
class SettingsFile:
    """A settings file as it stands.

    Args:
        path: of it.
        document: its content.
        network: whose file it is; None for the exporter's, which may be about several.
    """

    path: str
    document: Mapping[str, object]
    network: str | None = None

    @property
    def top(self) -> Layer:
        """What it says as all commands read it."""
        return document_layer(self.document, self.path)

    @property
    def table(self) -> Layer:
        """Its table of the exporter, without those of networks."""
        values = {name: value for name, value in self._section.items() if name != NETWORKS}
        return Layer(Origin.FILE, values, self.path, SECTION)

    @property
    def networks(self) -> dict[str, Layer]:
        """Its tables of networks, by the network's name."""
        return {
            name.lower(): Layer(Origin.FILE, _table(values), self.path, f"{SECTION}.{NETWORKS}.{name}")
            for name, values in _table(self._section.get(NETWORKS)).items()
        }

    def malformed(self) -> Iterator[str]:
        """What should be a table and is not."""
        section, inner = self.document.get(SECTION, {}), self._section.get(NETWORKS, {})
        places = {SECTION: section, f"{SECTION}.{NETWORKS}": inner}
        places |= {f"{SECTION}.{NETWORKS}.{name}": values for name, values in _table(inner).items()}
        for place, value in places.items():
            if not isinstance(value, Mapping):
                yield f"{place} in {self.path}"
        named = self.document.get("network", self.network)
        if self.network is not None and named != self.network:
            yield f"network in {self.path}"

    @property
    def _section(self) -> Mapping[str, Any]:
        return _table(self.document.get(SECTION))


def _table(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def main_file(named: str | None) -> SettingsFile | None:
    """The file that is about the exporter, and may be about several networks; None where there is none.

    Args:
        named: its path; None for the one in the user's configuration folder.

    Raises:
        SettingsError: it cannot be read.
    """
    path = Path(named).expanduser() if named else default_file(SECTION)
    if not named and not path.exists():
        return None
    return SettingsFile(path=str(path), document=read_document(path))


def files_of(names: Sequence[str]) -> list[SettingsFile]:
    """The user's own files of networks, as far as there are any.

    Raises:
        SettingsError: one cannot be read.
    """
    paths = {name: default_file(name) for name in names if name.isidentifier()}
    return [
        SettingsFile(path=str(path), document=read_document(path), network=name)
        for name, path in paths.items()
        if path.exists()
    ]
