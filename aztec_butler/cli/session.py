"""The options that say which network is asked, through which node, at which block; and the asking."""

import sys
from functools import cached_property
from typing import TYPE_CHECKING, Annotated

import attrs

from aztec_butler.core.errors import NotFoundError, SettingsError

if TYPE_CHECKING:
    from aztec_butler.clients.aztec_node import AztecNode
    from aztec_butler.clients.rpc import Rpc
    from aztec_butler.core.setting_layers import Layer
    from aztec_butler.core.settings import Settings
    from aztec_butler.network import Network


@attrs.define(slots=False)
class Session:
    """The settings of this run, read when first needed, and what is connected with them."""

    flags: dict[str, object]
    config: str | None
    quiet: bool

    @cached_property
    def settings(self) -> "Settings":
        """The merged settings.

        Raises:
            SettingsError: with every problem there is.
        """
        from aztec_butler.store.settings_files import read_settings

        return read_settings(self.flags, config=self.config, found=running_devnet)

    def connect(self, block: int | str = "latest") -> "Network":
        """The network, pinned to a block; long reads show a progress bar where somebody watches.

        Args:
            block: number, or one of the words a block can be named with.

        Raises:
            SettingsError: no L1 endpoint is set, or what the settings name is not there.
            NodeError: the node failed.
        """
        from aztec_butler.network import connect

        settings = self.settings
        if settings.registry is None:
            raise SettingsError(
                "the address of the Registry is not known",
                hint="start one with `aztec-butler devnet up`, or give --registry ADDRESS and --staking-registry ADDRESS",
                network=settings.network,
            )
        return connect(
            settings.network,
            l1=self.l1,
            registry=settings.registry,
            staking_registry=settings.staking_registry,
            first_block=settings.first_block,
            requests_per_second=settings.requests_per_second,
            timeout_seconds=settings.timeout_seconds,
            event_store=None if self.is_default("event_store") else settings.event_store,
            block=block,
            progress=not self.quiet and sys.stderr.isatty(),
        )

    def is_preset(self, setting: str) -> bool:
        """Whether a setting is the network's own, chosen by nobody."""
        return self.settings.sources[setting].startswith("preset")

    def is_default(self, setting: str) -> bool:
        """Whether a setting is what it is without anybody's doing."""
        return self.settings.sources[setting] == "default"

    @property
    def l1(self) -> tuple[str, ...]:
        """The L1 endpoints.

        Raises:
            SettingsError: none is set.
        """
        if self.settings.l1 is None:
            raise SettingsError(
                "no L1 endpoint is set",
                hint='--l1 URL, AZTEC_BUTLER_L1=URL, or l1 = "URL" in the settings file;'
                " without a node of your own, `aztec-butler demo` needs none",
                network=self.settings.network,
            )
        return self.settings.l1

    def open_rpc(self) -> "Rpc":
        """The door to L1 alone, for commands that need no contracts."""
        from aztec_butler.clients.rpc import Rpc
        from aztec_butler.core.networks import PRESETS

        settings = self.settings
        return Rpc(
            self.l1,
            chain_id=PRESETS[settings.network].chain_id,
            requests_per_second=settings.requests_per_second,
            timeout_seconds=settings.timeout_seconds,
        )

    def open_node(self) -> "AztecNode":
        """The Aztec node.

        Raises:
            SettingsError: none is set.
        """
        from aztec_butler.clients.aztec_node import AztecNode

        settings = self.settings
        if settings.l2 is None:
            raise SettingsError(
                "no Aztec node is set",
                hint='--l2 URL, AZTEC_BUTLER_L2=URL, or l2 = "URL" in the settings file',
                network=settings.network,
            )
        return AztecNode(
            settings.l2,
            admin_url=settings.l2_admin,
            admin_key=settings.l2_admin_key,
            timeout_seconds=settings.timeout_seconds,
        )


def running_devnet(network: str) -> "Layer | None":
    """The devnet of another terminal, which no preset can know; None for other networks, or when none runs."""
    if network != "devnet":
        return None
    from aztec_butler.core.setting_layers import Layer, Origin
    from aztec_butler.devnet.session import read_session

    try:
        running = read_session()
    except NotFoundError:
        return None
    values: dict[str, object] = {
        "l1": running.url,
        "registry": running.registry,
        "staking_registry": running.staking_registry,
        "first_block": running.first_block,
    }
    return Layer(Origin.RUNNING, values, network)


def connection(
    *,
    network: Annotated[str, str, "NAME"] | None = None,
    l1: Annotated[str, str, "URL"] | None = None,
    l2: Annotated[str, str, "URL"] | None = None,
    registry: Annotated[str, str, "ADDRESS"] | None = None,
    staking_registry: Annotated[str, str, "ADDRESS"] | None = None,
    first_block: Annotated[str, str, "N"] | None = None,
    requests_per_second: Annotated[str, str, "N"] | None = None,
    timeout_seconds: Annotated[str, str, "N"] | None = None,
    event_store: Annotated[str, str, "PLACE"] | None = None,
    config: Annotated[str, str, "PATH"] | None = None,
    quiet: bool = False,
) -> Session:
    """Settings.

    Args:
        network: mainnet, testnet or devnet; mainnet unless the environment or the settings file says otherwise.
        l1: Ethereum JSON-RPC; several URLs, separated by commas, stand in for each other.
        l2: an Aztec node's JSON-RPC.
        registry: the Registry contract, for a network that is not known.
        staking_registry: the StakingRegistry contract, likewise.
        first_block: no staking event lies before this L1 block.
        requests_per_second: ask L1 no oftener than this.
        timeout_seconds: how long one answer may take.
        event_store: where events that were read are kept: a folder, an address that fsspec knows, or none.
        config: the settings file to read.
        quiet: no progress bar.
    """
    # Texts, because they are checked together with the other sources: every problem is reported at once.
    flags: dict[str, object] = {
        "network": network,
        "l1": l1,
        "l2": l2,
        "registry": registry,
        "staking_registry": staking_registry,
        "first_block": first_block,
        "requests_per_second": requests_per_second,
        "timeout_seconds": timeout_seconds,
        "event_store": event_store,
    }
    return Session({name: value for name, value in flags.items() if value is not None}, config, quiet)


def _parse_block(text: str) -> int | str:
    from aztec_butler.clients.blocks import parse_block

    return parse_block(text)


def pinned(*, block: Annotated[int | str, _parse_block, "BLOCK"] = "latest") -> int | str:
    """Block.

    Args:
        block: pin the answer to this block: a number (decimal or 0x hex), a hash, latest, safe or finalized.
    """
    return block
