"""The Registry, which knows every rollup, and the GSE, which holds the stake of them all."""

from aztec_butler.core.contracts.contract import Contract

REGISTRY = Contract(
    role="registry",
    name="Registry",
    source="l1-contracts/src/governance/Registry.sol, 4.1.2",
    text="""
        event CanonicalRollupUpdated(address indexed instance, uint256 indexed version)
        event RewardDistributorUpdated(address indexed rewardDistributor)
        function numberOfVersions() view returns (uint256)
        function getVersion(uint256 _index) view returns (uint256)
        function getRollup(uint256 _version) view returns (address)
        function getCanonicalRollup() view returns (address)
        function getGovernance() view returns (address)
        function getRewardDistributor() view returns (address)
        function addRollup(address _rollup)
        function updateRewardDistributor(address _rewardDistributor)

        # -- ownership
        event OwnershipTransferred(address indexed previousOwner, address indexed newOwner)
        function owner() view returns (address)
        function transferOwnership(address newOwner)
        function renounceOwnership()

        # -- errors
        error Registry__NoRollupsRegistered()
        error Registry__RollupAlreadyRegistered(address rollup)
        error Registry__RollupNotRegistered(uint256 version)
    """,
)

GSE = Contract(
    role="gse",
    name="GSE",
    source="l1-contracts/src/governance/GSE.sol, 4.1.2",
    text="""
        # -- stake: an instance is a rollup's address, or the bonus instance for attesters that move with the latest rollup
        event Deposit(address indexed instance, address indexed attester, address withdrawer)
        function deposit(address _attester, address _withdrawer, (uint256 x, uint256 y) _publicKeyInG1, (uint256 x0, uint256 x1, uint256 y0, uint256 y1) _publicKeyInG2, (uint256 x, uint256 y) _proofOfPossession, bool _moveWithLatestRollup)
        function withdraw(address _attester, uint256 _amount) returns (uint256, bool, uint256)
        function finalizeWithdraw(uint256 _withdrawalId)
        function balanceOf(address _instance, address _attester) view returns (uint256)
        function effectiveBalanceOf(address _instance, address _attester) view returns (uint256)
        function supplyOf(address _instance) view returns (uint256)
        function totalSupply() view returns (uint256)
        function ACTIVATION_THRESHOLD() view returns (uint256)
        function EJECTION_THRESHOLD() view returns (uint256)
        function ASSET() view returns (address)

        # -- the set of an instance at any past time
        function getAttesterCountAtTime(address _instance, uint256 _timestamp) view returns (uint256)
        function getAttesterFromIndexAtTime(address _instance, uint256 _index, uint256 _timestamp) view returns (address)
        function getAttestersFromIndicesAtTime(address _instance, uint256 _timestamp, uint256[] _indices) view returns (address[])
        function getG1PublicKeysFromAddresses(address[] _attesters) view returns ((uint256 x, uint256 y)[])
        function isRegistered(address _instance, address _attester) view returns (bool)
        function getConfig(address _attester) view returns (((uint256 x, uint256 y) publicKey, address withdrawer))
        function getWithdrawer(address _attester) view returns (address withdrawer)

        # -- keys
        function getRegistrationDigest((uint256 x, uint256 y) _publicKey) view returns ((uint256 x, uint256 y))
        function ownedPKs(bytes32 hashedPK1) view returns (bool isRegistered)
        function proofOfPossessionGasLimit() view returns (uint64)
        function setProofOfPossessionGasLimit(uint64 _proofOfPossessionGasLimit)

        # -- rollups
        function BONUS_INSTANCE_ADDRESS() view returns (address)
        function getBonusInstanceAddress() pure returns (address)
        function getLatestRollup() view returns (address)
        function getLatestRollupAt(uint256 _timestamp) view returns (address)
        function isRollupRegistered(address _instance) view returns (bool)
        function addRollup(address _rollup)

        # -- voting power
        event DelegateChanged(address indexed attester, address oldDelegatee, address newDelegatee)
        event DelegateVotesChanged(address indexed delegatee, uint256 oldValue, uint256 newValue)
        function delegate(address _instance, address _attester, address _delegatee)
        function vote(uint256 _proposalId, uint256 _amount, bool _support)
        function voteWithBonus(uint256 _proposalId, uint256 _amount, bool _support)
        function proposeWithLock(address _payload, address _to) returns (uint256)
        function getDelegatee(address _instance, address _attester) view returns (address)
        function getVotingPower(address _delegatee) view returns (uint256)
        function getVotingPowerAt(address _delegatee, uint256 _timestamp) view returns (uint256)
        function getPowerUsed(address _delegatee, uint256 _proposalId) view returns (uint256)
        function getGovernance() view returns (address)
        function setGovernance(address _governance)

        # -- ownership
        event OwnershipTransferred(address indexed previousOwner, address indexed newOwner)
        function owner() view returns (address)
        function transferOwnership(address newOwner)
        function renounceOwnership()

        # -- errors
        error GSE__AlreadyRegistered(address, address)
        error GSE__CannotChangePublicKeys(uint256 existingPk1x, uint256 existingPk1y)
        error GSE__FailedToRemove(address)
        error GSE__FatalError(string)
        error GSE__GovernanceAlreadySet()
        error GSE__InstanceDoesNotExist(address)
        error GSE__InsufficientBalance(uint256, uint256)
        error GSE__InvalidProofOfPossession()
        error GSE__InvalidRollupAddress(address)
        error GSE__NotLatestRollup(address)
        error GSE__NotRollup(address)
        error GSE__NotWithdrawer(address, address)
        error GSE__NothingToExit(address)
        error GSE__OutOfBounds(uint256, uint256)
        error GSE__ProofOfPossessionAlreadySeen(bytes32 hashedPK1)
        error GSE__RollupAlreadyRegistered(address)
        error Delegation__InsufficientPower(address, uint256, uint256)
        error AddressSnapshotLib__CannotAddAddressZero()
        error AddressSnapshotLib__IndexOutOfBounds(uint256 index, uint256 size)
        error Governance__CheckpointedUintLib__InsufficientValue(address owner, uint256 have, uint256 required)
        error Governance__CheckpointedUintLib__NotInPast()
        error AddPointFail()
        error MulPointFail()
        error GammaZero()
        error SqrtFail()
        error PairingFail()
        error NoPointFound()
        error InfinityNotAllowed()
    """,
)
