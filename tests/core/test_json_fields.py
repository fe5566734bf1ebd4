import pytest

from aztec_butler.core.errors import NodeRefused
from aztec_butler.core.json_fields import Fields, read_flag, read_integer, read_objects, read_text


@pytest.mark.parametrize(
    ("value", "expected"),
    [(7, 7), (0, 0), ("7", 7), ("10000000000000000000", 10**19), ("0x1b", 27), ("0x" + "00" * 31 + "0C", 12)],
)
def test_read_integer__number_decimal_or_hex__same_integer(value, expected):
    assert read_integer(value) == expected


@pytest.mark.parametrize(
    "value", [None, True, 1.0, "", "1.5", "0x", "-1", "1e3", " 7", "7\n", [], {}], ids=repr
)
def test_read_integer__anything_else__refused_and_never_zero(value):
    with pytest.raises(NodeRefused) as caught:
        read_integer(value, "result.slot")
    assert caught.value.facts["field"] == "result.slot"


def test_fields__nested_misfit__named_by_its_whole_path():
    history = (
        Fields({"validator": {"history": [{"slot": 1}, {"slot": None}]}})
        .object("validator")
        .objects("history")
    )
    assert history[0].integer("slot") == 1
    with pytest.raises(NodeRefused) as caught:
        history[1].integer("slot")
    assert caught.value.facts["field"] == "result.validator.history[1].slot"
    assert caught.value.facts["got"] == "nothing"


@pytest.mark.parametrize("fields", [{}, {"enr": None}], ids=["left_out", "null"])
def test_fields__absent_field__optional_is_none_and_required_is_refused(fields):
    assert Fields(fields).optional("enr", Fields(fields).text) is None
    with pytest.raises(NodeRefused):
        Fields(fields).text("enr")


def test_fields__false_and_zero_and_empty_text__are_there():
    fields = Fields({"flag": False, "count": 0, "text": ""})
    assert fields.optional("flag", fields.flag) is False
    assert fields.optional("count", fields.integer) == 0
    assert fields.optional("text", fields.text) == ""


@pytest.mark.parametrize(
    ("read", "value"),
    [
        (Fields, []),
        (Fields, None),
        (read_objects, {}),
        (read_objects, [1]),
        (read_text, 1),
        (read_flag, 1),
        (read_flag, "true"),
        (lambda value: Fields(value).number("score"), {"score": True}),
        (lambda value: Fields(value).texts("addresses"), {"addresses": ["a", 1]}),
        (lambda value: Fields(value).address("address"), {"address": "0x12"}),
        (lambda value: Fields(value).address("address"), {"address": "0x" + "zz" * 20}),
    ],
)
def test_readers__other_kind__refused(read, value):
    with pytest.raises(NodeRefused):
        read(value)
