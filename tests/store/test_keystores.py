"""Keystores on the disk: every way in which a file can be no keystore, and who may read it."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import keystore_cases as cases
import pytest
from keystore_cases import ADDRESSES, ETH, KEY_FILES, PASSWORD
from keystore_reading import FILES, as_nobody, common_folder

from aztec_butler.core.keystores.faults import Fault, failures
from aztec_butler.core.keystores.public import attesters_of
from aztec_butler.core.keystores.records import Secret
from aztec_butler.store.keystores import (
    check_keystores,
    keystore_paths,
    read_keystores,
    read_publishers_file,
    read_source,
)


def put(path: Path, content: str | bytes | dict, mode: int = 0o600) -> Path:
    if isinstance(content, dict):
        content = json.dumps(content, indent=2)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    path.chmod(mode)
    return path


def faults(*paths: Path) -> set[Fault]:
    return {finding.fault for finding in check_keystores(paths)[0].findings}


def failing(*paths: Path) -> set[Fault]:
    return {finding.fault for finding in failures(check_keystores(paths)[0].findings)}


def test_file__private_and_valid__has_no_fault(tmp_path):
    assert faults(put(tmp_path / "key1.json", cases.keys())) == set()


def test_file__text__is_the_one_on_the_disk(tmp_path):
    path = put(tmp_path / "key1.json", json.dumps(cases.keys()) + "\n\n")
    source = read_source(path)
    assert (source.text, source.mode) == (path.read_text(), 0o600)


# What stands in the place of a valid file, and the fault that it is; the rest of the list is in
# core/test_keystore_faults.py.
FILES_WITH_FAULTS = {
    "empty": (b"", Fault.EMPTY),
    "byte order mark": (b"\xef\xbb\xbf{}", Fault.BYTE_ORDER_MARK),
    "another encoding": ("{}".encode("utf-16"), Fault.NOT_UTF8),
    "not JSON": (b"{", Fault.NOT_JSON),
    "a key twice": (b'{"schemaVersion": 1, "schemaVersion": 1, "validators": []}', Fault.DUPLICATE_KEY),
}


@pytest.mark.parametrize("name", FILES_WITH_FAULTS)
def test_file__of_each_fault__is_told_by_its_name(tmp_path, name):
    content, fault = FILES_WITH_FAULTS[name]
    assert fault in failing(put(tmp_path / "key1.json", content))


def test_file__that_is_not_there__is_told(tmp_path):
    assert failing(tmp_path / "key1.json") == {Fault.MISSING_FILE}


def test_file__that_nobody_may_read__is_told():
    with common_folder() as folder:
        path = put(folder / "key1.json", cases.keys(), 0o000)
        with as_nobody():
            assert failing(path) == {Fault.UNREADABLE}


def test_folder__that_nobody_may_list__is_told():
    with common_folder() as folder:
        put(folder / "key1.json", cases.keys())
        folder.chmod(0o000)
        with as_nobody():
            assert failing(folder) == {Fault.UNREADABLE}


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o620, 0o601])
def test_file__with_secrets_that_others_can_use__is_told(tmp_path, mode):
    path = put(tmp_path / "key1.json", cases.keys(), mode)
    (finding,) = failures(check_keystores([path])[0].findings)
    assert (finding.fault, finding.remedy) == (Fault.OPEN_TO_OTHERS, f"run: chmod 600 {path}")
    assert f"{mode:04o}" in finding.finding


def test_file__without_secrets__may_be_open(tmp_path):
    assert failing(put(tmp_path / "key1.json", cases.prover(), 0o644)) == set()


def test_file__that_is_known_for_something_else__is_no_secret(tmp_path):
    path = put(tmp_path / "key1_staker_output.json", '[{"publicKeyG1": {}}]', 0o644)
    assert failing(path) == {Fault.NOT_A_KEYSTORE}


def test_file__that_is_no_keystore__might_hold_secrets(tmp_path):
    assert Fault.OPEN_TO_OTHERS in failing(put(tmp_path / "key1.json", "{", 0o644))


def test_symbolic_link__is_read_and_noted(tmp_path):
    put(tmp_path / "real.json", cases.keys())
    (tmp_path / "key1.json").symlink_to("real.json")
    assert faults(tmp_path / "key1.json") == {Fault.SYMBOLIC_LINK}


def test_symbolic_link__that_leads_nowhere__is_told(tmp_path):
    (tmp_path / "key1.json").symlink_to("nowhere.json")
    assert failing(tmp_path / "key1.json") == {Fault.DANGLING_LINK}
    assert failing(tmp_path) == {Fault.DANGLING_LINK}


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir])
def test_file__that_is_none__is_told_without_waiting(tmp_path, make):
    make(tmp_path / "key1.json")
    assert failing(tmp_path) == {Fault.NOT_A_FILE}


def test_file__too_large__is_told_unread(tmp_path):
    path = put(tmp_path / "key1.json", b"")
    os.truncate(path, 1 << 26)
    assert Fault.TOO_LARGE in failing(path)


# --------------------------------------------------------------------------- folders


def test_folder__json_files_in_the_order_of_their_names_and_no_others(tmp_path):
    for name in ("b.json", "a.JSON", "c.json.bak", "d.txt", ".json"):
        put(tmp_path / name, cases.keys())
    (tmp_path / "sub").mkdir()
    put(tmp_path / "sub" / "e.json", cases.keys())
    assert [path.name for path in keystore_paths(tmp_path)] == ["a.JSON", "b.json"]


def test_folder__without_keystores__is_told(tmp_path):
    put(tmp_path / "key1.json.20260101T000000Z.bak", cases.keys())
    assert failing(tmp_path) == {Fault.NO_FILES}


def test_folder__an_attester_in_two_files__is_told(tmp_path):
    first, second = cases.SETS["an attester in two files"]
    put(tmp_path / "key1.json", first)
    put(tmp_path / "key2.json", second)
    assert Fault.DUPLICATE_ATTESTER in failing(tmp_path)


def test_folder__that_vanishes_while_it_is_read__is_told(tmp_path, monkeypatch):
    folder = tmp_path / "keystore"
    folder.mkdir()
    put(folder / "key1.json", cases.keys())
    listed = os.listdir

    def list_and_remove(path):
        names = listed(path)
        shutil.rmtree(folder)
        return names

    monkeypatch.setattr(os, "listdir", list_and_remove)
    assert failing(folder) == {Fault.VANISHED}


def test_paths__the_same_twice__is_read_once(tmp_path):
    path = put(tmp_path / "key1.json", cases.keys())
    assert len(read_keystores([path, path, tmp_path]).readings) == 1


# --------------------------------------------------------------------------- encrypted files


def encrypted_keystore(folder: Path, *, password: str | None = PASSWORD) -> Path:
    text = json.dumps(cases.encrypted()).replace(KEY_FILES, str(folder))
    if password is None:
        text = text.replace(f', "password": "{PASSWORD}"', "")
    return put(folder.parent / "key1.json", text)


@pytest.fixture
def keys_folder(tmp_path):
    shutil.copytree(FILES, tmp_path / "keys")
    return tmp_path / "keys"


def test_encrypted_files__are_read_where_the_keystore_says(keys_folder):
    checked, _ = check_keystores([encrypted_keystore(keys_folder)])
    assert attesters_of(checked.public) == (ADDRESSES[2],)
    assert failures(checked.findings) == []


def test_encrypted_files__of_a_container__are_read_from_a_folder(tmp_path, keys_folder):
    path = put(tmp_path / "key1.json", cases.encrypted())
    checked, _ = check_keystores([path])
    assert {finding.fault for finding in failures(checked.findings)} == {Fault.KEY_FILE_MISSING}
    checked, _ = check_keystores([path], key_files=keys_folder)
    assert failures(checked.findings) == []


def test_encrypted_files__missing__are_told_with_their_path(keys_folder):
    path = encrypted_keystore(keys_folder)
    (keys_folder / "bls.json").unlink()
    (finding,) = failures(check_keystores([path])[0].findings)
    assert finding.fault is Fault.KEY_FILE_MISSING
    assert str(keys_folder / "bls.json") in finding.finding


def test_encrypted_files__opened_with_another_password__are_told(keys_folder):
    path = encrypted_keystore(keys_folder)
    checked, _ = check_keystores([path], password=Secret("another"), opens_all=True)
    assert {finding.fault for finding in failures(checked.findings)} == {Fault.WRONG_PASSWORD}


# --------------------------------------------------------------------------- publishers


def test_publishers__private_file__is_read(tmp_path):
    path = put(tmp_path / "publishers.json", {"a": [ETH[4]]})
    reading = read_publishers_file(path)
    assert [each.server for each in reading.servers] == ["a"]
    assert reading.findings == ()


@pytest.mark.parametrize(
    ("content", "mode", "fault"),
    [
        ({"a": [ETH[4]]}, 0o644, Fault.OPEN_TO_OTHERS),
        ({"a": []}, 0o600, None),
        ("", 0o600, Fault.EMPTY),
        ({"a": ["x"]}, 0o600, Fault.NOT_AN_ACCOUNT),
        ({"a": [ADDRESSES[0]]}, 0o644, None),
    ],
)
def test_publishers__of_each_fault__are_told(tmp_path, content, mode, fault):
    reading = read_publishers_file(put(tmp_path / "publishers.json", content, mode))
    assert {finding.fault for finding in reading.findings} == ({fault} if fault else set())


def test_publishers__a_file_that_is_not_there__is_told(tmp_path):
    (finding,) = read_publishers_file(tmp_path / "publishers.json").findings
    assert finding.fault is Fault.MISSING_FILE
