"""What the steps of earlier attempts tell about a coinbase: how far the work was when a process ended."""

from __future__ import annotations

from collections.abc import Collection

import attrs


@attrs.frozen(kw_only=True)
class CoinbaseSteps:
    """What earlier steps tell.

    Args:
        is_writing: an edit was begun, and nobody knows how it ended.
        written: an edit was made.
        reloaded: the node has reloaded since.
        reload_count: how often it was asked to, since.
        before: the coinbase before the edit.
        since_block: the block at which the coinbase was in place; None where nobody knows.
        looked_to: up to which block there is no proof.
    """

    is_writing: bool = False
    written: bool = False
    reloaded: bool = False
    reload_count: int = 0
    before: str | None = None
    since_block: int | None = None
    looked_to: int | None = None

    @classmethod
    def of(cls, past: Collection[tuple[str, dict[str, object]]]) -> CoinbaseSteps:
        """From the steps, oldest first."""
        told = cls()
        for name, facts in past:
            block = facts.get("block")
            number = block if isinstance(block, int) else None
            match name:
                case "writing":
                    told = cls(is_writing=True, written=told.written, before=_text(facts.get("before")))
                case "written":
                    told = attrs.evolve(told, is_writing=False, written=True, since_block=number)
                case "reloading":
                    told = attrs.evolve(
                        told, reload_count=told.reload_count + 1, since_block=told.since_block or number
                    )
                case "reloaded":
                    told = attrs.evolve(told, reloaded=True, written=True, since_block=number)
                case "looked":
                    up_to = facts.get("up_to_block")
                    told = attrs.evolve(told, looked_to=up_to if isinstance(up_to, int) else None)
                case _:
                    pass
        return told


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None
