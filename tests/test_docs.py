"""What the docs say is what the code does."""

from __future__ import annotations

import re
from datetime import date

import pytest

from sla_monitor.core import assign, deliver, match, track
from sla_monitor.core.effects import Log
from sla_monitor.core.lead import OPEN, STATUSES
from sla_monitor.core.outcomes import TYPES
from sla_monitor.core.rules import NOTICES
from sla_monitor.core.track import IGNORED, TRANSITIONS
from sla_monitor.logs import KEYED
from sla_monitor.policy import parse_rules
from sla_monitor.policy.templates import PLACEHOLDERS
from sla_monitor.report.table import FIGURES
from sla_monitor.wire import EVENTS
from tests import documented
from tests.docs import PAGES, ROOT

README = (ROOT / "README.md").read_text()


@pytest.mark.parametrize("name", PAGES)
def test_a_generated_page_is_current(name: str) -> None:
    assert (ROOT / name).read_text() == PAGES[name](), "run python -m tests.docs"


def test_the_open_statuses_are_one_column_because_they_handle_every_fact_alike() -> None:
    kinds = {kind for _, kind in TRANSITIONS}
    for kind in kinds:
        assert len({TRANSITIONS.get((s, kind), IGNORED.get((s, kind))) for s in STATUSES if s in OPEN}) == 1


def test_the_readmes_diagram_names_every_log_and_its_reducer() -> None:
    diagram = README.split("## How it works")[1]
    reducers = {Log.PHONES: match, Log.EVENTS: track, Log.DESK: assign, Log.NOTIFICATIONS: deliver}
    assert set(reducers) == set(KEYED)
    for log, module in reducers.items():
        assert re.search(rf"sla\.{log}\W.*──> {module.__name__.rpartition('.')[2]}\b", diagram), log


def test_the_readme_names_only_events_that_exist() -> None:
    named = set(re.findall(r"`((?:lead|call|contact|manager)\.\w+\.v1)`", README))
    assert named
    assert named <= set(EVENTS)


def test_every_link_of_the_readme_leads_somewhere() -> None:
    links = [link for link in re.findall(r"\]\(([^)#]+)\)", README) if not link.startswith("http")]
    assert links
    assert [link for link in links if not (ROOT / link).exists()] == []


def test_the_page_of_notifications_tells_every_kind_and_every_placeholder_with_its_meaning() -> None:
    page = (ROOT / "docs/notifications.md").read_text()
    assert [kind for kind in NOTICES if f"`{kind}`" not in page] == []
    assert [name for name, meaning in PLACEHOLDERS.items() if f"| `{{{name}}}` | {meaning} |" not in page] == []


def test_the_policies_in_the_page_of_notifications_are_read() -> None:
    page = (ROOT / "docs/notifications.md").read_text()
    blocks = [
        block for block in re.findall(r"```yaml\n(.*?)```", page, re.DOTALL) if "head:" in block or "quiet" in block
    ]
    people = "managers: {anna: {}, vera: {}, boris: {}}\n"
    for block in blocks:
        parse_rules(block if "managers:\n" in block else people + block, date(2026, 11, 22))
    assert len(blocks) == 2


def test_the_page_of_outcomes_tells_every_type() -> None:
    assert set(TYPES) <= set(documented.sections("###"))


def test_the_page_of_reports_has_every_figure_with_its_meaning() -> None:
    page = (ROOT / "docs/report.md").read_text()
    lines = [f"| `{f.name}` | {f.words.en} | {f.unit} | {f.meaning} | {f.rules} |" for f in FIGURES]
    assert [line for line in lines if line not in page] == []
