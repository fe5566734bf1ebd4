"""Real checkpoints: proposed in their slot, signed by the committee, proven to a verifier that accepts any proof.

They carry no transactions and the empty blob. A local chain takes no blobs with a transaction, so the rollup is told not
to look for them; everything else is checked as on mainnet.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import attrs

from aztec_butler.core.abi import Function, parse_line
from aztec_butler.core.hexes import keccak256, parse_bytes
from aztec_butler.devnet.season_keys import AttesterKeys

if TYPE_CHECKING:
    from aztec_butler.devnet.staking_moves import StakingMoves

_CHECK_BLOB_SLOT: Final = 4
"""Storage slot of ``RollupCore.checkBlob``."""
_EMPTY_OUT_HASH: Final = 355785372471781095838790036702437931769306153278986832745847530947941691539
"""Source: ``ConstantsGen.sol`` ``EMPTY_EPOCH_OUT_HASH``."""
_FEES_IN_PROOF: Final = 32
"""Checkpoints that the public inputs of an epoch proof have room for. Source: ``MAX_CHECKPOINTS_PER_EPOCH``."""
_EMPTY_COMMITMENT: Final = b"\xc0" + bytes(47)
"""KZG commitment of the empty blob, and proof of any of its points: the point at infinity."""
_ATTEST, _PROPOSE = 1, 2
"""Domains of what is signed. Source: ``AttestationLib.sol`` ``SignatureDomainSeparator``."""

_parsed = parse_line(
    "function signed(uint8 domain, (bytes indices, bytes signatures) attestations, address[] signers)"
)
assert isinstance(_parsed, Function)
_SIGNED_BY_PROPOSER: Final = _parsed

Attestations = tuple[bytes, bytes]
"""Which members signed, as bits; then each one's signature, or its address if it did not sign."""


@attrs.frozen(kw_only=True)
class Checkpoint:
    """A proposed checkpoint.

    Args:
        number: in the chain.
        coinbase: who gets the sequencer's reward once it is proven.
        signers: committee members whose attestation it carries.
        previous_archive: root of the archive tree before it.
        archive: root of the archive tree with it; any value does, because nothing is executed.
        attestations: of the committee.
    """

    number: int
    slot: int
    proposer: str
    coinbase: str
    signers: tuple[str, ...]
    previous_archive: bytes = attrs.field(repr=False)
    archive: bytes = attrs.field(repr=False)
    attestations: Attestations = attrs.field(repr=False)


class Checkpoints:
    """The chain of checkpoints of one rollup.

    Args:
        moves: staking on the rollup.
        keys: of every attester that may be drawn into a committee, by address.
    """

    def __init__(self, moves: StakingMoves, keys: Mapping[str, AttesterKeys]) -> None:
        self._moves, self._keys = moves, keys
        self._rollup, self._chain, self._clock = moves.rollup, moves.chain, moves.clock
        self._chain.set_storage(self._rollup.address, _CHECK_BLOB_SLOT, 0)

    def committee(self, epoch: int) -> tuple[str, ...]:
        """The committee of an epoch, which is known from the epoch before on."""
        members: tuple[str, ...] = self._rollup.read("getEpochCommittee", epoch)
        return members

    def proposer(self, slot: int) -> str:
        """The proposer of a slot."""
        proposer: str = self._rollup.read("getProposerAt", self._slot_start_at(slot))
        return proposer

    def propose_epoch(
        self,
        coinbase_of: Callable[[str], str],
        *,
        missed: Collection[int] = (),
        absent: Collection[int] = (),
    ) -> list[Checkpoint]:
        """Let the next epoch come and propose in its slots.

        Args:
            coinbase_of: address that a proposer has the reward credited to.
            missed: places of slots in the epoch in which nobody proposes.
            absent: places in the committee of members that do not sign, unless they propose.
        """
        epoch = self._moves.epoch + 1
        committee = self.committee(epoch)
        archive: bytes = self._rollup.read("archive")
        number: int = self._rollup.read("getPendingCheckpointNumber")
        proposed: list[Checkpoint] = []
        for place in range(self._clock.epoch_slots):
            if place in missed:
                continue
            slot = epoch * self._clock.epoch_slots + place
            proposer = self.proposer(slot)
            signers = tuple(
                member for at, member in enumerate(committee) if member == proposer or at not in absent
            )
            number += 1
            draft = Checkpoint(
                number=number,
                slot=slot,
                proposer=proposer,
                coinbase=coinbase_of(proposer),
                signers=signers,
                previous_archive=archive,
                archive=bytes(1) + keccak256(f"archive {self._rollup.address} {number}".encode())[1:],
                attestations=(b"", b""),
            )
            checkpoint = self._propose(draft, committee)
            archive = checkpoint.archive
            proposed.append(checkpoint)
        return proposed

    def _slot_start_at(self, slot: int) -> int:
        return self._clock.genesis_at + slot * self._clock.slot_seconds

    def _propose(self, draft: Checkpoint, committee: Sequence[str]) -> Checkpoint:
        """Sign and send a checkpoint."""
        header = self._header(draft)
        digest = keccak256(_word(_ATTEST) + draft.archive + _word(0) + _header_hash(header))
        indices = bytearray((len(committee) + 7) // 8)
        packed = b""
        for place, member in enumerate(committee):
            if member in draft.signers:
                indices[place // 8] |= 0x80 >> place % 8
                packed += self._keys[member].sign_message(digest).packed
            else:
                packed += parse_bytes(member)
        attestations = (bytes(indices), packed)
        content = _SIGNED_BY_PROPOSER.encode_call(_PROPOSE, attestations, draft.signers)
        signature = self._keys[draft.proposer].sign_message(keccak256(content[4:]))
        self._rollup.send(
            "propose",
            (draft.archive, (0,), header),
            attestations,
            draft.signers,
            signature.struct,
            b"\x01" + _EMPTY_COMMITMENT,
            sender=draft.proposer,
            at=self._slot_start_at(draft.slot),
        )
        return attrs.evolve(draft, attestations=attestations)

    def _header(self, draft: Checkpoint) -> dict[str, Any]:
        return {
            "lastArchiveRoot": draft.previous_archive,
            "blockHeadersHash": bytes(32),
            "blobsHash": _field_hash(_BLOB_HASH),
            "inHash": bytes(32),
            "outHash": _word(_EMPTY_OUT_HASH),
            "slotNumber": draft.slot,
            "timestamp": self._slot_start_at(draft.slot),
            "coinbase": draft.coinbase,
            "feeRecipient": bytes(32),
            "gasFees": (0, 0),
            "totalManaUsed": 0,
        }

    def prove(self, checkpoints: Sequence[Checkpoint], prover: str) -> None:
        """Submit the proof of an epoch, from which on its rewards count.

        Args:
            checkpoints: all of one epoch, the first ones that are not proven yet.
            prover: who gets the provers' part.
        """
        fees: list[bytes] = []
        for checkpoint in checkpoints:
            fees += [parse_bytes(checkpoint.coinbase).rjust(32, b"\0"), bytes(32)]
        fees += [bytes(32)] * (2 * _FEES_IN_PROOF - len(fees))
        first, last = checkpoints[0], checkpoints[-1]
        # Input of the point evaluation precompile: the empty polynomial is 0 at any point.
        opening = _BLOB_HASH + _word(7) + _word(0) + _EMPTY_COMMITMENT + _EMPTY_COMMITMENT
        public = (first.previous_archive, last.archive, _word(_EMPTY_OUT_HASH), prover)
        self._rollup.send(
            "submitEpochRootProof",
            (first.number, last.number, public, fees, last.attestations, opening, b""),
            sender=prover,
        )


def _header_hash(header: Mapping[str, Any]) -> bytes:
    """Source: ``ProposedHeaderLib.sol`` ``hash``."""
    packed = (
        *(header[name] for name in ("lastArchiveRoot", "blockHeadersHash", "blobsHash", "inHash", "outHash")),
        _word(header["slotNumber"]),
        header["timestamp"].to_bytes(8, "big"),
        parse_bytes(header["coinbase"]),
        header["feeRecipient"],
        *(fee.to_bytes(16, "big") for fee in header["gasFees"]),
        _word(header["totalManaUsed"]),
    )
    return _field_hash(b"".join(packed))


def _field_hash(content: bytes) -> bytes:
    """SHA-256 cut to fit a field element. Source: ``Hash.sol`` ``sha256ToField``."""
    return bytes(1) + hashlib.sha256(content).digest()[:31]


def _word(value: int) -> bytes:
    return value.to_bytes(32, "big")


_BLOB_HASH: Final = b"\x01" + hashlib.sha256(_EMPTY_COMMITMENT).digest()[1:]
"""Versioned hash of the empty blob. Source: EIP-4844."""
