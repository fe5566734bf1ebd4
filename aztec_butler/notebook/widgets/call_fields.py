"""Fields of a call, one for each argument of its builder; what is typed stays text until it is read here, exactly."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping
from typing import Any, Final

import attrs
import ipywidgets

from aztec_butler.core import calldata
from aztec_butler.core.calldata.tokens import AZTEC, parse_amount
from aztec_butler.core.errors import InputError
from aztec_butler.notebook.widgets.panel import labelled

BUILDERS: Final = (
    "accept_provider_admin",
    "add_keys",
    "approve",
    "claim_sequencer_rewards",
    "delegate",
    "deposit",
    "distribute",
    "drip_queue",
    "finalize_withdraw",
    "flush_entry_queue",
    "gse_vote",
    "initiate_withdraw",
    "register_provider",
    "rollup_vote",
    "signal",
    "stake",
    "transfer",
    "update_provider_admin",
    "update_rewards_recipient",
    "update_take_rate",
    "warehouse_withdraw",
)
"""Of ``calldata``; a batch is what the composer itself makes."""
OFFLINE_UNKNOWN: Final = ("distribute",)
"""What needs a node even to be described: a split's parameters stand in an event."""
FILLED: Final = frozenset(
    {
        "distributor",
        "expected_take_rate_bps",
        "governance_proposer",
        "gse",
        "instance",
        "rollup",
        "rollup_version",
        "staking_registry",
        "token",
        "warehouse",
    }
)
"""Arguments that a network fills in when nothing is given."""
_HIDDEN: Final = frozenset({"current", "known", "verify", "split_hash", "has_18_decimals"})
_FILES: Final = frozenset({"keys", "registration"})
_WHOLE: Final = re.compile(r"\d{1,3}(?:,\d{3})+|\d(?:_?\d)*", re.ASCII)
_SECTION: Final = re.compile(r"(Args|Returns|Raises|Source):")
_ARGUMENT: Final = re.compile(r"    (\w+): (.*)")
_UNCHOSEN: Final = ""


@attrs.frozen(kw_only=True)
class CallField:
    """One argument of a builder.

    Args:
        name: of the argument.
        field: where it is typed, chosen or loaded.
        box: the field under its label.
        is_required: whether it may not be empty.
        read: what the field says, for the builder.
    """

    name: str
    field: ipywidgets.Widget
    box: ipywidgets.Widget
    is_required: bool
    read: Callable[[], Any]

    def is_empty(self) -> bool:
        """Whether nothing was given."""
        value = self.field.value
        return not (value.strip() if isinstance(value, str) else value)


def purpose(builder: str) -> str:
    """What a builder's call does, in a sentence.

    Args:
        builder: its name.
    """
    return (inspect.getdoc(getattr(calldata, builder)) or "").splitlines()[0]


def fields_of(builder: str, *, is_online: bool) -> list[CallField]:
    """The fields of a builder, in the order of its signature.

    Args:
        builder: its name.
        is_online: whether a network fills in what is left out.
    """
    function = getattr(calldata, builder)
    texts = _arguments(inspect.getdoc(function) or "")
    return [
        _field(parameter, texts.get(parameter.name, ""), is_online=is_online)
        for parameter in inspect.signature(function).parameters.values()
        if parameter.name not in _HIDDEN
    ]


def read_fields(fields: list[CallField]) -> dict[str, Any]:
    """What was given, by argument; what was left out is not there.

    Args:
        fields: of one builder.

    Raises:
        InputError: something is missing, or is not what it should be; says which field.
    """
    missing = [each.name for each in fields if each.is_required and each.is_empty()]
    if missing:
        raise InputError("a field is empty that this call needs", fields=", ".join(missing))
    given = {}
    for each in fields:
        if not each.is_empty():
            try:
                given[each.name] = each.read()
            except InputError as error:
                error.facts = {"field": each.name, **error.facts}
                raise
    return given


def check_unit(
    given: Mapping[str, Any], amount_text: str, *, chain_id: int, staking_asset: str | None
) -> bool:
    """Whether an amount is of the staking asset, of which it is known how many wei a token has.

    Args:
        given: what was read; ``token`` stands for the asset where it is there.
        amount_text: as it was typed.
        chain_id: EIP-155 id.
        staking_asset: of the network; None where nobody was asked.

    Raises:
        InputError: an amount in tokens, of a token whose decimals nobody knows.
    """
    token = given.get("token")
    known = staking_asset or AZTEC.get(chain_id)
    if token is None or (known is not None and str(token).lower() == known.lower()):
        return True
    if parse_amount(amount_text).in_tokens:
        raise InputError(
            "tokens of 18 decimals are meant, and this one may have others: it is not the staking asset",
            hint='give the amount in the smallest unit of the token: "1500000 wei"',
            token=token,
            staking_asset=known or "not known without a node",
        )
    return False


def _field(parameter: inspect.Parameter, text: str, *, is_online: bool) -> CallField:
    name, kind = parameter.name, str(parameter.annotation)
    has_default = parameter.default is not inspect.Parameter.empty
    is_filled = is_online and name in FILLED
    field: ipywidgets.Widget
    read: Callable[[], Any]
    if name in _FILES:
        field = ipywidgets.FileUpload(accept=".json", multiple=False)

        def read() -> Any:
            return _registrations(field, one=name == "registration")

        unit = "registrations as JSON, nothing secret"
    elif kind == "bool":
        field = ipywidgets.Dropdown(options=[("choose", _UNCHOSEN), ("yes", "yes"), ("no", "no")])

        def read() -> Any:
            return field.value == "yes"

        unit = ""
    else:
        hint = "from the chain, when empty" if is_filled else ""
        if has_default and parameter.default is not None and not is_filled:
            hint = str(parameter.default)
        field = ipywidgets.Text(placeholder=hint, continuous_update=False)
        reader, unit = _reader(name, kind)

        def read() -> Any:
            return reader(field.value.strip())

    label = name.removesuffix("_wei").removesuffix("_bps").replace("_", " ") + (f" ({unit})" if unit else "")
    is_required = not has_default and not is_filled
    field.tooltip = f"{label}: {text}" if text else label
    return CallField(
        name=name,
        field=field,
        box=labelled(label if is_required else f"{label}, optional", field, width="400px"),
        is_required=is_required,
        read=read,
    )


def _reader(name: str, kind: str) -> tuple[Callable[[str], Any], str]:
    """How a text becomes an argument, and its unit for the label."""
    if name.endswith("_wei"):
        return (lambda text: parse_amount(text).amount_wei), "1.5 AZTEC, or 7 wei"
    if kind.startswith("int"):
        return parse_whole, "basis points, 2500 is 25%" if name.endswith("_bps") else ""
    return str, ""


def parse_whole(text: str) -> int:
    """A whole number of any size, as somebody typed it.

    Args:
        text: digits, with ``,`` or ``_`` between thousands if any.

    >>> parse_whole("115792089237316195423570985008687907853269984665640564039457584007913129639935") == 2**256 - 1
    True

    Raises:
        InputError: anything else.
    """
    if not _WHOLE.fullmatch(text.strip()) or len(text) > 110:
        raise InputError("expected a whole number", value=text[:90])
    return int(text.strip().replace(",", "").replace("_", ""))


def _registrations(field: ipywidgets.FileUpload, *, one: bool) -> Any:
    from aztec_butler.core.bls import parse_registrations

    found = parse_registrations(bytes(field.value[0]["content"]))
    if not one:
        return found
    if len(found) != 1:
        raise InputError("one registration is needed", registrations=len(found))
    return found[0]


def _arguments(docstring: str) -> dict[str, str]:
    """What a docstring says of each argument."""
    texts: dict[str, str] = {}
    section = name = ""
    for line in docstring.splitlines():
        if found := _SECTION.fullmatch(line):
            section = found[1]
        elif section == "Args":
            if argument := _ARGUMENT.fullmatch(line):
                name = argument[1]
                texts[name] = argument[2]
            elif name and line.strip():
                texts[name] += " " + line.strip()
    return texts
