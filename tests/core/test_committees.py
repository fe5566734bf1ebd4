"""The draw of committees and proposers; held against the rollup itself in the tests of a season."""

from __future__ import annotations

import attrs
import pytest
from eth_abi import encode
from eth_utils import keccak
from hypothesis import given
from hypothesis import strategies as st

from aztec_butler.core.committees import (
    Committee,
    committee_proposers,
    committee_seats,
    draw_indices,
    proposer_position,
    proposer_slots,
    sample_seed,
)
from aztec_butler.core.epochs import EpochClock
from aztec_butler.core.errors import InputError

CLOCK = EpochClock(genesis_at=1_000, slot_seconds=72, epoch_slots=32, lag_in_epochs=2)
MEMBERS = tuple(f"0x{number:040x}" for number in range(1, 49))


def committee(**changes) -> Committee:
    plain = Committee(rollup_version=1, epoch=9, seed=12345, set_size=4_000, members=MEMBERS)
    return attrs.evolve(plain, **changes)


@given(seed=st.integers(0, 2**256 - 1), set_size=st.integers(0, 60), part=st.floats(0, 1))
def test_draw_indices__any_seed__different_places_of_the_set(seed, set_size, part):
    committee_size = int(set_size * part)
    drawn = draw_indices(seed, set_size=set_size, committee_size=committee_size)
    assert len(drawn) == len(set(drawn)) == committee_size
    assert all(0 <= place < set_size for place in drawn)


@given(seed=st.integers(0, 2**256 - 1), set_size=st.integers(1, 40), part=st.floats(0, 1))
def test_draw_indices__any_seed__as_taking_cards_from_a_pack(seed, set_size, part):
    pack, drawn = list(range(set_size)), []
    for position in range(int(set_size * part)):
        taken = int.from_bytes(keccak(encode(["uint256", "uint256"], [seed, position])), "big") % len(pack)
        drawn.append(pack[taken])
        last = pack.pop()
        if taken < len(pack):
            pack[taken] = last
    assert draw_indices(seed, set_size=set_size, committee_size=len(drawn)) == tuple(drawn)


def test_draw_indices__set_too_small__is_refused_with_both_sizes():
    with pytest.raises(InputError, match="too small") as caught:
        draw_indices(1, set_size=3, committee_size=4)
    assert caught.value.facts == {"attesters": 3, "needed": 4}


@given(epoch=st.integers(0, 2**32), slot=st.integers(0, 2**32), seed=st.integers(0, 2**256 - 1))
def test_proposer_position__any_slot__is_the_hash_of_the_encoded_words(epoch, slot, seed):
    words = encode(["uint256", "uint256", "uint256"], [epoch, slot, seed])
    assert proposer_position(epoch, slot, seed=seed, committee_size=48) == int(keccak(words).hex(), 16) % 48


def test_sample_seed__randomness_of_32_bytes__only_224_bits_count():
    assert sample_seed(3, 7) == sample_seed(3, 7 + (1 << 224)) != sample_seed(4, 7)


def test_committee_proposers__every_slot__at_its_position():
    found = committee_proposers(committee(), 32)
    assert found == tuple(
        MEMBERS[proposer_position(9, slot, seed=12345, committee_size=48)] for slot in range(288, 320)
    )


def test_proposer_slots__no_committee__nobody_in_any_slot():
    rows = proposer_slots([committee(members=(), seed=None)], CLOCK)
    assert [row.slot for row in rows] == list(range(288, 320))
    assert {(row.proposer, row.is_escape_hatch) for row in rows} == {(None, False)}
    assert rows[1].slot_at == 1_000 + 289 * 72


def test_proposer_slots__open_hatch__its_proposer_alone():
    rows = proposer_slots([committee(hatch_proposer=MEMBERS[0])], CLOCK, {MEMBERS[0]: 7})
    assert {(row.proposer, row.provider_id, row.is_escape_hatch) for row in rows} == {
        (MEMBERS[0], None, True)
    }


def test_committee_seats__members__in_order_with_their_providers():
    rows = committee_seats([committee()], CLOCK, {MEMBERS[1]: 7})
    assert [row.attester for row in rows] == list(MEMBERS)
    assert [row.position for row in rows] == list(range(48))
    assert [row.provider_id for row in rows[:3]] == [None, 7, None]
    assert {row.epoch_at for row in rows} == {1_000 + 288 * 72}
