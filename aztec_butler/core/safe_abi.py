"""The contracts of Safe, as far as transactions of a multisig need them.

They are no contracts of the protocol, so they do not stand in the table of ``core.contracts``.
"""

from typing import Final

from aztec_butler.core.contracts.contract import Contract

SAFE: Final = Contract(
    role="safe",
    name="Safe",
    source="contracts/Safe.sol of safe-global/safe-smart-account, 1.3.0 to 1.5.0",
    text="""
        function VERSION() view returns (string)
        function nonce() view returns (uint256)
        function getThreshold() view returns (uint256)
        function getOwners() view returns (address[])
        function isOwner(address owner) view returns (bool)
        function domainSeparator() view returns (bytes32)
        function getTransactionHash(address to, uint256 value, bytes data, uint8 operation, uint256 safeTxGas, uint256 baseGas, uint256 gasPrice, address gasToken, address refundReceiver, uint256 _nonce) view returns (bytes32)
        function execTransaction(address to, uint256 value, bytes data, uint8 operation, uint256 safeTxGas, uint256 baseGas, uint256 gasPrice, address gasToken, address refundReceiver, bytes signatures) payable returns (bool success)
        function approveHash(bytes32 hashToApprove)
        function approvedHashes(address owner, bytes32 hash) view returns (uint256)
        event ExecutionSuccess(bytes32 txHash, uint256 payment)
        event ExecutionFailure(bytes32 txHash, uint256 payment)
    """,
)

MULTI_SEND: Final = Contract(
    role="multi_send",
    name="MultiSendCallOnly",
    source="contracts/libraries/MultiSendCallOnly.sol of safe-global/safe-smart-account, 1.3.0 to 1.5.0",
    text="""
        function multiSend(bytes transactions) payable
    """,
)
