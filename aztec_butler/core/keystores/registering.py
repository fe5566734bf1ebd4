"""From keystores to registrations: what staking asks of attesters, out of the keys that they run with."""

from __future__ import annotations

from aztec_butler.core.bls import AttesterRegistration
from aztec_butler.core.errors import CheckFailed
from aztec_butler.core.keystores.checks import CheckedSet
from aztec_butler.core.keystores.faults import Fault, refuse

_NO_MATTER = {Fault.MISSING_PUBLISHER, Fault.NO_REMOTE_SIGNER, Fault.NO_PUBLISHERS}
"""Faults of new keys that have not been given to a server yet."""


def registrations_of(
    checked: CheckedSet, *, has_password: bool = False, partial: bool = False
) -> list[AttesterRegistration]:
    """The registrations of all attesters, in the order of the files.

    Args:
        checked: keystores, examined with registrations.
        has_password: whether a password was given that the keystores do not have.
        partial: leave out attesters without a BLS key or a known address.

    Raises:
        CheckFailed: something is wrong with the keystores, or attesters cannot be registered; all of it.
    """
    ignored = _NO_MATTER | ({Fault.NO_PASSWORD} if has_password else set())
    refuse([finding for finding in checked.findings if finding.fault not in ignored])
    registered: list[AttesterRegistration] = []
    lacking: dict[str, str] = {}
    for each in checked.public.attesters:
        if each.attester is None:
            lacking[f"{each.file} {each.path}"] = (
                "the address is not known; the encrypted file has to be opened"
            )
        elif each.registration is None:
            lacking[f"{each.file} {each.path}"] = f"{each.attester} has no BLS key"
        else:
            registered.append(AttesterRegistration(attester=each.attester, registration=each.registration))
    if lacking and not partial:
        error = CheckFailed(
            "attesters cannot be registered from these keystores", hint="--partial leaves them out"
        )
        error.facts.update(lacking)
        raise error
    return registered
