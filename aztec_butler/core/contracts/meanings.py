"""What custom errors mean for whoever meets them, and the names that their parameters lack.

The contracts name their errors for auditors. These sentences say what happened and, where there is one, the way out.
"""

from typing import Final

MEANINGS: Final[dict[str, str]] = {
    # -- the StakingRegistry
    "StakingRegistry__ZeroAddress()": "an address argument is zero, or no rollup has the given version",
    "StakingRegistry__InvalidProviderIdentifier(uint256)": "there is no provider with this id; ids begin at 1",
    "StakingRegistry__NotProviderAdmin()": "only the provider's admin may do this: send from the admin's address",
    "StakingRegistry__UpdatedProviderAdminToSameAddress()": "this address is the provider's admin already",
    "StakingRegistry__UpdatedProviderTakeRateToSameValue()": "the provider has this take rate already",
    "StakingRegistry__NotPendingProviderAdmin()": "only the address that the admin named may accept the role",
    "StakingRegistry__InvalidTakeRate(uint256)": "a take rate is at most 10000 basis points",
    "StakingRegistry__UnexpectedTakeRate(uint256,uint256)": (
        "the provider changed its take rate meanwhile: read it again and decide again"
    ),
    "QueueIsEmpty()": "the provider's queue holds too few keys: its admin has to add some",
    "QueueIndexOutOfBounds()": "the provider's queue has no key at this index",
    # -- the rollup's staking
    "Staking__InvalidDeposit(address,address)": "attester and withdrawer must both be given",
    "Staking__AlreadyExiting(address)": (
        "the attester is exiting; its address and key cannot be used again, take new ones"
    ),
    "Staking__InvalidRecipient(address)": "the recipient must be given",
    "Staking__NothingToExit(address)": (
        "the attester has no stake on this rollup, or its exit was initiated already: look at its view"
    ),
    "Staking__NotWithdrawer(address,address)": "only the attester's withdrawer may initiate its exit",
    "Staking__WithdrawFailed(address)": "the GSE did not remove the attester from the set",
    "Staking__NotExiting(address)": "the attester has no exit to finalize",
    "Staking__InitiateWithdrawNeeded(address)": (
        "slashing removed the attester; its withdrawer has to initiate the withdrawal first, to name a recipient"
    ),
    "Staking__WithdrawalNotUnlockedYet(uint256,uint256)": (
        "the exit delay of the rollup has not passed; Governance's own delay may be longer still"
    ),
    "Staking__NotSlasher(address,address)": "only the rollup's slasher may slash",
    "Staking__CannotSlashExitedStake(address)": "the exit delay has passed; what is left to withdraw is safe",
    "Staking__NoOneToSlash(address)": "the attester has no stake on this rollup",
    "Staking__DepositOutOfGas()": (
        "the flush ran out of gas: give more gas, or flush fewer entries with flushEntryQueue(uint256)"
    ),
    "Staking__QueueEmpty()": "the entry queue is empty",
    "Staking__NotCanonical(address)": "only the canonical rollup votes",
    "Staking__NotOurProposal(uint256,address,address)": "a rollup votes for its own proposals only",
    "Staking__IncorrectGovProposer(uint256)": "a rollup votes for proposals of the governance proposer only",
    "Staking__InvalidStakingQueueConfig()": "the configuration would close the entry queue",
    "Staking__InvalidNormalFlushSizeQuotient()": "the quotient of the entry queue must be at least 1",
    "Staking__NoPendingSlasher()": "no change of the slasher is queued",
    "Staking__SlasherNotReady(uint256)": "the queued change of the slasher is not due yet",
    # -- the rollup's committees, proofs and rewards
    "ValidatorSelection__EpochNotStable(uint256,uint32)": "the committee of this epoch is not drawn yet",
    "ValidatorSelection__InsufficientValidatorSetSize(uint256,uint256)": (
        "the set is smaller than a committee, so there is none"
    ),
    "ValidatorSelection__InvalidProposer(address,address)": "another attester is the proposer of this slot",
    "Rollup__RewardsNotClaimable()": "Governance has not made rewards claimable yet",
    "Rollup__NotPastDeadline(uint256,uint256)": (
        "rewards of a prover are claimable when nobody can prove the epoch any more"
    ),
    "Rollup__PastDeadline(uint256,uint256)": "the epoch's proof came too late",
    "Rollup__NothingToPrune()": "no pending checkpoint is overdue",
    "Rollup__TryingToProveNonExistingCheckpoint()": "the rollup has no such checkpoint",
    "Rollup__InvalidCheckpointNumber(uint256,uint256)": "the rollup has no such checkpoint yet",
    "Rollup__UnavailableTempCheckpointLog(uint256,uint256,uint256)": (
        "the rollup keeps recent checkpoints only; ask an older block, or read the events"
    ),
    "Rollup__InvalidBlockNumber(uint256,uint256)": "the rollup has no such block yet",
    "Rollup__UnavailableTempBlockLog(uint256,uint256,uint256)": (
        "the rollup keeps recent blocks only; ask an older block of L1, or read the events"
    ),
    # -- the GSE
    "GSE__NotRollup(address)": "only a registered rollup may call this; go through the rollup",
    "GSE__NotLatestRollup(address)": (
        "the deposit moves with the latest rollup, and this rollup is not the latest any more"
    ),
    "GSE__AlreadyRegistered(address,address)": "the attester is in the set already",
    "GSE__CannotChangePublicKeys(uint256,uint256)": (
        "the attester's address was registered before; it can never be used again, take a new one"
    ),
    "GSE__ProofOfPossessionAlreadySeen(bytes32)": (
        "the BLS key was registered before; it can never be used again, take a new one"
    ),
    "GSE__InvalidProofOfPossession()": "the BLS registration is wrong: keys and proof do not belong together",
    "GSE__NothingToExit(address)": "the attester has no stake in this rollup's part of the GSE",
    "GSE__InsufficientBalance(uint256,uint256)": "the attester has less stake than is to be withdrawn",
    "GSE__InstanceDoesNotExist(address)": "the instance is neither a registered rollup nor the bonus instance",
    "GSE__NotWithdrawer(address,address)": "only the attester's withdrawer may delegate its voting power",
    "Delegation__InsufficientPower(address,uint256,uint256)": "the delegatee has less voting power left than that",
    # -- Governance and those who propose to it
    "Governance__WithdrawalNotUnlockedYet(uint256,uint256)": (
        "Governance's delay of withdrawals has not passed, though the rollup's may have"
    ),
    "Governance__WithdrawalAlreadyClaimed()": "the withdrawal was finalized before",
    "Governance__WithdrawalNotInitiated()": "there is no withdrawal with this id",
    "Governance__CannotWithdrawToAddressZero()": "the recipient must be given",
    "Governance__DepositNotAllowed()": "this beneficiary may not hold power in Governance yet",
    "Governance__InsufficientPower(address,uint256,uint256)": (
        "the voter has less power left; what counts is the power when voting began"
    ),
    "Governance__CheckpointedUintLib__InsufficientValue(address,uint256,uint256)": (
        "the owner has less power than that"
    ),
    "Governance__CheckpointedUintLib__NotInPast()": "power can be asked for past times only",
    "Governance__ProposalDoesNotExists(uint256)": "there is no proposal with this id",
    "Governance__ProposalNotActive()": "the proposal is not open for votes",
    "Governance__ProposalNotExecutable()": "the proposal did not pass, is not due yet, or has expired",
    "Governance__ProposalAlreadyDropped()": "the proposal was dropped before",
    "Governance__ProposalCannotBeDropped()": (
        "a proposal can be dropped only when the governance proposer was replaced"
    ),
    "Governance__CallFailed(address)": "an action of the proposal reverted",
    "Governance__CannotCallAsset()": "a proposal may not call the token",
    "Governance__CallerNotSelf(address,address)": "only a passed proposal may do this",
    "Governance__CallerNotGovernanceProposer(address,address)": (
        "only the governance proposer may propose without a lock; use proposeWithLock"
    ),
    "EmpireBase__OnlyProposerCanSignal(address,address)": "only the proposer of the current slot may signal",
    "EmpireBase__SignalAlreadyCastForSlot(uint256)": "this slot's signal was cast before",
    "EmpireBase__InsufficientSignals(uint256,uint256)": "the payload has too few signals",
    "EmpireBase__RoundTooNew(uint256,uint256)": "the round is not over yet",
    "EmpireBase__RoundTooOld(uint256,uint256)": "the round's winner was not submitted in time",
    "EmpireBase__PayloadAlreadySubmitted(uint256)": "the round's winner was submitted before",
    "EmpireBase__PayloadCannotBeAddressZero()": "the round has no winner",
    "EmpireBase__FailedToSubmitRoundWinner(address)": "the winner could not be submitted",
    "GovernanceProposer__GSEPayloadInvalid()": "most stake does not follow the latest rollup after this payload",
    # -- slashing
    "Slasher__SlashingDisabled()": "the vetoer paused slashing",
    "Slasher__PayloadVetoed(address)": "the vetoer vetoed this payload",
    "Slasher__CallerNotVetoer(address,address)": "only the vetoer may do this",
    "Slasher__CallerNotAuthorizedToSlash(address)": "only the slashing proposer or Governance may slash",
    "Slasher__SlashFailed(address,bytes,bytes)": "an action of the payload reverted",
    # -- rewards and tokens
    "InsufficientRewardsAvailable()": "the rest of the rewarder's tokens is owed to those who flushed",
    "CoinIssuer__InsufficientMintAvailable(uint256,uint256)": "this year's budget does not allow that much",
    "RewardDistributor__InvalidCaller(address,address)": "only the canonical rollup may claim rewards",
    "RewardDistributor__InsufficientAvailable(uint256,uint256)": "the distributor holds less for this recipient",
    "GateIsClosed()": "the relayer opens at a date that has not come",
    "ERC20InsufficientBalance(address,uint256,uint256)": "the sender has fewer tokens than that",
    "ERC20InsufficientAllowance(address,uint256,uint256)": (
        "the spender may not take that many tokens: approve it first"
    ),
    "SafeERC20FailedOperation(address)": "the token refused the transfer: check balance and allowance",
    "OwnableUnauthorizedAccount(address)": "only the contract's owner may do this",
    "NotMinter(address)": "only a minter may mint",
    # -- splits
    "InvalidSplit()": "the split's parameters are not those it was created with; take them from SplitCreated",
    "Paused()": "the split's owner paused it",
    "Unauthorized()": "only the split's owner may do this",
    "WithdrawalPaused(address)": "the owner paused withdrawals by others from the warehouse",
    "ZeroOwner()": "the owner must be given",
    # -- stakers of token positions
    "NotOperator(address,address)": "only the position's operator may do this",
    "NotATP(address,address)": "only the position itself may do this",
    "StakingNotOccurred()": "the position has never staked, which this needs",
    "WithdrawalDelayNotPassed()": "withdrawals from this position have not begun yet",
    "UnSupportedOperation()": "this kind of position cannot do that",
}
"""Signature -> what it means; a sentence without values."""

_SLASHING_PROPOSER: Final[dict[str, str]] = {
    "InvalidSignature()": "the vote is not signed by the proposer of the current slot",
    "InvalidVoteLength(uint256,uint256)": "a vote has two bits for every seat of the round's committees",
    "VoteAlreadyCastInCurrentSlot(uint256)": "this slot's vote was cast before",
    "VotingNotOpen(uint256)": "the first rounds judge nothing, because there is nothing before them",
    "RoundAlreadyExecuted(uint256)": "the round was executed before",
    "RoundNotComplete(uint256)": "the round is not over, still in its delay for vetoes, or too old",
    "RoundOutOfRange(uint256,uint256)": "the round is in the future, or too old to be kept",
    "InvalidCommitteeCommitment()": "a committee is not the one of its epoch: read getSlashTargetCommittees",
    "InvalidNumberOfCommittees(uint256,uint256)": "a round needs one committee for each of its epochs",
}
# Renamed with the contract in generation 5.
MEANINGS.update(
    (prefix + signature, sentence)
    for prefix in ("TallySlashingProposer__", "SlashingProposer__")
    for signature, sentence in _SLASHING_PROPOSER.items()
)

PARAMETERS: Final[dict[str, tuple[str, ...]]] = {
    "Staking__AlreadyExiting(address)": ("attester",),
    "Staking__CannotSlashExitedStake(address)": ("attester",),
    "Staking__FailedToRemove(address)": ("attester",),
    "Staking__IncorrectGovProposer(uint256)": ("proposalId",),
    "Staking__InitiateWithdrawNeeded(address)": ("attester",),
    "Staking__InvalidRecipient(address)": ("recipient",),
    "Staking__NoOneToSlash(address)": ("attester",),
    "Staking__NotCanonical(address)": ("rollup",),
    "Staking__NotExiting(address)": ("attester",),
    "Staking__NotOurProposal(uint256,address,address)": ("proposalId", "rollup", "proposer"),
    "Staking__NotSlasher(address,address)": ("slasher", "caller"),
    "Staking__NotWithdrawer(address,address)": ("withdrawer", "caller"),
    "Staking__NothingToExit(address)": ("attester",),
    "Staking__WithdrawFailed(address)": ("attester",),
    "Staking__WithdrawalNotUnlockedYet(uint256,uint256)": ("currentTime", "exitableAt"),
    "GSE__AlreadyRegistered(address,address)": ("instance", "attester"),
    "GSE__FailedToRemove(address)": ("attester",),
    "GSE__InstanceDoesNotExist(address)": ("instance",),
    "GSE__InsufficientBalance(uint256,uint256)": ("balance", "amount"),
    "GSE__InvalidRollupAddress(address)": ("rollup",),
    "GSE__NotLatestRollup(address)": ("caller",),
    "GSE__NotRollup(address)": ("caller",),
    "GSE__NotWithdrawer(address,address)": ("withdrawer", "caller"),
    "GSE__NothingToExit(address)": ("attester",),
    "GSE__RollupAlreadyRegistered(address)": ("rollup",),
    "Delegation__InsufficientPower(address,uint256,uint256)": ("delegatee", "have", "required"),
    "SignatureLib__InvalidSignature(address,address)": ("expected", "recovered"),
    "AttestationLib__InvalidDataSize(uint256,uint256)": ("read", "provided"),
    "AttestationLib__SignatureIndicesSizeMismatch(uint256,uint256)": ("expected", "provided"),
    "AttestationLib__SignaturesOrAddressesSizeMismatch(uint256,uint256)": ("expected", "provided"),
    "AttestationLib__SignersSizeMismatch(uint256,uint256)": ("expected", "provided"),
    # The contract passes the withdrawer under this name.
    "Staking__InvalidDeposit(address,address)": ("attester", "withdrawer"),
}
"""Signature -> names for parameters that have none in Solidity, or a misleading one; as the sources pass them."""
