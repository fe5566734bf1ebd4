"""The composer without a node: fields of every builder, exact numbers, files for a Safe."""

from __future__ import annotations

import base64
import inspect
import json
import re
from datetime import UTC, datetime

import pytest

from aztec_butler.clients import filled_calldata
from aztec_butler.core import calldata
from aztec_butler.core.calls import Call
from aztec_butler.core.errors import InputError, SettingsError
from aztec_butler.core.safe_batch import encode_batch, split_calls
from aztec_butler.notebook.widgets import call_composer
from aztec_butler.notebook.widgets.call_fields import (
    BUILDERS,
    FILLED,
    check_unit,
    fields_of,
    parse_whole,
    purpose,
)

ADDRESS = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"
OTHER = "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359"
AZTEC = "0xA27EC0006e59f245217Ff08CD52A7E8b169E62D2"


def composed(builder="update_take_rate", **values):
    form = call_composer("mainnet")
    form.builder_field.value = builder
    for name, value in values.items():
        form.field(name).value = value
    form.add_button.click()
    return form


def test_builders__are_those_of_the_library():
    assert set(BUILDERS) | {"batch"} == set(filled_calldata.BUILDERS)


def test_filled_arguments__are_those_that_a_network_fills():
    network = filled_calldata.FilledCalldata(None, None, None, None)
    assert set(network._fillers) >= FILLED


@pytest.mark.parametrize("builder", BUILDERS)
def test_fields__of_each_builder__cover_its_signature(builder):
    parameters = inspect.signature(getattr(calldata, builder)).parameters
    for is_online in (True, False):
        fields = {each.name: each for each in fields_of(builder, is_online=is_online)}
        required = {name for name, each in parameters.items() if each.default is inspect.Parameter.empty}
        assert required <= set(fields)
        assert {name for name, each in fields.items() if each.is_required} == required - (
            FILLED if is_online else set()
        )
        assert all(each.field.tooltip for each in fields.values())
    assert purpose(builder).endswith(".")


def test_call__of_fields__is_the_builders_own():
    form = composed(provider_id="7", take_rate_bps="2,500")
    assert form.error is None
    assert form.calls == [calldata.update_take_rate(7, 2_500)]
    assert "0x" + form.calls[0].data.hex() in form.explanation.value
    assert "added" in form.status.value


def test_number__of_256_bits__arrives_exactly():
    form = composed("transfer", recipient=ADDRESS, amount_wei=f"{2**256 - 2} wei", token=AZTEC)
    assert form.error is None
    assert form.calls == [calldata.transfer(ADDRESS, 2**256 - 2, token=AZTEC)]


def test_amount__in_tokens__arrives_in_wei():
    form = composed("approve", spender=ADDRESS, amount_wei="200,000.000000000000000001", token=AZTEC)
    assert form.calls == [calldata.approve(ADDRESS, 200_000 * 10**18 + 1, token=AZTEC)]


def test_amount__in_tokens_of_an_unknown_token__is_refused_and_wei_are_taken():
    refused = composed("transfer", recipient=ADDRESS, amount_wei="1.5", token=OTHER)
    assert isinstance(refused.error, InputError)
    assert refused.calls == []
    taken = composed("transfer", recipient=ADDRESS, amount_wei="1500000 wei", token=OTHER)
    assert taken.calls == [calldata.transfer(ADDRESS, 1_500_000, token=OTHER, has_18_decimals=False)]


def test_unit__of_a_network_whose_asset_is_known__is_told_by_it():
    assert check_unit({"token": OTHER.lower()}, "1.5", chain_id=31_337, staking_asset=OTHER)
    with pytest.raises(InputError):
        check_unit({"token": AZTEC}, "1.5", chain_id=31_337, staking_asset=OTHER)


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"provider_id": "7"}, "take_rate_bps"),
        ({"provider_id": "7.0", "take_rate_bps": "1"}, "7.0"),
        ({"provider_id": "1e3", "take_rate_bps": "1"}, "1e3"),
        ({"provider_id": "7", "take_rate_bps": "10001"}, "10001"),
        ({"provider_id": "9" * 200, "take_rate_bps": "1"}, "provider_id"),
        ({"provider_id": "<script>", "take_rate_bps": "1"}, "&lt;script&gt;"),
        ({"provider_id": "٣", "take_rate_bps": "1"}, "whole number"),
    ],
)
def test_field__that_is_wrong__is_named_and_nothing_is_added(values, told):
    form = composed(**values)
    assert isinstance(form.error, InputError)
    assert told in form.status.value
    assert "<script" not in form.status.value
    assert form.calls == []


def test_yes_or_no__has_to_be_chosen():
    form = composed("gse_vote", proposal_id="1", amount_wei="1", gse=ADDRESS)
    assert "support" in form.status.value
    form.field("support").value = "no"
    form.add_button.click()
    assert form.calls == [calldata.gse_vote(1, 10**18, support=False, gse=ADDRESS)]


def test_keys__from_a_file_that_is_none__are_an_error_in_the_form():
    form = composed("add_keys", provider_id="1")
    assert "keys" in form.status.value
    form.field("keys").value = (
        {"name": "k.json", "type": "", "size": 2, "content": b"[]", "last_modified": datetime.now(tz=UTC)},
    )
    form.add_button.click()
    assert isinstance(form.error, InputError)


def test_list__of_calls__can_be_changed():
    form = composed(provider_id="7", take_rate_bps="2500")
    form.field("take_rate_bps").value = "2600"
    form.add_button.click()
    assert [label[:2] for label, _ in form.list_field.options] == ["1.", "2."]
    form.list_field.value = 0
    assert "25.00%" in form.explanation.value
    form.remove_button.click()
    assert form.calls == [calldata.update_take_rate(7, 2_600)]
    form.clear_button.click()
    assert form.calls == []
    assert form.explanation.value == ""
    form.remove_button.click()
    assert isinstance(form.error, InputError)


def test_file__for_a_safe__is_the_librarys_own_bytes():
    form = composed(provider_id="7", take_rate_bps="2500")
    form.safe_field.value = ADDRESS
    form.file_button.click()
    (batch,) = split_calls(form.calls, chain_id=1, safe=ADDRESS)
    (content,) = form.files.values()
    assert content == encode_batch(batch)
    link = re.search(r'download="([^"]+)" href="data:application/json;base64,([^"]+)"', form.downloads.value)
    assert base64.b64decode(link[2]) == content
    assert json.loads(content)["transactions"][0]["to"] == form.calls[0].to


def test_file__of_another_list__is_taken_away():
    form = composed(provider_id="7", take_rate_bps="2500")
    form.safe_field.value = ADDRESS
    form.file_button.click()
    form.add_button.click()
    assert form.files == {}
    assert form.downloads.value == ""


@pytest.mark.parametrize("safe", ["", "0x12", "0x" + "0" * 40])
def test_file__without_a_safe__is_refused(safe):
    form = composed(provider_id="7", take_rate_bps="2500")
    form.safe_field.value = safe
    form.file_button.click()
    assert isinstance(form.error, InputError)
    assert form.files == {}


def test_file__of_nothing__is_refused():
    form = call_composer("mainnet")
    form.safe_field.value = ADDRESS
    form.file_button.click()
    assert "There are no calls yet" in form.status.value


def test_file__of_many_calls__is_several():
    form = call_composer("mainnet")
    form.calls = [calldata.update_take_rate(7, 2_500)] * 150
    form.safe_field.value = ADDRESS
    form.file_button.click()
    assert list(form.files) == ["safe-calls-1.json", "safe-calls-2.json"]


def test_simulation__without_a_node__is_not_offered():
    form = composed(provider_id="7", take_rate_bps="2500")
    assert form.simulate_button.disabled
    form.simulate()
    assert isinstance(form.error, InputError)


def test_split__without_a_node__is_not_offered():
    assert "distribute" not in [value for _, value in call_composer("mainnet").builder_field.options]


def test_network__that_is_no_preset__is_refused():
    with pytest.raises(SettingsError):
        call_composer("mainet")


def test_list__of_a_call_with_a_hostile_summary__stays_text():
    form = call_composer("mainnet")
    form.calls = [Call(to=ADDRESS, data=b"", summary="<script>alert(1)</script>")]
    form._refresh(0)
    assert "<script" not in form.explanation.value


def test_whole_number__in_words_people_use__is_read():
    assert parse_whole(" 1,000,000 ") == parse_whole("1_000_000") == 10**6
