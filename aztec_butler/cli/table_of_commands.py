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
    "history": "chain_commands:history",
    "lifecycle": "chain_commands:lifecycle",
    "holders": "analysis_commands:holders",
    "concentration": "analysis_commands:concentration",
    "concentration-history": "analysis_commands:concentration_history",
    "committee-odds": "analysis_commands:committee_odds",
    "slashing": {
        "rounds": "slashing_commands:rounds",
        "votes": "slashing_commands:votes",
        "tally": "slashing_commands:tally",
        "what-if": "slashing_commands:what_if",
    },
    "activation-forecast": "what_if_commands:activation_forecast",
    "exit-calendar": "what_if_commands:exit_calendar",
    "next-attester-reward": "what_if_commands:next_attester_reward",
    "provider-id": "provider_commands:provider_id",
    "provider": {"show": "provider_commands:show"},
    "queue": {
        "stats": "queue_commands:stats",
        "runway": "queue_commands:runway",
        "what-if": "what_if_commands:queue",
    },
    "coinbase": {"check": "coinbase_commands:check"},
    "committees": "duty_commands:committees",
    "proposers": "duty_commands:proposers",
    "performance": "duty_commands:performance",
    "duty-forecast": "duty_commands:duty_forecast",
    "payouts": {"settle": "payout_commands:settle", "verify": "payout_commands:verify"},
    "events": "events_command:events",
    "extract": "extract_command:extract",
    "block": "node_commands:block",
    "node": "node_commands:node",
    "decode": "decode_command:decode",
    "attester": {
        "register": "attester_commands:register",
        "deposit": "attester_commands:deposit",
    },
    "calldata": {
        "register-provider": "calldata_commands:register_provider",
        "add-keys": "calldata_commands:add_keys",
        "update-provider-admin": "calldata_commands:update_provider_admin",
        "accept-provider-admin": "calldata_commands:accept_provider_admin",
        "update-rewards-recipient": "calldata_commands:update_rewards_recipient",
        "update-take-rate": "calldata_commands:update_take_rate",
        "drip-queue": "calldata_commands:drip_queue",
        "stake": "calldata_commands:stake",
        "deposit": "calldata_stake_commands:deposit",
        "flush-entry-queue": "calldata_stake_commands:flush_entry_queue",
        "initiate-withdraw": "calldata_stake_commands:initiate_withdraw",
        "finalize-withdraw": "calldata_stake_commands:finalize_withdraw",
        "claim-sequencer-rewards": "calldata_stake_commands:claim_sequencer_rewards",
        "approve": "calldata_stake_commands:approve",
        "transfer": "calldata_stake_commands:transfer",
        "distribute": "calldata_stake_commands:distribute",
        "warehouse-withdraw": "calldata_stake_commands:warehouse_withdraw",
        "delegate": "calldata_stake_commands:delegate",
        "gse-vote": "calldata_stake_commands:gse_vote",
        "rollup-vote": "calldata_stake_commands:rollup_vote",
        "signal": "calldata_stake_commands:signal",
        "batch": "calldata_commands:batch",
        "simulate": "calldata_commands:simulate",
        "explain": "calldata_commands:explain",
    },
    "doctor": "doctor_command:doctor",
    "keys": {
        "register": "keys_commands:register",
        "verify": "keys_commands:verify",
        "check-duplicates": "duplicates_command:check_duplicates",
    },
    "safe": {
        "batch": "safe_commands:batch",
        "check": "safe_commands:check",
        "hash": "safe_commands:hash",
        "propose": "safe_commands:propose",
        "status": "safe_commands:status",
    },
    "keystore": {
        "check": "keystore_commands:check",
        "public": "keystore_commands:public",
        "merge": "keystore_commands:merge",
        "set-coinbase": "keystore_commands:set_coinbase",
        "new-publishers": "keystore_commands:new_publishers",
    },
    "publishers": "publishers_commands:publishers",
    "rewards": "reward_commands:rewards",
    "reward-ledger": "reward_commands:ledger",
    "claimable": "reward_commands:claimable",
    "apr": "reward_commands:apr",
    "claims": {"evaluate": "claims_commands:evaluate"},
    "hosts": {"check": "hosts_commands:check"},
    "cache": {
        "show": "cache_commands:show",
        "verify": "cache_commands:verify",
        "clear": "cache_commands:clear",
    },
    "actions": {
        "list": "action_commands:list_actions",
        "show": "action_commands:show",
        "approve": "action_commands:approve",
        "reject": "action_commands:reject",
        "retry": "action_commands:retry",
    },
    "journal": {
        "status": "journal_commands:status",
        "history": "journal_commands:history",
        "verify": "journal_commands:verify",
        "export": "journal_commands:export",
    },
    "serve": "serve_command:serve",
    "config": {"show": "config_commands:show"},
    "devnet": {"up": "devnet_commands:up", "season": "devnet_commands:season"},
    "commands": "config_commands:commands",
    "version": "config_commands:version",
}
"""Where each command lies: ``module:function`` below ``aztec_butler.cli``; a mapping is a group."""

GROUPS: Final[Mapping[str, str]] = {
    "slashing": "Rounds and votes, and what one would cost",
    "provider": "One operator, with all that concerns it",
    "queue": "A provider's queue of keys, and how long it lasts",
    "coinbase": "Whether rewards go where they should",
    "payouts": "Who gets what of a split, and whether it did",
    "attester": "Register and deposit attesters",
    "calldata": "Builders of transactions, to simulate and explain",
    "keys": "BLS keys: registrations, proofs, duplicates",
    "safe": "Transactions of a Safe, from the batch to the chain",
    "keystore": "Keystores of the node: check, merge, change",
    "claims": "Whether a claim is worth its gas",
    "hosts": "Nodes and hosts, and whether they are well",
    "cache": "Logs that are kept on disk",
    "actions": "What the watcher wants to do, and your word on it",
    "journal": "What was done and why, and proof of it",
    "config": "Settings that hold, and where they came from",
    "devnet": "A local chain with the real contracts",
}
"""What the commands of a group are about, in as many words as a line has room for."""


def load(reference: str) -> Command:
    """The command behind a reference."""
    module, _, name = reference.partition(":")
    found = getattr(import_module(f"aztec_butler.cli.{module}"), name)
    assert isinstance(found, Command), reference
    return found
