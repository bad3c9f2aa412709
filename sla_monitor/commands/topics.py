"""`sla-monitor topics`: what Kafka has to have before a worker starts."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Annotated, Any

import typer

from sla_monitor.errors import Misconfigured, Problem, Unavailable
from sla_monitor.settings import Settings, read_settings
from sla_monitor.stream.kafka import brokers, rights, topics
from sla_monitor.stream.kafka.access import Access

from .options import FINDINGS, Json, show

app = typer.Typer(help="The topics on Kafka: show what is needed, make it, check it.", no_args_is_help=True)


@app.command()
def plan(as_json: Json = None) -> None:
    """Show every topic that is needed, whether it is there, and what differs; changes nothing."""
    settings = _settings()
    cluster, silent = _cluster(settings)
    number = topics.REPLICAS if cluster is None else cluster.brokers
    doubts = [] if cluster is None else _doubts(settings)
    plans = [_plan(topic, cluster, settings) for topic in topics.wanted(settings, number)]
    lines = [f"{plan['topic']}: {plan['state']}; {_said(plan)}" for plan in plans]
    differs = [finding for plan in plans for finding in plan["findings"]]
    said = {"broker": silent or "answers", "topics": plans, "warnings": doubts}
    show(as_json, said, [*filter(None, [silent]), *lines, *differs, *doubts])


@app.command()
def apply(as_json: Json = None) -> None:
    """Make the topics that are missing. What is there stays as it is; what differs is said, with the remedy."""
    settings = _settings()
    made, differs = asyncio.run(topics.apply(Access.of(settings), settings))
    said, doubts = [str(problem) for problem in differs], _doubts(settings)
    lines = [f"made {name}" for name in made] or ["nothing is missing"]
    show(as_json, {"made": made, "differs": said, "warnings": doubts}, [*lines, *said, *doubts])


@app.command()
def check(as_json: Json = None) -> None:
    """Say what is missing, or has other partitions, replicas or settings, with the remedy; exit code 1 then."""
    settings = _settings()
    cluster = asyncio.run(topics.look(Access.of(settings), settings))
    wanted = topics.wanted(settings, cluster.brokers)
    found = topics.findings(wanted, topics.counts(cluster.topics))
    found += topics.differences(wanted, cluster.topics, Access.of(settings).servers)
    said, doubts = [str(problem) for problem in found], _doubts(settings)
    show(as_json, {"findings": said, "warnings": doubts}, [*(said or ["all topics are right"]), *doubts])
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


def _cluster(settings: Settings) -> tuple[topics.Cluster | None, str]:
    """What there is, or why it is not known."""
    try:
        return asyncio.run(topics.look(Access.of(settings), settings)), ""
    except Unavailable as error:
        return None, f"{error}; what is there is not known"


def _doubts(settings: Settings) -> list[str]:
    """What is to be known of the brokers, right topics or not."""
    return [str(problem) for problem in asyncio.run(brokers.doubtful(Access.of(settings)))]


def _plan(topic: topics.Topic, cluster: topics.Cluster | None, settings: Settings) -> dict[str, Any]:
    there = {} if cluster is None else cluster.topics
    unequal = topics.findings([topic], topics.counts(there)) if topic.name in there else []
    found = [str(problem) for problem in unequal + topics.differences([topic], there, Access.of(settings).servers)]
    state = (
        "not known" if cluster is None else "missing" if topic.name not in there else "differs" if found else "right"
    )
    return {
        "topic": topic.name,
        "state": state,
        "partitions": topic.partitions,
        "replicas": topic.replicas,
        "settings": topic.settings,
        "findings": found,
    }


def _said(plan: Mapping[str, Any]) -> str:
    numbers = f"partitions {plan['partitions']}, replicas {plan['replicas']}"
    return ", ".join([numbers, *(f"{name} {value}" for name, value in plan["settings"].items())])


def _settings() -> Settings:
    """Raises Misconfigured on the embedded log."""
    settings = read_settings()
    if settings.servers is None:
        raise Misconfigured([Problem("SLA_BROKER", "", "must be kafka://host:port; the embedded log has its own")])
    return settings
