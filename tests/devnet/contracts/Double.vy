# pragma version 0.4.3
# pragma evm-version cancun
"""
@notice What the contracts under test may meet: a token that refuses, a target of temporary approvals, a
    signer that is a contract, a receiver that refuses ether, a contract that somebody calls through.
"""

refuses: public(bool)
allowanceSeen: public(uint256)


interface IWarehouse:
    def allowance(_owner: address, _spender: address, _id: uint256) -> uint256: view
    def isOperator(_owner: address, _spender: address) -> bool: view


@external
def setRefuses(_refuses: bool):
    self.refuses = _refuses


# As an ERC-20 token: everybody has 1000, and nothing ever moves.


@external
@view
def balanceOf(_owner: address) -> uint256:
    return 1000


@external
def transfer(_to: address, _amount: uint256) -> bool:
    return not self.refuses


@external
def transferFrom(_from: address, _to: address, _amount: uint256) -> bool:
    return not self.refuses


@external
def approve(_spender: address, _amount: uint256) -> bool:
    return not self.refuses


# As the target of a temporary approval.


@external
def onTemporaryApprove(_owner: address, _operator: bool, _id: uint256, _amount: uint256, _data: Bytes[64]) -> bytes4:
    if _operator:
        self.allowanceSeen = convert(staticcall IWarehouse(msg.sender).isOperator(_owner, self), uint256)
    else:
        self.allowanceSeen = staticcall IWarehouse(msg.sender).allowance(_owner, self, _id)
    if self.refuses:
        return 0x00000000
    return method_id("onTemporaryApprove(address,bool,uint256,uint256,bytes)", output_type=bytes4)


# As a signer (ERC-1271) and as somebody who is called.


@external
@view
def isValidSignature(_hash: bytes32, _signature: Bytes[64]) -> bytes4:
    if self.refuses:
        return 0xffffffff
    return 0x1626ba7e


@external
def relay(_to: address, _data: Bytes[2048]):
    raw_call(_to, _data)


@external
@payable
def __default__():
    assert not self.refuses, "refused"
