"""docs/commands.md: every command with its arguments and options, from the definitions that read them."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import Any

import typer

INTRODUCTION = """\
# Commands

Settings come from the environment ([settings.md](settings.md)); an option wins over its variable. Answers are text on a
terminal and JSON elsewhere, or as `--json` and `--no-json` say. The commands that look at the logs work on a data
directory and on Kafka, as SLA_BROKER says, beside what runs and while nothing runs. Exit codes: 0 fine, 1 findings,
2 usage or configuration, 3 the data directory or the brokers cannot be used. Written by `python -m tests.docs`.
"""


def commands_markdown(app: typer.Typer) -> str:
    """The whole page."""
    return "\n".join([INTRODUCTION, *_sections("sla-monitor", typer.main.get_command(app))])


def _sections(path: str, command: Any) -> Iterator[str]:
    """Those of a command, or of every command of a group."""
    group = getattr(command, "commands", None)
    if group is None:
        yield _section(path, command)
        return
    for name, inner in group.items():
        yield from _sections(f"{path} {name}", inner)


def _section(path: str, command: Any) -> str:
    arguments = [param for param in command.params if param.param_type_name == "argument"]
    usage = " ".join([path, *(_named(argument) for argument in arguments)])
    rows = [f"| {_shown(param)} | {param.help} |" for param in command.params if param.name != "help"]
    table = ["| | |", "|---|---|", *rows, ""] if rows else []
    return "\n".join([f"## `{usage}`", "", inspect.cleandoc(command.help), "", *table])


def _named(argument: Any) -> str:
    """An argument as it stands in the usage."""
    name = (argument.metavar or argument.name).upper()
    return (name if argument.required else f"[{name}]") + ("..." if argument.nargs == -1 else "")


def _shown(param: Any) -> str:
    if param.param_type_name == "argument":
        return f"`{_named(param)}`"
    names = ", ".join(f"`{name}`" for name in (*param.opts, *param.secondary_opts))
    default = param.default if isinstance(param.default, int | float | str) else None
    return f"{names}, {default} if left out" if default else names
