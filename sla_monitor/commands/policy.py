"""`sla-monitor policy`: what is in force, and how another policy comes into force (R33)."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer

from sla_monitor.bootstrap import domain_clock
from sla_monitor.clock import monotonic, today
from sla_monitor.codec import RULES_KEY
from sla_monitor.core.effects import Log
from sla_monitor.core.rules import Rules
from sla_monitor.forecast import Outlook
from sla_monitor.in_force import apply_rules, newest_rules, rules_in_force
from sla_monitor.logs import KEYED, Logs, existing
from sla_monitor.notify import channels
from sla_monitor.policy import read_rules
from sla_monitor.settings import Settings, read_settings

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
    """Put a policy into force, beside workers that run or for the next one. Leads that are there keep their own."""
    settings = read_settings({"data_dir": data_dir})
    value = asyncio.run(_apply(settings, read_rules(file, today(), channels.check)))
    show(as_json, value, [_said(**value)])
    if value["worker"] and not value["in_force"]:
        raise typer.Exit(FINDINGS)


async def _apply(settings: Settings, rules: Rules) -> dict[str, Any]:
    async with existing(settings, KEYED, [RULES_KEY], everywhere=True) as logs:
        applied, changed = await apply_rules(logs, rules, domain_clock(settings).now())
        worked = bool(await logs.workers())
        return {
            "version": applied.version,
            "changed": changed,
            "partitions": sum(len(list(logs.partitions(log))) for log in KEYED),
            "worker": worked,
            "in_force": await _await_force(logs, applied.version, PATIENCE if worked else 0),
        }


async def _await_force(logs: Logs, version: int, limit: float) -> bool:
    """Whether all partitions decide by this version, or a later one, within `limit` seconds."""
    deadline = monotonic() + limit
    while not (done := await _everywhere(logs, version)) and monotonic() < deadline:  # noqa: ASYNC110 - nobody tells
        await asyncio.sleep(LOOK)
    return done


async def _everywhere(logs: Logs, version: int) -> bool:
    versions = [rules.version for log in KEYED for rules in await rules_in_force(logs, log)]
    return min(versions) >= version


def _said(version: int, changed: bool, partitions: int, worker: bool, in_force: bool) -> str:
    written = f"is written to {partitions} partitions" if changed else "says the same already"
    if in_force:
        return f"Version {version} {written}, and is in force in all partitions."
    if worker:
        late = f"workers have not put it into force everywhere in {PATIENCE:g} s: their log or /readyz says why"
        return f"Version {version} {written}, but {late}."
    return f"Version {version} {written}. It comes into force when `sla-monitor up` runs; on Kafka, when a worker does."


@app.command("show")
def show_policy(data_dir: DataDir = None, as_json: Json = None) -> None:
    """Show the policy in force and its version; as JSON all of it, resolved, in milliseconds."""
    settings = read_settings({"data_dir": data_dir})
    force, newest = asyncio.run(_force(settings))
    waiting = newest.version if newest.version > force.version else None
    value: dict[str, Any] = {"version": force.version, "waiting": waiting, "policy": msgspec.to_builtins(force)}
    show(as_json, value, _summary(force, waiting))


async def _force(settings: Settings) -> tuple[Rules, Rules]:
    """(what all leads are decided by or, on some partitions, by a newer one; what was written last)."""
    async with existing(settings, [Log.EVENTS, Log.DESK], [RULES_KEY], everywhere=True) as logs:
        return min(await rules_in_force(logs), key=lambda rules: rules.version), await newest_rules(logs)


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
