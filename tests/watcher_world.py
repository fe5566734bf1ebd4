"""A watcher over a chain of a test's own: the real follower, intake, journal and actor, and a world that effects go to.

::

    world = World(folder)                      # keystores, nodes and people, in files
    watcher = Watched(ChainRpc(chain), folder / "journal.sqlite3", world)
    watcher.turn()                             # one poll, and everything that is due
    watcher.restart()                          # as after the end of the process
"""

from __future__ import annotations

import io
import json
import os
import re
from collections import Counter
from contextlib import ExitStack
from pathlib import Path

import attrs
from event_logs import SOMEBODY, TIME
from staking_story import Story
from watcher_facts import facts_of, settings_of

from aztec_butler.core.errors import NodeRefused
from aztec_butler.core.hexes import to_hex
from aztec_butler.core.intent_parameters import TopUp
from aztec_butler.core.intents import ActionKind, IntentState, Mode
from aztec_butler.core.lifecycle import Lifecycle
from aztec_butler.core.records import BlockStamp
from aztec_butler.serving.logs import Redactor, open_log
from aztec_butler.serving.setting_values import LogLevel
from aztec_butler.store.journal import Journal
from aztec_butler.store.journal_rows import EventState
from aztec_butler.watcher import handlers
from aztec_butler.watcher.actor import Actor
from aztec_butler.watcher.executor import Look, Plan, Standing
from aztec_butler.watcher.executors.notice_text import REPEATED
from aztec_butler.watcher.executors.notify import NotifyExecutor
from aztec_butler.watcher.facts import OwnAttester
from aztec_butler.watcher.follower import Follower
from aztec_butler.watcher.knowledge import Knowledge
from aztec_butler.watcher.notices import action
from aztec_butler.watcher.watcher import Watcher

GENESIS = "0x" + "11" * 32
SAFE = "0x" + "5A" * 20
NOW = TIME + 10_000_000
FOR_EVER = 10**10
MODES = dict.fromkeys(ActionKind, Mode.AUTO)


def pays_for_a_slash(record, facts, settings):
    """A handler of this test: an effect that cannot be undone, of every slash."""
    parameters = TopUp(publisher=SOMEBODY, amount_wei=1, balance_wei=0, low_wei=1, from_safe=SAFE)
    yield action(record, facts, parameters, target=f"publisher:{SOMEBODY}", summary="Pay for a slash.")


def with_effects(monkeypatch):
    """Let every slash of ours ask for an effect that cannot be undone, besides its notice."""
    lines = dict(handlers._BY_RECORD)
    lines["RollupSlashed"] = [*lines["RollupSlashed"], pays_for_a_slash]
    monkeypatch.setattr(handlers, "_BY_RECORD", lines)


class World:
    """What is outside of the watcher and outlives it: people who are told, and a ledger of effects; in files.

    Args:
        folder: of the files.
        on_point: told before and after everything that happens to the world.
    """

    def __init__(self, folder: Path, on_point=lambda _: None) -> None:
        self.folder = folder
        self.on_point = on_point
        folder.mkdir(exist_ok=True)

    def happen(self, what: str, *facts) -> None:
        self.on_point(f"before {what}")
        with (self.folder / what).open("a") as file:
            file.write(json.dumps(facts) + "\n")
            file.flush()
            os.fsync(file.fileno())
        self.on_point(f"after {what}")

    def happened(self, what: str) -> list[tuple]:
        path = self.folder / what
        return [tuple(json.loads(line)) for line in path.read_text().splitlines()] if path.exists() else []


class Ledger:
    """An executor whose effect is a line in the world; found there before it is made again."""

    kinds = frozenset({ActionKind.TOP_UP})

    def __init__(self, world: World) -> None:
        self.world = world

    def look(self, intent, attempt):
        is_there = (intent.id,) in self.world.happened("effects")
        return Look(standing=Standing.DONE if is_there else Standing.NEEDED, evidence=f"there: {is_there}")

    def plan(self, intent):
        return Plan(summary=intent.summary)

    def act(self, intent, attempt):
        attempt.step("writing")
        self.world.happen("effects", intent.id)
        attempt.step("written")

    def stop(self):
        pass


class People:
    """A target of notices."""

    name = "people"

    def __init__(self, world: World) -> None:
        self.world = world

    def send(self, message):
        self.world.happen("notices", message.title, message.body)


class ByKind:
    """Executors by kind."""

    def __init__(self, *executors) -> None:
        self._by_kind = {kind: each for each in executors for kind in each.kinds}

    def of(self, kind):
        return self._by_kind[kind]

    def stop(self):
        for each in self._by_kind.values():
            each.stop()


class HeaderReader:
    """Facts that are true of every block: one attester of ours, and the contracts that the test watches."""

    is_current = True

    def __init__(self, rpc, contracts) -> None:
        own = OwnAttester(attester=SOMEBODY, lifecycle=Lifecycle.VALIDATING)
        known = facts_of(Story(), provider_ids=())
        self._base = attrs.evolve(known, attesters={SOMEBODY: own}, contracts=contracts)
        self._rpc = rpc

    def read(self, block):
        name = hex(block) if isinstance(block, int) else block
        header = self._rpc.call_together(
            [("eth_getBlockByNumber", [name, False])], decode=lambda results, _: json.loads(bytes(results[0]))
        )
        if not isinstance(header, dict) or not {"number", "hash", "timestamp"} <= header.keys():
            raise NodeRefused("the node names no such block", retryable=True, block=block)
        stamp = BlockStamp(
            number=int(header["number"], 16),
            hash=header["hash"],
            timestamp=int(header["timestamp"], 16),
            is_finalized=block == "finalized",
        )
        return attrs.evolve(self._base, block=stamp)


class Watched:
    """A watcher that is closed and opened at will.

    Args:
        rpc: the chain.
        path: of the journal.
        world: that effects go to.
        contracts: role by address.
        executors: made for a log; people and a ledger by default.
        clock: Unix seconds; by default one that goes on with each turn.
        on_step: told of named moments.
        stream: gets the log.
        options: of the follower.
    """

    def __init__(
        self,
        rpc,
        path,
        world,
        *,
        contracts,
        executors=None,
        clock=None,
        on_step=lambda _: None,
        stream=None,
        **options,
    ) -> None:
        self.rpc, self.path, self.world = rpc, path, world
        self.contracts = contracts
        self._monotonic = 0.0
        self.clock = clock or (lambda: NOW + self._monotonic)
        self.on_step = on_step
        self._make_executors = executors or self._usual
        self.options = {"start_block": 0, "patience": 4} | options
        self.settings = settings_of(
            provider_ids=(), keystores=(), mode=MODES, notices_expire=FOR_EVER, notices_per_hour=10**6
        )
        self._stream = stream
        self.restart()

    def _usual(self, log):
        people = NotifyExecutor(log, [People(self.world)], network="x", per_hour=10**6)
        return ByKind(people, Ledger(self.world))

    def restart(self) -> None:
        """As after the end of the process: only what was kept is left."""
        self.close()
        self._stack = ExitStack()
        log = open_log(self._stream or io.StringIO(), Redactor(), level=LogLevel.DEBUG)
        chain_id = facts_of(Story(), provider_ids=()).chain_id
        self.journal = self._stack.enter_context(
            Journal.open(
                self.path,
                chain_id=chain_id,
                genesis_hash=GENESIS,
                now=int(self.clock()),
                on_step=self.on_step,
            )
        )
        knowledge = Knowledge(HeaderReader(self.rpc, self.contracts), self.settings, self.rpc)
        self.follower = Follower(self.rpc, watched=knowledge.watched, on_step=self.on_step, **self.options)
        self.watcher = Watcher(self.journal, self.follower, knowledge, self.settings, log, clock=self.clock)
        self.actor = Actor(
            self.journal,
            self._make_executors(log),
            log,
            clock=self.clock,
            monotonic=lambda: self._monotonic,
            on_step=self.on_step,
        )
        self.actor.recover()

    def turn(self) -> None:
        """One poll, and everything that is due."""
        self.watcher.turn()
        self.act()

    def act(self) -> None:
        for _ in range(10):
            self._monotonic += 7 * 3600  # whatever was put off is due
            while self.actor.turn():
                pass
            if not self.journal.intents(states=[IntentState.READY], limit=1):
                return

    def close(self) -> None:
        """Let go of the journal."""
        if hasattr(self, "_stack"):
            self._stack.close()

    # ------------------------------------------------------------------ how it stands

    def final_events(self):
        """Block, its hash and the transaction's of each event that is final, as the journal has them."""
        return {
            (number, to_hex(block_hash), to_hex(transaction_hash))
            for state, (number, block_hash, transaction_hash, *_) in self.journal.events()
            if state is EventState.FINAL
        }

    def outcome(self):
        """What has to be the same, whatever happened on the way: final events, effects, and their intents."""
        paid = self.journal.intents(kinds=[ActionKind.TOP_UP])
        return {
            "events": self.final_events(),
            "done": {row.id for row in paid if row.state is IntentState.DONE},
            "others": [row.id for row in paid if row.state is not IntentState.DONE],
            "effects": Counter(intent_id for (intent_id,) in self.world.happened("effects")),
        }

    def told(self) -> list[tuple[str, int]]:
        """Titles of the notices that people got, each with its block; repetitions that say so are left out."""
        found = []
        for title, body in self.world.happened("notices"):
            if REPEATED not in body:
                block = re.search(r"^block (\d+),", body, re.MULTILINE)
                found.append((title.partition(": ")[2], int(block[1]) if block else -1))
        return found
