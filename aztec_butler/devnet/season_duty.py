"""Steps of a season: checkpoints, rewards, and slashing by vote."""

from __future__ import annotations

from typing import Final

from aztec_butler.devnet.checkpoints import Checkpoints
from aztec_butler.devnet.season_keys import wallet
from aztec_butler.devnet.season_stage import Stage, Story

_PROVER: Final = wallet("Prover")
_MISSED: Final = ((2,), (), (0, 3), ())
"""Places of slots without a checkpoint, epoch by epoch."""
_PATIENCE_EPOCHS: Final = 20
_RESERVED: Final = 16
"""So many attesters at the head of those staked directly have their own stories."""


def _round_epochs(stage: Stage) -> int:
    """Epochs in a slashing round."""
    epochs: int = stage.moves.contracts.contracts["slashing_proposer"].read("ROUND_SIZE_IN_EPOCHS")
    return epochs


def _wait_for_round(stage: Stage) -> None:
    """Until the last epoch before the next slashing round in which everybody activated so far has duties."""
    moves, size = stage.moves, _round_epochs(stage)
    epoch = moves.epoch + 1 + moves.clock.lag_in_epochs
    moves.wait_epochs(epoch + -epoch % size - 1 - moves.epoch)


def propose_round(stage: Stage) -> None:
    """For a whole slashing round, the committees propose checkpoints, miss a few slots, and are proven."""
    _wait_for_round(stage)
    _propose(stage, _round_epochs(stage))
    # Committees are drawn by lot: go on until both kinds of coinbase have had a turn.
    for _ in range(_PATIENCE_EPOCHS):
        if _splits_with_rewards(stage) and _wallets_with_rewards(stage):
            break
        _propose(stage, 1)


def propose_on_the_new_rollup(stage: Stage) -> None:
    """The attesters that moved propose on the new rollup."""
    # The first committees of a rollup are drawn from a set that was still empty.
    stage.moves.wait_epochs(max(1, 1 + stage.moves.clock.lag_in_epochs - stage.moves.epoch))
    _propose(stage, 2)


def _propose(stage: Stage, epochs: int) -> None:
    checkpoints = Checkpoints(stage.moves, stage.keys)
    for number in range(epochs):
        proposed = checkpoints.propose_epoch(
            stage.coinbase_of, missed=_MISSED[number % len(_MISSED)], absent=(number,) if number % 2 else ()
        )
        checkpoints.prove(proposed, _PROVER)
        stage.checkpoints += proposed


# ---------------------------------------------------------------------- rewards


def claim(stage: Stage) -> None:
    """Rewards are claimed for one coinbase of each kind; a split is divided, and both sides take their share home."""
    split, direct = _splits_with_rewards(stage)[0], _wallets_with_rewards(stage)[0]
    for coinbase in (direct, split):
        stage.moves.rollup.send("claimSequencerRewards", coinbase)
    _divide(stage, split)


def _splits_with_rewards(stage: Stage) -> list[str]:
    """Splits that earned something, and of which both sides get a share."""
    earned = [each.coinbase for each in stage.checkpoints if each.coinbase in stage.splits]
    return [split for split in earned if stage.splits[split].take_rate_bps > 0]


def _wallets_with_rewards(stage: Stage) -> list[str]:
    """Owners of attesters staked directly that earned something."""
    owners = {each.withdrawer for each in stage.attesters.values() if each.provider_id is None}
    return [each.coinbase for each in stage.checkpoints if each.coinbase in owners]


def _divide(stage: Stage, split: str) -> None:
    devnet, terms = stage.devnet, stage.splits[split]
    token, warehouse = devnet.contract("staking_asset"), devnet.contract("splits_warehouse")
    distribute = devnet.contract("pull_split_implementation").compiled.function(
        "distribute((address[],uint256[],uint256,uint16),address,address)"
    )
    caller = wallet("Anybody")
    devnet.chain.send(split, distribute.encode_call(terms.struct, token.address, caller), sender=caller)
    for recipient in terms.recipients:
        if warehouse.read("balanceOf", recipient, int(token.address, 16)) > 1:
            warehouse.send("withdraw(address,address)", recipient, token.address, sender=caller)
            stage.withdrawn_from_warehouse.append(recipient)


# ---------------------------------------------------------------------- slashing by vote


def slash_by_vote(stage: Stage) -> None:
    """Proposers vote for slashing an attester of a past round, and the round is executed."""
    moves, proposer = stage.moves, stage.moves.contracts.contracts["slashing_proposer"]
    duties = Checkpoints(moves, stage.keys)
    judged: int = stage.checkpoints[-1].slot // proposer.read("ROUND_SIZE")
    voting_round = judged + proposer.read("SLASH_OFFSET_IN_ROUNDS")
    committees = proposer.read("getSlashTargetCommittees", voting_round)
    place, accused = _find_accused(stage, committees)
    votes = bytearray(-(-sum(map(len, committees)) // 4))
    votes[place // 4] |= 1 << 2 * (place % 4)  # one unit: the small amount
    first_slot = voting_round * proposer.read("ROUND_SIZE")
    slot_at = {
        slot: moves.clock.genesis_at + slot * moves.clock.slot_seconds
        for slot in range(first_slot, first_slot + proposer.read("QUORUM"))
    }
    for slot, at in slot_at.items():
        # Who proposes is known from the epoch before on.
        moves.chain.wait_until(at - moves.clock.slot_seconds)
        voter = duties.proposer(slot)
        digest = proposer.read("getVoteSignatureDigest", bytes(votes), slot)
        signature = stage.keys[voter].sign(digest)
        proposer.send("vote", bytes(votes), signature.struct, sender=voter, at=at)
    moves.wait_epochs((voting_round + 1) * _round_epochs(stage) - moves.epoch)
    proposer.send("executeRound", voting_round, committees)
    stage.tell(Story.SLASHED, accused)


def _find_accused(stage: Stage, committees: tuple[tuple[str, ...], ...]) -> tuple[int, str]:
    """The first committee member without a story of its own, and its place in the vote."""
    reserved = {*stage.direct[:_RESERVED], *(provider.staked[0] for provider in stage.providers[:4])}
    reserved.add(stage.providers[0].staked[1])
    members = [member for committee in committees for member in committee]
    return next((place, member) for place, member in enumerate(members) if member not in reserved)
