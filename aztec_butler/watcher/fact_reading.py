"""Facts of one block, read from the contracts in few round trips: all of them, or a named error.

What is local and no part of the chain (a file of registrations) or of another node (offenses) may be missing; then it
is not known, and said so. Keystores are no such part: an attester that only they name must not be passed over.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, Protocol

from aztec_butler.clients.logs import fetch_logs
from aztec_butler.clients.multicall import Read
from aztec_butler.clients.snapshot import Snapshot
from aztec_butler.core.contracts import GOVERNANCE, PULL_SPLIT, STAKING_REGISTRY
from aztec_butler.core.errors import (
    ButlerError,
    DecodeError,
    InputError,
    NodeRefused,
    NotFoundError,
    RevertError,
)
from aztec_butler.core.governance import PROPOSAL_STATES, ProposalState
from aztec_butler.core.hexes import ZERO_ADDRESS
from aztec_butler.core.node_records import SlashOffense
from aztec_butler.core.records import Deployment, ProviderConfiguration
from aztec_butler.core.runway import USUAL_WINDOW_SECONDS, delegation_pace
from aztec_butler.core.slashing_round_rows import SlashingRules
from aztec_butler.core.staking_state import StakingState
from aztec_butler.store.own_keystores import OwnKeys, OwnKeystores
from aztec_butler.watcher.facts import (
    Facts,
    OwnProvider,
    PreparedKeys,
    own_addresses,
    own_attesters,
    own_ejections,
    own_provider_ids,
    standing_split,
)
from aztec_butler.watcher.prepared_keys import read_prepared_keys
from aztec_butler.watcher.questions import Questions, good
from aztec_butler.watcher.settings import WatcherSettings
from aztec_butler.watcher.slashing_reading import SlashingReader
from aztec_butler.watcher.source import Source

_OVER: Final = frozenset({
    ProposalState.REJECTED,
    ProposalState.EXECUTED,
    ProposalState.DROPPED,
    ProposalState.EXPIRED,
})  # fmt: skip


class Node(Protocol):
    """What is asked of an Aztec node; ``clients.aztec_node.AztecNode`` has it."""

    def get_slash_offenses(self) -> tuple[SlashOffense, ...]:
        """Offenses that the node has seen and would vote to slash for."""


class FactReader:
    """Reads facts of one network.

    Args:
        source: the network.
        settings: what of it is ours.
        node: an Aztec node with an admin port; None where there is none to ask.
    """

    def __init__(self, source: Source, settings: WatcherSettings, *, node: Node | None = None) -> None:
        self._source = source
        self._settings = settings
        self._node = node
        self._keystores = OwnKeystores([Path(each).expanduser() for each in settings.keystores])
        self._slashing = SlashingReader(source.multicall)
        self._proposals = 0
        """How many proposals there were, so that one request asks for all of them the next time."""

    @property
    def is_current(self) -> bool:
        """Whether the keystores are as they were when facts were last read: who is ours may have changed else."""
        return not self._settings.keystores or self._keystores.is_current

    def read(self, block: int | str) -> Facts:
        """How things stand at a block.

        Args:
            block: a number, a hash, or ``latest``, ``safe``, ``finalized``.

        Raises:
            CheckFailed: a keystore cannot be read.
            NotFoundError: there is no such block, or no provider with an id of the settings.
            NodeError: the node failed.
        """
        settings = self._settings
        keys = self._keystores.read() if settings.keystores else None
        snapshot = self._source.at(block).snapshot()
        state = snapshot.state
        provider_ids = own_provider_ids(state, settings.provider_ids, settings.provider_admin)
        _check_providers(state, provider_ids)
        addresses = own_addresses(
            state, provider_ids, (*settings.attesters, *(() if keys is None else keys.coinbases))
        )
        rules = self._slashing.learn(state.rollups, snapshot.block)
        asked = Questions()
        owners = asked.tried(
            {
                split: Read(split, PULL_SPLIT.function("owner"))
                for split in filter(None, (standing_split(state, each, provider_ids) for each in addresses))
            }
        )
        registry = snapshot.deployment.staking_registry
        pending = asked.read(
            {
                each: Read(str(registry), STAKING_REGISTRY.function("pendingProviderAdmins"), (each,))
                for each in provider_ids
            }
        )
        governance = asked.read(
            {
                name: Read(snapshot.deployment.governance, GOVERNANCE.function(name))
                for name in ("proposalCount", "governanceProposer")
            }
        )
        expected = self._proposals
        proposals = asked.tried(_state_reads(snapshot.deployment, range(expected)))
        rounds = asked.read(dict(enumerate(self._slashing.plan(rules, snapshot.block.timestamp))))
        asked.ask(self._source.multicall, snapshot.block)
        troubles: dict[str, str] = {}
        prepared = self._prepared(state, troubles)
        return Facts(
            block=snapshot.block,
            deployment=snapshot.deployment,
            canonical=next(each.rollup for each in state.rollups if each.is_canonical),
            contracts=_contracts(snapshot.deployment, state, rules, governance()["governanceProposer"]),
            provider_ids=provider_ids,
            providers=self._providers(snapshot, provider_ids, pending()),
            created_ids=self._created(snapshot, provider_ids),
            attesters=own_attesters(state, addresses, provider_ids, _owners(owners())),
            coinbases=None if keys is None else keys.coinbases,
            publishers=self._balances(keys, snapshot),
            ejections=own_ejections(state, addresses),
            prepared=prepared,
            rounds=self._slashing.rounds(
                rules, list(rounds().values()), frozenset(addresses), snapshot.block
            ),
            proposals=self._open_proposals(snapshot, governance()["proposalCount"], proposals()),
            offenses=self._offenses(frozenset(addresses), troubles),
            troubles=troubles,
        )

    # -- parts

    def _providers(
        self, snapshot: Snapshot, provider_ids: Sequence[int], pending: Mapping[int, str]
    ) -> dict[int, OwnProvider]:
        history = snapshot.state.whereabouts.history
        begins_at = snapshot.block.timestamp - USUAL_WINDOW_SECONDS
        registered = {each: history.registrations[each] for each in provider_ids}
        made = {
            each: [delegated.log for delegated in history.delegations if delegated.provider_id == each]
            for each in provider_ids
        }
        times = snapshot.times([*registered.values(), *(log for logs in made.values() for log in logs)])
        known = {each.provider_id: each for each in snapshot.state.providers}
        return {
            each: _provider(
                known[each],
                pending[each],
                snapshot,
                begins_at=max(begins_at, times[registered[each].block_number]),
                delegated_at=[times[log.block_number] for log in made[each]],
            )
            for each in provider_ids
        }

    def _created(self, snapshot: Snapshot, provider_ids: Sequence[int]) -> tuple[int, ...] | None:
        """Providers that the wanted admin ever registered: it may have handed one on, and wants no second one then."""
        admin, registry = self._settings.provider_admin, snapshot.deployment.staking_registry
        if admin is None or registry is None:
            return None
        if provider_ids:
            return tuple(provider_ids)
        event = STAKING_REGISTRY.event("ProviderRegistered")
        logs = fetch_logs(
            self._source.rpc,
            addresses=[registry],
            topics=[[event.topic0], None, [bytes(12) + bytes.fromhex(admin[2:])]],
            first_block=snapshot.deployment.first_block,
            last_block=snapshot.block.number,
        )
        return tuple(int(event.decode(log.topics, log.data)["providerIdentifier"]) for log in logs)

    def _balances(self, keys: OwnKeys | None, snapshot: Snapshot) -> dict[str, int]:
        publishers = tuple(
            dict.fromkeys((*self._settings.publishers, *(() if keys is None else keys.publishers)))
        )
        if not publishers:
            return {}
        number = hex(snapshot.block.number)
        words = self._source.rpc.batch([("eth_getBalance", [each, number]) for each in publishers])
        return {each: _amount(word) for each, word in zip(publishers, words, strict=True)}

    def _open_proposals(
        self, snapshot: Snapshot, count: int, known: Mapping[int, Any]
    ) -> dict[int, ProposalState]:
        # A reorganisation may have taken the last ones away again: what was asked of them is no answer.
        numbers = {proposal: known[proposal] for proposal in known if proposal < count}
        more = _state_reads(snapshot.deployment, range(len(numbers), count))
        if more:
            answers = self._source.multicall.read(list(more.values()), snapshot.block)
            numbers |= dict(zip(more, answers, strict=True))
        self._proposals = count
        states = {proposal: PROPOSAL_STATES[good(number)] for proposal, number in numbers.items()}
        return {proposal: state for proposal, state in states.items() if state not in _OVER}

    def _prepared(self, state: StakingState, troubles: dict[str, str]) -> PreparedKeys | None:
        """The registrations that wait in a file; a broken file is told and stops nothing else."""
        name = self._settings.registration_file
        if name is None:
            return None
        try:
            return read_prepared_keys(name, known=frozenset(state.known_attesters))
        except InputError as error:
            facts = "".join(f", {key} {value}" for key, value in error.facts.items())
            troubles["registration_file"] = f"{error.sentence}{facts}"
            return None

    def _offenses(
        self, addresses: frozenset[str], troubles: dict[str, str]
    ) -> tuple[SlashOffense, ...] | None:
        if self._node is None:
            return None
        try:
            offenses = self._node.get_slash_offenses()
        except ButlerError as error:
            troubles["offenses"] = error.sentence
            return None
        return tuple(each for each in offenses if each.attester in addresses)


def _owners(answers: Mapping[str, Any]) -> dict[str, str | None]:
    """The owner of each split; None for what does not answer as a split does."""
    return {
        split: None if isinstance(answer, DecodeError | RevertError) else good(answer)
        for split, answer in answers.items()
    }


def _state_reads(deployment: Deployment, proposals: range) -> dict[int, Read]:
    function = GOVERNANCE.function("getProposalState")
    return {proposal: Read(deployment.governance, function, (proposal,)) for proposal in proposals}


def _check_providers(state: StakingState, provider_ids: Sequence[int]) -> None:
    missing = [each for each in provider_ids if not 1 <= each <= len(state.providers)]
    if missing:
        raise NotFoundError(
            "there is no provider with this id",
            provider_id=", ".join(map(str, missing)),
            block=state.block.number,
            providers=len(state.providers),
        )


def _provider(
    provider: ProviderConfiguration,
    pending: str,
    snapshot: Snapshot,
    *,
    begins_at: int,
    delegated_at: Sequence[int],
) -> OwnProvider:
    pace = delegation_pace(delegated_at, begins_at=begins_at, now_at=snapshot.block.timestamp)
    return OwnProvider(
        provider_id=provider.provider_id,
        admin=provider.admin,
        pending_admin=None if pending == ZERO_ADDRESS else pending,
        take_rate_bps=provider.take_rate_bps,
        rewards_recipient=provider.rewards_recipient,
        keys_queued=provider.keys_queued,
        runway_seconds=None if pace is None else pace.runway_seconds(provider.keys_queued),
    )


def _contracts(
    deployment: Deployment, state: StakingState, rules: Sequence[SlashingRules], proposer: str
) -> dict[str, str]:
    """The contracts whose logs may matter."""
    found = {each.address: "rollup" for each in deployment.rollups}
    found |= {deployment.registry: "registry", deployment.governance: "governance"}
    if deployment.staking_registry is not None:
        found[deployment.staking_registry] = "staking_registry"
    found |= {each.slasher: "slasher" for each in state.rollups if each.slasher != ZERO_ADDRESS}
    found |= {each.terms.proposer: "slashing_proposer" for each in rules}
    return found | ({proposer: "governance_proposer"} if proposer != ZERO_ADDRESS else {})


def _amount(word: object) -> int:
    try:
        return int(str(word), 16)
    except ValueError:
        raise NodeRefused(
            "the node answered with something that is no amount", answer=repr(word)[:80]
        ) from None
