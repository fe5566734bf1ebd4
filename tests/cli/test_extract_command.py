"""The command that fills an event store."""

from __future__ import annotations

import json

import pytest

from aztec_butler.archive.extraction import Extraction

DONE = Extraction(
    first_block=5,
    last_block=99,
    rows={"RollupSlashed": 1_234, "GseDeposit": 0},
    ranges=((5, 99),),
    files=2,
    seconds=1.25,
)


class Network:
    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass


@pytest.fixture
def asked(monkeypatch):
    """What the command passes on."""
    calls = []

    def extract(network, names, first, last, path, **options):
        calls.append((names, first, last, path, options))
        return DONE

    monkeypatch.setattr("aztec_butler.network.connect", lambda *_, **__: Network())
    monkeypatch.setattr("aztec_butler.network.extraction.extract", extract)
    monkeypatch.setenv("AZTEC_BUTLER_L1", "https://node.example/")
    return calls


def test_extract__alone__rows_of_each_event(cli, asked, tmp_path):
    ran = cli(
        "extract", "Slashed,GseDeposit", "--from", "7d", "--event-store", str(tmp_path), "--format", "json"
    )
    assert ran.code == 0
    assert asked == [(["Slashed", "GseDeposit"], "7d", None, str(tmp_path), {"contracts": None})]
    answer = json.loads(ran.out)
    assert answer["rows"] == [
        {"event": "RollupSlashed", "rows": 1_234},
        {"event": "GseDeposit", "rows": 0},
    ]
    assert "1,234 rows fetched" in ran.err
    assert "blocks 5 to 99" in ran.err


def test_extract__on_a_cluster__with_its_client(cli, asked, monkeypatch):
    client = Network()  # a context, too
    addresses = []
    monkeypatch.setattr(
        "aztec_butler.archive.cluster.open_client", lambda address: addresses.append(address) or client
    )
    assert (
        cli("extract", "--event-store", "s3://bucket/aztec", "--scheduler", "tcp://10.0.0.1:8786").code == 0
    )
    assert addresses == ["tcp://10.0.0.1:8786"]
    [(names, *_, path, options)] = asked
    assert (names, path, options["client"]) == ("staking", "s3://bucket/aztec", client)


@pytest.mark.parametrize(
    ("words", "says"),
    [(["Slahsed"], "no such event"), (["--event-store", "none"], "kept nowhere")],
    ids=["event", "nowhere"],
)
def test_extract__bad_input__is_refused_before_anything_is_connected(cli, asked, words, says):
    ran = cli("extract", *words)
    assert ran.code == 2
    assert says in ran.err
    assert asked == []
