"""Cards of single records: what they say, and that nothing in them becomes markup."""

from __future__ import annotations

from html.parser import HTMLParser

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aztec_butler.core import calldata
from aztec_butler.core.calls import Call
from aztec_butler.core.cards import badge, card, escaped, preformatted, record_card, shown
from aztec_butler.core.contracts.reverts import RevertReason
from aztec_butler.core.lifecycle import Lifecycle
from aztec_butler.core.provider_details import NextKey, ProviderDetails
from aztec_butler.core.records import BlockStamp, Status
from aztec_butler.core.rows import Attester
from aztec_butler.core.simulation import SimulatedCall, Simulation, Verdict

ADDRESS = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"
HOSTILE = "<script>alert(1)</script><img src=x onerror='alert(2)'>\"&amp;\u202e\x1b[31m"


class Tags(HTMLParser):
    """Tags and text as a browser finds them."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[str] = []
        self.text = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        self.attributes += [name for name, _ in attributes]

    def handle_data(self, data):
        self.text += data


HARMLESS = {"div", "table", "tr", "th", "td", "span", "code", "pre", "details", "summary", "br"}


def assert_harmless(html: str) -> Tags:
    found = Tags(html)
    assert set(found.tags) <= HARMLESS
    assert set(found.attributes) <= {"style", "scope"}
    assert "\u202e" not in html
    assert "\x1b" not in html
    return found


def attester(**changes) -> Attester:
    values = {
        "attester": ADDRESS,
        "lifecycle": Lifecycle.VALIDATING,
        "status": Status.VALIDATING,
        "rollup_version": 1,
        "moves_with_latest_rollup": True,
        "stake_wei": 199_999 * 10**18 + 1,
        "exit_amount_wei": 0,
        "withdrawer": ADDRESS,
        "provider_id": 12_345,
        "coinbase": None,
        "staker": None,
        "queue_position": None,
        "activated_block": 24_000_000,
    }
    return Attester(**values | changes)


def simulation(reason: RevertReason | None, verdict: Verdict, **changes) -> Simulation:
    simulated = SimulatedCall(
        call=Call(to=ADDRESS, data=b"", summary=HOSTILE),
        verdict=verdict,
        gas=None if reason else 21_000,
        returned=b"",
        events=(),
        balance_changes=(),
        revert=reason,
    )
    values = {
        "block": BlockStamp(number=7, hash="0x", timestamp=1_700_000_000, is_finalized=True),
        "sender": ADDRESS,
        "at": 1_700_000_012,
        "is_sequence": True,
        "calls": (simulated,),
    }
    return Simulation(**values | changes)


def test_attester__as_a_card__says_everything_with_units():
    text = Tags(attester()._repr_html_()).text
    assert f"Attester {ADDRESS}" in text
    assert "validating" in text
    assert "199,999.000000000000000001 AZTEC (199999000000000000000001 wei)" in text
    assert "activated block24,000,000" in text
    assert "provider id12345" in text, "an id is no quantity"
    assert "coinbase—" in text


def test_provider__as_a_card__lists_its_next_keys():
    key = NextKey(position=0, attester=ADDRESS, trouble=HOSTILE)
    values = dict.fromkeys((field.name for field in attrs.fields(ProviderDetails)), 0)
    details = ProviderDetails(
        **values
        | {
            "provider_id": 7,
            "admin": ADDRESS,
            "pending_admin": None,
            "rewards_recipient": ADDRESS,
            "take_rate_bps": 2_550,
            "registered_at": 1_700_000_000,
            "runway_seconds": 90_000,
            "stake_share": 0.12345,
            "next_keys": (key,),
        }
    )
    text = assert_harmless(details._repr_html_()).text
    assert "Provider 7" in text
    assert "25.50% (2550 basis points)" in text
    assert "12.35%" in text or "12.34%" in text
    assert "2023-11-14 22:13:20 UTC" in text
    assert "1d 1h" in text
    assert "<script>alert(1)</script>" in text


def test_call__as_a_card__is_what_would_be_signed():
    call = calldata.update_take_rate(7, 2_500)
    found = assert_harmless(call._repr_html_())
    assert call.summary in found.text
    assert "0x" + call.data.hex() in found.text
    assert call.to in found.text
    assert "updateProviderTakeRate(uint256,uint16)" in found.text
    assert "not sent" in found.text


def test_call__with_a_hostile_summary__stays_text():
    found = assert_harmless(Call(to=ADDRESS, data=b"\x01\x02", summary=HOSTILE, value_wei=1)._repr_html_())
    assert "<script>alert(1)</script>" in found.text
    assert "0.000000000000000001 ETH" in found.text


def test_simulation__that_reverts_with_a_hostile_reason__stays_text():
    reason = RevertReason(sentence=HOSTILE, name="Error", arguments={HOSTILE: HOSTILE}, hint=HOSTILE)
    found = assert_harmless(simulation(reason, Verdict.REVERTS, notes=(HOSTILE,))._repr_html_())
    assert "would revert" in found.text


@pytest.mark.parametrize(
    ("verdict", "words"),
    [
        (Verdict.SUCCEEDS, "would succeed"),
        (Verdict.NO_CONTRACT, "would do nothing"),
        (Verdict.UNDECIDED, "undecided"),
    ],
)
def test_simulation__of_each_verdict__says_so(verdict, words):
    html = simulation(None, verdict, is_sequence=False)._repr_html_()
    assert words in Tags(html).text
    assert "alone" in Tags(html).text


@given(st.text(), st.text())
def test_any_text__in_a_card__comes_back_as_text(heading, value):
    html = card(heading, [(value, escaped(value))], badges=[(heading, "bad")], notes=[value])
    assert_no_markup(html, heading, value)
    assert_no_markup(badge(value), value)
    assert set(Tags(preformatted(value)).tags) == {"pre"}


def assert_no_markup(html: str, *texts: str) -> None:
    found = Tags(html)
    assert set(found.tags) <= HARMLESS
    for text in texts:
        printable = "".join(each if each.isprintable() else ascii(each)[1:-1] for each in text)
        assert printable in found.text


def test_values__by_unit__are_written_for_people():
    assert shown(None) == "—"
    assert shown(True) == "yes"
    assert shown(3_600, "s", "wait_seconds") == "1h"
    assert shown(b"\x01") == shown("0x01")
    assert "9,007,199,254,740,993" in shown(2**53 + 1)
    assert record_card(attester(lifecycle=Lifecycle.EXITED)).count("exited") == 1
