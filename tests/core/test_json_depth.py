"""Nesting is measured outside of strings, whatever the recursion limit is."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aztec_butler.core.errors import InputError
from aztec_butler.core.json_depth import DEEPEST, check_depth

values = st.recursive(
    st.text(st.sampled_from('[]{}"\\ax'), max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=2), inner, max_size=3),
    max_leaves=60,
)


def depth_of(value):
    if isinstance(value, dict):
        value = list(value.values())
    return 1 + max(map(depth_of, value), default=0) if isinstance(value, list) else 0


@given(values, st.integers(0, 8))
def test_check_depth__any_json__refused_where_it_is_deeper(value, deepest):
    content = json.dumps(value).encode()
    if depth_of(value) > deepest:
        with pytest.raises(InputError):
            check_depth(content, deepest=deepest)
    else:
        check_depth(content, deepest=deepest)


@pytest.mark.parametrize("bracket", [b"[", b'{"a":'], ids=["lists", "objects"])
def test_check_depth__brackets_without_end__refused(bracket):
    check_depth(bracket * DEEPEST)
    with pytest.raises(InputError):
        check_depth(bracket * 1_000_000)


def test_check_depth__many_side_by_side__fine():
    check_depth(b"[" + b"[]," * 100_000 + b"[]]")


def test_check_depth__string_that_never_ends__fine():
    check_depth(b'["' + b"[" * 1000)


@given(st.text(alphabet='[]{}":, x\\', max_size=60))
def test_check_depth__text_with_or_without_escapes__is_measured_alike(text):
    """A backslash behind it, outside of strings, changes nothing but the way it is measured."""

    def refuses(content):
        try:
            check_depth(content, deepest=2)
        except InputError:
            return True
        return False

    plain = text.replace("\\", "")
    assert refuses(plain.encode()) == refuses(b"\\x" + plain.encode())
