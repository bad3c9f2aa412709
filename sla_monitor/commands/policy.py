"""`sla-monitor policy`: what is in force, and how another policy comes into force (R33)."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer

from sla_monitor.bootstrap import (
    KEYED,
    Embedded,
    apply_rules,
    domain_clock,
    newest_rules,
    rules_in_force,
)
from sla_monitor.clock import monotonic, today
from sla_monitor.core.rules import Rules
from sla_monitor.forecast import Outlook
from sla_monitor.policy import read_rules
from sla_monitor.settings import read_settings
from sla_monitor.stream.embedded import worker_of

from .options import FINDINGS, DataDir, Json, show

PATIENCE = 10.0
"""Seconds for a worker to put into force what it has to read first."""
LOOK = 0.05

app = typer.Typer(help="The policy in force: show it, or put another in its place.", no_args_is_help=True)


@app.command()
def apply(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The policy file.")],
    data_dir: DataDir = None,
    as_json: Json = None,
) -> None:
    """Put a policy into force, beside an `up` that runs or for the next one. Leads that are there keep their own."""
    settings = read_settings({"data_dir": data_dir})
    rules = read_rules(file, today())
    with closing(Embedded.existing(settings)) as embedded:
        applied, changed = asyncio.run(apply_rules(embedded, rules, domain_clock(settings).now()))
        running = worker_of(settings.database.parent) is not None
        done = _await_force(embedded, applied.version, PATIENCE if running else 0)
    value = {"version": applied.version, "changed": changed, "worker": running, "in_force": done}
    show(as_json, value, [_said(applied.version, changed, running, done)])
    if running and not done:
        raise typer.Exit(FINDINGS)


def _await_force(embedded: Embedded, version: int, limit: float) -> bool:
    """Whether all partitions decide by this version, or a later one, within `limit` seconds."""
    deadline = monotonic() + limit
    while not (done := _everywhere(embedded, version)) and monotonic() < deadline:
        time.sleep(LOOK)
    return done


def _everywhere(embedded: Embedded, version: int) -> bool:
    return all(rules_in_force(embedded.reader, embedded.prefix, log).version >= version for log in KEYED)


def _said(version: int, changed: bool, running: bool, done: bool) -> str:
    written = f"Version {version} is written" if changed else f"Version {version} says the same already"
    if done:
        return f"{written}, and is in force in all partitions."
    if running:
        return f"{written}, but the worker has not put it into force in {PATIENCE:g} s: its log or /readyz says why."
    return f"{written}. It comes into force when `sla-monitor up` runs."


@app.command("show")
def show_policy(data_dir: DataDir = None, as_json: Json = None) -> None:
    """Show the policy in force and its version; as JSON all of it, resolved, in milliseconds."""
    settings = read_settings({"data_dir": data_dir})
    with closing(Embedded.existing(settings)) as embedded:
        force, newest = rules_in_force(embedded.reader, embedded.prefix), newest_rules(embedded)
    waiting = newest.version if newest.version > force.version else None
    value: dict[str, Any] = {"version": force.version, "waiting": waiting, "policy": msgspec.to_builtins(force)}
    show(as_json, value, _summary(force, waiting))


def _summary(force: Rules, waiting: int | None) -> Iterator[str]:
    yield f"Version {force.version}" if force.version else "The built-in policy; none was applied yet"
    if waiting:
        yield f"Version {waiting} is written, and comes into force when a worker reads it"
    for policy in force.policies:
        yield "policy " + Outlook(force, policy).headline()
    for team in force.teams.values():
        yield f"team {team.id} ({team.strategy}): {', '.join(team.managers)}; head {team.head or 'nobody'}"
    for source in force.sources.values():
        yield f"source {source.name}: calls {source.calls}"
