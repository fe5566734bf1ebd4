"""The record of one payout: everything that is needed to work it out again, as one JSON file. Pure.

The same inputs make the same bytes: no time of its own, no path, no name of a machine. Amounts are decimal strings, in
wei, because a reader in another language must not lose digits.
"""

from __future__ import annotations

import json
from typing import Any, Final

import attrs

from aztec_butler.core.calls import Call
from aztec_butler.core.errors import InputError
from aztec_butler.core.hexes import keccak256, parse_address, parse_hash, to_hex
from aztec_butler.core.payouts import (
    PayoutCheckpoint,
    PayoutDelegation,
    PayoutTerms,
    Settlement,
    payout_calls,
    settle,
)
from aztec_butler.core.records import unit
from aztec_butler.core.safe_batch import SafeBatch, split_calls

FORMAT: Final = "aztec-butler payout 1"
ROUNDING: Final = (
    "per delegator and commission: floor(checkpoints * sequencer_reward_wei * (10000 - commission_bps) / 10000);"
    " the rest is the commission"
)


@attrs.frozen(kw_only=True)
class PayoutBlock:
    """A block that a record stands on."""

    number: int
    hash: str = attrs.field(converter=parse_hash)
    timestamp: int = unit("s")


@attrs.frozen(kw_only=True)
class PayoutWindow:
    """Which epochs are paid, and which blocks lie in them. Windows that follow each other share neither."""

    rollup: str = attrs.field(converter=parse_address)
    rollup_version: int
    first_epoch: int
    last_epoch: int
    first_block: PayoutBlock
    last_block: PayoutBlock

    def __attrs_post_init__(self) -> None:
        if not 0 <= self.first_epoch <= self.last_epoch or self.first_block.number > self.last_block.number:
            raise InputError(
                "a window begins before it ends",
                first_epoch=self.first_epoch,
                last_epoch=self.last_epoch,
                first_block=self.first_block.number,
                last_block=self.last_block.number,
            )


@attrs.frozen(kw_only=True)
class PayoutRecord:
    """One payout, with all that it follows from.

    Args:
        network: the preset's name.
        provider_id: whose attesters proposed.
        wallet: the coinbase whose checkpoints count, which holds the rewards and sends them on.
        token: the staking asset.
        window: what is paid.
        settled_at: the block that proved or pruned the last checkpoint of the window, the provider's or not; None where
            there was none.
        terms: what a checkpoint earns.
        delegations: in the order in which they were made.
        checkpoints: of the window, by number, those with another coinbase included.
        previous: digest of the record that this one continues; None for a first one.
    """

    network: str
    chain_id: int
    provider_id: int
    wallet: str = attrs.field(converter=parse_address)
    token: str = attrs.field(converter=parse_address)
    window: PayoutWindow
    settled_at: PayoutBlock | None
    terms: PayoutTerms
    delegations: tuple[PayoutDelegation, ...]
    checkpoints: tuple[PayoutCheckpoint, ...]
    previous: str | None = None
    settlement: Settlement = attrs.field(init=False, repr=False)

    def __attrs_post_init__(self) -> None:
        window = self.window
        for each in self.checkpoints:
            if not window.first_block.number <= each.block_number <= window.last_block.number:
                raise InputError(
                    "a checkpoint outside of the window",
                    checkpoint=each.number,
                    block=each.block_number,
                    first_block=window.first_block.number,
                    last_block=window.last_block.number,
                )
        if list(self.checkpoints) != sorted(self.checkpoints, key=lambda each: each.number):
            raise InputError("the checkpoints of a record stand in the order of their numbers")
        found = settle(self.checkpoints, self.delegations, self.terms, wallet=self.wallet)
        object.__setattr__(self, "settlement", found)

    @property
    def calls(self) -> tuple[Call, ...]:
        """The transfers, to be sent by the wallet."""
        return payout_calls(self.settlement.transfers, token=self.token)

    @property
    def content(self) -> bytes:
        """The record as a file."""
        return encode_record(self)

    @property
    def digest(self) -> str:
        """Keccak-256 of the file: by it the next record names this one."""
        return to_hex(keccak256(self.content))

    def batches(self) -> tuple[SafeBatch, ...]:
        """The transfers for a Safe that is the wallet, 100 to a file; none where nothing is paid."""
        window = self.window
        name = f"payout of provider {self.provider_id}, epochs {window.first_epoch} to {window.last_epoch}"
        calls = self.calls
        return split_calls(calls, chain_id=self.chain_id, safe=self.wallet, name=name) if calls else ()


def check_begins(
    previous: PayoutRecord, *, chain_id: int, provider_id: int, rollup: str, first_epoch: int
) -> None:
    """Refuse a window that leaves epochs out after a record, or pays some again.

    Args:
        previous: the record that it continues.
        chain_id: of the window.
        provider_id: of the window.
        rollup: whose epochs.
        first_epoch: of the window.

    Raises:
        InputError: a gap or an overlap, naming both; or a record of something else.
    """
    last = previous.window
    wanted = (previous.chain_id, previous.provider_id, last.rollup)
    if wanted != (chain_id, provider_id, rollup):
        raise InputError(
            "the record before is of another chain, provider or rollup",
            hint="each rollup has a series of its own: the first record on a new one continues none",
            before=" ".join(map(str, wanted)),
            now=f"{chain_id} {provider_id} {rollup}",
        )
    if first_epoch != last.last_epoch + 1:
        raise InputError(
            "the window leaves a gap after the record before"
            if first_epoch > last.last_epoch
            else "the window begins before the record before ends, and would pay something twice",
            hint=f"begin with epoch {last.last_epoch + 1}",
            first_epoch=first_epoch,
            last_epoch_before=last.last_epoch,
        )


def check_follows(window: PayoutWindow, previous: PayoutRecord, *, chain_id: int, provider_id: int) -> None:
    """As ``check_begins``, for a window whose blocks are known: they follow those of the record before, too.

    Raises:
        InputError: they do not, or as ``check_begins``.
    """
    check_begins(
        previous,
        chain_id=chain_id,
        provider_id=provider_id,
        rollup=window.rollup,
        first_epoch=window.first_epoch,
    )
    if window.first_block.number != previous.window.last_block.number + 1:
        raise InputError(
            "the blocks of the window do not follow those of the record before",
            hint="one of them is of a chain that was reorganised: verify the record before",
            first_block=window.first_block.number,
            last_block_before=previous.window.last_block.number,
        )


# --------------------------------------------------------------------------- writing


def encode_record(record: PayoutRecord) -> bytes:
    """The file of a record: the same bytes for the same record."""
    settlement = record.settlement
    document = {
        "format": FORMAT,
        "network": record.network,
        "chain_id": record.chain_id,
        "provider_id": record.provider_id,
        "wallet": record.wallet,
        "token": record.token,
        "previous": record.previous,
        "window": _plain(record.window),
        "settled_at": None if record.settled_at is None else _plain(record.settled_at),
        "terms": {
            **_plain(record.terms),
            "sequencer_reward_wei": str(record.terms.sequencer_reward_wei),
            "rounding": ROUNDING,
        },
        "totals": {
            "checkpoints": settlement.checkpoints,
            "passed_over": settlement.passed_over,
            "reward_wei": str(settlement.reward_wei),
            "commission_wei": str(settlement.commission_wei),
            "forwarded_wei": str(settlement.forwarded_wei),
        },
        "delegations": [_plain(each) for each in record.delegations],
        "checkpoints": [_plain(each) for each in record.checkpoints],
        "transfers": [_plain(each) for each in settlement.transfers],
        "calls": [
            {"to": call.to, "value_wei": str(call.value_wei), "data": to_hex(call.data)}
            for call in record.calls
        ],
    }
    return (json.dumps(document, indent=1, ensure_ascii=False) + "\n").encode()


def _plain(record: Any) -> dict[str, Any]:
    """Fields as JSON, amounts as text."""
    found: dict[str, Any] = {}
    for field in attrs.fields(type(record)):
        value = getattr(record, field.name)
        if attrs.has(type(value)):
            found[field.name] = _plain(value)
        else:
            found[field.name] = str(value) if field.metadata.get("unit") == "wei" else value
    return found
