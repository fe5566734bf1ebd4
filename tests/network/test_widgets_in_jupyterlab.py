"""The explorer and the composer in a real JupyterLab, in a real browser: pressed with a mouse, read from the page.

With ``AZTEC_BUTLER_SCREENSHOTS`` set to a folder, pictures of the page are kept there to be looked at.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from lab_browser import jupyter_lab, lab_page, missing, write_notebook

from aztec_butler import connect
from aztec_butler.core.safe_batch import encode_batch, split_calls

pytestmark = [
    pytest.mark.devnet,
    pytest.mark.xdist_group("history"),
    pytest.mark.skipif(missing() is not None, reason=missing() or ""),
]

_CONNECT = "import aztec_butler as ab\nnet = ab.connect('devnet', l1={url!r}, progress=False)"


@pytest.fixture(scope="module")
def net(played_season):
    with connect("devnet", l1=played_season[0].url, progress=False) as connected:
        yield connected


def keep(page, name: str) -> None:
    folder = os.environ.get("AZTEC_BUTLER_SCREENSHOTS")
    if folder:
        page.screenshot(Path(folder) / f"{name}.png")


def picture(page) -> str:
    return page.find(".widget-html img").get_attribute("src")


def test_forms__in_jupyterlab__follow_mouse_and_keyboard(played_season, net, tmp_path):
    url = played_season[0].url
    write_notebook(tmp_path / "explorer.ipynb", [_CONNECT.format(url=url), "ab.widgets.explorer(net)"])
    write_notebook(tmp_path / "composer.ipynb", [_CONNECT.format(url=url), "ab.widgets.call_composer(net)"])
    attesters, provider = net.attesters(), net.provider(1)
    of_provider = attesters[(attesters["provider_id"] == 1).fillna(value=False)]
    with jupyter_lab(tmp_path) as address:
        with lab_page(address, "explorer.ipynb", tmp_path) as page:
            page.run_all()
            page.press("Read", ".widget-html", f"{len(attesters)} attesters")
            page.find(".widget-html", f"{len(attesters)} rows")
            everybody = picture(page)
            keep(page, "explorer")
            page.choose("Provider", f"1: {provider.validating} validating, {provider.entry_queued} queued")
            page.find(".widget-html", f"{len(of_provider)} rows")
            page.find(".widget-html", provider.rewards_recipient)
            of_one = picture(page)
            keep(page, "explorer-provider")
            assert of_one != everybody
            page.choose("Provider", "all")
            page.choose("Show", "stake by provider")
            page.find(".widget-html", 'holders("provider")')
            assert picture(page) not in (everybody, of_one)
            keep(page, "explorer-stake")
            page.type("Block", "99999999")
            assert "The chain has no such block" in page.press("Read", "[role=alert]").text
            page.type("Block", str(net.block.number - 60))
            page.press("Read", ".widget-html", f"net.at({net.block.number - 60})")
        with lab_page(address, "composer.ipynb", tmp_path) as page:
            page.run_all()
            page.choose("Call", "update take rate")
            page.type("provider id", "1")
            page.type("take rate", "777")
            page.press("Add call", ".widget-html", "The call was added")
            page.type("Sender", provider.admin)
            page.press("Simulate", ".widget-html", "would succeed")
            page.type("Safe", provider.admin)
            page.press("Make file for a Safe", ".widget-html a", "Download safe-calls.json")
            page.click(".widget-html a", "Download safe-calls.json")
            keep(page, "composer")
            file = tmp_path / "safe-calls.json"
            page.wait("the file", lambda: file.exists() and file.stat().st_size)
            (batch,) = split_calls(
                [net.calldata.update_take_rate(1, 777)], chain_id=31_337, safe=provider.admin
            )
            assert file.read_bytes() == encode_batch(batch)
            assert json.loads(file.read_text())["chainId"] == "31337"
