"""The team of the demo acts on what it is told, and on nothing else."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine
from typing import Any

import pytest

from sla_monitor.clock import ManualClock
from sla_monitor.core.rules import MINUTE
from sla_monitor.demo.morning import Absence, Form, Happening, MissedCall, Plot
from sla_monitor.demo.people import People
from sla_monitor.demo.tally import Tally
from tests.demo.said import assigned, breached, met, outcome, reassigned

FOREVER = 1000
"""Minutes of a pause that lasts until `FakeFeed.back`."""

START = 1_795_424_400_000


class FakeFeed:
    """Keeps what is sent; time passes only in pauses. A pause of `FOREVER` sets gone and ends with back."""

    def __init__(self) -> None:
        self.clock = ManualClock(START, speed=60)
        self.sent: list[tuple[str, dict[str, Any]]] = []
        self.times: list[int] = []
        self.gone, self.back = asyncio.Event(), asyncio.Event()

    def next_id(self, what: str) -> str:
        return f"{what}-{len(self.sent)}"

    async def until(self, minute: float) -> None:
        await self.pause(minute - (self.clock.now() - START) / MINUTE)

    async def pause(self, minutes: float) -> None:
        if minutes >= FOREVER:
            self.gone.set()
            await self.back.wait()
        self.clock.advance(int(max(0, minutes) * MINUTE))
        await asyncio.sleep(0)

    async def send(self, source: str, kind: str, /, *, at: int | None = None, **data: Any) -> None:
        self.sent.append((kind, data))
        self.times.append(self.clock.now() if at is None else at)

    def kinds(self) -> list[str]:
        return [kind for kind, _ in self.sent]


class Town:
    """The people, the tally that they see, and the feed that they use."""

    def __init__(self) -> None:
        self.feed, self.tally = FakeFeed(), Tally()
        self.tasks: list[asyncio.Task[None]] = []
        self.people = People(self.feed, self.tally, self.start)  # type: ignore[arg-type]

    def start(self, work: Coroutine[Any, Any, None]) -> None:
        self.tasks.append(asyncio.create_task(work))

    async def happen(self, *happenings: Happening) -> None:
        await self.people.live(happenings, until=FOREVER)

    async def hear(self, *outcomes: dict[str, Any]) -> None:
        """Hear outcomes, and let everything come of them that comes."""
        for said in outcomes:
            self.tally.apply(said)
            self.people.hear(said)
        await self.rest()

    async def rest(self) -> None:
        while self.tasks:
            await self.tasks.pop()


@pytest.fixture
async def town() -> AsyncIterator[Town]:
    town = Town()
    yield town
    await town.rest()


async def test_a_form_becomes_a_lead_with_a_number(town: Town) -> None:
    await town.happen(Form(0, "ads-1", 7, owner_id="olga"))
    await town.rest()
    told = {"lead_id": "ads-1", "phones": ["+44 20 7946 0007"], "channel": "ads", "owner_id": "olga"}
    assert town.feed.sent == [("lead.created", told)]


async def test_a_missed_call_rings_and_ends_unanswered(town: Town) -> None:
    await town.happen(MissedCall(0, 7))
    await town.rest()
    assert town.feed.kinds() == ["call.started", "call.ended"]
    assert town.feed.sent[1][1]["outcome"] == "no_answer"
    assert town.feed.times[1] - town.feed.times[0] == MINUTE // 2


async def test_nothing_happens_any_more_when_the_morning_is_over(town: Town) -> None:
    await town.people.live([Form(1, "web-1", 1), Form(5, "web-2", 2)], until=5)
    await town.rest()
    assert [data["lead_id"] for _, data in town.feed.sent] == ["web-1"]


async def test_a_holder_answers_by_a_call_a_try_or_a_message(town: Town) -> None:
    await town.hear(*(assigned("anna", f"web-{n}") for n in range(30)))
    ends = [data["outcome"] for kind, data in town.feed.sent if kind == "call.ended"]
    assert set(ends) == {"answered", "no_answer"}
    messages = [data for kind, data in town.feed.sent if kind == "contact.recorded"]
    assert len(ends) + len(messages) == 30
    assert {data["manager_id"] for data in messages} == {"anna"}
    assert town.feed.kinds().count("call.answered") == ends.count("answered")
    assert 0 < town.feed.kinds().count("lead.closed") < ends.count("answered")


async def test_nobody_speaks_with_two_customers_at_once(town: Town) -> None:
    await town.hear(*(assigned("anna", f"web-{n}") for n in range(30)))
    speaking = 0
    for kind in town.feed.kinds():
        speaking += (kind == "call.started") - (kind == "call.ended")
        assert speaking in (0, 1)


async def test_a_call_names_the_number_of_a_form_and_else_the_lead(town: Town) -> None:
    await town.happen(Form(0, "web-1", 7))
    await town.rest()
    await town.hear(*(assigned("anna", lead_id) for lead_id in ("web-1", "missed:1", "missed:2", "missed:3")))
    calls = [data for kind, data in town.feed.sent if kind == "call.started"]
    assert all("customer_number" in data or data["lead_id"].startswith("missed:") for data in calls)
    assert any("lead_id" in data for data in calls)


async def test_a_lead_that_somebody_else_has_or_answered_is_left_alone(town: Town) -> None:
    town.tally.apply(assigned("anna"))
    town.people.hear(assigned("anna"))
    town.tally.apply(reassigned("anna", "vera"))
    await town.rest()
    assert town.feed.sent == []
    town.people.hear(reassigned("anna", "vera"))
    town.tally.apply(met("igor"))
    await town.rest()
    assert town.feed.sent == []


async def test_who_is_away_answers_nobody(town: Town) -> None:
    await town.happen(Absence(0, "igor", FOREVER))
    await town.feed.gone.wait()
    absence = town.tasks.pop()
    await town.hear(assigned("igor"))
    assert town.feed.sent == [("manager.status", {"manager_id": "igor", "status": "offline"})]
    town.feed.back.set()
    await absence
    assert town.feed.sent[1:] == [("manager.status", {"manager_id": "igor", "status": "available"})]


@pytest.mark.parametrize(
    ("plot", "said", "answers"),
    [
        (Plot.OVERLOOKED, assigned("anna"), False),
        (Plot.OVERLOOKED, reassigned("anna", "vera"), True),
        (Plot.FORGOTTEN, reassigned("anna", "vera"), False),
        (Plot.FORGOTTEN, outcome("lead.escalated", "web-1", 3, to="boris", reason="max_turns"), True),
        (Plot.GIVEN_AWAY, assigned("vera", turn=2, reason="manual"), True),
        (Plot.UNREPORTED, reassigned("anna", "vera"), False),
        (Plot.JUNK, reassigned("anna", "vera"), False),
    ],
)
async def test_the_plot_decides_who_answers(town: Town, plot: Plot, said: dict[str, Any], answers: bool) -> None:
    await town.happen(Form(0, "web-1", 7, plot))
    await town.rest()
    await town.hear(said)
    assert (town.feed.kinds()[1:] != []) is answers


async def test_a_lead_is_given_away_to_somebody_else_who_is_there(town: Town) -> None:
    await town.happen(Form(0, "web-1", 7, Plot.GIVEN_AWAY))
    await town.rest()
    await town.hear(assigned("anna"))
    assert town.feed.sent[1:] == [("lead.assigned", {"lead_id": "web-1", "owner_id": "vera", "assigned_by": "human"})]


async def test_junk_is_closed_before_anybody_responds(town: Town) -> None:
    await town.happen(Form(0, "web-1", 7, Plot.JUNK))
    await town.rest()
    await town.hear(assigned("anna"))
    assert town.feed.sent[1:] == [("lead.closed", {"lead_id": "web-1", "reason": "junk"})]
    assert town.feed.times[1] - START < 10 * MINUTE


async def test_a_call_from_a_phone_of_ones_own_is_told_after_the_breach_and_was_in_time(town: Town) -> None:
    await town.happen(Form(0, "web-1", 7, Plot.UNREPORTED))
    await town.rest()
    await town.hear(assigned("anna"))
    assert town.feed.kinds() == ["lead.created"]
    await town.feed.until(10)
    await town.hear(breached("anna"), breached("vera", turn=2, evaluated="later"))
    (_, call), at = town.feed.sent[1], town.feed.times[1]
    assert (call["manager_id"], call["outcome"], len(town.feed.sent)) == ("anna", "answered", 2)
    assert at - START < 10 * MINUTE < town.feed.clock.now() - START
