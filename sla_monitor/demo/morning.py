"""What happens in the morning of the demo: who works, which leads and calls come in, and what is special about them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, auto
from heapq import merge
from operator import attrgetter
from random import Random

POLICY = """\
version: 1
calendars:
  office: {timezone: UTC, hours: {mon-sun: ["08:00-20:00"]}}
managers:
  anna: {name: Anna, shift: office}
  vera: {name: Vera, shift: office}
  igor: {name: Igor, shift: office}
  olga: {name: Olga, shift: office}
  boris: {name: Boris}
teams:
  sales: {head: boris, managers: [anna, vera, igor, olga]}
policies:
  - {name: default, team: sales, target: 10m, warn_at: [80%], max_turns: 3, on_absence: reassign}
"""

SPEED = 60
"""How much faster than real time the morning passes: a minute a second."""

HEAD = "boris"

OPENS = 9
"""The hour (UTC) at which the morning begins."""

REACTIONS = {"anna": (1.0, 3.5), "vera": (1.5, 5.0), "igor": (2.0, 7.5), "olga": (1.5, 6.0), "boris": (3.0, 6.0)}
"""Minutes that each of them needs to turn to a new lead: at best, at worst."""

SEED = 2026

BUSIEST, CALMEST = 1.2, 2.8
"""Minutes between two ordinary leads."""


class Plot(Enum):
    """What becomes of a lead."""

    ORDINARY = auto()  # its holder calls back or writes
    OVERLOOKED = auto()  # its first holder does nothing
    FORGOTTEN = auto()  # nobody does anything, until the head has it
    UNREPORTED = auto()  # its holder calls from a phone of their own, and says so only after the breach
    GIVEN_AWAY = auto()  # somebody gives it to another manager by hand
    JUNK = auto()  # closed before anybody responds


@dataclass(frozen=True, slots=True)
class Form:
    """Somebody fills in a form. at: minutes into the morning. customer: whose number, as a small integer."""

    at: float
    lead_id: str
    customer: int
    plot: Plot = Plot.ORDINARY
    owner_id: str | None = None

    @property
    def channel(self) -> str:
        return self.lead_id.partition("-")[0]


@dataclass(frozen=True, slots=True)
class MissedCall:
    """Somebody calls and nobody picks up."""

    at: float
    customer: int


@dataclass(frozen=True, slots=True)
class Absence:
    """A manager goes offline for some minutes."""

    at: float
    manager_id: str
    minutes: float


Happening = Form | MissedCall | Absence

TOLD: tuple[Happening, ...] = (
    Form(0.3, "web-1", 1),
    Form(0.9, "ads-2", 2, Plot.OVERLOOKED),
    Form(2.0, "partner-3", 3, owner_id="olga"),
    Form(4.5, "web-4", 4, Plot.FORGOTTEN),
    MissedCall(7.0, 5),
    Form(9.0, "partner-6", 6, Plot.GIVEN_AWAY),
    Form(12.0, "web-7", 7, Plot.UNREPORTED),
    MissedCall(16.0, 8),
    Form(17.5, "web-9", 8),
    Form(21.0, "ads-10", 10),
    Form(21.8, "partner-11", 10),
    Form(28.6, "partner-12", 12, owner_id="igor"),
    Absence(29.0, "igor", 20.0),
    Form(33.0, "ads-13", 13, Plot.JUNK),
    Form(41.0, "web-14", 14, Plot.OVERLOOKED),
    Form(47.0, "ads-15", 15, Plot.FORGOTTEN),
    MissedCall(52.0, 16),
    Form(58.0, "web-17", 17, Plot.UNREPORTED),
    Form(63.0, "partner-18", 18, Plot.GIVEN_AWAY),
    Form(70.0, "ads-19", 19, Plot.OVERLOOKED),
    MissedCall(83.0, 20),
    Form(91.0, "partner-21", 21, Plot.OVERLOOKED),
)
"""What happens in every demo; `at` rises."""


def morning() -> Iterator[Happening]:
    """Everything that happens, in order, without end: what is told, and ordinary leads in between."""
    return merge(TOLD, _ordinary(), key=attrgetter("at"))


def _ordinary() -> Iterator[Form]:
    chance, at, number = Random(SEED), 3.0, 100  # noqa: S311 - a story, not a secret
    while True:
        channel = chance.choice(("web", "web", "ads", "partner"))
        owner_id = chance.choice((None, None, None, "anna", "vera", "olga"))
        yield Form(at, f"{channel}-{number}", number, owner_id=owner_id)
        at, number = at + chance.uniform(BUSIEST, CALMEST), number + 1
