"""A season of a watcher: a chain that grows and turns in ticks, and executors of every sort, whose work is all in files.

What a tick brings depends on the seed and the tick alone, and the next one begins when all of the last was read and
carried out. So processes that are killed and followed by others see the same as one that nobody disturbs.
"""

from __future__ import annotations

import json
import random
from collections import Counter
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import keystore_cases as cases
from event_logs import GSE, ROLLUP
from forking_chain import ChainRpc, ForkingChain
from watcher_world import ByKind, Ledger, People, Watched, World

from aztec_butler.core.calls import Call
from aztec_butler.core.intent_parameters import CreateProvider, TopUp, UpdateCoinbase
from aztec_butler.core.intents import ActionKind, IntentState
from aztec_butler.store import keystore_edits
from aztec_butler.store.keystore_edits import backups_of
from aztec_butler.watcher import handlers
from aztec_butler.watcher.executor import Look, Plan, Standing
from aztec_butler.watcher.executors import safe_files
from aztec_butler.watcher.executors.carried_coinbases import Carried
from aztec_butler.watcher.executors.coinbase import CoinbaseExecutor
from aztec_butler.watcher.executors.delivery import Fate
from aztec_butler.watcher.executors.keystore_set import KeystoreSet
from aztec_butler.watcher.executors.notice_text import REPEATED
from aztec_butler.watcher.executors.notify import NotifyExecutor
from aztec_butler.watcher.executors.safe_files import SafeFiles
from aztec_butler.watcher.notices import action

FINALITY = 6
SAFE = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"
CONTRACTS = {ROLLUP: "rollup", GSE: "gse"}
MOST_KEYS = 80


def attester(number: int) -> str:
    return cases.ADDRESSES[0][:2] + f"{number + 1:040d}"


def number_of(record) -> int:
    return int(record.position.transaction_hash, 16)


def acts_on_a_slash(keys, record, facts, settings):
    """A handler of the season: a slash asks for one of three effects that cannot be undone."""
    number = number_of(record)
    who = attester(number // 3 % keys)
    parameters = (
        TopUp(publisher=who, amount_wei=number + 1, balance_wei=0, low_wei=1, from_safe=SAFE),
        UpdateCoinbase(attester=who, coinbase=f"0x{0xC0FFEE + number:040x}", source="split"),
        CreateProvider(admin=SAFE, take_rate_bps=number % 10_000, rewards_recipient=who),
    )[number % 3]
    yield action(record, facts, parameters, target=f"slash:{number}", summary=f"Act on slash {number}.")


class Script:
    """What each tick brings."""

    def __init__(self, chain: ForkingChain, seed: int, ticks: int) -> None:
        self.chain, self.seed, self.ticks = chain, seed, ticks

    def apply(self, tick: int) -> None:
        chance = random.Random(f"{self.seed} {tick}")
        if tick >= self.ticks:
            self.chain.mine(FINALITY + 2, events=0)
            return
        depth = chance.choice([0, 0, 0, 1, 2, FINALITY - 1])
        if depth and self.chain.head.number - depth >= self.chain.final:
            self.chain.drop(depth)
        else:
            depth = 0
        self.chain.mine(depth + chance.randint(1, 2), events=chance.choice([0, 1, 1]))


def coinbases_in(keystore: Path) -> dict[str, str]:
    """Of the attesters that have one."""
    validators = json.loads(keystore.read_text())["validators"]
    return {each["attester"]["eth"]: each["coinbase"] for each in validators if each.get("coinbase")}


class NodeOfTheKeys:
    """A node that is asked to reload."""

    name = "node"

    def __init__(self, world: World, keystore: Path) -> None:
        self.world, self.keystore = world, keystore

    def get_config(self):
        return {}

    def reload_keystore(self):
        self.world.happen("reloads", coinbases_in(self.keystore))

    @property
    def loaded(self) -> dict[str, str]:
        """What it works with."""
        reloads = self.world.happened("reloads")
        return reloads[-1][0] if reloads else {}


class Proof:
    """A chain on which every attester proposes at once, by what its node has loaded."""

    def __init__(self, node: NodeOfTheKeys) -> None:
        self.node = node

    def heads(self):
        return SimpleNamespace(head=SimpleNamespace(number=5000), settled=SimpleNamespace(number=5000))

    def look(self, who, coinbases, heads, *, first_block, known):
        named = self.node.loaded.get(who)
        if named not in coinbases:
            return Carried(up_to=5000, settled_to=5000)
        return Carried(block_number=5000, coinbase=named, up_to=5000, settled_to=5000)


class FileWriter:
    """Hands calls out as files for a Safe, and is content with that."""

    kinds = frozenset({ActionKind.CREATE_PROVIDER})

    def __init__(self, folder: Path) -> None:
        self.files = SafeFiles(folder, safe=SAFE, chain_id=1)

    def calls(self, intent):
        data = intent.id.encode().ljust(36, b"\0")[:36]
        return (Call(to=SAFE, data=data, value_wei=0, summary=intent.summary),)

    def look(self, intent, attempt):
        delivered = self.files.find(intent, attempt.past())
        if delivered is None:
            return Look(standing=Standing.NEEDED, evidence="no file")
        assert delivered.fate is Fate.WAITING
        return Look(standing=Standing.DONE, evidence="handed out")

    def plan(self, intent):
        return Plan(summary=intent.summary)

    def act(self, intent, attempt):
        self.files.deliver(intent, self.calls(intent), attempt)

    def stop(self):
        pass


class Season:
    """The watcher of a season, in a folder that outlives it.

    Args:
        folder: of everything that is kept.
        seed: of what happens.
        ticks: after which all that happened becomes final.
        on_point: told of every named moment: of the journal, of attempts, and of the world.
        rpc_of: the door to the chain; without sockets by default.
        clock: Unix seconds.
    """

    def __init__(
        self, folder: Path, seed: int, ticks: int, *, on_point=lambda _: None, rpc_of=ChainRpc, **options
    ) -> None:
        self.folder, self.seed, self.ticks, self.on_point = folder, seed, ticks, on_point
        self.keys = min(MOST_KEYS, 5 * (ticks + 2))  # to read them takes most of the time
        handlers._BY_RECORD = dict(handlers._BY_RECORD) | {
            "RollupSlashed": [handlers.stake.slashed, partial(acts_on_a_slash, self.keys)]
        }
        self.keystore = folder / "keystore" / "key1.json"
        self._prepare()
        self.chain = ForkingChain(finality=FINALITY)
        self.script = Script(self.chain, seed, ticks)
        self.tick = int(_read(folder / "tick") or 0)
        for tick in range(self.tick + 1):
            self.script.apply(tick)
        world = World(folder / "world", on_point)
        self.node = NodeOfTheKeys(world, self.keystore)
        coinbase = CoinbaseExecutor(
            KeystoreSet(paths=(folder / "keystore",), keep_backups=10**6), self.node, Proof(self.node)
        )
        coinbase._checkpoints = Proof(self.node)

        def executors(log):
            people = NotifyExecutor(log, [People(world)], network="x", per_hour=10**6)
            return ByKind(people, Ledger(world), coinbase, FileWriter(folder / "safe"))

        self.watched = Watched(
            rpc_of(self.chain),
            folder / "journal.sqlite3",
            world,
            contracts=CONTRACTS,
            executors=executors,
            on_step=on_point,
            **options,
        )

    def _prepare(self) -> None:
        if not self.keystore.exists():
            self.keystore.parent.mkdir(parents=True, exist_ok=True)
            validators = [
                {
                    "attester": {"eth": attester(number)},
                    "publisher": cases.ADDRESSES[2],
                    "feeRecipient": cases.FEES,
                }
                for number in range(self.keys)
            ]
            text = json.dumps({"schemaVersion": 1, "remoteSigner": cases.SIGNER, "validators": validators})
            half = self.keystore.with_name(".half")
            half.write_text(text)
            half.chmod(0o600)
            half.rename(self.keystore)

    def play(self, *, turn=None) -> None:
        """To the end, from wherever an earlier process got to."""
        while not self.is_over:
            self.play_once(turn=turn)

    def play_once(self, *, turn=None) -> None:
        """One tick."""
        (turn or self.watched.turn)()
        following = self.folder / "tick.new"
        following.write_text(str(self.tick + 1))
        following.rename(self.folder / "tick")
        self.tick += 1
        if not self.is_over:
            self.script.apply(self.tick)

    @property
    def is_over(self) -> bool:
        return self.tick > self.ticks

    # ------------------------------------------------------------------ what is left

    def left(self) -> dict:
        """Everything that must not depend on how often a process ended: order and times aside."""
        journal = self.watched.journal
        return {
            "events": sorted(self.watched.final_events()),
            "intents": sorted((row.id, row.state.value) for row in journal.intents()),
            "effects": sorted(self.watched.world.happened("effects")),
            "coinbases": sorted(coinbases_in(self.keystore).items()),
            "loaded": sorted(self.node.loaded.items()),
            "files": sorted((each.name, each.read_bytes()) for each in (self.folder / "safe").glob("*")),
            "told": sorted(self._told()),
            "checkpoint": repr(journal.checkpoint()),
            "findings": [str(each) for each in journal.verify()],
        }

    def _told(self) -> set[tuple[str, str]]:
        """Title and id of each notice that people got, however often."""
        return {
            (title.partition(": ")[2], body.splitlines()[-1])
            for title, body in self.watched.world.happened("notices")
        }

    def doubled(self) -> int:
        """Effects that happened twice where once was asked for, without saying so."""
        world = self.watched.world
        effects = Counter(world.happened("effects"))
        notices = Counter(
            body.splitlines()[-1] for _, body in world.happened("notices") if REPEATED not in body
        )
        twice = sum(count - 1 for counts in (effects, notices) for count in counts.values())
        # An edit that a crash ended before its end has left the text of before twice.
        before = {each.read_bytes() for each in backups_of(self.keystore)}
        return twice + len(before) - self._updates()

    def _updates(self) -> int:
        rows = self.watched.journal.intents(kinds=[ActionKind.UPDATE_COINBASE])
        return sum(row.state is IntentState.DONE for row in rows)

    def repeated(self) -> dict[str, int]:
        """What was asked for again because nobody knew whether it had arrived: it does the same twice, or says so."""
        world = self.watched.world
        return {
            "reloads": len(world.happened("reloads")) - self._updates(),
            "notices": sum(REPEATED in body for _, body in world.happened("notices")),
        }


def lost(left: dict, expected: dict) -> int:
    """What an undisturbed watcher had, did or told, and this one has not."""
    names = ("events", "effects", "coinbases", "files", "told")
    return sum(
        (Counter(map(tuple, expected[name])) - Counter(map(tuple, left[name]))).total() for name in names
    )


def watch_writes(on_point) -> None:
    """Name the moments inside of writes to keystores and Safe files; in a process of its own."""
    put, write, whole = keystore_edits._Prepared.put, keystore_edits._write, safe_files.write_whole

    def watched_put(self):
        on_point("before renaming")
        put(self)
        on_point("file-renamed")

    def watched_write(path, content, like):
        write(path, content[: len(content) // 2], like)
        on_point("half written")
        path.unlink()
        write(path, content, like)
        on_point("file-written")

    def watched_whole(path, content):
        half = path.with_name(f".{path.name}.0a1b2c3d.part")
        half.write_bytes(content[: len(content) // 2])
        on_point("half a Safe file")
        half.unlink()
        whole(path, content)
        on_point("a Safe file")

    keystore_edits._Prepared.put = watched_put
    keystore_edits._write = watched_write
    safe_files.write_whole = watched_whole


def _read(path: Path) -> str | None:
    return path.read_text() if path.exists() else None
