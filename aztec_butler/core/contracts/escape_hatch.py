"""The escape hatch: bonded candidates who may propose without a committee."""

from aztec_butler.core.contracts.contract import Contract

ESCAPE_HATCH = Contract(
    role="escape_hatch",
    name="EscapeHatch",
    source="l1-contracts/src/core/EscapeHatch.sol, 4.1.2",
    text="""
        # -- candidates
        event CandidateJoined(address indexed candidate)
        event CandidateSelected(uint256 indexed hatch, address indexed candidate)
        event CandidateExitInitiated(address indexed candidate, uint256 exitableAt)
        event CandidateExited(address indexed candidate, uint256 amountReturned)
        function joinCandidateSet()
        function selectCandidates()
        function initiateExit()
        function leaveCandidateSet()
        function isCandidate(address _candidate) view returns (bool)
        function getCandidateInfo(address _candidate) view returns ((uint8 status, uint96 amount, uint32 exitableAt, uint32 lastCheckpointNumber, bytes32 lastSubmittedArchive))
        function getCandidateCount() view returns (uint256)
        function getCandidateCountForHatch(uint256 _hatch) view returns (uint256)
        function getCandidateAtIndex(uint256 _index) view returns (address)
        function getCandidateAtIndexForHatch(uint256 _index, uint256 _hatch) view returns (address)
        function getBondToken() view returns (address)
        function getBondSize() view returns (uint96)
        function getWithdrawalTax() view returns (uint96)
        function getFailedHatchPunishment() view returns (uint96)
        function getProposingExitDelay() view returns (uint256)

        # -- hatches
        event ArchiveUpdated(address indexed proposer, uint128 checkpointNumber, bytes32 archive)
        event ProofValidated(uint256 indexed hatch, address indexed proposer, bool success, uint256 punishment)
        function updateSubmittedArchive(address _proposer, uint128 _checkpointNumber, bytes32 _archive)
        function validateProofSubmission(uint256 _hatch)
        function isHatchOpen(uint256 _epoch) view returns (bool isOpen, address proposer)
        function isHatchPrepared(uint256 _hatch) view returns (bool)
        function isHatchValidated(uint256 _hatch) view returns (bool)
        function getDesignatedProposer(uint256 _hatch) view returns (address)
        function getCurrentHatch() view returns (uint256)
        function getHatch(uint256 _epoch) view returns (uint256)
        function getFirstEpoch(uint256 _hatch) view returns (uint256)
        function getFrequency() view returns (uint256)
        function getActiveDuration() view returns (uint256)
        function getLagInHatches() view returns (uint256)
        function getSeedTimestamp(uint256 _hatch) view returns (uint32)
        function getSetTimestamp(uint256 _hatch) view returns (uint32)
        function LAG_IN_EPOCHS_FOR_RANDAO() view returns (uint256)
        function LAG_IN_EPOCHS_FOR_SET_SIZE() view returns (uint256)
        function getRollup() view returns (address)

        # -- errors
        error EscapeHatch__AlreadyInCandidateSet(address candidate)
        error EscapeHatch__AlreadyValidated(uint256 hatch)
        error EscapeHatch__HatchTooEarly(uint256 hatch)
        error EscapeHatch__InvalidConfiguration()
        error EscapeHatch__InvalidStatus(uint8 expected, uint8 actual)
        error EscapeHatch__NoDesignatedProposer(uint256 hatch)
        error EscapeHatch__NotExitableYet(uint256 exitableAt, uint256 currentTime)
        error EscapeHatch__NotInCandidateSet(address candidate)
        error EscapeHatch__OnlyRollup(address caller, address rollup)
        error EscapeHatch__SetUnstable(uint256 hatch)
        error AddressSnapshotLib__CannotAddAddressZero()
        error AddressSnapshotLib__IndexOutOfBounds(uint256 index, uint256 size)
    """,
)
