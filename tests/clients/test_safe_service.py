"""Proposing to the Transaction Service, through its refusals and faults: exactly once, and no word about the keys."""

from __future__ import annotations

import pickle
import traceback

import attrs
import pytest
from eth_account import Account
from safe_stand_in import TransactionService, healthy, lost_reply, lost_request, status

from aztec_butler.clients.http import HttpTransport
from aztec_butler.clients.policy import RetryPolicy
from aztec_butler.clients.safe_door import SafeDoor
from aztec_butler.clients.safe_proposals import plan_proposal, submit_proposal
from aztec_butler.clients.safe_service import NotAProposer, SafeService
from aztec_butler.clients.safe_signer import ProposerKey
from aztec_butler.core.calls import Call
from aztec_butler.core.contracts import TOKEN
from aztec_butler.core.errors import (
    ButlerError,
    InputError,
    NodeBusy,
    NodeError,
    NodeRefused,
    NodeUnreachable,
    NotFoundError,
    SettingsError,
)
from aztec_butler.core.hexes import keccak256, to_hex
from aztec_butler.core.networks import MULTICALL3_ADDRESS
from aztec_butler.core.safe_multi_send import MULTI_SENDS, encode_multi_send

pytestmark = pytest.mark.loopback

SAFE = "0x111CEEee040739fD91D29C34C33E6B3E112F2177"
TARGET = "0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48"
CHAIN_ID = 11_155_111
API_KEY = "eyJhbGciOiJFUzI1NiJ9.0123456789abcdef"
SECRET = keccak256(b"a proposer of the tests").hex()
STRANGER = keccak256(b"a stranger of the tests").hex()
OWNERS = [Account.from_key(keccak256(b"an owner" + bytes([n]))).address for n in range(3)]

CALL = Call(to=TARGET, data=TOKEN.function("transfer").encode_call(SAFE, 7), summary="Transfer 7 wei.")
OTHER = attrs.evolve(CALL, value_wei=1)


@pytest.fixture
def key():
    return ProposerKey(SECRET)


@pytest.fixture
def remote(key):
    """The service; the proposer is the first owner's delegate."""
    with TransactionService(chain_id=CHAIN_ID, api_key=API_KEY) as service:
        service.add_safe(SAFE, owners=OWNERS, nonce=5)
        service.add_delegate(key.address, OWNERS[0], SAFE)
        yield service


@pytest.fixture
def pauses():
    return []


@pytest.fixture
def service(remote, pauses):
    transport = HttpTransport(remote.url, headers={"authorization": f"Bearer {API_KEY}"}, timeout_seconds=5)
    clock = [0.0]

    def sleep(seconds):
        pauses.append(seconds)
        clock[0] += seconds

    door = SafeDoor(transport, policy=RetryPolicy(rounds=4), sleep=sleep, clock=lambda: clock[0])
    with SafeService(door, chain_id=CHAIN_ID) as opened:
        yield opened


def propose(service, key, *calls):
    plan = plan_proposal(service, calls or [CALL], safe=SAFE, sender=key.address)
    return submit_proposal(service, plan, key)


# --------------------------------------------------------------------------- the plain way


def test_propose__one_call__stands_in_the_queue_as_the_delegator_s(service, remote, key):
    queued = propose(service, key)

    (entry,) = remote.transactions
    assert queued.safe_tx_hash == entry["safeTxHash"]
    assert (queued.transaction.to, queued.transaction.data, queued.transaction.nonce) == (
        TARGET,
        CALL.data,
        5,
    )
    assert (queued.proposer, queued.confirmed_by, queued.confirmations_required) == (OWNERS[0], (), 2)
    assert (queued.is_executed, queued.is_successful) == (False, None)
    assert remote.proposals == [
        {
            "to": TARGET,
            "value": "0",
            "data": to_hex(CALL.data),
            "operation": 0,
            "safeTxGas": "0",
            "baseGas": "0",
            "gasPrice": "0",
            "gasToken": "0x" + "00" * 20,
            "refundReceiver": "0x" + "00" * 20,
            "nonce": 5,
            "contractTransactionHash": queued.safe_tx_hash,
            "sender": key.address,
            "signature": remote.proposals[0]["signature"],
            "origin": "aztec-butler",
        }
    ]


def test_propose__several_calls__one_delegate_call_to_multi_send(service, remote, key):
    queued = propose(service, key, CALL, OTHER)
    (entry,) = remote.transactions
    assert (entry["to"], entry["operation"]) == (MULTI_SENDS[1, 4].address, 1)
    assert queued.transaction.operation == 1


def test_propose__owner_s_key__counts_as_its_confirmation(service, remote):
    owner = ProposerKey(keccak256(b"an owner\0").hex())
    assert owner.address == OWNERS[0]
    assert propose(service, owner).confirmed_by == (OWNERS[0],)
    assert not any("delegates" in path for _, path, _ in remote.requests)


@pytest.mark.parametrize(
    ("first", "waiting", "nonce"),
    [(5, [], 5), (5, [5], 6), (5, [5, 6, 9], 10), (7, [5, 6], 7)],
    ids=["nothing waits", "one waits", "with a gap", "what waits was overtaken"],
)
def test_propose__nonce__behind_everything_that_waits(service, remote, key, first, waiting, nonce):
    remote.safes[SAFE]["nonce"] = str(first)
    for other in waiting:
        remote.add_transaction(SAFE, to=SAFE, nonce=other)
    assert propose(service, key).transaction.nonce == nonce


def test_propose__many_pages__all_of_them_are_read(service, remote, key):
    remote.largest_page = 3
    for nonce in range(5, 16):
        remote.add_transaction(SAFE, to=SAFE, nonce=nonce)
    assert propose(service, key).transaction.nonce == 16
    assert len([path for _, path, _ in remote.requests if "offset=" in path and "executed" in path]) == 4


# --------------------------------------------------------------------------- already there


def test_propose__again__recognised_and_not_sent(service, remote, key):
    first = propose(service, key, CALL, OTHER)
    second = propose(service, key, CALL, OTHER)
    assert first == second
    assert len(remote.proposals) == 1


def test_propose__same_on_the_last_page_in_other_letters__recognised(service, remote, key):
    remote.largest_page = 2
    for nonce in range(5, 10):
        remote.add_transaction(SAFE, to=SAFE, nonce=nonce)
    entry = remote.add_transaction(SAFE, to=TARGET, data=to_hex(CALL.data), nonce=10)
    entry["to"] = TARGET.lower()
    entry["data"] = "0x" + CALL.data.hex().upper()
    standing = propose(service, key)
    assert standing.transaction.nonce == 10
    assert remote.proposals == []


@pytest.mark.parametrize(
    "change", [{"value": 1}, {"operation": 1}, {"data": "0x12"}, {"to": SAFE}, {"safeTxGas": 1}], ids=str
)
def test_propose__something_else_waits__not_taken_for_the_same(service, remote, key, change):
    fields = {"to": TARGET, "data": to_hex(CALL.data), "nonce": 5} | change
    remote.add_transaction(SAFE, **fields)
    assert propose(service, key).transaction.nonce == 6
    assert len(remote.proposals) == 1


def test_propose__executed_before__proposed_anew(service, remote, key):
    remote.add_transaction(SAFE, to=TARGET, data=to_hex(CALL.data), nonce=4)["isExecuted"] = True
    assert propose(service, key).transaction.nonce == 5


# --------------------------------------------------------------------------- faults: exactly once

ALREADY_EXECUTED = {"nonFieldErrors": [f"Tx with nonce=5 for safe={SAFE} already executed in tx-hash=0x00"]}


@pytest.mark.parametrize(
    ("faults", "posts"),
    [
        ([lost_reply()], 1),
        ([lost_request()], 2),
        ([lost_request(), lost_reply()], 2),
        ([status(500)], 2),
        ([status(503, carried_out=True)], 1),
        ([status(502, b"<html>Bad gateway</html>"), status(504, carried_out=True)], 2),
        ([status(429, retry_after="3")], 2),
        ([status(409, {"message": "Resource is locked"})], 2),
        ([status(409, {"message": "Conflict"}, carried_out=True)], 1),
        ([status(422, ALREADY_EXECUTED, carried_out=True)], 1),
        ([status(500), status(500), status(500)], 4),
        ([status(202, carried_out=False)], 2),
    ],
    ids=[
        "lost reply",
        "lost request",
        "lost request, then lost reply",
        "500",
        "503 that was carried out",
        "502, then 504 that was carried out",
        "429",
        "409",
        "409 that was carried out",
        "422 because it had arrived",
        "three times 500",
        "taken and not shown",
    ],
)
def test_submit__fault__arrives_once(service, remote, key, faults, posts):
    remote.posts.script(*faults)
    queued = propose(service, key)
    assert [entry["safeTxHash"] for entry in remote.transactions] == [queued.safe_tx_hash]
    assert len(remote.proposals) == posts
    assert len({body["contractTransactionHash"] for body in remote.proposals}) == 1


def test_submit__429__waits_as_long_as_the_service_asks(service, remote, key, pauses):
    remote.posts.script(status(429, retry_after="3"))
    propose(service, key)
    assert len(pauses) == 1
    assert pauses[0] >= 3


def test_submit__429_for_an_hour__busy_at_once(service, remote, key, pauses):
    remote.posts.default = status(429, retry_after="3600")
    with pytest.raises(NodeBusy) as busy:
        propose(service, key)
    assert busy.value.retry_after_seconds == 3600
    assert pauses == []


@pytest.mark.parametrize(
    ("fault", "error"),
    [(status(500), NodeRefused), (lost_request(), NodeUnreachable), (status(429), NodeBusy)],
    ids=["500", "lost", "429"],
)
def test_submit__fault_without_end__named_error_and_nothing_there(service, remote, key, fault, error):
    remote.posts.default = fault
    with pytest.raises(error) as failed:
        propose(service, key)
    assert "arrived" in failed.value.hint
    assert len(remote.proposals) == 4
    assert remote.transactions == []


def test_submit__reply_lost_and_then_the_service__says_that_it_may_have_arrived(service, remote, key):
    plan = plan_proposal(service, [CALL], safe=SAFE, sender=key.address)
    remote.posts.script(lost_reply())
    remote.gets.default = status(503)
    with pytest.raises(NodeError) as failed:
        submit_proposal(service, plan, key)
    assert "may have arrived" in failed.value.hint
    assert failed.value.facts["safe_tx_hash"] == plan.safe_tx_hash
    assert "broke off" in failed.value.facts["before_that"]

    remote.gets.default = None
    assert submit_proposal(service, plan, key).safe_tx_hash == plan.safe_tx_hash
    assert propose(service, key).safe_tx_hash == plan.safe_tx_hash
    assert len(remote.transactions) == 1


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (ALREADY_EXECUTED, "the nonce of the proposal was used meanwhile"),
        (
            {
                "nonFieldErrors": [
                    "Contract-transaction-hash=0x1 does not match provided contract-tx-hash=0x2"
                ]
            },
            "the Transaction Service computes another hash",
        ),
        ({"to": ["Address is not checksumed"]}, "the Transaction Service refused the proposal"),
        ({}, "the Transaction Service refused the proposal"),
    ],
    ids=["nonce used", "other hash", "field error", "nothing said"],
)
@pytest.mark.parametrize("code", [400, 422])
def test_submit__refusal__named_and_not_repeated(service, remote, key, code, words, sentence):
    remote.posts.default = status(code, words)
    with pytest.raises(NodeRefused) as refused:
        propose(service, key)
    assert refused.value.sentence == sentence
    assert len(remote.proposals) == 1


def test_submit__service_of_another_chain__tells_so(remote, service, key):
    remote.chain_id = 1
    with pytest.raises(NodeRefused) as refused:
        propose(service, key)
    assert refused.value.facts["status"] == 422
    assert "another chain" in refused.value.hint


# --------------------------------------------------------------------------- who may propose


def test_plan__stranger__refused_with_a_way_out(service, remote):
    with pytest.raises(NotAProposer) as refused:
        propose(service, ProposerKey(STRANGER))
    assert "safe batch" in refused.value.hint
    assert remote.proposals == []


@pytest.mark.parametrize(
    ("delegator", "safe", "may"),
    [(OWNERS[1], None, True), (OWNERS[1], SAFE, True), (TARGET, SAFE, False), (OWNERS[1], TARGET, False)],
    ids=["for all Safes", "for this Safe", "of no owner", "for another Safe"],
)
def test_plan__delegate__may_where_an_owner_of_this_safe_said_so(service, remote, delegator, safe, may):
    stranger = ProposerKey(STRANGER)
    remote.add_delegate(stranger.address, delegator, safe)
    if may:
        assert propose(service, stranger).proposer == delegator
    else:
        with pytest.raises(NotAProposer):
            propose(service, stranger)
        assert remote.proposals == []


def test_submit__delegation_withdrawn_meanwhile__named_error(service, remote, key):
    plan = plan_proposal(service, [CALL], safe=SAFE, sender=key.address)
    remote.delegates.clear()
    with pytest.raises(NotAProposer):
        submit_proposal(service, plan, key)


def test_submit__other_key_than_planned__refused(service, remote, key):
    plan = plan_proposal(service, [CALL], safe=SAFE, sender=key.address)
    with pytest.raises(InputError):
        submit_proposal(service, plan, ProposerKey(STRANGER))


@pytest.mark.parametrize("is_inside", [False, True])
def test_plan__approval_to_multicall3__refused_before_anything(service, remote, is_inside):
    approval = Call(to=TARGET, data=TOKEN.function("approve").encode_call(MULTICALL3_ADDRESS, 1))
    if is_inside:
        multi_send = MULTI_SENDS[(1, 4)].address
        approval = Call(to=multi_send, data=encode_multi_send([approval]))
    with pytest.raises(InputError):
        plan_proposal(service, [CALL, approval], safe=SAFE)
    assert remote.requests == []


# --------------------------------------------------------------------------- a service that cannot be trusted


def test_reading__unknown_safe__not_found(service):
    with pytest.raises(NotFoundError) as missing:
        service.get_safe(TARGET)
    assert missing.value.facts["safe"] == TARGET


def test_reading__hash_that_does_not_fit__refused(service, remote):
    entry = remote.add_transaction(SAFE, to=TARGET, nonce=5)
    entry["value"] = "1"
    with pytest.raises(NodeRefused) as refused:
        service.fetch_queue(SAFE, first_nonce=5)
    assert refused.value.facts["stated"] == entry["safeTxHash"]


def test_reading__other_transaction_than_asked_for__refused(service, remote):
    entry = remote.add_transaction(SAFE, to=TARGET, nonce=5)
    asked = "0x" + "ab" * 32
    remote.gets.script(status(200, entry))
    with pytest.raises(NodeRefused):
        service.get_transaction(asked)


@pytest.mark.parametrize(
    "change",
    [
        {"operation": 2},
        {"to": None},
        {"value": None},
        {"baseGas": "x"},
        {"data": "0x1"},
        {"isExecuted": None},
    ],
    ids=str,
)
def test_reading__field_that_does_not_fit__refused_and_never_zero(service, remote, change):
    remote.add_transaction(SAFE, to=TARGET, nonce=5).update(change)
    with pytest.raises(NodeRefused):
        service.fetch_queue(SAFE, first_nonce=5)


def test_reading__list_changes_between_pages__read_again(service, remote):
    remote.largest_page = 2
    for nonce in range(5, 10):
        remote.add_transaction(SAFE, to=SAFE, nonce=nonce)

    def execute_the_first():
        remote.between_pages = None
        remote.transactions[0]["isExecuted"] = True

    remote.between_pages = execute_the_first
    queue = service.fetch_queue(SAFE, first_nonce=5)
    assert [queued.transaction.nonce for queued in queue] == [6, 7, 8, 9]


def test_reading__list_that_never_rests__refused(service, remote):
    remote.largest_page = 2
    for nonce in range(5, 10):
        remote.add_transaction(SAFE, to=SAFE, nonce=nonce)
    remote.between_pages = lambda: remote.add_transaction(SAFE, to=SAFE, nonce=len(remote.transactions) + 5)
    with pytest.raises(NodeRefused) as refused:
        service.fetch_queue(SAFE, first_nonce=5)
    assert refused.value.retryable


def test_reading__faults_in_passing__patient(service, remote):
    remote.gets.script(status(502, b"<html>"), lost_request(), status(200, b"<html>"), healthy())
    assert service.get_safe(SAFE).nonce == 5


# --------------------------------------------------------------------------- secrets

WORDS_WITH_KEY = {"message": f"key {API_KEY} of Bearer {API_KEY} is not welcome"}


@pytest.mark.parametrize("code", [400, 401, 403, 404, 409, 422, 429, 500, 503])
def test_errors__that_quote_the_key__do_not_pass_it_on(service, remote, key, code):
    plan = plan_proposal(service, [CALL], safe=SAFE, sender=key.address)
    remote.posts.default = status(code, WORDS_WITH_KEY)
    with pytest.raises(ButlerError) as failed:
        submit_proposal(service, plan, key)
    told = "".join(traceback.format_exception(failed.value)) + repr(failed.value.facts) + repr(service)
    assert API_KEY not in told
    assert SECRET not in told
    if code in (400, 422, 500):
        assert "***" in told


def test_api_key__missing_or_wrong__settings_error(remote):
    for api_key, sentence in [(None, "wants an API key"), ("wrong-key-0123", "does not take the API key")]:
        with (
            SafeService.open(remote.url, chain_id=CHAIN_ID, api_key=api_key) as service,
            pytest.raises(SettingsError) as refused,
        ):
            service.get_safe(SAFE)
        assert sentence in refused.value.sentence
        assert "0600" in refused.value.hint


@pytest.mark.parametrize(
    "text",
    [
        "",
        "0x",
        SECRET[:-2],
        SECRET + "00",
        "g" * 64,
        "0" * 64,
        "f" * 64,
        " ".join(SECRET),
        "0x" + SECRET[:-1] + " ",
    ],
    ids=lambda _: None,
)
def test_key__no_key__refused_without_a_word_of_it(text):
    with pytest.raises(SettingsError) as refused:
        ProposerKey(text)
    report = traceback.TracebackException.from_exception(refused.value, capture_locals=True)
    report.stack[0].locals.clear()  # this test's own
    told = "".join(report.format())
    assert refused.value.__context__ is None
    assert len(text) < 16 or text.strip()[:16] not in told


@pytest.mark.parametrize(
    "text", [SECRET, "0x" + SECRET, f"  {SECRET.upper()}\n"], ids=["plain", "0x", "white space"]
)
def test_key__any_spelling__its_address_and_nothing_else(text):
    key = ProposerKey(text)
    assert key.address == Account.from_key(SECRET).address
    assert SECRET not in repr(key) + str(key)
    with pytest.raises(TypeError):
        pickle.dumps(key)


def test_key__signature__deterministic_and_recovered_by_another_library(key):
    digest = keccak256(b"something to sign")
    signature = key.sign(digest)
    assert signature == key.sign(digest)
    assert signature[64] in (27, 28)
    assert Account._recover_hash(digest, signature=signature) == key.address
    assert (
        int.from_bytes(signature[32:64])
        <= 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141 // 2
    )
