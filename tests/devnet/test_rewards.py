"""Rewards on the real contracts over nine days, a refund, a payout, a prover and a new rollup among them.

The accounting that the ledger is held against is a walk over every block with plain calls: what the contract owes before and
after it, and what the token says that people have.
"""

from __future__ import annotations

import json
from types import SimpleNamespace

import pytest
from reward_walk import block_times, check_ledger, walk

from aztec_butler import CheckFailed, InputError, NodeRefused, NotFoundError, connect
from aztec_butler.__main__ import main
from aztec_butler.devnet import SMALL, Devnet
from aztec_butler.devnet.checkpoints import Checkpoints
from aztec_butler.devnet.season_keys import attester_keys, wallet
from aztec_butler.devnet.staking_moves import Deposit, StakingMoves

pytestmark = [pytest.mark.devnet, pytest.mark.xdist_group("rewards")]

DAY = 86_400
EACH = 350 * 10**18
"""Of 500 tokens a checkpoint sequencers get 70 %."""
ALICE, BOB, PROVIDER, STAKER = (wallet(name) for name in ("alice", "bob", "rewards of p", "rewards of s"))
PROVER = wallet("prover")


class Story:
    """Nine days of checkpoints, proofs and claims."""

    def __init__(self, devnet: Devnet) -> None:
        self.devnet, self.chain = devnet, devnet.chain
        self.moves = StakingMoves(devnet, devnet.rollups[-1])
        self.old = self.moves.rollup
        self.keys = {keys.address: keys for keys in map(attester_keys, range(20))}
        self.coinbases: dict[str, str] = {}
        self.splits: list[str] = []

    def stake(self) -> None:
        direct = [attester_keys(number) for number in range(8)]
        self.moves.deposit([Deposit(keys=keys, withdrawer=ALICE) for keys in direct])
        for number, keys in enumerate(direct):
            self.coinbases[keys.address] = (ALICE, BOB)[number % 2]
        registry = self.devnet.contract("staking_registry")
        admin, staker = wallet("admin"), wallet("staker")
        registry.send("registerProvider", admin, 1_234, PROVIDER, sender=admin)
        listed = [attester_keys(number) for number in (8, 9, 10)]
        registry.send("addKeysToProvider", 1, [keys.key_store for keys in listed], sender=admin)
        self.moves.fund([staker] * 3, registry.address)
        for keys in listed:
            receipt = registry.send(
                "stake", 1, self.moves.version, staker, 1_234, STAKER, True, sender=staker
            )
            (event,) = registry.decode_logs(receipt, "StakedWithProvider")
            self.splits.append(event["coinbaseSplitContractAddress"])
            self.coinbases[keys.address] = self.splits[-1]
        self.moves.flush_all()
        self.moves.wait_epochs(1 + self.moves.clock.lag_in_epochs)

    def prove(self, prover: str = PROVER, *, twice: bool = False) -> None:
        checkpoints = Checkpoints(self.moves, self.keys)
        proposed = checkpoints.propose_epoch(self.coinbases.__getitem__)
        if twice:  # the shorter proof credits its checkpoints, the longer one the rest
            checkpoints.prove(proposed[:1], wallet("hasty prover"))
        checkpoints.prove(proposed, prover)
        self.proven = proposed

    def next_day(self, days: int = 1) -> None:
        """To the first noon that is so many days later; no block lies between."""
        self.chain.wait_until((self.chain.now() // DAY + days) * DAY + DAY // 2)

    def together(self, *calls) -> None:
        """Several calls in one transaction, from a contract."""
        batch = [
            (contract.address, False, contract.compiled.function(name).encode_call(*arguments))
            for contract, name, *arguments in calls
        ]
        self.devnet.contract("multicall3").send("aggregate3", batch)

    def play(self) -> None:
        self.stake()
        self.prove()
        self.old.send("claimSequencerRewards", ALICE)
        self.moves.leave(attester_keys(0).address, ALICE)
        self.next_day()
        self.prove(twice=True)
        self.next_day(4)
        # One transaction pays Alice three times: rewards, the stake of who left, and a deposit that fails.
        again = attester_keys(11)
        self.moves.deposit([Deposit(keys=attester_keys(1), withdrawer=ALICE, address=again.address)])
        self.moves.wait_epochs(1)
        self.prove()
        self.together(
            (self.old, "claimSequencerRewards", ALICE),
            (self.old, "finalizeWithdraw", attester_keys(0).address),
            (self.old, "flushEntryQueue()"),
            (self.old, "claimSequencerRewards", ALICE),
        )
        self.old.send("claimSequencerRewards", self.splits[0])
        self.next_day()
        self.prove(prover=BOB)
        epoch = self.old.read("getEpochForCheckpoint", self.proven[-1].number)
        self.next_day()
        # Bob proves, too: his part as a prover is not a claim of a sequencer.
        self.old.send("claimProverRewards", BOB, [epoch])
        self.old.send("claimSequencerRewards", BOB)
        added = self.devnet.add_rollup()
        self.moves = StakingMoves(self.devnet, added)
        self.moves.wait_epochs(1 + self.moves.clock.lag_in_epochs)
        self.prove()
        self.next_day()
        self.moves.rollup.send("claimSequencerRewards", ALICE)
        self.prove()
        self.next_day()


@pytest.fixture(scope="module")
def story(cache_folder):
    with Devnet.start(SMALL, cache_folder=cache_folder) as devnet:
        found = Story(devnet)
        found.play()
        yield found


@pytest.fixture
def net(story, tmp_path):
    addresses = story.devnet.addresses
    with connect(
        "devnet",
        l1=story.devnet.url,
        registry=addresses["registry"],
        staking_registry=addresses["staking_registry"],
        progress=False,
    ) as connected:
        yield connected


@pytest.fixture(scope="module")
def walked(story):
    """What every block did, by coinbase, and the times of blocks."""
    rpc, last = story.devnet.rpc, story.chain.block_number()
    rollups = [each.rollup.address for each in story.devnet.rollups]
    coinbases = walk(rpc, rollups, [ALICE, BOB, *story.splits], last)
    return SimpleNamespace(times=block_times(rpc, last), coinbases=coinbases)


@pytest.mark.parametrize("source", ["state", "proofs"])
def test_ledger__nine_days__what_a_walk_over_every_block_finds(net, story, walked, source):
    frame = net.reward_ledger("all", list(walked.coinbases), step="1d", source=source)
    assert frame.attrs["source"] == source
    check_ledger(frame, walked.coinbases, walked.times)
    days = frame[frame["coinbase"] == ALICE]["ends_at"]
    assert len(days) > 9  # also those on which there was no block
    assert (days.diff().dropna().iloc[:-1] == "1D").all()
    earned = frame.groupby("coinbase", observed=True)["accrued_wei"].sum()
    assert all(amount % EACH == 0 < amount for amount in earned)
    claimed = {name: sum(each.claimed) for name, each in walked.coinbases.items()}
    assert claimed[ALICE] > 0 < claimed[BOB]


def test_ledger__token_of_the_coinbase__rises_by_claims_refund_and_payout_alone(net, story, walked):
    token = story.devnet.contract("staking_asset")
    stakes = 2 * story.moves.threshold_wei  # one came back, one was refunded
    claimed = net.reward_ledger("all", [ALICE])["claimed_wei"].sum()
    # Alice's own deposits were given to her for the purpose, and are gone.
    assert token.read("balanceOf", ALICE) == claimed + stakes


def test_ledger__nobody_named__everybody_that_staking_or_a_payment_tells_of(net, story):
    frame = net.reward_ledger("all")
    # Bob's name stands in no deposit, and he proves, too, so that his payments do not tell what he is.
    assert set(frame["coinbase"]) == {ALICE, *story.splits}
    with story.devnet.restored():
        story.old.send("claimSequencerRewards", story.splits[1])
        assert set(net.reward_ledger("all")["coinbase"]) == {ALICE, *story.splits}


def test_ledger__nobody_named_and_proofs_read__everybody_whom_a_proof_credited(net, story):
    frame = net.reward_ledger("all", source="proofs")
    assert set(frame["coinbase"]) == {ALICE, BOB, *story.splits}
    assert frame["accrued_wei"].sum() == net.apr(["9999d"])["accrued_9999d_wei"][0]


def test_ledger__before_the_chain_began__no_block_and_nothing_earned(net, story):
    frame = net.reward_ledger(("2001-01-01", "2001-01-04"), [ALICE])
    assert frame["last_block"].isna().all()
    assert list(frame["closing_wei"]) == [0, 0, 0]


@pytest.mark.parametrize(
    ("provider_id", "told"), [(77, "no provider with this id"), (2, "nobody has staked")]
)
def test_rewards__provider_that_is_not_there_or_has_nobody__are_told_apart(net, story, provider_id, told):
    with story.devnet.restored():
        registry, admin = story.devnet.contract("staking_registry"), wallet("admin of 2")
        registry.send("registerProvider", admin, 100, admin, sender=admin)
        with pytest.raises(NotFoundError, match=told):
            net.rewards(provider_id=provider_id)


def test_apr_command__splits_of_a_provider_got_nothing__is_said_and_not_taken_for_a_yield(story, capsys):
    addresses = story.devnet.addresses
    options = ["--network", "devnet", "--l1", story.devnet.url, "--registry", addresses["registry"]]
    options += ["--staking-registry", addresses["staking_registry"]]
    assert main(["apr", "--windows", "9999d", *options]) == 0
    assert "nothing came to the splits" not in capsys.readouterr().err
    assert main(["apr", "--windows", "1s", *options]) == 0
    assert "nothing came to the splits of provider 1" in capsys.readouterr().err


def test_ledger__by_rollup__adds_up_to_both(net, story):
    together = net.reward_ledger("all", [ALICE])
    apart = net.reward_ledger("all", [ALICE], by_rollup=True)
    assert set(apart["rollup_version"]) == {1, 2}
    assert apart.groupby("rollup_version")["accrued_wei"].sum().min() > 0
    for name in ("opening_wei", "accrued_wei", "claimed_wei", "closing_wei"):
        assert list(apart.groupby("ends_at")[name].sum()) == list(together[name])


def test_ledger__a_window_cut_anywhere__the_same_sums(net, story):
    whole = net.reward_ledger("all", provider_id=1)
    for block in (20, story.chain.block_number() // 2, story.chain.block_number() - 3):
        parts = [
            net.reward_ledger((None, block), provider_id=1),
            net.reward_ledger((block, None), provider_id=1),
        ]
        for name in ("accrued_wei", "claimed_wei", "provider_wei", "staker_wei"):
            assert sum(part[name].sum() for part in parts) == whole[name].sum()


def test_ledger__kept_readings__need_no_state_again(net, story, monkeypatch):
    """What was read at final blocks is on the disk: a node that has pruned everything old is enough then."""
    story.chain.mine_many(80)  # behind them the chain is final
    whole = net.reward_ledger("all", [ALICE, *story.splits], source="state")

    from aztec_butler.archive import rewards

    def none(multicall, rollups, coinbases, blocks):
        if blocks:
            raise NodeRefused("gone", block=blocks[0].number)
        return iter(())

    monkeypatch.setattr(rewards, "iter_pending", none)
    end = whole["ends_at"].iloc[-2]
    again = net.reward_ledger((None, end.isoformat()), [ALICE, *story.splits], source="state")
    kept = whole[whole["ends_at"] <= end]
    assert again["accrued_wei"].sum() == kept["accrued_wei"].sum()
    with pytest.raises(NodeRefused):
        net.reward_ledger("all", [BOB], source="state")


def test_ledger__state_is_pruned__named_error_or_the_proofs(net, story, monkeypatch):
    from aztec_butler.clients import multicall
    from aztec_butler.clients.troubles import Trouble

    whole = net.reward_ledger("all", [ALICE, BOB])
    head, read = story.chain.block_number(), multicall.Multicall.read

    def forgetful(self, reads, block, **options):
        if block.number < head:
            raise NodeRefused("no state", reason=Trouble.STATE_MISSING)
        return read(self, reads, block, **options)

    monkeypatch.setattr(multicall.Multicall, "read", forgetful)
    with connect(
        "devnet",
        l1=story.devnet.url,
        registry=story.devnet.addresses["registry"],
        staking_registry=story.devnet.addresses["staking_registry"],
        event_store=False,
        progress=False,
    ) as other:
        with pytest.raises(NodeRefused) as refused:
            other.reward_ledger("all", [ALICE, BOB], source="state")
        assert {"block", "time"} <= set(refused.value.facts)
        assert "archive" in refused.value.hint
        fallback = other.reward_ledger("all", [ALICE, BOB])
    assert fallback.attrs["source"] == "proofs"
    assert list(fallback["accrued_wei"]) == list(whole["accrued_wei"])


def test_ledger__prover_claims_through_a_stranger__not_guessed(net, story):
    """Both of Bob's claims in one transaction: which payment is which is not told."""
    with story.devnet.restored():
        story.moves = StakingMoves(story.devnet, story.devnet.rollups[-1])
        story.prove(prover=BOB)
        epoch = story.moves.rollup.read("getEpochForCheckpoint", story.proven[-1].number)
        story.next_day()
        story.together(
            (story.moves.rollup, "claimProverRewards", BOB, [epoch]),
            (story.moves.rollup, "claimSequencerRewards", BOB),
        )
        with pytest.raises(CheckFailed, match="sequencer's rewards or of a prover's"):
            net.reward_ledger("all", [BOB])


@pytest.mark.parametrize("role", ["gse", "burn"])
def test_ledger__of_a_part_of_the_protocol__refused(net, story, role):
    address = story.devnet.addresses["gse"] if role == "gse" else "0x" + b"CUAUHXICALLI".hex().ljust(40, "0")
    with pytest.raises(InputError, match="other reasons"):
        net.reward_ledger("all", [address])


def test_ledger__nonsense__refused_before_anything_is_asked(net, story):
    before = net.rpc.request_count
    for arguments in (
        {"source": "guess"},
        {"step": "0s"},
        {"window": "soon"},
        {"coinbases": ["0x12"]},
        {"coinbases": [ALICE], "provider_id": 1},
        {"provider_id": 0},
        {"coinbases": []},
    ):
        with pytest.raises(InputError):
            net.reward_ledger(**arguments)
    with pytest.raises(InputError) as caught:
        net.reward_ledger("30d", "1h")  # as `net.history` takes them
    assert "a step" in caught.value.hint
    assert net.rpc.request_count == before
    with pytest.raises(NotFoundError):
        net.reward_ledger("all", provider_id=77)


def test_rewards__pending__what_each_rollup_says(net, story):
    frame = net.rewards()
    versions = {each.parameters.version: each.rollup for each in story.devnet.rollups}
    assert len(frame) > 2
    for row in frame.itertuples():
        assert row.pending_wei == versions[row.rollup_version].read("getSequencerRewards", row.coinbase) > 0
        assert row.provider_wei + row.staker_wei + row.direct_wei == row.pending_wei
        assert row.is_claimable
    total = sum(
        rollup.read("getSequencerRewards", name)
        for rollup in versions.values()
        for name in (ALICE, *story.splits)
    )
    assert frame["pending_wei"].sum() == total
    named = net.rewards(wallet("nobody"))
    assert list(named["pending_wei"]) == [0, 0]


def test_rewards__kept_back__said_so(net, story):
    with story.devnet.restored():
        rollup = story.moves.rollup
        rollup.send("setRewardsClaimable", False, sender=rollup.read("owner"))
        frame = net.rewards([ALICE])
        assert dict(zip(frame["rollup_version"], frame["is_claimable"], strict=True)) == {1: True, 2: False}


def test_claimable__claimed_distributed_and_withdrawn__what_was_said_to_the_wei(net, story):
    devnet = story.devnet
    token, warehouse = devnet.contract("staking_asset"), devnet.contract("splits_warehouse")
    distribute = devnet.contract("pull_split_implementation").compiled.function(
        "distribute((address[],uint256[],uint256,uint16),address,address)"
    )
    struct = ((PROVIDER, STAKER), (1_234, 10_000 - 1_234), 10_000, 0)
    with devnet.restored():
        # Something of everything: dust, money in a split, money in the warehouse for a split and for the staker.
        token.send("transfer", story.splits[1], 7)
        token.send("approve", warehouse.address, 10**20)
        warehouse.send("deposit", story.splits[0], token.address, 5)
        warehouse.send("deposit", STAKER, token.address, 11)
        for _ in range(2):  # the second time nothing but dust is left, and the answer is nothing
            said = {who: net.claimable(who) for who in (PROVIDER, STAKER, ALICE)}
            before = {who: token.read("balanceOf", who) for who in said}
            for each in devnet.rollups:
                for coinbase in (*story.splits, ALICE):
                    each.rollup.send("claimSequencerRewards", coinbase)
            for split in story.splits:
                devnet.chain.send(split, distribute.encode_call(struct, token.address, PROVER))
            for who in (PROVIDER, STAKER):
                if warehouse.read("balanceOf", who, int(token.address, 16)):
                    warehouse.send("withdraw(address,address)", who, token.address)
            for who, frame in said.items():
                assert token.read("balanceOf", who) - before[who] == frame["claimable_wei"].sum(), who
                assert (frame["claimable_wei"] >= 0).all()
        assert said[STAKER]["claimable_wei"].sum() == 0


def test_claimable__kept_back__apart(net, story):
    with story.devnet.restored():
        open_ones = net.claimable(STAKER)
        rollup = story.moves.rollup
        rollup.send("setRewardsClaimable", False, sender=rollup.read("owner"))
        frame = net.claimable(STAKER)
        assert frame["held_back_wei"].sum() > 0
        assert frame["claimable_wei"].sum() < open_ones["claimable_wei"].sum()


def test_apr__rates__of_accrued_and_claimed_over_the_integral_of_stake(net, story, walked):
    frame = net.apr(["60d"]).set_index("provider_id", drop=False)
    network = frame[frame["provider_id"].isna()].iloc[0]
    assert network["accrued_60d_wei"] == sum(sum(each.accrued) for each in walked.coinbases.values())
    assert network["claimed_60d_wei"] == sum(sum(each.claimed) for each in walked.coinbases.values())
    provider = frame.loc[1]
    assert provider["accrued_60d_wei"] == sum(sum(walked.coinbases[split].accrued) for split in story.splits)
    # The stake of the three delegations stood from their activation on, and nothing of it was lost.
    rollup = story.devnet.rollups[0].rollup
    stood = 0
    for keys in map(attester_keys, (8, 9, 10)):
        entered = next(
            number
            for number in range(len(walked.times))
            if number > 20 and rollup.read("getStatus", keys.address, block=number) == 1
        )
        stood += story.moves.threshold_wei * (story.chain.now() - walked.times[entered])
    expected = provider["accrued_60d_wei"] * 365 * DAY / stood
    assert provider["apr_simple_60d"] == pytest.approx(expected, rel=1e-12)
    assert provider["apr_staker_60d"] == pytest.approx(expected * (1 - 0.1234), rel=1e-9)
    assert provider["apr_realised_60d"] < provider["apr_simple_60d"]


@pytest.mark.parametrize(
    "words", [["rewards"], ["reward-ledger", "--window", "all"], ["claimable", STAKER], ["apr"]], ids=" ".join
)
def test_command__on_the_chain__the_same_as_in_the_library(net, story, capsys, words):
    addresses = story.devnet.addresses
    options = ["--network", "devnet", "--l1", story.devnet.url, "--registry", addresses["registry"]]
    options += ["--staking-registry", addresses["staking_registry"], "--format", "json"]
    assert main([*words, *options]) == 0
    answer = json.loads(capsys.readouterr().out)
    frames = {
        "rewards": net.rewards,
        "reward-ledger": lambda: net.reward_ledger("all"),
        "claimable": lambda: net.claimable(STAKER),
        "apr": net.apr,
    }
    frame = frames[words[0]]()
    assert len(answer["rows"]) == len(frame) > 0
    for name in (name for name in frame.columns if name.endswith("_wei")):
        assert [row[name] for row in answer["rows"]] == [str(amount) for amount in frame[name]]
