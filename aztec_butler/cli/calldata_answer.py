"""Calls as an answer: built offline or on a network, simulated if wanted, written to a Safe's file if wanted."""

import inspect
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import attrs

from aztec_butler.cli.answer import Answer
from aztec_butler.cli.columns import render_text, render_time, to_plain
from aztec_butler.cli.session import Session
from aztec_butler.core.calls import Call
from aztec_butler.core.errors import CheckFailed, InputError
from aztec_butler.core.hexes import parse_address, to_hex
from aztec_butler.core.networks import DEVNET
from aztec_butler.core.units import render_exact

if TYPE_CHECKING:
    from aztec_butler.core.simulation import Simulation
    from aztec_butler.network import Network

_FROM_THE_CHAIN = (
    "rollup",
    "rollup_version",
    "token",
    "gse",
    "governance_proposer",
    "warehouse",
    "instance",
    "distributor",
    "expected_take_rate_bps",
)
"""Parameters of builders that a network can fill in."""


@attrs.frozen(kw_only=True)
class Proof:
    """What is wanted beside the calls themselves."""

    simulate: bool
    sender: str | None
    at: int | None
    safe_file: str | None


def _moment(text: str) -> int:
    """Unix seconds, or ISO time."""
    from datetime import UTC, datetime

    if text.isdigit():
        return int(text)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise InputError(
            "expected a time", hint="Unix seconds, or 2026-12-31T23:59:00Z", value=text
        ) from None
    return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())


def proof(
    *,
    simulate: bool = False,
    sender: Annotated[str, parse_address, "ADDRESS"] | None = None,
    at: Annotated[int, _moment, "TIME"] | None = None,
    safe_file: Annotated[str, str, "PATH"] | None = None,
) -> Proof:
    """Proof before signing.

    Args:
        simulate: run the calls on the state of the block, and tell gas, events, balances, or why they revert; exit code 5
            when they do not all succeed.
        sender: who would send them: an account or a Safe.
        at: simulate at this later time, Unix seconds or ISO; the next slot otherwise.
        safe_file: also write a Safe Transaction Builder file; the sender is the Safe.

    Raises:
        InputError: a sender is needed and not given.
    """
    if (simulate or safe_file is not None) and sender is None:
        raise InputError(
            "a sender is needed", hint="--sender ADDRESS: the account or Safe that is to sign the calls"
        )
    if at is not None and not simulate:
        raise InputError("a time is of use to a simulation only", hint="add --simulate")
    return Proof(simulate=simulate, sender=sender, at=at, safe_file=safe_file)


# --------------------------------------------------------------------------- building


def build(
    session: Session,
    block: int | str,
    wanted: Proof,
    builder: str,
    *arguments: Any,
    compared: bool = True,
    **options: Any,
) -> Answer:
    """The calls of one builder; nobody is asked when nothing is missing or compared, and no proof is wanted.

    Args:
        session: the settings.
        block: what is read is of this block.
        wanted: what is wanted beside the calls.
        builder: its name.
        arguments: of the builder.
        compared: whether a provider's present terms are compared where there is a node to ask: a rate that it has
            already, more keys than it has, a provider that there is not.
        options: of the builder; None stands for what was not given.
    """
    from aztec_butler.core import calldata

    function = getattr(calldata, builder)
    given = {name: value for name, value in options.items() if value is not None}
    parameters = inspect.signature(function).parameters
    missing = [name for name in _FROM_THE_CHAIN if name in parameters and name not in given]
    compares = "current" in parameters
    if not (
        wanted.simulate
        or missing
        or _needs_split(arguments, parameters)
        or (compares and compared and _can_ask(session))
    ):
        if "staking_registry" in parameters:
            given.setdefault("staking_registry", _staking_registry(session))
        made = answer(session, wanted, _several(function(*arguments, **given)))
        return _note_uncompared(made) if compares else made
    if missing and not _can_ask(session):
        raise InputError(
            "without a node these have to be told",
            hint=", ".join(f"--{name.replace('_', '-')}" for name in missing)
            + "; or ask a node for them: --l1 URL",
            missing=", ".join(missing),
        )
    return _build_on_network(session, block, wanted, builder, *arguments, **given)


def build_checked(
    session: Session,
    block: int | str,
    wanted: Proof,
    builder: str,
    *arguments: Any,
    no_duplicate_check: bool,
    **options: Any,
) -> Answer:
    """As ``build``, for keys: refused when one of them is known already, or when that cannot be found out.

    Args:
        session: the settings.
        block: where keys are looked for at this block.
        wanted: what is wanted beside the calls.
        builder: its name; it takes ``known``.
        arguments: of the builder.
        no_duplicate_check: do not look.
        options: of the builder; None stands for what was not given.

    Raises:
        InputError: a key is known already, or there is nobody to ask.
    """
    if no_duplicate_check:
        made = build(session, block, wanted, builder, *arguments, compared=False, known={}, **options)
        return note_check(made, is_made=False)
    if not _can_ask(session):
        raise InputError(
            "nobody can be asked whether one of these keys is known already",
            hint="--l1 URL names an Ethereum node to ask; --no-duplicate-check builds the calls without asking",
        )
    given = {name: value for name, value in options.items() if value is not None}
    return note_check(_build_on_network(session, block, wanted, builder, *arguments, **given), is_made=True)


def note_check(made: Answer, *, is_made: bool) -> Answer:
    """An answer that says whether its keys were looked for.

    Args:
        made: the answer.
        is_made: they were, and none is known.
    """
    if is_made:
        note = "duplicate check: none of these keys is known in any queue, in the GSE or on any rollup"
    else:
        note = "the duplicate check was left out: keys that are known already would be listed or paid for in vain"
    return attrs.evolve(
        made,
        facts={**made.facts, "duplicate_check": "passed" if is_made else "not made"},
        notes=(note, *made.notes),
    )


def _note_uncompared(made: Answer) -> Answer:
    note = "not compared with the chain: whether the provider exists, and what it has now; --l1 URL does that"
    return attrs.evolve(made, facts={**made.facts, "compared_with_chain": False}, notes=(note, *made.notes))


def _can_ask(session: Session) -> bool:
    """Whether there is a node to ask; that of the devnet is found by itself."""
    return session.settings.l1 is not None or session.settings.network == DEVNET.name


def _build_on_network(
    session: Session, block: int | str, wanted: Proof, builder: str, *arguments: Any, **given: Any
) -> Answer:
    with session.connect(block) as network:
        pinned = network.at(block)
        calls = _several(getattr(pinned.calldata, builder)(*arguments, **given))
        return answer(session, wanted, calls, pinned)


def answer(
    session: Session,
    wanted: Proof,
    calls: Sequence[Call],
    network: "Network | None" = None,
    *,
    shows_calls: bool = True,
) -> Answer:
    """Calls, with their proof.

    Args:
        session: the settings.
        wanted: what is wanted beside the calls.
        calls: the calls.
        network: pinned to a block; None where nobody was asked.
        shows_calls: whether readers want the calls themselves beside the simulation.
    """
    from aztec_butler.core.networks import PRESETS

    name = session.settings.network
    chain_id = PRESETS[name].chain_id
    facts: dict[str, Any] = {"network": name, "chain_id": chain_id}
    lines = [line for call in calls for line in lines_of_call(call)] if shows_calls else []
    notes: list[str] = []
    failure = None
    if wanted.simulate:
        assert network is not None, "the caller connected for the simulation"
        assert wanted.sender is not None, "checked with the options"
        simulation = network.simulate(calls, sender=wanted.sender, at=wanted.at)
        facts["simulation"] = plain_simulation(simulation)
        lines += [*([""] if lines else []), *str(simulation).splitlines()]
        if not simulation.succeeds:
            failure = CheckFailed("not every call is certain to succeed", sender=simulation.sender)
    if wanted.safe_file is not None:
        if failure is None:
            notes += _write_safe_files(wanted, calls, chain_id)
        else:
            notes.append(f"{wanted.safe_file} was not written")
    return Answer(
        rows=calls,
        row_type=Call,
        facts=facts,
        lines=tuple(lines),
        notes=tuple(notes),
        failure=failure,
    )


def lines_of_call(call: Call) -> list[str]:
    """A call for eyes and for copying."""
    # A summary out of a file is a stranger's words.
    lines = [render_text(call.summary) or "a call", f"  to     {call.to}", f"  data   {to_hex(call.data)}"]
    if call.value_wei:
        lines.append(f"  value  {call.value_wei} wei ({render_exact(call.value_wei)} ETH)")
    return lines


def _several(made: Any) -> tuple[Call, ...]:
    return (made,) if isinstance(made, Call) else tuple(made)


def _needs_split(arguments: Sequence[Any], parameters: Mapping[str, Any]) -> bool:
    """Whether a split was given by its address."""
    return "split" in parameters and isinstance(arguments[0], str)


def _staking_registry(session: Session) -> str:
    found = session.settings.staking_registry
    if found is None:
        raise InputError(
            "the network's StakingRegistry is not known",
            hint="--staking-registry ADDRESS",
            network=session.settings.network,
        )
    return found


def _write_safe_files(wanted: Proof, calls: Sequence[Call], chain_id: int) -> list[str]:
    from aztec_butler.cli.safe_inputs import write_batches
    from aztec_butler.core.calldata.arguments import count_of
    from aztec_butler.core.safe_batch import split_calls

    assert wanted.safe_file is not None and wanted.sender is not None, "checked with the options"  # noqa: PT018
    batches = split_calls(calls, chain_id=chain_id, safe=wanted.sender)
    return [
        f"written to {place}: {count_of(len(batch.calls), 'call')} for Safe {batch.safe}"
        for place, batch in zip(write_batches(wanted.safe_file, batches), batches, strict=True)
    ]


# --------------------------------------------------------------------------- a simulation as JSON


def plain_simulation(simulation: "Simulation") -> dict[str, Any]:
    """A simulation for JSON; the calls stand in the rows."""
    return {
        "succeeds": simulation.succeeds,
        "is_sequence": simulation.is_sequence,
        "gas": simulation.gas,
        "block": to_plain(simulation.block),
        "at": render_time(simulation.at),
        "sender": simulation.sender,
        "notes": list(simulation.notes),
        "balance_changes": to_plain(simulation.balance_changes),
        "calls": [
            {
                "verdict": each.verdict.value,
                "gas": each.gas,
                "returned": to_hex(each.returned),
                "events": [_plain_event(event) for event in each.events],
                "balance_changes": to_plain(each.balance_changes),
                "revert": None if each.revert is None else _plain_revert(each.revert),
                "depends_on": list(each.depends_on),
            }
            for each in simulation.calls
        ],
    }


def _plain_event(event: Any) -> dict[str, Any]:
    from aztec_butler.core.events import UndecodedLog

    if isinstance(event, UndecodedLog):
        log = event.log
        return {
            "event": None,
            "address": log.address,
            "topics": to_plain(log.topics),
            "data": to_hex(log.data),
        }
    return {
        "event": event.event.signature,
        "role": event.role,
        "address": event.position.address,
        "values": to_plain(event.values()),
    }


def _plain_revert(revert: Any) -> dict[str, Any]:
    return {
        "sentence": revert.sentence,
        "error": revert.signature,
        "arguments": to_plain(revert.arguments),
        "meaning": revert.hint,
        "data": to_hex(revert.data),
    }
