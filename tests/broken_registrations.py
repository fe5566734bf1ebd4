"""Registrations with one thing wrong each, for the examination without a chain and for the contracts themselves."""

from __future__ import annotations

import attrs

from aztec_butler.core import bls
from aztec_butler.core.bls import RegistrationFault

P = bls.FIELD_MODULUS
GOOD, OTHER = bls.registrations([bls.GROUP_ORDER - 5, 0x1234567 << 200])
# Points of the twist outside the group, as (x0, x1, y0, y1): one of large order, and one of order 10069.
STRAY = (
    0x078BFAE2414C343C1027C4D1C386BBC4CD613E30D8F16ADF91B7584A2265B1F5,
    0x0D6FE64BC9E9C616612E7696A6CECC1B78E510617311D8A3C2CE6F447ED4D57B,
    0x29F1CB6944A657B2A541EE0C47D879D3783E03C7471DE35B0760B564FD772542,
    0x1EF79B362C6A421CD8514CB99BE02D2D8A6111BAF70FC18734A3CA43A305BEC4,
)
STRAY_OF_SMALL_ORDER = (
    0x0DA53E82FB4A74AEC887DE1D57DCB30FF0E042D658BE519D9620C707F94A1539,
    0x2A677DB3C9BBD32D271AAD868931CDA9BA952F51E86509E9690BD8B04B248398,
    0x1498B95942F06718A372C122C6E11DFD0C0655481507B1FF82FBFA10270BD1AF,
    0x2CC765B38DAB1AEACD14B2EDF201CC01C02F86F04DC28B5E76C932098888F48D,
)


def negative(point):
    return point[0], P - point[1]


def swapped(point):
    x0, x1, y0, y1 = point
    return x1, x0, y1, y0


_CHANGES = {
    "zero key in G1": ({"public_key_g1": (0, 0)}, RegistrationFault.KEY_G1_MISSING),
    "zero key in G2": ({"public_key_g2": (0, 0, 0, 0)}, RegistrationFault.KEY_G2_MISSING),
    "zero proof": ({"proof_of_possession": (0, 0)}, RegistrationFault.PROOF_MISSING),
    "key in G1 off the curve": ({"public_key_g1": (1, 3)}, RegistrationFault.KEY_G1_OFF_CURVE),
    "key in G1 beyond the modulus": (
        {"public_key_g1": (GOOD.public_key_g1[0] + P, GOOD.public_key_g1[1])},
        RegistrationFault.KEY_G1_OFF_CURVE,
    ),
    "key in G1 of two moduli": ({"public_key_g1": (P, P)}, RegistrationFault.KEY_G1_OFF_CURVE),
    "proof off the curve": ({"proof_of_possession": (5, 5)}, RegistrationFault.PROOF_OFF_CURVE),
    "proof beyond the modulus": (
        {"proof_of_possession": (GOOD.proof_of_possession[0], GOOD.proof_of_possession[1] + P)},
        RegistrationFault.PROOF_OFF_CURVE,
    ),
    "imaginary part first": (
        {"public_key_g2": swapped(GOOD.public_key_g2)},
        RegistrationFault.KEY_G2_SWAPPED,
    ),
    "key in G2 off the twist": ({"public_key_g2": (1, 2, 3, 4)}, RegistrationFault.KEY_G2_OFF_CURVE),
    "key in G2 beyond the modulus": (
        {"public_key_g2": (*GOOD.public_key_g2[:3], GOOD.public_key_g2[3] + P)},
        RegistrationFault.KEY_G2_OFF_CURVE,
    ),
    "stray key in G2": ({"public_key_g2": STRAY}, RegistrationFault.KEY_G2_OUT_OF_GROUP),
    "stray key in G2 of small order": (
        {"public_key_g2": STRAY_OF_SMALL_ORDER},
        RegistrationFault.KEY_G2_OUT_OF_GROUP,
    ),
    "key in G2 of another secret": ({"public_key_g2": OTHER.public_key_g2}, RegistrationFault.KEYS_DIFFER),
    "key in G1 of another secret": ({"public_key_g1": OTHER.public_key_g1}, RegistrationFault.KEYS_DIFFER),
    "key in G1 negated": (
        {"public_key_g1": negative(GOOD.public_key_g1)},
        RegistrationFault.KEYS_DIFFER,
    ),
    "proof of another key": (
        {"proof_of_possession": OTHER.proof_of_possession},
        RegistrationFault.PROOF_OF_ANOTHER_KEY,
    ),
    "proof negated": (
        {"proof_of_possession": negative(GOOD.proof_of_possession)},
        RegistrationFault.PROOF_OF_ANOTHER_KEY,
    ),
    "key for a proof": (
        {"proof_of_possession": GOOD.public_key_g1},
        RegistrationFault.PROOF_OF_ANOTHER_KEY,
    ),
    "everything of another key but the one in G1": (
        {"public_key_g2": OTHER.public_key_g2, "proof_of_possession": OTHER.proof_of_possession},
        RegistrationFault.KEYS_DIFFER,
    ),
}

BROKEN = {name: (attrs.evolve(GOOD, **changes), fault) for name, (changes, fault) in _CHANGES.items()}
"""By what was done to it: the registration, and the fault to be found."""
