"""Who we are, as keystore files tell it: only what is public of them is kept."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

import attrs

from aztec_butler.core.keystores.faults import Fault, Finding, found, refuse
from aztec_butler.core.keystores.public import CoinbaseFrom, PublicAttester, PublicSet, publishers_of
from aztec_butler.exporter.ours import Ours
from aztec_butler.store.keystores import check_keystores, keystore_paths

_TOLERATED: Final = {Fault.OPEN_TO_OTHERS, Fault.ZERO_COINBASE}
"""Bad, and yet everything can be read."""
_Signature = tuple[tuple[str, int, int, int], ...]


class OwnFiles:
    """We, as settings and keystores name us. Keystores are read again when they have changed.

    What an operator edits (a coinbase above all) so shows in the next collection. Safe to use from many threads.

    Args:
        named: what settings name.
        keystores: files and folders; each is what one node loads.

    Raises:
        CheckFailed: a keystore cannot be read, or does not tell whose it is.
    """

    def __init__(self, named: Ours, keystores: Sequence[Path] = ()) -> None:
        self._named = named
        self._keystores = tuple(keystores)
        self._lock = threading.Lock()
        self._signature = self._sign()
        self._ours = read_ours(named, self._keystores)

    def __call__(self) -> Ours:
        """We, now.

        Raises:
            CheckFailed: a keystore has changed and cannot be read any more: half written, or gone.
        """
        with self._lock:
            signature = self._sign()
            if signature != self._signature:
                self._ours = read_ours(self._named, self._keystores)
                # Only now: what could not be read is tried again, and never passed over.
                self._signature = signature
            return self._ours

    def _sign(self) -> _Signature:
        """What changes when a file does."""
        return tuple(_signatures(self._keystores))


def _signatures(keystores: Iterable[Path]) -> Iterable[tuple[str, int, int, int]]:
    for path in keystores:
        files = keystore_paths(path)
        for file in [] if isinstance(files, Finding) else files:
            try:
                status = file.stat()
            except OSError:
                yield str(file), -1, -1, -1
            else:
                yield str(file), status.st_mtime_ns, status.st_size, status.st_ino


def read_ours(named: Ours, keystores: Iterable[Path]) -> Ours:
    """What settings and keystores name together.

    Args:
        named: what settings name; it comes first.
        keystores: files and folders; each is what one node loads.

    Raises:
        CheckFailed: a keystore cannot be read, or does not tell whose it is.
    """
    attesters: list[str] = []
    publishers: list[str] = []
    coinbases: dict[str, str | None] = {}
    for path in keystores:
        public = _read_public(path)
        for each in public.attesters:
            if each.attester is not None:
                attesters.append(each.attester)
                coinbases[each.attester] = (
                    None if each.coinbase_from is CoinbaseFrom.ATTESTER else each.coinbase
                )
        publishers += publishers_of(public)
    return attrs.evolve(
        named,
        attesters=(*named.attesters, *attesters),
        publishers=(*named.publishers, *publishers),
        coinbases={**named.coinbases, **coinbases},
    )


def _read_public(path: Path) -> PublicSet:
    checked, _ = check_keystores([path])
    # A part that cannot be read would leave somebody out.
    unreadable = [
        finding
        for reading in checked.readings
        for finding in reading.findings
        if finding.fault not in _TOLERATED
    ]
    refuse([*unreadable, *checked.public.findings, *map(_nameless, _unnamed(checked.public))])
    return checked.public


def _unnamed(public: PublicSet) -> list[PublicAttester]:
    return [each for each in public.attesters if each.attester is None]


def _nameless(attester: PublicAttester) -> Finding:
    return found(
        Fault.NO_PASSWORD, file=attester.file, path=attester.path, detail="its attester's address is needed"
    )
