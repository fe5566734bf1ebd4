"""What every contract client is: a contract's lines, an address, and one-line reads at a pinned block."""

from __future__ import annotations

from typing import Any, ClassVar

import attrs

from aztec_butler.clients.multicall import Multicall, Read
from aztec_butler.core.contracts import Contract
from aztec_butler.core.records import BlockStamp


@attrs.frozen
class ContractClient:
    """A contract at an address.

    Every ``get_x`` is exactly one contract read, named as the Solidity function in snake case, and takes the block
    last. For many reads at once make them with ``read`` and hand them to ``Multicall.read``.

    Args:
        multicall: what carries the reads.
        address: where the contract lives.
        generation: 2, 4 or 5 where names differ between them; None where they do not.
    """

    contract: ClassVar[Contract]

    multicall: Multicall
    address: str
    generation: int | None = None

    def read(self, function: str, *arguments: Any) -> Read:
        """A read of this contract, not sent yet.

        Args:
            function: the Solidity name, or the signature where the name is overloaded.
            arguments: its arguments.
        """
        return Read(self.address, self.contract.function(function, self.generation), arguments)

    def get(self, function: str, *arguments: Any, block: BlockStamp) -> Any:
        """The value of one read.

        Raises:
            RevertError: the contract reverted.
            DecodeError: no such contract or function at this address and block.
            NodeError: the node failed.
        """
        (value,) = self.multicall.read([self.read(function, *arguments)], block)
        return value
