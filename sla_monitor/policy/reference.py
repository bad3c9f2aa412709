"""docs/policy.md: every key of the policy file, from the models that read it."""

from __future__ import annotations

from typing import Any

from .model import (
    Calendar,
    Holidays,
    Limits,
    Manager,
    Match,
    MaxHold,
    Missed,
    Policy,
    PolicyFile,
    Require,
    Section,
    Source,
    Team,
    Template,
    Webhook,
)

SECTIONS: tuple[tuple[str, type[Section]], ...] = (
    ("The file", PolicyFile),
    ("calendars.NAME", Calendar),
    ("calendars.NAME.holidays", Holidays),
    ("managers.ID", Manager),
    ("teams.ID", Team),
    ("teams.ID.templates.KIND.LANGUAGE", Template),
    ("policies[]", Policy),
    ("policies[].match", Match),
    ("policies[].require", Require),
    ("sources.NAME", Source),
    ("sources.NAME.missed", Missed),
    ("limits", Limits),
    ("limits.max_hold", MaxHold),
    ("webhooks[]", Webhook),
)

FULL_EXAMPLE = """\
version: 1
calendars:
  office:
    timezone: Europe/Moscow
    hours: {mon-fri: ["09:00-13:00", "14:00-18:00"], sat: ["10:00-15:00"]}
    dates: {"2026-12-30": ["10:00-14:00"], "2026-12-31": []}     # replace that day's hours
    holidays: {country: RU, except: ["2026-05-11"]}
managers:
  anna: {name: Anna, shift: office, skills: [enterprise], languages: [ru, en], capacity: 10, weight: 2,
         extensions: ["101"], ids: {bitrix: "1269"}, phones: ["+74951234567"], notify: ["log://", "json://crm.example/hook"]}
  vera: {name: Vera, shift: office, extensions: ["102"], days_off: ["2026-12-29", "2027-01-05..2027-01-09"]}
  boris: {name: Boris, quiet: ["21:00-08:00"]}
teams:
  sales: {head: boris, managers: [anna, vera], strategy: round_robin}
policies:                                                        # the first that matches
  - {name: hot, match: {channel: [web], priority: [high]}, target: 5m, calendar: office,
     require: {skills: [enterprise]}}
  - {name: default, team: sales, target: 10m, warn_at: [60%, 85%], max_turns: 2, contact_target: 4h}
sources: {pbx1: {calls: live, max_delay: 2m, default_region: RU, missed: {rejected: ignore}}}
limits: {min_ring: 10s, min_talk: 15s, max_hold: {ringing: 2m, talking: 2h}}
own_numbers: ["+74950000000"]
webhooks:
  - {name: crm, url: "https://crm.example/hooks/sla", secret_file: /run/secrets/crm-webhook,
     types: [lead.reassigned.v1, lead.erased.v1]}
"""

INTRODUCTION = f"""\
# The policy file

One YAML file says what is promised to leads and who keeps the promise. `SLA_POLICY` names it; without one a response is
due in 10 minutes, around the clock. Every mistake is reported at once with its line and path. Values stay what you
write: `NO` is Norway, `10:00` a time. Aliases (`*name`) are not read. Durations are `90s`, `10m`, `1h30m`, `7d`.
For completion and checks in an editor, begin the file with
`# yaml-language-server: $schema=policy.schema.json`.

```yaml
{FULL_EXAMPLE}```
"""


def policy_markdown() -> str:
    """The whole page."""
    return "\n".join([INTRODUCTION, *(_section(title, model) for title, model in SECTIONS)])


def _section(title: str, model: type[Section]) -> str:
    schema = model.model_json_schema(by_alias=True)
    heading = title if title == "The file" else f"`{title}`"
    about = [schema["description"].replace("\n", " "), ""] if model.__doc__ else []
    rows = [_row(key, field, key in schema.get("required", ())) for key, field in schema["properties"].items()]
    return "\n".join([f"## {heading}", "", *about, "| key | if left out | meaning |", "|---|---|---|", *rows, ""])


def _row(key: str, field: dict[str, Any], required: bool) -> str:
    default = field.get("default")
    plain = default not in (None, "", []) and not isinstance(default, dict)
    left_out = "required" if required else (f"`{_text(default)}`" if plain else "")
    return f"| `{key}` | {left_out} | {_choice(field)}{field['description']} |"


def _choice(field: dict[str, Any]) -> str:
    choices = " or ".join(f"`{choice}`" for choice in field.get("enum", ()))
    return f"{choices}. " if choices else ""


def _text(value: Any) -> str:
    if isinstance(value, list):
        return f"[{', '.join(map(str, value))}]"
    return str(value).lower() if isinstance(value, bool) else str(value)
