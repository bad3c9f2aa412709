"""What the mirror of rows on Kafka tells of changes, to one who asks now and then."""

from __future__ import annotations

import asyncio

import pytest

from sla_monitor.errors import Unavailable
from sla_monitor.stream.kafka.watch import Watch


async def test_each_key_is_told_once_however_often_it_changed():
    watch = Watch("sla.events")
    for key in (b"a", b"b", b"a"):
        watch.note(key)
    async with asyncio.timeout(5):
        await watch.news()
    assert await watch.take() == {b"a", b"b"}
    assert await watch.take() == set()
    watch.note(b"a")
    assert await watch.take() == {b"a"}


async def test_there_is_no_news_after_all_was_taken():
    watch = Watch("sla.events")
    watch.note(b"a")
    await watch.take()
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(watch.news(), 0.01)


async def test_rows_that_are_read_anew_may_all_have_changed():
    watch = Watch("sla.events")
    watch.lose()
    await watch.news()
    with pytest.raises(Unavailable, match="read anew"):
        await watch.take()
