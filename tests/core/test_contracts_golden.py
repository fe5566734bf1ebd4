"""Hashes and views written down beforehand, so that a mistyped line cannot pass."""

import pytest
from eth_utils import keccak

from aztec_butler.core.contracts import CONTRACTS
from aztec_butler.devnet.contracts import artifact

# Every event with its topic, as generated from the official ABIs of 4.1.2, the StakingRegistry, splits v2.2 and the
# stakers of token positions; struct fields without names.
EVENTS = {
    "rollup": {
        "CheckpointInvalidated(uint256 indexed checkpointNumber)": "0x4271377505594adadc599508fc7e64ce82bfc79e5040857399a7cd1159e1353f",
        "CheckpointProposed(uint256 indexed checkpointNumber, bytes32 indexed archive, bytes32[] versionedBlobHashes, bytes32 payloadDigest, bytes32 attestationsHash)": "0x6ff492bf2b4ca1b93a175167d14b3e46085b935cab3f39ca94013000799b93a0",
        "Deposit(address indexed attester, address indexed withdrawer, (uint256,uint256) publicKeyInG1, (uint256,uint256,uint256,uint256) publicKeyInG2, (uint256,uint256) proofOfPossession, uint256 amount)": "0x21d790cf15da7e78046dbc1cf401d93aff7e1df9c8ab8905c9db0c7a3ed569e3",
        "EscapeHatchUpdated(address escapeHatch)": "0x0500a8b61403f38033f6f5cc57ff7a088ed20cfafd117fa1f7a505796c7d6c7f",
        "FailedDeposit(address indexed attester, address indexed withdrawer, (uint256,uint256) publicKeyInG1, (uint256,uint256,uint256,uint256) publicKeyInG2, (uint256,uint256) proofOfPossession)": "0xae63502829232952025378f85719b4e2278e77cbf06b29f68618470cd4ae5887",
        "L2ProofVerified(uint256 indexed checkpointNumber, address indexed proverId)": "0x034dd13d657aeb14f8dec7291c4a8ddb3b20d40cf2412714e72f97f19c735609",
        "LocalEjectionThresholdUpdated(uint256 indexed oldLocalEjectionThreshold, uint256 indexed newLocalEjectionThreshold)": "0x728df13d6f3033c9dd8f5d391c105bce2f07f77fb0eecc36f5a11300b37c98e4",
        "ManaTargetUpdated(uint256 indexed manaTarget)": "0xaaa1053539ab4621b2aecf54a7ccf2096610ff768f32261f667aca9ae3069482",
        "OwnershipTransferred(address indexed previousOwner, address indexed newOwner)": "0x8be0079c531659141344cd1fd0a4f28419497f9722a3daafe3b4186f6b6457e0",
        "PrunedPending(uint256 provenCheckpointNumber, uint256 pendingCheckpointNumber)": "0xc78a70f3b27748d5fa327f6a3c1104b9b007d6a80d20c41f7c0dc4543fbdbdcd",
        "RewardConfigUpdated((address,uint32,address,uint96) rewardConfig)": "0x36375d1f1abd9940cbda583ace84a7a8a60c2e1d6a12156d68d35a5cbd7793c2",
        "RewardsClaimableUpdated(bool isRewardsClaimable)": "0xfa50fc5c953ca42e5b6a7acac6e13c95c2ec283b259630f1d839e445fcec8c94",
        "Slashed(address indexed attester, uint256 amount)": "0x4ed05e9673c26d2ed44f7ef6a7f2942df0ee3b5e1e17db4b99f9dcd261a339cd",
        "SlasherUpdated(address indexed oldSlasher, address indexed newSlasher)": "0xe0d49a54274423183dadecbdf239eaac6e06ba88320b26fe8cc5ec9d050a6395",
        "StakingQueueConfigUpdated((uint256,uint256,uint256,uint256,uint256) config)": "0x7b26e3a042027ef0e1dae742558aa6568eee81e5ab3452dd6540496f9a03eb59",
        "ValidatorQueued(address indexed attester, address indexed withdrawer)": "0x676247b4195b3fe545499177befc02b4b4bebd3805a2283b30defcae63d54661",
        "WithdrawFinalized(address indexed attester, address indexed recipient, uint256 amount)": "0x72454d8aaed6ae02f8c53e38ea0eb6b262eae6125e7dafbd4ab27103101f2122",
        "WithdrawInitiated(address indexed attester, address indexed recipient, uint256 amount)": "0x1577e4658cc494bc5768745d541f9bcc8be48a5a33a380b62ee4e89730d2bb62",
    },
    "gse": {
        "DelegateChanged(address indexed attester, address oldDelegatee, address newDelegatee)": "0x3134e8a2e6d97e929a7e54011ea5485d7d196dd5f0ba4d4ef95803e8e3fc257f",
        "DelegateVotesChanged(address indexed delegatee, uint256 oldValue, uint256 newValue)": "0xdec2bacdd2f05b59de34da9b523dff8be42e5e38e818c82fdb0bae774387a724",
        "Deposit(address indexed instance, address indexed attester, address withdrawer)": "0x7986a8ff398d9a6be88df9dfc6e3c9a83e4da5544241aad420d1cf7c214e4345",
        "OwnershipTransferred(address indexed previousOwner, address indexed newOwner)": "0x8be0079c531659141344cd1fd0a4f28419497f9722a3daafe3b4186f6b6457e0",
    },
    "registry": {
        "CanonicalRollupUpdated(address indexed instance, uint256 indexed version)": "0x951289a79f98b55e6ccfa01a51f56b8a69c666094f84f69ba036b53af644d848",
        "OwnershipTransferred(address indexed previousOwner, address indexed newOwner)": "0x8be0079c531659141344cd1fd0a4f28419497f9722a3daafe3b4186f6b6457e0",
        "RewardDistributorUpdated(address indexed rewardDistributor)": "0x15057bbec20fe352ac8931e529ade6a9ce138c954ffc87d6aa3423dd066c4acd",
    },
    "slasher": {
        "SlashingDisabled(uint256 disabledUntil)": "0xa1037d9d0be02f9081b63887bcf7106f664a1b9789ce4af91fec068cf54f307b",
        "VetoedPayload(address indexed payload)": "0x96f86b87c3d1a3175bcd0253f0f9f14b2f2b9abb47b466507531205bea8cc892",
    },
    "slashing_proposer": {
        "RoundExecuted(uint256 indexed round, uint256 slashCount)": "0xf5b0598f6b87cd92cc8a5cdc26c424169e1d2084571d5ebff9efc8e417eb87ea",
        "VoteCast(uint256 indexed round, uint256 indexed slot, address indexed proposer)": "0x7fe1d4e6b34e228b5dc059fcdc037c71b216fb2417f47c171e505144a5e4f5fc",
    },
    "empire_slashing_proposer": {
        "PayloadSubmittable(address indexed payload, uint256 indexed round)": "0x7670d106b4e42706ce2c68f6e6cf69db532abb05014051816a275fa4622ee340",
        "PayloadSubmitted(address indexed payload, uint256 indexed round)": "0x524a107cd762fc6fd9e34b29c33d17a2292ae9869be3743c11a155b87664af9c",
        "SignalCast(address indexed payload, uint256 indexed round, address indexed signaler)": "0x2df1cd192fdb24be652b19858ee33f7fc0aff1a85485e3a44d29d1ef79472f65",
    },
    "governance": {
        "BeneficiaryAdded(address beneficiary)": "0xc3e089fc6227e049d0e41c3d7a383d57efe69c1955c5752f7e5a9b5f1f113020",
        "ConfigurationUpdated(uint256 indexed time)": "0x7d096a764e5ea306d0946e3a05ca9ffd9ea0af82aecf12cf8eee26b2485f9a0c",
        "Deposit(address indexed depositor, address indexed onBehalfOf, uint256 amount)": "0x5548c837ab068cf56a2c2479df0882a4922fd203edb7517321831d95078c5f62",
        "FloodGatesOpened()": "0x8d67419becc56dd5daf39212ee5e2cb8d9c40cf1184863a77318db110bfc77d9",
        "GovernanceProposerUpdated(address indexed governanceProposer)": "0x58b9023fe926532b1c6a397a00102fcce3ac81725a232d9d235104cd1a28e432",
        "ProposalDropped(uint256 indexed proposalId)": "0xbe0d6497a32a201ada887344ab9138dacd7d057f44cd070946394838a0960276",
        "ProposalExecuted(uint256 indexed proposalId)": "0x712ae1383f79ac853f8d882153778e0260ef8f03b504e2866e0593e04d2b291f",
        "Proposed(uint256 indexed proposalId, address indexed proposal)": "0xaa9a4d6243341331785569c732ffe9c81a3e9c2aafa58faab1afe4797668433f",
        "VoteCast(uint256 indexed proposalId, address indexed voter, bool support, uint256 amount)": "0xcbdf6214089cba887ecbf35a0b6a734589959c9763342c756bb2a80ca2bc9f6e",
        "WithdrawFinalized(uint256 indexed withdrawalId)": "0xcebf724a837e6c3b3bf571f17587621a5b8b13a5c49e854ff99f2700a9fc3666",
        "WithdrawInitiated(uint256 indexed withdrawalId, address indexed recipient, uint256 amount)": "0x35572b4263de54e794ffcb886cb01a64870892fe896854fd2ca93810d5c66f7e",
    },
    "governance_proposer": {
        "PayloadSubmittable(address indexed payload, uint256 indexed round)": "0x7670d106b4e42706ce2c68f6e6cf69db532abb05014051816a275fa4622ee340",
        "PayloadSubmitted(address indexed payload, uint256 indexed round)": "0x524a107cd762fc6fd9e34b29c33d17a2292ae9869be3743c11a155b87664af9c",
        "SignalCast(address indexed payload, uint256 indexed round, address indexed signaler)": "0x2df1cd192fdb24be652b19858ee33f7fc0aff1a85485e3a44d29d1ef79472f65",
    },
    "coin_issuer": {
        "BudgetReset(uint256 indexed newYear, uint256 newBudget)": "0xfb91318ed7011180131879440182ebbbabf3d0ccf88ccaab0a75cc28aa00c217",
        "OwnershipTransferred(address indexed previousOwner, address indexed newOwner)": "0x8be0079c531659141344cd1fd0a4f28419497f9722a3daafe3b4186f6b6457e0",
    },
    "flush_rewarder": {
        "OwnershipTransferred(address indexed previousOwner, address indexed newOwner)": "0x8be0079c531659141344cd1fd0a4f28419497f9722a3daafe3b4186f6b6457e0",
        "RewardPerInsertionUpdated(uint256 rewardPerInsertion)": "0xd7bd831f91387d6482400bac3059e35648e40ccd9961afa0ecf4f795c6b118d2",
    },
    "slash_factory": {
        "SlashPayloadCreated(address indexed payloadAddress, address[] validators, uint96[] amounts, uint128[][] offenses)": "0x7a5fbff6bc27eae804196591bdd4f9854942fed5fb9f1712be3e323f0a8fe19f",
    },
    "escape_hatch": {
        "ArchiveUpdated(address indexed proposer, uint128 checkpointNumber, bytes32 archive)": "0x06ce34f26493be3a32c7dbec4418362d0135f3e197942f5dd02b5836e5370183",
        "CandidateExitInitiated(address indexed candidate, uint256 exitableAt)": "0x227e18a64ffa660621b0096f4e95531b0718897a3a403451ce02a3dc8e57fed3",
        "CandidateExited(address indexed candidate, uint256 amountReturned)": "0x9df2bec405429ed33f4542a6139ece7fdb731660929172a6b1e5f2d90a13a2db",
        "CandidateJoined(address indexed candidate)": "0xf9482192183f47a91819f74bcb71c855dfdfb0a2e86b0de1027dcc6186ab7d58",
        "CandidateSelected(uint256 indexed hatch, address indexed candidate)": "0x481f68776206fa08da4a36697c67062a4d9d4b25f92abc91063615d270d0f560",
        "ProofValidated(uint256 indexed hatch, address indexed proposer, bool success, uint256 punishment)": "0x8243e7a61fc3cbd138f8616c79a1be14bec1d636b4b5260e45cab85fb1e3b8db",
    },
    "date_gated_relayer": {
        "OwnershipTransferred(address indexed previousOwner, address indexed newOwner)": "0x8be0079c531659141344cd1fd0a4f28419497f9722a3daafe3b4186f6b6457e0",
    },
    "fee_juice_portal": {
        "DepositToAztecPublic(bytes32 indexed to, uint256 amount, bytes32 secretHash, bytes32 key, uint256 index)": "0xcb43dda0de11e57048e9d074ae7474446335afc906a0e5789d624fa5422629e3",
        "FeesDistributed(address indexed to, uint256 amount)": "0x63be20cc905d5ba0cf65db405c4999f99f2575e521875f13a8009d6eed7a09d9",
    },
    "inbox": {
        "InboxSynchronized(uint256 indexed inProgress)": "0x826300da0d32306d628f39d6b4b0460fe249f87d056ac97243499ed3c6d7fcdc",
        "MessageSent(uint256 indexed checkpointNumber, uint256 index, bytes32 indexed hash, bytes16 rollingHash)": "0xe3afb584bcff3adb9d452d2e1ccbcd4aee164ae2a8cdab637aecf866a53fbb77",
    },
    "token": {
        "Approval(address indexed owner, address indexed spender, uint256 value)": "0x8c5be1e5ebec7d5bd14f71427d1e84f3dd0314c0f7b2291e5b200ac8c7c3b925",
        "Transfer(address indexed from, address indexed to, uint256 value)": "0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef",
    },
    "test_token": {
        "MinterAdded(address indexed minter)": "0x6ae172837ea30b801fbfcdd4108aa1d5bf8ff775444fd70256b44e6bf3dfc3f6",
        "MinterRemoved(address indexed minter)": "0xe94479a9f7e1952cc78f2d6baab678adc1b772d936c6583def489e524cb66692",
        "OwnershipTransferStarted(address indexed previousOwner, address indexed newOwner)": "0x38d16b8cac22d99fc7c124b9cd0de2d3fa1faef420bfe791d8c362d765e22700",
        "OwnershipTransferred(address indexed previousOwner, address indexed newOwner)": "0x8be0079c531659141344cd1fd0a4f28419497f9722a3daafe3b4186f6b6457e0",
    },
    "staking_registry": {
        "AttestersAddedToProvider(uint256 indexed providerIdentifier, address[] attesters)": "0x8dc338d3490cc6b09bdcf6e2a20a42d02c2da00c19901dea14363bc2897e87ab",
        "ProviderAdminUpdateInitiated(uint256 indexed providerIdentifier, address indexed newAdmin)": "0xd381857c9c5d677780d13306b42c792e92744dbdfa920fe601d671dc8e1793c1",
        "ProviderAdminUpdated(uint256 indexed providerIdentifier, address indexed newAdmin)": "0xea1fd99243b41c0449ac314627c3aeeab6309a80f25fb8b1f8457d49efec91c7",
        "ProviderQueueDripped(uint256 indexed providerIdentifier, address indexed attester)": "0x973a89c42abd20693a9268df8b16ebbf2ef4e660750a885ff8f8fc5936413301",
        "ProviderRegistered(uint256 indexed providerIdentifier, address indexed providerAdmin, uint16 indexed providerTakeRate)": "0x43fe1b4477c9a580955f586c904f4670929e184ef4bef4936221c52d0a79a75b",
        "ProviderRewardsRecipientUpdated(uint256 indexed providerIdentifier, address indexed newRewardsRecipient)": "0x531187eeb6da46ef038e0fbe1fde716531bdf460767f60e38dd64e3568a611a3",
        "ProviderTakeRateUpdated(uint256 indexed providerIdentifier, uint16 newTakeRate)": "0xe1e5d3bc252ff6f708999555a6123770d124eb8e484120e49c296ef88df1ff72",
        "StakedWithProvider(uint256 indexed providerIdentifier, address indexed rollupAddress, address indexed attester, address coinbaseSplitContractAddress, address stakerImplementation)": "0xc91c8b4e934fb8f46c6d08a34d60ceb8dbe4ab6844a7040ca4c580e5a837d5c7",
    },
    "pull_split_factory": {
        "SplitCreated(address indexed split, (address[],uint256[],uint256,uint16) splitParams, address owner, address creator, bytes32 salt)": "0xc4cec5a1846f5c98dc275670618bfecffec4da2e7cba63760ef46f38c75d236e",
        "SplitCreated(address indexed split, (address[],uint256[],uint256,uint16) splitParams, address owner, address creator, uint256 nonce)": "0xf36c74b44f70742fdc66fe7f34107c9e5025433a131e7797e9203203a3a74428",
    },
    "pull_split": {
        "ExecCalls((address,uint256,bytes)[] calls)": "0x79dfcb184c75a8c53199ae76930d72ffcdac408a45ea4b710dfe3f2d35a45a26",
        "OwnershipTransferred(address indexed oldOwner, address indexed newOwner)": "0x8be0079c531659141344cd1fd0a4f28419497f9722a3daafe3b4186f6b6457e0",
        "SetPaused(bool paused)": "0x3c70af01296aef045b2f5c9d3c30b05d4428fd257145b9c7fcd76418e65b5980",
        "SplitDistributed(address indexed token, address indexed distributor, uint256 amount)": "0x562c19c0e7b3493417e3cf5103baa939f4d0e9c1087be236aebb46b84e09c7d9",
        "SplitUpdated((address[],uint256[],uint256,uint16) _split)": "0x52cd08e805db808b670064dedc5cf97374a918fc17c82d7097753189550e8d51",
    },
    "splits_warehouse": {
        "Approval(address indexed owner, address indexed spender, uint256 indexed id, uint256 amount)": "0xb3fd5071835887567a0671151121894ddccc2842f1d10bedad13e0d17cace9a7",
        "NonceInvalidation(address indexed owner, uint256 indexed nonce)": "0x239b0d63832ec06e8082928dc583392b57a30d16e4bb425b49d82c7808e308b0",
        "OperatorSet(address indexed owner, address indexed spender, bool approved)": "0xceb576d9f15e4e200fdb5096d64d5dfd667e16def20c1eefd14256d8e3faa267",
        "Transfer(address caller, address indexed sender, address indexed receiver, uint256 indexed id, uint256 amount)": "0x1b3d7edb2e9c0b0e7c525b20aaaef0f5940d2ed71663c7d39266ecafac728859",
        "Withdraw(address indexed owner, address indexed token, address indexed withdrawer, uint256 amount, uint256 reward)": "0xfbde797d201c681b91056529119e0b02407c7bb96a4a2c75c01fc9667232c8db",
        "WithdrawConfigUpdated(address indexed owner, (uint16,bool) config)": "0xbc150027ce95c264ad6d257eb2f738f76ce357f3b4a68aaf2d1681ce903cb21c",
    },
    "atp_staker": {
        "Staked(address indexed staker, address indexed attester, address indexed rollupAddress)": "0xb2718d32c10b5a7d94c75d01205a0b819d5fdb7854640c8e9b94e647fedc6e17",
        "Upgraded(address indexed implementation)": "0xbc7cd75a20ee27fd9adebab32041f755214dbc6bffa90cc0225b39da2e5c2d3b",
        "TokensWithdrawn(address indexed recipient, uint256 amount)": "0x6352c5382c4a4578e712449ca65e83cdb392d045dfcf1cad9615189db2da244b",
        "TokensWithdrawnToBeneficiary(address indexed beneficiary, uint256 amount)": "0xdf800f68559bc54bc11df67fe8f6c8130a869bd79a4d8a6805f8ca38ae9b7b1a",
        "WithdrawableStatusChanged()": "0x4a127bffecc76f032d16b6fd22e796c618e3b2a48448f86852eaafd57f2ac0bc",
    },
}

# Events that 4.1.2 does not have, or that the generated list leaves out; topics by cast.
OTHER_EVENTS = {
    "rollup": {
        "L2BlockProposed(uint256 indexed blockNumber, bytes32 indexed archive, bytes32[] versionedBlobHashes)": "0x9ad613a7ff46b97e0f732b31118d43f39c9ca017bed1efe739b70b0625383589",
        "BlockInvalidated(uint256 indexed blockNumber)": "0x87b648c33767e23535e6c734a1481b16497c497f7774860fb34ab0e7e876153d",
        "PendingSlasherQueued(address indexed slasher, uint256 readyAt)": "0x850651f622abde225b1015023a88815eb8220854cb90ad6daf977e2f6df42806",
        "PendingSlasherCancelled(address indexed slasher)": "0xf44290297bfd8ce2714bc60045350551f0b25d675ca8ef74a67e27f525548334",
        "LegacySlasherAuthorized(address indexed legacySlasher, uint256 authorizedUntil)": "0x8bd67b063847df48d2b78a3e7258233f0b3acda956b4d531ecf624f6ff11d4cf",
        "EscapeHatchSet(address escapeHatch)": "0x17a1cb124ae226925a506c45bbf4e49c701b0fb60a32cad8106a58846250573c",
        "RewardConfigUpdated((uint32,uint96) rewardConfig)": "0x24ea90802d5c1d10fd3da4b05f2415af510be55a0e3b385831be1851c3975869",
        "EIP712DomainChanged()": "0x0a6387c9ea3628b88a633bb4f3b151770f70085117a15f9bf3787cda53f13d31",
    },
    "reward_distributor": {
        "Distributed(address indexed from, address indexed to, uint256 amount, uint256 implicitAmountUsed, uint256 earmarkedAmountUsed)": "0x2e0af9fd06c112bbfcb6770377b964ccb18691b6217ca6c8054c6337b0a7cc9c",
        "Subsidized(address indexed funder, address indexed recipient, uint256 amount)": "0x9acd1c90213a47eabf932595f3ca414fa42db50a437f5bd384d5813fa9e1a1f3",
    },
    "outbox": {
        "RootAdded(uint256 indexed epoch, bytes32 indexed root)": "0x47e13ec4cc37e31e3a4f25115640068ffbe4bee53b32f0953fa593388e69fc0f",
        "MessageConsumed(uint256 indexed epoch, bytes32 indexed root, bytes32 indexed messageHash, uint256 leafId)": "0x34bc3301c4660a5642d2246e175e7fea498c94258d39dcaa555a52464dbb083d",
        "RootAdded(uint256 indexed epoch, uint256 indexed numCheckpointsInEpoch, bytes32 root)": "0xf68b504483a6a4f9626a6282bc5165a8c1e04b5c5869ef1e70ecd9a16e0e2e6e",
        "MessageConsumed(uint256 indexed epoch, bytes32 indexed root, bytes32 indexed messageHash, uint256 leafId, uint256 numCheckpointsInEpoch)": "0xc1c65655a37473261705e23636f14fa004a0c32fc70c6db4df69192dd97292b8",
    },
    "atp_factory": {
        "ATPCreated(address indexed beneficiary, address indexed atp, uint256 allocation)": "0xae7dba32b6368fe6ee51906b83422dd0a0955cf2aeeb91e9b5960ab0fa455f07",
    },
}

SELECTORS = {
    "staking_registry": {
        "registerProvider": "0xea4a1e03",
        "addKeysToProvider": "0xe2530fd1",
        "updateProviderAdmin": "0xae996dc5",
        "acceptProviderAdmin": "0x22b2b62d",
        "updateProviderRewardsRecipient": "0x48922b95",
        "updateProviderTakeRate": "0xcea00fa5",
        "dripProviderQueue": "0x26f7424f",
        "stake": "0x6fde9315",
        "PULL_SPLIT_FACTORY": "0x2dd2eb5e",
    },
    "rollup": {
        "claimSequencerRewards": "0xc7523d79",
        "flushEntryQueue()": "0x1d934975",
        "flushEntryQueue(uint256)": "0xe199c059",
        "initiateWithdraw": "0xee3b8dc2",
        "finalizeWithdraw": "0xf85494de",
        "getAttesterView": "0x34a51ed5",
        "getStatus": "0x30ccebb5",
        "getEntryQueueLength": "0x1b56a0e7",
        "getEntryQueueAt": "0x9ca03702",
        "getNextFlushableEpoch": "0xca3dc9ec",
        "getAvailableValidatorFlushes": "0x2980c31e",
        "getSequencerRewards": "0x8789a132",
        "L1_BLOCK_AT_GENESIS": "0x79ed8ead",
    },
    "registry": {
        "getCanonicalRollup": "0x971b0e6b",
        "getRollup": "0xdd1583c2",
        "numberOfVersions": "0x5a4ce7ba",
        "getVersion": "0xb88da759",
    },
    "gse": {"getWithdrawer": "0x0f9f5410"},
    "multicall3": {"aggregate3": "0x82ad56cb"},
    "token": {"transfer": "0xa9059cbb", "approve": "0x095ea7b3", "balanceOf": "0x70a08231"},
}

# Views of the contracts that npm does not carry.
VIEWS = {
    "staking_registry": (
        "PULL_SPLIT_FACTORY() returns address",
        "ROLLUP_REGISTRY() returns address",
        "STAKING_ASSET() returns address",
        "getActivationThreshold(uint256) returns uint256",
        "getFirstIndexInQueue(uint256) returns uint128",
        "getLastIndexInQueue(uint256) returns uint128",
        "getProviderQueueLength(uint256) returns uint256",
        "getValueAtIndexInQueue(uint256,uint128) returns (address,(uint256,uint256),(uint256,uint256,uint256,uint256),(uint256,uint256))",
        "nextProviderIdentifier() returns uint256",
        "pendingProviderAdmins(uint256) returns address",
        "providerConfigurations(uint256) returns address,uint16,address",
        "providerQueues(uint256) returns uint128,uint128",
    ),
    "pull_split_factory": (
        "SPLIT_WALLET_IMPLEMENTATION() returns address",
        "isDeployed((address[],uint256[],uint256,uint16),address,bytes32) returns address,bool",
        "nonces(bytes32) returns uint256",
        "predictDeterministicAddress((address[],uint256[],uint256,uint16),address) returns address",
        "predictDeterministicAddress((address[],uint256[],uint256,uint16),address,bytes32) returns address",
    ),
    "pull_split": (
        "FACTORY() returns address",
        "NATIVE_TOKEN() returns address",
        "SPLITS_WAREHOUSE() returns address",
        "eip712Domain() returns bytes1,string,string,uint256,address,bytes32,uint256[]",
        "getSplitBalance(address) returns uint256,uint256",
        "isValidSignature(bytes32,bytes) returns bytes4",
        "owner() returns address",
        "paused() returns bool",
        "replaySafeHash(bytes32) returns bytes32",
        "splitHash() returns bytes32",
        "supportsInterface(bytes4) returns bool",
        "updateBlockNumber() returns uint256",
    ),
    "splits_warehouse": (
        "APPROVE_AND_CALL_TYPE_HASH() returns bytes32",
        "DOMAIN_SEPARATOR() returns bytes32",
        "NATIVE_TOKEN() returns address",
        "NATIVE_TOKEN_ID() returns uint256",
        "PERCENTAGE_SCALE() returns uint256",
        "allowance(address,address,uint256) returns uint256",
        "balanceOf(address,uint256) returns uint256",
        "decimals(uint256) returns uint8",
        "eip712Domain() returns bytes1,string,string,uint256,address,bytes32,uint256[]",
        "isOperator(address,address) returns bool",
        "isValidNonce(address,uint256) returns bool",
        "name(uint256) returns string",
        "nonceBitMap(address,uint256) returns uint256",
        "supportsInterface(bytes4) returns bool",
        "symbol(uint256) returns string",
        "withdrawConfig(address) returns uint16,bool",
    ),
    "atp_staker": (
        "ROLLUP_REGISTRY() returns address",
        "STAKING_ASSET() returns address",
        "STAKING_REGISTRY() returns address",
        "UPGRADE_INTERFACE_VERSION() returns string",
        "getATP() returns address",
        "getImplementation() returns address",
        "getOperator() returns address",
        "proxiableUUID() returns bytes32",
        "WITHDRAWAL_TIMESTAMP() returns uint256",
        "hasStaked() returns bool",
    ),
}


def events_of(*tables):
    return [
        pytest.param(role, shown, topic, id=f"{role}-{shown.partition('(')[0]}-{topic[2:6]}")
        for table in tables
        for role, events in table.items()
        for shown, topic in events.items()
    ]


def types(parameters):
    return ",".join(parameter.type.name for parameter in parameters)


def show(event):
    inputs = (f"{p.type.name} {'indexed ' if p.indexed else ''}{p.name}" for p in event.inputs)
    return f"{event.name}({', '.join(inputs)})"


@pytest.mark.parametrize(("role", "shown", "topic"), events_of(EVENTS, OTHER_EVENTS))
def test_event__topic__is_the_one_written_down(role, shown, topic):
    event = CONTRACTS[role].events_by_topic0[bytes.fromhex(topic[2:])]
    assert show(event) == shown


@pytest.mark.parametrize("role", OTHER_EVENTS)
def test_other_events__topics__are_hashes_of_their_signatures(role):
    for topic in OTHER_EVENTS[role].values():
        event = CONTRACTS[role].events_by_topic0[bytes.fromhex(topic[2:])]
        assert keccak(text=f"{event.name}({types(event.inputs)})").hex() == topic[2:]


def test_events__of_rollup_and_governance__share_names_and_not_topics():
    rollup, governance = CONTRACTS["rollup"], CONTRACTS["governance"]
    for name in ("Deposit", "WithdrawInitiated", "WithdrawFinalized"):
        assert rollup.event(name).topic0 != governance.event(name).topic0


@pytest.mark.parametrize(
    ("role", "name", "selector"),
    [(role, name, selector) for role, table in SELECTORS.items() for name, selector in table.items()],
)
def test_function__selector__is_the_one_written_down(role, name, selector):
    assert "0x" + CONTRACTS[role].function(name).selector.hex() == selector


@pytest.mark.parametrize("role", VIEWS)
def test_views__of_contracts_that_npm_lacks__are_those_written_down(role):
    found = {
        f"{function.signature} returns {types(function.outputs)}"
        for function in CONTRACTS[role].functions
        if function.mutability in ("view", "pure")
    }
    assert found == set(VIEWS[role])


def bare(item):
    """An ABI item without the compiler's additions."""
    if isinstance(item, dict):
        return {name: bare(value) for name, value in item.items() if name != "internalType"}
    return [bare(entry) for entry in item] if isinstance(item, list) else item


@pytest.mark.parametrize("role", ["staking_registry", "pull_split_factory", "pull_split", "splits_warehouse"])
def test_stand_ins__of_the_devnet__are_what_the_lines_describe(role):
    """Or what is shown on the devnet would say nothing about these contracts."""
    contract = CONTRACTS[role]
    stand_in = bare(list(artifact(contract.name).abi))
    unknown_to_vyper = (
        "onERC",
        "EIP712DomainChanged",
    )  # parameters without names, an event that is never emitted
    for item in contract.json_abi():
        if not item["name"].startswith(unknown_to_vyper) and item["type"] != "error":
            assert item in stand_in
