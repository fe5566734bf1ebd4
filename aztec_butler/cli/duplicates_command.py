"""The command that tells whether keys are known already, anywhere."""

from typing import Annotated

from aztec_butler.cli.answer import Answer
from aztec_butler.cli.calldata_files import read_registrations
from aztec_butler.cli.command import command
from aztec_butler.cli.session import Session, connection, pinned
from aztec_butler.core.errors import CheckFailed

Block = int | str


@command(connection, pinned)
def check_duplicates(  # noqa: D417 - what groups of options give is not the caller's
    session: Session, block: Block, file: Annotated[str, str, "FILE"]
) -> Answer:
    """Whether keys are known already: in any provider's queue, in an entry queue, in the GSE, on a rollup, in the file.

    An address and a BLS key enter the set once, on all rollups together: keys of attesters that have left are found,
    too. Exit code 5 when one is known; 3 when the endpoint fails, for then nothing is known. `calldata add-keys`,
    `calldata deposit`, `attester register` and `attester deposit` look the same way before they build anything.

    Args:
        file: registrations as JSON, as `keys register` and `keystore public` write them; nothing secret.

    Examples:
        aztec-butler keys check-duplicates registrations.json
        aztec-butler keys check-duplicates registrations.json --block finalized --format json
    """
    from aztec_butler.clients.known_keys import fetch_known_keys
    from aztec_butler.core.known_keys import KnownKey, as_candidates

    candidates = as_candidates(read_registrations(file))
    with session.connect(block) as network:
        snapshot = network.snapshot()
        found = fetch_known_keys(network.multicall, snapshot.deployment, snapshot.block, candidates)
    taken = len({each.position for each in found})
    return Answer(
        rows=found,
        row_type=KnownKey,
        stamp=snapshot.block,
        facts={"network": network.name, "chain_id": network.chain_id, "keys": len(candidates)},
        essential=("attester", "finding", "known_by", "position"),
        notes=(f"{len(candidates) - taken} of {len(candidates)} keys are new",),
        failure=CheckFailed("keys that are known already", known=taken, of=len(candidates))
        if taken
        else None,
    )
