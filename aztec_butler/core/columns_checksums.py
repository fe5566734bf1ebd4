"""EIP-55 checksums of many addresses at once: Keccak-256 of all of them in numpy."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from aztec_butler.core.columns_batch import Octets
from aztec_butler.core.hexes import checksum_address

_Lanes = npt.NDArray[np.uint64]

_FEW: Final = 64
_AT_ONCE: Final = 512  # the states of so many fit the cache
_DIGITS: Final = np.frombuffer(b"0123456789abcdef", np.uint8)
_LENGTH: Final = 42
_BYTES: Final = 20
_MOST_KNOWN: Final = 1 << 17
_known: dict[bytes, str] = {}
"""Checksummed before: the same addresses come in column after column."""


def checksummed(rows: Octets) -> list[str]:
    """(n, 20) bytes as checksummed text.

    Source: EIP-55.
    """
    content = np.ascontiguousarray(rows).tobytes()
    keys = [content[start : start + _BYTES] for start in range(0, len(content), _BYTES)]
    texts = [_known.get(key) for key in keys]
    places = [place for place, text in enumerate(texts) if text is None]
    if len(places) < _FEW:
        made = [checksum_address(keys[place]) for place in places]
    else:
        made = []
        for start in range(0, len(places), _AT_ONCE):
            made += _checksummed(rows[places[start : start + _AT_ONCE]])
    fresh = {keys[place]: text for place, text in zip(places, made, strict=True)}
    if len(_known) + len(fresh) > _MOST_KNOWN:
        _known.clear()
    _known.update(fresh)
    return [text or fresh[key] for key, text in zip(keys, texts, strict=True)]


def _checksummed(rows: Octets) -> list[str]:
    nibbles = _nibbles(rows)
    digits = _DIGITS[nibbles]
    is_upper = (nibbles > 9) & (_nibbles(keccak256_rows(digits)[:, :20]) > 7)
    shown = np.empty((len(rows), _LENGTH), np.uint8)
    shown[:, :2] = np.frombuffer(b"0x", np.uint8)
    shown[:, 2:] = digits - np.where(is_upper, np.uint8(32), np.uint8(0))
    text = shown.tobytes().decode()
    return [text[start : start + _LENGTH] for start in range(0, len(text), _LENGTH)]


def _nibbles(rows: Octets) -> Octets:
    return np.stack([rows >> 4, rows & 15], axis=2).reshape(len(rows), -1)


def keccak256_rows(rows: Octets) -> Octets:
    """Keccak-256 of each row; rows are whole 64-bit words, and less than a block of 136 bytes.

    Source: the Keccak reference, "Keccak implementation overview", version 3.2.
    """
    words = np.ascontiguousarray(rows).view("<u8")
    lanes = np.zeros((5, 5, len(rows)), np.uint64)  # [y, x], so that the message fills them in order
    flat = lanes.reshape(25, -1)
    flat[: words.shape[1]] = words.T
    flat[words.shape[1]] ^= np.uint64(1)
    flat[16] ^= np.uint64(1 << 63)
    for constant in _CONSTANTS:
        lanes = _round(lanes, constant)
    digest = np.ascontiguousarray(lanes.reshape(25, -1)[:4].T)
    return digest.astype("<u8").view(np.uint8)


def _round(lanes: _Lanes, constant: np.uint64) -> _Lanes:
    """One round; works in ``lanes``, since most of the time goes into memory."""
    parity: _Lanes = np.bitwise_xor.reduce(lanes, axis=0)
    turned = parity[_NEXT]
    lanes ^= parity[_LAST] ^ ((turned << np.uint64(1)) | (turned >> np.uint64(63)))
    turned = lanes << _LEFT
    lanes >>= _RIGHT
    turned |= lanes
    moved = turned.reshape(25, -1)[_MOVES].reshape(5, 5, -1)
    mixed = moved[:, _NEXT]
    np.invert(mixed, out=mixed)
    mixed &= moved[:, _NEXT_BUT_ONE]
    mixed ^= moved
    mixed[0, 0] ^= constant
    return mixed


def _rotations() -> tuple[_Lanes, _Lanes]:
    left = np.zeros((5, 5, 1), np.uint64)
    x, y = 1, 0
    for step in range(24):
        left[y, x] = (step + 1) * (step + 2) // 2 % 64
        x, y = y, (2 * x + 3 * y) % 5
    return left, (np.uint64(64) - left) % np.uint64(64)


def _moves() -> npt.NDArray[np.int64]:
    """For every lane, in flat order, the lane that moves there."""
    origin = np.zeros((5, 5), np.int64)
    for x in range(5):
        for y in range(5):
            origin[(2 * x + 3 * y) % 5, y] = 5 * y + x
    return origin.reshape(-1)


def _constants() -> list[np.uint64]:
    constants, register = [], 1
    for _ in range(24):
        constant = 0
        for bit in range(7):
            register = (register << 1 ^ (register >> 7) * 0x71) & 255
            if register & 2:
                constant |= 1 << (1 << bit) - 1
        constants.append(np.uint64(constant))
    return constants


_LAST, _NEXT, _NEXT_BUT_ONE = [4, 0, 1, 2, 3], [1, 2, 3, 4, 0], [2, 3, 4, 0, 1]
_LEFT, _RIGHT = _rotations()
_MOVES: Final = _moves()
_CONSTANTS: Final = _constants()
