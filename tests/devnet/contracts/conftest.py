"""The contracts under test on the devnet, and short ways to call them, to be refused and to read events."""

from pathlib import Path

import eth_abi
import pytest
from eth_utils import keccak
from web3.exceptions import ContractLogicError
from web3.logs import DISCARD

from aztec_butler.core.abi import parse_line
from aztec_butler.core.bls import registration
from aztec_butler.devnet.contracts import artifact

ETHER = "0xEeeeeEeeeEeEeeEeEeEeeEEEeeeeEeeeeeeeEEeE"
ROLLUP = (
    "function getVersion() view returns (uint256)",
    "function getActivationThreshold() view returns (uint256)",
    "function getEntryQueueLength() view returns (uint256)",
    "function getEntryQueueAt(uint256 index) view returns ((address attester, address withdrawer, (uint256 x, uint256 y) publicKeyInG1, (uint256 x0, uint256 x1, uint256 y0, uint256 y1) publicKeyInG2, (uint256 x, uint256 y) proofOfPossession, bool moveWithLatestRollup) entry)",
    "function getStatus(address attester) view returns (uint8)",
    "function flushEntryQueue()",
    "function getSequencerRewards(address sequencer) view returns (uint256)",
    "function claimSequencerRewards(address sequencer) returns (uint256)",
    "function owner() view returns (address)",
    "function setRewardsClaimable(bool claimable)",
    "event ValidatorQueued(address indexed attester, address indexed withdrawer)",
)
TOKEN = (
    "function balanceOf(address account) view returns (uint256)",
    "function allowance(address owner, address spender) view returns (uint256)",
    "function approve(address spender, uint256 value) returns (bool)",
    "function transfer(address to, uint256 value) returns (bool)",
)


class Stack:
    """Contracts as web3 objects under the names of their roles, and helpers."""

    ether = ETHER

    def __init__(self, devnet, double_code):
        self.w3 = devnet.w3
        self.accounts = self.w3.eth.accounts
        self._double_code = double_code
        at = devnet.addresses
        self.registry = self._ours("StakingRegistry", at["staking_registry"])
        self.factory = self._ours("PullSplitFactory", at["pull_split_factory"])
        self.warehouse = self._ours("SplitsWarehouse", at["splits_warehouse"])
        self.rollup = self._lines(ROLLUP, at["rollup"])
        self.token = self._lines(TOKEN, at["staking_asset"])
        self.token_id = int(self.token.address, 16)
        self.version = self.rollup.functions.getVersion().call()
        self.threshold = self.rollup.functions.getActivationThreshold().call()

    def _ours(self, name, address):
        return self.w3.eth.contract(address=address, abi=artifact(name).abi)

    def _lines(self, lines, address):
        return self.w3.eth.contract(address=address, abi=[parse_line(line).to_json_abi() for line in lines])

    def split_at(self, address):
        return self._ours("PullSplit", address)

    def double(self):
        """A fresh contract that does what it is told: see Double.vy."""
        abi, code = self._double_code
        receipt = self.w3.eth.wait_for_transaction_receipt(
            self.w3.eth.contract(abi=abi, bytecode=code).constructor().transact({"from": self.accounts[0]})
        )
        return self.w3.eth.contract(address=receipt["contractAddress"], abi=abi)

    def send(self, function, sender, value=0):
        """Receipt of a transaction that succeeded."""
        hashed = function.transact({"from": sender, "value": value, "gas": 30_000_000, "gasPrice": 0})
        receipt = self.w3.eth.wait_for_transaction_receipt(hashed)
        assert receipt["status"] == 1
        return receipt

    def refusal(self, function, sender, value=0):
        """Revert data of a call that must not succeed."""
        try:
            function.call({"from": sender, "value": value})
        except ContractLogicError as error:
            return bytes.fromhex((error.data or "0x").removeprefix("0x"))
        raise AssertionError("the call succeeded")

    def send_through(self, double, function, sender):
        """Receipt of a transaction to the double, which calls the function: the sender is its origin only."""
        return self.send(
            double.functions.relay(function.address, function._encode_transaction_data()), sender
        )

    @staticmethod
    def error(signature, *arguments):
        """Revert data as Solidity encodes it."""
        inner = signature[signature.index("(") + 1 : -1]
        types = parse_line(f"error {signature}").to_json_abi()["inputs"] if inner else []
        return keccak(text=signature)[:4] + eth_abi.encode([entry["type"] for entry in types], arguments)

    @classmethod
    def panic(cls, code):
        return cls.error("Panic(uint256)", code)

    @staticmethod
    def events(receipt, contract, name):
        """Arguments of one contract's events of one name, in order."""
        found = contract.events[name]().process_receipt(receipt, errors=DISCARD)
        return [dict(log["args"]) for log in found if log["address"] == contract.address]

    def rpc(self, method, *params):
        answer = self.w3.provider.make_request(method, list(params))
        assert "error" not in answer, answer
        return answer["result"]

    def deal(self, owner, amount_wei):
        """Set a balance of the staking asset."""
        self.rpc("anvil_dealERC20", owner, self.token.address, hex(amount_wei))

    def balance(self, owner):
        return self.token.functions.balanceOf(owner).call()

    def stored(self, owner, token_id=None):
        """Balance in the warehouse."""
        return self.warehouse.functions.balanceOf(
            owner, self.token_id if token_id is None else token_id
        ).call()

    def new_address(self, label):
        return self.w3.to_checksum_address(keccak(text=label)[12:])

    def key_store(self, secret):
        """An attester with a valid registration; its address is made from the secret."""
        keys = registration(secret)
        return (
            self.new_address(f"attester {secret}"),
            keys.public_key_g1,
            keys.public_key_g2,
            keys.proof_of_possession,
        )

    def register(self, admin, take_rate_bps=500, recipient=None, secrets=()):
        """A provider with keys in its queue; its id."""
        functions = self.registry.functions
        provider_id = functions.nextProviderIdentifier().call()
        self.send(functions.registerProvider(admin, take_rate_bps, recipient or admin), admin)
        if secrets:
            stores = [self.key_store(secret) for secret in secrets]
            self.send(functions.addKeysToProvider(provider_id, stores), admin)
        return provider_id

    def stake(self, user, provider_id, take_rate_bps=500, withdrawer=None, recipient=None, *, moves=True):
        """Receipt of a stake that the user pays for."""
        self.deal(user, self.threshold)
        self.send(self.token.functions.approve(self.registry.address, self.threshold), user)
        function = self.registry.functions.stake(
            provider_id, self.version, withdrawer or user, take_rate_bps, recipient or user, moves
        )
        return self.send(function, user)

    def created_split(self, receipt):
        """Split, parameters, owner, creator and nonce of the one SplitCreated (nonce overload)."""
        topic = keccak(
            text="SplitCreated(address,(address[],uint256[],uint256,uint16),address,address,uint256)"
        )
        (log,) = [log for log in receipt["logs"] if bytes(log["topics"][0]) == topic]
        assert log["address"] == self.factory.address
        params, owner, creator, nonce = eth_abi.decode(
            ["(address[],uint256[],uint256,uint16)", "address", "address", "uint256"], bytes(log["data"])
        )
        checksummed = self.w3.to_checksum_address
        split = checksummed(bytes(log["topics"][1])[12:])
        recipients = tuple(checksummed(recipient) for recipient in params[0])
        return split, (recipients, *params[1:]), checksummed(owner), checksummed(creator), nonce

    def create_split(self, params, owner, sender):
        """A split of our own making."""
        receipt = self.send(self.factory.functions.createSplit(params, owner, sender), sender)
        return self.split_at(self.created_split(receipt)[0])


@pytest.fixture(scope="session")
def double_code():
    """ABI and creation code of Double.vy."""
    from vyper.compiler import compile_code

    source = Path(__file__).with_name("Double.vy").read_text()
    compiled = compile_code(source, output_formats=["abi", "bytecode"])
    return compiled["abi"], compiled["bytecode"]


@pytest.fixture
def stack(devnet, double_code):
    return Stack(devnet, double_code)
