"""Whether an Ethereum endpoint is fit for this library: on the right chain, awake, and with enough of the past.

Each endpoint is examined by itself, because any of them may have to serve. A check that cannot be made has failed; its
error is the finding.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any, Final

import attrs

from aztec_butler.clients.blocks import decode_stamp, fetch_block
from aztec_butler.clients.discovery import fetch_deployment
from aztec_butler.clients.logs import iter_logs
from aztec_butler.clients.multicall import Multicall
from aztec_butler.clients.rpc import Rpc
from aztec_butler.core.checks import Check, Outcome, failed_by
from aztec_butler.core.contracts import REGISTRY
from aztec_butler.core.errors import ButlerError, NodeRefused
from aztec_butler.core.hexes import to_hex
from aztec_butler.core.networks import MULTICALL3_ADDRESS
from aztec_butler.core.records import BlockStamp, Deployment

_TRY_AGAIN: Final = "try again; if it stays so, look at the node, or use another endpoint"
_OLD_BLOCKS: Final = 5
"""A head older than so many blocks is late, older than ten times as many dead."""
_PROBES: Final = 8
"""Blocks tried in one round trip when the oldest state is looked for."""
_CANARY_BLOCKS: Final = 50_000
"""How far behind the first rollup's genesis the Registry is expected to have named it."""


@attrs.frozen(kw_only=True)
class Expected:
    """What an endpoint has to match."""

    chain_id: int
    block_seconds: int | None
    """None where blocks come on demand, and an old head means nothing."""
    registry: str | None
    staking_registry: str | None
    first_block: int | None


def check_endpoint(rpc: Rpc, expected: Expected, *, now: Callable[[], float] = time.time) -> Iterator[Check]:
    """Examine one endpoint, the cheap things first; what depends on something that failed is not tried.

    Args:
        rpc: a door to this endpoint alone, which expects no chain.
        expected: what it has to match.
        now: Unix seconds.
    """
    subject = f"L1 {rpc.endpoint_names[0]}"
    began = time.monotonic()
    asked = [("eth_chainId", []), ("eth_getBlockByNumber", ["latest", False]), ("eth_syncing", [])]
    asked += [("eth_getBlockByNumber", ["finalized", False]), ("web3_clientVersion", [])]
    try:
        chain_id, head, syncing, finalized, software = rpc.try_batch(asked)
    except ButlerError as error:
        yield failed_by(error, subject=subject, check="reachable", remedy=_TRY_AGAIN)
        return
    milliseconds = (time.monotonic() - began) * 1000
    if isinstance(chain_id, ButlerError):
        remedy = "check the URL, its key, and whether this machine may reach it"
        yield failed_by(chain_id, subject=subject, check="reachable", remedy=remedy)
        return
    what = f" ({software})" if isinstance(software, str) else ""
    finding = f"answers in {milliseconds:.0f} ms{what}"
    yield Check(outcome=Outcome.OK, subject=subject, check="reachable", finding=finding)
    chain = _check_chain(chain_id, expected, subject)
    yield chain
    if chain.outcome is Outcome.FAIL:
        return
    try:
        if isinstance(head, ButlerError):
            raise head
        stamp = decode_stamp(head, finalized_number=-1)
    except ButlerError as error:
        yield failed_by(error, subject=subject, check="head", remedy=_TRY_AGAIN)
        return
    yield _check_head(stamp, syncing, expected, subject, int(now()))
    yield _check_finality(finalized, subject)
    yield _check_multicall(rpc, subject)
    yield from _check_contracts(rpc, expected, subject)


def _check_chain(answer: Any, expected: Expected, subject: str) -> Check:
    chain_id = int(answer, 16)
    if chain_id == expected.chain_id:
        return Check(outcome=Outcome.OK, subject=subject, check="chain", finding=f"chain {chain_id}")
    return Check(
        outcome=Outcome.FAIL,
        subject=subject,
        check="chain",
        finding=f"chain {chain_id}, expected {expected.chain_id}",
        remedy="this is a node of another network: change l1, or say which network with --network",
    )


def _check_head(stamp: BlockStamp, syncing: Any, expected: Expected, subject: str, now: int) -> Check:
    age = now - stamp.timestamp
    finding = f"block {stamp.number}, {age} s old"
    late = expected.block_seconds is not None and age > _OLD_BLOCKS * expected.block_seconds
    dead = late and age > 10 * _OLD_BLOCKS * (expected.block_seconds or 0)
    if isinstance(syncing, dict):  # false once in sync
        late, finding = True, f"{finding}; the node says that it is syncing"
    if age < -60:
        late, finding = True, f"block {stamp.number} is dated {-age} s in the future"
    return Check(
        outcome=Outcome.FAIL if dead else Outcome.WARN if late else Outcome.OK,
        subject=subject,
        check="head",
        finding=finding,
        remedy="answers will be of the past: wait until the node has caught up, and check the clocks"
        if late
        else None,
    )


def _check_finality(finalized: Any, subject: str) -> Check:
    if isinstance(finalized, dict):
        number = decode_stamp(finalized, finalized_number=-1).number
        return Check(
            outcome=Outcome.OK, subject=subject, check="finality", finding=f"finalized block {number}"
        )
    return Check(
        outcome=Outcome.WARN,
        subject=subject,
        check="finality",
        finding="the node names no finalized block",
        remedy="no answer will count as finalized; a node with a consensus client knows",
    )


def _check_multicall(rpc: Rpc, subject: str) -> Check:
    try:
        code = rpc.call("eth_getCode", MULTICALL3_ADDRESS, "latest")
    except ButlerError as error:
        return failed_by(error, subject=subject, check="Multicall3", remedy=_TRY_AGAIN)
    if code not in ("0x", "", None):
        return Check(outcome=Outcome.OK, subject=subject, check="Multicall3", finding=MULTICALL3_ADDRESS)
    return Check(
        outcome=Outcome.WARN,
        subject=subject,
        check="Multicall3",
        finding=f"there is no contract at {MULTICALL3_ADDRESS}",
        remedy="reads travel in batches instead, which is slower; on a devnet of your own, deploy it there",
    )


def _check_contracts(rpc: Rpc, expected: Expected, subject: str) -> Iterator[Check]:
    if expected.registry is None:
        yield Check(
            outcome=Outcome.FAIL,
            subject=subject,
            check="contracts",
            finding="the address of the Registry is not known",
            remedy="start a devnet with `aztec-butler devnet up`, or set registry and staking_registry",
        )
        return
    try:
        block, _ = fetch_block(rpc, "latest")
        deployment = fetch_deployment(
            Multicall(rpc),
            chain_id=expected.chain_id,
            registry=expected.registry,
            staking_registry=expected.staking_registry,
            first_block=expected.first_block,
            block=block,
        )
    except ButlerError as error:
        yield failed_by(error, subject=subject, check="contracts", remedy=_TRY_AGAIN)
        return
    canonical = deployment.rollups[-1]
    count = len(deployment.rollups)
    yield Check(
        outcome=Outcome.OK,
        subject=subject,
        check="contracts",
        finding=f"{count} {'rollup' if count == 1 else 'rollups'}, the newest {canonical.address}"
        f" (version {canonical.version})",
    )
    if expected.staking_registry is None:
        yield Check(
            outcome=Outcome.WARN,
            subject=subject,
            check="StakingRegistry",
            finding="its address is not known",
            remedy="providers and delegations stay empty; set staking_registry",
        )
    else:
        # Discovery has asked it for its split factory.
        yield Check(
            outcome=Outcome.OK, subject=subject, check="StakingRegistry", finding=expected.staking_registry
        )
    yield _check_state(rpc, deployment, block, subject)
    yield _check_logs(rpc, deployment, block, subject)


# --------------------------------------------------------------------------- the past


def _check_state(rpc: Rpc, deployment: Deployment, block: BlockStamp, subject: str) -> Check:
    first_block = deployment.first_block
    try:
        oldest = find_oldest_state(rpc, deployment.registry, first_block, block.number)
    except ButlerError as error:
        return failed_by(error, subject=subject, check="old state", remedy=_TRY_AGAIN)
    if oldest <= first_block:
        finding = f"state of every block since {first_block}"
        return Check(outcome=Outcome.OK, subject=subject, check="old state", finding=finding)
    return Check(
        outcome=Outcome.WARN,
        subject=subject,
        check="old state",
        finding=f"state only since block {oldest}, {block.number - oldest} blocks back",
        remedy=f"--block works from block {oldest} on; older blocks need an archive node",
    )


def find_oldest_state(rpc: Rpc, address: str, first_block: int, last_block: int) -> int:
    """The oldest block of a range whose state the node still has.

    State is kept from some block on, so a search with eight probes a round trip finds it: seven rounds for two million
    blocks.

    Args:
        rpc: the door to the node.
        address: any account.
        first_block: of the range.
        last_block: of the range; its state is there.

    Raises:
        NodeError: the node failed, or does not even have the state of the last block.
    """

    def has_state(blocks: list[int]) -> list[bool]:
        answers = rpc.try_batch([("eth_getBalance", [address, hex(block)]) for block in blocks])
        for answer in answers:
            # A node without that state refuses, each in words of its own. Anything else is no answer to this question.
            if isinstance(answer, ButlerError) and not isinstance(answer, NodeRefused):
                raise answer
        if isinstance(answers[-1], NodeRefused) and blocks[-1] == last_block:
            raise answers[-1]
        return [not isinstance(answer, ButlerError) for answer in answers]

    if has_state([first_block, last_block])[0]:
        return first_block
    missing, present = first_block, last_block
    while present - missing > 1:
        gap = present - missing
        steps = min(_PROBES, gap - 1)
        probes = [missing + gap * step // (steps + 1) for step in range(1, steps + 1)]
        for probe, there in zip(probes, has_state(probes), strict=True):
            if there:
                present = probe
                break
            missing = probe
    return present


def _check_logs(rpc: Rpc, deployment: Deployment, block: BlockStamp, subject: str) -> Check:
    """The Registry has named a first rollup, and told so in an event: a node that does not find it hides others."""
    genesis = min(rollup.genesis_block for rollup in deployment.rollups)
    near = min(genesis + _CANARY_BLOCKS, block.number)
    try:
        found = _find_canary(rpc, deployment.registry, genesis, near)
        if found is None:
            found = _find_canary(rpc, deployment.registry, deployment.first_block, block.number)
    except ButlerError as error:
        return failed_by(error, subject=subject, check="old logs", remedy=_TRY_AGAIN)
    if found is not None:
        finding = f"the first rollup was named in block {found}"
        return Check(outcome=Outcome.OK, subject=subject, check="old logs", finding=finding)
    return Check(
        outcome=Outcome.FAIL,
        subject=subject,
        check="old logs",
        finding="no log that names a rollup, though the Registry has one: the node has dropped old logs and does not"
        " say so",
        remedy="tables would lack rows: use a node that keeps all receipts, or another provider",
    )


def _find_canary(rpc: Rpc, registry: str, first_block: int, last_block: int) -> int | None:
    """The block of the first event that names a canonical rollup; None when the node finds none."""
    topic0 = to_hex(REGISTRY.event("CanonicalRollupUpdated").topic0)
    for chunk in iter_logs(
        rpc, addresses=[registry], topics=[[topic0]], first_block=first_block, last_block=last_block
    ):
        if chunk.logs:
            return chunk.logs[0].block_number
    return None
