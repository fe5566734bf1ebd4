# pragma version 0.4.3
# pragma evm-version cancun
"""
@notice Providers list keys, users stake on them: the interface, events, errors and semantics of the Aztec
    StakingRegistry, for a local chain.
    The original bounds the keys of one call by gas alone; here at most MAX_KEYS go in one call, more than a
    transaction on mainnet has gas for.
"""

from ethereum.ercs import IERC20

import solidity
import splits


interface IRegistry:
    def getRollup(_version: uint256) -> address: view


interface IRollup:
    def getActivationThreshold() -> uint256: view
    def deposit(
        _attester: address,
        _withdrawer: address,
        _publicKeyInG1: G1Point,
        _publicKeyInG2: G2Point,
        _proofOfPossession: G1Point,
        _moveWithLatestRollup: bool,
    ): nonpayable


interface IPullSplitFactory:
    def createSplit(_splitParams: splits.Split, _owner: address, _creator: address) -> address: nonpayable


struct G1Point:
    x: uint256
    y: uint256


struct G2Point:
    x0: uint256
    x1: uint256
    y0: uint256
    y1: uint256


struct KeyStore:
    attester: address
    publicKeyG1: G1Point
    publicKeyG2: G2Point
    proofOfPossession: G1Point


struct ProviderConfiguration:
    providerAdmin: address
    providerTakeRate: uint16
    providerRewardsRecipient: address


struct Queue:
    first: uint128
    last: uint128


event ProviderRegistered:
    providerIdentifier: indexed(uint256)
    providerAdmin: indexed(address)
    providerTakeRate: indexed(uint16)


event ProviderAdminUpdateInitiated:
    providerIdentifier: indexed(uint256)
    newAdmin: indexed(address)


event ProviderAdminUpdated:
    providerIdentifier: indexed(uint256)
    newAdmin: indexed(address)


event ProviderTakeRateUpdated:
    providerIdentifier: indexed(uint256)
    newTakeRate: uint16


event ProviderRewardsRecipientUpdated:
    providerIdentifier: indexed(uint256)
    newRewardsRecipient: indexed(address)


event ProviderQueueDripped:
    providerIdentifier: indexed(uint256)
    attester: indexed(address)


event AttestersAddedToProvider:
    providerIdentifier: indexed(uint256)
    attesters: DynArray[address, MAX_KEYS]


event StakedWithProvider:
    providerIdentifier: indexed(uint256)
    rollupAddress: indexed(address)
    attester: indexed(address)
    coinbaseSplitContractAddress: address
    stakerImplementation: address


MAX_KEYS: constant(uint256) = 300
# Take rates are in basis points.
WHOLE: constant(uint256) = 10_000

STAKING_ASSET: public(immutable(address))
PULL_SPLIT_FACTORY: public(immutable(address))
ROLLUP_REGISTRY: public(immutable(address))

nextProviderIdentifier: public(uint256)
configurations: HashMap[uint256, ProviderConfiguration]
pendingAdmins: HashMap[uint256, address]
queues: HashMap[uint256, Queue]
keyStores: HashMap[uint256, HashMap[uint128, KeyStore]]


@deploy
def __init__(_stakingAsset: address, _pullSplitFactory: address, _rollupRegistry: address):
    STAKING_ASSET = _stakingAsset
    PULL_SPLIT_FACTORY = _pullSplitFactory
    ROLLUP_REGISTRY = _rollupRegistry
    self.nextProviderIdentifier = 1


# Providers


@external
def registerProvider(_providerAdmin: address, _providerTakeRate: uint16, _providerRewardsRecipient: address) -> uint256:
    self._require_address(_providerAdmin)
    self._require_address(_providerRewardsRecipient)
    self._require_take_rate(_providerTakeRate)
    identifier: uint256 = self.nextProviderIdentifier
    self.nextProviderIdentifier = identifier + 1
    self.configurations[identifier] = ProviderConfiguration(
        providerAdmin=_providerAdmin,
        providerTakeRate=_providerTakeRate,
        providerRewardsRecipient=_providerRewardsRecipient,
    )
    self.queues[identifier] = Queue(first=1, last=1)
    log ProviderRegistered(
        providerIdentifier=identifier,
        providerAdmin=_providerAdmin,
        providerTakeRate=_providerTakeRate,
    )
    return identifier


@external
def updateProviderAdmin(_providerIdentifier: uint256, _newAdmin: address):
    self._require_admin(_providerIdentifier)
    self._require_address(_newAdmin)
    if _newAdmin == msg.sender:
        raw_revert(method_id("StakingRegistry__UpdatedProviderAdminToSameAddress()"))
    self.pendingAdmins[_providerIdentifier] = _newAdmin
    log ProviderAdminUpdateInitiated(providerIdentifier=_providerIdentifier, newAdmin=_newAdmin)


@external
def acceptProviderAdmin(_providerIdentifier: uint256):
    if msg.sender != self.pendingAdmins[_providerIdentifier]:
        raw_revert(method_id("StakingRegistry__NotPendingProviderAdmin()"))
    self.configurations[_providerIdentifier].providerAdmin = msg.sender
    self.pendingAdmins[_providerIdentifier] = empty(address)
    log ProviderAdminUpdated(providerIdentifier=_providerIdentifier, newAdmin=msg.sender)


@external
def updateProviderRewardsRecipient(_providerIdentifier: uint256, _newRewardsRecipient: address):
    self._require_admin(_providerIdentifier)
    self._require_address(_newRewardsRecipient)
    self.configurations[_providerIdentifier].providerRewardsRecipient = _newRewardsRecipient
    log ProviderRewardsRecipientUpdated(
        providerIdentifier=_providerIdentifier, newRewardsRecipient=_newRewardsRecipient
    )


@external
def updateProviderTakeRate(_providerIdentifier: uint256, _newTakeRate: uint16):
    self._require_admin(_providerIdentifier)
    if _newTakeRate == self.configurations[_providerIdentifier].providerTakeRate:
        raw_revert(method_id("StakingRegistry__UpdatedProviderTakeRateToSameValue()"))
    self._require_take_rate(_newTakeRate)
    self.configurations[_providerIdentifier].providerTakeRate = _newTakeRate
    log ProviderTakeRateUpdated(providerIdentifier=_providerIdentifier, newTakeRate=_newTakeRate)


# Provider queues: a key store stands at each index from first up to, not including, last.


@external
def addKeysToProvider(_providerIdentifier: uint256, _keyStores: DynArray[KeyStore, MAX_KEYS]):
    self._require_admin(_providerIdentifier)
    last: uint128 = self.queues[_providerIdentifier].last
    attesters: DynArray[address, MAX_KEYS] = []
    for keyStore: KeyStore in _keyStores:
        self.keyStores[_providerIdentifier][last] = keyStore
        last += 1
        attesters.append(keyStore.attester)
    self.queues[_providerIdentifier].last = last
    log AttestersAddedToProvider(providerIdentifier=_providerIdentifier, attesters=attesters)


@external
def dripProviderQueue(_providerIdentifier: uint256, _numberOfKeysToDrip: uint256):
    self._require_admin(_providerIdentifier)
    if _numberOfKeysToDrip > self._queue_length(_providerIdentifier):
        raw_revert(method_id("QueueIsEmpty()"))
    for _: uint256 in range(_numberOfKeysToDrip, bound=max_value(uint256)):
        keyStore: KeyStore = self._dequeue(_providerIdentifier)
        log ProviderQueueDripped(providerIdentifier=_providerIdentifier, attester=keyStore.attester)


@internal
def _dequeue(_providerIdentifier: uint256) -> KeyStore:
    if self._queue_length(_providerIdentifier) == 0:
        raw_revert(method_id("QueueIsEmpty()"))
    first: uint128 = self.queues[_providerIdentifier].first
    self.queues[_providerIdentifier].first = first + 1
    return self.keyStores[_providerIdentifier][first]


# Staking


@external
def stake(
    _providerIdentifier: uint256,
    _rollupVersion: uint256,
    _withdrawalAddress: address,
    _expectedProviderTakeRate: uint16,
    _userRewardsRecipient: address,
    _moveWithLatestRollup: bool,
):
    configuration: ProviderConfiguration = self.configurations[_providerIdentifier]
    if configuration.providerAdmin == empty(address):
        raw_revert(
            abi_encode(
                _providerIdentifier,
                method_id=method_id("StakingRegistry__InvalidProviderIdentifier(uint256)"),
            )
        )
    self._require_address(_withdrawalAddress)
    self._require_address(_userRewardsRecipient)
    if _expectedProviderTakeRate != configuration.providerTakeRate:
        raw_revert(
            abi_encode(
                convert(_expectedProviderTakeRate, uint256),
                convert(configuration.providerTakeRate, uint256),
                method_id=method_id("StakingRegistry__UnexpectedTakeRate(uint256,uint256)"),
            )
        )
    rollup: address = staticcall IRegistry(ROLLUP_REGISTRY).getRollup(_rollupVersion)
    self._require_address(rollup)
    keyStore: KeyStore = self._dequeue(_providerIdentifier)

    threshold: uint256 = staticcall IRollup(rollup).getActivationThreshold()
    solidity.pull_token(STAKING_ASSET, msg.sender, threshold)
    extcall IERC20(STAKING_ASSET).approve(rollup, threshold, default_return_value=True)
    extcall IRollup(rollup).deposit(
        keyStore.attester,
        _withdrawalAddress,
        keyStore.publicKeyG1,
        keyStore.publicKeyG2,
        keyStore.proofOfPossession,
        _moveWithLatestRollup,
    )

    # No owner: nobody can change or pause what this delegation was promised.
    takeRate: uint256 = convert(configuration.providerTakeRate, uint256)
    split: address = extcall IPullSplitFactory(PULL_SPLIT_FACTORY).createSplit(
        splits.Split(
            recipients=[configuration.providerRewardsRecipient, _userRewardsRecipient],
            allocations=[takeRate, WHOLE - takeRate],
            totalAllocation=WHOLE,
            distributionIncentive=0,
        ),
        empty(address),
        self,
    )
    log StakedWithProvider(
        providerIdentifier=_providerIdentifier,
        rollupAddress=rollup,
        attester=keyStore.attester,
        coinbaseSplitContractAddress=split,
        stakerImplementation=msg.sender,
    )


# Views


@external
@view
def providerConfigurations(providerIdentifier: uint256) -> (address, uint16, address):
    configuration: ProviderConfiguration = self.configurations[providerIdentifier]
    return (
        configuration.providerAdmin,
        configuration.providerTakeRate,
        configuration.providerRewardsRecipient,
    )


@external
@view
def pendingProviderAdmins(providerIdentifier: uint256) -> address:
    return self.pendingAdmins[providerIdentifier]


@external
@view
def providerQueues(providerIdentifier: uint256) -> (uint128, uint128):
    return self.queues[providerIdentifier].first, self.queues[providerIdentifier].last


@external
@view
def getProviderQueueLength(_providerIdentifier: uint256) -> uint256:
    return self._queue_length(_providerIdentifier)


@external
@view
def getFirstIndexInQueue(_providerIdentifier: uint256) -> uint128:
    return self.queues[_providerIdentifier].first


@external
@view
def getLastIndexInQueue(_providerIdentifier: uint256) -> uint128:
    return self.queues[_providerIdentifier].last


@external
@view
def getValueAtIndexInQueue(_providerIdentifier: uint256, _index: uint128) -> KeyStore:
    queue: Queue = self.queues[_providerIdentifier]
    if _index < queue.first or _index >= queue.last:
        raw_revert(method_id("QueueIndexOutOfBounds()"))
    return self.keyStores[_providerIdentifier][_index]


@external
@view
def getActivationThreshold(_rollupVersion: uint256) -> uint256:
    rollup: address = staticcall IRegistry(ROLLUP_REGISTRY).getRollup(_rollupVersion)
    return staticcall IRollup(rollup).getActivationThreshold()


# Checks


@internal
@view
def _queue_length(_providerIdentifier: uint256) -> uint256:
    queue: Queue = self.queues[_providerIdentifier]
    return convert(queue.last - queue.first, uint256)


@internal
@view
def _require_admin(_providerIdentifier: uint256):
    if msg.sender != self.configurations[_providerIdentifier].providerAdmin:
        raw_revert(method_id("StakingRegistry__NotProviderAdmin()"))


@internal
@pure
def _require_address(_address: address):
    if _address == empty(address):
        raw_revert(method_id("StakingRegistry__ZeroAddress()"))


@internal
@pure
def _require_take_rate(_takeRate: uint16):
    if convert(_takeRate, uint256) > WHOLE:
        raw_revert(
            abi_encode(
                convert(_takeRate, uint256),
                method_id=method_id("StakingRegistry__InvalidTakeRate(uint256)"),
            )
        )
