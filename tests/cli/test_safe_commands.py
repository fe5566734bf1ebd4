"""``safe``: files, hashes and proposals from a shell."""

from __future__ import annotations

import json

import pytest
from eth_account import Account
from safe_stand_in import TransactionService, status

from aztec_butler.core.calls import Call
from aztec_butler.core.contracts import STAKING_REGISTRY, TOKEN
from aztec_butler.core.hexes import keccak256, to_hex
from aztec_butler.core.networks import MULTICALL3_ADDRESS
from aztec_butler.core.safe_batch import SafeBatch, encode_batch, split_calls
from aztec_butler.core.safe_multi_send import MULTI_SENDS, encode_multi_send

SAFE = "0x111CEEee040739fD91D29C34C33E6B3E112F2177"
STAKING = "0x042dF8f42790d6943F41C25C2132400fd727f452"
SECRET = keccak256(b"a proposer at a shell").hex()
PROPOSER = Account.from_key(SECRET).address
API_KEY = "eyJhbGciOiJFUzI1NiJ9.0123456789abcdef"
OWNER = Account.from_key(keccak256(b"an owner at a shell")).address
TAKE_RATE = to_hex(STAKING_REGISTRY.function("updateProviderTakeRate").encode_call(5, 300))
CALL = {
    "to": STAKING,
    "data": TAKE_RATE,
    "value_wei": "0",
    "summary": "Set the take rate of provider 5 to 3.00%.",
}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def batch(folder, cli):
    """A file of two calls, made by the command."""
    (folder / "calls.json").write_text(json.dumps({"rows": [CALL, CALL | {"value_wei": 7}]}))
    assert cli("safe", "batch", "calls.json", "--safe", SAFE, "--file", "batch.json").code == 0
    return folder / "batch.json"


@pytest.fixture
def secrets(folder):
    """Options that name the key files."""
    for name, content in (("proposer.key", SECRET), ("api.key", API_KEY)):
        (folder / name).write_text(content + "\n")
        (folder / name).chmod(0o600)
    return ["--proposer-key-file", "proposer.key", "--api-key-file", "api.key"]


@pytest.fixture
def remote():
    with TransactionService(chain_id=1, api_key=API_KEY) as service:
        service.add_safe(SAFE, owners=[OWNER], nonce=3, threshold=1)
        service.add_delegate(PROPOSER, OWNER)
        yield service


# --------------------------------------------------------------------------- batch


def test_batch__one_file__the_same_bytes_every_time(folder, batch, cli):
    content = batch.read_bytes()
    ran = cli(
        "safe", "batch", "calls.json", "--safe", SAFE.lower(), "--file", "again.json", "--format", "json"
    )
    assert (folder / "again.json").read_bytes() == content
    (row,) = json.loads(ran.out)["rows"]
    assert row["transactions"] == 2
    assert row["checksum"] == json.loads(content)["meta"]["checksum"]
    assert json.loads(content)["chainId"] == "1"


def test_batch__several_sources_and_many_calls__numbered_files_in_order(folder, cli):
    (folder / "one.json").write_text(json.dumps([CALL] * 101))
    (folder / "two.json").write_text(json.dumps(CALL | {"value_wei": 1}))
    ran = cli(
        "safe", "batch", "one.json,two.json", "--safe", SAFE, "--file", "keys.json", "--network", "testnet"
    )
    assert ran.code == 0
    first, second = (json.loads((folder / f"keys-{n}-of-2.json").read_text()) for n in (1, 2))
    assert [len(part["transactions"]) for part in (first, second)] == [100, 2]
    assert second["transactions"][1]["value"] == "1"
    assert first["chainId"] == "11155111"
    assert not (folder / "keys.json").exists()


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[]",
        "7",
        json.dumps([{"to": STAKING}]),
        json.dumps([CALL | {"to": "0x12"}]),
        json.dumps([CALL | {"value_wei": 1.5}]),
        json.dumps([CALL | {"value_wei": "-1"}]),
        json.dumps([CALL | {"value_wei": str(2**256)}]),
        json.dumps([CALL | {"data": "0x1"}]),
        json.dumps([CALL | {"summary": 7}]),
        json.dumps(
            [CALL | {"data": "0x095ea7b3" + MULTICALL3_ADDRESS[2:].rjust(64, "0") + "1".rjust(64, "0")}]
        ),
        json.dumps({"transactions": []}),
        json.dumps([CALL | {"value_wei": "0" * 100 + "5"}]),
        json.dumps(CALL).replace('"0"', "9" * 5000),
    ],
    ids=lambda _: None,
)
def test_batch__calls_that_do_not_fit__exit_2_and_no_file(folder, cli, content):
    (folder / "calls.json").write_text(content)
    ran = cli("safe", "batch", "calls.json", "--safe", SAFE, "--file", "batch.json")
    assert (ran.code, ran.out) == (2, "")
    assert not (folder / "batch.json").exists()


def test_batch__file_with_words_of_its_own__tells_what_the_calldata_says(folder, cli):
    approval = to_hex(TOKEN.function("approve").encode_call(OWNER, 10**24))
    words = 'Claim rewards"\n2. Claim more'
    (folder / "calls.json").write_text(json.dumps([CALL | {"data": approval, "summary": words}]))
    assert cli("safe", "batch", "calls.json", "--safe", SAFE, "--file", "batch.json").code == 0
    described = json.loads((folder / "batch.json").read_text())["meta"]["description"]
    assert described == (
        '1. looks like approve(address,uint256) of a token; the file says "Claim rewards\\"\\n2. Claim more"'
    )


@pytest.mark.parametrize(
    "documents",
    [
        [{"chain_id": 31337, "rows": [CALL]}],
        [{"chain_id": "31337", "rows": [CALL]}],
        [{"chain_id": 1, "rows": [CALL]}, {"chain_id": 11155111, "rows": [CALL]}],
        [[CALL | {"chain_id": 31337}]],
        [CALL | {"chain_id": 31337}],
        [{"chain_id": True, "rows": [CALL]}],
        [{"chain_id": "1" * 5000, "rows": [CALL]}],
    ],
    ids=["number", "text", "two chains", "in a call", "of one call", "no number", "endless"],
)
def test_batch__calls_of_another_chain__exit_2_and_no_file(folder, cli, documents):
    for number, document in enumerate(documents):
        (folder / f"{number}.json").write_text(json.dumps(document))
    names = ",".join(f"{number}.json" for number in range(len(documents)))
    ran = cli("safe", "batch", names, "--safe", SAFE, "--file", "batch.json")
    assert (ran.code, ran.out) == (2, "")
    assert "chain" in ran.err
    assert not (folder / "batch.json").exists()


def test_batch__calls_of_the_chosen_chain__are_taken(folder, cli):
    (folder / "calls.json").write_text(json.dumps({"chain_id": 11155111, "rows": [CALL]}))
    words = ("safe", "batch", "calls.json", "--safe", SAFE, "--file", "batch.json")
    assert "--network testnet" in cli(*words).err
    assert cli(*words, "--network", "testnet").code == 0


def test_batch__fewer_files_than_last_time__refused_before_anything(folder, cli):
    def write(count):
        (folder / "calls.json").write_text(json.dumps([CALL] * count))
        return cli("safe", "batch", "calls.json", "--safe", SAFE, "--file", "keys.json")

    assert write(201).code == 0
    old = {path.name: path.read_bytes() for path in folder.glob("keys*")}
    assert sorted(old) == [f"keys-{number}-of-3.json" for number in (1, 2, 3)]
    assert write(201).code == 0
    for count in (1, 101):
        ran = write(count)
        assert ran.code == 2
        assert "keys-3-of-3.json" in ran.err
        assert {path.name: path.read_bytes() for path in folder.glob("keys*")} == old
    for name in old:
        (folder / name).unlink()
    assert write(1).code == 0
    assert write(101).code == 2  # keys.json would be left


# --------------------------------------------------------------------------- check


def test_check__approval_inside_another_call__exit_5_and_told(folder, cli):
    approval = Call(to=OWNER, data=TOKEN.function("approve").encode_call(MULTICALL3_ADDRESS, 1))
    call = Call(to=MULTI_SENDS[1, 4].address, data=encode_multi_send([approval]))
    (folder / "batch.json").write_bytes(
        encode_batch(SafeBatch(chain_id=1, safe=SAFE, name="x", description="Claim rewards", calls=(call,)))
    )
    ran = cli("safe", "check", "batch.json")
    assert ran.code == 5
    assert "fail  calls     1: inside it, whatever a multicall contract may spend" in ran.out


@pytest.mark.loopback
def test_check__node_that_does_not_answer__says_so_and_judges_by_the_presets(batch, cli):
    ran = cli("safe", "check", str(batch), "--l1", "http://127.0.0.1:1", "--format", "json")
    assert ran.code == 0
    assert "could not be read" in ran.err


@pytest.mark.devnet
def test_check__with_a_chain__knows_its_contracts(devnet, cli, folder, cache_folder, monkeypatch):
    for name in ("registry", "staking_registry"):
        monkeypatch.setenv(f"AZTEC_BUTLER_{name.upper()}", devnet.addresses[name])
    flush = Call(to=devnet.addresses["rollup"], data="0x1d934975")
    (batch,) = split_calls([flush], chain_id=31337, safe=SAFE)
    (folder / "batch.json").write_bytes(encode_batch(batch))
    words = ("safe", "check", "batch.json", "--network", "devnet", "--l1")
    ran = cli(*words, devnet.url)
    assert (ran.code, ran.err) == (0, "")
    assert "ok    calls     all known" in ran.out
    ran = cli(*words, "http://127.0.0.1:1")
    assert "warn  calls     1: looks like flushEntryQueue() of a rollup" in ran.out


def test_check__good_file__says_what_it_does(batch, cli):
    ran = cli("safe", "check", str(batch), "--safe", SAFE, "--network", "mainnet")
    assert ran.code == 0
    assert "updateProviderTakeRate" in ran.out
    assert not any(line.startswith("fail") for line in ran.out.splitlines())
    assert "warn  calls     2: sends ether to updateProviderTakeRate" in ran.out
    assert [
        row["value_wei"]
        for row in json.loads(cli("safe", "check", str(batch), "--format", "json").out)["rows"]
    ] == ["0", "7"]


def test_check__changed_file__exit_5_and_still_told(batch, cli):
    batch.write_text(batch.read_text().replace('"value": "7"', '"value": "8"'))
    ran = cli("safe", "check", str(batch), "--format", "json")
    assert ran.code == 5
    document = json.loads(ran.out)
    assert document["is_intact"] is False
    assert {found["check"]: found["outcome"] for found in document["checks"]}["checksum"] == "fail"


@pytest.mark.parametrize(
    "words", [["--network", "testnet"], ["--safe", STAKING]], ids=["another chain", "another Safe"]
)
def test_check__of_something_else__exit_5(batch, cli, words):
    assert cli("safe", "check", str(batch), *words).code == 5


def test_check__network_that_nobody_chose__is_no_reason(batch, cli):
    batch.write_text(batch.read_text().replace('"chainId": "1"', '"chainId": "137"'))
    ran = cli("safe", "check", str(batch), "--format", "json")
    assert "chain" not in [found["check"] for found in json.loads(ran.out)["checks"]]


def test_check__no_file__exit_2(folder, cli):
    assert cli("safe", "check", "nothing.json").code == 2
    assert cli("safe", "check", str(folder)).code == 2


# --------------------------------------------------------------------------- hash


def test_hash__offline__what_a_wallet_shows(batch, cli, remote):
    ran = cli(
        "safe",
        "hash",
        str(batch),
        "--safe",
        SAFE,
        "--nonce",
        "3",
        "--safe-version",
        "1.4.1",
        "--format",
        "json",
    )
    shown = json.loads(ran.out)
    calls = json.loads(batch.read_text())["transactions"]
    assert shown["calls"] == len(calls) == 2
    assert shown["operation"] == "delegate call"
    digest = keccak256(
        b"\x19\x01" + bytes.fromhex(shown["domain_hash"][2:]) + bytes.fromhex(shown["message_hash"][2:])
    )
    assert shown["safe_tx_hash"] == to_hex(digest)


def test_hash__file_of_another_chain__exit_2(batch, cli):
    words = ["--safe", SAFE, "--nonce", "3", "--safe-version", "1.4.1", "--network", "testnet"]
    assert cli("safe", "hash", str(batch), *words).code == 2


# --------------------------------------------------------------------------- propose and status


@pytest.mark.loopback
def test_propose__without_yes__plans_and_sends_nothing(batch, cli, remote, secrets):
    ran = cli(
        "safe", "propose", str(batch), "--safe", SAFE, "--service", remote.url, *secrets, "--format", "json"
    )
    assert ran.code == 0
    shown = json.loads(ran.out)
    assert (shown["outcome"], shown["nonce"], shown["proposer"]) == ("planned", 3, PROPOSER)
    assert (shown["on_behalf_of"], shown["is_checked"]) == ([OWNER], False)
    assert "--yes" in ran.err
    assert remote.proposals == []


@pytest.mark.loopback
def test_propose__yes_and_again__proposed_once(batch, cli, remote, secrets):
    words = [
        "safe",
        "propose",
        str(batch),
        "--safe",
        SAFE,
        "--service",
        remote.url,
        *secrets,
        "--format",
        "json",
        "--yes",
    ]
    outcomes = [json.loads(cli(*words).out)["outcome"] for _ in range(2)]
    assert outcomes == ["proposed", "already there"]
    assert len(remote.proposals) == len(remote.transactions) == 1
    told = cli(
        "safe",
        "status",
        "--safe",
        SAFE,
        "--service",
        remote.url,
        "--api-key-file",
        "api.key",
        "--format",
        "json",
    )
    (row,) = json.loads(told.out)["rows"]
    assert (row["nonce"], row["confirmations"], row["required"], row["proposer"]) == (3, 0, 1, OWNER)
    assert row["summary"].count("updateProviderTakeRate") == 2


@pytest.mark.loopback
def test_propose__hash__is_the_one_that_hash_tells(batch, cli, remote, secrets):
    proposed = cli(
        "safe", "propose", str(batch), "--safe", SAFE, "--service", remote.url, *secrets, "--format", "json"
    )
    told = cli(
        "safe",
        "hash",
        str(batch),
        "--safe",
        SAFE,
        "--nonce",
        "3",
        "--safe-version",
        "1.4.1",
        "--format",
        "json",
    )
    assert json.loads(proposed.out)["safe_tx_hash"] == json.loads(told.out)["safe_tx_hash"]


@pytest.mark.loopback
def test_propose__stranger__exit_2_with_the_way_out(batch, cli, remote, secrets):
    remote.delegates.clear()
    ran = cli("safe", "propose", str(batch), "--safe", SAFE, "--service", remote.url, *secrets, "--yes")
    assert (ran.code, ran.out) == (2, "")
    assert "safe batch" in ran.err
    assert SECRET not in ran.err


@pytest.mark.loopback
@pytest.mark.parametrize(("code", "exit_code"), [(422, 3), (401, 2)])
def test_propose__refused__no_secret_in_a_word(batch, cli, remote, secrets, code, exit_code):
    remote.posts.default = status(code, {"message": f"no {API_KEY}"})
    ran = cli("safe", "propose", str(batch), "--safe", SAFE, "--service", remote.url, *secrets, "--yes")
    assert (ran.code, ran.out) == (exit_code, "")
    assert API_KEY not in ran.err
    assert SECRET not in ran.err


@pytest.mark.parametrize("spoil", ["world-readable key", "world-readable API key", "no key", "changed file"])
def test_propose__not_to_be_trusted__exit_2_before_anybody_is_asked(batch, cli, folder, secrets, spoil):
    words = list(secrets)
    if spoil == "world-readable key":
        (folder / "proposer.key").chmod(0o644)
    elif spoil == "world-readable API key":
        (folder / "api.key").chmod(0o640)
    elif spoil == "no key":
        words = words[2:]
    else:
        batch.write_text(batch.read_text().replace("3.00%", "4.00%"))
    ran = cli(
        "safe", "propose", str(batch), "--safe", SAFE, "--service", "http://127.0.0.1:1", *words, "--yes"
    )
    assert (ran.code, ran.out) == (2, "")
    assert SECRET not in ran.err


@pytest.mark.devnet
def test_propose__with_a_chain__checked_against_the_safe(devnet, cli, folder, cache_folder, secrets):
    from aztec_butler.devnet.safe import deploy_safe

    safe = deploy_safe(devnet.chain, [OWNER, PROPOSER], 1, cache_folder=cache_folder)
    (folder / "calls.json").write_text(json.dumps([CALL, CALL]))
    network = ["--network", "devnet", "--l1", devnet.url, "--safe", safe.address]
    assert cli("safe", "batch", "calls.json", "--file", "batch.json", *network).code == 0
    with TransactionService(chain_id=devnet.chain_id, api_key=API_KEY) as remote:
        remote.add_safe(safe.address, owners=safe.owners, threshold=1)
        words = ["--service", remote.url, *secrets, "--yes", "--format", "json"]
        ran = cli("safe", "propose", "batch.json", *network, *words)
    shown = json.loads(ran.out)
    assert (shown["outcome"], shown["is_checked"], shown["confirmations"]) == ("proposed", True, 1)
    told = json.loads(cli("safe", "hash", "batch.json", *network, "--format", "json").out)
    assert (told["safe_tx_hash"], told["is_checked"]) == (shown["safe_tx_hash"], True)
