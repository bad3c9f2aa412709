"""The people of the demo: customers, and a team that acts on what the outcomes say, each at their own speed."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Coroutine, Iterable
from random import Random
from typing import Any

from sla_monitor.core.rules import MINUTE, SECOND

from .feed import CRM, PBX, Feed, Outcome, phone
from .morning import HEAD, REACTIONS, SEED, Absence, Form, Happening, MissedCall, Plot
from .tally import Tally

Start = Callable[[Coroutine[Any, Any, None]], object]
"""Begins something that goes on beside the rest."""

Data = dict[str, Any]

UNTIL_GIVEN_AWAY, UNTIL_JUNK, UNTIL_PRIVATE_CALL, UNTIL_REPORTED = 3.0, 4.0, 6.0, 1.0
"""Minutes until what the plots say happens."""


class People:
    """start: how the things that they do at once are begun."""

    def __init__(self, feed: Feed, tally: Tally, start: Start) -> None:
        self._feed, self._tally, self._start = feed, tally, start
        self._forms: dict[str, Form] = {}
        self._away: set[str] = set()
        self._speaking: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._private: dict[str, tuple[str, int]] = {}

    async def live(self, happenings: Iterable[Happening], until: float) -> None:
        """Let everything happen that happens before a minute of the morning."""
        for happening in happenings:
            if happening.at >= until:
                return
            await self._feed.until(happening.at)
            self._start(self._happen(happening))

    async def _happen(self, happening: Happening) -> None:
        match happening:
            case Form():
                await self._fill_in(happening)
            case MissedCall():
                await self._ring_in_vain(happening.customer)
            case Absence():
                await self._be_away(happening)

    async def _fill_in(self, form: Form) -> None:
        self._forms[form.lead_id] = form
        await self._feed.send(
            CRM,
            "lead.created",
            lead_id=form.lead_id,
            phones=[phone(form.customer)],
            channel=form.channel,
            owner_id=form.owner_id,
        )

    async def _ring_in_vain(self, customer: int) -> None:
        call: Data = {"call_id": self._feed.next_id("call"), "direction": "inbound", "customer_number": phone(customer)}
        await self._feed.send(PBX, "call.started", **call)
        await self._feed.pause(0.5)
        await self._feed.send(PBX, "call.ended", **call, outcome="no_answer", talk_seconds=0)

    async def _be_away(self, absence: Absence) -> None:
        self._away.add(absence.manager_id)
        await self._feed.send(CRM, "manager.status", manager_id=absence.manager_id, status="offline")
        await self._feed.pause(absence.minutes)
        await self._feed.send(CRM, "manager.status", manager_id=absence.manager_id, status="available")
        self._away.discard(absence.manager_id)

    # the team

    def hear(self, outcome: Outcome) -> None:
        """React to an outcome that the tally has been told."""
        data, kind = outcome["data"], outcome["type"].removesuffix(".v1")
        if kind in ("lead.assigned", "lead.reassigned", "lead.escalated"):
            self._react(data["lead_id"], data["to"], int(data["turn"]), data["reason"])
        elif kind == "sla.breached" and data["lead_id"] in self._private:
            self._start(self._report(data["lead_id"], *self._private.pop(data["lead_id"])))

    def _react(self, lead_id: str, manager_id: str, turn: int, reason: str) -> None:
        """What the plot makes of a new holder."""
        plot = self._plot(lead_id)
        chance = Random(f"{SEED}:{lead_id}:{turn}")  # noqa: S311 - a story, not a secret
        if self._responds(plot, turn, manager_id, reason):
            self._start(self._respond(lead_id, manager_id, chance))
        elif turn == 1 and plot is Plot.GIVEN_AWAY:
            self._start(self._give_away(lead_id, manager_id))
        elif turn == 1 and plot is Plot.JUNK:
            self._start(self._close(lead_id, "junk", UNTIL_JUNK))
        elif turn == 1 and plot is Plot.UNREPORTED:
            self._private[lead_id] = manager_id, self._feed.clock.now() + int(UNTIL_PRIVATE_CALL * MINUTE)

    def _plot(self, lead_id: str) -> Plot:
        form = self._forms.get(lead_id)
        return form.plot if form else Plot.ORDINARY

    @staticmethod
    def _responds(plot: Plot, turn: int, manager_id: str, reason: str) -> bool:
        match plot:
            case Plot.ORDINARY:
                return True
            case Plot.OVERLOOKED:
                return turn > 1
            case Plot.FORGOTTEN:
                return manager_id == HEAD
            case Plot.GIVEN_AWAY:
                return reason != "assigned"
            case Plot.UNREPORTED | Plot.JUNK:
                return False

    async def _respond(self, lead_id: str, manager_id: str, chance: Random) -> None:
        """Turn to the lead when the time has come and no other customer is on the line."""
        await self._feed.pause(chance.uniform(*REACTIONS[manager_id]))
        async with self._speaking[manager_id]:
            if manager_id in self._away or not self._tally.waits_for(lead_id, manager_id):
                return
            way = chance.choices(("talk", "no_answer", "message"), (7, 2, 2))[0]
            if way == "message":
                await self._feed.send(CRM, "contact.recorded", lead_id=lead_id, kind="message", manager_id=manager_id)
            else:
                await self._call(lead_id, manager_id, chance, answered=way == "talk")
        if way == "talk" and chance.random() < 0.5:
            await self._close(lead_id, "converted", chance.uniform(4, 12))

    async def _call(self, lead_id: str, manager_id: str, chance: Random, *, answered: bool) -> None:
        """One call as the PBX tells it while it goes on."""
        call: Data = {"call_id": self._feed.next_id("call"), "manager_id": manager_id, **self._customer(lead_id)}
        await self._feed.send(PBX, "call.started", **call, direction="outbound")
        await self._feed.pause(chance.uniform(0.2, 0.5))
        if not answered:
            await self._feed.send(PBX, "call.ended", **call, direction="outbound", outcome="no_answer", talk_seconds=0)
            return
        began = self._feed.clock.now()
        await self._feed.send(PBX, "call.answered", **call, answered_by="customer")
        await self._feed.pause(chance.uniform(0.7, 2.5))
        talk = (self._feed.clock.now() - began) / SECOND
        await self._feed.send(PBX, "call.ended", **call, direction="outbound", outcome="answered", talk_seconds=talk)

    def _customer(self, lead_id: str) -> Data:
        """How a call says whom it is with: the PBX knows the number, a click in the CRM the lead."""
        form = self._forms.get(lead_id)
        return {"customer_number": phone(form.customer)} if form else {"lead_id": lead_id}

    async def _report(self, lead_id: str, manager_id: str, called_at: int) -> None:
        """A call that was made in time becomes known only after the breach."""
        await self._feed.pause(UNTIL_REPORTED)
        await self._feed.send(
            PBX,
            "call.ended",
            at=called_at + 2 * MINUTE,
            call_id=self._feed.next_id("call"),
            manager_id=manager_id,
            direction="outbound",
            outcome="answered",
            talk_seconds=100,
            ring_seconds=20,
            **self._customer(lead_id),
        )

    async def _give_away(self, lead_id: str, holder: str) -> None:
        await self._feed.pause(UNTIL_GIVEN_AWAY)
        taker = next(name for name in REACTIONS if name not in (holder, HEAD) and name not in self._away)
        await self._feed.send(CRM, "lead.assigned", lead_id=lead_id, owner_id=taker, assigned_by="human")

    async def _close(self, lead_id: str, reason: str, minutes: float) -> None:
        await self._feed.pause(minutes)
        await self._feed.send(CRM, "lead.closed", lead_id=lead_id, reason=reason)
