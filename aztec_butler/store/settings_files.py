"""Where settings come from on this machine: the environment, TOML files, secret files, the user's folders.

Nothing here writes, ``os.environ`` least of all. The rules are in ``core.settings``.
"""

from __future__ import annotations

import os
import stat
import warnings
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Literal

from aztec_butler.core.errors import SettingsError
from aztec_butler.core.setting_layers import (
    CONFIG_VARIABLE,
    ENVIRONMENT_PREFIX,
    Layer,
    Origin,
    document_layer,
    environment_layer,
    parse_document,
)
from aztec_butler.core.settings import NOWHERE, Settings, chosen_network, merge_settings, preset_layer

APPLICATION = "aztec-butler"
_LARGEST_SECRET = 1 << 16


class KeepingWarning(UserWarning):
    """What is read cannot be kept on this machine."""


def read_settings(
    flags: Mapping[str, object] | None = None,
    *,
    config: str | None = None,
    environment: Mapping[str, str] | None = None,
    found: Callable[[str], Layer | None] | None = None,
) -> Settings:
    """The settings that hold now: flags, then environment, then the settings file, then the network's preset.

    Args:
        flags: what was given by hand, by setting; None counts as not given.
        config: path of the settings file; by default ``AZTEC_BUTLER_CONFIG``, else ``<network>.toml`` in the user's
            configuration folder, which need not exist.
        environment: the variables; the process's own by default.
        found: what runs on this machine of a network, by its name; weaker than the file, stronger than the preset.

    Raises:
        SettingsError: with every problem there is.
    """
    variables = os.environ if environment is None else environment
    given = {name: value for name, value in (flags or {}).items() if value is not None}
    layers = [Layer(Origin.FLAGS, given), environment_layer(variables)]
    named = config or variables.get(CONFIG_VARIABLE)
    if named:
        layers.append(_read_layer(Path(named).expanduser()))
        network = chosen_network(layers)
    else:
        network = chosen_network(layers)
        layers += default_layers(network)
    return complete_settings(layers, network, found=found)


def default_layers(network: str) -> list[Layer]:
    """What the user's own settings file of a network says; nothing where there is none.

    Raises:
        SettingsError: it cannot be read, or talks of another network.
    """
    path = default_file(network)
    # A name from outside becomes a file name only if it could be a network's.
    if not network.isidentifier() or not path.exists():
        return []
    layer = _read_layer(path)
    _check_network(layer, network)
    return [layer]


def complete_settings(
    layers: Sequence[Layer], network: str, *, found: Callable[[str], Layer | None] | None = None
) -> Settings:
    """What sources say of a network, above what this machine and the program know of it.

    Args:
        layers: what the user says, the strongest first.
        network: the one that is meant.
        found: what runs on this machine of a network, by its name.

    Raises:
        SettingsError: with every problem there is.
    """
    whole = list(layers)
    if found is not None and not _names_registry(whole):
        whole += [layer for layer in [found(network)] if layer is not None]
    whole.append(preset_layer(network, whole))
    defaults = {"cache_dir": str(_folder("cache")), "state_dir": str(_folder("state") / network)}
    return merge_settings(whole, read_secret=read_secret, defaults=defaults)


def default_file(name: str) -> Path:
    """Where the user's settings file of a name lies, if there is one."""
    return _folder("config") / f"{name}.toml"


def event_store_root(named: str | Path | Literal[False] | None = None) -> str | Path | None:
    """Where events are kept; None where they are not.

    Args:
        named: a folder or an address; ``none`` or False for nowhere; None for what the variable
            ``AZTEC_BUTLER_EVENT_STORE`` names, else the user's cache directory. Where that cannot be written, nothing is
            kept, with a warning: nobody asked for it to be.
    """
    if named is None:
        named = os.environ.get(ENVIRONMENT_PREFIX + "EVENT_STORE") or _usual_place()
    return None if named is False or named == NOWHERE else named


def _usual_place() -> Path | Literal[False]:
    folder = _folder("cache")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        reason = None if os.access(folder, os.W_OK | os.X_OK) else "no permission"
    except OSError as error:
        reason = error.strerror
    if reason is None:
        return folder
    warnings.warn(
        f"events cannot be kept in {folder} ({reason}) and are read from a node every time;"
        f" {ENVIRONMENT_PREFIX}EVENT_STORE=FOLDER keeps them elsewhere, =none is content",
        KeepingWarning,
        stacklevel=3,
    )
    return False


def read_secret(path: str) -> str:
    """The content of a secret file, without white space around it.

    Raises:
        SettingsError: it cannot be read, others may read it, or it is empty. The message holds no content.
    """
    file = Path(path).expanduser()
    try:
        # Looked at and read through one descriptor, so that nobody swaps the file in between. Opening a pipe would wait
        # for somebody to write into it.
        with open(os.open(file, os.O_RDONLY | os.O_NONBLOCK), "rb") as opened:  # noqa: PTH123
            status = os.fstat(opened.fileno())
            if not stat.S_ISREG(status.st_mode):
                raise SettingsError("a secret file must be a regular file")
            if status.st_mode & _forbidden_bits(file):
                raise SettingsError(
                    f"group or others can use this secret file (mode {stat.S_IMODE(status.st_mode):04o});"
                    f" run: chmod 600 {path}"
                )
            content = opened.read(_LARGEST_SECRET + 1)
    except OSError as error:
        raise SettingsError(f"a secret file cannot be read: {error.strerror}") from None
    if len(content) > _LARGEST_SECRET:
        raise SettingsError("a secret file is too large to be one")
    try:
        secret = content.decode().strip()
    except UnicodeDecodeError:
        raise SettingsError("a secret file is not UTF-8 text") from None
    if not secret:
        raise SettingsError("a secret file is empty")
    return secret


def _forbidden_bits(file: Path) -> int:
    """Permissions that no secret file may have.

    Those that systemd hands to a service are the service's alone, in a folder that is, but an access control list shows
    in the place of the group's permissions.
    """
    credentials = os.environ.get("CREDENTIALS_DIRECTORY")
    is_handed = bool(credentials) and file.parent == Path(credentials or "")
    return 0o037 if is_handed else 0o077


def read_document(path: Path) -> dict[str, object]:
    """A settings file, tables of modes included.

    Raises:
        SettingsError: it cannot be read, or is not TOML.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise SettingsError("the settings file cannot be read", file=path, reason=error.strerror) from None
    except UnicodeDecodeError:
        raise SettingsError("the settings file is not UTF-8 text", file=path) from None
    return parse_document(text, str(path))


def _read_layer(path: Path) -> Layer:
    return document_layer(read_document(path), str(path))


def _names_registry(layers: Sequence[Layer]) -> bool:
    """Whether the user means a deployment of their own, to which nothing of another one belongs."""
    return any(layer.values.get("registry") for layer in layers)


def _check_network(layer: Layer, network: str) -> None:
    """The file of one network must not talk of another: its addresses would be used on the wrong chain."""
    told = layer.values.get("network", network)
    if told != network:
        raise SettingsError(
            "the settings file of one network names another",
            hint="rename the file, or drop the line",
            file=layer.where,
            network=told,
            expected=network,
        )


def _folder(kind: str) -> Path:
    import platformdirs

    paths = {
        "config": platformdirs.user_config_path,
        "cache": platformdirs.user_cache_path,
        "state": platformdirs.user_state_path,
    }
    return paths[kind](APPLICATION, appauthor=False)
