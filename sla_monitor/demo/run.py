"""The demo: the whole product in a directory of its own, a morning fed through its HTTP, and what is shown of it."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from aiohttp import ClientSession
from rich.console import Console
from rich.live import Live

from sla_monitor.addresses import Listen
from sla_monitor.bootstrap import Up
from sla_monitor.clock import WallClock
from sla_monitor.core.rules import MINUTE, SECOND
from sla_monitor.keys import KeyRing
from sla_monitor.policy import parse_rules
from sla_monitor.settings import Settings, read_settings

from .feed import Feed
from .morning import OPENS, POLICY, SPEED, morning
from .news import News, report
from .people import People
from .table import SPEED_IN_WORDS, Scene
from .tally import Summary, Tally

FRAME = 0.25
"""Seconds between two drawings of the screen."""

LOOK = 0.5
"""Seconds between two looks at the board."""

SETTLE = 15.0
"""Minutes of the morning, so seconds, before its end in which nothing new comes in, so that what runs is answered."""

SHARE_TO_SETTLE = 0.4
"""How much of a short demo that may take at most."""


async def run_demo(directory: Path, seconds: float, console: Console) -> Summary:
    """Run it in an empty directory for some seconds, or until Ctrl-C; what it came to. Raises what `up` ends with."""
    stopped, clock = _stopped_by_signals(), morning_clock()
    system = Up(_settings(directory), parse_rules(POLICY, _day(clock).date()), KeyRing(), clock)
    tally = Tally()
    await system.start()
    try:
        scene = Scene(system.server.url, clock, tally, system.rules, clock.now() + int(seconds * SECOND * SPEED))
        play = _live(scene, console) if _is_screen(console) else _told(scene, console)
        await _until_over(play, system.wait(), stopped, seconds)
    finally:
        await system.stop()
    return tally.summary()


def morning_clock() -> WallClock:
    """The domain's clock, `SPEED` times as fast, that shows `OPENS` o'clock (UTC) of today now."""
    real = WallClock()
    opens = _day(real).replace(hour=OPENS).timestamp()
    # A clock agrees with real time at its origin: that is where the two lines meet.
    return WallClock(SPEED, (SPEED * real.now() / SECOND - opens) / (SPEED - 1))


def _day(clock: WallClock) -> datetime:
    now = datetime.fromtimestamp(clock.now() / SECOND, UTC)
    return now.replace(hour=0, minute=0, second=0, microsecond=0)


def _settings(directory: Path) -> Settings:
    """Nothing of the environment that would lead out of the directory or off this machine."""
    return read_settings(
        {
            "data_dir": directory,
            "broker": f"sqlite:///{directory / 'sla.db'}",
            "listen": Listen("127.0.0.1", 0),
            "clock_speed": SPEED,
        }
    )


def _stopped_by_signals() -> asyncio.Event:
    """Set by Ctrl-C and SIGTERM."""
    stopped = asyncio.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(name, stopped.set)
    return stopped


async def _until_over(
    play: Coroutine[Any, Any, None], work: Coroutine[Any, Any, None], stopped: asyncio.Event, seconds: float
) -> None:
    """Until the time is over or somebody has had enough. Raises what the work or the play ends with before."""
    ends = [asyncio.ensure_future(one) for one in (work, play, stopped.wait())]
    done, rest = await asyncio.wait(ends, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    for end in rest:
        end.cancel()
    await asyncio.wait(ends)
    for end in ends:
        if end in done:
            end.result()


def _is_screen(console: Console) -> bool:
    return console.is_terminal and not console.is_dumb_terminal


async def _live(scene: Scene, console: Console) -> None:
    """On a terminal: a screen that is drawn again and again."""
    with Live(scene, console=console, screen=True, auto_refresh=False) as live:

        async def draw() -> None:
            while True:
                live.refresh()
                await asyncio.sleep(FRAME)

        await _play(scene, lambda _news: None, draw())


async def _told(scene: Scene, console: Console) -> None:
    """Elsewhere: a line for everything that matters."""

    def say(line: object) -> None:
        console.print(str(line), markup=False, highlight=False, soft_wrap=True)

    for line in ("sla-monitor demo: a sales team of four, and a morning of leads and calls.", SPEED_IN_WORDS):
        say(line)
    say(f"board {scene.url}/  metrics {scene.url}/metrics")
    await _play(scene, say)


async def _play(scene: Scene, say: Callable[[News], None], *beside: Coroutine[Any, Any, None]) -> None:
    """Let the morning happen, listen to what comes of it, and look at the board, until cancelled."""
    async with ClientSession() as session, asyncio.TaskGroup() as group:
        feed = Feed(session, scene.url, scene.clock)
        people = People(feed, scene.tally, group.create_task)
        minutes = (scene.ends_at - scene.clock.now()) / MINUTE
        for task in (
            people.live(morning(), until=minutes - min(SETTLE, minutes * SHARE_TO_SETTLE)),
            _listen(feed, scene, people, say),
            _look(feed, scene),
            *beside,
        ):
            group.create_task(task)


async def _listen(feed: Feed, scene: Scene, people: People, say: Callable[[News], None]) -> None:
    async for outcome in feed.outcomes():
        scene.tally.apply(outcome)
        people.hear(outcome)
        news = report(outcome, scene.names)
        if news:
            scene.news.append(news)
            say(news)


async def _look(feed: Feed, scene: Scene) -> None:
    while True:
        scene.board = await feed.board()
        await asyncio.sleep(LOOK)
