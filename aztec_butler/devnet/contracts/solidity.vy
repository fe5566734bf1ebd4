# pragma version 0.4.3
# pragma evm-version cancun
"""
@notice Reverts as Solidity 0.8 makes them: checked arithmetic answers `Panic(uint256)`, a refused ERC-20
    transfer answers `SafeERC20FailedOperation(address)`. Vyper's own checks revert with no data, and whoever
    decodes a revert of the original contracts must find the same bytes here.
"""

from ethereum.ercs import IERC20

PANIC_ARITHMETIC: constant(uint256) = 17
PANIC_DIVISION: constant(uint256) = 18


@internal
@pure
def _panic(_code: uint256):
    raw_revert(abi_encode(_code, method_id=method_id("Panic(uint256)")))


@internal
@pure
def add(_a: uint256, _b: uint256) -> uint256:
    if _a > max_value(uint256) - _b:
        self._panic(PANIC_ARITHMETIC)
    return unsafe_add(_a, _b)


@internal
@pure
def sub(_a: uint256, _b: uint256) -> uint256:
    if _b > _a:
        self._panic(PANIC_ARITHMETIC)
    return unsafe_sub(_a, _b)


@internal
@pure
def mul_div(_a: uint256, _b: uint256, _divisor: uint256) -> uint256:
    if _a != 0 and _b > max_value(uint256) // _a:
        self._panic(PANIC_ARITHMETIC)
    if _divisor == 0:
        self._panic(PANIC_DIVISION)
    return unsafe_div(unsafe_mul(_a, _b), _divisor)


@internal
def pull_token(_token: address, _owner: address, _amount: uint256):
    if not extcall IERC20(_token).transferFrom(_owner, self, _amount, default_return_value=True):
        self._token_refused(_token)


@internal
def push_token(_token: address, _receiver: address, _amount: uint256):
    if not extcall IERC20(_token).transfer(_receiver, _amount, default_return_value=True):
        self._token_refused(_token)


@internal
@pure
def _token_refused(_token: address):
    raw_revert(abi_encode(_token, method_id=method_id("SafeERC20FailedOperation(address)")))
