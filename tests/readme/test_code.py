"""All of README's code runs, from the top to the bottom."""

from __future__ import annotations

import pytest

from .conftest import BLOCKS

pytestmark = [pytest.mark.devnet, pytest.mark.xdist_group("history")]


def _first_line(block):
    return f"{block.number}-{block.code.split(chr(10))[0][:40]}"


def test_blocks__are_found_in_both_languages():
    assert {block.language for block in BLOCKS} == {"python", "console"}
    assert len(BLOCKS) > 10


@pytest.mark.parametrize("block", BLOCKS, ids=_first_line)
def test_block__typed_by_a_reader__runs(block, desk):
    desk.run(block)
