from __future__ import annotations

import json
from types import SimpleNamespace

import attrs
import pytest
from keystore_cases import ADDRESSES, BLS, COINBASE, ETH, FEES
from staking_states import SLASHERS, delegate, state_of
from staking_story import ALICE, BOB, CAROL, LOCAL, NEW, OLD, OWNER, SPLIT, STAKE, TOKEN, Story, account
from watcher_facts import facts_of, settings_of

from aztec_butler.core.bls import AttesterRegistration, Registration, render_registrations
from aztec_butler.core.errors import CheckFailed, InputError, NodeRefused, RevertError
from aztec_butler.core.hexes import ZERO_ADDRESS
from aztec_butler.core.lifecycle import Lifecycle
from aztec_butler.core.slashing_round_rows import SlashingRules
from aztec_butler.core.slashing_rounds import SlashingTerms
from aztec_butler.store.own_keystores import OwnKeystores
from aztec_butler.watcher.coinbase_rule import Refused, Wanted, wanted_coinbase
from aztec_butler.watcher.facts import (
    OwnAttester,
    own_addresses,
    own_attesters,
    own_ejections,
    own_provider_ids,
    standing_split,
)
from aztec_butler.watcher.prepared_keys import read_prepared_keys
from aztec_butler.watcher.setting_values import read_coinbase_rule
from aztec_butler.watcher.slashing_reading import SlashingReader

FIRST, SECOND = ADDRESSES[:2]
DAVE = account(61)


# --------------------------------------------------------------------------- who is ours


def test_own_addresses__ever_listed__and_named_ones_first():
    story = Story().registered().registered(2).listed(ALICE, BOB).dripped(ALICE)
    story.listed(CAROL, provider_id=2)
    delegate(story, BOB, SPLIT)
    state = state_of(story, take_rates_bps=(500, 500))
    assert own_addresses(state, (1,), (DAVE,)) == (DAVE, ALICE, BOB)
    assert own_addresses(state, (2,), ()) == (CAROL,)
    assert own_addresses(state, (), ()) == ()


def test_own_provider_ids__named_and_the_admins():
    state = state_of(Story().registered().registered(2), take_rates_bps=(500, 500))
    assert own_provider_ids(state, (2,), None) == (2,)
    assert own_provider_ids(state, (2,), OWNER) == (2, 1)
    assert own_provider_ids(state, (), CAROL) == ()


def test_own_attesters__never_seen__is_nobody_yet():
    facts = facts_of(Story().registered().listed(ALICE), named=(DAVE,))
    assert facts.attesters[DAVE] == OwnAttester(attester=DAVE, lifecycle=Lifecycle.NEVER_REGISTERED)
    assert facts.attesters[ALICE].lifecycle is Lifecycle.PROVIDER_QUEUED
    assert not facts.attesters[ALICE].earns


def test_own_attesters__in_the_set__stake_and_headroom():
    story = delegate(Story().registered().listed(ALICE), ALICE, SPLIT)
    story.activated(ALICE, NEW).slashed(ALICE, 4_000 * TOKEN, NEW)
    own = facts_of(story).attesters[ALICE]
    assert (own.stake_wei, own.headroom_wei) == (STAKE - 4_000 * TOKEN, STAKE - LOCAL - 4_000 * TOKEN)
    assert (own.split, own.split_owner, own.provider_id) == (SPLIT, ZERO_ADDRESS, 1)
    assert own.earns


def test_own_attesters__waiting__says_when_and_whether_it_will_fail():
    story = delegate(Story().registered().listed(ALICE, BOB), ALICE, SPLIT)
    delegate(story, BOB, SPLIT)
    facts = facts_of(story, state={"key_of": {BOB: (int(ALICE, 16), 2)}})  # one BLS key for both
    assert facts.attesters[ALICE].activation_at is not None
    assert facts.attesters[ALICE].earns
    assert facts.attesters[BOB].fails_because
    assert facts.attesters[BOB].activation_at is None
    assert not facts.attesters[BOB].earns


def test_own_attesters__queued_twice__the_first_deposit_is_the_one_that_counts():
    story = delegate(delegate(Story().registered().listed(ALICE, ALICE), ALICE, SPLIT), ALICE, CAROL)
    own = facts_of(story).attesters[ALICE]
    assert (own.fails_because, own.split) == (None, SPLIT)
    assert own.activation_at is not None


def test_standing_split__stake_through_a_stranger__is_not_ours():
    story = Story().registered().registered(2).listed(ALICE).listed(ALICE, provider_id=2)
    state = state_of(delegate(story, ALICE, SPLIT, provider_id=2), take_rates_bps=(500, 500))
    assert standing_split(state, ALICE, (1,)) is None
    assert standing_split(state, ALICE, (2,)) == SPLIT
    assert own_attesters(state, (ALICE,), (1,), {})[ALICE].provider_id is None


def test_own_ejections__of_ours_alone__by_place():
    story = Story().queued(ALICE, NEW).queued(BOB, NEW).activated(ALICE, NEW).activated(BOB, NEW)
    story.slashed(ALICE, TOKEN, NEW).slashed(ALICE, STAKE - LOCAL, NEW).slashed(BOB, TOKEN, NEW)
    first, second, _ = story.logs[-3:]
    assert own_ejections(state_of(story), (ALICE,)) == {
        (first.transaction_hash, first.log_index): False,
        (second.transaction_hash, second.log_index): True,
    }


# --------------------------------------------------------------------------- the rule of coinbases

OWN = OwnAttester(
    attester=ALICE, lifecycle=Lifecycle.VALIDATING, provider_id=1, split=SPLIT, split_owner=ZERO_ADDRESS
)


def test_wanted_coinbase__by_each_rule():
    assert wanted_coinbase(OWN, settings_of()) == Wanted(coinbase=SPLIT, source="split")
    assert wanted_coinbase(OWN, settings_of(coinbase=read_coinbase_rule(BOB))) == Wanted(
        coinbase=BOB, source="fixed"
    )
    assert wanted_coinbase(OWN, settings_of(coinbases={ALICE: CAROL})) == Wanted(coinbase=CAROL, source="map")
    assert wanted_coinbase(OWN, settings_of(coinbase=read_coinbase_rule("map"))) is None
    assert wanted_coinbase(attrs.evolve(OWN, split=None), settings_of()) is None


@pytest.mark.parametrize(
    "changes",
    [{"split": ZERO_ADDRESS}, {"split_owner": CAROL}, {"split_owner": None}],
    ids=["zero", "owned", "silent"],
)
def test_wanted_coinbase__a_split_that_may_not_be__is_refused(changes):
    assert isinstance(wanted_coinbase(attrs.evolve(OWN, **changes), settings_of()), Refused)


# --------------------------------------------------------------------------- keystores


def validator(number, **more):
    return {"attester": {"eth": ETH[number], "bls": BLS[number]}, "feeRecipient": FEES} | more


def write(path, *validators):
    path.write_text(json.dumps({"schemaVersion": 1, "validators": list(validators)}))
    path.chmod(0o600)
    return path


def test_keystores__coinbases_and_publishers__and_nothing_secret(tmp_path):
    path = write(tmp_path / "a.json", validator(0, coinbase=COINBASE, publisher=ETH[3]), validator(1))
    keys = OwnKeystores([path]).read()
    assert keys.coinbases == {FIRST: COINBASE, SECOND: None}
    assert keys.publishers == (ADDRESSES[3], SECOND)
    assert not any(secret.removeprefix("0x") in repr(keys) for secret in (*ETH, *BLS))


def test_keystores__zero_coinbase__is_read_and_told_elsewhere(tmp_path):
    path = write(tmp_path / "a.json", validator(0, coinbase=ZERO_ADDRESS))
    assert OwnKeystores([path]).read().coinbases == {FIRST: ZERO_ADDRESS}


def test_keystores__edited__read_again_and_else_not(tmp_path):
    path = write(tmp_path / "a.json", validator(0))
    keystores = OwnKeystores([path])
    assert keystores.read() is keystores.read()
    write(path, validator(0, coinbase=COINBASE))
    assert keystores.read().coinbases == {FIRST: COINBASE}


def test_keystores__half_written__refused_until_it_is_whole(tmp_path):
    path = write(tmp_path / "a.json", validator(0))
    keystores = OwnKeystores([path])
    whole = path.read_text()
    keystores.read()
    path.write_text(whole[:-20])
    for _ in range(2):
        with pytest.raises(CheckFailed, match=r"a\.json"):
            keystores.read()
    path.write_text(whole)
    assert keystores.read().coinbases == {FIRST: None}


# --------------------------------------------------------------------------- registrations

POINTS = Registration(public_key_g1=(1, 2), public_key_g2=(1, 2, 3, 4), proof_of_possession=(5, 6))


def registrations(path, *attesters):
    path.write_text(
        render_registrations(AttesterRegistration(attester=each, registration=POINTS) for each in attesters)
    )
    return str(path)


def test_prepared_keys__in_the_files_order__without_those_that_are_known(tmp_path):
    name = registrations(tmp_path / "keys.json", CAROL, ALICE, BOB)
    prepared = read_prepared_keys(name, known={ALICE})
    assert (prepared.path, prepared.fresh, prepared.known) == (name, (CAROL, BOB), 1)


@pytest.mark.parametrize(
    "content", [None, "", "{", "[]", "[5]"], ids=["gone", "empty", "broken", "none", "other"]
)
def test_prepared_keys__no_such_file__refused_and_named(tmp_path, content):
    path = tmp_path / "keys.json"
    if content is not None:
        path.write_text(content)
    with pytest.raises(InputError) as caught:
        read_prepared_keys(str(path), known=())
    assert str(caught.value.facts["file"]) == str(path)


def test_prepared_keys__one_is_nobodys__refused(tmp_path):
    with pytest.raises(InputError, match="whose it is"):
        read_prepared_keys(registrations(tmp_path / "keys.json", ALICE, None), known=())


# --------------------------------------------------------------------------- slashing rounds

TALLIES = account(71)


class Rounds:
    """Contracts that answer about rounds: ``rounds`` by number as ``getRound`` does."""

    def __init__(self, rounds, *, votes=(), tally=(), vetoed=False):
        self.rounds, self.votes, self.tally, self.vetoed = rounds, votes, tally, vetoed
        self.asked = []

    def read(self, reads, _):
        return [self._good(answer) for answer in self.try_read(reads, _)]

    def try_read(self, reads, _):
        self.asked.append([read.function.name for read in reads])
        return [self._answer(read.function.name, *read.arguments) for read in reads]

    @staticmethod
    def _good(answer):
        if isinstance(answer, Exception):
            raise answer
        return answer

    def _answer(self, name, *arguments):
        return {
            "getRound": lambda: self.rounds.get(arguments[0], (False, 0)),
            "getSlashTargetCommittees": lambda: ((ALICE, BOB) * 24,) * 4,
            "getVotes": lambda: self.votes[arguments[1]],
            "getTally": lambda: self.tally,
            "getPayloadAddress": lambda: CAROL,
            "vetoedPayloads": lambda: self.vetoed,
        }[name]()


def against(contracts, *, ours=(ALICE,)):
    state = state_of(Story(), now_at=72 * 128 * 40)  # round 40
    rules = SlashingRules(
        rollup=state.rollups[1].rollup,
        slasher=SLASHERS[NEW],
        delay_in_rounds=28,
        terms=SlashingTerms(
            proposer=TALLIES,
            quorum=65,
            round_size=128,
            lifetime_in_rounds=34,
            offset_in_rounds=2,
            committee_size=48,
            amounts_wei=(2_000 * TOKEN, 5_000 * TOKEN, 5_000 * TOKEN),
        ),
    )
    reader = SlashingReader(contracts)
    answers = contracts.read(reader.plan([rules], state.block.timestamp), state.block)
    return reader.rounds([rules], answers, frozenset(ours), state.block)


def test_rounds__without_votes__nothing_more_is_asked():
    contracts = Rounds({})
    assert against(contracts) == ()
    assert contracts.asked == [["getRound"] * 35]


def test_rounds__running__votes_against_ours():
    contracts = Rounds({40: (False, 2)}, votes=[bytes([0b0000_0011]), bytes([0b0000_0101])])
    (found,) = against(contracts)
    assert (found.attester, found.round, found.votes, found.quorum, found.amount_wei) == (ALICE, 40, 2, 65, 0)
    assert against(contracts, ours=(CAROL,)) == ()


def test_rounds__over_with_a_quorum__what_they_take_and_when():
    contracts = Rounds({20: (False, 65)}, tally=((ALICE, 2_000 * TOKEN), (BOB, TOKEN)))
    (found,) = against(contracts)
    assert (found.attester, found.round, found.votes, found.amount_wei) == (ALICE, 20, 0, 2_000 * TOKEN)
    assert (found.executable_at, found.expires_at) == (72 * 128 * 49, 72 * 128 * 55)


@pytest.mark.parametrize(
    "contracts",
    [
        Rounds({20: (True, 65)}, tally=((ALICE, TOKEN),)),
        Rounds({20: (False, 64)}, tally=((ALICE, TOKEN),)),
        Rounds({20: (False, 65)}, tally=((ALICE, TOKEN),), vetoed=True),
        Rounds({20: (False, 65)}, tally=RevertError("a seat that nobody had")),
        Rounds({20: (False, 65)}, tally=((BOB, TOKEN),)),
        Rounds({2: (False, 65)}, tally=((ALICE, TOKEN),)),
    ],
    ids=["executed", "no-quorum", "vetoed", "reverts", "others", "too-old"],
)
def test_rounds__that_take_nothing_from_ours__are_left_out(contracts):
    assert against(contracts) == ()


def test_rounds__node_fails__is_raised():
    contracts = Rounds({20: (False, 65)}, tally=NodeRefused("busy"))
    with pytest.raises(NodeRefused):
        against(contracts)


def test_learn__slashers__are_asked_for_once(monkeypatch):
    state = state_of(Story())
    asked = []

    def proposers(_, slashers, __):
        asked.append(dict(slashers))
        return {NEW: TALLIES}

    module = "aztec_butler.watcher.slashing_reading"
    rules = SimpleNamespace(terms=SimpleNamespace(proposer=TALLIES))
    monkeypatch.setattr(f"{module}.fetch_proposers", proposers)
    monkeypatch.setattr(f"{module}.fetch_slashing_rules", lambda *_: (rules,))
    reader = SlashingReader(None)
    for _ in range(2):
        assert reader.learn(state.rollups, state.block) == (rules,)
    assert asked == [SLASHERS]
    replaced = [
        attrs.evolve(each, slasher=DAVE) if each.rollup.address == OLD else each for each in state.rollups
    ]
    reader.learn(replaced, state.block)
    assert asked[1:] == [{OLD: DAVE}]
