"""The entry queue's configuration, read from the rollup's storage because no version has a getter for it.

The constructor sets it without an event, and governance's later changes emit ``StakingQueueConfigUpdated``. So the
events tell changes only, and the storage word tells the truth at any block.
"""

from __future__ import annotations

import attrs

from aztec_butler.core.errors import DecodeError, InputError
from aztec_butler.core.hexes import keccak256

STAKING_SLOT = int.from_bytes(keccak256(b"aztec.core.staking.storage"), "big")
"""Where the rollup's staking storage begins. Source: StakingLib ``STAKING_SLOT``."""

# Storage words before the configuration, by generation:
#   2, 4: stakingAsset | slasher, localEjectionThreshold | gse, exitDelay | exits
#   5:    stakingAsset | slasher, localEjectionThreshold | pendingSlasher, readyAt | gse, exitDelay | exits
_WORDS_BEFORE = {2: 4, 4: 4, 5: 5}
_FIELD_BITS = 32
_FIELD_MASK = (1 << _FIELD_BITS) - 1


@attrs.frozen(kw_only=True)
class QueueConfig:
    """How fast the queue may empty. Source: StakingQueueConfig.sol, ``struct StakingQueueConfig``."""

    bootstrap_validator_set_size: int
    """The set begins with this many deposits at once; 0: no bootstrap."""
    bootstrap_flush_size: int
    """Deposits per epoch until the set has reached that size."""
    normal_flush_size_min: int
    normal_flush_size_quotient: int
    """After that, one deposit per epoch for this many active attesters, ..."""
    max_queue_flush_size: int
    """... at least the minimum and at most this. Only 5.x keeps ``bootstrap_flush_size`` below it."""


def queue_config_slot(generation: int) -> int:
    """The storage slot of a rollup's packed queue configuration, for ``eth_getStorageAt``.

    Args:
        generation: 2, 4 or 5.

    >>> hex(queue_config_slot(4) - STAKING_SLOT)
    '0x4'

    Raises:
        InputError: a generation whose storage layout is not known.

    Source: StakingLib ``struct StakingStorage``.
    """
    words = _WORDS_BEFORE.get(generation)
    if words is None:
        raise InputError(
            "the storage layout of this generation of rollups is not known",
            generation=generation,
            known=", ".join(map(str, _WORDS_BEFORE)),
        )
    return STAKING_SLOT + words


def decode_queue_config_word(word: int) -> QueueConfig:
    """A packed queue configuration.

    Five numbers of 32 bits, from the lowest bits up: maximum, quotient, minimum, bootstrap flush size, bootstrap set size.

    Args:
        word: the word at ``queue_config_slot``.

    >>> decode_queue_config_word(0x1f4_000001f4_00000001_00000190_00000004).normal_flush_size_quotient
    400

    Raises:
        DecodeError: the word is empty or has bits beyond the five numbers, so it is something else.

    Source: StakingQueueConfig.sol ``compress``.
    """
    if word == 0 or word >> (5 * _FIELD_BITS):
        raise DecodeError(
            "a storage word that holds no queue configuration",
            hint="there is no rollup at this address at this block, or it is of another generation",
            word=f"0x{word:064x}",
        )
    maximum, quotient, minimum, flush_size, set_size = (
        (word >> shift) & _FIELD_MASK for shift in range(0, 5 * _FIELD_BITS, _FIELD_BITS)
    )
    return QueueConfig(
        bootstrap_validator_set_size=set_size,
        bootstrap_flush_size=flush_size,
        normal_flush_size_min=minimum,
        normal_flush_size_quotient=quotient,
        max_queue_flush_size=maximum,
    )
