"""The commands about one provider: which ids an admin has, and everything about one of them."""

from typing import TYPE_CHECKING, Annotated

from aztec_butler.cli.answer import Answer
from aztec_butler.cli.columns import columns_of
from aztec_butler.cli.command import command, parse_whole
from aztec_butler.cli.session import Session, connection, pinned
from aztec_butler.core.hexes import parse_address

if TYPE_CHECKING:
    from aztec_butler.core.provider_details import ProviderDetails

Block = int | str


@command(connection, pinned)
def provider_id(  # noqa: D417 - what groups of options give is not the caller's
    session: Session, block: Block, admin: Annotated[str, parse_address, "ADMIN"]
) -> Answer:
    """The ids of the providers that an address rules; exit code 4 when it rules none.

    Args:
        admin: the provider's admin, often a Safe.

    Examples:
        aztec-butler provider-id 0x00000000000000000000000000000000000000aa
        aztec-butler provider-id 0x00000000000000000000000000000000000000aa --format json
    """
    from aztec_butler.clients.providers import fetch_provider_ids
    from aztec_butler.core.provider_details import ProviderAdmin

    with session.connect(block) as network:
        snapshot = network.snapshot()
        found = fetch_provider_ids(network.multicall, snapshot, admin)
    return Answer(
        rows=found,
        row_type=ProviderAdmin,
        stamp=snapshot.block,
        facts={"network": network.name, "chain_id": network.chain_id},
        essential=("provider_id", "keys_queued", "take_rate_bps", "admin"),
    )


@command(connection, pinned)
def show(  # noqa: D417 - as above
    session: Session,
    block: Block,
    provider_id: Annotated[int, parse_whole, "PROVIDER_ID"],
    *,
    keys: int = 5,
) -> Answer:
    """One provider: its terms, its admin and the next one, its delegations and stake, its keys and how long they last.

    The next keys of its queue are looked for everywhere else: whoever is given a key that is known already gets a
    refund after the whole wait. How long the keys last goes by the stakes of the last four weeks, and is unknown when
    there were none; `queue runway` tells other windows.

    Args:
        provider_id: the provider's id.
        keys: how many of the next keys to look at.

    Examples:
        aztec-butler provider show 7
        aztec-butler provider show 7 --keys 20 --format json
    """
    from aztec_butler.clients.providers import fetch_provider_details
    from aztec_butler.core.calls import check_uint
    from aztec_butler.core.provider_details import ProviderDetails

    count = check_uint("keys", keys)
    with session.connect(block) as network:
        snapshot = network.snapshot()
        found = fetch_provider_details(network.multicall, snapshot, provider_id, shown_keys=count)
    bad = sum(key.trouble is not None for key in found.next_keys)
    return Answer(
        rows=(found,),
        row_type=ProviderDetails,
        stamp=snapshot.block,
        facts={"network": network.name, "chain_id": network.chain_id},
        is_single=True,
        lines=_lines(found),
        notes=(f"{bad} of the next {len(found.next_keys)} keys are known elsewhere",) if bad else (),
    )


def _lines(found: "ProviderDetails") -> tuple[str, ...]:
    """The provider for the eyes: a line for each fact, then its next keys."""
    from aztec_butler.cli.table import render_record, render_table
    from aztec_butler.core.provider_details import NextKey

    columns = [column for column in columns_of(type(found)) if column.name != "next_keys"]
    lines = list(render_record(columns, found))
    if found.next_keys:
        lines += ["", "next keys", *render_table(columns_of(NextKey), found.next_keys).lines]
    return tuple(lines)
