"""The file through which others on this machine find a running devnet.

Whoever runs a devnet writes it into the user's state directory and takes it away again at the end. Reading it needs
neither web3 nor a connection.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import attrs

from aztec_butler.core.errors import InputError, NotFoundError
from aztec_butler.store.files import write_whole

_FILE_NAME: Final = "devnet.json"
_HINT: Final = "aztec-butler devnet up"


@attrs.frozen(kw_only=True)
class DevnetSession:
    """A running devnet, as others see it.

    Args:
        url: of its JSON-RPC, on this machine only.
        chain_id: EIP-155 id.
        registry: address of the Registry.
        staking_registry: address of the StakingRegistry.
        first_block: no staking event lies before it.
        pid: of the process that runs it.
        block_seconds: chain time between blocks.
        parameters: of the deployment, as plain values.
        contracts: contract name and address by role, of everything there is one of.
        cache_folder: where its packages lie; None for the user's cache directory.
    """

    url: str
    chain_id: int
    registry: str
    staking_registry: str
    first_block: int
    pid: int
    block_seconds: int
    parameters: Mapping[str, Any] = attrs.field(repr=False)
    contracts: Mapping[str, tuple[str, str]] = attrs.field(repr=False)
    cache_folder: str | None = None

    @property
    def is_running(self) -> bool:
        """Whether its process is there."""
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return False
        except PermissionError:
            pass  # somebody else's process has the number, or it is ours under another user: the URL will tell
        return True


def default_state_folder() -> Path:
    """Where the file lies unless the caller names another place."""
    from platformdirs import user_state_path

    return user_state_path("aztec-butler")


def session_path(folder: Path | None = None) -> Path:
    """The file.

    Args:
        folder: the user's state directory by default.
    """
    return (folder or default_state_folder()) / _FILE_NAME


def write_session(session: DevnetSession, folder: Path | None = None) -> Path:
    """Let others find a devnet; of several, the last one that said so is found.

    Args:
        session: of the devnet.
        folder: the user's state directory by default.

    Returns:
        Where it was written.

    Raises:
        InputError: the folder must not be written.
    """
    path = session_path(folder)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(
            "the folder for the devnet's file cannot be made", path=path.parent, reason=error.strerror
        ) from None
    write_whole(path, json.dumps(attrs.asdict(session), indent=2).encode() + b"\n")
    return path


def read_session(folder: Path | None = None) -> DevnetSession:
    """Find the devnet that runs on this machine.

    Args:
        folder: the user's state directory by default.

    Raises:
        NotFoundError: none runs; a file that one left behind is told from the file of one that does.
    """
    path = session_path(folder)
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise NotFoundError("no devnet runs on this machine", hint=_HINT, path=path) from None
    session = _parse(content, path)
    if not session.is_running:
        raise NotFoundError(
            "no devnet runs on this machine; one ended without a word", hint=_HINT, path=path, pid=session.pid
        )
    return session


def remove_session(session: DevnetSession, folder: Path | None = None) -> None:
    """Take the file away again, unless it is another devnet's by now."""
    path = session_path(folder)
    try:
        found = _parse(path.read_bytes(), path)
    except (FileNotFoundError, NotFoundError):
        return
    if (found.pid, found.url) == (session.pid, session.url):
        path.unlink(missing_ok=True)


def _parse(content: bytes, path: Path) -> DevnetSession:
    import msgspec

    try:
        return msgspec.convert(json.loads(content), DevnetSession)
    except ValueError as error:  # both parsers' errors are kinds of it
        raise NotFoundError(
            "the devnet's file is of another version, or broken", hint=_HINT, path=path, reason=str(error)
        ) from None
