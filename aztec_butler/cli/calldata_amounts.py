"""Amounts of tokens that somebody typed, with the token that they are of."""

from typing import Annotated, Any

from aztec_butler.cli.session import Session
from aztec_butler.core.calldata.tokens import AZTEC, TokenAmount, parse_amount
from aztec_butler.core.errors import InputError
from aztec_butler.core.networks import PRESETS

Amount = Annotated[TokenAmount, parse_amount, "AMOUNT"]


def is_staking_asset(session: Session, block: int | str, token: str | None, amount: TokenAmount) -> bool:
    """Whether an amount is of the staking asset, whose decimals are known.

    The chain is asked only where the answer matters: where an amount in tokens is of a token that was named.

    Args:
        session: the settings.
        block: the chain is asked at this block.
        token: what was named; None stands for the staking asset.
        amount: as it was written.

    Raises:
        InputError: an amount in tokens, of a token whose decimals nobody knows.
        NodeError: the node failed.
    """
    if token is None:
        return True
    known = AZTEC.get(PRESETS[session.settings.network].chain_id)
    if token == known:
        return True
    if not amount.in_tokens:
        return False
    if session.settings.l1 is not None:
        with session.connect(block) as network:
            known = network.at(block).deployment.staking_asset
        if token == known:
            return True
    shown: dict[str, Any] = {"token": token, "staking_asset": known or "not known without a node: --l1 URL"}
    raise InputError(
        "tokens of 18 decimals are meant, and this one may have others: it is not the staking asset",
        hint='give the amount in the smallest unit of the token: "1500000 wei" is 1.5 of a token with 6 decimals',
        **shown,
    )
