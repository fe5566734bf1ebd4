"""Many raw logs to columns: equal to the decoder of single logs, whichever way the bytes were read."""

import json
import random
import subprocess
import sys

import attrs
import numpy as np
import pyarrow as pa
import pytest
from eth_utils import keccak, to_checksum_address
from hypothesis import given, settings
from hypothesis import strategies as st

from aztec_butler.core import columns, events
from aztec_butler.core.abi_structs import Array, Tuple
from aztec_butler.core.columns_checksums import keccak256_rows
from aztec_butler.core.columns_json import UnusualError, read_alike, read_answer, read_mixed
from aztec_butler.core.columns_parsed import read_any
from aztec_butler.core.errors import DecodeError, InputError
from aztec_butler.core.events_fields import event_fields, record_names, struct_fields
from aztec_butler.core.hexes import checksum_address

ROLLUP = "0x603bb2c05D474794ea97805e8De69bCcFb3bCA12"
NAMES = sorted(record_names())
P = 21888242871839275222246405745257275088696311157297823662689037894645226208583


def value_of(of, rng, limit=2**256):
    if isinstance(of, Array):
        return tuple(value_of(of.item, rng, limit) for _ in range(rng.randrange(4)))
    if isinstance(of, Tuple):
        return tuple(value_of(component, rng, limit) for component in of.components)
    if of.name == "address":
        return checksum_address(rng.choice([b"\x11", b"\xab", b"\xcd"]) * 20)
    if of.name == "bool":
        return rng.random() < 0.5
    if of.name.startswith("bytes"):
        return rng.randbytes(getattr(of, "size", rng.randrange(80)))
    return rng.choice([0, 1, 200_000 * 10**18, 2**of.bits - 1]) % min(limit, 2**of.bits)


def some_records(name, rng, count, limit=2**256):
    kind = getattr(events, name)
    return [
        kind(
            position=events.Position(
                address=ROLLUP,
                block_number=24_000_000 + row * rng.randrange(1, 1000),
                block_hash="0x" + rng.randbytes(32).hex(),
                transaction_hash="0x" + rng.randbytes(32).hex(),
                transaction_index=rng.randrange(300),
                log_index=rng.randrange(2000),
                block_timestamp=1_700_000_000 + row,
            ),
            **{field.name: value_of(field.type, rng, limit) for field in event_fields(kind.event)},
        )
        for row in range(count)
    ]


def json_log(raw, **changes):
    return {
        "address": raw.address.lower(),
        "topics": ["0x" + topic.hex() for topic in raw.topics],
        "data": "0x" + raw.data.hex(),
        "blockNumber": hex(raw.block_number),
        "transactionHash": raw.transaction_hash,
        "transactionIndex": hex(raw.transaction_index),
        "blockHash": raw.block_hash,
        "blockTimestamp": hex(raw.block_timestamp),
        "logIndex": hex(raw.log_index),
        "removed": False,
    } | changes


def answer(logs, **options):
    reply = {"jsonrpc": "2.0", "id": 1, "result": [json_log(log) for log in map(raw, logs)]}
    return json.dumps(reply, **({"separators": (",", ":")} | options)).encode()


def raw(log):
    return events.encode(log) if isinstance(log, events.EventRecord) else log


def records_of(name, table):
    """A table's rows as records again."""
    kind = getattr(events, name)
    column = {field.name: columns.python_values(table.column(field.name), field) for field in table.schema}
    fields = []
    for field in event_fields(kind.event):
        if isinstance(field.type, Tuple):
            parts = [column[f"{field.name}_{p.name}"] for p in struct_fields(field.type, field.label)]
            fields.append((field.name, list(zip(*parts, strict=True))))
        else:
            fields.append((field.name, column[field.name]))
    return [
        kind(
            position=events.Position(
                **{
                    place: "0x" + column[place][row].hex() if place.endswith("_hash") else column[place][row]
                    for place in columns.POSITION
                }
            ),
            **{field: values[row] for field, values in fields},
        )
        for row in range(len(table))
    ]


@pytest.mark.parametrize("limit", [10**38, 2**256], ids=["usual", "huge"])
@pytest.mark.parametrize("name", NAMES)
def test_decode__logs_of_every_event__are_the_records(name, limit):
    expected = some_records(name, random.Random(name), 9, limit)
    role = getattr(events, name).role
    logs = [raw(record) for record in expected]
    text = answer(expected)
    read_alike(text)  # the fast way applies
    for given_as in (
        text,
        [text],
        memoryview(text),
        logs,
        [json_log(log) for log in logs],
        answer(expected, indent=1),
    ):
        decoded = columns.decode(given_as, {ROLLUP: role})
        assert list(decoded.tables) == [name]
        table = decoded.tables[name]
        table.validate(full=True)
        assert records_of(name, table) == expected
        assert table.schema.names[: len(columns.POSITION)] == list(columns.POSITION)


@settings(max_examples=30, deadline=None)
@given(st.data())
def test_decode__mixed_logs_split_anyhow__give_the_same_rows(data):
    rng = random.Random(data.draw(st.integers(0, 2**32)))
    names = ["RollupDeposit", "RollupSlashed", "RollupCheckpointProposed", "RollupRewardsClaimableUpdated"]
    mixed = [record for name in names for record in some_records(name, rng, rng.randrange(1, 6), 10**38)]
    rng.shuffle(mixed)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(mixed)), max_size=4)))
    parts = [mixed[a:b] for a, b in zip([0, *cuts], [*cuts, len(mixed)], strict=True)]
    decoded = columns.decode([answer(part) for part in parts], "rollup")
    for name in names:
        expected = [record for record in mixed if type(record).__name__ == name]
        assert records_of(name, decoded.tables[name]) == expected


def test_decode__address_checksums__equal_eth_utils():
    rng = random.Random(3)
    logs = [
        attrs.evolve(raw(record), topics=(keccak(b"Slashed(address,uint256)"), bytes(12) + rng.randbytes(20)))
        for record in some_records("RollupSlashed", rng, 300)
    ]
    table = columns.decode(answer(logs), "rollup").tables["RollupSlashed"]
    assert table.column("attester").to_pylist() == [to_checksum_address(log.topics[1][12:]) for log in logs]


def test_keccak__rows_of_any_length__equal_eth_utils():
    rng = random.Random(4)
    for words in range(1, 16):
        rows = [rng.randbytes(8 * words) for _ in range(5)]
        hashed = keccak256_rows(np.frombuffer(b"".join(rows), np.uint8).reshape(5, -1))
        assert [row.tobytes() for row in hashed] == [keccak(row) for row in rows]


def test_decode__every_event__never_imports_pandas():
    """It takes as long as decoding 100,000 logs, and ``pa.array`` does it by the way."""
    names = ["RollupDeposit", "StakingRegistryAttestersAddedToProvider", "GovernanceVoteCast"]
    answers = {getattr(events, name).role: answer(some_records(name, random.Random(1), 3)) for name in names}
    program = f"""
import sys
from aztec_butler.core import columns
for role, text in {answers!r}.items():
    print(len(next(iter(columns.decode(text, role).tables.values()))))
print("pandas" in sys.modules)
"""
    shown = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert shown.stdout.split() == ["3", "3", "3", "False"]


def test_decode__types__are_those_of_the_description():
    (record,) = some_records("RollupDeposit", random.Random(1), 1, 10**38)
    table = columns.decode(answer([record]), "rollup").tables["RollupDeposit"]
    assert table.schema.field("amount_wei").type == pa.decimal128(38, 0)
    assert table.schema.field("amount_wei").metadata == {b"abi": b"uint256", b"unit": b"wei"}
    assert table.schema.field("public_key_in_g2_y1").type == pa.binary(32)
    assert table.schema.field("attester").type == pa.dictionary(pa.int32(), pa.string())
    added = some_records("StakingRegistryAttestersAddedToProvider", random.Random(1), 3, 2**60)
    table = columns.decode(answer(added), "staking_registry").tables[
        "StakingRegistryAttestersAddedToProvider"
    ]
    assert table.schema.field("provider_id").type == pa.uint64()
    assert pa.types.is_list(table.schema.field("attesters").type)


@pytest.mark.parametrize("amount", [10**38 - 1, 10**38, 2**128 - 1, 2**128, 2**192, 2**256 - 1])
def test_decode__amount_around_the_end_of_a_decimal__stays_exact(amount):
    first, second = some_records("RollupSlashed", random.Random(1), 2, 10**38)
    expected = [first, attrs.evolve(second, amount_wei=amount)]
    table = columns.decode(answer(expected), "rollup").tables["RollupSlashed"]
    assert records_of("RollupSlashed", table) == expected
    assert (table.schema.field("amount_wei").type == pa.decimal128(38, 0)) == (amount < 10**38)


def test_to_frame__has_exact_values():
    expected = some_records("RollupDeposit", random.Random(5), 20)
    frame = columns.to_frame(columns.decode(answer(expected), "rollup").tables["RollupDeposit"])
    assert frame["amount_wei"].tolist() == [record.amount_wei for record in expected]
    assert frame["public_key_in_g1_x"].tolist() == [record.public_key_in_g1[0] for record in expected]
    assert frame["transaction_hash"].tolist() == [record.position.transaction_hash for record in expected]
    assert frame["attester"].tolist() == [record.attester for record in expected]
    assert frame["attester"].dtype == "category"
    assert frame["block_number"].dtype == np.uint64
    added = some_records("StakingRegistryAttestersAddedToProvider", random.Random(6), 20)
    tables = columns.decode(answer(added), "staking_registry").tables
    frame = columns.to_frame(tables["StakingRegistryAttestersAddedToProvider"].slice(3))
    assert frame["attesters"].tolist() == [record.attesters for record in added[3:]]


def bad_topics(log):
    return attrs.evolve(log, topics=(log.topics[0], b"\x01" * 32))


def test_decode__dirty_word_among_many__names_its_log():
    logs = [raw(record) for record in some_records("RollupSlashed", random.Random(1), 20, 10**38)]
    logs[13] = bad_topics(logs[13])
    with pytest.raises(DecodeError, match="more than an address") as caught:
        columns.decode(answer(logs), "rollup")
    assert caught.value.facts["transaction_hash"] == logs[13].transaction_hash
    decoded = columns.decode(answer(logs), "rollup", strict=False)
    assert [apart.log for apart in decoded.undecoded] == [logs[13]]
    good = [events.decode_log(log, "rollup") for log in logs if log is not logs[13]]
    assert records_of("RollupSlashed", decoded.tables["RollupSlashed"]) == good


@pytest.mark.parametrize(
    "change",
    [
        lambda log: attrs.evolve(log, topics=(b"\x01" * 32, log.topics[1])),
        lambda log: attrs.evolve(log, topics=(*log.topics, log.topics[1])),
        lambda log: attrs.evolve(log, topics=()),
        lambda log: attrs.evolve(log, data=log.data[:-1]),
        lambda log: attrs.evolve(log, data=log.data + bytes(32)),
        lambda log: attrs.evolve(log, data=b""),
    ],
    ids=["unknown", "more topics", "anonymous", "short", "long", "empty"],
)
def test_decode__log_that_does_not_fit__is_refused_or_set_apart(change):
    logs = [raw(record) for record in some_records("RollupSlashed", random.Random(1), 5, 10**38)]
    logs[2] = change(logs[2])
    with pytest.raises(DecodeError) as caught:
        columns.decode(answer(logs), "rollup")
    assert caught.value.facts["transaction_hash"] == logs[2].transaction_hash
    decoded = columns.decode(answer(logs), "rollup", strict=False)
    assert [apart.log for apart in decoded.undecoded] == [logs[2]]
    assert len(decoded.tables["RollupSlashed"]) == 4


def test_decode__array_laid_out_oddly__is_read_all_the_same():
    # The offset points behind an unused word, which the ABI allows; one log is even not aligned.
    records = some_records("StakingRegistryAttestersAddedToProvider", random.Random(2), 6)
    logs = [raw(record) for record in records]
    gap = (64).to_bytes(32, "big") + b"\x77" * 32
    odd = (37).to_bytes(32, "big") + b"\x77" * 5
    shifted = [attrs.evolve(logs[0], data=gap + logs[0].data[32:]), *logs[1:]]
    unaligned = [attrs.evolve(logs[0], data=odd + logs[0].data[32:]), *logs[1:]]
    for given_as in (shifted, unaligned):
        table = columns.decode(answer(given_as), "staking_registry").tables
        assert records_of("StakingRegistryAttestersAddedToProvider", *table.values()) == records


@pytest.mark.parametrize("word", [2**256 - 1, 2**32, 10**6, 21])
@pytest.mark.parametrize("place", [0, 1], ids=["offset", "length"])
def test_decode__array_beyond_its_data__is_refused(place, word):
    logs = [raw(r) for r in some_records("StakingRegistryAttestersAddedToProvider", random.Random(2), 6)]
    data = bytearray(logs[3].data)
    data[32 * place : 32 * place + 32] = word.to_bytes(32, "big")
    logs[3] = attrs.evolve(logs[3], data=bytes(data))
    with pytest.raises(DecodeError) as single:
        events.decode_log(logs[3], "staking_registry")
    with pytest.raises(DecodeError) as caught:
        columns.decode(answer(logs), "staking_registry")
    assert caught.value.sentence == single.value.sentence


def unusual_answers():
    logs = [raw(record) for record in some_records("RollupSlashed", random.Random(8), 6, 10**38)]
    plain = [json_log(log) for log in logs]

    def text(rows, **around):
        return json.dumps(
            {"jsonrpc": "2.0", "id": 1, "result": rows} | around, separators=(",", ":")
        ).encode()

    reordered = [plain[0], dict(reversed(plain[1].items())), *plain[2:]]
    untimed = [{k: v for k, v in log.items() if k != "blockTimestamp" or n} for n, log in enumerate(plain)]
    nested = [{**log, "extra": {"data": "0x00", "x": ["0x11"]}} for log in plain]
    extra = [{**log, "chainId": hex(n)} for n, log in enumerate(plain)]
    upper = [{**log, "data": "0x" + log["data"][2:].upper()} for log in plain]
    return {
        "reordered": (text(reordered), logs),
        "untimed": (text(untimed), [attrs.evolve(logs[0], block_timestamp=None), *logs[1:]]),
        "nested": (text(nested), logs),
        "extra": (text(extra), logs),
        "escaped": (text(plain).replace(b'"data"', b'"d\\u0061ta"'), logs),
        "spaced": (json.dumps({"result": plain}).encode(), logs),
        "upper": (text(upper), logs),
        "single": (text(plain[:1]), logs[:1]),
        "bare": (json.dumps(plain, separators=(",", ":")).encode(), logs),
        "null error": (text(plain, error=None), logs),
        "leading": (b"\n " + text(plain) + b"\n", logs),
        "no removed": (text([{k: v for k, v in log.items() if k != "removed"} for log in plain]), logs),
        "id behind": (json.dumps({"result": plain, "id": 1}, separators=(",", ":")).encode(), logs),
        "none": (text([]), []),
    }


@pytest.mark.parametrize("shape", unusual_answers())
def test_decode__answer_of_another_shape__gives_the_same_logs(shape):
    text, logs = unusual_answers()[shape]
    tables = columns.decode(text, "rollup").tables
    expected = [events.decode_log(log, "rollup") for log in logs]
    assert [r for name, table in tables.items() for r in records_of(name, table)] == expected
    assert [log for batch in read_any(text) for log in batch.raw_logs()] == logs


@pytest.mark.parametrize(
    "place", ['{"result":[{"address":"0x","x":%s}]}', '{"x":%s,"result":[{"a":"0x"}]}', "%s", '{"result":%s}']
)
def test_decode__brackets_without_end__are_an_error_and_not_the_end_of_the_process(place):
    """Libraries raise Python's recursion limit, which is all that stops a parser: hence a process of its own."""
    code = (
        "import sys; sys.setrecursionlimit(10**5); from aztec_butler.core.columns_json import read_answer\n"
        "try: read_answer(sys.stdin.buffer.read())\n"
        "except Exception as error: print(error.sentence)"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code],
        input=(place % ("[" * 99_000 + "]" * 99_000)).encode(),
        capture_output=True,
        check=True,
    )
    assert ran.stdout == b"the answer is nested too deeply\n"


def mixed_logs():
    """Of two, three and one topics, the last without data."""
    rng = random.Random(8)
    names = ["RollupSlashed", "RollupDeposit", "RollupSlashed", "RollupValidatorQueued", "RollupDeposit"]
    return [raw(record) for name in names for record in some_records(name, rng, 2, 10**38)]


def as_batches(batches):
    return [list(batch.raw_logs()) for batch in batches]


def test_read_mixed__logs_with_other_numbers_of_topics__are_batches_of_their_own():
    logs = mixed_logs()
    text = answer(logs)
    with pytest.raises(UnusualError):
        read_alike(text)
    found = as_batches(read_mixed(text))
    assert found == [[log for log in logs if len(log.topics) == count] for count in (2, 3)]
    assert found == as_batches(read_any(text)) == as_batches(read_answer(text))


def test_read_mixed__of_one_number_of_topics__is_left_to_others():
    plain = json.loads(answer(mixed_logs()[:2]))["result"]
    del plain[0]["blockTimestamp"]
    for logs in (plain, plain[1:], []):
        with pytest.raises(UnusualError):
            read_mixed(json.dumps({"result": logs}, separators=(",", ":")).encode())


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_read_mixed__any_byte_changed__reads_what_the_parser_reads_or_nothing(data):
    text = bytearray(answer(mixed_logs()))
    place = data.draw(st.integers(0, len(text) - 1))
    text[place : place + data.draw(st.integers(0, 2))] = data.draw(
        st.sampled_from(
            [b'"', b"0", b"}", b"},{", b"{", b",", b"\\", b"g", b"]", b"[", b" ", b"x", b"", b'"},{"']
        )
    )
    try:
        fast = as_batches(read_mixed(bytes(text)))
    except UnusualError:
        return
    assert fast == as_batches(read_any(bytes(text)))


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_read_alike__any_byte_changed__reads_what_the_parser_reads_or_nothing(data):
    logs = [raw(record) for record in some_records("RollupSlashed", random.Random(8), 3, 10**38)]
    text = bytearray(answer(logs))
    place = data.draw(st.integers(0, len(text) - 1))
    text[place : place + data.draw(st.integers(0, 2))] = data.draw(
        st.sampled_from([b'"', b"0", b"}", b"{", b",", b"\\", b"g", b"]", b"[", b" ", b"x", b"", b"true"])
    )
    try:
        fast = list(read_alike(bytes(text)).raw_logs())
    except UnusualError:
        return
    assert fast == [log for batch in read_any(bytes(text)) for log in batch.raw_logs()]


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"{",
        b"null",
        b'{"jsonrpc":"2.0","id":1,"error":{"code":-32005,"message":"too many"}}',
        b'{"jsonrpc":"2.0","id":1,"result":null}',
        b'{"jsonrpc":"2.0","id":1,"result":["0x12"]}',
        b'{"jsonrpc":"2.0","id":1,"result":[{}]}',
        b"\xff\xfe",
    ],
)
def test_decode__what_is_no_answer__is_refused(text):
    with pytest.raises(DecodeError):
        columns.decode(text, "rollup")


@pytest.mark.parametrize(
    "changes",
    [{"removed": True}, {"blockNumber": None}, {"blockNumber": "0x"}, {"blockHash": "0x12"}, {"data": "0x1"}],
)
def test_decode__log_that_is_not_mined_or_well_formed__is_refused(changes):
    logs = [raw(record) for record in some_records("RollupSlashed", random.Random(1), 3, 10**38)]
    rows = [json_log(log) for log in logs]
    for which in range(3):
        changed = [json_log(log, **(changes if n == which else {})) for n, log in enumerate(logs)]
        for given_as in (json.dumps({"result": changed}, separators=(",", ":")).encode(), changed):
            with pytest.raises(DecodeError):
                columns.decode(given_as, "rollup", strict=False)
    assert len(columns.decode(rows, "rollup").tables["RollupSlashed"]) == 3


def test_decode__wrong_arguments__are_input_errors():
    with pytest.raises(InputError, match="no such role"):
        columns.decode(b"[]", "rolup")
    with pytest.raises(InputError, match="bytes of an answer"):
        columns.decode("[]", "rollup")


def test_decode__logs_of_several_contracts__go_by_their_roles():
    governance = "0x1102471Eb3378FEE427121c9EfcEa452E4B6B75e"
    slashed = some_records("RollupSlashed", random.Random(1), 3, 10**38)
    deposits = [
        attrs.evolve(
            r, position=attrs.evolve(r.position, address=checksum_address(bytes.fromhex(governance[2:])))
        )
        for r in some_records("GovernanceDeposit", random.Random(2), 3, 10**38)
    ]
    roles = {ROLLUP: "rollup", governance.lower(): "governance"}
    mixed = [slashed[0], deposits[0], slashed[1], *deposits[1:], slashed[2]]
    tables = columns.decode(answer(mixed), roles).tables
    assert records_of("RollupSlashed", tables["RollupSlashed"]) == slashed
    assert records_of("GovernanceDeposit", tables["GovernanceDeposit"]) == deposits
    apart = columns.decode(answer(mixed), {ROLLUP: "rollup"}, strict=False).undecoded
    assert [log.log for log in apart] == [raw(deposit) for deposit in deposits]
