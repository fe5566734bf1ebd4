"""A devnet in the foreground of a terminal, until somebody ends it."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Final

from aztec_butler.core.errors import NodeUnreachable
from aztec_butler.core.networks import DEVNET
from aztec_butler.devnet.anvil import AnvilOptions
from aztec_butler.devnet.devnet import Devnet
from aztec_butler.devnet.parameters import SMALL, DevnetParameters
from aztec_butler.devnet.season import Progress, play_season
from aztec_butler.devnet.session import DevnetSession, remove_session, write_session
from aztec_butler.devnet.session_attached import describe

_WATCH_SECONDS: Final = 0.5
_ENDING: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

Report = Callable[[str], None]


class _Ended(BaseException):
    """Somebody asked for the end; no error, so nothing that handles errors handles it."""


def up(
    parameters: DevnetParameters = SMALL,
    *,
    season: bool = False,
    scale: int = 1,
    port: int = 8545,
    cache_folder: Path | None = None,
    state_folder: Path | None = None,
    report: Report = print,
    progress: Progress | None = None,
) -> None:
    """Run a devnet until Ctrl-C, SIGTERM or SIGHUP, and leave nothing behind. To be called in the main thread.

    Args:
        parameters: of the deployment.
        season: play a season of staking on it first.
        scale: of the season's crowd.
        port: to listen on, on this machine only; 0 for a free one.
        cache_folder: where fetched packages are kept; the user's cache directory by default.
        state_folder: where the file lies through which others find it; the user's state directory by default.
        report: told one line at a time, what is going on and how to connect.
        progress: told of the season's steps.

    Raises:
        SettingsError: the port is in use, or anvil cannot be had or run.
        NodeUnreachable: anvil ended by itself.
    """
    with _ending_on_signals() as ignore_signals:
        try:
            options = AnvilOptions(port=port)
            with Devnet.start(
                parameters, options=options, cache_folder=cache_folder, report=report
            ) as devnet:
                session = describe(devnet, cache_folder=cache_folder)
                try:
                    _run(devnet, session, season, scale, state_folder, report, progress)
                finally:
                    ignore_signals()
                    remove_session(session, state_folder)
        except _Ended:
            report("the devnet is gone")


def _run(
    devnet: Devnet,
    session: DevnetSession,
    season: bool,
    scale: int,
    state_folder: Path | None,
    report: Report,
    progress: Progress | None,
) -> None:
    if season:
        report("playing a season of staking ...")
        play_season(devnet, scale=scale, progress=progress)
    path = write_session(session, state_folder)
    for line in connection_lines(session, path):
        report(line)
    while devnet.is_running:
        time.sleep(_WATCH_SECONDS)
    raise NodeUnreachable("anvil ended by itself", url=session.url)


def connection_lines(session: DevnetSession, path: Path) -> list[str]:
    """How to connect to a devnet, line by line.

    Args:
        session: of the devnet.
        path: of the file that says so to others.
    """
    # On its usual port Python needs not be told where it is either.
    l1 = "" if session.url in DEVNET.l1_endpoints else f', l1="{session.url}"'
    return [
        f"the devnet listens on {session.url} (chain {session.chain_id})",
        f'  Python:  import aztec_butler as ab; ab.connect("devnet"{l1}).attesters()',
        "  shell:   aztec-butler attesters --network devnet",
        f"  cast:    cast block-number --rpc-url {session.url}",
        f"  Registry         {session.registry}",
        f"  StakingRegistry  {session.staking_registry}",
        f"  other addresses  {path}",
        "Ctrl-C ends it",
    ]


@contextmanager
def _ending_on_signals() -> Iterator[Callable[[], None]]:
    """Turn the signals that end a program into ``_Ended``; the function given ignores them from then on."""

    def end(_number: int, _frame: FrameType | None) -> None:
        raise _Ended

    def ignore() -> None:
        for number in _ENDING:
            signal.signal(number, signal.SIG_IGN)

    before = {number: signal.signal(number, end) for number in _ENDING}
    try:
        yield ignore
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
