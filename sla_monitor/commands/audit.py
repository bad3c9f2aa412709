"""`sla-monitor audit`: whether every lead was decided as it was promised, told from the logs alone."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Annotated, Any

import typer

from sla_monitor.audit import Auditor, Report
from sla_monitor.bootstrap import domain_clock
from sla_monitor.codec import rfc3339
from sla_monitor.logs import auditing
from sla_monitor.settings import Settings, read_settings

from .options import FINDINGS, DataDir, Json, moment, show, span

Grace = Annotated[str, typer.Option(help="How late a decision may come, beyond what the policy allows: 60s.")]
Within = Annotated[
    str | None, typer.Option(help="Leave out what went wrong longer ago, such as 7d. If left out: nothing.")
]
Limit = Annotated[int, typer.Option(min=1, help="The most findings that are shown one by one.")]


def audit(
    grace: Grace = "60s",
    within: Within = None,
    limit: Limit = 100,
    data_dir: DataDir = None,
    as_json: Json = None,
) -> None:
    """Look for leads that were lost, left without a decision or a follow-up, or decided twice.

    Reads the logs by itself and changes nothing; workers may run. Exit code 1 with any finding.
    """
    settings = read_settings({"data_dir": data_dir})
    terms = {"grace": span("--grace", grace), "within": span("--within", within) if within else None}
    report = asyncio.run(_once(settings, terms))
    show(as_json, _value(report, limit), _lines(report, limit))
    if report.findings:
        raise typer.Exit(FINDINGS)


async def _once(settings: Settings, terms: dict[str, Any]) -> Report:
    async with auditing(settings) as logs:
        return await Auditor(logs, domain_clock(settings), **terms).run()


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
        yield f"Outcomes before {moment(rfc3339(report.complete_since))} are not kept: nothing is said of them."
    yield from (f"Not compared: {text}." for text in report.unknown)
    for finding in report.findings[:limit]:
        yield f"{finding.kind}  {finding.lead_id or '-'}  partition {finding.partition}"
        yield f"  since {moment(rfc3339(finding.since))}: {finding.what}"
        if finding.command:
            yield f"  {finding.command}"
    if len(report.findings) > limit:
        yield f"... and {len(report.findings) - limit} more"
    found = ", ".join(f"{count} {kind}" for kind, count in report.counts.items() if count)
    yield f"Findings: {found}." if found else "Nothing is wrong."
