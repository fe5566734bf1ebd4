"""A call that somebody is to sign: what a builder returns, and what a multisig is given."""

from __future__ import annotations

import attrs

from aztec_butler.core.records import unit


@attrs.frozen(kw_only=True)
class Call:
    """One call of a contract, not sent.

    Args:
        to: the contract.
        data: calldata.
        value_wei: ether sent along.
        summary: one sentence that says what it does, with units; empty where nobody knows.
    """

    to: str
    data: bytes = attrs.field(repr=False)
    value_wei: int = unit("wei", default=0)
    summary: str = ""
