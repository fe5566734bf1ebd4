"""Checkpoints as the proof of a coinbase: on real contracts, and piece by piece on a long chain."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from proposing_devnet import PAYER, Played

from aztec_butler.core.contracts import ROLLUP
from aztec_butler.core.hexes import to_hex
from aztec_butler.core.logs import RawLog
from aztec_butler.devnet.season_keys import wallet
from aztec_butler.watcher.executors import carried_coinbases
from aztec_butler.watcher.executors.carried_coinbases import BLOCKS_AT_ONCE, Carried, CarriedCoinbases
from aztec_butler.watcher.executors.chain import Chain, Heads

ALICE, BOB = wallet("alice"), wallet("bob")
WANTED, OLD = wallet("wanted"), wallet("old")
WORD = bytes(32)


@pytest.mark.devnet
def test_look__real_checkpoints__those_of_the_attester(devnet):
    played = Played(devnet)
    first = devnet.chain.block_number()
    proposed = played.propose() + played.propose()
    with played.connect() as network:
        chain = Chain(network, confirmations=0)
        heads = chain.heads()
        carried = CarriedCoinbases(chain)
        for attester in played.keys:
            ours = [each for each in proposed if each.proposer == attester]
            found = carried.look(attester, [PAYER, wallet("elsewhere")], heads, first_block=first, known=None)
            assert found.coinbase == (played.coinbase_of(attester) if ours else None)
            assert (found.block_number is not None) == bool(ours)
            assert found.up_to == heads.head.number
        some = proposed[0].proposer
        assert carried.look(some, [WANTED], heads, first_block=first, known=None).coinbase is None


class LongChain:
    """Proposals by block: who, and for whom. Its rollup tells the proposer of a slot by the time."""

    def __init__(self, monkeypatch):
        self.proposals = {}
        self.asked, self.proposers_asked = [], 0
        self.rpc = self.multicall = self
        self.rollup = SimpleNamespace(address=ALICE, generation=4, genesis_block=0)
        monkeypatch.setattr(carried_coinbases, "fetch_logs", self.fetch_logs)

    def heads(self, head, settled):
        return Heads(
            head=SimpleNamespace(number=head),
            settled=SimpleNamespace(number=settled),
            deployment=SimpleNamespace(rollups=(self.rollup,)),
        )

    def fetch_logs(self, rpc, *, addresses, topics, first_block, last_block):
        self.asked.append((first_block, last_block))
        return [self.log(number) for number in sorted(self.proposals) if first_block <= number <= last_block]

    def log(self, number):
        return RawLog(
            address=ALICE,
            topics=(WORD, WORD, number.to_bytes(32, "big")),
            data=b"",
            block_number=number,
            block_hash=f"0x{number:064x}",
            transaction_hash=f"0x{number:064x}",
            transaction_index=0,
            log_index=0,
            block_timestamp=number * 12,
        )

    def read(self, reads, block):
        self.proposers_asked += len(reads)
        return [self.proposals[read.arguments[0] // 12][0] for read in reads]

    def batch(self, calls):
        numbers = [int(transaction, 16) for _, (transaction,) in calls]
        return [
            {"blockHash": self.log(number).block_hash, "input": calldata(self.proposals[number][1], number)}
            for number in numbers
        ]


def calldata(coinbase, number):
    header = (*(WORD,) * 5, 1, 2, coinbase, WORD, (0, 0), 0)
    archive = number.to_bytes(32, "big")
    call = ROLLUP.function("propose", 4).encode_call(
        (archive, (0,), header), (b"", b""), [], (27, WORD, WORD), b""
    )
    return to_hex(call)


@pytest.fixture
def chain(monkeypatch):
    return LongChain(monkeypatch)


@pytest.fixture
def look(chain):
    carried = CarriedCoinbases(chain)

    def look(head, settled, known=None, first_block=100):
        return carried.look(
            ALICE, [WANTED, OLD], chain.heads(head, settled), first_block=first_block, known=known
        )

    return look


def test_look__others_and_other_coinbases__cost_no_question_about_proposers(chain, look):
    chain.proposals = {200: (BOB, BOB), 300: (ALICE, WANTED), 310: (BOB, WANTED)}
    assert look(1000, 900) == Carried(block_number=300, coinbase=WANTED, up_to=1000, settled_to=900)
    assert chain.proposers_asked == 2


def test_look__old_one_then_the_new_one__the_newest_counts(chain, look):
    chain.proposals = {200: (ALICE, OLD)}
    found = look(1000, 900)
    assert found.coinbase == OLD
    chain.proposals[1005] = (ALICE, WANTED)
    found = look(1010, 910, known=found)
    assert (found.coinbase, found.block_number, chain.asked[-1]) == (WANTED, 1005, (901, 1010))


def test_look__proof_vanishes_before_it_is_final__is_forgotten(chain, look):
    chain.proposals = {950: (ALICE, WANTED)}
    found = look(1000, 900)
    assert found.coinbase == WANTED
    chain.proposals = {}
    assert look(1010, 910, known=found) == Carried(up_to=1010, settled_to=910)


def test_look__block_exchanged_before_it_was_final__is_looked_at_again(chain, look):
    found = look(1000, 900)
    chain.proposals = {905: (ALICE, WANTED)}
    assert look(1100, 1000, known=found).block_number == 905


def test_look__long_chain__piece_by_piece(chain, look):
    chain.proposals = {9000: (ALICE, WANTED)}
    head = 10_000
    found, count = None, 0
    while found is None or found.up_to < head:
        found = look(head, head - 64, known=found)
        count += 1
        assert count < 10
    assert found.block_number == 9000
    assert all(last - first < BLOCKS_AT_ONCE + 64 for first, last in chain.asked)
    assert chain.asked[0][0] == 100
    assert all(
        later[0] == earlier[1] + 1 for earlier, later in zip(chain.asked, chain.asked[1:], strict=False)
    )


def test_look__chain_without_finality_for_long__still_reaches_the_head(chain, look):
    chain.proposals = {9000: (ALICE, WANTED)}
    found = None
    for _ in range(6):
        found = look(10_000, 100, known=found)
    assert (found.block_number, found.up_to) == (9000, 10_000)


def test_look__chain_begins_again_further_back__from_the_first_block(chain, look):
    found = look(1000, 900)
    assert look(500, 400, known=found) == Carried(up_to=500, settled_to=400)
    assert chain.asked[-1] == (100, 500)
