"""One log of a whole season is missing: that never passes unnoticed, whichever it is."""

from __future__ import annotations

from contextlib import suppress

import attrs
import pytest

from aztec_butler import NodeRefused, connect
from aztec_butler.core.contracts import CONTRACTS
from aztec_butler.core.history_events import replayed
from aztec_butler.core.history_replay import replay
from aztec_butler.core.whereabouts import Whereabouts

pytestmark = [pytest.mark.devnet, pytest.mark.xdist_group("history")]

NAMES = {CONTRACTS[role].event(name).topic0: f"{role} {name}" for role, name in replayed()}


def test_state__any_one_log_is_missing__is_an_error(played_season):
    devnet, _ = played_season
    with connect("devnet", l1=devnet.url, progress=False) as net:
        snapshot = net.snapshot()
        state, deployment = snapshot.state, snapshot.deployment
        logs = snapshot._logs.fetch(deployment, snapshot.block, finalized_number=-1)
    thresholds = {each.rollup.address: each.local_ejection_threshold_wei for each in state.rollups}

    def told(by):
        """The state as somebody sees it who has these logs, and asks about the attesters that they name."""
        history = replay(by, deployment, thresholds)
        whereabouts = Whereabouts(
            deployment=deployment, latest_rollup=state.whereabouts.latest_rollup, history=history
        )
        views = {attester: state.views[attester] for attester in whereabouts.stakes}
        return attrs.evolve(state, whereabouts=whereabouts, views=views)

    assert told(logs).attesters() == state.attesters()
    unnoticed = []
    for place, log in enumerate(logs):
        with suppress(NodeRefused):
            told(logs[:place] + logs[place + 1 :])
            unnoticed.append(NAMES[log.topics[0]])
    assert len(logs) > 150
    # A rollup's first threshold may be set with an event; nobody was slashed under the one before.
    assert set(unnoticed) <= {"rollup LocalEjectionThresholdUpdated"}
