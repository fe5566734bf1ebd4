"""The packed queue configuration, against words packed by hand."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aztec_butler.core.errors import DecodeError, InputError
from aztec_butler.core.queue_config import QueueConfig, decode_queue_config_word, queue_config_slot

# keccak256("aztec.core.staking.storage"), computed with an independent tool.
STAKING_SLOT = "0xbba4a4d3c3eeb229c4f06863ce3d3d8cddab9e4dee538d785fc67e2ed9d68cad"


def test_decode_queue_config_word__mainnet_configuration__is_500_500_1_400_4():
    word = int("0" * 24 + "000001f4" + "000001f4" + "00000001" + "00000190" + "00000004", 16)
    assert decode_queue_config_word(word) == QueueConfig(
        bootstrap_validator_set_size=500,
        bootstrap_flush_size=500,
        normal_flush_size_min=1,
        normal_flush_size_quotient=400,
        max_queue_flush_size=4,
    )


@given(st.tuples(*[st.integers(0, 2**32 - 1)] * 5).filter(any))
def test_decode_queue_config_word__packed_as_the_contract_packs__gives_the_numbers(numbers):
    set_size, flush_size, minimum, quotient, maximum = numbers
    word = maximum | quotient << 32 | minimum << 64 | flush_size << 96 | set_size << 128
    assert decode_queue_config_word(word) == QueueConfig(
        bootstrap_validator_set_size=set_size,
        bootstrap_flush_size=flush_size,
        normal_flush_size_min=minimum,
        normal_flush_size_quotient=quotient,
        max_queue_flush_size=maximum,
    )


@pytest.mark.parametrize("word", [0, 1 << 160, (1 << 255) | 4])
def test_decode_queue_config_word__something_else__is_refused(word):
    with pytest.raises(DecodeError) as caught:
        decode_queue_config_word(word)
    assert int(caught.value.facts["word"], 16) == word


@pytest.mark.parametrize(("generation", "words"), [(2, 4), (4, 4), (5, 5)])
def test_queue_config_slot__known_generation__counts_the_words_before_it(generation, words):
    assert queue_config_slot(generation) == int(STAKING_SLOT, 16) + words


def test_queue_config_slot__unknown_generation__is_refused():
    with pytest.raises(InputError) as caught:
        queue_config_slot(6)
    assert caught.value.facts["generation"] == 6
