"""Whether the rewards of attesters go where they should: what is configured, against the delegation's split or a policy.

The node credits an attester without a coinbase itself: its rewards go to an address whose key lies in the keystore, past
the split. What was earned so cannot be turned round later, so the attesters that are active, and those that will be
next, come first. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum

import attrs

from aztec_butler.core.errors import InputError, NotFoundError
from aztec_butler.core.hexes import ZERO_ADDRESS, parse_address
from aztec_butler.core.keystores.checks import CheckedSet
from aztec_butler.core.keystores.coinbase_policy import CoinbasePolicy, WantedCoinbase, wanted_coinbases
from aztec_butler.core.keystores.faults import Fault, refuse
from aztec_butler.core.keystores.public import CoinbaseFrom
from aztec_butler.core.keystores.text import BrokenText, Kind, parse_text
from aztec_butler.core.lifecycle import Lifecycle
from aztec_butler.core.records import unit
from aztec_butler.core.rows import QueueEntry
from aztec_butler.core.staking_state import StakingState

_FORM = '{"0xATTESTER": "0xCOINBASE", ...}, with null for an attester without one'
_OTHER_MATTERS = {Fault.ZERO_COINBASE, Fault.MISSING_PUBLISHER}
"""What is told here, or has nothing to do with it."""
_GONE = {Lifecycle.ZOMBIE, Lifecycle.EXITING, Lifecycle.EXITED}


class CoinbaseVerdict(StrEnum):
    """What is to be said about an attester's coinbase, the worst first."""

    MISSING = "missing"
    """None is configured: its rewards go to the attester's own address."""
    WRONG = "wrong"
    """Another one is configured than it should be."""
    UNKNOWN = "unknown"
    """The attester is in nothing that was looked at."""
    RIGHT = "right"
    UNRULED = "no-rule"
    """One is configured, and no rule says which it should be: it was not staked through a provider."""
    IDLE = "idle"
    """It earns nothing: nobody has staked on it, it leaves or has left, or its deposit will be refunded."""


PROBLEMS = (CoinbaseVerdict.MISSING, CoinbaseVerdict.WRONG, CoinbaseVerdict.UNKNOWN)
"""Verdicts that somebody has to do something about."""


@attrs.frozen(kw_only=True)
class CoinbaseFinding:
    """One attester, and where its rewards go."""

    verdict: CoinbaseVerdict
    attester: str
    lifecycle: Lifecycle
    provider_id: int | None
    """None when no provider has it."""
    activates_in_seconds: int | None = unit("s")
    """Until its activation at the earliest; 0 when it is in the set, None when that is not known."""
    activation_at: int | None = unit("s")
    """When that is; None when it is in the set, and as above."""
    configured: str | None
    """Where its rewards go now; None when nothing is configured, or nothing is known of it."""
    expected: str | None
    """Where they should go; None when no rule tells."""
    reason: str
    """Which rule tells it, or why none does."""


def configured_coinbases(checked: CheckedSet) -> dict[str, str | None]:
    """What keystores configure for each attester; None where they name nobody, and the attester is its own coinbase.

    Raises:
        CheckFailed: something else than a coinbase is wrong with them, so that what they say cannot be relied on.
        InputError: an attester whose address is not known.
    """
    refuse([finding for finding in checked.findings if finding.fault not in _OTHER_MATTERS])
    attesters = checked.public.attesters
    unknown = [f"{each.file} {each.path}" for each in attesters if each.attester is None]
    if unknown:
        raise InputError(
            "the address of an attester is not known",
            hint="its encrypted file does not tell it; give the password, so that it can be opened",
            places=", ".join(unknown),
        )
    return {
        each.attester: None if each.coinbase_from is CoinbaseFrom.ATTESTER else each.coinbase
        for each in attesters
        if each.attester is not None
    }


def read_coinbases(text: str) -> dict[str, str | None]:
    """What is configured for each attester, from a JSON object of addresses; null for none.

    Raises:
        InputError: anything else, or an attester that stands twice.
    """
    try:
        root = parse_text(text)
    except BrokenText as broken:
        raise InputError(
            "the coinbases are not JSON", hint=_FORM, reason=broken.reason, line=broken.line
        ) from None
    if root.kind is not Kind.OBJECT:
        raise InputError("the coinbases are not an object", hint=_FORM)
    found: dict[str, str | None] = {}
    for name, node in root.members:
        attester, value = _address("attester", name), node.plain()
        if attester in found:
            raise InputError("an attester stands twice among the coinbases", attester=attester)
        found[attester] = None if value is None else _address("coinbase", value)
    return found


def _address(name: str, value: object) -> str:
    # A private key in the wrong place must not be quoted back: only what has the length of an address is.
    if not isinstance(value, str) or len(value) != 42:
        raise InputError("an address is 0x and 40 hex digits", hint=_FORM, where=name)
    return parse_address(value)


def parse_policy(text: str) -> CoinbasePolicy:
    """A policy by its word.

    Raises:
        InputError: no such word.
    """
    try:
        return CoinbasePolicy(text)
    except ValueError:
        raise InputError(
            "there is no such policy", policy=text, policies=", ".join(each.value for each in CoinbasePolicy)
        ) from None


def check_question(
    configured: Mapping[str, str | None],
    policy: CoinbasePolicy,
    *,
    wallet: str | None = None,
    overrides: Mapping[str, str] | None = None,
    provider_id: int | None = None,
) -> None:
    """Refuse a question about nobody, and rules that contradict themselves, before a chain is asked.

    The policy split needs the provider: anybody can stake on an attester through a provider of their own, and the split
    of such a stake is not where its rewards should go.

    Raises:
        InputError: as ``check_coinbases``.
    """
    if provider_id is None and policy is CoinbasePolicy.SPLIT:
        raise InputError(
            "the policy split needs the provider whose delegations count",
            hint="anybody can stake on an attester through a provider of their own; aztec-butler provider-id ADMIN",
        )
    if not configured and provider_id is None:
        raise InputError(
            "there is no attester to look at", hint="name keystores with attesters, or a provider"
        )
    everybody = {**configured, **dict.fromkeys(parse_address(each) for each in overrides or {})}
    wanted_coinbases(everybody, policy, wallet=wallet, overrides=overrides)


def check_coinbases(
    state: StakingState,
    configured: Mapping[str, str | None],
    policy: CoinbasePolicy = CoinbasePolicy.SPLIT,
    *,
    wallet: str | None = None,
    overrides: Mapping[str, str] | None = None,
    provider_id: int | None = None,
) -> tuple[CoinbaseFinding, ...]:
    """Where the rewards of attesters go, and whether they should.

    Args:
        state: everything at one block.
        configured: coinbases by attester; None for an attester without one.
        policy: the rule; ``SPLIT`` is the split of the stake that counts for the attester, if it was made through the
            provider.
        wallet: the address, for ``WALLET``.
        overrides: addresses by attester, which win over any rule.
        provider_id: whose delegations count, needed for ``SPLIT``; every attester of this provider that earns rewards
            or will is looked at, configured or not.

    Returns:
        One finding for each attester, problems first: missing ones, those that are active or will be soonest before
        the others; then wrong ones, unknown ones, and the rest.

    Raises:
        InputError: nobody to look at, rules that contradict themselves, or what is no address.
        NotFoundError: there is no provider with this id.
    """
    check_question(configured, policy, wallet=wallet, overrides=overrides, provider_id=provider_id)
    if provider_id is not None and not 1 <= provider_id <= len(state.providers):
        raise NotFoundError(
            "there is no provider with this id", provider_id=provider_id, block=state.block.number
        )
    given = {
        parse_address(attester): None if coinbase is None else parse_address(coinbase)
        for attester, coinbase in configured.items()
    }
    waiting = {entry.attester: entry for entry in state.entry_queue() if entry.fails_because is None}
    ours = [
        attester
        for attester, row in state.by_attester.items()
        if provider_id is not None
        and row.provider_id == provider_id
        and _earns(row.lifecycle, attester, waiting)
    ]
    attesters = list(dict.fromkeys((*given, *ours)))
    wanted = wanted_coinbases(
        attesters,
        policy,
        splits=standing_splits(state, attesters, provider_id=provider_id),
        wallet=wallet,
        overrides=overrides,
    )
    findings = [
        _finding(state, attester, given, wanted.get(attester), waiting.get(attester))
        for attester in attesters
    ]
    return tuple(sorted(findings, key=_urgency))


def standing_splits(
    state: StakingState, attesters: Iterable[str], *, provider_id: int | None = None
) -> dict[str, str]:
    """The split of the stake that counts for each attester: of one that will be refunded nobody earns anything.

    Anybody can stake on somebody else's attester through a provider of their own, as a deposit that will be refunded or,
    on one that nobody staked on yet, even for good. So a split is to be written anywhere only for a provider one knows.

    Args:
        state: everything at one block.
        attesters: checksummed.
        provider_id: count only stakes through this provider; None for any.
    """
    splits = {}
    for attester in attesters:
        stake = state.whereabouts.stakes.get(attester)
        delegated = None if stake is None else stake.delegated
        if delegated is not None and provider_id in (None, delegated.provider_id):
            splits[attester] = delegated.split
    return splits


def _earns(lifecycle: Lifecycle, attester: str, waiting: Mapping[str, QueueEntry]) -> bool:
    """Whether an attester earns rewards or will: in the set, or waiting with a deposit that will not fail."""
    return lifecycle is Lifecycle.VALIDATING or (lifecycle is Lifecycle.ENTRY_QUEUED and attester in waiting)


def _finding(
    state: StakingState,
    attester: str,
    given: Mapping[str, str | None],
    wanted: WantedCoinbase | None,
    entry: QueueEntry | None,
) -> CoinbaseFinding:
    row = state.by_attester.get(attester)
    lifecycle = Lifecycle.NEVER_REGISTERED if row is None else row.lifecycle
    earns = _earns(lifecycle, attester, {} if entry is None else {attester: entry})
    configured = given.get(attester)
    verdict = _verdict(attester, lifecycle, given, wanted, earns=earns)
    activation_at = entry.activation_at if entry is not None and lifecycle is Lifecycle.ENTRY_QUEUED else None
    is_active = lifecycle is Lifecycle.VALIDATING
    return CoinbaseFinding(
        verdict=verdict,
        attester=attester,
        lifecycle=lifecycle,
        provider_id=None if row is None else row.provider_id,
        activates_in_seconds=(
            0
            if is_active
            else None
            if activation_at is None
            else max(0, activation_at - state.block.timestamp)
        ),
        activation_at=activation_at,
        configured=configured,
        expected=None if wanted is None else wanted.coinbase,
        reason=_reason(lifecycle, None if row is None else row.provider_id, wanted, verdict),
    )


def _reason(
    lifecycle: Lifecycle, provider_id: int | None, wanted: WantedCoinbase | None, verdict: CoinbaseVerdict
) -> str:
    """Why an attester's coinbase should be what it should be, or why nothing can be said of it."""
    if verdict is CoinbaseVerdict.IDLE:
        if lifecycle is Lifecycle.ENTRY_QUEUED:
            return "its deposit will be refunded"
        return "it leaves or has left" if lifecycle in _GONE else "nobody has staked on it"
    if wanted is not None:
        return wanted.reason
    return "no rule: staked directly" if provider_id is None else f"no rule for provider {provider_id}"


def _verdict(
    attester: str,
    lifecycle: Lifecycle,
    given: Mapping[str, str | None],
    wanted: WantedCoinbase | None,
    *,
    earns: bool,
) -> CoinbaseVerdict:
    if lifecycle in _GONE or (lifecycle is Lifecycle.ENTRY_QUEUED and not earns):
        return CoinbaseVerdict.IDLE
    if wanted is None and not earns:
        return CoinbaseVerdict.IDLE  # nobody has staked on it, so there is no split yet
    if attester not in given:
        return CoinbaseVerdict.UNKNOWN
    configured = given[attester]
    if configured == ZERO_ADDRESS:
        return CoinbaseVerdict.WRONG
    if wanted is not None and (configured or attester) == wanted.coinbase:
        return CoinbaseVerdict.RIGHT
    if configured in (None, attester):
        return CoinbaseVerdict.MISSING
    return CoinbaseVerdict.UNRULED if wanted is None else CoinbaseVerdict.WRONG


def _urgency(finding: CoinbaseFinding) -> tuple[int, bool, int]:
    rank = list(CoinbaseVerdict).index(finding.verdict)
    seconds = finding.activates_in_seconds
    return rank, seconds is None, seconds or 0
