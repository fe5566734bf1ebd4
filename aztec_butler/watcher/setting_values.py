"""Raw values of the watcher's settings, as text or as TOML gives them, to what they mean.

As in ``core.setting_values``: text lists what a TOML list has with commas between, and pairs with an equals sign.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Final

import attrs

from aztec_butler.core.errors import InputError
from aztec_butler.core.hexes import ZERO_ADDRESS
from aztec_butler.core.intent_parameters import CoinbaseSource
from aztec_butler.core.intents import ActionKind, Mode, Severity
from aztec_butler.core.setting_values import alternatives, read_count, read_text
from aztec_butler.core.units import BPS, parse_duration, parse_tokens
from aztec_butler.serving.setting_values import each_once, pairs_of, read_address

FIRST_MODES: Final[Mapping[ActionKind, Mode]] = {
    kind: Mode.DRY_RUN if kind.is_irreversible else Mode.AUTO for kind in ActionKind
}
"""Before somebody decides otherwise: notices are sent, and everything else is only said."""
_PERCENT: Final = re.compile(r"(\d{1,3})(?:\.(\d{1,2}))?\s*%", re.ASCII)
_TARGET: Final = re.compile(r"[a-z][a-z0-9+.-]*://\S+", re.IGNORECASE)


@attrs.frozen(kw_only=True)
class CoinbaseRule:
    """Where the rewards of our attesters go that have no address of their own in the settings.

    Args:
        source: the split of each delegation, one address for all, or nowhere but where the settings say.
        address: the one for all; None for the other two.
    """

    source: CoinbaseSource
    address: str | None = None


def read_modes(raw: object) -> dict[ActionKind, Mode]:
    """How much is done without asking, by kind of action; a word alone is for every kind but notices.

    >>> read_modes("update-coinbase=auto")[ActionKind.UPDATE_COINBASE]
    <Mode.AUTO: 'auto'>
    >>> read_modes("approve")[ActionKind.TOP_UP], read_modes("approve")[ActionKind.NOTIFY]
    (<Mode.APPROVE: 'approve'>, <Mode.AUTO: 'auto'>)
    """
    if isinstance(raw, str) and "=" not in raw:
        mode = _read_mode(raw)
        return {kind: mode if kind.is_irreversible else first for kind, first in FIRST_MODES.items()}
    return {**FIRST_MODES, **dict(pairs_of(raw, _read_kind, _read_mode))}


def _read_kind(raw: object) -> ActionKind:
    name = read_text(raw).lower().replace("_", "-")
    if name not in set(ActionKind):
        raise InputError("no such kind of action", hint=alternatives(name, ActionKind))
    return ActionKind(name)


def _read_mode(raw: object) -> Mode:
    name = read_text(raw).lower().replace("_", "-")
    if name not in set(Mode):
        raise InputError("no such mode", hint=alternatives(name, Mode))
    return Mode(name)


def read_coinbase_rule(raw: object) -> CoinbaseRule:
    """``split``, ``map``, or one address for all.

    >>> read_coinbase_rule("split").source
    <CoinbaseSource.SPLIT: 'split'>
    """
    text = read_text(raw)
    if text.lower() in (CoinbaseSource.SPLIT, CoinbaseSource.MAP):
        return CoinbaseRule(source=CoinbaseSource(text.lower()))
    if not text.startswith(("0x", "0X")):
        raise InputError("expected split, map, or an address")
    return CoinbaseRule(source=CoinbaseSource.FIXED, address=_read_somebody(text))


def read_coinbases(raw: object) -> dict[str, str]:
    """Coinbases by attester, checksummed; nobody's rewards go to the zero address."""
    return dict(pairs_of(raw, read_address, _read_somebody))


def _read_somebody(raw: object) -> str:
    address = read_address(raw)
    if address == ZERO_ADDRESS:
        raise InputError("the zero address is nobody's, and what goes there is lost")
    return address


def read_safe(raw: object) -> str:
    """The address of a Safe, checksummed."""
    return _read_somebody(raw)


def read_seconds(raw: object) -> int:
    """A duration: text such as ``12h``, or a number of seconds.

    >>> read_seconds("1d"), read_seconds(90)
    (86400, 90)
    """
    return read_count(raw) if isinstance(raw, int) else parse_duration(read_text(raw))


def read_several_seconds(raw: object) -> tuple[int, ...]:
    """Durations, each once, the longest first."""
    parts = raw.split(",") if isinstance(raw, str) else raw
    single = [parts] if isinstance(parts, int) else parts
    return tuple(sorted(each_once(single, read_seconds), reverse=True))


def read_ether(raw: object) -> int:
    """Ether as people write it, in wei; a number of a settings file counts with the digits that it is written with.

    >>> read_ether("0.5 ETH") == read_ether(0.5) == 5 * 10**17
    True
    """
    if isinstance(raw, bool):
        raise InputError("expected an amount of ether")
    if isinstance(raw, int | float):
        text = format(Decimal(repr(raw)), "f")  # repr has the digits that were written
    else:
        text = read_text(raw).lower().removesuffix("eth").rstrip()
    return parse_tokens(text)


def read_take_rate(raw: object) -> int:
    """A take rate in basis points: a whole number of them, or a percentage.

    >>> read_take_rate("2.5%"), read_take_rate(500)
    (250, 500)
    """
    match = _PERCENT.fullmatch(raw.strip()) if isinstance(raw, str) else None
    rate = read_count(raw) if match is None else int(match[1]) * 100 + int((match[2] or "").ljust(2, "0"))
    if rate > BPS:
        raise InputError("a take rate is at most 100%, which is 10000 basis points")
    return rate


def read_severity(raw: object) -> Severity:
    """From which on notices go to people."""
    name = read_text(raw).lower()
    if name not in set(Severity):
        raise InputError("no such severity", hint=alternatives(name, Severity))
    return Severity(name)


def read_targets(raw: object) -> tuple[str, ...]:
    """Where notices go: one URL of apprise a line; lines that begin with # are remarks."""
    lines = [line.strip() for line in read_text(raw).splitlines()]
    targets = tuple(dict.fromkeys(line for line in lines if line and not line.startswith("#")))
    if not targets or not all(_TARGET.fullmatch(target) for target in targets):
        raise InputError("expected lines such as slack://..., one target each")
    return targets


def read_secret_text(raw: object) -> str:
    """A secret of one line."""
    text = read_text(raw)
    if len(text.split()) != 1:
        raise InputError("expected one word")
    return text


def read_names(raw: object) -> tuple[str, ...]:
    """Names of events and conditions, each once."""
    return each_once(raw, read_text)


def read_amount(raw: object) -> int:
    """A whole number above zero."""
    count = read_count(raw)
    if count == 0:
        raise InputError("expected a whole number above zero")
    return count
