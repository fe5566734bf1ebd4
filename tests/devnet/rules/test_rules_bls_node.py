"""The recorded keys of the Aztec node's command line, made anew where the node is installed.

Run with ``AZTEC_CLI`` naming its script (``node_modules/@aztec/aztec/dest/bin/index.js``) and ``node`` on the path; with
``AZTEC_CLI_RECORD=1`` besides, the record is written anew.
"""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from aztec_butler.core import bls

pytestmark = [
    pytest.mark.devnet,
    pytest.mark.skipif("AZTEC_CLI" not in os.environ, reason="AZTEC_CLI names no Aztec node"),
]

RECORD = Path(__file__).parents[2] / "core" / "node_validator_keys.json"
# Known to everybody; its keys are of no value.
MNEMONIC = " ".join(["abandon"] * 11 + ["about"])


def test_node__keys_of_a_known_mnemonic__are_those_on_record(devnet, tmp_path):
    command = ["node", os.environ["AZTEC_CLI"], "validator-keys", "new", "--mnemonic", MNEMONIC, "--json"]
    command += ["--count", "3", "--address-index", "711", "--fee-recipient", f"0x{1:064x}"]
    command += ["--data-dir", str(tmp_path), "--file", "keys.json", "--staker-output"]
    command += ["--gse-address", devnet.contract("gse").address, "--l1-rpc-urls", devnet.url]
    command += ["--l1-chain-id", "31337"]
    environment = os.environ | {"HOME": str(tmp_path)}
    ran = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120, env=environment)
    shown = json.loads(ran.stdout)
    record = json.loads(RECORD.read_text())
    if os.environ.get("AZTEC_CLI_RECORD"):
        RECORD.write_text(json.dumps({"about": record["about"], **shown}, indent=2) + "\n")
    assert shown == {"keystore": record["keystore"], "staker": record["staker"]}
    entries = bls.parse_registrations(json.dumps(shown["staker"]).encode())
    assert [bls.find_fault(entry.registration) for entry in entries] == [None] * 3
