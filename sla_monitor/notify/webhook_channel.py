"""Makes one attempt to post an outcome to a webhook, and always says how it ended."""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from http import HTTPStatus

import aiohttp
from aiohttp.abc import AbstractResolver

from sla_monitor import __version__
from sla_monitor.clock import Clock, WallClock, monotonic
from sla_monitor.core.effects import Post
from sla_monitor.core.events import Posted
from sla_monitor.core.relay import GONE, entry
from sla_monitor.core.rules import Rules, Webhook

from .public_net import Names, Refused, connector
from .signature import BadSecret, read_secrets, signatures
from .turns import Turns

logger = logging.getLogger(__name__)

CHANNEL = "webhook"
"""The label of its metrics."""

LATER = frozenset({HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE})
"""Answers whose Retry-After is obeyed."""

EXCERPT = 300
"""Bytes of an answer that are read where a person wants to see them. Nothing of it is read otherwise."""

LEFT = "it is left alone for a while"

HEADERS = {"Content-Type": "application/cloudevents+json", "User-Agent": f"sla-monitor/{__version__}"}

Observe = Callable[[str, str, float], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """How a request ended. status: of HTTP, 0 if there was none. error: None if it was accepted; without secrets.

    retry_after: real seconds that the endpoint wants to be left alone. asked: see `Posted`. said: what it answered,
    if that was wanted.
    """

    status: int = 0
    error: str | None = None
    retry_after: float | None = None
    asked: bool = True
    said: str = ""


class Webhooks:
    """Posts within half of an attempt's limit, half of which may go by in waiting for a turn.

    The limit is the domain's time, like the timer that waits for it; what is signed is real time. names: who resolves
    the hosts.
    """

    def __init__(
        self, clock: Clock, observe: Observe, wall: Clock | None = None, names: AbstractResolver | None = None
    ) -> None:
        self._clock, self._observe, self._wall = clock, observe, wall or WallClock()
        self._turns: defaultdict[tuple[str, int], Turns] = defaultdict(lambda: Turns(self._clock.speed))
        self._sessions: dict[bool, aiohttp.ClientSession] = {}
        self._names = names or Names()

    async def post(self, effect: Post, rules: Rules) -> Posted:
        """Try once. Never raises: whatever goes wrong is the result's error, without secrets."""
        began = monotonic()
        webhook = rules.webhooks.get(effect.webhook)
        answer = Answer(error="is not in the policy", asked=False)
        if webhook is not None:
            answer = await self._in_turn(webhook, effect)
        took = monotonic() - began
        if answer.asked:
            self._observe(CHANNEL, "failed" if answer.error else "sent", took)
            if answer.error:
                logger.warning("webhook %s: %s", effect.webhook, answer.error)
        return Posted(
            webhook=effect.webhook,
            lead_id=effect.lead_id,
            outcome_id=effect.outcome_id,
            attempt=effect.attempt,
            at=self._clock.now(),
            entry=entry(webhook) if webhook else 0,
            status=answer.status,
            error=answer.error,
            retry_after=None if answer.retry_after is None else int(answer.retry_after * 1000 * self._clock.speed),
            asked=answer.asked,
            took=int(took * 1000),
        )

    async def ask(self, webhook: Webhook, message_id: str, body: bytes, limit: float, *, said: bool = False) -> Answer:
        """One signed request, within `limit` real seconds. said: whether what is answered is wanted. Never raises."""
        try:
            secrets = read_secrets(webhook.secret_file)
            async with asyncio.timeout(limit):
                return await self._request(webhook, message_id, body, secrets, said=said)
        except BadSecret as error:
            return Answer(error=str(error))
        except TimeoutError:
            return Answer(error=f"no answer within {limit:g} s")
        except aiohttp.ClientError as error:
            return Answer(error=_reason(error))
        except Exception as error:  # noqa: BLE001  whatever a library raises; its words may hold parts of the address
            return Answer(error=type(error).__name__)

    async def close(self) -> None:
        """Let go of every connection; what is out fails, and is tried again after the next start."""
        for session in self._sessions.values():
            await session.close()
        await self._names.close()

    async def _in_turn(self, webhook: Webhook, effect: Post) -> Answer:
        limit = effect.limit / 4 / 1000 / self._clock.speed
        turns = self._turns[webhook.name, entry(webhook)]
        if pause := turns.pause():
            return Answer(error=LEFT, retry_after=pause, asked=False)
        if turns.queue() > limit or not await turns.take(limit):
            return Answer(error="others to this endpoint took all the time", retry_after=turns.book(), asked=False)
        with turns:
            if pause := turns.pause():  # it began while this one waited
                return Answer(error=LEFT, retry_after=pause, asked=False)
            began = monotonic()
            answer = await self.ask(webhook, effect.outcome_id, effect.body.encode(), limit)
            works = 0 < answer.status < HTTPStatus.INTERNAL_SERVER_ERROR
            turns.learn(works=works, retry_after=answer.retry_after, took=monotonic() - began)
        return answer

    async def _request(
        self, webhook: Webhook, message_id: str, body: bytes, secrets: list[bytes], *, said: bool
    ) -> Answer:
        """The status alone decides: what follows it is not waited for."""
        timestamp = self._wall.now() // 1000
        headers = {
            **HEADERS,
            "webhook-id": message_id,
            "webhook-timestamp": str(timestamp),
            "webhook-signature": signatures(secrets, message_id, timestamp, body),
        }
        session = self._session(private=webhook.allow_private)
        async with session.post(webhook.url, data=body, headers=headers, allow_redirects=False) as response:
            status = response.status
            text = (await response.content.read(EXCERPT)).decode("utf-8", "replace") if said else ""
            pause = self._pause(response.headers.get("Retry-After")) if status in LATER else None
        return Answer(status=status, error=_verdict(status), retry_after=pause, said=text)

    def _session(self, *, private: bool) -> aiohttp.ClientSession:
        """Made when first used, which is in the event loop."""
        if private not in self._sessions:
            self._sessions[private] = aiohttp.ClientSession(
                connector=connector(self._names, private=private),
                cookie_jar=aiohttp.DummyCookieJar(),
                timeout=aiohttp.ClientTimeout(total=None),
                auto_decompress=False,
            )
        return self._sessions[private]

    def _pause(self, header: str | None) -> float | None:
        """Retry-After: seconds, or an HTTP date (RFC 9110, 10.2.3). None if it is neither."""
        text = (header or "").strip()
        if text.isdecimal():
            return float(text[:9])
        with suppress(ValueError):
            return max(parsedate_to_datetime(text).timestamp() - self._wall.now() / 1000, 0)
        return None


def _verdict(status: int) -> str | None:
    """What is wrong with an answer, in words that say what to do; None if it is a 2xx."""
    if 200 <= status < 300:
        return None
    if status == GONE:
        return "410: the endpoint wants no more; it is disabled"
    if 300 <= status < 400:
        return f"{status}: a redirect, which is not followed; put the final address into the policy"
    phrase = HTTPStatus(status).phrase if status in set(HTTPStatus) else "not accepted"
    if 400 <= status < 500 and status not in LATER:
        return f"{status} {phrase}: the endpoint refuses the request; it is tried again all the same"
    return f"{status} {phrase}"


def _reason(error: aiohttp.ClientError) -> str:
    """Why there was no answer. Only words of ours and of the system, as others may quote the address."""
    cause = getattr(error, "os_error", None)
    if isinstance(cause, Refused):
        return str(cause)
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return "the name of its host is not known"
    if isinstance(error, aiohttp.ClientSSLError):
        return "TLS failed: its certificate is not one that is trusted here, or it speaks no TLS"
    return (cause and cause.strerror) or type(error).__name__
