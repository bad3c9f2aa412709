"""What a policy file says becomes rules; key names are contract (design 3.7)."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from sla_monitor.codec import decode_record, encode_record
from sla_monitor.core.events import RulesChanged
from sla_monitor.core.rules import HOUR, MINUTE, SECOND, Bounds, Hours, Policy, Rules, Template, Webhook
from sla_monitor.documents import parse
from sla_monitor.errors import Misconfigured
from sla_monitor.policy import (
    EXAMPLE,
    FULL_EXAMPLE,
    default_rules,
    example_rules,
    parse_rules,
    policy_markdown,
    read_rules,
    same,
    schema,
)

TODAY = date(2026, 11, 22)
DOCS = Path(__file__).parents[2] / "docs"


def rules_of(text: str) -> Rules:
    return parse_rules(text, TODAY)


def test_without_a_file_a_response_is_due_in_ten_minutes_around_the_clock_from_nobody():
    rules = default_rules()
    assert rules.policies == (Policy(target=10 * MINUTE, calendar=None),)
    assert not rules.managers


def test_an_empty_file_says_what_no_file_says():
    assert same(rules_of(""), default_rules())
    assert same(rules_of("# later\n"), default_rules())


def test_the_example_is_a_team_of_two_with_a_head_and_a_minute():
    rules = example_rules(TODAY)
    assert rules.teams["sales"].managers == ("anna", "vera")
    assert rules.teams["sales"].head == "boris"
    assert rules.policies[0].target == MINUTE
    assert {manager.notify for manager in rules.managers.values()} == {("log://",)}
    assert same(rules, rules_of(EXAMPLE))


def test_the_documented_example_is_read_whole():
    rules = rules_of(FULL_EXAMPLE)
    anna, hot, default = rules.managers["anna"], *rules.policies
    assert (anna.capacity, anna.weight, anna.shift, anna.languages) == (10, 2, "office", ("ru", "en"))
    assert (anna.extensions, anna.phones) == (("101",), ("+74951234567",))
    assert (hot.match, hot.target) == ({"channel": ("web",), "priority": ("high",)}, 5 * MINUTE)
    assert (hot.calendar, hot.require_skills, hot.name) == ("office", ("enterprise",), "hot")
    assert (default.match, default.calendar, default.require_skills) == ({}, None, ())
    assert (default.warn_at, default.contact_target) == ((60, 85), 4 * HOUR)
    assert (rules.sources["pbx1"].max_delay, rules.sources["pbx1"].default_region) == (2 * MINUTE, "RU")
    assert rules.limits == Bounds()
    assert rules.own_numbers == ("+74950000000",)


def test_keys_left_out_come_from_default_then_from_the_built_ins():
    hot, default = rules_of(FULL_EXAMPLE).policies
    assert (hot.team, hot.max_turns, hot.contact_target) == ("sales", 2, 4 * HOUR)
    assert (default.allowance, default.on_absence, default.objective) == (2 * SECOND, "wait", 0.95)


def test_null_is_said_and_does_not_come_from_default():
    text = "policies: [{name: a, match: {region: [x]}, contact_target: null}, {name: default, contact_target: 1h}]"
    assert [policy.contact_target for policy in rules_of(text).policies] == [None, HOUR]


def test_the_built_in_policy_takes_what_no_policy_of_the_file_does():
    policies = rules_of("policies: [{name: hot, match: {channel: [web]}, target: 5m}]").policies
    assert [policy.name for policy in policies] == ["hot", "default"]
    assert policies[1] == Policy()


def test_a_policy_that_takes_every_lead_is_the_last():
    assert [policy.name for policy in rules_of("policies: [{name: all, target: 5m}]").policies] == ["all"]


def test_rules_are_the_same_whatever_their_version_and_not_when_they_promise_otherwise():
    rules = rules_of(FULL_EXAMPLE)
    assert same(rules, replace(rules, version=7))
    assert not same(rules, replace(rules, own_numbers=()))


def test_rules_come_back_the_same_from_the_log():
    rules = rules_of(FULL_EXAMPLE)
    fact = decode_record(encode_record(RulesChanged(version=3, rules=rules, at=1)))
    assert same(fact.rules, rules)


def hours_of(calendar: str) -> Hours:
    return rules_of(f"calendars: {{c: {calendar}}}").calendars["c"]


def test_a_range_of_days_may_pass_over_sunday_and_a_span_over_midnight():
    hours = hours_of('{timezone: UTC, hours: {sat-mon: ["22:00-06:00"], WED: ["9:00 - 24:00"]}}')
    night = ((22 * 60, 30 * 60),)
    assert hours.week == (night, (), ((540, 1440),), (), (), night, night)


def test_hours_may_stand_in_any_order_and_touch():
    hours = hours_of('{timezone: UTC, hours: {mon: ["13:00-18:00", "09:00-13:00"]}}')
    assert hours.week[0] == ((540, 780), (780, 1080))


def test_holidays_are_closed_from_last_year_to_ten_years_ahead():
    dates = hours_of('{timezone: UTC, hours: {mon: ["09:00-13:00"]}, holidays: {country: RU}}').dates
    assert dates["2025-01-01"] == dates["2036-01-01"] == ()
    assert {day[:4] for day in dates} == {str(year) for year in range(2025, 2037)}


def test_dates_win_over_holidays_and_an_exception_is_worked():
    dates = rules_of(FULL_EXAMPLE).calendars["office"].dates
    assert dates["2026-12-30"] == ((600, 840),)
    assert dates["2026-12-31"] == ()
    assert "2026-05-11" not in dates
    assert dates["2027-01-01"] == ()


def test_a_subdivision_has_its_own_holidays():
    days = '{timezone: UTC, hours: {mon: ["09:00-13:00"]}, holidays: {country: DE, subdiv: BY}}'
    assert "2026-01-06" in hours_of(days).dates
    assert "2026-01-06" not in hours_of(days.replace(", subdiv: BY", "")).dates


def test_no_value_is_taken_for_what_yaml_makes_of_it():
    text = """
sources: {no: {default_region: NO}}
managers: {on: {name: yes, extensions: [0101, 1e3]}, 0123: {name: 12:30}}
calendars: {c: {timezone: UTC, hours: {mon: [10:00-11:30]}, dates: {2026-12-31: []}}}
own_numbers: [+74950000000]
"""
    rules = rules_of(text)
    assert rules.sources["no"].default_region == "NO"
    assert (rules.managers["on"].name, rules.managers["on"].extensions) == ("yes", ("0101", "1e3"))
    assert rules.managers["0123"].name == "12:30"
    assert rules.calendars["c"].week[0] == ((600, 690),)
    assert rules.calendars["c"].dates == {"2026-12-31": ()}
    assert rules.own_numbers == ("+74950000000",)


def test_a_phone_may_be_written_as_people_do():
    assert rules_of('managers: {a: {phones: ["+7 (495) 123-45-67"]}}').managers["a"].phones == ("+74951234567",)


def test_a_file_with_a_byte_order_mark_is_read(tmp_path: Path):
    path = tmp_path / "policy.yaml"
    path.write_bytes(b"\xef\xbb\xbf" + EXAMPLE.encode())
    assert same(read_rules(path, TODAY), example_rules(TODAY))


def test_the_published_schema_and_reference_are_current():
    committed = json.loads((DOCS / "policy.schema.json").read_text())
    assert committed == schema(), "run: python -m sla_monitor.policy schema > docs/policy.schema.json"
    assert (DOCS / "policy.md").read_text() == policy_markdown(), "run: python -m sla_monitor.policy > docs/policy.md"


@pytest.mark.parametrize("text", [EXAMPLE, FULL_EXAMPLE])
def test_the_schema_accepts_the_examples(text: str):
    editor = Draft202012Validator(schema())
    value = parse(text, "x").value
    value["version"] = 1  # the parser keeps all scalars as text; an editor sees numbers
    for manager in value["managers"].values():
        manager |= {key: int(manager[key]) for key in ("capacity", "weight") if key in manager}
    for policy in value["policies"]:
        policy["max_turns"] = int(policy.get("max_turns", 3))
    assert list(editor.iter_errors(value)) == []


def test_the_schema_refuses_what_the_loader_refuses():
    editor = Draft202012Validator(schema())
    for bad in ({"policys": []}, {"policies": [{"name": "a", "target": "10"}]}, {"teams": {"a": {"strategy": "best"}}}):
        assert list(editor.iter_errors(bad))
        with pytest.raises(Misconfigured):
            rules_of(json.dumps(bad))


def test_a_team_may_have_its_own_words():
    words = """
managers: {anna: {}}
teams:
  sales:
    managers: [anna]
    templates:
      assigned: {en: {title: "Call {lead}"}, ru: {title: "Звоните: {lead}", body: "До {due}"}}
"""
    rules = decode_record(encode_record(RulesChanged(version=3, rules=rules_of(words), at=1))).rules
    assert rules.teams["sales"].templates == {
        "assigned": {"en": Template("Call {lead}"), "ru": Template("Звоните: {lead}", "До {due}")}
    }


def test_days_off_are_resolved_to_their_dates_and_quiet_hours_to_minutes():
    days = "days_off: [2027-01-05..2027-01-07, 2026-12-31, 2027-01-06]"
    anna = rules_of(f'managers: {{anna: {{{days}, quiet: ["21:00-08:00", "12:00-13:00"]}}}}').managers["anna"]
    assert anna.days_off == ("2026-12-31", "2027-01-05", "2027-01-06", "2027-01-07")
    assert anna.quiet == ((720, 780), (1260, 1920))
    assert anna.urgent == ("escalated", "unassignable", "no_team", "stuck")


def test_a_webhook_has_the_name_of_its_host_and_every_type_unless_it_says_otherwise():
    rules = rules_of("""
webhooks:
  - {url: "https://CRM.example/hook", secret_file: /run/secrets/crm}
  - {name: bi, url: "http://10.0.0.1/", secret_file: /run/secrets/bi, types: [sla.met.v1], allow_private: true}
""")
    assert rules.webhooks == {
        "crm.example": Webhook("crm.example", "https://CRM.example/hook", "/run/secrets/crm"),
        "bi": Webhook("bi", "http://10.0.0.1/", "/run/secrets/bi", ("sla.met",), allow_private=True),
    }


def test_rules_with_webhooks_lie_in_the_logs_as_they_are():
    fact = RulesChanged(version=1, rules=rules_of(FULL_EXAMPLE), at=0)
    assert fact.rules.webhooks["crm"].types == ("lead.reassigned", "lead.erased")
    assert decode_record(encode_record(fact)) == fact


def test_teams_and_policies_are_called_as_people_call_them_and_nobody_inherits_a_title():
    rules = rules_of(
        "managers: {anna: {}, vera: {}}\n"
        "teams: {msk: {name: Moscow inbound, managers: [anna]}, ural: {managers: [vera]}}\n"
        "policies: [{name: hot, match: {channel: [ads]}, target: 5m}, {name: default, title: 10 min}]\n"
    )
    assert [team.name for team in rules.teams.values()] == ["Moscow inbound", ""]
    assert [policy.title for policy in rules.policies] == ["", "10 min"]
