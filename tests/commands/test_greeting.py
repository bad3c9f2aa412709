"""What somebody sees who has just started `up`."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from sla_monitor.clock import today
from sla_monitor.commands.greeting import curl, greeting
from sla_monitor.core.rules import Rules
from sla_monitor.keys import KeyRing, parse_keys
from sla_monitor.policy import example_rules
from sla_monitor.settings import Settings
from tests.world import sales

KEYS = parse_keys(f"crm: {{sha256: [{'a' * 64}], scopes: [write]}}")


@dataclass
class Started:
    """As much of `Up` as the greeting looks at."""

    rules: Rules = field(default_factory=sales)
    before: Rules = field(default_factory=Rules)
    settings: Settings = field(default_factory=Settings)
    server: Any = field(default_factory=lambda: SimpleNamespace(url="http://127.0.0.1:8080"))
    clock: Any = field(default_factory=lambda: SimpleNamespace(speed=1))


def said(system: Started, keys: KeyRing = KEYS, *, named: bool = True) -> str:
    return "\n".join(greeting(system, keys, named=named))  # type: ignore[arg-type]


def test_whoever_is_served_to_nobody_else_is_told_at_once():
    open_to_all = Started(settings=Settings(listen="0.0.0.0:8080"))
    assert "whoever comes from elsewhere gets 403" in said(open_to_all, KeyRing())
    assert "403" not in said(open_to_all)
    assert "403" not in said(Started(), KeyRing())


def test_the_example_that_was_applied_before_is_named_where_no_policy_is():
    example = Started(replace(example_rules(today()), version=7))
    assert "built-in example" in said(example, named=False)
    assert "built-in example" not in said(example)


def test_a_policy_that_takes_the_place_of_the_example_is_told_whose_leads_the_directory_holds():
    example = replace(example_rules(today()), version=7)
    assert "sla-data holds the leads of the built-in example" in said(Started(before=example))
    assert "name a new SLA_DATA_DIR" in said(Started(Rules(), before=example))
    assert "holds the leads" not in said(Started(before=sales("anna")))
    assert "holds the leads" not in said(Started(example, before=example))


def test_a_policy_that_stays_in_force_without_being_named_is_named():
    assert "version 7, which was applied last" in said(Started(replace(sales(), version=7)), named=False)
    assert "applied last" not in said(Started(replace(sales(), version=7)))


@pytest.mark.parametrize(("keys", "authorized"), [(KeyRing(), False), (KEYS, True)])
def test_the_curl_that_is_shown_sends_another_lead_each_time_and_the_key_where_one_is_needed(
    tmp_path: Path, keys: KeyRing, authorized: bool
):
    lines = [line for line in curl("http://127.0.0.1:1", Settings(), keys) if not line.startswith("KEY=")]
    script = "\n".join(("curl() { printf '%s\\n' \"$@\"; }", "date() { echo 17; }", "KEY=k3y", *lines))
    done = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=True)
    assert ("Authorization: Bearer k3y" in done.stdout) is authorized
    assert '"id":"L-17"' in done.stdout
    assert '"lead_id":"L-17"' in done.stdout


def test_the_example_is_of_no_day():
    """Or it would be told apart from itself the day after."""
    assert example_rules(date(2026, 1, 1)) == example_rules(date(2027, 6, 1))
