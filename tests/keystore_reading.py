"""Examine keystores in tests, without deriving the same key a thousand times."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path

import pytest
from keystore_cases import KEY_FILES

from aztec_butler.core import secp256k1
from aztec_butler.core.keystores.checks import CheckedSet, check_set
from aztec_butler.core.keystores.resolving import KeyFile, Means, referenced_files
from aztec_butler.core.keystores.schema import read_keystore

FILES = Path(__file__).parent / "core" / "keystore_files"


@contextmanager
def remembered_keys() -> Iterator[None]:
    """Derive each key once, however often a test asks."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(secp256k1, "point_of", lru_cache(None)(secp256k1.point_of))
        patch.setattr(hashlib, "pbkdf2_hmac", lru_cache(None)(hashlib.pbkdf2_hmac))
        patch.setattr(hashlib, "scrypt", lru_cache(None)(hashlib.scrypt))
        yield


def key_files(path: str) -> tuple[KeyFile, ...] | str:
    """The recorded files behind a path of the cases."""
    place = FILES / path.removeprefix(KEY_FILES).lstrip("/")
    if not path.startswith(f"{KEY_FILES}/") or not place.exists():
        return "no such file"
    files = sorted(place.iterdir()) if place.is_dir() else [place]
    return tuple(KeyFile(name=file.name, text=file.read_text()) for file in files)


def examine(*texts: str, registers: bool = False, **means) -> CheckedSet:
    """The texts as the files of one folder: 0.json, 1.json, ..."""
    readings = [read_keystore(text, f"{index}.json") for index, text in enumerate(texts)]
    named = referenced_files(tuple(reading.keystore for reading in readings))
    files = {path: key_files(path) for path in named}
    return check_set(readings, Means(**{"key_files": files} | means), registers=registers)


NOBODY = 65534


@contextmanager
def as_nobody() -> Iterator[None]:
    """Another user's rights, for root, whom no permission stops; whoever runs the tests otherwise."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


@contextmanager
def common_folder() -> Iterator[Path]:
    """A folder that another user can reach; pytest's own ones are private."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        folder.chmod(0o700)
        shutil.rmtree(folder)
