"""Names of events, as people write them."""

from __future__ import annotations

import pytest

from aztec_butler.core.contracts import CONTRACTS
from aztec_butler.core.errors import InputError
from aztec_butler.core.event_kinds import _STAKING, STAKING, event_kinds, select_events
from aztec_butler.core.events import record_type

DEPLOYED = {"rollup", "gse", "registry", "staking_registry", "governance", "token"}


def records(*names: str, roles: set[str] | None = None) -> list[str]:
    return [kind.record for kind in select_events(list(names), roles=roles)]


def test_plain_name__every_role_that_emits_it():
    assert records("Deposit") == ["RollupDeposit", "GseDeposit", "GovernanceDeposit"]
    assert records("Slashed") == ["RollupSlashed"]


def test_plain_name__every_generation_of_it():
    assert records("RewardConfigUpdated") == ["RollupRewardConfigUpdatedGen4", "RollupRewardConfigUpdated"]


def test_record_name__that_one_alone():
    assert records("GseDeposit") == ["GseDeposit"]
    (kind,) = select_events("GovernanceDeposit")
    assert (kind.role, kind.topic0) == ("governance", CONTRACTS["governance"].event("Deposit").topic0)


def test_several__each_once_in_one_order():
    together = ["RollupDeposit", "RollupSlashed", "GseDeposit", "GovernanceDeposit"]
    assert records("Slashed", "GseDeposit", "Deposit") == together
    assert records("Deposit,Slashed", "Slashed") == together
    assert [kind.record for kind in select_events(" Deposit , Slashed,")] == together


def test_staking__words_that_are_there_for_every_role():
    chosen = select_events(STAKING)
    for role, names in _STAKING.items():
        assert {kind.event.name for kind in chosen if kind.role == role} == set(names)
    assert {kind.role for kind in chosen} == set(_STAKING)
    assert "SlashingProposerVoteCast" not in {kind.record for kind in chosen}


def test_staking__and_more__both():
    assert set(records("staking", "Transfer")) == {*records("staking"), *records("Transfer")}


def test_roles__others_are_left_out():
    assert records("Transfer", roles=DEPLOYED) == ["TokenTransfer"]
    assert {kind.role for kind in select_events("staking", roles=DEPLOYED)} <= DEPLOYED


def test_roles__nothing_left__says_how_to_name_the_contract():
    with pytest.raises(InputError, match="nothing leads") as caught:
        select_events(["Deposit", "Staked"], roles=DEPLOYED)
    assert caught.value.facts["event"] == "Staked"
    assert "atp_staker" in str(caught.value.hint)


@pytest.mark.parametrize(
    ("name", "near"),
    [("Slashd", "Slashed"), ("slashed", "Slashed"), ("RollupDeposi", "RollupDeposit"), ("stakin", "staking")],
)
def test_unknown_name__the_nearest_ones(name, near):
    with pytest.raises(InputError, match="no such event") as caught:
        select_events(["Deposit", name])
    assert near in str(caught.value.hint)


@pytest.mark.parametrize("names", ["", " , ", [], [""]])
def test_no_name__is_refused(names):
    with pytest.raises(InputError, match="no event is named"):
        select_events(names)


def test_kinds__are_the_records_of_core_events():
    kinds = event_kinds()
    assert len({(kind.role, kind.topic0) for kind in kinds}) == len(kinds) > 100
    assert record_type("rollup", "Slashed").__name__ in {kind.record for kind in kinds}
