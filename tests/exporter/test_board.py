from __future__ import annotations

import gzip

import pytest

from aztec_butler.exporter.board import Board, CollectorState
from aztec_butler.serving.metric import Metric

EPOCH = Metric(name="epoch", help="The epoch.")


class Clock:
    now = 1_000.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def board(clock):
    board = Board(clock=clock)
    board.reserve("mainnet", "rollup", max_age_seconds=60)
    return board


def shown(board):
    """Values by what stands in front of them."""
    lines = board.pages.plain.decode().splitlines()
    return dict(line.rsplit(" ", 1) for line in lines if not line.startswith("#"))


def of(name, collector="rollup"):
    return f'aztec_butler_{name}{{network="mainnet",collector="{collector}"}}'


def test_board__before_the_first_collection__says_that_none_succeeded(board):
    board.refresh()
    assert shown(board) == {of("scrape_success"): "0"}


def test_board__what_was_posted__is_shown_with_its_age(board, clock):
    clock.now = 1_003.5
    board.post("mainnet", "rollup", {EPOCH: {(): 7}}, began=1_001.0)
    assert "epoch" not in board.pages.plain.decode()  # not before the next refresh
    board.refresh()
    assert shown(board) == {
        'aztec_butler_epoch{network="mainnet"}': "7",
        of("scrape_success"): "1",
        of("scrape_duration_seconds"): "2.5",
        of("last_success_timestamp_seconds"): "1001.0",
    }
    pages = board.pages
    assert gzip.decompress(pages.plain_gzip) == pages.plain
    assert gzip.decompress(pages.openmetrics_gzip) == pages.openmetrics


def test_board__after_a_failure__shows_nothing_of_before_as_new(board):
    board.post("mainnet", "rollup", {EPOCH: {(): 7}}, began=999.0)
    board.fail("mainnet", "rollup", began=1_000.0, reason="no answer")
    board.refresh()
    assert shown(board) == {
        of("scrape_success"): "0",
        of("scrape_duration_seconds"): "0.0",
        of("last_success_timestamp_seconds"): "999.0",
    }


def test_board__a_collector_that_no_longer_posts__fades(board, clock):
    board.post("mainnet", "rollup", {EPOCH: {(): 7}}, began=1_000.0)
    board.refresh()
    clock.now = 1_060.0
    board.refresh()
    assert shown(board)[of("scrape_success")] == "1"
    clock.now = 1_060.5
    board.refresh()
    assert 'aztec_butler_epoch{network="mainnet"}' not in shown(board)
    assert shown(board)[of("scrape_success")] == "0"
    assert board.states() == {("mainnet", "rollup"): CollectorState(is_fresh=False, last_success=1_000.0)}


def test_board__samples_that_cannot_be_shown__leave_it_as_it_was(board):
    board.post("mainnet", "rollup", {EPOCH: {(): 7}}, began=1_000.0)
    with pytest.raises(ValueError, match="finite"):
        board.post("mainnet", "rollup", {EPOCH: {(): float("nan")}}, began=1_001.0)
    board.refresh()
    assert shown(board)['aztec_butler_epoch{network="mainnet"}'] == "7"


def test_board__unchanged__keeps_its_pages(board):
    board.post("mainnet", "rollup", {EPOCH: {(): 7}}, began=1_000.0)
    board.refresh()
    pages = board.pages
    board.refresh()
    assert board.pages is pages


def test_board__collector_released__is_forgotten(board):
    board.post("mainnet", "rollup", {EPOCH: {(): 7}}, began=1_000.0)
    board.release("mainnet", "rollup")
    board.refresh()
    assert shown(board) == {}
