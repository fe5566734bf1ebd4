"""Conditions of our attesters: where their rewards go, against where they should go."""

from __future__ import annotations

from collections.abc import Iterator

from aztec_butler.core.hexes import ZERO_ADDRESS
from aztec_butler.core.intents import Condition, Severity
from aztec_butler.core.lifecycle import Lifecycle
from aztec_butler.core.units import render_duration
from aztec_butler.watcher.coinbase_rule import Wanted, wanted_coinbase
from aztec_butler.watcher.conditions_words import tells
from aztec_butler.watcher.facts import Facts, OwnAttester
from aztec_butler.watcher.notices import moment, who
from aztec_butler.watcher.settings import WatcherSettings


def coinbase_missing(facts: Facts, settings: WatcherSettings) -> Iterator[Condition]:
    """An attester earns, or soon will, and no coinbase is set: its rewards go to its own address for good.

    Told anew at each of the times before its activation that the settings name, and once more when it is active.
    """
    if facts.coinbases is None:
        return
    for own in facts.attesters.values():
        if not own.earns or facts.coinbases.get(own.attester, "") is not None:
            continue  # set, or not in our keystores
        word = _how_soon(own, facts, settings)
        if word is None:
            continue
        wanted = wanted_coinbase(own, settings)
        should = f" It should be {wanted.coinbase}, {wanted.reason}." if isinstance(wanted, Wanted) else ""
        yield tells(
            "coinbase-missing",
            f"attester:{own.attester}#{word}",
            "Coinbase missing",
            f"{_capital(who(own.attester, facts))} has no coinbase in its keystore, so that its rewards go to its own"
            f" address. {_earns_from(own)}{should}",
            Severity.CRITICAL if word == "active" else Severity.WARNING,
            attester=own.attester,
            activation_at=own.activation_at,
            expected=wanted.coinbase if isinstance(wanted, Wanted) else None,
        )


def keystore_unknown(facts: Facts, settings: WatcherSettings) -> Iterator[Condition]:  # noqa: ARG001 - as all of them
    """An attester earns, or will, and is in none of the keystores that we were told of."""
    if facts.coinbases is None:
        return
    for own in facts.attesters.values():
        if own.earns and own.attester not in facts.coinbases:
            yield tells(
                "keystore-unknown",
                f"attester:{own.attester}",
                "Attester without a keystore",
                f"{_capital(who(own.attester, facts))} is in none of our keystores, so that its coinbase cannot be set nor"
                f" checked, and perhaps no node runs it. {_earns_from(own)}",
                attester=own.attester,
                activation_at=own.activation_at,
            )


def coinbase_wrong(facts: Facts, settings: WatcherSettings) -> Iterator[Condition]:
    """An attester earns, or will, and its coinbase is another than the rule says."""
    for own in facts.attesters.values():
        configured = (facts.coinbases or {}).get(own.attester)
        if not own.earns or configured in (None, ZERO_ADDRESS):
            continue
        wanted = wanted_coinbase(own, settings)
        if isinstance(wanted, Wanted) and wanted.coinbase != configured:
            yield tells(
                "coinbase-wrong",
                f"attester:{own.attester}",
                "Coinbase drifted",
                f"The keystore sends the rewards of {who(own.attester, facts)} to {configured}; by the rule they should go"
                f" to {wanted.coinbase}, {wanted.reason}. {_earns_from(own)}",
                attester=own.attester,
                configured=configured,
                expected=wanted.coinbase,
            )


def coinbase_zero(facts: Facts, settings: WatcherSettings) -> Iterator[Condition]:  # noqa: ARG001 - as all of them
    """A keystore sends rewards to the zero address."""
    for attester, coinbase in (facts.coinbases or {}).items():
        if coinbase == ZERO_ADDRESS:
            yield tells(
                "coinbase-zero",
                f"attester:{attester}",
                "Coinbase is the zero address",
                f"The keystore sends the rewards of {who(attester, facts)} to the zero address, where they are lost.",
                Severity.CRITICAL,
                attester=attester,
            )


def split_owned(facts: Facts, settings: WatcherSettings) -> Iterator[Condition]:  # noqa: ARG001 - as all of them
    """Somebody can change the split of a delegation, or it is no split."""
    for own in facts.attesters.values():
        if own.split is None or not own.earns or own.split_owner == ZERO_ADDRESS:
            continue
        why = (
            "does not answer as a split does"
            if own.split_owner is None
            else f"has an owner, {own.split_owner}, who can change where rewards go"
        )
        yield tells(
            "split-owned",
            f"attester:{own.attester}",
            "A split that can change",
            f"The split of the delegation of {who(own.attester, facts)}, {own.split}, {why}. Splits that the StakingRegistry"
            " makes have no owner.",
            Severity.CRITICAL,
            attester=own.attester,
            split=own.split,
            owner=own.split_owner,
        )


def _how_soon(own: OwnAttester, facts: Facts, settings: WatcherSettings) -> str | None:
    """Which of the reminders it is time for; None for none yet."""
    if own.lifecycle is Lifecycle.VALIDATING:
        return "active"
    if own.activation_at is None:
        return None
    left = own.activation_at - facts.block.timestamp
    due = [seconds for seconds in settings.remind_before if left <= seconds]
    return render_duration(min(due)).replace(" ", "") if due else None


def _earns_from(own: OwnAttester) -> str:
    if own.lifecycle is Lifecycle.VALIDATING:
        return "It is in the validator set."
    if own.activation_at is None:
        return "It waits for its activation."
    return f"It can be activated from {moment(own.activation_at)} on."


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
