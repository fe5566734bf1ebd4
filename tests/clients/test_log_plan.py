"""Which piece of a range is next, whatever limit a node has, and however many are under way."""

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aztec_butler.clients.log_plan import Offer, RangePlan, looks_cut_off, offer_in
from aztec_butler.clients.troubles import Trouble
from aztec_butler.core.errors import NodeRefused, NodeUnreachable

TIMED_OUT = NodeUnreachable("no answer", reason=Trouble.TIMED_OUT)


class Rounds:
    """Requests in rounds, as if every answer took as long; ``refuse(piece)`` tells an offer, True or None."""

    def __init__(self, plan, refuse, *, at_once=1, shuffle=lambda pieces: None, logs=lambda piece: 0):
        self.done, self.refused, self.rounds, self.most = [], 0, 0, 0
        while True:
            pieces = []
            while len(pieces) < at_once and (piece := plan.next_piece()) is not None:
                pieces.append(piece)
            if not pieces:
                break
            self.rounds += 1
            assert self.rounds + self.refused < 20_000, "the plan does not come to an end"
            shuffle(pieces)
            for piece in pieces:
                self.most = max(self.most, logs(piece))
                verdict = refuse(piece)
                if verdict is None:
                    self.done.append(piece)
                    plan.succeeded(piece, logs(piece))
                else:
                    self.refused += 1
                    plan.refused(piece, verdict if isinstance(verdict, Offer) else None)
        self.done.sort()


def size(piece):
    return piece[1] - piece[0] + 1


def wider_than(limit, offer=True):
    return lambda piece: offer if size(piece) > limit else None


@settings(max_examples=200, deadline=None)
@given(
    first=st.integers(0, 10**7),
    width=st.integers(1, 10**6),
    limit=st.integers(1, 10**6),
    crowded=st.sets(st.integers(0, 10**6), max_size=8),
    offers=st.sampled_from(["none", "limit", "advice", "nonsense"]),
    at_once=st.sampled_from([1, 2, 16]),
    random=st.randoms(use_true_random=False),
)
def test_range_plan__any_limit__covers_every_block_once_without_waste(
    first, width, limit, crowded, offers, at_once, random
):
    limit = max(limit, width // 300)

    def refuse(piece):
        # Too wide, or two crowded blocks in one piece.
        if size(piece) <= limit and sum(piece[0] <= first + block <= piece[1] for block in crowded) <= 1:
            return None
        return {
            "none": True,
            "limit": Offer(limit, is_limit=True),
            "advice": Offer(max(1, size(piece) // 3), is_limit=False),
            "nonsense": Offer(size(piece) * 2, is_limit=True),
        }[offers]

    ran = Rounds(RangePlan(first, first + width - 1), refuse, at_once=at_once, shuffle=random.shuffle)

    assert ran.done[0][0] == first
    assert ran.done[-1][1] == first + width - 1
    assert all(before[1] + 1 == after[0] for before, after in pairwise(ran.done))
    assert ran.refused < 1500


@pytest.mark.parametrize("at_once", [1, 16])
def test_range_plan__limit_is_named__is_followed_at_once(at_once):
    ran = Rounds(RangePlan(0, 999_999), wider_than(10_000, Offer(10_000, is_limit=True)), at_once=at_once)

    assert (ran.refused, len(ran.done)) == (1, 100)
    assert ran.rounds == 1 + -(-100 // at_once)


@pytest.mark.parametrize("at_once", [1, 16])
def test_range_plan__limit_is_not_named__is_found_and_little_is_wasted(at_once):
    ran = Rounds(RangePlan(0, 9_999_999), wider_than(10_000), at_once=at_once)

    assert len(ran.done) <= 1.2 * 1000
    assert ran.refused <= 60


def test_range_plan__crowd_is_over__grows_back():
    ran = Rounds(
        RangePlan(0, 1_000_000), lambda piece: True if piece[0] < 1_000 and size(piece) > 10 else None
    )

    assert len([piece for piece in ran.done if piece[0] >= 1_000]) < 150


def test_range_plan__nothing_has_worked_yet__one_piece_is_under_way():
    plan = RangePlan(0, 99)
    assert (plan.next_piece(), plan.next_piece()) == ((0, 99), None)
    plan.refused((0, 99))
    assert (plan.next_piece(), plan.next_piece()) == ((0, 49), None)
    plan.succeeded((0, 49))
    assert (plan.next_piece(), plan.next_piece(), plan.next_block) == ((50, 99), None, None)


def test_range_plan__several_under_way_at_one_limit__are_one_refusal():
    plan = RangePlan(0, 9_999)
    plan.refused(plan.next_piece(), Offer(100, is_limit=True))
    pieces = [plan.next_piece() for _ in range(10)]
    for piece in pieces:
        plan.refused(piece)
    assert plan.next_piece() == (0, 49)


def test_range_plan__refusals_of_pieces_sent_before__teach_nothing_new():
    plan = RangePlan(0, 99_999)
    plan.refused(plan.next_piece(), Offer(1_000, is_limit=True))
    pieces = [plan.next_piece() for _ in range(3)]
    plan.refused(pieces[0])  # 500 follow
    plan.refused(plan.next_piece())  # 250 follow
    plan.refused(pieces[1])
    plan.refused(pieces[2])
    plan.succeeded(plan.next_piece())
    assert size(plan.next_piece()) == 375  # between what worked and the narrowest that did not


def test_range_plan__what_worked_works_no_more__one_piece_is_under_way():
    plan = RangePlan(0, 9_999)
    plan.refused(plan.next_piece(), Offer(1_000, is_limit=True))
    plan.succeeded(plan.next_piece())
    pieces = [plan.next_piece() for _ in range(3)]
    for piece in pieces:
        plan.refused(piece)
    assert (size(plan.next_piece()), plan.next_piece()) == (500, None)


def test_range_plan__limit_is_not_known__requests_become_more_by_and_by():
    plan = RangePlan(0, 999_999)
    plan.refused(plan.next_piece(), Offer(1_000, is_limit=False))
    for expected in (1, 3, 9, 27):
        pieces = []
        while (piece := plan.next_piece()) is not None:
            pieces.append(piece)
        assert len(pieces) == expected
        for piece in pieces:
            plan.succeeded(piece)


def test_take_back__time_outs_of_pieces_sent_before__are_not_counted():
    plan = RangePlan(0, 999_999)
    plan.refused(plan.next_piece(), Offer(16_000, is_limit=True))
    pieces = [plan.next_piece() for _ in range(10)]
    for piece in pieces:
        assert plan.take_back(piece, TIMED_OUT)
    assert plan.raise_at_once(plan.next_piece()) == (Trouble.TIMED_OUT,)


def test_range_plan__wider_pieces__are_tried_one_at_a_time():
    plan = RangePlan(0, 9_999)
    plan.refused(plan.next_piece(), Offer(100, is_limit=False))
    plan.succeeded(plan.next_piece())
    sizes = [size(plan.next_piece()) for _ in range(3)]
    assert sizes == [200, 100, 100]


def test_range_plan__piece_among_others_refused__is_cut_evenly():
    plan = RangePlan(0, 999)
    plan.refused(plan.next_piece(), Offer(100, is_limit=True))
    first, second, third = (plan.next_piece() for _ in range(3))
    plan.succeeded(first)
    plan.succeeded(third)
    plan.refused(second, Offer(45, is_limit=True))
    assert plan.next_block == 100
    assert [plan.next_piece() for _ in range(3)] == [(100, 133), (134, 166), (167, 199)]


@pytest.mark.parametrize("at_once", [1, 16])
def test_range_plan__crowded_blocks__make_pieces_narrow_before_anybody_refuses(at_once):
    def logs(piece):  # half of the range has a hundred times as many
        return sum(100 if block >= 500_000 else 1 for block in range(piece[0], piece[1] + 1, 100))

    ran = Rounds(
        RangePlan(0, 999_999, logs_each=2_000),
        wider_than(20_000),
        at_once=at_once,
        logs=logs,
    )
    crowded = [logs(piece) for piece in ran.done if piece[0] >= 500_000]
    assert max(crowded) <= 20_000
    assert sorted(crowded)[len(crowded) - 17] <= 2_000  # but for those under way when it began
    assert sum(crowded) / len(crowded) > 800
    assert ran.rounds < 700 // at_once + 60


def test_take_back__time_outs__are_blamed_on_the_width_three_times():
    plan = RangePlan(0, 999_999)
    for _ in range(3):
        piece = plan.next_piece()
        assert plan.raise_at_once(piece) == (Trouble.TIMED_OUT,)
        assert plan.take_back(piece, TIMED_OUT)
    piece = plan.next_piece()
    assert size(piece) == 1_000_000 // 16**3
    assert plan.raise_at_once(piece) == ()
    assert not plan.take_back(piece, TIMED_OUT)


def test_take_back__answer_larger_than_allowed__is_divided_by_how_much():
    plan = RangePlan(0, 999_999)
    facts = {"bytes": 80_000_000, "allowed_bytes": 8_000_000}
    assert plan.take_back(plan.next_piece(), NodeRefused("too long", reason=Trouble.TOO_LARGE, **facts))
    assert size(plan.next_piece()) == 80_000


@pytest.mark.parametrize(
    ("error", "is_the_width"),
    [
        (NodeRefused("too much", reason=Trouble.TOO_LARGE), True),
        (NodeRefused("for no reason"), True),
        (TIMED_OUT, True),
        (NodeUnreachable("refused"), False),
        (NodeRefused("who are you", reason=Trouble.UNAUTHORIZED), False),
        (NodeRefused("nonsense", reason=Trouble.MALFORMED), False),
        (NodeRefused("pruned", reason=Trouble.HISTORY_MISSING), False),
    ],
)
def test_take_back__reasons__tell_whether_less_may_help(error, is_the_width):
    plan = RangePlan(0, 99)
    assert plan.take_back(plan.next_piece(), error) is is_the_width


def test_take_back__single_block_is_too_much__is_told():
    plan = RangePlan(7, 7)
    error = NodeRefused("too much", reason=Trouble.TOO_LARGE)
    assert not plan.take_back(plan.next_piece(), error)
    assert error.facts["block"] == 7
    assert "single block" in error.hint


def test_looks_cut_off__round_numbers__are():
    assert [looks_cut_off(count) for count in (0, 500, 999, 1_000, 1_001, 10_000)] == [
        False,
        False,
        False,
        True,
        False,
        True,
    ]


@pytest.mark.parametrize(
    ("message", "offer"),
    [
        (
            "query returned more than 10000 results. Try with this block range [0x1, 0x2].",
            Offer(2, is_limit=False),
        ),
        (
            "query exceeds max results 20000, retry with the range 24383075-24383096",
            Offer(22, is_limit=False),
        ),
        (
            "You can make eth_getLogs requests with up to a 500 block range. Based on your parameters, this block range should work: [0x1a30dfd, 0x1a30ff0]",
            Offer(500, is_limit=True),
        ),
        (
            "eth_getLogs requests with up to a 2K block range and no limit on the response size",
            Offer(2_000, is_limit=True),
        ),
        ("eth_getLogs is limited to a 10,000 range", Offer(10_000, is_limit=True)),
        ("eth_getLogs range is too large, max is 10k blocks", Offer(10_000, is_limit=True)),
        ("block range greater than 10000 max", None),
        ("please limit the query to at most 1,000 blocks", Offer(1_000, is_limit=True)),
        ("ranges over 10000 blocks are not supported on freetier", Offer(10_000, is_limit=True)),
        ("query returned more than 10000 results", None),
        ("range 1000000 exceeds limit of 10000", None),
        ("block range is too wide", None),
        ("", None),
    ],
)
def test_offer_in__wordings__give_the_number_of_blocks(message, offer):
    assert offer_in(message) == offer
