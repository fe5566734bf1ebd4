"""The Aztec (L2) node: who it is, how far it has come, how its validators behave, and its admin port.

Each ``get_x`` is one request (two or three while the node's version is being found out); ``fetch_readiness``
combines several into a judgment. Versions 4 and 5 are spoken. The node does not know the StakingRegistry, and
what it says about L1 is its own view: numbers that matter are read from the contracts.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Literal, Self, TypeVar

from aztec_butler.clients.aztec_rpc import DEFAULT_POLICY, METHOD_NOT_FOUND, THROWN, AztecRpc
from aztec_butler.clients.http import HttpTransport
from aztec_butler.core import node_replies
from aztec_butler.core.errors import InputError, NodeRefused, NotFoundError, SettingsError
from aztec_butler.core.hexes import parse_address
from aztec_butler.core.json_fields import read_flag, read_integer, read_text
from aztec_butler.core.node_readiness import L1View, Readiness, ReadinessLimits, readiness

if TYPE_CHECKING:
    from collections.abc import Callable

    from aztec_butler.clients.aztec_rpc import Names
    from aztec_butler.clients.policy import RetryPolicy
    from aztec_butler.clients.request_details import RequestDetails
    from aztec_butler.core.node_records import (
        BlockHeader,
        ChainTips,
        GasFees,
        L1Addresses,
        NodeInfo,
        Peer,
        SingleValidatorStats,
        SlashOffense,
        SlotClock,
        SyncStatus,
        ValidatorsStats,
    )

_Value = TypeVar("_Value")

DEFAULT_TIMEOUT_SECONDS = 15.0

Block = int | str
"""A block's number or hash, or ``latest``."""


def _public(method: str, *older: str) -> Names:
    """A public method by its name in version 5, by its older names, and by version 5's alias."""
    return tuple(dict.fromkeys([f"aztec_{method}", *older, f"node_{method}"]))


def _admin(method: str) -> Names:
    return (f"aztecAdmin_{method}", f"nodeAdmin_{method}")


_TIPS = _public("getChainTips", "node_getL2Tips")
_BLOCK_HEADER = _public("getBlockData", "node_getBlockHeader")
_PEERS = ("aztec_getPeers", "p2p_getPeers")


class AztecNode:
    """An Aztec node's public port, and its admin port if it is given.

    Args:
        url: the public port, e.g. ``http://127.0.0.1:8080``.
        admin_url: the admin port, e.g. ``http://127.0.0.1:8880``; None to do without.
        admin_key: the admin port's API key; None if it wants none.
        timeout_seconds: for a whole request.
        policy: how patient to be with what fails in passing.
        on_request: told of every HTTP request to either port, e.g. for metrics. Called from whatever thread asks;
            it must not raise.
        sleep: waits for a number of seconds.
        clock: Unix seconds, for the judgment of readiness.

    Raises:
        SettingsError: not a usable URL or key, or a key without an admin port.

    >>> AztecNode("http://127.0.0.1:8080", admin_url="http://127.0.0.1:8880", admin_key="0123456789")
    <AztecNode 127.0.0.1:8080, admin 127.0.0.1:8880>
    """

    def __init__(
        self,
        url: str,
        *,
        admin_url: str | None = None,
        admin_key: str | None = None,
        timeout_seconds: float = DEFAULT_TIMEOUT_SECONDS,
        policy: RetryPolicy = DEFAULT_POLICY,
        on_request: Callable[[RequestDetails], None] | None = None,
        sleep: Callable[[float], object] = time.sleep,
        clock: Callable[[], float] = time.time,
    ) -> None:
        if admin_key is not None and admin_url is None:
            raise SettingsError("an admin key was given without the URL of the admin port")
        transport = HttpTransport(url, timeout_seconds=timeout_seconds)
        self.name = transport.endpoint.name
        self._public = AztecRpc(transport, policy=policy, on_request=on_request, sleep=sleep)
        self._admin: AztecRpc | None = None
        self._admin_name: str | None = None
        if admin_url is not None:
            headers = {} if admin_key is None else {"x-api-key": admin_key}
            admin_transport = HttpTransport(admin_url, headers=headers, timeout_seconds=timeout_seconds)
            self._admin = AztecRpc(
                admin_transport, is_admin=True, policy=policy, on_request=on_request, sleep=sleep
            )
            self._admin_name = admin_transport.endpoint.name
        self._clock = clock

    def get_node_info(self) -> NodeInfo:
        """Who the node is, which rollup it follows, and the L1 contracts it works with.

        Raises:
            NodeError: the node did not answer properly; so for every method of this class.
        """
        return self._public.read(node_replies.decode_node_info, _public("getNodeInfo"))

    def get_node_version(self) -> str:
        """Version of the node's software, e.g. ``4.1.2``."""
        return self._public.read(read_text, _public("getNodeVersion"))

    def get_rollup_version(self) -> int:
        """Version of the rollup the node follows, as the Registry counts them."""
        return self._public.read(read_integer, _public("getVersion"))

    def get_l1_chain_id(self) -> int:
        """Chain id of the L1 the node follows."""
        return self._public.read(read_integer, _public("getChainId"))

    def get_l1_addresses(self) -> L1Addresses:
        """The L1 contracts the node works with."""
        return self._public.read(node_replies.decode_l1_addresses, _public("getL1ContractAddresses"))

    def get_enr(self) -> str | None:
        """The node's record for peer discovery; None when its p2p is off."""
        return self._public.read(_or_none(read_text), _public("getEncodedEnr"))

    def get_tips(self) -> ChainTips:
        """How far the chain has come in each stage, as the node sees it."""
        return self._public.read(node_replies.decode_tips, _TIPS)

    def get_block_number(self) -> int:
        """Number of the newest block."""
        return self._public.read(read_integer, _public("getBlockNumber"))

    def get_block_header(self, block: Block = "latest") -> BlockHeader:
        """Place, time and beneficiaries of a block.

        Args:
            block: number, hash or ``latest``.

        Raises:
            NotFoundError: the node does not have that block.
        """
        header = self._public.read(_or_none(node_replies.decode_block_header), _BLOCK_HEADER, block)
        if header is None:
            raise NotFoundError("the Aztec node does not have this block", endpoint=self.name, block=block)
        return header

    def get_sync_status(self) -> SyncStatus:
        """How far the node's world state has followed the chain."""
        return self._public.read(node_replies.decode_sync_status, _public("getWorldStateSyncStatus"))

    def get_is_ready(self) -> bool:
        """The node's own word, which it keeps to when it has lost L1: judge by ``fetch_readiness``."""
        return self._public.read(read_flag, _public("isReady"))

    def get_peers(self, *, include_pending: bool = False) -> tuple[Peer, ...]:
        """The node's peers, none when its p2p is off.

        Args:
            include_pending: also those it is not connected to: dialing and cached ones.
        """
        return self._public.read(node_replies.decode_peers, _PEERS, include_pending)

    def get_pending_tx_count(self) -> int:
        """How many transactions wait in the node's pool."""
        return self._public.read(read_integer, _public("getPendingTxCount"))

    def get_current_min_fees(self) -> GasFees:
        """The least a transaction pays now. Needs the node's L1 endpoint, and fails without it."""
        return self._public.read(node_replies.decode_gas_fees, _public("getCurrentMinFees"))

    def get_validators_stats(self) -> ValidatorsStats:
        """Conduct of every attester that the node's sentinel has seen on duty."""
        return self._public.read(node_replies.decode_validators_stats, _public("getValidatorsStats"))

    def get_validator_stats(
        self, attester: str, *, first_slot: int | None = None, last_slot: int | None = None
    ) -> SingleValidatorStats | None:
        """Conduct of one attester, with its record by epoch.

        Args:
            attester: L1 address, any case.
            first_slot: where the window begins; None for as far back as the node remembers.
            last_slot: where it ends, included; None for the newest slot processed.

        Returns:
            None when the node has never seen that attester on duty, which is so of everybody where it keeps
            no statistics (`get_validators_stats().is_watching`).

        Raises:
            InputError: not an address, or an empty range.
        """
        if first_slot is not None and last_slot is not None and first_slot > last_slot:
            raise InputError(
                "a range of slots ends before it begins", first_slot=first_slot, last_slot=last_slot
            )
        parameters = [parse_address(attester), first_slot, last_slot]
        while parameters[-1] is None:
            parameters.pop()
        decode = _or_none(node_replies.decode_validator_stats)
        return self._public.read(decode, _public("getValidatorStats"), *parameters)

    def get_slot_clock(self) -> SlotClock:
        """When slots begin, as the node has read it from the rollup.

        Raises:
            NodeRefused: with code -32601 before version 5, which does not tell.
        """
        return self._public.read(node_replies.decode_slot_clock, _public("getL1Constants"))

    def get_synced_l1_at(self) -> int | None:
        """Time of the newest L1 block the node has seen, Unix seconds; None when it has seen none yet.

        Raises:
            NodeRefused: with code -32601 before version 5, which does not tell.
        """
        return self._public.read(_or_none(read_integer), _public("getSyncedL1Timestamp"))

    def fetch_readiness(
        self,
        *,
        l1: L1View | None = None,
        slots: SlotClock | None = None,
        limits: ReadinessLimits | None = None,
    ) -> Readiness:
        """Whether the node keeps up with its chain, judged by progress.

        Args:
            l1: the rollup's tips as our own L1 node shows them now. Without it a chain that stands still
                cannot be told from a node that has lost it.
            slots: when slots begin; None to ask the node, which tells since version 5.
            limits: what still counts as keeping up.

        Raises:
            NodeError: the node did not answer properly; there is no judgment then.
        """
        tips = self.get_tips()
        header = self.get_block_header()
        speaks_version_5 = self._public.namespace == "aztec"
        p2p_enabled = self.get_enr() is not None
        return readiness(
            tips=tips,
            header=header,
            sync=self.get_sync_status(),
            says_ready=self.get_is_ready(),
            p2p_enabled=p2p_enabled,
            connected_peers=self._connected_peers() if p2p_enabled else None,
            l1_refusal=self._l1_refusal(),
            node_l1_at=_unless_missing(self.get_synced_l1_at) if speaks_version_5 else None,
            slots=slots or (_unless_missing(self.get_slot_clock) if speaks_version_5 else None),
            l1=l1,
            limits=limits,
            now=int(self._clock()),
        )

    def _connected_peers(self) -> int | None:
        peers = _unless_missing(self.get_peers)
        return None if peers is None else sum(peer.status == "connected" for peer in peers)

    def _l1_refusal(self) -> str | None:
        """The node's sentence when it could not ask L1; version 4 gives no other sign of that."""
        try:
            self.get_current_min_fees()
        except NodeRefused as refused:
            if refused.code not in THROWN:
                raise
            return str(refused.facts["message"])
        return None

    def get_slash_offenses(self, which: Literal["all", "current"] = "all") -> tuple[SlashOffense, ...]:
        """Offenses the node has seen and would vote to slash for. Admin port.

        Args:
            which: ``all`` it remembers, or those of the ``current`` slashing round. It takes no round number.

        Raises:
            InputError: neither of the two words.
            SettingsError: no admin port was given, or not the right key; so for every admin method.
            NodeRefused: the node runs no slasher, e.g. because it is no sequencer.
        """
        if which not in ("all", "current"):
            raise InputError("slash offenses are asked for by the word all or current", which=which)
        return self._admin_port().read(node_replies.decode_slash_offenses, _admin("getSlashOffenses"), which)

    def reload_keystore(self) -> None:
        """Make the node read its keystore files again. Admin port.

        Attester keys, coinbases and fee recipients are refreshed, publishers are not: an entry with a
        publisher the node was not started with makes it refuse the whole reload.

        Raises:
            NodeRefused: the node keeps what it had; ``message`` says why.
        """
        self._admin_port().call(_admin("reloadKeystore"))

    def get_config(self) -> dict[str, object]:
        """The node's own settings, with whatever may be a secret blotted out. Admin port."""
        return self._admin_port().read(node_replies.decode_config, _admin("getConfig"))

    def _admin_port(self) -> AztecRpc:
        if self._admin is None:
            raise SettingsError(
                "the URL of the Aztec node's admin port was not given",
                hint="it listens on 8880 by default, and should not be reachable from outside",
                endpoint=self.name,
            )
        return self._admin

    def close(self) -> None:
        """Close the connections; the client cannot be used again."""
        self._public.close()
        if self._admin is not None:
            self._admin.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        admin = "" if self._admin_name is None else f", admin {self._admin_name}"
        return f"<AztecNode {self.name}{admin}>"


def _or_none(decode: Callable[[object], _Value]) -> Callable[[object], _Value | None]:
    """As ``decode``, but what the node leaves undefined is None."""
    return lambda result: None if result is None else decode(result)


def _unless_missing(get: Callable[[], _Value]) -> _Value | None:
    """What the method returns, None where the node does not have the method."""
    try:
        return get()
    except NodeRefused as refused:
        if refused.code != METHOD_NOT_FOUND:
            raise
    return None
