"""The keystores that one node loads, as the executor of coinbases reads and edits them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

import attrs

from aztec_butler.core.errors import InputError
from aztec_butler.core.keystores.checks import CheckedSet
from aztec_butler.core.keystores.coinbase_policy import WantedCoinbase
from aztec_butler.core.keystores.coinbases import CoinbasePlan, plan_coinbases
from aztec_butler.core.keystores.faults import refuse
from aztec_butler.core.keystores.public import PublicAttester
from aztec_butler.core.keystores.records import Secret
from aztec_butler.store.keystore_edits import DEFAULT_BACKUPS, Written, apply_edits
from aztec_butler.store.keystores import ReadSet, check_keystores
from aztec_butler.store.settings_files import read_secret


@attrs.frozen(kw_only=True)
class KeystoreSet:
    """Where the keystores of one node are.

    Args:
        paths: files and folders, in the order in which the node is given them.
        key_files: where encrypted key files are, if not where the keystores say.
        password_file: with the password of encrypted keys; None where the keystores have it, or nothing is encrypted.
        keep_backups: how many old texts of each file are kept.
    """

    paths: tuple[Path, ...]
    key_files: Path | None = None
    password_file: Path | None = None
    keep_backups: int = DEFAULT_BACKUPS

    def read(self) -> PresentKeystores:
        """What the node would load now.

        Raises:
            CheckFailed: a file cannot be read, or is no keystore.
            SettingsError: the password's file cannot be read.
        """
        password = None if self.password_file is None else Secret(read_secret(str(self.password_file)))
        checked, read = check_keystores(self.paths, key_files=self.key_files, password=password)
        unread = {reading.file for reading in checked.readings if reading.keystore is None}
        refuse([finding for finding in checked.findings if finding.file in unread])
        return PresentKeystores(checked=checked, read=read)


@attrs.frozen(kw_only=True)
class PresentKeystores:
    """Keystores as they were when they were read."""

    checked: CheckedSet = attrs.field(repr=False)
    read: ReadSet = attrs.field(repr=False)

    @property
    def digest(self) -> str:
        """Of all files together, by which another reading is compared."""
        parts = [f"{source.path}\0{source.digest}" for source in self.read.sources]
        return hashlib.sha256("\0".join(parts).encode()).hexdigest()

    def entry(self, attester: str) -> PublicAttester:
        """What they say of an attester.

        Args:
            attester: checksummed.

        Raises:
            InputError: none of them names it, or several do.
        """
        found = [each for each in self.checked.public.attesters if each.attester == attester]
        if len(found) == 1:
            return found[0]
        files = ", ".join(sorted({each.file for each in found})) or ", ".join(
            str(source.path) for source in self.read.sources
        )
        raise InputError(
            "the attester stands in several keystores" if found else "the attester stands in no keystore",
            hint="a coinbase is set where the attester's keys are: name those keystores in the settings",
            attester=attester,
            files=files,
        )

    def plan(self, wanted: Mapping[str, WantedCoinbase]) -> CoinbasePlan:
        """The smallest edit that sets coinbases; see ``core.keystores.coinbases``."""
        return plan_coinbases(self.checked, wanted)

    def apply(self, plan: CoinbasePlan, *, keep_backups: int) -> tuple[Written, ...]:
        """Write what a plan changes; see ``store.keystore_edits``."""
        changed = {edit.file for edit in plan.edits}
        sources = [source for source in self.read.sources if str(source.path) in changed]
        return apply_edits(plan.edits, sources, keep_backups=keep_backups)
