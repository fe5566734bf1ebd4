"""What is done while something holds: the table. A new condition is a function and a line here.

Conditions are pure: what is known at a block and the settings tell what holds then. Each asks for its effect once for
every time that it begins to hold; its name, kind and target are what it is known by, so none of them may hold anything
that changes while it lasts (a balance, a block, a rollup's version).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

from aztec_butler.core.intents import ActionKind, Condition
from aztec_butler.watcher.conditions_attesters import (
    coinbase_missing,
    coinbase_wrong,
    coinbase_zero,
    keystore_unknown,
    split_owned,
)
from aztec_butler.watcher.conditions_chain import offense_seen, proposal_open, slash_decided, votes_against
from aztec_butler.watcher.conditions_providers import (
    keys_low,
    keys_out,
    prepared_short,
    provider_absent,
    provider_differs,
    provider_not_the_safes,
)
from aztec_butler.watcher.conditions_publishers import publisher_critical, publisher_low
from aztec_butler.watcher.facts import Facts
from aztec_butler.watcher.settings import WatcherSettings

Finder = Callable[[Facts, WatcherSettings], Iterable[Condition]]

CONDITIONS: Final[tuple[Finder, ...]] = (
    provider_absent,
    provider_differs,
    provider_not_the_safes,
    keys_low,
    keys_out,
    prepared_short,
    publisher_low,
    publisher_critical,
    coinbase_missing,
    coinbase_wrong,
    coinbase_zero,
    keystore_unknown,
    split_owned,
    votes_against,
    slash_decided,
    offense_seen,
    proposal_open,
)
CONDITION_NAMES: Final = (
    "provider-absent",
    "provider-differs",
    "provider-not-the-safes",
    "keys-low",
    "keys-out",
    "prepared-short",
    "prepared-unreadable",
    "publisher-low",
    "publisher-critical",
    "coinbase-missing",
    "coinbase-wrong",
    "coinbase-zero",
    "keystore-unknown",
    "split-owned",
    "votes-against",
    "slash-decided",
    "offense-seen",
    "proposal-active",
    "proposal-queued",
    "proposal-executable",
)
"""Every name there is, for those who want no notice of one."""


_RESTS_ON: Final = {
    ("keys-low", ActionKind.ADD_KEYS): "registration_file",
    ("prepared-short", ActionKind.NOTIFY): "registration_file",
    ("offense-seen", ActionKind.NOTIFY): "offenses",
}
"""What else than the chain conditions rest on: the part of the facts that may be unknown."""


def is_undecided(name: str, kind: ActionKind, facts: Facts) -> bool:
    """Whether nobody can say now if a condition holds: a file or a node on which it rests could not be read.

    Args:
        name: of the condition.
        kind: of what it asks for.
        facts: of a block.
    """
    return _RESTS_ON.get((name, kind)) in facts.troubles


def conditions_of(facts: Facts, settings: WatcherSettings) -> tuple[Condition, ...]:
    """What holds, each condition once.

    Args:
        facts: of a block.
        settings: what is ours, and when something is low.
    """
    found = {
        condition.key: condition
        for finder in CONDITIONS
        for condition in finder(facts, settings)
        if not (condition.name in settings.quiet and condition.kind is ActionKind.NOTIFY)
    }
    return tuple(found.values())
