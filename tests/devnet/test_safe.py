"""Safe's own contracts say what our hashes and batches are worth."""

from __future__ import annotations

import json

import attrs
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aztec_butler.core.calls import Call
from aztec_butler.core.contracts import STAKING_REGISTRY, TOKEN
from aztec_butler.core.errors import InputError, RevertError
from aztec_butler.core.hexes import ZERO_ADDRESS, checksum_address, keccak256, parse_bytes, to_hex
from aztec_butler.core.safe_abi import MULTI_SEND, SAFE
from aztec_butler.core.safe_multi_send import MULTI_SENDS
from aztec_butler.core.safe_transaction import (
    SafeTransaction,
    domain_separator,
    parse_version,
    transaction_of,
)
from aztec_butler.devnet.packages import SAFE_VERSIONS, install_safe_contracts
from aztec_butler.devnet.safe import deploy_safe

pytestmark = pytest.mark.devnet

addresses = st.binary(min_size=20, max_size=20).map(checksum_address)
words = st.integers(0, 2**256 - 1) | st.integers(0, 3)
transactions = st.builds(
    SafeTransaction,
    to=addresses,
    value_wei=words,
    data=st.binary(max_size=300),
    operation=st.sampled_from([0, 1]),
    safe_tx_gas=words,
    base_gas=words,
    gas_price_wei=words,
    gas_token=addresses,
    refund_receiver=addresses,
    nonce=words,
)

FIELDS = {
    "SafeTx": {
        "to": "address",
        "value": "uint256",
        "data": "bytes",
        "operation": "uint8",
        "safeTxGas": "uint256",
        "baseGas": "uint256",
        "gasPrice": "uint256",
        "gasToken": "address",
        "refundReceiver": "address",
        "nonce": "uint256",
    },
    "EIP712Domain": {"chainId": "uint256", "verifyingContract": "address"},
}


@pytest.fixture
def owners(devnet):
    """Anvil's own accounts, whose keys it holds."""
    return [checksum_address(parse_bytes(account)) for account in devnet.rpc.call("eth_accounts")[3:6]]


@pytest.fixture(params=SAFE_VERSIONS)
def safe(request, devnet, owners, cache_folder):
    return deploy_safe(devnet.chain, owners, 2, version=request.param, cache_folder=cache_folder)


@pytest.fixture
def modern_safe(devnet, owners, cache_folder):
    return deploy_safe(devnet.chain, owners, 2, cache_folder=cache_folder)


def signed_by_wallet(devnet, safe, transaction, owner):
    """What a wallet makes of the transaction: anvil's EIP-712, and the owner's key."""
    arguments = [*transaction.arguments, transaction.nonce]
    values = [to_hex(value) if isinstance(value, bytes) else str(value) for value in arguments]
    document = {
        "types": {
            name: [{"name": field, "type": kind} for field, kind in fields.items()]
            for name, fields in FIELDS.items()
        },
        "primaryType": "SafeTx",
        "domain": {"chainId": safe.chain_id, "verifyingContract": safe.address},
        "message": dict(zip(FIELDS["SafeTx"], values, strict=True)),
    }
    return parse_bytes(devnet.rpc.call("eth_signTypedData_v4", owner, document))


# --------------------------------------------------------------------------- hashes


def test_hash__chosen_transactions__equals_the_contracts(safe):
    assert safe.contract.read("VERSION") == safe.version
    assert safe.contract.read("domainSeparator") == domain_separator(
        chain_id=safe.chain_id, safe=safe.address
    )

    @settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(transactions)
    def check(transaction):
        told = safe.contract.read("getTransactionHash", *transaction.arguments, transaction.nonce)
        assert safe.hash_of(transaction) == told

    check()


def test_canonical_addresses__derived_from_the_packages__are_ours(cache_folder):
    # 1.3.0 was deployed through one deterministic deployer, the later ones through Safe's own.
    deployers = {"1.3.0": "0x4e59b44847b379578588920cA78FbF26c0B4956C"}
    safes = "0x914d7Fec6aaC8cd542e72Bca78B30650d45643d7"
    folder = install_safe_contracts(cache_folder)
    for version in SAFE_VERSIONS:
        artifact = json.loads((folder / version / "MultiSendCallOnly.json").read_bytes())
        deployer = parse_bytes(deployers.get(version, safes))
        code_hash = keccak256(parse_bytes(artifact["bytecode"]))
        place = keccak256(b"\xff" + deployer + bytes(32) + code_hash)[12:]
        known = MULTI_SENDS[parse_version(version)]
        assert known.address == checksum_address(place)
        assert known.code_hash == to_hex(keccak256(parse_bytes(artifact["deployedBytecode"])))


def test_lines__of_each_version__are_the_official_ones(safe):
    for function in SAFE.functions:
        official = safe.contract.compiled.function(function.name)
        assert (official.signature, official.result.name) == (function.signature, function.result.name)
    for function in MULTI_SEND.functions:
        assert safe.multi_send.compiled.function(function.name).signature == function.signature


# --------------------------------------------------------------------------- execution


def batch_of(devnet, count=3):
    """Calls that can be seen to have been made, with ether in one of them."""
    token = devnet.contract("staking_asset").address
    approve = TOKEN.function("approve")
    calls = [
        Call(
            to=token,
            data=approve.encode_call(checksum_address(bytes([9] * 19 + [i])), i + 1),
            value_wei=0,
            summary="",
        )
        for i in range(count)
    ]
    return [*calls, Call(to=checksum_address(bytes([7] * 20)), data=b"", value_wei=5, summary="")]


def test_batch__signed_by_real_keys__executes_through_the_real_safe(devnet, safe, owners):
    devnet.chain.set_ether_balance(safe.address, 5)
    calls = batch_of(devnet)
    transaction = transaction_of(calls, nonce=safe.nonce(), version=safe.generation)
    signatures = {owner: signed_by_wallet(devnet, safe, transaction, owner) for owner in owners[1:]}

    receipt = safe.execute_signed(transaction, signatures)

    (success,) = safe.contract.decode_logs(receipt, "ExecutionSuccess")
    assert success["txHash"] == safe.hash_of(transaction)
    token = devnet.contract("staking_asset")
    for i in range(3):
        spender = checksum_address(bytes([9] * 19 + [i]))
        assert token.read("allowance", safe.address, spender) == i + 1
    assert int(devnet.rpc.call("eth_getBalance", calls[-1].to, "latest"), 16) == 5
    assert safe.nonce() == 1


def test_batch__one_call_fails__none_is_made(devnet, modern_safe):
    calls = batch_of(devnet)  # the Safe has no ether
    transaction = transaction_of(calls, nonce=0, version=modern_safe.generation)
    with pytest.raises(RevertError):
        modern_safe.execute(transaction)
    token = devnet.contract("staking_asset")
    assert token.read("allowance", modern_safe.address, checksum_address(bytes([9] * 19 + [0]))) == 0


def test_single_call__a_safe_registers_as_a_provider(devnet, modern_safe, owners):
    registry = devnet.contract("staking_registry")
    register = STAKING_REGISTRY.function("registerProvider").encode_call(modern_safe.address, 500, owners[0])
    call = Call(to=registry.address, data=register, value_wei=0, summary="")
    modern_safe.execute(transaction_of([call], nonce=0, version=modern_safe.generation))
    provider_id = registry.read("nextProviderIdentifier") - 1
    assert registry.read("providerConfigurations", provider_id) == (modern_safe.address, 500, owners[0])


@pytest.mark.parametrize("change", [{"nonce": 1}, {"value_wei": 1}], ids=["nonce", "value"])
def test_execution__signatures_of_another_transaction__refused(devnet, modern_safe, owners, change):
    executed = SafeTransaction(to=owners[0], nonce=0)
    signed = attrs.evolve(executed, **change)
    signatures = {owner: signed_by_wallet(devnet, modern_safe, signed, owner) for owner in owners[:2]}
    with pytest.raises(RevertError):
        modern_safe.execute_signed(executed, signatures)


def test_execution__one_owner_of_two__refused(modern_safe, owners):
    transaction = SafeTransaction(to=owners[0], nonce=0)
    with pytest.raises(RevertError):
        modern_safe.execute(transaction, signers=owners[:1])


# --------------------------------------------------------------------------- deployment


def test_deploy_safe__owners_and_threshold__as_asked(modern_safe, owners):
    assert modern_safe.contract.read("getOwners") == tuple(owners)
    assert modern_safe.contract.read("getThreshold") == 2
    assert modern_safe.address != ZERO_ADDRESS


def test_deploy_safe__two_with_different_salts__two_addresses(devnet, owners, cache_folder):
    safes = [deploy_safe(devnet.chain, owners, 1, salt=salt, cache_folder=cache_folder) for salt in (0, 1)]
    assert safes[0].address != safes[1].address


@pytest.mark.parametrize(("threshold", "version"), [(0, "1.4.1"), (4, "1.4.1"), (1, "1.2.0")])
def test_deploy_safe__impossible__refused(devnet, owners, cache_folder, threshold, version):
    with pytest.raises(InputError):
        deploy_safe(devnet.chain, owners, threshold, version=version, cache_folder=cache_folder)
