"""Sets the coinbase of an attester: in its keystore, in the node that loaded it, and followed until a checkpoint proves it.

The order of things: see that the node's admin port answers; edit the keystore, whole or not at all, with the old text
kept; make the node reload; read the keystore once more. Then the work is done as far as it can be, and the attester's
next checkpoint proves it or not: no node tells the coinbases that it works with.

Each step is told before and after. So a crash anywhere is understood: an edit is found in the file, and a reload of
which nobody knows whether it arrived is asked for again, because it does the same twice.
"""

from __future__ import annotations

from typing import Final, Protocol

from aztec_butler.clients.stopping import StopSign
from aztec_butler.core.errors import ButlerError, CheckFailed, NodeError, SettingsError
from aztec_butler.core.intent_parameters import UpdateCoinbase
from aztec_butler.core.intents import ActionKind, Intent
from aztec_butler.core.keystores.coinbase_policy import WantedCoinbase
from aztec_butler.watcher.executor import Attempt, Look, Plan, Standing
from aztec_butler.watcher.executors.carried_coinbases import Carried, CarriedCoinbases
from aztec_butler.watcher.executors.chain import Chain
from aztec_butler.watcher.executors.coinbase_steps import CoinbaseSteps
from aztec_butler.watcher.executors.keystore_set import KeystoreSet, PresentKeystores
from aztec_butler.watcher.executors.told import told_shortly

LOOKBACK_BLOCKS: Final = 800
"""So far back a checkpoint counts as proof where nobody knows when the coinbase was set."""
_AGAIN_SECONDS: Final = 600.0
_SOON_SECONDS: Final = 5.0
_NOTED_BLOCKS: Final = 7200
"""Each day it is noted how far the checkpoints were looked at, so that a restart does not begin from the start."""


class ReloadingNode(Protocol):
    """A node whose admin port makes it read its keystores again. ``clients.aztec_node.AztecNode`` is one."""

    name: str

    def get_config(self) -> object:
        """The node's settings: it answers, and takes our key."""

    def reload_keystore(self) -> None:
        """Make it read its keystores again."""


class CoinbaseExecutor:
    """Carries out ``update-coinbase``.

    Args:
        keystores: of the node.
        node: its admin port; None where somebody reloads or restarts the node by hand, which has to be said.
        by_hand: whether that was said.
        chain: where checkpoints are looked for.

    Raises:
        SettingsError: by :meth:`act`, where there is neither a node nor somebody who reloads it.
    """

    kinds = frozenset({ActionKind.UPDATE_COINBASE})

    def __init__(
        self, keystores: KeystoreSet, node: ReloadingNode | None, chain: Chain, *, by_hand: bool = False
    ) -> None:
        self._keystores = keystores
        self._node = None if by_hand else node
        self._by_hand = by_hand
        self._chain = chain
        self._checkpoints = CarriedCoinbases(chain)
        self._carried: dict[str, Carried] = {}
        self._sign = StopSign()

    # ------------------------------------------------------------------ looking

    def look(self, intent: Intent, attempt: Attempt) -> Look:
        """Whether the keystore names the coinbase, the node was told, and a checkpoint carries it."""
        wanted = UpdateCoinbase.from_json(intent.parameters)
        with self._sign:
            told = CoinbaseSteps.of(attempt.past())
            entry = self._keystores.read().entry(wanted.attester)
            if entry.coinbase != wanted.coinbase:
                return _missing(wanted, entry.file, str(entry.coinbase), told)
            place = f"{entry.file} names {wanted.coinbase} for {wanted.attester}"
            was_begun = told.written or told.reload_count > 0
            if was_begun and not told.reloaded and not self._by_hand:
                return Look(
                    standing=Standing.NEEDED, evidence=f"{place}, and the node has not been told for sure"
                )
            return self._look_for_proof(intent, wanted, attempt, told, place)

    def _look_for_proof(
        self, intent: Intent, wanted: UpdateCoinbase, attempt: Attempt, told: CoinbaseSteps, place: str
    ) -> Look:
        heads = self._chain.heads()
        since = told.since_block
        first = max(0, heads.head.number - LOOKBACK_BLOCKS) if since is None else since
        known = self._carried.get(intent.id)
        if known is None and told.looked_to is not None and told.looked_to >= first:
            known = Carried(up_to=told.looked_to, settled_to=told.looked_to)
        coinbases = [wanted.coinbase, *([told.before] if told.before else [])]
        found = self._checkpoints.look(wanted.attester, coinbases, heads, first_block=first, known=known)
        self._carried[intent.id] = found
        if found.coinbase == wanted.coinbase and found.block_number is not None:
            proof = f"{place}, and its checkpoint at block {found.block_number:,} carries it"
            if found.block_number <= heads.settled.number:
                self._carried.pop(intent.id)
                return Look(standing=Standing.DONE, evidence=proof)
            return Look(
                standing=Standing.UNDER_WAY,
                evidence=f"{proof}; that block is not final yet",
                again_in_seconds=60,
            )
        if since is None and not self._by_hand:
            return Look(standing=Standing.NEEDED, evidence=f"{place}, and nobody knows whether the node does")
        if (told.looked_to or first) + _NOTED_BLOCKS <= found.up_to and found.block_number is None:
            attempt.step("looked", up_to_block=found.settled_to)
        return Look(
            standing=Standing.UNDER_WAY,
            evidence=f"{place}; {self._who_was_told(told)}; {_without_proof(found, wanted, first)}",
            again_in_seconds=_SOON_SECONDS if found.up_to < heads.head.number else _AGAIN_SECONDS,
        )

    def _who_was_told(self, told: CoinbaseSteps) -> str:
        if self._by_hand or self._node is None:
            return "the node has to be reloaded or restarted by hand"
        name = self._node.name
        if told.reload_count > 1:
            return f"{name} was asked {told.reload_count} times to reload until it was known to have done so"
        return f"{name} was asked once to reload, and did"

    # ------------------------------------------------------------------ planning

    def plan(self, intent: Intent) -> Plan:
        """The diff of the keystore, and who is told."""
        wanted = UpdateCoinbase.from_json(intent.parameters)
        summary = f"Set the coinbase of {wanted.attester} to {wanted.coinbase}"
        lines: list[str] = []
        problems: list[str] = []
        with self._sign:
            try:
                present = self._keystores.read()
                entry = present.entry(wanted.attester)
                edit = present.plan(_wanted(wanted))
                lines += [
                    f"{change.attester}: {change.before} -> {change.after} ({change.reason})"
                    for change in edit.changes
                    if change.before != change.after
                ] or [f"{entry.file} names it already"]
                lines += [line for each in edit.edits for line in each.diff()]
            except ButlerError as error:
                problems.append(told_shortly(error))
            try:
                self._check_node()
            except (NodeError, SettingsError) as error:
                problems.append(told_shortly(error))
        lines.append(
            f"then {self._node.name} is asked to reload its keystores"
            if self._node is not None
            else "then somebody has to reload or restart the node"
        )
        lines.append("then the attester's checkpoints are followed until one carries the coinbase")
        return Plan(summary=summary, lines=tuple(lines), problems=tuple(problems))

    def _check_node(self) -> None:
        """See that the admin port answers and takes our key, before anything is changed."""
        if self._node is not None:
            self._node.get_config()
        elif not self._by_hand:
            raise SettingsError(
                "the Aztec node's admin port is not known, so that it cannot be told to reload its keystores",
                hint="give its URL, or say in the settings that the node is reloaded by hand",
            )

    # ------------------------------------------------------------------ acting

    def act(self, intent: Intent, attempt: Attempt) -> None:
        """Edit, reload, read back; what an earlier attempt has done is left as it is."""
        wanted = UpdateCoinbase.from_json(intent.parameters)
        with self._sign:
            told = CoinbaseSteps.of(attempt.past())
            present = self._keystores.read()
            entry = present.entry(wanted.attester)
            # Where it fails it must fail now: nothing has been changed.
            self._check_node()
            block = self._chain.heads().head.number
            self._sign.check()
            if entry.coinbase != wanted.coinbase:
                present = self._edit(present, wanted, attempt, block)
            elif told.is_writing:
                attempt.step("written", found=True, block=block)
            if self._node is not None:
                self._reload(present, wanted, attempt, block)

    def _edit(
        self, present: PresentKeystores, wanted: UpdateCoinbase, attempt: Attempt, block: int
    ) -> PresentKeystores:
        entry = present.entry(wanted.attester)
        edit = present.plan(_wanted(wanted))
        attempt.step(
            "writing",
            file=entry.file,
            before=entry.coinbase,
            after=wanted.coinbase,
            digest=present.digest,
            block=block,
        )
        written = present.apply(edit, keep_backups=self._keystores.keep_backups)
        after = self._keystores.read()
        attempt.step(
            "written",
            files=[each.file for each in written],
            backups=[each.backup for each in written],
            digest=after.digest,
            block=block,
        )
        self._sign.check()
        return after

    def _reload(
        self, present: PresentKeystores, wanted: UpdateCoinbase, attempt: Attempt, block: int
    ) -> None:
        assert self._node is not None
        attempt.step("reloading", node=self._node.name, digest=present.digest, block=block)
        try:
            self._node.reload_keystore()
        except (NodeError, SettingsError) as error:
            attempt.step("reload-failed", node=self._node.name, reason=error.sentence)
            error.hint = error.hint or "the keystore is written; the node works with what it had before"
            raise
        attempt.step("reloaded", node=self._node.name, block=block)
        after = self._keystores.read()
        coinbase = after.entry(wanted.attester).coinbase
        attempt.step(
            "read-back", coinbase=coinbase, digest=after.digest, is_unchanged=after.digest == present.digest
        )
        if coinbase != wanted.coinbase:
            raise CheckFailed(
                "somebody has changed the coinbase while the node was reloading",
                attester=wanted.attester,
                coinbase=coinbase,
                expected=wanted.coinbase,
            )

    def stop(self) -> None:
        """End what is waited for: each step can be ended, and is understood afterwards."""
        self._sign.show()


def _wanted(wanted: UpdateCoinbase) -> dict[str, WantedCoinbase]:
    return {wanted.attester: WantedCoinbase(coinbase=wanted.coinbase, reason=wanted.source.value)}


def _missing(wanted: UpdateCoinbase, file: str, present: str, told: CoinbaseSteps) -> Look:
    found = f"{file} names {present} for {wanted.attester}"
    if told.written:
        return Look(
            standing=Standing.IMPOSSIBLE,
            evidence=f"{found}: somebody has changed it after {wanted.coinbase} had been set, and that is left alone",
        )
    return Look(standing=Standing.NEEDED, evidence=f"{found}, and is to name {wanted.coinbase}")


def _without_proof(found: Carried, wanted: UpdateCoinbase, first: int) -> str:
    looked = f"blocks {first:,} to {found.up_to:,} were looked at"
    if found.coinbase is None or found.block_number is None:
        return f"no checkpoint proves it yet, {looked}"
    return (
        f"but its checkpoint at block {found.block_number:,} still named {found.coinbase} instead of {wanted.coinbase},"
        f" {looked}"
    )
