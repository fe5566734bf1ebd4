import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aztec_butler.core.errors import InputError
from aztec_butler.core.hexes import ZERO_ADDRESS, checksum_address
from aztec_butler.core.intent_parameters import (
    AddKeys,
    CoinbaseSource,
    CreateProvider,
    Notice,
    Parameters,
    TopUp,
    UpdateCoinbase,
    read_parameters,
)
from aztec_butler.core.intents import ActionKind, Severity

ONE, OTHER = checksum_address(b"\x11" * 20), checksum_address(b"\xab" * 20)

addresses = st.binary(min_size=20, max_size=20).filter(any).map(checksum_address)
amounts = st.integers(0, 2**256 - 1)
texts = st.text(min_size=1).filter(str.strip)
parameters: st.SearchStrategy[Parameters] = st.one_of(
    st.builds(UpdateCoinbase, attester=addresses, coinbase=addresses, source=st.sampled_from(CoinbaseSource)),
    st.builds(
        CreateProvider, admin=addresses, take_rate_bps=st.integers(0, 10_000), rewards_recipient=addresses
    ),
    st.builds(
        AddKeys,
        provider_id=st.integers(0, 2**256 - 1),
        registration_file=texts,
        attesters=st.lists(addresses, min_size=1, unique=True).map(tuple),
    ),
    st.builds(
        TopUp,
        publisher=addresses,
        amount_wei=amounts,
        balance_wei=amounts,
        low_wei=amounts,
        from_safe=addresses,
    ),
    st.builds(
        Notice,
        severity=st.sampled_from(Severity),
        title=texts,
        text=texts,
        fields=st.dictionaries(st.text(), st.text()),
        retracts=st.none() | st.binary(min_size=16, max_size=16).map(bytes.hex),
    ),
)


@given(parameters)
def test_parameters__through_json__the_same(record: Parameters) -> None:
    assert read_parameters(record.kind, json.loads(json.dumps(record.to_json()))) == record


def test_to_json__amounts__decimal_text() -> None:
    record = TopUp(
        publisher=ONE, amount_wei=2**255, balance_wei=1, low_wei=5 * 10**17, from_safe=OTHER.lower()
    )

    assert record.to_json() == {
        "publisher": ONE,
        "amount_wei": "57896044618658097711785492504343953926634992332820282019728792003956564819968",
        "balance_wei": "1",
        "low_wei": "500000000000000000",
        "from_safe": OTHER,
    }


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"coinbase": ZERO_ADDRESS}, "coinbase"),
        ({"coinbase": "0x12"}, "coinbase"),
        ({"attester": None}, "attester"),
        ({"source": "moon"}, "source"),
    ],
    ids=["zero", "short", "null", "word"],
)
def test_read_parameters__field_not_what_it_should_be__named(changes: dict[str, object], field: str) -> None:
    values = UpdateCoinbase(attester=ONE, coinbase=OTHER, source=CoinbaseSource.MAP).to_json() | changes

    with pytest.raises(InputError) as caught:
        read_parameters(ActionKind.UPDATE_COINBASE, values)

    assert caught.value.facts["field"] == field


@pytest.mark.parametrize("amount", [-1, "-1", "0x10", "1e18", 1.5, True, None, "1_000", "9" * 79], ids=repr)
def test_read_parameters__no_amount__refused(amount: object) -> None:
    values = TopUp(publisher=ONE, amount_wei=1, balance_wei=1, low_wei=1, from_safe=OTHER).to_json()

    with pytest.raises(InputError):
        read_parameters(ActionKind.TOP_UP, values | {"amount_wei": amount})


@pytest.mark.parametrize("attesters", [[], [ONE, ONE.lower()], ONE, [ZERO_ADDRESS], None], ids=repr)
def test_read_parameters__no_list_of_keys__refused(attesters: object) -> None:
    values = {"provider_id": 1, "registration_file": "keys.json", "attesters": attesters}

    with pytest.raises(InputError):
        read_parameters(ActionKind.ADD_KEYS, values)


def test_read_parameters__fields_of_another_version__named() -> None:
    values = CreateProvider(admin=ONE, take_rate_bps=500, rewards_recipient=OTHER).to_json()
    del values["admin"]

    with pytest.raises(InputError) as caught:
        read_parameters(ActionKind.CREATE_PROVIDER, values | {"colour": "red"})

    assert caught.value.facts["fields"] == "admin, colour"


def test_read_parameters__every_kind__has_a_record() -> None:
    for kind in ActionKind:
        with pytest.raises(InputError, match="not those of its kind"):
            read_parameters(kind, {"nothing": "of it"})
