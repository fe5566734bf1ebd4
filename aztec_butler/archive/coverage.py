"""What is not on the disk yet, in as few streams as possible and nothing twice."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

import attrs

from aztec_butler.core.events_fields import record_names
from aztec_butler.core.logs import RawLog
from aztec_butler.store.events import Covered
from aztec_butler.store.events_coverage import Range, without


@attrs.frozen(kw_only=True)
class Gap:
    """Some events of some contracts in a closed range of blocks.

    Args:
        contracts: the roles by address.
        events: names of records.
        first_block: of the range.
        last_block: of the range.
    """

    contracts: Mapping[str, str]
    events: tuple[str, ...]
    first_block: int
    last_block: int

    def emitters(self, event: str) -> list[str]:
        """The contracts that emit an event."""
        return [address for address, role in self.contracts.items() if role == record_names()[event][0]]

    def holds(self, log: RawLog) -> bool:
        """Whether a log is one of these events of these contracts, by its topic."""
        return any(
            record_names()[event][1].topic0 == log.topics[0] and log.address in self.emitters(event)
            for event in self.events
        )


def gaps(whole: Gap, covered: Iterable[Covered]) -> list[Gap]:
    """What the disk lacks. What has the same holes is asked for together.

    A rollup that joined later, or an event that is asked for the first time, is read without what is there already.

    Args:
        whole: what is wanted.
        covered: what the disk holds.
    """
    held: dict[tuple[str, str], list[Range]] = defaultdict(list)
    for each in covered:
        held[each.address, each.event].append((each.first_block, each.last_block))
    asked = (whole.first_block, whole.last_block)
    by_role: dict[str, list[str]] = defaultdict(list)
    for event in whole.events:
        by_role[record_names()[event][0]].append(event)
    # holes -> role -> events -> addresses: what is stored together is all events of a role of all its addresses.
    alike: dict[tuple[Range, ...], dict[str, dict[tuple[str, ...], list[str]]]] = {}
    for address, role in whole.contracts.items():
        lacking: dict[tuple[Range, ...], list[str]] = defaultdict(list)
        for event in by_role[role]:
            lacking[tuple(without(asked, held[address, event]))].append(event)
        for holes, names in lacking.items():
            alike.setdefault(holes, {}).setdefault(role, {}).setdefault(tuple(names), []).append(address)
    found: list[Gap] = []
    for holes, roles in alike.items():
        for place in range(max(map(len, roles.values()))):
            together = [
                (role, *list(groups.items())[place]) for role, groups in roles.items() if place < len(groups)
            ]
            contracts = {address: role for role, _, addresses in together for address in addresses}
            events = tuple(event for _, its, _ in together for event in its)
            found += [
                Gap(contracts=contracts, events=events, first_block=first, last_block=last)
                for first, last in holes
            ]
    return sorted(found, key=lambda gap: (gap.first_block, gap.last_block))
