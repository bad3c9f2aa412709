"""The commands. Human output on a terminal, JSON with `--json` or when piped where a command says so.

Exit codes: 0 fine, 1 findings, 2 usage or configuration, 3 unreachable.
"""

from __future__ import annotations

import asyncio
import logging
import signal
import sys
from collections.abc import Callable, Sequence
from typing import Annotated, NoReturn

import typer

from . import __version__
from .bootstrap import Up, WebOnly
from .clock import today
from .commands import audit, check, dead_letters, deadman, explain, ignored, keys, report, rules, topics, webhooks
from .commands import policy as policy_commands
from .commands.greeting import EXAMPLE_DATA, greeting, strangers
from .commands.options import FINDINGS, UNREACHABLE, USAGE, DataDir, Listen, PolicyFile
from .commands.stopping import until_stopped
from .core.rules import Rules
from .demo.command import demo
from .errors import InUse, LogLost, Misconfigured, Problem, SlaMonitorError, Unavailable
from .kafka_worker import KafkaWorker
from .keys import KeyRing, read_keys
from .log_lines import configure_logging
from .notify import channels
from .policy import example_rules, read_rules
from .settings import Settings, read_settings

app = typer.Typer(
    name="sla-monitor",
    help="Watches every lead's response time, and hands it on when nobody reacted.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


def main(args: Sequence[str] | None = None) -> NoReturn:
    """Run a command; every error raised on purpose becomes its message and an exit code."""
    try:
        app(args)
    except (Misconfigured, InUse) as error:
        fail(error, USAGE)
    except (Unavailable, LogLost) as error:
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


def rules_of(settings: Settings) -> Rules | None:
    """The rules of the policy file; None where the settings name none. Raises Misconfigured."""
    return read_rules(settings.policy, today(), channels.check) if settings.policy else None


def keys_of(settings: Settings) -> KeyRing:
    return read_keys(settings.keys) if settings.keys else KeyRing()


@app.command()
def up(
    listen: Listen = None,
    data_dir: DataDir = None,
    policy: PolicyFile = None,
    example: Annotated[bool, typer.Option("--example", help="Run on the built-in example policy.")] = False,
) -> None:
    """Run everything in one process on the embedded log.

    A policy file that says anything new comes into force, at the start and on SIGHUP. Without one, what was applied
    last stays in force. --example keeps its log in sla-data-example, unless another place is named.
    """
    settings = read_settings({"listen": listen, "data_dir": data_dir, "policy": policy})
    if example and settings.policy:
        raise Misconfigured([Problem("--example", "", "cannot be used with SLA_POLICY; leave one of them out")])
    if example and not settings.model_fields_set & {"data_dir", "broker"}:
        settings = read_settings({"listen": listen, "data_dir": EXAMPLE_DATA})
    configure_logging()
    read = (lambda: example_rules(today())) if example else (lambda: rules_of(settings))
    asyncio.run(run_up(settings, read))


async def run_up(settings: Settings, read: Callable[[], Rules | None]) -> None:
    rules, keys = read(), keys_of(settings)
    system = Up(settings, rules, keys)
    loop = asyncio.get_running_loop()

    async def serve() -> None:
        await system.start()
        loop.add_signal_handler(signal.SIGHUP, lambda: asyncio.ensure_future(reload(system, read)))
        typer.echo("\n".join(greeting(system, keys, named=rules is not None)))
        await system.wait()

    await until_stopped(serve(), system.stop, settings.stop_deadline / 1000)


async def reload(system: Up, read: Callable[[], Rules | None]) -> None:
    """SIGHUP: put the policy file into force if it says anything new; a bad one changes nothing."""
    log = logging.getLogger("sla_monitor")
    try:
        rules = read()
        changed = rules is not None and await system.change_policy(rules)
    except SlaMonitorError as error:
        log.error("the policy stays as it is: %s", error)  # noqa: TRY400 - its message says all
    else:
        log.info("the policy is %s", f"now version {system.rules.version}" if changed else "as before")


@app.command()
def web(listen: Listen = None, data_dir: DataDir = None, policy: PolicyFile = None) -> None:
    """Take events and show views without deciding anything.

    Beside an `up` that runs or is down and, on Kafka, beside workers; as many of these as you like.
    """
    settings = read_settings({"listen": listen, "data_dir": data_dir, "policy": policy})
    configure_logging()
    asyncio.run(run_web(settings))


async def run_web(settings: Settings) -> None:
    keys = keys_of(settings)
    system = WebOnly(settings, rules_of(settings) or Rules(), keys)

    async def serve() -> None:
        await system.start()
        typer.echo(
            "\n".join((f"sla-monitor {__version__} takes events on {system.server.url}", *strangers(settings, keys)))
        )
        await system.wait()

    await until_stopped(serve(), system.stop, settings.stop_deadline / 1000)


@app.command()
def worker(listen: Listen = None, policy: PolicyFile = None) -> None:
    """Decide, on Kafka: as many of these as you like share the partitions. Serves probes and metrics only.

    A policy file comes into force with the first worker that has it, where none was applied yet.
    """
    settings = read_settings({"listen": listen, "policy": policy})
    if settings.servers is None:
        raise Misconfigured([Problem("SLA_BROKER", "", "must be kafka://host:port; on one machine use `up`")])
    configure_logging()
    asyncio.run(run_worker(settings))


async def run_worker(settings: Settings) -> None:
    system = KafkaWorker(settings, rules_of(settings), keys_of(settings))

    async def serve() -> None:
        await system.start()
        typer.echo(f"sla-monitor {__version__} worker, probes and metrics on {system.url}")
        await system.wait()

    await until_stopped(serve(), system.stop, settings.stop_deadline / 1000)


app.command()(demo)
app.add_typer(topics.app, name="topics")
app.command()(check.check)
app.add_typer(policy_commands.app, name="policy")
app.add_typer(keys.app, name="keys")
app.command()(explain.explain)
app.command()(ignored.ignored)
app.command()(audit.audit)
app.command()(deadman.deadman)
app.command("report")(report.show_report)
app.add_typer(dead_letters.app, name="dead-letters")
app.command()(rules.rules)
app.add_typer(webhooks.app, name="webhooks")
