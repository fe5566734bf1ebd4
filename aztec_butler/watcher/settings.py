"""Settings of the watcher: what of a network is ours, what is done about it, how much without asking, who is told.

Pure. They stand in the table ``[watcher]`` of a settings file, in variables ``AZTEC_BUTLER_WATCHER_*`` and behind flags;
what the network is (its nodes, its contracts, the state directory) stands where all commands look for it. One process
watches one network. ``settings_reading`` reads the sources.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

import attrs

from aztec_butler.core.intent_parameters import CoinbaseSource
from aztec_butler.core.intents import ActionKind, Mode, Severity
from aztec_butler.core.records import unit
from aztec_butler.core.setting_layers import Setting
from aztec_butler.core.setting_values import read_count, read_positive, read_text, read_url
from aztec_butler.core.settings import Settings
from aztec_butler.core.units import WEI_PER_TOKEN
from aztec_butler.serving.secrets import secrets_of_network, secrets_of_urls
from aztec_butler.serving.setting_values import (
    Address,
    LogLevel,
    read_addresses,
    read_counts,
    read_level,
    read_listen,
    read_paths,
    read_switch,
)
from aztec_butler.watcher.setting_values import (
    FIRST_MODES,
    CoinbaseRule,
    read_amount,
    read_coinbase_rule,
    read_coinbases,
    read_ether,
    read_modes,
    read_names,
    read_safe,
    read_seconds,
    read_secret_text,
    read_several_seconds,
    read_severity,
    read_take_rate,
    read_targets,
)

SECTION: Final = "watcher"
DEFAULT_HOST: Final = "127.0.0.1"
DEFAULT_PORT: Final = 9465
"""Beside the exporter's."""
_HOUR: Final = 3600
_DAY: Final = 24 * _HOUR
_SHORTEST_SECRET: Final = 6
_FIRST_RULE: Final = CoinbaseRule(source=CoinbaseSource.SPLIT)
_FIRST_LISTEN: Final = Address(host=DEFAULT_HOST, port=DEFAULT_PORT)

WATCHER_SETTINGS: Final = (
    # -- what is ours
    Setting(name="provider_ids", parse=read_counts, default=(), meaning="our providers' ids"),
    Setting(
        name="attesters", parse=read_addresses, default=(), meaning="our attesters, besides the providers'"
    ),
    Setting(
        name="keystores",
        parse=read_paths,
        default=(),
        meaning="files or folders of keystores: whose they are, and where coinbases are set",
    ),
    Setting(
        name="publishers", parse=read_addresses, default=(), meaning="our publishers, besides the keystores'"
    ),
    # -- what is done
    Setting(
        name="mode",
        parse=read_modes,
        default=FIRST_MODES,
        meaning="dry-run, approve or auto, by kind of action (update-coinbase=auto) or for all but notices",
    ),
    Setting(
        name="approval_expires",
        parse=read_seconds,
        default=7 * _DAY,
        meaning="how long an action waits for approval",
    ),
    Setting(
        name="coinbase",
        parse=read_coinbase_rule,
        default=_FIRST_RULE,
        meaning="where rewards go: split, map (those of coinbases alone), or one address for all",
    ),
    Setting(
        name="coinbases",
        parse=read_coinbases,
        default={},
        meaning="where the rewards of single attesters go instead",
    ),
    Setting(
        name="remind_before",
        parse=read_several_seconds,
        default=(_DAY, 6 * _HOUR),
        meaning="how long before its activation to remind of an attester's missing coinbase",
    ),
    Setting(
        name="reload_by_hand",
        parse=read_switch,
        default=False,
        meaning="whether somebody reloads or restarts the node after its keystores were changed",
    ),
    Setting(name="keys_low", parse=read_count, default=5, meaning="fewer keys in a provider's queue are low"),
    Setting(
        name="runway_low", parse=read_seconds, default=7 * _DAY, meaning="keys that last less long are low"
    ),
    Setting(
        name="keys_target", parse=read_amount, default=20, meaning="how many keys to have after adding some"
    ),
    Setting(
        name="registration_file", parse=read_text, meaning="prepared registrations, from which keys are added"
    ),
    Setting(
        name="publisher_low",
        parse=read_ether,
        default=WEI_PER_TOKEN // 2,
        meaning="a balance below it is low, in ETH",
    ),
    Setting(
        name="publisher_critical",
        parse=read_ether,
        default=WEI_PER_TOKEN // 10,
        meaning="a balance below it is critical, in ETH",
    ),
    Setting(
        name="publisher_target",
        parse=read_ether,
        default=WEI_PER_TOKEN,
        meaning="what a publisher has after a top-up, in ETH",
    ),
    Setting(name="provider_admin", parse=read_safe, meaning="admin of the provider to create"),
    Setting(name="provider_take_rate", parse=read_take_rate, meaning="its take rate: 500, or 5%"),
    Setting(name="provider_rewards_recipient", parse=read_safe, meaning="where its part of rewards goes"),
    # -- the Safe
    Setting(name="safe", parse=read_safe, meaning="the Safe that acts on L1"),
    Setting(
        name="safe_service", parse=read_url, is_url=True, meaning="Safe's Transaction Service to propose to"
    ),
    Setting(name="safe_api_key", parse=read_secret_text, only_by_file=True, meaning="the service's API key"),
    Setting(
        name="safe_proposer_key",
        parse=read_secret_text,
        only_by_file=True,
        meaning="key of a delegate, which can propose and nothing else",
    ),
    Setting(
        name="out_dir",
        parse=read_text,
        meaning="where Safe files are written; in the state directory by default",
    ),
    # -- who is told
    Setting(
        name="targets", parse=read_targets, only_by_file=True, meaning="where notices go, one URL a line"
    ),
    Setting(
        name="notify_from",
        parse=read_severity,
        default=Severity.INFO,
        meaning="info, warning or critical: from which on notices go there",
    ),
    Setting(
        name="notices_per_hour",
        parse=read_amount,
        default=30,
        meaning="how many go there singly; more are put together",
    ),
    Setting(
        name="digest_every",
        parse=read_seconds,
        default=15 * 60,
        meaning="how often what was put together goes there",
    ),
    Setting(
        name="notices_expire",
        parse=read_seconds,
        default=7 * _DAY,
        meaning="after how long an event is no news; critical ones always are",
    ),
    Setting(
        name="quiet",
        parse=read_names,
        default=(),
        meaning="events and conditions of which no notice is made",
    ),
    # -- how the chain is followed
    Setting(
        name="confirmations",
        parse=read_amount,
        meaning="blocks after which one is final; what the chain calls final by default",
    ),
    Setting(name="poll_seconds", parse=read_positive, default=12.0, meaning="seconds between polls"),
    Setting(
        name="look_seconds",
        parse=read_positive,
        default=60.0,
        meaning="seconds between looks at conditions such as low balances",
    ),
    Setting(
        name="start_block", parse=read_count, meaning="where a new journal begins; at the head by default"
    ),
    # -- the process
    Setting(
        name="listen",
        parse=read_listen,
        default=_FIRST_LISTEN,
        meaning="where health and metrics are, as address:port",
    ),
    Setting(
        name="certificate", parse=read_text, meaning="file of a certificate chain in PEM; speaks TLS with it"
    ),
    Setting(
        name="certificate_key",
        parse=read_text,
        meaning="file of its private key, if the chain's does not hold it",
    ),
    Setting(name="token", parse=read_text, only_by_file=True, meaning="what scrapers must bear"),
    Setting(name="log_level", parse=read_level, meaning="debug, info, warning or error"),
)


@attrs.frozen(kw_only=True)
class WatcherSettings:
    """Everything the watcher is told; ``WATCHER_SETTINGS`` says what each means.

    None stands for: not set. Times are seconds, amounts wei.
    """

    connection: Settings
    provider_ids: tuple[int, ...] = ()
    attesters: tuple[str, ...] = ()
    keystores: tuple[str, ...] = ()
    publishers: tuple[str, ...] = ()
    mode: Mapping[ActionKind, Mode] = attrs.field(default=FIRST_MODES, hash=False)
    approval_expires: int = unit("s", default=7 * _DAY)
    coinbase: CoinbaseRule = _FIRST_RULE
    coinbases: Mapping[str, str] = attrs.field(factory=dict, hash=False)
    remind_before: tuple[int, ...] = unit("s", default=(_DAY, 6 * _HOUR))
    reload_by_hand: bool = False
    keys_low: int = 5
    runway_low: int = unit("s", default=7 * _DAY)
    keys_target: int = 20
    registration_file: str | None = None
    publisher_low: int = unit("ether", default=WEI_PER_TOKEN // 2)
    publisher_critical: int = unit("ether", default=WEI_PER_TOKEN // 10)
    publisher_target: int = unit("ether", default=WEI_PER_TOKEN)
    provider_admin: str | None = None
    provider_take_rate: int | None = unit("bps", default=None)
    provider_rewards_recipient: str | None = None
    safe: str | None = None
    safe_service: str | None = attrs.field(default=None, repr=False)
    safe_api_key: str | None = attrs.field(default=None, repr=False)
    safe_proposer_key: str | None = attrs.field(default=None, repr=False)
    out_dir: str | None = None
    targets: tuple[str, ...] | None = attrs.field(default=None, repr=False)
    notify_from: Severity = Severity.INFO
    notices_per_hour: int = 30
    digest_every: int = unit("s", default=15 * 60)
    notices_expire: int = unit("s", default=7 * _DAY)
    quiet: tuple[str, ...] = ()
    confirmations: int | None = None
    poll_seconds: float = unit("s", default=12.0)
    look_seconds: float = unit("s", default=60.0)
    start_block: int | None = None
    listen: Address = _FIRST_LISTEN
    certificate: str | None = None
    certificate_key: str | None = None
    token: str | None = attrs.field(default=None, repr=False)
    log_level: LogLevel | None = None

    @property
    def network(self) -> str:
        """The network's name."""
        return self.connection.network

    @property
    def sets_coinbases(self) -> bool:
        """Whether there are keystores in which coinbases are set."""
        return bool(self.keystores)

    @property
    def secrets(self) -> frozenset[str]:
        """Everything in them that nobody may read in a log."""
        found = secrets_of_urls([self.safe_service]) | secrets_of_network(self.connection)
        found |= {self.token or "", self.safe_api_key or "", self.safe_proposer_key or ""}
        found |= {(self.safe_proposer_key or "").removeprefix("0x")}
        for target in self.targets or ():
            # Whatever stands behind the kind of a target may be a password, a token or somebody's address.
            found |= {target, target.partition("://")[2]}
            found |= {part for part in _pieces(target) if len(part) >= _SHORTEST_SECRET}
        return frozenset(found) - {""}


def _pieces(target: str) -> Iterator[str]:
    rest = target.partition("://")[2]
    for mark in "/@:?&=":
        rest = rest.replace(mark, " ")
    yield from rest.split()
