"""The commands about attesters' BLS keys. They ask nobody, and show no secret."""

import os
import stat
from pathlib import Path
from typing import Annotated, NamedTuple

import attrs

from aztec_butler.cli.answer import Answer
from aztec_butler.cli.command import command
from aztec_butler.cli.stdout import write_text
from aztec_butler.core.bls import (
    PROOF_GAS_LIMIT,
    AttesterRegistration,
    find_faults,
    parse_registrations,
    parse_secret_lines,
    registration_digest,
    registrations,
    render_registrations,
)
from aztec_butler.core.errors import CheckFailed, InputError

_GAS_HINT = "use another key; GSE proofOfPossessionGasLimit tells the limit, --proof-gas-limit sets it here"


@attrs.frozen(kw_only=True)
class ShownVerdict:
    """A registration, as `keys verify` judges it."""

    place: int
    """In the file, from 0."""
    attester: str | None
    public_key_x: str
    """Of the key in G1."""
    verdict: str
    meaning: str | None
    """What the verdict says; None for a good one."""


class Examination(NamedTuple):
    """What keys are held against, and whether somebody watches."""

    proof_gas_limit: int
    quiet: bool


def examination(*, proof_gas_limit: int = PROOF_GAS_LIMIT, quiet: bool = False) -> Examination:
    """Examination.

    Args:
        proof_gas_limit: what the GSE grants the check of a proof.
        quiet: no progress bar.
    """
    return Examination(proof_gas_limit, quiet)


@command(examination, renders=False)
def register(  # noqa: D417 - what groups of options give is not the caller's
    against: Examination,
    *,
    secret_file: Annotated[str, str, "PATH"],
    output: Annotated[str, str, "PATH"] | None = None,
) -> None:
    """Public keys and proof of possession of BLS secrets: what staking asks of an attester, as JSON.

    The file holds one secret on each line: 0x and 64 hex digits, with the attester's address before it where it is to
    stand in the answer. It has to be its owner's alone (chmod 600), or a pipe. The answer holds nothing secret, and has the
    form that `aztec validator-keys staker` writes and `keys verify` reads.

    Exit code 5 when a key, good in itself, needs more gas than the GSE grants: its deposit would fail.

    Args:
        secret_file: the secrets. They never stand on the command line, which other users can see.
        output: write to this file, whole or not at all, instead of to stdout.

    Examples:
        aztec-butler keys register --secret-file bls.txt
        aztec-butler keys register --secret-file bls.txt --output staker.json
    """
    from aztec_butler.cli.progress import Bar

    entries = parse_secret_lines(_read_secret_file(secret_file))
    with Bar(quiet=against.quiet) as bar:
        made = registrations(
            [entry.secret for entry in entries],
            progress=lambda done, total: bar.step(done, total, "registrations"),
        )
    text = render_registrations(
        AttesterRegistration(attester=entry.attester, registration=each)
        for entry, each in zip(entries, made, strict=True)
    )
    if output is None:
        write_text(text)
    else:
        from aztec_butler.store.files import write_whole

        write_whole(Path(output).expanduser(), text.encode())
    dear = [
        place
        for place, each in enumerate(made)
        if registration_digest(each.public_key_g1).proof_gas > against.proof_gas_limit
    ]
    if dear:
        raise CheckFailed(
            "a key needs more gas for its proof than the GSE grants",
            hint=_GAS_HINT,
            places=", ".join(map(str, dear)),
            proof_gas_limit=against.proof_gas_limit,
        )


@command(examination)
def verify(  # noqa: D417 - as above
    against: Examination, path: Annotated[str, str, "PATH"]
) -> Answer:
    """Whether the chain will take each registration of a file, by its own rules; about 50 in a second.

    Checked are the points, that both public keys belong to one secret, that the proof was made with it, the gas that the
    chain's check takes, and that no attester or key stands twice. Not checked is what only the chain knows: whether one
    was registered before. Exit code 5 when one is bad.

    Args:
        path: JSON as `keys register` and `aztec validator-keys staker` write it; nothing in it is secret.

    Examples:
        aztec-butler keys verify staker.json
        aztec-butler keys verify staker.json --format json
    """
    from aztec_butler.cli.progress import Bar

    entries = parse_registrations(_read(path))
    with Bar(quiet=against.quiet) as bar:
        faults = find_faults(
            entries,
            proof_gas_limit=against.proof_gas_limit,
            progress=lambda done, total: bar.step(done, total, "registrations"),
        )
    verdicts = tuple(
        ShownVerdict(
            place=place,
            attester=entry.attester,
            public_key_x=f"0x{entry.registration.public_key_g1[0]:064x}",
            verdict="ok" if fault is None else fault.value,
            meaning=None if fault is None else fault.meaning,
        )
        for place, (entry, fault) in enumerate(zip(entries, faults, strict=True))
    )
    bad = len(faults) - faults.count(None)
    return Answer(
        rows=verdicts,
        row_type=ShownVerdict,
        essential=("verdict", "place", "attester", "meaning"),
        notes=(f"{len(entries) - bad} of {len(entries)} registrations are good",),
        failure=CheckFailed("registrations that the chain will refuse", bad=bad, of=len(entries))
        if bad
        else None,
    )


def _read_secret_file(path: str) -> str:
    """The text of a file that only its owner can use, or of a pipe."""
    try:
        with Path(path).expanduser().open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            if stat.S_ISREG(mode) and mode & 0o077:
                raise InputError(
                    "group or others can use a file with secrets",
                    path=path,
                    mode=f"{stat.S_IMODE(mode):04o}",
                    hint=f"chmod 600 {path}",
                )
            return file.read().decode()
    except OSError as error:
        raise InputError("a file cannot be read", path=path, reason=error.strerror) from None
    except UnicodeDecodeError:
        raise InputError("a file with secrets is text, and this is not", path=path) from None


def _read(path: str) -> bytes:
    try:
        return Path(path).expanduser().read_bytes()
    except OSError as error:
        raise InputError("a file cannot be read", path=path, reason=error.strerror) from None
