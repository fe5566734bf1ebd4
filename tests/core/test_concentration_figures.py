"""Who holds stake, and the figures of concentration with what they stand for."""

from __future__ import annotations

from collections import Counter
from fractions import Fraction

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aztec_butler.core.concentration import Holdings
from aztec_butler.core.concentration_figures import (
    LARGEST,
    ConcentrationTerms,
    Figures,
    concentration_step,
    figure_rows,
)
from aztec_butler.core.concentration_holders import (
    By,
    entity_of,
    group_stakes,
    holders_of,
    holdings_of,
    parse_by,
    parse_bys,
)
from aztec_butler.core.errors import InputError

MAINNET = ConcentrationTerms(committee_size=48, slashing_quorum=65, slashing_round_size=128)
TOKEN = 10**18


@attrs.frozen(kw_only=True)
class Row:
    attester: str
    withdrawer: str | None = "W"
    staker: str | None = None
    provider_id: int | None = None
    stake_wei: int = TOKEN


rows_of_stake = st.lists(
    st.builds(
        Row,
        attester=st.text("abc", min_size=3, max_size=8),
        withdrawer=st.sampled_from(["W1", "W2", "W3"]),
        staker=st.sampled_from([None, "S1", "S2"]),
        provider_id=st.sampled_from([None, 1, 2]),
        stake_wei=st.integers(0, 10**24),
    ),
    max_size=12,
    unique_by=lambda row: row.attester,
)


def test_entity_of__who_staked_directly__is_the_withdrawer_on_every_level_but_its_own():
    told = {"attester": "A", "withdrawer": "W", "staker": None, "provider_id": None}
    assert [entity_of(by, **told) for by in By] == ["A", "W", "W", "W"]
    told |= {"staker": "S", "provider_id": 3}
    assert [entity_of(by, **told) for by in By] == ["A", "W", "S", 3]


def test_entity_of__nobody_staked__is_refused():
    with pytest.raises(InputError, match="nobody has staked"):
        entity_of(By.PROVIDER, attester="A", withdrawer=None, staker=None, provider_id=None)


@given(rows_of_stake, st.sampled_from(By))
def test_holders_of__any_rows__have_all_of_the_stake_in_order(rows, by):
    holders = holders_of(rows, by)
    total = sum(row.stake_wei for row in rows)
    assert sum(holder.stake_wei for holder in holders) == total
    assert sum(holder.attesters for holder in holders) == sum(row.stake_wei > 0 for row in rows)
    assert [holder.rank for holder in holders] == list(range(1, len(holders) + 1))
    stakes = [holder.stake_wei for holder in holders]
    assert stakes == sorted(stakes, reverse=True)
    assert 0 not in stakes
    if holders:
        assert holders[-1].cumulative_share == 1.0
        assert holdings_of(rows, by).amounts == tuple(stakes)
    grouped: Counter[object] = Counter()
    for row in rows:
        told = attrs.asdict(row)
        grouped[entity_of(by, **{name: told[name] for name in told if name != "stake_wei"})] += row.stake_wei
    assert {entity: stake for entity, (_, stake) in group_stakes(rows, by).items()} == +grouped


@given(st.lists(st.integers(1, 10**27), min_size=1, max_size=12))
def test_figures__any_holdings__give_the_same_indices(amounts):
    holdings = Holdings.of(amounts)
    figures = Figures.of(holdings, MAINNET.thresholds, LARGEST)
    assert (figures.hhi, figures.gini) == (holdings.hhi, holdings.gini)
    assert figures.hhi_ratio == float(holdings.hhi)
    assert figures.gini_ratio == float(holdings.gini)
    assert figures.effective_holders == float(holdings.effective_count)
    assert [Fraction(top, figures.total) for top in figures.top] == [
        holdings.top_share(count) for count in LARGEST
    ]
    assert figures.nakamoto == tuple(holdings.nakamoto(each) for each in MAINNET.thresholds)


def test_figure_rows__every_nakamoto__tells_its_threshold():
    figures = Figures.of(Holdings.of([40, 30, 20, 10]), MAINNET.thresholds, LARGEST)
    rows = figure_rows(By.PROVIDER, figures, MAINNET)
    told = {row.threshold: row.value for row in rows if row.figure == "nakamoto"}
    assert told == {
        "more than 1/3 of the stake": 1,
        "more than 1/2 of the stake": 2,
        "more than 2/3 of the stake": 2,
        "33/48 of the stake, the quorum of a committee on average": 2,
        "65/128 of the stake, the votes of a slash on average": 2,
    }
    values = {(row.figure, row.threshold): row.value for row in rows}
    assert values["hhi", None] == 0.3
    assert values["hhi_points", None] == 3_000
    assert values["top_share", "the 3 largest"] == 0.9
    assert values["holders", None] == 4


def test_figure_rows__no_quorums_known__has_no_row_for_them():
    terms = ConcentrationTerms()
    figures = Figures.of(Holdings.of([1]), terms.thresholds, LARGEST)
    thresholds = [
        row.threshold for row in figure_rows(By.ATTESTER, figures, terms) if row.figure == "nakamoto"
    ]
    assert len(thresholds) == 3


def test_concentration_step__quorums_not_known__is_missing_and_not_zero():
    terms = ConcentrationTerms(committee_size=48)
    figures = Figures.of(Holdings.of([3, 1]), terms.thresholds, LARGEST)
    step = concentration_step(10, By.STAKER, figures, attesters=2, terms=terms)
    assert (step.nakamoto_third, step.nakamoto_committee_quorum, step.nakamoto_slashing_quorum) == (
        1,
        1,
        None,
    )
    assert (step.top_1_share, step.top_10_share, step.stake_wei, step.holders) == (0.75, 1.0, 4, 2)
    nobody = concentration_step(10, By.STAKER, None, attesters=0, terms=terms)
    assert (nobody.holders, nobody.stake_wei, nobody.hhi, nobody.nakamoto_half) == (0, 0, None, None)


@pytest.mark.parametrize(
    "changes",
    [
        {"slashing_quorum": 65},
        {"slashing_round_size": 128},
        {"committee_size": 0},
        {"slashing_quorum": 1, "slashing_round_size": 0},
    ],
)
def test_terms__a_part_of_nothing__are_refused(changes):
    with pytest.raises(InputError):
        ConcentrationTerms(**changes)


def test_parse_by__another_word__is_told_what_there_is():
    with pytest.raises(InputError, match="provider"):
        parse_by("providers")
    with pytest.raises(InputError, match="attester, withdrawer"):
        parse_by("whale")
    assert parse_bys("staker") == (By.STAKER,)
    for wrong in ([], ["staker", "staker"]):
        with pytest.raises(InputError):
            parse_bys(wrong)
