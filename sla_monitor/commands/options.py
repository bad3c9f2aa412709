"""What the commands share: exit codes, options, and how an answer is shown."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer

from sla_monitor.errors import Misconfigured, Problem
from sla_monitor.values import duration_text, parse_duration

FINDINGS, USAGE, UNREACHABLE = 1, 2, 3
"""Exit codes; 0 is fine."""

Listen = Annotated[str | None, typer.Option(help="host:port of HTTP, instead of SLA_LISTEN.")]
DataDir = Annotated[Path | None, typer.Option(help="Where the log is kept, instead of SLA_DATA_DIR.")]
PolicyFile = Annotated[Path | None, typer.Option("--policy", help="The policy file, instead of SLA_POLICY.")]
Json = Annotated[
    bool | None, typer.Option("--json/--no-json", help="JSON or text. If left out: text on a terminal, JSON elsewhere.")
]


def show(as_json: bool | None, value: Any, lines: Iterable[str]) -> None:
    """Print an answer: `value` as JSON for programs, `lines` for people."""
    if as_json or (as_json is None and not sys.stdout.isatty()):
        typer.echo(json.dumps(value, indent=2, ensure_ascii=False))
        return
    for line in lines:
        typer.echo(printable(line))


def printable(text: str) -> str:
    """What events bring may hold control characters, which a terminal would obey."""
    return "".join(letter if letter.isprintable() else "�" for letter in text)


def span(option: str, text: str, least: int = 0) -> int:
    """A span that an option names, ms. Raises Misconfigured."""
    try:
        found = parse_duration(text)
    except ValueError as error:
        raise Misconfigured([Problem(option, text, str(error))]) from None
    if found < least:
        raise Misconfigured([Problem(option, text, f"must be at least {duration_text(least)}")])
    return found


def refuse(message: str, code: int = FINDINGS) -> NoReturn:
    """Say why there is no answer, and end with the exit code."""
    typer.secho(printable(message), err=True, fg=typer.colors.RED)
    raise typer.Exit(code)


def moment(at: str) -> str:
    """An instant of RFC 3339 in UTC as people read it."""
    return at.replace("T", " ").removesuffix("Z")
