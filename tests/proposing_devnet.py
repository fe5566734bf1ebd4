"""A devnet with a provider whose attesters propose for one wallet, as those do that forward rewards themselves."""

from __future__ import annotations

from aztec_butler import connect
from aztec_butler.devnet.checkpoints import Checkpoints
from aztec_butler.devnet.season_keys import attester_keys, wallet
from aztec_butler.devnet.staking_moves import Deposit, StakingMoves

TAKE_RATE = 1_000
PAYER, ADMIN = wallet("payer"), wallet("admin")
STAKERS = (0, 1, 0, 2, 1, 0)
"""Who stakes on each of the provider's keys."""
DIRECT = (20, 21, 22)


def rewards_wallet(staker: int) -> str:
    return wallet(f"rewards of {staker}")


class Played:
    """A devnet with a provider, whose attesters propose for one wallet, and a few others."""

    def __init__(self, devnet):
        self.devnet = devnet
        self.moves = StakingMoves(devnet, devnet.rollups[-1])
        self.keys = {keys.address: keys for keys in map(attester_keys, (*range(len(STAKERS)), *DIRECT))}
        self.ours = [attester_keys(number).address for number in range(len(STAKERS))]
        registry = devnet.contract("staking_registry")
        registry.send("registerProvider", ADMIN, TAKE_RATE, wallet("provider rewards"), sender=ADMIN)
        registry.send("addKeysToProvider", 1, [self.keys[each].key_store for each in self.ours], sender=ADMIN)
        staker_wallets = [wallet(f"staker {staker}") for staker in STAKERS]
        self.moves.fund(staker_wallets, registry.address)
        for staker, sender in zip(STAKERS, staker_wallets, strict=True):
            terms = (1, self.moves.version, sender, TAKE_RATE, rewards_wallet(staker), True)
            registry.send("stake", *terms, sender=sender)
        self.moves.deposit(
            [Deposit(keys=attester_keys(number), withdrawer=wallet("direct")) for number in DIRECT]
        )
        self.moves.flush_all()
        self.moves.wait_epochs(3)
        self.duties = Checkpoints(self.moves, self.keys)

    def coinbase_of(self, attester: str) -> str:
        """The payer for all of the provider's attesters but the last, which has gone astray."""
        return PAYER if attester in self.ours[:-1] else wallet("elsewhere")

    def propose(self, *, missed=()):
        return self.duties.propose_epoch(self.coinbase_of, missed=missed)

    def propose_and_prove(self, *, missed=()):
        proposed = self.propose(missed=missed)
        self.duties.prove(proposed, wallet("prover"))
        return proposed

    def epoch_of(self, checkpoint) -> int:
        return checkpoint.slot // self.moves.clock.epoch_slots

    def connect(self, **options):
        addresses = self.devnet.addresses
        given = {
            "l1": self.devnet.url,
            "registry": addresses["registry"],
            "staking_registry": addresses["staking_registry"],
            "progress": False,
        }
        return connect("devnet", **(given | options))
