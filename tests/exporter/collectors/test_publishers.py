"""Publishers: their balances as they fall, and how long they last, with a node that forgets and without one."""

from __future__ import annotations

from itertools import pairwise
from types import SimpleNamespace

import pytest
from fault_proxy import FaultyNode, NodeSays, reset
from hypothesis import given
from hypothesis import strategies as st
from metric_values import Scraped, values_of

from aztec_butler.clients.policy import NO_RETRIES
from aztec_butler.clients.rpc import Rpc
from aztec_butler.core.errors import NodeUnreachable
from aztec_butler.core.publishers import PublisherSample, judge_publisher
from aztec_butler.exporter.balance_book import BalanceBook, extended
from aztec_butler.exporter.collectors import publishers
from aztec_butler.exporter.ours import Ours

ETHER = 10**18
A = "0x00000000000000000000000000000000000000AA"
B = "0x00000000000000000000000000000000000000bb"
DAY = 86_400
GENESIS = 1_700_000_000


class Ethereum(FaultyNode):
    """Blocks of 12 s; each account loses so many wei a block. The state is remembered for some blocks."""

    forgotten = -32000, "missing trie node (path )"

    def __init__(self, *, head=20_000, remembers=64, losses=None):
        self.head, self.remembers = head, remembers
        self.losses = losses or {}
        self.paid = {}
        super().__init__(
            {
                "eth_getBlockByNumber": lambda name, _: self.block(self.number(name)),
                "eth_getBalance": self.balance,
                "eth_getTransactionCount": lambda address, name: hex(self.known(name)),
            }
        )

    def number(self, name):
        return self.head if name in ("latest", "finalized") else int(name, 16)

    def block(self, number):
        return {"number": hex(number), "hash": f"0x{number:064x}", "timestamp": hex(GENESIS + 12 * number)}

    def known(self, name):
        number = self.number(name)
        if number < self.head - self.remembers:
            raise NodeSays(*self.forgotten)
        return number

    def balance(self, address, name):
        number = self.known(name)
        paid = sum(amount for at, amount in self.paid.get(address.lower(), {}).items() if at <= number)
        return hex(10 * ETHER + paid - number * self.losses.get(address.lower(), 0))


LOSS = ETHER // 10_000  # 10 ETH and a loss of 0.72 ETH a day


@pytest.fixture
def ethereum():
    with Ethereum(losses={A.lower(): LOSS}) as ethereum:
        yield ethereum


@pytest.fixture
def collector(ethereum):
    with Rpc(ethereum.url, policy=NO_RETRIES, chain_id=31337) as rpc:
        source = SimpleNamespace(name="devnet", rpc=rpc)
        yield publishers.collector(BalanceBook(source), lambda: Ours(publishers=(A, B)))


@pytest.mark.loopback
def test_publishers__archive_node__rate_of_a_day_at_once(ethereum, collector):
    ethereum.remembers = 10**9
    found = values_of(collector.collect())
    assert found["publisher_balance_eth"] == {A: 8.0, B: 10.0}
    assert found["publisher_daily_burn_eth"] == {A: pytest.approx(0.72), B: 0.0}
    assert found["publisher_runway_seconds"] == {A: 80_000 * 12}  # B spends nothing
    assert found["publisher_burn_window_seconds"] == {A: DAY, B: DAY}
    assert found["own_series_capped"] == {"publisher": 0}


@pytest.mark.loopback
@pytest.mark.parametrize(
    "words",
    [
        (-32602, "BlockOutOfRangeError: block height is 20000 but requested was 12800"),
        (-32000, "header not found"),
        (4444, "pruned history unavailable"),
        (-32000, "we do not keep that"),
    ],
    ids=lambda words: words[1].split()[0],
)
def test_publishers__node_that_forgets_in_words_of_its_own__present_is_shown(ethereum, collector, words):
    ethereum.forgotten = words
    found = values_of(collector.collect())
    assert found["publisher_balance_eth"] == {A: 8.0, B: 10.0}
    assert 0 < found["publisher_burn_window_seconds"][A] < 64 * 12


@pytest.mark.loopback
def test_publishers__node_that_forgets__rate_grows_more_certain(ethereum, collector):
    windows = []
    for _ in range(4):
        found = values_of(collector.collect())
        assert found["publisher_runway_seconds"][A] == (100_000 - ethereum.head) * 12
        windows.append(found["publisher_burn_window_seconds"][A])
        ethereum.head += 100  # more than the node remembers
    assert windows == [windows[0] + 1200 * step for step in range(4)]
    assert windows[0] < 64 * 12


@pytest.mark.loopback
def test_publishers__after_the_first_time__two_requests(ethereum, collector):
    collector.collect()
    asked = ethereum.request_count
    ethereum.head += 5
    collector.collect()
    assert ethereum.request_count == asked + 2


@pytest.mark.loopback
def test_publishers__paid_in__does_not_look_like_earnings(ethereum, collector):
    collector.collect()
    ethereum.head += 100
    ethereum.paid[A.lower()] = {ethereum.head: 50 * ETHER}
    found = values_of(collector.collect())
    assert found["publisher_balance_eth"][A] == pytest.approx(60 - 2.01)
    assert found["publisher_daily_burn_eth"][A] == pytest.approx(0.72)


@pytest.mark.loopback
def test_publishers__node_down__series_gone_and_the_past_kept(ethereum, collector):
    scraped = Scraped(collector)
    assert scraped.collect() == {"publishers": None}
    before = scraped.value(f'publisher_burn_window_seconds{{publisher="{A}"}}')
    ethereum.decide(lambda _: reset())
    assert isinstance(scraped.collect()["publishers"], NodeUnreachable)
    assert "publisher_balance_eth" not in scraped.names()
    assert scraped.value('scrape_success{collector="publishers"}') == 0
    ethereum.decide(lambda _: None)
    ethereum.head += 100
    scraped.collect()
    assert scraped.value(f'publisher_burn_window_seconds{{publisher="{A}"}}') == before + 1200


@pytest.mark.loopback
def test_publishers__more_than_the_cap__told_and_no_more_asked_for(ethereum):
    with Rpc(ethereum.url, policy=NO_RETRIES, chain_id=31337) as rpc:
        ours = [Ours(publishers=(A,))]
        book = BalanceBook(SimpleNamespace(name="devnet", rpc=rpc))
        collector = publishers.collector(book, lambda: ours[0])
        assert set(values_of(collector.collect())["publisher_balance_eth"]) == {A}
        ours[0] = Ours(publishers=(B, A), cap=1)  # a keystore was edited
        found = values_of(collector.collect())
        assert set(found["publisher_balance_eth"]) == {B}
        assert found["own_series_capped"] == {"publisher": 1}
        ours[0] = Ours()
        asked = ethereum.request_count
        assert values_of(collector.collect())["publisher_balance_eth"] == {}
        assert ethereum.request_count == asked


def sample(at, balance=0):
    return PublisherSample(timestamp=at, balance_wei=balance, nonce=0)


def gathered(steps, loss):
    """What is kept of an account that is looked at with these pauses and loses so many wei a second."""
    kept, at = (), 10**9
    for step in steps:
        at += step
        kept = extended(kept, sample(at, 10**30 - at * loss), DAY)
        assert kept[-1].timestamp == at
        assert len(kept) <= 96 + 3
        assert all(earlier.timestamp < later.timestamp for earlier, later in pairwise(kept))
        assert kept[0].timestamp >= at - DAY
    return kept


@given(st.lists(st.integers(min_value=1, max_value=20_000), min_size=2, max_size=60), st.integers(0, 10**12))
def test_extended__whatever_the_pace__the_true_rate(steps, loss):
    kept = gathered(steps, loss)
    judged = judge_publisher(A, kept)
    if len(kept) > 1:
        assert judged.spent_per_day_wei == loss * DAY
        # Nothing is lost of the window but what is too old.
        assert judged.window_seconds >= min(DAY - max(steps) - 900, sum(steps[1:]))


@pytest.mark.parametrize("seconds", [12, 60, 899, 900, 901, 3600])
def test_extended__for_days__a_day_in_few_samples(seconds):
    kept = gathered([seconds] * (3 * DAY // seconds if seconds > 12 else DAY // 8), 7)
    judged = judge_publisher(A, kept)
    assert judged.spent_per_day_wei == 7 * DAY
    assert DAY - 2 * max(900, seconds) <= judged.window_seconds <= DAY


def test_extended__chain_that_goes_back__forgets_what_is_gone():
    kept = (sample(1_000, 5), sample(2_000, 4), sample(3_000, 3))
    assert extended(kept, sample(2_500, 9), DAY) == (sample(1_000, 5), sample(2_000, 4), sample(2_500, 9))
