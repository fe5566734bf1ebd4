"""Steps of a season: providers, deposits, and the way through the entry queue."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from aztec_butler.devnet.parameters import StakingQueueParameters
from aztec_butler.devnet.season_keys import AttesterKeys, wallet
from aztec_butler.devnet.season_stage import SeasonAttester, SeasonProvider, SplitTerms, Stage, Story
from aztec_butler.devnet.staking_moves import Deposit

if TYPE_CHECKING:
    from aztec_butler.devnet.chain import Receipt

_PROVIDERS = (
    # name, take rate in bps, keys listed, stakes at the beginning
    ("Aurora", 500, 7, 5),
    ("Borealis", 1000, 6, 4),
    ("Corona", 0, 5, 3),
    ("Dawn", 2500, 4, 2),
    ("Eclipse", 300, 2, 0),
)
_DIRECT = 24
_STAKERS = ("Ada", "Ben", "Cleo", "Dora", "Emil", "Fay", "Gus")
_STAY_EVERY = 5
"""One of so many direct deposits does not follow the canonical rollup."""
_LATE_DIRECT = 16

QUICK_QUEUE = StakingQueueParameters(
    bootstrap_validator_set_size=0,
    bootstrap_flush_size=0,
    normal_flush_size_min=8,
    normal_flush_size_quotient=3,
    max_queue_flush_size=24,
)
"""What governance lets in, once it has opened the queue wider."""


def _staker(number: int) -> str:
    return wallet(_STAKERS[number % len(_STAKERS)])


def _rewards_wallet(staker: str) -> str:
    return wallet(f"rewards of {staker}")


# ---------------------------------------------------------------------- providers


def register_providers(stage: Stage) -> None:
    """Five providers register, each with its own take rate."""
    for name, take_rate_bps, _, _ in _PROVIDERS:
        admin, recipient = wallet(f"{name} admin"), wallet(f"{name} treasury")
        receipt = stage.staking_registry.send(
            "registerProvider", admin, take_rate_bps, recipient, sender=admin
        )
        (event,) = stage.staking_registry.decode_logs(receipt, "ProviderRegistered")
        stage.providers.append(
            SeasonProvider(
                provider_id=event["providerIdentifier"],
                name=name,
                admin=admin,
                take_rate_bps=take_rate_bps,
                rewards_recipient=recipient,
                uses_splits=name != "Dawn",
            )
        )


def list_keys(stage: Stage) -> None:
    """The providers list keys for others to stake on."""
    for provider, (_, _, count, _) in zip(stage.providers, _PROVIDERS, strict=True):
        listed = stage.new_keys(count * stage.scale)
        for start in range(0, len(listed), 50):
            stores = [keys.key_store for keys in listed[start : start + 50]]
            stage.staking_registry.send(
                "addKeysToProvider", provider.provider_id, stores, sender=provider.admin
            )
        for keys in listed:
            provider.listed.append(keys.address)
            stage.attesters[keys.address] = SeasonAttester(
                address=keys.address, provider_id=provider.provider_id
            )


def change_providers(stage: Stage) -> None:
    """One provider takes a key off its list, one changes its terms, one gets a new admin."""
    aurora, borealis, corona = stage.providers[:3]
    registry = stage.staking_registry
    registry.send("dripProviderQueue", aurora.provider_id, 1, sender=aurora.admin)
    stage.tell(Story.DRIPPED, aurora.listed.pop(0))

    borealis.take_rate_bps, borealis.rewards_recipient = 1250, wallet("Borealis vault")
    of_borealis = borealis.provider_id
    registry.send("updateProviderTakeRate", of_borealis, borealis.take_rate_bps, sender=borealis.admin)
    registry.send(
        "updateProviderRewardsRecipient", of_borealis, borealis.rewards_recipient, sender=borealis.admin
    )

    old_admin, corona.admin = corona.admin, wallet("Corona successor")
    registry.send("updateProviderAdmin", corona.provider_id, corona.admin, sender=old_admin)
    registry.send("acceptProviderAdmin", corona.provider_id, sender=corona.admin)


# ---------------------------------------------------------------------- deposits


def delegate(stage: Stage) -> None:
    """People stake with the providers."""
    stakes = [
        (provider, number)
        for provider, (_, _, _, count) in zip(stage.providers, _PROVIDERS, strict=True)
        for number in range(count * stage.scale)
    ]
    _stake(stage, [provider for provider, _ in stakes], stays=[number == 2 for _, number in stakes])


def _stake(stage: Stage, providers: Sequence[SeasonProvider], *, stays: Sequence[bool]) -> None:
    """One stake with each provider named, on the canonical rollup."""
    stakers = [_staker(number) for number in range(len(providers))]
    stage.moves.fund(stakers, stage.staking_registry.address)
    receipts = stage.moves.send_all(
        stage.staking_registry.transaction(
            "stake",
            provider.provider_id,
            stage.moves.version,
            staker,
            provider.take_rate_bps,
            _rewards_wallet(staker),
            not stay,
            sender=staker,
        )
        for provider, staker, stay in zip(providers, stakers, stays, strict=True)
    )
    for provider, staker, stay, receipt in zip(providers, stakers, stays, receipts, strict=True):
        _remember_stake(stage, provider, staker, not stay, receipt)


def _remember_stake(
    stage: Stage, provider: SeasonProvider, staker: str, moves: bool, receipt: Receipt
) -> None:
    (event,) = stage.staking_registry.decode_logs(receipt, "StakedWithProvider")
    attester = event["attester"]
    assert attester == provider.listed.pop(0)
    provider.staked.append(attester)
    split = event["coinbaseSplitContractAddress"]
    stage.splits[split] = SplitTerms(
        recipients=(provider.rewards_recipient, _rewards_wallet(staker)), take_rate_bps=provider.take_rate_bps
    )
    stage.attesters[attester] = SeasonAttester(
        address=attester,
        provider_id=provider.provider_id,
        coinbase=split if provider.uses_splits else provider.rewards_recipient,
        withdrawer=staker,
        moves=moves,
    )


def deposit(stage: Stage) -> None:
    """People stake on their own attesters, two of them on one that they have staked on before."""
    made = stage.new_keys(_DIRECT * stage.scale)
    deposits = [
        Deposit(keys=keys, withdrawer=_staker(number), moves=number % _STAY_EVERY != _STAY_EVERY - 1)
        for number, keys in enumerate(made)
    ]
    _deposit(stage, deposits)
    stage.direct = [each.attester for each in deposits]
    # The same attester with another key, and the same key for another attester.
    (spare,) = stage.new_keys(1)
    stage.moves.deposit(
        [
            Deposit(keys=spare, withdrawer=_staker(0), address=deposits[0].attester),
            Deposit(keys=made[1], withdrawer=_staker(1), address=spare.address),
        ]
    )


def _deposit(stage: Stage, deposits: Sequence[Deposit]) -> None:
    stage.moves.deposit(deposits)
    for each in deposits:
        stage.attesters[each.attester] = SeasonAttester(
            address=each.attester, coinbase=each.withdrawer, withdrawer=each.withdrawer, moves=each.moves
        )


def open_queue(stage: Stage) -> None:
    """The first epoch lets a few in; then governance opens the entry queue wider."""
    stage.moves.wait_epochs(1)
    stage.moves.flush()
    stage.moves.configure_queue(QUICK_QUEUE)


def flush(stage: Stage) -> None:
    """Epoch by epoch, the entry queue empties; two deposits fail and are refunded."""
    flushed = stage.moves.flush_all()
    known = set(stage.attesters)
    stage.tell(Story.REFUNDED, *(attester for attester in flushed.refunded if attester not in known))


# ---------------------------------------------------------------------- the entry queues at the end


def wait_behind(stage: Stage) -> None:
    """Three more people queue up on a rollup that is about to be replaced."""
    keys = stage.new_keys(3)
    deposits = [
        Deposit(keys=each, withdrawer=_staker(number), moves=number != 1) for number, each in enumerate(keys)
    ]
    _deposit(stage, deposits)
    refunded, stays, fails = (each.attester for each in deposits)
    stage.tell(Story.REFUNDED, refunded)
    stage.tell(Story.QUEUED_BEHIND, stays, fails)
    stage.tell(Story.WILL_FAIL, fails)


def flush_behind(stage: Stage) -> None:
    """The old rollup refuses somebody who would have moved with the canonical one."""
    stage.old_moves.wait_epochs(1)
    flushed = stage.old_moves.flush(1)
    assert flushed.refunded == stage.told(Story.REFUNDED)[-1:], flushed


def queue_up(stage: Stage) -> None:
    """On the new rollup a crowd queues up, through providers and without; two deposits cannot succeed."""
    _, borealis, _, dawn, eclipse = stage.providers
    late = [provider for provider in (borealis, dawn, eclipse) for _ in range(stage.scale)]
    _stake(stage, late, stays=[False] * len(late))
    keys = stage.new_keys(_LATE_DIRECT * stage.scale)
    deposits = [Deposit(keys=each, withdrawer=_staker(number)) for number, each in enumerate(keys)]
    _deposit(stage, deposits)
    stage.moves.deposit(_failing(stage, keys))
    stage.moves.wait_epochs(1)
    activated = stage.moves.flush().activated
    waiting = [stage.providers[i].staked[-1 - n] for i in (1, 3, 4) for n in reversed(range(stage.scale))]
    waiting += [each.attester for each in deposits]
    stage.tell(Story.QUEUED, *(attester for attester in waiting if attester not in activated))


def _failing(stage: Stage, queued: Sequence[AttesterKeys]) -> list[Deposit]:
    """A deposit with the key of one that waits before it, and one for an attester that validates."""
    spare, other = stage.new_keys(2)
    stage.attesters[spare.address] = SeasonAttester(
        address=spare.address, coinbase=_staker(2), withdrawer=_staker(2), moves=True
    )
    stage.tell(Story.QUEUED, spare.address)
    stage.tell(Story.WILL_FAIL, spare.address)
    return [
        Deposit(keys=queued[-1], withdrawer=_staker(2), address=spare.address),
        Deposit(keys=other, withdrawer=_staker(3), address=stage.direct[-1]),
    ]
