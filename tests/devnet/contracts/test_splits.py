"""Splits from creation to the last wei: addresses, owners' rights, and the path of money with its one-wei rules."""

import eth_abi
import pytest
from eth_account import Account
from eth_account.messages import encode_typed_data
from eth_utils import keccak
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

pytestmark = pytest.mark.devnet

ZERO = "0x" + "00" * 20
SPLIT = "(address[],uint256[],uint256,uint16)"
BY_AMOUNT = f"distribute({SPLIT},address,uint256,bool,address)"
BY_NONCE = f"predictDeterministicAddress({SPLIT},address)"
BY_SALT = f"predictDeterministicAddress({SPLIT},address,bytes32)"
SALT = keccak(text="salt")


def halves(stack, incentive=0):
    """30 % and 70 % to the third and fourth account."""
    return (tuple(stack.accounts[3:5]), (3000, 7000), 10_000, incentive)


# --------------------------------------------------------------------------- creation


def test_create_split__by_nonce__stands_where_predicted(stack):
    params, owner, sender = halves(stack), stack.accounts[5], stack.accounts[6]
    predict = stack.factory.get_function_by_signature(BY_NONCE)
    splits = []
    for nonce in range(2):
        expected = predict(params, owner).call()
        receipt = stack.send(stack.factory.functions.createSplit(params, owner, sender), stack.accounts[7])
        assert stack.created_split(receipt) == (expected, params, owner, sender, nonce)
        splits.append(expected)
    assert splits[0] != splits[1]
    params_hash = keccak(eth_abi.encode([SPLIT, "address"], [params, owner]))
    assert stack.factory.functions.nonces(params_hash).call() == 2
    assert stack.factory.functions.nonces(bytes(32)).call() == 0


def test_create_split_deterministic__twice__is_the_same_split(stack):
    params, owner, creator = halves(stack), stack.accounts[5], stack.accounts[6]
    functions = stack.factory.functions
    expected = stack.factory.get_function_by_signature(BY_SALT)(params, owner, SALT).call()
    assert functions.isDeployed(params, owner, SALT).call() == [expected, False]
    receipt = stack.send(functions.createSplitDeterministic(params, owner, creator, SALT), creator)
    assert functions.isDeployed(params, owner, SALT).call() == [expected, True]
    assert functions.isDeployed(params, owner, bytes(32)).call()[1] is False
    (log,) = [log for log in receipt["logs"] if log["address"] == stack.factory.address]
    # Source: the topic of the salt overload of SplitCreated.
    assert log["topics"][0].hex() == "c4cec5a1846f5c98dc275670618bfecffec4da2e7cba63760ef46f38c75d236e"
    assert bytes(log["topics"][1]) == eth_abi.encode(["address"], [expected])
    assert bytes(log["data"]) == eth_abi.encode(
        [SPLIT, "address", "address", "bytes32"], [params, owner, creator, SALT]
    )

    again = functions.createSplitDeterministic(params, owner, creator, SALT)
    assert again.call() == expected
    assert stack.send(again, creator)["logs"] == []


def test_predicted_address__of_salt_and_of_nonce__differ(stack):
    params = halves(stack)
    by_nonce = stack.factory.get_function_by_signature(BY_NONCE)(params, ZERO).call()
    by_salt = stack.factory.get_function_by_signature(BY_SALT)(params, ZERO, bytes(32)).call()
    assert by_nonce != by_salt


def test_created_split__state_and_events__as_initialized(stack):
    params, owner = halves(stack), stack.accounts[5]
    receipt = stack.send(stack.factory.functions.createSplit(params, owner, owner), owner)
    split = stack.split_at(stack.created_split(receipt)[0])
    assert split.functions.splitHash().call() == keccak(eth_abi.encode([SPLIT], [params]))
    assert split.functions.updateBlockNumber().call() == receipt["blockNumber"]
    assert split.functions.owner().call() == owner
    assert split.functions.paused().call() is False
    assert split.functions.FACTORY().call() == stack.factory.address
    assert split.functions.SPLITS_WAREHOUSE().call() == stack.warehouse.address
    assert split.functions.NATIVE_TOKEN().call() == stack.ether
    assert stack.events(receipt, split, "OwnershipTransferred") == [{"oldOwner": ZERO, "newOwner": owner}]
    (updated,) = stack.events(receipt, split, "SplitUpdated")
    assert tuple(map(tuple, list(updated["_split"].values())[:2])) == params[:2]


def test_created_split__its_code__is_a_minimal_proxy(stack):
    split = stack.create_split(halves(stack), ZERO, stack.accounts[0])
    implementation = stack.factory.functions.SPLIT_WALLET_IMPLEMENTATION().call()
    # Source: ERC-1167.
    code = "363d3d373d3d3d363d73" + implementation[2:].lower() + "5af43d82803e903d91602b57fd5bf3"
    assert stack.w3.eth.get_code(split.address).hex() == code


@pytest.mark.parametrize(
    ("recipients", "allocations", "total", "error"),
    [
        (2, (1,), 1, "InvalidSplit_LengthMismatch()"),
        (1, (1, 1), 2, "InvalidSplit_LengthMismatch()"),
        (2, (3000, 7000), 10_001, "InvalidSplit_TotalAllocationMismatch()"),
    ],
)
def test_create_split__wrong_parameters__are_refused(stack, recipients, allocations, total, error):
    params = (stack.accounts[:recipients], allocations, total, 0)
    for function in (
        stack.factory.functions.createSplit(params, ZERO, ZERO),
        stack.factory.functions.createSplitDeterministic(params, ZERO, ZERO, SALT),
    ):
        assert stack.refusal(function, stack.accounts[0]) == stack.error(error)


def test_create_split__allocations_beyond_a_word__panic(stack):
    params = (stack.accounts[:2], (2**256 - 1, 1), 0, 0)
    function = stack.factory.functions.createSplit(params, ZERO, ZERO)
    assert stack.refusal(function, stack.accounts[0]) == stack.panic(0x11)


def test_initialize__by_anybody_but_the_factory__is_refused(stack):
    split = stack.create_split(halves(stack), ZERO, stack.accounts[0])
    implementation = stack.split_at(stack.factory.functions.SPLIT_WALLET_IMPLEMENTATION().call())
    for wallet in (split, implementation):
        function = wallet.functions.initialize(halves(stack), stack.accounts[1])
        assert stack.refusal(function, stack.accounts[1]) == stack.error("UnauthorizedInitializer()")


# --------------------------------------------------------------------------- the path of money


def test_money_path__claim_distribute_withdraw__leaves_one_wei_at_each_step(stack):
    provider, user, anybody = stack.accounts[1:4]
    provider_id = stack.register(provider, 1500, secrets=(7,))
    address, params, *_ = stack.created_split(stack.stake(user, provider_id, 1500))
    split = stack.split_at(address)
    reward = 350 * 10**18 + 7

    _accrue(stack, address, reward)
    assert stack.rollup.functions.getSequencerRewards(address).call() == reward
    stack.send(stack.rollup.functions.claimSequencerRewards(address), anybody)
    assert split.functions.getSplitBalance(stack.token.address).call() == [reward, 0]

    receipt = stack.send(split.functions.distribute(params, stack.token.address, anybody), anybody)
    distributed = reward - 1
    for_provider, for_user = distributed * 1500 // 10_000, distributed * 8500 // 10_000
    dust = distributed - for_provider - for_user
    assert dust == 1  # 350e18 + 6 divides into neither share without a rest
    assert stack.events(receipt, split, "SplitDistributed") == [
        {"token": stack.token.address, "distributor": anybody, "amount": distributed}
    ]
    assert split.functions.getSplitBalance(stack.token.address).call() == [1, dust]
    assert (stack.stored(provider), stack.stored(user)) == (for_provider, for_user)
    assert stack.balance(stack.warehouse.address) == distributed

    receipt = stack.send(_withdraw(stack)(user, stack.token.address), anybody)
    assert stack.events(receipt, stack.warehouse, "Withdraw") == [
        {
            "owner": user,
            "token": stack.token.address,
            "withdrawer": anybody,
            "amount": for_user - 1,
            "reward": 0,
        }
    ]
    assert stack.balance(user) == for_user - 1
    assert stack.stored(user) == 1


def test_distribute__a_second_time__keeps_one_wei_in_split_and_in_warehouse(stack):
    params = halves(stack)
    split = stack.create_split(params, ZERO, stack.accounts[0])
    distribute = split.functions.distribute(params, stack.token.address, ZERO)
    stack.deal(split.address, 100)
    stack.send(distribute, stack.accounts[0])  # 99 of 100: 29 + 69, one wei of dust
    assert split.functions.getSplitBalance(stack.token.address).call() == [1, 1]
    stack.deal(split.address, 101)
    receipt = stack.send(distribute, stack.accounts[0])  # 100 of 101, all but one wei of the warehouse's 1
    assert stack.events(receipt, split, "SplitDistributed")[0]["amount"] == 100
    assert split.functions.getSplitBalance(stack.token.address).call() == [1, 1]
    assert [stack.stored(recipient) for recipient in params[0]] == [29 + 30, 69 + 70]
    # The warehouse may take this token for good.
    allowance = stack.token.functions.allowance(split.address, stack.warehouse.address)
    assert allowance.call() == 2**256 - 1


def test_distribute__warehouse_balance_alone__is_distributed_all_but_one_wei(stack):
    params = halves(stack)
    split = stack.create_split(params, ZERO, stack.accounts[0])
    stack.deal(split.address, 1001)
    stack.send(split.functions.depositToWarehouse(stack.token.address, 1001), stack.accounts[0])
    assert split.functions.getSplitBalance(stack.token.address).call() == [0, 1001]
    stack.send(split.functions.distribute(params, stack.token.address, ZERO), stack.accounts[0])
    assert split.functions.getSplitBalance(stack.token.address).call() == [0, 1]
    assert [stack.stored(recipient) for recipient in params[0]] == [300, 700]


@pytest.mark.parametrize("balance", [0, 1])
def test_distribute__nothing_to_give__distributes_zero(stack, balance):
    params = halves(stack)
    split = stack.create_split(params, ZERO, stack.accounts[0])
    stack.deal(split.address, balance)
    receipt = stack.send(split.functions.distribute(params, stack.token.address, ZERO), stack.accounts[0])
    assert stack.events(receipt, split, "SplitDistributed")[0]["amount"] == 0
    assert split.functions.getSplitBalance(stack.token.address).call() == [balance, 0]


def test_distribute__other_parameters__are_refused(stack):
    params = halves(stack)
    split = stack.create_split(params, ZERO, stack.accounts[0])
    others = [
        (params[0][::-1], *params[1:]),
        (params[0], (7000, 3000), 10_000, 0),
        (params[0], params[1], 10_001, 0),
        (*params[:3], 1),
    ]
    for other in others:
        for function in (
            split.functions.distribute(other, stack.token.address, ZERO),
            split.get_function_by_signature(BY_AMOUNT)(other, stack.token.address, 1, False, ZERO),
        ):
            assert stack.refusal(function, stack.accounts[0]) == stack.error("InvalidSplit()")


def test_distribute__with_an_incentive__rewards_the_distributor(stack):
    params, distributor = halves(stack, incentive=10_000), stack.accounts[6]  # 1 %
    split = stack.create_split(params, ZERO, stack.accounts[0])
    stack.deal(split.address, 100_001)
    stack.send(split.functions.distribute(params, stack.token.address, distributor), stack.accounts[0])
    assert stack.stored(distributor) == 1000
    assert [stack.stored(recipient) for recipient in params[0]] == [29_700, 69_300]


def test_distribute__ether__goes_the_same_way(stack):
    params, user = halves(stack), stack.accounts[3]
    split = stack.create_split(params, ZERO, stack.accounts[0])
    hashed = stack.w3.eth.send_transaction(
        {"from": stack.accounts[0], "to": split.address, "value": 1001, "gasPrice": 0}
    )
    (log,) = stack.w3.eth.wait_for_transaction_receipt(hashed)["logs"]
    assert (bytes(log["topics"][0]), int(log["data"].hex(), 16)) == (keccak(text="ReceiveETH(uint256)"), 1001)
    assert split.functions.getSplitBalance(stack.ether).call() == [1001, 0]
    stack.send(split.functions.distribute(params, stack.ether, ZERO), stack.accounts[0])
    assert split.functions.getSplitBalance(stack.ether).call() == [1, 0]
    ether_id = stack.warehouse.functions.NATIVE_TOKEN_ID().call()
    assert stack.stored(user, ether_id) == 300
    before = stack.w3.eth.get_balance(user)
    stack.send(_withdraw(stack)(user, stack.ether), stack.accounts[0])
    assert stack.w3.eth.get_balance(user) - before == 299


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    amount=st.integers(0, 10**27),
    allocations=st.lists(st.integers(0, 10**6), min_size=1, max_size=6).filter(any),
    incentive=st.integers(0, 65_535),
)
def test_distribute__any_amount_and_shares__parts_and_dust_make_the_whole(
    stack, amount, allocations, incentive
):
    recipients = [stack.new_address(f"recipient {number}") for number in range(len(allocations))]
    distributor = stack.new_address("distributor")
    params = (recipients, allocations, sum(allocations), incentive)
    split = stack.create_split(params, ZERO, stack.accounts[0])
    everybody = [*recipients, distributor]
    before = [stack.stored(owner) for owner in everybody]
    stack.deal(split.address, amount)
    receipt = stack.send(
        split.functions.distribute(params, stack.token.address, distributor), stack.accounts[0]
    )
    parts = [stack.stored(owner) - old for owner, old in zip(everybody, before, strict=True)]
    in_split, dust = split.functions.getSplitBalance(stack.token.address).call()

    assert sum(parts) + dust + in_split == amount
    assert in_split == min(amount, 1)
    assert dust < len(allocations)
    (event,) = stack.events(receipt, split, "SplitDistributed")
    assert event["amount"] == sum(parts) + dust
    reward = event["amount"] * incentive // 10**6
    shared = event["amount"] - reward
    assert parts == [shared * share // sum(allocations) for share in allocations] + [reward]


# --------------------------------------------------------------------------- distribution of an amount


def test_distribute_amount__with_transfer__deposits_all_but_one_wei(stack):
    params = halves(stack)
    split = stack.create_split(params, ZERO, stack.accounts[0])
    stack.deal(split.address, 501)
    by_amount = split.get_function_by_signature(BY_AMOUNT)
    receipt = stack.send(
        by_amount(params, stack.token.address, 200, True, stack.accounts[6]), stack.accounts[0]
    )
    assert stack.events(receipt, split, "SplitDistributed") == [
        {"token": stack.token.address, "distributor": stack.accounts[6], "amount": 200}
    ]
    assert split.functions.getSplitBalance(stack.token.address).call() == [1, 300]
    stack.send(by_amount(params, stack.token.address, 300, False, ZERO), stack.accounts[0])
    assert split.functions.getSplitBalance(stack.token.address).call() == [1, 0]
    assert [stack.stored(recipient) for recipient in params[0]] == [60 + 90, 140 + 210]


@pytest.mark.parametrize(("amount", "transfers"), [(10, False), (0, True), (500, True)])
def test_distribute_amount__more_than_there_is__panics(stack, amount, transfers):
    params = halves(stack)
    split = stack.create_split(params, ZERO, stack.accounts[0])
    if amount:
        stack.deal(split.address, amount)
    function = split.get_function_by_signature(BY_AMOUNT)(
        params, stack.token.address, amount, transfers, ZERO
    )
    assert stack.refusal(function, stack.accounts[0]) == stack.panic(0x11)


def test_distribute_amount__beyond_a_word_when_multiplied__panics(stack):
    params = halves(stack)  # 2**253 times either share is a multiple of 2**256
    split = stack.create_split(params, ZERO, stack.accounts[0])
    function = split.get_function_by_signature(BY_AMOUNT)(params, stack.token.address, 2**253, False, ZERO)
    assert stack.refusal(function, stack.accounts[0]) == stack.panic(0x11)


def test_distribute__shares_of_nothing__panics(stack):
    params = (stack.accounts[:1], (0,), 0, 0)
    split = stack.create_split(params, ZERO, stack.accounts[0])
    function = split.functions.distribute(params, stack.token.address, ZERO)
    assert stack.refusal(function, stack.accounts[0]) == stack.panic(0x12)


def test_unknown_function__with_data_or_ether__is_refused(stack):
    split = stack.create_split(halves(stack), ZERO, stack.accounts[0])
    for data in ("0x12345678", "0x12"):
        with pytest.raises(Exception, match="revert"):
            stack.w3.eth.call({"from": stack.accounts[0], "to": split.address, "data": data})


def test_deposit__of_a_token_that_refuses__names_the_token(stack):
    split = stack.create_split(halves(stack), ZERO, stack.accounts[0])
    token = stack.double()
    stack.send(token.functions.setRefuses(True), stack.accounts[0])
    function = split.functions.depositToWarehouse(token.address, 1)
    assert stack.refusal(function, stack.accounts[0]) == stack.error(
        "SafeERC20FailedOperation(address)", token.address
    )


# --------------------------------------------------------------------------- owners


def test_split_without_owner__every_right_of_an_owner__is_refused(stack):
    split = stack.create_split(halves(stack), ZERO, stack.accounts[0])
    functions = split.functions
    for function in (
        functions.updateSplit(halves(stack)),
        functions.transferOwnership(stack.accounts[0]),
        functions.setPaused(True),
        functions.execCalls([(stack.accounts[0], 0, b"")]),
    ):
        assert stack.refusal(function, stack.accounts[0]) == stack.error("Unauthorized()")


def test_owner__changes_the_split__and_old_parameters_are_refused(stack):
    old, owner = halves(stack), stack.accounts[5]
    split = stack.create_split(old, owner, owner)
    new = (old[0], (1, 1), 2, 0)
    receipt = stack.send(split.functions.updateSplit(new), owner)
    assert split.functions.splitHash().call() == keccak(eth_abi.encode([SPLIT], [new]))
    assert split.functions.updateBlockNumber().call() == receipt["blockNumber"]
    assert len(stack.events(receipt, split, "SplitUpdated")) == 1
    function = split.functions.distribute(old, stack.token.address, ZERO)
    assert stack.refusal(function, owner) == stack.error("InvalidSplit()")
    wrong = split.functions.updateSplit((old[0], (1, 1), 3, 0))
    assert stack.refusal(wrong, owner) == stack.error("InvalidSplit_TotalAllocationMismatch()")


def test_owner__hands_over__and_loses_the_rights(stack):
    old, new = stack.accounts[5:7]
    split = stack.create_split(halves(stack), old, old)
    receipt = stack.send(split.functions.transferOwnership(new), old)
    assert stack.events(receipt, split, "OwnershipTransferred") == [{"oldOwner": old, "newOwner": new}]
    assert stack.refusal(split.functions.setPaused(True), old) == stack.error("Unauthorized()")
    assert split.functions.owner().call() == new


def test_owner__pauses__for_everybody_else(stack):
    params, owner, other = halves(stack), stack.accounts[5], stack.accounts[6]
    split = stack.create_split(params, owner, owner)
    receipt = stack.send(split.functions.setPaused(True), owner)
    assert stack.events(receipt, split, "SetPaused") == [{"paused": True}]
    for function in (
        split.functions.distribute(params, stack.token.address, ZERO),
        split.get_function_by_signature(BY_AMOUNT)(params, stack.token.address, 0, False, ZERO),
        split.functions.depositToWarehouse(stack.token.address, 0),
    ):
        assert stack.refusal(function, other) == stack.error("Paused()")
        stack.send(function, owner)
        stack.send_through(stack.double(), function, owner)
    stack.send(split.functions.setPaused(False), owner)
    stack.send(split.functions.distribute(params, stack.token.address, ZERO), other)


def test_owner__makes_calls__through_the_split(stack):
    owner = stack.accounts[5]
    split = stack.create_split(halves(stack), owner, owner)
    stack.deal(split.address, 10)
    transfer = stack.token.functions.transfer(owner, 4)._encode_transaction_data()
    calls = [(stack.token.address, 0, bytes.fromhex(transfer[2:])), (stack.new_address("anybody"), 3, b"")]
    function = split.functions.execCalls(calls)
    _, answers = function.call({"from": owner, "value": 3})
    assert answers == [eth_abi.encode(["bool"], [True]), b""]
    receipt = stack.send(function, owner, value=3)
    (event,) = stack.events(receipt, split, "ExecCalls")
    assert [tuple(call.values()) for call in event["calls"]] == calls
    assert stack.balance(owner) == 4
    assert stack.w3.eth.get_balance(stack.new_address("anybody")) == 3


def test_owner__makes_the_split_call_itself__with_its_own_rights(stack):
    owner = stack.accounts[5]
    split = stack.create_split(halves(stack), owner, owner)
    pause = bytes.fromhex(split.functions.setPaused(True)._encode_transaction_data()[2:])
    stack.send(split.functions.execCalls([(split.address, 0, pause)]), owner)
    assert split.functions.paused().call() is True


def test_owner__call_that_fails__is_refused_with_its_answer(stack):
    owner, double = stack.accounts[5], stack.double()
    split = stack.create_split(halves(stack), owner, owner)
    stack.send(double.functions.setRefuses(True), owner)
    inner = keccak(text="Error(string)")[:4] + eth_abi.encode(["string"], ["refused"])
    function = split.functions.execCalls([(double.address, 0, b"")])
    expected = keccak(text="Error(string)")[:4] + eth_abi.encode(["bytes"], [inner])
    assert stack.refusal(function, owner) == expected


def test_owner__call_data_for_an_account_without_code__is_refused(stack):
    owner, nobody = stack.accounts[5], stack.new_address("nobody")
    split = stack.create_split(halves(stack), owner, owner)
    function = split.functions.execCalls([(nobody, 1, b"\x01\x02")])
    expected = keccak(text="InvalidCalldataForEOA((address,uint256,bytes))")[:4] + eth_abi.encode(
        ["(address,uint256,bytes)"], [(nobody, 1, b"\x01\x02")]
    )
    assert stack.refusal(function, owner) == expected


# --------------------------------------------------------------------------- signatures and other tokens


def test_signature__of_the_owners_key__is_valid_for_this_split_only(stack):
    key = Account.create()
    split, other = (stack.create_split(halves(stack), key.address, stack.accounts[0]) for _ in range(2))
    digest = keccak(text="something to agree to")
    domain = {
        "name": "splitWallet",
        "version": "2.2",
        "chainId": stack.w3.eth.chain_id,
        "verifyingContract": split.address,
    }
    message = encode_typed_data(
        domain, {"SplitWalletMessage": [{"name": "hash", "type": "bytes32"}]}, {"hash": digest}
    )
    signature = key.sign_message(message).signature
    assert split.functions.isValidSignature(digest, signature).call().hex() == "1626ba7e"
    assert other.functions.isValidSignature(digest, signature).call().hex() == "ffffffff"
    assert split.functions.isValidSignature(digest, signature[:-1]).call().hex() == "ffffffff"
    fields = split.functions.eip712Domain().call()
    assert fields == [b"\x0f", "splitWallet", "2.2", domain["chainId"], split.address, bytes(32), []]
    assert (
        keccak(b"\x19\x01" + message.header + message.body) == split.functions.replaySafeHash(digest).call()
    )


def test_signature__without_owner__is_never_valid(stack):
    split = stack.create_split(halves(stack), ZERO, stack.accounts[0])
    for signature in (b"", bytes(65)):
        assert split.functions.isValidSignature(bytes(32), signature).call().hex() == "ffffffff"


def test_signature__of_a_contract__is_the_contracts_word(stack):
    owner = stack.double()
    split = stack.create_split(halves(stack), owner.address, stack.accounts[0])
    assert split.functions.isValidSignature(bytes(32), b"word").call().hex() == "1626ba7e"
    stack.send(owner.functions.setRefuses(True), stack.accounts[0])
    assert split.functions.isValidSignature(bytes(32), b"word").call().hex() == "ffffffff"


def test_tokens_of_other_standards__are_accepted(stack):
    split = stack.create_split(halves(stack), ZERO, stack.accounts[0])
    functions, anybody = split.functions, stack.accounts[0]
    # Sources: ERC-721, ERC-1155, ERC-165.
    assert functions.onERC721Received(anybody, anybody, 1, b"").call().hex() == "150b7a02"
    assert functions.onERC1155Received(anybody, anybody, 1, 1, b"").call().hex() == "f23a6e61"
    assert functions.onERC1155BatchReceived(anybody, anybody, [1], [1], b"").call().hex() == "bc197c81"
    supported = {"01ffc9a7": True, "4e2312e0": True, "ffffffff": False}
    for interface, expected in supported.items():
        assert functions.supportsInterface(bytes.fromhex(interface)).call() is expected


def _withdraw(stack):
    return stack.warehouse.get_function_by_signature("withdraw(address,address)")


def _accrue(stack, coinbase, amount_wei):
    """Credit a coinbase with proven rewards: the rollup's storage and its tokens."""
    location = int.from_bytes(keccak(text="aztec.reward.storage"))
    slot = keccak(eth_abi.encode(["address", "uint256"], [coinbase, location]))
    stack.rpc(
        "anvil_setStorageAt", stack.rollup.address, "0x" + slot.hex(), "0x" + amount_wei.to_bytes(32).hex()
    )
    stack.deal(stack.rollup.address, stack.balance(stack.rollup.address) + amount_wei)
    owner = stack.rollup.functions.owner().call()
    stack.rpc("anvil_impersonateAccount", owner)
    stack.send(stack.rollup.functions.setRewardsClaimable(True), owner)
