"""What a pool says a token is worth. A price at one moment can be moved by whoever has money: it is for estimates."""

from __future__ import annotations

from fractions import Fraction

from aztec_butler.clients.multicall import Multicall, Read
from aztec_butler.core.errors import DecodeError, NotFoundError
from aztec_butler.core.hexes import parse_bytes
from aztec_butler.core.pools import STATE_VIEW, PoolKey, price_in_pool
from aztec_butler.core.records import BlockStamp


def fetch_pool_price(multicall: Multicall, pool: PoolKey, *, state_view: str, block: BlockStamp) -> Fraction:
    """Wei of ether for one wei of the pool's token.

    Args:
        multicall: what carries the reads.
        pool: of ether and the token.
        state_view: Uniswap's StateView, where it stands on this chain.
        block: the block to ask at.

    Raises:
        NotFoundError: no StateView there, no such pool, or nothing in it.
        NodeError: the node failed.
    """
    pool_id = parse_bytes(pool.id)
    reads = [Read(state_view, STATE_VIEW.function(name), (pool_id,)) for name in ("getSlot0", "getLiquidity")]
    try:
        (sqrt_price_x96, *_), liquidity = multicall.read(reads, block)
    except DecodeError:
        raise NotFoundError(
            "Uniswap's StateView is not at this address",
            hint="name another one, or give the price with --price",
            state_view=state_view,
            block=block.number,
        ) from None
    return price_in_pool(sqrt_price_x96, liquidity, pool=pool)
