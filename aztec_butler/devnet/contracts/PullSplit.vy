# pragma version 0.4.3
# pragma evm-version cancun
"""
@notice The wallet that divides what it receives: the interface, events, errors and semantics of the 0xSplits
    v2.2 PullSplit, for a local chain. Each split is a minimal proxy (ERC-1167) of one implementation.
    The original proxy answers plain ether itself; here `__default__` does, so a transfer limited to
    2300 gas fails. Lists and bytes, bounded by gas alone in the original, have the constants below.
"""

from ethereum.ercs import IERC20

import eip712
import solidity
import splits


interface IWarehouse:
    def NATIVE_TOKEN() -> address: view
    def balanceOf(_owner: address, _id: uint256) -> uint256: view
    def deposit(_receiver: address, _token: address, _amount: uint256): payable
    def transfer(_receiver: address, _id: uint256, _amount: uint256) -> bool: nonpayable
    def batchTransfer(
        _receivers: DynArray[address, splits.MAX_RECIPIENTS],
        _token: address,
        _amounts: DynArray[uint256, splits.MAX_RECIPIENTS],
    ): nonpayable


struct Call:
    to: address
    value: uint256
    data: Bytes[MAX_DATA]


event SplitUpdated:
    _split: splits.Split


event SplitDistributed:
    token: indexed(address)
    distributor: indexed(address)
    amount: uint256


event OwnershipTransferred:
    oldOwner: indexed(address)
    newOwner: indexed(address)


event SetPaused:
    paused: bool


event ExecCalls:
    calls: DynArray[Call, MAX_CALLS]


MAX_CALLS: constant(uint256) = 16
MAX_DATA: constant(uint256) = 2048

DOMAIN_NAME: constant(String[11]) = "splitWallet"
DOMAIN_VERSION: constant(String[3]) = "2.2"
MESSAGE_TYPE_HASH: constant(bytes32) = keccak256("SplitWalletMessage(bytes32 hash)")
ERC165_ID: constant(bytes4) = 0x01ffc9a7
ERC1155_RECEIVER_ID: constant(bytes4) = 0x4e2312e0

SPLITS_WAREHOUSE: public(immutable(address))
FACTORY: public(immutable(address))
NATIVE_TOKEN: public(immutable(address))

splitHash: public(bytes32)
updateBlockNumber: public(uint256)
owner: public(address)
paused: public(bool)


@deploy
def __init__(_splitWarehouse: address):
    SPLITS_WAREHOUSE = _splitWarehouse
    FACTORY = msg.sender
    NATIVE_TOKEN = staticcall IWarehouse(_splitWarehouse).NATIVE_TOKEN()


@external
def initialize(_split: splits.Split, _owner: address):
    if msg.sender != FACTORY:
        raw_revert(method_id("UnauthorizedInitializer()"))
    self._update(_split)
    log OwnershipTransferred(oldOwner=empty(address), newOwner=_owner)
    self.owner = _owner


# Distribution


@external
def distribute(_split: splits.Split, _token: address, _distributor: address):
    self._require_unpaused()
    self._require_own(_split)
    in_split: uint256 = 0
    in_warehouse: uint256 = 0
    in_split, in_warehouse = self._balances(_token)
    # One wei stays in either place: a storage slot that never returns to zero is cheaper to write.
    if in_split > 0:
        in_split -= 1
    if in_warehouse > 0:
        in_warehouse -= 1
    if in_split > 0:
        self._deposit(_token, in_split)
    self._distribute(_split, _token, solidity.add(in_warehouse, in_split), _distributor)


@external
@payable
def __default__():
    """
    @notice Plain ether, and the overload
        `distribute((address[],uint256[],uint256,uint16),address,uint256,bool,address)`:
        Vyper has no overloads, so its arguments are read from the calldata.
    """
    if len(msg.data) == 0:
        # Not an event of the original wallet's ABI either: its proxies emit it.
        raw_log([keccak256("ReceiveETH(uint256)")], abi_encode(msg.value))
        return
    assert msg.value == 0
    assert slice(msg.data, 0, 4) == method_id(
        "distribute((address[],uint256[],uint256,uint16),address,uint256,bool,address)"
    )
    split: splits.Split = self._split_at(self._word(0))
    token: address = convert(self._word(32), address)
    transfers: bool = convert(convert(self._word(96), uint8), bool)
    distributor: address = convert(self._word(128), address)
    self._require_unpaused()
    self._require_own(split)
    if transfers:
        self._deposit(token, solidity.sub(self._balance(token), 1))
    self._distribute(split, token, self._word(64), distributor)


@external
def depositToWarehouse(_token: address, _amount: uint256):
    self._require_unpaused()
    self._deposit(_token, _amount)


@internal
def _distribute(_split: splits.Split, _token: address, _amount: uint256, _distributor: address):
    amounts: DynArray[uint256, splits.MAX_RECIPIENTS] = []
    reward: uint256 = 0
    amounts, reward = splits.distributions(_split, _amount)
    extcall IWarehouse(SPLITS_WAREHOUSE).batchTransfer(_split.recipients, _token, amounts)
    if reward > 0:
        extcall IWarehouse(SPLITS_WAREHOUSE).transfer(_distributor, convert(_token, uint256), reward)
    log SplitDistributed(token=_token, distributor=_distributor, amount=_amount)


@internal
def _deposit(_token: address, _amount: uint256):
    if _token == NATIVE_TOKEN:
        extcall IWarehouse(SPLITS_WAREHOUSE).deposit(self, _token, _amount, value=_amount)
        return
    if not raw_call(
        SPLITS_WAREHOUSE,
        abi_encode(self, _token, _amount, method_id=method_id("deposit(address,address,uint256)")),
        revert_on_failure=False,
    ):
        # The first time, the warehouse may not take tokens from here yet.
        if not extcall IERC20(_token).approve(SPLITS_WAREHOUSE, max_value(uint256), default_return_value=True):
            raw_revert(abi_encode(_token, method_id=method_id("SafeERC20FailedOperation(address)")))
        extcall IWarehouse(SPLITS_WAREHOUSE).deposit(self, _token, _amount)


@internal
@view
def _word(_offset: uint256) -> uint256:
    return convert(slice(msg.data, 4 + _offset, 32), uint256)


@internal
@view
def _split_at(_offset: uint256) -> splits.Split:
    split: splits.Split = empty(splits.Split)
    start: uint256 = _offset + self._word(_offset)
    for i: uint256 in range(self._word(start), bound=splits.MAX_RECIPIENTS):
        split.recipients.append(convert(self._word(start + 32 + 32 * i), address))
    start = _offset + self._word(_offset + 32)
    for i: uint256 in range(self._word(start), bound=splits.MAX_RECIPIENTS):
        split.allocations.append(self._word(start + 32 + 32 * i))
    split.totalAllocation = self._word(_offset + 64)
    split.distributionIncentive = convert(self._word(_offset + 96), uint16)
    return split


# The owner's rights. A split of the StakingRegistry has no owner.


@external
def updateSplit(_split: splits.Split):
    self._require_owner()
    self._update(_split)


@external
def transferOwnership(_owner: address):
    self._require_owner()
    self.owner = _owner
    log OwnershipTransferred(oldOwner=msg.sender, newOwner=_owner)


@external
def setPaused(_paused: bool):
    self._require_owner()
    self.paused = _paused
    log SetPaused(paused=_paused)


@external
@payable
def execCalls(_calls: DynArray[Call, MAX_CALLS]) -> (uint256, DynArray[Bytes[MAX_DATA], MAX_CALLS]):
    answers: DynArray[Bytes[MAX_DATA], MAX_CALLS] = []
    for call: Call in _calls:
        # Asked anew each time: a call may have handed the split to another owner.
        if msg.sender != self.owner:
            raw_revert(method_id("Unauthorized()"))
        if not call.to.is_contract and len(call.data) > 0:
            raw_revert(abi_encode(call, method_id=method_id("InvalidCalldataForEOA((address,uint256,bytes))")))
        success: bool = False
        answer: Bytes[MAX_DATA] = b""
        success, answer = raw_call(
            call.to, call.data, value=call.value, max_outsize=MAX_DATA, revert_on_failure=False
        )
        if not success:
            raw_revert(abi_encode(answer, method_id=method_id("Error(string)")))
        answers.append(answer)
    log ExecCalls(calls=_calls)
    return block.number, answers


@internal
def _update(_split: splits.Split):
    splits.validate(_split)
    self.splitHash = splits.hash(_split)
    self.updateBlockNumber = block.number
    log SplitUpdated(_split=_split)


# Tokens of other standards are accepted.


@external
def onERC721Received(_operator: address, _from: address, _id: uint256, _data: Bytes[MAX_DATA]) -> bytes4:
    return 0x150b7a02


@external
def onERC1155Received(
    _operator: address, _from: address, _id: uint256, _amount: uint256, _data: Bytes[MAX_DATA]
) -> bytes4:
    return 0xf23a6e61


@external
def onERC1155BatchReceived(
    _operator: address,
    _from: address,
    _ids: DynArray[uint256, splits.MAX_RECIPIENTS],
    _amounts: DynArray[uint256, splits.MAX_RECIPIENTS],
    _data: Bytes[MAX_DATA],
) -> bytes4:
    return 0xbc197c81


# Views


@external
@view
def getSplitBalance(_token: address) -> (uint256, uint256):
    return self._balances(_token)


@external
@view
def isValidSignature(hash: bytes32, signature: Bytes[eip712.MAX_SIGNATURE]) -> bytes4:
    if eip712.is_valid_signature(self.owner, self._replay_safe_hash(hash), signature):
        return 0x1626ba7e
    return 0xffffffff


@external
@view
def replaySafeHash(hash: bytes32) -> bytes32:
    return self._replay_safe_hash(hash)


@external
@view
def eip712Domain() -> (bytes1, String[11], String[3], uint256, address, bytes32, DynArray[uint256, 1]):
    return 0x0f, DOMAIN_NAME, DOMAIN_VERSION, chain.id, self, empty(bytes32), []


@external
@view
def supportsInterface(interfaceId: bytes4) -> bool:
    return interfaceId in [ERC165_ID, ERC1155_RECEIVER_ID]


@internal
@view
def _balances(_token: address) -> (uint256, uint256):
    return (
        self._balance(_token),
        staticcall IWarehouse(SPLITS_WAREHOUSE).balanceOf(self, convert(_token, uint256)),
    )


@internal
@view
def _balance(_token: address) -> uint256:
    if _token == NATIVE_TOKEN:
        return self.balance
    return staticcall IERC20(_token).balanceOf(self)


@internal
@view
def _replay_safe_hash(_hash: bytes32) -> bytes32:
    return eip712.digest(
        eip712.domain_separator(keccak256(DOMAIN_NAME), keccak256(DOMAIN_VERSION)),
        keccak256(abi_encode(MESSAGE_TYPE_HASH, _hash)),
    )


# Checks


@internal
@view
def _require_own(_split: splits.Split):
    if self.splitHash != splits.hash(_split):
        raw_revert(method_id("InvalidSplit()"))


@internal
@view
def _require_owner():
    if msg.sender != self.owner and msg.sender != self:
        raw_revert(method_id("Unauthorized()"))


@internal
@view
def _require_unpaused():
    if self.paused and msg.sender != self.owner and tx.origin != self.owner and msg.sender != self:
        raw_revert(method_id("Paused()"))
