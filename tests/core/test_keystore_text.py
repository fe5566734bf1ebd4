"""JSON with places, and changes that touch nothing else."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aztec_butler.core.keystores.splicing import add_items, add_member, remove_member, spliced
from aztec_butler.core.keystores.text import BrokenText, EmptyText, MarkedText, parse_text

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
STYLES = st.sampled_from([None, 0, 1, 2, 4, "\t"])


@given(VALUES, STYLES, st.booleans())
def test_parse__what_json_writes__reads_as_json_reads_it(value, indent, ascii_only):
    text = json.dumps(value, indent=indent, ensure_ascii=ascii_only)
    root = parse_text(f" {text}\n")
    assert root.plain() == json.loads(text)
    assert (root.start, root.end) == (1, len(text) + 1)


@given(st.text(alphabet='{}[]:,"\\/ \n\t0123456789.eE+-truefalsn\ufeffx'))
def test_parse__any_text__as_json_judges_it(text):
    try:
        expected = json.loads(text, parse_constant=lambda name: (_ for _ in ()).throw(ValueError(name)))
    except ValueError:
        with pytest.raises(BrokenText):
            parse_text(text)
    else:
        assert parse_text(text).plain() == expected


@given(VALUES)
def test_walk__every_node__is_where_it_says(value):
    text = json.dumps(value, indent=2)
    for _, node in parse_text(text).walk():
        assert json.loads(text[node.start : node.end]) == node.plain()


def test_walk__paths__are_those_of_messages():
    root = parse_text('{"validators": [{"attester": {"eth": 1}}]}')
    assert [path for path, _ in root.walk()] == [
        "",
        "validators",
        "validators[0]",
        "validators[0].attester",
        "validators[0].attester.eth",
    ]


@pytest.mark.parametrize(
    ("text", "reason", "line"),
    [
        ('{"a": 1}\n}', "something stands behind the end of the document", 2),
        ('{\n"a" 1}', "a colon is missing behind a key", 2),
        ('{"a": 1,\n}', "a key in quotation marks is missing", 2),
        ("[1,\n2", "a comma or the end of a list is missing", 2),
        ('{"a": 1', "a comma or the end of an object is missing", 1),
        ("[", "it ends in the middle", 1),
        ("[,]", "a value is missing", 1),
        ('["\n"]', "text in quotation marks is not ended, or holds what must be escaped", 1),
        ("[" * 100, "it is nested too deeply", 1),
        ("9" * 5000, "a number is too long", 1),
    ],
)
def test_parse__broken__says_what_and_where_and_quotes_nothing(text, reason, line):
    with pytest.raises(BrokenText) as raised:
        parse_text(text)
    assert (raised.value.reason, raised.value.line) == (reason, line)


def test_parse__mark_and_emptiness__are_errors_of_their_own():
    with pytest.raises(MarkedText):
        parse_text("\ufeff{}")
    with pytest.raises(EmptyText):
        parse_text(" \r\n")


def test_repeated__keys_that_stand_twice__in_order():
    assert parse_text('{"b": 1, "a": 2, "b": 3, "a": 4, "c": 5}').repeated() == ["b", "a"]


# --------------------------------------------------------------------------- changes


OBJECTS = st.dictionaries(st.text(max_size=4), VALUES, max_size=4)


@given(OBJECTS, STYLES, VALUES)
def test_add_member__then_remove_it__is_where_we_were(value, indent, added):
    key = "a key that is not there"
    text = json.dumps(value, indent=indent)
    longer = spliced(text, [add_member(text, parse_text(text), key, added)])
    assert json.loads(longer) == value | {key: added}
    shorter = spliced(longer, [remove_member(longer, parse_text(longer), key)])
    assert json.loads(shorter) == value
    if value:
        assert shorter == text


@given(OBJECTS, STYLES, st.data())
def test_remove_member__any__leaves_the_others(value, indent, data):
    text = json.dumps(value, indent=indent)
    root = parse_text(text)
    assert remove_member(text, root, "a key that is not there") is None
    if value:
        key = data.draw(st.sampled_from(list(value)))
        shorter = spliced(text, [remove_member(text, root, key)])
        assert json.loads(shorter) == {name: part for name, part in value.items() if name != key}


@given(st.lists(VALUES, max_size=3), STYLES, st.lists(VALUES, max_size=3))
def test_add_items__any__at_the_end(value, indent, added):
    text = json.dumps(value, indent=indent)
    splice = add_items(text, parse_text(text), added)
    assert (splice is None) == (not added)
    if splice is not None:
        assert json.loads(spliced(text, [splice])) == value + added


def test_add_member__anchor__stands_behind_the_last_of_the_keys_named():
    text = '{\n  "a": 1,\n  "b": {\n    "c": 2\n  },\n  "d": 3\n}\n'
    longer = spliced(text, [add_member(text, parse_text(text), "x", {"y": [1]}, after=("a", "b", "z"))])
    assert longer == (
        '{\n  "a": 1,\n  "b": {\n    "c": 2\n  },\n  "x": {\n    "y": [\n      1\n    ]\n  },\n  "d": 3\n}\n'
    )


def test_add_items__laid_out_as_the_others():
    text = '{\n\t"a": [\n\t\t1\n\t]\n}'
    target = parse_text(text).get("a")
    assert spliced(text, [add_items(text, target, [{"b": 2}])]) == (
        '{\n\t"a": [\n\t\t1,\n\t\t{\n\t\t\t"b": 2\n\t\t}\n\t]\n}'
    )
