"""The commands about BLS keys: files in, verdicts and public keys out, and no secret anywhere."""

from __future__ import annotations

import json
from pathlib import Path

import attrs
import pytest
from broken_registrations import BROKEN, GOOD, OTHER

from aztec_butler.core import bls

SECRET = 0x0123456789ABCDEF0123456789ABCDEF0123456789ABCDEF0123456789ABCDEF
ADDRESS = "0x00000000000000000000000000000000000000AA"
NODE = json.loads((Path(__file__).parents[1] / "core" / "node_validator_keys.json").read_text())


@pytest.fixture
def secrets(tmp_path):
    """A file with a text of secrets, which only its owner can read."""

    def write(text, mode=0o600):
        path = tmp_path / "bls.txt"
        path.write_text(text)
        path.chmod(mode)
        return str(path)

    return write


@pytest.fixture
def staker(tmp_path):
    """A file of registrations."""

    def write(*registrations, attester=None):
        path = tmp_path / "staker.json"
        entries = [bls.AttesterRegistration(attester=attester, registration=made) for made in registrations]
        path.write_text(bls.render_registrations(entries))
        return str(path)

    return write


def test_register__secrets_of_a_file__are_answered_as_the_node_does(cli, secrets):
    accounts = [validator["attester"]["bls"] for validator in NODE["keystore"]["validators"]]
    addresses = [entry["attester"] for entry in NODE["staker"]]
    lines = "\n".join(" ".join(pair) for pair in zip(addresses, accounts, strict=True))
    ran = cli("keys", "register", "--secret-file", secrets(lines))
    assert (ran.code, ran.err) == (0, "")
    assert bls.parse_registrations(ran.out.encode()) == bls.parse_registrations(
        json.dumps(NODE["staker"]).encode()
    )


def test_register__without_address_to_a_file__is_read_by_verify(cli, secrets, tmp_path):
    path = str(tmp_path / "out.json")
    ran = cli("keys", "register", "--secret-file", secrets(f"0x{SECRET:064x}\n"), "--output", path)
    assert (ran.code, ran.out, ran.err) == (0, "", "")
    (entry,) = bls.parse_registrations(Path(path).read_bytes())
    assert entry == bls.AttesterRegistration(attester=None, registration=bls.registration(SECRET))
    ran = cli("keys", "verify", path)
    assert (ran.code, ran.err) == (0, "1 of 1 registrations are good\n")


def test_register__key_that_needs_too_much_gas__is_told_after_the_answer(cli, secrets):
    path = secrets(f"0x{SECRET:064x}\n0x{57193:064x}\n")
    ran = cli("keys", "register", "--secret-file", path)
    assert ran.code == 5
    assert len(json.loads(ran.out)) == 2
    assert "places: 1\n" in ran.err
    ran = cli("keys", "register", "--secret-file", path, "--proof-gas-limit", "300000")
    assert (ran.code, ran.err) == (0, "")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (f"0x{SECRET:064x}\n0x{SECRET + bls.GROUP_ORDER:064x}\n", "line: 2"),
        (f"{SECRET:064x}\n", "line: 1"),
        (json.dumps({"bls": f"0x{SECRET:064x}"}), "line: 1"),
        (f"0x{SECRET:064x} 0x{SECRET:064x}", "line: 1"),
        ("", "no secret key"),
    ],
)
def test_register__bad_secrets__are_refused_without_being_shown(cli, secrets, text, told):
    ran = cli("keys", "register", "--secret-file", secrets(text))
    assert (ran.code, ran.out) == (2, "")
    assert told in ran.err
    assert "0123456789abcdef" not in ran.err.lower()


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o620])
def test_register__file_that_others_can_use__is_refused(cli, secrets, mode):
    path = secrets(f"0x{SECRET:064x}\n", mode=mode)
    ran = cli("keys", "register", "--secret-file", path)
    assert (ran.code, ran.out) == (2, "")
    assert f"chmod 600 {path}" in ran.err
    Path(path).chmod(0o400)
    assert cli("keys", "register", "--secret-file", path).code == 0


def test_register__no_such_file_or_no_text__is_refused(cli, secrets, tmp_path):
    for path in (str(tmp_path / "none"), str(tmp_path)):
        ran = cli("keys", "register", "--secret-file", path)
        assert (ran.code, ran.out) == (2, "")
        assert f"path: {path}" in ran.err
    path = secrets("")
    Path(path).write_bytes(b"\xff\xfe")
    assert cli("keys", "register", "--secret-file", path).code == 2
    assert cli("keys", "register").code == 2


def test_register__secret_on_the_command_line__is_no_option(cli):
    ran = cli("keys", "register", "--secret", f"0x{SECRET:064x}")
    assert (ran.code, ran.out) == (2, "")
    assert "0123456789abcdef" not in ran.err


def test_verify__what_the_node_hands_out__is_good(cli, tmp_path):
    path = tmp_path / "staker.json"
    path.write_text(json.dumps(NODE["staker"]))
    ran = cli("keys", "verify", str(path), "--format", "json")
    assert (ran.code, ran.err) == (0, "3 of 3 registrations are good\n")
    rows = json.loads(ran.out)["rows"]
    assert [row["attester"] for row in rows] == [entry["attester"] for entry in NODE["staker"]]
    assert [row["verdict"] for row in rows] == ["ok"] * 3
    assert [int(row["public_key_x"], 16) for row in rows] == [
        int(entry["publicKeyG1"]["x"], 16) for entry in NODE["staker"]
    ]


def test_verify__one_of_each_kind__names_every_fault(cli, staker):
    path = staker(GOOD, *(made for made, _ in BROKEN.values()), OTHER)
    ran = cli("keys", "verify", path, "--format", "json")
    assert ran.code == 5
    rows = json.loads(ran.out)["rows"]
    # A broken one with the key of the good one before it is refused for that first.
    for row, (made, fault) in zip(rows[1:-1], BROKEN.values(), strict=True):
        repeats = made.public_key_g1 == GOOD.public_key_g1
        assert row["verdict"] == ("key-repeated" if repeats else fault.value)
        assert row["meaning"]
    assert (rows[0]["verdict"], rows[-1]["verdict"]) == ("ok", "ok")
    assert f"2 of {len(rows)} registrations are good" in ran.err
    assert f"bad: {len(rows) - 2}" in ran.err


def test_verify__table__tells_verdicts_and_what_they_mean(cli, staker):
    bad = attrs.evolve(GOOD, proof_of_possession=OTHER.proof_of_possession)
    ran = cli("keys", "verify", staker(bad, attester=ADDRESS), "--quiet")
    assert ran.code == 5
    assert "proof-of-another-key" in ran.out
    assert ADDRESS in ran.out
    assert "was not made with the secret of this key" in ran.out
    assert "registrations are good" not in ran.err


def test_verify__gas_of_another_grant__decides(cli, staker):
    path = staker(bls.registration(57193))
    assert cli("keys", "verify", path).code == 5
    assert cli("keys", "verify", path, "--proof-gas-limit", "300000").code == 0


def test_verify__no_registrations__is_the_callers_mistake(cli, secrets, tmp_path):
    path = secrets(f"0x{SECRET:064x}\n")
    for words in ([path], [str(tmp_path / "none")], [], [path, path]):
        ran = cli("keys", "verify", *words)
        assert (ran.code, ran.out) == (2, "")
        assert "0123456789abcdef" not in ran.err
