"""Coinbases set in keystores, told to a node, and followed; what stands in the way leaves everything as it was."""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import keystore_cases as cases
import pytest
from executor_attempts import Steps, intent_of
from fault_proxy import FaultyNode, NodeSays, reset
from keystore_reading import NOBODY, as_nobody, common_folder
from node_stand_in import as_measured

from aztec_butler.clients.aztec_node import AztecNode
from aztec_butler.clients.policy import NO_RETRIES
from aztec_butler.clients.stopping import Stopped
from aztec_butler.core.errors import ButlerError, CheckFailed, InputError, LockHeld, NodeError, SettingsError
from aztec_butler.core.intent_parameters import UpdateCoinbase
from aztec_butler.store import keystore_edits
from aztec_butler.store.keystore_edits import backups_of
from aztec_butler.watcher.executor import Standing
from aztec_butler.watcher.executors.carried_coinbases import Carried
from aztec_butler.watcher.executors.coinbase import CoinbaseExecutor
from aztec_butler.watcher.executors.keystore_set import KeystoreSet

pytestmark = pytest.mark.loopback

ATTESTER, OTHER = cases.ADDRESSES[0], cases.ADDRESSES[1]
SPLIT = cases.ADDRESSES[3]
INTENT = intent_of(UpdateCoinbase(attester=ATTESTER, coinbase=SPLIT, source="split"))


class FakeChain:
    """A chain whose checkpoints are told by the test."""

    def __init__(self):
        self.head, self.settled = 5000, 4936
        self.asked = []
        self.carried = {}

    def heads(self):
        return SimpleNamespace(
            head=SimpleNamespace(number=self.head), settled=SimpleNamespace(number=self.settled)
        )

    def look(self, attester, coinbases, heads, *, first_block, known):
        self.asked.append((attester, tuple(coinbases), first_block, known))
        number, coinbase = self.carried.get(attester, (None, None))
        return Carried(
            block_number=number,
            coinbase=coinbase,
            up_to=heads.head.number,
            settled_to=heads.settled.number,
        )


@pytest.fixture
def chain():
    return FakeChain()


@pytest.fixture
def path(tmp_path):
    return put(tmp_path / "keystore")


def put(folder: Path) -> Path:
    folder.mkdir()
    path = folder / "key1.json"
    path.write_text(json.dumps(cases.keys(), indent=2) + "\n")
    path.chmod(0o600)
    return path


@pytest.fixture
def admin():
    """The admin port of a node of version 4, which reloads."""
    with FaultyNode({"nodeAdmin_getConfig": {"coinbase": OTHER}, "nodeAdmin_reloadKeystore": None}) as node:
        node.always(as_measured)
        yield node


def reloads(admin) -> int:
    return sum(method.endswith("_reloadKeystore") for method in admin.methods if "nodeAdmin" in method)


@pytest.fixture
def make(path, admin, chain):
    """A factory of executors: each is a process of its own."""
    opened = []

    def make(by_hand=False, node=True, paths=None):
        keystores = KeystoreSet(paths=paths or (path.parent,))
        port = None
        if node:
            port = AztecNode("http://127.0.0.1:1", admin_url=admin.url, policy=NO_RETRIES)
            opened.append(port)
        executor = CoinbaseExecutor(keystores, port, chain, by_hand=by_hand)
        executor._checkpoints = chain
        return executor

    yield make
    for port in opened:
        port.close()


def coinbases(path: Path) -> list[str]:
    return [each["coinbase"] for each in json.loads(path.read_text())["validators"]]


# --------------------------------------------------------------------------- the usual way


def test_coinbase__set__edited_told_once_and_read_back(path, admin, make, chain):
    executor, attempt = make(), Steps()
    before = path.read_text()
    looked = executor.look(INTENT, attempt)
    assert looked.standing is Standing.NEEDED
    assert cases.COINBASE in looked.evidence

    executor.act(INTENT, attempt)
    assert coinbases(path) == [SPLIT, cases.COINBASE]
    assert [each.read_text() for each in backups_of(path)] == [before]
    assert reloads(admin) == 1
    assert attempt.names == ["writing", "written", "reloading", "reloaded", "read-back"]
    assert attempt.facts("read-back")["coinbase"] == SPLIT
    assert attempt.facts("written")["backups"] == [str(each) for each in backups_of(path)]

    looked = executor.look(INTENT, attempt)
    assert looked.standing is Standing.UNDER_WAY
    assert "asked once to reload" in looked.evidence
    assert chain.asked[-1] == (ATTESTER, (SPLIT, cases.COINBASE), 5000, None)


def test_coinbase__checkpoint_carries_it__done_when_final(make, chain):
    executor, attempt = make(), Steps()
    executor.act(INTENT, attempt)
    chain.carried[ATTESTER] = (5010, SPLIT)
    chain.head = 5020
    looked = executor.look(INTENT, attempt)
    assert (looked.standing, "not final yet" in looked.evidence) == (Standing.UNDER_WAY, True)
    chain.head, chain.settled = 5100, 5036
    looked = executor.look(INTENT, attempt)
    assert looked.standing is Standing.DONE
    assert "checkpoint at block 5,010" in looked.evidence


def test_coinbase__checkpoint_still_carries_the_old_one__said_so(make, chain):
    executor, attempt = make(), Steps()
    executor.act(INTENT, attempt)
    chain.carried[ATTESTER] = (5010, cases.COINBASE)
    looked = executor.look(INTENT, attempt)
    assert looked.standing is Standing.UNDER_WAY
    assert f"still named {cases.COINBASE}" in looked.evidence


def test_coinbase__set_by_somebody_and_proven__done_without_a_reload(path, admin, make, chain):
    make().act(INTENT, Steps())
    chain.carried[ATTESTER] = (4900, SPLIT)
    looked = make().look(INTENT, Steps())
    assert looked.standing is Standing.DONE
    assert chain.asked[-1][2] == 5000 - 800
    assert reloads(admin) == 1


def test_coinbase__set_by_somebody_and_not_proven__the_node_is_told_and_nothing_written(path, admin, make):
    path.write_text(path.read_text().replace(cases.COINBASE, SPLIT, 1))
    executor, attempt = make(), Steps()
    assert executor.look(INTENT, attempt).standing is Standing.NEEDED
    executor.act(INTENT, attempt)
    assert attempt.names == ["reloading", "reloaded", "read-back"]
    assert (reloads(admin), backups_of(path)) == (1, [])
    assert executor.look(INTENT, attempt).standing is Standing.UNDER_WAY


def test_coinbase__changed_again_by_somebody__left_alone(path, make):
    executor, attempt = make(), Steps()
    executor.act(INTENT, attempt)
    path.write_text(path.read_text().replace(SPLIT, OTHER))
    looked = executor.look(INTENT, attempt)
    assert looked.standing is Standing.IMPOSSIBLE
    assert OTHER in looked.evidence


def test_coinbase__proof_takes_long__how_far_was_looked_is_noted_once_a_day(make, chain):
    executor, attempt = make(), Steps()
    executor.act(INTENT, attempt)
    for head in (6000, 12_300, 12_400):
        chain.head, chain.settled = head, head - 64
        executor.look(INTENT, attempt)
    assert [facts for name, facts in attempt.told if name == "looked"] == [{"up_to_block": 12_236}]
    make().look(INTENT, attempt)
    assert chain.asked[-1][3] == Carried(up_to=12_236, settled_to=12_236)


# --------------------------------------------------------------------------- plans


def test_plan__shows_the_diff_and_no_secret(path, make):
    before = path.read_text()
    plan = make().plan(INTENT)
    assert plan.problems == ()
    assert any(line.startswith("+") and SPLIT in line for line in plan.lines)
    shown = "\n".join(plan.lines)
    secrets = {*cases.ETH, *cases.BLS} - {cases.FEES}  # an address on Aztec that looks like the first key
    assert not any(secret in shown for secret in secrets)
    assert path.read_text() == before


def test_plan__no_admin_port__a_problem_and_no_edit(path, make):
    executor, attempt, before = make(node=False), Steps(), path.read_text()
    assert any("admin port is not known" in problem for problem in executor.plan(INTENT).problems)
    with pytest.raises(SettingsError, match="admin port"):
        executor.act(INTENT, attempt)
    assert (path.read_text(), attempt.told) == (before, [])


def test_coinbase__reloaded_by_hand__edited_and_followed(path, admin, make, chain):
    executor, attempt = make(by_hand=True), Steps()
    assert executor.plan(INTENT).problems == ()
    executor.act(INTENT, attempt)
    assert (coinbases(path)[0], reloads(admin)) == (SPLIT, 0)
    looked = executor.look(INTENT, attempt)
    assert (looked.standing, "by hand" in looked.evidence) == (Standing.UNDER_WAY, True)
    chain.carried[ATTESTER], chain.settled = (5010, SPLIT), 5010
    assert executor.look(INTENT, attempt).standing is Standing.DONE


# --------------------------------------------------------------------------- the node's faults


def refused(*_):
    raise NodeSays(-32702, "Cannot reload keystore: validator is not enabled.")


def unauthorized(exchange):
    exchange.send({"jsonrpc": "2.0", "error": {"code": -32000, "message": "Unauthorized"}}, status=401)


@pytest.mark.parametrize("fault", [unauthorized, reset()], ids=["wrong key", "unreachable"])
def test_coinbase__admin_port_fails__nothing_is_edited(path, admin, make, fault):
    admin.always(fault)
    before, attempt = path.read_text(), Steps()
    with pytest.raises((SettingsError, NodeError)):
        make().act(INTENT, attempt)
    assert (path.read_text(), attempt.told) == (before, [])
    assert make().plan(INTENT).problems


def test_coinbase__node_refuses_to_reload__told_and_tried_again(path, admin, make):
    admin.answers["nodeAdmin_reloadKeystore"] = refused
    executor, attempt = make(), Steps()
    with pytest.raises(NodeError) as error:
        executor.act(INTENT, attempt)
    assert "validator is not enabled" in str(error.value)
    assert attempt.names[-2:] == ["reloading", "reload-failed"]
    assert executor.look(INTENT, attempt).standing is Standing.NEEDED
    admin.answers["nodeAdmin_reloadKeystore"] = None
    executor.act(INTENT, attempt)
    assert len(backups_of(path)) == 1
    looked = executor.look(INTENT, attempt)
    assert (looked.standing, "asked 2 times" in looked.evidence) == (Standing.UNDER_WAY, True)


def test_coinbase__node_of_version_5__its_names_first(path, admin, make):
    admin.answers |= {"aztecAdmin_getConfig": {}, "aztecAdmin_reloadKeystore": None}
    make().act(INTENT, Steps())
    assert admin.methods == ["aztecAdmin_getConfig", "aztecAdmin_reloadKeystore"]


# --------------------------------------------------------------------------- the keystore's faults


def assert_untouched(path, executor, kind):
    """Nothing changes on the disk, and the node is not told."""
    before, attempt = path.read_text(), Steps()
    names = sorted(each.name for each in path.parent.iterdir())
    with pytest.raises(kind) as error:
        executor.act(INTENT, attempt)
    assert path.read_text() == before
    assert sorted(each.name for each in path.parent.iterdir()) == names
    assert "reloading" not in attempt.names
    return error.value


def test_keystore__open_to_others__refused(path, make):
    path.chmod(0o644)
    assert_untouched(path, make(), CheckFailed)
    assert make().plan(INTENT).problems


def test_keystore__symbolic_link__refused(path, make, tmp_path):
    real = tmp_path / "real.json"
    path.rename(real)
    path.symlink_to(real)
    assert_untouched(path, make(), ButlerError)
    assert path.is_symlink()


def test_keystore__changed_between_reading_and_writing__left_to_whoever_did(path, make, monkeypatch):
    theirs = path.read_text().replace(cases.COINBASE, OTHER)
    apply = keystore_edits.apply_edits

    def meanwhile(*arguments, **options):
        path.write_text(theirs)
        return apply(*arguments, **options)

    monkeypatch.setattr("aztec_butler.watcher.executors.keystore_set.apply_edits", meanwhile)
    attempt = Steps()
    with pytest.raises(InputError, match="somebody has changed the file") as raised:
        make().act(INTENT, attempt)
    error = raised.value
    assert (path.read_text(), attempt.names, str(path)) == (theirs, ["writing"], str(error.facts["file"]))


def test_keystore__somebody_else_edits_the_folder__tried_later(path, make):
    import fcntl

    descriptor = os.open(path.parent, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        assert_untouched(path, make(), LockHeld)
    finally:
        os.close(descriptor)
    make().act(INTENT, Steps())
    assert coinbases(path)[0] == SPLIT


def test_keystore__folder_read_only__refused(make):
    with common_folder() as folder:
        path = put(folder / "keystore")
        if os.geteuid() == 0:
            os.chown(path, NOBODY, NOBODY)
        path.parent.chmod(0o555)
        with as_nobody():
            error = assert_untouched(path, make(paths=(path,)), InputError)
    assert error.facts["reason"] == "Permission denied"


def test_keystore__disk_full__the_old_text(path, make):
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (100, limits[1]))
        error = assert_untouched(path, make(), InputError)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, handler)
    assert error.facts["reason"] == "File too large"


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("", CheckFailed),
        ('{"schemaVersion": 1', CheckFailed),
        (json.dumps({"schemaVersion": 1, "validators": []}), ButlerError),
    ],
    ids=["empty", "cut off", "without validators"],
)
def test_keystore__not_one__refused(path, make, text, kind):
    path.write_text(text)
    assert_untouched(path, make(), kind)
    with pytest.raises(kind):
        make().look(INTENT, Steps())


def test_keystore__folder_gone__refused(path, make):
    path.unlink()
    path.parent.rmdir()
    with pytest.raises(CheckFailed):
        make().look(INTENT, Steps())


def test_keystore__attester_of_another_machine__somebody_has_to_look(path, make):
    stranger = intent_of(UpdateCoinbase(attester=cases.ADDRESSES[2], coinbase=SPLIT, source="map"))
    with pytest.raises(InputError, match="stands in no keystore") as error:
        make().look(stranger, Steps())
    assert error.value.facts["attester"] == cases.ADDRESSES[2]
    assert make().plan(stranger).problems


def test_stop__before_the_edit__nothing_has_happened(path, admin, make):
    executor, attempt, before = make(), Steps(), path.read_text()
    executor.stop()
    with pytest.raises(Stopped):
        executor.act(INTENT, attempt)
    assert (path.read_text(), attempt.told, reloads(admin)) == (before, [], 0)


# --------------------------------------------------------------------------- killed anywhere


def test_coinbase__killed_at_every_step__one_edit_and_the_node_told(tmp_path):
    program = Path(__file__).parents[2] / "coinbase_crashes.py"
    run = [sys.executable, program, tmp_path]
    states = json.loads(subprocess.run(run, capture_output=True, text=True, check=True).stdout)
    assert len(states) > 15
    points = [state["killed"] for state in states]
    assert {"before writing", "renamed", "written", "before reloaded", "read-back"} <= set(points)
    for state in states:
        told = state["killed"]
        assert state["coinbases"] == [SPLIT, cases.COINBASE], told
        # A second one, of the same text, where the first edit ended between backup and renaming.
        assert state["backups"] == [True] * (2 if told == "before renaming" else 1), told
        assert state["leftovers"] == [], told
        assert state["standing"] == "under-way", told
        # Twice only where nobody could know whether the first time had been heard.
        assert state["reloads"] == (2 if told in ("reload answered", "before reloaded") else 1), told
