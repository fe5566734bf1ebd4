"""Whose keystores ours are and where they send rewards: only what is public of them is kept."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

import attrs

from aztec_butler.core.keystores.faults import Fault, Finding, found, refuse
from aztec_butler.core.keystores.public import CoinbaseFrom, publishers_of
from aztec_butler.store.keystores import check_keystores, keystore_paths

_TOLERATED: Final = {Fault.OPEN_TO_OTHERS, Fault.ZERO_COINBASE}
"""Bad, and yet everything can be read."""
_Signature = tuple[tuple[str, int, int, int], ...]


@attrs.frozen(kw_only=True)
class OwnKeys:
    """What keystores tell.

    Args:
        coinbases: where the rewards of each attester go; None where no coinbase is named.
        publishers: who pays for their transactions on L1, each once.
    """

    coinbases: Mapping[str, str | None]
    publishers: tuple[str, ...]


class OwnKeystores:
    """Keystores on the disk, read again when they have changed: deriving addresses takes a while.

    Args:
        paths: files and folders; each is what one node loads.
    """

    def __init__(self, paths: Sequence[Path]) -> None:
        self._paths = tuple(paths)
        self._known: tuple[_Signature, OwnKeys] | None = None

    @property
    def is_current(self) -> bool:
        """Whether the files are still as they were when they were last read."""
        return self._known is not None and self._known[0] == tuple(_signatures(self._paths))

    def read(self) -> OwnKeys:
        """What they tell now.

        Raises:
            CheckFailed: one cannot be read, or does not tell whose it is: half written, gone, or broken. Whoever is left
                out would be passed over.
        """
        signature = tuple(_signatures(self._paths))
        if self._known is None or self._known[0] != signature:
            # Kept only after it could be read: what could not is tried again, and never passed over.
            self._known = signature, _read(self._paths)
        return self._known[1]


def _signatures(paths: Sequence[Path]) -> Iterator[tuple[str, int, int, int]]:
    """What changes when a file does."""
    for path in paths:
        files = keystore_paths(path)
        for file in [] if isinstance(files, Finding) else files:
            try:
                status = file.stat()
            except OSError:
                yield str(file), -1, -1, -1
            else:
                yield str(file), status.st_mtime_ns, status.st_size, status.st_ino


def _read(paths: Sequence[Path]) -> OwnKeys:
    coinbases: dict[str, str | None] = {}
    publishers: list[str] = []
    for path in paths:
        checked, _ = check_keystores([path])
        faults = [finding for reading in checked.readings for finding in reading.findings]
        nameless = [
            found(
                Fault.NO_PASSWORD,
                file=each.file,
                path=each.path,
                detail="its attester's address is needed",
            )
            for each in checked.public.attesters
            if each.attester is None
        ]
        refuse([
            *(fault for fault in faults if fault.fault not in _TOLERATED),
            *checked.public.findings,
            *nameless,
        ])  # fmt: skip
        for each in checked.public.attesters:
            assert each.attester is not None  # refused above
            coinbases[each.attester] = None if each.coinbase_from is CoinbaseFrom.ATTESTER else each.coinbase
        publishers += publishers_of(checked.public)
    return OwnKeys(coinbases=coinbases, publishers=tuple(dict.fromkeys(publishers)))
