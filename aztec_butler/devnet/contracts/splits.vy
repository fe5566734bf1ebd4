# pragma version 0.4.3
# pragma evm-version cancun
"""
@notice The parameters of a split, and what factory and wallet both do with them.
    The originals bound the number of recipients by gas alone; here it is a constant.
"""

import solidity

MAX_RECIPIENTS: constant(uint256) = 100
# The distribution incentive is in millionths of the distributed amount.
INCENTIVE_SCALE: constant(uint256) = 1_000_000


struct Split:
    recipients: DynArray[address, MAX_RECIPIENTS]
    allocations: DynArray[uint256, MAX_RECIPIENTS]
    totalAllocation: uint256
    distributionIncentive: uint16


@internal
@pure
def hash(_split: Split) -> bytes32:
    return keccak256(abi_encode(_split))


@internal
@pure
def validate(_split: Split):
    if len(_split.recipients) != len(_split.allocations):
        raw_revert(method_id("InvalidSplit_LengthMismatch()"))
    total: uint256 = 0
    for allocation: uint256 in _split.allocations:
        total = solidity.add(total, allocation)
    if total != _split.totalAllocation:
        raw_revert(method_id("InvalidSplit_TotalAllocationMismatch()"))


@internal
@pure
def distributions(_split: Split, _amount: uint256) -> (DynArray[uint256, MAX_RECIPIENTS], uint256):
    """
    @notice What each recipient and the distributor get of an amount. Every part is rounded down, so up to
        one wei a recipient stays where it is.
    """
    reward: uint256 = solidity.mul_div(_amount, convert(_split.distributionIncentive, uint256), INCENTIVE_SCALE)
    shared: uint256 = _amount - reward
    amounts: DynArray[uint256, MAX_RECIPIENTS] = []
    for allocation: uint256 in _split.allocations:
        amounts.append(solidity.mul_div(shared, allocation, _split.totalAllocation))
    return amounts, reward
