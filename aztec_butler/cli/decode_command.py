"""The command that reads bytes. It asks nobody."""

from typing import Annotated

from aztec_butler.cli.answer import Answer
from aztec_butler.cli.columns import render_text
from aztec_butler.cli.command import command
from aztec_butler.core.decoding import Decoded, DecodedValue, decode_bytes
from aztec_butler.core.hexes import parse_bytes


def _words(text: str) -> tuple[bytes, ...]:
    """32-byte words between commas."""
    return tuple(parse_bytes(part.strip(), size=32) for part in text.split(",") if part.strip())


@command()
def decode(
    content: Annotated[bytes, parse_bytes, "HEX"],
    *,
    topics: Annotated[tuple[bytes, ...], _words, "HEX,..."] = (),
    data: Annotated[bytes, parse_bytes, "HEX"] | None = None,
) -> Answer:
    """Calldata, revert data or a log of a known contract, to names and values; asks no node.

    Args:
        content: calldata or revert data, or the first topic of a log.
        topics: the other topics of a log, with commas between them.
        data: the data of a log.

    Examples:
        aztec-butler decode 0x30ccebb500000000000000000000000000000000000000000000000000000000000000aa
        aztec-butler decode 0x4ed05e9673c26d2ed44f7ef6a7f2942df0ee3b5e1e17db4b99f9dcd261a339cd
    """
    decoded = decode_bytes(content, topics=topics, data=data)
    return Answer(
        rows=decoded.values,
        row_type=DecodedValue,
        facts={
            "kind": decoded.kind,
            "signature": decoded.signature,
            "contracts": decoded.roles,
            "meaning": decoded.meaning,
        },
        lines=_lines(decoded),
    )


def _lines(decoded: Decoded) -> tuple[str, ...]:
    owners = f" of {', '.join(decoded.roles)}" if decoded.roles else ""
    lines = [f"{decoded.kind.value} {decoded.signature}{owners}"]
    longest = max((len(value.name) for value in decoded.values), default=0)
    lines += [f"  {value.name:<{longest}}  {render_text(value.value)}" for value in decoded.values]
    if decoded.meaning is not None:
        lines.append(f"  meaning: {decoded.meaning}")
    return tuple(lines)
