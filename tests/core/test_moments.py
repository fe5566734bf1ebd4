"""Blocks, times and distances as people write them."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone

import numpy as np
import pandas as pd
import pytest

from aztec_butler.core.errors import InputError
from aztec_butler.core.moments import Apart, AtBlock, AtTime, parse_moment

HASH = "0x" + "aB" * 32
JUNE = 1_780_272_000  # 2026-06-01T00:00:00Z, by `date -u -d 2026-06-01 +%s`


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        (17, AtBlock(17)),
        (np.int64(17), AtBlock(17)),
        ("17", AtBlock(17)),
        ("0x11", AtBlock(17)),
        ("24_000_000", AtBlock(24_000_000)),
        (" latest ", AtBlock("latest")),
        ("finalized", AtBlock("finalized")),
        (HASH, AtBlock(HASH.lower())),
        ("2026-06-01", AtTime(JUNE)),
        ("2026-06-01T12:30", AtTime(JUNE + 45_000)),
        ("2026-06-01 12:30:05Z", AtTime(JUNE + 45_005)),
        ("2026-06-01T02:00+02:00", AtTime(JUNE)),
        (date(2026, 6, 1), AtTime(JUNE)),
        (datetime(2026, 6, 1), AtTime(JUNE)),  # noqa: DTZ001
        (datetime(2026, 6, 1, 1, tzinfo=timezone(timedelta(hours=1))), AtTime(JUNE)),
        (pd.Timestamp(JUNE, unit="s", tz=UTC), AtTime(JUNE)),
        ("90s", Apart(90)),
        ("30m", Apart(1_800)),
        ("12h", Apart(43_200)),
        ("7d", Apart(604_800)),
        ("2w", Apart(1_209_600)),
        (timedelta(days=7), Apart(604_800)),
    ],
    ids=str,
)
def test_parse__what_people_write(text, moment):
    assert parse_moment(text) == moment


@pytest.mark.parametrize(
    "text",
    [
        *[
            "",
            "yesterday",
            "pending",
            "-1",
            -1,
            "7 d",
            "d",
            "7y",
            "1.5d",
            "1e3",
            "0xzz",
            HASH + "0",
            HASH[:-1],
        ],
        *["2026-13-01", "2026-06-01T25:00", "1969-12-31", "2026-06-01T00:00:00.5", timedelta(-1)],
        *[True, 1.5, None],
    ],
    ids=repr,
)
def test_parse__anything_else__is_refused(text):
    with pytest.raises(InputError):
        parse_moment(text)
