"""Where notices go besides the log: Slack, Discord, Telegram, mail, webhooks and whatever else apprise knows.

A target's URL is a secret as a whole: tokens stand in every part of it. It is shown by its kind and a digest, which stay
what they are when the list of targets changes.
"""

from __future__ import annotations

import hashlib
import logging
import warnings
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Final, Protocol

from aztec_butler.core.errors import NodeRefused, NodeUnreachable, SettingsError
from aztec_butler.core.intents import Severity
from aztec_butler.watcher.executors.notice_text import Message

if TYPE_CHECKING:
    from apprise import NotifyBase

_KINDS: Final = {Severity.INFO: "info", Severity.WARNING: "warning", Severity.CRITICAL: "failure"}
"""apprise's words."""


class Target(Protocol):
    """Somewhere that takes messages."""

    name: str

    def send(self, message: Message) -> None:
        """Send a message.

        Raises:
            NodeError: it did not arrive, or nobody knows.
        """


class AppriseTarget:
    """One URL of apprise.

    Args:
        plugin: that apprise made of it.
        name: the target as logs call it.
    """

    def __init__(self, plugin: NotifyBase, name: str) -> None:
        self._plugin = plugin
        self.name = name

    def send(self, message: Message) -> None:
        """Send a message; what is too long for the service is parted.

        Raises:
            NodeUnreachable: apprise says that it could not, and hardly more.
        """
        from apprise import NotifyFormat, NotifyType

        try:
            arrived = self._plugin.notify(
                title=message.title,
                body=message.body,
                notify_type=NotifyType(_KINDS[message.severity]),
                body_format=NotifyFormat.TEXT,
            )
        except Exception as error:  # noqa: BLE001 - a hundred plugins, and their messages quote their URLs
            raise NodeRefused(
                "a notification service failed", retryable=True, target=self.name, kind=type(error).__name__
            ) from None
        if not arrived:
            raise NodeUnreachable("a notification service did not take the message", target=self.name)

    def __repr__(self) -> str:
        return f"<AppriseTarget {self.name}>"


def open_targets(urls: Iterable[str]) -> tuple[AppriseTarget, ...]:
    """Targets from their URLs, without a request.

    Args:
        urls: as apprise takes them.

    Raises:
        SettingsError: one is none, or apprise is not installed. No URL is shown.
    """
    given = tuple(urls)
    if not given:
        return ()
    try:
        from apprise import Apprise
        from apprise.common import OverflowMode
    except ImportError:
        raise SettingsError(
            "targets of notices need the extra alerts", hint="pip install 'aztec-butler[alerts]'"
        ) from None
    # Its warnings quote parts of URLs; what failed is told without them.
    logging.getLogger("apprise").setLevel(logging.CRITICAL + 1)
    targets = []
    for number, url in enumerate(given, 1):
        kind = url.partition("://")[0]
        with warnings.catch_warnings():
            # All its plugins are loaded for one, old ones too.
            warnings.simplefilter("ignore", DeprecationWarning)
            plugin: Any = Apprise.instantiate(url, suppress_exceptions=True)
        if plugin is None:
            raise SettingsError(
                "a target of notices is no URL that apprise understands",
                hint="https://appriseit.com lists them by service",
                target=f"line {number}",
            )
        plugin.overflow_mode = OverflowMode.SPLIT
        targets.append(AppriseTarget(plugin, f"{kind}-{hashlib.sha256(url.encode()).hexdigest()[:6]}"))
    return tuple(targets)
