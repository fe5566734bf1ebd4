"""Edits of keystores that end in the middle, for ``store/test_keystore_edits.py``: run in a process of its own.

python keystore_crashes.py killed FOLDER     kill an edit before every line that it runs; a JSON report of what is left
python keystore_crashes.py full FOLDER       run an edit on a disk that takes only so many bytes
"""

from __future__ import annotations

import json
import os
import resource
import signal
import sys
from pathlib import Path
from types import FrameType
from typing import Any

from aztec_butler.core.errors import InputError
from aztec_butler.core.keystores.editing import FileEdit
from aztec_butler.store import keystore_edits
from aztec_butler.store.keystore_edits import apply_edits, backups_of
from aztec_butler.store.keystores import read_source

OLD = json.dumps({"text": "old" * 3000})
NEW = json.dumps({"text": "new" * 3000})
MODE = 0o600


def edit(path: Path) -> None:
    """Replace the old text by the new one."""
    source = read_source(path)
    apply_edits([FileEdit(file=str(path), before=source.text, after=NEW)], [source], keep_backups=2)


def prepare(folder: Path) -> Path:
    """A folder with the old text."""
    folder.mkdir()
    path = folder / "key1.json"
    path.write_text(OLD)
    path.chmod(MODE)
    return path


def killed_before(line: int, path: Path) -> bool:
    """Run the edit in a process that is killed before the given line of the module; whether it got that far."""
    child = os.fork()
    if child == 0:
        seen = 0

        def trace(frame: FrameType, event: str, _: Any) -> Any:
            nonlocal seen
            if frame.f_code.co_filename != keystore_edits.__file__:
                return None
            if event == "line":
                seen += 1
                if seen == line:
                    os.kill(os.getpid(), signal.SIGKILL)
            return trace

        sys.settrace(trace)
        edit(path)
        os._exit(0)
    return os.WIFSIGNALED(os.waitpid(child, 0)[1])


def killed_while_writing(number: int, path: Path) -> None:
    """Run the edit in a process that is killed when half of its nth file is written."""
    child = os.fork()
    if child == 0:
        write, seen = keystore_edits._write, 0

        def half(path: Path, content: bytes, like: Any) -> None:
            nonlocal seen
            seen += 1
            write(path, content[: len(content) // 2] if seen == number else content, like)
            if seen == number:
                os.kill(os.getpid(), signal.SIGKILL)

        keystore_edits._write = half
        edit(path)
        os._exit(0)
    os.waitpid(child, 0)


def state(path: Path) -> dict[str, Any]:
    """What a crash has left, and whether the next edit gets over it."""
    text = path.read_text()
    left = {
        "text": {OLD: "old", NEW: "new"}.get(text, "torn"),
        "mode": path.stat().st_mode & 0o777,
        "backups": [{OLD: "old", NEW: "new"}.get(each.read_text(), "torn") for each in backups_of(path)],
        "json": [each.name for each in path.parent.iterdir() if each.name.endswith(".json")],
        "open": [each.name for each in path.parent.iterdir() if each.stat().st_mode & 0o077],
    }
    path.write_text(OLD)
    edit(path)
    left["then"] = "new" if path.read_text() == NEW else "torn"
    left["leftovers"] = [each.name for each in path.parent.iterdir() if each.name.endswith(".part")]
    return left


def main() -> None:
    """See above."""
    what, folder = sys.argv[1], Path(sys.argv[2])
    states = []
    if what == "killed":
        line = 1
        while True:
            path = prepare(folder / f"line{line}")
            if not killed_before(line, path):
                break
            states.append(state(path))
            line += 1
        for number in (1, 2):
            path = prepare(folder / f"file{number}")
            killed_while_writing(number, path)
            states.append(state(path))
    else:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        for size in (0, 1, len(OLD) // 2, len(NEW) - 1):
            path = prepare(folder / f"size{size}")
            resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))
            try:
                edit(path)
                reason = None
            except InputError as error:
                reason = error.facts["reason"]
            finally:
                resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
            states.append(
                {"reason": reason, "files": [each.name for each in path.parent.iterdir()], **state(path)}
            )
    print(json.dumps(states))


if __name__ == "__main__":
    main()
