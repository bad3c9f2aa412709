"""The commands. Human output on a terminal, JSON with `--json` or when piped where a command says so.

Exit codes: 0 fine, 1 findings, 2 usage or configuration, 3 unreachable.
"""

from __future__ import annotations

import asyncio
import logging
import signal
import sys
from collections.abc import Awaitable, Callable, Coroutine
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer

from . import __version__
from .bootstrap import Up, WebOnly
from .core.rules import Rules
from .errors import InUse, Misconfigured, Problem, SlaMonitorError, Unavailable
from .keys import KeyRing, read_keys
from .policy import default_rules, example_rules, read_rules
from .settings import Settings, read_settings

FINDINGS, USAGE, UNREACHABLE = 1, 2, 3

app = typer.Typer(
    name="sla-monitor",
    help="Watches every lead's response time, and hands it on when nobody reacted.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

Listen = Annotated[str | None, typer.Option(help="host:port of HTTP, instead of SLA_LISTEN.")]
DataDir = Annotated[Path | None, typer.Option(help="Where the log is kept, instead of SLA_DATA_DIR.")]
Policy = Annotated[Path | None, typer.Option(help="The policy file, instead of SLA_POLICY.")]


def main() -> NoReturn:
    """Run a command; every error raised on purpose becomes its message and an exit code."""
    try:
        app()
    except (Misconfigured, InUse) as error:
        fail(error, USAGE)
    except Unavailable as error:
        fail(error, UNREACHABLE)
    except SlaMonitorError as error:
        fail(error, FINDINGS)
    sys.exit(0)


def fail(error: Exception, code: int) -> NoReturn:
    typer.secho(str(error), err=True, fg=typer.colors.RED)
    sys.exit(code)


@app.callback(invoke_without_command=True)
def version(show: Annotated[bool, typer.Option("--version", help="Print the version.")] = False) -> None:
    if show:
        typer.echo(__version__)
        raise typer.Exit


def today() -> Any:
    return datetime.now(UTC).date()


def rules_of(settings: Settings) -> Rules:
    """The rules of the policy file that the settings name. Raises Misconfigured."""
    return read_rules(settings.policy, today()) if settings.policy else default_rules()


def keys_of(settings: Settings) -> KeyRing:
    return read_keys(settings.keys) if settings.keys else KeyRing()


@app.command()
def up(
    listen: Listen = None,
    data_dir: DataDir = None,
    policy: Policy = None,
    example: Annotated[bool, typer.Option("--example", help="Run on the built-in example policy.")] = False,
) -> None:
    """Run everything in one process on the embedded log."""
    settings = read_settings({"listen": listen, "data_dir": data_dir, "policy": policy})
    if example and settings.policy:
        raise Misconfigured([Problem("--example", "", "cannot be used with SLA_POLICY; leave one of them out")])
    configure_logging()
    read = (lambda: example_rules(today())) if example else (lambda: rules_of(settings))
    asyncio.run(run_up(settings, read))


async def run_up(settings: Settings, read: Callable[[], Rules]) -> None:
    system = Up(settings, read(), keys_of(settings))
    await system.start()
    typer.echo(greeting(system))
    asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, lambda: asyncio.ensure_future(reload(system, read)))
    await until_stopped(system.wait(), system.stop)


async def reload(system: Up, read: Callable[[], Rules]) -> None:
    """SIGHUP: put the policy file into force if it says anything new; a bad one changes nothing."""
    log = logging.getLogger("sla_monitor")
    try:
        changed = await system.change_policy(read())
    except SlaMonitorError as error:
        log.error("the policy stays as it is: %s", error)  # noqa: TRY400 - its message says all
    else:
        log.info("the policy is %s", f"now version {system.rules.version}" if changed else "as before")


def greeting(system: Up) -> str:
    """What somebody sees who has just started it."""
    url, rules = system.server.url, system.rules
    lines = [f"sla-monitor {__version__} on {url}  (board {url}/, metrics {url}/metrics)"]
    if system.clock.speed != 1:
        lines.append(f"The clock runs {system.clock.speed:g} times as fast as real time.")
    if not rules.managers:
        lines.append("There is nobody to reassign to: name managers in a policy file (SLA_POLICY), or try --example.")
    lines += [f"Team {t.id}: {', '.join(t.managers)}; head {t.head or 'nobody'}." for t in rules.teams.values()]
    lines.append(f"Notices to log:// are written to {system.settings.data_dir / 'notifications.log'}")
    lines += ["Send a lead:", curl(url)]
    return "\n".join(lines)


def curl(url: str) -> str:
    return (
        f"  curl -i {url}/v1/events -H 'Content-Type: application/cloudevents+json' -d "
        '\'{"specversion":"1.0","id":"1","source":"/crm","type":"lead.created.v1",'
        '"time":"\'"$(date -u +%Y-%m-%dT%H:%M:%SZ)"\'","data":{"lead_id":"L-1"}}\''
    )


@app.command()
def web(listen: Listen = None, data_dir: DataDir = None, policy: Policy = None) -> None:
    """Take events and show views without deciding anything, beside an `up` that runs or is down."""
    settings = read_settings({"listen": listen, "data_dir": data_dir, "policy": policy})
    configure_logging()
    asyncio.run(run_web(settings))


async def run_web(settings: Settings) -> None:
    system = WebOnly(settings, rules_of(settings), keys_of(settings))
    await system.start()
    typer.echo(f"sla-monitor {__version__} takes events on {system.server.url}")
    await until_stopped(system.wait(), system.stop)


async def until_stopped(work: Coroutine[Any, Any, None], stop: Callable[[], Awaitable[None]]) -> None:
    """Wait for SIGTERM, Ctrl-C or the end of the work; then stop in order. Raises what the work ended with."""
    loop, asked = asyncio.get_running_loop(), asyncio.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, asked.set)
    working = asyncio.ensure_future(work)
    waiting = asyncio.ensure_future(asked.wait())
    await asyncio.wait({working, waiting}, return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    await stop()
    if working.done():
        working.result()
    working.cancel()


def configure_logging() -> None:
    """One line a message on standard error, without what libraries say of their daily work."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    for name in ("faust", "mode", "aiokafka", "aiohttp.access"):
        logging.getLogger(name).setLevel(logging.WARNING)
