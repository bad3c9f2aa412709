"""The one place that wires everything. Nothing connects, reads the environment or starts a task at import."""

from __future__ import annotations

import asyncio
import gc
import logging
import sys
import time
from collections.abc import Callable, Collection
from contextlib import AsyncExitStack, suppress

from . import __version__
from .acts import Acts
from .claims import ClaimLinks
from .clock import DISTRUST, Clock, WallClock, monotonic
from .core import assign, attempts, match, notifications, relay, succession, track
from .core.effects import Log, Send
from .core.lead import OPEN_NUMBERS, OPEN_TESTS
from .core.mailbox import DIGEST
from .core.queue import GIVE_UP
from .core.rules import HOUR, Rules
from .core.stuck import tell_head
from .errors import Misconfigured, Problem, SlaMonitorError, Unavailable
from .in_force import apply_rules, follow_rules, newest_rules
from .keys import KeyRing
from .logs import KEYED, Embedded, Logs, serving
from .metrics import DECIDING, SERVING, Metrics, Snapshot
from .metrics.catalogue import Group
from .notify.address import to_one
from .notify.channels import Registry, registry
from .notify.provider import Provider
from .notify.render import Button, Link, no_link
from .notify.sender import Sender
from .notify.webhook_channel import Webhooks
from .pacemaker import Pacemaker
from .private import make_directory, make_file
from .scrape import Scraped
from .secret import claim_links, secrets_of
from .settings import Settings
from .stream.app import Broker, Worker
from .stream.embedded import DirectoryLock, EmbeddedLog, Retention, transport
from .stream.folding import Role
from .stream.status import State
from .web.access import Access, Proxies
from .web.context import Secrets, Web
from .web.limits import Limits
from .web.server import Server
from .web.sessions import Sessions

logger = logging.getLogger(__name__)


ROLES = (
    Role(Log.PHONES, lambda: match.REDUCER),
    Role(
        Log.EVENTS,
        lambda: track.REDUCER,
        recheck=lambda header: header.status in OPEN_NUMBERS | OPEN_TESTS,
        still=succession.may_concern,
        on_stuck=tell_head,
        waiting=OPEN_NUMBERS,
    ),
    Role(Log.DESK, assign.Desk),
    Role(
        Log.NOTIFICATIONS,
        lambda: notifications.REDUCER,
        recheck=lambda header: header.status in (attempts.PENDING, relay.RELAYING),
        waiting=frozenset({attempts.PENDING}),
    ),
)

GC_THRESHOLD = 50_000
"""New objects between two looks for cycles. A step keeps thousands until it is committed, and makes no cycles: to look
every 700, as Python does by itself, took a fifth of the processor's time."""
SWITCH = 0.0005
"""Seconds that a thread of ours may keep the others from running, once they want to. A decision takes a dozen steps,
each of which waits for a thread; beside a scrape, which takes 0.1 s, 5 ms for each, Python's own, made timers late."""

CLOCK_POLL = 1.0
"""Seconds between two looks for a jump of the clock, or for a loop that comes late."""


def domain_clock(settings: Settings) -> WallClock:
    """The domain's clock. A compressed one begins once a data directory, so that it goes on after a restart."""
    if settings.clock_speed == 1:
        return WallClock()
    path = settings.data_dir / "clock-origin"
    try:
        make_directory(path.parent)
        make_file(path, repr(time.time()).encode())
        return WallClock(settings.clock_speed, float(path.read_text()))
    except OSError as error:
        raise Unavailable(f"{path} cannot be used: {error.strerror}") from error
    except ValueError:
        raise Misconfigured([Problem(str(path), "", "holds no time; name another SLA_DATA_DIR")]) from None


async def watch_clock(clock: Clock, metrics: Metrics) -> None:
    """Log and count each jump of the clock, until cancelled (R8)."""
    seen = 0
    while True:
        while seen < clock.jumped():
            seen += 1
            metrics.clock_jumped()
            logger.warning("the clock jumped ahead: timers wait until %.0f s have run without another", DISTRUST)
        await asyncio.sleep(CLOCK_POLL)


async def watch_loop(metrics: Metrics) -> None:
    """Measure by how much the event loop comes late, until cancelled."""
    while True:
        due = monotonic() + CLOCK_POLL
        await asyncio.sleep(CLOCK_POLL)
        metrics.loop_lag(max(monotonic() - due, 0))


def tune() -> None:
    """Set up Python for a process that decides."""
    gc.set_threshold(GC_THRESHOLD)
    sys.setswitchinterval(SWITCH)


def metrics_of(settings: Settings, rules: Rules, keys: KeyRing, groups: Collection[Group] = DECIDING) -> Metrics:
    return Metrics(__version__, rules, keys.names, groups=groups, by_manager=settings.metrics_managers)


def channels_of(settings: Settings, clock: Clock, claims: ClaimLinks | None = None) -> Registry:
    """The channels of notices. claims: by which a button takes a lead; none without. Raises Misconfigured."""
    telegram, slack = (
        Provider(url, settings.reveal(f"{name}_token"), buttons=settings.is_set(f"{name}_secret"))
        for name, url in (("telegram", settings.telegram_url), ("slack", settings.slack_url))
    )
    return registry(settings.data_dir, clock, telegram, slack, buttons_of(claims) if claims else no_link)


def links_of(claims: ClaimLinks) -> Link:
    """By which link a manager takes the lead of a notice, as long as that is tried.

    What others may read leads to the lead on the board, a digest to the board.
    """

    def link(notice: Send) -> str | None:
        if notice.kind == DIGEST:
            return claims.board
        if not to_one(notice.channel):
            return claims.on_board(notice.lead_id)
        return claims.url(notice.lead_id, notice.turn, notice.manager_id, notice.at + GIVE_UP)

    return link


def buttons_of(claims: ClaimLinks) -> Button:
    """By which button in Telegram a manager takes the lead of a notice."""

    def button(notice: Send) -> str | None:
        return claims.button(notice.lead_id, notice.turn, notice.manager_id)

    return button


class Up:
    """Everything in one process on the embedded log: `sla-monitor up`.

    rules: to put into force at the start; None leaves what was applied last. `before`: the policy until then.
    """

    def __init__(self, settings: Settings, rules: Rules | None, keys: KeyRing, clock: Clock | None = None) -> None:
        self._lock = DirectoryLock(settings.database.parent)
        self.settings, self.clock = settings, clock or domain_clock(settings)
        self.embedded = Embedded.open(settings)
        self.claims = claim_links(settings, self.clock)
        self._wanted, self.rules, self.before = rules, rules or Rules(), Rules()
        self.metrics = metrics_of(settings, self.rules, keys)
        channels, link = channels_of(settings, self.clock, self.claims), links_of(self.claims)
        sender = Sender(channels, self.clock, self.metrics.notification, link)
        webhooks = Webhooks(self.clock, self.metrics.notification)
        self._acts = Acts(self.metrics, sender, webhooks, lambda: self.rules, self.clock)
        self._worker = self._make_worker()
        self.server = make_server(
            settings, self.embedded, self.clock, keys, self.claims, lambda: self.rules, self.metrics, self._unready
        )
        self._chores: list[asyncio.Task[None]] = []

    def _make_worker(self) -> Worker:
        def prepare(app: object) -> None:
            app.embedded = self.embedded.file  # type: ignore[attr-defined]

        transport.register()
        broker = Broker(f"sqlite:///{self.settings.database}", prepare)
        log = EmbeddedLog(self.embedded.file, self.embedded.topics)
        prefix = self.settings.topic_prefix
        return Worker(broker, log, ROLES, prefix=prefix, clock=self.clock, observer=self._acts)

    async def start(self) -> None:
        """Return when events are taken; partitions open beside it."""
        tune()
        self.before = await newest_rules(self.embedded)
        await self.change_policy(self._wanted or self.before)
        owned = {str(log): 1 for log in KEYED}
        self.metrics.watch(Scraped(self._worker, owned, lambda: self.rules, self.clock, self._unready).snapshot)
        await self._worker.start()
        await self.server.start()
        following = follow_rules(self.embedded, lambda: self.rules, self._adopt)
        pacemaker = Pacemaker(self.embedded, self.clock, self.metrics, self.settings.heartbeat / 1000)
        watching = watch_clock(self.clock, self.metrics), watch_loop(self.metrics)
        chores = self._keep_house(), following, pacemaker.run(), *watching
        self._chores = [asyncio.create_task(chore) for chore in chores]

    async def change_policy(self, rules: Rules) -> bool:
        """Put a policy into force if it says anything new; whether it did."""
        newest, changed = await apply_rules(self.embedded, rules, self.clock.now())
        self._adopt(newest)
        return changed

    def _adopt(self, rules: Rules) -> None:
        self.rules = rules
        self.metrics.know(rules)

    async def wait(self) -> None:
        """Until stopped; raises what the process must end for."""
        await self._worker.wait()

    async def stop(self) -> None:
        for chore in self._chores:
            chore.cancel()
        await self.server.stop()
        await self._worker.stop()
        await self._acts.close()
        self.embedded.close()
        self._lock.close()

    def _unready(self) -> list[str]:
        """Why not to rely on this process now; empty when all is well."""
        reasons = [] if self.clock.trusted() else ["the clock jumped; timers wait"]
        owners = {owner.role.log: owner.status().state for owner in self._worker.owners.values()}
        for log in KEYED:
            state = owners.get(log, State.OPENING)
            if state is not State.RUNNING:
                reasons.append(f"{log} is {state}")
        return reasons + self.embedded.unready()

    async def _keep_house(self) -> None:
        """Delete what is too old, and keep the write-ahead log short."""
        retention = Retention(self.embedded.file)
        while True:  # at the start too: a process that never lives for an hour keeps house as well
            for topic in self.embedded.topics:
                with suppress(SlaMonitorError):
                    await self._retain(retention, topic)
            with suppress(SlaMonitorError):
                await retention.checkpoint()
            await asyncio.sleep(HOUR / 1000)

    async def _retain(self, retention: Retention, topic: str) -> None:
        settings, log = self.settings, topic.removeprefix(self.settings.topic_prefix)
        keep = {Log.OUTCOMES: settings.outcomes_retention, Log.DEAD_LETTERS: settings.dead_letters_retention}
        span = keep.get(Log(log), settings.events_retention)
        await retention.retain(topic, span, self.clock.now(), consumed=log in KEYED)


class WebOnly:
    """Ingest, views and board without decisions: beside an embedded `up`, running or down, and on Kafka."""

    def __init__(self, settings: Settings, rules: Rules, keys: KeyRing) -> None:
        self.clock = domain_clock(settings)
        self.rules = rules
        self._settings, self._keys = settings, keys
        self._metrics = metrics_of(settings, rules, keys, SERVING)
        self._opened = AsyncExitStack()
        self._chores: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Return when events are taken; on Kafka rows are read beside it. Raises Misconfigured, Unavailable."""
        self._logs = await self._opened.enter_async_context(serving(self._settings))
        claims, unready = claim_links(self._settings, self.clock), self._logs.unready
        self.server = make_server(
            self._settings, self._logs, self.clock, self._keys, claims, lambda: self.rules, self._metrics, unready
        )
        self._opened.push_async_callback(self.server.stop)
        self._metrics.watch(lambda: Snapshot(ready=not self._logs.unready()))
        await self.server.start()
        pacemaker = Pacemaker(self._logs, self.clock, self._metrics, self._settings.heartbeat / 1000)
        self._chores = [asyncio.create_task(chore) for chore in (pacemaker.run(), watch_loop(self._metrics))]

    async def wait(self) -> None:
        """Follow the policy in force until cancelled. Raises LogLost."""
        await follow_rules(self._logs, lambda: self.rules, self._adopt)

    async def stop(self) -> None:
        for chore in self._chores:
            chore.cancel()
        await self._opened.aclose()

    def _adopt(self, rules: Rules) -> None:
        self.rules = rules
        self._metrics.know(rules)


def make_server(
    settings: Settings,
    logs: Logs,
    clock: Clock,
    keys: KeyRing,
    claims: ClaimLinks,
    rules: Callable[[], Rules],
    metrics: Metrics,
    unready: Callable[[], list[str]],
) -> Server:
    """The web layer on some logs, within the limits of the settings."""
    limits = Limits(
        event=settings.event_bytes,
        batch=settings.batch_bytes,
        batch_events=settings.batch_events,
        depth=settings.json_depth,
        head_seconds=settings.header_deadline / 1000,
        body_seconds=settings.body_deadline / 1000,
        shutdown_seconds=settings.stop_deadline / 2000,
    )
    access = Access(
        sessions=Sessions(clock, secrets_of(settings), secure=(settings.public_url or "").startswith("https:")),
        keys=keys,
        proxies=Proxies(settings.proxy_header or "", settings.trusted_proxies),
        public_url=settings.public_url,
    )
    context = Web(
        inbox=logs.inbox,
        reader=logs.reader,
        clock=clock,
        rules=rules,
        unready=unready,
        metrics=metrics,
        access=access,
        claims=claims,
        prefix=logs.prefix,
        limits=limits,
        secrets=Secrets(
            telegram=settings.reveal("telegram_secret"),
            slack=settings.reveal("slack_secret"),
            slack_hooks=("https://hooks.slack.com/", f"{settings.slack_url}/"),
        ),
    )
    return Server(context, settings.listen.host, settings.listen.port)
