"""What the commands about a Safe are given: files, secrets, the service and the chain."""

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from aztec_butler.cli.session import Session
from aztec_butler.core.checks import Outcome
from aztec_butler.core.errors import InputError, NodeError, NotFoundError, SettingsError

if TYPE_CHECKING:
    from aztec_butler.clients.rpc import Rpc
    from aztec_butler.clients.safe_service import SafeService
    from aztec_butler.core.safe_batch import SafeBatch
    from aztec_butler.core.safe_batch_file import BatchFile

_LARGEST_FILE = 64 << 20
_Value = TypeVar("_Value")


def chain_id_of(session: Session) -> int:
    """The chain of the network that was chosen."""
    from aztec_butler.core.networks import PRESETS

    return PRESETS[session.settings.network].chain_id


def read_batch_file(file: str) -> "BatchFile":
    """A Transaction Builder file.

    Raises:
        InputError: it cannot be read, or is none.
    """
    from aztec_butler.core.safe_batch_file import read_batch

    return read_named(file, read_batch)


def read_named(file: str, read: Callable[[bytes], _Value]) -> _Value:
    """What ``read`` makes of a file; its errors name the file.

    Raises:
        InputError: it cannot be read, or ``read`` refuses it.
    """
    path = Path(file).expanduser()
    try:
        with path.open("rb") as opened:
            content = opened.read(_LARGEST_FILE + 1)
    except OSError as error:
        raise InputError("a file cannot be read", file=file, reason=error.strerror) from None
    if len(content) > _LARGEST_FILE:
        raise InputError("a file is too large to be read", file=file, largest_bytes=_LARGEST_FILE)
    try:
        return read(content)
    except InputError as error:
        error.facts = {"file": file, **error.facts}
        raise


def read_proposable(session: Session, file: str, safe: str | None) -> "BatchFile":
    """A file that is what it was when it was made, of this Safe and this chain, without dangers.

    Args:
        session: the settings.
        file: its name.
        safe: the Safe; None for any.

    Raises:
        InputError: it is not; every reason is told.
    """
    from aztec_butler.core.safe_batch_file import examine_batch

    read = read_batch_file(file)
    checks = examine_batch(read, subject=file, chain_id=chain_id_of(session), safe=safe)
    failed = [found for found in checks if found.outcome is Outcome.FAIL]
    if failed:
        raise InputError(
            "a batch file must not be used as it is",
            hint="; ".join(found.remedy for found in failed if found.remedy),
            file=file,
            **{found.check: found.finding for found in failed},
        )
    return read


def write_batches(file: str, batches: "Sequence[SafeBatch]") -> list[Path]:
    """Transaction Builder files, where they were asked for; several are numbered.

    Args:
        file: the place of a single one.
        batches: what they hold.

    Returns:
        The places, in order.

    Raises:
        InputError: a folder or device is there, or files of another set of the same name, which somebody would import
            together with these; nothing is written.
    """
    from aztec_butler.core.safe_batch import encode_batch
    from aztec_butler.store.files import write_whole

    path = Path(file).expanduser()
    count = len(batches)
    places = (
        [path]
        if count == 1
        else [path.with_stem(f"{path.stem}-{number}-of-{count}") for number in range(1, count + 1)]
    )
    for place in places:
        if place.exists() and not place.is_file():
            raise InputError("a Safe file cannot take the place of a folder or device", file=str(place))
    others = sorted(str(other) for other in _set_of(path) if other not in places)
    if others:
        raise InputError(
            "files of an earlier set with the same name would be left beside the new ones",
            hint="delete them, or choose another name",
            files=", ".join(others),
        )
    for place, batch in zip(places, batches, strict=True):
        write_whole(place, encode_batch(batch))
    return places


def _set_of(path: Path) -> "Iterator[Path]":
    """The files that earlier runs wrote for this name."""
    if path.is_file():
        yield path
    numbered = re.compile(rf"{re.escape(path.stem)}-\d+-of-\d+{re.escape(path.suffix)}")
    if path.parent.is_dir():
        yield from (other for other in path.parent.iterdir() if numbered.fullmatch(other.name))


def known_contracts(session: Session, chain_id: int) -> tuple[dict[str, str], tuple[str, ...]]:
    """Roles of the network's contracts by address, and what a reader should know about how they were found.

    Args:
        session: the settings; with an L1 endpoint the chain is asked.
        chain_id: of the calls; contracts of another chain are none.
    """
    from aztec_butler.core.simulation import roles_of

    settings = session.settings
    if chain_id_of(session) != chain_id:
        return {}, ()
    stated = {settings.registry: "registry", settings.staking_registry: "staking_registry"}
    roles = {address: role for address, role in stated.items() if address is not None}
    if settings.l1 is None:
        return roles, ("the network's contracts are known by address only with an L1 endpoint: --l1 URL",)
    try:
        with session.connect() as network:
            return roles | roles_of(network.deployment), ()
    except (NodeError, NotFoundError, SettingsError) as error:
        return roles, (f"the network's contracts could not be read: {error.sentence}",)


def read_secret_file(path: str, option: str) -> str:
    """What a secret file holds.

    Raises:
        SettingsError: it must not be used; the message names the option and shows no content.
    """
    from aztec_butler.store.settings_files import read_secret

    try:
        return read_secret(path)
    except SettingsError as error:
        error.facts = {"option": option, **error.facts}
        raise


def open_service(session: Session, url: str | None, api_key_file: str | None) -> "SafeService":
    """The Transaction Service of the network, or the one that was named.

    Raises:
        SettingsError: there is none, or the key's file must not be used.
    """
    from aztec_butler.clients.safe_service import SafeService
    from aztec_butler.core.networks import PRESETS

    preset = PRESETS[session.settings.network]
    base = url or preset.safe_service
    if base is None:
        raise SettingsError(
            "the network has no Transaction Service", hint="--service URL", network=session.settings.network
        )
    api_key = None if api_key_file is None else read_secret_file(api_key_file, "--api-key-file")
    timeout = session.settings.timeout_seconds
    return SafeService.open(base, chain_id=preset.chain_id, api_key=api_key, timeout_seconds=timeout)


@contextmanager
def open_l1(session: Session) -> "Iterator[Rpc | None]":
    """The door to L1; None where no endpoint is set."""
    if session.settings.l1 is None:
        yield None
        return
    with session.open_rpc() as rpc:
        yield rpc
