"""The error tree: what it shows, what it keeps, and its exit codes."""

import copy
import inspect
import pickle
import re

import pytest

from aztec_butler.core import errors
from aztec_butler.core.errors import (
    ApprovalPending,
    ButlerError,
    CheckFailed,
    DecodeError,
    InputError,
    LockHeld,
    NodeBusy,
    NodeError,
    NodeRefused,
    NodeUnreachable,
    NotFoundError,
    ReorgTooDeep,
    RevertError,
    SettingsError,
)

CLASSES = [
    value for value in vars(errors).values() if inspect.isclass(value) and issubclass(value, ButlerError)
]


@pytest.mark.parametrize(
    ("kind", "exit_code"),
    [
        (ButlerError, 1),
        (InputError, 2),
        (SettingsError, 2),
        (NodeError, 3),
        (NodeUnreachable, 3),
        (NodeBusy, 3),
        (NodeRefused, 3),
        (RevertError, 4),
        (NotFoundError, 4),
        (DecodeError, 4),
        (ReorgTooDeep, 4),
        (CheckFailed, 5),
        (ApprovalPending, 6),
        (LockHeld, 7),
    ],
)
def test_exit_code__of_every_class__is_the_promised_one(kind, exit_code):
    assert kind.exit_code == exit_code
    assert issubclass(kind, ButlerError)


def test_exit_codes__of_the_tree__are_all_promised_above():
    assert len(CLASSES) == 14


def test_documentation__of_the_module__draws_every_class_with_its_code():
    drawn = {
        name: int(code)
        for name, code in re.findall(r"(\w+)(?:\(\w+\))? .* (\d)$", errors.__doc__, re.MULTILINE)
    }
    assert drawn == {kind.__name__: kind.exit_code for kind in CLASSES if NodeError not in kind.__mro__[1:]}
    for kind in NodeError.__subclasses__():  # drawn below it, with its code
        assert f"-- {kind.__name__} " in errors.__doc__


@pytest.mark.parametrize(
    ("kind", "parent"),
    [
        (InputError, ValueError),
        (SettingsError, ValueError),
        (NotFoundError, LookupError),
        (DecodeError, ValueError),
        (NodeUnreachable, NodeError),
        (NodeBusy, NodeError),
        (NodeRefused, NodeError),
    ],
)
def test_parents__let_callers_catch_more_generally(kind, parent):
    assert issubclass(kind, parent)


def test_str__sentence_facts_and_hint__are_lines():
    error = InputError("an address needs 20 bytes", value="0xab", bytes=1, hint="copy it again")
    assert str(error).splitlines() == [
        "an address needs 20 bytes",
        "  value: 0xab",
        "  bytes: 1",
        "  hint: copy it again",
    ]
    assert error.facts == {"value": "0xab", "bytes": 1}


def test_str__without_facts__is_the_sentence():
    assert str(CheckFailed("two numbers differ")) == "two numbers differ"


def test_str__bytes__are_hex():
    assert str(DecodeError("no event", topic0=b"\x00\xff")) == "no event\n  topic0: 0x00ff"


@pytest.mark.parametrize(
    ("error", "is_retryable"),
    [
        (NodeError("x"), False),
        (NodeUnreachable("x"), True),
        (NodeBusy("x"), True),
        (NodeRefused("x"), False),
        (NodeRefused("x", retryable=True), True),
    ],
)
def test_retryable__by_class__is_what_time_may_mend(error, is_retryable):
    assert error.retryable is is_retryable


def test_revert_error__custom_error__shows_its_arguments():
    error = RevertError(
        "the contract reverted",
        error="Staking__NotExiting(address)",
        arguments={"attester": "0x00"},
        contract="rollup",
        data=b"\x01",
    )
    assert error.error == "Staking__NotExiting(address)"
    assert error.data == b"\x01"
    assert str(error).splitlines()[1:] == [
        "  contract: rollup",
        "  error: Staking__NotExiting(address)",
        "  attester: 0x00",
    ]


SAMPLES = [
    *(kind("a sentence", hint="a way out", block=7) for kind in CLASSES),
    NodeBusy("busy", retry_after_seconds=1.5, host="rpc.example"),
    NodeRefused("refused", code=-32000, retryable=True),
    RevertError("reverted", error="E(uint256)", arguments={"x": 1}, data=b"\x00", contract="0x"),
    # Arguments of a custom error may have the names of the constructor's own parameters.
    RevertError(
        "reverted",
        error="Slasher__SlashFailed(address,bytes,bytes)",
        arguments={"sentence": "s", "hint": "h", "data": b"\x01", "error": 2, "self": 3},
        data=b"\x02",
    ),
]


@pytest.mark.parametrize("error", SAMPLES, ids=lambda error: type(error).__name__)
@pytest.mark.parametrize(
    "way", [lambda e: pickle.loads(pickle.dumps(e)), copy.copy, copy.deepcopy], ids=["pickle", "copy", "deep"]
)
def test_copies__of_an_error__lose_nothing(error, way):
    restored = way(error)
    assert type(restored) is type(error)
    assert str(restored) == str(error)
    assert vars(restored) == vars(error)
    assert restored.args == error.args
