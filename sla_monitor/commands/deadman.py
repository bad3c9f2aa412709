"""`sla-monitor deadman`: a dead man's switch for the monitoring, on a host of its own."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from sla_monitor import __version__
from sla_monitor.bootstrap import channels_of
from sla_monitor.clock import WallClock
from sla_monitor.core.rules import SECOND
from sla_monitor.deadman import Deadman, Ear, Memory, Voice
from sla_monitor.errors import Misconfigured, Problem
from sla_monitor.log_lines import configure_logging
from sla_monitor.notify.address import shown
from sla_monitor.notify.channels import check
from sla_monitor.notify.render import Message
from sla_monitor.settings import Settings, read_settings
from sla_monitor.values import duration_text

from .options import FINDINGS, span
from .stopping import until_stopped

logger = logging.getLogger(__name__)

LISTEN = "127.0.0.1:9099"

Notify = Annotated[
    list[str] | None, typer.Option(help="A channel address, as in a policy's `notify`; may be repeated.")
]
NotifyFile = Annotated[
    Path | None, typer.Option(help="A file with more of them, one a line: most addresses are secrets.")
]
Silence = Annotated[str, typer.Option(help="How long there may be no sign.")]
Again = Annotated[str, typer.Option(help="How often silence is told again while it lasts.")]
Listen = Annotated[str, typer.Option(help="host:port of HTTP.")]
TokenFile = Annotated[Path | None, typer.Option(help="A file with the bearer token that signs need.")]
DataDir = Annotated[Path | None, typer.Option(help="Where the last sign is kept, instead of SLA_DATA_DIR.")]
Test = Annotated[bool, typer.Option("--test", help="Send a message to each address, and end.")]


def deadman(
    notify: Notify = None,
    notify_file: NotifyFile = None,
    silence: Silence = "6m",
    again: Again = "1h",
    listen: Listen = LISTEN,
    token_file: TokenFile = None,
    data_dir: DataDir = None,
    test: Test = False,
) -> None:
    """Speak when the monitoring has fallen silent: run it on another host than Prometheus and Alertmanager.

    A sign is a POST of Alertmanager's webhook, to any path, in which SlaWatchdog fires, or a GET or POST of /ping.
    A message that cannot be sent is tried again; the last sign is known again after a restart.
    """
    settings = read_settings({"listen": listen, "data_dir": data_dir})
    spans = {"silence": span("--silence", silence, SECOND), "again": span("--again", again, SECOND)}
    addresses = _addresses(notify or [], notify_file)
    token = _secret("--token-file", token_file) if token_file else None
    configure_logging()
    if test:
        asyncio.run(_test(settings, addresses))
    else:
        asyncio.run(_watch(settings, addresses, token, spans))


def _addresses(named: Sequence[str], file: Path | None) -> list[str]:
    """Raises Misconfigured with every mistake; no address is shown."""
    lines = _secret("--notify-file", file).splitlines() if file else []
    said = [("--notify", address) for address in named]
    said += [(str(file), line.strip()) for line in lines if line.strip() and not line.lstrip().startswith("#")]
    mistakes = [Problem(place, "", wrong) for place, address in said if (wrong := check(address))]
    if not said:
        mistakes = [Problem("--notify", "", "names nobody to speak to; give an address, or --notify-file")]
    if mistakes:
        raise Misconfigured(mistakes)
    return [address for _, address in said]


def _secret(option: str, path: Path) -> str:
    """What a file holds. Raises Misconfigured."""
    try:
        found = path.read_text(errors="replace").strip()
    except OSError as error:
        message = f"cannot be read: {error.strerror}; name a file that this user may read"
        raise Misconfigured([Problem(option, str(path), message)]) from None
    if not found:
        raise Misconfigured([Problem(option, str(path), "is empty")])
    return found


def _voice(settings: Settings, addresses: Sequence[str]) -> Voice:
    return Voice(addresses, channels_of(settings, WallClock()))


async def _test(settings: Settings, addresses: Sequence[str]) -> None:
    """Exit code 1 when one of them was not told."""
    voice = _voice(settings, addresses)
    message = Message("sla-monitor: a test", "The dead man's switch would speak like this. Nothing is wrong.")
    results = await voice.try_all(f"test:{WallClock().now()}", message)
    await voice.close()
    for place, failure in results.items():
        typer.echo(f"{place}: {failure or 'told'}")
    if any(results.values()):
        raise typer.Exit(FINDINGS)


async def _watch(settings: Settings, addresses: Sequence[str], token: str | None, spans: dict[str, int]) -> None:
    voice = _voice(settings, addresses)
    switch = Deadman(WallClock(), Memory(settings.data_dir), voice, **spans)
    ear = Ear(switch.sign, switch.status, token)

    async def work() -> None:
        await ear.start(*settings.listen)
        typer.echo(f"sla-monitor {__version__} dead man's switch on {ear.url}")
        _announce(addresses, spans, guarded=token is not None or settings.listen.loopback)
        await switch.run()

    async def stop() -> None:
        await ear.stop()
        await voice.close()

    await until_stopped(work(), stop, settings.stop_deadline / 1000)


def _announce(addresses: Sequence[str], spans: dict[str, int], *, guarded: bool) -> None:
    silence, again = (duration_text(spans[name]) for name in ("silence", "again"))
    told = ", ".join(map(shown, addresses))
    logger.info("tells %s after %s without a sign, every %s again, and when signs come back", told, silence, again)
    if not guarded:
        logger.warning("whoever reaches this address can keep the switch quiet: give it a --token-file")
