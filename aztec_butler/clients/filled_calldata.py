"""The calldata builders with what the chain knows filled in: addresses, a provider's present terms, a split's parameters.

::

    net.calldata.update_take_rate(7, 2500)          # refused when provider 7 has this rate
    net.calldata.distribute("0x...")                # the split's parameters come from its creation
    net.calldata.add_keys(7, registrations)         # refused when a key is known anywhere; known={} leaves that out

What is given goes first; only what is missing is read, at one block.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from aztec_butler.clients.known_keys import fetch_known_keys
from aztec_butler.clients.logs import fetch_logs
from aztec_butler.clients.multicall import Multicall, Read
from aztec_butler.clients.rpc import Rpc
from aztec_butler.clients.staking_contracts import (
    GovernanceClient,
    GseClient,
    PullSplitClient,
    PullSplitFactoryClient,
    StakingRegistryClient,
)
from aztec_butler.core import calldata
from aztec_butler.core.calldata.arguments import staking_registry_address
from aztec_butler.core.calldata.key_stores import as_key_store
from aztec_butler.core.contracts import PULL_SPLIT_FACTORY, ROLLUP
from aztec_butler.core.errors import InputError, NotFoundError
from aztec_butler.core.hexes import parse_address
from aztec_butler.core.known_keys import KeyPlace, KnownKey, as_candidates, known_places
from aztec_butler.core.records import (
    AttesterView,
    BlockStamp,
    Deployment,
    ProviderConfiguration,
    SplitParameters,
    Status,
)
from aztec_butler.core.units import render_exact
from aztec_butler.core.views import decode_attester_view

BUILDERS: Final = (
    "accept_provider_admin",
    "add_keys",
    "approve",
    "batch",
    "claim_sequencer_rewards",
    "delegate",
    "deposit",
    "distribute",
    "drip_queue",
    "finalize_withdraw",
    "flush_entry_queue",
    "gse_vote",
    "initiate_withdraw",
    "register_provider",
    "rollup_vote",
    "signal",
    "stake",
    "transfer",
    "update_provider_admin",
    "update_rewards_recipient",
    "update_take_rate",
    "warehouse_withdraw",
)
"""The functions of ``core.calldata`` that make calls."""

_NEEDS: Final = {
    "split": "split",
    "split_hash": "split",
    "distributor": "split",
    "instance": "attester",
    "current": "provider_id",
    "expected_take_rate_bps": "current",
}
"""What has to be known before something can be filled in."""


class FilledCalldata:
    """Every builder of ``calldata`` as a method, on one network at one block.

    Args:
        rpc: the door to the node.
        multicall: reads through the same door.
        deployment: the contracts.
        block: what is read is of this block.
    """

    def __init__(self, rpc: Rpc, multicall: Multicall, deployment: Deployment, block: BlockStamp) -> None:
        self._rpc = rpc
        self._multicall = multicall
        self._deployment = deployment
        self._block = block
        self._fillers: Mapping[str, Callable[[dict[str, Any]], Any]] = {
            "split": self._split,
            "split_hash": self._split_hash,
            "distributor": lambda given: given["split"].recipients[0],
            "staking_registry": lambda _: self.staking_registry,
            "rollup": lambda _: self._deployment.rollups[-1].address,
            "rollup_version": lambda _: self._deployment.rollups[-1].version,
            "token": lambda _: self._deployment.staking_asset,
            "gse": lambda _: self._deployment.gse,
            "governance_proposer": lambda _: self.governance_proposer,
            "warehouse": lambda _: self.warehouse,
            "instance": lambda given: self.instance_of(given["attester"]),
            "current": lambda given: self.provider(given["provider_id"]),
            "expected_take_rate_bps": lambda given: given["current"].take_rate_bps,
            "known": self._known,
        }

        # Stakes, exits and rewards stay with a rollup when another one becomes canonical.
        self._fillers_of: Mapping[str, Mapping[str, Callable[[dict[str, Any]], Any]]] = {
            "initiate_withdraw": {"rollup": lambda given: self.rollup_of_stake(given["attester"])},
            "finalize_withdraw": {"rollup": lambda given: self.rollup_of_exit(given["attester"])},
            "claim_sequencer_rewards": {"rollup": lambda given: self.rollup_of_rewards(given["coinbase"])},
        }

    def __getattr__(self, name: str) -> Callable[..., Any]:
        if name not in BUILDERS:
            raise AttributeError(f"there is no builder {name!r}; builders: {', '.join(BUILDERS)}")
        builder = getattr(calldata, name)
        signature = inspect.signature(builder)

        @functools.wraps(builder)
        def build(*arguments: Any, **options: Any) -> Any:
            given = signature.bind_partial(*arguments, **options).arguments
            for parameter, fill in {**self._fillers, **self._fillers_of.get(name, {})}.items():
                needed = _NEEDS.get(parameter)
                if needed is not None and given.get(needed) is None:
                    continue  # the builder says what it lacks
                if parameter in signature.parameters and _is_missing(parameter, given):
                    given[parameter] = fill(given)
            return builder(**given)

        return build

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *BUILDERS})

    # -- what is read

    @property
    def staking_registry(self) -> str:
        """The StakingRegistry.

        Raises:
            NotFoundError: the network has none.
        """
        if self._deployment.staking_registry is None:
            raise NotFoundError("the network has no StakingRegistry that is known", hint="give its address")
        return self._deployment.staking_registry

    @property
    def governance_proposer(self) -> str:
        """The contract to signal at."""
        governance = GovernanceClient(self._multicall, self._deployment.governance)
        return str(governance.get("governanceProposer", block=self._block))

    @property
    def warehouse(self) -> str:
        """The warehouse of the splits that delegations use.

        Raises:
            NotFoundError: the network has no splits.
        """
        if self._deployment.pull_split_factory is None:
            raise NotFoundError(
                "the network has no factory of splits that is known", hint="give the warehouse"
            )
        factory = PullSplitFactoryClient(self._multicall, self._deployment.pull_split_factory)
        implementation = str(factory.get("SPLIT_WALLET_IMPLEMENTATION", block=self._block))
        return PullSplitClient(self._multicall, implementation).get_splits_warehouse(block=self._block)

    def provider(self, provider_id: int) -> ProviderConfiguration:
        """A provider's present terms.

        Raises:
            InputError: ids begin at 1.
            NotFoundError: no such provider.
        """
        client = StakingRegistryClient(self._multicall, self.staking_registry)
        return client.fetch_provider(provider_id, block=self._block)

    def instance_of(self, attester: str) -> str:
        """The instance of the GSE in which an attester's stake lies.

        Raises:
            NotFoundError: it has no stake in any.
        """
        who = parse_address(attester)
        gse = GseClient(self._multicall, self._deployment.gse)
        instances = [self._deployment.bonus_instance, *(each.address for each in self._deployment.rollups)]
        reads = [gse.read("isRegistered", instance, who) for instance in instances]
        for instance, is_registered in zip(instances, self._multicall.read(reads, self._block), strict=True):
            if is_registered:
                return instance
        raise NotFoundError("the attester has no stake to vote with", attester=who, block=self._block.number)

    def rollup_of_stake(self, attester: str) -> str:
        """The rollup that an attester can leave: it is in its set, or was put out and nobody has named a recipient.

        Raises:
            NotFoundError: it has no stake on any rollup that could leave.
        """
        who = parse_address(attester)
        for rollup, view in self._views(who):
            if view.status in {Status.VALIDATING, Status.ZOMBIE}:
                return rollup
        raise NotFoundError(
            "the attester has no stake that could leave",
            hint="aztec-butler lifecycle ADDRESS tells where it stands",
            attester=who,
            block=self._block.number,
        )

    def rollup_of_exit(self, attester: str) -> str:
        """The rollup with an exit of an attester that was not paid out.

        Raises:
            NotFoundError: there is none, or its recipient has not been named.
        """
        who = parse_address(attester)
        for rollup, view in self._views(who):
            if view.status is Status.EXITING:
                return rollup
        raise NotFoundError(
            "the attester has no exit to pay out",
            hint="aztec-butler lifecycle ADDRESS tells where it stands; an ejected one needs initiate-withdraw first",
            attester=who,
            block=self._block.number,
        )

    def rollup_of_rewards(self, coinbase: str) -> str:
        """The rollup that owes a coinbase rewards.

        Raises:
            NotFoundError: none does.
            InputError: several do, each of which has to be claimed for itself.
        """
        who = parse_address(coinbase)
        rollups = self._deployment.rollups
        reads = [
            Read(rollup.address, ROLLUP.function("getSequencerRewards", rollup.generation), (who,))
            for rollup in rollups
        ]
        owed = {
            rollup.address: amount_wei
            for rollup, amount_wei in zip(rollups, self._multicall.read(reads, self._block), strict=True)
            if amount_wei
        }
        if not owed:
            raise NotFoundError(
                "no rollup owes this coinbase rewards", coinbase=who, block=self._block.number
            )
        if len(owed) > 1:
            raise InputError(
                "several rollups owe this coinbase rewards, and each is claimed for itself",
                hint="name one: rollup=, --rollup",
                coinbase=who,
                **{address: f"{render_exact(amount_wei)} AZTEC" for address, amount_wei in owed.items()},
            )
        return next(iter(owed))

    def _views(self, attester: str) -> list[tuple[str, AttesterView]]:
        """What each rollup says of an attester, the canonical one first."""
        rollups = self._deployment.rollups[::-1]
        reads = [
            Read(rollup.address, ROLLUP.function("getAttesterView", rollup.generation), (attester,))
            for rollup in rollups
        ]
        values = self._multicall.read(reads, self._block)
        return [
            (rollup.address, decode_attester_view(value))
            for rollup, value in zip(rollups, values, strict=True)
        ]

    def _split(self, given: Mapping[str, Any]) -> SplitParameters:
        """A split's parameters from its creation, by its address."""
        split = given["split"]
        return split if isinstance(split, SplitParameters) else self.split(split)

    def known_keys(
        self, keys: Iterable[object], *, staking_registry: str | None = None
    ) -> tuple[KnownKey, ...]:
        """Where keys are known already, the list itself included; see ``clients.known_keys``.

        Args:
            keys: in any form that ``core.known_keys.as_candidates`` takes.
            staking_registry: a StakingRegistry to look at besides the network's own.

        Raises:
            InputError: what is no key; nothing was asked.
            SettingsError: no StakingRegistry is known.
            NodeError: the node failed; nothing is known then.
        """
        candidates = as_candidates(keys)
        registry = None if staking_registry is None else staking_registry_address(staking_registry)
        return fetch_known_keys(
            self._multicall, self._deployment, self._block, candidates, staking_registry=registry
        )

    def _known(self, given: dict[str, Any]) -> Mapping[str, str]:
        """Where the keys of a list or of a deposit are known."""
        if "registration" in given:
            keys = [given["registration"]]
        elif "keys" in given:
            given["keys"] = keys = list(
                given["keys"]
            )  # it may be an iterator, and the builder reads it again
        else:
            keys = []
        if not keys:
            return {}  # the builder says what it lacks
        key_stores = [as_key_store(key) for key in keys]
        known = self.known_keys(key_stores, staking_registry=given.get("staking_registry"))
        # What stands twice in the list itself, the builder tells with both places.
        return known_places(each for each in known if each.place is not KeyPlace.LIST)

    def split(self, address: str) -> SplitParameters:
        """How a split divides, from the event of its creation.

        Raises:
            NotFoundError: the factory created no such split.
        """
        wanted = parse_address(address)
        factory = self._deployment.pull_split_factory
        if factory is None:
            raise NotFoundError("the network has no factory of splits that is known", split=wanted)
        events = {event.topic0: event for event in PULL_SPLIT_FACTORY.events if event.name == "SplitCreated"}
        logs = fetch_logs(
            self._rpc,
            addresses=[factory],
            topics=[sorted(events), [bytes(12) + bytes.fromhex(wanted[2:])]],
            first_block=self._deployment.first_block,
            last_block=self._block.number,
        )
        if not logs:
            raise NotFoundError("the factory created no split at this address", split=wanted, factory=factory)
        log = logs[-1]
        recipients, allocations, total, incentive = events[log.topics[0]].decode(log.topics, log.data)[
            "splitParams"
        ]
        return SplitParameters(
            split=wanted,
            recipients=recipients,
            allocations=allocations,
            total_allocation=total,
            distribution_incentive=incentive,
        )

    def _split_hash(self, given: Mapping[str, Any]) -> bytes:
        client = PullSplitClient(self._multicall, parse_address(given["split"].split))
        return client.get_split_hash(block=self._block)


def _is_missing(parameter: str, given: Mapping[str, Any]) -> bool:
    """Whether an argument is to be filled in; a split given by its address is."""
    return given.get(parameter) is None or (parameter == "split" and isinstance(given[parameter], str))
