"""Providers, their queues and stakes: every event, every error, and a deposit that lands in the real entry queue."""

import pytest

pytestmark = pytest.mark.devnet

ZERO = "0x" + "00" * 20
PREFIX = "StakingRegistry__"
VALIDATING = 1
NO_ROLLUP = 99  # a version that no rollup has


@pytest.fixture
def functions(stack):
    return stack.registry.functions


# --------------------------------------------------------------------------- providers


def test_register_provider__first_and_second__get_ids_from_1(stack, functions):
    admin, recipient = stack.accounts[1], stack.accounts[2]
    receipt = stack.send(functions.registerProvider(admin, 500, recipient), stack.accounts[3])
    assert stack.events(receipt, stack.registry, "ProviderRegistered") == [
        {"providerIdentifier": 1, "providerAdmin": admin, "providerTakeRate": 500}
    ]
    assert functions.registerProvider(admin, 10_000, recipient).call() == 2
    assert functions.nextProviderIdentifier().call() == 2
    assert functions.providerConfigurations(1).call() == [admin, 500, recipient]
    assert functions.providerQueues(1).call() == [1, 1]
    assert functions.providerQueues(2).call() == [0, 0]


@pytest.mark.parametrize(
    ("admin", "take_rate_bps", "recipient", "error"),
    [
        (None, 500, "someone", (PREFIX + "ZeroAddress()",)),
        ("someone", 500, None, (PREFIX + "ZeroAddress()",)),
        ("someone", 10_001, "someone", (PREFIX + "InvalidTakeRate(uint256)", 10_001)),
    ],
)
def test_register_provider__wrong_argument__is_refused(
    stack, functions, admin, take_rate_bps, recipient, error
):
    admin, recipient = (stack.new_address(who) if who else ZERO for who in (admin, recipient))
    function = functions.registerProvider(admin, take_rate_bps, recipient)
    assert stack.refusal(function, stack.accounts[0]) == stack.error(*error)


def test_provider_admin__handed_over__takes_two_steps(stack, functions):
    old, new, other = stack.accounts[1:4]
    provider_id = stack.register(old)
    receipt = stack.send(functions.updateProviderAdmin(provider_id, new), old)
    assert stack.events(receipt, stack.registry, "ProviderAdminUpdateInitiated") == [
        {"providerIdentifier": provider_id, "newAdmin": new}
    ]
    assert functions.pendingProviderAdmins(provider_id).call() == new
    assert functions.providerConfigurations(provider_id).call()[0] == old
    not_pending = stack.error(PREFIX + "NotPendingProviderAdmin()")
    assert stack.refusal(functions.acceptProviderAdmin(provider_id), other) == not_pending

    receipt = stack.send(functions.acceptProviderAdmin(provider_id), new)
    assert stack.events(receipt, stack.registry, "ProviderAdminUpdated") == [
        {"providerIdentifier": provider_id, "newAdmin": new}
    ]
    assert functions.pendingProviderAdmins(provider_id).call() == ZERO
    assert functions.providerConfigurations(provider_id).call()[0] == new
    assert stack.refusal(functions.acceptProviderAdmin(provider_id), new) == not_pending


def test_update_provider_admin__zero_or_same_address__is_refused(stack, functions):
    admin = stack.accounts[1]
    provider_id = stack.register(admin)
    assert stack.refusal(functions.updateProviderAdmin(provider_id, ZERO), admin) == stack.error(
        PREFIX + "ZeroAddress()"
    )
    assert stack.refusal(functions.updateProviderAdmin(provider_id, admin), admin) == stack.error(
        PREFIX + "UpdatedProviderAdminToSameAddress()"
    )


def test_update_take_rate__new_same_and_too_high__by_rule(stack, functions):
    admin = stack.accounts[1]
    provider_id = stack.register(admin, 500)
    receipt = stack.send(functions.updateProviderTakeRate(provider_id, 2500), admin)
    assert stack.events(receipt, stack.registry, "ProviderTakeRateUpdated") == [
        {"providerIdentifier": provider_id, "newTakeRate": 2500}
    ]
    assert functions.providerConfigurations(provider_id).call()[1] == 2500
    assert stack.refusal(functions.updateProviderTakeRate(provider_id, 2500), admin) == stack.error(
        PREFIX + "UpdatedProviderTakeRateToSameValue()"
    )
    assert stack.refusal(functions.updateProviderTakeRate(provider_id, 10_001), admin) == stack.error(
        PREFIX + "InvalidTakeRate(uint256)", 10_001
    )


def test_update_rewards_recipient__new_and_zero__by_rule(stack, functions):
    admin, recipient = stack.accounts[1:3]
    provider_id = stack.register(admin)
    receipt = stack.send(functions.updateProviderRewardsRecipient(provider_id, recipient), admin)
    assert stack.events(receipt, stack.registry, "ProviderRewardsRecipientUpdated") == [
        {"providerIdentifier": provider_id, "newRewardsRecipient": recipient}
    ]
    assert functions.providerConfigurations(provider_id).call()[2] == recipient
    assert stack.refusal(functions.updateProviderRewardsRecipient(provider_id, ZERO), admin) == stack.error(
        PREFIX + "ZeroAddress()"
    )


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("updateProviderAdmin", ("someone",)),
        ("updateProviderTakeRate", (1,)),
        ("updateProviderRewardsRecipient", ("someone",)),
        ("addKeysToProvider", ([],)),
        ("dripProviderQueue", (0,)),
    ],
)
def test_admin_functions__from_anybody_else__are_refused(stack, functions, name, arguments):
    provider_id = stack.register(stack.accounts[1])
    arguments = [stack.new_address(value) if isinstance(value, str) else value for value in arguments]
    for unauthorized_id in (provider_id, 99):
        function = functions[name](unauthorized_id, *arguments)
        assert stack.refusal(function, stack.accounts[2]) == stack.error(PREFIX + "NotProviderAdmin()")


# --------------------------------------------------------------------------- provider queues


def test_provider_queue__keys_added_and_dripped__is_first_in_first_out(stack, functions):
    admin = stack.accounts[1]
    provider_id = stack.register(admin)
    one, two, three = (stack.key_store(secret) for secret in (1, 2, 3))
    receipt = stack.send(functions.addKeysToProvider(provider_id, [one, two]), admin)
    assert stack.events(receipt, stack.registry, "AttestersAddedToProvider") == [
        {"providerIdentifier": provider_id, "attesters": [one[0], two[0]]}
    ]
    stack.send(functions.addKeysToProvider(provider_id, [three, one]), admin)  # duplicates are not looked for
    assert functions.providerQueues(provider_id).call() == [1, 5]

    receipt = stack.send(functions.dripProviderQueue(provider_id, 2), admin)
    assert stack.events(receipt, stack.registry, "ProviderQueueDripped") == [
        {"providerIdentifier": provider_id, "attester": one[0]},
        {"providerIdentifier": provider_id, "attester": two[0]},
    ]
    assert functions.getProviderQueueLength(provider_id).call() == 2
    assert functions.getFirstIndexInQueue(provider_id).call() == 3
    assert functions.getLastIndexInQueue(provider_id).call() == 5
    assert _tuples(functions.getValueAtIndexInQueue(provider_id, 3).call()) == three
    assert _tuples(functions.getValueAtIndexInQueue(provider_id, 4).call()) == one
    for index in (2, 5):
        function = functions.getValueAtIndexInQueue(provider_id, index)
        assert stack.refusal(function, admin) == stack.error("QueueIndexOutOfBounds()")


def test_drip__more_keys_than_there_are__is_refused(stack, functions):
    admin = stack.accounts[1]
    provider_id = stack.register(admin, secrets=(1, 2))
    assert stack.refusal(functions.dripProviderQueue(provider_id, 3), admin) == stack.error("QueueIsEmpty()")
    stack.send(functions.dripProviderQueue(provider_id, 2), admin)
    assert functions.getProviderQueueLength(provider_id).call() == 0


def test_provider_queues__of_two_providers__are_separate(stack, functions):
    one = stack.register(stack.accounts[1], secrets=(1, 2))
    two = stack.register(stack.accounts[2], secrets=(3,))
    assert functions.getProviderQueueLength(one).call() == 2
    assert functions.getValueAtIndexInQueue(two, 1).call()[0] == stack.key_store(3)[0]


def test_add_keys__hundred_in_one_call__fit_a_mainnet_block(stack, functions):
    admin = stack.accounts[1]
    provider_id = stack.register(admin)
    store = stack.key_store(1)
    stores = [(stack.new_address(str(number)), *store[1:]) for number in range(100)]
    receipt = stack.send(functions.addKeysToProvider(provider_id, stores), admin)
    assert functions.getProviderQueueLength(provider_id).call() == 100
    assert functions.getValueAtIndexInQueue(provider_id, 100).call()[0] == stores[99][0]
    assert receipt["gasUsed"] < 36_000_000


# --------------------------------------------------------------------------- staking


def test_stake__with_a_listed_key__deposits_into_the_real_entry_queue(stack, functions):
    admin, recipient, user, beneficiary, withdrawer = stack.accounts[1:6]
    provider_id = stack.register(admin, 1500, recipient, secrets=(7, 8))
    params = ((recipient, beneficiary), (1500, 8500), 10_000, 0)
    predict = stack.factory.get_function_by_signature(
        "predictDeterministicAddress((address[],uint256[],uint256,uint16),address)"
    )
    expected_split = predict(params, ZERO).call()
    length = stack.rollup.functions.getEntryQueueLength().call()
    before = stack.balance(stack.rollup.address)

    receipt = stack.stake(user, provider_id, 1500, withdrawer, beneficiary, moves=False)

    store = stack.key_store(7)
    assert stack.rollup.functions.getEntryQueueLength().call() == length + 1
    entry = _tuples(stack.rollup.functions.getEntryQueueAt(length).call())
    assert entry == (store[0], withdrawer, *store[1:], False)
    assert stack.events(receipt, stack.rollup, "ValidatorQueued") == [
        {"attester": store[0], "withdrawer": withdrawer}
    ]
    assert stack.events(receipt, stack.registry, "StakedWithProvider") == [
        {
            "providerIdentifier": provider_id,
            "rollupAddress": stack.rollup.address,
            "attester": store[0],
            "coinbaseSplitContractAddress": expected_split,
            "stakerImplementation": user,
        }
    ]
    assert stack.created_split(receipt) == (expected_split, params, ZERO, stack.registry.address, 0)
    assert stack.balance(user) == 0
    assert stack.balance(stack.rollup.address) == before + stack.threshold
    assert stack.balance(stack.registry.address) == 0
    assert stack.token.functions.allowance(stack.registry.address, stack.rollup.address).call() == 0
    assert functions.providerQueues(provider_id).call() == [2, 3]


def test_stake__then_flush__makes_a_validating_attester(stack):
    provider_id = stack.register(stack.accounts[1], secrets=(7,))
    stack.stake(stack.accounts[2], provider_id)
    stack.send(stack.rollup.functions.flushEntryQueue(), stack.accounts[0])
    assert stack.rollup.functions.getStatus(stack.key_store(7)[0]).call() == VALIDATING


def test_stake__twice_alike__makes_two_splits(stack):
    provider_id = stack.register(stack.accounts[1], secrets=(7, 8))
    receipts = [stack.stake(stack.accounts[2], provider_id) for _ in range(2)]
    (one, params, _, _, nonce), (two, same_params, _, _, next_nonce) = map(stack.created_split, receipts)
    assert params == same_params
    assert one != two
    assert (nonce, next_nonce) == (0, 1)
    attesters = [
        stack.events(receipt, stack.registry, "StakedWithProvider")[0]["attester"] for receipt in receipts
    ]
    assert attesters == [stack.key_store(7)[0], stack.key_store(8)[0]]


def test_take_rate_and_recipient__changed__do_not_touch_old_splits(stack, functions):
    admin, recipient, user = stack.accounts[1:4]
    provider_id = stack.register(admin, 500, admin, secrets=(7, 8))
    address, old, *_ = stack.created_split(stack.stake(user, provider_id, 500))
    promised = stack.split_at(address).functions.splitHash().call()
    stack.send(functions.updateProviderTakeRate(provider_id, 2500), admin)
    stack.send(functions.updateProviderRewardsRecipient(provider_id, recipient), admin)
    _, new, *_ = stack.created_split(stack.stake(user, provider_id, 2500))
    assert old == ((admin, user), (500, 9500), 10_000, 0)
    assert new == ((recipient, user), (2500, 7500), 10_000, 0)
    assert stack.split_at(address).functions.splitHash().call() == promised


@pytest.mark.parametrize("take_rate_bps", [0, 10_000])
def test_stake__nothing_or_all_for_the_provider__is_possible(stack, take_rate_bps):
    provider_id = stack.register(stack.accounts[1], take_rate_bps, secrets=(7,))
    _, params, *_ = stack.created_split(stack.stake(stack.accounts[2], provider_id, take_rate_bps))
    assert params[1] == (take_rate_bps, 10_000 - take_rate_bps)


def test_stake__through_a_contract__names_the_contract_as_staker(stack, functions):
    staker, user = stack.double(), stack.accounts[2]
    provider_id = stack.register(stack.accounts[1], secrets=(7,))
    stack.deal(staker.address, stack.threshold)
    approve = stack.token.functions.approve(stack.registry.address, stack.threshold)
    stack.send_through(staker, approve, user)
    stake = functions.stake(provider_id, stack.version, user, 500, user, True)
    receipt = stack.send_through(staker, stake, user)
    (staked,) = stack.events(receipt, stack.registry, "StakedWithProvider")
    assert staked["stakerImplementation"] == staker.address
    assert stack.balance(staker.address) == 0


def test_stake__wrong_argument__is_refused_in_the_originals_order(stack, functions):
    admin, user = stack.accounts[1:3]
    provider_id = stack.register(admin, 500)

    def refusal(identifier, version, withdrawer, take_rate_bps, recipient):
        return stack.refusal(
            functions.stake(identifier, version, withdrawer, take_rate_bps, recipient, True), user
        )

    zero_address = stack.error(PREFIX + "ZeroAddress()")
    assert refusal(99, NO_ROLLUP, ZERO, 1, ZERO) == stack.error(
        PREFIX + "InvalidProviderIdentifier(uint256)", 99
    )
    assert refusal(provider_id, NO_ROLLUP, ZERO, 1, user) == zero_address
    assert refusal(provider_id, NO_ROLLUP, user, 1, ZERO) == zero_address
    assert refusal(provider_id, NO_ROLLUP, user, 499, user) == stack.error(
        PREFIX + "UnexpectedTakeRate(uint256,uint256)", 499, 500
    )
    # The real Registry answers this one itself.
    assert refusal(provider_id, NO_ROLLUP, user, 500, user) == stack.error(
        "Registry__RollupNotRegistered(uint256)", NO_ROLLUP
    )
    assert refusal(provider_id, stack.version, user, 500, user) == stack.error("QueueIsEmpty()")


def test_stake__without_allowance_or_funds__is_refused_by_the_token(stack, functions):
    user = stack.accounts[2]
    provider_id = stack.register(stack.accounts[1], secrets=(7,))
    function = functions.stake(provider_id, stack.version, user, 500, user, True)
    stack.deal(user, stack.threshold)
    assert stack.refusal(function, user) == stack.error(
        "ERC20InsufficientAllowance(address,uint256,uint256)", stack.registry.address, 0, stack.threshold
    )
    stack.send(stack.token.functions.approve(stack.registry.address, stack.threshold), user)
    stack.deal(user, stack.threshold - 1)
    assert stack.refusal(function, user) == stack.error(
        "ERC20InsufficientBalance(address,uint256,uint256)", user, stack.threshold - 1, stack.threshold
    )


def test_activation_threshold__by_version__is_the_rollups(stack, functions):
    assert functions.getActivationThreshold(stack.version).call() == stack.threshold
    assert stack.refusal(functions.getActivationThreshold(NO_ROLLUP), stack.accounts[0]) == stack.error(
        "Registry__RollupNotRegistered(uint256)", NO_ROLLUP
    )


def _tuples(value):
    """Lists, as web3 decodes structs, to tuples."""
    return tuple(_tuples(item) for item in value) if isinstance(value, list | tuple) else value
