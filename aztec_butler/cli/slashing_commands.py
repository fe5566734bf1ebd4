"""The commands about slashing by vote: rounds, votes, tallies, and what slashes would do."""

from typing import Annotated

from aztec_butler.cli.answer import Answer
from aztec_butler.cli.command import command, parse_whole
from aztec_butler.cli.session import Session, connection, pinned
from aztec_butler.core.hexes import parse_address
from aztec_butler.core.units import parse_tokens

Block = int | str


def _addresses(text: str) -> tuple[str, ...]:
    """Addresses between commas."""
    return tuple(parse_address(part.strip()) for part in text.split(",") if part.strip())


@command(connection, pinned)
def rounds(  # noqa: D417 - what groups of options give is not the caller's
    session: Session, block: Block, *, last: int | None = None
) -> Answer:
    """Rounds of slashing votes: how far each is, who is condemned to what, what blocks it, what it took.

    Args:
        last: only so many of the newest rounds of each slasher.

    Examples:
        aztec-butler slashing rounds
        aztec-butler slashing rounds --last 5 --format json
    """
    from aztec_butler.core.slashing_round_rows import SlashingRound

    with session.connect(block) as network:
        records = network.slashing_records()
        found = records.rounds(last)
    return Answer(
        rows=found,
        row_type=SlashingRound,
        stamp=records.snapshot.block,
        facts={"network": network.name, "chain_id": network.chain_id},
        essential=(
            "round",
            *(("rollup_version",) if len({each.rollup_version for each in found}) > 1 else ()),
            "state",
            "votes",
            "quorum",
            "condemned",
            "tally_wei",
            "slashed_wei",
            "executable_at",
            "expires_at",
            "blocked_because",
            "rollup_version",
        ),
    )


@command(connection, pinned)
def votes(  # noqa: D417 - as above
    session: Session,
    block: Block,
    number: Annotated[int, parse_whole, "ROUND"],
    *,
    rollup_version: int | None = None,
) -> Answer:
    """What each vote of a round asks for whom, in the order in which they were cast.

    Args:
        number: the round.
        rollup_version: of the rollup; the canonical one if left away.

    Examples:
        aztec-butler slashing votes 812
        aztec-butler slashing votes 812 --format csv
    """
    from aztec_butler.core.slashing_tally import CastVote

    with session.connect(block) as network:
        records = network.slashing_records()
        found = records.votes(number, rollup_version)
    return Answer(
        rows=found,
        row_type=CastVote,
        stamp=records.snapshot.block,
        facts={"network": network.name, "chain_id": network.chain_id},
        essential=("slot", "voter", "attester", "amount_wei", "epoch"),
        notes=() if found else ("no vote of this round asks for a slash",),
    )


@command(connection, pinned)
def tally(  # noqa: D417 - as above
    session: Session,
    block: Block,
    number: Annotated[int, parse_whole, "ROUND"],
    *,
    rollup_version: int | None = None,
) -> Answer:
    """Whom the votes of a round accuse, how many votes are missing, and what a quorum takes.

    Args:
        number: the round.
        rollup_version: of the rollup; the canonical one if left away.

    Examples:
        aztec-butler slashing tally 812
        aztec-butler slashing tally 812 --format json
    """
    from aztec_butler.core.slashing_tally import Accusation

    with session.connect(block) as network:
        records = network.slashing_records()
        found = records.tally(number, rollup_version)
    condemned = sum(each.units > 0 for each in found)
    return Answer(
        rows=found,
        row_type=Accusation,
        stamp=records.snapshot.block,
        facts={"network": network.name, "chain_id": network.chain_id},
        essential=("attester", "votes", "quorum", "votes_missing", "amount_wei", "epoch", "seat"),
        notes=(f"{condemned} of {len(found)} accused seats have a quorum against them",),
    )


@command(connection, pinned)
def what_if(  # noqa: D417 - as above
    session: Session,
    block: Block,
    *,
    units: int = 1,
    amount: Annotated[int, parse_tokens, "AMOUNT"] | None = None,
    slashes: int = 1,
    attesters: Annotated[tuple[str, ...], _addresses, "ADDRESS,..."] | None = None,
) -> Answer:
    """What slashes would take from everybody in the set, and whom they would eject.

    Args:
        units: what each slash asks for: 1 for the small, 2 for the medium, 3 for the large amount.
        amount: what each asks for, in AZTEC, in place of units.
        slashes: how many in a row each attester gets.
        attesters: whom; everybody in the set if left away.

    Examples:
        aztec-butler slashing what-if
        aztec-butler slashing what-if --units 3 --slashes 2 --format csv
        aztec-butler slashing what-if --amount 10000 --attesters 0x00000000000000000000000000000000000000aa
    """
    from aztec_butler.core.slashing_what_if import SlashWhatIf

    with session.connect(block) as network:
        records = network.slashing_records()
        found = records.what_if(units=units, amount_wei=amount, slashes=slashes, attesters=attesters)
    ejected = sum(each.is_ejected for each in found)
    return Answer(
        rows=found,
        row_type=SlashWhatIf,
        stamp=records.snapshot.block,
        facts={"network": network.name, "chain_id": network.chain_id},
        essential=(
            "attester",
            "is_ejected",
            "headroom_wei",
            "ejecting_slash",
            "slashed_wei",
            "stake_after_wei",
            "exit_after_wei",
            "provider_id",
        ),
        notes=(f"{ejected} of {len(found)} attesters would be ejected",),
    )
