"""Any number of contract reads at one block, in few round trips.

Reads travel through Multicall3's ``aggregate3``, in chunks that adapt to what the node allows, several chunks at a
time. Where Multicall3 does not exist (an old block, a bare devnet) they travel as JSON-RPC batches.

A read that fails inside a chunk may have failed for the chunk's sake (a call stipend of 63/64 of what was left, a gas
cap), so it is asked once more alone; what then fails is the contract's own answer, and a RevertError.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

import attrs

from aztec_butler.clients.rpc import Rpc
from aztec_butler.clients.troubles import Trouble, trouble_of
from aztec_butler.core.abi import Function
from aztec_butler.core.errors import (
    ButlerError,
    DecodeError,
    NodeRefused,
    RevertError,
)
from aztec_butler.core.hexes import parse_bytes, to_hex
from aztec_butler.core.networks import MULTICALL3_ADDRESS
from aztec_butler.core.records import BlockStamp

_AGGREGATE3: Final = bytes.fromhex("82ad56cb")
"""Selector of ``aggregate3((address,bool,bytes)[])``."""
_WORD: Final = 32

CHUNK_READS: Final = 650
"""Reads in a chunk at first. So many ``getAttesterView`` take about 24 million gas; most nodes cap a call at 50."""
CHUNK_BYTES: Final = 400_000
"""Calldata of a chunk at most: bodies beyond a megabyte of hex are refused by some nodes."""

_INVALID_PARAMETERS: Final = -32602
# Ask for less at once instead of asking the same again.
_ASK_FOR_LESS: Final = (Trouble.TOO_LARGE, Trouble.OUT_OF_GAS, Trouble.TIMED_OUT)

Progress = Callable[[int, int], None]
"""Told how many reads are done, and of how many."""


@attrs.frozen
class Read:
    """One contract read: whom to ask, what, with which arguments."""

    address: str
    function: Function
    arguments: tuple[Any, ...] = ()

    def calldata(self) -> bytes:
        """What the contract receives."""
        return self.function.encode_call(*self.arguments)


class Multicall:
    """Reads many contract values at one block.

    Args:
        rpc: the door to the node.
        address: where Multicall3 lives; the same on nearly every chain.
        chunk_reads: reads per ``eth_call`` to begin with; it shrinks when the node refuses and is remembered.
    """

    def __init__(
        self, rpc: Rpc, *, address: str = MULTICALL3_ADDRESS, chunk_reads: int = CHUNK_READS
    ) -> None:
        self._rpc = rpc
        self._address = address
        self._chunk_reads = chunk_reads
        self._by_number = False
        self._absent_to = -1  # there is no Multicall3 up to this block
        self._lock = threading.Lock()

    @property
    def chunk_reads(self) -> int:
        """Reads per ``eth_call`` that the node is known or hoped to take."""
        return self._chunk_reads

    def read(
        self, reads: Sequence[Read], block: BlockStamp, *, progress: Progress | None = None
    ) -> list[Any]:
        """The decoded value of every read, in their order: everything or an error.

        Args:
            reads: what to ask.
            block: the block that every answer is of.
            progress: told after each chunk.

        Raises:
            RevertError: a contract reverted; names the contract and the function.
            DecodeError: an answer does not fit the function's line, or there is no contract at the address.
            NodeError: the node failed.
        """
        values = self.try_read(reads, block, progress=progress)
        for value in values:
            if isinstance(value, ButlerError):
                raise value
        return values

    def try_read(
        self, reads: Sequence[Read], block: BlockStamp, *, progress: Progress | None = None
    ) -> list[Any]:
        """As ``read``, but a read's own RevertError or DecodeError stands in its place: for asking what exists.

        Raises:
            NodeError: the node failed.
        """
        calldatas = [read.calldata() for read in reads]
        values: dict[int, Any] = {}
        waiting = list(range(len(reads)))
        while waiting:
            together = len(reads) > 1 and block.number > self._absent_to
            chunks = self._chunks(waiting, calldatas) if together else []
            alone = [] if chunks else waiting
            waiting = []
            for chunk, content in self._ask_together(chunks, reads, calldatas, block):
                if content is None:
                    waiting += chunk
                elif not content:
                    alone += chunk
                else:
                    results = _decode_aggregate3(content, len(chunk))
                    for i, (succeeded, returned) in zip(chunk, results, strict=True):
                        if succeeded:
                            values[i] = _decoded(reads[i], returned)
                        else:
                            alone.append(i)
                if progress is not None:
                    progress(len(values), len(reads))
            found = self._ask_alone(alone, reads, calldatas, block)
            is_absent = block.number <= self._absent_to
            if chunks and not is_absent and any(isinstance(answer, bytes) for answer in found.values()):
                self._shrink(max(len(chunk) for chunk in chunks))  # what failed together succeeds alone
            values |= {i: _decoded(reads[i], answer) for i, answer in found.items()}
            if progress is not None:
                progress(len(values), len(reads))
        return [values[i] for i in range(len(reads))]

    def read_storage(self, slots: Sequence[tuple[str, int]], block: BlockStamp) -> list[int]:
        """Storage words of contracts, for what they keep without a getter.

        Args:
            slots: address and slot of each word.
            block: the block that every word is of.

        Raises:
            NodeError: the node failed.
        """
        requests = [("eth_getStorageAt", [address, hex(slot), self._pin(block)]) for address, slot in slots]
        outcomes = self._rpc.try_batch(requests)
        if not self._by_number and any(
            isinstance(outcome, ButlerError) and _refuses_hashes(outcome) for outcome in outcomes
        ):
            self._by_number = True
            return self.read_storage(slots, block)
        words = []
        for outcome in outcomes:
            if isinstance(outcome, ButlerError):
                raise outcome
            words.append(int.from_bytes(parse_bytes(outcome), "big"))
        return words

    def _ask_together(
        self, chunks: list[list[int]], reads: Sequence[Read], calldatas: list[bytes], block: BlockStamp
    ) -> Iterator[tuple[list[int], bytes | None]]:
        """Each chunk with what Multicall3 returned for it, while others are under way.

        None stands for a chunk that is to be asked again, smaller or in another way; nothing (``b""``) for one whose
        reads are to be asked alone.
        """
        by_number = self._by_number
        requests = (
            self._eth_call(
                self._address,
                _encode_aggregate3([(reads[i].address, calldatas[i]) for i in chunk]),
                block,
            )
            for chunk in chunks
        )
        outcomes = self._rpc.iter_call_each(requests, raise_at_once=_ASK_FOR_LESS)
        for chunk, outcome in zip(chunks, outcomes, strict=True):
            if not isinstance(outcome, ButlerError):
                content = parse_bytes(outcome)
                if not content:
                    self._absent_to = max(self._absent_to, block.number)
                yield chunk, content
            elif not by_number and _refuses_hashes(outcome):
                self._by_number = True
                yield chunk, None
            # Multicall3 itself never reverts, so a revert of the whole call is a want of gas in other words.
            elif isinstance(outcome, RevertError) or trouble_of(outcome) in _ASK_FOR_LESS:
                if len(chunk) > 1:
                    self._shrink(len(chunk))
                yield chunk, None if len(chunk) > 1 else b""
            else:
                raise outcome

    def _ask_alone(
        self, alone: list[int], reads: Sequence[Read], calldatas: list[bytes], block: BlockStamp
    ) -> dict[int, bytes | RevertError]:
        requests = [self._eth_call(reads[i].address, calldatas[i], block) for i in alone]
        answers: dict[int, bytes | RevertError] = {}
        for i, outcome in zip(alone, self._rpc.try_batch(requests), strict=True):
            if isinstance(outcome, RevertError):
                answers[i] = outcome
            elif isinstance(outcome, ButlerError) and not self._by_number and _refuses_hashes(outcome):
                self._by_number = True
                return self._ask_alone(alone, reads, calldatas, block)
            elif isinstance(outcome, ButlerError):
                raise outcome
            else:
                answers[i] = parse_bytes(outcome)
        return answers

    def _chunks(self, waiting: list[int], calldatas: list[bytes]) -> list[list[int]]:
        # Even chunks finish together; the last one would else be a small straggler.
        count = -(-len(waiting) // self._chunk_reads)
        even = -(-len(waiting) // count)
        chunks: list[list[int]] = [[]]
        size = 0
        for i in waiting:
            needed = 6 * _WORD + len(calldatas[i])
            if chunks[-1] and (len(chunks[-1]) >= even or size + needed > CHUNK_BYTES):
                chunks.append([])
                size = 0
            chunks[-1].append(i)
            size += needed
        return chunks

    def _eth_call(self, to: str, calldata: bytes, block: BlockStamp) -> tuple[str, list[Any]]:
        return "eth_call", [{"to": to, "data": to_hex(calldata)}, self._pin(block)]

    def _pin(self, block: BlockStamp) -> Any:
        # The block's hash, not its number: an answer of another fork must be an error, not a value.
        return hex(block.number) if self._by_number else {"blockHash": block.hash, "requireCanonical": True}

    def _shrink(self, reads_in_chunk: int) -> None:
        """Halve the size of chunks, for all that follow."""
        with self._lock:
            self._chunk_reads = max(1, min(self._chunk_reads, reads_in_chunk // 2))


def _refuses_hashes(error: ButlerError) -> bool:
    """Whether the node does not know block hashes in calls (EIP-1898); numbers then have to do."""
    return isinstance(error, NodeRefused) and error.code == _INVALID_PARAMETERS


def _decoded(read: Read, answer: bytes | RevertError) -> Any:
    facts = {"contract": read.address, "function": read.function.signature}
    if isinstance(answer, RevertError):
        answer.facts.update(facts)
        return answer
    try:
        return read.function.decode_single(answer)
    except DecodeError as error:
        error.facts.update(facts)
        return error


def _uint(value: int) -> bytes:
    return value.to_bytes(_WORD, "big")


def _encode_aggregate3(calls: Sequence[tuple[str, bytes]]) -> bytes:
    """Calldata of ``aggregate3`` with ``allowFailure`` on every call; the general codec is ten times slower here."""
    places, bodies = [], []
    offset = len(calls) * _WORD
    fixed = _uint(1) + _uint(3 * _WORD)
    for address, calldata in calls:
        places.append(_uint(offset))
        body = b"".join(
            (
                bytes(12),
                bytes.fromhex(address[2:]),
                fixed,
                _uint(len(calldata)),
                calldata,
                bytes(-len(calldata) % _WORD),
            )
        )
        bodies.append(body)
        offset += len(body)
    return b"".join((_AGGREGATE3, _uint(_WORD), _uint(len(calls)), *places, *bodies))


def _decode_aggregate3(content: bytes, count: int) -> list[tuple[bool, bytes]]:
    """``(success, returnData)`` of every call.

    Raises:
        DecodeError: the bytes are no answer of ``aggregate3`` to this many calls.
    """

    def word(at: int) -> int:
        if at + _WORD > len(content):
            raise DecodeError(
                "an answer of Multicall3 ends early", bytes=len(content), needed_bytes=at + _WORD
            )
        return int.from_bytes(content[at : at + _WORD], "big")

    base = word(0) + _WORD
    if word(base - _WORD) != count:
        raise DecodeError(
            "Multicall3 answered another number of calls", expected=count, answered=word(base - _WORD)
        )
    results = []
    for position in range(count):
        item = base + word(base + position * _WORD)
        begin = item + word(item + _WORD) + _WORD
        end = begin + word(begin - _WORD)
        if end > len(content):
            raise DecodeError("an answer of Multicall3 ends early", bytes=len(content), needed_bytes=end)
        results.append((word(item) == 1, content[begin:end]))
    return results
