"""What coinbases were owed at final blocks, kept on the disk: it never changes, and an archive node is slow and dear.

One small file for each block and question, named by the block's number and hash, so that what is of another chain is not
found. A file that cannot be read is as good as none: it is asked for again.
"""

from __future__ import annotations

import hashlib
import re
from collections import defaultdict
from collections.abc import Collection, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from aztec_butler.store.events_folder import TornFileError, folder_at

if TYPE_CHECKING:
    from aztec_butler.core.records import BlockStamp

_FOLDER: Final = "pending"
_NAME: Final = re.compile(r"(\d+)-([0-9a-f]{64})-[0-9a-f]{16}\.json")

Amounts = dict[str, dict[str, str]]
"""Wei as decimal text, by address of the rollup and coinbase."""


class RewardReadings:
    """What is kept of one chain. Safe to use from many threads and processes: files are only ever added.

    Args:
        root: where the events are kept, too; see ``store.events.EventStore``.
        chain_id: of the chain.
        genesis_hash: hash of block 0.
    """

    def __init__(self, root: str | Path | None, *, chain_id: int, genesis_hash: str) -> None:
        self._folder = folder_at(root, f"rewards/{chain_id}-{genesis_hash[2:10]}", None)

    def read(self, blocks: Collection[BlockStamp]) -> dict[int, dict[tuple[str, str], int]]:
        """All that is held of these blocks: wei by rollup and coinbase, by number of the block.

        Raises:
            InputError: the place cannot be read.
        """
        wanted = {(block.number, block.hash[2:]) for block in blocks}
        found: dict[int, dict[tuple[str, str], int]] = defaultdict(dict)
        for name in self._folder.names(_FOLDER):
            match = _NAME.fullmatch(name)
            if match is None or (int(match[1]), match[2]) not in wanted:
                continue
            with suppress(msgspec.DecodeError, FileNotFoundError, TornFileError, ValueError):
                amounts = msgspec.json.decode(self._folder.read(f"{_FOLDER}/{name}"), type=Amounts)
                found[int(match[1])].update(
                    {
                        (rollup, coinbase): int(amount)
                        for rollup, owed in amounts.items()
                        for coinbase, amount in owed.items()
                    }
                )
        return dict(found)

    def keep(self, block: BlockStamp, amounts: Mapping[tuple[str, str], int]) -> None:
        """Keep what rollups owed at a final block: wei by rollup and coinbase.

        Raises:
            InputError: the place cannot be written.
        """
        by_rollup: Amounts = defaultdict(dict)
        for (rollup, coinbase), amount in sorted(amounts.items()):
            by_rollup[rollup][coinbase] = str(amount)
        content = msgspec.json.encode(by_rollup)
        name = f"{block.number}-{block.hash[2:]}-{hashlib.sha256(content).hexdigest()[:16]}.json"
        with suppress(FileExistsError):  # the same, by somebody else
            self._folder.write(f"{_FOLDER}/{name}", content)
