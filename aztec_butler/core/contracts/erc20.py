"""Tokens: ERC-20, and what the test token adds to it."""

from aztec_butler.core.contracts.contract import Contract

TOKEN = Contract(
    role="token",
    name="IERC20",
    source="OpenZeppelin IERC20 and IERC20Metadata, 5.x",
    text="""
        event Transfer(address indexed from, address indexed to, uint256 value)
        event Approval(address indexed owner, address indexed spender, uint256 value)
        function transfer(address to, uint256 value) returns (bool)
        function transferFrom(address from, address to, uint256 value) returns (bool)
        function approve(address spender, uint256 value) returns (bool)
        function allowance(address owner, address spender) view returns (uint256)
        function balanceOf(address account) view returns (uint256)
        function totalSupply() view returns (uint256)
        function name() view returns (string)
        function symbol() view returns (string)
        function decimals() view returns (uint8)

        # -- errors
        error ERC20InsufficientAllowance(address spender, uint256 allowance, uint256 needed)
        error ERC20InsufficientBalance(address sender, uint256 balance, uint256 needed)
        error ERC20InvalidApprover(address approver)
        error ERC20InvalidReceiver(address receiver)
        error ERC20InvalidSender(address sender)
        error ERC20InvalidSpender(address spender)
    """,
)

# The token of test networks, beyond TOKEN.
TEST_TOKEN = Contract(
    role="test_token",
    name="TestERC20",
    source="l1-contracts/src/mock/TestERC20.sol, 4.1.2",
    text="""
        event MinterAdded(address indexed minter)
        event MinterRemoved(address indexed minter)
        function mint(address _to, uint256 _amount)
        function addMinter(address _minter)
        function removeMinter(address _minter)
        function minters(address minter) view returns (bool isMinter)

        # -- ownership, in two steps
        event OwnershipTransferStarted(address indexed previousOwner, address indexed newOwner)
        event OwnershipTransferred(address indexed previousOwner, address indexed newOwner)
        function owner() view returns (address)
        function pendingOwner() view returns (address)
        function transferOwnership(address newOwner)
        function acceptOwnership()
        function renounceOwnership()

        # -- errors
        error NotMinter(address caller)
    """,
)
