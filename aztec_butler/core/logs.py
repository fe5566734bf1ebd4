"""Raw logs: the record, the filter that asks for them, and the checks that an answer has to pass. Pure.

A node's answer to ``eth_getLogs`` is not believed as it comes. What can be checked without asking again is checked
here; what cannot (logs that are left out) is the reason why ``clients.logs`` looks at the node's head.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import attrs
import msgspec

from aztec_butler.core.errors import DecodeError, InputError
from aztec_butler.core.hexes import checksum_address, parse_address, parse_bytes, to_hex

if TYPE_CHECKING:
    from collections.abc import Sequence

_WORD = 32
_ADDRESS = 20

UNKNOWN_HASH: Final = "0x" + "00" * _WORD
"""The block's hash where a source does not tell it: other extractors leave it out, a node never does."""


@attrs.frozen(kw_only=True)
class RawLog:
    """One log as the chain holds it, not decoded.

    Args:
        address: the contract that emitted it, checksummed.
        topics: up to four words; the first one names the event, unless it is anonymous.
        data: the arguments that are not indexed.
        block_number: of the block it is in.
        block_hash: 0x, lower case. Two logs of one number but two hashes are of two chains. ``UNKNOWN_HASH`` where the
            source does not tell it.
        transaction_hash: 0x, lower case.
        transaction_index: place of the transaction in its block.
        log_index: place of the log in its block; with the block hash it identifies the log.
        block_timestamp: Unix seconds of the block; None where the node does not tell it with the log.
    """

    address: str
    topics: tuple[bytes, ...]
    data: bytes
    block_number: int
    block_hash: str
    transaction_hash: str
    transaction_index: int
    log_index: int
    block_timestamp: int | None = None


@attrs.frozen(kw_only=True)
class LogFilter:
    """Which logs are asked for. Make it with ``LogFilter.of``.

    Args:
        addresses: the contracts, checksummed; None for all.
        topics: for each place the words that may stand there; None for any.
    """

    addresses: frozenset[str] | None
    topics: tuple[frozenset[bytes] | None, ...]

    @classmethod
    def of(
        cls, addresses: Sequence[str] | None, topics: Sequence[Sequence[bytes | str] | None] = ()
    ) -> LogFilter:
        """A filter from what people write.

        Args:
            addresses: contracts, of any case; None for all.
            topics: for each of up to four places the 32-byte words that may stand there, as bytes or hex; None for
                any.

        Raises:
            InputError: not addresses or words; or an empty list, which nodes take for "any".
        """
        if addresses is not None and not addresses:
            raise InputError(
                "a list of addresses to filter by is empty", hint="None asks for those of all contracts"
            )
        if len(topics) > 4:
            raise InputError("a log has at most four topics", topics=len(topics))
        if any(words is not None and not words for words in topics):
            raise InputError(
                "a list of topics to filter by is empty", hint="None allows any topic in its place"
            )
        return cls(
            addresses=None
            if addresses is None
            else frozenset(parse_address(address) for address in addresses),
            topics=tuple(None if words is None else frozenset(map(_word, words)) for words in topics),
        )

    def to_json(self, first_block: int, last_block: int) -> dict[str, Any]:
        """The parameter of ``eth_getLogs`` for a closed range of blocks.

        >>> LogFilter.of(None, [["0x" + "00" * 32]]).to_json(1, 16)["toBlock"]
        '0x10'
        """
        request: dict[str, Any] = {"fromBlock": hex(first_block), "toBlock": hex(last_block)}
        if self.addresses is not None:
            request["address"] = sorted(address.lower() for address in self.addresses)
        if self.topics:
            request["topics"] = [
                None if words is None else [to_hex(word) for word in sorted(words)] for words in self.topics
            ]
        return request

    def matches(self, log: RawLog) -> bool:
        """Whether a log is one that was asked for."""
        if self.addresses is not None and log.address not in self.addresses:
            return False
        # An open place at the end asks for a topic to be there, whichever it is.
        return len(log.topics) >= len(self.topics) and all(
            words is None or topic in words for words, topic in zip(self.topics, log.topics, strict=False)
        )


class _Wire(msgspec.Struct, rename="camel"):
    address: str
    topics: list[str]
    data: str
    block_number: str
    block_hash: str
    transaction_hash: str
    transaction_index: str
    log_index: str
    block_timestamp: str | None = None
    removed: bool | None = None


_decode_wires = msgspec.json.Decoder(list[_Wire]).decode


def parse_logs(content: bytes | msgspec.Raw) -> list[RawLog]:
    """Logs out of the JSON text of an ``eth_getLogs`` result, in the order in which they came.

    Args:
        content: the result, not the whole reply.

    Raises:
        DecodeError: not a list of mined logs.
    """
    try:
        wires = _decode_wires(content)
    except (msgspec.DecodeError, UnicodeDecodeError):
        wires = None
    if wires is None:
        raise DecodeError("the answer is not a list of mined logs")
    if any(wire.removed for wire in wires):
        raise DecodeError("the answer holds logs that a reorganization removed")
    try:
        return [_log(wire) for wire in wires]
    except (InputError, ValueError):
        raise DecodeError("the answer holds a log that is not well formed") from None


def check_logs(logs: Sequence[RawLog], asked: LogFilter, first_block: int, last_block: int) -> list[RawLog]:
    """Logs in the order of the chain, once they are known to fit together and to what was asked.

    Args:
        logs: in any order.
        asked: the filter they must match.
        first_block: of the closed range they must lie in.
        last_block: of that range.

    Raises:
        DecodeError: a log that was not asked for, is there twice, or belongs to another chain than its neighbour.
    """
    in_order = sorted(logs, key=lambda log: (log.block_number, log.log_index))
    previous: RawLog | None = None
    for log in in_order:
        if not first_block <= log.block_number <= last_block:
            raise DecodeError(
                "a log lies outside the range that was asked for",
                block=log.block_number,
                first_block=first_block,
                last_block=last_block,
            )
        if not asked.matches(log):
            raise DecodeError(
                "a log was not asked for",
                block=log.block_number,
                log_index=log.log_index,
                address=log.address,
            )
        if previous is not None and previous.block_number == log.block_number:
            if previous.log_index == log.log_index:
                raise DecodeError("a log is there twice", block=log.block_number, log_index=log.log_index)
            if previous.block_hash != log.block_hash:
                raise DecodeError(
                    "logs of one block number come from two chains",
                    block=log.block_number,
                    hashes=f"{previous.block_hash} {log.block_hash}",
                )
        previous = log
    return in_order


def _log(wire: _Wire) -> RawLog:
    if len(wire.topics) > 4:
        raise ValueError
    return RawLog(
        address=checksum_address(parse_bytes(wire.address, size=_ADDRESS)),
        topics=tuple(parse_bytes(topic, size=_WORD) for topic in wire.topics),
        data=parse_bytes(wire.data),
        block_number=int(wire.block_number, 16),
        block_hash=to_hex(parse_bytes(wire.block_hash, size=_WORD)),
        transaction_hash=to_hex(parse_bytes(wire.transaction_hash, size=_WORD)),
        transaction_index=int(wire.transaction_index, 16),
        log_index=int(wire.log_index, 16),
        block_timestamp=None if wire.block_timestamp is None else int(wire.block_timestamp, 16),
    )


def _word(word: bytes | str) -> bytes:
    if isinstance(word, str):
        return parse_bytes(word, size=_WORD)
    if len(word) != _WORD:
        raise InputError("a topic has 32 bytes", bytes=len(word), value=to_hex(word))
    return word
