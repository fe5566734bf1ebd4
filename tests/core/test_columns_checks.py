"""What an answer of many logs must look like to be believed: the checks of single ones, on columns."""

import random

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aztec_butler.core.columns_batch import batches_of
from aztec_butler.core.columns_checks import BatchCheck, border_hashes
from aztec_butler.core.errors import DecodeError
from aztec_butler.core.hexes import checksum_address
from aztec_butler.core.logs import LogFilter, RawLog, check_logs

ONE, TWO, THREE = (checksum_address(bytes([n]) * 20) for n in (0x11, 0x22, 0x33))
RED, BLUE, GREEN = (bytes([n]) * 32 for n in (0xAA, 0xBB, 0xCC))
ASKED = LogFilter.of([ONE, TWO], [[RED, BLUE]])


def block_hash(block):
    return f"0x{block:064x}"


def log(block, index, **changes):
    made = RawLog(
        address=(ONE, TWO)[index % 2],
        topics=((RED, BLUE)[index // 2 % 2], *[GREEN] * (index % 3)),
        data=bytes([index]) * (32 * (index % 4)),
        block_number=block,
        block_hash=block_hash(block),
        transaction_hash=f"0x{block * 1000 + index // 3:064x}",
        transaction_index=index // 3,
        log_index=index,
        block_timestamp=1000 + 12 * block,
    )
    return attrs.evolve(made, **changes)


LOGS = [log(block, index) for block in (10, 11, 15, 20) for index in range(7)]


def checked(logs, asked=ASKED, first=10, last=20):
    return BatchCheck(asked).checked(batches_of(logs), first, last)


def unpacked(batches):
    logs = [log for batch in batches for log in batch.raw_logs()]
    return sorted(logs, key=lambda log: (log.block_number, log.log_index))


@settings(max_examples=50, deadline=None)
@given(st.randoms(use_true_random=False))
def test_checked__any_order__each_batch_is_in_that_of_the_chain(random):
    shuffled = [*LOGS]
    random.shuffle(shuffled)
    batches = checked(shuffled)
    for batch in batches:
        places = [(log.block_number, log.log_index) for log in batch.raw_logs()]
        assert places == sorted(places)
    assert unpacked(batches) == LOGS


def test_checked__nothing__is_nothing():
    assert checked([]) == ()


BAD = {
    "before": log(9, 1),
    "after": log(21, 1),
    "address": log(12, 1, address=THREE),
    "topic": log(12, 1, topics=(GREEN,)),
    "no topic": log(12, 1, topics=()),
    "twice": log(11, 3),
    "twice, other topics": log(11, 3, topics=(RED, RED, RED, RED)),
    "fork": log(11, 7, block_hash=block_hash(99)),
    "hash of another block": log(12, 7, block_hash=block_hash(11)),
    "transaction before": log(11, 7, transaction_index=0, transaction_hash=f"0x{11_000:064x}"),
    "transaction of two hashes": log(11, 8, transaction_hash=f"0x{77:064x}"),
    "two transactions of one hash": log(11, 7, transaction_index=9),
    "time before": log(12, 7, block_timestamp=1),
    "two times": log(11, 7, block_timestamp=1000 + 12 * 11 + 1),
}


@pytest.mark.parametrize("which", BAD)
@pytest.mark.parametrize("place", [0, 9, len(LOGS)])
def test_checked__log_that_does_not_fit__is_refused(which, place):
    with pytest.raises(DecodeError) as caught:
        checked([*LOGS[:place], BAD[which], *LOGS[place:]])
    assert caught.value.facts["block"] in (BAD[which].block_number, BAD[which].block_number + 3)


def test_checked__times_not_told__are_no_matter():
    logs = [
        attrs.evolve(each, block_timestamp=None if n % 3 else each.block_timestamp)
        for n, each in enumerate(LOGS)
    ]
    assert unpacked(checked(logs)) == logs


@settings(max_examples=150, deadline=None)
@given(st.randoms(use_true_random=False), st.integers(0, 3))
def test_checked__any_logs__are_judged_as_single_ones_are(random, places):
    words = [None, [RED], [RED, BLUE], [GREEN, RED], [bytes([n]) * 32 for n in range(0xA0, 0xC0)]]
    addresses = [None, [ONE], [ONE, TWO], [checksum_address(bytes([n]) * 20) for n in range(1, 0x31)]]
    asked = LogFilter.of(random.choice(addresses), [random.choice(words) for _ in range(places)])
    logs = random.sample(LOGS, random.randrange(1, 5))
    try:
        expected = check_logs(logs, asked, 10, 19)
    except DecodeError:
        with pytest.raises(DecodeError):
            checked(logs, asked, last=19)
    else:
        assert unpacked(checked(logs, asked, last=19)) == expected


def test_checked__many_addresses__bytes_that_end_in_zeros_are_told_apart():
    wanted = [bytes([n]) + bytes(19) for n in range(1, 40)]
    asked = LogFilter.of([checksum_address(each) for each in wanted])
    good = [
        log(10, n, address=checksum_address(each))
        for n, each in enumerate(random.Random(1).sample(wanted, 20))
    ]
    assert unpacked(checked(good, asked)) == good
    for other in (bytes(20), b"\x05" + bytes(18) + b"\x01", bytes([200]) + bytes(19)):
        with pytest.raises(DecodeError):
            checked([log(11, 0, address=checksum_address(other))], asked)


def test_border_hashes__block__has_those_of_its_logs():
    batches = checked(LOGS)
    assert border_hashes(batches, 15) == {block_hash(15)}
    assert border_hashes(batches, 16) == set()
