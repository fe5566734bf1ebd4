"""Replies recorded from real 4.1.2 nodes: ``localnet`` a sandbox, ``seq`` a sequencer running 4 of 4
validators, ``prover`` one running 3 of 4 beside a prover, ``p2p3`` a network of three nodes. The forms of
version 5 that differ are written after its schemas."""

import copy
import json
from pathlib import Path

import pytest

from aztec_butler.core import node_replies
from aztec_butler.core.errors import NodeRefused
from aztec_butler.core.node_records import BlockId, Duty, EpochPerformance, MissedDuties, SlotStatus

RECORDED = json.loads(
    (Path(__file__).parents[2] / "cassettes" / "test_node_replies" / "recorded.json").read_text()
)
DECODERS = {
    "getNodeInfo": node_replies.decode_node_info,
    "getL1ContractAddresses": node_replies.decode_l1_addresses,
    "getL2Tips": node_replies.decode_tips,
    "getWorldStateSyncStatus": node_replies.decode_sync_status,
    "getCurrentMinFees": node_replies.decode_gas_fees,
    "getBlockHeader": node_replies.decode_block_header,
    "getPeers": node_replies.decode_peers,
    "getValidatorsStats": node_replies.decode_validators_stats,
    "getValidatorStats": node_replies.decode_validator_stats,
    "getSlashOffenses": node_replies.decode_slash_offenses,
    "getConfig": node_replies.decode_config,
}
EVERY_REPLY = [(method, node) for method, replies in RECORDED.items() for node in replies]


@pytest.mark.parametrize(("method", "node"), EVERY_REPLY, ids=["-".join(each) for each in EVERY_REPLY])
def test_decoders__every_recorded_reply__decoded(method, node):
    DECODERS[method](RECORDED[method][node])


@pytest.mark.parametrize("method", [method for method in RECORDED if method != "getConfig"])
def test_decoders__any_object_emptied__refused_with_the_field(method):
    """Whatever object of an answer loses its fields, no record comes out."""
    reply = next(reply for reply in reversed(RECORDED[method].values()) if reply)
    paths = [path for path in _objects(reply) if path[-1:] != ("stats",)]
    assert paths
    for path in paths:
        broken = copy.deepcopy(reply)
        inner = broken
        for step in path:
            inner = inner[step]
        inner.clear()
        with pytest.raises(NodeRefused) as caught:
            DECODERS[method](broken)
        assert caught.value.facts["field"].startswith("result")


def _objects(value, path=()):
    """Paths of the objects that we read, i.e. all but those of fields we do not know."""
    if isinstance(value, dict):
        if path[-1:] != ("protocolContractAddresses",):
            yield path
        for name, inner in value.items():
            yield from _objects(inner, (*path, name))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _objects(inner, (*path, index))


@pytest.mark.parametrize("answer", [None, 1, "text", True, [], [None], ["x"]], ids=repr)
@pytest.mark.parametrize("method", list(DECODERS))
def test_decoders__answer_of_another_kind__refused(method, answer):
    if answer == [] and method in {"getPeers", "getSlashOffenses"}:
        assert DECODERS[method](answer) == ()
        return
    with pytest.raises(NodeRefused):
        DECODERS[method](answer)


def test_decode_node_info__sequencer__rollup_and_contracts():
    info = node_replies.decode_node_info(RECORDED["getNodeInfo"]["seq"])
    assert (info.node_version, info.l1_chain_id, info.rollup_version) == ("4.1.2", 31337, 2177284651)
    assert info.enr is None  # its p2p is off
    assert info.real_proofs is False
    assert info.l1_addresses.rollup == "0x4826533B4897376654Bb4d4AD88B7faFD0C98528"
    assert info.l1_addresses.gse == "0xc5a5C42992dECbae36851359345FE25997F5C42d"
    assert info.l1_addresses.slash_factory == "0x99bbA657f2BbC93c02D617f8bA121cB8Fc104Acf"
    assert info.l1_addresses.others == ()


def test_decode_node_info__sandbox_and_full_node__optional_contracts_and_enr():
    sandbox = node_replies.decode_node_info(RECORDED["getNodeInfo"]["localnet"])
    assert [name for name, _ in sandbox.l1_addresses.others] == [
        "dateGatedRelayerAddress",
        "feeAssetHandlerAddress",
        "stakingAssetHandlerAddress",
        "zkPassportVerifierAddress",
    ]
    full = node_replies.decode_node_info(RECORDED["getNodeInfo"]["p2p3"])
    assert full.enr is not None
    assert full.enr.startswith("enr:-Mq4QF")
    assert full.l1_addresses.slash_factory is None


def test_decode_tips__prover__every_stage_by_number_and_hash():
    tips = node_replies.decode_tips(RECORDED["getL2Tips"]["prover"])
    newest = BlockId(number=9, hash="0x24befa87ed03a7b994c94d0521e911e9d3a165952d9c6af6d9a1fb5c0f856dec")
    assert tips.proposed == newest
    assert tips.checkpointed.block == newest
    assert tips.checkpointed.checkpoint == BlockId(
        number=9, hash="0x007aefe6d1108b22e0d65c8abd6be32a492ed303228f5dc133b013df5737ef56"
    )
    assert (tips.proven.checkpoint.number, tips.finalized.block.number) == (7, 7)


def test_decode_sync_status__localnet__blocks_and_trees():
    status = node_replies.decode_sync_status(RECORDED["getWorldStateSyncStatus"]["localnet"])
    assert (status.latest_block, status.finalized_block, status.oldest_block) == (4, 0, 1)
    assert status.trees_synced is True


def test_decode_block_header__hex_slot_and_decimal_time__integers():
    header = node_replies.decode_block_header(RECORDED["getBlockHeader"]["localnet"])
    assert (header.number, header.slot, header.proposed_at) == (4, 12, 1795418261)
    assert (header.l1_chain_id, header.rollup_version) == (31337, 0x1486B357)
    assert header.coinbase == "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266"
    assert (header.gas_fees.fee_per_da_gas, header.gas_fees.fee_per_l2_gas) == (0, 14957600000)


def test_decode_block_header__inside_block_data_of_version_5__same_header():
    header = RECORDED["getBlockHeader"]["localnet"]
    data = {"header": header, "archive": {"root": "0x00"}, "blockHash": "0x01", "checkpointNumber": 4}
    assert node_replies.decode_block_header(data) == node_replies.decode_block_header(header)


def test_decode_peers__connected__id_and_score():
    peers = node_replies.decode_peers(RECORDED["getPeers"]["p2p3_8080"])
    assert [peer.id[-4:] for peer in peers] == ["r6HD", "MS9N"]
    assert {(peer.status, peer.score, peer.addresses, peer.enr) for peer in peers} == {
        ("connected", 0.0, (), None)
    }


def test_decode_peers__dialing_cached_and_unknown_status__kept():
    dialing, cached, strange = node_replies.decode_peers(
        [
            {
                "status": "dialing",
                "dialStatus": "queued",
                "id": "a",
                "addresses": ["/ip4/10.0.0.1/tcp/40400"],
            },
            {"status": "cached", "id": "b", "addresses": [], "enr": "enr:-x", "dialAttempts": 3},
            {"status": "banned", "id": "c", "until": 17},
        ]
    )
    assert (dialing.dial_status, dialing.addresses) == ("queued", ("/ip4/10.0.0.1/tcp/40400",))
    assert (cached.enr, cached.dial_attempts, cached.score) == ("enr:-x", 3, None)
    assert strange.status == "banned"


def test_decode_validators_stats__one_of_four_down__missed_duties():
    stats = node_replies.decode_validators_stats(RECORDED["getValidatorsStats"]["prover"])
    assert [validator.attester[:6].lower() for validator in stats.validators] == [
        "0x15d3",
        "0x3c44",
        "0x7099",
        "0x90f7",
    ]
    assert (stats.first_slot, stats.last_slot, stats.slot_window) == (34, 45, 48)
    assert stats.is_watching
    down, up = stats.validators[:2]
    assert down.missed_proposals == MissedDuties(streak=4, count=4, total=4)
    assert down.missed_attestations == MissedDuties(streak=7, count=7, total=7)
    assert (down.last_proposal, down.last_attestation, down.total_slots) == (None, None, 11)
    assert down.history[:2] == (
        SlotStatus(slot=35, status="attestation-missed"),
        SlotStatus(slot=36, status="blocks-missed"),
    )
    assert [(each.duty, each.is_missed) for each in down.history[:2]] == [
        ("attestation", True),
        ("proposal", True),
    ]
    assert up.last_proposal == Duty(slot=35, at=1795418262)
    assert up.last_attestation == Duty(slot=45, at=1795418502)
    assert not any(each.is_missed for each in up.history)


def test_decode_validators_stats__sentinel_off__nobody_and_not_watching():
    stats = node_replies.decode_validators_stats(RECORDED["getValidatorsStats"]["localnet"])
    assert (stats.validators, stats.first_slot, stats.last_slot) == ((), None, None)
    assert not stats.is_watching


def test_decode_validators_stats__unknown_status_and_fields__kept_and_ignored():
    reply = copy.deepcopy(RECORDED["getValidatorsStats"]["seq"])
    first = next(iter(reply["stats"].values()))
    first["history"].append({"slot": 40, "status": "vacation-taken", "mood": "good"})
    first["missedVacations"] = {"count": 0}
    stats = node_replies.decode_validators_stats(reply)
    (strange,) = [each for validator in stats.validators for each in validator.history if each.slot == 40]
    assert (strange.status, strange.duty, strange.is_missed) == ("vacation-taken", "unknown", False)


@pytest.mark.parametrize(
    ("status", "duty", "missed"),
    [
        ("checkpoint-mined", "proposal", False),
        ("checkpoint-invalid", "proposal", False),
        ("checkpoint-unvalidated", "proposal", False),
        ("checkpoint-missed", "proposal", True),
        ("blocks-missed", "proposal", True),
        ("block-missed", "proposal", True),
        ("attestation-sent", "attestation", False),
        ("attestation-missed", "attestation", True),
    ],
)
def test_slot_status__every_known_status__duty_and_missed(status, duty, missed):
    each = SlotStatus(slot=1, status=status)
    assert (each.duty, each.is_missed) == (duty, missed)


@pytest.mark.parametrize("name", ["allTimeProvenPerformance", "allTimeEpochPerformance"], ids=["v4", "v5"])
def test_decode_validator_stats__both_versions__window_and_epochs(name):
    reply = dict(RECORDED["getValidatorStats"]["prover"])
    reply[name] = reply.pop("allTimeProvenPerformance")
    stats = node_replies.decode_validator_stats(reply)
    assert stats.validator.attester == "0x70997970C51812dc3A010C7d01b50e0d17dc79C8"
    assert stats.epochs[0] == EpochPerformance(epoch=17, missed=0, total=0)
    assert [epoch.epoch for epoch in stats.epochs if epoch.total] == [19]
    assert (stats.first_slot, stats.last_slot, stats.slot_window) == (34, 45, 48)


def test_decode_slash_offenses__inactivity__attester_amount_and_epoch():
    (offense,) = node_replies.decode_slash_offenses(RECORDED["getSlashOffenses"]["prover_all"])
    assert offense.attester == "0x15d34AAf54267DB7D7c367839AAf71A00a2C6A65"
    assert offense.amount_wei == 10 * 10**18
    assert (offense.offense_type, offense.name, offense.epoch_or_slot) == (3, "inactivity", 19)
    assert offense.time_unit == "epoch"


@pytest.mark.parametrize(
    ("number", "name", "unit"),
    [
        (0, "unknown", "epoch"),
        (1, "data_withholding", None),  # an epoch in version 4, a slot in version 5
        (2, "valid_epoch_pruned", "epoch"),
        (7, "descendant_of_invalid", "slot"),
        (9, "duplicate_attestation", "slot"),
        (11, "broadcasted_invalid_checkpoint_proposal", "slot"),
        (12, "type_12", None),
    ],
)
def test_slash_offense__number__name_and_time_unit(number, name, unit):
    reply = [{"validator": "0x" + "11" * 20, "amount": "0", "offenseType": number, "epochOrSlot": "5"}]
    (offense,) = node_replies.decode_slash_offenses(reply)
    assert (offense.name, offense.time_unit) == (name, unit)


def test_decode_slot_clock__version_5__integers():
    clock = node_replies.decode_slot_clock(
        {
            "l1StartBlock": "25428902",
            "l1GenesisTime": "1783000007",
            "slotDuration": 72,
            "epochDuration": 32,
            "ethereumSlotDuration": 12,
            "proofSubmissionEpochs": 1,
            "targetCommitteeSize": 48,
            "rollupManaLimit": 9007199254740991,
        }
    )
    assert (clock.genesis_at, clock.slot_seconds, clock.epoch_slots) == (1783000007, 72, 32)
    assert clock.proof_submission_epochs == 1


def test_decode_config__secrets_and_urls__blotted_out_at_any_depth():
    config = node_replies.decode_config(
        {
            "coinbase": "0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266",
            "slashInactivityPenalty": "10000000000000000000",
            "validatorPrivateKeys": ["0x01"],
            "sequencerPublisherPrivateKey": "0x02",
            "databaseUrl": "postgres://u:p@db",
            "signer": {"apiKey": "k", "address": "0x03"},
            "hosts": ["http://l1.example/KEY", "plain"],
            "web3SignerUrl": "",
        }
    )
    assert config == {
        "coinbase": "0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266",
        "slashInactivityPenalty": "10000000000000000000",
        "validatorPrivateKeys": "[redacted]",
        "sequencerPublisherPrivateKey": "[redacted]",
        "databaseUrl": "[redacted]",
        "signer": {"apiKey": "[redacted]", "address": "0x03"},
        "hosts": ["[redacted]", "plain"],
        "web3SignerUrl": "",
    }
