"""Slashing: the Slasher, the proposers whose votes drive it, and the payloads they make."""

from aztec_butler.core.contracts.contract import Contract

SLASHER = Contract(
    role="slasher",
    name="Slasher",
    source="l1-contracts/src/core/slashing/Slasher.sol, 4.1.2",
    text="""
        event VetoedPayload(address indexed payload)
        event SlashingDisabled(uint256 disabledUntil)
        function slash(address _payload) returns (bool)
        function vetoPayload(address _payload) returns (bool)
        function setSlashingEnabled(bool _enabled)
        function initializeProposer(address _proposer)
        function isSlashingEnabled() view returns (bool)
        function slashingDisabledUntil() view returns (uint256)
        function vetoedPayloads(address payload) view returns (bool vetoed)
        function SLASHING_DISABLE_DURATION() view returns (uint256)
        function PROPOSER() view returns (address)
        function VETOER() view returns (address)
        function GOVERNANCE() view returns (address)

        # -- errors
        error Slasher__AlreadyInitialized()
        error Slasher__CallerNotAuthorizedToSlash(address caller)
        error Slasher__CallerNotVetoer(address caller, address vetoer)
        error Slasher__PayloadVetoed(address payload)
        error Slasher__ProposerZeroAddress()
        error Slasher__SlashFailed(address target, bytes data, bytes returnData)
        error Slasher__SlashingDisabled()
    """,
)

# The tally model. Generation 5 calls the contract SlashingProposer, and its errors accordingly.
SLASHING_PROPOSER = Contract(
    role="slashing_proposer",
    name="TallySlashingProposer",
    source="l1-contracts/src/core/slashing/TallySlashingProposer.sol, 4.1.2",
    text="""
        # -- votes and rounds
              event VoteCast(uint256 indexed round, uint256 indexed slot, address indexed proposer)
              event RoundExecuted(uint256 indexed round, uint256 slashCount)
              function vote(bytes _votes, (uint8 v, bytes32 r, bytes32 s) _sig)
              function executeRound(uint256 _round, address[][] _committees)
              function getCurrentRound() view returns (uint256)
        [2]   function getRound(uint256 _round) view returns (bool isExecuted, bool readyToExecute, uint256 voteCount)
        [4+]  function getRound(uint256 _round) view returns (bool isExecuted, uint256 voteCount)
        [4+]  function isRoundReadyToExecute(uint256 _round, uint256 _slot) view returns (bool)
              function getVotes(uint256 _round, uint256 _index) view returns (bytes)
              function getTally(uint256 _round, address[][] _committees) view returns ((address validator, uint256 slashAmount)[])
              function getSlashTargetCommittees(uint256 _round) returns (address[][] committees)
              function getSlashTargetEpoch(uint256 _round, uint256 _epochIndex) view returns (uint256 epochNumber)
              function getPayloadAddress(uint256 _round, (address validator, uint256 slashAmount)[] _actions) view returns (address)

        # -- parameters
              function QUORUM() view returns (uint256)
              function ROUND_SIZE() view returns (uint256)
              function ROUND_SIZE_IN_EPOCHS() view returns (uint256)
              function ROUNDABOUT_SIZE() view returns (uint256)
              function MAX_ROUND_SIZE() view returns (uint256)
              function LIFETIME_IN_ROUNDS() view returns (uint256)
              function EXECUTION_DELAY_IN_ROUNDS() view returns (uint256)
              function SLASH_OFFSET_IN_ROUNDS() view returns (uint256)
              function SLASH_AMOUNT_SMALL() view returns (uint256)
              function SLASH_AMOUNT_MEDIUM() view returns (uint256)
              function SLASH_AMOUNT_LARGE() view returns (uint256)
              function COMMITTEE_SIZE() view returns (uint256)
              function SLASHING_PROPOSER_TYPE() view returns (uint8)
              function INSTANCE() view returns (address)
              function SLASHER() view returns (address)
              function SLASH_PAYLOAD_IMPLEMENTATION() view returns (address)

        # -- signatures
              event EIP712DomainChanged()
              function eip712Domain() view returns (bytes1 fields, string name, string version, uint256 chainId, address verifyingContract, bytes32 salt, uint256[] extensions)
              function VOTE_TYPEHASH() view returns (bytes32)
              function getVoteSignatureDigest(bytes _votes, uint256 _slot) view returns (bytes32)

        # -- errors
        [2-4] error TallySlashingProposer__CommitteeSizeMustBeGreaterThanZero(uint256 committeeSize)
        [2-4] error TallySlashingProposer__InvalidCommitteeCommitment()
        [2-4] error TallySlashingProposer__InvalidCommitteeSize(uint256 expected, uint256 actual)
        [2-4] error TallySlashingProposer__InvalidEpochIndex(uint256 epochIndex, uint256 roundSizeInEpochs)
        [2-4] error TallySlashingProposer__InvalidNumberOfCommittees(uint256 expected, uint256 actual)
        [2-4] error TallySlashingProposer__InvalidQuorumAndRoundSize(uint256 quorum, uint256 roundSize)
        [2-4] error TallySlashingProposer__InvalidSignature()
        [2-4] error TallySlashingProposer__InvalidSlashAmounts(uint256[3] slashAmounts)
        [2-4] error TallySlashingProposer__InvalidVoteLength(uint256 expected, uint256 actual)
        [2-4] error TallySlashingProposer__LifetimeMustBeGreaterThanExecutionDelay(uint256 lifetime, uint256 executionDelay)
        [2-4] error TallySlashingProposer__LifetimeMustBeLessThanRoundabout(uint256 lifetime, uint256 roundabout)
        [2-4] error TallySlashingProposer__QuorumMustBeGreaterThanZero()
        [2-4] error TallySlashingProposer__RoundAlreadyExecuted(uint256 round)
        [2-4] error TallySlashingProposer__RoundNotComplete(uint256 round)
        [2-4] error TallySlashingProposer__RoundOutOfRange(uint256 round, uint256 currentRound)
        [2-4] error TallySlashingProposer__RoundSizeInEpochsMustBeGreaterThanZero(uint256 roundSizeInEpochs)
        [2-4] error TallySlashingProposer__RoundSizeMustBeMultipleOfEpochDuration(uint256 roundSize, uint256 epochDuration)
        [2-4] error TallySlashingProposer__RoundSizeTooLarge(uint256 roundSize, uint256 maxRoundSize)
        [2-4] error TallySlashingProposer__SlashAmountMustBeGtZero(string info)
        [2-4] error TallySlashingProposer__SlashAmountTooLarge()
        [2-4] error TallySlashingProposer__SlashOffsetMustBeGreaterThanZero(uint256 slashOffset)
        [2-4] error TallySlashingProposer__VoteAlreadyCastInCurrentSlot(uint256 slot)
        [2-4] error TallySlashingProposer__VoteSizeTooBig(uint256 voteSize, uint256 maxSize)
        [2-4] error TallySlashingProposer__VotesMustBeMultipleOf4(uint256 votes)
        [2-4] error TallySlashingProposer__VotingNotOpen(uint256 currentRound)
        [5]   error SlashingProposer__CommitteeSizeMustBeGreaterThanZero(uint256 committeeSize)
        [5]   error SlashingProposer__InvalidCommitteeCommitment()
        [5]   error SlashingProposer__InvalidCommitteeSize(uint256 expected, uint256 actual)
        [5]   error SlashingProposer__InvalidEpochIndex(uint256 epochIndex, uint256 roundSizeInEpochs)
        [5]   error SlashingProposer__InvalidNumberOfCommittees(uint256 expected, uint256 actual)
        [5]   error SlashingProposer__InvalidQuorumAndRoundSize(uint256 quorum, uint256 roundSize)
        [5]   error SlashingProposer__InvalidSignature()
        [5]   error SlashingProposer__InvalidSlashAmounts(uint256[3] slashAmounts)
        [5]   error SlashingProposer__InvalidVoteLength(uint256 expected, uint256 actual)
        [5]   error SlashingProposer__LifetimeMustBeGreaterThanExecutionDelay(uint256 lifetime, uint256 executionDelay)
        [5]   error SlashingProposer__LifetimeMustBeLessThanRoundabout(uint256 lifetime, uint256 roundabout)
        [5]   error SlashingProposer__QuorumMustBeGreaterThanZero()
        [5]   error SlashingProposer__RoundAlreadyExecuted(uint256 round)
        [5]   error SlashingProposer__RoundNotComplete(uint256 round)
        [5]   error SlashingProposer__RoundOutOfRange(uint256 round, uint256 currentRound)
        [5]   error SlashingProposer__RoundSizeInEpochsMustBeGreaterThanZero(uint256 roundSizeInEpochs)
        [5]   error SlashingProposer__RoundSizeMustBeMultipleOfEpochDuration(uint256 roundSize, uint256 epochDuration)
        [5]   error SlashingProposer__RoundSizeTooLarge(uint256 roundSize, uint256 maxRoundSize)
        [5]   error SlashingProposer__SlashAmountMustBeGtZero(string info)
        [5]   error SlashingProposer__SlashAmountTooLarge()
        [5]   error SlashingProposer__SlashOffsetMustBeGreaterThanZero(uint256 slashOffset)
        [5]   error SlashingProposer__VoteAlreadyCastInCurrentSlot(uint256 slot)
        [5]   error SlashingProposer__VoteSizeTooBig(uint256 voteSize, uint256 maxSize)
        [5]   error SlashingProposer__VotesMustBeMultipleOf4(uint256 votes)
        [5]   error SlashingProposer__VotingNotOpen(uint256 currentRound)
              error SlashPayload_ArraySizeMismatch(uint256 expected, uint256 actual)
    """,
)

EMPIRE_SLASHING_PROPOSER = Contract(
    role="empire_slashing_proposer",
    name="EmpireSlashingProposer",
    source="l1-contracts/src/core/slashing/EmpireSlashingProposer.sol, 4.1.2",
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
        function SLASHING_PROPOSER_TYPE() view returns (uint8)
        function INSTANCE() view returns (address)
        function SLASHER() view returns (address)

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

SLASH_FACTORY = Contract(
    role="slash_factory",
    name="SlashFactory",
    source="l1-contracts/src/periphery/SlashFactory.sol, 4.1.2",
    text="""
        event SlashPayloadCreated(address indexed payloadAddress, address[] validators, uint96[] amounts, uint128[][] offenses)
        function createSlashPayload(address[] _validators, uint96[] _amounts, uint128[][] _offenses) returns (address)
        function getAddressAndIsDeployed(address[] _validators, uint96[] _amounts, uint128[][] _offenses) view returns (address, bytes32, bool)
        function VALIDATOR_SELECTION() view returns (address)

        # -- errors
        error SlashPayloadAmountsLengthMismatch(uint256 expected, uint256 actual)
        error SlashPayloadOffensesLengthMismatch(uint256 expected, uint256 actual)
    """,
)

SLASH_PAYLOAD = Contract(
    role="slash_payload",
    name="SlashPayloadCloneable",
    source="l1-contracts/src/periphery/SlashPayloadCloneable.sol, 4.1.2",
    text="""
        function getActions() view returns ((address target, bytes data)[] actions)
        function getURI() pure returns (string)
    """,
)
