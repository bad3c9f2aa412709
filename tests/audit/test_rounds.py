"""An audit that goes on: what it says, and what it shows."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace

import pytest

from sla_monitor.audit import Auditor, Figures, Rounds
from sla_monitor.clock import ManualClock
from sla_monitor.core.rules import MINUTE
from sla_monitor.errors import Unavailable
from sla_monitor.logs import Embedded
from sla_monitor.metrics import catalogue as m
from tests import facts
from tests.audit.archive import Archive, Recorded
from tests.world import T0


class Going:
    """Rounds over a world of one lead, whose log lags behind by what was not saved yet."""

    awaited = (
        "overdue_without_breach: lead L-1, since 2030-03-17T17:56:40.000Z: the response of turn 1 is still awaited "
        "(sla-monitor explain L-1)"
    )

    def __init__(self, archive: Archive, logs: Embedded) -> None:
        self.archive, self.clock, self.figures = archive, ManualClock(), Figures("1.2")
        self.world = Recorded()
        self.rounds = Rounds(Auditor(logs, self.clock, pause=0), self.figures, 60)
        self.world.feed(facts.lead("L-1", T0, owner_id="anna"))
        archive.save(self.world)

    async def at(self, minutes: int) -> list[str]:
        """One round; what is shown then."""
        self.clock.at = T0 + minutes * MINUTE
        await self.rounds.once()
        return self.figures.render().decode().splitlines()


@pytest.fixture
def going(archive: Archive) -> Iterator[Going]:
    with closing(Embedded.existing(archive.shelf.settings)) as logs:
        yield Going(archive, logs)


async def test_the_figures_tell_of_the_last_audit(going: Going) -> None:
    assert 'sla_audit_findings{finding="overdue_without_breach"} 0.0' in await going.at(1)
    shown = await going.at(20)
    assert 'sla_audit_findings{finding="overdue_without_breach"} 1.0' in shown
    assert 'sla_audit_findings{finding="lost_lead"} 0.0' in shown
    assert "sla_audit_leads 1.0" in shown
    assert 'sla_build_info{version="1.2"} 1.0' in shown


async def test_before_the_first_audit_there_is_no_instant_and_no_finding(going: Going) -> None:
    shown = going.figures.render().decode()
    assert f"\n{m.AUDITED.name} " not in shown
    assert f"\n{m.AUDIT_FINDINGS.name}{{" not in shown
    assert going.rounds.unready() == ["no audit has ended yet"]
    await going.at(1)
    assert f"\n{m.AUDITED.name} " in going.figures.render().decode()
    assert going.rounds.unready() == []


async def test_a_finding_is_said_once_and_so_is_its_end(going: Going, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "sla_monitor.audit.rounds")
    for minutes in (1, 20, 21):
        await going.at(minutes)
    going.world.to(T0 + 20 * MINUTE)
    await asyncio.to_thread(going.archive.save, going.world)
    await going.at(20)
    assert [record.getMessage() for record in caplog.records] == [
        going.awaited,
        "1 findings are gone, 0 are left",
    ]


async def test_rows_that_are_not_followed_any_more_tell_nothing(archive: Archive) -> None:
    await asyncio.to_thread(archive.save, Recorded())
    with closing(Embedded.existing(archive.shelf.settings)) as logs:
        old = replace(logs, unready=lambda: ["rows are not followed any more"])
        with pytest.raises(Unavailable, match="not followed any more"):
            await Auditor(old, ManualClock(T0), pause=0).run()


async def test_what_cannot_be_read_is_said_and_tried_again(going: Going, monkeypatch: pytest.MonkeyPatch) -> None:
    async def away(_: object) -> None:
        raise Unavailable("no disk")

    with monkeypatch.context() as broken:
        broken.setattr(Auditor, "run", away)
        await going.at(1)
    assert going.rounds.unready() == ["the last audit could not read everything: no disk"]
    await going.at(2)
    assert going.rounds.unready() == []
