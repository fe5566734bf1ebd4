"""Making a connection: presets, endpoints, and the first question to a node."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

import attrs

from aztec_butler.clients.blocks import TAGS, parse_block
from aztec_butler.clients.rpc import Rpc
from aztec_butler.clients.snapshot import Progress
from aztec_butler.core.errors import NotFoundError, SettingsError
from aztec_butler.core.hexes import parse_address
from aztec_butler.core.networks import DEVNET, NetworkPreset, preset
from aztec_butler.network.connection import Connection
from aztec_butler.network.network import Network

if TYPE_CHECKING:
    from pathlib import Path

    from aztec_butler.clients.aztec_node import AztecNode


def connect(
    network: str = "mainnet",
    *,
    l1: str | Sequence[str] | None = None,
    l2: str | None = None,
    registry: str | None = None,
    staking_registry: str | None = None,
    first_block: int | None = None,
    block: int | str = "latest",
    requests_per_second: float | None = None,
    timeout_seconds: float = 30.0,
    event_store: str | Path | Literal[False] | None = None,
    progress: Progress | bool = True,
) -> Network:
    """Connect to a network.

    Args:
        network: a preset: ``mainnet``, ``testnet`` or ``devnet``. What follows takes precedence over the preset.
        l1: URL of an Ethereum node; several are used in order, with failover. For ``devnet`` the one that
            ``aztec-butler devnet up`` runs on this machine is found by itself.
        l2: URL of an Aztec node; needed for ``.node`` only.
        registry: the Registry, from which the other contracts are found.
        staking_registry: the StakingRegistry, which nothing else leads to.
        first_block: a block before which no staking event lies.
        block: the block that questions are asked at: a number or a hash pins it, ``latest`` is resolved at each
            question.
        requests_per_second: limit for each endpoint.
        timeout_seconds: for each request.
        event_store: where final events are kept, so that a second question reads the disk: a folder, an address that
            fsspec knows (``s3://...``), or False to keep nothing. None for what ``AZTEC_BUTLER_EVENT_STORE`` names, else
            the user's cache directory.
        progress: a function told about long reads, True for a progress bar, False for silence.

    >>> net = connect("mainnet", l1="https://ethereum.example/v3/key")  # doctest: +SKIP

    Raises:
        SettingsError: an unknown preset, no endpoint, or one that is on another chain.
        InputError: an address or block that is none.
        NodeError: no endpoint answered.
    """
    settings = _settings(
        network, registry=registry, staking_registry=staking_registry, first_block=first_block
    )
    block_name = parse_block(block)
    endpoints = (
        [l1] if isinstance(l1, str) else list(l1 or _running_devnet(settings) or settings.l1_endpoints)
    )
    if not endpoints:
        raise SettingsError(
            "an Ethereum node is needed",
            hint=f'connect("{network}", l1="https://...")',
            network=network,
        )
    rpc = Rpc(
        endpoints,
        chain_id=settings.chain_id,
        requests_per_second=requests_per_second,
        timeout_seconds=timeout_seconds,
    )
    connection = Connection(
        rpc,
        settings=settings,
        node=_node(l2 or settings.l2_endpoint),
        progress=_progress(progress),
        event_place=event_store,
    )
    net = Network(connection, block_name)
    try:
        rpc.call("eth_chainId")  # a wrong or dead endpoint shows now, not at the first question
        return net if block_name in TAGS else net.at(block_name)
    except BaseException:
        rpc.close()
        raise


def _settings(network: str, **changes: Any) -> NetworkPreset:
    settings = preset(network)
    given = {name: value for name, value in changes.items() if value is not None}
    for name in ("registry", "staking_registry"):
        if name in given:
            given[name] = parse_address(given[name])
    if "registry" in given and given["registry"] != settings.registry:
        # Another deployment on the same chain: nothing else of the preset holds for it.
        given = {"staking_registry": None, "first_block": None} | given
    return attrs.evolve(settings, **given)


def _running_devnet(settings: NetworkPreset) -> Sequence[str]:
    """Where ``devnet up`` listens on this machine; nowhere for other networks, or when none runs."""
    if settings.name != DEVNET.name:
        return ()
    from aztec_butler.devnet.session import read_session

    try:
        return (read_session().url,)
    except NotFoundError:
        return ()


def _node(url: str | None) -> AztecNode | None:
    if url is None:
        return None
    from aztec_butler.clients.aztec_node import AztecNode

    return AztecNode(url)


def _progress(wanted: Progress | bool) -> Progress | None:
    if callable(wanted):
        return wanted
    if not wanted:
        return None
    from aztec_butler.notebook.progress import ProgressBars

    return ProgressBars()
