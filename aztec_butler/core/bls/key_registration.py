"""What an attester registers its BLS key with, from the secret."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import attrs

from aztec_butler.core.bls import g1
from aztec_butler.core.bls.digest import registration_digest
from aztec_butler.core.bls.multiples import generators, multiples
from aztec_butler.core.bls.secret_key import SecretKey, as_secret_key
from aztec_butler.core.errors import InputError
from aztec_butler.core.hexes import keccak256

_CHUNK = 128
# One at a time, the tables are made for a caller who comes again.
_USUAL_COUNT = 40


@attrs.frozen(kw_only=True)
class Registration:
    """What ``deposit`` and ``addKeysToProvider`` take beside the attester's address; nothing in it is secret.

    The fields encode as they are: ``(x, y)``, ``(x0, x1, y0, y1)`` with ``x = x0 + x1*u`` (real part first, although a
    comment in BN254Lib says otherwise: its pairing call swaps them), ``(x, y)``.
    """

    public_key_g1: g1.Affine
    public_key_g2: tuple[int, int, int, int]
    proof_of_possession: g1.Affine


def registration(secret: SecretKey | int) -> Registration:
    """Registration of a secret key.

    About 1.5 ms for a secret of full length, after 10 ms of tables at the first one; not in constant time.

    Args:
        secret: as a number at least 1 and below ``GROUP_ORDER``.

    >>> registration(1).public_key_g1
    (1, 2)

    Raises:
        InputError: the secret is out of range. The error does not tell it.

    Source: GSE ``_checkProofOfPossession``, BN254Lib ``proofOfPossession``.
    """
    key = as_secret_key(secret)
    del secret  # locals end up in error reports
    if isinstance(key, InputError):
        raise key
    return _registrations([key], usual_count=_USUAL_COUNT)[0]


def registrations(
    secrets: Iterable[SecretKey | int], *, progress: Callable[[int, int], None] | None = None
) -> tuple[Registration, ...]:
    """Registrations of many secret keys, in their order, for somewhat less than one after the other.

    Args:
        secrets: as numbers at least 1 and below ``GROUP_ORDER``.
        progress: told after each piece how many are done, and of how many.

    Raises:
        InputError: a secret is out of range; the error names its place, counted from 0, and does not tell it.
    """
    found = [as_secret_key(secret) for secret in secrets]
    del secrets
    keys = []
    for place, key in enumerate(found):
        if isinstance(key, InputError):
            key.facts = {"place": place, **key.facts}
            raise key
        keys.append(key)
    made: list[Registration] = []
    while len(made) < len(keys):
        made += _registrations(keys[len(made) : len(made) + _CHUNK], usual_count=len(keys))
        if progress is not None:
            progress(len(made), len(keys))
    return tuple(made)


def public_key_hash(public_key_g1: g1.Affine) -> bytes:
    """What the GSE knows a key by in ``ownedPKs``, the keys that were ever activated.

    Args:
        public_key_g1: public key in G1, (x, y).

    Source: GSE ``_checkProofOfPossession``.
    """
    x, y = public_key_g1
    return keccak256(x.to_bytes(32, "big") + y.to_bytes(32, "big"))


def _registrations(keys: Sequence[SecretKey], *, usual_count: int) -> list[Registration]:
    scalars = [key.reveal() for key in keys]
    in_g1, in_g2 = generators(usual_count)
    public_keys = in_g1.multiples(scalars)
    digests = [registration_digest(public_key).point for public_key in public_keys]
    return [
        Registration(public_key_g1=public_key, public_key_g2=(*x, *y), proof_of_possession=proof)
        for public_key, (x, y), proof in zip(
            public_keys, in_g2.multiples(scalars), multiples(digests, scalars), strict=True
        )
    ]
