"""Many reads at one block, against a stand-in that speaks Multicall3 and fails in the ways real nodes do."""

from __future__ import annotations

import pytest
from eth_abi import decode, encode

from aztec_butler.clients.multicall import Multicall, Read
from aztec_butler.clients.troubles import Trouble
from aztec_butler.core.abi import parse_line
from aztec_butler.core.errors import ButlerError, DecodeError, NodeRefused, NodeUnreachable, RevertError
from aztec_butler.core.records import BlockStamp

BLOCK = BlockStamp(number=100, hash="0x" + "ab" * 32, timestamp=1_700_000_000, is_finalized=False)
CONTRACT = "0x00000000000000000000000000000000000000AA"
DOUBLE = parse_line("function double(uint256 value) view returns (uint256 doubled)")


class StandIn:
    """An ``Rpc`` whose node knows one contract, with one function, and Multicall3."""

    def __init__(self, *, largest_chunk=10**9, failing=(), starved=(), knows_hashes=True, multicall3=True):
        self.largest_chunk, self.failing, self.starved = largest_chunk, set(failing), set(starved)
        self.knows_hashes, self.multicall3 = knows_hashes, multicall3
        self.chunks: list[int] = []
        self.alone: list[int] = []
        self.pins: list[object] = []

    def iter_call_each(self, requests, *, raise_at_once=()):
        assert Trouble.OUT_OF_GAS in raise_at_once
        return [self._eth_call(*request) for request in requests]

    def try_batch(self, requests):
        return [self._eth_call(*request) for request in requests]

    def _eth_call(self, method, parameters):
        call, *_, pin = parameters
        self.pins.append(pin)
        if isinstance(pin, dict) and not self.knows_hashes:
            return NodeRefused("the node refused the request", code=-32602)
        if method == "eth_getStorageAt":
            return "0x" + (7).to_bytes(32, "big").hex()
        data = bytes.fromhex(call["data"][2:])
        if call["to"] == CONTRACT:
            return self._double(data)
        if not self.multicall3:
            return "0x"
        (calls,) = decode(["(address,bool,bytes)[]"], data[4:])
        self.chunks.append(len(calls))
        if len(calls) > self.largest_chunk:
            return NodeRefused("the call needs more gas than the node grants", reason=Trouble.OUT_OF_GAS)
        results = [self._within(calldata) for _, _, calldata in calls]
        return "0x" + encode(["(bool,bytes)[]"], [results]).hex()

    def _within(self, calldata):
        (value,) = decode(["uint256"], calldata[4:])
        if value in self.failing or value in self.starved:
            return False, b""
        return True, encode(["uint256"], [2 * value])

    def _double(self, calldata):
        (value,) = decode(["uint256"], calldata[4:])
        self.alone.append(value)
        if value in self.failing:
            return RevertError("the contract reverted", data=b"")
        return "0x" + encode(["uint256"], [2 * value]).hex()


def reads(count):
    return [Read(CONTRACT, DOUBLE, (number,)) for number in range(count)]


def test_read__many__values_in_order_in_even_chunks():
    node = StandIn()
    assert Multicall(node, chunk_reads=100).read(reads(250), BLOCK) == [2 * n for n in range(250)]
    assert node.chunks == [84, 84, 82]
    assert node.alone == []


def test_read__one__goes_straight_to_the_contract():
    node = StandIn()
    assert Multicall(node).read(reads(1), BLOCK) == [0]
    assert (node.chunks, node.alone) == ([], [0])


def test_read__none__asks_nothing():
    node = StandIn()
    assert Multicall(node).read([], BLOCK) == []
    assert node.pins == []


def test_read__every_request__is_pinned_to_the_block_by_hash():
    node = StandIn(starved={3})
    Multicall(node).read(reads(5), BLOCK)
    assert node.pins == [{"blockHash": BLOCK.hash, "requireCanonical": True}] * 2


def test_read__node_without_hashes_in_calls__pins_by_number_from_then_on():
    node = StandIn(knows_hashes=False)
    multicall = Multicall(node, chunk_reads=2)
    assert multicall.read(reads(5), BLOCK) == [0, 2, 4, 6, 8]
    assert multicall.read(reads(1), BLOCK) == [0]
    assert node.pins[3:] == ["0x64"] * 4


def test_read_storage__node_without_hashes_in_calls__pins_by_number():
    node = StandIn(knows_hashes=False)
    assert Multicall(node).read_storage([(CONTRACT, 5), (CONTRACT, 6)], BLOCK) == [7, 7]


def test_read__chunk_needs_too_much_gas__halves_and_remembers():
    node = StandIn(largest_chunk=30)
    multicall = Multicall(node, chunk_reads=100)
    assert multicall.read(reads(100), BLOCK) == [2 * n for n in range(100)]
    assert multicall.chunk_reads == 25
    assert multicall.read(reads(100), BLOCK) == [2 * n for n in range(100)]
    assert node.chunks == [100, 50, 50, 25, 25, 25, 25, 25, 25, 25, 25]


def test_read__a_sub_call_starved_of_gas__is_asked_alone_and_not_taken_for_a_revert():
    node = StandIn(starved={7})
    multicall = Multicall(node, chunk_reads=100)
    assert multicall.read(reads(10), BLOCK) == [2 * n for n in range(10)]
    assert node.alone == [7]
    assert multicall.chunk_reads == 5


def test_read__a_sub_call_reverts__is_an_error_naming_contract_and_function():
    with pytest.raises(RevertError) as caught:
        Multicall(StandIn(failing={7})).read(reads(10), BLOCK)
    assert caught.value.facts["contract"] == CONTRACT
    assert caught.value.facts["function"] == "double(uint256)"


def test_try_read__a_sub_call_reverts__the_error_stands_in_its_place():
    values = Multicall(StandIn(failing={7})).try_read(reads(10), BLOCK)
    assert isinstance(values[7], RevertError)
    assert [value for value in values if not isinstance(value, ButlerError)] == [
        0,
        2,
        4,
        6,
        8,
        10,
        12,
        16,
        18,
    ]


def test_read__no_multicall3_at_the_block__asks_in_batches_and_remembers():
    node = StandIn(multicall3=False)
    multicall = Multicall(node, chunk_reads=4)
    assert multicall.read(reads(10), BLOCK) == [2 * n for n in range(10)]
    requests = len(node.pins)
    assert multicall.read(reads(10), BLOCK) == [2 * n for n in range(10)]
    assert (requests, len(node.pins)) == (13, 23)
    assert multicall.chunk_reads == 4


def test_read__answer_of_another_shape__is_a_decode_error():
    node = StandIn()
    node._within = lambda calldata: (True, b"\1" * 31)
    with pytest.raises(DecodeError) as caught:
        Multicall(node).read(reads(2), BLOCK)
    assert caught.value.facts["contract"] == CONTRACT


def test_read__multicall3_answers_for_fewer_calls__is_a_decode_error():
    node = StandIn()
    node.iter_call_each = lambda requests, raise_at_once: ["0x" + encode(["(bool,bytes)[]"], [[]]).hex()]
    with pytest.raises(DecodeError):
        Multicall(node).read(reads(2), BLOCK)


@pytest.mark.parametrize("cut", [1, 32, 33, 64, 200])
def test_read__multicall3_answer_cut_short__is_a_decode_error(cut):
    node = StandIn()
    whole = encode(["(bool,bytes)[]"], [[(True, encode(["uint256"], [1]))] * 2])
    node.iter_call_each = lambda requests, raise_at_once: ["0x" + whole[:-cut].hex()]
    with pytest.raises(DecodeError):
        Multicall(node).read(reads(2), BLOCK)


def test_read__node_unreachable__is_raised():
    node = StandIn()
    node.iter_call_each = lambda requests, raise_at_once: [NodeUnreachable("the node cannot be reached")]
    with pytest.raises(NodeUnreachable):
        Multicall(node).read(reads(2), BLOCK)


def test_read__progress__ends_with_everything_done():
    told = []
    Multicall(StandIn(largest_chunk=3), chunk_reads=4).read(
        reads(8), BLOCK, progress=lambda *p: told.append(p)
    )
    assert told[-1] == (8, 8)
