"""Files are the old ones or the new ones."""

from __future__ import annotations

import os
import stat
from concurrent.futures import ThreadPoolExecutor

import pytest

from aztec_butler.core.errors import InputError
from aztec_butler.store.files import write_whole, write_whole_with


def test_write__new_file__has_the_content_and_nothing_beside_it(tmp_path):
    write_whole(tmp_path / "a.csv", b"content")
    assert (tmp_path / "a.csv").read_bytes() == b"content"
    assert [path.name for path in tmp_path.iterdir()] == ["a.csv"]


def test_write__new_file__obeys_the_umask(tmp_path):
    before = os.umask(0o027)
    try:
        write_whole(tmp_path / "a", b"")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o640


def test_write__existing_file__keeps_its_mode(tmp_path):
    path = tmp_path / "a"
    path.write_bytes(b"old")
    path.chmod(0o600)
    write_whole(path, b"new")
    assert path.read_bytes() == b"new"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_write__the_writer_fails_in_the_middle__the_old_file_stays(tmp_path):
    path = tmp_path / "a"
    path.write_bytes(b"old")

    def fail(file):
        file.write(b"half")
        raise RuntimeError

    with pytest.raises(RuntimeError):
        write_whole_with(path, fail)
    assert path.read_bytes() == b"old"
    assert [each.name for each in tmp_path.iterdir()] == ["a"]


def test_write__through_a_symbolic_link__the_link_stays(tmp_path):
    (tmp_path / "real").write_bytes(b"old")
    (tmp_path / "link").symlink_to("real")
    write_whole(tmp_path / "link", b"new")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real").read_bytes() == b"new"


@pytest.mark.parametrize("name", ["missing/a", "."], ids=["no folder", "a folder"])
def test_write__where_it_cannot__is_an_input_error(tmp_path, name):
    with pytest.raises(InputError):
        write_whole(tmp_path / name, b"")


def test_write__to_a_pipe__goes_through_it_and_leaves_it_there(tmp_path):
    path = tmp_path / "pipe"
    os.mkfifo(path)
    with ThreadPoolExecutor(1) as pool:
        read = pool.submit(path.read_bytes)
        write_whole(path, b"content")
        assert read.result(timeout=20) == b"content"
    assert stat.S_ISFIFO(path.stat().st_mode)
    assert [entry.name for entry in tmp_path.iterdir()] == ["pipe"]
