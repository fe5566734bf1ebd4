"""The errors of the package: one tree, one exit code per class.

::

    ButlerError                      root, never raised itself                    1
    |-- InputError(ValueError)       a value the caller gave is wrong             2
    |-- SettingsError(ValueError)    a setting, preset or file of settings        2
    |-- NodeError                    a node or service did not answer properly    3
    |   |-- NodeUnreachable          refused, timed out, no such host
    |   |-- NodeBusy                 HTTP 429, rate limits
    |   `-- NodeRefused              it answered, with an error or with nonsense
    |-- RevertError                  the contract reverted                        4
    |-- NotFoundError(LookupError)   the chain answered, and there is none        4
    |-- DecodeError(ValueError)      bytes do not fit the ABI line                4
    |-- ReorgTooDeep                 the chain changed further back than known    4
    |-- CheckFailed                  a check ran to its end and found problems    5
    |-- ApprovalPending              an action waits for somebody's approval      6
    `-- LockHeld                     another instance holds the lock              7

Which branch a failure takes answers one question: who has to act? The caller (2), the node's operator or time (3),
nobody, because the chain says so (4), or us, because any other exception is a bug (1, with its traceback).
"""

from __future__ import annotations

from typing import ClassVar


class ButlerError(Exception):
    """Root of the tree: a sentence without values, facts as name and value, and a way out.

    Args:
        sentence: what happened, without values, so that it can be searched for.
        hint: what the reader can do about it.
        facts: the values, shown one to a line and kept in ``facts`` for logs.

    >>> print(InputError("an address needs 20 bytes", value="0xab", hint="copy it again"))
    an address needs 20 bytes
      value: 0xab
      hint: copy it again
    """

    exit_code: ClassVar[int] = 1

    def __init__(self, sentence: str, *, hint: str | None = None, **facts: object) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.hint = hint
        self.facts: dict[str, object] = facts

    def __str__(self) -> str:
        lines = [self.sentence, *(f"  {name}: {_shown(value)}" for name, value in self.facts.items())]
        if self.hint is not None:
            lines.append(f"  hint: {self.hint}")
        return "\n".join(lines)

    def __reduce__(self) -> tuple[object, ...]:
        # Exceptions pickle by their positional arguments alone; workers in other processes must not lose the facts.
        return (_restore, (type(self), self.sentence, self.__dict__))


def _restore(kind: type[ButlerError], sentence: str, state: dict[str, object]) -> ButlerError:
    # Not through the constructor: facts may have the names of its parameters.
    error = kind.__new__(kind, sentence)
    error.__dict__.update(state)
    return error


def _shown(value: object) -> object:
    return "0x" + value.hex() if isinstance(value, bytes) else value


class InputError(ButlerError, ValueError):
    """A value the caller gave is wrong; nothing was done."""

    exit_code = 2


class SettingsError(ButlerError, ValueError):
    """A setting is wrong or missing: flag, environment variable, file or network name."""

    exit_code = 2


class NodeError(ButlerError):
    """A node or service did not answer properly.

    Args:
        retryable: whether the same request may succeed later, unchanged.
    """

    exit_code = 3

    def __init__(
        self, sentence: str, *, hint: str | None = None, retryable: bool = False, **facts: object
    ) -> None:
        super().__init__(sentence, hint=hint, **facts)
        self.retryable = retryable


class NodeUnreachable(NodeError):
    """No answer arrived: refused, timed out, reset, or the name does not resolve."""

    def __init__(
        self, sentence: str, *, hint: str | None = None, retryable: bool = True, **facts: object
    ) -> None:
        super().__init__(sentence, hint=hint, retryable=retryable, **facts)


class NodeBusy(NodeError):
    """The node asks for patience: HTTP 429, or a rate limit told in JSON-RPC.

    Args:
        retry_after_seconds: what the node asked for; None when it named no time.
    """

    def __init__(
        self,
        sentence: str,
        *,
        hint: str | None = None,
        retryable: bool = True,
        retry_after_seconds: float | None = None,
        **facts: object,
    ) -> None:
        super().__init__(sentence, hint=hint, retryable=retryable, **facts)
        self.retry_after_seconds = retry_after_seconds


class NodeRefused(NodeError):
    """The node answered, with an error or with something that is no answer.

    Args:
        code: the JSON-RPC error code; None when the reply was not JSON-RPC.
    """

    def __init__(
        self,
        sentence: str,
        *,
        hint: str | None = None,
        retryable: bool = False,
        code: int | None = None,
        **facts: object,
    ) -> None:
        super().__init__(sentence, hint=hint, retryable=retryable, **facts)
        self.code = code


class RevertError(ButlerError):
    """The contract reverted.

    Args:
        error: signature of the custom error, e.g. ``Staking__NotWithdrawer(address,address)``; None when unknown.
        arguments: its arguments by name.
        data: the raw revert data.
    """

    exit_code = 4

    def __init__(
        self,
        sentence: str,
        *,
        hint: str | None = None,
        error: str | None = None,
        arguments: dict[str, object] | None = None,
        data: bytes = b"",
        **facts: object,
    ) -> None:
        super().__init__(sentence, hint=hint, **facts)
        self.error = error
        self.arguments = arguments or {}
        self.data = data
        if error is not None:
            self.facts["error"] = error
            self.facts.update(self.arguments)


class NotFoundError(ButlerError, LookupError):
    """The chain answered, and there is no such thing."""

    exit_code = 4


class DecodeError(ButlerError, ValueError):
    """Bytes do not fit the ABI line they were read with."""

    exit_code = 4


class ReorgTooDeep(ButlerError):
    """The chain left behind blocks that were taken as final, or more of them than are remembered."""

    exit_code = 4


class CheckFailed(ButlerError):
    """A check ran to its end and found problems."""

    exit_code = 5


class ApprovalPending(ButlerError):
    """An action waits for somebody's approval."""

    exit_code = 6


class LockHeld(ButlerError):
    """Another instance holds the lock."""

    exit_code = 7
