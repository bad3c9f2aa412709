"""`sla-monitor policy`: without a worker; test_commands.py of the end-to-end tests has one."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from sla_monitor.clock import today
from sla_monitor.core.effects import Log
from sla_monitor.policy import EXAMPLE, parse_rules
from tests.commands.shelf import Run, Shelf
from tests.world import sales


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "policy.yaml"
    path.write_text(EXAMPLE)
    return path


def test_a_policy_without_a_worker_is_written_and_waits_for_one(run: Run, shelf: Shelf, file: Path) -> None:
    answer = run("policy", "apply", str(file))
    assert (answer.code, answer.json["changed"], answer.json["in_force"]) == (0, True, False)
    shown = run("policy", "show").json
    assert (shown["version"], shown["waiting"]) == (0, answer.json["version"])
    assert "when `sla-monitor up` runs" in run("policy", "apply", str(file), "--no-json").out


def test_the_same_policy_is_not_written_again(run: Run, shelf: Shelf, file: Path) -> None:
    first = run("policy", "apply", str(file)).json
    again = run("policy", "apply", str(file)).json
    assert (again["changed"], again["version"]) == (False, first["version"])
    assert len(shelf.read(Log.EVENTS)) == 1


def test_each_policy_gets_a_higher_version_however_fast_they_come(run: Run, shelf: Shelf, file: Path) -> None:
    versions = []
    for target in ("1m", "2m", "3m", "1m"):
        file.write_text(EXAMPLE.replace("target: 1m", f"target: {target}"))
        versions.append(run("policy", "apply", str(file)).json["version"])
    assert versions == sorted(set(versions))


def test_a_policy_that_is_in_force_is_said_to_be(run: Run, shelf: Shelf, file: Path) -> None:
    shelf.enforce(sales())
    version = run("policy", "apply", str(file)).json["version"]
    shelf.enforce(replace(parse_rules(EXAMPLE, today()), version=version))
    answer = run("policy", "apply", str(file), "--no-json")
    assert answer.out == f"Version {version} says the same already, and is in force in all partitions.\n"


def test_show_names_version_policies_and_teams(run: Run, shelf: Shelf) -> None:
    shelf.enforce(sales())
    assert run("policy", "show", "--no-json").out.splitlines() == [
        "Version 1",
        "policy default (every other lead): an attempt within 10m of open time (around the clock)",
        "team sales (round_robin): anna, vera; head boris",
    ]
    assert run("policy", "show").json["policy"]["teams"]["sales"]["head"] == "boris"


def test_show_tells_when_nothing_was_applied(run: Run, shelf: Shelf) -> None:
    assert "The built-in policy" in run("policy", "show", "--no-json").out


def test_a_file_with_mistakes_changes_nothing(run: Run, shelf: Shelf, file: Path) -> None:
    file.write_text("policies: [{name: default, target: soon}]\nlimits: {min_ring: x}\n")
    answer = run("policy", "apply", str(file))
    assert answer.code == 2
    assert [line.partition(": must")[0] for line in answer.err.splitlines()] == [
        f"{file}:1: policies[0].target",
        f"{file}:2: limits.min_ring",
    ]
    assert not shelf.read(Log.EVENTS)


def test_without_a_log_there_is_nothing_to_apply_to_and_none_is_made(run: Run, file: Path, tmp_path: Path) -> None:
    answer = run("policy", "apply", str(file), "--data-dir", "typo")
    assert (answer.code, (tmp_path / "typo").exists()) == (3, False)
    assert "there is no log at typo/sla.db" in answer.err
