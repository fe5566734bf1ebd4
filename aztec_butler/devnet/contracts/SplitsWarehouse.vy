# pragma version 0.4.3
# pragma evm-version cancun
"""
@notice Balances of tokens that splits have distributed: the interface, events, errors and semantics of the
    0xSplits SplitsWarehouse (ERC-6909 with its permit extension), for a local chain.
    The id of a token is its address. The original bounds lists and bytes by gas alone; here they have
    the constants below.
"""

import eip712
import solidity


interface IToken:
    def name() -> String[MAX_NAME]: view
    def symbol() -> String[MAX_NAME]: view
    def decimals() -> uint8: view


interface ICallback:
    def onTemporaryApprove(
        owner: address, operator: bool, id: uint256, amount: uint256, data: Bytes[MAX_DATA]
    ) -> bytes4: nonpayable


struct WithdrawConfig:
    incentive: uint16
    paused: bool


event Transfer:
    caller: address
    sender: indexed(address)
    receiver: indexed(address)
    id: indexed(uint256)
    amount: uint256


event OperatorSet:
    owner: indexed(address)
    spender: indexed(address)
    approved: bool


event Approval:
    owner: indexed(address)
    spender: indexed(address)
    id: indexed(uint256)
    amount: uint256


event WithdrawConfigUpdated:
    owner: indexed(address)
    config: WithdrawConfig


event Withdraw:
    owner: indexed(address)
    token: indexed(address)
    withdrawer: indexed(address)
    amount: uint256
    reward: uint256


event NonceInvalidation:
    owner: indexed(address)
    nonce: indexed(uint256)


MAX_ITEMS: constant(uint256) = 100
MAX_DATA: constant(uint256) = 4096
MAX_NAME: constant(uint256) = 100

NATIVE_TOKEN: public(constant(address)) = 0xEeeeeEeeeEeEeeEeEeEeeEEEeeeeEeeeeeeeEEeE
NATIVE_TOKEN_ID: public(constant(uint256)) = 1_364_068_194_842_176_056_990_105_843_868_530_818_345_537_040_110
PERCENTAGE_SCALE: public(constant(uint256)) = 1_000_000
APPROVE_AND_CALL_TYPE_HASH: public(constant(bytes32)) = keccak256(
    "ERC6909XApproveAndCall(bool temporary,address owner,address spender,bool operator,uint256 id,uint256 amount,address target,bytes data,uint256 nonce,uint48 deadline)"
)
DOMAIN_NAME: constant(String[15]) = "SplitsWarehouse"
DOMAIN_VERSION: constant(String[2]) = "v1"
ERC165_ID: constant(bytes4) = 0x01ffc9a7
ERC6909_ID: constant(bytes4) = 0x0f632fb3
ERC6909X_ID: constant(bytes4) = 0x4a31d207

NATIVE_TOKEN_NAME: immutable(String[31])
NATIVE_TOKEN_SYMBOL: immutable(String[31])

balances: HashMap[address, HashMap[uint256, uint256]]
allowances: HashMap[address, HashMap[address, HashMap[uint256, uint256]]]
operators: HashMap[address, HashMap[address, bool]]
withdrawConfigs: HashMap[address, WithdrawConfig]
nonceBits: HashMap[address, HashMap[uint256, uint256]]


@deploy
def __init__(_native_token_name: String[31], _native_token_symbol: String[31]):
    NATIVE_TOKEN_NAME = _native_token_name
    NATIVE_TOKEN_SYMBOL = _native_token_symbol


# Deposits


@external
@payable
def deposit(_receiver: address, _token: address, _amount: uint256):
    self._receive(_token, _amount)
    self._mint(_receiver, convert(_token, uint256), _amount)


@external
@payable
def batchDeposit(
    _receivers: DynArray[address, MAX_ITEMS], _token: address, _amounts: DynArray[uint256, MAX_ITEMS]
):
    self._require_same_length(len(_receivers), len(_amounts))
    total: uint256 = 0
    for i: uint256 in range(len(_receivers), bound=MAX_ITEMS):
        total = solidity.add(total, _amounts[i])
        self._mint(_receivers[i], convert(_token, uint256), _amounts[i])
    self._receive(_token, total)


@internal
@payable
def _receive(_token: address, _amount: uint256):
    if _token != NATIVE_TOKEN:
        # As in the original, ether that comes along with a token stays here for good.
        solidity.pull_token(_token, msg.sender, _amount)
    elif _amount != msg.value:
        raw_revert(method_id("InvalidAmount()"))


# Withdrawals. `withdraw(address,address)`, all but one wei, arrives in __default__: Vyper has no overloads.


@external
def withdraw(
    _owner: address,
    _tokens: DynArray[address, MAX_ITEMS],
    _amounts: DynArray[uint256, MAX_ITEMS],
    _withdrawer: address,
):
    self._require_same_length(len(_tokens), len(_amounts))
    config: WithdrawConfig = self.withdrawConfigs[_owner]
    if config.paused:
        self._withdrawal_paused(_owner)
    for i: uint256 in range(len(_tokens), bound=MAX_ITEMS):
        reward: uint256 = solidity.mul_div(_amounts[i], convert(config.incentive, uint256), PERCENTAGE_SCALE)
        self._withdraw(_owner, _tokens[i], _amounts[i], _withdrawer, reward)


@external
def __default__():
    assert slice(msg.data, 0, 4) == method_id("withdraw(address,address)")
    owner: address = convert(convert(slice(msg.data, 4, 32), uint256), address)
    token: address = convert(convert(slice(msg.data, 36, 32), uint256), address)
    if msg.sender != owner and tx.origin != owner and self.withdrawConfigs[owner].paused:
        self._withdrawal_paused(owner)
    amount: uint256 = solidity.sub(self.balances[owner][convert(token, uint256)], 1)
    self._withdraw(owner, token, amount, msg.sender, 0)


@internal
def _withdraw(_owner: address, _token: address, _amount: uint256, _withdrawer: address, _reward: uint256):
    self._burn(_owner, convert(_token, uint256), _amount)
    amount: uint256 = _amount - _reward
    self._send(_token, _owner, amount)
    if _reward != 0:
        self._send(_token, _withdrawer, _reward)
    log Withdraw(owner=_owner, token=_token, withdrawer=_withdrawer, amount=amount, reward=_reward)


@internal
def _send(_token: address, _receiver: address, _amount: uint256):
    if _token == NATIVE_TOKEN:
        if not raw_call(_receiver, b"", value=_amount, revert_on_failure=False):
            raw_revert(method_id("FailedInnerCall()"))
    else:
        solidity.push_token(_token, _receiver, _amount)


@external
def setWithdrawConfig(_config: WithdrawConfig):
    self.withdrawConfigs[msg.sender] = _config
    log WithdrawConfigUpdated(owner=msg.sender, config=_config)


# Transfers


@external
def batchTransfer(
    _receivers: DynArray[address, MAX_ITEMS], _token: address, _amounts: DynArray[uint256, MAX_ITEMS]
):
    self._require_same_length(len(_receivers), len(_amounts))
    id: uint256 = convert(_token, uint256)
    total: uint256 = 0
    for i: uint256 in range(len(_receivers), bound=MAX_ITEMS):
        self.balances[_receivers[i]][id] = solidity.add(self.balances[_receivers[i]][id], _amounts[i])
        log Transfer(caller=msg.sender, sender=msg.sender, receiver=_receivers[i], id=id, amount=_amounts[i])
        total = solidity.add(total, _amounts[i])
    self.balances[msg.sender][id] = solidity.sub(self.balances[msg.sender][id], total)


@external
def transfer(_receiver: address, _id: uint256, _amount: uint256) -> bool:
    self._transfer(msg.sender, _receiver, _id, _amount)
    return True


@external
def transferFrom(_sender: address, _receiver: address, _id: uint256, _amount: uint256) -> bool:
    if msg.sender != _sender and not self.operators[_sender][msg.sender]:
        allowed: uint256 = self.allowances[_sender][msg.sender][_id]
        if allowed != max_value(uint256):
            self.allowances[_sender][msg.sender][_id] = solidity.sub(allowed, _amount)
    self._transfer(_sender, _receiver, _id, _amount)
    return True


@external
def approve(_spender: address, _id: uint256, _amount: uint256) -> bool:
    self._approve(msg.sender, _spender, _id, _amount)
    return True


@external
def setOperator(_operator: address, _approved: bool) -> bool:
    self._set_operator(msg.sender, _operator, _approved)
    return True


@internal
def _transfer(_sender: address, _receiver: address, _id: uint256, _amount: uint256):
    self.balances[_sender][_id] = solidity.sub(self.balances[_sender][_id], _amount)
    self.balances[_receiver][_id] = solidity.add(self.balances[_receiver][_id], _amount)
    log Transfer(caller=msg.sender, sender=_sender, receiver=_receiver, id=_id, amount=_amount)


@internal
def _mint(_receiver: address, _id: uint256, _amount: uint256):
    self.balances[_receiver][_id] = solidity.add(self.balances[_receiver][_id], _amount)
    log Transfer(caller=msg.sender, sender=empty(address), receiver=_receiver, id=_id, amount=_amount)


@internal
def _burn(_sender: address, _id: uint256, _amount: uint256):
    self.balances[_sender][_id] = solidity.sub(self.balances[_sender][_id], _amount)
    log Transfer(caller=msg.sender, sender=_sender, receiver=empty(address), id=_id, amount=_amount)


@internal
def _approve(_owner: address, _spender: address, _id: uint256, _amount: uint256):
    self.allowances[_owner][_spender][_id] = _amount
    log Approval(owner=_owner, spender=_spender, id=_id, amount=_amount)


@internal
def _set_operator(_owner: address, _operator: address, _approved: bool):
    self.operators[_owner][_operator] = _approved
    log OperatorSet(owner=_owner, spender=_operator, approved=_approved)


# Permits


@external
def temporaryApproveAndCall(
    _spender: address, _operator: bool, _id: uint256, _amount: uint256, _target: address, _data: Bytes[MAX_DATA]
) -> bool:
    self._approve_and_call(msg.sender, _spender, _operator, _id, _amount, _target, _data)
    return True


@external
def temporaryApproveAndCallBySig(
    _owner: address,
    _spender: address,
    _operator: bool,
    _id: uint256,
    _amount: uint256,
    _target: address,
    _data: Bytes[MAX_DATA],
    _nonce: uint256,
    _deadline: uint48,
    _signature: Bytes[eip712.MAX_SIGNATURE],
) -> bool:
    self._use_nonce(_owner, _nonce)
    self._require_signature(
        True, _owner, _spender, _operator, _id, _amount, _target, keccak256(_data), _nonce, _deadline, _signature
    )
    self._approve_and_call(_owner, _spender, _operator, _id, _amount, _target, _data)
    return True


@external
def approveBySig(
    _owner: address,
    _spender: address,
    _operator: bool,
    _id: uint256,
    _amount: uint256,
    _nonce: uint256,
    _deadline: uint48,
    _signature: Bytes[eip712.MAX_SIGNATURE],
) -> bool:
    self._use_nonce(_owner, _nonce)
    self._require_signature(
        False,
        _owner,
        _spender,
        _operator,
        _id,
        _amount,
        empty(address),
        keccak256(b""),
        _nonce,
        _deadline,
        _signature,
    )
    self._grant(_owner, _spender, _operator, _id, _amount)
    return True


@external
def invalidateNonce(_nonce: uint256):
    self.nonceBits[msg.sender][_nonce >> 8] |= self._nonce_bit(_nonce)
    log NonceInvalidation(owner=msg.sender, nonce=_nonce)


@internal
def _approve_and_call(
    _owner: address,
    _spender: address,
    _operator: bool,
    _id: uint256,
    _amount: uint256,
    _target: address,
    _data: Bytes[MAX_DATA],
):
    was_operator: bool = self.operators[_owner][_spender]
    allowed: uint256 = self.allowances[_owner][_spender][_id]
    self._grant(_owner, _spender, _operator, _id, _amount)
    answer: bytes4 = extcall ICallback(_target).onTemporaryApprove(_owner, _operator, _id, _amount, _data)
    if answer != method_id("onTemporaryApprove(address,bool,uint256,uint256,bytes)", output_type=bytes4):
        raw_revert(method_id("InvalidAck()"))
    if _operator:
        self._set_operator(_owner, _spender, was_operator)
    else:
        self._approve(_owner, _spender, _id, allowed)


@internal
def _grant(_owner: address, _spender: address, _operator: bool, _id: uint256, _amount: uint256):
    if not _operator:
        self._approve(_owner, _spender, _id, _amount)
        return
    if _id != 0 or _amount != 0:
        raw_revert(method_id("InvalidPermitParams()"))
    self._set_operator(_owner, _spender, True)


@internal
def _use_nonce(_from: address, _nonce: uint256):
    bit: uint256 = self._nonce_bit(_nonce)
    used: uint256 = self.nonceBits[_from][_nonce >> 8]
    if used & bit != 0:
        raw_revert(method_id("InvalidNonce()"))
    self.nonceBits[_from][_nonce >> 8] = used | bit
    log NonceInvalidation(owner=_from, nonce=_nonce)


@internal
@pure
def _nonce_bit(_nonce: uint256) -> uint256:
    return 1 << (_nonce & 255)


@internal
@view
def _require_signature(
    _temporary: bool,
    _owner: address,
    _spender: address,
    _operator: bool,
    _id: uint256,
    _amount: uint256,
    _target: address,
    _data_hash: bytes32,
    _nonce: uint256,
    _deadline: uint48,
    _signature: Bytes[eip712.MAX_SIGNATURE],
):
    if block.timestamp > convert(_deadline, uint256):
        raw_revert(abi_encode(_deadline, method_id=method_id("ExpiredSignature(uint48)")))
    digest: bytes32 = eip712.digest(
        self._domain_separator(),
        keccak256(
            abi_encode(
                APPROVE_AND_CALL_TYPE_HASH,
                _temporary,
                _owner,
                _spender,
                _operator,
                _id,
                _amount,
                _target,
                _data_hash,
                _nonce,
                _deadline,
            )
        ),
    )
    if not eip712.is_valid_signature(_owner, digest, _signature):
        raw_revert(method_id("InvalidSigner()"))


# Views


@external
@view
def balanceOf(owner: address, id: uint256) -> uint256:
    return self.balances[owner][id]


@external
@view
def allowance(owner: address, spender: address, tokenId: uint256) -> uint256:
    return self.allowances[owner][spender][tokenId]


@external
@view
def isOperator(owner: address, operator: address) -> bool:
    return self.operators[owner][operator]


@external
@view
def withdrawConfig(owner: address) -> (uint16, bool):
    return self.withdrawConfigs[owner].incentive, self.withdrawConfigs[owner].paused


@external
@view
def nonceBitMap(account: address, word: uint256) -> uint256:
    return self.nonceBits[account][word]


@external
@view
def isValidNonce(_from: address, _nonce: uint256) -> bool:
    return self.nonceBits[_from][_nonce >> 8] & self._nonce_bit(_nonce) == 0


@external
@view
def name(id: uint256) -> String[15 + MAX_NAME]:
    if id == NATIVE_TOKEN_ID:
        return NATIVE_TOKEN_NAME
    return concat("Splits Wrapped ", staticcall IToken(self._token(id)).name())


@external
@view
def symbol(id: uint256) -> String[6 + MAX_NAME]:
    if id == NATIVE_TOKEN_ID:
        return NATIVE_TOKEN_SYMBOL
    return concat("splits", staticcall IToken(self._token(id)).symbol())


@external
@view
def decimals(id: uint256) -> uint8:
    if id == NATIVE_TOKEN_ID:
        return 18
    return staticcall IToken(self._token(id)).decimals()


@external
@view
def DOMAIN_SEPARATOR() -> bytes32:
    return self._domain_separator()


@external
@view
def eip712Domain() -> (bytes1, String[15], String[2], uint256, address, bytes32, DynArray[uint256, 1]):
    return 0x0f, DOMAIN_NAME, DOMAIN_VERSION, chain.id, self, empty(bytes32), []


@external
@view
def supportsInterface(_interfaceId: bytes4) -> bool:
    return _interfaceId in [ERC165_ID, ERC6909_ID, ERC6909X_ID]


@internal
@view
def _domain_separator() -> bytes32:
    return eip712.domain_separator(keccak256(DOMAIN_NAME), keccak256(DOMAIN_VERSION))


@internal
@pure
def _token(_id: uint256) -> address:
    if _id > convert(max_value(uint160), uint256):
        raw_revert(method_id("Overflow()"))
    return convert(_id, address)


@internal
@pure
def _require_same_length(_left: uint256, _right: uint256):
    if _left != _right:
        raw_revert(method_id("LengthMismatch()"))


@internal
@pure
def _withdrawal_paused(_owner: address):
    raw_revert(abi_encode(_owner, method_id=method_id("WithdrawalPaused(address)")))
