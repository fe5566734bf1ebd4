"""Where an attester stands, case by case and in the stated precedence."""

import itertools

import pytest

from aztec_butler.core.errors import InputError
from aztec_butler.core.hexes import ZERO_ADDRESS
from aztec_butler.core.lifecycle import Lifecycle, lifecycle
from aztec_butler.core.records import AttesterView, Status

WITHDRAWER = "0xA27EC0006e59f245217Ff08CD52A7E8b169E62D2"


def view(status, *, registered=True):
    return AttesterView(
        status=status,
        effective_balance_wei=200 if status is Status.VALIDATING else 0,
        exit=None,
        public_key=(1, 2) if registered else (0, 0),
        withdrawer=WITHDRAWER if registered else ZERO_ADDRESS,
    )


UNKNOWN = view(Status.NONE, registered=False)
GONE = view(Status.NONE)


@pytest.mark.parametrize(
    ("views", "is_entry_queued", "is_provider_queued", "expected"),
    [
        ([UNKNOWN], False, False, Lifecycle.NEVER_REGISTERED),
        ([UNKNOWN, UNKNOWN], False, True, Lifecycle.PROVIDER_QUEUED),
        ([UNKNOWN], True, False, Lifecycle.ENTRY_QUEUED),
        # Staked on while a second listing of the key still waits with the provider.
        ([UNKNOWN], True, True, Lifecycle.ENTRY_QUEUED),
        ([view(Status.VALIDATING)], False, False, Lifecycle.VALIDATING),
        ([view(Status.ZOMBIE)], False, False, Lifecycle.ZOMBIE),
        ([view(Status.EXITING)], False, False, Lifecycle.EXITING),
        ([GONE], False, False, Lifecycle.EXITED),
        # Rollups of different GSEs: one of them had it.
        ([GONE, UNKNOWN], False, False, Lifecycle.EXITED),
        # A mover: its old rollup says NONE, the new one holds it.
        ([GONE, view(Status.VALIDATING)], False, False, Lifecycle.VALIDATING),
        # It asked to leave on the old rollup, where its exit stays when a new one takes over.
        ([view(Status.EXITING), GONE], False, False, Lifecycle.EXITING),
        # Queued once more while it is in the set: that deposit fails, and changes nothing.
        ([view(Status.VALIDATING)], True, True, Lifecycle.VALIDATING),
        ([view(Status.ZOMBIE)], True, False, Lifecycle.ZOMBIE),
        # Queued once more after it left: it can never enter again.
        ([GONE], True, False, Lifecycle.EXITED),
        ([GONE], False, True, Lifecycle.EXITED),
        ([GONE, GONE], True, True, Lifecycle.EXITED),
    ],
)
def test_lifecycle__each_case__has_one_answer(views, is_entry_queued, is_provider_queued, expected):
    for order in itertools.permutations(views):
        assert (
            lifecycle(order, is_entry_queued=is_entry_queued, is_provider_queued=is_provider_queued)
            is expected
        )


def test_lifecycle__every_combination_of_facts__follows_the_precedence():
    places = itertools.product([False, True], repeat=2)
    for (is_entry_queued, is_provider_queued), status, registered in itertools.product(
        places, Status, [False, True]
    ):
        if status is not Status.NONE and not registered:
            continue  # the GSE keeps the withdrawer of everybody that ever entered
        found = lifecycle(
            [view(status, registered=registered)],
            is_entry_queued=is_entry_queued,
            is_provider_queued=is_provider_queued,
        )
        if status is not Status.NONE:
            assert found.value == status.value
        elif registered:
            assert found is Lifecycle.EXITED
        else:
            assert (found is Lifecycle.ENTRY_QUEUED) == is_entry_queued
            assert (found is Lifecycle.NEVER_REGISTERED) == (not is_entry_queued and not is_provider_queued)


def test_lifecycle__nobody_was_asked__is_refused_instead_of_never_registered():
    with pytest.raises(InputError):
        lifecycle([], is_entry_queued=False, is_provider_queued=False)
