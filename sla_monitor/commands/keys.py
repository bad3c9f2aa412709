"""`sla-monitor keys`: keys for those who send events, read views or use the board."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from sla_monitor.keys import new_key

app = typer.Typer(help="Keys for those who send events, read views or use the board.", no_args_is_help=True)


@app.callback()
def keys() -> None:
    """Keys for those who send events, read views or use the board."""


@app.command()
def new(
    name: Annotated[str, typer.Argument(help="The name of the source: a metric label, and the key in `sources`.")],
    scope: Annotated[list[str] | None, typer.Option(help="write, read, act or admin; may be repeated.")] = None,
    uri: Annotated[
        list[str] | None, typer.Option(help="A CloudEvents `source` it may write; may be repeated. Any if left out.")
    ] = None,
    manager: Annotated[str | None, typer.Option(help="The manager of the roster whose key it is.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object: name, key, and entry, the line.")] = False,
) -> None:
    """Make a key. It is printed once, with its entry for the file that SLA_KEYS names.

    It may write, unless another --scope is named.
    """
    token, entry = new_key(name, scope or ["write"], uri or (), manager)
    if as_json:
        typer.echo(json.dumps({"name": name, "key": token, "entry": entry.rstrip()}, indent=2, ensure_ascii=False))
        return
    typer.echo("The key, shown this once; send it as `Authorization: Bearer KEY`:", err=True)
    typer.echo(token)
    typer.echo("Its entry for the file that SLA_KEYS names:", err=True)
    typer.echo(entry, nl=False)
