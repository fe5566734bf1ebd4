"""Whatever the chain does between polls, what a reader holds in the end is what is on the chain."""

from contextlib import suppress

import attrs
import pytest
from event_logs import GSE, ROLLUP
from forking_chain import CONTRACTS, WATCHED, ChainRpc, ForkingChain, Reader
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aztec_butler.core.errors import InputError, NodeRefused, ReorgTooDeep
from aztec_butler.store.journal_entry import Delivery
from aztec_butler.watcher.follower import Follower
from aztec_butler.watcher.steps import watched_logs

DEEP = 700
DEPTHS = [1, 2, 5, 12, 20, 32, 64, 65, 96, 255, 256]


def reading(blocks=30, finality=8, **options):
    chain = ForkingChain(finality=finality)
    chain.mine(blocks)
    reader = Reader(ChainRpc(chain), **options)
    reader.read()
    return chain, reader


def assert_settled(chain, reader):
    assert reader.known() == chain.events()
    assert set(reader.final) == chain.events(0, chain.final)
    assert reader.checkpoint.noticed.hash == chain.head.hash
    assert reader.checkpoint.final.hash == chain.blocks[chain.final].hash


# ---------------------------------------------------------------------- following


def test_steps__of_a_chain_never_read__tell_what_is_final_and_what_is_noticed():
    chain, reader = reading()
    assert_settled(chain, reader)
    assert [(step.delivery, step.first_block, step.last_block) for step in reader.steps] == [
        (Delivery.FINAL, 0, 22),
        (Delivery.NOTICED, 23, 30),
    ]


def test_steps__when_nothing_happened__are_none_and_one_round_trip():
    _, reader = reading()
    before = reader.rpc.request_count
    assert [reader.read() for _ in range(5)] == [0] * 5
    assert reader.rpc.request_count == before + 5


def test_steps__of_one_more_block__are_one_round_trip_until_another_is_final():
    chain, reader = reading(finality=8)
    chain.finality = 100
    before = reader.rpc.request_count
    for _ in range(5):
        chain.mine(1, events=2)
        assert reader.read() == 1
    assert reader.rpc.request_count == before + 5
    assert reader.known() == chain.events()


def test_steps__with_confirmations__do_not_ask_what_the_node_calls_final():
    chain = ForkingChain(finality=3)
    chain.mine(30)
    reader = Reader(ChainRpc(chain), confirmations=12)
    reader.read()
    assert (reader.checkpoint.final.number, reader.checkpoint.noticed.number) == (18, 30)
    before = reader.rpc.request_count
    assert reader.read() == 0
    assert reader.rpc.request_count == before + 1
    chain.mine(5)
    reader.read()
    assert set(reader.final) == chain.events(0, 23)
    assert reader.known() == chain.events()


def test_steps__from_a_start_block__tell_of_nothing_before():
    chain, reader = reading(start_block=25)
    assert reader.known() == chain.events(25)
    chain.mine(20)
    reader.read()
    assert reader.known() == chain.events(25)
    assert set(reader.final) == chain.events(25, chain.final)


def test_steps__from_a_start_block_that_is_still_to_come__tell_of_nothing_before():
    chain, reader = reading(start_block=35)
    for _ in range(8):
        chain.mine(1)
        reader.read()
        assert reader.known() == chain.events(35)
    chain.mine(20)
    reader.read()
    assert reader.known() == chain.events(35)
    assert set(reader.final) == chain.events(35, chain.final)


def test_steps__without_a_start_block__begin_with_what_is_final_then():
    chain, reader = reading(start_block=None)
    assert reader.known() == chain.events(22)


def test_steps__far_behind__are_bounded_and_may_be_left_half_way(monkeypatch):
    monkeypatch.setattr("aztec_butler.watcher.final_reading._WIDEST", 50)
    chain = ForkingChain(finality=8)
    chain.mine(600, events=3)
    reader = Reader(ChainRpc(chain), step_events=300)
    reader.read(steps=2)
    assert [len(step.events) for step in reader.steps] == [3 * 149, 3 * 100]
    reader.restart()
    reader.read()
    assert all(last - first < 50 for first, last in chain.asked)
    assert_settled(chain, reader)


def test_steps__of_a_node_that_tells_no_times__have_them():
    chain = ForkingChain(finality=8, timed=False)
    chain.mine(30)
    reader = Reader(ChainRpc(chain))
    reader.read()  # the reader compares them
    chain.mine(1)
    reader.read()
    assert_settled(chain, reader)


def test_catch_up__after_a_long_stop__asks_for_no_range_without_end():
    chain, reader = reading()
    chain.mine(500)
    chain.asked.clear()
    reader.restart()
    reader.read()
    assert_settled(chain, reader)
    assert "latest" not in [last for _, last in chain.asked]


def test_steps__of_a_chain_without_a_final_block__wait_and_then_say_so():
    chain = ForkingChain()
    chain.mine(3)
    reader = Reader(ChainRpc(chain), confirmations=5, patience=3)
    assert [reader.read(), reader.read()] == [0, 0]
    with pytest.raises(NodeRefused, match="names no final block"):
        reader.read()
    chain.mine(10)
    reader.read()
    assert reader.known() == chain.events()


@pytest.mark.parametrize("wrong", [{"window": 0}, {"confirmations": 0}, {"start_block": -1}])
def test_follower__of_numbers_that_make_no_sense__is_refused(wrong):
    with pytest.raises(InputError):
        Follower(ChainRpc(ForkingChain()), watched=lambda: WATCHED, **wrong)


# ---------------------------------------------------------------------- reorganisations


@pytest.mark.parametrize("stopped", [False, True])
@pytest.mark.parametrize("depth", DEPTHS)
def test_reorg__of_a_depth_within_the_window__ends_at_the_new_chain(depth, stopped):
    chain, reader = reading(DEEP, finality=300)
    chain.drop(depth)
    chain.mine(depth + 1)
    if stopped:
        reader.restart()
    reader.read()
    assert reader.depths == [depth]
    assert len(reader.retracted) == depth
    assert_settled(chain, reader)


@pytest.mark.parametrize("stopped", [False, True])
@pytest.mark.parametrize("depth", [257, 290])
def test_reorg__deeper_than_the_window__stops_with_a_name_and_no_step(depth, stopped):
    chain, reader = reading(DEEP, finality=300)
    before = reader.checkpoint, dict(reader.noticed)
    chain.drop(depth)
    chain.mine(depth + 1)
    if stopped:
        reader.restart()
    for _ in range(3):
        with pytest.raises(ReorgTooDeep, match="more blocks than are remembered"):
            reader.read()
    assert (reader.checkpoint, reader.noticed) == before


@pytest.mark.parametrize("stopped", [False, True])
@pytest.mark.parametrize("mined", [10, 11, 12, 40])
def test_reorg__of_a_final_block__stops_with_a_name_and_no_step(mined, stopped):
    chain, reader = reading(finality=8)
    before = reader.checkpoint
    chain.drop(10)
    chain.mine(mined)
    if stopped:
        reader.restart()
    for _ in range(2):
        with pytest.raises(ReorgTooDeep, match="taken as final"):
            reader.read()
    assert reader.checkpoint == before


def test_reorg__of_a_final_block_noticed_by_nobody__stops_with_a_name():
    chain, reader = reading(finality=8)
    reader.checkpoint = attrs.evolve(
        reader.checkpoint, noticed=reader.checkpoint.final, window=(reader.checkpoint.final,)
    )
    before = reader.checkpoint
    chain.drop(12)
    chain.mine(60)
    reader.restart()
    with pytest.raises(ReorgTooDeep, match="taken as final"):
        reader.read()
    assert reader.checkpoint == before


@pytest.mark.parametrize("stopped", [False, True])
@pytest.mark.parametrize("depth", [1, 2, 7])
def test_reorg__to_another_chain_and_back__ends_at_the_first(depth, stopped):
    chain, reader = reading()
    first = chain.drop(depth)
    chain.mine(depth)
    if not stopped:
        reader.read()
    chain.restore(depth, first)
    reader.read()
    assert_settled(chain, reader)
    assert reader.depths == ([] if stopped else [depth, depth])


def test_reorg__where_a_transaction_is_mined_again__tells_of_it_in_its_new_block():
    chain, reader = reading()
    left = chain.drop(3)
    moved = left[0].transactions
    chain.mine(1, events=0)
    chain.mine(1, transactions=((999_999, "GseDeposit"), *moved))
    chain.mine(2)
    reader.read()
    assert_settled(chain, reader)
    word = f"0x{moved[0][0]:064x}"
    assert [number for number, _, transaction in reader.known() if transaction == word] == [
        left[0].number + 1
    ]
    chain.mine(30)
    reader.read()
    assert_settled(chain, reader)


def test_event__that_vanishes_for_good__is_taken_back_and_never_final():
    chain, reader = reading()
    (left,) = chain.drop(1)
    chain.mine(2, events=0)
    reader.read()
    assert set(reader.retracted) == left.events()
    chain.mine(30, events=0)
    reader.read()
    assert not left.events() & reader.known()
    assert_settled(chain, reader)


@pytest.mark.parametrize("depth", [1, 5, 8])
def test_chain__that_is_shorter_now__is_waited_out_and_then_believed(depth):
    chain, reader = reading()
    chain.drop(depth)
    assert [reader.read() for _ in range(3)] == [0, 0, 0]
    assert reader.follower.contradictions == 3
    reader.read()
    assert reader.depths == [depth]
    assert_settled(chain, reader)
    chain.mine(depth + 1)
    reader.read()
    assert_settled(chain, reader)


def test_chain__that_is_shorter_and_another_one__is_believed_at_once():
    chain, reader = reading()
    chain.drop(6)
    chain.mine(3)
    reader.read()
    assert reader.depths == [6]
    assert_settled(chain, reader)


# ---------------------------------------------------------------------- nodes that lag or disagree


def test_head__that_goes_backwards_for_a_while__is_no_reorg():
    chain, reader = reading()
    for lag in (3, 1, 2):
        reader.rpc.views = [chain.head.number - lag]
        assert reader.read() == 0
    chain.mine(1)
    reader.read()
    assert reader.depths == []
    assert_settled(chain, reader)


def test_head__before_everything_known__is_an_error_with_a_name_and_nothing_is_taken_back():
    chain, reader = reading(finality=8)
    before = reader.checkpoint
    reader.rpc.views = [5] * 3
    assert [reader.read() for _ in range(3)] == [0, 0, 0]
    for _ in range(2):
        reader.rpc.views = [5]
        with pytest.raises(NodeRefused, match="lies far before"):
            reader.read()
    assert reader.checkpoint == before
    reader.read()
    assert reader.follower.contradictions == 0
    assert_settled(chain, reader)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, 4), st.lists(st.sampled_from([None, 1, 2, 5, 9, 12]), max_size=5)),
        max_size=12,
    )
)
def test_nodes__of_which_some_lag_behind__take_nothing_back(polls):
    chain, reader = reading(patience=1_000)
    for mined, lags in polls:
        chain.mine(mined)
        reader.rpc.views = [None if lag is None else chain.head.number - lag for lag in lags]
        with suppress(NodeRefused):  # all of them lagged
            reader.read()
    reader.rpc.views = []
    chain.mine(1)
    reader.read()
    assert reader.depths == reader.retracted == []
    assert_settled(chain, reader)


def test_nodes__of_which_one_is_on_a_fork__are_asked_again_before_anything_is_believed():
    chain, reader = reading()
    fork = forked(chain, 3)
    reader.rpc.views = [fork]  # the next request is answered by the others
    assert reader.read() == 0
    assert reader.depths == []
    assert reader.read() == 0
    assert reader.follower.contradictions == 0
    assert_settled(chain, reader)


def test_nodes__that_go_on_to_disagree__end_in_an_error_with_a_name():
    chain, reader = reading()
    fork = forked(chain, 3)
    before = reader.checkpoint
    for _ in range(3):
        reader.rpc.views = [fork]
        assert reader.read() == 0
    reader.rpc.views = [fork]
    with pytest.raises(NodeRefused, match="contradict each other"):
        reader.read()
    assert reader.checkpoint == before


def test_nodes__of_which_one_is_on_a_chain_of_its_own__stop_nothing_by_one_answer():
    chain, reader = reading(finality=8)
    fork = forked(chain, 20)
    reader.rpc.views = [fork, fork, chain]
    reader.read()
    chain.mine(1)
    reader.read()
    assert_settled(chain, reader)


def test_reorg__whose_end_somebody_on_a_third_chain_tells__is_asked_for_again():
    chain, reader = reading()
    third = forked(chain, 5)
    third.mine(1)
    chain.drop(3)
    chain.mine(4)
    reader.rpc.views = [None, third, third]
    assert reader.read() == 0
    reader.read()
    assert reader.depths == [3]
    assert_settled(chain, reader)


def test_reorg__whose_blocks_somebody_on_a_third_chain_tells__is_asked_for_again():
    chain, reader = reading()
    third = forked(chain, 5)
    third.mine(1)
    chain.drop(3)
    chain.mine(4)
    reader.rpc.views = [None, None, None, third]
    assert reader.read() == 0
    reader.read()
    assert reader.depths == [3]
    assert_settled(chain, reader)


def test_reorg__behind_a_final_block_that_is_remembered__stops_with_a_name():
    chain, reader = reading(finality=8)
    later = reader.checkpoint.window[5]
    reader.checkpoint = attrs.evolve(reader.checkpoint, final=later)
    chain.drop(6)
    chain.mine(7)
    with pytest.raises(ReorgTooDeep, match="taken as final"):
        reader.read()


def test_node__that_lags_behind_the_one_that_named_the_head__is_asked_again_at_once():
    chain, reader = reading()
    chain.mine(3)
    reader.rpc.views = [None, chain.head.number - 10]
    reader.read()
    assert_settled(chain, reader)


def test_final_block__of_another_chain_than_the_newest__is_an_error_with_a_name():
    chain, reader = reading(finality=8)
    fork = forked(chain, 8)
    fork.mine(4)
    chain.mine(4)
    real = chain.header
    chain.header = lambda name, *rest, **more: (
        fork.header(name) if name == "finalized" else real(name, *rest, **more)
    )
    with pytest.raises(NodeRefused, match="final block"):
        reader.read()
    chain.header = real
    reader.read()
    assert_settled(chain, reader)


def test_final_block__behind_the_newest_one__is_nonsense():
    chain, reader = reading()
    before = reader.checkpoint
    chain.mine(40)
    real = chain.header
    chain.header = lambda name, *rest, **more: real(hex(35) if name == "latest" else name, *rest, **more)
    with pytest.raises(NodeRefused, match="final block lies behind"):
        reader.read()
    assert reader.checkpoint == before


def test_final_block__at_the_end_of_a_step__is_of_the_chain_that_was_read(monkeypatch):
    monkeypatch.setattr("aztec_butler.watcher.final_reading._WIDEST", 50)
    chain = ForkingChain(finality=8)
    chain.mine(200)
    fork = forked(chain, 190)
    reader = Reader(ChainRpc(chain), step_events=40)
    ask = reader.rpc.call_together

    def ask_strangers(calls, **options):
        """About single headers."""
        reader.rpc.chain = (
            fork if len(calls) == 1 and reader.steps == [] and reader.rpc.request_count else chain
        )
        try:
            return ask(calls, **options)
        finally:
            reader.rpc.chain = chain

    monkeypatch.setattr(reader.rpc, "call_together", ask_strangers)
    with pytest.raises(NodeRefused, match="contradict each other about a final block"):
        reader.read()
    assert reader.steps == []


def forked(chain, depth):
    """Another chain with the same beginning."""
    fork = ForkingChain(finality=chain.finality, timed=chain.timed)
    fork.blocks = list(chain.blocks)
    fork.final = chain.final
    fork.drop(depth)
    fork.mine(depth)
    return fork


# ---------------------------------------------------------------------- contracts that join


def test_contract__that_joins__is_read_from_its_first_block():
    chain = ForkingChain(finality=8)
    chain.mine(60, events=2)
    names = ["RollupSlashed", "GseDeposit"]
    reader = Reader(ChainRpc(chain), watched=watched_logs(CONTRACTS[:1], names))
    reader.read()
    assert set(reader.checkpoint.watched) == {ROLLUP}
    assert len(reader.known()) == 60
    joined = attrs.evolve(CONTRACTS[1], first_block=10)
    reader.watched = watched_logs([CONTRACTS[0], joined], names)
    reader.read()
    assert set(reader.checkpoint.watched) == {ROLLUP, GSE}
    deposits = {
        (block.number, block.hash, f"0x{block.transactions[1][0]:064x}") for block in chain.blocks[1:10]
    }
    assert reader.known() == chain.events() - deposits
    assert set(reader.final) == chain.events(0, chain.final) - deposits
    chain.mine(30, events=2)
    reader.read()
    assert set(reader.final) == chain.events(0, chain.final) - deposits


def test_contract__that_joins__is_read_whole_even_if_that_is_cut_off():
    chain = ForkingChain(finality=8)
    chain.mine(600, events=2)
    names = ["RollupSlashed", "GseDeposit"]
    reader = Reader(ChainRpc(chain), watched=watched_logs(CONTRACTS[:1], names), step_events=50)
    reader.read()
    reader.watched = watched_logs(CONTRACTS, names)
    reader.rpc.chain.get_logs = limited(reader.rpc.chain.get_logs, 100)
    for _ in range(4):
        reader.restart()
        reader.read(steps=2)
    assert set(reader.checkpoint.watched) == {ROLLUP}
    reader.restart()
    reader.read()
    assert_settled(chain, reader)


def limited(get_logs, blocks):
    """Answers as those of a node that gives few blocks at once."""
    from aztec_butler.clients.troubles import Trouble

    def answer(asked, **view):
        if int(asked["toBlock"], 16) - int(asked["fromBlock"], 16) >= blocks:
            raise NodeRefused("too many blocks", reason=Trouble.TOO_LARGE)
        return get_logs(asked, **view)

    return answer


def test_contract__of_a_block_that_is_not_final__is_no_part_of_what_is_final():
    chain, reader = reading(finality=8)
    names = ["RollupSlashed", "GseDeposit"]
    reader = Reader(ChainRpc(chain), watched=watched_logs(CONTRACTS[:1], names))
    reader.read()
    joined = attrs.evolve(CONTRACTS[1], since=chain.head.number)
    chain.mine(2, events=2)
    reader.watched = watched_logs([CONTRACTS[0], joined], names)
    reader.read()
    assert set(reader.checkpoint.watched) == {ROLLUP}
    chain.mine(10, events=2)
    reader.read()
    assert set(reader.checkpoint.watched) == {ROLLUP, GSE}
    assert_settled(chain, reader)


def test_contract__that_leaves__is_read_again_when_it_comes_back():
    chain, reader = reading(finality=8)
    both = reader.watched
    reader.watched = watched_logs(CONTRACTS[:1], ["RollupSlashed", "GseDeposit"])
    chain.mine(30, events=2)
    reader.read()
    assert set(reader.checkpoint.watched) == {ROLLUP}
    reader.watched = both
    chain.mine(30, events=2)
    reader.read()
    assert_settled(chain, reader)


# ---------------------------------------------------------------------- all together

ACTIONS = st.one_of(
    st.tuples(st.just("mine"), st.integers(1, 6), st.integers(0, 2)),
    st.tuples(st.just("reorg"), st.integers(1, 9), st.integers(0, 10)),
    st.tuples(st.just("back"), st.integers(0, 3), st.just(0)),
    st.tuples(st.just("remine"), st.integers(1, 6), st.just(0)),
    st.tuples(st.just("read"), st.integers(0, 5), st.integers(0, 3)),
    st.tuples(st.just("lag"), st.integers(0, 12), st.integers(1, 3)),
    st.tuples(st.just("stranger"), st.integers(1, 9), st.integers(1, 3)),
    st.tuples(st.just("restart"), st.just(0), st.just(0)),
)


class Story:
    """A chain and its reader, and what happens to them."""

    def __init__(self, **options):
        self.chain = ForkingChain(finality=10)
        self.chain.mine(14)
        self.reader = Reader(ChainRpc(self.chain), window=12, **options)
        self.left = []

    def tell(self, action, one, two):
        getattr(self, action)(one, two)

    def _depth(self, depth):
        return min(depth, self.chain.head.number - self.chain.final)

    def mine(self, blocks, events):
        self.chain.mine(blocks, events=events)

    def reorg(self, depth, blocks):
        depth = self._depth(depth)
        if depth:
            self.left = self.chain.drop(depth)
            self.chain.mine(blocks)

    def back(self, more, _):
        """The chain that was left behind comes back, and grows."""
        parent = self.left[0].parent_hash if self.left else None
        depth = next(
            (self.chain.head.number - block.number for block in self.chain.blocks if block.hash == parent),
            None,
        )
        if depth is not None and depth == self._depth(depth):
            left, self.left = self.left, self.chain.drop(depth)
            self.chain.blocks += left
            self.chain.mine(more)

    def remine(self, depth, _):
        """The same transactions, in other blocks."""
        depth = self._depth(depth)
        if depth:
            self.left = self.chain.drop(depth)
            self.chain.mine(1, events=0)
            for block in self.left:
                self.chain.mine(1, transactions=block.transactions or None, events=0)

    def read(self, steps, polls):
        for _ in range(polls):
            self.read_somehow(steps or None)

    def read_somehow(self, steps=None):
        with suppress(NodeRefused):  # with a name; it goes on where it was
            self.reader.read(steps)

    def lag(self, blocks, requests):
        self.reader.rpc.views = [self.chain.head.number - blocks] * requests
        self.read_somehow()
        self.reader.rpc.views = []

    def stranger(self, depth, requests):
        """Somebody on another chain answers a few requests."""
        depth = self._depth(depth)
        if depth:
            self.reader.rpc.views = [forked(self.chain, depth)] * requests
            self.read_somehow()
            self.reader.rpc.views = []

    def restart(self, *_):
        self.reader.restart()


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    actions=st.lists(ACTIONS, max_size=25),
    options=st.sampled_from([{}, {"confirmations": 10}, {"step_events": 3}]),
)
def test_any_story__ends_with_what_is_on_the_chain(actions, options):
    story = Story(**options)
    for action in actions:
        story.tell(*action)
        final = story.reader.checkpoint.final
        if final is not None:  # what is final never was on another chain
            assert set(story.reader.final) == story.chain.events(0, final.number)
    story.chain.mine(12)
    for _ in range(8):
        story.read_somehow()
    assert story.reader.read() == 0
    assert_settled(story.chain, story.reader)
