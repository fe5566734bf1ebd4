"""Forms on a season: buttons and lists as a browser would use them, against the network's own answers."""

from __future__ import annotations

import pytest

from aztec_butler import InputError, NodeError, NotFoundError, SettingsError, connect
from aztec_butler.clients.rpc import Rpc
from aztec_butler.core.safe_batch import encode_batch, split_calls
from aztec_butler.notebook import widgets
from aztec_butler.notebook.widgets.explorer_form import ANYBODY, DIRECT

pytestmark = [pytest.mark.devnet, pytest.mark.xdist_group("history")]


@pytest.fixture(scope="module")
def net(played_season):
    with connect("devnet", l1=played_season[0].url, progress=False) as connected:
        yield connected


@pytest.fixture
def asked(monkeypatch):
    """How many requests went to the node."""
    sent = []
    for name in ("call", "batch", "try_batch"):
        original = getattr(Rpc, name)

        def counted(self, *arguments, _original=original, **options):
            sent.append(arguments)
            return _original(self, *arguments, **options)

        monkeypatch.setattr(Rpc, name, counted)
    return sent


@pytest.fixture
def explored(net):
    form = widgets.explorer(net)
    form.read_button.click()
    assert form.error is None
    return form


def views(form) -> list[str]:
    return [value for _, value in form.view_field.options]


# --------------------------------------------------------------------------- explorer


def test_explorer__before_the_button__asks_nobody(net, asked):
    form = widgets.explorer(net)
    form.block_field.value = "finalized"
    assert asked == []
    assert form.table is None
    assert form.provider_field.disabled


def test_explorer__after_the_button__shows_the_networks_own_table(explored, net):
    assert explored.table.equals(net.at("latest").attesters())
    assert f"block {net.block.number:,}" in explored.status.value
    assert f"{len(explored.table)} attesters" in explored.status.value
    assert len(explored.provider_field.options) == len(net.providers()) + 2


def test_explorer__when_anything_is_chosen__changes_table_and_picture_and_asks_nobody(explored, asked):
    pictures, tables = set(), set()
    for name in views(explored):
        explored.view_field.value = name
        assert explored.error is None
        assert explored.table is not None
        pictures.add(explored.picture.value)
        tables.add(explored.rows.value)
    assert len(pictures) == len(views(explored))
    assert len(tables) >= len(views(explored)) - 1
    explored.provider_field.value = 5  # of which nobody validates
    for name in views(explored):
        explored.view_field.value = name
        assert explored.error is None
        assert "data:image/png" in explored.picture.value
    explored.view_field.value = "attesters"
    explored.provider_field.value = 1
    assert set(explored.table["provider_id"]) == {1}
    assert "Provider 1" in explored.card.value
    explored.provider_field.value = DIRECT
    assert explored.table["provider_id"].isna().all()
    assert explored.card.value == ""
    assert asked == []


def test_explorer__of_an_attester__shows_its_card(explored, net):
    record = net.snapshot().attesters()[0]
    explored.attester_field.value = record.attester.lower()
    assert explored.error is None
    assert f"Attester {record.attester}" in explored.card.value
    assert list(explored.table["attester"]) == [record.attester]
    explored.provider_field.value = 1 if record.provider_id != 1 else DIRECT
    assert "not of the provider" in explored.card.value


@pytest.mark.parametrize(
    ("text", "told"),
    [("0x12", "0x12"), ("0x" + "0" * 39 + "1", "never seen"), ("<script>", "&lt;script&gt;")],
)
def test_explorer__of_nobody__says_so_and_shows_no_other_picture(explored, text, told):
    explored.attester_field.value = text
    assert isinstance(explored.error, InputError)
    assert told in explored.status.value
    assert explored.picture.value == explored.rows.value == ""
    explored.attester_field.value = ""
    assert explored.error is None
    assert explored.picture.value != ""


def test_explorer__at_an_older_block__shows_that_block(explored, net):
    older = net.block.number - 60
    explored.block_field.value = f"{older:,}"
    explored.read_button.click()
    assert explored.table.equals(net.at(older).attesters())
    assert f"net.at({older}).attesters()" in explored.code.value


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("99999999", NotFoundError),
        ("soon", InputError),
        ("-1", InputError),
        ("1.5", InputError),
        (str(2**70), InputError),
        ("0x" + "ab" * 32, NotFoundError),
    ],
)
def test_explorer__at_no_block__says_so(net, text, error):
    form = widgets.explorer(net, block=text)
    form.read_button.click()
    assert isinstance(form.error, error)
    assert 'role="alert"' in form.status.value
    assert form.table is None
    assert not form.read_button.disabled


def test_explorer__that_could_not_read__stays_as_it_was(explored):
    before, picture = explored.table, explored.picture.value
    explored.block_field.value = "99999999"
    explored.read_button.click()
    assert explored.error is not None
    assert explored.table is before
    assert explored.picture.value == picture


def test_explorer__of_one_table_that_fails__says_so_where_it_would_stand(net, monkeypatch):
    def fail(self):
        raise NodeError("the node knows <nothing>")

    monkeypatch.setattr(type(net), "exit_calendar", fail)
    form = widgets.explorer(net)
    form.read_button.click()
    assert form.error is None
    form.view_field.value = "exits"
    assert "The node knows &lt;nothing&gt;" in form.picture.value
    assert form.table is None
    assert form.rows.value == ""


def test_explorer__of_a_network_without_an_endpoint__says_what_to_do():
    form = widgets.explorer()
    assert form.network_field.options == ("mainnet", "testnet", "devnet")
    form.read_button.click()
    assert isinstance(form.error, SettingsError)
    assert "What to do" in form.status.value


def test_explorer__of_several_networks__connects_when_one_is_read(net):
    made = []

    def make():
        made.append(1)
        return net

    form = widgets.explorer({"one": make, "other": net})
    assert made == []
    form.read_button.click()
    form.read_button.click()
    assert made == [1]
    assert "one, block" in form.status.value
    with pytest.raises(InputError):
        widgets.explorer({})


def test_explorer__while_it_reads__tells_how_far_it_is(played_season, monkeypatch):
    told = []
    monkeypatch.setattr(widgets.Explorer, "progress", lambda self, *progress: told.append(progress))
    with connect("devnet", l1=played_season[0].url, progress=False, event_store=False) as fresh:
        form = widgets.explorer(fresh)
        form.read_button.click()
    assert form.error is None
    assert {"attesters", "blocks of logs"} <= {what for _, _, what in told}


def test_explorer__of_an_endpoint_with_a_key__never_shows_it(played_season):
    url = played_season[0].url + "/v3/0123456789abcdef0123456789abcdef"

    def make():
        return connect("devnet", l1=url, progress=False, chain_is="wrong")  # a bug: no such option

    form = widgets.explorer({"devnet": make})
    form.read_button.click()
    assert "0123456789abcdef" not in form.status.value
    assert isinstance(form.error, TypeError)


# --------------------------------------------------------------------------- the queue


@pytest.fixture
def queued(net):
    form = widgets.queue_what_if(net)
    form.read_button.click()
    assert form.error is None
    return form


def test_queue__as_it_is__equals_the_networks_own_answer(queued, net):
    hours = queued.horizon_field.value
    own = net.at("latest").queue_what_if(ahead=f"{hours}h", step=f"{max(hours * 60 // 120, 1)}min")
    assert queued.table.equals(own)
    assert str(own.attrs["block"]) in queued.code.value


def test_queue__under_other_numbers__equals_the_networks_own_answer_and_asks_nobody(queued, net, asked):
    picture = queued.picture.value
    queued.sliders["max_queue_flush_size"].value = 1
    queued.sliders["normal_flush_size_min"].value = 1
    queued.sliders["deposits_per_day"].value = 7
    queued.sliders["exits_per_day"].value = 2
    queued.sliders["flushed_percent"].value = 50
    assert queued.error is None
    assert asked == []
    assert queued.picture.value != picture
    assert "2 rows" in queued.rows.value
    hours = queued.horizon_field.value
    own = net.at("latest").queue_what_if(
        max_queue_flush_size=1,
        normal_flush_size_min=1,
        deposits_per_day=7,
        exits_per_day=2,
        flushed_share="50%",
        ahead=f"{hours}h",
        step=f"{max(hours * 60 // 120, 1)}min",
    )
    assert queued.table.equals(own)
    asked.clear()
    queued.column_field.value = "wait_seconds"
    assert queued.error is None
    queued.reset_button.click()
    assert set(queued.table["scenario"]) == {"as configured"}
    assert asked == []


def test_queue__under_impossible_numbers__says_so(queued):
    queued.sliders["normal_flush_size_quotient"].value = 0
    assert queued.error is None or isinstance(queued.error, InputError)
    queued.horizon_field.value = queued.horizon_field.options[0][1]
    queued.reset_button.click()
    assert queued.error is None


def test_queue__at_no_block__says_so(net):
    form = widgets.queue_what_if(net, block="99999999")
    form.read_button.click()
    assert isinstance(form.error, NotFoundError)
    form.sliders["exits_per_day"].value = 1
    assert form.table is None


# --------------------------------------------------------------------------- calls


def test_composer__fills_in_simulates_and_makes_the_librarys_own_file(net, asked):
    form = widgets.call_composer(net)
    provider = net.provider(1)
    form.builder_field.value = "update_take_rate"
    form.field("provider_id").value, form.field("take_rate_bps").value = "1", "777"
    asked.clear()
    form.sender_field.value = form.safe_field.value = provider.admin
    assert asked == []
    form.add_button.click()
    assert form.calls == [net.calldata.update_take_rate(1, 777)]
    form.simulate_button.click()
    assert form.error is None
    assert "would succeed" in form.simulation.value
    form.file_button.click()
    (batch,) = split_calls(form.calls, chain_id=31_337, safe=provider.admin)
    assert list(form.files.values()) == [encode_batch(batch)]
    form.sender_field.value = provider.rewards_recipient
    form.simulate_button.click()
    assert "would revert" in form.simulation.value
    assert "StakingRegistry__NotProviderAdmin" in form.simulation.value


def test_composer__of_a_present_rate__is_refused_by_the_chain(net):
    form = widgets.call_composer(net)
    form.builder_field.value = "update_take_rate"
    form.field("provider_id").value = "1"
    form.field("take_rate_bps").value = str(net.provider(1).take_rate_bps)
    form.add_button.click()
    assert isinstance(form.error, InputError)
    form.field("provider_id").value = "99"
    form.add_button.click()
    assert isinstance(form.error, NotFoundError)
    assert form.calls == []


def test_composer__without_a_sender_or_calls__says_so(net):
    form = widgets.call_composer(net)
    form.simulate_button.click()
    assert "There are no calls yet" in form.status.value
    form.builder_field.value = "flush_entry_queue"
    form.add_button.click()
    form.simulate_button.click()
    assert "Say who would send" in form.status.value
    form.sender_field.value = "0x12"
    form.simulate_button.click()
    assert isinstance(form.error, InputError)
    assert form.simulation.value == ""


def test_composer__of_the_staking_asset__knows_its_decimals(net):
    form = widgets.call_composer(net)
    form.builder_field.value = "approve"
    form.field("spender").value = net.deployment.staking_registry
    form.field("amount_wei").value = "200,000"
    form.add_button.click()
    assert form.calls == [net.calldata.approve(net.deployment.staking_registry, 200_000 * 10**18)]


def test_cards__of_records__are_what_jupyter_shows(net):
    call = net.calldata.flush_entry_queue()
    for record in (
        net.provider(1),
        net.snapshot().attesters()[0],
        call,
        net.simulate(call, sender=net.provider(1).admin),
    ):
        assert record._repr_html_().startswith("<div")
    assert ANYBODY != DIRECT
