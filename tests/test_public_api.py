"""What the package shows."""

from __future__ import annotations

import inspect

import pytest

import aztec_butler


def test_all__is_sorted_and_complete():
    assert aztec_butler.__all__ == sorted(aztec_butler.__all__)
    assert set(aztec_butler.__all__) <= set(dir(aztec_butler))


@pytest.mark.parametrize("name", list(aztec_butler.__all__))
def test_public_name__can_be_had_and_is_documented(name):
    assert inspect.getdoc(getattr(aztec_butler, name))


def test_unknown_name__is_an_attribute_error():
    with pytest.raises(AttributeError):
        aztec_butler.no_such_name  # noqa: B018


@pytest.mark.parametrize(
    "name",
    [
        "attesters",
        "entry_queue",
        "providers",
        "delegations",
        "exits",
        "slashings",
        "lifecycle",
        "events",
        "at",
        "snapshot",
    ],
)
def test_network_method__is_there_and_documented(name):
    assert inspect.getdoc(getattr(aztec_butler.Network, name))
