"""The commands around a chain of one's own, which carries the real contracts."""

from enum import StrEnum
from typing import TYPE_CHECKING

from aztec_butler.cli.command import command

if TYPE_CHECKING:
    from pathlib import Path


class Preset(StrEnum):
    """Parameters of a deployment."""

    SMALL = "small"
    MAINNET = "mainnet"


@command(renders=False)
def up(
    *,
    preset: Preset = Preset.SMALL,
    port: int = 8545,
    season: bool = False,
    scale: int = 1,
    quiet: bool = False,
) -> None:
    """Start a local chain with the real Aztec contracts, and keep it until Ctrl-C.

    The first run fetches anvil and the contracts. While it runs, `--network devnet` finds it without further options.

    Args:
        preset: small has short delays and low thresholds, mainnet those of mainnet.
        port: to listen on, on this machine only; 0 takes a free one.
        season: play a season of staking on it first.
        scale: multiplies the number of attesters of the season.
        quiet: print nothing but errors.

    Examples:
        aztec-butler devnet up
        aztec-butler devnet up --season --port 0
        aztec-butler devnet up --preset mainnet
    """
    from aztec_butler.cli.progress import Bar
    from aztec_butler.devnet import PRESETS, session_up

    def report(line: str) -> None:
        if not quiet:
            print(line, flush=True)

    with Bar(quiet=quiet) as bar:
        session_up.up(
            PRESETS[preset.value],
            season=season,
            scale=scale,
            port=port,
            cache_folder=_cache_folder(),
            report=report,
            progress=bar.step,
        )


@command(renders=False)
def season(*, scale: int = 1, quiet: bool = False) -> None:
    """Play a season of staking on the devnet of another terminal: every state of an attester occurs.

    Args:
        scale: multiplies the number of attesters.
        quiet: print nothing but errors.

    Examples:
        aztec-butler devnet season
        aztec-butler devnet season --scale 10
    """
    from aztec_butler.cli.progress import Bar
    from aztec_butler.devnet.season import play_season
    from aztec_butler.devnet.session import read_session
    from aztec_butler.devnet.session_attached import attach

    with attach(read_session()) as devnet:
        with Bar(quiet=quiet) as bar:
            played = play_season(devnet, scale=scale, progress=bar.step)
        if not quiet:
            print(f"a season of {len(played.attesters)} attesters was played on {devnet.url}:")
            for story, attesters in played.stories.items():
                print(f"  {len(attesters):>4}  {story.value}")


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
    from contextlib import ExitStack

    from aztec_butler.cli.demonstration import lines_of_season
    from aztec_butler.cli.progress import Bar
    from aztec_butler.devnet import SMALL, Devnet
    from aztec_butler.devnet.season import play_season
    from aztec_butler.network import connect

    with ExitStack() as stack:
        with Bar(quiet=quiet) as bar:
            devnet = stack.enter_context(Devnet.start(SMALL, cache_folder=_cache_folder(), report=bar.tell))
            play_season(devnet, scale=scale, progress=bar.step)
        network = connect(
            "devnet",
            l1=devnet.url,
            registry=devnet.addresses["registry"],
            staking_registry=devnet.addresses["staking_registry"],
            first_block=0,
            event_store=False,
            progress=False,
        )
        stack.enter_context(network)
        for line in lines_of_season(network.snapshot()):
            print(line)


def _cache_folder() -> "Path":
    """Where fetched packages lie, by the settings of the devnet."""
    from pathlib import Path

    from aztec_butler.store.settings_files import read_settings

    settings = read_settings({"network": "devnet"})
    assert settings.cache_dir is not None, "the machine's default"
    return Path(settings.cache_dir)
