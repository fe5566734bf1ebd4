"""Revert data in words."""

import eth_abi
import pytest
from eth_utils import function_signature_to_4byte_selector
from hypothesis import given, settings
from hypothesis import strategies as st

from aztec_butler.core.contracts import CONTRACTS, RevertReason, decode_error
from aztec_butler.core.contracts.meanings import MEANINGS, PARAMETERS
from aztec_butler.core.errors import RevertError

ATTESTER = "0xA27EC0006e59f245217Ff08CD52A7E8b169E62D2"
CALLER = "0x35b22e09Ee0390539439E24f06Da43D83f90e298"
SIGNATURES = {error.signature for contract in CONTRACTS.values() for error in contract.errors}


def reverted(signature, *values):
    types = signature.partition("(")[2][:-1]
    return function_signature_to_4byte_selector(signature) + eth_abi.encode(
        types.split(",") if types else [], values
    )


def test_decode_error__custom_error__tells_name_arguments_role_and_meaning():
    reason = decode_error(reverted("StakingRegistry__InvalidProviderIdentifier(uint256)", 7))
    assert reason == RevertReason(
        sentence="the contract reverted with StakingRegistry__InvalidProviderIdentifier",
        name="StakingRegistry__InvalidProviderIdentifier",
        signature="StakingRegistry__InvalidProviderIdentifier(uint256)",
        arguments={"_providerIdentifier": 7},
        roles=("staking_registry",),
        hint="there is no provider with this id; ids begin at 1",
        data=reason.data,
    )


def test_decode_error__parameters_without_names__get_those_of_the_source():
    reason = decode_error(reverted("Staking__NotWithdrawer(address,address)", ATTESTER, CALLER))
    assert reason.arguments == {"withdrawer": ATTESTER, "caller": CALLER}
    assert reason.roles == ("rollup",)


def test_decode_error__error_of_several_contracts__names_all_roles():
    reason = decode_error(reverted("EmpireBase__RoundTooNew(uint256,uint256)", 1, 2))
    assert reason.roles == ("governance_proposer", "empire_slashing_proposer")


def test_decode_error__message__is_an_argument():
    reason = decode_error(reverted("Error(string)", "ERC20: transfer amount exceeds balance"))
    assert reason.sentence == "the contract reverted with a message"
    assert reason.arguments == {"message": "ERC20: transfer amount exceeds balance"}
    assert reason.roles == ()


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (0x01, "an assertion failed"),
        (0x11, "an arithmetic operation overflowed"),
        (0x12, "a division by zero"),
        (0x32, "an index outside of an array"),
        (0x99, "a code that the language does not know"),
        (2**256 - 1, "a code that the language does not know"),
    ],
)
def test_decode_error__panic__is_told_in_words(code, words):
    reason = decode_error(reverted("Panic(uint256)", code))
    assert reason.sentence == f"the contract panicked: {words}"
    assert reason.arguments == {"code": code}


def test_decode_error__nothing__says_so():
    assert decode_error(b"") == RevertReason(sentence="the contract reverted without a reason")


def test_decode_error__unknown_selector__is_shown():
    reason = decode_error(bytes.fromhex("01020304") + bytes(32))
    assert reason.arguments == {"selector": "0x01020304"}
    assert reason.signature is None


@pytest.mark.parametrize("data", [b"\x01", b"\x01\x02\x03"])
def test_decode_error__fewer_bytes_than_a_selector__are_shown(data):
    reason = decode_error(data)
    assert reason.arguments == {"bytes": "0x" + data.hex()}
    assert reason.signature is None


def test_decode_error__arguments_that_do_not_fit__keep_the_name():
    data = reverted("Staking__NotExiting(address)", ATTESTER)[:-1]
    reason = decode_error(data)
    assert reason.name == "Staking__NotExiting"
    assert reason.arguments == {"bytes": "0x" + data.hex()}
    assert "do not fit" in reason.sentence


@settings(deadline=None)
@given(st.sampled_from(sorted(SIGNATURES)), st.binary(max_size=200))
def test_decode_error__any_bytes__never_fails(signature, content):
    for data in (content, function_signature_to_4byte_selector(signature) + content):
        reason = decode_error(data)
        assert reason.data == data
        assert str(reason.to_error(contract=ATTESTER)).startswith(reason.sentence)


def test_to_error__custom_error__carries_everything():
    data = reverted("Staking__NothingToExit(address)", ATTESTER)
    error = decode_error(data).to_error(contract=CALLER, block=7)
    assert isinstance(error, RevertError)
    assert error.error == "Staking__NothingToExit(address)"
    assert error.arguments == {"attester": ATTESTER}
    assert error.data == data
    assert str(error).splitlines() == [
        "the contract reverted with Staking__NothingToExit",
        f"  contract: {CALLER}",
        "  block: 7",
        "  error: Staking__NothingToExit(address)",
        f"  attester: {ATTESTER}",
        "  hint: the attester has no stake on this rollup, or its exit was initiated already: look at its view",
    ]


def test_to_error__unknown_selector__is_a_fact():
    error = decode_error(bytes.fromhex("01020304")).to_error()
    assert error.error is None
    assert error.facts == {"selector": "0x01020304"}


@pytest.mark.parametrize("signature", sorted(MEANINGS))
def test_meaning__of_an_error__is_of_one_that_exists(signature):
    assert signature in SIGNATURES


@pytest.mark.parametrize("signature", sorted(PARAMETERS))
def test_parameters__of_an_error__fit_its_types(signature):
    assert signature in SIGNATURES
    assert len(PARAMETERS[signature]) == signature.count(",") + 1


@pytest.mark.parametrize("prefix", ["StakingRegistry__", "GSE__"])
def test_meaning__of_what_users_of_stake_meet__is_written(prefix):
    # Errors that are declared and never raised in 4.1.2, or only by whoever deploys.
    unused = {
        "GSE__FatalError(string)",
        "GSE__OutOfBounds(uint256,uint256)",
        "GSE__FailedToRemove(address)",
        "GSE__GovernanceAlreadySet()",
        "GSE__InvalidRollupAddress(address)",
        "GSE__RollupAlreadyRegistered(address)",
    }
    assert {s for s in SIGNATURES if s.startswith(prefix)} - unused <= set(MEANINGS)
