"""Stopping a command."""

from __future__ import annotations

import asyncio
import os
import signal

import pytest

from sla_monitor.commands import stopping


async def test_a_stop_ends_what_works_and_then_stops_in_order():
    said = []

    async def work() -> None:
        os.kill(os.getpid(), signal.SIGTERM)
        try:
            await asyncio.Event().wait()
        finally:
            said.append("ended")

    async def stop() -> None:
        said.append("stopped")

    await stopping.until_stopped(work(), stop, 60)
    assert said == ["ended", "stopped"]


async def test_what_the_work_ends_with_is_raised_after_the_stop():
    stopped = asyncio.Event()

    async def work() -> None:
        raise OSError

    async def stop() -> None:
        stopped.set()

    with pytest.raises(OSError):
        await stopping.until_stopped(work(), stop, 60)
    assert stopped.is_set()


async def test_a_stop_that_hangs_is_cut_off(monkeypatch):
    cut = asyncio.Event()
    monkeypatch.setattr(stopping, "cut_off", cut.set)

    async def work() -> None:
        return

    await stopping.until_stopped(work(), cut.wait, 0.01)
