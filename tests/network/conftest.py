"""A devnet with a little of everything, and connections to it."""

from __future__ import annotations

from contextlib import ExitStack

import pytest
import requests
from web3 import HTTPProvider, Web3

from aztec_butler import connect
from aztec_butler.devnet.season_keys import attester_keys, wallet
from aztec_butler.devnet.staking_moves import Deposit, StakingMoves

TOKEN = 10**18
VALIDATING = tuple(range(6))
WAITING = (6, 7, 8)
LISTED = (9, 10, 11)
LEAVING, EJECTED, REPEATED = 0, 1, 2


def address(number: int) -> str:
    return attester_keys(number).address


def populate(devnet) -> None:
    """Six enter directly, one of them leaves, one is ejected; two wait with a provider, one repeats, one key is left."""
    moves = StakingMoves(devnet, devnet.rollups[-1])
    direct = [
        Deposit(keys=attester_keys(n), withdrawer=wallet(f"owner {n}"), moves=n % 2 == 0) for n in VALIDATING
    ]
    moves.deposit(direct)
    moves.flush_all()
    moves.slash(address(3), 1_000 * TOKEN)
    moves.leave(address(LEAVING), wallet("recipient"))
    moves.slash(address(EJECTED), 60_000 * TOKEN)
    registry = devnet.contract("staking_registry")
    registry.send(
        "registerProvider", wallet("admin"), 1_000, wallet("provider rewards"), sender=wallet("admin")
    )
    keys = [attester_keys(n).key_store for n in LISTED]
    registry.send("addKeysToProvider", 1, keys, sender=wallet("admin"))
    staker = wallet("staker")
    moves.fund([staker, staker], registry.address)
    for _ in range(2):
        registry.send(
            "stake",
            1,
            moves.version,
            wallet("withdrawer"),
            1_000,
            wallet("staker rewards"),
            True,
            sender=staker,
        )
    moves.deposit([Deposit(keys=attester_keys(REPEATED), withdrawer=wallet("late"))])
    moves.deposit([Deposit(keys=attester_keys(n), withdrawer=wallet("late")) for n in WAITING])


@pytest.fixture
def populated(devnet):
    populate(devnet)
    return devnet


@pytest.fixture
def plain(devnet):
    """Contracts through plain web3, its own connection and the official ABI: ``plain("rollup").getStatus(...).call()``."""
    with requests.Session() as session:
        w3 = Web3(HTTPProvider(devnet.url, session=session))

        def functions(role, at=None):
            contract = devnet.contract(role)
            return w3.eth.contract(address=at or contract.address, abi=contract.compiled.abi).functions

        functions.w3 = w3
        yield functions


@pytest.fixture
def connected(populated):
    """A factory of connections to the populated devnet: ``connected()``, ``connected(l1=..., block=...)``."""
    with ExitStack() as stack:

        def make(**options):
            addresses = populated.addresses
            given = {
                "l1": populated.url,
                "registry": addresses["registry"],
                "staking_registry": addresses["staking_registry"],
                "progress": False,
            }
            return stack.enter_context(connect("devnet", **(given | options)))

        yield make
