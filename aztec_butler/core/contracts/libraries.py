"""Errors of the libraries that many contracts share, and of contracts that nobody calls by hand."""

from aztec_butler.core.contracts.contract import Contract

LIBRARY = Contract(
    role="library",
    name="OpenZeppelin",
    source="OpenZeppelin Contracts 5.x, and l1-contracts/src/shared/libraries/SignatureLib.sol, 4.1.2",
    text="""
        error AddressEmptyCode(address target)
        error CheckpointUnorderedInsertion()
        error CloneArgumentsTooLong()
        error Create2EmptyBytecode()
        error ECDSAInvalidSignature()
        error ECDSAInvalidSignatureLength(uint256 length)
        error ECDSAInvalidSignatureS(bytes32 s)
        error ERC1967InvalidImplementation(address implementation)
        error ERC1967NonPayable()
        error ERC2612ExpiredSignature(uint256 deadline)
        error ERC2612InvalidSigner(address signer, address owner)
        error FailedCall()
        error FailedInnerCall()
        error FailedDeployment()
        error InsufficientBalance(uint256 balance, uint256 needed)
        error InvalidAccountNonce(address account, uint256 currentNonce)
        error InvalidShortString()
        error OwnableInvalidOwner(address owner)
        error OwnableUnauthorizedAccount(address account)
        error SafeCastOverflowedIntDowncast(uint8 bits, int256 value)
        error SafeCastOverflowedIntToUint(int256 value)
        error SafeCastOverflowedUintDowncast(uint8 bits, uint256 value)
        error SafeCastOverflowedUintToInt(uint256 value)
        error SafeERC20FailedOperation(address token)
        error SignatureLib__InvalidSignature(address, address)
        error StringTooLong(string str)
        error UUPSUnauthorizedCallContext()
        error UUPSUnsupportedProxiableUUID(bytes32 slot)
    """,
)

VERIFIER = Contract(
    role="verifier",
    name="HonkVerifier",
    source="l1-contracts/src/alpha/AlphaVerifier.sol, 4.1.2",
    text="""
        function verify(bytes proof, bytes32[] publicInputs) view returns (bool)

        # -- errors
        error ConsistencyCheckFailed()
        error GeminiChallengeInSubgroup()
        error InvertOfZero()
        error ModExpFailed()
        error NotPowerOfTwo()
        error PointAtInfinity()
        error ProofLengthWrong()
        error ProofLengthWrongWithLogN(uint256 logN, uint256 actualLength, uint256 expectedLength)
        error PublicInputsLengthWrong()
        error ShpleminiFailed()
        error SumcheckFailed()
        error ValueGeFieldOrder()
        error ValueGeGroupOrder()
        error ValueGeLimbMax()
    """,
)

# The faucet of test networks: its refusals only.
STAKING_ASSET_HANDLER = Contract(
    role="staking_asset_handler",
    name="StakingAssetHandler",
    source="l1-contracts/src/mock/StakingAssetHandler.sol, 4.1.2",
    text="""
        error InvalidProof()
        error InvalidScope()
        error InvalidDomain()
        error InvalidBoundAddress(address _expected, address _received)
        error InvalidChainId(uint256 _expected, uint256 _received)
        error InvalidAge()
        error InvalidCountry()
        error InvalidValidityPeriod()
        error InvalidFaceMatch()
        error ExtraDiscloseDataNonZero()
        error SybilDetected(bytes32 _nullifier)
        error InsufficientBalance()
    """,
)

# What adds the first attesters of a test network.
MULTI_ADDER = Contract(
    role="multi_adder",
    name="MultiAdder",
    source="l1-contracts/src/mock/MultiAdder.sol, 4.1.2",
    text="""
        error NotOwner()
    """,
)
