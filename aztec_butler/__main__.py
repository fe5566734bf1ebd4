"""The command line: ``python -m aztec_butler``, or ``aztec-butler``."""

from __future__ import annotations

import gc
import os
import sys
import threading
from contextlib import suppress
from typing import NoReturn

_ALLOCATIONS_PER_COLLECTION = 100_000


def main(argv: list[str] | None = None) -> int:
    """Run one command.

    Args:
        argv: the words behind the program's name; those of this process by default.

    Returns:
        The exit code; see ``aztec-butler --help``.
    """
    words = sys.argv[1:] if argv is None else argv
    if words in (["--version"], ["-V"]):  # before anything slow is imported
        from aztec_butler import __version__

        sys.stdout.write(f"aztec-butler {__version__}\n")
        return 0
    from aztec_butler.cli.main import run_command_line

    return run_command_line(words)


def run(argv: list[str] | None = None) -> NoReturn:
    """What the console script calls: ``main`` as a process of its own.

    Args:
        argv: as for ``main``.
    """
    # Python looks for garbage every 700 allocations and once more at the end. Starting up makes a hundred thousand
    # objects and no garbage: looking for it takes a fifth of a short run.
    gc.set_threshold(_ALLOCATIONS_PER_COLLECTION)
    code = main(argv)
    gc.freeze()
    if threading.active_count() > 1:
        # Requests to nodes that hang, and that nobody waits for any more. Python would.
        for stream in (sys.stdout, sys.stderr):
            with suppress(OSError, ValueError, AttributeError):  # closed, or never there
                stream.flush()
        os._exit(code)
    raise SystemExit(code)


if __name__ == "__main__":
    run()
