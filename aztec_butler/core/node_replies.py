"""From the JSON an Aztec node answers to records: pure, strict about what we use, indifferent to the rest.

Unknown fields are ignored and unknown statuses kept, but a field we need that is absent or of another kind is
an error, never a zero. What is undefined for the node is left out of an answer by version 4 and null from
version 5 on.

Every function takes the ``result`` of one JSON-RPC method and raises `NodeRefused` when it does not fit,
naming the field. Source of the shapes: yarn-project ``stdlib/src/interfaces`` and ``stdlib/src/validators``
of 4.1.2 and 5.2.
"""

from __future__ import annotations

import re

from aztec_butler.core.json_fields import Fields, misfit, read_objects
from aztec_butler.core.node_records import (
    BlockHeader,
    BlockId,
    ChainTips,
    Duty,
    EpochPerformance,
    GasFees,
    L1Addresses,
    MissedDuties,
    NodeInfo,
    Peer,
    SingleValidatorStats,
    SlashOffense,
    SlotClock,
    SlotStatus,
    SyncStatus,
    Tip,
    ValidatorsStats,
    ValidatorStats,
)

REDACTED = "[redacted]"

# What only some deployments have, the sandbox above all.
_OTHER_L1_ADDRESSES = (
    "dateGatedRelayerAddress",
    "feeAssetHandlerAddress",
    "stakingAssetHandlerAddress",
    "zkPassportVerifierAddress",
)

_SECRET_NAME = re.compile(
    r"private_?key|secret|password|passphrase|mnemonic|token|api_?key|url|credential", re.IGNORECASE
)


def decode_node_info(result: object) -> NodeInfo:
    """``getNodeInfo``."""
    fields = Fields(result)
    return NodeInfo(
        node_version=fields.text("nodeVersion"),
        l1_chain_id=fields.integer("l1ChainId"),
        rollup_version=fields.integer("rollupVersion"),
        enr=fields.optional("enr", fields.text),
        l1_addresses=_l1_addresses(fields.object("l1ContractAddresses")),
        real_proofs=fields.flag("realProofs"),
    )


def decode_l1_addresses(result: object) -> L1Addresses:
    """``getL1ContractAddresses``."""
    return _l1_addresses(Fields(result))


def _l1_addresses(fields: Fields) -> L1Addresses:
    known = {
        "registry": fields.address("registryAddress"),
        "rollup": fields.address("rollupAddress"),
        "inbox": fields.address("inboxAddress"),
        "outbox": fields.address("outboxAddress"),
        "fee_juice": fields.address("feeJuiceAddress"),
        "fee_juice_portal": fields.address("feeJuicePortalAddress"),
        "staking_asset": fields.address("stakingAssetAddress"),
        "coin_issuer": fields.address("coinIssuerAddress"),
        "reward_distributor": fields.address("rewardDistributorAddress"),
        "governance": fields.address("governanceAddress"),
        "governance_proposer": fields.address("governanceProposerAddress"),
    }
    return L1Addresses(
        **known,
        gse=fields.optional("gseAddress", fields.address),
        slash_factory=fields.optional("slashFactoryAddress", fields.address),
        others=tuple((name, fields.address(name)) for name in _OTHER_L1_ADDRESSES if fields.has(name)),
    )


def decode_tips(result: object) -> ChainTips:
    """``getL2Tips`` of version 4, ``getChainTips`` of version 5: the same form."""
    fields = Fields(result)
    return ChainTips(
        proposed=_block_id(fields.object("proposed")),
        checkpointed=_tip(fields.object("checkpointed")),
        proven=_tip(fields.object("proven")),
        finalized=_tip(fields.object("finalized")),
    )


def _tip(fields: Fields) -> Tip:
    return Tip(block=_block_id(fields.object("block")), checkpoint=_block_id(fields.object("checkpoint")))


def _block_id(fields: Fields) -> BlockId:
    return BlockId(number=fields.integer("number"), hash=fields.text("hash"))


def decode_sync_status(result: object) -> SyncStatus:
    """``getWorldStateSyncStatus``."""
    fields = Fields(result)
    return SyncStatus(
        latest_block=fields.integer("latestBlockNumber"),
        latest_block_hash=fields.text("latestBlockHash"),
        finalized_block=fields.integer("finalizedBlockNumber"),
        oldest_block=fields.integer("oldestHistoricBlockNumber"),
        trees_synced=fields.flag("treesAreSynched"),
    )


def decode_peers(result: object) -> tuple[Peer, ...]:
    """``getPeers``, in the node's order."""
    return tuple(
        Peer(
            id=fields.text("id"),
            status=fields.text("status"),
            score=fields.optional("score", fields.number),
            dial_status=fields.optional("dialStatus", fields.text),
            addresses=fields.optional("addresses", fields.texts) or (),
            enr=fields.optional("enr", fields.text),
            dial_attempts=fields.optional("dialAttempts", fields.integer),
        )
        for fields in read_objects(result)
    )


def decode_gas_fees(result: object) -> GasFees:
    """``getCurrentMinFees`` and ``getMaxPriorityFees``."""
    return _gas_fees(Fields(result))


def _gas_fees(fields: Fields) -> GasFees:
    return GasFees(fee_per_da_gas=fields.integer("feePerDaGas"), fee_per_l2_gas=fields.integer("feePerL2Gas"))


def decode_block_header(result: object) -> BlockHeader:
    """The header of ``getBlockHeader`` (version 4), or the one inside ``getBlockData`` (version 5)."""
    fields = Fields(result)
    header = fields if fields.has("globalVariables") else fields.object("header")
    variables = header.object("globalVariables")
    return BlockHeader(
        number=variables.integer("blockNumber"),
        slot=variables.integer("slotNumber"),
        proposed_at=variables.integer("timestamp"),
        l1_chain_id=variables.integer("chainId"),
        rollup_version=variables.integer("version"),
        coinbase=variables.address("coinbase"),
        fee_recipient=variables.text("feeRecipient"),
        gas_fees=_gas_fees(variables.object("gasFees")),
    )


def decode_slot_clock(result: object) -> SlotClock:
    """``getL1Constants`` of version 5."""
    fields = Fields(result)
    return SlotClock(
        genesis_at=fields.integer("l1GenesisTime"),
        slot_seconds=fields.integer("slotDuration"),
        epoch_slots=fields.integer("epochDuration"),
        proof_submission_epochs=fields.integer("proofSubmissionEpochs"),
    )


def decode_validators_stats(result: object) -> ValidatorsStats:
    """``getValidatorsStats``, by attester address."""
    fields = Fields(result)
    validators = [_validator_stats(each) for each in fields.object("stats").members()]
    return ValidatorsStats(
        validators=tuple(sorted(validators, key=lambda validator: validator.attester.lower())),
        first_slot=fields.optional("initialSlot", fields.integer),
        last_slot=fields.optional("lastProcessedSlot", fields.integer),
        slot_window=fields.integer("slotWindow"),
    )


def decode_validator_stats(result: object) -> SingleValidatorStats:
    """``getValidatorStats``; the history by epoch is named differently since version 5."""
    fields = Fields(result)
    epochs = (
        "allTimeProvenPerformance" if fields.has("allTimeProvenPerformance") else "allTimeEpochPerformance"
    )
    performances = [
        EpochPerformance(
            epoch=each.integer("epoch"), missed=each.integer("missed"), total=each.integer("total")
        )
        for each in fields.objects(epochs)
    ]
    return SingleValidatorStats(
        validator=_validator_stats(fields.object("validator")),
        epochs=tuple(sorted(performances, key=lambda performance: performance.epoch)),
        first_slot=fields.optional("initialSlot", fields.integer),
        last_slot=fields.optional("lastProcessedSlot", fields.integer),
        slot_window=fields.integer("slotWindow"),
    )


def _validator_stats(fields: Fields) -> ValidatorStats:
    def duty(name: str) -> Duty:
        return Duty(slot=fields.object(name).integer("slot"), at=fields.object(name).integer("timestamp"))

    return ValidatorStats(
        attester=fields.address("address"),
        total_slots=fields.integer("totalSlots"),
        missed_proposals=_missed(fields.object("missedProposals")),
        missed_attestations=_missed(fields.object("missedAttestations")),
        last_proposal=fields.optional("lastProposal", duty),
        last_attestation=fields.optional("lastAttestation", duty),
        history=tuple(
            SlotStatus(slot=each.integer("slot"), status=each.text("status"))
            for each in fields.objects("history")
        ),
    )


def _missed(fields: Fields) -> MissedDuties:
    # The node also tells count / total as a binary fraction, and leaves it out when total is 0.
    return MissedDuties(
        streak=fields.integer("currentStreak"), count=fields.integer("count"), total=fields.integer("total")
    )


def decode_slash_offenses(result: object) -> tuple[SlashOffense, ...]:
    """``getSlashOffenses``, in the node's order."""
    return tuple(
        SlashOffense(
            attester=fields.address("validator"),
            amount_wei=fields.integer("amount"),
            offense_type=fields.integer("offenseType"),
            epoch_or_slot=fields.integer("epochOrSlot"),
        )
        for fields in read_objects(result)
    )


def decode_config(result: object) -> dict[str, object]:
    """``getConfig`` of the admin port, whatever it holds, with all that may be a secret blotted out.

    The node itself leaves its private keys out; a URL may carry a provider's API key, so URLs go too.

    >>> decode_config({"maxTxsPerBlock": 8, "web3SignerUrl": "https://signer/?key=1"})
    {'maxTxsPerBlock': 8, 'web3SignerUrl': '[redacted]'}
    """
    if not isinstance(result, dict):
        raise misfit("result", "an object", result)
    return {name: _blotted(name, value) for name, value in result.items()}


def _blotted(name: str, value: object) -> object:
    if value in (None, "", []):
        return value
    if _SECRET_NAME.search(name):
        return REDACTED
    if isinstance(value, dict):
        return {inner: _blotted(inner, each) for inner, each in value.items()}
    if isinstance(value, list):
        return [_blotted("", each) for each in value]
    if isinstance(value, str) and "://" in value:
        return REDACTED
    return value
