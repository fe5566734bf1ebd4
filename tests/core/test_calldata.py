"""Builders: the bytes of cast and of eth-abi, for every one of them."""

from __future__ import annotations

import inspect
import json

import pytest
from calldata_cases import ALICE, BOB, CASES, GOLDEN, KEYS, MULTICALL3, REGISTRY, ROLLUP, TOKEN
from eth_abi import encode
from eth_utils import keccak
from hypothesis import given, settings
from hypothesis import strategies as st

from aztec_butler import calldata
from aztec_butler.clients.filled_calldata import BUILDERS
from aztec_butler.core.calldata.batches import ANYBODYS
from aztec_butler.core.calldata.key_stores import ADD_KEYS
from aztec_butler.core.contracts import CONTRACTS, GENERATIONS
from aztec_butler.core.networks import PRESETS

CAST = json.loads(GOLDEN.read_text())
IDS = list(CASES)
# Selectors as the facts about the deployed contracts give them.
SELECTORS = {
    "register_provider": "0xea4a1e03",
    "add_keys": "0xe2530fd1",
    "update_provider_admin": "0xae996dc5",
    "accept_provider_admin": "0x22b2b62d",
    "update_rewards_recipient": "0x48922b95",
    "update_take_rate": "0xcea00fa5",
    "drip_queue": "0x26f7424f",
    "stake": "0x6fde9315",
    "claim_sequencer_rewards": "0xc7523d79",
    "flushEntryQueue()": "0x1d934975",
    "flushEntryQueue(uint256)": "0xe199c059",
    "initiate_withdraw": "0xee3b8dc2",
    "finalize_withdraw": "0xf85494de",
}


def test_cases__cover_every_builder():
    assert {case.builder for case in CASES.values()} | {"batch"} == set(BUILDERS)
    assert set(BUILDERS) < set(calldata.__all__)
    assert set(CAST) == set(CASES)


@pytest.mark.parametrize("case", CASES.values(), ids=IDS)
def test_builder__example__is_what_cast_makes(case):
    call = case.build(case.example)
    name = next(name for name, each in CASES.items() if each is case)
    assert "0x" + call.data.hex() == CAST[name]
    assert (call.to, call.value_wei) == (case.place[1], 0)


@pytest.mark.parametrize("case", CASES.values(), ids=IDS)
def test_builder__any_arguments__are_encoded_as_eth_abi_does(case):
    @settings(max_examples=40)
    @given(case.options)
    def check(options):
        assert case.build(options).data == case.oracle(options)

    check()


@pytest.mark.parametrize(("name", "selector"), SELECTORS.items(), ids=list(SELECTORS))
def test_builder__selector__is_the_deployed_contracts(name, selector):
    assert CASES[name].build(CASES[name].example).selector == selector


@pytest.mark.parametrize("case", CASES.values(), ids=IDS)
def test_builder__function__is_the_same_in_every_generation(case):
    lines = [
        line
        for contract in CONTRACTS.values()
        for line in contract.lines
        if line.kind == "function" and line.item.signature == case.signature
    ]
    assert lines
    for line in lines:
        assert all(line.holds(generation) for generation in GENERATIONS)


@pytest.mark.parametrize("case", CASES.values(), ids=IDS)
def test_builder__summary__is_one_sentence_that_names_what_is_given(case):
    call = case.build(case.example)
    assert call.summary[0].isupper()
    assert not call.summary.endswith(".")
    assert "\n" not in call.summary
    # A place is in `to`; the rest of the addresses stand in the sentence, or the call carries a list of them.
    place = case.place[1]
    for name, value in case.example.items():
        if isinstance(value, str) and value != place and name != "distributor":
            assert value in call.summary, name


@pytest.mark.parametrize("builder", BUILDERS)
def test_builder__docstring__tells_arguments_and_errors(builder):
    doc = inspect.getdoc(getattr(calldata, builder))
    assert "Args:" in doc
    assert "Source:" in doc
    for name in inspect.signature(getattr(calldata, builder)).parameters:
        assert f"{name}:" in doc, name


# --------------------------------------------------------------------------- summaries


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: calldata.update_take_rate(7, 2550), "25.50%"),
        (lambda: calldata.approve(ALICE, 200_000 * 10**18, token=TOKEN), "up to 200,000 tokens"),
        (lambda: calldata.approve(ALICE, 0, token=TOKEN), "no more tokens"),
        (lambda: calldata.approve(ALICE, 2**256 - 1, token=TOKEN), "any number of tokens"),
        (lambda: calldata.transfer(ALICE, 1, token=TOKEN), "1 wei"),
        (lambda: calldata.transfer(ALICE, 10**18 + 1, token=TOKEN), "1.000000000000000001 tokens"),
        (lambda: calldata.gse_vote(3, 10**18, support=False, gse=ALICE), "against proposal 3"),
        (lambda: calldata.drip_queue(7, 1), "1 key off"),
        (lambda: calldata.drip_queue(7, 2), "2 keys off"),
    ],
)
def test_summary__amounts_and_rates__with_units(call, words):
    assert words in call().summary


# --------------------------------------------------------------------------- where it goes


@pytest.mark.parametrize("network", ["mainnet", "testnet", "devnet"])
def test_staking_registry__named_by_a_network__is_that_of_its_preset(network):
    call = calldata.accept_provider_admin(7, staking_registry=network)
    assert call.to == PRESETS[network].staking_registry


def test_staking_registry__not_given__is_mainnets():
    assert calldata.accept_provider_admin(7).to == "0x042dF8f42790d6943F41C25C2132400fd727f452"


# --------------------------------------------------------------------------- many keys


def distinct_keys(count):
    return [(f"0x{number + 1:040x}", (number + 1, 2), (3, 4, 5, 6), (7, 8)) for number in range(count)]


@pytest.mark.parametrize(
    ("count", "chunk_size", "sizes"),
    [
        (1, 50, [1]),
        (50, 50, [50]),
        (51, 50, [50, 1]),
        (120, 50, [50, 50, 20]),
        (120, 100, [100, 20]),
        (3, 1, [1, 1, 1]),
    ],
)
def test_add_keys__many__go_in_chunks_in_order(count, chunk_size, sizes):
    keys = distinct_keys(count)
    calls = calldata.add_keys(7, keys, chunk_size=chunk_size, verify=False)
    decoded = [ADD_KEYS.decode_call(call.data)[1] for call in calls]
    assert [len(chunk) for chunk in decoded] == sizes
    assert [key[1] for chunk in decoded for key in chunk] == [key[1] for key in keys]
    assert [f"{size} key" in call.summary for call, size in zip(calls, sizes, strict=True)] == [True] * len(
        sizes
    )


def test_add_keys__several_chunks__say_which_they_are():
    calls = calldata.add_keys(7, distinct_keys(120), verify=False)
    assert [call.summary.rpartition("provider 7")[2] for call in calls] == [
        ", 1 to 50 of 120",
        ", 51 to 100 of 120",
        ", 101 to 120 of 120",
    ]


def test_add_keys__chunk_by_default__holds_fifty():
    assert len(calldata.add_keys(7, distinct_keys(100), verify=False)) == 2


@settings(max_examples=50)
@given(st.integers(0, 2**256 - 1), st.lists(KEYS, max_size=6))
def test_encode_add_keys__is_what_eth_abi_and_the_codec_make(provider_id, keys):
    key_store = "(address,(uint256,uint256),(uint256,uint256,uint256,uint256),(uint256,uint256))[]"
    made = calldata.encode_add_keys(provider_id, keys)
    assert made[4:] == encode(["uint256", key_store], [provider_id, keys])
    assert made == ADD_KEYS.encode_call(provider_id, tuple(keys))


# --------------------------------------------------------------------------- batches


def test_anybodys__selectors__are_those_of_their_signatures():
    assert {keccak(text=signature)[:4].hex() for signature in ANYBODYS.values()} == set(ANYBODYS)


@pytest.mark.parametrize("may_fail", [False, True])
def test_batch__of_claims__is_what_eth_abi_makes(may_fail):
    claims = [calldata.claim_sequencer_rewards(who, rollup=ROLLUP) for who in (ALICE, BOB)]
    call = calldata.batch(claims, allow_failure=may_fail)
    structs = [(claim.to, may_fail, claim.data) for claim in claims]
    assert call.to == MULTICALL3
    assert call.data == bytes.fromhex("82ad56cb") + encode(["(address,bool,bytes)[]"], [structs])
    assert call.value_wei == 0
    assert ("all or nothing" in call.summary) is not may_fail


def test_batch__with_ether__sends_the_sum():
    one = calldata.Call(to=ROLLUP, data="0x1d934975", value_wei=3)
    other = calldata.Call(to=ROLLUP, data="0x1d934975", value_wei=4)
    call = calldata.batch([one, other])
    structs = [(ROLLUP, False, 3, one.data), (ROLLUP, False, 4, other.data)]
    assert call.data == bytes.fromhex("174dea71") + encode(["(address,bool,uint256,bytes)[]"], [structs])
    assert call.value_wei == 7


def test_batch__summary__tells_every_call():
    calls = [
        calldata.flush_entry_queue(rollup=ROLLUP),
        calldata.register_provider(
            admin=ALICE, take_rate_bps=1, rewards_recipient=BOB, staking_registry=REGISTRY
        ),
    ]
    summary = calldata.batch(calls).summary
    assert all(call.summary in summary for call in calls)


# --------------------------------------------------------------------------- splits


def test_hash_of_split__example__is_keccak_of_its_encoding():
    split = CASES["distribute"].example["split"]
    struct = (split.recipients, split.allocations, split.total_allocation, split.distribution_incentive)
    assert calldata.hash_of_split(split) == keccak(encode(["(address[],uint256[],uint256,uint16)"], [struct]))
