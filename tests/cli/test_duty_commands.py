"""The commands about duties and payouts, on a devnet: what a user types, and what is there afterwards."""

from __future__ import annotations

import json

import pytest
from proposing_devnet import PAYER, Played

from aztec_butler.core.safe_batch_file import read_batch
from aztec_butler.devnet.season_keys import wallet

pytestmark = pytest.mark.devnet


@pytest.fixture(scope="module")
def told(session_devnet):
    """What is played once for all: the first epoch proposed in, the next one, and the words that lead to the devnet."""
    with session_devnet.restored():
        played = Played(session_devnet)
        first = played.moves.epoch + 1
        last = [played.epoch_of(played.propose_and_prove()[-1]) for _ in range(2)][-1]
        played.moves.wait_epochs(2)
        addresses = session_devnet.addresses
        words = ["--network", "devnet", "--l1", session_devnet.url, "--registry", addresses["registry"]]
        yield first, last, [*words, "--staking-registry", addresses["staking_registry"]]


@pytest.fixture
def ask(cli, told):
    def run(*words):
        return cli(*map(str, words), *told[2])

    return run


def rows(ran):
    assert ran.code == 0, ran.err
    return json.loads(ran.out)


def test_committees__of_some_epochs__seats_and_those_without(ask, told):
    found = rows(ask("committees", "--first-epoch", 0, "--last-epoch", told[0], "--format", "json"))
    assert found["empty_epochs"][0] == 0
    assert {row["epoch"] for row in found["rows"]} == set(range(told[0] + 1)) - set(found["empty_epochs"])
    shown = ask("committees", "--first-epoch", 0)
    assert "too small: epoch 0" in shown.err


def test_proposers__of_an_epoch__a_row_for_each_slot(ask, told):
    found = rows(ask("proposers", "--first-epoch", told[0], "--format", "json"))["rows"]
    assert [row["slot"] for row in found] == [4 * told[0] + place for place in range(4)]


def test_proposers__epoch_not_drawn__exit_code_2_with_a_way_on(ask):
    ran = ask("proposers", "--first-epoch", 9_999)
    assert ran.code == 2
    assert "duty-forecast" in ran.err


def test_performance__by_attester_and_by_provider__the_same_slots(ask, told):
    epochs = ("--first-epoch", told[0], "--last-epoch", told[1], "--format", "json")
    by_attester = rows(ask("performance", *epochs))["rows"]
    by_provider = rows(ask("performance", *epochs, "--by", "provider"))["rows"]
    for name in ("proposer_slots", "proposed_slots", "missed_slots"):
        assert sum(row[name] for row in by_attester) == sum(row[name] for row in by_provider)
    assert by_attester[0]["watched_slots"] is None
    assert f"epochs {told[0]} to {told[1]} of rollup 1" in ask("performance", *epochs[:4]).err


def test_performance__node_that_is_not_there__is_an_error_and_no_empty_answer(ask):
    ran = ask("performance", "--l2", "http://127.0.0.1:9", "--timeout-seconds", 1)
    assert ran.code == 3


def test_duty_forecast__of_a_provider__every_stage(ask):
    found = rows(ask("duty-forecast", "--provider-id", 1, "--format", "json"))["rows"]
    assert {row["stage"] for row in found} == {"final", "drawn", "sampled"}
    assert ask("duty-forecast", "--provider-id", 9).code == 4


def settle(ask, told, *more, first=None, last=None):
    window = ["--last-epoch", told[0] if last is None else last]
    window += ["--first-epoch", told[0] if first is None else first] if first != "" else []
    return ask("payouts", "settle", 1, *window, "--wallet", PAYER, "--allow-unfinalized", *more)


def test_payouts__settled__verified_and_continued(ask, told, tmp_path):
    one, two, safe = (tmp_path / name for name in ("one.json", "two.json", "safe.json"))
    common = {"first": told[0], "last": told[0]}
    ran = settle(ask, told, "--file", one, "--safe-file", safe, "--format", "json", **common)
    answer = rows(ran)
    record = json.loads(one.read_bytes())
    assert [row["amount_wei"] for row in answer["rows"]] == [t["amount_wei"] for t in record["transfers"]]
    calls = read_batch(safe.read_bytes()).batch.calls
    assert ["0x" + call.data.hex() for call in calls] == [call["data"] for call in record["calls"]]
    assert answer["calls"] == record["calls"]

    again = settle(ask, told, "--file", one, **common)  # the same bytes may be written again
    assert again.code == 0
    assert settle(ask, told, "--after", one, "--file", two, first="", last=told[1]).code == 0
    for words in (("--after", one), ("--after", one, "--offline"), ()):
        ran = ask("payouts", "verify", two, *words)
        assert (ran.code, "fail" in ran.out) == (0, False)
    ran = ask("payouts", "verify", one, "--after", two, "--offline")
    assert ran.code == 5
    assert "begins before" in ran.out


def test_payouts__gap__is_refused_and_nothing_is_written(ask, told, tmp_path):
    one, two = tmp_path / "one.json", tmp_path / "two.json"
    assert settle(ask, told, "--file", one).code == 0
    ran = settle(ask, told, "--after", one, "--file", two, first=told[0] + 2, last=told[0] + 2)
    assert ran.code == 2
    assert "gap" in ran.err
    assert f"begin with epoch {told[0] + 1}" in ran.err
    assert not two.exists()


def test_payouts__record_of_something_else_there__is_not_written_over(ask, told, tmp_path):
    one = tmp_path / "one.json"
    one.write_text("{}")
    ran = settle(ask, told, "--file", one)
    assert (ran.code, one.read_text()) == (2, "{}")
    assert "never written over" in ran.err


def test_payouts__file_that_was_changed__fails_and_is_not_built_upon(ask, told, tmp_path):
    one = tmp_path / "one.json"
    settle(ask, told, "--file", one)
    one.write_text(one.read_text().replace(f'"commission_wei": "{0}', '"commission_wei": "1') + " ")
    ran = ask("payouts", "verify", one, "--offline")
    assert ran.code == 5
    assert "sign nothing" in ran.out
    ran = settle(ask, told, "--after", one, first="", last=told[1])
    assert ran.code == 2
    assert "not what its inputs make" in ran.err


def test_payouts__same_file_twice__is_refused_before_anything_is_asked(cli, tmp_path):
    one = tmp_path / "one.json"
    ran = cli(
        *("payouts", "settle", "1", "--last-epoch", "3", "--first-epoch", "3", "--wallet", wallet("payer")),
        *("--file", str(one), "--safe-file", str(one)),
    )
    assert ran.code == 2
    assert "different" in ran.err
