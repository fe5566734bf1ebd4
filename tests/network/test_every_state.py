"""Twenty attesters of every lifecycle state, each looked up independently with plain web3 and the official ABIs."""

from __future__ import annotations

import pandas as pd
import pytest

from aztec_butler import connect
from aztec_butler.core.lifecycle import Lifecycle
from aztec_butler.devnet.season_keys import attester_keys, wallet
from aztec_butler.devnet.staking_moves import Deposit, StakingMoves

pytestmark = pytest.mark.devnet

TOKEN = 10**18
EACH = 20
NONE, VALIDATING, ZOMBIE, EXITING = range(4)


def address(number: int) -> str:
    return attester_keys(number).address


class Crowd:
    """Five groups that entered the set and did different things, one that waits, one that is only listed."""

    def __init__(self, devnet) -> None:
        numbers = iter(range(7 * EACH))
        names = (
            "validating",
            "zombie",
            "exiting",
            "exited",
            "entry-queued",
            "provider-queued",
            "never-registered",
        )
        self.groups = {name: [next(numbers) for _ in range(EACH)] for name in names}
        moves = StakingMoves(devnet, devnet.rollups[-1])
        entering = [n for name in names[:4] for n in self.groups[name]]
        moves.deposit([self.deposit(n) for n in entering])
        moves.flush_all()
        for n in self.groups["exited"]:
            moves.leave(address(n), wallet(f"recipient {n}"))
        devnet.chain.wait(20_000_000)
        for n in self.groups["exited"]:
            moves.pay_out(address(n))
        for n in self.groups["exiting"]:
            moves.leave(address(n), wallet(f"recipient {n}"))
        for n in self.groups["zombie"]:
            moves.slash(address(n), (20_000 + n) * TOKEN)
        for n in self.groups["validating"][::3]:
            moves.slash(address(n), n * TOKEN + 1)
        registry, admin = devnet.contract("staking_registry"), wallet("admin")
        registry.send("registerProvider", admin, 1_000, wallet("rewards"), sender=admin)
        keys = [attester_keys(n).key_store for n in self.groups["provider-queued"]]
        registry.send("addKeysToProvider", 1, keys, sender=admin)
        moves.deposit([self.deposit(n) for n in self.groups["entry-queued"]])

    @staticmethod
    def deposit(number: int) -> Deposit:
        return Deposit(
            keys=attester_keys(number), withdrawer=wallet(f"owner {number % 7}"), moves=number % 2 == 0
        )


@pytest.fixture
def crowd(devnet):
    return Crowd(devnet)


def test_lifecycle_and_amounts__twenty_of_every_state__equal_independent_reads(devnet, crowd, plain):
    rollup, registry, governance, gse = map(plain, ("rollup", "staking_registry", "governance", "gse"))
    queued = [rollup.getEntryQueueAt(place).call()[0] for place in range(rollup.getEntryQueueLength().call())]
    first, last = registry.providerQueues(1).call()
    listed = [registry.getValueAtIndexInQueue(1, index).call()[0] for index in range(first, last)]

    with connect("devnet", l1=devnet.url, progress=False) as net:
        everybody = [address(n) for group in crowd.groups.values() for n in group]
        answers = net.lifecycle(everybody).set_index("attester")
        attesters = net.attesters().set_index("attester")
        exits = net.exits().set_index("attester")

    assert set(crowd.groups) == {str(state) for state in Lifecycle}
    for name, group in crowd.groups.items():
        for attester in map(address, group):
            assert answers.lifecycle[attester] == name
            status = rollup.getStatus(attester).call()
            _, stake_wei, leaving, (_, withdrawer) = rollup.getAttesterView(attester).call()
            assert (
                answers.stake_wei[attester]
                == stake_wei
                == gse.effectiveBalanceOf(devnet.addresses["rollup"], attester).call()
            )
            expected = {"validating": VALIDATING, "zombie": ZOMBIE, "exiting": EXITING}.get(name, NONE)
            assert status == expected
            assert (attester in queued) == (name == "entry-queued")
            assert (attester in listed) == (name == "provider-queued")
            assert (int(withdrawer, 16) != 0) == (name in {"validating", "zombie", "exiting", "exited"})
            if name == "never-registered":
                assert attester not in attesters.index
                continue
            row = attesters.loc[attester]
            assert (row.lifecycle, row.stake_wei) == (name, stake_wei)
            if name == "entry-queued":
                assert row.queue_position == queued.index(attester)
            if name in {"zombie", "exiting"}:
                withdrawal_id, amount_wei, exitable_at, recipient, is_recipient, _ = leaving
                unlocks_at = governance.getWithdrawal(withdrawal_id).call()[1]
                leave = exits.loc[attester]
                assert leave.amount_wei == amount_wei == row.exit_amount_wei
                assert leave.withdrawable_at == pd.Timestamp(max(exitable_at, unlocks_at), unit="s", tz="UTC")
                assert pd.isna(leave.recipient) != is_recipient
                if is_recipient:
                    assert leave.recipient == recipient
    assert attesters.stake_wei.sum() == gse.totalSupply().call()
    assert len(attesters) == 6 * EACH
