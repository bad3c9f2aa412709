"""`python -m tests.dashboards.preview`: ask a Prometheus all that the dashboards ask, and draw the answers."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import typer

from sla_monitor.clock import WallClock
from tests.dashboards.files import SHEETS
from tests.dashboards.scenario import watched

from .asking import Answer, Prometheus, Span
from .drawing import page

Url = Annotated[str | None, typer.Argument(help="Of a Prometheus that scrapes the monitor; without, a made-up hour.")]
Seconds = Annotated[int, typer.Option(help="How long the made-up hour lasts.")]
Minutes = Annotated[int, typer.Option(help="How much the dashboards show.")]
Scrape = Annotated[int, typer.Option(help="Seconds between two scrapes.")]
Pages = Annotated[Path | None, typer.Option(help="Draw each dashboard into this directory, as a page.")]


def main(
    url: Url = None, minutes: Minutes = 60, scrape: Scrape = 15, seconds: Seconds = 90, pages: Pages = None
) -> None:
    """Say what is wrong and what is empty; exit 1 if anything is wrong."""
    if url is not None:
        sys.exit(ask(Prometheus(url), minutes * 60, scrape, pages))
    with TemporaryDirectory() as directory, watched(Path(directory), seconds) as ops:
        sys.exit(ask(Prometheus(ops.url), seconds + 5, 1, pages))


def ask(prometheus: Prometheus, seconds: int, scrape: int, pages: Path | None) -> bool:
    """Whether anything was wrong."""
    span = Span(WallClock().now() / 1000, seconds, scrape)
    answers = [answer for sheet in SHEETS.values() for answer in prometheus.answers(sheet, span)]
    typer.echo("\n".join(report(answers)))
    if pages:
        pages.mkdir(parents=True, exist_ok=True)
        for name, sheet in SHEETS.items():
            (pages / f"{Path(name).stem}.html").write_text(page(sheet, prometheus, span))
    return any(answer.error for answer in answers)


def report(answers: list[Answer]) -> Iterator[str]:
    for answer in answers:
        if answer.error:
            yield f"wrong  {answer.question.where}: {answer.error}"
        elif not answer.series:
            yield f"empty  {answer.question.where}: {answer.question.expr}"
    yield f"{len(answers)} queries, {sum(not answer.series for answer in answers)} without an answer"


if __name__ == "__main__":
    typer.run(main)
