"""Messages and fee tokens between L1 and L2."""

from aztec_butler.core.contracts.contract import Contract

INBOX = Contract(
    role="inbox",
    name="Inbox",
    source="l1-contracts/src/core/messagebridge/Inbox.sol, 4.1.2",
    text="""
              event MessageSent(uint256 indexed checkpointNumber, uint256 index, bytes32 indexed hash, bytes16 rollingHash)
        [2-4] event InboxSynchronized(uint256 indexed inProgress)
              function sendL2Message((bytes32 actor, uint256 version) _recipient, bytes32 _content, bytes32 _secretHash) returns (bytes32, uint256)
              function consume(uint256 _toConsume) returns (bytes32)
        [2-4] function catchUp(uint256 _pendingCheckpointNumber)
              function getState() view returns ((bytes16 rollingHash, uint64 totalMessagesInserted, uint64 inProgress))
              function getInProgress() view returns (uint64)
              function getTotalMessagesInserted() view returns (uint64)
              function getRoot(uint256 _checkpointNumber) view returns (bytes32)
              function trees(uint256 checkpointNumber) view returns (uint256 nextIndex)
              function getFeeAssetPortal() view returns (address)
              function FEE_ASSET_PORTAL() view returns (address)
              function ROLLUP() view returns (address)
              function VERSION() view returns (uint256)
        [4+]  function LAG() view returns (uint256)

        # -- errors
              error Inbox__ActorTooLarge(bytes32 actor)
              error Inbox__ContentTooLarge(bytes32 content)
              error Inbox__Ignition()
              error Inbox__MustBuildBeforeConsume()
              error Inbox__SecretHashTooLarge(bytes32 secretHash)
              error Inbox__Unauthorized()
              error Inbox__VersionMismatch(uint256 expected, uint256 actual)
    """,
)

# Generation 2 keeps a root per block, 4 one per epoch, 5 one per proven length of an epoch.
OUTBOX = Contract(
    role="outbox",
    name="Outbox",
    source="l1-contracts/src/core/messagebridge/Outbox.sol, 4.1.2",
    text="""
        [2-4] event RootAdded(uint256 indexed epoch, bytes32 indexed root)
        [5]   event RootAdded(uint256 indexed epoch, uint256 indexed numCheckpointsInEpoch, bytes32 root)
        [2-4] event MessageConsumed(uint256 indexed epoch, bytes32 indexed root, bytes32 indexed messageHash, uint256 leafId)
        [5]   event MessageConsumed(uint256 indexed epoch, bytes32 indexed root, bytes32 indexed messageHash, uint256 leafId, uint256 numCheckpointsInEpoch)
        [2-4] function consume(((bytes32 actor, uint256 version) sender, (address actor, uint256 chainId) recipient, bytes32 content) _message, uint256 _epoch, uint256 _leafIndex, bytes32[] _path)
        [5]   function consume(((bytes32 actor, uint256 version) sender, (address actor, uint256 chainId) recipient, bytes32 content) _message, uint256 _epoch, uint256 _numCheckpointsInEpoch, uint256 _leafIndex, bytes32[] _path)
        [2-4] function insert(uint256 _epoch, bytes32 _root)
        [5]   function insert(uint256 _epoch, uint256 _numCheckpointsInEpoch, bytes32 _root)
        [2-4] function getRootData(uint256 _epoch) view returns (bytes32)
        [5]   function getRootData(uint256 _epoch, uint256 _numCheckpointsInEpoch) view returns (bytes32)
        [5]   function getRoots(uint256 _epoch) view returns (bytes32[32])
        [2]   function hasMessageBeenConsumedAtBlock(uint256 _l2BlockNumber, uint256 _leafId) view returns (bool)
        [4+]  function hasMessageBeenConsumedAtEpoch(uint256 _epoch, uint256 _leafId) view returns (bool)
              function ROLLUP() view returns (address)
              function VERSION() view returns (uint256)

        # -- errors
              error Outbox__AlreadyNullified(uint256 epoch, uint256 leafIndex)
              error Outbox__IncompatibleEntryArguments(bytes32 messageHash, uint64 storedFee, uint64 feePassed, uint32 storedVersion, uint32 versionPassed, uint32 storedDeadline, uint32 deadlinePassed)
              error Outbox__InvalidChainId()
              error Outbox__InvalidRecipient(address expected, address actual)
              error Outbox__LeafIndexOutOfBounds(uint256 leafIndex, uint256 pathLength)
              error Outbox__NothingToConsume(bytes32 messageHash)
              error Outbox__NothingToConsumeAtEpoch(uint256 epoch)
              error Outbox__PathTooLong()
              error Outbox__Unauthorized()
              error Outbox__VersionMismatch(uint256 expected, uint256 actual)
              error MerkleLib__InvalidIndexForPathLength()
              error MerkleLib__InvalidRoot(bytes32 expected, bytes32 actual, bytes32 leaf, uint256 leafIndex)
        [5]   error Outbox__InvalidNumCheckpointsInEpoch(uint256 numCheckpointsInEpoch)
        [2]   error Outbox__BlockAlreadyProven(uint256 l2BlockNumber)
        [2]   error Outbox__BlockNotProven(uint256 l2BlockNumber)
        [2]   error Outbox__NothingToConsumeAtBlock(uint256 l2BlockNumber)
        [2]   error Outbox__RootAlreadySetAtBlock(uint256 l2BlockNumber)
    """,
)

FEE_JUICE_PORTAL = Contract(
    role="fee_juice_portal",
    name="FeeJuicePortal",
    source="l1-contracts/src/core/messagebridge/FeeJuicePortal.sol, 4.1.2",
    text="""
        event DepositToAztecPublic(bytes32 indexed to, uint256 amount, bytes32 secretHash, bytes32 key, uint256 index)
        event FeesDistributed(address indexed to, uint256 amount)
        function depositToAztecPublic(bytes32 _to, uint256 _amount, bytes32 _secretHash) returns (bytes32, uint256)
        function distributeFees(address _to, uint256 _amount)
        function UNDERLYING() view returns (address)
        function L2_TOKEN_ADDRESS() view returns (bytes32)
        function INBOX() view returns (address)
        function ROLLUP() view returns (address)
        function VERSION() view returns (uint256)

        # -- errors
        error FeeJuicePortal__AlreadyInitialized()
        error FeeJuicePortal__InvalidInitialization()
        error FeeJuicePortal__Unauthorized()
    """,
)
