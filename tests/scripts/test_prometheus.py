"""A real Prometheus scrapes the exporter's process while a season is played on real contracts.

What its query API answers is held against reads through web3 with the contracts' own interface. The Aztec node is a
stand-in; both nodes go away and come back.
"""

from __future__ import annotations

import json
import shutil
from types import SimpleNamespace

import pytest
from exported_names import collectors_of, exported_labels
from exporter_process import ExporterProcess
from fault_proxy import FaultyNode, reset
from node_stand_in import RECORDED, AztecStandIn
from prometheus_process import PrometheusProcess
from promql import series_of
from web3.exceptions import ContractCustomError

from aztec_butler.core.hexes import keccak256
from aztec_butler.devnet import SMALL, Devnet
from aztec_butler.devnet.season import STEPS, Story, play_season
from aztec_butler.devnet.season_keys import wallet

PROGRAM = shutil.which("prometheus")
pytestmark = [
    pytest.mark.devnet,
    pytest.mark.xdist_group("prometheus"),
    pytest.mark.skipif(
        PROGRAM is None, reason="prometheus is not installed (Debian: apt-get install prometheus)"
    ),
]

TOKEN = 10**18
PROVIDERS = (1, 2)
PUBLISHER = wallet("publisher of the season")
TOO_FEW = "0x" + keccak256(b"ValidatorSelection__InsufficientValidatorSetSize(uint256,uint256)")[:4].hex()
PAUSES = {"flush", "slash_by_vote", "change_rollup", "queue_up"}
"""Steps of the season before which everything is compared."""
EVERYTHING = (
    "rollup entry_queue provider coinbases rewards slashing governance network committees validators offenses"
)
SETTINGS = """
network = "devnet"
l1 = "{l1}"
l2 = "{l2}"
l2_admin = "{l2}"
registry = "{registry}"
staking_registry = "{staking_registry}"
event_store = "none"
[exporter]
listen = "127.0.0.1:0"
provider_ids = [1, 2, 3, 4, 5]
keystores = ["{keystore}"]
check_hosts = "{hosts}"
intervals = {{ {intervals} }}
"""


@pytest.fixture(scope="module")
def played(cache_folder, tmp_path_factory):
    """The season, played in front of Prometheus; ``played.compared`` tells what was seen on the way."""
    folder = tmp_path_factory.mktemp("prometheus")
    with (
        Devnet.start(SMALL, cache_folder=cache_folder) as devnet,
        FaultyNode(upstream=devnet.url) as ethereum,
        AztecStandIn("p2p3") as aztec,
    ):
        devnet.chain.set_ether_balance(PUBLISHER, 3 * TOKEN)
        keystore = folder / "keystore.json"
        write_keystore(keystore, {wallet("nobody yet"): wallet("coinbase")})
        # Whoever is asked about did as this one.
        conduct = RECORDED["getValidatorStats"]["prover"]
        aztec.answers["node_getValidatorStats"] = lambda address, *_: (
            conduct | {"validator": conduct["validator"] | {"address": address}}
        )
        addresses = aztec.answers["node_getNodeInfo"]["l1ContractAddresses"]
        addresses["rollupAddress"] = devnet.addresses["rollup"].lower()
        hosts = folder / "hosts.toml"
        hosts.write_text(f'[[hosts]]\nname = "one"\naddress = "localhost"\nethereum = ["{ethereum.url}"]\n')
        settings = SETTINGS.format(
            l1=ethereum.url,
            l2=aztec.url,
            registry=devnet.addresses["registry"],
            staking_registry=devnet.addresses["staking_registry"],
            keystore=keystore,
            hosts=hosts,
            intervals=", ".join(
                f"{name} = 1"
                for name in [*EVERYTHING.split(), "node", "node_progress", "publishers", "hosts"]
            ),
        )
        with (
            ExporterProcess(folder, settings) as exporter,
            PrometheusProcess(PROGRAM, folder, f"127.0.0.1:{exporter.port}") as prometheus,
        ):
            stage = SimpleNamespace(
                devnet=devnet,
                ethereum=ethereum,
                aztec=aztec,
                exporter=exporter,
                prometheus=prometheus,
                compared=[],
            )

            def pause(done, total, _):
                if done == total or STEPS[done].__name__ in PAUSES:
                    devnet.chain.send(
                        wallet("sink"), b"", sender=PUBLISHER, value_wei=TOKEN // 100, gas=21_000
                    )
                    stage.compared.append(compare(stage))

            stage.season = play_season(devnet, progress=pause)
            stage.coinbases = edit_keystore(stage, keystore)
            yield stage


def write_keystore(path, coinbases):
    """A keystore of addresses alone, with a remote signer: who attests, and where the rewards go."""
    validators = [
        {"attester": attester, "publisher": PUBLISHER, "feeRecipient": f"0x{1:064x}"}
        | ({} if coinbase is None else {"coinbase": coinbase})
        for attester, coinbase in coinbases.items()
    ]
    content = {"schemaVersion": 1, "remoteSigner": "http://signer.example:9000", "validators": validators}
    path.write_text(json.dumps(content))


def edit_keystore(stage, path):
    """Give attesters of ours the right coinbase, a wrong one, and none; return when Prometheus has seen it."""
    states = stage.prometheus.query('aztec_butler_attester_state{state="validating"} == 1')
    ours = [attester for attester, _ in states if stage.season.attesters[attester].provider_id is not None]
    waiting = [
        attester
        for attester in stage.season.stories[Story.QUEUED]
        if stage.season.attesters[attester].provider_id is not None
    ]
    right, wrong, missing = ours[:3]
    coinbases = {
        right: stage.season.attesters[right].coinbase,
        wrong: wallet("somebody else"),
        missing: None,
        waiting[0]: None,
    }
    write_keystore(path, coinbases)
    missed = "aztec_butler_coinbase_missing == 1"
    stage.prometheus.wait_for(
        "the edit", lambda: set(stage.prometheus.query(missed)) == {missing, waiting[0]}
    )
    return SimpleNamespace(right=right, wrong=wrong, missing=missing, waiting=waiting[0])


# ---------------------------------------------------------------------- reads of their own


def contract(devnet, role, address=None):
    """A contract through web3 and the interface that its compiler wrote."""
    known = devnet.contract(role)
    return devnet.w3.eth.contract(address=address or known.address, abi=known.compiled.abi).functions


def read_for_ourselves(devnet):
    """What Prometheus should know of the chain's present block."""
    block = devnet.w3.eth.get_block("latest")
    at = {"block_identifier": block["number"]}
    registry = contract(devnet, "registry")
    canonical = registry.getCanonicalRollup().call(**at)
    versions = [
        registry.getVersion(index).call(**at) for index in range(registry.numberOfVersions().call(**at))
    ]
    rollups = [contract(devnet, "rollup", registry.getRollup(version).call(**at)) for version in versions]
    rollup = contract(devnet, "rollup", canonical)
    attesters = [
        (each, each.getAttesterAtIndex(index).call(**at))
        for each in rollups
        for index in range(each.getActiveAttesterCount().call(**at))
    ]
    stake = sum(each.getAttesterView(attester).call(**at)[1] for each, attester in attesters)
    pending, proven = rollup.getTips().call(**at)
    epoch = rollup.getEpochAt(block["timestamp"]).call(**at)
    staking = contract(devnet, "staking_registry")
    found = {
        "l1_block": block["number"],
        "l1_block_timestamp_seconds": block["timestamp"],
        'attesters{state="validating"}': len(attesters),
        "stake_aztec": stake / TOKEN,
        "canonical_rollup_version": rollup.getVersion().call(**at),
        "rollups": len(rollups),
        "entry_queue_length": rollup.getEntryQueueLength().call(**at),
        "entry_queue_flush_size": rollup.getEntryQueueFlushSize().call(**at),
        "pending_checkpoint": pending,
        "proven_checkpoint": proven,
        "epoch": epoch,
        "activation_threshold_aztec": rollup.getActivationThreshold().call(**at) / TOKEN,
        "publisher_balance_eth": devnet.w3.eth.get_balance(PUBLISHER, block["number"]) / TOKEN,
        "prune_possible": int(rollup.canPruneAtTime(block["timestamp"]).call(**at)),
    }
    for provider_id in PROVIDERS:
        queued = staking.getProviderQueueLength(provider_id).call(**at)
        found[f'provider_keys_queued{{provider_id="{provider_id}"}}'] = queued
        rate = staking.providerConfigurations(provider_id).call(**at)[1]
        found[f'provider_take_rate_ratio{{provider_id="{provider_id}"}}'] = rate / 10_000
    try:
        found['committee_size{epoch="current"}'] = len(rollup.getEpochCommittee(epoch).call(**at))
    except ContractCustomError as error:
        if not str(error.data).startswith(TOO_FEW):
            raise
        found['committee_size{epoch="current"}'] = 0
    return found


def compare(stage):
    """Wait until Prometheus has seen the present block in every collector, and return both sides."""
    expected = read_for_ourselves(stage.devnet)
    number = expected["l1_block"]
    names = list(expected)

    def seen():
        found = {name: stage.prometheus.value(f"aztec_butler_{name}") for name in names}
        return found if found["l1_block"] == number and found == expected else None

    try:
        return stage.prometheus.wait_for(f"block {number}", seen)
    except AssertionError:
        found = {name: stage.prometheus.value(f"aztec_butler_{name}") for name in names}
        assert found == expected, stage.exporter.log[-2000:]
        raise


# ---------------------------------------------------------------------- the tests


def test_season__at_every_pause__prometheus_knows_what_the_chain_knows(played):
    assert len(played.compared) == len(PAUSES) + 1
    seen = {
        name: len({each.get(name) for each in played.compared})
        for name in ('attesters{state="validating"}', "entry_queue_length", "canonical_rollup_version")
    }
    assert all(count > 1 for count in seen.values()), seen  # the season moved in front of its eyes


def test_season__at_its_end__every_collector_succeeds_and_every_metric_is_there(played):
    success = played.prometheus.query("aztec_butler_scrape_success")
    assert success == dict.fromkeys({owner for owners in collectors_of().values() for owner in owners}, 1)
    names = set(played.prometheus.ask("label/__name__/values"))
    assert set(exported_labels()) - names == ABSENT


ABSENT = {"aztec_butler_node_checkpoint_lag", "aztec_butler_governance_signals"}
"""The devnet's clock is not ours, so that its newest block looks old; and nobody signals in the last round."""


def test_season__attesters_of_the_keystore__stand_where_they_should(played):
    prometheus, found = played.prometheus, played.coinbases
    assert prometheus.query("aztec_butler_coinbase_drift == 1").keys() == {found.wrong}
    assert prometheus.value(f'aztec_butler_coinbase_drift{{attester="{found.right}"}}') == 0
    assert prometheus.value("aztec_butler_coinbases_missing") == 2
    queued = contract(played.devnet, "rollup")
    assert (
        prometheus.value(
            f'aztec_butler_coinbase_missing_activation_timestamp_seconds{{attester="{found.waiting}"}}'
        )
        > queued.getGenesisTime().call()
    )


def test_season__at_its_end__committees_are_those_of_the_rollup(played):
    devnet, rollup = played.devnet, contract(played.devnet, "rollup")
    epoch = rollup.getEpochAt(devnet.w3.eth.get_block("latest")["timestamp"]).call()
    committees = {
        "current": rollup.getEpochCommittee(epoch).call(),
        "next": rollup.getEpochCommittee(epoch + 1).call(),
    }
    shown = played.prometheus.query("aztec_butler_attester_in_committee")
    assert len(shown) > 20
    assert shown == {(attester, name): int(attester in committees[name]) for attester, name in shown}
    sitting = {name: sum(value for (_, each), value in shown.items() if each == name) for name in committees}
    assert played.prometheus.query("aztec_butler_own_committee_members") == sitting
    assert sitting["current"] > 0


def test_promtool__of_the_real_page__has_nothing_to_say(played, promtool):
    status, body = played.exporter.get("/metrics")
    assert status == 200
    checked = promtool("check", "metrics", stdin=body)
    assert (checked.returncode, checked.stdout, checked.stderr) == (0, "", "")


def test_rules__labels_they_select__are_values_that_exist(played, rules, deploy):
    """A rule that selects a word nobody says is silent for ever."""
    expressions = [rule["expr"] for rule in rules["alerts"] + rules["recording"]]
    dashboard = json.loads((deploy / "dashboard.json").read_text())
    expressions += [target["expr"] for panel in dashboard["panels"] for target in panel.get("targets", ())]
    selected = {
        (series.name, label, value)
        for expression in expressions
        for series in series_of(expression)
        for label, operator, value in series.matchers
        if operator == "=" and series.name.startswith("aztec_butler_")
    }
    assert len(selected) > 20
    for name, label, value in selected:
        if name in ABSENT:
            continue
        assert played.prometheus.query(f'{name}{{{label}="{value}"}}'), f"{name} has no {label} {value}"


def test_rules__in_a_real_prometheus__are_all_healthy(played):
    groups = played.prometheus.ask("rules")["groups"]
    rules = [rule for group in groups for rule in group["rules"]]
    assert len(rules) > 50
    assert {rule["name"]: rule.get("lastError") for rule in rules if rule["health"] != "ok"} == {}
    alerts = played.prometheus.ask("alerts")["alerts"]
    names = {alert["labels"]["alertname"] for alert in alerts}
    # Seen as the season was played: the registry named a new rollup, and a slash was executed.
    assert names >= {"AztecCanonicalRollupChanged", "EthereumNodeBehind"}
    assert not names & {"AztecButlerDown", "AztecButlerAbsent", "AztecButlerScrapeFailing"}
    for alert in alerts:
        assert "<" not in alert["annotations"]["summary"], alert


def test_dashboard__every_expression__is_answered(played, deploy):
    dashboard = json.loads((deploy / "dashboard.json").read_text())
    empty = set()
    for panel in dashboard["panels"]:
        for target in panel.get("targets", ()):
            expression = (
                target["expr"]
                .replace("$__rate_interval", "30s")
                .replace("$instance", ".*")
                .replace("$network", ".*")
            )
            if not played.prometheus.query(expression):
                empty.add((panel["title"], target["legendFormat"]))
    assert empty == EMPTY_HERE


EMPTY_HERE = {
    ("Lag", "checkpoints behind L1"),
    ("Signals", "{{payload}}"),
    ("Votes to slash", "{{attester}}"),  # of the running round
}


def test_aztec_node__goes_and_comes_back__its_series_with_it(played):
    prometheus, tip = played.prometheus, 'aztec_butler_node_tip_block{tip="proposed"}'
    assert prometheus.value(tip) == 9
    played.aztec.decide(lambda _: reset())
    prometheus.wait_for(
        "silence", lambda: prometheus.value('aztec_butler_scrape_success{collector="node"}') == 0
    )
    prometheus.wait_for("silence", lambda: not prometheus.query(tip))
    assert prometheus.value('aztec_butler_scrape_success{collector="rollup"}') == 1
    assert prometheus.value("aztec_butler_l1_block") is not None
    played.aztec.tips["proposed"]["number"] = 11
    played.aztec.tips["proposed"]["hash"] = "0x" + "11" * 32
    played.aztec.decide(lambda _: None)
    assert prometheus.wait_for("recovery", lambda: prometheus.value(tip)) == 11


def test_ethereum_node__goes_and_comes_back__no_old_number_is_shown_as_new(played):
    prometheus = played.prometheus
    played.ethereum.decide(lambda _: reset())
    failed = 'aztec_butler_scrape_success{collector=~"rollup|entry_queue|slashing"}'
    prometheus.wait_for("silence", lambda: set(prometheus.query(failed).values()) == {0})
    prometheus.wait_for("silence", lambda: not prometheus.query("aztec_butler_l1_block"))
    assert not prometheus.query("aztec_butler_attesters")
    assert prometheus.value('aztec_butler_node_tip_block{tip="finalized"}') == 7
    last = prometheus.value('aztec_butler_last_success_timestamp_seconds{collector="rollup"}')
    played.devnet.chain.mine()
    played.ethereum.decide(lambda _: None)
    compare(played)
    assert prometheus.value('aztec_butler_last_success_timestamp_seconds{collector="rollup"}') > last
    assert prometheus.value("up") == 1
    assert played.exporter.process.poll() is None
