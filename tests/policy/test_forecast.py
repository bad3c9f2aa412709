"""`check` says what the rules will do, and what is most likely not meant."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from sla_monitor.core.rules import DAY
from sla_monitor.forecast import explain, warnings
from sla_monitor.policy import default_rules, example_rules, parse_rules

TODAY = date(2026, 11, 20)
NOON = int(datetime(2026, 11, 20, 12, tzinfo=UTC).timestamp() * 1000)  # a Friday, 15:00 in Moscow

OFFICE = """
calendars:
  office: {timezone: Europe/Moscow, hours: {mon-fri: ["09:00-18:00"]}}
  late: {timezone: Europe/Moscow, hours: {mon-fri: ["12:00-18:00"]}}
managers: {anna: {shift: office}, vera: {shift: late}, boris: {}}
teams: {sales: {head: boris, managers: [anna, vera]}}
policies:
  - {name: default, target: 10m, max_turns: 2}
"""


def told(text: str, kept: int = 0) -> list[str]:
    return [str(problem) for problem in warnings(parse_rules(text, TODAY), NOON, kept)]


def test_a_lead_just_before_closing_is_due_on_the_next_working_day():
    lines = explain(parse_rules(OFFICE, TODAY), NOON)
    assert lines == [
        "default (every other lead): an attempt within 10m of open time (the team's shifts)",
        (
            "  lead of Fri 2026-11-20 15:00 -> due Fri 2026-11-20 15:10, reminded 15:06, 15:08:30;"
            " on shift at start and due: anna, vera"
        ),
        (
            "  lead of Fri 2026-11-20 17:55 -> due Mon 2026-11-23 09:05, reminded 09:01, 09:03:30;"
            " on shift at start: anna, vera; at due: anna"
        ),
        (
            "  lead of Fri 2026-11-20 19:00 -> starts Mon 2026-11-23 09:00 -> due Mon 2026-11-23 09:10,"
            " reminded 09:06, 09:08:30; on shift at start and due: anna"
        ),
    ]


def test_a_policy_is_told_with_what_it_is_for_and_what_it_asks_for():
    text = OFFICE.replace(
        "policies:",
        "policies:\n  - {name: hot, match: {channel: [web, phone], region: [x]}, response: contact, calendar: office}",
    )
    assert explain(parse_rules(text, TODAY), NOON)[0] == (
        "hot (channel web or phone, region x): a contact within 10m of open time (office)"
    )


def test_without_managers_it_says_that_nobody_is_there():
    headline, example = explain(default_rules(), NOON)
    assert "around the clock" in headline
    assert "Fri 2026-11-20 12:00 -> due Fri 2026-11-20 12:10" in example
    assert example.endswith("no managers are configured, so there is nobody to give it to")
    assert [problem.path for problem in warnings(default_rules(), NOON)] == ["managers"]


def test_sound_rules_have_no_warning():
    assert told(OFFICE) == []
    assert warnings(example_rules(TODAY), NOON) == []


@pytest.mark.parametrize(
    ("right", "wrong", "warning"),
    [
        ("target: 10m", "target: 10s", "policies.default.target: is too short to prove a response"),
        ("target: 10m", "target: 25s, response: contact", "policies.default.target: is too short to prove a response"),
        ("target: 10m", "contact_target: 25s", "policies.default.contact_target: is too short to prove a contact"),
        ("target: 10m", "target: 90s, warn_at: [60%, 85%]", "policies.default.warn_at: 85% is never sent"),
        ("max_turns: 2", "max_turns: 3", "policies.default.max_turns: is more than can take its leads (2)"),
        ("max_turns: 2", "require: {skills: [x]}", "policies.default.require: asks for x, which nobody in team sales"),
        ("head: boris, ", "", "policies.default.escalate_to: is the head, and team sales has none"),
        ("boris: {}", "boris: {}, olga: {}", "managers.olga: is in no team, so gets no leads"),
        ("teams:", "sources: {p: {calls: after_end}}\nteams:", "sources.p.calls: tells calls after their end"),
        (
            "anna: {shift: office}",
            "anna: {shift: late}",
            "policies.default.calendar: is open at Mon 2026-11-23 09:00, when nobody who can take",
        ),
    ],
)
def test_what_is_most_likely_not_meant_is_told(right: str, wrong: str, warning: str):
    text = OFFICE.replace("target: 10m", "calendar: office, target: 10m") if "calendar" in warning else OFFICE
    assert right in text
    assert sum(warning in line for line in told(text.replace(right, wrong))) == 1


def test_two_teams_need_a_policy_that_says_which():
    text = OFFICE.replace("teams: {", "teams: {support: {head: boris, managers: [boris]}, ")
    assert any("a lead that names neither team nor owner is `unassignable`" in line for line in told(text))
    assert told(text.replace("target: 10m", "target: 10m, team: sales")) == []


def test_logs_that_outlive_the_promise_of_erasure_are_told():
    assert told(OFFICE, kept=7 * DAY) == []
    assert told(OFFICE, kept=8 * DAY) == ["limits.erase_within: promises 7d, but logs with personal data are kept 8d"]


@pytest.mark.parametrize(
    ("anna", "when"),
    [
        ('{shift: office, quiet: ["17:00-08:00"]}', "Fri 2026-11-20 17:00"),
        ('{shift: office, quiet: ["12:00-13:00"]}', "Mon 2026-11-23 12:00"),
        ('{shift: office, quiet: ["17:00-18:00"], days_off: ["2026-11-20"]}', "Mon 2026-11-23 17:00"),
    ],
)
def test_quiet_hours_in_working_hours_are_most_likely_not_meant(anna: str, when: str):
    text = OFFICE.replace("anna: {shift: office}", f"anna: {anna}")
    message = f"lies in working hours, such as {when}: leads given then are not told of"
    assert told(text) == [f"managers.anna.quiet: {message}"]


@pytest.mark.parametrize(
    "people",
    [
        OFFICE.replace("anna: {shift: office}", 'anna: {shift: office, quiet: ["18:00-09:00"]}'),
        OFFICE.replace("boris: {}", 'boris: {quiet: ["12:00-13:00"]}'),
        OFFICE.replace("anna: {shift: office}", 'anna: {quiet: ["21:00-08:00"]}').replace(
            "target: 10m", "target: 10m, calendar: office"
        ),
    ],
)
def test_quiet_hours_when_nobody_is_given_leads_are_meant(people: str):
    assert told(people) == []
