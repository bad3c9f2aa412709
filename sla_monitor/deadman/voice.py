"""Speaking by channels of its own: each address is told until it took it, or until there is something newer to tell."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence

from sla_monitor.core.effects import Send
from sla_monitor.core.rules import MINUTE, SECOND
from sla_monitor.notify.address import scheme, shown
from sla_monitor.notify.channels import OTHERS, Channel
from sla_monitor.notify.failure import Failed
from sla_monitor.notify.render import Message

logger = logging.getLogger(__name__)

FIRST, LONGEST = 5 * SECOND, 5 * MINUTE
"""Pauses between two tries; they double."""
LIMIT = 30.0
"""Seconds that a try may take."""


class Voice:
    """addresses: as in a policy's `notify`. sleep: seconds."""

    def __init__(
        self,
        addresses: Sequence[str],
        channels: Mapping[str, Channel],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._addresses, self._channels, self._sleep = addresses, channels, sleep
        self._telling: list[asyncio.Task[None]] = []

    def say(self, name: str, message: Message, told: Callable[[], None]) -> None:
        """Begin to tell everybody; what is older and not told yet is dropped.

        name: of what is told, once for all. told: called when one of them was.
        """
        for task in self._telling:
            task.cancel()
        self._telling = [asyncio.create_task(self._tell(name, address, message, told)) for address in self._addresses]

    async def try_all(self, name: str, message: Message) -> Mapping[str, Failed | None]:
        """Try each address once: as it may be shown -> what went wrong."""
        results = await asyncio.gather(*(self._try(name, address, 1, message) for address in self._addresses))
        return dict(zip(map(shown, self._addresses), results, strict=True))

    async def close(self) -> None:
        for task in self._telling:
            task.cancel()
        await asyncio.gather(*self._telling, return_exceptions=True)
        for channel in self._channels.values():
            channel.close()

    async def _tell(self, name: str, address: str, message: Message, told: Callable[[], None]) -> None:
        pause, attempt = FIRST, 1
        while failure := await self._try(name, address, attempt, message):
            if failure.permanent:
                logger.error("%s was not told, and will not be: %s", shown(address), failure)
                return
            wait = max(pause, failure.retry_after or 0)
            logger.warning("%s was not told: %s; again in %d s", shown(address), failure, wait // SECOND)
            await self._sleep(wait / SECOND)
            pause, attempt = min(2 * pause, LONGEST), attempt + 1
        logger.info("%s was told: %s", shown(address), message.title)
        told()

    async def _try(self, name: str, address: str, attempt: int, message: Message) -> Failed | None:
        channel = self._channels.get(scheme(address)) or self._channels[OTHERS]
        try:
            async with asyncio.timeout(LIMIT):
                await channel.send(_notice(name, address, attempt), message)
        except Failed as failure:
            return failure
        except TimeoutError:
            return Failed("no answer in time")
        except Exception as error:  # noqa: BLE001  a channel may fail in any way; its words may hold secrets
            return Failed(type(error).__name__)
        return None


def _notice(name: str, address: str, attempt: int) -> Send:
    """What channels know of a notice: it is about no lead, and for no manager."""
    return Send(
        key="",
        notice_id=f"deadman:{name}",
        lead_id="",
        manager_id="",
        channel=address,
        kind=name.partition(":")[0],
        turn=0,
        at=0,
        attempt=attempt,
        limit=int(LIMIT * SECOND),
        test=False,
        details={},
    )
