"""A coinbase set by processes that are killed, for ``watcher/executors/test_coinbase.py``: run in a process of its own.

python coinbase_crashes.py FOLDER     kill the work at each of its points, go on as a new process; a JSON report
"""

from __future__ import annotations

import json
import os
import signal
import sys
from pathlib import Path
from types import SimpleNamespace

import keystore_cases as cases
from executor_attempts import Steps, intent_of

from aztec_butler.core.intent_parameters import UpdateCoinbase
from aztec_butler.store import keystore_edits
from aztec_butler.store.keystore_edits import backups_of
from aztec_butler.watcher.executor import Standing
from aztec_butler.watcher.executors.carried_coinbases import Carried
from aztec_butler.watcher.executors.coinbase import CoinbaseExecutor
from aztec_butler.watcher.executors.keystore_set import KeystoreSet

INTENT = intent_of(UpdateCoinbase(attester=cases.ADDRESSES[0], coinbase=cases.ADDRESSES[3], source="split"))
OLD = json.dumps(cases.keys(), indent=2)


class Chain:
    """A chain without checkpoints."""

    def heads(self):
        return SimpleNamespace(head=SimpleNamespace(number=5000), settled=SimpleNamespace(number=4936))

    def look(self, attester, coinbases, heads, *, first_block, known):
        return Carried(up_to=heads.head.number, settled_to=heads.settled.number)


class Node:
    """A node that notes each reload in a file, as it would survive us."""

    name = "node"

    def __init__(self, path: Path, on_point) -> None:
        self.path, self.on_point = path, on_point

    def get_config(self):
        self.on_point("node asked")
        return {}

    def reload_keystore(self):
        self.on_point("before the reload is heard")
        with self.path.open("a") as file:
            file.write("reloaded\n")
        self.on_point("reload answered")


def work(folder: Path, on_point) -> str:
    """What the loop does: look, act where needed, look again."""
    executor = CoinbaseExecutor(
        KeystoreSet(paths=(folder / "keystore",)), Node(folder / "reloads", on_point), Chain()
    )
    executor._checkpoints = Chain()
    attempt = Steps(folder / "steps", on_point)
    look = executor.look(INTENT, attempt)
    if look.standing is Standing.NEEDED:
        executor.act(INTENT, attempt)
        look = executor.look(INTENT, attempt)
    return look.standing.value


def prepare(folder: Path) -> Path:
    """A folder with a keystore."""
    (folder / "keystore").mkdir(parents=True)
    path = folder / "keystore" / "key1.json"
    path.write_text(OLD)
    path.chmod(0o600)
    return path


def killed_at(number: int, folder: Path) -> str | None:
    """Work in a process that is killed at its nth point; the point's name, None if it has not so many."""
    child = os.fork()
    if child == 0:
        seen = 0

        def on_point(name: str) -> None:
            nonlocal seen
            seen += 1
            if seen == number:
                (folder / "point").write_text(name)
                os.kill(os.getpid(), signal.SIGKILL)

        put, write = keystore_edits._Prepared.put, keystore_edits._write

        def watched_put(self):
            on_point("before renaming")
            put(self)
            on_point("renamed")

        def watched_write(path, content, like):
            write(path, content[: len(content) // 2], like)
            on_point("half written")
            path.unlink()
            write(path, content, like)

        keystore_edits._Prepared.put = watched_put
        keystore_edits._write = watched_write
        work(folder, on_point)
        os._exit(0)
    killed = os.WIFSIGNALED(os.waitpid(child, 0)[1])
    return (folder / "point").read_text() if killed else None


def main() -> None:
    """See above."""
    base = Path(sys.argv[1])
    states = []
    number = 1
    while True:
        folder = base / str(number)
        path = prepare(folder)
        point = killed_at(number, folder)
        if point is None:
            break
        standing = work(folder, lambda _: None)
        names = [each.name for each in path.parent.iterdir()]
        reloads = folder / "reloads"
        states.append(
            {
                "killed": point,
                "coinbases": [each["coinbase"] for each in json.loads(path.read_text())["validators"]],
                "backups": [each.read_text() == OLD for each in backups_of(path)],
                "leftovers": [name for name in names if name.endswith(".part")],
                "standing": standing,
                "reloads": len(reloads.read_text().splitlines()) if reloads.exists() else 0,
            }
        )
        number += 1
    print(json.dumps(states))


if __name__ == "__main__":
    main()
