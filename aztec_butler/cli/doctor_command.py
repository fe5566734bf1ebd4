"""The command that looks whether everything this program needs is there."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import attrs

from aztec_butler.cli.answer import Answer
from aztec_butler.cli.columns import render_text
from aztec_butler.cli.command import command
from aztec_butler.cli.session import Session, connection
from aztec_butler.core.checks import Check, Outcome, failed_by
from aztec_butler.core.errors import CheckFailed, SettingsError

if TYPE_CHECKING:
    from aztec_butler.clients.l1_checks import Expected
    from aztec_butler.clients.rpc import Rpc


@command(connection)
def doctor(session: Session) -> Answer:
    """Check the endpoints, the contracts and the Aztec node; say what is wrong, and how to mend it.

    Each L1 endpoint must answer, be on the right chain, keep up, have the contracts, and remember: how far back it
    knows the state decides which --block works, and a node that has silently dropped old logs would make tables
    shorter. Exit code 5 when anything failed.

    Examples:
        aztec-butler doctor
        aztec-butler doctor --l1 https://one.example/KEY,https://two.example --format json
    """
    checks = tuple(_checks(session))
    failed = sum(check.outcome is Outcome.FAIL for check in checks)
    failure = CheckFailed(f"{failed} of {len(checks)} checks failed") if failed else None
    shown = [check for check in checks if not session.quiet or check.outcome is not Outcome.OK]
    return Answer(
        rows=checks,
        row_type=Check,
        facts={"network": session.settings.network},
        lines=_lines(shown),
        failure=failure,
    )


def _checks(session: Session) -> Iterator[Check]:
    from aztec_butler.clients.l1_checks import Expected, check_endpoint
    from aztec_butler.clients.policy import RetryPolicy
    from aztec_butler.clients.rpc import Rpc
    from aztec_butler.core.networks import PRESETS

    settings = session.settings
    preset = PRESETS[settings.network]
    expected = Expected(
        chain_id=preset.chain_id,
        block_seconds=preset.block_seconds,
        registry=settings.registry,
        staking_registry=settings.staking_registry,
        first_block=settings.first_block,
    )
    usable: list[Rpc] = []
    try:
        endpoints = session.l1
    except SettingsError as error:
        yield failed_by(error, subject="L1", check="settings")
        endpoints = ()
    try:
        for endpoint in endpoints:
            rpc = Rpc(
                endpoint,
                policy=RetryPolicy(rounds=2),
                requests_per_second=settings.requests_per_second,
                timeout_seconds=settings.timeout_seconds,
            )
            checks = list(check_endpoint(rpc, expected))
            yield from checks
            if any(check.check == "chain" and check.outcome is Outcome.OK for check in checks):
                usable.append(rpc)
            else:
                rpc.close()
        yield from _check_node(session, expected, usable[0] if usable else None)
    finally:
        for rpc in usable:
            rpc.close()


def _check_node(session: Session, expected: "Expected", rpc: "Rpc | None") -> Iterator[Check]:
    from aztec_butler.clients.node_checks import check_node

    settings = session.settings
    if settings.l2 is None:
        return
    with session.open_node() as node:
        checks = check_node(
            node,
            chain_id=expected.chain_id,
            rpc=rpc,
            registry=expected.registry,
            has_admin=settings.l2_admin is not None,
        )
        for check in checks:
            if session.is_preset("l2") and check.outcome is Outcome.FAIL:
                # A public node that nobody chose: what it cannot do is no fault of this installation.
                yield attrs.evolve(check, outcome=Outcome.WARN)
            else:
                yield check


def _lines(checks: list[Check]) -> tuple[str, ...]:
    """A line per check, and below it what to do."""
    subjects = max((len(check.subject) for check in checks), default=0)
    names = max((len(check.check) for check in checks), default=0)
    lines: list[str] = []
    for check in checks:
        head = f"{check.outcome.value:<4}  {check.subject:<{subjects}}  {check.check:<{names}}"
        lines.append(f"{head}  {render_text(check.finding)}")
        if check.remedy is not None:
            lines.append(f"      {'':<{subjects}}  {'':<{names}}  -> {render_text(check.remedy)}")
    return tuple(lines)
