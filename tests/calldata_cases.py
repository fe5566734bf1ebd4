"""Every builder with the function that it calls, arguments to try it with, and what ``cast`` makes of one example.

``python tests/calldata_cases.py CAST`` writes the examples anew with the ``cast`` given.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import attrs
from eth_abi import encode
from eth_utils import keccak
from hypothesis import strategies as st

from aztec_butler.core import calldata
from aztec_butler.core.hexes import checksum_address
from aztec_butler.core.records import SplitParameters

GOLDEN = Path(__file__).parent / "core" / "calldata_cast.json"
FIELD_MODULUS = 0x30644E72E131A029B85045B68181585D97816A916871CA8D3C208C16D87CFD47

REGISTRY = "0x1000000000000000000000000000000000000001"
ROLLUP = "0x1000000000000000000000000000000000000002"
TOKEN = "0x1000000000000000000000000000000000000003"
GSE = "0x1000000000000000000000000000000000000004"
PROPOSER = "0x1000000000000000000000000000000000000005"
WAREHOUSE = "0x1000000000000000000000000000000000000006"
MULTICALL3 = "0xcA11bde05977b3631167028862bE2a173976CA11"
ALICE = checksum_address(bytes.fromhex("a11ce00000000000000000000000000000000001"))
BOB = checksum_address(bytes.fromhex("00b0b00000000000000000000000000000000002"))
CAROL = checksum_address(bytes.fromhex("ca401ffffffffffffffffffffffffffffffffff0"))

ADDRESSES = st.binary(min_size=20, max_size=20).filter(any).map(checksum_address)
WORDS = st.integers(0, 2**256 - 1)
IDS = st.integers(1, 2**256 - 1)
RATES = st.integers(0, 10_000)
COORDINATES = st.integers(1, FIELD_MODULUS - 1)
G1 = st.tuples(COORDINATES, COORDINATES)
G2 = st.tuples(COORDINATES, COORDINATES, COORDINATES, COORDINATES)
KEYS = st.tuples(ADDRESSES, G1, G2, G1)

KEY_STORE = "(address,(uint256,uint256),(uint256,uint256,uint256,uint256),(uint256,uint256))"
SPLIT = "(address[],uint256[],uint256,uint16)"


@st.composite
def splits(draw: Any) -> SplitParameters:
    recipients = draw(st.lists(ADDRESSES, min_size=1, max_size=4))
    allocations = draw(st.lists(st.integers(1, 2**200), min_size=len(recipients), max_size=len(recipients)))
    return SplitParameters(
        split=draw(ADDRESSES),
        recipients=tuple(recipients),
        allocations=tuple(allocations),
        total_allocation=sum(allocations),
        distribution_incentive=draw(st.integers(0, 2**16 - 1)),
    )


def split_struct(split: SplitParameters) -> tuple[Any, ...]:
    return split.recipients, split.allocations, split.total_allocation, split.distribution_incentive


@attrs.frozen(kw_only=True)
class Case:
    """One builder.

    Args:
        builder: its name in ``calldata``.
        signature: of the function that it calls, as Solidity hashes it.
        types: of the function's arguments.
        place: the parameter that names the contract, and the contract.
        options: what to try it with, by parameter.
        example: one of them, for ``cast`` and for readers.
        arguments: of the function, from the options.
        cast: the example's arguments as ``cast`` reads them.
        constant: options that say nothing about the call itself.
        fields: what ``explain`` should call the arguments; the options themselves where None.
    """

    builder: str
    signature: str
    types: tuple[str, ...]
    place: tuple[str, str]
    options: st.SearchStrategy[dict[str, Any]]
    example: dict[str, Any]
    arguments: Any
    cast: tuple[str, ...]
    constant: dict[str, Any] = attrs.field(factory=dict)
    fields: Any = None

    def build(self, options: dict[str, Any]) -> Any:
        name, address = self.place
        (call,) = self.build_several({**options, name: address} if name != "split" else options)
        return call

    def build_several(self, options: dict[str, Any]) -> list[Any]:
        made = getattr(calldata, self.builder)(**options, **self.constant)
        return made if isinstance(made, list) else [made]

    def oracle(self, options: dict[str, Any]) -> bytes:
        """The calldata by eth-abi."""
        selector: bytes = keccak(text=self.signature)[:4]
        return selector + encode(self.types, self.arguments(options))


def _case(
    builder: str,
    function: str,
    types: tuple[str, ...],
    place: tuple[str, str],
    options: dict[str, Any],
    example: dict[str, Any],
    cast: tuple[str, ...],
    arguments: Any = None,
    **more: Any,
) -> Case:
    names = tuple(options)
    return Case(
        builder=builder,
        signature=f"{function}({','.join(types)})",
        types=types,
        place=place,
        options=st.fixed_dictionaries(options),
        example=example,
        arguments=arguments or (lambda given: tuple(given[name] for name in names)),
        cast=cast,
        **more,
    )


_KEY = (ALICE, (1, 2), (3, 4, 5, 6), (7, 8))
_SPLIT = SplitParameters(
    split=CAROL,
    recipients=(ALICE, BOB),
    allocations=(2500, 7500),
    total_allocation=10_000,
    distribution_incentive=0,
)
_AT_REGISTRY = ("staking_registry", REGISTRY)
_AT_ROLLUP = ("rollup", ROLLUP)
_AT_TOKEN = ("token", TOKEN)


def _key_fields(given: dict[str, Any]) -> dict[str, Any]:
    return {
        "provider_id": given["provider_id"],
        "keys": tuple(
            {
                "attester": attester,
                "publicKeyG1": dict(zip("xy", g1, strict=True)),
                "publicKeyG2": dict(zip(("x0", "x1", "y0", "y1"), g2, strict=True)),
                "proofOfPossession": dict(zip("xy", proof, strict=True)),
            }
            for attester, g1, g2, proof in given["keys"]
        ),
    }


def _deposit_fields(given: dict[str, Any]) -> dict[str, Any]:
    attester, g1, g2, proof = given["registration"]
    return {
        "attester": attester,
        "withdrawer": given["withdrawer"],
        "public_key_g1": dict(zip("xy", g1, strict=True)),
        "public_key_g2": dict(zip(("x0", "x1", "y0", "y1"), g2, strict=True)),
        "proof_of_possession": dict(zip("xy", proof, strict=True)),
        "moves_with_latest_rollup": given["moves_with_latest_rollup"],
    }


def _distribute_fields(given: dict[str, Any]) -> dict[str, Any]:
    names = ("recipients", "allocations", "totalAllocation", "distributionIncentive")
    return {
        "split": dict(zip(names, split_struct(given["split"]), strict=True)),
        "token": given["token"],
        "distributor": given["distributor"],
    }


CASES = {
    case.builder if case.builder != "flush_entry_queue" else case.signature: case
    for case in (
        _case(
            "register_provider",
            "registerProvider",
            ("address", "uint16", "address"),
            _AT_REGISTRY,
            {"admin": ADDRESSES, "take_rate_bps": RATES, "rewards_recipient": ADDRESSES},
            {"admin": ALICE, "take_rate_bps": 2500, "rewards_recipient": BOB},
            (ALICE, "2500", BOB),
        ),
        _case(
            "add_keys",
            "addKeysToProvider",
            ("uint256", f"{KEY_STORE}[]"),
            _AT_REGISTRY,
            {
                "provider_id": IDS,
                "keys": st.lists(
                    KEYS, min_size=1, max_size=3, unique_by=(lambda key: key[0], lambda key: key[1])
                ),
            },
            {"provider_id": 7, "keys": [_KEY, (BOB, (9, 10), (11, 12, 13, 14), (15, 16))]},
            (
                "7",
                f"[({ALICE},(1,2),(3,4,5,6),(7,8)),({BOB},(9,10),(11,12,13,14),(15,16))]",
            ),
            constant={"verify": False},
            fields=_key_fields,
        ),
        _case(
            "update_provider_admin",
            "updateProviderAdmin",
            ("uint256", "address"),
            _AT_REGISTRY,
            {"provider_id": IDS, "new_admin": ADDRESSES},
            {"provider_id": 7, "new_admin": BOB},
            ("7", BOB),
        ),
        _case(
            "accept_provider_admin",
            "acceptProviderAdmin",
            ("uint256",),
            _AT_REGISTRY,
            {"provider_id": IDS},
            {"provider_id": 7},
            ("7",),
        ),
        _case(
            "update_rewards_recipient",
            "updateProviderRewardsRecipient",
            ("uint256", "address"),
            _AT_REGISTRY,
            {"provider_id": IDS, "rewards_recipient": ADDRESSES},
            {"provider_id": 7, "rewards_recipient": BOB},
            ("7", BOB),
        ),
        _case(
            "update_take_rate",
            "updateProviderTakeRate",
            ("uint256", "uint16"),
            _AT_REGISTRY,
            {"provider_id": IDS, "take_rate_bps": RATES},
            {"provider_id": 7, "take_rate_bps": 10_000},
            ("7", "10000"),
        ),
        _case(
            "drip_queue",
            "dripProviderQueue",
            ("uint256", "uint256"),
            _AT_REGISTRY,
            {"provider_id": IDS, "count": IDS},
            {"provider_id": 7, "count": 3},
            ("7", "3"),
        ),
        _case(
            "stake",
            "stake",
            ("uint256", "uint256", "address", "uint16", "address", "bool"),
            _AT_REGISTRY,
            {
                "provider_id": IDS,
                "rollup_version": WORDS,
                "withdrawer": ADDRESSES,
                "expected_take_rate_bps": RATES,
                "rewards_recipient": ADDRESSES,
                "moves_with_latest_rollup": st.booleans(),
            },
            {
                "provider_id": 7,
                "rollup_version": 4248422647,
                "withdrawer": ALICE,
                "expected_take_rate_bps": 500,
                "rewards_recipient": BOB,
                "moves_with_latest_rollup": True,
            },
            ("7", "4248422647", ALICE, "500", BOB, "true"),
        ),
        _case(
            "deposit",
            "deposit",
            (
                "address",
                "address",
                "(uint256,uint256)",
                "(uint256,uint256,uint256,uint256)",
                "(uint256,uint256)",
                "bool",
            ),
            _AT_ROLLUP,
            {"registration": KEYS, "withdrawer": ADDRESSES, "moves_with_latest_rollup": st.booleans()},
            {"registration": _KEY, "withdrawer": BOB, "moves_with_latest_rollup": False},
            (ALICE, BOB, "(1,2)", "(3,4,5,6)", "(7,8)", "false"),
            arguments=lambda given: (
                given["registration"][0],
                given["withdrawer"],
                *given["registration"][1:],
                given["moves_with_latest_rollup"],
            ),
            constant={"verify": False},
            fields=_deposit_fields,
        ),
        _case("flush_entry_queue", "flushEntryQueue", (), _AT_ROLLUP, {}, {}, ()),
        _case(
            "flush_entry_queue",
            "flushEntryQueue",
            ("uint256",),
            _AT_ROLLUP,
            {"at_most": IDS},
            {"at_most": 4},
            ("4",),
        ),
        _case(
            "initiate_withdraw",
            "initiateWithdraw",
            ("address", "address"),
            _AT_ROLLUP,
            {"attester": ADDRESSES, "recipient": ADDRESSES},
            {"attester": ALICE, "recipient": BOB},
            (ALICE, BOB),
        ),
        _case(
            "finalize_withdraw",
            "finalizeWithdraw",
            ("address",),
            _AT_ROLLUP,
            {"attester": ADDRESSES},
            {"attester": ALICE},
            (ALICE,),
        ),
        _case(
            "claim_sequencer_rewards",
            "claimSequencerRewards",
            ("address",),
            _AT_ROLLUP,
            {"coinbase": ADDRESSES},
            {"coinbase": ALICE},
            (ALICE,),
        ),
        _case(
            "rollup_vote",
            "vote",
            ("uint256",),
            _AT_ROLLUP,
            {"proposal_id": WORDS},
            {"proposal_id": 3},
            ("3",),
        ),
        _case(
            "approve",
            "approve",
            ("address", "uint256"),
            _AT_TOKEN,
            {
                "spender": ADDRESSES.filter(lambda address: address not in MULTICALL3),
                "amount_wei": st.integers(0, 2**256 - 2),
            },
            {"spender": ALICE, "amount_wei": 200_000 * 10**18},
            (ALICE, "200000000000000000000000"),
        ),
        _case(
            "transfer",
            "transfer",
            ("address", "uint256"),
            _AT_TOKEN,
            {"recipient": ADDRESSES.filter(lambda address: address != TOKEN), "amount_wei": IDS},
            {"recipient": ALICE, "amount_wei": 1},
            (ALICE, "1"),
        ),
        _case(
            "distribute",
            "distribute",
            (SPLIT, "address", "address"),
            ("split", CAROL),
            {"split": splits(), "token": ADDRESSES, "distributor": ADDRESSES},
            {"split": _SPLIT, "token": TOKEN, "distributor": BOB},
            (f"([{ALICE},{BOB}],[2500,7500],10000,0)", TOKEN, BOB),
            arguments=lambda given: (split_struct(given["split"]), given["token"], given["distributor"]),
            fields=_distribute_fields,
        ),
        _case(
            "warehouse_withdraw",
            "withdraw",
            ("address", "address"),
            ("warehouse", WAREHOUSE),
            {"owner": ADDRESSES, "token": ADDRESSES},
            {"owner": ALICE, "token": TOKEN},
            (ALICE, TOKEN),
        ),
        _case(
            "delegate",
            "delegate",
            ("address", "address", "address"),
            ("gse", GSE),
            {"instance": ADDRESSES, "attester": ADDRESSES, "delegatee": ADDRESSES},
            {"instance": ROLLUP, "attester": ALICE, "delegatee": BOB},
            (ROLLUP, ALICE, BOB),
        ),
        _case(
            "gse_vote",
            "vote",
            ("uint256", "uint256", "bool"),
            ("gse", GSE),
            {"proposal_id": WORDS, "amount_wei": IDS, "support": st.booleans()},
            {"proposal_id": 3, "amount_wei": 10**18, "support": False},
            ("3", "1000000000000000000", "false"),
        ),
        _case(
            "signal",
            "signal",
            ("address",),
            ("governance_proposer", PROPOSER),
            {"payload": ADDRESSES},
            {"payload": ALICE},
            (ALICE,),
        ),
    )
}
"""By builder; one that has two functions by signature."""


def main() -> None:
    made = {
        name: subprocess.run(
            [sys.argv[1], "calldata", case.signature, *case.cast],
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
        for name, case in CASES.items()
    }
    GOLDEN.write_text(json.dumps(made, indent=1) + "\n")


if __name__ == "__main__":
    main()
