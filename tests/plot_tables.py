"""Tables to draw, made without a network: those of a small one, and those of one as large as mainnet.

Made once: who wants other values takes a copy.
"""

from __future__ import annotations

import functools
import types
import typing
from enum import Enum

import attrs
import pandas as pd

from aztec_butler.core.activation_forecast import ActivationForecast
from aztec_butler.core.committees import CommitteeSeat, ProposerSlot
from aztec_butler.core.concentration_figures import ConcentrationStep
from aztec_butler.core.concentration_holders import By, Holder
from aztec_butler.core.exit_calendar import ExitDate, Planned
from aztec_butler.core.exits import ExitState
from aztec_butler.core.hexes import checksum_address
from aztec_butler.core.ledger import LedgerRow
from aztec_butler.core.lifecycle import Lifecycle
from aztec_butler.core.performance import AttesterPerformance, ProviderPerformance
from aztec_butler.core.queue_what_if import QueuePoint
from aztec_butler.core.rows import Attester, HistoryStep
from aztec_butler.core.slashing_round_rows import RoundState, SlashingRound
from aztec_butler.core.slashing_what_if import SlashWhatIf
from aztec_butler.notebook.frames import to_frame

TOKEN = 10**18
STAKE = 200_000 * TOKEN
DAY, HOUR = 86_400, 3_600
NOW = 1_767_225_600  # 2026-01-01
SLOT, EPOCH_SLOTS = 72, 32
ROLLUP = "0x" + "77" * 20
FACTS = {
    "network": "devnet",
    "chain_id": 31337,
    "rollup": ROLLUP,
    "rollup_version": 2,
    "block": 24_000_000,
    "block_timestamp": NOW,
    "finalized": True,
}


@functools.cache
def address(number: int) -> str:
    return checksum_address(
        ((number + 1) * 0x9E3779B97F4A7C15F39CC0605CEDC8341082276B % 2**160).to_bytes(20, "big")
    )


def record(kind: type, **values):
    """A record of which only what matters is told: the rest is nothing, or zero."""
    hints = typing.get_type_hints(kind)
    return kind(**{field.name: _nothing(hints[field.name]) for field in attrs.fields(kind)} | values)


def _nothing(hint):
    if isinstance(hint, types.UnionType) or typing.get_origin(hint) is typing.Union:
        return None
    if issubclass(hint, Enum):
        return next(iter(hint))
    return hint()


def table(kind: type, rows=(), **facts) -> pd.DataFrame:
    return to_frame([record(kind, **row) for row in rows], kind, facts=FACTS | facts)


# --------------------------------------------------------------------------- stake


@functools.cache
def attesters(count=25, providers=4, direct=7):
    """Every third of its own; the others with providers, of which the first have the most."""
    states = [state for state in Lifecycle if state is not Lifecycle.VALIDATING]
    rows = []
    for number in range(count):
        provider = None if number % 3 == 0 else 1 + int((number / count) ** 2 * providers)
        rows.append(
            {
                "attester": address(number),
                "lifecycle": Lifecycle.VALIDATING if number % 5 else states[number // 5 % len(states)],
                "stake_wei": STAKE - number % 4 * 2_000 * TOKEN + number,
                "withdrawer": address(10_000 + number % direct),
                "staker": address(20_000 + number % (2 * direct)),
                "provider_id": provider,
            }
        )
    return table(Attester, rows)


@functools.cache
def holders(providers=5, direct=3):
    stakes = [(STAKE * (providers - number) // 2 + number, number + 1) for number in range(providers)]
    rows = [
        {
            "by": By.PROVIDER,
            "entity": f"provider {id_}",
            "provider_id": id_,
            "attesters": 3,
            "stake_wei": stake,
        }
        for stake, id_ in stakes
    ]
    rows += [
        {"by": By.PROVIDER, "entity": address(number), "attesters": 1, "stake_wei": STAKE + 1}
        for number in range(direct)
    ]
    return table(Holder, rows)


@functools.cache
def concentration_history(steps=30):
    return table(
        ConcentrationStep,
        [
            {
                "ends_at": NOW - (steps - number) * DAY,
                "by": By.PROVIDER,
                "nakamoto_third": None if number < 3 else 2 + number // 10,
                "nakamoto_half": None if number < 3 else 4 + number // 8,
                "nakamoto_two_thirds": None if number < 3 else 7 + number // 6,
            }
            for number in range(steps)
        ],
    )


@functools.cache
def history(steps=60, size=1):
    return table(
        HistoryStep,
        [
            {
                "begins_at": NOW - (steps - number) * DAY,
                "ends_at": NOW - (steps - number - 1) * DAY,
                "attesters": size * min(4 * number, 150),
                "exiting": size * max(0, number - 30),
                "entry_queued": size * max(0, 60 - abs(number - 20) * 3),
                "keys_queued": size * (20 + number % 7),
            }
            for number in range(steps)
        ],
    )


# --------------------------------------------------------------------------- queue


@functools.cache
def queue_what_if(steps=40):
    rows = []
    for name, pace in (("as configured", 4), ("what if", 9)):
        for number in range(steps):
            length = max(0, 300 - pace * number * 2)
            rows.append(
                {
                    "scenario": name,
                    "begins_at": NOW + number * DAY,
                    "queue_length": length,
                    "wait_seconds": None if number < 3 and pace == 4 else length * DAY // (2 * pace),
                }
            )
    return table(QueuePoint, rows)


@functools.cache
def activation_forecast(count=30, expected=True):
    rows = []
    for number in range(count):
        fails = number in (4, count - 1)
        earliest = None if fails else NOW + number // 4 * 2_304
        rows.append(
            {
                "position": number,
                "attester": address(number),
                "fails_because": "key-repeated" if fails else None,
                "earliest_at": earliest,
                "expected_at": None if fails or not expected else NOW + (number // 4 + 1) * 2_304 * 3 // 2,
            }
        )
    return table(ActivationForecast, rows)


# --------------------------------------------------------------------------- rewards and exits


@functools.cache
def ledger(days=30, coinbases=3):
    rows = []
    for day in range(days):
        for coinbase in range(coinbases):
            accrued = 0 if day % 9 == 8 else (day % 5 + 1) * 350 * TOKEN + coinbase
            provider = accrued // 10 if coinbase else 0
            rows.append(
                {
                    "coinbase": address(coinbase),
                    "begins_at": NOW + (day - days) * DAY,
                    "ends_at": NOW + (day - days + 1) * DAY,
                    "accrued_wei": accrued,
                    "claimed_wei": 3_000 * TOKEN if (day, coinbase) in ((12, 1), (25, 2)) else 0,
                    "provider_wei": provider,
                    "staker_wei": accrued - provider if coinbase else 0,
                    "direct_wei": 0 if coinbase else accrued,
                }
            )
    return table(LedgerRow, rows)


@functools.cache
def exit_calendar(count=14):
    rows, so_far = [], 0
    for number in range(count):
        so_far += STAKE
        rows.append(
            {
                "withdrawable_at": NOW + (number - 4) * DAY * 14 // count + number % 3 * HOUR,
                "attester": address(number),
                "planned": Planned.IF_LEFT_NOW if number % 5 == 4 else Planned.PENDING,
                "state": (None, ExitState.AWAITING_RECIPIENT, ExitState.WAITING)[number % 3],
                "amount_wei": STAKE,
                "cumulative_wei": so_far,
            }
        )
    return table(ExitDate, rows)


# --------------------------------------------------------------------------- duties and slashing


@functools.cache
def duties(epochs=3, seats=6, people=10, slots=8, since=None):
    """Committees and proposers, and the checkpoints of every slot but each fifth; the last epoch goes on."""
    begin = NOW - (epochs * slots - slots // 2) * SLOT if since is None else since
    chairs, turns, seen = [], [], []
    for epoch in range(epochs):
        members = [address((epoch * 3 + seat * 7) % people) for seat in range(seats)]
        members = list(dict.fromkeys(members))
        at = begin + epoch * slots * SLOT
        chairs += [
            {"rollup_version": 2, "epoch": 100 + epoch, "epoch_at": at, "position": place, "attester": member}
            for place, member in enumerate(members)
        ]
        for slot in range(slots):
            number = epoch * slots + slot
            turns.append(
                {
                    "rollup_version": 2,
                    "epoch": 100 + epoch,
                    "slot": 100 * slots + number,
                    "slot_at": at + slot * SLOT,
                    "proposer": members[slot * 5 % len(members)],
                }
            )
            if number % 5 and at + slot * SLOT < NOW:
                seen.append(pd.Timestamp(at + slot * SLOT + 12, unit="s", tz="UTC"))
    checkpoints = pd.DataFrame(
        {"block_time": pd.Series(seen, dtype="datetime64[ns, UTC]"), "address": [ROLLUP] * len(seen)}
    )
    checkpoints.attrs = dict(FACTS)
    return table(CommitteeSeat, chairs), table(ProposerSlot, turns), checkpoints


@functools.cache
def performance(count=8, kind=AttesterPerformance):
    rows = []
    for number in range(count):
        fates = {
            "proven_slots": 20 - number % 7,
            "pending_slots": number % 3,
            "pruned_slots": number % 4 // 2,
            "missed_slots": number * number % 9,
        }
        row = {"rollup_version": 2, "proposer_slots": sum(fates.values()), **fates}
        if kind is ProviderPerformance:
            row["provider_id"] = number or None
        else:
            row["attester"] = address(number)
        rows.append(row)
    return table(kind, rows)


@functools.cache
def slashing_rounds(count=7):
    states = (
        RoundState.EXPIRED,
        RoundState.EXECUTED,
        RoundState.VETOED,
        RoundState.WAITING,
        RoundState.VOTING,
    )
    rows = []
    for number in range(count):
        state = states[min(number, 4) if count < 8 else number % 5]
        executed = state is RoundState.EXECUTED
        rows.append(
            {
                "rollup_version": 2,
                "round": 200 + number,
                "state": state,
                "votes": 30 + 17 * number % 90,
                "quorum": 65,
                "condemned": number % 3,
                "slashes": 2 if executed else None,
                "slashed_wei": 4_000 * TOKEN if executed else None,
            }
        )
    return table(SlashingRound, rows)


@functools.cache
def slashing_what_if(count=50):
    return table(
        SlashWhatIf,
        [
            {
                "attester": address(number),
                "rollup_version": 2,
                "amount_wei": 2_000 * TOKEN,
                "ejecting_slash": None if number % 11 == 10 else 1 + number % 7 // 2,
            }
            for number in range(count)
        ],
    )
