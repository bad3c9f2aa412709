"""What a sheet says, in each language that managers read."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from sla_monitor.core.rules import Rules

FALLBACK = "en"
"""The language of managers who have none of ours."""

WORDS: Mapping[str, Mapping[str, str]] = {
    "en": {
        "title": "Response sheet",
        "nobody": "nobody",
        "team": "team {team}",
        "in_time": "Answered in time",
        "you": "Result",
        "median": "Team median",
        "objective": "Objective",
        "no_data": "no data",
        "share": "{percent}% ({in_time} of {decided})",
        "days": "Day by day",
        "kept": "in time",
        "broken": "not in time",
        "undecided": "not decided",
        "of_day": "{in_time}/{decided}",
        "figures": "Figures",
        "received": "Leads",
        "still_open": "Still open",
        "attempts": "First attempt, half / nine of ten within",
        "contacts": "First conversation, half / nine of ten within",
        "late": "Answered late",
        "away": "Lost to others",
        "taken": "Got from others",
        "later": "Of these, in time",
        "contact_target": "Conversation in time",
        "missed": "Missed calls called back",
        "escalated": "Went to the head",
        "closed": "Closed without a response",
        "of": "{some} of {all}",
        "waits": "The longest waits",
        "lead": "Lead",
        "came": "Started",
        "wait": "Open time",
        "what": "What happened",
        "no_waits": "Nobody waited.",
        "was_met": "in time",
        "was_late": "late",
        "was_retracted": "in time, proven later",
        "was_open": "still without a response",
        "was_closed": "closed without a response ({reason})",
        "was_ended": "without a response, ended with another lead",
        "was_given": "given to {to}",
        "was_escalated": "went to the head",
        "was_unassignable": "nobody was free",
        "agreed": "Agreed",
        "note": "Times are open time from the start of the lead's clock, {zone}. In time: the response came by the "
        "due, also if that was proven later. A lead stays on the sheet of whoever had it first.",
        "weekdays": "Mon Tue Wed Thu Fri Sat Sun",
        "months": "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec",
        "converted": "converted",
        "junk": "junk",
        "duplicate": "duplicate",
        "deleted": "deleted",
        "merged": "merged",
    },
    "ru": {
        "title": "Ответы за период",
        "nobody": "никто",
        "team": "команда {team}",
        "in_time": "Ответы в срок",
        "you": "Результат",
        "median": "Медиана команды",
        "objective": "Цель",
        "no_data": "нет данных",
        "share": "{percent}% ({in_time} из {decided})",
        "days": "По дням",
        "kept": "в срок",
        "broken": "не в срок",
        "undecided": "не решено",
        "of_day": "{in_time}/{decided}",
        "figures": "Показатели",
        "received": "Лиды",
        "still_open": "Ещё ждут",
        "attempts": "Первая попытка: половина / девять из десяти за",
        "contacts": "Первый разговор: половина / девять из десяти за",
        "late": "Ответы с опозданием",
        "away": "Переданы другим",
        "taken": "Получены от других",
        "later": "Из них в срок",
        "contact_target": "Разговор в срок",
        "missed": "Пропущенные, которым перезвонили",
        "escalated": "Ушли руководителю",
        "closed": "Закрыты без ответа",
        "of": "{some} из {all}",
        "waits": "Самые долгие ожидания",
        "lead": "Лид",
        "came": "Начало",
        "wait": "Рабочее время",
        "what": "Что было",
        "no_waits": "Никто не ждал.",
        "was_met": "в срок",
        "was_late": "с опозданием",
        "was_retracted": "в срок, подтвердилось позже",
        "was_open": "до сих пор без ответа",
        "was_closed": "закрыт без ответа ({reason})",
        "was_ended": "без ответа, стал частью другого лида",
        "was_given": "передан: {to}",
        "was_escalated": "ушёл руководителю",
        "was_unassignable": "некому было передать",
        "agreed": "Договорились",
        "note": "Время рабочее, от начала отсчёта по лиду, {zone}. В срок: ответ не позже срока, даже если это "
        "подтвердилось позже. Лид остаётся на листе того, у кого был сначала.",
        "weekdays": "Пн Вт Ср Чт Пт Сб Вс",
        "months": "янв фев мар апр мая июн июл авг сен окт ноя дек",
        "converted": "сделка",
        "junk": "спам",
        "duplicate": "дубль",
        "deleted": "удалён",
        "merged": "объединён",
    },
}


def language_of(manager_id: str, rules: Rules) -> str:
    """The first of the manager's languages that we have."""
    manager = rules.managers.get(manager_id)
    return next((language for language in (manager.languages if manager else ()) if language in WORDS), FALLBACK)


def short(day: date, words: Mapping[str, str]) -> str:
    """Mon 16."""
    return f"{words['weekdays'].split()[day.weekday()]} {day.day}"


def long(day: date, words: Mapping[str, str]) -> str:
    """16 Nov 2026."""
    return f"{day.day} {words['months'].split()[day.month - 1]} {day.year}"
