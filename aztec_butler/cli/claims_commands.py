"""The command that tells which rewards are worth claiming."""

from decimal import Decimal, InvalidOperation
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from aztec_butler.cli.answer import Answer
from aztec_butler.cli.columns import columns_of
from aztec_butler.cli.command import command
from aztec_butler.cli.session import Session, connection, pinned
from aztec_butler.core.claims import Claim, evaluate_claims
from aztec_butler.core.errors import InputError, SettingsError
from aztec_butler.core.hexes import parse_address
from aztec_butler.core.units import parse_tokens, render_tokens

if TYPE_CHECKING:
    from aztec_butler.clients.multicall import Multicall
    from aztec_butler.clients.rpc import Rpc
    from aztec_butler.core.records import BlockStamp

_GWEI = 10**9


def _addresses(text: str) -> tuple[str, ...]:
    return tuple(parse_address(part.strip()) for part in text.split(",") if part.strip())


def _paths(text: str) -> tuple[Path, ...]:
    return tuple(Path(part.strip()).expanduser() for part in text.split(",") if part.strip())


def _gwei(text: str) -> int:
    """Gwei as people write them, to wei."""
    try:
        wei = Decimal(text.strip()) * _GWEI
    except InvalidOperation:
        raise InputError("expected a gas price in gwei", value=text) from None
    if not wei.is_finite() or wei < 0 or wei != wei.to_integral_value():
        raise InputError("a gas price in gwei has nine decimals at most and is not negative", value=text)
    return int(wei)


@command(connection, pinned)
def evaluate(  # noqa: D417 - what groups of options give is not the caller's
    session: Session,
    block: int | str,
    *coinbases: Annotated[tuple[str, ...], _addresses, "COINBASE"],
    price: Annotated[int, parse_tokens, "ETH"] | None = None,
    pool: Annotated[str, str, "FEE:SPACING"] | None = None,
    state_view: Annotated[str, parse_address, "ADDRESS"] | None = None,
    gas_price: Annotated[int, _gwei, "GWEI"] | None = None,
    margin_bps: int = 0,
    keystores: Annotated[tuple[Path, ...], _paths, "PATH,..."] = (),
) -> Answer:
    """Which coinbases' rewards are worth claiming at a gas price, over every rollup version.

    The gas of each claim is the node's estimate for it alone; a split's payout to its recipients comes on top. The
    break-even gas price is the highest at which the claim brings more than it costs. Nothing is claimed:
    `aztec-butler calldata claim-sequencer-rewards` builds the call.

    Args:
        coinbases: whose rewards, with spaces or commas between them.
        price: of one AZTEC in ETH, e.g. 0.0000123.
        pool: read the price from the Uniswap v4 pool of ETH and AZTEC with this fee and tick spacing instead, e.g.
            3000:60, with :HOOKS behind it where it has some. A price of one moment, good for an estimate.
        state_view: Uniswap's StateView, where it is not the network's known one.
        gas_price: in gwei; what the node asks for now if not given.
        margin_bps: by how much the value must exceed the cost, in basis points of the cost.
        keystores: files or folders as the node loads them; their coinbases are added.

    Examples:
        aztec-butler claims evaluate 0x00000000000000000000000000000000000000aa --price 0.0000123 --gas-price 1.5
        aztec-butler claims evaluate --keystores /var/lib/aztec/keystore --pool 3000:60 --format json
    """
    if (price is None) == (pool is None):
        raise InputError("one price is needed", hint="give --price ETH or --pool FEE:SPACING")
    wanted = [coinbase for group in coinbases for coinbase in group]
    if keystores:
        wanted += _coinbases_of(keystores)
    if not wanted:
        raise InputError("no coinbase is named", hint="give addresses, or --keystores PATH")
    from aztec_butler.clients.blocks import fetch_block
    from aztec_butler.clients.claims import fetch_pending_rewards
    from aztec_butler.clients.discovery import fetch_deployment
    from aztec_butler.clients.multicall import Multicall

    settings = session.settings
    if settings.registry is None:
        raise SettingsError("the address of the Registry is not known", hint="--registry ADDRESS")
    with session.open_rpc() as rpc:
        stamp, _ = fetch_block(rpc, block)
        multicall = Multicall(rpc)
        deployment = fetch_deployment(
            multicall,
            chain_id=rpc.chain_id or 0,
            registry=settings.registry,
            staking_registry=settings.staking_registry,
            first_block=settings.first_block,
            block=stamp,
        )
        worth = (
            Fraction(price, 10**18)
            if price is not None
            else _pool_price(rpc, multicall, pool or "", deployment.staking_asset, state_view, stamp)
        )
        cost = gas_price if gas_price is not None else int(rpc.call("eth_gasPrice"), 16)
        pending = fetch_pending_rewards(
            rpc,
            multicall,
            rollups=deployment.rollups,
            coinbases=list(dict.fromkeys(wanted)),
            block=stamp,
        )
    claims = evaluate_claims(pending, price=worth, gas_price_wei=cost, margin_bps=margin_bps)
    return _answer(claims, session, stamp, price=worth, gas_price_wei=cost)


def _answer(
    claims: tuple[Claim, ...], session: Session, stamp: "BlockStamp", *, price: Fraction, gas_price_wei: int
) -> Answer:
    good = [claim for claim in claims if claim.is_worth]
    price_wei = 10**18 * price.numerator // price.denominator
    net = sum(claim.net_wei or 0 for claim in good)
    shown_price = (
        f"{Decimal(gas_price_wei) / _GWEI} gwei and {render_tokens(price_wei, decimals=12)} ETH for one AZTEC"
    )
    note = f"{len(good)} of {len(claims)} are worth claiming, {render_tokens(net, decimals=6)} ETH in all, at {shown_price}"
    return Answer(
        rows=claims,
        row_type=Claim,
        stamp=stamp,
        facts={
            "network": session.settings.network,
            "price_wei": str(price_wei),
            "gas_price_wei": str(gas_price_wei),
            "worth_claiming": len(good),
            "net_wei": str(net),
        },
        essential=tuple(
            column.name for column in columns_of(Claim) if column.name not in ("rollup", "gas", "cost_wei")
        ),
        notes=(note,),
    )


def _pool_price(
    rpc: "Rpc", multicall: "Multicall", pool: str, token: str, state_view: str | None, stamp: "BlockStamp"
) -> Fraction:
    from aztec_butler.clients.pools import fetch_pool_price
    from aztec_butler.core.pools import STATE_VIEWS, parse_pool

    place = state_view or STATE_VIEWS.get(rpc.chain_id or 0)
    if place is None:
        raise SettingsError(
            "Uniswap's StateView is not known on this chain",
            hint="--state-view ADDRESS, or the price with --price",
            chain_id=rpc.chain_id,
        )
    return fetch_pool_price(multicall, parse_pool(pool, token), state_view=place, block=stamp)


def _coinbases_of(paths: tuple[Path, ...]) -> list[str]:
    from aztec_butler.core.keystores.faults import refuse
    from aztec_butler.core.keystores.public import coinbases_of
    from aztec_butler.store.keystores import check_keystores

    checked, _ = check_keystores(paths)
    # What hides accounts must not make the answer one about fewer.
    refuse(checked.findings)
    found = list(dict.fromkeys(coinbases_of(checked.public).values()))
    if not found:
        raise InputError(
            "these keystores name no coinbase that is known",
            hint="`aztec-butler keystore check` tells what is wrong with them",
            keystores=", ".join(map(str, paths)),
        )
    return found
