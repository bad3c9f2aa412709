"""Every figure once: its name, unit, words and meaning, and how it is added up.

CSV and JSON have the figures by their names, CSV for people by their words; the table, the page and the sheet have the
columns, which tell figures that belong together in one cell. The page reads them from `report-figures.mjs`, which is
written from here; docs/report.md has the meanings.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import NamedTuple

from .clock import ERASED, JOINED
from .figures import Figures, percentile

Number = float | int | None

CLOSINGS = ("converted", "junk", "duplicate", "deleted", "merged", "expired")
"""Reasons of closing that have a figure of their own."""


class Unit(StrEnum):
    LEADS = "leads"
    TIMES = "times"
    TURNS = "turns"
    SHARE = "share"
    SECONDS = "seconds"


class Added(StrEnum):
    """How a figure of several lines, or of several days, follows from theirs."""

    SUM = "sum"
    ANEW = "anew"  # from the leads of all of them, never from the figures


class Words(NamedTuple):
    en: str
    ru: str


class Figure(NamedTuple):
    """meaning: in docs/report.md, with the rules. value: None if there is no data."""

    name: str
    unit: Unit
    words: Words
    meaning: str
    rules: str
    value: Callable[[Figures], Number]

    @property
    def added(self) -> Added:
        return Added.ANEW if self.unit in (Unit.SHARE, Unit.SECONDS) else Added.SUM


def _ended(reason: str, en: str, ru: str) -> Figure:
    return Figure(
        f"ended_undecided_{reason}",
        Unit.LEADS,
        Words(f"Before a decision: {en}", f"До решения: {ru}"),
        f"of these: {en}",
        "",
        lambda f: f.ended[reason],
    )


def _other(f: Figures) -> int:
    """What ended for a reason that has no figure of its own."""
    return f.ended.total() - sum(f.ended[name] for name in (*CLOSINGS, JOINED, ERASED))


FIGURES = (
    Figure(
        "received",
        Unit.LEADS,
        Words("Leads", "Лиды"),
        "clocks that started: `decided` + `undecided` + `ended_undecided` + `joined`",
        "R6, R29",
        lambda f: f.received,
    ),
    Figure(
        "still_open",
        Unit.LEADS,
        Words("Still open", "Ещё ждут"),
        "of these, nobody responded yet and the lead is not closed, decided or not; never counted as met",
        "R23",
        lambda f: f.still_open,
    ),
    Figure(
        "decided",
        Unit.LEADS,
        Words("Decided", "Решено"),
        "the customer's clock was met or breached: first turn, response",
        "R7",
        lambda f: f.decided,
    ),
    Figure(
        "in_time",
        Unit.LEADS,
        Words("In time", "В срок"),
        "of the decided, met, or breached and retracted. This is what *in time* means everywhere",
        "R7, R11",
        lambda f: f.in_time,
    ),
    Figure(
        "share_in_time",
        Unit.SHARE,
        Words("In time, %", "В срок, %"),
        "`in_time` / `decided`; empty, `no data`, if nothing was decided; rounded down",
        "R7, R11",
        lambda f: f.share,
    ),
    Figure(
        "attempts",
        Unit.LEADS,
        Words("Tried", "Пытались"),
        "leads that somebody tried to reach",
        "R1",
        lambda f: len(f.attempts),
    ),
    Figure(
        "attempt_p50_seconds",
        Unit.SECONDS,
        Words("First attempt, half within", "Первая попытка, половина за"),
        "open time from the start to the first attempt: of `call.credited`, kind `attempt`",
        "R1, R3, R6",
        lambda f: percentile(f.attempts, 50),
    ),
    Figure(
        "attempt_p90_seconds",
        Unit.SECONDS,
        Words("First attempt, nine of ten within", "Первая попытка, девять из десяти за"),
        "the same",
        "",
        lambda f: percentile(f.attempts, 90),
    ),
    Figure(
        "contacts",
        Unit.LEADS,
        Words("Spoken to", "Поговорили"),
        "leads that somebody spoke to",
        "R2",
        lambda f: len(f.contacts),
    ),
    Figure(
        "contact_p50_seconds",
        Unit.SECONDS,
        Words("First conversation, half within", "Первый разговор, половина за"),
        "open time from the start to the first conversation: kind `contact`",
        "R2, R3",
        lambda f: percentile(f.contacts, 50),
    ),
    Figure(
        "contact_p90_seconds",
        Unit.SECONDS,
        Words("First conversation, nine of ten within", "Первый разговор, девять из десяти за"),
        "the same",
        "",
        lambda f: percentile(f.contacts, 90),
    ),
    Figure(
        "late_responses",
        Unit.LEADS,
        Words("Answered late", "Ответили с опозданием"),
        "of the decided, breached, and answered after the due: `sla.responded`",
        "R10",
        lambda f: f.late,
    ),
    Figure(
        "reassigned_away",
        Unit.TIMES,
        Words("Lost to others", "Переданы другим"),
        "times that a lead was taken from the manager, for no response or absence: `lead.reassigned`, `from`",
        "R14, R17",
        lambda f: f.away,
    ),
    Figure(
        "received_by_reassignment",
        Unit.TIMES,
        Words("Got from others", "Получены от других"),
        "times that such a lead was given to the manager: `to`",
        "R14, R15",
        lambda f: f.taken,
    ),
    Figure(
        "later_turns_decided",
        Unit.TURNS,
        Words("Later turns decided", "Следующие ходы, решено"),
        "turns begun by a breach, of the manager who had them; one that is taken back counts for nobody",
        "R11, R14",
        lambda f: f.later_decided,
    ),
    Figure(
        "later_turns_in_time",
        Unit.TURNS,
        Words("Later turns in time", "Следующие ходы в срок"),
        "of these, met by their own due",
        "R11, R14",
        lambda f: f.later_in_time,
    ),
    Figure(
        "contact_target_decided",
        Unit.LEADS,
        Words("Conversations due", "Разговоры со сроком"),
        "the same as `decided`, for `contact_target`",
        "R12",
        lambda f: f.contact_decided,
    ),
    Figure(
        "contact_target_in_time",
        Unit.LEADS,
        Words("Conversations in time", "Разговоры в срок"),
        "the same as `in_time`, for `contact_target`",
        "R12",
        lambda f: f.contact_in_time,
    ),
    Figure(
        "missed_calls",
        Unit.LEADS,
        Words("Missed calls", "Пропущенные"),
        "leads made of a missed call. A missed call on a lead that is open already is not among them",
        "R26",
        lambda f: f.missed,
    ),
    Figure(
        "missed_calls_recovered",
        Unit.LEADS,
        Words("Missed calls called back", "Пропущенные, которым перезвонили"),
        "of these, somebody responded, to them or to the clock of the lead that they became part of, whenever it began",
        "R26",
        lambda f: f.recovered,
    ),
    Figure(
        "escalated",
        Unit.LEADS,
        Words("Went to the head", "Ушли руководителю"),
        "leads that the head got",
        "R19",
        lambda f: f.escalated,
    ),
    Figure(
        "unassignable",
        Unit.LEADS,
        Words("Nobody eligible", "Некому передать"),
        "leads for which there was nobody at some time",
        "R18",
        lambda f: f.unassignable,
    ),
    Figure(
        "closed_unanswered",
        Unit.LEADS,
        Words("Closed without a response", "Закрыты без ответа"),
        "leads that were closed, decided or not, and nobody had responded before, whenever that was told",
        "R29",
        lambda f: f.closed_unanswered,
    ),
    Figure(
        "late_given",
        Unit.LEADS,
        Words("Given too late", "Дали слишком поздно"),
        "of the decided, breached in nobody's name: the first turn began with less than half of its target left",
        "R14",
        lambda f: f.late_given,
    ),
    Figure(
        "undecided",
        Unit.LEADS,
        Words("Not decided yet", "Ещё не решено"),
        "the clock runs, or waits for its start or its decision",
        "R7",
        lambda f: f.undecided,
    ),
    Figure(
        "ended_undecided",
        Unit.LEADS,
        Words("Ended before a decision", "Закончились до решения"),
        "closed or erased before the due: evaluated for nobody. The figures that follow are its parts",
        "R29, R31",
        lambda f: f.ended.total() - f.ended[JOINED],
    ),
    _ended("converted", "converted", "сделка"),
    _ended("junk", "junk", "спам"),
    _ended("duplicate", "duplicate", "дубль"),
    _ended("deleted", "deleted", "удалён"),
    _ended("merged", "closed as merged, and none took it", "закрыт как объединённый, но никем не принят"),
    _ended("expired", "expired", "истёк"),
    _ended(ERASED, "erased", "данные стёрты"),
    Figure(
        "ended_undecided_other",
        Unit.LEADS,
        Words("Before a decision: other", "До решения: другое"),
        "of these: for another reason",
        "",
        _other,
    ),
    Figure(
        "joined",
        Unit.LEADS,
        Words("Joined another", "Стали частью другого"),
        "became part of another lead before they were decided; that one's clock is decided for both, or was already",
        "R25, R26",
        lambda f: f.ended[JOINED],
    ),
)
"""In the order of CSV and JSON."""

BY_NAME = {figure.name: figure for figure in FIGURES}


class Form(StrEnum):
    """How a cell tells its figures."""

    COUNT = "count"  # one number
    SHARE = "share"  # 83% of 24: in time, decided
    PART = "part"  # 3 of 4
    SPANS = "spans"  # 1:05 / 12:40: half within, nine of ten within


class Column(NamedTuple):
    """words: None for those of its first figure. always: shown even where nothing happened."""

    form: Form
    figures: tuple[str, ...]
    words: Words | None = None
    always: bool = False

    @property
    def titles(self) -> Words:
        return self.words or BY_NAME[self.figures[0]].words

    def numbers(self, figures: Figures) -> list[Number]:
        return [BY_NAME[name].value(figures) for name in self.figures]


IN_TIME = Column(Form.SHARE, ("in_time", "decided"), always=True)
TAKEN = Column(Form.COUNT, ("received_by_reassignment",))
"""The same as lost, unless managers are told apart."""

COLUMNS = (
    Column(Form.COUNT, ("received",), always=True),
    IN_TIME,
    Column(
        Form.SPANS,
        ("attempt_p50_seconds", "attempt_p90_seconds"),
        Words("First attempt, half / nine of ten within", "Первая попытка: половина / девять из десяти за"),
        always=True,
    ),
    Column(Form.COUNT, ("reassigned_away",)),
    TAKEN,
    Column(Form.COUNT, ("still_open",)),
    Column(Form.COUNT, ("late_responses",)),
    Column(
        Form.SPANS,
        ("contact_p50_seconds", "contact_p90_seconds"),
        Words("First conversation, half / nine of ten within", "Первый разговор: половина / девять из десяти за"),
    ),
    Column(Form.PART, ("missed_calls_recovered", "missed_calls")),
    Column(Form.COUNT, ("escalated",)),
    Column(Form.COUNT, ("closed_unanswered",)),
    Column(Form.PART, ("contact_target_in_time", "contact_target_decided")),
    Column(Form.PART, ("later_turns_in_time", "later_turns_decided")),
    Column(Form.COUNT, ("unassignable",)),
    Column(Form.COUNT, ("late_given",)),
    Column(Form.COUNT, ("undecided",)),
    Column(Form.COUNT, ("ended_undecided",)),
    Column(Form.COUNT, ("joined",)),
)
"""What matters most comes first: a narrow terminal shows no more than fit."""


def numbers(figures: Figures) -> dict[str, Number]:
    """Every figure by its name."""
    return {figure.name: figure.value(figures) for figure in FIGURES}
