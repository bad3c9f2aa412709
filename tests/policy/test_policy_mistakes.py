"""Every mistake of a policy file is reported at once, where it is and with what to do."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from sla_monitor.errors import Misconfigured
from sla_monitor.policy import FULL_EXAMPLE, parse_rules, read_rules

TODAY = date(2026, 11, 22)


def mistakes(text: str) -> list[str]:
    with pytest.raises(Misconfigured) as caught:
        parse_rules(text, TODAY)
    return [str(problem).removeprefix("policy.yaml:") for problem in caught.value.problems]


def test_all_mistakes_are_told_at_once_in_the_order_of_their_lines():
    text = FULL_EXAMPLE
    for right, wrong in (
        ("Europe/Moscow", "Europe/Moscw"),
        ("14:00-18:00", "12:00-18:00"),
        ("[anna, vera]", "[ana, vera, vera]"),
        ("target: 5m", "targt: 5m"),
        ("max_turns: 2", "max_turns: two"),
        ("calls: live", "calls: lve"),
    ):
        assert right in text
        text = text.replace(right, wrong)
    assert mistakes(text) == [
        "4: calendars.office.timezone: is no known time zone; write one such as Europe/Moscow",
        "5: calendars.office.hours.mon-fri: has hours that overlap: 09:00-13:00 and from 12:00",
        "14: teams.sales.managers[0]: `ana` is no manager of this file; did you mean `anna`?",
        "14: teams.sales.managers[2]: `vera` is in the list twice",
        "16: policies[0].targt: is not known here; did you mean `target`?",
        "18: policies[1].max_turns: must be a whole number",
        "19: sources.pbx1.calls: must be 'live' or 'after_end'",
    ]


def test_what_has_a_mistake_is_not_also_reported_as_missing():
    text = """
managers: {anna: 7}
calendars: {c: {timezone: UTC, hours: {mon: [x]}}}
teams: {t: {managers: [anna]}}
policies: [{name: default, calendar: c, team: t}]
"""
    assert mistakes(text) == [
        "2: managers.anna: must be a mapping, such as {key: value}",
        '3: calendars.c.hours.mon[0]: must be hours of a day, such as "09:00-18:00"',
    ]


CALENDAR = "calendars: {c: {timezone: UTC, hours: {mon: ['09:00-18:00']}, %s}}"
HOOK = "webhooks: [{url: '%s', secret_file: /s}]"

TEMPLATE = "{managers: {a: {}}, teams: {t: {managers: [a], templates: {%s}}}}"

BAD = [
    ("policies: [{name: a, target: 10}]", "target: must be a duration with its units"),
    ("policies: [{name: a, target: 1h 30m}]", "target: must be a duration with its units"),
    ("policies: [{name: a, target: 0s}]", "target: must be longer than 0s"),
    ("policies: [{name: a, target: 99999d}]", "target: must be at most 3650d"),
    ("policies: [{name: a, target: null}]", "target: must be a duration"),
    ("policies: [{name: a, objective: 95}]", "objective: must be less than 1"),
    ("policies: [{name: a, objective: nan}]", "objective: must be "),
    ("policies: [{name: a, objective: high}]", "objective: must be a number"),
    ("policies: [{name: a, warn_at: [85%, 60%]}]", "warn_at: must rise"),
    ("policies: [{name: a, warn_at: [60%, 60%]}]", "warn_at: must rise"),
    ("policies: [{name: a, warn_at: [100%]}]", "warn_at[0]: must be a share of the target from 1% to 99%"),
    ("policies: [{name: a, warn_at: [60]}]", "warn_at[0]: must be a share"),
    ("policies: [{name: a, warn_at: 60%}]", "warn_at: must be a list, such as [a, b]"),
    ("policies: [{name: a, max_turns: 0}]", "max_turns: must be greater than or equal to 1"),
    ("policies: [{name: a, notify_owner: maybe}]", "notify_owner: must be true or false"),
    ("policies: [{name: a, match: {chanel: [web]}}]", "match.chanel: is not known here; did you mean `channel`?"),
    ("policies: [{name: a, match: {team: [x]}}]", "match.team[0]: `x` is no team of this file"),
    ("policies: [{name: a, require: {skils: [x]}}]", "require.skils: is not known here; did you mean `skills`?"),
    ("policies: [{name: a, calendar: c}]", "calendar: `c` is no calendar of this file"),
    ("policies: [{name: a, team: t}]", "team: `t` is no team of this file"),
    ("policies: [{name: a, escalate_to: hed}]", "escalate_to: `hed` is no manager of this file; did you mean `head`?"),
    ("policies: [{name: a, escalate_to: [x]}]", "escalate_to: must be a text"),
    ("policies: [{target: 5m}]", "policies[0].name: is missing"),
    ("policies: [{name: a b}]", "policies[0].name: must be 1 to 64 characters, without spaces or slashes"),
    (f"managers: {{a: {{name: {'x' * 201}}}}}", "managers.a.name: must have at most 200"),
    ("policies: [7]", "policies[0]: must be a mapping"),
    ("policies: {name: a}", "policies: must be a list"),
    ("policies: [{name: a, match: {region: [x]}}, {name: a}]", "policies[1].name: `a` is the name of policies[0]"),
    ("policies: [{name: default}, {name: a}]", "policies[1]: is never reached, as `default` takes every lead"),
    ("policies: [{name: default, match: {region: [x]}}]", "policies[0].match: `default` takes what no other"),
    ("managers: {a: {capacity: 0}}", "managers.a.capacity: must be greater than or equal to 1"),
    ("managers: {a: {weight: 101}}", "managers.a.weight: must be less than or equal to 100"),
    ("managers: {a: {shift: c}}", "managers.a.shift: `c` is no calendar of this file"),
    ("managers: {a: {phones: ['84951234567']}}", "managers.a.phones[0]: must be a phone number with its country code"),
    ("managers: {a: {phones: ['+749512']}}", "managers.a.phones[0]: cannot be a phone number"),
    ("managers: {a: {notify: [anna]}}", "managers.a.notify[0]: must be an address with its scheme"),
    ("managers: {a: {quiet: [21-8]}}", "managers.a.quiet[0]: must be hours of a day"),
    ("managers: {a: {quiet: ['00:00-24:00']}}", "managers.a.quiet: leaves no time of the day"),
    ("managers: {a: {quiet: ['21:00-08:00', '07:00-09:00']}}", "quiet: has a night that ends at 08:00, when"),
    ("managers: {a: {quiet: ['12:00-14:00', '13:00-15:00']}}", "quiet: has hours that overlap"),
    ("managers: {a: {urgent: [escalate]}}", "managers.a.urgent[0]: is no kind of notice; did you mean `escalated`?"),
    ("managers: {a: {days_off: [tomorrow]}}", "managers.a.days_off[0]: must be a date or two of them"),
    ("managers: {a: {days_off: [2027-01-09..2027-01-05]}}", "managers.a.days_off[0]: must end after it begins"),
    ("managers: {a: {days_off: [2027-01-01..2029-01-01]}}", "managers.a.days_off[0]: must end after it begins"),
    ("managers: {a: {extensions: ['1']}, b: {extensions: ['1']}}", "managers.b.extensions[0]: already names a"),
    ("managers: {a: {phones: ['+74951234567']}, b: {phones: ['+7 495 1234567']}}", "b.phones[0]: already names a"),
    ("managers: {a: {notify: ['telegram://@anna']}}", "managers.a.notify[0]: must be telegram:// and the number of a"),
    ("managers: {a: {notify: ['telegram://1:AbC/5']}}", "managers.a.notify[0]: must be telegram:// and the number of"),
    ("managers: {a: {notify: ['slack://anna']}}", "managers.a.notify[0]: must be slack:// and the id of a member"),
    ("managers: {a: {notify: ['slack://xoxb-1-secret']}}", "managers.a.notify[0]: must be slack:// and the id of a"),
    (
        "managers: {a: {notify: ['telegram://7']}, b: {notify: ['log://', 'telegram://7']}}",
        "managers.b.notify[1]: already reaches a; one of them has to go",
    ),
    (
        "managers: {a: {notify: ['slack://U024BE7LH']}, b: {notify: ['slack://U024BE7LH']}}",
        "managers.b.notify[0]: already reaches a; one of them has to go",
    ),
    ("managers: {'101': {}, b: {extensions: ['101']}}", "managers.b.extensions[0]: already names 101"),
    ("managers: {head: {}}", "managers.head: `head` stands for the head of a team"),
    ("managers: {a b: {}}", "managers.a b: must be 1 to 64 characters"),
    (TEMPLATE % "hello: {en: {}}", "teams.t.templates.hello: is no kind of notice"),
    (TEMPLATE % "assigned: {de: {}}", "teams.t.templates.assigned.de: is no language of notices; there are: en, ru"),
    (TEMPLATE % "assigned: {en: {titel: x}}", "assigned.en.titel: is not known here; did you mean `title`?"),
    (TEMPLATE % "assigned: {en: {title: '{laed}'}}", "assigned.en.title: has a placeholder that notices do not know; "),
    (TEMPLATE % "assigned: {en: {body: '{lead.__class__}'}}", "assigned.en.body: has a placeholder that notices"),
    (TEMPLATE % "assigned: {en: {body: '{lead!r}'}}", "assigned.en.body: has a placeholder that notices do not know"),
    (TEMPLATE % "assigned: {en: {body: '{due:>99}'}}", "assigned.en.body: has a placeholder that notices do not know"),
    (TEMPLATE % "assigned: {en: {body: '{}'}}", "assigned.en.body: has a placeholder that notices do not know"),
    (TEMPLATE % "assigned: {en: {body: 'a } b'}}", "assigned.en.body: has a brace that is no placeholder's"),
    ("teams: {t: {}}", "teams.t: has no managers"),
    ("teams: {t: {managers: []}}", "teams.t.managers: is empty"),
    ("{managers: {a: {}}, teams: {t: {managers: [a], head: b}}}", "teams.t.head: `b` is no manager of this file"),
    ("{managers: {a: {}}, teams: {t: {managers: [a]}, u: {managers: [a]}}}", "teams.u.managers[0]: `a` is in team t"),
    ("own_numbers: [x]", "own_numbers[0]: must be a phone number"),
    ("sources: {p: {default_region: ru}}", "sources.p.default_region: must be an ISO country code in capitals"),
    ("limits: {max_hold: {ringing: 2}}", "limits.max_hold.ringing: must be a duration"),
    ("limits: {max_hold: {rining: 2m}}", "limits.max_hold.rining: is not known here; did you mean `ringing`?"),
    ("version: 2", "version: must be less than or equal to 1"),
    ("polices: []", "polices: is not known here; did you mean `policies`?"),
    ("zzz: []", "zzz: is not known here; there are: blocked_numbers, calendars, limits,"),
    ("calendars: {c: {timezone: UTC}}", "calendars.c.hours: is missing"),
    ("calendars: {c: {timezone: UTC, hours: {}}}", "calendars.c.hours: opens on no weekday"),
    ("calendars: {c: {timezone: UTC, hours: {mon: []}}}", "calendars.c.hours: opens on no weekday"),
    ("calendars: {c: {timezone: UTC, hours: {mo: []}}}", "calendars.c.hours.mo: must be a day or a range of days"),
    ("calendars: {c: {timezone: UTC, hours: {mon-fr: []}}}", "hours.mon-fr: must be a day or a range of days"),
    ("calendars: {c: {timezone: UTC, hours: {mon: 09:00-18:00}}}", "hours.mon: must be a list"),
    ("calendars: {c: {timezone: UTC, hours: {mon: [9-18]}}}", "hours.mon[0]: must be hours of a day"),
    ("calendars: {c: {timezone: UTC, hours: {mon: ['09:00-09:00']}}}", "begins and ends at once"),
    ("calendars: {c: {timezone: UTC, hours: {mon: ['24:00-09:00']}}}", "24:00 can only be the end"),
    ("calendars: {c: {timezone: UTC, hours: {mon: ['09:00-24:01']}}}", "must have times from 00:00 to 24:00"),
    ("calendars: {c: {timezone: UTC, hours: {mon: ['09:60-10:00']}}}", "must have times from 00:00 to 24:00"),
    ("calendars: {c: {timezone: UTC, hours: {mon-fri: ['09:00-10:00'], fri: []}}}", "hours: has fri twice"),
    (
        "calendars: {c: {timezone: UTC, hours: {sun: ['22:00-06:00'], mon: ['05:00-09:00']}}}",
        "hours: has a night of sun that ends at 06:00, when mon is open already",
    ),
    (HOOK % "crm.example/hook", "webhooks[0].url: must be an address such as https://crm.example/hooks/sla"),
    (HOOK % "ftp://crm.example/", "webhooks[0].url: must be an address such as https://"),
    (HOOK % "https:///hook", "webhooks[0].url: must be an address such as https://"),
    (HOOK % "https://crm.example:99999/", "webhooks[0].url: must be an address such as https://"),
    (HOOK % "https://[::1/", "webhooks[0].url: must be an address such as https://"),
    (HOOK % "https://crm.example/a b", "webhooks[0].url: must be an address such as https://"),
    (HOOK % "https://anna:hunter2@crm.example/", "webhooks[0].url: must not carry a password"),
    (HOOK % "https://crm.example/#part", "webhooks[0].url: must not have a fragment"),
    (HOOK % "http://crm.example/", "webhooks[0]: has http://, which anybody on the way can read"),
    (HOOK % "https://localhost/", "webhooks[0]: has a host that is not public; set allow_private"),
    (HOOK % "https://crm.internal/", "webhooks[0]: has a host that is not public; set allow_private"),
    (HOOK % "https://10.0.0.1/", "webhooks[0]: has a host that is not public; set allow_private"),
    (HOOK % "https://[fd00::1]/", "webhooks[0]: has a host that is not public; set allow_private"),
    ("webhooks: [{url: https://a.example/}]", "webhooks[0].secret_file: is missing"),
    ("webhooks: [{secret_file: /s}]", "webhooks[0].url: is missing"),
    ("webhooks: [{url: https://a.example/, secret_file: s}]", "webhooks[0].secret_file: must be an absolute path"),
    (
        "webhooks: [{url: https://a.example/, secret_file: /s, types: [lead.reasigned.v1]}]",
        "webhooks[0].types[0]: is no type of outcome; did you mean `lead.reassigned.v1`?",
    ),
    (
        "webhooks: [{url: https://a.example/1, secret_file: /s}, {url: https://a.example/2, secret_file: /s}]",
        "webhooks[1].name: `a.example` is the name of webhooks[0] already; give it another",
    ),
    (f"webhooks: [{', '.join(['{url: https://a.example/, secret_file: /s}'] * 17)}]", "webhooks: must have at most 16"),
    (CALENDAR % "dates: {2026-02-30: []}", "dates.2026-02-30: must be a date such as 2026-12-31"),
    (CALENDAR % "dates: {20261231: []}", "dates.20261231: must be a date such as 2026-12-31"),
    (CALENDAR % "holidays: {country: XX}", "holidays.country: is no country whose holidays are known"),
    (CALENDAR % "holidays: {country: Russia}", "holidays.country: is no country whose holidays are known"),
    (CALENDAR % "holidays: {country: DE, subdiv: XX}", "holidays: has an unknown subdiv of DE"),
    (CALENDAR % "holidays: {country: RU, except: [x]}", "holidays.except[0]: must be a date"),
]


@pytest.mark.parametrize(("text", "message"), BAD, ids=[message for _, message in BAD])
def test_a_mistake_is_told_once_with_its_path_and_remedy(text: str, message: str):
    (told,) = mistakes(text)
    assert message in told


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("version: 1\nversion: 1", "2: version: is given twice, first in line 1"),
        ("managers: {a: {}, b: {}, a: {}}", "1: managers.a: is given twice"),
        ("? [a, b]\n: 1", "1: ?: is not known here"),
        ("a: &x {}\nb: *x", "2: aliases"),
        ("a: [", "1: is not YAML"),
        ("a: b\n c: d", "2: is not YAML"),
        ("a: 1\n---\nb: 2", "2: is not YAML"),
        ("\x00", "is not YAML: a character that YAML does not have"),
        ("- a", "1: must be a mapping"),
        ("text", "1: must be a mapping"),
    ],
)
def test_what_is_no_plain_yaml_is_refused_with_its_line(text: str, message: str):
    assert message in mistakes(text)[0]


def test_what_would_exhaust_the_parser_is_refused_before_it_is_built():
    assert mistakes("[" * 100_000) == ["1: is nested deeper than 16 levels"]
    assert "is larger than 1 MiB" in mistakes("#" * 1_100_000)[0]


def test_rules_too_large_for_a_row_are_refused_before_they_are_applied():
    people = ", ".join(f"manager{number}: {{}}" for number in range(2_000))
    (told,) = mistakes(f"managers: {{{people}}}")
    assert "at most 250 KiB can be put in force" in told


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path):
    (tmp_path / "binary.yaml").write_bytes(b"\xff\xfe")
    (tmp_path / "large.yaml").write_bytes(b"#" * 2_000_000)
    for name, message in (("none.yaml", "No such file"), ("binary.yaml", "not UTF-8"), ("large.yaml", "1 MiB")):
        with pytest.raises(Misconfigured, match=message) as caught:
            read_rules(tmp_path / name, TODAY)
        assert name in str(caught.value)


@pytest.mark.parametrize("address", ["Hook:hunter2@crm.example", "telegram://hunter2", "slack://hunter2"])
def test_an_address_of_a_notice_is_never_repeated(address: str):
    assert "hunter2" not in mistakes(f"managers: {{a: {{notify: ['{address}']}}}}")[0]


def test_a_group_and_what_apprise_calls_slack_may_reach_several():
    shared = "['telegram://-1001', 'slack://C024BE7LH', 'slack://T1/B2/C3']"
    assert parse_rules(f"managers: {{a: {{notify: {shared}}}, b: {{notify: {shared}}}}}", TODAY)


def test_an_address_of_a_webhook_is_never_repeated():
    assert "hunter2" not in mistakes(HOOK % "Hook:hunter2@crm.example")[0]
