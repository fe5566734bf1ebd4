"""The file of registrations from which keys are added."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import Final

from aztec_butler.core.bls.registration_file import parse_registrations
from aztec_butler.core.errors import InputError
from aztec_butler.watcher.facts import PreparedKeys

_LARGEST: Final = 1 << 24


def read_prepared_keys(name: str, *, known: Collection[str]) -> PreparedKeys:
    """Whose registrations wait in a file.

    Args:
        name: path of the file.
        known: attesters that the staking contracts have seen: their keys cannot be listed again.

    Raises:
        InputError: it cannot be read, or is no file of registrations, or one of them does not say whose it is.
    """
    path = Path(name).expanduser()
    try:
        with path.open("rb") as file:
            content = file.read(_LARGEST + 1)
    except OSError as error:
        raise InputError("the registration file cannot be read", file=path, reason=error.strerror) from None
    if len(content) > _LARGEST:
        raise InputError("the registration file is too large to be one", file=path)
    try:
        entries = parse_registrations(content)
    except InputError as error:
        error.facts["file"] = path
        raise
    nameless = [str(place) for place, entry in enumerate(entries) if entry.attester is None]
    if nameless:
        raise InputError("a registration does not say whose it is", file=path, places=", ".join(nameless))
    attesters = tuple(dict.fromkeys(entry.attester for entry in entries if entry.attester is not None))
    fresh = tuple(each for each in attesters if each not in known)
    return PreparedKeys(path=name, fresh=fresh, known=len(attesters) - len(fresh))
