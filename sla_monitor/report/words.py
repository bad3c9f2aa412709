"""What a sheet and a table for people say besides the figures, in each language that managers read."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from sla_monitor.core.rules import Rules

FALLBACK = "en"
"""The language of managers who have none of ours."""

WORDS: Mapping[str, Mapping[str, str]] = {
    "en": {
        "title": "Response sheet",
        "in_time": "Answered in time",
        "nobody": "nobody",
        "team": "team {team}",
        "you": "Result",
        "median": "Team median",
        "objective": "Objective",
        "no_data": "no data",
        "share": "{percent}% ({in_time} of {decided})",
        "percent": "{percent}% of {decided}",
        "days": "Day by day",
        "kept": "in time",
        "broken": "not in time",
        "undecided": "not decided",
        "of_day": "{in_time}/{decided}",
        "figures": "Figures",
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
        "period": "Days",
        "all": "all",
        "none": "none",
        "made": "Made {at}",
        "empty": "No lead in these days.",
        "not_whole": "Not whole: outcomes of before {day} are not kept any more; no figure of those days is right.",
        "never_whole": "Not whole: outcomes of these days are not kept any more; no figure is right.",
        "unreadable": "Not whole: {number} records of the outcomes could not be read.",
        "note": "Times are open time from the start of the lead's clock, {zone}. In time: the response came by the "
        "due, also if that was proven later. A lead stays on the sheet of whoever had it first.",
        "weekdays": "Mon Tue Wed Thu Fri Sat Sun",
        "months": "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec",
        "converted": "converted",
        "junk": "junk",
        "duplicate": "duplicate",
        "deleted": "deleted",
        "merged": "merged",
        "expired": "expired",
        "by_manager": "Manager",
        "by_team": "Team",
        "by_source": "Source",
        "by_policy": "Policy",
        "by_day": "Day",
        "by_hour": "Hour",
    },
    "ru": {
        "title": "Ответы за период",
        "in_time": "Ответы в срок",
        "nobody": "никто",
        "team": "команда {team}",
        "you": "Результат",
        "median": "Медиана команды",
        "objective": "Цель",
        "no_data": "нет данных",
        "share": "{percent}% ({in_time} из {decided})",
        "percent": "{percent}% из {decided}",
        "days": "По дням",
        "kept": "в срок",
        "broken": "не в срок",
        "undecided": "не решено",
        "of_day": "{in_time}/{decided}",
        "figures": "Показатели",
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
        "period": "Дни",
        "all": "всего",
        "none": "нет",
        "made": "Составлено {at}",
        "empty": "За эти дни лидов нет.",
        "not_whole": "Неполно: решения до {day} уже не хранятся, цифры тех дней неверны.",
        "never_whole": "Неполно: решения этих дней уже не хранятся, цифры неверны.",
        "unreadable": "Неполно: не прочитаны записи журнала решений, {number}.",
        "note": "Время рабочее, от начала отсчёта по лиду, {zone}. В срок: ответ не позже срока, даже если это "
        "подтвердилось позже. Лид остаётся на листе того, у кого был сначала.",
        "weekdays": "Пн Вт Ср Чт Пт Сб Вс",
        "months": "янв фев мар апр мая июн июл авг сен окт ноя дек",
        "converted": "сделка",
        "junk": "спам",
        "duplicate": "дубль",
        "deleted": "удалён",
        "merged": "объединён",
        "expired": "истёк",
        "by_manager": "Менеджер",
        "by_team": "Команда",
        "by_source": "Источник",
        "by_policy": "Правило",
        "by_day": "День",
        "by_hour": "Час",
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
