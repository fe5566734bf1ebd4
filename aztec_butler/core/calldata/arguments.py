"""Arguments that several builders share, checked before anything is encoded."""

from __future__ import annotations

from typing import Any

from aztec_butler.core.calls import check_address, check_uint
from aztec_butler.core.errors import InputError
from aztec_butler.core.networks import PRESETS, preset
from aztec_butler.core.records import ProviderConfiguration
from aztec_butler.core.units import BPS


def staking_registry_address(text: str) -> str:
    """The StakingRegistry by its address, or by the name of a network.

    Raises:
        InputError: neither an address nor a name.
        SettingsError: an unknown network.
    """
    if not text.startswith(("0x", "0X")):
        network = preset(text)
        if network.staking_registry is None:
            known = [name for name, each in PRESETS.items() if each.staking_registry]
            raise InputError(
                "this network's StakingRegistry is not known", network=text, known=", ".join(known)
            )
        return network.staking_registry
    return check_address("staking_registry", text)


def check_take_rate(name: str, value: object) -> int:
    """A take rate that the contract accepts.

    Raises:
        InputError: no integer, or above 10,000 basis points.
    """
    rate = check_uint(name, value)
    if rate > BPS:
        shown: dict[str, Any] = {name: rate}
        raise InputError("a take rate is at most 10,000 basis points", hint="25% is 2500", **shown)
    return rate


def check_bool(name: str, value: object) -> bool:
    """A choice that somebody made.

    Raises:
        InputError: neither True nor False.
    """
    if not isinstance(value, bool):
        raise InputError("True or False is needed", argument=name, value=repr(value))
    return value


def check_provider(provider_id: object, current: ProviderConfiguration | None) -> int:
    """A provider's id, and that the facts given about it are its own.

    Raises:
        InputError: no id, or the facts of another provider.
    """
    identifier = check_uint("provider_id", provider_id, at_least=1)
    if current is not None and current.provider_id != identifier:
        raise InputError(
            "the facts are of another provider", provider_id=identifier, facts_of=current.provider_id
        )
    return identifier


def count_of(number: int, noun: str) -> str:
    """A number of things in words.

    >>> count_of(1, "key"), count_of(1200, "key")
    ('1 key', '1,200 keys')
    """
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
