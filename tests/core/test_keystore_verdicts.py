"""Thousands of spoiled keystores, and what the Aztec node's own loader said of each."""

from __future__ import annotations

import json
from pathlib import Path

import keystore_cases as cases
import pytest
from keystore_reading import examine, remembered_keys

from aztec_butler.core.keystores.faults import Fault, failures

RECORDED = json.loads((Path(__file__).parent / "keystore_verdicts.json").read_text())
STARTS = "A"

# What the node takes, and an operator regrets. Everything else that the node takes, we take.
STRICTER = {
    Fault.DUPLICATE_KEY,
    Fault.ZERO_COINBASE,
    Fault.ZERO_ADDRESS,
    Fault.BLS_ZERO,
    Fault.BLS_RANGE,
    Fault.MISSING_PUBLISHER,
    # zod takes whatever `new URL` takes; no web3signer answers at ftp://
    Fault.BAD_URL,
    # The node opens neither BLS files nor the account that funds before it needs them.
    Fault.KEY_FILE_MISSING,
    Fault.KEY_FILE_BROKEN,
    Fault.WRONG_PASSWORD,
    Fault.NO_PASSWORD,
    Fault.EMPTY_PATH,
    Fault.PRIVATE_KEY_RANGE,
    # An empty list of the prover's publishers.
    Fault.NO_PUBLISHERS,
}


@pytest.fixture(scope="module", autouse=True)
def _remembered():
    with remembered_keys():
        yield


def faults(text: str) -> set[Fault]:
    """What fails, with every encrypted file opened, as the node does it."""
    return {finding.fault for finding in failures(examine(text, opens_all=True).findings)}


@pytest.mark.parametrize("change", cases.TEXTS)
def test_text__that_the_node_refuses__is_refused(change):
    found = faults(cases.TEXTS[change](json.dumps(cases.keys(), indent=2)))
    if RECORDED["texts"][change] != STARTS:
        assert found
    else:
        assert found <= STRICTER


@pytest.mark.parametrize("name", cases.KEYSTORES)
def test_keystore__as_the_node_takes_it__has_no_fault(name):
    assert faults(json.dumps(cases.KEYSTORES[name]())) == set()


@pytest.mark.parametrize("name", cases.KEYSTORES)
def test_keystore__every_place_spoiled_in_every_way__judged_as_the_node_does(name):
    loose, strict = [], []
    for keystore, path, change, result in cases.spoiled():
        if keystore != name:
            continue
        verdict = RECORDED["verdicts"][name][cases.told(path)][RECORDED["changes"].index(change)]
        found = faults(json.dumps(result))
        if verdict != STARTS and not found:
            loose.append((cases.told(path), change, verdict))
        if verdict == STARTS and found - STRICTER:
            strict.append((cases.told(path), change, found))
    assert (loose, strict) == ([], [])


@pytest.mark.parametrize("name", cases.SETS)
def test_folder__of_several_files__seen_as_the_node_sees_it(name):
    examined = examine(*map(json.dumps, cases.SETS[name]), opens_all=True)
    found = {finding.fault for finding in failures(examined.findings)}
    view = RECORDED["views"][name]
    if view is None:
        assert found
        return
    # The node lets the last file win, and says so in its log alone.
    assert found <= {Fault.CONFLICTING_DEFAULTS, Fault.LOST_PUBLISHERS}
    assert view == [
        {
            "attester": each.attester.lower(),
            "coinbase": each.coinbase.lower(),
            "feeRecipient": each.fee_recipient,
            "publishers": [publisher.lower() for publisher in each.publishers],
        }
        for each in examined.public.attesters
    ]


def test_verdicts__are_of_the_cases_of_today():
    told = sum(
        len(letters) - letters.count("-")
        for places in RECORDED["verdicts"].values()
        for letters in places.values()
    )
    assert told == sum(1 for _ in cases.spoiled())
    assert set(RECORDED["texts"]) == set(cases.TEXTS)
    assert set(RECORDED["views"]) == set(cases.SETS)
