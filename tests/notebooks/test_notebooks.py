"""The tutorials: stored bare, and run from the first cell to the last on a devnet with a season on it."""

from __future__ import annotations

import atexit
import json
import re
import tempfile
from pathlib import Path

import attrs
import matplotlib as mpl
import matplotlib.pyplot as plt
import nbformat
import pytest
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output
from nbclient import NotebookClient
from traitlets.config import Config

FOLDER = Path(__file__).parents[2] / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
every_notebook = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


def cells(path, kind):
    return [cell for cell in json.loads(path.read_text())["cells"] if cell["cell_type"] == kind]


# --------------------------------------------------------------------------- as they are stored


def test_notebooks__are_the_six_that_the_readme_lists():
    listed = re.findall(r"\((\d\d_\w+\.ipynb)\)", (FOLDER / "README.md").read_text())
    assert listed == [path.name for path in NOTEBOOKS]
    assert len(listed) == 6


@every_notebook
def test_notebook__as_stored__is_valid_and_has_no_outputs(path):
    nbformat.validate(nbformat.read(path, as_version=4))
    stored = json.loads(path.read_text())
    assert (stored["nbformat"], stored["nbformat_minor"]) == (4, 5)
    assert stored["metadata"] == {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    for cell in stored["cells"]:
        assert cell["metadata"] == {}
        if cell["cell_type"] == "code":
            assert cell["outputs"] == []
            assert cell["execution_count"] is None


@every_notebook
def test_notebook__as_stored__opens_with_a_question_and_one_cell_to_change(path):
    question = "".join(cells(path, "markdown")[0]["source"])
    assert question.startswith("# ")
    assert re.search(r"\*\*[^*]+\?\*\*", question)
    first, *others = ("".join(cell["source"]) for cell in cells(path, "code"))
    assert 'NETWORK, L1 = "devnet", None  # on mainnet: ' in first
    assert not re.search(
        "devnet|127.0.0.1|0x[0-9a-f]{40}", "".join(others).replace("0x" + "0" * 36 + "dEaD", "")
    )


@every_notebook
def test_notebook__as_stored__keeps_logic_in_the_library(path):
    for cell in cells(path, "code"):
        source = "".join(cell["source"])
        assert len(source.splitlines()) <= 9, source
        assert not re.search(r"^\s*(def|for|while|try|class) ", source, re.MULTILINE), source


# --------------------------------------------------------------------------- as they run


@attrs.frozen
class Ran:
    """What a cell left behind."""

    source: str
    shown: tuple[str, ...]
    printed: str
    pictures: int


def run(path):
    """Run a notebook in a shell of its own, as a kernel would, and close what it drew after each cell."""
    config = Config(HistoryManager={"enabled": False, "hist_file": ":memory:"})
    shell = InteractiveShell(config=config)
    found = []
    try:
        for cell in cells(path, "code"):
            source = "".join(cell["source"])
            with capture_output() as captured:
                shell.run_cell(source, store_history=True).raise_error()
            pictures = plt.get_fignums()
            for number in pictures:
                plt.figure(number).canvas.draw()
            plt.close("all")
            found.append(Ran(source, tuple(captured.stdout.splitlines()), captured.stderr, len(pictures)))
        net = shell.user_ns["net"]
        net.close()
    finally:
        atexit.unregister(shell.atexit_operations)
        shell.atexit_operations()
    return found


@pytest.mark.devnet
@pytest.mark.xdist_group("history")
@pytest.mark.usefixtures("found_devnet")
@every_notebook
def test_notebook__on_a_devnet__runs_quietly_and_ends_with_a_picture(path):
    with mpl.rc_context():
        plt.switch_backend("agg")
        ran = run(path)
    assert [cell.printed for cell in ran if cell.printed] == []
    assert ran[-1].pictures == 1
    for cell in ran:
        assert cell.pictures == ("plots." in cell.source), cell.source
        assert bool(cell.shown) == (not cell.source.endswith(";")), cell.source


@pytest.mark.devnet
@pytest.mark.xdist_group("history")
@pytest.mark.usefixtures("found_devnet")
def test_notebook__in_a_real_kernel__shows_tables_and_pictures(tmp_path):
    notebook = nbformat.read(NOTEBOOKS[0], as_version=4)
    client = NotebookClient(
        notebook, timeout=120, kernel_name="python3", resources={"metadata": {"path": tmp_path}}
    )
    client.create_kernel_manager()
    # No ports, but sockets in a folder that nobody else can enter; their names must be short.
    with tempfile.TemporaryDirectory(prefix="ab-") as folder:
        client.km.transport, client.km.ip = "ipc", f"{folder}/k"
        client.execute()
    last = [cell for cell in notebook.cells if cell.cell_type == "code"][-1]
    assert [output.output_type for output in last.outputs] == ["display_data"]
    assert "image/png" in last.outputs[0].data
    streams = [
        output
        for cell in notebook.cells
        for output in cell.get("outputs", ())
        if output.output_type == "stream"
    ]
    assert streams == []
