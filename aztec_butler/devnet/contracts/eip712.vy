# pragma version 0.4.3
# pragma evm-version cancun
"""
@notice Typed-data digests (EIP-712) and the two kinds of signers: keys, and contracts by ERC-1271.
"""

DOMAIN_TYPE_HASH: constant(bytes32) = keccak256(
    "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
)
# Signatures with s in the upper half of the curve order are refused: each would have a second, valid twin.
MAX_S: constant(uint256) = 57896044618658097711785492504343953926418782139537452191302581570759080747168
MAX_SIGNATURE: constant(uint256) = 1024
ERC1271_MAGIC: constant(bytes4) = 0x1626ba7e


@internal
@view
def domain_separator(_name_hash: bytes32, _version_hash: bytes32) -> bytes32:
    return keccak256(abi_encode(DOMAIN_TYPE_HASH, _name_hash, _version_hash, chain.id, self))


@internal
@pure
def digest(_domain_separator: bytes32, _struct_hash: bytes32) -> bytes32:
    return keccak256(concat(x"1901", _domain_separator, _struct_hash))


@internal
@view
def is_valid_signature(_signer: address, _digest: bytes32, _signature: Bytes[MAX_SIGNATURE]) -> bool:
    if len(_signature) == 65 and _signer != empty(address):
        s: uint256 = extract32(_signature, 32, output_type=uint256)
        if s <= MAX_S:
            v: uint256 = convert(slice(_signature, 64, 1), uint256)
            recovered: address = ecrecover(_digest, v, extract32(_signature, 0, output_type=uint256), s)
            if recovered == _signer:
                return True
    success: bool = False
    answer: Bytes[32] = b""
    success, answer = raw_call(
        _signer,
        abi_encode(_digest, _signature, method_id=ERC1271_MAGIC),
        max_outsize=32,
        is_static_call=True,
        revert_on_failure=False,
    )
    return success and len(answer) == 32 and convert(answer, bytes32) == convert(ERC1271_MAGIC, bytes32)
