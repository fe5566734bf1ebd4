"""What rollups owe coinbases, and the gas that claiming takes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import attrs

from aztec_butler.clients.multicall import Multicall, Read
from aztec_butler.clients.rpc import Rpc
from aztec_butler.clients.troubles import Trouble, trouble_of
from aztec_butler.core.claims import PendingReward
from aztec_butler.core.contracts import ROLLUP
from aztec_butler.core.errors import ButlerError, DecodeError, InputError, NodeRefused, RevertError
from aztec_butler.core.hexes import to_hex
from aztec_butler.core.records import BlockStamp, Rollup

CLAIMER: Final = "0x00000000000000000000000000000000DeaDBeef"
"""Who asks for the estimates: anybody may claim, and this one has no code."""
_ALWAYS_CLAIMABLE: Final = 5
"""Generations from this one on have no switch that keeps rewards back."""


def fetch_pending_rewards(
    rpc: Rpc, multicall: Multicall, *, rollups: Sequence[Rollup], coinbases: Sequence[str], block: BlockStamp
) -> tuple[PendingReward, ...]:
    """Every pending reward of these coinbases, and what it takes to claim it.

    Args:
        rpc: the door to the node.
        multicall: what carries the reads.
        rollups: where to look; every version keeps rewards of its own.
        coinbases: whom they are owed to, each once.
        block: the block to ask at.

    Returns:
        One for each rollup and coinbase with something pending, in the order given.

    Raises:
        InputError: no coinbase.
        NodeError: the node failed.
    """
    if not coinbases:
        raise InputError("no coinbase is named")
    owed = iter(
        multicall.read(
            [
                Read(rollup.address, ROLLUP.function("getSequencerRewards", rollup.generation), (coinbase,))
                for rollup in rollups
                for coinbase in coinbases
            ],
            block,
        )
    )
    refusals = _fetch_refusals(multicall, rollups, block)
    pending = [
        PendingReward(
            rollup=rollup.address,
            rollup_version=rollup.version,
            coinbase=coinbase,
            reward_wei=amount,
            gas=None,
            refusal=refusals.get(rollup.version),
        )
        for rollup in rollups
        for coinbase in coinbases
        if (amount := next(owed)) > 0
    ]
    return _with_gas(rpc, pending, block)


def _fetch_refusals(multicall: Multicall, rollups: Sequence[Rollup], block: BlockStamp) -> dict[int, str]:
    """Why rollups keep rewards back, by version."""
    asked = [rollup for rollup in rollups if rollup.generation < _ALWAYS_CLAIMABLE]
    answers = multicall.read(
        [
            Read(rollup.address, ROLLUP.function("isRewardsClaimable", rollup.generation), ())
            for rollup in asked
        ],
        block,
    )
    return {
        rollup.version: "this rollup does not let anybody claim yet"
        for rollup, claimable in zip(asked, answers, strict=True)
        if not claimable
    }


def _with_gas(rpc: Rpc, pending: Sequence[PendingReward], block: BlockStamp) -> tuple[PendingReward, ...]:
    """The same with their gas, estimated by the node for each claim alone."""
    claim = ROLLUP.function("claimSequencerRewards")
    open_ones = [reward for reward in pending if reward.refusal is None]
    answers = iter(
        rpc.try_batch(
            [
                (
                    "eth_estimateGas",
                    [
                        {
                            "from": CLAIMER,
                            "to": reward.rollup,
                            "data": to_hex(claim.encode_call(reward.coinbase)),
                        },
                        hex(block.number),
                    ],
                )
                for reward in open_ones
            ]
        )
    )
    found = []
    for reward in pending:
        if reward.refusal is not None:
            found.append(reward)
            continue
        answer = next(answers)
        if isinstance(answer, RevertError):
            # The contract's own word: it would not pay.
            reason = f"the rollup refuses: {answer.error or answer.sentence}"
            found.append(attrs.evolve(reward, refusal=reason))
        elif isinstance(answer, NodeRefused) and trouble_of(answer) is Trouble.METHOD_MISSING:
            found.append(reward)
        elif isinstance(answer, ButlerError):
            raise answer
        else:
            found.append(attrs.evolve(reward, gas=_gas(answer)))
    return tuple(found)


def _gas(answer: object) -> int:
    try:
        return int(str(answer), 16)
    except ValueError:
        raise DecodeError(
            "the node estimates gas with something that is no number", answer=repr(answer)[:80]
        ) from None
