"""The entry queue's rules against the real rollup: random walks, and forecasts that come true."""

import itertools
import random
from collections import Counter

import attrs
import pytest

from aztec_butler.core.entry_queue import Stall, allowance, flush, flush_size, forecast
from aztec_butler.core.errors import RevertError
from aztec_butler.core.queue_config import QueueConfig

pytestmark = pytest.mark.devnet

STEPS = 150
WALKS = 8


def random_config(dice: random.Random) -> QueueConfig:
    """A small configuration; with and without bootstrap, now and then closed."""
    return QueueConfig(
        bootstrap_validator_set_size=dice.choice([0, 3, 6, 9]),
        bootstrap_flush_size=dice.choice([1, 3, 5]),
        normal_flush_size_min=dice.choice([0, 1, 1, 2, 4]),
        normal_flush_size_quotient=dice.choice([1, 2, 3, 5, 20, 2**32 - 1]),
        max_queue_flush_size=dice.choice([0, 1, 3, 3, 6]),
    )


class Walk:
    """A random walk over everything that moves the queue, on the chain and in the rules at once."""

    def __init__(self, staking, queue, entry, seed: int) -> None:
        self.staking, self.queue, self.entry = staking, queue, entry
        self.dice = random.Random(seed)
        self.with_bootstrap = seed % 2 == 0
        staking.configure(bootstrap(15, 6) if self.with_bootstrap else random_config(self.dice))
        self.state = staking.queue_state()
        self.attesters = itertools.count()
        self.validating: list = []
        self.exiting: set[str] = set()
        self.seen = Counter()

    def step(self) -> None:
        actions = (self.deposit, self.flush, self.wait, self.leave, self.reconfigure)
        self.dice.choices(actions, weights=(28, 40, 20, 8, 4))[0]()
        self.check()

    def check(self) -> None:
        """The chain says of its queue what the rules say."""
        epoch = self.staking.epoch
        assert self.staking.queue_state() == attrs.evolve(
            self.state, cached_allowance=allowance(self.state, epoch)
        )
        assert self.staking.rollup.read("getEntryQueueFlushSize") == flush_size(self.state)

    def deposit(self) -> None:
        entries = [self.next_entry() for _ in range(self.dice.randint(1, 6))]
        self.staking.deposit(entries)
        self.queue.entries += entries
        self.state = attrs.evolve(self.state, queued_count=len(self.queue.entries))

    def next_entry(self):
        """A new attester; at times its key or its address is in use already, or was once."""
        fresh = self.entry(
            next(self.attesters), key=self.dice.randint(0, 400), moves=self.dice.random() < 0.7
        )
        known = [
            entry for entry in self.queue.entries + self.queue.activated if entry.attester not in self.exiting
        ]
        if known and self.dice.random() < 0.15:
            return attrs.evolve(fresh, attester=self.dice.choice(known).attester)
        return fresh

    def flush(self) -> None:
        config = self.state.config
        if not self.state.is_bootstrapped and self.state.active_count < config.bootstrap_validator_set_size:
            self.seen["gate" if flush_size(self.state) == 0 else "growth"] += 1
        to_add = self.dice.choice([None, None, 0, 1, 2, 5])
        entered, failed = self.staking.flush(to_add)
        failing = self.queue.failures()
        self.state, outcome = flush(self.state, self.staking.epoch, to_add=to_add, failing=failing)
        expected = self.queue.pop(outcome.dequeued_count, failing)
        assert (entered, failed) == tuple([entry.attester for entry in part] for part in expected)
        assert (len(entered), len(failed)) == (outcome.activated_count, outcome.failed_count)
        self.validating += expected[0]
        self.seen.update(entered=len(entered), failed=len(failed))

    def wait(self) -> None:
        self.staking.chain.wait(self.dice.randint(1, 2 * self.staking.clock.epoch_seconds))

    def leave(self) -> None:
        """Somebody exits, or is slashed out of the set, with something left or not."""
        if not self.validating:
            return
        leaver = self.validating.pop(self.dice.randrange(len(self.validating)))
        if self.dice.random() < 0.4:
            self.staking.leave(leaver)
        else:
            self.staking.slash(leaver.attester, self.dice.choice([5_000 * 10**18, 10**24]))
        if self.staking.view(leaver.attester).exit is not None:
            self.exiting.add(leaver.attester)  # no deposit for it is taken while its exit waits
        self.state = attrs.evolve(self.state, active_count=self.state.active_count - 1)
        self.seen["left"] += 1

    def reconfigure(self) -> None:
        if self.with_bootstrap and not self.state.is_bootstrapped:
            return  # see its phases to their end first
        config = random_config(self.dice)
        self.staking.configure(config)
        self.state = attrs.evolve(self.state, config=config)


@pytest.mark.parametrize("seed", range(WALKS))
def test_entry_queue__random_walk__equals_the_rollup_after_each_step(staking, queue, entry, seed):
    walk = Walk(staking, queue, entry, seed)
    walk.flush()
    walk.check()
    for _ in range(STEPS):
        walk.step()
    wanted = {"entered", "failed", "left", *(["gate", "growth"] if walk.with_bootstrap else [])}
    assert all(walk.seen[what] > 0 for what in wanted), walk.seen  # the walk has been everywhere


# --------------------------------------------------------------------------- forecasts


def bootstrap(set_size, flush_size, minimum=1, quotient=4, maximum=3):
    return QueueConfig(
        bootstrap_validator_set_size=set_size,
        bootstrap_flush_size=flush_size,
        normal_flush_size_min=minimum,
        normal_flush_size_quotient=quotient,
        max_queue_flush_size=maximum,
    )


def flush_every_epoch(staking, predicted) -> dict[str, int]:
    """Flush at the first second of each epoch, and again while that moves somebody; the epoch of each attester's turn.

    A flush in the last second of the epoch before never moves anybody: no turn comes earlier than predicted.
    """
    turns: dict[str, list[int]] = {}
    last = max(place.epoch for place in predicted.places if place.epoch is not None)
    at = None
    for epoch in range(staking.epoch, last + 2):
        while any(moved := staking.flush(at=at)):
            for attester in moved[0] + moved[1]:
                turns.setdefault(attester, []).append(epoch)
            at = None
        staking.chain.wait_until(staking.clock.epoch_start_at(epoch + 1) - 2)
        assert staking.flush(at=staking.clock.epoch_start_at(epoch + 1) - 1) == ([], [])
        at = staking.clock.epoch_start_at(epoch + 1)
    return turns


@pytest.mark.parametrize("seed", range(8))
def test_forecast__flushed_every_epoch__comes_true_for_every_place(staking, queue, entry, seed):
    dice = random.Random(seed)
    config = dice.choice(
        [
            bootstrap(
                0, 0, minimum=dice.randint(1, 3), quotient=dice.randint(2, 9), maximum=dice.randint(2, 6)
            ),
            bootstrap(dice.randint(4, 12), dice.randint(2, 9), maximum=dice.randint(1, 5)),
        ]
    )
    staking.configure(config)
    numbers = range(dice.randint(18, 40))
    entries = [
        entry(number, key=dice.choice(numbers) if dice.random() < 0.2 else number, moves=dice.random() < 0.5)
        for number in numbers
    ]
    for place in range(1, len(entries)):
        if dice.random() < 0.1:
            entries[place] = attrs.evolve(entries[place], attester=dice.choice(entries[:place]).attester)
    before = dice.randint(0, 6)  # deposited earlier, and the epoch's allowance perhaps used in part
    staking.chain.wait_until(staking.clock.epoch_start_at(staking.epoch + 1))
    queue.entries = entries[:before]
    if before:
        staking.deposit(queue.entries)
    if dice.random() < 0.5:
        entered, failed = staking.flush(dice.choice([1, 2, None]))
        queue.pop(len(entered) + len(failed), queue.failures())
    staking.deposit(entries[before:])
    queue.entries += entries[before:]
    failing = queue.failures()
    predicted = forecast(
        staking.queue_state(), clock=staking.clock, now_at=staking.chain.now(), failing=failing
    )
    assert predicted.stall is None

    turns = flush_every_epoch(staking, predicted)

    for place, queued in zip(predicted.places, queue.entries, strict=True):
        assert place.epoch == turns[queued.attester].pop(0)
        assert place.is_expected_to_fail == (place.position in failing)
    assert not any(turns.values())
    assert staking.queue_state().queued_count == 0


def test_forecast__gate_of_bootstrap__opens_with_the_last_missing_deposit(staking, entry):
    staking.configure(bootstrap(6, 4))
    staking.deposit([entry(number) for number in range(4)])
    predicted = forecast(staking.queue_state(), clock=staking.clock, now_at=staking.chain.now())
    assert (predicted.stall, predicted.missing_deposits_count) == (Stall.AWAITING_DEPOSITS, 2)
    staking.deposit([entry(4)])
    assert staking.flush() == ([], [])
    staking.chain.wait(staking.clock.epoch_seconds)
    staking.deposit([entry(5)])
    assert len(staking.flush()[0]) == 4


def test_forecast__queue_closed_by_governance__never_moves(staking, entry):
    staking.activate([entry(number) for number in range(5)])
    staking.deposit([entry(number) for number in range(5, 9)])
    staking.configure(bootstrap(0, 0, minimum=0, quotient=2**32 - 1))
    staking.chain.wait(staking.clock.epoch_seconds)
    predicted = forecast(staking.queue_state(), clock=staking.clock, now_at=staking.chain.now())
    assert predicted.stall is Stall.CLOSED
    for _ in range(3):
        assert staking.flush() == ([], [])
        staking.chain.wait(staking.clock.epoch_seconds)


def test_flush_size__quotient_of_zero__reverts_on_the_chain_too(staking, entry):
    staking.activate([entry(0)])
    state = attrs.evolve(staking.queue_state(), next_flushable_epoch=0)
    broken = bootstrap(0, 0, quotient=0)
    staking.configure(broken)
    with pytest.raises(RevertError) as ours:
        flush_size(attrs.evolve(state, config=broken))
    with pytest.raises(RevertError) as theirs:
        staking.rollup.read("getEntryQueueFlushSize")
    assert (ours.value.error, ours.value.arguments) == (theirs.value.error, theirs.value.arguments)
    assert staking.queue_config() == broken


def test_expected_failures__mover_left_in_an_older_queue__fails_there(devnet, staking, queue, entry):
    queue.entries = [entry(0, moves=True), entry(1, moves=False), entry(2, moves=True)]
    staking.deposit(queue.entries)
    devnet.add_rollup()
    failing = queue.failures(is_latest=False)
    entered, failed = staking.flush()
    assert [place for place, queued in enumerate(queue.entries) if queued.attester in failed] == list(failing)
    assert entered == [queue.entries[1].attester]
