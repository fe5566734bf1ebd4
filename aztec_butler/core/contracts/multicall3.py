"""Multicall3, which carries many reads in one call, at the same address on every public chain."""

from aztec_butler.core.contracts.contract import Contract

MULTICALL3 = Contract(
    role="multicall3",
    name="Multicall3",
    source="src/Multicall3.sol of mds1/multicall3, as compiled into @aztec/l1-artifacts 4.1.2",
    text="""
        function aggregate3((address target, bool allowFailure, bytes callData)[] calls) payable returns ((bool success, bytes returnData)[] returnData)
        function aggregate3Value((address target, bool allowFailure, uint256 value, bytes callData)[] calls) payable returns ((bool success, bytes returnData)[] returnData)
        function aggregate((address target, bytes callData)[] calls) payable returns (uint256 blockNumber, bytes[] returnData)
        function tryAggregate(bool requireSuccess, (address target, bytes callData)[] calls) payable returns ((bool success, bytes returnData)[] returnData)
        function blockAndAggregate((address target, bytes callData)[] calls) payable returns (uint256 blockNumber, bytes32 blockHash, (bool success, bytes returnData)[] returnData)
        function tryBlockAndAggregate(bool requireSuccess, (address target, bytes callData)[] calls) payable returns (uint256 blockNumber, bytes32 blockHash, (bool success, bytes returnData)[] returnData)
        function getBlockNumber() view returns (uint256 blockNumber)
        function getBlockHash(uint256 blockNumber) view returns (bytes32 blockHash)
        function getLastBlockHash() view returns (bytes32 blockHash)
        function getCurrentBlockTimestamp() view returns (uint256 timestamp)
        function getCurrentBlockCoinbase() view returns (address coinbase)
        function getCurrentBlockGasLimit() view returns (uint256 gaslimit)
        function getBasefee() view returns (uint256 basefee)
        function getChainId() view returns (uint256 chainid)
        function getEthBalance(address addr) view returns (uint256 balance)
    """,
)
