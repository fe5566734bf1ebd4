"""Following proposals on L1: what is asked again, what is remembered, and what is dropped."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from staking_states import state_of
from staking_story import ALICE, BOB, CAROL, NEW, Story

from aztec_butler.core.contracts import ROLLUP
from aztec_butler.core.errors import NodeRefused
from aztec_butler.core.hexes import to_hex
from aztec_butler.core.logs import RawLog
from aztec_butler.exporter import checkpoint_coinbases
from aztec_butler.exporter.checkpoint_coinbases import (
    LOOKBACK_BLOCKS,
    UNSETTLED_BLOCKS,
    CheckpointCoinbases,
    ProposedCoinbase,
)

WORD = bytes(32)


def calldata(coinbase: str, archive: bytes) -> str:
    header = (*(WORD,) * 5, 1, 2, coinbase, WORD, (0, 0), 0)
    call = ROLLUP.function("propose", 4).encode_call(
        (archive, (0,), header), (b"", b""), [], (27, WORD, WORD), b""
    )
    return to_hex(call)


class Chain:
    """Proposals by block, and everything that is asked about them."""

    def __init__(self, monkeypatch):
        self.proposals: dict[int, tuple[str, str]] = {}
        self.fork = 0
        self.ranges, self.proposers_asked, self.transactions_asked = [], 0, []
        self.multicall = self.rpc = self
        monkeypatch.setattr(checkpoint_coinbases, "fetch_logs", self.fetch_logs)

    def fetch_logs(self, rpc, *, addresses, topics, first_block, last_block):
        assert addresses == [NEW]
        self.ranges.append((first_block, last_block))
        return [self._log(number) for number in sorted(self.proposals) if first_block <= number <= last_block]

    def _log(self, number):
        return RawLog(
            address=NEW,
            topics=(WORD, WORD, number.to_bytes(32, "big")),
            data=b"",
            block_number=number,
            # What is older than 905 is settled.
            block_hash=f"0x{number + (self.fork << 64 if number >= 905 else 0):064x}",
            transaction_hash=f"0x{number:064x}",
            transaction_index=0,
            log_index=0,
            block_timestamp=number * 12,
        )

    def read(self, reads, block):
        self.proposers_asked += len(reads)
        return [self.proposals[read.arguments[0] // 12][0] for read in reads]

    def batch(self, calls):
        answers = []
        for method, (transaction,) in calls:
            assert method == "eth_getTransactionByHash"
            number = int(transaction, 16)
            self.transactions_asked.append(number)
            answers.append(
                {
                    "blockHash": self._log(number).block_hash,
                    "input": calldata(self.proposals[number][1], number.to_bytes(32, "big")),
                }
            )
        return answers


class Times:
    def of(self, places):
        return [place.block_timestamp for place in places]


@pytest.fixture
def chain(monkeypatch):
    return Chain(monkeypatch)


@pytest.fixture
def last(chain):
    """What is known after a block, of ALICE and BOB."""
    followed = CheckpointCoinbases(chain, Times())
    state = state_of(Story())

    def look(number, attesters=(ALICE, BOB)):
        return followed.last(
            SimpleNamespace(block=SimpleNamespace(number=number), state=state), frozenset(attesters)
        )

    return look


def proposed(coinbase, number):
    return ProposedCoinbase(coinbase=coinbase, proposed_at=12 * number)


def test_last__several_proposals__the_newest_of_each_of_ours(chain, last):
    chain.proposals = {900: (ALICE, BOB), 950: (CAROL, CAROL), 960: (ALICE, ALICE), 970: (BOB, CAROL)}
    assert last(1000) == {ALICE: proposed(ALICE, 960), BOB: proposed(CAROL, 970)}
    assert chain.ranges == [(1001 - LOOKBACK_BLOCKS, 1000)]
    assert chain.proposers_asked == 4
    assert sorted(chain.transactions_asked) == [960, 970]


def test_last__asked_again__only_what_is_new_is_read(chain, last):
    chain.proposals = {900: (ALICE, BOB), 990: (BOB, BOB)}
    last(1000)
    chain.proposals[1005] = (ALICE, CAROL)
    assert last(1010) == {ALICE: proposed(CAROL, 1005), BOB: proposed(BOB, 990)}
    assert chain.ranges[1] == (1001 - UNSETTLED_BLOCKS, 1010)
    assert chain.proposers_asked == 3
    assert sorted(chain.transactions_asked) == [900, 990, 1005]


def test_last__long_settled__is_remembered(chain, last):
    chain.proposals = {900: (ALICE, BOB)}
    for number in range(1000, 1600, 60):
        assert last(number) == {ALICE: proposed(BOB, 900)}
    assert chain.transactions_asked == [900]


def test_last__reorganised__is_what_is_there_now(chain, last):
    chain.proposals = {900: (ALICE, BOB), 990: (ALICE, CAROL), 995: (BOB, BOB)}
    last(1000)
    chain.fork = 1
    chain.proposals = {900: (ALICE, BOB), 993: (BOB, ALICE)}
    assert last(1001) == {ALICE: proposed(BOB, 900), BOB: proposed(ALICE, 993)}


def test_last__same_blocks_of_another_fork__are_read_anew(chain, last):
    chain.proposals = {990: (ALICE, BOB)}
    last(1000)
    chain.fork, chain.proposals = 1, {990: (ALICE, CAROL)}
    assert last(1001) == {ALICE: proposed(CAROL, 990)}


def test_last__too_long_not_asked__begins_anew(chain, last):
    chain.proposals = {900: (ALICE, BOB)}
    last(1000)
    assert last(1000 + LOOKBACK_BLOCKS + UNSETTLED_BLOCKS) == {}
    assert chain.ranges[1][0] == 1001 + UNSETTLED_BLOCKS


@pytest.mark.parametrize("blocks", [UNSETTLED_BLOCKS - 1, UNSETTLED_BLOCKS, 500])
def test_last__chain_further_back__begins_anew(chain, last, blocks):
    chain.proposals = {400: (ALICE, BOB), 990: (ALICE, ALICE)}
    last(1000)
    del chain.proposals[990]
    assert last(1000 - blocks) == {ALICE: proposed(BOB, 400)}


def test_last__young_rollup__is_asked_from_its_genesis_on(chain, last):
    assert last(20) == {}
    assert chain.ranges == [(1, 20)]


def test_last__a_transaction_that_moved__is_refused(chain, last, monkeypatch):
    chain.proposals = {990: (ALICE, BOB)}
    monkeypatch.setattr(chain, "batch", lambda calls: [None for _ in calls])
    with pytest.raises(NodeRefused, match="reorganised"):
        last(1000)


def test_last__others_become_ours__their_calldata_is_read_then(chain, last):
    chain.proposals = {990: (ALICE, BOB), 991: (CAROL, CAROL)}
    assert set(last(1000)) == {ALICE}
    assert last(1000, (ALICE, CAROL))[CAROL] == proposed(CAROL, 991)
    assert chain.transactions_asked == [990, 991]
