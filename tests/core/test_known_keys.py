"""Where keys are known: every place found, nobody new suspected, told once."""

from __future__ import annotations

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st
from staking_story import account

from aztec_butler import InputError
from aztec_butler.core.bls import AttesterRegistration, registration
from aztec_butler.core.hexes import ZERO_ADDRESS, parse_address
from aztec_butler.core.known_keys import (
    CandidateKey,
    KeyHoldings,
    KnownBy,
    ListedKey,
    as_candidates,
    find_known_keys,
    known_places,
)
from aztec_butler.core.records import AttesterView, ProviderKey, QueuedDeposit, Status

ALICE, BOB, CAROL, REGISTRY = (parse_address(account(number)) for number in range(1, 5))
OLD, NEW = 1, 2


def key(number: int) -> tuple[int, int]:
    return number, number + 1


def candidate(attester=ALICE, number: int | None = 1) -> CandidateKey:
    return CandidateKey(attester=attester, public_key=None if number is None else key(number))


def view(status=Status.NONE, withdrawer=ZERO_ADDRESS) -> AttesterView:
    return AttesterView(
        status=status, effective_balance_wei=0, exit=None, public_key=(0, 0), withdrawer=withdrawer
    )


def listed(attester, number, *, provider_id=7, position=0) -> ListedKey:
    made = ProviderKey(provider_id=provider_id, index=position + 3, attester=attester, public_key=key(number))
    return ListedKey(staking_registry=REGISTRY, key=made, position=position)


def queued(attester, number, *, position=0) -> QueuedDeposit:
    return QueuedDeposit(
        position=position,
        attester=attester,
        withdrawer=BOB,
        public_key=key(number),
        moves_with_latest_rollup=True,
    )


def holdings(*attesters, views=None, **changes) -> KeyHoldings:
    """Nothing is held of these attesters but what is given."""
    seen = {version: {each: view() for each in attesters or (ALICE, BOB, CAROL)} for version in (OLD, NEW)}
    for (version, attester), what in (views or {}).items():
        seen[version][attester] = what
    empty = KeyHoldings(
        listed=(),
        queued={OLD: (), NEW: ()},
        instances={None: set(), OLD: set(), NEW: set()},
        registered={},
        owned=set(),
        views=seen,
    )
    return attrs.evolve(empty, **changes)


def found(held, *candidates):
    return [
        (each.position, each.known_by.value, each.place.value, each.finding)
        for each in find_known_keys(candidates or [candidate()], held)
    ]


def test_find__nothing_is_held__everybody_is_new():
    assert found(holdings(), candidate(), candidate(BOB, 2), candidate(CAROL, None)) == []


@pytest.mark.parametrize(
    ("held", "place", "words"),
    [
        ({"listed": [listed(BOB, 9), listed(ALICE, 8, position=4)]}, "provider-queue", "place 4 of the queue of provider 7"),
        ({"queued": {OLD: (queued(ALICE, 8, position=3),), NEW: ()}}, "entry-queue", "place 3 of the entry queue of rollup 1"),
        ({"queued": {OLD: (), NEW: (queued(ALICE, 8),)}}, "entry-queue", "place 0 of the entry queue of rollup 2"),
        ({"instances": {None: {ALICE}, NEW: set()}}, "gse", "move with the latest rollup"),
        ({"instances": {None: set(), NEW: {ALICE}}, "views": {(NEW, ALICE): view(Status.VALIDATING, BOB)}}, "gse", "set of rollup 2"),
        ({"views": {(OLD, ALICE): view(Status.ZOMBIE, BOB)}, "registered": {ALICE: key(1)}}, "rollup", "zombie on rollup 1"),
        ({"views": {(OLD, ALICE): view(Status.EXITING, BOB)}}, "rollup", "exiting on rollup 1"),
        ({"views": {(OLD, ALICE): view(Status.VALIDATING, BOB)}}, "rollup", "validating on rollup 1"),
        ({"registered": {ALICE: key(8)}}, "past", "was in the set once"),
        ({"views": {(OLD, ALICE): view(withdrawer=BOB)}}, "past", "was in the set once"),
    ],
)  # fmt: skip
def test_find__address_in_a_place__is_told_once_with_the_place(held, place, words):
    ((position, by, where, finding),) = found(holdings(**held))
    assert (position, by, where) == (0, "attester", place)
    assert words in finding


@pytest.mark.parametrize(
    ("held", "place", "other"),
    [
        ({"listed": [listed(BOB, 1)]}, "provider-queue", BOB),
        ({"queued": {OLD: (queued(CAROL, 1),), NEW: ()}}, "entry-queue", CAROL),
        ({"owned": {key(1)}}, "past", None),
        ({"owned": {key(1)}, "registered": {BOB: key(1)}}, "past", None),
    ],
)
def test_find__bls_key_under_another_address__is_told_with_the_other(held, place, other):
    (known,) = find_known_keys([candidate()], holdings(**held))
    assert (known.known_by, known.place, known.other_attester) == (KnownBy.BLS_KEY, place, other)
    assert known.finding.startswith("its BLS key ")
    assert (other or "") in known.finding


def test_find__attester_with_its_own_key__is_not_told_twice():
    everywhere = holdings(
        listed=[listed(ALICE, 1)],
        queued={OLD: (), NEW: (queued(ALICE, 1),)},
        registered={ALICE: key(1)},
        owned={key(1)},
    )
    assert [each[1:3] for each in found(everywhere)] == [
        ("attester", "provider-queue"),
        ("attester", "entry-queue"),
        ("attester", "past"),
    ]
    # Activated before with another key, and the key was activated for somebody else: two facts.
    two = holdings(registered={ALICE: key(8)}, owned={key(1)})
    assert [each[1:3] for each in found(two)] == [("attester", "past"), ("bls-key", "past")]


def test_find__in_the_list_itself__later_ones_name_the_first():
    listing = [
        candidate(ALICE, 1),
        candidate(BOB, 2),
        candidate(ALICE, 3),
        candidate(CAROL, 2),
        candidate(ALICE, 1),
    ]
    assert found(holdings(), *listing) == [
        (2, "attester", "list", "at place 0 of the list"),
        (3, "bls-key", "list", f"its BLS key at place 1 of the list, of attester {BOB}"),
        (4, "attester", "list", "at place 0 of the list"),
    ]


def test_find__nameless_keys__are_found_by_the_key_alone():
    nameless = [
        CandidateKey(attester=None, public_key=key(1)),
        CandidateKey(attester=None, public_key=key(1)),
    ]
    assert [each[:3] for each in found(holdings(owned={key(1)}), *nameless)] == [
        (0, "bls-key", "past"),
        (1, "bls-key", "list"),
        (1, "bls-key", "past"),
    ]
    assert known_places(find_known_keys(nameless, holdings(owned={key(1)}))) == {}


def test_places__several_of_one__stand_in_one_sentence():
    held = holdings(listed=[listed(ALICE, 1), listed(BOB, 1, position=2)], owned={key(1)})
    (words,) = known_places(find_known_keys([candidate()], held)).values()
    assert words.count(";") == 2
    assert "provider 7" in words
    assert BOB in words


SMALL = st.integers(0, 5)
NAMES = [parse_address(account(50 + number)) for number in range(6)]
PAIRS = st.tuples(SMALL, SMALL)


@given(
    st.lists(PAIRS, max_size=6), st.lists(PAIRS, max_size=6), st.lists(PAIRS, max_size=6),
    st.sets(SMALL), st.sets(SMALL), st.sets(SMALL), st.sets(SMALL),
)  # fmt: skip
def test_find__any_holdings__finds_exactly_those_that_are_somewhere(
    wanted, listing, waiting, inside, gone, leaving, owned
):
    held = holdings(
        *NAMES,
        listed=[listed(NAMES[name], number, position=place) for place, (name, number) in enumerate(listing)],
        queued={NEW: [queued(NAMES[name], number, position=at) for at, (name, number) in enumerate(waiting)]},
        instances={None: {NAMES[name] for name in inside}},
        registered={NAMES[name]: key(99) for name in gone},
        owned={key(number) for number in owned},
        views={(OLD, NAMES[name]): view(Status.EXITING) for name in leaving},
    )
    asked = [candidate(NAMES[name], number) for name, number in wanted]
    told = {each.position for each in find_known_keys(asked, held)}
    for position, (name, number) in enumerate(wanted):
        is_known = (
            any(name == other or number == its for other, its in (*listing, *waiting, *wanted[:position]))
            or name in inside | gone | leaving
            or number in owned
        )
        assert (position in told) == is_known
    places = known_places(find_known_keys(asked, held))
    assert set(places) == {asked[position].attester for position in told}


def test_candidates__every_form__is_read():
    made = registration(1234)
    store = (ALICE.lower(), made.public_key_g1, made.public_key_g2, made.proof_of_possession)
    whole = AttesterRegistration(attester=BOB, registration=made)
    nameless = AttesterRegistration(attester=None, registration=made)
    assert [
        (each.attester, each.public_key) for each in as_candidates([store, whole, nameless, CAROL.lower()])
    ] == [
        (ALICE, made.public_key_g1),
        (BOB, made.public_key_g1),
        (None, made.public_key_g1),
        (CAROL, None),
    ]
    assert as_candidates(ALICE) == as_candidates([ALICE])


@pytest.mark.parametrize("keys", [[], ["0x12"], [5], [None], ["nobody"], [(ALICE, (1, 2))]], ids=repr)
def test_candidates__what_is_no_key__is_refused(keys):
    with pytest.raises(InputError):
        as_candidates(keys)
