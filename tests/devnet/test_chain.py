"""Driving the chain: transactions of anybody, time, snapshots, saved states."""

from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from aztec_butler.core.errors import InputError, NodeRefused, RevertError
from aztec_butler.devnet import SMALL, AnvilOptions, Devnet
from aztec_butler.devnet.anvil import Anvil
from aztec_butler.devnet.chain import Chain, Transaction
from aztec_butler.devnet.packages import install_packages

pytestmark = pytest.mark.devnet

ANYBODY = "0x" + "a1" * 20
SOMEBODY = "0x" + "b2" * 20
AZTEC = 10**18


def balance(devnet: Devnet, holder: str) -> int:
    value: int = devnet.contract("staking_asset").read("balanceOf", holder)
    return value


def test_send__from_an_address_without_a_key__is_mined_in_its_own_block(devnet: Devnet) -> None:
    token = devnet.contract("staking_asset")
    devnet.chain.set_token_balance(token.address, ANYBODY, 5)
    number, at = devnet.chain.block_number(), devnet.chain.now()

    receipt = token.send("transfer", SOMEBODY, 3, sender=ANYBODY)

    assert receipt.block_number == number + 1
    assert devnet.chain.now() == at + 12
    assert (balance(devnet, ANYBODY), balance(devnet, SOMEBODY)) == (2, 3)
    (transfer,) = token.decode_logs(receipt, "Transfer")
    assert {name: str(value).lower() for name, value in transfer.items()} == {
        "from": ANYBODY,
        "to": SOMEBODY,
        "value": "3",
    }


def test_send__at_a_time__the_block_has_it(devnet: Devnet) -> None:
    at = devnet.chain.now() + 1000
    devnet.contract("rollup").send("flushEntryQueue()", at=at)
    assert devnet.chain.now() == at
    devnet.chain.mine()
    assert devnet.chain.now() == at + 12


def test_send__revert__is_told_with_its_arguments(devnet: Devnet) -> None:
    with pytest.raises(RevertError) as raised:
        devnet.contract("registry").send("addRollup", SOMEBODY, sender=ANYBODY)
    assert raised.value.error == "OwnableUnauthorizedAccount(address)"
    assert [str(value).lower() for value in raised.value.arguments.values()] == [ANYBODY]
    assert raised.value.data[:4].hex() == "118cdaa7"


def test_read__revert__is_told_like_a_sent_one(devnet: Devnet) -> None:
    with pytest.raises(RevertError) as raised:
        devnet.contract("registry").read("addRollup", SOMEBODY, sender=ANYBODY)
    assert raised.value.error == "OwnableUnauthorizedAccount(address)"


def test_send_together__many_senders__share_a_block_in_order(devnet: Devnet) -> None:
    token = devnet.contract("staking_asset")
    people = ["0x" + f"{number:02x}" * 20 for number in range(1, 21)]
    devnet.chain.set_token_balance(token.address, people[0], 100)
    number, at = devnet.chain.block_number(), devnet.chain.now() + 77
    # Each can pay only after the one before has.
    payments = [
        token.transaction("transfer", receiver, 100, sender=sender) for sender, receiver in pairwise(people)
    ]

    receipts = devnet.chain.send_together(payments, at=at)

    assert {receipt.block_number for receipt in receipts} == {number + 1}
    assert devnet.chain.now() == at
    assert balance(devnet, people[-1]) == 100


def test_send_together__same_sender_twice__keeps_the_order(devnet: Devnet) -> None:
    token = devnet.contract("staking_asset")
    approvals = [token.transaction("approve", SOMEBODY, value, sender=ANYBODY) for value in (1, 2, 3)]
    devnet.chain.send_together(approvals)
    assert token.read("allowance", ANYBODY, SOMEBODY) == 3


def test_send_together__one_reverts__is_told_and_the_others_stand(devnet: Devnet) -> None:
    token = devnet.contract("staking_asset")
    good = token.transaction("approve", SOMEBODY, 7, sender=ANYBODY)
    bad = token.transaction("transfer", SOMEBODY, 1, sender="0x" + "c3" * 20)
    with pytest.raises(RevertError) as raised:
        devnet.chain.send_together([good, bad])
    assert str(raised.value.error).startswith("ERC20InsufficientBalance")
    assert token.read("allowance", ANYBODY, SOMEBODY) == 7
    token.send("approve", SOMEBODY, 8, sender=ANYBODY)  # blocks are mined at once again


def test_send_together__too_much_for_a_block__is_refused_and_leaves_nothing_behind(devnet: Devnet) -> None:
    token = devnet.contract("staking_asset")
    heavy = token.transaction("approve", SOMEBODY, 1, sender=ANYBODY, gas=299_999_000)
    with pytest.raises(InputError) as raised:
        devnet.chain.send_together([heavy, heavy])
    assert raised.value.facts["fitting"] == 1
    number = devnet.chain.block_number()
    token.send("approve", SOMEBODY, 9, sender=ANYBODY)
    assert devnet.chain.block_number() == number + 1
    assert token.read("allowance", ANYBODY, SOMEBODY) == 9


def test_send_together__nothing__mines_nothing(devnet: Devnet) -> None:
    number = devnet.chain.block_number()
    assert devnet.chain.send_together([]) == []
    assert devnet.chain.block_number() == number


def test_restored__whatever_happened__is_undone(devnet: Devnet) -> None:
    before = devnet.w3.eth.get_block("latest")
    with devnet.restored():
        devnet.chain.set_token_balance(devnet.addresses["staking_asset"], ANYBODY, 5)
        devnet.chain.wait(10_000)
        devnet.add_rollup()
        assert len(devnet.rollups) == 2
    assert devnet.w3.eth.get_block("latest") == before
    assert balance(devnet, ANYBODY) == 0
    assert len(devnet.rollups) == 1
    assert devnet.contract("registry").read("getCanonicalRollup") == devnet.addresses["rollup"]
    devnet.chain.mine()
    assert devnet.chain.now() == before["timestamp"] + 12


def test_revert__mark_used_before__is_refused(devnet: Devnet) -> None:
    mark = devnet.chain.snapshot()
    devnet.chain.revert(mark)
    with pytest.raises(InputError):
        devnet.chain.revert(mark)


def test_time__waiting_and_mining_many__moves_as_told(devnet: Devnet) -> None:
    chain = devnet.chain
    at, number = chain.now(), chain.block_number()
    chain.wait(100)
    chain.wait_until(at + 50)  # is past already
    assert (chain.now(), chain.block_number()) == (at + 100, number + 1)
    chain.wait_until(at + 150)
    chain.mine_many(5)
    assert (chain.now(), chain.block_number()) == (at + 150 + 5 * 12, number + 7)


def test_time__backwards__is_refused(devnet: Devnet) -> None:
    with pytest.raises(NodeRefused):
        devnet.chain.mine(at=devnet.chain.now() - 1)


def test_finality__small_epochs__finalized_follows_closely(devnet: Devnet) -> None:
    number = devnet.chain.block_number()
    assert devnet.w3.eth.get_block("finalized")["number"] == number - 2


def test_set_ether_balance__and_value__arrive(devnet: Devnet) -> None:
    devnet.chain.set_ether_balance(ANYBODY, 10)
    devnet.chain.send(SOMEBODY, b"", sender=ANYBODY, value_wei=4)
    assert devnet.w3.eth.get_balance(devnet.w3.to_checksum_address(SOMEBODY)) == 4
    assert Transaction(sender=ANYBODY, to=None, content=b"").value_wei == 0


def test_read__of_an_earlier_block__sees_it(devnet: Devnet) -> None:
    token = devnet.contract("staking_asset")
    number = devnet.chain.block_number()
    token.send("approve", SOMEBODY, 7, sender=ANYBODY)
    assert token.read("allowance", ANYBODY, SOMEBODY, block=number) == 0
    assert token.read("allowance", ANYBODY, SOMEBODY) == 7


def test_dump_state__loaded_elsewhere__goes_on_where_it_was(
    devnet: Devnet, tmp_path: Path, cache_folder: Path | None
) -> None:
    devnet.contract("staking_asset").send("approve", SOMEBODY, 7, sender=ANYBODY)
    latest = devnet.w3.eth.get_block("latest")
    devnet.chain.dump_state(tmp_path / "state.json")

    options = AnvilOptions(state_file=tmp_path / "state.json")
    with Anvil(install_packages(cache_folder).anvil, options) as anvil:
        rpc = anvil.open_rpc()
        chain = Chain(rpc, block_seconds=12)
        assert chain.now() == latest["timestamp"]
        assert rpc.call("eth_getBlockByNumber", "latest", False)["hash"] == latest["hash"].to_0x_hex()
        logs = rpc.call("eth_getLogs", {"fromBlock": "0x0", "toBlock": "latest"})
        assert len(logs) == len(devnet.w3.eth.get_logs({"fromBlock": 0}))
        chain.mine()
        assert chain.now() == latest["timestamp"] + 12
        rpc.close()


def test_anvil_options__of_the_chain__are_its_own(start_devnet: Any) -> None:
    options = AnvilOptions(chain_id=1234, genesis_at=1_800_000_000, block_seconds=3, gas_limit=150_000_000)
    devnet = start_devnet(SMALL, options=options)
    block = devnet.w3.eth.get_block("latest")
    assert devnet.chain_id == devnet.w3.eth.chain_id == 1234
    assert block["timestamp"] == 1_800_000_000 + 3 * block["number"]
    assert block["gasLimit"] == 150_000_000
