"""Calls of the StakingRegistry around a provider's queue of keys."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from aztec_butler.core.calldata.arguments import check_provider, count_of, staking_registry_address
from aztec_butler.core.calldata.key_stores import (
    ADD_KEYS,
    KeyStore,
    as_key_store,
    encode_add_keys,
    refuse_faulty,
    refuse_known,
)
from aztec_butler.core.calls import Call, build_call, check_uint, decoded_back
from aztec_butler.core.contracts.staking_registry import STAKING_REGISTRY
from aztec_butler.core.errors import InputError
from aztec_butler.core.records import ProviderConfiguration

KEYS_PER_CALL: Final = 50
MOST_KEYS_PER_CALL: Final = 100
"""The contract has no limit, but a block has. Source: the Aztec documentation's page of provider operations."""


def add_keys(
    provider_id: int,
    keys: Iterable[object],
    *,
    chunk_size: int = KEYS_PER_CALL,
    known: Mapping[str, str] | None = None,
    verify: bool = True,
    current: ProviderConfiguration | None = None,
    staking_registry: str = "mainnet",
) -> list[Call]:
    """List keys in a provider's queue, for people to stake on, in as many calls as it takes.

    The contract checks neither keys nor duplicates: a wrong key costs whoever stakes on it a refund, and the provider
    the keys in front of it.

    Args:
        provider_id: of the provider.
        keys: in the order of the queue, in any form that ``as_key_store`` takes.
        chunk_size: keys in a call, 100 at most.
        known: attesters that are in use already, or whose BLS key is, with the place where; a key among them is
            refused. Networks fill it in, see ``core.known_keys``.
        verify: whether to check every registration as the GSE will, which takes about 20 ms a key.
        current: the provider as it is; its id is compared.
        staking_registry: the contract, or the name of a network whose StakingRegistry is known.

    Returns:
        The calls in order; each lists ``chunk_size`` keys, the last one the rest.

    Raises:
        InputError: no keys, more than 100 in a call, one that is wrong, an attester or a BLS key twice, or one that is in
            use already.

    Source: StakingRegistry.sol ``addKeysToProvider``.
    """
    identifier = check_provider(provider_id, current)
    check_uint("chunk_size", chunk_size, at_least=1)
    if chunk_size > MOST_KEYS_PER_CALL:
        raise InputError(
            "too many keys for one call: it may not fit into a block",
            hint=f"at most {MOST_KEYS_PER_CALL} keys a call",
            chunk_size=chunk_size,
        )
    key_stores = [as_key_store(key) for key in keys]
    if not key_stores:
        raise InputError("there are no keys to add", provider_id=identifier)
    _refuse_duplicates(key_stores)
    refuse_known(key_stores, known or {})
    if verify:
        refuse_faulty(key_stores)
    to = staking_registry_address(staking_registry)
    chunks = list(_chunks(key_stores, chunk_size))
    return [
        _add_chunk(
            to, identifier, chunk, place=_place(number, chunk, len(chunks), chunk_size, len(key_stores))
        )
        for number, chunk in enumerate(chunks)
    ]


def drip_queue(
    provider_id: int,
    count: int,
    *,
    current: ProviderConfiguration | None = None,
    staking_registry: str = "mainnet",
) -> Call:
    """Take keys off the head of a provider's queue, good ones included, to get rid of a bad one.

    Args:
        provider_id: of the provider.
        count: keys to take off; to reach the key at position k, counted from 0, that is k + 1.
        current: the provider as it is, to refuse more keys than it has.
        staking_registry: the contract, or the name of a network whose StakingRegistry is known.

    Raises:
        InputError: no keys, or more than are queued.

    Source: StakingRegistry.sol ``dripProviderQueue``.
    """
    identifier = check_provider(provider_id, current)
    number = check_uint("count", count, at_least=1)
    of_queued = ""
    if current is not None:
        if number > current.keys_queued:
            raise InputError(
                "the provider's queue holds fewer keys than are to be taken off",
                hint="look at the queue again: somebody may have staked meanwhile",
                provider_id=identifier,
                count=number,
                keys_queued=current.keys_queued,
            )
        of_queued = f" of {current.keys_queued}"
    return build_call(
        staking_registry_address(staking_registry),
        STAKING_REGISTRY.function("dripProviderQueue"),
        identifier,
        number,
        summary=f"Take the first {count_of(number, 'key')}{of_queued} off the queue of provider {identifier}",
    )


# --------------------------------------------------------------------------- the list of keys


def _refuse_duplicates(key_stores: Sequence[KeyStore]) -> None:
    attesters: dict[str, int] = {}
    keys: dict[tuple[int, int], int] = {}
    for position, (attester, public_key, *_) in enumerate(key_stores):
        first = attesters.setdefault(attester, position)
        if first != position:
            raise InputError(
                "an attester is listed twice", attester=attester, positions=f"{first}, {position}"
            )
        first = keys.setdefault(public_key, position)
        if first != position:
            raise InputError(
                "two attesters have the same BLS key; only one of them could ever be activated",
                attesters=f"{key_stores[first][0]}, {attester}",
                positions=f"{first}, {position}",
            )


def _chunks(key_stores: Sequence[KeyStore], size: int) -> Iterator[Sequence[KeyStore]]:
    for start in range(0, len(key_stores), size):
        yield key_stores[start : start + size]


def _place(number: int, chunk: Sequence[KeyStore], chunks: int, size: int, total: int) -> str:
    """Which of all the keys a chunk holds, counted from 1."""
    first = number * size + 1
    return "" if chunks == 1 else f", {first:,} to {first + len(chunk) - 1:,} of {total:,}"


def _add_chunk(to: str, provider_id: int, chunk: Sequence[KeyStore], *, place: str) -> Call:
    data = encode_add_keys(provider_id, chunk)
    decoded_back(ADD_KEYS, data, (provider_id, tuple(chunk)))
    return Call(
        to=to,
        data=data,
        summary=f"Add {count_of(len(chunk), 'key')} to the queue of provider {provider_id}{place}",
    )
