"""Writing to stdout: all of a text, or an error that says why not."""

import os
import sys

from aztec_butler.core.errors import InputError


def write_text(text: str) -> None:
    """Write to stdout, to the last byte.

    Raises:
        InputError: stdout is closed, or its disk is full.
        BrokenPipeError: the reader has gone.
    """
    if sys.stdout is None:  # as Python finds it when the shell has closed it
        raise InputError("the answer cannot be written to stdout", reason="it is closed")
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        drop_stdout()
        raise InputError("the answer cannot be written to stdout", reason=error.strerror) from None


def drop_stdout() -> None:
    """Let what is still to be written go nowhere: Python would complain once more when it flushes at its exit."""
    if sys.stdout is not None:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
