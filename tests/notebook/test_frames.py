"""Records to DataFrames: exact amounts, tz-aware times, the same columns with and without rows."""

from __future__ import annotations

import datetime as dt
from enum import StrEnum

import attrs
import pandas as pd
import pytest

from aztec_butler.core import rows
from aztec_butler.core.records import unit
from aztec_butler.notebook.frames import to_frame


class Colour(StrEnum):
    RED = "red"
    BLUE = "blue"


@attrs.frozen(kw_only=True)
class Sample:
    name: str
    colour: Colour
    count: int
    share: float
    is_new: bool
    stake_wei: int = unit("wei")
    seen_at: int | None = unit("s")
    provider_id: int | None
    owner: str | None
    lost_wei: int | None = unit("wei")


def sample(**changes):
    whole = Sample(
        name="a",
        colour=Colour.BLUE,
        count=3,
        share=0.25,
        is_new=True,
        stake_wei=9 * 10**18,
        seen_at=1_700_000_000,
        provider_id=7,
        owner="0xab",
        lost_wei=1,
    )
    return attrs.evolve(whole, **changes)


def test_to_frame__amounts__stay_exact_when_summed():
    # Four of these are more than an int64 holds; pandas would wrap around silently.
    frame = to_frame([sample(stake_wei=9 * 10**18 + 1)] * 4, Sample)
    assert frame.stake_wei.dtype == object
    assert frame.stake_wei.sum() == 36 * 10**18 + 4
    assert frame.stake_aztec.tolist() == [9.0] * 4


def test_to_frame__largest_amount__is_not_rounded():
    assert to_frame([sample(stake_wei=2**256 - 1)], Sample).stake_wei[0] == 2**256 - 1


def test_to_frame__columns__are_the_fields_in_order_with_floats_beside_amounts():
    assert list(to_frame([sample()], Sample)) == [
        "name",
        "colour",
        "count",
        "share",
        "is_new",
        "stake_wei",
        "stake_aztec",
        "seen_at",
        "provider_id",
        "owner",
        "lost_wei",
        "lost_aztec",
    ]


def test_to_frame__times__are_utc():
    frame = to_frame([sample()], Sample)
    assert frame.seen_at[0] == dt.datetime(2023, 11, 14, 22, 13, 20, tzinfo=dt.UTC)


def test_to_frame__what_is_absent__stays_absent_and_no_zero():
    frame = to_frame([sample(seen_at=None, provider_id=None, owner=None, lost_wei=None), sample()], Sample)
    assert frame.loc[0, ["seen_at", "provider_id", "owner", "lost_wei", "lost_aztec"]].isna().all()
    assert frame.loc[1].notna().all()
    assert frame.provider_id[1] == 7


def test_to_frame__no_rows__same_columns_and_dtypes():
    empty, full = to_frame([], Sample), to_frame([sample()], Sample)
    assert empty.dtypes.to_dict() == full.dtypes.to_dict()
    assert len(empty) == 0


def test_to_frame__enums__are_categories_with_every_value():
    assert list(to_frame([sample()], Sample).colour.cat.categories) == ["red", "blue"]


def test_to_frame__facts__are_in_attrs():
    assert to_frame([], Sample, facts={"block": 5}).attrs == {"block": 5}


@pytest.mark.parametrize(
    "row_type", [r for r in vars(rows).values() if attrs.has(r) and r.__module__ == rows.__name__]
)
def test_to_frame__every_public_row_type__has_a_column_type(row_type):
    frame = to_frame([], row_type)
    assert {field.name for field in attrs.fields(row_type)} <= set(frame)
    for name in frame:
        if name.endswith("_wei"):
            assert frame[name].dtype == object
        if name.endswith("_at"):
            assert isinstance(frame[name].dtype, pd.DatetimeTZDtype)
