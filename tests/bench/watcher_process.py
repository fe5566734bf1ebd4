"""A watcher on the chain of ``watcher_chain``, in a process of its own: follower, handlers, journal, all as they are.

Only its facts are given: who is ours does not change here. Each command is a line, each answer a line of JSON::

    catch-up URL SHARE JOURNAL     reads everything up to the head into a new journal
    follow URL SHARE JOURNAL N     polls N blocks one by one
"""

from __future__ import annotations

import io
import json
import os
import resource
import sys
import time
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1]))
import attrs
from watcher_chain import (
    ATTESTERS,
    FINALITY,
    FIRST_BLOCK,
    PROVIDERS,
    TIME,
    account,
    block_hash,
    contracts,
    provider_of,
)

from aztec_butler.clients.rpc import Rpc
from aztec_butler.core.hexes import ZERO_ADDRESS
from aztec_butler.core.hexes import parse_address as checksum
from aztec_butler.core.intents import IntentState
from aztec_butler.core.lifecycle import Lifecycle
from aztec_butler.core.records import BlockStamp
from aztec_butler.serving.logs import Redactor, open_log
from aztec_butler.store.journal import Journal
from aztec_butler.store.journal_entry import Delivery
from aztec_butler.watcher.facts import Facts, OwnAttester, OwnProvider
from aztec_butler.watcher.follower import Follower
from aztec_butler.watcher.knowledge import Knowledge
from aztec_butler.watcher.watcher import Watcher


def facts_by(share: float):
    """What a watcher knows to which so many of all events belong: its providers, their attesters."""
    from staking_story import DEPLOYMENT, rollup

    addresses = {role: checksum(address) for role, address in contracts().items()}
    canonical = rollup(1, addresses["rollup"])
    ours = range(1, round(PROVIDERS * share) + 1)
    admin = checksum(account("admin", 1))
    attesters = [which for which in range(ATTESTERS) if provider_of(which) in ours]
    return Facts(
        block=BlockStamp(number=0, hash="0x" + "00" * 32, timestamp=0, is_finalized=True),
        deployment=attrs.evolve(
            DEPLOYMENT, rollups=(canonical,), staking_registry=addresses["staking_registry"]
        ),
        canonical=canonical,
        contracts={address: role for role, address in addresses.items()},
        provider_ids=tuple(ours),
        providers={
            each: OwnProvider(
                provider_id=each, admin=admin, take_rate_bps=500, rewards_recipient=admin, keys_queued=50
            )
            for each in ours
        },
        attesters={
            checksum(account("attester", which)): OwnAttester(
                attester=checksum(account("attester", which)),
                lifecycle=Lifecycle.VALIDATING,
                provider_id=provider_of(which),
                stake_wei=200_000 * 10**18,
                headroom_wei=10_000 * 10**18,
                split=checksum(account("split", which)),
                split_owner=ZERO_ADDRESS,
            )
            for which in attesters
        },
        # Nothing is missing, so that what is measured is events.
        coinbases={
            checksum(account("attester", which)): checksum(account("split", which)) for which in attesters
        },
    )


class Given:
    """The same facts at every block."""

    is_current = True

    def __init__(self, rpc: Rpc, facts: Facts) -> None:
        self._rpc = rpc
        self._facts = facts

    def read(self, block: int | str) -> Facts:
        number = (
            block
            if isinstance(block, int)
            else int(self._rpc.call("eth_getBlockByNumber", block, False)["number"], 16)
        )
        stamp = BlockStamp(
            number=number,
            hash=f"0x{block_hash(number)}",
            timestamp=TIME + 12 * (number - FIRST_BLOCK),
            is_finalized=True,
        )
        return attrs.evolve(self._facts, block=stamp)


def opened(url: str, share: float, path: Path, *, start_block: int | None) -> tuple[Watcher, Journal, Rpc]:
    from watcher_facts import settings_of

    rpc = Rpc(url)
    facts = facts_by(share)
    settings = settings_of(
        provider_ids=facts.provider_ids, notices_expire=10 * 365 * 86_400, start_block=start_block
    )
    journal = Journal.open(path, chain_id=1, genesis_hash="0x" + "00" * 32, now=TIME)
    knowledge = Knowledge(Given(rpc, facts), settings, rpc)
    follower = Follower(rpc, watched=knowledge.watched, start_block=start_block)
    log = open_log(io.StringIO(), Redactor())
    return Watcher(journal, follower, knowledge, settings, log), journal, rpc


def resident_mb() -> float:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGESIZE") / 1e6


def catch_up(url: str, share: float, path: Path) -> dict:
    """Everything there is."""
    watcher, journal, rpc = opened(url, share, path, start_block=FIRST_BLOCK)
    try:
        wall, cpu = time.perf_counter(), time.process_time()
        watcher.turn()
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        events = sum(watcher.tally.events.values())
        assert journal.checkpoint().noticed is not None
        return {
            "events": events,
            "intents": sum(journal.counts().values()),
            "wall_seconds": wall,
            "cpu_seconds": cpu,
            "requests": rpc.request_count,
            "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3,
            "journal_mb": sum(each.stat().st_size for each in path.parent.glob(f"{path.name}*")) / 1e6,
        }
    finally:
        journal.close()


def follow(url: str, share: float, path: Path, blocks: int) -> dict:
    """Blocks, one at a poll."""
    watcher, journal, rpc = opened(url, share, path, start_block=None)
    head = FIRST_BLOCK + FINALITY + 1
    resident, took = [], []
    try:
        cpu = time.process_time()
        before = 0
        for number in range(head, head + blocks):
            rpc.call("bench_setHead", number)
            asked = rpc.request_count
            began = time.perf_counter()
            watcher.turn()
            took.append(time.perf_counter() - began)
            before += rpc.request_count - asked
            resident.append(resident_mb())
        assert journal.checkpoint().noticed.number == head + blocks - 1
        assert journal.checkpoint().final.number == head + blocks - 1 - FINALITY
        return {
            "events": watcher.tally.events[Delivery.NOTICED.value],
            "intents": sum(journal.counts().values()),
            "ready": sum(
                count for (_, state), count in journal.counts().items() if state is IntentState.READY
            ),
            "cpu_seconds": time.process_time() - cpu,
            "turn_seconds": sorted(took)[len(took) // 2],
            "requests": before,
            "resident_mb": resident,
        }
    finally:
        journal.close()


def main() -> None:
    words = sys.argv[1:]
    url, share, path = words[1], float(words[2]), Path(words[3])
    found = catch_up(url, share, path) if words[0] == "catch-up" else follow(url, share, path, int(words[4]))
    print(json.dumps(found), flush=True)


if __name__ == "__main__":
    main()
