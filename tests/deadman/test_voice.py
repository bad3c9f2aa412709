"""Speaking until it was heard."""

from __future__ import annotations

import asyncio
import logging

import pytest

from sla_monitor.deadman import Voice
from sla_monitor.notify.failure import Failed
from sla_monitor.notify.render import Message
from tests.deadman.mouth import Mouth

HELLO = Message("hello", "")
ADDRESSES = ["log://", "tgram://bottoken/chat"]


def nothing() -> None:
    """Nobody wants to know."""


class Speaking:
    """slept: the pauses that were asked for, seconds. resting: set once one of them has begun that never ends."""

    def __init__(self, *failures: Exception, addresses: list[str] = ADDRESSES) -> None:
        self.slept: list[float] = []
        self.mouth = Mouth(*failures)
        self.resting: asyncio.Event | None = None
        self.voice = Voice(addresses, {"": self.mouth}, self._sleep)

    async def _sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        if self.resting is not None:
            self.resting.set()
            await asyncio.Event().wait()


async def test_every_address_is_told() -> None:
    speaking = Speaking()
    speaking.voice.say("silent:1", HELLO, nothing)
    assert [(await speaking.mouth.said.get())[0] for _ in ADDRESSES] == ADDRESSES
    assert speaking.mouth.ids == ["deadman:silent:1"] * 2


async def test_what_fails_is_tried_again_with_longer_pauses() -> None:
    speaking = Speaking(*[Failed("no"), OSError("secret"), TimeoutError()] * 3, addresses=["log://"])
    told = asyncio.Event()
    speaking.voice.say("silent:1", HELLO, told.set)
    await asyncio.wait_for(told.wait(), 10)
    assert speaking.slept == [5, 10, 20, 40, 80, 160, 300, 300, 300]


async def test_a_receiver_that_wants_to_be_left_alone_is() -> None:
    speaking = Speaking(Failed("later", retry_after=60_000), addresses=["log://"])
    speaking.voice.say("silent:1", HELLO, nothing)
    assert await speaking.mouth.title() == "hello"
    assert speaking.slept == [60]


async def test_what_can_never_be_told_is_given_up_and_shows_no_secret(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    speaking = Speaking(Failed("refused", permanent=True), addresses=["tgram://bottoken/chat"])
    speaking.voice.say("silent:1", HELLO, nothing)
    await asyncio.gather(*asyncio.all_tasks() - {asyncio.current_task()})
    assert caplog.messages == ["tgram://... was not told, and will not be: refused"]


async def test_what_is_newer_takes_the_place_of_what_was_not_told() -> None:
    speaking = Speaking(Failed("no"), addresses=["log://"])
    speaking.resting = asyncio.Event()
    speaking.voice.say("silent:1", HELLO, nothing)
    await speaking.resting.wait()
    speaking.voice.say("back:2", Message("again", ""), nothing)
    assert await speaking.mouth.title() == "again"
    await speaking.voice.close()
    assert speaking.mouth.said.empty()


async def test_a_try_of_all_tells_what_went_wrong_with_each() -> None:
    speaking = Speaking(Failed("refused"))
    results = await speaking.voice.try_all("test:1", HELLO)
    assert {place: str(failure) for place, failure in results.items()} == {
        "log://...": "refused",
        "tgram://...": "None",
    }
