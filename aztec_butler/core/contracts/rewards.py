"""Where rewards come from: the distributor, the boosters of provers, the issuer of tokens, and who pays for flushes."""

from aztec_butler.core.contracts.contract import Contract

# Generation 5 is another contract, with a pot for every recipient.
REWARD_DISTRIBUTOR = Contract(
    role="reward_distributor",
    name="RewardDistributor",
    source="l1-contracts/src/governance/RewardDistributor.sol, 4.1.2",
    text="""
        [5]   event Distributed(address indexed from, address indexed to, uint256 amount, uint256 implicitAmountUsed, uint256 earmarkedAmountUsed)
        [5]   event Subsidized(address indexed funder, address indexed recipient, uint256 amount)
              function claim(address _to, uint256 _amount)
        [5]   function subsidizeAddress(address _recipient, uint256 _amount)
        [5]   function availableTo(address _recipient) view returns (uint256)
        [5]   function specificRecipientBalance(address recipient) view returns (uint256 amount)
        [5]   function totalEarmarkedBalance() view returns (uint256)
              function canonicalRollup() view returns (address)
              function ASSET() view returns (address)
              function REGISTRY() view returns (address)
        [2-4] function recover(address _asset, address _to, uint256 _amount)
        [5]   function recoverFrom(address _from, address _to, uint256 _amount)
        [5]   function recoverWrongAsset(address _asset, address _to, uint256 _amount)

        # -- errors
              error RewardDistributor__InvalidCaller(address caller, address canonical)
        [5]   error RewardDistributor__InsufficientAvailable(uint256 requested, uint256 available)
        [5]   error RewardDistributor__ZeroRollup()
        [5]   error RewardDistributor__WrongRecoverMechanism()
    """,
)

REWARD_BOOSTER = Contract(
    role="reward_booster",
    name="RewardBooster",
    source="l1-contracts/src/core/reward-boost/RewardBooster.sol, 4.1.2",
    text="""
            function getSharesFor(address _prover) view returns (uint256)
            function getActivityScore(address _prover) view returns ((uint256 time, uint32 value))
            function getConfig() view returns ((uint32 increment, uint32 maxScore, uint32 a, uint32 minimum, uint32 k))
            function updateAndGetShares(address _prover) returns (uint256)
            function ROLLUP() view returns (address)

        # -- errors
            error RewardBooster__OnlyRollup(address caller)
        [5] error RewardBooster__InvalidConfig()
    """,
)

COIN_ISSUER = Contract(
    role="coin_issuer",
    name="CoinIssuer",
    source="l1-contracts/src/governance/CoinIssuer.sol, 4.1.2",
    text="""
        event BudgetReset(uint256 indexed newYear, uint256 newBudget)
        function mint(address _to, uint256 _amount)
        function mintAvailable() view returns (uint256)
        function cachedBudget() view returns (uint256)
        function cachedBudgetYear() view returns (uint256)
        function NOMINAL_ANNUAL_PERCENTAGE_CAP() view returns (uint256)
        function DEPLOYMENT_TIME() view returns (uint256)
        function ASSET() view returns (address)
        function acceptTokenOwnership()

        # -- ownership
        event OwnershipTransferred(address indexed previousOwner, address indexed newOwner)
        function owner() view returns (address)
        function transferOwnership(address newOwner)
        function renounceOwnership()

        # -- errors
        error CoinIssuer__InsufficientMintAvailable(uint256 available, uint256 needed)
        error CoinIssuer__InvalidConfiguration()
    """,
)

DATE_GATED_RELAYER = Contract(
    role="date_gated_relayer",
    name="DateGatedRelayer",
    source="l1-contracts/src/periphery/DateGatedRelayer.sol, 4.1.2",
    text="""
        function relay(address target, bytes data) returns (bytes)
        function GATED_UNTIL() view returns (uint256)

        # -- ownership
        event OwnershipTransferred(address indexed previousOwner, address indexed newOwner)
        function owner() view returns (address)
        function transferOwnership(address newOwner)
        function renounceOwnership()

        # -- errors
        error GateIsClosed()
    """,
)

FLUSH_REWARDER = Contract(
    role="flush_rewarder",
    name="FlushRewarder",
    source="l1-contracts/src/periphery/FlushRewarder.sol, 4.1.2",
    text="""
        event RewardPerInsertionUpdated(uint256 rewardPerInsertion)
        function flushEntryQueue()
        function flushEntryQueue(uint256 _toAdd)
        function claimRewards()
        function rewardsOf(address) view returns (uint256)
        function rewardsAvailable() view returns (uint256)
        function rewardPerInsertion() view returns (uint256)
        function DEFAULT_MAX_ADD_PER_FLUSH() view returns (uint256)
        function REWARD_ASSET() view returns (address)
        function ROLLUP() view returns (address)
        function setRewardPerInsertion(uint256 _rewardPerInsertion)
        function recover(address _asset, address _to, uint256 _amount)

        # -- ownership
        event OwnershipTransferred(address indexed previousOwner, address indexed newOwner)
        function owner() view returns (address)
        function transferOwnership(address newOwner)
        function renounceOwnership()

        # -- errors
        error InsufficientRewardsAvailable()
        error Rollup__RewardsNotClaimable()
    """,
)
