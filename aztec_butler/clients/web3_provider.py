"""web3 over the same door: its retries, failover, chain check and silence about URLs.

::

    w3 = connect_web3(rpc)
    w3.eth.get_balance(address)

What goes wrong is raised as this package's own error, not as one of web3's: a revert is a ``RevertError`` with the
decoded reason where web3 would raise ``ContractLogicError``, a dead node a ``NodeUnreachable`` where it would raise an
exception of requests. Following OffchainLookup reverts (EIP-3668) needs web3's own error and so does not happen; no
contract of this network uses it.

Importing this module imports web3, which takes more than a second.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
from web3 import Web3
from web3._utils.encoding import FriendlyJsonSerde, Web3JsonEncoder
from web3.exceptions import ProviderConnectionError
from web3.providers import JSONBaseProvider

from aztec_butler.core.errors import ButlerError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from web3.types import RPCEndpoint, RPCResponse

    from aztec_butler.clients.rpc import Rpc


class ButlerProvider(JSONBaseProvider):
    """A web3 provider that asks through an ``Rpc``.

    Args:
        rpc: the door to the nodes. Closing it is its owner's business.
    """

    def __init__(self, rpc: Rpc) -> None:
        super().__init__()
        self._rpc = rpc
        self._chain_id: Any = None

    def __str__(self) -> str:
        return f"RPC connection {', '.join(self._rpc.endpoint_names)}"

    __repr__ = __str__

    def make_request(self, method: RPCEndpoint, params: Any) -> RPCResponse:
        """One method.

        Raises:
            RevertError: the contract reverted.
            NodeError: no endpoint answered properly.
            SettingsError: every endpoint is on another chain.
        """
        if method != "eth_chainId":
            return _response(self._rpc.call(method, *_as_json(params)))
        # web3 asks for it twice in each contract call. It cannot change: the door holds every endpoint to it.
        if self._chain_id is None:
            self._chain_id = self._rpc.call(method)
        return _response(self._chain_id)

    def make_batch_request(self, requests: list[tuple[RPCEndpoint, Any]]) -> list[RPCResponse]:
        """Many methods at once: all results or the first error.

        Raises:
            RevertError: a contract reverted.
            NodeError: no endpoint answered properly.
            SettingsError: every endpoint is on another chain.
        """
        calls = [(method, _as_json(params)) for method, params in requests]
        return [_response(result) for result in self._rpc.batch(calls)]

    def is_connected(self, show_traceback: bool = False) -> bool:
        """Whether a node answers now.

        Args:
            show_traceback: raise instead of returning False.

        Raises:
            ProviderConnectionError: no node answers, and ``show_traceback`` is set.
        """
        try:
            self._rpc.call("eth_chainId")
        except ButlerError as error:
            if show_traceback:
                raise ProviderConnectionError(str(error)) from None
            return False
        return True


def connect_web3(rpc: Rpc) -> Web3:
    """A web3 object over an open door.

    Args:
        rpc: the door to the nodes.
    """
    return Web3(ButlerProvider(rpc))


def _response(result: Any) -> RPCResponse:
    return {"jsonrpc": "2.0", "id": 1, "result": result}


def _as_json(params: Sequence[Any] | None) -> list[msgspec.Raw]:
    # web3's own encoder knows its types, HexBytes and AttributeDict above all.
    serde = FriendlyJsonSerde()
    return [msgspec.Raw(serde.json_encode(param, Web3JsonEncoder).encode()) for param in params or ()]
