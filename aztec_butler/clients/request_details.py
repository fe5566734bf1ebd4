"""What is told of each HTTP request to a node, for logs and metrics."""

from __future__ import annotations

import attrs

from aztec_butler.core.errors import (
    InputError,
    NodeBusy,
    NodeRefused,
    NodeUnreachable,
    RevertError,
    SettingsError,
)

# The worst first. What a caller got wrong, a parameter or a key, was refused by the node all the same.
_WORDS: dict[str, tuple[type[Exception], ...]] = {
    "unreachable": (NodeUnreachable,),
    "busy": (NodeBusy,),
    "refused": (NodeRefused, InputError, SettingsError),
    "reverted": (RevertError,),
}


@attrs.frozen(kw_only=True)
class RequestDetails:
    """One HTTP request.

    Args:
        endpoint: its name; holds no secret.
        method: the JSON-RPC method; ``batch`` when there were several.
        calls: how many JSON-RPC requests it carried.
        outcome: ``ok``, ``reverted``, ``busy``, ``unreachable`` or ``refused``; of a batch, the worst.
        seconds: from sending to the last byte of the answer.
    """

    endpoint: str
    method: str
    calls: int
    outcome: str
    seconds: float


def outcome_word(*answers: object) -> str:
    """How a request ended, by what came back for its calls.

    Args:
        answers: results and errors, one for each call.

    >>> outcome_word("0x1", NodeBusy("come back later"))
    'busy'
    """
    for word, kinds in _WORDS.items():
        if any(isinstance(answer, kinds) for answer in answers):
            return word
    return "ok"
