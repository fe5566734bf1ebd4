"""Calls of 0xSplits: share what a split holds, and take one's part out of the warehouse."""

from __future__ import annotations

from typing import Final

from aztec_butler.core.abi_structs import Tuple
from aztec_butler.core.calls import Call, build_call, check_address, check_uint
from aztec_butler.core.contracts.splits import PULL_SPLIT, SPLITS_WAREHOUSE
from aztec_butler.core.errors import InputError
from aztec_butler.core.hexes import keccak256, to_hex
from aztec_butler.core.records import SplitParameters

_DISTRIBUTE: Final = PULL_SPLIT.function("distribute((address[],uint256[],uint256,uint16),address,address)")


def distribute(
    split: SplitParameters, *, token: str, distributor: str, split_hash: str | bytes | None = None
) -> Call:
    """Share all tokens of a split among its recipients, into the warehouse; anybody may.

    Args:
        split: how it divides, as its creation recorded it: the split itself keeps only a hash.
        token: of which.
        distributor: who gets the incentive, if the split has one.
        split_hash: what the split's ``splitHash()`` answers; compared where it is given.

    Raises:
        InputError: a zero address, parameters that are none, or that have another hash.

    Source: 0xSplits v2 PullSplit.sol ``distribute``.
    """
    to = check_address("split", split.split)
    struct = _checked(split)
    if split_hash is not None:
        expected = to_hex(split_hash) if isinstance(split_hash, bytes) else split_hash.lower()
        found = to_hex(hash_of_split(split))
        if found != expected:
            raise InputError(
                "these are not the parameters that the split was created with",
                hint="take them from its creation, the event SplitCreated",
                split=to,
                hash=found,
                split_hash=expected,
            )
    asset = check_address("token", token)
    return build_call(
        to,
        _DISTRIBUTE,
        struct,
        asset,
        check_address("distributor", distributor),
        summary=(
            f"Share the tokens of {asset} that the split holds among its {len(split.recipients)} recipients,"
            " into the warehouse"
        ),
    )


def warehouse_withdraw(owner: str, *, token: str, warehouse: str) -> Call:
    """Pay an owner all of one token that the warehouse holds for it; anybody may, unless the owner forbids it.

    Args:
        owner: who is paid.
        token: of which.
        warehouse: the contract.

    Raises:
        InputError: a zero address.

    Source: 0xSplits v2 SplitsWarehouse.sol ``withdraw``.
    """
    who, asset = check_address("owner", owner), check_address("token", token)
    return build_call(
        check_address("warehouse", warehouse),
        SPLITS_WAREHOUSE.function("withdraw(address,address)"),
        who,
        asset,
        summary=f"Pay {who} the tokens of {asset} that the warehouse holds for it",
    )


def hash_of_split(split: SplitParameters) -> bytes:
    """What the split keeps of its parameters.

    Source: 0xSplits v2 SplitV2.sol ``getHash``: ``keccak256(abi.encode(split))``.
    """
    layout = _DISTRIBUTE.inputs[0].type
    assert isinstance(layout, Tuple)
    # One dynamic argument stands behind the offset of its place.
    return keccak256((32).to_bytes(32, "big") + layout.encode(_checked(split)))


def _checked(split: SplitParameters) -> tuple[tuple[str, ...], tuple[int, ...], int, int]:
    recipients = tuple(check_address("recipients", recipient) for recipient in split.recipients)
    allocations = tuple(check_uint("allocations", allocation) for allocation in split.allocations)
    total = check_uint("total_allocation", split.total_allocation, at_least=1)
    incentive = check_uint("distribution_incentive", split.distribution_incentive, bits=16)
    if not recipients or len(recipients) != len(allocations):
        raise InputError(
            "a split needs as many allocations as recipients",
            split=split.split,
            recipients=len(recipients),
            allocations=len(allocations),
        )
    if sum(allocations) != total:
        raise InputError(
            "the allocations of a split do not add up to their total",
            split=split.split,
            sum=sum(allocations),
            total_allocation=total,
        )
    return recipients, allocations, total, incentive
