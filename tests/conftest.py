"""What all tests share: closed sockets, cassettes, and one devnet per worker for the tests that need real contracts."""

from __future__ import annotations

import ipaddress
import json
import os
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from aztec_butler.devnet import Devnet, DevnetParameters
    from aztec_butler.devnet.season import Season

TESTS = Path(__file__).parent
CASSETTES = TESTS.parent / "cassettes"


# --------------------------------------------------------------------------- closed sockets


@pytest.fixture(autouse=True)
def _closed_sockets(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test reaches the internet; only those marked ``loopback`` or ``devnet`` reach this machine."""
    marks = {mark.name for mark in request.node.iter_markers()}
    if "vcr" in marks and request.config.getoption("--vcr-record", default=None) not in (None, "none"):
        return  # a cassette is being recorded
    loopback = bool(marks & {"loopback", "devnet"})

    def guard(name: str) -> None:
        original = getattr(socket.socket, name)

        def checked(self: socket.socket, address: Any) -> Any:
            if self.family == socket.AF_UNIX or (loopback and _is_loopback(address[0])):
                return original(self, address)
            wanted = (
                "an address outside this machine" if loopback else "a socket without @pytest.mark.loopback"
            )
            raise AssertionError(f"this test opens {wanted}: {address}")

        monkeypatch.setattr(socket.socket, name, checked)

    guard("connect")
    guard("connect_ex")


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


# --------------------------------------------------------------------------- kept events


@pytest.fixture(scope="session", autouse=True)
def _events_kept_apart(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """No test reads or writes the events that this machine's user keeps, nor does a fixture or a process it starts."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setenv("AZTEC_BUTLER_EVENT_STORE", str(tmp_path_factory.mktemp("kept-events")))
        yield


@pytest.fixture(autouse=True)
def _event_store_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What one test keeps no other finds."""
    monkeypatch.setenv("AZTEC_BUTLER_EVENT_STORE", str(tmp_path / "kept-events"))


# --------------------------------------------------------------------------- cassettes


def _calls(request: Any) -> list[tuple[str, Any]]:
    payload = json.loads(request.body)
    batch = payload if isinstance(payload, list) else [payload]
    return [(call["method"], call.get("params", [])) for call in batch]


def _same_calls(one: Any, other: Any) -> None:
    assert _calls(one) == _calls(other)


def _hide_endpoint(request: Any) -> Any:
    """Endpoints carry API keys in their path."""
    request.uri = "https://rpc.example/"
    return request


def _drop_changing_headers(response: dict[str, Any]) -> dict[str, Any]:
    """Headers that differ at every recording say nothing and churn diffs."""
    kept = {"content-type", "retry-after"}
    response["headers"] = {name: value for name, value in response["headers"].items() if name.lower() in kept}
    return response


@pytest.fixture(scope="module")
def vcr_config() -> dict[str, Any]:
    return {
        "record_mode": "none",
        "match_on": ["method", "json_rpc"],
        "before_record_request": _hide_endpoint,
        "before_record_response": _drop_changing_headers,
        "decode_compressed_response": True,
        "filter_headers": ["authorization", "user-agent", "content-length", "cookie", "x-api-key"],
    }


@pytest.fixture(scope="module")
def vcr(vcr: Any) -> Any:
    vcr.register_matcher("json_rpc", _same_calls)
    return vcr


@pytest.fixture(scope="module")
def vcr_cassette_dir(request: pytest.FixtureRequest) -> str:
    return str(CASSETTES / request.path.stem)


# --------------------------------------------------------------------------- devnet


@pytest.fixture(scope="session")
def cache_folder() -> Path | None:
    """Where npm packages are kept: AZTEC_BUTLER_CACHE_DIR, else the user's cache directory."""
    folder = os.environ.get("AZTEC_BUTLER_CACHE_DIR")
    return Path(folder) if folder else None


@pytest.fixture(scope="session")
def session_devnet(cache_folder: Path | None) -> Iterator[Devnet]:
    """The devnet of this worker's whole session, with the ``small`` preset; tests take ``devnet`` instead."""
    from aztec_butler.devnet import SMALL, Devnet

    with Devnet.start(SMALL, cache_folder=cache_folder) as devnet:
        yield devnet


@pytest.fixture
def devnet(session_devnet: Devnet) -> Iterator[Devnet]:
    """Freshly deployed contracts with the ``small`` preset; whatever a test does to them is undone."""
    with session_devnet.restored():
        yield session_devnet


@pytest.fixture
def start_devnet(cache_folder: Path | None) -> Iterator[Callable[..., Devnet]]:
    """A factory of devnets of the test's own: ``start_devnet(parameters, **options)``."""
    from aztec_butler.devnet import Devnet

    with ExitStack() as stack:

        def start(parameters: DevnetParameters, **options: Any) -> Devnet:
            return stack.enter_context(Devnet.start(parameters, cache_folder=cache_folder, **options))

        yield start


@pytest.fixture(scope="session")
def played_season(cache_folder: Path | None) -> Iterator[tuple[Devnet, Season]]:
    """A devnet on which a season was played, and its record; for tests in the group ``history``, which change nothing."""
    from aztec_butler.devnet import SMALL, Devnet
    from aztec_butler.devnet.season import play_season

    with Devnet.start(SMALL, cache_folder=cache_folder) as devnet:
        yield devnet, play_season(devnet)
