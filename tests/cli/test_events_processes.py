"""Events as a shell asks for them, on the real contracts."""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
import sys

import pytest

from aztec_butler.devnet.season_keys import attester_keys, wallet
from aztec_butler.devnet.staking_moves import Deposit, StakingMoves

pytestmark = pytest.mark.devnet


@pytest.fixture
def shell(devnet):
    """A shell whose settings lead to a devnet on which five deposits wait."""
    moves = StakingMoves(devnet, devnet.rollups[-1])
    moves.deposit([Deposit(keys=attester_keys(n), withdrawer=wallet("owner")) for n in range(5)])
    devnet.chain.mine_many(3)
    environment = os.environ | {
        "AZTEC_BUTLER_NETWORK": "devnet",
        "AZTEC_BUTLER_L1": devnet.url,
        "AZTEC_BUTLER_REGISTRY": devnet.addresses["registry"],
        "AZTEC_BUTLER_STAKING_REGISTRY": devnet.addresses["staking_registry"],
    }

    def run(*words):
        command = [sys.executable, "-m", "aztec_butler", *words]
        done = subprocess.run(
            command, capture_output=True, text=True, env=environment, timeout=60, check=False
        )
        return done.returncode, done.stdout, done.stderr

    return run


def test_events__read_kept_and_forgotten(shell, devnet, tmp_path):
    wanted = ["events", "ValidatorQueued", "--from", "1h", "--format", "csv"]
    code, out, err = shell(*wanted)
    assert code == 0, err
    rows = list(csv.DictReader(io.StringIO(out)))
    assert [row["attester"] for row in rows] == [attester_keys(n).address for n in range(5)]
    assert err.startswith("5 rows · devnet (chain 31337) · blocks ")

    code, out, _ = shell("cache", "show", "--format", "json")
    (kept,) = [row for row in json.loads(out)["rows"] if row["event"] == "RollupValidatorQueued"]
    assert (kept["chain_id"], kept["rows"], kept["last_block"]) == (
        31_337,
        5,
        devnet.chain.block_number() - 2,
    )

    assert shell("cache", "verify")[0] == 0
    (path,) = tmp_path.rglob("RollupValidatorQueued/*.parquet")
    path.write_bytes(path.read_bytes()[:-5])
    code, again, err = shell(*wanted)
    assert (code, list(csv.DictReader(io.StringIO(again)))) == (0, rows)
    assert err.startswith("aztec-butler: a file of the event store was damaged and is set aside")
    assert "Warning" not in err
    assert "no longer kept of devnet: 5 rows" in shell("cache", "clear", "devnet")[2]
    assert json.loads(shell("cache", "show", "--format", "json")[1])["rows"] == []


def test_attesters__the_history_is_kept_too(shell):
    code, out, _ = shell("attesters", "--format", "csv")
    assert (code, out.count("\n")) == (0, 6)
    kept = {row["event"] for row in json.loads(shell("cache", "show", "--format", "json")[1])["rows"]}
    assert {"RollupValidatorQueued", "StakingRegistryStakedWithProvider"} <= kept
    assert shell("attesters", "--format", "csv", "--event-store", "none")[1] == out
