"""An accounting of rewards by a walk over every block with plain calls: it knows nothing of ledgers, logs or days."""

from __future__ import annotations

import attrs

from aztec_butler.core.hexes import keccak256

_OWED = "0x" + keccak256(b"getSequencerRewards(address)")[:4].hex()


@attrs.frozen
class Walked:
    """What every block did to one coinbase, by number of the block.

    Args:
        accrued: credited in it.
        claimed: paid in it.
        owed: behind it.
    """

    accrued: list[int]
    claimed: list[int]
    owed: list[int]


def block_times(rpc, last):
    headers = rpc.batch([("eth_getBlockByNumber", [hex(number), False]) for number in range(last + 1)])
    return [int(header["timestamp"], 16) for header in headers]


def walk(rpc, rollups, coinbases, last):
    """The accounting of each coinbase over all rollups; on none of them may a block both credit and pay one."""
    blocks = range(last + 1)
    found = {}
    for coinbase in coinbases:
        accrued, claimed, total = ([0] * (last + 1) for _ in range(3))
        for rollup in rollups:
            call = {"to": rollup, "data": _OWED + coinbase[2:].rjust(64, "0")}
            answers = rpc.batch([("eth_call", [call, hex(number)]) for number in blocks])
            owed = [int(answer, 16) if answer != "0x" else 0 for answer in answers]
            for number in blocks[1:]:
                before, after = owed[number - 1], owed[number]
                total[number] += after
                if after >= before:
                    accrued[number] += after - before
                else:  # a claim pays everything
                    assert after == 0
                    claimed[number] += before
        found[coinbase] = Walked(accrued, claimed, total)
    return found


def check_ledger(frame, walked, times):
    """Every row of a ledger against the walk, to the wei; every coinbase with the same periods, none left away."""
    periods = sorted(set(frame["ends_at"]))
    assert set(frame["coinbase"]) == set(walked)
    for coinbase, rows in frame.groupby("coinbase", observed=True):
        truth = walked[coinbase]
        assert list(rows["ends_at"]) == periods
        for row in rows.itertuples():
            begin, end = row.begins_at.timestamp(), row.ends_at.timestamp()
            inside = [number for number, at in enumerate(times) if begin < at <= end]
            assert row.accrued_wei == sum(truth.accrued[number] for number in inside), (coinbase, row.ends_at)
            assert row.claimed_wei == sum(truth.claimed[number] for number in inside), (coinbase, row.ends_at)
            assert row.closing_wei == truth.owed[max(n for n, at in enumerate(times) if at <= end)]
            assert row.opening_wei + row.accrued_wei - row.claimed_wei == row.closing_wei
            assert row.provider_wei + row.staker_wei + row.direct_wei == row.accrued_wei
            assert (
                min(row.accrued_wei, row.claimed_wei, row.provider_wei, row.staker_wei, row.direct_wei) >= 0
            )
