"""The command that looks whether an operator's machines answer."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated

from aztec_butler.cli.answer import Answer
from aztec_butler.cli.columns import render_text
from aztec_butler.cli.command import command
from aztec_butler.cli.safe_inputs import chain_id_of, read_named
from aztec_butler.cli.session import Session, connection
from aztec_butler.core.checks import Check, Outcome
from aztec_butler.core.errors import CheckFailed

_SECONDS = 10.0


@command(connection)
def check(  # noqa: D417 - what groups of options give is not the caller's
    session: Session, file: Annotated[str, str, "FILE"]
) -> Answer:
    """Whether hosts answer: DNS, the peer-to-peer port, the RPC of Aztec and Ethereum nodes; all at once.

    The file is TOML or JSON: a list `hosts`, each with a `name` and any of `address`, `p2p_port`, `aztec` (a URL) and
    `ethereum` (URLs). Nodes must follow the network's chain and keep up with it. Exit code 5 when anything failed.

    Args:
        file: names the hosts; .json is JSON, anything else TOML.

    Examples:
        aztec-butler hosts check hosts.toml
        aztec-butler hosts check hosts.json --network testnet --timeout-seconds 3 --format json
    """
    from aztec_butler.clients.host_checks import check_hosts
    from aztec_butler.core.hosts import read_hosts
    from aztec_butler.core.networks import PRESETS

    is_json = Path(file).suffix.lower() == ".json"
    hosts = read_named(file, lambda content: read_hosts(content, is_json=is_json))
    settings = session.settings
    # The usual patience is for long reads.
    seconds = _SECONDS if settings.sources["timeout_seconds"] == "default" else settings.timeout_seconds
    checks = check_hosts(
        hosts,
        chain_id=chain_id_of(session),
        block_seconds=PRESETS[settings.network].block_seconds,
        timeout_seconds=seconds,
    )
    failing = {found.subject for found in checks if found.outcome is Outcome.FAIL}
    failure = CheckFailed(f"{len(failing)} of {len(hosts)} hosts failed") if failing else None
    shown = [host.name for host in hosts if not session.quiet or host.name in failing]
    return Answer(
        rows=checks,
        row_type=Check,
        facts={"network": settings.network},
        lines=tuple(_lines(shown, checks)),
        failure=failure,
    )


def _lines(names: Sequence[str], checks: Sequence[Check]) -> Iterator[str]:
    """A verdict for each host, and below it what was looked at."""
    width = max((len(check.check) for check in checks), default=0)
    for name in names:
        own = [check for check in checks if check.subject == name]
        worst = max(own, key=lambda check: list(Outcome).index(check.outcome), default=None)
        yield f"{name}: {Outcome.OK.value if worst is None else worst.outcome.value}"
        for check in own:
            yield f"  {check.outcome.value:<4}  {check.check:<{width}}  {render_text(check.finding)}"
            if check.remedy is not None:
                yield f"        {'':<{width}}  -> {render_text(check.remedy)}"
