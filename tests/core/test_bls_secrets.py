"""Secrets stay where they are."""

from __future__ import annotations

import copy
import json
import logging
import pickle
import traceback

import pytest

from aztec_butler.core import bls
from aztec_butler.core.bls import SecretKey, parse_secret_lines
from aztec_butler.core.errors import InputError

SECRET = 0x0123456789ABCDEF0123456789ABCDEF0123456789ABCDEF0123456789ABCDEF
TEXT = f"0x{SECRET:064x}"
ADDRESS = "0x00000000000000000000000000000000000000AA"
# Secrets of full length that are out of range, so that they can be looked for.
TOO_LARGE = bls.GROUP_ORDER + SECRET


def told(number, text):
    """Whether a text tells a number, in whole or in a telling part, in decimal or hex."""
    decimal, digits = str(number), f"{number:x}"
    return any(part in text.lower() for part in (decimal[:20], decimal[-20:], digits[:16], digits[-16:]))


def frames_of_ours(error):
    """Everything an error reporter would collect of an error: its text, and the locals of our frames."""
    collected = traceback.TracebackException.from_exception(error, capture_locals=True)
    frames = [frame for frame in collected.stack if "aztec_butler" in frame.filename]
    assert frames
    return "\n".join([str(error), repr(error), *(repr(frame.locals) for frame in frames)])


@pytest.mark.parametrize(
    "show", [repr, str, "{}".format, "{!r:>30}".format, lambda key: repr([key]), lambda key: f"{key}"]
)
def test_secret_key__shown__tells_nothing(show):
    assert not told(SECRET, show(SecretKey(SECRET)))
    assert SecretKey(SECRET).reveal() == SECRET


def test_secret_key__logged_or_inspected__tells_nothing(caplog):
    key = SecretKey.parse(TEXT)
    logging.getLogger("x").error("key %s of %r", key, {"key": key})
    assert not told(SECRET, caplog.text)
    with pytest.raises(TypeError):
        vars(key)


@pytest.mark.parametrize("copied", [pickle.dumps, copy.copy, copy.deepcopy, json.dumps])
def test_secret_key__pickled_or_copied__is_refused(copied):
    with pytest.raises(TypeError) as caught:
        copied(SecretKey(SECRET))
    assert not told(SECRET, str(caught.value))


def test_parse__text_of_a_keystore__is_the_number():
    assert SecretKey.parse(TEXT).reveal() == SECRET
    assert SecretKey.parse(TEXT.upper().replace("0X", "0x")).reveal() == SECRET
    assert bls.registration(SecretKey.parse(TEXT)) == bls.registration(SECRET)


@pytest.mark.parametrize(
    "attempt",
    {
        "number": lambda: SecretKey(TOO_LARGE),
        "text": lambda: SecretKey.parse(f"0x{TOO_LARGE:064x}"),
        "text without 0x": lambda: SecretKey.parse(f"{TOO_LARGE:064x}"),
        "text with a typo": lambda: SecretKey.parse(f"0x{TOO_LARGE:064x}"[:-1] + "g"),
        "registration": lambda: bls.registration(TOO_LARGE),
        "registrations": lambda: bls.registrations([1, 2, TOO_LARGE, 3]),
        "line": lambda: parse_secret_lines(f"{TEXT}\n{ADDRESS} 0x{TOO_LARGE:064x}\n"),
        "line of two secrets": lambda: parse_secret_lines(f"0x{TOO_LARGE:064x} {TEXT}"),
        "line of too many words": lambda: parse_secret_lines(f"0x{TOO_LARGE:064x} {ADDRESS} {TEXT}"),
    }.items(),
    ids=lambda item: item[0],
)
def test_error__about_a_secret__holds_it_neither_in_words_nor_in_locals(attempt):
    with pytest.raises(InputError) as caught:
        attempt[1]()
    collected = frames_of_ours(caught.value)
    for number in (TOO_LARGE, SECRET):
        assert not told(number, collected)
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None or caught.value.__suppress_context__


@pytest.mark.parametrize("secret", [0, -1, bls.GROUP_ORDER, TOO_LARGE])
def test_registration__secret_out_of_range__is_refused(secret):
    for attempt in (lambda: bls.registration(secret), lambda: SecretKey(secret)):
        with pytest.raises(InputError) as caught:
            attempt()
        assert set(caught.value.facts) == {"group_order"}


def test_registrations__one_out_of_range__is_named_by_its_place_before_anything_is_made():
    told_of = []
    with pytest.raises(InputError) as caught:
        bls.registrations([*range(1, 200), 0], progress=lambda *step: told_of.append(step))
    assert caught.value.facts["place"] == 199
    assert told_of == []


def test_registration__shown__holds_no_secret():
    assert not told(SECRET, repr(bls.registration(SECRET)))


@pytest.mark.parametrize(
    "text", ["", "0x", "12", TEXT[:-1], TEXT + "0", TEXT[2:], f" {TEXT}", f"{TEXT}\n", "0x" + "0" * 64]
)
def test_parse__anything_else__is_refused(text):
    with pytest.raises(InputError):
        SecretKey.parse(text)


def test_parse_secret_lines__keys_with_and_without_address__in_order():
    found = parse_secret_lines(f"# keys\n\n{TEXT}\r\n  {ADDRESS.lower()}\t{TEXT}  # the second\n")
    assert [entry.attester for entry in found] == [None, ADDRESS]
    assert [entry.secret.reveal() for entry in found] == [SECRET, SECRET]
    assert not told(SECRET, repr(found))


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (f"{TEXT}\n0x12\n", 2),
        (f"\n\n{ADDRESS}\n", 3),
        (f"{TEXT} {ADDRESS}", 1),
        (f"0x1234 {TEXT}", 1),
        (f"{ADDRESS} {ADDRESS} {TEXT}", 1),
        (f"{TEXT}, {TEXT}", 1),
    ],
)
def test_parse_secret_lines__something_else__names_the_line(text, line):
    with pytest.raises(InputError) as caught:
        parse_secret_lines(text)
    assert caught.value.facts["line"] == line


def test_parse_secret_lines__no_key_at_all__is_refused():
    with pytest.raises(InputError):
        parse_secret_lines("# nothing\n\n")
