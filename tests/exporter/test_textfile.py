from __future__ import annotations

import os
import stat

import pytest

from aztec_butler.core.errors import InputError
from aztec_butler.exporter.textfile import write_textfile


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


def test_textfile__may_be_read_by_everybody_and_leaves_nothing_beside_it(tmp_path):
    path = tmp_path / "aztec_butler.prom"
    before = os.umask(0o077)
    try:
        write_textfile(path, b"old 1\n")
        assert mode(path) == 0o644
        path.chmod(0o600)
        write_textfile(path, b"new 2\n")
    finally:
        os.umask(before)
    assert (path.read_bytes(), mode(path)) == (b"new 2\n", 0o644)
    assert list(tmp_path.iterdir()) == [path]


def test_textfile__in_no_folder__is_an_error(tmp_path):
    with pytest.raises(InputError, match="cannot be written"):
        write_textfile(tmp_path / "nowhere" / "x.prom", b"")
