"""Who we are, as keystore files tell it: only what is public of them is kept."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path

import attrs

from aztec_butler.exporter.ours import Ours
from aztec_butler.store.own_keystores import OwnKeys, OwnKeystores


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
        self._keystores = OwnKeystores(keystores)
        self._lock = threading.Lock()
        self._keys = self._keystores.read()
        self._ours = with_keys(named, self._keys)

    def __call__(self) -> Ours:
        """We, now.

        Raises:
            CheckFailed: a keystore has changed and cannot be read any more: half written, or gone.
        """
        with self._lock:
            keys = self._keystores.read()
            if keys is not self._keys:
                self._keys, self._ours = keys, with_keys(self._named, keys)
            return self._ours


def with_keys(named: Ours, keys: OwnKeys) -> Ours:
    """What settings and keystores name together.

    Args:
        named: what settings name; it comes first.
        keys: what keystores tell.
    """
    return attrs.evolve(
        named,
        attesters=(*named.attesters, *keys.coinbases),
        publishers=(*named.publishers, *keys.publishers),
        coinbases={**named.coinbases, **keys.coinbases},
    )
