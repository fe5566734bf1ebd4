"""Playing the season: its progress, its refusals, its repetition."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import attrs
import pytest

from aztec_butler.core.errors import InputError
from aztec_butler.devnet import MAINNET, SMALL, Devnet
from aztec_butler.devnet.season import STEPS, Season, Story, play_season, sentence_of

pytestmark = [pytest.mark.devnet, pytest.mark.xdist_group("season_play")]


@pytest.fixture(scope="module")
def told() -> list[tuple[int, int, str]]:
    """What the progress of the season was."""
    return []


@pytest.fixture(scope="module")
def played(cache_folder: Path | None, told: list[Any]) -> Iterator[tuple[Devnet, Season]]:
    with Devnet.start(SMALL, cache_folder=cache_folder) as devnet:
        yield devnet, play_season(devnet, progress=lambda *step: told.append(step))


@pytest.fixture(scope="module")
def devnet(played: tuple[Devnet, Season]) -> Devnet:
    return played[0]


@pytest.fixture(scope="module")
def season(played: tuple[Devnet, Season]) -> Season:
    return played[1]


def test_play_season__progress__tells_each_step_once(
    season: Season, told: list[tuple[int, int, str]]
) -> None:
    assert [done for done, _, _ in told] == list(range(len(STEPS) + 1))
    assert {total for _, total, _ in told} == {len(STEPS)}
    sentences = [sentence_of(step) for step in STEPS]
    assert [sentence for _, _, sentence in told][:-1] == sentences
    for sentence in sentences:
        assert sentence == sentence.strip()
        assert "\n" not in sentence
        assert sentence.endswith(".")


def test_play_season__a_second_time__is_refused(devnet: Devnet, season: Season) -> None:
    with pytest.raises(InputError, match="fresh chain"):
        play_season(devnet)


def test_play_season__no_crowd__is_refused(devnet: Devnet) -> None:
    with pytest.raises(InputError, match="at least scale 1"):
        play_season(devnet, scale=0)


def test_play_season__with_the_parameters_of_mainnet__is_refused(start_devnet: Callable[..., Devnet]) -> None:
    with pytest.raises(InputError, match="small committee") as raised:
        play_season(start_devnet(MAINNET))
    assert raised.value.facts["target_committee_size"] == 48


def test_play_season__with_a_bootstrap__waits_for_nobody(
    start_devnet: Callable[..., Devnet], season: Season
) -> None:
    queue = attrs.evolve(
        SMALL.rollup.staking_queue_config, bootstrap_validator_set_size=12, bootstrap_flush_size=12
    )
    other = play_season(start_devnet(SMALL.with_rollup(staking_queue_config=queue)))
    assert {story: len(each) for story, each in other.stories.items()} == {
        story: len(each) for story, each in season.stories.items()
    }


def test_play_season__twice_from_the_start__ends_with_the_same_block(
    devnet: Devnet, season: Season, cache_folder: Path | None
) -> None:
    latest = ("eth_getBlockByNumber", "latest", False)
    wanted = season, devnet.rpc.call(*latest)["hash"]
    found = []
    # On a machine that is very busy anvil may wake late and be told again to mine, which makes a block more; then
    # committees are others, too. That does not happen three times in a row.
    for _ in range(3):
        with Devnet.start(SMALL, cache_folder=cache_folder) as other:
            found.append((play_season(other), other.rpc.call(*latest)["hash"]))
        if found[-1] == wanted:
            break
    assert wanted in found


def test_play_season__larger_crowd__multiplies_the_queue(season: Season, cache_folder: Path | None) -> None:
    with Devnet.start(SMALL, cache_folder=cache_folder) as larger:
        crowd = play_season(larger, scale=2)
    assert len(crowd.attesters) > 1.8 * len(season.attesters)
    assert len(crowd.stories[Story.QUEUED]) > 1.8 * len(season.stories[Story.QUEUED])
