"""Every line against the official ABI of 4.1.2, and every official event, view and error against the lines."""

import json

import pytest
from eth_utils import keccak

from aztec_butler.core.contracts import CONTRACTS, decode_error
from aztec_butler.devnet.artifacts import Artifacts, render_abi_item
from aztec_butler.devnet.packages import install_packages

pytestmark = pytest.mark.devnet

GENERATION = 4
# Roles whose contract is in the package. The lines of TOKEN are a part of the test token's ABI.
OFFICIAL = [
    "rollup",
    "gse",
    "registry",
    "governance",
    "governance_proposer",
    "gse_payload",
    "payload",
    "slasher",
    "slashing_proposer",
    "empire_slashing_proposer",
    "slash_factory",
    "slash_payload",
    "reward_distributor",
    "reward_booster",
    "coin_issuer",
    "date_gated_relayer",
    "flush_rewarder",
    "escape_hatch",
    "inbox",
    "outbox",
    "fee_juice_portal",
    "multicall3",
    "test_token",
]
# Checks a proposed header and its signatures; nothing that an operator or a user of stake calls.
LEFT_OUT = {"validateHeaderWithAttestations"}


@pytest.fixture(scope="session")
def packages(cache_folder):
    return install_packages(cache_folder)


@pytest.fixture(scope="session")
def load(packages):
    return Artifacts(packages.contracts).load


def bare(item):
    """An ABI item without the compiler's additions, in one order."""
    if isinstance(item, dict):
        return {name: bare(value) for name, value in item.items() if name != "internalType"}
    return [bare(entry) for entry in item] if isinstance(item, list) else item


def official_items(load, role):
    return [
        bare(item)
        for item in load(CONTRACTS[role].name).abi
        if item["type"] in ("function", "event", "error")
    ]


def our_items(role):
    lines = [
        line
        for name in (role, "token")
        if name == role or role == "test_token"
        for line in CONTRACTS[name].lines
    ]
    return [line.item.to_json_abi() for line in lines if line.holds(GENERATION)]


def key(item):
    return render_abi_item({**item, "outputs": [], "stateMutability": "nonpayable"})


@pytest.mark.parametrize("role", OFFICIAL)
def test_functions_and_events__of_a_contract__are_its_official_items(load, role):
    official = {key(item): item for item in official_items(load, role)}
    ours = [item for item in our_items(role) if item["type"] != "error"]
    assert ours
    for item in ours:
        assert item == official.get(key(item)), f"no such official item: {key(item)}"


@pytest.mark.parametrize("role", OFFICIAL)
def test_official_functions_and_events__of_a_contract__have_a_line(load, role):
    official = {key(item) for item in official_items(load, role) if item["type"] != "error"}
    ours = {key(item) for item in our_items(role)}
    assert {name for name in official - ours if name.split("(")[0].split()[1] not in LEFT_OUT} == set()


def official_errors(packages):
    """Every custom error in the package: libraries raise most of them, and no contract's ABI shows those."""
    errors = {}
    for path in sorted(packages.contracts.glob("*/*.json")):
        for item in json.loads(path.read_bytes()).get("abi", []):
            if item["type"] == "error":
                errors[key(bare(item))] = bare(item)
    return errors


def test_official_errors__of_every_contract_and_library__are_decoded_by_their_names(packages):
    official = official_errors(packages)
    assert len(official) > 250
    known = {key(error.to_json_abi()) for contract in CONTRACTS.values() for error in contract.errors}
    assert set(official) - known == set()
    for item in official.values():
        types = ",".join(type_of(parameter) for parameter in item["inputs"])
        selector = keccak(text=f"{item['name']}({types})")[:4]
        assert decode_error(selector).name == item["name"]


def type_of(parameter):
    if parameter["type"].startswith("tuple"):
        inner = ",".join(type_of(component) for component in parameter["components"])
        return f"({inner})" + parameter["type"].removeprefix("tuple")
    return parameter["type"]


def test_errors_of_generation_4__of_the_rollup__are_in_the_official_library(packages):
    official = set(official_errors(packages))
    ours = {
        key(line.item.to_json_abi())
        for line in CONTRACTS["rollup"].lines
        if line.kind == "error" and line.holds(4)
    }
    assert ours <= official
