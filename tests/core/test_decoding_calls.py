"""Calldata in words: back to what was built, to any depth, and nothing odd passed over in silence."""

from __future__ import annotations

import json
import re

import attrs
import pytest
from calldata_cases import ADDRESSES, ALICE, BOB, CAROL, CASES, MULTICALL3, REGISTRY, ROLLUP, TOKEN, WORDS
from eth_abi import encode
from hypothesis import example, given, settings
from hypothesis import strategies as st

from aztec_butler import calldata
from aztec_butler.core.abi import parse_line
from aztec_butler.core.calldata.tokens import AZTEC
from aztec_butler.core.calls import Call
from aztec_butler.core.contracts import CONTRACTS
from aztec_butler.core.contracts import MULTICALL3 as MULTICALL3_LINES
from aztec_butler.core.decoding import Kind, Operation, decode_bytes
from aztec_butler.core.decoding_batches import CARRIERS
from aztec_butler.core.decoding_text import lines_of
from aztec_butler.core.errors import DecodeError, InputError
from aztec_butler.core.safe_abi import MULTI_SEND, SAFE
from aztec_butler.core.safe_batch import encode_batch, split_calls
from aztec_butler.core.safe_multi_send import MULTI_SENDS, encode_multi_send
from aztec_butler.core.token_amounts import ETHER

ZERO = "0x" + "00" * 20
MULTI_SEND_PLACE = MULTI_SENDS[1, 4].address
EXAMPLES = {name: case.build(case.example) for name, case in CASES.items()}


def fields(decoded):
    return {value.field: value.value for value in decoded.values}


def bare(decoded):
    """What a call says, without how it is carried."""
    return decoded.to, decoded.data, decoded.value_wei, decoded.signature, fields(decoded), decoded.warnings


def exec_transaction(to, data, operation=0, value_wei=0):
    return SAFE.function("execTransaction").encode_call(
        to, value_wei, data, operation, 0, 0, 0, ZERO, ZERO, b"\1" * 65
    )


# --------------------------------------------------------------------------- there and back


@pytest.mark.parametrize("case", CASES.values(), ids=list(CASES))
def test_explain__what_was_built__is_what_was_asked_for(case):
    @settings(max_examples=40)
    @given(case.options)
    def check(options):
        call = case.build(options)
        decoded = calldata.explain(call)
        assert decoded.signature == case.signature
        assert fields(decoded) == (case.fields(options) if case.fields else options)
        assert (decoded.to, decoded.data, decoded.warnings) == (call.to, call.data, ())
        assert calldata.explain(call.data, call.to.lower()) == decoded
        assert calldata.explain("0x" + call.data.hex(), to=call.to) == decoded

    check()


ANYBODYS = st.one_of(
    *[
        CASES[name].options.map(CASES[name].build)
        for name in (
            "claim_sequencer_rewards",
            "flushEntryQueue()",
            "finalize_withdraw",
            "distribute",
            "rollup_vote",
        )
    ]
)
ANY_CALLS = st.lists(
    st.one_of(
        ANYBODYS,
        *[CASES[name].options.map(CASES[name].build) for name in ("approve", "add_keys", "deposit")],
        st.builds(Call, to=ADDRESSES, data=st.binary(max_size=40), value_wei=WORDS),
    ),
    min_size=1,
    max_size=4,
)


@settings(max_examples=40)
@given(st.lists(ANYBODYS, min_size=1, max_size=4), st.booleans())
def test_explain__batch__tells_every_call_inside(calls, may_fail):
    decoded = calldata.explain(calldata.batch(calls, allow_failure=may_fail))
    assert decoded.roles == ("multicall3",)
    assert [bare(inner) for inner in decoded.inner] == [bare(calldata.explain(call)) for call in calls]
    assert {inner.may_fail for inner in decoded.inner} == {may_fail}


@settings(max_examples=60)
@given(ANY_CALLS)
def test_explain__safe_transaction_of_several_calls__tells_every_call_inside(calls):
    data = exec_transaction(MULTI_SEND_PLACE, encode_multi_send(calls), operation=1)
    decoded = calldata.explain(data, to=ALICE)
    assert (decoded.signature.partition("(")[0], decoded.warnings) == ("execTransaction", ())
    (multi_send,) = decoded.inner
    assert (multi_send.operation, multi_send.roles) == (Operation.DELEGATE_CALL, ("multi_send",))
    assert multi_send.warnings == ()  # Safe's own way to make several calls
    assert [bare(inner) for inner in multi_send.inner] == [bare(calldata.explain(call)) for call in calls]


@settings(max_examples=30)
@given(ANY_CALLS)
def test_explain__transaction_builder_file__tells_every_call_inside(calls):
    (batch,) = split_calls([attrs.evolve(call, to=BOB) for call in calls], chain_id=1, safe=ALICE)
    decoded = calldata.explain(json.loads(encode_batch(batch)))
    assert (decoded.kind, decoded.warnings) == (Kind.BATCH, ())
    assert [bare(inner) for inner in decoded.inner] == [bare(calldata.explain(call)) for call in batch.calls]


@pytest.mark.parametrize("depth", [1, 5, 15])
def test_explain__batches_in_batches__are_read_to_the_end(depth):
    data = EXAMPLES["claim_sequencer_rewards"].data
    for _ in range(depth):
        data = MULTICALL3_LINES.function("aggregate3").encode_call([(ROLLUP, False, data)])
    decoded = calldata.explain(data)
    found = list(decoded.walk())
    assert len(found) == depth + 1
    assert fields(found[-1]) == {"coinbase": ALICE}


# --------------------------------------------------------------------------- every carrier


ETHER_WEI = (1 << 255) + 5  # a bit in the first byte and one in the last
CARRIED = (TOKEN, EXAMPLES["approve"].data)
CARRIER_ARGUMENTS = {
    "aggregate3": ([(*CARRIED[:1], True, CARRIED[1])],),
    "aggregate3Value": ([(TOKEN, False, ETHER_WEI, CARRIED[1])],),
    "aggregate": ([CARRIED],),
    "blockAndAggregate": ([CARRIED],),
    "tryAggregate": (False, [CARRIED]),
    "tryBlockAndAggregate": (True, [CARRIED]),
    "execTransaction": (TOKEN, ETHER_WEI, CARRIED[1], 0, 0, 0, 0, ZERO, ZERO, b""),
    "multiSend": (
        b"\0" + bytes.fromhex(TOKEN[2:]) + ETHER_WEI.to_bytes(32) + len(CARRIED[1]).to_bytes(32) + CARRIED[1],
    ),
    "execCalls": ([(TOKEN, ETHER_WEI, CARRIED[1])],),
    "relay": CARRIED,
    "upgradeToAndCall": (TOKEN, CARRIED[1]),
    "temporaryApproveAndCall": (ALICE, True, 1, 2, TOKEN, CARRIED[1]),
    "temporaryApproveAndCallBySig": (ALICE, BOB, True, 1, 2, TOKEN, CARRIED[1], 3, 4, b""),
}
WITH_VALUE = {"aggregate3Value", "execTransaction", "multiSend", "execCalls"}
MAY_FAIL = {"aggregate3", "tryAggregate"}


@pytest.mark.parametrize("signature", CARRIERS)
def test_carrier__of_every_kind__tells_receiver_value_and_data(signature):
    name = signature.partition("(")[0]
    types = signature[len(name) :]
    # The argument types by eth-abi, so that a wrong line would show.
    from eth_abi.grammar import parse

    content = encode(
        [component.to_type_str() for component in parse(types).components], CARRIER_ARGUMENTS[name]
    )
    from eth_utils import keccak

    decoded = calldata.explain(keccak(text=signature)[:4] + content)
    assert decoded.signature == signature
    (inner,) = decoded.inner
    assert (inner.to, inner.data) == CARRIED
    assert inner.value_wei == (ETHER_WEI if name in WITH_VALUE else 0)
    assert inner.may_fail is (name in MAY_FAIL)
    assert fields(inner) == {"spender": ALICE, "amount_wei": 200_000 * 10**18}
    assert (inner.operation is Operation.DELEGATE_CALL) is (name == "upgradeToAndCall")


def test_carriers__functions_that_take_calls__are_all_known():
    """A function of a known contract that takes bytes and changes something is read to its end, or listed here."""
    taking = {
        function.signature
        for contract in (*CONTRACTS.values(), SAFE, MULTI_SEND)
        for function in contract.functions
        if re.search(r"bytes(?!\d)", function.signature) and function.mutability not in ("view", "pure")
    }
    others = {signature for signature in taking if signature.partition("(")[0] in NO_CALLS} | {VOTE}
    assert taking - others == set(CARRIERS)


NO_CALLS = {
    "approveBySig",
    "invalidateBadAttestation",
    "invalidateInsufficientAttestations",
    "onERC1155BatchReceived",
    "onERC1155Received",
    "onERC721Received",
    "propose",
    "submitEpochRootProof",
}
"""Their bytes are signatures, proofs and blobs."""
VOTE = "vote(bytes,(uint8,bytes32,bytes32))"


# --------------------------------------------------------------------------- what is odd


@pytest.mark.parametrize("content", ["0xdeadbeef", "0xdeadbeef" + "00" * 33, "0x00000000"])
def test_explain__unknown_function__is_said_with_its_selector(content):
    decoded = calldata.explain(content, to=ALICE)
    assert (decoded.signature, decoded.values, decoded.data.hex()) == (None, (), content[2:])
    (warning,) = decoded.warnings
    assert content[:10] in warning
    assert content[:10] in "\n".join(lines_of(decoded))


def test_explain__unknown_function_inside_a_batch__keeps_its_place():
    inner = [(TOKEN, False, bytes.fromhex("deadbeef")), (ROLLUP, False, EXAMPLES["flushEntryQueue()"].data)]
    decoded = calldata.explain(MULTICALL3_LINES.function("aggregate3").encode_call(inner))
    assert [call.signature for call in decoded.inner] == [None, "flushEntryQueue()"]
    assert "0xdeadbeef" in decoded.inner[0].warnings[0]


@pytest.mark.parametrize("content", ["0x1d", "0x1d9349"])
def test_explain__too_few_bytes__is_said(content):
    (warning,) = calldata.explain(content).warnings
    assert content in warning


def test_explain__no_data__is_a_transfer_of_ether():
    decoded = calldata.explain("0x", to=ALICE, value_wei=5 * 10**17)
    assert (decoded.signature, decoded.warnings) == (None, ())
    assert "sends 0.5 ETH" in str(decoded)


@pytest.mark.parametrize("name", EXAMPLES)
def test_explain__bytes_behind_the_arguments__are_said(name):
    call = EXAMPLES[name]
    for extra in (b"\0", b"\1" * 31, bytes(32), b"secret message"):
        decoded = calldata.explain(call.data + extra)
        assert fields(decoded) == fields(calldata.explain(call.data))
        (warning,) = decoded.warnings
        assert warning.startswith(f"{len(extra)} bytes stand behind")


def test_explain__dirty_address__is_said():
    data = bytearray(EXAMPLES["approve"].data)
    data[4] = 1
    decoded = calldata.explain(bytes(data))
    assert (decoded.signature, decoded.values) == ("approve(address,uint256)", ())
    assert "would fail" in decoded.warnings[0]


def test_explain__padding_that_is_not_zero__is_said():
    data = bytearray(exec_transaction(TOKEN, EXAMPLES["approve"].data))
    assert data[-1] == 0
    data[-1] = 1
    decoded = calldata.explain(bytes(data))
    assert "unusual" in decoded.warnings[0]
    assert fields(decoded.inner[0]) == fields(calldata.explain(EXAMPLES["approve"]))


@pytest.mark.parametrize("name", EXAMPLES)
def test_explain__one_changed_byte__never_passes_unseen(name):
    """Another byte means other arguments, another function, or a warning."""
    data = EXAMPLES[name].data
    told = calldata.explain(data)
    for position in range(len(data)):
        changed = bytearray(data)
        changed[position] ^= 0x41
        decoded = calldata.explain(bytes(changed))
        assert decoded.warnings or (decoded.signature, fields(decoded)) != (told.signature, fields(told))


@settings(max_examples=200)
@given(st.sampled_from(sorted(EXAMPLES)), st.data())
def test_explain__cut_off__never_fails_and_is_said(name, data):
    content = EXAMPLES[name].data
    size = data.draw(st.integers(0, len(content)))
    decoded = calldata.explain(content[:size])
    assert decoded.data == content[:size]
    assert decoded.warnings or size in (0, len(content))


@settings(max_examples=200)
@given(st.binary(max_size=300), st.sampled_from(sorted([*CARRIERS])))
@example(b"\xff" * 64, "multiSend(bytes)")
def test_explain__any_bytes_behind_a_carrier__never_fail(content, signature):
    function = parse_line(f"function {signature}")
    decoded = calldata.explain(function.selector + content)
    assert str(decoded)
    if signature == "multiSend(bytes)":
        assert str(calldata.explain(function.encode_call(content)))


def test_explain__calls_that_share_their_bytes__end_soon():
    """Fifteen levels of a hundred calls each would be 10^30 calls, out of a few kilobytes."""
    word = lambda number: number.to_bytes(32)  # noqa: E731
    body = bytes.fromhex("deadbeef")
    for _ in range(15):
        # A hundred calls whose places all hold the same offset.
        call = bytes(12) + bytes.fromhex(ROLLUP[2:]) + word(1) + word(96) + word(len(body)) + body
        call += bytes(-len(call) % 32)
        body = bytes.fromhex("82ad56cb") + word(32) + word(100) + word(100 * 32) * 100 + call
    decoded = calldata.explain(body)
    warnings = [warning for call in decoded.walk() for warning in call.warnings]
    assert any("share their bytes" in warning for warning in warnings)


def test_explain__calls_deeper_than_anybody_nests__are_said():
    data = EXAMPLES["flushEntryQueue()"].data
    for _ in range(20):
        data = MULTICALL3_LINES.function("aggregate3").encode_call([(ROLLUP, False, data)])
    warnings = [warning for call in calldata.explain(data).walk() for warning in call.warnings]
    assert any("levels" in warning for warning in warnings)


# --------------------------------------------------------------------------- what is dangerous


def test_explain__approval_of_multicall3__is_warned_of_to_any_depth():
    approval = parse_line("function approve(address,uint256)").encode_call(MULTICALL3, 1)
    inside = exec_transaction(TOKEN, MULTICALL3_LINES.function("aggregate").encode_call([(TOKEN, approval)]))
    for data in (approval, inside):
        found = list(calldata.explain(data).walk())[-1]
        assert any("everybody can take" in warning for warning in found.warnings)


def test_explain__unlimited_approval__is_warned_of():
    call = calldata.approve(ALICE, 2**256 - 1, token=TOKEN)
    assert any("any number" in warning for warning in calldata.explain(call).warnings)


@pytest.mark.parametrize("place", [known.address for known in MULTI_SENDS.values()])
def test_explain__delegate_call__is_warned_of_unless_it_is_safes_own(place):
    data = EXAMPLES["flushEntryQueue()"].data
    (stranger,) = calldata.explain(exec_transaction(ALICE, data, operation=1)).inner
    assert "delegate call" in stranger.warnings[0]
    assert "delegate call" in str(stranger)
    (known,) = calldata.explain(exec_transaction(place, encode_multi_send([EXAMPLES["approve"]]), 1)).inner
    assert known.warnings == ()


def test_explain__delegate_call_inside_packed_calls__is_warned_of():
    packed = b"\1" + bytes.fromhex(ALICE[2:]) + bytes(64)
    decoded = calldata.explain(MULTI_SEND.function("multiSend").encode_call(packed))
    assert "delegate call" in decoded.inner[0].warnings[0]


@pytest.mark.parametrize(
    "packed",
    [b"\0", b"\0" + bytes(84) + b"x", b"\2" + bytes(84), b"\0" + bytes(52) + (1).to_bytes(32)],
    ids=["too short", "rest", "operation", "length"],
)
def test_explain__packed_calls_that_end_early__are_said(packed):
    decoded = calldata.explain(MULTI_SEND.function("multiSend").encode_call(packed))
    assert "cannot be read" in decoded.warnings[0]


# --------------------------------------------------------------------------- who is called


def test_explain__known_receiver__decides_between_namesakes():
    data = EXAMPLES["approve"].data
    assert len(calldata.explain(EXAMPLES["deposit"].data).roles) > 1
    decoded = calldata.explain(EXAMPLES["deposit"].data, to=ROLLUP, roles={ROLLUP.lower(): "gse"})
    assert decoded.roles == ("gse",)
    assert calldata.explain(data, to=ROLLUP, roles={ROLLUP: "rollup"}).roles == (
        "token",
    )  # a rollup has no approve


def test_explain__staking_registry_of_mainnet__is_recognized():
    call = calldata.accept_provider_admin(7)
    assert calldata.explain(call).roles == ("staking_registry",)
    assert call.to in str(calldata.explain(call))


@pytest.mark.parametrize("what", ["1d934975", "0x1", ""])
def test_explain__what_is_no_hex__is_refused(what):
    with pytest.raises(InputError):
        calldata.explain(what)


def test_decode_bytes__calldata__carries_what_is_inside():
    decoded = decode_bytes(calldata.batch([EXAMPLES["flushEntryQueue()"]]).data)
    assert [call.signature for call in decoded.inner] == ["flushEntryQueue()"]
    with pytest.raises(DecodeError):
        decode_bytes(EXAMPLES["approve"].data + b"\0")


# --------------------------------------------------------------------------- text


def test_text__of_a_tree__indents_calls_with_names_and_units():
    batch = calldata.batch(
        [
            calldata.claim_sequencer_rewards(ALICE, rollup=ROLLUP),
            calldata.register_provider(
                admin=ALICE, take_rate_bps=2550, rewards_recipient=BOB, staking_registry=REGISTRY
            ),
        ]
    )
    assert lines_of(calldata.explain(batch, roles={ROLLUP: "rollup", REGISTRY: "staking_registry"})) == (
        f"call aggregate3((address,bool,bytes)[]) of multicall3 at {MULTICALL3}",
        "  calls  2 entries, see below",
        f"  1. call claimSequencerRewards(address) of rollup at {ROLLUP}",
        f"    coinbase  {ALICE}",
        f"  2. call registerProvider(address,uint16,address) of staking_registry at {REGISTRY}",
        f"    admin              {ALICE}",
        "    take_rate_bps      2550 (25.50%)",
        f"    rewards_recipient  {BOB}",
    )


def test_text__amounts_of_the_staking_asset__are_exact_and_readable():
    transfer = calldata.transfer(ALICE, 15 * 10**17, token=TOKEN)
    assert "1500000000000000000 wei (1.5 tokens)" in str(calldata.explain(transfer, roles={TOKEN: "token"}))
    assert "(1.5 tokens)" in str(calldata.explain(calldata.transfer(ALICE, 15 * 10**17, token=AZTEC[1])))


def test_text__amounts_of_another_token__count_its_smallest_unit():
    """Of USDC, 1,500,000 are 1.5, and with 18 decimals they would look like nothing."""
    transfer = calldata.transfer(ALICE, 1_500_000, token=CAROL)
    wanted = f"amount_wei  1,500,000 of the smallest unit of token {CAROL}"
    assert wanted in str(calldata.explain(transfer))
    assert "1,500,000 of the token's smallest unit" in str(calldata.explain(transfer.data))
    without_end = calldata.approve(ROLLUP, 2**256 - 1, token=CAROL)
    assert "(any number of tokens)" in str(calldata.explain(without_end))


@pytest.mark.parametrize(
    ("token", "told"), [(AZTEC[1], "(2.5 tokens)"), (ETHER, "(2.5 tokens)"), (CAROL, CAROL)]
)
def test_text__amounts_of_a_token_that_is_named__count_as_that_token_does(token, told):
    line = CONTRACTS["splits_warehouse"].function("deposit")
    text = str(calldata.explain(line.encode_call(ALICE, token, 25 * 10**17), to=BOB))
    (amount,) = [line for line in text.splitlines() if "amount_wei" in line]
    assert told in amount
    assert ("smallest unit" in amount) == (token == CAROL)


def test_text__a_call_of_nobody_known__is_what_it_looks_like():
    transfer = calldata.transfer(ALICE, 1, token=CAROL)
    looks = f"call that looks like transfer(address,uint256) of a token at {CAROL}"
    assert lines_of(calldata.explain(transfer))[0] == looks
    known = calldata.explain(transfer, roles={CAROL: "rollup"})
    assert (known.role, "token" in known.roles) == ("rollup", True)
    assert lines_of(known)[0].endswith(f"at {CAROL}, the rollup, which has no such function")
    right = calldata.explain(transfer, roles={CAROL: "token"})
    assert lines_of(right)[0] == f"call transfer(address,uint256) of token at {CAROL}"
    # Bytes alone go nowhere: which contracts have it is all that can be told.
    assert lines_of(calldata.explain(transfer.data))[0].startswith("call transfer(address,uint256) of token")


def test_text__list_of_keys__has_a_line_for_each():
    lines = lines_of(calldata.explain(EXAMPLES["add_keys"]))
    assert [line.split(".")[0].strip() for line in lines if "attester" in line] == ["1", "2"]


def test_text__of_bytes_that_could_steer_a_terminal__is_escaped():
    from aztec_butler.core.decoding_text import render_value

    assert render_value("a\x1b[2Jb\nc") == r"a\x1b[2Jb\nc"


# --------------------------------------------------------------------------- files of the Transaction Builder


def builder_file(*calls):
    (batch,) = split_calls(calls or [EXAMPLES["approve"]], chain_id=1, safe=ALICE)
    return json.loads(encode_batch(batch))


def test_builder_file__headline__names_chain_and_safe():
    head, *rest = str(calldata.explain(builder_file())).splitlines()
    assert head == f"file of 1 transaction: chain 1, Safe {ALICE}"
    assert not any("chain_id" in line for line in rest)


@pytest.mark.parametrize(
    ("chain", "safe"),
    [(None, ""), (1, None), ("9" * 5000, "0x12"), ("1\x1b[2J", 7)],
    ids=["none", "x", "y", "z"],
)
def test_builder_file__without_chain_or_safe__says_so(chain, safe):
    document = builder_file()
    document["chainId"] = chain
    document["meta"]["createdFromSafeAddress"] = safe
    head = str(calldata.explain(document)).splitlines()[0]
    assert head == "file of 1 transaction: chain not named, Safe not named"


def test_builder_file__changed_since_it_was_made__is_said():
    document = builder_file()
    document["transactions"][0]["to"] = BOB
    assert "checksum is wrong" in calldata.explain(document).warnings[0]
    del document["meta"]["checksum"]
    assert "no checksum" in calldata.explain(document).warnings[0]


def test_builder_file__entry_of_the_form__is_encoded_as_the_web_app_does():
    document = builder_file()
    document["transactions"][0] |= {
        "data": None,
        "contractMethod": {
            "name": "approve",
            "payable": False,
            "inputs": [
                {"name": "spender", "type": "address", "internalType": "address"},
                {"name": "value", "type": "uint256", "internalType": "uint256"},
            ],
        },
        "contractInputsValues": {"spender": ALICE, "value": "200000000000000000000000"},
    }
    (inner,) = calldata.explain(document).inner
    assert inner.data == EXAMPLES["approve"].data


def test_builder_file__data_that_belies_its_description__is_said():
    document = builder_file()
    document["transactions"][0] |= {
        "contractMethod": {"name": "flushEntryQueue", "payable": False, "inputs": []},
        "contractInputsValues": {},
    }
    (inner,) = calldata.explain(document).inner
    assert inner.signature == "approve(address,uint256)"
    assert "another call" in inner.warnings[0]


@pytest.mark.parametrize(
    "transactions",
    [
        None,
        "x",
        [5],
        [{}],
        [{"to": ALICE, "value": 5, "data": "0x"}],
        [{"to": ALICE, "value": "-1"}],
        [{"to": "x", "value": "0"}],
        [{"to": ALICE, "value": "9" * 5000}],
        [{"to": ALICE, "value": "٣"}],
    ],
    ids=lambda value: str(value)[:60],
)
def test_builder_file__that_is_none__is_refused(transactions):
    with pytest.raises(InputError):
        calldata.explain({"transactions": transactions, "meta": {}})
