"""The networks' presets."""

import attrs
import pytest
from eth_utils import to_checksum_address

from aztec_butler.core.errors import SettingsError
from aztec_butler.core.networks import DEVNET, MAINNET, MULTICALL3_ADDRESS, PRESETS, TESTNET, preset


@pytest.mark.parametrize("network", PRESETS.values(), ids=lambda network: network.name)
def test_preset__addresses__are_checksummed(network):
    addresses = [network.registry, network.staking_registry, network.multicall3]
    for address in addresses:
        assert address is None or address == to_checksum_address(address)


@pytest.mark.parametrize("network", PRESETS.values(), ids=lambda network: network.name)
def test_preset__by_name__is_found(network):
    assert preset(network.name) is network


@pytest.mark.parametrize("network", [MAINNET, TESTNET], ids=lambda network: network.name)
def test_public_preset__everything_undiscoverable__is_there(network):
    assert network.registry is not None
    assert network.staking_registry is not None
    assert network.first_block <= network.staking_registry_first_block
    assert network.l1_endpoints == ()  # reading a whole network is no business of a public endpoint


def test_presets__chains__are_those_of_the_networks():
    assert [(network.name, network.chain_id) for network in PRESETS.values()] == [
        ("mainnet", 1),
        ("testnet", 11_155_111),
        ("devnet", 31_337),
    ]


def test_mainnet__addresses__are_those_of_the_documentation():
    # Source: aztec-node docs/docs/networks.md.
    assert MAINNET.registry.lower() == "0x35b22e09ee0390539439e24f06da43d83f90e298"
    assert MAINNET.staking_registry.lower() == "0x042df8f42790d6943f41c25c2132400fd727f452"
    assert MULTICALL3_ADDRESS.lower() == "0xca11bde05977b3631167028862be2a173976ca11"


def test_testnet__addresses__are_those_of_the_documentation():
    assert TESTNET.registry.lower() == "0xa0bfb1b494fb49041e5c6e8c2c1be09cd171c6ba"
    assert TESTNET.staking_registry.lower() == "0xc6ecc1832c8bf6a41c927beb4e9ec610fbedd1c2"


def test_devnet__endpoint__is_where_devnet_up_listens():
    assert DEVNET.l1_endpoints == ("http://127.0.0.1:8545",)


def test_preset__mistyped_name__names_the_nearest():
    with pytest.raises(SettingsError) as raised:
        preset("mainet")
    assert raised.value.hint == "did you mean mainnet?"
    assert raised.value.facts["known"] == "mainnet, testnet, devnet"


def test_preset__unknown_name__names_all():
    with pytest.raises(SettingsError) as raised:
        preset("zzz")
    assert raised.value.hint is None


def test_preset__any_field__cannot_be_changed():
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        MAINNET.registry = None
