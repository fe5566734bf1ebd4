"""Events of several kinds side by side, as a table and as a frame."""

from __future__ import annotations

import pandas as pd
import pyarrow as pa
import pytest
from event_logs import GSE, ROLLUP, SOMEBODY, TIME, log, role_of, slashed, tables

from aztec_butler.archive.union import kinds_of, union_table, values_of
from aztec_butler.core.event_kinds import event_kinds, select_events
from aztec_butler.core.units import tokens_from_wei
from aztec_butler.notebook.event_frames import to_event_frame
from aztec_butler.store.events_schema import narrowest

HUGE = 2**200 + 7


def union(names, logs=(), roles=None) -> pa.Table:
    kinds = select_events(names)
    found = tables(logs, roles or {ROLLUP: "rollup", GSE: "gse"})
    return union_table(
        kinds, {kind.record: found.get(kind.record, narrowest(kind.record).empty_table()) for kind in kinds}
    )


def column(table, name):
    return values_of(table.column(name), table.schema.field(name))


def test_union__several_kinds__in_the_order_of_the_chain_with_nulls():
    table = union(
        ["Slashed", "GseDeposit"],
        [
            slashed(9, 1, 5),
            log("GseDeposit", 9, 0, address=GSE, attester=SOMEBODY, instance=ROLLUP),
            slashed(7, 3, 6),
        ],
    )
    assert column(table, "event") == ["RollupSlashed", "GseDeposit", "RollupSlashed"]
    assert column(table, "block_number") == [7, 9, 9]
    assert column(table, "amount_wei") == [6, None, 5]
    assert column(table, "attester") == [SOMEBODY] * 3
    assert column(table, "instance") == [None, ROLLUP, None]
    assert table.column("block_time").cast(pa.int64()).to_pylist() == [TIME + 12 * 7] + [TIME + 12 * 9] * 2
    assert [name for name in table.column_names if table.schema.field(name).nullable] == [
        "attester",
        "amount_wei",
        "instance",
        "withdrawer",
    ]


def test_union__numbers_of_different_width__one_exact_column():
    logs = [
        log("SlashingProposerRoundExecuted", 1, 0, round=3, slash_count=1),
        log("SlashingProposerVoteCast", 2, 0, round=HUGE, slot=2**70),
    ]
    table = union(["RoundExecuted", "SlashingProposerVoteCast"], logs, {ROLLUP: "slashing_proposer"})
    assert column(table, "round") == [3, HUGE]
    assert column(table, "slot") == [None, 2**70]
    frame = to_event_frame(table)
    assert frame["round"].tolist() == [3, HUGE]
    assert frame["slash_count"].dtype == "Int64"


def test_union__things_that_differ_under_one_name__each_has_its_own_column():
    names = ["TokenTransfer", "FeeJuicePortalDepositToAztecPublic", "FeesDistributed"]
    table = union(names)
    assert "to_address" not in table.column_names
    assert pa.types.is_dictionary(table.schema.field("token_transfer_to_address").type)
    assert pa.types.is_fixed_size_binary(
        table.schema.field("fee_juice_portal_deposit_to_aztec_public_to_address").type
    )
    assert "fee_juice_portal_fees_distributed_to_address" in table.column_names
    assert "to_address" in union(names[::2]).column_names  # the two mean the same thing


@pytest.mark.parametrize("names", ["staking", "Slashed", ["Deposit", "Transfer"]])
def test_union__no_rows__the_same_columns_and_dtypes(names):
    kinds = select_events(names)
    one_each = [log(kind.record, 5, place) for place, kind in enumerate(kinds)]
    full = [union_table(kinds, _placed(kinds, logs)) for logs in (one_each, [])]
    assert full[0].schema == full[1].schema
    assert kinds_of(full[0]) == kinds_of(full[1]) == [kind.record for kind in kinds]
    frames = [to_event_frame(table) for table in full]
    categories = frames[0].select_dtypes("category").columns
    for name in frames[0].columns.difference(categories):
        assert frames[0][name].dtype == frames[1][name].dtype, name
    assert list(frames[1].select_dtypes("category").columns) == list(categories)
    assert list(frames[1]["event"].cat.categories) == [kind.record for kind in kinds]


def _placed(kinds, logs):
    """One table for each kind, whatever contract its logs are of."""
    found = {kind.record: narrowest(kind.record).empty_table() for kind in kinds}
    for kind, each in zip(kinds, logs, strict=False):
        found |= tables([each], kind.role)
    return found


def test_union__every_kind_there_is__one_table():
    kinds = event_kinds()
    table = union_table(
        kinds, _placed(kinds, [log(kind.record, 5, place) for place, kind in enumerate(kinds)])
    )
    assert column(table, "event") == [kind.record for kind in kinds]
    assert len(table.column_names) == len(set(table.column_names))
    assert len(to_event_frame(table)) == len(kinds)


def test_frame__values__exact_with_readable_ones_beside_them():
    amounts = [1, 10**18, 123_456_789 * 10**18 + 1]
    frame = to_event_frame(union("Slashed", [slashed(7, n, amount) for n, amount in enumerate(amounts)]))
    assert frame.amount_wei.tolist() == amounts
    assert frame.amount_wei.dtype == object
    assert frame.amount_aztec.tolist() == [float(tokens_from_wei(amount)) for amount in amounts]
    assert frame.block_time.tolist() == [pd.Timestamp(TIME + 84, unit="s", tz="UTC")] * 3
    assert str(frame.block_time.dtype) == "datetime64[ns, UTC]"
    assert frame.transaction_hash[1] == f"0x{7:060x}{1:04x}"
    assert frame.address.tolist() == [ROLLUP] * 3


def test_frame__arrays_and_keys__are_tuples_and_integers():
    logs = [
        log(
            "StakingRegistryAttestersAddedToProvider",
            1,
            0,
            address=GSE,
            provider_id=9,
            attesters=(ROLLUP, GSE),
        ),
        log("RollupDeposit", 2, 0, public_key_in_g1=(HUGE, 1)),
        log("StakingRegistryAttestersAddedToProvider", 3, 0, address=GSE, provider_id=9, attesters=()),
    ]
    roles = {ROLLUP: "rollup", GSE: "staking_registry"}
    frame = to_event_frame(union(["AttestersAddedToProvider", "RollupDeposit"], logs, roles))
    assert frame.attesters.tolist() == [(ROLLUP, GSE), None, ()]
    assert frame.public_key_in_g1_x.tolist() == [None, HUGE, None]
    assert frame.provider_id.dtype == "Int64"
    assert frame.provider_id.isna().tolist() == [False, True, False]


def test_frame__amounts_of_any_token__are_not_called_aztec():
    kinds = select_events(["SplitsWarehouseWithdraw", "Slashed"])
    frame = to_event_frame(
        union_table(kinds, {kind.record: narrowest(kind.record).empty_table() for kind in kinds})
    )
    assert "amount_wei" in frame
    assert "amount_aztec" not in frame
    assert {role_of(kind.record) for kind in kinds} == {"rollup", "splits_warehouse"}
