"""The keystore commands, as a shell sees them: what they say, what they write, and what they never show."""

from __future__ import annotations

import json
import re
import shutil
import stat
import subprocess
import sys
from types import SimpleNamespace

import keystore_cases as cases
import pytest
from keystore_cases import ADDRESSES, BLS, COINBASE, ETH, FEES, MNEMONIC, PASSWORD
from keystore_reading import FILES

from aztec_butler.core.bls import find_fault, parse_registrations, registration
from aztec_butler.core.keystores.publishers import read_publishers

ONE, TWO, THREE, FOUR = ADDRESSES
SECRETS = [*ETH[1:], *BLS, MNEMONIC, PASSWORD]


def put(path, content, mode=0o600):
    path.write_text(content if isinstance(content, str) else json.dumps(content, indent=2))
    path.chmod(mode)
    return path


def names(folder):
    return sorted(path.name for path in folder.iterdir())


@pytest.fixture
def folder(tmp_path):
    """A folder with one valid keystore."""
    folder = tmp_path / "keystore"
    folder.mkdir()
    put(folder / "key1.json", cases.keys())
    return folder


@pytest.fixture
def run(cli):
    """Run a command line, and see that it shows no secret."""

    def run(*words):
        ran = cli(*map(str, words))
        shown = ran.out + ran.err
        assert [secret for secret in SECRETS if secret in shown] == []
        return ran

    return run


# --------------------------------------------------------------------------- check


def test_check__a_valid_keystore__says_how_much_it_holds(run, folder):
    ran = run("keystore", "check", folder)
    assert (ran.code, ran.out) == (0, "")
    assert ran.err == "2 attesters, 2 publishers in 1 file; 0 problems, 0 warnings\n"


def test_check__every_problem__with_its_place_and_what_to_do(run, folder):
    keystore = cases.keys()
    keystore["validators"][0]["coinbase"] = "0x" + "0" * 40
    keystore["validators"][1]["coinbsae"] = COINBASE
    path = put(folder / "key1.json", keystore, 0o644)
    ran = run("keystore", "check", path)
    assert ran.code == 5
    assert f"fail  {path}:13 validators[0].coinbase  zero-coinbase: " in ran.out
    assert "unknown-key: " in ran.out
    assert "-> did you mean coinbase?" in ran.out
    assert f"-> run: chmod 600 {path}" in ran.out
    assert "problems: 3" in ran.err


def test_check__json__a_row_for_each_finding(run, folder):
    keystore = cases.keys()
    del keystore["validators"][0]["coinbase"]
    path = put(folder / "key1.json", keystore)
    (row,) = json.loads(run("keystore", "check", path, "--format", "json").out)["rows"]
    assert row == {
        "outcome": "warn",
        "fault": "missing-coinbase",
        "file": str(path),
        "path": "validators[0]",
        "line": 4,
        "finding": "no coinbase: rewards go to the attester's own address, outside of any split",
        "remedy": None,
    }


def test_check__strict__lets_warnings_fail(run, folder):
    keystore = cases.keys()
    del keystore["validators"][0]["coinbase"]
    put(folder / "key1.json", keystore)
    assert run("keystore", "check", folder).code == 0
    assert run("keystore", "check", folder, "--strict").code == 5


def test_check__many_warnings_of_a_kind__are_folded_for_the_eyes_alone(run, tmp_path):
    keystore = {
        "schemaVersion": 1,
        "remoteSigner": cases.SIGNER,
        "validators": [
            {"attester": f"0x{number:040x}", "publisher": FOUR, "coinbase": COINBASE, "feeRecipient": FEES}
            for number in range(1, 8)
        ],
    }
    path = put(tmp_path / "many.json", keystore)
    shown = run("keystore", "check", path).out
    assert shown.count("missing-bls: ") == 3
    assert f"... and 4 more like it in {path}" in shown
    assert len(json.loads(run("keystore", "check", path, "--format", "json").out)["rows"]) == 7


def test_check__encrypted_files__opened_on_demand(run, tmp_path):
    path = put(tmp_path / "key1.json", cases.encrypted())
    assert "key-file-missing" in run("keystore", "check", path).out
    assert run("keystore", "check", path, "--key-files", FILES).code == 0
    assert run("keystore", "check", path, "--key-files", FILES, "--open").code == 0
    password = put(tmp_path / "password.txt", "another\n")
    ran = run("keystore", "check", path, "--key-files", FILES, "--open", "--password-file", password)
    assert (ran.code, "wrong-password" in ran.out) == (5, True)


@pytest.mark.parametrize("words", [[], ["--open"]])
def test_check__no_keystore_named__is_a_mistake(run, words):
    assert run("keystore", "check", *words).code == 2


def test_check__a_missing_path__is_a_problem(run, tmp_path):
    ran = run("keystore", "check", tmp_path / "nowhere")
    assert (ran.code, "missing-file" in ran.out) == (5, True)


# --------------------------------------------------------------------------- public


def test_public__registrations__that_the_chain_takes(run, folder, tmp_path):
    ran = run("keystore", "public", folder)
    assert (ran.code, ran.err) == (0, "")
    entries = parse_registrations(ran.out.encode())
    assert [entry.attester for entry in entries] == [ONE, TWO]
    assert entries[0].registration == registration(1000)
    assert [find_fault(entry.registration) for entry in entries] == [None, None]
    output = tmp_path / "registrations.json"
    assert run("keystore", "public", folder, "--output", output).out == ""
    assert output.read_text() == ran.out
    assert run("keys", "verify", output).code == 0


def test_public__encrypted__with_the_password_of_a_file(run, tmp_path):
    keystore = json.loads(json.dumps(cases.encrypted()).replace(f', "password": "{PASSWORD}"', ""))
    path = put(tmp_path / "key1.json", keystore)
    password = put(tmp_path / "password.txt", PASSWORD + "\n")
    ran = run("keystore", "public", path, "--key-files", FILES, "--password-file", password)
    assert parse_registrations(ran.out.encode())[0].registration == registration(1000)


def test_public__attesters_without_bls__are_told_or_left_out(run, folder):
    keystore = cases.keys()
    keystore["validators"][0]["attester"] = ETH[0]
    put(folder / "key1.json", keystore)
    ran = run("keystore", "public", folder)
    assert (ran.code, ran.out) == (5, "")
    assert f"{ONE} has no BLS key" in ran.err
    assert len(parse_registrations(run("keystore", "public", folder, "--partial").out.encode())) == 1


# --------------------------------------------------------------------------- set-coinbase


def test_set_coinbase__without_write__shows_a_plan_and_writes_nothing(run, folder):
    before = (folder / "key1.json").read_text()
    ran = run("keystore", "set-coinbase", folder, "--policy", "wallet", "--wallet", FOUR)
    assert ran.code == 0
    assert f"set  {ONE}  {COINBASE} -> {FOUR}  (wallet)" in ran.out
    assert f'+      "coinbase": "{FOUR}",' in ran.out
    assert "nothing was written; add --write to apply this plan" in ran.err
    assert names(folder) == ["key1.json"]
    assert (folder / "key1.json").read_text() == before


def test_set_coinbase__with_write__once(run, folder):
    before = (folder / "key1.json").read_text()
    words = ["keystore", "set-coinbase", folder, "--policy", "wallet", "--wallet", FOUR, "--write"]
    ran = run(*words)
    assert (folder / "key1.json").read_text() == before.replace(COINBASE, FOUR)
    (backup,) = folder.glob("*.bak")
    assert backup.read_text() == before
    assert f"written {folder / 'key1.json'}, the old text is in {backup}" in ran.err
    assert "nothing is to be changed" in run(*words).err
    assert len(list(folder.iterdir())) == 2


def stakes(**providers):
    """A state in which attesters are staked with providers, all through one split."""
    delegated = {
        attester: SimpleNamespace(delegated=SimpleNamespace(provider_id=provider_id, split=FOUR))
        for attester, provider_id in providers.items()
    }
    return SimpleNamespace(whereabouts=SimpleNamespace(stakes=delegated))


def test_set_coinbase__split__of_the_delegation(run, folder, network):
    network.tables["state"] = stakes(**{ONE: 7, TWO: 8})
    words = ["keystore", "set-coinbase", folder, "--policy", "split", "--provider-id", 7, "--format", "json"]
    document = json.loads(run(*words).out)
    assert {row["attester"]: (row["verdict"], row["after"]) for row in document["rows"]} == {
        ONE: ("set", FOUR),
        TWO: ("left alone", COINBASE),
    }
    assert document["block"]["number"] == 24_000_000
    assert (document["network"], document["written"]) == ("mainnet", False)
    assert document["staked_through_others"] == [TWO]
    assert network.connected[-1]["block"] == "latest"


def test_set_coinbase__split_written__is_that_of_a_final_block(run, folder, network):
    network.tables["state"] = stakes(**{ONE: 7})
    words = ["keystore", "set-coinbase", folder, "--policy", "split", "--provider-id", 7, "--write"]
    assert run(*words).code == 0
    assert network.connected[-1]["block"] == "finalized"
    run(*words, "--block", 24_000_000)
    assert network.connected[-1]["block"] == 24_000_000


def test_set_coinbase__keep__asks_nobody_and_follows_overrides(run, folder, network):
    overrides = put(folder.parent / "overrides.json", {TWO: FOUR})
    ran = run("keystore", "set-coinbase", folder, "--policy", "keep", "--overrides", overrides)
    assert f"left alone  {ONE}" in ran.out
    assert f"-> {FOUR}  (override)" in ran.out
    assert network.connected == []


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--policy", "wallet"], "the wallet belongs to the policy wallet"),
        (["--policy", "split"], "needs the provider whose delegations count"),
        (["--policy", "keep", "--provider-id", 7], "needs the provider whose delegations count"),
        (
            ["--policy", "split", "--provider-id", 7, "--wallet", FOUR],
            "the wallet belongs to the policy wallet",
        ),
        (["--policy", "wallet", "--wallet", "0x" + "0" * 40], "zero address"),
        (["--policy", "walet", "--wallet", FOUR], "expected one of a few words"),
        ([], "policy"),
    ],
)
def test_set_coinbase__what_cannot_be_meant__is_refused_before_anything(run, folder, network, words, told):
    ran = run("keystore", "set-coinbase", folder, *words, "--write")
    assert (ran.code, told in ran.err) == (2, True)
    assert names(folder) == ["key1.json"]
    assert network.connected == []


def test_set_coinbase__a_file_that_others_can_read__is_refused(run, folder):
    (folder / "key1.json").chmod(0o644)
    ran = run("keystore", "set-coinbase", folder, "--policy", "wallet", "--wallet", FOUR, "--write")
    assert (ran.code, "chmod 600" in ran.err) == (5, True)
    assert names(folder) == ["key1.json"]


def test_set_coinbase__a_file_without_secrets__may_be_open_and_stays_so(run, tmp_path):
    path = put(
        tmp_path / "key1.json",
        cases.prover() | {"validators": [{"attester": ONE, "feeRecipient": FEES}]},
        0o644,
    )
    ran = run("keystore", "set-coinbase", path, "--policy", "wallet", "--wallet", FOUR, "--write")
    assert (ran.code, stat.S_IMODE(path.stat().st_mode)) == (0, 0o644)
    assert json.loads(path.read_text())["validators"][0]["coinbase"] == FOUR


# --------------------------------------------------------------------------- publishers and servers


def test_new_publishers__keys__in_a_private_file_and_nowhere_else(cli, tmp_path):
    path = tmp_path / "publishers.json"
    ran = cli("keystore", "new-publishers", "a,b", "--count", "2", "--file", str(path), "--format", "json")
    assert (ran.code, stat.S_IMODE(path.stat().st_mode)) == (0, 0o600)
    reading = read_publishers(path.read_text())
    assert reading.findings == ()
    keys = [key for server in reading.servers for key in server.written]
    assert [key for key in keys if key in ran.out + ran.err] == []
    assert [(row["server"], len(row["publisher"])) for row in json.loads(ran.out)["rows"]] == [
        ("a", 42),
        ("a", 42),
        ("b", 42),
        ("b", 42),
    ]
    assert cli("keystore", "new-publishers", "a", "--count", "1", "--file", str(path)).code == 2
    assert [key for server in read_publishers(path.read_text()).servers for key in server.written] == keys


@pytest.mark.parametrize(
    "words",
    [
        ["a", "--addresses", ONE],
        ["a", "--count", 1, "--addresses", THREE],
        ["a"],
        ["a", "--count", 1, "--remote-signer", cases.SIGNER],
        ["a,b", "--addresses", THREE],
        ["a/b", "--count", 1],
        ["a", "--count", 0],
    ],
)
def test_new_publishers__what_cannot_be__is_refused(run, folder, tmp_path, words):
    path = tmp_path / "publishers.json"
    ran = run("keystore", "new-publishers", *words, "--beside", folder, "--file", path)
    assert (ran.code, path.exists()) == (2, False)


@pytest.mark.parametrize("is_named", [True, False], ids=["named", "not named"])
def test_new_publishers__where_the_node_loads_keystores__is_refused_with_the_way_out(run, folder, is_named):
    """The node loads every .json file of the folder, and does not start when one of them is no keystore."""
    path = folder / "publishers.JSON"
    words = ["keystore", "new-publishers", "a", "--count", 1, *(["--beside", folder] if is_named else [])]
    ran = run(*words, "--file", path)
    assert (ran.code, path.exists()) == (2, False)
    assert "every .json file" in ran.err
    assert "key1.json" in ran.err
    (way_out,) = re.findall("--file (.*)", ran.err)
    assert run(*words, "--file", way_out).code == 0
    assert run("keystore", "check", folder).code == 0
    assert run("keystore", "merge", folder, "--publishers", way_out, "--into", folder.parent).code == 0


def test_new_publishers__beside_other_json__is_written(run, tmp_path):
    (tmp_path / "notes.json").write_text('{"a": 1}')
    words = ["keystore", "new-publishers", "a", "--count", 1, "--file", tmp_path / "publishers.json"]
    assert run(*words).code == 0
    # But a folder that is named as one of keystores is one before the first keystore is in it.
    (tmp_path / "keystore").mkdir()
    words = [*words[:-1], tmp_path / "keystore" / "publishers.json", "--beside", tmp_path / "keystore"]
    assert run(*words).code == 2


def test_merge__plan_then_files(run, folder, tmp_path):
    new = put(
        tmp_path / "new.json",
        {
            "schemaVersion": 1,
            "validators": [{"attester": {"eth": ETH[2], "bls": BLS[2]}, "feeRecipient": FEES}],
        },
    )
    publishers = put(tmp_path / "publishers.json", {"a": [ETH[10]], "b": [ETH[11]]})
    into = tmp_path / "servers"
    into.mkdir()
    words = ["keystore", "merge", folder, "--new", new, "--publishers", publishers, "--into", into]
    ran = run(*words)
    assert f"{into / 'a.json'}: 3 attesters, publishers 0x" in ran.out
    assert "warn  a.json:" in ran.out
    assert "--- /dev/null" in ran.out
    assert "1 attester added" in ran.err
    assert list(into.iterdir()) == []
    run(*words, "--write")
    assert {path.name: stat.S_IMODE(path.stat().st_mode) for path in into.iterdir()} == {
        "a.json": 0o600,
        "b.json": 0o600,
    }
    assert run("keystore", "check", into / "a.json").code == 0
    assert "nothing is to be changed" in run(*words, "--write").err
    document = json.loads(run(*words, "--format", "json").out)
    assert document["added"] == [THREE]
    assert [row["server"] for row in document["rows"]] == ["a", "b"]
    put(publishers, {"a": [ETH[12]], "b": [ETH[11]]})
    run(*words, "--write")
    assert sorted(path.name.partition(".2")[0] for path in into.iterdir()) == ["a.json", "a.json", "b.json"]


def test_merge__every_reason_to_refuse__at_once(run, folder, tmp_path):
    publishers = put(tmp_path / "publishers.json", {"a": [ETH[10], ETH[0]], "b": [ETH[10]]}, 0o644)
    ran = run(
        "keystore",
        "merge",
        folder,
        "--new",
        folder / "key1.json",
        "--publishers",
        publishers,
        "--into",
        tmp_path,
    )
    assert ran.code == 5
    for fault in ("publisher-on-two-servers", "publisher-is-attester", "open-to-others"):
        assert fault in ran.err


def test_merge__into_the_folder_of_production__is_refused(run, folder, tmp_path):
    publishers = put(tmp_path / "publishers.json", {"a": [ETH[10]]})
    ran = run("keystore", "merge", folder, "--publishers", publishers, "--into", folder)
    assert (ran.code, "made from" in ran.err) == (2, True)


# --------------------------------------------------------------------------- processes


def test_traceback__of_a_bug__shows_no_secret(folder, tmp_path):
    shutil.copytree(FILES, tmp_path / "keys")
    program = (
        "import sys; from aztec_butler.core.keystores import checks;"
        " checks._twice = lambda public: 1 / 0;"
        " from aztec_butler.__main__ import main; sys.exit(main(sys.argv[1:]))"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program, "keystore", "check", str(folder)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 1
    assert "ZeroDivisionError" in ran.stderr
    assert [secret for secret in SECRETS if secret in ran.stdout + ran.stderr] == []


def test_check__starts_without_heavy_libraries(folder):
    program = (
        "import sys; from aztec_butler.__main__ import main; code = main(sys.argv[1:]);"
        " print([name for name in ('web3', 'pandas', 'pyarrow', 'eth_abi') if name in sys.modules]); sys.exit(code)"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program, "keystore", "check", str(folder)],
        capture_output=True,
        text=True,
        check=True,
    )
    assert ran.stdout == "[]\n"
