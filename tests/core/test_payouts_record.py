"""Records of payouts: deterministic, self-contained, and one after the other."""

from __future__ import annotations

import itertools
import json

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aztec_butler.core.errors import InputError
from aztec_butler.core.payouts import PayoutCheckpoint, PayoutDelegation, PayoutTerms
from aztec_butler.core.payouts_reading import read_record
from aztec_butler.core.payouts_record import PayoutBlock, PayoutRecord, PayoutWindow, check_follows
from aztec_butler.core.safe_batch import encode_batch
from aztec_butler.core.safe_batch_file import read_batch

WALLET, TOKEN, ROLLUP = (f"0x{digit * 40}" for digit in "123")


def address(number: int) -> str:
    return f"0x{number:040d}"


def block(number: int) -> PayoutBlock:
    return PayoutBlock(number=number, hash=f"0x{number:064x}", timestamp=12 * number)


def window(first_epoch: int = 10, last_epoch: int = 19, **changes) -> PayoutWindow:
    plain = PayoutWindow(
        rollup=ROLLUP,
        rollup_version=1,
        first_epoch=first_epoch,
        last_epoch=last_epoch,
        first_block=block(100 * first_epoch),
        last_block=block(100 * last_epoch + 99),
    )
    return attrs.evolve(plain, **changes)


def record(stakers: int = 3, of: PayoutWindow | None = None, **changes) -> PayoutRecord:
    asked = of or window()
    plain = PayoutRecord(
        network="mainnet",
        chain_id=1,
        provider_id=6,
        wallet=WALLET,
        token=TOKEN,
        window=asked,
        settled_at=block(9_999),
        terms=PayoutTerms(checkpoint_reward_wei=500 * 10**18, sequencer_bps=7_000),
        delegations=tuple(
            PayoutDelegation(attester=address(100 + n), delegator=address(10_000 + n), commission_bps=500)
            for n in range(stakers)
        ),
        checkpoints=tuple(
            PayoutCheckpoint(
                number=n + 1,
                slot=32 * asked.first_epoch + n,
                block_number=asked.first_block.number + n,
                transaction_hash=f"0x{n:064x}",
                attester=address(100 + n),
                coinbase=WALLET,
            )
            for n in range(stakers)
        ),
    )
    return attrs.evolve(plain, **changes)


def test_content__same_inputs__same_bytes():
    assert record().content == record().content != record(4).content
    assert record().digest == record().digest


def test_read_record__what_was_written__is_what_it_was():
    read = read_record(record().content)
    assert (read.record, read.differences) == (record(), ())


def test_read_record__window_without_checkpoints__is_one_too():
    quiet = record(0, settled_at=None)
    assert read_record(quiet.content).record == quiet


def test_content__is_self_contained():
    document = json.loads(record().content)
    assert document["terms"]["sequencer_reward_wei"] == str(350 * 10**18)
    assert document["window"]["first_block"] == {"number": 1000, "hash": f"0x{1000:064x}", "timestamp": 12000}
    assert document["calls"][0]["data"].startswith("0xa9059cbb")
    assert document["totals"]["forwarded_wei"] == str(3 * 3325 * 10**17)


def changed(change) -> bytes:
    document = json.loads(record().content)
    change(document)
    return (json.dumps(document, indent=1, ensure_ascii=False) + "\n").encode()


def one_wei_more(document):
    document["transfers"][1]["amount_wei"] = str(int(document["transfers"][1]["amount_wei"]) + 1)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (one_wei_more, ("transfers, number 2",)),
        (lambda d: d["calls"][2].update(to=WALLET), ("calls, number 3",)),
        (lambda d: d["calls"].pop(), ("calls: 2, the inputs make 3",)),
        (lambda d: d["totals"].update(commission_wei="0"), ("totals",)),
        (lambda d: d["terms"].update(rounding="up"), ("terms",)),
        (lambda d: d.update(note="x"), ("note",)),
        (
            lambda d: d["delegations"][0].update(commission_bps=0),
            ("totals", "transfers, number 1", "calls, number 1"),
        ),
    ],
    ids=["amount", "receiver", "fewer", "totals", "rounding", "more", "commission"],
)
def test_read_record__a_changed_file__names_what_differs(change, told):
    assert read_record(changed(change)).differences == told


def test_read_record__other_layout__is_told():
    assert read_record(json.dumps(json.loads(record().content)).encode()).differences == ("layout",)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"{", "not JSON"),
        (b"[]", "JSON object"),
        (b"\xff", "UTF-8"),
        (b'{"format": 1, "format": 2}', "twice"),
        (b'{"format": "else"}', "not a payout record"),
        (changed(lambda d: d.pop("wallet")), "lacks a field"),
        (changed(lambda d: d["checkpoints"][0].update(number="1")), "another type"),
        (changed(lambda d: d["checkpoints"][0].update(number=True)), "another type"),
        (changed(lambda d: d["checkpoints"][0].pop("slot")), "fields that it should"),
        (changed(lambda d: d["terms"].update(checkpoint_reward_wei=5)), "decimal string"),
        (changed(lambda d: d["checkpoints"].reverse()), "order of their numbers"),
        (changed(lambda d: d["checkpoints"][0].update(block_number=1)), "outside of the window"),
        (changed(lambda d: d["window"].update(last_epoch=3)), "begins before it ends"),
        (changed(lambda d: d.update(chain_id="1")), "another type"),
        (changed(lambda d: d.update(wallet="me")), "hex text"),
        (changed(lambda d: d["terms"].update(checkpoint_reward_wei="9" * 79)), "decimal string"),
    ],
)
def test_read_record__no_record__is_refused(content, told):
    with pytest.raises(InputError, match=told):
        read_record(content)


# --------------------------------------------------------------------------- one after the other


def test_check_follows__next_window__is_accepted():
    check_follows(window(20, 30), record(), chain_id=1, provider_id=6)


@given(first=st.integers(0, 60), length=st.integers(0, 20), cuts=st.lists(st.integers(1, 9), max_size=6))
def test_check_follows__windows_that_tile__cover_each_epoch_once(first, length, cuts):
    last = first + length
    windows, begin = [], first
    for cut in [*cuts, 10**6]:
        if begin > last:
            break
        windows.append(window(begin, min(begin + cut - 1, last)))
        begin = windows[-1].last_epoch + 1
    for one, other in itertools.pairwise(windows):
        check_follows(other, record(of=one, stakers=0), chain_id=1, provider_id=6)
    epochs = [epoch for each in windows for epoch in range(each.first_epoch, each.last_epoch + 1)]
    assert epochs == list(range(first, last + 1))


@given(first=st.integers(0, 40), length=st.integers(0, 20))
def test_check_follows__any_other_window__is_refused_and_names_both(first, length):
    other = window(first, first + length)
    if first == 20:
        check_follows(other, record(), chain_id=1, provider_id=6)
        return
    with pytest.raises(InputError, match="gap" if first > 20 else "twice") as caught:
        check_follows(other, record(), chain_id=1, provider_id=6)
    assert caught.value.facts["first_epoch"] == first
    assert caught.value.facts["last_epoch_before"] == 19
    assert "epoch 20" in caught.value.hint


def test_check_follows__same_epochs_other_blocks__is_refused():
    with pytest.raises(InputError, match="do not follow"):
        check_follows(window(20, 30, first_block=block(1_990)), record(), chain_id=1, provider_id=6)


@pytest.mark.parametrize(
    ("of", "chain_id", "provider_id"),
    [(window(20, 30), 5, 6), (window(20, 30), 1, 7), (window(20, 30, rollup=WALLET), 1, 6)],
    ids=["chain", "provider", "rollup"],
)
def test_check_follows__record_of_something_else__is_refused(of, chain_id, provider_id):
    with pytest.raises(InputError, match="another chain"):
        check_follows(of, record(), chain_id=chain_id, provider_id=provider_id)


# --------------------------------------------------------------------------- for the Safe


def test_batches__many_transfers__in_files_of_a_hundred_with_the_records_calls():
    made = record(130)
    batches = made.batches()
    assert [len(each.calls) for each in batches] == [100, 30]
    assert {each.safe for each in batches} == {WALLET}
    calls = [call for each in batches for call in read_batch(encode_batch(each)).batch.calls]
    assert [(call.to, call.data) for call in calls] == [(call.to, call.data) for call in made.calls]
    assert [encode_batch(each) for each in record(130).batches()] == [encode_batch(each) for each in batches]


def test_batches__nothing_to_pay__no_file():
    assert record(0).batches() == ()
