"""The generated pages: `python -m tests.docs` writes them anew, a test checks that they are current."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from deploy.grafana.build import DASHBOARDS
from sla_monitor.alerting import alerts_markdown, operator_yaml, rules_yaml
from sla_monitor.cli import app
from sla_monitor.commands.reference import commands_markdown
from sla_monitor.core.lead import OPEN, STATUSES, Status
from sla_monitor.core.track import IGNORED, TRANSITIONS
from sla_monitor.metrics.page import metrics_markdown
from sla_monitor.policy import policy_markdown, schema
from sla_monitor.report.page import figures_module
from sla_monitor.settings import settings_markdown
from sla_monitor.wire import events_markdown

ROOT = Path(__file__).parent.parent

HEAD = """# A lead's life

What each fact does to a lead in each status: the name of the function in `sla_monitor/core` that handles it, or, in
italics, why it is ignored. The six open statuses (scheduled, waiting, held, overdue, unassignable, escalated) handle
every fact alike. Written by `python -m tests.docs` from `TRANSITIONS` and `IGNORED` in `sla_monitor/core/track.py`.

A lead that is forgotten (closed for `retract_window`, answered or joined and idle for 30 days) is unknown again. If it
was part of others, their ids stay for a year, with its team, so that its erasure reaches what it brought them.

"""


def lead_markdown() -> str:
    """docs/lead.md."""
    columns: list[tuple[str, Status]] = [("open" if s is Status.WAITING else s.value, s) for s in STATUSES]
    columns = [(name, status) for name, status in columns if status not in OPEN or name == "open"]
    kinds = sorted({kind for _, kind in TRANSITIONS}, key=lambda kind: kind.__name__)
    lines = ["| fact | " + " | ".join(name for name, _ in columns) + " |", "|---" * (len(columns) + 1) + "|"]
    for kind in kinds:
        cells = (_cell(status, kind) for _, status in columns)
        lines.append(f"| `{kind.__name__}` | " + " | ".join(cells) + " |")
    return HEAD + "\n".join(lines) + "\n"


def _cell(status: Status, kind: type) -> str:
    handler = TRANSITIONS.get((status, kind))
    return f"{handler.__name__}" if handler else f"*{IGNORED[status, kind].replace('_', ' ')}*"


PAGES: dict[str, Callable[[], str]] = {
    "deploy/k8s/monitoring/rules.yaml": operator_yaml,
    "deploy/prometheus/rules.yml": rules_yaml,
    "docs/alerts.md": alerts_markdown,
    "docs/commands.md": lambda: commands_markdown(app),
    "docs/events.md": events_markdown,
    "docs/lead.md": lead_markdown,
    "docs/metrics.md": metrics_markdown,
    "docs/policy.md": policy_markdown,
    "docs/policy.schema.json": lambda: json.dumps(schema(), indent=2, ensure_ascii=False) + "\n",
    "docs/settings.md": settings_markdown,
    "sla_monitor/web/static/report-figures.mjs": figures_module,
    **DASHBOARDS,
}

if __name__ == "__main__":
    for name, page in PAGES.items():
        (ROOT / name).write_text(page())
