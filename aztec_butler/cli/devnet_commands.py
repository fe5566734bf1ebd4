"""The commands that start a chain of their own: it carries the real contracts, and ends with the command."""

import signal
import time
from contextlib import ExitStack
from enum import StrEnum
from typing import TYPE_CHECKING

from aztec_butler.cli.command import command

if TYPE_CHECKING:
    from pathlib import Path

    from aztec_butler.core.settings import Settings
    from aztec_butler.devnet import Devnet

_LOOK_SECONDS = 2.0
"""How often a devnet in the foreground is looked at."""


class Preset(StrEnum):
    """Parameters of a deployment."""

    SMALL = "small"
    MAINNET = "mainnet"


@command(renders=False)
def up(
    *,
    preset: Preset = Preset.SMALL,
    port: int = 8545,
    mine_every_seconds: int | None = None,
    quiet: bool = False,
) -> None:
    """Start a local chain with the real Aztec contracts, and keep it until Ctrl-C.

    The first run fetches anvil and the contracts. While it runs, `--network devnet` finds it without further options.

    Args:
        preset: small has short delays and low thresholds, mainnet those of mainnet.
        port: to listen on, on this machine only; 0 takes a free one.
        mine_every_seconds: mine a block each time so many seconds have passed; else only when something is sent.
        quiet: print nothing but errors.

    Examples:
        aztec-butler devnet up
        aztec-butler devnet up --preset mainnet --port 0
    """
    _serve(preset, port, mine_every_seconds, scale=None, quiet=quiet)


@command(renders=False)
def season(
    *,
    scale: int = 1,
    port: int = 8545,
    mine_every_seconds: int | None = None,
    quiet: bool = False,
) -> None:
    """As devnet up, after a season of staking: every state that an attester can be in occurs.

    Args:
        scale: multiplies the number of attesters.
        port: to listen on, on this machine only; 0 takes a free one.
        mine_every_seconds: mine a block each time so many seconds have passed; else only when something is sent.
        quiet: print nothing but errors.

    Examples:
        aztec-butler devnet season
        aztec-butler devnet season --scale 10 --port 0
    """
    _serve(Preset.SMALL, port, mine_every_seconds, scale=scale, quiet=quiet)


@command(renders=False)
def demo(*, scale: int = 1, quiet: bool = False) -> None:
    """Play a season of staking on a local chain with the real contracts, and print what this program sees.

    Needs no node and no settings. The first run fetches anvil and the contracts.

    Args:
        scale: multiplies the number of attesters.
        quiet: no progress bar.

    Examples:
        aztec-butler demo
        aztec-butler demo --scale 4
    """
    from aztec_butler.cli.demonstration import lines_of_season
    from aztec_butler.cli.progress import Bar
    from aztec_butler.devnet import SMALL, Devnet
    from aztec_butler.devnet.season import play_season
    from aztec_butler.network import connect

    with ExitStack() as stack:
        with Bar(quiet=quiet) as bar:
            folder = _cache_folder(_settings())
            devnet = stack.enter_context(Devnet.start(SMALL, cache_folder=folder, report=bar.tell))
            play_season(devnet, scale=scale, progress=bar.step)
        network = connect(
            "devnet",
            l1=devnet.url,
            registry=devnet.addresses["registry"],
            staking_registry=devnet.addresses["staking_registry"],
            first_block=0,
            progress=False,
        )
        stack.enter_context(network)
        for line in lines_of_season(network.snapshot()):
            print(line)


def _settings() -> "Settings":
    from aztec_butler.store.settings_files import read_settings

    return read_settings({"network": "devnet"})


def _cache_folder(settings: "Settings") -> "Path | None":
    from pathlib import Path

    return None if settings.cache_dir is None else Path(settings.cache_dir)


def _serve(
    preset: Preset, port: int, mine_every_seconds: int | None, *, scale: int | None, quiet: bool
) -> None:
    """Keep a devnet until Ctrl-C, or until the process is asked to end."""
    from pathlib import Path

    from aztec_butler.cli.progress import Bar
    from aztec_butler.devnet import PRESETS, AnvilOptions, Devnet
    from aztec_butler.devnet.season import play_season
    from aztec_butler.store.running_devnet import written_down

    settings = _settings()
    # Ended by a service manager it stops as cleanly as by Ctrl-C.
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with ExitStack() as stack:
            options = AnvilOptions(port=port, mine_every_seconds=mine_every_seconds)
            with Bar(quiet=quiet) as bar:
                devnet = stack.enter_context(
                    Devnet.start(
                        PRESETS[preset.value],
                        options=options,
                        cache_folder=_cache_folder(settings),
                        report=bar.tell,
                    )
                )
                if scale is not None:
                    play_season(devnet, scale=scale, progress=bar.step)
            known: dict[str, str | int] = {
                "network": "devnet",
                "l1": devnet.url,
                "registry": devnet.addresses["registry"],
                "staking_registry": devnet.addresses["staking_registry"],
                "first_block": 0,
            }
            assert settings.state_dir is not None, "the machine's default"
            stack.enter_context(written_down(Path(settings.state_dir), known))
            if not quiet:
                print(_how_to_connect(devnet), flush=True)
            while True:
                time.sleep(_LOOK_SECONDS)
                devnet.rpc.call("eth_chainId")  # a chain that died is an error, not a silence
    except KeyboardInterrupt:
        return  # the way to end it
    finally:
        signal.signal(signal.SIGTERM, before)


def _how_to_connect(devnet: "Devnet") -> str:
    registry, staking_registry = devnet.addresses["registry"], devnet.addresses["staking_registry"]
    return f"""\
The real Aztec contracts are at {devnet.url} (chain {devnet.chain_id}).

  registry          {registry}
  staking registry  {staking_registry}
  rollup            {devnet.addresses["rollup"]}

In another terminal:

  aztec-butler attesters --network devnet

In Python:

  import aztec_butler as ab
  net = ab.connect("devnet", l1="{devnet.url}", registry="{registry}",
                   staking_registry="{staking_registry}")

Ctrl-C ends the chain, and nothing of it is kept."""
