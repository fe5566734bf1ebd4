"""Transaction Builder files for the owners of a Safe: one for each intent, under its name, with the same bytes each time.

So the file itself tells whether an intent was handed out. A file that is gone again was imported by somebody, or thrown
away; it is not written a second time.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from aztec_butler.core.calldata.arguments import count_of
from aztec_butler.core.calls import Call
from aztec_butler.core.errors import InputError
from aztec_butler.core.intents import ActionKind, Intent
from aztec_butler.core.safe_batch import SafeBatch, encode_batch, split_calls
from aztec_butler.core.safe_batch_file import BatchFile, read_batch
from aztec_butler.store.files import write_whole
from aztec_butler.watcher.executor import Attempt
from aztec_butler.watcher.executors.delivery import Delivered, Fate, Past, name_of

_OURS = re.compile(
    rf"(?P<kind>{'|'.join(kind.value for kind in ActionKind)})-(?P<id>[0-9a-f]{{32}})(?:-\d+-of-\d+)?\.json"
)
_LARGEST_FILE = 64 << 20


class SafeFiles:
    """Files in one folder, for one Safe.

    Args:
        folder: where they are written; made when it is not there.
        safe: checksummed address.
        chain_id: of the Safe's chain.
    """

    def __init__(self, folder: Path, *, safe: str, chain_id: int) -> None:
        self._folder = folder
        self._chain_id = chain_id
        self.safe = safe

    def find(self, intent: Intent, past: Past) -> Delivered | None:
        """The files of an intent, or that they were there."""
        places = self._places_of(intent)
        read = [self._read(place) for place in places]
        shown = ", ".join(str(place) for place in places)
        total = max((_total(place) for place in places), default=1)
        if len(places) == total and places:
            return Delivered(
                fate=Fate.WAITING,
                evidence=f"{shown} waits to be imported into Safe {self.safe}, signed and executed",
                calls=tuple(call for each in read for call in each.batch.calls),
            )
        written = [facts for name, facts in past if name == "written"]
        if not written:
            return None  # or not all of them: the rest is written then
        files = written[-1].get("files")
        named = ", ".join(str(file) for file in files) if isinstance(files, list) else "a file"
        return Delivered(
            fate=Fate.WAITING,
            evidence=f"{named} was written for Safe {self.safe} and taken away since; it may wait for signatures there",
        )

    def waiting(self, intent: Intent) -> Iterator[tuple[str, Call]]:
        """The calls in the files of other intents."""
        for place in self._all_places():
            if f"-{intent.id}" in place.name:
                continue
            yield from ((str(place), call) for call in self._read(place).batch.calls)

    def plan(self, intent: Intent, calls: tuple[Call, ...]) -> tuple[str, ...]:
        """The files that would be written, with their digests."""
        return tuple(
            f"{place} would be written, {count_of(len(batch.calls), 'transaction')},"
            f" sha256 {hashlib.sha256(encode_batch(batch)).hexdigest()}"
            for place, batch in self._batches(intent, calls)
        )

    def deliver(self, intent: Intent, calls: tuple[Call, ...], attempt: Attempt) -> None:
        """Write what is not there yet.

        Raises:
            InputError: the folder cannot be written, or somebody has put another file in the place.
        """
        contents = [(place, encode_batch(batch)) for place, batch in self._batches(intent, calls)]
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise InputError(
                "the folder for Safe files cannot be made", folder=self._folder, reason=error.strerror
            ) from None
        for place, content in contents:
            if os.path.lexists(place) and self._content(place) != content:
                raise InputError(
                    "there is another file already where the Safe file was to be",
                    hint="look at it, and move it away",
                    file=place,
                )
        facts = {
            "safe": self.safe,
            "files": [str(place) for place, _ in contents],
            "sha256": [hashlib.sha256(content).hexdigest() for _, content in contents],
        }
        attempt.step("writing", **facts)
        for place, content in contents:
            self._remove_halves(place)
            if not place.exists():
                _write(place, content)
        attempt.step("written", **facts)

    # ------------------------------------------------------------------ files

    def _batches(self, intent: Intent, calls: tuple[Call, ...]) -> list[tuple[Path, SafeBatch]]:
        batches = split_calls(calls, chain_id=self._chain_id, safe=self.safe, name=name_of(intent))
        stem, count = f"{intent.kind.value}-{intent.id}", len(batches)
        names = [stem] if count == 1 else [f"{stem}-{number}-of-{count}" for number in range(1, count + 1)]
        return [(self._folder / f"{name}.json", batch) for name, batch in zip(names, batches, strict=True)]

    def _all_places(self) -> list[Path]:
        try:
            names = sorted(os.listdir(self._folder))  # noqa: PTH208 - names are wanted
        except FileNotFoundError:
            return []
        except OSError as error:
            raise InputError(
                "the folder of Safe files cannot be read", folder=self._folder, reason=error.strerror
            ) from None
        return [self._folder / name for name in names if _OURS.fullmatch(name)]

    def _places_of(self, intent: Intent) -> list[Path]:
        return [place for place in self._all_places() if f"-{intent.id}" in place.name]

    def _content(self, place: Path) -> bytes:
        try:
            with place.open("rb") as opened:
                return opened.read(_LARGEST_FILE)
        except OSError as error:
            raise InputError("a Safe file cannot be read", file=place, reason=error.strerror) from None

    def _read(self, place: Path) -> BatchFile:
        """A file as we have written it."""
        try:
            read = read_batch(self._content(place))
        except InputError as error:
            error.facts = {"file": place, **error.facts}
            error.hint = error.hint or "look at it, and move it away"
            raise
        if not read.is_intact or read.batch.safe != self.safe or read.batch.chain_id != self._chain_id:
            raise InputError(
                "a Safe file is not what was written, or is of another Safe or chain",
                hint="look at it, and move it away",
                file=place,
            )
        return read

    def _remove_halves(self, place: Path) -> None:
        """What a crash has left of an earlier write; nobody else writes here."""
        half = re.compile(rf"\.{re.escape(place.name)}\.[0-9a-f]{{8}}\.part")
        for each in self._folder.iterdir():
            if half.fullmatch(each.name):
                with suppress(OSError):
                    each.unlink()


def _write(place: Path, content: bytes) -> None:
    try:
        write_whole(place, content)
    except OSError as error:  # a full disk
        raise InputError("a Safe file cannot be written", file=place, reason=error.strerror) from None


def _total(place: Path) -> int:
    """Of how many files it is one."""
    numbered = re.search(r"-\d+-of-(\d+)\.json$", place.name)
    return int(numbered[1]) if numbered else 1
