"""What a proposed checkpoint says of itself: only the calldata of its proposal has it, events do not."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs

from aztec_butler.core.decoding import Decoded
from aztec_butler.core.decoding_calls import explain


@attrs.frozen(kw_only=True)
class ProposedHeader:
    """What matters of a checkpoint's header."""

    slot: int
    coinbase: str
    """Whom it names for its sequencer's reward."""


def proposed_header(calldata: bytes, archive: bytes) -> ProposedHeader | None:
    """The header of a proposed checkpoint.

    Nodes send a proposal together with votes in one transaction, so it is looked for at any depth.

    Args:
        calldata: of the transaction that proposed it.
        archive: root of the archive tree with the checkpoint, as ``CheckpointProposed`` tells it.

    Returns:
        The header; None when the calldata is of no form that is known here, or proposes other checkpoints.

    Source: Rollup ``propose``, ``ProposedHeader``.
    """
    for call in explain(calldata).walk():
        header = _header(call, archive)
        if header is not None:
            return ProposedHeader(slot=header["slotNumber"], coinbase=str(header["coinbase"]))
    return None


def proposed_coinbase(calldata: bytes, archive: bytes) -> str | None:
    """Whom a checkpoint names for its sequencer's reward; arguments and None as for ``proposed_header``."""
    header = proposed_header(calldata, archive)
    return None if header is None else header.coinbase


def _header(call: Decoded, archive: bytes) -> Mapping[str, Any] | None:
    if call.signature is None or not call.signature.startswith("propose(") or not call.values:
        return None
    proposal = call.values[0].value
    if not isinstance(proposal, Mapping) or proposal.get("archive") != archive:
        return None  # Governance has a function of this name, too
    header = proposal.get("header")
    return header if isinstance(header, Mapping) and {"coinbase", "slotNumber"} <= header.keys() else None
