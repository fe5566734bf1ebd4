"""What the commands about a Safe print."""

import attrs

from aztec_butler.core.records import unit


@attrs.frozen(kw_only=True)
class ShownFile:
    """A Transaction Builder file that was written."""

    file: str
    transactions: int
    checksum: str
    safe: str
    chain_id: int


@attrs.frozen(kw_only=True)
class ShownCall:
    """One call of a file."""

    position: int
    to: str
    value_wei: int = unit("ether")
    """Sent along."""
    summary: str
    data: bytes


@attrs.frozen(kw_only=True)
class ShownHashes:
    """What hardware wallets and the owners see of a transaction."""

    safe_tx_hash: str
    domain_hash: str
    message_hash: str
    safe: str
    chain_id: int
    nonce: int
    to: str
    operation: str
    calls: int
    is_checked: bool
    """Whether the Safe itself computes the same hash."""


@attrs.frozen(kw_only=True)
class ShownProposal:
    """A proposal, made or about to be made."""

    outcome: str
    """planned, proposed, or already there."""
    safe_tx_hash: str
    nonce: int
    safe: str
    chain_id: int
    calls: int
    proposer: str | None
    on_behalf_of: tuple[str, ...]
    confirmations: int
    threshold: int
    queue_length: int
    """Transactions that waited before."""
    is_checked: bool
    """Whether the chain computes the same hash."""
    summaries: tuple[str, ...]


@attrs.frozen(kw_only=True)
class ShownQueued:
    """A transaction that waits for the owners."""

    nonce: int
    confirmations: int
    required: int | None
    summary: str
    safe_tx_hash: str
    proposer: str | None
    submitted: str | None
