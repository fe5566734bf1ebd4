# pragma version 0.4.3
# pragma evm-version cancun
"""
@notice What Uniswap's StateView answers for one pool, as a test sets it; zeros for any other, like the real one.
"""

sqrtPrices: HashMap[bytes32, uint160]
liquidities: HashMap[bytes32, uint128]


@external
def set(_pool: bytes32, _sqrt_price: uint160, _liquidity: uint128):
    self.sqrtPrices[_pool] = _sqrt_price
    self.liquidities[_pool] = _liquidity


@external
@view
def getSlot0(_pool: bytes32) -> (uint160, int24, uint24, uint24):
    return self.sqrtPrices[_pool], -1, 0, 3000


@external
@view
def getLiquidity(_pool: bytes32) -> uint128:
    return self.liquidities[_pool]
