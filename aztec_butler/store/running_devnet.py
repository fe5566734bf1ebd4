"""Where the devnet that runs on this machine is written down, so that ``--network devnet`` finds it.

A devnet deploys its contracts anew each time, so no preset can know them. The file is a settings file like any other,
stronger than the preset and weaker than what the user wrote.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from aztec_butler.store.files import write_whole

_NAME = "running.toml"


def running_devnet_path(state_folder: Path) -> Path:
    """The file, which exists while a devnet runs.

    Args:
        state_folder: of the network ``devnet``.
    """
    return state_folder / _NAME


@contextmanager
def written_down(state_folder: Path, settings: Mapping[str, str | int]) -> Iterator[Path]:
    """Keep the file while the block runs. Of two devnets the later one is found, and takes its own file along.

    Args:
        state_folder: of the network ``devnet``; made when it does not exist.
        settings: by name, as a settings file has them.
    """
    state_folder.mkdir(parents=True, exist_ok=True)
    path = running_devnet_path(state_folder)
    lines = [
        f'{name} = "{value}"' if isinstance(value, str) else f"{name} = {value}"
        for name, value in settings.items()
    ]
    content = ("\n".join(lines) + "\n").encode()
    write_whole(path, content)
    try:
        yield path
    finally:
        with suppress(FileNotFoundError):
            if path.read_bytes() == content:
                path.unlink()
