"""The parameters of splits, which no view returns: a split keeps only their hash."""

from __future__ import annotations

from collections.abc import Sequence

from aztec_butler.clients.logs import fetch_logs
from aztec_butler.clients.rpc import Rpc
from aztec_butler.core.contracts import PULL_SPLIT_FACTORY
from aztec_butler.core.history import Delegated, missing_logs
from aztec_butler.core.records import BlockStamp, Deployment, SplitParameters

# The factory of mainnet serves everybody, so only the wanted splits are asked for; nodes limit alternatives per topic.
_SPLITS_PER_REQUEST = 500


def fetch_split_parameters(
    rpc: Rpc, deployment: Deployment, delegations: Sequence[Delegated], block: BlockStamp
) -> dict[str, SplitParameters]:
    """How the split of every delegation divides, by the split's address.

    Args:
        rpc: the door to the node.
        deployment: names the factory.
        delegations: whose splits are wanted, in chain order; each split was created in its delegation's transaction.
        block: the last block to look at.

    Raises:
        NodeRefused: a split's creation is missing from the node's logs.
        NodeError: the node failed.

    Source: 0xSplits v2 ``SplitFactoryV2.createSplit``, event ``SplitCreated``.
    """
    if not delegations or deployment.pull_split_factory is None:
        return {}
    events = {event.topic0: event for event in PULL_SPLIT_FACTORY.events if event.name == "SplitCreated"}
    transactions = {delegated.split: delegated.log.transaction_hash for delegated in delegations}
    wanted = list(transactions)
    found: dict[str, SplitParameters] = {}
    for start in range(0, len(wanted), _SPLITS_PER_REQUEST):
        chunk = set(wanted[start : start + _SPLITS_PER_REQUEST])
        numbers = [delegated.log.block_number for delegated in delegations if delegated.split in chunk]
        logs = fetch_logs(
            rpc,
            addresses=[deployment.pull_split_factory],
            topics=[sorted(events), sorted(bytes(12) + bytes.fromhex(split[2:]) for split in chunk)],
            first_block=min(numbers),
            last_block=min(max(numbers), block.number),
        )
        for log in logs:
            values = events[log.topics[0]].decode(log.topics, log.data)
            if log.transaction_hash != transactions[values["split"]]:
                continue  # a split of this address that is not the delegation's: what it says is not trusted
            recipients, allocations, total_allocation, incentive = values["splitParams"]
            found[values["split"]] = SplitParameters(
                split=values["split"],
                recipients=recipients,
                allocations=allocations,
                total_allocation=total_allocation,
                distribution_incentive=incentive,
            )
    missing = [split for split in wanted if split not in found]
    if missing:
        raise missing_logs(
            "a delegation's split without its creation",
            splits=", ".join(missing[:3]) + (f" and {len(missing) - 3} more" if len(missing) > 3 else ""),
        )
    return found
