from __future__ import annotations

from staking_states import OPEN_QUEUE, delegate, state_of
from staking_story import ALICE, BOB, CAROL, NEW, OLD, Story, account

from aztec_butler.exporter.collectors import entry_queue as queue
from aztec_butler.exporter.ours import Ours

EPOCH = 2304
NOW = 1000 * EPOCH + 10


def found(story, *own, ours=None, **changes):
    state = state_of(story, now_at=NOW, **changes)
    ours = ours or Ours(attesters=own)
    return queue.samples(state, ours.find(state))


def waiting(count: int) -> Story:
    story = Story()
    for number in range(count):
        story.queued(account(100 + number), NEW)
    return story


def test_last_activation__of_five_at_two_an_epoch__is_the_third_epochs_start():
    samples = found(waiting(5))
    assert samples[queue.LENGTH] == {(): 5}
    assert samples[queue.FLUSH_SIZE] == {(): 2}
    assert samples[queue.LAST_ACTIVATION_AT] == {(): 1002 * EPOCH}
    assert set(samples[queue.STALLED].values()) == {0}


def test_own_activations__two_of_ours__are_the_first_and_the_last():
    samples = found(waiting(5), account(102), account(104))
    assert samples[queue.OWN_QUEUED] == {(): 2}
    assert samples[queue.OWN_NEXT_ACTIVATION_AT] == {(): 1001 * EPOCH}
    assert samples[queue.OWN_LAST_ACTIVATION_AT] == {(): 1002 * EPOCH}


def test_own_activations__at_once_possible__are_now():
    assert found(waiting(1), account(100))[queue.OWN_NEXT_ACTIVATION_AT] == {(): NOW}


def test_times__nobody_waits__are_absent():
    samples = found(Story(), ALICE)
    assert samples[queue.LENGTH] == samples[queue.OWN_QUEUED] == {(): 0}
    for metric in (queue.LAST_ACTIVATION_AT, queue.OWN_NEXT_ACTIVATION_AT, queue.OWN_LAST_ACTIVATION_AT):
        assert samples[metric] == {}


def test_failures__expected__are_counted_and_have_no_time():
    keys = {account(100): (7, 7), account(101): (7, 7)}
    samples = found(waiting(2), account(101), key_of=keys)
    assert samples[queue.WILL_FAIL] == samples[queue.OWN_WILL_FAIL] == {(): 1}
    assert samples[queue.OWN_NEXT_ACTIVATION_AT] == {}
    assert samples[queue.LAST_ACTIVATION_AT] == {(): NOW}


def test_closed_queue__tells_why_and_no_times():
    samples = found(waiting(3), account(100), queue=OPEN_QUEUE | {"least": 0})
    assert {reason for (reason,), on in samples[queue.STALLED].items() if on} == {"closed"}
    assert samples[queue.LAST_ACTIVATION_AT] == samples[queue.OWN_LAST_ACTIVATION_AT] == {}
    assert samples[queue.FLUSH_SIZE] == {(): 0}


def test_broken_queue__has_no_flush_size():
    samples = found(waiting(1), queue=OPEN_QUEUE | {"quotient": 0})
    assert samples[queue.FLUSH_SIZE] == {}
    assert samples[queue.STALLED]["broken",] == 1


def test_failed_deposits__refunded_ones__are_counted_ours_apart():
    story = Story().queued(ALICE, NEW).queued(BOB, NEW).refunded(ALICE, NEW).refunded(BOB, NEW).queued(CAROL)
    samples = found(story, BOB)
    assert samples[queue.FAILED_DEPOSITS] == {(): 2}
    assert samples[queue.OWN_FAILED_DEPOSITS] == {(): 1}


def test_queue_of_an_older_rollup__counts_for_ours_alone():
    samples = found(Story().queued(ALICE, OLD), ALICE)
    assert samples[queue.LENGTH] == {(): 0}
    assert samples[queue.LAST_ACTIVATION_AT] == {}
    assert samples[queue.OWN_QUEUED] == {(): 1}
    assert samples[queue.OWN_NEXT_ACTIVATION_AT] == {(): NOW}


def test_attesters_of_our_provider__are_ours_without_being_named():
    story = delegate(Story().registered().listed(ALICE), ALICE, account(50))
    assert found(story, ours=Ours(provider_ids=(1,)))[queue.OWN_QUEUED] == {(): 1}
