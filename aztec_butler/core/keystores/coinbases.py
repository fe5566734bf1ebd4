"""The smallest change of the keystores that sends the rewards of each attester where they shall go."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum

import attrs

from aztec_butler.core.errors import InputError
from aztec_butler.core.keystores.checks import CheckedSet, check_set
from aztec_butler.core.keystores.coinbase_policy import WantedCoinbase
from aztec_butler.core.keystores.editing import FileEdit
from aztec_butler.core.keystores.faults import Fault, refuse
from aztec_butler.core.keystores.public import PublicAttester, coinbases_of
from aztec_butler.core.keystores.records import AttesterAccount, Mnemonic, Validator
from aztec_butler.core.keystores.schema import Reading, read_keystore
from aztec_butler.core.keystores.splicing import Splice, add_member, margin_of, spliced
from aztec_butler.core.keystores.text import Kind, Node

_MENDED = {Fault.ZERO_COINBASE}
_TOLERATED = {Fault.MISSING_PUBLISHER}
"""Neither better nor worse by another coinbase."""


class Verdict(StrEnum):
    """What an edit does to an attester."""

    SET = "set"
    RIGHT = "right already"
    LEFT = "left alone"


@attrs.frozen(kw_only=True)
class CoinbaseChange:
    """One attester of an edit."""

    verdict: Verdict
    attester: str
    before: str
    after: str
    reason: str
    file: str
    path: str


@attrs.frozen(kw_only=True)
class CoinbasePlan:
    """An edit of coinbases: what becomes of each attester, and of each file."""

    changes: tuple[CoinbaseChange, ...]
    edits: tuple[FileEdit, ...]
    """Only of files that change."""


def plan_coinbases(checked: CheckedSet, wanted: Mapping[str, WantedCoinbase]) -> CoinbasePlan:
    """The edit that makes the coinbases what they shall be, and changes nothing else.

    Attesters that share a block of the keystore and shall have different coinbases get a block each.

    Args:
        checked: the keystores.
        wanted: coinbases by attester; who is not in it is left alone.

    Raises:
        CheckFailed: something is wrong with the keystores, or a coinbase of zero is left alone.
        InputError: attesters that cannot be told apart, because they are in a folder of encrypted files.
    """
    refuse([finding for finding in checked.findings if finding.fault not in _TOLERATED | _MENDED])
    unknown = [f"{each.file} {each.path}" for each in checked.public.attesters if each.attester is None]
    if unknown:
        raise InputError(
            "the address of an attester is not known",
            hint="its encrypted file does not tell it; give the password, so that it can be opened",
            places=", ".join(unknown),
        )
    changes = tuple(_change(attester, wanted) for attester in checked.public.attesters)
    targets = {change.attester: change.after for change in changes if change.verdict is Verdict.SET}
    by_place: dict[tuple[str, str], list[PublicAttester]] = {}
    for attester in checked.public.attesters:
        by_place.setdefault((attester.file, attester.path), []).append(attester)
    edits = []
    for reading in checked.readings:
        assert reading.document is not None
        assert reading.keystore is not None
        splices: list[Splice] = []
        list_node = reading.document.root.get("validators")
        for validator, node in zip(
            reading.keystore.validators, () if list_node is None else list_node.items, strict=True
        ):
            units = _units(validator, reading.file, by_place, targets)
            splices += _splices(reading.document.text, node, units)
        text = spliced(reading.document.text, splices)
        edits.append(FileEdit(file=reading.file, before=reading.document.text, after=text))
    _prove(checked, edits, targets)
    return CoinbasePlan(changes=changes, edits=tuple(edit for edit in edits if edit.is_change))


def _change(attester: PublicAttester, wanted: Mapping[str, WantedCoinbase]) -> CoinbaseChange:
    assert attester.attester is not None
    assert attester.coinbase is not None
    target = wanted.get(attester.attester)
    if target is None:
        verdict, after, reason = Verdict.LEFT, attester.coinbase, "no rule says otherwise"
    elif target.coinbase == attester.coinbase:
        verdict, after, reason = Verdict.RIGHT, attester.coinbase, target.reason
    else:
        verdict, after, reason = Verdict.SET, target.coinbase, target.reason
    return CoinbaseChange(
        verdict=verdict,
        attester=attester.attester,
        before=attester.coinbase,
        after=after,
        reason=reason,
        file=attester.file,
        path=attester.path,
    )


@attrs.frozen(kw_only=True)
class _Unit:
    """The smallest piece of a block that can be given a coinbase of its own."""

    item: int | None = None
    """Its place in the list of attesters; None: the block has one attester, or it is made anew."""
    made: Mapping[str, object] | None = attrs.field(default=None, repr=False)
    """What it is when it is made anew."""
    target: str | None
    """None: it stays as it is."""


def _units(
    validator: Validator,
    file: str,
    by_place: Mapping[tuple[str, str], Sequence[PublicAttester]],
    targets: Mapping[str, str],
) -> list[_Unit]:
    units: list[_Unit] = []
    for index, account in enumerate(validator.attesters):
        aims = [targets.get(each.attester or "") for each in by_place[file, account.path]]
        item = None if account.path == f"{validator.path}.attester" else index
        if len(set(aims)) <= 1:
            units.append(_Unit(item=item, target=aims[0] if aims else None))
        else:
            units += _parted(account, aims)
    return units


def _parted(account: AttesterAccount, aims: Sequence[str | None]) -> Iterator[_Unit]:
    """A mnemonic of several addresses as mnemonics of one."""
    words = account.eth
    if not isinstance(words, Mnemonic):
        raise InputError(
            "the encrypted files of one folder would need different coinbases",
            hint="name the files one by one in the keystore",
            path=account.path,
        )
    indices = [
        (words.account_index + number, words.address_index + place)
        for number in range(words.account_count)
        for place in range(words.address_count)
    ]
    for (number, place), aim in zip(indices, aims, strict=True):
        made = {"mnemonic": words.words.reveal(), "accountIndex": number, "addressIndex": place}
        yield _Unit(made=made, target=aim)


def _splices(text: str, node: Node, units: Sequence[_Unit]) -> list[Splice]:
    """The change of one block."""
    targets = list(dict.fromkeys(unit.target for unit in units))
    if targets in ([], [None]):
        return []
    if len(targets) == 1 and targets[0] is not None:
        return [_set_coinbase(text, node, targets[0])]
    gap = f"\n{margin_of(text, node.start)}" if "\n" in text.strip() else " "
    groups = [[unit for unit in units if unit.target == target and unit.made is None] for target in targets]
    groups += [[unit] for unit in units if unit.made is not None]  # mnemonics share no list
    blocks = [_block(text, node, group, group[0].target) for group in groups if group]
    return [Splice(node.start, node.end, f",{gap}".join(blocks))]


def _set_coinbase(text: str, node: Node, coinbase: str) -> Splice:
    present = next((part for key, part in node.members if key == "coinbase"), None)
    if present is not None:
        return Splice(present.start, present.end, json.dumps(coinbase))
    return add_member(text, node, "coinbase", coinbase, after=("attester", "publisher"))


def _block(text: str, node: Node, units: Sequence[_Unit], target: str | None) -> str:
    """The text of a block with some of its attesters, and a coinbase."""
    attester = node.get("attester")
    assert attester is not None
    parts = []
    for unit in units:
        piece = attester if unit.item is None else attester.items[unit.item]
        parts.append(text[piece.start : piece.end] if unit.made is None else json.dumps(unit.made))
    if attester.kind is not Kind.ARRAY:
        (replacement,) = parts
    else:
        first = attester.items[0]
        opening = text[attester.start : first.start]
        closing = text[attester.items[-1].end : attester.end]
        gap = opening[1:] if "\n" in opening else " "
        replacement = opening + f",{gap}".join(parts) + closing
    splices = [Splice(attester.start, attester.end, replacement)]
    if target is not None:
        splices.append(_set_coinbase(text, node, target))
    return spliced(text[: node.end], splices)[node.start :]


def _prove(checked: CheckedSet, edits: Sequence[FileEdit], targets: Mapping[str, str]) -> None:
    """Read the result as the node would: other coinbases, and the same in every other respect."""
    readings: list[Reading] = [read_keystore(edit.after, edit.file) for edit in edits]
    after = check_set(readings, checked.means)
    refuse([finding for finding in after.findings if finding.fault not in _TOLERATED])
    if coinbases_of(after.public) != coinbases_of(checked.public) | dict(targets):
        raise AssertionError("the edit misses its aim")

    def rest(examined: CheckedSet) -> list[tuple[object, ...]]:
        return [
            (each.attester, each.fee_recipient, each.publishers, each.bls_mark, each.file)
            for each in examined.public.attesters
        ]

    if sorted(map(repr, rest(after))) != sorted(map(repr, rest(checked))):
        raise AssertionError("the edit changes something else")
