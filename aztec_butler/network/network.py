"""One network and all of its questions; every answer is of one block."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from aztec_butler.network.analysis_questions import AnalysisQuestions
from aztec_butler.network.duty_questions import DutyQuestions
from aztec_butler.network.event_questions import EventQuestions
from aztec_butler.network.operator_questions import OperatorQuestions
from aztec_butler.network.reward_questions import RewardQuestions
from aztec_butler.network.stake_questions import StakeQuestions

if TYPE_CHECKING:
    from aztec_butler.clients.filled_calldata import FilledCalldata
    from aztec_butler.core.calls import Call
    from aztec_butler.core.simulation import Simulation


class Network(
    StakeQuestions, EventQuestions, RewardQuestions, DutyQuestions, AnalysisQuestions, OperatorQuestions
):
    """One network, at the latest block or pinned to one; ``connect`` makes it.

    Attributes:
        block_name: the block that questions are asked at: a number, or ``latest``, ``safe``, ``finalized``.
    """

    @property
    def calldata(self) -> FilledCalldata:
        """The builders of ``aztec_butler.calldata``, with addresses and present terms filled in from the chain."""
        from aztec_butler.clients.filled_calldata import FilledCalldata

        snapshot = self.snapshot()
        return FilledCalldata(self.rpc, self.multicall, snapshot.deployment, snapshot.block)

    def simulate(self, calls: Call | Sequence[Call], *, sender: str, at: int | None = None) -> Simulation:
        """What calls would do, run in order on the state of the block; nothing is sent.

        Args:
            calls: one call or several.
            sender: who would send them: an account or a Safe.
            at: Unix seconds of the block they would be in; one slot after the network's block by default.

        Returns:
            For each call gas, events and balance changes, or why it reverts; ``print`` shows it.

        Raises:
            InputError: no calls, or a time before the block's.
            RevertError: the sender does not have the ether that a call sends along.
            NodeError: the node failed.
        """
        from aztec_butler.clients.simulation import simulate
        from aztec_butler.core.calls import Call
        from aztec_butler.core.simulation import roles_of

        snapshot = self.snapshot()
        return simulate(
            self.rpc,
            [calls] if isinstance(calls, Call) else calls,
            sender=sender,
            block=snapshot.block,
            at=at,
            roles=roles_of(snapshot.deployment),
        )
