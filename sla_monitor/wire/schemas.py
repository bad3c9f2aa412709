"""JSON Schemas and the page about events, generated from the models."""

from __future__ import annotations

import json
from typing import Any

from pydantic.fields import FieldInfo

from .examples import EXAMPLES
from .models import DATA, EVENTS, Envelope, Wire

DIALECT = "https://json-schema.org/draft/2020-12/schema"
IDENTITY = "urn:sla-monitor:schema:"


def schema(kind: str) -> dict[str, Any]:
    """The JSON Schema of a complete event of this type. Raises KeyError for an unknown one."""
    made = EVENTS[kind].model_json_schema()
    made.pop("title", None)
    return {"$schema": DIALECT, "$id": IDENTITY + kind, "title": kind, **made, "examples": [EXAMPLES[kind]]}


def events_markdown() -> str:
    """What is in docs/events.md; `python -m sla_monitor.wire` prints it."""
    return "\n".join([_HEAD, _table(Envelope, skip=("data",)), *map(_section, DATA)])


def _section(kind: str) -> str:
    example = json.dumps(EXAMPLES[kind], indent=2, ensure_ascii=False)
    return "\n".join(
        [f"## {kind}", "", DATA[kind].__doc__ or "", "", _table(DATA[kind]), "```json", example, "```", ""]
    )


def _table(model: type[Wire], skip: tuple[str, ...] = ()) -> str:
    properties = model.model_json_schema()["properties"]
    rows = [
        f"| `{name}` | {'yes' if field.is_required() else ''} | {_kind(properties[name])} | {_said(field)} |"
        for name, field in sorted(model.model_fields.items(), key=lambda item: not item[1].is_required())
        if name not in skip
    ]
    return "\n".join(["| field | required | value | meaning |", "|---|---|---|---|", *rows, ""])


def _said(field: FieldInfo) -> str:
    return field.description or ""


def _kind(declared: dict[str, Any]) -> str:
    """A schema in a few words, for people."""
    if "anyOf" in declared:
        return _kind(next(option for option in declared["anyOf"] if option.get("type") != "null"))
    if "const" in declared:
        return f"`{declared['const']}`"
    if "enum" in declared:
        return ", ".join(f"`{value}`" for value in declared["enum"])
    if declared.get("type") == "array":
        return f"array of {_kind(declared['items'])}, at most {declared['maxItems']}"
    return str(declared.get("format") or declared["type"])


_HEAD = """# Events in

Generated from the code; do not edit.

Send events as [CloudEvents 1.0](https://cloudevents.io) in JSON to `POST /v1/events` (one) or
`POST /v1/events:batch` (up to 500). Each type has a JSON Schema at `GET /v1/schemas/{type}`.

- (`source`, `id`) is an event's identity for 7 days. Send it again as often as you like, with the same id.
- `time` says when it happened and must have an offset. Up to 5 minutes ahead counts as now; more is refused.
- Unknown fields are ignored. An optional field may be `null`, which is as if it were absent.
- Seconds may be decimals. Phone numbers may be written as you have them, also as `tel:`, `sip:` and WhatsApp
  addresses; those without a country code need `default_region` in the policy's `sources` (under `other` for events
  without a key), those with a country code and no plus `international_without_plus`. Both spellings of a Mexican,
  Argentine or Brazilian mobile are one number, and those of a number of Benin. Words beside a number (`+49 30 123456
  Max`) are labels, and what stands behind them is none of it. What cannot be a number, and what carriers write for a
  withheld one, matches nothing.
- Leads join only by a number that is valid in its country. One that is merely possible (without its area code, or
  made up in a form), has an extension or is in `blocked_numbers` may be of many: a call counts for the lead that alone
  has it open. The company's and its managers' numbers are left out of a lead.
- A call should carry `customer_number` or `lead_id`; without a usable one it is counted and goes no further.
- `owner_id` and `manager_id` are an id of the policy, an `ids` entry of the manager for this source, or an extension or
  phone that exactly one manager has.
- Send one event a call, or live events with one `call_id`. Legs that your PBX tells apart, each with its own
  `call_id`, are taken as one call when they ring at once or within `missed_settle` of each other: one lead, one notice.
- Send a lead when you know it, with the `time` it came in: one that is born with its id alone gets the policy and the
  owner that its id alone deserves.

```sh
curl -i http://127.0.0.1:8080/v1/events -H 'Content-Type: application/cloudevents+json' -d '{
  "specversion": "1.0", "id": "evt-1", "source": "/crm/main", "type": "lead.created.v1",
  "time": "'"$(date -u +%Y-%m-%dT%H:%M:%SZ)"'", "data": {"lead_id": "crm:1001", "phones": ["+74951234567"]}}'
```

## The envelope
"""
