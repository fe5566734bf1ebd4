"""The watcher as somebody uses it, on real contracts: from an event to its effect, and what is told about it."""

from __future__ import annotations

import json
import signal
import time

import pytest
from fault_proxy import FaultyNode, http_status
from node_stand_in import AztecStandIn
from watching import WatcherProcess, Watching, notices

from aztec_butler.clients.safe_signer import ProposerKey
from aztec_butler.core.bls import AttesterRegistration, render_registrations
from aztec_butler.core.hexes import keccak256
from aztec_butler.core.safe_batch_file import read_batch
from aztec_butler.core.safe_transaction import transaction_of
from aztec_butler.devnet.checkpoints import Checkpoints
from aztec_butler.devnet.safe import deploy_safe
from aztec_butler.devnet.season_keys import attester_keys, wallet
from aztec_butler.devnet.staking_moves import Deposit, StakingMoves
from aztec_butler.store.journal import journal_file
from aztec_butler.store.journal_lock import hold_lock

pytestmark = pytest.mark.devnet

ETHER = 10**18
ADMIN, STAKER, RECIPIENT = wallet("admin"), wallet("staker"), wallet("provider rewards")
PUBLISHER = wallet("publisher of a watcher")
OWNERS = [ProposerKey(keccak256(b"owner of a watched Safe" + bytes([n])).hex()).address for n in range(2)]
OURS, DIRECT = (0, 1, 2), (20, 21, 22, 23)
FOR_EVER = "100000d"


@pytest.fixture
def registry(devnet):
    registry = devnet.contract("staking_registry")
    registry.send("registerProvider", ADMIN, 500, RECIPIENT, sender=ADMIN)
    registry.send("addKeysToProvider", 1, [attester_keys(number).key_store for number in OURS], sender=ADMIN)
    devnet.chain.mine_many(4)
    return registry


@pytest.fixture
def node():
    with AztecStandIn("p2p3", nodeAdmin_reloadKeystore=None, nodeAdmin_getConfig={}) as node:
        yield node


@pytest.fixture
def keystore(tmp_path):
    path = tmp_path / "keys" / "key1.json"
    path.parent.mkdir()
    validators = [
        {"attester": {"eth": attester_keys(number).address}, "publisher": PUBLISHER, "feeRecipient": NOBODY}
        for number in OURS
    ]
    signer = {"schemaVersion": 1, "remoteSigner": "http://signer.example:9000"}
    path.write_text(json.dumps(signer | {"validators": validators}, indent=1))
    path.chmod(0o600)
    return path


NOBODY = "0x" + "00" * 31 + "01"


@pytest.fixture
def watching(devnet, registry, node, keystore, tmp_path):
    settings = {
        "provider_ids": [1],
        "keystores": [str(keystore.parent)],
        "notices_expire": FOR_EVER,
        "keys_low": 1,
        "runway_low": 1,
        "quiet": ["publisher-low", "publisher-critical"],
    }
    return Watching(devnet, tmp_path, settings, l2_admin=node.url)


@pytest.fixture
def moves(devnet):
    return StakingMoves(devnet, devnet.rollups[-1])


def stake(registry, moves):
    """Somebody stakes with provider 1; the split of the delegation."""
    moves.fund([STAKER], registry.address)
    terms = (1, moves.version, wallet("withdrawer"), 500, wallet("user rewards"), True)
    receipt = registry.send("stake", *terms, sender=STAKER)
    (event,) = registry.decode_logs(receipt, "StakedWithProvider")
    return event["coinbaseSplitContractAddress"]


def coinbases(keystore):
    return [each.get("coinbase") for each in json.loads(keystore.read_text())["validators"]]


def reloads(node):
    return sum(method == "nodeAdmin_reloadKeystore" for method in node.methods)


def assert_true_to_itself(watching):
    ran = watching.run("journal", "verify")
    assert (ran.code, "everything is as it was written" in ran.err) == (0, True), ran.out + ran.err


# --------------------------------------------------------------------------- a delegation


def test_stake__from_the_event_to_the_checkpoint_that_carries_the_split(
    watching, registry, moves, keystore, node, devnet
):
    watching.set(mode={"update-coinbase": "auto"})
    assert watching.once().code == 0
    split = stake(registry, moves)
    ran = watching.once()
    assert (ran.code, notices(ran.err)) == (0, ["Attester in the entry queue", "New delegation"])
    assert watching.once().err == "", "nothing new is nothing to say"
    assert (coinbases(keystore), reloads(node)) == ([None] * 3, 0), "it is not final yet"

    watching.settle()
    ran = watching.once()
    assert (ran.code, notices(ran.err)) == (0, [])
    assert (coinbases(keystore), reloads(node)) == ([split, None, None], 1)
    (row,) = watching.of("update-coinbase")
    assert row.state.value == "following"
    assert "no checkpoint proves it yet" in row.reason

    moves.deposit([Deposit(keys=attester_keys(number), withdrawer=wallet("direct")) for number in DIRECT])
    moves.flush_all()
    moves.wait_epochs(3)
    duties = Checkpoints(moves, {keys.address: keys for keys in map(attester_keys, (*OURS, *DIRECT))})
    ours = attester_keys(0).address
    for _ in range(12):
        proposed = duties.propose_epoch(lambda attester: split if attester == ours else wallet("other"))
        if any(each.proposer == ours for each in proposed):
            break
    watching.settle()
    assert watching.once(later=700).code == 0
    (row,) = watching.of("update-coinbase")
    assert (row.state.value, "carries it" in row.reason) == ("done", True)
    assert (reloads(node), row.attempts) == (1, 1)

    story = watching.run("actions", "show", row.id[:8]).out
    steps = [line.partition("attempt 1: ")[2].partition(" ")[0] for line in story.splitlines()]
    assert [step for step in steps if step] == ["writing", "written", "reloading", "reloaded", "read-back"]
    assert [line for line in story.splitlines() if "done" in line and "carries it" in line]
    history = watching.run("journal", "history", "--action", row.id[:8])
    assert history.code == 0, history.err
    assert_true_to_itself(watching)


def test_dry_run__says_all_and_does_nothing_until_somebody_wants_it(
    watching, registry, moves, keystore, node
):
    before = keystore.read_bytes()
    split = stake(registry, moves)
    watching.settle()
    ran = watching.once("--log-level", "info")
    assert ran.code == 0
    assert "An action was not taken: dry run" in notices(ran.err)
    (row,) = watching.of("update-coinbase")
    assert row.state.value == "dry"
    shown = watching.run("actions", "show", row.id).out
    assert f"-> {split}" in shown
    assert (keystore.read_bytes(), reloads(node)) == (before, 0)
    assert watching.run("actions", "retry", row.id[:8], "--reason", "it is what we want").code == 0
    assert watching.once().code == 0
    assert (coinbases(keystore)[0], reloads(node)) == (split, 1)
    assert watching.of("update-coinbase")[0].state.value == "following"


def test_approval__by_another_process__is_what_lets_it_act(watching, registry, moves, keystore, node):
    watching.set(mode={"update-coinbase": "approve"})
    splits = [stake(registry, moves) for _ in range(2)]
    watching.settle()
    ran = watching.once("--log-level", "info")
    assert ran.code == 6
    assert "actions wait for approval" in ran.err
    assert notices(ran.err).count("An action waits for approval") == 2
    first, second = watching.of("update-coinbase")
    assert f"-> {splits[0]}" in watching.run("actions", "show", first.id).out
    assert (coinbases(keystore), reloads(node)) == ([None] * 3, 0)

    approved = watching.elsewhere("actions", "approve", first.id[:8], "--by", "anna")
    assert approved.returncode == 0, approved.stderr
    assert watching.run("actions", "reject", second.id[:8], "--reason", "not this one").code == 0
    assert watching.once().code == 0
    assert coinbases(keystore) == [splits[0], None, None]
    assert [row.state.value for row in watching.of("update-coinbase")] == ["following", "rejected"]
    assert watching.run("actions", "approve", second.id[:8]).code == 2
    assert_true_to_itself(watching)


def test_approval__nobody_gives_in_time__expires_and_nothing_is_done(watching, registry, moves, keystore):
    watching.set(mode={"update-coinbase": "approve"}, approval_expires="1d")
    stake(registry, moves)
    watching.settle()
    assert watching.once().code == 6
    ran = watching.once(later=90_000)
    assert ran.code == 0
    (row,) = watching.of("update-coinbase")
    assert row.state.value == "expired"
    assert coinbases(keystore) == [None] * 3


# --------------------------------------------------------------------------- a Safe


@pytest.fixture
def safe(devnet, cache_folder):
    safe = deploy_safe(devnet.chain, OWNERS, 2, cache_folder=cache_folder)
    devnet.chain.set_ether_balance(safe.address, 100 * ETHER)
    return safe


@pytest.fixture
def files(tmp_path):
    return tmp_path / "state" / "safe"


def execute(safe, place):
    """What the owners do with a file."""
    calls = read_batch(place.read_bytes()).batch.calls
    safe.execute(transaction_of(calls, nonce=safe.nonce(), version=safe.generation))


def test_keys__run_low__a_file_whose_execution_fills_the_queue(devnet, safe, files, tmp_path):
    registry = devnet.contract("staking_registry")
    registry.send("registerProvider", safe.address, 500, RECIPIENT, sender=STAKER)
    prepared = [attester_keys(number) for number in range(30, 34)]
    path = tmp_path / "registrations.json"
    entries = [
        AttesterRegistration(attester=keys.address, registration=keys.registration) for keys in prepared
    ]
    path.write_text(render_registrations(entries))
    settings = {"provider_ids": [1], "safe": safe.address, "registration_file": str(path), "keys_low": 2}
    watching = Watching(devnet, tmp_path, settings | {"keys_target": 3, "mode": {"add-keys": "auto"}})
    watching.settle()
    assert watching.once().code == 0
    (row,) = watching.of("add-keys")
    assert row.state.value == "following"
    (place,) = files.iterdir()
    assert watching.once().code == 0
    assert list(files.iterdir()) == [place], "once is enough"

    execute(safe, place)
    assert watching.once(later=400).code == 0
    assert watching.of("add-keys")[0].state.value == "following", "its block is not final"
    watching.settle()
    assert watching.once(later=800).code == 0
    assert [row.state.value for row in watching.of("add-keys")] == ["done"]
    first, last = registry.read("providerQueues", 1)
    queue = [registry.read("getValueAtIndexInQueue", 1, index)[0] for index in range(first, last)]
    assert queue == [keys.address for keys in prepared[:3]]
    assert watching.once(later=1200).code == 0
    assert [row.state.value for row in watching.of("add-keys")] == ["done"], "they are not low any more"
    assert_true_to_itself(watching)


def test_provider_and_publisher__made_and_paid_by_the_safe(devnet, safe, files, tmp_path):
    registry = devnet.contract("staking_registry")
    settings = {
        "provider_admin": safe.address,
        "provider_take_rate": "5%",
        "provider_rewards_recipient": RECIPIENT,
        "publishers": [PUBLISHER],
        "safe": safe.address,
        "mode": {"create-provider": "auto", "top-up": "auto"},
    }
    watching = Watching(devnet, tmp_path, settings)
    watching.settle()
    assert watching.once().code == 0
    places = sorted(files.iterdir())
    assert [place.name.rpartition("-")[0] for place in places] == ["create-provider", "top-up"]
    for place in places:
        execute(safe, place)
    watching.settle()
    assert watching.once(later=400).code == 0
    states = [row.state.value for row in (*watching.of("create-provider"), *watching.of("top-up"))]
    assert states == ["done", "done"]
    assert registry.read("providerConfigurations", 1) == (safe.address, 500, RECIPIENT)
    assert watching.once(later=800).code == 0
    assert len(watching.of("top-up")) == len(watching.of("create-provider")) == 1


# --------------------------------------------------------------------------- exit codes


def test_once__nodes_fail__exit_3_and_what_was_read_stays(watching, registry, moves, node):
    watching.set(mode={"update-coinbase": "auto"})
    assert watching.once().code == 0
    stake(registry, moves)
    watching.settle()
    node.always(http_status(503))
    ran = watching.once()
    assert (ran.code, "will be made again" in ran.err) == (3, True)
    (row,) = watching.of("update-coinbase")
    assert (row.state.value, row.failures) == ("ready", 1)
    watching.top["l1"] = ["http://127.0.0.1:1"]
    watching.set()
    assert watching.once().code == 3
    assert len(watching.of("update-coinbase")) == 1


def test_once__what_cannot_be_done__exit_5_once_and_told(watching, registry, moves, keystore, node):
    watching.set(mode={"update-coinbase": "auto"})
    stake(registry, moves)
    watching.settle()
    assert watching.once().code == 0
    keystore.write_text(keystore.read_text().replace(coinbases(keystore)[0], PUBLISHER))
    ran = watching.once("--log-level", "info", later=700)
    assert (ran.code, "was given up" in ran.err) == (5, True)
    assert "An action was given up" in notices(ran.err)
    assert watching.of("update-coinbase")[0].state.value == "dead"
    assert watching.once().code == 0, "whoever was told then is not told again"


def test_once__another_watcher__exit_7_before_anybody_is_asked(watching):
    watching.top["l1"] = ["http://127.0.0.1:1"]
    watching.set()
    with hold_lock(journal_file(watching.state)):
        ran = watching.once()
    assert (ran.code, "another watcher uses this journal" in ran.err) == (7, True)


def test_once__final_block_is_gone__exit_4_and_nothing_is_done(watching, registry, moves, devnet, keystore):
    watching.set(mode={"update-coinbase": "auto"})
    with devnet.chain.restored():
        devnet.chain.mine_many(20)
        assert watching.once().code == 0
    with watching.journal() as journal:
        before = journal.checkpoint()
    stake(registry, moves)
    devnet.chain.mine_many(30)
    ran = watching.once()
    assert (ran.code, "no longer on the chain" in ran.err) == (4, True)
    with watching.journal() as journal:
        assert journal.checkpoint() == before
    assert (coinbases(keystore), watching.of("update-coinbase")) == ([None] * 3, [])


# --------------------------------------------------------------------------- history


def test_replay__the_same_range__the_same_bytes_and_no_trace(watching, registry, moves, devnet):
    split = stake(registry, moves)
    last = devnet.chain.block_number()
    watching.settle()
    words = ("serve", "--watcher", "--replay", f"0-{last}")
    one, other = watching.run(*words), watching.run(*words)
    assert (one.code, one.err) == (0, ""), one.err
    assert one.out == other.out
    told = [json.loads(line) for line in one.out.splitlines()]
    assert [each["block_number"] for each in told] == sorted(each["block_number"] for each in told)
    (update,) = [each for each in told if each["action"] == "update-coinbase"]
    assert (split in update["summary"], update["mode"]) == (True, "dry-run")
    assert not watching.state.exists()
    assert watching.once().code == 0
    ids = {row.id for row in watching.intents()}
    assert {each["id"] for each in told} <= ids, "a watcher wants the same"
    (row,) = watching.of("update-coinbase")
    assert row.id == update["id"]


@pytest.mark.parametrize("words", [("9-3",), ("3",), ("3-x",), ("0-99999999",)])
def test_replay__no_such_range__is_named(watching, words):
    ran = watching.run("serve", "--watcher", "--replay", *words)
    assert (ran.code in (2, 4), ran.out) == (True, ""), ran.err
    assert ran.err.startswith("aztec-butler: ")


# --------------------------------------------------------------------------- a process


def wait_for(what, condition, process, seconds=20):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        assert process.process.poll() is None, process.log
        found = condition()
        if found:
            return found
        time.sleep(0.05)
    raise AssertionError(f"not in time: {what}; {process.log}")


def test_process__from_a_dead_node_to_sigterm(watching, registry, moves, devnet, keystore, node):
    with FaultyNode(upstream=devnet.url) as proxy:
        proxy.always(http_status(502))
        watching.top["l1"] = [proxy.url]
        watching.set(mode={"update-coinbase": "approve"})
        with WatcherProcess(watching) as process:
            wait_for("serving", lambda: process.events("watching"), process)
            status, body = process.get("/readyz")
            assert (status, json.loads(body)["ready"]) == (503, False)
            wait_for("cannot begin", lambda: process.events("the watcher cannot begin"), process)
            assert process.get("/healthz")[0] == 200
            proxy.always(lambda exchange: exchange.send(exchange.replies()))
            wait_for("ready", lambda: process.get("/readyz")[0] == 200, process)

            second = watching.once()
            assert second.code == 7

            split = stake(registry, moves)
            watching.settle()
            (row,) = wait_for("wanted", lambda: watching.of("update-coinbase"), process)
            watching.run("actions", "approve", row.id[:8])
            wait_for("set", lambda: coinbases(keystore)[0] == split, process)
            series = wait_for(
                "counted",
                lambda: process.value('actions_total{network="devnet",action="update-coinbase"') == 1,
                process,
            )
            assert series
            assert process.value("checkpoint_lag_blocks") >= 2
            status, body = process.get("/")
            assert (status, "devnet" in body, "last final block" in body) == (200, True, True)

            watching.set(mode={"update-coinbase": "auto"})
            process.process.send_signal(signal.SIGHUP)
            wait_for("reloaded", lambda: len(process.events("watching")) == 2, process)
            other = stake(registry, moves)
            watching.settle()
            wait_for("set by itself", lambda: reloads(node) == 2, process)
            assert coinbases(keystore)[1] == other

            process.write_settings("this is no TOML")
            process.process.send_signal(signal.SIGHUP)
            wait_for(
                "refused", lambda: process.events("the new settings are refused, the old ones stay"), process
            )
            wait_for("ready", lambda: process.get("/readyz")[0] == 200, process)

            began = time.monotonic()
            process.process.send_signal(signal.SIGTERM)
            assert process.process.wait(15) == 0
            assert time.monotonic() - began < 10
        watching.set()
        assert reloads(node) == 2
        assert_true_to_itself(watching)


def test_process__final_block_is_gone__ends_with_code_4_and_no_action(
    watching, registry, moves, devnet, keystore
):
    watching.set(mode={"update-coinbase": "auto"})
    with devnet.chain.restored():
        devnet.chain.mine_many(20)
        assert watching.once().code == 0
    stake(registry, moves)
    devnet.chain.mine_many(30)
    with WatcherProcess(watching) as process:
        assert process.process.wait(20) == 4
    assert "no longer on the chain" in process.log
    assert coinbases(keystore) == [None] * 3
