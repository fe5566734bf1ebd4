"""Metrics as a file for node_exporter's textfile collector."""

from __future__ import annotations

import os
from pathlib import Path
from typing import IO, Final

from aztec_butler.store.files import write_whole_with

MODE: Final = 0o644
"""Whoever runs node_exporter is another user, and the metrics are no secret."""


def write_textfile(path: Path, content: bytes) -> None:
    """Put metrics in the place of those of the last run; a reader sees the old ones or the new ones, whole.

    Args:
        path: of a file that ends in ``.prom``.
        content: the metrics as text.

    Raises:
        InputError: the folder does not exist or must not be written.
    """

    def write(file: IO[bytes]) -> None:
        file.write(content)
        os.fchmod(file.fileno(), MODE)

    write_whole_with(path, write)
    path.chmod(MODE)  # where an older file had another
