"""What a Safe does on a real chain with real contracts: built, handed out once, executed by its owners, found."""

from __future__ import annotations

import attrs
import pytest
from broken_registrations import BROKEN
from executor_attempts import Steps, intent_of
from safe_stand_in import TransactionService, lost_reply, lost_request, status

from aztec_butler import connect
from aztec_butler.clients.http import HttpTransport
from aztec_butler.clients.policy import RetryPolicy
from aztec_butler.clients.safe_door import SafeDoor
from aztec_butler.clients.safe_proposals import submit_proposal
from aztec_butler.clients.safe_service import NotAProposer, SafeService
from aztec_butler.clients.safe_signer import ProposerKey
from aztec_butler.core.bls import AttesterRegistration, render_registrations
from aztec_butler.core.errors import CheckFailed, InputError, NodeError, RevertError
from aztec_butler.core.hexes import keccak256
from aztec_butler.core.intent_parameters import AddKeys, CreateProvider, TopUp
from aztec_butler.core.safe_batch_file import read_batch
from aztec_butler.core.safe_transaction import transaction_of
from aztec_butler.devnet.safe import deploy_safe
from aztec_butler.devnet.season_keys import attester_keys, wallet
from aztec_butler.devnet.staking_moves import StakingMoves
from aztec_butler.watcher.executor import Standing
from aztec_butler.watcher.executors.chain import Chain
from aztec_butler.watcher.executors.safe import SafeExecutor
from aztec_butler.watcher.executors.safe_files import SafeFiles
from aztec_butler.watcher.executors.safe_queue import SafeQueue

pytestmark = pytest.mark.devnet

ETHER = 10**18
OWNERS = [ProposerKey(keccak256(b"owner of a Safe of a watcher" + bytes([n])).hex()) for n in range(2)]
DELEGATE = ProposerKey(keccak256(b"proposer of a watcher").hex())
PUBLISHER = wallet("publisher of a watcher")
RECIPIENT, STAKER = wallet("provider rewards"), wallet("staker")


@pytest.fixture
def safe(devnet, cache_folder):
    return deploy_safe(devnet.chain, [key.address for key in OWNERS], 2, cache_folder=cache_folder)


@pytest.fixture
def network(devnet):
    addresses = devnet.addresses
    with connect(
        "devnet",
        l1=devnet.url,
        registry=addresses["registry"],
        staking_registry=addresses["staking_registry"],
        first_block=0,
        progress=False,
    ) as network:
        yield network


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "safe-files"


@pytest.fixture
def make(network, safe, folder, devnet):
    """A factory of executors that write files: each is a process of its own."""

    def make(confirmations=0):
        files = SafeFiles(folder, safe=safe.address, chain_id=devnet.chain_id)
        return SafeExecutor(files, Chain(network, confirmations=confirmations))

    return make


@pytest.fixture
def remote(devnet, safe):
    with TransactionService(chain_id=devnet.chain_id) as service:
        service.add_safe(safe.address, owners=safe.owners, version=safe.version)
        service.add_delegate(DELEGATE.address, safe.owners[0], safe.address)
        yield service


@pytest.fixture
def make_proposing(network, safe, devnet, remote):
    """A factory of executors that propose."""
    policy = RetryPolicy(rounds=2, first_wait_seconds=0)

    def open_service():
        door = SafeDoor(HttpTransport(remote.url, timeout_seconds=5), policy=policy)
        return SafeService(door, chain_id=devnet.chain_id)

    def make():
        queue = SafeQueue(open_service, lambda: DELEGATE, rpc=network.rpc, safe=safe.address)
        return SafeExecutor(queue, Chain(network, confirmations=0))

    return make


@pytest.fixture
def registry(devnet):
    return devnet.contract("staking_registry")


def register(registry, admin):
    registry.send("registerProvider", admin, 500, RECIPIENT, sender=admin)


def creating(safe):
    return intent_of(
        CreateProvider(admin=safe.address, take_rate_bps=500, rewards_recipient=RECIPIENT),
        target="provider:new",
    )


def topping_up(safe, amount_wei=7 * ETHER + 1):
    return intent_of(
        TopUp(
            publisher=PUBLISHER,
            amount_wei=amount_wei,
            balance_wei=0,
            low_wei=ETHER,
            from_safe=safe.address,
        ),
        target=f"publisher:{PUBLISHER}",
    )


def registrations(tmp_path, numbers, *, broken=()):
    """A registration file, and its attesters."""
    entries = [
        AttesterRegistration(
            attester=attester_keys(number).address, registration=attester_keys(number).registration
        )
        for number in numbers
    ]
    for place, registration in broken:
        entries[place] = attrs.evolve(entries[place], registration=registration)
    path = tmp_path / "registrations.json"
    path.write_text(render_registrations(entries))
    return path, [entry.attester for entry in entries]


def adding(path, attesters, *, target="provider:1", provider_id=1):
    return intent_of(
        AddKeys(provider_id=provider_id, registration_file=str(path), attesters=attesters), target=target
    )


def carry(executor, intent, attempt):
    """As the loop does: look, act where needed, look."""
    look = executor.look(intent, attempt)
    if look.standing is Standing.NEEDED:
        executor.act(intent, attempt)
        look = executor.look(intent, attempt)
    return look


def execute_file(safe, folder):
    """What the owners do with the only file of a folder."""
    (place,) = folder.glob("*.json")
    calls = read_batch(place.read_bytes()).batch.calls
    safe.execute(transaction_of(calls, nonce=safe.nonce(), version=safe.generation))


# --------------------------------------------------------------------------- a provider


def test_provider__file_executed_by_the_owners__is_found(make, safe, folder, registry):
    intent, attempt, executor = creating(safe), Steps(), make()
    plan = executor.plan(intent)
    assert (plan.problems, folder.exists()) == ((), False)
    assert any("would succeed" in line for line in plan.lines)
    assert any("registerProvider" in line for line in plan.lines)

    look = carry(executor, intent, attempt)
    assert (look.standing, "waits to be imported" in look.evidence) == (Standing.UNDER_WAY, True)
    assert attempt.names == ["built", "writing", "written"]
    execute_file(safe, folder)
    look = executor.look(intent, attempt)
    assert (look.standing, "provider 1" in look.evidence) == (Standing.DONE, True)
    assert registry.read("nextProviderIdentifier") == 2


def test_provider__same_act_twice__same_bytes_at_the_same_place(make, safe, folder):
    intent = creating(safe)
    make().act(intent, Steps())
    (place,) = folder.iterdir()
    before, status_before = place.read_bytes(), place.stat()
    make().act(intent, Steps())
    assert (list(folder.iterdir()), place.read_bytes()) == ([place], before)
    assert place.stat().st_mtime_ns == status_before.st_mtime_ns
    place.unlink()
    make().act(intent, Steps())
    assert place.read_bytes() == before
    assert intent.id in place.name


def test_provider__registered_by_somebody_else__done_without_a_file(make, safe, folder, registry):
    register(registry, safe.address)
    assert make().look(creating(safe), Steps()).standing is Standing.DONE
    assert not folder.exists()


def test_provider__registered_by_a_stranger_with_other_terms__somebody_has_to_look(make, safe, registry):
    registry.send("registerProvider", safe.address, 0, STAKER, sender=STAKER)
    look = make().look(creating(safe), Steps())
    assert look.standing is Standing.IMPOSSIBLE
    assert STAKER in look.evidence


def test_provider__not_final_yet__waited_for(make, safe, devnet, registry):
    register(registry, safe.address)
    executor = make(confirmations=5)
    look = executor.look(creating(safe), Steps())
    assert (look.standing, "not final" in look.evidence) == (Standing.UNDER_WAY, True)
    for _ in range(5):
        devnet.chain.mine()
    assert executor.look(creating(safe), Steps()).standing is Standing.DONE


def test_file__taken_away__is_not_written_again(make, safe, folder):
    intent, attempt, executor = creating(safe), Steps(), make()
    carry(executor, intent, attempt)
    for place in folder.iterdir():
        place.unlink()
    look = carry(executor, intent, attempt)
    assert (look.standing, "taken away" in look.evidence) == (Standing.UNDER_WAY, True)
    assert list(folder.iterdir()) == []


def test_file__changed_by_somebody__is_refused(make, safe, folder):
    intent, attempt, executor = creating(safe), Steps(), make()
    carry(executor, intent, attempt)
    (place,) = folder.iterdir()
    place.write_bytes(place.read_bytes().replace(b'"value": "0"', b'"value": "1"'))
    with pytest.raises(InputError, match="not what was written"):
        executor.look(intent, attempt)
    with pytest.raises(InputError, match="another file"):
        executor.act(intent, Steps())


class Killed(BaseException):
    pass


@pytest.mark.parametrize("point", ["before built", "built", "writing", "half", "before written", "written"])
def test_file__killed_anywhere__one_whole_file(make, safe, folder, tmp_path, point, monkeypatch):
    def on_step(name):
        if name == point:
            raise Killed

    intent = creating(safe)
    if point == "half":
        folder.mkdir()
        (folder / f".create-provider-{intent.id}.json.0a1b2c3d.part").write_bytes(b"{")
    else:
        with pytest.raises(Killed):
            carry(make(), intent, Steps(tmp_path / "steps", on_step))
    look = carry(make(), intent, Steps(tmp_path / "steps"))
    assert look.standing is Standing.UNDER_WAY
    (place,) = folder.iterdir()
    assert read_batch(place.read_bytes()).is_intact


# --------------------------------------------------------------------------- keys


def test_keys__run_low__file_fills_the_queue(make, safe, folder, registry, tmp_path):
    register(registry, safe.address)
    path, attesters = registrations(tmp_path, range(20, 24))
    intent, attempt, executor = adding(path, attesters), Steps(), make()
    assert executor.plan(intent).problems == ()
    assert carry(executor, intent, attempt).standing is Standing.UNDER_WAY
    execute_file(safe, folder)
    look = executor.look(intent, attempt)
    assert (look.standing, "4 of 4 keys are in the queue" in look.evidence) == (Standing.DONE, True)
    first, last = registry.read("providerQueues", 1)
    assert [registry.read("getValueAtIndexInQueue", 1, index)[0] for index in range(first, last)] == attesters


def test_keys__known_somewhere__left_out_by_name(make, safe, folder, registry, tmp_path):
    register(registry, safe.address)
    register(registry, STAKER)
    path, attesters = registrations(tmp_path, range(20, 24))
    registry.send("addKeysToProvider", 2, [attester_keys(21).key_store], sender=STAKER)
    intent, attempt, executor = adding(path, attesters), Steps(), make()
    plan = executor.plan(intent)
    assert plan.problems == ()
    assert [line for line in plan.lines if attesters[1] in line and "is left out" in line]
    carry(executor, intent, attempt)
    assert any(attesters[1] in remark for remark in attempt.facts("built")["remarks"])
    execute_file(safe, folder)
    assert executor.look(intent, attempt).standing is Standing.DONE
    first, last = registry.read("providerQueues", 1)
    assert last - first == 3


def test_keys__staked_on_meanwhile__still_done(make, safe, folder, registry, tmp_path, devnet):
    register(registry, safe.address)
    path, attesters = registrations(tmp_path, [20])
    intent, attempt, executor = adding(path, attesters), Steps(), make()
    carry(executor, intent, attempt)
    execute_file(safe, folder)
    moves = StakingMoves(devnet, devnet.rollups[-1])
    moves.fund([STAKER], registry.address)
    registry.send("stake", 1, moves.version, wallet("withdrawer"), 500, STAKER, True, sender=STAKER)
    assert executor.look(intent, attempt).standing is Standing.DONE


def test_keys__all_in_use_elsewhere__impossible(make, safe, registry, tmp_path):
    register(registry, safe.address)
    register(registry, STAKER)
    path, attesters = registrations(tmp_path, [20, 21])
    keys = [attester_keys(number).key_store for number in (20, 21)]
    registry.send("addKeysToProvider", 2, keys, sender=STAKER)
    look = make().look(adding(path, attesters), Steps())
    assert (look.standing, "provider 2" in look.evidence) == (Standing.IMPOSSIBLE, True)


def test_keys__one_used_while_the_file_waits__must_not_be_executed(make, safe, registry, tmp_path):
    register(registry, safe.address)
    register(registry, STAKER)
    path, attesters = registrations(tmp_path, [20, 21])
    intent, attempt, executor = adding(path, attesters), Steps(), make()
    carry(executor, intent, attempt)
    registry.send("addKeysToProvider", 2, [attester_keys(20).key_store], sender=STAKER)
    look = executor.look(intent, attempt)
    assert look.standing is Standing.IMPOSSIBLE
    assert "must not be executed" in look.evidence


def test_keys__wait_in_another_file__not_handed_out_twice(make, safe, folder, registry, tmp_path):
    register(registry, safe.address)
    path, attesters = registrations(tmp_path, [20, 21])
    executor = make()
    carry(executor, adding(path, attesters), Steps())
    other = adding(path, attesters[1:], target="provider:1 again")
    with pytest.raises(InputError, match="wait for the Safe's signatures") as error:
        executor.act(other, Steps())
    assert attesters[1] in error.value.facts
    assert len(list(folder.iterdir())) == 1


@pytest.mark.parametrize("name", BROKEN)
def test_keys__wrong_registration__refused_before_anything(make, safe, folder, registry, tmp_path, name):
    register(registry, safe.address)
    broken, _ = BROKEN[name]
    path, attesters = registrations(tmp_path, [20, 21, 22], broken=[(1, broken)])
    intent, attempt, executor = adding(path, attesters), Steps(), make()
    assert any(attesters[1] in problem for problem in executor.plan(intent).problems)
    with pytest.raises(InputError, match="registrations are wrong") as error:
        executor.act(intent, attempt)
    assert attesters[1] in error.value.facts
    assert (attempt.told, folder.exists()) == ([], False)


def test_keys__safe_is_not_the_admin__refused(make, registry, tmp_path):
    register(registry, STAKER)
    path, attesters = registrations(tmp_path, [20])
    with pytest.raises(InputError, match="not the provider's admin"):
        make().act(adding(path, attesters), Steps())


@pytest.mark.parametrize("content", [None, b"", b"[]", b"{"], ids=["missing", "empty", "none", "cut off"])
def test_keys__registration_file_of_no_use__refused(make, safe, registry, tmp_path, content):
    register(registry, safe.address)
    path, attesters = registrations(tmp_path, [20])
    path.unlink() if content is None else path.write_bytes(content)
    assert make().plan(adding(path, attesters)).problems
    with pytest.raises(InputError):
        make().act(adding(path, attesters), Steps())


def test_keys__file_no_longer_has_them__refused(make, safe, registry, tmp_path):
    register(registry, safe.address)
    _, attesters = registrations(tmp_path, [20, 21])
    path, _ = registrations(tmp_path, [20])
    with pytest.raises(InputError, match="does not have the keys") as error:
        make().act(adding(path, attesters), Steps())
    assert attesters[1] in error.value.facts["missing"]


# --------------------------------------------------------------------------- ether


def test_top_up__executed__to_the_wei(make, safe, folder, devnet):
    devnet.chain.set_ether_balance(safe.address, 10 * ETHER)
    intent, attempt, executor = topping_up(safe), Steps(), make()
    assert executor.plan(intent).problems == ()
    assert carry(executor, intent, attempt).standing is Standing.UNDER_WAY
    execute_file(safe, folder)
    assert executor.look(intent, attempt).standing is Standing.DONE
    balance = devnet.rpc.call("eth_getBalance", PUBLISHER, "latest")
    assert int(balance, 16) == 7 * ETHER + 1


def test_top_up__safe_too_poor__refused(make, safe, folder):
    intent, attempt, executor = topping_up(safe), Steps(), make()
    assert any("ether" in problem for problem in executor.plan(intent).problems)
    with pytest.raises((RevertError, CheckFailed)):
        executor.act(intent, attempt)
    assert not folder.exists()


def test_top_up__receiver_refuses_ether__not_handed_out(make, safe, folder, devnet):
    devnet.chain.set_ether_balance(safe.address, 10 * ETHER)
    token = devnet.contract("staking_asset").address
    intent = intent_of(
        TopUp(publisher=token, amount_wei=1, balance_wei=0, low_wei=ETHER, from_safe=safe.address)
    )
    assert any("has code" in line for line in make().plan(intent).lines)
    assert make().plan(intent).problems
    with pytest.raises(CheckFailed, match="would not succeed"):
        make().act(intent, Steps())
    assert not folder.exists()


def test_top_up__somebody_else_paid__done(make, safe, devnet):
    devnet.chain.set_ether_balance(PUBLISHER, ETHER)
    assert make().look(topping_up(safe), Steps()).standing is Standing.DONE


def test_top_up__of_another_safe__refused(make, safe):
    intent = intent_of(
        TopUp(publisher=PUBLISHER, amount_wei=1, balance_wei=0, low_wei=ETHER, from_safe=STAKER)
    )
    with pytest.raises(InputError, match="another Safe"):
        make().act(intent, Steps())


# --------------------------------------------------------------------------- proposals


def test_proposal__signed_and_executed__is_found(make_proposing, safe, remote):
    intent, attempt, executor = creating(safe), Steps(), make_proposing()
    assert executor.plan(intent).problems == ()
    look = carry(executor, intent, attempt)
    assert (look.standing, "0 of 2 signatures" in look.evidence) == (Standing.UNDER_WAY, True)
    (entry,) = remote.transactions
    assert intent.id in entry["origin"]
    assert attempt.names == ["built", "proposing", "proposed"]
    transaction = transaction_of(_calls(executor, intent), nonce=int(entry["nonce"]), version=safe.generation)
    safe.execute(transaction)
    assert executor.look(intent, attempt).standing is Standing.DONE


def _calls(executor, intent):
    return executor._effects[intent.kind].build(intent, executor._chain.heads()).calls


@pytest.mark.parametrize("fault", [lost_reply(), lost_request(), status(503), status(429)])
def test_proposal__reply_lost_or_service_busy__once(make_proposing, safe, remote, fault):
    remote.posts.script(fault)
    intent, attempt, executor = creating(safe), Steps(), make_proposing()
    assert carry(executor, intent, attempt).standing is Standing.UNDER_WAY
    assert len(remote.transactions) == 1


@pytest.mark.parametrize("point", ["before proposing", "proposing", "sent", "before proposed", "proposed"])
def test_proposal__killed_anywhere__once(make_proposing, safe, remote, tmp_path, point, monkeypatch):
    def on_step(name):
        if name == point:
            raise Killed

    def submit(*arguments, **options):
        submit_proposal(*arguments, **options)
        on_step("sent")

    intent = creating(safe)
    with monkeypatch.context() as patch:
        patch.setattr("aztec_butler.watcher.executors.safe_queue.submit_proposal", submit)
        with pytest.raises(Killed):
            carry(make_proposing(), intent, Steps(tmp_path / "steps", on_step))
    assert len(remote.transactions) == (0 if point in ("before proposing", "proposing") else 1)
    assert carry(make_proposing(), intent, Steps(tmp_path / "steps")).standing is Standing.UNDER_WAY
    assert len(remote.transactions) == 1


def test_proposal__something_waits_already__behind_it(make_proposing, safe, remote, devnet):
    devnet.chain.set_ether_balance(safe.address, 10 * ETHER)
    executor = make_proposing()
    carry(executor, topping_up(safe), Steps())
    carry(executor, creating(safe), Steps())
    assert [entry["nonce"] for entry in remote.transactions] == ["0", "1"]


def test_proposal__thrown_out_of_the_queue__not_made_again(make_proposing, safe, remote):
    intent, attempt, executor = creating(safe), Steps(), make_proposing()
    carry(executor, intent, attempt)
    remote.transactions.clear()
    look = carry(executor, intent, attempt)
    assert (look.standing, "no longer in the queue" in look.evidence) == (Standing.IMPOSSIBLE, True)
    assert remote.transactions == []


def test_proposal__nonce_used_for_something_else__not_made_again(make_proposing, safe, remote, devnet):
    devnet.chain.set_ether_balance(safe.address, 10 * ETHER)
    intent, attempt, executor = creating(safe), Steps(), make_proposing()
    carry(executor, intent, attempt)
    calls = _calls(executor, topping_up(safe))
    safe.execute(transaction_of(calls, nonce=0, version=safe.generation))
    remote.safes[safe.address]["nonce"] = "1"
    look = executor.look(intent, attempt)
    assert (look.standing, "used its nonce" in look.evidence) == (Standing.IMPOSSIBLE, True)


def test_proposal__keys_wait_in_the_queue__not_proposed_twice(
    make_proposing, safe, remote, registry, tmp_path
):
    register(registry, safe.address)
    path, attesters = registrations(tmp_path, [20, 21])
    executor = make_proposing()
    carry(executor, adding(path, attesters), Steps())
    with pytest.raises(InputError, match="wait for the Safe's signatures"):
        executor.act(adding(path, attesters[1:], target="provider:1 again"), Steps())
    assert len(remote.transactions) == 1


def test_proposal__by_a_stranger__refused_before_anything_is_sent(network, safe, remote, devnet):
    stranger = ProposerKey(keccak256(b"stranger to a watcher").hex())
    queue = SafeQueue(
        lambda: SafeService.open(remote.url, chain_id=devnet.chain_id),
        lambda: stranger,
        rpc=network.rpc,
        safe=safe.address,
    )
    executor, attempt = SafeExecutor(queue, Chain(network, confirmations=0)), Steps()
    assert any("neither an owner" in problem for problem in executor.plan(creating(safe)).problems)
    with pytest.raises(NotAProposer):
        executor.act(creating(safe), attempt)
    assert remote.transactions == []


def test_look__service_down__an_error_and_no_second_proposal(make_proposing, safe, remote):
    intent, attempt, executor = creating(safe), Steps(), make_proposing()
    carry(executor, intent, attempt)
    remote.gets.default = status(503)
    with pytest.raises(NodeError):
        executor.look(intent, attempt)
    remote.gets.default = None
    assert carry(executor, intent, attempt).standing is Standing.UNDER_WAY
    assert len(remote.transactions) == 1
