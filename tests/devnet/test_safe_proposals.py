"""The whole way with a real Safe: planned against the chain, proposed to the service, executed with the owners' keys."""

from __future__ import annotations

import pytest
from safe_stand_in import TransactionService

from aztec_butler.clients.safe_contract import check_multi_send, fetch_safe_state
from aztec_butler.clients.safe_proposals import plan_proposal, submit_proposal
from aztec_butler.clients.safe_service import SafeService
from aztec_butler.clients.safe_signer import ProposerKey
from aztec_butler.core.calls import Call
from aztec_butler.core.contracts import TOKEN
from aztec_butler.core.errors import NodeRefused, NotFoundError
from aztec_butler.core.hexes import keccak256
from aztec_butler.core.safe_multi_send import MULTI_SENDS
from aztec_butler.core.safe_transaction import transaction_of
from aztec_butler.devnet.safe import deploy_safe

pytestmark = pytest.mark.devnet

OWNER_KEYS = [ProposerKey(keccak256(b"owner of a Safe on the devnet" + bytes([n])).hex()) for n in range(3)]
DELEGATE = ProposerKey(keccak256(b"delegate of an owner on the devnet").hex())


@pytest.fixture
def safe(devnet, cache_folder):
    return deploy_safe(devnet.chain, [key.address for key in OWNER_KEYS], 2, cache_folder=cache_folder)


@pytest.fixture
def remote(devnet, safe):
    with TransactionService(chain_id=devnet.chain_id) as service:
        service.add_safe(safe.address, owners=safe.owners, version=safe.version)
        service.add_delegate(DELEGATE.address, safe.owners[0], safe.address)
        yield service


@pytest.fixture
def service(remote, devnet):
    with SafeService.open(remote.url, chain_id=devnet.chain_id) as opened:
        yield opened


@pytest.fixture
def calls(devnet):
    token = devnet.contract("staking_asset").address
    approve = TOKEN.function("approve")
    return [Call(to=token, data=approve.encode_call(key.address, n + 1)) for n, key in enumerate(OWNER_KEYS)]


def test_proposal__by_a_delegate__executes_with_the_owners_keys(devnet, safe, service, remote, calls):
    plan = plan_proposal(service, calls, safe=safe.address, sender=DELEGATE.address, rpc=devnet.rpc)
    assert plan.is_checked
    assert plan.on_behalf_of == (safe.owners[0],)
    queued = submit_proposal(service, plan, DELEGATE)

    digest = bytes.fromhex(queued.safe_tx_hash[2:])
    safe.execute_signed(queued.transaction, {key.address: key.sign(digest) for key in OWNER_KEYS[:2]})

    token = devnet.contract("staking_asset")
    assert [token.read("allowance", safe.address, key.address) for key in OWNER_KEYS] == [1, 2, 3]


def test_plan__service_lags_behind_the_execution__refused(devnet, safe, service, calls):
    plan = plan_proposal(service, calls, safe=safe.address, sender=DELEGATE.address, rpc=devnet.rpc)
    queued = submit_proposal(service, plan, DELEGATE)
    safe.execute(queued.transaction)  # the service has not seen it yet
    with pytest.raises(NodeRefused) as refused:
        plan_proposal(service, calls, safe=safe.address, rpc=devnet.rpc)
    assert refused.value.retryable
    assert refused.value.facts["safe_tx_hash"] == queued.safe_tx_hash


def test_plan__executed_and_indexed__a_new_nonce(devnet, safe, service, remote, calls):
    safe.execute(transaction_of(calls, nonce=0, version=safe.generation))
    remote.safes[safe.address]["nonce"] = "1"
    plan = plan_proposal(service, calls, safe=safe.address, rpc=devnet.rpc)
    assert (plan.transaction.nonce, plan.standing) == (1, None)


def test_plan__chain_ahead_of_an_empty_queue__the_chain_s_nonce(devnet, safe, service, calls):
    safe.execute(transaction_of(calls[:1], nonce=0, version=safe.generation))
    assert plan_proposal(service, calls, safe=safe.address, rpc=devnet.rpc).transaction.nonce == 1


def test_plan__contract_computes_another_hash__refused(devnet, safe, remote, calls):
    with (
        SafeService.open(remote.url, chain_id=devnet.chain_id + 1) as astray,
        pytest.raises(NodeRefused) as refused,
    ):
        plan_proposal(astray, calls, safe=safe.address, rpc=devnet.rpc)
    assert refused.value.facts["told"] != refused.value.facts["computed"]


@pytest.mark.parametrize("version", ["1.3.0", "1.4.1", "1.5.0"])
def test_state__of_each_version__read_from_the_contract(devnet, cache_folder, version):
    owners = [key.address for key in OWNER_KEYS]
    safe = deploy_safe(devnet.chain, owners, 3, version=version, cache_folder=cache_folder)
    state = fetch_safe_state(devnet.rpc, safe.address)
    assert (state.version, state.nonce, state.threshold, state.owners) == (version, 0, 3, tuple(owners))
    check_multi_send(devnet.rpc, state.version)


def test_state__no_safe_there__not_found(devnet):
    for address in (devnet.contract("staking_asset").address, DELEGATE.address):
        with pytest.raises(NotFoundError) as missing:
            fetch_safe_state(devnet.rpc, address)
        assert missing.value.facts["safe"] == address


@pytest.mark.parametrize("code", [b"", b"\x60\x00"], ids=["nothing", "something else"])
def test_plan__no_multi_send_on_the_chain__refused_for_a_batch_only(devnet, safe, service, calls, code):
    devnet.chain.set_code(MULTI_SENDS[safe.generation].address, code)
    with pytest.raises(NotFoundError):
        plan_proposal(service, calls, safe=safe.address, rpc=devnet.rpc)
    assert plan_proposal(service, calls[:1], safe=safe.address, rpc=devnet.rpc).is_checked
