"""What proofs of epochs credit to coinbases: the rollup's rule, for reading income where no archive node is at hand. Pure.

Rewards accrue in ``submitEpochRootProof`` and nowhere else, and no event tells to whom or how much. But the proof's calldata
names the coinbase of every checkpoint, and the token's Transfer from the distributor tells what there was to share. Both are
kept by every node that keeps transactions. Only fees are not told so: a part of them is burnt, another is the prover's.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

import attrs

from aztec_butler.core.decoding_calls import explain
from aztec_butler.core.errors import CheckFailed, NotFoundError
from aztec_butler.core.hexes import checksum_address
from aztec_butler.core.records import unit
from aztec_butler.core.units import BPS


@attrs.frozen(kw_only=True)
class EpochProof:
    """A proof as it was submitted.

    Args:
        rollup_version: of the rollup that took it.
        first_checkpoint: that it proves; always the first one of its epoch.
        last_checkpoint: that it proves.
        coinbases: of the checkpoints, in order.
        fees_wei: of the checkpoints, in order.
        granted_wei: what the rollup got from the distributor for it.
        block_number: in which block.
        log_index: of its ``L2ProofVerified`` in the block.
        transaction_hash: of the transaction.
    """

    rollup_version: int
    first_checkpoint: int
    last_checkpoint: int
    coinbases: tuple[str, ...]
    fees_wei: tuple[int, ...]
    granted_wei: int = unit("wei")
    block_number: int
    log_index: int
    transaction_hash: str


@attrs.frozen(kw_only=True)
class SequencerShare:
    """The sequencers' part of the rewards of checkpoints, from a place on the chain on.

    Args:
        rollup_version: of the rollup.
        block_number: of ``RewardConfigUpdated``; -1 for what the rollup began with.
        log_index: of it in the block.
        bps: of the reward.
    """

    rollup_version: int
    block_number: int
    log_index: int
    bps: int = unit("bps")


@attrs.frozen(kw_only=True)
class Accrued:
    """What one checkpoint earned its coinbase when it was proven.

    Args:
        rollup_version: of the rollup.
        coinbase: to whom it was credited.
        checkpoint: its number.
        amount_wei: without fees.
        block_number: of the proof.
    """

    rollup_version: int
    coinbase: str
    checkpoint: int
    amount_wei: int = unit("wei")
    block_number: int


@attrs.frozen(kw_only=True)
class ProofArguments:
    """What the calldata of a proof says of rewards."""

    first_checkpoint: int
    last_checkpoint: int
    coinbases: tuple[str, ...]
    fees_wei: tuple[int, ...]


def proof_arguments(calldata: bytes, last_checkpoint: int) -> tuple[ProofArguments, ...]:
    """The proofs up to a checkpoint that a transaction submits, at any depth of calls in calls.

    Args:
        calldata: of the transaction.
        last_checkpoint: as ``L2ProofVerified`` tells it.

    Returns:
        None where it is of no form that is known here; several where it submits the same more than once.

    Source: RollupCore ``submitEpochRootProof``: fees are pairs of recipient and value; headers from generation 5 on.
    """
    found = []
    for call in explain(calldata).walk():
        if (
            call.signature is None
            or not call.signature.startswith("submitEpochRootProof(")
            or not call.values
        ):
            continue
        given = call.values[0].value
        if isinstance(given, Mapping) and given.get("end") == last_checkpoint:
            count = given["end"] - given["start"] + 1
            if "headers" in given:
                pairs = [(header["coinbase"], header["accumulatedFees"]) for header in given["headers"]]
            else:
                words = given["fees"]
                pairs = [
                    (checksum_address(words[2 * place][12:]), int.from_bytes(words[2 * place + 1], "big"))
                    for place in range(count)
                ]
            coinbases, fees = zip(*pairs[:count], strict=True)
            found.append(
                ProofArguments(
                    first_checkpoint=given["start"],
                    last_checkpoint=given["end"],
                    coinbases=tuple(coinbases),
                    fees_wei=tuple(fees),
                )
            )
    return tuple(found)


def accrued_by(
    proofs: Iterable[EpochProof],
    shares: Sequence[SequencerShare],
    *,
    coinbases: Collection[str] | None = None,
    after_block: int = -1,
) -> list[Accrued]:
    """What proofs credited to coinbases, checkpoint by checkpoint, in the order of the chain.

    A second proof of an epoch credits only the checkpoints that it proves beyond the longest before it.

    Args:
        proofs: of whole epochs: all of an epoch's proofs, from its first on.
        shares: the sequencers' part over time, of every rollup.
        coinbases: that are wanted; None for all.
        after_block: only what was credited behind it.

    Raises:
        NotFoundError: the sequencers' part is not known at that time.
        CheckFailed: a checkpoint of these coinbases had fees, of which proofs do not tell what the sequencer got.

    Source: RewardLib.sol ``handleRewardsAndFees``.
    """
    longest: dict[tuple[int, int], int] = {}
    found = []
    for proof in sorted(proofs, key=lambda each: (each.block_number, each.log_index)):
        epoch = proof.rollup_version, proof.first_checkpoint
        length, before = proof.last_checkpoint - proof.first_checkpoint + 1, longest.get(epoch, 0)
        if length <= before:
            continue
        longest[epoch] = length
        if proof.block_number <= after_block:
            continue
        bps = _share_at(shares, proof) if proof.granted_wei else 0
        each_wei = proof.granted_wei * bps // BPS // (length - before)
        for place in range(before, length):
            coinbase = proof.coinbases[place]
            if coinbases is not None and coinbase not in coinbases:
                continue
            if proof.fees_wei[place]:
                raise CheckFailed(
                    "a checkpoint had fees, of which its proof does not tell what the sequencer got",
                    hint="ask an archive node for the state: source=state",
                    coinbase=coinbase,
                    rollup_version=proof.rollup_version,
                    checkpoint=proof.first_checkpoint + place,
                    fee_wei=proof.fees_wei[place],
                    block=proof.block_number,
                    transaction=proof.transaction_hash,
                )
            found.append(
                Accrued(
                    rollup_version=proof.rollup_version,
                    coinbase=coinbase,
                    checkpoint=proof.first_checkpoint + place,
                    amount_wei=each_wei,
                    block_number=proof.block_number,
                )
            )
    return found


def _share_at(shares: Sequence[SequencerShare], proof: EpochProof) -> int:
    place = proof.block_number, proof.log_index
    known = [
        each
        for each in shares
        if each.rollup_version == proof.rollup_version and (each.block_number, each.log_index) < place
    ]
    if not known:
        raise NotFoundError(
            "what the rollup gave to sequencers at that time is not told by events",
            hint="ask an archive node for the state: source=state",
            rollup_version=proof.rollup_version,
            block=proof.block_number,
        )
    return max(known, key=lambda each: (each.block_number, each.log_index)).bps


def pending_before(
    now_wei: int, accrued_wei: int, claimed_wei: int, *, coinbase: str, rollup_version: int, block_number: int
) -> int:
    """What a coinbase was owed at a block, from what it is owed now and what happened since.

    Raises:
        CheckFailed: less than nothing: a proof or a claim is counted twice, or the rule is another one.
    """
    owed = now_wei - accrued_wei + claimed_wei
    if owed < 0:
        raise CheckFailed(
            "proofs credit more to a coinbase than the rollup owes it and paid",
            hint="ask an archive node for the state: source=state",
            coinbase=coinbase,
            rollup_version=rollup_version,
            block=block_number,
            difference_wei=-owed,
        )
    return owed
