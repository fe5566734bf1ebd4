"""Records of a payout that were changed, against the chain that knows better."""

from __future__ import annotations

import json

import pytest
from proposing_devnet import PAYER, Played

from aztec_butler import CheckFailed

pytestmark = pytest.mark.devnet


def tampered(content: bytes, change) -> bytes:
    document = json.loads(content)
    change(document)
    return json.dumps(document).encode()


@pytest.mark.parametrize(
    ("change", "check"),
    [
        (lambda d: d["checkpoints"].pop(), "checkpoints"),
        (lambda d: d["checkpoints"][0].update(coinbase=d["token"]), "checkpoints"),
        (lambda d: d["terms"].update(checkpoint_reward_wei="7"), "terms"),
        (lambda d: d["delegations"][0].update(delegator=d["wallet"]), "delegations"),
        (lambda d: d["window"]["first_block"].update(hash="0x" + "1" * 64), "blocks"),
        (lambda d: d["settled_at"].update(hash="0x" + "1" * 64), "blocks"),
        (lambda d: d.update(token=d["wallet"]), "token"),
        (lambda d: d["calls"][0].update(to=d["wallet"]), "arithmetic"),
    ],
    ids=["fewer", "coinbase", "terms", "delegator", "window", "settled_at", "token", "call"],
)
def test_verify_payout__a_changed_record__fails_at_what_was_changed(made_record, change, check):
    net, content = made_record
    checks = net.verify_payout(tampered(content, change)).set_index("check")
    assert checks.outcome[check] == "fail"


@pytest.fixture(scope="module")
def made_record(session_devnet):
    """A network with a payout, and its record; for tests that change nothing."""
    with session_devnet.restored():
        played = Played(session_devnet)
        first = played.moves.epoch + 1
        last = [played.epoch_of(played.propose_and_prove()[-1]) for _ in range(2)][-1]
        played.moves.wait_epochs(1)
        with played.connect() as net:
            record = net.payout(1, last, first_epoch=first, wallet=PAYER, allow_unfinalized=True)
            yield net.at("latest"), record.content


def test_verify_payout__record_of_another_chain__is_refused(made_record):
    net, content = made_record
    with pytest.raises(CheckFailed, match="another chain"):
        net.verify_payout(tampered(content, lambda d: d.update(chain_id=1)))
