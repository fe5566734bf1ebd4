"""Governance, which holds all staked tokens and decides, and who may propose to it."""

from aztec_butler.core.contracts.contract import Contract

GOVERNANCE = Contract(
    role="governance",
    name="Governance",
    source="l1-contracts/src/governance/Governance.sol, 4.1.2",
    text="""
        # -- deposits and withdrawals, which every exit of a rollup passes through as well
        event Deposit(address indexed depositor, address indexed onBehalfOf, uint256 amount)
        event WithdrawInitiated(uint256 indexed withdrawalId, address indexed recipient, uint256 amount)
        event WithdrawFinalized(uint256 indexed withdrawalId)
        function deposit(address _beneficiary, uint256 _amount)
        function initiateWithdraw(address _to, uint256 _amount) returns (uint256)
        function finalizeWithdraw(uint256 _withdrawalId)
        function getWithdrawal(uint256 _withdrawalId) view returns ((uint256 amount, uint256 unlocksAt, address recipient, bool claimed))
        function withdrawalCount() view returns (uint256)
        function ASSET() view returns (address)

        # -- proposals
        event Proposed(uint256 indexed proposalId, address indexed proposal)
        event VoteCast(uint256 indexed proposalId, address indexed voter, bool support, uint256 amount)
        event ProposalExecuted(uint256 indexed proposalId)
        event ProposalDropped(uint256 indexed proposalId)
        function propose(address _proposal) returns (uint256)
        function proposeWithLock(address _proposal, address _to) returns (uint256)
        function vote(uint256 _proposalId, uint256 _amount, bool _support)
        function execute(uint256 _proposalId)
        function dropProposal(uint256 _proposalId)
        function getProposal(uint256 _proposalId) view returns (((uint256 votingDelay, uint256 votingDuration, uint256 executionDelay, uint256 gracePeriod, uint256 quorum, uint256 requiredYeaMargin, uint256 minimumVotes) config, uint8 cachedState, address payload, address proposer, uint256 creation, (uint256 yea, uint256 nay) summedBallot))
        function getProposalState(uint256 _proposalId) view returns (uint8)
        function getBallot(uint256 _proposalId, address _user) view returns ((uint256 yea, uint256 nay))
        function proposalCount() view returns (uint256)
        function powerAt(address _owner, uint256 _ts) view returns (uint256)
        function powerNow(address _owner) view returns (uint256)
        function totalPowerAt(uint256 _ts) view returns (uint256)
        function totalPowerNow() view returns (uint256)

        # -- who may deposit
        event BeneficiaryAdded(address beneficiary)
        event FloodGatesOpened()
        function addBeneficiary(address _beneficiary)
        function openFloodgates()
        function isAllBeneficiariesAllowed() view returns (bool)
        function isPermittedInGovernance(address _beneficiary) view returns (bool)

        # -- configuration
        event ConfigurationUpdated(uint256 indexed time)
        event GovernanceProposerUpdated(address indexed governanceProposer)
        function getConfiguration() view returns (((uint256 lockDelay, uint256 lockAmount) proposeConfig, uint256 votingDelay, uint256 votingDuration, uint256 executionDelay, uint256 gracePeriod, uint256 quorum, uint256 requiredYeaMargin, uint256 minimumVotes))
        function governanceProposer() view returns (address)
        function updateConfiguration(((uint256 lockDelay, uint256 lockAmount) proposeConfig, uint256 votingDelay, uint256 votingDuration, uint256 executionDelay, uint256 gracePeriod, uint256 quorum, uint256 requiredYeaMargin, uint256 minimumVotes) _configuration)
        function updateGovernanceProposer(address _governanceProposer)

        # -- errors
        error Governance__CallFailed(address target)
        error Governance__CallerCannotBeSelf()
        error Governance__CallerNotGovernanceProposer(address caller, address governanceProposer)
        error Governance__CallerNotSelf(address caller, address self)
        error Governance__CannotCallAsset()
        error Governance__CannotWithdrawToAddressZero()
        error Governance__CheckpointedUintLib__InsufficientValue(address owner, uint256 have, uint256 required)
        error Governance__CheckpointedUintLib__NotInPast()
        error Governance__ConfigurationLib__InvalidMinimumVotes()
        error Governance__ConfigurationLib__LockAmountTooBig()
        error Governance__ConfigurationLib__LockAmountTooSmall()
        error Governance__ConfigurationLib__QuorumTooBig()
        error Governance__ConfigurationLib__QuorumTooSmall()
        error Governance__ConfigurationLib__RequiredYeaMarginTooBig()
        error Governance__ConfigurationLib__TimeTooBig(string name)
        error Governance__ConfigurationLib__TimeTooSmall(string name)
        error Governance__DepositNotAllowed()
        error Governance__GovernanceProposerCannotBeSelf()
        error Governance__InsufficientPower(address voter, uint256 have, uint256 required)
        error Governance__ProposalAlreadyDropped()
        error Governance__ProposalCannotBeDropped()
        error Governance__ProposalDoesNotExists(uint256 proposalId)
        error Governance__ProposalNotActive()
        error Governance__ProposalNotExecutable()
        error Governance__WithdrawalAlreadyClaimed()
        error Governance__WithdrawalNotInitiated()
        error Governance__WithdrawalNotUnlockedYet(uint256 currentTime, uint256 unlocksAt)
    """,
)

GOVERNANCE_PROPOSER = Contract(
    role="governance_proposer",
    name="GovernanceProposer",
    source="l1-contracts/src/governance/proposer/GovernanceProposer.sol, 4.1.2",
    text="""
        # -- rounds of signals
        event SignalCast(address indexed payload, uint256 indexed round, address indexed signaler)
        event PayloadSubmittable(address indexed payload, uint256 indexed round)
        event PayloadSubmitted(address indexed payload, uint256 indexed round)
        function signal(address _payload) returns (bool)
        function signalWithSig(address _payload, (uint8 v, bytes32 r, bytes32 s) _sig) returns (bool)
        function submitRoundWinner(uint256 _roundNumber) returns (bool)
        function getCurrentRound() view returns (uint256)
        function computeRound(uint256 _slot) view returns (uint256)
        function getRoundData(address _instance, uint256 _round) view returns ((uint256 lastSignalSlot, address payloadWithMostSignals, bool executed))
        function signalCount(address _instance, uint256 _round, address _payload) view returns (uint256)
        function QUORUM_SIZE() view returns (uint256)
        function ROUND_SIZE() view returns (uint256)
        function LIFETIME_IN_ROUNDS() view returns (uint256)
        function EXECUTION_DELAY_IN_ROUNDS() view returns (uint256)
        function getInstance() view returns (address)
        function getProposalProposer(uint256 _proposalId) view returns (address)
        function getGovernance() view returns (address)
        function REGISTRY() view returns (address)
        function GSE() view returns (address)

        # -- signatures
        event EIP712DomainChanged()
        function eip712Domain() view returns (bytes1 fields, string name, string version, uint256 chainId, address verifyingContract, bytes32 salt, uint256[] extensions)
        function SIGNAL_TYPEHASH() view returns (bytes32)
        function getSignalSignatureDigest(address _payload, uint256 _slot) view returns (bytes32)

        # -- errors
        error EmpireBase__FailedToSubmitRoundWinner(address payload)
        error EmpireBase__InstanceHaveNoCode(address instance)
        error EmpireBase__InsufficientSignals(uint256 signalsCast, uint256 signalsNeeded)
        error EmpireBase__InvalidLifetimeAndExecutionDelay(uint256 lifetimeInRounds, uint256 executionDelayInRounds)
        error EmpireBase__InvalidQuorumAndRoundSize(uint256 quorumSize, uint256 roundSize)
        error EmpireBase__OnlyProposerCanSignal(address caller, address proposer)
        error EmpireBase__PayloadAlreadySubmitted(uint256 roundNumber)
        error EmpireBase__PayloadCannotBeAddressZero()
        error EmpireBase__QuorumCannotBeLargerThanRoundSize(uint256 quorumSize, uint256 roundSize)
        error EmpireBase__RoundTooNew(uint256 roundNumber, uint256 currentRoundNumber)
        error EmpireBase__RoundTooOld(uint256 roundNumber, uint256 currentRoundNumber)
        error EmpireBase__SignalAlreadyCastForSlot(uint256 slot)
    """,
)

# What a round's winner becomes: the signalled payload, and a check that most stake follows the latest rollup.
GSE_PAYLOAD = Contract(
    role="gse_payload",
    name="GSEPayload",
    source="l1-contracts/src/governance/GSEPayload.sol, 4.1.2",
    text="""
        function getOriginalPayload() view returns (address)
        function ORIGINAL() view returns (address)
        function amIValid() view returns (bool)
        function getActions() view returns ((address target, bytes data)[])
        function getURI() view returns (string)
        function GSE() view returns (address)
        function REGISTRY() view returns (address)

        # -- errors
        error GovernanceProposer__GSEPayloadInvalid()
    """,
)

PAYLOAD = Contract(
    role="payload",
    name="IPayload",
    source="l1-contracts/src/governance/interfaces/IPayload.sol, 4.1.2",
    text="""
        function getActions() view returns ((address target, bytes data)[])
        function getURI() view returns (string)
    """,
)
