"""Whether the watcher's settings go together: each may be well by itself, and the whole mean nothing. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from aztec_butler.core.intent_parameters import CoinbaseSource
from aztec_butler.core.intents import ActionKind, Mode
from aztec_butler.core.settings import Settings
from aztec_butler.core.units import render_duration, render_exact

_PROVIDER: Final = ("provider_admin", "provider_take_rate", "provider_rewards_recipient")
_BY_SAFE: Final = (ActionKind.CREATE_PROVIDER, ActionKind.ADD_KEYS, ActionKind.TOP_UP)


def contradictions(values: Mapping[str, Any], connection: Settings | None) -> Iterator[tuple[str, str]]:
    """What does not go together: the name of a setting, and why it is wrong as things are.

    Args:
        values: of the watcher's settings, by name.
        connection: the network's; None where those are wrong themselves.
    """
    given = {name for name, value in values.items() if value is not None}
    yield from _amounts(values)
    yield from _companions(values, given)
    yield from _modes(values, given, connection)


def _amounts(values: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    critical, low, target = (values[f"publisher_{name}"] for name in ("critical", "low", "target"))
    if critical > low:
        yield (
            "publisher_critical",
            f"{render_exact(critical)} ETH is more than publisher_low, {render_exact(low)} ETH",
        )
    if target <= low:
        yield (
            "publisher_target",
            f"{render_exact(target)} ETH is not more than publisher_low, {render_exact(low)} ETH",
        )
    if values["keys_target"] < values["keys_low"]:
        yield "keys_target", f"{values['keys_target']} is less than keys_low, {values['keys_low']}"
    if values["approval_expires"] < 60:
        yield (
            "approval_expires",
            f"nobody approves within {render_duration(values['approval_expires'])}; at least 1m",
        )


def _companions(values: Mapping[str, Any], given: set[str]) -> Iterator[tuple[str, str]]:
    named = [name for name in _PROVIDER if name in given]
    if named and len(named) < len(_PROVIDER):
        missing = [name for name in _PROVIDER if name not in given]
        yield missing[0], f"not set, and {named[0]} is; a provider needs {', '.join(_PROVIDER)}"
    if "certificate_key" in given and "certificate" not in given:
        yield "certificate_key", "a key, but certificate is not set"
    for name in ("safe_service", "safe_api_key", "safe_proposer_key"):
        if name in given and "safe" not in given:
            yield name, "this is for a Safe, but safe is not set"
    if "safe_api_key" in given and "safe_service" not in given:
        yield "safe_api_key", "a key of the service, but safe_service is not set"
    if ("safe_proposer_key" in given) != ("safe_service" in given):
        other, name = sorted(("safe_proposer_key", "safe_service"), key=lambda each: each in given)
        yield name, f"proposing needs both: {other} is not set"
    if "registration_file" in given and not values["provider_ids"] and "provider_admin" not in given:
        yield "registration_file", "keys for which provider? provider_ids is not set"
    if "registration_file" in given and len(values["provider_ids"]) > 1:
        yield "registration_file", "keys for which of the providers? one process adds keys to one"
    rule = values["coinbase"]
    if rule.source is CoinbaseSource.MAP and not values["coinbases"]:
        yield "coinbase", "map, but coinbases is empty"


def _modes(
    values: Mapping[str, Any], given: set[str], connection: Settings | None
) -> Iterator[tuple[str, str]]:
    # What is only said needs nothing; what is done needs the means.
    done = [kind for kind, mode in values["mode"].items() if mode is not Mode.DRY_RUN]
    missing: dict[ActionKind, list[str]] = {kind: [] for kind in ActionKind}
    if not values["keystores"]:
        missing[ActionKind.UPDATE_COINBASE].append("keystores")
    if connection is not None and connection.l2_admin is None and not values["reload_by_hand"]:
        missing[ActionKind.UPDATE_COINBASE].append("l2_admin, which reloads the node's keystore")
    for kind in _BY_SAFE:
        if "safe" not in given:
            missing[kind].append("safe")
    missing[ActionKind.CREATE_PROVIDER] += [name for name in _PROVIDER if name not in given]
    if "registration_file" not in given:
        missing[ActionKind.ADD_KEYS].append("registration_file")
    if not values["publishers"] and not values["keystores"]:
        missing[ActionKind.TOP_UP].append("publishers or keystores")
    for kind in done:
        if missing[kind]:
            yield f"mode {kind}", f"{values['mode'][kind]}, but not set: {', '.join(missing[kind])}"
