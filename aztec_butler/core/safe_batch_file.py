"""Transaction Builder files as they are read: strictly, as a stranger's. Pure.

The checksum is worked out again, and what a call does is told from its calldata, never from the file's own words.

Source: safe-global/safe-wallet-monorepo, apps/tx-builder/src/store/transactionLibraryContext.tsx.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, Final

import attrs

from aztec_butler.core.calls import Call, check_address, refuse_open_allowance
from aztec_butler.core.checks import Check, Outcome
from aztec_butler.core.errors import InputError
from aztec_butler.core.hexes import parse_bytes
from aztec_butler.core.json_depth import check_depth
from aztec_butler.core.safe_batch import FORMAT_VERSION, LARGEST_BATCH, SafeBatch, describe_call
from aztec_butler.core.safe_checksum import batch_checksum
from aztec_butler.core.safe_judgement import Remark, judge_call
from aztec_butler.core.safe_method import encode_method

_DECIMAL: Final = re.compile(r"[0-9]{1,78}")


@attrs.frozen(kw_only=True)
class BatchFile:
    """A file that was read.

    Args:
        batch: what it holds; the summaries of the calls are told from their calldata.
        checksum: what the file's content makes.
        stated_checksum: what it says; None where it says nothing.
    """

    batch: SafeBatch
    checksum: str
    stated_checksum: str | None

    @property
    def is_intact(self) -> bool:
        """Whether the web app would import it without a warning."""
        return self.stated_checksum == self.checksum


def read_batch(content: bytes) -> BatchFile:
    """What a Transaction Builder file holds.

    Args:
        content: the file's bytes, written here or by the web app.

    Raises:
        InputError: not such a file; the message tells where in it.
    """
    document = _document(content)
    if document.get("version") != FORMAT_VERSION:
        raise InputError(
            "a Transaction Builder file of this version is not known here",
            version=document.get("version"),
            known=FORMAT_VERSION,
        )
    meta = document.get("meta")
    entries = document.get("transactions")
    if not isinstance(meta, dict) or not isinstance(entries, list) or not entries:
        raise InputError(
            "a Transaction Builder file has an object `meta` and a list `transactions` that is not empty"
        )
    chain = document.get("chainId")
    if not isinstance(chain, str) or not _DECIMAL.fullmatch(chain):
        raise InputError("chainId of a batch file is a decimal string", value=chain)
    created = document.get("createdAt", 0)
    safe = _text(meta, "createdFromSafeAddress")
    batch = SafeBatch(
        chain_id=int(chain),
        safe=check_address("meta.createdFromSafeAddress", safe) if safe else None,
        name=_text(meta, "name"),
        description=_text(meta, "description"),
        calls=tuple(_read_entry(entry, position, int(chain)) for position, entry in enumerate(entries, 1)),
        created_at_ms=created if isinstance(created, int) else 0,
    )
    stated = meta.get("checksum")
    return BatchFile(
        batch=batch,
        checksum=batch_checksum(document),
        stated_checksum=stated if isinstance(stated, str) and stated else None,
    )


def _document(content: bytes) -> dict[str, Any]:
    check_depth(content)
    try:
        document = json.loads(content.decode("utf-8-sig"), object_pairs_hook=_object, parse_constant=_refuse)
    except InputError:
        raise  # of _object and _refuse: an InputError is a ValueError too
    except UnicodeDecodeError:
        raise InputError("a batch file is not UTF-8 text") from None
    except json.JSONDecodeError as error:
        raise InputError(
            "a batch file is not JSON", reason=error.msg, line=error.lineno, column=error.colno
        ) from None
    except ValueError:
        raise InputError("a batch file holds a number with too many digits") from None
    if not isinstance(document, dict):
        raise InputError("a Transaction Builder file is a JSON object")
    return document


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise InputError("a batch file has a name twice in one object", name=twice)
    return found


def _refuse(constant: str) -> None:
    raise InputError("a batch file holds a number that is none", value=constant)


def _text(fields: dict[str, Any], name: str) -> str:
    value = fields.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise InputError("a field of a batch file is text", field=f"meta.{name}")
    return value


def _read_entry(entry: Any, position: int, chain_id: int) -> Call:
    try:
        call = _call(entry)
        refuse_open_allowance(call.data)
    except InputError as error:
        error.facts = {"transaction": position, **error.facts}
        raise
    return attrs.evolve(call, summary=describe_call(call, chain_id=chain_id))


def _call(entry: Any) -> Call:
    if not isinstance(entry, dict):
        raise InputError("a transaction of a batch file is an object")
    value = entry.get("value")
    if not isinstance(value, str) or not _DECIMAL.fullmatch(value):
        raise InputError("the value of a transaction is a decimal string, in wei", value=value)
    data = entry.get("data")
    # As the web app: data goes first, and the method counts only without it.
    content = (
        parse_bytes(data)
        if data
        else encode_method(entry.get("contractMethod"), entry.get("contractInputsValues"))
    )
    return Call(to=check_address("to", entry.get("to")), data=content, value_wei=int(value))


# --------------------------------------------------------------------------- judging


def examine_batch(
    file: BatchFile,
    *,
    subject: str,
    chain_id: int | None = None,
    safe: str | None = None,
    roles: Mapping[str, str] | None = None,
) -> tuple[Check, ...]:
    """What the web app, or an owner, would find wrong with a file.

    Args:
        file: as read.
        subject: what the checks call it.
        chain_id: the chain it should be of; None for any.
        safe: the Safe it should be of; None for any.
        roles: contracts beside those of the presets, by address.
    """
    batch = file.batch

    def check(name: str, finding: str, *, good: bool, remedy: str, bad: Outcome = Outcome.FAIL) -> Check:
        outcome = Outcome.OK if good else bad
        return Check(
            outcome=outcome, subject=subject, check=name, finding=finding, remedy=None if good else remedy
        )

    stated = file.stated_checksum or "none"
    checks = [
        check(
            "checksum",
            file.checksum if file.is_intact else f"{stated}, the content makes {file.checksum}",
            good=file.is_intact,
            remedy="the file was changed since it was made: build it again, or read every transaction",
        ),
        check(
            "size",
            f"{len(batch.calls)} transactions",
            good=len(batch.calls) <= LARGEST_BATCH,
            remedy=f"split it into files of {LARGEST_BATCH} at most",
        ),
    ]
    if chain_id is not None:
        checks.append(
            check(
                "chain",
                f"chain {batch.chain_id}" + ("" if batch.chain_id == chain_id else f", expected {chain_id}"),
                good=batch.chain_id == chain_id,
                remedy="the file is for another network",
            )
        )
    if safe is not None:
        wanted = check_address("safe", safe)
        checks.append(
            check(
                "safe",
                (batch.safe or "not named") + ("" if batch.safe == wanted else f", expected {wanted}"),
                good=batch.safe == wanted,
                remedy="the file was made for another Safe",
                bad=Outcome.WARN if batch.safe is None else Outcome.FAIL,
            )
        )
    checks.append(_examine_calls(batch, subject, roles))
    return tuple(checks)


def _examine_calls(batch: SafeBatch, subject: str, roles: Mapping[str, str] | None) -> Check:
    places: dict[Remark, list[str]] = {}
    for position, call in enumerate(batch.calls, 1):
        for remark in judge_call(call, chain_id=batch.chain_id, roles=roles):
            places.setdefault(remark, []).append(str(position))
    if not places:
        return Check(outcome=Outcome.OK, subject=subject, check="calls", finding="all known")
    is_danger = any(remark.is_danger for remark in places)
    findings = [
        f"{', '.join(where)}: {remark.sentence}"
        for remark, where in sorted(places.items(), key=lambda found: not found[0].is_danger)
    ]
    return Check(
        outcome=Outcome.FAIL if is_danger else Outcome.WARN,
        subject=subject,
        check="calls",
        finding="; ".join(findings),
        remedy="do not sign these calls"
        if is_danger
        else "find out what these calls do, and whom they go to, before signing them",
    )
