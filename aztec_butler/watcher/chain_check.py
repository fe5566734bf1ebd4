"""Whether the chain that nodes tell of is the one that was noticed, and where it is not."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

from aztec_butler.core.errors import NodeRefused, ReorgTooDeep
from aztec_butler.core.intents import BlockRef, Checkpoint
from aztec_butler.watcher import chain_window
from aztec_butler.watcher.polling import fetch_blocks

if TYPE_CHECKING:
    from aztec_butler.clients.rpc import Rpc


class _ContradictionError(Exception):
    """Whoever answers now is on another chain than whoever named the newest block."""


class ChainCheck:
    """Compares what nodes say with what was noticed, and counts how often in a row that makes no sense.

    Args:
        rpc: the door to the nodes.
        patience: how many polls in a row may contradict what was noticed, before that is believed, or an error.
    """

    def __init__(self, rpc: Rpc, *, patience: int) -> None:
        self._rpc = rpc
        self._patience = patience
        self.contradictions = 0

    def agree(self) -> None:
        """A poll could be followed."""
        self.contradictions = 0

    def last_shared(self, checkpoint: Checkpoint, head: BlockRef) -> BlockRef | None:
        """The last noticed block that is still on the chain; None when that has to be asked again later.

        Args:
            checkpoint: with a noticed block.
            head: the newest block, as a node says.

        Raises:
            ReorgTooDeep: it is not remembered.
            NodeError: nodes contradict each other again and again.
        """
        noticed, window = checkpoint.noticed, checkpoint.window
        assert noticed is not None
        if head.number == noticed.number + 1 and head.parent_hash == noticed.hash:
            return noticed
        if head.number < noticed.number:
            known = chain_window.at(window, head.number)
            if known is None or known.hash == head.hash:
                return self._wait(head, known)
        elif head.number > noticed.number:
            blocks = fetch_blocks(self._rpc, [noticed.number], up_to=head)
            if blocks is not None and blocks[noticed.number] == noticed:
                return noticed
        try:
            found = self._find_parting(checkpoint, head)
            if self._is_too_deep(checkpoint, found):
                found = self._find_parting(
                    checkpoint, head
                )  # an error that stops everything needs two answers
        except _ContradictionError:
            found = noticed
        if found is None or self._is_too_deep(checkpoint, found):
            self._raise_too_deep(checkpoint, head)
        if found == noticed:
            self.contradict("the nodes contradict each other about the newest blocks")
            return None
        return found

    def _is_too_deep(self, checkpoint: Checkpoint, found: BlockRef | None) -> bool:
        return found is None or (checkpoint.final is not None and found.number < checkpoint.final.number)

    def _wait(self, head: BlockRef, known: BlockRef | None) -> BlockRef | None:
        """What to make of a head before the noticed one, on the same chain: as a rule, a node that lags behind."""
        if self.contradictions + 1 < self._patience or known is None:
            self.contradict("the node's newest block lies far before what was read already", head=head)
            return None
        return known  # so many in a row: the chain is that short

    def contradict(self, sentence: str, *, head: BlockRef | None = None, hint: str | None = None) -> None:
        """Count one more poll that cannot be followed.

        Args:
            sentence: why.
            head: the newest block, where it is the reason.
            hint: what to do about it.

        Raises:
            NodeRefused: it was one too many.
        """
        self.contradictions += 1
        if self.contradictions >= self._patience:
            raise NodeRefused(
                sentence,
                hint=hint or "look at the endpoints: one may lag behind, or be on another chain",
                retryable=True,
                polls=self.contradictions,
                endpoints=", ".join(self._rpc.endpoint_names),
                **({} if head is None else {"newest_block": head.number}),
            )

    def _find_parting(self, checkpoint: Checkpoint, head: BlockRef) -> BlockRef | None:
        search = chain_window.search_parting(checkpoint.window)
        try:
            numbers = next(search)
            while True:
                blocks = fetch_blocks(self._rpc, numbers, up_to=head)
                if blocks is None:
                    raise _ContradictionError
                numbers = search.send({number: _hash(blocks[number]) for number in numbers})
        except StopIteration as end:
            found: BlockRef | None = end.value
            return found

    def _raise_too_deep(self, checkpoint: Checkpoint, head: BlockRef) -> NoReturn:
        assert checkpoint.noticed is not None
        oldest = checkpoint.window[0] if checkpoint.window else checkpoint.noticed
        is_final = checkpoint.final is not None and oldest.number <= checkpoint.final.number
        raise ReorgTooDeep(
            "a block that was taken as final is no longer on the chain"
            if is_final
            else "the chain left behind more blocks than are remembered",
            hint="nothing was done about it. Make sure that the endpoints are on the right chain. If they are, look at"
            " what was done since that block, and begin with a new journal",
            block=oldest.number,
            block_hash=oldest.hash,
            noticed=checkpoint.noticed.number,
            newest_block=head.number,
            endpoints=", ".join(self._rpc.endpoint_names),
        )


def _hash(block: BlockRef | None) -> str | None:
    return None if block is None else block.hash
