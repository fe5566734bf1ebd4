"""A payout's record held against what a chain tells of the same window. Pure."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import Any

from aztec_butler.core.checks import Check, Outcome
from aztec_butler.core.errors import InputError
from aztec_butler.core.payouts import PayoutCheckpoint, PayoutDelegation, PayoutTerms
from aztec_butler.core.payouts_reading import ReadRecord
from aztec_butler.core.payouts_record import PayoutBlock, PayoutRecord, PayoutWindow, check_follows


def check_file(read: ReadRecord, *, previous: PayoutRecord | None = None) -> tuple[Check, ...]:
    """Whether a record follows from its own inputs, and begins where the one before ends. Asks nobody.

    Args:
        read: the record.
        previous: the record that it should continue; None where that is not looked at.
    """
    record = read.record
    settlement = record.settlement
    checks = [
        _check(
            "arithmetic",
            f"{len(settlement.transfers)} transfers, {settlement.forwarded_wei} of {settlement.reward_wei} wei"
            if not read.differences
            else "not what the inputs make: " + "; ".join(read.differences),
            good=not read.differences,
            remedy="the file was changed since it was made: sign nothing of it",
        )
    ]
    if previous is not None:
        checks.append(_continues(record, previous))
    return tuple(checks)


def _continues(record: PayoutRecord, previous: PayoutRecord) -> Check:
    try:
        check_follows(record.window, previous, chain_id=record.chain_id, provider_id=record.provider_id)
    except InputError as error:
        return _check("continues", error.sentence, good=False, remedy=error.hint or "ask who made it")
    return _check(
        "continues",
        f"epoch {record.window.first_epoch} after {previous.window.last_epoch}"
        if record.previous == previous.digest
        else f"it names {record.previous or 'no record'}, the one before is {previous.digest}",
        good=record.previous == previous.digest,
        remedy="the record before is another one than the one that this continues",
    )


def check_chain(
    record: PayoutRecord,
    *,
    token: str,
    window: PayoutWindow,
    settled_at: PayoutBlock | None,
    terms: PayoutTerms,
    reward_changes: Sequence[int],
    delegations: Sequence[PayoutDelegation],
    checkpoints: Sequence[PayoutCheckpoint],
) -> tuple[Check, ...]:
    """What a chain says about a record.

    Args:
        record: that is examined.
        token: the staking asset.
        window: the blocks of the record's epochs.
        settled_at: the block that decided about the last checkpoint of the window; None where there is none.
        terms: what a checkpoint earns now.
        reward_changes: blocks since the window began in which that was changed.
        delegations: of the provider up to the end of the window, with the take rates of their splits.
        checkpoints: of the provider's attesters in the window, proven, by number.
    """
    return (
        _check(
            "token",
            token,
            good=record.token == token,
            remedy=f"the record pays with {record.token}",
        ),
        _check(
            "blocks",
            f"epochs {window.first_epoch} to {window.last_epoch} are blocks {window.first_block.number}"
            f" to {window.last_block.number}",
            good=record.window == window and record.settled_at == settled_at,
            remedy="the record has other blocks or hashes: it is of another chain, or of one that was reorganised",
        ),
        _terms(record, terms, reward_changes),
        _delegations(record, delegations),
        _checkpoints(record.checkpoints, checkpoints),
    )


def _terms(record: PayoutRecord, terms: PayoutTerms, reward_changes: Sequence[int]) -> Check:
    settled = record.window.last_block if record.settled_at is None else record.settled_at
    earlier = [number for number in reward_changes if number <= settled.number]
    if earlier:
        return _check(
            "terms",
            f"changed in block {earlier[0]}",
            good=False,
            remedy="no one reward is true of the window",
        )
    if reward_changes:
        return Check(
            outcome=Outcome.WARN,
            subject="chain",
            check="terms",
            finding=f"changed in block {reward_changes[0]}, after the window was proven",
            remedy=f"pin block {settled.number}, on a node with old state",
        )
    return _check(
        "terms",
        f"{terms.sequencer_reward_wei} wei for a checkpoint",
        good=record.terms == terms,
        remedy=f"the record reckons with {record.terms.sequencer_reward_wei} wei",
    )


def _delegations(record: PayoutRecord, chain: Sequence[PayoutDelegation]) -> Check:
    told = [(each.attester, each.delegator) for each in record.delegations]
    wanted = [(each.attester, each.delegator) for each in chain]
    good = told == wanted
    places = [
        f"{attester} of {delegator}" for attester, delegator in wanted if (attester, delegator) not in told
    ]
    places += [
        f"{attester} of {delegator}" for attester, delegator in told if (attester, delegator) not in wanted
    ]
    rates = {each.commission_bps for each in record.delegations}
    frozen = list(record.delegations) == list(chain)
    commission = (
        "at the rates of their splits" if frozen else f"at {', '.join(map(str, sorted(rates)))} basis points"
    )
    return _check(
        "delegations",
        f"{len(wanted)}, {commission}" if good else f"{len(wanted)} on the chain, {len(told)} in the record",
        good=good,
        remedy=f"they differ in {places[0]}" if places else "they are in another order",
    )


def _checkpoints(told: Sequence[PayoutCheckpoint], chain: Sequence[PayoutCheckpoint]) -> Check:
    mine, theirs = _by(told, lambda each: each.number), _by(chain, lambda each: each.number)
    wrong = sorted(number for number in mine.keys() | theirs.keys() if mine.get(number) != theirs.get(number))
    return _check(
        "checkpoints",
        f"all {len(chain)}" if not wrong else f"{len(wrong)} of {len(chain)} are not as on the chain",
        good=not wrong,
        remedy=f"the first is {wrong[0]}: {_difference(mine.get(wrong[0]), theirs.get(wrong[0]))}"
        if wrong
        else "",
    )


def _difference(told: PayoutCheckpoint | None, chain: PayoutCheckpoint | None) -> str:
    if told is None:
        return "missing in the record"
    if chain is None:
        return "the chain has none of this provider that is proven"
    name = next(
        name
        for name in ("slot", "block_number", "transaction_hash", "attester", "coinbase")
        if getattr(told, name) != getattr(chain, name)
    )
    return f"{name} is {getattr(chain, name)}, not {getattr(told, name)}"


def _by(items: Sequence[Any], key: Callable[[Any], Hashable]) -> Mapping[Any, Any]:
    return {key(item): item for item in items}


def _check(name: str, finding: str, *, good: bool, remedy: str) -> Check:
    return Check(
        outcome=Outcome.OK if good else Outcome.FAIL,
        subject="file" if name in {"arithmetic", "continues"} else "chain",
        check=name,
        finding=finding,
        remedy=None if good else remedy,
    )
