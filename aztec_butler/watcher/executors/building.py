"""Executors out of the watcher's settings: for every kind of action that they give the means for."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self

from structlog.typing import FilteringBoundLogger

from aztec_butler.clients import stopping
from aztec_butler.clients.aztec_node import AztecNode
from aztec_butler.clients.http import HttpTransport
from aztec_butler.clients.policy import NO_RETRIES
from aztec_butler.clients.safe_door import SafeDoor
from aztec_butler.clients.safe_service import SafeService
from aztec_butler.clients.safe_signer import ProposerKey
from aztec_butler.core.errors import SettingsError
from aztec_butler.core.intents import ActionKind
from aztec_butler.watcher.executor import Executor
from aztec_butler.watcher.executors.chain import Chain, Source
from aztec_butler.watcher.executors.coinbase import CoinbaseExecutor
from aztec_butler.watcher.executors.delivery import Delivery
from aztec_butler.watcher.executors.keystore_set import KeystoreSet
from aztec_butler.watcher.executors.notify import NotifyExecutor
from aztec_butler.watcher.executors.safe import SafeExecutor
from aztec_butler.watcher.executors.safe_files import SafeFiles
from aztec_butler.watcher.executors.safe_queue import SafeQueue
from aztec_butler.watcher.executors.targets import open_targets
from aztec_butler.watcher.settings import WatcherSettings

if TYPE_CHECKING:
    from collections.abc import Mapping

_OUT_FOLDER: Final = "safe"


class Executors:
    """The executors of one watcher, and what they hold open.

    ::

        with Executors.open(settings, source, log, state_dir=folder) as executors:
            executors.of(intent.kind).look(intent, attempt)

    Args:
        by_kind: who carries out what.
        stack: closes what they hold open.
    """

    def __init__(self, by_kind: Mapping[ActionKind, Executor], stack: ExitStack) -> None:
        self.by_kind = by_kind
        self._stack = stack

    @classmethod
    def open(
        cls,
        settings: WatcherSettings,
        source: Source,
        log: FilteringBoundLogger,
        *,
        chain_id: int,
        state_dir: Path,
        clock: Callable[[], float] = time.monotonic,
    ) -> Self:
        """Executors for all that the settings give the means for; nobody is asked for anything yet.

        Args:
            settings: the watcher's.
            source: the network.
            log: gets every notice.
            chain_id: of the network.
            state_dir: where Safe files go unless the settings say otherwise.
            clock: seconds of a monotonic clock.

        Raises:
            SettingsError: a target of notices, a key or a URL is of no use.
        """
        chain = Chain(source, confirmations=settings.confirmations)
        executors: list[Executor] = [
            NotifyExecutor(
                log,
                open_targets(settings.targets or ()),
                network=settings.network,
                from_severity=settings.notify_from,
                per_hour=settings.notices_per_hour,
                digest_seconds=settings.digest_every,
                clock=clock,
            )
        ]
        with ExitStack() as stack:
            if settings.keystores:
                executors.append(_coinbase_executor(settings, chain, stack))
            if settings.safe is not None:
                executors.append(
                    SafeExecutor(_delivery(settings, source, settings.safe, chain_id, state_dir), chain)
                )
            by_kind = {kind: executor for executor in executors for kind in executor.kinds}
            return cls(by_kind, stack.pop_all())

    def of(self, kind: ActionKind) -> Executor:
        """Who carries out a kind of action.

        Raises:
            SettingsError: nobody does: the settings do not give the means.
        """
        found = self.by_kind.get(kind)
        if found is None:
            needed = "keystores" if kind is ActionKind.UPDATE_COINBASE else "safe"
            raise SettingsError(
                "the settings do not give the means for this kind of action", kind=kind.value, needed=needed
            )
        return found

    def stop(self) -> None:
        """Let all of them end what is under way. May be called from another thread."""
        for executor in set(self.by_kind.values()):
            executor.stop()

    def close(self) -> None:
        """Close connections."""
        self._stack.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _coinbase_executor(settings: WatcherSettings, chain: Chain, stack: ExitStack) -> CoinbaseExecutor:
    connection, node = settings.connection, None
    if connection.l2_admin is not None and not settings.reload_by_hand:
        # Asked once each time: whether it is asked again is decided by what the journal knows.
        node = stack.enter_context(
            AztecNode(
                connection.l2 or connection.l2_admin,
                admin_url=connection.l2_admin,
                admin_key=connection.l2_admin_key,
                policy=NO_RETRIES,
                sleep=stopping.sleep,
            )
        )
    keystores = KeystoreSet(paths=tuple(Path(path).expanduser() for path in settings.keystores))
    return CoinbaseExecutor(keystores, node, chain, by_hand=settings.reload_by_hand)


def _delivery(
    settings: WatcherSettings, source: Source, safe: str, chain_id: int, state_dir: Path
) -> Delivery:
    """Proposals where there is a service and a key for it; files otherwise."""
    url, key = settings.safe_service, settings.safe_proposer_key
    if url is None or key is None:
        folder = state_dir / _OUT_FOLDER if settings.out_dir is None else Path(settings.out_dir).expanduser()
        return SafeFiles(folder, safe=safe, chain_id=chain_id)
    ProposerKey(key)  # what is wrong with it is told at the start
    api_key = settings.safe_api_key
    headers = {} if api_key is None else {"authorization": f"Bearer {api_key}"}

    def open_service() -> SafeService:
        transport = HttpTransport(url, headers=headers, timeout_seconds=settings.connection.timeout_seconds)
        return SafeService(SafeDoor(transport, sleep=stopping.sleep), chain_id=chain_id)

    return SafeQueue(open_service, lambda: ProposerKey(key), rpc=source.rpc, safe=safe)
