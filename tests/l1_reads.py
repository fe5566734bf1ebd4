"""Everything that the exporter shows of L1, read independently: plain web3, the official ABIs, one call for each value.

Nothing of the package's clients or rules is used, and everything is asked at the latest block.
"""

from __future__ import annotations

from collections import Counter
from fractions import Fraction
from functools import cache, cached_property
from itertools import accumulate

from web3 import Web3

NONE, VALIDATING, ZOMBIE, EXITING = range(4)
LIFECYCLES = (
    "never-registered",
    "provider-queued",
    "entry-queued",
    "validating",
    "zombie",
    "exiting",
    "exited",
)
PROPOSAL_STATES = (
    "pending",
    "active",
    "queued",
    "executable",
    "rejected",
    "executed",
    "droppable",
    "dropped",
    "expired",
)
PARTS = ("rollup", "entry_queue", "provider", "coinbases", "rewards", "slashing", "governance", "network")
TOKEN = 10**18
ZERO = "0x" + "00" * 20
MONTH = 28 * 86_400


def tokens(wei: int) -> float:
    """In two steps that lose nothing: whole tokens, and the rest as a fraction."""
    return float(Fraction(wei, TOKEN))


class L1Reads:
    """A devnet through web3.

    Args:
        devnet: names the contracts.
        w3: connected to it.
        ours: ``provider_ids``, ``attesters`` and ``coinbases``, as the exporter is given them.
    """

    def __init__(self, devnet, w3: Web3, ours) -> None:
        self.w3, self.ours = w3, ours

        def contract(deployed):
            return w3.eth.contract(address=deployed.address, abi=deployed.compiled.abi)

        self.rollups = [contract(each.rollup) for each in devnet.rollups]
        self.slashers = [
            tuple(contract(each.contracts[role]) for role in ("slasher", "slashing_proposer"))
            for each in devnet.rollups
        ]
        roles = ("registry", "gse", "staking_registry", "governance", "governance_proposer")
        self.registry, self.gse, self.staking_registry, self.governance, self.governance_proposer = (
            contract(devnet.contract(role)) for role in roles
        )
        factory = devnet.contract("pull_split_factory")
        self.splits = {
            log["args"]["split"]: log["args"]["splitParams"]
            for log in contract(factory)
            .events["SplitCreated(address,(address[],uint256[],uint256,uint16),address,address,uint256)"]
            .get_logs(from_block=0)
        }
        self.canonical = self.rollups[-1]
        self.block = w3.eth.get_block("latest")
        # A block is asked for once, and each value of it.
        for name in ("time_of_block", "_standing", "stake_of", "withdrawer", "failing", "events"):
            setattr(self, name, cache(getattr(self, name)))

    @cached_property
    def queues(self):
        """Every rollup's entry queue."""
        return [
            [
                rollup.functions.getEntryQueueAt(place).call()
                for place in range(rollup.functions.getEntryQueueLength().call())
            ]
            for rollup in self.rollups
        ]

    @cached_property
    def listed(self):
        """The keys that wait with each provider."""
        return {
            provider_id: self._listed(provider_id)
            for provider_id in range(1, self.staking_registry.functions.nextProviderIdentifier().call())
        }

    @cached_property
    def delegations(self):
        return self.events(self.staking_registry, "StakedWithProvider")

    @cached_property
    def standing(self):
        """Where everybody stands who is known."""
        return {attester: self._standing(attester) for attester in self.known}

    # ------------------------------------------------------------------ the chain

    def events(self, contract, name):
        return contract.events[name].get_logs(from_block=0)

    def time_of(self, log) -> int:
        return self.time_of_block(log["blockNumber"])

    def time_of_block(self, number: int) -> int:
        return self.w3.eth.get_block(number)["timestamp"]

    def withdrawer(self, attester: str) -> str:
        return self.gse.functions.getWithdrawer(attester).call()

    def _listed(self, provider_id: int) -> list[str]:
        first, last = self.staking_registry.functions.providerQueues(provider_id).call()
        read = self.staking_registry.functions.getValueAtIndexInQueue
        return [read(provider_id, index).call()[0] for index in range(first, last)]

    @cached_property
    def known(self) -> list[str]:
        """Who was ever queued, or is listed now."""
        queued = [
            log["args"]["attester"]
            for rollup in self.rollups
            for log in self.events(rollup, "ValidatorQueued")
        ]
        return list(dict.fromkeys([*queued, *(each for keys in self.listed.values() for each in keys)]))

    def _standing(self, attester: str) -> str:
        statuses = [rollup.functions.getStatus(attester).call() for rollup in self.rollups]
        for status, name in ((VALIDATING, "validating"), (ZOMBIE, "zombie"), (EXITING, "exiting")):
            if status in statuses:
                return name
        if self.withdrawer(attester) != ZERO:
            return "exited"
        if any(entry[0] == attester for queue in self.queues for entry in queue):
            return "entry-queued"
        return "provider-queued" if any(attester in keys for keys in self.listed.values()) else LIFECYCLES[0]

    def home(self, attester: str):
        """The rollup on which it validates."""
        return next(
            rollup for rollup in self.rollups if rollup.functions.getStatus(attester).call() == VALIDATING
        )

    def stake_of(self, attester: str) -> int:
        return max(rollup.functions.getAttesterView(attester).call()[1] for rollup in self.rollups)

    def delegated(self, attester: str):
        """The delegation that decides: the one that was not refunded."""
        made = [log["args"] for log in self.delegations if log["args"]["attester"] == attester]
        return made[0] if made else None

    # ------------------------------------------------------------------ us

    @cached_property
    def own(self) -> list[str]:
        ids = self.ours.provider_ids
        theirs = [
            log["args"]["attester"] for log in self.delegations if log["args"]["providerIdentifier"] in ids
        ]
        queued = [attester for provider_id in ids for attester in self.listed[provider_id]]
        return list(dict.fromkeys([*self.ours.attesters, *self.ours.coinbases, *theirs, *queued]))

    def own_standing(self, attester: str) -> str:
        return self._standing(attester)

    # ------------------------------------------------------------------ values

    def values(self, *parts: str) -> dict:
        """Value by name without prefix, and labels.

        Args:
            parts: names of collectors; all when none is named.
        """
        found: dict = {}

        def put(name, value, **labels):
            key = name, tuple(sorted(labels.items()))
            assert key not in found, key
            found[key] = value

        for part in parts or PARTS:
            getattr(self, f"_{part}")(put)
        return found

    def _rollup(self, put) -> None:
        call = self.canonical.functions
        put("l1_block", self.block["number"])
        put("l1_block_timestamp_seconds", self.block["timestamp"])
        for state in LIFECYCLES:
            put("attesters", sum(each == state for each in self.standing.values()), state=state)
            put("own_attesters", sum(self.own_standing(each) == state for each in self.own), state=state)
        put("stake_aztec", tokens(self.gse.functions.totalSupply().call()))
        exits = sum(
            rollup.functions.getExit(attester).call()[1] for rollup in self.rollups for attester in self.known
        )
        put("exiting_aztec", tokens(exits))
        put("activation_threshold_aztec", tokens(call.getActivationThreshold().call()))
        put("ejection_threshold_aztec", tokens(call.getEjectionThreshold().call()))
        put("local_ejection_threshold_aztec", tokens(call.getLocalEjectionThreshold().call()))
        put("epoch", call.getCurrentEpoch().call())
        put("slot", call.getCurrentSlot().call())
        slot = call.getSlotDuration().call()
        put("slot_duration_seconds", slot)
        put("epoch_duration_seconds", slot * call.getEpochDuration().call())
        put("pending_checkpoint", call.getPendingCheckpointNumber().call())
        put("proven_checkpoint", call.getProvenCheckpointNumber().call())
        put("prune_possible", int(call.canPruneAtTime(self.block["timestamp"]).call()))
        version = call.getVersion().call()
        assert self.registry.functions.getCanonicalRollup().call() == self.canonical.address
        put("canonical_rollup_info", 1, version=str(version), address=self.canonical.address)
        put("canonical_rollup_version", version)
        put("rollups", self.registry.functions.numberOfVersions().call())
        for attester in self.own:
            for state in LIFECYCLES:
                put(
                    "attester_state",
                    int(self.own_standing(attester) == state),
                    attester=attester,
                    state=state,
                )
            put("attester_stake_aztec", tokens(self.stake_of(attester)), attester=attester)
        put("own_series_capped", 0, kind="attester")

    def failing(self, rollup: int) -> set[int]:
        """Places whose attester or key was there before, or that want to move with a rollup that is not the latest."""
        is_latest = self.gse.functions.getLatestRollup().call() == self.rollups[rollup].address
        keys = {
            self.rollups[0].functions.getConfig(attester).call()[0]
            for attester in self.known
            if self.withdrawer(attester) != ZERO
        }
        seen: set = set()
        places = set()
        for place, (attester, _, key, _, _, moves) in enumerate(self.queues[rollup]):
            is_registered = self.withdrawer(attester) != ZERO
            if (moves and not is_latest) or is_registered or key in keys or {attester, key} & seen:
                places.add(place)
            else:
                seen |= {attester, key}
        return places

    def _entry_queue(self, put) -> None:
        """Without times: for those the queue has to be played."""
        call = self.canonical.functions
        failing = [self.failing(number) for number in range(len(self.rollups))]
        put("entry_queue_length", len(self.queues[-1]))
        put("entry_queue_flush_size", call.getEntryQueueFlushSize().call())
        put("entry_queue_allowance", call.getAvailableValidatorFlushes().call())
        for reason in ("awaiting-deposits", "closed", "broken"):
            put("entry_queue_stalled", 0, reason=reason)
        put("entry_queue_will_fail", len(failing[-1]))
        put("own_entry_queued", sum(self.own_standing(each) == "entry-queued" for each in self.own))
        put(
            "own_entry_queue_will_fail",
            sum(
                entry[0] in self.own and place in failing[number]
                for number, queue in enumerate(self.queues)
                for place, entry in enumerate(queue)
            ),
        )
        failed = [
            log["args"]["attester"] for rollup in self.rollups for log in self.events(rollup, "FailedDeposit")
        ]
        put("failed_deposits_total", len(failed))
        put("own_failed_deposits_total", sum(attester in self.own for attester in failed))

    def _provider(self, put) -> None:
        total = self.gse.functions.totalSupply().call()
        for provider_id in self.ours.provider_ids:
            label = {"provider_id": str(provider_id)}
            made = [log for log in self.delegations if log["args"]["providerIdentifier"] == provider_id]
            staked = [log["args"]["attester"] for log in made]
            keys = self.staking_registry.functions.getProviderQueueLength(provider_id).call()
            _, rate, _ = self.staking_registry.functions.providerConfigurations(provider_id).call()
            put("provider_keys_queued", keys, **label)
            put("provider_take_rate_ratio", rate / 10_000, **label)
            put("provider_delegations_total", len(made), **label)
            standing = Counter(self.standing[attester] for attester in staked)
            put("provider_validating", standing["validating"], **label)
            put("provider_entry_queued", standing["entry-queued"], **label)
            stake = sum(self.stake_of(attester) for attester in staked)
            put("provider_active_stake_aztec", tokens(stake), **label)
            put("provider_stake_share_ratio", stake / total, **label)
            (registered,) = (
                self.time_of(log)
                for log in self.events(self.staking_registry, "ProviderRegistered")
                if log["args"]["providerIdentifier"] == provider_id
            )
            now = self.block["timestamp"]
            begins = max(registered, now - MONTH)
            recent = sum(self.time_of(log) >= begins for log in made)
            if recent:
                put("provider_runway_seconds", int(Fraction(keys, recent) * (now - begins)), **label)

    def checkpoints(self) -> dict:
        """The last checkpoint of each proposer on the canonical rollup: coinbase and time."""
        last = {}
        for log in self.events(self.canonical, "CheckpointProposed"):
            transaction = self.w3.eth.get_transaction(log["transactionHash"])
            _, given = self.canonical.decode_function_input(transaction["input"])
            at = self.time_of(log)
            proposer = self.canonical.functions.getProposerAt(at).call()
            last[proposer] = given["_args"]["header"]["coinbase"], at
        return last

    def _coinbases(self, put) -> None:
        """Without times of activation: for those the queue has to be played."""
        waiting = {
            entry[0]
            for number, queue in enumerate(self.queues)
            for place, entry in enumerate(queue)
            if place not in self.failing(number)
        }
        last = self.checkpoints()
        missing = drifting = unknown = 0
        for attester in self.own:
            delegated = self.delegated(attester)
            split = None if delegated is None else delegated["coinbaseSplitContractAddress"]
            configured = self.ours.coinbases.get(attester)
            standing = self.own_standing(attester)
            if standing == "validating" or (standing == "entry-queued" and attester in waiting):
                if attester not in self.ours.coinbases:
                    unknown += 1
                else:
                    put("coinbase_missing", int(configured is None), attester=attester)
                    missing += configured is None
                if split and configured:
                    put("coinbase_drift", int(configured != split), attester=attester)
                    drifting += configured != split
            if attester in last and (split or configured):
                coinbase, at = last[attester]
                expected = split or configured
                put("checkpoint_coinbase_drift", int(coinbase != expected), attester=attester)
                put("checkpoint_coinbase_timestamp_seconds", at, attester=attester)
        put("coinbases_missing", missing)
        put("coinbases_drifting", drifting)
        put("coinbases_unknown", unknown)

    def _rewards(self, put) -> None:
        ours = 0
        coinbases = {}
        for attester in self.own:
            if self.own_standing(attester) == "provider-queued" or attester not in self.known:
                continue
            delegated = self.delegated(attester)
            if delegated is not None:
                split = delegated["coinbaseSplitContractAddress"]
                coinbases[split] = self.splits[split]
            # Those that were refunded have earned nothing.
            if attester in self.ours.coinbases and self.own_standing(attester) != "never-registered":
                coinbases.setdefault(self.ours.coinbases[attester] or attester, None)
        for coinbase, terms in coinbases.items():
            for rollup in self.rollups:
                pending = rollup.functions.getSequencerRewards(coinbase).call()
                version = str(rollup.functions.getVersion().call())
                put(
                    "coinbase_pending_rewards_aztec",
                    tokens(pending),
                    coinbase=coinbase,
                    rollup_version=version,
                )
                share = Fraction(1)
                if terms is not None:
                    share = Fraction(terms["allocations"][0], terms["totalAllocation"])
                ours += int(pending * share)
        put("own_pending_rewards_aztec", tokens(ours))
        put("own_series_capped", 0, kind="coinbase")

    def votes(self, proposer, current: int, committees) -> Counter:
        """Against each place of the judged committees."""
        against: Counter = Counter()
        for index in range(proposer.functions.getRound(current).call()[1]):
            bits = int.from_bytes(proposer.functions.getVotes(current, index).call(), "little")
            for place in range(sum(map(len, committees))):
                against[place] += bool(bits >> (2 * place) & 3)
        return against

    def _slashing(self, put) -> None:
        votes: Counter = Counter()
        pending: Counter = Counter()
        for rollup, (slasher, proposer) in zip(self.rollups, self.slashers, strict=True):
            label = {"rollup_version": str(rollup.functions.getVersion().call())}
            current = proposer.functions.getCurrentRound().call()
            put("slashing_enabled", int(slasher.functions.isSlashingEnabled().call()), **label)
            put("slashing_round", current, **label)
            put("slashing_round_votes", proposer.functions.getRound(current).call()[1], **label)
            put("slashing_quorum", proposer.functions.QUORUM().call(), **label)
            committees = proposer.functions.getSlashTargetCommittees(current).call()
            members = [member for committee in committees for member in committee]
            for place, count in self.votes(proposer, current, committees).items():
                votes[members[place]] = max(votes[members[place]], count)
            slots = proposer.functions.ROUND_SIZE().call()
            for number in range(proposer.functions.SLASH_OFFSET_IN_ROUNDS().call(), current):
                ends = (number + proposer.functions.LIFETIME_IN_ROUNDS().call()) * slots
                if proposer.functions.isRoundReadyToExecute(number, ends).call() and current * slots <= ends:
                    executed, _ = proposer.functions.getRound(number).call()
                    judged = proposer.functions.getSlashTargetCommittees(number).call()
                    if not executed:
                        for attester, amount in proposer.functions.getTally(number, judged).call():
                            pending[attester] += amount
        for attester in self.own:
            put("attester_slash_votes", votes[attester], attester=attester)
            put("attester_pending_slash_aztec", tokens(pending[attester]), attester=attester)
            if self.own_standing(attester) != "validating":
                continue
            home = self.home(attester)
            proposer = self.slashers[self.rollups.index(home)][1]
            floor = max(
                home.functions.getLocalEjectionThreshold().call(),
                home.functions.getEjectionThreshold().call(),
            )
            headroom = max(self.stake_of(attester) - floor, 0)
            put("attester_slash_headroom_aztec", tokens(headroom), attester=attester)
            put(
                "attester_slashes_left",
                headroom // proposer.functions.SLASH_AMOUNT_LARGE().call(),
                attester=attester,
            )
        slashes = [log["args"] for rollup in self.rollups for log in self.events(rollup, "Slashed")]
        for prefix, some in (
            ("", slashes),
            ("own_", [each for each in slashes if each["attester"] in self.own]),
        ):
            put(f"{prefix}slashes_total", len(some))
            put(f"{prefix}slashed_aztec_total", tokens(sum(each["amount"] for each in some)))

    def _governance(self, put) -> None:
        call, proposer = self.governance.functions, self.governance_proposer.functions
        states = Counter(
            call.getProposalState(number).call() for number in range(call.proposalCount().call())
        )
        for number, name in enumerate(PROPOSAL_STATES):
            put("governance_proposals", states[number], state=name)
        current = proposer.getCurrentRound().call()
        put("governance_round", current)
        put("governance_signal_quorum", proposer.QUORUM_SIZE().call())
        _, leader, _ = proposer.getRoundData(self.canonical.address, current).call()
        if leader != ZERO:
            count = proposer.signalCount(self.canonical.address, current, leader).call()
            put("governance_signals", count, payload=leader)

    def _network(self, put) -> None:
        levels = ("attester", "withdrawer", "staker", "provider")
        holders: dict[str, Counter] = {by: Counter() for by in levels}
        for attester in self.known:
            stake = self.stake_of(attester)
            if not stake:
                continue
            withdrawer = self.withdrawer(attester)
            delegated = self.delegated(attester)
            provider = withdrawer if delegated is None else delegated["providerIdentifier"]
            staker = withdrawer if delegated is None else delegated["stakerImplementation"]
            for by, holder in zip(levels, (attester, withdrawer, staker, provider), strict=True):
                holders[by][holder] += stake
        committee = self.canonical.functions.getTargetCommitteeSize().call()
        proposer = self.slashers[-1][1].functions
        quorum, size = proposer.QUORUM().call(), proposer.ROUND_SIZE().call()
        for by, stakes in holders.items():
            held = sorted(stakes.values(), reverse=True)
            total = sum(held)
            put("stake_entities", len(held), by=by)
            hhi = sum(Fraction(each, total) ** 2 for each in held)
            put("stake_hhi_ratio", float(hhi), by=by)
            put("stake_effective_entities", float(1 / hhi), by=by)
            gaps = sum(abs(one - other) for one in held for other in held)
            put("stake_gini_ratio", float(Fraction(gaps, 2 * len(held) * total)), by=by)
            for top in (1, 3, 10):
                put("stake_top_share_ratio", float(Fraction(sum(held[:top]), total)), by=by, top=str(top))
            for threshold, enough in (
                ("third", [3 * sum_ > total for sum_ in accumulate(held)]),
                ("half", [2 * sum_ > total for sum_ in accumulate(held)]),
                ("two_thirds", [3 * sum_ > 2 * total for sum_ in accumulate(held)]),
                (
                    "committee_quorum",
                    [committee * sum_ >= (2 * committee // 3 + 1) * total for sum_ in accumulate(held)],
                ),
                ("slashing_quorum", [size * sum_ >= quorum * total for sum_ in accumulate(held)]),
            ):
                put("stake_nakamoto", enough.index(True) + 1, by=by, threshold=threshold)
