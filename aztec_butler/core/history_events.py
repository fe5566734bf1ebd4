"""The events that the staking history is replayed from, and the few values of each that it needs.

Records of ``core.events`` and raw logs are both understood. Of raw logs only those values are decoded, because a
history may have hundreds of thousands.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final, TypeAlias, cast

import attrs

from aztec_butler.core.abi import Event
from aztec_butler.core.abi_types import WORD, WordType
from aztec_butler.core.contracts import CONTRACTS
from aztec_butler.core.errors import DecodeError
from aztec_butler.core.events import EventRecord, decode_log
from aztec_butler.core.events_fields import Field, event_fields
from aztec_butler.core.history import Place
from aztec_butler.core.logs import RawLog
from aztec_butler.core.records import Deployment

StakingEvent: TypeAlias = RawLog | EventRecord

# role -> event -> the fields of its record that the replay needs, those in topics first
REPLAYED: Final[Mapping[str, Mapping[str, tuple[str, ...]]]] = {
    "rollup": {
        "ValidatorQueued": ("attester", "withdrawer"),
        "Deposit": ("attester", "amount_wei"),
        "FailedDeposit": ("attester",),
        "WithdrawInitiated": ("attester", "recipient", "amount_wei"),
        "WithdrawFinalized": ("attester", "recipient", "amount_wei"),
        "Slashed": ("attester", "amount_wei"),
        "LocalEjectionThresholdUpdated": (
            "old_local_ejection_threshold_wei",
            "new_local_ejection_threshold_wei",
        ),
    },
    "gse": {"Deposit": ("instance", "attester")},
    "staking_registry": {
        "ProviderRegistered": ("provider_id",),
        "AttestersAddedToProvider": ("provider_id", "attesters"),
        "ProviderQueueDripped": ("provider_id", "attester"),
        "StakedWithProvider": (
            "provider_id",
            "rollup_address",
            "attester",
            "coinbase_split_contract_address",
            "staker_implementation",
        ),
    },
}


def replayed() -> list[tuple[str, str]]:
    """Role and name of every event that the replay needs."""
    return [(role, name) for role, names in REPLAYED.items() for name in names]


Occurrence: TypeAlias = tuple[tuple[str, str], Place, list[Any]]
"""Role and name of an event, where it happened, and its values in the order of ``REPLAYED``."""


class HistoryReader:
    """Reads the events of one network.

    Args:
        deployment: the contracts that emit them.
    """

    def __init__(self, deployment: Deployment) -> None:
        self._roles = {rollup.address: "rollup" for rollup in deployment.rollups}
        self._roles |= {deployment.registry: "registry", deployment.gse: "gse"}
        if deployment.staking_registry is not None:
            self._roles[deployment.staking_registry] = "staking_registry"
        self._shapes = {
            (address, shape.event.topic0): shape
            for address, role in self._roles.items()
            for shape in _shapes_of(role)
        }

    def only(self, items: Iterable[StakingEvent], role: str, name: str) -> Iterator[StakingEvent]:
        """Those of one event of the replay, unread."""
        (topic0,) = {shape.event.topic0 for shape in self._shapes.values() if shape.key == (role, name)}
        return (item for item in items if _topic0(item) == topic0)

    def read(self, items: Iterable[StakingEvent]) -> Iterator[Occurrence]:
        """What happened, in the order given; events of these contracts that the replay does not need are left out.

        Raises:
            DecodeError: a log does not fit its event's line, or is of no contract or event of the network.
        """
        shapes = self._shapes
        for item in items:
            if isinstance(item, RawLog):
                shape = shapes.get((item.address, item.topics[0])) if item.topics else None
                if shape is None:
                    decode_log(item, self._roles)  # raises where it is of nobody, or of no event
                else:
                    yield shape.key, item, shape.values(item)
            else:
                position = item.position
                if self._roles.get(position.address) != item.role:
                    raise DecodeError(
                        "the event of a contract whose role is another here",
                        event=type(item).__name__,
                        address=position.address,
                    )
                shape = shapes.get((position.address, item.event.topic0))
                if shape is not None:
                    yield shape.key, position, [getattr(item, name) for name in shape.fields]


def _topic0(item: StakingEvent) -> bytes:
    if isinstance(item, RawLog):
        return item.topics[0] if item.topics else b""
    return item.event.topic0


@attrs.frozen
class _Shape:
    """Where the wanted values of an event lie in its logs.

    Args:
        role: of the contract.
        event: its line.
        fields: that are wanted, by their names in records.
        topics: the place and the decoder of each wanted value in the topics.
        words: likewise in the data, where they begin; in ``fields`` they follow the topics.
        data_bytes: the least size of the data; None where its layout varies.
    """

    role: str
    event: Event
    fields: tuple[str, ...]
    topics: tuple[tuple[int, Callable[[bytes], Any]], ...]
    words: tuple[tuple[int, Callable[[bytes], Any]], ...]
    data_bytes: int | None
    key: tuple[str, str]

    def values(self, log: RawLog) -> list[Any]:
        """The wanted values of a log, in the order of ``fields``."""
        topics, data = log.topics, log.data
        if (
            self.data_bytes is None
            or len(data) < self.data_bytes
            or len(topics) != len(self.event.indexed) + 1
        ):
            return self._decoded(log)
        try:
            found = [decode(topics[at]) for at, decode in self.topics]
            for at, decode in self.words:
                found.append(decode(data[at : at + WORD]))
        except DecodeError:
            return self._decoded(log)  # raises the same, and names the log
        return found

    def _decoded(self, log: RawLog) -> list[Any]:
        record = decode_log(log, self.role)
        return [getattr(record, name) for name in self.fields]


def _shapes_of(role: str) -> Iterator[_Shape]:
    for name, wanted in REPLAYED.get(role, {}).items():
        event = CONTRACTS[role].event(name)
        parts = list(zip(event_fields(event), event.inputs, strict=True))
        indexed = [field for field, parameter in parts if parameter.indexed]
        topics = [(field, at) for at, field in enumerate(indexed, start=1) if field.name in wanted]
        words, size = [], 0
        for field, parameter in parts:
            if not parameter.indexed:
                if field.name in wanted:
                    words.append((field, size))
                size += parameter.type.words * WORD
        assert [field.name for field, _ in topics + words] == list(wanted), name
        is_static = not any(parameter.type.is_dynamic for _, parameter in parts)
        yield _Shape(
            role,
            event,
            wanted,
            _decoders(topics) if is_static else (),
            _decoders(words) if is_static else (),
            size if is_static else None,
            (role, name),
        )


def _decoders(fields: list[tuple[Field, int]]) -> tuple[tuple[int, Callable[[bytes], Any]], ...]:
    return tuple((at, cast(WordType, field.type).decode_word) for field, at in fields)
