from __future__ import annotations

from aztec_butler.core.governance import ProposalState, signal_round
from aztec_butler.exporter.collectors import governance
from aztec_butler.exporter.collectors.governance import SignalRound

PAYLOAD = "0x" + "11" * 20


def test_samples__any_proposals__have_every_state():
    signals = SignalRound(number=3, quorum=600, leader=PAYLOAD, signals=12)
    samples = governance.samples(
        [ProposalState.ACTIVE, ProposalState.ACTIVE, ProposalState.EXECUTED], signals
    )
    counts = {state: count for (state,), count in samples[governance.PROPOSALS].items()}
    assert counts == {state.value: 0 for state in ProposalState} | {"active": 2, "executed": 1}
    assert samples[governance.SIGNALS] == {(PAYLOAD,): 12}
    assert samples[governance.SIGNAL_QUORUM] == {(): 600}
    assert samples[governance.ROUND] == {(): 3}


def test_samples__nobody_has_signalled__no_payload_leads():
    signals = SignalRound(number=3, quorum=600, leader=None, signals=0)
    assert governance.samples([], signals)[governance.SIGNALS] == {}


def test_signal_round__slots__follow_the_size():
    assert [signal_round(slot, 10) for slot in (0, 9, 10)] == [0, 0, 1]
