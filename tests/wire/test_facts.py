"""Events become facts: numbers E.164, managers ids, each fact in the log it belongs to."""

from __future__ import annotations

import copy

import pytest

from sla_monitor import codec, wire
from sla_monitor.core import events
from sla_monitor.core.effects import Log
from sla_monitor.core.rules import Manager, Rules, Source
from sla_monitor.wire.examples import EXAMPLES

NOW = 1_795_500_000_000
RULES = Rules(
    managers={
        "anna": Manager("anna", extensions=("101", "200"), phones=("+74951110001",), ids={"pbx1": "1269"}),
        "vera": Manager("vera", extensions=("102", "200"), phones=("+74951110002",), ids={"mango": "101"}),
        "oleg": Manager("oleg", ids={"other": "7"}),
    },
    sources={
        "pbx1": Source("pbx1", default_region="RU"),
        "mango": Source("mango", default_region="RU", international_without_plus=True),
    },
    own_numbers=("+74950000000",),
    blocked_numbers=("+79169999999",),
)
DIRECTORY = wire.Directory.of(RULES)


def routed(kind, *, drop=(), source="pbx1", directory=DIRECTORY, **data):
    made = copy.deepcopy(EXAMPLES[kind])
    made["data"].update(data)
    for name in drop:
        del made["data"][name]
    return wire.to_facts(wire.read(made, NOW), directory, NOW, source)


def test_who_acted_comes_along():
    event = copy.deepcopy(EXAMPLES["lead.closed.v1"]) | {"actor": "boris"}
    told = wire.to_facts(wire.read(event, NOW), DIRECTORY, NOW, "crm").fact.origin
    assert (told.actor, told.may, told.person) == ("crm:boris", None, ""), "no name of a key has a colon"
    assert routed("lead.closed.v1").fact.origin.actor == ""


@pytest.mark.parametrize("kind", EXAMPLES)
def test_every_event_becomes_a_fact_that_its_log_can_carry(kind):
    log, key, fact = routed(kind)
    wanted = Log.DESK if kind.startswith("manager") else Log.PHONES if kind.startswith("call") else Log.EVENTS
    assert log is wanted
    assert key in (EXAMPLES[kind]["data"].get("lead_id"), "anna", "+74951234567")
    assert codec.decode_record(codec.encode_record(fact)) == fact


def test_the_fact_says_where_it_comes_from():
    origin = routed("lead.created.v1").fact.origin
    assert (origin.uri, origin.id, origin.source, origin.received) == ("/crm/main", "evt-1", "pbx1", NOW)
    assert origin.digest > 0


@pytest.mark.parametrize(
    ("raw", "number"),
    [
        ("8 (495) 123-45-67", "+74951234567"),
        ("+44 20 7946 0958", "+442079460958"),
        ("101", None),
        ("n/a", None),
        ("+7 495 1", None),
    ],
)
def test_numbers_become_e164_by_the_region_of_their_source(raw, number):
    fact = routed("lead.created.v1", phones=[raw]).fact
    assert fact.phones == ((number,) if number else ())
    assert (wire.BAD_NUMBER in fact.origin.flags) == (number is None)


@pytest.mark.parametrize("raw", ["anonymous", "", "+86282452253", "000-000-0000"])
def test_a_withheld_number_is_none_and_no_mistake(raw):
    fact = routed("lead.created.v1", phones=[raw]).fact
    assert (fact.phones, fact.origin.flags) == ((), (wire.WITHHELD_NUMBER,))


@pytest.mark.parametrize("kind", ["lead.created.v1", "lead.updated.v1"])
@pytest.mark.parametrize("ours", ["+7 495 000-00-00", "8 495 111-00-01"])
def test_r25_numbers_of_ours_and_of_managers_are_no_numbers_of_a_lead(kind, ours):
    fact = routed(kind, phones=["+74951234567", ours]).fact
    assert (fact.phones, fact.origin.flags) == (("+74951234567",), (wire.OWN_NUMBER,))


def test_r25_by_a_blocked_number_no_lead_joins_another():
    fact = routed("lead.created.v1", phones=["+74951234567", "+79169999999"]).fact
    assert (fact.phones, fact.shared) == (("+74951234567", "+79169999999"), ("+79169999999",))
    assert routed("call.ended.v1", customer_number="+79169999999").fact.shared


def test_a_source_may_write_country_codes_without_the_plus():
    raw = "375291234567"
    assert routed("lead.created.v1", phones=[raw]).fact.phones == ()
    assert routed("lead.created.v1", phones=[raw], source="mango").fact.phones == ("+375291234567",)


@pytest.mark.parametrize("kind", ["call.started.v1", "call.answered.v1", "call.ended.v1", "contact.recorded.v1"])
def test_a_fact_says_that_many_may_have_its_number(kind):
    assert routed(kind, customer_number="+7 111 111-11-11").fact.shared
    assert not routed(kind, customer_number="+74951234567").fact.shared


@pytest.mark.parametrize("kind", ["lead.created.v1", "lead.updated.v1"])
def test_a_lead_says_which_of_its_numbers_many_may_have(kind):
    fact = routed(kind, phones=["+74951234567", "+7 111 111-11-11"]).fact
    assert fact.shared == ("+71111111111",)
    assert routed(kind, phones=None).fact.shared == ()


def test_r24_every_spelling_of_a_number_comes_to_the_same_place():
    call = routed("call.ended.v1", customer_number="+54 9 11 2345-6789")
    assert (call.key, call.fact.number) == ("+541123456789", "+5491123456789")


def test_without_a_region_a_national_number_matches_nothing():
    assert routed("lead.created.v1", phones=["8 495 123-45-67"], source="other").fact.phones == ()


def test_the_same_number_written_twice_is_one():
    assert routed("lead.created.v1", phones=["+74951234567", "8 495 1234567"]).fact.phones == ("+74951234567",)


@pytest.mark.parametrize(
    ("given", "manager", "known"),
    [
        ("anna", "anna", True),
        ("101", "anna", True),
        ("8 495 111-00-02", "vera", True),
        ("200", "200", False),
        ("zoe", "zoe", False),
        ("1269", "anna", True),
    ],
)
def test_a_manager_is_an_id_or_an_alias_of_exactly_one(given, manager, known):
    fact = routed("call.ended.v1", manager_id=given).fact
    assert (fact.manager_id, wire.UNKNOWN_MANAGER in fact.origin.flags) == (manager, not known)


def test_r22_an_owner_is_known_by_the_same_directory():
    for kind in ("lead.created.v1", "lead.assigned.v1"):
        found = [routed(kind, owner_id=given).fact.owner_id for given in ("vera", "102", "1269", "zoe")]
        assert found == ["vera", "vera", "anna", "zoe"]
    assert routed("lead.created.v1", owner_id=None).fact.owner_id is None


def test_an_id_of_one_source_is_nobodys_at_another():
    by = [routed("call.ended.v1", manager_id="7", source=source).fact.manager_id for source in ("pbx1", "other")]
    assert by == ["7", "oleg"]
    assert routed("call.ended.v1", manager_id="101", source="mango").fact.manager_id == "vera", "it wins over aliases"


def test_r22_without_a_roster_nobody_is_unknown():
    fact = routed("contact.recorded.v1", manager_id="zoe", directory=wire.Directory.of(Rules())).fact
    assert (fact.manager_id, fact.origin.flags) == ("zoe", ())


@pytest.mark.parametrize("number", ["+74950000000", "+74951110001"])
@pytest.mark.parametrize("kind", ["call.started.v1", "call.ended.v1"])
def test_a_call_with_one_of_our_own_numbers_is_internal(kind, number):
    assert routed(kind, customer_number=number).fact.internal
    assert not routed(kind).fact.internal


def test_r24_an_explicit_lead_wins_over_the_number():
    log, key, fact = routed("call.ended.v1", lead_id="crm:7")
    assert (log, key, fact.number) == (Log.EVENTS, "crm:7", "+74951234567")


@pytest.mark.parametrize("kind", ["call.started.v1", "call.answered.v1", "call.ended.v1"])
def test_a_call_with_neither_a_lead_nor_a_usable_number_goes_nowhere(kind):
    assert routed(kind, customer_number="withheld") is None
    assert routed(kind, drop=("customer_number",)) is None


def test_a_contact_may_be_known_by_its_number_alone():
    log, key, fact = routed("contact.recorded.v1", drop=("lead_id",), customer_number="+74951234567")
    assert (log, key, fact.lead_id) == (Log.PHONES, "+74951234567", None)


def test_instants_inside_a_call_are_never_after_its_end():
    fact = routed("call.ended.v1", answered_at="2026-11-23T10:05:00.9+03:00").fact
    assert (fact.answered_at, fact.talk, fact.ring) == (fact.at, 107_500, 12_500)


def test_an_update_tells_what_stays_from_what_is_emptied():
    fact = routed("lead.updated.v1", phones=[], emails=None).fact
    assert isinstance(fact, events.LeadUpdated)
    assert (fact.phones, fact.emails, fact.skills) == ((), None, None)
    full = routed("lead.updated.v1", emails=["a@b.example"], skills=["x"]).fact
    assert (full.emails, full.skills) == (("a@b.example",), ("x",))


PLACES = (
    "https://crm.example/leads/1?tab=a#b",
    "https://crm.example",
    "https://crm.example.?q",
    "https://crm.example:8443/ж",
    "https://crm_1.example:/",
    "https://срм.рф/лид/1",
    "https://xn--l1acc.xn--p1ai/1",
    "https://उदाहरण.भारत/",
    "https://localhost:65535/1",
    "https://10.0.0.5:8443/1",
    "https://[2001:db8::1]:443/1",
)


@pytest.mark.parametrize("kind", ["lead.created.v1", "lead.updated.v1"])
def test_the_address_at_which_its_source_shows_a_lead_comes_along(kind):
    assert routed(kind).fact.url is None
    for url in PLACES:
        assert routed(kind, url=url).fact.url == url


@pytest.mark.parametrize(
    "url",
    [
        "http://crm.example/1",
        "javascript:alert(1)",
        "https:crm.example",
        "https://",
        "https:///path",
        "https://bank.example@evil.example/",
        "https://crm.example/a b",
        "https://crm.example/\n",
        "HTTPS//x",
        "https://crm.example/" + "a" * 1024,
        "",
    ],
)
def test_an_address_that_is_no_plain_https_is_refused(url):
    with pytest.raises(wire.Invalid) as refused:
        routed("lead.created.v1", url=url)
    assert [fault.pointer for fault in refused.value.faults] == ["/data/url"]


@pytest.mark.parametrize(
    "url",
    [
        "https://[x]/",
        "https://[::1/",
        "https://%zz/1",
        "https://crm.example:99999/lead",
        "https://crm.example:https/",
        "https://crm.exa|mple/1",
        "https://{portal}/lead/1",
        "https://crm.example:1:2/",
        "https://:443/",
        "https://a..b/",
        "https://./",
        "https://256.1.1.1/",
        "https://crm.1/",
        "https://1.2.3./",
        "https://crm．example／1",
    ],
)
def test_an_address_that_no_browser_opens_is_refused(url):
    with pytest.raises(wire.Invalid) as refused:
        routed("lead.created.v1", url=url)
    assert refused.value.faults == (("/data/url", "must name a host that can be, and a port up to 65535 if any"),)


@pytest.mark.parametrize("owner", [None, ""])
def test_a_lead_may_be_said_to_be_nobodys_any_more(owner):
    assert routed("lead.assigned.v1", owner_id=owner).fact.owner_id == ""
