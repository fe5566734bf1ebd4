"""Which format a request wants."""

from __future__ import annotations

import pytest

from aztec_butler.serving.site import accepts_gzip, prefers_openmetrics


@pytest.mark.parametrize("header", ["", ";;;", "q=1", "gzip;q=x", "gzip;;q=0.2", ",,,", "a;q=9999"])
def test_negotiation__of_nonsense__does_not_fail(header):
    assert isinstance(accepts_gzip(header), bool)
    assert prefers_openmetrics(header) is False
