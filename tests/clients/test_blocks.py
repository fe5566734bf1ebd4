"""Blocks by number, word and hash."""

from __future__ import annotations

import pytest

from aztec_butler.clients.blocks import fetch_block, parse_block
from aztec_butler.core.errors import InputError, NotFoundError

HASH, OTHER = "0x" + "ab" * 32, "0x" + "cd" * 32


class Node:
    """Knows two blocks of one number; one of them is on its chain."""

    def try_batch(self, calls):
        return [self.call(method, *parameters) for method, parameters in calls]

    def call(self, method, name, _):
        if method == "eth_getBlockByHash":
            return self.header(name) if name in (HASH, OTHER) else None
        return self.header(HASH)

    @staticmethod
    def header(block_hash):
        return {"number": "0x10", "hash": block_hash, "timestamp": "0x20"}


def test_hash__on_the_chain__is_that_block():
    stamp, finalized = fetch_block(Node(), HASH)
    assert (stamp.number, stamp.hash, finalized, stamp.is_finalized) == (16, HASH, 16, True)


@pytest.mark.parametrize(
    ("block_hash", "match"), [(OTHER, "not on the chain"), ("0x" + "00" * 32, "no such block")]
)
def test_hash__not_on_the_chain__is_not_found(block_hash, match):
    with pytest.raises(NotFoundError, match=match):
        fetch_block(Node(), block_hash)


def test_parse__hash_in_any_case__one_spelling():
    assert parse_block("0x" + "aB" * 32) == HASH


@pytest.mark.parametrize("text", [HASH + "0", HASH[:-1], "ab" * 32, -1, True])
def test_parse__almost_a_hash__is_refused(text):
    with pytest.raises(InputError, match="expected a block"):
        parse_block(text)
