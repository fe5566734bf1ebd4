"""What operators ask from a shell, on real contracts: answers, exit codes, and nothing built on half an answer."""

from __future__ import annotations

import json

import fault_proxy as faults
import pytest

from aztec_butler.core.bls import AttesterRegistration, render_registrations
from aztec_butler.devnet.season_keys import attester_keys, wallet
from aztec_butler.devnet.staking_moves import Deposit, StakingMoves

ADMIN, HEIR, RECIPIENT, OWNER = (wallet(name) for name in ("admin", "heir", "provider rewards", "owner"))
ZERO, NOBODY = "0x" + "0" * 40, "0x00000000000000000000000000000000000000AA"
VALIDATING, QUEUED, DIRECT, LISTED, NEW = 1, 2, 3, 4, 60


def address(number: int) -> str:
    return attester_keys(number).address


@pytest.fixture
def chain(devnet, monkeypatch):
    """Provider 1 with an attester in the set, one in the entry queue and one key left; and somebody on his own."""
    addresses = devnet.addresses
    for name, value in {
        "NETWORK": "devnet",
        "L1": devnet.url,
        "REGISTRY": addresses["registry"],
        "STAKING_REGISTRY": addresses["staking_registry"],
    }.items():
        monkeypatch.setenv(f"AZTEC_BUTLER_{name}", value)
    monkeypatch.setenv("AZTEC_BUTLER_TIMEOUT_SECONDS", "5")
    moves = StakingMoves(devnet, devnet.rollups[-1])
    registry = devnet.contract("staking_registry")
    registry.send("registerProvider", ADMIN, 500, RECIPIENT, sender=ADMIN)
    keys = [attester_keys(number).key_store for number in (VALIDATING, QUEUED, LISTED)]
    registry.send("addKeysToProvider", 1, keys, sender=ADMIN)
    for number in range(2):
        moves.fund([OWNER], registry.address)
        registry.send("stake", 1, moves.version, OWNER, 500, wallet("rewards"), True, sender=OWNER)
        if number == 0:
            moves.flush_all()
    moves.deposit([Deposit(keys=attester_keys(DIRECT), withdrawer=OWNER)])
    return devnet


@pytest.fixture
def registrations(tmp_path):
    """A function that writes a registration file: numbers, or (address of one, key of another)."""

    def write(*entries):
        path = tmp_path / "registrations.json"
        pairs = [each if isinstance(each, tuple) else (each, each) for each in entries]
        path.write_text(
            render_registrations(
                AttesterRegistration(attester=address(name), registration=attester_keys(key).registration)
                for name, key in pairs
            )
        )
        return str(path)

    return write


def document(ran, code=0):
    assert ran.code == code, ran.err
    return json.loads(ran.out)


# --------------------------------------------------------------------------- duplicates


@pytest.mark.devnet
def test_check_duplicates__known_ones__are_exit_5_and_new_ones_0(cli, chain, registrations):
    path = registrations(NEW, VALIDATING, QUEUED, LISTED, (61, DIRECT), NEW)
    told = document(cli("keys", "check-duplicates", path, "--format", "json"), 5)
    assert [(row["position"], row["known_by"], row["place"]) for row in told["rows"]] == [
        (1, "attester", "gse"),
        (2, "attester", "entry-queue"),
        (3, "attester", "provider-queue"),
        (4, "bls-key", "entry-queue"),
        (5, "attester", "list"),
    ]
    assert told["rows"][3]["other_attester"] == address(DIRECT)
    assert told["keys"] == 6
    shown = cli("keys", "check-duplicates", path)
    assert "1 of 6 keys are new" in shown.err
    assert "queue of provider 1" in shown.out
    assert document(cli("keys", "check-duplicates", registrations(NEW, 61), "--format", "json"))["rows"] == []


COMMANDS = {
    "calldata add-keys": ("calldata", "add-keys", "1", "FILE"),
    "attester register": ("attester", "register", "1", "FILE"),
    "calldata deposit": ("calldata", "deposit", "FILE", "--withdrawer", OWNER),
    "attester deposit": ("attester", "deposit", "FILE", "--withdrawer", OWNER),
}


@pytest.mark.devnet
@pytest.mark.parametrize("words", COMMANDS.values(), ids=list(COMMANDS))
def test_builders__known_key__is_refused_unless_nobody_is_to_look(cli, chain, registrations, words):
    for entry in (LISTED, QUEUED, VALIDATING, (61, LISTED)):
        path = registrations(entry)
        given = [path if word == "FILE" else word for word in words]
        ran = cli(*given)
        assert (ran.code, ran.out) == (2, "")
        assert address(entry[0] if isinstance(entry, tuple) else entry) in ran.err
        left_out = cli(*given, "--no-duplicate-check", "--format", "json")
        assert document(left_out)["duplicate_check"] == "not made"
        assert "left out" in left_out.err
    path = registrations(NEW)
    ran = cli(*(path if word == "FILE" else word for word in words), "--format", "json")
    assert document(ran)["duplicate_check"] == "passed"
    assert "none of these keys is known" in ran.err


@pytest.mark.devnet
@pytest.mark.parametrize("words", COMMANDS.values(), ids=list(COMMANDS))
def test_builders__node_that_fails_in_the_middle__build_nothing(
    cli, chain, registrations, words, monkeypatch
):
    path = registrations(NEW)
    given = [path if word == "FILE" else word for word in words]
    with faults.FaultyNode(upstream=chain.url) as node:
        monkeypatch.setenv("AZTEC_BUTLER_L1", node.url)
        assert cli(*given).code == 0
        calls = sum(method == "eth_call" for calls in node.requests for method, _ in calls)
        for healthy in (1, calls // 2, calls - 1):
            asked = iter(range(10**6))
            node.decide(
                lambda batch, asked=asked, healthy=healthy: (
                    faults.http_status(403)
                    if any(method == "eth_call" and next(asked) >= healthy for method, _ in batch)
                    else None
                )
            )
            ran = cli(*given)
            assert (ran.code, ran.out) == (3, ""), healthy


@pytest.mark.parametrize("words", list(COMMANDS.values())[::2], ids=list(COMMANDS)[::2])
def test_builders__without_an_endpoint__build_nothing_unless_told_to(cli, registrations, words):
    path = registrations(NEW)
    given = [path if word == "FILE" else word for word in words]
    if words[1] == "deposit":
        given += ["--rollup", OWNER]
    for quiet in ((), ("--quiet",)):
        ran = cli(*given, *quiet)
        assert (ran.code, ran.out) == (2, "")
        assert "--l1" in ran.err
        assert "--no-duplicate-check" in ran.err
    said = cli(*given, "--no-duplicate-check")
    assert (said.code, "left out" in said.err) == (0, True)


@pytest.mark.devnet
@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("update-take-rate", "1", "RATE"), "rate"),
        (("drip-queue", "1", "100"), "keys"),
        (("accept-provider-admin", "99"), "provider"),
        (("update-take-rate", "99", "1%"), "provider"),
    ],
)
def test_builders__that_the_chain_would_refuse__are_refused_where_there_is_a_node(cli, chain, words, told):
    (provider,) = [
        row for row in document(cli("providers", "--format", "json"))["rows"] if row["provider_id"] == 1
    ]
    given = [str(provider["take_rate_bps"] / 100) + "%" if word == "RATE" else word for word in words]
    ran = cli("calldata", *given)
    assert (ran.code in {2, 4}, ran.out) == (True, "")
    assert told in ran.err


@pytest.mark.loopback
def test_add_keys__endpoint_that_is_dead__is_refused(cli, registrations, monkeypatch):
    monkeypatch.setenv("AZTEC_BUTLER_L1", "http://127.0.0.1:1")
    ran = cli("calldata", "add-keys", "7", registrations(NEW))
    assert (ran.code, ran.out) == (3, "")


def test_check_duplicates__without_an_endpoint_or_a_file__is_refused(cli, registrations):
    assert cli("keys", "check-duplicates", registrations(NEW)).code == 2
    assert cli("keys", "check-duplicates", "nowhere.json").code == 2


# --------------------------------------------------------------------------- providers


@pytest.mark.devnet
def test_provider_id__of_an_admin__and_of_nobody(cli, chain):
    (row,) = document(cli("provider-id", ADMIN.lower(), "--format", "json"))["rows"]
    assert (row["provider_id"], row["admin"], row["keys_queued"]) == (1, ADMIN, 1)
    nobody = cli("provider-id", HEIR)
    assert (nobody.code, nobody.out) == (4, "")
    chain.contract("staking_registry").send("updateProviderAdmin", 1, HEIR, sender=ADMIN)
    heir = cli("provider-id", HEIR)
    assert (heir.code, "accept-provider-admin" in heir.err) == (4, True)
    assert cli("provider-id", "0x12").code == 2


@pytest.mark.devnet
def test_provider_show__of_one__tells_everything(cli, chain):
    registry = chain.contract("staking_registry")
    registry.send("updateProviderAdmin", 1, HEIR, sender=ADMIN)
    # A key that waits in the entry queue already, and one whose BLS key is in the set.
    made = attester_keys(VALIDATING).key_store
    registry.send(
        "addKeysToProvider",
        1,
        [attester_keys(DIRECT).key_store, (address(70), *made[1:])],
        sender=ADMIN,
    )
    found = document(cli("provider", "show", "1", "--format", "json"))
    assert (found["admin"], found["pending_admin"], found["take_rate_bps"]) == (ADMIN, HEIR, 500)
    assert (found["keys_queued"], found["delegations"], found["recent_delegations"]) == (3, 2, 2)
    assert found["runway_seconds"] > 0
    troubles = [key["trouble"] for key in found["next_keys"]]
    assert [key["attester"] for key in found["next_keys"]] == [address(LISTED), address(DIRECT), address(70)]
    assert troubles[0] is None
    assert "entry queue" in troubles[1]
    assert "BLS key" in troubles[2]
    shown = cli("provider", "show", "1")
    assert "2 of the next 3 keys are known elsewhere" in shown.err
    assert "pending_admin" in shown.out
    assert len(document(cli("provider", "show", "1", "--keys", "1", "--format", "json"))["next_keys"]) == 1
    assert document(cli("provider", "show", "1", "--keys", "0", "--format", "json"))["next_keys"] == []
    assert cli("provider", "show", "2").code == 4
    assert cli("provider", "show", "0").code == 2
    assert cli("provider", "show", "1", "--keys", "-1").code == 2


# --------------------------------------------------------------------------- queues


@pytest.mark.devnet
def test_queue_stats__of_the_rollup__are_its_numbers(cli, chain):
    (row,) = document(cli("queue", "stats", "--format", "json"))["rows"]
    rollup = chain.contract("rollup")
    assert (row["length"], row["active"], row["will_fail"]) == (2, 1, 0)
    assert row["flush_size"] == rollup.read("getEntryQueueFlushSize")
    assert (row["is_canonical"], row["stall"]) == (True, None)
    assert "last_activation_at" in cli("queue", "stats").out


@pytest.mark.devnet
def test_queue_runway__windows__unknown_is_no_number(cli, chain):
    told = document(cli("queue", "runway", "1", "--windows", "1d,30d", "--format", "json"))["rows"]
    (row,) = told  # the provider is younger than a day
    assert (row["keys_queued"], row["delegations"]) == (1, 2)
    assert row["runway_seconds"] == row["window_seconds"] // 2
    chain.chain.wait(40 * 86_400)
    quiet = cli("queue", "runway", "1", "--windows", "1d,30d")
    lines = quiet.out.splitlines()
    assert [line.split()[-2:] for line in lines[1:3]] == [["-", "-"]] * 2
    assert "not known from 2 of 3 windows" in quiet.err
    rows = document(cli("queue", "runway", "1", "--windows", "1d,30d", "--format", "json"))["rows"]
    assert [row["runway_seconds"] is None for row in rows] == [True, True, False]
    assert cli("queue", "runway", "9").code == 4
    assert cli("queue", "runway", "1", "--windows", "soon").code == 2
    assert cli("queue", "runway", "1", "--windows", "0s").code == 2


# --------------------------------------------------------------------------- coinbases


@pytest.mark.devnet
def test_coinbase_check__file_of_coinbases__problems_are_exit_5(cli, chain, tmp_path):
    path = tmp_path / "coinbases.json"
    path.write_text(json.dumps({address(VALIDATING): NOBODY, address(QUEUED): None, address(LISTED): None}))
    words = ("coinbase", "check", "--coinbases", str(path), "--provider-id", "1")
    told = document(cli(*words, "--format", "json"), 5)["rows"]
    assert [(row["attester"], row["verdict"]) for row in told] == [
        (address(QUEUED), "missing"),
        (address(VALIDATING), "wrong"),
        (address(LISTED), "idle"),
    ]
    assert told[0]["activates_in_seconds"] >= 0
    shown = cli(*words)
    assert (shown.code, "1 of 3 attesters are in order" in shown.err) == (5, True)
    path.write_text(json.dumps({row["attester"]: row["expected"] for row in told}))
    assert cli(*words).code == 0
    path.write_text("{}")
    told = document(cli(*words, "--format", "json"), 5)
    assert {row["verdict"] for row in told["rows"]} == {"unknown"}
    assert cli("coinbase", "check", "--coinbases", str(path), "--provider-id", "5").code == 4


@pytest.mark.devnet
def test_coinbase_check__keystore__is_read_and_set_coinbase_mends_it(cli, chain, tmp_path):
    keystore = tmp_path / "keystore.json"
    signed = {"remoteSignerUrl": "https://signer.example"}
    keystore.write_text(
        json.dumps(
            {
                "schemaVersion": 1,
                "validators": [
                    {"attester": {"address": address(number), **signed}, "feeRecipient": "0x" + "00" * 32}
                    for number in (VALIDATING, QUEUED, LISTED)
                ],
            }
        )
    )
    keystore.chmod(0o600)
    told = document(cli("coinbase", "check", str(keystore), "--provider-id", "1", "--format", "json"), 5)[
        "rows"
    ]
    assert [row["verdict"] for row in told] == ["missing", "missing", "idle"]
    words = ("--policy", "split", "--provider-id", "1", "--write")
    assert cli("keystore", "set-coinbase", str(keystore), *words).code == 0
    again = document(cli("coinbase", "check", str(keystore), "--provider-id", "1", "--format", "json"))[
        "rows"
    ]
    assert [row["verdict"] for row in again] == ["right", "right", "idle"]
    document_text = keystore.read_text()
    keystore.write_text(document_text.replace(again[0]["expected"], ZERO))
    zero = document(cli("coinbase", "check", str(keystore), "--provider-id", "1", "--format", "json"), 5)[
        "rows"
    ]
    assert [(row["verdict"], row["configured"]) for row in zero[:2]] == [
        ("wrong", ZERO),
        ("right", again[1]["expected"]),
    ]
    keystore.write_text(document_text)
    wallet_words = ("--policy", "wallet", "--wallet", NOBODY)
    assert cli("coinbase", "check", str(keystore), *wallet_words).code == 5


@pytest.mark.parametrize(
    "words",
    [
        (),
        ("a.json", "--coinbases", "b.json"),
        ("--coinbases", "nowhere.json"),
        ("nowhere.json",),
        ("--coinbases", "FILE"),  # of splits of any provider
        ("--coinbases", "FILE", "--policy", "keep"),  # of nobody
        ("--coinbases", "FILE", "--policy", "wallet"),
        ("--coinbases", "FILE", "--wallet", NOBODY, "--provider-id", "1"),
        ("--coinbases", "FILE", "--policy", "both"),
    ],
)
def test_coinbase_check__mistake__is_refused_before_a_chain_is_asked(cli, network, tmp_path, words):
    path = tmp_path / "coinbases.json"
    path.write_text("{}")
    ran = cli("coinbase", "check", *(str(path) if word == "FILE" else word for word in words))
    assert (ran.code, ran.out, network.connected) == (5 if words == ("nowhere.json",) else 2, "", [])
