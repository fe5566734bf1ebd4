"""Values of foreign tables to numpy: numbers and bytes in whichever form a column has them."""

from __future__ import annotations

from binascii import Error as HexError
from binascii import unhexlify
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from aztec_butler.core.columns_batch import Numbers, Octets

Flags = npt.NDArray[np.bool_]
Sizes = npt.NDArray[np.int64]
_X: Final = np.frombuffer(b"0x", np.uint8)
_DIGITS: Final = np.frombuffer(b"0123456789abcdefABCDEF", np.uint8)


class BadRowsError(Exception):
    """Some values of a column are not what they should be.

    Args:
        rows: which; None where the whole column is of a wrong type.
        why: what was expected.
    """

    def __init__(self, rows: Flags | None, why: str) -> None:
        super().__init__(why)
        self.rows = rows


def plain(column: pa.Array) -> pa.Array:
    """Without a dictionary, and text and bytes with offsets of 64 bits."""
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    if isinstance(column, pa.ExtensionArray):
        column = column.storage
    if pa.types.is_string(column.type) or column.type == pa.string_view():
        return column.cast(pa.large_string())
    if pa.types.is_binary(column.type) or column.type == pa.binary_view():
        return column.cast(pa.large_binary())
    return column


def nulls(column: pa.Array) -> Flags:
    """Which values are missing."""
    return np.asarray(column.is_null().to_numpy(zero_copy_only=False))


def is_there(topic: pa.Array | None, rows: int) -> Flags:
    """Which of so many logs have a topic in a column, where null and nothing mean none."""
    if topic is None:
        return np.zeros(rows, bool)
    there = ~nulls(topic)
    if pa.types.is_large_string(topic.type) or pa.types.is_large_binary(topic.type):
        there &= pc.binary_length(topic).fill_null(0).to_numpy(zero_copy_only=False) > 0
    return there


def numbers_of(column: pa.Array) -> Numbers:
    """Integers, or decimal or hex digits, none of them null.

    Raises:
        BadRowsError: anything else, or beyond 64 bits.
    """
    of = column.type
    if pa.types.is_integer(of) or pa.types.is_decimal(of) or pa.types.is_floating(of):
        try:
            return np.asarray(column.cast(pa.uint64()).to_numpy(zero_copy_only=False))
        except pa.ArrowInvalid:
            values = np.array([_is_small(value) for value in column.to_pylist()])
            raise BadRowsError(~values, "not a whole number of at least 0 and 64 bits") from None
    if not pa.types.is_large_string(of):
        raise BadRowsError(None, f"expected numbers, got {of}")
    texts = column.to_pylist()
    good = np.array([_is_quantity(text) for text in texts])
    if not good.all():
        raise BadRowsError(~good, "neither decimal nor hex digits of a number of 64 bits")
    return np.array([int(text, 0) for text in texts], np.uint64)


def _is_small(value: Any) -> bool:
    return bool(0 <= value < 2**64 and value == int(value))


def _is_quantity(text: str) -> bool:
    try:
        return 0 <= int(text, 0) < 2**64 and "_" not in text
    except ValueError:
        return False


def words_of(column: pa.Array, width: int, *, may_lack: bool = False) -> Octets:
    """Values of one width, as bytes or hex text; zero where one is null and may be.

    Raises:
        BadRowsError: anything else.
    """
    missing = nulls(column)
    if pa.types.is_fixed_size_binary(column.type):
        column = column.cast(pa.large_binary())
    if not (pa.types.is_large_string(column.type) or pa.types.is_large_binary(column.type)):
        raise BadRowsError(None, f"expected bytes or hex text, got {column.type}")
    data, sizes = octets_of(column)
    if may_lack:
        missing |= sizes == 0
    elif missing.any():
        raise BadRowsError(missing, "there is none")
    wrong = (sizes != width) & ~missing
    if wrong.any():
        raise BadRowsError(wrong, f"expected {width} bytes, got {sizes[np.argmax(wrong)]}")
    if not missing.any():
        return data.reshape(-1, width)
    words = np.zeros((len(column), width), np.uint8)
    words[~missing] = data.reshape(-1, width)
    return words


def octets_of(column: pa.Array) -> tuple[Octets, Sizes]:
    """The bytes of all values, one after the other, and how many each has; none where it is null.

    Raises:
        BadRowsError: neither bytes nor hex text.
    """
    if pa.types.is_fixed_size_binary(column.type):
        column = column.cast(pa.large_binary())
    is_text = pa.types.is_large_string(column.type)
    if not is_text and not pa.types.is_large_binary(column.type):
        raise BadRowsError(None, f"expected bytes or hex text, got {column.type}")
    if column.null_count:
        column = column.fill_null("" if is_text else b"")
    _, offsets_buffer, content_buffer = column.buffers()
    offsets = np.frombuffer(offsets_buffer, np.int64)[column.offset : column.offset + len(column) + 1]
    content = np.frombuffer(content_buffer or b"", np.uint8)[offsets[0] : offsets[-1]]
    sizes = np.diff(offsets)
    if not is_text:
        return content, sizes
    return _unhexed(content, offsets[:-1] - offsets[0], sizes)


def _unhexed(content: Octets, begin: Sizes, sizes: Sizes) -> tuple[Octets, Sizes]:
    """Texts of 0x and hex digits, or nothing, to bytes."""
    is_odd = (sizes % 2 == 1) | (sizes == 1)
    if is_odd.any():
        raise BadRowsError(is_odd, "not 0x and pairs of hex digits")
    some = sizes > 0
    marks = begin[some, None] + np.arange(2)
    unmarked = np.zeros(len(sizes), bool)
    unmarked[some] = (content[marks] != _X).any(axis=1)
    if unmarked.any():
        raise BadRowsError(unmarked, "the text does not begin with 0x")
    digits = np.delete(content, marks.ravel())
    counts = np.where(some, (sizes - 2) // 2, 0)
    try:
        return np.frombuffer(unhexlify(digits.data), np.uint8), counts
    except HexError:
        wrong = ~_is_hex(digits)
        rows = np.repeat(np.arange(len(counts)), 2 * counts)
        bad = np.zeros(len(counts), bool)
        bad[rows[wrong]] = True
        raise BadRowsError(bad, "not hex digits") from None


def _is_hex(digits: Octets) -> Flags:
    return np.asarray(np.isin(digits, _DIGITS))
