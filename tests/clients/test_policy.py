"""Patience and rate limits, on a clock that the test moves."""

import threading

import pytest

from aztec_butler.clients.policy import RateLimit, RetryPolicy
from aztec_butler.core.errors import InputError


class Time:
    """A clock that only sleeping moves."""

    def __init__(self):
        self.now = 0.0
        self.slept = []

    def clock(self):
        return self.now

    def sleep(self, seconds):
        self.slept.append(seconds)
        self.now += seconds


def limit(per_second, time):
    return RateLimit(per_second, clock=time.clock, sleep=time.sleep)


def test_rate_limit__none__never_waits():
    time = Time()
    for _ in range(1000):
        limit(None, time).wait(100)

    assert time.slept == []


def test_rate_limit__burst__is_one_second_of_requests_then_evenly_spaced():
    time = Time()
    rate = limit(10, time)

    passed = []
    for _ in range(30):
        rate.wait()
        passed.append(round(time.now, 6))

    assert passed[:10] == [0.0] * 10
    assert passed[10:] == [pytest.approx(0.1 * n) for n in range(1, 21)]


def test_rate_limit__any_second__has_at_most_twice_the_rate_and_the_average_holds():
    time = Time()
    rate = limit(7, time)
    passed = []
    for count in (1, 3, 20, 1, 1, 7, 2, 40):
        rate.wait(count)
        passed.append((time.now, count))

    total = sum(count for _, count in passed)
    assert time.now >= (total - 7 - 40) / 7
    assert total <= 7 * time.now + 7 + 1e-9


def test_rate_limit__pause__refills_no_more_than_the_bucket():
    time = Time()
    rate = limit(5, time)
    rate.wait(5)
    time.now += 1000
    for _ in range(5):
        rate.wait()
    assert time.slept == []

    rate.wait()
    assert time.slept == [pytest.approx(0.2)]


def test_rate_limit__slower_than_one_a_second__waits_between_single_requests():
    time = Time()
    rate = limit(0.5, time)
    rate.wait()
    rate.wait()
    rate.wait()

    assert time.slept == [pytest.approx(2.0), pytest.approx(2.0)]


def test_rate_limit__many_threads__share_the_bucket():
    # Sleepers do not move this clock: each is told how long to wait from the same moment on.
    slept = []
    rate = RateLimit(10, clock=lambda: 0.0, sleep=slept.append)
    threads = [threading.Thread(target=lambda: [rate.wait() for _ in range(10)]) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(slept) == [pytest.approx(0.1 * n) for n in range(1, 41)]


@pytest.mark.parametrize("per_second", [0, -1, float("nan")])
def test_rate_limit__no_positive_rate__is_refused(per_second):
    with pytest.raises(InputError):
        limit(per_second, Time())


def test_wait_seconds__rounds__double_up_to_the_longest():
    policy = RetryPolicy(first_wait_seconds=1.0, longest_wait_seconds=5.0)

    assert [policy.wait_seconds(n, 1.0) for n in (1, 2, 3, 4, 50)] == [1.0, 2.0, 4.0, 5.0, 5.0]
    assert policy.wait_seconds(3, 0.0) == 0.0  # full jitter begins at zero


def test_retry_policy__no_round_at_all__is_refused():
    with pytest.raises(ValueError, match="rounds"):
        RetryPolicy(rounds=0)
