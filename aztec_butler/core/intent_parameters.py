"""What each kind of action needs to know: records, to and from the plain JSON that stands in an intent.

Pure. Amounts travel as decimal text, since JSON numbers lose digits. What is read back is checked as if a stranger had
written it: a journal may be older than this package.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Any, ClassVar, Final, Self

import attrs

from aztec_butler.core.errors import InputError
from aztec_butler.core.hexes import ZERO_ADDRESS, parse_address
from aztec_butler.core.intents import ActionKind, Severity
from aztec_butler.core.units import BPS

_DECIMAL: Final = re.compile(r"[0-9]{1,78}")
_ID: Final = re.compile(r"[0-9a-f]{32}")


class CoinbaseSource(StrEnum):
    """Who says where an attester's rewards shall go."""

    SPLIT = "split"
    """The split of the delegation."""
    FIXED = "fixed"
    """One address for all, in the settings."""
    MAP = "map"
    """An address for this attester, in the settings."""


def _somebody(value: object) -> str:
    address = parse_address(value)
    if address == ZERO_ADDRESS:
        raise InputError("the zero address is nobody's", value=address)
    return address


def _addresses(values: object) -> tuple[str, ...]:
    if not isinstance(values, list | tuple):
        raise InputError("expected a list of addresses", got=type(values).__name__)
    found = tuple(_somebody(value) for value in values)
    if not found or len(set(found)) != len(found):
        raise InputError("expected at least one address, and each once", addresses=", ".join(found))
    return found


def _amount(value: object) -> int:
    if isinstance(value, str) and _DECIMAL.fullmatch(value):
        return int(value)
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return value
    raise InputError("expected an amount in wei, as decimal text", got=type(value).__name__)


def _count(value: object) -> int:
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return value
    raise InputError("expected a whole number, zero or more", got=type(value).__name__)


def _take_rate(value: object) -> int:
    rate = _count(value)
    if rate > BPS:
        raise InputError("a take rate is at most 10,000 basis points", take_rate_bps=rate)
    return rate


def _text(value: object) -> str:
    if isinstance(value, str) and value.strip():
        return value
    raise InputError("expected text", got=type(value).__name__)


def _facts(value: object) -> Mapping[str, str]:
    if isinstance(value, Mapping) and all(
        isinstance(name, str) and isinstance(fact, str) for name, fact in value.items()
    ):
        return dict(value)
    raise InputError("expected texts by name", got=type(value).__name__)


def _source(value: object) -> CoinbaseSource:
    return CoinbaseSource(str(value))


def _severity(value: object) -> Severity:
    return Severity(str(value))


def _some_id(value: object) -> str | None:
    if value is None or (isinstance(value, str) and _ID.fullmatch(value)):
        return value
    raise InputError("expected the id of an intent: 32 hexadecimal digits", got=type(value).__name__)


@attrs.frozen(kw_only=True)
class _Parameters:
    """What the records have in common."""

    kind: ClassVar[ActionKind]

    def to_json(self) -> dict[str, object]:
        """As they stand in an intent: plain JSON, amounts as decimal text.

        >>> UpdateCoinbase(attester="0x" + "11" * 20, coinbase="0x" + "22" * 20, source="map").to_json()["source"]
        'map'
        """
        return {each.name: _plain(each, getattr(self, each.name)) for each in attrs.fields(type(self))}

    @classmethod
    def from_json(cls, values: Mapping[str, object]) -> Self:
        """Out of an intent's parameters.

        Args:
            values: as ``to_json`` makes them; every field and no other.

        Raises:
            InputError: a field is missing, unknown or not what it should be; it is named.
        """
        names = [each.name for each in attrs.fields(cls)]
        odd = sorted(set(names) ^ set(values))
        if odd:
            raise InputError(
                "the parameters of an action are not those of its kind",
                hint="the journal was written by another version of this package",
                kind=cls.kind.value,
                fields=", ".join(odd),
            )
        return cls(**values)


def _plain(field: attrs.Attribute[Any], value: Any) -> object:
    if type(value) is str:
        return value
    if str(field.metadata.get("unit", "")).endswith(("wei", "ether")):
        return str(value)
    if isinstance(value, StrEnum):
        return value.value
    if isinstance(value, tuple):
        return list(value)
    return dict(value) if isinstance(value, Mapping) else value


def _field(name: str, convert: Callable[[object], Any], **options: Any) -> Any:
    """A field whose error says which one it is."""

    def checked(value: object) -> Any:
        try:
            return convert(value)
        except InputError as error:
            raise InputError(error.sentence, hint=error.hint, **{**error.facts, "field": name}) from None
        except ValueError:
            raise InputError("no such word", field=name, got=str(value)[:40]) from None

    return attrs.field(converter=checked, **options)


@attrs.frozen(kw_only=True)
class UpdateCoinbase(_Parameters):
    """Send an attester's rewards somewhere, in the node's keystore.

    Args:
        attester: whose.
        coinbase: where to; never the zero address.
        source: who says so.
    """

    kind: ClassVar[ActionKind] = ActionKind.UPDATE_COINBASE

    attester: str = _field("attester", _somebody)
    coinbase: str = _field("coinbase", _somebody)
    source: CoinbaseSource = _field("source", _source)  # noqa: RUF009 - a new field each time


@attrs.frozen(kw_only=True)
class CreateProvider(_Parameters):
    """Register a provider in the StakingRegistry.

    Args:
        admin: who rules it.
        take_rate_bps: what it keeps of rewards.
        rewards_recipient: where that goes.
    """

    kind: ClassVar[ActionKind] = ActionKind.CREATE_PROVIDER

    admin: str = _field("admin", _somebody)
    take_rate_bps: int = _field("take_rate_bps", _take_rate, metadata={"unit": "bps"})
    rewards_recipient: str = _field("rewards_recipient", _somebody)


@attrs.frozen(kw_only=True)
class AddKeys(_Parameters):
    """List keys in a provider's queue.

    Which keys is settled when the intent is made, so that carrying it out twice cannot list other ones as well.

    Args:
        provider_id: whose queue.
        registration_file: path of the prepared file that has their registrations.
        attesters: of the keys to list, in the order in which they are to be listed.
    """

    kind: ClassVar[ActionKind] = ActionKind.ADD_KEYS

    provider_id: int = _field("provider_id", _count)
    registration_file: str = _field("registration_file", _text)
    attesters: tuple[str, ...] = _field("attesters", _addresses)

    @property
    def count(self) -> int:
        """How many keys."""
        return len(self.attesters)


@attrs.frozen(kw_only=True)
class TopUp(_Parameters):
    """Pay ether to a publisher.

    Args:
        publisher: to whom.
        amount_wei: how much, in ether's smallest unit.
        balance_wei: what it had when the intent was made.
        low_wei: below this balance it needs it; once it has as much or more, nothing is to be done.
        from_safe: who pays.
    """

    kind: ClassVar[ActionKind] = ActionKind.TOP_UP

    publisher: str = _field("publisher", _somebody)
    amount_wei: int = _field("amount_wei", _amount, metadata={"unit": "ether"})
    balance_wei: int = _field("balance_wei", _amount, metadata={"unit": "ether"})
    low_wei: int = _field("low_wei", _amount, metadata={"unit": "ether"})
    from_safe: str = _field("from_safe", _somebody)


@attrs.frozen(kw_only=True)
class Notice(_Parameters):
    """Tell people something.

    Args:
        severity: how soon it should be read.
        title: a few words.
        text: sentences with units, and addresses whole.
        fields: facts by name, for those who sort notices by machine; all text, amounts as decimal wei.
        retracts: the id of the notice that this one takes back; None for none.
    """

    kind: ClassVar[ActionKind] = ActionKind.NOTIFY

    severity: Severity = _field("severity", _severity)  # noqa: RUF009 - a new field each time
    title: str = _field("title", _text)
    text: str = _field("text", _text)
    fields: Mapping[str, str] = _field("fields", _facts, factory=dict, hash=False)
    retracts: str | None = _field("retracts", _some_id, default=None)


Parameters = UpdateCoinbase | CreateProvider | AddKeys | TopUp | Notice

_RECORDS: Final[Mapping[ActionKind, type[Parameters]]] = {
    record.kind: record for record in (UpdateCoinbase, CreateProvider, AddKeys, TopUp, Notice)
}


def read_parameters(kind: ActionKind, values: Mapping[str, object]) -> Parameters:
    """The parameters of an intent.

    Args:
        kind: of the intent.
        values: its ``parameters``.

    Raises:
        InputError: as ``from_json``.
    """
    return _RECORDS[kind].from_json(values)
