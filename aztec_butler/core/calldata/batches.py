"""Several calls in one transaction through Multicall3, for what anybody may do.

Inside the batch Multicall3 is the sender, not whoever signs. So only calls are taken whose effect is the same whoever
sends them: claims, payouts, flushes. What belongs to a sender (an admin's changes, approvals, deposits) goes into a
Safe's batch, where the Safe is the sender.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from aztec_butler.core.calldata.arguments import check_bool, count_of
from aztec_butler.core.calls import Call, build_call, check_address, refuse_open_allowance
from aztec_butler.core.contracts.multicall3 import MULTICALL3
from aztec_butler.core.errors import InputError
from aztec_butler.core.networks import MULTICALL3_ADDRESS

ANYBODYS: Final = {
    "c7523d79": "claimSequencerRewards(address)",
    "1d934975": "flushEntryQueue()",
    "e199c059": "flushEntryQueue(uint256)",
    "f85494de": "finalizeWithdraw(address)",
    "ea4a1e03": "registerProvider(address,uint16,address)",
    "0121b93f": "vote(uint256)",
    "2d3f5537": "distribute((address[],uint256[],uint256,uint16),address,address)",
    "f940e385": "withdraw(address,address)",
}
"""Functions that do the same whoever calls them, by selector."""


def batch(
    calls: Sequence[Call], *, allow_failure: bool = False, multicall3: str = MULTICALL3_ADDRESS
) -> Call:
    """Calls that anybody may make, in one.

    Args:
        calls: in order.
        allow_failure: whether one that reverts is passed over; else the whole batch reverts.
        multicall3: the contract.

    Raises:
        InputError: no calls, or one whose effect depends on its sender.

    Source: Multicall3.sol ``aggregate3`` and ``aggregate3Value``.
    """
    if not calls:
        raise InputError("a batch needs at least one call")
    lenient = check_bool("allow_failure", allow_failure)
    for position, call in enumerate(calls):
        refuse_open_allowance(call.data)
        if call.data[:4].hex() not in ANYBODYS:
            raise InputError(
                "a call whose effect may depend on its sender: inside the batch that would be Multicall3",
                hint="send it by itself, or put it into a Safe's batch",
                position=position,
                selector=call.selector,
                to=call.to,
            )
    to = check_address("multicall3", multicall3)
    value_wei = sum(call.value_wei for call in calls)
    mode = ", passing over those that fail" if lenient else ", all or nothing"
    lines = "; ".join(call.summary or f"call {call.selector} of {call.to}" for call in calls)
    summary = f"Make {count_of(len(calls), 'call')} at once{mode}: {lines}"
    if value_wei:
        structs = tuple((call.to, lenient, call.value_wei, call.data) for call in calls)
        function = MULTICALL3.function("aggregate3Value")
        return build_call(to, function, structs, summary=summary, value_wei=value_wei)
    plain = tuple((call.to, lenient, call.data) for call in calls)
    return build_call(to, MULTICALL3.function("aggregate3"), plain, summary=summary)
