"""What builders refuse, and what they say about it."""

from __future__ import annotations

import attrs
import pytest
from calldata_cases import ALICE, BOB, CASES, MULTICALL3, REGISTRY, ROLLUP, TOKEN

from aztec_butler import calldata
from aztec_butler.core.abi import parse_line
from aztec_butler.core.bls import AttesterRegistration, registration
from aztec_butler.core.calls import MULTICALLS, Call, build_call, refuse_open_allowance
from aztec_butler.core.contracts import SPLITS_WAREHOUSE
from aztec_butler.core.contracts import TOKEN as TOKEN_LINES
from aztec_butler.core.errors import InputError, SettingsError
from aztec_butler.core.records import ProviderConfiguration

ZERO = "0x" + "00" * 20
PROVIDER = ProviderConfiguration(
    provider_id=7,
    admin=ALICE,
    take_rate_bps=500,
    rewards_recipient=BOB,
    queue_first_index=3,
    queue_last_index=5,
)
KEY = (ALICE, (1, 2), (3, 4, 5, 6), (7, 8))
OTHER_KEY = (BOB, (9, 10), (11, 12, 13, 14), (15, 16))


def refused(make, *words):
    with pytest.raises(InputError) as raised:
        make()
    told = str(raised.value)
    for word in words:
        assert str(word) in told
    return raised.value


# --------------------------------------------------------------------------- the same for all


@pytest.mark.parametrize("case", CASES.values(), ids=list(CASES))
def test_builder__zero_address_anywhere__is_refused(case):
    options = {case.place[0]: case.place[1], **case.example}
    names = [name for name, value in options.items() if isinstance(value, str)]
    assert names
    for name in names:
        refused(lambda name=name: _make(case, options, name, ZERO), ZERO, "zero address")


@pytest.mark.parametrize("case", CASES.values(), ids=list(CASES))
def test_builder__wrong_checksum__is_refused_with_the_argument(case):
    wrong = "0xA11ce00000000000000000000000000000000001"
    options = {case.place[0]: case.place[1], **case.example}
    for name, value in options.items():
        if isinstance(value, str):
            refused(lambda name=name: _make(case, options, name, wrong), name, wrong, "mistyped")


@pytest.mark.parametrize("case", CASES.values(), ids=list(CASES))
@pytest.mark.parametrize("value", [1.0, True, "1", None, -1, 2**256], ids=repr)
def test_builder__what_is_no_amount_or_number__is_refused_with_the_argument(case, value):
    for name, given in case.example.items():
        if isinstance(given, int) and not isinstance(given, bool):
            options = {**case.example, case.place[0]: case.place[1]}
            if value is None and name == "at_most":
                continue  # as many as the epoch allows
            error = refused(lambda name=name, options=options: _make(case, options, name, value))
            assert name in error.facts


@pytest.mark.parametrize("case", CASES.values(), ids=list(CASES))
@pytest.mark.parametrize("value", [0, 1, "true", None], ids=repr)
def test_builder__what_is_no_choice__is_refused(case, value):
    for name, given in case.example.items():
        if isinstance(given, bool):
            options = {**case.example, case.place[0]: case.place[1]}
            refused(lambda name=name, options=options: _make(case, options, name, value), name)


def _make(case, options, name, value):
    return getattr(calldata, case.builder)(**{**options, name: value}, **case.constant)


@pytest.mark.parametrize(
    "make",
    [
        lambda: calldata.drip_queue(7, 0),
        lambda: calldata.drip_queue(0, 1),
        lambda: calldata.accept_provider_admin(0),
        lambda: calldata.transfer(ALICE, 0, token=TOKEN),
        lambda: calldata.gse_vote(3, 0, support=True, gse=ALICE),
        lambda: calldata.flush_entry_queue(at_most=0, rollup=ROLLUP),
        lambda: calldata.transfer(TOKEN, 1, token=TOKEN),
    ],
)
def test_builder__nothing_to_do__is_refused(make):
    refused(make)


# --------------------------------------------------------------------------- take rates


@pytest.mark.parametrize("rate", [10_001, 65_535, 2**16])
def test_take_rate__above_the_whole__is_refused(rate):
    for make in (
        lambda: calldata.register_provider(admin=ALICE, take_rate_bps=rate, rewards_recipient=BOB),
        lambda: calldata.update_take_rate(7, rate),
        lambda: calldata.stake(
            7,
            rollup_version=1,
            withdrawer=ALICE,
            expected_take_rate_bps=rate,
            rewards_recipient=BOB,
            moves_with_latest_rollup=True,
        ),
    ):
        refused(make, rate, "10,000 basis points", "2500")


def test_take_rate__the_provider_has_it__is_refused():
    refused(lambda: calldata.update_take_rate(7, 500, current=PROVIDER), 500, "already")
    assert "from 5.00% to 5.01%" in calldata.update_take_rate(7, 501, current=PROVIDER).summary


def test_admin_and_recipient__the_provider_has_them__are_refused():
    refused(lambda: calldata.update_provider_admin(7, ALICE, current=PROVIDER), ALICE)
    refused(lambda: calldata.update_rewards_recipient(7, BOB, current=PROVIDER), BOB)
    calldata.update_provider_admin(7, BOB, current=PROVIDER)
    calldata.update_rewards_recipient(7, ALICE, current=PROVIDER)


def test_facts__of_another_provider__are_refused():
    for make in (
        lambda: calldata.update_take_rate(8, 1, current=PROVIDER),
        lambda: calldata.drip_queue(8, 1, current=PROVIDER),
        lambda: calldata.add_keys(8, [KEY], verify=False, current=PROVIDER),
        lambda: calldata.accept_provider_admin(8, current=PROVIDER),
    ):
        refused(make, "another provider", 7, 8)


@pytest.mark.parametrize("count", [3, 100])
def test_drip_queue__more_than_are_queued__is_refused(count):
    refused(lambda: calldata.drip_queue(7, count, current=PROVIDER), f"count: {count}", "keys_queued: 2")
    assert "first 2 keys of 2" in calldata.drip_queue(7, 2, current=PROVIDER).summary


def test_stake__another_rate_or_an_empty_queue__is_refused():
    def make(rate, provider):
        return calldata.stake(
            7,
            rollup_version=1,
            withdrawer=ALICE,
            expected_take_rate_bps=rate,
            rewards_recipient=BOB,
            moves_with_latest_rollup=True,
            current=provider,
        )

    refused(lambda: make(501, PROVIDER), 500, 501)
    refused(lambda: make(500, attrs.evolve(PROVIDER, queue_first_index=5)), "no key")
    make(500, PROVIDER)


# --------------------------------------------------------------------------- keys


@pytest.mark.parametrize("size", [101, 1000])
def test_add_keys__more_than_a_hundred_in_a_call__is_refused(size):
    refused(lambda: calldata.add_keys(7, [KEY], chunk_size=size, verify=False), size, "at most 100")


@pytest.mark.parametrize("size", [0, -1, 2.0])
def test_add_keys__chunks_of_nothing__are_refused(size):
    refused(lambda: calldata.add_keys(7, [KEY], chunk_size=size, verify=False), "chunk_size")


def test_add_keys__none__is_refused():
    refused(lambda: calldata.add_keys(7, []), "no keys")


def test_add_keys__attester_twice__is_refused_with_both_places():
    keys = [KEY, OTHER_KEY, (ALICE.lower(), (17, 18), (1, 2, 3, 4), (5, 6))]
    refused(lambda: calldata.add_keys(7, keys, verify=False), ALICE, "positions: 0, 2")


def test_add_keys__bls_key_twice__is_refused_with_both_attesters():
    keys = [KEY, (BOB, *KEY[1:])]
    refused(lambda: calldata.add_keys(7, keys, verify=False), ALICE, BOB, "positions: 0, 1")


def test_add_keys__in_use_already__is_refused_with_the_place():
    known = {BOB.lower(): "queue of provider 3"}
    error = refused(lambda: calldata.add_keys(7, [KEY, OTHER_KEY], known=known, verify=False), BOB)
    assert error.facts[BOB] == "queue of provider 3"
    assert ALICE not in error.facts
    calldata.add_keys(7, [KEY], known=known, verify=False)


def test_add_keys__registration_that_the_gse_would_refuse__is_refused_before_it_is_listed():
    good = registration(1001)
    bad = attrs.evolve(registration(1002), proof_of_possession=good.proof_of_possession)
    keys = [
        AttesterRegistration(attester=ALICE, registration=good),
        (BOB, bad.public_key_g1, bad.public_key_g2, bad.proof_of_possession),
    ]
    error = refused(lambda: calldata.add_keys(7, keys), BOB, "proof")
    assert ALICE not in error.facts
    calldata.add_keys(7, keys[:1])
    refused(
        lambda: calldata.deposit(keys[1], withdrawer=BOB, moves_with_latest_rollup=True, rollup=ROLLUP), BOB
    )
    calldata.deposit(keys[0], withdrawer=BOB, moves_with_latest_rollup=True, rollup=ROLLUP)


@pytest.mark.parametrize(
    "key",
    [
        "0xabc",
        ALICE,
        (ALICE, (1, 2), (3, 4, 5, 6)),
        (ALICE, (1, 2, 3), (3, 4, 5, 6), (7, 8)),
        (ALICE, (1, 2), (3, 4, 5), (7, 8)),
        (ALICE, (1, 2.0), (3, 4, 5, 6), (7, 8)),
        (ALICE, (1, True), (3, 4, 5, 6), (7, 8)),
        (ALICE, (1, -2), (3, 4, 5, 6), (7, 8)),
        (ALICE, (0, 0), (3, 4, 5, 6), (7, 8)),
        (ALICE, (1, 2), (0, 0, 0, 0), (7, 8)),
        (ALICE, (1, 2), (3, 4, 5, 6), (0, 0)),
        (
            ALICE,
            (1, 0x30644E72E131A029B85045B68181585D97816A916871CA8D3C208C16D87CFD47),
            (3, 4, 5, 6),
            (7, 8),
        ),
        (ZERO, (1, 2), (3, 4, 5, 6), (7, 8)),
        AttesterRegistration(attester=None, registration=registration(1)),
        None,
    ],
)
def test_add_keys__what_is_no_key__is_refused(key):
    refused(lambda: calldata.add_keys(7, [key], verify=False))


# --------------------------------------------------------------------------- allowances that everybody could use


@pytest.mark.parametrize("spender", MULTICALLS)
def test_approve__for_a_multicall_contract__is_refused(spender):
    for amount in (1, 2**256 - 1):
        refused(
            lambda amount=amount: calldata.approve(spender.lower(), amount, token=TOKEN),
            "everybody can take",
            spender,
        )
    assert calldata.approve(spender, 0, token=TOKEN).data[-32:] == bytes(32)  # the way back stays open


def test_allowance__of_other_kinds_for_multicall3__is_refused():
    warehouse = SPLITS_WAREHOUSE
    for function, arguments in (
        (warehouse.function("approve"), (MULTICALL3, 5, 1)),
        (warehouse.function("setOperator"), (MULTICALL3, True)),
    ):
        refused(lambda f=function, a=arguments: build_call(TOKEN, f, *a, summary="x"), MULTICALL3)
    build_call(TOKEN, warehouse.function("setOperator"), MULTICALL3, False, summary="x")


_ALLOWED = {
    "approve(address,uint256)": (MULTICALL3, 10**24),
    "increaseAllowance(address,uint256)": (MULTICALL3, 10**24),
    "increaseApproval(address,uint256)": (MULTICALL3, 10**24),
    "approveAndCall(address,uint256)": (MULTICALL3, 10**24),
    "approveAndCall(address,uint256,bytes)": (MULTICALL3, 10**24, b""),
    "approve(address,address,uint160,uint48)": (TOKEN, MULTICALL3, 10**24, 2**40),
    "approve(address,uint256,uint256)": (MULTICALL3, 0, 10**24),
    "setOperator(address,bool)": (MULTICALL3, True),
    "setApprovalForAll(address,bool)": (MULTICALL3, True),
}


def _spoiled(data, kind):
    """The same call to a contract that reads its arguments and nothing else."""
    spender = data.index(bytes.fromhex(MULTICALL3[2:]))
    dirty = bytearray(data)
    dirty[spender - 12 : spender] = b"\xff" * 12
    return {
        "as it is": data,
        "a word of zeros behind": data + bytes(32),
        "some bytes behind": data + bytes(7),
        "dirty padding": bytes(dirty),
        "both": bytes(dirty) + bytes(64),
        "cut off": data.rstrip(b"\0"),  # the EVM reads zeros there
    }[kind]


@pytest.mark.parametrize(
    "kind", ["as it is", "a word of zeros behind", "some bytes behind", "dirty padding", "both", "cut off"]
)
@pytest.mark.parametrize("signature", _ALLOWED)
def test_allowance__for_multicall3_in_any_disguise__is_refused_and_warned_of(signature, kind):
    function = parse_line(f"function {signature}")
    data = _spoiled(function.encode_call(*_ALLOWED[signature]), kind)
    refused(lambda: refuse_open_allowance(data), "everybody can take", signature, MULTICALL3)
    assert any("everybody can take" in warning for warning in calldata.explain(data).warnings)


@pytest.mark.parametrize("signature", _ALLOWED)
def test_allowance__taken_back_or_for_somebody_else__is_not_refused(signature):
    function = parse_line(f"function {signature}")
    given = _ALLOWED[signature]
    back = tuple(type(value)() if value in (10**24, True) else value for value in given)
    refuse_open_allowance(function.encode_call(*back) + b"\1")
    refuse_open_allowance(function.encode_call(*(ALICE if value == MULTICALL3 else value for value in given)))


def test_batch__with_an_approval__is_refused_whoever_made_the_call():
    approval = TOKEN_LINES.function("approve").encode_call(MULTICALL3, 1)
    refused(lambda: calldata.batch([Call(to=TOKEN, data=approval)]), "everybody can take")


@pytest.mark.parametrize(
    "call",
    [
        lambda: calldata.approve(ALICE, 1, token=TOKEN),
        lambda: calldata.transfer(ALICE, 1, token=TOKEN),
        lambda: calldata.update_take_rate(7, 1, staking_registry=REGISTRY),
        lambda: calldata.initiate_withdraw(ALICE, BOB, rollup=ROLLUP),
        lambda: calldata.batch([calldata.flush_entry_queue(rollup=ROLLUP)]),
        lambda: Call(to=TOKEN, data=TOKEN_LINES.function("transferFrom").encode_call(ALICE, BOB, 1)),
        lambda: Call(to=TOKEN, data="0xdeadbeef"),
        lambda: Call(to=TOKEN, data=b""),
    ],
)
def test_batch__with_a_call_that_belongs_to_its_sender__is_refused(call):
    good = calldata.flush_entry_queue(rollup=ROLLUP)
    refused(lambda: calldata.batch([good, call()]), "position: 1", "Multicall3")


def test_batch__empty__is_refused():
    refused(lambda: calldata.batch([]))


# --------------------------------------------------------------------------- splits


@pytest.mark.parametrize(
    "changes",
    [
        {"recipients": ()},
        {"recipients": (ALICE,)},
        {"recipients": (ALICE, ZERO)},
        {"allocations": (2500, 7501)},
        {"allocations": (-1, 10_001)},
        {"total_allocation": 0},
        {"distribution_incentive": 2**16},
    ],
)
def test_distribute__parameters_that_no_split_has__are_refused(changes):
    split = attrs.evolve(CASES["distribute"].example["split"], **changes)
    refused(lambda: calldata.distribute(split, token=TOKEN, distributor=BOB))


def test_distribute__parameters_of_another_hash__are_refused():
    split = CASES["distribute"].example["split"]
    good = calldata.hash_of_split(split)
    for written in (good, "0x" + good.hex(), "0x" + good.hex().upper()):
        calldata.distribute(split, token=TOKEN, distributor=BOB, split_hash=written)
    refused(
        lambda: calldata.distribute(split, token=TOKEN, distributor=BOB, split_hash=bytes(32)), "SplitCreated"
    )


# --------------------------------------------------------------------------- the contract


def test_staking_registry__unknown_network__is_a_settings_error():
    with pytest.raises(SettingsError):
        calldata.accept_provider_admin(7, staking_registry="main")


@pytest.mark.parametrize("value", [-1, 1.5, 2**256, True])
def test_call__value_that_is_none__is_refused(value):
    refused(lambda: Call(to=ALICE, data=b"", value_wei=value))


@pytest.mark.parametrize("data", ["1d934975", "0x1d93497", 5, None])
def test_call__data_that_is_none__is_refused(data):
    refused(lambda: Call(to=ALICE, data=data))


def test_call__hex_and_any_case__become_bytes_and_a_checksum():
    call = Call(to=ALICE.lower(), data="0x1D934975")
    assert (call.to, call.data, call.selector) == (ALICE, bytes.fromhex("1d934975"), "0x1d934975")
    assert call.to_parameters() == {"to": ALICE, "data": "0x1d934975", "value": "0x0"}
    assert call.to_parameters(BOB.lower())["from"] == BOB
    assert Call(to=ALICE, data=b"").selector == "0x"
