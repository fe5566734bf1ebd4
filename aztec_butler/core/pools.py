"""Prices of Uniswap v4 pools, exactly: what a token is worth in ether. Pure.

Source: Uniswap v4-core, ``PoolKey.sol``, ``PoolId.sol``; v4-periphery, ``StateView.sol``.
"""

from __future__ import annotations

import re
from fractions import Fraction
from typing import Final

import attrs

from aztec_butler.core.contracts.contract import Contract
from aztec_butler.core.errors import InputError, NotFoundError
from aztec_butler.core.hexes import ZERO_ADDRESS, keccak256, parse_address, parse_bytes, to_hex

STATE_VIEW: Final = Contract(
    role="state_view",
    name="StateView",
    source="src/lens/StateView.sol of Uniswap/v4-periphery",
    text="""
        function getSlot0(bytes32 poolId) view returns (uint160 sqrtPriceX96, int24 tick, uint24 protocolFee, uint24 lpFee)
        function getLiquidity(bytes32 poolId) view returns (uint128 liquidity)
    """,
)

STATE_VIEWS: Final = {
    1: "0x7fFE42C4a5DEeA5b0feC41C94C136Cf115597227",
    11_155_111: "0xE1Dd9c3fA50EDB962E442f60DfBc432e24537E4C",
}
"""Where StateView lives, by chain id. Source: Uniswap's documentation of v4 deployments."""

_PAIR: Final = re.compile(r"(\d{1,8}):(\d{1,7})(?::(0x[0-9a-fA-F]{40}))?")
_FIXED_POINT: Final = 1 << 96


@attrs.frozen(kw_only=True)
class PoolKey:
    """A pool of ether and one token.

    Args:
        token: the token; ether itself has the zero address, so it always comes first.
        fee: in hundredths of a basis point, e.g. 3000 for 0.3 %.
        tick_spacing: of the pool's prices.
        hooks: the pool's hook contract; the zero address for none.
    """

    token: str = attrs.field(converter=parse_address)
    fee: int
    tick_spacing: int
    hooks: str = attrs.field(default=ZERO_ADDRESS, converter=parse_address)

    def __attrs_post_init__(self) -> None:
        if self.token == ZERO_ADDRESS:
            raise InputError("a pool of ether with itself")
        if not 0 <= self.fee < 1 << 24:
            raise InputError("a pool's fee fits 24 bits", fee=self.fee)
        if not 1 <= self.tick_spacing <= 32_767:
            raise InputError("a pool's tick spacing is 1 to 32767", tick_spacing=self.tick_spacing)

    @property
    def id(self) -> str:
        """What the pool manager knows the pool by."""
        words = [bytes(20), parse_bytes(self.token), self.fee.to_bytes(3, "big")]
        words += [self.tick_spacing.to_bytes(3, "big"), parse_bytes(self.hooks)]
        return to_hex(keccak256(b"".join(word.rjust(32, b"\0") for word in words)))


def parse_pool(text: str, token: str) -> PoolKey:
    """A pool as people write it: ``FEE:TICK_SPACING``, and ``:HOOKS`` where it has some.

    >>> parse_pool("500:10", "0xa0b86991c6218b36c1d19d4a2e9eb0ce3606eb48").id[:10]
    '0x21c67e77'

    Raises:
        InputError: anything else.
    """
    match = _PAIR.fullmatch(text.strip())
    if match is None:
        raise InputError(
            "expected a pool", hint="FEE:TICK_SPACING or FEE:TICK_SPACING:HOOKS, e.g. 3000:60", value=text
        )
    return PoolKey(token=token, fee=int(match[1]), tick_spacing=int(match[2]), hooks=match[3] or ZERO_ADDRESS)


def price_in_pool(sqrt_price_x96: int, liquidity: int, *, pool: PoolKey) -> Fraction:
    """Wei of ether for one wei of the token.

    Args:
        sqrt_price_x96: square root of token over ether, times 2^96, as ``getSlot0`` tells it.
        liquidity: what stands at that price.
        pool: for the error.

    Raises:
        NotFoundError: there is no such pool, or nothing in it.
    """
    if sqrt_price_x96 == 0:
        raise NotFoundError(
            "there is no such pool",
            hint="check fee, tick spacing and hooks; or give the price with --price",
            pool=pool.id,
            token=pool.token,
        )
    if liquidity == 0:
        raise NotFoundError(
            "the pool has nothing at its price, which means nothing then",
            hint="take another pool, or give the price with --price",
            pool=pool.id,
        )
    return Fraction(_FIXED_POINT**2, sqrt_price_x96**2)
