"""Reads of several parts that travel together, each part with its own answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from aztec_butler.clients.multicall import Multicall, Read
from aztec_butler.core.records import BlockStamp


class Questions:
    """Reads of several parts that travel together."""

    def __init__(self) -> None:
        self._reads: list[Read] = []
        self._answers: Sequence[Any] | None = None

    def tried(self, reads: Mapping[Any, Read]) -> Callable[[], dict[Any, Any]]:
        """What gives the answers once they are there; an error stands in the place of a read that failed by itself.

        Args:
            reads: by the names under which their answers are wanted.
        """
        start = len(self._reads)
        self._reads += reads.values()

        def answers() -> dict[Any, Any]:
            assert self._answers is not None  # asked by now
            return dict(zip(reads, self._answers[start : start + len(reads)], strict=True))

        return answers

    def read(self, reads: Mapping[Any, Read]) -> Callable[[], dict[Any, Any]]:
        """What gives the answers once they are there, or raises the first that failed.

        Args:
            reads: by the names under which their answers are wanted.
        """
        answers = self.tried(reads)
        return lambda: {name: good(answer) for name, answer in answers().items()}

    def ask(self, multicall: Multicall, block: BlockStamp) -> None:
        """Ask everything at once.

        Args:
            multicall: carries the reads.
            block: to ask at.

        Raises:
            NodeError: the node failed.
        """
        self._answers = multicall.try_read(self._reads, block) if self._reads else ()


def good(answer: Any) -> Any:
    """An answer, or the error that stands in its place."""
    if isinstance(answer, Exception):
        raise answer
    return answer
