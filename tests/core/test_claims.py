"""Worth claiming or not, to the last wei; and prices of pools."""

from __future__ import annotations

from decimal import Decimal, getcontext
from fractions import Fraction

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aztec_butler.core.claims import PendingReward, evaluate_claims
from aztec_butler.core.errors import InputError, NotFoundError
from aztec_butler.core.hexes import ZERO_ADDRESS
from aztec_butler.core.pools import STATE_VIEW, PoolKey, parse_pool, price_in_pool

COINBASE = "0x00000000000000000000000000000000000000AA"
ROLLUP = "0x00000000000000000000000000000000000000Ce"
AZTEC = 10**18
GWEI = 10**9
USDC = "0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48"
REWARD = PendingReward(rollup=ROLLUP, rollup_version=1, coinbase=COINBASE, reward_wei=350 * AZTEC, gas=80_000)
PRICE = Fraction(1, 100_000)


def evaluate(reward=REWARD, *, price=PRICE, gas_price_wei=GWEI, **options):
    (claim,) = evaluate_claims([reward], price=price, gas_price_wei=gas_price_wei, **options)
    return claim


# --------------------------------------------------------------------------- by hand


def test_evaluate__350_aztec_at_one_gwei__brings_more_than_it_costs():
    claim = evaluate()
    assert (claim.value_wei, claim.cost_wei) == (35 * 10**14, 8 * 10**13)
    assert claim.net_wei == 342 * 10**13
    assert claim.is_worth
    # 3.5e15 wei over 80 000 gas are 43.75 gwei, and the value has to be more.
    assert claim.break_even_gas_price_wei == 43_750_000_000 - 1


@pytest.mark.parametrize(
    ("gas_price_wei", "is_worth"),
    [(0, True), (43_749_999_999, True), (43_750_000_000, False), (10**12, False)],
)
def test_evaluate__at_break_even__one_wei_decides(gas_price_wei, is_worth):
    claim = evaluate(gas_price_wei=gas_price_wei)
    assert claim.is_worth is is_worth
    assert ("more than it costs" in claim.reason) is is_worth


@pytest.mark.parametrize(
    ("margin_bps", "is_worth"), [(0, True), (9_999, True), (10_000, False), (20_000, False)]
)
def test_evaluate__margin__is_of_the_cost(margin_bps, is_worth):
    # The value is just twice the cost.
    assert evaluate(gas_price_wei=21_875_000_000, margin_bps=margin_bps).is_worth is is_worth


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"refusal": "not yet"}, "not yet"),
        ({"gas": None}, "the gas of the claim is not known"),
        ({"reward_wei": 0}, "nothing is pending"),
        ({"reward_wei": 1}, "it costs more than it brings"),
    ],
    ids=str,
)
def test_evaluate__not_worth__told_why(change, reason):
    claim = evaluate(attrs.evolve(REWARD, **change))
    assert not claim.is_worth
    assert claim.reason == reason


def test_evaluate__several__the_best_first():
    rewards = [
        attrs.evolve(REWARD, coinbase=name, reward_wei=amount * AZTEC, gas=gas, refusal=refusal)
        for name, amount, gas, refusal in [
            ("small", 10, 80_000, None),
            ("refused", 10_000, 80_000, "no"),
            ("large", 1_000, 80_000, None),
            ("dust", 1, 10**6, None),
            ("unknown", 5, None, None),
        ]
    ]
    claims = evaluate_claims(rewards, price=PRICE, gas_price_wei=GWEI)
    assert [claim.coinbase for claim in claims] == ["large", "small", "refused", "unknown", "dust"]
    assert claims[-1].net_wei < 0


@pytest.mark.parametrize(
    "options",
    [
        {"price": Fraction(0)},
        {"price": Fraction(-1)},
        {"gas_price_wei": -1},
        {"gas_price_wei": 10**16},
        {"margin_bps": -1},
    ],
    ids=str,
)
def test_evaluate__nonsense__refused(options):
    with pytest.raises(InputError):
        evaluate(**options)


# --------------------------------------------------------------------------- any numbers

amounts = st.integers(0, 2**128)
prices = st.fractions(min_value=Fraction(1, 10**12), max_value=10**6)


@given(amounts, st.integers(1, 10**7), prices, st.integers(0, 10**15), st.integers(0, 50_000))
def test_evaluate__any_reward__worth_just_up_to_the_break_even_price(amount, gas, price, gas_price, margin):
    reward = attrs.evolve(REWARD, reward_wei=amount, gas=gas)
    claim = evaluate(reward, price=price, gas_price_wei=gas_price, margin_bps=margin)
    assert claim.value_wei <= amount * price < claim.value_wei + 1
    assert claim.net_wei == claim.value_wei - gas * gas_price
    if claim.break_even_gas_price_wei is None:
        assert claim.value_wei == 0
        assert not claim.is_worth
    else:
        assert claim.is_worth == (gas_price <= claim.break_even_gas_price_wei)
    if claim.is_worth:
        assert claim.net_wei > 0


# --------------------------------------------------------------------------- pools


def test_pool_id__ether_and_usdc__is_the_one_on_mainnet():
    key = parse_pool("500:10", USDC)
    assert key.id == "0x21c67e77068de97969ba93d4aab21826d33ca12bb9f565d8496e8fda8a82ca27"
    assert key == PoolKey(token=USDC, fee=500, tick_spacing=10, hooks=ZERO_ADDRESS)


def test_slot0__as_mainnet_answered__a_dollar_price():
    # eth_call of StateView.getSlot0 for that pool, mainnet, 2026-09-18.
    words = (
        "00000000000000000000000000000000000000000003465c6c6f84d6050fafe9"
        "fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffcfa34"
        "000000000000000000000000000000000000000000000000000000000007d07d"
        "00000000000000000000000000000000000000000000000000000000000001f4"
    )
    function = STATE_VIEW.function("getSlot0")
    assert function.selector.hex() == "c815641c"
    sqrt_price, tick, _, fee = function.decode_result(bytes.fromhex(words))
    assert (sqrt_price, tick, fee) == (3959048026709477221707753, -198092, 500)
    price = price_in_pool(
        sqrt_price, 1, pool=parse_pool("500:10", USDC)
    )  # wei of ether for a millionth of a dollar
    assert 2496 < 10**12 / price < 2498
    assert 1.0001**-198092 < 1 / price < 1.0001**-198091


@given(st.decimals("1e-15", "1e15", places=20).filter(lambda price: price > Decimal("1e-15")))
def test_price_in_pool__from_its_square_root__the_price_again(tokens_for_one_ether):
    getcontext().prec = 80
    root = int(tokens_for_one_ether.sqrt() * 2**96)
    price = price_in_pool(root, 1, pool=parse_pool("500:10", USDC))
    assert abs(price * Fraction(tokens_for_one_ether) - 1) < Fraction(1, 10**15)


def test_price_in_pool__nothing_there__refused():
    key = parse_pool("500:10", USDC)
    with pytest.raises(NotFoundError) as missing:
        price_in_pool(0, 1, pool=key)
    assert missing.value.facts["pool"] == key.id
    with pytest.raises(NotFoundError):
        price_in_pool(2**96, 0, pool=key)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "500",
        "500:",
        ":10",
        "a:b",
        "500:0",
        "500:32768",
        "16777216:10",
        "500:10:0x12",
        "-1:10",
        "500:10:60",
    ],
)
def test_parse_pool__no_pool__refused(text):
    with pytest.raises(InputError):
        parse_pool(text, USDC)
    with pytest.raises(InputError):
        parse_pool("500:10", ZERO_ADDRESS)
