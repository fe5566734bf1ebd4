"""The coinbase of a proposal, dug out of calldata as nodes of every generation send it."""

from __future__ import annotations

import pytest

from aztec_butler.core.checkpoint_headers import ProposedHeader, proposed_coinbase, proposed_header
from aztec_butler.core.contracts import GOVERNANCE, MULTICALL3, ROLLUP, SLASHING_PROPOSER
from aztec_butler.core.hexes import ZERO_ADDRESS

COINBASE = "0xA27EC0006e59f245217Ff08CD52A7E8b169E62D2"
OTHER = "0x042dF8f42790d6943F41C25C2132400fd727f452"
ROLLUP_AT = "0x91fF8bbD8Ebb07893010D50A48A1609e5EBd8E34"
ARCHIVE, ANOTHER = b"\x07" * 32, b"\x08" * 32
WORD = bytes(32)
STATE = ((WORD, 0), ((WORD, 0), (WORD, 0), (WORD, 0)))


def proposal(generation: int, coinbase: str = COINBASE, archive: bytes = ARCHIVE) -> bytes:
    start = (WORD, (WORD, WORD, WORD)) if generation == 2 else (WORD,) * 5
    header = (*start, 77, 1_700_000_000, coinbase, WORD, (1, 2), 3)
    if generation == 5:
        header = (*header, 4)
    arguments = (archive, STATE, (0,), header) if generation == 2 else (archive, (0,), header)
    return ROLLUP.function("propose", generation).encode_call(
        arguments, (b"\x80", b"\x01" * 65), [OTHER], (27, WORD, WORD), b"\x01" * 100
    )


def together(*calls: bytes) -> bytes:
    """As nodes send them: forwarded by Multicall3, where each may fail."""
    return MULTICALL3.function("aggregate3").encode_call([(ROLLUP_AT, True, call) for call in calls])


VOTE = SLASHING_PROPOSER.function("vote").encode_call(b"\x01", (27, WORD, WORD))


@pytest.mark.parametrize("generation", [2, 4, 5])
def test_coinbase__of_a_proposal_alone_or_with_votes__is_found(generation):
    call = proposal(generation)
    for calldata in (call, together(call), together(VOTE, call), together(VOTE, together(call, VOTE))):
        assert proposed_coinbase(calldata, ARCHIVE) == COINBASE


@pytest.mark.parametrize("generation", [2, 4, 5])
def test_header__of_a_proposal__has_the_slot_and_the_coinbase(generation):
    found = proposed_header(together(VOTE, proposal(generation)), ARCHIVE)
    assert found == ProposedHeader(slot=77, coinbase=COINBASE)


def test_coinbase__two_proposals_in_one_transaction__is_that_of_the_archive():
    calldata = together(proposal(4, OTHER, ANOTHER), proposal(4))
    assert proposed_coinbase(calldata, ARCHIVE) == COINBASE
    assert proposed_coinbase(calldata, ANOTHER) == OTHER


@pytest.mark.parametrize(
    "calldata",
    [
        b"",
        b"\x01\x02\x03\x04",
        VOTE,
        together(VOTE),
        proposal(4, archive=ANOTHER),
        GOVERNANCE.function("propose").encode_call(OTHER),
        proposal(4)[:200],
        b"\xde\xad\xbe\xef" + proposal(4),  # through a contract that nobody knows
    ],
    ids=["nothing", "unknown", "vote", "votes", "another", "governance", "cut off", "forwarded"],
)
def test_coinbase__calldata_of_another_kind__is_not_known(calldata):
    assert proposed_coinbase(calldata, ARCHIVE) is None


def test_coinbase__the_zero_address__is_one_too():
    assert proposed_coinbase(proposal(5, ZERO_ADDRESS), ARCHIVE) == ZERO_ADDRESS
