"""The anvil process: started on a free loopback port, watched while it starts, and never left behind."""

from __future__ import annotations

import re
import subprocess
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import IO, NoReturn, Self

import attrs

from aztec_butler.clients.policy import NO_RETRIES
from aztec_butler.clients.rpc import Rpc
from aztec_butler.core.errors import NodeUnreachable, SettingsError

_LISTENING = re.compile(rb"Listening on (127\.0\.0\.1:\d+)")
_START_TIMEOUT_SECONDS = 30.0
_CALL_TIMEOUT_SECONDS = 300.0
_STOP_TIMEOUT_SECONDS = 10.0

# A guard beside anvil waits on a pipe whose other end only this process holds. When this process ends without a word,
# even by SIGKILL, the kernel closes that end, `read` fails and the guard kills anvil. A clean stop writes a line first,
# so that the guard leaves without touching a process number that may belong to somebody else by then.
# (PR_SET_PDEATHSIG would act when the *thread* that started anvil ends, and exists on Linux alone.)
# What a killed anvil kept on disk goes with it: $1 is that folder. The pause lets a last write of the dying end.
_GUARDED = """exec 3<&0
folder=$1
shift
(read -r line <&3 || { kill -9 $$; sleep 1; rm -rf "$folder"; }) >/dev/null 2>&1 &
exec "$@" </dev/null 3<&-"""


@attrs.frozen(kw_only=True)
class AnvilOptions:
    """How the chain under the contracts behaves.

    Args:
        chain_id: EIP-155 id.
        genesis_at: timestamp of block 0, Unix seconds; the chain's clock runs from here and not from the wall clock.
        block_seconds: each block is this much later than the one before it, unless a time is asked for.
        mine_every_seconds: also mine a block each time this much wall-clock time has passed; None mines on transactions only.
        gas_limit: of a block. Flushing a large entry queue takes far more than a mainnet block has.
        finality_epoch_slots: ``safe`` is this many blocks behind ``latest``, ``finalized`` twice as many.
        account_count: unlocked accounts with test ether.
        port: to listen on, on this machine only; 0 for a free one.
        state_file: a state written by ``Chain.dump_state`` to begin with; None begins with an empty chain.
    """

    chain_id: int = 31337
    genesis_at: int = 1_767_225_600  # 2026-01-01
    block_seconds: int = 12
    mine_every_seconds: int | None = None
    gas_limit: int = 300_000_000
    finality_epoch_slots: int = 1
    account_count: int = 10
    port: int = 0
    state_file: Path | None = None

    def to_arguments(self) -> list[str]:
        """Arguments of the anvil executable. Gas is free, so that no account needs funding."""
        arguments = [
            *("--host", "127.0.0.1", "--port", str(self.port)),
            *("--chain-id", str(self.chain_id)),
            *("--timestamp", str(self.genesis_at)),
            *("--gas-limit", str(self.gas_limit), "--base-fee", "0", "--gas-price", "0"),
            *("--slots-in-an-epoch", str(self.finality_epoch_slots)),
            *("--accounts", str(self.account_count), "--balance", "1000000"),
            *("--order", "fifo"),
            "--no-request-size-limit",
        ]
        if self.mine_every_seconds is not None:
            arguments += ["--block-time", str(self.mine_every_seconds), "--mixed-mining"]
        if self.state_file is not None:
            arguments += ["--load-state", str(self.state_file)]
        return arguments


def open_anvil_rpc(url: str, *, chain_id: int) -> Rpc:
    """A door to an anvil. Nothing is sent twice, and a batch stays in order, because both change the chain."""
    return Rpc(
        url,
        chain_id=chain_id,
        policy=NO_RETRIES,
        timeout_seconds=_CALL_TIMEOUT_SECONDS,
        batch_size=500,
        workers=1,
    )


class Anvil:
    """One running anvil; a context manager.

    Args:
        executable: the native program.
        options: of the chain.

    Raises:
        SettingsError: the executable cannot be run here.
        NodeUnreachable: it ended, or did not answer in time; its own words are among the facts.
    """

    def __init__(self, executable: Path, options: AnvilOptions) -> None:
        self.options = options
        self._output: IO[bytes] = tempfile.TemporaryFile("a+b")  # noqa: SIM115 - closed by stop(); both sides append
        # anvil writes the states of older blocks to disk, gigabytes in a long run, and when it is stopped it leaves them
        self._states = tempfile.TemporaryDirectory(prefix="aztec-butler-anvil-", ignore_cleanup_errors=True)
        self._process: subprocess.Popen[bytes] | None = None
        folder = self._states.name
        shell = ["/bin/sh", "-c", _GUARDED, "anvil", folder]
        try:
            self._process = subprocess.Popen(  # noqa: S603 - our own pinned program
                [*shell, str(executable), *options.to_arguments(), "--cache-path", folder],
                stdin=subprocess.PIPE,
                stdout=self._output,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # Ctrl-C reaches this process only, which then stops anvil in its own order
            )
            self.url = f"http://{self._await_address()}"
        except BaseException:
            self.stop()
            raise

    @property
    def process_id(self) -> int:
        """Of anvil itself (the shell that starts it becomes it)."""
        assert self._process is not None
        return self._process.pid

    def _await_address(self) -> str:
        """Host and port, once anvil says that it listens."""
        assert self._process is not None
        deadline = time.monotonic() + _START_TIMEOUT_SECONDS
        while time.monotonic() < deadline:
            ended = self._process.poll()
            match = _LISTENING.search(self._read_output())
            if match:
                return match.group(1).decode()
            if ended is not None:
                self._raise_ended(ended)
            time.sleep(0.005)
        raise NodeUnreachable(
            "anvil did not listen in time", seconds=_START_TIMEOUT_SECONDS, anvil=self._last_words()
        )

    def _raise_ended(self, exit_code: int) -> NoReturn:
        words = self._last_words()
        if "Address already in use" in words:
            raise SettingsError(
                "the port of the devnet is in use",
                port=self.options.port,
                hint="another devnet may run; port 0 takes a free one",
            )
        error = SettingsError if exit_code in (126, 127) else NodeUnreachable
        raise error("anvil did not start", exit_code=exit_code, anvil=words)

    def _read_output(self) -> bytes:
        self._output.seek(0)
        return self._output.read()

    def _last_words(self) -> str:
        lines = [
            line.strip() for line in self._read_output().decode(errors="replace").splitlines() if line.strip()
        ]
        return " | ".join(lines[-5:]) or "no message"

    @property
    def is_running(self) -> bool:
        """Whether the process is there; it may end by itself."""
        return self._process is not None and self._process.poll() is None

    def open_rpc(self) -> Rpc:
        """A new door to this anvil."""
        return open_anvil_rpc(self.url, chain_id=self.options.chain_id)

    def stop(self) -> None:
        """End the process and wait for its end; calling it again does nothing."""
        process, self._process = self._process, None
        if process is None:
            self._states.cleanup()
            return
        assert process.stdin is not None
        try:
            process.stdin.write(b"stop\n")  # dismisses the guard
            process.stdin.close()
        except BrokenPipeError:
            pass
        process.terminate()
        try:
            process.wait(_STOP_TIMEOUT_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        self._output.close()
        self._states.cleanup()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()
