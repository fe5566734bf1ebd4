"""A real JupyterLab and a real browser, both of this machine, for tests of what a notebook shows."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import attrs

PATIENCE_SECONDS = 90
_FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--hide-scrollbars",
    "--force-device-scale-factor=1",
)


def missing() -> str | None:
    """What such a test needs and this machine has not; None when it has everything."""
    for program in ("chromium", "chromedriver"):
        if shutil.which(program) is None:
            return f"{program} is not installed (Debian: chromium, chromium-driver)"
    for module in ("jupyterlab", "selenium"):
        try:
            __import__(module)
        except ImportError:
            return f"{module} is not installed (pip install aztec-butler[lab])"
    return None


def write_notebook(path: Path, cells: Sequence[str]) -> None:
    """A notebook of code cells, without outputs."""
    document = {
        "cells": [
            {
                "cell_type": "code",
                "execution_count": None,
                "id": f"cell-{number}",
                "metadata": {},
                "outputs": [],
                "source": source,
            }
            for number, source in enumerate(cells)
        ],
        "metadata": {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}},
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    path.write_text(json.dumps(document))


@contextmanager
def jupyter_lab(folder: Path) -> Iterator[str]:
    """A JupyterLab that serves a folder; its address, ready to be opened with ``/lab/tree/NAME``."""
    token = secrets.token_hex(16)
    home = folder / ".jupyter-home"
    home.mkdir()
    environment = os.environ | {
        "JUPYTER_CONFIG_DIR": str(home / "config"),
        "JUPYTER_DATA_DIR": str(home / "data"),
        "JUPYTER_RUNTIME_DIR": str(home / "runtime"),
        "JUPYTERLAB_SETTINGS_DIR": str(home / "settings"),
        "JUPYTERLAB_WORKSPACES_DIR": str(home / "workspaces"),
        "IPYTHONDIR": str(home / "ipython"),
        "JUPYTER_PREFER_ENV_PATH": "1",
    }
    # Nothing is asked of the internet, and no notice lies over the page.
    notices = home / "settings" / "@jupyterlab" / "apputils-extension"
    notices.mkdir(parents=True)
    (notices / "notification.jupyterlab-settings").write_text(
        json.dumps({"fetchNews": "false", "checkForUpdates": False})
    )
    kernel = home / "data" / "kernels" / "python3"
    kernel.mkdir(parents=True)
    # The kernel of this interpreter, whichever others the machine knows by the same name.
    argv = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    (kernel / "kernel.json").write_text(
        json.dumps({"argv": argv, "display_name": "Python 3", "language": "python"})
    )
    command = [
        *(sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", "--ip=127.0.0.1", "--port=0"),
        f"--IdentityProvider.token={token}",
        f"--ServerApp.root_dir={folder}",
        "--ServerApp.open_browser=False",
    ]
    with (folder / ".lab.log").open("wb") as log:
        process = subprocess.Popen(
            command, cwd=folder, env=environment, stdout=log, stderr=log, start_new_session=True
        )
        try:
            yield _address(process, home / "runtime", folder / ".lab.log", token)
        finally:
            # The kernels are of its group.
            os.killpg(process.pid, signal.SIGTERM)
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()


def _address(process: subprocess.Popen[bytes], runtime: Path, log: Path, token: str) -> str:
    end = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < end:
        if process.poll() is not None:
            break
        for file in runtime.glob("jpserver-*.json"):
            try:
                url = json.loads(file.read_text())["url"].replace("localhost", "127.0.0.1")
                urllib.request.urlopen(f"{url}api/status?token={token}", timeout=5).close()
            except (OSError, ValueError, KeyError, urllib.error.URLError):
                continue
            return f"{url}lab/tree/{{}}?token={token}&reset"
        time.sleep(0.2)
    raise AssertionError(f"JupyterLab did not start:\n{log.read_text()[-3000:]}")


@attrs.define
class LabPage:
    """A notebook in a browser."""

    driver: Any

    def wait(self, what: str, check: Callable[[], Any], patience_seconds: float = PATIENCE_SECONDS) -> Any:
        """What a check finds, as soon as it finds anything.

        Args:
            what: that is waited for, for the error.
            check: asks the page; looked at again while it finds nothing, or the page is just being drawn anew.
            patience_seconds: how long.
        """
        from selenium.common.exceptions import StaleElementReferenceException

        end = time.monotonic() + patience_seconds
        while time.monotonic() < end:
            try:
                if found := check():
                    return found
            except StaleElementReferenceException:
                pass
            time.sleep(0.1)
        raise AssertionError(f"{what} did not come; the page says:\n{self.text()[-3000:]}")

    def text(self) -> str:
        """What can be read on the page."""
        return str(self.driver.execute_script("return document.body.innerText"))

    def find(self, selector: str, holding: str = "", patience_seconds: float = PATIENCE_SECONDS) -> Any:
        """An element that can be seen and is not locked, by its selector and a part of its text."""
        return self.wait(
            f"{selector} {holding!r}",
            lambda: next(
                (
                    each
                    for each in self.driver.find_elements("css selector", selector)
                    if holding in each.text and each.is_displayed() and each.is_enabled()
                ),
                None,
            ),
            patience_seconds,
        )

    def click(self, selector: str, holding: str = "") -> None:
        """Press something with the mouse."""
        element = self.find(selector, holding)
        self.driver.execute_script("arguments[0].scrollIntoView({block: 'center'})", element)
        element.click()

    def press(self, button: str, selector: str, holding: str = "") -> Any:
        """Press a button with the mouse, and find what comes of it.

        A page that scrolls by itself while the mouse goes down takes the button away from under it, for people as for
        tests; whoever sees nothing happen presses again.

        Args:
            button: its text.
            selector: of what must appear that was not there.
            holding: a part of its text.
        """
        for patience in (15, 15, PATIENCE_SECONDS):
            self.click("button", button)
            try:
                return self.find(selector, holding, patience)
            except AssertionError:
                if patience == PATIENCE_SECONDS:
                    raise
        return None

    def field(self, label: str, kind: str) -> Any:
        """A field of a form, by the label above it.

        Args:
            label: how it begins.
            kind: ``select``, ``input``.
        """
        boxes = f"//div[contains(@class, 'widget-vbox')][./div[contains(@class, 'widget-html')]//span[starts-with(normalize-space(.), '{label}')]]"
        return self.wait(
            f"the field {label!r}",
            lambda: next(iter(self.driver.find_elements("xpath", f"{boxes}//{kind}")), None),
        )

    def choose(self, label: str, option: str) -> None:
        """Choose from a list, by the label above it."""
        from selenium.webdriver.support.ui import Select

        element = self.field(label, "select")
        self.driver.execute_script("arguments[0].scrollIntoView({block: 'center'})", element)
        Select(element).select_by_visible_text(option)

    def type(self, label: str, text: str) -> None:
        """Type into a field, by the label above it, and press Enter."""
        element = self.field(label, "input")
        self.driver.execute_script("arguments[0].scrollIntoView({block: 'center'})", element)
        element.clear()
        element.send_keys(text + "\n")
        self.wait(f"{text!r} in {label!r}", lambda: self.field(label, "input").get_property("value") == text)

    def run_all(self) -> None:
        """Run every cell, by the menu."""
        self.find(".jp-Notebook .jp-CodeCell")
        # Before the kernel is chosen the page calls it idle as well.
        self.find(".jp-NotebookPanel .jp-Toolbar-kernelName", "Python 3")
        self.wait(
            "an idle kernel",
            lambda: self.driver.find_elements(
                "css selector", ".jp-Notebook-ExecutionIndicator[data-status=idle]"
            ),
        )
        count = len(self.driver.find_elements("css selector", ".jp-Notebook .jp-CodeCell"))
        self.click(".lm-MenuBar-item", "Run")
        self.click(".lm-Menu-item", "Run All Cells")
        self.find(".jp-Notebook .jp-InputPrompt", f"[{count}]:")

    def screenshot(self, path: Path) -> None:
        """A picture of the page as it is seen."""
        self.driver.save_screenshot(str(path))


@contextmanager
def lab_page(
    address: str, notebook: str, downloads: Path, size: tuple[int, int] = (1280, 1600)
) -> Iterator[LabPage]:
    """A notebook in a browser of its own.

    Args:
        address: of ``jupyter_lab``.
        notebook: its path below the folder.
        downloads: where files go that the page offers.
        size: of the window, in points.
    """
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service

    options = webdriver.ChromeOptions()
    options.binary_location = str(shutil.which("chromium"))
    for flag in (*_FLAGS, f"--window-size={size[0]},{size[1]}"):
        options.add_argument(flag)
    options.add_experimental_option("prefs", {"download.default_directory": str(downloads)})
    driver = webdriver.Chrome(options=options, service=Service(shutil.which("chromedriver")))
    try:
        driver.get(address.format(notebook))
        yield LabPage(driver)
    finally:
        driver.quit()
