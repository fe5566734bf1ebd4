"""Names that somebody may have meant."""

import pytest

from aztec_butler.core.spelling import did_you_mean


@pytest.mark.parametrize(
    ("word", "hint"),
    [
        ("getStatsu", "did you mean getStatus?"),
        ("GETSTATUS", "did you mean getStatus?"),
        ("zzz", None),
        ("", None),
    ],
)
def test_did_you_mean__word__finds_what_is_near(word, hint):
    assert did_you_mean(word, ["getStatus", "owner"]) == hint


def test_did_you_mean__several_near__names_the_nearest_first():
    assert did_you_mean("slasher", ["slashers", "slash", "getSlasher"]).startswith(
        "did you mean slashers or "
    )
