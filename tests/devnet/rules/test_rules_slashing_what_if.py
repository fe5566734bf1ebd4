"""What-ifs of slashes, and tallies of votes, on the real contracts: what was foretold is then really done."""

from __future__ import annotations

import pytest

from aztec_butler.core.records import Status
from aztec_butler.core.slashing_what_if import slash_repeatedly

pytestmark = pytest.mark.devnet

TOKEN = 10**18


def test_slash_repeatedly__many_amounts_and_counts__equal_real_slashes_one_by_one(staking, entry):
    # Amounts around what may be lost, the whole stake, and more; in a row, past the ejection and into the exit.
    cases = [
        (tokens * TOKEN + odd, count)
        for tokens, odd, count in (
            (2_000, 0, 1),
            (2_000, 0, 2),
            (2_000, 0, 3),
            (2_000, 1, 2),
            (1_333, 7, 4),
            (4_000, 0, 1),
            (4_000, 1, 2),
            (66_000, 0, 4),
            (200_000, 0, 2),
            (300_000, 0, 1),
        )
    ]
    entries = [entry(number, moves=number % 2 == 0) for number in range(len(cases) + 1)]
    staking.activate(entries)
    delay = staking.rollup.read("getExitDelay")
    staking.leave(entries[-1])  # slashed while it leaves
    cases.append((150_000 * TOKEN, 2))
    ejected = set()
    for slashed, (amount_wei, count) in zip(entries, cases, strict=True):
        foretold = slash_repeatedly(
            staking.view(slashed.attester),
            amount_wei,
            count,
            thresholds=staking.thresholds(),
            now_at=staking.chain.now() + 12,
            exit_delay_seconds=delay,
        )
        active = staking.rollup.read("getActiveAttesterCount")
        for outcome in foretold:
            assert sum(staking.slash(slashed.attester, amount_wei)) == outcome.slashed_wei
            view = staking.view(slashed.attester)
            assert view.status is outcome.status
            assert view.effective_balance_wei == outcome.stake_wei
            assert (view.exit.amount_wei if view.exit else 0) == outcome.exit_amount_wei
        is_ejected = any(outcome.is_ejection for outcome in foretold)
        assert staking.rollup.read("getActiveAttesterCount") == active - is_ejected
        if is_ejected:
            ejected.add((amount_wei, count))
    assert 0 < len(ejected) < len(cases)
    assert {staking.view(each.attester).status for each in entries} >= {Status.VALIDATING, Status.ZOMBIE}
