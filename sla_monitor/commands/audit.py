"""`sla-monitor audit`: whether every lead was decided as it was promised, told from the logs alone."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Annotated, Any

import typer

from sla_monitor import __version__
from sla_monitor.audit import Auditor, Figures, Finding, Report, Rounds
from sla_monitor.bootstrap import domain_clock
from sla_monitor.codec import rfc3339
from sla_monitor.core.rules import SECOND
from sla_monitor.errors import Misconfigured, Problem
from sla_monitor.log_lines import configure_logging
from sla_monitor.logs import Logs, auditing
from sla_monitor.settings import Settings, read_settings
from sla_monitor.web.watch import Health, WatchServer

from .options import FINDINGS, DataDir, Json, moment, show, span
from .stopping import until_stopped

Grace = Annotated[str, typer.Option(help="How late a decision may come, beyond what the policy allows.")]
Past = Annotated[
    str | None,
    typer.Option(
        help="How far to look back for what cannot be mended any more, such as 7d. If left out: all that is kept."
    ),
]
Limit = Annotated[int, typer.Option(min=1, help="The most findings that are shown one by one.")]
Every = Annotated[str | None, typer.Option(help="Go on until stopped: an audit every so often, such as 60s.")]
Serve = Annotated[
    str | None, typer.Option("--listen", help="With --every: host:port of /metrics, /healthz and /readyz.")
]


@dataclass(frozen=True, slots=True)
class Asked:
    """grace, past: see `Auditor`."""

    settings: Settings
    grace: int
    past: int | None

    def auditor(self, logs: Logs) -> Auditor:
        return Auditor(logs, domain_clock(self.settings), grace=self.grace, past=self.past)


def audit(
    grace: Grace = "60s",
    past: Past = None,
    limit: Limit = 100,
    every: Every = None,
    listen: Serve = None,
    data_dir: DataDir = None,
    as_json: Json = None,
) -> None:
    """Look for leads that were lost, left without a decision or a follow-up, or decided twice.

    Reads the logs by itself and changes nothing; workers may run or be down. With --every it says on standard error
    what it finds, and what is found no more.
    """
    if listen and not every:
        raise Misconfigured([Problem("--listen", "", "is served with --every only; add --every 60s")])
    settings = read_settings({"listen": listen, "data_dir": data_dir})
    asked = Asked(settings, span("--grace", grace), span("--past", past) if past else None)
    if every:
        configure_logging()
        asyncio.run(_go_on(asked, span("--every", every, least=SECOND) / 1000, serve=listen is not None))
        return
    report = asyncio.run(_once(asked))
    show(as_json, _value(report, limit), _lines(report, limit))
    if report.findings:
        raise typer.Exit(FINDINGS)


async def _once(asked: Asked) -> Report:
    async with auditing(asked.settings) as logs:
        return await asked.auditor(logs).run()


async def _go_on(asked: Asked, every: float, *, serve: bool) -> None:
    opened = AsyncExitStack()

    async def work() -> None:
        logs = await opened.enter_async_context(auditing(asked.settings))
        figures = Figures(__version__)
        rounds = Rounds(asked.auditor(logs), figures, every)
        if serve:
            server = WatchServer(Health(rounds.unready, figures), *asked.settings.listen)
            opened.push_async_callback(server.stop)
            await server.start()
            typer.echo(f"sla-monitor {__version__} audit, probes and metrics on {server.url}")
        await rounds.run()

    await until_stopped(work(), opened.aclose, asked.settings.stop_deadline / 1000)


def _value(report: Report, limit: int) -> dict[str, Any]:
    return {
        "at": rfc3339(report.at),
        "leads": report.leads,
        "outcomes": report.outcomes,
        "complete_since": rfc3339(report.complete_since) if report.complete_since else None,
        "seconds": round(report.seconds, 3),
        "counts": report.counts,
        "findings": [finding.value() for finding in report.findings[:limit]],
        "unknown": list(report.unknown),
    }


def _lines(report: Report, limit: int) -> Iterator[str]:
    yield f"{report.leads} leads and {report.outcomes} outcomes, as of {moment(rfc3339(report.at))} UTC"
    if report.complete_since:
        yield f"Outcomes before {moment(rfc3339(report.complete_since))} are not kept, so nothing is said of them."
    yield from (f"Not known: {text}." for text in report.unknown)
    for finding in report.findings[:limit]:
        yield from _finding_lines(finding)
    if len(report.findings) > limit:
        yield f"... and {len(report.findings) - limit} more"
    found = ", ".join(f"{count} {kind}" for kind, count in report.counts.items() if count)
    yield f"Findings: {found}." if found else "Nothing is wrong."


def _finding_lines(finding: Finding) -> Iterator[str]:
    yield f"{finding.kind}: {finding.lead_id or '-'} in partition {finding.partition}"
    yield f"  since {moment(rfc3339(finding.since))}: {finding.what}"
    if finding.command:
        yield f"  {finding.command}"
