"""Who we are by our keystores: what is public of them, read again when they change, and never half."""

from __future__ import annotations

import json

import pytest
from keystore_cases import ADDRESSES, BLS, COINBASE, ETH, FEES, MNEMONIC

from aztec_butler.core.errors import CheckFailed
from aztec_butler.exporter.ours import Ours
from aztec_butler.exporter.own_files import OwnFiles

FIRST, SECOND, THIRD, FOURTH = ADDRESSES


def validator(number: int, **more):
    return {"attester": {"eth": ETH[number], "bls": BLS[number]}, "feeRecipient": FEES} | more


def write(path, *validators, **more):
    path.write_text(json.dumps({"schemaVersion": 1, "validators": list(validators)} | more))
    path.chmod(0o600)
    return path


@pytest.fixture
def keystore(tmp_path):
    path = tmp_path / "key1.json"
    return write(path, validator(0, coinbase=COINBASE, publisher=ETH[3]), validator(1, publisher=ETH[3]))


def test_read_ours__keystores__give_attesters_coinbases_and_publishers(keystore):
    ours = OwnFiles(Ours(provider_ids=(7,), attesters=(THIRD,), cap=9), [keystore])()
    assert ours.attesters == (THIRD, FIRST, SECOND)
    assert ours.coinbases == {FIRST: COINBASE, SECOND: None}
    assert ours.publishers == (FOURTH,)
    assert (ours.provider_ids, ours.cap) == ((7,), 9)


def test_read_ours__several_nodes__their_defaults_do_not_mix(keystore, tmp_path):
    folder = tmp_path / "other node"
    folder.mkdir()
    write(folder / "a.json", validator(2, coinbase=COINBASE))
    ours = OwnFiles(Ours(), [keystore, folder])()
    assert ours.coinbases == {FIRST: COINBASE, SECOND: None, THIRD: COINBASE}
    assert ours.publishers == (FOURTH, THIRD)  # who has none pays itself


def test_read_ours__secrets__are_not_kept(keystore, tmp_path):
    write(tmp_path / "words.json", {"attester": {"mnemonic": MNEMONIC}, "feeRecipient": FEES})
    shown = repr(OwnFiles(Ours(), [keystore, tmp_path / "words.json"])())
    for secret in (*ETH, *BLS, MNEMONIC):
        assert secret not in shown
        assert secret.removeprefix("0x") not in shown


@pytest.mark.parametrize(
    "content", ["", "{", '{"schemaVersion": 9}', '{"schemaVersion": 1, "validators": 5}']
)
def test_read_ours__a_file_that_is_no_keystore__is_refused_and_named(keystore, content):
    keystore.write_text(content)
    with pytest.raises(CheckFailed) as raised:
        OwnFiles(Ours(), [keystore])
    assert "key1.json" in str(raised.value)


def test_read_ours__a_missing_file__is_refused(tmp_path):
    with pytest.raises(CheckFailed, match="no such file"):
        OwnFiles(Ours(), [tmp_path / "gone.json"])


def test_own_files__an_edited_coinbase__shows_at_once(keystore):
    who = OwnFiles(Ours(), [keystore])
    assert who().coinbases[SECOND] is None
    assert who() is who()  # nothing is read again without need
    write(keystore, validator(0, coinbase=COINBASE), validator(1, coinbase=COINBASE))
    assert who().coinbases == {FIRST: COINBASE, SECOND: COINBASE}


def test_own_files__a_new_file_in_a_folder__shows_at_once(tmp_path):
    write(tmp_path / "a.json", validator(0))
    who = OwnFiles(Ours(), [tmp_path])
    assert who().attesters == (FIRST,)
    write(tmp_path / "b.json", validator(1))
    assert who().attesters == (FIRST, SECOND)


def test_own_files__half_written__fails_until_it_is_whole_and_never_shows_the_old(keystore):
    who = OwnFiles(Ours(), [keystore])
    text = keystore.read_text()
    keystore.write_text(text[:40])
    for _ in range(2):
        with pytest.raises(CheckFailed):
            who()
    keystore.write_text(text)
    assert who().attesters == (FIRST, SECOND)


def test_own_files__gone__fails(keystore):
    who = OwnFiles(Ours(), [keystore])
    keystore.unlink()
    with pytest.raises(CheckFailed):
        who()


def test_own_files__none__is_what_settings_name():
    ours = Ours(provider_ids=(1,))
    assert OwnFiles(ours)() == ours
