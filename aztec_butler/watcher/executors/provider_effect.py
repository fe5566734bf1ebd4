"""A provider in the StakingRegistry."""

from __future__ import annotations

from aztec_butler.clients.multicall import Read
from aztec_butler.core.calldata import register_provider
from aztec_butler.core.calls import Call
from aztec_butler.core.contracts import STAKING_REGISTRY
from aztec_butler.core.errors import SettingsError
from aztec_butler.core.intent_parameters import CreateProvider
from aztec_butler.core.intents import Intent
from aztec_butler.core.records import BlockStamp, Deployment, ProviderConfiguration
from aztec_butler.core.units import render_bps
from aztec_butler.core.views import decode_provider
from aztec_butler.watcher.executors.chain import Chain, Heads
from aztec_butler.watcher.executors.effects import Built, Effected, Presence


class ProviderEffect:
    """Carries out ``create-provider``. Anybody may register anybody, so what is found is compared with what is meant.

    Args:
        chain: what is read.
    """

    def __init__(self, chain: Chain) -> None:
        self._chain = chain

    def look(
        self,
        intent: Intent,
        heads: Heads,
        out: tuple[Call, ...] | None,  # noqa: ARG002 - the chain alone tells
    ) -> Effected:
        """Whether a provider has the admin, with the terms."""
        wanted = CreateProvider.from_json(intent.parameters)
        found = self._providers_of(wanted.admin, heads.deployment, heads.head)
        where = f"at block {heads.head.number:,}"
        if not found:
            return Effected(
                presence=Presence.ABSENT, evidence=f"no provider has the admin {wanted.admin} {where}"
            )
        same = [each for each in found if _is_meant(each, wanted)]
        if not same:
            listed = "; ".join(
                f"provider {each.provider_id} takes {render_bps(each.take_rate_bps)} to {each.rewards_recipient}"
                for each in found
            )
            return Effected(
                presence=Presence.CONFLICT,
                evidence=f"{wanted.admin} is the admin of a provider with other terms {where}: {listed}",
            )
        told = f"provider {same[0].provider_id} has the admin {wanted.admin} and the terms {where}"
        settled = self._providers_of(wanted.admin, heads.deployment, heads.settled)
        is_settled = any(_is_meant(each, wanted) for each in settled)
        return Effected(presence=Presence.SETTLED if is_settled else Presence.SEEN, evidence=told)

    def build(self, intent: Intent, heads: Heads) -> Built:
        """The call that registers it."""
        wanted = CreateProvider.from_json(intent.parameters)
        call = register_provider(
            admin=wanted.admin,
            take_rate_bps=wanted.take_rate_bps,
            rewards_recipient=wanted.rewards_recipient,
            staking_registry=registry_of(heads.deployment),
        )
        return Built(calls=(call,))

    def _providers_of(
        self, admin: str, deployment: Deployment, block: BlockStamp
    ) -> list[ProviderConfiguration]:
        registry, multicall = registry_of(deployment), self._chain.multicall
        (following,) = multicall.read(
            [Read(registry, STAKING_REGISTRY.function("nextProviderIdentifier"))], block
        )
        ids = range(1, following)
        names = ("providerConfigurations", "providerQueues")
        reads = [
            Read(registry, STAKING_REGISTRY.function(name), (number,)) for number in ids for name in names
        ]
        values = iter(multicall.read(reads, block) if reads else [])
        providers = [decode_provider(number, next(values), next(values)) for number in ids]
        return [each for each in providers if each.admin == admin]


def registry_of(deployment: Deployment) -> str:
    """The StakingRegistry.

    Raises:
        SettingsError: the network has none that is known.
    """
    if deployment.staking_registry is None:
        raise SettingsError("the network has no StakingRegistry that is known", hint="give its address")
    return deployment.staking_registry


def _is_meant(provider: ProviderConfiguration, wanted: CreateProvider) -> bool:
    terms = (provider.take_rate_bps, provider.rewards_recipient)
    return terms == (wanted.take_rate_bps, wanted.rewards_recipient)
