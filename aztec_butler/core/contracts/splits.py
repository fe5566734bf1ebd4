"""0xSplits v2.2: the split that shares a delegation's rewards, its factory, and the warehouse that pays out."""

from aztec_butler.core.contracts.contract import Contract

PULL_SPLIT_FACTORY = Contract(
    role="pull_split_factory",
    name="PullSplitFactory",
    source="packages/splits-v2/src/splitters/pull/PullSplitFactory.sol of 0xSplits/splits-contracts-monorepo, 2.2",
    text="""
        event SplitCreated(address indexed split, (address[] recipients, uint256[] allocations, uint256 totalAllocation, uint16 distributionIncentive) splitParams, address owner, address creator, uint256 nonce)
        event SplitCreated(address indexed split, (address[] recipients, uint256[] allocations, uint256 totalAllocation, uint16 distributionIncentive) splitParams, address owner, address creator, bytes32 salt)
        function createSplit((address[] recipients, uint256[] allocations, uint256 totalAllocation, uint16 distributionIncentive) _splitParams, address _owner, address _creator) returns (address split)
        function createSplitDeterministic((address[] recipients, uint256[] allocations, uint256 totalAllocation, uint16 distributionIncentive) _splitParams, address _owner, address _creator, bytes32 _salt) returns (address split)
        function predictDeterministicAddress((address[] recipients, uint256[] allocations, uint256 totalAllocation, uint16 distributionIncentive) _splitParams, address _owner) view returns (address)
        function predictDeterministicAddress((address[] recipients, uint256[] allocations, uint256 totalAllocation, uint16 distributionIncentive) _splitParams, address _owner, bytes32 _salt) view returns (address)
        function isDeployed((address[] recipients, uint256[] allocations, uint256 totalAllocation, uint16 distributionIncentive) _splitParams, address _owner, bytes32 _salt) view returns (address split, bool exists)
        function nonces(bytes32 _hash) view returns (uint256)
        function SPLIT_WALLET_IMPLEMENTATION() view returns (address)

        # -- errors
        error InvalidSplit_LengthMismatch()
        error InvalidSplit_TotalAllocationMismatch()
    """,
)

PULL_SPLIT = Contract(
    role="pull_split",
    name="PullSplit",
    source="packages/splits-v2/src/splitters/pull/PullSplit.sol of 0xSplits/splits-contracts-monorepo, 2.2",
    text="""
        # -- paying out
        event SplitDistributed(address indexed token, address indexed distributor, uint256 amount)
        function distribute((address[] recipients, uint256[] allocations, uint256 totalAllocation, uint16 distributionIncentive) _split, address _token, address _distributor)
        function distribute((address[] recipients, uint256[] allocations, uint256 totalAllocation, uint16 distributionIncentive) _split, address _token, uint256 _distributeAmount, bool _performWarehouseTransfer, address _distributor)
        function depositToWarehouse(address _token, uint256 _amount)
        function getSplitBalance(address _token) view returns (uint256 splitBalance, uint256 warehouseBalance)
        function splitHash() view returns (bytes32)
        function updateBlockNumber() view returns (uint256)
        function SPLITS_WAREHOUSE() view returns (address)
        function NATIVE_TOKEN() view returns (address)
        function FACTORY() view returns (address)

        # -- the owner's part; delegations have splits without an owner
        event SplitUpdated((address[] recipients, uint256[] allocations, uint256 totalAllocation, uint16 distributionIncentive) _split)
        event SetPaused(bool paused)
        event ExecCalls((address to, uint256 value, bytes data)[] calls)
        event OwnershipTransferred(address indexed oldOwner, address indexed newOwner)
        function initialize((address[] recipients, uint256[] allocations, uint256 totalAllocation, uint16 distributionIncentive) _split, address _owner)
        function updateSplit((address[] recipients, uint256[] allocations, uint256 totalAllocation, uint16 distributionIncentive) _split)
        function setPaused(bool _paused)
        function execCalls((address to, uint256 value, bytes data)[] _calls) payable returns (uint256 blockNumber, bytes[] returnData)
        function transferOwnership(address _owner)
        function owner() view returns (address)
        function paused() view returns (bool)

        # -- signatures and tokens received
        event EIP712DomainChanged()
        function eip712Domain() view returns (bytes1 fields, string name, string version, uint256 chainId, address verifyingContract, bytes32 salt, uint256[] extensions)
        function isValidSignature(bytes32 hash, bytes signature) view returns (bytes4 result)
        function replaySafeHash(bytes32 hash) view returns (bytes32)
        function supportsInterface(bytes4 interfaceId) view returns (bool)
        function onERC721Received(address, address, uint256, bytes) returns (bytes4)
        function onERC1155Received(address, address, uint256, uint256, bytes) returns (bytes4)
        function onERC1155BatchReceived(address, address, uint256[], uint256[], bytes) returns (bytes4)

        # -- errors
        error InvalidSplit()
        error InvalidSplit_LengthMismatch()
        error InvalidSplit_TotalAllocationMismatch()
        error InvalidCalldataForEOA((address to, uint256 value, bytes data) call)
        error Paused()
        error Unauthorized()
        error UnauthorizedInitializer()
    """,
)

SPLITS_WAREHOUSE = Contract(
    role="splits_warehouse",
    name="SplitsWarehouse",
    source="packages/splits-v2/src/SplitsWarehouse.sol of 0xSplits/splits-contracts-monorepo, 2.2",
    text="""
        # -- paying in and out; a token's id is its address as a number
        event Withdraw(address indexed owner, address indexed token, address indexed withdrawer, uint256 amount, uint256 reward)
        event WithdrawConfigUpdated(address indexed owner, (uint16 incentive, bool paused) config)
        function deposit(address _receiver, address _token, uint256 _amount) payable
        function batchDeposit(address[] _receivers, address _token, uint256[] _amounts) payable
        function withdraw(address _owner, address _token)
        function withdraw(address _owner, address[] _tokens, uint256[] _amounts, address _withdrawer)
        function setWithdrawConfig((uint16 incentive, bool paused) _config)
        function withdrawConfig(address owner) view returns (uint16 incentive, bool paused)
        function NATIVE_TOKEN() view returns (address)
        function NATIVE_TOKEN_ID() view returns (uint256)
        function PERCENTAGE_SCALE() view returns (uint256)

        # -- ERC-6909
        event Transfer(address caller, address indexed sender, address indexed receiver, uint256 indexed id, uint256 amount)
        event Approval(address indexed owner, address indexed spender, uint256 indexed id, uint256 amount)
        event OperatorSet(address indexed owner, address indexed spender, bool approved)
        function transfer(address _receiver, uint256 _id, uint256 _amount) returns (bool)
        function transferFrom(address _sender, address _receiver, uint256 _id, uint256 _amount) returns (bool)
        function batchTransfer(address[] _receivers, address _token, uint256[] _amounts)
        function approve(address _spender, uint256 _id, uint256 _amount) returns (bool)
        function setOperator(address _operator, bool _approved) returns (bool)
        function balanceOf(address owner, uint256 id) view returns (uint256 amount)
        function allowance(address owner, address spender, uint256 tokenId) view returns (uint256 amount)
        function isOperator(address owner, address operator) view returns (bool approved)
        function name(uint256 id) view returns (string)
        function symbol(uint256 id) view returns (string)
        function decimals(uint256 id) view returns (uint8)
        function supportsInterface(bytes4 _interfaceId) view returns (bool supported)

        # -- approvals by signature
        event NonceInvalidation(address indexed owner, uint256 indexed nonce)
        event EIP712DomainChanged()
        function approveBySig(address _owner, address _spender, bool _operator, uint256 _id, uint256 _amount, uint256 _nonce, uint48 _deadline, bytes _signature) returns (bool)
        function temporaryApproveAndCall(address _spender, bool _operator, uint256 _id, uint256 _amount, address _target, bytes _data) returns (bool)
        function temporaryApproveAndCallBySig(address _owner, address _spender, bool _operator, uint256 _id, uint256 _amount, address _target, bytes _data, uint256 _nonce, uint48 _deadline, bytes _signature) returns (bool)
        function invalidateNonce(uint256 _nonce)
        function isValidNonce(address _from, uint256 _nonce) view returns (bool)
        function nonceBitMap(address account, uint256 word) view returns (uint256 bitMap)
        function eip712Domain() view returns (bytes1 fields, string name, string version, uint256 chainId, address verifyingContract, bytes32 salt, uint256[] extensions)
        function DOMAIN_SEPARATOR() view returns (bytes32)
        function APPROVE_AND_CALL_TYPE_HASH() view returns (bytes32)

        # -- errors
        error WithdrawalPaused(address owner)
        error ZeroOwner()
        error InvalidAmount()
        error LengthMismatch()
        error Overflow()
        error InvalidAck()
        error InvalidNonce()
        error InvalidPermitParams()
        error InvalidSigner()
        error ExpiredSignature(uint48 deadline)
    """,
)
