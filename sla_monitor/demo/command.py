"""The command `sla-monitor demo`."""

from __future__ import annotations

import asyncio
import json
import logging
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import typer
from rich.console import Console

from .run import run_demo

Seconds = Annotated[int, typer.Option(min=1, max=600, help="How long it lasts; Ctrl-C ends it at once.")]
Json = Annotated[bool, typer.Option("--json", help="Print the summary as JSON, and the rest on standard error.")]

NEXT = "Run it for real: sla-monitor up --example"


def demo(seconds: Seconds = 120, as_json: Json = False) -> None:
    """Show a morning of leads and calls in two minutes, on a small team and a clock 60 times as fast."""
    console = Console(stderr=as_json)
    with TemporaryDirectory(prefix="sla-monitor-demo-") as directory:
        log_to(Path(directory) / "demo.log")
        summary = asyncio.run(run_demo(Path(directory), seconds, console))
    if as_json:
        typer.echo(json.dumps(summary.as_json()))
    else:
        typer.echo("\n".join(("", "The morning in numbers", *summary.lines(), "", NEXT)))


def log_to(path: Path) -> None:
    """The screen belongs to the demo: what is logged goes into a file beside its data."""
    logging.basicConfig(filename=path, level=logging.INFO, force=True)
    logging.captureWarnings(capture=True)
