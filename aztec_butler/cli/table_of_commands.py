"""The public command line: every command there is, by its words. Loaded one by one, because most runs need one."""

from collections.abc import Mapping
from importlib import import_module
from typing import Any, Final

from aztec_butler.cli.command import Command

COMMANDS: Final[Mapping[str, Any]] = {
    "demo": "devnet_commands:demo",
    "attesters": "chain_commands:attesters",
    "entry-queue": "chain_commands:entry_queue",
    "providers": "chain_commands:providers",
    "delegations": "chain_commands:delegations",
    "exits": "chain_commands:exits",
    "slashings": "chain_commands:slashings",
    "lifecycle": "chain_commands:lifecycle",
    "block": "node_commands:block",
    "node": "node_commands:node",
    "decode": "decode_command:decode",
    "doctor": "doctor_command:doctor",
    "keys": {"register": "keys_commands:register", "verify": "keys_commands:verify"},
    "safe": {
        "batch": "safe_commands:batch",
        "check": "safe_commands:check",
        "hash": "safe_commands:hash",
        "propose": "safe_commands:propose",
        "status": "safe_commands:status",
    },
    "config": {"show": "config_commands:show"},
    "devnet": {"up": "devnet_commands:up", "season": "devnet_commands:season"},
    "version": "config_commands:version",
}
"""Where each command lies: ``module:function`` below ``aztec_butler.cli``; a mapping is a group."""


def load(reference: str) -> Command:
    """The command behind a reference."""
    module, _, name = reference.partition(":")
    found = getattr(import_module(f"aztec_butler.cli.{module}"), name)
    assert isinstance(found, Command), reference
    return found
