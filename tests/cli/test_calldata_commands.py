"""Calls from a shell: built without a node, on a real chain, simulated, explained, put into a Safe's file."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from calldata_cases import ALICE, BOB, CASES, GOLDEN, ROLLUP, TOKEN

from aztec_butler import calldata
from aztec_butler.cli.calldata_commands import parse_rate
from aztec_butler.cli.table_of_commands import COMMANDS
from aztec_butler.clients.filled_calldata import BUILDERS
from aztec_butler.core.bls import AttesterRegistration, registration, render_registrations
from aztec_butler.core.errors import InputError
from aztec_butler.core.safe_batch_file import read_batch
from aztec_butler.devnet.chain import DEPLOYER
from aztec_butler.devnet.season_keys import attester_keys, wallet

CAST = json.loads(GOLDEN.read_text())
ADMIN, RECIPIENT = wallet("admin"), wallet("provider rewards")
PLACES = {
    "rollup": ROLLUP,
    "token": TOKEN,
    "gse": CASES["delegate"].place[1],
    "governance_proposer": CASES["signal"].place[1],
    "warehouse": CASES["warehouse_withdraw"].place[1],
}


def options(**given):
    return [word for name, value in given.items() for word in (f"--{name.replace('_', '-')}", str(value))]


def rows(ran):
    assert ran.code == 0, ran.err
    return json.loads(ran.out)["rows"]


@pytest.fixture
def registrations(tmp_path):
    """A function that writes a registration file of numbered attesters, good ones by default."""

    def write(*numbers, made=registration):
        entries = [
            AttesterRegistration(attester=wallet(f"attester {n}"), registration=made(6000 + n))
            for n in numbers
        ]
        path = tmp_path / "registrations.json"
        path.write_text(render_registrations(entries))
        return str(path)

    return write


# --------------------------------------------------------------------------- without a node

# The examples of the builders that need no file and no chain, as one types them.
OFFLINE = {
    "register_provider": ("register-provider", *options(admin=ALICE, take_rate="25%", rewards_recipient=BOB)),
    "update_provider_admin": ("update-provider-admin", "7", BOB),
    "accept_provider_admin": ("accept-provider-admin", "7"),
    "update_rewards_recipient": ("update-rewards-recipient", "7", BOB.lower()),
    "update_take_rate": ("update-take-rate", "7", "100%"),
    "drip_queue": ("drip-queue", "7", "3"),
    "stake": (
        "stake",
        "7",
        *options(withdrawer=ALICE, rewards_recipient=BOB, expected_take_rate=500, rollup_version=4248422647),
        "--moves-with-latest-rollup",
    ),
    "flushEntryQueue()": ("flush-entry-queue",),
    "flushEntryQueue(uint256)": ("flush-entry-queue", "--at-most", "4"),
    "initiate_withdraw": ("initiate-withdraw", ALICE, BOB),
    "finalize_withdraw": ("finalize-withdraw", ALICE),
    "claim_sequencer_rewards": ("claim-sequencer-rewards", ALICE),
    "rollup_vote": ("rollup-vote", "3"),
    "approve": ("approve", ALICE, "200000000000000000000000 wei"),
    "transfer": ("transfer", ALICE, "1 wei"),
    "warehouse_withdraw": ("warehouse-withdraw", ALICE, "--token", TOKEN),
    "delegate": ("delegate", ALICE, BOB, "--instance", ROLLUP),
    "gse_vote": ("gse-vote", "3", "1.0", "--against"),
    "signal": ("signal", ALICE),
}


@pytest.mark.parametrize(("name", "words"), OFFLINE.items(), ids=list(OFFLINE))
def test_command__example__prints_what_cast_makes_and_asks_nobody(cli, name, words):
    parameter, place = CASES[name].place
    ran = cli("calldata", *words, *options(**{parameter: place}), "--format", "json")
    (row,) = rows(ran)
    assert (row["to"], row["data"], row["value_wei"]) == (place, CAST[name], "0")
    # Nobody was asked what the token is.
    unknown = {"has_18_decimals": False} if name in ("approve", "transfer") else {}
    assert row["summary"] == CASES[name].build({**CASES[name].example, **unknown}).summary
    document = json.loads(ran.out)
    assert (document["network"], document["chain_id"]) == ("mainnet", 1)


def test_commands__of_the_group__are_the_builders():
    words = {word.replace("-", "_") for word in COMMANDS["calldata"]}
    assert words == {*BUILDERS, "explain", "simulate"}


def test_command__for_eyes__tells_sentence_receiver_and_data(cli):
    ran = cli("calldata", "update-take-rate", "7", "25%")
    assert ran.code == 0
    assert ran.out.splitlines() == [
        "Change the take rate of provider 7 to 25.00% for future delegations",
        "  to     0x042dF8f42790d6943F41C25C2132400fd727f452",
        f"  data   0xcea00fa5{7:064x}{2500:064x}",
    ]
    assert "not compared with the chain" in ran.err
    assert "mainnet (chain 1)" in ran.err


def test_command__of_another_network__goes_to_its_contract(cli):
    (row,) = rows(cli("calldata", "accept-provider-admin", "7", "--network", "testnet", "--format", "json"))
    assert row["to"] == "0xC6EcC1832c8BF6a41c927BEb4E9ec610FBeDd1C2"


@pytest.mark.parametrize(
    ("words", "missing"),
    [
        (["flush-entry-queue"], "--rollup"),
        (["transfer", ALICE, "1"], "--token"),
        (["delegate", ALICE, BOB], "--gse, --instance"),
        (["warehouse-withdraw", ALICE], "--token, --warehouse"),
        (["distribute", ALICE, "--token", TOKEN, "--distributor", ALICE], "--l1"),
    ],
)
def test_command__without_what_it_needs__says_how_to_tell_it(cli, words, missing):
    ran = cli("calldata", *words)
    assert (ran.code, ran.out) == (2, "")
    assert missing in ran.err


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["update-take-rate", "7", "10001"], "10,000 basis points"),
        (["update-take-rate", "7", "100.01%"], "10,000 basis points"),
        (["update-take-rate", "7", "0.001%"], "finer"),
        (["update-take-rate", "7", "much"], "25%"),
        (["update-take-rate", "7", "nan"], "basis point"),
        (["accept-provider-admin", "0"], "provider_id"),
        (["accept-provider-admin", "1e3"], "whole number"),
        (["accept-provider-admin"], "does not fit"),
        (["register-provider", "--admin", ALICE], "does not fit"),
        (["transfer", ALICE, "0", "--token", TOKEN], "amount_wei"),
        (["transfer", ALICE, "1 ETH", "--token", TOKEN], "amount of tokens"),
        (["transfer", "0x" + "00" * 20, "1 wei", "--token", TOKEN], "nobody"),
        (["approve", "0xcA11bde05977b3631167028862bE2a173976CA11", "1 wei", "--token", TOKEN], "everybody"),
        (["flush-entry-queue", "--at-most", "0", "--rollup", ROLLUP], "at_most"),
        (["accept-provider-admin", "7", "--simulate"], "--sender"),
        (["accept-provider-admin", "7", "--safe-file", "x.json"], "--sender"),
        (["accept-provider-admin", "7", "--at", "5"], "--simulate"),
        (["accept-provider-admin", "7", "--simulate", "--sender", ALICE, "--at", "soon"], "Unix seconds"),
        (["accept-provider-admin", "7", "--simulate", "--sender", ALICE], "no L1 endpoint"),
    ],
)
def test_command__mistake__is_refused_before_anything_happens(cli, words, told):
    ran = cli("calldata", *words)
    assert (ran.code, ran.out) == (2, "")
    assert told in ran.err


def test_parse_rate__percent_and_basis_points__are_exact():
    assert [parse_rate(text) for text in ("0", "5%", "0.01%", " 2500 ", "12.5 %")] == [0, 500, 1, 2500, 1250]
    for text in ("", "%", "1e999999999", "0.5", "inf%", "-1", "1.234%", "1_0", "٣%"):
        with pytest.raises(InputError):
            parse_rate(text)


# --------------------------------------------------------------------------- keys


def test_add_keys__file__goes_into_chunks(cli, registrations):
    path = registrations(1, 2, 3)
    made = rows(
        cli(
            "calldata", "add-keys", "7", path, "--no-duplicate-check", "--chunk-size", "2", "--format", "json"
        )
    )
    keys = [(wallet(f"attester {n}"), *_points(registration(6000 + n))) for n in (1, 2, 3)]
    calls = calldata.add_keys(7, keys, chunk_size=2)
    assert [row["data"] for row in made] == ["0x" + call.data.hex() for call in calls]
    assert [row["summary"] for row in made] == [call.summary for call in calls]


def _points(made):
    return made.public_key_g1, made.public_key_g2, made.proof_of_possession


def test_add_keys__bad_registration__is_refused_unless_unverified(cli, registrations):
    def swapped(number):
        import attrs

        return attrs.evolve(
            registration(number), proof_of_possession=registration(number + 1).proof_of_possession
        )

    path = registrations(1, made=swapped)
    ran = cli("calldata", "add-keys", "7", path, "--no-duplicate-check")
    assert (ran.code, ran.out) == (2, "")
    assert wallet("attester 1") in ran.err
    assert (
        len(
            rows(
                cli(
                    "calldata",
                    "add-keys",
                    "7",
                    path,
                    "--no-duplicate-check",
                    "--unverified",
                    "--format",
                    "json",
                )
            )
        )
        == 1
    )


def test_deposit__of_two_attesters__is_refused(cli, registrations):
    path = registrations(1, 2)
    ran = cli("calldata", "deposit", path, "--withdrawer", BOB, "--rollup", ROLLUP, "--no-duplicate-check")
    assert (ran.code, ran.out) == (2, "")
    (row,) = rows(
        cli(
            "calldata",
            "deposit",
            registrations(1),
            "--withdrawer",
            BOB,
            "--rollup",
            ROLLUP,
            "--no-duplicate-check",
            "--format",
            "json",
        )
    )
    key = (wallet("attester 1"), *_points(registration(6001)))
    call = calldata.deposit(key, withdrawer=BOB, moves_with_latest_rollup=False, rollup=ROLLUP)
    assert row["data"] == "0x" + call.data.hex()


@pytest.mark.parametrize("content", [None, b"", b"{", b"[]", b"[5]", b"\xff"], ids=str)
def test_add_keys__what_is_no_file_of_registrations__is_refused_by_name(cli, tmp_path, content):
    path = tmp_path / "keys.json"
    if content is not None:
        path.write_bytes(content)
    ran = cli("calldata", "add-keys", "7", str(path), "--no-duplicate-check")
    assert (ran.code, ran.out) == (2, "")
    assert str(path) in ran.err


# --------------------------------------------------------------------------- explained


def test_explain__what_a_command_wrote__in_every_form(cli, tmp_path):
    document, words, safe = (tmp_path / name for name in ("calls.json", "data.hex", "safe.json"))
    made = ("calldata", "update-take-rate", "7", "25%")
    assert cli(*made, "--format", "json", "--output", str(document)).code == 0
    assert cli(*made, "--sender", ALICE, "--safe-file", str(safe)).code == 0
    (row,) = json.loads(document.read_text())["rows"]
    words.write_text(row["data"] + "\n")
    tellings = [
        cli("calldata", "explain", what) for what in (row["data"], str(words), str(document), str(safe))
    ]
    for ran in tellings:
        assert (ran.code, ran.err) == (0, "")
        assert "take_rate_bps  2500 (25.00%)" in ran.out
        assert "updateProviderTakeRate(uint256,uint16) of staking_registry" in ran.out
    assert tellings[3].out.startswith("file of 1 transaction")
    (found,) = json.loads(cli("calldata", "explain", str(document), "--format", "json").out)["rows"]
    assert found["signature"] == "updateProviderTakeRate(uint256,uint16)"
    assert [value["field"] for value in found["values"]] == ["provider_id", "take_rate_bps"]


def test_explain__unknown_function__is_said_and_no_error(cli):
    ran = cli("calldata", "explain", "0xdeadbeef")
    assert ran.code == 0
    assert "unknown function" in ran.out


@pytest.mark.parametrize("words", [["deadbeef"], ["0x1"], ["0xzz"], ["nowhere.json"], []])
def test_explain__what_is_no_calldata__is_refused(cli, words):
    ran = cli("calldata", "explain", *words)
    assert (ran.code, ran.out) == (2, "")


# --------------------------------------------------------------------------- files for a Safe


def test_safe_file__of_many_calls__is_split_and_intact(cli, tmp_path, registrations):
    path = registrations(*range(1, 4))
    target = tmp_path / "keys.json"
    words = (
        "calldata",
        "add-keys",
        "7",
        path,
        "--no-duplicate-check",
        "--chunk-size",
        "1",
        "--sender",
        ALICE,
    )
    ran = cli(*words, "--safe-file", str(target))
    assert ran.code == 0
    assert f"written to {target}: 3 calls for Safe {ALICE}" in ran.err
    read = read_batch(target.read_bytes())
    assert (read.is_intact, read.batch.chain_id, read.batch.safe) == (True, 1, ALICE)
    assert [call.data for call in read.batch.calls] == [
        bytes.fromhex(row["data"][2:]) for row in rows(cli(*words, "--format", "json"))
    ]


def test_safe_file__where_a_folder_is__is_refused(cli, tmp_path):
    ran = cli("calldata", "accept-provider-admin", "7", "--sender", ALICE, "--safe-file", str(tmp_path))
    assert ran.code == 2
    assert list(tmp_path.glob("*.json")) == []


def test_safe_file__of_several__is_numbered_as_safe_batch_does(cli, tmp_path, registrations):
    target = tmp_path / "keys.json"
    words = (
        "calldata",
        "add-keys",
        "7",
        registrations(*range(1, 102)),
        "--unverified",
        "--chunk-size",
        "1",
        "--no-duplicate-check",
    )
    ran = cli(*words, "--sender", ALICE, "--safe-file", str(target))
    assert ran.code == 0
    assert sorted(path.name for path in tmp_path.glob("keys*")) == ["keys-1-of-2.json", "keys-2-of-2.json"]


# --------------------------------------------------------------------------- files of others


@pytest.fixture
def safe_file(cli, tmp_path):
    """A Safe's file of one call, made by a command."""
    path = tmp_path / "safe.json"
    made = ("calldata", "update-take-rate", "7", "25%", "--sender", ALICE, "--safe-file", str(path))
    assert cli(*made).code == 0
    return path


@pytest.mark.parametrize(
    ("old", "new", "network", "sender", "told"),
    [
        ('"value": "0"', '"value": "1"', "mainnet", ALICE, "changed since it was made"),
        ("", "", "testnet", ALICE, "another network"),
        ("", "", "mainnet", BOB, "another Safe"),
    ],
    ids=["changed", "another chain", "another Safe"],
)
def test_simulate__safe_file_that_is_not_what_it_should_be__is_refused(
    cli, tmp_path, safe_file, old, new, network, sender, told
):
    safe_file.write_text(safe_file.read_text().replace(old, new))
    fresh = tmp_path / "fresh.json"
    words = ("calldata", "simulate", str(safe_file), "--network", network, "--l1", "http://127.0.0.1:1")
    ran = cli(*words, "--sender", sender, "--safe-file", str(fresh))
    assert (ran.code, ran.out) == (2, "")
    assert told in ran.err
    assert not fresh.exists()


def test_batch__of_calls_of_another_chain__is_refused(cli, tmp_path):
    path = tmp_path / "calls.json"
    made = ("calldata", "flush-entry-queue", "--rollup", ROLLUP, "--network", "testnet")
    assert cli(*made, "--format", "json", "--output", str(path)).code == 0
    ran = cli("calldata", "batch", str(path))
    assert (ran.code, ran.out) == (2, "")
    assert "another chain" in ran.err
    assert cli("calldata", "batch", str(path), "--network", "testnet").code == 0


# --------------------------------------------------------------------------- batches


def test_batch__of_what_commands_wrote__is_the_builders(cli, tmp_path):
    path = tmp_path / "claims.json"
    claim = ("calldata", "claim-sequencer-rewards", ALICE, "--rollup", ROLLUP)
    assert cli(*claim, "--format", "json", "--output", str(path)).code == 0
    (row,) = rows(cli("calldata", "batch", str(path), "--allow-failure", "--format", "json"))
    call = calldata.batch([calldata.claim_sequencer_rewards(ALICE, rollup=ROLLUP)], allow_failure=True)
    assert (row["to"], row["data"]) == (call.to, "0x" + call.data.hex())
    assert "looks like claimSequencerRewards(address) of a rollup" in row["summary"]


def test_batch__of_a_strangers_file__cannot_steer_the_terminal(cli, tmp_path):
    path = tmp_path / "calls.json"
    row = {"to": ROLLUP, "data": "0x1d934975", "summary": "harmless\x1b[2J"}
    path.write_text(json.dumps({"rows": [row]}))
    ran = cli("calldata", "batch", str(path))
    assert (ran.code, "\x1b" in ran.out) == (0, False)


def test_batch__of_an_approval__is_refused(cli, tmp_path):
    path = tmp_path / "approval.json"
    approve = ("calldata", "approve", ALICE, "1 wei", "--token", TOKEN)
    assert cli(*approve, "--format", "json", "--output", str(path)).code == 0
    ran = cli("calldata", "batch", str(path))
    assert (ran.code, ran.out) == (2, "")
    assert "sender" in ran.err


# --------------------------------------------------------------------------- on a real chain


@pytest.fixture
def chain(devnet, monkeypatch):
    """The devnet as the settings' network, with provider 1 and one attester in the entry queue."""
    addresses = devnet.addresses
    for name, value in {
        "NETWORK": "devnet",
        "L1": devnet.url,
        "REGISTRY": addresses["registry"],
        "STAKING_REGISTRY": addresses["staking_registry"],
    }.items():
        monkeypatch.setenv(f"AZTEC_BUTLER_{name}", value)
    registry = devnet.contract("staking_registry")
    registry.send("registerProvider", ADMIN, 500, RECIPIENT, sender=ADMIN)
    registry.send("addKeysToProvider", 1, [attester_keys(1).key_store], sender=ADMIN)
    return devnet


def document(ran):
    return json.loads(ran.out)


@pytest.mark.devnet
def test_simulate__on_a_builder__proves_it_and_tells_what_it_changes(cli, chain):
    ran = cli("calldata", "update-take-rate", "1", "6%", "--simulate", "--sender", ADMIN, "--format", "json")
    assert ran.code == 0
    simulation = document(ran)["simulation"]
    assert (simulation["succeeds"], simulation["sender"]) == (True, ADMIN)
    (call,) = simulation["calls"]
    assert call["verdict"] == "succeeds"
    assert call["events"] == [
        {
            "event": "ProviderTakeRateUpdated(uint256,uint16)",
            "role": "staking_registry",
            "address": chain.addresses["staking_registry"],
            "values": {"provider_id": 1, "new_take_rate_bps": 600},
        }
    ]
    (row,) = document(ran)["rows"]
    receipt = chain.chain.send(row["to"], bytes.fromhex(row["data"][2:]), sender=ADMIN)
    assert receipt.gas_used == call["gas"]
    assert (
        "would succeed" in cli("calldata", "update-take-rate", "1", "7%", "--simulate", "--sender", ADMIN).out
    )


@pytest.mark.devnet
def test_simulate__that_reverts__is_exit_5_and_writes_no_safe_file(cli, chain, tmp_path):
    target = tmp_path / "safe.json"
    words = ("calldata", "update-take-rate", "1", "6%", "--simulate", "--sender", RECIPIENT)
    ran = cli(*words, "--safe-file", str(target))
    assert ran.code == 5
    assert "StakingRegistry__NotProviderAdmin" in ran.out
    assert "only the provider's admin" in ran.out
    assert not target.exists()
    assert "was not written" in ran.err
    told = document(cli(*words, "--format", "json"))["simulation"]["calls"][0]["revert"]
    assert told["error"] == "StakingRegistry__NotProviderAdmin()"


@pytest.mark.devnet
def test_simulate__terms_that_the_provider_has__are_refused_before(cli, chain):
    ran = cli("calldata", "update-take-rate", "1", "5%", "--simulate", "--sender", ADMIN)
    assert (ran.code, ran.out) == (2, "")
    assert "already" in ran.err
    assert cli("calldata", "drip-queue", "2", "1", "--simulate", "--sender", ADMIN).code == 4


@pytest.mark.devnet
def test_addresses__not_given__are_the_networks(cli, chain):
    for words, role in (
        (("flush-entry-queue",), "rollup"),
        (("transfer", ALICE, "1"), "staking_asset"),
        (("signal", ALICE), "governance_proposer"),
    ):
        (row,) = rows(cli("calldata", *words, "--format", "json"))
        assert row["to"] == chain.addresses[role]


@pytest.mark.devnet
def test_simulate__file_of_calls__runs_them_in_order(cli, chain, tmp_path, registrations):
    path, safe = tmp_path / "deposit.json", tmp_path / "safe.json"
    words = ("attester", "deposit", registrations(1, 2), "--withdrawer", BOB, "--sender", DEPLOYER)
    ran = cli(*words, "--format", "json", "--output", str(path), "--safe-file", str(safe))
    assert ran.code == 0
    for what in (path, safe):
        ran = cli("calldata", "simulate", str(what), "--sender", DEPLOYER, "--format", "json")
        assert ran.code == 0
        told = document(ran)["simulation"]
        assert [call["verdict"] for call in told["calls"]] == ["succeeds"] * 3
        threshold = chain.contract("gse").read("ACTIVATION_THRESHOLD")
        assert {change["change_wei"] for change in told["balance_changes"]} == {
            str(-2 * threshold),
            str(2 * threshold),
        }
    assert chain.contract("rollup").read("getEntryQueueLength") == 0  # nothing was sent
    ran = cli("calldata", "simulate", str(path), "--sender", ALICE)
    assert ran.code == 5
    assert "fewer tokens" in ran.out or "may not take" in ran.out
    assert cli("calldata", "simulate", str(path)).code == 2


@pytest.mark.devnet
def test_simulate__hex__needs_its_receiver(cli, chain):
    assert cli("calldata", "simulate", "0x1d934975", "--sender", ALICE).code == 2
    ran = cli("calldata", "simulate", "0x1d934975", "--to", chain.addresses["rollup"], "--sender", ALICE)
    assert ran.code == 0
    assert "would succeed" in ran.out


@pytest.mark.devnet
def test_attester_deposit__signed_in_order__queues_everybody(cli, chain, registrations):
    made = rows(cli("attester", "deposit", registrations(1, 2), "--withdrawer", BOB, "--format", "json"))
    assert len(made) == 3
    for row in made:
        chain.chain.send(row["to"], bytes.fromhex(row["data"][2:]), sender=DEPLOYER)
    queued = [chain.contract("rollup").read("getEntryQueueAt", place)[:2] for place in (0, 1)]
    assert queued == [(wallet("attester 1"), BOB), (wallet("attester 2"), BOB)]
    approved = rows(
        cli("attester", "deposit", registrations(3), "--withdrawer", BOB, "--approved", "--format", "json")
    )
    assert len(approved) == 1


@pytest.mark.devnet
def test_attester_register__of_a_provider__lists_the_keys(cli, chain, registrations):
    (row,) = rows(cli("attester", "register", "1", registrations(1, 2), "--format", "json"))
    chain.chain.send(row["to"], bytes.fromhex(row["data"][2:]), sender=ADMIN)
    assert chain.contract("staking_registry").read("getProviderQueueLength", 1) == 3
    assert cli("attester", "register", "2", registrations(3)).code == 4


# --------------------------------------------------------------------------- a real process


def test_process__address_with_leading_zeros__stays_an_address():
    zeros = "0x00000000000000000000000000000000000000aa"
    ran = subprocess.run(
        [sys.executable, "-m", "aztec_butler", "calldata", "finalize-withdraw", zeros, "--rollup", zeros],
        capture_output=True,
        text=True,
        check=True,
    )
    assert f"0xf85494de{0xAA:064x}" in ran.stdout
