"""The warehouse: deposits, withdrawals and their incentive, transfers, and permits by signature."""

import pytest
from eth_account import Account
from eth_account.messages import encode_typed_data
from eth_utils import keccak

pytestmark = pytest.mark.devnet

ZERO = "0x" + "00" * 20
ALL_BUT_ONE = "withdraw(address,address)"
AMOUNTS = "withdraw(address,address[],uint256[],address)"
FOREVER = 2**48 - 1
MAX = 2**256 - 1


@pytest.fixture
def functions(stack):
    return stack.warehouse.functions


@pytest.fixture
def all_but_one(stack):
    return stack.warehouse.get_function_by_signature(ALL_BUT_ONE)


@pytest.fixture
def amounts(stack):
    return stack.warehouse.get_function_by_signature(AMOUNTS)


@pytest.fixture
def fill(stack, functions):
    """Put an amount of the staking asset into somebody's warehouse balance."""

    def fill(owner, amount_wei):
        payer = stack.accounts[9]
        stack.deal(payer, amount_wei)
        stack.send(stack.token.functions.approve(stack.warehouse.address, amount_wei), payer)
        stack.send(functions.deposit(owner, stack.token.address, amount_wei), payer)

    return fill


# --------------------------------------------------------------------------- deposits


def test_deposit__of_tokens__credits_the_receiver(stack, functions):
    payer, owner = stack.accounts[1:3]
    stack.deal(payer, 100)
    stack.send(stack.token.functions.approve(stack.warehouse.address, 100), payer)
    receipt = stack.send(functions.deposit(owner, stack.token.address, 60), payer)
    assert stack.events(receipt, stack.warehouse, "Transfer") == [
        {"caller": payer, "sender": ZERO, "receiver": owner, "id": stack.token_id, "amount": 60}
    ]
    assert stack.stored(owner) == 60
    assert (stack.balance(payer), stack.balance(stack.warehouse.address)) == (40, 60)
    assert stack.refusal(functions.deposit(owner, stack.token.address, 41), payer) == stack.error(
        "ERC20InsufficientAllowance(address,uint256,uint256)", stack.warehouse.address, 40, 41
    )


def test_deposit__of_ether__must_be_the_value_sent(stack, functions):
    payer, owner = stack.accounts[1:3]
    ether_id = functions.NATIVE_TOKEN_ID().call()
    assert ether_id == int(stack.ether, 16)
    stack.send(functions.deposit(owner, stack.ether, 5), payer, value=5)
    assert stack.stored(owner, ether_id) == 5
    for value in (0, 4, 6):
        function = functions.deposit(owner, stack.ether, 5)
        assert stack.refusal(function, payer, value=value) == stack.error("InvalidAmount()")


def test_batch_deposit__to_several__is_one_transfer_of_the_sum(stack, functions):
    payer, one, two = stack.accounts[1:4]
    stack.deal(payer, 10)
    stack.send(stack.token.functions.approve(stack.warehouse.address, 10), payer)
    receipt = stack.send(functions.batchDeposit([one, two, one], stack.token.address, [1, 2, 3]), payer)
    assert (stack.stored(one), stack.stored(two)) == (4, 2)
    assert [event["amount"] for event in stack.events(receipt, stack.warehouse, "Transfer")] == [1, 2, 3]
    assert stack.balance(payer) == 4
    stack.send(functions.batchDeposit([one, two], stack.ether, [1, 2]), payer, value=3)
    wrong_value = functions.batchDeposit([one, two], stack.ether, [1, 2])
    assert stack.refusal(wrong_value, payer, value=2) == stack.error("InvalidAmount()")
    wrong_length = functions.batchDeposit([one, two], stack.token.address, [1])
    assert stack.refusal(wrong_length, payer) == stack.error("LengthMismatch()")


def test_deposit__of_a_token_that_refuses__names_the_token(stack, functions):
    token = stack.double()
    stack.send(token.functions.setRefuses(True), stack.accounts[0])
    refused = stack.error("SafeERC20FailedOperation(address)", token.address)
    assert stack.refusal(functions.deposit(ZERO, token.address, 1), stack.accounts[0]) == refused


def test_plain_ether__without_a_function__is_refused(stack):
    for transaction in ({"value": 1}, {"value": 1, "data": "0x12345678"}, {"data": "0x12345678"}):
        with pytest.raises(Exception, match="revert"):
            stack.w3.eth.call({"from": stack.accounts[0], "to": stack.warehouse.address, **transaction})


# --------------------------------------------------------------------------- withdrawals


def test_withdraw__by_anybody__pays_the_owner_all_but_one_wei(stack, all_but_one, fill):
    owner, anybody = stack.accounts[1:3]
    fill(owner, 100)
    receipt = stack.send(all_but_one(owner, stack.token.address), anybody)
    assert stack.events(receipt, stack.warehouse, "Withdraw") == [
        {"owner": owner, "token": stack.token.address, "withdrawer": anybody, "amount": 99, "reward": 0}
    ]
    assert stack.events(receipt, stack.warehouse, "Transfer") == [
        {"caller": anybody, "sender": owner, "receiver": ZERO, "id": stack.token_id, "amount": 99}
    ]
    assert (stack.balance(owner), stack.stored(owner), stack.balance(anybody)) == (99, 1, 0)


def test_withdraw__one_wei_and_none__pay_zero_and_panic(stack, all_but_one, fill):
    owner = stack.accounts[1]
    assert stack.refusal(all_but_one(owner, stack.token.address), owner) == stack.panic(0x11)
    fill(owner, 1)
    receipt = stack.send(all_but_one(owner, stack.token.address), owner)
    assert stack.events(receipt, stack.warehouse, "Withdraw")[0]["amount"] == 0
    assert stack.stored(owner) == 1


def test_withdraw__paused_by_the_owner__works_for_the_owner_alone(
    stack, functions, all_but_one, amounts, fill
):
    owner, anybody = stack.accounts[1:3]
    fill(owner, 100)
    receipt = stack.send(functions.setWithdrawConfig((0, True)), owner)
    (event,) = stack.events(receipt, stack.warehouse, "WithdrawConfigUpdated")
    assert (event["owner"], tuple(event["config"].values())) == (owner, (0, True))
    assert functions.withdrawConfig(owner).call() == [0, True]
    paused = stack.error("WithdrawalPaused(address)", owner)
    assert stack.refusal(all_but_one(owner, stack.token.address), anybody) == paused
    for sender in (anybody, owner):  # this way even the owner is paused
        function = amounts(owner, [stack.token.address], [1], owner)
        assert stack.refusal(function, sender) == paused
    stack.send(all_but_one(owner, stack.token.address), owner)
    assert stack.balance(owner) == 99
    fill(owner, 100)
    stack.send_through(stack.double(), all_but_one(owner, stack.token.address), owner)
    assert stack.balance(owner) == 199


def test_withdraw_amounts__with_an_incentive__rewards_the_withdrawer(stack, functions, amounts, fill):
    owner, withdrawer = stack.accounts[1:3]
    fill(owner, 1000)
    stack.send(functions.deposit(owner, stack.ether, 50), withdrawer, value=50)
    stack.send(functions.setWithdrawConfig((20_000, False)), owner)  # 2 %
    function = amounts(owner, [stack.token.address, stack.ether], [999, 50], withdrawer)
    receipt = stack.send(function, stack.accounts[3])
    events = stack.events(receipt, stack.warehouse, "Withdraw")
    assert [(event["token"], event["amount"], event["reward"]) for event in events] == [
        (stack.token.address, 980, 19),
        (stack.ether, 49, 1),
    ]
    assert {event["withdrawer"] for event in events} == {withdrawer}
    assert (stack.balance(owner), stack.balance(withdrawer), stack.stored(owner)) == (980, 19, 1)


def test_withdraw_amounts__too_much_or_lists_of_two_lengths__are_refused(stack, amounts, fill):
    owner = stack.accounts[1]
    fill(owner, 10)
    token = stack.token.address
    assert stack.refusal(amounts(owner, [token], [11], owner), owner) == stack.panic(0x11)
    assert stack.refusal(amounts(owner, [token, token], [1], owner), owner) == stack.error("LengthMismatch()")


def test_withdraw__receiver_or_token_that_refuses__is_refused(stack, functions, all_but_one):
    double, payer = stack.double(), stack.accounts[1]
    stack.send(functions.deposit(double.address, stack.ether, 5), payer, value=5)
    stack.send(functions.deposit(payer, double.address, 5), payer)
    stack.send(double.functions.setRefuses(True), payer)
    assert stack.refusal(all_but_one(double.address, stack.ether), payer) == stack.error("FailedInnerCall()")
    assert stack.refusal(all_but_one(payer, double.address), payer) == stack.error(
        "SafeERC20FailedOperation(address)", double.address
    )


# --------------------------------------------------------------------------- transfers


def test_transfer__of_a_balance__moves_it(stack, functions, fill):
    owner, receiver = stack.accounts[1:3]
    fill(owner, 10)
    receipt = stack.send(functions.transfer(receiver, stack.token_id, 4), owner)
    assert stack.events(receipt, stack.warehouse, "Transfer") == [
        {"caller": owner, "sender": owner, "receiver": receiver, "id": stack.token_id, "amount": 4}
    ]
    assert (stack.stored(owner), stack.stored(receiver)) == (6, 4)
    stack.send(functions.transfer(owner, stack.token_id, 6), owner)
    assert stack.stored(owner) == 6
    assert stack.refusal(functions.transfer(receiver, stack.token_id, 7), owner) == stack.panic(0x11)


def test_batch_transfer__to_several__takes_the_sum(stack, functions, fill):
    owner, one, two = stack.accounts[1:4]
    fill(owner, 10)
    receipt = stack.send(functions.batchTransfer([one, two], stack.token.address, [3, 4]), owner)
    assert [
        (event["receiver"], event["amount"]) for event in stack.events(receipt, stack.warehouse, "Transfer")
    ] == [
        (one, 3),
        (two, 4),
    ]
    assert [stack.stored(who) for who in (owner, one, two)] == [3, 3, 4]
    too_much = functions.batchTransfer([one, two], stack.token.address, [3, 1])
    assert stack.refusal(too_much, owner) == stack.panic(0x11)
    beyond = functions.batchTransfer([one, two], stack.token.address, [MAX - 3, 4])
    assert stack.refusal(beyond, owner) == stack.panic(0x11)
    wrong_length = functions.batchTransfer([one, two], stack.token.address, [3])
    assert stack.refusal(wrong_length, owner) == stack.error("LengthMismatch()")


def test_transfer_from__with_allowance__uses_it_up_unless_unlimited(stack, functions, fill):
    owner, spender, receiver = stack.accounts[1:4]
    fill(owner, 100)
    move = functions.transferFrom(owner, receiver, stack.token_id, 30)
    assert stack.refusal(move, spender) == stack.panic(0x11)
    receipt = stack.send(functions.approve(spender, stack.token_id, 50), owner)
    assert stack.events(receipt, stack.warehouse, "Approval") == [
        {"owner": owner, "spender": spender, "id": stack.token_id, "amount": 50}
    ]
    receipt = stack.send(move, spender)
    assert stack.events(receipt, stack.warehouse, "Transfer")[0]["caller"] == spender
    assert functions.allowance(owner, spender, stack.token_id).call() == 20
    assert stack.refusal(move, spender) == stack.panic(0x11)
    stack.send(functions.approve(spender, stack.token_id, MAX), owner)
    stack.send(move, spender)
    assert functions.allowance(owner, spender, stack.token_id).call() == MAX
    assert (stack.stored(owner), stack.stored(receiver)) == (40, 60)


def test_transfer_from__by_the_owner_or_an_operator__needs_no_allowance(stack, functions, fill):
    owner, operator, receiver = stack.accounts[1:4]
    fill(owner, 100)
    receipt = stack.send(functions.setOperator(operator, True), owner)
    assert stack.events(receipt, stack.warehouse, "OperatorSet") == [
        {"owner": owner, "spender": operator, "approved": True}
    ]
    assert functions.isOperator(owner, operator).call() is True
    for sender in (owner, operator):
        stack.send(functions.transferFrom(owner, receiver, stack.token_id, 10), sender)
    assert stack.stored(receiver) == 20
    stack.send(functions.setOperator(operator, False), owner)
    refused = stack.refusal(functions.transferFrom(owner, receiver, stack.token_id, 1), operator)
    assert refused == stack.panic(0x11)


# --------------------------------------------------------------------------- permits


def sign(stack, key, *, temporary=False, operator=False, amount=0, nonce=0, deadline=FOREVER, **other):
    """Signature of the owner under the spender accounts[2]; ``other`` are target and data."""
    fields = {
        "temporary": temporary,
        "owner": key.address,
        "spender": other.get("spender", stack.accounts[2]),
        "operator": operator,
        "id": stack.token_id if amount else 0,
        "amount": amount,
        "target": other.get("target", ZERO),
        "data": other.get("data", b""),
        "nonce": nonce,
        "deadline": deadline,
    }
    kinds = (
        "bool",
        "address",
        "address",
        "bool",
        "uint256",
        "uint256",
        "address",
        "bytes",
        "uint256",
        "uint48",
    )
    types = [{"name": name, "type": kind} for name, kind in zip(fields, kinds, strict=True)]
    domain = {
        "name": "SplitsWarehouse",
        "version": "v1",
        "chainId": stack.w3.eth.chain_id,
        "verifyingContract": stack.warehouse.address,
    }
    message = encode_typed_data(domain, {"ERC6909XApproveAndCall": types}, fields)
    assert message.header == stack.warehouse.functions.DOMAIN_SEPARATOR().call()
    return key.sign_message(message).signature


def test_approve_by_sig__of_the_owner__sets_the_allowance_once(stack, functions):
    key, spender = Account.create(), stack.accounts[2]
    function = functions.approveBySig(
        key.address, spender, False, stack.token_id, 7, 300, FOREVER, sign(stack, key, amount=7, nonce=300)
    )
    assert functions.isValidNonce(key.address, 300).call() is True
    receipt = stack.send(function, stack.accounts[0])
    assert functions.allowance(key.address, spender, stack.token_id).call() == 7
    assert stack.events(receipt, stack.warehouse, "NonceInvalidation") == [
        {"owner": key.address, "nonce": 300}
    ]
    assert functions.isValidNonce(key.address, 300).call() is False
    assert functions.nonceBitMap(key.address, 1).call() == 1 << 44
    assert stack.refusal(function, stack.accounts[0]) == stack.error("InvalidNonce()")


def test_approve_by_sig__for_an_operator__sets_the_operator(stack, functions):
    key, spender = Account.create(), stack.accounts[2]
    signature = sign(stack, key, operator=True)
    function = functions.approveBySig(key.address, spender, True, 0, 0, 0, FOREVER, signature)
    stack.send(function, stack.accounts[0])
    assert functions.isOperator(key.address, spender).call() is True


def test_approve_by_sig__anything_wrong__is_refused(stack, functions):
    key, spender, sender = Account.create(), stack.accounts[2], stack.accounts[0]
    signature = sign(stack, key, amount=7)

    def refusal(amount=7, deadline=FOREVER, proof=signature, operator=False):
        function = functions.approveBySig(
            key.address, spender, operator, stack.token_id, amount, 0, deadline, proof
        )
        return stack.refusal(function, sender)

    invalid = stack.error("InvalidSigner()")
    assert refusal(amount=8) == invalid
    assert refusal(proof=signature[:64]) == invalid
    assert refusal(proof=sign(stack, Account.create(), amount=7)) == invalid
    order = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
    twin = (
        signature[:32]
        + (order - int.from_bytes(signature[32:64])).to_bytes(32)
        + bytes([27 + 28 - signature[64]])
    )
    assert refusal(proof=twin) == invalid
    assert refusal(deadline=1) == stack.error("ExpiredSignature(uint48)", 1)
    mixed = sign(stack, key, operator=True, amount=7)
    assert refusal(operator=True, proof=mixed) == stack.error("InvalidPermitParams()")


def test_invalidate_nonce__by_its_owner__refuses_the_permit(stack, functions):
    key, owner = Account.create(), stack.accounts[1]
    receipt = stack.send(functions.invalidateNonce(5), owner)
    assert stack.events(receipt, stack.warehouse, "NonceInvalidation") == [{"owner": owner, "nonce": 5}]
    stack.send(functions.invalidateNonce(5), owner)  # a second time is no error
    assert functions.isValidNonce(owner, 5).call() is False
    assert functions.isValidNonce(key.address, 5).call() is True
    function = functions.approveBySig(owner, owner, False, 0, 0, 5, FOREVER, b"")
    assert stack.refusal(function, owner) == stack.error("InvalidNonce()")


@pytest.mark.parametrize(("operator", "amount", "seen"), [(False, 7, 7), (True, 0, 1)])
def test_temporary_approve__during_the_call__and_not_after(stack, functions, operator, amount, seen):
    owner, target = stack.accounts[1], stack.double()
    token_id = stack.token_id if amount else 0
    arguments = (target.address, operator, token_id, amount, target.address, b"data")
    stack.send(functions.temporaryApproveAndCall(*arguments), owner)
    assert target.functions.allowanceSeen().call() == seen
    assert functions.allowance(owner, target.address, token_id).call() == 0
    assert functions.isOperator(owner, target.address).call() is False
    stack.send(target.functions.setRefuses(True), owner)
    refused = stack.refusal(functions.temporaryApproveAndCall(*arguments), owner)
    assert refused == stack.error("InvalidAck()")


def test_temporary_approve_by_sig__of_the_owner__calls_the_target(stack, functions):
    key, target, sender = Account.create(), stack.double(), stack.accounts[0]
    signature = sign(
        stack, key, temporary=True, amount=9, spender=target.address, target=target.address, data=b"data"
    )
    arguments = (key.address, target.address, False, stack.token_id, 9, target.address)
    function = functions.temporaryApproveAndCallBySig(*arguments, b"data", 0, FOREVER, signature)
    stack.send(function, sender)
    assert target.functions.allowanceSeen().call() == 9
    other_data = functions.temporaryApproveAndCallBySig(*arguments, b"other", 1, FOREVER, signature)
    assert stack.refusal(other_data, sender) == stack.error("InvalidSigner()")


# --------------------------------------------------------------------------- views


def test_metadata__of_a_token_and_of_ether__is_prefixed_or_the_constructors(stack, functions):
    ether_id = functions.NATIVE_TOKEN_ID().call()
    named = stack.w3.eth.contract(
        address=stack.token.address,
        abi=[
            {
                "type": "function",
                "name": name,
                "inputs": [],
                "outputs": [{"name": "", "type": "string"}],
                "stateMutability": "view",
            }
            for name in ("name", "symbol")
        ],
    )
    assert functions.name(stack.token_id).call() == "Splits Wrapped " + named.functions.name().call()
    assert functions.symbol(stack.token_id).call() == "splits" + named.functions.symbol().call()
    assert functions.decimals(stack.token_id).call() == 18
    assert [functions[name](ether_id).call() for name in ("name", "symbol", "decimals")] == [
        "Ether",
        "ETH",
        18,
    ]
    for name in ("name", "symbol", "decimals"):
        assert stack.refusal(functions[name](2**160), stack.accounts[0]) == stack.error("Overflow()")


def test_constants__of_the_warehouse__are_the_originals(stack, functions):
    assert functions.NATIVE_TOKEN().call() == stack.ether
    assert functions.PERCENTAGE_SCALE().call() == 1_000_000
    assert functions.APPROVE_AND_CALL_TYPE_HASH().call() == keccak(
        text="ERC6909XApproveAndCall(bool temporary,address owner,address spender,bool operator,uint256 id,"
        "uint256 amount,address target,bytes data,uint256 nonce,uint48 deadline)"
    )
    assert functions.eip712Domain().call() == [
        b"\x0f",
        "SplitsWarehouse",
        "v1",
        stack.w3.eth.chain_id,
        stack.warehouse.address,
        bytes(32),
        [],
    ]
    # Sources: ERC-165, ERC-6909.
    for interface, expected in {"01ffc9a7": True, "0f632fb3": True, "ffffffff": False}.items():
        assert functions.supportsInterface(bytes.fromhex(interface)).call() is expected
