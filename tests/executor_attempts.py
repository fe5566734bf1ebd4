"""Attempts as executors see them, without a journal: steps in memory or in a file, and intents to attempt."""

from __future__ import annotations

import json
import os
from pathlib import Path

from aztec_butler.core.intents import Cause, Intent

CAUSE = Cause(
    block_number=1000,
    block_hash="0x" + "ab" * 32,
    transaction_hash="0x" + "cd" * 32,
    log_index=3,
    name="Staked",
)


def intent_of(parameters, *, target="attester:0x01", cause=CAUSE, chain_id=31337) -> Intent:
    """An intent that asks for the effect of some parameters."""
    return Intent(
        chain_id=chain_id,
        cause=cause,
        kind=parameters.kind,
        target=target,
        parameters=json.loads(json.dumps(parameters.to_json())),
        summary="What is meant.",
    )


class Steps:
    """An attempt that keeps its steps, in a file where one is given: what a process told before it was killed."""

    def __init__(self, path: Path | None = None, on_step=lambda _: None) -> None:
        self.number = 1
        self.path = path
        self.on_step = on_step
        self.told: list[tuple[str, dict[str, object]]] = []
        if path is not None and path.exists():
            self.told = [(name, facts) for name, facts in map(json.loads, path.read_text().splitlines())]

    def step(self, name, **facts):
        self.on_step(f"before {name}")
        facts = json.loads(json.dumps(facts))
        self.told.append((name, facts))
        if self.path is not None:
            with self.path.open("a") as file:
                file.write(json.dumps([name, facts]) + "\n")
                file.flush()
                os.fsync(file.fileno())
        self.on_step(name)

    def past(self):
        return tuple(self.told)

    @property
    def names(self) -> list[str]:
        return [name for name, _ in self.told]

    def facts(self, name):
        return next(facts for each, facts in reversed(self.told) if each == name)
