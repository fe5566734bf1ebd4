"""Valid keystores, and every way in which this file knows to spoil one.

The node's own loader has judged each spoiled keystore once; ``core/keystore_verdicts.json`` holds what it said. To ask
another version of the node, with its npm packages in FOLDER:

    python tests/keystore_cases.py | node tests/keystore_verdicts.mjs FOLDER > tests/core/keystore_verdicts.json
"""

from __future__ import annotations

import copy
import json
import sys
from collections.abc import Callable, Iterator
from typing import Any

KEY_FILES = "/keystore-files"
"""Where the keystores say that their encrypted files are; the recorder puts the real folder in its place."""

# The keys are small numbers, and belong to nobody.
ETH = [f"0x{number:064x}" for number in range(1, 20)]
BLS = [f"0x{1000 + number:064x}" for number in range(20)]
ADDRESSES = [
    "0x7E5F4552091A69125d5DfCb7b8C2659029395Bdf",  # of the keys 1 to 4, by EIP-55
    "0x2B5AD5c4795c026514f8317c7a215E218DcCD6cF",
    "0x6813Eb9362372EEF6200f3b1dbC3f819671cBA69",
    "0x1efF47bc3a10a45D4B230B5d10E37751FE6AA718",
]
COINBASE = "0xA27EC0006e59f245217Ff08CD52A7E8b169E62D2"
FEES = f"0x{1:064x}"
SIGNER = "http://signer.example:9000"
MNEMONIC = "test test test test test test test test test test test junk"
PASSWORD = "correct horse"


def keys() -> dict[str, Any]:
    """Private keys everywhere."""
    return {
        "schemaVersion": 1,
        "validators": [
            {
                "attester": {"eth": ETH[0], "bls": BLS[0]},
                "publisher": [ETH[4], ETH[5]],
                "coinbase": COINBASE,
                "feeRecipient": FEES,
            },
            {
                "attester": {"eth": ETH[1], "bls": BLS[1]},
                "publisher": ETH[4],
                "coinbase": COINBASE,
                "feeRecipient": FEES,
            },
        ],
    }


def remote() -> dict[str, Any]:
    """A remote signer for all, one with a signer of its own, and one with a certificate."""
    return {
        "schemaVersion": 1,
        "remoteSigner": SIGNER,
        "validators": [
            {
                "attester": [
                    {"eth": ADDRESSES[0], "bls": BLS[0]},
                    {
                        "eth": {
                            "address": ADDRESSES[1],
                            "remoteSignerUrl": SIGNER,
                            "certPath": "/c",
                            "certPass": "p",
                        }
                    },
                ],
                "publisher": ADDRESSES[2],
                "feeRecipient": FEES,
                "remoteSigner": {"remoteSignerUrl": "https://other.example", "certPath": "/c"},
                "fundingAccount": ADDRESSES[3],
            }
        ],
        "fundingAccount": ETH[6],
    }


def mnemonic() -> dict[str, Any]:
    """Words in place of keys."""
    return {
        "schemaVersion": 1,
        "validators": [
            {
                "attester": {"mnemonic": MNEMONIC, "addressCount": 2, "accountIndex": 1},
                "publisher": {"mnemonic": MNEMONIC, "addressIndex": 9, "accountCount": 2},
                "feeRecipient": FEES,
            }
        ],
        "slasher": [ETH[7]],
        "prover": {"id": COINBASE, "publisher": [ETH[8], ETH[9]]},
    }


def second() -> dict[str, Any]:
    """Version 2, with defaults at the top."""
    return {
        "schemaVersion": 2,
        "publisher": [ETH[4]],
        "coinbase": COINBASE,
        "feeRecipient": FEES,
        "validators": [
            {"attester": [ETH[0], {"eth": ETH[1], "bls": BLS[1]}]},
            {"attester": ETH[2], "feeRecipient": FEES, "publisher": {"mnemonic": MNEMONIC}},
        ],
        "slasher": {"mnemonic": MNEMONIC},
        "prover": ETH[8],
    }


def prover() -> dict[str, Any]:
    """A prover alone."""
    return {"schemaVersion": 2, "prover": ADDRESSES[0], "remoteSigner": {"remoteSignerUrl": SIGNER}}


def encrypted() -> dict[str, Any]:
    """Encrypted files: one, and a folder of two."""
    return {
        "schemaVersion": 1,
        "validators": [
            {
                "attester": {
                    "eth": {"path": f"{KEY_FILES}/eth.json", "password": PASSWORD},
                    "bls": {"path": f"{KEY_FILES}/bls.json", "password": PASSWORD},
                },
                "publisher": {"path": f"{KEY_FILES}/many", "password": PASSWORD},
                "feeRecipient": FEES,
            }
        ],
    }


KEYSTORES: dict[str, Callable[[], dict[str, Any]]] = {
    "keys": keys,
    "remote": remote,
    "mnemonic": mnemonic,
    "second": second,
    "prover": prover,
    "encrypted": encrypted,
}

Path = tuple[str | int, ...]


def _text(change: Callable[[str], Any]) -> Callable[[Any], Any]:
    """A change of text; None for anything else."""
    return lambda value: change(value) if isinstance(value, str) else NotImplemented


def _object(change: Callable[[dict[str, Any]], Any]) -> Callable[[Any], Any]:
    return lambda value: change(copy.deepcopy(value)) if isinstance(value, dict) else NotImplemented


def _array(change: Callable[[list[Any]], Any]) -> Callable[[Any], Any]:
    return lambda value: change(copy.deepcopy(value)) if isinstance(value, list) else NotImplemented


def _flipped(text: str) -> str:
    """One letter of the other case, where a checksum would notice."""
    position = next((index for index, letter in enumerate(text[2:], 2) if letter.isalpha()), None)
    return text if position is None else text[:position] + text[position].swapcase() + text[position + 1 :]


REMOVED = object()

# How a value is spoiled, by name. The order is that of the recorded verdicts: add at the end, and record anew.
CHANGES: dict[str, Callable[[Any], Any]] = {
    "removed": lambda _: REMOVED,
    "null": lambda _: None,
    "number": lambda _: 7,
    "fraction": lambda _: 1.5,
    "negative": lambda _: -1,
    "huge": lambda _: 1 << 40,
    "true": lambda _: True,
    "empty text": lambda _: "",
    "word": lambda _: "word",
    "empty list": lambda _: [],
    "empty object": lambda _: {},
    "in a list": lambda value: [value],
    "in a list twice": lambda value: [value, value],
    "an address": lambda _: ADDRESSES[3],
    "zero address": lambda _: "0x" + "00" * 20,
    "a private key": lambda _: ETH[12],
    "zero key": lambda _: "0x" + "00" * 32,
    "largest word": lambda _: "0x" + "ff" * 32,
    "order of secp256k1": lambda _: "0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141",
    "order of BN254": lambda _: "0x30644e72e131a029b85045b68181585d2833e84879b9709143e1f593f0000001",
    "a URL": lambda _: "https://signer.example/path?token=1",
    "a strange URL": lambda _: "ftp://signer.example",
    "a broken URL": lambda _: "http://[::1",
    "a mnemonic": lambda _: {"mnemonic": MNEMONIC},
    "a signer's account": lambda _: {"address": ADDRESSES[3], "remoteSignerUrl": SIGNER},
    "an account without a signer": lambda _: {"address": ADDRESSES[3]},
    "an attester": lambda _: {"eth": ETH[12], "bls": BLS[12]},
    "bls alone": lambda _: {"bls": BLS[12]},
    "a missing file": lambda _: {"path": f"{KEY_FILES}/missing.json", "password": PASSWORD},
    "an encrypted file": lambda _: {"path": f"{KEY_FILES}/eth.json", "password": PASSWORD},
    "an encrypted BLS file": lambda _: {"path": f"{KEY_FILES}/bls.json", "password": PASSWORD},
    "a file without a password": lambda _: {"path": f"{KEY_FILES}/eth.json"},
    "a file with a wrong password": lambda _: {"path": f"{KEY_FILES}/eth.json", "password": "wrong"},
    "shorter": _text(lambda text: text[:-1]),
    "longer": _text(lambda text: text + "0"),
    "without its start": _text(lambda text: text[2:]),
    "0X": _text(lambda text: text.replace("0x", "0X")),
    "upper case": _text(lambda text: text[:2] + text[2:].upper()),
    "lower case": _text(str.lower),
    "one letter of the other case": _text(_flipped),
    "a space before it": _text(lambda text: " " + text),
    "a space behind it": _text(lambda text: text + " "),
    "a line feed behind it": _text(lambda text: text + "\n"),
    "not hex": _text(lambda text: text[:-1] + "g"),
    "two spaces": _text(lambda text: text.replace(" ", "  ", 1)),
    "a word less": _text(lambda text: text.rpartition(" ")[0]),
    "an unknown key": _object(lambda value: value | {"extra": 1}),
    "an unknown key of null": _object(lambda value: value | {"extra": None}),
    "a password": _object(lambda value: value | {"password": "p"}),
    "a publisher": _object(lambda value: value | {"publisher": ETH[13]}),
    "a coinbase": _object(lambda value: value | {"coinbase": COINBASE}),
    "a remote signer": _object(lambda value: value | {"remoteSigner": SIGNER}),
    "a prover": _object(lambda value: value | {"prover": ETH[13]}),
    "an address beside it": _object(lambda value: value | {"address": ADDRESSES[3]}),
    "a mnemonic beside it": _object(lambda value: value | {"mnemonic": MNEMONIC}),
    "a count of zero": _object(lambda value: value | {"addressCount": 0}),
    "an index too large": _object(lambda value: value | {"addressIndex": 1 << 31}),
    "an index of null": _object(lambda value: value | {"addressIndex": None}),
    "its first key misspelled": _object(
        lambda value: {f"{key}s" if key == next(iter(value)) else key: part for key, part in value.items()}
    ),
    "its keys reversed": _object(lambda value: dict(reversed(value.items()))),
    "its first item twice": _array(lambda value: value + value[:1]),
    "an item of null": _array(lambda value: [*value, None]),
    "an item that is a list": _array(lambda value: [*value, value[:1]]),
    "an item that is a mnemonic": _array(lambda value: [*value, {"mnemonic": MNEMONIC}]),
    "without its first item": _array(lambda value: value[1:]),
    "reversed": _array(lambda value: value[::-1]),
}


def paths(value: Any, path: Path = ()) -> Iterator[Path]:
    """Every place in a keystore, from the outside in."""
    yield path
    parts = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, part in parts:
        yield from paths(part, (*path, key))


def at(value: Any, path: Path) -> Any:
    """What stands at a place."""
    for key in path:
        value = value[key]
    return value


def changed(keystore: Any, path: Path, change: str) -> Any:
    """The keystore with one place spoiled; NotImplemented where that change fits nothing there."""
    new = CHANGES[change](at(keystore, path))
    if new is NotImplemented or not path:
        return NotImplemented if new is REMOVED else new
    result = copy.deepcopy(keystore)
    parent = at(result, path[:-1])
    if new is REMOVED:
        del parent[path[-1]]
    else:
        parent[path[-1]] = new
    return result


def told(path: Path) -> str:
    """A place as the table of verdicts names it."""
    return "/".join(map(str, path))


def spoiled() -> Iterator[tuple[str, Path, str, Any]]:
    """Every keystore with every place spoiled in every way: its name, the place, the change, and the result."""
    for name, make in KEYSTORES.items():
        for path in paths(make()):
            for change in CHANGES:
                result = changed(make(), path, change)
                if result is not NotImplemented:
                    yield name, path, change, result


# Files that are no keystore before anybody looks at what they say.
TEXTS: dict[str, Callable[[str], str]] = {
    "as it is": str,
    "empty": lambda _: "",
    "white space": lambda _: " \n",
    "byte order mark": lambda text: "\ufeff" + text,
    "trailing garbage": lambda text: text + "x",
    "trailing bracket": lambda text: text + "}",
    "two documents": lambda text: text + text,
    "cut off": lambda text: text[:-2],
    "cut in the middle": lambda text: text[: len(text) // 2],
    "a comma too many": lambda text: text.replace("}", ",}", 1),
    "single quotes": lambda text: text.replace('"', "'"),
    "a comment": lambda text: "// keys\n" + text,
    "a leading zero": lambda text: text.replace(": 1", ": 01", 1),
    "a plus sign": lambda text: text.replace(": 1", ": +1", 1),
    "a fraction that is whole": lambda text: text.replace(": 1", ": 1.0", 1),
    "NaN": lambda text: text.replace(": 1", ": NaN", 1),
    "a control character": lambda text: text.replace("0xA27", "0x\x01A27", 1),
    "an escape": lambda text: text.replace("0xA27", "\\u0030xA27", 1),
    "a bad escape": lambda text: text.replace("0xA27", "\\x30xA27", 1),
    "a form feed": lambda text: text.replace(": 1", ":\f1", 1),
    "carriage returns": lambda text: text.replace("\n", "\r\n"),
    "a key twice": lambda text: text.replace('"schemaVersion"', '"schemaVersion": 1, "schemaVersion"', 1),
    "an array": lambda text: f"[{text}]",
    "a number": lambda _: "1",
    "null": lambda _: "null",
    "deeply nested": lambda _: "[" * 5000 + "]" * 5000,
}


def _second(*attesters: str, **defaults: Any) -> dict[str, Any]:
    """Version 2, a validator for each attester."""
    return {"schemaVersion": 2, **defaults, "validators": [{"attester": attester} for attester in attesters]}


def _first(*attesters: Any, **more: Any) -> dict[str, Any]:
    """Version 1, one validator."""
    return {"schemaVersion": 1, "validators": [{"attester": list(attesters), "feeRecipient": FEES}], **more}


_FEES = {"feeRecipient": FEES}
OTHER_FEES = f"0x{2:064x}"

# What the node loads from a folder, in the order of the names.
SETS: dict[str, list[dict[str, Any]]] = {
    **{name: [make()] for name, make in KEYSTORES.items()},
    "two files": [_first(ETH[0]), _first(ETH[1])],
    "an attester in two files": [_first(ETH[0]), _first(ETH[1], ETH[0])],
    "an attester by key and by address": [_first(ETH[0]), _first(ADDRESSES[0], remoteSigner=SIGNER)],
    "an attester by key and by mnemonic": [
        _first("0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80"),
        {"schemaVersion": 1, "validators": [{"attester": {"mnemonic": MNEMONIC}, "feeRecipient": FEES}]},
    ],
    "versions 1 and 2": [_first(ETH[0]), _second(ETH[1], **_FEES)],
    "version 1 without validators, and 2": [
        {"schemaVersion": 1, "prover": ETH[8]},
        _second(ETH[1], **_FEES),
    ],
    "two provers": [_first(ETH[0], prover=ETH[8]), _first(ETH[1], prover=ETH[9])],
    "a default of one file": [_second(ETH[0], coinbase=COINBASE, **_FEES), _second(ETH[1], **_FEES)],
    "a default of the other file": [_second(ETH[0], **_FEES), _second(ETH[1], coinbase=COINBASE, **_FEES)],
    "conflicting coinbases": [
        _second(ETH[0], coinbase=COINBASE, **_FEES),
        _second(ETH[1], coinbase=ADDRESSES[3], **_FEES),
    ],
    "conflicting fee recipients": [_second(ETH[0], **_FEES), _second(ETH[1], feeRecipient=OTHER_FEES)],
    "publishers of two files": [
        _second(ETH[0], publisher=ETH[4], **_FEES),
        _second(ETH[1], publisher=[ETH[5]], **_FEES),
    ],
    "publishers, then a mnemonic": [
        _second(ETH[0], publisher=ETH[4], **_FEES),
        _second(ETH[1], publisher={"mnemonic": MNEMONIC}, **_FEES),
    ],
    "a mnemonic, then publishers": [
        _second(ETH[0], publisher={"mnemonic": MNEMONIC}, **_FEES),
        _second(ETH[1], publisher=ETH[4], **_FEES),
        _second(ETH[2], publisher=ETH[5], **_FEES),
    ],
    "a signer of the other file": [_first(ADDRESSES[0]), _first(ETH[1], remoteSigner=SIGNER)],
    "no signer": [_first(ADDRESSES[0]), _first(ETH[1])],
    "slashers of two files": [_first(ETH[0], slasher=ETH[7]), _first(ETH[1], slasher={"mnemonic": MNEMONIC})],
}


def main() -> None:
    """Print everything for the recorder, a JSON text a line."""
    text = json.dumps(keys(), indent=2)
    for name, change in TEXTS.items():
        print(json.dumps(["texts", "", name, change(text)]))
    for name, keystores in SETS.items():
        print(json.dumps(["sets", "", name, json.dumps(keystores)]))
    for name, path, change, result in spoiled():
        print(json.dumps([name, told(path), change, json.dumps(result)]))


if __name__ == "__main__":
    sys.exit(main())
