"""Stake over time, read from the contracts at one block: they remember by timestamp, so no archive node is needed.

Everything is asked at the pinned block with past times: a few hundred reads in one or two requests. Times of blocks are
asked only where the node does not tell them with its logs, and there only near the boundaries.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import chain

import attrs

from aztec_butler.clients.blocks import fetch_block, fetch_timestamps
from aztec_butler.clients.logs import fetch_logs
from aztec_butler.clients.multicall import Multicall, Read
from aztec_butler.clients.rpc import Rpc
from aztec_butler.core.block_cuts import BlockCuts
from aztec_butler.core.contracts import GOVERNANCE, GSE
from aztec_butler.core.errors import NotFoundError
from aztec_butler.core.hexes import parse_bytes
from aztec_butler.core.history import StakingHistory, missing_logs
from aztec_butler.core.logs import RawLog
from aztec_butler.core.moments import Apart, AtBlock, AtTime, Moment
from aztec_butler.core.records import BlockStamp, Deployment
from aztec_butler.core.rows import HistoryStep
from aztec_butler.core.staking_series import Reading, history_steps, places
from aztec_butler.core.time_steps import Window, boundaries, default_step, render_time

Progress = Callable[[int, int], None]


def fetch_boundaries(
    rpc: Rpc, window: Window, step: int | None, *, first_block: int, block: BlockStamp
) -> tuple[int, ...]:
    """The times between the steps of a window, in Unix seconds.

    Args:
        rpc: the door to the node.
        window: blocks and times.
        step: in seconds; None for one that gives a chart enough of them.
        first_block: where a window begins that begins with the network.
        block: the last block there is to look at.

    Raises:
        InputError: the window ends before it begins, or has too many steps.
        NotFoundError: a bound lies behind the block.
        NodeError: the node failed.
    """
    last = AtBlock(block.number) if window.last is None else window.last
    first = AtBlock(min(first_block, block.number)) if window.first is None else window.first
    ends_at = None if isinstance(last, Apart) else _time_of(rpc, last, block)
    begins_at = None if isinstance(first, Apart) else _time_of(rpc, first, block)
    if isinstance(first, Apart) and ends_at is not None:
        begins_at = max(0, ends_at - first.seconds)
    if isinstance(last, Apart) and begins_at is not None:
        ends_at = begins_at + last.seconds
    assert begins_at is not None
    assert ends_at is not None
    for sentence, at in (
        ("the window begins after the last block", begins_at),
        ("the window ends after the last block", ends_at),
    ):
        if at > block.timestamp:
            raise NotFoundError(
                sentence,
                hint="leave its end away for a window up to now",
                time=render_time(at),
                block=block.number,
                block_time=render_time(block.timestamp),
            )
    return boundaries(
        begins_at,
        ends_at,
        default_step(ends_at - begins_at) if step is None else step,
        whole=window.begins_with_a_whole_step,
    )


def fetch_history_steps(
    rpc: Rpc,
    multicall: Multicall,
    history: StakingHistory,
    deployment: Deployment,
    times: Sequence[int],
    *,
    block: BlockStamp,
    progress: Progress | None = None,
) -> tuple[HistoryStep, ...]:
    """A row for each step between two boundaries.

    Args:
        rpc: the door to the node.
        multicall: reads of contracts, through the same door.
        history: replayed up to the block.
        deployment: the contracts it is of.
        times: the boundaries, in Unix seconds, none later than the block.
        block: the block that everything is asked at.
        progress: told how many reads are done, and of how many.

    Raises:
        NodeRefused: the logs do not agree with the contracts at some boundary.
        NodeError: the node failed.
    """
    readings, given_wei = _fetch_readings(multicall, deployment, times, block, progress)
    gifts = _fetch_gifts(rpc, deployment, block, given_wei) if given_wei else []
    known: dict[int, int] = {block.number: block.timestamp}
    blocks = set()
    for place in chain(places(history), (log for log, _ in gifts)):
        blocks.add(place.block_number)
        if place.block_timestamp:  # some nodes say 0 where they do not know
            known[place.block_number] = place.block_timestamp
    search = BlockCuts(times, blocks, known)
    while wanted := search.wanted():
        search.tell(fetch_timestamps(rpc, wanted))
    cuts = search.cuts()
    return history_steps(history, deployment, _without_gifts(readings, gifts, cuts), cuts)


def _fetch_readings(
    multicall: Multicall,
    deployment: Deployment,
    times: Sequence[int],
    block: BlockStamp,
    progress: Progress | None,
) -> tuple[list[Reading], int]:
    """What the contracts say of every time; and what somebody gave to the GSE in Governance, which is no stake."""
    gse, governance = deployment.gse, deployment.governance
    rollups = [rollup.address for rollup in deployment.rollups]
    reads = [
        Read(governance, GOVERNANCE.function("powerNow"), (gse,)),
        Read(gse, GSE.function("totalSupply")),
    ]
    for at in times:
        reads.append(Read(gse, GSE.function("getLatestRollupAt"), (at,)))
        reads += [
            Read(gse, GSE.function("getAttesterCountAtTime"), (instance, at))
            for instance in (*rollups, deployment.bonus_instance)
        ]
        # Of the block's own time Governance tells nothing, because the block may not be over; a pinned one is.
        reads.append(
            Read(governance, GOVERNANCE.function("powerAt"), (gse, at)) if at < block.timestamp else reads[0]
        )
    power_wei, supply_wei, *values = multicall.read(reads, block, progress=progress)
    width = len(rollups) + 3
    readings = []
    for place, at in enumerate(times):
        latest, *counts, movers, stake_wei = values[place * width : (place + 1) * width]
        readings.append(
            Reading(
                at=at,
                latest_rollup=latest,
                attesters=dict(zip(rollups, counts, strict=True)),
                movers=movers,
                stake_wei=stake_wei,
            )
        )
    return readings, power_wei - supply_wei


def _fetch_gifts(
    rpc: Rpc, deployment: Deployment, block: BlockStamp, given_wei: int
) -> list[tuple[RawLog, int]]:
    """Deposits that others made in Governance on behalf of the GSE, which can never be withdrawn.

    Source: Governance.sol ``deposit``; GSE.sol ``withdraw`` takes no more than attesters have.
    """
    event = GOVERNANCE.event("Deposit")
    logs = fetch_logs(
        rpc,
        addresses=[deployment.governance],
        topics=[[event.topic0], None, [bytes(12) + parse_bytes(deployment.gse)]],
        first_block=deployment.first_block,
        last_block=block.number,
    )
    deposits = [(log, event.decode(log.topics, log.data)) for log in logs]
    gifts = [(log, values["amount"]) for log, values in deposits if values["depositor"] != deployment.gse]
    if sum(amount for _, amount in gifts) != given_wei:
        raise missing_logs(
            "Governance counts more for the GSE than is staked, and no deposit tells why",
            block=block.number,
            given_wei=given_wei,
            deposits=len(gifts),
        )
    return gifts


def _without_gifts(
    readings: Sequence[Reading], gifts: Sequence[tuple[RawLog, int]], cuts: Sequence[int]
) -> list[Reading]:
    return [
        attrs.evolve(
            reading,
            stake_wei=reading.stake_wei - sum(amount for log, amount in gifts if log.block_number <= cut),
        )
        for reading, cut in zip(readings, cuts, strict=True)
    ]


def _time_of(rpc: Rpc, bound: Moment, block: BlockStamp) -> int:
    if isinstance(bound, AtTime):
        return bound.timestamp
    assert isinstance(bound, AtBlock)
    name = bound.name
    if name in ("latest", block.number):
        return block.timestamp
    if isinstance(name, int) and name > block.number:
        raise NotFoundError(
            "the block lies behind the last one there is to ask about", block=name, last=block.number
        )
    return fetch_block(rpc, name)[0].timestamp
