"""The records of parameters against the structs of the compiled contracts, and presets against published figures."""

import re
from pathlib import Path
from typing import Any

import attrs
import pytest

from aztec_butler.core.errors import RevertError
from aztec_butler.devnet import MAINNET, PRESETS, SMALL
from aztec_butler.devnet import parameters as records
from aztec_butler.devnet.artifacts import Artifacts
from aztec_butler.devnet.packages import install_packages

AZTEC = 10**18


def snake(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])([A-Z])", r"_\1", name.lstrip("_")).lower()


def plain(field: str) -> str:
    """A field's name without its unit."""
    return re.sub(r"_(wei|seconds|slots|at|timestamp)$", "", field)


@pytest.mark.devnet
@pytest.mark.parametrize(
    ("contract", "position", "record"),
    [
        ("Rollup", 5, records.GenesisParameters),
        ("Rollup", 6, records.RollupParameters),
        ("Governance", 3, records.GovernanceParameters),
    ],
    ids=["genesis", "rollup", "governance"],
)
def test_record__against_the_constructor__has_its_fields_in_its_order(
    cache_folder: Path | None, contract: str, position: int, record: type[Any]
) -> None:
    compiled = Artifacts(install_packages(cache_folder).contracts).load(contract)
    (constructor,) = [item for item in compiled.abi if item["type"] == "constructor"]
    check_fields(record, constructor["inputs"][position]["components"])


def check_fields(record: type[Any], components: list[dict[str, Any]]) -> None:
    fields = attrs.fields(attrs.resolve_types(record))
    assert [plain(field.name) for field in fields] == [plain(snake(each["name"])) for each in components]
    for field, component in zip(fields, components, strict=True):
        if component["type"] == "tuple":
            check_fields(field.type, component["components"])


@pytest.mark.devnet
def test_escape_hatch__against_the_constructor__has_its_arguments_in_its_order(
    cache_folder: Path | None,
) -> None:
    compiled = Artifacts(install_packages(cache_folder).contracts).load("EscapeHatch")
    (constructor,) = [item for item in compiled.abi if item["type"] == "constructor"]
    check_fields(records.EscapeHatchParameters, constructor["inputs"][2:])


def test_mainnet__published_figures__are_its_own() -> None:
    rollup, governance = MAINNET.rollup, MAINNET.governance
    assert rollup.aztec_slot_duration_seconds == 72
    assert rollup.epoch_seconds == 2304  # 38.4 minutes
    assert rollup.target_committee_size == 48
    assert MAINNET.gse.activation_threshold_wei == 200_000 * AZTEC
    assert rollup.local_ejection_threshold_wei == 190_000 * AZTEC
    assert attrs.astuple(rollup.staking_queue_config) == (500, 500, 1, 400, 4)
    assert rollup.exit_delay_seconds == 345_600
    delay = (
        governance.voting_delay_seconds / 5
        + governance.voting_duration_seconds
        + governance.execution_delay_seconds
    )
    assert delay == 9.6 * 86400
    assert (rollup.slashing_round_size_slots, rollup.slashing_quorum) == (128, 65)
    sequencer_reward = (
        rollup.reward_config.checkpoint_reward_wei * rollup.reward_config.sequencer_bps // 10_000
    )
    assert sequencer_reward == 350 * AZTEC


def test_presets__names__are_keys() -> None:
    assert PRESETS == {"small": SMALL, "mainnet": MAINNET}


def test_with_rollup__changes__leave_the_rest() -> None:
    changed = SMALL.with_rollup(exit_delay_seconds=1)
    assert changed.rollup.exit_delay_seconds == 1
    assert changed.with_rollup(exit_delay_seconds=SMALL.rollup.exit_delay_seconds) == SMALL


@pytest.mark.devnet
def test_parameters__that_a_contract_refuses__name_its_error(start_devnet: Any) -> None:
    with pytest.raises(RevertError) as raised:
        start_devnet(SMALL.with_rollup(slashing_quorum=8))
    assert "TallySlashingProposer__InvalidQuorumAndRoundSize" in str(raised.value.error)
