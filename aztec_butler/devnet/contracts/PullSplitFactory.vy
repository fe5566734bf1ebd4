# pragma version 0.4.3
# pragma evm-version cancun
"""
@notice Creates splits: the interface, events and semantics of the 0xSplits v2.2 PullSplitFactory, for a local
    chain. Its constructor deploys the implementation, whose code the build puts into `pull_split_code`.
    The clones are minimal proxies (ERC-1167), so their addresses differ from the original factory's.
"""

import pull_split_code
import splits


interface IPullSplit:
    def initialize(_split: splits.Split, _owner: address): nonpayable


event SplitCreated:
    split: indexed(address)
    splitParams: splits.Split
    owner: address
    creator: address
    nonce: uint256


SPLIT_WALLET_IMPLEMENTATION: public(immutable(address))

nonceOf: HashMap[bytes32, uint256]


@deploy
def __init__(_splitsWarehouse: address):
    SPLIT_WALLET_IMPLEMENTATION = raw_create(pull_split_code.INIT_CODE, _splitsWarehouse)


@external
def createSplit(_splitParams: splits.Split, _owner: address, _creator: address) -> address:
    params_hash: bytes32 = keccak256(abi_encode(_splitParams, _owner))
    nonce: uint256 = self.nonceOf[params_hash]
    self.nonceOf[params_hash] = nonce + 1
    split: address = self._create(_splitParams, _owner, self._nonce_salt(params_hash, nonce))
    log SplitCreated(split=split, splitParams=_splitParams, owner=_owner, creator=_creator, nonce=nonce)
    return split


@external
def createSplitDeterministic(
    _splitParams: splits.Split, _owner: address, _creator: address, _salt: bytes32
) -> address:
    salt: bytes32 = self._params_salt(_splitParams, _owner, _salt)
    split: address = self._predict(salt)
    if split.is_contract:
        return split
    split = self._create(_splitParams, _owner, salt)
    # The other event of the same name: Vyper has no overloads.
    raw_log(
        [
            keccak256("SplitCreated(address,(address[],uint256[],uint256,uint16),address,address,bytes32)"),
            convert(split, bytes32),
        ],
        abi_encode(_splitParams, _owner, _creator, _salt),
    )
    return split


@external
@view
def predictDeterministicAddress(
    _splitParams: splits.Split, _owner: address, _salt: bytes32 = empty(bytes32)
) -> address:
    """
    @notice Where a split of createSplitDeterministic comes to stand; called without the salt (another
        function in the original), where the next one of createSplit does.
    """
    if slice(msg.data, 0, 4) == method_id(
        "predictDeterministicAddress((address[],uint256[],uint256,uint16),address)"
    ):
        params_hash: bytes32 = keccak256(abi_encode(_splitParams, _owner))
        return self._predict(self._nonce_salt(params_hash, self.nonceOf[params_hash]))
    return self._predict(self._params_salt(_splitParams, _owner, _salt))


@external
@view
def isDeployed(_splitParams: splits.Split, _owner: address, _salt: bytes32) -> (address, bool):
    split: address = self._predict(self._params_salt(_splitParams, _owner, _salt))
    return split, split.is_contract


@external
@view
def nonces(_hash: bytes32) -> uint256:
    return self.nonceOf[_hash]


@internal
def _create(_splitParams: splits.Split, _owner: address, _salt: bytes32) -> address:
    split: address = create_minimal_proxy_to(SPLIT_WALLET_IMPLEMENTATION, salt=_salt)
    extcall IPullSplit(split).initialize(_splitParams, _owner)
    return split


@internal
@pure
def _nonce_salt(_params_hash: bytes32, _nonce: uint256) -> bytes32:
    return keccak256(abi_encode(_params_hash, _nonce))


@internal
@pure
def _params_salt(_splitParams: splits.Split, _owner: address, _salt: bytes32) -> bytes32:
    return keccak256(concat(abi_encode(_splitParams, _owner), _salt))


@internal
@view
def _predict(_salt: bytes32) -> address:
    # The creation code of an ERC-1167 proxy, as create_minimal_proxy_to makes it.
    code_hash: bytes32 = keccak256(
        concat(
            x"602d3d8160093d39f3363d3d373d3d3d363d73",
            convert(SPLIT_WALLET_IMPLEMENTATION, bytes20),
            x"5af43d82803e903d91602b57fd5bf3",
        )
    )
    location: bytes32 = keccak256(concat(x"ff", convert(self, bytes20), _salt, code_hash))
    return convert(convert(location, uint256) & convert(max_value(uint160), uint256), address)
