"""`sla-monitor topics`: what Kafka has to have before a worker starts."""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer

from sla_monitor.errors import Misconfigured, Problem
from sla_monitor.settings import Settings, read_settings
from sla_monitor.stream.kafka import rights, topics
from sla_monitor.stream.kafka.access import Access

from .options import FINDINGS, Json, show

app = typer.Typer(help="The topics on Kafka: show what is needed, make it, check it.", no_args_is_help=True)


@app.command()
def plan(as_json: Json = None) -> None:
    """Show every topic that is needed, with its settings; asks no broker."""
    settings = _settings()
    shown = {topic.name: {"partitions": topic.partitions, **topic.configs} for topic in topics.wanted(settings)}
    show(as_json, shown, (f"{name}: {', '.join(f'{k} {v}' for k, v in said.items())}" for name, said in shown.items()))


@app.command()
def apply(as_json: Json = None) -> None:
    """Make the topics that are missing; what is there stays as it is."""
    settings = _settings()
    made = asyncio.run(topics.apply(Access.of(settings), settings))
    show(as_json, {"made": made}, [f"made {name}" for name in made] or ["nothing is missing"])


@app.command()
def check(as_json: Json = None) -> None:
    """Say what is missing or has another number of partitions; exit code 1 then."""
    settings = _settings()
    there = asyncio.run(topics.existing(Access.of(settings)))
    found = topics.findings(topics.wanted(settings), there)
    said = [str(problem) for problem in found]
    show(as_json, {"findings": said}, said or ["all topics are right"])
    if found:
        raise typer.Exit(FINDINGS)


@app.command()
def acls(
    role: Annotated[rights.Role, typer.Argument(help="Who connects.")],
    principal: Annotated[str, typer.Option(help="Of Kafka, such as User:worker.")] = "",
    make: Annotated[bool, typer.Option("--apply", help="Make them, instead of showing how.")] = False,
) -> None:
    """Show the commands of Kafka that allow a role what it needs, and nothing else; --apply makes the ACLs."""
    settings = _settings()
    servers, prefix, user = settings.servers or "", settings.topic_prefix, principal or f"User:{role}"
    if make:
        asyncio.run(rights.give(Access.of(settings), role, user, prefix))
        typer.echo(f"{user} may do what {role} needs")
        return
    for command in rights.commands(role, user, prefix, servers):
        typer.echo(command)


def _settings() -> Settings:
    """Raises Misconfigured on the embedded log."""
    settings = read_settings()
    if settings.servers is None:
        raise Misconfigured([Problem("SLA_BROKER", "", "must be kafka://host:port; the embedded log has its own")])
    return settings
