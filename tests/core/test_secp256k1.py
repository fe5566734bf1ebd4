"""Addresses of private keys against eth-keys."""

from __future__ import annotations

import traceback

import pytest
from eth_keys.datatypes import PrivateKey
from hypothesis import example, given, settings
from hypothesis import strategies as st

from aztec_butler.core import secp256k1
from aztec_butler.core.errors import InputError

N = secp256k1.GROUP_ORDER


@settings(max_examples=50, deadline=None)
@given(st.integers(1, N - 1))
@example(1)
@example(15)
@example(16)
@example(1 << 252)
@example(N - 1)
@example(N - 16)
@example((1 << 256) - (1 << 129))
def test_address_of__any_key__equals_eth_keys(secret):
    if secret >= N:
        return
    theirs = PrivateKey(secret.to_bytes(32, "big")).public_key
    x, y = secp256k1.point_of(secret)
    assert x.to_bytes(32, "big") + y.to_bytes(32, "big") == theirs.to_bytes()
    assert secp256k1.address_of(secret) == theirs.to_checksum_address()


@pytest.mark.parametrize("secret", [0, -1, N, N + (0x0123456789ABCDEF << 190)])
def test_point_of__key_out_of_range__is_refused_without_telling_it(secret):
    with pytest.raises(InputError) as caught:
        secp256k1.point_of(secret)
    collected = traceback.TracebackException.from_exception(caught.value, capture_locals=True)
    frames = [frame for frame in collected.stack if "aztec_butler" in frame.filename]
    assert frames
    assert caught.value.facts == {}
    if abs(secret) > 1:
        assert str(secret) not in str([frame.locals for frame in frames])
