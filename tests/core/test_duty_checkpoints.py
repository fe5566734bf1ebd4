"""What became of checkpoints: proofs, prunes, invalidations, and numbers that are given again."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aztec_butler.core.committees import Committee, committee_proposers
from aztec_butler.core.duty_checkpoints import Fate, Proposal, Turn, attribute, settle_fates
from aztec_butler.core.epochs import EpochClock
from aztec_butler.core.errors import NodeRefused

CLOCK = EpochClock(genesis_at=0, slot_seconds=10, epoch_slots=4, lag_in_epochs=2)
MEMBERS = tuple(f"0x{number:040x}" for number in range(1, 6))
HATCH = "0x" + "9" * 40


def proposal(number: int, block: int, slot: int | None = None) -> Proposal:
    return Proposal(
        number=number,
        slot=block if slot is None else slot,
        proposed_at=10 * block,
        block_number=block,
        log_index=1,
        transaction_hash=f"0x{block:064x}",
        archive=f"0x{block:064x}",
    )


def turn(fate: Fate, number: int, block: int, log_index: int = 0) -> Turn:
    return Turn(fate=fate, number=number, block_number=block, log_index=log_index)


def fates(proposals, turns):
    return [fate.value for fate, _ in settle_fates(proposals, turns)]


def test_settle_fates__proof__settles_all_up_to_its_number():
    proposals = [proposal(n, n) for n in (1, 2, 3)]
    assert settle_fates(proposals, [turn(Fate.PROVEN, 2, 9)]) == (
        (Fate.PROVEN, 9),
        (Fate.PROVEN, 9),
        (Fate.PENDING, None),
    )


def test_settle_fates__prune__loses_what_is_not_proven_and_its_numbers_come_again():
    proposals = [proposal(1, 1), proposal(2, 2), proposal(3, 3), proposal(2, 12), proposal(3, 13)]
    turns = [turn(Fate.PROVEN, 1, 5), turn(Fate.PRUNED, 1, 11), turn(Fate.PROVEN, 2, 20)]
    assert fates(proposals, turns) == ["proven", "pruned", "pruned", "proven", "pending"]


def test_settle_fates__prune_in_the_transaction_of_a_proposal__spares_it():
    proposals = [proposal(1, 1), proposal(1, 9)]
    assert fates(proposals, [turn(Fate.PRUNED, 0, 9, log_index=0)]) == ["pruned", "pending"]
    proposals = [proposal(1, 1), proposal(2, 9)]
    assert fates(proposals, [turn(Fate.PRUNED, 0, 9, log_index=2)]) == ["pruned", "pruned"]


def test_settle_fates__invalidation__takes_those_behind_with_it():
    proposals = [proposal(n, n) for n in (1, 2, 3)]
    turns = [turn(Fate.INVALIDATED, 2, 5), turn(Fate.PROVEN, 7, 9)]
    assert fates(proposals, turns) == ["proven", "invalidated", "invalidated"]


def test_settle_fates__second_proof_of_the_same__changes_nothing():
    turns = [turn(Fate.PROVEN, 1, 5), turn(Fate.PROVEN, 1, 6), turn(Fate.PRUNED, 1, 8)]
    assert settle_fates([proposal(1, 1)], turns) == ((Fate.PROVEN, 5),)


@st.composite
def chains(draw):
    """A chain played step by step as the contract would, with what became of each checkpoint."""
    alive: dict[int, int] = {}
    proven, pending = 0, 0
    proposals, turns, truth = [], [], []
    for block in range(1, draw(st.integers(1, 40))):
        step = draw(st.sampled_from(["propose", "propose", "propose", "prove", "prune", "invalidate"]))
        if step == "propose":
            pending += 1
            alive[pending] = len(proposals)
            proposals.append(proposal(pending, block))
            truth.append("pending")
        elif pending > proven:
            number = draw(st.integers(proven + 1, pending))
            if step == "prove":
                turns.append(turn(Fate.PROVEN, number, block))
                gone, proven = range(proven + 1, number + 1), number
            elif step == "prune":
                turns.append(turn(Fate.PRUNED, proven, block))
                gone, pending = range(proven + 1, pending + 1), proven
            else:
                turns.append(turn(Fate.INVALIDATED, number, block))
                gone, pending = range(number, pending + 1), number - 1
            for each in gone:
                truth[alive.pop(each)] = turns[-1].fate.value
    return proposals, turns, truth


@given(chains(), st.integers(0, 40), st.integers(0, 40))
def test_settle_fates__any_chain_and_any_part_of_it__as_it_was_played(chain, first, last):
    proposals, turns, truth = chain
    part = [place for place, each in enumerate(proposals) if first <= each.block_number <= last]
    later = [each for each in turns if each.block_number >= first]
    assert fates([proposals[place] for place in part], later) == [truth[place] for place in part]


def committee(epoch: int, **changes) -> Committee:
    fields = {"rollup_version": 1, "epoch": epoch, "seed": 7, "set_size": 9, "members": MEMBERS}
    return Committee(**fields | changes)


def attributed(committees, proposals, **changes):
    options = {"rollup_version": 1, "providers": dict.fromkeys(MEMBERS, 3)} | changes
    return attribute(proposals, [], {each.epoch: each for each in committees}, CLOCK, **options)


def test_attribute__slot__is_its_draws_proposer_with_the_provider():
    (found,) = attributed([committee(2)], [proposal(1, 5, slot=10)])
    assert found.proposer == committee_proposers(committee(2), 4)[2]
    assert (found.epoch, found.provider_id, found.fate) == (2, 3, Fate.PENDING)


def test_attribute__open_hatch__is_the_hatchs_proposer_and_no_providers():
    (found,) = attributed([committee(2, hatch_proposer=HATCH)], [proposal(1, 5, slot=10)])
    assert (found.proposer, found.provider_id) == (HATCH, None)


def test_attribute__no_committee__cannot_be():
    with pytest.raises(NodeRefused, match="without a committee"):
        attributed([committee(2, members=(), seed=None)], [proposal(1, 5, slot=10)])


def test_attribute__rollup_without_committees__nobody_is_named():
    (found,) = attributed(
        [committee(2, members=(), seed=None)], [proposal(1, 5, slot=10)], draws_committees=False
    )
    assert (found.proposer, found.provider_id) == (None, None)
