"""Every scheme that apprise knows: mail, chats, phones, and json:// for a hook of one's own."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import unquote

import apprise

from sla_monitor.core.effects import Send
from sla_monitor.core.mailbox import DIGEST
from sla_monitor.core.rules import MINUTE

from .address import scheme, shown
from .failure import Failed
from .render import UNLIMITED, Message

THREADS = 32
"""Attempts at once. A place takes few of them, and sockets give up after 4 s, so some are always free."""

PER_PLACE = 4
"""Attempts at once to one scheme and host: a dead one holds no more than these of the threads that all share."""

REFUSED = frozenset({400, 405, 410, 413, 414, 415, 422})
"""HTTP answers that say the message or the address will never do. Others (401, 404 ...) an operator may put right."""

JSON = ("json", "jsons")
"""Schemes whose payload may hold the list of the notices in a digest."""

MOVED = "{}: a redirect, which is not followed; put the final address into the policy"

ROOM = 0.9
"""The share of a service's limit that is used."""

NOT_THE_MESSAGE = frozenset({401, 403, 404, 407, 408, 425, 429})
"""Other HTTP answers of 4xx are about the message."""

TOO_MANY = 429
LEFT_ALONE = MINUTE
"""The wait after 429: apprise does not pass on its Retry-After."""

REASON_LENGTH = 200
"""Characters of a reason; it lies in the row."""


class AppriseChannel:
    """One target a call, so that each has its own result; our queue retries, apprise does not."""

    personal = True
    at_once = PER_PLACE

    def __init__(self) -> None:
        _silence()
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="notify")

    def longest(self, address: str) -> int:
        """With room for what services add to a text or write in more characters."""
        target = target_of(address)
        return int(target.body_maxlen * ROOM) if target is not None else UNLIMITED

    async def send(self, notice: Send, message: Message) -> None:
        await asyncio.get_running_loop().run_in_executor(self._threads, _send, notice, message)

    def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)


def check(address: str) -> str | None:
    """What keeps an address from being used: apprise does not know it, or it is of several receivers."""
    _silence()
    target = target_of(address)
    if target is None:
        return f"apprise knows no such scheme, or misses a part of {shown(address)}"
    if (count := _receivers(target)) > 1:
        return (
            f"reaches {count} receivers, and if one of them fails all would be told again; "
            f"write {count} addresses, in each of them one of the receivers"
        )
    return None


def _silence() -> None:
    """Keep the lines of apprise and urllib3, which may show addresses, out of our logs; results still carry them."""
    logging.getLogger("urllib3").setLevel(logging.WARNING)
    logger = logging.getLogger("apprise")
    logger.setLevel(logging.WARNING)
    logger.propagate = False
    if not logger.handlers:
        logger.addHandler(logging.NullHandler())


def target_of(address: str) -> apprise.NotifyBase | None:
    """The target of an address. Its calls run in our thread: apprise's own are shared by all targets.

    Whatever an address says itself: no redirect is followed, as what is found there is no receiver of the policy, and
    a login page says 200; a failure is one; and nothing is tried again within an attempt.
    """
    asset = apprise.AppriseAsset(app_id="sla-monitor", async_mode=False, service_timeout=0, http_redirects=False)
    target = apprise.Apprise.instantiate(address, asset=asset)
    if target is not None:
        target.redirects, target.optional, target.retry = False, False, 0
    return target


def _receivers(target: apprise.NotifyBase) -> int:
    """How many receivers are told at once."""
    listed = getattr(target, "targets", None)
    return max(len(target), len(listed) if isinstance(listed, (list, tuple, set, frozenset)) else 0)


def _send(notice: Send, message: Message) -> None:
    target = target_of(notice.channel)
    if target is None:
        raise Failed(f"{shown(notice.channel)} cannot be used", permanent=True)
    if hasattr(target, "payload_extras"):  # json://, xml://, form://: a stable id, for a receiver that dedupes
        told_of = (
            {"notices": notice.details["notices"]} if notice.kind == DIGEST and scheme(notice.channel) in JSON else {}
        )
        target.payload_extras = {**target.payload_extras, "notice_id": notice.notice_id, **told_of}
    calls = apprise.Apprise()
    calls.add(target)
    result = calls.notify(body=message.text, title=message.title, body_format=apprise.NotifyFormat.TEXT)
    if not result:
        said = "; ".join(str(entry.message) for entry in result.logs())
        raise _failure(notice.channel, said)


def _failure(address: str, said: str) -> Failed:
    """What apprise said, without the parts of the address."""
    match = re.search(r"error=(\d{3})\b", said)
    status = int(match[1]) if match else 0
    why = MOVED.format(status) if 300 <= status < 400 else redacted(said, address) or "not accepted"
    reason = f"{shown(address)}: {why}"
    wait = LEFT_ALONE if status == TOO_MANY else None
    refused = 400 <= status < 500 and status not in NOT_THE_MESSAGE
    return Failed(reason[:REASON_LENGTH], permanent=status in REFUSED, retry_after=wait, refused=refused)


def redacted(said: str, address: str) -> str:
    for part in sorted(_secrets(address), key=len, reverse=True):
        said = said.replace(part, "***")
    return said


def _secrets(address: str) -> Iterator[str]:
    """The parts of an address, as written and as meant, that are not shown; too short ones hide nothing."""
    for text in {address, unquote(address)}:
        for part in re.split(r"[/:@?&=#,;\s]+", text):
            if len(part) > 3 and part not in shown(address) and part != scheme(address):
                yield part
