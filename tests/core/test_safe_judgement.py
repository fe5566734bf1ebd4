"""What speaks against signing calls, however deep it stands, and whom calls really go to."""

from __future__ import annotations

import pytest

from aztec_butler.core.abi import parse_line
from aztec_butler.core.calls import Call
from aztec_butler.core.checks import Outcome
from aztec_butler.core.contracts import STAKING_REGISTRY, TOKEN
from aztec_butler.core.contracts.multicall3 import MULTICALL3
from aztec_butler.core.errors import InputError
from aztec_butler.core.networks import MAINNET, MULTICALL3_ADDRESS, TESTNET
from aztec_butler.core.safe_abi import MULTI_SEND, SAFE
from aztec_butler.core.safe_batch import SafeBatch, describe_call, encode_batch, split_calls
from aztec_butler.core.safe_batch_file import examine_batch, read_batch
from aztec_butler.core.safe_judgement import judge_call, refuse_dangers
from aztec_butler.core.safe_multi_send import MULTI_SENDS, encode_multi_send

OWNER = "0x111CEEee040739fD91D29C34C33E6B3E112F2177"
STRANGER = "0x474e5Ded6b5D078163BFB8F6dBa355C3aA5478C8"
TOKEN_ADDRESS = "0xA27EC0006e59f245217Ff08CD52A7E8b169E62D2"
ROLLUP = "0xB0D4afd8879eD9F52b28595d31B441D079B2Ca07"
MULTI_SEND_ADDRESS = MULTI_SENDS[(1, 4)].address
APPROVAL = TOKEN.function("approve").encode_call(MULTICALL3_ADDRESS, 10**24)
TAKE_RATE = STAKING_REGISTRY.function("updateProviderTakeRate").encode_call(5, 300)
FLUSH = parse_line("function flushEntryQueue()").encode_call()


def executed(to, data, *, operation=0, value=0):
    """Another Safe's transaction, which owners can make this one send."""
    nobody = "0x" + "00" * 20
    data = SAFE.function("execTransaction").encode_call(
        to, value, data, operation, 0, 0, 0, nobody, nobody, b""
    )
    return Call(to=OWNER, data=data)


def gathered(*calls):
    structs = [(call.to, False, call.data) for call in calls]
    return Call(to=MULTICALL3_ADDRESS, data=MULTICALL3.function("aggregate3").encode_call(structs))


def packed(operation, to, data):
    content = bytes((operation,)) + bytes.fromhex(to[2:]) + bytes(32) + len(data).to_bytes(32) + data
    return Call(to=MULTI_SEND_ADDRESS, data=MULTI_SEND.function("multiSend").encode_call(content))


def nested(levels, call):
    for _ in range(levels):
        call = gathered(call)
    return call


approval = Call(to=TOKEN_ADDRESS, data=APPROVAL)
DANGEROUS = {
    "approval in execTransaction": executed(TOKEN_ADDRESS, APPROVAL),
    "approval behind bytes": executed(TOKEN_ADDRESS, APPROVAL + bytes(32)),
    "approval in multiSend": Call(to=MULTI_SEND_ADDRESS, data=encode_multi_send([approval])),
    "approval in aggregate3": gathered(approval),
    "approval three levels down": executed(MULTICALL3_ADDRESS, gathered(gathered(approval)).data),
    "approval below what is read": nested(20, approval),
    "delegate call in execTransaction": executed(STRANGER, FLUSH, operation=1),
    "delegate call without data": executed(STRANGER, b"", operation=1),
    "delegate call in multiSend": packed(1, STRANGER, FLUSH),
    "delegate call of an upgrade": Call(
        to=OWNER,
        data=parse_line("function upgradeToAndCall(address,bytes)").encode_call(STRANGER, FLUSH),
    ),
}


def examined(call, *, chain_id=1, roles=None):
    """The check of a file with this call, as somebody else wrote it."""
    batch = SafeBatch(chain_id=chain_id, safe=OWNER, name="x", description="", calls=(call,))
    checks = examine_batch(read_batch(encode_batch(batch)), subject="file", roles=roles)
    return {check.check: check for check in checks}["calls"]


@pytest.mark.parametrize("call", DANGEROUS.values(), ids=list(DANGEROUS))
def test_danger__at_any_depth__is_refused_and_fails(call):
    good = Call(to=OWNER, data=b"", value_wei=1)
    with pytest.raises(InputError) as refused:
        refuse_dangers([good, call])
    assert refused.value.facts["transaction"] == 2
    with pytest.raises(InputError):
        split_calls([good, call], chain_id=1, safe=OWNER)
    check = examined(call)
    assert check.outcome is Outcome.FAIL
    assert check.remedy == "do not sign these calls"


def test_delegate_call__of_safes_own_multi_send__is_no_danger():
    call = executed(MULTI_SEND_ADDRESS, encode_multi_send([Call(to=ROLLUP, data=FLUSH)]), operation=1)
    refuse_dangers([call])
    assert examined(call).outcome is Outcome.WARN


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (
            Call(to=TOKEN_ADDRESS, data=TOKEN.function("approve").encode_call(STRANGER, 2**256 - 1)),
            "any number",
        ),
        (Call(to=MAINNET.staking_registry, data=TAKE_RATE + b"\1"), "1 bytes stand behind"),
        (gathered(Call(to=OWNER, data="0x12345678")), "inside it, no known contract"),
        (Call(to=OWNER, data="0x12345678"), "no known contract"),
    ],
    ids=["any number of tokens", "bytes behind", "unknown inside", "unknown"],
)
def test_warning__of_any_kind__warns_of_the_file(call, words):
    check = examined(call, roles={TOKEN_ADDRESS: "token"})
    assert check.outcome is Outcome.WARN
    assert words in check.finding


def test_contract__known_by_its_address__is_all_known():
    call = Call(to=MAINNET.staking_registry, data=TAKE_RATE)
    assert (examined(call).outcome, examined(call).finding) == (Outcome.OK, "all known")
    assert describe_call(call, chain_id=1) == "updateProviderTakeRate(uint256,uint16) of staking_registry"
    flush = Call(to=ROLLUP, data=FLUSH)
    assert examined(flush, roles={ROLLUP: "rollup"}).outcome is Outcome.OK
    assert describe_call(flush, roles={ROLLUP: "rollup"}) == "flushEntryQueue() of rollup"


def test_contract__unknown_with_a_known_selector__only_looks_like_one():
    check = examined(Call(to=ROLLUP, data=FLUSH))
    assert check.outcome is Outcome.WARN
    assert "looks like flushEntryQueue() of a rollup" in check.finding
    assert describe_call(Call(to=ROLLUP, data=FLUSH)).startswith("looks like flushEntryQueue() of a rollup")


def test_contract__of_another_chain__is_unknown_here():
    call = Call(to=TESTNET.staking_registry, data=TAKE_RATE)
    assert examined(call, chain_id=TESTNET.chain_id).outcome is Outcome.OK
    assert examined(call).outcome is Outcome.WARN
    assert describe_call(call, chain_id=1).startswith("looks like")


def test_contract__without_the_function__is_said():
    check = examined(Call(to=MAINNET.staking_registry, data=FLUSH))
    assert check.outcome is Outcome.WARN
    assert "goes to the staking_registry, which has no such function" in check.finding


def test_ether__to_a_function_that_takes_none__warns():
    call = Call(to=MAINNET.staking_registry, data=TAKE_RATE, value_wei=7)
    assert "sends ether to updateProviderTakeRate" in examined(call).finding
    send = MULTICALL3.function("aggregate3Value").encode_call([(OWNER, False, 5, b"")])
    assert examined(Call(to=MULTICALL3_ADDRESS, data=send, value_wei=5)).outcome is Outcome.OK


def test_remarks__of_many_calls__are_told_once_with_their_places():
    calls = (Call(to=ROLLUP, data=FLUSH), Call(to=OWNER, data=b""), Call(to=STRANGER, data=FLUSH))
    batch = SafeBatch(chain_id=1, safe=OWNER, name="x", description="", calls=calls)
    checks = examine_batch(read_batch(encode_batch(batch)), subject="file")
    assert checks[-1].finding.startswith("1, 3: looks like")
    assert judge_call(calls[1]) == ()
