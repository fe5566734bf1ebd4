"""A watcher with everything it needs, opened and closed as one: network, journal, follower, executors.

Whoever opens it uses ``watcher`` on the same thread, and may have another thread carry out: a journal's connection
belongs to the thread that opened it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from typing import Final, Protocol, Self

from structlog.typing import FilteringBoundLogger

from aztec_butler.archive.contracts import canary_of
from aztec_butler.clients.aztec_node import AztecNode
from aztec_butler.clients.blocks import fetch_block
from aztec_butler.core.errors import SettingsError
from aztec_butler.core.settings import Settings
from aztec_butler.serving.self_metrics import RequestLike
from aztec_butler.store.journal import Journal, journal_file
from aztec_butler.store.journal_lock import hold_lock
from aztec_butler.watcher.actor import Actor
from aztec_butler.watcher.executors.building import Executors
from aztec_butler.watcher.executors.chain import Source as ChainSource
from aztec_butler.watcher.fact_reading import FactReader
from aztec_butler.watcher.follower import Follower
from aztec_butler.watcher.knowledge import Knowledge
from aztec_butler.watcher.settings import WatcherSettings
from aztec_butler.watcher.source import Source
from aztec_butler.watcher.watcher import Watcher

OnRequest = Callable[[RequestLike], None]
OnStep = Callable[[str], None]
_REORG_WINDOW: Final = 256


class OpenNetwork(Source, ChainSource, Protocol):
    """A connected network, as all parts of a watcher need it."""

    def close(self) -> None:
        """End its connections."""


class Connecting(Protocol):
    """How a network's Ethereum nodes are connected to; the room above knows."""

    def __call__(self, settings: Settings, on_request: OnRequest) -> OpenNetwork:
        """A connection that has asked nothing yet.

        Args:
            settings: of the network.
            on_request: to be told of every request to a node.
        """


class Running:
    """An open watcher.

    Args:
        watcher: reads and writes down.
        journal: of the network, on this thread.
        open_actor: carries out, on the thread that enters it.
        stack: closes everything.
    """

    def __init__(
        self,
        watcher: Watcher,
        journal: Journal,
        open_actor: Callable[[], AbstractContextManager[Actor]],
        stack: ExitStack,
    ) -> None:
        self.watcher = watcher
        self.journal = journal
        self.open_actor = open_actor
        self._stack = stack

    @classmethod
    def open(
        cls,
        settings: WatcherSettings,
        connecting: Connecting,
        log: FilteringBoundLogger,
        *,
        clock: Callable[[], float],
        on_request: OnRequest = lambda _: None,
        on_turn: Callable[[], None] = lambda: None,
        on_step: OnStep = lambda _: None,
    ) -> Self:
        """Open it.

        Args:
            settings: the watcher's.
            connecting: opens the network.
            log: what happens.
            clock: Unix seconds.
            on_request: told of every request to an Ethereum node.
            on_turn: told that the loop lives.
            on_step: told of named moments.

        Raises:
            LockHeld: another watcher uses this journal.
            SettingsError: the journal, a key or a target of notices is of no use.
            NodeError: the node does not answer.
        """
        path = journal_file(_state_dir(settings.connection))
        with ExitStack() as stack:
            # First, so that a second watcher ends before it has asked anybody anything.
            lock = hold_lock(path)
            stack.callback(lock.release)
            network = connecting(settings.connection, on_request)
            stack.callback(network.close)
            rpc = network.rpc
            genesis, _ = fetch_block(rpc, 0)
            snapshot = network.snapshot()
            deployment = snapshot.deployment
            now = int(clock())
            journal = Journal.open(
                path,
                chain_id=deployment.chain_id,
                genesis_hash=genesis.hash,
                now=now,
                lock=lock,
                on_step=on_step,
            )
            stack.enter_context(journal)
            executors = Executors.open(
                settings,
                network,
                log,
                chain_id=deployment.chain_id,
                state_dir=path.parent,
            )
            stack.enter_context(executors)
            knowledge = Knowledge(
                FactReader(network, settings, node=_offenses_node(settings.connection, stack)), settings, rpc
            )
            follower = Follower(
                rpc,
                watched=knowledge.watched,
                confirmations=settings.confirmations,
                window=_REORG_WINDOW,
                start_block=settings.start_block,
                canary=canary_of(deployment),
                on_step=on_step,
            )
            watcher = Watcher(journal, follower, knowledge, settings, log, clock=clock, on_turn=on_turn)
            journal.note("started", {"block": snapshot.block.number}, now=now)

            @contextmanager
            def open_actor() -> Iterator[Actor]:
                with Journal.attach(path, on_step=on_step) as own:
                    yield Actor(own, executors, log, modes=settings.mode, clock=clock, on_step=on_step)

            return cls(watcher, journal, open_actor, stack.pop_all())

    def close(self) -> None:
        """Close everything; whoever uses it must have stopped."""
        self._stack.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _offenses_node(settings: Settings, stack: ExitStack) -> AztecNode | None:
    """The node that tells offenses, where it has an admin port."""
    if settings.l2_admin is None:
        return None
    return stack.enter_context(
        AztecNode(
            settings.l2 or settings.l2_admin, admin_url=settings.l2_admin, admin_key=settings.l2_admin_key
        )
    )


def _state_dir(settings: Settings) -> Path:
    if settings.state_dir is None:
        raise SettingsError("no state directory is set", hint="--state-dir FOLDER")
    return Path(settings.state_dir).expanduser()
