"""A contract as this library knows it: a role, a source, and the lines of its ABI, marked with their generations.

The lines are text as a Solidity reader knows it, and stay text until one is asked for: a program that calls one
function parses one line.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cached_property, lru_cache
from typing import Any, Final, TypeVar

import attrs

from aztec_butler.core.abi import CustomError, Event, Function, Item, parse_line
from aztec_butler.core.errors import InputError
from aztec_butler.core.spelling import did_you_mean

GENERATIONS: Final = (2, 4, 5)
"""Generations of the rollup, by the major version of l1-contracts: names and structs differ between them.

2 is 2.1 (mainnet's version 0), 4 is 4.0 to 4.4, 5 is 5.x. There was no release between 2.1 and 4.0 on mainnet.
"""

_LINE = re.compile(r"(?:\[(\d)(\+|-(\d))?\] +)?((function|event|error) (\w+)\(.*)")
_ItemType = TypeVar("_ItemType", Function, Event, CustomError)


@attrs.frozen
class Line:
    """One line of an ABI, not parsed yet.

    Args:
        kind: ``function``, ``event`` or ``error``.
        name: the Solidity name.
        text: what ``core.abi.parse_line`` reads.
        since: first generation that has it.
        until: last generation that has it.
    """

    kind: str
    name: str
    text: str
    since: int
    until: int

    def holds(self, generation: int | None) -> bool:
        """Whether contracts of this generation have it; of any, for None."""
        return generation is None or self.since <= generation <= self.until

    @property
    def item(self) -> Item:
        """The function, event or error it describes."""
        return _parse(self.text)


_parse = lru_cache(maxsize=None)(parse_line)


@attrs.frozen(kw_only=True, eq=False)
class Contract:
    """A contract's interface.

    Args:
        role: the word for this contract everywhere in the library, e.g. ``rollup``.
        name: the contract's Solidity name in generation 4.
        source: the Solidity file, and the version the lines were checked with.
        text: one ABI line a row; blank rows and rows that begin with ``#`` are for readers. A mark in front says which
            generations have a line, where not all do: ``[2]``, ``[2-4]``, ``[4+]``. Where only the names of
            parameters changed between generations, the later names stand.
    """

    role: str
    name: str
    source: str
    text: str = attrs.field(repr=False)
    _found: dict[tuple[str, str, int | None], Item] = attrs.field(factory=dict, init=False, repr=False)

    @cached_property
    def lines(self) -> tuple[Line, ...]:
        """Every line, in the order of the text."""
        return tuple(_read_lines(self.text, self.role))

    @cached_property
    def _lines_by_name(self) -> dict[tuple[str, str], list[Line]]:
        index: dict[tuple[str, str], list[Line]] = {}
        for line in self.lines:
            index.setdefault((line.kind, line.name), []).append(line)
        return index

    def function(self, name: str, generation: int | None = None) -> Function:
        """One function.

        Args:
            name: the Solidity name, or the signature (``flushEntryQueue(uint256)``) where the name is overloaded.
            generation: of the rollup; needed only where the generations differ.

        >>> from aztec_butler.core.contracts import ROLLUP
        >>> ROLLUP.function("getStatus").selector.hex()
        '30ccebb5'

        Raises:
            InputError: there is none (with the nearest names), or several.
        """
        return self._one(Function, "function", name, generation)

    def event(self, name: str, generation: int | None = None) -> Event:
        """One event, by name or signature as for ``function``."""
        return self._one(Event, "event", name, generation)

    def error(self, name: str, generation: int | None = None) -> CustomError:
        """One custom error, by name or signature as for ``function``."""
        return self._one(CustomError, "error", name, generation)

    @cached_property
    def functions(self) -> tuple[Function, ...]:
        """Every function of every generation."""
        return tuple(self._all(Function))

    @cached_property
    def events(self) -> tuple[Event, ...]:
        """Every event of every generation; no two have the same topic."""
        return tuple(self._all(Event))

    @cached_property
    def errors(self) -> tuple[CustomError, ...]:
        """Every custom error of every generation."""
        return tuple(self._all(CustomError))

    @cached_property
    def events_by_topic0(self) -> dict[bytes, Event]:
        """Every event by its topic: what decodes the logs of this role."""
        return {event.topic0: event for event in self.events}

    @cached_property
    def functions_by_selector(self) -> dict[bytes, Function]:
        """Every function by its selector: what explains calldata; the latest generation where several have it."""
        return {function.selector: function for function in self.functions}

    def json_abi(self, generation: int | None = None) -> list[dict[str, Any]]:
        """The JSON ABI, for other libraries.

        Args:
            generation: only what this generation has; for None everything, the latest where signatures are equal.
        """
        items = [line.item for line in self.lines if line.holds(generation)]
        latest = {(type(item), item.signature): item for item in items}
        return [item.to_json_abi() for item in latest.values()]

    def _all(self, kind: type[_ItemType]) -> Iterator[_ItemType]:
        for line in self.lines:
            if line.kind == kind.__name__.lower().removeprefix("custom") and isinstance(line.item, kind):
                yield line.item

    def _one(self, kind: type[_ItemType], word: str, name: str, generation: int | None) -> _ItemType:
        item = self._found.get((word, name, generation))
        if item is None:
            item = self._found[word, name, generation] = self._find(word, name, generation)
        assert isinstance(item, kind)
        return item

    def _find(self, word: str, name: str, generation: int | None) -> Item:
        if generation is not None and generation not in GENERATIONS:
            raise InputError(
                "there is no such generation of contracts",
                generation=generation,
                known=", ".join(map(str, GENERATIONS)),
            )
        plain = name.partition("(")[0].strip()
        named = self._lines_by_name.get((word, plain), [])
        if plain != name:
            signature = name.replace(" ", "")
            named = [line for line in named if line.item.signature == signature]
        found = [line for line in named if line.holds(generation)]
        if len(found) == 1:
            return found[0].item
        if found:
            raise InputError(
                f"the contract has several {word}s of this name",
                hint="give the signature, or the generation",
                contract=self.role,
                name=name,
                found="; ".join(_describe(line) for line in found),
            )
        if named:
            raise InputError(
                f"the contract has this {word} in another generation",
                contract=self.role,
                name=name,
                generation=generation,
                found="; ".join(_describe(line) for line in named),
            )
        overloads = self._lines_by_name.get((word, plain), [])
        known = [line.item.signature for line in overloads] or [
            n for k, n in self._lines_by_name if k == word
        ]
        raise InputError(
            f"the contract has no such {word}",
            hint=did_you_mean(name, known),
            contract=self.role,
            name=name,
        )


def _read_lines(text: str, role: str) -> Iterator[Line]:
    for row in text.splitlines():
        row = row.strip()
        if not row or row.startswith("#"):
            continue
        match = _LINE.fullmatch(row)
        if match is None:
            raise InputError("a contract's text has a row that is no ABI line", contract=role, row=row)
        first, later, last, line, kind, name = match.groups()
        since = int(first) if first else GENERATIONS[0]
        until = int(last) if last else since if first and not later else GENERATIONS[-1]
        yield Line(kind, name, line, since, until)


def _describe(line: Line) -> str:
    until = f" to {line.until}" if line.until != line.since else ""
    return f"{line.item.signature} in generation {line.since}{until}"
