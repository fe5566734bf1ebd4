"""What is done when something happens to the stake of our attesters."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from aztec_butler.core.intent_parameters import UpdateCoinbase
from aztec_butler.core.intents import Intent, Severity
from aztec_butler.watcher.coinbase_rule import Refused, wanted_coinbase
from aztec_butler.watcher.facts import GONE, Facts, OwnAttester
from aztec_butler.watcher.notices import action, aztec, moment, notice, rollup_name, who
from aztec_butler.watcher.settings import WatcherSettings


def staked_with_provider(record: Any, facts: Facts, settings: WatcherSettings) -> Iterator[Intent]:
    """Somebody staked with a provider: with ours, the attester's rewards are to go where the rule says."""
    attester, target = record.attester, f"attester:{record.attester}"
    own = facts.attesters.get(attester)
    about = {"attester": attester, "provider_id": record.provider_id, "split": _split(record)}
    if record.provider_id not in facts.provider_ids:
        if own is not None:
            yield notice(
                record,
                facts,
                settings,
                target=target,
                severity=Severity.WARNING,
                title="Our attester was staked on through another provider",
                text=f"Somebody staked on {who(attester, facts)} with provider {record.provider_id}, which is not ours."
                f" The split of that stake, {_split(record)}, is not where its rewards should go.",
                **about,
            )
        return
    text = (
        f"{record.staker_implementation} staked on attester {attester} with provider {record.provider_id};"
        f" the split of this delegation is {_split(record)}."
    )
    doubt = _doubt(record, own)
    if own is None or doubt is not None:
        yield notice(
            record,
            facts,
            settings,
            target=target,
            severity=Severity.WARNING,
            title="A delegation that does not count",
            text=f"{text} It changes nothing about the attester's coinbase: {doubt}.",
            **about,
        )
        return
    wanted = wanted_coinbase(own, settings)
    if isinstance(wanted, Refused):
        yield notice(
            record,
            facts,
            settings,
            target=target,
            severity=Severity.CRITICAL,
            title="A delegation whose coinbase must not be set",
            text=f"{text} No coinbase is set for it: {wanted.reason}. Until somebody decides, its rewards go to what is in"
            " the keystore.",
            **about,
        )
        return
    rule = "No rule says where its rewards go" if wanted is None else f"Its rewards go to {wanted.coinbase}"
    yield notice(
        record,
        facts,
        settings,
        target=target,
        title="New delegation",
        text=f"{text} {rule}{'' if wanted is None else f', {wanted.reason}'}. {_when(own)}",
        coinbase=None if wanted is None else wanted.coinbase,
        **about,
    )
    if wanted is not None and settings.sets_coinbases:
        yield action(
            record,
            facts,
            UpdateCoinbase(attester=attester, coinbase=wanted.coinbase, source=wanted.source),
            target=target,
            summary=f"Send the rewards of attester {attester} to {wanted.coinbase}, {wanted.reason}.",
        )


def queued(record: Any, facts: Facts, settings: WatcherSettings) -> Iterator[Intent]:
    """A deposit for one of our attesters joined an entry queue."""
    own = facts.attesters.get(record.attester)
    if own is None:
        return
    yield notice(
        record,
        facts,
        settings,
        target=f"attester:{record.attester}",
        title="Attester in the entry queue",
        text=f"A deposit for {who(record.attester, facts)} waits in the entry queue of {_rollup(record, facts)};"
        f" {record.withdrawer} may withdraw it. {_when(own)}",
        attester=record.attester,
        withdrawer=record.withdrawer,
    )


def activated(record: Any, facts: Facts, settings: WatcherSettings) -> Iterator[Intent]:
    """One of our attesters came into the set."""
    if record.attester not in facts.attesters:
        return
    yield notice(
        record,
        facts,
        settings,
        target=f"attester:{record.attester}",
        title="Attester activated",
        text=f"{_capital(who(record.attester, facts))} is in the validator set of {_rollup(record, facts)} with"
        f" {aztec(record.amount_wei)}.",
        attester=record.attester,
        amount_wei=record.amount_wei,
    )


def refunded(record: Any, facts: Facts, settings: WatcherSettings) -> Iterator[Intent]:
    """A deposit for one of our attesters failed, and was paid back."""
    if record.attester not in facts.attesters:
        return
    yield notice(
        record,
        facts,
        settings,
        target=f"attester:{record.attester}",
        severity=Severity.WARNING,
        title="Deposit refunded",
        text=f"A deposit for {who(record.attester, facts)} on {_rollup(record, facts)} could not be activated and was paid"
        f" back to {record.withdrawer}: its attester or its key was taken, or its registration is not valid. A key that"
        " failed so should not be listed again before it is known why.",
        attester=record.attester,
        withdrawer=record.withdrawer,
    )


def leaves(record: Any, facts: Facts, settings: WatcherSettings) -> Iterator[Intent]:
    """One of our attesters is being withdrawn, or the rest of one that was put out."""
    if record.attester not in facts.attesters:
        return
    yield notice(
        record,
        facts,
        settings,
        target=f"attester:{record.attester}",
        severity=Severity.WARNING,
        title="Attester leaves",
        text=f"The stake of {who(record.attester, facts)}, {aztec(record.amount_wei)}, is on its way out of"
        f" {_rollup(record, facts)} to {record.recipient}. It stays slashable until the rollup's delay is over, and its"
        " duties go on for the epochs whose committees are drawn already: keep the node running.",
        attester=record.attester,
        recipient=record.recipient,
        amount_wei=record.amount_wei,
    )


def paid_out(record: Any, facts: Facts, settings: WatcherSettings) -> Iterator[Intent]:
    """The stake of one of our attesters was paid out."""
    if record.attester not in facts.attesters:
        return
    yield notice(
        record,
        facts,
        settings,
        target=f"attester:{record.attester}",
        title="Stake paid out",
        text=f"{aztec(record.amount_wei)} of {who(record.attester, facts)} were paid to {record.recipient}. Its address can"
        " never be staked on again; its keys may be taken out of the keystore.",
        attester=record.attester,
        recipient=record.recipient,
        amount_wei=record.amount_wei,
    )


def slashed(record: Any, facts: Facts, settings: WatcherSettings) -> Iterator[Intent]:
    """One of our attesters lost stake; some are put out of the set by it."""
    own = facts.attesters.get(record.attester)
    if own is None:
        return
    position = record.position
    is_ejection = facts.ejections.get((position.transaction_hash, position.log_index))
    text = f"{_capital(who(record.attester, facts))} lost {aztec(record.amount_wei)} to a slash on {_rollup(record, facts)}."
    if is_ejection:
        text += " That put it out of the validator set: what is left of its stake waits for its withdrawer."
    elif is_ejection is None:
        text += " Whether that put it out of the validator set is not known."
    elif own.headroom_wei is not None:
        text += f" It may lose another {aztec(own.headroom_wei)} before a slash puts it out of the set."
    yield notice(
        record,
        facts,
        settings,
        target=f"attester:{record.attester}",
        severity=Severity.CRITICAL,
        title="Attester slashed and put out of the set" if is_ejection else "Attester slashed",
        text=text,
        attester=record.attester,
        amount_wei=record.amount_wei,
        ejected=None if is_ejection is None else ("yes" if is_ejection else "no"),
    )


# --------------------------------------------------------------------------- words


def _split(record: Any) -> str:
    return str(record.coinbase_split_contract_address)


def _rollup(record: Any, facts: Facts) -> str:
    return rollup_name(record.position.address, facts)


def _doubt(record: Any, own: OwnAttester | None) -> str | None:
    """Why a stake with our provider is not the one that counts; None when it is."""
    if own is None or own.split is None:
        return "as things stand now, the chain does not have it"
    if own.split != _split(record):
        return f"the stake that counts for it has another split, {own.split}"
    if own.lifecycle in GONE:
        return "it leaves or has left since"
    return None


def _when(own: OwnAttester) -> str:
    if own.fails_because is not None:
        return f"The deposit will be refunded: {own.fails_because}."
    if own.activation_at is not None:
        return f"It can be activated from {moment(own.activation_at)} on."
    return f"It is {own.lifecycle.value} now."


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
