"""The command that tells whether rewards go where they should."""

from pathlib import Path
from typing import Annotated

from aztec_butler.cli.answer import Answer
from aztec_butler.cli.command import command
from aztec_butler.cli.keystore_inputs import (
    KeyFileOptions,
    key_files,
    parse_path,
    parse_paths,
    read_all,
    read_text,
)
from aztec_butler.cli.session import Session, connection, pinned
from aztec_butler.core.errors import CheckFailed, InputError
from aztec_butler.core.hexes import parse_address
from aztec_butler.core.keystores.coinbase_policy import CoinbasePolicy


@command(connection, pinned, key_files)
def check(  # noqa: D417 - what groups of options give is not the caller's
    session: Session,
    block: int | str,
    options: KeyFileOptions,
    *paths: Annotated[tuple[Path, ...], parse_paths, "PATH"],
    coinbases: Annotated[Path, parse_path, "PATH"] | None = None,
    policy: CoinbasePolicy = CoinbasePolicy.SPLIT,
    wallet: Annotated[str, parse_address, "ADDRESS"] | None = None,
    overrides: Annotated[Path, parse_path, "PATH"] | None = None,
    provider_id: int | None = None,
) -> Answer:
    """Whether the rewards of attesters go where they should, the missing coinbases first, the soonest needed on top.

    An attester without a coinbase is its own: its rewards go past the split, to an address whose key lies in the
    keystore. Exit code 5 when one that earns rewards or will is missing, wrong, or in nothing that was named.
    `keystore set-coinbase` mends keystores; nothing is written here.

    Args:
        paths: keystores, files and folders of which the node loads every .json file.
        coinbases: in place of keystores a JSON object of coinbases by attester, null for none; nothing secret.
        policy: split expects the split of the attester's delegation to the provider, wallet one address for all, keep
            nothing but what the overrides say.
        wallet: the address of the policy wallet.
        overrides: a JSON object of coinbases by attester, which win over the policy.
        provider_id: the provider whose delegations count, needed by the policy split; its attesters that earn rewards
            or will are looked at even if they are in none of the files.

    Examples:
        aztec-butler coinbase check /var/lib/aztec/keystore --provider-id 7
        aztec-butler coinbase check --coinbases coinbases.json --provider-id 7 --format json
        aztec-butler coinbase check keystore --policy wallet --wallet 0x00000000000000000000000000000000000000aa
    """
    from aztec_butler.core.coinbase_check import (
        PROBLEMS,
        CoinbaseFinding,
        check_coinbases,
        check_question,
        configured_coinbases,
        read_coinbases,
    )
    from aztec_butler.core.keystores.coinbase_policy import read_overrides

    if bool(paths) == (coinbases is not None):
        raise InputError("either keystores or --coinbases say what is configured")
    exceptions = None if overrides is None else read_overrides(read_text(overrides))
    configured = (
        configured_coinbases(options.check(read_all(paths)))
        if coinbases is None
        else read_coinbases(read_text(coinbases))
    )
    # Before the chain is asked: what is wrong with the words must not cost a read of it.
    check_question(configured, policy, wallet=wallet, overrides=exceptions, provider_id=provider_id)
    with session.connect(block) as network:
        snapshot = network.snapshot()
        found = check_coinbases(
            snapshot.state, configured, policy, wallet=wallet, overrides=exceptions, provider_id=provider_id
        )
    bad = sum(finding.verdict in PROBLEMS for finding in found)
    return Answer(
        rows=found,
        row_type=CoinbaseFinding,
        stamp=snapshot.block,
        facts={"network": network.name, "chain_id": network.chain_id},
        essential=(
            "verdict",
            "attester",
            "activates_in_seconds",
            "lifecycle",
            "configured",
            "expected",
            "reason",
        ),
        notes=(f"{len(found) - bad} of {len(found)} attesters are in order",),
        failure=CheckFailed("coinbases that are not in order", attesters=bad) if bad else None,
    )
