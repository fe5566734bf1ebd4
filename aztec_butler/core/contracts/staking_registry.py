"""The StakingRegistry, where operators list keys and others stake on them, and the stakers that token positions own."""

from aztec_butler.core.contracts.contract import Contract

STAKING_REGISTRY = Contract(
    role="staking_registry",
    name="StakingRegistry",
    source="StakingRegistry.sol of the staking registry, verified on mainnet at 0x042dF8f42790d6943F41C25C2132400fd727f452",
    text="""
        # -- providers
        event ProviderRegistered(uint256 indexed providerIdentifier, address indexed providerAdmin, uint16 indexed providerTakeRate)
        event ProviderAdminUpdateInitiated(uint256 indexed providerIdentifier, address indexed newAdmin)
        event ProviderAdminUpdated(uint256 indexed providerIdentifier, address indexed newAdmin)
        event ProviderTakeRateUpdated(uint256 indexed providerIdentifier, uint16 newTakeRate)
        event ProviderRewardsRecipientUpdated(uint256 indexed providerIdentifier, address indexed newRewardsRecipient)
        function registerProvider(address _providerAdmin, uint16 _providerTakeRate, address _providerRewardsRecipient) returns (uint256)
        function updateProviderAdmin(uint256 _providerIdentifier, address _newAdmin)
        function acceptProviderAdmin(uint256 _providerIdentifier)
        function updateProviderTakeRate(uint256 _providerIdentifier, uint16 _newTakeRate)
        function updateProviderRewardsRecipient(uint256 _providerIdentifier, address _newRewardsRecipient)
        function nextProviderIdentifier() view returns (uint256)
        function providerConfigurations(uint256 providerIdentifier) view returns (address providerAdmin, uint16 providerTakeRate, address providerRewardsRecipient)
        function pendingProviderAdmins(uint256 providerIdentifier) view returns (address providerAdmin)

        # -- a provider's queue of keys
        event AttestersAddedToProvider(uint256 indexed providerIdentifier, address[] attesters)
        event ProviderQueueDripped(uint256 indexed providerIdentifier, address indexed attester)
        function addKeysToProvider(uint256 _providerIdentifier, (address attester, (uint256 x, uint256 y) publicKeyG1, (uint256 x0, uint256 x1, uint256 y0, uint256 y1) publicKeyG2, (uint256 x, uint256 y) proofOfPossession)[] _keyStores)
        function dripProviderQueue(uint256 _providerIdentifier, uint256 _numberOfKeysToDrip)
        function providerQueues(uint256 providerIdentifier) view returns (uint128 first, uint128 last)
        function getProviderQueueLength(uint256 _providerIdentifier) view returns (uint256)
        function getFirstIndexInQueue(uint256 _providerIdentifier) view returns (uint128)
        function getLastIndexInQueue(uint256 _providerIdentifier) view returns (uint128)
        function getValueAtIndexInQueue(uint256 _providerIdentifier, uint128 _index) view returns ((address attester, (uint256 x, uint256 y) publicKeyG1, (uint256 x0, uint256 x1, uint256 y0, uint256 y1) publicKeyG2, (uint256 x, uint256 y) proofOfPossession))

        # -- staking
        event StakedWithProvider(uint256 indexed providerIdentifier, address indexed rollupAddress, address indexed attester, address coinbaseSplitContractAddress, address stakerImplementation)
        function stake(uint256 _providerIdentifier, uint256 _rollupVersion, address _withdrawalAddress, uint16 _expectedProviderTakeRate, address _userRewardsRecipient, bool _moveWithLatestRollup)
        function getActivationThreshold(uint256 _rollupVersion) view returns (uint256)
        function STAKING_ASSET() view returns (address)
        function ROLLUP_REGISTRY() view returns (address)
        function PULL_SPLIT_FACTORY() view returns (address)

        # -- errors
        error StakingRegistry__ZeroAddress()
        error StakingRegistry__InvalidProviderIdentifier(uint256 _providerIdentifier)
        error StakingRegistry__NotProviderAdmin()
        error StakingRegistry__UpdatedProviderAdminToSameAddress()
        error StakingRegistry__UpdatedProviderTakeRateToSameValue()
        error StakingRegistry__NotPendingProviderAdmin()
        error StakingRegistry__InvalidTakeRate(uint256 _takeRate)
        error StakingRegistry__UnexpectedTakeRate(uint256 _expectedTakeRate, uint256 _gotTakeRate)
        error QueueIsEmpty()
        error QueueIndexOutOfBounds()
    """,
)

# The last of three implementations behind the same proxies; the earlier ones, ATPNonWithdrawableStaker and
# ATPWithdrawableStaker, have a part of it.
ATP_STAKER = Contract(
    role="atp_staker",
    name="ATPWithdrawableAndClaimableStakerV2",
    source="src/tge/ATPWithdrawableAndClaimableStakerV2.sol of AztecProtocol/ignition-contracts, verified on mainnet at 0x7C009AE557234d094D798A03D21E3c1C1CAD3b42 (V1)",
    text="""
        # -- staking
        event Staked(address indexed staker, address indexed attester, address indexed rollupAddress)
        function stake(uint256 _version, address _attester, (uint256 x, uint256 y) _publicKeyG1, (uint256 x0, uint256 x1, uint256 y0, uint256 y1) _publicKeyG2, (uint256 x, uint256 y) _signature, bool _moveWithLatestRollup)
        function stakeWithProvider(uint256 _version, uint256 _providerIdentifier, uint16 _expectedProviderTakeRate, address _userRewardsRecipient, bool _moveWithLatestRollup)
        function initiateWithdraw(uint256 _version, address _attester)
        function finalizeWithdraw(uint256 _version, address _attester)
        function claimRewards(uint256 _version)
        function hasStaked() view returns (bool)

        # -- tokens
        event TokensWithdrawn(address indexed recipient, uint256 amount)
        event TokensWithdrawnToBeneficiary(address indexed beneficiary, uint256 amount)
        event WithdrawableStatusChanged()
        function moveFundsBackToATP()
        function withdrawAllTokensToBeneficiary()
        function WITHDRAWAL_TIMESTAMP() view returns (uint256)

        # -- governance
        function delegate(uint256 _version, address _attester, address _delegatee)
        function depositIntoGovernance(uint256 _amount)
        function voteInGovernance(uint256 _proposalId, uint256 _amount, bool _support)
        function proposeWithLock(address _proposal) returns (uint256)
        function initiateWithdrawFromGovernance(uint256 _amount) returns (uint256)

        # -- the proxy
        event Upgraded(address indexed implementation)
        function initialize(address _atp)
        function upgradeToAndCall(address newImplementation, bytes data) payable
        function getImplementation() view returns (address)
        function proxiableUUID() view returns (bytes32)
        function UPGRADE_INTERFACE_VERSION() view returns (string)
        function getATP() view returns (address)
        function getOperator() view returns (address)
        function STAKING_ASSET() view returns (address)
        function ROLLUP_REGISTRY() view returns (address)
        function STAKING_REGISTRY() view returns (address)

        # -- errors
        error AlreadyInitialized()
        error NotATP(address caller, address atp)
        error NotOperator(address caller, address operator)
        error StakingNotOccurred()
        error WithdrawalDelayNotPassed()
        error UnSupportedOperation()
        error ZeroATP()
    """,
)

# A position of locked tokens, whose staker stakes them.
ATP = Contract(
    role="atp",
    name="IATP",
    source="src/token-vaults/atps/base/IATP.sol of AztecProtocol/ignition-contracts",
    text="""
        event StakerInitialized(address staker)
        event StakerUpgraded(uint256 version)
        event StakerOperatorUpdated(address operator)
        event Claimed(uint256 amount)
        event ApprovedStaker(uint256 allowance)
        event Rescued(address asset, address to, uint256 amount)
        event Revoked(uint256 amount)
        function getBeneficiary() view returns (address)
        function getOperator() view returns (address)
        function getStaker() view returns (address)
        function getType() view returns (uint8)
        function getAllocation() view returns (uint256)
        function getClaimable() view returns (uint256)
        function getClaimed() view returns (uint256)
        function getToken() view returns (address)
        function getRegistry() view returns (address)
        function approveStaker(uint256 _allowance)
        function updateStakerOperator(address _operator)
        function upgradeStaker(uint256 _version)
        function claim() returns (uint256)
    """,
)

ATP_FACTORY = Contract(
    role="atp_factory",
    name="ATPFactory",
    source="src/token-vaults/ATPFactory.sol of AztecProtocol/ignition-contracts",
    text="""
        event ATPCreated(address indexed beneficiary, address indexed atp, uint256 allocation)
        event MinterSet(address indexed minter, bool isMinter)
        function getRegistry() view returns (address)
        function getToken() view returns (address)
    """,
)
